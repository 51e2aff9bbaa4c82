import fc from "fast-check";
import { expect, it } from "vitest";
import { displayText, redact, registerGivenSecret, registerSecret } from "../../../provider/client/errors/redaction";

it("leaves no rest of a secret that begins like another one", () => {
    for (const secret of ["abcdef-short", "abcdef-short-and-long"]) registerSecret(secret);
    expect(redact("abcdef-short-and-long, abcdef-short")).toBe("[secret], [secret]");
});

it("does not blank out ordinary words for a short secret, or for none", () => {
    registerSecret("the");
    registerSecret("");
    registerSecret(undefined);
    expect(redact("the vault is the one")).toBe("the vault is the one");
});

it("cuts a short value that was given as a secret out where it stands for itself, and leaves words that have it", () => {
    for (const secret of ["eu-xy", "qz", "täg", "a+b", "q/w", "", "hidden-one"]) registerGivenSecret(secret);
    expect(redact("to copy to eu-xy: 2; https://cbr.eu-xy.example/v3, 'eu-xy-2', qz-0001.")).toBe(
        "to copy to [secret]: 2; https://cbr.[secret].example/v3, '[secret]-2', [secret]-0001.",
    );
    expect(redact("neu-xy eu-xyz qzar 1qz qz_1 täglich aab")).toBe("neu-xy eu-xyz qzar 1qz qz_1 täglich aab");
    expect(redact("täg t%C3%A4g a+b q%2Fw my-hidden-ones")).toBe("[secret] [secret] [secret] [secret] my-[secret]s");
});

it.each([
    ["a token header", "x-auth-token: gAAAAAabc-def", "x-auth-token: [secret]"],
    ["a token header in JSON", '{"X-Auth-Token":"gAAAAAabc"}', '{"X-Auth-Token":"[secret]"}'],
    ["a new token", "X-Subject-Token=gAAA;", "X-Subject-Token=[secret];"],
    ["a security token", "'x-security-token': 'abc'", "'x-security-token': '[secret]'"],
    ["a signature", "SignedHeaders=host, Signature=0123456789abcdef0123", "SignedHeaders=host, Signature=[secret]"],
    ["a password in an address", "https://tom:pw@proxy:3128/", "https://[secret]@proxy:3128/"],
])("cuts out %s that nobody registered", (_, text, expected) => {
    expect(redact(text)).toBe(expected);
});

it.each([
    [
        "a list of values, as undici and Node print headers",
        '"x-auth-token":["gAAAAAabc-def"]',
        '"x-auth-token":[secret]',
    ],
    [
        "several values",
        "{'X-Auth-Token': ['gAAAA', 'gBBBB'], 'accept': ['x']}",
        "{'X-Auth-Token': [secret], 'accept': ['x']}",
    ],
    ["a list that was cut off", '"X-Subject-Token":["gAAAAAabc-de', '"X-Subject-Token":[secret]'],
    ["JSON within JSON", String.raw`{\"x-auth-token\":[\"gAAA\"]}`, String.raw`{\"x-auth-token\":[secret]}`],
    [
        "JSON within JSON, one value",
        String.raw`{\"x-auth-token\":\"gAAA\"}`,
        String.raw`{\"x-auth-token\":\"[secret]\"}`,
    ],
    ["pairs of raw headers", "['X-Auth-Token', 'gAAA', 'Accept', 'x']", "['X-Auth-Token', '[secret]', 'Accept', 'x']"],
    ["a map of another language", "map[X-Auth-Token:[gAAA] Accept:[x]]", "map[X-Auth-Token:[secret] Accept:[x]]"],
    ["a query", "https://h/v3?X-Auth-Token=gAAA", "https://h/v3?X-Auth-Token=[secret]"],
])("cuts the values of token headers out of %s", (_, text, expected) => {
    expect(redact(text)).toBe(expected);
});

it("leaves a sentence about a token header as it is", () => {
    expect(redact("x-auth-token not found")).toBe("x-auth-token not found");
    expect(redact("needs X-Auth-Token, or a signature")).toBe("needs X-Auth-Token, or a signature");
});

it("recognises a long secret whose end is missing, by its first sixteen characters", () => {
    const secret = "MIIabcdefghijklm-nopqrstuvwxyz-0123456789";
    registerSecret(secret);
    for (let length = 16; length <= secret.length; length++)
        expect(redact(`bad value ${secret.slice(0, length)}`)).toBe("bad value [secret]");
    expect(redact(`${secret.slice(0, 20)}, ${secret.slice(0, 30)}…`)).toBe("[secret], [secret]…");
    expect(redact(`bad value ${secret.slice(0, 15)}`)).toBe(`bad value ${secret.slice(0, 15)}`);
});

it.each([
    ["colours and cursor moves", "a\u001b[31mb\u001b[2Jc", "abc"],
    ["the title of a window, and a link", "a\u001b]0;pwned\u0007b \u001b]8;;http://x\u001b\\c", "ab c"],
    ["line breaks, of which a CI log would make commands", "x\r\n::error::pwned", "x ::error::pwned"],
    ["other separators of lines", "a\u2028b\u2029c\u0085d", "a b c d"],
    ["a sequence that was cut off", "a\u001b[", "a ["],
    ["signs that turn the direction of writing", "gpj.\u202eexe", "gpj. exe"],
    ["nothing", "t\u00e4glich \u4e2d\u6587 – 5 %", "t\u00e4glich \u4e2d\u6587 – 5 %"],
])("shows a text without %s", (_, text, expected) => {
    expect(displayText(text)).toBe(expected);
});

it("shows any text as one line that no terminal obeys, and twice the same as once", () => {
    fc.assert(
        fc.property(fc.string({ unit: "binary" }), (text) => {
            const shown = displayText(text);
            expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
            expect(displayText(shown)).toBe(shown);
        }),
    );
});
