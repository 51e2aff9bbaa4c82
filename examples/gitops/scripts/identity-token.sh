#!/bin/sh
# Read by the scripts that ask the cloud (`. identity-token.sh`), so that no key of the cloud is stored: the pipeline
# shows an identity token of its platform, and gets keys for six hours for it.
#
#   IDP_ID        the identity provider in IAM; unset: HW_ACCESS_KEY and HW_SECRET_KEY, or what else is set
#   IDP_AUDIENCE  the client id that it expects; default huaweicloud
#
# GitHub gives a token when it is asked, in a job with `id-token: write`; it lives for minutes, so each script asks for
# its own. GitLab has put it into PULUMI_CBR_ID_TOKEN. A fork has neither.
set -eu

if [ -n "${IDP_ID:-}" ] && [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
    # The request's own token goes through a pipe: arguments can be seen by others on the machine.
    PULUMI_CBR_ID_TOKEN=$(
        printf 'Authorization: Bearer %s' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
            curl --fail --silent --show-error --retry 3 --header @- \
                "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=${IDP_AUDIENCE:-huaweicloud}" |
            node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).value'
    )
    echo "::add-mask::$PULUMI_CBR_ID_TOKEN"
fi
if [ -n "${IDP_ID:-}" ] && [ -n "${PULUMI_CBR_ID_TOKEN:-}" ]; then
    HUAWEICLOUD_SDK_IDP_ID=$IDP_ID
    export HUAWEICLOUD_SDK_IDP_ID PULUMI_CBR_ID_TOKEN
else
    # Half of it would be a mistake in the settings.
    unset PULUMI_CBR_ID_TOKEN
fi
