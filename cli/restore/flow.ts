/** The steps of a restoration: find, check, tell, ask, begin once, wait, say how it ended. */
import {
    messageOf,
    OperationFailedError,
    UncertainOutcomeError,
    WaitTimeoutError,
} from "../../provider/client/errors/errors";
import { displayText, redact } from "../../provider/client/errors/redaction";
import type { WireOperationLog } from "../../provider/client/operations";
import type { Context } from "../../provider/services/context";
import { Failure, type Io } from "../command";
import { backupFact } from "../inventory/facts";
import type { Session } from "../inventory/session";
import { timeInWords } from "../inventory/words";
import { displayLines } from "../text";
import { isTyped } from "./ask";
import { type FoundBackup, findBackup } from "./find";
import { type Facts, preflight, runningRestore, startedMs } from "./preflight";
import { type RestoreOptions, type RestoreRequest, requestFor } from "./request";
import { type Begun, beginRestore, endRestore, waitForRestore } from "./run";
import { goesOn, nameToType, resultInWords, summary } from "./words";

export interface RestoreRun {
    readonly session: Session;
    readonly io: Io;
    readonly backupId: string;
    readonly options: RestoreOptions;
    readonly timeoutMs: number;
    /** Ends before anything is sent. */
    readonly isDryRun: boolean;
    readonly isYes: boolean;
    readonly isJson: boolean;
}

/** Exit code. */
export async function restoreInSession(run: RestoreRun): Promise<number> {
    const { session, io } = run;
    const found = await findBackup(session, run.backupId);
    if (found.backup.parent_id !== undefined)
        throw new Failure(
            `${run.backupId} is the backup of a disk that belongs to server backup ` +
                `${found.backup.parent_id}: restore that one, and leave its other disks out with --leave-out`,
        );
    const request = requestFor(found.backup, run.options);
    const interruption = interruptionOf(io);
    const context = contextOf(session, io, found);
    const running = await runningRestore(session, found, request);
    if (running !== undefined && run.isDryRun)
        throw new Failure(`it is being restored from this backup now (task ${running.id}): nothing was sent`);
    if (running !== undefined) return resume(run, { found, request, context, interruption }, running);

    const facts = await preflight(session, found, request);
    io.err(displayLines(summary(session, facts, request)));
    if (run.isDryRun) {
        io.err("Nothing was sent: this is a dry run.\n");
        if (run.isJson) io.out(redact(resultAsJson(facts, request, undefined, undefined)));
        return 0;
    }
    if (!run.isYes && !(await isTyped(nameToType(facts, request), io, interruption.happened)))
        throw new Failure(
            interruption.signal.aborted ? "interrupted: nothing was sent" : "that is not its name: nothing was sent",
        );
    const begun = await begin({ found, request, context, interruption });
    io.err(`${begunInWords(begun)}\n`);
    return finish(run, { found, request, context, interruption }, facts, begun);
}

interface Steps {
    readonly found: FoundBackup;
    readonly request: RestoreRequest;
    readonly context: Context;
    readonly interruption: Interruption;
}

/** Another run, or somebody else, has begun it: it is waited for. Nothing is sent, so nothing is asked. */
function resume(run: RestoreRun, steps: Steps, running: WireOperationLog): Promise<number> {
    const { session, io } = run;
    const { backup, target } = steps.found;
    const facts: Facts = {
        fact: backupFact(backup, target),
        vault: undefined,
        targetName: running.extra_info?.restore?.target_resource_name,
        newest: undefined,
        holders: [],
        manager: undefined,
        warnings: [],
    };
    const since = startedMs(running);
    const name = nameToType(facts, steps.request);
    io.err(
        `${name} is being restored from this backup since ${timeInWords(since)} UTC (task ${running.id}). ` +
            "Nothing was sent; waiting for its end.\n",
    );
    const begun: Begun = { logId: running.id, how: "recovered", sentAt: since ?? session.clock.now() };
    return finish(run, steps, facts, begun);
}

async function begin({ found, request, context, interruption }: Steps): Promise<Begun> {
    try {
        const begun = beginRestore(context, found.target, found.backup.id, request);
        return await Promise.race([begun, interruption.asError]);
    } catch (error) {
        if (interruption.signal.aborted)
            throw new Failure(
                "interrupted while it was being begun: whether it has begun is not known. The same command " +
                    "looks for it before it sends anything",
            );
        // What is known of its effect, without the advice that is for `pulumi up`.
        if (error instanceof UncertainOutcomeError && error.cause !== undefined)
            throw new Failure(
                `it is not known whether the restoration has begun: ${messageOf(error.cause)} Nothing was ` +
                    `sent again. Look at the tasks of type restore of ${request.targetId} in ` +
                    `${found.target.region}; the same command looks there, too, before it sends anything`,
            );
        throw error;
    }
}

async function finish(
    run: RestoreRun,
    { found, request, context, interruption }: Steps,
    facts: Facts,
    begun: Begun,
): Promise<number> {
    const { session, io, isJson } = run;
    const deadline = session.clock.now() + run.timeoutMs;
    let log: WireOperationLog;
    try {
        const ended = waitForRestore(context, found.target, begun.logId, deadline);
        log = await Promise.race([ended, interruption.asError]);
    } catch (error) {
        // A task that the cloud has forgotten: the next run has nothing to wait for.
        if (error instanceof OperationFailedError) await endRestore(context, begun.logId);
        const isLate = error instanceof WaitTimeoutError;
        if (!isLate && !interruption.signal.aborted) throw error;
        const elapsedMs = session.clock.now() - begun.sentAt;
        if (isJson) io.out(resultAsJson(facts, request, begun, undefined));
        throw new Failure(goesOn(begun.logId, elapsedMs));
    }
    await endRestore(context, begun.logId);
    const text = resultInWords(log, facts, request);
    if (isJson) io.out(redact(resultAsJson(facts, request, begun, log)));
    if (log.status !== "success") throw new Failure(text);
    if (begun.how === "recovered") io.err("Nothing was sent by this run; to restore once more, run it again.\n");
    (isJson ? io.err : io.out)(`${displayText(text)}\n`);
    return 0;
}

function begunInWords({ logId, how }: Begun): string {
    if (how === "sent") return `Begun: task ${logId}`;
    if (how === "found") return `Begun: task ${logId} (the answer was lost, and its effect was found)`;
    return `An interrupted run has begun it already: task ${logId}. Nothing was sent`;
}

function resultAsJson(
    { fact }: Facts,
    { kind, targetId, body }: RestoreRequest,
    begun: Begun | undefined,
    log: WireOperationLog | undefined,
): string {
    const content = {
        version: 1,
        backupId: fact.id,
        kind,
        targetId,
        region: fact.region,
        projectId: fact.projectId,
        mappings: body.mappings ?? [],
        // Null: a dry run.
        operationLogId: begun?.logId ?? null,
        wasSent: begun !== undefined && begun.how !== "recovered",
        // Null: its end was not seen.
        status: log?.status ?? null,
        startedAt: log?.started_at ?? log?.created_at ?? null,
        endedAt: log?.ended_at ?? null,
        errorCode: log?.error_info?.code ?? null,
        errorMessage: log?.error_info?.message ?? null,
    };
    return `${JSON.stringify(content, null, 2)}\n`;
}

interface Interruption {
    readonly signal: AbortSignal;
    readonly happened: Promise<void>;
    /** Rejects once it happens. */
    readonly asError: Promise<never>;
}

function interruptionOf(io: Io): Interruption {
    const controller = new AbortController();
    const happened = io.interrupted().then(() => controller.abort());
    const asError = happened.then((): never => {
        throw new Failure("interrupted");
    });
    // It may be nobody's turn to hear it.
    asError.catch(() => {});
    return { signal: controller.signal, happened, asError };
}

/** Progress on the error output: a line for another word or ten per cent more, and not each second. */
function contextOf(session: Session, io: Io, { backup, target }: FoundBackup): Context {
    let shown = "";
    const log = {
        status: (text: string) => {
            const [state = ""] = text.replace(/\d %/, "").split(",");
            if (state === shown) return;
            shown = state;
            io.err(`  ${displayText(text)}\n`);
        },
        info: (text: string) => io.err(`${displayText(text)}\n`),
        warn: (text: string) => io.err(`warning: ${displayText(text)}\n`),
    };
    const urn = `pulumi-cbr restore|${target.region}|${target.projectId}|${backup.id}`;
    return { ...session.services, log, resourceName: "restore", urn };
}
