/** What `pulumi preview --json` wrote, in one shape: the one document, or the engine's events as JSON lines. */
import { z } from "zod";
import { Failure } from "../command";

export type Bag = Readonly<Record<string, unknown>>;

export interface State {
    readonly id: string | undefined;
    readonly inputs: Bag;
    readonly outputs: Bag;
    /** Property → URNs of the resources it was made from. */
    readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
    readonly retainOnDelete: boolean;
    readonly initErrors: readonly string[];
}

/** What happens to one resource; a replacement is one step. */
export interface Step {
    readonly op: string;
    readonly urn: string;
    readonly provider: string | undefined;
    readonly old: State | undefined;
    readonly new: State | undefined;
    /** Keys whose change replaces, and keys that change. */
    readonly replaceKeys: readonly string[];
    readonly diffKeys: readonly string[];
    /** Paths that the engine says have changed. */
    readonly changedPaths: readonly string[];
}

export interface Diagnostic {
    readonly urn: string | undefined;
    readonly severity: string;
    readonly message: string;
}

export interface Preview {
    readonly config: Readonly<Record<string, string>>;
    readonly steps: readonly Step[];
    readonly diagnostics: readonly Diagnostic[];
    /** Operation → number of resources. */
    readonly counts: Readonly<Record<string, number>>;
    /** The engine ended with an error, or said nothing about its end. */
    readonly failed: boolean;
}

const bag = z.record(z.string(), z.unknown());
const orNothing = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const state = z
    .object({
        id: orNothing(z.string()),
        inputs: orNothing(bag),
        outputs: orNothing(bag),
        propertyDependencies: orNothing(z.record(z.string(), orNothing(z.array(z.string())))),
        retainOnDelete: orNothing(z.boolean()),
        initErrors: orNothing(z.array(z.string())),
    })
    .transform(
        (found): State => ({
            id: found.id === "" ? undefined : found.id,
            inputs: found.inputs ?? {},
            outputs: found.outputs ?? {},
            propertyDependencies: Object.fromEntries(
                Object.entries(found.propertyDependencies ?? {}).map(([key, urns]) => [key, urns ?? []]),
            ),
            retainOnDelete: found.retainOnDelete ?? false,
            initErrors: found.initErrors ?? [],
        }),
    );

const keys = orNothing(z.array(z.string()));
const paths = orNothing(bag);

const document = z.object({
    config: orNothing(z.record(z.string(), z.unknown())),
    steps: orNothing(
        z.array(
            z.object({
                op: z.string(),
                urn: z.string(),
                provider: orNothing(z.string()),
                oldState: orNothing(state),
                newState: orNothing(state),
                diffReasons: keys,
                replaceReasons: keys,
                detailedDiff: paths,
            }),
        ),
    ),
    diagnostics: orNothing(
        z.array(z.object({ urn: orNothing(z.string()), severity: orNothing(z.string()), message: z.string() })),
    ),
    changeSummary: orNothing(z.record(z.string(), z.number())),
    duration: orNothing(z.number()),
});

const metadata = z.object({
    op: z.string(),
    urn: z.string(),
    old: orNothing(state),
    new: orNothing(state),
    keys,
    diffs: keys,
    detailedDiff: paths,
    provider: orNothing(z.string()),
});
type Metadata = z.output<typeof metadata>;
const resourceEvent = orNothing(z.object({ metadata }));

const event = z.object({
    preludeEvent: orNothing(z.object({ config: orNothing(z.record(z.string(), z.unknown())) })),
    resourcePreEvent: resourceEvent,
    resOutputsEvent: resourceEvent,
    resOpFailedEvent: resourceEvent,
    diagnosticEvent: orNothing(
        z.object({
            urn: orNothing(z.string()),
            message: z.string(),
            severity: orNothing(z.string()),
            ephemeral: orNothing(z.boolean()),
        }),
    ),
    policyEvent: orNothing(
        z.object({
            resourceUrn: orNothing(z.string()),
            message: z.string(),
            policyName: orNothing(z.string()),
            enforcementLevel: orNothing(z.string()),
        }),
    ),
    errorEvent: orNothing(z.object({ error: z.string() })),
    summaryEvent: orNothing(
        z.object({
            resourceChanges: orNothing(z.record(z.string(), z.number())),
            result: orNothing(z.string()),
        }),
    ),
});
type EngineEvent = z.output<typeof event>;

/** One of these is in every preview, even of an empty program. */
const DOCUMENT_KEYS = ["steps", "changeSummary", "diagnostics", "duration"];

/** Windows PowerShell writes UTF-16 when output is redirected into a file. */
export function decode(bytes: Uint8Array): string {
    if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
    return new TextDecoder("utf-8").decode(bytes);
}

/**
 * Reads a preview. `source` names it in errors.
 * @throws Failure in one sentence, when it is empty, no JSON, or JSON of something else.
 */
export function parsePreview(text: string, source: string): Preview {
    const trimmed = text.trim();
    if (trimmed === "")
        throw new Failure(
            `${source} is empty: \`pulumi preview --json\` wrote no preview; what went wrong stands in its error output`,
        );
    const whole = tryJson(trimmed);
    if (whole.error === undefined && !isEvent(whole.value)) return fromDocument(whole.value, source);
    return fromEvents(eventsOf(trimmed, source, whole.error), source);
}

function tryJson(text: string): { value?: unknown; error?: string } {
    try {
        return { value: JSON.parse(text) };
    } catch (error) {
        return { error: error instanceof Error ? error.message : String(error) };
    }
}

const isObject = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

const isEvent = (value: unknown): value is Bag =>
    isObject(value) && Object.keys(value).some((key) => key.endsWith("Event"));

function misread(source: string, error: z.ZodError, at = ""): Failure {
    const issue = error.issues[0];
    const path = [at, ...(issue?.path ?? [])].filter((part) => part !== "").join(".");
    return new Failure(`${source} is no preview of Pulumi: ${path}: ${issue?.message ?? "unreadable"}`);
}

function texts(values: Bag | undefined): Record<string, string> {
    return Object.fromEntries(
        Object.entries(values ?? {}).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
    );
}

function fromDocument(value: unknown, source: string): Preview {
    if (!isObject(value) || !DOCUMENT_KEYS.some((key) => Object.hasOwn(value, key)))
        throw new Failure(
            `${source} is JSON, but no preview of Pulumi: expected is the output of \`pulumi preview --json\``,
        );
    const parsed = document.safeParse(value);
    if (!parsed.success) throw misread(source, parsed.error);
    const { config, steps, diagnostics, changeSummary } = parsed.data;
    const lines = (diagnostics ?? []).map(
        ({ urn, severity, message }): Diagnostic => ({ urn, severity: severity ?? "info", message }),
    );
    return {
        config: texts(config),
        steps: joinReplacements(
            (steps ?? []).map((step) => ({
                op: step.op,
                urn: step.urn,
                provider: step.provider,
                old: step.oldState,
                new: step.newState,
                replaceKeys: step.replaceReasons ?? [],
                diffKeys: step.diffReasons ?? [],
                changedPaths: Object.keys(step.detailedDiff ?? {}),
            })),
        ),
        diagnostics: lines,
        counts: changeSummary ?? {},
        failed: lines.some(({ severity }) => severity === "error"),
    };
}

function eventsOf(text: string, source: string, documentError: string | undefined): EngineEvent[] {
    const events: EngineEvent[] = [];
    for (const [index, line] of text.split(/\r?\n/).entries()) {
        if (line.trim() === "") continue;
        const at = `line ${index + 1}`;
        const { value, error } = tryJson(line);
        if (error !== undefined) {
            // The first line tells which of the two forms was meant.
            if (events.length === 0) throw new Failure(`${source} is not JSON: ${documentError}`);
            throw new Failure(`${source} is cut off or mixed with other text: ${at}: ${error}`);
        }
        if (!isEvent(value)) throw new Failure(`${source} is no preview of Pulumi: ${at} is no event of the engine`);
        const parsed = event.safeParse(value);
        if (!parsed.success) throw misread(source, parsed.error, at);
        events.push(parsed.data);
    }
    return events;
}

function fromEvents(events: readonly EngineEvent[], source: string): Preview {
    const steps: Step[] = [];
    const diagnostics: Diagnostic[] = [];
    let config: Record<string, string> = {};
    let summary: EngineEvent["summaryEvent"];
    for (const one of events) {
        if (one.preludeEvent !== undefined) config = texts(one.preludeEvent.config);
        const failed = one.resOpFailedEvent?.metadata;
        const step = one.resourcePreEvent?.metadata ?? failed;
        if (step !== undefined) steps.push(fromMetadata(step));
        const line = one.diagnosticEvent;
        if (line !== undefined && line.ephemeral !== true && line.severity !== "debug")
            diagnostics.push({ urn: line.urn, severity: line.severity ?? "info", message: line.message });
        const policy = one.policyEvent;
        if (policy !== undefined)
            diagnostics.push({
                urn: policy.resourceUrn,
                severity: policy.enforcementLevel === "mandatory" ? "error" : "warning",
                message: `policy ${policy.policyName ?? ""}: ${policy.message}`,
            });
        if (one.errorEvent !== undefined)
            diagnostics.push({ urn: undefined, severity: "error", message: one.errorEvent.error });
        summary = one.summaryEvent ?? summary;
    }
    if (steps.length === 0 && summary === undefined && diagnostics.length === 0)
        throw new Failure(`${source} has events of the engine, but says nothing about any resource`);
    const errors = diagnostics.some(({ severity }) => severity === "error");
    return {
        config,
        steps: joinReplacements(steps),
        diagnostics,
        counts: summary?.resourceChanges ?? {},
        failed: errors || summary === undefined || summary.result === "failed",
    };
}

function fromMetadata(found: Metadata): Step {
    return {
        op: found.op,
        urn: found.urn,
        provider: found.provider,
        old: found.old,
        new: found.new,
        replaceKeys: found.keys ?? [],
        diffKeys: found.diffs ?? [],
        changedPaths: Object.keys(found.detailedDiff ?? {}),
    };
}

const PARTS_OF_REPLACEMENT = ["create-replacement", "replace", "delete-replaced"];

/** A replacement comes as one step `replace`, or as its parts in any order; here it is one step where the first part stood. */
function joinReplacements(steps: readonly Step[]): Step[] {
    const replaced = new Map<string, Step[]>();
    for (const step of steps)
        if (PARTS_OF_REPLACEMENT.includes(step.op)) replaced.set(step.urn, [...(replaced.get(step.urn) ?? []), step]);
    const joined: Step[] = [];
    const seen = new Set<string>();
    for (const step of steps) {
        const parts = replaced.get(step.urn);
        if (parts === undefined || !PARTS_OF_REPLACEMENT.includes(step.op)) {
            const key = `${step.op} ${step.urn}`;
            if (!seen.has(key)) joined.push(step);
            seen.add(key);
            continue;
        }
        if (seen.has(step.urn)) continue;
        seen.add(step.urn);
        if (parts.every(({ op }) => op === "delete-replaced")) {
            // Left over from a replacement that an earlier run began.
            joined.push({ ...step, op: "delete" });
            continue;
        }
        const made =
            parts.find(({ op }) => op === "replace") ?? parts.find(({ op }) => op === "create-replacement") ?? step;
        const all = (pick: (part: Step) => readonly string[]) => [...new Set(parts.flatMap(pick))];
        joined.push({
            ...made,
            op: "replace",
            old: made.old ?? parts.find((part) => part.old !== undefined)?.old,
            new: made.new ?? parts.find((part) => part.new !== undefined)?.new,
            replaceKeys: all((part) => part.replaceKeys),
            diffKeys: all((part) => part.diffKeys),
            changedPaths: all((part) => part.changedPaths),
        });
    }
    return joined;
}

/** Parts of a URN. A name may itself contain "::". */
export interface Urn {
    readonly stack: string;
    readonly project: string;
    /** Of the resource itself, without its parents' types. */
    readonly type: string;
    readonly name: string;
}

export function parseUrn(urn: string): Urn {
    const [head = "", project = "", types = "", ...name] = urn.split("::");
    return {
        stack: head.replace(/^urn:pulumi:/, ""),
        project,
        type: types.slice(types.lastIndexOf("$") + 1),
        name: name.join("::"),
    };
}
