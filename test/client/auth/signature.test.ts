import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalRequest, sign } from "../../../provider/client/auth/signature";
import type { HttpRequest } from "../../../provider/client/http/transport";

interface Vector {
    date: string;
    keys: { accessKey: string; secretKey: string; projectId: string; securityToken?: string };
    request: HttpRequest;
    canonicalRequest: string[];
    canonicalHash: string;
    signedHeaders: string;
    signature: string;
}

const folder = join(__dirname, "../../fixtures/signature");
const vectors = readdirSync(folder)
    .sort()
    .map((file) => ({ file, vector: JSON.parse(readFileSync(join(folder, file), "utf8")) as Vector }));

const keys = { accessKey: "AK", secretKey: "SK-of-the-test" };
const date = new Date("2025-01-02T03:04:05.678Z");
const host = "cbr.eu-de.otc.t-systems.com";

function canonicalPartOf(url: string, line: number): string | undefined {
    return canonicalRequest({ method: "GET", url }, {}).text.split("\n")[line];
}

describe("sign", () => {
    it("has the three vectors", () => {
        expect(vectors.map(({ file }) => file)).toEqual(["vector-a.json", "vector-b.json", "vector-c.json"]);
    });

    it.each(vectors)("gives the signature of $file", ({ vector }) => {
        const headers = sign(vector.request, vector.keys, new Date(vector.date));
        expect(headers["authorization"]).toBe(
            `SDK-HMAC-SHA256 Access=${vector.keys.accessKey}, SignedHeaders=${vector.signedHeaders}, Signature=${vector.signature}`,
        );
    });

    it.each(vectors)("builds the canonical request of $file", ({ vector }) => {
        const { authorization: _, ...added } = sign(vector.request, vector.keys, new Date(vector.date));
        const signed: Record<string, string> = { ...added, host: new URL(vector.request.url).host };
        if (vector.request.body !== undefined) signed["content-type"] = "application/json";
        const canonical = canonicalRequest(vector.request, signed);
        expect(canonical.text).toBe(vector.canonicalRequest.join("\n"));
        expect(canonical.hash).toBe(vector.canonicalHash);
        expect(canonical.signedHeaders).toBe(vector.signedHeaders);
    });

    it("adds only the headers that it has values for", () => {
        const request: HttpRequest = { method: "GET", url: `https://${host}/v3/p/vaults`, headers: {} };
        expect(Object.keys(sign(request, keys, date)).sort()).toEqual(["authorization", "x-sdk-date"]);
        const all = sign(request, { ...keys, projectId: "p", domainId: "d", securityToken: "t" }, date);
        expect(Object.keys(all).sort()).toEqual([
            "authorization",
            "x-domain-id",
            "x-project-id",
            "x-sdk-date",
            "x-security-token",
        ]);
        expect(all["authorization"]).toContain(
            "SignedHeaders=host;x-domain-id;x-project-id;x-sdk-date;x-security-token,",
        );
    });

    it("leaves out of the signature what may change on its way", () => {
        const plain: HttpRequest = { method: "GET", url: `https://${host}/v3/p/vaults`, headers: {} };
        const dressed: HttpRequest = {
            ...plain,
            headers: { accept: "application/json", "user-agent": "x", "content-type": "text/plain" },
        };
        expect(sign(dressed, keys, date)).toEqual(sign(plain, keys, date));
    });

    it("writes the date in UTC without fractions", () => {
        expect(sign({ method: "GET", url: `https://${host}/`, headers: {} }, keys, date)["x-sdk-date"]).toBe(
            "20250102T030405Z",
        );
    });

    it("takes the hash of the body from x-sdk-content-sha256 when the request has one", () => {
        const canonical = canonicalRequest(
            { method: "PUT", url: `https://${host}/`, body: "x" },
            { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" },
        );
        expect(canonical.text.split("\n").at(-1)).toBe("UNSIGNED-PAYLOAD");
    });

    it("changes with every part of the request", () => {
        const base: HttpRequest = {
            method: "POST",
            url: `https://${host}/v3/p/vaults?a=1`,
            headers: { "content-type": "application/json" },
            body: "{}",
        };
        const signatures = [
            base,
            { ...base, method: "PUT" },
            { ...base, url: `https://${host}/v3/p/vaults?a=2` },
            { ...base, url: `https://${host}/v3/q/vaults?a=1` },
            { ...base, url: `https://${host}:8443/v3/p/vaults?a=1` },
            { ...base, body: "{ }" },
            { ...base, headers: { "content-type": "text/plain" } },
        ].map((request) => sign(request, keys, date)["authorization"]);
        signatures.push(sign(base, { ...keys, secretKey: "another" }, date)["authorization"]);
        signatures.push(sign(base, keys, new Date("2025-01-02T03:04:06Z"))["authorization"]);
        expect(new Set(signatures).size).toBe(signatures.length);
    });
});

describe("canonical form", () => {
    it.each([
        ["", "/"],
        ["/", "/"],
        ["/a/b", "/a/b/"],
        ["/a/b/", "/a/b/"],
        ["/a%20b/c~d", "/a%20b/c~d/"],
        ["/a!b*c'(d)", "/a%21b%2Ac%27%28d%29/"],
        ["/%2F/x", "/%2F/x/"],
        ["/100%", "/100%25/"],
    ])("path %j is %j", (path, canonical) => {
        expect(canonicalPartOf(`https://${host}${path}`, 1)).toBe(canonical);
    });

    it.each([
        ["", ""],
        ["?", ""],
        ["?b=2&a=1", "a=1&b=2"],
        ["?a=2&a=10&a=1", "a=1&a=10&a=2"],
        ["?empty", "empty="],
        ["?empty=", "empty="],
        ["?a=1=2", "a=1%3D2"],
        ["?q=a+b%2Bc", "q=a%20b%2Bc"],
        ["?q=~-._", "q=~-._"],
        ["?%61=%62", "a=b"],
        ["?bad=%", "bad=%25"],
    ])("query %j is %j", (query, canonical) => {
        expect(canonicalPartOf(`https://${host}/${query}`, 2)).toBe(canonical);
    });

    it("does not depend on the order or the encoding of the query", () => {
        const pair = fc.tuple(fc.string({ minLength: 1 }), fc.string());
        fc.assert(
            fc.property(fc.array(pair, { maxLength: 6 }), (pairs) => {
                const write = (list: [string, string][]) =>
                    `https://${host}/?${list.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join("&")}`;
                const params = `https://${host}/?${new URLSearchParams(pairs).toString()}`;
                const canonical = canonicalPartOf(write(pairs), 2);
                expect(canonicalPartOf(write([...pairs].reverse()), 2)).toBe(canonical);
                expect(canonicalPartOf(params, 2)).toBe(canonical);
            }),
        );
    });
});
