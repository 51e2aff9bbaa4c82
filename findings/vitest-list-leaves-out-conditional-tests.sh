#!/usr/bin/env bash
# Vitest 5.1.1: `vitest list` does not name tests that are declared by `it.skipIf(condition)(…)` or `it.runIf(condition)(…)`,
# also where the condition lets them run.
#
# Expected: what `vitest run` runs, and what `list` of 4.1.12 names. A list that only reads the files may not know names that are
#   computed, but can name tests whose name stands there as a text.
# Seen: `list` only reads the files unless it is told `--no-static-parse`, and then does not see these two (it does see
#   `it.each`). It says nothing of them, with `--json` neither: who counts tests by it, or picks by it what to run,
#   leaves them out. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund node@24 vitest@5.1.1 > install.log 2>&1
npm install --silent --no-audit --no-fund --prefix four vitest@4.1.12 >> install.log 2>&1
export PATH="$folder/node_modules/node/bin:$folder/node_modules/.bin:$PATH"
cat > a.test.js <<'JS'
import { it } from "vitest";
it("always", () => {});
it.skipIf(process.platform === "none")("not on none", () => {});
it.runIf(process.platform !== "none")("elsewhere", () => {});
JS
names() { sed 's/.* > //' | sort | paste -sd, -; }
before=$(four/node_modules/.bin/vitest list | names)
read_only=$(vitest list | names)
collected=$(vitest list --no-static-parse | names)
vitest run --reporter=json --outputFile=ran.json > /dev/null 2>&1
ran=$(node -p 'require("./ran.json").testResults[0].assertionResults.map((one) => one.title).join("\n")' | names)
echo "Vitest 5.1.1 runs: $ran"
echo "list --no-static-parse: $collected"
echo "list of 4.1.12: $before"
echo "list: $read_only (expected: $ran)"
test "$ran" = "always,elsewhere,not on none"
test "$collected" = "$ran"
test "$before" = "$ran"
test "$read_only" = "always"
