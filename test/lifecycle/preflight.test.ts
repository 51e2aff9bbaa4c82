import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { needsCli } from "../support/pulumi";
import type { Report } from "../support/stack-report";
import { hostNames, hosts, type Life, messages, openLife, ops } from "./life";

const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";

/** `property: reason` of each failure of a preview of the resource `bad`; and nothing was sent but questions. */
async function refusals(life: Life, program: () => unknown): Promise<string[]> {
    life.use(async () => {
        program();
    });
    life.forget();
    const report = await life.preview({ expectFailure: true });
    expect(life.calls().filter((call) => !/^(Show|List)/.test(call))).toEqual([]);
    const errors = messages(report, "bad")
        .split("\n")
        .filter((line) => line.startsWith("error: "));
    // It failed, and for another reason.
    if (errors.length === 0) expect.unreachable(`${report.stdout}\n${report.stderr}\n${said(report).join("\n")}`);
    return errors.map((line) => line.replace(/^.*?: property (\S+) value \{.*\} has a problem: /, "$1: ")).sort();
}

/** Everything that was said, on whichever row, but for passing status lines. */
function said(report: Report): string[] {
    return report.events
        .flatMap(({ diagnosticEvent }) => diagnosticEvent ?? [])
        .filter(({ ephemeral, severity }) => ephemeral !== true && String(severity) !== "debug")
        .map(({ severity, message }) => `${severity}: ${message.trim()}`);
}

type Program = () => unknown;

/** One program for each way of being wrong, with what a preview has to say about it. All together they are one program, too. */
function wrongPrograms(life: Life): Record<string, [program: (name: string) => unknown, wanted: string[]]> {
    const vaultId = life.vault();
    const { backupId } = life.vaultWithBackup();
    const disks = life.vault({ objectType: "disk" });
    const diskPoint = life.home.addCheckpoint(disks).id;
    const diskBackup = life.home.backupsOf(diskPoint)[0]?.id ?? "";
    const copies = life.home.addVault({ protectType: "replication", resources: 1 }).id;
    const copiedPoint = life.home.addCheckpoint(copies).id;
    const destinationVaultId = life.destination();
    const fullSource = life.vault({ sizeGb: 10, usedMb: 10 * 1024 });
    const full = life.destination({ sizeGb: 10, usedMb: 10 * 1024 });
    const unfit = life.away.addVault({ objectType: "disk" }).id;
    const { projectId } = life.home;
    const copyTo = { destinationRegion: "eu-nl", destinationVaultId };
    const replication = (args: Partial<cbr.VaultReplicationArgs>) => (name: string) =>
        new cbr.VaultReplication(name, { ...copyTo, vaultId, ...args });
    const noVault = `vaultId: there is no vault ${missing} in eu-de, project ${projectId} (BackupService.6105): check vaultId, region and projectId`;
    const noDestination = `destinationVaultId: there is no vault ${missing} in eu-nl, project ${life.away.projectId} (BackupService.6120): check destinationVaultId, destinationRegion and destinationProjectId`;
    return {
        "6105 for a restore point": [(name) => new cbr.Checkpoint(name, { vaultId: missing }), [noVault]],
        "6114 for a restore point": [
            (name) => new cbr.Checkpoint(name, { vaultId: fullSource }),
            [`vaultId: vault ${fullSource} is full: 10 of 10 GB used (BackupService.6114)`],
        ],
        "6105 for a synchronisation": [(name) => new cbr.VaultSync(name, { vaultId: missing }), [noVault]],
        "6105 and 6120": [replication({ vaultId: missing, destinationVaultId: missing }), [noDestination, noVault]],
        "6119 twice": [
            replication({ destinationVaultId: unfit }),
            [
                `destinationVaultId: vault ${unfit} has protect type backup; copies go to a vault of protect type replication (BackupService.6119)`,
                `destinationVaultId: vault ${unfit} is for objects of type disk, the source is of type server (BackupService.6119)`,
            ],
        ],
        "6120 for a backup": [
            (name) => new cbr.BackupReplica(name, { ...copyTo, backupId, destinationVaultId: missing }),
            [noDestination],
        ],
        "6122 and 1005": [
            replication({ vaultId: disks, destinationRegion: "eu-ch" }),
            [
                "destinationRegion: eu-de cannot replicate to eu-ch (BackupService.1005); it can to: eu-nl",
                `vaultId: vault ${disks} is for objects of type disk, which cannot be replicated; servers can (BackupService.6122)`,
            ],
        ],
        "6122 for a backup": [
            (name) => new cbr.BackupReplica(name, { ...copyTo, backupId: diskBackup }),
            [
                `backupId: backup ${diskBackup} is of a disk, which cannot be replicated; backups of servers can (BackupService.6122)`,
            ],
        ],
        "6122 for a restore point": [
            (name) => new cbr.CheckpointReplica(name, { ...copyTo, checkpointId: diskPoint }),
            [
                `checkpointId: restore point ${diskPoint}: vault ${disks} is for objects of type disk, which cannot be replicated; servers can (BackupService.6122)`,
            ],
        ],
        "6128": [
            replication({ vaultId: copies }),
            [
                `vaultId: vault ${copies} is a replication vault: replicas cannot be replicated again (BackupService.6128)`,
            ],
        ],
        "6128 for a restore point": [
            (name) => new cbr.CheckpointReplica(name, { ...copyTo, checkpointId: copiedPoint }),
            [
                `checkpointId: restore point ${copiedPoint}: vault ${copies} is a replication vault: replicas cannot be replicated again (BackupService.6128)`,
            ],
        ],
        "6217 and 6129": [
            (name) => new cbr.CheckpointReplica(name, { ...copyTo, checkpointId: missing, destinationVaultId: full }),
            [
                `checkpointId: there is no restore point ${missing} in eu-de, project ${projectId} (BackupService.6217): check checkpointId, region and projectId`,
                `destinationVaultId: vault ${full} is full: 10 of 10 GB used (BackupService.6129)`,
            ],
        ],
        "6129": [
            replication({ destinationVaultId: full }),
            [`destinationVaultId: vault ${full} is full: 10 of 10 GB used (BackupService.6129)`],
        ],
        "6135": [
            (name) => new cbr.Checkpoint(name, { vaultId, resources: [missing] }),
            [
                `resources[0]: resource ${missing} is not in vault ${vaultId} (BackupService.6135): associate it with the vault first, or leave it out`,
            ],
        ],
        "7300": [
            (name) => new cbr.VaultSync(name, { vaultId }),
            [
                `vaultId: vault ${vaultId} is not a hybrid-cloud vault, and only those can be synchronised (BackupService.7300)`,
            ],
        ],
    };
}

/** `eu-ch` is no region of this cloud: with an address it is one that copies cannot go to. */
const env = { HUAWEICLOUD_SDK_REGION_CBR_EU_CH: "http://127.0.0.1:9" };

const note = (why: string) => `warning: preflight: the cloud was not asked whether this can work (${why})`;

it("shows in the preview what the cloud would refuse, each at its property, with the reason and its code", async () => {
    const life = await openLife({ env });
    const programs = wrongPrograms(life);
    const seen: Record<string, string[]> = {};
    for (const [name, [program]] of Object.entries(programs)) seen[name] = await refusals(life, () => program("bad"));
    expect(seen).toEqual(Object.fromEntries(Object.entries(programs).map(([name, [, wanted]]) => [name, wanted])));
});

it("previews the same clean where it cannot look: one line in the whole report says so", async () => {
    const life = await openLife({ env });
    const programs = Object.entries(wrongPrograms(life));
    const all: Program = () => programs.map(([name, [program]]) => program(name));
    const clean = async (one: Life): Promise<string[]> => {
        one.use(async () => {
            all();
        });
        one.forget();
        const report = await one.preview();
        expect(report.changes).toEqual({ create: programs.length + 1 });
        return said(report);
    };

    // A fork's pull request has no credentials.
    const fork = await openLife({ env, config: { "cbr:accessKey": undefined, "cbr:secretKey": undefined } });
    expect(await clean(fork)).toEqual([note("no credentials are set")]);
    expect(fork.sim.requests).toEqual([]);

    // Credentials without rights, and a cloud that is not there.
    life.sim.fail({ effect: { status: 403, code: "APIGW.0302" }, times: 0 });
    expect(await clean(life)).toEqual([expect.stringMatching(/^warning: preflight: the cloud did not say .*HTTP 403/)]);
    await life.stack.setConfig({
        "cbr:authUrl": "http://127.0.0.1:9",
        "cbr:endpoints": JSON.stringify({ "eu-de": "http://127.0.0.1:9", "eu-nl": "http://127.0.0.1:9" }),
        "cbr:maxRetries": "0",
    });
    expect(await clean(life)).toEqual([
        expect.stringMatching(/^warning: preflight: the cloud did not say .*127\.0\.0\.1:9: connection refused/),
    ]);

    // Turned off, it neither asks nor says anything.
    const off = await openLife({ env, config: { "cbr:preflight": "off" } });
    expect(await clean(off)).toEqual([]);
    expect(off.sim.requests).toEqual([]);
});

it("asks little: a thousand restore points of ten vaults take eleven reads at most, what stands already none", async () => {
    const life = await openLife({ signIn: "password" });
    const vaultIds = Array.from({ length: 10 }, () => life.vault());
    life.use(async () => {
        for (let index = 0; index < 1_000; index++)
            new cbr.Checkpoint(`c${index}`, { vaultId: vaultIds[index % 10] ?? "", triggers: [index] });
    });
    life.forget();
    const report = await life.preview();
    expect([report.changes, said(report)]).toEqual([{ create: 1_001 }, []]);
    // Those that come together share a list; how many do is the engine's affair.
    expect(life.calls().filter((call) => call !== "ShowVault" && call !== "ListVaults")).toEqual(["ListProtectable"]);
    expect(life.calls().length).toBeLessThanOrEqual(11);
    // With sign-in.
    expect(life.sim.requests.length).toBeLessThanOrEqual(25);

    const { vaultId, backupId } = life.vaultWithBackup();
    const checkpointId = life.home.backups.get(backupId)?.checkpointId ?? "";
    const copyTo = { destinationRegion: "eu-nl", destinationVaultId: life.destination() };
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId });
        new cbr.VaultReplication("good", { ...copyTo, vaultId });
        new cbr.BackupReplica("copy", { ...copyTo, backupId });
        for (const name of ["one", "two"]) new cbr.CheckpointReplica(name, { ...copyTo, checkpointId });
    });
    life.forget();
    const second = await life.preview();
    const others = said(second).filter((line) => !line.startsWith("info: to copy to eu-nl: 1 backup ("));
    expect([second.changes, others]).toEqual([{ create: 6 }, []]);
    expect(life.calls().sort()).toEqual([
        // Of the vault and of the restore point: what copies of them would take.
        "ListBackups",
        "ListBackups",
        "ListProtectable",
        "ShowBackup",
        "ShowCheckpoint",
        "ShowReplicationCapabilities",
        // Source and destination.
        "ShowVault",
        "ShowVault",
    ]);
    await life.up();
    life.forget();
    await life.preview();
    expect(life.sim.requests).toEqual([]);
});

it("checks what is known beside what is not", async () => {
    const life = await openLife();
    const vaultId = life.vault();
    const before = () => new cbr.Checkpoint("before", { vaultId });
    const refused = await refusals(
        life,
        () =>
            new cbr.BackupReplica("bad", {
                backupId: before().backupIds.apply(([id]) => id ?? ""),
                destinationRegion: "eu-nl",
                destinationVaultId: missing,
            }),
    );
    expect(refused).toEqual([expect.stringMatching(/^destinationVaultId: .*6120/)]);
    expect(
        await refusals(
            life,
            () =>
                new cbr.VaultReplication("bad", {
                    vaultId: missing,
                    destinationRegion: "eu-nl",
                    destinationVaultId: before().id,
                }),
        ),
    ).toEqual([expect.stringMatching(/^vaultId: .*6105/)]);

    expect(
        await refusals(
            life,
            () =>
                new cbr.CheckpointReplica("bad", {
                    checkpointId: before().id,
                    destinationRegion: "eu-nl",
                    destinationVaultId: missing,
                }),
        ),
    ).toEqual([expect.stringMatching(/^destinationVaultId: .*6120/)]);
    expect(
        await refusals(
            life,
            () =>
                new cbr.CheckpointReplica("bad", {
                    checkpointId: missing,
                    destinationRegion: "eu-nl",
                    destinationVaultId: before().id,
                }),
        ),
    ).toEqual([expect.stringMatching(/^checkpointId: .*6217/)]);

    // Nothing is known about a region that is not known itself.
    life.use(async () => {
        const { id } = before();
        new cbr.VaultSync("unknown vault", { vaultId: id });
        new cbr.Checkpoint("unknown region", { vaultId: missing, region: id });
        const destination = { destinationRegion: id, destinationVaultId: missing };
        new cbr.VaultReplication("unknown destination", { vaultId, ...destination });
        new cbr.CheckpointReplica("unknown both", { checkpointId: id, ...destination });
        new cbr.CheckpointReplica("unknown source", {
            checkpointId: missing,
            destinationRegion: "eu-nl",
            destinationVaultId: id,
            region: id,
        });
    });
    const report = await life.preview();
    expect([report.changes, said(report)]).toEqual([{ create: 7 }, []]);
});

it("warns on its row where there may be too little room, and goes on; a choice that the cloud lacks is refused", async () => {
    const life = await openLife({
        regions: [
            { name: "eu-de", dialect: "otc" },
            { name: "eu-nl", dialect: "otc" },
        ],
        config: { "cbr:cloud": "otc" },
    });
    const tight = { sizeGb: 100, usedMb: 99 * 1024 };
    const vaultId = life.vault({ resources: [{ sizeGb: 80, disks: 2 }], ...tight });
    const [server] = life.home.vaults.get(vaultId)?.resources.values() ?? [];
    const { backupId } = life.vaultWithBackup();
    const destinationVaultId = life.destination(tight);
    const [system, data] = server?.disks.map((disk) => disk.id) ?? [];
    let choice: object = { excludeVolumes: [data] };
    life.use(async () => {
        const resourceDetails = [{ id: server?.id ?? "", type: "OS::Nova::Server", ...choice }];
        new cbr.Checkpoint("point", { vaultId, resourceDetails });
        new cbr.BackupReplica("copy", { backupId, destinationRegion: "eu-nl", destinationVaultId });
    });
    const report = await life.preview();
    expect(report.changes).toMatchObject({ create: 3 });
    expect(messages(report, "point")).toContain("full backups of 1 resource may take up to 80 GB");
    expect(messages(report, "copy")).toContain("first copies of 1 resource may take up to 40 GB");
    await life.up();
    const point = (await life.states()).get("point")?.outputs["backups"] as { children: { resourceId: string }[] }[];
    expect(point.map((one) => one.children.map((child) => child.resourceId))).toEqual([[system]]);

    choice = { includeVolumes: [{ id: system }] };
    const refused = await life.preview({ expectFailure: true });
    expect(messages(refused, "point")).toMatch(
        /resourceDetails\[0\]\.includeVolumes.*Open Telekom Cloud cannot choose volumes/,
    );
});

it.for(hostNames)(
    "says on a copy's row what it takes, and nothing of one that stands: %s host",
    async (host, { skip }) => {
        if (host === "native") await needsCli(skip, "the native provider");
        const { BackupReplica, CheckpointReplica, VaultReplication } = hosts[host];
        const life = await openLife({ host });
        const vaultId = life.vault({
            resources: [
                { name: "db-1", sizeGb: 100 },
                { name: "web-1", sizeGb: 40 },
            ],
        });
        const checkpointId = life.home.addCheckpoint(vaultId).id;
        const [backup] = life.home.backupsOf(checkpointId).filter(({ resourceName }) => resourceName === "web-1");
        const destinationVaultId = life.destination();
        life.home.addReplica(backup?.id ?? "", life.away, destinationVaultId);
        const to = { destinationRegion: "eu-nl", destinationVaultId };
        let triggers = [1];
        life.use(async () => {
            new VaultReplication("vault", { vaultId, triggers, ...to });
            new CheckpointReplica("point", { checkpointId, ...to });
            new BackupReplica("backup", { backupId: backup?.id ?? "", ...to });
        });
        const wanted = {
            vault: "to copy to eu-nl: 1 backup (db-1), at most 100 GB, the size of the disks; 1 more has a replica there already",
            point: "to copy to eu-nl: 1 backup (db-1), at most 100 GB, the size of the disks; 1 more has a replica there already",
            backup: "to copy to eu-nl: nothing; 1 more has a replica there already",
        };
        const first = await life.preview();
        for (const [name, line] of Object.entries(wanted)) expect(messages(first, name)).toBe(`info: ${line}`);
        await life.up();
        triggers = [2];
        life.forget();
        const second = await life.preview();
        expect(ops(second)).toContain("replace vault");
        expect(said(second)).toEqual(["info: to copy to eu-nl: nothing; 2 more have a replica there already"]);
    },
);
