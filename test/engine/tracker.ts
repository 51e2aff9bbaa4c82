import type { Alias, Goal } from "./goals";
import type { Run } from "./run";
import type { ResourceState } from "./state";
import { makeUrn, nameOf, qualifiedType, stackType, typeOf } from "./urn";

/** What this run has decided about each URN so far. */
export class Tracker {
    readonly urns = new Set<string>();
    readonly creates = new Set<string>();
    readonly sames = new Set<string>();
    readonly updates = new Set<string>();
    readonly replaces = new Set<string>();
    readonly deletes = new Set<string>();
    readonly reads = new Set<string>();
    readonly refreshes = new Set<string>();
    /** Not created as it was not targeted. */
    readonly skippedCreates = new Set<string>();
    /** Old URN to the new one of the resource that took it over. */
    readonly aliased = new Map<string, string>();
    /** New URN to the old one. */
    readonly aliases = new Map<string, string>();
    /** Deleted before their replacement. */
    readonly deletedEarly = new Set<ResourceState>();
    readonly dependentReplaceKeys = new Map<string, string[]>();
    readonly goals = new Map<string, Goal>();
    /** URNs of what could not be made in this run, and of what was left out for that. */
    readonly failed = new Set<string>();
    /** In a destroy that runs the program: what it registered, to be deleted at the end. */
    readonly toDelete: ResourceState[] = [];
    /** Old states that were refreshed when the program registered them. */
    readonly refreshed = new Map<ResourceState, ResourceState | undefined>();

    isOperatedOn(urn: string): boolean {
        return [this.creates, this.sames, this.updates, this.replaces, this.deletes, this.reads].some((set) =>
            set.has(urn),
        );
    }
}

function collapse(run: Run, tracker: Tracker, goal: Goal, alias: Alias): string {
    if ("urn" in alias) {
        return alias.urn;
    }
    let parent = alias.parent === "" ? goal.parent : (tracker.aliases.get(alias.parent) ?? alias.parent);
    if (alias.noParent || (parent !== "" && qualifiedType(parent) === stackType)) {
        parent = "";
    }
    return makeUrn(
        alias.stack || run.options.stack,
        alias.project || run.options.project,
        parent,
        alias.type || goal.type,
        alias.name || goal.name,
    );
}

/** The name a child had when its parent had another: a child named after its parent was renamed with it. */
function inherited(run: Run, type: string, name: string, parentName: string, parentAlias: string): string {
    const oldName = name.startsWith(parentName) ? nameOf(parentAlias) + name.slice(parentName.length) : name;
    return makeUrn(run.options.stack, run.options.project, parentAlias, type, oldName);
}

function aliasesOf(run: Run, tracker: Tracker, goal: Goal): string[] {
    const own = goal.aliases.map((alias) => collapse(run, tracker, goal, alias));
    const parentAlias = tracker.aliases.get(goal.parent);
    if (goal.parent === "" || parentAlias === undefined) {
        return own;
    }
    const parentName = nameOf(goal.parent);
    return [
        ...own,
        inherited(run, goal.type, goal.name, parentName, parentAlias),
        ...own.map((alias) => inherited(run, typeOf(alias), nameOf(alias), parentName, parentAlias)),
    ];
}

/** The state of a resource before this run, by its URN or one of its earlier names. */
export function findOld(
    run: Run,
    tracker: Tracker,
    urn: string,
    goal: Goal,
): { old: ResourceState | undefined; alias: string } {
    const previous = tracker.aliased.get(urn);
    if (previous !== undefined) {
        throw new Error(`Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${previous}'`);
    }
    for (const candidate of [urn, ...aliasesOf(run, tracker, goal)]) {
        const old = run.olds.get(candidate);
        if (old === undefined) {
            continue;
        }
        if (candidate === urn) {
            return { old, alias: "" };
        }
        const other = tracker.urns.has(candidate) ? candidate : tracker.aliased.get(candidate);
        if (other !== undefined) {
            throw new Error(
                `Duplicate resource alias '${candidate}' applied to resource with URN '${urn}' conflicting with resource with URN '${other}'`,
            );
        }
        tracker.aliased.set(candidate, urn);
        tracker.aliases.set(urn, candidate);
        run.providers.alias(candidate, urn);
        run.snapshot.rename(candidate, urn);
        return { old, alias: candidate };
    }
    return { old: undefined, alias: "" };
}
