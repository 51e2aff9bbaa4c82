// Effects that come late, lists that lag, and what is found but may be another's. In virtual time.
import { afterEach, describe, expect, it } from "vitest";
import { PartialCreateError, UncertainOutcomeError } from "../../provider/client/errors/errors";
import type { WireBackup } from "../../provider/client/operations";
import { type CheckpointInputs, checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { type VaultReplicationOutputs, vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync/vault-sync";
import type { Context } from "../../provider/services/context";
import { type Fault, type Simulator, type SimulatorOptions, startSimulator } from "../../sdk/testing/index";
import { withBackups } from "../support/copies";
import { Machine } from "../support/machine";
import { VirtualClock } from "../support/virtual-clock";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let sim: Simulator;
let clock: VirtualClock;
let machine: Machine;
afterEach(() => sim.close());

async function start(options: SimulatorOptions<"eu-de" | "eu-nl"> = {}): Promise<void> {
    clock = new VirtualClock(5);
    sim = (await startSimulator({
        clock,
        backupMs: 5 * MINUTE,
        replicationMs: 5 * MINUTE,
        syncMs: 5 * MINUTE,
        deleteMs: 1_000,
        ...options,
    })) as Simulator;
    machine = new Machine(sim, clock);
}

const home = () => sim.regions["eu-de"].cloud;
const away = () => sim.regions["eu-nl"].cloud;

/** A resource's request: how to make it, and how often the cloud has carried it out. */
interface Case {
    readonly post: string;
    prepare(): { create(context: Context): Promise<unknown>; effects(): number };
}

const place = () => ({
    destinationRegion: "eu-nl",
    destinationVaultId: away().addVault({ protectType: "replication" }).id,
});
const taken = () => home().addCheckpoint(home().addVault({ resources: 1 }).id);
const records = (vaultId: string) => [...home().records.values()].filter((one) => one.sourceVaultId === vaultId).length;
const checkpointCase = (more: Partial<CheckpointInputs>): Case => ({
    post: "CreateCheckpoint",
    prepare: () => {
        const vaultId = home().addVault({ resources: 2 }).id;
        return {
            create: (context) => checkpoint.create(context, { vaultId, ...more }),
            effects: () => [...home().checkpoints.values()].filter((one) => one.vaultId === vaultId).length,
        };
    },
});
const cases: Record<string, Case> = {
    "Checkpoint with a name of ours": checkpointCase({}),
    "Checkpoint with a given name": checkpointCase({ name: "release" }),
    BackupReplica: {
        post: "CopyBackup",
        prepare: () => {
            const { id, vaultId } = taken();
            const inputs = { backupId: home().backupsOf(id)[0]?.id ?? "", ...place() };
            return {
                create: (context) => backupReplica.create(context, inputs),
                effects: () => records(vaultId),
            };
        },
    },
    CheckpointReplica: {
        post: "CopyBackup",
        prepare: () => {
            const { id, vaultId } = taken();
            const inputs = { checkpointId: id, ...place() };
            return { create: (context) => checkpointReplica.create(context, inputs), effects: () => records(vaultId) };
        },
    },
    VaultReplication: {
        post: "CopyCheckpoint",
        prepare: () => {
            const { vaultId } = taken();
            const inputs = { vaultId, ...place() };
            return { create: (context) => vaultReplication.create(context, inputs), effects: () => records(vaultId) };
        },
    },
    VaultSync: {
        post: "ImportCheckpoint",
        prepare: () => {
            const vaultId = home().addVault({ cloudType: "hybrid" }).id;
            return {
                create: (context) => vaultSync.create(context, { vaultId }),
                effects: () => [...home().operationLogs.values()].filter((one) => one.vaultId === vaultId).length,
            };
        },
    },
};

describe.each(Object.entries(cases))("%s", (_, { post, prepare }) => {
    it.each<[string, SimulatorOptions<"eu-de" | "eu-nl">, Fault["effect"]]>([
        ["a list lags 40 s behind", { listLagMs: 40_000 }, "reset-after-effect"],
        ["the effect comes 25 s after the gateway's 504", {}, { status: 504, shape: "html", effectAfterMs: 25_000 }],
    ])("is asked for once although its answer is lost and %s", async (_, options, effect) => {
        await start(options);
        const { create, effects } = prepare();
        sim.fail({ operation: post, effect });
        await machine.start().run((process) => create(process.context("it")));
        clock.pass(HOUR);
        expect(effects()).toBe(1);
    });

    it("is asked for once although its process is killed during the 30 s that the request takes", async () => {
        await start();
        const { create, effects } = prepare();
        sim.fail({ operation: post, effect: { status: 504, effectAfterMs: 30_000 } });
        const killed = machine.start({ of: "POST", nth: 1, when: "after" });
        expect(await killed.run((process) => create(process.context("it")))).toBe("killed");
        clock.pass(10_000);
        await machine.start().run((process) => create(process.context("it")));
        clock.pass(HOUR);
        expect(effects()).toBe(1);
    });
});

describe("an effect that comes later than anybody looks for it", () => {
    it.each([
        ["under a name of ours", {}],
        ["under a given name", { name: "release" }],
    ])("is named when there are two in the end, %s", async (_, more) => {
        await start({ backupMs: 10_000, listLagMs: 60_000 });
        const vaultId = home().addVault({ resources: 2 }).id;
        sim.fail({ operation: "CreateCheckpoint", effect: { status: 504, effectAfterMs: 30_000 } });
        const process = machine.start();
        const made = await process.run((one) => checkpoint.create(one.context("it"), { vaultId, ...more }));
        if (made === "killed") return expect.unreachable();
        const twin = [...home().checkpoints.keys()].find((id) => id !== made.id);
        expect(home().checkpoints.size).toBe(2);
        expect(process.lines).toEqual([
            expect.stringMatching(
                new RegExp(
                    `^the first request may have taken effect after all.* beside restore point ${made.id} there is ${twin} in vault`,
                ),
            ),
        ]);
    });

    it("says so when nobody can look", async () => {
        await start();
        const vaultId = home().addVault({ resources: 1 }).id;
        sim.fail({ operation: "CreateCheckpoint", effect: { status: 504 } });
        const process = machine.start();
        await process.run(async (one) => {
            const made = checkpoint.create(one.context("it"), { vaultId });
            while (home().checkpoints.size === 0) await new Promise(setImmediate);
            sim.fail({ operation: "ListOpLogs", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
            sim.fail({ path: /vault_id=.*/, effect: { status: 403, code: "APIGW.0302" }, times: 0 });
            return made;
        });
        expect(process.lines).toEqual([expect.stringMatching(/could not be looked up .*: look for another restore/)]);
    });
});

describe("what may be another's", () => {
    /** Another stack's restore point of the same name, while this one's request is lost on the way. */
    async function sameName(more: Partial<CheckpointInputs> = {}) {
        await start();
        const vaultId = home().addVault({ resources: 1 }).id;
        sim.fail({ operation: "CreateCheckpoint", effect: "reset-before" });
        const mine = machine.start();
        const outcome = mine.run(async (one) => {
            const made = checkpoint.create(one.context("it"), { vaultId, name: "release", ...more });
            while (!sim.requests.some((request) => request.faults.length > 0)) await new Promise(setImmediate);
            home().addCheckpoint(vaultId, { name: "release" });
            return made;
        });
        const made = await outcome;
        if (made === "killed") return expect.unreachable();
        return { made, mine, vaultId };
    }

    it("is not deleted: two stacks gave one name, and one restore point is there", async () => {
        const { made } = await sameName({ deletionPolicy: "delete" });
        expect([...home().checkpoints.keys()]).toEqual([made.id]);
        expect(made.outputs.unproven).toBe(true);
        const later = machine.start();
        const context = later.context("it");
        const read = await checkpoint.read(context, made.id, made.outputs);
        const updated = await checkpoint.update(context, made.id, read?.outputs ?? made.outputs, made.outputs);
        expect(updated.unproven).toBe(true);
        await checkpoint.remove(context, made.id, updated);
        expect(home().checkpoints.size).toBe(1);
        expect(later.lines).toEqual([
            expect.stringMatching(/^retained restore point .*nothing but its name and time says that it is this/),
        ]);
    });

    it("stays so when the process is killed once it was found", async () => {
        await start();
        const vaultId = home().addVault({ resources: 1 }).id;
        const inputs = { vaultId, name: "release" };
        sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
        const killed = machine.start({ of: "any", nth: 7, when: "before" });
        expect(await killed.run((one) => checkpoint.create(one.context("it"), inputs))).toBe("killed");
        expect(machine.pending()).toMatchObject([{ resourceId: expect.anything(), unproven: true }]);
        const next = await machine.start().run((one) => checkpoint.create(one.context("it"), inputs));
        expect(next).toMatchObject({ outputs: { unproven: true } });
    });

    it("is proven by a name of ours, whose answer was lost", async () => {
        await start();
        const vaultId = home().addVault({ resources: 1 }).id;
        sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
        const made = await machine.start().run((one) => checkpoint.create(one.context("it"), { vaultId }));
        expect(made).toMatchObject({ outputs: expect.not.objectContaining({ unproven: true }) });
    });

    it("of a run is neither the whole run nor deleted with it", async () => {
        await start();
        const vaultId = home().addVault({ resources: 3 }).id;
        const source = home().addCheckpoint(vaultId);
        const [copied, ...others] = home().backupsOf(source.id);
        const inputs = { vaultId, ...place(), deletionPolicy: "delete" } as const;
        sim.fail({ operation: "CopyCheckpoint", effect: "reset-before" });
        const elsewhere = new Machine(sim, clock).start().context("other");
        const run = machine.start().run(async (one) => {
            const made = vaultReplication.create(one.context("dr"), inputs).catch((error: unknown) => error);
            while (!sim.requests.some((request) => request.faults.length > 0)) await new Promise(setImmediate);
            const { destinationRegion, destinationVaultId } = inputs;
            const copy = { backupId: copied?.id ?? "", destinationRegion, destinationVaultId };
            const other = await backupReplica.create(elsewhere, copy);
            return { other, made: await made };
        });
        const outcome = await run;
        if (outcome === "killed") return expect.unreachable();
        const { made: error, other } = outcome;
        expect(error).toBeInstanceOf(PartialCreateError);
        const { id, outputs } = error as PartialCreateError<VaultReplicationOutputs>;
        expect(new Map(outputs.replications.map((one) => [one.backupId, one.status]))).toEqual(
            new Map([[copied?.id, "waiting_replicate"], ...others.map((one) => [one.id, "unsure"] as const)]),
        );
        await vaultReplication.remove(machine.start().context("dr"), id, outputs);
        expect([...away().backups.keys()]).toContain(other.outputs.destinationBackupId);
    });
});

describe("a cloud whose timestamps are hours from its Date header", () => {
    const hoursLate = (context: Context) =>
        withBackups(context, (row: WireBackup) => ({
            ...row,
            created_at: new Date(Date.parse(`${row.created_at}Z`) - 5 * HOUR).toISOString(),
        }));
    const lose = async (more: Partial<CheckpointInputs>) => {
        await start();
        const vaultId = home().addVault({ resources: 1 }).id;
        sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
        sim.fail({ operation: "ListOpLogs", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
        return machine.start().run(async (one) => {
            const context = hoursLate(one.context("it"));
            return checkpoint.create(context, { vaultId, ...more }).catch((error: unknown) => error);
        });
    };

    it("takes no second restore point under a name of ours", async () => {
        expect(await lose({})).toMatchObject({ outputs: { status: "available" } });
        expect(home().checkpoints.size).toBe(1);
    });

    it("takes no second one under a given name while the first one may be running", async () => {
        expect(await lose({ name: "release" })).toBeInstanceOf(UncertainOutcomeError);
        expect(home().checkpoints.size).toBe(1);
    });
});
