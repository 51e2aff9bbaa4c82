// One list of situations, two hosts, on Pulumi's own engine. Where outcomes differ, the test says which is which.
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { needsCli } from "../support/pulumi";
import {
    expectAbsent,
    expiredPoint,
    HOUR,
    type HostName,
    hostNames,
    hosts,
    type Life,
    type LifeOptions,
    messages,
    openLife,
    ops,
    providerArgs,
    typesOf,
    until,
} from "./life";

interface Options {
    readonly skip: (reason: string) => void;
}

async function open(host: HostName, { skip }: Options, options: LifeOptions = {}): Promise<Life> {
    await needsCli(skip, "both hosts are compared on Pulumi's own engine");
    return openLife({ host, ...options });
}

it.for(hostNames)("makes, keeps, refreshes and destroys all resources: %s host", async (host, options) => {
    const life = await open(host, options);
    const cbr = hosts[host];
    const source = life.vaultWithBackup({ resources: 2 });
    const single = life.vaultWithBackup();
    const vaultId = life.vault({ resources: 2 });
    const hybridVaultId = life.hybridVault({ onPremises: { added: 1 } });
    const destinationVaultId = life.destination();
    life.use(async () => {
        const copyTo = { destinationRegion: "eu-nl", destinationVaultId, deletionPolicy: "delete" } as const;
        const point = new cbr.Checkpoint("point", { vaultId, deletionPolicy: "delete" });
        new cbr.CheckpointReplica("set", { checkpointId: point.id, ...copyTo });
        new cbr.VaultReplication("run", { vaultId: source.vaultId, ...copyTo });
        new cbr.BackupReplica("copy", { backupId: single.backupId, ...copyTo });
        new cbr.VaultSync("sync", { vaultId: hybridVaultId });
    });
    const made = await life.up();
    expect(ops(made)).toEqual(["copy", "point", "run", "set", "sync"].map((name) => `create ${name}`));
    for (const { type } of await life.stack.resources()) expect(type).toMatch(typesOf[host]);
    life.forget();
    await life.refresh();
    const reads = new Set(life.requests().map(({ method }) => method));
    expect([...reads]).toEqual(["GET"]);
    await life.destroy();
    const { checkpoints } = life.home.snapshot();
    expect(checkpoints.filter((one) => one.vaultId === vaultId)).toEqual([]);
    expect(life.away.backups.size).toBe(0);
});

it.for(hostNames)(
    "names the cloud's tasks, and shows nothing where state of an earlier release has none: %s host",
    async (host, options) => {
        const life = await open(host, options);
        const cbr = hosts[host];
        const [vaultId, source] = [life.vault({ resources: 2 }), life.vaultWithBackup()];
        const [hybridVaultId, destinationVaultId] = [life.hybridVault(), life.destination()];
        let deletionPolicy: "retain" | "delete" = "retain";
        life.use(async () => {
            const copyTo = { destinationRegion: "eu-nl", destinationVaultId, deletionPolicy };
            const point = new cbr.Checkpoint("point", { vaultId, deletionPolicy });
            const run = new cbr.VaultReplication("run", { vaultId: source.vaultId, ...copyTo });
            const sync = new cbr.VaultSync("sync", { vaultId: hybridVaultId });
            return { point: point.operationLogIds, run: run.operationLogIds, sync: sync.operationLogIds };
        });
        await life.up();
        const tasks = (type: string) =>
            [...life.home.operationLogs.values()].filter((log) => log.operationType === type).map((log) => log.id);
        const outputs = await life.stack.outputs();
        expect(outputs["point"]?.value).toEqual(tasks("backup").sort());
        expect(outputs["run"]?.value).toEqual(tasks("replication"));
        expect(outputs["sync"]?.value).toEqual(tasks("sync"));
        expect(life.count("ListOpLogs")).toBe(2);

        const state = JSON.parse(JSON.stringify(await life.stack.exportState()), (key, value: unknown) =>
            key === "operationLogIds" ? undefined : value,
        );
        await life.stack.importState(state);
        life.use(async () => {
            const copyTo = { destinationRegion: "eu-nl", destinationVaultId, deletionPolicy };
            new cbr.Checkpoint("point", { vaultId, deletionPolicy });
            new cbr.VaultReplication("run", { vaultId: source.vaultId, ...copyTo });
            new cbr.VaultSync("sync", { vaultId: hybridVaultId });
        });
        life.forget();
        await life.refresh();
        expect(ops(await life.preview())).toEqual([]);
        expect(ops(await life.up())).toEqual([]);
        deletionPolicy = "delete";
        expect(ops(await life.up())).toEqual(["update point", "update run"]);
        for (const { outputs: seen } of (await life.states()).values())
            expect(seen).not.toHaveProperty("operationLogIds");
        expect(life.count("ListOpLogs")).toBe(0);
    },
);

it.for(hostNames)("takes a policy over in place, and replaces by a trigger: %s host", async (host, options) => {
    const life = await open(host, options);
    const cbr = hosts[host];
    const vaultId = life.vault();
    const destinationVaultId = life.destination();
    let [deletionPolicy, round]: ["retain" | "delete", number] = ["retain", 1];
    life.use(async () => {
        const point = new cbr.Checkpoint("point", { vaultId, deletionPolicy, triggers: { release: { round } } });
        const backupId = point.backupIds.apply(([id = ""]) => id);
        new cbr.BackupReplica("copy", { backupId, destinationRegion: "eu-nl", destinationVaultId });
    });
    await life.up();
    const [first, copy] = [await life.state("point"), await life.state("copy")];
    deletionPolicy = "delete";
    // The dynamic host knows no output of what is updated in a preview, and so shows a replacement that does not come.
    const [known, unknown] = [["update point"], ["replace copy", "update point"]];
    const previewed = ops(await life.preview()).filter((one) => !/^(create|delete)-/.test(one));
    expect(host === "native" ? [known] : [known, unknown]).toContainEqual(previewed);
    life.forget();
    const updated = await life.up();
    expect(ops(updated)).toEqual(known);
    expect(life.requests().filter(({ method }) => method !== "GET")).toEqual([]);
    expect((await life.state("point")).outputs).toEqual({ ...first.outputs, deletionPolicy: "delete" });
    expect((await life.state("copy")).id).toBe(copy.id);

    round = 2;
    const replaced = await life.up();
    expect(ops(replaced)).toEqual(expect.arrayContaining(["replace copy", "replace point"]));
    if (host === "native") {
        const [step] = replaced.events.flatMap(({ resourcePreEvent }) =>
            resourcePreEvent?.metadata.urn.endsWith("::point") && resourcePreEvent.metadata.detailedDiff !== undefined
                ? [resourcePreEvent.metadata.detailedDiff]
                : [],
        );
        expect(Object.keys(step ?? {})).toEqual(["triggers.release.round"]);
    }
    expect((await life.state("point")).id).not.toBe(first.id);
});

it.for(hostNames)("keeps a restore point that has expired, and takes none for it: %s host", async (host, options) => {
    const life = await open(host, options);
    const vaultId = life.vault({ resources: 2 });
    life.use(async () => {
        new hosts[host].Checkpoint("point", { vaultId });
    });
    await life.up();
    const { id, inputs, outputs } = await life.state("point");
    life.home.expireCheckpoint(id ?? "");
    const report = await life.refresh();
    expect(messages(report, "point")).toMatch(/no longer in the cloud \(expired/);
    const after = await life.state("point");
    expect([after.id, after.inputs]).toEqual([id, inputs]);
    expect(after.outputs).toEqual(expiredPoint(outputs));
    expect(life.count("CreateCheckpoint")).toBe(1);
});

it.for(hostNames)(
    "keeps what failed in part, and resumes it without a second request: %s host",
    async (host, options) => {
        const life = await open(host, options);
        const vaultId = life.vault({ resources: 2 });
        let onPartialFailure: "fail" | "warn" = "fail";
        life.use(async () => {
            new hosts[host].Checkpoint("point", { vaultId, onPartialFailure });
        });
        life.fail("CreateCheckpoint", vaultId, { kind: "backup-error", resource: 0, message: "no room" });
        const failed = await life.up({ expectFailure: true });
        expect(messages(failed, "point")).toMatch(/Checkpoint point: .*1 good, 1 failed/);
        const kept = await life.state("point");
        expect(kept.initErrors).toHaveLength(1);
        // A refresh takes the engine's note away; what failed stays failed.
        await life.refresh({ expectPendingChanges: "the failure is still there" });
        await life.up({ expectFailure: true });
        onPartialFailure = "warn";
        expect(ops(await life.up())).toEqual(["update point"]);
        const settled = await life.state("point");
        expect([settled.id, settled.initErrors ?? []]).toEqual([kept.id, []]);
        expect(life.count("CreateCheckpoint")).toBe(1);
    },
);

it.for(hostNames)("keeps the id when a wait is cancelled, and resumes it: %s host", async (host, options) => {
    const life = await open(host, options, { backupMs: HOUR, replicationMs: HOUR, syncMs: HOUR });
    const cbr = hosts[host];
    const [vaultId, hybridVaultId] = [life.vault(), life.hybridVault()];
    const [source, single] = [life.vaultWithBackup(), life.vaultWithBackup()];
    const pointId = life.home.addCheckpoint(life.vault()).id;
    const destinationVaultId = life.destination();
    life.use(async () => {
        const copyTo = { destinationRegion: "eu-nl", destinationVaultId };
        new cbr.Checkpoint("point", { vaultId });
        new cbr.VaultReplication("run", { vaultId: source.vaultId, ...copyTo });
        new cbr.BackupReplica("copy", { backupId: single.backupId, ...copyTo });
        new cbr.CheckpointReplica("set", { checkpointId: pointId, ...copyTo });
        new cbr.VaultSync("sync", { vaultId: hybridVaultId });
    });
    const posts = ["CreateCheckpoint", "CopyCheckpoint", "CopyBackup", "ImportCheckpoint"];
    const sent = () => life.calls().filter((call) => posts.includes(call)).length;
    const user = new AbortController();
    const running = life.up({ expectFailure: true, signal: user.signal });
    await until(() => sent() === 5 && life.home.records.size === 3);
    const isBusy = () => [...life.home.checkpoints.values()].some((one) => one.status === "protecting");
    user.abort();
    // The dynamic host never hears of it: its waits end when the work has ended.
    if (host === "dynamic") life.sim.finishAll();
    const cancelled = await running;
    const states = await life.states();
    expect([...states.keys()].sort()).toEqual(["copy", "point", "run", "set", "sync"]);
    if (host === "native") {
        expect(messages(cancelled, "point")).toMatch(/cancelled before it had ended/);
        for (const { initErrors } of states.values()) expect(initErrors).toHaveLength(1);
    } else expect(isBusy()).toBe(false);
    life.sim.finishAll();
    const resumed = await life.up();
    expect(ops(resumed)).toEqual(
        host === "native" ? ["copy", "point", "run", "set", "sync"].map((name) => `update ${name}`) : [],
    );
    expect(sent()).toBe(5);
    expect((await life.states()).get("point")?.id).toBe(states.get("point")?.id);
});

it.for(hostNames)("ends a wait where `customTimeouts` ends, and goes on from there: %s host", async (host, options) => {
    const life = await open(host, options, { backupMs: HOUR, deleteMs: HOUR });
    const vaultId = life.vault();
    let customTimeouts = { create: "8s", update: "8s", delete: "8s" };
    life.use(async () => {
        new hosts[host].Checkpoint("point", { vaultId, deletionPolicy: "delete" }, { customTimeouts });
    });
    const ended = await life.up({ expectFailure: true });
    expect(messages(ended, "point")).toMatch(/not finished after \d s/);
    const { id, initErrors } = await life.state("point");
    expect(initErrors).toHaveLength(1);
    customTimeouts = { ...customTimeouts, update: "10m" };
    life.sim.finishAll();
    expect(ops(await life.up())).toEqual(["update point"]);
    expect((await life.state("point")).id).toBe(id);
    expect(life.count("CreateCheckpoint")).toBe(1);
    // What is deleted is given the time that state has.
    const gone = await life.destroy({ expectFailure: true });
    expect(messages(gone, "point")).toMatch(/deletion of backup .* not finished after \d s/);
    customTimeouts = { ...customTimeouts, delete: "10m" };
    await life.up();
    life.sim.finishAll();
    await life.destroy();
    expect(life.home.backups.size).toBe(0);
});

it.for(hostNames)(
    "keeps a secret description secret, in inputs, outputs and messages: %s host",
    async (host, options) => {
        const life = await open(host, options);
        const SECRET = "confidential-project-x7";
        const vaultId = life.vault();
        life.use(async () => {
            const point = new hosts[host].Checkpoint("point", { vaultId, name: pulumi.secret(SECRET) });
            return { backups: point.backups, ids: point.backupIds };
        });
        for (const operation of ["up", "refresh", "preview"] as const) {
            const { stdout, events } = await life[operation]();
            for (const text of [stdout, JSON.stringify(events), life.stored()]) expectAbsent(text, SECRET);
        }
        const outputs = await life.stack.outputs();
        expect([outputs["backups"]?.secret, outputs["ids"]?.secret]).toEqual([true, false]);
        await life.destroy();
    },
);

it.for(hostNames)("works in two regions of one program, by explicit providers: %s host", async (host, options) => {
    const life = await open(host, options);
    const cbr = hosts[host];
    const [here, there] = [life.vault(), life.away.addVault().id];
    life.use(async () => {
        const provider = new cbr.Provider("nl", providerArgs(life, "eu-nl"));
        new cbr.Checkpoint("here", { vaultId: here });
        new cbr.Checkpoint("there", { vaultId: there }, { provider });
    });
    await life.up();
    const regionOf = async (name: string) => (await life.state(name)).outputs["region"];
    expect([await regionOf("here"), await regionOf("there")]).toEqual(["eu-de", "eu-nl"]);
    await life.refresh();
    await life.destroy();
});

it("imports a restore point and a copy, and refuses what records a run: native host, for the dynamic one has no import", async (options) => {
    const life = await open("native", options);
    const { native: cbr } = hosts;
    const vaultId = life.vault();
    const { id } = life.home.addCheckpoint(vaultId, { name: "by-hand" });
    const [backup] = life.home.backupsOf(id);
    const destinationVaultId = life.destination();
    const copies = { backupId: backup?.id ?? "", destinationRegion: "eu-nl", destinationVaultId };
    let step = 0;
    let recordId = "";
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, name: "by-hand" }, step === 0 ? { import: `eu-de/${id}` } : {});
        if (step === 0) new cbr.BackupReplica("made", copies, { retainOnDelete: true });
        else
            new cbr.BackupReplica("copy", copies, {
                import: `${copies.backupId}/eu-nl/${destinationVaultId}/${recordId}`,
            });
        const { backupId: _, ...copyTo } = copies;
        if (step === 2) new cbr.VaultReplication("run", { vaultId, ...copyTo }, { import: "x" });
    });
    const imported = await life.up();
    expect(ops(imported)).toContain("import point");
    recordId = String((await life.state("made")).outputs["replicationRecordId"]);
    step = 1;
    life.forget();
    expect(ops(await life.up())).toContain("import copy");
    expect(life.requests().filter(({ method }) => method !== "GET")).toEqual([]);
    const states = await life.states();
    expect(states.get("point")?.outputs["backupIds"]).toEqual([backup?.id]);
    expect(states.get("copy")?.id).toBe(recordId);
    step = 2;
    const refused = await life.up({ expectFailure: true });
    expect(messages(refused)).toMatch(/VaultReplication cannot be imported: it records a run of its own/);
    expect(life.requests().filter(({ method }) => method !== "GET")).toEqual([]);
});
