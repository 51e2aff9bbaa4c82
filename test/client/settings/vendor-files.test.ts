/**
 * Files and variables of Huawei Cloud's own tools. Credentials file: huaweicloudsdkcore 3.1.219 (Python) and
 * huaweicloud-sdk-go-v3 0.1.207 were given the same texts. Profile: terraform-provider-huaweicloud 1.97.1.
 */
import { describe, expect, it } from "vitest";
import { cbrBaseUrl } from "../../../provider/client/settings/endpoints";
import { resolveSettings, type Settings } from "../../../provider/client/settings/settings";

function resolve(env: Record<string, string>, files: Record<string, string> = {}): Settings {
    const access = { read: (path: string) => files[path], cwd: () => "/project", home: () => "/home/u" };
    return resolveSettings(() => undefined, env, access);
}

const keysOf = ({ credentials }: Settings) =>
    credentials?.kind === "accessKey"
        ? [credentials.accessKey.value, credentials.secretKey.value, credentials.securityToken?.value]
        : credentials?.kind;

describe("the credentials file of the SDKs", () => {
    const read = (text: string) => keysOf(resolve({ HUAWEICLOUD_SDK_CREDENTIALS_FILE: "/c" }, { "/c": text }));

    it.each([
        ["as both SDKs read it", "[basic]\nak = AK\nsk = SK\n"],
        ["comments on lines of their own", "# x\n; y\n[basic]\n# c\nak = AK\n; d\nsk = SK\n"],
        ["a comment after the section", "[basic] # c\nak = AK\nsk = SK\n"],
        ["colons", "[basic]\nak: AK\nsk : SK\n"],
        ["indented keys", "[basic]\n  ak = AK\n  sk = SK\n"],
        ["line ends of Windows", "[basic]\r\nak = AK\r\nsk = SK\r\n"],
        ["other sections", "[global]\nak = no\nsk = no\n[basic]\nak = AK\nsk = SK\n[other]\nak = no\n"],
        ["capitals, as the Python SDK does", "[basic]\nAK = AK\nSk = SK\n"],
        ["double quotes, as the Go SDK does", '[basic]\nak = "AK"\nsk = "SK"\n'],
        ["single quotes, as the Go SDK does", "[basic]\nak = 'AK'\nsk = 'SK' # c\n"],
        ["comments after a value, as the Go SDK does", "[basic]\nak = AK # c\nsk = SK ; c\n"],
        ["a byte order mark, as the Go SDK does", "\uFEFF[basic]\nak = AK\nsk = SK\n"],
        ["a section in two parts, as the Go SDK does", "[basic]\nak = AK\n[basic]\nsk = SK\n"],
    ])("%s", (_, text) => {
        expect(read(text)).toEqual(["AK", "SK", undefined]);
    });

    it.each([
        ["a number sign within, as the Python SDK does", "S#K;x"],
        ["equals signs", "a=b=="],
        ["a percent sign, as the Go SDK does", "S%K"],
        ["a quotation mark that does not end", '"SK'],
    ])("keeps %s", (_, secret) => {
        expect(read(`[basic]\nak = AK\nsk = ${secret}\nsecurity_token = x y\n`)).toEqual(["AK", secret, "x y"]);
    });

    it.each([
        ["[basic]\nak = AK\nak = BK\nsk = SK\n", "/c, line 3: ak stands twice in [basic]."],
        ["[basic]\nak = AK\nsk = SK\nfoo\n", '/c, line 4: "key = value" is expected.'],
    ])("refuses %j, and quotes no value", (text, message) => {
        expect(() => read(text)).toThrow(message);
    });

    it("finds no pair in another section", () => {
        expect(read("[DEFAULT]\nak = AK\n[basic]\nsk = SK\n")).toBeUndefined();
    });

    it.each(["[BASIC]\nak = AK\nsk = SK\n", "[global]\nak = AK\n", "[basic]\n", ""])(
        "says that it has nothing in section [basic]: %j",
        (text) => {
            expect(() => read(text)).toThrow(
                "/c (environment variable HUAWEICLOUD_SDK_CREDENTIALS_FILE) has nothing in a section [basic].",
            );
        },
    );

    it("is named with the key that stands in it", () => {
        const { credentials, projectId } = resolve(
            { HUAWEICLOUD_SDK_CREDENTIALS_FILE: "/c", HW_REGION_NAME: "eu-de" },
            { "/c": "[basic]\nak = AK\nsk = SK\nproject_id = p-1\n" },
        );
        expect(credentials).toMatchObject({ accessKey: { source: "/c: ak" }, secretKey: { source: "/c: sk" } });
        expect(projectId?.source).toBe("/c: project_id");
    });
});

describe("HUAWEICLOUD_SDK_REGION_CBR_<REGION>", () => {
    it.each([
        ["https://one.example", "https://one.example"],
        ["https://one.example,https://two.example", "https://one.example"],
        [" https://one.example , https://two.example ", "https://one.example"],
    ])("%j gives %s: the first of several serves", (list, url) => {
        expect(cbrBaseUrl(resolve({ HUAWEICLOUD_SDK_REGION_CBR_CN_NORTH_4: list }), "cn-north-4")).toBe(url);
    });

    it("that makes no sense is an error of that region, and stops no other", () => {
        const settings = resolve({ HUAWEICLOUD_SDK_REGION_CBR_CN_NORTH_1: "no url", HW_REGION_NAME: "cn-north-4" });
        expect(cbrBaseUrl(settings, "cn-north-4")).toBe("https://cbr.cn-north-4.myhuaweicloud.com");
        expect(() => cbrBaseUrl(settings, "cn-north-1")).toThrow(
            "environment variable HUAWEICLOUD_SDK_REGION_CBR_CN_NORTH_1 is not a URL.",
        );
    });
});

describe("a profile of the command line", () => {
    const profile = { name: "main", accessKeyId: "AK", secretAccessKey: "SK", region: "cn-east-3", projectId: "p-1" };
    const config = (one: object) => ({
        "/home/u/.hcloud/config.json": JSON.stringify({ current: "main", profiles: [one] }),
    });

    it("beats HW_* variables, as in Terraform, and leaves to them what it does not give", () => {
        const env = {
            HW_PROFILE: "main",
            HW_ACCESS_KEY: "A2",
            HW_SECRET_KEY: "S2",
            HW_SECURITY_TOKEN: "T2",
            HW_REGION_NAME: "cn-north-4",
            HW_PROJECT_ID: "p-2",
        };
        const given = resolve(env, config(profile));
        expect([keysOf(given), given.region?.value, given.projectId?.value]).toEqual([
            ["AK", "SK", undefined],
            "cn-east-3",
            "p-1",
        ]);
        const { region: _, projectId: __, ...rest } = profile;
        const less = resolve(env, config(rest));
        expect([keysOf(less), less.region?.value, less.projectId?.value]).toEqual([
            ["AK", "SK", undefined],
            "cn-north-4",
            "p-2",
        ]);
    });

    it("yields to HW_AUTH_TOKEN, as in Terraform", () => {
        expect(keysOf(resolve({ HW_PROFILE: "main", HW_AUTH_TOKEN: "tttttttt" }, config(profile)))).toBe("token");
    });

    it("may hold the temporary keys of a single sign-on", () => {
        const sso = {
            name: "main",
            mode: "SSO",
            accessKeyId: "no",
            secretAccessKey: "no",
            ssoAuth: { stsToken: { accessKeyId: "AK3", secretAccessKey: "SK3", securityToken: "T3" } },
        };
        expect(keysOf(resolve({ HW_PROFILE: "main" }, config(sso)))).toEqual(["AK3", "SK3", "T3"]);
    });
});
