import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeClockSkew, parseFailure } from "../../../provider/client/errors/error-response";
import type { HttpResponse } from "../../../provider/client/http/transport";

const now = Date.parse("2025-01-02T03:04:05Z");

function answer(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
    return { status, headers, body: typeof body === "string" ? body : JSON.stringify(body) };
}

function read(status: number, body: unknown, headers?: Record<string, string>) {
    return parseFailure("ShowCheckpoint", answer(status, body, headers), now);
}

describe("parseFailure", () => {
    it.each([
        [
            "CBR",
            404,
            { error_code: "BackupService.6217", error_msg: "The checkpoint does not exist" },
            "BackupService.6217",
            "The checkpoint does not exist",
        ],
        ["old CBR codes", 400, { error_code: "CSBS.3001", error_msg: "gone" }, "CSBS.3001", "gone"],
        [
            "API gateway",
            429,
            { error_code: "APIGW.0308", error_msg: "The throttling threshold has been reached" },
            "APIGW.0308",
            "The throttling threshold has been reached",
        ],
        [
            "keystone",
            404,
            { error: { code: 404, message: "Could not find project", title: "Not Found" } },
            "404",
            "Could not find project",
        ],
        ["IAM", 401, { error_code: "IAM.0061", error_msg: "locked" }, "IAM.0061", "locked"],
        ["camel case", 400, { errorCode: "X.1", errorMsg: "camel" }, "X.1", "camel"],
        ["plain", 400, { code: "Y.2", message: "plain" }, "Y.2", "plain"],
        [
            "nested: unauthorized",
            401,
            { unauthorized: { code: "401", message: "Malformed request url" } },
            "401",
            "Malformed request url",
        ],
        ["nested: itemNotFound", 404, { itemNotFound: { message: "no item", code: 404 } }, "404", "no item"],
        ["nested: badRequest", 400, { badRequest: { message: "bad", code: 400 } }, "400", "bad"],
        [
            "nested with CBR's names",
            400,
            { error: { error_code: "BackupService.9900", error_msg: "nope" } },
            "BackupService.9900",
            "nope",
        ],
        ["bare number as text", 404, { error_code: "6217", error_msg: "gone" }, "BackupService.6217", "gone"],
        ["bare number", 404, { error_code: 6217, error_msg: "gone" }, "BackupService.6217", "gone"],
        [
            "bare number that begins with zero",
            400,
            { error_code: "0001", error_msg: "none" },
            "BackupService.0001",
            "none",
        ],
        [
            "a code without text",
            400,
            { error_code: "BackupService.0001" },
            "BackupService.0001",
            "no message in the answer",
        ],
        ["a text without code", 400, { message: "just text" }, "", "just text"],
        [
            "a title in place of the message",
            401,
            { error: { code: 401, title: "Unauthorized" } },
            "401",
            "Unauthorized",
        ],
    ])("reads %s", (_, status, body, code, text) => {
        expect(read(status, body)).toMatchObject({ operation: "ShowCheckpoint", status, code, text });
    });

    it("knows the one body with which the API refuses an id, and none that looks like it", () => {
        const body = { code: "401", message: "Malformed request url" };
        expect(read(401, { unauthorized: body }).isMalformedUrl).toBe(true);
        for (const other of [
            body,
            { error: body },
            { unauthorized: { ...body, code: 401 } },
            { unauthorized: { ...body, code: "" } },
            { unauthorized: { ...body, code: "APIGW.0301" } },
            { unauthorized: { ...body, message: "Malformed request url." } },
            { unauthorized: { ...body, message: "Malformed request url " } },
            { unauthorized: { ...body, message: "malformed request url" } },
            { unauthorized: { ...body, message: "Malformed request url: x" } },
            { unauthorized: { ...body, details: "" } },
            { unauthorized: body, request_id: "7" },
            { unauthorized: [body] },
            [],
        ])
            expect(read(401, other).isMalformedUrl, JSON.stringify(other)).toBeUndefined();
    });

    it("takes the names in the order error_code, errorCode, code, nested", () => {
        const nested = { error: { error_code: "N.4", error_msg: "nested" } };
        const plain = { code: "P.3", message: "plain", ...nested };
        const camel = { errorCode: "C.2", errorMsg: "camel", ...plain };
        const snake = { error_code: "S.1", error_msg: "snake", ...camel };
        expect([snake, camel, plain, nested].map((body) => read(400, body).code)).toEqual(["S.1", "C.2", "P.3", "N.4"]);
    });

    it("treats empty, null and absent alike", () => {
        expect(read(400, { error_code: "", error_msg: null, code: "P.3", message: "plain" })).toMatchObject({
            code: "P.3",
            text: "plain",
        });
        expect(read(400, { error: null, errors: [{ code: "x" }] })).toMatchObject({ code: "" });
    });

    it("quotes the start of a page without its HTML", () => {
        const page =
            "<!DOCTYPE html><html><head><title>502 Bad Gateway</title><style>body{color:red}</style><script>alert('x')</script></head>" +
            "<body><!-- hidden --><h1>502 Bad&nbsp;Gateway</h1>\n<hr>nginx &amp; co</body></html>";
        expect(read(502, page)).toEqual({
            operation: "ShowCheckpoint",
            status: 502,
            code: "",
            text: "502 Bad Gateway 502 Bad Gateway nginx & co",
            isForeign: true,
        });
    });

    it.each([
        ["nothing", "", "no message in the answer"],
        ["white space", " \r\n ", "no message in the answer"],
        ["plain text", "upstream connect error", "upstream connect error"],
        ["cut-off JSON", '{"error_code":"BackupServ', '{"error_code":"BackupServ'],
        ["a JSON list", '["a"]', '["a"]'],
        ["a JSON object that says nothing", '{"a":1}', '{"a":1}'],
        ["control characters", "a \u001b[31mb\u0000c\u001b]0;title\u0007", "a b c"],
    ])("makes a text of %s", (_, body, text) => {
        expect(read(503, body)).toMatchObject({ code: "", text });
    });

    it("is never longer than 200 characters", () => {
        const { text } = read(500, { error_code: "X.1", error_msg: "long ".repeat(100) });
        expect(text).toHaveLength(200);
        expect(text.endsWith("…")).toBe(true);
        expect(read(500, "<p>".repeat(100_000)).text).toBe("no message in the answer");
    });

    it.each([
        ["X-Request-Id", { "x-request-id": "r-1" }, { request_id: "r-2" }, "r-1"],
        ["keystone's header", { "x-openstack-request-id": "r-3" }, {}, "r-3"],
        ["the gateway's body", {}, { request_id: "r-2" }, "r-2"],
        ["nowhere", {}, {}, undefined],
    ])("finds the request id in %s", (_, headers, extra, requestId) => {
        expect(
            read(400, { error_code: "X.1", error_msg: "x", ...extra }, headers as Record<string, string>).requestId,
        ).toBe(requestId);
    });

    it.each([
        ["30", 30_000],
        ["Thu, 02 Jan 2025 03:04:15 GMT", 10_000],
        ["1e3", undefined],
    ])("reads Retry-After %j", (value, ms) => {
        expect(read(429, {}, { "retry-after": value }).retryAfterMs).toBe(ms);
    });

    it("measures a Retry-After that is a date by the answer's own, however wrong our clock is", () => {
        const headers = { "retry-after": "Thu, 02 Jan 2025 03:04:15 GMT", date: "Thu, 02 Jan 2025 03:04:10 GMT" };
        for (const now of [undefined, 0, Date.UTC(2030, 0)])
            expect(parseFailure("X", answer(429, {}, headers), now).retryAfterMs).toBe(5_000);
    });

    it("says what to do where the code tells", () => {
        expect(read(400, { error_code: "BackupService.6125", error_msg: "running" }).advice).toBe(
            "A backup task is running in the vault.",
        );
        expect(read(400, { error_code: "BackupService.1234", error_msg: "new" })).not.toHaveProperty("advice");
    });

    it.each([
        { error_code: "APIGW.0302", error_msg: "denied", encoded_authorization_message: "ENCODED-STUFF" },
        { encoded_authorization_message: "ENCODED-STUFF" },
        { error: { code: 403, message: "denied, encoded_authorization_message: ENCODED-STUFF" } },
        'denied {"encoded_authorization_message":"ENCODED-STUFF"',
    ])("drops the encoded message of a policy denial: %j", (body) => {
        expect(JSON.stringify(read(403, body))).not.toContain("ENCODED-STUFF");
    });

    it("never throws, and always has a text", () => {
        fc.assert(
            fc.property(fc.oneof(fc.string(), fc.json()), fc.dictionary(fc.string(), fc.string()), (body, headers) => {
                const failure = parseFailure("X", { status: 500, headers, body });
                expect(failure.text.length).toBeGreaterThan(0);
                expect(failure.text.length).toBeLessThanOrEqual(200);
            }),
        );
    });
});

describe("describeClockSkew", () => {
    const skewed = (date: string | undefined) =>
        describeClockSkew(answer(401, "", date === undefined ? {} : { date }), now);

    it("says by how much, and in which direction", () => {
        expect(skewed("Thu, 02 Jan 2025 03:24:05 GMT")).toMatch(
            /clock is 20 minutes behind the server's .*2025-01-02T03:24:05/,
        );
        expect(skewed("Thu, 02 Jan 2025 01:04:05 GMT")).toMatch(/clock is 120 minutes ahead of the server's/);
    });

    it("says nothing when the clocks agree, or the server told no time", () => {
        expect(["Thu, 02 Jan 2025 03:05:00 GMT", undefined, "nonsense"].map(skewed)).toEqual([
            undefined,
            undefined,
            undefined,
        ]);
    });
});
