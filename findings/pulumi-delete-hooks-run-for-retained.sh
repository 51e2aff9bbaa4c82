#!/usr/bin/env bash
# Pulumi 3.276.0: delete hooks run for a resource with `retainOnDelete`, and it is counted as deleted.
#
# Expected: `retainOnDelete` means that nothing is deleted, only forgotten; a `beforeDelete` hook, which prepares for a
#   deletion (takes a last backup, drains a server), and an `afterDelete` hook, which tidies up behind one, do not run.
# Seen: both run, and the summary counts one deletion. Fails when that changes.
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

const ran = [];
let isKept = true;

async function program() {
    const before = new pulumi.ResourceHook("before", () => void ran.push("beforeDelete"));
    const after = new pulumi.ResourceHook("after", () => void ran.push("afterDelete"));
    const hooks = { beforeDelete: [before], afterDelete: [after] };
    if (isKept) new pulumi.Stash("kept", { input: "x" }, { retainOnDelete: true, hooks });
}

async function main() {
    const options = {
        pulumiCommand: await PulumiCommand.get(),
        envVars: { PULUMI_BACKEND_URL: process.argv[2], PULUMI_CONFIG_PASSPHRASE: "x" },
    };
    const settings = { stackName: "dev", projectName: "finding", program };
    const stack = await LocalWorkspace.createStack(settings, options);
    await stack.up();
    isKept = false;
    const { summary } = await stack.up();
    console.log(`ran ${ran.join(" and ")}; deleted ${summary.resourceChanges.delete ?? 0}`);
}

main();
JS
seen=$(PULUMI_SKIP_UPDATE_CHECK=true node index.cjs "file://$folder/state")
echo "Pulumi $version, a resource with retainOnDelete leaves the program: $seen (expected: ran none; deleted 0)"
test "$seen" = "ran beforeDelete and afterDelete; deleted 1"
