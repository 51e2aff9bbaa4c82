import { expect, it } from "vitest";
import { CredentialGate, keysOf } from "../../../provider/client/auth/credential-gate";
import { Renewed } from "../../../provider/client/chain/retrying";
import { signing } from "../../../provider/client/chain/signing";
import { AuthError, WaitTimeoutError } from "../../../provider/client/errors/errors";
import { FakeClock } from "../../support/fake-clock";
import { type FakeAuth, fakeAuth } from "./auth";
import { callOf, failed, good, next, target } from "./call";

function link(auth: FakeAuth, clock = new FakeClock()) {
    const gate = new CredentialGate(clock);
    return { gate, sign: signing({ auth, gate, clock }), refused: () => gate.refused(keysOf(auth, target)) };
}

it("hands on a signed request, and tells which answers accept its credential", async () => {
    const auth = fakeAuth();
    const { sign } = link(auth);
    const after = next(good, failed(404, "BackupService.6200"), failed(503), failed(429));
    for (let count = 0; count < 3; count++) await sign(after)(callOf());
    expect(after.calls.map(({ request }) => request.headers)).toEqual(Array(3).fill({ "x-auth-token": "token-1" }));
    await sign(after)(callOf());
    expect(auth.told).toEqual(["accepted token-1", "accepted token-1"]);
});

it("renews a refused credential once, then remembers it as refused", async () => {
    const auth = fakeAuth({ renews: true });
    const { sign, refused } = link(auth);
    const call = callOf();
    await expect(sign(next(failed(401)))(call)).rejects.toBeInstanceOf(Renewed);
    await expect(sign(next(failed(401)))(call)).rejects.toBeInstanceOf(AuthError);
    expect([auth.told, refused()]).toEqual([["renew token-1"], undefined]);
    const fixed = fakeAuth();
    const other = link(fixed);
    const error: unknown = await other
        .sign(next(failed(401)))(callOf())
        .catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("Refused was the token.");
    expect(other.refused()).toBe(error);
});

it("takes the 401 of a malformed URL for neither", async () => {
    const auth = fakeAuth();
    const reply = failed(401, "", { isMalformedUrl: true });
    expect(await link(auth).sign(next(reply))(callOf())).toBe(reply);
    expect(auth.told).toEqual([]);
});

it("sends nothing when signing in took too long, or another call was refused meanwhile", async () => {
    const clock = new FakeClock();
    const after = next(good);
    const slow = link(fakeAuth({ onSign: () => clock.jump(10) }), clock);
    await expect(slow.sign(after)(callOf({ deadline: clock.now() + 10 }))).rejects.toBeInstanceOf(WaitTimeoutError);
    const refusal = new AuthError("refused", { status: 401 });
    const auth = fakeAuth({ onSign: () => known.gate.refuse(keysOf(auth, target), refusal) });
    const known = link(auth);
    await expect(known.sign(after)(callOf())).rejects.toBe(refusal);
    expect(after.calls).toEqual([]);
});
