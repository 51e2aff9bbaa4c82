import { expect, it } from "vitest";
import * as handlers from "../provider/index";
import { type HandlerName, providerLine } from "../sdk/dynamic";
import { handlerNames, providerLines } from "./support/state-lines";

it("writes one short line of code into a state, and the line never changes", () => {
    expect(handlerNames.map((name) => providerLine(name as HandlerName))).toEqual(Object.values(providerLines));
    for (const line of Object.values(providerLines)) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(100);
});

it("finds a handler by each line, and has no handler without a line", () => {
    expect(Object.keys(handlers).sort()).toEqual([...handlerNames].sort());
});

it("names a handler after its class", () => {
    for (const [kind, line] of Object.entries(providerLines))
        expect(line.endsWith(`.${kind[0]?.toLowerCase()}${kind.slice(1)}`), kind).toBe(true);
});
