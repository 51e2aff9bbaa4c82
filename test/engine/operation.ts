import { cpus } from "node:os";
import type { Backend } from "./backend";
import type { ConfigMap } from "./config";
import { deleteLeftovers } from "./deletes";
import { readDeployment } from "./deployment-file";
import { TextDisplay } from "./display";
import { type EventSink, EventStream, openEventLog, type ResourceChanges } from "./events";
import { Hooks } from "./hooks";
import { Monitor } from "./monitor";
import { locateProgram, type RunningProgram, startInline, startLocal } from "./program";
import type { Project } from "./project";
import { Providers } from "./providers";
import { rebase, refreshAll, refreshStep } from "./refresh";
import { Bail, type Display, Run, type RunOptions, Stopped } from "./run";
import type { Crypter } from "./secrets";
import { Snapshot } from "./snapshot";
import type { ResourceState } from "./state";
import { Targets } from "./targets";
import { isProviderType, makeUrn, stackType } from "./urn";

export interface OperationRequest {
    kind: "update" | "refresh" | "destroy";
    dryRun: boolean;
    project: Project;
    stack: string;
    backend: Backend;
    crypter: Crypter;
    env: NodeJS.ProcessEnv;
    config: ConfigMap;
    /** Address of an inline program; without it the program of the project's folder runs. */
    client: string | undefined;
    /** Whether refresh and destroy run the program too. */
    runProgram: boolean;
    /** Refresh before an update or destroy. */
    refresh: boolean;
    clearPendingCreates: boolean;
    expectNoChanges: boolean;
    continueOnError: boolean;
    targets: string[];
    targetDependents: boolean;
    replace: string[];
    parallel: number | undefined;
    message: string;
    debug: boolean;
    eventLog: string | undefined;
    sinks: EventSink[];
    write: (text: string) => void;
    display: Display | undefined;
    hidesOutputs: boolean;
    hidesProgress: boolean;
    signal: AbortSignal | undefined;
    execKind: string;
}

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
        const run = await this.#prepare();
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

    async #prepare(): Promise<Run> {
        const request = this.#request;
        const { project, stack, backend, env } = request;
        const deployment = await readDeployment(backend.read(project.name, stack), env);
        deployment.crypter = request.crypter;
        if (request.clearPendingCreates) {
            deployment.pendingOperations = deployment.pendingOperations.filter(({ type }) => type !== "creating");
        }
        const write = (json: string) => backend.write(project.name, stack, json);
        const options: RunOptions = {
            kind: request.kind,
            dryRun: request.dryRun,
            parallel: Math.max(1, request.parallel ?? 4 * cpus().length),
            continueOnError: request.continueOnError,
            targets: new Targets(request.targets),
            targetDependents: request.targetDependents,
            replace: new Targets(request.replace),
            project: project.name,
            stack,
            config: request.config,
            backend,
            debug: request.debug,
        };
        const states = deployment.resources;
        const sinks = [...request.sinks, ...(request.eventLog === undefined ? [] : [openEventLog(request.eventLog)])];
        const run: Run = new Run({
            options,
            events: new EventStream(sinks),
            display: request.display ?? this.#text,
            snapshot: new Snapshot(deployment, request.dryRun ? undefined : write),
            providers: new Providers(
                {
                    cwd: locateProgram(project).folder,
                    env: providerEnv(project, env),
                    engineAddress: this.#monitor.address,
                    onLine: (line, isError) => run.diagnose(isError ? "info#err" : "info", line),
                },
                new Map(
                    states
                        .filter(({ type }) => isProviderType(type))
                        .map((state) => [`${state.urn}::${state.id}`, state]),
                ),
            ),
            hooks: new Hooks(request.dryRun, (message, urn) => run.diagnose("warning", message, urn)),
            olds: new Map(states.filter((state) => !state.delete).map((state) => [state.urn, state])),
            oldStates: states,
        });
        this.#monitor.attach(run, {
            mode: request.runProgram ? request.kind : "update",
            refreshes: request.runProgram && (request.kind === "refresh" || request.refresh),
        });
        const pending = deployment.pendingOperations;
        if (pending.length > 0 && request.kind !== "refresh" && !request.dryRun) {
            this.#warnOfPending(
                run,
                pending.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}`),
            );
        }
        return run;
    }

    #warnOfPending(run: Run, lines: string[]): void {
        run.diagnose(
            "warning",
            `Attempting to deploy or update resources with ${lines.length} pending operations from previous deployment.\n` +
                `${lines.join("\n")}\n` +
                "These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for changes to them " +
                "to complete. Look at each of them at the provider. `pulumi refresh` drops the entries of all but creations; " +
                "`pulumi refresh --clear-pending-creates` drops those too, and whatever was created must then be removed by hand.",
        );
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
        const { tracker } = this.#monitor;
        this.#checkTargets(run, run.options.targets, tracker.urns);
        if (kind === "refresh") {
            rebase(run, new Map());
            await refreshRest(run, (state) => isWanted(state) && !tracker.refreshes.has(state.urn));
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

/** What the program did not register is refreshed after it. */
async function refreshRest(run: Run, isWanted: (state: ResourceState) => boolean): Promise<void> {
    const results = new Map<ResourceState, ResourceState | undefined>();
    await Promise.all(
        run.oldStates.filter(isWanted).map(async (old) => {
            const step = refreshStep(run, old);
            await run.execute([step]).catch((error: unknown) => run.fail(error, old.urn));
            results.set(old, step.new);
        }),
    );
    rebase(run, results);
}

/** Pulumi: what a provider process is told by its environment, beside ours. */
function providerEnv(project: Project, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const options: NodeJS.ProcessEnv = {};
    for (const [name, value] of Object.entries(project.runtimeOptions)) {
        options[`PULUMI_RUNTIME_${name.toUpperCase()}`] = String(value);
    }
    return {
        ...env,
        ...options,
        PULUMI_PROJECT: project.name,
        PULUMI_NODEJS_PROJECT: project.name,
        PULUMI_CONFIG: "{}",
    };
}
