import { microsOf } from "./cloud/instants";
import type { Schedule } from "./cloud/schedule";
import type { Dialect } from "./cloud/state";
import type { Store } from "./cloud/store";
import type { ObjectEffect } from "./faults/fault-schema";

/** Times and readings that the whole simulator follows; every one can be set in `startSimulator`. */
export interface Rules {
    /** Milliseconds a backup takes. */
    backupMs: number;
    /** Milliseconds a replication takes. */
    replicationMs: number;
    /** Milliseconds a synchronisation takes. */
    syncMs: number;
    /** Milliseconds a restoration takes. */
    restoreMs: number;
    /** Milliseconds a deletion takes. */
    deleteMs: number;
    /**
     * Lists leave incremental backups out unless asked with `incremental=true` (api-notes: Filter for incremental
     * backups).
     */
    hideIncremental: boolean;
    /** Whether Huawei's GET checkpoint repeats name and description (`extra_info`). */
    echoExtraInfo: boolean;
    /**
     * A vault replication with nothing to do is refused with 0001, or answered with an empty list
     * (api-notes: One replica a backup and region).
     */
    nothingToReplicate: "refuse" | "empty";
    /** How DELETE of a missing backup is refused (api-notes: Deleting a missing backup). */
    missingBackupCode: "BackupService.6200" | "CSBS.3001";
    /**
     * ListProtectable says of a resource in a vault that it cannot be backed up, with 6103 (api-notes: Protectable
     * resources). Its vault backs it up all the same.
     */
    barsInVault: boolean;
    /**
     * Whether a replica can be seen from the start of its replication (status `protecting`), or only once it is whole.
     */
    replicaAppears: "start" | "end";
    /**
     * Milliseconds that lists of backups (with their replication records) and of tasks lag behind: they do not show
     * what is younger. A read by id does.
     */
    listLagMs: number;
    /**
     * How a project that is not the caller's is refused: 403 APIGW.0302, or, as OpenStack services do, 401 "Malformed
     * request url".
     */
    otherProject: "forbidden" | "malformed-url";
}

/** What handlers share: the clock, the rules, and every region's projects. */
export interface World {
    readonly schedule: Schedule;
    readonly rules: Rules;
    /** The objects of a project, if the region has that project. */
    store(region: string, projectId: string): Store | undefined;
    hasRegion(region: string): boolean;
    /** Are these two projects of one account? */
    isOneAccount(projectId: string, otherId: string): boolean;
    /** Regions that `region` can replicate to. */
    destinations(region: string): readonly string[];
    readonly regionNames: readonly string[];
}

/** One authenticated CBR request, as a handler sees it. */
export interface Call {
    readonly world: World;
    readonly store: Store;
    readonly dialect: Dialect;
    readonly requestId: string;
    /** Path parameters by name. */
    readonly params: Readonly<Record<string, string>>;
    readonly query: URLSearchParams;
    /** Parsed JSON of the body; undefined when there was none. */
    readonly body: unknown;
    /** Faults that strike what the request makes or touches. */
    readonly effects: readonly ObjectEffect[];
}

/** Is it old enough to be in a list? */
export function isListed(call: Call, createdAt: string): boolean {
    const { rules, schedule } = call.world;
    return rules.listLagMs === 0 || microsOf(createdAt) <= (schedule.now() - rules.listLagMs) * 1_000;
}

/** The first effect of a kind among those that strike a call. */
export function effectOf<K extends ObjectEffect["kind"]>(
    call: Call,
    kind: K,
): Extract<ObjectEffect, { kind: K }> | undefined {
    return call.effects.find((effect): effect is Extract<ObjectEffect, { kind: K }> => effect.kind === kind);
}

/** Whether a selector of a fault means this object. */
export function selects(
    selector: string | number | undefined,
    id: string,
    index: number,
    fallback: "all" | 0,
): boolean {
    const wanted = selector ?? fallback;
    return wanted === "all" || wanted === id || wanted === index;
}
