#!/usr/bin/env node
"use strict";
// Language host for the policy packs of recordings: Pulumi's CLI runs a pack by the host of its runtime, and the pack by
// the runner that Pulumi's SDK has for Node. It can nothing else. Started as `pulumi-language-cbrpack`.
const { spawn } = require("node:child_process");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const sdk = createRequire(createRequire(join(process.cwd(), "index.js")).resolve("@pulumi/pulumi"));
const grpc = sdk("@grpc/grpc-js");
const messages = sdk("./proto/language_pb");
const { LanguageRuntimeService } = sdk("./proto/language_grpc_pb");
const { PluginInfo } = sdk("./proto/plugin_pb");

const packs = new Set();

/** Both streams and the exit code go back as they come; the pack's port is the first line of its output. */
function runPlugin(call) {
    const folder = call.request.getInfo()?.getProgramDirectory() || call.request.getProgram() || call.request.getPwd();
    const [engine = ""] = call.request.getArgsList();
    const runner = createRequire(join(folder, "index.js")).resolve("@pulumi/pulumi/cmd/run-policy-pack");
    const pack = spawn(process.execPath, [runner, engine, "."], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    packs.add(pack);
    const send = (set) => (chunk) => {
        const response = new messages.RunPluginResponse();
        response[set](chunk);
        call.write(response);
    };
    pack.stdout.on("data", send("setStdout"));
    pack.stderr.on("data", send("setStderr"));
    pack.once("close", (code) => {
        packs.delete(pack);
        send("setExitcode")(code ?? 1);
        call.end();
    });
    call.once("cancelled", () => pack.kill());
}

const implemented = {
    getPluginInfo(_call, answer) {
        const info = new PluginInfo();
        info.setVersion("1.0.0");
        answer(null, info);
    },
    getRequiredPackages: (_call, answer) => answer(null, new messages.GetRequiredPackagesResponse()),
    runPlugin,
};
const unimplemented = (_call, answer) => answer({ code: grpc.status.UNIMPLEMENTED, message: "not needed" });
const server = new grpc.Server();
server.addService(
    LanguageRuntimeService,
    Object.fromEntries(Object.keys(LanguageRuntimeService).map((name) => [name, implemented[name] ?? unimplemented])),
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
});
for (const signal of ["SIGTERM", "SIGINT"])
    process.on(signal, () => {
        for (const pack of packs) pack.kill();
        process.exit(0);
    });
