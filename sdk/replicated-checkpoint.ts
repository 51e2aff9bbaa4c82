import * as pulumi from "@pulumi/pulumi";
import { Checkpoint, type CheckpointArgs } from "./checkpoint";
import { CheckpointReplica, type CheckpointReplicaArgs } from "./checkpoint-replica";

/** Where a copy of the restore point goes. */
export interface ReplicatedCheckpointCopy {
    /**
     * Last part of the copy's name in the stack. Default: `region`, if that is a plain string. Two copies into one
     * region need one.
     */
    readonly name?: string;
    /** Region to copy to. Changing it replaces the copy. */
    readonly region: pulumi.Input<string>;
    /** Project there, 32 hexadecimal digits. Default: the one that IAM names there. Changing it replaces the copy. */
    readonly projectId?: pulumi.Input<string>;
    /** Vault there, of protect type replication. Changing it replaces the copy. */
    readonly vaultId: pulumi.Input<string>;
    /** Copies faster, for a charge of its own; Huawei Cloud only. Default: false. */
    readonly enableAcceleration?: CheckpointReplicaArgs["enableAcceleration"];
    /** Of a copy to another account; Huawei Cloud only. Changing it replaces the copy. */
    readonly crossAccountUrn?: CheckpointReplicaArgs["crossAccountUrn"];
    /** What becomes of the replicas when this copy goes: `retain` or `delete`. Default: that of the restore point. */
    readonly deletionPolicy?: CheckpointReplicaArgs["deletionPolicy"];
    /** Default: those of the restore point; else 6 hours to copy. */
    readonly timeouts?: CheckpointReplicaArgs["timeouts"];
}

/** What a {@link ReplicatedCheckpoint} is made from: what a Checkpoint is made from, and where its copies go. */
export type ReplicatedCheckpointArgs = CheckpointArgs & {
    /** One for each place. Changing the list changes copies only, never the restore point. */
    readonly copies: readonly ReplicatedCheckpointCopy[];
};

/**
 * A restore point and its copies in other regions: a `Checkpoint`, and a `CheckpointReplica` for each of `copies`.
 * `triggers`, and every other change that takes a new restore point, copy it anew. `projectId`, `region`, `wait`,
 * `timeouts`, `onPartialFailure` and `deletionPolicy` hold for the copies, too.
 *
 * ```ts
 * const release = new cbr.ReplicatedCheckpoint("release", {
 *     vaultId, triggers: { version }, copies: [{ region: "eu-nl", vaultId: vaultInNl }],
 * });
 * export const replicas = release.destinationBackupIds.apply((byRegion) => byRegion["eu-nl"]);
 * ```
 */
export class ReplicatedCheckpoint extends pulumi.ComponentResource {
    readonly checkpoint: Checkpoint;
    /** The restore point's id. */
    readonly checkpointId: pulumi.Output<string>;
    /** Ids of the restore point's good backups. */
    readonly backupIds: pulumi.Output<string[]>;
    /** In the order of the argument. */
    readonly copies: readonly CheckpointReplica[];
    /** Region → ids of the good replicas there. */
    readonly destinationBackupIds: pulumi.Output<Record<string, string[]>>;

    constructor(name: string, args: ReplicatedCheckpointArgs, options: pulumi.ComponentResourceOptions = {}) {
        const renamed = { aliases: [{ type: "cbr:index:RestorePoint" }] };
        super("cbr:index:ReplicatedCheckpoint", name, {}, pulumi.mergeOptions(options, renamed));
        const { copies, ...checkpointArgs } = args;
        const { customTimeouts } = options;
        const childOptions = { parent: this, ...(customTimeouts === undefined ? {} : { customTimeouts }) };
        const classes = this.classes();
        this.checkpoint = new classes.Checkpoint(name, checkpointArgs, childOptions);
        this.checkpointId = this.checkpoint.id;
        this.backupIds = this.checkpoint.backupIds;
        const { region, projectId, wait, onPartialFailure } = checkpointArgs;
        const { timeouts: ownTimeouts, deletionPolicy: ownPolicy } = checkpointArgs;
        const shared = { region, projectId, wait, onPartialFailure, timeouts: ownTimeouts, deletionPolicy: ownPolicy };
        const names = copyNames(name, copies);
        this.copies = copies.map((copy, index) => {
            const { timeouts, deletionPolicy, enableAcceleration, crossAccountUrn } = copy;
            const own = { timeouts, deletionPolicy, enableAcceleration, crossAccountUrn };
            const copyArgs: CheckpointReplicaArgs = {
                ...given(shared),
                ...given(own),
                ...given({ destinationProjectId: copy.projectId }),
                // Pulumi: in the preview of an update in place all outputs are unknown, but the id is not.
                checkpointId: this.checkpoint.id,
                destinationRegion: copy.region,
                destinationVaultId: copy.vaultId,
            };
            return new classes.CheckpointReplica(`${name}-${names[index]}`, copyArgs, childOptions);
        });
        this.destinationBackupIds = pulumi
            .all(this.copies.map((copy) => pulumi.all([copy.destinationRegion, copy.destinationBackupIds])))
            .apply((pairs) => {
                const byRegion: Record<string, string[]> = {};
                for (const [to, ids] of pairs) byRegion[to] = [...(byRegion[to] ?? []), ...(ids ?? [])];
                return byRegion;
            });
        this.registerOutputs({
            checkpointId: this.checkpointId,
            backupIds: this.backupIds,
            destinationBackupIds: this.destinationBackupIds,
        });
    }

    /** What it is made of. */
    protected classes(): { Checkpoint: typeof Checkpoint; CheckpointReplica: typeof CheckpointReplica } {
        return { Checkpoint, CheckpointReplica };
    }

    /** True for objects of this class, also from another copy of the package. */
    static override isInstance(value: unknown): value is ReplicatedCheckpoint {
        return (
            typeof value === "object" &&
            value !== null &&
            Reflect.get(value, "__pulumiType") === "cbr:index:ReplicatedCheckpoint"
        );
    }
}

/** @deprecated Until 0.1.0 the name of {@link ReplicatedCheckpoint}. */
export const RestorePoint = ReplicatedCheckpoint;
/** @deprecated Until 0.1.0 the name of {@link ReplicatedCheckpoint}. */
export type RestorePoint = ReplicatedCheckpoint;
/** @deprecated Until 0.1.0 the name of {@link ReplicatedCheckpointArgs}. */
export type RestorePointArgs = ReplicatedCheckpointArgs;
/** @deprecated Until 0.1.0 the name of {@link ReplicatedCheckpointCopy}. */
export type RestorePointCopy = ReplicatedCheckpointCopy;

/** `record` without what is not given. */
function given<T extends Record<string, unknown>>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
    return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
        [K in keyof T]?: Exclude<T[K], undefined>;
    };
}

/** Names must not depend on places in the list: taking one out would rename, and so replace, those behind it. */
function copyNames(name: string, copies: readonly ReplicatedCheckpointCopy[]): string[] {
    const names: string[] = [];
    for (const [index, copy] of copies.entries()) {
        const own = copy.name ?? (typeof copy.region === "string" ? copy.region : undefined);
        if (own === undefined)
            throw new Error(
                `ReplicatedCheckpoint ${name}: copies[${index}] needs a name, because its region is no plain string.`,
            );
        if (names.includes(own))
            throw new Error(
                `ReplicatedCheckpoint ${name}: two copies are named ${own}: give copies[${index}] another name.`,
            );
        names.push(own);
    }
    return names;
}
