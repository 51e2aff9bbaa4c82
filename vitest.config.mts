import { join, relative, resolve } from "node:path";
import { defineConfig, type Plugin } from "vitest/config";
import type { Reporter, TestCase } from "vitest/node";

const alias = {
    "pulumi-cbr/native": resolve("sdk/native/index.ts"),
    "pulumi-cbr/provider": resolve("provider/index.ts"),
    "pulumi-cbr/testing": resolve("sdk/testing/index.ts"),
};

/** Tests that need the built package, most of them an engine too: life cycles, documents, examples, the package as users get it. */
const built = [
    "test/lifecycle/**/*.test.ts",
    "test/cli/engine/**/*.test.ts",
    ...["components", "docs", "examples", "package", "performance"].map((name) => `test/${name}.test.ts`),
];
/** Folders of the unit tests, which follow those of the code; `test/resources` are the handlers' own. */
const unit = ["client", "reads", "exactly-once", "services", "resource", "pulumi", "testing", "cli"];
/** They only end a test that hangs: a busy machine is slow, and no test is about how fast it is. */
const bounds = { testTimeout: 1_800_000, hookTimeout: 1_800_000, expect: { poll: { timeout: 600_000 } } };
/** Hundreds of processes load the same modules: Node keeps them compiled. */
const engine = {
    ...bounds,
    globalSetup: "test/support/engine-setup.ts",
    env: { NODE_COMPILE_CACHE: resolve("node_modules/.cache/compiled") },
    // Each starts processes by the dozen. CI tries one that failed once more, and says that it had to.
    retry: Number(process.env["PULUMI_CBR_RETRIES"] ?? 0),
    server: { deps: { external: [/\/dist\/(provider|sdk|cli)\//] } },
};

/** Engine tests import the sources, whose types they are checked with, and get what was built of them, as programs do. */
const asBuilt: Plugin = {
    name: "as-built",
    enforce: "pre",
    async resolveId(source, importer, options) {
        const found = await this.resolve(source, importer, { ...options, skipSelf: true });
        const file = found === null ? "" : relative(import.meta.dirname, found.id);
        return /^(provider|sdk|cli)\/.*\.ts$/.test(file)
            ? join(import.meta.dirname, "dist", file.replace(/ts$/, "js"))
            : found;
    },
};

/** Prints each failure when it happens: the default reporter keeps the reasons for the end of the run. */
const failures: Reporter = {
    onTestCaseResult(test: TestCase): void {
        const { state, errors = [] } = test.result();
        const again = test.diagnostic()?.flaky === true;
        if (state !== "failed" && !again) return;
        const reasons = errors.map(({ message, diff }) => [message, diff].filter(Boolean).join("\n"));
        const where = `${test.module.relativeModuleId} > ${test.fullName}`;
        const word = again ? "PASSED WHEN TRIED AGAIN" : "FAILED";
        process.stderr.write(`\n${word} ${where}\n${reasons.join("\n").slice(0, 4_000)}\n\n`);
    },
};

/** Three levels: functions and parts over scripted transports; handlers against the simulator; whole life cycles through an engine. */
export default defineConfig({
    test: {
        // Tests wait much, for processes or for the simulator: eight files at a time, where Vitest would take one on two processors.
        maxWorkers: 8,
        reporters: ["default", failures],
        projects: [
            {
                resolve: { alias },
                test: {
                    name: "unit",
                    include: ["test/*.test.ts", `test/{${unit.join()}}/**/*.test.ts`],
                    exclude: built,
                    ...bounds,
                },
            },
            {
                resolve: { alias },
                test: { name: "resource", include: ["test/resources/**/*.test.ts"], ...bounds },
            },
            { plugins: [asBuilt], test: { name: "engine", include: built, ...engine } },
            // `npm run test:selftest`: does the local engine do as Pulumi's own? Run on both.
            { test: { name: "selftest", include: ["test/engine-selftest/**/*.test.ts"], ...engine } },
        ],
    },
});
