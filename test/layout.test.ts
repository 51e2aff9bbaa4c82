// Where CONTRIBUTING.md says that the parts of a resource are.
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { providerLines } from "./support/state-lines";

const root = join(__dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const inFolder = (folder: string, name: RegExp) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => name.test(file) && !file.includes("node_modules"))
        .map((file) => read(join(folder, file)))
        .join("\n");

describe.each(Object.keys(providerLines))("%s", (kind) => {
    const file = kind.replaceAll(/(?<=[a-z])[A-Z]/g, "-$&").toLowerCase();
    const handler = kind.charAt(0).toLowerCase() + kind.slice(1);
    const [path = ""] = globSync(`provider/resources/{,*/}${file}.ts`, { cwd: root });
    const imported = `import { ${handler} } from "../../${path.slice(0, -".ts".length)}"`;
    const source = read(path);

    it("has a class, and tests of what compiles", () => {
        expect(read(`sdk/${file}.ts`)).toContain(`export class ${kind} extends CbrResource`);
        expect(read("test/types.test-d.ts")).toMatch(new RegExp(`\\bnew cbr\\.${kind}\\(`));
    });

    it("has tests of its handler", () => {
        expect(inFolder("test/resources", /\.test\.ts$/).includes(imported), `a test has ${imported}`).toBe(true);
        if (/\bpostOnce\b/.test(source))
            expect(read("test/resources/exactly-once.property.test.ts")).toContain(imported);
        if (/^ {4}preflight\b/m.test(source)) expect(read("test/resources/preflight.test.ts")).toContain(imported);
    });

    it("has tests of its life cycle", () => {
        expect(read(`test/lifecycle/${file}.test.ts`)).toContain(`new cbr.${kind}(`);
    });

    it("has a page, a row in the README, its rights, and an example", () => {
        expect(read(`docs/resources/${file}.md`)).toContain(`<!-- generated: inputs ${kind} -->`);
        expect(read("README.md")).toContain(`| [\`${kind}\`](docs/resources/${file}.md) |`);
        expect(read("docs/permissions.md")).toContain(`\`${kind}\``);
        expect(inFolder("examples", /\.(ts|js)$/)).toMatch(new RegExp(`\\bnew cbr\\.${kind}\\(`));
    });
});
