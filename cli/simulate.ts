/** `pulumi-cbr simulate`: the simulator for a person, with a few vaults in it, until Ctrl-C. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Fault, parseFaults, type Simulator, startSimulator, type VaultSeed } from "../sdk/testing";
import { cbrRoutes, iamRoutes } from "../sdk/testing/api/routes";
import { type Command, Failure, UsageError, wholeNumber } from "./command";

const DEFAULT_REGIONS: readonly string[] = ["eu-de", "eu-nl"];
/** Long enough to see a wait, short enough to sit through. */
const DEFAULT_BACKUP_SECONDS = 5;

export const simulate: Command = {
    usage: `Usage: pulumi-cbr simulate [options]

Runs the CBR simulator on this machine, prints the settings with which a stack uses it, and lives until Ctrl-C. It
listens on loopback only and keeps nothing.

Options:
  --region NAME         a region; may be given several times (default ${DEFAULT_REGIONS.join(", ")})
  --dialect NAME        huawei (default) or otc: how the API speaks
  --backup-seconds N    how long a backup, a copy or a synchronisation takes (default ${DEFAULT_BACKUP_SECONDS})
  --faults FILE         JSON with faults, e.g. [{"operation": "CreateCheckpoint", "effect": {"status": 503}}]
  --shell NAME          posix or powershell: how the settings are printed (default: powershell on Windows, else posix)
  --no-seed-vaults      an empty cloud; otherwise there are a server vault in each region, a replication vault in each
                        but the first and, unless --dialect is otc, a hybrid vault; their ids are the same in each run
  --help, --version

Exit code: 0 after Ctrl-C; 1 it could not start; 2 wrong usage.
`,
    async run(args, io) {
        const { values } = parseArgs({
            args: [...args],
            allowNegative: true,
            options: {
                region: { type: "string", multiple: true },
                dialect: { type: "string" },
                "backup-seconds": { type: "string" },
                faults: { type: "string" },
                shell: { type: "string" },
                "seed-vaults": { type: "boolean", default: true },
            },
        });
        const regions = checkedRegions(values.region ?? DEFAULT_REGIONS);
        const dialect = values.dialect ?? "huawei";
        if (dialect !== "huawei" && dialect !== "otc")
            throw new UsageError(`--dialect is ${JSON.stringify(dialect)}, but must be huawei or otc`);
        const shellName = values.shell ?? (process.platform === "win32" ? "powershell" : "posix");
        const shell = SHELLS.get(shellName);
        if (shell === undefined)
            throw new UsageError(`--shell is ${JSON.stringify(shellName)}, but must be posix or powershell`);
        const seconds = values["backup-seconds"];
        const workMs =
            (seconds === undefined ? DEFAULT_BACKUP_SECONDS : wholeNumber("backup-seconds", seconds, 0, 86_400)) *
            1_000;
        const faults = values.faults === undefined ? [] : await readFaults(values.faults, regions);

        const interrupted = io.interrupted();
        const simulator = await startSimulator<string>({
            regions: regions.map((name) => ({ name, dialect })),
            backupMs: workMs,
            replicationMs: workMs,
            syncMs: workMs,
            faults,
        });
        try {
            const seeded = values["seed-vaults"] === true ? seed(simulator, regions, dialect === "huawei") : [];
            io.out(welcome(simulator, regions, seeded, faults.length, shell));
            await interrupted;
        } finally {
            await simulator.close();
        }
        io.out("\nThe simulator has ended.\n");
        return 0;
    },
};

function checkedRegions(names: readonly string[]): readonly string[] {
    for (const name of names)
        if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
            throw new UsageError(`--region is ${JSON.stringify(name)}, but must be a name such as eu-de`);
    if (new Set(names).size < names.length) throw new UsageError("--region names a region twice");
    return names;
}

async function readFaults(file: string, regions: readonly string[]): Promise<Fault[]> {
    let text: string;
    try {
        text = await readFile(file, "utf8");
    } catch (error) {
        throw new Failure(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    let faults: Fault[];
    try {
        faults = parseFaults(text);
    } catch (error) {
        throw new Failure(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
    // A fault that can never strike is a typing error.
    const operations = [...cbrRoutes, ...iamRoutes].map((route) => route.operation);
    for (const [index, { operation, region }] of faults.entries()) {
        if (operation !== undefined && !operations.includes(operation))
            throw new Failure(
                `${file}: faults[${index}].operation: there is no ${JSON.stringify(operation)}; there are ${operations.join(", ")}`,
            );
        if (region !== undefined && !regions.includes(region))
            throw new Failure(
                `${file}: faults[${index}].region: ${JSON.stringify(region)} is not simulated; ${regions.join(", ")} are (--region)`,
            );
    }
    return faults;
}

interface Seeded {
    readonly region: string;
    readonly name: string;
    readonly id: string;
    readonly what: string;
}

/** The same in every run, so that programs and notes stay right. */
const seededId = (number: number) => `5eed0000-0000-4000-8000-${String(number).padStart(12, "0")}`;

function seed(simulator: Simulator<string>, regions: readonly string[], hybrid: boolean): Seeded[] {
    const [first = "", ...others] = regions;
    const seeded: Seeded[] = [];
    const add = (region: string, name: string, what: string, vault: VaultSeed) => {
        const { id } = simulator.region(region).cloud.addVault({ ...vault, name });
        seeded.push({ region, name, id, what });
    };
    const servers = [
        { id: seededId(101), name: "web-1", sizeGb: 40 },
        { id: seededId(102), name: "db-1", sizeGb: 100, disks: 2 },
    ];
    add(first, "production", `server vault; ${servers.map(({ name, id }) => `${name} ${id}`).join(", ")}`, {
        id: seededId(1),
        sizeGb: 1_000,
        resources: servers,
    });
    for (const [index, region] of others.entries()) {
        add(region, "disaster-recovery", "replication vault", {
            id: seededId(index + 2),
            protectType: "replication",
            sizeGb: 1_000,
        });
        const server = { id: seededId(index + 201), name: "web-1", sizeGb: 40 };
        add(region, "production", `server vault; ${server.name} ${server.id}`, {
            id: seededId(index + 51),
            sizeGb: 1_000,
            resources: [server],
        });
    }
    if (hybrid)
        add(first, "on-premises", "hybrid vault; 3 backups of its storage are not known to the cloud yet", {
            id: seededId(99),
            protectType: "hybrid",
            sizeGb: 1_000,
            onPremises: { added: 3 },
        });
    return seeded;
}

const SECRET_KEYS: readonly string[] = ["cbr:secretKey", "cbr:securityToken", "cbr:token", "cbr:password"];

const isPlain = (text: string) => /^[\w./:@%+-]+$/.test(text);

/** How a shell is told of settings. */
interface Shell {
    /** A word of a command. */
    quoted(text: string): string;
    exported(name: string, value: string): string;
    /** True where a program gets the quotes in an argument as they were typed, which Windows PowerShell does not do. */
    readonly keepsQuotes: boolean;
}

const posixWord = (text: string) => (isPlain(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
const powershellWord = (text: string) => `'${text.replaceAll("'", "''")}'`;
const SHELLS: ReadonlyMap<string, Shell> = new Map([
    [
        "posix",
        { quoted: posixWord, exported: (name, value) => `export ${name}=${posixWord(value)}`, keepsQuotes: true },
    ],
    [
        "powershell",
        {
            quoted: (text) => (isPlain(text) && !text.startsWith("@") ? text : powershellWord(text)),
            exported: (name, value) => `$env:${name} = ${powershellWord(value)}`,
            keepsQuotes: false,
        },
    ],
]);

function welcome(
    simulator: Simulator<string>,
    regions: readonly string[],
    seeded: readonly Seeded[],
    faults: number,
    shell: Shell,
): string {
    const { environment, config } = simulator.settings();
    const set = Object.entries(config).flatMap(([key, value]) => {
        if (key === "cbr:endpoints" && !shell.keepsQuotes)
            return regions.map(
                (name) => `pulumi config set --path ${key}.${name} -- ${shell.quoted(simulator.region(name).url)}`,
            );
        const secret = SECRET_KEYS.includes(key) ? "--secret " : "";
        return [`pulumi config set ${secret}${key} -- ${shell.quoted(value)}`];
    });
    // The environment has a variable for CBR's address in each region only by the names of Huawei's SDKs.
    const addresses = regions.map((name) => [
        `HUAWEICLOUD_SDK_REGION_CBR_${name.toUpperCase().replaceAll("-", "_")}`,
        simulator.region(name).url,
    ]);
    const exports = [...Object.entries(environment), ...addresses].map(([key = "", value = ""]) =>
        shell.exported(key, value),
    );
    const width = Math.max(0, ...seeded.map(({ name }) => name.length));
    const vaults = seeded.map(({ region, name, id, what }) => `#   ${region}  ${name.padEnd(width)}  ${id}  ${what}`);
    return [
        `# The CBR simulator runs; Ctrl-C ends it, and nothing is kept.`,
        ...regions.map(
            (name) => `#   ${name}  ${simulator.region(name).url}  project ${simulator.region(name).projectId}`,
        ),
        ...(faults === 0 ? [] : [`#   ${faults} ${faults === 1 ? "fault is" : "faults are"} armed`]),
        ...(vaults.length === 0 ? [] : ["#", "# Vaults", ...vaults]),
        "",
        "# For a stack:",
        ...set,
        "",
        "# Or for a shell:",
        ...exports,
        "",
    ].join("\n");
}
