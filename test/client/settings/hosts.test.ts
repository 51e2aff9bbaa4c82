/**
 * Which hosts are asked, for settings of every kind: a recorder stands in the network's place, under sign-in, projects,
 * tokens, temporary keys and calls to the API alike. A host that no setting names or implies fails the row.
 */
import { describe, expect, it } from "vitest";
import { asked, type Case } from "../../support/asked-hosts";

const P = "0123456789abcdef0123456789abcdef";

const clouds = (text: string) => ({ "/project/clouds.yaml": `clouds: {x: {${text}}}` });
const otcAccount = "OTC-EU-DE-00000000001000012345";
const otcUser = { OS_USERNAME: "u", OS_PASSWORD: "pppppppp", OS_USER_DOMAIN_NAME: otcAccount };
const hwKeys = { HW_ACCESS_KEY: "AK", HW_SECRET_KEY: "ssssssss" };
const osKeys = { OS_ACCESS_KEY: "AK", OS_SECRET_KEY: "ssssssss" };
const stackKeys = { "cbr:accessKey": "AK", "cbr:secretKey": "ssssssss" };
const who = "username: u, password: pppppppp, user_domain_name: D";
const user = `auth: {${who}}`;
const corpUser = `auth: {auth_url: https://iam.corp.example/v3, ${who}}`;
const entry = (text: string, env: Record<string, string> = {}, regions: readonly string[] = []): Case => ({
    env: { OS_CLOUD: "x", ...env },
    files: clouds(text),
    regions,
});
const agency = { HW_ASSUME_ROLE_AGENCY_NAME: "a", HW_ASSUME_ROLE_DOMAIN_NAME: "d" };
const hw = { ...hwKeys, HW_REGION_NAME: "cn-north-4" };

const otc = (...regions: string[]) => regions.flatMap((one) => hosts(`${one}.otc.t-systems.com`));
const huawei = (...regions: string[]) => regions.flatMap((one) => hosts(`${one}.myhuaweicloud.com`));
const hosts = (domain: string) => [`cbr.${domain}`, `iam.${domain}`];
const corp = (region: string, name = "public") => ["iam.corp.example", `${name}.${region}.corp.example`];

describe("the hosts that are asked are those of", () => {
    it.each<[string, Case, string[]]>([
        [
            "an openrc file, in two regions",
            { env: { ...otcUser, OS_REGION_NAME: "eu-de" }, regions: ["eu-nl"] },
            otc("eu-de", "eu-nl"),
        ],
        ["a project's name", { env: { ...otcUser, OS_TENANT_NAME: "eu-nl_team" } }, otc("eu-nl")],
        [
            "an address of IAM",
            { env: { ...otcUser, OS_AUTH_URL: "https://iam.eu-nl.otc.t-systems.com/v3" } },
            otc("eu-nl"),
        ],
        [
            "the Swiss region",
            { env: { ...osKeys, OS_REGION_NAME: "eu-ch2" } },
            ["cbr.eu-ch2.sc.otc.t-systems.com", "iam-pub.eu-ch2.sc.otc.t-systems.com"],
        ],
        [
            "FlexibleEngine",
            { env: { ...osKeys, OS_REGION_NAME: "eu-west-0" } },
            hosts("eu-west-0.prod-cloud-ocb.orange-business.com"),
        ],
        [
            "Huawei Cloud's variables",
            { env: { ...hw }, regions: ["ap-southeast-1"] },
            huawei("ap-southeast-1", "cn-north-4"),
        ],
        [
            "Huawei Cloud's own region in Europe",
            { env: { ...hwKeys, HW_REGION_NAME: "eu-west-101" } },
            hosts("eu-west-101.myhuaweicloud.eu"),
        ],
        [
            "the SDKs' variables",
            {
                env: {
                    HUAWEICLOUD_SDK_AK: "AK",
                    HUAWEICLOUD_SDK_SK: "ssssssss",
                    HUAWEICLOUD_SDK_REGION_CBR_CN_NORTH_4: "https://a.lan,https://b.lan",
                    HW_REGION_NAME: "cn-north-4",
                },
            },
            ["a.lan", "iam.cn-north-4.myhuaweicloud.com"],
        ],
        [
            "the SDKs' file",
            {
                env: { HUAWEICLOUD_SDK_CREDENTIALS_FILE: "/c", HW_REGION_NAME: "cn-north-4" },
                files: { "/c": "[basic]\nak = AK\nsk = ssssssss\niam_endpoint = https://iam.lan\n" },
            },
            ["iam.lan"],
        ],
        [
            "a profile",
            {
                env: { HW_PROFILE: "p" },
                files: {
                    "/home/u/.hcloud/config.json": JSON.stringify({
                        profiles: [{ name: "p", accessKeyId: "AK", secretAccessKey: "ssssssss", region: "cn-east-3" }],
                    }),
                },
            },
            huawei("cn-east-3"),
        ],
        [
            "stack configuration",
            {
                config: {
                    ...stackKeys,
                    "cbr:region": "eu-de",
                    "cbr:endpoints": { "eu-nl": { cbr: "https://c.lan", iam: "https://i.lan" } },
                },
                regions: ["eu-nl"],
            },
            ["c.lan", "cbr.eu-de.otc.t-systems.com", "i.lan", "iam.eu-de.otc.t-systems.com"],
        ],
        [
            "a domain of one's own",
            { config: { ...stackKeys, "cbr:region": "r1", "cbr:cloud": "cloud.lan" } },
            hosts("r1.cloud.lan"),
        ],
        [
            "a token that is given",
            { env: { HW_AUTH_TOKEN: "tttttttt", HW_REGION_NAME: "cn-north-4", HW_PROJECT_ID: P } },
            ["cbr.cn-north-4.myhuaweicloud.com"],
        ],
        [
            "an agency, for a key",
            {
                env: {
                    ...hw,
                    ...agency,
                },
            },
            huawei("cn-north-4"),
        ],
        [
            "an agency, for a user",
            { env: { ...otcUser, OS_REGION_NAME: "eu-de", OS_AGENCY_NAME: "a", OS_AGENCY_DOMAIN_NAME: otcAccount } },
            otc("eu-de"),
        ],
        ["profile otc", entry(`profile: otc, ${user}`), otc("eu-de")],
        ["one of a profile's regions", entry(`profile: otc, ${user}`, { OS_REGION_NAME: "eu-nl" }), otc("eu-nl")],
        [
            "a region's values",
            entry(`${corpUser}, regions: [{name: r2, values: {interface: internal}}]`),
            corp("r2", "internal"),
        ],
        [
            "a private cloud's catalog, in two regions",
            entry(`${corpUser}, region_name: r1`, {}, ["r2"]),
            [...corp("r1"), "public.r2.corp.example"],
        ],
        ["an interface", entry(`${corpUser}, region_name: r1`, { OS_INTERFACE: "internal" }), corp("r1", "internal")],
        [
            "an address of CBR beside a region of its own",
            entry(
                `${corpUser}, region_name: r1, cbr_region_name: r2, cbr_endpoint_override: 'https://{region_name}.lan'`,
            ),
            ["iam.corp.example", "r1.lan"],
        ],
        [
            "an identity token, in two regions",
            {
                env: { HUAWEICLOUD_SDK_IDP_ID: "p", PULUMI_CBR_ID_TOKEN: "tttttttt", HW_REGION_NAME: "cn-north-4" },
                regions: ["cn-east-3"],
            },
            huawei("cn-east-3", "cn-north-4"),
        ],
        [
            "the server's agency, which is asked for",
            { config: { "cbr:instanceAgency": "true", "cbr:region": "eu-de" } },
            ["169.254.169.254", ...otc("eu-de")],
        ],
        [
            "an explicit provider, and none of the shell's account",
            {
                config: { "cbr:explicitProvider": "true", ...stackKeys, "cbr:region": "eu-nl" },
                env: { ...hw, HW_PROJECT_ID: P },
            },
            otc("eu-nl"),
        ],
    ])("%s", async (_, settings, expected) => {
        expect((await asked(settings))[0]).toEqual([...expected].sort());
    });
});

describe("settings that are for something else add no host:", () => {
    it.each<[string, Case, string[]]>([
        [
            "an entry of another tool",
            {
                env: { ...hw, OS_CLOUD: "x" },
                files: clouds(`auth: {auth_url: https://keystone.lan/v3, ${who}}, region_name: r1`),
            },
            huawei("cn-north-4"),
        ],
        [
            "a private cloud's openrc beside a vendor's key",
            {
                env: {
                    ...hw,
                    ...otcUser,
                    OS_AUTH_URL: "https://keystone.lan/v3",
                    OS_REGION_NAME: "RegionOne",
                    OS_CBR_ENDPOINT_OVERRIDE: "https://cbr.lan",
                    OS_INTERFACE: "internal",
                },
            },
            huawei("cn-north-4"),
        ],
        [
            "a private cloud's openrc beside a stack's key",
            {
                config: { ...stackKeys, "cbr:region": "eu-de" },
                env: { OS_AUTH_URL: "https://keystone.lan/v3", OS_REGION_NAME: "RegionOne", OS_USERNAME: "u" },
            },
            otc("eu-de"),
        ],
        [
            "another vendor's variables beside an openrc file",
            {
                env: {
                    ...otcUser,
                    OS_REGION_NAME: "eu-de",
                    HW_REGION_NAME: "cn-north-4",
                    HW_CLOUD: "myhuaweicloud.com",
                    HW_AUTH_URL: "https://iam.myhuaweicloud.com/v3",
                    HUAWEICLOUD_SDK_IAM_ENDPOINT: "https://iam.lan",
                },
            },
            otc("eu-de"),
        ],
        [
            "a shell beside an entry that the stack names",
            {
                config: { "cbr:cloudsYaml": "x" },
                env: {
                    ...hw,
                    OS_AUTH_URL: "https://keystone.lan/v3",
                    HUAWEICLOUD_SDK_REGION_CBR_EU_NL: "https://cbr.lan",
                },
                files: clouds(`profile: otc, region_name: eu-nl, ${user}`),
            },
            otc("eu-nl"),
        ],
        [
            "an address for a region that is not asked for",
            {
                env: {
                    ...hw,
                    HUAWEICLOUD_SDK_REGION_CBR_CN_NORTH_1: "https://cbr.lan",
                },
            },
            huawei("cn-north-4"),
        ],
        [
            "a profile of openstacksdk that is an address",
            entry(`profile: 'https://vendor.lan', region_name: r1, ${corpUser}`),
            corp("r1"),
        ],
    ])("%s", async (_, settings, expected) => {
        expect((await asked(settings))[0]).toEqual([...expected].sort());
    });
});

describe("nothing is asked anywhere, and why is said, with", () => {
    it.each<[string, Case, string]>([
        ["a region that is mistyped", { env: { ...otcUser, OS_REGION_NAME: "eu-dee" } }, "did you mean eu-de?"],
        [
            "a region that is mistyped, of a profile",
            entry(`profile: otc, region_name: eu-dee, ${user}`),
            "did you mean eu-de?",
        ],
        ["a region in capitals", { env: { ...osKeys, OS_REGION_NAME: "EU-DE" } }, "did you mean eu-de?"],
        [
            "a domain that is mistyped",
            { env: { ...hw, HW_CLOUD: "myhuaweicloud.co" } },
            "did you mean myhuaweicloud.com?",
        ],
        [
            "a host that is mistyped",
            { env: { ...otcUser, OS_AUTH_URL: "https://iam.eu-de.otc.t-system.com/v3" } },
            "did you mean otc.t-systems.com?",
        ],
        ["an account of another cloud", { env: { ...otcUser, OS_REGION_NAME: "cn-north-4" } }, "nothing is sent there"],
        [
            "an agency of another cloud",
            {
                env: {
                    ...hw,
                    ...agency,
                    HW_ASSUME_ROLE_DOMAIN_NAME: otcAccount,
                },
            },
            "nothing is sent there",
        ],
        [
            "another cloud's address",
            {
                env: {
                    ...otcUser,
                    OS_USER_DOMAIN_NAME: "OCB0001234",
                    OS_AUTH_URL: "https://iam.eu-de.otc.t-systems.com/v3",
                },
            },
            "nothing is sent there",
        ],
        [
            "a region that the entry does not have",
            entry(`regions: [r1, r2], ${corpUser}`, { OS_REGION_NAME: "r3" }),
            "asks for region",
        ],
        [
            "plain http",
            { env: { ...otcUser, OS_AUTH_URL: "http://iam.corp.example/v3", OS_REGION_NAME: "r1" } },
            "is plain http",
        ],
        ["no credentials", { env: { HW_REGION_NAME: "cn-north-4", HW_PROJECT_ID: P } }, "There are no credentials"],
        [
            "the server's agency declined",
            { env: { PULUMI_CBR_INSTANCE_AGENCY: "false", HW_REGION_NAME: "eu-de" } },
            "There are no credentials",
        ],
        [
            "half of them",
            { env: { HW_REGION_NAME: "cn-north-4", HW_ACCESS_KEY: "AK" } },
            "The credentials are incomplete",
        ],
        ["no region", { env: hwKeys }, "is no region name"],
    ])("%s", async (_, settings, text) => {
        const [seen, said] = await asked(settings);
        expect([seen, said.includes(text) ? text : said]).toEqual([[], text]);
    });

    it("a second region that is another cloud's or mistyped, though the first is asked", async () => {
        const env = { ...otcUser, OS_REGION_NAME: "eu-de" };
        for (const region of ["cn-north-4", "eu-west-0", "eu-nll", "r1"])
            expect((await asked({ env, regions: [region] }))[0]).toEqual(otc("eu-de"));
    });

    it("a catalog's address that would send credentials in clear", async () => {
        const files = clouds(`region_name: clear, ${corpUser}`);
        expect(await asked({ env: { OS_CLOUD: "x" }, files })).toEqual([
            ["iam.corp.example"],
            expect.stringContaining("The address of CBR in region clear is not known"),
        ]);
    });
});
