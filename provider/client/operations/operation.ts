import type { z } from "zod";
import type { NotFoundObject } from "../errors/errors";

export type Method = "GET" | "POST" | "PUT" | "DELETE";
export type QueryValue = string | number | boolean | readonly string[] | undefined;
export type Query = Readonly<Record<string, QueryValue>>;

/**
 * One call of the CBR API as data. client.ts is the only reader; this folder is the only place that knows URLs and wire
 * names.
 */
export interface Operation<Req, Res> {
    /** The vendor's operation id, by which its page is found. */
    readonly id: string;
    readonly method: Method;
    /** Path behind `/v3/{project_id}`, with `{name}` for path parameters. */
    readonly path: string;
    /** Success status; every page lists one only. */
    readonly status: number;
    /** Body schema, or undefined when the call has no body. Strict: a typo of ours never reaches the API. */
    readonly request: z.ZodType<Req> | undefined;
    /** Response schema; open: new fields of the API pass. `undefined` when the answer has no body. */
    readonly response: z.ZodType<Res> | undefined;
    /** The object whose typed not-found means that the thing asked for is gone. */
    readonly notFound?: NotFoundObject;
    /**
     * Of a POST: keys on the way to the id of what it makes, for messages about an answer that is malformed elsewhere.
     */
    readonly makes?: readonly string[];
    /** True when sending twice is the same as sending once. No POST of this API is. */
    readonly idempotent: boolean;
}

interface OperationSpec<RequestSchema extends z.ZodType, ResponseSchema extends z.ZodType> {
    id: string;
    method: Method;
    path: string;
    status?: number;
    request?: RequestSchema;
    response?: ResponseSchema;
    notFound?: NotFoundObject;
    makes?: readonly string[];
}

export function defineOperation<
    RequestSchema extends z.ZodType = z.ZodType<undefined, undefined>,
    ResponseSchema extends z.ZodType = z.ZodType<undefined, undefined>,
>(spec: OperationSpec<RequestSchema, ResponseSchema>): Operation<z.input<RequestSchema>, z.output<ResponseSchema>> {
    return {
        id: spec.id,
        method: spec.method,
        path: spec.path,
        status: spec.status ?? 200,
        request: spec.request as z.ZodType<z.input<RequestSchema>> | undefined,
        response: spec.response as z.ZodType<z.output<ResponseSchema>> | undefined,
        idempotent: spec.method !== "POST",
        ...(spec.notFound === undefined ? {} : { notFound: spec.notFound }),
        ...(spec.makes === undefined ? {} : { makes: spec.makes }),
    };
}
