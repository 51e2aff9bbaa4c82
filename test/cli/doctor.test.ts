import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noConfiguration } from "../../cli/doctor/configuration";
import { examine, nodeCheck } from "../../cli/doctor/examine";
import { type Check, type Report, reportAsText } from "../../cli/doctor/report";
import { type Simulator, startSimulator } from "../../sdk/testing";
import { runCli } from "./run-cli";

let simulator: Simulator;
const folder = () => mkdtempSync(join(tmpdir(), "cbr-"));

beforeEach(async () => {
    simulator = await startSimulator();
    simulator.region("eu-de").cloud.addVault({
        id: "00000001-1111-4222-8333-444444444444",
        name: "production",
        sizeGb: 100,
        usedMb: 51_200,
        resources: 2,
    });
    simulator.region("eu-nl").cloud.addVault({
        id: "00000002-1111-4222-8333-444444444444",
        name: "copies",
        protectType: "replication",
        sizeGb: 100,
    });
});
afterEach(() => simulator.close());

/** Environment of a shell that `simulate` was used for. */
function env(signIn: "keys" | "password" | "token" = "keys"): Record<string, string> {
    const addresses = ["eu-de", "eu-nl"].map((name) => [
        `HUAWEICLOUD_SDK_REGION_CBR_${name.toUpperCase().replace("-", "_")}`,
        simulator.region(name).url,
    ]);
    return { ...simulator.settings({ signIn }).environment, ...Object.fromEntries(addresses), HOME: "/nowhere" };
}

async function doctor(
    environment: Record<string, string>,
    ...args: string[]
): Promise<{ code: number; report: Report; out: string }> {
    const { code, out, err } = await runCli(["doctor", "--json", ...args], { env: environment });
    expect(err).toBe("");
    return { code, out, report: JSON.parse(out) };
}

const region = (report: Report, name: string) => report.regions.find((one) => one.region === name);
const check = (checks: readonly Check[] | undefined, name: string) => checks?.find((one) => one.check === name);

describe("doctor", () => {
    it("finds a good setting good: sign-in, both regions, rights, vaults and the pair", async () => {
        const { code, report } = await doctor(env());
        expect(code).toBe(0);
        expect(report.verdict).toBe("OK");
        expect(report.checks.map((one) => [one.verdict, one.check])).toEqual([
            ["OK", "node"],
            ["OK", "region"],
            ["OK", "credentials"],
            ["OK", "sign-in"],
            ["OK", "eu-de → eu-nl"],
        ]);
        expect(region(report, "eu-de")?.checks.map((one) => [one.verdict, one.check])).toEqual(
            [
                "reachable",
                "clock",
                "project",
                "list vaults",
                "list backups",
                "list operation logs",
                "replication capabilities",
            ].map((name) => ["OK", name]),
        );
        expect(region(report, "eu-de")).toMatchObject({
            endpoint: simulator.region("eu-de").url,
            projectId: simulator.region("eu-de").projectId,
            replicatesTo: ["eu-nl"],
            vaults: [
                {
                    id: "00000001-1111-4222-8333-444444444444",
                    name: "production",
                    protectType: "backup",
                    objectType: "server",
                    usedGb: 50,
                    sizeGb: 100,
                    resources: 2,
                    locked: false,
                },
            ],
        });
        expect(region(report, "eu-nl")).toMatchObject({ vaults: [{ name: "copies", protectType: "replication" }] });
    });

    it("says where each setting is from, and shows no secret", async () => {
        const { report, out } = await doctor(env());
        expect(report.settings).toContainEqual({
            name: "region",
            value: "eu-de",
            secret: false,
            source: "environment variable HW_REGION_NAME",
        });
        expect(report.settings).toContainEqual({
            name: "secretKey",
            secret: true,
            source: "environment variable HW_SECRET_KEY",
        });
        const text = await runCli(["doctor"], { env: env() });
        expect(text.out).toContain("set (from environment variable HW_SECRET_KEY)");
        for (const shown of [out, text.out]) expect(shown).not.toContain(simulator.credentials.secretKey);
    });

    it("only reads", async () => {
        await doctor(env());
        expect(
            simulator.requests.filter(
                ({ method, operation }) => method !== "GET" && !operation?.startsWith("Keystone"),
            ),
        ).toEqual([]);
    });

    it.each(["password", "token"] as const)("signs in by %s", async (signIn) => {
        const { report } = await doctor(env(signIn));
        expect(check(report.checks, "sign-in")).toMatchObject({ verdict: "OK" });
    });

    it("tries a refused key once, not once a region", async () => {
        const { code, report, out } = await doctor({ ...env(), HW_SECRET_KEY: "this-is-not-the-key" });
        expect(code).toBe(1);
        expect(check(report.checks, "sign-in")).toMatchObject({ verdict: "FAIL" });
        expect(check(report.checks, "sign-in")?.detail).toContain("HW_SECRET_KEY");
        expect(check(region(report, "eu-nl")?.checks, "rights")).toMatchObject({ verdict: "SKIP" });
        expect(simulator.requests.filter(({ path }) => path.includes("/vaults"))).toHaveLength(1);
        expect(out).not.toContain("this-is-not-the-key");
    });

    it("names the missing right, with its code and what to do", async () => {
        simulator.fail({
            operation: "ListOpLogs",
            region: "eu-de",
            times: 0,
            effect: { status: 403, code: "BackupService.9900", message: "no" },
        });
        const { code, report } = await doctor(env());
        expect(code).toBe(1);
        expect(check(region(report, "eu-de")?.checks, "list operation logs")).toMatchObject({
            verdict: "FAIL",
            code: "BackupService.9900",
            advice: expect.stringContaining("list operation logs"),
        });
        expect(check(region(report, "eu-de")?.checks, "list backups")).toMatchObject({ verdict: "OK" });
    });

    it("takes a cloud without the call for replication capabilities for what it is", async () => {
        simulator.fail({ operation: "ShowReplicationCapabilities", times: 0, effect: { status: 404 } });
        const { code, report } = await doctor(env());
        expect(code).toBe(0);
        expect(report.verdict).toBe("WARN");
        expect(check(region(report, "eu-de")?.checks, "replication capabilities")).toMatchObject({
            verdict: "WARN",
            code: "HTTP 404",
        });
    });

    it("warns of a full vault and an empty project", async () => {
        simulator.region("eu-de").cloud.addVault({ name: "small", sizeGb: 10, usedMb: 9_500 });
        for (const id of simulator.region("eu-nl").cloud.vaults.keys())
            simulator.region("eu-nl").cloud.vaults.delete(id);
        const { code, report } = await doctor(env());
        expect(code).toBe(0);
        expect(region(report, "eu-de")?.checks.at(-1)).toMatchObject({
            verdict: "WARN",
            detail: "vault small is 93 % full",
        });
        expect(region(report, "eu-nl")?.checks.at(-1)).toMatchObject({ verdict: "WARN", check: "vaults" });
    });

    it("warns of no direction that nobody copies in", async () => {
        simulator.region("eu-nl").cloud.addVault({ name: "backups of nl" });
        const { report } = await doctor(env());
        expect(report.verdict).toBe("OK");
        expect(check(report.checks, "eu-de → eu-nl")).toMatchObject({ verdict: "OK" });
        expect(check(report.checks, "eu-nl → eu-de")).toEqual({
            check: "eu-nl → eu-de",
            verdict: "SKIP",
            detail: "is possible, but eu-de has no vault of protect type replication",
        });
    });

    it.each([
        ["http://me:hunter2@proxy.example:3128", "http://[secret]@proxy.example:3128"],
        ["me:hunter2@proxy.example:3128", "[secret]@proxy.example:3128"],
        ["http://me:hun@ter2@proxy.example:3128", "http://[secret]@proxy.example:3128"],
        ["http://me:hun/ter2@proxy.example:3128", "http://[secret]@proxy.example:3128"],
        ["me:h/un@ter2?#@proxy.example:3128", "[secret]@proxy.example:3128"],
        ["http://me:p@proxy.example:3128", "http://[secret]@proxy.example:3128"],
        ["http://me:hun%40ter2@proxy.example:3128", "http://[secret]@proxy.example:3128"],
        ["socks5://hunter2@proxy.example", "socks5://[secret]@proxy.example"],
        ["http://proxy.example:3128", "http://proxy.example:3128"],
        ["http://[::1]:3128/", "http://[::1]:3128/"],
        ["http://me:hunter2", "http://[secret]"],
        ["http://proxy.example:3128/me:hunter2", "http://[secret]"],
        ["proxy.example?password=hunter2", "[secret]"],
    ])("shows no user and password of proxy %s, as text or as data", async (proxy, shown) => {
        // A proxy is of no use for loopback, but its address is shown, and used for what is beyond.
        const environment = { ...env(), HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
        const { out, report } = await doctor(environment);
        const text = (await runCli(["doctor"], { env: environment })).out;
        expect(report.settings.filter(({ name }) => name.endsWith("proxy")).map(({ value }) => value)).toEqual([
            shown,
            shown,
        ]);
        expect(text).toContain(shown);
        for (const one of [out, text]) expect(one).not.toMatch(/hun|ter2|me:p@/);
    });

    it("warns of secrets that stand in plain text in a stack's configuration", async () => {
        const file = join(folder(), "Pulumi.dev.yaml");
        writeFileSync(file, JSON.stringify({ config: simulator.settings().config }));
        const { report, out } = await doctor({}, "--config", file);
        expect(report.checks.filter(({ check: name }) => name === "configuration")).toEqual([
            {
                check: "configuration",
                verdict: "WARN",
                detail: `cbr:secretKey stands in plain text in ${file}`,
                advice: "encrypt it: pulumi config set --secret cbr:secretKey, and change it if others could read it",
            },
        ]);
        expect(check(report.checks, "sign-in")).toMatchObject({ verdict: "OK" });
        expect(out).not.toContain(simulator.credentials.secretKey);
        const listed = join(folder(), "config.json");
        const secret = { value: simulator.credentials.secretKey, secret: true };
        writeFileSync(
            listed,
            JSON.stringify({ "cbr:secretKey": secret, "cbr:token": { value: "tttttttt", secret: false } }),
        );
        expect(check((await doctor({}, "--config", listed)).report.checks, "configuration")?.detail).toMatch(
            /^cbr:token /,
        );
    });

    it("speaks to no host that the settings neither name nor imply", async () => {
        // Every way to another machine leads through this proxy, which writes down where to, and goes there never.
        const hosts = new Set<string>();
        const proxy = createServer().on("connect", (request, socket) => {
            hosts.add(request.url ?? "");
            socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
        });
        await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
        const otc = {
            OS_USERNAME: "u",
            OS_PASSWORD: "pppppppp",
            OS_USER_DOMAIN_NAME: "OTC-EU-DE-00000000001000012345",
            OS_PROJECT_NAME: "eu-de_team",
            HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
            HW_MAX_RETRIES: "0",
            HOME: "/nowhere",
        };
        const spokenTo = async (environment: Record<string, string>, ...args: string[]) => {
            hosts.clear();
            await doctor({ ...otc, ...environment }, ...args);
            return [...hosts].sort();
        };
        expect(await spokenTo({ OS_REGION_NAME: "eu-dee" })).toEqual([]);
        expect(await spokenTo({ OS_REGION_NAME: "cn-north-4" })).toEqual([]);
        expect(await spokenTo({ OS_REGION_NAME: "eu-de", HW_CLOUD: "myhuaweicloud.com" })).toEqual([
            "cbr.eu-de.otc.t-systems.com:443",
        ]);
        expect(await spokenTo({ OS_AUTH_URL: "https://iam.cn-north-4.myhuaweicloud.com/v3" })).toEqual([]);
        expect(await spokenTo({ OS_REGION_NAME: "eu-de" }, "--region", "eu-nll")).toEqual([
            "cbr.eu-de.otc.t-systems.com:443",
        ]);
        await new Promise((resolve) => proxy.close(resolve));
    });

    it("finds a region that no table knows before anybody is asked", async () => {
        const { code, report } = await doctor({
            HW_ACCESS_KEY: "AK",
            HW_SECRET_KEY: "ssssssss",
            HW_REGION_NAME: "cn-nrth-4",
        });
        expect(code).toBe(1);
        expect(check(report.checks, "region")).toMatchObject({
            verdict: "FAIL",
            detail: expect.stringContaining("did you mean cn-north-4?"),
        });
        expect(report.regions.map(({ checks }) => checks.map((one) => one.check))).toEqual([["endpoint"]]);
    });

    it("finds a region that cannot be reached, and goes on with the others", async () => {
        const { code, report } = await doctor({ ...env(), HUAWEICLOUD_SDK_REGION_CBR_EU_NL: "http://127.0.0.1:1" });
        expect(code).toBe(1);
        expect(region(report, "eu-nl")?.checks.map((one) => [one.check, one.verdict])).toEqual([["reachable", "FAIL"]]);
        expect(check(region(report, "eu-de")?.checks, "list vaults")).toMatchObject({ verdict: "OK" });
    });

    it("sees a clock that is wrong", async () => {
        const server = createServer((_, response) =>
            response.writeHead(401, { date: new Date(Date.now() + 10 * 60_000).toUTCString() }).end(),
        );
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const { report } = await doctor({ HW_REGION_NAME: "eu-de", HUAWEICLOUD_SDK_REGION_CBR_EU_DE: url });
        expect(check(region(report, "eu-de")?.checks, "clock")).toMatchObject({
            verdict: "FAIL",
            detail: "is 10 min behind the region's",
        });
        await new Promise((resolve) => server.close(resolve));
    });

    it("says what is missing when nothing is set, and asks nobody", async () => {
        const { code, report } = await doctor({});
        expect(code).toBe(1);
        expect(report.regions).toEqual([]);
        expect(check(report.checks, "credentials")).toMatchObject({
            detail: "There are no credentials.",
            advice: expect.stringMatching(/^Set one of: a token \(cbr:token or HW_AUTH_TOKEN/),
        });
        expect(check(report.checks, "region")).toMatchObject({ verdict: "WARN" });
        const other = await doctor(
            { HUAWEICLOUD_SDK_REGION_CBR_EU_DE: simulator.region("eu-de").url },
            "--region",
            "eu-de",
        );
        expect(region(other.report, "eu-de")?.checks.map((one) => [one.check, one.verdict])).toEqual([
            ["reachable", "OK"],
            ["clock", "OK"],
            ["rights", "SKIP"],
        ]);
    });

    it("reports a setting that makes no sense as a finding", async () => {
        const { code, report } = await doctor({ ...env(), HW_MAX_RETRIES: "many" });
        expect(code).toBe(1);
        expect(check(report.checks, "settings")).toMatchObject({
            verdict: "FAIL",
            detail: expect.stringContaining("HW_MAX_RETRIES"),
        });
    });

    it("reads a stack's configuration from a file, and says what is encrypted there", async () => {
        const file = join(folder(), "Pulumi.dev.yaml");
        const { "cbr:secretKey": secretKey, ...plain } = simulator.settings().config;
        writeFileSync(
            file,
            JSON.stringify({
                config: {
                    ...plain,
                    "cbr:endpoints": JSON.parse(plain["cbr:endpoints"] ?? ""),
                    "cbr:secretKey": { secure: "v1:abc" },
                },
            }),
        );
        const { report } = await doctor({ HW_SECRET_KEY: secretKey ?? "" }, "--config", file);
        expect(report.configuration).toBe(file);
        expect(check(report.checks, "configuration")).toMatchObject({
            verdict: "WARN",
            detail: `cbr:secretKey is encrypted in ${file} and was not used`,
        });
        expect(report.settings).toContainEqual({ name: "region", value: "eu-de", secret: false, source: "cbr:region" });
        expect(check(report.checks, "sign-in")).toMatchObject({ verdict: "OK" });
    });

    it("asks the Pulumi CLI for a stack's configuration", async () => {
        const bin = folder();
        const config = Object.fromEntries(
            Object.entries(simulator.settings().config).map(([key, value]) => [
                key,
                { value, secret: key === "cbr:secretKey" },
            ]),
        );
        writeFileSync(
            join(bin, "pulumi"),
            `#!/bin/sh\necho "$*" > ${bin}/call\ncat <<'END'\n${JSON.stringify(config)}\nEND\n`,
        );
        chmodSync(join(bin, "pulumi"), 0o755);
        const { report, out } = await doctor({ PATH: `${bin}:/usr/bin:/bin` }, "--stack", "dev");
        expect(report.configuration).toBe("stack dev");
        expect(report.verdict).toBe("OK");
        expect(out).not.toContain(simulator.credentials.secretKey);
    });

    it.each([
        [["--stack", "dev"], { PATH: "/nowhere" }, "--stack needs the Pulumi CLI"],
        [["--config", "/nowhere/Pulumi.dev.yaml"], {}, "/nowhere/Pulumi.dev.yaml cannot be read"],
    ])("cannot work with %j where there is none", async (args, environment, message) => {
        const run = await runCli(["doctor", ...args], { env: environment });
        expect(run).toMatchObject({ code: 1, out: "" });
        expect(run.err).toContain(message);
    });

    it.each([[["--stack", "a", "--config", "b"]], [["--region", "e u"]], [["more"]]])("refuses %j", async (args) => {
        expect(await runCli(["doctor", ...args])).toMatchObject({ code: 2, out: "" });
    });

    it.each([
        ["22.18.9", "FAIL"],
        ["20.20.2", "FAIL"],
        ["22.19.0", "OK"],
        ["24.0.0", "OK"],
    ])("knows that Node.js %s is %s", (version, verdict) => {
        expect(nodeCheck(version)).toMatchObject({ verdict });
    });

    it("asks no region with a Node.js that cannot ask", async () => {
        const report = await examine({
            configuration: noConfiguration,
            env: env(),
            regions: [],
            nodeVersion: "20.20.2",
        });
        expect(report).toMatchObject({ verdict: "FAIL", regions: [] });
        expect(report.checks.at(-1)).toMatchObject({ check: "regions", verdict: "SKIP" });
        expect(simulator.requests).toEqual([]);
    });

    it("says in one line what the Pulumi CLI said when it could not give the configuration", async () => {
        const bin = folder();
        writeFileSync(join(bin, "pulumi"), "#!/bin/sh\necho \"error: no stack named 'dev' found\" >&2\nexit 255\n");
        chmodSync(join(bin, "pulumi"), 0o755);
        const run = await runCli(["doctor", "--stack", "dev"], { env: { PATH: `${bin}:/usr/bin:/bin` } });
        expect(run).toEqual({
            code: 1,
            out: "",
            err: "pulumi-cbr doctor: --stack dev: `pulumi config` failed: no stack named 'dev' found\n",
        });
    });
});

it("writes a report line by line, whatever escape sequences and line breaks the cloud's names have", () => {
    const x = "a\u001b[2Jb\r\n::error::c\u2028d";
    const line = { id: x, name: x, protectType: x, objectType: x, status: x, resources: 1, locked: true };
    const found = { check: x, verdict: "OK", detail: x, advice: x } as const;
    const clean: Report = {
        version: 1,
        verdict: "OK",
        configuration: x,
        settings: [{ name: x, value: x, secret: false, source: x }],
        checks: [found],
        regions: [{ region: x, endpoint: x, checks: [found], vaults: [line], replicatesTo: [x, x] }],
    };
    const text = reportAsText(clean);
    const plain = reportAsText(JSON.parse(JSON.stringify(clean).replaceAll(JSON.stringify(x), '"x"')));
    expect(text.split("\n")).toHaveLength(plain.split("\n").length);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{C}\u2028\u2029]/u);
    expect(text).toContain("ab ::error::c d");
});
