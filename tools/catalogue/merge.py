# SPDX-License-Identifier: Apache-2.0
"""One minor's slice into the facts of policy/catalogue.

`fold_*` take the rows as they are on disk, forget what they hold of the minor (it must be the newest
that is known, or a new one), and put in what the slice states. A range that ended in the minor before
goes on; a row that the slice does not have ends there. What no source states is asked of a reader:
Ask collects the questions.
"""
import re

import facts
from slice import ALPHA, PRE


class Ask:
    """What a reader has to look at, by subject."""

    def __init__(self):
        self.questions = {}

    def __call__(self, subject, text):
        self.questions.setdefault(subject, [])
        if text not in self.questions[subject]:
            self.questions[subject].append(text)


def forget(text, minor):
    return facts.minors(text) - {minor}


# ---- gates ----

def stage_word(minor, spec):
    word = f"1.{minor} {spec['stage']} {'on' if spec['default'] else 'off'}"
    return word + (" locked" if spec["locked"] else "")


def stage_at(stages, minor):
    """'beta on' of the last entry that is not later; '' where there is none."""
    last = ""
    for entry in stages:
        version, _, rest = entry.partition(" ")
        if facts.minor(version) <= minor:
            last = rest
    return last


def new_gate(up, name, ask):
    gate = up.gates[name]
    row = {"stages": [stage_word(up.minor, up.spec(name))], "from": f"1.{up.minor}"}
    for key in ("components", "kep", "requires"):
        if gate[key]:
            row[key] = gate[key]
    ask_components(row, name, ask)
    return row


def ask_components(row, name, ask):
    if not row.get("components"):
        ask("gates", f"{name}: which component reads it? No use of it was found")


def fold_gates(doc, up, registered, ask):
    """registered: the gates that some minor up to this one was seen to register."""
    gates, minor = doc["gates"], up.minor
    for name in sorted(set(gates) | set(up.gates)):
        g = gates.get(name)
        if g and g["from"] == f"1.{minor}":
            fresh = new_gate(up, name, Ask()) if up.known(name) else None
            if fresh:
                # What a reader found out about it stays.
                gates[name] = {**fresh, **{k: g[k] for k in ("components", "kep", "requires") if k in g}}
                ask_components(gates[name], name, ask)
            elif name in registered:
                del gates[name]
            continue
        if not g:
            if up.known(name):
                gates[name] = new_gate(up, name, ask)
            continue
        g["stages"] = [s for s in g["stages"] if not s.startswith(f"1.{minor} ")]
        if g.get("gone") == f"1.{minor}":
            del g["gone"]
        if name in registered:
            fold_gate(g, up, name)
    return doc


def fold_gate(g, up, name):
    if "gone" in g or name in ("AllAlpha", "AllBeta"):
        return
    spec = up.spec(name)
    if spec and up.gates[name]["kep"] and "kep" not in g:
        g["kep"] = up.gates[name]["kep"]
    if not spec:
        g["gone"] = f"1.{up.minor}"
        return
    word = stage_word(up.minor, spec)
    if stage_at(g["stages"], up.minor) != word.partition(" ")[2]:
        g["stages"].append(word)


def fold_kubeadm(doc, up):
    rows = doc["kubeadm"]
    for name in sorted(set(rows) | set(up.kubeadm)):
        g = rows.get(name)
        specs = up.kubeadm[name]["specs"] if name in up.kubeadm else []
        if not g:
            rows[name] = {"stages": [stage_word(up.minor, specs[0])], "from": f"1.{up.minor}"}
            continue
        if g.get("gone") == f"1.{up.minor}":
            del g["gone"]
        g["stages"] = [s for s in g["stages"] if not s.startswith(f"1.{up.minor} ")] or g["stages"]
        if "gone" in g:
            continue
        if not specs:
            g["gone"] = f"1.{up.minor}"
        elif stage_at(g["stages"], up.minor) != stage_word(up.minor, specs[0]).partition(" ")[2]:
            g["stages"].append(stage_word(up.minor, specs[0]))


GATE_COLUMNS = ("stages", "from", "gone", "components", "kep", "requires")


def gate_lines(doc, head):
    lines = head
    for part in ("gates", "kubeadm"):
        lines = lines + [f"{part}:"]
        for name, g in sorted(doc[part].items()):
            lines.append(f"  {name}: {facts.flow({c: g[c] for c in GATE_COLUMNS if c in g})}")
    return lines


def fold_matrix(columns, rows, up):
    column = f"1.{up.minor}"
    if column not in columns:
        columns.append(column)
    by_name = {r["gate"]: r for r in rows}
    for name in up.gates:
        if up.known(name) and name not in by_name:
            by_name[name] = {c: "-" for c in columns} | {"gate": name}
    for name, r in by_name.items():
        r[column] = up.cell(name)
    kept = [r for r in by_name.values() if any(r[c] != "-" for c in columns[1:])]
    return columns, sorted(kept, key=lambda r: r["gate"].lower())


# ---- fields ----

FIELD_KEY = ("group", "version", "kind", "path", "gates", "where")


def fold_fields(rows, sl, gate_off, ask):
    minor, before = sl.up.minor, sl.up.minor - 1
    for r in rows:
        r["minors"], r["alpha_in"] = forget(r["minors"], minor), forget(r["alpha_in"], minor)
    carried = sl.carry([{**r} for r in rows if before in r["minors"]])
    for key, row in carried.items():
        if sl.alpha(row["gates"]):
            ask("fields", f"{'/'.join(filter(None, key[:2]))} {key[2]} {key[3]}: {', '.join(row['gates'])} is alpha, and no "
                          "marker says that it guards this field: does it still?")
    for struct, field, gates in sl.elsewhere:
        ask("fields", f"{struct}.{field}: only the internal type is marked ({', '.join(gates)}): is it guarded here too?")
    by_key = {tuple(r[c] for c in FIELD_KEY): r for r in rows}
    for key, row in sl.rows.items():
        full = (*key, ",".join(row["gates"]), row["where"])
        r = by_key.get(full)
        if not r:
            r = new_field(full, row, gate_off)
            rows.append(r)
        r["minors"].add(minor)
        if sl.alpha(row["gates"]):
            r["alpha_in"].add(minor)
    rows = [r for r in rows if r["minors"]]
    for r in rows:
        r["minors"], r["alpha_in"] = facts.ranges(r["minors"]), facts.ranges(r["alpha_in"])
    return sorted(rows, key=lambda r: (r["group"], r["version"], r["kind"], r["path"], r["gates"]))


def new_field(key, row, gate_off):
    r = dict(zip(FIELD_KEY, key))
    r |= {"minors": set(), "alpha_in": set(), "parent_gates": ",".join(row["parent_gates"]), "gate_on": "",
          "gate_off": gate_off.get((row["field"], tuple(row["gates"])), "")}
    return r


# ---- values, configuration, rules, keys ----

def goes_on(up, gates, row_minors, alpha_in):
    """
    (still there, alpha) in this minor, of a row that stood in the one before. Where the stage of the
    gate was not the row's own (options of the kubelet's policies), the row's stays as it was.
    """
    before = up.minor - 1
    if before not in row_minors or not all(up.known(g) for g in gates):
        return False, False
    own = before in alpha_in
    was = any(stage_before(up, g, before) == "alpha" for g in gates)
    now = any(up.stage(g) == "alpha" for g in gates)
    return True, now if own == was else own


def stage_before(up, name, minor):
    specs = [s for s in up.gates[name]["specs"] if s["minor"] <= minor]
    return max(specs, key=lambda s: s["minor"])["stage"] if specs else ""


VALUE_KEY = ("group", "version", "kind", "path", "value", "gate")


def fold_values(rows, sl, reader):
    """Values of fields, from by-reader.yaml; configuration of components goes on with its gate."""
    minor = sl.up.minor
    config = fold_config([r for r in rows if r["gate_off"] == "config"], sl.up)
    rows = [r for r in rows if r["gate_off"] != "config"]
    for r in rows:
        r["minors"], r["alpha_in"] = forget(r["minors"], minor), forget(r["alpha_in"], minor)
    by_key = {tuple(r[c] for c in VALUE_KEY): r for r in rows}
    for key, gate_off in sl.values(reader).items():
        r = by_key.get(key)
        if not r:
            r = dict(zip(VALUE_KEY, key)) | {"minors": set(), "alpha_in": set(), "gate_off": gate_off, "gate_on": ""}
            rows.append(r)
        r["minors"].add(minor)
        if sl.up.stage(key[-1]) == "alpha":
            r["alpha_in"].add(minor)
    for r in rows:
        r["minors"], r["alpha_in"] = facts.ranges(r["minors"]), facts.ranges(r["alpha_in"])
    return [r for r in rows if r["minors"]] + config


def fold_config(rows, up):
    for r in rows:
        had, alpha = forget(r["minors"], up.minor), forget(r["alpha_in"], up.minor)
        gates = [r["gate"]]
        there, is_alpha = goes_on(up, gates, had, alpha)
        first = had == set() and up.minor in facts.minors(r["minors"]) and up.known(r["gate"])
        if there or first:
            had.add(up.minor)
        if (there and is_alpha) or (first and up.stage(r["gate"]) == "alpha"):
            alpha.add(up.minor)
        r["minors"], r["alpha_in"] = facts.ranges(had), facts.ranges(alpha)
    return [r for r in rows if r["minors"]]


def ask_evidence(sl, ask):
    for r in sl.unproven:
        ask("by-reader.yaml", f"{r['struct']}.{r['field']}: {r['evidence']} no longer names {', '.join(r['gates'])}: does the gate "
                              "still guard it, and where?")


def ask_values(sl, reader, ask):
    """Constants that carry a marker, and those by-reader.yaml does not have yet."""
    known = {(v["gate"], str(x)) for v in reader["values"] for x in v["values"]}
    for key, package in sorted(sl.up.packages.items()):
        for c in package["constants"] or []:
            for gate in c.get("gates", []):
                if package["version"] and sl.up.known(gate) and (gate, c["value"]) not in known:
                    ask("values", f"{key}.{c['type']} = {c['value']!r} is marked with {gate} "
                                  f"({sl.up.stage(gate)}): which fields take it?")


# Constants of these types are reasons and causes that Kubernetes writes.
UNGUARDED = {"string", "CauseType", "StatusReason"}


def ask_new(sl, before, reader, ask):
    """
    Fields and constants that the minor before did not have, and that no marker and no reader guards:
    upstream's markers come late at times. before: the packages of the minor before.
    """
    told = {(v["struct"].partition("/")[0], str(x)) for v in reader["values"] for x in v["values"]}
    for key, package in sorted(sl.up.packages.items()):
        old = before.get(key)
        if not package["version"] or not old or not served_package(sl.up, package):
            continue
        for name, fields in sorted(package["structs"].items()):
            had = {f["name"] for f in old["structs"].get(name) or []}
            new = [f["name"] for f in fields or [] if f["name"] and f["name"] not in had] if name in old["structs"] else []
            for field in new:
                struct = f"{key}.{name}"
                if (struct, field) not in sl.markers and (struct, field) not in sl.by_reader:
                    ask("fields", f"{struct}.{field} is new and without a marker: does a gate guard it?")
        had = {(c["type"], c["value"]) for c in old["constants"] or []}
        types = {c["type"] for c in old["constants"] or [] if c["type"]}
        for c in package["constants"] or []:
            new = c["type"] in types - UNGUARDED and (c["type"], c["value"]) not in had
            if new and not c.get("gates") and (key.partition("/")[0], c["value"]) not in told:
                ask("values", f"{key}.{c['type']} = {c['value']!r} is new and without a marker: does a gate guard it?")


def served_package(up, package):
    return package["group"] == "meta.k8s.io" or any((g, v) == (package["group"], package["version"]) for g, v, _ in up.served)


def fold_rules(rows, up):
    for r in rows:
        had, alpha = forget(r["minors"], up.minor), forget(r["alpha_in"], up.minor)
        there, is_alpha = goes_on(up, [r["gate"]], had, alpha)
        first = not had and up.known(r["gate"])
        if there or first:
            had.add(up.minor)
        if (there and is_alpha) or (first and up.stage(r["gate"]) == "alpha"):
            alpha.add(up.minor)
        r["minors"], r["alpha_in"] = facts.ranges(had), facts.ranges(alpha)
    return rows


def fold_keys(rows, up, text, ask):
    known = {r["key"] for r in rows}
    for r in rows:
        if "in_code" not in r:
            continue
        had = forget(r["in_code"], up.minor)
        if r["key"] in text:
            had.add(up.minor)
        r["in_code"] = facts.ranges(had)
    for key in sorted(set(re.findall(r'"([a-z.-]*\balpha\b[a-z.-]*kubernetes\.io/[A-Za-z0-9._-]*)"', text))):
        if key not in known and not any(r.get("prefix") and key.startswith(r["key"]) for r in rows):
            ask("keys", f"{key}: is it an annotation, label or taint that switches something alpha?")
    return rows


# ---- alpha APIs and life cycles ----

def fold_apis(doc, up, ask):
    minor = up.minor
    served = {k for k in up.served if ALPHA.match(k[1]) and k in up.resources}
    declared = {(p["group"], p["version"], kind) for p in up.packages.values() if ALPHA.match(p["version"])
                for kind in p["structs"]}
    by_key = {(k["group"], k["version"], k["kind"]): k for k in doc["kinds"]}
    for key, row in by_key.items():
        for column, now in (("served_in", served), ("declared_in", declared)):
            had = forget(row[column], minor)
            if key in now:
                had.add(minor)
            row[column] = facts.ranges(had)
        stable_replacement(row, key, up)
    for key in sorted(served - set(by_key)):
        if key[0].endswith("internal.apiserver.k8s.io") or key[2].endswith("List"):
            continue
        doc["kinds"].append(new_api(key, up, ask))
    doc["kinds"] = [k for k in doc["kinds"] if k["served_in"] or k["declared_in"]]
    doc["kinds"].sort(key=lambda k: (k["group"], k["version"], k["kind"]))
    fold_lifecycles(doc, up)
    return doc


def new_api(key, up, ask):
    row = {"group": key[0], "version": key[1], "kind": key[2], "resource": up.resources[key],
           "served_in": f"1.{up.minor}", "declared_in": f"1.{up.minor}"}
    ask("apis", f"{key[0]}/{key[1]} {key[2]}: which gate must be on besides the version?")
    stable_replacement(row, key, up)
    return row


def stable_replacement(row, key, up):
    """The first minor that serves the kind in a version that is neither alpha nor beta."""
    group, _, kind = key
    stable = sorted(v for g, v, k in up.served if g == group and k == kind and not PRE.match(v))
    if stable and "stable_replacement" not in row:
        row["stable_replacement"] = {"group": group, "version": stable[-1], "kind": kind, "from": f"1.{up.minor}"}


LIFE = ("introduced", "deprecated", "removed")


def lifecycle_row(key, life, old, up):
    """What a reader or an earlier minor stated as the replacement stays; else the stable version."""
    row = dict(zip(("group", "version", "kind"), key))
    row |= {what: f"1.{life[what]}" for what in LIFE if life[what]}
    if life["removed"] > up.minor:
        row["scheduled"] = True
    stated = life.get("replacement") or old.get("replacement")
    if "replacement" in old:
        stated = old["replacement"]
    stable = sorted(v for g, v, k in up.served if (g, k) == (key[0], key[2]) and not PRE.match(v))
    if not stated and stable:
        stated = {"group": key[0], "version": stable[-1], "kind": key[2]}
    if stated:
        row["replacement"] = {c: stated.get(c, "") for c in ("group", "version", "kind")}
    return row


def fold_lifecycles(doc, up):
    """
    Alpha and beta kinds, as the minor states them; what it no longer declares stays as it was. A
    pre-release brings new kinds, and changes nothing that a release has stated.
    """
    preliminary = "-" in up.version
    by_key = {(r["group"], r["version"], r["kind"]): r for r in doc["lifecycle"]}
    for package in up.packages.values():
        if not PRE.match(package["version"]):
            continue
        for kind, life in sorted(package["lifecycle"].items()):
            key = (package["group"], package["version"], kind)
            if kind.endswith("List") and kind[:-4] in package["lifecycle"]:
                continue
            if not preliminary or by_key.get(key, {}).get("introduced") in (None, f"1.{up.minor}"):
                by_key[key] = lifecycle_row(key, life, by_key.get(key, {}), up)
    for row in by_key.values():
        if not preliminary and row.get("scheduled") and facts.minor(row["removed"]) <= up.minor:
            del row["scheduled"]
    doc["lifecycle"] = sorted(by_key.values(), key=lambda r: (facts.minor(r.get("removed", "1.999")), r["group"],
                                                             r["version"], r["kind"]))
