import { createServer, type Server } from "node:net";
import { hostname } from "node:os";
import { afterEach, expect, it, vi } from "vitest";
import {
    engineAddress,
    engineName,
    isEngineAlive,
    isNamedEngineAlive,
    linesArrived,
    sendToEngine,
} from "../../provider/pulumi/engine";
import { emptyProto, grpc } from "../../provider/pulumi/grpc";

const argv = process.argv;
const servers: Server[] = [];
afterEach(() => {
    process.argv = argv;
    for (const server of servers.splice(0)) server.close();
});

/** Something that listens, as an engine does. */
async function listen(): Promise<string> {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
}

it.each([
    [["node", "/x/cmd/dynamic-provider/index.js", "127.0.0.1:46829"], { host: "127.0.0.1", port: "46829" }],
    [["node", "/x/cmd/dynamic-provider", "--logtostderr", "-v=9", "127.0.0.1:1"], { host: "127.0.0.1", port: "1" }],
    [["node", "/x/cmd/dynamic-provider", "[::1]:7"], { host: "::1", port: "7" }],
    [["node", "/x/cmd/dynamic-provider", "--help"], undefined],
    [["node", "/x/program.js", "127.0.0.1:46829"], undefined],
])("finds the engine's address in %j: %j", (args, address) => {
    process.argv = args;
    expect(engineAddress()).toEqual(address);
    expect(engineName()).toBe(address === undefined ? undefined : `${hostname()} ${args.at(-1)}`);
});

it("knows whether an engine is still there", async () => {
    const address = await listen();
    const name = `${hostname()} ${address}`;
    expect(await Promise.all([isNamedEngineAlive(name), isNamedEngineAlive(name)])).toEqual([true, true]);
    process.argv = ["node", "/x/cmd/dynamic-provider/index.js", address];
    expect(await isEngineAlive()).toBe(true);
    servers.splice(0)[0]?.close();
    expect(await isEngineAlive()).toBe(false);
    expect(await isNamedEngineAlive(name)).toBe(false);
});

it("needs no engine where none has started it", async () => {
    process.argv = ["node", "/x/program.js"];
    expect(await isEngineAlive()).toBe(true);
});

it("takes engines of other machines, and what is no address, for gone, and asks nothing outside of this machine", async () => {
    const address = await listen();
    expect(await isNamedEngineAlive(`another-${hostname()} ${address}`)).toBe(false);
    for (const strange of ["", "192.0.2.1:80", "example.com:80", "127.0.0.1"])
        expect(await isNamedEngineAlive(`${hostname()} ${strange}`)).toBe(false);
});

it("waits for lines that stay until the engine has them, and not for passing ones", async () => {
    const { Server: GrpcServer, ServerCredentials } = grpc();
    const { EngineService } = require("@pulumi/pulumi/proto/engine_grpc_pb");
    const { Empty } = emptyProto();
    const answers = new Map<string, () => void>();
    const server = new GrpcServer();
    server.addService(EngineService, {
        log: (call: { request: { getMessage(): string } }, answer: (error: null, empty: unknown) => void) =>
            void answers.set(call.request.getMessage(), () => answer(null, new Empty())),
    });
    const port = await new Promise<number>((resolve) =>
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, bound) => resolve(bound)),
    );
    process.argv = ["node", "/x/cmd/dynamic-provider/index.js", `127.0.0.1:${port}`];
    try {
        sendToEngine({ urn: "", message: "kept", severity: "warning", ephemeral: false });
        sendToEngine({ urn: "", message: "passing", severity: "info", ephemeral: true });
        let hasEnded = false;
        const end = linesArrived().then(() => {
            hasEnded = true;
        });
        await vi.waitFor(() => expect([...answers.keys()].sort()).toEqual(["kept", "passing"]), 60_000);
        expect(hasEnded).toBe(false);
        answers.get("kept")?.();
        await end;
        await linesArrived();
    } finally {
        server.forceShutdown();
    }
});
