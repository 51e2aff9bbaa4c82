import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../provider/client/errors/errors";
import type { FileAccess } from "../../../provider/client/settings/clouds-files";
import {
    type CloudsYamlEntry,
    listCloudsYaml,
    readCloudsYaml as readEntry,
} from "../../../provider/client/settings/clouds-yaml";

function files(content: Record<string, string>): FileAccess & { read(path: string): string | undefined } {
    return { read: (path) => content[path], cwd: () => "/project", home: () => "/home/u" };
}

type Env = Record<string, string>;

/** The entry in its default region. */
const readCloudsYaml = (name: string, env: Env, access: FileAccess) => readEntry({ name }, env, access);

/** Entry `x` of a file with this text. */
function entryOf(text: string, query: { region?: string; isRegionStrict?: boolean } = {}): CloudsYamlEntry | undefined {
    return readEntry({ name: "x", ...query }, {}, files({ "/project/clouds.yaml": text }));
}

const simple = (user: string) => `clouds:\n  otc:\n    auth:\n      username: ${user}\n`;

describe("readCloudsYaml", () => {
    it.each([
        ["OS_CLIENT_CONFIG_FILE", "/elsewhere/c.yaml"],
        ["the working directory", "/project/clouds.yaml"],
        ["the working directory, .yml", "/project/clouds.yml"],
        ["~/.config/openstack", "/home/u/.config/openstack/clouds.yaml"],
        ["/etc/openstack", "/etc/openstack/clouds.yaml"],
    ])("takes the first file there is: %s", (_, path) => {
        const order = [
            "/elsewhere/c.yaml",
            "/project/clouds.yaml",
            "/project/clouds.yml",
            "/home/u/.config/openstack/clouds.yaml",
            "/etc/openstack/clouds.yaml",
        ];
        const content = Object.fromEntries(order.slice(order.indexOf(path)).map((one) => [one, simple(one)]));
        const env = path.startsWith("/elsewhere") ? { OS_CLIENT_CONFIG_FILE: path } : {};
        const entry = readCloudsYaml("otc", env, files(content));
        expect(entry?.values["auth.username"]).toBe(path);
        expect(entry?.files).toEqual([path]);
    });

    it("expands ~ in OS_CLIENT_CONFIG_FILE", () => {
        expect(
            readCloudsYaml("otc", { OS_CLIENT_CONFIG_FILE: "~/c.yaml" }, files({ "/home/u/c.yaml": simple("x") }))
                ?.values,
        ).toEqual({
            "auth.username": "x",
        });
    });

    it("reads clouds.json", () => {
        const entry = readCloudsYaml(
            "a",
            {},
            files({ "/project/clouds.json": '{"clouds":{"a":{"region_name":"eu-de"}}}' }),
        );
        expect(entry?.values).toEqual({ region_name: "eu-de" });
    });

    it("is undefined when no file, or no entry, is there", () => {
        expect(readCloudsYaml("otc", {}, files({}))).toBeUndefined();
        expect(readCloudsYaml("nope", {}, files({ "/project/clouds.yaml": simple("x") }))).toBeUndefined();
        expect(readCloudsYaml("toString", {}, files({ "/project/clouds.yaml": simple("x") }))).toBeUndefined();
        expect(readCloudsYaml("otc", {}, files({ "/project/clouds.yaml": "" }))).toBeUndefined();
    });

    it("lets secure.yaml beat the entry, and the entry beat its profile", () => {
        const entry = readCloudsYaml(
            "mine",
            {},
            files({
                "/project/clouds.yaml":
                    "clouds: {mine: {profile: corp, auth: {username: u, password: plain}, verify: false}}",
                "/home/u/.config/openstack/secure.yaml": "clouds: {mine: {auth: {password: secret}}}",
                "/etc/openstack/clouds-public.yaml":
                    "public-clouds: {corp: {auth: {auth_url: https://iam.corp, username: nobody}, region_name: eu-nl}}",
            }),
        );
        expect(entry).toEqual({
            name: "mine",
            profile: "corp",
            isProfileUnknown: false,
            regions: ["eu-nl"],
            warnings: [],
            values: {
                "auth.auth_url": "https://iam.corp",
                "auth.username": "u",
                "auth.password": "secret",
                region_name: "eu-nl",
                verify: "false",
                profile: "corp",
            },
            files: [
                "/project/clouds.yaml",
                "/home/u/.config/openstack/secure.yaml",
                "/etc/openstack/clouds-public.yaml",
            ],
        });
    });

    it("takes OS_CLIENT_SECURE_FILE for secure.yaml", () => {
        const content = { "/project/clouds.yaml": simple("u"), "/s.yaml": "clouds: {otc: {auth: {password: p}}}" };
        const entry = readCloudsYaml("otc", { OS_CLIENT_SECURE_FILE: "/s.yaml" }, files(content));
        expect(entry?.values).toEqual({ "auth.username": "u", "auth.password": "p" });
    });

    it.each([
        ["otc", "https://iam.{region_name}.otc.t-systems.com/v3", "eu-de"],
        ["otc-swiss", "https://iam-pub.{region_name}.sc.otc.t-systems.com/v3", "eu-ch2"],
    ])("has profile %s built in", (profile, url, region) => {
        const entry = readCloudsYaml("a", {}, files({ "/project/clouds.yaml": `clouds: {a: {profile: ${profile}}}` }));
        expect(entry?.values["auth.auth_url"]).toBe(url);
        expect(entry?.values["region_name"]).toBe(region);
    });

    it("takes clouds-public.yaml over a built-in profile, and `cloud` for `profile`", () => {
        const content = {
            "/project/clouds.yaml": "clouds: {a: {cloud: otc}}",
            "/project/clouds-public.yaml": "public-clouds: {otc: {auth: {auth_url: https://own}}}",
        };
        expect(readCloudsYaml("a", {}, files(content))?.values["auth.auth_url"]).toBe("https://own");
    });

    it("lets an entry stand for itself when its profile is not known", () => {
        const text = "clouds: {x: {profile: vexx, auth: {auth_url: https://own, username: u}}}";
        expect(entryOf(text)).toMatchObject({
            profile: "vexx",
            isProfileUnknown: true,
            values: { "auth.auth_url": "https://own", "auth.username": "u" },
        });
        expect(entryOf("clouds: {x: {profile: otc}}")).toMatchObject({ isProfileUnknown: false });
    });

    it("accepts auth keys beside auth, aliases, anchors and merge keys", () => {
        const text = [
            "base: &base {region_name: eu-de, username: loose}",
            "clouds:",
            "  a: {<<: *base, auth: {password: p}}",
            "  b: {<<: *base, auth: {username: inner}}",
        ].join("\n");
        expect(readCloudsYaml("a", {}, files({ "/project/clouds.yaml": text }))?.values).toEqual({
            region_name: "eu-de",
            "auth.username": "loose",
            "auth.password": "p",
        });
        expect(readCloudsYaml("b", {}, files({ "/project/clouds.yaml": text }))?.values["auth.username"]).toBe("inner");
    });

    it("keeps a password of digits as it is written", () => {
        const text = "clouds: {a: {auth: {password: 0012345, project_id: 1e10, username: yes}}}";
        expect(readCloudsYaml("a", {}, files({ "/project/clouds.yaml": text }))?.values).toEqual({
            "auth.password": "0012345",
            "auth.project_id": "1e10",
            "auth.username": "yes",
        });
    });

    it.each([
        ["regions: [eu-nl]", "eu-nl"],
        ["regions: [{name: eu-nl, values: {}}]", "eu-nl"],
        ["regions: [eu-de, eu-nl]", "eu-de"],
        ["regions: [eu-nl], region_name: eu-de", "eu-nl"],
        ["region_name: 'eu-nl, eu-de'", "eu-nl"],
        ["region_name: [eu-nl, eu-de]", "eu-nl"],
        ["region_name: null, profile: otc", "eu-de"],
        ["region-name: eu-nl", "eu-nl"],
        ["profile: otc, project_name: eu-nl_team", "eu-nl"],
        ["profile: otc, auth: {tenant-name: eu-nl}", "eu-nl"],
        ["profile: otc, project_name: other_team", "eu-de"],
        ["profile: otc, project_name: eu-nl_team, region_name: eu-de", "eu-de"],
    ])("%s gives region %s", (text, region) => {
        expect(
            readCloudsYaml("a", {}, files({ "/project/clouds.yaml": `clouds: {a: {${text}}}` }))?.values["region_name"],
        ).toBe(region);
    });

    it("names file and line of bad YAML, and quotes nothing of it", () => {
        const text = "clouds:\n  a:\n    auth:\n      password: TOP-SECRET-1\n     sk: [TOP-SECRET-2\n";
        let error: unknown;
        try {
            readCloudsYaml("a", {}, files({ "/project/clouds.yaml": text }));
        } catch (caught) {
            error = caught;
        }
        expect(error).toBeInstanceOf(ConfigError);
        expect(String(error)).toMatch(
            /^ConfigError: \/project\/clouds\.yaml is not valid YAML \(line \d\): [A-Z_]+\.$/,
        );
        expect(JSON.stringify([String(error), (error as Error).cause ?? null])).not.toContain("TOP-SECRET");
    });

    it("refuses a file that is no map", () => {
        expect(() => readCloudsYaml("a", {}, files({ "/project/clouds.yaml": "- a\n- b\n" }))).toThrow(
            "/project/clouds.yaml is not a clouds.yaml",
        );
    });
});

describe("listCloudsYaml", () => {
    it("names the entries and the file", () => {
        expect(listCloudsYaml({}, files({ "/project/clouds.yaml": "clouds: {a: {}, b: {}}" }))).toEqual({
            names: ["a", "b"],
            path: "/project/clouds.yaml",
        });
        expect(listCloudsYaml({}, files({}))).toEqual({ names: [], path: undefined });
    });
});
