/** What a preview can know of a restore point that is to be taken. */

import type { ProjectRef } from "../../client/client";
import { showCheckpoint, type WireBackup, type WireCheckpoint, type WireVault } from "../../client/operations";
import { backupsOf, find, look, noVault, protectType, targetOf, vaultOf, warnOnce } from "../../resource/preflight";
import { isOfCloud } from "../../resource/regions";
import type { Failure } from "../../resource/resource";
import { fullReason, surelyFit, tightReason } from "../../resource/vault-capacity";
import type { Context } from "../../services/context";
import type { CheckpointInputs } from "./checkpoint";
import { isNamed } from "./names";
import { unknownVolumes, warnOfUnprotectable } from "./protectable";
import { isFinalCheckpoint, isGoodBackup } from "./status";

/** Told by the settings alone: Open Telekom Cloud's page of CreateCheckpoint has no `include_volumes`. */
function lackedByCloud(context: Context, inputs: Partial<CheckpointInputs>): Failure[] {
    if (!isOfCloud(context.settings, "otc")) return [];
    return (inputs.resourceDetails ?? []).flatMap(({ includeVolumes }, index) =>
        includeVolumes === undefined
            ? []
            : [
                  {
                      property: `resourceDetails[${index}].includeVolumes`,
                      reason:
                          "Open Telekom Cloud cannot choose volumes, only leave some out: name the others in " +
                          "excludeVolumes",
                  },
              ],
    );
}

export async function preflightCheckpoint(context: Context, inputs: Partial<CheckpointInputs>): Promise<Failure[]> {
    const lacked = lackedByCloud(context, inputs);
    if (lacked.length > 0) return lacked;
    if (inputs.vaultId !== undefined && inputs.adopt === undefined) context.memory.growingVaults.add(inputs.vaultId);
    return look(context, async () => {
        const { vaultId } = inputs;
        const { adopt } = inputs;
        if (vaultId === undefined && adopt === undefined) return [];
        const target = await targetOf(context, inputs);
        if (adopt !== undefined) return checkAdopted(context, target, inputs, adopt);
        if (vaultId === undefined) return [];
        const vault = await vaultOf(context, target, vaultId);
        if (vault === undefined) return [];
        if (vault === null) return [noVault("vaultId", vaultId, target)];
        if (protectType(vault) === "replication")
            return [
                {
                    property: "vaultId",
                    reason:
                        `vault ${vaultId} is a replication vault: only vaults of protect type backup can be ` +
                        "backed up (BackupService.6124)",
                },
            ];
        const associated = new Set(vault.resources.map((one) => one.id));
        const outside = (id: string, property: string): Failure[] =>
            associated.has(id)
                ? []
                : [
                      {
                          property,
                          reason:
                              `resource ${id} is not in vault ${vaultId} (BackupService.6135): associate it ` +
                              "with the vault first, or leave it out",
                      },
                  ];
        const full = fullReason(vault, "6114");
        const failures = [
            ...(full === undefined ? [] : [{ property: "vaultId", reason: `vault ${vaultId} ${full}` }]),
            ...(inputs.resources ?? []).flatMap((id, index) => outside(id, `resources[${index}]`)),
            ...(inputs.resourceDetails ?? []).flatMap((one, index) => outside(one.id, `resourceDetails[${index}].id`)),
        ];
        if (failures.length > 0) return failures;
        warnOfRoom(context, vault, inputs);
        const [unknown] = await Promise.all([
            unknownVolumes(context, target, inputs.resourceDetails),
            warnOfUnprotectable(context, target, vault, inputs),
        ]);
        return unknown;
    });
}

/** Full backups take most: those that are asked for, and the first of each resource, which is always full. */
function warnOfRoom(context: Context, vault: WireVault, inputs: Partial<CheckpointInputs>): void {
    const named = inputs.resources ?? inputs.resourceDetails?.map((one) => one.id);
    const needs = vault.resources
        .filter(({ id }) => named === undefined || named.includes(id))
        .filter((one) => one.backup_count === 0 || inputs.incremental === false)
        .map((one) => ({ resourceId: one.id, sizeGb: one.size }));
    if (!surelyFit(vault, needs)) warnOnce(context, tightReason(vault, needs, { code: "6114", what: "full backups" }));
}

/** Why a restore point that is there cannot be adopted; undefined: it can. */
export async function refuseAdoption(
    inputs: Partial<CheckpointInputs>,
    wire: WireCheckpoint,
    list: () => Promise<readonly WireBackup[]>,
): Promise<string | undefined> {
    const { vaultId, name } = inputs;
    const isOther = <T>(own: T | undefined, given: T | undefined) =>
        own !== undefined && given !== undefined && own !== given;
    // It is still shown for a while after it has been deleted.
    if (wire.status === "deleted") return `restore point ${wire.id} has status ${wire.status}`;
    if (isOther(wire.vault?.id, vaultId))
        return `restore point ${wire.id} is of vault ${wire.vault?.id}, but vaultId is ${vaultId}`;
    // A restore point keeps the name it was taken under when its backups are renamed.
    if (isOther(wire.extra_info?.name, name) && !(await list()).some((row) => isNamed(row.name, name ?? "")))
        return (
            `restore point ${wire.id} is named ${wire.extra_info?.name}, but name is ${name}. Leave name out ` +
            "to adopt it"
        );
    return undefined;
}

/** The same of its backups, of one that has ended. */
export function refuseEmpty(wire: WireCheckpoint, rows: readonly WireBackup[]): string | undefined {
    const isEmpty = rows.length === 0 && isFinalCheckpoint(wire.status);
    return isEmpty ? `restore point ${wire.id} has no backups left` : undefined;
}

async function checkAdopted(
    context: Context,
    target: ProjectRef,
    inputs: Partial<CheckpointInputs>,
    id: string,
): Promise<Failure[]> {
    const refused = (reason: string): Failure[] => [{ property: "adopt", reason }];
    const found = await find(context, showCheckpoint, { target, path: { checkpoint_id: id } });
    if (found === undefined) return [];
    if (found === null)
        return refused(
            `there is no restore point ${id} in ${target.region}, project ${target.projectId} ` +
                "(BackupService.6217): check adopt, region and projectId, or take adopt out to take a new one",
        );
    const wire = found.checkpoint;
    const expected = (wire.vault?.resources ?? []).map((one) => one.id);
    const rows = await backupsOf(context, target, { checkpointId: id, expected });
    // Of what could not be listed nothing is said: a name least of all.
    const asked = rows === undefined ? { ...inputs, name: undefined } : inputs;
    const refusal = await refuseAdoption(asked, wire, async () => rows ?? []);
    if (refusal !== undefined) return refused(refusal);
    if (rows === undefined || !isFinalCheckpoint(wire.status)) return [];
    const empty = refuseEmpty(wire, rows);
    if (empty !== undefined) return refused(empty);
    const those = rows.map((row) => `${row.id} (${row.status})`).join(", ");
    if (!rows.some((row) => isGoodBackup(row.status)))
        warnOnce(context, `restore point ${id} is adopted, and \`up\` then fails: it has no good backup: ${those}`);
    return [];
}
