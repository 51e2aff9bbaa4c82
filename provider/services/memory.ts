import type { CheckpointLooks } from "../reads/checkpoint-lists";
import type { SeenTasks } from "../reads/task-ids";
import type { PreflightReads } from "../resource/preflight";
import type { CopyClaim } from "../resources/copies/find-lost";
import type { SourceBackups } from "../resources/copies/source-backups";

/** By a text; as the language's own Map will have it. */
class ComputedMap<V> extends Map<string, V> {
    getOrInsertComputed(key: string, compute: () => V): V {
        const value = this.get(key) ?? compute();
        this.set(key, value);
        return value;
    }
}

/**
 * What a process remembers besides its state, for all of its resources. A provider that is configured anew begins anew.
 */
export class Memory {
    /** URN of the resource that has a restore point, by checkpoint id: what is one resource's is never another's. */
    readonly checkpointOwners = new Map<string, string>();
    /**
     * By URN: the ids of the restore point, copies and tasks that state has of a resource. Its replacement's requests
     * have not made these.
     */
    readonly storedIds = new Map<string, ReadonlySet<string>>();
    /** Vaults of which a restore point is to be taken, as far as the checks of this run have told. */
    readonly growingVaults = new Set<string>();
    /** Copies that an answer gave to a resource, by record id: what is one resource's is never another's. */
    readonly copyClaims = new Map<string, CopyClaim>();
    /** The backup that a replica is of, by replica id: what is one backup's is never another's. */
    readonly replicaOwners = new Map<string, string>();
    /** The copies whose replicas the cloud has deleted for this run, as `copyKey` names them. */
    readonly deletedCopies = new Set<string>();
    /** The copy that a task which has ended was of, by task id: what is one copy's is never another's. */
    readonly taskOwners = new Map<string, string>();
    /** By project: tasks that lists of them have shown. */
    readonly seenTasks = new ComputedMap<SeenTasks>();
    /** How often the tasks alone told of a destination vault's copies. */
    readonly toldByTasks = new Map<string, number>();
    /** By project: the source backups of its copies. */
    readonly sourceBackups = new ComputedMap<SourceBackups>();
    /** By project: what all that wait for checkpoints in it look at. */
    readonly checkpointLooks = new ComputedMap<CheckpointLooks>();
    /** By what is read: lists that several resources share. */
    readonly sharedReads = new ComputedMap<object>();
    /** Filters of lists that a region does not know, each with the region's name. */
    readonly refusedFilters = new Set<string>();
    /** What previews have asked and heard. */
    preflight: PreflightReads | undefined;
}
