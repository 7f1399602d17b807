# SPDX-License-Identifier: Apache-2.0
"""What an auditor finds in the audit log, in each mode, with the query that docs/audit.md shows."""
import json
import re
import subprocess
import unittest

import guard
import kube
from cluster import ROOT, until

SCALE = kube.system("scale", "deployment", "coredns", "--dry-run=server")
QUERY = re.compile(r"^    jq -c '([^']+)' audit\.log$.*?^    (\{[^\n]*\})$", re.MULTILINE | re.DOTALL)


def findings(since, patience=30):
    """(decision, mode) of each finding in the audit log from a place on."""
    return until(lambda: [(n["decision"], n.get("mode")) for n in map(kube.notes, kube.events(since)) if n],
                 "a finding in the audit log", patience)


class Modes(unittest.TestCase):
    def command(self, replicas=5):
        self.since = kube.audit_size()
        return kube.kubectl(*SCALE, f"--replicas={replicas}", who="customer")

    def in_mode(self, mode):
        """Each replica reads its configuration as its kubelet brings it: until all agree."""
        guard.upgrade(f"config.mode={mode}")
        want = "deny" if mode == "enforce" else mode

        def agreed():
            seen = set()
            for _ in range(10):
                self.command()
                seen |= set(findings(self.since))
            return {decision for decision, _ in seen} == {want}

        until(agreed, f"both replicas are in mode {mode}")

    def test_1_enforce_a_denial_is_in_the_audit_log(self):
        done = self.command()
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(findings(self.since), [("deny", "enforce")])

    def test_2_warn_a_warning_is_printed_and_in_the_audit_log(self):
        self.in_mode("warn")
        done = self.command()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("Warning: ", done.stdout)
        self.assertIn("[coredns/scale]", done.stdout)
        self.assertEqual(findings(self.since), [("warn", "warn")])

    def test_3_audit_nothing_is_printed_and_the_finding_is_in_the_audit_log(self):
        self.in_mode("audit")
        done = self.command()
        self.assertEqual(done.stdout, "deployment.apps/coredns scaled (server dry run)\n")
        self.assertEqual(findings(self.since), [("audit", "audit")])

    def test_4_and_back_to_enforce(self):
        self.in_mode("enforce")
        self.assertNotEqual(self.command().returncode, 0)

    def test_5_the_query_of_the_page_finds_them_all(self):
        page = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
        found = QUERY.search(page)
        self.assertTrue(found, "docs/audit.md shows no query for the audit log")
        done = subprocess.run(["jq", "-c", found[1], str(kube.AUDIT_LOG)], stdout=subprocess.PIPE, text=True,
                              check=True)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        decisions = [n["decision"] for n in map(kube.notes, kube.events()) if "decision" in n]
        self.assertEqual(len(told), len(decisions))
        self.assertEqual({t["decision"] for t in told}, {"deny", "warn", "audit"})
        shown = json.loads(found[2])
        self.assertIn({**shown, "time": None}, [{**t, "time": None} for t in told])
