import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Deployment } from "@pulumi/pulumi/automation";
import { expect, it } from "vitest";
import { upgradeTimes } from "../../provider/resources/copies/copy-state";
import * as cbr from "../../sdk/index";
import { providerLines } from "../support/state-lines";
import { expiredPoint, type Life, messages, openLife, ops, type State, slow } from "./life";

const fixtures = resolve(__dirname, "../fixtures/state");
/** Name a story to write its fixture; what a release that is out has written is never touched again. */
const writing = process.env["PULUMI_CBR_WRITE_STATE"];

const destinationRegion = "eu-nl";
const uuid = (group: number, index: number) =>
    `${String(group).padStart(8, "0")}-0000-4000-8000-${String(index).padStart(12, "0")}`;
const vault = (index: number) => uuid(1, index);
const server = (index: number) => uuid(2, index);
const [
    beforeVault,
    copyVault,
    syncVault,
    waitingVault,
    unwaitedVault,
    expiredVault,
    copyingVault,
    runningVault,
    syncingVault,
] = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(vault) as [string, string, string, string, string, string, string, string, string];
const destinationVaultId = vault(10);
const pointVault = vault(11);
const copyTo = { destinationRegion, destinationVaultId };

/** The same places each time; the sign-in comes from the environment, so that no secret is in any state. */
async function openPlaces(): Promise<Life> {
    const life = await openLife({
        regions: [
            { name: "eu-de", projectId: "d".repeat(32) },
            { name: "eu-nl", projectId: "e".repeat(32) },
        ],
        credentials: { accessKey: "STATEFIXTUREACCESSKEY", secretKey: "state-fixture-secret-key" },
        env: { HW_ACCESS_KEY: "STATEFIXTUREACCESSKEY", HW_SECRET_KEY: "state-fixture-secret-key" },
        config: { "cbr:accessKey": undefined, "cbr:secretKey": undefined, "cbr:domainName": undefined },
    });
    life.vault({
        id: beforeVault,
        name: "servers",
        resources: [1, 2].map((index) => ({ id: server(index), name: `server-${index}` })),
    });
    for (const [index, id] of [
        copyVault,
        waitingVault,
        unwaitedVault,
        expiredVault,
        copyingVault,
        runningVault,
        pointVault,
    ].entries())
        life.vault({
            id,
            name: `vault-${index}`,
            resources: [{ id: server(10 + index), name: `server-${10 + index}` }],
        });
    for (const id of [copyVault, copyingVault, runningVault, pointVault])
        life.home.addCheckpoint(id, { name: "by-policy" });
    for (const id of [syncVault, syncingVault]) life.hybridVault({ id, name: "on-premises", onPremises: { added: 2 } });
    life.destination({ id: destinationVaultId, name: "copies" });
    return life;
}

const backupIn = (life: Life, vaultId: string) =>
    [...life.home.backups.values()].find((one) => one.vaultId === vaultId)?.id ?? "";

const pointIn = (life: Life) => [...life.home.checkpoints.values()].find((one) => one.vaultId === pointVault)?.id ?? "";

interface Story {
    /** The release whose state it is: the fixture's folder. */
    readonly release: string;
    program(life: Life, backupOf: (vaultId: string) => string, change?: { deletionPolicy: "delete" }): void;
    /** Does, without this package, what the release had done: so that the cloud holds what the state says. */
    seed(life: Life): Promise<void>;
    /** Brings the stack where its state is written. Default: `up`. */
    write?(life: Life): Promise<unknown>;
}

/** A POST that the release sent. */
async function post(life: Life, path: string, body: unknown): Promise<void> {
    const { url, projectId } = life.sim.regions["eu-de"];
    const response = await fetch(`${url}/v3/${projectId}${path}`, {
        method: "POST",
        headers: { "x-auth-token": life.sim.issueToken("eu-de"), "content-type": "application/json" },
        body: JSON.stringify(body),
    });
    expect(response.status, await response.text()).toBe(200);
}

const replicate = {
    destination_region: destinationRegion,
    destination_vault_id: destinationVaultId,
    destination_project_id: "e".repeat(32),
};
const takeCheckpoint = (life: Life, vaultId: string, name: string) =>
    post(life, "/checkpoints", { checkpoint: { vault_id: vaultId, parameters: { name } } });
const copyBackup = (life: Life, vaultId: string) =>
    post(life, `/backups/${backupIn(life, vaultId)}/replicate`, { replicate });
const copyVaults = (life: Life, vaultId: string) =>
    post(life, "/checkpoints/replicate", { replicate: { ...replicate, vault_id: vaultId } });
const sync = (life: Life, vaultId: string) =>
    post(life, "/checkpoints/sync", { sync: { vault_id: vaultId, auto_trigger: false } });

const stories: Readonly<Record<string, Story>> = {
    finished: {
        release: "0.1.0",
        program: (_life, backupOf, change = undefined) => {
            const before = new cbr.Checkpoint("before", {
                vaultId: beforeVault,
                name: "before-the-release",
                description: "Taken before the release",
                incremental: false,
                triggers: { release: "1.2.3" },
                timeouts: { create: "2h" },
                ...change,
            });
            new cbr.VaultReplication("run", {
                vaultId: beforeVault,
                ...copyTo,
                triggers: { before: before.id },
                ...change,
            });
            new cbr.BackupReplica("copy", { backupId: backupOf(copyVault), ...copyTo, ...change });
            new cbr.VaultSync("sync", { vaultId: syncVault, triggers: ["monday"] });
        },
        seed: async (life) => {
            await takeCheckpoint(life, beforeVault, "before-the-release");
            life.sim.finishAll();
            await copyVaults(life, beforeVault);
            await copyBackup(life, copyVault);
            await sync(life, syncVault);
            life.sim.finishAll();
        },
    },
    unfinished: {
        release: "0.1.0",
        program: (_life, backupOf) => {
            const timeouts = { create: "6s" };
            new cbr.Checkpoint("waiting", { vaultId: waitingVault, timeouts });
            new cbr.Checkpoint("unwaited", { vaultId: unwaitedVault, wait: false });
            new cbr.Checkpoint("expired", { vaultId: expiredVault });
            new cbr.BackupReplica("copying", { backupId: backupOf(copyingVault), ...copyTo, timeouts });
            new cbr.VaultReplication("running", { vaultId: runningVault, ...copyTo, wait: false });
            new cbr.VaultSync("syncing", { vaultId: syncingVault, wait: false });
        },
        seed: async (life) => {
            armSlow(life);
            await takeCheckpoint(life, waitingVault, "waiting-00000000");
            await takeCheckpoint(life, unwaitedVault, "unwaited-00000000");
            await copyBackup(life, copyingVault);
            await copyVaults(life, runningVault);
            await sync(life, syncingVault);
        },
        write: async (life) => {
            armSlow(life);
            await life.up({ expectFailure: true, continueOnError: true });
            const { id = "", urn } = await life.state("expired");
            life.home.expireCheckpoint(id);
            await life.refresh({ target: [urn], expectPendingChanges: "others are not done" });
        },
    },
    copied: {
        release: "0.1.0",
        program: (life, _backupOf, change = undefined) => {
            new cbr.CheckpointReplica("point", {
                checkpointId: pointIn(life),
                ...copyTo,
                timeouts: { create: "2h" },
                ...change,
            });
        },
        seed: async (life) => {
            await copyBackup(life, pointVault);
            life.sim.finishAll();
        },
    },
};

function armSlow(life: Life): void {
    for (const id of [waitingVault, unwaitedVault]) life.fail("CreateCheckpoint", id, slow);
    life.fail("CopyBackup", backupIn(life, copyingVault), slow);
    life.fail("CopyCheckpoint", runningVault, slow);
    life.fail("ImportCheckpoint", syncingVault, slow);
}

/** What the cloud calls the things that the state names: pairs of ids, from the state and from the cloud. */
function* pairs(life: Life, states: ReadonlyMap<string, State>): Generator<[string, string]> {
    const records = [...life.home.records.values()];
    const list = (bag: Record<string, unknown>, key: string) => (bag[key] ?? []) as Record<string, string>[];
    const copyOf = (copy: Record<string, unknown>, backupId: string): [unknown, unknown][] => {
        const record = records.find((one) => one.sourceBackupId === backupId);
        return [
            [copy["replicationRecordId"], record?.id],
            [copy["destinationBackupId"], record?.destinationBackupId],
            [copy["destinationCheckpointId"], record?.destinationCheckpointId],
        ];
    };
    const all: [unknown, unknown][] = [];
    for (const { type, outputs } of states.values()) {
        const taken = [...life.home.checkpoints.values()].filter((one) => one.vaultId === outputs["vaultId"]).at(-1);
        if (type.endsWith("Checkpoint")) {
            all.push([outputs["checkpointId"], taken?.id]);
            for (const backup of list(outputs, "backups")) {
                const found = life.home
                    .backupsOf(taken?.id ?? "")
                    .find((one) => one.resourceId === backup["resourceId"]);
                all.push([backup["id"], found?.id]);
            }
        }
        if (type.endsWith("VaultReplication"))
            for (const copy of list(outputs, "replications")) {
                const before = states.get("before")?.outputs ?? {};
                const resource = list(before, "backups").find((one) => one["id"] === copy["backupId"])?.["resourceId"];
                const inVault = [...life.home.backups.values()].filter((one) => one.vaultId === outputs["vaultId"]);
                const source = inVault.find((one) => resource === undefined || one.resourceId === resource);
                all.push([copy["backupId"], source?.id], ...copyOf(copy, source?.id ?? ""));
            }
        if (type.endsWith("CheckpointReplica")) {
            all.push([outputs["checkpointId"], pointIn(life)]);
            const source = backupIn(life, pointVault);
            for (const copy of list(outputs, "replications"))
                all.push([copy["backupId"], source], ...copyOf(copy, source));
        }
        if (type.endsWith("BackupReplica")) {
            const source = backupIn(life, states.get("copy")?.outputs === outputs ? copyVault : copyingVault);
            all.push([outputs["backupId"], source], ...copyOf(outputs, source));
        }
        if (type.endsWith("VaultSync")) {
            const logs = [...life.home.operationLogs.values()];
            all.push([outputs["operationLogId"], logs.find((one) => one.vaultId === outputs["vaultId"])?.id]);
        }
    }
    for (const [from, to] of all) if (typeof from === "string" && typeof to === "string") yield [from, to];
}

function storyOf(name: string): Story {
    return stories[name] ?? expect.unreachable(`no story has the name ${name}`);
}

function fileOf(name: string): string {
    return join(fixtures, storyOf(name).release, `${name}.json`);
}

/** Ids, times and ports are made up, and places in sources left out: nothing of the machine that wrote it stays. */
function anonymous(deployment: Deployment, life: Life): string {
    const machine = ["stackTrace", "sourcePosition"];
    let text = JSON.stringify(deployment, (key, value: unknown) => (machine.includes(key) ? undefined : value), 4);
    const known = new Set<string>();
    for (const found of text.matchAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g))
        known.add(found[0]);
    let next = 1;
    for (const id of known) if (!/^0000000[12]-/.test(id)) text = text.replaceAll(id, uuid(3, next++));
    text = text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}/g, "2025-06-01T12:00:00.000000");
    text = text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)/g, "2025-06-01T12:00:00.000Z");
    for (const [index, address] of addresses(life).entries())
        text = text.replaceAll(address, `http://127.0.0.1:${index + 1}`);
    return `${text}\n`;
}

function addresses(life: Life): string[] {
    const { "eu-de": home, "eu-nl": away } = life.sim.regions;
    return [home.url, away.url, home.iamUrl.replace(/\/v3$/, ""), away.iamUrl.replace(/\/v3$/, "")];
}

/** The fixture as the stack's state, with the ids and addresses of this run's cloud. */
async function importFixture(life: Life, name: string): Promise<Map<string, State>> {
    let text = readFileSync(fileOf(name), "utf8");
    for (const [index, address] of addresses(life).entries())
        text = text.replaceAll(new RegExp(`http://127\\.0\\.0\\.1:${index + 1}(?!\\d)`, "g"), address);
    const deployment = JSON.parse(text) as Deployment;
    await life.stack.importState(deployment);
    for (const [from, to] of pairs(life, await life.states())) text = text.replaceAll(from, to);
    await life.stack.importState(JSON.parse(text) as Deployment);
    return life.states();
}

if (writing !== undefined)
    it(`writes the fixture "${writing}"`, async () => {
        const story = storyOf(writing);
        const life = await openPlaces();
        life.use(async () => story.program(life, (vaultId) => backupIn(life, vaultId)));
        await (story.write?.(life) ?? life.up());
        mkdirSync(join(fixtures, story.release), { recursive: true });
        writeFileSync(fileOf(writing), anonymous(await life.stack.exportState(), life));
    });

it("takes over a state of release 0.1.0: nothing to change, read, changed in place, deleted", async () => {
    const life = await openPlaces();
    const story = storyOf("finished");
    await story.seed(life);
    let change: { deletionPolicy: "delete" } | undefined;
    life.use(async () => story.program(life, (vaultId) => backupIn(life, vaultId), change));
    const born = await importFixture(life, "finished");
    expect([...born.keys()].sort()).toEqual(["before", "copy", "run", "sync"]);
    life.forget();
    const preview = await life.preview();
    expect([ops(preview), preview.changes]).toEqual([[], { same: 5 }]);
    expect(life.calls()).toEqual([]);
    const refreshed = await life.refresh();
    expect(messages(refreshed, undefined, true)).toBe("");
    const now = await life.states();
    for (const [name, { id, outputs }] of born)
        expect(now.get(name), name).toMatchObject({ id, outputs: upgradeTimes(outputs) });
    change = { deletionPolicy: "delete" };
    life.forget();
    expect((await life.up()).changes).toEqual({ update: 3, same: 2 });
    expect(life.calls()).toEqual([]);
    await life.destroy();
    expect([...life.home.checkpoints.values()].filter((one) => one.vaultId === beforeVault)).toEqual([]);
    expect(life.away.backups.size).toBe(0);
});

it("takes over what release 0.1.0 left unfinished: it is waited for, not asked for again", async () => {
    const life = await openPlaces();
    const story = storyOf("unfinished");
    await story.seed(life);
    life.use(async () => story.program(life, (vaultId) => backupIn(life, vaultId)));
    const born = await importFixture(life, "unfinished");
    life.forget();
    expect(ops(await life.preview())).toEqual(["update copying", "update waiting"]);
    life.sim.finishAll();
    expect((await life.up()).changes).toEqual({ update: 5, same: 2 });
    expect(life.requests().filter(({ method }) => method !== "GET")).toEqual([]);
    const now = await life.states();
    const statuses = Object.fromEntries([...now].map(([name, { outputs }]) => [name, outputs["status"]]));
    expect(statuses).toEqual({
        waiting: "available",
        unwaited: "available",
        expired: "expired",
        copying: "success",
        running: "success",
        syncing: "success",
    });
    for (const [name, { id }] of born) expect(now.get(name)?.id).toBe(id);
    expect(born.get("expired")?.outputs["backupIds"]).toHaveLength(1);
    await life.refresh();
    expect((await life.state("expired")).outputs).toEqual(expiredPoint(born.get("expired")?.outputs));
    await life.destroy();
});

it("takes over the copies of a restore point that release 0.1.0 made", async () => {
    const life = await openPlaces();
    const story = storyOf("copied");
    await story.seed(life);
    let change: { deletionPolicy: "delete" } | undefined;
    life.use(async () => story.program(life, (vaultId) => backupIn(life, vaultId), change));
    const born = await importFixture(life, "copied");
    life.forget();
    expect((await life.preview()).changes).toEqual({ same: 2 });
    expect(life.calls()).toEqual([]);
    await life.refresh();
    expect(await life.state("point")).toMatchObject({
        id: `${pointIn(life)}/${destinationRegion}/${destinationVaultId}`,
        outputs: upgradeTimes(born.get("point")?.outputs ?? {}),
    });
    change = { deletionPolicy: "delete" };
    expect((await life.up()).changes).toEqual({ update: 1, same: 1 });
    await life.destroy();
    expect(life.away.backups.size).toBe(0);
});

it("has a state of every kind of resource", () => {
    const states = Object.keys(stories)
        .map((name) => readFileSync(fileOf(name), "utf8"))
        .join("\n");
    for (const kind of Object.keys(providerLines)) expect(states).toContain(`"pulumi-nodejs:dynamic/cbr:${kind}"`);
});
