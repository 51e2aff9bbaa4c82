// Random sequences of faults through create, and through the `up` after a failed one: never a double, never a lost id,
// never a wait without end. A failing seed is printed by fast-check.
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PartialCreateError, UncertainOutcomeError } from "../../provider/client/errors/errors";
import { type Journal, memoryJournal } from "../../provider/exactly-once/journal";
import type { CommonInputs, ResourceHandler } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync";
import type { Context } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { type Fault, type Simulator, startSimulator } from "../../sdk/testing/index";
import { VirtualClock } from "../support/virtual-clock";

/** Each with faults of its own, drawn anew each time. `PULUMI_CBR_RUNS=5000` is a night of it. */
const RUNS_EACH = Number(process.env["PULUMI_CBR_RUNS"] ?? 250);
const clock = new VirtualClock(7);
let sim: Simulator;

beforeAll(async () => {
    sim = (await startSimulator({
        clock,
        backupMs: 3_000,
        replicationMs: 3_000,
        syncMs: 3_000,
        deleteMs: 1_000,
    })) as Simulator;
});
afterAll(() => sim.close());

const effects = fc.constantFrom<Fault["effect"]>(
    "reset-before",
    "reset-after-effect",
    "truncate",
    "cut-body",
    [{ status: 400, code: "BackupService.6125" }, "cut-body"],
    { status: 403, shape: "html" },
    { status: 403, shape: "html", afterEffect: true },
    "status-after-effect",
    "token-expired",
    "throttled",
    { status: 429, code: "APIGW.0308", retryAfter: 3 },
    { status: 500, code: "BackupService.0002" },
    { status: 400, code: "BackupService.6125" },
    { status: 502, shape: "html" },
    { status: 503, shape: "empty" },
    { status: 504, shape: "html" },
    { status: 504, shape: "html", afterEffect: true },
    { status: 500, code: "APIGW.0601", shape: "gateway" },
);
const faultsFor = (post: string) =>
    fc.array(
        fc.record({
            operation: fc.oneof(
                { weight: 3, arbitrary: fc.constant(post) },
                {
                    weight: 1,
                    arbitrary: fc.constantFrom(
                        "ListBackups",
                        "ShowCheckpoint",
                        "ShowBackup",
                        "ListOpLogs",
                        "ShowOpLog",
                    ),
                },
            ),
            nth: fc.integer({ min: 1, max: 3 }),
            times: fc.integer({ min: 1, max: 2 }),
            effect: effects,
        }),
        { minLength: 1, maxLength: 5 },
    );

/** As a new process on the same machine has it: the journal stays. */
function newContext(name: string, journal: Journal): Context {
    const settings: Record<string, string> = {
        ...sim.settings({ signIn: "password" }).config,
        "cbr:maxRequestsPerSecond": "10000",
    };
    const get = (key: string) => settings[key];
    const services = createServices(get, {}, { clock, journal, transport: clock.transport(get) });
    const log = { status: () => {}, info: () => {}, warn: () => {} };
    return { ...services, resourceName: name, urn: `urn:pulumi:p::p::t::${name}`, log };
}

let runs = 0;

/** Creates under faults; then, as the engine would, resumes or tries again until it is good. Returns what ended up in state. */
async function drive<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
    inputs: I,
    faults: readonly Fault[],
): Promise<{ id: string; outputs: O }> {
    const journal = memoryJournal();
    const name = `r${runs++}`;
    sim.clearFaults();
    for (const fault of faults) sim.fail(fault);
    const begun = clock.now();
    let state: { id: string; outputs: O } | undefined;
    for (let ups = 0; ups < 6; ups++) {
        const context = newContext(name, journal);
        try {
            state =
                state === undefined
                    ? await handler.create(context, inputs)
                    : { id: state.id, outputs: await handler.update(context, state.id, state.outputs, inputs) };
            break;
        } catch (error) {
            if (error instanceof PartialCreateError) state = { id: error.id, outputs: error.outputs as O };
            else if (!(error instanceof UncertainOutcomeError))
                expect((error as Error).name).toMatch(/ApiError|TransportError|AuthError|ResponseShapeError/);
            if (ups === 3) sim.clearFaults();
        }
    }
    expect(clock.now() - begun).toBeLessThan(24 * 3_600_000);
    if (state === undefined) throw new Error("nothing came out of six runs");
    return state;
}

function check(name: string, run: (faults: Fault[]) => Promise<void>, post: string): void {
    it(`${name}: never a double, never a lost id, in ${RUNS_EACH} runs`, async () => {
        await fc.assert(
            fc.asyncProperty(faultsFor(post), (faults) => run(faults)),
            { numRuns: RUNS_EACH },
        );
    });
}

check(
    "Checkpoint",
    async (faults) => {
        const { cloud } = sim.regions["eu-de"];
        const vault = cloud.addVault({ resources: 1 });
        const { id, outputs } = await drive(checkpoint, { vaultId: vault.id }, faults);
        const made = [...cloud.checkpoints.values()].filter((one) => one.vaultId === vault.id);
        expect(made.map((one) => one.id)).toEqual([id]);
        expect(outputs.status).toBe("available");
        expect(outputs.backupIds).toHaveLength(1);
    },
    "CreateCheckpoint",
);

check(
    "VaultSync",
    async (faults) => {
        const { cloud } = sim.regions["eu-de"];
        const vault = cloud.addVault({ cloudType: "hybrid" });
        const { id, outputs } = await drive(vaultSync, { vaultId: vault.id }, faults);
        const tasks = [...cloud.operationLogs.values()].filter((one) => one.vaultId === vault.id);
        expect(tasks.map((one) => one.id)).toEqual([id]);
        expect(outputs.status).toBe("success");
    },
    "ImportCheckpoint",
);

check(
    "BackupReplica",
    async (faults) => {
        const { cloud } = sim.regions["eu-de"];
        const destination = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" });
        const source = cloud.addCheckpoint(cloud.addVault({ resources: 1 }).id);
        const [backup] = cloud.backupsOf(source.id);
        const { outputs } = await drive(
            backupReplica,
            { backupId: backup?.id ?? "", destinationRegion: "eu-nl", destinationVaultId: destination.id },
            faults,
        );
        const replicas = [...sim.regions["eu-nl"].cloud.backups.values()].filter(
            (one) => one.vaultId === destination.id && one.parentId === undefined,
        );
        expect(replicas.map((one) => one.id)).toEqual([outputs.destinationBackupId]);
    },
    "CopyBackup",
);

check(
    "VaultReplication",
    async (faults) => {
        const { cloud } = sim.regions["eu-de"];
        const destination = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" });
        const vault = cloud.addVault({ resources: 2 });
        cloud.addCheckpoint(vault.id);
        const { outputs } = await drive(
            vaultReplication,
            { vaultId: vault.id, destinationRegion: "eu-nl", destinationVaultId: destination.id },
            faults,
        );
        const replicas = [...sim.regions["eu-nl"].cloud.backups.values()].filter(
            (one) => one.vaultId === destination.id && one.parentId === undefined,
        );
        expect(replicas.map((one) => one.id).sort()).toEqual([...outputs.destinationBackupIds].sort());
        expect(outputs.replications.map((one) => one.status)).toEqual(["success", "success"]);
    },
    "CopyCheckpoint",
);

check(
    "CheckpointReplica",
    async (faults) => {
        const { cloud } = sim.regions["eu-de"];
        const destination = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" });
        const source = cloud.addCheckpoint(cloud.addVault({ resources: 3 }).id);
        const backups = cloud.backupsOf(source.id);
        const { outputs } = await drive(
            checkpointReplica,
            { checkpointId: source.id, destinationRegion: "eu-nl", destinationVaultId: destination.id },
            faults,
        );
        const replicas = [...sim.regions["eu-nl"].cloud.backups.values()].filter(
            (one) => one.vaultId === destination.id && one.parentId === undefined,
        );
        expect(replicas.map((one) => one.id).sort()).toEqual([...outputs.destinationBackupIds].sort());
        expect(outputs.replications.map((one) => one.backupId)).toEqual(backups.map((one) => one.id).sort());
        // No copy was asked for a second time: the cloud would have skipped it.
        expect(backups.flatMap((one) => cloud.backups.get(one.id)?.records ?? [])).toHaveLength(3);
    },
    "CopyBackup",
);
