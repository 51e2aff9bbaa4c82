#!/bin/sh
# Opens an issue with what check.txt says, or adds to the one that is open still: a scheduled run that fails tells one
# person by mail, and nobody when that person has left. Needs `gh`, GH_TOKEN with issues: write, GITHUB_REPOSITORY.
set -eu

title="No young restore point: $STACK"
{
    echo "$RUN_URL"
    echo
    sed 's/^/    /' check.txt
} >alarm.md
TITLE=$title
export TITLE
number=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues?state=open&creator=github-actions%5Bbot%5D&per_page=100" \
    --jq '.[] | select(.title == env.TITLE) | .number' | head -n 1)
if [ -n "$number" ]; then
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$number/comments" --field body=@alarm.md
else
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues" --field title="$title" --field body=@alarm.md
fi
