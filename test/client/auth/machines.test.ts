/** Credentials of machines: identity tokens and the agency of a server, from settings to signed calls. */
import { describe, expect, it } from "vitest";
import { createAuthenticator } from "../../../provider/client/auth/authenticator";
import { AuthError, ConfigError, TransportError } from "../../../provider/client/errors/errors";
import { createUndiciTransport } from "../../../provider/client/http/undici-transport";
import { describeCredentials, resolveSettings } from "../../../provider/client/settings/settings";
import { FakeClock } from "../../support/fake-clock";
import { refusedConnection, ScriptedTransport } from "../../support/scripted-transport";

const P = "0123456789abcdef0123456789abcdef";
const scope = { region: "cn-north-4", projectId: P };
const IAM = "https://iam.cn-north-4.myhuaweicloud.com";
const METADATA = "http://169.254.169.254";
const call = { method: "GET", url: "https://cbr.cn-north-4.myhuaweicloud.com/v3/p/vaults", headers: {} } as const;
const place = { HW_REGION_NAME: "cn-north-4", HW_PROJECT_ID: P };
const identity = { HUAWEICLOUD_SDK_IDP_ID: "pipelines", HUAWEICLOUD_SDK_ID_TOKEN_FILE: "/run/token" };
const asked = { PULUMI_CBR_INSTANCE_AGENCY: "true" };

function start(env: Record<string, string>, files: Record<string, string | undefined> = {}, config = {}) {
    const read = (path: string) => files[path];
    const access = { read, cwd: () => "/project", home: () => "/home/u" };
    const settings = resolveSettings((key) => (config as Record<string, string>)[key], { ...place, ...env }, access);
    const transport = new ScriptedTransport();
    const clock = new FakeClock();
    const auth = createAuthenticator(settings, transport, clock, { readFile: read });
    return { settings, transport, clock, auth, sign: () => auth.authenticate(call, scope) };
}

/** Keys that end after so many seconds of the fake clock. */
const keys = (name: string, clock: FakeClock, seconds: number) => ({
    credential: {
        access: name,
        secret: `secret-${name}`,
        securitytoken: `security-${name}`,
        expires_at: new Date(clock.now() + seconds * 1000).toISOString(),
    },
});
const signedBy = (name: string) => ({
    "x-security-token": `security-${name}`,
    authorization: expect.stringContaining(`Access=${name},`),
});

describe("an identity token", () => {
    const exchange = (idToken: string) => ({
        method: "POST",
        url: `${IAM}/v3.0/OS-AUTH/id-token/tokens`,
        headers: { "x-idp-id": "pipelines", authorization: undefined, "x-auth-token": undefined },
        body: { auth: { id_token: { id: idToken } } },
    });
    const unscoped = { status: 201, headers: { "x-subject-token": "unscoped-token" }, body: { token: {} } };
    const forKeys = {
        method: "POST",
        url: `${IAM}/v3.0/OS-CREDENTIAL/securitytokens`,
        body: {
            auth: { identity: { methods: ["token"], token: { id: "unscoped-token", duration_seconds: 21_600 } } },
        },
    };

    it("is exchanged for temporary keys, once for all, and again from its file before they end", async () => {
        const files = { "/run/token": "first-token\n" };
        const { transport, clock, sign } = start(identity, files);
        transport.expect(
            { ...exchange("first-token"), answer: unscoped },
            { ...forKeys, answer: { status: 201, body: keys("ONE", clock, 21_600) } },
        );
        const signed = await Promise.all([sign(), sign(), sign()]);
        for (const { headers } of signed) expect(headers).toMatchObject(signedBy("ONE"));
        files["/run/token"] = "second-token";
        await clock.advance(21_600_000 - 300_000 - 1);
        expect((await sign()).headers).toMatchObject(signedBy("ONE"));
        transport.expect(
            { ...exchange("second-token"), answer: unscoped },
            { ...forKeys, answer: { status: 201, body: keys("TWO", clock, 21_600) } },
        );
        await clock.advance(1);
        expect((await sign()).headers).toMatchObject(signedBy("TWO"));
        transport.done();
    });

    it.each<[string, Record<string, string>, Record<string, string>]>([
        ["a variable", { HUAWEICLOUD_SDK_IDP_ID: "pipelines", PULUMI_CBR_ID_TOKEN: "tok-tok-tok" }, {}],
        ["stack configuration", {}, { "cbr:identityProvider": "pipelines", "cbr:idToken": "tok-tok-tok" }],
        [
            "the provider in stack configuration, the token in the environment",
            { PULUMI_CBR_ID_TOKEN: "tok-tok-tok" },
            { "cbr:identityProvider": "pipelines" },
        ],
    ])("may come from %s", async (_, env, config) => {
        const { transport, clock, sign } = start(env, {}, config);
        transport.expect(
            { ...exchange("tok-tok-tok"), answer: unscoped },
            { ...forKeys, answer: { status: 201, body: keys("ONE", clock, 900) } },
        );
        expect((await sign()).headers).toMatchObject(signedBy("ONE"));
        transport.done();
    });

    it("comes from the SDKs' file, too, and before the key there, as for Huawei Cloud's SDK for Go 0.1.207", () => {
        const file = "[basic]\nak = AK\nsk = SK\nidp_id = pipelines\nid_token_file = /run/token\n";
        const { settings } = start({ HUAWEICLOUD_SDK_CREDENTIALS_FILE: "/c" }, { "/c": file });
        expect(settings.credentials).toEqual({
            kind: "webIdentity",
            identityProvider: { value: "pipelines", source: "/c: idp_id" },
            idTokenFile: { value: "/run/token", source: "/c: id_token_file" },
        });
    });

    it("takes on an agency with its keys", async () => {
        const agency = { HW_ASSUME_ROLE_AGENCY_NAME: "backup", HW_ASSUME_ROLE_DOMAIN_NAME: "customer" };
        const { transport, clock, sign } = start({ ...identity, ...agency }, { "/run/token": "tok-tok-tok" });
        transport.expect(
            { ...exchange("tok-tok-tok"), answer: unscoped },
            { ...forKeys, answer: { status: 201, body: keys("ONE", clock, 21_600) } },
            {
                method: "POST",
                url: `${IAM}/v3.0/OS-CREDENTIAL/securitytokens`,
                headers: signedBySend("ONE"),
                answer: { status: 201, body: keys("ROLE", clock, 3_600) },
            },
        );
        expect((await sign()).headers).toMatchObject(signedBy("ROLE"));
        transport.done();
    });

    it.each([
        [undefined, "environment variable HUAWEICLOUD_SDK_ID_TOKEN_FILE names /run/token, which cannot be read."],
        [" \n", "environment variable HUAWEICLOUD_SDK_ID_TOKEN_FILE names /run/token, which is empty"],
    ])("that is not in its file (%j) is an error, and nothing is sent", async (text, message) => {
        const { transport, sign } = start(identity, { "/run/token": text });
        await expect(sign()).rejects.toThrow(message);
        expect(transport.calls).toEqual([]);
    });

    it("that is refused is not sent again, and not shown", async () => {
        const { transport, sign } = start(identity, { "/run/token": "tok-tok-tok" });
        const body = { error_code: "IAM.0001", error_msg: "bad tok-tok-tok" };
        transport.expect({ ...exchange("tok-tok-tok"), answer: { status: 401, body } });
        for (const attempt of [sign(), sign()]) {
            const error = await attempt.catch((caught: unknown) => caught);
            expect(error).toBeInstanceOf(AuthError);
            expect(String(error)).toContain(
                "Refused was the identity token from environment variable HUAWEICLOUD_SDK_ID_TOKEN_FILE for the " +
                    "identity provider from environment variable HUAWEICLOUD_SDK_IDP_ID.",
            );
            expect(String(error)).not.toContain("tok-tok-tok");
        }
        transport.done();
    });

    it("is refused with a word where IAM has no such provider or no such call, and on FlexibleEngine", async () => {
        const { transport, sign } = start(identity, { "/run/token": "tok-tok-tok" });
        transport.expect({ ...exchange("tok-tok-tok"), answer: { status: 404, body: {} } });
        await expect(sign()).rejects.toThrow(
            `IAM at ${IAM} knows no identity provider "pipelines", or has no sign-in with an identity token (HTTP 404).`,
        );
        const there = start({ ...identity, HW_REGION_NAME: "eu-west-0" }, { "/run/token": "tok-tok-tok" });
        await expect(there.auth.authenticate(call, { ...scope, region: "eu-west-0" })).rejects.toThrow(
            "FlexibleEngine has no sign-in with an identity token (environment variable HUAWEICLOUD_SDK_IDP_ID).",
        );
        expect(there.transport.calls).toEqual([]);
    });

    it.each([
        [
            { HUAWEICLOUD_SDK_IDP_ID: "p" },
            "there is an identity provider (environment variable HUAWEICLOUD_SDK_IDP_ID)",
        ],
        [
            { PULUMI_CBR_ID_TOKEN: "tok-tok-tok" },
            "there is an identity token (environment variable PULUMI_CBR_ID_TOKEN)",
        ],
    ])("without its other half is said: %j", (env, text) => {
        const { settings } = start(env);
        expect([settings.credentials, settings.incomplete]).toEqual([undefined, [expect.stringContaining(text)]]);
    });
});

const signedBySend = (name: string) => ({
    "x-security-token": `security-${name}`,
    authorization: new RegExp(`Access=${name},`),
});

describe("the agency of a server", () => {
    const token = { method: "PUT", url: `${METADATA}/meta-data/latest/api/token` };
    const securityKey = { method: "GET", url: `${METADATA}/openstack/latest/securitykey` };

    it("gives temporary keys when it is asked for, and new ones before they end", async () => {
        const { transport, clock, sign } = start(asked);
        const headers = { "x-metadata-token-ttl-seconds": "21600" };
        transport.expect(
            { ...token, headers, answer: { status: 200, body: "metadata-token" } },
            {
                ...securityKey,
                headers: { "x-metadata-token": "metadata-token" },
                answer: { status: 200, body: keys("ONE", clock, 3_600) },
            },
        );
        const signed = await Promise.all([sign(), sign()]);
        for (const one of signed) expect(one.headers).toMatchObject(signedBy("ONE"));
        await clock.advance(3_300_000);
        transport.expect(
            { ...token, answer: { status: 200, body: "another-token" } },
            { ...securityKey, answer: { status: 200, body: keys("TWO", clock, 3_600) } },
        );
        expect((await sign()).headers).toMatchObject(signedBy("TWO"));
        transport.done();
    });

    it.each([404, 405, 503])("is asked for without a token where the service has none (HTTP %d)", async (status) => {
        const { transport, clock, sign } = start(asked);
        transport.expect(
            { ...token, answer: { status } },
            {
                ...securityKey,
                headers: { "x-metadata-token": undefined },
                answer: { status: 200, body: keys("ONE", clock, 3_600) },
            },
        );
        expect((await sign()).headers).toMatchObject(signedBy("ONE"));
        transport.done();
    });

    it("serves on while new keys cannot be had, and until they end", async () => {
        const { transport, clock, sign } = start(asked);
        transport.expect(
            { ...token, answer: { status: 404 } },
            { ...securityKey, answer: { status: 200, body: keys("ONE", clock, 3_600) } },
        );
        await sign();
        await clock.advance(3_300_000);
        transport.expect({ ...token, answer: refusedConnection() }, { ...token, answer: refusedConnection() });
        expect((await sign()).headers).toMatchObject(signedBy("ONE"));
        await clock.advance(300_000);
        transport.expect({ ...token, answer: refusedConnection() }, { ...token, answer: refusedConnection() });
        await expect(sign()).rejects.toThrow("The metadata service does not answer: is this a server of the cloud?");
        transport.done();
    });

    it.each<[number, unknown, string, unknown]>([
        [
            401,
            "Please configure Cloud Service Agency first",
            "asks for those of the server's agency: does",
            ConfigError,
        ],
        [404, "", "The metadata service gives no keys (HTTP 404)", ConfigError],
        [500, "", "The metadata service answers HTTP 500.", AuthError],
        [200, "<html>", "The metadata service's answer has no usable keys.", AuthError],
        [200, { credential: { access: "A" } }, "The metadata service's answer has no usable keys.", AuthError],
    ])("that answers HTTP %d %j is an error that says so", async (status, body, text, kind) => {
        const { transport, sign } = start(asked);
        transport.expect({ ...token, answer: { status: 404 } }, { ...securityKey, answer: { status, body } });
        const error = await sign().catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(kind as typeof Error);
        expect(String(error)).toContain(text);
    });

    it("is never looked for unless a setting asks for it", async () => {
        for (const env of [{}, { PULUMI_CBR_INSTANCE_AGENCY: "false" }, { HW_ACCESS_KEY: "AK" }]) {
            const { transport, sign } = start(env as Record<string, string>);
            await expect(sign()).rejects.toThrow(ConfigError);
            expect(transport.calls).toEqual([]);
        }
    });

    it("comes after all other credentials of the environment, and before them from stack configuration", () => {
        const key = { HW_ACCESS_KEY: "AK", HW_SECRET_KEY: "ssssssss" };
        expect(start({ ...asked, ...key }).settings.credentials?.kind).toBe("accessKey");
        const chosen = start(key, {}, { "cbr:instanceAgency": "true" }).settings.credentials;
        expect(chosen && describeCredentials(chosen)).toBe(
            "the agency of this server, which cbr:instanceAgency asks for",
        );
    });

    it("is looked for nowhere else but on this machine, where a simulator is", async () => {
        const { auth, transport } = start({ PULUMI_CBR_INSTANCE_AGENCY: "http://metadata.example" });
        await expect(auth.authenticate(call, scope)).rejects.toThrow(
            "environment variable PULUMI_CBR_INSTANCE_AGENCY must be true, or an address of this machine",
        );
        expect(transport.calls).toEqual([]);
    });

    it("is not asked for through a proxy", async () => {
        const proxies = resolveSettings(() => undefined, { HTTP_PROXY: "http://127.0.0.1:9" }).proxies;
        const transport = createUndiciTransport({ proxies });
        const sent = transport.send({ method: "GET", url: `${METADATA}/x`, headers: {}, timeoutMs: 1 });
        const error = (await sent.catch((caught: unknown) => caught)) as TransportError;
        expect(error).toBeInstanceOf(TransportError);
        expect(error.message).toContain("169.254.169.254: ");
        expect(error.message).not.toContain("proxy");
        await transport.close();
    });
});
