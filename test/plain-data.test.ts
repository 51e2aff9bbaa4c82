// What Pulumi would turn into `{}` without a word is refused by name, before it does.
import { runInNewContext } from "node:vm";
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import * as cbr from "../sdk/index";
import { plainData } from "../sdk/plain-data";

const at = new Date("2026-01-31T04:00:00.123Z");
const iso = "2026-01-31T04:00:00.123Z";
/** As registering a resource awaits its inputs: every part of an Output. */
async function settled(value: unknown): Promise<unknown> {
    if (value instanceof Promise) return settled(await value);
    if (!pulumi.Output.isInstance(value)) return value;
    const { isKnown, isSecret } = value as unknown as Record<string, Promise<unknown>>;
    const { promise, allResources } = value as unknown as Record<string, () => Promise<unknown>>;
    const whole = promise?.call(value);
    await Promise.allSettled([whole, isKnown, isSecret, allResources?.call(value)]);
    return settled(await whole);
}

it("leaves plain data as it is, at any depth", () => {
    const value = { text: "a", number: 1.5, yes: true, none: null, missing: undefined, list: [[], {}, [0, ""]] };
    expect(plainData(value, "triggers")).toEqual(value);
    const bare = Object.assign(Object.create(null), { a: 1 });
    expect(plainData([bare, runInNewContext("({ a: [1] })")], "triggers")).toEqual([{ a: 1 }, { a: [1] }]);
});

it("counts a date as its ISO text, at any depth, and in what only becomes known later", async () => {
    const value = { built: at, list: [at], later: pulumi.output(1).apply(() => at), soon: Promise.resolve({ at }) };
    const plain = plainData(value, "triggers") as Record<keyof typeof value, unknown>;
    expect([plain.built, plain.list]).toEqual([iso, [iso]]);
    expect(await settled(plain.later)).toBe(iso);
    expect(await settled(plain.soon)).toEqual({ at: iso });
    expect(
        await settled(
            plainData(
                pulumi.output(1).apply(() => ({ built: [at] })),
                "triggers",
            ),
        ),
    ).toEqual({ built: [iso] });
});

it("keeps what is secret or unknown so", async () => {
    const secret = plainData(pulumi.secret("s"), "triggers") as pulumi.Output<string>;
    expect(await pulumi.isSecret(secret)).toBe(true);
});

class Build {
    readonly number = 7;
}
const circle: Record<string, unknown> = {};
circle["self"] = { again: circle };

it.each<[string, unknown, string]>([
    ["a Map", new Map([["a", 1]]), "of type Map, .*Object.fromEntries\\(map\\)"],
    ["a Set", new Set(["a"]), "of type Set, "],
    ["a URL", new URL("https://example.com"), "of type URL, .*url.href"],
    ["a RegExp", /a/, "of type RegExp, "],
    ["an Error", new Error("x"), "of type Error, "],
    ["a Buffer", Buffer.from("a"), "of type Buffer, "],
    ["a typed array", new Uint8Array(2), "of type Uint8Array, "],
    ["a BigInt", 5n, "of type bigint, .*String\\(value\\)"],
    ["a function", () => "a", "of type function, "],
    ["a symbol", Symbol("a"), "of type symbol, "],
    ["a class's object", new Build(), "of type Build, "],
    ["an asset", new pulumi.asset.FileAsset("./a"), "of type FileAsset, .*hash of the file"],
    ["a date that is none", new Date("v12"), "an invalid Date, "],
    ["a circle", circle, "part of itself"],
])("refuses %s by name, at any depth", async (_, value, words) => {
    const said = new RegExp(`is ${words}`);
    for (const [nested, place] of [
        [value, "triggers"],
        [{ a: { "b c": [1, value] } }, 'triggers\\.a\\["b c"\\]\\[1\\]'],
    ] as const) {
        expect(() => plainData(nested, "triggers")).toThrow(new RegExp(`^${place}.*${said.source}`));
        await expect(settled(plainData(Promise.resolve(nested), "triggers"))).rejects.toThrow(said);
    }
    // Pulumi takes apart what an Output holds at its start, but not what a function gives later.
    const later = pulumi.output(1).apply(() => value as object);
    await expect(settled(plainData(later, "triggers"))).rejects.toThrow(said);
});

const vaultId = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
const copy = { destinationRegion: "eu-nl", destinationVaultId: vaultId };
const triggers = { build: { of: new Map() } };

it.each<[string, () => unknown]>([
    ["Checkpoint it", () => new cbr.Checkpoint("it", { vaultId, triggers })],
    ["VaultSync it", () => new cbr.VaultSync("it", { vaultId, triggers })],
    ["BackupReplica it", () => new cbr.BackupReplica("it", { backupId: vaultId, ...copy, triggers })],
    ["CheckpointReplica it", () => new cbr.CheckpointReplica("it", { checkpointId: vaultId, ...copy, triggers })],
    ["VaultReplication it", () => new cbr.VaultReplication("it", { vaultId, ...copy, triggers })],
])("%s: refuses such triggers where it is made", (name, make) => {
    expect(make).toThrow(`${name}: triggers.build.of is of type Map, which is no plain data`);
});

it("refuses them in a component and in a hook, too", () => {
    const copies = [{ region: "eu-nl", vaultId }];
    expect(() => new cbr.RestorePoint("release", { vaultId, triggers, copies })).toThrow(
        "Checkpoint release: triggers.build.of is of type Map",
    );
    const hook = { name: "guard", vaultId, triggers } as cbr.CheckpointBeforeArgs;
    expect(() => cbr.checkpointBefore(hook)).toThrow("checkpointBefore guard.triggers.build.of is of type Map");
});
