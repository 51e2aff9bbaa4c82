/**
 * What /proc says about an operation: peak memory and open sockets of the provider process, processor time of all its
 * processes. Nothing on other systems.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const SAMPLE_MS = 200;
/** Linux: one tick of the processor time in /proc, in milliseconds. */
const TICK_MS = 10;

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
        if (!/node$/.test(command[0] ?? "") || !command.some((part) => /cmd\/dynamic-provider|native\/main/.test(part)))
            continue;
        (isOurs(pid) ? known : foreign).add(pid);
    }
    return [...known];
}

/** Parent and processor time of a process, in milliseconds. */
function timesOf(pid: string): { readonly parent: number; readonly ms: number } | undefined {
    const stat = read(`/proc/${pid}/stat`);
    // The command's name in front of it may have spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
    if (parent === undefined || user === undefined || system === undefined || Number.isNaN(user + system)) return;
    return { parent, ms: (user + system) * TICK_MS };
}

/** Notes the processor time of each process below this one, but for `others` and what these have started. */
function noteTimes(seen: Map<number, number>, others: ReadonlySet<number>): void {
    let names: string[];
    try {
        names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    } catch {
        return;
    }
    const all = new Map(
        names.flatMap((name) => {
            const times = timesOf(name);
            return times === undefined ? [] : [[Number(name), times] as const];
        }),
    );
    for (const [pid, { ms }] of all) {
        let at = pid;
        while (at > 1 && at !== process.pid && !others.has(at)) at = all.get(at)?.parent ?? 0;
        if (at === process.pid && pid !== at) seen.set(pid, ms);
    }
}

export interface ProviderPeak {
    /** Megabytes; 0 when nothing was seen. */
    readonly memoryMb: number;
    readonly sockets: number;
    /** Processor time of engine, program and provider, in milliseconds: what the last sample of each process said. */
    readonly cpuMs: number;
}

/** Watches the processes that are started below this one until `stop`. */
export function watchProviders(): { stop(): ProviderPeak } {
    const known = new Set<number>();
    const foreign = new Set<number>();
    let memoryMb = 0;
    let sockets = 0;
    const times = new Map<number, number>();
    noteTimes(times, new Set());
    const others = new Set(times.keys());
    times.clear();
    const look = () => {
        noteTimes(times, others);
        for (const pid of providers(known, foreign)) {
            memoryMb = Math.max(memoryMb, memoryOf(pid)?.peak ?? 0);
            sockets = Math.max(sockets, socketsOf(pid));
        }
    };
    const timer = setInterval(look, SAMPLE_MS);
    return {
        stop: () => {
            clearInterval(timer);
            return { memoryMb, sockets, cpuMs: [...times.values()].reduce((sum, ms) => sum + ms, 0) };
        },
    };
}
