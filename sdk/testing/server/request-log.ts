import type { Accounts } from "../iam/accounts";

/** One request as tests see it afterwards. Carries no header, and nothing secret in path, query or body. */
export interface RequestLogEntry {
    /** When it came: ISO 8601, UTC. */
    readonly receivedAt: string;
    readonly service: "cbr" | "iam";
    readonly region: string;
    readonly method: string;
    /** Path without query. */
    readonly path: string;
    /** Query as sent, without the question mark. */
    readonly query: string;
    /** Parsed JSON; the text when it is none; undefined when there was none. */
    readonly body: unknown;
    /** HTTP status of the answer; 0 when none was sent (reset). */
    status: number;
    /** Error code with prefix; empty on success. */
    code: string;
    readonly requestId: string;
    /** Vendor's operation id, e.g. `CreateCheckpoint`; empty for a path that no operation has. */
    readonly operation: string;
    /** How the caller proved who it is. */
    readonly auth: "token" | "signature" | "none";
    /** Names of the faults that struck. */
    readonly faults: readonly string[];
}

const secretKeys = /^(password|passcode|secret|secret_key|access|access_key|securitytoken|security_token)$/i;

/** The body with everything secret replaced by `[secret]`. */
export function redactBody(value: unknown, accounts: Accounts, key = "", parent = ""): unknown {
    if (typeof value === "string")
        return secretKeys.test(key) || (parent === "token" && key === "id") ? "[secret]" : accounts.redact(value);
    if (Array.isArray(value)) return value.map((item) => redactBody(item, accounts, key, parent));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, redactBody(item, accounts, name, key)]),
    );
}
