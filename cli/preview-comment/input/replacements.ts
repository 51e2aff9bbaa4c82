/** A replacement comes as one step, or as its parts in any order. */
import type { Step } from "./preview";

const MAKING = ["replace", "create-replacement", "read-replacement"];
const PARTS = [...MAKING, "delete-replaced", "discard-replaced"];

/** Steps in which each replacement is one, where its first part stood. */
export function joinReplacements(steps: readonly Step[]): readonly Step[] {
    // The CLI's document has whole ones, unless it is asked for the parts.
    if (!steps.some(({ op }) => op !== "replace" && PARTS.includes(op))) return steps;
    const parts = new Map<string, Step[]>();
    for (const step of steps)
        if (PARTS.includes(step.op)) {
            const known = parts.get(step.urn);
            if (known === undefined) parts.set(step.urn, [step]);
            else known.push(step);
        }
    const joined: Step[] = [];
    const seen = new Set<string>();
    for (const step of steps) {
        if (!PARTS.includes(step.op)) joined.push(step);
        else if (!seen.has(step.urn)) {
            seen.add(step.urn);
            joined.push(...joinParts(parts.get(step.urn) ?? [step]));
        }
    }
    return joined;
}

/** The parts of one resource: a replacement, and deletions of what earlier ones left. */
function joinParts(parts: readonly Step[]): readonly Step[] {
    if (parts.length === 1 && parts[0]?.op === "replace") return parts;
    const made = MAKING.map((op) => parts.find((part) => part.op === op)).find((part) => part !== undefined);
    const old = made?.old ?? parts.find((part) => part !== made && part.old !== undefined)?.old;
    const isOfThis = (part: Step) => made !== undefined && (part.old === undefined || part.old.id === old?.id);
    const leftOver = parts
        .filter((part) => part.op === "delete-replaced" && !isOfThis(part))
        .map((part): Step => ({ ...part, op: "delete", isLeftOver: true }));
    if (made === undefined) return leftOver;
    const own = parts.filter(isOfThis);
    const all = (pick: (part: Step) => readonly string[]) => [...new Set(own.flatMap(pick))];
    const replacement: Step = {
        ...made,
        op: made.op === "read-replacement" ? "read" : "replace",
        old,
        new: made.new ?? own.find((part) => part.new !== undefined)?.new,
        replaceKeys: all((part) => part.replaceKeys),
        diffKeys: all((part) => part.diffKeys),
        changedPaths: all((part) => part.changedPaths),
        deletesOld: own.some((part) => part.op === "delete-replaced" || part.op === "discard-replaced"),
    };
    return [replacement, ...leftOver];
}
