import { readdirSync, readFileSync } from "node:fs";

/** Ids of the processes below this one whose command line matches. */
function processesBelow(command: RegExp): number[] {
    const parents = new Map<number, number>();
    const found: number[] = [];
    for (const name of readdirSync("/proc")) {
        if (!/^\d+$/.test(name)) continue;
        try {
            const stat = readFileSync(`/proc/${name}/stat`, "utf8");
            parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
            if (command.test(readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ")))
                found.push(Number(name));
        } catch {
            // It ended while we looked.
        }
    }
    const isOurs = (id: number): boolean => id === process.pid || (parents.has(id) && isOurs(parents.get(id) ?? 0));
    return found.filter(isOurs);
}

/** Those that are provider hosts: Pulumi's for dynamic resources, or ours. */
export const providerProcesses = (): number[] => processesBelow(/cmd\/dynamic-provider|native\/main/);
/** Those that run the engine. */
export const engineProcesses = (): number[] => processesBelow(/^\S*pulumi up |engine\/(main|pulumi)\S* up /);

/** As a machine does that runs out of memory: without a word. */
export function killAll(ids: readonly number[]): void {
    for (const id of ids) process.kill(id, "SIGKILL");
}
