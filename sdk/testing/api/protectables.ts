/** What may be backed up, and why not. Vendor: "Protection" (api-notes: Protectable resources). */
import type { DiskState, ResourceState, VaultState } from "../cloud/state";
import type { Store } from "../cloud/store";
import type { Call } from "../simulation";
import { checkAgentBody } from "./bodies";
import { whySkipped } from "./checkpoints";
import { pageOf, Query } from "./query";
import { json, type Reply, refuse } from "./reply";
import { wireVault } from "./wire";

type Json = Record<string, unknown>;
interface Row {
    readonly id: string;
    readonly name: string;
    readonly status: string;
    /** Of a disk: the server that it is attached to. */
    readonly serverId: string | undefined;
    readonly wire: () => Json;
}

/** The types that a kind has; the disks of servers are listed as disks, too. */
const typesOf: Readonly<Record<string, readonly string[]>> = {
    server: ["OS::Nova::Server", "OS::Ironic::BareMetalServer"],
    disk: ["OS::Cinder::Volume"],
    turbo: ["OS::Sfs::Turbo"],
    workspace: [],
    workspace_v2: ["OS::Workspace::DesktopV2"],
};

const PAGE = 50;
const IN_A_VAULT = { code: "BackupService.6103", reason: "The resource is associated with another vault." };

/**
 * GET …/protectables/{protectable_type}/instances. Vendor: no count; at most 50 rows, of which no page says how they
 * are ordered.
 */
export function listProtectable(call: Call): Reply {
    const known = ["id", "limit", "marker", "name", "offset", "server_id", "status", "enterprise_project_id"];
    const query = new Query(call.query, known);
    const page = {
        limit: query.integer("limit", 1, PAGE) ?? PAGE,
        offset: query.integer("offset", 0, 2_147_483_647) ?? 0,
        marker: query.text("marker"),
    };
    const exact: [value: string | undefined, of: (row: Row) => string | undefined][] = [
        [query.text("id"), (row) => row.id],
        [query.text("name"), (row) => row.name],
        [query.text("server_id"), (row) => row.serverId],
        [query.text("status"), (row) => row.status],
    ];
    const project = query.text("enterprise_project_id");
    const otherProject = project !== undefined && project !== "0" && project !== "all_granted_eps";
    const rows = rowsOf(call).filter(
        (row) => !otherProject && exact.every(([value, of]) => value === undefined || of(row) === value),
    );
    return json(200, { instances: pageOf(rows, page).map((row) => row.wire()) });
}

/**
 * GET …/protectables/{protectable_type}/instances/{instance_id}. That a missing one is refused with 6302 is our guess.
 */
export function showProtectable(call: Call): Reply {
    const id = call.params["instance_id"] ?? "";
    const row = rowsOf(call).find((each) => each.id === id) ?? refuse("6302", id);
    return json(200, { instance: row.wire() });
}

/** POST …/agent/check. What is said of a server that is not there no page tells: as of one without an agent. */
export function checkAgent(call: Call): Reply {
    const all = new Map(resourcesOf(call.store).map(({ resource }) => [resource.id, resource]));
    const rows = checkAgentBody(call.body).map(({ resource_id: id }) => {
        const agent = all.get(id)?.agent;
        return {
            resource_id: id,
            installed: agent?.installed ?? false,
            is_old: agent?.isOld ?? null,
            version: agent?.version ?? null,
            code: agent?.code ?? null,
            message: agent?.message ?? null,
        };
    });
    return json(200, { agent_status: rows });
}

interface Placed {
    readonly resource: ResourceState;
    readonly vault: VaultState | undefined;
}

function resourcesOf(store: Store): Placed[] {
    const inVaults = [...store.vaults.values()]
        .filter((vault) => vault.protectType === "backup" && vault.cloudType === "public")
        .flatMap((vault) => [...vault.resources.values()].map((resource) => ({ resource, vault })));
    return [...inVaults, ...[...store.unprotected.values()].map((resource) => ({ resource, vault: undefined }))];
}

function rowsOf(call: Call): Row[] {
    const kind = call.params["protectable_type"] ?? "";
    const types = typesOf[kind] ?? refuse("9900", `protectable_type: ${kind}`);
    const all = resourcesOf(call.store);
    const own = all
        .filter(({ resource }) => types.includes(resource.type))
        .map((placed): Row => {
            const { id, name } = placed.resource;
            const status = kind === "server" ? "ACTIVE" : "available";
            return { id, name, status, serverId: undefined, wire: () => wireResource(call, placed, status) };
        });
    if (kind !== "disk") return own;
    const attached = all.flatMap(({ resource }) =>
        resource.disks.map((disk): Row => {
            const { id, name } = disk;
            const wire = () => ({ ...wireDisk(disk), protectable: { result: true }, children: [] });
            return { id, name, status: "in-use", serverId: resource.id, wire };
        }),
    );
    return [...own, ...attached];
}

function wireResource(call: Call, { resource, vault }: Placed, status: string): Json {
    const { id, name, type, sizeGb, disks } = resource;
    const refused =
        whySkipped(resource) ?? (vault !== undefined && call.world.rules.barsInVault ? IN_A_VAULT : undefined);
    const reason = refused === undefined ? {} : { ...refused, message: refused.reason };
    return {
        id,
        name,
        type,
        status,
        size: sizeGb,
        detail: { id, name },
        protectable: {
            result: refused === undefined,
            ...reason,
            ...(vault === undefined ? {} : { vault: wireVault(vault, call.dialect) }),
        },
        children: disks.map(wireDisk),
    };
}

function wireDisk({ id, name, sizeGb }: DiskState): Json {
    return {
        id,
        name,
        type: "OS::Cinder::Volume",
        status: "in-use",
        size: sizeGb,
        detail: { id, size: sizeGb },
    };
}
