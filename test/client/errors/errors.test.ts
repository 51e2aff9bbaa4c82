import { expect, it } from "vitest";
import {
    ApiError,
    type ApiErrorDetails,
    AuthError,
    CbrError,
    ConfigError,
    type ErrorKind,
    messageOf,
    NotFoundError,
    OperationFailedError,
    PartialCreateError,
    ResponseShapeError,
    TransportError,
    UncertainOutcomeError,
    WaitTimeoutError,
} from "../../../provider/client/errors/errors";
import { registerSecret } from "../../../provider/client/errors/redaction";

const failure: ApiErrorDetails = {
    operation: "CreateCheckpoint",
    status: 400,
    code: "BackupService.6125",
    text: "A backup task is running.",
    requestId: "req-1",
    advice: "A backup task is running in the vault.",
};

const everyKind: Record<ErrorKind, CbrError> = {
    config: new ConfigError("m"),
    auth: new AuthError("m"),
    transport: new TransportError("m", { sent: true }),
    api: new ApiError(failure),
    "not-found": new NotFoundError(failure, "backup"),
    "response-shape": new ResponseShapeError("ShowBackup", 200, "m"),
    "wait-failed": new OperationFailedError("m"),
    "wait-timeout": new WaitTimeoutError("m"),
    unsure: new UncertainOutcomeError("m"),
    "partial-create": new PartialCreateError("id", {}, ["m"]),
};

it("has one class a kind, each with its class's name", () => {
    for (const [kind, error] of Object.entries(everyKind)) {
        expect(error.kind).toBe(kind);
        expect(error.name).toBe(error.constructor.name);
        expect(error).toBeInstanceOf(CbrError);
    }
    expect(new Set(Object.values(everyKind).map((error) => error.name)).size).toBe(Object.keys(everyKind).length);
});

it("allows to repeat only where that was said, and a lost connection", () => {
    const repeatable = Object.values(everyKind).filter((error) => error.retry !== "never");
    expect(repeatable.map((error) => [error.kind, error.retry])).toEqual([["transport", "backoff"]]);
    expect(new ApiError(failure, { retry: "busy" }).retry).toBe("busy");
});

it("says operation, status, code, text, request id and what to do", () => {
    expect(new ApiError(failure).message).toBe(
        "CreateCheckpoint: HTTP 400 BackupService.6125: A backup task is running (request id req-1). A backup task is running in the vault.",
    );
});

it("leaves out what is not known, without gaps or double full stops", () => {
    const { operation, status } = failure;
    expect(new ApiError({ operation, status, code: "", text: "Bad Gateway... " }).message).toBe(
        "CreateCheckpoint: HTTP 400: Bad Gateway.",
    );
});

it("keeps the cause, and has none when none was given", () => {
    const cause = new Error("socket hang up");
    expect(new TransportError("m", { sent: true, cause }).cause).toBe(cause);
    expect("cause" in new TransportError("m", { sent: true })).toBe(false);
});

it("keeps id, outputs and every reason of a partial failure", () => {
    const error = new PartialCreateError("cp-1", { status: "error" }, ["first", "second"]);
    expect([error.id, error.outputs, error.reasons, error.message]).toEqual([
        "cp-1",
        { status: "error" },
        ["first", "second"],
        "first; second",
    ]);
});

it("cuts registered secrets out of messages and reasons, as they are, percent-encoded and as JSON", () => {
    registerSecret('tok/en+"1"==');
    const json = JSON.stringify('tok/en+"1"==');
    const spelled = ['tok/en+"1"==', encodeURIComponent('tok/en+"1"=='), json.slice(1, -1)];
    for (const text of spelled) {
        expect(new ConfigError(`it is ${text}, twice ${text}.`).message).toBe("it is [secret], twice [secret].");
        expect(new PartialCreateError("i", {}, [`saw ${text}`]).reasons).toEqual(["saw [secret]"]);
        expect(messageOf(new Error(`saw ${text}`))).toBe("saw [secret]");
        expect(messageOf(`saw ${text}`)).toBe("saw [secret]");
    }
    expect(new ApiError({ ...failure, text: `token ${spelled[0]} is bad` }).message).toContain("token [secret] is bad");
});

it("makes a message of anything thrown", () => {
    expect([
        messageOf("text"),
        messageOf(undefined),
        messageOf({ toString: () => "object" }),
        messageOf(new OperationFailedError("failed")),
    ]).toEqual(["text", "undefined", "object", "failed"]);
});
