#!/usr/bin/env bash
# openstacksdk 4.22.0: `project_id: null` in clouds.yaml is sent as the project called "None".
#
# Expected: null means that the key is not set, as it does for `user_id: null` or `cacert: null` in the same file; the
#   project then goes by its name.
# Seen: the sign-in is for the project with the id "None" (likewise domain_id, user_domain_name and the other keys of
#   project, domain and token). Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openstacksdk==4.22.0 keystoneauth1==5.18.1
mkdir "$folder/home" && cd "$folder/home"
cat > clouds.yaml <<'YAML'
clouds:
  x:
    auth:
      auth_url: https://iam.example.com/v3
      username: u
      password: p
      user_domain_name: D
      user_id: null
      project_id: null
      project_name: team
      project_domain_name: D
YAML
seen=$(env -i PATH="$PATH" HOME="$PWD" OS_CLOUD=x "$folder/venv/bin/python" - <<'PY'
from openstack.config import OpenStackConfig
auth = OpenStackConfig().get_one().config["auth"]
print(f"user_id {auth.get('user_id')!r}, project_id {auth.get('project_id')!r}")
PY
)
echo "openstacksdk 4.22.0: $seen (expected: project_id None, the Python value, or absent)"
test "$seen" = "user_id None, project_id 'None'"
