# SPDX-License-Identifier: Apache-2.0
"""The facts as they were known before a later minor was read: for comparing an older one."""
import facts


def cut(docs, minor):
    """docs as Refresh.load gives them; what stands there of minors after this one is taken out, in place."""
    gates(docs["gates.yaml"], minor)
    columns, rows = docs["matrix.tsv"]
    columns[1:] = [c for c in columns[1:] if facts.minor(c) <= minor]
    docs["matrix.tsv"] = columns, [r for r in rows if any(r[c] != "-" for c in columns[1:])]
    for name in ("fields.tsv", "values.tsv"):
        columns, rows = docs[name]
        docs[name] = columns, ranges(rows, minor)
    docs["rules.yaml"] = ranges(docs["rules.yaml"], minor)
    for k in docs["keys.yaml"]:
        if "in_code" in k:
            k["in_code"] = until(k["in_code"], minor)
    apis(docs["apis.yaml"], minor)
    docs["releases.yaml"] = {m: r for m, r in docs["releases.yaml"].items() if facts.minor(m) <= minor}


def until(text, minor):
    return facts.ranges(m for m in facts.minors(text) if m <= minor)


def ranges(rows, minor):
    for r in rows:
        r["minors"], r["alpha_in"] = until(r["minors"], minor), until(r["alpha_in"], minor)
    return [r for r in rows if r["minors"]]


def gates(doc, minor):
    for part in ("gates", "kubeadm"):
        for name, g in list(doc[part].items()):
            if facts.minor(g["from"]) > minor:
                del doc[part][name]
                continue
            g["stages"] = [s for s in g["stages"] if facts.minor(s.split()[0]) <= minor]
            if "gone" in g and facts.minor(g["gone"]) > minor:
                del g["gone"]


def apis(doc, minor):
    for k in doc["kinds"]:
        k["served_in"], k["declared_in"] = until(k["served_in"], minor), until(k["declared_in"], minor)
        if "stable_replacement" in k and facts.minor(k["stable_replacement"]["from"]) > minor:
            del k["stable_replacement"]
    doc["kinds"] = [k for k in doc["kinds"] if k["served_in"] or k["declared_in"]]
    doc["lifecycle"] = [r for r in doc["lifecycle"] if facts.minor(r["introduced"]) <= minor]
    for r in doc["lifecycle"]:
        later = "removed" in r and facts.minor(r["removed"]) > minor
        replacement = r.pop("replacement", None)
        r.pop("scheduled", None)
        if later:
            r["scheduled"] = True
        if replacement:
            r["replacement"] = replacement
