import { OperationFailedError } from "../../provider/client/errors/errors";
import type { Transport } from "../../provider/client/http/transport";
import type { Clock } from "../../provider/client/time/clock";
import { createJournal, type Note } from "../../provider/exactly-once/journal";
import { memoryStore, type NoteStore } from "../../provider/exactly-once/note-store";
import type { Context, Services } from "../../provider/services/context";
import { type HolderEvent, type HolderStore, Holders } from "../../provider/services/holders";
import { createServices } from "../../provider/services/services";
import type { Simulator } from "../../sdk/testing/index";
import type { VirtualClock } from "./virtual-clock";

/**
 * When a process is killed, or asked to end: at its n-th POST beside sign-ins, or request of any kind, before it leaves or once
 * it was answered.
 */
export interface Kill {
    readonly of: "POST" | "any";
    readonly nth: number;
    readonly when: "before" | "after";
    /** Ctrl-C: the engine cancels what it asked for, and still hears the answers. */
    readonly isCancelled?: boolean;
}

/** The provider processes of one run: they end together. */
export interface Process {
    /** `provider`: which of them, of a program with several. Default 0. */
    context(name: string, provider?: number): Context;
    /** The result, or "killed". */
    run<T>(work: (process: Process) => Promise<T>): Promise<T | "killed">;
    /** What was said to people, warnings and lines alike. */
    readonly lines: readonly string[];
}

/** A machine with Pulumi on it, in virtual time: what one process leaves on disk, the next one finds. */
export class Machine {
    readonly notes: NoteStore = memoryStore();
    /** Everything that any process said. */
    readonly lines: string[] = [];
    /** Clock time at which the last run was cancelled, if it was. */
    cancelledAt: number | undefined;
    /** How much its clock is ahead of the cloud's, in milliseconds. */
    skewMs = 0;
    readonly #sim: Simulator;
    readonly #clock: VirtualClock;
    readonly #engines = new Set<string>();
    #runs = 0;

    constructor(sim: Simulator, clock: VirtualClock) {
        this.#sim = sim;
        this.#clock = clock;
    }

    /** A copy of what is on disk. */
    backUp(): ReadonlyMap<string, string> {
        return new Map(this.notes.list("").map((name) => [name, this.notes.read(name) ?? ""]));
    }

    /** Puts files back that a backup or a cache has kept; what has been written since stays. */
    restore(files: ReadonlyMap<string, string>): void {
        for (const [name, text] of files) if (this.notes.read(name) === undefined) this.notes.write(name, text);
    }

    pending(): Note[] {
        return this.notes.list("").map((name) => JSON.parse(this.notes.read(name) ?? "") as Note);
    }

    /** Begins a run of the engine, which ends with `process.run`. */
    start(kill?: Kill): Process {
        const engine = `127.0.0.1:${++this.#runs}`;
        this.#engines.add(engine);
        const life = new Life();
        const user = new AbortController();
        this.cancelledAt = undefined;
        const cancel = () => {
            this.cancelledAt = this.#clock.now();
            user.abort(new OperationFailedError("cancelled"));
        };
        const settings: Record<string, string> = {
            ...this.#sim.settings({ signIn: "password" }).config,
            "cbr:maxRequestsPerSecond": "10000",
        };
        const get = (key: string) => settings[key];
        const clock = life.timed(this.#clock, this.skewMs);
        const transport = life.mortal(this.#clock.transport(get), kill, cancel);
        const holderLines: HolderLine[] = [];
        const makeServices = (provider: number): Services => {
            const run = { engine, isEngineAlive: async (one: string) => this.#engines.has(one) };
            const journal = createJournal(life.guarded(this.notes), run);
            const holders = new Holders(clock, sharedStore(holderLines, provider), () => false);
            return createServices(get, {}, { clock, journal, holders, transport, signal: user.signal });
        };
        const services = new Map<number, Services>();
        const lines: string[] = [];
        const say = (text: string) => {
            if (life.isOver) return;
            lines.push(text);
            this.lines.push(text);
        };
        const log = { status: () => {}, info: say, warn: say };
        const process: Process = {
            lines,
            context: (name, provider = 0) => {
                const own = services.get(provider) ?? makeServices(provider);
                services.set(provider, own);
                return { ...own, log, resourceName: name, urn: urnOf(name) };
            },
            run: async (work) => {
                try {
                    return await Promise.race([work(process), life.death]);
                } finally {
                    life.end();
                    this.#engines.delete(engine);
                }
            },
        };
        return process;
    }
}

/** The URN of a resource of this name. */
export function urnOf(name: string): string {
    return `urn:pulumi:dev::p::cbr::${name}`;
}

interface HolderLine {
    readonly provider: number;
    readonly event: HolderEvent;
}

/** What the processes of a run tell each other. */
function sharedStore(lines: HolderLine[], provider: number): HolderStore {
    return {
        append: (event) => void lines.push({ provider, event }),
        ofThisRun: () => lines.filter((line) => line.provider !== provider).map(({ event }) => event),
        ofEarlierRuns: () => [],
    };
}

const forever = new Promise<never>(() => {});

class Life {
    readonly #over = new AbortController();
    readonly death: Promise<"killed">;
    #die: (word: "killed") => void = () => {};

    constructor() {
        this.death = new Promise((resolve) => {
            this.#die = resolve;
        });
    }

    get isOver(): boolean {
        return this.#over.signal.aborted;
    }

    end(): void {
        this.#over.abort();
    }

    /** For who is dead no time goes by. */
    timed(clock: Clock, skewMs: number): Clock {
        const over = this.#over.signal;
        return {
            now: () => clock.now() + skewMs,
            random: () => clock.random(),
            sleep: (ms, signal) =>
                clock
                    .sleep(ms, signal === undefined ? over : AbortSignal.any([signal, over]))
                    .catch((reason: unknown) => (this.isOver ? forever : Promise.reject(reason))),
        };
    }

    /** Who is dead writes nothing. */
    guarded(store: NoteStore): NoteStore {
        return {
            ...store,
            write: (name, text) => void (this.isOver || store.write(name, text)),
            remove: (name) => void (this.isOver || store.remove(name)),
        };
    }

    /** Who is dead sends nothing and hears nothing. */
    mortal(transport: Transport, kill: Kill | undefined, cancel: () => void): Transport {
        const end = () => (kill?.isCancelled === true ? cancel() : this.#end());
        let count = 0;
        return {
            send: async (request) => {
                if (this.isOver) return forever;
                const isCounted = kill?.of === "any" || (request.method === "POST" && !/\/auth\//.test(request.url));
                const isLast = kill !== undefined && isCounted && ++count === kill.nth;
                if (isLast && kill.when === "before") end();
                if (this.isOver) return forever;
                const answer = await transport.send(request);
                if (isLast && kill.when === "after") end();
                return this.isOver ? forever : answer;
            },
            close: () => transport.close(),
        };
    }

    #end(): void {
        this.end();
        this.#die("killed");
    }
}
