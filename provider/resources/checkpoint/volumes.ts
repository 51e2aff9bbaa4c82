/** Which of a server's volumes a restore point is of: inputs, request, and whether the cloud did as it was asked. */
import { z } from "zod";
import { ApiError, messageOf, OperationFailedError } from "../../client/errors/errors";
import { objectId } from "../../resource/resource";
import type { Context } from "../../services/context";
import type { CheckpointInputs, CheckpointOutputs } from "./checkpoint";
import { isGoodBackup } from "./status";

const LEAVE_OUT = "must name at least one volume; leave it out to back up all";
/** A resource of this type has no volumes to choose from. */
const WITHOUT_VOLUMES = new Set(["OS::Cinder::Volume", "OS::Sfs::Turbo"]);

/** Inputs of one of `resourceDetails`. */
export const volumeChoice = {
    /**
     * Ids of volumes of the server that are not backed up (the API's `exclude_volumes`); volumes attached later are.
     * Not together with includeVolumes.
     */
    excludeVolumes: z.array(objectId).min(1, LEAVE_OUT).optional(),
    /**
     * The only volumes of the server that are backed up (the API's `include_volumes`; Huawei Cloud only). Not together
     * with excludeVolumes.
     */
    includeVolumes: z
        .array(
            z.strictObject({
                /** Id of the volume. */
                id: objectId,
                /** Operating system on it, as the API takes it. */
                osVersion: z.string().optional(),
            }),
        )
        .min(1, LEAVE_OUT)
        .optional(),
};
export type VolumeChoice = z.output<z.ZodObject<typeof volumeChoice>>;

/** Rules within one of `resourceDetails`. */
export function checkVolumeChoice(
    { type, excludeVolumes, includeVolumes }: VolumeChoice & { type: string },
    { addIssue }: z.RefinementCtx,
): void {
    const refuse = (path: (string | number)[], message: string) => addIssue({ code: "custom", path, message });
    if (excludeVolumes !== undefined && includeVolumes !== undefined)
        refuse(["includeVolumes"], "cannot be given together with excludeVolumes: say what is in, or what is out");
    const lists = { excludeVolumes, includeVolumes: includeVolumes?.map(({ id }) => id) };
    for (const [key, ids] of Object.entries(lists)) {
        if (ids === undefined) continue;
        if (WITHOUT_VOLUMES.has(type)) refuse([key], `is for servers: a resource of type ${type} has no volumes`);
        const lower = ids.map((id) => id.toLowerCase());
        for (const [index, id] of lower.entries())
            if (lower.indexOf(id) < index) refuse([key, index], "names a volume twice");
    }
}

/** The request's `extra_info`, where volumes are chosen. */
export function extraInfo({ excludeVolumes, includeVolumes }: VolumeChoice) {
    if (excludeVolumes === undefined && includeVolumes === undefined) return {};
    const included = includeVolumes?.map(({ id, osVersion }) => ({
        id,
        ...(osVersion === undefined ? {} : { os_version: osVersion }),
    }));
    return {
        extra_info: {
            ...(excludeVolumes === undefined ? {} : { exclude_volumes: excludeVolumes }),
            ...(included === undefined ? {} : { include_volumes: included }),
        },
    };
}

/** The inputs that choose volumes, by the words a program uses. */
function chosenBy(details: readonly VolumeChoice[] | undefined): string[] {
    return (["excludeVolumes", "includeVolumes"] as const).filter((key) =>
        details?.some((one) => one[key] !== undefined),
    );
}

/** A refused parameter may be one that this cloud, or region, does not have. */
export function explainVolumeChoice(error: unknown, details: CheckpointInputs["resourceDetails"]): unknown {
    const keys = chosenBy(details);
    if (keys.length === 0 || !(error instanceof ApiError) || error.failure.code !== "BackupService.9900") return error;
    return new OperationFailedError(
        `${messageOf(error)} ${keys.join(" and ")} of resourceDetails may be what is refused: not every ` +
            "cloud and region lets volumes be chosen.",
        { cause: error },
    );
}

/** Says where the backups have other volumes than was asked for: some regions do not heed the choice. */
export function warnOfOtherVolumes(context: Context, outputs: CheckpointOutputs): void {
    for (const { id, excludeVolumes = [], includeVolumes = [] } of outputs.resourceDetails ?? []) {
        const backup = outputs.backups.find((one) => one.resourceId === id && isGoodBackup(one.status));
        const volumes = backup?.children.map((one) => one.resourceId) ?? [];
        // Without rows of disks nothing is known about them.
        if (backup === undefined || volumes.length === 0) continue;
        const wanted = includeVolumes.map((one) => one.id);
        const lacking = wanted.filter((one) => !volumes.includes(one));
        const extra = volumes.filter((one) => one !== undefined && isUnwanted(one, excludeVolumes, wanted));
        if (lacking.length > 0)
            context.log.warn(
                `backup ${backup.id} of resource ${id} has no backup of ${list(lacking)}, which includeVolumes names`,
            );
        if (extra.length > 0)
            context.log.warn(
                `backup ${backup.id} of resource ${id} contains ${list(extra)}, which ` +
                    `${wanted.length > 0 ? "includeVolumes does not name" : "excludeVolumes names"}: the ` +
                    "cloud did not heed the choice",
            );
    }
}

function isUnwanted(id: string, excluded: readonly string[], wanted: readonly string[]): boolean {
    return excluded.includes(id) || (wanted.length > 0 && !wanted.includes(id));
}

const list = (ids: readonly (string | undefined)[]): string =>
    `${ids.length === 1 ? "volume" : "volumes"} ${ids.join(", ")}`;
