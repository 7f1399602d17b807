#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of the chart's values: defaults of values.yaml, meanings of values.schema.json.

    tools/docs/chart.py            write it into charts/oke-guard/README.md and docs/chart.md
    tools/docs/chart.py --check    say which of them has another one (make lint, make chart)
"""
import json
import pathlib
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "oke-guard"
PAGES = (CHART / "README.md", ROOT / "docs" / "chart.md")
BEGIN = "<!-- Written by tools/docs/chart.py from values.yaml and values.schema.json. -->\n"
END = "<!-- End of the table. -->\n"
# Maps that are one value: their default is too long for a row.
WHOLE = ("config", "resources", "agent.resources", "scan.resources", "podSecurityContext", "securityContext",
         "metrics.dashboard.labels")


def leaves(values, where=""):
    """Each value of values.yaml by its path; an empty map is a value."""
    for key, value in values.items():
        path = f"{where}{key}"
        if isinstance(value, dict) and value and path not in WHOLE:
            yield from leaves(value, f"{path}.")
        else:
            yield path, value


def meaning(schema, path):
    for key in path.split("."):
        schema = schema["properties"][key]
    text = schema.get("description", "")
    if not text:
        raise KeyError(f"values.schema.json has no description of {path}")
    return text.replace("|", "\\|").rstrip(".")


def table():
    with open(CHART / "values.yaml", encoding="utf-8") as values, open(CHART / "values.schema.json", encoding="utf-8") as schema:
        values, schema = yaml.safe_load(values), json.load(schema)
    rows = ["| value | default | meaning |\n", "|---|---|---|\n"]
    for path, value in leaves(values):
        default = "values.yaml" if path in WHOLE else f"`{json.dumps(value)}`"
        rows.append(f"| `{path}` | {default} | {meaning(schema, path)} |\n")
    return "".join(rows)


def main():
    stale = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        head, rest = text.split(BEGIN)
        wanted = head + BEGIN + table() + END + rest.split(END)[1]
        if "--check" not in sys.argv:
            page.write_text(wanted, encoding="utf-8")
        elif text != wanted:
            stale.append(f"{page.relative_to(ROOT)}: the table of values is an old one: make docs writes it")
    print("\n".join(stale), end="\n" if stale else "")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
