import type { SimulatedRegion, Simulator } from "../../sdk/testing/index";

/** Wire objects as the tests look into them: every key that an assertion names. */
export interface RecordJson {
    id: string;
    status: string;
    destination_backup_id: string;
    destination_checkpoint_id: string;
    destination_region: string;
    extra_info: { progress: number; fail_code: string; fail_reason: string };
}
export interface BackupJson {
    id: string;
    name: string;
    description: string;
    status: string;
    checkpoint_id: string;
    vault_id: string;
    image_type: string;
    resource_id: string;
    resource_size: number;
    parent_id: string | null;
    created_at: string;
    expired_at: string | null;
    incremental: boolean;
    children: BackupJson[];
    replication_records: RecordJson[];
    extend_info: { incremental: boolean; progress: number | null; auto_trigger: boolean };
}
export interface CheckpointJson {
    id: string;
    status: string;
    created_at: string;
    extra_info: unknown;
    vault: {
        resources: { id: string; resource_size: unknown }[];
        skipped_resources: { id: string; code: string; reason: string }[];
    };
}
export interface OperationLogJson {
    id: string;
    status: string;
    operation_type: string;
    checkpoint_id: string | null;
    error_info: { code: string; message: string };
    extra_info: {
        common: { progress: number };
        backup: { backup_id: string; incremental: string };
        sync: Record<string, number>;
        replication: { source_backup_id: string; destination_backup_id: string | null };
        resource: { id: string };
    };
}
export interface Body {
    error_code: string;
    error_msg: string;
    request_id: string;
    error: { code: number; message: string; title: string };
    checkpoint: CheckpointJson;
    backup: BackupJson;
    backups: BackupJson[];
    count: number;
    limit: number;
    offset: number;
    operation_log: OperationLogJson;
    operation_logs: OperationLogJson[];
    vault: { id: string; billing: Record<string, unknown>; resources: { protect_status: string }[] };
    vaults: { id: string }[];
    sync: { operation_log_id: string; vault_id: string };
    replication: {
        replication_record_id: string;
        backup_id: string;
        backups: { backup_id: string; replication_record_id: string }[];
    };
    regions: unknown[];
    projects: { id: string; name: string }[];
    domains: { id: string; name: string }[];
    credential: { access: string; secret: string; securitytoken: string; expires_at: string };
    token: {
        expires_at: string;
        project: { id: string; name: string; domain: { name: string } };
        domain: unknown;
        catalog: { type: string; endpoints: { url: string }[] }[];
    };
    catalog: { type: string }[];
}

export interface Answer {
    status: number;
    headers: Headers;
    /** The body as text. */
    text: string;
    /** The body as JSON; an empty object when it is none, or cut off. */
    body: Body;
}

async function answerOf(response: Response): Promise<Answer> {
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return { status: response.status, headers: response.headers, text, body: (isJson ? parsed(text) : {}) as Body };
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return {};
    }
}

/** Sends any request anywhere. */
export async function fetchAnswer(url: string, init?: RequestInit): Promise<Answer> {
    return answerOf(await fetch(url, init));
}

/** Sends requests to one region's CBR with a token of its project. */
export function clientFor(sim: Pick<Simulator, "issueToken">, region: SimulatedRegion) {
    const token = sim.issueToken(region.name);
    const send = (
        method: string,
        path: string,
        body?: unknown,
        headers: Record<string, string> = {},
    ): Promise<Answer> =>
        fetchAnswer(`${region.url}/v3/${region.projectId}${path}`, {
            method,
            headers: {
                "x-auth-token": token,
                ...(body === undefined ? {} : { "content-type": "application/json" }),
                ...headers,
            },
            ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        });
    return {
        token,
        send,
        get: (path: string) => send("GET", path),
        post: (path: string, body: unknown) => send("POST", path, body),
        delete: (path: string) => send("DELETE", path),
        /** Sends CreateCheckpoint for a vault. */
        tryBackUp: (vaultId: string, parameters?: Record<string, unknown>) =>
            send("POST", "/checkpoints", { checkpoint: { vault_id: vaultId, ...(parameters ? { parameters } : {}) } }),
        /** Creates a checkpoint and gives the answer's `checkpoint`. */
        backUp: async (vaultId: string, parameters?: Record<string, unknown>): Promise<CheckpointJson> => {
            const answer = await send("POST", "/checkpoints", {
                checkpoint: { vault_id: vaultId, ...(parameters ? { parameters } : {}) },
            });
            if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
            return answer.body.checkpoint;
        },
    };
}

/** Status and code of an answer, in one value. */
export const outcome = (answer: Answer): [status: number, code: string] => [
    answer.status,
    answer.body.error_code ?? "",
];

/** Body of a replication into another region. */
export function replicationTo(region: SimulatedRegion, vaultId: string, more: Record<string, unknown> = {}) {
    return {
        replicate: {
            destination_region: region.name,
            destination_project_id: region.projectId,
            destination_vault_id: vaultId,
            ...more,
        },
    };
}

/** A clock that stands still until it is told. */
export function handClock(startMs = Date.UTC(2025, 0, 2, 3, 4, 5)) {
    let nowMs = startMs;
    return {
        now: () => nowMs,
        advance: (milliseconds: number) => {
            nowMs += milliseconds;
        },
    };
}
