import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { stateBackend } from "../../provider/pulumi/state-backend";

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cbr-backend-"));
    mkdirSync(join(folder, "project", "program"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const program = () => join(folder, "project", "program");
const env = (more: NodeJS.ProcessEnv = {}) => ({ PULUMI_HOME: join(folder, "home"), ...more });
const write = (file: string, text: string) => {
    mkdirSync(join(folder, file, ".."), { recursive: true });
    writeFileSync(join(folder, file), text);
};
const byVariable = (url: string, cwd = program()) => stateBackend(env({ PULUMI_BACKEND_URL: url }), cwd);

it("cannot be told where nothing says it", () => {
    expect(stateBackend(env(), program())).toBeUndefined();
    write("project/Pulumi.yaml", "name: p\nruntime: nodejs\n");
    write("home/credentials.json", "{");
    expect(stateBackend(env({ PULUMI_BACKEND_URL: "" }), program())).toBeUndefined();
});

it("is the last login's, unless the project names one, unless a variable does", () => {
    write("home/credentials.json", JSON.stringify({ current: "https://api.example.com", accessTokens: { a: "b" } }));
    expect(stateBackend(env(), program())).toBe(byVariable("https://api.example.com"));
    write("project/Pulumi.yaml", "name: p\nruntime: nodejs\nbackend:\n    url: s3://bucket\n");
    expect(stateBackend(env(), program())).toBe(byVariable("s3://bucket"));
    expect(byVariable("https://other")).not.toBe(byVariable("s3://bucket"));
});

it.each(["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"])("is found in %s", (name) => {
    write(`project/${name}`, JSON.stringify({ name: "p", backend: { url: "gs://bucket" } }));
    expect(stateBackend(env(), program())).toBe(byVariable("gs://bucket"));
});

it("is one, with or without a slash at its end", () => {
    expect(byVariable("https://api.example.com/")).toBe(byVariable("https://api.example.com"));
});

it("is another one for each folder where its path is relative", () => {
    expect(byVariable("file://./state")).not.toBe(byVariable("file://./state", folder));
    expect(byVariable("file:///srv/state")).toBe(byVariable("file:///srv/state", folder));
    expect(byVariable("file://~")).toBe(byVariable("file://~", folder));
});

it("is kept as a hash: such an address may hold a password", () => {
    expect(byVariable("postgres://user:hunter2@db/pulumi")).toMatch(/^[0-9a-f]{32}$/);
});
