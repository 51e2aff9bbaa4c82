/** Transport over undici: keep-alive, bounded, through the environment's proxies, with errors in plain words. */
import type { IncomingHttpHeaders } from "node:http";
import { createRequire } from "node:module";
import tls from "node:tls";
import type { Agent, Dispatcher } from "undici";
import { ConfigError, messageOf, TransportError } from "../errors/errors";
import { isLoopback, METADATA_HOST } from "../settings/clouds";
import { type Settings, systemFiles } from "../settings/settings";
import { CONNECT_TIMEOUT_MS, reasonOf, withScheme } from "./network-errors";
import type { HttpRequest, HttpResponse, Transport } from "./transport";

/** Not `import()`, which under Yarn's Plug'n'Play needs a loader of its own. */
const requireHere = createRequire(__filename);

function loadUndici(): typeof import("undici") {
    try {
        return requireHere("undici");
    } catch (error) {
        throw new TransportError(`undici cannot be loaded: ${messageOf(error)}`, {
            sent: false,
            retry: "never",
            cause: error,
        });
    }
}

/** Connections to one host and port at a time; more requests wait. */
export const MAX_CONNECTIONS = 64;
/** Time for a whole exchange, unless the request says otherwise, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 60_000;
/**
 * An idle connection is kept this long, in milliseconds: longer than the longest poll interval (15 s), shorter than the
 * 60 s after which gateways cut it.
 */
const KEEP_ALIVE_MS = 20_000;
/** Largest answer, in bytes: a page of 1,000 backups is under 2 MB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export type TransportSettings = Pick<Settings, "caFile" | "certFile" | "keyFile" | "insecure" | "proxies">;

interface TlsOptions {
    ca?: string[];
    cert?: string;
    key?: string;
    rejectUnauthorized?: false;
}

/** One exchange as undici reports it. Settles once, and remembers whether anything was written. */
class Exchange {
    readonly done: Promise<HttpResponse>;
    /** From here on the other side may have seen the request. */
    sent = false;
    #settled = false;
    #resolve: (response: HttpResponse) => void = () => {};
    #reject: (error: unknown) => void = () => {};
    #controller: Dispatcher.DispatchController | undefined;
    #status = 0;
    #headers: Record<string, string> = {};
    #chunks: Buffer[] = [];
    #bytes = 0;

    constructor() {
        this.done = new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
        // It may fail before anybody waits for it.
        this.done.catch(() => undefined);
    }

    /** Ends the exchange from our side. */
    fail(error: unknown): void {
        if (this.#settled) return;
        this.#settled = true;
        this.#chunks = [];
        this.#reject(error);
        this.#controller?.abort(error instanceof Error ? error : new Error("aborted"));
    }

    readonly handler: Dispatcher.DispatchHandler = {
        onRequestStart: (controller) => {
            this.#controller = controller;
            // Given up while it waited for a connection: then nothing is written.
            if (this.#settled) controller.abort(new Error("aborted before it was sent"));
            else this.sent = true;
        },
        onResponseStart: (_controller, status, headers) => {
            // Interim answers (103) come first, and are not the answer.
            if (status < 200) return;
            this.#status = status;
            this.#headers = flatten(headers);
        },
        onResponseData: (_controller, chunk) => {
            this.#bytes += chunk.length;
            if (this.#bytes > MAX_BODY_BYTES) this.fail(new BodyTooLarge());
            else if (!this.#settled) this.#chunks.push(chunk);
        },
        onResponseEnd: () => {
            if (this.#settled) return;
            this.#settled = true;
            this.#resolve({
                status: this.#status,
                headers: this.#headers,
                body: new TextDecoder().decode(Buffer.concat(this.#chunks)),
            });
        },
        onResponseError: (_controller, error) => {
            this.fail(error);
        },
    };
}

class BodyTooLarge extends Error {}

function flatten(headers: IncomingHttpHeaders): Record<string, string> {
    const flat: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers))
        if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : String(value);
    return flat;
}

class UndiciTransport implements Transport {
    readonly #settings: TransportSettings;
    #direct: Agent | undefined;
    #proxied: Dispatcher | undefined;
    #closed = false;

    constructor(settings: TransportSettings) {
        this.#settings = settings;
    }

    async send(request: HttpRequest): Promise<HttpResponse> {
        const url = new URL(request.url);
        const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
        if (request.signal?.aborted) throw aborted(url, false, request.signal.reason);
        if (this.#closed)
            throw new TransportError(`${url.host}: the provider is closing`, { sent: false, retry: "never" });
        const dispatcher = this.#dispatcher(url);
        const exchange = new Exchange();
        const timeout = AbortSignal.timeout(timeoutMs);
        const onTimeout = () => exchange.fail(timeout.reason);
        const onAbort = () => exchange.fail(request.signal?.reason ?? new Error("aborted"));
        timeout.addEventListener("abort", onTimeout, { once: true });
        request.signal?.addEventListener("abort", onAbort, { once: true });
        if (request.signal?.aborted) onAbort();
        try {
            dispatcher.dispatch(
                {
                    origin: url.origin,
                    path: `${url.pathname}${url.search}`,
                    method: request.method as Dispatcher.HttpMethod,
                    headers: { "user-agent": "pulumi-cbr", ...request.headers },
                    ...(request.body === undefined ? {} : { body: request.body }),
                    headersTimeout: 0,
                    bodyTimeout: 0,
                },
                exchange.handler,
            );
            return await exchange.done;
        } catch (error) {
            const { sent } = exchange;
            if (request.signal?.aborted) throw aborted(url, sent, request.signal.reason);
            if (timeout.aborted)
                throw new TransportError(`${url.host}: no complete answer within ${timeoutMs / 1000} s`, {
                    sent,
                    cause: error,
                });
            if (error instanceof BodyTooLarge)
                throw new TransportError(`${url.host}: the answer is larger than ${MAX_BODY_BYTES / 1024 / 1024} MB`, {
                    sent,
                    retry: "never",
                });
            const { text, retry } = reasonOf(error, sent, url, this.#settings.proxies);
            throw new TransportError(`${url.host}: ${text}`, {
                sent,
                // undici's parser errors carry a piece of the answer, which may be a token: not kept.
                ...(error instanceof Error && "data" in error ? {} : { cause: error }),
                ...(retry === undefined ? {} : { retry }),
            });
        } finally {
            timeout.removeEventListener("abort", onTimeout);
            request.signal?.removeEventListener("abort", onAbort);
        }
    }

    async close(): Promise<void> {
        this.#closed = true;
        const open = [this.#direct, this.#proxied].filter((dispatcher) => dispatcher !== undefined);
        this.#direct = undefined;
        this.#proxied = undefined;
        await Promise.all(open.map((dispatcher) => dispatcher.close()));
    }

    /** undici is loaded by the first request: a preview without credentials never needs it. */
    #dispatcher(url: URL): Dispatcher {
        const undici = loadUndici();
        const { http, https, none } = this.#settings.proxies;
        // A proxy could not reach our loopback, and must not see what goes there.
        const isNear = isLoopback(url.hostname) || url.hostname === METADATA_HOST;
        if (isNear || (http === undefined && https === undefined)) {
            this.#direct ??= new undici.Agent(this.#options());
            return this.#direct;
        }
        if (this.#proxied === undefined) {
            const { connect, ...options } = this.#options();
            try {
                this.#proxied = new undici.EnvHttpProxyAgent({
                    ...options,
                    connect,
                    requestTls: connect,
                    proxyTls: connect,
                    // Empty texts, because undici would read the environment by itself otherwise.
                    httpProxy: withScheme(http?.value),
                    httpsProxy: withScheme(https?.value),
                    noProxy: none ?? "",
                });
            } catch {
                const sources = [http?.source, https?.source].filter((source) => source !== undefined);
                throw new ConfigError(
                    `${sources.join(" or ")} is not a proxy's address: http://host:port is expected.`,
                );
            }
        }
        return this.#proxied;
    }

    #options() {
        return {
            connections: MAX_CONNECTIONS,
            pipelining: 1,
            keepAliveTimeout: KEEP_ALIVE_MS,
            keepAliveMaxTimeout: KEEP_ALIVE_MS,
            // One request a connection: what was in flight when one breaks is known.
            allowH2: false,
            connect: { timeout: CONNECT_TIMEOUT_MS, allowH2: false, ...this.#tls() },
        };
    }

    #tls(): TlsOptions {
        const { caFile, certFile, keyFile, insecure } = this.#settings;
        const options: TlsOptions = {};
        if (caFile !== undefined) {
            const pem = readPem(caFile, "CERTIFICATE");
            options.ca = [...tls.getCACertificates("default"), pem];
        }
        if (certFile !== undefined) options.cert = readPem(certFile, "CERTIFICATE");
        if (keyFile !== undefined) options.key = readPem(keyFile, "PRIVATE KEY");
        if (certFile !== undefined && keyFile === undefined) options.key = readPem(certFile, "PRIVATE KEY");
        if (insecure?.value === true) options.rejectUnauthorized = false;
        return options;
    }
}

function readPem(file: { value: string; source: string }, what: "CERTIFICATE" | "PRIVATE KEY"): string {
    const text = systemFiles.read(file.value);
    if (text === undefined) throw new ConfigError(`${file.source} names ${file.value}, which cannot be read.`);
    if (!new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(text))
        throw new ConfigError(
            `${file.source} names ${file.value}, which has no "-----BEGIN ${what}-----" (PEM) in it.`,
        );
    return text;
}

function aborted(url: URL, sent: boolean, reason: unknown): TransportError {
    return new TransportError(
        `${url.host}: the request was given up${sent ? " while it was under way" : " before it was sent"}`,
        {
            sent,
            retry: "never",
            cause: reason,
        },
    );
}

/**
 * A transport with these settings. Meant to be one a process: it keeps up to 64 connections to each host. Nothing is
 * loaded, read or opened before the first request.
 *
 * Each request has 60 s (or its `timeoutMs`), of which connecting may take 10; answers may have 64 MB.
 */
export function createUndiciTransport(settings: TransportSettings): Transport {
    return new UndiciTransport(settings);
}
