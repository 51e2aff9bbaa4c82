// Which texts are previews, what the others are instead, and how a preview ended.
import { describe, expect, it } from "vitest";
import { decode } from "../../cli/preview-comment/input/read";
import { comment, finished, fixture } from "../support/previews/comments";
import { runCli } from "./run-cli";

const digest = fixture("recorded/new-trigger.json");
const events = fixture("recorded/streaming.jsonl");
const WANTED = "expected is the output of `pulumi preview --json`";

describe("preview-comment refuses", () => {
    it.each<[string, string, string | RegExp]>([
        [
            "nothing",
            "",
            "preview.json is empty: `pulumi preview --json` wrote no preview; what went wrong stands in its error output",
        ],
        ["text", "error: no stack\n", /^preview\.json is not JSON: /],
        ["a list", "[]", `preview.json is JSON, but no preview of Pulumi: ${WANTED}`],
        ["other JSON", '{"a":1}', `preview.json is JSON, but no preview of Pulumi: ${WANTED}`],
        ["an empty document", "{}\n", /^preview\.json is an empty document: `pulumi preview` ended before it began/],
        ["a file that was cut off", digest.slice(0, 900), /^preview\.json is cut off: its JSON does not end\. /],
        [
            "lines of npm around it",
            `\n> shop@1.0.0 preview\n> pulumi preview --json\n\n${digest}`,
            'preview.json has text before the JSON, line 1: "> shop@1.0.0 preview". Redirect the standard output of `pulumi preview --json` alone; npm prints such lines without `npm run --silent`',
        ],
        [
            "what the CLI says after it",
            `${digest}error: no changes were expected but changes were proposed\n`,
            /^preview\.json has text after the JSON, line \d+: "error: no changes were expected but changes were proposed"\. Redirect the standard output/,
        ],
        [
            "two previews in one file",
            digest + digest,
            /^preview\.json has a second document after the JSON, line \d+: /,
        ],
        [
            "`up --json`",
            fixture("recorded/up-json.json"),
            /^preview\.json has events after the document, from line \d+ on, as `pulumi up --json` writes them/,
        ],
        [
            "events that were cut off",
            events.slice(0, -40),
            /^preview\.json is cut off or mixed with other text: line \d+: /,
        ],
        [
            "events with text between",
            events.replace("\n", "\nhello\n"),
            /^preview\.json is cut off or mixed with other text: line 2: /,
        ],
        [
            "steps of another shape",
            '{"steps":[{"op":"create"}]}',
            "preview.json is no preview of Pulumi: steps.0.urn: expected a text",
        ],
        [
            "states of another shape",
            '{"steps":[{"op":"create","urn":"u","newState":{"protect":"yes"}}]}',
            "preview.json is no preview of Pulumi: steps.0.newState.protect: expected true or false",
        ],
        [
            "events of another shape",
            '{"resourcePreEvent":{"metadata":{"op":"same"},"planning":true}}',
            "preview.json is no preview of Pulumi: line 1.resourcePreEvent.metadata.urn: expected a text",
        ],
        [
            "events about nothing",
            '{"preludeEvent":{"config":{}}}',
            "preview.json has events of the engine, but says nothing about any resource",
        ],
        [
            "counts without steps",
            '{"steps":[],"duration":1,"changeSummary":{"create":65,"delete":3}}',
            `preview.json is not whole: it counts 65 to create, 3 to delete, and lists no step; ${WANTED}, with its steps`,
        ],
    ])("%s, in one sentence", (_, text, message) => {
        expect(() => comment(text)).toThrow(message);
    });

    it("a file that is not there, with exit code 1", async () => {
        const run = await runCli(["preview-comment", "/nowhere/preview.json"]);
        expect(run).toMatchObject({ code: 1, out: "" });
        expect(run.err).toMatch(
            /^pulumi-cbr preview-comment: \/nowhere\/preview\.json cannot be read: ENOENT[^\n]*\n$/,
        );
    });

    it.each([
        [["--url", "javascript:alert(1)"], '--url is "javascript:alert(1)", but must be an http or https address'],
        [["--max-bytes", "12"], '--max-bytes is "12", but must be a whole number from 1000 to 1000000'],
        [["--exit-code", "-1"], "Option '--exit-code' argument is ambiguous"],
        [["--exit-code", "256"], '--exit-code is "256", but must be a whole number from 0 to 255'],
        [["--stack", "prod"], '--stack is "prod", but must be project/stack'],
        [["a", "b"], "takes one FILE, not 2"],
        [["--colour"], "Unknown option '--colour'"],
    ])("%j, with the usage and exit code 2", async (args, message) => {
        const run = await runCli(["preview-comment", ...args]);
        expect(run.code).toBe(2);
        expect(run.out).toBe("");
        expect(run.err).toContain(message);
        expect(run.err).toContain("Usage: pulumi-cbr preview-comment [FILE | -]");
    });
});

describe("preview-comment reads", () => {
    it("what Windows PowerShell redirected into a file", () => {
        expect(decode(Buffer.from(`\ufeff${fixture("unchanged.json")}`, "utf16le"))).toBe(fixture("unchanged.json"));
    });

    it("white space and a byte order mark around the document", () => {
        expect(comment(decode(Buffer.from(`\ufeff\n\n${digest}\r\n\r\n`)))).toBe(comment(digest));
    });

    it("events with Windows' line ends", () => {
        expect(comment(events.replaceAll("\n", "\r\n"))).toBe(comment(events));
    });

    it("null where there is none", () => {
        const step = { op: "create", urn: "urn:pulumi:dev::shop::a:b:C::c", oldState: null, detailedDiff: null };
        expect(comment(finished([step]))).toContain("Other resources: 1 created.");
    });
});

const FIRST = (text: string) => text.split("\n\n")[1];
const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::cp";
const create = { op: "create", urn: URN, newState: { inputs: { vaultId: "v" } } };
const error = (message: string) => ({ severity: "error", message: `error: ${message}\n` });

describe("a preview is only green when its JSON says that it ended well", () => {
    it("and counts what it lists", () => {
        expect(FIRST(comment(finished([])))).toMatch(/^✅ \*\*No changes\*\* in `shop\/dev`/);
        const shortened = JSON.stringify({ ...JSON.parse(finished([create])), changeSummary: { create: 3, same: 1 } });
        expect(FIRST(comment(shortened))).toBe(
            "⚠️ **The preview is not whole** in `shop/dev`: it counts 3 to create, and 1 listed. What it lists: it takes **1 restore point**.",
        );
    });

    it.each([
        ["without a duration", { duration: undefined }],
        ["without duration and counts", { duration: undefined, changeSummary: undefined }],
    ])("not %s", (_, lacks) => {
        const text = comment(JSON.stringify({ ...JSON.parse(finished([create])), ...lacks }));
        expect(FIRST(text)).toBe(
            "❌ **The preview did not finish** in `shop/dev`: its JSON has no `duration` and `changeSummary`, so it does not say what `pulumi up` would do. Below is what it saw until then; the rest is not known.",
        );
    });

    it("not without counts", () => {
        expect(comment('{"duration":1}')).toBe(
            "<!-- pulumi-cbr -->\n\n❔ **The preview names no resource**: it has no count of changes.\n",
        );
    });

    it.each([
        ["preview failed", "❌ **The preview failed** in `shop/dev`."],
        ["Preview failed: it is protected", "❌ **The preview failed** in `shop/dev` with 1 error."],
        [
            "Running program '/app' failed with an unhandled exception:\nError: x",
            "❌ **The preview failed** in `shop/dev` with 1 error.",
        ],
        ["Missing required configuration variable 'shop:a'", "❌ **The preview failed** in `shop/dev` with 1 error."],
        [
            "preview canceled",
            "❌ **The preview was cancelled** in `shop/dev`, so it does not say what `pulumi up` would do.",
        ],
    ])("not after %j", (message, verdict) => {
        const text = comment(finished([create], { diagnostics: [error(message)] }));
        expect(FIRST(text)?.startsWith(verdict)).toBe(true);
    });
});

describe("an error that is logged", () => {
    const logged = finished([create], { diagnostics: [error("something is odd")] });

    it("may or may not have been the end of the preview", () => {
        expect(FIRST(comment(logged))).toBe(
            "⚠️ **1 error was logged** in `shop/dev`. Pulumi goes on after a logged error; whether the preview failed, its exit code says and this JSON does not. If it did not: it takes **1 restore point**.",
        );
    });

    it.each([
        [0, "🛟 `shop/dev` takes **1 restore point**."],
        [
            1,
            "❌ **The preview failed** in `shop/dev` with 1 error. Below is what it saw until then; the rest is not known.",
        ],
    ])("was none, or was it, by the exit code %i", (exitCode, verdict) => {
        const text = comment(logged, { exitCode });
        expect(FIRST(text)).toBe(verdict);
        expect(text).toContain("> ❌ `something is odd`");
    });
});

describe("the exit code of the preview", () => {
    it("makes a preview fail whose JSON names no reason", () => {
        expect(FIRST(comment(finished([create]), { exitCode: 4 }))).toBe(
            "❌ **The preview failed** in `shop/dev` with exit code 4. Below is what it saw until then; the rest is not known.",
        );
    });

    it("7 says only that changes were not expected", () => {
        expect(FIRST(comment(finished([create]), { exitCode: 7 }))).toBe("🛟 `shop/dev` takes **1 restore point**.");
    });

    it("0 does not finish what has no end", () => {
        const text = JSON.stringify({ steps: [create] });
        expect(FIRST(comment(text, { exitCode: 0 }))).toMatch(/^❌ \*\*The preview did not finish\*\*/);
    });
});

it("the marker of a preview without any resource is that of the stack that it is given", () => {
    const text = fixture("recorded/policy-pack-throws.json");
    expect(comment(text).split("\n")[0]).toBe("<!-- pulumi-cbr -->");
    expect(comment(text, { stack: "shop/dev--1" }).split("\n")[0]).toBe("<!-- pulumi-cbr shop/dev%2D-1 -->");
    expect(comment(digest, { stack: "other/stack" }).split("\n")[0]).toBe("<!-- pulumi-cbr shop/dev -->");
});
