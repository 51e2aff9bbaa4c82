import { expect, it } from "vitest";
import { MalformedUrl, provingGone } from "../../../provider/client/chain/proving-gone";
import { type ApiErrorDetails, AuthError, NotFoundError, TransportError } from "../../../provider/client/errors/errors";
import { createCheckpoint } from "../../../provider/client/operations";
import { callOf, failed, good, next, target } from "./call";

const malformed = () => new MalformedUrl(failed(401).failure as ApiErrorDetails);

function link(error?: Error) {
    const looks: unknown[] = [];
    const list = async (look: unknown) => {
        looks.push(look);
        if (error !== undefined) throw error;
    };
    return { looks, prove: provingGone({ list, describe: () => "the token" }) };
}

it("asks again with credentials that may list the project; told the same, the object is gone", async () => {
    const { looks, prove } = link();
    const after = next(malformed(), malformed());
    await expect(prove(after)(callOf({ deadline: 5 }))).rejects.toBeInstanceOf(NotFoundError);
    expect([after.calls.length, looks]).toEqual([2, [{ target, deadline: 5, until: undefined }]]);
    expect(await prove(next(malformed(), good))(callOf())).toBe(good);
});

it("takes nothing for gone that cannot be listed either", async () => {
    const { prove } = link(new TransportError("connection refused", { sent: false }));
    const error: unknown = await prove(next(malformed(), good))(callOf()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ retry: "backoff", status: 401 });
    expect(String(error)).toContain("Signed in with the token");
});

it("lets all else pass", async () => {
    const { looks, prove } = link();
    const bug = new RangeError("a bug");
    await expect(prove(next(bug))(callOf())).rejects.toBe(bug);
    const other = malformed();
    await expect(prove(next(other))(callOf({}, createCheckpoint))).rejects.toBe(other);
    expect(looks).toEqual([]);
});
