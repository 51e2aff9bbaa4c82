/** Which resource of which stack holds which backup, as states tell. */
import { parseInstant } from "../../provider/client/time/timestamps";
import type { BackupFact } from "./facts";
import { isObject, type PropertyMap, type StackState, type StateResource } from "./states";

/**
 * `taken`: it took or adopted the restore point. `copied`: it made the replica. `source`: it copies from it. `named`:
 * an id among its properties.
 */
export type Hold = "taken" | "copied" | "source" | "named";

type HeldBackup = Pick<BackupFact, "id" | "checkpointId" | "childIds" | "isReplica" | "region">;

export interface Holder {
    readonly stack: string;
    readonly project: string;
    readonly resource: string;
    readonly hold: Hold;
}

/** A project of a region, as a state names it. */
export interface Place {
    readonly region: string;
    readonly projectId: string | undefined;
}

interface MaybePlace {
    readonly region: string | undefined;
    readonly projectId: string | undefined;
}

/** What a state remembers of a backup, be it still there or not. */
export interface RememberedBackup extends Place {
    readonly id: string;
    readonly hold: "taken" | "copied";
    readonly holder: Holder;
    /** False when state itself says that it failed or is gone. */
    readonly shouldBeThere: boolean;
}

/** Where a replica comes from, by a state. */
export interface RememberedSource {
    readonly backupId: string;
    /** When the source was taken, if a state knows it. Milliseconds since the epoch. */
    readonly createdMs: number | undefined;
}

const RANK: readonly Hold[] = ["taken", "copied", "source", "named"];
const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

export class Holders {
    readonly #byId = new Map<string, Holder[]>();
    readonly #sources = new Map<string, string>();
    readonly #taken = new Map<string, number>();
    readonly #skipped = new Map<string, number>();
    readonly #names = new Map<string, string>();
    readonly #awaited = new Map<string, Holder[]>();
    readonly #managed = new Map<string, { holder: Holder; type: string }>();
    readonly remembered: RememberedBackup[] = [];
    readonly places: Place[] = [];
    /** Were any states given? */
    readonly isAsked: boolean;
    /** Of projects that differ: then a stack's name alone may be of two. */
    readonly hasSeveralProjects: boolean;

    constructor(states: readonly StackState[]) {
        this.isAsked = states.length > 0;
        this.hasSeveralProjects = new Set(states.map(({ project }) => project)).size > 1;
        for (const state of states) for (const resource of state.resources) this.#read(state, resource);
    }

    /** Of these ids: the strongest hold first; one a resource. */
    of(...ids: readonly (string | undefined)[]): readonly Holder[] {
        const found = new Map<string, Holder>();
        for (const id of ids)
            for (const holder of this.#byId.get(id?.toLowerCase() ?? "") ?? []) {
                const key = `${holder.project}/${holder.stack}/${holder.resource}`;
                const known = found.get(key);
                if (known === undefined || RANK.indexOf(holder.hold) < RANK.indexOf(known.hold)) found.set(key, holder);
            }
        return [...found.values()].sort((a, b) => RANK.indexOf(a.hold) - RANK.indexOf(b.hold));
    }

    /** `sourceId`: what a replica was copied from. A resource that still waits for its copy has no id of it yet. */
    ofBackup(fact: HeldBackup, sourceId = this.sourceOf(fact.id)?.backupId): readonly Holder[] {
        const own = this.of(fact.checkpointId, fact.id, ...fact.childIds);
        if (!fact.isReplica || sourceId === undefined) return own;
        return [...own, ...(this.#awaited.get(`${sourceId.toLowerCase()} ${fact.region}`) ?? [])];
    }

    sourceOf(replicaId: string): RememberedSource | undefined {
        const backupId = this.#sources.get(replicaId.toLowerCase());
        return backupId === undefined ? undefined : { backupId, createdMs: this.#taken.get(backupId.toLowerCase()) };
    }

    /** How many resources were left out of a restore point; undefined when no state knows it. */
    skippedOf(checkpointId: string): number | undefined {
        return this.#skipped.get(checkpointId.toLowerCase());
    }

    nameOf(checkpointId: string): string | undefined {
        return this.#names.get(checkpointId.toLowerCase());
    }

    /** The resource of any provider whose id this is: a server that a stack manages. */
    managerOf(id: string): { holder: Holder; type: string } | undefined {
        return this.#managed.get(id.toLowerCase());
    }

    #read(state: StackState, resource: StateResource): void {
        const holder = (hold: Hold): Holder => ({
            stack: state.stack,
            project: state.project,
            resource: resource.name,
            hold,
        });
        if (resource.kind !== undefined) this.#readOwn(resource, holder);
        else if (resource.id !== undefined && !resource.type.startsWith("pulumi:"))
            this.#managed.set(resource.id.toLowerCase(), { holder: holder("named"), type: resource.type });
        // Whatever else names an id rests on it, too: an output, a disk made from a backup.
        for (const id of idsIn([resource.id, resource.inputs, resource.outputs])) this.#hold(id, holder("named"));
    }

    #readOwn(resource: StateResource, holder: (hold: Hold) => Holder): void {
        const { outputs, inputs } = resource;
        const region = text(outputs["region"]) ?? text(inputs["region"]);
        const source = { region, projectId: text(outputs["projectId"]) };
        const destination = {
            region: text(outputs["destinationRegion"]) ?? text(inputs["destinationRegion"]),
            projectId: text(outputs["destinationProjectId"]),
        };
        // What is in another account's project these credentials cannot see: it is neither read nor missed.
        const isHidden = text(outputs["crossAccountUrn"]) !== undefined;
        for (const place of isHidden ? [source] : [source, destination]) if (isPlace(place)) this.places.push(place);
        if (resource.kind === "Checkpoint") this.#readCheckpoint(resource, source, holder("taken"));
        for (const id of [text(outputs["backupId"]), text(outputs["checkpointId"])])
            if (id !== undefined && resource.kind !== "Checkpoint") this.#hold(id, holder("source"));
        for (const copy of copiesOf(resource)) {
            if (copy.sourceId !== undefined) this.#hold(copy.sourceId, holder("source"));
            if (copy.id === undefined) {
                const key = `${copy.sourceId?.toLowerCase()} ${destination.region}`;
                this.#awaited.set(key, [...(this.#awaited.get(key) ?? []), holder("copied")]);
                continue;
            }
            this.#hold(copy.id, holder("copied"));
            if (copy.sourceId !== undefined) this.#sources.set(copy.id.toLowerCase(), copy.sourceId);
            const { id } = copy;
            const shouldBeThere = copy.shouldBeThere && !isHidden;
            this.#remember(destination, { id, hold: "copied", holder: holder("copied"), shouldBeThere });
        }
    }

    #readCheckpoint(resource: StateResource, place: MaybePlace, holder: Holder): void {
        const { outputs } = resource;
        const checkpointId = text(outputs["checkpointId"]) ?? resource.id;
        if (checkpointId !== undefined) {
            this.#hold(checkpointId, holder);
            const name = text(outputs["name"]);
            if (name !== undefined) this.#names.set(checkpointId.toLowerCase(), name);
            if (Array.isArray(outputs["skippedResources"]))
                this.#skipped.set(checkpointId.toLowerCase(), outputs["skippedResources"].length);
        }
        for (const backup of objects(outputs["backups"])) {
            const id = text(backup["id"]);
            if (id === undefined) continue;
            const createdMs = parseInstant(text(backup["createdAt"]) ?? text(outputs["createdAt"]));
            if (createdMs !== undefined) this.#taken.set(id.toLowerCase(), createdMs);
            const status = text(backup["status"]) ?? "";
            const shouldBeThere = ["available", "restoring", "waiting_restore"].includes(status);
            for (const one of [id, ...objects(backup["children"]).map((child) => text(child["id"]))])
                if (one !== undefined) this.#hold(one, holder);
            this.#remember(place, { id, hold: "taken", holder, shouldBeThere });
        }
        for (const id of strings(outputs["backupIds"])) this.#hold(id, holder);
    }

    #remember({ region, projectId }: MaybePlace, backup: Omit<RememberedBackup, keyof Place>): void {
        if (region !== undefined) this.remembered.push({ ...backup, region, projectId });
    }

    #hold(id: string, holder: Holder): void {
        const key = id.toLowerCase();
        const holders = this.#byId.get(key) ?? [];
        if (holders.some((one) => one.resource === holder.resource && one.stack === holder.stack && isAsStrong(one)))
            return;
        this.#byId.set(key, [...holders, holder]);

        function isAsStrong(one: Holder): boolean {
            return one.project === holder.project && RANK.indexOf(one.hold) <= RANK.indexOf(holder.hold);
        }
    }
}

interface Copy {
    readonly id: string | undefined;
    readonly sourceId: string | undefined;
    readonly shouldBeThere: boolean;
}

/** Every replica that a resource made or adopted, also one that is gone. */
function copiesOf({ kind, outputs }: StateResource): Copy[] {
    if (kind === "BackupReplica")
        return [
            {
                id: text(outputs["destinationBackupId"]),
                sourceId: text(outputs["backupId"]),
                shouldBeThere: outputs["verified"] === true,
            },
        ];
    if (kind !== "VaultReplication" && kind !== "CheckpointReplica") return [];
    const listed = objects(outputs["replications"]).map((one) => ({
        id: text(one["destinationBackupId"]),
        sourceId: text(one["backupId"]),
        shouldBeThere: one["gone"] !== true && (one["status"] === "success" || one["adopted"] === true),
    }));
    const known = new Set(listed.map((one) => one.id));
    const others = strings(outputs["destinationBackupIds"]).filter((id) => !known.has(id));
    return [...listed, ...others.map((id) => ({ id, sourceId: undefined, shouldBeThere: true }))];
}

function isPlace(place: MaybePlace): place is Place {
    return place.region !== undefined;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const objects = (value: unknown): PropertyMap[] => (Array.isArray(value) ? value.filter(isObject) : []);
const strings = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];

function idsIn(value: unknown): Set<string> {
    const found = new Set<string>();
    const visit = (one: unknown): void => {
        if (typeof one === "string") for (const [id] of one.matchAll(ID)) found.add(id);
        else if (Array.isArray(one)) one.forEach(visit);
        else if (isObject(one)) Object.entries(one).forEach(visit);
    };
    visit(value);
    return found;
}
