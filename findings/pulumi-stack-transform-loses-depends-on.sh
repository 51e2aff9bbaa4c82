#!/usr/bin/env bash
# Pulumi 3.276.0 with @pulumi/pulumi 3.276.0: `dependsOn` that a transform of the whole stack adds is dropped.
#
# Expected: a transform of the stack (`registerResourceTransform`) may change what a transform of one resource (option
#   `transforms`) may change; the engine runs both in one list.
# Seen: the resource's own transform adds the dependency. The stack's does not: the state has none, and nothing is said. The
#   order of creation is right, because the SDK waits for the URN, which hides it; `destroy` then deletes both at once,
#   or first what the other one needs. A component's transform loses it for its children likewise, while `ignoreChanges`
#   and `additionalSecretOutputs` of the same transform are taken over. Fails when that changes.
#
# Takes the Pulumi CLI on PATH when it is this version, else builds it from its Go module, which takes some minutes.
set -euo pipefail
version=3.276.0
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
if [ "$(pulumi version 2> /dev/null || true)" != "v$version" ]; then
    mkdir "$folder/cli" && cd "$folder/cli"
    go mod init finding 2> /dev/null
    go get "github.com/pulumi/pulumi/pkg/v3@v$version" 2> /dev/null
    go get -tool github.com/pulumi/pulumi/pkg/v3/cmd/pulumi 2> /dev/null
    set=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version
    go build -ldflags "-X $set=v$version" -o pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
    export PATH="$folder/cli:$PATH"
fi
mkdir "$folder/program" "$folder/state" && cd "$folder/program"
npm init --yes > /dev/null
npm install --silent --no-fund --no-audit "@pulumi/pulumi@$version"
cat > index.cjs <<'JS'
const pulumi = require("@pulumi/pulumi");
const { LocalWorkspace, PulumiCommand } = require("@pulumi/pulumi/automation");

async function run(kind) {
    const program = async () => {
        const database = new pulumi.Stash("database", { input: "x" });
        const needs = ({ name, props, opts }) =>
            name === "server" ? { props, opts: { ...opts, dependsOn: [database] } } : undefined;
        if (kind === "stack") pulumi.runtime.registerResourceTransform(needs);
        new pulumi.Stash("server", { input: "x" }, kind === "resource" ? { transforms: [needs] } : {});
    };
    const options = {
        pulumiCommand: await PulumiCommand.get(),
        envVars: { PULUMI_BACKEND_URL: process.argv[2], PULUMI_CONFIG_PASSPHRASE: "x" },
    };
    const stack = await LocalWorkspace.createStack({ stackName: kind, projectName: "finding", program }, options);
    await stack.up();
    const { resources } = (await stack.exportStack()).deployment;
    const { dependencies = [] } = resources.find(({ urn }) => urn.endsWith("::server"));
    return dependencies.map((urn) => urn.split("::").pop()).join() || "nothing";
}

async function main() {
    console.log(`of the resource: ${await run("resource")}; of the stack: ${await run("stack")}`);
}

main();
JS
seen=$(PULUMI_SKIP_UPDATE_CHECK=true node index.cjs "file://$folder/state")
echo "Pulumi $version, what the server depends on, by a transform $seen (expected: database both times)"
test "$seen" = "of the resource: database; of the stack: nothing"
