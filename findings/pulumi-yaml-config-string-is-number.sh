#!/usr/bin/env bash
# pulumi-yaml 1.25.0 (with Pulumi 3.276.0): a configuration value that is declared as `type: string` is no text in a YAML
# program when it looks like a number or a truth value: "1.30" is 1.3, "F" is false, "123e45" is 1.23e+47.
#
# Expected: the declaration decides, as it does in the same project with Node or Python (`config.require` gives "1.30"); the
#   CLI checks the value against the declaration and stores it in quotation marks.
# Seen: the YAML host guesses from the text, for declared values, too. A cluster is asked for version 1.3
#   instead of 1.30; a grade or a column named F or T is a truth value; a short commit id is a number. Only a leading
#   zero keeps a text a text. Fails when that changes.
#
# Takes the Pulumi CLI on PATH when it is this version, else builds it from its Go module; builds the YAML host from its own.
#   That takes some minutes.
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
mkdir "$folder/yaml" && cd "$folder/yaml"
go mod init finding 2> /dev/null
go get github.com/pulumi/pulumi-yaml@v1.25.0 2> /dev/null
go get -tool github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml 2> /dev/null
go build -o pulumi-language-yaml github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml
export PATH="$folder/yaml:$PATH" PULUMI_HOME="$folder/home" PULUMI_SKIP_UPDATE_CHECK=true
export PULUMI_BACKEND_URL="file://$folder/state" PULUMI_CONFIG_PASSPHRASE=x
mkdir "$folder/state" "$folder/program" && cd "$folder/program"
cat > Pulumi.yaml <<'YAML'
name: finding
runtime: yaml
config:
  version: {type: string}
  grade: {type: string}
  commit: {type: string}
outputs:
  seen: ["${version}", "${grade}", "${commit}"]
YAML
pulumi stack init dev > /dev/null 2>&1
pulumi config set version 1.30
pulumi config set grade F
pulumi config set commit 123e45
pulumi up --yes --skip-preview > /dev/null 2>&1
seen=$(pulumi stack output --json | tr -d '[:space:]')
echo "pulumi-yaml 1.25.0, three strings of the configuration: $seen (expected: {\"seen\":[\"1.30\",\"F\",\"123e45\"]})"
test "$seen" = '{"seen":[1.3,false,1.23e+47]}'
