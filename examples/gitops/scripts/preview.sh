#!/bin/sh
# Previews the stack, writes preview.json and, from it, comment.md; fails when the preview does.
#
#   STACK          stack to preview
#   RESTORE_POINT  what the restore point is for, e.g. release-1a2b3c; unset: that of the last run, so nothing new
#   RUN_URL        link for the comment
#
# Without access to the state (a fork's pull request has no secrets) an empty state of its own is taken, with the plain
# values of Pulumi.preview.yaml: then the preview shows everything as new, and says that the cloud was not asked.
set -eu

. "$(dirname "$0")/identity-token.sh"
if [ -n "${PULUMI_ACCESS_TOKEN:-}${PULUMI_BACKEND_URL:-}" ]; then
    pulumi stack select "$STACK"
    RESTORE_POINT=${RESTORE_POINT:-$(pulumi stack output restorePoint)}
else
    # An empty variable is not the same as none for every tool.
    unset PULUMI_ACCESS_TOKEN
    STACK=preview
    PULUMI_BACKEND_URL="file://$(mktemp -d)"
    PULUMI_CONFIG_PASSPHRASE=nothing-secret
    export PULUMI_BACKEND_URL PULUMI_CONFIG_PASSPHRASE
    pulumi stack init "$STACK"
fi
# Written to this checkout's stack file only.
pulumi config set restorePoint -- "${RESTORE_POINT:-preview}"

# For the first line of a comment whose preview names no resource.
stack="$(sed -n 's/^name: *//p' Pulumi.yaml)/${STACK##*/}"
# What an earlier replacement left is shown with its steps only.
status=0
pulumi preview --json --show-replacement-steps --non-interactive >preview.json || status=$?
# The exit code tells a failure from an error that the program only logged.
if ! npx --no-install pulumi-cbr preview-comment --title "Backups" --url "${RUN_URL:-}" --exit-code "$status" \
    --stack "$stack" preview.json >comment.md; then
    # The comment of an earlier run must not stay as if it were this one's.
    printf '<!-- pulumi-cbr %s -->\n\n❌ **There is no preview**: see the job.\n' "$stack" >comment.md
    [ "$status" -ne 0 ] || status=1
fi
exit "$status"
