# SPDX-License-Identifier: Apache-2.0
"""Every check in every result that it can have: one case each, with its part of the report kept."""
import json
import os
import unittest

from cases import CASES, made
from harness import DATA, Scan

GOLDEN = DATA / "checks"
CONFIG = """apiVersion: oke-guard.internal/v1
kind: GuardConfig
metadata: {name: default}
spec:
  cluster: %s
"""
EXCEPTION = """apiVersion: oke-guard.internal/v1
kind: SupportException
metadata: {name: dns-test}
spec:
  rules: [coredns/spec]
  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [coredns]}]
  identities: {users: [ocid1.user.oc1..aaaa]}
  ticket: SR 3-1234567890
  approvedBy: platform-team
  reason: image test agreed with Oracle Support
  notBefore: "2026-09-01T00:00:00Z"
  expires: "%s"
  action: warn
"""
NEVER = {  # check: results that it cannot have, and why is plain from its row in posture/checks.c
    "exceptions": {"unknown"},
}


def options(scan, c):
    out = []
    if c.config:
        (scan.folder / "guard.yaml").write_text(CONFIG % json.dumps(c.config), encoding="utf-8")
        out += ["--config", "guard.yaml"]
    if c.exception:
        (scan.folder / "exception.yaml").write_text(EXCEPTION % c.exception, encoding="utf-8")
        out += ["--policy", "exception.yaml"]
    return out


def part(report, check):
    """What the report says of one check, as lines that a person can review."""
    entry = next(c for c in report["checks"] if c["id"] == check)
    lines = [f"{entry['id']}: {entry['result']}" + (f" ({entry['tier']})" if "tier" in entry else "")]
    if "reason" in entry:
        lines.append(f"  {entry['reason']}")
    for f in report["findings"]:
        if f["check"] != check:
            continue
        if check == "guard-webhooks" and f["path"] != "webhooks[name=alpha.oke-guard.internal]":
            continue  # how many entries there are is the policies' matter
        o = f["object"]
        lines.append(f"- {f.get('tier')} {o['kind']} {o.get('namespace', '')}/{o.get('name')} {f['path']}")
        lines += [f"  {k}: {f[k]}" for k in ("text", "from", "to", "tool", "time", "evidence", "rule", "remedy",
                                             "command") if k in f]
    return "\n".join(lines) + "\n"


class Checks(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.scan = Scan()

    @classmethod
    def tearDownClass(cls):
        cls.scan.close()

    def test_golden(self):
        for (check, result) in CASES:
            with self.subTest(check=check, result=result):
                c = made(check, result)
                got = self.scan.judge(c, "--check", check, *options(self.scan, c))
                self.assertEqual("", got.err)
                said = part(got.json, check)
                self.assertEqual(f"{check}: {result}", said.split("\n")[0].split(" (")[0])
                want = GOLDEN / check / f"{result}.txt"
                if os.environ.get("ACCEPT"):
                    want.parent.mkdir(parents=True, exist_ok=True)
                    want.write_text(said, encoding="utf-8")
                self.assertEqual(want.read_text(encoding="utf-8"), said)

    def test_no_check_is_left_out(self):
        listed = self.scan.run("--list").out
        ids = [line.split(" ")[0] for line in listed.split("\n") if line and line[0] != " "]
        self.assertEqual(39, len(ids))
        for check in ids:
            have = {result for (c, result) in CASES if c == check}
            if have == {"not-checkable"}:
                continue
            need = {"pass", "finding", "unknown"} - NEVER.get(check, set())
            if check == "guard-webhooks":
                need -= {"pass"}  # test_scan.py: from what `generate` writes
            self.assertEqual(set(), need - have, check)

    def test_no_golden_is_left_over(self):
        have = {(p.parent.name, p.stem) for p in GOLDEN.glob("*/*.txt")}
        self.assertEqual(set(CASES), have)

    def test_every_case_is_a_whole_report(self):
        """A fault in one place never hides another check: each always has a result."""
        for (check, result) in CASES:
            with self.subTest(check=check, result=result):
                c = made(check, result)
                got = self.scan.judge(c, *options(self.scan, c))
                self.assertEqual(39, len(got.json["checks"]))


if __name__ == "__main__":
    unittest.main()
