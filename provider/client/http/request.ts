/** An operation as an HTTP request. Pure. */
import type { CallOptions } from "../client";
import { ResponseShapeError } from "../errors/errors";
import type { Operation, Query } from "../operations";
import type { HttpRequest } from "./transport";

/**
 * Every value is percent-encoded by RFC 3986, as the signature wants it; an id can never leave its place in the path.
 */
function encode(value: string): string {
    return encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The project, and the path with its `{…}` parts filled from `values`. */
function pathOf(
    projectId: string,
    path: string,
    { path: values = {}, query = {} }: { path?: Readonly<Record<string, string>>; query?: Query },
): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encode(values[name] ?? ""));
    const pairs: string[] = [];
    for (const [key, value] of Object.entries(query)) {
        if (value === undefined) continue;
        for (const one of Array.isArray(value) ? value : [value]) pairs.push(`${encode(key)}=${encode(String(one))}`);
    }
    return `/v3/${encode(projectId)}${filled}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}

function checked<Req, Res>({ id, request }: Operation<Req, Res>, body: Req | undefined): Req {
    const result = request?.safeParse(body);
    if (result === undefined || result.success) return body as Req;
    const issue = result.error.issues[0];
    throw new ResponseShapeError(
        id,
        0,
        `${id}: the request is malformed at ${issue?.path.join(".")}: ${issue?.message}`,
    );
}

/**
 * The request before it has its region's address and is signed.
 * @throws ResponseShapeError for a body that the API's page does not describe.
 */
export function plainRequest<Req, Res>(
    operation: Operation<Req, Res>,
    options: CallOptions<Req>,
    signal: AbortSignal | undefined,
): HttpRequest {
    const { method, path, idempotent, request } = operation;
    const body = request === undefined ? undefined : JSON.stringify(checked(operation, options.body));
    return {
        method,
        url: pathOf(options.target.projectId, path, options),
        headers: {
            accept: "application/json",
            "x-language": "en-us",
            ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body }),
        // A POST that has left is waited for: what it says is worth more than the seconds.
        ...(idempotent && signal !== undefined ? { signal } : {}),
    };
}
