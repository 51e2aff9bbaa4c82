import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const alias = {
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
const unit = ["client", "reads", "exactly-once", "resource", "pulumi", "testing", "cli"];
/** Hundreds of processes load the same modules: Node keeps them compiled. */
const engine = {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    globalSetup: "test/support/fresh-build.ts",
    env: { NODE_COMPILE_CACHE: resolve("node_modules/.cache/compiled") },
};

/** Three levels: functions and parts over scripted transports; handlers against the simulator; whole life cycles through an engine. */
export default defineConfig({
    test: {
        // Tests mostly wait, for processes or for the simulator: four files at a time, where Vitest would take one on two processors.
        maxWorkers: 4,
        projects: [
            {
                resolve: { alias },
                test: {
                    name: "unit",
                    include: ["test/*.test.ts", `test/{${unit.join()}}/**/*.test.ts`],
                    exclude: built,
                    testTimeout: 60_000,
                },
            },
            {
                resolve: { alias },
                test: { name: "resource", include: ["test/resources/**/*.test.ts"], testTimeout: 120_000 },
            },
            { test: { name: "engine", include: built, ...engine } },
            // `npm run test:selftest`: does the local engine do as Pulumi's own? Run on both.
            { test: { name: "selftest", include: ["test/engine-selftest/**/*.test.ts"], ...engine } },
        ],
    },
});
