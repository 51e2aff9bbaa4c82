/** States of stacks, from files that `pulumi stack export` wrote or from the Pulumi CLI. */
import { readFile } from "node:fs/promises";
import { registerSecret } from "../../provider/client/errors/redaction";
import { Failure } from "../command";
import { runPulumi } from "../pulumi-cli";

/** Classes of this package whose resources hold backups or name them. */
export type CbrKind = Capitalize<keyof typeof import("../../provider/index")>;
/** A class that is not here would count as another provider's. */
const KINDS: Readonly<Record<CbrKind, true>> = {
    Checkpoint: true,
    VaultReplication: true,
    BackupReplica: true,
    CheckpointReplica: true,
    VaultSync: true,
};

export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly name: string;
    /** Of one of our own classes. */
    readonly kind: CbrKind | undefined;
    readonly id: string | undefined;
    readonly inputs: PropertyMap;
    readonly outputs: PropertyMap;
}

export interface StackState {
    readonly stack: string;
    readonly project: string;
    /** In words: `stack prod`, or the file. */
    readonly source: string;
    readonly resources: readonly StateResource[];
    /** URNs of our own resources that a deployment had begun with, and whose end state does not know. */
    readonly pending: readonly string[];
}

export type PropertyMap = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** Pulumi's marks: a value that stands for another one, and which. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** The dynamic classes, and those of a native provider of package `cbr`. */
const TYPE = new RegExp(
    String.raw`^(?:pulumi-nodejs:dynamic/cbr|cbr:index(?:/\w+)?):(${Object.keys(KINDS).join("|")})$`,
);

/** Properties of our own resources that say where what is. */
const TELLING = new Set([
    ...["region", "projectId", "vaultId", "adopt", "checkpointId", "backups", "backupIds", "backupIdByResource"],
    ...["destinationRegion", "destinationProjectId", "destinationVaultId", "destinationCheckpointId"],
    "crossAccountUrn",
    ...["backupId", "destinationBackupId", "destinationBackupIds", "replications"],
]);

/** One of these has a value that only the stack's key opens. */
class EncryptedError extends Failure {}

export interface StateSources {
    /** Names of stacks of the working directory's project. */
    readonly stacks: readonly string[];
    readonly files: readonly string[];
    readonly env: NodeJS.ProcessEnv;
}

export async function readStates({ stacks, files, env }: StateSources): Promise<StackState[]> {
    const states: StackState[] = [];
    // One after the other: backends lock, and passphrases are asked for.
    for (const stack of stacks) states.push(await stateOfStack(stack, env));
    for (const file of files) {
        let text: string;
        try {
            text = await readFile(file, "utf8");
        } catch (error) {
            throw new Failure(
                `--state ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
            );
        }
        states.push(parseState(text, `--state ${file}`));
    }
    return states;
}

async function stateOfStack(stack: string, env: NodeJS.ProcessEnv): Promise<StackState> {
    const args = ["stack", "export"];
    const without = "use --state FILE with what `pulumi stack export` wrote";
    const source = `--stack ${stack}`;
    try {
        return parseState(await runPulumi({ stack, args, env, without }), source);
    } catch (error) {
        if (!(error instanceof EncryptedError)) throw error;
        const opened = await runPulumi({ stack, args: [...args, "--show-secrets"], env, without });
        return parseState(opened, source);
    }
}

/** `source` names the option, for messages. */
export function parseState(text: string, source: string): StackState {
    let content: unknown;
    try {
        content = JSON.parse(text);
    } catch {
        throw new Failure(`${source} is no JSON: give what \`pulumi stack export\` wrote`);
    }
    const deployment = isObject(content) && isObject(content["deployment"]) ? content["deployment"] : undefined;
    // An empty stack has no list of resources; something else has no manifest either.
    if (deployment === undefined || !(Array.isArray(deployment["resources"]) || isObject(deployment["manifest"])))
        throw new Failure(`${source} is no state: give what \`pulumi stack export\` wrote`);
    const resources = listOf(deployment["resources"]).map((entry) => resourceOf(entry, source));
    const pending = listOf(deployment["pending_operations"])
        .map((entry) => (isObject(entry["resource"]) ? resourceOf(entry["resource"], source) : undefined))
        .filter((one) => one?.kind !== undefined)
        .map((one) => one?.urn ?? "");
    const [stack = "", project = ""] = nameOf(resources[0]?.urn ?? pending[0] ?? "");
    return { stack: stack || source.replace(/^--\w+ /, ""), project, source, resources, pending };
}

function nameOf(urn: string): [stack: string, project: string] | [] {
    const match = /^urn:pulumi:(.*?)::(.*?)::/.exec(urn);
    return match === null ? [] : [match[1] ?? "", match[2] ?? ""];
}

function listOf(value: unknown): PropertyMap[] {
    return Array.isArray(value) ? value.filter(isObject) : [];
}

function resourceOf(entry: PropertyMap, source: string): StateResource {
    const urn = String(entry["urn"] ?? "");
    const type = String(entry["type"] ?? "");
    const kind = TYPE.exec(type)?.[1] as CbrKind | undefined;
    const open = (properties: unknown) => {
        if (!isObject(properties)) return {};
        const entries = Object.entries(properties).map(([key, value]) => {
            const opened = plain(value, () => {
                if (kind === undefined || !TELLING.has(key)) return undefined;
                throw new EncryptedError(
                    `${source}: ${key} of ${urn} is encrypted: export it with \`pulumi stack export --show-secrets\``,
                );
            });
            return [key, opened] as const;
        });
        return Object.fromEntries(entries);
    };
    return {
        urn,
        type,
        name: urn.slice(urn.lastIndexOf("::") + 2),
        kind,
        id: typeof entry["id"] === "string" ? entry["id"] : undefined,
        inputs: open(entry["inputs"]),
        outputs: open(entry["outputs"]),
    };
}

/** A value without Pulumi's wraps around secrets. What was secret is never shown. */
function plain(value: unknown, encrypted: () => undefined): unknown {
    if (Array.isArray(value)) return value.map((one) => plain(one, encrypted));
    if (!isObject(value)) return value;
    if (value[SIGNATURE] !== SECRET)
        return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, encrypted)]));
    if (typeof value["plaintext"] !== "string") return encrypted();
    const opened: unknown = JSON.parse(value["plaintext"]);
    // An id is no secret here: it has to be compared and shown.
    if (typeof opened === "string" && !UUID.test(opened)) registerSecret(opened);
    return plain(opened, encrypted);
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
