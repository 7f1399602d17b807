#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make what policy/catalogue knows of a Kubernetes minor, from published Go modules alone.

    tools/catalogue/refresh.py [--compare] 1.38

The newest published release of the minor is read, or, before there is one, its newest pre-release:
the minor is then marked preliminary. A new minor, or the newest that is known, is written to
policy/catalogue; an older one is only compared with what stands there (as --compare does with any).
What no source states is listed for a reader, in build/refresh/reader-MINOR.txt. In the end the facts
are checked against Kubernetes' own lists and its filled objects (check.py).

Exit status: 0; 1 when a comparison or a check found a difference, or modules cannot be had.
"""
import argparse
import difflib
import os
import subprocess
import sys

import facts
import merge
import modules
from corrections import Corrections
from cut import cut
from slice import Slice, Upstream

BUILD = os.path.join(facts.ROOT, os.environ.get("BUILD", "build"), "refresh")


def load():
    """{file: its facts}, tables as (columns, rows)."""
    docs = {name: facts.load(name) for name in ("gates.yaml", "rules.yaml", "keys.yaml", "apis.yaml", "releases.yaml")}
    return docs | {name: facts.table(name) for name in ("matrix.tsv", "fields.tsv", "values.tsv")}


def lines_of(docs):
    """{file: its lines}."""
    heads = {name: facts.head_of(name) for name in docs}
    out = {"gates.yaml": merge.gate_lines(docs["gates.yaml"], heads["gates.yaml"])}
    columns, rows = docs["matrix.tsv"]
    out["matrix.tsv"] = heads["matrix.tsv"] + ["\t".join(columns)] + facts.tsv(columns, rows)
    for name in ("fields.tsv", "values.tsv"):
        out[name] = heads[name] + facts.tsv(*docs[name])
    for name in ("rules.yaml", "keys.yaml"):
        out[name] = heads[name] + [f"- {facts.flow(r)}" for r in docs[name]]
    out["apis.yaml"] = heads["apis.yaml"]
    for part in ("kinds", "lifecycle", "config"):
        out["apis.yaml"] = out["apis.yaml"] + [f"{part}:"] + [f"- {facts.flow(r)}" for r in docs["apis.yaml"][part]]
    releases = sorted(docs["releases.yaml"].items(), key=lambda x: facts.minor(x[0]))
    out["releases.yaml"] = heads["releases.yaml"] + [f"{m!r}: {facts.flow(r)}" for m, r in releases]
    return out


class Refresh:
    def __init__(self, minor, version, mods):
        self.minor, self.version, self.mods = minor, version, mods
        self.ask, self.fixes = merge.Ask(), Corrections(facts.load("corrections.yaml"))
        self.up = Upstream(minor, version, modules.facts_of(mods), mods)
        self.reader = facts.load("by-reader.yaml")
        self.sl = Slice(self.up, self.reader)

    def fold(self, docs):
        """The minor into the facts, in place."""
        up, ask = self.up, self.ask
        columns, rows = docs["matrix.tsv"]
        registered = {r["gate"] for r in rows} # and not from documentation alone
        merge.fold_gates(docs["gates.yaml"], up, registered, ask)
        merge.fold_kubeadm(docs["gates.yaml"], up)
        docs["matrix.tsv"] = merge.fold_matrix(columns, rows, up)
        columns, rows = docs["fields.tsv"]
        docs["fields.tsv"] = columns, merge.fold_fields(rows, self.sl, self.gate_off(), ask)
        columns, rows = docs["values.tsv"]
        docs["values.tsv"] = columns, merge.fold_values(rows, self.sl, self.reader)
        for name in ("fields.tsv", "values.tsv"):
            for row in docs[name][1]:
                self.fix(name.split(".", maxsplit=1)[0], row)
        docs["rules.yaml"] = merge.fold_rules(docs["rules.yaml"], up)
        docs["keys.yaml"] = merge.fold_keys(docs["keys.yaml"], up, modules.text_of(self.mods), ask)
        merge.fold_apis(docs["apis.yaml"], up, ask)
        merge.ask_values(self.sl, self.reader, ask)
        merge.ask_evidence(self.sl, ask)
        docs["releases.yaml"][f"1.{self.minor}"] = \
            {"read": self.version} | ({"preliminary": True} if "-" in self.version else {})

    def compare_types(self):
        """What is new since the minor before, for the reader."""
        before = f"1.{self.minor - 1}"
        version = modules.published(before)
        if not version:
            self.ask("types", f"{before} is not published as a module: what is new since then was not looked at")
            return
        merge.ask_new(self.sl, modules.facts_of(modules.fetch(version))["packages"], self.reader, self.ask)

    def gate_off(self):
        """(field, gates) -> what becomes of it while the gates are off, as a reader found."""
        return {(r["field"], tuple(sorted(r["gates"]))): r.get("gate_off", "") for r in self.reader["fields"]}

    def fix(self, section, row):
        """Corrections fit rows with lists of gates."""
        gates = row.get("gates", "")
        if gates:
            row["gates"] = gates.split(",")
        self.fixes.apply(section, row)
        if gates:
            row["gates"] = gates
        return row

    def questions(self):
        """For the reader: what was asked, and what no rule can know."""
        lines = [f"Kubernetes 1.{self.minor}, read from {self.version}. What no source states:"]
        for subject, texts in sorted(self.ask.questions.items()):
            lines += ["", f"{subject}:"] + [f"  {t}" for t in texts]
        return lines


# Of an older minor, what may stand otherwise in its sources, and why.
REASONS = (
    ("introduced: ", "life cycles: a later minor states them otherwise, and that counts"),
    ("PolicyAlphaOptions\tconfig", "options of the kubelet's policies carry a stage of their own, which a reader states"),
    ("{read: ", "another patch release was read when the facts were made"),
)


def show(before, after, older):
    """What differs, line by line, and how many lines have no reason. older: later minors are known."""
    n, told = 0, {}
    for name, lines in after.items():
        for line in difflib.unified_diff(before[name], lines, f"policy/catalogue/{name}", f"{name} from the sources",
                                         lineterm="", n=0):
            if line.startswith(("@@", "+++", "---")):
                continue
            reason = next((why for what, why in REASONS if older and what in line), None)
            if reason:
                told[reason] = told.get(reason, 0) + (line[0] == "+")
                continue
            n += 1
            print(f"{name}: {line[:400]}")
    for reason, lines in told.items():
        print(f"{lines} other lines: {reason}")
    return n


def summary(before, after):
    for name, lines in after.items():
        added, gone = len(set(lines) - set(before[name])), len(set(before[name]) - set(lines))
        print(f"  {name}: {len(lines)} lines; {added} new or changed, {gone} replaced or gone")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compare", action="store_true", help="write nothing: show how the sources differ from the facts")
    parser.add_argument("kubernetes", metavar="1.38", help="the minor, or one of its releases")
    args = parser.parse_args()
    version = modules.newest(args.kubernetes)
    minor = facts.minor(version)
    known = max(facts.minor(m) for m in facts.load("releases.yaml"))
    if minor > known + 1:
        sys.exit(f"refresh: 1.{known + 1} comes first: ranges of minors have no gaps")
    compare = args.compare or minor < known
    print(f"Kubernetes {version}: reading published modules")
    r = Refresh(minor, version, modules.fetch(version))
    docs = load()
    if compare:
        cut(docs, minor)
    before = lines_of(docs)
    r.fold(docs)
    r.compare_types()
    after = lines_of(docs)
    os.makedirs(BUILD, exist_ok=True)
    facts.write(f"reader-1.{minor}.txt", r.questions(), BUILD)
    if compare:
        n = show(before, after, minor < known)
        print(f"compared with policy/catalogue: {n} lines differ")
        return n > 0
    summary(before, after)
    for name, lines in after.items():
        facts.write(name, lines)
    print("\n".join(r.questions()))
    print(f"(the same in {os.path.relpath(BUILD, facts.ROOT)}/reader-1.{minor}.txt)")
    return subprocess.call([sys.executable, os.path.join(facts.HERE, "check.py"), version])


if __name__ == "__main__":
    sys.exit(main())
