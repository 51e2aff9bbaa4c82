#!/usr/bin/env bash
# @pulumi/pulumi 3.276.0, Automation API: after a run whose engine ended early, a later run of an inline program in the
# same process ends as a success although its resources never reached the engine, which listens; `up` then deletes them.
#
# The SDK leaves the connections of the first run open. Once that engine is gone, grpc-js goes on trying to connect to its
# port, at growing intervals, and shares what it knows of an address among all clients of the process. An engine that the
# operating system gives the same port is "unavailable" until the next attempt, and the SDK takes this status for an
# engine that has ended: nothing more to do, no error. A process meets it that runs for long and had failures; here both
# engines are given one port for their logs. With the CLI 3.276.0 in a network namespace of 64 ports, every second run
# failing: 4 of 40 other `up`s deleted all resources of a program that had not changed, and ended well.
#
# Expected: the second program's resource is registered, or the run fails.
# Seen: the stack alone is registered, and the run succeeds. Fails when that changes.
set -euo pipefail
version=3.276.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-fund --no-audit "@pulumi/pulumi@$version" "@grpc/grpc-js@1.14.4"
cat > index.cjs <<'JS'
const { setTimeout: sleep } = require("node:timers/promises");
const net = require("node:net");
const grpc = require("@grpc/grpc-js");
const pulumi = require("@pulumi/pulumi");
const { LanguageServer } = require("@pulumi/pulumi/automation/server");
const { ResourceMonitorService } = require("@pulumi/pulumi/proto/resource_grpc_pb");
const { EngineService } = require("@pulumi/pulumi/proto/engine_grpc_pb");
const { RegisterResourceResponse, SupportsFeatureResponse } = require("@pulumi/pulumi/proto/resource_pb");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb");
const { RunRequest } = require("@pulumi/pulumi/proto/language_pb");

/** As much of an engine as a program with a component needs. `onRegister` sees each resource before it is answered. */
async function engine(port, onRegister) {
    const server = new grpc.Server();
    const registered = [];
    const empty = (_call, callback) => callback(null, new Empty());
    server.addService(ResourceMonitorService, {
        supportsFeature: (_call, callback) => callback(null, new SupportsFeatureResponse()),
        registerResource: (call, callback) => {
            registered.push(call.request.getName());
            onRegister?.(server);
            const answer = new RegisterResourceResponse();
            answer.setUrn(`urn:pulumi:dev::finding::${call.request.getType()}::${call.request.getName()}`);
            callback(null, answer);
        },
        registerResourceOutputs: empty,
        signalAndWaitForShutdown: empty,
    });
    server.addService(EngineService, { log: empty });
    const bound = await new Promise((resolve, reject) => {
        const address = `127.0.0.1:${port}`;
        server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, at) => (error ? reject(error) : resolve(at)));
    });
    return { server, registered, port: bound };
}

/** One run of the program, as the CLI asks the Automation API for it. */
function run(monitor, log) {
    const language = new LanguageServer(async () => {
        new pulumi.ComponentResource("finding:index:Thing", "thing");
    });
    const request = new RunRequest();
    request.setProject("finding");
    request.setStack("dev");
    request.setMonitorAddress(`127.0.0.1:${monitor.port}`);
    request.setArgsList([`127.0.0.1:${log.port}`]);
    return new Promise((resolve) => {
        let isAnswered = false;
        language.run({ request }, (error) => {
            if (!isAnswered) resolve(error ? "failed" : "succeeded");
            isAnswered = true;
        });
    });
}

async function main() {
    const first = await engine(0, (server) => setImmediate(() => server.forceShutdown()));
    await run(first, first);
    await sleep(5_000);

    const monitor = await engine(0);
    const log = await engine(first.port);
    for (const { port } of [monitor, log]) {
        const socket = net.connect(port, "127.0.0.1");
        await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
        socket.destroy();
    }
    const outcome = await run(monitor, log);
    console.log(`the second run ${outcome} and registered ${monitor.registered.join(" and ")}`);
    process.exit();
}

main();
JS
seen=$(node index.cjs 2> /dev/null)
echo "@pulumi/pulumi $version, logs on the port of an engine that ended early: $seen (expected: finding-dev and thing)"
test "$seen" = "the second run succeeded and registered finding-dev"
