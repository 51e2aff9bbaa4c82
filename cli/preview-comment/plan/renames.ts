/**
 * Resources that were renamed or moved without an alias. For Pulumi one is new and another one gone; here both have the
 * same inputs.
 */
import { code } from "../comment/markdown";
import { isStack, type Preview, parseUrn, type State, type Step } from "../input/preview";
import { type Kind, kindOf } from "./kinds";
import { hasUnknown, isOwnKey, textsIn } from "./values";

export interface Rename {
    readonly kind: Kind;
    /** Its deletion, and its creation. Of the same name: it has moved to another parent. */
    readonly from: Step;
    readonly to: Step;
    /** False: there are several with these inputs, and this is one way to pair them. */
    readonly isOnly: boolean;
    /** Markdown: which `aliases` to give to what. */
    readonly remedy: string;
}

/** All of them, restore points before their copies: `preview.steps` are in the order of `inOrder`. */
export function renamesOf(preview: Preview, steps: readonly Step[]): Rename[] {
    const renames: Rename[] = [];
    /** URN of the new one → URN of the old one, so that what follows from it is seen to be the same. */
    const renamed = new Map<string, string>();
    const parents = renamedParents(preview.steps);
    for (const [kind, candidates] of byKind(steps)) {
        // To adopt what another resource had is another way to keep it.
        const created = candidates.filter((step) => step.op === "create" && step.new?.inputs["adopt"] === undefined);
        const deleted = candidates.filter(({ op, isLeftOver }) => op === "delete" && !isLeftOver);
        if (created.length === 0 || deleted.length === 0) continue;
        for (const { from, to, isOnly } of pairs(deleted, created, renamed)) {
            renamed.set(to.urn, from.urn);
            renames.push({ kind, from, to, isOnly, remedy: remedyFor(from, to, parents) });
        }
    }
    return renames;
}

function byKind(steps: readonly Step[]): Map<Kind, Step[]> {
    const kinds = new Map<Kind, Step[]>();
    for (const step of steps) {
        const kind = kindOf(step.type);
        if (kind === undefined || (step.op !== "create" && step.op !== "delete")) continue;
        const list = kinds.get(kind);
        if (list === undefined) kinds.set(kind, [step]);
        else list.push(step);
    }
    return kinds;
}

type Pair = Pick<Rename, "from" | "to" | "isOnly">;

/** Pairs those with equal inputs, if there are as many new ones as old ones. */
function pairs(deleted: readonly Step[], created: readonly Step[], renamed: ReadonlyMap<string, string>): Pair[] {
    const oldOnes = Map.groupBy(deleted, (step) => signatureOf(step.old));
    const newOnes = Map.groupBy(created, (step) => signatureOf(step.new, renamed));
    return [...newOnes].flatMap(([signature, made]) => {
        const gone = oldOnes.get(signature) ?? [];
        if (gone.length !== made.length) return [];
        // What keeps its name has moved to another parent.
        const byName = new Map(gone.map((from) => [from.name, from]));
        const names = new Set(made.map(({ name }) => name));
        const rest = gone.filter((from) => !names.has(from.name)).values();
        return made.flatMap((to): Pair[] => {
            const from = byName.get(to.name) ?? rest.next().value;
            return from === undefined || !mayBeEqual(from, to) ? [] : [{ from, to, isOnly: made.length === 1 }];
        });
    });
}

/** Inputs as text. What came from another resource stands for that resource: an id may not be known yet. */
function signatureOf(state: State | undefined, renamed?: ReadonlyMap<string, string>): string {
    const inputs = Object.entries(state?.inputs ?? {}).filter(([key]) => !isOwnKey(key));
    const parts = inputs.map(([key, value]): [string, unknown] => {
        const from = textsIn(state?.propertyDependencies, key).map((urn) => renamed?.get(urn) ?? urn);
        return [key, from.length > 0 ? from.sort() : sorted(value)];
    });
    return JSON.stringify(parts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Of what came from other resources, are the known values equal? */
function mayBeEqual(from: Step, to: Step): boolean {
    return Object.entries(to.new?.inputs ?? {}).every(
        ([key, value]) =>
            isOwnKey(key) ||
            hasUnknown(value) ||
            JSON.stringify(sorted(value)) === JSON.stringify(sorted(from.old?.inputs[key])),
    );
}

/** With keys in order, so that equal values give equal text. */
function sorted(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** New component → old component, where one of a type is new and one gone. */
function renamedParents(steps: readonly Step[]): Map<string, string> {
    const parents = new Set(steps.flatMap((step) => [step.old?.parent ?? [], step.new?.parent ?? []].flat()));
    const components = steps.filter((step) => parents.has(step.urn) && !isStack(step));
    const found = new Map<string, string>();
    for (const ofType of Map.groupBy(components, ({ type }) => type).values()) {
        const [made, ...rivals] = ofType.filter(({ op }) => op === "create");
        const [gone, ...others] = ofType.filter(({ op }) => op === "delete");
        if (made !== undefined && gone !== undefined && rivals.length + others.length === 0)
            found.set(made.urn, gone.urn);
    }
    return found;
}

/** Verified on the CLI: test/fixtures/preview/recorded, kinds "…-with-alias". */
function remedyFor(from: Step, to: Step, parents: ReadonlyMap<string, string>): string {
    const [before, now] = [from.old?.parent, to.new?.parent];
    const named = (name: string) => `name: ${JSON.stringify(name)}`;
    if (before === now) return `${code(`aliases: [{ ${named(from.name)} }]`, 400)} to ${code(to.name)}`;
    if (now !== undefined && before !== undefined && parents.get(now) === before) {
        const [old, made] = [parseUrn(before), parseUrn(now)];
        return `${code(`aliases: [{ ${named(old.name)} }]`, 400)} to ${code(made.name)}, the component around it`;
    }
    const wasAtRoot = before === undefined || isStack(parseUrn(before));
    const parts = ["parent: pulumi.rootStackResource", ...(from.name === to.name ? [] : [named(from.name)])];
    const alias = wasAtRoot ? `{ ${parts.join(", ")} }` : JSON.stringify(from.urn);
    return `${code(`aliases: [${alias}]`, 600)} to ${code(to.name)}`;
}
