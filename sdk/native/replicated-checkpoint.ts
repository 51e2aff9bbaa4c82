import { ReplicatedCheckpoint as DynamicReplicatedCheckpoint } from "../replicated-checkpoint";
import { Checkpoint, CheckpointReplica } from "./resources";

/** A restore point and its copies in other regions, made of the native resources. */
export class ReplicatedCheckpoint extends DynamicReplicatedCheckpoint {
    protected override classes() {
        return { Checkpoint, CheckpointReplica };
    }
}
