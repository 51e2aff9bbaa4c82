import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { classes, expectAbsent, type Kind, listOf, messages, openLife, ops, providerArgs } from "./life";

const hidden = "hidden-from-everyone";

/** The settings of a region, as an explicit provider takes them: it does not inherit the stack's. */
it("does what Pulumi's resource options say", async () => {
    const life = await openLife();
    const destinationVaultId = life.destination();
    const copyTo = { destinationRegion: "eu-nl", destinationVaultId };
    const vaults = new Map<string, string>();
    const vaultFor = (name: string): string => {
        const vaultId = vaults.get(name) ?? life.vault();
        vaults.set(name, vaultId);
        return vaultId;
    };
    const source = life.vaultWithBackup();
    const single = life.vaultWithBackup();
    const copied = life.home.addCheckpoint(life.vault({ resources: 2 })).id;
    const hybridVaultId = life.hybridVault();
    const awayVaultId = life.away.addVault().id;
    let stage = 1;
    life.use(async () => {
        const checkpoint = (
            name: string,
            args: Partial<cbr.CheckpointArgs> = {},
            options: pulumi.CustomResourceOptions = {},
        ) => new cbr.Checkpoint(name, { vaultId: vaultFor(name), ...args }, options);
        const triggers = { stage };
        const group = new pulumi.ComponentResource("test:index:Group", "group");
        const child = checkpoint("child", {}, { parent: group });
        checkpoint("dependent", {}, { dependsOn: child });
        checkpoint("protected", {}, { protect: stage < 3 });
        if (stage === 1) checkpoint("retained", { deletionPolicy: "delete" }, { retainOnDelete: true });
        const replaceOnChanges = ["deletionPolicy"];
        checkpoint("on-changes", { deletionPolicy: stage === 1 ? "retain" : "delete" }, { replaceOnChanges });
        vaults.set("after", vaultFor("before"));
        if (stage === 1) checkpoint("before");
        else checkpoint("after", {}, { aliases: [{ name: "before" }] });
        checkpoint("first-deleted", { triggers, deletionPolicy: "delete" }, { deleteBeforeReplace: true });

        const ignoreChanges = ["triggers"];
        const customTimeouts = { create: "5m", delete: "10s" };
        const options = { ignoreChanges, customTimeouts };
        checkpoint("ignoring-checkpoint", { triggers }, options);
        new cbr.VaultReplication("ignoring-replication", { vaultId: source.vaultId, ...copyTo, triggers }, options);
        new cbr.BackupReplica("ignoring-replica", { backupId: single.backupId, ...copyTo, triggers }, options);
        new cbr.CheckpointReplica("ignoring-copies", { checkpointId: copied, ...copyTo, triggers }, options);
        new cbr.VaultSync("ignoring-sync", { vaultId: hybridVaultId, triggers }, options);
        // Own timeouts win.
        checkpoint("own-timeouts", { timeouts: { create: "7m" } }, { customTimeouts });

        const secret = checkpoint("secret", {
            description: pulumi.secret(hidden),
            triggers: { release: pulumi.secret(`${hidden}-2`) },
        });
        const nl = new cbr.Provider("nl", {
            ...providerArgs(life, "eu-nl"),
            ...(stage === 1 ? {} : { maxRequestsPerSecond: 500 }),
        });
        const away = new cbr.Checkpoint("away", { vaultId: awayVaultId }, { provider: nl });
        const plain = secret.triggers as pulumi.Output<{ release: string }>;
        return { description: secret.description, release: plain.release, region: away.region };
    });

    await life.up();
    const born = await life.states();
    expect(born.get("child")?.urn).toContain("test:index:Group$pulumi-nodejs:dynamic/cbr:Checkpoint::child");
    expect(born.get("dependent")?.dependencies).toEqual([born.get("child")?.urn]);
    const posts = life.requests().filter((one) => one.operation === "CreateCheckpoint");
    const indexOf = (name: string) => posts.findIndex((one) => JSON.stringify(one.body).includes(vaultFor(name)));
    expect(indexOf("child")).toBeLessThan(indexOf("dependent"));
    const ignoring = ["checkpoint", "replication", "replica", "copies", "sync"].map((one) => `ignoring-${one}`);
    for (const name of ignoring)
        expect(born.get(name)?.inputs["timeouts"], name).toEqual({ create: "5m", delete: "10s" });
    expect(born.get("own-timeouts")?.inputs["timeouts"]).toEqual({ create: "7m", delete: "10s" });
    expect(born.get("away")).toMatchObject({ outputs: { region: "eu-nl", projectId: life.away.projectId } });
    expect([...life.away.checkpoints.keys()]).toContain(born.get("away")?.id);

    // A secret that goes in stays a secret: in inputs and outputs of the resource, and in outputs of the stack.
    for (const bag of [born.get("secret")?.inputs, born.get("secret")?.outputs]) {
        const secretMark = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
        expect(bag?.["description"]).toMatchObject(secretMark);
        expect(bag?.["triggers"]).toMatchObject({ release: secretMark });
    }
    expectAbsent(life.stored(), hidden);
    const outputs = await life.stack.outputs();
    expect(outputs["description"]).toEqual({ value: hidden, secret: true });
    expect(outputs["release"]).toEqual({ value: `${hidden}-2`, secret: true });
    expect(life.home.checkpoints.get(born.get("secret")?.id ?? "")?.description).toBe(hidden);

    stage = 2;
    life.forget();
    const second = await life.up();
    const now = await life.states();
    expect(ops(second)).toEqual(
        [
            ...["create-replacement", "delete-replaced", "replace"].map((op) => `${op} first-deleted`),
            ...["create-replacement", "delete-replaced", "replace"].map((op) => `${op} on-changes`),
            "delete retained",
            "update nl",
        ].sort(),
    );
    for (const name of [...ignoring, "away"]) expect(now.get(name)?.id, name).toBe(born.get(name)?.id);
    expect(now.get("after")?.id).toBe(born.get("before")?.id);
    // The option keeps the backups although the policy says delete.
    expect(life.home.checkpoints.has(born.get("retained")?.id ?? "")).toBe(true);
    expect(life.home.checkpoints.has(born.get("first-deleted")?.id ?? "")).toBe(false);
    const steps = second.steps.filter(({ name }) => name === "first-deleted").map(({ op }) => op);
    expect(steps.indexOf("delete-replaced")).toBeLessThan(steps.indexOf("create-replacement"));
    expect(life.count("CreateCheckpoint")).toBe(2);

    const refused = await life.stack.previewDestroy({ expectFailure: true });
    expect(messages(refused)).toMatch(/protect/);
    stage = 3;
    life.forget();
    await life.up({ target: [now.get("protected")?.urn ?? ""] });
    expect(life.calls()).toEqual([]);
    await life.destroy();
    expect((await life.states()).size).toBe(0);
    expect(life.home.checkpoints.has(born.get("protected")?.id ?? "")).toBe(true);
});

it("a ReplicatedCheckpoint hands resource options on to its parts, and copies nothing of a restore point that is not good", async () => {
    const life = await openLife();
    const [vaultId, failingVaultId, keptVaultId] = [life.vault({ resources: 2 }), life.vault(), life.vault()];
    const backVaultId = life.home.addVault({ protectType: "replication" }).id;
    const awayVaultId = life.away.addVault().id;
    const destinationVaultId = life.destination();
    let stage = 1;
    life.use(async () => {
        const copies = [{ region: "eu-nl", vaultId: destinationVaultId }];
        const triggers = { stage: Math.min(stage, 2) };
        const nl = new cbr.Provider("nl", providerArgs(life, "eu-nl"));
        // The other way round: from the provider's own region back home.
        new cbr.ReplicatedCheckpoint(
            "away",
            { vaultId: awayVaultId, copies: [{ region: "eu-de", vaultId: backVaultId }] },
            { provider: nl },
        );
        const aliases = stage === 1 ? {} : { aliases: [{ name: "before" }] };
        new cbr.ReplicatedCheckpoint(
            stage === 1 ? "before" : "after",
            { vaultId, copies, description: pulumi.secret(hidden) },
            { ...aliases, protect: stage < 3 },
        );
        if (stage < 3)
            new cbr.ReplicatedCheckpoint(
                "kept",
                { vaultId: keptVaultId, copies, triggers, deletionPolicy: "delete" },
                { retainOnDelete: true },
            );
        new cbr.ReplicatedCheckpoint(
            "failing",
            { vaultId: failingVaultId, copies, triggers },
            { customTimeouts: { create: "5m" } },
        );
    });
    life.fail("CreateCheckpoint", failingVaultId, { kind: "backup-error", code: "BackupService.7103", message: "no" });

    const failed = await life.up({ expectFailure: true, continueOnError: true });
    expect(messages(failed, "failing")).toMatch(/7103/);
    const born = await life.states();
    expect(born.has("failing-eu-nl")).toBe(false);
    expectAbsent(life.stored(), hidden);
    expect(life.count("CopyBackup")).toBe(4);
    const back = born.get("away-eu-de")?.outputs;
    expect(back).toMatchObject({ region: "eu-nl", destinationRegion: "eu-de", status: "success" });
    expect(life.home.backups.get(String(listOf(back?.["destinationBackupIds"])[0]))?.vaultId).toBe(backVaultId);
    expect(born.get("failing")?.inputs["timeouts"]).toEqual({ create: "5m" });

    // The component's old name stands for those of its parts, too: nothing is taken or copied anew.
    stage = 2;
    life.forget();
    const second = await life.up();
    expect(ops(second)).toEqual(
        [
            "create failing-eu-nl",
            ...["failing", "kept", "kept-eu-nl"].flatMap((name) =>
                ["create-replacement", "delete-replaced", "replace"].map((op) => `${op} ${name}`),
            ),
        ].sort(),
    );
    const now = await life.states();
    expect(now.get("after-eu-nl")?.id).toBe(born.get("before-eu-nl")?.id);
    expect(now.get("failing-eu-nl")?.inputs["timeouts"]).toEqual({ create: "5m" });
    expect([life.count("CreateCheckpoint"), life.count("CopyBackup"), life.count("DeleteBackup")]).toEqual([2, 2, 0]);

    const refused = await life.stack.previewDestroy({ expectFailure: true });
    expect(messages(refused)).toMatch(/protect/);
    stage = 3;
    life.forget();
    await life.up();
    // The option keeps replicas and backups although the policy says delete.
    expect(life.calls().filter((call) => call === "DeleteBackup" || /^C/.test(call))).toEqual([]);
    await life.destroy();
    expect(life.home.checkpoints.has(now.get("kept")?.id ?? "")).toBe(true);
});

it("previews with every input unknown, asks nothing about what it does not know, and plans for the worst", async () => {
    const life = await openLife();
    const vaultId = life.vault({ resources: 2 });
    const [resource = ""] = [...(life.home.vaults.get(vaultId)?.resources.keys() ?? [])];
    const { backupId } = life.vaultWithBackup();
    const checkpointId = life.home.addCheckpoint(life.vault()).id;
    const hybridVaultId = life.hybridVault();
    const destinationVaultId = life.destination();
    const { projectId } = life.home;
    const common: Record<string, unknown> = {
        region: "eu-de",
        projectId,
        triggers: { a: 1 },
        timeouts: { create: "1h" },
        wait: true,
    };
    const copies = {
        destinationRegion: "eu-nl",
        destinationProjectId: life.away.projectId,
        destinationVaultId,
        deletionPolicy: "delete",
    };
    const all = {
        Checkpoint: {
            ...common,
            vaultId,
            name: "one",
            description: "two",
            incremental: false,
            autoTrigger: true,
            resources: [resource],
            onSkipped: "fail",
            onPartialFailure: "warn",
            deletionPolicy: "delete",
            recreateWhenExpired: true,
            adopt: backupId,
        },
        VaultReplication: { ...common, ...copies, vaultId, autoTrigger: true, onPartialFailure: "warn" },
        BackupReplica: { ...common, ...copies, backupId, name: "one", description: "two" },
        CheckpointReplica: { ...common, ...copies, checkpointId, onPartialFailure: "warn" },
        VaultSync: { ...common, vaultId: hybridVaultId, autoTrigger: true },
    } as const satisfies Record<Kind, object>;
    const required = {
        Checkpoint: ["vaultId"],
        VaultReplication: ["vaultId", "destinationRegion", "destinationVaultId"],
        BackupReplica: ["backupId", "destinationRegion", "destinationVaultId"],
        CheckpointReplica: ["checkpointId", "destinationRegion", "destinationVaultId"],
        VaultSync: ["vaultId"],
    } as const satisfies Record<Kind, readonly string[]>;
    let triggers = { run: 1 };
    let only: readonly string[] | undefined;
    let expected: string[] = [];
    life.use(async () => {
        expected = [];
        const seed = new cbr.Checkpoint("seed", { vaultId, triggers });
        for (const [kind, values] of Object.entries(all)) {
            const Class = classes[kind as Kind];
            const needed = required[kind as keyof typeof all] as readonly string[];
            const base = Object.fromEntries(Object.entries(values).filter(([key]) => needed.includes(key)));
            const make = (name: string, args: object) => {
                if (only !== undefined && !only.includes(name)) return;
                new Class(name, args);
                expected.push(name);
            };
            for (const [key, value] of Object.entries(values))
                make(`${kind}-${key}`, { ...base, [key]: seed.id.apply(() => value) });
            make(
                `${kind}-all`,
                Object.fromEntries(Object.entries(values).map(([key, value]) => [key, seed.id.apply(() => value)])),
            );
        }
        // Known parts are checked although others are not known: here the unknown is deep inside a list.
        const details = [{ id: resource, type: seed.id.apply(() => "OS::Nova::Server") }];
        if (only === undefined) new cbr.Checkpoint("deep", { vaultId, resourceDetails: details });
        return { known: seed.vaultId };
    });
    const preview = await life.preview();
    expect(preview.changes).toEqual({ create: expected.length + 3 });
    expectAbsent(JSON.stringify(life.requests()), "04da6b54-80e4-46f7-96ec-b56ff0331ba9");
    // Of the restore point that is known: what copies of it would take.
    const lists = life.calls().filter((call) => !/^(Show|ListVaults$|ListProtectable$)/.test(call));
    expect(lists).toEqual(["ListBackups"]);

    // Of what exists: an unknown counts as changed.
    only = [
        ...["Checkpoint-resources", "Checkpoint-deletionPolicy", "VaultSync-triggers", "BackupReplica-name"],
        ...["CheckpointReplica-checkpointId", "CheckpointReplica-deletionPolicy"],
    ];
    await life.up();
    triggers = { run: 2 };
    const planned = await life.preview();
    expect(ops(planned)).toEqual(
        [...only.filter((name) => !/-(deletionPolicy|name)$/.test(name)), "seed"]
            .flatMap((name) => ["create-replacement", "delete-replaced", "replace"].map((op) => `${op} ${name}`))
            .concat(
                ...["Checkpoint-deletionPolicy", "CheckpointReplica-deletionPolicy", "BackupReplica-name"].map(
                    (name) => `update ${name}`,
                ),
            )
            .sort(),
    );
    // In the run itself everything is known in time: nothing but the seed changes.
    const up = await life.up();
    expect(up.changes).toEqual({ replace: 1, same: only.length + 1 });
});
