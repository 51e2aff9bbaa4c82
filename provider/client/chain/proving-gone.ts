/**
 * `401 Malformed request url` says that there is no such id, and also that the project is not that of the credentials.
 * It is the former only where these may list the project's backups at that time.
 */
import type { CallOptions } from "../client";
import { ApiError, type ApiErrorDetails, AuthError, CbrError, NotFoundError } from "../errors/errors";
import type { Call, Link } from "./link";

/** Not an error yet: an answer that means one of two things. */
export class MalformedUrl extends Error {
    readonly failure: ApiErrorDetails;
    constructor(failure: ApiErrorDetails) {
        super(failure.text);
        this.failure = failure;
    }
}

type Look = Pick<CallOptions<unknown>, "target" | "deadline" | "until">;

/** `list` lists backups of the target. */
export function provingGone(parts: { list: (look: Look) => Promise<unknown>; describe: () => string }): Link {
    const prove = async (failure: ApiErrorDetails, { options: { target, deadline, until } }: Call) => {
        try {
            await parts.list({ target, deadline, until });
        } catch (error) {
            if (!(error instanceof CbrError)) throw error;
            throw new AuthError(
                `${new ApiError(failure).message} That is said of an id that does not exist, and also when project ` +
                    `${target.projectId} in ${target.region} is not one of these credentials; nothing ` +
                    "counts as gone, " +
                    `for its backups could not be listed either: ${error.message} Signed in with ` +
                    `${parts.describe()}: check it, cbr:projectId, and projectId of the resource.`,
                { status: failure.status, retry: error.retry, cause: error },
            );
        }
    };
    return (next) => async (call) => {
        const { operation } = call;
        for (let isProven = false; ; isProven = true) {
            try {
                return await next(call);
            } catch (error) {
                if (!(error instanceof MalformedUrl) || operation.notFound === undefined) throw error;
                if (isProven) throw new NotFoundError(error.failure, operation.notFound);
                // They may be renewed for it: what they are told counts.
                await prove(error.failure, call);
            }
        }
    };
}
