/** What `restore` says: before it asks, and when it is over. */
import { displayText } from "../../provider/client/errors/redaction";
import type { WireOperationLog } from "../../provider/client/operations";
import { formatDuration } from "../../provider/client/time/duration";
import { parseInstant } from "../../provider/client/time/timestamps";
import type { Session } from "../inventory/session";
import { ageInWords, holderInWords, sizeInWords, timeInWords } from "../inventory/words";
import { columns, span } from "../text";
import type { Facts } from "./preflight";
import type { RestoreRequest } from "./request";

const KINDS = { server: "server", disk: "disk", desktop: "desktop" } as const;

/** The name that a person types to confirm: the target's, or its id where no name is known. */
export function nameToType(facts: Facts, request: RestoreRequest): string {
    return displayText(facts.targetName ?? request.targetId);
}

export function summary(session: Session, facts: Facts, request: RestoreRequest): string {
    const { fact, vault, manager, holders } = facts;
    const nowMs = session.clock.now();
    const name = nameToType(facts, request);
    const isSeveral = session.holders.hasSeveralProjects;
    const rows: (readonly [string, string])[] = [
        ["backup", `${fact.id}, ${sizeInWords(fact.sizeGb)}, ${fact.region}, vault ${vault?.name ?? fact.vaultId}`],
    ];
    if (session.holders.isAsked)
        rows.push(["held by", holders.map((one) => holderInWords(one, isSeveral)).join(", ") || "no stack"]);
    const original = request.isOriginal
        ? `the ${KINDS[request.kind]} it was taken of`
        : `not the ${KINDS[request.kind]} it was taken of, which was ${fact.resourceName}`;
    rows.push(["overwrites", `${KINDS[request.kind]} ${name} (${request.targetId}), ${original}`]);
    for (const { backup, volumeId } of request.disks) {
        const disk = `${backup.resource_name ?? backup.resource_id} (${backup.resource_size ?? "?"} GB)`;
        const other = volumeId === backup.resource_id ? "" : ", another disk than it was taken of";
        rows.push(
            volumeId === undefined
                ? [
                      "",
                      `  leaves out ${disk}: with the others restored, what lies on several disks may not fit together`,
                  ]
                : ["", `  disk ${volumeId} with ${disk}${other}`],
        );
    }
    rows.push(["loses", `all that was written to ${name} since; ${newestInWords(facts, request, nowMs)}`]);
    if (request.kind !== "disk")
        rows.push(["afterwards", request.body.power_on === false ? `${name} stays off` : `${name} is started`]);
    if (manager !== undefined)
        rows.push([
            "managed by",
            `${holderInWords({ ...manager.holder, hold: "taken" }, isSeveral)} (${manager.type}), whose ` +
                "state does not change",
        ]);
    return [
        `Restore ${name} from ${displayText(fact.name)} of ${timeInWords(fact.createdMs)} UTC, ` +
            `${ageInWords(fact.createdMs, nowMs)} old`,
        ...columns(rows),
        ...facts.warnings.map((one) => `  warning: ${displayText(one)}`),
        request.kind === "disk"
            ? "Its server must be stopped, and the disk detached, first. A restoration cannot be stopped or undone."
            : `${name} is shut down while it is restored. A restoration cannot be stopped or undone.`,
        "",
    ].join("\n");
}

function newestInWords({ fact, newest }: Facts, request: RestoreRequest, nowMs: number): string {
    if (newest === undefined) return "there is no other good restore point of it";
    const other =
        `${newest.name} of ${timeInWords(newest.createdMs)} UTC, ${ageInWords(newest.createdMs, nowMs)} ` +
        `old (${newest.id})`;
    const isOlder = request.isOriginal && (newest.createdMs ?? 0) < (fact.createdMs ?? 0);
    return isOlder
        ? `this is its newest good restore point, and the one before it is ${other}`
        : `its newest good restore point is ${other}`;
}

/** The end of a task, in words. */
export function resultInWords(log: WireOperationLog, facts: Facts, request: RestoreRequest): string {
    const name = nameToType(facts, request);
    const begun = parseInstant(log.started_at ?? log.created_at);
    const ended = parseInstant(log.ended_at);
    const took = begun === undefined || ended === undefined ? "" : ` after ${formatDuration(ended - begun)}`;
    const task = `task ${log.id}`;
    const why = [log.error_info?.code, log.error_info?.message].filter((one) => one !== undefined).join(": ");
    const reason = why === "" ? "" : `: ${why}`;
    switch (log.status) {
        case "success":
            return (
                `${name} is as it was at ${timeInWords(facts.fact.createdMs)} UTC ` +
                `(${task}${took}).${afterwards(name, request)}`
            );
        case "skipped":
            return `Nothing was restored: the cloud skipped it${reason} (${task}).`;
        case "timeout":
            return (
                `The cloud gave the restoration of ${name} up${took}${reason} (${task}). Part of it may have ` +
                "been overwritten: look at it before you use it."
            );
        default:
            return (
                `The restoration of ${name} has status ${log.status}${took}${reason} (${task}). Part of it may ` +
                "have been overwritten: look at it before you use it."
            );
    }
}

function afterwards(name: string, request: RestoreRequest): string {
    if (request.kind === "disk") return " Attach the disk to its server, and start the server.";
    return request.body.power_on === false ? ` ${name} is off.` : ` ${name} was started.`;
}

export function goesOn(logId: string | undefined, elapsedMs: number): string {
    const task = logId === undefined ? "" : ` (task ${logId})`;
    return (
        `After ${span(elapsedMs)} its end has not been seen${task}. It goes on in the cloud, and cannot be ` +
        "stopped. The same command goes on waiting for it, and begins nothing."
    );
}
