import type { VaultState } from "../cloud/state";
import type { Call } from "../simulation";
import { comparison, pageOf, Query } from "./query";
import { json, type Reply, refuse } from "./reply";
import { wireVault } from "./wire";

/** GET …/vaults/{vault_id}: 404 6105 when unknown. */
export function showVault(call: Call): Reply {
    const id = call.params["vault_id"] ?? "";
    return json(200, { vault: wireVault(call.store.vaults.get(id) ?? refuse("6105", id), call.dialect) });
}

const filters = [
    "limit",
    "offset",
    "name",
    "id",
    "cloud_type",
    "protect_type",
    "object_type",
    "status",
    "policy_id",
    "resource_ids",
];

/** GET …/vaults: newest first. */
export function listVaults(call: Call): Reply {
    const query = new Query(call.query, call.dialect === "huawei" ? [...filters, "enterprise_project_id"] : filters);
    const page = query.page();
    const exact: [value: string | undefined, of: (vault: VaultState) => string | undefined][] = [
        [query.text("id"), (vault) => vault.id],
        [query.text("name"), (vault) => vault.name],
        [query.word("cloud_type", ["public", "hybrid"]), (vault) => vault.cloudType],
        [query.word("protect_type", ["backup", "replication", "hybrid"]), (vault) => vault.protectType],
        [
            query.word("object_type", ["server", "disk", "turbo", "workspace", "vmware", "rds", "file"]),
            (vault) => vault.objectType,
        ],
        [query.word("status", ["available", "lock", "frozen", "deleting", "error"]), (vault) => vault.status],
        [query.text("policy_id"), (vault) => vault.policyId],
    ];
    const asked = exact.filter(([value]) => value !== undefined);
    const resourceIds = query.text("resource_ids")?.split(",");
    const project = query.text("enterprise_project_id");
    const otherProject = project !== undefined && project !== "0" && project !== "all_granted_eps";
    const rows = [...call.store.vaults.values()]
        .filter(
            (vault) =>
                !otherProject &&
                asked.every(([value, of]) => of(vault) === value) &&
                (resourceIds === undefined || resourceIds.some((id) => vault.resources.has(id))),
        )
        .sort(comparison<VaultState>(undefined, {}));
    const shown = pageOf(rows, page).map((vault) => wireVault(vault, call.dialect));
    return json(200, { vaults: shown, count: rows.length, limit: page.limit, offset: page.offset });
}

/** GET …/replication-capabilities: which region can replicate where. */
export function showReplicationCapabilities(call: Call): Reply {
    const { world } = call;
    const regions = world.regionNames
        .map((name) => ({ name, replication_destinations: [...world.destinations(name)] }))
        .filter((region) => region.replication_destinations.length > 0);
    return json(200, { regions });
}
