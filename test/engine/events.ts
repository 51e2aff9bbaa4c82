import { appendFileSync } from "node:fs";
import { type JsonObject, writeBag } from "./json";
import type { DetailedDiff } from "./paths";
import { channelOptions, eventsMessages, eventsService, grpc } from "./protocol";
import type { ResourceState } from "./state";

/** Pulumi: the names of what can happen to a resource. */
export type Op =
    | "same"
    | "create"
    | "update"
    | "delete"
    | "replace"
    | "create-replacement"
    | "delete-replaced"
    | "read"
    | "read-replacement"
    | "refresh"
    | "remove-pending-replace"
    | "import"
    | "import-replacement";

/** What events and the display say about one step. */
export interface StepInfo {
    op: Op;
    urn: string;
    type: string;
    old: ResourceState | undefined;
    new: ResourceState | undefined;
    /** Keys that force the replacement. */
    keys: string[];
    /** Changed top-level keys. */
    diffs: string[];
    detailedDiff: DetailedDiff | undefined;
    /** False for the parts of a replacement and for refreshes. */
    logical: boolean;
    provider: string;
}

export type Severity = "debug" | "info" | "info#err" | "warning" | "error";

export interface Diagnostic {
    severity: Severity;
    message: string;
    urn: string;
    ephemeral: boolean;
    streamId: number;
}

export type ResourceChanges = Partial<Record<Op, number>>;

export interface EventBody {
    preludeEvent?: { config: Record<string, string> };
    diagnosticEvent?: JsonObject;
    resourcePreEvent?: { metadata: JsonObject; planning?: boolean };
    resOutputsEvent?: { metadata: JsonObject; planning?: boolean };
    resOpFailedEvent?: { metadata: JsonObject; status: number; steps: number };
    summaryEvent?: JsonObject;
    stdoutEvent?: { message: string; color: string };
    errorEvent?: { error: string };
    cancelEvent?: Record<string, never>;
}

export type EngineEvent = EventBody & { sequence: number; timestamp: number };

/** Takes events in order; `close` resolves when the reader has them. */
export interface EventSink {
    send(event: EngineEvent): void;
    close(): Promise<void>;
}

function stateMetadata(state: ResourceState | undefined): JsonObject | null {
    if (state === undefined) {
        return null;
    }
    const masked = { form: "masked" } as const;
    return {
        type: state.type,
        urn: state.urn,
        ...(state.custom ? { custom: true } : {}),
        ...(state.delete ? { delete: true } : {}),
        id: state.id,
        parent: state.parent,
        ...(state.protect ? { protect: true } : {}),
        ...(state.external ? { external: true } : {}),
        ...(state.retainOnDelete ? { retainOnDelete: true } : {}),
        inputs: writeBag(state.inputs, masked),
        outputs: writeBag(state.outputs, masked),
        provider: state.provider,
        ...(state.initErrors.length > 0 ? { initErrors: state.initErrors } : {}),
    };
}

export function stepMetadata(step: StepInfo, op: Op = step.op): JsonObject {
    return {
        op,
        urn: step.urn,
        type: step.type,
        old: stateMetadata(step.old),
        new: stateMetadata(step.new),
        ...(step.keys.length > 0 ? { keys: step.keys } : {}),
        ...(step.diffs.length > 0 ? { diffs: step.diffs } : {}),
        detailedDiff: step.detailedDiff ?? null,
        ...(step.logical ? { logical: true } : {}),
        provider: step.provider,
    };
}

const prefixes: Record<Severity, string> = {
    debug: "debug: ",
    info: "",
    "info#err": "",
    warning: "warning: ",
    error: "error: ",
};

export function diagnosticBody(diagnostic: Diagnostic): JsonObject {
    return {
        ...(diagnostic.urn === "" ? {} : { urn: diagnostic.urn }),
        ...(prefixes[diagnostic.severity] === "" ? {} : { prefix: prefixes[diagnostic.severity] }),
        message: diagnostic.message.endsWith("\n") ? diagnostic.message : `${diagnostic.message}\n`,
        color: "never",
        severity: diagnostic.severity,
        ...(diagnostic.streamId === 0 ? {} : { streamID: diagnostic.streamId }),
        ...(diagnostic.ephemeral ? { ephemeral: true } : {}),
    };
}

/** Numbers events and hands them to whoever listens. */
export class EventStream {
    readonly #sinks: EventSink[];
    #sequence = 0;

    constructor(sinks: EventSink[]) {
        this.#sinks = sinks;
    }

    /** `body` is only composed when somebody listens. */
    send(body: () => EventBody): void {
        if (this.#sinks.length > 0) {
            const event = { sequence: this.#sequence++, timestamp: Math.floor(Date.now() / 1000), ...body() };
            for (const sink of this.#sinks) {
                sink.send(event);
            }
        }
    }

    async close(): Promise<void> {
        await Promise.all(this.#sinks.map((sink) => sink.close()));
    }
}

/** `--event-log`: a file of JSON lines, or `tcp://host:port` of a gRPC server that takes the stream. */
export function openEventLog(target: string): EventSink {
    if (!target.startsWith("tcp://")) {
        return {
            send: (event) => appendFileSync(target, `${JSON.stringify(event)}\n`),
            close: () => Promise.resolve(),
        };
    }
    const client = new eventsService.EventsClient(
        target.slice("tcp://".length),
        grpc.credentials.createInsecure(),
        channelOptions,
    );
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
        finish = resolve;
    });
    const stream = client.streamEvents(() => finish());
    stream.on("error", () => finish());
    return {
        send: (event) => {
            const message = new eventsMessages.EventRequest();
            message.setEvent(JSON.stringify(event));
            stream.write(message);
        },
        close: async () => {
            stream.end();
            await finished;
            client.close();
        },
    };
}
