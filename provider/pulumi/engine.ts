/** The engine that started this process: its address, whether it still runs, and its log service. */
import { connect } from "node:net";
import { hostname } from "node:os";
import { OperationFailedError } from "../client/errors/errors";
import { repeat, systemClock } from "../client/time/clock";
import { grpc } from "./grpc";
import type { Send } from "./resource-log";

/** How soon waits notice that the engine has ended, in milliseconds. Before a POST it is asked at once. */
const HOST_CHECK_MS = 5_000;

/** All that ask at the same time share one connection. */
const pings = new Map<string, Promise<boolean>>();
let gone: AbortController | undefined;

interface Address {
    readonly host: string;
    readonly port: string;
}

/** Pulumi: a host's last argument is the engine's address. */
export function engineAddress(): Address | undefined {
    const isHost = /dynamic-provider|native[\\/]main/.test(process.argv[1] ?? "");
    return isHost ? parseAddress(process.argv.at(-1) ?? "") : undefined;
}

function parseAddress(text: string): Address | undefined {
    const [, host, port] = /^\[?([\w.:-]+?)\]?:(\d+)$/.exec(text) ?? [];
    return host === undefined || port === undefined ? undefined : { host, port };
}

/** Tells it from the engines of other machines, whose notes a cache or a shared folder may bring here. */
export function engineName(): string | undefined {
    return engineAddress() === undefined ? undefined : `${hostname()} ${process.argv.at(-1)}`;
}

/** Is the engine of that name still at work? One of another machine cannot be asked, and is taken for gone. */
export function isNamedEngineAlive(name: string): Promise<boolean> {
    const [machine, address = ""] = name.split(" ");
    return machine === hostname() ? doesAnswer(parseAddress(address)) : Promise.resolve(false);
}

/** Does the engine that started this process still run? Without one (a test, a script) nothing can end. */
export function isEngineAlive(): Promise<boolean> {
    const address = engineAddress();
    return address === undefined ? Promise.resolve(true) : doesAnswer(address);
}

/**
 * Pulumi: this process does not end with an engine that was killed, nor does the shell between the two, so the parent's
 * id tells nothing. Its port does. An engine listens on this machine only.
 */
function doesAnswer(address: Address | undefined): Promise<boolean> {
    if (address === undefined || !/^(127\.|localhost$|::1$)/.test(address.host)) return Promise.resolve(false);
    const key = `${address.host} ${address.port}`;
    let ping = pings.get(key);
    if (ping === undefined) {
        ping = new Promise<boolean>((resolve) => {
            const socket = connect(Number(address.port), address.host);
            const end = (isAlive: boolean) => {
                pings.delete(key);
                socket.destroy();
                resolve(isAlive);
            };
            socket.once("connect", () => end(true));
            socket.once("error", (error: NodeJS.ErrnoException) => end(error.code !== "ECONNREFUSED"));
        });
        pings.set(key, ping);
    }
    return ping;
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

/** The engine wants no more of this, and still hears what it asked for: all waits end, and nothing more is sent. */
export function cancelWork(): void {
    hostGone();
    gone?.abort(new OperationFailedError("cancelled before it had ended. `pulumi up` resumes it."));
}

interface EngineClient {
    log(request: unknown, callback: () => void): void;
}
let engine: { client: EngineClient; proto: typeof import("@pulumi/pulumi/proto/engine_pb") } | undefined | "none";

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

/** A line that has not arrived after this long is not waited for, in milliseconds: the engine may be gone. */
const LINE_MS = 5_000;
/** Lines that stay, on their way to the engine. */
const onTheirWay = new Set<Promise<void>>();

export const sendToEngine: Send = ({ urn, message, severity, ephemeral }) => {
    engine ??= connectEngine();
    if (engine === "none") {
        if (!ephemeral) process.stderr.write(`${severity}: ${message}\n`);
        return;
    }
    const { client, proto } = engine;
    const request = new proto.LogRequest();
    request.setSeverity(severity === "warning" ? 2 : 1);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    const sent = new Promise<void>((resolve) => client.log(request, () => resolve()));
    if (ephemeral) return;
    onTheirWay.add(sent);
    void sent.then(() => onTheirWay.delete(sent));
};

/**
 * Resolves once the engine has the lines that stay. Pulumi: it ends this process as soon as it has the last answer, and
 * what is still on its way then is never shown.
 */
export async function linesArrived(): Promise<void> {
    if (onTheirWay.size === 0) return;
    const ended = new AbortController();
    const late = systemClock.sleep(LINE_MS, ended.signal).catch(() => undefined);
    await Promise.race([Promise.all(onTheirWay), late]);
    ended.abort();
}
