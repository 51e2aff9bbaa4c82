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
    /** Milliseconds a deletion takes. */
    deleteMs: number;
    /** A4: lists leave incremental backups out unless asked with `incremental=true`. */
    hideIncremental: boolean;
    /** Whether Huawei's GET checkpoint repeats name and description (`extra_info`). */
    echoExtraInfo: boolean;
    /** A6: a vault replication with nothing to do is refused with 0001, or answered with an empty list. */
    nothingToReplicate: "refuse" | "empty";
    /** A14: how DELETE of a missing backup is refused. */
    missingBackupCode: "BackupService.6200" | "CSBS.3001";
    /** Whether a replica can be seen from the start of its replication (status `protecting`), or only once it is whole. */
    replicaAppears: "start" | "end";
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
