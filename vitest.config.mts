import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const alias = {
    "pulumi-cbr/provider": resolve("provider/index.ts"),
    "pulumi-cbr/testing": resolve("sdk/testing/index.ts"),
};

/** Three levels: functions and parts over scripted transports; handlers against the simulator; whole life cycles through an engine. */
export default defineConfig({
    test: {
        projects: [
            {
                resolve: { alias },
                test: {
                    name: "unit",
                    include: [
                        "test/*.test.ts",
                        "test/testing/*.test.ts",
                        "test/operations/*.test.ts",
                        "test/cli/*.test.ts",
                    ],
                    exclude: ["test/package.test.ts"],
                },
            },
            {
                resolve: { alias },
                test: { name: "resource", include: ["test/resources/**/*.test.ts"], testTimeout: 60_000 },
            },
            {
                test: {
                    name: "engine",
                    include: [
                        "test/lifecycle/**/*.test.ts",
                        "test/engine-selftest/**/*.test.ts",
                        "test/package.test.ts",
                        "test/docs.test.ts",
                    ],
                    testTimeout: 180_000,
                    hookTimeout: 180_000,
                    fileParallelism: false,
                },
            },
        ],
    },
});
