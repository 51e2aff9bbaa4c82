/** Whether the engine will find the native provider, asked before it looks for it on the internet. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";

const FOUR_LINES = `plugins:
  providers:
    - name: cbr
      path: node_modules/pulumi-cbr`;

/** `plugins.providers` or `packages` names it, in YAML or JSON. */
const NAMED =
    /\bname["']?\s*:\s*["']?cbr["']?\s*(?:[,}\]#]|$)|^\s*["']?cbr["']?\s*:(?:\s|$)|[{,]\s*["']?cbr["']?\s*:\s/m;

let isKnown = false;

/**
 * Throws unless Pulumi.yaml names the plugin, or the engine has it from elsewhere: on PATH, in its cache, or attached
 * for debugging. The engine alone would ask the internet for a plugin that is not there.
 */
export function requirePlugin(): void {
    if (isKnown) return;
    const folder = pulumi.getRootDirectory();
    const file = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"]
        .map((name) => join(folder, name))
        .find((path) => folder !== "" && existsSync(path));
    // Programs of the Automation API may have no such file, and unit tests with mocks need no plugin.
    isKnown = file === undefined || NAMED.test(readFileSync(file, "utf8")) || isElsewhere(process.env);
    if (!isKnown)
        throw new pulumi.RunError(
            "The resources of pulumi-cbr/native are served by a plugin that this project does not name. " +
                `Add to ${file}:\n\n${FOUR_LINES}\n\nThe path is that of the installed package, from the ` +
                "folder of Pulumi.yaml.",
        );
}

function isElsewhere(env: NodeJS.ProcessEnv): boolean {
    const isAttached = /(^|,)cbr:\d/.test(env["PULUMI_DEBUG_PROVIDERS"] ?? "");
    const names = ["pulumi-resource-cbr", "pulumi-resource-cbr.exe", "pulumi-resource-cbr.cmd"];
    const onPath = (env["PATH"] ?? "").split(delimiter).some((at) => names.some((name) => existsSync(join(at, name))));
    const cache = join(env["PULUMI_HOME"] || join(homedir(), ".pulumi"), "plugins");
    const isCached = existsSync(cache) && readdirSync(cache).some((name) => name.startsWith("resource-cbr-v"));
    return isAttached || onPath || isCached;
}
