import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Authenticator, createAuthenticator } from "../../provider/client/auth/authenticator";
import { type CallOptions, Client } from "../../provider/client/client";
import {
    ApiError,
    AuthError,
    NotFoundError,
    ResponseShapeError,
    TransportError,
    WaitTimeoutError,
} from "../../provider/client/errors/errors";
import { sideEffectOf } from "../../provider/client/http/retry";
import type { HttpRequest, HttpResponse, Transport } from "../../provider/client/http/transport";
import {
    copyBackup,
    copyCheckpoint,
    createCheckpoint,
    deleteBackup,
    importCheckpoint,
    type Operation,
    showBackup,
    showCheckpoint,
    showReplicationCapabilities,
} from "../../provider/client/operations";
import { defineOperation } from "../../provider/client/operations/operation";
import { resolveSettings } from "../../provider/client/settings/settings";
import { FakeClock, settle } from "../support/fake-clock";
import {
    type Answer,
    type Exchange,
    refusedConnection,
    resetConnection,
    ScriptedTransport,
} from "../support/scripted-transport";

const P = "f841e01fd2b14e7fa41b6ae7aa6b0594";
const base = `https://cbr.eu-de.otc.t-systems.com/v3/${P}`;
const target = { region: "eu-de", projectId: P };
const VAULT = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
const ID = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
const noFiles = { read: () => undefined, cwd: () => "/", home: () => undefined };
const KEYS = { "cbr:accessKey": "AK-of-the-client-test", "cbr:secretKey": "SK-of-the-client-test" };

/** Authenticates with `token`; `renewals` says what each `renew` gives. */
function fakeAuth(renewals: boolean[] = []): Authenticator & { renewed: string[] } {
    let count = 1;
    const renewed: string[] = [];
    return {
        renewed,
        projectId: async (scope) => scope.projectId ?? P,
        authenticate: async (request) => ({
            ...request,
            headers: { ...request.headers, "x-auth-token": `token-${count}` },
        }),
        renew: async (_, rejected) => {
            renewed.push(rejected.headers["x-auth-token"] ?? "");
            const fresh = renewals.shift() ?? false;
            if (fresh) count++;
            return fresh;
        },
        accepted: () => {},
        sharedKey: () => undefined,
        describe: () => 'the token from "cbr:token"',
    };
}

interface Parts {
    config?: Record<string, string>;
    transport?: Transport;
    auth?: (settings: ReturnType<typeof resolveSettings>, transport: Transport, clock: FakeClock) => Authenticator;
    clock?: FakeClock;
    signal?: AbortSignal;
}

function make(parts: Parts = {}) {
    const config: Record<string, string> = {
        "cbr:region": "eu-de",
        "cbr:cloud": "otc",
        "cbr:maxRequestsPerSecond": "1000",
        ...parts.config,
    };
    const settings = resolveSettings((key) => config[key], {}, noFiles);
    const clock = parts.clock ?? new FakeClock({ random: 0 });
    const transport = parts.transport ?? new ScriptedTransport();
    const auth = parts.auth?.(settings, transport, clock) ?? fakeAuth();
    const signal = parts.signal ?? new AbortController().signal;
    return { clock, auth, client: new Client({ settings, auth, transport, clock, signal }) };
}

function script(exchanges: readonly Exchange[], parts: Omit<Parts, "transport"> = {}) {
    const transport = new ScriptedTransport(exchanges);
    return { transport, ...make({ ...parts, transport }) };
}

/** A server as a function; notes when each request came. */
class Server implements Transport {
    readonly requests: HttpRequest[] = [];
    readonly #answer: (request: HttpRequest, count: number) => Promise<HttpResponse> | HttpResponse;
    constructor(answer: (request: HttpRequest, count: number) => Promise<HttpResponse> | HttpResponse) {
        this.#answer = answer;
    }
    async send(request: HttpRequest): Promise<HttpResponse> {
        this.requests.push(request);
        return this.#answer(request, this.requests.length);
    }
    async close(): Promise<void> {}
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse => ({
    status,
    headers,
    body: JSON.stringify(body),
});
const backup = { backup: { id: ID, status: "available" } };
const checkpoint = { checkpoint: { id: ID, status: "protecting" } };
const refusal = { error_code: "APIGW.0301", error_msg: "Incorrect IAM authentication information", request_id: "r-1" };
const show = (client: Client, more: Partial<CallOptions<undefined>> = {}) =>
    client.call(showBackup, { target, path: { backup_id: ID }, ...more });
const body = { checkpoint: { vault_id: VAULT, parameters: { name: "n" } } };
const create = (client: Client, more: Partial<CallOptions<typeof body>> = {}) =>
    client.call(createCheckpoint, { target, body, ...more });

const GET = (answer: Answer | Error): Exchange => ({ method: "GET", url: `${base}/backups/${ID}`, answer });
const POST = (answer: Answer | Error): Exchange => ({ method: "POST", url: `${base}/checkpoints`, answer });
const ok: Answer = { status: 200, body: backup };
const created: Answer = { status: 200, body: checkpoint };
const coded = (status: number, code: string, headers: Record<string, string> = {}): Answer => ({
    status,
    headers,
    body: { error_code: code, error_msg: "text" },
});
const malformed: Answer = {
    status: 401,
    body: { unauthorized: { code: "401", message: "Malformed request url" } },
};
const LIST = (answer: Answer): Exchange => ({
    method: "GET",
    url: `${base}/backups?limit=1`,
    answer: answer === ok ? { status: 200, body: { backups: [] } } : answer,
});
const html = (status: number, headers: Record<string, string> = {}): Answer => ({
    status,
    headers,
    body: "<html><title>Bad Gateway</title></html>",
});

async function errorOf(run: Promise<unknown>): Promise<Error> {
    return run.then(
        () => expect.unreachable("it should have failed"),
        (error: unknown) => error as Error,
    );
}

/** Runs a call whose every try fails, and gives the pauses and the number of tries. */
async function tries(
    run: (client: Client) => Promise<unknown>,
    answer: () => Answer | Error,
    parts: Omit<Parts, "transport"> = {},
) {
    const server = new Server(() => {
        const one = answer();
        if (one instanceof Error) throw one;
        return {
            status: one.status,
            headers: one.headers ?? {},
            body: typeof one.body === "string" ? one.body : JSON.stringify(one.body ?? ""),
        };
    });
    const { client, clock } = make({ ...parts, transport: server });
    const error = await errorOf(run(client));
    return { count: server.requests.length, sleeps: clock.sleeps, error };
}

describe("the request", () => {
    it("says everything that the API asks for, and nothing that was not given", async () => {
        const { client, transport } = script([
            {
                method: "POST",
                url: `${base}/checkpoints`,
                headers: {
                    accept: "application/json",
                    "content-type": "application/json",
                    "x-language": "en-us",
                    "x-auth-token": "token-1",
                },
                body: { checkpoint: { vault_id: VAULT, parameters: { name: "n", incremental: false } } },
                answer: created,
            },
            {
                method: "GET",
                url: `${base}/backups/${ID}`,
                headers: { "content-type": undefined },
                body: undefined,
                answer: ok,
            },
        ]);
        await client.call(createCheckpoint, {
            target,
            body: { checkpoint: { vault_id: VAULT, parameters: { name: "n", incremental: false } } },
        });
        await show(client);
        transport.done();
        expect(transport.requests.map((request) => request.timeoutMs)).toEqual([60_000, 60_000]);
    });

    it("encodes every value so that it cannot leave its place", async () => {
        const list: Operation<undefined, unknown> = defineOperation({
            id: "Any",
            method: "GET",
            path: "/a/{id}/b",
            response: z.unknown(),
        });
        const { client, transport } = script([{ method: "GET", url: /.*/, answer: { status: 200, body: {} } }]);
        await client.call(list, {
            target: { region: "eu-de", projectId: "../x" },
            path: { id: "../../vaults?x=#y" },
            query: {
                name: "täglich a/b~1'()*!",
                status: ["error", "available"],
                limit: 10,
                all: true,
                none: undefined,
            },
        });
        expect(transport.calls).toEqual([
            "GET https://cbr.eu-de.otc.t-systems.com/v3/..%2Fx/a/..%2F..%2Fvaults%3Fx%3D%23y/b" +
                "?name=t%C3%A4glich%20a%2Fb~1%27%28%29%2A%21&status=error&status=available&limit=10&all=true",
        ]);
    });

    it("never sends a body that the API's page does not describe", async () => {
        const { client, transport } = script([]);
        const wrong = { checkpoint: { vault_id: VAULT, paramters: {} } } as never;
        const error = await errorOf(client.call(createCheckpoint, { target, body: wrong }));
        expect(error.message).toContain("CreateCheckpoint: the request is malformed at checkpoint");
        expect(transport.requests).toEqual([]);
    });

    it("asks the given, else the configured project", async () => {
        const { client } = make({
            config: { "cbr:projectId": P, "cbr:token": "token-of-client-test" },
            auth: createAuthenticator,
        });
        expect(await client.target("eu-de")).toEqual(target);
        expect(await client.target("eu-nl", "0123456789abcdef0123456789abcdef")).toEqual({
            region: "eu-nl",
            projectId: "0123456789abcdef0123456789abcdef",
        });
    });
});

describe("answers", () => {
    it("reads a good answer, and needs none where the page has none", async () => {
        const { client } = script([
            GET({ status: 200, body: { backup: { id: ID, status: "available", brand_new: 1 } } }),
            { method: "DELETE", url: `${base}/backups/${ID}`, answer: { status: 204 } },
        ]);
        expect((await show(client)).backup).toMatchObject({ id: ID, status: "available", children: [] });
        expect(await client.call(deleteBackup, { target, path: { backup_id: ID } })).toBeUndefined();
    });

    it.each([
        ["a checkpoint", showCheckpoint, { checkpoint_id: ID }, coded(404, "BackupService.6217"), "checkpoint"],
        ["a backup", showBackup, { backup_id: ID }, coded(404, "BackupService.6200"), "backup"],
        ["a backup by a bare number", showBackup, { backup_id: ID }, coded(404, "6200"), "backup"],
        ["a backup that is to be deleted", deleteBackup, { backup_id: ID }, coded(404, "BackupService.6200"), "backup"],
        [
            "a backup that is to be deleted, in the old way",
            deleteBackup,
            { backup_id: ID },
            coded(400, "CSBS.3001"),
            "backup",
        ],
    ] as const)(
        "says that %s is gone, without a second try or a new token",
        async (_, operation, path, answer, what) => {
            const auth = fakeAuth([true]);
            const { client, transport } = script([{ method: operation.method, url: /.*/, answer }], {
                auth: () => auth,
            });
            const error = await errorOf(client.call(operation as Operation<undefined, unknown>, { target, path }));
            expect(error).toBeInstanceOf(NotFoundError);
            expect((error as NotFoundError).what).toBe(what);
            expect([transport.requests.length, auth.renewed]).toEqual([1, []]);
        },
    );

    it.each([
        ["another object's code", showCheckpoint, coded(404, "BackupService.6200")],
        ["the vault's code", showBackup, coded(404, "BackupService.6105")],
        ["a code of nobody's", showBackup, coded(404, "Other.6200")],
        ["an unknown path", showBackup, coded(404, "APIGW.0101")],
        ["a 403", showBackup, coded(403, "APIGW.0302")],
        ["a list that names no object", showReplicationCapabilities, coded(404, "BackupService.6200")],
    ] as const)("does not take %s for gone", async (_, operation, answer) => {
        const { client } = script([{ method: "GET", url: /.*/, answer }]);
        const error = await errorOf(
            client.call(operation as Operation<undefined, unknown>, {
                target,
                path: { backup_id: ID, checkpoint_id: ID },
            }),
        );
        expect(error).toBeInstanceOf(ApiError);
        expect(error).not.toBeInstanceOf(NotFoundError);
    });

    it("takes the 401 of a malformed id for a refusal where no single object was asked for", async () => {
        const { client } = script([POST(malformed)]);
        expect(await errorOf(create(client))).toBeInstanceOf(AuthError);
    });

    it.each([
        ["a read", "GET", showBackup],
        ["a deletion", "DELETE", deleteBackup],
    ] as const)(
        "takes it for gone after %s when the same credentials may list in that project",
        async (_, method, one) => {
            const auth = fakeAuth([true]);
            const asked: Exchange = { method, url: `${base}/backups/${ID}`, answer: malformed };
            const { client, transport, clock } = script([asked, LIST(ok), asked], { auth: () => auth });
            const run = client.call(one as Operation<undefined, unknown>, { target, path: { backup_id: ID } });
            expect(await errorOf(run)).toMatchObject({ name: "NotFoundError", what: "backup" });
            transport.done();
            expect([auth.renewed, clock.sleeps]).toEqual([[], []]);
        },
    );

    it("asks again with those credentials that were proven, which may be others than at first", async () => {
        const auth = fakeAuth([true]);
        const tokens = ["token-1", "token-1", "token-2", "token-2"].map((token) => ({ "x-auth-token": token }));
        const answers = [GET(malformed), LIST(malformed), LIST(ok), GET(ok)];
        const exchanges = answers.map((one, index) => ({ ...one, headers: tokens[index] ?? {} }));
        const { client, transport } = script(exchanges, { auth: () => auth });
        expect((await show(client)).backup.id).toBe(ID);
        transport.done();
    });

    it("takes it for a wrong project when that cannot be listed either, and names the credentials", async () => {
        const { client } = script([GET(malformed), LIST(malformed)]);
        const error = await errorOf(show(client));
        expect(error).toMatchObject({ name: "AuthError", status: 401, retry: "never" });
        expect(error.message).toBe(
            "ShowBackup: HTTP 401: Malformed request url. That is said of an id that does not exist, and also when " +
                `project ${P} in eu-de is not one of these credentials; nothing counts as gone, for its backups ` +
                "could not be listed either: ListBackups: HTTP 401: Malformed request url. Refused was the token " +
                'from "cbr:token". Signed in with the token from "cbr:token": check it, cbr:projectId, and projectId ' +
                "of the resource.",
        );
    });

    it.each([
        ["forbidden", coded(403, "APIGW.0302"), 1, "never"],
        ["out of order", html(503), 6, "backoff"],
    ] as const)("does not take it for gone while the list is %s", async (_, answer, lists, retry) => {
        const list = Array.from({ length: lists }, () => LIST(answer));
        const { client, transport } = script([GET(malformed), ...list]);
        expect(await errorOf(show(client))).toMatchObject({ name: "AuthError", retry });
        transport.done();
    });

    it("asks for the proof anew each time, for it is good for that moment only", async () => {
        const { client, transport } = script([
            ...[GET(malformed), LIST(ok), GET(malformed)],
            ...[GET(malformed), LIST(coded(403, "APIGW.0302"))],
        ]);
        expect(await errorOf(show(client))).toBeInstanceOf(NotFoundError);
        expect(await errorOf(show(client))).toBeInstanceOf(AuthError);
        transport.done();
    });

    it("says what came: operation, status, code, text, request id, and what to do", async () => {
        const { client } = script([
            POST({
                status: 400,
                headers: { "x-request-id": "req-7" },
                body: { error_code: "BackupService.6114", error_msg: "Vault full." },
            }),
        ]);
        expect((await errorOf(create(client))).message).toBe(
            "CreateCheckpoint: HTTP 400 BackupService.6114: Vault full (request id req-7). The vault is full: enlarge it or delete backups.",
        );
    });

    it("says so when the answer is not what the page describes, and does not ask again", async () => {
        const { client, transport } = script([GET({ status: 200, body: { backup: { id: ID, status: 7 } } })]);
        const error = await errorOf(show(client));
        expect(error).toBeInstanceOf(ResponseShapeError);
        expect(error.message).toMatch(
            /^ShowBackup: HTTP 200, but the answer is not what the API's page describes: backup\.status: /,
        );
        transport.done();
    });

    it.each([
        [
            "CreateCheckpoint",
            { checkpoint: { id: ID } },
            `checkpoint.status: Invalid input: expected string, received undefined. It names ${ID}.`,
        ],
        [
            "CreateCheckpoint",
            { checkpoint: { status: "protecting" } },
            "checkpoint.id: Invalid input: expected string, received undefined.",
        ],
        [
            "CopyBackup",
            { replication: { replication_record_id: ID, provider_id: {} } },
            `replication.provider_id: Invalid input: expected string, received object. It names ${ID}.`,
        ],
        [
            "CopyCheckpoint",
            {
                replication: {
                    backups: [{ replication_record_id: ID }, { backup_id: VAULT, replication_record_id: VAULT }],
                },
            },
            "replication.backups.0.backup_id: Invalid input: expected string, received undefined. " +
                `It names ${ID}, ${VAULT}.`,
        ],
        [
            "ImportCheckpoint",
            { sync: { operation_log_id: ID, vault_id: [] } },
            `sync.vault_id: Invalid input: expected string, received array. It names ${ID}.`,
        ],
    ])("%s: names what was made when another field of the answer is bad: %j", async (id, body, words) => {
        const operation = [createCheckpoint, copyBackup, copyCheckpoint, importCheckpoint].find((one) => one.id === id);
        const { client } = script([{ method: "POST", url: /.*/, answer: { status: 200, body } }]);
        const plain = { ...operation, request: undefined } as unknown as Operation<undefined, unknown>;
        const error = await errorOf(client.call(plain, { target, path: { backup_id: ID } }));
        expect(error.message).toBe(`${id}: HTTP 200, but the answer is not what the API's page describes: ${words}`);
        expect(sideEffectOf(error)).toBe("accepted");
    });

    it("quotes the start of a proxy's page that came with 200, and asks again", async () => {
        const page = `<html>\n\n<h1>Login</h1>${"x".repeat(500)}`;
        const { count, error } = await tries(
            (client) => show(client),
            () => ({ status: 200, body: page }),
        );
        expect(count).toBe(6);
        expect(error.message).toContain('It starts: "Login xxx');
        expect(error.message.length).toBeLessThan(400);
    });

    it("shows no token that an answer repeats", async () => {
        const auth = {
            ...fakeAuth(),
            authenticate: async (request: HttpRequest) => ({
                ...request,
                headers: { ...request.headers, "x-auth-token": "gAAAA-very-secret" },
            }),
        };
        const { client } = script(
            [GET({ status: 403, body: { error_code: "APIGW.0302", error_msg: "token gAAAA-very-secret may not" } })],
            { auth: () => auth },
        );
        expect((await errorOf(show(client))).message).toContain("token [secret] may not");
    });

    it("shows no part of a token that is longer than what is quoted, whatever the answer's form", async () => {
        const token = `MII${"a1B2".repeat(400)}`;
        const auth = {
            ...fakeAuth(),
            authenticate: async (request: HttpRequest) => ({
                ...request,
                headers: { ...request.headers, "x-auth-token": token },
            }),
        };
        for (const answer of [
            { status: 400, body: { error_code: "BackupService.9900", error_msg: `bad header value ${token}` } },
            { status: 403, body: `<html><body>Header: ${token}</body></html>` },
            { status: 200, body: `X-Auth-Token: ${token}` },
            { status: 400, body: { error_code: token, error_msg: "bad" } },
            // Cut off on the way.
            { status: 400, body: `{"error_msg":"bad header value ${token.slice(0, 60)}` },
        ]) {
            const { error } = await tries(
                (client) => show(client),
                () => answer,
                { auth: () => auth },
            );
            expect(error.message).not.toContain(token.slice(0, 16));
        }
    });
});

describe("trying again", () => {
    it.each([
        ["a reset", resetConnection()],
        ["a refused connection", refusedConnection()],
        ["502", html(502)],
        ["503", html(503)],
        ["504", coded(504, "APIGW.0201")],
        ["408", html(408)],
        ["a gateway's own error", coded(500, "APIGW.0601")],
    ])("asks again after %s, six times in all, ever more slowly", async (_, answer) => {
        for (const run of [
            (client: Client) => show(client),
            (client: Client) => client.call(deleteBackup, { target, path: { backup_id: ID } }),
        ]) {
            const { count, sleeps } = await tries(run, () => answer);
            expect([count, sleeps]).toEqual([6, [250, 500, 1_000, 2_000, 4_000]]);
        }
    });

    it.each([
        ["400", coded(400, "BackupService.9900")],
        ["403", coded(403, "APIGW.0302")],
        ["404", coded(404, "APIGW.0101")],
        ["409", coded(409, "X.1")],
        ["500 with a permanent code", coded(500, "BackupService.1005")],
        ["a status that nobody knows", coded(599, "X.1")],
    ])("does not ask again after %s", async (_, answer) => {
        expect(
            (
                await tries(
                    (client) => show(client),
                    () => answer,
                )
            ).count,
        ).toBe(1);
        expect(
            (
                await tries(
                    (client) => create(client),
                    () => answer,
                )
            ).count,
        ).toBe(1);
    });

    it.each([
        ["a proxy's page", html(403)],
        ["a 404 that was cut in half", { status: 404, body: '{"error_code":"BackupService.62' }],
        ["a 400 that was cut in half", { status: 400, body: '{"error_code":"BackupService.6125","error_msg":"A ba' }],
        ["an empty 404", { status: 404, body: "" }],
        ["a redirection to a login page", html(302)],
        ["a status that nobody knows", html(599)],
    ] as const)("asks again after %s, four times, but for a POST, which may have had its effect", async (_, answer) => {
        for (const run of [
            (client: Client) => show(client),
            // A wait does not go on for hours over a page that stays.
            (client: Client) => show(client, { deadline: Number.MAX_SAFE_INTEGER }),
            (client: Client) => client.call(deleteBackup, { target, path: { backup_id: ID } }),
        ]) {
            const { count, sleeps, error } = await tries(run, () => answer);
            expect([count, sleeps]).toEqual([4, [250, 500, 1_000]]);
            expect(error).toMatchObject({ name: "ApiError", retry: "never" });
        }
        const posted = await tries(
            (client) => create(client),
            () => answer,
        );
        expect(posted.count).toBe(1);
        expect(sideEffectOf(posted.error)).toBe("maybe");
    });

    it("understands the answer that comes whole the next time", async () => {
        const cut = { status: 404, body: '{"error_code":"BackupService.6200","error_' };
        const gone = coded(404, "BackupService.6200");
        const { client, transport } = script([GET(cut), GET(gone)]);
        expect(await errorOf(show(client))).toBeInstanceOf(NotFoundError);
        transport.done();
    });

    it("tries an unexplained 500 four times", async () => {
        const { count, sleeps } = await tries(
            (client) => show(client),
            () => html(500),
        );
        expect([count, sleeps]).toEqual([4, [250, 500, 1_000]]);
    });

    it("tries what may pass four times, more slowly, for a POST too", async () => {
        const { count, sleeps } = await tries(
            (client) => create(client),
            () => coded(400, "BackupService.6118"),
        );
        expect([count, sleeps]).toEqual([4, [1_000, 2_000, 4_000]]);
    });

    it("keeps to cbr:maxRetries", async () => {
        for (const [retries, count] of [
            ["0", 1],
            ["2", 3],
        ] as const)
            expect(
                (
                    await tries(
                        (client) => show(client),
                        () => html(502),
                        { config: { "cbr:maxRetries": retries } },
                    )
                ).count,
            ).toBe(count);
    });

    it.each([
        ["a reset", resetConnection(), "maybe"],
        ["502", html(502), "maybe"],
        ["503 without Retry-After", html(503), "maybe"],
        ["503 with Retry-After", html(503, { "retry-after": "1" }), "maybe"],
        ["a proxy's page that begins with white space", { status: 200, body: "\n  <html>" }, "maybe"],
        ["504", html(504), "maybe"],
        ["408", html(408), "maybe"],
        ["an unexplained 500", html(500), "maybe"],
        ["an unknown error", coded(500, "BackupService.9910"), "maybe"],
        ["a gateway's own error", coded(500, "APIGW.0601"), "maybe"],
        ["a proxy's page with 200", { status: 200, body: "<html>" }, "maybe"],
        ["an answer that is cut off", { status: 200, body: '{"checkpoint":{"id":' }, "accepted"],
        ["an answer without an id", { status: 200, body: { checkpoint: {} } }, "accepted"],
        ["an empty answer", { status: 202, body: "" }, "accepted"],
    ] as const)("never sends a POST again that ended with %s, however much time is left", async (_, answer, effect) => {
        for (const deadline of [undefined, Date.UTC(2030, 0)]) {
            const { count, error, sleeps } = await tries(
                (client) => create(client, { deadline }),
                () => answer,
            );
            expect([count, sleeps, sideEffectOf(error)]).toEqual([1, [], effect]);
        }
    });

    it("repeats a read that somebody waits for until its time is over, whatever kind of 5xx comes", async () => {
        for (const answer of [coded(500, "BackupService.9910"), html(500), html(503)]) {
            const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
            const server = new Server((_, count) =>
                count > 8 ? json(200, backup) : { status: answer.status, headers: {}, body: text },
            );
            const { client, clock } = make({ transport: server });
            expect((await show(client, { deadline: clock.now() + 300_000 })).backup.id).toBe(ID);
            expect(server.requests.length).toBe(9);
        }
    });

    it.each([
        ["a connection that was never made", refusedConnection(), 6],
        ["429", coded(429, "APIGW.0308"), 10],
        ["a busy vault", coded(400, "BackupService.6125"), 6],
        ["busy resources, as a 500", coded(500, "BackupService.0002"), 6],
    ] as const)("sends a POST again after %s, for it did nothing", async (_, answer, count) => {
        const run = await tries(
            (client) => create(client),
            () => answer,
        );
        expect([run.count, sideEffectOf(run.error)]).toEqual([count, "nothing"]);
    });

    it("waits for a busy vault as long as there is time, but not for an address that cannot be reached", async () => {
        const deadline = (clock: FakeClock) => clock.now() + 600_000;
        const busy = new FakeClock({ random: 0 });
        const long = await tries(
            (client) => create(client, { deadline: deadline(busy) }),
            () => coded(400, "BackupService.6125"),
            { clock: busy },
        );
        expect(long.sleeps).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, ...Array(18).fill(30_000)]);
        const unreachable = new FakeClock({ random: 0 });
        const short = await tries((client) => create(client, { deadline: deadline(unreachable) }), refusedConnection, {
            clock: unreachable,
        });
        expect(short.count).toBe(6);
    });

    it("tells each pause before it begins", async () => {
        const told: [string, number][] = [];
        const { client } = script([GET(html(502)), GET(resetConnection()), GET(ok)]);
        await show(client, { onRetry: (error, delayMs) => told.push([error.name, delayMs]) });
        expect(told).toEqual([
            ["ApiError", 250],
            ["TransportError", 500],
        ]);
    });

    it("throws at once what is no error of ours", async () => {
        const bug = new TypeError("a bug");
        const { client, transport } = script([GET(bug)]);
        expect(await errorOf(show(client))).toBe(bug);
        transport.done();
    });
});

describe("Retry-After", () => {
    it("is the least pause, and holds all calls to the region", async () => {
        const { client, clock, transport } = script([
            GET(coded(429, "APIGW.0308", { "retry-after": "7" })),
            GET(ok),
            GET(ok),
        ]);
        const times: number[] = [];
        await Promise.all([
            show(client).then(() => times.push(clock.elapsed)),
            show(client).then(() => times.push(clock.elapsed)),
        ]);
        expect(times).toEqual([7_000, 7_000]);
        transport.done();
    });

    it("is understood as a date, and capped at a minute", async () => {
        const start = Date.UTC(2025, 0, 2, 3, 4, 5);
        for (const [value, wait] of [
            [new Date(start + 9_000).toUTCString(), 9_000],
            ["86400", 60_000],
            ["1e9", 250],
            ["-5", 250],
        ] as const) {
            const { client, clock } = script([GET(coded(429, "APIGW.0308", { "retry-after": value })), GET(ok)]);
            await show(client);
            expect(clock.sleeps, value).toEqual([wait]);
        }
    });

    it("slows all calls down, and good answers bring the speed back", async () => {
        const server = new Server((_, count) =>
            count === 1 ? json(429, { error_code: "APIGW.0308" }) : json(200, backup),
        );
        const { client, clock } = make({ transport: server, config: { "cbr:maxRequestsPerSecond": "10" } });
        const times: number[] = [];
        await show(client);
        await Promise.all(Array.from({ length: 250 }, () => show(client).then(() => times.push(clock.elapsed))));
        const gaps = times.map((time, index) => time - (times[index - 1] ?? 0)).filter((gap) => gap > 0);
        expect(gaps[5]).toBeGreaterThan(150);
        expect(gaps.at(-1)).toBeLessThanOrEqual(101);
    });

    it("does not make anybody wait for a turn that comes after his deadline", async () => {
        const { client, clock, transport } = script([GET(coded(429, "APIGW.0308", { "retry-after": "30" })), GET(ok)]);
        const first = show(client);
        await settle();
        const error = await errorOf(show(client, { deadline: clock.now() + 5_000 }));
        expect([error.name, clock.elapsed]).toEqual(["WaitTimeoutError", 5_000]);
        await first;
        transport.done();
    });
});

describe("deadlines", () => {
    it("begins no try once the time is over, not even the first", async () => {
        const { client, clock, transport } = script([]);
        const error = await errorOf(show(client, { deadline: clock.now() }));
        expect(error).toBeInstanceOf(WaitTimeoutError);
        expect([transport.requests, clock.sleeps]).toEqual([[], []]);
    });

    it("does not sleep past it: the last error is thrown as soon as a pause would", async () => {
        const clock = new FakeClock({ random: 0 });
        const { sleeps, error, count } = await tries(
            (client) => show(client, { deadline: clock.now() + 4_000 }),
            () => html(502),
            { clock },
        );
        expect([count, sleeps, clock.elapsed]).toEqual([5, [250, 500, 1_000, 2_000], 3_750]);
        expect(error).toBeInstanceOf(ApiError);
    });

    it("goes on past cbr:maxRetries for as long as there is time", async () => {
        const clock = new FakeClock({ random: 0 });
        const { count } = await tries((client) => show(client, { deadline: clock.now() + 600_000 }), resetConnection, {
            clock,
        });
        expect(count).toBe(45);
    });

    it("gives the exchange no more time than is left, but a second at least", async () => {
        for (const [left, timeoutMs] of [
            [3_600_000, 60_000],
            [20_000, 20_000],
            [100, 1_000],
        ] as const) {
            const { client, clock, transport } = script([GET(ok)]);
            await show(client, { deadline: clock.now() + left });
            expect(transport.requests.map((request) => request.timeoutMs)).toEqual([timeoutMs]);
        }
    });

    it("does not send after a sign-in that took too long", async () => {
        const clock = new FakeClock();
        const slow: Authenticator = {
            ...fakeAuth(),
            authenticate: async (request) => {
                await clock.sleep(10_000);
                return request;
            },
        };
        const { client, transport } = script([], { clock, auth: () => slow });
        const error = await errorOf(create(client, { deadline: clock.now() + 5_000 }));
        expect(error).toBeInstanceOf(WaitTimeoutError);
        expect(sideEffectOf(error)).toBe("nothing");
        expect(transport.requests).toEqual([]);
    });

    it("does not send when the turn comes too late", async () => {
        const { client, clock, transport } = script([GET(ok)], { config: { "cbr:maxRequestsPerSecond": "0.5" } });
        const outcomes = await Promise.allSettled([show(client), show(client, { deadline: clock.now() + 1_000 })]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected"]);
        expect(clock.elapsed).toBe(1_000);
        transport.done();
    });
});

describe("when the engine is gone", () => {
    const gone = new Error("the engine is gone");
    const busy = json(400, { error_code: "BackupService.6201", error_msg: "in use" });

    /** A server whose first answer ends the engine; every call has hours of time left. */
    function lastAnswer(answer: HttpResponse) {
        const engine = new AbortController();
        const server = new Server(() => {
            setImmediate(() => engine.abort(gone));
            return answer;
        });
        const clock = new FakeClock({ random: 0, auto: false });
        return { server, ...make({ transport: server, clock, signal: engine.signal }) };
    }

    it.each([
        ["a read that meets 503", json(503, {}), show],
        [
            "a deletion of what is in use",
            busy,
            (client: Client, more: object) => client.call(deleteBackup, { target, path: { backup_id: ID }, ...more }),
        ],
        ["a POST to a busy vault", busy, create],
    ] as const)("sends nothing any more, although there is time: %s", async (_, answer, run) => {
        const { client, server, clock } = lastAnswer(answer);
        const error = await errorOf(run(client, { deadline: clock.now() + 3 * 3_600_000 }));
        expect(error).toBe(gone);
        await clock.advance(3 * 3_600_000);
        expect([server.requests.length, clock.sleeping]).toEqual([1, 0]);
        expect(await errorOf(run(client, {}))).toBe(gone);
        expect(server.requests.length).toBe(1);
    });

    it("lets go of those that wait for their turn", async () => {
        const engine = new AbortController();
        const server = new Server(() => json(200, backup));
        const clock = new FakeClock({ random: 0, auto: false });
        const config = { "cbr:maxRequestsPerSecond": "2" };
        const { client } = make({ transport: server, clock, config, signal: engine.signal });
        await show(client);
        const calls = Array.from({ length: 5 }, () =>
            show(client).then(
                () => "answered",
                (error: unknown) => error,
            ),
        );
        await settle();
        engine.abort(gone);
        expect(await Promise.all(calls)).toEqual(["answered", gone, gone, gone, gone]);
        await clock.advance(60_000);
        expect(server.requests.length).toBe(2);
    });

    it("ends a read that is under way, and hears out a POST, whose id must not be lost", async () => {
        const engine = new AbortController();
        let answerPost: (response: HttpResponse) => void = () => {};
        const server = new Server(
            ({ method, signal }) =>
                new Promise((resolve, reject) => {
                    signal?.addEventListener("abort", () => reject(resetConnection()));
                    if (method === "POST") answerPost = resolve;
                }),
        );
        const { client } = make({ transport: server, signal: engine.signal });
        const posted = create(client);
        const inNl = { target: { ...target, region: "eu-nl" }, path: { backup_id: ID } };
        const read = errorOf(client.call(showBackup, inNl));
        await settle();
        engine.abort(gone);
        expect(await read).toBe(gone);
        answerPost(json(200, checkpoint));
        expect((await posted).checkpoint.id).toBe(ID);
        expect(server.requests.map(({ method }) => method)).toEqual(["POST", "GET"]);
    });
});

describe("401", () => {
    it("renews the token once and sends the same request again, without a pause", async () => {
        const auth = fakeAuth([true]);
        const { client, transport, clock } = script(
            [GET({ status: 401, body: refusal }), { ...GET(ok), headers: { "x-auth-token": "token-2" } }],
            { auth: () => auth },
        );
        await show(client);
        transport.done();
        expect([auth.renewed, clock.sleeps]).toEqual([["token-1"], []]);
    });

    it("does so for a POST, for a refused one did nothing", async () => {
        const { client, transport } = script([POST({ status: 401, body: refusal }), POST(created)], {
            auth: () => fakeAuth([true]),
        });
        await create(client);
        transport.done();
    });

    it("takes 500 BackupService.9998 for a refused token, too", async () => {
        const { client, transport } = script([POST(coded(500, "BackupService.9998")), POST(created)], {
            auth: () => fakeAuth([true]),
        });
        await create(client);
        transport.done();
    });

    it("gives up when the new token is refused as well", async () => {
        const auth = fakeAuth([true, true, true]);
        const { client, transport } = script(
            [GET({ status: 401, body: refusal }), GET({ status: 401, body: refusal })],
            { auth: () => auth },
        );
        const error = await errorOf(show(client));
        expect(error).toBeInstanceOf(AuthError);
        expect(error.message).toBe(
            'ShowBackup: HTTP 401 APIGW.0301: Incorrect IAM authentication information (request id r-1). Refused was the token from "cbr:token".',
        );
        expect(auth.renewed).toEqual(["token-1"]);
        transport.done();
    });

    it("does not count the renewal as a failed try", async () => {
        const { client, clock } = script(
            [GET({ status: 401, body: refusal }), ...Array.from({ length: 5 }, () => GET(html(502))), GET(ok)],
            { auth: () => fakeAuth([true]) },
        );
        await show(client);
        expect(clock.sleeps).toEqual([250, 500, 1_000, 2_000, 4_000]);
    });

    it("never tries a refused signature again, and says so to everybody who asks later", async () => {
        const { client, transport } = script([GET({ status: 401, body: refusal })]);
        const first = await errorOf(show(client));
        expect(first).toBeInstanceOf(AuthError);
        expect(await errorOf(create(client))).toBe(first);
        transport.done();
    });

    it("says how far the machine's clock is off when that is why a signature was refused", async () => {
        const now = Date.UTC(2025, 0, 2, 3, 4, 5);
        const answer = {
            status: 401,
            headers: { date: new Date(now - 20 * 60_000).toUTCString() },
            body: { error_code: "APIGW.0303", error_msg: "x" },
        };
        const { client, transport } = script([GET(answer)], { config: KEYS, auth: createAuthenticator });
        const message = (await errorOf(show(client))).message;
        expect(message).toContain("This machine's clock is 20 minutes ahead of the server's");
        expect(message).toContain("Refused was");
        expect(await errorOf(create(client))).toBeInstanceOf(AuthError);
        transport.done();
    });
});

/** As `fakeAuth`, but as with an access key one refusal speaks for all. */
const signing = () => ({ ...fakeAuth(), accepted: () => {}, sharedKey: () => "a key" });

describe("the first contact with a project", () => {
    it("that hangs holds up those with a token for five seconds, and those with a key until it ends", async () => {
        for (const [auth, sent] of [
            [fakeAuth, 3],
            [signing, 1],
        ] as const) {
            const clock = new FakeClock({ random: 0, auto: false });
            const server = new Server((_, count) =>
                count === 1 ? new Promise<HttpResponse>(() => {}) : json(200, backup),
            );
            const { client } = make({ transport: server, clock, auth: () => auth() });
            for (let call = 0; call < 3; call++) void show(client).catch(() => {});
            await clock.advance(4_900);
            expect(server.requests.length).toBe(1);
            await clock.advance(200);
            expect(server.requests.length).toBe(sent);
        }
    });

    it("costs exactly one refused call when 1,000 sign with a wrong key at the same time", async () => {
        const server = new Server(() => json(401, refusal));
        const { client } = make({ config: KEYS, transport: server, auth: createAuthenticator });
        const errors = await Promise.all(
            Array.from({ length: 1_000 }, (_, index) => errorOf(index % 2 === 0 ? show(client) : create(client))),
        );
        expect(server.requests.length).toBe(1);
        expect(new Set(errors).size).toBe(1);
        expect(errors[0]).toBeInstanceOf(AuthError);
        expect(server.requests[0]?.headers["authorization"]).toMatch(/^SDK-HMAC-SHA256 Access=/);
    });

    it("costs one refused call with a wrong key however many regions and projects it is for", async () => {
        const server = new Server(() => json(401, refusal));
        const { client } = make({ config: KEYS, transport: server, auth: createAuthenticator });
        const places = ["eu-de", "eu-nl", "eu-ch2"].flatMap((region) =>
            [P, "0123456789abcdef0123456789abcdef"].map((projectId) => ({ region, projectId })),
        );
        const errors = await Promise.all(
            places.flatMap((target) => [errorOf(show(client, { target })), errorOf(create(client, { target }))]),
        );
        const lookUp = await errorOf(client.target("eu-nl"));
        expect(server.requests.length).toBe(1);
        expect(new Set([...errors, lookUp]).size).toBe(1);
    });

    it("looks projects up with a wrong key no more than once, and asks nothing else with it", async () => {
        const server = new Server(() => json(401, refusal));
        const { client } = make({ config: KEYS, transport: server, auth: createAuthenticator });
        const errors = await Promise.all([
            errorOf(client.target("eu-nl")),
            errorOf(client.target("eu-ch2")),
            errorOf(show(client)),
        ]);
        expect(server.requests.map((request) => new URL(request.url).pathname)).toEqual(["/v3/projects"]);
        expect(errors.every((error) => error instanceof AuthError)).toBe(true);
    });

    it("does not condemn a key that one region accepts because another one refuses it", async () => {
        const server = new Server((request) =>
            request.url.includes("eu-nl") ? json(401, refusal) : json(200, backup),
        );
        const { client } = make({ config: KEYS, transport: server, auth: createAuthenticator });
        await show(client);
        const nl = { region: "eu-nl", projectId: P };
        expect(await errorOf(show(client, { target: nl }))).toBeInstanceOf(AuthError);
        expect(await errorOf(show(client, { target: nl }))).toBeInstanceOf(AuthError);
        expect((await show(client)).backup.id).toBe(ID);
        expect(server.requests.length).toBe(3);
    });

    it("to a region that does not answer keeps no other region waiting for more than its own time", async () => {
        const server = new Server((request) => {
            if (request.url.includes("eu-nl")) throw refusedConnection();
            return json(200, backup);
        });
        const { client } = make({ config: KEYS, transport: server, auth: createAuthenticator });
        const nl = { region: "eu-nl", projectId: P };
        const [away, home] = await Promise.all([errorOf(show(client, { target: nl })), show(client)]);
        expect(away).toBeInstanceOf(TransportError);
        expect(home.backup.id).toBe(ID);
    });

    it("goes alone, and then lets all others go at the same time", async () => {
        let answer = (_response: HttpResponse) => {};
        let open = 0;
        let most = 0;
        const clock = new FakeClock({ random: 0 });
        const server = new Server(async (_, count) => {
            open++;
            most = Math.max(most, open);
            if (count === 1) return new Promise<HttpResponse>((resolve) => (answer = resolve));
            await clock.sleep(100);
            open--;
            return json(200, backup);
        });
        const { client } = make({ transport: server, clock, auth: signing });
        const all = Array.from({ length: 100 }, () => show(client));
        await settle();
        expect(server.requests.length).toBe(1);
        answer(json(200, backup));
        open--;
        await Promise.all(all);
        expect([server.requests.length, most]).toEqual([100, 99]);
    });

    it("is one for each region and project", async () => {
        const server = new Server((request) =>
            request.url.includes("eu-nl") ? json(401, refusal) : json(200, backup),
        );
        const { client } = make({ transport: server });
        const nl = { region: "eu-nl", projectId: P };
        expect(await errorOf(show(client, { target: nl }))).toBeInstanceOf(AuthError);
        expect((await show(client)).backup.id).toBe(ID);
        expect(await errorOf(show(client, { target: nl }))).toBeInstanceOf(AuthError);
        expect(server.requests.length).toBe(2);
    });

    it.each([
        ["404", json(404, { error_code: "BackupService.6200", error_msg: "x" })],
        ["403", json(403, { error_code: "APIGW.0302", error_msg: "x" })],
        ["400", json(400, { error_code: "BackupService.9900", error_msg: "x" })],
    ])("lets the others go after an answer of %s: the credential was looked at", async (_, first) => {
        const server = new Server((_request, count) => (count === 1 ? first : json(200, backup)));
        const { client } = make({ transport: server });
        const results = await Promise.allSettled(Array.from({ length: 20 }, () => show(client)));
        expect(results.map((result) => result.status)).toEqual(["rejected", ...Array(19).fill("fulfilled")]);
        expect(server.requests.length).toBe(20);
    });

    it("has failed for all who wait for it when no answer came: unsent, and one goes alone again", async () => {
        let open = 0;
        const together: number[] = [];
        const server = new Server(async (_, count) => {
            together.push(++open);
            await settle();
            open--;
            if (count <= 2) throw resetConnection();
            return json(401, refusal);
        });
        const { client } = make({
            transport: server,
            clock: new FakeClock({ random: [0, 0.3, 0.6, 0.9] }),
            config: KEYS,
            auth: createAuthenticator,
        });
        const errors = await Promise.all(Array.from({ length: 1_000 }, () => errorOf(show(client))));
        expect(together).toEqual([1, 1, 1]);
        expect(errors.every((error) => error instanceof AuthError)).toBe(true);
    });

    it("keeps a POST that waited for it free to be sent: it was not", async () => {
        const told: string[] = [];
        const server = new Server((request, count) => {
            if (count === 1) throw resetConnection();
            return json(200, request.method === "POST" ? checkpoint : backup);
        });
        const { client } = make({ transport: server });
        const [, second] = await Promise.all([
            show(client),
            create(client, { onRetry: (error) => told.push(error.message) }),
        ]);
        expect(second.checkpoint.id).toBe(ID);
        expect(told).toEqual([
            "CreateCheckpoint: not sent, for the first call to eu-de failed: ShowBackup: the connection was reset",
        ]);
        expect(server.requests.map((request) => request.method).sort()).toEqual(["GET", "GET", "POST"]);
    });

    it("does not make all wait for each other while nothing can be reached", async () => {
        const clock = new FakeClock({ random: 0 });
        const server = new Server(async () => {
            await clock.sleep(10_000);
            throw refusedConnection();
        });
        const { client } = make({ transport: server, clock, auth: signing });
        const errors = await Promise.all(Array.from({ length: 100 }, () => errorOf(show(client))));
        expect(errors.every((error) => error instanceof TransportError)).toBe(true);
        expect(clock.elapsed).toBeLessThan(120_000);
    });

    it("goes on with the next after a throttled one, a bug, or one whose time was over", async () => {
        for (const first of [
            async () => json(429, { error_code: "APIGW.0308", error_msg: "x" }),
            async () => {
                throw new TypeError("a bug");
            },
        ]) {
            const server = new Server((_, count) => (count === 1 ? first() : json(200, backup)));
            const { client } = make({ transport: server });
            const results = await Promise.allSettled(Array.from({ length: 5 }, () => show(client)));
            expect(results.slice(1).map((result) => result.status)).toEqual(Array(4).fill("fulfilled"));
        }
        const { client, clock, transport } = script([GET(ok)], { config: { "cbr:maxRequestsPerSecond": "0.5" } });
        await show(client);
        const other = { region: "eu-de", projectId: "0123456789abcdef0123456789abcdef" };
        transport.expect({ method: "GET", url: /0123456789abcdef/, answer: ok });
        const late = errorOf(show(client, { target: other, deadline: clock.now() + 500 }));
        const next = show(client, { target: other });
        expect(await late).toBeInstanceOf(WaitTimeoutError);
        expect((await next).backup.id).toBe(ID);
    });

    it("goes alone again with a renewed token", async () => {
        const together: number[] = [];
        let open = 0;
        const server = new Server(async (request, count) => {
            if (count <= 2) together.push(++open);
            await settle();
            open--;
            return request.headers["x-auth-token"] === "token-1" ? json(401, refusal) : json(200, backup);
        });
        const auth = { ...fakeAuth([true]), accepted: () => {}, sharedKey: () => "a key" };
        const { client } = make({ transport: server, auth: () => auth });
        await Promise.all(Array.from({ length: 50 }, () => show(client)));
        expect([together, auth.renewed, server.requests.length]).toEqual([[1, 1], ["token-1"], 51]);
    });

    it("does not send what still waits for its turn once a signature was refused", async () => {
        const clock = new FakeClock();
        const server = new Server((_, count) => (count < 3 ? json(200, backup) : json(401, refusal)));
        const { client } = make({ transport: server, clock, config: { "cbr:maxRequestsPerSecond": "1" } });
        const results = await Promise.allSettled(Array.from({ length: 10 }, () => show(client)));
        expect(results.filter((result) => result.status === "fulfilled").length).toBe(2);
        expect(server.requests.length).toBe(3);
    });
});

describe("the region's clock", () => {
    const start = Date.UTC(2025, 0, 2, 3, 4, 5);
    const dated = (offsetMs: number, tookMs: number, clock: FakeClock) => async () => {
        const date = new Date(Math.floor((clock.now() + offsetMs) / 1_000) * 1_000).toUTCString();
        await clock.sleep(tookMs);
        return { status: 200, headers: { date }, body: backup } as Answer;
    };
    async function offsets(...answers: readonly [offsetMs: number, tookMs: number][]): Promise<number[]> {
        const clock = new FakeClock({ now: start });
        const transport = new ScriptedTransport(
            answers.map(([offset, took]) => ({ method: "GET", url: /.*/, answer: dated(offset, took, clock) })),
        );
        const { client } = make({ transport, clock });
        const seen: number[] = [];
        for (const _ of answers) {
            await show(client);
            seen.push(client.serverOffsetMs("eu-de"));
        }
        return seen;
    }

    it("is ours until an answer says something else", async () => {
        expect(make().client.serverOffsetMs("eu-de")).toBe(0);
        expect(await offsets([0, 100], [400, 100])).toEqual([0, 0]);
    });

    it("is known to a second from one quick answer", async () => {
        for (const offset of [30_000, -30_000, 3_600_000]) {
            const [seen] = await offsets([offset, 50]);
            expect(Math.abs((seen ?? 0) - offset)).toBeLessThanOrEqual(1_000);
        }
    });

    it("does not seem to move because an answer was slow: a lost POST is looked for in the right time", async () => {
        const clock = new FakeClock({ now: start });
        const late = async () => {
            await clock.sleep(60_000);
            return { status: 504, headers: { date: new Date(clock.now()).toUTCString() }, body: "" };
        };
        const { client } = script(
            [POST(ok)].map((exchange) => ({ ...exchange, answer: late })),
            { clock },
        );
        await errorOf(create(client));
        expect(client.serverOffsetMs("eu-de")).toBe(0);
        const [quick, slow] = await offsets([30_000, 50], [30_000, 60_000]);
        expect(slow).toBe(quick);
    });

    it("follows when it was set", async () => {
        const [, second] = await offsets([30_000, 50], [-30_000, 50]);
        expect(Math.abs((second ?? 0) + 30_000)).toBeLessThanOrEqual(1_000);
    });

    it("keeps what it knows when an answer has no date, or none that can be read", async () => {
        const { client } = script([
            GET({ ...ok, headers: { date: new Date(start + 60_000).toUTCString() } }),
            GET(ok),
            GET({ ...ok, headers: { date: "soon" } }),
        ]);
        await show(client);
        const known = client.serverOffsetMs("eu-de");
        await show(client);
        await show(client);
        expect([known, client.serverOffsetMs("eu-de"), client.serverOffsetMs("eu-nl")]).toEqual([60_000, 60_000, 0]);
    });
});

it("counts what may have changed something, also when the answer was lost", async () => {
    const { client } = script([
        GET(ok),
        POST(created),
        POST(resetConnection()),
        { method: "DELETE", url: /.*/, answer: { status: 204 } },
    ]);
    const counts = [client.changes];
    const note = () => counts.push(client.changes);
    await show(client).then(note);
    await create(client).then(note);
    await errorOf(create(client)).then(note);
    await client.call(deleteBackup, { target, path: { backup_id: ID } }).then(note);
    expect(counts.map((count, index) => count > (counts[index - 1] ?? -1))).toEqual([true, false, true, true, true]);
});

it("says where the calls to a region go", () => {
    expect(make().client.baseUrl("eu-nl")).toBe("https://cbr.eu-nl.otc.t-systems.com");
});
