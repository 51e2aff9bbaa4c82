/** Reads a 2xx answer with the operation's schema. Pure. */
import { excerpt } from "../errors/error-response";
import { ResponseShapeError } from "../errors/errors";
import type { Operation } from "../operations";
import type { HttpResponse } from "./transport";

/**
 * What the answer says.
 * @throws ResponseShapeError for a page of something in between, a body that was cut off, and a field that is missing
 * or malformed. Its message names the ids of what the call has made, as far as the answer has them.
 */
export function parseAnswer<Req, Res>(operation: Operation<Req, Res>, response: HttpResponse): Res {
    if (operation.response === undefined) return undefined as Res;
    const { id } = operation;
    const { status, body } = response;
    let json: unknown;
    try {
        json = JSON.parse(body);
    } catch {
        throw new ResponseShapeError(
            id,
            status,
            `${id}: HTTP ${status}, but the answer is not JSON (a proxy's page, or cut off). ` +
                `It starts: "${excerpt(body)}"`,
            // No cause: the parser's error quotes the body as it came.
            { retry: "backoff", isForeign: body.trimStart().startsWith("<") },
        );
    }
    const result = operation.response.safeParse(json);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    const made = idsAt(json, operation.makes ?? []).map(excerpt);
    const what = `${issue?.path.join(".") || "body"}: ${issue?.message ?? ""}`;
    throw new ResponseShapeError(
        id,
        status,
        `${id}: HTTP ${status}, but the answer is not what the API's page describes: ` +
            `${what}.${made.length === 0 ? "" : ` It names ${made.join(", ")}.`}`,
        { cause: result.error },
    );
}

/** The texts at a path of keys; where a list stands on the way, those of all its items. */
function idsAt(value: unknown, path: readonly string[]): string[] {
    if (Array.isArray(value)) return value.flatMap((item) => idsAt(item, path));
    const [key, ...rest] = path;
    if (key === undefined) return typeof value === "string" && value !== "" ? [value] : [];
    return typeof value === "object" && value !== null ? idsAt(Reflect.get(value, key), rest) : [];
}
