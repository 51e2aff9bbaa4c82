import { randomUUID } from "node:crypto";
import type { OperationLogState } from "../cloud/state";
import { type Call, isListed } from "../simulation";
import { comparison, pageOf, Query } from "./query";
import { json, type Reply, refuse } from "./reply";
import { providerOf, wireOperationLog } from "./wire";

/** Writes a new task, status `waiting`, into the region's operation logs. */
export function newOperationLog(
    call: Pick<Call, "store" | "world" | "requestId">,
    vault: { id: string; name: string; objectType: string },
    operationType: OperationLogState["operationType"],
    details: Partial<
        Pick<OperationLogState, "checkpointId" | "resource" | "backup" | "deleted" | "record" | "restored">
    >,
): OperationLogState {
    const createdAt = call.world.schedule.nextInstant();
    const log: OperationLogState = {
        id: randomUUID(),
        projectId: call.store.projectId,
        status: "waiting",
        operationType,
        createdAt,
        startedAt: createdAt,
        updatedAt: createdAt,
        endedAt: undefined,
        vaultId: vault.id,
        vaultName: vault.name,
        checkpointId: undefined,
        providerId: providerOf(vault.objectType),
        errorCode: "",
        errorMessage: "",
        requestId: call.requestId,
        resource: undefined,
        backup: undefined,
        deleted: undefined,
        restored: undefined,
        sync: undefined,
        record: undefined,
        work: undefined,
        ...details,
    };
    call.store.operationLogs.set(log.id, log);
    return log;
}

/** GET …/operation-logs/{operation_log_id}: 404 6500 when unknown. */
export function showOpLog(call: Call): Reply {
    const id = call.params["operation_log_id"] ?? "";
    const log = call.store.operationLogs.get(id) ?? refuse("6500", id);
    call.world.schedule.look(log.work);
    return json(200, { operation_log: wireOperationLog(log, call.world.schedule, call.dialect) });
}

const filters = [
    "start_time",
    "end_time",
    "operation_type",
    "provider_id",
    "resource_id",
    "resource_name",
    "status",
    "vault_id",
    "vault_name",
    "limit",
    "offset",
];
const huaweiFilters = ["enterprise_project_id", "destination_region", "destination_project_id"];
const operationTypes = [
    "backup",
    "copy",
    "replication",
    "restore",
    "delete",
    "sync",
    "vault_delete",
    "remove_resource",
];
const statuses = ["success", "skipped", "failed", "running", "timeout", "waiting"];

/** GET …/operation-logs: newest first. Vendor: no filter by checkpoint or backup. */
export function listOpLogs(call: Call): Reply {
    const { store, world, dialect } = call;
    const query = new Query(call.query, dialect === "huawei" ? [...filters, ...huaweiFilters] : filters);
    const page = query.page();
    const wanted = query.word("status", statuses);
    const exact: [value: string | undefined, of: (log: OperationLogState) => string | undefined][] = [
        [query.word("operation_type", operationTypes), (log) => log.operationType],
        [query.text("provider_id"), (log) => log.providerId],
        [query.text("resource_id"), (log) => log.resource?.id],
        [query.text("resource_name"), (log) => log.resource?.name],
        [query.text("vault_id"), (log) => log.vaultId],
        [query.text("vault_name"), (log) => log.vaultName],
        [query.text("destination_region"), (log) => log.record?.destinationRegion],
        [query.text("destination_project_id"), (log) => log.record?.destinationProjectId],
    ];
    const asked = exact.filter(([value]) => value !== undefined);
    const project = query.text("enterprise_project_id");
    const otherProject = project !== undefined && project !== "0" && project !== "all_granted_eps";
    const isInPeriod = query.period();
    let rows = [...store.operationLogs.values()]
        .filter(
            (log) =>
                !otherProject &&
                isListed(call, log.createdAt) &&
                isInPeriod(log.createdAt) &&
                asked.every(([value, of]) => of(log) === value),
        )
        .sort(comparison<OperationLogState>(undefined, {}));
    for (const log of wanted === undefined ? pageOf(rows, page) : rows) world.schedule.look(log.work);
    if (wanted !== undefined) rows = rows.filter((log) => log.status === wanted);
    return json(200, {
        operation_logs: pageOf(rows, page).map((log) => wireOperationLog(log, world.schedule, dialect)),
        count: rows.length,
        limit: page.limit,
        offset: page.offset,
    });
}
