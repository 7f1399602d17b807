# SPDX-License-Identifier: Apache-2.0
"""What one minor of Kubernetes states, from its sources (upstream/, a Go program, prints them).

A slice is a set of rows of the kind that policy/catalogue holds, for that minor alone. Markers
(`+featureGate`) in the types are the ground; policy/catalogue/by-reader.yaml adds what no marker
states, as long as its evidence still names the gate.
"""
import json
import os
import re

import facts

STAGES = {"alpha": "A", "beta": "B", "ga": "G", "deprecated": "D"}
# Kinds that come as options of a request, and stand in no discovery document.
OPTIONS = [("meta.k8s.io", "v1", f"{verb}Options") for verb in ("Create", "Delete", "List", "Patch", "Update")]
OPTIONS += [("", "v1", f"{what}Options") for what in ("PodLog", "PodExec", "PodAttach", "PodPortForward",
                                                      "PodProxy", "NodeProxy", "ServiceProxy")]
ALPHA = re.compile(r"^v\d+alpha\d+$")
PRE = re.compile(r"^v\d+(alpha|beta)\d+$")


class Upstream:
    """The facts of one release, and its modules' folders."""

    def __init__(self, minor, version, printed, modules):
        self.minor, self.version, self.modules = minor, version, modules
        self.gates, self.kubeadm = printed["gates"], printed["kubeadm"]
        self.packages = printed["packages"]
        self.by_version = {(p["group"], p["version"]): key for key, p in self.packages.items() if p["version"]}
        self.served, self.resources = self.read_discovery()

    def read_discovery(self):
        """({(group, version, kind)}, {the same: resource}) with every API switched on."""
        served, resources = set(), {}
        folder = os.path.join(self.modules["kubernetes"], "api", "discovery")
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".json"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                doc = json.load(f)
            if doc.get("kind") != "APIResourceList":
                continue
            group, _, version = ("/" + doc["groupVersion"]).rpartition("/")
            for r in doc["resources"]:
                key = (r.get("group", group.lstrip("/")), r.get("version", version), r["kind"])
                served.add(key)
                if "/" not in r["name"]:
                    resources[key] = r["name"]
        return served, resources

    def spec(self, name):
        """What a gate is in this minor: the last line of its history that is not later."""
        gate = self.gates.get(name)
        fits = [s for s in gate["specs"] if s["minor"] <= self.minor and not s["compat"]] if gate else []
        return max(fits, key=lambda s: s["minor"]) if fits else None

    def known(self, name):
        return self.spec(name) is not None

    def stage(self, name):
        spec = self.spec(name)
        return spec["stage"] if spec else ""

    def cell(self, name):
        """As in matrix.tsv: A0, B1, G1L, or -."""
        s = self.spec(name)
        if not s:
            return "-"
        return STAGES[s["stage"]] + str(int(s["default"])) + ("L" if s["locked"] else "")

    def names_gate(self, evidence, gate):
        """Does the file that a reader named still name the gate?"""
        path = evidence
        module = "kubernetes"
        m = re.match(r"staging/src/k8s\.io/([^/]+)/(.*)", evidence)
        if m:
            module, path = m.groups()
        path = os.path.join(self.modules.get(module, "/nonexistent"), path)
        if not os.path.isfile(path):
            return False
        with open(path, encoding="utf-8") as f:
            text = f.read()
        return gate in text

    def struct(self, group, version, kind):
        key = self.by_version.get((group, version))
        return f"{key}.{kind}" if key and kind in self.packages[key]["structs"] else None

    def fields(self, struct):
        key, _, name = struct.rpartition(".")
        package = self.packages.get(key)
        return (package["structs"].get(name) or []) if package else []


def held(type_):
    """Behind a field's path, to what it holds: "[*]" of a list, ".{*}" of a map."""
    return "".join(s if s == "[*]" else "." + s for s in type_.get("steps") or [])


class Slice:
    def __init__(self, up, reader):
        self.up = up
        self.markers, self.elsewhere = {}, []
        self.by_reader, self.unproven = {}, []
        self.read_markers()
        self.read_reader(reader)
        self.rows, self.paths, self.places = {}, set(), {}
        for group, version, kind in sorted(up.served) + OPTIONS:
            root = up.struct(group, version, kind)
            if root and not kind.endswith("List"):
                self.expand((group, version, kind), root, "", (root,), ())

    # ---- which fields are guarded ----

    def read_markers(self):
        for key, package in self.up.packages.items():
            if not package["version"]:
                continue
            for name, fields in package["structs"].items():
                for f in fields or []:
                    gates = [g for g in f.get("gates", []) if self.up.known(g)]
                    if gates:
                        self.markers[f"{key}.{name}", f["name"]] = sorted(gates)
        self.find_elsewhere()

    def find_elsewhere(self):
        """Markers of the internal types that no served version of the same field carries."""
        for key, package in self.up.packages.items():
            if package["version"]:
                continue
            for name, fields in package["structs"].items():
                for f in fields or []:
                    gates = [g for g in f.get("gates", []) if self.up.known(g)]
                    for struct, json_name in self.twins(key, name, f["go"]) if gates else []:
                        if (struct, json_name) not in self.markers:
                            self.elsewhere.append((struct, json_name, sorted(gates)))

    def twins(self, key, name, go):
        for other, package in self.up.packages.items():
            if package["version"] and other.split("/")[0] == key:
                for f in package["structs"].get(name) or []:
                    if f["go"] == go:
                        yield f"{other}.{name}", f["name"]

    def read_reader(self, reader):
        for r in reader["fields"]:
            gates = [g for g in r["gates"] if self.up.known(g)]
            marked = (r["struct"], r["field"]) in self.markers and "under" not in r
            if not gates or facts.minor(r["from"]) > self.up.minor or marked:
                continue
            if any(self.up.stage(g) != "ga" for g in gates) and \
                    not any(self.up.names_gate(r["evidence"], g) for g in gates):
                self.unproven.append(r)
            self.by_reader.setdefault((r["struct"], r["field"]), []).append({**r, "gates": sorted(gates)})

    def gates_of(self, struct, field, path):
        rows = [r for r in self.by_reader.get((struct, field), []) if "under" not in r or re.search(r["under"], path)]
        for r in rows:
            if "under" in r: # in one place guarded otherwise than the marker says
                return r["gates"]
        if (struct, field) in self.markers:
            return self.markers[struct, field]
        return rows[0]["gates"] if rows else []

    # ---- from kinds to paths ----

    def expand(self, gvk, struct, path, chain, above):
        for f in self.up.fields(struct):
            inline = not f["name"]
            at = path if inline else f"{path}.{f['name']}".lstrip(".")
            gates = [] if inline else self.gates_of(struct, f["name"], path)
            self.paths.add((*gvk, at))
            self.places.setdefault((struct, f["name"]), []).append((*gvk, at + held(f["type"])))
            if gates:
                self.rows[(*gvk, at)] = {"gates": gates, "parent_gates": [g for g in above if g not in gates],
                                         "where": self.where(gvk, at), "struct": struct, "field": f["name"]}
            ref = f["type"].get("ref", "")
            if not ref or ref in chain:
                continue
            self.expand(gvk, ref, at + held(f["type"]), (*chain, ref), (*above, *(g for g in gates if g not in above)))

    @staticmethod
    def where(gvk, path):
        if gvk in OPTIONS:
            return "options"
        return "status" if path.split(".")[0].split("[")[0] == "status" else "object"

    def alpha(self, gates):
        return any(self.up.stage(g) == "alpha" for g in gates)

    def values(self, reader):
        """{(group, version, kind, path, value, gate): gate_off} of by-reader.yaml, in this minor."""
        out = {}
        for v in reader["values"]:
            if not self.up.known(v["gate"]) or facts.minor(v["from"]) > self.up.minor:
                continue
            if self.up.stage(v["gate"]) != "ga" and not self.up.names_gate(v["evidence"], v["gate"]):
                self.unproven.append({**v, "gates": [v["gate"]]})
            for place in self.places.get((v["struct"], v["field"]), []):
                if v["gate"] in self.rows.get(place, {}).get("gates", []):
                    continue # there the field itself is guarded
                out |= {(*place, str(value), v["gate"]): v.get("gate_off", "") for value in v["values"]}
        return out

    def carry(self, before):
        """
        A marker goes when its gate is ga; the field stays guarded as long as the gate is known.
        before: the rows of the minor before this one. Those carried are added, and returned.
        """
        carried = {}
        for row in before:
            key = (row["group"], row["version"], row["kind"], row["path"])
            gates = row["gates"].split(",")
            if key in self.rows or key not in self.paths or not all(self.up.known(g) for g in gates):
                continue
            carried[key] = {"gates": gates, "parent_gates": row["parent_gates"].split(","),
                            "where": row["where"], "struct": "", "field": key[3]}
        self.rows.update(carried)
        return carried
