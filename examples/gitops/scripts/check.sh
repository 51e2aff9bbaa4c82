#!/bin/sh
# Fails when a resource of the stack's vault has no good restore point, or no good copy of one, that is young enough: a
# night that failed, that never ran, or that left a server out. What is missing is written to check.txt, too.
#
#   STACK    stack that names vault and region
#   MAX_AGE  how old the newest may be; default 26h, a night and two hours
set -eu

. "$(dirname "$0")/identity-token.sh"
pulumi stack select "$STACK"
status=0
npx --no-install pulumi-cbr check --stack "$STACK" --vault "$(pulumi config get vaultId)" \
    --copies "$(pulumi config get destinationRegion)" --max-age "${MAX_AGE:-26h}" >check.txt 2>&1 || status=$?
cat check.txt
exit "$status"
