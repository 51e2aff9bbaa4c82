/** Puts what a seed says into the simulator. Ids that nobody gave follow from the names: the same in each run. */
import { createHash } from "node:crypto";
import type { BackupState, Cloud, ResourceSeed, Simulator, VaultState } from "../../sdk/testing";
import { durationOf, Failure } from "../command";
import type { CopyInSeed, SeedFile, SeriesInSeed, VaultInSeed } from "./seed-file";

/** A UUID that a text always gives. */
function idOf(text: string): string {
    const hex = createHash("sha256").update(text).digest("hex");
    const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`];
    return [...parts, hex.slice(20, 32)].join("-");
}

const MINUTE_MS = 60_000;

/** `source` begins messages: the option and the file. */
export function plant(simulator: Simulator<string>, seed: SeedFile, nowMs: number, source: string): void {
    const planted: { region: string; seed: VaultInSeed; vault: VaultState; at: string }[] = [];
    for (const [region, { vaults }] of Object.entries(seed.regions)) {
        const names = new Set<string>();
        for (const [index, one] of vaults.entries()) {
            const at = `${source}: regions.${region}.vaults[${index}]`;
            if (names.has(one.name)) throw new Failure(`${at}.name: there are two vaults ${one.name}`);
            names.add(one.name);
            planted.push({ region, seed: one, vault: plantVault(simulator.region(region).cloud, region, one, at), at });
        }
    }
    // Copies go to vaults that stand behind in the file, too.
    for (const { region, seed: one, vault, at } of planted) {
        const place = { simulator, region, vault, nowMs };
        if (one.policy !== undefined) plantPolicy(place, one.policy, `${at}.policy`);
        for (const [index, series] of (one.backups ?? []).entries())
            plantSeries(place, series, `${at}.backups[${index}]`, `backups-${index}`);
    }
}

/** What a vault of an object type can protect. */
const PROTECTS: Readonly<Record<string, RegExp>> = {
    server: /Server$/,
    disk: /Volume$/,
    turbo: /Turbo$/,
    workspace: /Desktop/,
};

/** What no cloud has: a test that stands on it would show nothing. */
function checkVault(seed: VaultInSeed, at: string): void {
    const { protectType = "backup", objectType = "server", resources = [], onPremises } = seed;
    if (onPremises !== undefined && protectType !== "hybrid")
        throw new Failure(`${at}.onPremises: only a vault of protectType hybrid has on-premises storage`);
    if (resources.length > 0 && protectType === "replication")
        throw new Failure(`${at}.resources: a vault of protectType replication protects nothing`);
    for (const [index, { type }] of resources.entries())
        if (type !== undefined && PROTECTS[objectType]?.test(type) === false)
            throw new Failure(`${at}.resources[${index}].type: a vault of objectType ${objectType} holds no ${type}`);
}

function plantVault(cloud: Cloud, region: string, seed: VaultInSeed, at: string): VaultState {
    checkVault(seed, at);
    const { policy, backups: _, onPremises, resources = [], ...facts } = seed;
    const id = seed.id ?? idOf(`vault ${region} ${seed.name}`);
    if (cloud.vaults.has(id)) throw new Failure(`${at}.id: there are two vaults ${id}`);
    const names = new Set<string>();
    const made = resources.map((one, index): ResourceSeed => {
        if (names.has(one.name)) throw new Failure(`${at}.resources[${index}].name: there are two ${one.name}`);
        names.add(one.name);
        const { disks, ...given } = one;
        const stem = `${region} ${seed.name} ${one.name}`;
        const disksOf = typeof disks === "number" ? Array.from({ length: disks }, () => ({})) : disks;
        return {
            ...withoutUndefined(given),
            id: one.id ?? idOf(`resource ${stem}`),
            ...(disksOf === undefined && !isServer(seed, one)
                ? {}
                : {
                      disks: (disksOf ?? [{}]).map((disk, number) => ({
                          id: idOf(`disk ${stem} ${number}`),
                          name: number === 0 ? "system" : `data-${number}`,
                          ...withoutUndefined(disk),
                      })),
                  }),
        };
    });
    return cloud.addVault({
        ...withoutUndefined(facts),
        id,
        resources: made,
        ...(policy === undefined ? {} : { policyId: idOf(`policy ${region} ${seed.name}`) }),
        ...(onPremises === undefined ? {} : { onPremises: { added: onPremises } }),
    });
}

function isServer(vault: VaultInSeed, { type }: { type?: string | undefined }): boolean {
    const { objectType = vault.protectType === "hybrid" ? "vmware" : "server" } = vault;
    return type === undefined ? objectType === "server" || objectType === "workspace" : /Server|Desktop/.test(type);
}

interface Place {
    readonly simulator: Simulator<string>;
    readonly region: string;
    readonly vault: VaultState;
    readonly nowMs: number;
}

function plantPolicy(place: Place, policy: NonNullable<VaultInSeed["policy"]>, at: string): void {
    const { every, keep, ago, copies } = policy;
    const seconds = durationOf("seed", every) / 1_000;
    const series = { every, count: keep, ago, copies, autoTrigger: true, expiresAfter: `${seconds * keep}s` };
    plantSeries(place, series, at, "policy");
}

function plantSeries(place: Place, series: SeriesInSeed, at: string, key: string): void {
    const { simulator, region, vault, nowMs } = place;
    const { cloud } = simulator.region(region);
    const { count = 1, every, ago } = series;
    if (count > 1 && every === undefined) throw new Failure(`${at}.every: is missing; how far apart are the ${count}?`);
    const everyMs = every === undefined ? 0 : durationOf("seed", every);
    const agoMs = ago === undefined ? MINUTE_MS : durationOf("seed", ago);
    const resources = series.resources?.map((name, index) => {
        const found = [...vault.resources.values()].find((one) => one.name === name);
        if (found === undefined)
            throw new Failure(`${at}.resources[${index}]: the vault has no ${JSON.stringify(name)}`);
        return found.id;
    });
    if (vault.resources.size === 0) throw new Failure(`${at}: vault ${vault.name} protects nothing`);
    for (let number = count - 1; number >= 0; number--) {
        const stem = `${region} ${vault.name} ${key} ${number}`;
        let next = 0;
        const newId = () => idOf(`${stem} ${next++}`);
        const createdMs = nowMs - agoMs - number * everyMs;
        const expiresMs =
            series.expiresAfter === undefined ? undefined : createdMs + durationOf("seed", series.expiresAfter);
        // What has expired by now is no more.
        if (expiresMs !== undefined && expiresMs <= nowMs) continue;
        const { id } = cloud.addCheckpoint(vault.id, {
            ...withoutUndefined({
                name: nameOf(series, number, stem),
                resources,
                status: series.status,
                autoTrigger: series.autoTrigger,
                incremental: series.incremental,
                expiresAt: expiresMs === undefined ? undefined : new Date(expiresMs),
            }),
            createdAt: new Date(createdMs),
            newId,
        });
        for (const [index, copy] of (series.copies ?? []).entries())
            plantCopies(place, cloud.backupsOf(id), copy, { at: `${at}.copies[${index}]`, newId });
    }
}

function nameOf({ name, count = 1, autoTrigger }: SeriesInSeed, number: number, stem: string): string {
    if (name === undefined) return `${autoTrigger ? "autobk" : "manualbk"}_${idOf(stem).slice(0, 4)}`;
    return count === 1 ? name : `${name}-${count - number}`;
}

function plantCopies(
    { simulator, region, nowMs }: Place,
    backups: readonly BackupState[],
    copy: CopyInSeed,
    { at, newId }: { readonly at: string; readonly newId: () => string },
): void {
    const { region: to, vault: wanted, status } = typeof copy === "string" ? { region: copy } : copy;
    let destination: Cloud;
    try {
        destination = simulator.region(to).cloud;
    } catch {
        throw new Failure(`${at}: there is no region ${to} in the file`);
    }
    if (to === region) throw new Failure(`${at}: ${to} is the backups' own region`);
    const vaults = [...destination.vaults.values()].filter(({ protectType }) => protectType === "replication");
    const vault = vaults.find(({ name }) => wanted === undefined || name === wanted);
    if (vault === undefined)
        throw new Failure(
            `${at}: ${to} has no vault ${wanted === undefined ? "" : `${wanted} `}of protectType replication`,
        );
    const { cloud } = simulator.region(region);
    for (const backup of backups) {
        const createdMs = Math.min(nowMs, Date.parse(backup.createdAt) + 30 * MINUTE_MS);
        cloud.addReplica(backup.id, destination, vault.id, {
            createdAt: new Date(createdMs),
            newId,
            autoTrigger: backup.autoTrigger,
            ...(status === undefined ? {} : { status }),
        });
    }
}

/** What was not given takes the simulator's default. */
function withoutUndefined<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
    const entries = Object.entries(record).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
