import { cpus } from "node:os";
import type { Backend } from "./backend";
import type { ConfigMap } from "./config";
import { readDeployment } from "./deployment-file";
import type { TextDisplay } from "./display";
import { type EventSink, EventStream, openEventLog } from "./events";
import { Hooks } from "./hooks";
import type { Monitor } from "./monitor";
import { locateProgram } from "./program";
import type { Project } from "./project";
import { Providers } from "./providers";
import { Run, type RunOptions } from "./run";
import type { Crypter } from "./secrets";
import { Snapshot } from "./snapshot";
import type { Display } from "./step";
import { Targets } from "./targets";
import { isProviderType } from "./urn";

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

/** Makes the run of an operation from the stack's stored state. */
export async function prepareRun(request: OperationRequest, text: TextDisplay, monitor: Monitor): Promise<Run> {
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
        display: request.display ?? text,
        snapshot: new Snapshot(deployment, request.dryRun ? undefined : write),
        providers: new Providers(
            {
                cwd: locateProgram(project).folder,
                env: providerEnv(project, env),
                engineAddress: monitor.address,
                onLine: (line, isError) => run.diagnose(isError ? "info#err" : "info", line),
            },
            new Map(
                states.filter(({ type }) => isProviderType(type)).map((state) => [`${state.urn}::${state.id}`, state]),
            ),
        ),
        hooks: new Hooks(request.dryRun, (message, urn) => run.diagnose("warning", message, urn)),
        olds: new Map(states.filter((state) => !state.delete).map((state) => [state.urn, state])),
        oldStates: states,
    });
    monitor.attach(run, {
        mode: request.runProgram ? request.kind : "update",
        refreshes: request.runProgram && (request.kind === "refresh" || request.refresh),
    });
    const pending = deployment.pendingOperations;
    if (pending.length > 0 && request.kind !== "refresh" && !request.dryRun) {
        warnOfPending(
            run,
            pending.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}`),
        );
    }
    return run;
}

function warnOfPending(run: Run, lines: string[]): void {
    run.diagnose(
        "warning",
        `Attempting to deploy or update resources with ${lines.length} pending operations from previous deployment.\n` +
            `${lines.join("\n")}\n` +
            "These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for changes to them " +
            "to complete. Look at each of them at the provider. `pulumi refresh` drops the entries of all but creations; " +
            "`pulumi refresh --clear-pending-creates` drops those too, and whatever was created must then be removed by hand.",
    );
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
