// schema.json says what the handlers and functions have, and Pulumi's own rules for schemas hold for it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { handlers } from "../provider/resources/index";
import { schema } from "../scripts/schema";
import * as cbr from "../sdk/native/index";

const text = readFileSync(join(__dirname, "../schema.json"), "utf8");

interface Property {
    readonly $ref?: string;
    readonly items?: Property;
    readonly description?: string;
    readonly default?: unknown;
    readonly willReplaceOnChanges?: boolean;
    readonly secret?: boolean;
}
interface Resource {
    readonly inputProperties: Record<string, Property>;
    readonly properties: Record<string, Property>;
    readonly requiredInputs: readonly string[];
}
const stored = JSON.parse(text) as {
    readonly resources: Record<string, Resource>;
    readonly functions: Record<string, object>;
    readonly types: Record<string, object>;
    readonly config: { readonly variables: Record<string, Property> };
};

it("schema.json is fresh", () => {
    expect(text === schema(), "schema.json is stale: run `npm run reference`").toBe(true);
});

it.each(Object.values(handlers))("has every input and output of $kind, and what is said of each", (handler) => {
    const resource = stored.resources[`cbr:index:${handler.kind}`] ?? expect.unreachable("no such resource");
    const inputs = Object.entries(handler.inputs.shape);
    expect(Object.keys(resource.inputProperties).sort()).toEqual(inputs.map(([key]) => key).sort());
    expect(Object.keys(resource.properties).sort()).toEqual(Object.keys(handler.outputs.shape).sort());
    expect(resource.requiredInputs).toEqual(
        inputs
            .filter(([, type]) => !type.safeParse(undefined).success)
            .map(([key]) => key)
            .sort(),
    );
    // `sdk/preview.ts` asks it whether the engine knows the outputs.
    expect(handler.outputs.shape["status"]?.safeParse(undefined).success, "there is always a status").toBe(false);
    for (const [key, type] of inputs) {
        const property = resource.inputProperties[key] ?? {};
        const facts = type.meta() ?? {};
        const isPlace = key === "region" || key === "projectId";
        expect([key, property.willReplaceOnChanges ?? false]).toEqual([key, facts["replaces"] === true || isPlace]);
        expect([key, property.default]).toEqual([key, facts["default"]]);
        expect(property.description, key).toMatch(/\w/);
    }
});

it("has the native package's functions and nothing else", () => {
    const names = Object.keys(cbr).filter((name) => name.startsWith("get") && !name.endsWith("Output"));
    expect(Object.keys(stored.functions).sort()).toEqual(names.map((name) => `cbr:index:${name}`).sort());
});

it("keeps the settings secret that are", () => {
    const secret = Object.entries(stored.config.variables).filter(([, property]) => property.secret === true);
    expect(secret.map(([key]) => key).sort()).toEqual(["passcode", "password", "secretKey", "securityToken", "token"]);
});

it("refers to types that are there, whose names no resource has", () => {
    const refs = [...text.matchAll(/"\$ref": "#\/types\/([^"]+)"/g)].map(([, token = ""]) => token);
    expect([...new Set(refs)].sort()).toEqual(Object.keys(stored.types).sort());
    expect(Object.keys(stored.types).filter((token) => token in stored.resources)).toEqual([]);
});

it("names the types of a list's items in the singular, and cuts no word short", () => {
    const names = Object.keys(stored.types).map((token) => token.replace("cbr:index:", ""));
    expect(names).toEqual(
        expect.arrayContaining(["AgentStatus", "GetAgentStatusResource", "Child", "SkippedResource"]),
    );
    expect(names.filter((name) => /Statu(?!s)|Children|(?<!u)s$/.test(name))).toEqual(["Timeouts"]);
});
