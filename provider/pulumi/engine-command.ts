/** The command line of the engine that started this process, where the system shows it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

interface ProcessInfo {
    readonly parent: number;
    readonly args: readonly string[];
}

/** Pulumi: a shell stands between the engine and the dynamic provider host. */
const MAX_ANCESTORS = 4;
/** Pulumi: flags by which an operation looks at some resources only. */
const PARTIAL = /^(--(target|exclude)|-[a-z]*[tx])/;

function processInfo(pid: number): ProcessInfo | undefined {
    try {
        if (process.platform === "linux") {
            // `pid (name) state parent …`; the name may hold anything.
            const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
            const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
            return { parent, args: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0") };
        }
        if (process.platform === "win32") return undefined;
        const line = execFileSync("ps", ["-ww", "-o", "ppid=,command=", "-p", String(pid)], { encoding: "utf8" });
        const [parent = "", ...args] = line.trim().split(/\s+/);
        return { parent: Number(parent), args };
    } catch {
        return undefined;
    }
}

/** Was the engine told to look at some resources only? Undefined where its command line cannot be seen. */
export function isPartialRun(from = process.ppid, infoOf = processInfo): boolean | undefined {
    let pid = from;
    for (let step = 0; step < MAX_ANCESTORS && pid > 1; step++) {
        const info = infoOf(pid);
        if (info === undefined) return undefined;
        if (/^pulumi(\.exe)?$/.test(basename(info.args[0] ?? ""))) return info.args.some((arg) => PARTIAL.test(arg));
        pid = info.parent;
    }
    return undefined;
}
