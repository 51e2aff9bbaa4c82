/** `pulumi-cbr simulate`: the simulator for a person, with vaults and backups in it, until Ctrl-C. */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { systemClock } from "../../provider/client/time/clock";
import {
    type Dialect,
    type RegionOptions,
    type Simulator,
    type SimulatorOptions,
    startSimulator,
} from "../../sdk/testing";
import { type Command, Failure, type Io, UsageError, wholeNumber } from "../command";
import { readFaults } from "./faults";
import { defaultLayout } from "./layout";
import { plant } from "./plant";
import { readSeedFile, type SeedFile } from "./seed-file";
import { SHELLS, type Shell, welcome } from "./welcome";

const DEFAULT_REGIONS: readonly string[] = ["eu-de", "eu-nl"];
/** Long enough to see a wait, short enough to sit through. */
const DEFAULT_BACKUP_SECONDS = 5;
const MAX_VAULTS = 200;

export const simulate: Command = {
    usage: `Usage: pulumi-cbr simulate [options]

Runs the CBR simulator on this machine, prints what it holds and the settings with which a stack uses it, and lives
until Ctrl-C. It listens on loopback only and keeps nothing; with --port and vaults in it, addresses, keys and ids are \
the
same at each start.

Options:
  --region NAME         a region; may be given several times (default ${DEFAULT_REGIONS.join(", ")})
  --dialect NAME        huawei (default) or otc: how the API speaks
  --vaults N            so many server vaults in the first region, 1 to ${MAX_VAULTS} (default 1)
  --seed FILE           YAML or JSON with regions, vaults, servers, policies and backups instead
  --port N              listen on this port and the next ones, two a region (default: free ones)
  --backup-seconds N    how long a backup, a copy, a restoration or a synchronisation takes (default ${
      DEFAULT_BACKUP_SECONDS
  })
  --faults FILE         JSON with faults, e.g. [{"operation": "CreateCheckpoint", "effect": {"status": 503}}]
  --shell NAME          posix or powershell: how the settings are printed (default: powershell on Windows, else posix)
  --no-seed-vaults      an empty cloud; otherwise there are a server vault in each region, a replication vault in each
                        but the first and, unless --dialect is otc, a hybrid vault
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
                vaults: { type: "string" },
                seed: { type: "string" },
                port: { type: "string" },
                "backup-seconds": { type: "string" },
                faults: { type: "string" },
                shell: { type: "string" },
                "seed-vaults": { type: "boolean", default: true },
            },
        });
        refuseTogether(values);
        const dialect = dialectNamed(values.dialect ?? "huawei");
        const vaults = values.vaults === undefined ? 1 : wholeNumber("vaults", values.vaults, 1, MAX_VAULTS);
        const seedFile = values.seed === undefined ? undefined : await readSeedFile(values.seed);
        const regions =
            seedFile === undefined ? checkedRegions(values.region ?? DEFAULT_REGIONS) : Object.keys(seedFile.regions);
        const seed =
            seedFile ?? (values["seed-vaults"] ? defaultLayout(regions, vaults, dialect === "huawei") : undefined);
        const port = values.port === undefined ? undefined : wholeNumber("port", values.port, 1, 65_535);
        const seconds = values["backup-seconds"];
        const workMs =
            (seconds === undefined ? DEFAULT_BACKUP_SECONDS : wholeNumber("backup-seconds", seconds, 0, 86_400)) *
            1_000;
        const shell = shellNamed(values.shell);
        const faults = values.faults === undefined ? [] : await readFaults(values.faults, regions);
        const options = {
            regions: regions.map((name, at) => ({ name, dialect, ...placeOf(name, at, port, seed !== undefined) })),
            ...(seed === undefined ? {} : { credentials: sameCredentials }),
            ...(io.clock === undefined ? {} : { clock: io.clock }),
            backupMs: workMs,
            replicationMs: workMs,
            syncMs: workMs,
            restoreMs: workMs,
            faults,
        };
        return live(options, { seed, source: values.seed === undefined ? "" : `--seed ${values.seed}`, shell }, io);
    },
};

async function live(
    options: SimulatorOptions<string> & { readonly regions: readonly RegionOptions[] },
    { seed, source, shell }: { seed: SeedFile | undefined; source: string; shell: Shell },
    io: Io,
): Promise<number> {
    const interrupted = io.interrupted();
    const simulator = await start(options);
    try {
        if (seed !== undefined) plant(simulator, seed, (io.clock ?? systemClock).now(), source);
        const regions = options.regions.map(({ name }) => name);
        io.out(welcome(simulator, regions, options.faults?.length ?? 0, shell));
        await interrupted;
    } finally {
        await simulator.close();
    }
    io.out("\nThe simulator has ended.\n");
    return 0;
}

async function start(options: SimulatorOptions<string>): Promise<Simulator<string>> {
    try {
        return await startSimulator<string>(options);
    } catch (error) {
        const { code, port } = error as NodeJS.ErrnoException & { port?: number };
        if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
        throw new Failure(
            `--port: ${port} ${code === "EACCES" ? "may not be listened on" : "is in use"}; a region takes ` +
                "two ports, one after the other",
        );
    }
}

/** What would be passed over in silence. */
function refuseTogether(values: {
    readonly seed?: string | undefined;
    readonly region?: readonly string[] | undefined;
    readonly vaults?: string | undefined;
    readonly "seed-vaults": boolean;
}): void {
    if (values.seed !== undefined && values.region !== undefined)
        throw new UsageError("takes --seed or --region, not both: the file names the regions");
    if (values.seed !== undefined && values.vaults !== undefined)
        throw new UsageError("takes --seed or --vaults, not both: the file names the vaults");
    if (!values["seed-vaults"] && (values.seed !== undefined || values.vaults !== undefined))
        throw new UsageError(
            `takes --no-seed-vaults or ${values.seed === undefined ? "--vaults" : "--seed"}, not both`,
        );
}

function dialectNamed(name: string): Dialect {
    if (name === "huawei" || name === "otc") return name;
    throw new UsageError(`--dialect is ${JSON.stringify(name)}, but must be huawei or otc`);
}

function shellNamed(given: string | undefined): Shell {
    const name = given ?? (process.platform === "win32" ? "powershell" : "posix");
    const shell = SHELLS.get(name);
    if (shell !== undefined) return shell;
    throw new UsageError(`--shell is ${JSON.stringify(name)}, but must be posix or powershell`);
}

function placeOf(name: string, at: number, port: number | undefined, isSeeded: boolean): Partial<RegionOptions> {
    const first = port === undefined ? undefined : port + 2 * at;
    if (first !== undefined && first + 1 > 65_535)
        throw new UsageError(`--port is ${port}, but there are not two ports a region from there on`);
    return {
        ...(isSeeded ? { projectId: digits("project", name, 32) } : {}),
        ...(first === undefined ? {} : { port: first, iamPort: first + 1 }),
    };
}

/** Hexadecimal digits that the same words always give: no secret, and good on loopback only. */
function digits(what: string, name: string, count: number): string {
    return createHash("sha256").update(`pulumi-cbr simulate ${what} ${name}`).digest("hex").slice(0, count);
}

/** Where there is something to find again, the settings that lead there stay good as well. */
const sameCredentials = {
    userId: digits("user", "", 32),
    password: `Pw-${digits("password", "", 20)}`,
    domainId: digits("domain", "", 32),
    accessKey: `SIM${digits("access key", "", 17).toUpperCase()}`,
    secretKey: digits("secret key", "", 40),
};

function checkedRegions(names: readonly string[]): readonly string[] {
    for (const name of names)
        if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
            throw new UsageError(`--region is ${JSON.stringify(name)}, but must be a name such as eu-de`);
    if (new Set(names).size < names.length) throw new UsageError("--region names a region twice");
    return names;
}
