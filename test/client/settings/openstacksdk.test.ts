/**
 * What openstacksdk 4.22.0 with keystoneauth1 5.18.1 signs in with, and where it looks for CBR: seen by running it
 * against a recorder, as scripts/compare-openstacksdk does. With OS_REGION_NAME it is python-openstackclient 10.5.0.
 */
import { describe, expect, it } from "vitest";
import { createAuthenticator } from "../../../provider/client/auth/authenticator";
import type { HttpRequest, Transport } from "../../../provider/client/http/transport";
import { cbrBaseUrl } from "../../../provider/client/settings/endpoints";
import { resolveSettings, type Settings } from "../../../provider/client/settings/settings";
import { FakeClock } from "../../support/fake-clock";

const P = "0123456789abcdef0123456789abcdef";
const IAM = "https://iam.corp.example";
/** The catalog of a private IAM: each interface of a region at an address of its own. */
const CATALOG = [
    {
        type: "cbr",
        endpoints: ["r1", "r2"].flatMap((region) =>
            ["public", "internal"].map((name) => ({
                interface: name,
                region,
                region_id: region,
                url: `https://${name}.${region}.example/v3/${P}`,
            })),
        ),
    },
];

class Recorder implements Transport {
    readonly requests: HttpRequest[] = [];
    async send(request: HttpRequest) {
        this.requests.push(request);
        const token = { expires_at: "2099-01-01T00:00:00Z", project: { id: P }, catalog: CATALOG };
        return { status: 201, headers: { "x-subject-token": "T" }, body: JSON.stringify({ token }) };
    }
    async close() {}
}

interface Seen {
    readonly settings: Settings;
    readonly auth: unknown;
    readonly cbr: string;
}

async function signIn(
    files: Record<string, string>,
    env: Record<string, string> = { OS_CLOUD: "x" },
    config: Record<string, unknown> = {},
): Promise<Seen> {
    const access = { read: (path: string) => files[path], cwd: () => "/project", home: () => "/home/u" };
    const settings = resolveSettings((key) => config[key], env, access);
    const transport = new Recorder();
    const region = settings.region?.value ?? "";
    await createAuthenticator(settings, transport, new FakeClock()).projectId({ region });
    const body = transport.requests[0]?.body;
    // Nothing else is asked, whatever the row.
    expect(transport.requests.filter(({ url }) => !url.startsWith(`${IAM}/`))).toEqual([]);
    return {
        settings,
        auth: body === undefined ? undefined : JSON.parse(body).auth,
        cbr: cbrBaseUrl(settings, region),
    };
}

/** clouds.yaml with the entry `x`: lines of its `auth`, and lines beside it. */
function clouds(auth: readonly string[], beside: readonly string[] = ["region_name: r1"]): Record<string, string> {
    const lines = ["clouds:", "  x:", "    auth:", ...[`auth_url: ${IAM}/v3`, ...auth].map((line) => `      ${line}`)];
    return { "/project/clouds.yaml": [...lines, ...beside.map((line) => `    ${line}`), ""].join("\n") };
}

const USER = ["username: u", "password: p", "user_domain_name: D"];
const PROJECT = ["project_name: team", "project_domain_name: D"];

const user = (of: object) => ({ methods: ["password"], password: { user: { ...of, password: "p" } } });
const inDomain = user({ name: "u", domain: { name: "D" } });
const team = { project: { name: "team", domain: { name: "D" } } };

describe("who signs in, to which project", () => {
    it.each<[string, Record<string, string>, object]>([
        ["a plain entry", clouds([...USER, ...PROJECT]), { identity: inDomain, scope: team }],
        [
            "dashes for underscores",
            clouds([
                "username: u",
                "password: p",
                "user-domain-name: D",
                "project-name: team",
                "project-domain-name: D",
            ]),
            { identity: inDomain, scope: team },
        ],
        [
            "user_name for username",
            clouds(["user_name: u", "password: p", "user_domain_name: D", ...PROJECT]),
            { identity: inDomain, scope: team },
        ],
        [
            "user-id",
            clouds(["user-id: uid", "password: p", `project_id: ${P}`]),
            { identity: user({ id: "uid" }), scope: { project: { id: P } } },
        ],
        [
            "null for what is not set",
            clouds(["user_id: null", ...USER, "default_domain_name: ~", `project_id: ${P}`]),
            { identity: inDomain, scope: { project: { id: P } } },
        ],
        [
            "default_domain_name for both",
            clouds(["username: u", "password: p", "default_domain_name: D", "project_name: team"]),
            { identity: inDomain, scope: team },
        ],
        [
            "domain_id for both",
            clouds(["username: u", "password: p", "domain_id: d1", "project_name: team"]),
            {
                identity: user({ name: "u", domain: { id: "d1" } }),
                scope: { project: { name: "team", domain: { id: "d1" } } },
            },
        ],
        [
            "the user's own domain where a token would be for another, without a project",
            clouds([...USER, "domain_id: d1"]),
            { identity: inDomain, scope: { project: { name: "r1", domain: { name: "D" } } } },
        ],
        [
            "domain_id for the user, too, with a project",
            clouds([...USER, "domain_id: d1", "project_name: team"]),
            {
                identity: user({ name: "u", domain: { id: "d1" } }),
                scope: { project: { name: "team", domain: { id: "d1" } } },
            },
        ],
        [
            "no domain of the project when none is given",
            clouds([...USER, "project_name: team"]),
            { identity: inDomain, scope: { project: { name: "team" } } },
        ],
        [
            "two domains, each for its own",
            clouds([...USER, "project_name: team", "project_domain_id: left-over"]),
            { identity: inDomain, scope: { project: { name: "team", domain: { id: "left-over" } } } },
        ],
        [
            "the newer spelling of two",
            clouds([...USER, "tenant_name: old", "project_name: team", "project_domain_name: D"]),
            { identity: inDomain, scope: team },
        ],
        [
            "a project beside auth before the one in it",
            clouds(
                [...USER, "project_name: inner", "project_domain_name: D"],
                ["project_name: team", "region_name: r1"],
            ),
            { identity: inDomain, scope: team },
        ],
        [
            "a user in auth before the one beside it",
            clouds([...USER, ...PROJECT], ["username: other", "password: other", "region_name: r1"]),
            { identity: inDomain, scope: team },
        ],
        [
            "auth_token, exchanged for one of the project",
            clouds(["auth_token: TOKEN1", `project_id: ${P}`], ["auth_type: token", "region_name: r1"]),
            { identity: { methods: ["token"], token: { id: "TOKEN1" } }, scope: { project: { id: P } } },
        ],
        [
            "secure.yaml over the entry",
            {
                ...clouds(["username: u", "password: in-the-open", "user_domain_name: D", ...PROJECT]),
                "/home/u/.config/openstack/secure.yaml": "clouds: {x: {auth: {password: p}}}",
            },
            { identity: inDomain, scope: team },
        ],
    ])("%s", async (_, files, auth) => {
        expect((await signIn(files)).auth).toEqual(auth);
    });

    it.each<[string, Record<string, string>, object]>([
        [
            "a project's domain that is left over",
            { OS_USERNAME: "u", OS_USER_DOMAIN_NAME: "D", OS_PROJECT_ID: P, OS_PROJECT_DOMAIN_ID: "left-over" },
            { identity: inDomain, scope: { project: { id: P } } },
        ],
        [
            "OS_USER_NAME and OS_DEFAULT_DOMAIN_NAME",
            { OS_USER_NAME: "u", OS_DEFAULT_DOMAIN_NAME: "D", OS_PROJECT_NAME: "team" },
            { identity: inDomain, scope: team },
        ],
        [
            "OS_PROJECT_NAME before OS_TENANT_NAME",
            { OS_USERNAME: "u", OS_USER_DOMAIN_NAME: "D", OS_TENANT_NAME: "old", OS_PROJECT_NAME: "team" },
            { identity: inDomain, scope: { project: { name: "team" } } },
        ],
        [
            "OS_USER_DOMAIN_NAME before OS_DOMAIN_NAME",
            { OS_USERNAME: "u", OS_USER_DOMAIN_NAME: "D", OS_DOMAIN_NAME: "E", OS_PROJECT_NAME: "team" },
            { identity: inDomain, scope: { project: { name: "team", domain: { name: "E" } } } },
        ],
    ])("from the environment: %s", async (_, env, auth) => {
        const seen = await signIn({}, { OS_AUTH_URL: `${IAM}/v3`, OS_PASSWORD: "p", OS_REGION_NAME: "r1", ...env });
        expect(seen.auth).toEqual(auth);
    });

    it("to a project that a variable names in the entry's account", async () => {
        const files = clouds([...USER, "project_name: other", "project_domain_id: d2"]);
        const { auth } = await signIn(files, { OS_CLOUD: "x", OS_PROJECT_NAME: "team" });
        expect(auth).toMatchObject({ scope: { project: { name: "team", domain: { id: "d2" } } } });
    });

    it("from the environment: OS_AUTH_TOKEN with OS_AUTH_TYPE", async () => {
        const env = { OS_AUTH_URL: `${IAM}/v3`, OS_AUTH_TYPE: "v3token", OS_AUTH_TOKEN: "T1", OS_PROJECT_ID: P };
        expect((await signIn({}, { ...env, OS_REGION_NAME: "r1" })).auth).toEqual({
            identity: { methods: ["token"], token: { id: "T1" } },
            scope: { project: { id: P } },
        });
    });
});

describe("regions", () => {
    const regions = (...beside: string[]) => clouds([...USER, "project_domain_name: D"], beside);
    const values = [
        "regions:",
        "- {name: r2, values: {project_name: of-r2, interface: internal}}",
        "- {name: r1, values: {project_name: of-r1}}",
        "project_name: of-all",
    ];

    it.each<[string, Record<string, string>, Record<string, string>, string, string, string]>([
        ["the first of a list", regions("regions: [r2, r1]", "project_name: t"), {}, "r2", "t", "public"],
        [
            "the list before region_name",
            regions("region_name: r1", "regions: [r2, r1]", "project_name: t"),
            {},
            "r2",
            "t",
            "public",
        ],
        ["the first of names with commas", regions("region_name: 'r2,r1'", "project_name: t"), {}, "r2", "t", "public"],
        ["a name before a last comma", regions("region_name: 'r2,'", "project_name: t"), {}, "r2", "t", "public"],
        ["values of the first", regions(...values), {}, "r2", "of-r2", "internal"],
        ["values of the one asked for", regions(...values), { OS_REGION_NAME: "r1" }, "r1", "of-r1", "public"],
        [
            "values of the first, where another tool's region is left over",
            regions(...values),
            { HW_REGION_NAME: "r1" },
            "r2",
            "of-r2",
            "internal",
        ],
        [
            "region_name for a null",
            regions("region_name: r1", "regions: [~]", "project_name: t"),
            {},
            "r1",
            "t",
            "public",
        ],
        [
            "a region of the environment where the entry has none",
            regions("project_name: t"),
            { OS_REGION_NAME: "r2" },
            "r2",
            "t",
            "public",
        ],
    ])("%s", async (_, files, env, region, project, host) => {
        const seen = await signIn(files, { OS_CLOUD: "x", ...env });
        expect(seen.settings.region?.value).toBe(region);
        expect(seen.auth).toMatchObject({ scope: { project: { name: project } } });
        expect(seen.cbr).toBe(`https://${host}.${region}.example`);
    });

    it("are those of profile otc, eu-de first", async () => {
        const files = clouds([...USER, ...PROJECT], ["profile: otc"]);
        const access = { read: (path: string) => files[path], cwd: () => "/project", home: () => undefined };
        expect(resolveSettings(() => undefined, { OS_CLOUD: "x" }, access).region?.value).toBe("eu-de");
    });

    it("that the entry does not have are an error by OS_REGION_NAME, and none by stack configuration", async () => {
        const files = regions(...values);
        await expect(signIn(files, { OS_CLOUD: "x", OS_REGION_NAME: "r3" })).rejects.toThrow(
            'environment variable OS_REGION_NAME asks for region "r3", but clouds.yaml entry x has r2, r1.',
        );
        const given = resolveSettings(
            (key) => (key === "cbr:region" ? "r3" : undefined),
            { OS_CLOUD: "x" },
            {
                read: (path) => files[path],
                cwd: () => "/project",
                home: () => undefined,
            },
        );
        expect([given.region?.value, given.projectName]).toEqual(["r3", undefined]);
    });

    it("of stack configuration choose the values, too", async () => {
        const seen = await signIn(regions(...values), { OS_CLOUD: "x" }, { "cbr:region": "r1" });
        expect(seen.auth).toMatchObject({ scope: { project: { name: "of-r1" } } });
    });
});

describe("the address of CBR", () => {
    const own = `https://own.example/v3/${P}`;
    it.each<[string, string[], string]>([
        ["interface", ["interface: internal"], "https://internal.r1.example"],
        ["interface, as v2 spelled it", ["interface: internalURL"], "https://internal.r1.example"],
        ["a list of interfaces", ["interface: [admin, internal]"], "https://internal.r1.example"],
        ["no interface", ["interface: null"], "https://public.r1.example"],
        ["endpoint_type", ["endpoint_type: internal"], "https://internal.r1.example"],
        ["endpoint_type over interface", ["endpoint_type: public", "interface: internal"], "https://public.r1.example"],
        ["endpoint-type, which is none", ["endpoint-type: internal"], "https://public.r1.example"],
        [
            "cbr_interface over interface",
            ["cbr_interface: internal", "interface: public"],
            "https://internal.r1.example",
        ],
        ["cbr_endpoint_type", ["cbr_endpoint_type: internalURL"], "https://internal.r1.example"],
        ["cbr_endpoint_override", [`cbr_endpoint_override: ${own}`], "https://own.example"],
        ["cbr_endpoint", [`cbr_endpoint: ${own}`], "https://own.example"],
        [
            "the override over it",
            [`cbr_endpoint_override: ${own}`, "cbr_endpoint: https://no.example"],
            "https://own.example",
        ],
        ["an override that is null", ["cbr_endpoint_override: null"], "https://public.r1.example"],
        ["names in braces", ["cbr_endpoint_override: 'https://{region_name}.own.example'"], "https://r1.own.example"],
        ["cbr_region_name", ["cbr_region_name: r2"], "https://public.r2.example"],
    ])("%s", async (_, beside, url) => {
        const files = clouds([...USER, `project_id: ${P}`], [...beside, "region_name: r1"]);
        const seen = await signIn(files);
        expect(seen.cbr).toBe(url);
    });

    it.each<[string, Record<string, string>, string]>([
        ["OS_INTERFACE", { OS_INTERFACE: "internal" }, "https://internal.r1.example"],
        ["OS_ENDPOINT_TYPE", { OS_ENDPOINT_TYPE: "internalURL" }, "https://internal.r1.example"],
        ["OS_CBR_INTERFACE", { OS_CBR_INTERFACE: "internal" }, "https://internal.r1.example"],
        ["OS_CBR_ENDPOINT_OVERRIDE", { OS_CBR_ENDPOINT_OVERRIDE: own }, "https://own.example"],
        ["a list in OS_REGION_NAME", { OS_REGION_NAME: "r2,r1" }, "https://public.r2.example"],
    ])("%s", async (_, env, url) => {
        const who = { OS_USERNAME: "u", OS_PASSWORD: "p", OS_USER_DOMAIN_NAME: "D", OS_PROJECT_ID: P };
        const seen = await signIn({}, { OS_AUTH_URL: `${IAM}/v3`, OS_REGION_NAME: "r1", ...who, ...env });
        expect(seen.cbr).toBe(url);
    });
});

describe("the files", () => {
    const entry = (name: string) =>
        `clouds: {x: {region_name: r1, project_name: ${name}, auth: {auth_url: '${IAM}/v3', username: u, ` +
        "password: p, user_domain_name: D}}}";
    const project = async (files: Record<string, string>, env: Record<string, string> = {}) =>
        (await signIn(files, { OS_CLOUD: "x", ...env })).settings.projectName?.value;

    it("are looked for in $XDG_CONFIG_HOME before ~/.config, and in $XDG_CONFIG_DIRS after it", async () => {
        const files = {
            "/own/openstack/clouds.yaml": entry("own"),
            "/home/u/.config/openstack/clouds.yaml": entry("home"),
            "/site/openstack/clouds.yaml": entry("site"),
            "/etc/openstack/clouds.yaml": entry("etc"),
        };
        const env = { XDG_CONFIG_HOME: "/own", XDG_CONFIG_DIRS: "/nothing:/site" };
        expect(await project(files, env)).toBe("own");
        const { "/own/openstack/clouds.yaml": _, ...others } = files;
        expect(await project(others, env)).toBe("home");
        const { "/home/u/.config/openstack/clouds.yaml": __, ...last } = others;
        expect(await project(last, env)).toBe("site");
        expect(await project(last)).toBe("etc");
        // A path that is not absolute counts for neither variable.
        const relative = { "own/openstack/clouds.yaml": entry("relative"), ...files };
        expect(await project(relative, { XDG_CONFIG_HOME: "own", XDG_CONFIG_DIRS: "own" })).toBe("home");
    });

    it("may merge twice: the last line wins, of one line the first, and the entry's own keys over all", async () => {
        const base = "a: &a {project_name: A, region_name: r1}\nb: &b {project_name: B, region_name: r1}\n";
        const auth = `auth: {auth_url: '${IAM}/v3', username: u, password: p, user_domain_name: D}`;
        const text = (...lines: string[]) => ({
            "/project/clouds.yaml": `${base}clouds:\n  x:\n${[...lines, auth].map((line) => `    ${line}\n`).join("")}`,
        });
        expect(await project(text("<<: *a", "<<: *b"))).toBe("B");
        expect(await project(text("<<: [*a, *b]"))).toBe("A");
        expect(await project(text("project_name: own", "<<: *a"))).toBe("own");
    });

    it("may merge entries into the map of entries", async () => {
        const base = `base: &base\n  ${entry("team").slice("clouds: {".length, -1)}\nclouds: {<<: *base, y: {}}\n`;
        expect(await project({ "/project/clouds.yaml": base })).toBe("team");
        for (const circle of ["clouds: &all {<<: *all, y: {}}\n", "clouds: {x: &x {values: *x}}\n"])
            await expect(project({ "/project/clouds.yaml": circle })).rejects.toThrow("its aliases go in circles");
    });

    it("may have a key twice in an entry that is not used, which is said", async () => {
        const twice = "  other:\n    auth: {username: a, username: b}\n";
        const seen = await signIn({
            "/project/clouds.yaml": `clouds:\n${twice}${entry("team").replace("clouds: {x: ", "  x: ").slice(0, -1)}\n`,
        });
        expect(seen.settings.warnings).toEqual([
            "/project/clouds.yaml has a key twice in one map, in an entry that is not used (line 3).",
        ]);
    });
});
