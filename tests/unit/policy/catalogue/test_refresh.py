#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `make refresh` makes of a minor's sources: from facts as the Go program prints them to rows.

The refresh checks itself against Kubernetes when it runs, over the network. Here is what needs none.
"""
import copy
import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "tools" / "catalogue"))
import cut  # noqa: E402
import facts  # noqa: E402
import merge  # noqa: E402
import modules  # noqa: E402
import refresh  # noqa: E402
import slice as slices  # noqa: E402


def spec(minor, stage, on, locked=False, compat=False):
    return {"minor": minor, "stage": stage, "default": on, "locked": locked, "compat": compat}


def gate(*specs, **more):
    return {"specs": list(specs), "kep": 0, "requires": None, "components": ["kubelet"], **more}


def field(name, *gates, ref="", steps=None):
    return {"name": name, "go": name.title(), "gates": list(gates), "type": {"ref": ref, "steps": steps or []}}


PACKAGE = {"group": "apps", "version": "v1", "constants": [], "lifecycle": {}, "structs": {
    "Thing": [field("spec", ref="apps/v1.Spec"), field("status", ref="apps/v1.Status")],
    "Spec": [field("plain"), field("items", "Marked", ref="apps/v1.Item", steps=["[*]"]), field("gone", "Unknown"),
             field("labels", ref="apps/v1.Item", steps=["{*}"]), field("found"), field("was")],
    "Item": [field("inner", "Inner"), field("again", ref="apps/v1.Item")],
    "Status": [field("seen", "Marked")]}}
GATES = {"Marked": gate(spec(30, "alpha", False), spec(31, "beta", True)), "Inner": gate(spec(31, "alpha", False)),
         "Later": gate(spec(32, "alpha", False)), "Found": gate(spec(31, "alpha", False)),
         "Was": gate(spec(28, "alpha", False), spec(31, "ga", True, True)),
         "Compat": gate(spec(31, "beta", False), spec(31, "beta", True, compat=True))}
READER = {"fields": [{"struct": "apps/v1.Spec", "field": "found", "gates": ["Found"], "from": "1.31", "gate_off": "dropped",
                      "evidence": "pkg/drop.go"}],
          "values": [{"struct": "apps/v1.Spec", "field": "plain", "values": ["Loud", 0], "gate": "Found", "from": "1.31",
                      "gate_off": "rejected", "evidence": "pkg/drop.go"}]}


class Sources(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-refresh-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "api" / "discovery").mkdir(parents=True)
        (self.folder / "api" / "discovery" / "apis__apps__v1.json").write_text(json.dumps(
            {"kind": "APIResourceList", "groupVersion": "apps/v1",
             "resources": [{"name": "things", "kind": "Thing"}, {"name": "things/status", "kind": "Thing"}]}))
        (self.folder / "pkg").mkdir()
        self.evidence = self.folder / "pkg" / "drop.go"
        self.evidence.write_text("if !Enabled(features.Found) {")

    def slice(self, minor=31, gates=None, reader=None):
        printed = {"gates": gates or GATES, "kubeadm": {}, "packages": {"apps/v1": copy.deepcopy(PACKAGE)}}
        up = slices.Upstream(minor, f"1.{minor}.0", printed, {"kubernetes": str(self.folder)})
        return slices.Slice(up, copy.deepcopy(reader or READER))

    def test_markers_become_paths(self):
        rows = {key[3]: (row["gates"], row["parent_gates"], row["where"]) for key, row in self.slice().rows.items()}
        self.assertEqual(rows, {
            "spec.items": (["Marked"], [], "object"), "spec.items[*].inner": (["Inner"], ["Marked"], "object"),
            "spec.labels.{*}.inner": (["Inner"], [], "object"), "spec.found": (["Found"], [], "object"),
            "status.seen": (["Marked"], [], "status")})

    def test_a_stage_is_that_of_the_minor(self):
        up = self.slice().up
        self.assertEqual([up.cell(g) for g in ("Marked", "Inner", "Later", "Was", "Nobody")], ["B1", "A0", "-", "G1L", "-"])
        self.assertEqual(up.cell("Compat"), "B0", "what holds only without compatibility is no default")
        self.assertEqual(self.slice(30).up.cell("Marked"), "A0")

    def test_a_field_goes_on_while_its_gate_is_known(self):
        sl = self.slice()
        row = {"group": "apps", "version": "v1", "kind": "Thing", "parent_gates": "", "where": "object"}
        carried = sl.carry([{**row, "path": "spec.was", "gates": "Was"}, {**row, "path": "spec.nowhere", "gates": "Was"},
                            {**row, "path": "spec.plain", "gates": "Nobody"}])
        self.assertEqual([key[3] for key in carried], ["spec.was"])

    def test_rows_begin_go_on_and_end(self):
        columns = ("group", "version", "kind", "path", "minors", "alpha_in", "gates", "parent_gates", "where", "gate_off", "gate_on")
        rows = [dict(zip(columns, line)) for line in (
            ("apps", "v1", "Thing", "spec.items", "1.30", "1.30", "Marked", "", "object", "", ""),
            ("apps", "v1", "Thing", "spec.away", "1.30", "1.30", "Gone", "", "object", "", ""))]
        ask = merge.Ask()
        out = {r["path"]: (r["minors"], r["alpha_in"], r["gate_off"]) for r in
               merge.fold_fields(rows, self.slice(), {("found", ("Found",)): "dropped"}, ask)}
        self.assertEqual(out["spec.items"], ("1.30-1.31", "1.30", ""))
        self.assertEqual(out["spec.away"], ("1.30", "1.30", ""))
        self.assertEqual(out["spec.found"], ("1.31", "1.31", "dropped"))
        self.assertEqual(ask.questions, {})

    def test_values_come_from_the_reader(self):
        rows = merge.fold_values([], self.slice(), READER)
        self.assertEqual({(r["path"], r["value"], r["minors"], r["alpha_in"], r["gate_off"]) for r in rows},
                         {("spec.plain", "Loud", "1.31", "1.31", "rejected"), ("spec.plain", "0", "1.31", "1.31", "rejected")})

    def test_evidence_that_went_is_asked_about(self):
        self.evidence.write_text("nothing")
        ask = merge.Ask()
        merge.ask_evidence(self.slice(), ask)
        self.assertIn("pkg/drop.go no longer names Found", ask.questions["by-reader.yaml"][0])

    def test_what_is_new_without_a_marker_is_asked_about(self):
        before = {"apps/v1": copy.deepcopy(PACKAGE)}
        before["apps/v1"]["structs"]["Spec"] = [f for f in PACKAGE["structs"]["Spec"] if f["name"] not in ("plain", "found")]
        ask = merge.Ask()
        merge.ask_new(self.slice(), before, READER, ask)
        self.assertEqual(ask.questions, {"fields": ["apps/v1.Spec.plain is new and without a marker: does a gate guard it?"]})

    def test_gates_begin_change_and_go(self):
        doc = {"gates": {"Marked": {"stages": ["1.30 alpha off"], "from": "1.30"},
                         "Left": {"stages": ["1.30 alpha off"], "from": "1.30"},
                         "Told": {"stages": ["1.20 alpha off"], "from": "1.20"}}, "kubeadm": {}}
        merge.fold_gates(doc, self.slice().up, {"Marked", "Left"}, merge.Ask())
        self.assertEqual(doc["gates"]["Marked"]["stages"], ["1.30 alpha off", "1.31 beta on"])
        self.assertEqual(doc["gates"]["Left"]["gone"], "1.31")
        self.assertNotIn("gone", doc["gates"]["Told"], "known from documentation alone")
        self.assertEqual(doc["gates"]["Inner"], {"stages": ["1.31 alpha off"], "from": "1.31", "components": ["kubelet"]})
        again = copy.deepcopy(doc)
        merge.fold_gates(again, self.slice().up, {"Marked", "Left", "Inner"}, merge.Ask())
        self.assertEqual(again, doc, "a second time changes nothing")


class Facts(unittest.TestCase):
    """What stands in policy/catalogue."""

    def test_is_as_the_refresh_writes_it(self):
        for name, lines in refresh.lines_of(refresh.load()).items():
            self.assertEqual((ROOT / "policy" / "catalogue" / name).read_text(encoding="utf-8").splitlines(), lines, name)

    def test_can_be_cut_to_an_older_minor(self):
        docs = refresh.load()
        newest = max(facts.minor(m) for m in docs["releases.yaml"])
        cut.cut(docs, newest - 1)
        left = "\n".join(line for name, lines in refresh.lines_of(docs).items() if name != "apis.yaml" for line in lines
                         if not line.startswith("#"))
        for word in (f"-1.{newest}", f"1.{newest} ", f"gone: '1.{newest}'"):
            self.assertNotIn(word, left)

    def test_the_reader_names_gates_that_there_are(self):
        gates = facts.load("gates.yaml")["gates"]
        reader = facts.load("by-reader.yaml")
        for row in reader["fields"]:
            self.assertLessEqual(set(row["gates"]), set(gates), row)
        self.assertLessEqual({row["gate"] for row in reader["values"]}, set(gates))


class Small(unittest.TestCase):
    def test_ranges(self):
        for text in ("", "1.24", "1.24-1.26", "1.24-1.26,1.29", "1.30,1.32-1.33"):
            self.assertEqual(facts.ranges(facts.minors(text)), text)

    def test_the_order_of_versions(self):
        rising = ["v1.37.2", "v1.38.0-alpha.3", "v1.38.0-beta.0", "v1.38.0-rc.1", "v1.38.0", "v1.38.10"]
        self.assertEqual(sorted(reversed(rising), key=modules.order), rising)
        self.assertIsNone(modules.order("v0.38.0"))

    def test_an_archive_holds_its_module_alone(self):
        import zipfile
        with tempfile.TemporaryDirectory(prefix="oke-guard-refresh-") as folder:
            archive = pathlib.Path(folder) / "m.zip"
            for entry, good in (("k8s.io/api@v0.1.0/a.go", True), ("k8s.io/api@v0.1.0/../../b.go", False), ("/etc/c", False),
                                ("other@v1/d.go", False)):
                with zipfile.ZipFile(archive, "w") as z:
                    z.writestr(entry, "package a")
                target = pathlib.Path(folder) / "out" / "k8s.io" / "api@v0.1.0"
                if good:
                    modules.unpack(str(archive), "k8s.io/api@v0.1.0", str(target))
                    self.assertEqual((target / "a.go").read_text(), "package a")
                else:
                    with self.assertRaises(SystemExit):
                        modules.unpack(str(archive), "k8s.io/api@v0.1.0", str(target) + "2")


if __name__ == "__main__":
    unittest.main()
