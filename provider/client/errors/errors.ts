/**
 * Every error this package throws on purpose. `kind` is for switches, `retry` is all that retry.ts looks at.
 * A message says: what was tried, what came back (status, code, text, request id), and what to do. It is one line, and
 * never has a secret: it becomes a `displayText` when the error is made.
 */
import { displayText } from "./redaction";

/**
 * May the request that ended so be sent again? `never`; `backoff`: later; `throttled`: the gateway asks us to slow
 * down; `busy`: another task holds the vault or resource.
 */
export type Retry = "never" | "backoff" | "throttled" | "busy";

export type ErrorKind =
    | "config"
    | "auth"
    | "transport"
    | "api"
    | "not-found"
    | "response-shape"
    | "wait-failed"
    | "wait-timeout"
    | "unsure"
    | "partial-create";

export abstract class CbrError extends Error {
    abstract readonly kind: ErrorKind;
    readonly retry: Retry;
    constructor(message: string, options: { retry?: Retry; cause?: unknown } = {}) {
        super(displayText(message), options.cause === undefined ? undefined : { cause: options.cause });
        this.name = new.target.name;
        this.retry = options.retry ?? "never";
    }
}

/**
 * A setting is missing or makes no sense. The message names the `cbr:` key and the environment variables that would
 * give it.
 */
export class ConfigError extends CbrError {
    readonly kind = "config";
}

/** Sign-in was refused. The message says which setting the refused credential came from. */
export class AuthError extends CbrError {
    readonly kind = "auth";
    readonly status: number | undefined;
    constructor(message: string, options: { status?: number; retry?: Retry; cause?: unknown } = {}) {
        super(message, options);
        this.status = options.status;
    }
}

/**
 * No complete answer came: refused, reset, timed out, cut off. `sent` is false only when the request surely never left.
 */
export class TransportError extends CbrError {
    readonly kind = "transport";
    readonly sent: boolean;
    constructor(message: string, options: { sent: boolean; retry?: Retry; cause?: unknown }) {
        super(message, { retry: options.retry ?? "backoff", cause: options.cause });
        this.sent = options.sent;
    }
}

/** What an error answer says, whatever its shape (api-notes: Body shapes). */
export interface ApiErrorDetails {
    /** Operation id, e.g. `CreateCheckpoint`. */
    operation: string;
    status: number;
    /** With its prefix, e.g. `BackupService.6217`, `APIGW.0308`; empty when the answer carried none. */
    code: string;
    text: string;
    requestId?: string | undefined;
    /** From `Retry-After`, in milliseconds, already capped. */
    retryAfterMs?: number | undefined;
    /** What to do about it, when known. */
    advice?: string | undefined;
    /** The very body with which the API refuses an id that it does not know, or a project that is not the caller's. */
    isMalformedUrl?: boolean | undefined;
    /** No code and no text could be read: the body was cut off, or is not the API's. */
    isForeign?: boolean | undefined;
}

function describe(failure: ApiErrorDetails): string {
    const code = failure.code === "" || failure.code === String(failure.status) ? "" : ` ${failure.code}`;
    const request = failure.requestId === undefined ? "" : ` (request id ${failure.requestId})`;
    const text = failure.text.trim().replace(/[.\s]+$/, "");
    const advice = failure.advice === undefined ? "" : ` ${failure.advice}`;
    return `${failure.operation}: HTTP ${failure.status}${code}: ${text}${request}.${advice}`;
}

/** The API answered with an error. */
export class ApiError extends CbrError {
    readonly kind: ErrorKind = "api";
    readonly failure: ApiErrorDetails;
    constructor(failure: ApiErrorDetails, options: { retry?: Retry; cause?: unknown } = {}) {
        super(describe(failure), options);
        this.failure = failure;
    }
}

/**
 * The API says that this very object does not exist: the only thing that means "gone". `what` is the object the code
 * stands for.
 */
export class NotFoundError extends ApiError {
    override readonly kind = "not-found";
    readonly what: NotFoundObject;
    constructor(failure: ApiErrorDetails, what: NotFoundObject, options: { cause?: unknown } = {}) {
        super(failure, options);
        this.what = what;
    }
}
export type NotFoundObject = "checkpoint" | "backup" | "vault" | "operation-log" | "id";

/** A 2xx answer that is not what the API's pages promise: not an HTTP error, so apart from `ApiError`. */
export class ResponseShapeError extends CbrError {
    readonly kind = "response-shape";
    readonly operation: string;
    readonly status: number;
    /** A page of something in between, whatever its status says: the API itself has not spoken. */
    readonly isForeign: boolean;
    constructor(
        operation: string,
        status: number,
        message: string,
        options: { retry?: Retry; isForeign?: boolean; cause?: unknown } = {},
    ) {
        super(message, options);
        this.operation = operation;
        this.status = status;
        this.isForeign = options.isForeign ?? false;
    }
}

/** The API gave a final answer, and it is not success. */
export class OperationFailedError extends CbrError {
    readonly kind = "wait-failed";
}

/** The time budget ran out before the API gave a final answer. */
export class WaitTimeoutError extends CbrError {
    readonly kind = "wait-timeout";
}

/** A request may or may not have had its effect, and looking did not tell. Nothing was sent again. */
export class UncertainOutcomeError extends CbrError {
    readonly kind = "unsure";
}

/**
 * Something exists in the cloud, but is not as it should be. Carries all that state must keep, so that no id is ever
 * lost.
 */
export class PartialCreateError<O = unknown> extends CbrError {
    readonly kind = "partial-create";
    readonly id: string;
    readonly outputs: O;
    readonly reasons: readonly string[];
    constructor(id: string, outputs: O, reasons: readonly string[], options: { cause?: unknown } = {}) {
        super(reasons.join("; "), options);
        this.id = id;
        this.outputs = outputs;
        this.reasons = reasons.map(displayText);
    }
}

/** What anything thrown says, in one line that may be shown. */
export function messageOf(error: unknown): string {
    if (error instanceof CbrError) return error.message;
    return displayText(error instanceof Error ? error.message : String(error));
}
