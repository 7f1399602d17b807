# SPDX-License-Identifier: Apache-2.0
"""What people type, and what they get: exit status, kubectl's output, and what the audit log keeps."""
import json
import os
import re
import unittest

import kube
from cluster import BIN, HERE, ROOT, until
from commands import COMMANDS, take_marks_back

ACCEPT = bool(os.environ.get("ACCEPT"))
GOLDEN = HERE / "golden"
WARNED = re.compile(r"^Warning: .*\[([a-z0-9-]+/[a-z0-9-]+)\]", re.MULTILINE)


def normal(text):
    """What differs from run to run by nature."""
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>", text)
    text = re.sub(r"\b(kube-proxy)-[a-z0-9]{5}\b", r"\1-<id>", text)
    text = re.sub(r"\b(alpha in) 1\.\d+\b", r"\1 <version>", text)
    return re.sub(r"\b10\.0\.10\.1:\d+\b", "<server>", text)


def transcript(command, done):
    shown = " ".join(f"'{a}'" if re.search(r"[\s\"{}\[\]?&]", a) else a for a in command.arguments)
    failed = f"(exit {done.returncode})\n" if done.returncode else ""
    return normal(f"{command.who}$ kubectl {shown}\n{done.stdout}{failed}")


class Commands(unittest.TestCase):
    maxDiff = None

    @classmethod
    def tearDownClass(cls):
        take_marks_back()

    def run_command(self, command):
        since = kube.audit_size()
        stdin = json.dumps(command.stdin) if command.stdin else None
        done = kube.kubectl(*command.arguments, who=command.who, stdin=stdin)
        self.assertEqual(done.returncode != 0, command.then == "deny", done.stdout)
        # kubectl and the API server warn too; a finding's warning names its rule.
        self.assertEqual(WARNED.findall(done.stdout), [command.rule] if command.then == "warn" else [], done.stdout)
        self.assertNotIn("hunter2", done.stdout)
        self.compare(command.name, transcript(command, done))
        self.check_audit(command, since)

    def compare(self, name, text):
        file = GOLDEN / f"{name}.txt"
        if ACCEPT:
            file.write_text(text, encoding="utf-8")
        self.assertTrue(file.exists(), f"{file.name} is missing; ACCEPT=1 writes it:\n{text}")
        self.assertEqual(file.read_text(encoding="utf-8"), text)

    def check_audit(self, command, since):
        """The request stands in the audit log with what was decided, or without a word."""
        events = until(lambda: kube.audited(since, command.who), "the event in the audit log")
        judged = [n for n in map(kube.notes, events) if n]
        if command.then == "allow":
            self.assertEqual(judged, [])
            return
        self.assertTrue(judged, events)
        self.assertEqual(judged[0]["decision"], command.then)
        self.assertIn(command.rule, judged[0]["policy"])
        self.assertIn("tier", judged[0])
        if events[0]["verb"] in ("patch", "update"):
            self.assertIn("paths", judged[0])
        self.assertNotIn("hunter2", json.dumps(events))


def add_commands():
    """One test a row, in the order of the table."""
    for number, command in enumerate(COMMANDS):
        def test(self, command=command):
            self.run_command(command)
        setattr(Commands, f"test_{number:02}_{command.name.replace('-', '_')}", test)


add_commands()


class Setting(unittest.TestCase):
    def test_the_page_shows_what_kubectl_printed(self):
        page = (ROOT / "docs/e2e.md").read_text(encoding="utf-8")
        golden = (GOLDEN / "set-env-secret.txt").read_text(encoding="utf-8")
        lines = golden.removeprefix("customer").removesuffix("(exit 1)\n").splitlines()
        self.assertIn("".join(f"    {line}\n" for line in lines), page)
        self.assertIn(f" for {len(COMMANDS)} commands", page)

    def test_the_programs_are_of_the_version_that_was_asked_for(self):
        versions = json.loads(kube.get("version", "--output=json"))
        told = {versions[k]["gitVersion"] for k in ("clientVersion", "serverVersion")}
        told |= {n["status"]["nodeInfo"]["kubeletVersion"] for n in kube.read("nodes")["items"]}
        self.assertEqual(told, {"v" + BIN.name.removeprefix("kubernetes-")})

    def test_every_golden_file_has_its_command(self):
        self.assertEqual(sorted(f.stem for f in GOLDEN.glob("*.txt")), sorted(c.name for c in COMMANDS))

    def test_at_least_25_commands_are_denied(self):
        self.assertGreaterEqual(sum(c.then == "deny" for c in COMMANDS), 25)
