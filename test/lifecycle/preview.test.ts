// What a preview says is what `up` does: for each input of each class, with what depends on the resource.
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { needsCli } from "../support/pulumi";
import type { OperationOptions } from "../support/stack";
import type { Report } from "../support/stack-report";
import { addBackups, argsAt, type Effect, effectIn, gapsIn, nameOf, type Row, rowsOf, schemas } from "./input-rows";
import { classesOf, type HostName, hostNames, hosts, type Kind, type Life, openLife, ops } from "./life";

/** Whether a preview is empty afterwards is asked once, at the end. */
const settled = { expectPendingChanges: "the next preview is compared with the next up" };
const why = "our own engine does not read the stack's resources in a preview";

/** All outputs of a resource but those that repeat what the row changes. */
function factsOf(resource: object, row: Row): Record<string, unknown> {
    const changed = new Set(["urn", ...row.steps.flatMap(([args]) => Object.keys(args))]);
    // Its backups bear the name of a restore point.
    if (row.input === "name") changed.add("backups");
    const keys = Object.keys(resource).filter((key) => !key.startsWith("__") && !changed.has(key));
    return Object.fromEntries(keys.map((key) => [key, Reflect.get(resource, key)]));
}

/** What a dependent of each kind is made from, each of a source of its own. */
function dependentArgs(life: Life): Record<Kind, () => Record<string, unknown>> {
    const copyTo = { destinationRegion: "eu-nl", destinationVaultId: life.destination() };
    return {
        Checkpoint: () => ({ vaultId: life.vault() }),
        VaultReplication: () => ({ vaultId: life.vaultWithBackup().vaultId, ...copyTo }),
        BackupReplica: () => ({ backupId: life.vaultWithBackup().backupId, ...copyTo }),
        CheckpointReplica: () => ({ checkpointId: life.home.addCheckpoint(life.vault()).id, ...copyTo }),
        VaultSync: () => ({ vaultId: life.hybridVault() }),
    };
}

it.for(hostNames)(
    "says of each input of each class, and of what depends on it, what `up` then does: %s host",
    async (host, { skip }) => {
        await needsCli(skip, why);
        const classes = classesOf(host);
        const life = await openLife({
            host,
            regions: [{ name: "eu-de" }, { name: "eu-nl" }, { name: "eu-ch" }] as never,
        });
        const { rows, clouds } = rowsOf(life);
        for (const kind of Object.keys(schemas) as Kind[]) expect(gapsIn(rows, kind), kind).toEqual([]);
        const kinds = Object.keys(classes) as Kind[];
        const makers = dependentArgs(life);
        // One of each kind on each class, where an update in place leaves alone what depends on it; elsewhere one in turn.
        const dependents = rows.map((row, index) => {
            const chosen = row.input === "timeouts" ? kinds : [kinds[index % kinds.length] as Kind];
            return chosen.map((kind) => ({ kind, args: makers[kind](), name: `${kind}-on-${nameOf(row)}` }));
        });
        let stage = 0;
        life.use(async () => {
            const outputs: Record<string, unknown> = {};
            for (const [index, row] of rows.entries()) {
                const resource = new classes[row.kind](nameOf(row), argsAt(row, stage)) as object;
                for (const { kind, args, name } of dependents[index] ?? [])
                    new classes[kind](name, { ...args, triggers: factsOf(resource, row) });
                outputs[nameOf(row)] = factsOf(resource, row);
            }
            return outputs;
        });
        await life.up(settled);
        const effects = (report: Report): Record<string, Effect> =>
            Object.fromEntries(
                [...rows.map(nameOf), ...dependents.flat().map(({ name }) => name)].map((name) => [
                    name,
                    effectIn(report, name),
                ]),
            );
        const longest = Math.max(...rows.map((row) => row.steps.length));
        for (stage = 1; stage <= longest; stage++) {
            addBackups(rows, clouds, stage);
            const said = effects(await life.preview());
            const done = effects(await life.up(stage === longest ? {} : settled));
            expect(said, `stage ${stage}`).toEqual(done);
            for (const [index, row] of rows.entries()) {
                const [, effect] = row.steps[stage - 1] ?? [{}, "nothing" as const];
                for (const { name } of dependents[index] ?? [])
                    expect(done[name], `${name}, stage ${stage}`).toBe(effect === "replace" ? "replace" : "nothing");
            }
        }
    },
);

/** Stands for a resource of another provider: it is replaced by whatever changes. */
class Note extends pulumi.CustomResource {
    constructor(name: string, ...about: pulumi.Output<unknown>[]) {
        const __provider = `exports.handler = () => ({
            diff: async (_id, olds, news) => ({ replaces: olds.about === news.about ? [] : ["about"] }),
            create: async (inputs) => ({ id: "note", outs: inputs }),
        })`;
        const text = pulumi.all(about).apply((values) => JSON.stringify(values));
        super("pulumi-nodejs:dynamic/test:Note", name, { about: text, __provider });
    }
}

interface Shop {
    policy: "retain" | "delete";
    release: number;
    name: string;
}

/** A life whose restore points have everything on them that a program can put there. */
async function openShop(host: HostName = "dynamic"): Promise<{ life: Life; shop: Shop }> {
    const cbr = hosts[host];
    const life = await openLife({ host });
    const [vaultId, pointVaultId, destinationVaultId] = [
        life.vault(),
        life.vault({ resources: 2 }),
        life.destination(),
    ];
    const source = life.vaultWithBackup();
    const hybridVaultId = life.hybridVault();
    const shop: Shop = { policy: "retain", release: 1, name: "point" };
    life.use(async () => {
        const { policy: deletionPolicy, release, name } = shop;
        const copyTo = { destinationRegion: "eu-nl", destinationVaultId, deletionPolicy };
        const secretName = pulumi.secret("an-open-secret");
        const first = new cbr.Checkpoint("first", { vaultId, deletionPolicy, name: secretName, triggers: { release } });
        const backupId = first.backupIds.apply(([id = ""]) => id);
        const copy = new cbr.BackupReplica("copy", { backupId, ...copyTo });
        const all = new cbr.VaultReplication("all", {
            vaultId: source.vaultId,
            ...copyTo,
            triggers: { replica: copy.destinationBackupId },
        });
        new cbr.VaultSync("sync", { vaultId: hybridVaultId, triggers: { replicas: all.destinationBackupIds } });
        const copies = [{ region: "eu-nl", vaultId: destinationVaultId }];
        const aliases = name === "point" ? {} : { aliases: [{ name: "point" }] };
        const triggers = { from: first.createdAt };
        const point = new cbr.ReplicatedCheckpoint(
            name,
            { vaultId: pointVaultId, deletionPolicy, triggers, copies },
            aliases,
        );
        new Note("note", first.backups, copy.status, point.destinationBackupIds);
        return { id: first.checkpointId, hidden: first.backups, replicas: point.destinationBackupIds };
    });
    return { life, shop };
}

/** What the stack's outputs become, as the last event of the stack itself says. */
function outputsIn(report: Report): unknown {
    const ends = report.events.flatMap(({ resOutputsEvent }) => resOutputsEvent?.metadata ?? []);
    return ends.findLast(({ type }) => type === "pulumi:pulumi:Stack")?.new?.outputs;
}

/** Pulumi: a secret in an event. */
const secretMark = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

async function compare(life: Life, options: OperationOptions = {}): Promise<string[]> {
    const said = await life.preview(options);
    const done = await life.up({ ...options, ...settled });
    expect(ops(said)).toEqual(ops(done));
    return ops(done);
}

it.for(hostNames)(
    "shows nothing as replaced that stays: components, copies, other providers' resources, outputs of the stack: %s host",
    async (host, { skip }) => {
        await needsCli(skip, why);
        const { life, shop } = await openShop(host);
        await life.up();
        const updates = ["all", "copy", "first", "point", "point-eu-nl"].map((name) => `update ${name}`);

        shop.policy = "delete";
        const said = await life.preview();
        const outputs = await life.stack.outputs();
        expect(outputsIn(said)).toEqual({
            id: outputs["id"]?.value,
            hidden: { ...secretMark, ciphertext: "[secret]" },
            replicas: outputs["replicas"]?.value,
        });
        expect(await compare(life)).toEqual(updates);

        shop.policy = "retain";
        shop.name = "renamed";
        const renamed = updates.map((line) => line.replace("point", "renamed"));
        expect(await compare(life)).toEqual(renamed);

        const [first = ""] = (await life.stack.resources())
            .filter(({ urn }) => urn.endsWith("::first"))
            .map(({ urn }) => urn);
        shop.policy = "delete";
        expect(await compare(life, { target: [first] })).toEqual(["update first"]);
        const rest = renamed.filter((line) => line !== "update first");
        // A refresh has a step of its own for each.
        expect([...new Set(await compare(life, { refresh: true }))]).toEqual(rest);

        // What really goes is shown, with all that rests on it.
        shop.release = 2;
        const replaced = (await compare(life)).filter((line) => line.startsWith("replace "));
        expect(replaced.sort()).toEqual(
            ["all", "copy", "first", "note", "renamed", "renamed-eu-nl", "sync"].map((name) => `replace ${name}`),
        );
    },
);

it("keeps apart the previews that run in one process at the same time", async ({ skip }) => {
    await needsCli(skip, why);
    const shops = await Promise.all([openShop(), openShop()]);
    await Promise.all(shops.map(({ life }) => life.up(settled)));
    for (const { shop } of shops) shop.policy = "delete";
    const said = await Promise.all(shops.map(({ life }) => life.preview()));
    for (const [index, { life }] of shops.entries()) {
        const outputs = await life.stack.outputs();
        expect(outputsIn(said[index] as Report)).toMatchObject({ id: outputs["id"]?.value });
        expect(said[index]?.changes).toEqual({ update: 5, same: 4 });
    }
});
