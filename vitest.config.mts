import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const alias = {
    "pulumi-cbr/provider": resolve("provider/index.ts"),
    "pulumi-cbr/testing": resolve("sdk/testing/index.ts"),
};

/** Tests that need the built package, most of them an engine too: the life cycles and the documents. */
const built = ["state", "table", "checkpoint", "options", "vault-replication", "whole-way"]
    .map((name) => `test/lifecycle/${name}.test.ts`)
    .concat("test/docs.test.ts");

/** `npm run test:more`: longer ones, for a quiet machine and both engines. */
const more = [
    "test/lifecycle/**/*.test.ts",
    "test/engine-selftest/**/*.test.ts",
    "test/cli/engine/**/*.test.ts",
    "test/components.test.ts",
    "test/examples.test.ts",
    "test/package.test.ts",
    "test/performance.test.ts",
];
const engine = { testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false };

/** Three levels: functions and parts over scripted transports; handlers against the simulator; whole life cycles through an engine. */
export default defineConfig({
    test: {
        projects: [
            {
                resolve: { alias },
                test: {
                    name: "unit",
                    include: ["test/*.test.ts", "test/{testing,operations,cli}/*.test.ts"],
                    exclude: [...built, ...more],
                    testTimeout: 60_000,
                },
            },
            {
                resolve: { alias },
                test: { name: "resource", include: ["test/resources/**/*.test.ts"], testTimeout: 120_000 },
            },
            { test: { name: "engine", include: built, ...engine } },
            { test: { name: "more", include: more, exclude: built, ...engine } },
        ],
    },
});
