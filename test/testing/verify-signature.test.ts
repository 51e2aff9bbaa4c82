import { describe, expect, it } from "vitest";
import { type SignedRequest, verifySignature } from "../../sdk/testing/index";

// Vectors computed with huaweicloudsdkcore 3.1.219's own signer and a second independent program.
const accessKey = "TESTAK0000000000000A";
const secretKey = "TESTSK00000000000000000000000000000000AB";
const project = "f841e01fd2b14e7fa41b6ae7aa6b0594";
const nowMs = Date.UTC(2025, 0, 2, 3, 4, 5);
const body =
    '{"checkpoint":{"vault_id":"3b5816b5-f29c-4172-9d9a-76c719a659ce","parameters":{"incremental":true,"name":"backup_name"}}}';
const secretOf = (key: string) => (key === accessKey ? secretKey : undefined);
const access = (names: string, signature: string) =>
    `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${names}, Signature=${signature}`;

const vectorA: SignedRequest = {
    method: "POST",
    target: `/v3/${project}/checkpoints`,
    headers: {
        host: "cbr.eu-de.otc.t-systems.com",
        "content-type": "application/json",
        "x-project-id": project,
        "x-sdk-date": "20250102T030405Z",
        authorization: access(
            "content-type;host;x-project-id;x-sdk-date",
            "76e894e20b068a4b190d511d9fc16394f6b90031ddbd2612cbbe477b39546825",
        ),
    },
    body,
};
const vectorB: SignedRequest = {
    method: "GET",
    target: `/v3/${project}/backups?status=error&status=available&name=t%C3%A4glich%20a%2Fb~1&checkpoint_id=8b0851a8-adf3-4f4c-a914-dead08bf9664&limit=100`,
    headers: {
        host: "cbr.eu-de.otc.t-systems.com",
        "x-project-id": project,
        "x-sdk-date": "20250102T030405Z",
        "x-security-token": "gAAAAAtesttoken==",
        authorization: access(
            "host;x-project-id;x-sdk-date;x-security-token",
            "ac31e6b8c4ef7757f0315e3dd137f087ef7aaa5884f189f9bf5455b360296c2b",
        ),
    },
    body: "",
};
const vectorC: SignedRequest = {
    method: "DELETE",
    target: `/v3/${project}/backups/6df2b54c-dd62-4059-a07c-1b8f24f2725d`,
    headers: {
        host: "127.0.0.1:8443",
        "x-project-id": project,
        "x-sdk-date": "20250102T030405Z",
        authorization: access(
            "host;x-project-id;x-sdk-date",
            "67159b033af6ce6d1649011d02d230ff97c38bcb89f685f68c7c0103d326cbf2",
        ),
    },
    body: "",
};
const oldForm: SignedRequest = {
    ...vectorA,
    headers: {
        host: "cbr.eu-de.otc.t-systems.com",
        "content-type": "application/json",
        "x-sdk-date": "20250102T030405Z",
        authorization: `SDK-HMAC-SHA256 Credential=${accessKey}/20250102///sdk_request, SignedHeaders=content-type;host;x-sdk-date, Signature=a51172a8160f95039b25eb4f9e4baee674932bdf4da32d88bbbcd8e78f6eef83`,
    },
};

it.each([
    ["A", vectorA, "access", "7a5dd29328704b8f888f61ab8c2d16229128341a55f53b8b6f19310a2dc53330"],
    ["B", vectorB, "access", "3b005a7b6cbddd2b64aecfa7f77267e5e132f74a76866130e1f73d73d56226d1"],
    ["C", vectorC, "access", "5508c126962bd3f9051d9aa771b68d83e1ffd40078b82cc7ea69a96e5a56856e"],
    ["of the old form", oldForm, "credential", "093f956dbe9d9fc40bd727726b55554800769cec7486a494b845f3833cb94da4"],
])("accepts vector %s", (_name, request, form, canonicalHash) => {
    expect(verifySignature(request, secretOf, nowMs)).toMatchObject({ ok: true, accessKey, form, canonicalHash });
});

const changed = (change: Partial<SignedRequest>, headers: Record<string, string | undefined> = {}): SignedRequest => ({
    ...vectorA,
    ...change,
    headers: { ...vectorA.headers, ...headers },
});
const authorization = vectorA.headers["authorization"] ?? "";

describe("refuses", () => {
    it.each([
        ["another method", changed({ method: "PUT" }), "signature"],
        ["another path", changed({ target: `/v3/${project}/checkpoint` }), "signature"],
        ["an added query", changed({ target: `/v3/${project}/checkpoints?limit=1` }), "signature"],
        ["another body", changed({ body: `${body} ` }), "signature"],
        ["a changed signed header", changed({}, { "x-project-id": "0".repeat(32) }), "signature"],
        ["a missing signed header", changed({}, { "x-project-id": undefined }), "headers"],
        ["an unknown key", changed({}, { authorization: authorization.replace(accessKey, "OTHER") }), "key"],
        ["no host in SignedHeaders", changed({}, { authorization: authorization.replace("host;", "") }), "headers"],
        [
            "no date in SignedHeaders",
            changed({}, { authorization: authorization.replace(";x-sdk-date", "") }),
            "headers",
        ],
        [
            "unsorted SignedHeaders",
            changed({}, { authorization: authorization.replace("content-type;host", "host;content-type") }),
            "headers",
        ],
        [
            "a signature in capitals",
            changed({}, { authorization: authorization.replace(/[0-9a-f]{64}/, (hex) => hex.toUpperCase()) }),
            "format",
        ],
        ["another scheme", changed({}, { authorization: authorization.replace("SDK-", "AWS4-") }), "format"],
        ["an unreadable date", changed({}, { "x-sdk-date": "2025-01-02T03:04:05Z" }), "date"],
        [
            "a scope of another day",
            {
                ...oldForm,
                headers: {
                    ...oldForm.headers,
                    authorization: oldForm.headers["authorization"]?.replace("20250102", "20250103"),
                },
            },
            "format",
        ],
        ["a wrong content hash", changed({}, { "x-sdk-content-sha256": "0".repeat(64) }), "payload"],
        ["an unsigned JSON body", changed({}, { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }), "payload"],
    ])("%s", (_why, request, reason) => {
        expect(verifySignature(request, secretOf, nowMs)).toMatchObject({ ok: false, reason });
    });

    it("a clock that is off by more than 15 minutes, either way", () => {
        const okAt = (offsetMs: number) => verifySignature(vectorA, secretOf, nowMs + offsetMs).ok;
        const limit = 15 * 60_000;
        expect([okAt(limit), okAt(-limit), okAt(limit + 1), okAt(-limit - 1)]).toEqual([true, true, false, false]);
    });
});

it("ignores headers that are not signed", () => {
    expect(
        verifySignature(changed({}, { "x-domain-id": "late", "x-security-token": "late" }), secretOf, nowMs).ok,
    ).toBe(true);
});

it("does not care how the query is ordered or a space is written", () => {
    const target = `/v3/${project}/backups?limit=100&name=t%c3%a4glich+a%2Fb%7E1&status=available&checkpoint_id=8b0851a8-adf3-4f4c-a914-dead08bf9664&status=error`;
    expect(verifySignature({ ...vectorB, target }, secretOf, nowMs).ok).toBe(true);
});
