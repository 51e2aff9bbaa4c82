import { resolve } from "node:path";
import { Backend } from "./backend";
import { type ConfigMap, readConfig } from "./config";
import { type Deployment, readDeployment, writeDeployment } from "./deployment-file";
import type { Flags } from "./flags";
import { UsageError } from "./flags";
import { loadProject, type Project, StackSettingsFile } from "./project";
import type { Crypter } from "./secrets";

/** Where a command runs, and what it prints to. */
export interface CommandIo {
    cwd: string;
    env: NodeJS.ProcessEnv;
    /** Folder of the state, where PULUMI_BACKEND_URL says nothing. */
    backendFolder: string | undefined;
    print: (text: string) => void;
    printError: (text: string) => void;
    signal: AbortSignal | undefined;
}

/** One command: its flags, its project and its backend, found when asked for. */
export class CommandContext {
    readonly io: CommandIo;
    readonly flags: Flags;
    #project: Project | undefined;
    #backend: Backend | undefined;

    constructor(io: CommandIo, flags: Flags) {
        const cwd = flags.text("cwd");
        this.io = cwd === undefined ? io : { ...io, cwd: resolve(io.cwd, cwd) };
        this.flags = flags;
    }

    get project(): Project {
        this.#project ??= loadProject(this.io.cwd);
        return this.#project;
    }

    get backend(): Backend {
        if (this.#backend === undefined) {
            const url = this.io.env["PULUMI_BACKEND_URL"];
            if (url) {
                this.#backend = Backend.open(url);
            } else if (this.io.backendFolder !== undefined) {
                this.#backend = new Backend(this.io.backendFolder);
            } else {
                throw new UsageError("the local engine needs a folder for state: set PULUMI_BACKEND_URL=file://…");
            }
        }
        return this.#backend;
    }

    /** `organization/project/stack`, `project/stack` or `stack`, as the stack alone. */
    shortName(name: string): string {
        return name.split("/").at(-1) as string;
    }

    /** The stack that a command means, which must exist. */
    stack(given: string | undefined = undefined): string {
        const name = given ?? this.flags.text("stack") ?? this.backend.selected(this.project.name);
        if (name === undefined || name === "") {
            throw new UsageError("no stack selected; please use `pulumi stack select` to choose one");
        }
        const short = this.shortName(name);
        this.backend.read(this.project.name, short);
        return short;
    }

    settings(stack: string): StackSettingsFile {
        return new StackSettingsFile(this.project, stack, this.flags.text("config-file"));
    }

    async config(settings: StackSettingsFile, crypter: Crypter): Promise<ConfigMap> {
        return readConfig({ ...this.project.config, ...settings.settings.config }, this.project.name, crypter);
    }

    async deployment(stack: string): Promise<Deployment> {
        return readDeployment(this.backend.read(this.project.name, stack), this.io.env);
    }

    async store(stack: string, deployment: Deployment): Promise<void> {
        const { crypter } = deployment;
        const json = writeDeployment(deployment, crypter ? { form: "encrypted", crypter } : { form: "plain" });
        await this.backend.write(this.project.name, stack, JSON.stringify(json));
    }

    printJson(value: unknown): void {
        this.io.print(`${JSON.stringify(value, undefined, 2)}\n`);
    }
}
