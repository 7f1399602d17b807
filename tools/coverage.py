#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which branches the C tests take: BUILD=build/coverage tools/coverage.py FOLDER...

Runs the tests that `make coverage` has built, and tells for each file how many of its branches (gcov's:
each way out of each condition) were taken, and every line that has a way nobody took. Exit 1 when a test
fails.
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / os.environ.get("BUILD", "build/coverage")


def run_tests():
    for old in BUILD.rglob("*.gcda"):
        old.unlink()
    bad = []
    for test in sorted((BUILD / "tests/unit").rglob("check_*")):
        if not test.suffix and os.access(test, os.X_OK):
            env = dict(os.environ, CK_DEFAULT_TIMEOUT="600")
            if subprocess.run([test], cwd=ROOT, env=env, capture_output=True, check=False).returncode:
                bad.append(test.relative_to(BUILD))
    if bad:
        sys.exit("tools/coverage.py: failed: " + " ".join(map(str, bad)))


def branches(source):
    """{line: (taken, all)} of a source file; {}: no test is linked with it."""
    notes = BUILD / source.relative_to(ROOT).with_suffix(".gcda")
    if not notes.exists():
        return {}
    told = subprocess.run(["gcov", "-b", "-c", "--json-format", "--stdout", notes], cwd=ROOT, capture_output=True,
                          text=True, check=True).stdout
    found = {}
    for document in map(json.loads, told.splitlines()):
        for file in document["files"]:
            if file["file"] != str(source.relative_to(ROOT)):
                continue
            for line in file["lines"]:
                taken, ways = found.get(line["line_number"], (0, 0))
                found[line["line_number"]] = (taken + sum(b["count"] > 0 for b in line["branches"]),
                                              ways + len(line["branches"]))
    return {n: t for n, t in found.items() if t[1]}


def main():
    total, missed = [0, 0], 0
    run_tests()
    for folder in sys.argv[1:]:
        for source in sorted((ROOT / folder).glob("*.c")):
            name, lines = str(source.relative_to(ROOT)), source.read_text(encoding="utf-8").splitlines()
            taken = branches(source)
            if not taken:
                continue
            sums = [sum(t[i] for t in taken.values()) for i in (0, 1)]
            total = [a + b for a, b in zip(total, sums)]
            print(f"{name}: {sums[0]} of {sums[1]} branches, {100 * sums[0] / sums[1]:.1f} %")
            for n, (some, ways) in sorted(taken.items()):
                if some < ways:
                    missed += 1
                    print(f"  {name}:{n}: {some} of {ways}: {' '.join(lines[n - 1].split())}")
    print(f"{total[0]} of {total[1]} branches taken, {100 * total[0] / max(total[1], 1):.1f} %; not all ways out of {missed} lines")
    return 0 if total[1] else 1


if __name__ == "__main__":
    sys.exit(main())
