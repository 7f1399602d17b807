#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hold what policy/catalogue knows of a minor against lists that Kubernetes itself keeps.

    tools/catalogue/check.py 1.38          # or a release of it

  stages    the versioned list of feature gates in Kubernetes' own tests
  apis      the discovery documents: alpha kinds that are served
  paths     the OpenAPI document: every gated field stands there
  objects   the filled objects of k8s.io/api, one of each kind with every field set, judged by the
            program itself: every alpha field is found (0 missed), nothing else is (0 invented). What
            is alpha in them is read by a second reader, from the text of the types.

Exit status: 0, or 1 when one of them differs.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

import facts
import modules
from slice import ALPHA, OPTIONS

GUARD = os.path.join(facts.ROOT, os.environ.get("BUILD", "build"), "oke-guard")


def read_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def say(name, checked, problems):
    print(f"  {name}: {checked}; {len(problems)} differ" if problems else f"  {name}: {checked}")
    for p in problems[:40]:
        print(f"    {p}")
    return len(problems)


# ---- stages ----

def listed_stages(mods, minor):
    """{gate: (stage, default)} of the minor, by the list of Kubernetes' tests."""
    path = os.path.join(mods["kubernetes"], "test/compatibility_lifecycle/reference/versioned_feature_list.yaml")
    with open(path, encoding="utf-8") as f:
        rows = yaml.load(f, Loader=yaml.CSafeLoader)
    out = {}
    for row in rows:
        specs = [s for s in row["versionedSpecs"] if facts.minor(s["version"]) <= minor and "minCompatibilityVersion" not in s]
        if specs:
            last = max(specs, key=lambda s: facts.minor(s["version"]))
            out[row["name"]] = (last["preRelease"].lower() or "ga", last["default"])
    return out


def known_stages(minor):
    out = {}
    for name, g in facts.load("gates.yaml")["gates"].items():
        if facts.minor(g["from"]) > minor or ("gone" in g and facts.minor(g["gone"]) <= minor):
            continue
        words = [s.split() for s in g["stages"] if facts.minor(s.split()[0]) <= minor]
        if words and len(words[-1]) > 2:
            out[name] = (words[-1][1], words[-1][2] == "on")
    return out


# The list names these by their identifier in Go, not as the components do.
IDENTIFIERS = {"CPUCFSQuotaPeriod": "CustomCPUCFSQuotaPeriod", "RuntimeClassInImageCriAPI": "RuntimeClassInImageCriApi"}
# Known to every binary, and registered apart from the list.
APART = {"AllAlpha", "AllBeta"}


def check_stages(listed, minor):
    known = known_stages(minor)
    _, rows = facts.table("matrix.tsv")
    registered = {r["gate"] for r in rows if r[f"1.{minor}"] != "-"}
    named = {IDENTIFIERS.get(n, n): s for n, s in listed.items()}
    problems = [f"{n}: listed as {s}, known as {known.get(n)}" for n, s in sorted(named.items()) if known.get(n) != s]
    unlisted = sorted(registered - set(named) - APART)
    return say("stages", f"{len(named)} gates compared, {len(unlisted)} stand in no list ({', '.join(unlisted) or 'none'})", problems)


# ---- APIs ----

def gvk_of(doc):
    group, _, version = ("/" + doc["apiVersion"]).rpartition("/")
    return group.lstrip("/"), version, doc["kind"]


def served(mods):
    """{(group, version, kind): resource}"""
    out = {}
    for path in glob.glob(os.path.join(mods["kubernetes"], "api/discovery/*.json")):
        doc = read_json(path)
        if doc.get("kind") != "APIResourceList":
            continue
        group, _, version = doc["groupVersion"].rpartition("/")
        out |= {(group, version, r["kind"]): r["name"] for r in doc["resources"] if "/" not in r["name"]}
    return out


def check_apis(mods, minor):
    want = {k for k in served(mods) if ALPHA.match(k[1])}
    have = {(k["group"], k["version"], k["kind"]) for k in facts.load("apis.yaml")["kinds"] if minor in facts.minors(k["served_in"])}
    problems = [f"not known: {' '.join(k)}" for k in sorted(want - have)] + \
               [f"not served: {' '.join(k)}" for k in sorted(have - want)]
    return say("apis", f"{len(want)} alpha kinds are served", problems)


# ---- paths ----

class OpenAPI:
    def __init__(self, mods):
        self.definitions = read_json(os.path.join(mods["kubernetes"], "api/openapi-spec/swagger.json"))["definitions"]
        self.kinds = {}
        for d in self.definitions.values():
            for k in d.get("x-kubernetes-group-version-kind", []):
                self.kinds.setdefault((k["group"], k["version"], k["kind"]), d)

    def kind(self, gvk):
        group, version, kind = gvk
        return self.kinds.get(("", "v1", kind) if group == "meta.k8s.io" else (group, version, kind))

    def resolve(self, node):
        while "$ref" in node:
            node = self.definitions[node["$ref"].rpartition("/")[2]]
        return node

    def has(self, node, path):
        for step in re.findall(r"\[\*\]|[^.\[\]]+", path):
            node = self.resolve(node)
            if step == "[*]":
                node = node.get("items")
            elif step == "{*}":
                node = node.get("additionalProperties")
            else:
                node = node.get("properties", {}).get(step)
            if node is None:
                return False
        return True


def check_paths(mods, minor):
    api, problems, n, without = OpenAPI(mods), [], 0, set()
    _, rows = facts.table("fields.tsv")
    for r in rows:
        gvk = (r["group"], r["version"], r["kind"])
        if minor not in facts.minors(r["minors"]):
            continue
        node = api.kind(gvk)
        if node is None and gvk in OPTIONS:
            without.add(r["kind"])
            continue
        n += 1
        if node is None or not api.has(node, r["path"]):
            problems.append(f"{' '.join(gvk)} {r['path']}")
    return say("paths", f"{n} gated fields resolve, {len(without)} kinds of options have no document", problems)


# ---- filled objects, and the second reader ----

STRUCT = re.compile(r"^type (\w+) struct \{(.*?)^\}", re.M | re.S)
FIELD = re.compile(r"^\s+(?:(\w+)\s+)?([\w.*\[\]{}]+)\s+`[^`]*json:\"([^\"]*)\"")
IMPORT = re.compile(r'^\s*(?:import\s+)?(?:(\w+) )?"(k8s\.io/(?:api|apimachinery/pkg/apis|apiextensions-apiserver/pkg/apis)/[^"]+)"', re.M)
NAMED = re.compile(r"^type (\w+) ((?:\[\]|map\[[\w.]+\])[\w.*]+)$", re.M)


class Types:
    """The types of k8s.io/api as text: {struct: [(json name, type, gates)]}."""

    def __init__(self, mods):
        self.structs, self.named = {}, {}
        for module, folder in (("api", ""), ("apimachinery", "pkg/apis"), ("apiextensions-apiserver", "pkg/apis")):
            base = os.path.join(mods[module], folder)
            for path in sorted(glob.glob(os.path.join(base, "*", "v*", "*.go"))):
                key = os.path.relpath(os.path.dirname(path), base)
                with open(path, encoding="utf-8") as f:
                    self.read(key, f.read())

    def read(self, key, text):
        names = {alias or path.rpartition("/")[2]: "/".join(path.split("/")[-2:]) for alias, path in IMPORT.findall(text)}
        for name, under in NAMED.findall(text):
            self.named[f"{key}.{name}"] = self.qualified(key, names, under)
        for name, body in STRUCT.findall(text):
            self.structs[f"{key}.{name}"] = list(self.fields(key, names, body))

    def fields(self, key, names, body):
        gates = []
        for line in body.splitlines():
            marker = re.match(r"^\s*//\s*\+featureGate=(.*)$", line)
            field = FIELD.match(line)
            if marker:
                gates += [g.strip() for g in marker.group(1).split(",")]
            elif field:
                json_name, _, options = field.group(3).partition(",")
                yield json_name if "inline" not in options else "", self.qualified(key, names, field.group(2)), gates
                gates = []
            elif line.strip() and not line.strip().startswith("//"):
                gates = []

    @staticmethod
    def qualified(key, names, text):
        """'[]*Container' to 'core/v1.Container': what holds it does not matter here."""
        text = re.sub(r"map\[[\w.]+\]|\[\]|\*", "", text)
        package, _, name = text.rpartition(".")
        return f"{names.get(package, '?') if package else key}.{name}"

    def ref(self, name):
        for _ in range(8):
            if name not in self.named:
                return name
            name = self.named[name]
        return name

    def uses(self, struct, value, path=""):
        """(path, gates, struct and field) of all that stands in an object and is marked, or may be."""
        for name, type_name, gates in self.structs.get(struct, []):
            ref = self.ref(type_name)
            if not name:
                yield from self.uses(ref, value, path)
                continue
            if name not in value:
                continue
            at = f"{path}.{name}".lstrip(".")
            yield at, gates, (struct, name)
            for below, part in parts(value[name], at):
                yield from self.uses(ref, part, below)


def parts(value, path):
    """The objects in a value: itself, its items, the values of a map are tried too."""
    if isinstance(value, list):
        for item in value:
            yield from parts(item, path + "[*]")
    elif isinstance(value, dict):
        yield path, value
        for key, item in value.items():
            if isinstance(item, dict):
                yield f"{path}.{key}", item


def judged(files, minor):
    """{file: [(rule, path)]}, as the program finds them."""
    done = subprocess.run([GUARD, "check", "--kubernetes", f"1.{minor}", "-o", "json", "--fail-on", "deny", *files],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"check: oke-guard check: {done.stderr.strip()}")
    out = {}
    for f in json.loads(done.stdout)["findings"]:
        if f["policy"] == "alpha":
            out.setdefault(f["file"], []).append((f["rule"], re.sub(r"\[[^\]]*\]", "[*]", f["path"])))
    return out


def status_reviews(files, resources):
    """One review for each member of each status, written through the status subresource: (file, review)."""
    for path in files:
        doc = read_json(path)
        group, version, kind = gvk_of(doc)
        if (group, version, kind) not in resources or not isinstance(doc.get("status"), dict):
            continue
        old = {k: v for k, v in doc.items() if k != "status"}
        for member, value in doc["status"].items():
            yield path, {
                "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                "request": {
                    "uid": "1", "operation": "UPDATE", "subResource": "status", "userInfo": {"username": "somebody"},
                    "kind": {"group": group, "version": version, "kind": kind},
                    "resource": {"group": group, "version": version, "resource": resources[group, version, kind]},
                    "name": doc["metadata"]["name"], "namespace": doc["metadata"].get("namespace", ""),
                    "object": {**old, "status": {member: value}}, "oldObject": old}}


def judged_status(files, resources, minor):
    """{file: {path}}: what the program says of the statuses, as the audit annotation lists it."""
    reviews, out = list(status_reviews(files, resources)), {}
    with tempfile.TemporaryDirectory() as folder:
        config, lines = os.path.join(folder, "config.yaml"), os.path.join(folder, "reviews.jsonl")
        with open(config, "w", encoding="utf-8") as f:
            f.write("apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: check}\n"
                    f"spec: {{cluster: {{kubernetes: \"1.{minor}\"}}}}\n")
        with open(lines, "w", encoding="utf-8") as f:
            f.write("".join(json.dumps(review) + "\n" for _, review in reviews))
        done = subprocess.run([GUARD, "review", "-o", "json", "--config", config, lines], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    answers = done.stdout.splitlines()
    if done.returncode not in (0, 1) or len(answers) != len(reviews):
        sys.exit(f"check: oke-guard review: {done.stderr.strip()}")
    for (path, _), answer in zip(reviews, answers):
        notes = json.loads(answer)["response"].get("auditAnnotations", {})
        if "alpha/fields" in notes.get("policy", ""):
            out.setdefault(path, set()).update(re.sub(r"\[[^\]]*\]", "[*]", p) for p in notes["paths"].split(", "))
    return out


def expected(types, reader, stages, minor, doc, struct):
    """The paths of alpha fields in a filled object; what a reader found stands in by-reader.yaml."""
    out = set()
    for path, gates, field in types.uses(struct, doc):
        known = [g for g in gates if g in stages]
        for r in reader.get(field, []) if not known else []:
            if facts.minor(r["from"]) <= minor and ("under" not in r or re.search(r["under"], path.rpartition(".")[0])):
                known += [g for g in r["gates"] if g in stages]
        if any(stages[g][0] == "alpha" for g in known):
            out.add(path)
    return out


def check_objects(mods, listed, minor):
    types, reader, kinds = Types(mods), {}, served(mods)
    stages = {IDENTIFIERS.get(n, n): s for n, s in listed.items()}
    for r in facts.load("by-reader.yaml")["fields"]:
        reader.setdefault((r["struct"], r["field"]), []).append(r)
    files = sorted(p for p in glob.glob(os.path.join(mods["api"], "testdata/HEAD/*.json")) if "apiVersion" in read_json(p))
    found, statuses, problems, n = judged(files, minor), judged_status(files, kinds, minor), [], 0
    totals = {"missed": 0, "invented": 0}
    for path in files:
        doc = read_json(path)
        gvk = gvk_of(doc)
        if gvk not in kinds:
            continue
        want = expected(types, reader, stages, minor, doc, struct_of(gvk))
        have = {p for rule, p in found.get(path, []) if rule == "fields"} | statuses.get(path, set())
        n += len(want)
        for word, paths in (("missed", want - have), ("invented", have - want)):
            totals[word] += len(paths)
            problems += [f"{word}: {' '.join(gvk)} {p}" for p in sorted(paths)]
        if ALPHA.match(gvk[1]) and "versions" not in {rule for rule, _ in found.get(path, [])}:
            problems.append(f"missed: {' '.join(gvk)}: an alpha version")
    return say("objects", f"{len(files)} filled objects, {n} alpha fields: {totals['missed']} missed, {totals['invented']} invented",
               problems)


def struct_of(gvk):
    """The struct of a kind: packages are named after the first part of their group."""
    group, version, kind = gvk
    first = group.split(".")[0] or "core"
    folder = {"internal": "apiserverinternal"}.get(first, first)
    return f"{folder}/{version}.{kind}"


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    version = modules.newest(sys.argv[1])
    minor, mods = facts.minor(version), modules.fetch(version)
    print(f"Kubernetes {version}: checking the facts of 1.{minor}")
    if subprocess.call(["make", "--no-print-directory", "-s", "all"], cwd=facts.ROOT, stdout=subprocess.DEVNULL):
        sys.exit("check: the program does not build with these facts")
    listed = listed_stages(mods, minor)
    bad = check_stages(listed, minor) + check_apis(mods, minor) + check_paths(mods, minor) + check_objects(mods, listed, minor)
    print("all checks pass" if not bad else f"{bad} differences: not to be released like this")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
