// Pulumi creates before it deletes: what a renamed, moved or adopting resource found in the cloud and took over must not go
// with the resource that had it before.
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { needsCli } from "../support/pulumi";
import { hostNames, hosts, type Life, listOf, messages, openLife, ops, providerArgs, type State, step } from "./life";

const destinationRegion = "eu-nl";
const deletionPolicy = "delete";

/** A vault with a finished restore point of two servers, and a vault for copies of its own. */
function place(life: Life) {
    const vaultId = life.vault({ resources: 2 });
    const { id: checkpointId } = life.home.addCheckpoint(vaultId);
    const backupIds = life.home.backupsOf(checkpointId).map((one) => one.id);
    return { vaultId, checkpointId, backupIds, backupId: backupIds[0] ?? "", destinationVaultId: life.destination() };
}

const copyTo = (at: { destinationVaultId: string }) => ({
    destinationRegion,
    destinationVaultId: at.destinationVaultId,
    deletionPolicy: deletionPolicy as "delete",
});

/** The replicas that a resource's outputs name. */
function replicasOf(state: State | undefined): string[] {
    const { destinationBackupId, destinationBackupIds } = state?.outputs ?? {};
    return destinationBackupId === undefined ? listOf(destinationBackupIds) : [String(destinationBackupId)];
}

/** Every source backup still has its replica, and every replica that state names is there. */
async function expectCopies(life: Life, sources: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const records = [...life.home.records.values()].filter((one) =>
        life.away.backups.has(one.destinationBackupId ?? ""),
    );
    const copied = new Set(records.map((one) => one.sourceBackupId));
    for (const [name, backupIds] of Object.entries(sources))
        expect(
            backupIds.filter((id) => !copied.has(id)),
            `${name}: backups without a replica`,
        ).toEqual([]);
    for (const [name, state] of await life.states())
        if (/Replica|Replication$/.test(state.type))
            expect(
                replicasOf(state).filter((id) => !life.away.backups.has(id)),
                `${name}: replicas in state`,
            ).toEqual([]);
}

describe("a copy that is refactored in the program keeps its replicas", () => {
    it("renamed without an alias, renamed by one with new triggers, or moved under a component", async () => {
        const life = await openLife({ nothingToReplicate: "empty" });
        const places = Object.fromEntries(["one", "point", "run", "alias", "moved"].map((name) => [name, place(life)]));
        const at = (name: string) => places[name] ?? expect.unreachable();
        let isNew = false;
        life.use(async () => {
            const suffix = isNew ? "-new" : "";
            new cbr.BackupReplica(`one${suffix}`, { backupId: at("one").backupId, ...copyTo(at("one")) });
            new cbr.CheckpointReplica(`point${suffix}`, {
                checkpointId: at("point").checkpointId,
                ...copyTo(at("point")),
            });
            new cbr.VaultReplication(`run${suffix}`, { vaultId: at("run").vaultId, ...copyTo(at("run")) });
            new cbr.VaultReplication(
                `alias${suffix}`,
                { vaultId: at("alias").vaultId, ...copyTo(at("alias")), triggers: [isNew] },
                isNew ? { aliases: [{ name: "alias" }] } : {},
            );
            const parent = isNew ? new pulumi.ComponentResource("test:index:Copies", "copies") : undefined;
            new cbr.BackupReplica(
                "moved",
                { backupId: at("moved").backupId, ...copyTo(at("moved")) },
                parent === undefined ? {} : { parent },
            );
        });
        await life.up();
        const sources = {
            one: [at("one").backupId],
            point: at("point").backupIds,
            run: at("run").backupIds,
            alias: at("alias").backupIds,
            moved: [at("moved").backupId],
        };
        await expectCopies(life, sources);
        isNew = true;
        const second = await life.up();
        await expectCopies(life, sources);
        expect(messages(second, "one")).toMatch(/retained replica in eu-nl.*BackupReplica one-new rests on it/);
        expect(messages(second, "point")).toMatch(
            /retained 2 replicas in eu-nl.*CheckpointReplica point-new rests on them/,
        );
        expect(messages(second, "run")).toMatch(/retained 2 replicas in eu-nl.*Nothing newer and good/);
        await life.refresh();
        await expectCopies(life, sources);
    });

    it("moved to another vault of the region, one of two runs removed, or made a copy of another kind", async () => {
        const life = await openLife({ nothingToReplicate: "empty" });
        const names = ["vault", "twice", "pointToRun", "runToPoint", "oneToPoint", "runToOne"] as const;
        const places = Object.fromEntries(names.map((name) => [name, place(life)])) as Record<
            (typeof names)[number],
            ReturnType<typeof place>
        >;
        const other = life.destination();
        let isNew = false;
        life.use(async () => {
            const { vault, twice, pointToRun, runToPoint, oneToPoint, runToOne } = places;
            const destinationVaultId = isNew ? other : vault.destinationVaultId;
            new cbr.VaultReplication("vault", { vaultId: vault.vaultId, ...copyTo(vault), destinationVaultId });
            const first = isNew
                ? []
                : [new cbr.VaultReplication("first", { vaultId: twice.vaultId, ...copyTo(twice) })];
            new cbr.VaultReplication("second", { vaultId: twice.vaultId, ...copyTo(twice) }, { dependsOn: first });
            const point = (name: string, at: ReturnType<typeof place>) =>
                new cbr.CheckpointReplica(name, { checkpointId: at.checkpointId, ...copyTo(at) });
            const run = (name: string, at: ReturnType<typeof place>) =>
                new cbr.VaultReplication(name, { vaultId: at.vaultId, ...copyTo(at) });
            const one = (name: string, at: ReturnType<typeof place>) =>
                at.backupIds.map(
                    (backupId, index) => new cbr.BackupReplica(`${name}-${index}`, { backupId, ...copyTo(at) }),
                );
            (isNew ? run : point)("point-to-run", pointToRun);
            (isNew ? point : run)("run-to-point", runToPoint);
            (isNew ? point : one)("one-to-point", oneToPoint);
            (isNew ? one : run)("run-to-one", runToOne);
        });
        await life.up();
        const sources = Object.fromEntries(names.map((name) => [name, places[name].backupIds]));
        await expectCopies(life, sources);
        isNew = true;
        await life.up();
        await expectCopies(life, sources);
    });

    it("moved to an explicit provider under another name, as is a restore point that this one's process adopts", async () => {
        const life = await openLife();
        const at = place(life);
        const vaultId = life.vault();
        let isNew = false;
        let taken: string | undefined;
        life.use(async () => {
            const provider = new cbr.Provider("mine", providerArgs(life, "eu-de"));
            const options = isNew ? { provider } : {};
            new cbr.BackupReplica(isNew ? "theirs" : "ours", { backupId: at.backupId, ...copyTo(at) }, options);
            if (taken === undefined) return { id: new cbr.Checkpoint("taken", { vaultId, deletionPolicy }).id };
            return { id: new cbr.Checkpoint("adopted", { vaultId, adopt: taken }, options).id };
        });
        await life.up();
        taken = (await life.stack.outputs())["id"]?.value;
        isNew = true;
        const second = await life.up();
        await expectCopies(life, { at: [at.backupId] });
        expect(messages(second, "taken")).toMatch(/retained restore point .*: Checkpoint adopted rests on it/);
        expect(life.home.backupsOf(taken ?? "")).toHaveLength(1);
    });
});

describe("an operation that looks at some resources only", () => {
    it("keeps what the others rest on, in up and in destroy", async () => {
        const life = await openLife();
        const vaultId = life.vault();
        const at = place(life);
        let hasMaker = true;
        let taken: string | undefined;
        life.use(async () => {
            if (hasMaker) {
                new cbr.Checkpoint("maker", { vaultId, deletionPolicy });
                new cbr.BackupReplica("first", { backupId: at.backupId, ...copyTo(at) });
            }
            if (taken === undefined) return;
            new cbr.Checkpoint("adopter", { vaultId, adopt: taken });
            new cbr.BackupReplica("second", { backupId: at.backupId, ...copyTo(at) });
        });
        await life.up();
        const born = await life.states();
        taken = born.get("maker")?.id ?? "";
        await life.up();
        const target = ["maker", "first"].map((name) => born.get(name)?.urn ?? "");
        const there = async () => {
            expect(life.home.backupsOf(taken ?? "")).toHaveLength(1);
            await expectCopies(life, { at: [at.backupId] });
        };

        const destroyed = await life.destroy({ target });
        expect(ops(destroyed)).toEqual(["delete first", "delete maker"]);
        expect(messages(destroyed, "maker")).toMatch(/retained restore point .*: Checkpoint adopter rests on it/);
        expect(messages(destroyed, "first")).toMatch(/retained replica in eu-nl.*BackupReplica second rests on it/);
        await there();

        // Back again, and then taken out of the program.
        await life.up();
        hasMaker = false;
        const updated = await life.up({ target, expectPendingChanges: "nothing else is looked at" });
        expect(ops(updated)).toEqual(["delete first", "delete maker"]);
        await there();
    });

    it("deletes what nothing rests on, but nothing at all on a machine that has not seen the others", async ({
        skip,
    }) => {
        await needsCli(skip, "the engine's command line tells which resources it looks at");
        const life = await openLife();
        const [first, second] = [life.vault(), life.vault()];
        life.use(async () => {
            new cbr.Checkpoint("known", { vaultId: first, deletionPolicy });
            new cbr.Checkpoint("unseen", { vaultId: second, deletionPolicy });
        });
        await life.up();
        const { known, unseen } = Object.fromEntries(await life.states());
        await life.destroy({ target: [known?.urn ?? ""] });
        expect(life.home.backupsOf(known?.id ?? "")).toEqual([]);

        life.forgetMachine();
        const blind = await life.destroy({ target: [unseen?.urn ?? ""] });
        expect(messages(blind, "unseen")).toMatch(/retained restore point .*: this run looks at some resources only/);
        expect(life.home.backupsOf(unseen?.id ?? "")).toHaveLength(1);
    });
});

describe("a replacement that is not as good as what it replaces", () => {
    it("leaves the last backup of what it skipped, and of what failed where that is accepted", async () => {
        const life = await openLife();
        const [skipping, failing] = [life.vault({ resources: 2 }), life.vault({ resources: 2 })];
        let release = 1;
        life.use(async () => {
            const triggers = { release };
            new cbr.Checkpoint("skipping", { vaultId: skipping, deletionPolicy, triggers });
            new cbr.Checkpoint("failing", { vaultId: failing, deletionPolicy, triggers, onPartialFailure: "warn" });
        });
        await life.up();
        release = 2;
        life.fail("CreateCheckpoint", skipping, { kind: "skip-resource" });
        life.fail("CreateCheckpoint", failing, { kind: "backup-error", resource: 1, code: "BackupService.7001" });
        const second = await life.up();
        for (const [name, vaultId] of Object.entries({ skipping, failing })) {
            expect(messages(second, name), name).toMatch(/retained 1 of 2 backups of restore point/);
            const good = [...life.home.backups.values()].filter(
                (one) => one.vaultId === vaultId && one.status === "available",
            );
            expect(new Set(good.map((one) => one.resourceId)).size, name).toBe(2);
            expect(good, name).toHaveLength(2);
        }
    });

    it("that failed, or whose wait ran out, leaves the old one in a run that is told to continue, and in state", async () => {
        const life = await openLife();
        const [failing, late] = [life.vault(), life.vault()];
        let release = 1;
        life.use(async () => {
            const timeouts = { create: release === 1 ? "1h" : "6s" };
            new cbr.Checkpoint("failing", { vaultId: failing, deletionPolicy, triggers: { release } });
            new cbr.Checkpoint("late", { vaultId: late, deletionPolicy, triggers: { release }, timeouts });
        });
        await life.up();
        const born = await life.states();
        release = 2;
        life.fail("CreateCheckpoint", failing, { kind: "backup-error", code: "BackupService.7001" });
        life.fail("CreateCheckpoint", late, { kind: "slow", ms: 3_600_000 });
        const second = await life.up({ expectFailure: true, continueOnError: true });
        expect(step(second, "failing").failed).toBe(true);
        for (const name of ["failing", "late"]) {
            const old = born.get(name)?.id ?? "";
            expect(
                life.home.backupsOf(old).map((one) => one.status),
                name,
            ).toEqual(["available"]);
            expect(
                (await life.stack.resources()).some((one) => one.id === old),
                `${name} in state`,
            ).toBe(true);
        }
    });

    it("that surely cannot be made takes nothing away beforehand, whatever preflight says", async () => {
        const life = await openLife({ config: { "cbr:preflight": "off" } });
        const at = place(life);
        let release = 1;
        life.use(async () => {
            new cbr.BackupReplica("copy", { backupId: at.backupId, ...copyTo(at), triggers: { release } });
        });
        await life.up();
        life.home.deleteBackupBehindOurBack(at.backupId);
        release = 2;
        const second = await life.up({ expectFailure: true });
        expect(messages(second, "copy")).toMatch(
            /kept, with all that it has in the cloud: its replacement cannot be made \(backupId: /,
        );
        expect(life.away.backups.size).toBe(1);
        expect(replicasOf(await life.state("copy"))).toHaveLength(1);
    });
});

// Pulumi 3.276.0: a transform that hands back the options it got has the same effect
// (findings/pulumi-transform-unchanged-creates-before-delete.sh).
const createsFirst = {
    "deleteBeforeReplace: false": () => ({ deleteBeforeReplace: false }),
    "a transform that changes nothing": () => ({
        transforms: [({ props, opts }: pulumi.ResourceTransformArgs) => ({ props, opts })],
    }),
};

it.for(
    hostNames.flatMap((host) => Object.entries(createsFirst).map(([why, options]) => [host, why, options] as const)),
)(
    "keeps what its replacement found there when that is made first: %s host, %s",
    async ([host, why, options], { skip }) => {
        if (host === "native" || why.startsWith("a transform")) await needsCli(skip, "the native provider, transforms");
        const life = await openLife({ host, nothingToReplicate: "empty" });
        const { BackupReplica, CheckpointReplica, VaultReplication } = hosts[host];
        const [one, point, run] = [place(life), place(life), place(life)];
        let stage = 1;
        life.use(async () => {
            const triggers = { stage };
            new BackupReplica("one", { backupId: one.backupId, ...copyTo(one), triggers }, options());
            new CheckpointReplica("point", { checkpointId: point.checkpointId, ...copyTo(point), triggers }, options());
            new VaultReplication("run", { vaultId: run.vaultId, ...copyTo(run), triggers }, options());
        });
        await life.up();
        const replicas = [...life.away.backups.keys()].sort();
        expect(replicas).toHaveLength(5);
        stage = 2;
        await life.up();
        await expectCopies(life, { one: [one.backupId], point: point.backupIds, run: run.backupIds });
        expect([...life.away.backups.keys()].sort(), "nothing was lost, nothing doubled").toEqual(replicas);
        await life.destroy();
    },
);

it("is copied anew when a transform hands back its options without that one", async ({ skip }) => {
    await needsCli(skip, "transforms");
    const life = await openLife();
    const at = place(life);
    let stage = 1;
    life.use(async () => {
        pulumi.runtime.registerResourceTransform(({ props, opts }) => {
            const { deleteBeforeReplace: _, ...rest } = opts as pulumi.CustomResourceOptions;
            return { props, opts: rest };
        });
        new cbr.BackupReplica("one", { backupId: at.backupId, ...copyTo(at), triggers: { stage } });
    });
    await life.up();
    const replicas = [...life.away.backups.keys()];
    stage = 2;
    await life.up();
    expect(life.away.backups.size).toBe(1);
    expect(replicas.filter((id) => life.away.backups.has(id))).toEqual([]);
});

it("is deleted by a destroy that runs the program: what it declares is on its way out", async () => {
    const life = await openLife();
    const at = place(life);
    life.use(async () => {
        const point = new cbr.Checkpoint("point", { vaultId: at.vaultId, deletionPolicy });
        new cbr.CheckpointReplica("set", { checkpointId: at.checkpointId, ...copyTo(at) }, { dependsOn: point });
        new cbr.VaultReplication("run", { vaultId: at.vaultId, ...copyTo(at) }, { dependsOn: point });
    });
    await life.up();
    expect([life.home.backups.size, life.away.backups.size]).toEqual([4, 4]);
    await life.destroy({ runProgram: true });
    // Only the restore point that no resource has taken is left.
    expect([...life.home.backups.keys()].sort()).toEqual([...at.backupIds].sort());
    expect(life.away.backups.size).toBe(0);
    expect((await life.states()).size).toBe(0);
});
