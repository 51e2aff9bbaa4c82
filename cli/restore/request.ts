/** What is to be overwritten with what, by the options and the backup itself. */
import type { z } from "zod";
import type { WireBackup, WireChildBackup } from "../../provider/client/operations";
import type { restoreBackupRequest } from "../../provider/client/operations/restore-backup";
import { Failure, UsageError } from "../command";

export type RestoreBody = z.input<typeof restoreBackupRequest>["restore"];

export interface RestoreOptions {
    readonly server: string | undefined;
    readonly volume: string | undefined;
    readonly resource: string | undefined;
    /** `DISK=VOLUME`. */
    readonly map: readonly string[];
    readonly leaveOut: readonly string[];
    readonly powerOn: boolean;
}

export interface DiskMapping {
    readonly backup: WireChildBackup;
    /** Undefined: it is left out. */
    readonly volumeId: string | undefined;
}

export interface RestoreRequest {
    readonly kind: "server" | "disk" | "desktop";
    readonly body: RestoreBody;
    readonly targetId: string;
    /** Is it what the backup was taken of? */
    readonly isOriginal: boolean;
    /** Of a server. */
    readonly disks: readonly DiskMapping[];
}

const SERVERS = new Set(["OS::Nova::Server", "OS::Ironic::BareMetalServer", "OS::Native::Server"]);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function checkedId(option: string, id: string): string {
    // As the API writes it.
    if (UUID.test(id)) return id.toLowerCase();
    throw new UsageError(
        `${option} is ${JSON.stringify(id)}, but must be an id such as 5d822633-2bbf-4af8-a16e-5ab1c7705235`,
    );
}

export function requestFor(backup: WireBackup, options: RestoreOptions): RestoreRequest {
    const type = backup.resource_type ?? "";
    if (SERVERS.has(type)) return serverRequest(backup, options);
    if (type === "OS::Cinder::Volume") return diskRequest(backup, options);
    if (type === "OS::Workspace::DesktopV2") return desktopRequest(backup, options);
    if (type === "OS::Sfs::Turbo")
        throw new Failure(
            `backup ${backup.id} is of a file system (SFS Turbo), which cannot be overwritten: create a ` +
                "new file system from it in the console, or with SFS Turbo's own API",
        );
    throw new Failure(
        `backup ${backup.id} is of ${type || "an unknown kind of resource"}, which this command cannot restore`,
    );
}

function serverRequest(backup: WireBackup, options: RestoreOptions): RestoreRequest {
    refuse(options, "a server backup", { volume: "--server", resource: "--server" });
    const originalId = backup.resource_id ?? "";
    const targetId = options.server === undefined ? originalId : checkedId("--server", options.server);
    const isOriginal = targetId.toLowerCase() === originalId.toLowerCase();
    if (backup.children.length === 0)
        throw new Failure(`backup ${backup.id} names no disks, so there is nothing to map`);
    const given = new Map<string, string>();
    for (const pair of options.map) {
        const [, from = "", to = ""] = /^(.+)=([^=]+)$/.exec(pair) ?? [];
        if (from === "") throw new UsageError(`--map is ${JSON.stringify(pair)}, but must be DISK=VOLUME_ID`);
        const { id } = diskNamed("--map", from, backup);
        if (given.has(id)) throw new UsageError(`--map names ${from} twice`);
        given.set(id, checkedId("--map", to));
    }
    const leftOut = new Set(options.leaveOut.map((name) => diskNamed("--leave-out", name, backup).id));
    const disks = backup.children.map((child): DiskMapping => {
        if (leftOut.has(child.id)) {
            if (given.has(child.id))
                throw new UsageError(`--map and --leave-out both name ${child.resource_name ?? child.id}`);
            return { backup: child, volumeId: undefined };
        }
        return { backup: child, volumeId: given.get(child.id) ?? (isOriginal ? child.resource_id : undefined) };
    });
    checkMapped(disks, leftOut, backup);
    const mappings = disks.flatMap(({ backup: { id }, volumeId }) =>
        volumeId === undefined ? [] : [{ backup_id: id, volume_id: volumeId }],
    );
    const body = { server_id: targetId, mappings, power_on: options.powerOn };
    return { kind: "server", body, targetId, isOriginal, disks };
}

function checkMapped(disks: readonly DiskMapping[], leftOut: ReadonlySet<string>, backup: WireBackup): void {
    const open = disks.filter(({ backup: { id }, volumeId }) => volumeId === undefined && !leftOut.has(id));
    if (open.length > 0)
        throw new Failure(
            "say where each disk goes, with --map DISK=VOLUME_ID, or leave it out with --leave-out DISK: " +
                `${open.map(({ backup: disk }) => inWords(disk)).join(", ")}`,
        );
    if (disks.every(({ volumeId }) => volumeId === undefined))
        throw new UsageError(`--leave-out leaves nothing of backup ${backup.id} to restore`);
    const volumes = disks.map(({ volumeId }) => volumeId?.toLowerCase()).filter((id) => id !== undefined);
    const twice = volumes.find((id, at) => volumes.indexOf(id) !== at);
    if (twice !== undefined) throw new UsageError(`two disks would be restored to ${twice}: see --map`);
}

function diskRequest(backup: WireBackup, options: RestoreOptions): RestoreRequest {
    refuse(options, "a disk backup", {
        server: "--volume",
        resource: "--volume",
        map: "--volume",
        leaveOut: "--volume",
    });
    const originalId = backup.resource_id ?? "";
    const targetId = options.volume === undefined ? originalId : checkedId("--volume", options.volume);
    const isOriginal = targetId.toLowerCase() === originalId.toLowerCase();
    return { kind: "disk", body: { volume_id: targetId }, targetId, isOriginal, disks: [] };
}

function desktopRequest(backup: WireBackup, options: RestoreOptions): RestoreRequest {
    refuse(options, "a desktop's backup", {
        server: "--resource",
        volume: "--resource",
        map: "--resource",
        leaveOut: "--resource",
    });
    const originalId = backup.resource_id ?? "";
    const targetId = options.resource === undefined ? originalId : checkedId("--resource", options.resource);
    const isOriginal = targetId.toLowerCase() === originalId.toLowerCase();
    const body = { resource_id: targetId, power_on: options.powerOn };
    return { kind: "desktop", body, targetId, isOriginal, disks: [] };
}

/** An option that this kind of backup does not take would be passed over in silence. */
function refuse(
    options: RestoreOptions,
    what: string,
    wrong: Partial<Record<"server" | "volume" | "resource" | "map" | "leaveOut", string>>,
): void {
    const names = {
        server: "--server",
        volume: "--volume",
        resource: "--resource",
        map: "--map",
        leaveOut: "--leave-out",
    };
    for (const key of Object.keys(wrong) as (keyof typeof wrong)[]) {
        const value = options[key];
        if (value === undefined || (typeof value === "object" && value.length === 0)) continue;
        throw new UsageError(`${names[key]} is not for ${what}: use ${wrong[key]}`);
    }
}

/** By the disk backup's id, the disk's id, or the disk's name. */
function diskNamed(option: string, name: string, backup: WireBackup): WireChildBackup {
    const found = backup.children.filter((child) =>
        [child.id, child.resource_id, child.resource_name].some((one) => one?.toLowerCase() === name.toLowerCase()),
    );
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    const all = backup.children.map(inWords).join(", ");
    throw new UsageError(
        `${option} names the disk ${JSON.stringify(name)}, which ` +
            `${found.length === 0 ? "the backup does not have" : "several have: give the id"}; it has ${all}`,
    );
}

function inWords(disk: WireChildBackup): string {
    return `${disk.resource_name ?? disk.resource_id} (${disk.resource_size ?? "?"} GB, disk backup ${disk.id})`;
}
