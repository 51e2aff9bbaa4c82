#!/usr/bin/env bash
# Pulumi 3.276.0 with @pulumi/pulumi 3.276.0: a resource transform that hands back the options as it got them makes a
# replacement create the new object before the old one is deleted, although the provider asks for the other order.
#
# Expected: `({ props, opts }) => ({ props, opts })` changes nothing, as `() => undefined` does not. The order is the
#   provider's (`deleteBeforeReplace: true` from its diff), because neither program nor transform names one.
# Seen: the SDK shows a transform "not set" as `false`, and sends `false` back, which the engine takes for the user's wish
#   and puts above the provider's. The result of a transform must have both `props` and `opts`, so one that adds a tag
#   does this to all resources of a stack. Where the cloud allows one such object only, the creation fails, or returns
#   the old object, which is deleted next. Fails when that changes.
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
export PATH="$PWD/node_modules/@pulumi/pulumi:$PATH"
cat > index.cjs <<'JS'
const pulumi = require("@pulumi/pulumi");
const { LocalWorkspace, PulumiCommand } = require("@pulumi/pulumi/automation");

const provider = {
    create: async (inputs) => ({ id: "one", outs: inputs }),
    diff: async (_id, olds, news) =>
        olds.size === news.size ? { changes: false } : { changes: true, replaces: ["size"], deleteBeforeReplace: true },
};
const transforms = {
    none: () => undefined,
    unchanged: ({ props, opts }) => ({ props, opts }),
};

async function run(kind) {
    let size = 1;
    const program = async () => {
        pulumi.runtime.registerResourceTransform(transforms[kind]);
        new pulumi.dynamic.Resource(provider, "thing", { size });
    };
    const options = {
        pulumiCommand: await PulumiCommand.get(),
        envVars: { PULUMI_BACKEND_URL: process.argv[2], PULUMI_CONFIG_PASSPHRASE: "x" },
    };
    const stack = await LocalWorkspace.createStack({ stackName: kind, projectName: "finding", program }, options);
    await stack.up();
    size = 2;
    const steps = [];
    const onEvent = ({ resOutputsEvent }) => {
        if (resOutputsEvent?.metadata.urn.endsWith("::thing")) steps.push(resOutputsEvent.metadata.op);
    };
    await stack.up({ onEvent });
    return steps.filter((step) => step !== "replace").join(", ");
}

async function main() {
    console.log(`returns nothing: ${await run("none")}; returns what it got: ${await run("unchanged")}`);
}

main();
JS
seen=$(PULUMI_SKIP_UPDATE_CHECK=true node index.cjs "file://$folder/state")
echo "Pulumi $version, a transform that $seen (expected: delete-replaced first both times)"
want="returns nothing: delete-replaced, create-replacement; returns what it got: create-replacement, delete-replaced"
test "$seen" = "$want"
