#!/bin/sh
# Installs the Pulumi CLI, version PULUMI_VERSION, for this job and its later steps.
set -eu

# Not through a pipe, in which a failed download would pass for an empty script.
installer=$(mktemp)
curl --fail --silent --show-error --location --output "$installer" https://get.pulumi.com
sh "$installer" --version "$PULUMI_VERSION" --no-edit-path
# GitHub: later steps find it by this file. GitLab runs all lines of a job in one shell, where the pipeline sets PATH.
if [ -n "${GITHUB_PATH:-}" ]; then
    echo "$HOME/.pulumi/bin" >>"$GITHUB_PATH"
fi
