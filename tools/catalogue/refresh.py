#!/usr/bin/python3
"""Bring the project's copy of the facts up to date.

    tools/catalogue/refresh.py FOLDER

FOLDER holds a newer data set of the same schema: feature-gates.yaml,
feature-gates-matrix.tsv, gated-fields-expanded.jsonl, gated-fields.yaml,
gated-values.yaml, alpha-apis.yaml and alpha-annotations.yaml. What the table
needs is written beside this script, one fact a line, so that a refresh reads
well as a diff; corrections.yaml is applied on the way.
"""
import json
import os
import re
import sys

import yaml

FACTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../policy/catalogue")


def load(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return yaml.load(f, Loader=yaml.CSafeLoader)


def flow(value):
    return yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=True, sort_keys=False,
                     width=100000, allow_unicode=False).strip().removesuffix("\n...")


class Corrections:
    """Each rule must fit something."""

    def __init__(self, doc):
        self.doc = doc
        self.used = set()

    @staticmethod
    def fits(want, row):
        for key, value in want.items():
            if key == "set":
                continue
            if key.endswith("_ends"):
                ok = row.get(key[:-5], "").endswith(value)
            elif key.endswith("_starts"):
                ok = row.get(key[:-7], "").startswith(value)
            elif key == "gate" and "gates" in row:
                ok = value in row["gates"]
            else:
                ok = row.get(key) == value
            if not ok:
                return False
        return True

    def apply(self, section, row):
        for i, want in enumerate(self.doc.get(section, [])):
            if self.fits(want, row):
                row.update(want["set"])
                self.used.add((section, i))
        return row

    def unused(self):
        return [(s, r) for s, rows in self.doc.items() if isinstance(rows, list)
                for i, r in enumerate(rows) if (s, i) not in self.used]


def stage_words(stages):
    words = {True: " on", False: " off", None: ""}
    return [f"{s['version']} {s['stage']}{words[s.get('default')]}"
            f"{' locked' if s.get('lockToDefault') else ''}" for s in stages]


def observed_words(gate):
    """kubeadm's gates: the documentation's history, then what its code was seen to hold."""
    names = {"A": "alpha", "B": "beta", "G": "ga", "D": "deprecated"}
    seen = gate.get("observed", {})
    first = min((minor(v) for v in seen), default=1000)
    rows = [s for s in gate["stages"] if minor(s["version"]) < first]
    words, last = stage_words(rows), None
    for version in sorted(seen, key=minor):
        cell = seen[version]
        word = f"{names[cell[0]]} {'on' if cell[1] == '1' else 'off'}{' locked' if cell.endswith('L') else ''}"
        if word != last:
            words.append(f"{version} {word}")
        last = word
    return words


def minor(version):
    return int(version.split(".")[1])


def write(name, head, lines):
    path = os.path.join(FACTS, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(f"# {line}\n" for line in head))
        f.write("".join(line + "\n" for line in lines))
    print(f"{name}: {len(lines)} lines")


def write_gates(src):
    doc = load(src, "feature-gates.yaml")
    lines = ["gates:"]
    for name, g in sorted(doc["gates"].items()):
        row = {"stages": stage_words(g["stages"]), "from": g["first_known"]}
        if g["removed_in"]:
            row["gone"] = g["removed_in"]
        for key in ("components", "kep", "requires"):
            if g.get(key):
                row[key] = g[key]
        lines.append(f"  {name}: {flow(row)}")
    lines.append("kubeadm:")
    for name, g in sorted(doc["kubeadm_gates"].items()):
        row = {"stages": observed_words(g), "from": g["stages"][0]["version"]}
        if g["removed_in"]:
            row["gone"] = g["removed_in"]
        lines.append(f"  {name}: {flow(row)}")
    write("gates.yaml", ["Feature gates: from which minor on a stage holds, what it defaults to; `from` the",
                         "first minor that knows the name, `gone` the first that no longer does."], lines)


def tsv(rows, columns):
    return ["\t".join(str(r.get(c, "")) for c in columns) for r in rows]


def write_fields(src, fix):
    # What a gate that is off does is known by struct; the paths of the expanded rows end in
    # the field, so gate and field name find it again.
    off = {}
    for f in load(src, "gated-fields.yaml")["fields"]:
        if f.get("gate_off"):
            off.setdefault((f["field"], tuple(f["gates"])), f["gate_off"])
    rows = []
    with open(os.path.join(src, "gated-fields-expanded.jsonl"), encoding="utf-8") as f:
        for line in f:
            r = json.loads(line)
            leaf = re.split(r"[.]", r["path"])[-1].replace("[*]", "").replace(".{*}", "")
            r["gate_off"] = off.get((leaf, tuple(r["gates"])), "")
            fix.apply("fields", r)
            r["gates"] = ",".join(r["gates"])
            r["parent_gates"] = ",".join(r.get("parent_gates", []))
            r["where"] = "status" if r.get("status") else "options" if r.get("options") else "object"
            rows.append(r)
    write("fields.tsv", ["Gated fields as full paths; [*] any item, {*} any map value. minors: the field exists and is guarded.",
                         "group\tversion\tkind\tpath\tminors\talpha_in\tgates\tparent_gates\twhere\tgate_off\tgate_on"],
          tsv(rows, ("group", "version", "kind", "path", "minors", "alpha_in", "gates", "parent_gates",
                     "where", "gate_off", "gate_on")))


def write_values(src, fix):
    doc = load(src, "gated-values.yaml")
    rows = []
    for v in doc["values"]:
        for at in v["at"]:
            for value in v["values"]:
                rows.append(fix.apply("values", {**at, "value": value, "gate": v["gate"],
                                                 "alpha_in": both(v["alpha_in"], at["minors"]),
                                                 "gate_off": v["gate_off"]}))
    for c in doc["config"]:
        path = c["path"].replace("{*}", c["key"]) if "key" in c else c["path"]
        rows.append({**c, "path": path, "value": c.get("value", ""), "gate_off": "config"})
    write("values.tsv", ["Gated values of fields, then gated component configuration (gate_off: config; no value: any).",
                         "group\tversion\tkind\tpath\tvalue\tminors\talpha_in\tgate\tgate_off\tgate_on"],
          tsv(rows, ("group", "version", "kind", "path", "value", "minors", "alpha_in", "gate", "gate_off", "gate_on")))
    lines = [f"- {flow(fix.apply('rules', {k: r[k] for k in r if k not in ('evidence',)}))}" for r in doc["rules"]]
    write("rules.yaml", ["Gated rules: combinations and looser grammars that no single value shows.",
                         "policy/alpha/rules.c knows those that a request can show."], lines)


def both(a, b):
    """The minors of a range that are in another too."""
    return ranges(sorted(set(minors(a)) & set(minors(b))))


def minors(text):
    out = []
    for part in filter(None, str(text).split(",")):
        lo, _, hi = part.partition("-")
        out += range(minor(lo), minor(hi or lo) + 1)
    return out


def ranges(numbers):
    out = []
    for n in numbers:
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ",".join(f"1.{a}" if a == b else f"1.{a}-1.{b}" for a, b in out)


def write_apis(src, fix):
    doc = load(src, "alpha-apis.yaml")
    keep = ("group", "version", "kind", "resource", "served_in", "declared_in", "gate", "gate_from",
            "stable_replacement", "successor", "note")
    lines = ["kinds:"]
    for k in doc["alpha_kinds"]:
        k = fix.apply("apis", dict(k))
        lines.append(f"- {flow({c: k[c] for c in keep if c in k})}")
    lines.append("lifecycle:")
    lines += [f"- {flow(r)}" for r in doc["lifecycle"]]
    lines.append("config:")
    lines += [f"- {flow({'group': c['group'], 'version': c['version'], 'kinds': c['kinds']})}"
              for c in doc["config_versions"]]
    write("apis.yaml", ["Alpha versions of built-in API groups; life cycle of alpha and beta kinds;",
                        "kinds of configuration files whose version reads alpha (files, no served API)."], lines)


def write_keys(src, fix):
    keep = ("key", "prefix", "type", "used_on", "status", "stage", "gate", "gone_by", "use_instead", "in_code", "note")
    lines = []
    for k in load(src, "alpha-annotations.yaml")["keys"]:
        k = fix.apply("keys", k)
        lines.append(f"- {flow({c: k[c] for c in keep if c in k})}")
    write("keys.yaml", ["Annotation, label, taint and resource-name keys that carry or carried alpha features."], lines)


def write_matrix(src):
    with open(os.path.join(src, "feature-gates-matrix.tsv"), encoding="utf-8") as f:
        lines = f.read().splitlines()
    write("matrix.tsv", [lines[0].lstrip("# "), "For tests: read from the code of each minor, so it checks gates.yaml."], lines[1:])


def main():
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit(__doc__)
    src = sys.argv[1]
    fix = Corrections(load(FACTS, "corrections.yaml"))
    write_gates(src)
    write_fields(src, fix)
    write_values(src, fix)
    write_apis(src, fix)
    write_keys(src, fix)
    write_matrix(src)
    for section, rule in fix.unused():
        print(f"corrections.yaml: {section}: fits nothing any more: {rule}", file=sys.stderr)
    return bool(fix.unused())


if __name__ == "__main__":
    sys.exit(main())
