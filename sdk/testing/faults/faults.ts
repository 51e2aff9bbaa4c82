import { type Effect, type Fault, type ParsedFault, parseFault } from "./fault-schema";

/** A fault that waits or has struck. */
export interface ActiveFault {
    readonly fault: Fault;
    /** Requests that matched. */
    matched: number;
    /** Times it struck. */
    struck: number;
    /** Whether it can still strike. */
    spent: boolean;
}

/** What a fault is matched against. */
export interface FaultTarget {
    operation: string;
    method: string;
    region: string;
    /** Path and query as sent. */
    target: string;
    body: string;
}

/** All faults of a simulator, in the order they were given. */
export class Faults {
    readonly #active: (ActiveFault & { parsed: ParsedFault; random: () => number })[] = [];

    get list(): readonly ActiveFault[] {
        return this.#active;
    }

    add(fault: Fault): ActiveFault {
        const parsed = parseFault(fault, "fault");
        const active = { fault, parsed, matched: 0, struck: 0, spent: false, random: randomFrom(parsed.seed ?? 1) };
        this.#active.push(active);
        return active;
    }

    clear(): void {
        this.#active.length = 0;
    }

    /** The effects that strike this request; they are used up by it. */
    strike(request: FaultTarget): { effects: Effect[]; names: string[] } {
        const effects: Effect[] = [];
        const names: string[] = [];
        for (const active of this.#active) {
            if (active.spent || !matches(active.parsed, request)) continue;
            const own = active.parsed.effects;
            // One answer a request: the next fault that replaces the answer waits for the next request.
            if (effects.some(replacesAnswer) && own.some(replacesAnswer)) continue;
            active.matched += 1;
            const { nth = 1, times = 1, probability = 1 } = active.parsed;
            if (active.matched < nth) continue;
            if (probability < 1 && active.random() >= probability) continue;
            active.struck += 1;
            if (times > 0 && active.struck >= times) active.spent = true;
            effects.push(...own);
            names.push(active.parsed.name ?? own.map(nameOf).join("+"));
        }
        return { effects, names };
    }
}

function replacesAnswer(effect: Effect): boolean {
    return typeof effect === "string" || !("kind" in effect || "delayMs" in effect);
}

function nameOf(effect: Effect): string {
    if (typeof effect === "string") return effect;
    if ("kind" in effect) return effect.kind;
    return "delayMs" in effect ? "delay" : [effect.status, effect.code].filter((part) => part !== undefined).join(" ");
}

function matches(fault: ParsedFault, request: FaultTarget): boolean {
    if (fault.operation !== undefined && fault.operation !== request.operation) return false;
    if (fault.method !== undefined && fault.method.toUpperCase() !== request.method) return false;
    if (fault.region !== undefined && fault.region !== request.region) return false;
    if (fault.path !== undefined && request.target.search(fault.path) === -1) return false;
    return fault.id === undefined || request.target.includes(fault.id) || request.body.includes(fault.id);
}

/** Mulberry32: small, quick and the same everywhere. */
function randomFrom(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
}
