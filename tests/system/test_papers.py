#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What surrounds the source agrees with it: version, change log, licence, the papers' links and goals."""
import hashlib
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = re.search(r'OKE_GUARD_VERSION "(.+)"', (ROOT / "lib/base/version.h").read_text())[1]
PAPERS = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/release.md", "docs/image.md"]
# Of the text as the Apache Software Foundation publishes it, and Debian ships it.
APACHE = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(page):
    """As GitHub and GitLab make them of headings."""
    headings = re.findall(r"(?m)^#+ (.+)$", page)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


class Papers(unittest.TestCase):
    def test_one_version(self):
        headings = re.findall(r"(?m)^## (.+)$", text("CHANGELOG.md"))
        self.assertEqual(headings[0], VERSION)
        self.assertEqual(len(headings), len(set(headings)))
        chart = text("charts/oke-guard/Chart.yaml")
        self.assertEqual(re.findall(r'(?m)^(?:version|appVersion): "?([^"\n]+)"?$', chart), [VERSION, VERSION])

    def test_docs_name_this_version(self):
        """A command to copy names no other version of ours."""
        for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
            for found in re.findall(r"oke-guard[:_-]v?(\d+\.\d+\.\d+)", page.read_text(encoding="utf-8")):
                self.assertEqual(found, VERSION, page.name)

    def test_licence(self):
        self.assertEqual(hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest(), APACHE)

    def test_links(self):
        for name in PAPERS:
            page = text(name)
            for target in re.findall(r"\]\(([^)]+)\)", page):
                if "://" in target:
                    continue
                file, _, anchor = target.partition("#")
                where = (ROOT / name).parent / file if file else ROOT / name
                self.assertTrue(where.exists(), f"{name}: {target}")
                if anchor:
                    self.assertIn(anchor, anchors(where.read_text(encoding="utf-8")), f"{name}: {target}")

    def test_what_they_name_exists(self):
        """Goals of the Makefile, and files in back quotes or in commands."""
        goals = set(re.findall(r"(?m)^([a-z0-9-]+):", text("Makefile")))
        for name in PAPERS:
            page = text(name)
            for goal in re.findall(r"(?m)(?:`|^ {4}|&& )make ([a-z0-9-]+)", page):
                self.assertIn(goal, goals, f"{name}: make {goal}")
            for file in re.findall(r"(?<![\w/.-])(?:tools|lib|policy|charts|docs|tests)/[\w./-]*\w", page):
                self.assertTrue((ROOT / file).exists() or (ROOT / name).parent.joinpath(file).exists(), f"{name}: {file}")

    def test_containerfile_has_all_folders(self):
        """What is compiled is copied into its build stage."""
        layers = {one.split("/")[0] for one in re.findall(r"(?m)^LAYERS \+= (\S+)", text("tools/layers.mk"))}
        copied = set(re.findall(r"(?m)^COPY (\w+) \1$", text("Containerfile")))
        self.assertEqual(layers | {"include", "tools"}, copied)


if __name__ == "__main__":
    unittest.main()
