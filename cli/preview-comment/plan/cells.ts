/** The two cells of a row that say what happens to backups, and why, as Markdown. */
import { code } from "../comment/markdown";
import { counted, sizeInWords } from "../comment/words";
import { fateInWords, isExpired } from "./leftovers";
import type { Plan, Row } from "./plan";
import { purpose } from "./purpose";
import { changesInWords, inputChanges, renamesInCloud, whyReplaced } from "./reasons";

export function whatOf(row: Row, plan: Plan): string {
    const { kind, step, leftovers } = row;
    switch (row.op) {
        case "create":
            return joined(purpose(kind, step, plan.names), estimateInWords(row), takenOver(row, plan));
        case "import":
            return "Is in the cloud already and comes into the stack; nothing is taken or copied";
        case "replace":
            return joined(purpose(kind, step, plan.names), estimateInWords(row), oldOne(row));
        case "update":
            return updateInWords(row);
        case "forget":
            return "No longer in the cloud: leaves the state";
        case "release":
        case "delete":
            if (isExpired(kind, step.old?.outputs)) return "It has expired: nothing is left in the cloud";
            if (step.old?.external === true) return "Was only read; in the cloud nothing changes";
            return fateInWords(leftovers, step.isLeftOver) || "Leaves the stack; in the cloud nothing changes";
    }
}

const joined = (...parts: readonly string[]) => parts.filter((part) => part !== "").join(". ");

/** How many backups a copy takes, of what, and how much at most. */
function estimateInWords({ estimate }: Row): string {
    if (estimate === undefined) return "";
    const { backups, resources, there, grows } = estimate;
    const replicas = there === undefined ? "; which of them have a replica there is not known" : "";
    if (backups === 0 && grows)
        return `What this run takes before it${there === 0 ? "" : `; ${there} ${there === 1 ? "has" : "have"} a replica there already`}`;
    if (backups === 0 && there === 0) return "There is none now";
    if (backups === 0)
        return there === 1 ? "It has a replica there already" : `All ${there} have a replica there already`;
    const more =
        there === undefined || there === 0
            ? ""
            : `; ${there} more ${there === 1 ? "has" : "have"} a replica there already`;
    return `${counted(backups, "backup")} (${code(resources)}), ${sizeInWords([estimate])}${grows ? ", and what this run takes before it" : ""}${replicas}${more}`;
}

function takenOver({ step }: Row, { names }: Plan): string {
    const from = names.predecessor(step);
    return from === undefined
        ? ""
        : `Takes over what ${code(from.name)} has there, which is then not deleted with it; copies only what is gone`;
}

function oldOne({ kind, step, leftovers }: Row): string {
    if (isExpired(kind, step.old?.outputs)) return "The old one has expired";
    return fateInWords(leftovers, true);
}

function updateInWords({ step, action }: Row): string {
    if (action === "note") return "The state takes over what the cloud says; in the cloud nothing changes";
    if (renamesInCloud(step)) return "Its backups get another name in the cloud; nothing is taken or copied again";
    if ((step.old?.initErrors.length ?? 0) > 0) return "Goes on where the last run ended; nothing is sent again";
    return inputChanges(step).length === 0
        ? "The state takes over how it ended; in the cloud nothing changes"
        : "Settings only; in the cloud nothing changes";
}

export function whyOf(row: Row, plan: Plan): string {
    const { step } = row;
    switch (row.op) {
        case "create":
            return whyCreated(row, plan);
        case "replace":
            return row.isCertain
                ? whyReplaced(step, plan.names)
                : `${whyReplaced(step, plan.names)}; replaced only if that is another value`;
        case "update":
            return changesInWords(inputChanges(step), step, plan.names);
        case "release":
            return step.op === "read" ? "only read by `get` from now on" : "another one is read by `get` from now on";
        case "delete":
            return whyDeleted(row, plan);
        case "import":
        case "forget":
            return "";
    }
}

function whyCreated({ step }: Row, { renames, names }: Plan): string {
    const rename = renames.find(({ to }) => to === step);
    if (rename !== undefined)
        return rename.from.name === step.name
            ? "moved to another parent, without an alias"
            : `${code(rename.from.name)} by another name, without an alias`;
    const before = names.refreshed(step.urn);
    return before === undefined ? "new in the program" : "the earlier one is no longer in the cloud";
}

function whyDeleted({ step }: Row, { renames }: Plan): string {
    if (step.isLeftOver) return "left over from an earlier replacement";
    const rename = renames.find(({ from }) => from === step);
    if (rename === undefined) return "removed";
    return rename.to.name === step.name
        ? "moved to another parent, without an alias"
        : `now ${code(rename.to.name)}, without an alias`;
}
