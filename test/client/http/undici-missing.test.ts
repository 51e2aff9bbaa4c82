import { expect, it, vi } from "vitest";
import { createUndiciTransport } from "../../../provider/client/http/undici-transport";

vi.mock("node:module", async (original) => ({
    ...(await original<typeof import("node:module")>()),
    createRequire: () => () => {
        throw new Error("Cannot find module 'undici'");
    },
}));

it("says that nothing was sent when its library cannot be loaded", async () => {
    const transport = createUndiciTransport({ proxies: {} });
    const call = transport.send({ method: "POST", url: "http://127.0.0.1:9/", headers: {} });
    await expect(call).rejects.toMatchObject({
        kind: "transport",
        sent: false,
        retry: "never",
        message: "undici cannot be loaded: Cannot find module 'undici'",
    });
});
