import { readGoal } from "./goals";
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
import { type ProgramMode, Registrar } from "./registrar";
import type { Run } from "./run";
import { StepFailed, Stopped } from "./step";
import { fromWire, toProgram, unknownText } from "./values";

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

/** The engine as the program sees it: registrations, reads, outputs, logs, hooks. */
export class Monitor {
    readonly outputs: ProgramOutputs;
    readonly #server = new grpc.Server(channelOptions);
    /** Set once, by `attach`: the server must have an address before the run, whose providers get it, can exist. */
    #run: Run | undefined;
    #registrar: Registrar | undefined;
    #rootUrn = "";
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

    attach(run: Run, mode: ProgramMode): void {
        this.#run = run;
        this.#registrar = new Registrar(run, mode);
    }

    get registrar(): Registrar {
        if (this.#registrar === undefined) {
            throw new Error("the engine is not ready");
        }
        return this.#registrar;
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

    async #registerResource(
        request: resourceMessages.RegisterResourceRequest,
    ): Promise<resourceMessages.RegisterResourceResponse> {
        const response = new resourceMessages.RegisterResourceResponse();
        try {
            const { state, isUnknown } = await this.#guard(() => this.registrar.register(readGoal(request)), "");
            response.setUrn(state.urn);
            response.setId(state.id === unknownText ? "" : state.id);
            response.setUnknown(isUnknown);
            response.setObject(toProgram(state.custom ? state.outputs : {}));
        } catch (error) {
            if (!(error instanceof StepFailed) || !request.getSupportsresultreporting()) {
                throw error;
            }
            response.setUrn(error.urn);
            response.setResult(Result.FAIL);
        }
        return response;
    }

    async #readResource(request: resourceMessages.ReadResourceRequest): Promise<resourceMessages.ReadResourceResponse> {
        const state = await this.#guard(() => this.registrar.read(request), "");
        const response = new resourceMessages.ReadResourceResponse();
        response.setUrn(state.urn);
        response.setProperties(toProgram(state.outputs));
        return response;
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
