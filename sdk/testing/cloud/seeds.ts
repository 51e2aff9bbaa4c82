/** Objects that tests put into a region: what can be said of them, and what they are otherwise. */
import { randomUUID } from "node:crypto";
import { hex } from "../iam/accounts";
import type {
    AgentState,
    DiskState,
    ObjectType,
    OnPremises,
    ProtectStatus,
    ResourceState,
    ResourceType,
    VaultState,
} from "./state";

/** A resource to put into a vault. */
export interface ResourceSeed {
    /** UUID. Default: a new one. */
    id?: string;
    name?: string;
    /** Default: what the vault's object type holds, `OS::Nova::Server` for a server vault. */
    type?: ResourceType;
    /** GB. Default 40. */
    sizeGb?: number;
    /** How many disks a server has, or the disks. The first is the system disk. Default 1 for servers. */
    disks?: number | readonly Partial<DiskState>[];
    protectStatus?: ProtectStatus;
    /** When set, it is skipped by every backup, with this code and reason. */
    cannotBackUp?: { code: string; reason: string };
    /** The agent of application-consistent backups. Default: not installed. */
    agent?: AgentState;
    /** True when a full backup exists already, so that the next one is incremental. Default false. */
    everBackedUp?: boolean;
}

/** A vault to put into a region. */
export interface VaultSeed {
    /** UUID. Default: a new one. */
    id?: string;
    /** Default `vault-` and four hex digits. */
    name?: string;
    description?: string;
    /** Default "backup". */
    protectType?: "backup" | "replication" | "hybrid";
    /** Default "public". A vault that can be synchronised is "hybrid". */
    cloudType?: "public" | "hybrid";
    /** Default "server"; "vmware" for a hybrid vault. */
    objectType?: ObjectType;
    /** GB. Default 100,000. */
    sizeGb?: number;
    /** MB. Default 0. */
    usedMb?: number;
    status?: VaultState["status"];
    /** Automatic backups cannot be deleted. Default false. */
    locked?: boolean;
    policyId?: string;
    /** Of a vault that takes copies from other accounts: what they name it by. Default: it takes none. */
    crossAccountUrn?: string;
    /** How many resources it protects, or which. Default: one for a public backup vault, none for others. */
    resources?: number | readonly ResourceSeed[];
    /** What a hybrid vault's storage holds that the cloud does not know yet. Default nothing. */
    onPremises?: Partial<OnPremises>;
}

const typeIn: Readonly<Record<ObjectType, ResourceType>> = {
    server: "OS::Nova::Server",
    disk: "OS::Cinder::Volume",
    turbo: "OS::Sfs::Turbo",
    workspace: "OS::Workspace::DesktopV2",
    vmware: "OS::VMware::VM",
    rds: "OS::Nova::Server",
    file: "OS::Sfs::Turbo",
};
const prefixes: Readonly<Record<ResourceType, string>> = {
    "OS::Nova::Server": "ecs",
    "OS::Cinder::Volume": "volume",
    "OS::Ironic::BareMetalServer": "bms",
    "OS::Native::Server": "native",
    "OS::Sfs::Turbo": "sfs-turbo",
    "OS::Workspace::DesktopV2": "desktop",
    "OS::VMware::VM": "vm",
};

/** A resource as the seed says, not yet in a vault. */
export function newResource(seed: ResourceSeed, objectType: ObjectType): ResourceState {
    const type = seed.type ?? typeIn[objectType];
    const sizeGb = seed.sizeGb ?? 40;
    const isServer = !["OS::Cinder::Volume", "OS::Sfs::Turbo", "OS::VMware::VM"].includes(type);
    const disks = seed.disks ?? (isServer ? 1 : 0);
    const given: readonly Partial<DiskState>[] =
        typeof disks === "number" ? Array.from({ length: disks }, () => ({})) : disks;
    return {
        id: seed.id ?? randomUUID(),
        name: seed.name ?? `${prefixes[type]}-${hex(4)}`,
        type,
        sizeGb,
        protectStatus: seed.protectStatus ?? "available",
        disks: given.map((disk, index) => ({
            id: disk.id ?? randomUUID(),
            name: disk.name ?? `volume-${hex(4)}`,
            sizeGb: disk.sizeGb ?? Math.max(1, Math.floor(sizeGb / given.length)),
            systemDisk: disk.systemDisk ?? index === 0,
        })),
        backupSizeMb: 0,
        backupCount: 0,
        cannotBackUp: seed.cannotBackUp,
        agent: seed.agent ?? { installed: false },
        nextOutcomes: [],
        runningCheckpointId: undefined,
        everBackedUp: seed.everBackedUp ?? false,
    };
}

/** A vault as the seed says, not yet in a region. */
export function newVault(seed: VaultSeed, projectId: string, createdAt: string): VaultState {
    const protectType = seed.protectType ?? "backup";
    const cloudType = seed.cloudType ?? (protectType === "hybrid" ? "hybrid" : "public");
    const objectType = seed.objectType ?? (cloudType === "hybrid" ? "vmware" : "server");
    const resources = seed.resources ?? (protectType === "backup" && cloudType === "public" ? 1 : 0);
    const given: readonly ResourceSeed[] =
        typeof resources === "number" ? Array.from({ length: resources }, () => ({})) : resources;
    const made = given.map((resource) => newResource(resource, objectType));
    return {
        id: seed.id ?? randomUUID(),
        name: seed.name ?? `vault-${hex(4)}`,
        projectId,
        description: seed.description ?? "",
        createdAt,
        status: seed.status ?? "available",
        protectType,
        cloudType,
        objectType,
        sizeGb: seed.sizeGb ?? 100_000,
        usedMb: seed.usedMb ?? 0,
        locked: seed.locked ?? false,
        policyId: seed.policyId,
        crossAccountUrn: seed.crossAccountUrn,
        removingResources: false,
        resources: new Map(made.map((resource) => [resource.id, resource])),
        onPremises: { added: 0, vanishedBackupIds: [], failing: 0, ...seed.onPremises },
        runningSyncId: undefined,
        runningReplications: 0,
    };
}
