/**
 * Runs `doctor --json` of the built package for one pair after the other, in one process. Reads one JSON line
 * {"cwd", "env"} a pair, answers with one: {"out", "err"}.
 */
const { createInterface } = require("node:readline");
const { main } = require("../../dist/cli/main.js");

async function play({ cwd, env }) {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, env);
    process.chdir(cwd);
    const said = { out: "", err: "" };
    await main(["doctor", "--json"], {
        env,
        out: (text) => {
            said.out += text;
        },
        err: (text) => {
            said.err += text;
        },
    });
    return said;
}

async function serve() {
    for await (const line of createInterface({ input: process.stdin }))
        process.stdout.write(`${JSON.stringify(await play(JSON.parse(line)))}\n`);
}

serve().catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
