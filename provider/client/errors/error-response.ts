/** What an answer that is not the success asked for says, whatever its shape (api-notes: Body shapes). Pure. */

import type { HttpResponse } from "../http/transport";
import { lookUpCode } from "./error-codes";
import type { ApiErrorDetails } from "./errors";
import { displayText, redact } from "./redaction";
import { parseRetryAfter } from "./retry-after";

/** Longest piece of an answer that goes into a message, in characters. */
const TEXT_MAX = 200;
/** So much of an answer is looked at for it, in characters. */
const HEAD_MAX = 20_000;

/** Beyond this, a difference of clocks is worth a word; the API allows 15 minutes (api-notes: Signature). */
const SKEW_MIN_MS = 5 * 60_000;

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** A code or a text of an error body: texts as they are, numbers as text, everything else is none. */
function word(value: unknown): string | undefined {
    if (typeof value === "string") return value.trim() === "" ? undefined : value.trim();
    return typeof value === "number" && Number.isFinite(value) ? String(value) : undefined;
}

/** The pairs of names in the order in which they are tried. */
const PAIRS = [
    ["error_code", "error_msg"],
    ["errorCode", "errorMsg"],
    ["code", "message"],
] as const;

interface CodeAndText {
    readonly code: string;
    readonly text: string;
}

/**
 * Code and text of one object. A text alone counts (keystone errors have no code worth the name); a code alone does
 * too.
 * `message` beside `code` may be absent for a `title`.
 */
function codeAndText(body: Json): CodeAndText | undefined {
    for (const [codeKey, textKey] of PAIRS) {
        const code = word(body[codeKey]);
        const text = word(body[textKey]);
        if (code !== undefined || text !== undefined)
            return { code: code ?? "", text: text ?? word(body["title"]) ?? "" };
    }
    return undefined;
}

function nested(body: Json): CodeAndText | undefined {
    for (const value of Object.values(body)) {
        if (!isObject(value)) continue;
        const found = codeAndText(value);
        if (found !== undefined) return found;
    }
    return undefined;
}

/**
 * Nothing but `{"unauthorized":{"code":"401","message":"Malformed request url"}}` (api-notes: Malformed request url):
 * what only looks like it is a refusal.
 */
function isMalformedUrl(body: Json | undefined): boolean {
    const { unauthorized, ...more } = body ?? {};
    if (!isObject(unauthorized) || Object.keys(more).length > 0) return false;
    const { code, message, ...rest } = unauthorized;
    return code === "401" && message === "Malformed request url" && Object.keys(rest).length === 0;
}

/**
 * `text` as one line of at most 200 characters, without secrets and without HTML: tags, scripts and comments are
 * dropped, a page's title comes first. Secrets are cut out before the text is cut: a part of one would not be
 * recognised.
 */
export function excerpt(text: string): string {
    // A page can be megabytes long; its head says what it is.
    const head = redact(text.slice(0, 4 * HEAD_MAX)).slice(0, HEAD_MAX);
    const plain = /<[a-z!/]/i.test(head)
        ? head
              .replace(/<!--[\s\S]*?(?:-->|$)/g, " ")
              .replace(/<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, " ")
              .replace(/<[^>]*(?:>|$)/g, " ")
              .replace(/&nbsp;/gi, " ")
              .replace(/&lt;/gi, "<")
              .replace(/&gt;/gi, ">")
              .replace(/&quot;/gi, '"')
              .replace(/&amp;/gi, "&")
        : head;
    const line = displayText(plain).replace(/\s+/g, " ").trim();
    return line.length > TEXT_MAX ? `${line.slice(0, TEXT_MAX - 1).trimEnd()}…` : line;
}

function parseObject(body: string): Json | undefined {
    const text = body.trimStart();
    if (!text.startsWith("{")) return undefined;
    try {
        const value: unknown = JSON.parse(text);
        return isObject(value) ? value : undefined;
    } catch {
        return undefined;
    }
}

/**
 * A policy denial carries an encoded message that can be decoded with rights only: noise at best, so it never reaches a
 * text.
 */
const ENCODED_DENIAL = /"?encoded_authorization_message"?\s*[:=]\s*"?[^\s",}]*"?/gi;

/**
 * OAS lists CBR's codes as bare numbers: `6217` → `BackupService.6217`. Others stay, a nested `"401"` too (api-notes:
 * Body shapes).
 */
function normaliseCode(code: string, service: string): string {
    return /^\d{4}$/.test(code) ? `${service}.${code}` : code;
}

const PAGE_ADVICE =
    "That is a web page and no answer of the API: something in between answered, or cbr:endpoints names " +
    "the wrong place.";
const CUT_ADVICE =
    "That is no answer of the API: it was cut off, or something in between answered, or cbr:endpoints names the " +
    "wrong place.";

/** What to do about an answer that the API did not write. Of a 5xx that is what load balancers say, and passes. */
function adviceOnForeign({ status, body }: HttpResponse): string | undefined {
    if (status >= 500 || status === 429) return undefined;
    return body.trimStart().startsWith("<") ? PAGE_ADVICE : CUT_ADVICE;
}

/**
 * Reads a failed answer. Order: `error_code`/`error_msg`, `errorCode`/`errorMsg`, `code`/`message`, the same in each
 * nested object, else the start of the raw text (HTML taken out, at most 200 characters). Never throws.
 *
 * @param operation Operation id for the message, e.g. `CreateCheckpoint`.
 * @param nowMs Time for a `Retry-After` that is a date, where the answer has no `Date` of its own.
 * @param service Prefix of four-digit codes that come without one.
 */
export function parseFailure(
    operation: string,
    response: HttpResponse,
    nowMs?: number,
    service = "BackupService",
): ApiErrorDetails {
    const body = parseObject(response.body);
    const found = body === undefined ? undefined : (codeAndText(body) ?? nested(body));
    const code = normaliseCode(excerpt(found?.code ?? ""), service);
    const isForeign = found === undefined;
    const raw = isForeign ? response.body : found.text;
    const text = excerpt(raw.replace(ENCODED_DENIAL, " ")) || "no message in the answer";
    const requestId =
        word(response.headers["x-request-id"]) ??
        word(response.headers["x-openstack-request-id"]) ??
        word(response.headers["x-iam-trace-id"]) ??
        word(body?.["request_id"]);
    const dated = Date.parse(response.headers["date"] ?? "");
    const retryAfterMs = parseRetryAfter(response.headers["retry-after"], Number.isNaN(dated) ? (nowMs ?? 0) : dated);
    const advice = isForeign ? adviceOnForeign(response) : lookUpCode(code)?.advice;
    return {
        operation,
        status: response.status,
        code,
        text,
        ...(requestId === undefined ? {} : { requestId: excerpt(requestId) }),
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(advice === undefined ? {} : { advice }),
        ...(isMalformedUrl(body) ? { isMalformedUrl: true } : {}),
        ...(isForeign ? { isForeign } : {}),
    };
}

/**
 * How far this machine's clock is off by the answer's `Date` header, in words, when that is over five minutes;
 * undefined when it is not, or there is no such header.
 */
export function describeClockSkew(response: HttpResponse, nowMs: number): string | undefined {
    const server = Date.parse(response.headers["date"] ?? "");
    if (Number.isNaN(server)) return undefined;
    const offMs = nowMs - server;
    if (Math.abs(offMs) < SKEW_MIN_MS) return undefined;
    const minutes = Math.round(Math.abs(offMs) / 60_000);
    return (
        `This machine's clock is ${minutes} minutes ${offMs > 0 ? "ahead of" : "behind"} the server's (its ` +
        `Date header says ${new Date(server).toISOString()}); signatures are good for 15 minutes only.`
    );
}
