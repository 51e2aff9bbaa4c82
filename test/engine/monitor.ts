import { emptyGoal, type Goal, readGoal } from "./goals";
import { ProgramOutputs } from "./outputs";
import {
    channelOptions,
    Empty,
    engineMessages,
    engineService,
    grpc,
    handler,
    listen,
    RpcError,
    resourceMessages,
    resourceService,
} from "./protocol";
import { dynamicPackage } from "./providers";
import { claimUrn, decide, inherit, type Mode } from "./registration";
import { type Run, StepFailed, Stopped } from "./run";
import { newState, type ResourceState } from "./state";
import { readStep, replaceStep } from "./steps";
import { refuseUntargetedNeeds } from "./targeting";
import { findOld, Tracker } from "./tracker";
import { isProviderType, packageOf, providerType } from "./urn";
import { type Bag, fromWire, Secret, toProgram, unknownText } from "./values";

const { ResourceMonitorFeature: Feature, Result } = resourceMessages;
/** What we tell the SDK that we do; it refuses the rest with a message of its own. */
const features = [
    Feature.RESOURCE_MONITOR_FEATURE_SECRETS,
    Feature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    Feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    Feature.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    Feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    Feature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    Feature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
];
const featureNames: Record<string, boolean> = {
    secrets: true,
    resourceReferences: true,
    aliasSpecs: true,
    replacementTrigger: true,
    deletedWith: true,
    replaceWith: true,
    resourceHooks: true,
};

/** What the monitor is asked by a program, beside the run itself. */
export interface MonitorOptions {
    mode: Mode;
    /** Each resource is read when the program registers it. */
    refreshes: boolean;
}

/** The engine as the program sees it: registrations, reads, outputs, logs, hooks. */
export class Monitor {
    readonly tracker = new Tracker();
    readonly outputs: ProgramOutputs;
    readonly #server = new grpc.Server(channelOptions);
    /** Set once, by `attach`: the server must have an address before the run, whose providers get it, can exist. */
    #run: Run | undefined;
    #options: MonitorOptions = { mode: "update", refreshes: false };
    #rootUrn = "";
    /** Registrations are decided one at a time. */
    #turn: Promise<unknown> = Promise.resolve();
    readonly #defaults = new Map<string, Promise<string>>();
    #signalEnd: () => void = () => {};
    /** Resolves when the program says that it will register nothing more. */
    readonly programEnded = new Promise<void>((resolve) => {
        this.#signalEnd = resolve;
    });
    #release: () => void = () => {};
    readonly #released = new Promise<void>((resolve) => {
        this.#release = resolve;
    });
    address = "";

    constructor() {
        this.outputs = new ProgramOutputs(this.#getRun.bind(this));
    }

    #getRun(): Run {
        if (this.#run === undefined) {
            throw new Error("the engine is not ready");
        }
        return this.#run;
    }

    async start(): Promise<void> {
        this.#server.addService(resourceService.ResourceMonitorService, {
            getDeploymentInfo: handler(() => {
                const info = new resourceMessages.DeploymentInfo();
                const { options } = this.#getRun();
                info.setProject(options.project);
                info.setStack(options.stack);
                info.setOrganization("organization");
                info.setDryrun(options.dryRun);
                info.setParallel(options.parallel);
                info.setSupportedfeaturesList(features);
                for (const [key, { value, secret }] of Object.entries(options.config)) {
                    info.getConfigMap().set(key, value);
                    if (secret) {
                        info.addConfigsecretkeys(key);
                    }
                }
                return info;
            }),
            supportsFeature: handler((request: resourceMessages.SupportsFeatureRequest) => {
                const response = new resourceMessages.SupportsFeatureResponse();
                response.setHassupport(featureNames[request.getId()] === true);
                return response;
            }),
            registerResource: handler((request: resourceMessages.RegisterResourceRequest) =>
                this.#registerResource(request),
            ),
            readResource: handler((request: resourceMessages.ReadResourceRequest) => this.#readResource(request)),
            registerResourceOutputs: handler(async (request: resourceMessages.RegisterResourceOutputsRequest) => {
                await this.#guard(
                    () => this.outputs.register(request.getUrn(), fromWire(request.getOutputs())),
                    request.getUrn(),
                );
                return new Empty();
            }),
            registerResourceHook: handler((request: resourceMessages.RegisterResourceHookRequest) => {
                this.#getRun().hooks.register(request);
                return new Empty();
            }),
            invoke: handler((request: resourceMessages.ResourceInvokeRequest) => this.#invoke(request)),
            signalAndWaitForShutdown: handler(async () => {
                this.#signalEnd();
                await this.#released;
                return new Empty();
            }),
        });
        this.#server.addService(engineService.EngineService, {
            log: handler((request: engineMessages.LogRequest) => {
                const severity = (["debug", "info", "warning", "error"] as const)[request.getSeverity()] ?? "info";
                this.#getRun().diagnose(
                    severity,
                    request.getMessage(),
                    request.getUrn(),
                    request.getEphemeral(),
                    request.getStreamid(),
                );
                return new Empty();
            }),
            getRootResource: handler(() => {
                const response = new engineMessages.GetRootResourceResponse();
                response.setUrn(this.#rootUrn);
                return response;
            }),
            setRootResource: handler((request: engineMessages.SetRootResourceRequest) => {
                this.#rootUrn = request.getUrn();
                return new engineMessages.SetRootResourceResponse();
            }),
        });
        this.address = await listen(this.#server);
    }

    attach(run: Run, options: MonitorOptions): void {
        this.#run = run;
        this.#options = options;
    }

    /** Lets a program that waits for our end go. */
    release(): void {
        this.#release();
    }

    close(): void {
        this.#release();
        this.#server.forceShutdown();
    }

    /** Does something for the program; on failure the operation stops, and the program learns only that. */
    async #guard<Answer>(work: () => Promise<Answer>, urn: string): Promise<Answer> {
        const run = this.#getRun();
        const guarded = work().catch((error: unknown) => {
            if (!(error instanceof StepFailed && run.options.continueOnError)) {
                run.fail(error, urn);
            }
            throw error;
        });
        guarded.catch(() => {});
        try {
            return await Promise.race([guarded, run.stopped]);
        } catch (error) {
            if (error instanceof StepFailed && run.options.continueOnError) {
                throw error;
            }
            throw new RpcError(grpc.status.UNAVAILABLE, new Stopped().message);
        }
    }

    /** Waits for all earlier decisions. */
    #inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
        const mine = this.#turn.then(() => {
            if (this.#getRun().isStopping) {
                throw new Stopped();
            }
            return work();
        });
        this.#turn = mine.catch(() => {});
        return mine;
    }

    async #registerResource(
        request: resourceMessages.RegisterResourceRequest,
    ): Promise<resourceMessages.RegisterResourceResponse> {
        const response = new resourceMessages.RegisterResourceResponse();
        try {
            const { state, isUnknown } = await this.#guard(() => this.#register(readGoal(request)), "");
            response.setUrn(state.urn);
            response.setId(state.id === unknownText ? "" : state.id);
            response.setUnknown(isUnknown);
            response.setObject(toProgram(state.custom ? state.outputs : {}));
        } catch (error) {
            if (!(error instanceof StepFailed) || !request.getSupportsresultreporting()) {
                throw error;
            }
            response.setResult(Result.FAIL);
        }
        return response;
    }

    async #register(goal: Goal): Promise<{ state: ResourceState; isUnknown: boolean }> {
        const run = this.#getRun();
        inherit(this.tracker, goal);
        if (goal.custom && !isProviderType(goal.type) && goal.provider === "") {
            goal.provider = await this.#defaultProvider(packageOf(goal.type));
        }
        if (isProviderType(goal.type) && packageOf(goal.type) !== dynamicPackage) {
            throw new Error(
                `the local engine serves dynamic resources only, not package "${packageOf(goal.type)}"; use the Pulumi CLI`,
            );
        }
        const decision = await this.#inTurn(async () => {
            const decided = await decide(run, this.tracker, goal, this.#options.mode, this.#options.refreshes);
            refuseUntargetedNeeds(run, this.tracker, decided.steps);
            return decided;
        });
        if (decision.steps.length > 0) {
            await run.execute(decision.steps);
        }
        return decision;
    }

    /** Pulumi: resources without a provider share one of their package, whose inputs are the stack's whole configuration. */
    #defaultProvider(packageName: string): Promise<string> {
        let reference = this.#defaults.get(packageName);
        if (reference === undefined) {
            if (packageName !== dynamicPackage) {
                return Promise.reject(
                    new Error(
                        `the local engine serves dynamic resources only, not package "${packageName}"; use the Pulumi CLI`,
                    ),
                );
            }
            reference = this.#register(emptyGoal(providerType(packageName), "default", this.#configInputs())).then(
                ({ state }) => `${state.urn}::${state.id}`,
            );
            this.#defaults.set(packageName, reference);
        }
        return reference;
    }

    #configInputs(): Bag {
        const inputs: Bag = {};
        for (const [key, { value, secret }] of Object.entries(this.#getRun().options.config)) {
            inputs[key] = secret ? new Secret(value) : value;
        }
        return inputs;
    }

    async #readResource(request: resourceMessages.ReadResourceRequest): Promise<resourceMessages.ReadResourceResponse> {
        const state = await this.#guard(() => this.#read(request), "");
        const response = new resourceMessages.ReadResourceResponse();
        response.setUrn(state.urn);
        response.setProperties(toProgram(state.outputs));
        return response;
    }

    async #read(request: resourceMessages.ReadResourceRequest): Promise<ResourceState> {
        const run = this.#getRun();
        const tracker = this.tracker;
        const goal = emptyGoal(request.getType(), request.getName(), fromWire(request.getProperties()));
        goal.parent = request.getParent();
        goal.provider = request.getProvider() || (await this.#defaultProvider(packageOf(goal.type)));
        const { steps, state } = await this.#inTurn(async () => {
            const urn = claimUrn(run, tracker, goal);
            const { old, alias } = findOld(run, tracker, urn, goal);
            const wanted = newState({
                urn,
                type: goal.type,
                custom: true,
                external: true,
                id: request.getId(),
                inputs: goal.inputs,
                parent: goal.parent,
                provider: goal.provider,
                dependencies: request.getDependenciesList(),
                additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
                aliases: alias === "" ? [] : [alias],
            });
            const isReplacing = old !== undefined && !old.external && old.id !== wanted.id;
            const read = readStep(run, old, wanted, isReplacing);
            (isReplacing ? tracker.replaces : tracker.reads).add(urn);
            if (this.#options.mode === "destroy") {
                tracker.toDelete.push(wanted);
            }
            return { steps: isReplacing ? [read, replaceStep(wanted, { old, keys: [] })] : [read], state: wanted };
        });
        await run.execute(steps);
        return state;
    }

    async #invoke(request: resourceMessages.ResourceInvokeRequest): Promise<resourceMessages.ResourceInvokeResponse> {
        if (request.getTok() !== "pulumi:pulumi:getResource") {
            throw new RpcError(
                grpc.status.UNIMPLEMENTED,
                `the local engine does not support functions (${request.getTok()}); use the Pulumi CLI`,
            );
        }
        const urn = String(fromWire(request.getArgs())["urn"]);
        const state = this.#getRun().news.get(urn);
        if (state === undefined) {
            throw new RpcError(grpc.status.UNKNOWN, `unknown resource ${urn}`);
        }
        const response = new resourceMessages.ResourceInvokeResponse();
        response.setReturn(toProgram({ urn, id: state.id, state: state.outputs }));
        return response;
    }
}
