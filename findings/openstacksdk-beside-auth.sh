#!/usr/bin/env bash
# openstacksdk 4.22.0: of two values for one key, `project_name` beside `auth` wins over the one in it, but `username`
# beside `auth` loses.
#
# Expected: one rule for all keys of `auth`.
# Seen: the outer project and the inner user sign in together. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openstacksdk==4.22.0 keystoneauth1==5.18.1
mkdir "$folder/home" && cd "$folder/home"
cat > clouds.yaml <<'YAML'
clouds:
  x:
    username: outer
    project_name: outer
    auth:
      auth_url: https://iam.example.com/v3
      username: inner
      project_name: inner
      password: p
      user_domain_name: D
      project_domain_name: D
YAML
seen=$(env -i PATH="$PATH" HOME="$PWD" OS_CLOUD=x "$folder/venv/bin/python" - <<'PY'
from openstack.config import OpenStackConfig
auth = OpenStackConfig().get_one().config["auth"]
print(f"user {auth['username']}, project {auth['project_name']}")
PY
)
echo "openstacksdk 4.22.0: $seen (expected: both outer, or both inner)"
test "$seen" = "user inner, project outer"
