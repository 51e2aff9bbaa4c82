import { expect, it } from "vitest";
import { changedSettings, checkConfig, sealedConfig, settingOf } from "../../../provider/pulumi/native/provider-config";
import { sealed } from "../../../provider/pulumi/secrets";
import { UNKNOWN } from "../../../provider/pulumi/values";

it("reads settings without their namespace, secrets out of their envelopes, and what is no text as JSON", () => {
    const get = settingOf({ region: "eu-de", token: sealed("t"), maxRetries: 3, endpoints: { "eu-de": "http://x" } });
    expect(["region", "token", "maxRetries", "endpoints", "cloud"].map((key) => get(`cbr:${key}`))).toEqual([
        "eu-de",
        "t",
        "3",
        '{"eu-de":"http://x"}',
        undefined,
    ]);
});

it("takes what is not known yet for not given", () => {
    expect(settingOf({ region: UNKNOWN, token: sealed(UNKNOWN) })("cbr:region")).toBeUndefined();
    expect(checkConfig({ maxRetries: "many", token: sealed(UNKNOWN) }, {})).toEqual([]);
});

it("seals secret settings that were given in plain, and no others", () => {
    expect(sealedConfig({ password: "p", secretKey: sealed("s"), token: UNKNOWN, region: "eu-de" })).toEqual({
        password: sealed("p"),
        secretKey: sealed("s"),
        token: UNKNOWN,
        region: "eu-de",
    });
});

it("names the setting that makes no sense", () => {
    expect(checkConfig({ region: "eu-de" }, {})).toEqual([]);
    expect(checkConfig({ maxRetries: "many" }, {})).toEqual([
        { property: "", reason: expect.stringContaining("maxRetries") },
    ]);
});

it("compares configurations by value, whether secret or not", () => {
    expect(changedSettings({ token: sealed("a"), region: "x" }, { token: "a", region: "y", cloud: "otc" })).toEqual([
        "region",
        "cloud",
    ]);
});
