import { expect, it } from "vitest";
import { CredentialGate } from "../../../provider/client/auth/credential-gate";
import { firstAlone } from "../../../provider/client/chain/first-alone";
import type { Reply } from "../../../provider/client/chain/link";
import { AuthError, WaitTimeoutError } from "../../../provider/client/errors/errors";
import { FakeClock, settle } from "../../support/fake-clock";
import { fakeAuth } from "./auth";
import { callOf, good, next, target } from "./call";

function link() {
    const clock = new FakeClock();
    const gate = new CredentialGate(clock);
    return { clock, gate, first: firstAlone({ gate, auth: fakeAuth({ key: "AK" }), clock }) };
}

it("holds all others until the first has its answer, then lets them go together", async () => {
    const { first } = link();
    const answers: ((reply: Reply) => void)[] = [];
    const send = first(() => new Promise((resolve) => answers.push(resolve)));
    const all = [1, 2, 3].map(() => send(callOf()));
    await settle();
    expect(answers).toHaveLength(1);
    answers[0]?.(good);
    await settle();
    expect(answers).toHaveLength(3);
    for (const answer of answers) answer(good);
    expect(await Promise.all(all)).toEqual([good, good, good]);
});

it("lets the next one try alone after an error that says nothing of the credential", async () => {
    const { first } = link();
    await expect(first(next(new RangeError("a bug")))(callOf())).rejects.toThrow("a bug");
    let open = 0;
    const send = first(() => {
        open += 1;
        return new Promise(() => {});
    });
    void send(callOf());
    void send(callOf());
    await settle();
    expect(open).toBe(1);
});

it("sends nothing with a refused credential, nor when the time is over", async () => {
    const { clock, gate, first } = link();
    const after = next(good);
    await expect(first(after)(callOf({ deadline: clock.now() }))).rejects.toBeInstanceOf(WaitTimeoutError);
    const refusal = new AuthError("refused", { status: 401 });
    gate.refuse(["AK", `${target.region}/${target.projectId}`], refusal);
    await expect(first(after)(callOf())).rejects.toBe(refusal);
    expect(after.calls).toEqual([]);
});
