import { isDeepStrictEqual } from "node:util";
import { TransportError } from "../../provider/client/errors/errors";
import type { HttpRequest, HttpResponse, Transport } from "../../provider/client/http/transport";

export interface Answer {
    readonly status: number;
    /** Lower-case names. */
    readonly headers?: Readonly<Record<string, string>>;
    /** Text as it is; anything else as JSON. */
    readonly body?: unknown;
}

export interface Exchange {
    readonly method: string;
    /** The whole URL, or a pattern that it must match. */
    readonly url: string | RegExp;
    /** Headers that the request must have with just these values; `undefined`: must not have. */
    readonly headers?: Readonly<Record<string, string | RegExp | undefined>>;
    /** What the body must be once parsed. Left out: not looked at; `undefined`: no body. */
    readonly body?: unknown;
    /** The answer, an error to throw, or a function of the request (may be async). */
    readonly answer: Answer | Error | ((request: HttpRequest) => Answer | Promise<Answer>);
}

/** What a scripted call went wrong with; not a `CbrError`, so nothing retries it. */
export class ScriptError extends Error {}

/** Answers calls in the order of the script, and fails on any other. */
export class ScriptedTransport implements Transport {
    /** Every request that came, in order. */
    readonly requests: HttpRequest[] = [];
    closed = false;
    readonly #left: Exchange[];
    readonly #failures: string[] = [];

    constructor(script: readonly Exchange[] = []) {
        this.#left = [...script];
    }

    /** `METHOD url` of every request that came. */
    get calls(): string[] {
        return this.requests.map((request) => `${request.method} ${request.url}`);
    }

    /** Adds to the end of the script. */
    expect(...exchanges: readonly Exchange[]): this {
        this.#left.push(...exchanges);
        return this;
    }

    async send(request: HttpRequest): Promise<HttpResponse> {
        this.requests.push(request);
        request.signal?.throwIfAborted();
        const exchange = this.#left.shift();
        if (exchange === undefined)
            throw this.#fail(`call ${this.requests.length} is not in the script: ${request.method} ${request.url}`);
        const wrong = mismatch(exchange, request);
        if (wrong !== undefined)
            throw this.#fail(`call ${this.requests.length}, ${request.method} ${request.url}: ${wrong}`);
        const answer = typeof exchange.answer === "function" ? await exchange.answer(request) : exchange.answer;
        if (answer instanceof Error) throw answer;
        const body =
            answer.body === undefined
                ? ""
                : typeof answer.body === "string"
                  ? answer.body
                  : JSON.stringify(answer.body);
        return { status: answer.status, headers: answer.headers ?? {}, body };
    }

    async close(): Promise<void> {
        this.closed = true;
    }

    /** Fails when a call went wrong, or did not come. */
    done(): void {
        if (this.#failures.length > 0) throw new ScriptError(this.#failures.join("\n"));
        if (this.#left.length > 0)
            throw new ScriptError(
                `never called: ${this.#left.map((exchange) => `${exchange.method} ${exchange.url}`).join(", ")}`,
            );
    }

    #fail(message: string): ScriptError {
        this.#failures.push(message);
        return new ScriptError(message);
    }
}

function mismatch(exchange: Exchange, request: HttpRequest): string | undefined {
    if (exchange.method !== request.method) return `expected method ${exchange.method}`;
    const url = exchange.url;
    if (typeof url === "string" ? url !== request.url : !url.test(request.url)) return `expected URL ${url}`;
    for (const [name, wanted] of Object.entries(exchange.headers ?? {})) {
        const value = request.headers[name];
        const fits = wanted instanceof RegExp ? value !== undefined && wanted.test(value) : value === wanted;
        if (!fits) return `expected header ${name}: ${wanted}, but it is ${value}`;
    }
    if ("body" in exchange) {
        const body: unknown = request.body === undefined ? undefined : parse(request.body);
        if (!isDeepStrictEqual(body, exchange.body))
            return `expected body ${JSON.stringify(exchange.body)}, but it is ${request.body}`;
    }
    return undefined;
}

function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

/** The errors that a transport throws. */
export const refusedConnection = () => new TransportError("connection refused", { sent: false });
export const resetConnection = () => new TransportError("the connection was reset", { sent: true });
