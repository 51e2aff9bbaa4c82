// Ctrl-C at each request of each resource's making, resumed wait and deletion, as the native provider hears of it.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CommonInputs } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { type Kill, Machine } from "../support/machine";
import { type AnyHandler, anyHandler, Play } from "../support/play";
import { VirtualClock } from "../support/virtual-clock";

const clock = new VirtualClock(21);
let sim: Simulator;
beforeAll(async () => {
    sim = (await startSimulator({
        clock,
        backupMs: 4_000,
        replicationMs: 4_000,
        syncMs: 4_000,
        deleteMs: 2_000,
    })) as Simulator;
});
afterAll(() => sim.close());

/** A resource to be made, and how often the cloud has what it makes. */
interface Subject {
    readonly inputs: CommonInputs;
    readonly effects: () => number;
}

const away = (vaultId: string) => () =>
    [...sim.regions["eu-nl"].cloud.backups.values()].filter((one) => one.vaultId === vaultId).length;

/** A vault with a restore point of two servers, and where its copies go. */
function copied() {
    const { cloud } = sim.regions["eu-de"];
    const vault = cloud.addVault({ resources: 2 });
    const point = cloud.addCheckpoint(vault.id);
    const destination = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" });
    const to = { destinationRegion: "eu-nl", destinationVaultId: destination.id, deletionPolicy: "delete" } as const;
    const [backup] = cloud.backupsOf(point.id);
    return { vaultId: vault.id, checkpointId: point.id, backupId: backup?.id ?? "", to, effects: away(destination.id) };
}

const kinds: Record<string, { handler: AnyHandler; wanted: number; subject: () => Subject }> = {
    Checkpoint: {
        handler: anyHandler(checkpoint),
        wanted: 2,
        subject: () => {
            const { cloud } = sim.regions["eu-de"];
            const { id: vaultId } = cloud.addVault({ resources: 2 });
            const effects = () => [...cloud.backups.values()].filter((one) => one.vaultId === vaultId).length;
            return { inputs: { vaultId, deletionPolicy: "delete" } as CommonInputs, effects };
        },
    },
    BackupReplica: {
        handler: anyHandler(backupReplica),
        wanted: 1,
        subject: () => {
            const { backupId, to, effects } = copied();
            return { inputs: { backupId, ...to } as CommonInputs, effects };
        },
    },
    CheckpointReplica: {
        handler: anyHandler(checkpointReplica),
        wanted: 2,
        subject: () => {
            const { checkpointId, to, effects } = copied();
            return { inputs: { checkpointId, ...to } as CommonInputs, effects };
        },
    },
    VaultReplication: {
        handler: anyHandler(vaultReplication),
        wanted: 2,
        subject: () => {
            const { vaultId, to, effects } = copied();
            return { inputs: { vaultId, ...to } as CommonInputs, effects };
        },
    },
    VaultSync: {
        handler: anyHandler(vaultSync),
        wanted: 1,
        subject: () => {
            const { cloud } = sim.regions["eu-de"];
            const { id: vaultId } = cloud.addVault({ cloudType: "hybrid" });
            const effects = () => [...cloud.operationLogs.values()].filter((one) => one.vaultId === vaultId).length;
            return { inputs: { vaultId } as CommonInputs, effects };
        },
    },
};

/** One stack with one resource on a machine of its own. */
class Stack {
    readonly subject: Subject;
    readonly #machine = new Machine(sim, clock);
    readonly #play = new Play(this.#machine);
    readonly #handler: AnyHandler;

    constructor(kind: string) {
        const { handler, subject } = kinds[kind] ?? expect.fail(kind);
        this.#handler = handler;
        this.subject = subject();
    }

    get stored() {
        return this.#play.stored;
    }

    up(kill?: Kill): Promise<void> {
        const one = { name: "it", handler: this.#handler, inputs: this.subject.inputs, provider: 0 };
        return this.#play.up({ program: [one], kill });
    }

    destroy(kill?: Kill): Promise<void> {
        return this.#play.up({ program: [], kill });
    }

    /** Whether the run came as far as being cancelled; then it ended at once, and said so. */
    async cancelled(run: Promise<void>): Promise<boolean> {
        const error = await run.then(
            () => undefined,
            (reason: unknown) => reason,
        );
        const { cancelledAt } = this.#machine;
        if (cancelledAt === undefined) {
            expect(error).toBeUndefined();
            return false;
        }
        expect(clock.now() - cancelledAt).toBeLessThan(2_000);
        // What was done by then may be all that there was to do.
        if (error !== undefined) expect(String(error)).toMatch(/cancelled/);
        return true;
    }
}

/** Runs `attempt` with a cancellation at each request, until one comes after the last; how many there were. */
async function atEachRequest(attempt: (kill: Kill) => Promise<boolean>): Promise<number> {
    for (let nth = 1; ; nth++)
        for (const when of ["before", "after"] as const)
            if (!(await attempt({ of: "any", nth, when, isCancelled: true }))) return nth - 1;
}

const names = Object.keys(kinds);

it.each(names)("keeps what was made, and makes it once, whenever the making of a %s is cancelled", async (kind) => {
    const requests = await atEachRequest(async (kill) => {
        const stack = new Stack(kind);
        const isCancelled = await stack.cancelled(stack.up(kill));
        const kept = stack.stored.map((one) => one.id);
        await stack.up();
        const [made] = stack.stored;
        expect(Reflect.get(made?.outputs ?? {}, "status")).toMatch(/^(available|success)$/);
        expect([kill, stack.subject.effects()]).toEqual([kill, kinds[kind]?.wanted]);
        expect([kill, stack.stored.map((one) => one.id)]).toEqual([kill, kept.length === 0 ? [made?.id] : kept]);
        return isCancelled;
    });
    expect(requests).toBeGreaterThan(4);
});

it.each(names)("resumes a wait for a %s that is cancelled again", async (kind) => {
    const requests = await atEachRequest(async (kill) => {
        const stack = new Stack(kind);
        await stack.cancelled(stack.up({ of: "POST", nth: 1, when: "after", isCancelled: true }));
        const kept = stack.stored.map((one) => one.id);
        expect(kept).toHaveLength(1);
        const isCancelled = await stack.cancelled(stack.up(kill));
        await stack.up();
        expect([kill, stack.subject.effects()]).toEqual([kill, kinds[kind]?.wanted]);
        expect(stack.stored.map((one) => one.id)).toEqual(kept);
        return isCancelled;
    });
    expect(requests).toBeGreaterThan(1);
});

it.each(names.filter((name) => name !== "VaultSync"))(
    "keeps a %s in state until all of it is deleted, whenever its deletion is cancelled",
    async (kind) => {
        const requests = await atEachRequest(async (kill) => {
            const stack = new Stack(kind);
            await stack.up();
            const isCancelled = await stack.cancelled(stack.destroy(kill));
            if (stack.subject.effects() > 0) expect([kill, stack.stored.length]).toEqual([kill, 1]);
            await stack.destroy();
            expect([kill, stack.subject.effects(), stack.stored.length]).toEqual([kill, 0, 0]);
            return isCancelled;
        });
        expect(requests).toBeGreaterThan(2);
    },
);
