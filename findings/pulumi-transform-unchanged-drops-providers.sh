#!/usr/bin/env bash
# Pulumi 3.276.0 with @pulumi/pulumi 3.276.0: with a resource transform that hands back the options as it got them, the
# resources in a remote component (one that a plugin makes) are made with the default provider instead of the given one.
#
# Expected: `({ props, opts }) => ({ props, opts })` changes nothing; what a component with `providers: [eu]` makes is made
#   by the provider `eu`, as without a transform.
# Seen: the SDK writes the component's providers into the answer and clears them again in the next line. The plugin is not
#   told of `eu`, its resources fall back to the default provider: another region or account. On a stack that exists
#   the change shows as "same". The result of a transform must have both `props` and `opts`, so one that adds a tag does
#   this. Fails when that changes.
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
mkdir "$folder/program" "$folder/program/plugin" "$folder/state" && cd "$folder/program"
npm init --yes > /dev/null
npm install --silent --no-fund --no-audit "@pulumi/pulumi@$version"
cat > plugin/pulumi-resource-demo <<'SHELL'
#!/bin/sh
exec node "$(dirname "$0")/plugin.cjs" "$@"
SHELL
chmod +x plugin/pulumi-resource-demo
cat > plugin/plugin.cjs <<'JS'
const pulumi = require("@pulumi/pulumi");

class Group extends pulumi.ComponentResource {
    constructor(name, inputs, options) {
        super("demo:index:Group", name, inputs, options);
        new pulumi.CustomResource("demo:index:Thing", "thing", {}, { parent: this });
        this.registerOutputs();
    }
}

const provider = {
    version: "1.0.0",
    schema: JSON.stringify({ name: "demo", version: "1.0.0" }),
    construct: async (name, _type, inputs, options) => ({ urn: new Group(name, inputs, options).urn, state: {} }),
    create: async (_urn, inputs) => ({ id: "one", outs: inputs }),
};
pulumi.provider.main(provider, process.argv.slice(2));
JS
cat > index.cjs <<'JS'
const pulumi = require("@pulumi/pulumi");
const { LocalWorkspace, PulumiCommand } = require("@pulumi/pulumi/automation");

const transforms = {
    none: () => undefined,
    unchanged: ({ props, opts }) => ({ props, opts }),
};

async function run(kind) {
    const program = async () => {
        pulumi.runtime.registerResourceTransform(transforms[kind]);
        const eu = new pulumi.ProviderResource("demo", "eu", { region: "eu" });
        new pulumi.ComponentResource("demo:index:Group", "group", {}, { providers: [eu] }, true);
    };
    const options = {
        pulumiCommand: await PulumiCommand.get(),
        envVars: { PULUMI_BACKEND_URL: process.argv[2], PULUMI_CONFIG_PASSPHRASE: "x" },
        projectSettings: {
            name: "finding",
            runtime: "nodejs",
            main: process.cwd(),
            plugins: { providers: [{ name: "demo", path: `${process.cwd()}/plugin` }] },
        },
    };
    const stack = await LocalWorkspace.createStack({ stackName: kind, projectName: "finding", program }, options);
    await stack.up();
    const { resources } = (await stack.exportStack()).deployment;
    return resources.find(({ urn }) => urn.endsWith("::thing")).provider.split("::").at(-2);
}

async function main() {
    console.log(`returns nothing: ${await run("none")}; returns what it got: ${await run("unchanged")}`);
}

main();
JS
seen=$(PULUMI_SKIP_UPDATE_CHECK=true node index.cjs "file://$folder/state")
echo "Pulumi $version, provider of a component's resource, with a transform that $seen (expected: eu both times)"
test "$seen" = "returns nothing: eu; returns what it got: default"
