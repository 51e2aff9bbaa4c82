#!/usr/bin/env bash
# openstacksdk 4.22.0: the built-in profile otc-swiss has an auth_url without https://, and nobody can sign in with it.
#
# Expected: `profile: otc-swiss` signs in at https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3, as `profile: otc` does at
#   its address.
# Seen: the address has no scheme, so nothing is sent, and the error speaks of a service catalog that was never asked
#   for. Nothing leaves the machine here. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openstacksdk==4.22.0 keystoneauth1==5.18.1
mkdir "$folder/home" && cd "$folder/home"
cat > clouds.yaml <<'YAML'
clouds:
  x:
    profile: otc-swiss
    auth: {username: u, password: p, user_domain_name: D, project_name: eu-ch2}
YAML
seen=$(env -i PATH="$PATH" HOME="$PWD" OS_CLOUD=x "$folder/venv/bin/python" - 2> /dev/null <<'PY'
from openstack.config import OpenStackConfig
region = OpenStackConfig().get_one()
try:
    region.get_session().get_token()
    outcome = "signed in"
except Exception as error:
    outcome = type(error).__name__
print(f"{region.config['auth']['auth_url']}: {outcome}")
PY
)
echo "openstacksdk 4.22.0: $seen (expected: an address that begins with https://)"
test "$seen" = "iam-pub.eu-ch2.sc.otc.t-systems.com/v3: EndpointNotFound"
