import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli } from "./run-cli";

const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8"));

const names = ["simulate", "doctor", "list", "check", "report", "prune", "restore", "adopt", "preview-comment"];

/** The options in a command's `--help`, without those that all have. */
const optionsIn = (help: string) =>
    [...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name = ""]) => name).filter((name) => name !== "--help");

describe("pulumi-cbr", () => {
    it.each(names)("has a section of its page for %s, with every option", async (name) => {
        const page = readFileSync(join(__dirname, "../../docs/command.md"), "utf8");
        const section = page.split(/^## /m).find((part) => part.startsWith(`${name}\n`)) ?? "";
        const shared = page.split(/^## /m).find((part) => part.startsWith("Clouds and states\n")) ?? "";
        const { out } = await runCli([name, "--help"]);
        const described = section.includes("#clouds-and-states") ? section + shared : section;
        for (const option of optionsIn(out)) expect(described, option).toContain(`| \`${option}`);
    });

    it("lists its commands for --help", async () => {
        const run = await runCli(["--help"]);
        expect(run).toMatchObject({ code: 0, err: "" });
        for (const name of names) expect(run.out).toContain(`\n  ${name} `);
    });

    it("says the package's version", async () => {
        expect(await runCli(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
    });

    it.each(names)("has --help and --version for %s, and refuses flags it does not know", async (name) => {
        const help = await runCli([name, "--help"]);
        expect(help).toMatchObject({ code: 0, err: "" });
        expect(help.out).toMatch(new RegExp(`^Usage: pulumi-cbr ${name} `));
        expect(await runCli(["help", name])).toEqual(help);
        expect(await runCli([name, "--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
        const wrong = await runCli([name, "--no-such-flag"]);
        expect(wrong).toMatchObject({ code: 2, out: "" });
        // The error stays in sight: not the whole help below it.
        const [synopsis] = help.out.split("\n");
        expect(wrong.err).toMatch(/--no-such-flag/);
        expect(wrong.err.split("\n").slice(-3)).toEqual([
            synopsis,
            `\`pulumi-cbr ${name} --help\` explains the options.`,
            "",
        ]);
    });

    it.each([[[]], [["backup"]], [["toString"]], [["--frob"]]])(
        "shows the commands on the error output for %j, with exit code 2",
        async (args) => {
            const run = await runCli(args);
            expect(run).toMatchObject({ code: 2, out: "" });
            expect(run.err).toContain("Usage: pulumi-cbr <command> [options]");
        },
    );
});
