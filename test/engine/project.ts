import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { type Crypter, createCrypter, openCrypter } from "./secrets";

/** A configuration value in the settings file: text, `{ secure: "v1:…" }`, or structured data with either inside. */
export type ConfigNode = null | boolean | number | string | ConfigNode[] | { [key: string]: ConfigNode };

export interface StackSettings {
    secretsprovider?: string;
    encryptionsalt?: string;
    config?: Record<string, ConfigNode>;
}

/** What `Pulumi.yaml` says. */
export interface Project {
    name: string;
    /** Folder of `Pulumi.yaml`. */
    root: string;
    runtime: string;
    runtimeOptions: Record<string, unknown>;
    /** Where the program is, relative to the root; a file or a folder. */
    main: string;
    /** Defaults of the project for every stack. */
    config: Record<string, ConfigNode>;
}

const extensions = [".yaml", ".yml", ".json"];

function findFile(folder: string, base: string): string | undefined {
    return extensions.map((extension) => join(folder, `${base}${extension}`)).find((path) => existsSync(path));
}

/** The project of a folder or of one above it. */
export function loadProject(folder: string): Project {
    let root = resolve(folder);
    let file = findFile(root, "Pulumi");
    while (file === undefined) {
        const parent = dirname(root);
        if (parent === root) {
            throw new Error(
                "no Pulumi.yaml project file found (searching upwards from " +
                    `${folder}). If you have not created a project yet, use \`pulumi new\` to do so`,
            );
        }
        root = parent;
        file = findFile(root, "Pulumi");
    }
    const data = parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    if (typeof data["name"] !== "string") {
        throw new Error(`${file}: project is missing a 'name' attribute`);
    }
    for (const key of ["backend", "packages", "plugins"]) {
        if (data[key] !== undefined) {
            throw new Error(`the local engine does not support "${key}" in ${file}`);
        }
    }
    const runtime = data["runtime"] as string | { name: string; options?: Record<string, unknown> };
    return {
        name: data["name"],
        root,
        runtime: typeof runtime === "string" ? runtime : runtime?.name,
        runtimeOptions: typeof runtime === "string" ? {} : (runtime?.options ?? {}),
        main: typeof data["main"] === "string" ? data["main"] : "",
        config: projectDefaults(data["name"], data["config"]),
    };
}

function projectDefaults(project: string, config: unknown): Record<string, ConfigNode> {
    const result: Record<string, ConfigNode> = {};
    for (const [key, item] of Object.entries((config ?? {}) as Record<string, ConfigNode>)) {
        const name = key.includes(":") ? key : `${project}:${key}`;
        if (typeof item !== "object" || item === null || Array.isArray(item)) {
            result[name] = item;
        } else {
            const value = item["value"] ?? item["default"];
            if (value !== undefined) {
                result[name] = value;
            }
        }
    }
    return result;
}

/** `Pulumi.<stack>.yaml` of a project, or the file that `--config-file` names. */
export class StackSettingsFile {
    readonly path: string;
    settings: StackSettings;

    constructor(project: Project, stack: string, configFile: string | undefined) {
        this.path =
            configFile ?? findFile(project.root, `Pulumi.${stack}`) ?? join(project.root, `Pulumi.${stack}.yaml`);
        this.settings = existsSync(this.path) ? ((parse(readFileSync(this.path, "utf8")) ?? {}) as StackSettings) : {};
        const provider = this.settings.secretsprovider;
        if (provider !== undefined && provider !== "" && provider !== "passphrase" && provider !== "default") {
            throw new Error(`the local engine knows no secrets provider "${provider}", only passphrase`);
        }
    }

    /** The stack's key; made, and noted in the file, when there is none yet. */
    async crypter(env: NodeJS.ProcessEnv): Promise<Crypter> {
        if (this.settings.encryptionsalt !== undefined) {
            return openCrypter(this.settings.encryptionsalt, env);
        }
        const crypter = await createCrypter(env);
        this.settings = { encryptionsalt: crypter.salt, ...this.settings };
        this.save();
        return crypter;
    }

    save(): void {
        writeFileSync(
            this.path,
            this.path.endsWith(".json") ? JSON.stringify(this.settings, undefined, 4) : stringify(this.settings),
        );
    }
}
