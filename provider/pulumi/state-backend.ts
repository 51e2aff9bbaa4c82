/** Which of Pulumi's state backends a run works with: two of them may have stacks, and resources, of the same name. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { digest } from "../exactly-once/journal";
import { pulumiHome } from "../exactly-once/note-store";

/**
 * As the CLI chooses it: `PULUMI_BACKEND_URL`, `backend.url` of the project, the last `pulumi login`. Pulumi tells
 * neither programs nor providers. Hashed, because such a URL may hold a password; undefined where nothing says it.
 */
export function stateBackend(env: NodeJS.ProcessEnv, cwd: string): string | undefined {
    const url = given(env["PULUMI_BACKEND_URL"]) ?? ofProject(cwd) ?? ofLogin(env);
    if (url === undefined) return undefined;
    // `file://./state` is another one in another folder.
    const folder = /^file:\/\/(?![/~])/.test(url) ? cwd : "";
    return digest(`${url.replace(/\/+$/, "")} ${folder}`);
}

const given = (text: unknown): string | undefined => (typeof text === "string" && text !== "" ? text : undefined);

function ofProject(folder: string): string | undefined {
    for (const name of ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"]) {
        const text = read(join(folder, name));
        if (text === undefined) continue;
        if (!/\bbackend\b/.test(text)) return undefined;
        const { parse } = require("yaml") as typeof import("yaml");
        return given(tryTo(() => (parse(text) as { backend?: { url?: unknown } }).backend?.url));
    }
    const parent = dirname(folder);
    return parent === folder ? undefined : ofProject(parent);
}

/** Of what a login keeps, the address alone is looked at. */
function ofLogin(env: NodeJS.ProcessEnv): string | undefined {
    const text = read(join(pulumiHome(env), "credentials.json"));
    return given(tryTo(() => (JSON.parse(text ?? "{}") as { current?: unknown }).current));
}

function read(file: string): string | undefined {
    return tryTo(() => readFileSync(file, "utf8"));
}

function tryTo<T>(run: () => T): T | undefined {
    try {
        return run();
    } catch {
        return undefined;
    }
}
