import { describe, expect, it } from "vitest";
import { resolveSettings } from "../../../provider/client/settings/settings";

const PROJECT = "0123456789abcdef0123456789abcdef";
const keys = { "cbr:accessKey": "AK-NL", "cbr:secretKey": "ssssssss" };
const shell = {
    HW_ACCESS_KEY: "AK-SHELL",
    HW_SECRET_KEY: "tttttttt",
    HW_SECURITY_TOKEN: "uuuuuuuu",
    HW_REGION_NAME: "eu-nl",
    HW_PROJECT_ID: PROJECT,
};

function resolve(inputs: Record<string, unknown>, env: Record<string, string>, files: Record<string, string> = {}) {
    const config: Record<string, unknown> = { "cbr:explicitProvider": "true", "cbr:region": "eu-nl", ...inputs };
    const access = { read: (path: string) => files[path], cwd: () => "/project", home: () => "/home/u" };
    return resolveSettings((key) => config[key], env, access);
}

describe("an explicit provider with credentials of its own", () => {
    it.each([
        ["HW_PROJECT_ID", { HW_PROJECT_ID: PROJECT }],
        ["HW_PROJECT_NAME", { HW_PROJECT_NAME: "eu-nl_shell" }],
        ["OS_TENANT_NAME", { OS_TENANT_NAME: "eu-nl_shell" }],
        ["HUAWEICLOUD_SDK_PROJECT_ID", { HUAWEICLOUD_SDK_PROJECT_ID: PROJECT }],
    ])("does not take %s for its project", (_, env) => {
        const { projectId, projectName, warnings } = resolve(keys, { ...shell, HW_PROJECT_ID: "", ...env });
        expect([projectId, projectName, warnings]).toEqual([undefined, undefined, []]);
    });

    it.each([
        ["an access key", keys],
        ["a token", { "cbr:token": "vvvvvvvv" }],
        ["a user", { "cbr:userName": "u", "cbr:password": "pppppppp", "cbr:domainName": "D" }],
        ["a user id", { "cbr:userId": "uid", "cbr:password": "pppppppp" }],
    ])("takes no project, agency, one-time code or credentials of the shell beside %s", (_, inputs) => {
        const given = resolve(inputs, { ...shell, HW_ASSUME_ROLE_AGENCY_NAME: "ops", OS_PASSCODE: "123456" });
        expect(given).toEqual(resolve(inputs, {}));
        expect(given.credentials).toBeDefined();
    });

    it("takes the project that it is given", () => {
        expect(resolve({ ...keys, "cbr:projectId": PROJECT }, {}).projectId?.value).toBe(PROJECT);
        expect(resolve({ ...keys, "cbr:projectName": "eu-nl_x" }, shell).projectName?.value).toBe("eu-nl_x");
    });

    it("completes half of a credential from the shell, but never with half of another one", () => {
        const half = { "cbr:accessKey": "AK-NL" };
        expect(resolve(half, { HW_SECRET_KEY: "ssssssss" }).credentials).toMatchObject({
            accessKey: { value: "AK-NL" },
            secretKey: { value: "ssssssss" },
        });
        const torn = resolve(half, shell);
        expect([torn.credentials, torn.incomplete]).toEqual([
            undefined,
            [expect.stringContaining("there is an access key (cbr:accessKey), but no secret key")],
        ]);
        const user = { "cbr:userName": "u", "cbr:domainName": "D" };
        expect(resolve(user, { OS_PASSWORD: "pppppppp" }).credentials).toMatchObject({ userName: { value: "u" } });
        expect(resolve(user, { OS_USERNAME: "v", OS_PASSWORD: "qqqqqqqq" }).credentials).toBeUndefined();
    });

    it("does not go on with the shell's credentials when its own are refused", () => {
        const inputs = { "cbr:token": "vvvvvvvv" };
        expect(resolve(inputs, shell).fallbackCredentials).toBeUndefined();
        expect(resolve({ ...inputs, "cbr:explicitProvider": undefined }, shell).fallbackCredentials).toBeDefined();
    });

    it("takes from the shell the region and what the way to the cloud is", () => {
        const env = {
            OS_AUTH_URL: "https://iam.eu-nl.otc.t-systems.com/v3",
            OS_CACERT: "/ca.pem",
            HW_MAX_RETRIES: "2",
        };
        const given = resolve({ ...keys, "cbr:region": undefined }, { ...shell, ...env });
        expect(given).toMatchObject({ region: { value: "eu-nl" }, caFile: { value: "/ca.pem" }, maxRetries: 2 });
        expect(given.authUrl?.value).toBe("https://iam.eu-nl.otc.t-systems.com");
    });
});

describe("an explicit provider without credentials of its own", () => {
    it("is of the shell's account, and takes its project", () => {
        expect(resolve({}, shell)).toMatchObject({
            credentials: { accessKey: { value: "AK-SHELL" } },
            projectId: { value: PROJECT },
        });
    });

    it("takes no project and no part of an agency from the shell when it has an agency of its own", () => {
        const inputs = { "cbr:agencyName": "ops", "cbr:agencyDomainName": "OTHER" };
        const env = { ...shell, HW_ASSUME_ROLE_DOMAIN_ID: "d1", OS_DELEGATED_PROJECT: "eu-nl_shell" };
        const given = resolve(inputs, env);
        expect(given).toMatchObject({ credentials: { accessKey: { value: "AK-SHELL" } } });
        expect(given.projectId).toBeUndefined();
        expect(given.agency).toEqual({
            name: { value: "ops", source: "cbr:agencyName" },
            domainName: { value: "OTHER", source: "cbr:agencyDomainName" },
        });
    });
});

it("lets stack configuration be completed by the environment, as Terraform's provider block is", () => {
    expect(resolve({ ...keys, "cbr:explicitProvider": undefined }, shell).projectId?.value).toBe(PROJECT);
});
