#!/usr/bin/env node
"use strict";
// Pulumi's language host for Node programs, as far as tests need one beside a CLI that was built from its Go module: the module
// of Pulumi's own host is not served. It runs programs; it looks for no plugins and installs nothing.
const { spawn } = require("node:child_process");
const { createRequire } = require("node:module");
const { connect } = require("node:net");
const { join } = require("node:path");

/** The engine starts it in the program's folder. gRPC is a dependency of the SDK that the program has, so that resolves it. */
const sdk = createRequire(createRequire(join(process.cwd(), "index.js")).resolve("@pulumi/pulumi"));
const grpc = sdk("@grpc/grpc-js");
const messages = sdk("./proto/language_pb");
const { LanguageRuntimeService } = sdk("./proto/language_grpc_pb");
const { PluginInfo } = sdk("./proto/plugin_pb");

/** Exit code of the SDK's program runner when the error is on screen already. */
const REPORTED = 32;
const ENGINE_CHECK_MS = 2_000;
const engine = process.argv.at(-1) ?? "";
const programs = new Set();

/** Keys of the stack configuration are `project:key` here and `project:config:key` there. */
const configKey = (key) => key.replace(":", ":config:");

function run({ request }, answer) {
    const info = request.getInfo();
    const folder = info?.getProgramDirectory() || request.getPwd();
    const config = Object.fromEntries(
        request
            .getConfigMap()
            .toArray()
            .map(([key, value]) => [configKey(key), value]),
    );
    const options = info?.getOptions()?.toJavaScript() ?? {};
    const response = new messages.RunResponse();
    let runner;
    try {
        runner = createRequire(join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run");
    } catch (error) {
        response.setError(`It looks like the Pulumi SDK has not been installed in ${folder}: ${error.message}`);
        answer(null, response);
        return;
    }
    const program = spawn(
        process.execPath,
        [
            runner,
            `--monitor=${request.getMonitorAddress()}`,
            `--engine=${engine}`,
            `--organization=${request.getOrganization()}`,
            `--project=${request.getProject()}`,
            `--stack=${request.getStack()}`,
            `--root-directory=${info?.getRootDirectory() ?? ""}`,
            `--pwd=${request.getPwd()}`,
            ...(request.getDryrun() ? ["--dry-run"] : []),
            `--parallel=${request.getParallel()}`,
            info?.getEntryPoint() || request.getProgram() || ".",
            ...request.getArgsList(),
        ],
        {
            cwd: request.getPwd(),
            stdio: ["ignore", "inherit", "inherit"],
            env: {
                ...process.env,
                PULUMI_CONFIG: JSON.stringify(config),
                PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList().map(configKey)),
                PULUMI_NODEJS_TYPESCRIPT: String(options.typescript !== false),
            },
        },
    );
    programs.add(program);
    program.once("error", (error) => answer({ code: grpc.status.INTERNAL, message: error.message }));
    program.once("exit", (code, signal) => {
        programs.delete(program);
        if (code === REPORTED) response.setBail(true);
        else if (code === null) response.setError(`Program was ended by ${signal}`);
        else if (code !== 0) response.setError(`Program exited with non-zero exit code: ${code}`);
        answer(null, response);
    });
}

function end() {
    for (const program of programs) program.kill();
    process.exit(0);
}

/** Neither does the engine end its plugins when it is killed, nor do they notice by themselves. */
function watchEngine() {
    const [host, port] = engine.split(":");
    const socket = connect(Number(port), host)
        .once("connect", () => socket.destroy())
        .once("error", end);
}

const unimplemented = (_call, answer) => answer({ code: grpc.status.UNIMPLEMENTED, message: "not needed for tests" });
const implemented = {
    getPluginInfo(_call, answer) {
        const info = new PluginInfo();
        info.setVersion("3.0.0");
        answer(null, info);
    },
    getRequiredPackages: (_call, answer) => answer(null, new messages.GetRequiredPackagesResponse()),
    run,
};
const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
server.addService(
    LanguageRuntimeService,
    Object.fromEntries(Object.keys(LanguageRuntimeService).map((name) => [name, implemented[name] ?? unimplemented])),
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
    if (engine.includes(":")) setInterval(watchEngine, ENGINE_CHECK_MS).unref();
});
process.on("SIGTERM", end);
process.on("SIGINT", end);
