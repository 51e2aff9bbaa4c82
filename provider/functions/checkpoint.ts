import { z } from "zod";
import { showCheckpoint } from "../client/operations";
import { backupsOfCheckpoint } from "../reads/checkpoint-lists";
import { objectId } from "../resource/resource";
import type { CheckpointOutputs } from "../resources/checkpoint/checkpoint";
import { refuseGone } from "../resources/checkpoint/read";
import { checkpointFacts, toOutputs } from "../resources/checkpoint/schema";
import type { Services } from "../services/context";
import { placeArgs, readOne } from "./arguments";

export const getCheckpointArgs = z.strictObject({
    ...placeArgs,
    /** Id of the restore point. */
    checkpointId: objectId,
});
export type GetCheckpointArgs = z.input<typeof getCheckpointArgs>;

/** A restore point with its backups: what the outputs of a Checkpoint say. */
export type CheckpointResult = Readonly<Pick<CheckpointOutputs, keyof typeof checkpointFacts | "description">>;

export function getCheckpoint(services: Services, args: z.output<typeof getCheckpointArgs>): Promise<CheckpointResult> {
    const { checkpointId: id } = args;
    return readOne(services, args, { kind: "checkpoint", name: "restore point", id }, async (target) => {
        const { checkpoint } = await services.client.call(showCheckpoint, { target, path: { checkpoint_id: id } });
        const resources = (checkpoint.vault?.resources ?? []).map((one) => one.id);
        const rows = await backupsOfCheckpoint(services, target, { checkpointId: id, expected: resources });
        refuseGone(target, checkpoint, rows);
        const description = checkpoint.extra_info?.description;
        const outputs = toOutputs({ vaultId: "" }, target, { wire: checkpoint, rows }, { description });
        const keys = [...Object.keys(checkpointFacts), "description"];
        return Object.fromEntries(keys.map((key) => [key, Reflect.get(outputs, key)])) as CheckpointResult;
    });
}
