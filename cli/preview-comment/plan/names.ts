/** Names of things by their ids, and what else one step says that helps to read another. */
import { code } from "../comment/markdown";
import { type Bag, type Preview, parseUrn, type State, type Step } from "../input/preview";
import { isOurs, type Kind, kindOf } from "./kinds";
import { bagIn, bagsIn, hasUnknown, isUnknown, KNOWN_AFTER_UP, SECRET, shown, textIn, textsIn } from "./values";

/** The input that says what is copied. */
const COPIED: Readonly<Partial<Record<Kind, string>>> = {
    BackupReplica: "backupId",
    CheckpointReplica: "checkpointId",
    VaultReplication: "vaultId",
};

/** What a copy makes: two resources with this in common mean the same replicas, for a region has one of a backup. */
function copiesOf({ type }: Step, state: State | undefined): string | undefined {
    const kind = kindOf(type) ?? "Checkpoint";
    const key = COPIED[kind];
    const id = key === undefined ? undefined : textIn(state?.inputs, key);
    const region = textIn(state?.inputs, "destinationRegion");
    return id === undefined || region === undefined || id === SECRET || region === SECRET
        ? undefined
        : JSON.stringify([kind, id, region]);
}

function added(steps: Map<string, Step[]>, key: string, step: Step): void {
    const known = steps.get(key);
    if (known === undefined) steps.set(key, [step]);
    else known.push(step);
}

export class Names {
    readonly #names = new Map<string, string>();
    readonly #steps = new Map<string, Step>();
    readonly #byId = new Map<string, Step>();
    readonly #refreshed = new Map<string, Step>();
    /** Id of a restore point → steps of the resources that adopt it; and what copies make → steps that make it. */
    readonly #makers = new Map<string, Step[]>();
    /** What copies made → steps that let it go. */
    readonly #leavers = new Map<string, Step[]>();
    readonly #config: Readonly<Record<string, string>>;
    /** Events say what changes, and not what a value was made from. */
    readonly #mayFollowAnyUpdate: boolean;
    /** Backups are named where one may be copied by its id. */
    readonly #namesBackups: boolean;

    constructor(preview: Preview) {
        this.#config = preview.config;
        this.#namesBackups = preview.steps.some(({ type }) => kindOf(type) === "BackupReplica");
        this.#mayFollowAnyUpdate = preview.form === "events" && preview.steps.some(({ op }) => op === "update");
        for (const step of preview.steps) {
            // What a refresh read says less of a resource than what then happens to it.
            if (step.op !== "refresh" || !this.#steps.has(step.urn)) this.#steps.set(step.urn, step);
            if (step.op === "refresh") this.#refreshed.set(step.urn, step);
            const adopted = kindOf(step.type) === "Checkpoint" ? textIn(step.new?.inputs, "adopt") : undefined;
            const made = step.op === "delete" ? undefined : (adopted ?? copiesOf(step, step.new));
            if (made !== undefined) added(this.#makers, made, step);
            const left = step.op === "delete" ? copiesOf(step, step.old) : undefined;
            if (left !== undefined) added(this.#leavers, left, step);
            if (step.old !== undefined) this.#learn(step, step.old);
            if (step.new !== undefined) this.#learn(step, step.new);
        }
    }

    #learn(step: Step, { id, inputs, outputs }: State): void {
        if (id !== undefined && !isUnknown(id)) {
            if (step.op !== "refresh") this.#byId.set(id, step);
            if (!isOurs(step.type)) this.#name(id, textIn(outputs, "name") ?? textIn(inputs, "name") ?? step.name);
        }
        if (kindOf(step.type) === undefined) return;
        const vault = bagIn(outputs, "vault");
        this.#name(textIn(vault, "id"), textIn(vault, "name"));
        const nameAll = (bags: readonly Bag[]) => {
            for (const one of bags) this.#name(textIn(one, "id"), textIn(one, "name"));
        };
        nameAll(bagsIn(vault, "resources"));
        nameAll(bagsIn(outputs, "skippedResources"));
        nameAll(bagsIn(inputs, "resourceDetails"));
        if (!this.#namesBackups) return;
        for (const backup of bagsIn(outputs, "backups"))
            this.#name(textIn(backup, "id"), textIn(backup, "resourceName"));
    }

    #name(id: string | undefined, name: string | undefined): void {
        if (id !== undefined && name !== undefined && id !== SECRET && name !== SECRET) this.#names.set(id, name);
    }

    /** What happens to the resource with this URN, where the preview lists it. */
    step(urn: string): Step | undefined {
        return this.#steps.get(urn);
    }

    /** The step of the resource that has, or gets, this id. */
    byId(id: string): Step | undefined {
        return this.#byId.get(id);
    }

    /** What a refresh in this preview read, before another step of the same resource. */
    refreshed(urn: string): Step | undefined {
        return this.#refreshed.get(urn);
    }

    /** The step of another resource that takes over what the old one of this step has in the cloud. */
    heir(step: Step): Step | undefined {
        const { old } = step;
        if (kindOf(step.type) === "VaultReplication") return undefined;
        return this.#other(this.#makers, old?.id, step) ?? this.#other(this.#makers, copiesOf(step, old), step);
    }

    /** The step of another resource that copies the same vault to the same region. */
    nextRun(step: Step): Step | undefined {
        return this.#other(this.#makers, copiesOf(step, step.old), step);
    }

    /** The step of another resource that goes, and whose copies this one finds and takes over. */
    predecessor(step: Step): Step | undefined {
        if (kindOf(step.type) === "VaultReplication") return undefined;
        return this.#other(this.#leavers, copiesOf(step, step.new), step);
    }

    #other(steps: ReadonlyMap<string, readonly Step[]>, key: string | undefined, { urn }: Step): Step | undefined {
        return key === undefined ? undefined : steps.get(key)?.find((step) => step.urn !== urn);
    }

    /** A thing by its id, as Markdown: its name, or where its id comes from, or the id. */
    of(state: State | undefined, key: string): string {
        const id = textIn(shown(state?.inputs ?? {}), key);
        if (id !== undefined) {
            const name = this.#names.get(id);
            return name === undefined ? code(id) : `${code(name)} (${code(id.slice(0, 8))})`;
        }
        const from = textsIn(state?.propertyDependencies, key).map((urn) => code(parseUrn(urn).name));
        return from.length === 0 ? `(${KNOWN_AFTER_UP})` : `${from.join(", ")} (${KNOWN_AFTER_UP})`;
    }

    named(id: string): string {
        return code(this.#names.get(id) ?? id);
    }

    /** Region that a step works in, where the preview tells. */
    region(step: Step, state: State | undefined): string | undefined {
        const own = textIn(state?.inputs, "region") ?? this.#providerRegion(step.provider);
        return own ?? textIn(state?.outputs, "region") ?? textIn(step.old?.outputs, "region");
    }

    #providerRegion(reference: string | undefined): string | undefined {
        const urn = reference?.slice(0, reference.lastIndexOf("::")) ?? "";
        const { name } = parseUrn(urn);
        if (name === "" || name === "default" || name.startsWith("default_")) return this.#config["cbr:region"];
        const provider = this.#steps.get(urn);
        const state = provider?.new ?? provider?.old;
        // An explicit provider that this preview does not list tells nothing.
        return textIn(state?.inputs, "cbr:region") ?? textIn(state?.inputs, "region");
    }

    /**
     * The value of this input is not known only because Pulumi knows no output of a dynamic resource that it changes in
     * place or replaces, and is no id that a replacement makes anew: it may come out as it was.
     */
    mayStay(step: Step, key: string): boolean {
        if (!hasUnknown(step.new?.inputs[key])) return false;
        const from = textsIn(step.new?.propertyDependencies, key);
        if (from.length === 0) return this.#mayFollowAnyUpdate;
        const old = JSON.stringify(step.old?.inputs[key] ?? null);
        return from.every((urn) => {
            const source = this.#steps.get(urn);
            if (source?.op === "update") return true;
            return (
                source?.op === "replace" && !old.includes(SECRET) && !idsOf(source.old).some((id) => old.includes(id))
            );
        });
    }
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Ids that came into being with a resource, and are others when it is made anew. */
function idsOf(state: State | undefined): string[] {
    const given = JSON.stringify(state?.inputs ?? {});
    const made = JSON.stringify(state?.outputs ?? {}).match(UUID) ?? [];
    const own = state?.id === undefined ? [] : [state.id];
    return [...own, ...new Set(made.filter((id) => !given.includes(id)))];
}
