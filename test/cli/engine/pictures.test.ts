// The pictures of README's first screen: its first program in a pull request and in `pulumi up`, as a browser shows what was
// written. `UPDATE=1` writes them anew; the report's picture is taken by report-page.test.ts.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { marked } from "marked";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../../sdk/testing";
import { type Browser, findBrowser, startBrowser } from "../../support/browser";
import { findPulumi } from "../../support/pulumi";

const root = resolve(__dirname, "../../..");
const found = findBrowser();
if ("missing" in found) console.log(`No picture is taken: there is no browser, because ${found.missing}.`);

const STYLE = `
body { margin: 0; background: #fff; color: #1f2328; font: 14px/1.5 "Noto Sans", "DejaVu Sans", sans-serif; }
main { padding: 16px 24px; }
h3 { margin: 0 0 8px; font-size: 17px; }
table { border-collapse: collapse; margin: 8px 0; }
th, td { border: 1px solid #d1d9e0; padding: 5px 12px; text-align: left; vertical-align: top; }
code { background: #eff1f3; border-radius: 5px; padding: 1px 5px; font: 12px "DejaVu Sans Mono", monospace; }
pre { margin: 0; font: 13px/1.55 "DejaVu Sans Mono", monospace; white-space: pre-wrap; }
.terminal { background: #161b22; color: #e6edf3; min-height: 100%; }
`;
/** The eight colours of a terminal. */
const COLOURS = ["#6e7681", "#ff7b72", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#e6edf3"];

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** What a terminal shows, as HTML: colours and bold type. */
function terminal(text: string): string {
    let style = "";
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    const parts = text.split(/\u001b\[([\d;]*)m/);
    return parts
        .map((part, at) => {
            if (at % 2 === 0) return `<span style="${style}">${escaped(part)}</span>`;
            const codes = part.split(";").map(Number);
            const [, , extended = 7] = codes;
            const colour = codes[0] === 38 ? extended % 8 : codes.find((code) => code >= 30 && code < 38);
            if (part === "" || codes[0] === 0) style = "";
            else if (codes.includes(1)) style += "font-weight: bold; ";
            if (colour !== undefined) style += `color: ${COLOURS[colour % 10] ?? "inherit"}; `;
            return "";
        })
        .join("");
}

describe.skipIf("missing" in found)("the pictures of the README", () => {
    let simulator: Simulator | undefined;
    let browser: Browser | undefined;
    let work = "";
    let env: Record<string, string>;

    const run = (file: string, args: readonly string[]) =>
        new Promise<string>((done, failed) =>
            execFile(file, [...args], { cwd: work, env }, (error, out, err) =>
                error === null ? done(out) : failed(new Error(`${args.join(" ")}: ${out}\n${err}`)),
            ),
        );
    /** Undefined: there is only the small engine, which has no display of its own. */
    let cli: string | undefined;
    const pulumi = (...args: string[]) => run(cli ?? "", args);
    const why = "no picture is taken without the Pulumi CLI";

    beforeAll(async () => {
        const engine = await findPulumi();
        cli = engine.kind === "real" ? engine.command.command : undefined;
        if (cli === undefined) return;
        // Lines of a row keep a pause of three seconds: however slow the machine is, looks enough for two of them.
        simulator = await startSimulator({ progressBy: "reads", readsToFinish: 6 });
        const vault = simulator.region("eu-de").cloud.addVault({
            name: "production",
            resources: [{ name: "web-1" }, { name: "db-1" }],
        });
        const copies = simulator.region("eu-nl").cloud.addVault({ name: "copies", protectType: "replication" });
        work = mkdtempSync(join(tmpdir(), "cbr-"));
        for (const name of ["state", "home"]) mkdirSync(join(work, name));
        symlinkSync(join(root, "node_modules"), join(work, "node_modules"));
        const [, program = ""] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
        writeFileSync(join(work, "index.ts"), program);
        writeFileSync(join(work, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
        writeFileSync(join(work, "package.json"), JSON.stringify({ main: "index.ts" }));
        env = {
            ...simulator.settings().environment,
            PATH: [dirname(process.execPath), ...(process.env["PATH"] ?? "").split(":")].join(":"),
            HOME: work,
            PULUMI_HOME: join(work, "home"),
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_NODEJS_TRANSPILE_ONLY: "true",
            PULUMI_BACKEND_URL: `file://${join(work, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            HUAWEICLOUD_SDK_REGION_CBR_EU_DE: simulator.region("eu-de").url,
            HUAWEICLOUD_SDK_REGION_CBR_EU_NL: simulator.region("eu-nl").url,
        };
        await pulumi("stack", "init", "prod");
        for (const [key, value] of Object.entries({ vaultId: vault.id, destinationVaultId: copies.id, release: "1.0" }))
            await pulumi("config", "set", key, value);
        browser = await startBrowser("path" in found ? found.path : "");
    });
    afterAll(async () => {
        await browser?.close();
        await simulator?.close();
        if (work !== "") rmSync(work, { recursive: true, force: true, maxRetries: 3 });
    });

    async function picture(name: string, body: string, width: number): Promise<void> {
        const file = join(work, `${name}.html`);
        writeFileSync(file, `<!doctype html><meta charset="utf-8"><style>${STYLE}</style>${body}`);
        if (browser === undefined) throw new Error("the browser was not started");
        const page = await browser.page();
        await page.open(pathToFileURL(file).href, { width, height: 400 });
        const height = await page.evaluate<number>("document.querySelector('main').getBoundingClientRect().height");
        const taken = await page.screenshot(Math.ceil(height));
        expect(taken.subarray(8, 12).toString()).toBe("WEBP");
        expect(taken.length).toBeGreaterThan(8_000);
        if (process.env["UPDATE"] === "1") writeFileSync(join(root, "docs", `${name}.webp`), taken);
    }

    it("the rows of `pulumi up`", async ({ skip }) => {
        if (cli === undefined) return skip(why);
        const said = await pulumi("up", "--yes", "--skip-preview", "--color", "always", "--non-interactive");
        const lines = said.split("\n").filter((line) => !line.includes("@ updating"));
        // The rows as they come; below them stand the outputs.
        const rows = lines.slice(
            0,
            lines.findIndex((line) => line.includes("Outputs:")),
        );
        expect(rows.join("\n")).toMatch(/before-release.*protecting \d+ %/);
        expect(rows.join("\n")).toMatch(/dr.*replicating \d+ %, \d of 2 copies ended/);
        await picture("rows", `<main class="terminal"><pre>${terminal(rows.join("\n").trim())}</pre></main>`, 1_000);
    });

    it("a pull request that changes the release", async ({ skip }) => {
        if (cli === undefined) return skip(why);
        await pulumi("config", "set", "release", "1.1");
        writeFileSync(join(work, "preview.json"), await pulumi("preview", "--json", "--non-interactive"));
        const main = join(root, "dist/cli/main.js");
        const comment = await run(process.execPath, [main, "preview-comment", "--title", "Backups", "preview.json"]);
        expect(comment).toContain("takes **1 restore point**");
        await picture("comment", `<main>${await marked(comment)}</main>`, 1_000);
    });
});
