#!/bin/sh
# Takes the restore point, waits for it and its copies, and updates the stack STACK.
#
#   RESTORE_POINT  what it is for, e.g. release-1a2b3c; the same as in the last run takes no other one.
#                  Default: nightly- and the day (UTC), so that the first run of a day takes one.
#
# A run whose time budget ends is not lost: the next one for the same restore point goes on waiting. After a run that was
# killed: see the README.
# The deployment that comes next gets the restore point's id: as the step's output `checkpoint-id` on GitHub, and as
# CHECKPOINT_ID from restore-point.env on GitLab.
set -eu

. "$(dirname "$0")/identity-token.sh"
pulumi stack select "$STACK"
# Written to this checkout's stack file only; the stack's output keeps it.
pulumi config set restorePoint -- "${RESTORE_POINT:-nightly-$(date -u +%Y-%m-%d)}"
pulumi up --yes --non-interactive

id=$(pulumi stack output checkpointId)
echo "CHECKPOINT_ID=$id" >restore-point.env
if [ -n "${GITHUB_OUTPUT:-}" ]; then
    echo "checkpoint-id=$id" >>"$GITHUB_OUTPUT"
fi
