import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");
const newest = (folder: string, ending: string): { file: string; at: number } =>
    (existsSync(join(root, folder)) ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }) : [])
        .filter((file) => file.endsWith(ending))
        .map((file) => ({ file: join(folder, file), at: statSync(join(root, folder, file)).mtimeMs }))
        .reduce((a, b) => (b.at > a.at ? b : a), { file: folder, at: 0 });

/** Engine tests run what `npm run build` made: of sources that were changed since, they would tell nothing. */
export function setup(): void {
    const built = newest("dist", ".js");
    for (const folder of ["provider", "sdk", "cli"]) {
        const source = newest(folder, ".ts");
        if (source.at > built.at) throw new Error(`${source.file} is newer than dist: run \`npm run build\` first`);
    }
}
