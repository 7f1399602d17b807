# SPDX-License-Identifier: Apache-2.0
"""oke-guard check, held against the facts: every gated field of the catalogue is found at its
path in the versions in which it is alpha, and in no other."""

import json
import subprocess
import unittest

import harness

FIELDS = harness.ROOT / "policy" / "catalogue" / "fields.tsv"


def minors(text):
    found = set()
    for part in filter(None, text.split(",")):
        lo, _, hi = part.partition("-")
        found.update(range(int(lo.split(".")[1]), int((hi or lo).split(".")[1]) + 1))
    return found


def rows():
    lines = [line.rstrip("\n") for line in FIELDS.read_text().splitlines()]
    names = [line for line in lines if line.startswith("#")][-1].lstrip("# ").split("\t")
    names = ["group"] + names[-10:]
    for line in lines:
        if not line.startswith("#"):
            row = dict(zip(names, line.split("\t")))
            row["path"] = row["path"].replace(".{*}", "{*}")
            if row["where"] == "object":
                yield row


def filled(path):
    """The smallest object in which something stands at the path."""
    value = "x"
    for step in reversed(path.replace("[*]", ".[*]").replace("{*}", ".{*}").split(".")):
        value = [value] if step == "[*]" else {"k": value} if step == "{*}" else {step: value}
    return value


def place(path):
    return path.replace("[*]", "[0]").replace("{*}", ".k")


def manifest(row):
    version = "/".join(filter(None, (row["group"], row["version"])))
    return {"apiVersion": version, "kind": row["kind"], **filled(row["path"])}


class Rows(unittest.TestCase):
    maxDiff = None

    def found(self, minor, objects):
        stream = "".join(json.dumps(o) + "\n" for o in objects)
        run = subprocess.run([harness.BINARY, "check", "--kubernetes", f"1.{minor}", "-o", "json", "-"],
                             input=stream.encode(), capture_output=True, timeout=300, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        return json.loads(run.stdout)["findings"]

    def test_every_field(self):
        table = list(rows())
        self.assertGreater(len(table), 1000)
        for minor in range(24, 38):
            with self.subTest(minor=minor):
                want = {(i + 1, place(r["path"])) for i, r in enumerate(table)
                        if minor in minors(r["alpha_in"])}
                got = {(f["document"], f["path"]) for f in self.found(minor, map(manifest, table))
                       if f["rule"] == "fields"}
                # A field in a gated field is found with it.
                kind = {i + 1: (r["group"], r["version"], r["kind"]) for i, r in enumerate(table)}
                gated = {(kind[i], p) for i, p in want}
                got = {(i, p) for i, p in got if (i, p) in want or (kind[i], p) not in gated}
                name = {i + 1: (r["kind"], r["version"], r["path"]) for i, r in enumerate(table)}
                self.assertEqual([(name[i], p) for i, p in sorted(want - got)], [], "missed")
                self.assertEqual([(name[i], p) for i, p in sorted(got - want)], [], "invented")


if __name__ == "__main__":
    unittest.main()
