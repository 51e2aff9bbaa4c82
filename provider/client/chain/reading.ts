/** What an answer says: a good one is read, all others are thrown. */
import { ApiError, NotFoundError } from "../errors/errors";
import { parseAnswer } from "../http/parse-answer";
import { classify, mayBeMalformedUrl, notFoundObject } from "../http/retry";
import type { Link } from "./link";
import { MalformedUrl } from "./proving-gone";

export const reading: Link = (next) => async (call) => {
    const { operation } = call;
    const { response, failure } = await next(call);
    if (failure === undefined) return { response, value: parseAnswer(operation, response) };
    if (mayBeMalformedUrl(failure, operation)) throw new MalformedUrl(failure);
    const gone = notFoundObject(failure, operation.notFound);
    if (gone !== undefined) throw new NotFoundError(failure, gone);
    throw new ApiError(failure, { retry: classify(failure, operation.method).retry });
};
