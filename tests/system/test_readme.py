"""README.md says what the program does: its examples are run, its lists are compared."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUARD = ROOT / os.environ.get("BUILD", "build") / "oke-guard"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def run(*argv):
    return subprocess.run(
        [str(a) for a in argv], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=60, check=False,
    )  # fmt: skip


def transcript(command):
    """What README.md shows below "$ command", without its indent."""
    block = README.split(f"    $ {command}\n", maxsplit=1)[1]
    lines = []
    for line in block.splitlines():
        if not line.startswith("    "):
            break
        lines.append(line[4:] + "\n")
    return "".join(lines)


def sections(page):
    """The anchors of its headings, as they are made from them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-") for t in titles}


HOLDER = {"rules": [{"verbs": ["impersonate"]}], "metadata": {"name": "found"}, "roleRef": {"name": "cluster-admin"},
          "subjects": [{"name": "somebody"}],
          "webhooks": [{"name": "w", "rules": [{"resources": ["pods"]}]}],
          "spec": {"serviceAccountName": "csi-oci-node-sa", "containers": [{"image": "evil.example/any:1"}]}}


class Readme(unittest.TestCase):
    def test_what_it_cannot_see_is_found_by_the_lines_it_prints(self):
        """Each jq program names the object that it is for, and finds nothing in an empty list."""
        lines = README.split("## What it cannot see", maxsplit=1)[1].splitlines()
        programs = [m[1] for line in lines if (m := re.search(r"-o json \| jq -r '(.*)'$", line))]
        self.assertGreaterEqual(len(programs), 5)
        for program in programs:
            for items, found in (([HOLDER], True), ([], False)):
                out = subprocess.run(["jq", "-r", program], input=json.dumps({"items": items}), text=True,
                                     stdout=subprocess.PIPE, check=True, timeout=60).stdout
                self.assertEqual("found" in out, found, program)

    def test_examples_of_policies_load(self):
        examples = re.findall(r"^```yaml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
        self.assertEqual(len(examples), 3)  # one of each kind
        for example in examples:
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
                f.write(example)
                f.flush()
                # In the week for which the example of an exception holds.
                done = run(GUARD, "policy", "lint", "--now", "2026-11-24T00:00:00Z", f.name)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_trace_is_the_real_one(self):
        shown = transcript("oke-guard review --trace tests/data/reviews/example.json")
        done = run(GUARD, "review", "--trace", "tests/data/reviews/example.json")
        self.assertEqual(done.stdout, shown)

    def test_the_denial_is_the_real_one(self):
        shown = transcript("curl -s --cacert build/dev/ca.crt ... | sed -f tools/denial.sed")
        done = run(GUARD, "review", "tests/data/reviews/example.json")
        self.assertIn("".join(f"    {line}\n" for line in shown.splitlines()), done.stdout)

    def test_commands_are_those_of_the_program(self):
        shown = run(GUARD, "--help").stdout
        known = re.findall(r"^  ([a-z]+) +\S", shown.split("Commands:")[1], re.MULTILINE)
        written = re.findall(r"^    oke-guard ([a-z]+)  +\S", README, re.MULTILINE)
        self.assertEqual(sorted(written), sorted(known))

    def test_links_lead_somewhere(self):
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
            name, _, section = target.partition("#")
            page = ROOT / (name or "README.md")
            self.assertTrue(page.exists(), target)
            if section:
                self.assertIn(section, sections(page), target)


if __name__ == "__main__":
    unittest.main()
