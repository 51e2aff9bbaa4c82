// After `changeset version`: the new version number where changesets does not write it, the lock file and the examples.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (file) => JSON.parse(readFileSync(root + file, "utf8"));
const write = (file, content) => writeFileSync(root + file, `${JSON.stringify(content, undefined, 4)}\n`);

const { name, version } = read("package.json");

const lock = read("package-lock.json");
lock.version = version;
lock.packages[""].version = version;
write("package-lock.json", lock);

for (const file of globSync("examples/*/package.json", { cwd: root })) {
    const example = read(file);
    example.dependencies[name] = `^${version}`;
    write(file, example);
}
