import { RestorePoint as DynamicRestorePoint } from "../restore-point";
import { Checkpoint, CheckpointReplica } from "./resources";

/** A restore point and its copies in other regions, made of the native resources. */
export class RestorePoint extends DynamicRestorePoint {
    protected override classes() {
        return { Checkpoint, CheckpointReplica };
    }
}
