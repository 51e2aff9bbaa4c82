#!/bin/sh
# Puts comment.md under the merge request; the note of an earlier run is edited in place. Needs GITLAB_TOKEN, a project
# access token with scope api (a job's own token may not write notes). Without it, as in a fork, nothing is written.
set -eu

if [ -z "${GITLAB_TOKEN:-}" ]; then
    echo "There is no GITLAB_TOKEN: the comment stays in this job's artifacts."
    exit 0
fi

# The token goes through a pipe: arguments can be seen by others on the machine.
gitlab() {
    printf 'PRIVATE-TOKEN: %s' "$GITLAB_TOKEN" | curl --fail --silent --show-error --header @- "$@"
}

notes="$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
gitlab "$CI_API_V4_URL/user" >user.json
id=
page=1
while [ -z "$id" ] && [ "$page" -le 20 ]; do
    gitlab "$notes?per_page=100&page=$page" >notes.json
    # Only our own: anybody can write a note that begins with the marker.
    id=$(node -e '
        const { readFileSync } = require("node:fs");
        const read = (file) => JSON.parse(readFileSync(file, "utf8"));
        const marker = readFileSync("comment.md", "utf8").split("\n")[0];
        const own = read("notes.json").find((note) => note.author.id === read("user.json").id && note.body.startsWith(marker));
        console.log(own === undefined ? "" : own.id);
    ')
    if [ "$(node -p 'JSON.parse(require("node:fs").readFileSync("notes.json", "utf8")).length')" -lt 100 ]; then
        break
    fi
    page=$((page + 1))
done
if [ -n "$id" ]; then
    gitlab --request PUT "$notes/$id" --data-urlencode body@comment.md >/dev/null
else
    gitlab --request POST "$notes" --data-urlencode body@comment.md >/dev/null
fi
