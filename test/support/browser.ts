/**
 * A headless Chromium, driven over a pipe by its DevTools protocol. Taken from PATH, else installed from Debian's archive
 * where that can be done; else there is none, and why is said.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";

const NAMES = ["chromium", "chromium-browser", "chrome-headless-shell", "google-chrome", "google-chrome-stable"];
const INSTALL_MS = 5 * 60_000;

function onPath(): string | undefined {
    const folders = (process.env["PATH"] ?? "").split(delimiter);
    return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
}

/** The browser's path, or why there is none. */
export function findBrowser(): { path: string } | { missing: string } {
    const given = process.env["PULUMI_CBR_BROWSER"];
    if (given === "none") return { missing: "PULUMI_CBR_BROWSER is none" };
    const found = given ?? onPath();
    if (found !== undefined) return { path: found };
    if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/etc/debian_version"))
        return { missing: `there is none of ${NAMES.join(", ")} on PATH, and Debian's cannot be installed here` };
    try {
        const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
        const run = (...args: string[]) => execFileSync("apt-get", args, { timeout: INSTALL_MS, env, stdio: "ignore" });
        run("update");
        run("install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core");
    } catch (error) {
        const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
        return { missing: `apt-get could not install it: ${line}` };
    }
    const installed = onPath();
    return installed === undefined ? { missing: "it was installed, but is not on PATH" } : { path: installed };
}

type Params = Readonly<Record<string, unknown>>;
interface Message {
    readonly id?: number;
    readonly method?: string;
    readonly params?: Params;
    readonly result?: Params;
    readonly error?: { readonly message: string };
}

export interface Page {
    /** A command of the DevTools protocol. */
    send<T = Params>(method: string, params?: Params): Promise<T>;
    /** A value of an expression in the page. */
    evaluate<T>(expression: string): Promise<T>;
    /** Opens an address and waits until it has loaded. */
    open(url: string, size: { width: number; height: number }, media?: Readonly<Record<string, string>>): Promise<void>;
    /** A picture of the top of the page, as WebP. */
    screenshot(height: number): Promise<Buffer>;
    /** Presses a key: `Tab`, `Enter`. */
    press(key: string): Promise<void>;
    /** Addresses that were asked for since the last `open`, the page itself left out. */
    readonly requests: readonly string[];
    /** What was thrown or written to the console as an error since the last `open`. */
    readonly errors: readonly string[];
}

export interface Browser {
    readonly version: string;
    page(): Promise<Page>;
    close(): Promise<void>;
}

export async function startBrowser(path: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "cbr-browser-"));
    const child = spawn(
        path,
        [
            ...["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run"],
            ...["--disable-background-networking", "--hide-scrollbars", "--force-color-profile=srgb"],
            ...["--disable-dev-shm-usage", `--user-data-dir=${profile}`, "about:blank"],
        ],
        { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    );
    const exited = once(child, "exit");
    const connection = new Connection(child.stdio[3] as Writable, child.stdio[4] as Readable, exited);
    const { product } = await connection.send<{ product: string }>("Browser.getVersion");
    return {
        version: product,
        page: () => openPage(connection),
        async close() {
            await connection.send("Browser.close").catch(() => {});
            await exited;
            rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
        },
    };
}

/** Messages end with a zero byte. */
class Connection {
    readonly #out: Writable;
    readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(reason: unknown): void }>();
    readonly listeners = new Set<(session: string | undefined, method: string, params: Params) => void>();
    #last = 0;

    constructor(out: Writable, input: Readable, exited: Promise<unknown>) {
        this.#out = out;
        let rest: Buffer = Buffer.alloc(0);
        input.on("data", (chunk: Buffer) => {
            rest = Buffer.concat([rest, chunk]);
            for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
                this.#take(JSON.parse(rest.subarray(0, end).toString("utf8")));
                rest = rest.subarray(end + 1);
            }
        });
        void exited.then(() => {
            for (const { reject } of this.#waiting.values()) reject(new Error("the browser has ended"));
        });
    }

    send<T = Params>(method: string, params: Params = {}, sessionId?: string): Promise<T> {
        const id = ++this.#last;
        return new Promise<T>((resolve, reject) => {
            this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
            this.#out.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
        });
    }

    #take(message: Message & { readonly sessionId?: string }): void {
        const { id, method, params = {}, result, error, sessionId } = message;
        if (id === undefined) {
            for (const listener of this.listeners) listener(sessionId, method ?? "", params);
            return;
        }
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error === undefined) waiting?.resolve(result);
        else waiting?.reject(new Error(error.message));
    }
}

async function openPage(connection: Connection): Promise<Page> {
    const { targetId } = await connection.send<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await connection.send<{ sessionId: string }>("Target.attachToTarget", {
        targetId,
        flatten: true,
    });
    const requests: string[] = [];
    const errors: string[] = [];
    let url = "";
    let loaded = () => {};
    connection.listeners.add((session, method, params) => {
        if (session !== sessionId) return;
        const text = JSON.stringify(params);
        if (method === "Page.loadEventFired") loaded();
        if (method === "Runtime.exceptionThrown" || (method === "Log.entryAdded" && text.includes('"level":"error"')))
            errors.push(text);
        if (method === "Runtime.consoleAPICalled" && text.includes('"type":"error"')) errors.push(text);
        if (method === "Network.requestWillBeSent") {
            const asked = String((params["request"] as Params)["url"]);
            if (asked !== url && asked.split("#")[0] !== url) requests.push(asked);
        }
    });
    const send = <T = Params>(method: string, params: Params = {}) => connection.send<T>(method, params, sessionId);
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await send(`${domain}.enable`);
    // What the page's thread itself took: on a busy machine time passes that no script has used.
    await send("Performance.enable", { timeDomain: "threadTicks" });
    const size = (width: number, height: number) =>
        send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 700 });
    const evaluate = async <T>(expression: string): Promise<T> => {
        const { result, exceptionDetails } = await send<{ result: { value: T }; exceptionDetails?: object }>(
            "Runtime.evaluate",
            { expression, returnByValue: true, awaitPromise: true },
        );
        if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
        return result.value;
    };
    let width = 0;
    return {
        send,
        evaluate,
        requests,
        errors,
        async open(address, viewport, media = {}) {
            requests.length = 0;
            errors.length = 0;
            url = address;
            width = viewport.width;
            await size(viewport.width, viewport.height);
            const { media: kind = "", ...features } = media;
            await send("Emulation.setEmulatedMedia", {
                media: kind,
                features: Object.entries(features).map(([name, value]) => ({ name, value })),
            });
            const done = new Promise<void>((resolve) => {
                loaded = resolve;
            });
            await send("Page.navigate", { url: address });
            await done;
        },
        async screenshot(height) {
            await size(width, height);
            const { data } = await send<{ data: string }>("Page.captureScreenshot", { format: "webp", quality: 85 });
            return Buffer.from(data, "base64");
        },
        async press(key) {
            const text = key === "Enter" ? "\r" : undefined;
            const code = key === "Enter" ? 13 : 9;
            const event = { key, code: key, windowsVirtualKeyCode: code, ...(text === undefined ? {} : { text }) };
            await send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
            await send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
        },
    };
}
