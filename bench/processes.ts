/** What /proc says about the provider process: its peak memory and its open sockets. Nothing on other systems. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const SAMPLE_MS = 200;

function read(path: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return "";
    }
}

function field(pid: number, name: string): number | undefined {
    const match = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(read(`/proc/${pid}/status`));
    return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Megabytes. */
export function memoryOf(pid: number): { rss: number; peak: number } | undefined {
    const rss = field(pid, "VmRSS");
    const peak = field(pid, "VmHWM");
    return rss === undefined || peak === undefined ? undefined : { rss: rss / 1024, peak: peak / 1024 };
}

export function socketsOf(pid: number): number {
    try {
        const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
            try {
                return readlinkSync(`/proc/${pid}/fd/${fd}`);
            } catch {
                return "";
            }
        });
        return links.filter((link) => link.startsWith("socket:")).length;
    } catch {
        return 0;
    }
}

/** Is it a child of ours, or of a child of ours …: others on this machine run providers, too. */
function isOurs(pid: number): boolean {
    for (let at = pid, steps = 0; steps < 12 && at > 1; steps++) {
        if (at === process.pid) return true;
        at = field(at, "PPid") ?? 0;
    }
    return false;
}

function providers(known: Set<number>, foreign: Set<number>): number[] {
    let names: string[];
    try {
        names = readdirSync("/proc");
    } catch {
        return [];
    }
    for (const name of names) {
        const pid = Number(name);
        if (!Number.isInteger(pid) || known.has(pid) || foreign.has(pid)) continue;
        // A shell that is about to become node, and any other process, may change what it runs: asked again next time.
        const command = read(`/proc/${pid}/cmdline`).split("\0");
        if (!/node$/.test(command[0] ?? "") || !command.some((part) => /cmd\/dynamic-provider/.test(part))) continue;
        (isOurs(pid) ? known : foreign).add(pid);
    }
    return [...known];
}

export interface ProviderPeak {
    /** Megabytes; 0 when nothing was seen. */
    readonly memoryMb: number;
    readonly sockets: number;
}

/** Watches the provider processes below this one until `stop`, and says the highest figures of any. */
export function watchProviders(): { stop(): ProviderPeak } {
    const known = new Set<number>();
    const foreign = new Set<number>();
    let memoryMb = 0;
    let sockets = 0;
    const look = () => {
        for (const pid of providers(known, foreign)) {
            memoryMb = Math.max(memoryMb, memoryOf(pid)?.peak ?? 0);
            sockets = Math.max(sockets, socketsOf(pid));
        }
    };
    const timer = setInterval(look, SAMPLE_MS);
    return {
        stop: () => {
            clearInterval(timer);
            return { memoryMb, sockets };
        },
    };
}
