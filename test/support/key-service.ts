import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Where the CLI has the key of a stack's secrets wrapped and unwrapped, as HashiCorp Vault's transit engine does it.
 * With a passphrase it derives that key anew in each operation, by a million rounds: half of an operation's processor time.
 */
export interface KeyService {
    readonly url: string;
    close(): void;
}

interface Wrapping {
    readonly plaintext?: string;
    readonly ciphertext?: string;
}

export async function startKeyService(): Promise<KeyService> {
    const server = createServer((request, response) => {
        answer(request).then(
            (data) => response.setHeader("content-type", "application/json").end(JSON.stringify({ data })),
            (error: unknown) => response.writeHead(400).end(String(error)),
        );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    return {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () => {
            server.closeAllConnections();
            server.close();
        },
    };
}

/** `PUT /v1/transit/{encrypt,decrypt}/KEY`. What is wrapped is itself a key, made for one test. */
async function answer(request: IncomingMessage): Promise<Wrapping> {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece as string;
    const { plaintext, ciphertext } = JSON.parse(body) as Wrapping;
    if (request.url?.startsWith("/v1/transit/encrypt/") === true && plaintext !== undefined)
        return { ciphertext: `vault:v1:${plaintext}` };
    if (request.url?.startsWith("/v1/transit/decrypt/") === true && ciphertext !== undefined)
        return { plaintext: ciphertext.replace("vault:v1:", "") };
    throw new Error(`${request.method} ${request.url} is not of the transit engine`);
}
