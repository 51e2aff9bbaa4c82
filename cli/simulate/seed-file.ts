/** What a seed file may say: regions with vaults, what they protect, and the restore points in them. JSON or YAML. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { Failure } from "../command";

const id = z.guid();
const name = z.string().min(1).max(64);
const sizeGb = z.int().min(1);
/** `90m`, `26h`, `30d`. */
const time = z.string().regex(/^(?:\d+(?:\.\d+)?[smhdw])+$/, "must be a time such as 90m, 26h or 30d");

const disk = z.strictObject({ id: id.optional(), name: name.optional(), sizeGb: sizeGb.optional() });

const resource = z.strictObject({
    id: id.optional(),
    name,
    /** `OS::Nova::Server` … Default: what the vault's object type holds. */
    type: z
        .enum([
            ...["OS::Nova::Server", "OS::Cinder::Volume", "OS::Ironic::BareMetalServer", "OS::Native::Server"],
            ...["OS::Sfs::Turbo", "OS::Workspace::DesktopV2"],
        ] as const)
        .optional(),
    sizeGb: sizeGb.optional(),
    /** How many, or which. */
    disks: z.union([z.int().min(1).max(60), z.array(disk).min(1)]).optional(),
});

/** The API's, of a backup. */
const backupStatus = z.enum([
    ...["available", "protecting", "deleting", "restoring", "error"],
    ...["waiting_protect", "waiting_delete", "waiting_restore"],
] as const);

const copy = z.union([
    z.string().min(1),
    z.strictObject({
        region: z.string().min(1),
        /** Name of a vault for replicas there. Default: the first. */
        vault: name.optional(),
        /** Default `available`. */
        status: backupStatus.optional(),
    }),
]);

/** When restore points were taken: one, or `count` of them, `every` so often. */
const series = {
    /** Age of the newest. Default: a minute. */
    ago: time.optional(),
    every: time.optional(),
    count: z.int().min(1).max(10_000).optional(),
    /** Names of resources of the vault. Default: all. */
    resources: z.array(name).min(1).optional(),
    /** Counted from when it was taken. Default: kept for ever. */
    expiresAfter: time.optional(),
    /** Regions, or where exactly, each was copied to. */
    copies: z.array(copy).optional(),
};

const backups = z.strictObject({
    ...series,
    /** Of several, with a number behind it. */
    name: name.optional(),
    /** Default `available`. */
    status: backupStatus.optional(),
    autoTrigger: z.boolean().optional(),
    incremental: z.boolean().optional(),
});

/** What the vault's backup policy has done so far: automatic restore points that expire. It takes no further ones. */
const policy = z.strictObject({
    ago: time.optional(),
    every: time,
    /** So many it keeps. */
    keep: z.int().min(1).max(10_000),
    copies: z.array(copy).optional(),
});

const vault = z.strictObject({
    id: id.optional(),
    name,
    description: z.string().max(64).optional(),
    /** Default `backup`. */
    protectType: z.enum(["backup", "replication", "hybrid"]).optional(),
    /** Default `server`; of a hybrid vault `vmware`. */
    objectType: z.enum(["server", "disk", "turbo", "workspace", "vmware"]).optional(),
    sizeGb: sizeGb.optional(),
    /** Default `available`. */
    status: z.enum(["available", "lock", "frozen", "deleting", "error"]).optional(),
    locked: z.boolean().optional(),
    resources: z.array(resource).optional(),
    /** Of a hybrid vault: backups of its storage that the cloud does not know yet. */
    onPremises: z.int().min(0).optional(),
    policy: policy.optional(),
    backups: z.array(backups).optional(),
});

const seedFile = z.strictObject({
    regions: z.record(
        z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "must be a region's name such as eu-de"),
        z.strictObject({ vaults: z.array(vault) }),
    ),
});

export type SeedFile = z.output<typeof seedFile>;
export type VaultInSeed = z.output<typeof vault>;
export type SeriesInSeed = z.output<typeof backups>;
export type CopyInSeed = z.output<typeof copy>;

/** As `regions.eu-de.vaults[0].name`: zod would quote the region. */
function placeOf(path: readonly PropertyKey[]): string {
    return path
        .map((part, at) => (typeof part === "number" ? `[${part}]` : `${at === 0 ? "" : "."}${String(part)}`))
        .join("");
}

/** Reads a seed file. Throws a `Failure` that names the place, e.g. `seed.yaml: regions.eu-de.vaults[0].sizeGb: …`. */
export async function readSeedFile(file: string): Promise<SeedFile> {
    let content: unknown;
    try {
        content = parse(await readFile(file, "utf8"));
    } catch (error) {
        const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
        throw new Failure(`--seed ${file} cannot be read: ${line.replace(/:$/, "")}`);
    }
    const result = seedFile.safeParse(content);
    if (!result.success) {
        const problems = result.error.issues.map((issue) => {
            const { message } = (issue.code === "invalid_key" ? issue.issues[0] : undefined) ?? issue;
            const isMissing = message.endsWith("received undefined");
            return `${placeOf(issue.path) || "the file"}: ${isMissing ? "is missing" : message}`;
        });
        throw new Failure(`--seed ${file}: ${problems.slice(0, 5).join("; ")}`);
    }
    if (Object.keys(result.data.regions).length === 0) throw new Failure(`--seed ${file}: regions: names none`);
    return result.data;
}
