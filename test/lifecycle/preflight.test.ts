import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import type { Report } from "../support/stack";
import { type Life, messages, openLife } from "./life";

const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";

/** `property: code` of each failure of a preview, and that nothing was sent but questions. */
async function refusals(life: Life, program: () => unknown): Promise<string[]> {
    life.use(async () => {
        program();
    });
    life.forget();
    const report = await life.preview({ expectFailure: true });
    expect(life.calls().filter((call) => !call.startsWith("Show"))).toEqual([]);
    const lines = messages(report, "bad").split("\n");
    return lines
        .filter((line) => line.startsWith("error: "))
        .map((line) => {
            const [, property, code] = /: property (\S+) value .*\(BackupService\.(\d{4})\)/.exec(line) ?? [];
            return property === undefined ? line : `${property}: ${code}`;
        })
        .sort();
}

/** How often the note says that the cloud was not asked. */
function notes(report: Report): string[] {
    return messages(report)
        .split("\n")
        .filter((line) => line.includes("preflight:"));
}

it("shows in the preview what the cloud would refuse, at its property; without credentials it says that it did not look", async () => {
    const life = await openLife();
    const vaultId = life.vault();
    const { backupId } = life.vaultWithBackup();
    const diskVaultId = life.vault({ objectType: "disk" });
    const [diskBackup] = life.home.backupsOf(life.home.addCheckpoint(diskVaultId).id);
    const destinationVaultId = life.destination();
    // Wrong in three ways: for backups, for disks, and full.
    const unfit = life.away.addVault({ objectType: "disk", sizeGb: 10, usedMb: 10 * 1024 }).id;
    const copyTo = { destinationRegion: "eu-nl", destinationVaultId };
    const programs: Record<string, [() => unknown, string[]]> = {
        "no such vaults": [
            () => new cbr.VaultReplication("bad", { ...copyTo, vaultId: missing, destinationVaultId: missing }),
            ["destinationVaultId: 6120", "vaultId: 6105"],
        ],
        "an unfit destination vault": [
            () => new cbr.VaultReplication("bad", { ...copyTo, vaultId, destinationVaultId: unfit }),
            ["destinationVaultId: 6119", "destinationVaultId: 6128", "destinationVaultId: 6129"],
        ],
        "disks, and a region that takes no copies": [
            () => new cbr.VaultReplication("bad", { ...copyTo, vaultId: diskVaultId, destinationRegion: "eu-ch" }),
            ["destinationRegion: 1005", "vaultId: 6122"],
        ],
        "the backup of a disk": [
            () =>
                new cbr.BackupReplica("bad", {
                    ...copyTo,
                    backupId: diskBackup?.id ?? "",
                    destinationVaultId: missing,
                }),
            ["backupId: 6122", "destinationVaultId: 6120"],
        ],
        "resources that are not in the vault": [
            () => new cbr.Checkpoint("bad", { vaultId, resources: [missing] }),
            ["resources[0]: 6135"],
        ],
        "a vault that does not synchronise": [() => new cbr.VaultSync("bad", { vaultId }), ["vaultId: 7300"]],
        "no vault to synchronise": [() => new cbr.VaultSync("bad", { vaultId: missing }), ["vaultId: 6105"]],
    };
    const seen: Record<string, string[]> = {};
    for (const [name, [program]] of Object.entries(programs)) seen[name] = await refusals(life, program);
    expect(seen).toEqual(Object.fromEntries(Object.entries(programs).map(([name, [, wanted]]) => [name, wanted])));

    // What can be done passes without a word, and vaults that many resources ask for are looked at once.
    const vaultIds = Array.from({ length: 10 }, () => life.vault());
    life.use(async () => {
        for (let index = 0; index < 100; index++)
            new cbr.Checkpoint(`c${index}`, { vaultId: vaultIds[index % 10] ?? "", triggers: [index] });
        new cbr.VaultReplication("good", { ...copyTo, vaultId });
        new cbr.BackupReplica("copy", { ...copyTo, backupId });
    });
    life.forget();
    expect(notes(await life.preview())).toEqual([]);
    expect(life.calls().sort()).toEqual([
        "ShowBackup",
        "ShowReplicationCapabilities",
        // Ten vaults of checkpoints, one more source, one destination.
        ...Array.from({ length: 12 }, () => "ShowVault"),
    ]);
    expect(life.sim.requests.length).toBeLessThanOrEqual(25);

    // Lack of rights and a cloud in trouble fail nothing: one line says so, whoever asks.
    const bad = () => {
        for (const kind of ["one", "two"]) new cbr.Checkpoint(kind, { vaultId: missing, resources: [missing] });
        new cbr.VaultReplication("bad", { ...copyTo, vaultId: missing });
        new cbr.VaultSync("sync", { vaultId: missing });
    };
    life.use(async () => bad());
    for (const effect of [
        { status: 403, code: "APIGW.0302" },
        { status: 403, shape: "html" },
    ] as const) {
        life.sim.clearFaults();
        for (const operation of ["ShowVault", "ShowReplicationCapabilities"])
            life.sim.fail({ operation, effect, times: 0 });
        const report = await life.preview();
        expect(report.changes).toEqual({ create: 5 });
        expect(notes(report)).toEqual([
            expect.stringMatching(/^warning: preflight: the cloud was not asked .*HTTP 403/),
        ]);
    }
    life.sim.clearFaults();

    await life.stack.setConfig({ "cbr:preflight": "off" });
    life.forget();
    const off = await life.preview();
    expect([off.changes, notes(off), life.sim.requests]).toEqual([{ create: 5 }, [], []]);

    const fork = await openLife({ config: { "cbr:accessKey": undefined, "cbr:secretKey": undefined } });
    fork.use(async () => bad());
    const report = await fork.preview();
    expect(report.changes).toEqual({ create: 5 });
    expect(notes(report)).toEqual([
        "warning: preflight: the cloud was not asked whether this can work (no credentials are set)",
    ]);
    expect(fork.sim.requests).toEqual([]);
});
