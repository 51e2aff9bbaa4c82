// Random sequences of `up`s: what the program changes (inputs, names, aliases, kinds, providers, adoptions), beside faults,
// kills, notes that come back, states that cannot be stored and clocks that jump. Nothing is doubled, nothing that was made
// is forgotten, and nothing is deleted that a declared resource rests on. The seed is printed; PULUMI_CBR_SEED repeats it.
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listVaults } from "../../provider/client/operations";
import type { CommonInputs } from "../../provider/resource/resource";
import { type CheckpointOutputs, checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { type BackupReplicaOutputs, backupReplica } from "../../provider/resources/copies/backup-replica";
import { type CheckpointReplicaOutputs, checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { type VaultSyncOutputs, vaultSync } from "../../provider/resources/vault-sync/vault-sync";
import type { Context } from "../../provider/services/context";
import { type Fault, type Simulator, startSimulator } from "../../sdk/testing/index";
import { faultsFor } from "../support/faults";
import { type Kill, Machine } from "../support/machine";
import { type AnyHandler, anyHandler, type Declared, NotStored, Play, type Stored } from "../support/play";
import { VirtualClock } from "../support/virtual-clock";

/** Each of several `up`s. `PULUMI_CBR_RUNS=5000` is a night of it. */
const SEQUENCES_EACH = Number(process.env["PULUMI_CBR_RUNS"] ?? 60);
const seed = Number(process.env["PULUMI_CBR_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const clock = new VirtualClock(7);
let sim: Simulator;

/** A cloud keeps all that ever was in it, and the looks of a sequence go through it. */
const SEQUENCES_A_CLOUD = 60;

async function startCloud(): Promise<void> {
    sim = (await startSimulator({
        clock,
        backupMs: 3_000,
        replicationMs: 3_000,
        syncMs: 3_000,
        deleteMs: 1_000,
        nothingToReplicate: "empty",
    })) as Simulator;
}
beforeAll(startCloud);
afterAll(() => sim.close());

const CHANGES = ["none", "inputs", "forced", "renamed", "aliased", "moved", "converted", "adopted"] as const;

/** What one step of a sequence does to the program, the stack and its surroundings. */
interface Step {
    /**
     * Of the program: new triggers, `--replace`, another name without or with an alias, another provider, a resource of
     * another kind for the same thing, or a second resource that adopts the restore point.
     */
    readonly change: (typeof CHANGES)[number];
    readonly faults: readonly Fault[];
    readonly kill: Kill | undefined;
    readonly isUnstored: boolean;
    /** The machine's clock is ahead of the cloud's by so many hours. */
    readonly aheadHours: number;
    /** Notes of earlier steps come back, from a cache or a backup. */
    readonly hasOldNotes: boolean;
    /** Nothing happens for so long before it. */
    readonly idleMs: number;
}

const stepsFor = (post: string): fc.Arbitrary<Step[]> => {
    const sometimes = <T>(value: fc.Arbitrary<T>) => fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, value);
    const step = fc.record({
        change: fc.constantFrom(...CHANGES),
        faults: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: faultsFor(post) }),
        kill: sometimes(
            fc.record({
                of: fc.constantFrom("POST", "any"),
                nth: fc.integer({ min: 1, max: 6 }),
                when: fc.constantFrom("before", "after"),
            }),
        ),
        isUnstored: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
        aheadHours: fc.constantFrom(0, 0, 2, -2),
        hasOldNotes: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
        idleMs: fc.constantFrom(0, 0, 60_000, 10 * 3_600_000),
    } satisfies { [Key in keyof Step]: fc.Arbitrary<Step[Key]> });
    return fc.array(step, { minLength: 2, maxLength: 5 });
};

const plain: Step = {
    change: "none",
    faults: [],
    kill: undefined,
    isUnstored: false,
    aheadHours: 0,
    hasOldNotes: false,
    idleMs: 0,
};
const answered: Kill = { of: "POST", nth: 1, when: "after" };
/** Sequences that found a fault, and are tried each time. */
const FAULTY: Step[][] = [
    // The note of what a replacement has made stands under the name that the resource had then.
    [plain, { ...plain, change: "inputs", kill: answered }, { ...plain, change: "aliased" }],
    // The cloud skips the copy that an interrupted run asked for, for its replica is there; it goes before the next one.
    [
        plain,
        { ...plain, change: "inputs", kill: { of: "any", nth: 1, when: "before" } },
        { ...plain, change: "forced", kill: answered },
    ],
];

/** An object that a request made in the cloud. */
interface Made {
    readonly id: string;
    /** The record of a copy, which state has before it has the replica. */
    readonly recordId?: string;
    /** What a note of the request says while no id is known. */
    readonly words: readonly string[];
}

/** A way to declare the thing that a sequence is about. */
interface Variant {
    readonly handler: AnyHandler;
    readonly inputs: CommonInputs;
    /** Ids of what its outputs say is there. */
    readonly promised: (stored: Stored) => readonly string[];
    readonly isGood: (outputs: CommonInputs) => boolean;
}

/** What a sequence is played with, and what its requests have made. */
interface Subject {
    /** `converted` goes from one to the next. */
    readonly variants: readonly Variant[];
    readonly made: () => readonly Made[];
    /** Ids of all that is there, made by a request or not. */
    readonly standing: () => ReadonlySet<string>;
    /** So many objects one request makes. */
    readonly size: number;
    /** A resource that takes over what this one has made. */
    readonly adopter?: (stored: Stored) => CommonInputs | undefined;
}

/** Says that a request, or what it made, is not gone on from. */
const isAbandoned = (line: string) => /whose end is not known|beside/.test(line);

/** The program of a sequence: a resource that changes, and those that have adopted what it made. */
class Program {
    readonly #subject: Subject;
    readonly #adopters: Declared[] = [];
    readonly #stem: string;
    #names = 0;
    #alias: string | undefined;
    #variant = 0;
    #provider = 0;
    #triggers = 0;
    /** So many requests may have been made. */
    asked = 1;

    constructor(subject: Subject, stem: string) {
        this.#subject = subject;
        this.#stem = stem;
    }

    get name(): string {
        return `${this.#stem}-${this.#names}`;
    }

    get variant(): Variant {
        return this.#subject.variants[this.#variant] ?? expect.unreachable();
    }

    get declared(): readonly Declared[] {
        const { handler, inputs } = this.variant;
        const main = {
            name: this.name,
            alias: this.#alias,
            handler,
            inputs: { ...inputs, triggers: [this.#triggers] },
            provider: this.#provider,
        };
        return [main, ...this.#adopters];
    }

    change(change: Step["change"], live: Stored | undefined): void {
        if (change === "adopted") {
            const inputs = live === undefined || live.isBroken ? undefined : this.#subject.adopter?.(live);
            if (inputs === undefined) return;
            const name = `${this.#stem}-adopter-${this.#adopters.length}`;
            this.#adopters.push({ name, handler: this.variant.handler, inputs, provider: 1 });
            return;
        }
        // Without anything in state, an alias has nothing to say; to another provider Pulumi does not tell it; and of two
        // names since it was made, a provider knows the first.
        const isKnown = live?.provider === this.#provider && live.notedAs === live.name;
        const isTold = change === "aliased" && isKnown;
        if (change !== "none" && !isTold) this.asked++;
        if (change === "inputs") this.#triggers++;
        if (change === "moved") this.#provider = 1 - this.#provider;
        if (change === "converted") this.#variant = (this.#variant + 1) % this.#subject.variants.length;
        if (change === "renamed" || change === "converted" || change === "aliased") {
            this.#alias = change === "aliased" ? this.name : undefined;
            this.#names++;
        }
    }
}

let sequences = 0;

/** Everything that a request made is in state, in a note or in a message; everything that state promises is there. */
function checkStack(subject: Subject, machine: Machine, play: Play, program: Program): void {
    const made = subject.made();
    const notes = machine.pending().map((note) => JSON.stringify(note.resourceId === undefined ? note : note.facts));
    const state = JSON.stringify(
        [play.stored, play.gone].map((list) => list.map(({ id, outputs }) => ({ id, outputs }))),
    );
    for (const { id, recordId = id, words } of made) {
        const isStored = state.includes(id) || state.includes(recordId);
        const isNoted = notes.some((text) => [id, recordId, ...words].some((word) => text.includes(word)));
        const isTold = machine.lines.some(
            (line) =>
                [id, recordId].some((one) => line.includes(one)) ||
                (isAbandoned(line) && words.some((word) => line.includes(word))),
        );
        expect(isStored || isNoted || isTold, `${id} is in no state, no note and no message`).toBe(true);
    }
    const standing = subject.standing();
    const isToldGone = (id: string) =>
        machine.lines.some((line) => line.includes(id) && /no longer|vanished/.test(line));
    // Of what was deleted by a run that could not store it, state cannot know.
    const remaining = play.live.filter((one) => !play.leaving.has(one));
    const promised = remaining.flatMap((one) => {
        const variant = subject.variants.find(({ handler }) => handler === one.handler);
        return variant?.promised(one) ?? [];
    });
    expect(
        promised.filter((id) => !standing.has(id) && !isToldGone(id)),
        "state says that they are there",
    ).toEqual([]);
    const limit = (program.asked + new Set(machine.lines.filter(isAbandoned)).size) * subject.size;
    expect(made.length, `${program.asked} were asked for`).toBeLessThanOrEqual(limit);
}

async function playSequence(subject: Subject, steps: Step[]): Promise<void> {
    const machine = new Machine(sim, clock);
    const play = new Play(machine);
    const program = new Program(subject, `s${sequences++}`);
    const old = new Map<string, string>();
    const main = () => play.live.find((one) => one.name === program.name);
    const up = async (step: Partial<Step>) => {
        const before = (context: Context) => context.client.call(listVaults, { target: home(), query: { limit: 1 } });
        const { kill, isUnstored = false, change } = step;
        const forced = change === "forced" ? program.name : undefined;
        try {
            await play.up({ program: program.declared, forced, kill, isUnstored, before });
        } catch (error) {
            if (!(error instanceof NotStored)) expect((error as Error).name).toMatch(/Error$/);
        }
        for (const [name, text] of machine.backUp()) old.set(name, text);
        sim.clearFaults();
        checkStack(subject, machine, play, program);
    };
    for (const step of steps) {
        clock.pass(step.idleMs);
        machine.skewMs = step.aheadHours * 3_600_000;
        if (step.hasOldNotes) machine.restore(old);
        program.change(step.change, main());
        for (const fault of step.faults) sim.fail(fault);
        await up(step);
    }
    for (let times = 0; times < 4; times++) await up({});
    const end = main();
    expect(end !== undefined && !end.isBroken && program.variant.isGood(end.outputs)).toBe(true);
    expect(play.doomed).toEqual([]);
    expect(play.live.map((one) => one.name).sort()).toEqual(program.declared.map((one) => one.name).sort());
}

const home = () => ({ region: "eu-de", projectId: sim.regions["eu-de"].projectId });

function checkSequences(name: string, post: string, make: () => Subject): void {
    const title = `${name}: nothing is doubled, forgotten or taken away in ${SEQUENCES_EACH} sequences (PULUMI_CBR_SEED=${seed})`;
    it(title, { timeout: 5_000 * Math.max(120, SEQUENCES_EACH) }, async () => {
        const property = fc.asyncProperty(stepsFor(post), (steps) => playSequence(make(), steps));
        for (let played = 0; played < SEQUENCES_EACH; played += SEQUENCES_A_CLOUD) {
            if (played > 0) {
                await sim.close();
                await startCloud();
            }
            const numRuns = Math.min(SEQUENCES_A_CLOUD, SEQUENCES_EACH - played);
            const examples = played === 0 ? FAULTY.map((steps): [Step[]] => [steps]) : [];
            await fc.assert(property, { numRuns, seed: seed + played, examples });
        }
    });
}

const checkpoints = anyHandler(checkpoint);
for (const deletionPolicy of ["retain", "delete"] as const)
    checkSequences(`Checkpoint (${deletionPolicy})`, "CreateCheckpoint", () => {
        const { cloud } = sim.regions["eu-de"];
        const vaultId = cloud.addVault({ resources: 1 }).id;
        const variant: Variant = {
            handler: checkpoints,
            inputs: { vaultId, deletionPolicy } as CommonInputs,
            promised: ({ id, outputs }) => [id, ...(outputs as CheckpointOutputs).backupIds],
            isGood: (outputs) => {
                const { status, backupIds } = outputs as CheckpointOutputs;
                return status === "available" && backupIds.length === 1;
            },
        };
        const made = () =>
            [...cloud.checkpoints.values()]
                .filter((one) => one.vaultId === vaultId)
                .map(({ id, name }) => ({ id, words: [name] }));
        return {
            variants: [variant],
            made,
            standing: () => new Set([...made().map((one) => one.id), ...cloud.backups.keys()]),
            size: 1,
            adopter: ({ id }) => ({ vaultId, deletionPolicy, adopt: id }) as CommonInputs,
        };
    });

const syncs = anyHandler(vaultSync);
checkSequences("VaultSync", "ImportCheckpoint", () => {
    const { cloud } = sim.regions["eu-de"];
    const vaultId = cloud.addVault({ cloudType: "hybrid" }).id;
    const made = () =>
        [...cloud.operationLogs.values()]
            .filter((one) => one.vaultId === vaultId)
            .map(({ id }) => ({ id, words: [vaultId] }));
    const variant: Variant = {
        handler: syncs,
        inputs: { vaultId } as CommonInputs,
        promised: ({ id }) => [id],
        isGood: (outputs) => (outputs as VaultSyncOutputs).status === "success",
    };
    return { variants: [variant], made, standing: () => new Set(made().map((one) => one.id)), size: 1 };
});

const single = anyHandler(backupReplica);
const set = anyHandler(checkpointReplica);
const run = anyHandler(vaultReplication);
const isCopied = (outputs: CommonInputs) => /^(success|skip)$/.test((outputs as CheckpointReplicaOutputs).status);
const copiesOf = (outputs: CommonInputs) => (outputs as CheckpointReplicaOutputs).destinationBackupIds;
const copyOf = (outputs: CommonInputs) => (outputs as BackupReplicaOutputs).destinationBackupId;

/** A vault with a restore point of two servers, a vault for their copies, and the three ways to have these. */
function copying(first: AnyHandler, deletionPolicy: "retain" | "delete"): Subject {
    const { cloud } = sim.regions["eu-de"];
    const away = sim.regions["eu-nl"].cloud;
    const vaultId = cloud.addVault({ resources: 2 }).id;
    const checkpointId = cloud.addCheckpoint(vaultId).id;
    const destinationVaultId = away.addVault({ protectType: "replication" }).id;
    const backupIds = cloud.backupsOf(checkpointId).map((one) => one.id);
    const place = { destinationRegion: "eu-nl", destinationVaultId, deletionPolicy };
    const made = (): Made[] => {
        const records = backupIds.flatMap((id) => cloud.backups.get(id)?.records ?? []);
        const replicas = [...away.backups.values()].filter((one) => one.vaultId === destinationVaultId);
        return replicas.map(({ id }) => {
            const record = records.find((one) => one.destinationBackupId === id && one.status === "success");
            const words = [record?.sourceBackupId ?? "", vaultId];
            return { id, words, ...(record === undefined ? {} : { recordId: record.id }) };
        });
    };
    const variants: Variant[] = [
        {
            handler: single,
            inputs: { ...place, backupId: backupIds[0] } as CommonInputs,
            promised: ({ outputs }) => [copyOf(outputs) ?? []].flat(),
            isGood: (outputs) => isCopied(outputs) && copyOf(outputs) !== undefined,
        },
        {
            handler: set,
            inputs: { ...place, checkpointId } as CommonInputs,
            promised: ({ outputs }) => copiesOf(outputs),
            isGood: (outputs) => isCopied(outputs) && copiesOf(outputs).length === 2,
        },
        {
            handler: run,
            inputs: { ...place, vaultId } as CommonInputs,
            promised: ({ outputs }) => copiesOf(outputs),
            isGood: isCopied,
        },
    ];
    const at = variants.findIndex(({ handler }) => handler === first);
    return {
        variants: [...variants.slice(at), ...variants.slice(0, at)],
        made,
        standing: () => new Set(away.backups.keys()),
        size: 2,
    };
}

for (const deletionPolicy of ["retain", "delete"] as const) {
    checkSequences(`BackupReplica (${deletionPolicy})`, "CopyBackup", () => copying(single, deletionPolicy));
    checkSequences(`CheckpointReplica (${deletionPolicy})`, "CopyBackup", () => copying(set, deletionPolicy));
    checkSequences(`VaultReplication (${deletionPolicy})`, "CopyCheckpoint", () => copying(run, deletionPolicy));
}
