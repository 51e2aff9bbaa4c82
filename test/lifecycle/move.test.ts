// A stack's resources change their provider: nothing is taken, copied or deleted.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { command, temporaryFolder } from "../support/packed";
import { findPulumi, needsCli } from "../support/pulumi";
import { type HostName, hosts, type Life, openLife, ops, typesOf } from "./life";

const root = join(__dirname, "../..");

/** All resources, by whichever host; `options` are those of each class. */
function everything(
    life: Life,
    host: () => HostName,
    options: (kind: string) => pulumi.CustomResourceOptions = () => ({}),
) {
    const [vaultId, hybridVaultId] = [life.vault({ resources: 2 }), life.hybridVault({ onPremises: { added: 1 } })];
    const [source, single] = [life.vaultWithBackup(), life.vaultWithBackup()];
    const destinationVaultId = life.destination();
    return async () => {
        const cbr = hosts[host()];
        const copyTo = { destinationRegion: "eu-nl", destinationVaultId, deletionPolicy: "delete" } as const;
        const point = new cbr.Checkpoint(
            "point",
            { vaultId, name: "release", triggers: { a: [1] }, deletionPolicy: "delete" },
            options("Checkpoint"),
        );
        new cbr.CheckpointReplica("set", { checkpointId: point.id, ...copyTo }, options("CheckpointReplica"));
        new cbr.VaultReplication("run", { vaultId: source.vaultId, ...copyTo }, options("VaultReplication"));
        new cbr.BackupReplica("copy", { backupId: single.backupId, ...copyTo }, options("BackupReplica"));
        new cbr.VaultSync("sync", { vaultId: hybridVaultId, region: "eu-de" }, options("VaultSync"));
    };
}

const writes = (life: Life) => life.requests().filter(({ method }) => method !== "GET");

it("moves all resources from the dynamic host to the native one unchanged, and back with what was made meanwhile", async ({
    skip,
}) => {
    await needsCli(skip, "the native provider");
    const life = await openLife({ host: "native" });
    let host: HostName = "dynamic";
    const optionsOf = (kind: string): pulumi.CustomResourceOptions =>
        host === "dynamic" ? { aliases: [{ type: `${typesOf.native}${kind}` }] } : {};
    const all = everything(life, () => host, optionsOf);
    const bornVault = life.vault();
    let isBorn = false;
    life.use(async () => {
        await all();
        if (isBorn) new hosts[host].Checkpoint("born", { vaultId: bornVault }, optionsOf("Checkpoint"));
    });
    await life.up();
    const ids = async () => [...(await life.states())].map(([name, { id }]) => `${name} ${id}`).sort();
    const before = await ids();
    life.forget();

    host = "native";
    expect(ops(await life.preview())).toEqual([]);
    expect(ops(await life.up())).toEqual([]);
    for (const { type } of (await life.states()).values()) expect(type).toMatch(/^cbr:index:/);
    await life.refresh();
    expect(await ids()).toEqual(before);
    expect(writes(life)).toEqual([]);
    isBorn = true;
    expect(ops(await life.up())).toEqual(["create born"]);
    const during = await ids();
    life.forget();

    // What the native provider made lacks the code that the dynamic host deletes it with: an update in place adds it.
    host = "dynamic";
    expect(ops(await life.up())).toEqual(["update born"]);
    for (const { type, outputs } of (await life.states()).values()) {
        expect(type).toMatch(/^pulumi-nodejs:dynamic\/cbr:/);
        expect(outputs["__provider"]).toMatch(/^exports\.handler = /);
    }
    await life.refresh();
    expect(await ids()).toEqual(during);
    expect(writes(life)).toEqual([]);

    await life.destroy();
    expect(life.away.backups.size).toBe(0);
});

it("deletes no copy whose resource was renamed by an alias, under the native host too", async ({ skip }) => {
    await needsCli(skip, "the native provider");
    const life = await openLife({ host: "native" });
    const { native: cbr } = hosts;
    const { backupId } = life.vaultWithBackup();
    const destinationVaultId = life.destination();
    let [name, description] = ["old", "one"];
    life.use(async () => {
        const args = { backupId, destinationRegion: "eu-nl", destinationVaultId, deletionPolicy: "delete" } as const;
        new cbr.BackupReplica(name, { ...args, description }, name === "new" ? { aliases: [{ name: "old" }] } : {});
    });
    await life.up();
    // Renamed, and replaced before the old one goes by the name that it had.
    [name, description] = ["new", "two"];
    await life.up();
    const { outputs } = await life.state("new");
    expect([...life.away.backups.keys()]).toEqual([outputs["destinationBackupId"]]);
});

it("says once, before the engine asks the internet, what Pulumi.yaml lacks", async ({ skip }) => {
    await needsCli(skip, "a program without the plugin");
    const { command: cli } = await findPulumi();
    const folder = temporaryFolder();
    const program = `const cbr = require(${JSON.stringify(join(root, "dist/sdk/native/index.js"))});
        new cbr.Checkpoint("a", { vaultId: "x" });
        new cbr.Checkpoint("b", { vaultId: "x" });`;
    writeFileSync(join(folder, "Pulumi.yaml"), "name: bare\nruntime: nodejs\n");
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "bare", main: "index.js" }));
    writeFileSync(join(folder, "index.js"), program);
    await command("ln", ["-s", join(root, "node_modules"), "node_modules"], folder);
    const env = {
        PULUMI_HOME: join(folder, "home"),
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PATH: `${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}`,
    };
    await command(cli.command, ["stack", "init", "dev"], folder, env);
    const failed = await command(cli.command, ["preview"], folder, env).catch((error: unknown) => String(error));
    const lines = ["plugins:", "  providers:", "    - name: cbr", "      path: node_modules/pulumi-cbr"];
    expect(failed.split("plugins:")).toHaveLength(2);
    for (const line of lines) expect(failed).toContain(line);
    expect(failed).not.toMatch(/could not find latest version|no stack trace|\n {4}at /);
});
