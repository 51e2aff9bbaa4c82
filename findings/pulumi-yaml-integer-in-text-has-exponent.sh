#!/usr/bin/env bash
# pulumi-yaml 1.25.0 (with Pulumi 3.276.0): an integer in a text (`"acct-${account}"`) is written with an exponent from a
# million on, and stays an integer where it stands alone.
#
# Expected: `account: {type: integer}` of 123456789012 gives "acct-123456789012", as the templates of all other languages of
#   Pulumi do.
# Seen: "acct-1.23456789012e+11", and "disk-1e+06" for a million; below a million the digits come. Names, addresses and
#   policies with the number of an account, a project or a size are wrong, and no error says so. It holds for what is
#   declared as `type: string` and has digits only, too. Fails when that changes.
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
  account: {type: integer}
  size: {type: integer}
  digits: {type: string}
outputs:
  alone: ${account}
  text: "acct-${account} disk-${size} ${digits}"
YAML
pulumi stack init dev > /dev/null 2>&1
pulumi config set account 123456789012
pulumi config set size 1000000
pulumi config set digits 999999
seen() {
    pulumi up --yes --skip-preview > /dev/null 2>&1
    pulumi stack output text
}
below=$(seen)
pulumi config set digits 20261129
above=$(seen)
echo "pulumi-yaml 1.25.0: $above (expected: acct-123456789012 disk-1000000 20261129); below a million: ${below##* }"
test "$(pulumi stack output alone)" = 123456789012
test "$below" = "acct-1.23456789012e+11 disk-1e+06 999999"
test "$above" = "acct-1.23456789012e+11 disk-1e+06 2.0261129e+07"
