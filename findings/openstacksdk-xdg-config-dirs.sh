#!/usr/bin/env bash
# openstacksdk 4.22.0: with two folders in XDG_CONFIG_DIRS neither is searched for clouds.yaml.
#
# Expected: XDG_CONFIG_DIRS is a list with colons; each of its folders is searched, as with one folder.
# Seen: the list is taken for one path ("/a/openstack:/b/openstack"), so the file is not found in either folder. Many
#   desktops set two folders. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openstacksdk==4.22.0 platformdirs==4.14.8
mkdir -p "$folder/home" "$folder/site/openstack" "$folder/other"
cd "$folder/home"
echo 'clouds: {x: {region_name: r1}}' > "$folder/site/openstack/clouds.yaml"
search() {
    env -i PATH="$PATH" HOME="$PWD" XDG_CONFIG_DIRS="$1" "$folder/venv/bin/python" -c \
        'from openstack.config import OpenStackConfig; print("found" if OpenStackConfig().config_filename else "not found")'
}
one=$(search "$folder/site")
two=$(search "$folder/site:$folder/other")
echo "openstacksdk 4.22.0: one folder: $one; two folders: $two (expected: found, found)"
test "$one $two" = "found not found"
