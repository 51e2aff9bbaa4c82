import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../provider/client/errors/errors";
import { redact } from "../../../provider/client/errors/redaction";
import {
    CREDENTIAL_NAMES,
    describeCredentials,
    describeRefused,
    type FileAccess,
    type MissingCredentialsError,
    requireCredentials,
    requireRegion,
    resolveSettings,
    type Settings,
} from "../../../provider/client/settings/settings";
import type { Field } from "../../../provider/client/settings/sources";
import type { ProviderArgs } from "../../../sdk/provider";

/** Every setting can be given to a `cbr.Provider`: the compiler names those that cannot. */
const _missing: Exclude<Field, keyof ProviderArgs> extends never ? true : Exclude<Field, keyof ProviderArgs> = true;

const P = "f841e01fd2b14e7fa41b6ae7aa6b0594";
const Q = "0123456789abcdef0123456789abcdef";

function fakeFiles(content: Record<string, string> = {}): FileAccess {
    return { read: (path) => content[path], cwd: () => "/project", home: () => "/home/u" };
}

function resolve(
    config: Record<string, unknown> = {},
    env: Record<string, string> = {},
    files: Record<string, string> = {},
): Settings {
    return resolveSettings((key) => config[key], env, fakeFiles(files));
}

function errorOf(run: () => unknown): ConfigError {
    try {
        run();
    } catch (error) {
        if (error instanceof ConfigError) return error;
        throw error;
    }
    throw new Error("nothing was thrown");
}

const yaml = (auth: string, rest = "") => ({ "/project/clouds.yaml": `clouds: {c: {auth: {${auth}}${rest}}}` });

describe("with nothing set", () => {
    it("gives defaults, and no error", () => {
        expect(resolve()).toEqual({
            cloud: { value: "huaweicloud", source: "default" },
            credentials: undefined,
            endpoints: {},
            iamEndpoints: {},
            proxies: {},
            maxRequestsPerSecond: 20,
            maxRetries: 5,
            preflight: "auto",
            warnings: [],
            incomplete: [],
        });
    });

    it("names every key and variable when a call needs a region", () => {
        expect(errorOf(() => requireRegion(resolve())).message).toBe(
            "No region is set: give the resource a `region`, or set cbr:region or HW_REGION_NAME, OS_REGION_NAME, OS_REGION, or region_name in clouds.yaml (OS_CLOUD).",
        );
    });

    it("names every key and variable when a call needs credentials", () => {
        const error = errorOf(() => requireCredentials(resolve()));
        expect(error).toMatchObject({
            message: "There are no credentials.",
            explanation: expect.stringMatching(
                /^There are no credentials: a token, an access key .*`npx pulumi-cbr doctor`/,
            ),
        });
        for (const name of [
            "cbr:token",
            "HW_AUTH_TOKEN",
            "OS_AUTH_TOKEN",
            "OS_TOKEN",
            "cbr:accessKey",
            "cbr:secretKey",
            "HW_ACCESS_KEY",
            "HW_SECRET_KEY",
            "OS_ACCESS_KEY",
            "OS_SECRET_KEY",
            "HUAWEICLOUD_SDK_AK",
            "HUAWEICLOUD_SDK_SK",
            "cbr:userName",
            "cbr:password",
            "cbr:domainName",
            "HW_USER_NAME",
            "HW_USER_PASSWORD",
            "OS_USERNAME",
            "OS_PASSWORD",
            "cbr:cloudsYaml",
            "OS_CLOUD",
        ])
            expect(CREDENTIAL_NAMES).toContain(name);
    });

    it("counts empty texts as unset", () => {
        const blank = resolve(
            {
                "cbr:region": "",
                "cbr:token": " ",
                "cbr:endpoints": "",
                "cbr:preflight": "",
                "cbr:maxRetries": "",
                "cbr:cloud": "",
            },
            {
                HW_REGION_NAME: "",
                OS_REGION_NAME: "  ",
                HW_AUTH_TOKEN: "",
                OS_CLOUD: "",
                HW_INSECURE: "",
                HTTPS_PROXY: "",
            },
        );
        expect(blank).toEqual(resolve());
    });
});

describe("order of sources", () => {
    const env = {
        HW_REGION_NAME: "hw",
        OS_REGION_NAME: "os",
        OS_REGION: "os2",
        OS_CLOUD: "c",
        HW_PROJECT_ID: P,
        OS_PROJECT_ID: "os-p",
        HUAWEICLOUD_SDK_PROJECT_ID: "sdk-p",
    };
    const files = yaml("project_id: yaml-p", ", region_name: yaml");
    const anyRegion = yaml("project_id: yaml-p");

    it("is stack configuration, HW_*, OS_*, clouds.yaml", () => {
        const without = (...names: string[]) =>
            Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
        expect(resolve({ "cbr:region": "stack" }, env, anyRegion).region).toEqual({
            value: "stack",
            source: "cbr:region",
        });
        expect(resolve({}, env, anyRegion).region).toEqual({
            value: "hw",
            source: "environment variable HW_REGION_NAME",
        });
        expect(resolve({}, without("HW_REGION_NAME"), anyRegion).region).toEqual({
            value: "os",
            source: "environment variable OS_REGION_NAME",
        });
        expect(resolve({}, without("HW_REGION_NAME", "OS_REGION_NAME"), anyRegion).region).toEqual({
            value: "os2",
            source: "environment variable OS_REGION",
        });
        expect(resolve({}, { OS_CLOUD: "c" }, files).region).toEqual({
            value: "yaml",
            source: "clouds.yaml entry c: region_name",
        });
        expect(resolve({}, without("HW_PROJECT_ID", "HW_REGION_NAME"), anyRegion).projectId?.value).toBe("os-p");
        expect(resolve({}, without("HW_PROJECT_ID", "OS_PROJECT_ID"), anyRegion).projectId).toEqual({
            value: "sdk-p",
            source: "environment variable HUAWEICLOUD_SDK_PROJECT_ID",
        });
        expect(resolve({}, { OS_CLOUD: "c" }, files).projectId).toEqual({
            value: "yaml-p",
            source: "clouds.yaml entry c: auth.project_id",
        });
    });

    it.each([
        ["cn-north-4", { OS_PROJECT_ID: "a", OS_TENANT_ID: "b" }, "a"],
        ["eu-de", { OS_PROJECT_ID: "a", OS_TENANT_ID: "b" }, "b"],
        ["eu-west-0", { OS_PROJECT_ID: "a", OS_TENANT_ID: "b" }, "b"],
    ])("in %s takes OS_PROJECT_ID and OS_TENANT_ID in its own tools' order", (region, variables, id) => {
        expect(resolve({ "cbr:region": region }, variables).projectId?.value).toBe(id);
    });

    it.each([
        ["cn-north-4", "OS_AUTH_TOKEN", "OS_DOMAIN_NAME"],
        ["eu-de", "OS_TOKEN", "OS_USER_DOMAIN_NAME"],
    ])("in %s takes the token from %s and the domain from %s", (region, token, domain) => {
        const both = { OS_AUTH_TOKEN: "token-1", OS_TOKEN: "token-2", OS_DOMAIN_NAME: "d", OS_USER_DOMAIN_NAME: "u" };
        const given = resolve({ "cbr:region": region }, both);
        expect(given.credentials).toMatchObject({ kind: "token", token: { source: `environment variable ${token}` } });
        expect(given.domainName?.source).toBe(`environment variable ${domain}`);
    });

    it("leaves the environment's project to the environment's region when stack configuration or a provider names another", () => {
        const beside = { HW_REGION_NAME: "eu-de", HW_PROJECT_ID: P };
        const projectsOf = ({ projectId, projectName }: Settings) => [projectId?.value, projectName?.value];
        expect(projectsOf(resolve({ "cbr:region": "eu-nl" }, beside))).toEqual([undefined, undefined]);
        expect(projectsOf(resolve({ "cbr:region": "eu-nl", "cbr:projectId": Q }, beside))).toEqual([Q, undefined]);
        expect(projectsOf(resolve({ "cbr:region": "eu-de" }, beside))).toEqual([P, undefined]);
        expect(projectsOf(resolve({ "cbr:region": "eu-nl" }, { HW_PROJECT_ID: P }))).toEqual([P, undefined]);
        const named = { OS_REGION_NAME: "eu-de", OS_PROJECT_NAME: "eu-de_team" };
        expect(projectsOf(resolve({ "cbr:region": "eu-nl" }, named))).toEqual([undefined, undefined]);
        expect(projectsOf(resolve({ "cbr:region": "yaml-2" }, { OS_CLOUD: "c" }, files))).toEqual([
            undefined,
            undefined,
        ]);
    });

    it("takes a name in a higher place over an id in a lower one", () => {
        const given = resolve(
            { "cbr:projectName": "eu-de_team", "cbr:domainName": "d" },
            { HW_PROJECT_ID: P, HW_DOMAIN_ID: Q },
        );
        expect([given.projectId, given.projectName?.value, given.domainId, given.domainName?.value]).toEqual([
            undefined,
            "eu-de_team",
            undefined,
            "d",
        ]);
    });

    it.each([
        ["region", "HW_REGION_NAME OS_REGION_NAME OS_REGION"],
        ["projectName", "HW_PROJECT_NAME OS_PROJECT_NAME OS_TENANT_NAME"],
        ["projectId", "HW_PROJECT_ID OS_PROJECT_ID OS_TENANT_ID HUAWEICLOUD_SDK_PROJECT_ID"],
        [
            "domainId",
            "HW_DOMAIN_ID OS_DOMAIN_ID OS_USER_DOMAIN_ID OS_DEFAULT_DOMAIN_ID OS_PROJECT_DOMAIN_ID HUAWEICLOUD_SDK_DOMAIN_ID",
        ],
        ["domainName", "HW_DOMAIN_NAME OS_DOMAIN_NAME OS_USER_DOMAIN_NAME OS_PROJECT_DOMAIN_NAME OS_DEFAULT_DOMAIN"],
        ["caFile", "OS_CACERT"],
        ["certFile", "OS_CERT"],
        ["keyFile", "OS_KEY"],
    ] as const)("knows every variable for %s: %s", (field, variables) => {
        for (const variable of variables.split(" ")) {
            expect(resolve({}, { [variable]: "value" })[field]).toEqual({
                value: "value",
                source: `environment variable ${variable}`,
            });
        }
    });

    it.each(["HW_AUTH_URL", "OS_AUTH_URL", "HUAWEICLOUD_SDK_IAM_ENDPOINT"])(
        "takes the IAM address from %s",
        (variable) => {
            expect(resolve({}, { [variable]: "https://iam.eu-de.otc.t-systems.com:443/v3" }).authUrl).toEqual({
                value: "https://iam.eu-de.otc.t-systems.com",
                source: `environment variable ${variable}`,
            });
        },
    );
});

describe("credentials", () => {
    it.each([
        [
            "token",
            {
                "cbr:token": "tttttttt",
                "cbr:accessKey": "AK",
                "cbr:secretKey": "ssssssss",
                "cbr:userName": "u",
                "cbr:password": "pppppppp",
                "cbr:domainName": "d",
            },
            "token",
        ],
        [
            "access key",
            {
                "cbr:accessKey": "AK",
                "cbr:secretKey": "ssssssss",
                "cbr:userName": "u",
                "cbr:password": "pppppppp",
                "cbr:domainName": "d",
            },
            "accessKey",
        ],
        ["password", { "cbr:userName": "u", "cbr:password": "pppppppp", "cbr:domainName": "d" }, "password"],
    ])("of one place: %s first", (_, config, kind) => {
        expect(resolve(config).credentials?.kind).toBe(kind);
    });

    it.each([
        [
            "stack access key beats environment token",
            { "cbr:accessKey": "AK", "cbr:secretKey": "ssssssss" },
            { HW_AUTH_TOKEN: "tttttttt" },
            "cbr:accessKey",
        ],
        [
            "stack password beats environment access key",
            { "cbr:userName": "u", "cbr:password": "pppppppp", "cbr:domainName": "d" },
            { HW_ACCESS_KEY: "AK", HW_SECRET_KEY: "ssssssss" },
            "cbr:userName",
        ],
        [
            "HW_ beats OS_",
            {},
            { HW_ACCESS_KEY: "AK", HW_SECRET_KEY: "ssssssss", OS_AUTH_TOKEN: "tttttttt" },
            "HW_ACCESS_KEY",
        ],
        [
            "OS_ beats the SDK's",
            {},
            {
                HUAWEICLOUD_SDK_AK: "AK",
                HUAWEICLOUD_SDK_SK: "ssssssss",
                OS_USERNAME: "u",
                OS_PASSWORD: "pppppppp",
                OS_USER_DOMAIN_NAME: "d",
            },
            "OS_USERNAME",
        ],
        [
            "an incomplete pair in the stack yields",
            { "cbr:accessKey": "AK" },
            { HW_AUTH_TOKEN: "tttttttt" },
            "HW_AUTH_TOKEN",
        ],
    ])("of several places: %s", (_, config, env, source) => {
        const { credentials } = resolve(config, env as Record<string, string>);
        expect(credentials === undefined ? "" : describeCredentials(credentials)).toContain(source);
    });

    it("completes a half from a lower place", () => {
        expect(resolve({ "cbr:accessKey": "AK" }, { HW_SECRET_KEY: "ssssssss" }).credentials).toEqual({
            kind: "accessKey",
            accessKey: { value: "AK", source: "cbr:accessKey" },
            secretKey: { value: "ssssssss", source: "environment variable HW_SECRET_KEY" },
        });
        expect(
            resolve({ "cbr:userName": "u", "cbr:domainName": "d" }, { OS_PASSWORD: "pppppppp" }).credentials,
        ).toMatchObject({
            kind: "password",
            password: { source: "environment variable OS_PASSWORD" },
        });
        expect(resolve({}, { HW_ACCESS_KEY: "AK", OS_SECRET_KEY: "ssssssss" }).credentials?.kind).toBe("accessKey");
    });

    it("never joins a key with the secret of another key", () => {
        const given = resolve({ "cbr:accessKey": "AK1" }, { HW_ACCESS_KEY: "AK2", HW_SECRET_KEY: "ssssssss" });
        expect(given.credentials).toMatchObject({
            accessKey: { value: "AK2" },
            secretKey: { source: "environment variable HW_SECRET_KEY" },
        });
        expect(given.warnings).toEqual([
            expect.stringMatching(
                /^Not used: there is an access key \(cbr:accessKey\), but no secret key: set cbr:secretKey or HW_SECRET_KEY, OS_SECRET_KEY.* Used instead: the access key from environment variable HW_ACCESS_KEY with/,
            ),
        ]);
        const same = resolve({ "cbr:accessKey": "AK" }, { HW_ACCESS_KEY: "AK", HW_SECRET_KEY: "ssssssss" });
        expect(same.credentials).toMatchObject({ accessKey: { source: "cbr:accessKey" } });
        const users = resolve(
            { "cbr:userName": "u1", "cbr:domainName": "d" },
            { OS_USERNAME: "u2", OS_PASSWORD: "pppppppp" },
        );
        expect(users.credentials).toMatchObject({ userName: { value: "u2" } });
    });

    it("takes a security token only where the key is from", () => {
        const token = (config: Record<string, string>, env: Record<string, string>) => {
            const { credentials } = resolve(config, env);
            return credentials?.kind === "accessKey" ? credentials.securityToken?.source : credentials?.kind;
        };
        expect(
            token({ "cbr:accessKey": "AK", "cbr:secretKey": "ssssssss" }, { HW_SECURITY_TOKEN: "tttttttt" }),
        ).toBeUndefined();
        expect(token({ "cbr:accessKey": "AK", "cbr:secretKey": "ssssssss", "cbr:securityToken": "tttttttt" }, {})).toBe(
            "cbr:securityToken",
        );
        expect(token({ "cbr:accessKey": "AK" }, { HW_SECRET_KEY: "ssssssss", HW_SECURITY_TOKEN: "tttttttt" })).toBe(
            "environment variable HW_SECURITY_TOKEN",
        );
        expect(token({}, { OS_ACCESS_KEY: "AK", OS_SECRET_KEY: "ssssssss", HW_SECURITY_TOKEN: "tttttttt" })).toBe(
            "environment variable HW_SECURITY_TOKEN",
        );
    });

    it.each([
        [
            "an access key alone",
            { "cbr:accessKey": "AK" },
            {},
            /there is an access key \(cbr:accessKey\), but no secret key: set cbr:secretKey or HW_SECRET_KEY, OS_SECRET_KEY/,
        ],
        [
            "a secret key alone",
            {},
            { OS_SECRET_KEY: "ssssssss" },
            /there is a secret key \(environment variable OS_SECRET_KEY\), but no access key: set cbr:accessKey or HW_ACCESS_KEY/,
        ],
        [
            "a user alone",
            { "cbr:userName": "u" },
            {},
            /there is a user \(cbr:userName\), but no password: set cbr:password or HW_USER_PASSWORD, OS_PASSWORD/,
        ],
        [
            "a password alone",
            { "cbr:password": "pppppppp" },
            {},
            /there is a password \(cbr:password\), but no user: set cbr:userName or HW_USER_NAME/,
        ],
        [
            "no domain",
            {},
            { OS_USERNAME: "u", OS_PASSWORD: "pppppppp" },
            /user name \(environment variable OS_USERNAME\) with a password, but no domain \(account\) name: set cbr:domainName or HW_DOMAIN_NAME/,
        ],
    ])("says what is missing beside %s", (_, config, env, text) => {
        const given = resolve(config, env as Record<string, string>);
        expect(given.credentials).toBeUndefined();
        expect(given.warnings).toEqual([]);
        const error = errorOf(() => requireCredentials(given));
        expect(error.message).toBe("The credentials are incomplete.");
        expect((error as MissingCredentialsError).explanation).toMatch(text);
    });

    it("needs no domain with a user id", () => {
        expect(resolve({ "cbr:userId": "id", "cbr:password": "pppppppp" }).credentials).toMatchObject({
            kind: "password",
            userId: { value: "id" },
        });
    });

    it("reads everything that an entry of clouds.yaml can give", () => {
        const cases: [string, object][] = [
            [
                "username: u, password: pppppppp, user_domain_name: d",
                { kind: "password", domainName: { source: "clouds.yaml entry c: auth.user_domain_name" } },
            ],
            ["user_id: u, password: pppppppp, passcode: '0042'", { kind: "password", passcode: { value: "0042" } }],
            ["token: tttttttt", { kind: "token", token: { source: "clouds.yaml entry c: auth.token" } }],
            [
                "ak: AK, sk: ssssssss, security_token: tttttttt",
                { kind: "accessKey", securityToken: { value: "tttttttt" } },
            ],
        ];
        for (const [auth, expected] of cases) {
            expect(resolve({ "cbr:cloudsYaml": "c" }, {}, yaml(auth)).credentials).toMatchObject(expected);
            expect(resolve({}, { OS_CLOUD: "c" }, yaml(auth)).credentials).toMatchObject(expected);
        }
    });

    it("cuts white space that a pipe left, and none of a password's own", () => {
        const given = resolve({ "cbr:accessKey": " AK \n", "cbr:secretKey": "ssssssss\n" });
        expect(given.credentials).toMatchObject({ accessKey: { value: "AK" }, secretKey: { value: "ssssssss" } });
        expect(resolve({ "cbr:userId": "u", "cbr:password": " spaced \r\n" }).credentials).toMatchObject({
            password: { value: " spaced " },
        });
    });

    it("registers every secret, also of credentials that are not used", () => {
        resolve(
            { "cbr:token": "TOKEN-in-stack", "cbr:accessKey": "AK", "cbr:secretKey": "SECRET-in-stack" },
            {
                OS_PASSWORD: "PASSWORD-in-env",
                HW_SECURITY_TOKEN: "STS-in-env",
                OS_PASSCODE: "123456789",
                HTTPS_PROXY: "http://me:PROXY%20PASS@proxy:1",
            },
        );
        const said = redact(
            "TOKEN-in-stack SECRET-in-stack PASSWORD-in-env STS-in-env 123456789 me:PROXY%20PASS PROXY PASS",
        );
        expect(said).toBe("[secret] [secret] [secret] [secret] [secret] [secret] [secret]");
    });
});

describe("credentials in words", () => {
    const said = (config: Record<string, unknown>, env: Record<string, string> = {}) => {
        const { credentials } = resolve(config, env);
        return credentials === undefined ? [] : [describeCredentials(credentials), describeRefused(credentials)];
    };
    const stored = "refresh and destroy use what the last update stored, unless run with --run-program";

    it.each<[string, Record<string, string>, Record<string, string>, string, string]>([
        [
            "a key in the environment",
            {},
            { HW_ACCESS_KEY: "AK", HW_SECRET_KEY: "ssssssss" },
            "",
            " (without a security token, which temporary keys need)",
        ],
        [
            "a key that is surely temporary",
            {},
            { HW_ACCESS_KEY: "HST3WHEHXD7Q5K6WKVR1", HW_SECRET_KEY: "ssssssss" },
            "",
            " (without the security token that this temporary key needs: set cbr:securityToken or HW_SECURITY_TOKEN, OS_SECURITY_TOKEN, HUAWEICLOUD_SDK_SECURITY_TOKEN, or auth: security_token in clouds.yaml (OS_CLOUD))",
        ],
        [
            "a temporary key with its token",
            {},
            { HW_ACCESS_KEY: "HST3WHEHXD7Q5K6WKVR1", HW_SECRET_KEY: "ssssssss", HW_SECURITY_TOKEN: "tttttttt" },
            " (temporary keys)",
            " (temporary keys)",
        ],
        [
            "a key that an update stored",
            { "cbr:accessKey": "AK", "cbr:secretKey": "ssssssss" },
            {},
            "",
            ` (without a security token, which temporary keys need; ${stored})`,
        ],
        [
            "a password that an update stored",
            { "cbr:userName": "u", "cbr:password": "pppppppp", "cbr:domainName": "d" },
            {},
            "",
            ` (${stored})`,
        ],
        [
            "a token that an update stored",
            { "cbr:token": "tttttttt" },
            {},
            " (good for its own region and project only, and not renewable)",
            ` (good for its own region and project only, and not renewable; ${stored})`,
        ],
    ])("%s", (_, config, env, plain, refused) => {
        const [always, afterwards] = said(config, env);
        expect(always?.endsWith(plain)).toBe(true);
        expect(afterwards).toBe(`${plain === "" ? always : always?.slice(0, -plain.length)}${refused}`);
    });
});

describe("fallbackCredentials", () => {
    const env = { HW_ACCESS_KEY: "AK", HW_SECRET_KEY: "ssssssss" };

    it("are the environment's when the stack's differ", () => {
        expect(resolve({ "cbr:token": "tttttttt" }, env).fallbackCredentials).toMatchObject({
            kind: "accessKey",
            accessKey: { value: "AK" },
        });
        expect(resolve({ "cbr:token": "tttttttt" }, { OS_TOKEN: "uuuuuuuu" }).fallbackCredentials).toMatchObject({
            kind: "token",
        });
    });

    it("are absent when they are the same, or the stack has none", () => {
        expect(resolve({ "cbr:token": "tttttttt" }, { OS_TOKEN: "tttttttt" })).not.toHaveProperty(
            "fallbackCredentials",
        );
        expect(resolve({ "cbr:token": "tttttttt" })).not.toHaveProperty("fallbackCredentials");
        expect(resolve({}, { ...env, OS_TOKEN: "tttttttt" })).not.toHaveProperty("fallbackCredentials");
        expect(resolve({ "cbr:accessKey": "AK" }, env)).not.toHaveProperty("fallbackCredentials");
    });
});

describe("cloud and region", () => {
    it.each([
        ["cbr:cloud", { "cbr:cloud": "OTC" }, {}, "otc", "cbr:cloud"],
        ["HW_CLOUD", {}, { HW_CLOUD: "myhuaweicloud.eu" }, "myhuaweicloud.eu", "environment variable HW_CLOUD"],
        [
            "the IAM address",
            {},
            { OS_AUTH_URL: "https://iam.eu-nl.otc.t-systems.com/v3" },
            "otc",
            "host name in environment variable OS_AUTH_URL",
        ],
        [
            "another IAM address",
            { "cbr:authUrl": "https://iam.r-1.cloud.example.org/v3" },
            {},
            "cloud.example.org",
            "host name in cbr:authUrl",
        ],
        [
            "an IAM address before the region",
            { "cbr:region": "eu-de", "cbr:authUrl": "http://127.0.0.1:5000" },
            {},
            "custom",
            "cbr:authUrl is no address of a cloud we know",
        ],
        [
            "the region",
            {},
            { OS_REGION_NAME: "eu-west-0" },
            "flexibleengine",
            "region eu-west-0 in environment variable OS_REGION_NAME",
        ],
        ["nothing", {}, {}, "huaweicloud", "default"],
    ])("cloud from %s", (_, config, env, value, source) => {
        expect(resolve(config, env as Record<string, string>).cloud).toEqual({ value, source });
    });

    it("cloud from clouds.yaml's profile", () => {
        const given = resolve(
            {},
            { OS_CLOUD: "c" },
            { "/project/clouds.yaml": "clouds: {c: {profile: otc, region_name: eu-nl}}" },
        );
        expect(given.cloud).toEqual({ value: "otc", source: "host name in clouds.yaml entry c: auth.auth_url" });
        expect(given.authUrl?.value).toBe("https://iam.{region}.otc.t-systems.com");
    });

    it.each([
        [
            "a project's name",
            { OS_TENANT_NAME: "eu-de_team" },
            "eu-de",
            "project name in environment variable OS_TENANT_NAME",
        ],
        [
            "a default project's name",
            { HW_PROJECT_NAME: "cn-north-4" },
            "cn-north-4",
            "project name in environment variable HW_PROJECT_NAME",
        ],
        [
            "the IAM address",
            { OS_AUTH_URL: "https://iam.eu-nl.otc.t-systems.com/v3" },
            "eu-nl",
            "host name in environment variable OS_AUTH_URL",
        ],
        ["a cloud with one region", { HW_CLOUD: "flexibleengine" }, "eu-west-0", "the only region of flexibleengine"],
    ])("region from %s", (_, env, value, source) => {
        expect(resolve({}, env as Record<string, string>).region).toEqual({ value, source });
    });

    it.each(["my-project", "ab-cdef_x", "team"])("no region from project %s", (name) => {
        expect(resolve({ "cbr:projectName": name }).region).toBeUndefined();
    });
});

describe("agency", () => {
    it("is read from stack configuration, HW_ASSUME_ROLE_*, OS_* and clouds.yaml", () => {
        expect(resolve({ "cbr:agencyName": "ops", "cbr:agencyDomainName": "corp" }).agency).toEqual({
            name: { value: "ops", source: "cbr:agencyName" },
            domainName: { value: "corp", source: "cbr:agencyDomainName" },
        });
        expect(
            resolve(
                {},
                {
                    HW_ASSUME_ROLE_AGENCY_NAME: "ops",
                    HW_ASSUME_ROLE_DOMAIN_NAME: "corp",
                    HW_ASSUME_ROLE_DOMAIN_ID: "id",
                    HW_ASSUME_ROLE_DURATION: "900",
                },
            ).agency,
        ).toMatchObject({
            name: { value: "ops" },
            domainName: { value: "corp" },
            domainId: { value: "id" },
            durationSeconds: 900,
        });
        expect(
            resolve({}, { OS_AGENCY_NAME: "ops", OS_AGENCY_DOMAIN_NAME: "corp", OS_DELEGATED_PROJECT: "eu-de_x" })
                .agency?.projectName?.value,
        ).toBe("eu-de_x");
        const file = yaml("username: u", ", target_agency_name: ops, target_domain_id: id, target_project_name: p");
        expect(resolve({}, { OS_CLOUD: "c" }, file).agency).toMatchObject({
            name: { value: "ops" },
            domainId: { value: "id" },
            projectName: { value: "p" },
        });
    });

    it("warns of an agency's domain without an agency", () => {
        const given = resolve({ "cbr:agencyDomainName": "corp" });
        expect(given.agency).toBeUndefined();
        expect(given.warnings).toEqual([
            expect.stringContaining("Not used: cbr:agencyDomainName, because there is no agency: set cbr:agencyName"),
        ]);
    });
});

describe("values that make no sense", () => {
    it.each([
        [{ "cbr:endpoints": "{oops" }, "cbr:endpoints is not valid JSON"],
        [{ "cbr:endpoints": "[]" }, "cbr:endpoints must be a map"],
        [{ "cbr:endpoints": '"x"' }, "cbr:endpoints must be a map"],
        [{ "cbr:endpoints": 5 }, "cbr:endpoints must be a map"],
        [{ "cbr:endpoints": { "eu-de": 5 } }, "cbr:endpoints, region eu-de, must be an address"],
        [{ "cbr:endpoints": { "eu-de": "no url" } }, "cbr:endpoints, region eu-de, is not a URL"],
        [{ "cbr:endpoints": { "eu-de": { ecs: "https://x.example" } } }, 'cbr:endpoints, region eu-de, names "ecs"'],
        [{ "cbr:endpoints": { "eu-de": "http://cbr.example" } }, "cbr:endpoints, region eu-de, is plain http"],
        [{ "cbr:authUrl": "nonsense" }, "cbr:authUrl is not a URL"],
        [{ "cbr:cloud": "otcc" }, 'cbr:cloud is "otcc"'],
        [{ "cbr:pollInterval": "30" }, 'cbr:pollInterval is "30", but must be a duration from 1s to 10m, such as 30s'],
        [{ "cbr:pollInterval": "999ms" }, "from 1s to 10m"],
        [{ "cbr:pollInterval": "10m1s" }, "from 1s to 10m"],
        [{ "cbr:pollInterval": "soon" }, "from 1s to 10m"],
        [{ "cbr:preflight": "maybe" }, 'cbr:preflight is "maybe"'],
        [{ "cbr:maxRetries": "many" }, 'cbr:maxRetries is "many", but must be a whole number from 0 to 100'],
        [{ "cbr:maxRetries": "1.5" }, "cbr:maxRetries"],
        [{ "cbr:maxRetries": -1 }, "cbr:maxRetries"],
        [{ "cbr:maxRetries": "1e2" }, "cbr:maxRetries"],
        [{ "cbr:maxRequestsPerSecond": 0 }, 'cbr:maxRequestsPerSecond is "0", but must be a number from 0.1 to 100000'],
        [{ "cbr:maxRequestsPerSecond": "NaN" }, "cbr:maxRequestsPerSecond"],
        [{ "cbr:insecure": "perhaps" }, 'cbr:insecure is "perhaps", but must be true or false'],
        [{ "cbr:region": { name: "eu-de" } }, "cbr:region is an object, but must be a text"],
        [{ "cbr:region": ["eu-de"] }, "cbr:region is a list"],
        [{ "cbr:projectId": "my project" }, "cbr:projectId is no project id"],
        [{ "cbr:agencyName": "a", "cbr:agencyDurationSeconds": 60 }, 'cbr:agencyDurationSeconds is "60"'],
        [
            { "cbr:cloudsYaml": "nope" },
            'cbr:cloudsYaml asks for clouds.yaml entry "nope", but no clouds.yaml was found',
        ],
    ])("%j: %s", (config, text) => {
        expect(errorOf(() => resolve(config)).message).toContain(text);
    });

    it.each([
        [{ HW_MAX_RETRIES: "x" }, "environment variable HW_MAX_RETRIES"],
        [{ OS_INSECURE: "x" }, "environment variable OS_INSECURE"],
        [{ OS_AUTH_URL: "http://iam.example" }, "environment variable OS_AUTH_URL is plain http"],
        [
            { HW_PROFILE: "x" },
            "environment variable HW_PROFILE asks for /home/u/.hcloud/config.json, which cannot be read",
        ],
        [
            { HUAWEICLOUD_SDK_CREDENTIALS_FILE: "/x" },
            "environment variable HUAWEICLOUD_SDK_CREDENTIALS_FILE asks for /x, which cannot be read",
        ],
    ])("%j: %s", (env, text) => {
        expect(errorOf(() => resolve({}, env as Record<string, string>)).message).toContain(text);
    });

    it("a missing entry stops only who asked for it in stack configuration", () => {
        const file = { "/project/clouds.yaml": "clouds: {a: {}, b: {}}" };
        expect(errorOf(() => resolve({ "cbr:cloudsYaml": "c" }, {}, file)).message).toBe(
            'cbr:cloudsYaml asks for clouds.yaml entry "c", but /project/clouds.yaml has a, b.',
        );
        expect(resolve({}, { OS_CLOUD: "c" }, file).warnings).toEqual([
            'environment variable OS_CLOUD asks for clouds.yaml entry "c", but /project/clouds.yaml has a, b.',
        ]);
    });
});

describe("values of an explicit provider", () => {
    it("may be numbers, booleans and objects", () => {
        const given = resolve({
            "cbr:maxRetries": 7,
            "cbr:maxRequestsPerSecond": 0.5,
            "cbr:insecure": true,
            "cbr:endpoints": { "eu-de": "http://127.0.0.1:1" },
            "cbr:userId": 42,
            "cbr:password": 12345678,
            "cbr:projectId": null,
        });
        expect(given).toMatchObject({
            maxRetries: 7,
            maxRequestsPerSecond: 0.5,
            insecure: { value: true },
            endpoints: { "eu-de": { value: "http://127.0.0.1:1", source: "cbr:endpoints, region eu-de" } },
            credentials: { userId: { value: "42" }, password: { value: "12345678" } },
        });
    });
});

describe("the rest", () => {
    it("takes the pause between looks as a duration, and none by default", () => {
        expect([resolve({ "cbr:pollInterval": " 1m30s " }).pollIntervalMs, resolve({}).pollIntervalMs]).toEqual([
            90_000,
            undefined,
        ]);
    });

    it.each([
        ["HW_MAX_RETRIES", 3],
        ["OS_MAX_BACKOFF_RETRIES", 4],
        ["OS_MAX_RETRIES", 6],
    ])("takes maxRetries from %s", (variable, retries) => {
        expect(resolve({}, { [variable]: String(retries) }).maxRetries).toBe(retries);
    });

    it.each([
        [{ HW_INSECURE: "true" }, {}, true],
        [{ OS_INSECURE: "1" }, {}, true],
        [{ HW_INSECURE: "false", OS_INSECURE: "true" }, {}, false],
        [{ OS_CLOUD: "c" }, yaml("", ", verify: false"), true],
        [{ OS_CLOUD: "c" }, yaml("", ", verify: true"), undefined],
    ])("insecure: %j", (env, files, value) => {
        const given = resolve({}, env as Record<string, string>, files as Record<string, string>);
        expect(given.insecure?.value).toBe(value);
        expect(given.warnings.length).toBe(value === true ? 1 : 0);
    });

    it("expands ~ in file names", () => {
        expect(resolve({ "cbr:caFile": "~/ca.pem" }).caFile?.value).toBe("/home/u/ca.pem");
        expect(resolve({}, { OS_CLOUD: "c" }, yaml("", ", cacert: ~/x.pem")).caFile).toEqual({
            value: "/home/u/x.pem",
            source: "clouds.yaml entry c: cacert",
        });
    });

    it("reads proxies, lower case first", () => {
        expect(
            resolve(
                {},
                { HTTPS_PROXY: "http://up:1", https_proxy: "http://low:1", HTTP_PROXY: "up:2", NO_PROXY: "a,b" },
            ).proxies,
        ).toEqual({
            https: { value: "http://low:1", source: "environment variable https_proxy" },
            http: { value: "up:2", source: "environment variable HTTP_PROXY" },
            none: "a,b",
        });
    });

    it("reads a profile of Huawei's command line when asked to", () => {
        const files = {
            "/home/u/.hcloud/config.json": JSON.stringify({
                current: "main",
                profiles: [
                    {
                        name: "main",
                        mode: "AKSK",
                        accessKeyId: "AK",
                        secretAccessKey: "ssssssss",
                        region: "cn-east-3",
                        projectId: P,
                    },
                    { name: "two", accessKeyId: "AK2", secretAccessKey: "ssssssss" },
                ],
            }),
        };
        const given = resolve({}, { HW_SHARED_CONFIG_FILE: "~/.hcloud/config.json" }, files);
        expect(given).toMatchObject({
            region: { value: "cn-east-3" },
            projectId: { value: P },
            credentials: { accessKey: { value: "AK" } },
        });
        expect(given.region?.source).toBe("/home/u/.hcloud/config.json profile main: region");
        expect(resolve({}, { HW_PROFILE: "two" }, files).credentials).toMatchObject({ accessKey: { value: "AK2" } });
        expect(errorOf(() => resolve({}, { HW_PROFILE: "three" }, files)).message).toContain(
            'has no profile "three" (environment variable HW_PROFILE; it has: main, two)',
        );
        expect(resolve({}, {}, files).credentials).toBeUndefined();
    });

    it("reads the credentials file of Huawei's SDKs when asked to", () => {
        const files = {
            "/c": "[other]\nak = no\n[basic]\nak = AK\nsk=ssssssss\nproject_id = x-1\n# comment\niam_endpoint = https://iam.cn-north-4.myhuaweicloud.com\n",
        };
        expect(resolve({}, { HUAWEICLOUD_SDK_CREDENTIALS_FILE: "/c" }, files)).toMatchObject({
            credentials: { kind: "accessKey", accessKey: { value: "AK" }, secretKey: { value: "ssssssss" } },
            projectId: { value: "x-1" },
            region: { value: "cn-north-4" },
        });
    });

    it("throws nothing but ConfigError, and never shows a secret", () => {
        const names = [
            "cbr:token",
            "cbr:secretKey",
            "cbr:password",
            "cbr:region",
            "cbr:endpoints",
            "cbr:authUrl",
            "cbr:maxRetries",
            "cbr:accessKey",
            "cbr:userName",
            "cbr:cloud",
        ];
        const secret = "S3CR3T-S3CR3T";
        fc.assert(
            fc.property(
                fc.dictionary(
                    fc.constantFrom(...names),
                    fc.oneof(fc.string(), fc.integer(), fc.jsonValue(), fc.constant(secret)),
                ),
                (config) => {
                    try {
                        const given = resolve({ ...config, "cbr:secretKey": secret });
                        for (const need of [requireRegion, requireCredentials]) {
                            try {
                                need(given);
                            } catch (error) {
                                expect(error).toBeInstanceOf(ConfigError);
                                expect(String(error)).not.toContain(secret);
                            }
                        }
                        expect(given.warnings.join()).not.toContain(secret);
                    } catch (error) {
                        expect(error).toBeInstanceOf(ConfigError);
                        expect(String(error)).not.toContain(secret);
                    }
                },
            ),
        );
    });
});
