/** What the functions' arguments have in common. */
import { z } from "zod";
import type { ProjectRef } from "../client/client";
import { NotFoundError, type NotFoundObject, OperationFailedError } from "../client/errors/errors";
import { parseInstant, queryInstant } from "../client/time/timestamps";
import { type Services, targetOf } from "../services/context";

/** Where to look. */
export const placeArgs = {
    /** Region to look in. Default: `cbr:region`. */
    region: z.string().min(1).optional(),
    /**
     * Project to look in, 32 hexadecimal digits. Default: `cbr:projectId`, else the region's project as IAM names it.
     */
    projectId: z.string().min(1).meta({ isId: true }).optional(),
};

/** A time filter: ISO 8601 with a zone, or UTC without one; sent in whole seconds. */
export const instantArg = z
    .string()
    .refine((text) => parseInstant(text) !== undefined, "must be a time such as 2026-01-31T04:00:00Z")
    .transform((text) => queryInstant(parseInstant(text) ?? 0));

/** A place that is known. */
export interface ProjectArgs {
    readonly region: string;
    readonly projectId: string;
}

/** `read` of one object, whose typed not-found becomes a sentence. */
export async function readOne<T>(
    services: Services,
    args: { region?: string | undefined; projectId?: string | undefined },
    object: { kind: NotFoundObject; name: string; id: string },
    read: (target: ProjectRef) => Promise<T>,
): Promise<T> {
    const target = await targetOf(services, args);
    try {
        return await read(target);
    } catch (error) {
        if (!(error instanceof NotFoundError) || error.what !== object.kind) throw error;
        throw new OperationFailedError(
            `there is no ${object.name} ${object.id} in ${target.region}, project ${target.projectId} ` +
                `(${error.failure.code || `HTTP ${error.failure.status}`}): check the id, region and projectId.`,
            { cause: error },
        );
    }
}

/** Newest first; what is equally old, by id. */
export function newestFirst<T extends { id: string; createdAt?: string | undefined }>(list: T[]): T[] {
    // As instants: the API gives fractions of a second to some times and not to others.
    const at = ({ createdAt }: T) => parseInstant(createdAt) ?? 0;
    return list.sort((a, b) => at(b) - at(a) || compare(a.id, b.id));
}

export function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}
