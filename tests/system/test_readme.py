# SPDX-License-Identifier: Apache-2.0
"""README.md and docs/ say what the program does: examples are run, lists are compared, links are followed."""

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
PAGES = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "docs").glob("*.md")}
ORDER = ["Try it", "Is my cluster in order?", "Install", "The careful first week", "In CI", "What it cannot see", "Symptoms", "Index"]


def run(*argv):
    return subprocess.run(
        [str(a) for a in argv], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=60, check=False,
    )  # fmt: skip


def transcript(page, command):
    """What the page shows below "$ command", without its indent."""
    block = page.split(f"    $ {command}\n", maxsplit=1)[1]
    lines = []
    for line in block.splitlines():
        if not line.startswith("    "):
            break
        lines.append(line[4:] + "\n")
    return "".join(lines)


def sections(page):
    """The anchors of its headings, as they are made from them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", t.lower()).replace(" ", "-") for t in titles}


def local_links(text):
    """Targets in this tree; not what stands in code."""
    text = re.sub(r"^```.*?^```|^    .*?$|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"\]\((?!https?:)([^) ]+)\)", text) + re.findall(r'(?:src|srcset)="(?!https?:)([^"]+)"', text)


HOLDER = {"rules": [{"verbs": ["impersonate"]}], "metadata": {"name": "found"}, "roleRef": {"name": "cluster-admin"},
          "subjects": [{"name": "somebody"}],
          "webhooks": [{"name": "w", "rules": [{"resources": ["pods"]}]}],
          "spec": {"serviceAccountName": "csi-oci-node-sa", "containers": [{"image": "evil.example/any:1"}]}}


class Readme(unittest.TestCase):
    def test_what_it_cannot_see_is_found_by_the_lines_it_prints(self):
        """Each jq program names the object that it is for, and finds nothing in an empty list."""
        lines = PAGES["cannot-see.md"].splitlines()
        programs = [m[1] for line in lines if (m := re.search(r"-o json \| jq -r '(.*)'$", line))]
        self.assertGreaterEqual(len(programs), 5)
        for program in programs:
            for items, found in (([HOLDER], True), ([], False)):
                out = subprocess.run(["jq", "-r", program], input=json.dumps({"items": items}), text=True,
                                     stdout=subprocess.PIPE, check=True, timeout=60).stdout
                self.assertEqual("found" in out, found, program)

    def test_examples_of_policies_load(self):
        text = PAGES["policy-language.md"] + PAGES["configuration.md"]
        examples = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        self.assertEqual(len(examples), 3)  # one of each kind
        for example in examples:
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
                f.write(example)
                f.flush()
                # In the week for which the example of an exception holds.
                done = run(GUARD, "policy", "lint", "--now", "2026-11-24T00:00:00Z", f.name)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_trace_is_the_real_one(self):
        shown = transcript(PAGES["commands.md"], "oke-guard review --trace tests/data/reviews/example.json")
        done = run(GUARD, "review", "--trace", "tests/data/reviews/example.json")
        self.assertEqual(done.stdout, shown)

    def test_the_scan_is_the_real_one(self):
        shown = transcript(README, "oke-guard scan --from tests/data/scan/example | sed '/^Not seen/,$d'")
        done = run(GUARD, "scan", "--from", "tests/data/scan/example")
        self.assertEqual(1, done.returncode)
        self.assertEqual(done.stdout.split("\nNot seen from")[0] + "\n", shown.replace("    \n", "\n") + "\n")

    def test_the_denial_is_the_real_one(self):
        shown = transcript(README, "curl -s --cacert build/dev/ca.crt ... | sed -f tools/denial.sed")
        done = run(GUARD, "review", "tests/data/reviews/example.json")
        self.assertIn("".join(f"    {line}\n" for line in shown.splitlines()), done.stdout)

    def test_commands_are_those_of_the_program(self):
        shown = run(GUARD, "--help").stdout
        known = re.findall(r"^  ([a-z]+) +\S", shown.split("Commands:")[1], re.MULTILINE)
        written = re.findall(r"^    oke-guard ([a-z]+)  +\S", PAGES["commands.md"], re.MULTILINE)
        self.assertEqual(sorted(written), sorted(known))

    def test_links_lead_somewhere(self):
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
            for target in local_links(page.read_text(encoding="utf-8")):
                name, _, section = target.partition("#")
                led = page.parent / name if name else page
                self.assertTrue(led.exists(), f"{page.name}: {target}")
                if section:
                    self.assertIn(section, sections(led), f"{page.name}: {target}")

    def test_it_is_short_and_in_order(self):
        self.assertLessEqual(README.count("\n"), 200)
        self.assertEqual(re.findall(r"^## (.*)$", README, re.MULTILINE), ORDER)

    def test_every_page_is_reached_from_the_readme(self):
        reached, todo = set(), [ROOT / "README.md"]
        while todo:
            page = todo.pop()
            if page in reached or page.suffix != ".md":
                continue
            reached.add(page)
            todo += [(page.parent / t.partition("#")[0]).resolve() for t in local_links(page.read_text(encoding="utf-8")) if t[0] != "#"]
        self.assertEqual({p.name for p in (ROOT / "docs").glob("*.md")} - {p.name for p in reached}, set())

    def test_what_is_written_by_a_tool_is_what_it_writes(self):
        for tool in sorted((ROOT / "tools" / "docs").glob("*.py")):
            done = run("/usr/bin/python3", tool, "--check")
            self.assertEqual(0, done.returncode, f"{tool.name}: {done.stdout}")


if __name__ == "__main__":
    unittest.main()
