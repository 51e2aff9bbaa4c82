#!/bin/sh
# Puts comment.md under the pull request PR_NUMBER; the comment of an earlier run is edited in place.
# Needs `gh`, GH_TOKEN with pull-requests: write, GITHUB_REPOSITORY.
set -eu

MARKER=$(head -n 1 comment.md)
export MARKER
# Only our own: anybody can write a comment that begins with the marker.
id=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$PR_NUMBER/comments?per_page=100" \
    --jq '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith(env.MARKER))) | .id' | head -n 1)
if [ -n "$id" ]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field body=@comment.md
else
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$PR_NUMBER/comments" --field body=@comment.md
fi
