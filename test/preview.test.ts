// Outputs of resources that a preview updates in place, over Pulumi's mocks.
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, it } from "vitest";
import * as cbr from "../sdk/index";
import { requireTypeScript } from "./support/require-typescript";

requireTypeScript();

const VAULT = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
const POINT = "0ca3eb86-8800-46da-9c37-9d657a825274";
const OTHER = "1ca3eb86-8800-46da-9c37-9d657a825275";
const BACKUP = "2ca3eb86-8800-46da-9c37-9d657a825276";
const projectId = "f841e01fd2b14e7fa41b6ae7aa6b0594";
const type = "pulumi-nodejs:dynamic/cbr:Checkpoint";
const urnOf = (name: string) => `urn:pulumi:dev::shop::${type}::${name}`;

type Bag = Record<string, unknown>;
const stored = (more: Bag = {}): Bag => ({
    vaultId: VAULT,
    deletionPolicy: "retain",
    description: "as it was",
    checkpointId: POINT,
    status: "available",
    region: "eu-de",
    projectId,
    name: "before-0a1b2c3d",
    vault: { id: VAULT, resources: [], skippedResources: [] },
    skippedResources: [],
    backups: [{ id: BACKUP, status: "available", children: [] }],
    backupIds: [BACKUP],
    backupIdByResource: {},
    __provider: "code",
    ...more,
});

/** What a preview gives back for a resource: its id, unless it is made or replaced, and what it knows. */
const hold: { ids: Record<string, string | undefined>; known: Bag; state: () => Bag; reads: string[] } = {
    ids: {},
    known: {},
    state: () => ({}),
    reads: [],
};

function startPreview(preview = true): Promise<void> {
    return pulumi.runtime.setMocks(
        {
            newResource: ({ name, inputs }) => ({ id: hold.ids[name], state: { ...inputs, ...hold.known } }),
            call: ({ token, inputs }) => {
                hold.reads.push(`${token} ${inputs["stackName"]}`);
                return { outputs: hold.state() };
            },
        },
        "shop",
        "dev",
        preview,
        "acme",
    );
}

beforeEach(async () => {
    Object.assign(hold, { ids: { a: POINT }, known: {}, reads: [], state: () => ({}) });
    await startPreview();
});
afterEach(() => startPreview(false));

interface Seen {
    readonly isKnown: Promise<boolean>;
    readonly isSecret: Promise<boolean>;
    promise(withUnknowns?: boolean): Promise<unknown>;
    allResources(): Promise<Set<pulumi.Resource>>;
}
async function seen(output: pulumi.Output<unknown>): Promise<unknown> {
    const parts = output as unknown as Seen;
    if (!(await parts.isKnown)) return "unknown";
    const value = await parts.promise();
    return (await parts.isSecret) ? { secret: value } : value;
}

const make = (name: string, more: Partial<cbr.CheckpointArgs> = {}, options: pulumi.CustomResourceOptions = {}) =>
    new cbr.Checkpoint(name, { vaultId: VAULT, deletionPolicy: "delete", ...more }, options);

it("knows what an update in place leaves as it is, by one read of the stack's own state", async () => {
    hold.ids["b"] = OTHER;
    hold.state = () => ({
        [urnOf("a")]: { type, outputs: stored() },
        [urnOf("b")]: { type, outputs: stored({ checkpointId: OTHER, status: "expired", backupIds: [] }) },
    });
    const [a, b] = [make("a"), make("b")];
    expect(await seen(a.backupIds)).toEqual([BACKUP]);
    expect(await seen(a.checkpointId)).toBe(POINT);
    expect(await seen(a.name)).toBe("before-0a1b2c3d");
    expect(await seen(a.region)).toBe("eu-de");
    expect(await seen(b.backupIds)).toEqual([]);
    expect(await seen(b.checkpointId)).toBe(OTHER);
    // As the program gives them now; what it no longer gives is gone.
    expect(await seen(a.deletionPolicy)).toBe("delete");
    expect(await seen(a.description)).toBe(undefined);
    expect(await (a.backupIds as unknown as Seen).allResources()).toEqual(new Set([a]));
    expect(hold.reads).toEqual(["pulumi:pulumi:readStackResourceOutputs acme/shop/dev"]);
});

it("keeps secret what is secret in state, and only that", async () => {
    const backups = [{ id: BACKUP, name: pulumi.secret("hush"), status: "available", children: [] }];
    hold.state = () => ({ [urnOf("a")]: { type, outputs: stored({ backups, name: pulumi.secret("hush") }) } });
    const a = make("a");
    expect(await seen(a.name)).toEqual({ secret: "hush" });
    expect(await seen(a.backups)).toEqual({
        secret: [{ id: BACKUP, name: "hush", status: "available", children: [] }],
    });
    expect(await seen(a.backupIds)).toEqual([BACKUP]);
});

it("finds a resource that was renamed or moved by what it is, among others of its kind", async () => {
    hold.state = () => ({
        [urnOf("first")]: { type, outputs: stored({ checkpointId: OTHER, backupIds: [] }) },
        [urnOf("second")]: { type: `${type}Replica`, outputs: stored({ backupIds: ["of another kind"] }) },
        [urnOf("third")]: { type, outputs: stored() },
    });
    const a = make("a", {}, { aliases: [{ name: "third" }] });
    expect(await seen(a.backupIds)).toEqual([BACKUP]);
});

it("does not know what is made, replaced, or has not ended well", async () => {
    hold.ids["c"] = OTHER;
    hold.state = () => ({
        [urnOf("a")]: { type, outputs: stored({ status: "protecting", backups: [], backupIds: [] }) },
        [urnOf("b")]: { type, outputs: stored() },
        [urnOf("c")]: { type, outputs: stored({ checkpointId: OTHER, status: "error", backups: [], backupIds: [] }) },
    });
    for (const name of ["a", "b", "c"]) expect(await seen(make(name).backupIds), name).toBe("unknown");
});

it("knows as much as the engine says when the state cannot be read", async () => {
    for (const state of [
        () => {
            throw new Error("this backend has no such thing");
        },
        () => ({}),
        () => ({ [urnOf("a")]: { type, outputs: {} } }),
    ]) {
        await startPreview();
        hold.state = state;
        expect(await seen(make("a").backupIds)).toBe("unknown");
    }
});

it("reads nothing when nothing changes, and says of what is not there that it is not", async () => {
    hold.known = stored();
    const a = make("a");
    expect(await seen(a.backupIds)).toEqual([BACKUP]);
    expect(await seen(a.retentionDurationDays)).toBe(undefined);
    expect(hold.reads).toEqual([]);
});

it("reads anew in each preview of a process, and never in a run", async () => {
    hold.state = () => ({ [urnOf("a")]: { type, outputs: stored() } });
    expect(await seen(make("a").backupIds)).toEqual([BACKUP]);
    hold.state = () => ({ [urnOf("a")]: { type, outputs: stored({ backupIds: [OTHER] }) } });
    await startPreview();
    expect(await seen(make("a").backupIds)).toEqual([OTHER]);
    await startPreview(false);
    expect(await seen(make("a").backupIds)).toBe(undefined);
    expect(hold.reads).toHaveLength(2);
});
