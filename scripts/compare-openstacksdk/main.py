#!/usr/bin/env python3
"""Plays clouds.yaml files and OS_* environments with openstacksdk and with `pulumi-cbr doctor --json`, on loopback, and
lists where the two sign in differently, ask another address for vaults, or speak to a host that nobody named.

    npm run build && python3 scripts/compare-openstacksdk/main.py [--pairs 600] [--seed 1] [--show N]

Makes a virtual environment in a temporary folder and installs the pinned packages there. Exit code 0: at least 300
pairs are valid (openstacksdk signs in and lists vaults), and docs/configuration.md names every difference."""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

from pairs import draw
from recorder import Recorder

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ["openstacksdk==4.22.0", "keystoneauth1==5.18.1"]
LEAST = 300


def environment(folder):
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return folder / "bin/python"


def lay_out(pair, folder, recorder):
    """Writes the pair's files; gives its working directory and environment."""
    names = {"AUTH": f"http://127.0.0.1:{recorder.public}", "INTERNAL": f"http://127.0.0.1:{recorder.internal}",
             "DIR": str(folder)}
    fill = lambda text: re.sub(r"\b(AUTH|INTERNAL|DIR)(?=[/'\"])", lambda found: names[found[1]], text)
    for name in ("cwd", "home"):
        (folder / name).mkdir()
    for name, text in pair["files"].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fill(text))
    proxy = f"http://127.0.0.1:{recorder.proxy}"
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    env = {**kept, "HOME": str(folder / "home"), "HTTPS_PROXY": proxy, "NO_PROXY": "127.0.0.1"}
    return folder / "cwd", {**env, **{key: fill(value) for key, value in pair["env"].items()}}


class Sdk:
    def __init__(self, python):
        self.process = subprocess.Popen([python, HERE / "player.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def play(self, cwd, env):
        self.process.stdin.write(json.dumps({"cwd": str(cwd), "env": env}) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


def doctor(cwd, env):
    node = ROOT / "node_modules/.bin/node"
    command = [node, ROOT / "dist/cli/main.js", "doctor", "--json"]
    done = subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True, timeout=120)
    report = json.loads(done.stdout) if done.stdout.startswith("{") else {"checks": [], "regions": []}
    checks = [*report["checks"], *(check for region in report["regions"] for check in region["checks"])]
    return next((check["detail"] for check in checks if check["verdict"] == "FAIL"), done.stderr.strip())


def plain(post):
    return json.dumps(post, sort_keys=True)


def difference(theirs, ours):
    """What differs, in words; None when nothing does."""
    if ours["beyond"]:
        return f"speaks to {', '.join(ours['beyond'])}"
    wanted = {plain(post) for post in theirs["posts"]}
    signed_in = {plain(post) for post in ours["posts"]}
    if not wanted & signed_in:
        return f"signs in {sorted(signed_in) or 'not at all'}, openstacksdk {sorted(wanted)}"
    if theirs["hosts"] != ours["hosts"]:
        return f"asks {ours['hosts'] or 'nobody'} for vaults, openstacksdk {theirs['hosts']}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=10)
    options = parser.parse_args()
    documented = (ROOT / "docs/configuration.md").read_text()
    recorder = Recorder()
    valid, alike, refused = 0, 0, 0
    named, unnamed = collections.Counter(), []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        sdk = Sdk(environment(folder / "venv"))
        for number, pair in enumerate(draw(options.pairs, options.seed)):
            place = folder / f"pair-{number}"
            place.mkdir()
            cwd, env = lay_out(pair, place, recorder)
            wrong = sdk.play(cwd, env)
            theirs = recorder.what_was_seen()
            if wrong or not theirs["posts"] or not theirs["hosts"]:
                refused += 1
                continue
            valid += 1
            said = doctor(cwd, env)
            found = difference(theirs, recorder.what_was_seen())
            names = [tag for tag in pair["tags"] if f"`{tag}`" in documented]
            if found is None:
                alike += 1
            elif names:
                named[", ".join(names)] += 1
            else:
                unnamed.append((pair, found, said))
        sdk.process.stdin.close()
        sdk.process.wait()
    print(f"{', '.join(PACKAGES)}: {valid} valid pairs, {alike} alike ({refused} more openstacksdk itself refuses)")
    for name, count in named.most_common():
        print(f"  {count} differ as docs/configuration.md says: {name}")
    for pair, found, said in unnamed[:options.show]:
        print(f"\n{found}\n  tags {pair['tags']}, env {pair['env']}\n  doctor: {said}")
        for name, text in pair["files"].items():
            print(f"  {name}:\n    " + text.replace("\n", "\n    ").rstrip())
    print(f"{len(unnamed)} differences that no document names")
    return 0 if valid >= LEAST and not unnamed else 1


if __name__ == "__main__":
    sys.exit(main())
