#!/usr/bin/env bash
# Pulumi 3.276.0: with `config set --path`, 42 is a number and true a truth value, but with `--secret` both are texts.
#
# Expected: `--secret` says how a value is stored; `config.requireObject("backup").days` has one type with and without it.
# Seen: a value that is made secret later changes its type: `days + 1` is 43 before and "421" after, and `if (isOn)` holds
#   for the text "false". The other way round, a long id loses its last digit when it is not secret. The Automation
#   API's `setConfig(key, { value: "42", secret }, true)`, used here, does the same. Fails when that changes.
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

async function main() {
    const program = async () => {
        const config = new pulumi.Config();
        return { plain: config.requireObject("plain"), secret: config.requireSecretObject("secret") };
    };
    const options = {
        pulumiCommand: await PulumiCommand.get(),
        envVars: { PULUMI_BACKEND_URL: process.argv[2], PULUMI_CONFIG_PASSPHRASE: "x" },
    };
    const stack = await LocalWorkspace.createStack({ stackName: "dev", projectName: "finding", program }, options);
    for (const [key, secret] of [["plain", false], ["secret", true]]) {
        await stack.setConfig(`${key}.days`, { value: "42", secret }, true);
        await stack.setConfig(`${key}.isOn`, { value: "false", secret }, true);
        await stack.setConfig(`${key}.id`, { value: "9007199254740993", secret }, true);
    }
    const { outputs } = await stack.up();
    const show = ({ days, isOn, id }) => JSON.stringify([days, isOn, id]);
    console.log(`plain ${show(outputs.plain.value)}, secret ${show(outputs.secret.value)}`);
}

main();
JS
seen=$(PULUMI_SKIP_UPDATE_CHECK=true node index.cjs "file://$folder/state")
echo "Pulumi $version: $seen (expected: the same twice)"
test "$seen" = 'plain [42,false,9007199254740992], secret ["42","false","9007199254740993"]'
