// Compiles to dist/, all at once: a program that runs meanwhile sees the old build or the new one, never a half.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const next = path(`dist.${process.pid}`);
const old = path(`dist.${process.pid}.old`);

try {
    execFileSync(
        process.execPath,
        [path("node_modules/typescript/bin/tsc"), "-p", path("tsconfig.build.json"), "--outDir", next],
        { stdio: "inherit" },
    );
    if (existsSync(`${next}/cli/main.js`)) chmodSync(`${next}/cli/main.js`, 0o755);
    if (existsSync(path("dist"))) renameSync(path("dist"), old);
    renameSync(next, path("dist"));
} catch (error) {
    rmSync(next, { recursive: true, force: true });
    if (error.status !== undefined) process.exit(error.status || 1);
    throw error;
} finally {
    rmSync(old, { recursive: true, force: true });
}

// The provider host looks for `pulumi-cbr` in node_modules, from the program's folder upwards, as it would for any user.
// This link lets programs inside the clone (examples, tests) find the clone's own build there.
const link = path("node_modules/pulumi-cbr");
if (!existsSync(link)) symlinkSync(path(""), link, "junction");
