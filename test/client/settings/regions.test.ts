import { describe, expect, it } from "vitest";
import { cbrBaseUrl, iamBaseUrl, regionProblem } from "../../../provider/client/settings/endpoints";
import { similarRegion } from "../../../provider/client/settings/regions";
import { resolveSettings, type Settings } from "../../../provider/client/settings/settings";

const files = { read: () => undefined, cwd: () => "/", home: () => undefined };
const resolve = (config: Record<string, unknown>, env: Record<string, string> = {}): Settings =>
    resolveSettings((key) => config[key], env, files);

/** What signing in to a region and asking it say: both must refuse what one does. */
function refusals(settings: Settings, region: string): string[] {
    return [cbrBaseUrl, iamBaseUrl].map((url) => {
        try {
            return url(settings, region);
        } catch (error) {
            return error instanceof Error ? error.message : String(error);
        }
    });
}

const otcUser = {
    OS_USERNAME: "u",
    OS_PASSWORD: "pppppppp",
    OS_USER_DOMAIN_NAME: "OTC-EU-DE-00000000001000012345",
    OS_PROJECT_NAME: "team",
};

describe("a region that no table knows", () => {
    it("is named with the one that was probably meant, and nothing is asked anywhere", () => {
        const settings = resolve({}, { ...otcUser, OS_REGION_NAME: "eu-dee" });
        const text =
            '"eu-dee" (environment variable OS_REGION_NAME) is no region that is known here: did you mean ' +
            "eu-de? A region that is newer, or of another cloud, needs its addresses: cbr:authUrl or " +
            "HW_AUTH_URL, OS_AUTH_URL, HUAWEICLOUD_SDK_IAM_ENDPOINT, or auth: auth_url in clouds.yaml " +
            "(OS_CLOUD), and cbr:endpoints.";
        expect(refusals(settings, "eu-dee")).toEqual([text, text]);
        expect(regionProblem(settings, "eu-dee")).toBe(text);
    });

    it.each([
        ["eu-dee", "eu-de"],
        ["EU-DE", "eu-de"],
        ["eu_nl", "eu-nl"],
        ["eu-ln", "eu-nl"],
        ["cn-nrth-4", "cn-north-4"],
        ["eu-west-00", "eu-west-0"],
        ["ap-southeast3", "ap-southeast-3"],
        ["mars-1", undefined],
        ["constructor", undefined],
    ])("%s is probably %s", (region, similar) => {
        expect(similarRegion(region)).toBe(similar);
    });

    it("of a cloud that is named is compared with that cloud's", () => {
        expect(refusals(resolve({ "cbr:cloud": "otc" }), "eu-west-0")[0]).toContain(
            "Region eu-west-0 is one of FlexibleEngine, but these settings are for Open Telekom Cloud (cbr:cloud)",
        );
        expect(refusals(resolve({ "cbr:cloud": "otc" }), "eu-nll")[0]).toContain(
            '"eu-nll" is no region that is known of Open Telekom Cloud: did you mean eu-nl?',
        );
        expect(refusals(resolve({ "cbr:cloud": "otc" }), "mars-1")[0]).toContain(
            '"mars-1" is no region that is known of Open Telekom Cloud. A region that is newer',
        );
    });

    it("may be used with an address of IAM for it, an endpoint, or the domain of a cloud of one's own", () => {
        const named = resolve({}, { OS_AUTH_URL: "https://iam.eu-at.otc.t-systems.com/v3" });
        expect(refusals(named, "eu-at")).toEqual([
            "https://cbr.eu-at.otc.t-systems.com",
            "https://iam.eu-at.otc.t-systems.com",
        ]);
        expect(refusals(named, "eu-att")[0]).toContain('"eu-att" is no region that is known of Open Telekom Cloud');
        expect(refusals(resolve({ "cbr:cloud": "cloud.example.org" }), "r-1")).toEqual([
            "https://cbr.r-1.cloud.example.org",
            "https://iam.r-1.cloud.example.org",
        ]);
        for (const said of refusals(resolve({}, { HW_CLOUD: "myhuaweicloud.com" }), "cn-norht-4"))
            expect(said).toContain('"cn-norht-4" is no region that is known of Huawei Cloud: did you mean cn-north-4?');
        const given = resolve({ "cbr:endpoints": { "r-1": { cbr: "https://c.example", iam: "https://i.example" } } });
        expect(refusals(given, "r-1")).toEqual(["https://c.example", "https://i.example"]);
    });

    it("goes into no profile's address", () => {
        const text =
            "clouds: {x: {profile: otc, region_name: eu-dee, auth: {username: u, password: pppppppp, " +
            "user_domain_name: D}}}";
        const read = (path: string) => (path === "/clouds.yaml" ? text : undefined);
        const settings = resolveSettings(() => undefined, { OS_CLOUD: "x" }, { ...files, cwd: () => "", read });
        for (const said of refusals(settings, "eu-dee")) expect(said).toContain("did you mean eu-de?");
    });
});

describe("a region of another cloud", () => {
    it("is not looked for in the one that the settings are for", () => {
        const settings = resolve({ "cbr:region": "eu-de" });
        for (const said of refusals(settings, "cn-north-4"))
            expect(said).toBe(
                "Region cn-north-4 is one of Huawei Cloud, but these settings are for Open Telekom Cloud " +
                    "(region eu-de in cbr:region): nothing is sent to another cloud.",
            );
    });

    it("is looked for in its own where the settings name none", () => {
        expect(refusals(resolve({}), "eu-nl")).toEqual([
            "https://cbr.eu-nl.otc.t-systems.com",
            "https://iam.eu-nl.otc.t-systems.com",
        ]);
    });

    it("is not asked for at an address of IAM that is another cloud's", () => {
        const settings = resolve(
            {},
            { HW_REGION_NAME: "cn-north-4", OS_AUTH_URL: "https://iam.eu-de.otc.t-systems.com/v3" },
        );
        for (const said of refusals(settings, "cn-north-4"))
            expect(said).toContain("Region cn-north-4 (environment variable HW_REGION_NAME) is one of Huawei Cloud");
        const global = resolve({ "cbr:authUrl": "https://iam.myhuaweicloud.com" });
        for (const said of refusals(global, "eu-de"))
            expect(said).toContain("Region eu-de is one of Open Telekom Cloud");
    });
});

describe("an account whose name tells its cloud", () => {
    it.each([
        ["OTC-EU-DE-00000000001000012345", "https://iam.cn-north-4.myhuaweicloud.com/v3", "cn-north-4", "Huawei Cloud"],
        [
            "OTC00000000001000012345",
            "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3",
            "eu-west-0",
            "FlexibleEngine",
        ],
        ["OCB0001234", "https://iam.eu-de.otc.t-systems.com/v3", "eu-de", "Open Telekom Cloud"],
    ])("%s is never sent to %s", (account, authUrl, region, cloud) => {
        const settings = resolve(
            {},
            { ...otcUser, OS_USER_DOMAIN_NAME: account, OS_AUTH_URL: authUrl, OS_REGION_NAME: region },
        );
        for (const said of refusals(settings, region)) {
            expect(said).toContain(`Account ${account} (environment variable OS_USER_DOMAIN_NAME) is one of `);
            expect(said).toContain(` is ${cloud}'s: nothing is sent there.`);
        }
    });

    it("nor is an agency of such an account", () => {
        const agency = { OS_AGENCY_NAME: "a", OS_AGENCY_DOMAIN_NAME: "OTC-EU-DE-00000000001000012345" };
        const keys = { OS_ACCESS_KEY: "AK", OS_SECRET_KEY: "ssssssss", OS_REGION_NAME: "cn-north-4" };
        for (const said of refusals(resolve({}, { ...keys, ...agency }), "cn-north-4"))
            expect(said).toContain(
                "Account OTC-EU-DE-00000000001000012345 (environment variable OS_AGENCY_DOMAIN_NAME) is one of Open ",
            );
    });

    it("nor to an endpoint that is given for a region", () => {
        const settings = resolve(
            { "cbr:endpoints": { "eu-de": "https://cbr.cn-north-4.myhuaweicloud.com" } },
            { ...otcUser, OS_REGION_NAME: "eu-de" },
        );
        expect(() => cbrBaseUrl(settings, "eu-de")).toThrow("nothing is sent there");
    });

    it("is sent to its own cloud, and to a private address", () => {
        const own = resolve({}, { ...otcUser, OS_REGION_NAME: "eu-de" });
        expect(iamBaseUrl(own, "eu-de")).toBe("https://iam.eu-de.otc.t-systems.com");
        const other = resolve({}, { ...otcUser, OS_REGION_NAME: "eu-de", OS_AUTH_URL: "https://proxy.example/v3" });
        expect(iamBaseUrl(other, "eu-de")).toBe("https://proxy.example");
    });
});

describe("a host that is one of the clouds' but for a typing mistake", () => {
    it.each<[Record<string, string>, string, string, string]>([
        [
            { OS_AUTH_URL: "https://iam.eu-de.otc.t-system.com/v3", OS_REGION_NAME: "eu-de" },
            "eu-de",
            "eu-de.otc.t-system.com",
            "otc.t-systems.com",
        ],
        [
            { OS_AUTH_URL: "https://iam-pub.eu-ch2.sc.otc.t-systms.com/v3" },
            "eu-ch2",
            "eu-ch2.sc.otc.t-systms.com",
            "otc.t-systems.com",
        ],
        [
            { HW_CLOUD: "myhuawaicloud.com", HW_REGION_NAME: "cn-north-4" },
            "cn-north-4",
            "cn-north-4.myhuawaicloud.com",
            "myhuaweicloud.com",
        ],
        [{ HW_CLOUD: "myhuaweicloud.co" }, "cn-east-3", "cn-east-3.myhuaweicloud.co", "myhuaweicloud.com"],
        [
            { OS_AUTH_URL: "https://iam.eu-west-0.prod-cloud-ocb.orange-busines.com" },
            "eu-west-0",
            "eu-west-0.prod-cloud-ocb.orange-busines.com",
            "prod-cloud-ocb.orange-business.com",
        ],
    ])("%j is asked nothing", (env, region, host, meant) => {
        for (const said of refusals(resolve({}, env), region)) {
            expect(said).toContain(`${host} is no host of a cloud that is known: did you mean ${meant}?`);
            expect(said).toContain("Nothing is sent there.");
        }
    });

    it.each([
        "https://iam.example.com",
        "https://iam.r-1.cloud.example.org",
        "https://t-systems.com",
        "http://[::1]:1",
    ])("%s is none", (url) => {
        expect(iamBaseUrl(resolve({ "cbr:authUrl": url }), "r-1")).toBe(url);
    });

    it("is used where the region's own addresses are given", () => {
        const there = { cbr: "https://cbr.r-1.myhuaweicloud.cn", iam: "https://iam.r-1.myhuaweicloud.cn" };
        expect(refusals(resolve({ "cbr:endpoints": { "r-1": there } }), "r-1")).toEqual([there.cbr, there.iam]);
    });
});

describe("the address of IAM as people copy it", () => {
    it.each(["/v3", "/v3/", "/v3/auth/tokens", "/v3/auth", "/v2.0", "/v2.0/", "/v2.0/tokens", "/v3.0", ""])(
        "%j",
        (path) => {
            const settings = resolve({}, { OS_AUTH_URL: `https://iam.eu-de.otc.t-systems.com${path}` });
            expect(iamBaseUrl(settings, "eu-de")).toBe("https://iam.eu-de.otc.t-systems.com");
            expect(settings.cloud.value).toBe("otc");
        },
    );

    it("keeps a path of its own", () => {
        expect(iamBaseUrl(resolve({ "cbr:authUrl": "https://h.example/identity/v3/auth/tokens" }), "r")).toBe(
            "https://h.example/identity",
        );
    });
});
