/** A mistake on the command line, or something that the local engine refuses to do. */
export class UsageError extends Error {}

const switches = new Set([
    "yes",
    "skip-preview",
    "non-interactive",
    "json",
    "expect-no-changes",
    "refresh",
    "diff",
    "target-dependents",
    "continue-on-error",
    "clear-pending-creates",
    "preview-only",
    "run-program",
    "show-secrets",
    "secret",
    "plaintext",
    "path",
    "force",
    "preserve-config",
    "all",
    "suppress-outputs",
    "suppress-progress",
    "logtostderr",
    "logflow",
    "debug",
    "no-select",
    "verbose-output",
    "emoji",
    "show-urns",
    "show-ids",
    "show-name",
    "show-replacement-steps",
    "show-sames",
    "show-config",
    "show-reads",
    "show-full-output",
    "interactive",
    "disable-integrity-checking",
    "no-plugins",
    "no-dependencies",
    "remove",
]); // prettier-ignore
const valued = new Set([
    "stack",
    "target",
    "replace",
    "parallel",
    "message",
    "client",
    "exec-kind",
    "exec-agent",
    "event-log",
    "color",
    "cwd",
    "config-file",
    "secrets-provider",
    "file",
    "page",
    "page-size",
    "verbose",
    "tracing",
    "format",
    "config",
    "version",
]); // prettier-ignore
const shorts: Record<string, string> = {
    y: "yes",
    f: "skip-preview",
    s: "stack",
    t: "target",
    p: "parallel",
    m: "message",
    j: "json",
    C: "cwd",
    r: "refresh",
    d: "debug",
    a: "all",
    v: "verbose",
    c: "config",
    h: "help",
}; // prettier-ignore
/** What we know of and do not do. */
const refused = new Set([
    "policy-pack",
    "policy-pack-config",
    "plan",
    "save-plan",
    "exclude",
    "exclude-dependents",
    "exclude-protected",
    "remote",
    "import-file",
    "attach-debugger",
    "target-replace",
    "import-pending-creates",
    "skip-pending-creates",
    "config-path",
]); // prettier-ignore

/** A command line taken apart. */
export class Flags {
    readonly words: string[] = [];
    readonly #values = new Map<string, string[]>();
    /** Each `--secret`/`--plaintext` with what followed it, in order: `config set-all`. */
    readonly marked: { secret: boolean; text: string }[] = [];

    constructor(args: string[], meaning: { json: "switch" | "value" }) {
        for (let index = 0; index < args.length; index++) {
            const arg = args[index] as string;
            if (arg === "--") {
                this.words.push(...args.slice(index + 1));
                break;
            }
            if (!arg.startsWith("-") || arg === "-") {
                this.words.push(arg);
                continue;
            }
            const [given, inline] = split(arg);
            const name = arg.startsWith("--") ? given : (shorts[given] ?? given);
            if (refused.has(name)) {
                throw new UsageError(`the local engine does not support --${name}; use the Pulumi CLI`);
            }
            if (valued.has(name) || (name === "json" && meaning.json === "value")) {
                this.#add(name, inline ?? args[++index] ?? "");
            } else if (switches.has(name)) {
                this.#add(name, inline ?? "true");
                const next = args[index + 1];
                if ((name === "secret" || name === "plaintext") && next !== undefined && /^[^-][^=]*=/.test(next)) {
                    this.marked.push({ secret: name === "secret", text: next });
                    index++;
                }
            } else {
                throw new UsageError(`unknown flag: ${arg}`);
            }
        }
    }

    #add(name: string, value: string): void {
        this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
    }

    has(name: string): boolean {
        return this.#values.get(name)?.at(-1) === "true";
    }

    text(name: string): string | undefined {
        return this.#values.get(name)?.at(-1);
    }

    list(name: string): string[] {
        return this.#values.get(name) ?? [];
    }

    number(name: string): number | undefined {
        const text = this.text(name);
        if (text === undefined) {
            return undefined;
        }
        const value = Number(text);
        if (!Number.isInteger(value) || value < 0) {
            throw new UsageError(`--${name} must be a number, not "${text}"`);
        }
        return value;
    }
}

function split(arg: string): [string, string | undefined] {
    const bare = arg.replace(/^--?/, "");
    const at = bare.indexOf("=");
    return at < 0 ? [bare, undefined] : [bare.slice(0, at), bare.slice(at + 1)];
}
