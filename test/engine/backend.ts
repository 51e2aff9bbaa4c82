import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Json, JsonObject } from "./json";

/** One line of a stack's history, as `stack history --json` prints it (secrets encrypted when stored). */
export interface HistoryEntry {
    kind: string;
    startTime: number;
    endTime: number;
    message: string;
    environment: Record<string, string>;
    config: Record<string, { value: string; secret: boolean }>;
    result: string;
    resourceChanges: Record<string, number>;
}

export class StackNotFound extends Error {}
export class StackLocked extends Error {}

/** Stacks in a folder, laid out as Pulumi's own file backend does, so that either can read the other's. */
export class Backend {
    readonly root: string;

    constructor(folder: string) {
        this.root = join(folder, ".pulumi");
    }

    /** From `PULUMI_BACKEND_URL`, which must be `file://`. */
    static open(url: string): Backend {
        if (!url.startsWith("file://")) {
            throw new Error(
                `the local engine keeps state in a folder: PULUMI_BACKEND_URL must be file://…, not ${url}`,
            );
        }
        const path = url.slice("file://".length).split("?")[0] as string;
        return new Backend(
            path.startsWith("~") ? join(userInfo().homedir, path.slice(1)) : fileURLToPath(`file://${path}`),
        );
    }

    #stackFile(project: string, stack: string): string {
        return join(this.root, "stacks", project, `${stack}.json`);
    }

    exists(project: string, stack: string): boolean {
        return existsSync(this.#stackFile(project, stack));
    }

    create(project: string, stack: string): void {
        if (this.exists(project, stack)) {
            throw new Error(`stack '${stack}' already exists`);
        }
        const meta = join(this.root, "meta.yaml");
        mkdirSync(dirname(this.#stackFile(project, stack)), { recursive: true });
        if (!existsSync(meta)) {
            writeFileSync(meta, "version: 1\n");
        }
        writeFileSync(this.#stackFile(project, stack), this.#checkpoint(project, stack, "null"));
    }

    #checkpoint(project: string, stack: string, deployment: string): string {
        const latest = deployment === "null" ? "" : `,"latest":${deployment}`;
        return `{"version":3,"checkpoint":{"stack":"organization/${project}/${stack}"${latest}}}\n`;
    }

    read(project: string, stack: string): JsonObject {
        if (!this.exists(project, stack)) {
            throw new StackNotFound(`no stack named '${stack}' found`);
        }
        const json = JSON.parse(readFileSync(this.#stackFile(project, stack), "utf8")) as JsonObject;
        return ((json["checkpoint"] as JsonObject)["latest"] ?? {}) as JsonObject;
    }

    /** Never leaves half a file: the new version is written beside the old one and takes its place. */
    async write(project: string, stack: string, deployment: string): Promise<void> {
        const file = this.#stackFile(project, stack);
        await writeFile(`${file}.new`, this.#checkpoint(project, stack, deployment));
        await rename(`${file}.new`, file);
    }

    list(
        project: string | undefined,
    ): { project: string; stack: string; updated: string | undefined; count: number }[] {
        const stacks = join(this.root, "stacks");
        const projects = existsSync(stacks) ? readdirSync(stacks) : [];
        return projects
            .filter((name) => project === undefined || name === project)
            .flatMap((name) =>
                readdirSync(join(stacks, name))
                    .filter((file) => file.endsWith(".json"))
                    .map((file) => {
                        const stack = file.slice(0, -".json".length);
                        const deployment = this.read(name, stack);
                        const resources = deployment["resources"] as Json[] | undefined;
                        const updated = (deployment["manifest"] as JsonObject | undefined)?.["time"] as
                            | string
                            | undefined;
                        return { project: name, stack, updated, count: resources?.length ?? 0 };
                    }),
            );
    }

    remove(project: string, stack: string): void {
        rmSync(this.#stackFile(project, stack), { force: true });
        for (const kind of ["history", "tags", "locks/organization"]) {
            rmSync(join(this.root, kind, project, stack), { recursive: true, force: true });
        }
    }

    rename(project: string, stack: string, newName: string, deployment: string): void {
        if (this.exists(project, newName)) {
            throw new Error(`stack '${newName}' already exists`);
        }
        writeFileSync(this.#stackFile(project, newName), this.#checkpoint(project, newName, deployment));
        for (const kind of ["history", "tags"]) {
            const from = join(this.root, kind, project, stack);
            if (existsSync(from)) {
                renameSync(from, join(this.root, kind, project, newName));
            }
        }
        this.remove(project, stack);
    }

    #lockFolder(project: string, stack: string): string {
        return join(this.root, "locks", "organization", project, stack);
    }

    /** Takes the stack for one operation; returns what gives it back. A lock of a dead process of this machine does not count. */
    lock(project: string, stack: string): () => void {
        const folder = this.#lockFolder(project, stack);
        mkdirSync(folder, { recursive: true });
        const mine = join(folder, `${randomUUID()}.json`);
        const about = {
            pid: process.pid,
            username: userInfo().username,
            hostname: hostname(),
            timestamp: new Date().toISOString(),
        };
        writeFileSync(mine, JSON.stringify(about));
        for (const name of readdirSync(folder)) {
            const other = join(folder, name);
            if (other !== mine && isHeld(other)) {
                rmSync(mine);
                throw new StackLocked(
                    `the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.\n  ${other}`,
                );
            }
        }
        return () => rmSync(mine, { force: true });
    }

    /** `pulumi cancel`: removes the locks. */
    unlock(project: string, stack: string): void {
        rmSync(this.#lockFolder(project, stack), { recursive: true, force: true });
    }

    #historyFolder(project: string, stack: string): string {
        return join(this.root, "history", project, stack);
    }

    addHistory(project: string, stack: string, entry: HistoryEntry): void {
        const folder = this.#historyFolder(project, stack);
        mkdirSync(folder, { recursive: true });
        const stamp = process.hrtime.bigint().toString().padStart(20, "0").slice(-9);
        writeFileSync(join(folder, `${stack}-${Date.now()}${stamp}.history.json`), JSON.stringify(entry));
    }

    /** Newest first. */
    history(project: string, stack: string): HistoryEntry[] {
        const folder = this.#historyFolder(project, stack);
        const entries = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".history.json")) : [];
        return entries
            .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as HistoryEntry)
            .map((entry, index) => ({ entry, index }))
            .sort((left, right) => right.entry.startTime - left.entry.startTime || right.index - left.index)
            .map(({ entry }) => entry);
    }

    tags(project: string, stack: string): Record<string, string> {
        const file = join(this.root, "tags", project, stack, "tags.json");
        return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, string>) : {};
    }

    setTags(project: string, stack: string, tags: Record<string, string>): void {
        const folder = join(this.root, "tags", project, stack);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, "tags.json"), JSON.stringify(tags));
    }

    selected(project: string): string | undefined {
        const file = join(this.root, "selected", project);
        return existsSync(file) ? readFileSync(file, "utf8") : undefined;
    }

    select(project: string, stack: string): void {
        mkdirSync(join(this.root, "selected"), { recursive: true });
        writeFileSync(join(this.root, "selected", project), stack);
    }
}

function isHeld(lockFile: string): boolean {
    try {
        const { pid, hostname: host } = JSON.parse(readFileSync(lockFile, "utf8")) as { pid: number; hostname: string };
        if (host === hostname()) {
            process.kill(pid, 0);
        }
        return true;
    } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "EPERM") {
            return true;
        }
        rmSync(lockFile, { force: true });
        return false;
    }
}
