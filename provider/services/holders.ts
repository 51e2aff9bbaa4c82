/**
 * Which resource rests on which backups. Pulumi creates before it deletes: what a renamed, moved or adopting resource
 * found in the cloud and took over would go with the resource that had it before. So nothing is deleted that another
 * resource rests on.
 *
 * What the program declares shows itself in `check`, its state in `diff`, and what is made in `create`. All provider
 * processes of a run write it to one folder, by the engine's address, which they have in common; a run that looks at
 * some resources only (`--target`) is also told what earlier runs on this machine knew.
 */
import type { Clock } from "../client/time/clock";

/** What a resource rests on, as its state or the cloud says. */
export interface Holding {
    /** Differs from one making of the resource to the next, under the same URN. */
    readonly identity: string;
    /**
     * What must not be deleted while the resource stands: ids of restore points and replicas, and keys of handlers'
     * own.
     */
    readonly keys: readonly string[];
    /** Servers and disks that were asked for, of which it has no good backup. */
    readonly lacking?: readonly string[];
    /** Servers and disks of which it has a good backup. */
    readonly covered?: readonly string[];
}

/** One line that a process writes down. */
export interface HolderEvent {
    readonly urn: string;
    /** Clock time. */
    readonly at: number;
    /**
     * declared: stands in the program. held: stands in state. made: by this run. failed: its create or update. left:
     * deleted. stays: it goes on being what it is; resumed: its create went on from a note.
     */
    readonly what: "declared" | "held" | "made" | "failed" | "left" | "stays" | "resumed";
    readonly holding?: Holding | undefined;
    readonly keys?: readonly string[] | undefined;
    /** Of what stays, or was resumed. */
    readonly object?: string | undefined;
    /** The URN that state has for it, where the program has renamed it by an alias. */
    readonly storedUrn?: string | undefined;
}

/** Where the processes of a run tell each other. */
export interface HolderStore {
    append(event: HolderEvent): void;
    /** What other processes of this run have written of the stack of a resource, oldest first. */
    ofThisRun(urn: string): readonly HolderEvent[];
    /** What earlier runs on this machine knew of that stack, oldest first. */
    ofEarlierRuns(urn: string): readonly HolderEvent[];
}

interface Known {
    declared: readonly string[];
    holding: Holding | undefined;
    isMade: boolean;
    isFailed: boolean;
    /** The keys that it left when it was deleted. */
    left: readonly string[] | undefined;
    /** What state had of it, and under which URN. */
    stored: { readonly urn: string; readonly identity: string | undefined } | undefined;
    /** What it still is at the end of this run: nothing else takes its place. */
    staying: { readonly object: string; readonly how: "stays" | "resumed" } | undefined;
}

export class Holders {
    readonly #store: HolderStore | undefined;
    readonly #clock: Pick<Clock, "now">;
    /** Does the run look at some resources only? Undefined: that cannot be told. */
    readonly #isPartial: () => boolean | undefined;
    readonly #own: HolderEvent[] = [];
    readonly #inputs = new Map<string, object>();
    /** The last line of each resource, so that what is known already is not written again. */
    readonly #said = new Map<string, string>();

    /** Without a store it knows of this process only. */
    constructor(
        clock: Pick<Clock, "now">,
        store?: HolderStore | undefined,
        isPartial: () => boolean | undefined = () => false,
    ) {
        this.#clock = clock;
        this.#store = store;
        this.#isPartial = isPartial;
    }

    /** The program has this resource, with these known inputs; `keys` is what they alone tell. */
    declare(urn: string, keys: readonly string[], inputs: object): void {
        this.#inputs.set(urn, inputs);
        this.#say({ urn, at: this.#clock.now(), what: "declared", keys });
    }

    /** Inputs of a resource that the program of this run has, if this process was asked to check them. */
    declaredInputs(urn: string): object | undefined {
        return this.#inputs.get(urn);
    }

    /**
     * The URN that the program has for a resource, which state may have under an earlier one. `identity` tells it from
     * another resource that has the earlier URN now.
     */
    programUrn(storedUrn: string, identity: string | undefined): string {
        const known = [...this.#known(storedUrn)].filter(([, { stored }]) => stored?.urn === storedUrn);
        const exact = known.find(([, { stored }]) => stored?.identity === identity);
        const [urn = storedUrn] = exact ?? known.find(([one]) => one === storedUrn) ?? known[0] ?? [];
        return urn;
    }

    /** The URN that state has a resource of the program under, as far as this run was asked about it. */
    storedUrn(urn: string): string | undefined {
        return this.#known(urn, false).get(urn)?.stored?.urn;
    }

    /** What state says of a resource that stands; `storedUrn` is the URN in state. */
    hold(urn: string, holding: Holding, storedUrn = urn): void {
        const event: HolderEvent = { urn, at: this.#clock.now(), what: "held", holding };
        this.#say(storedUrn === urn ? event : { ...event, storedUrn });
    }

    /** What this run has just made, or brought to its end. */
    made(urn: string, holding: Holding): void {
        this.#say({ urn, at: this.#clock.now(), what: "made", holding });
    }

    /**
     * The resource goes on being this object in this run: unchanged, adopted, or gone on from by the note of a create.
     */
    stays(urn: string, object: string, how: "stays" | "resumed"): void {
        this.#say({ urn, at: this.#clock.now(), what: how, object });
    }

    /**
     * Is that object what the resource still is? Then a deletion of it can only be that of an earlier mention in state.
     */
    staying(urn: string, object: string): "stays" | "resumed" | undefined {
        const staying = this.#known(urn, false).get(urn)?.staying;
        return staying?.object === object ? staying.how : undefined;
    }

    /** The create or update of this resource failed in this run. */
    failed(urn: string): void {
        this.#say({ urn, at: this.#clock.now(), what: "failed" });
    }

    /**
     * The resource is deleted, and would take `keys` with it. Returns the URNs that rest on each of them; what nothing
     * rests on is not among the answer. Said before it is asked: of two that leave at once, the one that is told last
     * takes it along.
     */
    leave(urn: string, identity: string, keys: readonly string[]): ReadonlyMap<string, readonly string[]> {
        const isReplaced = this.replacementOf(urn, identity) !== undefined;
        if (!isReplaced) this.#say({ urn, at: this.#clock.now(), what: "left", keys });
        const held = new Map<string, string[]>();
        for (const [other, known] of this.#known(urn)) {
            const isItself = !isReplaced && other === urn;
            if (known.left !== undefined || isItself) continue;
            for (const key of keys) if (restsOn(known, key)) held.set(key, [...(held.get(key) ?? []), other]);
        }
        return held;
    }

    /** The keys of that form that other resources rest on. */
    othersKeys(urn: string, form: RegExp): readonly string[] {
        const others = [...this.#known(urn)].filter(([other, { left }]) => other !== urn && left === undefined);
        return others
            .flatMap(([, known]) => [...(known.holding?.keys ?? []), ...known.declared])
            .filter((key) => form.test(key));
    }

    /**
     * Is this a run that looks at some resources only, on a machine that has not seen this one before? Then nothing is
     * known of others.
     */
    isBlind(urn: string): boolean {
        if (this.#isPartial() !== true) return false;
        return this.#store?.ofEarlierRuns(urn).some((event) => event.urn === urn || event.storedUrn === urn) !== true;
    }

    /** Did a resource leave this behind for another one, in this run? */
    wasLeft(urn: string, key: string): boolean {
        return [...this.#known(urn).values()].some(({ left }) => left?.includes(key));
    }

    /** What stands in this run under the same URN, and is not the one of that identity. */
    replacementOf(urn: string, identity: string): Holding | undefined {
        const known = this.#known(urn, false).get(urn);
        return known?.left === undefined && known?.holding?.identity !== identity ? known?.holding : undefined;
    }

    /** Did the create or update of another making of this resource fail in this run? */
    hasFailed(urn: string, identity: string): boolean {
        const known = this.#known(urn, false).get(urn);
        return known?.isFailed === true && !(known.isMade && known.holding?.identity === identity);
    }

    /**
     * Did this run make something that should have a backup of that server or disk, and has none, while nothing else
     * that it made has one?
     */
    isLacking(urn: string, resourceId: string): boolean {
        const made = [...this.#known(urn, false).values()].filter((known) => known.isMade && known.left === undefined);
        return (
            made.some(({ holding }) => holding?.lacking?.includes(resourceId)) &&
            !made.some(({ holding }) => holding?.covered?.includes(resourceId))
        );
    }

    #say(event: HolderEvent): void {
        this.#own.push(event);
        const { at: _, ...rest } = event;
        const text = JSON.stringify(rest);
        if (this.#said.get(event.urn) === text) return;
        this.#said.set(event.urn, text);
        this.#store?.append(event);
    }

    /** By URN. What earlier runs knew counts where this run may not see all. */
    #known(urn: string, withEarlier = this.#isPartial() !== false): Map<string, Known> {
        const known = new Map<string, Known>();
        const earlier = withEarlier ? (this.#store?.ofEarlierRuns(urn) ?? []) : [];
        // Only what stood at their end: who was declared or made then says nothing about this run.
        for (const { what, ...event } of earlier)
            apply(known, { ...event, what: what === "made" || what === "held" ? "held" : what });
        for (const one of known.values())
            Object.assign(one, { declared: [], isMade: false, isFailed: false, staying: undefined });
        const events = [...(this.#store?.ofThisRun(urn) ?? []), ...this.#own].sort((a, b) => a.at - b.at);
        for (const event of events) apply(known, event);
        return known;
    }
}

/** URNs for people: `BackupReplica copy, Checkpoint before`. */
export function namesOf(urns: readonly string[]): string {
    const name = (urn: string) => {
        const [, , types = "", ...rest] = urn.split("::");
        return `${types.slice(types.lastIndexOf(":") + 1)} ${rest.join("::")}`;
    };
    return [...new Set(urns)].map(name).join(", ");
}

const restsOn = ({ holding, declared }: Known, key: string): boolean =>
    holding?.keys.includes(key) === true || declared.includes(key);

const unknown: Known = {
    declared: [],
    holding: undefined,
    isMade: false,
    isFailed: false,
    left: undefined,
    stored: undefined,
    staying: undefined,
};

/** Is it a making of that object? Where its id is not made of the inputs, the id alone tells. */
const isMaking = (object: string | undefined, holding: Holding | undefined): boolean =>
    holding?.identity === object || holding?.identity.startsWith(`${object}#`) === true;

function apply(all: Map<string, Known>, event: HolderEvent): void {
    const { urn, what, holding, keys = [], storedUrn = urn } = event;
    const known = all.get(urn) ?? { ...unknown };
    all.set(urn, known);
    if (what === "failed") known.isFailed = true;
    else if (what === "left") known.left = [...(known.left ?? []), ...keys];
    else if (what === "stays" || what === "resumed") known.staying = { object: event.object ?? "", how: what };
    else {
        known.left = undefined;
        if (what === "declared") known.declared = keys;
        else known.holding = holding;
        const object = known.staying?.object;
        if (what === "held") known.stored = { urn: storedUrn, identity: holding?.identity };
        if (what === "held" || (what === "made" && !isMaking(object, holding))) known.staying = undefined;
        if (what === "made") {
            known.isMade = true;
            known.isFailed = false;
        }
    }
}
