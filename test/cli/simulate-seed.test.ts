import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CliRun, runCli } from "./run-cli";

function fileOf(content: unknown, name = "seed.yaml"): string {
    const file = join(mkdtempSync(join(tmpdir(), "cbr-")), name);
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
}

const exportsIn = (text: string): Record<string, string> =>
    Object.fromEntries([...text.matchAll(/^export (\w+)='?(.*?)'?$/gm)].map(([, key, value]) => [key, value]));

/** Runs `simulate` for as long as `use` takes; a run that ends by itself is returned at once. */
async function simulating(
    args: readonly string[],
    use: (env: Record<string, string>) => Promise<void> = async () => {},
): Promise<CliRun> {
    let stop = () => {};
    const interrupted = new Promise<void>((resolve) => {
        stop = resolve;
    });
    let started = (_: string) => {};
    const printed = new Promise<string>((resolve) => {
        started = resolve;
    });
    const run = runCli(["simulate", "--shell", "posix", ...args], { interrupted, onOut: started });
    try {
        const text = await Promise.race([printed, run.then(() => undefined)]);
        if (text !== undefined) await use(exportsIn(text));
    } finally {
        stop();
    }
    return run;
}

interface Listed {
    readonly checkpointId: string;
    readonly name: string;
    readonly vaultName: string;
    readonly automatic: boolean;
    readonly expiresAt: string | null;
    readonly copies: { readonly region: string; readonly good: number }[];
    readonly backups: { readonly resourceName: string; readonly status: string }[];
}

async function listed(env: Record<string, string>): Promise<Listed[]> {
    const run = await runCli(["list", "--json"], { env });
    expect(run).toMatchObject({ code: 0, err: "" });
    return JSON.parse(run.out).restorePoints;
}

const SEED = `
regions:
    eu-de:
        vaults:
            - name: production
              sizeGb: 2000
              resources:
                  - { name: web-1, sizeGb: 40 }
                  - { name: db-1, sizeGb: 500, disks: 3 }
              policy: { every: 24h, keep: 7, ago: 3h, copies: [eu-nl] }
              backups:
                  - { name: before-release, ago: 5h, count: 4, every: 1w, resources: [db-1], expiresAfter: 15d }
                  - { name: broken, ago: 2d, status: error }
            - name: disks
              objectType: disk
              resources: [{ name: data, sizeGb: 100 }]
              backups: [{ copies: [{ region: eu-nl, vault: more, status: error }] }]
    eu-nl:
        vaults:
            - { name: copies, protectType: replication, sizeGb: 4000 }
            - { name: more, protectType: replication }
`;

async function listening(port: number): Promise<Server | undefined> {
    const server = createServer();
    return new Promise((resolve) => {
        server.once("error", () => resolve(undefined));
        server.listen(port, "127.0.0.1", () => resolve(server));
    });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const closed = (server: Server) => new Promise((resolve) => server.close(resolve));

/** The first of so many free ports, one after the other. */
async function freePorts(count: number): Promise<number> {
    for (;;) {
        const servers = [await listening(0)];
        const [first] = servers;
        if (first === undefined) continue;
        const port = portOf(first);
        while (servers.length < count) servers.push(await listening(port + servers.length));
        for (const server of servers) if (server !== undefined) await closed(server);
        if (!servers.includes(undefined)) return port;
    }
}

describe("simulate --seed", () => {
    it("holds the vaults, servers, policies, restore points and copies of the file", async () => {
        await simulating(["--seed", fileOf(SEED)], async (env) => {
            const points = await listed(env);
            const inVault = (name: string) => points.filter(({ vaultName }) => vaultName === name);
            const automatic = inVault("production").filter((one) => one.automatic);
            expect(automatic).toHaveLength(7);
            for (const point of automatic) {
                expect(point.expiresAt).not.toBeNull();
                expect(point.backups).toHaveLength(2);
                expect(point.copies).toMatchObject([{ region: "eu-nl", good: 2 }]);
            }
            const named = inVault("production").filter((one) => !one.automatic);
            // The first of four is three weeks old, and has expired.
            expect(named.map(({ name }) => name)).toEqual([
                "before-release-4",
                "broken",
                "before-release-3",
                "before-release-2",
            ]);
            expect(named[0]?.backups).toMatchObject([{ resourceName: "db-1", status: "available" }]);
            expect(named[1]?.backups).toMatchObject([{ status: "error" }, { status: "error" }]);
            expect(inVault("disks")).toMatchObject([
                { automatic: false, backups: [{ resourceName: "data" }], copies: [{ region: "eu-nl", good: 0 }] },
            ]);
        });
    });

    it("has the same ids, keys and projects at each start, and the same addresses with --port", async () => {
        const port = await freePorts(4);
        const ids: string[][] = [];
        const environments: Record<string, string>[] = [];
        const outs: string[] = [];
        for (let start = 0; start < 2; start++) {
            const { out } = await simulating(["--seed", fileOf(SEED), "--port", String(port)], async (env) => {
                environments.push(env);
                ids.push((await listed(env)).map(({ checkpointId }) => checkpointId));
            });
            outs.push(out);
        }
        expect(ids[0]?.length).toBeGreaterThan(10);
        expect(ids[1]).toEqual(ids[0]);
        expect(environments[1]).toEqual(environments[0]);
        expect(environments[0]?.["HW_AUTH_URL"]).toBe(`http://127.0.0.1:${port + 1}/v3`);
        expect(outs[1]).toBe(outs[0]);
    });

    it("prints vaults and resources as tables", async () => {
        const { out } = await simulating(["--seed", fileOf(SEED)]);
        const lines = out
            .split("\n")
            .map((line) => line.replaceAll(/ {2,}/g, " | ").replaceAll(/[0-9a-f-]{36}/g, "ID"));
        expect(lines).toEqual(
            expect.arrayContaining([
                "# Vaults",
                "# | REGION | VAULT | ID | KIND | HOLDS",
                "# | eu-de | production | ID | backup (server), policy | 11 restore points (19 backups)",
                "# | eu-nl | copies | ID | replication (server) | 14 copies",
                "# Resources",
                "# | eu-de | production | db-1 | ID | 500 GB, 3 disks",
            ]),
        );
    });

    it("takes the file of the docs page", async () => {
        const page = readFileSync(join(__dirname, "../../docs/command.md"), "utf8");
        const [, yaml = ""] = /```yaml\n(regions:\n.*?)```/s.exec(page) ?? [];
        await simulating(["--seed", fileOf(yaml)], async (env) => {
            expect(await listed(env)).toHaveLength(16);
        });
    });

    it("takes ids, JSON, and what a hybrid or locked vault is", async () => {
        const id = "7a000000-0000-4000-8000-000000000001";
        const vaults = [
            {
                id,
                name: "locked",
                locked: true,
                status: "lock",
                resources: [{ name: "s", disks: [{ id, sizeGb: 7 }] }],
            },
            { name: "on-premises", protectType: "hybrid", onPremises: 3 },
        ];
        const file = fileOf({ regions: { "eu-de": { vaults } } }, "seed.json");
        const { out, err } = await simulating(["--seed", file]);
        expect(err).toBe("");
        expect(out).toMatch(new RegExp(`locked +${id} +backup \\(server\\), locked +no backups`));
        expect(out).toContain("3 backups that the cloud does not know yet");
    });

    it.each([
        ["{", /cannot be read: /],
        ["[]", /: the file: Invalid input/],
        ["regions: {}", /: regions: names none\n$/],
        ["regions: { EU: { vaults: [] } }", /: regions\.EU: .*eu-de/],
        [{ vaults: [{ name: "v", size: 3 }] }, /: regions\.eu-de\.vaults\[0\]: Unrecognized key: "size"/],
        [
            { vaults: [{ name: "v", backups: [{ ago: "yesterday" }] }] },
            /vaults\[0\]\.backups\[0\]\.ago: must be a time/,
        ],
        [{ vaults: [{ name: "v" }, { name: "v" }] }, /vaults\[1\]\.name: there are two vaults v/],
        [
            { vaults: [{ name: "v", resources: [{ name: "r" }, { name: "r" }] }] },
            /vaults\[0\]\.resources\[1\]\.name: there are two r/,
        ],
        [{ vaults: [{ name: "v", backups: [{}] }] }, /vaults\[0\]\.backups\[0\]: vault v protects nothing/],
        [
            { vaults: [{ name: "v", resources: [{ name: "r" }], backups: [{ count: 2 }] }] },
            /backups\[0\]\.every: is missing/,
        ],
        [
            { vaults: [{ name: "v", resources: [{ name: "r" }], backups: [{ resources: ["q"] }] }] },
            /backups\[0\]\.resources\[0\]: the vault has no "q"/,
        ],
        [
            { vaults: [{ name: "v", resources: [{ name: "r" }], backups: [{ copies: ["eu-nl"] }] }] },
            /backups\[0\]\.copies\[0\]: there is no region eu-nl in the file/,
        ],
        [
            {
                vaults: [
                    { name: "v", resources: [{ name: "r" }], policy: { every: "1d", keep: 2, copies: ["eu-de"] } },
                ],
            },
            /policy\.copies\[0\]: eu-de is the backups' own region/,
        ],
        [{ vaults: [{ sizeGb: 3 }] }, /vaults\[0\]\.name: is missing\n$/],
        [
            { vaults: [{ name: "v", resources: [{ name: "r" }], backups: [{ status: "wobbly" }] }] },
            /backups\[0\]\.status: /,
        ],
        [
            { vaults: [{ name: "v", resources: [{ name: "r", type: "OS::Cinder::Volume" }] }] },
            /resources\[0\]\.type: a vault of objectType server holds no OS::Cinder::Volume/,
        ],
        [
            { vaults: [{ name: "v", protectType: "replication", resources: [{ name: "r" }] }] },
            /vaults\[0\]\.resources: a vault of protectType replication protects nothing/,
        ],
        [{ vaults: [{ name: "v", onPremises: 3 }] }, /vaults\[0\]\.onPremises: only a vault of protectType hybrid/],
    ])("names the place in a file that makes no sense: %j", async (content, message) => {
        const file = fileOf(typeof content === "string" ? content : { regions: { "eu-de": content } });
        const run = await simulating(["--seed", file]);
        expect(run).toMatchObject({ code: 1, out: "" });
        expect(run.err).toMatch(message);
        expect(run.err).toContain(`--seed ${file}`);
        expect(run.err.trim().split("\n")).toHaveLength(1);
    });

    it("names a file that is not there", async () => {
        const run = await runCli(["simulate", "--seed", "nowhere.yaml"]);
        expect(run).toMatchObject({
            code: 1,
            err: expect.stringContaining("--seed nowhere.yaml cannot be read: ENOENT"),
        });
    });
});

describe("simulate --vaults and --port", () => {
    it("has so many vaults, with the same ids at each start", async () => {
        const tables: string[] = [];
        for (let start = 0; start < 2; start++) {
            const { out } = await simulating(["--vaults", "3", "--region", "eu-de"]);
            tables.push(out.slice(out.indexOf("# Vaults"), out.indexOf("# For a stack")));
        }
        expect(tables[0]).toMatch(/production-3 +5eed0000-0000-4000-8000-000000001003 /);
        expect(tables[0]?.match(/ production(-\d)? +5eed/g)).toHaveLength(3);
        expect(tables[1]).toBe(tables[0]);
    });

    it("says which port is in use", async () => {
        const server = await listening(0);
        if (server === undefined) throw new Error("no port is free");
        const port = portOf(server);
        const run = await runCli(["simulate", "--port", String(port)]);
        expect(run).toMatchObject({ code: 1, out: "" });
        expect(run.err).toContain(`--port: ${port} is in use`);
        await closed(server);
    });

    it.each([
        [["--vaults", "0"], "--vaults"],
        [["--vaults", "many"], "--vaults"],
        [["--port", "70000"], "--port"],
        [["--port", "65533"], "--port"],
        [["--seed", "f", "--region", "eu-de"], "--seed or --region"],
        [["--seed", "f", "--vaults", "2"], "--seed or --vaults"],
        [["--seed", "f", "--no-seed-vaults"], "--no-seed-vaults or --seed"],
        [["--vaults", "2", "--no-seed-vaults"], "--no-seed-vaults or --vaults"],
    ])("refuses %j", async (args, message) => {
        const run = await runCli(["simulate", ...args]);
        expect(run).toMatchObject({ code: 2, out: "" });
        expect(run.err).toContain(message);
    });
});
