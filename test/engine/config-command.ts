import { describeNode, findConfig, fullKey, parseConfigPath, readConfig, setConfig } from "./config";
import type { CommandContext } from "./context";
import { UsageError } from "./flags";
import type { ConfigNode } from "./project";

/** `pulumi config …` */
export async function configCommand(context: CommandContext, words: string[]): Promise<void> {
    const { flags, io } = context;
    const stack = context.stack();
    const file = context.settings(stack);
    const { name } = context.project;
    const nodes: Record<string, ConfigNode> = { ...file.settings.config };
    const [action, ...rest] = words;
    const isPath = flags.has("path");
    const save = () => {
        file.settings.config = Object.fromEntries(
            Object.entries(nodes).sort(([left], [right]) => (left < right ? -1 : 1)),
        );
        file.save();
    };
    const set = async (pairs: { key: string; value: string; secret: boolean }[]) => {
        const crypter = await file.crypter(io.env);
        for (const { key, value, secret } of pairs) {
            setConfig(nodes, name, key, value, { secret, path: isPath, crypter });
        }
        save();
    };
    switch (action) {
        case undefined: {
            const crypter = flags.has("show-secrets") ? await file.crypter(io.env) : undefined;
            const config = readConfig({ ...context.project.config, ...nodes }, name, crypter);
            if (flags.has("json")) {
                context.printJson(
                    Object.fromEntries(
                        Object.entries(config).map(([key, { value, secret, objectValue }]) => [
                            key,
                            secret && crypter === undefined
                                ? { secret }
                                : { value, ...(objectValue === undefined ? {} : { objectValue }), secret },
                        ]),
                    ),
                );
            } else {
                io.print("KEY  VALUE\n");
                for (const [key, { value, secret }] of Object.entries(config)) {
                    const shown = key.startsWith(`${name}:`) ? key.slice(name.length + 1) : key;
                    io.print(`${shown}  ${secret && crypter === undefined ? "[secret]" : value}\n`);
                }
            }
            return;
        }
        case "get": {
            const key = rest[0] ?? "";
            const found = findConfig(nodes, name, key, isPath) ?? findConfig(context.project.config, name, key, isPath);
            if (found === undefined) {
                throw new UsageError(
                    `configuration key '${isPath ? String(parseConfigPath(key)[0]) : key}' not found for stack '${stack}'`,
                );
            }
            const value = describeNode(found.node, await file.crypter(io.env));
            if (flags.has("json")) {
                context.printJson({ name: fullKey(key, name), ...value });
            } else {
                io.print(`${value.value}\n`);
            }
            return;
        }
        case "set":
            await set([{ key: rest[0] ?? "", value: rest[1] ?? "", secret: flags.has("secret") }]);
            return;
        case "set-all":
            await set(flags.text("json") === undefined ? pairsOf(context) : pairsOfJson(flags.text("json") as string));
            return;
        case "rm":
        case "rm-all":
            for (const key of rest) {
                findConfig(nodes, name, key, isPath)?.remove();
            }
            save();
            return;
        case "refresh": {
            const last = context.backend.history(name, stack)[0];
            if (last === undefined) {
                throw new UsageError("no previous deployment");
            }
            for (const key of Object.keys(nodes)) {
                delete nodes[key];
            }
            for (const [key, { value, secret }] of Object.entries(last.config)) {
                nodes[key] = secret ? { secure: value } : value;
            }
            save();
            return;
        }
        default:
            throw new UsageError(`the local engine does not support \`pulumi config ${action}\`; use the Pulumi CLI`);
    }
}

function pairsOf(context: CommandContext): { key: string; value: string; secret: boolean }[] {
    return context.flags.marked.map(({ secret, text }) => {
        const at = text.indexOf("=");
        return { key: text.slice(0, at), value: text.slice(at + 1), secret };
    });
}

function pairsOfJson(json: string): { key: string; value: string; secret: boolean }[] {
    const values = JSON.parse(json) as Record<string, { value: string; secret?: boolean }>;
    return Object.entries(values).map(([key, { value, secret }]) => ({ key, value, secret: secret === true }));
}
