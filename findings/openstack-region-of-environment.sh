#!/usr/bin/env bash
# openstacksdk 4.22.0 and python-openstackclient 10.5.0: OS_REGION_NAME beside OS_CLOUD is ignored by the one and
# obeyed by the other, though both read the same clouds.yaml through the same code.
#
# Expected: `OS_CLOUD=x OS_REGION_NAME=eu-nl` means one region, whichever of the two official tools runs.
# Seen: a script with openstacksdk works in eu-de, the first of the entry; `openstack` works in eu-nl. Fails when that
#   changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openstacksdk==4.22.0 python-openstackclient==10.5.0 osc-lib==4.7.0
mkdir "$folder/home" && cd "$folder/home"
cat > clouds.yaml <<'YAML'
clouds:
  x:
    regions: [eu-de, eu-nl]
    auth: {auth_url: "https://iam.example.com/v3", username: u, password: p, user_domain_name: D, project_name: team}
YAML
run() { env -i PATH="$PATH" HOME="$PWD" OS_CLOUD=x OS_REGION_NAME=eu-nl "$folder/venv/bin/$@"; }
sdk=$(run python -c 'from openstack.config import OpenStackConfig; print(OpenStackConfig().get_one().region_name)')
client=$(run openstack configuration show -f value -c region_name)
echo "openstacksdk 4.22.0: $sdk; python-openstackclient 10.5.0: $client (expected: the same)"
test "$sdk $client" = "eu-de eu-nl"
