/** What `prune` would do, and what it did, in words and as data. */
import { displayText } from "../../provider/client/errors/redaction";
import { sizeInWords, timeInWords } from "../inventory/words";
import { columns, counted, size } from "../text";
import type { Result } from "./execute";
import type { Decision, KeepReason } from "./plan";

/** In the order in which they are told. */
const REASONS: readonly (readonly [reason: KeepReason, words: string])[] = [
    ["held", "held by a state"],
    ["newest", "among the newest that are kept"],
    ["last", "the last good one of its resource and region"],
    ["young", "too young"],
    ["automatic", "made by a policy (--include-automatic)"],
    ["locked", "in a locked vault"],
    ["busy", "not finished, or in use"],
    ["on-premises", "imported from storage on premises"],
];

export function planAsText(decisions: readonly Decision[]): string {
    const going = decisions.filter((one) => one.action === "delete");
    const rows = going.map(({ fact, vaultName }) => [
        timeInWords(fact.createdMs),
        fact.resourceName,
        fact.isReplica ? "copy" : "restore point",
        fact.name,
        fact.region,
        vaultName,
        fact.status,
        sizeInWords(fact.sizeGb),
        fact.id,
    ]);
    const total = going.reduce((sum, { fact }) => sum + fact.sizeGb, 0);
    const kept = REASONS.map(([reason, words]) => {
        const count = decisions.filter((one) => one.action === "keep" && one.reason === reason).length;
        return count === 0 ? undefined : `  ${count} ${words}`;
    }).filter((line) => line !== undefined);
    const last = decisions.flatMap((one) =>
        one.action === "keep" && one.reason === "last" ? [`  kept: ${one.fact.id}, ${displayText(one.words)}`] : [],
    );
    return [
        going.length === 0
            ? "Nothing is to be deleted."
            : `To be deleted: ${counted(going.length, "backup")}, of resources of ${size(total)}`,
        ...columns(rows),
        ...(kept.length === 0 ? [] : ["Stay:", ...kept]),
        ...last,
        "",
    ].join("\n");
}

export function resultLine({ decision: { fact }, outcome, words }: Result): string {
    const what = `${fact.id}  ${fact.resourceName}  ${fact.name}  ${fact.region}`;
    return `${outcome.padEnd(9)}  ${displayText(`${what}${words === undefined ? "" : `  ${words}`}`)}\n`;
}

export function resultsAsText(results: readonly Result[]): string {
    const count = (outcome: Result["outcome"]) => results.filter((one) => one.outcome === outcome).length;
    const parts: readonly (readonly [count: number, words: string])[] = [
        [count("refused"), "could not be deleted"],
        [count("skipped"), "left alone after all"],
        [count("unknown"), "whose end was not seen"],
        [count("not begun"), "not begun"],
    ];
    const others = parts.filter(([number]) => number > 0).map(([number, words]) => `, ${number} ${words}`);
    return `Deleted ${counted(count("deleted"), "backup")}${others.join("")}.\n`;
}

export function asJson(
    decisions: readonly Decision[],
    results: readonly Result[] | undefined,
    blockers: readonly string[],
): string {
    const byId = new Map(results?.map((one) => [one.decision.fact.id, one]));
    const content = {
        version: 1,
        isDryRun: results === undefined,
        blockers,
        backups: decisions.map((one) => ({
            id: one.fact.id,
            name: one.fact.name,
            resourceId: one.fact.resourceId,
            resourceName: one.fact.resourceName,
            isCopy: one.fact.isReplica,
            region: one.fact.region,
            projectId: one.fact.projectId,
            vaultId: one.fact.vaultId,
            vaultName: one.vaultName,
            status: one.fact.status,
            createdAt: one.fact.createdMs === undefined ? null : new Date(one.fact.createdMs).toISOString(),
            sizeGb: one.fact.sizeGb,
            action: one.action,
            reason: one.action === "keep" ? one.reason : null,
            why: one.action === "keep" ? one.words : null,
            outcome: byId.get(one.fact.id)?.outcome ?? null,
            message: byId.get(one.fact.id)?.words ?? null,
        })),
    };
    return `${JSON.stringify(content, null, 2)}\n`;
}
