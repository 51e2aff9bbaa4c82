#!/usr/bin/env bash
# openstacksdk 4.22.0: beside a list of `regions`, `region_name` in the same entry of clouds.yaml is ignored in silence.
#
# Expected: `region_name: eu-nl` picks eu-nl out of `regions: [eu-de, eu-nl]`, or the two together are an error.
# Seen: the first region of the list is used, eu-de. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openstacksdk==4.22.0
mkdir "$folder/home" && cd "$folder/home"
cat > clouds.yaml <<'YAML'
clouds:
  x:
    region_name: eu-nl
    regions: [eu-de, eu-nl]
    auth: {auth_url: "https://iam.example.com/v3", username: u, password: p, user_domain_name: D, project_name: team}
YAML
seen=$(env -i PATH="$PATH" HOME="$PWD" OS_CLOUD=x "$folder/venv/bin/python" -c \
    'from openstack.config import OpenStackConfig; print(OpenStackConfig().get_one().region_name)')
echo "openstacksdk 4.22.0: region $seen, no error (expected: eu-nl)"
test "$seen" = "eu-de"
