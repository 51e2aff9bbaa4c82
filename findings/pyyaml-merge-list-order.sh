#!/usr/bin/env bash
# PyYAML 6.0.4: of several maps in one merge (`<<: [*a, *b]`) the last one wins, but the first one for keys of one letter.
#
# Expected: the first map of the list wins, as YAML's merge key says ("keys in mapping nodes earlier in the sequence
#   override keys specified in later mapping nodes") and as PyYAML 6.0.3 does, whatever the length of a key.
# Seen: keys are compared by the identity of their text, which only texts of one letter share, so the later pair of a
#   longer key is kept, too, and overwrites the first. A clouds.yaml signs in as another user after the update. Fails
#   when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/merge.py" <<'PY'
import yaml
merged = yaml.safe_load("""
a: &a {username: first, u: first}
b: &b {username: second, u: second}
x:
  <<: [*a, *b]
""")["x"]
print(f"username {merged['username']}, u {merged['u']}")
PY
seen() {
    python3 -m venv "$folder/$1"
    "$folder/$1/bin/pip" install --quiet "pyyaml==$1"
    "$folder/$1/bin/python" "$folder/merge.py"
}
old=$(seen 6.0.3)
new=$(seen 6.0.4)
echo "PyYAML 6.0.3: $old; PyYAML 6.0.4: $new (expected: username first, u first from both)"
test "$old" = "username first, u first"
test "$new" = "username second, u first"
