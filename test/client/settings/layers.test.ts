import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../provider/client/errors/errors";
import { cbrBaseUrl, iamBaseUrl } from "../../../provider/client/settings/endpoints";
import { resolveSettings, type Settings } from "../../../provider/client/settings/settings";

function resolve(
    config: Record<string, unknown>,
    env: Record<string, string>,
    files: Record<string, string> = {},
): Settings {
    const access = { read: (path: string) => files[path], cwd: () => "/project", home: () => "/home/u" };
    return resolveSettings((key) => config[key], env, access);
}

const clouds = (text: string) => ({ "/project/clouds.yaml": `clouds: {x: {${text}}}` });
const whole =
    "region_name: eu-nl, auth: {auth_url: https://iam.eu-nl.otc.t-systems.com/v3, username: u, password: " +
    "pppppppp, user_domain_name: OTC-1, project_name: eu-nl_x}";
const keys = { HW_ACCESS_KEY: "AK", HW_SECRET_KEY: "ssssssss", HW_REGION_NAME: "cn-north-4" };
const user = { OS_USERNAME: "v", OS_PASSWORD: "qqqqqqqq", OS_USER_DOMAIN_NAME: "E", OS_PROJECT_NAME: "eu-de_y" };

/** Who signs in, where and to which project. */
const identity = ({ credentials, region, projectName, authUrl, cloud }: Settings) => [
    credentials?.kind === "accessKey" ? credentials.accessKey.value : undefined,
    credentials?.kind === "password" ? credentials.userName?.value : undefined,
    region?.value,
    projectName?.value,
    authUrl?.value,
    cloud.value,
];

describe("an entry that OS_CLOUD names for another tool", () => {
    it.each([
        ["a profile that is not known", clouds(`profile: vexxhost, ${whole}`)],
        [
            "a cloud of its own",
            clouds("auth: {auth_url: 'http://keystone.lan:5000/v3', username: u, project_name: admin}"),
        ],
        ["a way to sign in that is not known", clouds(`auth_type: v3applicationcredential, ${whole}`)],
        ["no YAML", { "/project/clouds.yaml": "clouds: {x: [" }],
        ["no file", {}],
    ])("is said once and left aside when HW_* are complete: %s", (_, files) => {
        const given = resolve({}, { OS_CLOUD: "x", ...keys }, files);
        expect(given.warnings).toEqual([
            "Not used: clouds.yaml entry x of environment variable OS_CLOUD. Used instead: the access key from " +
                "environment variable HW_ACCESS_KEY with the secret key from environment variable HW_SECRET_KEY.",
        ]);
        expect(identity(given)).toEqual(["AK", undefined, "cn-north-4", undefined, undefined, "huaweicloud"]);
    });

    it.each([
        [
            "a profile that is not known",
            clouds(`profile: vexxhost, ${whole}`),
            'Not used: clouds.yaml entry x is built on profile "vexxhost", which is not known here ' +
                "(environment variable OS_CLOUD).",
        ],
        [
            "a way to sign in that is not known",
            clouds(`auth_type: v3applicationcredential, ${whole}`),
            "Not used: clouds.yaml entry x signs in by auth_type v3applicationcredential, " +
                "but here only password and token are known (environment variable OS_CLOUD).",
        ],
        [
            "no YAML",
            { "/project/clouds.yaml": "clouds: {x: [" },
            "Not used: clouds.yaml entry x of environment variable OS_CLOUD. " +
                "/project/clouds.yaml is not valid YAML (line 1): BAD_INDENT.",
        ],
        [
            "a key twice in the entry",
            clouds("region_name: eu-de, region_name: eu-nl"),
            "Not used: clouds.yaml entry x of environment variable OS_CLOUD. " +
                "/project/clouds.yaml has a key twice in one map (line 1): DUPLICATE_KEY.",
        ],
        [
            "no entry",
            { "/project/clouds.yaml": "clouds: {y: {}}" },
            'environment variable OS_CLOUD asks for clouds.yaml entry "x", but /project/clouds.yaml has y.',
        ],
    ])("is said once and left aside when OS_* are complete and it cannot be used: %s", (_, files, warning) => {
        const given = resolve({}, { OS_CLOUD: "x", ...user }, files);
        expect(given.warnings).toEqual([warning]);
        expect(identity(given)).toEqual([undefined, "v", "eu-de", "eu-de_y", undefined, "otc"]);
    });

    it("is used as it stands when nothing else is there, if it says where to sign in", () => {
        const given = resolve({}, { OS_CLOUD: "x" }, clouds(`profile: vexxhost, ${whole}`));
        expect(identity(given)).toEqual([
            undefined,
            "u",
            "eu-nl",
            "eu-nl_x",
            "https://iam.eu-nl.otc.t-systems.com",
            "otc",
        ]);
        expect(given.warnings).toEqual([
            'clouds.yaml entry x is built on profile "vexxhost", which is not known here: ' +
                "it is used as it stands (environment variable OS_CLOUD).",
        ]);
        const nowhere = resolve(
            {},
            { OS_CLOUD: "x" },
            clouds(
                "profile: vexxhost, region_name: eu-nl, auth: {username: u, password: pppppppp, user_domain_name: D}",
            ),
        );
        expect([nowhere.credentials, nowhere.region]).toEqual([undefined, undefined]);
        expect(nowhere.warnings).toEqual([expect.stringContaining("and has no auth_url of its own")]);
    });

    it("stops whoever has nothing else when the file is broken", () => {
        expect(() => resolve({}, { OS_CLOUD: "x" }, { "/project/clouds.yaml": "clouds: {x: [" })).toThrow(ConfigError);
        expect(() => resolve({}, { OS_CLOUD: "x" }, clouds("region_name: a, region_name: b"))).toThrow("DUPLICATE_KEY");
    });

    it("is second to OS_* variables, but keeps its user, account and address together", () => {
        const left = {
            OS_PROJECT_NAME: "eu-nl_z",
            OS_AUTH_URL: "https://iam.eu-de.otc.t-systems.com",
            OS_USER_DOMAIN_NAME: "E",
        };
        const given = resolve({}, { OS_CLOUD: "x", ...left }, clouds(whole));
        expect(identity(given)).toEqual([
            undefined,
            "u",
            "eu-nl",
            "eu-nl_z",
            "https://iam.eu-nl.otc.t-systems.com",
            "otc",
        ]);
        expect(given.credentials).toMatchObject({ domainName: { value: "OTC-1" } });
        const both = resolve(
            {},
            { OS_CLOUD: "x", ...user, OS_AUTH_URL: "https://iam.eu-de.otc.t-systems.com" },
            clouds(whole),
        );
        expect(identity(both)).toEqual([
            undefined,
            "v",
            "eu-nl",
            "eu-de_y",
            "https://iam.eu-de.otc.t-systems.com",
            "otc",
        ]);
    });
});

describe("a file that a variable asks for", () => {
    const broken = { "/no-json": "{", "/no-ini": "nonsense", "/empty": "" };
    const stack = { "cbr:accessKey": "CK", "cbr:secretKey": "ssssssss" };
    const rows: [Record<string, string>, string][] = [
        [
            { HW_PROFILE: "p" },
            "environment variable HW_PROFILE asks for /home/u/.hcloud/config.json, which cannot be read.",
        ],
        [
            { HW_SHARED_CONFIG_FILE: "/none" },
            "environment variable HW_SHARED_CONFIG_FILE asks for /none, which cannot be read.",
        ],
        [
            { HW_SHARED_CONFIG_FILE: "/no-json" },
            "/no-json (environment variable HW_SHARED_CONFIG_FILE) is not valid JSON.",
        ],
        [
            { HUAWEICLOUD_SDK_CREDENTIALS_FILE: "/none" },
            "environment variable HUAWEICLOUD_SDK_CREDENTIALS_FILE asks for /none, which cannot be read.",
        ],
        [
            { HUAWEICLOUD_SDK_CREDENTIALS_FILE: "/empty" },
            "/empty (environment variable HUAWEICLOUD_SDK_CREDENTIALS_FILE) has nothing in a section [basic].",
        ],
    ];

    it.each(rows)("and that cannot be used stops nobody whose credentials are complete elsewhere: %j", (env, text) => {
        const said = (config: object, others: Record<string, string>) =>
            resolve({ ...config }, { ...env, ...others }, broken).warnings;
        expect(said(stack, {})).toEqual([
            `${text} Used instead: the access key from cbr:accessKey with the secret key from cbr:secretKey.`,
        ]);
        expect(said({}, user)[0]).toMatch(`${text} Used instead: the user name from environment variable OS_USERNAME`);
        expect(() => resolve({}, env, broken)).toThrow(text);
    });

    it("and that cannot be used stops its own tool's variables, which may be of another account", () => {
        const text = "environment variable HW_PROFILE asks for /home/u/.hcloud/config.json";
        expect(() => resolve({}, { ...keys, HW_PROFILE: "p" })).toThrow(text);
        const explicit = { "cbr:explicitProvider": "true", "cbr:agencyName": "a", "cbr:agencyDomainName": "d" };
        expect(() => resolve(explicit, { ...keys, HW_PROFILE: "p" })).toThrow(text);
    });
});

describe("an entry that stack configuration names", () => {
    const config = { "cbr:cloudsYaml": "x" };

    it("is used as a whole, and the shell's variables are named that are not", () => {
        const env = { ...keys, ...user, OS_REGION_NAME: "eu-de", OS_AUTH_URL: "https://iam.eu-de.otc.t-systems.com" };
        const given = resolve(config, env, clouds(whole));
        expect(identity(given)).toEqual([
            undefined,
            "u",
            "eu-nl",
            "eu-nl_x",
            "https://iam.eu-nl.otc.t-systems.com",
            "otc",
        ]);
        expect(given.warnings).toEqual([
            "cbr:cloudsYaml names clouds.yaml entry x, which is used as a whole. Not used: HW_ACCESS_KEY, " +
                "HW_SECRET_KEY, HW_REGION_NAME, OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME, " +
                "OS_PROJECT_NAME, OS_AUTH_URL, OS_REGION_NAME.",
        ]);
        expect(resolve(config, {}, clouds(whole)).warnings).toEqual([]);
    });

    it("yields as a whole to a complete environment when it has no credentials of its own", () => {
        const given = resolve(
            config,
            { ...user, OS_REGION_NAME: "eu-de" },
            clouds("region_name: eu-nl, auth: {username: u, user_domain_name: D, project_name: eu-nl_x}"),
        );
        expect(identity(given)).toEqual([undefined, "v", "eu-de", "eu-de_y", undefined, "otc"]);
        expect(given.warnings).toEqual([
            "cbr:cloudsYaml names clouds.yaml entry x, which has no complete credentials and is not used. " +
                "Used as a whole instead: OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME, OS_PROJECT_NAME, " +
                "OS_REGION_NAME.",
        ]);
    });

    it("takes a password from the environment when neither can sign in alone", () => {
        const given = resolve(
            config,
            { OS_PASSWORD: "qqqqqqqq" },
            clouds("region_name: eu-nl, auth: {username: u, user_domain_name: D}"),
        );
        expect(given.credentials).toMatchObject({
            kind: "password",
            userName: { value: "u" },
            password: { value: "qqqqqqqq" },
        });
    });

    it("is second to other keys of stack configuration", () => {
        const given = resolve(
            { ...config, "cbr:projectName": "eu-nl_stack", "cbr:region": "eu-nl" },
            {},
            clouds(whole),
        );
        expect([given.projectName?.value, given.region?.source]).toEqual(["eu-nl_stack", "cbr:region"]);
    });

    it.each([
        [clouds(`profile: vexxhost, region_name: eu-de, auth: {username: u}`), 'is built on profile "vexxhost"'],
        [clouds("auth_type: v3oidcpassword"), "signs in by auth_type v3oidcpassword"],
        [{ "/project/clouds.yaml": "clouds: {x: [" }, "is not valid YAML"],
    ])("is an error when it cannot be used, whatever the environment has: %#", (files, text) => {
        expect(() => resolve(config, keys, files)).toThrow(text);
    });
});

describe("an entry that is used as a whole", () => {
    it("goes to no address that the shell has for a region", () => {
        const env = { HUAWEICLOUD_SDK_REGION_CBR_EU_NL: "https://cbr.lan", HUAWEICLOUD_SDK_REGION_IAM_EU_NL: "x y" };
        const given = resolve({ "cbr:cloudsYaml": "x" }, env, clouds(whole));
        expect([iamBaseUrl(given, "eu-nl"), cbrBaseUrl(given, "eu-nl")]).toEqual([
            "https://iam.eu-nl.otc.t-systems.com",
            "https://cbr.eu-nl.otc.t-systems.com",
        ]);
        expect(given.warnings).toEqual([
            "cbr:cloudsYaml names clouds.yaml entry x, which is used as a whole. " +
                "Not used: HUAWEICLOUD_SDK_REGION_CBR_EU_NL, HUAWEICLOUD_SDK_REGION_IAM_EU_NL.",
        ]);
    });
});

describe("settings of two accounts in one environment", () => {
    it("are not mixed: what says where credentials are good comes from where they are from", () => {
        const env = {
            ...user,
            OS_REGION_NAME: "eu-de",
            HW_REGION_NAME: "cn-north-4",
            HW_PROJECT_NAME: "cn-north-4",
            HW_CLOUD: "myhuaweicloud.com",
            OS_AUTH_URL: "https://iam.eu-de.otc.t-systems.com/v3",
            HW_DOMAIN_NAME: "hw",
        };
        const given = resolve({}, env);
        expect(identity(given)).toEqual([
            undefined,
            "v",
            "eu-de",
            "eu-de_y",
            "https://iam.eu-de.otc.t-systems.com",
            "otc",
        ]);
        expect(given.credentials).toMatchObject({ domainName: { value: "E" }, password: { value: "qqqqqqqq" } });
    });

    it.each([
        ["an address of IAM for other tools", "https://keystone.lan:5000/v3"],
        ["an address of IAM that would not be used at all", "http://keystone.lan:5000/v3"],
        ["another cloud's address of IAM", "https://iam.eu-de.otc.t-systems.com/v3"],
    ])("leave aside, with a warning, %s that is left over", (_, OS_AUTH_URL) => {
        const left = { OS_AUTH_URL, OS_USER_DOMAIN_NAME: "OTC-EU-DE-00000000001000012345", OS_INTERFACE: "internal" };
        const given = resolve({}, { ...keys, ...left, OS_CBR_ENDPOINT_OVERRIDE: "https://cbr.lan" });
        expect(identity(given)).toEqual(["AK", undefined, "cn-north-4", undefined, undefined, "huaweicloud"]);
        expect(given.warnings).toEqual([
            "Not used: environment variable OS_AUTH_URL, because the credentials are for region cn-north-4 of " +
                "Huawei Cloud.",
        ]);
        expect([cbrBaseUrl(given, "cn-north-4"), iamBaseUrl(given, "cn-north-4")]).toEqual([
            "https://cbr.cn-north-4.myhuaweicloud.com",
            "https://iam.cn-north-4.myhuaweicloud.com",
        ]);
    });

    it.each([
        ["a private cloud's address of IAM", { OS_AUTH_URL: "https://keystone.lan:5000/v3" }],
        ["one that would not be used at all", { OS_AUTH_URL: "http://keystone.lan:5000/v3" }],
        ["one for another tool", { HUAWEICLOUD_SDK_IAM_ENDPOINT: "no url" }],
        ["a private cloud's domain", { HW_CLOUD: "cloud.lan" }],
    ])("leave a shell's aside where stack configuration signs in: %s", (_, env) => {
        const stack = { "cbr:accessKey": "SK", "cbr:secretKey": "ssssssss", "cbr:region": "eu-de" };
        const given = resolve(stack, env);
        expect([iamBaseUrl(given, "eu-de"), cbrBaseUrl(given, "eu-de")]).toEqual([
            "https://iam.eu-de.otc.t-systems.com",
            "https://cbr.eu-de.otc.t-systems.com",
        ]);
        const said = `Not used: environment variable ${Object.keys(env)[0]}, because the credentials are for region `;
        expect(given.warnings).toEqual([`${said}eu-de of Open Telekom Cloud.`]);
        const account = {
            ...{ "cbr:userName": "u", "cbr:password": "pppppppp" },
            "cbr:domainName": "OTC-EU-DE-00000000001000012345",
        };
        const told = resolve(account, { ...env, OS_REGION_NAME: "RegionOne" });
        expect(told.authUrl).toBeUndefined();
        expect(told.warnings[0]).toContain("because the credentials are of account OTC-EU-DE-00000000001000012345 of");
    });

    it("use a simulator's address, which is on this machine", () => {
        const stack = { "cbr:accessKey": "SK", "cbr:secretKey": "ssssssss", "cbr:region": "eu-de" };
        expect(resolve(stack, { HW_AUTH_URL: "http://127.0.0.1:4711/v3" }).authUrl?.value).toBe(
            "http://127.0.0.1:4711",
        );
    });

    it("use what stands in stack configuration or beside the credentials, whatever it says", () => {
        const own = resolve({}, { ...keys, HW_AUTH_URL: "https://iam.lan/v3" });
        expect([own.authUrl?.value, own.warnings]).toEqual(["https://iam.lan", []]);
        const stack = resolve({ "cbr:authUrl": "https://iam.lan/v3" }, { ...user, OS_REGION_NAME: "eu-de" });
        expect([stack.authUrl?.value, stack.cloud.value, stack.warnings]).toEqual(["https://iam.lan", "custom", []]);
        const private_ = resolve({}, { ...keys, HW_REGION_NAME: "r-1", OS_AUTH_URL: "https://keystone.lan/v3" });
        expect(private_.authUrl?.value).toBe("https://keystone.lan");
    });

    it("take the region from the name of the credentials' own project before another tool's", () => {
        const given = resolve({}, { ...user, HW_REGION_NAME: "cn-north-4", HW_PROJECT_NAME: "cn-north-4_z" });
        expect(identity(given)).toEqual([undefined, "v", "eu-de", "eu-de_y", undefined, "otc"]);
        expect(given.region?.source).toBe("project name in environment variable OS_PROJECT_NAME");
    });

    it("leave aside another cloud's address of IAM, also where only the project's name tells the own cloud", () => {
        const left = { HW_AUTH_URL: "https://iam.cn-north-4.myhuaweicloud.com/v3", HW_CLOUD: "myhuaweicloud.com" };
        const given = resolve({}, { ...user, ...left });
        expect(identity(given)).toEqual([undefined, "v", "eu-de", "eu-de_y", undefined, "otc"]);
        expect(given.warnings).toEqual(
            ["HW_AUTH_URL", "HW_CLOUD"].map(
                (name) =>
                    `Not used: environment variable ${name}, because the credentials are for region eu-de of ` +
                    "Open Telekom Cloud.",
            ),
        );
    });

    it("take of a profile in OS_PROFILE the region that the project's name begins with, else its first", () => {
        const regionFor = (project: string) =>
            resolve({}, { ...user, OS_PROFILE: "otc", OS_PROJECT_NAME: project }).region;
        const source = "environment variable OS_PROFILE";
        expect(regionFor("eu-nl_team")).toEqual({ value: "eu-nl", source });
        expect(regionFor("team")).toEqual({ value: "eu-de", source });
        expect(regionFor("cn-north-4_team")).toEqual({ value: "eu-de", source });
    });

    it("take an entry's address of CBR for the entry's own region only", () => {
        const files = clouds(`${whole}, cbr_endpoint_override: 'https://cbr.lan'`);
        const there = resolve({ "cbr:cloudsYaml": "x" }, {}, files);
        const source = "clouds.yaml entry x: cbr_endpoint_override";
        expect(there.endpoints).toEqual({ "eu-nl": { value: "https://cbr.lan", source } });
        expect(resolve({ "cbr:cloudsYaml": "x", "cbr:region": "eu-de" }, {}, files).endpoints).toEqual({});
    });

    it("keep a project to the region that is named beside it", () => {
        const given = resolve({}, { ...keys, OS_REGION_NAME: "eu-de", OS_PROJECT_NAME: "eu-de_y" });
        expect([given.region?.value, given.projectName]).toEqual(["cn-north-4", undefined]);
    });
});
