/** The native provider over Pulumi's published protocol: messages in, messages out. */
import type * as grpcTypes from "@grpc/grpc-js";
import type { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import type * as messages from "@pulumi/pulumi/proto/provider_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { messageOf } from "../../client/errors/errors";
import { isFunctionName, run } from "../../functions/index";
import type { Failure } from "../../resource/resource";
import { cancelWork, linesArrived } from "../engine";
import { anyProto, emptyProto, grpc, structProto } from "../grpc";
import { configureHost, hostServices, InitFailure } from "../host";
import { openedArguments } from "../secrets";
import type { PropertyMap } from "../values";
import { withoutUndefined } from "../values";
import type { DetailedChange } from "./detailed-diff";
import { changedSettings, checkConfig, markedConfig, sealedConfig, settingOf } from "./provider-config";
import type { HostDiff } from "./resource-host";
import { hostOf } from "./resources";

const proto = require("@pulumi/pulumi/proto/provider_pb") as typeof messages;
const { Struct: StructMessage } = structProto();
const { Empty } = emptyProto();

/** Pulumi's SDK takes messages up to this size, too. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

type Handle<Request, Response> = (request: Request) => Response | Promise<Response>;

function unary<Request, Response>(handle: Handle<Request, Response>): grpcTypes.handleUnaryCall<Request, Response> {
    return (call, callback) => {
        Promise.resolve(call.request)
            .then(handle)
            .then(
                (response) => callback(null, response),
                (error: unknown) => callback(statusOf(error)),
            );
    };
}

/** Pulumi: an error whose details hold an id keeps the resource in state, with its properties and reasons. */
function statusOf(error: unknown): Partial<grpcTypes.StatusObject> {
    const { status, Metadata } = grpc();
    const [code, message] = [status.UNKNOWN, error instanceof Error ? error.message : messageOf(error)];
    if (!(error instanceof InitFailure)) return { code, details: message };
    const failed = new proto.ErrorResourceInitFailed();
    failed.setId(error.id);
    failed.setProperties(struct(error.properties));
    failed.setReasonsList([...error.reasons]);
    const details = new (anyProto().Any)();
    details.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const statusProto = require("@pulumi/pulumi/proto/status_pb") as typeof import("@pulumi/pulumi/proto/status_pb");
    const answer = new statusProto.Status();
    answer.setCode(code);
    answer.setMessage(message);
    answer.addDetails(details);
    const metadata = new Metadata();
    metadata.add("grpc-status-details-bin", Buffer.from(answer.serializeBinary()));
    return { code, details: message, metadata };
}

const struct = (bag: object): Struct =>
    StructMessage.fromJavaScript(withoutUndefined(bag) as Parameters<typeof StructMessage.fromJavaScript>[0]);
const bagOf = (message: Struct | undefined): PropertyMap => (message?.toJavaScript() ?? {}) as PropertyMap;

function failuresOf(list: readonly Failure[]): messages.CheckFailure[] {
    return list.map(({ property, reason }) => {
        const failure = new proto.CheckFailure();
        failure.setProperty(property);
        failure.setReason(reason);
        return failure;
    });
}

/** Whose call it is. Pulumi: a time budget of 0 seconds is none. */
function requestOf(message: { getUrn(): string; getTimeout?: () => number; getPreview?: () => boolean }): {
    urn: string;
    timeoutMs: number | undefined;
    isPreview: boolean;
} {
    const seconds = message.getTimeout?.() ?? 0;
    return {
        urn: message.getUrn(),
        timeoutMs: seconds > 0 ? seconds * 1_000 : undefined,
        isPreview: message.getPreview?.() ?? false,
    };
}

const { Kind } = proto.PropertyDiff;
const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
} as const;

function propertyDiff({ change, isReplacement, ofInputs }: DetailedChange): messages.PropertyDiff {
    const diff = new proto.PropertyDiff();
    diff.setKind(kinds[change][isReplacement ? 1 : 0]);
    diff.setInputdiff(ofInputs);
    return diff;
}

function diffResponse(result: HostDiff): messages.DiffResponse {
    const response = new proto.DiffResponse();
    const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
    response.setChanges(result.isChanged ? DIFF_SOME : DIFF_NONE);
    response.setReplacesList([...result.replaces]);
    response.setDeletebeforereplace(result.deleteBeforeReplace);
    response.setDiffsList([...result.replaces, ...result.updates]);
    for (const [path, change] of result.detailed) response.getDetaileddiffMap().set(path, propertyDiff(change));
    // Where only state asks for the change, no input has one to show.
    response.setHasdetaileddiff(result.detailed.size > 0);
    return response;
}

const life = {
    check: async (request: messages.CheckRequest) => {
        const [olds, news] = [bagOf(request.getOlds()), bagOf(request.getNews())];
        const failures = await hostOf(request.getUrn()).check(requestOf(request), olds, news);
        const response = new proto.CheckResponse();
        // Pulumi: what is given back is stored and shown, so it is what the program wrote.
        response.setInputs(request.getNews());
        response.setFailuresList(failuresOf(failures));
        return response;
    },

    diff: async (request: messages.DiffRequest) => {
        const olds = { inputs: bagOf(request.getOldInputs()), outputs: bagOf(request.getOlds()) };
        const host = hostOf(request.getUrn());
        return diffResponse(await host.diff(requestOf(request), request.getId(), olds, bagOf(request.getNews())));
    },

    create: async (request: messages.CreateRequest) => {
        const made = await hostOf(request.getUrn()).create(requestOf(request), bagOf(request.getProperties()));
        const response = new proto.CreateResponse();
        response.setId(made.id);
        response.setProperties(struct(made.properties));
        return response;
    },

    update: async (request: messages.UpdateRequest) => {
        const [olds, news] = [bagOf(request.getOlds()), bagOf(request.getNews())];
        const host = hostOf(request.getUrn());
        const { properties } = await host.update(requestOf(request), request.getId(), olds, news);
        const response = new proto.UpdateResponse();
        response.setProperties(struct(properties));
        return response;
    },

    read: async (request: messages.ReadRequest) => {
        const stored = { inputs: bagOf(request.getInputs()), outputs: bagOf(request.getProperties()) };
        const found = await hostOf(request.getUrn()).read(requestOf(request), request.getId(), stored);
        const response = new proto.ReadResponse();
        // Pulumi: no id means that the resource is gone.
        if (found === undefined) return response;
        response.setId(found.id);
        response.setProperties(struct(found.properties));
        response.setInputs(struct(found.inputs));
        return response;
    },

    delete: async (request: messages.DeleteRequest) => {
        const stored = { inputs: bagOf(request.getOldInputs()), outputs: bagOf(request.getProperties()) };
        await hostOf(request.getUrn()).remove(requestOf(request), request.getId(), stored);
        return new Empty();
    },
};

const configuration = {
    checkConfig: (request: messages.CheckRequest) => {
        const news = markedConfig(request.getUrn(), bagOf(request.getNews()));
        const response = new proto.CheckResponse();
        response.setInputs(struct(sealedConfig(news)));
        response.setFailuresList(failuresOf(checkConfig(news, process.env)));
        return response;
    },

    diffConfig: (request: messages.DiffRequest) => {
        const changed = changedSettings(bagOf(request.getOldInputs()), bagOf(request.getNews()));
        const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
        const response = new proto.DiffResponse();
        response.setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME);
        response.setDiffsList(changed);
        return response;
    },

    configure: (request: messages.ConfigureRequest) => {
        configureHost(settingOf(bagOf(request.getArgs())));
        const response = new proto.ConfigureResponse();
        response.setAcceptsecrets(true);
        response.setSupportspreview(true);
        return response;
    },
};

/** `cbr:index:getVaults`. Pulumi: a function gives an object; what gives a list gives it as `items`. */
async function invoke(request: messages.InvokeRequest): Promise<messages.InvokeResponse> {
    const name = request.getTok().split(":").at(-1) ?? "";
    if (!isFunctionName(name)) throw new Error(`pulumi-cbr has no function ${request.getTok()}`);
    const result = await run(name, openedArguments(bagOf(request.getArgs())), hostServices).finally(linesArrived);
    const response = new proto.InvokeResponse();
    response.setReturn(struct(Array.isArray(result) ? { items: result } : result));
    return response;
}

const version = (): string => (require("pulumi-cbr/package.json") as { version: string }).version;

const self = {
    handshake: () => {
        const response = new proto.ProviderHandshakeResponse();
        response.setAcceptSecrets(true);
        return response;
    },

    getPluginInfo: () => {
        const plugin = require("@pulumi/pulumi/proto/plugin_pb") as typeof import("@pulumi/pulumi/proto/plugin_pb");
        const info = new plugin.PluginInfo();
        info.setVersion(version());
        return info;
    },

    getSchema: () => {
        const response = new proto.GetSchemaResponse();
        response.setSchema(JSON.stringify({ ...(require("pulumi-cbr/schema.json") as object), version: version() }));
        return response;
    },

    cancel: () => {
        cancelWork();
        return new Empty();
    },
};

/** Serves on a free port of loopback, which it returns. */
export function serve(): Promise<{ port: number; server: grpcTypes.Server }> {
    const { Server, ServerCredentials } = grpc();
    const services = require("@pulumi/pulumi/proto/provider_grpc_pb") as {
        ResourceProviderService: typeof ResourceProviderService;
    };
    const server = new Server({
        "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
        "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    });
    const handlers = Object.entries({ ...self, ...configuration, ...life, invoke }).map(([name, handle]) => [
        name,
        unary(handle as Handle<unknown, unknown>),
    ]);
    server.addService(services.ResourceProviderService, Object.fromEntries(handlers));
    return new Promise((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
            error === null ? resolve({ port, server }) : reject(error),
        );
    });
}
