/** What a resource does when it is made, as Markdown. */
import { code } from "../comment/markdown";
import { firstFew } from "../comment/words";
import type { Bag, Step } from "../input/preview";
import type { Kind } from "./kinds";
import type { Names } from "./names";
import { bagIn, bagsIn, isUnknown, KNOWN_AFTER_UP, textIn } from "./values";

const inRegion = (region: string | undefined) => (region === undefined ? "" : ` in ${code(region)}`);

export function purpose(kind: Kind, step: Step, names: Names): string {
    const state = step.new;
    const inputs = state?.inputs ?? {};
    const source = names.region(step, state);
    const to = textIn(inputs, "destinationRegion");
    const from = source === undefined ? "" : `${code(source)} `;
    const way =
        `${from}→ ${to === undefined ? `(${KNOWN_AFTER_UP})` : code(to)}, vault ` +
        `${names.of(state, "destinationVaultId")}`;
    const goes = inputs["deletionPolicy"] === "delete" ? "; deleted when this resource goes" : "";
    switch (kind) {
        case "Checkpoint":
            return `${checkpoint(step, names, inRegion(source))}${goes}`;
        case "VaultReplication":
            return `${way}: every backup of vault ${names.of(state, "vaultId")} that has no copy there yet${goes}`;
        case "BackupReplica":
            if (inputs["adopt"] !== undefined)
                return (
                    `${way}: takes over existing replica ${given(inputs["adopt"])} of backup ` +
                    `${names.of(state, "backupId")}; nothing is copied${goes}`
                );
            return (
                `${way}: backup ` +
                `${textIn(inputs, "backupId") === undefined ? "of " : ""}${names.of(state, "backupId")}${goes}`
            );
        case "CheckpointReplica":
            if (inputs["adopt"] !== undefined)
                return (
                    `${way}: takes over existing replicas ${given(inputs["adopt"])} of backups of ` +
                    `restore point ${names.of(state, "checkpointId")}; those without one are copied${goes}`
                );
            return `${way}: the backups of restore point ${names.of(state, "checkpointId")}${goes}`;
        case "VaultSync":
            return (
                `Makes hybrid vault ${names.of(state, "vaultId")}${inRegion(source)} agree with the ` +
                "storage behind it"
            );
    }
}

/** Ids that a program gives. */
function given(value: unknown): string {
    const ids: readonly unknown[] = Array.isArray(value) ? value : [value];
    return firstFew(ids, 5, (id) => (isUnknown(id) ? `(${KNOWN_AFTER_UP})` : code(String(id))));
}

function checkpoint(step: Step, names: Names, where: string): string {
    const inputs = step.new?.inputs ?? {};
    const adopted = inputs["adopt"];
    if (adopted !== undefined) return `Takes over existing restore point ${given(adopted)}${where}; no backup is made`;
    const incremental = inputs["incremental"];
    const how = incremental === false ? "Full backup" : incremental === true ? "Incremental backup" : "Backup";
    const automatic = inputs["autoTrigger"] === true ? ", marked as automatic" : "";
    return `${how} of ${subjects(step, names)} in vault ${names.of(step.new, "vaultId")}${where}${automatic}`;
}

/** Which volumes of a server, where not all of them. */
function volumes(detail: Bag): string {
    const of = (key: string) => (Array.isArray(detail[key]) ? detail[key].length : undefined);
    const count = (number: number) => `${number} ${number === 1 ? "volume" : "volumes"}`;
    const [excluded, included] = [of("excludeVolumes"), of("includeVolumes")];
    if (included !== undefined) return ` (${count(included)} only)`;
    return excluded === undefined ? "" : ` (without ${count(excluded)})`;
}

/** Which resources a restore point is of. */
function subjects(step: Step, names: Names): string {
    const inputs = step.new?.inputs ?? {};
    const details = inputs["resourceDetails"];
    const given = details ?? inputs["resources"];
    if (isUnknown(given)) return `resources that are ${KNOWN_AFTER_UP}`;
    if (Array.isArray(given)) {
        const few: readonly Bag[] =
            details === undefined ? given.map((id) => ({ id })) : bagsIn(inputs, "resourceDetails");
        return firstFew(few, 5, (one) => {
            const { id } = one;
            const name = typeof id !== "string" || isUnknown(id) ? `one that is ${KNOWN_AFTER_UP}` : names.named(id);
            return `${name}${volumes(one)}`;
        });
    }
    if (given !== undefined) return "resources that are secret";
    const last = bagsIn(bagIn(step.old?.outputs, "vault"), "resources").flatMap(
        (one) => textIn(one, "name") ?? textIn(one, "id") ?? [],
    );
    return last.length === 0 ? "all resources" : `all resources (last time ${firstFew(last, 5, code)})`;
}
