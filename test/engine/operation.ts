import type { ConfigMap } from "./config";
import { deleteLeftovers } from "./deletes";
import { TextDisplay } from "./display";
import type { ResourceChanges } from "./events";
import { Monitor } from "./monitor";
import { type OperationRequest, prepareRun } from "./prepare";
import { type RunningProgram, startInline, startLocal } from "./program";
import { refreshAll } from "./refresh";
import type { Run } from "./run";
import type { Crypter } from "./secrets";
import type { ResourceState } from "./state";
import { Bail, Stopped } from "./step";
import type { Targets } from "./targets";
import { makeUrn, stackType } from "./urn";

export interface OperationResult {
    isSuccess: boolean;
    isCancelled: boolean;
    changes: ResourceChanges;
    /** What the command ends with, if it failed. */
    error: string;
    durationMs: number;
}

/** Runs one preview, update, refresh or destroy from lock to unlock. */
export async function operate(request: OperationRequest): Promise<OperationResult> {
    const { backend, project, stack, dryRun } = request;
    const unlock = dryRun ? () => {} : backend.lock(project.name, stack);
    const startTime = Date.now();
    try {
        const result = await new Operation(request).perform();
        if (!dryRun) {
            backend.addHistory(project.name, stack, {
                kind: request.kind,
                startTime: Math.floor(startTime / 1000),
                endTime: Math.floor(Date.now() / 1000),
                message: request.message,
                environment: { "exec.kind": request.execKind, "pulumi.version": "local" },
                config: storedConfig(request.config, request.crypter),
                result: result.isSuccess ? "succeeded" : "failed",
                resourceChanges: result.changes,
            });
        }
        return result;
    } finally {
        unlock();
    }
}

function storedConfig(config: ConfigMap, crypter: Crypter): Record<string, { value: string; secret: boolean }> {
    return Object.fromEntries(
        Object.entries(config).map(([key, { value, secret }]) => [
            key,
            { value: secret ? crypter.encrypt(value) : value, secret },
        ]),
    );
}

class Operation {
    readonly #request: OperationRequest;
    readonly #monitor = new Monitor();
    readonly #text: TextDisplay;
    readonly #started = performance.now();

    constructor(request: OperationRequest) {
        this.#request = request;
        this.#text = new TextDisplay(request.write, request);
    }

    async perform(): Promise<OperationResult> {
        const request = this.#request;
        await this.#monitor.start();
        const run = await prepareRun(request, this.#text, this.#monitor);
        const onAbort = () => run.cancel();
        request.signal?.addEventListener("abort", onAbort, { once: true });
        try {
            if (request.signal?.aborted) {
                run.cancel();
            }
            return await this.#performWith(run);
        } finally {
            request.signal?.removeEventListener("abort", onAbort);
            run.hooks.close();
            await run.providers.close(!run.isStopping);
            this.#monitor.close();
            await run.events.close();
        }
    }

    async #performWith(run: Run): Promise<OperationResult> {
        const { kind, stack, project, dryRun, config } = this.#request;
        if (run.display === this.#text) {
            this.#text.start(kind, stack);
        }
        run.events.send(() => ({
            preludeEvent: {
                config: Object.fromEntries(
                    Object.entries(config).map(([key, { value, secret }]) => [key, secret ? "[secret]" : value]),
                ),
            },
        }));
        let program: RunningProgram | undefined;
        try {
            program = await this.#execute(run);
        } catch (error) {
            if (!(error instanceof Stopped)) {
                run.fail(error);
            }
        }
        await run.idle();
        const outputs = this.#monitor.outputs.finish();
        if (!dryRun) {
            run.snapshot.markDirty();
            await run.snapshot.save();
        }
        const isSuccess = !run.hasFailed && !run.isCancelled;
        const what = dryRun ? "preview" : "update";
        if (!isSuccess && !run.hasBailed) {
            run.diagnose("error", run.isCancelled && !run.hasFailed ? `${what} canceled` : `${what} failed`);
        }
        this.#monitor.release();
        if (program !== undefined) {
            await (isSuccess ? program.ended : undefined);
            await program.stop();
        }
        run.isClosed = true;
        const durationMs = performance.now() - this.#started;
        const stackUrn = makeUrn(stack, project.name, "", stackType, `${project.name}-${stack}`);
        if (run.display === this.#text) {
            const isNew = !run.olds.has(stackUrn);
            this.#text.finish(kind, stackUrn, outputs && { ...outputs, isNew }, run.changes, durationMs / 1000);
        }
        run.events.send(() => ({
            summaryEvent: {
                maybeCorrupt: false,
                durationSeconds: Math.ceil(durationMs / 1000),
                resourceChanges: { ...run.changes },
                PolicyPacks: {},
                isPreview: dryRun,
                result: isSuccess ? "succeeded" : "failed",
            },
        }));
        run.events.send(() => ({ cancelEvent: {} }));
        return {
            isSuccess,
            isCancelled: run.isCancelled,
            changes: run.changes,
            error: this.#errorOf(run, isSuccess),
            durationMs,
        };
    }

    #errorOf(run: Run, isSuccess: boolean): string {
        const { dryRun, expectNoChanges } = this.#request;
        if (!isSuccess) {
            return run.isCancelled
                ? `${dryRun ? "preview" : "update"} canceled`
                : `${dryRun ? "preview" : "update"} failed`;
        }
        const hasChanges = Object.keys(run.changes).some((op) => op !== "same");
        return expectNoChanges && hasChanges
            ? `no changes were expected but changes ${dryRun ? "were proposed" : "occurred"}`
            : "";
    }

    /** Returns the program when it is still waiting for our end. */
    async #execute(run: Run): Promise<RunningProgram | undefined> {
        const { kind, refresh, runProgram } = this.#request;
        const isWanted = (state: ResourceState) => !run.options.targets.isGiven || run.options.targets.named(state.urn);
        this.#checkTargets(run, run.options.replace, new Set());
        if ((kind === "refresh" || refresh) && !runProgram) {
            await refreshAll(run, isWanted);
            if (kind === "refresh" || run.isStopping) {
                this.#checkTargets(run, run.options.targets, new Set());
                return undefined;
            }
        }
        if (kind === "destroy" && !runProgram) {
            refuseDeleteHooks(run);
        }
        let program: RunningProgram | undefined;
        if (kind === "update" || runProgram) {
            program = await this.#runProgram(run);
            if (run.isStopping) {
                return program;
            }
        }
        const { tracker } = this.#monitor.registrar;
        run.oldStates = run.oldStates
            .map((old) => (tracker.refreshed.has(old) ? tracker.refreshed.get(old) : old))
            .filter((state) => state !== undefined);
        this.#checkTargets(run, run.options.targets, tracker.urns);
        if (kind === "refresh") {
            await refreshAll(run, (state) => isWanted(state) && !tracker.refreshes.has(state.urn));
        } else {
            await deleteLeftovers(run, tracker);
        }
        return program;
    }

    #checkTargets(run: Run, targets: Targets, registered: Set<string>): void {
        for (const urn of targets.missing(
            (name) => registered.has(name) || run.oldStates.some((state) => state.urn === name),
        )) {
            run.diagnose("error", `Target resource '${urn}' could not be found in the stack.`);
        }
    }

    async #runProgram(run: Run): Promise<RunningProgram> {
        const request = this.#request;
        const options = {
            project: request.project,
            stack: request.stack,
            config: request.config,
            dryRun: request.dryRun,
            parallel: run.options.parallel,
            env: request.env,
            address: this.#monitor.address,
            onLine: (line: string, isError: boolean) => run.diagnose(isError ? "info#err" : "info", line),
        };
        const program = request.client === undefined ? startLocal(options) : startInline(request.client, options);
        const end = await Promise.race([
            program.ended,
            this.#monitor.programEnded.then(() => "waits" as const),
            run.stopped.catch(() => "stopped" as const),
        ]);
        if (end !== "waits" && end !== "stopped" && end.kind !== "done") {
            run.hasFailed = true;
            run.hasBailed = true;
            if (end.kind === "failed") {
                run.diagnose("error", end.message);
            }
            run.stop();
        }
        return program;
    }
}

/** Pulumi: hooks are functions of the program, so a destroy that has them to call must run it. */
function refuseDeleteHooks(run: Run): void {
    for (const { urn, resourceHooks } of run.oldStates) {
        const names = [...(resourceHooks["BeforeDelete"] ?? []), ...(resourceHooks["AfterDelete"] ?? [])];
        if (names.length > 0) {
            run.diagnose(
                "error",
                `Resource has delete hooks registered, but the program is not running. Hooks: ${names.join(", ")}`,
                urn,
            );
        }
    }
    if (run.hasFailed) {
        throw new Bail();
    }
}
