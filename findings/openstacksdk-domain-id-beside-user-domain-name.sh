#!/usr/bin/env bash
# openstacksdk 4.22.0: in an entry with a project, `domain_id` takes the place of the user's own domain although
# `user_domain_name` names one; without a project it does not.
#
# Expected: the user signs in to the domain of `user_domain_name` both times; `domain_id` fills in what is not given.
# Seen: with a project keystoneauth sends the user with `domain_id`, and the name is dropped: "wrong password" for a right
#   one. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openstacksdk==4.22.0 keystoneauth1==5.18.1
mkdir "$folder/home" && cd "$folder/home"
entry() {
    printf 'clouds:\n  %s:\n    auth: {auth_url: "https://iam.example.com/v3", username: u, password: p, ' "$1"
    printf 'user_domain_name: users, domain_id: d1%s}\n' "$2"
}
entry without "" > clouds.yaml
entry with ", project_name: shop" | tail -n +2 >> clouds.yaml
seen=$(env -i PATH="$PATH" HOME="$PWD" "$folder/venv/bin/python" - <<'PY'
from keystoneauth1.identity.v3 import Password
from openstack.config import OpenStackConfig


class Recorder:
    def post(self, url, json=None, **_):
        self.user = json["auth"]["identity"]["password"]["user"]
        raise ConnectionError


def domain_of(name):
    recorder = Recorder()
    auth = OpenStackConfig().get_one(cloud=name).config["auth"]
    try:
        Password(**auth).get_auth_ref(recorder)
    except ConnectionError:
        pass
    return recorder.user["domain"]


print(f"without a project {domain_of('without')}, with one {domain_of('with')}")
PY
)
echo "openstacksdk 4.22.0: $seen (expected: the name both times)"
test "$seen" = "without a project {'name': 'users'}, with one {'id': 'd1'}"
