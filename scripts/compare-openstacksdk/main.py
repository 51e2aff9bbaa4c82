#!/usr/bin/env python3
"""Plays clouds.yaml files and OS_* environments with openstacksdk and with `pulumi-cbr doctor --json`, on loopback, and
lists where the two sign in differently, ask another address for vaults, or speak to a host that nobody named.

    npm run build && python3 scripts/compare-openstacksdk/main.py [--pairs 600] [--seed 1] [--only NUMBER ...]

Makes a virtual environment in a temporary folder and installs the pinned packages there. Prints each difference when
it is found, and a line now and then. Exit code 0: at least 300 pairs are valid (openstacksdk signs in and lists
vaults), and the table in docs/configuration.md has a row for every difference."""
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
EVERY = 25


def environment(folder):
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return folder / "bin/python"


def lay_out(pair, folder, recorder, region=""):
    """Writes the pair's files; gives its working directory and environment."""
    names = {"AUTH": f"http://127.0.0.1:{recorder.public}", "INTERNAL": f"http://127.0.0.1:{recorder.internal}",
             "DIR": str(folder), "REGION": region}
    fill = lambda text: re.sub(r"\b(AUTH|INTERNAL|DIR|REGION)(?=[/'\"]|$)", lambda found: names[found[1]], text)
    folder.mkdir()
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


class Player:
    """A process that plays one pair after the other: one JSON line each way."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def play(self, cwd, env, **more):
        self.process.stdin.write(json.dumps({"cwd": str(cwd), "env": env, **more}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def complaint(said):
    """The first thing that doctor finds wrong."""
    report = json.loads(said["out"]) if said["out"].startswith("{") else {"checks": [], "regions": []}
    checks = [*report["checks"], *(check for region in report["regions"] for check in region["checks"])]
    return next((check["detail"] for check in checks if check["verdict"] == "FAIL"), said["err"].strip())


def plain(post):
    return json.dumps(post, sort_keys=True)


def difference(theirs, ours):
    """What differs, in words; None when nothing does."""
    if ours["beyond"]:
        return f"speaks to {', '.join(ours['beyond'])}"
    if not is_valid(theirs):
        return f"signs in {ours['posts']}, openstacksdk not at all" if ours["posts"] else None
    wanted = {plain(post) for post in theirs["posts"]}
    signed_in = {plain(post) for post in ours["posts"]}
    if not wanted & signed_in:
        return f"signs in {sorted(signed_in) or 'not at all'}, openstacksdk {sorted(wanted)}"
    if theirs["hosts"] != ours["hosts"]:
        return f"asks {ours['hosts'] or 'nobody'} for vaults, openstacksdk {theirs['hosts']}"
    return None


def documented():
    """First cells of the table in docs/configuration.md: what is read differently on purpose."""
    text = (ROOT / "docs/configuration.md").read_text()
    table = text.split("| what | openstacksdk | here | why |")[1].split("\n\n")[0]
    return [line.split(" | ")[0] for line in table.splitlines()[2:]]


def is_valid(seen):
    return not seen["wrong"] and seen["posts"] != [] and seen["hosts"] != []


def uses_the_token_itself(theirs, ours):
    """A token is used as it is, where openstacksdk exchanges it for another one first."""
    exchanged = sorted({post["identity"].get("token", {}).get("id") for post in theirs["posts"]})
    return not ours["posts"] and ours["tokens"] == exchanged and ours["hosts"] == theirs["hosts"]


def is_as_meant(tags, meant, ours):
    """Is what doctor does what openstacksdk does with the pair that says what this one means here?"""
    if "token" in tags and uses_the_token_itself(meant, ours):
        return not ours["beyond"]
    return difference(meant, ours) is None


class Tally:
    """Counts the pairs, and prints each difference as it is found."""

    def __init__(self, count, least):
        self.count, self.least, self.rows = count, least, documented()
        self.played, self.valid, self.alike, self.refused, self.unnamed = 0, 0, 0, 0, 0
        self.named = collections.Counter()

    def add(self, pair, found, is_meant, said):
        self.valid += 1
        has_rows = all(any(f"`{tag}`" in row for row in self.rows) for tag in pair["tags"])
        names = pair["tags"] if is_meant and has_rows else []
        if found is None:
            self.alike += 1
            return
        if names:
            self.named[", ".join(names)] += 1
        else:
            self.unnamed += 1
        self.show(pair, found, said, names)

    def show(self, pair, found, said, names):
        if names:
            print(f"pair {pair['number']}, as documented ({', '.join(names)}): {found}", flush=True)
            return
        print(f"\npair {pair['number']}, NOT DOCUMENTED: {found}\n  tags {pair['tags']}, env {pair['env']}")
        print(f"  doctor: {said}")
        for name, text in pair["files"].items():
            print(f"  {name}:\n    " + text.replace("\n", "\n    ").rstrip())
        print(flush=True)

    def progress(self):
        self.played += 1
        if self.played % EVERY == 0 or self.played == self.count:
            print(f"{self.played} of {self.count} pairs: {self.valid} valid, {self.alike} alike, "
                  f"{sum(self.named.values())} differ as documented, {self.unnamed} otherwise", flush=True)

    def summary(self):
        print(f"{', '.join(PACKAGES)}: {self.valid} valid pairs, {self.alike} alike "
              f"({self.refused} more openstacksdk itself refuses)")
        for name, count in self.named.most_common():
            print(f"  {count} differ as docs/configuration.md says: {name}")
        print(f"{self.unnamed} differences that docs/configuration.md does not name")
        if self.valid < self.least:
            print(f"Too few valid pairs: {LEAST} are wanted, play more with --pairs.")
        return 0 if self.valid >= self.least and self.unnamed == 0 else 1


def compare(pair, place, recorder, sdk, doctor, tally):
    def play(what, name, region=""):
        answer = sdk.play(*lay_out(what, place / name, recorder, region), region=what.get("region"))
        return {**answer, **recorder.what_was_seen()}

    place.mkdir()
    theirs = play(pair, "pair")
    if not is_valid(theirs):
        tally.refused += 1
        return
    said = complaint(doctor.play(*lay_out(pair, place / "doctor", recorder)))
    ours = recorder.what_was_seen()
    found = difference(theirs, ours)
    has_meaning = found is not None and pair["tags"] != []
    is_meant = has_meaning and is_as_meant(pair["tags"], play(pair["meant"], "meant", theirs["region"]), ours)
    tally.add(pair, found, is_meant, said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, nargs="+", help="play these pairs only, by their numbers")
    options = parser.parse_args()
    tally = Tally(options.pairs, LEAST if options.only is None else 0)
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        print(f"Installing {', '.join(PACKAGES)} ...", flush=True)
        sdk = Player(environment(folder / "venv"), HERE / "player.py")
        doctor = Player(ROOT / "node_modules/.bin/node", HERE / "doctor.cjs")
        for number, pair in enumerate(draw(options.pairs, options.seed)):
            if options.only is None or number in options.only:
                compare({**pair, "number": number}, folder / f"pair-{number}", recorder, sdk, doctor, tally)
            tally.progress()
        sdk.close()
        doctor.close()
    return tally.summary()


if __name__ == "__main__":
    sys.exit(main())
