import { describe, expect, it } from "vitest";
import { z } from "zod";
import { resolveSettings } from "../../provider/client/settings/settings";
import { atOriginalIndex, checkInputs, knownInputs } from "../../provider/resource/check";
import {
    type CommonInputs,
    commonInputs,
    deadlineOf,
    diffInputs,
    equal,
    type Failure,
    objectDescription,
    objectId,
    objectName,
    type ResourceHandler,
} from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import type { Context } from "../../provider/services/context";
import { FakeClock } from "../support/fake-clock";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const isUnknown = (value: unknown) => value === UNKNOWN;
const VAULT = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
const OTHER = "0ca3eb86-8800-46da-9c37-9d657a825274";
const P = "f841e01fd2b14e7fa41b6ae7aa6b0594";
const Q = "0123456789abcdef0123456789abcdef";

type Bag = Record<string, unknown>;
interface ThingInputs extends CommonInputs {
    readonly vaultId: string;
    readonly description?: string | undefined;
    readonly resources?: string[] | undefined;
    readonly policy?: string | undefined;
}

const inputs = z.strictObject({
    ...commonInputs,
    vaultId: objectId.meta({ replaces: true }),
    description: objectDescription.optional().meta({ replaces: true }),
    incremental: z.boolean().optional().meta({ replaces: true }),
    autoTrigger: z.boolean().optional().meta({ replaces: true, default: false }),
    resources: z.array(objectId).min(1, "must name at least one").optional().meta({ replaces: true }),
    parts: z
        .array(z.strictObject({ id: objectId, type: z.string(), tags: z.record(z.string(), z.string()).optional() }))
        .max(2, "must be two at most")
        .optional()
        .meta({ replaces: true }),
    policy: z
        .enum(["retain", "delete"], { error: 'must be "retain" or "delete"' })
        .optional()
        .meta({ default: "retain" }),
});

const nobody = async () => expect.unreachable("not asked for");
const thing: ResourceHandler<ThingInputs, ThingInputs> = {
    kind: "Thing",
    inputs,
    outputs: inputs,
    idOf: ({ vaultId }) => vaultId,
    isSettled: () => true,
    withInputs: (_olds, news) => news,
    create: nobody,
    update: nobody,
    read: nobody,
    remove: nobody,
};

const check = (news: Bag, handler: ResourceHandler<ThingInputs, ThingInputs> = thing) =>
    checkInputs(handler, { vaultId: VAULT, ...news }, isUnknown).map(
        ({ property, reason }) => `${property}: ${reason}`,
    );

function contextOf(config: Record<string, string> = {}): Context {
    const settings = resolveSettings(
        (key) => config[key],
        {},
        { read: () => undefined, cwd: () => "/", home: () => undefined },
    );
    return { settings, clock: new FakeClock() } as unknown as Context;
}

describe("check", () => {
    it("has nothing to say about good inputs", () => {
        expect(
            check({
                region: "eu-de",
                projectId: P,
                triggers: { release: "1", nested: { list: [1, null] } },
                timeouts: { create: "3h", update: "90s", delete: "1h30m" },
                wait: false,
                description: "täglich",
                resources: [OTHER],
                parts: [{ id: OTHER, type: "OS::Nova::Server", tags: { a: "b" } }],
                policy: "delete",
            }),
        ).toEqual([]);
        expect(check({})).toEqual([]);
        expect(check({ triggers: ["a", 1] })).toEqual([]);
        expect(check({ triggers: { a: [-0, 1e308, Number.MIN_VALUE, { b: 2 ** 60 }] } })).toEqual([]);
    });

    it("takes no number that is none for a trigger, at any depth: it would never be equal to itself", () => {
        const words = "must be a finite number: any other would be a change in every run";
        expect(check({ triggers: { a: Number.NaN, b: [1, { c: Number.POSITIVE_INFINITY }], d: UNKNOWN } })).toEqual([
            `triggers.a: ${words}`,
            `triggers.b[1].c: ${words}`,
        ]);
        expect(check({ triggers: [Number.NEGATIVE_INFINITY] })).toEqual([`triggers[0]: ${words}`]);
    });

    it("names every failure at its own property, at any depth", () => {
        expect(
            check({
                vaultId: "vault-1",
                region: "eu de",
                projectId: "123",
                triggers: "now",
                timeouts: { create: "soon", update: 5 },
                wait: "yes",
                description: "<b>",
                resources: [OTHER, "x"],
                parts: [
                    { id: OTHER, type: "t" },
                    { id: "x", type: 5, tags: { a: 1 } },
                ],
                policy: "keep",
            }),
        ).toEqual([
            "region: a region name has letters, digits, '.', '_' and '-' only, e.g. eu-de",
            "projectId: a project id has 32 hexadecimal digits",
            "triggers: must be a map or a list",
            "timeouts.create: must be a duration such as 90s, 30m or 1h30m",
            "timeouts.update: Invalid input: expected string, received number",
            "wait: Invalid input: expected boolean, received string",
            "vaultId: must be a UUID, e.g. 3b5816b5-f29c-4172-9d9a-76c719a659ce",
            "description: must not contain < or >",
            "resources[1]: must be a UUID, e.g. 3b5816b5-f29c-4172-9d9a-76c719a659ce",
            "parts[1].id: must be a UUID, e.g. 3b5816b5-f29c-4172-9d9a-76c719a659ce",
            "parts[1].type: Invalid input: expected string, received number",
            "parts[1].tags.a: Invalid input: expected string, received number",
            'policy: must be "retain" or "delete"',
        ]);
    });

    it("says what is missing, also inside", () => {
        expect(check({ vaultId: undefined, parts: [{ id: OTHER }] })).toEqual([
            "vaultId: is required",
            "parts[0].type: is required",
        ]);
    });

    it("leaves for later what is not known yet, at any depth", () => {
        for (const news of [
            { vaultId: UNKNOWN },
            { region: UNKNOWN, projectId: UNKNOWN },
            { wait: UNKNOWN },
            { policy: UNKNOWN },
            { triggers: UNKNOWN },
            { triggers: { a: UNKNOWN, b: { c: [UNKNOWN] } } },
            { timeouts: UNKNOWN },
            { timeouts: { create: UNKNOWN } },
            { resources: UNKNOWN },
            { resources: [UNKNOWN, OTHER] },
            { parts: UNKNOWN },
            { parts: [UNKNOWN] },
            { parts: [{ id: UNKNOWN, type: UNKNOWN, tags: UNKNOWN }] },
            { parts: [{ id: OTHER, type: "t", tags: { a: UNKNOWN } }] },
        ])
            expect(check(news), JSON.stringify(news)).toEqual([]);
    });

    it("checks the siblings of what is not known yet", () => {
        expect(
            check({
                vaultId: UNKNOWN,
                policy: "keep",
                resources: [UNKNOWN, "x"],
                parts: [{ id: UNKNOWN, type: 5 }, UNKNOWN],
            }),
        ).toEqual([
            "resources[1]: must be a UUID, e.g. 3b5816b5-f29c-4172-9d9a-76c719a659ce",
            "parts[0].type: Invalid input: expected string, received number",
            'policy: must be "retain" or "delete"',
        ]);
    });

    it.each([
        ["vaultid", "did you mean vaultId?"],
        ["vault_id", "did you mean vaultId?"],
        ["ValutId", "did you mean vaultId?"],
        ["trigger", "did you mean triggers?"],
        ["timeout", "did you mean timeouts?"],
        ["resource", "did you mean resources?"],
        ["discription", "did you mean description?"],
        ["project_id", "did you mean projectId?"],
    ])("suggests what was meant with %s", (key, hint) => {
        expect(check({ [key]: "x" })).toEqual([`${key}: is not an input of this resource; ${hint}`]);
    });

    it("lists what there is when nothing is near, also inside, and whatever the value", () => {
        expect(
            check({ tags: UNKNOWN, timeouts: { read: "1m" }, parts: [{ id: OTHER, type: "t", typo: 1, size: 2 }] }),
        ).toEqual([
            "timeouts.read: is not an input of this resource; it has: create, update, delete",
            "parts[0].typo: is not an input of this resource; did you mean type?",
            "parts[0].size: is not an input of this resource; it has: id, type, tags",
            "tags: is not an input of this resource; it has: region, projectId, triggers, timeouts, wait, pollInterval, vaultId, description, incremental, autoTrigger, resources, parts, policy",
        ]);
    });

    it("shows the rules between inputs only what is known and well-formed", () => {
        const seen: unknown[] = [];
        const refine = (known: Partial<ThingInputs>): Failure[] => {
            seen.push(known);
            return [{ property: "policy", reason: "no" }];
        };
        expect(
            check(
                { description: UNKNOWN, resources: "x", parts: [{ id: UNKNOWN, type: "t" }], policy: "delete" },
                { ...thing, refine },
            ),
        ).toEqual(["resources: Invalid input: expected array, received string", "policy: no"]);
        expect(seen).toEqual([{ vaultId: VAULT, policy: "delete" }]);
    });

    it("never throws, whatever a program passes", () => {
        const odd = [null, 0, "", "x", true, [], {}, [null], [[]], { "": null }, Number.NaN];
        for (const [key, value] of Object.keys(checkpoint.inputs.shape).flatMap((key) =>
            odd.map((value) => [key, value] as const),
        ))
            expect(
                Array.isArray(checkInputs(checkpoint, { vaultId: VAULT, [key]: value }, isUnknown)),
                `${key} ${JSON.stringify(value)}`,
            ).toBe(true);
    });

    it.each([
        ["a", true],
        ["täglich", false],
        ["备份_1-2", true],
        ["", false],
        ["x".repeat(64), true],
        ["x".repeat(65), false],
        ["with space", false],
    ])("takes the name %j as the API does", (name, good) => {
        expect(objectName.safeParse(name).success).toBe(good);
    });
});

it("puts a failure where the program has the item, whatever unknown ones stand before it", () => {
    const inputs = { resources: ["?", "a", "?", "b"], vaultId: "v" };
    const isUnknown = (value: unknown) => value === "?";
    const at = (property: string) => atOriginalIndex({ property, reason: "" }, inputs, isUnknown).property;
    expect(["resources[0]", "resources[1].id", "vaultId", ""].map(at)).toEqual([
        "resources[1]",
        "resources[3].id",
        "vaultId",
        "",
    ]);
});

describe("diff", () => {
    const state: Bag = { region: "eu-de", projectId: P, vaultId: VAULT, checkpointId: "cp" };
    const diff = (
        olds: Bag,
        news: Bag,
        handler: Partial<ResourceHandler<ThingInputs, ThingInputs>> = {},
        config: Record<string, string> = {},
    ) =>
        diffInputs({ ...thing, ...handler }, contextOf(config), {
            id: "id",
            olds: { ...state, ...olds } as unknown as ThingInputs,
            news: { vaultId: VAULT, ...news },
            isUnknown,
        });
    const none = { replaces: [], updates: [], changedByState: false, deleteBeforeReplace: false, failures: [] };

    it.each([
        ["nothing", {}, {}],
        ["a default that is written down", {}, { autoTrigger: false, policy: "retain", wait: true }],
        ["a default that is no longer written down", { autoTrigger: false, policy: "retain", wait: true }, {}],
        ["the order of keys", { triggers: { a: 1, b: { c: 2, d: 3 } } }, { triggers: { b: { d: 3, c: 2 }, a: 1 } }],
        ["absent for undefined inside", { triggers: { a: 1 } }, { triggers: { a: 1, b: undefined } }],
        ["the region that is in effect anyway", {}, { region: "eu-de" }],
        ["the project that is in effect anyway", {}, { projectId: P }],
    ])("is empty for %s", async (_, olds, news) => {
        expect(await diff(olds, news, {}, { "cbr:region": "eu-de", "cbr:projectId": P })).toEqual(none);
    });

    it.each([
        ["another vault", {}, { vaultId: OTHER }, ["vaultId"]],
        ["a trigger", { triggers: { release: "1" } }, { triggers: { release: "2" } }, ["triggers"]],
        ["a trigger deep inside", { triggers: { a: [{ b: 1 }] } }, { triggers: { a: [{ b: 2 }] } }, ["triggers"]],
        ["a trigger that goes", { triggers: { a: 1, b: 2 } }, { triggers: { a: 1 } }, ["triggers"]],
        ["triggers as a list in another order", { triggers: ["a", "b"] }, { triggers: ["b", "a"] }, ["triggers"]],
        ["a list in place of a map", { triggers: { 0: "a" } }, { triggers: ["a"] }, ["triggers"]],
        ["an input that is new", {}, { description: "x" }, ["description"]],
        ["an input that goes", { description: "x" }, {}, ["description"]],
        ["false where unset means something else", {}, { incremental: false }, ["incremental"]],
        ["true where unset means something else", {}, { incremental: true }, ["incremental"]],
        ["unset where false means something else", { incremental: false }, {}, ["incremental"]],
        ["another value than the default", {}, { autoTrigger: true }, ["autoTrigger"]],
        ["the default again", { autoTrigger: true }, {}, ["autoTrigger"]],
        ["a list in another order", { resources: [VAULT, OTHER] }, { resources: [OTHER, VAULT] }, ["resources"]],
        ["what is not known yet", {}, { vaultId: UNKNOWN }, ["vaultId"]],
        ["a trigger that is not known yet", { triggers: { a: 1 } }, { triggers: { a: UNKNOWN } }, ["triggers"]],
        ["a part that is not known yet", {}, { parts: [{ id: UNKNOWN, type: "t" }] }, ["parts"]],
        [
            "several at once, in the schema's order",
            {},
            { description: "x", triggers: ["a"], vaultId: OTHER },
            ["triggers", "vaultId", "description"],
        ],
    ])("replaces for %s", async (_, olds, news, replaces) => {
        expect(await diff(olds, news)).toEqual({ ...none, replaces });
    });

    it.each([
        ["a policy", {}, { policy: "delete" }, ["policy"]],
        ["a policy that goes", { policy: "delete" }, {}, ["policy"]],
        ["a policy that is not known yet", {}, { policy: UNKNOWN }, ["policy"]],
        ["timeouts", { timeouts: { create: "1h" } }, { timeouts: { create: "2h" } }, ["timeouts"]],
        ["timeouts that are not known yet", {}, { timeouts: { create: UNKNOWN } }, ["timeouts"]],
        ["wait", {}, { wait: false }, ["wait"]],
    ])("takes %s over in place", async (_, olds, news, updates) => {
        expect(await diff(olds, news)).toEqual({ ...none, updates });
    });

    const home = { "cbr:region": "eu-de", "cbr:projectId": P };
    const place = (replaces: string[], changedByState: boolean) => ({ ...none, replaces, changedByState });

    it.each([
        ["no region anywhere", {}, {}, {}, none],
        ["the stack's region moves", {}, {}, { "cbr:region": "eu-nl" }, place(["region"], true)],
        ["the input says another region", {}, { region: "eu-nl" }, home, place(["region"], false)],
        ["the input says what the stack no longer says", {}, { region: "eu-de" }, { "cbr:region": "eu-nl" }, none],
        ["the input goes, and the stack says the same", {}, {}, home, none],
        ["the region is not known yet", {}, { region: UNKNOWN }, home, place(["region"], false)],
        ["the stack's project moves", {}, {}, { ...home, "cbr:projectId": Q }, place(["projectId"], true)],
        ["the input says another project", {}, { projectId: Q }, home, place(["projectId"], false)],
        ["the project is not known yet", {}, { projectId: UNKNOWN }, home, place(["projectId"], false)],
        [
            "the stack's project is of another region than the input's",
            { region: "eu-nl", projectId: Q },
            { region: "eu-nl" },
            home,
            none,
        ],
        ["nobody says the project: IAM did, and is not asked", {}, {}, { "cbr:region": "eu-de" }, none],
        ["both move", {}, { region: "eu-nl", projectId: Q }, home, place(["region", "projectId"], false)],
        ["state does not say where it is", { region: undefined, projectId: undefined }, {}, home, none],
    ])("compares places as they are in effect: %s", async (_, olds, news, config, expected) => {
        expect(await diff(olds, news, {}, config as Record<string, string>)).toEqual(expected);
    });

    it("asks the resource first how an input compares, but never about what is not known", async () => {
        const asked: string[] = [];
        const same: NonNullable<(typeof thing)["isUnchanged"]> = (key, id, _olds, value) => {
            asked.push(`${key} ${id} ${value}`);
            return key === "description" ? true : key === "policy" ? false : undefined;
        };
        expect(await diff({}, { description: "x", policy: "retain", vaultId: UNKNOWN }, { isUnchanged: same })).toEqual(
            {
                ...none,
                replaces: ["vaultId"],
                updates: ["policy"],
            },
        );
        expect(asked).toContain("description id x");
        expect(asked.some((line) => line.startsWith("vaultId"))).toBe(false);
    });

    it("asks what has moved on only when nothing replaces, and sees only what is known", async () => {
        const seen: unknown[] = [];
        const moved = async (_context: Context, _id: string, _olds: unknown, news: unknown) => {
            seen.push(news);
            return true;
        };
        expect(await diff({}, { policy: UNKNOWN, wait: false }, { needsUpdate: moved })).toEqual({
            ...none,
            updates: ["wait", "policy"],
            changedByState: true,
        });
        expect(seen).toEqual([{ vaultId: VAULT, wait: false }]);
        expect(await diff({}, { vaultId: OTHER }, { needsUpdate: moved })).toEqual({ ...none, replaces: ["vaultId"] });
        expect(seen.length).toBe(1);
    });

    it("deletes first only when something replaces and the resource says so", async () => {
        const deleteBeforeReplace = (_olds: unknown, news: Partial<ThingInputs>, replaces: readonly string[]) =>
            replaces.includes("vaultId") && news.policy === "delete";
        expect(
            (await diff({}, { vaultId: OTHER, policy: "delete" }, { deleteBeforeReplace })).deleteBeforeReplace,
        ).toBe(true);
        expect((await diff({}, { vaultId: OTHER }, { deleteBeforeReplace })).deleteBeforeReplace).toBe(false);
        expect((await diff({}, { policy: "delete" }, { deleteBeforeReplace: () => true })).deleteBeforeReplace).toBe(
            false,
        );
    });

    it("takes no notice of outputs and keys that are no inputs", async () => {
        expect(await diff({ status: "available", __provider: "old" }, { __provider: "new" })).toEqual(none);
    });
});

it("compares by value", () => {
    expect(equal({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true);
    expect(equal({ a: undefined }, {})).toBe(true);
    for (const [a, b] of [
        [1, "1"],
        [null, undefined],
        [null, {}],
        [[], {}],
        [[1], [1, 2]],
        [{ a: 1 }, { b: 1 }],
        [{ length: 0 }, []],
    ] as const) {
        expect(equal(a, b), JSON.stringify([a, b])).toBe(false);
        expect(equal(b, a), JSON.stringify([b, a])).toBe(false);
    }
});

it("keeps of the inputs those of which every part is known", () => {
    expect(knownInputs({ list: ["a", UNKNOWN, { b: UNKNOWN }], none: [UNKNOWN] }, isUnknown)).toEqual({ list: ["a"] });
    expect(knownInputs({ a: 1, b: UNKNOWN, c: { d: [UNKNOWN] }, e: [{ f: null }] }, isUnknown)).toEqual({
        a: 1,
        e: [{ f: null }],
    });
});

it("takes a time budget from the operation's time-out, then from what stands in for it, then from the resource", () => {
    const context = contextOf();
    const budget = (timeouts: CommonInputs["timeouts"], operation: "create" | "update" | "delete") =>
        deadlineOf(context, { timeouts }, operation, 1_000) - context.clock.now();
    expect(budget({ create: "1h", update: "2h", delete: "3h" }, "create")).toBe(3_600_000);
    expect(budget({ create: "1h", update: "2h", delete: "3h" }, "update")).toBe(7_200_000);
    expect(budget({ create: "1h" }, "update")).toBe(3_600_000);
    expect(budget({ create: "1h" }, "delete")).toBe(1_000);
    expect(budget({ delete: "3h" }, "create")).toBe(1_000);
    expect(budget({ create: "nonsense" }, "create")).toBe(1_000);
    expect(budget(undefined, "update")).toBe(1_000);
});
