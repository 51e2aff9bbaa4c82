import { expect, it } from "vitest";
import { z } from "zod";
import type { Reply } from "../../../provider/client/chain/link";
import { MalformedUrl } from "../../../provider/client/chain/proving-gone";
import { reading } from "../../../provider/client/chain/reading";
import { ApiError, NotFoundError, ResponseShapeError } from "../../../provider/client/errors/errors";
import { createCheckpoint, showBackup } from "../../../provider/client/operations";
import { callOf, failed, next } from "./call";

const errorOf = (reply: Reply, operation: unknown = showBackup) =>
    reading(next(reply))(callOf({}, operation)).then(
        () => expect.unreachable("it was read"),
        (error: unknown) => error,
    );

it("reads a good answer with the operation's schema", async () => {
    const named = { ...showBackup, response: z.object({ name: z.string() }) };
    const response = { status: 200, headers: {}, body: '{"name":"a"}' };
    expect(await reading(next({ response }))(callOf({}, named))).toEqual({ response, value: { name: "a" } });
    const other = { ...named, response: z.object({ id: z.string() }) };
    await expect(reading(next({ response }))(callOf({}, other))).rejects.toBeInstanceOf(ResponseShapeError);
});

it("throws what is gone, what may be gone, and all else as the errors that they are", async () => {
    expect(await errorOf(failed(404, "BackupService.6201"))).toBeInstanceOf(ApiError);
    expect(await errorOf(failed(404, "BackupService.6200"))).toBeInstanceOf(NotFoundError);
    expect(await errorOf(failed(401, "", { isMalformedUrl: true }))).toBeInstanceOf(MalformedUrl);
    const plain = failed(401, "", { isMalformedUrl: true });
    expect(await errorOf(plain, { ...createCheckpoint, notFound: undefined })).toMatchObject({ retry: "never" });
    expect(await errorOf(failed(503))).toMatchObject({ retry: "backoff" });
    expect(await errorOf(failed(429))).toMatchObject({ retry: "throttled" });
});
