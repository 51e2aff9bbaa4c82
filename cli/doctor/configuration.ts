/** Where `doctor` takes the stack configuration from: the Pulumi CLI, a file, or nowhere. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { displayText, registerSecret } from "../../provider/client/errors/redaction";
import { Failure } from "../command";

export interface Configuration {
    /** In words, for the report. */
    readonly source: string;
    readonly values: Readonly<Record<string, unknown>>;
    /** Keys whose values are encrypted, so that they cannot be used. */
    readonly encrypted: readonly string[];
}

export const noConfiguration: Configuration = { source: "environment only", values: {}, encrypted: [] };

const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** Configuration of a stack, decrypted by the Pulumi CLI, in the working directory's project. */
export async function stackConfiguration(stack: string, env: NodeJS.ProcessEnv): Promise<Configuration> {
    const text = await runPulumi(["config", "--json", "--show-secrets", "--non-interactive", "--stack", stack], env);
    let content: unknown;
    try {
        content = JSON.parse(text);
    } catch {
        throw new Failure("`pulumi config --json` wrote something that is no JSON");
    }
    const values: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(isObject(content) ? content : {})) {
        if (!isObject(entry)) continue;
        if (entry["secret"] === true && typeof entry["value"] === "string") registerSecret(entry["value"]);
        values[key] = entry["value"];
    }
    return { source: `stack ${stack}`, values, encrypted: [] };
}

function runPulumi(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
    return new Promise((resolve, reject) => {
        execFile(
            "pulumi",
            [...args],
            { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }, maxBuffer: 16 * 1024 * 1024, timeout: 60_000 },
            (error, stdout, stderr) => {
                if (error === null) return resolve(stdout);
                if (error.code === "ENOENT")
                    return reject(
                        new Failure(
                            "--stack needs the Pulumi CLI, but there is no `pulumi` on PATH; use --config FILE, or the environment alone",
                        ),
                    );
                const said =
                    (stderr.trim().split("\n")[0] ?? "").replace(/^error: /, "") || error.message.split("\n")[0];
                reject(new Failure(displayText(`\`pulumi config\` failed: ${said}`)));
            },
        );
    });
}

/**
 * A file: `Pulumi.<stack>.yaml` (its `config`), the output of `pulumi config --json`, or a plain map from key to value.
 * Encrypted values are named, not read.
 */
export async function fileConfiguration(file: string): Promise<Configuration> {
    let content: unknown;
    try {
        content = parse(await readFile(file, "utf8"));
    } catch (error) {
        // Of YAML's messages only the first line: the others quote the file, which may hold secrets.
        const said = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
        throw new Failure(displayText(`${file} cannot be read: ${said.replace(/:$/, "")}`));
    }
    const whole = isObject(content) ? content : {};
    const map = isObject(whole["config"]) ? whole["config"] : whole;
    const values: Record<string, unknown> = {};
    const encrypted: string[] = [];
    for (const [key, entry] of Object.entries(map)) {
        if (!key.startsWith("cbr:")) continue;
        // As `pulumi config --json` writes: a secret has no value there without --show-secrets.
        const listed = isObject(entry) && "secret" in entry;
        if (isObject(entry) && ("secure" in entry || (listed && entry["value"] === undefined))) encrypted.push(key);
        else if (listed) values[key] = entry["value"];
        else values[key] = entry;
    }
    return { source: file, values, encrypted };
}
