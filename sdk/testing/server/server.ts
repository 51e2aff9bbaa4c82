import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Reply } from "../api/reply";

/** A request that was read to its end. */
export interface Incoming {
    readonly method: string;
    /** Path and query as sent. */
    readonly target: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: Buffer;
    /** True when the body was longer than 12 MB and the rest was thrown away. */
    readonly tooLarge: boolean;
}

/** What goes back: a whole answer, half of one, or a reset connection. */
export type Delivery = { readonly how: "whole" | "truncated"; readonly reply: Reply } | { readonly how: "reset" };

const maximalBody = 12 * 1024 * 1024;

/** Listens on a free loopback port. Answers are made by `handle`, which never throws. */
export async function listen(
    handle: (incoming: Incoming) => Promise<Delivery>,
    port = 0,
): Promise<{ port: number; close(): Promise<void> }> {
    const server = createServer((request, response) => {
        read(request)
            .then(handle)
            .then((delivery) => deliver(delivery, request, response))
            .catch(() => request.socket.destroy());
    });
    // Longer than any client's own keep-alive: the client is the one to close, so no request meets a closing socket.
    server.keepAliveTimeout = 120_000;
    // However busy the machine is: whoever asks has time-outs of their own, and may open very many connections at once.
    server.requestTimeout = 0;
    server.headersTimeout = 0;
    const backlog = 4096;
    const actual = await new Promise<number>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ port, host: "127.0.0.1", backlog }, () => {
            const address = server.address();
            if (typeof address === "object" && address !== null) resolve(address.port);
            else reject(new Error("no port"));
        });
    });
    return { port: actual, close: () => close(server) };
}

function close(server: Server): Promise<void> {
    return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
    });
}

async function read(request: IncomingMessage): Promise<Incoming> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size <= maximalBody) chunks.push(chunk);
    }
    const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
    );
    return {
        method: request.method ?? "GET",
        target: request.url ?? "/",
        headers,
        body: Buffer.concat(chunks),
        tooLarge: size > maximalBody,
    };
}

function deliver(delivery: Delivery, request: IncomingMessage, response: ServerResponse): void {
    if (delivery.how === "reset") {
        request.socket.resetAndDestroy();
        return;
    }
    const { status, headers, body } = delivery.reply;
    if (delivery.how === "whole") {
        response.writeHead(
            status,
            status === 204 ? headers : { ...headers, "content-length": Buffer.byteLength(body) },
        );
        response.end(status === 204 ? undefined : body);
        return;
    }
    const bytes = Buffer.from(body);
    response.writeHead(status, { ...headers, "content-length": Math.max(2, bytes.length) });
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => request.socket.destroy());
}
