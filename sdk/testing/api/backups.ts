import { expireBackupOf } from "../cloud/expiry";
import { instantOf, microsOf } from "../cloud/instants";
import type { BackupState } from "../cloud/state";
import type { Store } from "../cloud/store";
import { type Call, effectOf, isListed } from "../simulation";
import { updateBackupBody } from "./bodies";
import { newOperationLog } from "./operation-logs";
import { comparison, pageOf, Query } from "./query";
import { json, type Reply, refuse } from "./reply";
import { wireBackup } from "./wire";

const commonFilters = [
    "checkpoint_id",
    "vault_id",
    "resource_id",
    "parent_id",
    "name",
    "resource_name",
    "resource_az",
    "resource_type",
    "status",
    "image_type",
    "start_time",
    "end_time",
    "limit",
    "offset",
    "marker",
    "sort",
    "own_type",
    "member_status",
    "used_percent",
    "dec",
];
const huaweiFilters = [
    "enterprise_project_id",
    "show_replication",
    "incremental",
    "existed_quantity_based_retention_backups",
];
const statuses = [
    "available",
    "protecting",
    "deleting",
    "restoring",
    "error",
    "waiting_protect",
    "waiting_delete",
    "waiting_restore",
];
const resourceTypes = [
    "OS::Cinder::Volume",
    "OS::Nova::Server",
    "OS::Workspace::DesktopV2",
    "OS::Sfs::Turbo",
    "OS::Ironic::BareMetalServer",
    "OS::Native::Server",
];

/** GET …/backups: top-level backups, newest first. */
export function listBackups(call: Call): Reply {
    const { store, world, dialect } = call;
    const huawei = dialect === "huawei";
    const query = new Query(call.query, huawei ? [...commonFilters, ...huaweiFilters] : commonFilters, ["status"]);
    const page = query.page();
    const wanted = query.words("status", statuses);
    const accepts = filterOf(query, call);
    const order = comparison<BackupState>(query.text("sort"), {
        created_at: (backup) => instantOf(backup.createdAt),
        updated_at: (backup) => (backup.updatedAt === undefined ? "" : instantOf(backup.updatedAt)),
        protected_at: (backup) => (backup.protectedAt === undefined ? "" : instantOf(backup.protectedAt)),
        name: (backup) => backup.name,
        status: (backup) => backup.status,
        id: (backup) => backup.id,
    });
    const checkpointId = query.text("checkpoint_id");
    expireBackupOf(call, checkpointId);

    const find = () => candidates(store, query).filter(accepts).sort(order);
    const matching = (rows: BackupState[]) =>
        wanted === undefined ? rows : rows.filter((backup) => wanted.has(backup.status));
    let rows = find();
    // A look counts for what is shown; with a status filter for all that the filter is asked about, else nothing would
    // ever get there.
    const seen = wanted === undefined ? pageOf(rows, page) : rows;
    const moved = [lookAtIncoming(call, query.text("vault_id")), ...seen.map((backup) => lookAt(call, backup))];
    if (moved.includes(true)) rows = find();
    rows = matching(rows);
    const withRecords = query.flag("show_replication") ?? false;
    const shown = pageOf(rows, page).map((backup) => ({
        ...backup,
        records: backup.records.filter((record) => isListed(call, record.createdAt)),
    }));
    return json(200, {
        backups: shown.map((backup) => wireBackup(backup, world.schedule, dialect, withRecords)),
        count: rows.length,
        limit: page.limit,
        offset: page.offset,
    });
}

/** GET …/backups/{backup_id}: also a server's disk by its own id. */
export function showBackup(call: Call): Reply {
    const { store, world } = call;
    const id = call.params["backup_id"] ?? "";
    expireBackupOf(call, store.backup(id)?.checkpointId);
    const before = store.backup(id) ?? refuse("6200", id);
    lookAt(call, before);
    const backup = store.backup(id) ?? refuse("6200", id);
    return json(200, { backup: wireBackup(backup, world.schedule, call.dialect, true) });
}

/** PUT …/backups/{backup_id}: another name (api-notes: Renaming a backup). */
export function updateBackup(call: Call): Reply {
    const { store, world } = call;
    const id = call.params["backup_id"] ?? "";
    const backup = store.backup(id) ?? refuse("6200", id);
    const { name } = updateBackupBody(call.body);
    if (name !== undefined) {
        backup.name = name;
        backup.updatedAt = world.schedule.nextInstant();
    }
    return json(200, { backup: wireBackup(backup, world.schedule, call.dialect, true) });
}

/** DELETE …/backups/{backup_id} (api-notes: Accepted deletions): 204, then waiting_delete → deleting → gone. */
export function deleteBackup(call: Call): Reply {
    const { store, world } = call;
    const id = call.params["backup_id"] ?? "";
    const backup = store.backup(id) ?? refuse(world.rules.missingBackupCode, id);
    checkDeletable(store, backup, world.schedule.clock.now());

    const checkpoint = store.checkpoints.get(backup.checkpointId);
    const vault = store.vaults.get(backup.vaultId);
    const log = newOperationLog(call, vault ?? { id: backup.vaultId, name: "", objectType: "server" }, "delete", {
        checkpointId: backup.checkpointId,
        resource: { id: backup.resourceId, type: backup.resourceType, name: backup.resourceName },
        deleted: { id: backup.id, name: backup.name },
    });
    const failure = effectOf(call, "delete-error");
    const slow = effectOf(call, "slow");
    store.setStatus(backup, "waiting_delete", world.schedule.nextInstant());
    const others = [...store.backupsOfCheckpoint(backup.checkpointId)].filter(
        (each) => each.work === undefined && each !== backup,
    );
    const formerStatus = checkpoint?.status;
    if (checkpoint !== undefined && others.length === 0) checkpoint.status = "deleting";
    const work = world.schedule.start({
        durationMs: world.rules.deleteMs,
        slowMs: slow?.ms,
        slowReads: slow?.reads,
        stages: [
            {
                at: 0.5,
                apply: (instantMs) => {
                    store.setStatus(backup, "deleting", world.schedule.nextInstant(instantMs));
                    log.status = "running";
                },
            },
            {
                at: 1,
                apply: (instantMs) => {
                    const instant = world.schedule.nextInstant(instantMs);
                    backup.work = undefined;
                    Object.assign(log, { work: undefined, updatedAt: instant, endedAt: instant });
                    if (failure === undefined) {
                        log.status = "success";
                        store.removeBackup(backup);
                        return;
                    }
                    store.setStatus(backup, "error", instant);
                    if (checkpoint?.status === "deleting")
                        checkpoint.status = others.length === 0 ? "error-deleting" : (formerStatus ?? "available");
                    Object.assign(log, {
                        status: "failed",
                        errorCode: failure.code ?? "BackupService.6115",
                        errorMessage: failure.message ?? "The backups could not be deleted.",
                    });
                },
            },
        ],
    });
    backup.work = work;
    log.work = work;
    return { status: 204, headers: {}, body: "", code: "" };
}

/** Counts a GET as a look at a backup: at its run or deletion, and at the replications of it. */
function lookAt(call: Call, backup: BackupState): boolean {
    const { schedule } = call.world;
    const parent = backup.parentId === undefined ? backup : (call.store.backups.get(backup.parentId) ?? backup);
    let moved = schedule.look(parent.work);
    for (const record of parent.records) moved = schedule.look(record.work) || moved;
    return moved;
}

/** Counts a list as a look at the replications on their way into the vault, or vaults, that it is about. */
function lookAtIncoming(call: Call, vaultId: string | undefined): boolean {
    let moved = false;
    for (const [id, arriving] of call.store.incoming) {
        if (vaultId !== undefined && vaultId !== id) continue;
        for (const work of arriving) moved = call.world.schedule.look(work) || moved;
    }
    return moved;
}

function checkDeletable(store: Store, backup: BackupState, nowMs: number): void {
    const vault = store.vaults.get(backup.vaultId);
    if (vault?.status === "deleting") refuse("6112", "the vault is being deleted");
    if (backup.parentId !== undefined) refuse("6201", "it belongs to a server backup: delete that");
    if (backup.status === "restoring" || backup.status === "waiting_restore") refuse("6216", "it is being restored");
    if (backup.imageIds.length > 0 || backup.children.some((child) => child.imageIds.length > 0))
        refuse("6204", backup.imageIds.join(", "));
    if (backup.status !== "available" && backup.status !== "error") refuse("6201", `it is in status ${backup.status}`);
    if (backup.records.some((record) => record.work !== undefined)) refuse("6216", "it is being replicated");
    const running = store.resourceOf(backup)?.runningCheckpointId;
    if (running !== undefined && running !== backup.checkpointId && isNewest(store, backup)) refuse("6203");
    const expired = backup.expiresAt !== undefined && microsOf(backup.expiresAt) <= nowMs * 1000;
    if (vault?.locked === true && backup.autoTrigger && !expired) refuse("6220");
}

/** The newest finished backup of its resource. */
function isNewest(store: Store, backup: BackupState): boolean {
    for (const other of store.backupsOfVault(backup.vaultId)) {
        if (
            other.resourceId === backup.resourceId &&
            other.status === "available" &&
            instantOf(other.createdAt) > instantOf(backup.createdAt)
        )
            return false;
    }
    return true;
}

function candidates(store: Store, query: Query): BackupState[] {
    const parentId = query.text("parent_id");
    if (parentId !== undefined) return store.backups.get(parentId)?.children.slice() ?? [];
    const checkpointId = query.text("checkpoint_id");
    if (checkpointId !== undefined) return [...store.backupsOfCheckpoint(checkpointId)];
    const vaultId = query.text("vault_id");
    return vaultId === undefined ? [...store.backups.values()] : [...store.backupsOfVault(vaultId)];
}

function filterOf(query: Query, call: Call): (backup: BackupState) => boolean {
    const { store, world } = call;
    const exact: [value: string | undefined, of: (backup: BackupState) => string | undefined][] = [
        [query.text("checkpoint_id"), (backup) => backup.checkpointId],
        [query.text("vault_id"), (backup) => backup.vaultId],
        [query.text("resource_id"), (backup) => backup.resourceId],
        [query.text("name"), (backup) => backup.name],
        [query.text("resource_name"), (backup) => backup.resourceName],
        [query.text("resource_az"), () => undefined],
        [query.word("resource_type", resourceTypes), (backup) => backup.resourceType],
        [
            query.word("image_type", call.dialect === "otc" ? ["backup"] : ["backup", "replication"]),
            (backup) => backup.imageType,
        ],
    ];
    const asked = exact.filter(([value]) => value !== undefined);
    const isInPeriod = query.period();
    const incremental = query.flag("incremental");
    const hidden = call.dialect === "huawei" && world.rules.hideIncremental;
    const usedPercent = query.integer("used_percent", 1, 100);
    const project = query.text("enterprise_project_id");
    const ownType = query.word("own_type", ["private", "shared", "all_granted"]);
    query.word("member_status", ["pending", "accepted", "rejected"]);
    query.flag("existed_quantity_based_retention_backups");
    // Nothing is shared, nothing lies in a dedicated cloud, and there is only the default enterprise project.
    const nothing =
        ownType === "shared" ||
        query.flag("dec") === true ||
        (project !== undefined && project !== "0" && project !== "all_granted_eps");
    return (backup) => {
        if (nothing || !isInPeriod(backup.createdAt)) return false;
        if (!isListed(call, backup.createdAt)) return false;
        for (const [value, of] of asked) if (of(backup) !== value) return false;
        if (incremental === true && !backup.incremental) return false;
        if (incremental !== true && hidden && backup.incremental) return false;
        if (usedPercent === undefined) return true;
        const vault = store.vaults.get(backup.vaultId);
        return vault !== undefined && (vault.usedMb / 1024 / vault.sizeGb) * 100 >= usedPercent;
    };
}
