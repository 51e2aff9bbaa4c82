/** Where `doctor` takes the stack configuration from: the Pulumi CLI, a file, or nowhere. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { displayText, registerSecret } from "../../provider/client/errors/redaction";
import { SECRET_FIELDS } from "../../provider/client/settings/credentials";
import { Failure } from "../command";
import { runPulumi } from "../pulumi-cli";

export interface Configuration {
    /** In words, for the report. */
    readonly source: string;
    readonly values: Readonly<Record<string, unknown>>;
    /** Keys whose values are encrypted, so that they cannot be used. */
    readonly encrypted: readonly string[];
    /** Keys of secrets that everybody who has the configuration can read. */
    readonly plain: readonly string[];
}

export const noConfiguration: Configuration = { source: "environment only", values: {}, encrypted: [], plain: [] };

const SECRETS: ReadonlySet<string> = new Set(SECRET_FIELDS.map((field) => `cbr:${field}`));

const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** Configuration of a stack, decrypted by the Pulumi CLI, in the working directory's project. */
export async function stackConfiguration(stack: string, env: NodeJS.ProcessEnv): Promise<Configuration> {
    const args = ["config", "--json", "--show-secrets"];
    const text = await runPulumi({ stack, args, env, without: "use --config FILE, or the environment alone" });
    let content: unknown;
    try {
        content = JSON.parse(text);
    } catch {
        throw new Failure("`pulumi config --json` wrote something that is no JSON");
    }
    const values: Record<string, unknown> = {};
    const plain: string[] = [];
    for (const [key, entry] of Object.entries(isObject(content) ? content : {})) {
        if (!isObject(entry)) continue;
        if (entry["secret"] === true && typeof entry["value"] === "string") registerSecret(entry["value"]);
        if (entry["secret"] !== true && SECRETS.has(key)) plain.push(key);
        values[key] = entry["value"];
    }
    return { source: `stack ${stack}`, values, encrypted: [], plain };
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
        throw new Failure(displayText(`--config ${file} cannot be read: ${said.replace(/:$/, "")}`));
    }
    const whole = isObject(content) ? content : {};
    const map = isObject(whole["config"]) ? whole["config"] : whole;
    const values: Record<string, unknown> = {};
    const encrypted: string[] = [];
    const plain: string[] = [];
    for (const [key, entry] of Object.entries(map)) {
        if (!key.startsWith("cbr:")) continue;
        // As `pulumi config --json` writes: a secret has no value there without --show-secrets.
        const listed = isObject(entry) && "secret" in entry;
        const isEncrypted = isObject(entry) && ("secure" in entry || (listed && entry["value"] === undefined));
        if (isEncrypted) encrypted.push(key);
        else values[key] = listed ? entry["value"] : entry;
        if (!isEncrypted && SECRETS.has(key) && !(listed && entry["secret"] === true)) plain.push(key);
    }
    return { source: file, values, encrypted, plain };
}
