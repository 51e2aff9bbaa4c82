/**
 * Ids of the cloud have one form: lower case, as every cloud writes them. What a user writes in capitals is the same
 * id, so everything that compares or sends one takes it from here. Answers are read in that form
 * (`client/operations/wire.ts`).
 */
import { z } from "zod";
import { type InputMeta, objectId } from "./resource";

/**
 * Inputs, or outputs that repeat them, with their ids in lower case. What has another shape than the schema says stays
 * as it is.
 */
export function withLowercaseIds<T extends object>(schema: z.ZodObject, bag: T): T {
    return lowercase(schema, bag) as T;
}

/** A resource's id, in lower case if it is a UUID: other ids are made by us. */
export function lowercaseId(id: string): string {
    return objectId.safeParse(id).success ? id.toLowerCase() : id;
}

function lowercase(schema: unknown, value: unknown): unknown {
    if (schema instanceof z.ZodOptional) return lowercase(schema.unwrap(), value);
    if (schema instanceof z.ZodArray && Array.isArray(value))
        return value.map((item: unknown) => lowercase(schema.element, item));
    if (schema instanceof z.ZodObject && typeof value === "object" && value !== null && !Array.isArray(value)) {
        const shape = new Map(Object.entries(schema.shape));
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, lowercase(shape.get(key), item)]));
    }
    const facts: InputMeta = (schema instanceof z.ZodType && schema.meta()) || {};
    return facts.isId === true && typeof value === "string" ? value.toLowerCase() : value;
}
