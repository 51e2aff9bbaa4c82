import * as grpc from "@grpc/grpc-js";
import { CallbacksClient } from "@pulumi/pulumi/proto/callback_grpc_pb";
import * as callbackMessages from "@pulumi/pulumi/proto/callback_pb";
import * as engineService from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engineMessages from "@pulumi/pulumi/proto/engine_pb";
import * as eventsService from "@pulumi/pulumi/proto/events_grpc_pb";
import * as eventsMessages from "@pulumi/pulumi/proto/events_pb";
import * as languageService from "@pulumi/pulumi/proto/language_grpc_pb";
import * as languageMessages from "@pulumi/pulumi/proto/language_pb";
import * as providerService from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as providerMessages from "@pulumi/pulumi/proto/provider_pb";
import * as resourceService from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resourceMessages from "@pulumi/pulumi/proto/resource_pb";
import * as statusMessages from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";

/** Pulumi's published gRPC protocol, as shipped in `@pulumi/pulumi`: the only file of the engine that imports the stubs. */
export {
    CallbacksClient,
    callbackMessages,
    Empty,
    engineMessages,
    engineService,
    eventsMessages,
    eventsService,
    grpc,
    type JavaScriptValue,
    languageMessages,
    languageService,
    providerMessages,
    providerService,
    resourceMessages,
    resourceService,
    Struct,
    statusMessages,
};

/** 400 MiB as in the SDK: a resource may carry large values. */
const maxMessageBytes = 400 * 1024 * 1024;
export const channelOptions = {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
};

type Answer<Response> = (error: grpc.ServiceError | null, response: Response) => void;
/** The three overloads of a generated method, so that its types are inferred. */
interface UnaryMethod<Request, Response> {
    (request: Request, callback: Answer<Response>): grpc.ClientUnaryCall;
    (request: Request, metadata: grpc.Metadata, callback: Answer<Response>): grpc.ClientUnaryCall;
    (
        request: Request,
        metadata: grpc.Metadata,
        options: Partial<grpc.CallOptions>,
        callback: Answer<Response>,
    ): grpc.ClientUnaryCall;
}

/** Promise form of a unary call. */
export function call<Request, Response>(
    client: grpc.Client,
    method: UnaryMethod<Request, Response>,
    request: Request,
): Promise<Response> {
    return new Promise((resolve, reject) => {
        const simple = method as (request: Request, callback: Answer<Response>) => grpc.ClientUnaryCall;
        simple.call(client, request, (error, response) => (error ? reject(error) : resolve(response)));
    });
}

type UnaryHandler<Request, Response> = (
    call: grpc.ServerUnaryCall<Request, Response>,
    callback: grpc.sendUnaryData<Response>,
) => void;

/** Turns an async function into a gRPC handler; what it throws becomes the status. */
export function handler<Request, Response>(
    answer: (request: Request) => Promise<Response> | Response,
): UnaryHandler<Request, Response> {
    return (incoming, callback) => {
        Promise.resolve()
            .then(() => answer(incoming.request))
            .then(
                (response) => callback(null, response),
                (error: unknown) => callback(toStatus(error)),
            );
    };
}

/** An error with a gRPC status code for the program. */
export class RpcError extends Error {
    readonly code: grpc.status;
    constructor(code: grpc.status, message: string) {
        super(message);
        this.code = code;
    }
}

function toStatus(error: unknown): Partial<grpc.StatusObject> {
    if (error instanceof RpcError) {
        return { code: error.code, details: error.message };
    }
    return { code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) };
}

/** Binds to a free loopback port and returns `host:port`. */
export function listen(server: grpc.Server): Promise<string> {
    return new Promise((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
            error ? reject(error) : resolve(`127.0.0.1:${port}`),
        );
    });
}

export function isServiceError(error: unknown): error is grpc.ServiceError {
    return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}
