/**
 * Environments as Terraform's providers read them: each row was seen by configuring the provider before a recorder.
 * terraform-provider-huaweicloud 1.97.1 (commit a0345b8), terraform-provider-opentelekomcloud 1.36.23 (commit 88f1cf1).
 */
import { describe, expect, it } from "vitest";
import { iamBaseUrl } from "../../../provider/client/settings/endpoints";
import {
    resolveSettings,
    type Settings,
    type WebIdentityCredentials,
} from "../../../provider/client/settings/settings";

function resolve(env: Record<string, string>, files: Record<string, string> = {}): Settings {
    const access = { read: (path: string) => files[path], cwd: () => "/project", home: () => "/home/u" };
    return resolveSettings(() => undefined, env, access);
}

const identityOf = ({ identityProvider, idToken, idTokenFile }: WebIdentityCredentials) =>
    `${identityProvider.value} ${(idToken ?? idTokenFile)?.value}`;

/** Who signs in, in which account, to which project, where. */
function seen(settings: Settings) {
    const { credentials, projectId, projectName, projectDomain, region } = settings;
    const who = {
        token: credentials?.kind === "token" ? credentials.token.value : undefined,
        identity: credentials?.kind === "webIdentity" ? identityOf(credentials) : undefined,
        key: credentials?.kind === "accessKey" ? credentials.accessKey.value : undefined,
        user: credentials?.kind === "password" ? (credentials.userName ?? credentials.userId)?.value : undefined,
        account: credentials?.kind === "password" ? (credentials.domainId ?? credentials.domainName)?.value : undefined,
        project: (projectId ?? projectName)?.value,
        ofAccount: projectId === undefined ? (projectDomain?.id ?? projectDomain?.name)?.value : undefined,
        region: region?.value,
        iam: region === undefined ? undefined : iamBaseUrl(settings, region.value),
    };
    return Object.fromEntries(Object.entries(who).filter(([, value]) => value !== undefined));
}

describe("opentelekomcloud", () => {
    const iam = "https://iam.eu-de.otc.t-systems.com";
    const user = {
        OS_AUTH_URL: `${iam}/v3`,
        OS_USERNAME: "u",
        OS_PASSWORD: "pppppppp",
        OS_DOMAIN_NAME: "DOMAIN",
        OS_PROJECT_NAME: "eu-de_env",
    };
    const asUser = { user: "u", account: "DOMAIN", project: "eu-de_env", ofAccount: "DOMAIN", region: "eu-de", iam };
    const entry = (text: string) => ({ "/project/clouds.yaml": `clouds: {x: {${text}}}` });
    const yaml = entry(
        `auth: {auth_url: '${iam}/v3', username: y, password: qqqqqqqq, user_domain_name: YD, ` +
            "project_name: eu-de_yaml}, region_name: eu-de",
    );

    it.each<[string, Record<string, string>, Record<string, string>, object]>([
        ["the environment, and the region in the project's name", user, {}, asUser],
        [
            "token before access key before password",
            { ...user, OS_TOKEN: "tttttttt", OS_ACCESS_KEY: "AK", OS_SECRET_KEY: "ssssssss" },
            {},
            { token: "tttttttt", project: "eu-de_env", ofAccount: "DOMAIN", region: "eu-de", iam },
        ],
        [
            "access key before password",
            { ...user, OS_ACCESS_KEY: "AK", OS_SECRET_KEY: "ssssssss" },
            {},
            { key: "AK", project: "eu-de_env", ofAccount: "DOMAIN", region: "eu-de", iam },
        ],
        [
            "OS_TENANT_NAME before OS_PROJECT_NAME",
            { ...user, OS_TENANT_NAME: "eu-de_tenant" },
            {},
            { ...asUser, project: "eu-de_tenant" },
        ],
        [
            "the user's account for its project, too",
            { ...user, OS_USER_DOMAIN_NAME: "USER", OS_PROJECT_DOMAIN_NAME: "PROJECT" },
            {},
            { ...asUser, account: "USER", ofAccount: "USER" },
        ],
        [
            "the project's account for the user where no other is named",
            { ...user, OS_DOMAIN_NAME: "", OS_PROJECT_DOMAIN_NAME: "PROJECT" },
            {},
            { ...asUser, account: "PROJECT", ofAccount: "PROJECT" },
        ],
        ["variables before the entry of OS_CLOUD", { ...user, OS_CLOUD: "x" }, yaml, asUser],
        [
            "single variables before the entry of OS_CLOUD",
            { OS_CLOUD: "x", OS_PROJECT_NAME: "eu-de_env" },
            yaml,
            { user: "y", account: "YD", project: "eu-de_env", ofAccount: "YD", region: "eu-de", iam },
        ],
        [
            "the region in the project's name, of a profile's",
            { OS_CLOUD: "x" },
            entry(
                "profile: otc, auth: {username: y, password: qqqqqqqq, user_domain_name: YD, " +
                    "project_name: eu-nl_yaml}",
            ),
            {
                user: "y",
                account: "YD",
                project: "eu-nl_yaml",
                region: "eu-nl",
                iam: "https://iam.eu-nl.otc.t-systems.com",
            },
        ],
    ])("%s", (_, env, files, expected) => {
        expect(seen(resolve(env, files))).toEqual(expected);
    });

    it("takes on an agency of another account, in its own project", () => {
        const agency = { OS_AGENCY_NAME: "ops", OS_AGENCY_DOMAIN_NAME: "other", OS_DELEGATED_PROJECT: "eu-de_del" };
        expect(resolve({ ...user, ...agency }).agency).toMatchObject({
            name: { value: "ops" },
            domainName: { value: "other" },
            projectName: { value: "eu-de_del" },
        });
    });
});

describe("huaweicloud", () => {
    const key = { HW_ACCESS_KEY: "AK", HW_SECRET_KEY: "ssssssss", HW_REGION_NAME: "cn-north-4" };
    const iam = "https://iam.cn-north-4.myhuaweicloud.com";
    const config = (profile: object) => ({
        "/home/u/.hcloud/config.json": JSON.stringify({ current: "main", profiles: [{ name: "main", ...profile }] }),
    });
    const profile = { accessKeyId: "PAK", secretAccessKey: "PSK", region: "cn-east-3", projectId: "p1" };
    const east = "https://iam.cn-east-3.myhuaweicloud.com";

    it.each<[string, Record<string, string>, Record<string, string>, object]>([
        [
            "HW_* before OS_*",
            { ...key, OS_ACCESS_KEY: "OAK", OS_SECRET_KEY: "oooooooo", OS_REGION_NAME: "eu-de" },
            {},
            { key: "AK", region: "cn-north-4", iam },
        ],
        [
            "the profile before the environment",
            { ...key, HW_PROJECT_ID: "p2", HW_PROFILE: "main" },
            config(profile),
            { key: "PAK", project: "p1", region: "cn-east-3", iam: east },
        ],
        [
            "the environment for what the profile does not have",
            { ...key, HW_PROJECT_ID: "p2", HW_PROFILE: "main" },
            config({ accessKeyId: "PAK", secretAccessKey: "PSK" }),
            { key: "PAK", project: "p2", region: "cn-north-4", iam },
        ],
        [
            "a token before the profile's key, in the profile's project",
            { ...key, HW_AUTH_TOKEN: "tttttttt", HW_PROFILE: "main" },
            config(profile),
            { token: "tttttttt", project: "p1", region: "cn-east-3", iam: east },
        ],
        [
            "an identity token before an access key",
            { ...key, HW_ASSUME_ROLE_IDP_ID: "github", HW_ASSUME_ROLE_ID_TOKEN_FILE: "/run/token" },
            {},
            { identity: "github /run/token", region: "cn-north-4", iam },
        ],
        [
            "the identity token itself before its file",
            {
                HW_REGION_NAME: "cn-north-4",
                HW_ASSUME_ROLE_IDP_ID: "github",
                HW_ASSUME_ROLE_ID_TOKEN: "eyJhbGciOi",
                HW_ASSUME_ROLE_ID_TOKEN_FILE: "/run/token",
            },
            {},
            { identity: "github eyJhbGciOi", region: "cn-north-4", iam },
        ],
        [
            "OS_DOMAIN_NAME and OS_PROJECT_NAME first, the account for the project, too",
            {
                HW_REGION_NAME: "cn-north-4",
                OS_USERNAME: "u",
                OS_PASSWORD: "pppppppp",
                OS_DOMAIN_NAME: "DOMAIN",
                OS_USER_DOMAIN_NAME: "USER",
                OS_PROJECT_DOMAIN_NAME: "PROJECT",
                OS_PROJECT_NAME: "project",
                OS_TENANT_NAME: "tenant",
            },
            {},
            { user: "u", account: "DOMAIN", project: "project", ofAccount: "DOMAIN", region: "cn-north-4", iam },
        ],
    ])("%s", (_, env, files, expected) => {
        expect(seen(resolve(env, files))).toEqual(expected);
    });
});
