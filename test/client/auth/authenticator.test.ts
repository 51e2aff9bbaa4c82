import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { createAuthenticator } from "../../../provider/client/auth/authenticator";
import { AuthError, ConfigError, TransportError } from "../../../provider/client/errors/errors";
import { sideEffectOf } from "../../../provider/client/http/retry";
import type { HttpRequest } from "../../../provider/client/http/transport";
import { cbrBaseUrl } from "../../../provider/client/settings/endpoints";
import { resolveSettings } from "../../../provider/client/settings/settings";
import { FakeClock, type FakeClockOptions, settle } from "../../support/fake-clock";
import {
    type Answer,
    type Exchange,
    refusedConnection,
    resetConnection,
    ScriptedTransport,
} from "../../support/scripted-transport";

const DE = "f841e01fd2b14e7fa41b6ae7aa6b0594";
const NL = "0123456789abcdef0123456789abcdef";
const iamDe = "https://iam.eu-de.otc.t-systems.com";
const iamNl = "https://iam.eu-nl.otc.t-systems.com";
const tokens = (base: string) => `${base}/v3/auth/tokens?nocatalog=true`;
const noFiles = { read: () => undefined, cwd: () => "/", home: () => undefined };

const user = {
    "cbr:region": "eu-de",
    "cbr:userName": "tom",
    "cbr:password": "PASSWORD-of-tom",
    "cbr:domainName": "OTC-1",
};
const keys = { "cbr:region": "eu-de", "cbr:accessKey": "AK-of-tom", "cbr:secretKey": "SECRETKEY-of-tom" };
const agency = { "cbr:agencyName": "ops", "cbr:agencyDomainName": "corp" };

function make(
    config: Record<string, unknown>,
    script: Exchange[] = [],
    env: Record<string, string> = {},
    clockOptions?: FakeClockOptions,
) {
    const settings = resolveSettings((key) => config[key], env, noFiles);
    const transport = new ScriptedTransport(script);
    const clock = new FakeClock(clockOptions);
    return { settings, transport, clock, auth: createAuthenticator(settings, transport, clock) };
}

const request: HttpRequest = {
    method: "GET",
    url: `https://cbr.eu-de.otc.t-systems.com/v3/${DE}/vaults`,
    headers: { accept: "application/json" },
};
const home = { region: "eu-de", projectId: DE };

function issued(token: string, options: { project?: string; hours?: number; at?: string } = {}): Answer {
    const start = Date.parse(options.at ?? "2025-01-02T03:04:05Z");
    return {
        status: 201,
        headers: { "x-subject-token": token },
        body: {
            token: {
                issued_at: new Date(start).toISOString().replace("Z", "000Z"),
                expires_at: new Date(start + (options.hours ?? 24) * 3_600_000).toISOString().replace("Z", "000Z"),
                project: { id: options.project ?? DE, name: "x" },
            },
        },
    };
}

function ask(base: string, scope: unknown, answer: Exchange["answer"]): Exchange {
    return {
        method: "POST",
        url: tokens(base),
        headers: {
            "content-type": "application/json;charset=utf8",
            "x-auth-token": undefined,
            authorization: undefined,
        },
        body: {
            auth: {
                identity: {
                    methods: ["password"],
                    password: { user: { name: "tom", domain: { name: "OTC-1" }, password: "PASSWORD-of-tom" } },
                },
                scope,
            },
        },
        answer,
    };
}

const askDe = (answer: Exchange["answer"]) => ask(iamDe, { project: { id: DE } }, answer);

function refusal(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
    return { status, body, headers: { "x-request-id": "req-1", ...headers } };
}

const wrongPassword = refusal(401, {
    error: { code: 401, message: "The username or password is wrong.", title: "Unauthorized" },
});

async function errorOf(promise: Promise<unknown>): Promise<Error> {
    try {
        await promise;
    } catch (error) {
        if (error instanceof Error) return error;
        throw error;
    }
    throw new Error("nothing was thrown");
}

/** Everything that can be seen of an error. */
function shown(error: unknown): string {
    return inspect(error, { depth: 20, showHidden: true });
}

describe("a given token", () => {
    it("is used as it is", async () => {
        const { auth, transport } = make({
            "cbr:region": "eu-de",
            "cbr:token": "TOKEN-from-stack",
            "cbr:projectId": DE,
        });
        expect(await auth.projectId({ region: "eu-de" })).toBe(DE);
        const signed = await auth.authenticate({ ...request, headers: { accept: "x" }, body: "b" }, home);
        expect(signed).toEqual({ ...request, body: "b", headers: { accept: "x", "x-auth-token": "TOKEN-from-stack" } });
        expect(await auth.renew(home, signed)).toBe(false);
        expect(transport.calls).toEqual([]);
    });

    it("looks the project up by the region's name", async () => {
        const { auth, transport } = make({ "cbr:region": "eu-de", "cbr:token": "TOKEN-from-stack" }, [
            {
                method: "GET",
                url: `${iamDe}/v3/projects?name=eu-de`,
                headers: { "x-auth-token": "TOKEN-from-stack" },
                answer: { status: 200, body: { projects: [{ id: DE, name: "eu-de" }] } },
            },
        ]);
        expect(await Promise.all(Array.from({ length: 50 }, () => auth.projectId({ region: "eu-de" })))).toEqual(
            Array(50).fill(DE),
        );
        expect(await auth.projectId({ region: "eu-de", projectId: NL })).toBe(NL);
        transport.done();
    });

    it("falls back once to the environment's credentials when it is refused", async () => {
        const { auth, transport } = make(
            { "cbr:region": "eu-de", "cbr:token": "TOKEN-that-expired", "cbr:projectId": DE },
            [],
            { OS_ACCESS_KEY: "AK-in-env", OS_SECRET_KEY: "SECRETKEY-in-env" },
        );
        const first = await auth.authenticate(request, home);
        const also = await auth.authenticate(request, home);
        expect(await Promise.all([auth.renew(home, first), auth.renew(home, also)])).toEqual([true, true]);
        const second = await auth.authenticate(request, home);
        expect(second.headers["authorization"]).toContain("Access=AK-in-env,");
        expect(second.headers["x-auth-token"]).toBeUndefined();
        expect(await auth.renew(home, second)).toBe(false);
        expect(auth.describe()).toBe(
            "the access key from environment variable OS_ACCESS_KEY with the secret key from environment variable OS_SECRET_KEY, in place of " +
                "the token from cbr:token (good for its own region and project only, and not renewable; refresh and destroy use the one that the last update stored, unless run with --run-program), which had been refused",
        );
        transport.done();
    });

    it("falls back when IAM refuses it, too", async () => {
        const listed: Exchange = {
            method: "GET",
            url: `${iamDe}/v3/projects?name=eu-de`,
            headers: { "x-auth-token": "TOKEN-that-expired" },
            answer: refusal(401, { error_code: "IAM.0067", error_msg: "expired" }),
        };
        const { auth, transport } = make(
            { "cbr:region": "eu-de", "cbr:token": "TOKEN-that-expired" },
            [
                listed,
                {
                    ...listed,
                    headers: { "x-auth-token": "TOKEN-in-env" },
                    answer: { status: 200, body: { projects: [{ id: DE }] } },
                },
            ],
            { OS_TOKEN: "TOKEN-in-env" },
        );
        expect(await Promise.all([auth.projectId({ region: "eu-de" }), auth.projectId({ region: "eu-de" })])).toEqual([
            DE,
            DE,
        ]);
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-in-env");
        expect(await auth.renew(home, await auth.authenticate(request, home))).toBe(false);
        transport.done();
    });

    it("that another region refuses is still good at home", async () => {
        const { auth, transport } = make({ "cbr:region": "eu-de", "cbr:token": "TOKEN-from-stack" }, [
            { method: "GET", url: /eu-nl.*projects/, answer: refusal(401, { error_code: "IAM.0067", error_msg: "x" }) },
        ]);
        const [refused] = await Promise.allSettled([auth.projectId({ region: "eu-nl" })]);
        expect(refused.status).toBe("rejected");
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-from-stack");
        transport.done();
    });

    it("is refused once, however many ask", async () => {
        const { auth, transport } = make({ "cbr:region": "eu-de", "cbr:token": "TOKEN-from-stack" }, [
            { method: "GET", url: /projects/, answer: refusal(401, { error_code: "IAM.0067", error_msg: "expired" }) },
        ]);
        const results = await Promise.allSettled([
            ...Array.from({ length: 500 }, () => auth.projectId({ region: "eu-de" })),
            ...Array.from({ length: 500 }, () => auth.projectId({ region: "eu-nl" })),
        ]);
        expect(results.every(({ status }) => status === "rejected")).toBe(true);
        expect(transport.requests).toHaveLength(1);
    });
});

describe("a password", () => {
    it("is exchanged for one token a project, however many ask", async () => {
        const { auth, transport } = make({ ...user, "cbr:projectId": DE }, [
            askDe(issued("TOKEN-de")),
            ask(iamNl, { project: { id: NL } }, issued("TOKEN-nl", { project: NL })),
        ]);
        const all = await Promise.all(Array.from({ length: 1000 }, () => auth.authenticate(request, home)));
        expect(new Set(all.map(({ headers }) => headers["x-auth-token"]))).toEqual(new Set(["TOKEN-de"]));
        const there = { region: "eu-nl", projectId: NL };
        const nl = await Promise.all(Array.from({ length: 10 }, () => auth.authenticate(request, there)));
        expect(new Set(nl.map(({ headers }) => headers["x-auth-token"]))).toEqual(new Set(["TOKEN-nl"]));
        transport.done();
    });

    it("signs in to the destination region by itself, with its own project", async () => {
        const { auth, transport } = make({ ...user, "cbr:projectId": DE, "cbr:projectName": "eu-de_team" }, [
            ask(iamNl, { project: { name: "eu-nl", domain: { name: "OTC-1" } } }, issued("TOKEN-nl", { project: NL })),
        ]);
        expect(await auth.projectId({ region: "eu-de" })).toBe(DE);
        expect(await auth.projectId({ region: "eu-nl" })).toBe(NL);
        const signed = await auth.authenticate(request, { region: "eu-nl", projectId: NL });
        expect(signed.headers["x-auth-token"]).toBe("TOKEN-nl");
        transport.done();
    });

    it("learns the project's id from the token by its name", async () => {
        const { auth, transport } = make({ ...user, "cbr:projectName": "eu-de_team" }, [
            ask(iamDe, { project: { name: "eu-de_team", domain: { name: "OTC-1" } } }, issued("TOKEN-de")),
        ]);
        expect(await Promise.all([auth.projectId({ region: "eu-de" }), auth.projectId({ region: "eu-de" })])).toEqual([
            DE,
            DE,
        ]);
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-de");
        transport.done();
    });

    it("lists projects when the token does not name one", async () => {
        const { auth, transport } = make(user, [
            ask(
                iamDe,
                { project: { name: "eu-de", domain: { name: "OTC-1" } } },
                { status: 201, headers: { "x-subject-token": "TOKEN-de" }, body: { token: {} } },
            ),
            {
                method: "GET",
                url: `${iamDe}/v3/projects?name=eu-de`,
                headers: { "x-auth-token": "TOKEN-de" },
                answer: { status: 200, body: { projects: [{ id: DE, name: "eu-de" }] } },
            },
        ]);
        expect(await auth.projectId({ region: "eu-de" })).toBe(DE);
        transport.done();
    });

    it("takes a project that IAM does not know for a wrong setting, and asks once", async () => {
        const { auth, transport } = make({ ...user, "cbr:projectName": "eu-de_tpyo" }, [
            {
                method: "POST",
                url: tokens(iamDe),
                answer: refusal(404, {
                    error: { code: 404, message: "Could not find project: eu-de_tpyo.", title: "Not Found" },
                }),
            },
        ]);
        const error = await errorOf(auth.projectId({ region: "eu-de" }));
        expect(error).toBeInstanceOf(ConfigError);
        expect(error.message).toBe(
            `IAM at ${iamDe} knows no project named "eu-de_tpyo" (cbr:projectName), or these credentials have no access to it. Set cbr:projectId, or cbr:projectName (on Open Telekom Cloud names look like eu-de_team); for a destination region set destinationProjectId.`,
        );
        expect(await errorOf(auth.projectId({ region: "eu-de" }))).toBe(error);
        transport.done();
    });

    it("goes with a user id, a domain id and a second factor where these are given", async () => {
        const { auth, transport } = make(
            { "cbr:region": "eu-de", "cbr:userId": "u-1", "cbr:password": "PASSWORD-of-tom", "cbr:passcode": "000111" },
            [
                {
                    method: "POST",
                    url: tokens(iamDe),
                    body: {
                        auth: {
                            identity: {
                                methods: ["password", "totp"],
                                password: { user: { id: "u-1", password: "PASSWORD-of-tom" } },
                                totp: { user: { id: "u-1", passcode: "000111" } },
                            },
                            scope: { project: { id: DE } },
                        },
                    },
                    answer: issued("TOKEN-de"),
                },
            ],
        );
        await auth.authenticate(request, home);
        transport.done();
    });

    it("that is wrong makes one call, and an error that says where it is from", async () => {
        const { auth, transport, clock } = make({ ...user, "cbr:projectId": DE }, [askDe(wrongPassword)], {
            OS_PASSWORD: "PASSWORD-in-env",
        });
        const errors = await Promise.all(Array.from({ length: 1000 }, () => errorOf(auth.authenticate(request, home))));
        errors.push(await errorOf(auth.authenticate(request, home)));
        errors.push(await errorOf(auth.authenticate(request, { region: "eu-nl", projectId: NL })));
        errors.push(await errorOf(auth.projectId({ region: "eu-nl" })));
        expect(new Set(errors).size).toBe(1);
        expect(errors[0]).toBeInstanceOf(AuthError);
        expect(errors[0]?.message).toBe(
            `Sign-in at ${iamDe}/v3/auth/tokens was refused. CreateToken: HTTP 401: The username or password is wrong (request id req-1). ` +
                "Refused was the user name from cbr:userName (domain from cbr:domainName) with the password from cbr:password.",
        );
        expect(clock.sleeps).toEqual([]);
        expect(transport.requests).toHaveLength(1);
        expect(shown(errors[0])).not.toContain("PASSWORD-of-tom");
    });

    it("that is wrong makes one call for several regions at the same time", async () => {
        const { auth, transport } = make(user, [{ method: "POST", url: /tokens/, answer: wrongPassword }]);
        const regions = ["eu-de", "eu-nl", "eu-ch2"];
        const errors = await Promise.all(regions.map((region) => errorOf(auth.projectId({ region }))));
        expect(errors.every((error) => error instanceof AuthError)).toBe(true);
        expect(transport.requests).toHaveLength(1);
    });

    it.each([
        [401, { error_code: "IAM.0061", error_msg: "locked" }, "The user is locked"],
        [401, { error_code: "IAM.0062", error_msg: "wrong" }, "Check the password."],
        [403, { error_code: "IAM.0002", error_msg: "denied" }, "HTTP 403 IAM.0002: denied"],
        [400, { error_code: "1101", error_msg: "bad" }, "HTTP 400 IAM.1101: bad"],
    ])("refused with %i %j says what to do", async (status, body, text) => {
        const { auth, transport } = make(user, [askDe(refusal(status, body))]);
        const error = await errorOf(auth.authenticate(request, home));
        expect(error).toBeInstanceOf(AuthError);
        expect(error.message).toContain(text);
        expect(await errorOf(auth.authenticate(request, home))).toBe(error);
        transport.done();
    });

    it("keeps trying regions that are allowed when one is not", async () => {
        const { auth, transport } = make(user, [
            askDe(refusal(403, { error_code: "IAM.0002", error_msg: "denied" })),
            ask(iamNl, { project: { id: NL } }, issued("TOKEN-nl", { project: NL })),
        ]);
        await errorOf(auth.authenticate(request, home));
        expect((await auth.authenticate(request, { region: "eu-nl", projectId: NL })).headers["x-auth-token"]).toBe(
            "TOKEN-nl",
        );
        transport.done();
    });
});

describe("renewal", () => {
    it("comes five minutes ahead of the end, once for all", async () => {
        const { auth, transport, clock } = make(user, [
            askDe(issued("TOKEN-1")),
            askDe(issued("TOKEN-2", { at: "2025-01-03T02:59:05Z" })),
        ]);
        const token = async () => (await auth.authenticate(request, home)).headers["x-auth-token"];
        expect(await token()).toBe("TOKEN-1");
        clock.jump(24 * 3_600_000 - 5 * 60_000 - 1);
        expect(await token()).toBe("TOKEN-1");
        clock.jump(1);
        expect(await Promise.all(Array.from({ length: 100 }, token))).toEqual(Array(100).fill("TOKEN-2"));
        transport.done();
    });

    it("comes after four fifths of a short life, counted from the answer and not from this machine's clock", async () => {
        const { auth, transport, clock } = make(user, [
            askDe(issued("TOKEN-1", { hours: 0.1, at: "2030-01-01T00:00:00Z" })),
            askDe(issued("TOKEN-2", { hours: 0.1, at: "2030-01-01T00:10:00Z" })),
        ]);
        const token = async () => (await auth.authenticate(request, home)).headers["x-auth-token"];
        expect(await token()).toBe("TOKEN-1");
        clock.jump(0.1 * 3_600_000 * 0.8 - 1);
        expect(await token()).toBe("TOKEN-1");
        clock.jump(1);
        expect(await token()).toBe("TOKEN-2");
        transport.done();
    });

    it("lets the old token serve on while IAM is out of order, and the error out when that ends", async () => {
        const down = refusal(503, "");
        const { auth, transport, clock } = make({ ...user, "cbr:maxRetries": 0 }, [
            askDe(issued("TOKEN-1")),
            askDe(down),
            askDe(refusedConnection()),
            askDe(down),
        ]);
        const token = async () => (await auth.authenticate(request, home)).headers["x-auth-token"];
        await token();
        clock.jump(24 * 3_600_000 - 5 * 60_000);
        expect([await token(), await token()]).toEqual(["TOKEN-1", "TOKEN-1"]);
        clock.jump(30_000);
        expect(await token()).toBe("TOKEN-1");
        clock.jump(5 * 60_000);
        expect(await errorOf(token())).toBeInstanceOf(AuthError);
        transport.done();
    });

    it("after a 401 is shared by all who had the same token", async () => {
        const { auth, transport } = make(user, [askDe(issued("TOKEN-1")), askDe(issued("TOKEN-2"))]);
        const stale = await Promise.all(Array.from({ length: 100 }, () => auth.authenticate(request, home)));
        const renewed = await Promise.all(stale.map((one) => auth.renew(home, one)));
        expect(renewed).toEqual(Array(100).fill(true));
        expect(await auth.renew(home, stale[0] as HttpRequest)).toBe(true);
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-2");
        transport.done();
    });

    it("is made again at once when the new token was of use before it is refused", async () => {
        const { auth, transport } = make(user, [
            askDe(issued("TOKEN-1")),
            askDe(issued("TOKEN-2")),
            askDe(issued("TOKEN-3")),
        ]);
        const first = await auth.authenticate(request, home);
        await auth.renew(home, first);
        // What is said of the old one says nothing about the new one.
        auth.accepted(home, first);
        const second = await auth.authenticate(request, home);
        expect(await auth.renew(home, second)).toBe(false);
        auth.accepted(home, second);
        expect(await auth.renew(home, second)).toBe(true);
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-3");
        transport.done();
    });

    it("is not made again when the new token is refused as well, until a minute has passed", async () => {
        const { auth, transport, clock } = make(user, [
            askDe(issued("TOKEN-1")),
            askDe(issued("TOKEN-2")),
            askDe(issued("TOKEN-3")),
        ]);
        await auth.renew(home, await auth.authenticate(request, home));
        const second = await auth.authenticate(request, home);
        expect(await auth.renew(home, second)).toBe(false);
        clock.jump(60_000);
        expect(await auth.renew(home, second)).toBe(true);
        transport.done();
    });

    it("that is refused is an error, and the last call", async () => {
        const { auth, transport } = make(user, [askDe(issued("TOKEN-1")), askDe(wrongPassword)]);
        const stale = await Promise.all([auth.authenticate(request, home), auth.authenticate(request, home)]);
        const errors = await Promise.all(stale.map((one) => errorOf(auth.renew(home, one))));
        expect(errors.every((error) => error instanceof AuthError)).toBe(true);
        expect(await errorOf(auth.authenticate(request, home))).toBeInstanceOf(AuthError);
        transport.done();
    });

    it("works for a token that was fetched by the project's name", async () => {
        const { auth, transport } = make(user, [
            ask(iamDe, { project: { name: "eu-de", domain: { name: "OTC-1" } } }, issued("TOKEN-1")),
            ask(iamDe, { project: { name: "eu-de", domain: { name: "OTC-1" } } }, issued("TOKEN-2")),
        ]);
        const projectId = await auth.projectId({ region: "eu-de" });
        expect(await auth.renew({ region: "eu-de", projectId }, await auth.authenticate(request, home))).toBe(true);
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-2");
        transport.done();
    });
});

describe("access keys", () => {
    it("sign each request for the project, and never ask IAM when the project is known", async () => {
        const { auth, transport, clock } = make({ ...keys, "cbr:projectId": DE, "cbr:securityToken": "STS-of-tom" });
        const first = await auth.authenticate(request, home);
        expect(first.headers).toEqual({
            accept: "application/json",
            "x-sdk-date": "20250102T030405Z",
            "x-project-id": DE,
            "x-security-token": "STS-of-tom",
            authorization: expect.stringMatching(
                /^SDK-HMAC-SHA256 Access=AK-of-tom, SignedHeaders=host;x-project-id;x-sdk-date;x-security-token, Signature=[0-9a-f]{64}$/,
            ),
        });
        clock.jump(1000);
        expect((await auth.authenticate(request, home)).headers["authorization"]).not.toBe(
            first.headers["authorization"],
        );
        expect(await auth.renew(home, first)).toBe(false);
        expect(transport.calls).toEqual([]);
    });

    it("look the project up in the region's own IAM, signed for the account", async () => {
        const { auth, transport } = make({ ...keys, "cbr:domainId": "d-1" }, [
            {
                method: "GET",
                url: `${iamNl}/v3/projects?name=eu-nl`,
                headers: {
                    authorization: /SignedHeaders=host;x-domain-id;x-sdk-date,/,
                    "x-domain-id": "d-1",
                    "x-auth-token": undefined,
                },
                answer: { status: 200, body: { projects: [{ id: NL, name: "eu-nl", enabled: true }] } },
            },
        ]);
        expect(await Promise.all([1, 2, 3].map(() => auth.projectId({ region: "eu-nl" })))).toEqual([NL, NL, NL]);
        transport.done();
    });

    it.each([
        ["none", [], /knows no project named "eu-de" \(the region's name\).*Set cbr:projectId/],
        ["only others", [{ id: NL, name: "eu-de_team" }], /knows no project named "eu-de"/],
        [
            "several",
            [
                { id: DE, name: "eu-de" },
                { id: NL, name: "eu-de" },
            ],
            new RegExp(`knows 2 projects named "eu-de" \\(the region's name\\): ${DE}, ${NL}. Set cbr:projectId`),
        ],
    ])("with %s of that name are a ConfigError that names cbr:projectId, asked for once", async (_, projects, text) => {
        const { auth, transport } = make(keys, [
            { method: "GET", url: /projects\?name=eu-de$/, answer: { status: 200, body: { projects } } },
        ]);
        const errors = [
            await errorOf(auth.projectId({ region: "eu-de" })),
            await errorOf(auth.projectId({ region: "eu-de" })),
        ];
        for (const error of errors) {
            expect(error).toBeInstanceOf(ConfigError);
            expect(error.message).toMatch(text);
        }
        transport.done();
    });

    it("encode the project's name", async () => {
        const { auth, transport } = make({ ...keys, "cbr:projectName": "eu-de_a&b c" }, [
            {
                method: "GET",
                url: `${iamDe}/v3/projects?name=eu-de_a%26b%20c`,
                answer: { status: 200, body: { projects: [{ id: DE, name: "eu-de_a&b c" }] } },
            },
        ]);
        expect(await auth.projectId({ region: "eu-de" })).toBe(DE);
        transport.done();
    });

    it("that may not list projects are told to set the project id", async () => {
        const { auth } = make(keys, [
            { method: "GET", url: /projects/, answer: refusal(403, { error_code: "IAM.0002", error_msg: "denied" }) },
        ]);
        const error = await errorOf(auth.projectId({ region: "eu-de" }));
        expect(error).toBeInstanceOf(ConfigError);
        expect(error.message).toMatch(
            /projects may not be listed with the access key from cbr:accessKey with the secret key from cbr:secretKey: set cbr:projectId\. ListProjects: HTTP 403 IAM\.0002: denied/,
        );
    });

    it("with a wrong secret make exactly one call, and an error that says which setting it came from", async () => {
        const { auth, transport, clock } = make(
            { "cbr:region": "eu-de", "cbr:accessKey": "AK-of-tom" },
            [
                {
                    method: "GET",
                    url: /projects/,
                    answer: refusal(401, {
                        error_code: "APIGW.0301",
                        error_msg: "Incorrect IAM authentication information: verify aksk signature fail",
                    }),
                },
            ],
            { HW_SECRET_KEY: "SECRETKEY-that-is-wrong" },
        );
        const errors = await Promise.all(
            Array.from({ length: 1000 }, (_, index) =>
                errorOf(index % 2 === 0 ? auth.projectId({ region: "eu-de" }) : auth.projectId({ region: "eu-nl" })),
            ),
        );
        errors.push(await errorOf(auth.authenticate(request, home)));
        expect(transport.requests).toHaveLength(1);
        expect(clock.sleeps).toEqual([]);
        expect(new Set(errors).size).toBe(1);
        expect(errors[0]?.message).toBe(
            `Sign-in at ${iamDe}/v3/projects was refused. ListProjects: HTTP 401 APIGW.0301: Incorrect IAM authentication information: verify aksk signature fail (request id req-1). ` +
                "Refused was the access key from cbr:accessKey with the secret key from environment variable HW_SECRET_KEY. " +
                "The access key is unknown or deleted, its secret key is wrong, or it is blocked for 5 minutes after too many failed calls.",
        );
        expect(shown(errors[0])).not.toMatch(/SECRETKEY|Signature=[0-9a-f]/);
    });

    it.each([
        [{ date: "Thu, 02 Jan 2025 03:34:05 GMT" }, "This machine's clock is 30 minutes behind the server's"],
        [{}, "This machine's clock may be off"],
    ])("refused with APIGW.0303 point to the clock", async (headers, text) => {
        const { auth } = make(keys, [
            {
                method: "GET",
                url: /projects/,
                answer: refusal(
                    401,
                    { error_code: "APIGW.0303", error_msg: "Incorrect app authentication information" },
                    headers as Record<string, string>,
                ),
            },
        ]);
        expect((await errorOf(auth.projectId({ region: "eu-de" }))).message).toContain(text);
    });
});

describe("an agency", () => {
    const role = { methods: ["assume_role"], assume_role: { domain_name: "corp", xrole_name: "ops" } };

    it("is taken on with the user's own token", async () => {
        const { auth, transport } = make({ ...user, ...agency, "cbr:projectId": DE }, [
            ask(iamDe, { domain: { name: "OTC-1" } }, issued("TOKEN-user")),
            {
                method: "POST",
                url: tokens(iamDe),
                headers: { "x-auth-token": "TOKEN-user" },
                body: { auth: { identity: role, scope: { project: { id: DE } } } },
                answer: issued("TOKEN-agency"),
            },
        ]);
        const all = await Promise.all(Array.from({ length: 100 }, () => auth.authenticate(request, home)));
        expect(new Set(all.map(({ headers }) => headers["x-auth-token"]))).toEqual(new Set(["TOKEN-agency"]));
        expect(auth.describe()).toBe(
            'agency "ops" from cbr:agencyName, taken on with the user name from cbr:userName (domain from cbr:domainName) with the password from cbr:password',
        );
        transport.done();
    });

    it("looks projects up in the account that delegates", async () => {
        const { auth, transport } = make(
            { ...user, ...agency, "cbr:agencyProjectName": "eu-de_corp", "cbr:projectName": "eu-de_mine" },
            [
                ask(iamDe, { domain: { name: "OTC-1" } }, issued("TOKEN-user")),
                {
                    method: "POST",
                    url: tokens(iamDe),
                    body: {
                        auth: { identity: role, scope: { project: { name: "eu-de_corp", domain: { name: "corp" } } } },
                    },
                    answer: issued("TOKEN-agency"),
                },
            ],
        );
        expect(await auth.projectId({ region: "eu-de" })).toBe(DE);
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-agency");
        transport.done();
    });

    it("is taken on with a given token", async () => {
        const { auth, transport } = make({ "cbr:region": "eu-de", "cbr:token": "TOKEN-from-stack", ...agency }, [
            {
                method: "POST",
                url: tokens(iamDe),
                headers: { "x-auth-token": "TOKEN-from-stack" },
                answer: issued("TOKEN-agency"),
            },
        ]);
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-agency");
        transport.done();
    });

    it("that is refused says so, and is asked for once", async () => {
        const { auth, transport } = make({ ...user, ...agency }, [
            ask(iamDe, { domain: { name: "OTC-1" } }, issued("TOKEN-user")),
            {
                method: "POST",
                url: tokens(iamDe),
                answer: refusal(403, { error_code: "IAM.0002", error_msg: "not allowed" }),
            },
        ]);
        const errors = await Promise.all([1, 2, 3].map(() => errorOf(auth.authenticate(request, home))));
        errors.push(await errorOf(auth.authenticate(request, home)));
        expect(new Set(errors).size).toBe(1);
        expect(errors[0]?.message).toContain(
            'CreateAgencyToken: HTTP 403 IAM.0002: not allowed (request id req-1). Refused was agency "ops" from cbr:agencyName, taken on with',
        );
        transport.done();
    });

    it("fetches the user's token anew when an old one is refused", async () => {
        const { auth, transport, clock } = make({ ...user, ...agency }, [
            ask(iamDe, { domain: { name: "OTC-1" } }, issued("TOKEN-user")),
            {
                method: "POST",
                url: tokens(iamDe),
                headers: { "x-auth-token": "TOKEN-user" },
                answer: issued("TOKEN-agency", { hours: 1 }),
            },
            {
                method: "POST",
                url: tokens(iamDe),
                headers: { "x-auth-token": "TOKEN-user" },
                answer: refusal(401, { error_code: "IAM.0067", error_msg: "expired" }),
            },
            ask(iamDe, { domain: { name: "OTC-1" } }, issued("TOKEN-user2", { at: "2025-01-02T04:04:05Z" })),
            {
                method: "POST",
                url: tokens(iamDe),
                headers: { "x-auth-token": "TOKEN-user2" },
                answer: issued("TOKEN-agency2", { at: "2025-01-02T04:04:05Z" }),
            },
        ]);
        await auth.authenticate(request, home);
        clock.jump(3_600_000);
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-agency2");
        transport.done();
    });

    const temporary = (access: string, expires: string): Answer => ({
        status: 201,
        body: {
            credential: {
                access,
                secret: `SECRETKEY-of-${access}`,
                securitytoken: `STS-of-${access}`,
                expires_at: expires,
            },
        },
    });
    const askKeys = (answer: Exchange["answer"]): Exchange => ({
        method: "POST",
        url: `${iamDe}/v3.0/OS-CREDENTIAL/securitytokens`,
        headers: {
            authorization: /Access=AK-of-tom, SignedHeaders=content-type;host;x-sdk-date,/,
            "x-auth-token": undefined,
        },
        body: {
            auth: {
                identity: {
                    methods: ["assume_role"],
                    assume_role: { domain_name: "corp", agency_name: "ops", duration_seconds: 3600 },
                },
            },
        },
        answer,
    });

    it("gives temporary access keys, renewed ahead of their end", async () => {
        const { auth, transport, clock } = make({ ...keys, ...agency }, [
            askKeys(temporary("AK-1", "2025-01-02T04:04:05.000000Z")),
            askKeys(temporary("AK-2", "2025-01-02T05:00:00.000000Z")),
        ]);
        const all = await Promise.all(Array.from({ length: 100 }, () => auth.authenticate(request, home)));
        for (const { headers } of all) {
            expect(headers["authorization"]).toContain("Access=AK-1,");
            expect(headers["x-security-token"]).toBe("STS-of-AK-1");
            expect(headers["x-project-id"]).toBe(DE);
        }
        expect(await auth.renew(home, all[0] as HttpRequest)).toBe(false);
        clock.jump(55 * 60_000);
        expect((await auth.authenticate(request, home)).headers["authorization"]).toContain("Access=AK-2,");
        transport.done();
    });

    it("looks projects up with its temporary keys", async () => {
        const { auth, transport } = make({ ...keys, ...agency }, [
            askKeys(temporary("AK-1", "2025-01-02T04:04:05Z")),
            {
                method: "GET",
                url: /projects\?name=eu-de$/,
                headers: { authorization: /Access=AK-1,/, "x-security-token": "STS-of-AK-1" },
                answer: { status: 200, body: { projects: [{ id: DE }] } },
            },
        ]);
        expect(await auth.projectId({ region: "eu-de" })).toBe(DE);
        transport.done();
    });

    it("needs the account that delegates", async () => {
        for (const config of [
            { ...user, "cbr:agencyName": "ops" },
            { ...keys, "cbr:agencyName": "ops" },
        ]) {
            const error = await errorOf(make(config).auth.authenticate(request, home));
            expect(error).toBeInstanceOf(ConfigError);
            expect(error.message).toContain(
                'Agency "ops" (cbr:agencyName) needs the name of the account that delegates: set cbr:agencyDomainName',
            );
        }
    });
});

describe("when IAM is out of order", () => {
    const broken: Answer = { status: 502, body: "<html><title>502</title></html>" };

    it("repeats connection errors, 5xx and 429 with growing pauses", async () => {
        const { auth, transport, clock } = make(
            user,
            [
                askDe(refusedConnection()),
                askDe(resetConnection()),
                askDe(broken),
                askDe({ status: 429, headers: { "retry-after": "45" } }),
                askDe(issued("TOKEN-1")),
            ],
            {},
            { random: 0 },
        );
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-1");
        expect(clock.sleeps).toEqual([250, 500, 1000, 45_000]);
        transport.done();
    });

    it("gives up after maxRetries, and asks again for the next caller", async () => {
        const { auth, transport } = make({ ...user, "cbr:maxRetries": 2 }, [
            askDe(broken),
            askDe(broken),
            askDe(broken),
            askDe(issued("TOKEN-1")),
        ]);
        const error = await errorOf(auth.authenticate(request, home));
        expect(error).toBeInstanceOf(AuthError);
        expect((error as AuthError).retry).toBe("backoff");
        expect(error.message).toBe(`Sign-in at ${iamDe}/v3/auth/tokens did not work. CreateToken: HTTP 502: 502.`);
        expect((await auth.authenticate(request, home)).headers["x-auth-token"]).toBe("TOKEN-1");
        transport.done();
    });

    it.each([
        ["a connection that broke", resetConnection()],
        ["502", broken],
        ["an answer without a token", { status: 201, body: { token: {} } }],
        [
            "an answer that is no JSON",
            { status: 201, headers: { "x-subject-token": "TOKEN-1" }, body: "<html>TOKEN-1</html>" },
        ],
        [
            "an answer of another shape",
            { status: 201, headers: { "x-subject-token": "TOKEN-1" }, body: { tokens: [] } },
        ],
        ["a refusal", wrongPassword],
    ])("%s surely had no effect on what was to be done", async (_, answer) => {
        const { auth } = make({ ...user, "cbr:maxRetries": 0 }, [askDe(answer)]);
        const error = await errorOf(auth.authenticate(request, home));
        expect(sideEffectOf(error)).toBe("nothing");
        expect(shown(error)).not.toMatch(/PASSWORD|TOKEN-1/);
    });

    it("asks the project again for the next caller after what may pass", async () => {
        const { auth, transport } = make({ ...keys, "cbr:maxRetries": 0 }, [
            { method: "GET", url: /projects/, answer: refusedConnection() },
            { method: "GET", url: /projects/, answer: { status: 200, body: { projects: [{ id: DE }] } } },
        ]);
        const error = await errorOf(auth.projectId({ region: "eu-de" }));
        expect(error).toBeInstanceOf(TransportError);
        expect(error.message).toBe(`Signing in (ListProjects at ${iamDe}/v3/projects): connection refused`);
        expect(await auth.projectId({ region: "eu-de" })).toBe(DE);
        transport.done();
    });

    it("does not repeat what cannot pass", async () => {
        const { auth, transport } = make(user, [
            askDe(new TransportError("certificate not trusted", { sent: false, retry: "never" })),
        ]);
        expect((await errorOf(auth.authenticate(request, home))).message).toContain("certificate not trusted");
        transport.done();
    });
});

describe("without credentials", () => {
    it("a project that is known needs none; everything else says what to set", async () => {
        const { auth, transport } = make({ "cbr:region": "eu-de", "cbr:projectId": DE });
        expect(await auth.projectId({ region: "eu-de" })).toBe(DE);
        expect((await errorOf(auth.authenticate(request, home))).message).toMatch(
            /^There are no credentials\. Set one of: a token \(cbr:token or/,
        );
        expect(await errorOf(auth.projectId({ region: "eu-nl" }))).toBeInstanceOf(ConfigError);
        expect(auth.describe()).toBe("nothing: there are no credentials");
        expect(transport.calls).toEqual([]);
    });
});

it("asks IAM no more when the engine is gone: neither again after a failure, nor for another region", async () => {
    const settings = resolveSettings((key) => (user as Record<string, string>)[key], {}, noFiles);
    const transport = new ScriptedTransport([{ method: "POST", url: /tokens/, answer: { status: 503 } }]);
    const clock = new FakeClock({ random: 0, auto: false });
    const engine = new AbortController();
    const auth = createAuthenticator(settings, transport, clock, engine.signal);
    const asked = errorOf(auth.projectId({ region: "eu-de" }));
    await settle();
    expect(clock.sleeping).toBe(1);
    engine.abort(new Error("the engine is gone"));
    expect((await asked).message).toBe("the engine is gone");
    expect((await errorOf(auth.projectId({ region: "eu-nl" }))).message).toBe("the engine is gone");
    expect(transport.requests.map((one) => one.signal)).toEqual([engine.signal]);
});

describe("an answer of IAM that cannot be read", () => {
    const page = "<html><title>Blocked</title></html>";

    it.each([
        ["a proxy's page", { status: 403, body: page }],
        [
            "a body that was cut off",
            { status: 201, headers: { "x-subject-token": "CUT-OFF" }, body: '{"token":{"expi' },
        ],
    ])("is asked for again: %s", async (_, answer) => {
        const { auth, transport } = make(user, [
            { method: "POST", url: /tokens/, answer },
            { method: "POST", url: /tokens/, answer: issued("TOKEN-1") },
        ]);
        expect(await auth.projectId({ region: "eu-de" })).toBe(DE);
        transport.done();
    });

    it("is final where it is a 401: a wrong password must not lock the user", async () => {
        const { auth, transport } = make(user, [
            { method: "POST", url: /tokens/, answer: { status: 401, body: page } },
        ]);
        expect(await errorOf(auth.projectId({ region: "eu-de" }))).toMatchObject({ name: "AuthError", retry: "never" });
        transport.done();
    });
});

describe("an IAM that no table knows", () => {
    it("tells CBR's address in the token's catalog", async () => {
        const custom = {
            ...user,
            "cbr:region": "r-1",
            "cbr:authUrl": "https://keys.corp.example/v3",
            "cbr:projectId": DE,
        };
        const answer = issued("TOKEN-1");
        const { token } = answer.body as { token: object };
        const catalog = [
            {
                type: "cbr",
                endpoints: [{ interface: "public", region: "r-1", url: `https://cbr.corp.example/v3/${DE}` }],
            },
        ];
        const { auth, settings, transport } = make(custom, [
            {
                method: "POST",
                url: "https://keys.corp.example/v3/auth/tokens",
                answer: { ...answer, body: { token: { ...token, catalog } } },
            },
        ]);
        expect(await auth.projectId({ region: "r-1" })).toBe(DE);
        expect(cbrBaseUrl(settings, "r-1")).toBe("https://cbr.corp.example");
        transport.done();
    });
});
