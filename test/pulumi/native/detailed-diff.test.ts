import { expect, it } from "vitest";
import { detailedDiff } from "../../../provider/pulumi/native/detailed-diff";

const diff = (
    keys: { replaces?: string[]; updates?: string[] },
    olds: { inputs: Record<string, unknown>; outputs?: Record<string, unknown> },
    news: Record<string, unknown>,
) =>
    Object.fromEntries(
        detailedDiff({ replaces: keys.replaces ?? [], updates: keys.updates ?? [] }, { outputs: {}, ...olds }, news),
    );

it("names the parts that changed, at any depth, in Pulumi's form of a path", () => {
    const inputs = { triggers: { release: 1, "a key": ["x", "y"], gone: true, same: { deep: 1 } } };
    const news = { triggers: { release: 2, "a key": ["x", "z", "new"], same: { deep: 1 }, more: {} } };
    expect(diff({ replaces: ["triggers"] }, { inputs }, news)).toEqual({
        "triggers.release": { change: "update", isReplacement: true, ofInputs: true },
        'triggers["a key"][1]': { change: "update", isReplacement: true, ofInputs: true },
        'triggers["a key"][2]': { change: "add", isReplacement: true, ofInputs: true },
        "triggers.gone": { change: "delete", isReplacement: true, ofInputs: true },
        "triggers.more": { change: "add", isReplacement: true, ofInputs: true },
    });
});

it("tells changes in place from replacements, and additions from removals", () => {
    const changed = diff(
        { replaces: ["name"], updates: ["deletionPolicy", "wait"] },
        { inputs: { name: "a", wait: false } },
        { name: "b", deletionPolicy: "delete" },
    );
    expect(changed).toEqual({
        name: { change: "update", isReplacement: true, ofInputs: true },
        deletionPolicy: { change: "add", isReplacement: false, ofInputs: true },
        wait: { change: "delete", isReplacement: false, ofInputs: true },
    });
});

it("compares with state where no input changed", () => {
    expect(diff({ replaces: ["region"] }, { inputs: {}, outputs: { region: "eu-de" } }, {})).toEqual({
        region: { change: "update", isReplacement: true, ofInputs: false },
    });
});
