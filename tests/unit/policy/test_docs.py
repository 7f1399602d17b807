"""docs/policies.md and policy/builtin name the same policies and files."""

import pathlib
import re
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACK = sorted((ROOT / "policy" / "builtin").glob("*.yaml"))
PAGE = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
COVERED = PAGE.split("## Facts", maxsplit=1)[0]


def policies_of(path):
    with open(path, encoding="utf-8") as f:
        return {
            doc["metadata"]["name"]
            for doc in yaml.safe_load_all(f)
            if doc and doc["kind"] == "SupportPolicy"
        }


def rows():
    """(file, policies) of each row; a row without a file belongs to the one above it."""
    file = None
    for line in COVERED.splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if not line.startswith("|") or not any("`" in c for c in cells):
            continue
        named = [c for c in cells if re.fullmatch(r"`[a-z-]+\.yaml`", c)]
        at = 1
        if named:
            file = named[0].strip("`")
            at = cells.index(named[0])
        yield file, set(re.findall(r"`([a-z0-9-]+)`", cells[at + 1]))


class Docs(unittest.TestCase):
    def test_every_policy_stands_under_its_file(self):
        written = {}
        for file, names in rows():
            written.setdefault(file, set()).update(names)
        self.assertEqual(written, {p.name: policies_of(p) for p in PACK})


if __name__ == "__main__":
    unittest.main()
