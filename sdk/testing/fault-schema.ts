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
});

const delayEffect = z.strictObject({
    /** Milliseconds. */
    delayMs: z.number().min(0),
    /** Wait before or after the request takes effect. Default "after": the work is done, the answer is late. */
    when: z.enum(["before", "after"]).optional(),
});

/** What happens to the objects that a request makes or touches. The request itself is answered as usual. */
const objectEffectSchema = z.discriminatedUnion("kind", [
    /** CreateCheckpoint: backups end in `error`. `resource` default: all. `checkpointStatus` default: `error` when all failed, else `available`. */
    z.strictObject({
        kind: z.literal("backup-error"),
        resource: which.optional(),
        code: text.optional(),
        message: text.optional(),
        checkpointStatus: text.optional(),
    }),
    /** CreateCheckpoint: the checkpoint ends in `error`, its backups are good. */
    z.strictObject({ kind: z.literal("checkpoint-error") }),
    /** CreateCheckpoint: a resource is skipped. `resource` default: the first; "all" leaves nothing to back up: 400 0001. */
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
    /** CreateCheckpoint: the checkpoint vanishes half-way. ShowCheckpoint, ListBackups by checkpoint, ShowBackup: it vanishes before the answer. */
    z.strictObject({ kind: z.literal("expire-checkpoint") }),
    /** CreateCheckpoint: a backup vanishes as soon as the checkpoint is done. ShowCheckpoint, ListBackups by checkpoint, ShowBackup: before the answer. `backup` default: the first. */
    z.strictObject({ kind: z.literal("expire-backup"), backup: which.optional() }),
    /** CreateCheckpoint, CopyCheckpoint, CopyBackup, ImportCheckpoint, DeleteBackup: takes that many milliseconds, or GET requests where reads move things. */
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
    "status-after-effect",
    "token-expired",
    "throttled",
]);

const effectSchema = z.union([namedEffect, objectEffectSchema, delayEffect, answerEffect]);
export type Effect = z.output<typeof effectSchema>;

const faultFields = {
    /** Free text that the request log repeats. */
    name: text.optional(),
    /** Operation id, e.g. "CreateCheckpoint", "ListBackups", "KeystoneCreateToken". */
    operation: text.optional(),
    method: text.optional(),
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
    /** What happens; several may happen at once. */
    effect: z.union([effectSchema, z.array(effectSchema).min(1)]),
};

const regularExpression = text.transform((source, context) => {
    try {
        return new RegExp(source);
    } catch (error) {
        context.addIssue({
            code: "custom",
            message: `is no regular expression: ${error instanceof Error ? error.message : String(error)}`,
        });
        return z.NEVER;
    }
});

/** A fault as data. `path` is a regular expression (text or RegExp) that must match path and query, e.g. `/backups\\?.*checkpoint_id=`. */
const faultSchema = z.strictObject({
    ...faultFields,
    path: z.union([z.instanceof(RegExp), regularExpression]).optional(),
});
export type Fault = z.input<typeof faultSchema>;
export type ParsedFault = z.output<typeof faultSchema>;

function explain(issues: readonly z.core.$ZodIssue[], at: string): string {
    return issues
        .map((issue) => {
            const path = issue.path
                .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
                .join("");
            if (issue.code !== "invalid_union" || issue.errors.length === 0) return `${at}${path}: ${issue.message}`;
            // The branch that got furthest (issues deepest, fewest) is the one that was meant.
            const meant = [...issue.errors].sort((a, b) => a.length - b.length || depth(b) - depth(a))[0] ?? [];
            return explain(meant, `${at}${path}`);
        })
        .join("; ");
}
const depth = (issues: readonly z.core.$ZodIssue[]): number => Math.max(0, ...issues.map((issue) => issue.path.length));

/** Checks one fault; `at` is its place in messages. */
export function parseFault(value: unknown, at: string): ParsedFault {
    const parsed = faultSchema.safeParse(value);
    if (!parsed.success) throw new Error(explain(parsed.error.issues, at));
    for (const effect of [parsed.data.effect].flat()) {
        if (
            typeof effect === "object" &&
            !("kind" in effect) &&
            !("delayMs" in effect) &&
            effect.status === undefined &&
            effect.code === undefined
        )
            throw new Error(`${at}.effect: needs one of status, code, delayMs, kind`);
    }
    return parsed.data;
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
