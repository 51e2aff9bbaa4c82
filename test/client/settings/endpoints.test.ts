import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../provider/client/errors/errors";
import { familyOf, isLoopback, normaliseCloud, readIamHost } from "../../../provider/client/settings/clouds";
import {
    cbrBaseUrl,
    cbrUrlFromCatalog,
    iamBaseUrl,
    learnCatalog,
    needsCatalog,
    normaliseBaseUrl,
} from "../../../provider/client/settings/endpoints";
import { resolveSettings, type Settings } from "../../../provider/client/settings/settings";

const noFiles = { read: () => undefined, cwd: () => "/", home: () => undefined };

function settings(config: Record<string, unknown>, env: Record<string, string> = {}): Settings {
    return resolveSettings((key) => config[key], env, noFiles);
}

const P = "f841e01fd2b14e7fa41b6ae7aa6b0594";

describe("the table", () => {
    it.each([
        [
            "huaweicloud",
            "cn-north-4",
            "https://cbr.cn-north-4.myhuaweicloud.com",
            "https://iam.cn-north-4.myhuaweicloud.com",
        ],
        [
            "huaweicloud",
            "eu-west-101",
            "https://cbr.eu-west-101.myhuaweicloud.eu",
            "https://iam.eu-west-101.myhuaweicloud.eu",
        ],
        ["otc", "eu-de", "https://cbr.eu-de.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"],
        ["otc", "eu-nl", "https://cbr.eu-nl.otc.t-systems.com", "https://iam.eu-nl.otc.t-systems.com"],
        ["otc", "eu-ch2", "https://cbr.eu-ch2.sc.otc.t-systems.com", "https://iam-pub.eu-ch2.sc.otc.t-systems.com"],
        [
            "flexibleengine",
            "eu-west-0",
            "https://cbr.eu-west-0.prod-cloud-ocb.orange-business.com",
            "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com",
        ],
        [
            "myhuaweicloud.eu",
            "eu-west-101",
            "https://cbr.eu-west-101.myhuaweicloud.eu",
            "https://iam.eu-west-101.myhuaweicloud.eu",
        ],
        ["cloud.example.org", "r-1", "https://cbr.r-1.cloud.example.org", "https://iam.r-1.cloud.example.org"],
    ])("%s, %s", (cloud, region, cbr, iam) => {
        const given = settings({ "cbr:cloud": cloud });
        expect([cbrBaseUrl(given, region), iamBaseUrl(given, region)]).toEqual([cbr, iam]);
    });

    it.each([
        ["eu-de", "otc"],
        ["eu-nl", "otc"],
        ["eu-ch2", "otc"],
        ["eu-west-0", "flexibleengine"],
        ["eu-west-101", "huaweicloud"],
        ["cn-north-4", "huaweicloud"],
    ])("region %s alone means %s", (region, cloud) => {
        expect(settings({ "cbr:region": region }).cloud).toMatchObject({ value: cloud });
    });

    it("refuses a region that is no name", () => {
        for (const region of ["", "a/b", "x@evil.example", "eu-de\n", "eu de"]) {
            expect(() => cbrBaseUrl(settings({}), region)).toThrow(ConfigError);
            expect(() => iamBaseUrl(settings({}), region)).toThrow(ConfigError);
        }
    });
});

describe("overrides", () => {
    it("are taken a region, from cbr:endpoints before HUAWEICLOUD_SDK_REGION_CBR_*", () => {
        const given = settings(
            { "cbr:region": "eu-de", "cbr:endpoints": '{"eu-de":"http://127.0.0.1:8080/v3"}' },
            {
                HUAWEICLOUD_SDK_REGION_CBR_EU_DE: "https://not-used.example",
                HUAWEICLOUD_SDK_REGION_CBR_EU_NL: "https://nl.example/base/",
                HUAWEICLOUD_SDK_REGION_IAM_EU_NL: "https://iam-nl.example/v3",
            },
        );
        expect(["eu-de", "eu-nl", "eu-ch2"].map((region) => cbrBaseUrl(given, region))).toEqual([
            "http://127.0.0.1:8080",
            "https://nl.example/base",
            "https://cbr.eu-ch2.sc.otc.t-systems.com",
        ]);
        expect(iamBaseUrl(given, "eu-nl")).toBe("https://iam-nl.example");
    });

    it("may give CBR and IAM of a region", () => {
        const given = settings({
            "cbr:endpoints": {
                a: { cbr: "http://localhost:1", iam: "http://localhost:2/v3" },
                b: { iam: "http://[::1]:3" },
            },
        });
        expect([cbrBaseUrl(given, "a"), iamBaseUrl(given, "a"), iamBaseUrl(given, "b")]).toEqual([
            "http://localhost:1",
            "http://localhost:2",
            "http://[::1]:3",
        ]);
        expect(() => cbrBaseUrl(given, "b")).toThrow('"b" is no region that is known here');
    });

    it("do not confuse a region with a property of every object", () => {
        expect(() => cbrBaseUrl(settings({}), "constructor")).toThrow('"constructor" is no region that is known here');
    });
});

describe("iamBaseUrl with an authUrl", () => {
    it.each([
        [
            "of the region itself",
            "https://iam.eu-de.otc.t-systems.com/v3",
            "eu-de",
            "https://iam.eu-de.otc.t-systems.com",
        ],
        [
            "with the default port",
            "https://iam.eu-de.otc.t-systems.com:443/v3",
            "eu-nl",
            "https://iam.eu-nl.otc.t-systems.com",
        ],
        ["of another region", "https://iam.eu-de.otc.t-systems.com/v3", "eu-nl", "https://iam.eu-nl.otc.t-systems.com"],
        [
            "of another region with a name of its own",
            "https://iam.eu-de.otc.t-systems.com/v3",
            "eu-ch2",
            "https://iam-pub.eu-ch2.sc.otc.t-systems.com",
        ],
        ["global", "https://iam.myhuaweicloud.com/v3", "cn-east-3", "https://iam.myhuaweicloud.com"],
        ["with a place for the region", "https://auth.example.org/{region}/v3", "r-2", "https://auth.example.org/r-2"],
        [
            "with a place in the host",
            "https://iam.{region_name}.otc.t-systems.com/v3",
            "eu-nl",
            "https://iam.eu-nl.otc.t-systems.com",
        ],
        [
            "private, naming the region",
            "https://keys.eu-de.corp.example/iam/v3",
            "eu-nl",
            "https://keys.eu-nl.corp.example/iam",
        ],
        ["private, naming none", "https://keys.corp.example/v3/", "eu-nl", "https://keys.corp.example"],
        ["on loopback", "http://127.0.0.1:5000/v3", "eu-nl", "http://127.0.0.1:5000"],
    ])("%s", (_, authUrl, region, url) => {
        expect(iamBaseUrl(settings({ "cbr:region": "eu-de", "cbr:authUrl": authUrl }), region)).toBe(url);
    });

    it("yields to the region's own entry", () => {
        const given = settings({
            "cbr:region": "a",
            "cbr:authUrl": "https://x.example",
            "cbr:endpoints": { b: { iam: "https://y.example" } },
        });
        expect([iamBaseUrl(given, "a"), iamBaseUrl(given, "b")]).toEqual(["https://x.example", "https://y.example"]);
    });
});

describe("normaliseBaseUrl", () => {
    it.each([
        ["https://h.example", "https://h.example"],
        ["https://h.example/", "https://h.example"],
        ["https://h.example//", "https://h.example"],
        ["https://h.example/v3", "https://h.example"],
        ["https://h.example/v3/", "https://h.example"],
        [`https://h.example/v3/${P}`, "https://h.example"],
        [`https://h.example/v3/${P}/`, "https://h.example"],
        ["https://h.example/v3/$(tenant_id)s", "https://h.example"],
        ["https://h.example/v3/%(project_id)s", "https://h.example"],
        ["https://h.example/v3/{project_id}", "https://h.example"],
        ["https://h.example/base/path", "https://h.example/base/path"],
        ["https://h.example/base/v3", "https://h.example/base"],
        ["https://h.example/v3/base", "https://h.example/v3/base"],
        ["https://H.Example:8443/v3", "https://h.example:8443"],
        ["https://h.example:443", "https://h.example"],
        ["h.example", "https://h.example"],
        ["h.example:8443/v3", "https://h.example:8443"],
        ["  https://h.example  ", "https://h.example"],
        ["https://[2001:db8::1]:8443/v3", "https://[2001:db8::1]:8443"],
        ["http://[::1]:8080/v3", "http://[::1]:8080"],
        ["http://localhost:8080", "http://localhost:8080"],
        ["http://127.0.0.1", "http://127.0.0.1"],
        ["localhost:8080", "https://localhost:8080"],
    ])("%j is %j", (text, url) => {
        expect(normaliseBaseUrl(text, "cbr:x")).toBe(url);
    });

    it.each([
        ["http://h.example", "plain http"],
        ["http://10.0.0.1", "plain http"],
        ["http://127.0.0.1.evil.example", "plain http"],
        ["http://[2001:db8::1]", "plain http"],
        ["https://user:hunter22@h.example", "user name or password"],
        ["https://h.example/?token=hunter22", "query"],
        ["https://h.example/#x", "fragment"],
        ["ftp://h.example", "begins with ftp://"],
        ["file:///etc/passwd", "begins with file://"],
        ["nonsense", "is not a URL"],
        ["https://", "is not a URL"],
        ["https://h.example:99999", "is not a URL"],
        ["two words", "is not a URL"],
    ])("refuses %j: %s", (text, reason) => {
        let error: unknown;
        try {
            normaliseBaseUrl(text, "cbr:endpoints, region x,");
        } catch (caught) {
            error = caught;
        }
        expect(error).toBeInstanceOf(ConfigError);
        expect(String(error)).toContain(reason);
        expect(String(error)).toContain("cbr:endpoints, region x,");
        expect(String(error)).not.toContain("hunter22");
    });
});

describe("cloud names", () => {
    it("have one spelling", () => {
        expect(
            [" OTC ", "opentelekomcloud", "huawei", "Flexible-Engine", "MyHuaweiCloud.EU"].map((text) =>
                normaliseCloud(text, "cbr:cloud"),
            ),
        ).toEqual(["otc", "otc", "huaweicloud", "flexibleengine", "myhuaweicloud.eu"]);
        for (const text of ["otcc", "https://otc.t-systems.com", "a..b", "constructor", ""])
            expect(() => normaliseCloud(text, "cbr:cloud")).toThrow(ConfigError);
    });

    it("belong to families", () => {
        expect(["otc", "otc.t-systems.com", "myhuaweicloud.eu", "x.example", "constructor"].map(familyOf)).toEqual([
            "otc",
            "otc",
            "huaweicloud",
            "custom",
            "custom",
        ]);
    });

    it.each([
        ["https://iam.eu-de.otc.t-systems.com", { cloud: "otc", region: "eu-de" }],
        ["https://iam-pub.eu-ch2.sc.otc.t-systems.com", { cloud: "otc", region: "eu-ch2" }],
        ["https://iam.eu-west-101.myhuaweicloud.eu", { cloud: "huaweicloud", region: "eu-west-101" }],
        ["https://iam.myhuaweicloud.com", { cloud: "huaweicloud" }],
        ["https://iam.eu-west-0.prod-cloud-ocb.orange-business.com", { cloud: "flexibleengine", region: "eu-west-0" }],
        ["https://iam.r-1.cloud.example.org", { cloud: "cloud.example.org", region: "r-1" }],
        ["https://iam.{region}.otc.t-systems.com", { cloud: "otc" }],
        ["https://iam.corp", undefined],
        ["https://keys.eu-de.otc.t-systems.com", undefined],
        ["http://127.0.0.1:5000", undefined],
    ])("%s tells %j", (url, told) => {
        expect(readIamHost(url)).toEqual(told);
    });
});

describe("catalog", () => {
    const catalog = (url: string, extra = {}) => [
        { type: "ecs", endpoints: [{ region: "r-1", url: "https://ecs" }] },
        { type: "cbr", endpoints: [{ interface: "public", region: "r-1", region_id: "r-1", url, ...extra }] },
    ];

    it.each([
        [catalog(`https://cbr.r-1.example/v3/${P}`), "https://cbr.r-1.example"],
        [catalog("https://cbr.r-1.example"), "https://cbr.r-1.example"],
        [catalog("https://cbr.example/v3", { region: "*", region_id: null }), "https://cbr.example"],
        [catalog("https://cbr.r-1.example", { interface: "internal" }), undefined],
        [catalog("https://cbr.r-2.example", { region: "r-2", region_id: "r-2" }), undefined],
        [catalog("http://cbr.r-1.example"), undefined],
        [catalog("nonsense"), undefined],
        [[null, 1, { type: "cbr" }, { type: "cbr", endpoints: [null, {}] }], undefined],
        [undefined, undefined],
        [{}, undefined],
    ])("%j gives %j", (given, url) => {
        expect(cbrUrlFromCatalog(given, "r-1")).toBe(url);
    });

    it("is the last resort of an IAM that nothing is known of", () => {
        const custom = settings({ "cbr:region": "r-1", "cbr:authUrl": "https://keys.corp.example/v3" });
        expect(custom.cloud).toEqual({ value: "custom", source: "cbr:authUrl is no address of a cloud we know" });
        expect(needsCatalog(custom, "r-1")).toBe(true);
        expect(() => cbrBaseUrl(custom, "r-1")).toThrow(/set cbr:endpoints to \{"r-1": "https:\/\/…"\}, or cbr:cloud/);
        learnCatalog(custom, "r-1", catalog("https://cbr.r-1.corp.example/v3"));
        expect(cbrBaseUrl(custom, "r-1")).toBe("https://cbr.r-1.corp.example");
        expect(() => cbrBaseUrl(custom, "r-2")).toThrow(ConfigError);
        expect(needsCatalog(settings({ "cbr:region": "eu-de" }), "eu-de")).toBe(false);
    });
});

describe("isLoopback", () => {
    it.each(["localhost", "LOCALHOST", "sim.localhost", "localhost.", "127.0.0.1", "127.1.2.3", "[::1]", "::1"])(
        "%s is",
        (host) => {
            expect(isLoopback(host)).toBe(true);
        },
    );
    it.each(["localhost.example", "127.0.0.1.nip.io", "128.0.0.1", "[::2]", "0.0.0.0", "notlocalhost"])(
        "%s is not",
        (host) => {
            expect(isLoopback(host)).toBe(false);
        },
    );
});
