// What previews learn from the cloud, and what they cost: handlers' own preflight against the simulator.
import net from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Clock } from "../../provider/client/time/clock";
import { memoryJournal } from "../../provider/exactly-once/journal";
import type { CommonInputs, Failure, ResourceHandler } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync/vault-sync";
import type { Context } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { type Simulator, startSimulator } from "../../sdk/testing/index";

const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
const handlers = { checkpoint, vaultReplication, backupReplica, checkpointReplica, vaultSync };
type Kind = keyof typeof handlers;
type Inputs = Readonly<Record<string, unknown>>;

let sim: Simulator;
let warnings: string[];
beforeEach(async () => {
    warnings = [];
    sim = (await startSimulator({ backupMs: 0, replicationMs: 0, syncMs: 0, checkAnswers: true })) as Simulator;
});
afterEach(() => sim.close());

const home = () => sim.regions["eu-de"].cloud;
const away = () => sim.regions["eu-nl"].cloud;
const goodDestination = () => away().addVault({ protectType: "replication" }).id;

/** What a preview gives its looks would be over on a busy machine: clocks go so much slower, and its long sleeps with them. */
const SLOWER = 100;
const LONG_MS = 5_000;

/** Contexts of one new process. Its clock can be put forward; `speed` shortens its sleeps, and makes its clock the true one. */
function newProcess(config: Record<string, string | undefined> = {}, speed?: number) {
    const time = { ahead: 0 };
    const begun = Date.now();
    const pace = (ms: number) => ms / (speed ?? (ms < LONG_MS ? 1 : 1 / SLOWER));
    const clock: Clock = {
        now: () => begun + (Date.now() - begun) / (speed === undefined ? SLOWER : 1) + time.ahead,
        random: () => 0.5,
        sleep: (ms, signal) =>
            new Promise((resolve, reject) => {
                const timer = setTimeout(resolve, pace(ms));
                signal?.addEventListener("abort", () => {
                    clearTimeout(timer);
                    reject(signal.reason);
                });
            }),
    };
    const settings: Record<string, string | undefined> = {
        ...sim.settings().config,
        "cbr:maxRequestsPerSecond": "1000",
        ...config,
    };
    const services = createServices((key) => settings[key], {}, { clock, journal: memoryJournal() });
    const log = { status: () => {}, info: () => {}, warn: (text: string) => void warnings.push(text) };
    const context = (name = "it"): Context => ({ ...services, log, resourceName: name, urn: `urn:${name}` });
    const handlerOf = (kind: Kind) => handlers[kind] as unknown as ResourceHandler<CommonInputs, CommonInputs>;
    return {
        time,
        context,
        look: async (kind: Kind, inputs: Inputs, name?: string): Promise<readonly Failure[]> =>
            (await handlerOf(kind).preflight?.(context(name), inputs)) ?? [],
        create: (kind: Kind, inputs: Inputs) => handlerOf(kind).create(context(), inputs),
    };
}

/** `property: code` of each failure. */
const codes = (failures: readonly Failure[]) =>
    failures.map(({ property, reason }) => `${property}: ${/\(BackupService\.(\d{4})\)/.exec(reason)?.[1] ?? reason}`);

const operations = () => sim.requests.map(({ operation }) => operation).sort();

/** A backup or a restore point of a vault like this. */
function pointOf(seed: Parameters<ReturnType<typeof home>["addVault"]>[0]) {
    const point = home().addCheckpoint(home().addVault(seed).id);
    return { checkpointId: point.id, backupId: home().backupsOf(point.id)[0]?.id ?? "" };
}

type Case = readonly [code: string, property: string, kind: Kind, inputs: () => Inputs];
const copyTo = () => ({ destinationRegion: "eu-nl", destinationVaultId: goodDestination() });
const cases: readonly Case[] = [
    ["6105", "vaultId", "checkpoint", () => ({ vaultId: missing })],
    ["6105", "vaultId", "vaultReplication", () => ({ ...copyTo(), vaultId: missing })],
    ["6105", "vaultId", "vaultSync", () => ({ vaultId: missing })],
    [
        "6135",
        "resources[1]",
        "checkpoint",
        () => {
            const vault = home().addVault({ resources: 1 });
            return { vaultId: vault.id, resources: [...vault.resources.keys(), missing] };
        },
    ],
    [
        "6135",
        "resourceDetails[0].id",
        "checkpoint",
        () => ({ vaultId: home().addVault().id, resourceDetails: [{ id: missing, type: "OS::Nova::Server" }] }),
    ],
    ["6124", "vaultId", "checkpoint", () => ({ vaultId: home().addVault({ protectType: "replication" }).id })],
    ["6114", "vaultId", "checkpoint", () => ({ vaultId: home().addVault({ sizeGb: 10, usedMb: 10 * 1024 }).id })],
    ["6217", "adopt", "checkpoint", () => ({ vaultId: home().addVault().id, adopt: missing })],
    ["7300", "vaultId", "vaultSync", () => ({ vaultId: home().addVault().id })],
    [
        "1005",
        "destinationRegion",
        "vaultReplication",
        () => ({ ...copyTo(), vaultId: home().addVault().id, ...elsewhere() }),
    ],
    ["1005", "destinationRegion", "checkpointReplica", () => ({ ...copyTo(), ...onlyPoint(), ...elsewhere() })],
    ["1005", "destinationRegion", "backupReplica", () => ({ ...copyTo(), ...onlyBackup(), ...elsewhere() })],
    [
        "6120",
        "destinationVaultId",
        "vaultReplication",
        () => ({ ...copyTo(), vaultId: home().addVault().id, destinationVaultId: missing }),
    ],
    [
        "6120",
        "destinationVaultId",
        "backupReplica",
        () => ({ ...copyTo(), ...onlyBackup(), destinationVaultId: missing }),
    ],
    [
        "6120",
        "destinationVaultId",
        "checkpointReplica",
        () => ({ ...copyTo(), ...onlyPoint(), destinationVaultId: missing }),
    ],
    [
        "6119",
        "destinationVaultId",
        "vaultReplication",
        () => ({ ...copyTo(), vaultId: home().addVault().id, destinationVaultId: away().addVault().id }),
    ],
    // A vault for copies, but of disks.
    ["6119", "destinationVaultId", "backupReplica", () => ({ ...copyTo(), ...onlyBackup(), ...copyToDisks() })],
    ["6119", "destinationVaultId", "checkpointReplica", () => ({ ...copyTo(), ...onlyPoint(), ...copyToDisks() })],
    ["6129", "destinationVaultId", "vaultReplication", () => ({ vaultId: home().addVault().id, ...copyToFull() })],
    ["6129", "destinationVaultId", "checkpointReplica", () => ({ ...onlyPoint(), ...copyToFull() })],
    ["6129", "destinationVaultId", "backupReplica", () => ({ ...onlyBackup(), ...copyToFull() })],
    [
        "6122",
        "vaultId",
        "vaultReplication",
        () => ({ ...copyTo(), vaultId: home().addVault({ objectType: "disk" }).id }),
    ],
    ["6122", "backupId", "backupReplica", () => ({ ...copyTo(), ...onlyBackup({ objectType: "disk" }) })],
    ["6122", "checkpointId", "checkpointReplica", () => ({ ...copyTo(), ...onlyPoint({ objectType: "disk" }) })],
    [
        "6128",
        "vaultId",
        "vaultReplication",
        () => ({ ...copyTo(), vaultId: home().addVault({ protectType: "replication" }).id }),
    ],
    [
        "6128",
        "vaultId",
        "vaultReplication",
        () => ({ ...copyTo(), vaultId: home().addVault({ cloudType: "hybrid" }).id }),
    ],
    [
        "6128",
        "backupId",
        "backupReplica",
        () => ({ ...copyTo(), ...onlyBackup({ protectType: "replication", resources: 1 }) }),
    ],
    [
        "6128",
        "checkpointId",
        "checkpointReplica",
        () => ({ ...copyTo(), ...onlyPoint({ protectType: "replication", resources: 1 }) }),
    ],
    ["6200", "backupId", "backupReplica", () => ({ ...copyTo(), backupId: missing })],
    ["6217", "checkpointId", "checkpointReplica", () => ({ ...copyTo(), checkpointId: missing })],
    // Still shown, but not there any more.
    ["6217", "checkpointId", "checkpointReplica", () => ({ ...copyTo(), checkpointId: deletedPoint() })],
];
/** A region that takes no copies, with a project, so that nobody is asked for its name. */
const elsewhere = () => ({ destinationRegion: "eu-ch", destinationProjectId: sim.regions["eu-nl"].projectId });
const onlyBackup = (seed = {}) => ({ backupId: pointOf(seed).backupId });
const onlyPoint = (seed = {}) => ({ checkpointId: pointOf(seed).checkpointId });
const deletedPoint = () => home().addCheckpoint(home().addVault().id, { status: "deleted" }).id;
const copyToDisks = () => ({
    destinationVaultId: away().addVault({ protectType: "replication", objectType: "disk" }).id,
});
const copyToFull = () => ({
    destinationRegion: "eu-nl",
    destinationVaultId: away().addVault({ protectType: "replication", sizeGb: 10, usedMb: 10 * 1024 }).id,
});

describe("a preview says no as the API would", () => {
    it.each(cases)("%s at %s of a %s", async (code, property, kind, inputs) => {
        const process = newProcess();
        const given = inputs();
        expect(codes(await process.look(kind, given))).toEqual([`${property}: ${code}`]);
        expect(sim.requests.filter(({ method }) => method !== "GET")).toEqual([]);
        expect(warnings).toEqual([]);
        await expect(process.create(kind, given)).rejects.toThrow(
            // This one is looked for by the package itself.
            code === "6217" ? "there is no restore point" : `BackupService.${code}`,
        );
    });

    it("all of it at once", async () => {
        const unfit = away().addVault({ objectType: "disk", sizeGb: 10, usedMb: 10 * 1024 }).id;
        const vaultId = home().addVault().id;
        const wrong = { vaultId, destinationRegion: "eu-nl", destinationVaultId: unfit };
        expect(codes(await newProcess().look("vaultReplication", wrong))).toEqual([
            "destinationVaultId: 6119",
            "destinationVaultId: 6119",
            "destinationVaultId: 6129",
        ]);
        expect(
            codes(
                await newProcess().look("vaultReplication", {
                    ...wrong,
                    vaultId: missing,
                    destinationVaultId: missing,
                }),
            ),
        ).toEqual(["vaultId: 6105", "destinationVaultId: 6120"]);
    });

    it("and of a restore point that is there, why it cannot be adopted", async () => {
        const vaultId = home().addVault().id;
        const other = home().addVault().id;
        const adopt = home().addCheckpoint(vaultId, { name: "by-hand" }).id;
        const gone = home().addCheckpoint(vaultId, { status: "deleted" }).id;
        const empty = home().addCheckpoint(vaultId, { resources: [] }).id;
        for (const [inputs, reason] of [
            [{ vaultId: other, adopt }, `restore point ${adopt} is of vault ${vaultId}, but vaultId is ${other}`],
            [{ vaultId, adopt, name: "mine" }, `restore point ${adopt} is named by-hand, but name is mine. Leave name`],
            [{ vaultId, adopt: gone }, `restore point ${gone} has status deleted`],
            [{ vaultId, adopt: empty }, `restore point ${empty} has no backups left`],
        ] as const) {
            const process = newProcess();
            const failures = await process.look("checkpoint", inputs);
            expect(failures).toEqual([{ property: "adopt", reason: expect.stringContaining(reason) }]);
            await expect(process.create("checkpoint", inputs)).rejects.toThrow(`adopt: ${reason}`);
        }
        // What is not known yet says nothing.
        expect(await newProcess().look("checkpoint", { adopt, name: "by-hand" })).toEqual([]);
        expect(warnings).toEqual([]);
        // `up` takes over what has failed, so that it can be deleted, and then fails.
        const failed = home().addCheckpoint(vaultId, { status: "error" }).id;
        const process = newProcess();
        for (let turn = 0; turn < 2; turn++)
            expect(await process.look("checkpoint", { vaultId, adopt: failed })).toEqual([]);
        expect(warnings).toEqual([
            expect.stringMatching(
                `^restore point ${failed} is adopted, and \`up\` then fails: it has no good backup: .* \\(error\\)$`,
            ),
        ]);
        await expect(process.create("checkpoint", { vaultId, adopt: failed })).rejects.toThrow("has status error");
    });

    it("and says nothing about what can be done", async () => {
        const vault = home().addVault({ resources: 2 });
        const adopt = home().addCheckpoint(vault.id).id;
        const process = newProcess();
        for (const [kind, inputs] of [
            ["checkpoint", { vaultId: vault.id, resources: [...vault.resources.keys()] }],
            ["checkpoint", { vaultId: vault.id, adopt }],
            ["vaultReplication", { ...copyTo(), vaultId: vault.id }],
            ["backupReplica", { ...copyTo(), ...onlyBackup() }],
            ["checkpointReplica", { ...copyTo(), ...onlyPoint() }],
            ["vaultSync", { vaultId: home().addVault({ cloudType: "hybrid" }).id }],
        ] as const)
            expect(await process.look(kind, inputs)).toEqual([]);
        expect(warnings).toEqual([]);
    });

    it("only while it is true: what another resource has put right meanwhile is asked for again", async () => {
        const vault = home().addVault({ resources: 1 });
        const process = newProcess();
        const other = home().addVault({ resources: 1 });
        const [late] = [...other.resources.keys()];
        const inputs = { vaultId: vault.id, resources: [late] };
        expect(codes(await process.look("checkpoint", inputs))).toEqual(["resources[0]: 6135"]);
        home().addResource(vault.id, { id: late ?? "" });
        // A no is worth a few seconds; a yes for the whole run.
        expect(codes(await process.look("checkpoint", inputs))).toEqual(["resources[0]: 6135"]);
        process.time.ahead += 6_000;
        expect(await process.look("checkpoint", inputs)).toEqual([]);
        process.time.ahead += 60_000;
        sim.clearRequests();
        expect(await process.look("checkpoint", inputs)).toEqual([]);
        expect(sim.requests).toEqual([]);
    });
});

describe("with unknown inputs it checks what is known", () => {
    it.each([
        ["checkpoint", () => ({ resources: [missing] }), []],
        ["vaultReplication", () => ({ ...copyTo(), destinationVaultId: missing }), ["destinationVaultId: 6120"]],
        ["vaultReplication", () => ({ ...elsewhere() }), ["destinationRegion: 1005"]],
        ["vaultReplication", () => ({ vaultId: missing }), ["vaultId: 6105"]],
        ["vaultReplication", () => ({ destinationVaultId: missing }), []],
        ["backupReplica", () => ({ ...copyTo(), ...copyToFull() }), ["destinationVaultId: 6129"]],
        ["backupReplica", () => ({ backupId: missing }), ["backupId: 6200"]],
        ["checkpointReplica", () => ({ ...copyTo(), destinationVaultId: missing }), ["destinationVaultId: 6120"]],
        ["checkpointReplica", () => ({ ...elsewhere() }), ["destinationRegion: 1005"]],
        ["checkpointReplica", () => ({ checkpointId: missing }), ["checkpointId: 6217"]],
        ["checkpointReplica", () => ({ destinationVaultId: missing }), []],
        ["vaultSync", () => ({}), []],
    ] as const satisfies readonly (readonly [Kind, () => Inputs, readonly string[]])[])(
        "%s, case %#",
        async (kind, inputs, wanted) => {
            expect(codes(await newProcess().look(kind, inputs()))).toEqual(wanted);
            expect(warnings).toEqual([]);
        },
    );
});

describe("it costs", () => {
    it("one list for a thousand checkpoints on ten vaults, and ten pages of what can be backed up", async () => {
        const vaults = Array.from({ length: 10 }, () => home().addVault({ resources: 100 }));
        const process = newProcess();
        const all = await Promise.all(
            Array.from({ length: 1_000 }, (_, index) => {
                const vault = vaults[index % 10];
                const resource = [...(vault?.resources.keys() ?? [])][Math.floor(index / 10)];
                return process.look("checkpoint", { vaultId: vault?.id, resources: [resource] }, `c${index}`);
            }),
        );
        expect(all.flat()).toEqual([]);
        expect(operations()).toEqual([...Array(10).fill("ListProtectable"), "ListVaults"]);
        expect(sim.requests.length).toBeLessThanOrEqual(25);
        expect(warnings).toEqual([]);
    });

    it("one list for many vaults that are asked for one after the other, whatever is made meanwhile", async () => {
        const vaults = Array.from({ length: 20 }, () => home().addVault({ resources: 1 }));
        const process = newProcess();
        for (const [index, vault] of vaults.entries()) {
            expect(await process.look("checkpoint", { vaultId: vault.id }, `c${index}`)).toEqual([]);
            process.context().client.changes++;
        }
        expect(operations()).toEqual(["ListProtectable", "ListVaults", "ShowVault", "ShowVault", "ShowVault"]);
    });

    it("a read for each vault where they may not be listed", async () => {
        const vaults = Array.from({ length: 10 }, () => home().addVault({ resources: 1 }));
        sim.fail({ operation: "ListVaults", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
        const process = newProcess();
        const all = await Promise.all(
            vaults.map((vault, index) => process.look("checkpoint", { vaultId: vault.id }, `c${index}`)),
        );
        expect(all.flat()).toEqual([]);
        expect(operations().filter((operation) => operation === "ShowVault")).toHaveLength(10);
        expect(warnings).toEqual([]);
    });

    it("as little for a thousand that are wrong", async () => {
        const vaults = Array.from({ length: 10 }, () => home().addVault());
        const process = newProcess();
        const all = await Promise.all(
            Array.from({ length: 1_000 }, (_, index) =>
                process.look("checkpoint", { vaultId: vaults[index % 10]?.id, resources: [missing] }, `c${index}`),
            ),
        );
        expect(all.filter((failures) => failures.length === 1)).toHaveLength(1_000);
        expect(sim.requests.length).toBeLessThanOrEqual(25);
    });

    it.each([
        ["four reads for a thousand copies of a vault without backups", 0],
        ["five of one with backups", 1],
    ])("%s", async (_, points) => {
        const vaultId = home().addVault({ resources: 1 }).id;
        if (points > 0) home().addCheckpoint(vaultId);
        const inputs = { ...copyTo(), vaultId };
        const process = newProcess();
        await Promise.all(
            Array.from({ length: 1_000 }, (_, index) => process.look("vaultReplication", inputs, `r${index}`)),
        );
        expect(operations()).toEqual([
            ...["KeystoneListProjects", ...(points > 0 ? ["ListBackups"] : [])],
            ...["ShowReplicationCapabilities", "ShowVault", "ShowVault"],
        ]);
    });

    it("six reads for a thousand copies of one restore point", async () => {
        const inputs = { ...copyTo(), ...onlyPoint() };
        const process = newProcess();
        await Promise.all(
            Array.from({ length: 1_000 }, (_, index) => process.look("checkpointReplica", inputs, `p${index}`)),
        );
        expect(operations()).toEqual([
            ...["KeystoneListProjects", "ListBackups", "ShowCheckpoint", "ShowReplicationCapabilities"],
            ...["ShowVault", "ShowVault"],
        ]);
    });

    it("nothing when it is off, and nothing without credentials but one line", async () => {
        const bad = { vaultId: missing, ...copyTo(), destinationVaultId: missing };
        for (const config of [{ "cbr:preflight": "off" }, { "cbr:accessKey": undefined, "cbr:secretKey": undefined }]) {
            const process = newProcess(config);
            for (const name of ["one", "two"]) expect(await process.look("vaultReplication", bad, name)).toEqual([]);
        }
        expect(sim.requests).toEqual([]);
        expect(warnings).toEqual(["preflight: the cloud was not asked whether this can work (no credentials are set)"]);
    });
});

describe("it fails open", () => {
    const bad = () => ({ vaultId: missing, destinationRegion: "eu-nl", destinationVaultId: missing });

    it.each([
        [{ status: 403, code: "APIGW.0302" }, /\(ShowVault: HTTP 403 APIGW\.0302.*\)$/],
        [{ status: 403, shape: "html" }, /HTTP 403/],
        [{ status: 500 }, /HTTP 500|no answer from \S+ in time/],
        [{ status: 503 }, /HTTP 503|no answer from \S+ in time/],
        [{ status: 429 }, /HTTP 429|no answer from \S+ in time/],
        ["reset-before", /ShowVault|no answer from \S+ in time/],
    ] as const)("with one line, where the cloud answers %j", async (effect, why) => {
        sim.fail({ times: 0, effect });
        const process = newProcess({}, 10);
        for (const name of ["one", "two"]) expect(await process.look("vaultReplication", bad(), name)).toEqual([]);
        expect(warnings).toEqual([expect.stringMatching(/^preflight: the cloud did not say whether this can work/)]);
        expect(warnings).toEqual([expect.stringMatching(why)]);
    });

    it("without rights to some things it still says what it knows about others", async () => {
        const [hidden, open] = [home().addVault(), home().addVault()];
        sim.fail({ operation: "ShowVault", id: hidden.id, times: 0, effect: { status: 403, code: "APIGW.0302" } });
        const process = newProcess();
        expect(
            codes(
                await process.look("vaultReplication", {
                    ...copyTo(),
                    vaultId: hidden.id,
                    destinationVaultId: missing,
                }),
            ),
        ).toEqual(["destinationVaultId: 6120"]);
        expect(codes(await process.look("checkpoint", { vaultId: open.id, resources: [missing] }))).toEqual([
            "resources[0]: 6135",
        ]);
        expect(warnings).toHaveLength(1);
    });

    it.each([403, 404])("silently, where a cloud answers the question for region pairs with %i", async (status) => {
        sim.fail({ operation: "ShowReplicationCapabilities", times: 0, effect: { status } });
        const inputs = { ...copyTo(), vaultId: home().addVault().id, destinationRegion: "eu-ch" };
        const failures = await newProcess({
            "cbr:endpoints": JSON.stringify({
                ...JSON.parse(sim.settings().config["cbr:endpoints"] ?? ""),
                "eu-ch": sim.regions["eu-nl"].url,
            }),
        }).look("vaultReplication", { ...inputs, destinationProjectId: sim.regions["eu-nl"].projectId });
        expect(failures).toEqual([]);
        expect(warnings).toEqual([]);
    });

    it("in a region where restore points may not be read: it still says what it knows about the destination", async () => {
        sim.fail({ operation: "ShowCheckpoint", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        const inputs = { ...copyTo(), ...onlyPoint(), destinationVaultId: missing };
        const process = newProcess();
        for (const name of ["one", "two"])
            expect(codes(await process.look("checkpointReplica", inputs, name))).toEqual(["destinationVaultId: 6120"]);
        expect(warnings).toEqual([expect.stringContaining("HTTP 403")]);
    });

    it("in a destination that these credentials may not sign in to", async () => {
        sim.fail({ operation: "ShowVault", region: "eu-nl", times: 0, effect: { status: 401, code: "APIGW.0301" } });
        const inputs = { ...copyTo(), vaultId: home().addVault().id };
        expect(await newProcess().look("vaultReplication", inputs)).toEqual([]);
        expect(warnings).toEqual([expect.stringContaining("HTTP 401")]);
    });

    it("without a network, with one line and no second try for other vaults of the region", async () => {
        const endpoints = JSON.stringify({ "eu-de": "http://127.0.0.1:9", "eu-nl": sim.regions["eu-nl"].url });
        const process = newProcess({ "cbr:endpoints": endpoints }, 25);
        const connect = vi.spyOn(net, "connect");
        const look = async () =>
            expect(await process.look("checkpoint", { vaultId: home().addVault().id })).toEqual([]);
        await look();
        const tried = connect.mock.calls.length;
        for (let index = 0; index < 20; index++) await look();
        expect(tried).toBeGreaterThan(0);
        expect(connect.mock.calls.length).toBe(tried);
        connect.mockRestore();
        // The second on a machine that is too busy to hear of it in time.
        expect(warnings).toEqual([expect.stringMatching(/connection refused|no answer from 127.0.0.1:9 in time/)]);
    });

    it("when the cloud is slow: it waits once for the whole process", async () => {
        sim.fail({ times: 0, effect: { delayMs: 60_000, when: "before" } });
        const process = newProcess({}, 25);
        for (const name of ["one", "two"]) expect(await process.look("vaultReplication", bad(), name)).toEqual([]);
        const { host } = new URL(sim.regions["eu-de"].url);
        expect(warnings).toEqual([
            `preflight: the cloud did not say whether this can work (no answer from ${host} in time)`,
        ]);
        // The second one did not try.
        expect(sim.requests.length).toBeLessThanOrEqual(1);
    });

    it("but not with a key that is refused: `up` would get no further", async () => {
        const failures = await newProcess({ "cbr:secretKey": "not-the-secret-key" }).look("checkpoint", {
            vaultId: missing,
        });
        expect(failures).toEqual([
            { property: "", reason: expect.stringMatching(/HTTP 401 APIGW\.0301.*cbr:secretKey/) },
        ]);
    });

    it("with half of the credentials, which it names", async () => {
        expect(await newProcess({ "cbr:secretKey": undefined }).look("checkpoint", { vaultId: missing })).toEqual([]);
        expect(warnings).toEqual([expect.stringMatching(/\(the credentials are incomplete: .*secretKey.*\)$/)]);
    });
});
