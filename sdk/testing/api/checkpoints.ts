import { randomBytes, randomUUID } from "node:crypto";
import { newBackup, startRun } from "../cloud/backup-run";
import { expireBackupOf } from "../cloud/expiry";
import { plusMicros } from "../cloud/instants";
import type { BackupOutcome, CheckpointState, ResourceState, SkippedState, VaultState } from "../cloud/state";
import { type Call, effectOf, selects } from "../simulation";
import { type CreateCheckpointBody, createCheckpointBody } from "./bodies";
import { newOperationLog } from "./operation-logs";
import { json, type Reply, refuse } from "./reply";
import { providerOf, wireCheckpoint } from "./wire";

/** POST …/checkpoints. */
export function createCheckpoint(call: Call): Reply {
    const { store } = call;
    const body = createCheckpointBody(call.body, call.dialect);
    const vault = store.vaults.get(body.vault_id) ?? refuse("6105", body.vault_id);
    checkVault(vault);
    const chosen = chosenResources(vault, body);
    for (const resource of chosen) leftOut(resource, body);
    const { taken, skipped } = takenAndSkipped(call, chosen);
    if (taken.length === 0) {
        if (chosen.length > 0 && skipped.every((each) => each.code === "BackupService.2002")) refuse("6125");
        refuse("0001", skipped.map((each) => `${each.id}: ${each.reason}`).join("; ") || "the vault has no resources");
    }

    const checkpoint = newCheckpoint(call, vault, body, { taken, skipped });
    store.checkpoints.set(checkpoint.id, checkpoint);
    const parts = begunParts(call, vault, body, { checkpoint, taken });
    for (const each of skipped) {
        const log = newOperationLog(call, vault, "backup", {
            checkpointId: checkpoint.id,
            resource: { id: each.id, type: each.type, name: each.name },
        });
        Object.assign(log, {
            status: "skipped",
            errorCode: each.code,
            errorMessage: each.reason,
            endedAt: log.createdAt,
        });
    }
    startRun(call, checkpoint, parts);
    return json(200, { checkpoint: wireCheckpoint(checkpoint, call.dialect, "create", true) });
}

interface Taken {
    readonly resource: ResourceState;
    readonly outcome: BackupOutcome | undefined;
}

/** What is backed up, and what is left out for a reason. */
function takenAndSkipped(call: Call, chosen: readonly ResourceState[]): { taken: Taken[]; skipped: SkippedState[] } {
    const skipped: SkippedState[] = [];
    const taken: Taken[] = [];
    const skipEffect = effectOf(call, "skip-resource");
    chosen.forEach((resource, index) => {
        const hit = skipEffect !== undefined && selects(skipEffect.resource, resource.id, index, 0);
        const forced = hit
            ? {
                  code: skipEffect.code ?? "BackupService.6215",
                  reason: skipEffect.reason ?? "The resource cannot be backed up now.",
              }
            : undefined;
        const reason = forced ?? whySkipped(resource);
        const outcome = reason === undefined ? resource.nextOutcomes.shift() : undefined;
        if (reason === undefined && outcome?.status !== "skipped") {
            taken.push({ resource, outcome: struckOutcome(call, resource, index) ?? outcome });
            return;
        }
        const { code, reason: text } = reason ?? {
            code: outcome?.code ?? "BackupService.6215",
            reason: outcome?.message ?? "Skipped.",
        };
        skipped.push({ id: resource.id, type: resource.type, name: resource.name, code, reason: text });
    });
    return { taken, skipped };
}

function newCheckpoint(
    { store, world }: Call,
    vault: VaultState,
    body: CreateCheckpointBody,
    { taken, skipped }: { taken: readonly Taken[]; skipped: SkippedState[] },
): CheckpointState {
    const parameters = body.parameters ?? {};
    const autoTrigger = parameters.auto_trigger ?? false;
    const retentionDays = parameters.retention_duration_days ?? -1;
    return {
        id: randomUUID(),
        vaultId: vault.id,
        vaultName: vault.name,
        projectId: store.projectId,
        providerId: providerOf(vault.objectType),
        createdAt: world.schedule.nextInstant(),
        status: "protecting",
        name: parameters.name ?? `${autoTrigger ? "autobk" : "manualbk"}_${randomBytes(2).toString("hex")}`,
        description: parameters.description ?? "",
        retentionDays,
        autoTrigger,
        resources: taken.map(({ resource }) => ({
            id: resource.id,
            name: resource.name,
            type: resource.type,
            sizeGb: resource.sizeGb,
            protectStatus: "available",
        })),
        skipped,
        work: undefined,
    };
}

/** A backup and a task for each resource. */
function begunParts(
    call: Call,
    vault: VaultState,
    body: CreateCheckpointBody,
    { checkpoint, taken }: { checkpoint: CheckpointState; taken: readonly Taken[] },
) {
    const { store, world } = call;
    const { createdAt, retentionDays } = checkpoint;
    return taken.map(({ resource, outcome }, index) => {
        const name = taken.length === 1 ? checkpoint.name : `${checkpoint.name}-${String(index + 1).padStart(4, "0")}`;
        const backup = newBackup(checkpoint, resource, {
            name,
            createdAt: world.schedule.nextInstant(),
            incremental: resource.everBackedUp && body.parameters?.incremental !== false,
            excluded: leftOut(resource, body),
        });
        if (retentionDays > 0) backup.expiresAt = plusMicros(createdAt, retentionDays * 86_400_000_000);
        store.addBackup(backup);
        resource.runningCheckpointId = checkpoint.id;
        resource.protectStatus = "protecting";
        const log = newOperationLog(call, vault, "backup", {
            checkpointId: checkpoint.id,
            resource: { id: resource.id, type: resource.type, name: resource.name },
            backup: { id: backup.id, name, incremental: backup.incremental },
        });
        return { resource, backup, outcome, log };
    });
}

/** GET …/checkpoints/{checkpoint_id}. */
export function showCheckpoint(call: Call): Reply {
    const id = call.params["checkpoint_id"] ?? "";
    const { store, world } = call;
    expireBackupOf(call, id);
    const before = store.checkpoints.get(id) ?? refuse("6217", id);
    world.schedule.look(before.work);
    for (const backup of store.backupsOfCheckpoint(id)) world.schedule.look(backup.work);
    const checkpoint = store.checkpoints.get(id) ?? refuse("6217", id);
    return json(200, { checkpoint: wireCheckpoint(checkpoint, call.dialect, "show", world.rules.echoExtraInfo) });
}

function checkVault(vault: VaultState): void {
    if (vault.protectType !== "backup" || vault.cloudType === "hybrid") refuse("6124", vault.id);
    if (vault.status === "frozen") refuse("6113", "the vault is frozen");
    if (vault.status !== "available") refuse("6112", `the vault is in status ${vault.status}`);
    if (vault.removingResources) refuse("6134");
    if (vault.usedMb / 1024 >= vault.sizeGb) refuse("6114");
}

const knownTypes: ReadonlySet<string> = new Set([
    "OS::Nova::Server",
    "OS::Cinder::Volume",
    "OS::Ironic::BareMetalServer",
    "OS::Native::Server",
    "OS::Sfs::Turbo",
    "OS::Workspace::DesktopV2",
]);

function chosenResources(vault: VaultState, body: CreateCheckpointBody): ResourceState[] {
    const details = body.parameters?.resource_details;
    for (const detail of details ?? []) {
        if (!knownTypes.has(detail.type))
            refuse("9900", `checkpoint.parameters.resource_details: unknown type ${detail.type}`);
    }
    const ids = body.parameters?.resources ?? details?.map((detail) => detail.id) ?? [];
    if (ids.length === 0) return [...vault.resources.values()];
    if (new Set(ids).size !== ids.length) refuse("6104");
    return ids.map((id, index) => {
        const resource = vault.resources.get(id) ?? refuse("6135", id);
        const type = details?.[index]?.type;
        if (type !== undefined && type !== resource.type) refuse("6102", `${id} is ${resource.type}`);
        return resource;
    });
}

/** Ids of a server's disks that this run leaves out. */
function leftOut(resource: ResourceState, body: CreateCheckpointBody): ReadonlySet<string> {
    const details = body.parameters?.resource_details;
    const { exclude_volumes: excluded = [], include_volumes: included } =
        details?.find((detail) => detail.id === resource.id)?.extra_info ?? {};
    if (included === undefined) return new Set(excluded);
    const wanted = new Set(included.map((volume) => volume.id));
    const disks = resource.disks.map((disk) => disk.id);
    // No page says what an unknown disk means: 9900 is our guess.
    for (const id of wanted)
        if (!disks.includes(id)) refuse("9900", `include_volumes: ${resource.id} has no disk ${id}`);
    return new Set([...excluded, ...disks.filter((id) => !wanted.has(id))]);
}

/** Why a backup that begins now would leave the resource out. */
export function whySkipped(resource: ResourceState): { code: string; reason: string } | undefined {
    if (resource.runningCheckpointId !== undefined)
        return { code: "BackupService.2002", reason: "The resource is being backed up." };
    if (resource.protectStatus === "restoring")
        return { code: "BackupService.2010", reason: "The resource is being restored." };
    if (resource.cannotBackUp !== undefined) return resource.cannotBackUp;
    if (resource.protectStatus === "available") return undefined;
    return { code: "BackupService.6215", reason: `The resource is in status ${resource.protectStatus}.` };
}

function struckOutcome(call: Call, resource: ResourceState, index: number): BackupOutcome | undefined {
    const effect = effectOf(call, "backup-error");
    if (effect === undefined || !selects(effect.resource, resource.id, index, "all")) return undefined;
    return {
        status: "error",
        code: effect.code ?? "BackupService.9910",
        message: effect.message ?? "The backup failed.",
        checkpointStatus: effect.checkpointStatus,
    };
}
