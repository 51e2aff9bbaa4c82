/**
 * What the cloud says beforehand of the resources that a restore point is to be of: which cannot be backed up, and
 * which volumes a server has. Open Telekom Cloud does not say it. Whatever goes wrong with these looks, the preview
 * goes on.
 */
import type { ProjectRef } from "../../client/client";
import { showProtectable, type WireProtectable, type WireVault } from "../../client/operations";
import { protectablePages } from "../../reads/protectable-lists";
import { looks, warnOnce } from "../../resource/preflight";
import { isOfCloud } from "../../resource/regions";
import type { Failure } from "../../resource/resource";
import type { Context } from "../../services/context";
import type { CheckpointInputs } from "./checkpoint";

/** Looks at what can be backed up may take this long in a region, all of them together, in milliseconds. */
const LOOK_MS = 3_000;
/** No more than this is read of a region's list: the first 500 resources of a kind. */
const MAX_PAGES = 10;

/** What the path of ListProtectable calls what a vault of this kind holds. */
const TYPES: Readonly<Record<string, string>> = {
    server: "server",
    disk: "disk",
    turbo: "turbo",
    workspace: "workspace_v2",
};
const SERVERS = new Set(["OS::Nova::Server", "OS::Ironic::BareMetalServer"]);
/** It is in a vault already. That is so of every resource that a restore point is of. */
const IN_A_VAULT = "BackupService.6103";

/** The rows of a region's list, read no further than somebody asks for, and one page at a time. */
class ListedRows {
    readonly #rows = new Map<string, WireProtectable>();
    readonly #pages: AsyncIterator<readonly WireProtectable[]>;
    #left = MAX_PAGES;
    #turn: Promise<void> = Promise.resolve();

    constructor(pages: AsyncIterator<readonly WireProtectable[]>) {
        this.#pages = pages;
    }

    async of(ids: readonly string[]): Promise<WireProtectable[]> {
        this.#turn = this.#turn.then(() => this.#readUntil(ids));
        await this.#turn;
        return ids.map((id) => this.#rows.get(id)).filter((row) => row !== undefined);
    }

    async #readUntil(ids: readonly string[]): Promise<void> {
        while (this.#left > 0 && ids.some((id) => !this.#rows.has(id))) {
            this.#left--;
            // No right to it, no such call, or too slow: what has been read counts.
            const page = await this.#pages.next().catch(() => undefined);
            if (page === undefined || page.done === true) this.#left = 0;
            else for (const row of page.value) this.#rows.set(row.id.toLowerCase(), row);
        }
    }
}

/** Names the resources that the cloud says cannot be backed up now: they would be skipped. */
export async function warnOfUnprotectable(
    context: Context,
    target: ProjectRef,
    vault: WireVault,
    inputs: Partial<CheckpointInputs>,
): Promise<void> {
    const type = TYPES[vault.billing?.object_type ?? ""];
    if (type === undefined || isOfCloud(context.settings, "otc")) return;
    const named = inputs.resources ?? inputs.resourceDetails?.map((one) => one.id);
    const ids = (named ?? vault.resources.map((one) => one.id)).map((id) => id.toLowerCase());
    const now = context.clock.now();
    const listed = await looks(context).once(`protectable ${type} ${target.region} ${target.projectId}`, now, () => {
        const pages = protectablePages(context, target, { type, until: now + LOOK_MS });
        return Promise.resolve(new ListedRows(pages[Symbol.asyncIterator]()));
    });
    for (const { id, name, protectable } of await listed.of(ids)) {
        if (protectable?.result !== false || protectable.code === IN_A_VAULT) continue;
        const why = [protectable.code, protectable.reason ?? protectable.message].filter((part) => part !== undefined);
        const reason = why.length === 0 ? "it does not say why" : why.join(": ");
        const called = name === undefined ? "" : ` (${name})`;
        warnOnce(context, `resource ${id}${called} will be skipped: it cannot be backed up now (${reason})`);
    }
}

/** Volumes that a server does not have, at the property that names them, and a choice that leaves none of them. */
export async function unknownVolumes(
    context: Context,
    target: ProjectRef,
    details: CheckpointInputs["resourceDetails"] = [],
): Promise<Failure[]> {
    if (isOfCloud(context.settings, "otc")) return [];
    const failures = details.map(async ({ id, type, excludeVolumes, includeVolumes }, index): Promise<Failure[]> => {
        const named = [
            ...(excludeVolumes ?? []).map((volume, at) => ({ volume, path: `excludeVolumes[${at}]` })),
            ...(includeVolumes ?? []).map((one, at) => ({ volume: one.id, path: `includeVolumes[${at}].id` })),
        ];
        if (named.length === 0 || !SERVERS.has(type)) return [];
        const volumes = await volumesOf(context, target, id);
        if (volumes === undefined) return [];
        const excluded = new Set(excludeVolumes?.map((volume) => volume.toLowerCase()));
        if (volumes.every((volume) => excluded.has(volume)))
            return [
                {
                    property: `resourceDetails[${index}].excludeVolumes`,
                    reason: `leaves out every volume of server ${id}: nothing of it would be backed up`,
                },
            ];
        return named
            .filter(({ volume }) => !volumes.includes(volume.toLowerCase()))
            .map(({ volume, path }) => ({
                property: `resourceDetails[${index}].${path}`,
                reason: `server ${id} has no volume ${volume}; it has ${volumes.join(", ")}`,
            }));
    });
    return (await Promise.all(failures)).flat();
}

/** undefined: the cloud did not say. */
function volumesOf(context: Context, target: ProjectRef, serverId: string): Promise<string[] | undefined> {
    const now = context.clock.now();
    const key = `volumes ${target.region} ${target.projectId} ${serverId}`;
    return looks(context).once(key, now, async () => {
        const path = { protectable_type: "server", instance_id: serverId };
        const answer = await context.client
            .call(showProtectable, { target, path, until: now + LOOK_MS })
            .catch(() => undefined);
        const ids = answer?.instance.children.map((one) => one.id ?? one.detail?.id) ?? [];
        const known = ids.filter((id) => id !== undefined).map((id) => id.toLowerCase());
        // A server without volumes, or one that cannot be told, says nothing of the others.
        return known.length > 0 && known.length === ids.length ? known : undefined;
    });
}
