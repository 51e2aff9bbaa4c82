/** What the simulator prints: what it holds, and the settings with which a stack or a shell uses it. */
import type { Simulator, VaultState } from "../../sdk/testing";
import { columns, counted, size } from "../text";

const SECRET_KEYS: readonly string[] = [
    "cbr:secretKey",
    "cbr:securityToken",
    "cbr:token",
    "cbr:password",
    "cbr:idToken",
];

const isPlain = (text: string) => /^[\w./:@%+-]+$/.test(text);

/** How a shell is told of settings. */
export interface Shell {
    /** A word of a command. */
    quoted(text: string): string;
    exported(name: string, value: string): string;
    /** True where a program gets the quotes in an argument as they were typed, which Windows PowerShell does not do. */
    readonly keepsQuotes: boolean;
}

const posixWord = (text: string) => (isPlain(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
const powershellWord = (text: string) => `'${text.replaceAll("'", "''")}'`;
export const SHELLS: ReadonlyMap<string, Shell> = new Map([
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

export function welcome(
    simulator: Simulator<string>,
    regions: readonly string[],
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
    return [
        `# The CBR simulator runs; Ctrl-C ends it, and nothing is kept.`,
        ...regions.map(
            (name) => `#   ${name}  ${simulator.region(name).url}  project ${simulator.region(name).projectId}`,
        ),
        ...(faults === 0 ? [] : [`#   ${faults} ${faults === 1 ? "fault is" : "faults are"} armed`]),
        ...holdings(simulator, regions),
        "",
        "# For a stack:",
        ...set,
        "",
        "# Or for a shell:",
        ...exports,
        "",
    ].join("\n");
}

/** Two tables: vaults, and what they protect. */
function holdings(simulator: Simulator<string>, regions: readonly string[]): string[] {
    const vaults = regions.flatMap((region) =>
        [...simulator.region(region).cloud.vaults.values()].map((vault) => ({ region, vault })),
    );
    if (vaults.length === 0) return [];
    const resources = vaults.flatMap(({ region, vault }) =>
        [...vault.resources.values()].map((one) => [
            region,
            vault.name,
            one.name,
            one.id,
            one.disks.length === 0 ? size(one.sizeGb) : `${size(one.sizeGb)}, ${counted(one.disks.length, "disk")}`,
        ]),
    );
    const heading = ["REGION", "VAULT", "ID", "KIND", "HOLDS"];
    const rows = vaults.map(({ region, vault }) => [
        region,
        vault.name,
        vault.id,
        kindOf(vault),
        holds(simulator, region, vault),
    ]);
    return [
        "#",
        "# Vaults",
        ...columns([heading, ...rows], "#   "),
        ...(resources.length === 0
            ? []
            : ["#", "# Resources", ...columns([["REGION", "VAULT", "RESOURCE", "ID", "SIZE"], ...resources], "#   ")]),
    ];
}

function kindOf({ protectType, objectType, policyId, locked }: VaultState): string {
    const more = [...(policyId === undefined ? [] : ["policy"]), ...(locked ? ["locked"] : [])];
    return [`${protectType} (${objectType})`, ...more].join(", ");
}

function holds(simulator: Simulator<string>, region: string, vault: VaultState): string {
    const { cloud } = simulator.region(region);
    const backups = [...cloud.backups.values()].filter(({ vaultId }) => vaultId === vault.id);
    const points = new Set(backups.map(({ checkpointId }) => checkpointId)).size;
    const parts = [
        ...(vault.onPremises.added === 0
            ? []
            : [`${counted(vault.onPremises.added, "backup")} that the cloud does not know yet`]),
        ...(backups.length === 0
            ? []
            : [
                  vault.protectType === "replication"
                      ? counted(backups.length, "copy", "copies")
                      : `${counted(points, "restore point")} (${counted(backups.length, "backup")})`,
              ]),
    ];
    return parts.join(", ") || "no backups";
}
