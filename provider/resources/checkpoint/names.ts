/** Names of restore points: where they come from, how their backups bear them, and how they get another one. */
import type { ProjectRef } from "../../client/client";
import { PartialCreateError } from "../../client/errors/errors";
import { RENAME_BUDGET_MS, renameBackups } from "../../resource/rename";
import { deadlineOf, EXPIRED } from "../../resource/resource";
import type { Context } from "../../services/context";
import type { CheckpointOutputs } from "./checkpoint";
import type { Backup } from "./schema";
import { isFinalCheckpoint } from "./status";

const MAX_LENGTH = 64;

export function isGeneratedName(name: string): boolean {
    return /-[0-9a-f]{8}$/.test(name);
}

export function generatedName(context: Context): string {
    const suffix = Math.floor(context.clock.random() * 2 ** 32)
        .toString(16)
        .padStart(8, "0");
    const stem = context.resourceName.replaceAll(/[^a-zA-Z0-9_-]/g, "-").slice(0, MAX_LENGTH - 1 - suffix.length);
    return `${stem}-${suffix}`;
}

/** Of a request's facts: was the name made here, for this request alone? */
export const isUniqueName = (facts: Readonly<Record<string, string>>): boolean => facts["unique"] === "true";

/** Is it the name of a backup in a restore point of that name? */
export function isNamed(rowName: string | undefined, name: string): boolean {
    if (rowName === undefined || rowName === name) return rowName === name;
    return rowName.startsWith(`${name}-`) && /^\d{4}$/.test(rowName.slice(name.length + 1));
}

/** The backups as a restore point of that name has them: of several, each keeps the number that the cloud gave it. */
function namedBackups(backups: readonly Backup[], name: string): Backup[] {
    return backups.map((one) => {
        const [number = ""] = backups.length > 1 ? (/-\d{4}$/.exec(one.name ?? "") ?? []) : [];
        return one.status === EXPIRED ? one : { ...one, name: `${name.slice(0, MAX_LENGTH - number.length)}${number}` };
    });
}

/**
 * The name that inputs ask for, where it is not the one that the backups have; undefined: there is nothing to rename.
 */
export function newName(olds: CheckpointOutputs, given: string | undefined): string | undefined {
    const wanted = given ?? olds.name;
    return wanted !== olds.name || olds.partlyRenamed === true ? wanted : undefined;
}

/** As `newName` says, in the outputs alone. */
export function withName(outputs: CheckpointOutputs, name: string | undefined): CheckpointOutputs {
    if (name === undefined) return outputs;
    return { ...outputs, name, partlyRenamed: undefined, backups: namedBackups(outputs.backups, name) };
}

/**
 * Renames what is there. A failure keeps what has been renamed, and the old name: the next update goes on. While
 * backups are being made they keep their names, and the next update renames them.
 */
export async function rename(
    context: Context,
    target: ProjectRef,
    outputs: CheckpointOutputs,
    name: string | undefined,
): Promise<CheckpointOutputs> {
    const id = outputs.checkpointId;
    if (name === undefined) return outputs;
    if (outputs.status !== EXPIRED && !isFinalCheckpoint(outputs.status)) {
        context.log.info(
            `restore point ${id} is not renamed while it has status ${outputs.status}: run \`pulumi up\` again`,
        );
        return outputs;
    }
    const renamed = withName(outputs, name);
    const before = new Map(outputs.backups.map((one) => [one.id, one.name]));
    const renamings = renamed.backups.flatMap(({ id: backupId, name: next }) =>
        next === undefined || next === before.get(backupId) ? [] : [{ id: backupId, name: next }],
    );
    const deadline = deadlineOf(context, outputs, "update", RENAME_BUDGET_MS);
    const failures = await renameBackups(context, target, renamings, deadline);
    if (failures.length === 0) return renamed;
    const failed = new Set(failures.map((one) => one.id));
    const old = outputs.backups.map((one) => (failed.has(one.id) ? one : undefined));
    const backups = renamed.backups.map((one, index) => old[index] ?? one);
    const isPart = failures.length < renamings.length || outputs.partlyRenamed === true;
    const known = { ...outputs, backups, ...(isPart ? { partlyRenamed: true } : {}) };
    const reasons = failures.map((one) => `backup ${one.id}: ${one.reason.replace(/\.$/, "")}`).join("; ");
    throw new PartialCreateError(id, known, [
        `restore point ${id}: ${failures.length} of ${renamings.length} backups could not be renamed. ` +
            `${reasons}. Run \`pulumi up\` again to rename them.`,
    ]);
}
