/** The engine that started this process: its address, whether it still runs, and its log service. */
import { connect } from "node:net";
import { OperationFailedError } from "../client/errors/errors";
import { repeat } from "../client/time/clock";
import { grpc } from "./grpc";
import type { Send } from "./resource-log";

/** How soon waits notice that the engine has ended, in milliseconds. Before a POST it is asked at once. */
const HOST_CHECK_MS = 5_000;

let pinging: Promise<boolean> | undefined;
let gone: AbortController | undefined;

/**
 * Does the engine's port still answer? Pulumi: this process does not end with an engine that was killed, nor does the
 * shell between the two, so the parent's id tells nothing. All that ask at the same time share one knock.
 */
export function isEngineAlive(): Promise<boolean> {
    const address = engineAddress();
    if (address === undefined) return Promise.resolve(true);
    pinging ??= new Promise<boolean>((resolve) => {
        const socket = connect(Number(address.port), address.host);
        const end = (isAlive: boolean) => {
            pinging = undefined;
            socket.destroy();
            resolve(isAlive);
        };
        socket.once("connect", () => end(true));
        socket.once("error", (error: NodeJS.ErrnoException) => end(error.code !== "ECONNREFUSED"));
    });
    return pinging;
}

/** The next `up` is another process, and two at the same request could take two backups: work ends with the engine. */
export function hostGone(): AbortSignal {
    if (gone === undefined) {
        const controller = new AbortController();
        gone = controller;
        repeat(HOST_CHECK_MS, async () => {
            if (!(await isEngineAlive()))
                controller.abort(new OperationFailedError("The engine that asked for this is gone."));
            return !controller.signal.aborted;
        });
    }
    return gone.signal;
}

interface EngineClient {
    log(request: unknown, callback: () => void): void;
}
let engine: { client: EngineClient; proto: typeof import("@pulumi/pulumi/proto/engine_pb") } | undefined | "none";

/** The engine wants no more of this, and still hears what it asked for: all waits end, and nothing more is sent. */
export function cancelWork(): void {
    hostGone();
    gone?.abort(new OperationFailedError("cancelled before it had ended. `pulumi up` resumes it."));
}

/** Pulumi: a host's last argument is the engine's address. */
export function engineAddress(): { host: string; port: string } | undefined {
    if (!/dynamic-provider|native[\\/]main/.test(process.argv[1] ?? "")) return undefined;
    const [, host, port] = /^\[?([\w.:-]+?)\]?:(\d+)$/.exec(process.argv.at(-1) ?? "") ?? [];
    return host === undefined || port === undefined ? undefined : { host, port };
}

/** Its log service puts lines on a resource's row. */
function connectEngine(): Exclude<typeof engine, undefined> {
    if (engineAddress() === undefined) return "none";
    const address = process.argv.at(-1) ?? "";
    try {
        const services = require("@pulumi/pulumi/proto/engine_grpc_pb") as {
            EngineClient: new (address: string, credentials: unknown) => EngineClient;
        };
        const proto = require("@pulumi/pulumi/proto/engine_pb") as typeof import("@pulumi/pulumi/proto/engine_pb");
        return { client: new services.EngineClient(address, grpc().credentials.createInsecure()), proto };
    } catch {
        return "none";
    }
}

export const sendToEngine: Send = ({ urn, message, severity, ephemeral }) => {
    engine ??= connectEngine();
    if (engine === "none") {
        if (!ephemeral) process.stderr.write(`${severity}: ${message}\n`);
        return;
    }
    const request = new engine.proto.LogRequest();
    request.setSeverity(severity === "warning" ? 2 : 1);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    engine.client.log(request, () => {});
};
