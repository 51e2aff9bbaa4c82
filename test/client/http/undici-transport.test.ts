import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ConfigError, TransportError } from "../../../provider/client/errors/errors";
import type { Transport } from "../../../provider/client/http/transport";
import {
    createUndiciTransport,
    MAX_CONNECTIONS,
    type TransportSettings,
} from "../../../provider/client/http/undici-transport";
import { resolveSettings } from "../../../provider/client/settings/settings";

const TOKEN = "TOKEN-that-must-not-show";
const folder = mkdtempSync(join(tmpdir(), "cbr-transport-"));
const open: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function transport(settings: Partial<TransportSettings> = {}): Transport {
    const made = createUndiciTransport({ proxies: {}, ...settings });
    open.push(() => made.close());
    return made;
}

function closeServer(server: http.Server | net.Server): Promise<void> {
    if ("closeAllConnections" in server) server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
}

async function listen(server: http.Server | net.Server, host = "127.0.0.1"): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    open.push(() => closeServer(server));
    return (server.address() as AddressInfo).port;
}

const serve = (handler: http.RequestListener) => listen(http.createServer(handler));

/** A server that speaks no HTTP of its own accord. */
function serveRaw(onSocket: (socket: net.Socket) => void): Promise<number> {
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        onSocket(socket);
    });
    open.push(() => {
        for (const socket of sockets) socket.destroy();
    });
    return listen(server);
}

async function failure(promise: Promise<unknown>): Promise<TransportError> {
    try {
        await promise;
    } catch (error) {
        expect(error).toBeInstanceOf(TransportError);
        expect(inspect(error, { depth: 20 })).not.toContain(TOKEN);
        expect((error as Error).message).not.toContain("query");
        return error as TransportError;
    }
    throw new Error("nothing was thrown");
}

const get = (url: string, extra: object = {}) => ({
    method: "GET",
    url: `${url}/v3/x?query=1`,
    headers: { "x-auth-token": TOKEN },
    ...extra,
});
const post = (url: string, extra: object = {}) => ({ ...get(url, extra), method: "POST", body: '{"a":"ä"}' });

describe("an exchange", () => {
    it("sends method, path, query, headers and body, and gives status, headers and body back", async () => {
        const seen: unknown[] = [];
        const port = await serve((request, response) => {
            let body = "";
            request.setEncoding("utf8");
            request.on("data", (chunk) => {
                body += chunk;
            });
            request.on("end", () => {
                seen.push({
                    method: request.method,
                    url: request.url,
                    host: request.headers.host,
                    token: request.headers["x-auth-token"],
                    type: request.headers["content-type"],
                    agent: request.headers["user-agent"],
                    body,
                });
                response.writeHead(404, {
                    "X-Request-Id": "r-1",
                    "Set-Cookie": ["a=1", "b=2"],
                    "content-type": "application/json",
                });
                response.end('{"ö":1}');
            });
        });
        const answer = await transport().send({
            ...post(`http://127.0.0.1:${port}`),
            headers: { "x-auth-token": TOKEN, "content-type": "application/json" },
        });
        expect(answer).toMatchObject({
            status: 404,
            body: '{"ö":1}',
            headers: { "x-request-id": "r-1", "set-cookie": "a=1, b=2" },
        });
        expect(seen).toEqual([
            {
                method: "POST",
                url: "/v3/x?query=1",
                host: `127.0.0.1:${port}`,
                token: TOKEN,
                type: "application/json",
                agent: "pulumi-cbr",
                body: '{"a":"ä"}',
            },
        ]);
    });

    it("takes answers without a body, and ignores interim ones", async () => {
        const port = await serve((_, response) => {
            response.writeEarlyHints({ link: "</x>; rel=preload" });
            response.writeHead(204).end();
        });
        expect(await transport().send({ ...get(`http://127.0.0.1:${port}`), method: "DELETE" })).toMatchObject({
            status: 204,
            body: "",
        });
    });

    it("works over an IPv6 literal", async () => {
        const server = http.createServer((_, response) => response.end("six"));
        let port: number;
        try {
            port = await listen(server, "::1");
        } catch {
            console.warn("no IPv6 loopback on this machine");
            return;
        }
        expect((await transport().send(get(`http://[::1]:${port}`))).body).toBe("six");
    });

    it("does not follow redirects: a token must not go elsewhere", async () => {
        const port = await serve((_, response) => response.writeHead(302, { location: "https://evil.example/" }).end());
        expect((await transport().send(get(`http://127.0.0.1:${port}`))).status).toBe(302);
    });
});

describe("connections", () => {
    it("are kept and used again, one request at a time on each", async () => {
        let connections = 0;
        const server = http.createServer((_, response) => response.end("x"));
        server.on("connection", () => connections++);
        const url = `http://127.0.0.1:${await listen(server)}`;
        const given = transport();
        for (let i = 0; i < 20; i++) await given.send(get(url));
        // undici frees a connection a moment after its answer, so the second request may get one of its own.
        expect(connections).toBeLessThanOrEqual(2);
    });

    it(`are at most ${MAX_CONNECTIONS} a host`, async () => {
        let running = 0;
        let most = 0;
        const held: (() => void)[] = [];
        const port = await serve((_, response) => {
            most = Math.max(most, ++running);
            held.push(() => {
                running--;
                response.end("x");
            });
        });
        const given = transport();
        let answered = 0;
        const all = Array.from({ length: 200 }, async () => {
            await given.send(get(`http://127.0.0.1:${port}`));
            answered++;
        });
        await expect.poll(() => running).toBe(MAX_CONNECTIONS);
        // Time in which more would come.
        await new Promise((resolve) => setTimeout(resolve, 200));
        while (answered < all.length) {
            for (const end of held.splice(0)) end();
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await Promise.all(all);
        expect(most).toBe(MAX_CONNECTIONS);
    });

    it("end with close, after which nothing is sent", async () => {
        const port = await serve((_, response) => response.end("x"));
        const given = transport();
        await given.send(get(`http://127.0.0.1:${port}`));
        await given.close();
        const error = await failure(given.send(get(`http://127.0.0.1:${port}`)));
        expect([error.sent, error.retry]).toEqual([false, "never"]);
    });

    it("are none before the first request", async () => {
        await transport({ caFile: { value: "/does/not/exist", source: "cbr:caFile" } }).close();
    });
});

describe("what surely was not sent", () => {
    it("connection refused", async () => {
        const server = net.createServer();
        const port = await listen(server);
        await closeServer(server);
        const error = await failure(transport().send(post(`http://127.0.0.1:${port}`)));
        expect(error.message).toBe(`127.0.0.1:${port}: connection refused: check cbr:endpoints and cbr:authUrl`);
        expect([error.sent, error.retry]).toEqual([false, "backoff"]);
    });

    it("host name not found", async () => {
        const error = await failure(transport().send(post("https://no-such-host.invalid")));
        expect(error.message).toMatch(
            /^no-such-host\.invalid: host name (not found: check cbr:region, cbr:cloud and cbr:endpoints|lookup failed for the moment)$/,
        );
        expect(error.sent).toBe(false);
    });

    it("a connection that breaks in the TLS handshake", async () => {
        const port = await serveRaw((socket) => socket.once("data", () => socket.destroy()));
        const error = await failure(transport().send(post(`https://127.0.0.1:${port}`)));
        expect(error.sent).toBe(false);
        expect(error.message).toContain("the connection broke while it was being made");
    });

    it("https to a port that speaks http", async () => {
        const port = await serve((_, response) => response.end("x"));
        const error = await failure(transport().send(post(`https://127.0.0.1:${port}`)));
        expect(error.message).toMatch(/TLS handshake failed/);
        expect(error.sent).toBe(false);
    });

    it("a request given up before it began", async () => {
        const reason = new Error("cancelled");
        const error = await failure(
            transport().send(post("http://127.0.0.1:1", { signal: AbortSignal.abort(reason) })),
        );
        expect(error).toMatchObject({ sent: false, retry: "never", cause: reason });
    });

    it("a request given up while it waits for a connection", async () => {
        let arrived = 0;
        const port = await serve(() => arrived++);
        const url = `http://127.0.0.1:${port}`;
        const given = transport();
        const stop = new AbortController();
        const blockers = Array.from({ length: MAX_CONNECTIONS }, () =>
            failure(given.send(get(url, { signal: stop.signal }))),
        );
        await expect.poll(() => arrived).toBe(MAX_CONNECTIONS);
        const error = await failure(given.send(post(url, { signal: AbortSignal.timeout(50) })));
        expect(error.message).toContain("the request was given up before it was sent");
        expect(error.sent).toBe(false);
        stop.abort();
        expect((await Promise.all(blockers)).every((one) => one.sent)).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(arrived).toBe(MAX_CONNECTIONS);
    });

    it("a request that cannot be written", async () => {
        const error = await failure(transport().send({ ...post("http://127.0.0.1:1"), headers: { "x-bad": "a\nb" } }));
        expect([error.sent, error.retry]).toEqual([false, "never"]);
    });
});

describe("what may have been sent", () => {
    it("a connection that breaks after the request", async () => {
        const port = await serve((request) => request.socket.destroy());
        const error = await failure(transport().send(post(`http://127.0.0.1:${port}`)));
        expect(error.message).toBe(`127.0.0.1:${port}: the connection broke before the answer was complete`);
        expect([error.sent, error.retry]).toEqual([true, "backoff"]);
    });

    it("a reset", async () => {
        const port = await serveRaw((socket) => socket.once("data", () => socket.resetAndDestroy()));
        expect((await failure(transport().send(post(`http://127.0.0.1:${port}`)))).sent).toBe(true);
    });

    it("a body that is cut off", async () => {
        const port = await serveRaw((socket) =>
            socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")),
        );
        const error = await failure(transport().send(post(`http://127.0.0.1:${port}`)));
        expect(error.message).toMatch(/the (connection broke before the answer was complete|answer was cut off)/);
        expect(error.sent).toBe(true);
    });

    it("an answer that does not come in time", async () => {
        const port = await serve(() => undefined);
        const error = await failure(transport().send(post(`http://127.0.0.1:${port}`, { timeoutMs: 50 })));
        expect(error.message).toBe(`127.0.0.1:${port}: no complete answer within 0.05 s`);
        expect([error.sent, error.retry]).toEqual([true, "backoff"]);
    });

    it("an answer that trickles: the time is for the whole exchange", async () => {
        const port = await serve((_, response) => {
            const timer = setInterval(() => response.write("x"), 10);
            response.on("close", () => clearInterval(timer));
        });
        const error = await failure(transport().send(post(`http://127.0.0.1:${port}`, { timeoutMs: 200 })));
        expect(error.message).toContain("no complete answer within 0.2 s");
    });

    it("a request given up while it is under way; the server sees it end", async () => {
        let closed = false;
        const stop = new AbortController();
        const port = await serve((request) => {
            request.socket.on("close", () => {
                closed = true;
            });
            stop.abort(new Error("cancelled"));
        });
        const error = await failure(transport().send(post(`http://127.0.0.1:${port}`, { signal: stop.signal })));
        expect(error.message).toContain("the request was given up while it was under way");
        expect([error.sent, error.retry]).toEqual([true, "never"]);
        await expect.poll(() => closed).toBe(true);
    });

    it("an answer that is not HTTP", async () => {
        const port = await serveRaw((socket) =>
            socket.once("data", () => socket.end(`SSH-2.0-OpenSSH_9.9 ${TOKEN}\r\n`)),
        );
        const error = await failure(transport().send(post(`http://127.0.0.1:${port}`)));
        expect(error.message).toMatch(/the answer is not HTTP.*: check cbr:endpoints and the proxy$/);
        expect(error.sent).toBe(true);
    });

    it("an answer over 64 MB", async () => {
        const chunk = Buffer.alloc(1024 * 1024);
        const port = await serve((_, response) => {
            const more = () => {
                while (!response.destroyed && response.write(chunk));
                if (!response.destroyed) response.once("drain", more);
            };
            more();
        });
        const error = await failure(transport().send(get(`http://127.0.0.1:${port}`)));
        expect(error.message).toBe(`127.0.0.1:${port}: the answer is larger than 64 MB`);
        expect([error.sent, error.retry]).toEqual([true, "never"]);
    });
});

interface Pair {
    cert: string;
    key: string;
}

function selfSigned(name: string, names: string): Pair | undefined {
    const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
    const words = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=${name} -addext subjectAltName=${names} -keyout ${key} -out ${cert}`;
    try {
        execFileSync("openssl", words.split(" "), { stdio: "pipe" });
        return { cert, key };
    } catch (error) {
        console.warn(
            `no TLS tests: openssl cannot make a certificate here (${error instanceof Error ? error.message.split("\n")[0] : error})`,
        );
        return undefined;
    }
}

const server = selfSigned("server", "DNS:localhost,DNS:cbr.example.test,IP:127.0.0.1");
const other = selfSigned("other", "DNS:elsewhere.example");

describe.skipIf(server === undefined || other === undefined)("TLS", () => {
    const pair = server as Pair;
    const wrong = other as Pair;
    const files = (of: Pair) => ({ cert: readFileSync(of.cert), key: readFileSync(of.key) });
    const caFile = (path: string) => ({ caFile: { value: path, source: "cbr:caFile" } });
    const serveTls = (
        options: https.ServerOptions = files(pair),
        handler: http.RequestListener = (_, response) => response.end("secure"),
    ) => listen(https.createServer(options, handler));

    it("refuses a certificate of an unknown authority", async () => {
        const error = await failure(transport().send(post(`https://127.0.0.1:${await serveTls()}`)));
        expect(error.message).toContain("certificate not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): set cbr:caFile");
        expect([error.sent, error.retry]).toEqual([false, "never"]);
    });

    it("trusts the authority in cbr:caFile", async () => {
        const url = `https://127.0.0.1:${await serveTls()}`;
        expect((await transport(caFile(pair.cert)).send(get(url))).body).toBe("secure");
    });

    it("refuses a certificate for another host name", async () => {
        const url = `https://127.0.0.1:${await serveTls(files(wrong))}`;
        const error = await failure(transport(caFile(wrong.cert)).send(post(url)));
        expect(error.message).toContain("certificate is for another host name: check cbr:endpoints");
        expect([error.sent, error.retry]).toEqual([false, "never"]);
    });

    it("trusts anything when told to", async () => {
        const url = `https://127.0.0.1:${await serveTls()}`;
        const { insecure, warnings, proxies } = resolveSettings(() => undefined, { OS_INSECURE: "true" });
        expect((await transport({ insecure, proxies }).send(get(url))).body).toBe("secure");
        expect(warnings).toEqual([
            expect.stringContaining("Server certificates are not checked (environment variable OS_INSECURE)"),
        ]);
    });

    it("shows a client certificate", async () => {
        const options = { ...files(pair), ca: readFileSync(wrong.cert), requestCert: true, rejectUnauthorized: true };
        const port = await serveTls(options, (request, response) =>
            response.end(String((request.socket as import("node:tls").TLSSocket).getPeerCertificate().subject.CN)),
        );
        const client = {
            certFile: { value: wrong.cert, source: "OS_CERT" },
            keyFile: { value: wrong.key, source: "OS_KEY" },
        };
        expect((await transport({ ...caFile(pair.cert), ...client }).send(get(`https://127.0.0.1:${port}`))).body).toBe(
            "other",
        );
        expect((await failure(transport(caFile(pair.cert)).send(get(`https://127.0.0.1:${port}`)))).message).not.toBe(
            "",
        );
    });

    it("says which setting names a file that is no certificate", async () => {
        const empty = join(folder, "empty.pem");
        writeFileSync(empty, "nothing");
        for (const [path, text] of [
            ["/does/not/exist", "cbr:caFile names /does/not/exist, which cannot be read."],
            [empty, `cbr:caFile names ${empty}, which has no "-----BEGIN CERTIFICATE-----" (PEM) in it.`],
        ] as const) {
            const sent = transport(caFile(path)).send(get("https://127.0.0.1:1"));
            await expect(sent).rejects.toThrow(ConfigError);
            await expect(sent).rejects.toThrow(text);
        }
    });

    describe("through a proxy", () => {
        let proxied: string[] = [];
        beforeAll(() => {
            proxied = [];
        });

        /** A proxy that tunnels everything to `target`. */
        async function serveProxy(target: number, status = "200 OK"): Promise<number> {
            proxied = [];
            const proxy = http.createServer((request, response) => {
                proxied.push(`${request.method} ${request.url}`);
                response.end("proxied");
            });
            proxy.on("connect", (request, socket) => {
                proxied.push(`CONNECT ${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
                socket.on("error", () => undefined);
                if (!status.startsWith("200")) {
                    socket.end(`HTTP/1.1 ${status}\r\n\r\n`);
                    return;
                }
                const tunnel = net.connect(target, "127.0.0.1", () => {
                    socket.write(`HTTP/1.1 ${status}\r\n\r\n`);
                    tunnel.pipe(socket).pipe(tunnel);
                });
                tunnel.on("error", () => socket.destroy());
                socket.on("close", () => tunnel.destroy());
            });
            return await listen(proxy);
        }

        const settings = (env: Record<string, string>) => ({
            ...caFile(pair.cert),
            proxies: resolveSettings(() => undefined, env).proxies,
        });

        it.each(["HTTPS_PROXY", "https_proxy"])("named by %s", async (variable) => {
            const proxy = await serveProxy(await serveTls());
            const given = transport(settings({ [variable]: `http://me:PROXYPASSWORD@127.0.0.1:${proxy}` }));
            expect((await given.send(get("https://cbr.example.test"))).body).toBe("secure");
            expect(proxied).toEqual([
                `CONNECT cbr.example.test:443 Basic ${Buffer.from("me:PROXYPASSWORD").toString("base64")}`,
            ]);
        });

        it("without a scheme", async () => {
            const proxy = await serveProxy(await serveTls());
            expect(
                (await transport(settings({ HTTPS_PROXY: `127.0.0.1:${proxy}` })).send(get("https://cbr.example.test")))
                    .status,
            ).toBe(200);
        });

        it("but never to loopback", async () => {
            const port = await serveTls();
            const proxy = await serveProxy(port);
            const given = transport(
                settings({ HTTPS_PROXY: `http://127.0.0.1:${proxy}`, HTTP_PROXY: `http://127.0.0.1:${proxy}` }),
            );
            expect((await given.send(get(`https://127.0.0.1:${port}`))).body).toBe("secure");
            expect((await given.send(get(`https://localhost:${port}`))).body).toBe("secure");
            const plain = await serve((_, response) => response.end("plain"));
            expect((await given.send(get(`http://127.0.0.1:${plain}`))).body).toBe("plain");
            expect(proxied).toEqual([]);
        });

        it.each(["example.test", ".example.test", "*.example.test", "other.example, cbr.example.test:443", "*"])(
            "but not when NO_PROXY is %j",
            async (none) => {
                const proxy = await serveProxy(await serveTls());
                const given = transport(settings({ HTTPS_PROXY: `http://127.0.0.1:${proxy}`, NO_PROXY: none }));
                const error = await failure(given.send(get("https://cbr.example.test")));
                expect(error.message).toMatch(/^cbr\.example\.test: host name/);
                expect(proxied).toEqual([]);
            },
        );

        it("that refuses", async () => {
            const proxy = await serveProxy(1, "407 Proxy Authentication Required");
            const error = await failure(
                transport(settings({ HTTPS_PROXY: `http://me:PROXYPASSWORD@127.0.0.1:${proxy}` })).send(
                    post("https://cbr.example.test"),
                ),
            );
            expect(error.message).toBe(
                "cbr.example.test: the proxy answered 407: it wants a user and password (HTTPS_PROXY)",
            );
            expect(error.sent).toBe(false);
            expect(inspect(error, { depth: 20 })).not.toContain("PROXYPASSWORD");
        });

        it("that is not there", async () => {
            const gone = net.createServer();
            const port = await listen(gone);
            await closeServer(gone);
            const error = await failure(
                transport(settings({ HTTPS_PROXY: `http://me:PROXYPASSWORD@127.0.0.1:${port}` })).send(
                    post("https://cbr.example.test"),
                ),
            );
            expect(error.sent).toBe(false);
            expect(error.message).toContain(
                `cbr.example.test: the proxy 127.0.0.1:${port} (environment variable HTTPS_PROXY) cannot be reached: ` +
                    "connection refused",
            );
            expect(error.message).not.toContain("PROXYPASSWORD");
        });

        it("whose name is not known", async () => {
            const given = transport(settings({ https_proxy: "http://me:PROXYPASSWORD@proxy.invalid:3128" }));
            const error = await failure(given.send(post("https://cbr.example.test")));
            expect(error.message).toMatch(
                /^cbr\.example\.test: the proxy proxy\.invalid:3128 \(environment variable https_proxy\) cannot be reached: host name/,
            );
        });

        it("that is no address", async () => {
            const sent = transport(settings({ HTTPS_PROXY: "http://user:PROXYPASSWORD@:x" })).send(
                get("https://cbr.example.test"),
            );
            await expect(sent).rejects.toThrow(
                "environment variable HTTPS_PROXY is not a proxy's address: http://host:port is expected.",
            );
        });
    });
});
