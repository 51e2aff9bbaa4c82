import { z } from "zod";

/** Which of several: an id, a position counted from 0, or all. */
const which = z.union([z.string().min(1), z.int().min(0)]);
const text = z.string();

const answerEffect = z.strictObject({
    /** HTTP status. Default: the documented one of `code`. */
    status: z.int().min(200).max(599).optional(),
    /** Error code, e.g. "BackupService.6125", "6125" or "APIGW.0308". */
    code: text.optional(),
    /** Default: the documented text of `code`. */
    message: text.optional(),
    /** Body shape. Default: by the code; without a code HTML for 502, 503, 504, else CBR's own. */
    shape: z.enum(["cbr", "gateway", "keystone", "iam", "camel", "plain", "nested", "html", "empty"]).optional(),
    /** `Retry-After`: seconds, or an HTTP date. */
    retryAfter: z.union([z.number().min(0), text.min(1)]).optional(),
    /** True: the request takes effect, only its answer is replaced. Default false. */
    afterEffect: z.boolean().optional(),
    /**
     * The request takes effect only so many milliseconds after this answer, by the simulator's clock. Not with
     * afterEffect.
     */
    effectAfterMs: z.number().min(0).optional(),
});

const delayEffect = z.strictObject({
    /** Milliseconds. */
    delayMs: z.number().min(0),
    /** Wait before or after the request takes effect. Default "after": the work is done, the answer is late. */
    when: z.enum(["before", "after"]).optional(),
});

/** What happens to the objects that a request makes or touches. The request itself is answered as usual. */
const objectEffectSchema = z.discriminatedUnion("kind", [
    /**
     * CreateCheckpoint: backups end in `error`. `resource` default: all. `checkpointStatus` default: `error` when all
     * failed, else `available`.
     */
    z.strictObject({
        kind: z.literal("backup-error"),
        resource: which.optional(),
        code: text.optional(),
        message: text.optional(),
        checkpointStatus: text.optional(),
    }),
    /** CreateCheckpoint: the checkpoint ends in `error`, its backups are good. */
    z.strictObject({ kind: z.literal("checkpoint-error") }),
    /**
     * CreateCheckpoint: a resource is skipped. `resource` default: the first; "all" leaves nothing to back up: 400
     * 0001.
     */
    z.strictObject({
        kind: z.literal("skip-resource"),
        resource: which.optional(),
        code: text.optional(),
        reason: text.optional(),
    }),
    /** CopyCheckpoint, CopyBackup: records end in `fail`. `backup` default: all. */
    z.strictObject({
        kind: z.literal("record-fail"),
        backup: which.optional(),
        code: text.optional(),
        reason: text.optional(),
    }),
    /** CopyCheckpoint, CopyBackup: records end in `skip`. */
    z.strictObject({
        kind: z.literal("record-skip"),
        backup: which.optional(),
        code: text.optional(),
        reason: text.optional(),
    }),
    /** CopyCheckpoint, CopyBackup: records end in `success`, but there is no replica. */
    z.strictObject({ kind: z.literal("replica-missing"), backup: which.optional() }),
    /** CopyCheckpoint, CopyBackup: records end in `success`, but the replica is in `error`. */
    z.strictObject({ kind: z.literal("replica-error"), backup: which.optional() }),
    /**
     * CreateCheckpoint: the checkpoint vanishes half-way. ShowCheckpoint, ListBackups by checkpoint, ShowBackup: it
     * vanishes before the answer.
     */
    z.strictObject({ kind: z.literal("expire-checkpoint") }),
    /**
     * CreateCheckpoint: a backup vanishes as soon as the checkpoint is done. ShowCheckpoint, ListBackups by checkpoint,
     * ShowBackup: before the answer. `backup` default: the first.
     */
    z.strictObject({ kind: z.literal("expire-backup"), backup: which.optional() }),
    /**
     * CreateCheckpoint, CopyCheckpoint, CopyBackup, ImportCheckpoint, RestoreBackup, DeleteBackup: takes that many
     * milliseconds, or GET requests where reads move things.
     */
    z.strictObject({ kind: z.literal("slow"), ms: z.number().min(0).optional(), reads: z.int().min(1).optional() }),
    /** DeleteBackup: accepted, but the backup comes back as `error`. */
    z.strictObject({ kind: z.literal("delete-error"), code: text.optional(), message: text.optional() }),
    /** ImportCheckpoint: how the task ends. Counts default to what the vault's storage holds. */
    z.strictObject({
        kind: z.literal("sync-outcome"),
        status: z.enum(["success", "failed", "skipped", "timeout"]),
        code: text.optional(),
        message: text.optional(),
        added: z.int().min(0).optional(),
        removed: z.int().min(0).optional(),
        failed: z.int().min(0).optional(),
    }),
    /** RestoreBackup: how the task ends; the backup is `available` again in any case. */
    z.strictObject({
        kind: z.literal("restore-outcome"),
        status: z.enum(["success", "failed", "skipped", "timeout"]),
        code: text.optional(),
        message: text.optional(),
    }),
    /** A status word that no page lists, shown while the work runs or at its end (default). */
    z.strictObject({
        kind: z.literal("unknown-status"),
        of: z.enum(["checkpoint", "backup", "record", "operation-log"]),
        status: text.min(1),
        when: z.enum(["running", "final"]).optional(),
    }),
]);
export type ObjectEffect = z.output<typeof objectEffectSchema>;
export type AnswerEffect = z.output<typeof answerEffect>;

const namedEffect = z.enum([
    "reset-before",
    "reset-after-effect",
    "truncate",
    "cut-body",
    "status-after-effect",
    "token-expired",
    "throttled",
]);

export type NamedEffect = z.output<typeof namedEffect>;
export type Effect = NamedEffect | ObjectEffect | z.output<typeof delayEffect> | AnswerEffect;

const frameSchema = z.strictObject({
    /** Free text that the request log repeats. */
    name: text.optional(),
    /** Operation id, e.g. "CreateCheckpoint", "ListBackups", "KeystoneCreateToken". */
    operation: text.optional(),
    method: text.optional(),
    /** Regular expression, as text or RegExp, that must match in path and query: `/backups\\?.*checkpoint_id=`. */
    path: z.union([z.string(), z.instanceof(RegExp)], "must be a regular expression as text").optional(),
    region: text.optional(),
    /** Only requests that carry this id in path, query or body. */
    id: text.optional(),
    /** Begins with the n-th matching request, counted from 1. Default 1. */
    nth: z.int().min(1).optional(),
    /** Strikes that many times, then is spent. Default 1. Use 0 for always. */
    times: z.int().min(0).optional(),
    /** Strikes a matching request with this probability only. Default 1. */
    probability: z.number().min(0).max(1).optional(),
    /** Makes `probability` the same in each run. Default 1. */
    seed: z.int().optional(),
    effect: z.unknown(),
});

/** What goes wrong, and with which requests. Every field but `effect` narrows; none at all means any request. */
export type Fault = Omit<z.input<typeof frameSchema>, "effect"> & {
    /** What happens; several may happen at once. */
    effect: Effect | readonly Effect[];
};

/** A checked fault. */
export type ParsedFault = Omit<Fault, "effect" | "path"> & { path: RegExp | undefined; effects: readonly Effect[] };

/** Checks one fault; `at` is its place in messages. */
export function parseFault(value: unknown, at: string): ParsedFault {
    const { effect, path, ...frame } = parseWith(frameSchema, value, at);
    const list = Array.isArray(effect)
        ? effect.map((each, index) => [each, `${at}.effect[${index}]`] as const)
        : [[effect, `${at}.effect`] as const];
    if (list.length === 0) throw new Error(`${at}.effect: is empty`);
    return {
        ...frame,
        path: path === undefined ? undefined : patternOf(path, at),
        effects: list.map(([each, place]) => parseEffect(each, place)),
    };
}

function parseEffect(value: unknown, at: string): Effect {
    if (typeof value !== "object" || value === null) return parseWith(namedEffect, value, at);
    if ("kind" in value) return parseWith(objectEffectSchema, value, at);
    if ("delayMs" in value) return parseWith(delayEffect, value, at);
    const effect = parseWith(answerEffect, value, at);
    if (effect.status === undefined && effect.code === undefined)
        throw new Error(`${at}: needs one of status, code, delayMs, kind`);
    if (effect.afterEffect === true && effect.effectAfterMs !== undefined)
        throw new Error(`${at}: cannot have both afterEffect and effectAfterMs`);
    return effect;
}

function patternOf(path: string | RegExp, at: string): RegExp {
    try {
        return new RegExp(path);
    } catch (error) {
        throw new Error(`${at}.path: is no regular expression: ${String(path)}`, { cause: error });
    }
}

function parseWith<S extends z.ZodType>(schema: S, value: unknown, at: string): z.output<S> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const problems = parsed.error.issues.map((issue) => {
        const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
        return `${at}${path}: ${issue.message.endsWith("received undefined") ? "is missing" : issue.message}`;
    });
    throw new Error(problems.join("; "));
}

/**
 * Reads faults from JSON: one fault, a list, or `{"faults": [...]}`; as text or already parsed.
 * Throws an `Error` that names the place, e.g. `faults[1].effect.status: …`.
 */
export function parseFaults(input: unknown): Fault[] {
    let value = input;
    if (typeof input === "string") {
        try {
            value = JSON.parse(input);
        } catch (error) {
            throw new Error(`faults: no JSON: ${error instanceof Error ? error.message : String(error)}`, {
                cause: error,
            });
        }
    }
    if (typeof value === "object" && value !== null && "faults" in value) value = value.faults;
    const list = Array.isArray(value) ? value : [value];
    return list.map((item, index) => {
        parseFault(item, `faults[${index}]`);
        return item as Fault;
    });
}
