#!/bin/sh
# Deletes what no stack holds in the stack's two vaults, but for the newest `keep` of each server, in each region, and
# what is younger than OLDER_THAN. Only when the setting `retention` is `prune`.
#
#   STACK         its state says what it holds
#   OTHER_STACKS  further stacks with backups in these vaults, by their full names, apart by spaces; what a stack holds
#                 that is not named here may be deleted
#   OLDER_THAN    default 7d
set -eu

pulumi stack select "$STACK"
retention=$(pulumi config get retention)
if [ "$retention" != prune ]; then
    echo "Nothing is pruned: retention is $retention."
    exit 0
fi
. "$(dirname "$0")/identity-token.sh"
set -- --stack "$STACK" --vault "$(pulumi config get vaultId)" --vault "$(pulumi config get destinationVaultId)"
for other in ${OTHER_STACKS:-}; do
    state=$(mktemp)
    pulumi stack export --stack "$other" >"$state"
    set -- "$@" --state "$state"
done
npx --no-install pulumi-cbr prune "$@" --keep "$(pulumi config get keep)" --older-than "${OLDER_THAN:-7d}" --yes
