// A simulated cloud for the commands that look at backups, at a time that stands still, and states of stacks beside it.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../provider/client/time/clock";
import type { Journal } from "../../provider/exactly-once/journal";
import {
    type BackupState,
    type CheckpointSeed,
    type Cloud,
    type Simulator,
    type SimulatorOptions,
    startSimulator,
    type VaultState,
} from "../../sdk/testing";
import { type CliOptions, type CliRun, runCli } from "./run-cli";

export const NOW = Date.UTC(2026, 10, 28, 12, 0, 0);
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Time moves by sleeping only. */
export class StillClock implements Clock {
    #now = NOW;
    /** Called before each sleep. */
    onSleep: () => void = () => {};
    now(): number {
        return this.#now;
    }
    random(): number {
        return 0.5;
    }
    async sleep(ms: number, signal?: AbortSignal): Promise<void> {
        this.onSleep();
        const wake = this.#now + Math.max(0, ms);
        signal?.throwIfAborted();
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
        this.#now = Math.max(this.#now, wake);
    }
}

/** Resolves once a condition holds at the beginning of a sleep: a person who presses Ctrl-C while the command waits. */
export function whenAsleep(clock: StillClock, condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
        clock.onSleep = () => {
            if (condition()) resolve();
        };
    });
}

export interface TestCloud {
    readonly sim: Simulator;
    readonly clock: StillClock;
    /** eu-de, with a server vault `production` that has web-1 and db-1. */
    readonly home: Cloud;
    /** eu-nl, with a replication vault `copies`. */
    readonly away: Cloud;
    readonly production: VaultState;
    readonly copies: VaultState;
    readonly env: Record<string, string>;
    /** Id of a server. */
    server(name: string): string;
    /** Takes a restore point of `production`, so many milliseconds ago. */
    take(agoMs: number, seed?: CheckpointSeed): BackupState[];
    /** Copies backups to `copies`; an hour after they were taken, if not told otherwise. */
    copy(backups: readonly BackupState[], createdMs?: number): BackupState[];
    run(args: readonly string[], options?: CliOptions): Promise<CliRun>;
    /** Operations that were called since the start or `clearRequests`, without sign-in. */
    calls(): string[];
    close(): Promise<void>;
}

export async function startCloud(
    options: Omit<SimulatorOptions<"eu-de" | "eu-nl">, "clock"> & { journal?: Journal } = {},
): Promise<TestCloud> {
    const clock = new StillClock();
    const { journal, ...rest } = options;
    const sim = (await startSimulator({ checkAnswers: true, ...rest, clock })) as Simulator;
    const home = sim.regions["eu-de"].cloud;
    const away = sim.regions["eu-nl"].cloud;
    const production = home.addVault({
        name: "production",
        resources: [{ name: "web-1" }, { name: "db-1", sizeGb: 100, disks: 2 }],
    });
    const copies = away.addVault({ name: "copies", protectType: "replication" });
    const addresses = ["eu-de", "eu-nl"].map((name) => [
        `HUAWEICLOUD_SDK_REGION_CBR_${name.toUpperCase().replace("-", "_")}`,
        sim.region(name).url,
    ]);
    const env = { ...sim.settings().environment, ...Object.fromEntries(addresses), HOME: "/nowhere" };
    return {
        sim,
        clock,
        home,
        away,
        production,
        copies,
        env,
        server: (name) => [...production.resources.values()].find((one) => one.name === name)?.id ?? "",
        take: (agoMs, seed = {}) =>
            home.backupsOf(home.addCheckpoint(production.id, { createdAt: new Date(NOW - agoMs), ...seed }).id),
        copy: (backups, createdMs) =>
            backups.map((one) =>
                home.addReplica(one.id, away, copies.id, {
                    createdAt: new Date(createdMs ?? Math.min(NOW, Date.parse(one.createdAt) + HOUR)),
                }),
            ),
        run: (args, more = {}) => runCli(args, { env, clock, ...(journal === undefined ? {} : { journal }), ...more }),
        calls: () =>
            sim.requests
                .map(({ operation }) => operation ?? "?")
                .filter((operation) => !operation.startsWith("Keystone")),
        close: () => sim.close(),
    };
}

export interface StateEntry {
    readonly kind?: string;
    /** A whole type, for resources of others. */
    readonly type?: string;
    readonly name: string;
    readonly id?: string;
    readonly inputs?: object;
    readonly outputs?: object;
}

/** A state as `pulumi stack export` writes it. */
export function stateOf(
    entries: readonly StateEntry[],
    { stack = "prod", project = "shop", pending = [] as readonly StateEntry[] } = {},
): object {
    const resource = ({ kind, type, name, id, inputs = {}, outputs = {} }: StateEntry) => {
        const whole = type ?? `pulumi-nodejs:dynamic/cbr:${kind}`;
        return { urn: `urn:pulumi:${stack}::${project}::${whole}::${name}`, type: whole, id, inputs, outputs };
    };
    return {
        version: 3,
        deployment: {
            manifest: { time: "2026-11-28T12:00:00Z", magic: "", version: "v3.276.0" },
            resources: [
                resource({ type: "pulumi:pulumi:Stack", name: `${project}-${stack}` }),
                ...entries.map(resource),
            ],
            pending_operations: pending.map((entry) => ({ resource: resource(entry), type: "creating" })),
        },
    };
}

/** Writes a file in a folder of its own, and gives its path. */
export function fileOf(content: object | string, name = "state.json"): string {
    const file = join(mkdtempSync(join(tmpdir(), "cbr-")), name);
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
}

/** A Checkpoint in state that took these backups. */
export function checkpointEntry(name: string, cloud: TestCloud, backups: readonly BackupState[]): StateEntry {
    const [first] = backups;
    return {
        kind: "Checkpoint",
        name,
        id: first?.checkpointId ?? "",
        inputs: { vaultId: cloud.production.id },
        outputs: {
            region: "eu-de",
            projectId: cloud.home.projectId,
            vaultId: cloud.production.id,
            checkpointId: first?.checkpointId,
            name,
            status: "available",
            skippedResources: [],
            backups: backups.map((one) => ({
                id: one.id,
                status: "available",
                resourceId: one.resourceId,
                createdAt: new Date(one.createdAt).toISOString().replace("Z", ""),
                children: one.children.map((child) => ({ id: child.id, status: "available" })),
            })),
            backupIds: backups.map((one) => one.id),
        },
    };
}

/** A VaultReplication in state that made these replicas. */
export function replicationEntry(
    name: string,
    cloud: TestCloud,
    pairs: readonly (readonly [source: BackupState, replica: BackupState])[],
    more: object = {},
): StateEntry {
    return {
        kind: "VaultReplication",
        name,
        id: `${cloud.production.id}/eu-nl/${cloud.copies.id}/0`,
        outputs: {
            region: "eu-de",
            projectId: cloud.home.projectId,
            destinationRegion: "eu-nl",
            destinationProjectId: cloud.away.projectId,
            destinationVaultId: cloud.copies.id,
            replications: pairs.map(([source, replica]) => ({
                backupId: source.id,
                destinationBackupId: replica.id,
                status: "success",
                ...more,
            })),
            destinationBackupIds: pairs.map(([, replica]) => replica.id),
        },
    };
}
