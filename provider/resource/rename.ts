/** A new name in place: UpdateBackup gives one to a backup, and to nothing else (api-notes: Renaming a backup). */
import type { ProjectRef } from "../client/client";
import { ApiError, messageOf, NotFoundError } from "../client/errors/errors";
import { updateBackup } from "../client/operations";
import { FAMILY_NAMES, type KnownFamily } from "../client/settings/regions";
import type { Settings } from "../client/settings/settings";
import type { Context } from "../services/context";
import { isOfCloud } from "./regions";
import type { Failure } from "./resource";

/** 30 min, also for a restore point of a whole vault. */
export const RENAME_BUDGET_MS = 30 * 60_000;

const WITHOUT_RENAMING = ["otc", "flexibleengine"] as const satisfies readonly KnownFamily[];

const lackingCloud = (settings: Settings) => WITHOUT_RENAMING.find((family) => isOfCloud(settings, family));

/** False where the cloud is known to have no such call. */
export const canRename = (settings: Settings): boolean => lackingCloud(settings) === undefined;

/** A new name alone, on a cloud that cannot give one. `anew` is what a replacement would make. */
export function refuseRename(
    settings: Settings,
    olds: { readonly name?: string | undefined },
    updates: readonly string[],
    anew: string,
): Failure[] {
    const family = lackingCloud(settings);
    // A name that was made in the cloud, or here, is not among old inputs: state has it.
    if (family === undefined || !updates.includes("name") || olds.name === undefined) return [];
    return [
        {
            property: "name",
            reason:
                `${FAMILY_NAMES[family]} cannot rename a backup (it has no UpdateBackup): leave the name as it ` +
                `was, or change \`triggers\`, too, for ${anew} of that name`,
        },
    ];
}

export interface Renaming {
    /** The backup. */
    readonly id: string;
    /** Its new name. */
    readonly name: string;
}

/** All at the same time. Says of which the renaming failed, and why; a backup that is gone needs no name. */
export async function renameBackups(
    context: Context,
    target: ProjectRef,
    renamings: readonly Renaming[],
    deadline: number,
): Promise<readonly { readonly id: string; readonly reason: string }[]> {
    const failures = renamings.map(async ({ id, name }) => {
        try {
            const call = { target, path: { backup_id: id }, body: { backup: { name } }, deadline };
            await context.client.call(updateBackup, call);
            return [];
        } catch (error) {
            if (!(error instanceof NotFoundError)) return [{ id, reason: reasonOf(error) }];
            context.log.warn(`backup ${id} is no longer in ${target.region}: it was not renamed`);
            return [];
        }
    });
    return (await Promise.all(failures)).flat();
}

function reasonOf(error: unknown): string {
    const isUnknownCall = error instanceof ApiError && [404, 405].includes(error.failure.status);
    return `${messageOf(error)}${isUnknownCall ? " This cloud may have no call to rename a backup." : ""}`;
}
