// Each command of docs/command.md as the page has it, from the packed package, against the simulator of the same page.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanEnvironment, installed } from "../../support/packed";
import { openStack, type TestStack } from "../../support/stack";

const page = readFileSync(resolve(__dirname, "../../../docs/command.md"), "utf8");
const inPage = (language: string) =>
    [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))].map(([, text = ""]) => text);
/** `npx pulumi-cbr …`, without these two words and what is done with the output. */
const linesOf = (command: string): string[] =>
    inPage("sh")
        .flatMap((block) => block.trimEnd().split("\n"))
        .filter((line) => line.startsWith(`npx pulumi-cbr ${command} `))
        .map((line) => line.replace(/^npx pulumi-cbr /, "").replace(/ > .*/, ""));

const program = `const pulumi = require("@pulumi/pulumi");
const cbr = require("pulumi-cbr");
new cbr.Checkpoint("before-release", { vaultId: new pulumi.Config().require("vaultId") });
`;

let main: string;
let simulator: ChildProcess;
let stack: TestStack;
let at: string;
/** What the simulator prints for a shell. */
const exported: Record<string, string> = {};

beforeAll(async () => {
    const folder = await installed();
    main = join(folder, "node_modules/pulumi-cbr/dist/cli/main.js");
    writeFileSync(join(folder, "seed.yaml"), inPage("yaml").find((text) => text.startsWith("regions:")) ?? "");
    const [line = ""] = linesOf("simulate").filter((one) => one.includes("--seed"));
    const args = [...line.split(" ").filter((one) => !/^(--port|\d+)$/.test(one)), "--backup-seconds", "0"];
    simulator = spawn(process.execPath, [main, ...args, "--shell", "posix"], { cwd: folder });
    let printed = "";
    simulator.stdout?.on("data", (chunk) => {
        printed += chunk;
    });
    simulator.stderr?.on("data", (chunk) => process.stderr.write(chunk));
    while (!/^export HUAWEICLOUD_SDK_REGION_CBR_EU_NL=/m.test(printed)) {
        if (simulator.exitCode !== null) throw new Error(`the simulator ended with ${simulator.exitCode}`);
        await Promise.race([once(simulator.stdout ?? simulator, "data"), once(simulator, "exit")]);
    }
    const config = [...printed.matchAll(/^pulumi config set (--secret )?(\S+) -- '?(.*?)'?$/gm)].map(
        ([, secret, key = "", value = ""]) => [key, { value, secret: secret !== undefined }] as const,
    );
    for (const [, key = "", value = ""] of printed.matchAll(/^export (\w+)='?(.*?)'?$/gm)) exported[key] = value;
    const vaultId = /production +(\S+) +backup/.exec(printed)?.[1] ?? "";
    const programs = join(folder, "program");
    mkdirSync(programs);
    writeFileSync(join(programs, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
    writeFileSync(join(programs, "package.json"), JSON.stringify({ name: "shop", main: "index.js" }));
    writeFileSync(join(programs, "index.js"), program);
    stack = await openStack({
        program: programs,
        stack: "prod",
        config: { ...Object.fromEntries(config), vaultId },
    });
    await stack.up();
    at = stack.stack.workspace.workDir;
    writeFileSync(join(at, "prod.json"), JSON.stringify(await stack.exportState()));
    if (stack.engine.kind === "real") await stack.stack.workspace.createStack("staging");
}, 600_000);

afterAll(async () => {
    simulator?.kill("SIGINT");
    await stack?.cleanup();
});

interface Ran {
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
}

function run(line: string): Ran {
    const { engine } = stack;
    // Our own engine is not on PATH: its states are given as files.
    const given =
        engine.kind === "real"
            ? line
            : line
                  .replaceAll("--stack staging", "")
                  .replaceAll("--stack prod", line.startsWith("doctor") ? "" : "--state prod.json");
    const env = { ...cleanEnvironment(), ...exported, ...stack.stack.workspace.envVars, ...engine.env };
    const PATH = [dirname(engine.command.command ?? ""), env["PATH"]].join(delimiter);
    const { pulumiHome = "" } = stack.stack.workspace;
    const args = given.split(" ").filter((one) => one !== "");
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
        cwd: at,
        env: { ...env, PATH, PULUMI_HOME: pulumiHome },
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
    });
    return { code: status, out: stdout, err: stderr };
}

/** Every line that the page has for a command; there has to be one. */
function runAll(command: string, change: (line: string) => string = (line) => line): Ran[] {
    const lines = linesOf(command);
    expect(lines, `docs/command.md shows no ${command}`).not.toEqual([]);
    return lines.map((line) => run(change(line)));
}

interface Point {
    readonly name: string;
    readonly vaultName: string;
    readonly automatic: boolean;
    readonly backups: readonly { readonly id: string; readonly resourceName: string }[];
}

const points = (): Point[] => JSON.parse(run("list --stack prod --json").out).restorePoints;

describe("from the packed package, as its page says,", () => {
    it("doctor finds nothing wrong", () => {
        const { code, out } = run("doctor --stack prod");
        expect(code, out).toBe(0);
        expect(out).not.toMatch(/^FAIL|^WARN/m);
    });

    it("list says what there is, and which stack holds it", () => {
        for (const { code, out, err } of runAll("list")) {
            expect({ code, err }, out).toEqual({ code: 0, err: "" });
            expect(out).toMatch(/ before-release-\S+ .* prod before-release$/m);
            expect(out).toMatch(/ autobk_\S+ .* eu-nl good +no stack$/m);
        }
    });

    it("check succeeds, in text and for Prometheus", () => {
        const local = (line: string) => line.replace(/--output \S+/, "--output cbr.prom");
        for (const { code, out, err } of runAll("check", local))
            expect({ code, err }, out).toEqual({ code: 0, err: "" });
        expect(readFileSync(join(at, "cbr.prom"), "utf8")).toMatch(/^pulumi_cbr_check_success 1$/m);
    });

    it("report writes its page", () => {
        for (const { code, err } of runAll("report")) expect({ code, err }).toEqual({ code: 0, err: "" });
        expect(readFileSync(join(at, "restore-points.html"), "utf8")).toContain("before-release-8");
    });

    it("restore overwrites a server", () => {
        const backup = points()
            .find(({ name }) => name === "before-release-8")
            ?.backups.find(({ resourceName }) => resourceName === "db-1");
        const given = (line: string) => line.replace(/restore \S+/, `restore ${backup?.id}`);
        for (const { code, out, err } of runAll("restore", given)) {
            // There is nobody to type the name.
            expect(code, out).toBe(2);
            expect(err).toContain("--yes");
        }
        const [done] = runAll("restore", (line) => `${given(line)} --yes`);
        expect(done?.code, done?.err).toBe(0);
        expect(done?.out).toMatch(/db-1/);
    });

    it("prune deletes what no stack holds and what is older than the page says", () => {
        const names = (from: readonly Point[]) =>
            from
                .filter(({ automatic, name }) => !automatic && /^before-release-\d$/.test(name))
                .map(({ name }) => name);
        expect(names(points())).toHaveLength(8);
        const [shown, done] = runAll("prune");
        expect([shown?.code, done?.code], `${shown?.err}${done?.err}`).toEqual([0, 0]);
        expect(shown?.out).toContain("--yes");
        expect(names(points())).toEqual([8, 7, 6, 5, 4].map((number) => `before-release-${number}`));
    });

    it("adopt writes a program", () => {
        const attributes = { id: randomUUID(), name: "nightly", region: "eu-de", vault_id: randomUUID() };
        const instances = [{ schema_version: 0, attributes }];
        const resource = { mode: "managed", type: "huaweicloud_cbr_checkpoint", name: "nightly", instances };
        writeFileSync(join(at, "terraform.tfstate"), JSON.stringify({ version: 4, resources: [resource] }));
        for (const { code, err } of runAll("adopt")) expect(code, err).toBe(0);
        expect(readFileSync(join(at, "index.ts"), "utf8")).toContain(`adopt: "${attributes.id}"`);
    });

    it("preview-comment writes the comment", () => {
        const urn = "urn:pulumi:prod::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::before-release";
        const steps = [{ op: "create", urn, newState: { inputs: { vaultId: "v" } } }];
        writeFileSync(join(at, "preview.json"), JSON.stringify({ steps }));
        for (const { code, out, err } of runAll("preview-comment")) {
            expect(code, err).toBe(0);
            expect(out).toContain("before-release");
        }
    });
});
