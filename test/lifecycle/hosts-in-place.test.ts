// What changes in place, and what is taken over instead of being made, on both hosts and on Pulumi's own engine.
import { expect, it } from "vitest";
import { needsCli } from "../support/pulumi";
import { type HostName, hostNames, hosts, type Life, type LifeOptions, messages, openLife, ops } from "./life";

async function open(host: HostName, skip: (reason: string) => void, options: LifeOptions = {}): Promise<Life> {
    await needsCli(skip, "both hosts are compared on Pulumi's own engine");
    return openLife({ host, ...options });
}

const namesOf = (cloud: Life["home"]) =>
    [...cloud.backups.values()]
        .filter((one) => one.parentId === undefined)
        .map((one) => one.name)
        .sort();
const posts = (life: Life) => life.requests().filter(({ method }) => method !== "GET");
const otc: LifeOptions = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
    config: { "cbr:cloud": "otc" },
};

it.for(hostNames)("renames a restore point and a copy in place: %s host", async (host, { skip }) => {
    const life = await open(host, skip);
    const cbr = hosts[host];
    const [vaultId, source] = [life.vault({ resources: 2 }), life.vaultWithBackup()];
    const destinationVaultId = life.destination();
    let name = "before";
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, name });
        new cbr.BackupReplica("copy", {
            backupId: source.backupId,
            destinationRegion: "eu-nl",
            destinationVaultId,
            name,
        });
    });
    await life.up();
    const [point, copy] = [await life.state("point"), await life.state("copy")];
    name = "after";
    life.forget();
    const steps = ["update copy", "update point"];
    expect(ops(await life.preview())).toEqual(steps);
    expect(posts(life)).toEqual([]);
    expect(ops(await life.up())).toEqual(steps);
    expect(posts(life).map(({ operation }) => operation)).toEqual(["UpdateBackup", "UpdateBackup", "UpdateBackup"]);
    expect(namesOf(life.home)).toEqual(expect.arrayContaining(["after-0001", "after-0002"]));
    expect(namesOf(life.away)).toEqual(["after"]);
    expect([(await life.state("point")).id, (await life.state("copy")).id]).toEqual([point.id, copy.id]);
    await life.refresh();
    expect(ops(await life.preview())).toEqual([]);
});

it.for(hostNames)("replaces for another description, which no call can change: %s host", async (host, { skip }) => {
    const life = await open(host, skip);
    const cbr = hosts[host];
    const [vaultId, source] = [life.vault(), life.vaultWithBackup()];
    const destinationVaultId = life.destination();
    const copyTo = { backupId: source.backupId, destinationRegion: "eu-nl", destinationVaultId } as const;
    let description = "one";
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, description });
        new cbr.BackupReplica("copy", { ...copyTo, description, deletionPolicy: "delete" });
    });
    await life.up();
    description = "two";
    const replaced = ops(await life.preview()).filter((step) => !/^(create|delete)-/.test(step));
    expect(replaced).toEqual(["replace copy", "replace point"]);
});

it.for(hostNames)("refuses a new name in the preview where no call can give one: %s host", async (host, { skip }) => {
    const life = await open(host, skip, otc);
    const cbr = hosts[host];
    const [vaultId, source] = [life.vault(), life.vaultWithBackup()];
    const destinationVaultId = life.destination();
    let name = "before";
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, name });
        new cbr.BackupReplica("copy", {
            backupId: source.backupId,
            destinationRegion: "eu-nl",
            destinationVaultId,
            name,
        });
    });
    await life.up();
    name = "after";
    life.forget();
    for (const operation of ["preview", "up"] as const) {
        const refused = await life[operation]({ expectFailure: true, continueOnError: operation === "up" });
        expect(messages(refused)).toMatch(/Open Telekom Cloud.*rename|rename.*Open Telekom Cloud/);
    }
    expect(posts(life)).toEqual([]);
    expect((await life.state("point")).outputs["name"]).toBe("before");
});

it.for([...hostNames.map((host) => [host, "Huawei Cloud", {}] as const), ["dynamic", "OTC", otc] as const])(
    "adopts copies that are there, copies the rest, and deletes what it is told to: %s host, %s",
    async ([host, , options], { skip }) => {
        const life = await open(host, skip, options);
        const cbr = hosts[host];
        const [source, single] = [life.vaultWithBackup({ resources: 2 }), life.vaultWithBackup()];
        const destinationVaultId = life.destination();
        const checkpointId = life.home.backups.get(source.backupId)?.checkpointId ?? "";
        const copyTo = { destinationRegion: "eu-nl", destinationVaultId } as const;
        life.use(async () => {
            new cbr.BackupReplica("one", { backupId: source.backupId, ...copyTo }, { retainOnDelete: true });
            new cbr.BackupReplica("two", { backupId: single.backupId, ...copyTo }, { retainOnDelete: true });
        });
        await life.up();
        const replicaOf = async (name: string) => String((await life.state(name)).outputs["destinationBackupId"]);
        const [one, two] = [await replicaOf("one"), await replicaOf("two")];
        life.use(async () => {});
        await life.up();
        // Another stack would do the same; the copies stand, and nothing manages them.
        expect([...life.away.backups.keys()]).toEqual(expect.arrayContaining([one, two]));
        let wrong = true;
        life.use(async () => {
            const args = { ...copyTo, deletionPolicy: "delete" } as const;
            new cbr.CheckpointReplica("set", { checkpointId, ...args, adopt: [wrong ? two : one] });
            new cbr.BackupReplica("copy", { backupId: single.backupId, ...args, adopt: wrong ? one : two });
        });
        life.forget();
        const refused = await life.preview({ expectFailure: true });
        expect(messages(refused)).toMatch(/adopt/);
        expect(posts(life)).toEqual([]);
        wrong = false;
        expect(ops(await life.preview())).toEqual(["create copy", "create set"]);
        expect(ops(await life.up())).toEqual(["create copy", "create set"]);
        // The second server's backup has no copy yet.
        expect(posts(life).map(({ operation }) => operation)).toEqual(["CopyBackup"]);
        expect((await life.state("copy")).outputs["destinationBackupId"]).toBe(two);
        const set = (await life.state("set")).outputs["destinationBackupIds"] as string[];
        expect(set).toHaveLength(2);
        expect(set).toContain(one);
        await life.refresh();
        expect(ops(await life.preview())).toEqual([]);
        await life.destroy();
        expect(life.away.backups.size).toBe(0);
    },
);
