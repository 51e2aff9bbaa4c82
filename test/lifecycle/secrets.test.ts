import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { needsCli } from "../support/pulumi";
import { expectAbsent, hostNames, hosts, type Life, listOf, messages, openLife, ops } from "./life";

const NAME = "Xk7-confidential-project";

/** An exported state's value without its envelopes. */
function opened(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(opened);
    if (typeof value !== "object" || value === null) return value;
    if ("plaintext" in value) return opened(JSON.parse(String(value.plaintext)));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, opened(item)]));
}

/** Runs an operation, after which the secret stands in plain neither in what was said nor anywhere on disk. */
function hiding(life: Life) {
    return async (...[operation, options]: ["up" | "refresh" | "preview" | "destroy", object?]) => {
        const report = await life[operation](options);
        const said = `${report.stdout}\n${report.stderr}\n${JSON.stringify(report.events)}`;
        for (const text of [said, life.stored()]) {
            expectAbsent(text, NAME);
            expectAbsent(text, NAME.toLowerCase());
        }
        return report;
    };
}

it("keeps a secret name secret wherever the cloud repeats it: in backups, messages and failures", async () => {
    const life = await openLife();
    const run = hiding(life);
    const vaultId = life.vault({ resources: 2 });
    const destinationVaultId = life.destination();
    let round = 0;
    life.use(async () => {
        const name = pulumi.secret(NAME);
        const point = new cbr.Checkpoint("point", { vaultId, name, triggers: [round], onPartialFailure: "fail" });
        const copy = { destinationRegion: "eu-nl", destinationVaultId } as const;
        if (round === 0)
            new cbr.BackupReplica("copy", { backupId: point.backupIds.apply(([id = ""]) => id), name, ...copy });
        return { backups: point.backups, ids: point.backupIds };
    });
    await run("up");
    const { outputs } = await life.state("point");
    const names = listOf<{ name: string }>(opened(outputs["backups"])).map((one) => one.name);
    expect([opened(outputs["name"]), names.sort()]).toEqual([NAME, [`${NAME}-0001`, `${NAME}-0002`]]);
    expect(life.stored()).toContain(String(listOf(outputs["backupIds"])[0]));
    expect((await life.stack.outputs())["ids"]?.secret).toBe(false);
    expect((await life.stack.outputs())["backups"]?.secret).toBe(true);
    await run("refresh");
    await run("preview");

    // A failure says the name, and carries outputs that have it.
    round = 1;
    life.fail("CreateCheckpoint", vaultId, { kind: "backup-error", resource: 0, message: `no room for ${NAME}` });
    const failed = await run("up", { expectFailure: true });
    expect(messages(failed, "point")).toMatch(/1 good, 1 failed: .*no room for \[secret\]/);
    expect(opened((await life.state("point")).outputs["backups"])).toHaveLength(2);

    round = 2;
    life.fail("CreateCheckpoint", vaultId, "reset-before");
    const again = await run("up");
    expect(ops(again)).toContain("replace point");
    await run("refresh");
    await run("destroy");
});

it("leaves a plain name readable, and no note in state where nothing is secret", async () => {
    const life = await openLife();
    const vaultId = life.vault();
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId: pulumi.output(vaultId), name: pulumi.output("release") });
    });
    await life.up();
    const { inputs, outputs } = await life.state("point");
    expect(life.stored()).toContain('"name":"release"');
    for (const bag of [inputs, outputs]) expect(Object.keys(bag)).not.toContain("__secret");
});

it.for(hostNames)(
    "shows no secret of a copy in what its row says, however short it is: %s host",
    async (host, { skip }) => {
        await needsCli(skip, "both hosts are compared on Pulumi's own engine");
        const life = await openLife({ host });
        const cbr = hosts[host];
        const vaultId = life.vault({ resources: [{ name: "web-1", sizeGb: 80 }] });
        const point = life.home.addCheckpoint(vaultId);
        const [backupId = ""] = life.home.backupsOf(point.id).map(({ id }) => id);
        const destinationVaultId = life.destination({ sizeGb: 50 });
        const [destinationRegion, hidden] = [pulumi.secret("eu-nl"), pulumi.secret(destinationVaultId)];
        const to = { destinationRegion, destinationVaultId: hidden };
        let adopt: string[] = [];
        let missing = "";
        life.use(async () => {
            new cbr.BackupReplica("one", { backupId: pulumi.secret(backupId), ...to });
            if (adopt.length > 0)
                new cbr.CheckpointReplica("all", { checkpointId: point.id, ...to, adopt: pulumi.secret(adopt) });
            if (missing !== "")
                new cbr.BackupReplica("bad", {
                    backupId,
                    destinationRegion,
                    destinationVaultId: pulumi.secret(missing),
                });
        });
        const said = async (name: string, ...[operation, options]: ["up" | "preview" | "destroy", object?]) => {
            const report = await life[operation](options);
            const text = messages(report, name, true);
            for (const secret of ["eu-nl", backupId, destinationVaultId, ...adopt, missing].filter((one) => one !== ""))
                expectAbsent(text, secret);
            return text;
        };
        expect(await said("one", "preview")).toMatch(/to copy to \[secret\]: 1 backup \(web-1\), at most 80 GB/);
        expect(await said("one", "preview")).toMatch(/\[secret\]: .*\[secret\].* 80 GB/);
        await said("one", "up");
        adopt = [...life.away.backups.keys()];
        expect(await said("all", "up")).toMatch(/adopted 1 of 1 replicas in \[secret\]/);
        missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
        expect(await said("bad", "preview", { expectFailure: true })).toMatch(
            /there is no vault \[secret\] in \[secret\]/,
        );
        missing = "";
        await said("all", "destroy");
    },
);
