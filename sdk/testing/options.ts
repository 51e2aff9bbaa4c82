import type { Clock } from "../../provider/client/time/clock";
import type { ProgressBy } from "./cloud/schedule";
import type { Dialect } from "./cloud/state";
import type { Fault } from "./faults/fault-schema";
import type { Credentials } from "./iam/accounts";
import type { Rules } from "./simulation";

/** A region to simulate. */
export interface RegionOptions<Name extends string = string> {
    /** E.g. "eu-de". */
    name: Name;
    /** 32 hex digits. Default: new ones. */
    projectId?: string;
    /** Default: the region's name. */
    projectName?: string;
    /** Default "huawei". */
    dialect?: Dialect;
    /** Ports to listen on. Default 0: any free one. */
    port?: number;
    iamPort?: number;
}

/** All optional; the defaults give two regions of Huawei Cloud, `eu-de` and `eu-nl`, where a backup takes 200 ms. */
export interface SimulatorOptions<Name extends string = string> extends Partial<Rules> {
    regions?: readonly RegionOptions<Name>[];
    /**
     * "clock" (default): work takes the milliseconds below. "reads": it takes `readsToFinish` GET requests that look at
     * it.
     */
    progressBy?: ProgressBy;
    /** Default 3: final on the third look. */
    readsToFinish?: number;
    /** The clock for progress, tokens, signatures and timestamps. Delays of faults are real. Default: the machine's. */
    clock?: Pick<Clock, "now">;
    /** User, domain and keys. Default: made up anew. */
    credentials?: Partial<Omit<Credentials, "temporary" | "agency">>;
    /** Milliseconds that tokens live. Default 24 h. */
    tokenLifeMs?: number;
    /** Milliseconds that an access key is blocked after more than 5 failures in a row. Default 5 min. */
    keyBlockMs?: number;
    /** Region → regions it can replicate to. Default: every other one. */
    capabilities?: Readonly<Record<string, readonly string[]>>;
    /** True: a checkpoint outlives its last backup. Default false (api-notes: Gone restore points). */
    checkpointSurvivesLastBackup?: boolean;
    /** More CBR requests in one second of one region get 429 APIGW.0308. Default 0: no limit. */
    requestsPerSecond?: number;
    /** True: each region's IAM knows only that region's projects. Default false. */
    iamPerRegion?: boolean;
    /** True: each 2xx answer is read with the client's schema first; what does not fit becomes a 500. Default false. */
    checkAnswers?: boolean;
    /** Faults from the start. */
    faults?: readonly Fault[];
}

/** The times and readings, with their defaults. */
export function rulesFrom(options: SimulatorOptions): Rules {
    return {
        backupMs: options.backupMs ?? 200,
        replicationMs: options.replicationMs ?? 200,
        syncMs: options.syncMs ?? 200,
        restoreMs: options.restoreMs ?? 200,
        deleteMs: options.deleteMs ?? 100,
        hideIncremental: options.hideIncremental ?? false,
        echoExtraInfo: options.echoExtraInfo ?? true,
        nothingToReplicate: options.nothingToReplicate ?? "refuse",
        missingBackupCode: options.missingBackupCode ?? "BackupService.6200",
        barsInVault: options.barsInVault ?? false,
        replicaAppears: options.replicaAppears ?? "end",
        listLagMs: options.listLagMs ?? 0,
        otherProject: options.otherProject ?? "forbidden",
    };
}
