# SPDX-License-Identifier: Apache-2.0
"""`oke-guard scan` as a program: live and from files, its forms, its exit status, and bad input."""
import json
import os
import re
import stat
import subprocess
import unittest
import xml.etree.ElementTree

import jsonschema

from cases import APPS, FORBIDDEN, budget, made, set_image, use_alpha, webhook
from cluster import Cluster, container, obj, workload
from example import text as example
from harness import BUILD, DATA, REQUESTS, ROOT, Scan


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.scan = Scan()

    @classmethod
    def tearDownClass(cls):
        cls.scan.close()

    def bad(self):
        c = Cluster()
        set_image(c)
        use_alpha(c)
        budget(c, minAvailable=2)
        return c


class Live(Case):
    def test_live_is_its_own_dump(self):
        c = made("node-health", "finding")
        set_image(c)
        live = self.scan.report(c, "--dump", "kept")
        again = self.scan.run("--from", "kept", "-o", "json")
        self.assertEqual(("", ""), (live.err, again.err))
        self.assertEqual(live.out, again.out)
        self.assertEqual(live.status, again.status)
        file = self.scan.folder / "kept/inventory.jsonl"
        self.assertEqual(0o600, stat.S_IMODE(file.stat().st_mode))
        self.assertEqual(["inventory.jsonl"], os.listdir(self.scan.folder / "kept"))

    def test_what_is_asked(self):
        """The whole of it, in order; and never a Secret."""
        self.scan.report(Cluster(), "--dump", "asked")
        lines = (self.scan.folder / "asked/inventory.jsonl").read_text(encoding="utf-8").split("\n")
        asked = [(r["request"], r["path"]) for r in map(json.loads, filter(None, lines)) if "request" in r]
        self.assertEqual(REQUESTS[:37], asked[:37])
        self.assertEqual(sorted(REQUESTS), sorted(asked))
        self.assertNotIn("secrets", " ".join(path for _, path in asked))

    def test_one_namespace(self):
        c = self.bad()
        c.get("Deployment", "web", "shop")
        got = self.scan.report(c, "-n", "other", "--dump", "narrow")
        self.assertEqual(["component-drift"], [f["check"] for f in got.json["findings"]])
        text = (self.scan.folder / "narrow/inventory.jsonl").read_text(encoding="utf-8")
        self.assertIn('"/apis/apps/v1/namespaces/other/deployments"', text)
        self.assertIn('"/apis/apps/v1/namespaces/kube-system/deployments"', text)
        self.assertNotIn('"/apis/apps/v1/deployments"', text)
        got = self.scan.report(c, "-n", "shop")
        self.assertEqual({"component-drift", "alpha-fields", "disruption-budgets"},
                         {f["check"] for f in got.json["findings"]})

    def test_one_check_asks_for_what_it_needs(self):
        got = self.scan.report(self.bad(), "--check", "node-skew", "--dump", "one")
        self.assertEqual(["node-skew"], [c["id"] for c in got.json["checks"]])
        text = (self.scan.folder / "one/inventory.jsonl").read_text(encoding="utf-8")
        asked = [json.loads(line)["path"] for line in text.split("\n") if line.startswith('{"request"')]
        self.assertEqual(["/version", "/api/v1/nodes"], asked)

    def test_a_missing_right_is_named(self):
        c = Cluster()
        c.status[APPS] = FORBIDDEN
        got = self.scan.live(c)
        self.assertEqual(2, got.status)
        self.assertIn('- {apiGroups: ["apps"], resources: [deployments], verbs: [list]}', got.out)
        self.assertIn("component-missing      no right to read deployments", got.out)
        c = Cluster()
        c.status["/apis/policy/v1/poddisruptionbudgets"] = FORBIDDEN
        got = self.scan.live(c, "--check", "disruption-budgets")
        self.assertEqual(0, got.status)  # nothing unsupported can hide there
        self.assertEqual(2, self.scan.live(c, "--check", "disruption-budgets", "--strict").status)

    def test_an_api_server_that_dies(self):
        got = self.scan.live(Cluster(), SCAN_DIES_AFTER="9")
        self.assertEqual(2, got.status)
        self.assertIn("This scan is not whole: oke-guard-agent ended before it was done", got.out)
        self.assertIn("component-missing", got.out)
        c = Cluster()
        c.status[APPS] = (0, "connection", "connection refused")
        got = self.scan.live(c)
        self.assertEqual(2, got.status)
        self.assertIn("This scan is not whole: connection refused", got.out)

    def test_a_deadline(self):
        got = self.scan.live(Cluster(), "--deadline", "1", SCAN_SLEEPS="5")
        self.assertEqual(2, got.status)
        self.assertIn("the deadline was reached", got.out)

    def test_no_agent(self):
        (self.scan.folder / "alone").mkdir()
        os.link(self.scan.folder / "oke-guard", self.scan.folder / "alone/oke-guard")
        # One in the working directory is nobody's agent; nor is one in a relative folder of PATH.
        for path in ("", ".:", "relative:"):
            got = subprocess.run([self.scan.folder / "alone/oke-guard", "scan"], cwd=self.scan.folder, text=True,
                                 env={"PATH": path + "/nonexistent"}, capture_output=True, check=False)
            self.assertEqual(2, got.returncode)
            self.assertIn("neither beside oke-guard nor in PATH", got.stderr)
        got = subprocess.run([self.scan.folder / "alone/oke-guard", "scan"], text=True, capture_output=True, check=False,
                             cwd="/", env={"PATH": f"{self.scan.folder}:/usr/bin", "SCAN_CLUSTER": "/nonexistent"})
        self.assertIn("oke-guard-agent gave nothing", got.stderr)

    def test_a_dump_is_not_written_over(self):
        self.scan.report(Cluster(), "--dump", "once")
        got = self.scan.report(Cluster(), "--dump", "once")
        self.assertEqual(2, got.status)
        self.assertIn("a dump is in it already", got.err)

    def test_publish(self):
        got = self.scan.live(self.bad(), "--publish", "oke-guard/posture", "--fail-on", "never")
        self.assertEqual(0, got.status)
        told = json.loads((self.scan.folder / "published.json").read_text(encoding="utf-8"))
        self.assertEqual(["--namespace", "oke-guard", "--configmap", "posture"], told["args"])
        self.assertLessEqual(len(told["report"]), 65536)
        self.assertEqual("oke-guard.internal/posture", json.loads(told["report"])["format"])


class Files(Case):
    def test_plain_lists(self):
        c = self.bad()
        got = self.scan.from_lists(c, "-o", "json")
        self.assertEqual("", got.err)
        self.assertEqual({"component-drift", "alpha-fields", "disruption-budgets"},
                         {f["check"] for f in got.json["findings"]})
        self.assertEqual("v1.36.1", got.json["cluster"]["kubernetes"])

    def test_plain_yaml(self):
        import yaml
        c = self.bad()
        folder = self.scan.folder / "yaml"
        folder.mkdir(exist_ok=True)
        (folder / "all.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": c.objects}),
                                         encoding="utf-8")
        got = self.scan.run("--from", folder, "-o", "json", "--now", c.date)
        self.assertIn("component-drift", {f["check"] for f in got.json["findings"]})
        self.assertEqual("unknown", got.check("control-plane-version")["result"])

    def test_without_managed_fields(self):
        got = self.scan.from_lists(self.bad(), "-o", "json", managed=False)
        drift = got.check("component-drift")
        self.assertEqual("unknown", drift["result"])
        self.assertIn("dumped without managedFields", drift["reason"])
        self.assertIn("component-image", {f["check"] for f in got.json["findings"]})  # the image tells itself

    def test_what_is_not_in_the_lists_is_unknown_and_never_missing(self):
        c = Cluster()
        got = self.scan.from_lists(c, "-o", "json", without=("DaemonSet", "ConfigMap", "ControllerRevision"))
        self.assertEqual([], got.json["findings"])
        for check in ("component-missing", "component-image", "coredns-custom", "cni-guard"):
            self.assertNotEqual("pass", got.check(check)["result"], check)
        self.assertEqual(0, got.status)

    def test_a_dump_cut_in_half(self):
        folder = self.scan.dump(self.bad(), "half")
        text = (folder / "inventory.jsonl").read_text(encoding="utf-8")
        for at in (len(text) // 2, text.rindex('{"end"'), len(text) - 3):
            (folder / "inventory.jsonl").write_text(text[:at], encoding="utf-8")
            got = self.scan.run("--from", folder)
            self.assertEqual(2, got.status, at)
            self.assertIn("This scan is not whole", got.out)

    def test_a_dump_of_another_version(self):
        folder = self.scan.dump(Cluster(), "later")
        text = (folder / "inventory.jsonl").read_text(encoding="utf-8")
        (folder / "inventory.jsonl").write_text(text.replace('"inventory":1', '"inventory":2', 1), encoding="utf-8")
        got = self.scan.run("--from", folder)
        self.assertEqual(2, got.status)
        self.assertIn("later/inventory.jsonl:1: it is of format 2, and this program reads format 1", got.err)
        self.assertEqual("", got.out)

    def test_what_is_no_input(self):
        folder = self.scan.folder / "odd"
        folder.mkdir(exist_ok=True)
        for text, said in ((None, "No such file"), ("", "it is empty"), ("{", "cut in the middle, or no JSON"),
                           ('{"a":1}', "no dump of oke-guard and no Kubernetes object is in it"),
                           ('{"inventory":1}\nnonsense\n', "odd/x.json:2: it is no record"),
                           ('{"inventory":1}\n{"item":{"a":1},"a":"\xff"}\n', "odd/x.json:2:"),
                           ('{"kind":"List","apiVersion":"v1","items":[{"a":1},', "cut in the middle")):
            (folder / "x.json").unlink(missing_ok=True)
            if text is not None:
                (folder / "x.json").write_bytes(text.encode("latin-1"))
            got = self.scan.run("--from", folder / "x.json")
            self.assertEqual((2, ""), (got.status, got.out), text)
            self.assertIn(said, got.err)
            self.assertEqual(1, got.err.count("\n"))

    def test_an_object_that_is_too_large_is_told(self):
        folder = self.scan.dump(Cluster(), "large")
        text = (folder / "inventory.jsonl").read_text(encoding="utf-8")
        mark = '{"request":"list","path":"/apis/apps/v1/deployments"}\n'
        self.assertIn(mark, text)
        (folder / "inventory.jsonl").write_text(
            text.replace(mark, mark + '{"oversize":{"bytes":5242880}}\n'), encoding="utf-8")
        got = self.scan.run("--from", folder, "-o", "json")
        self.assertIn("larger than 4 MiB", got.check("component-image")["reason"])

    def test_objects_of_1_5_megabytes(self):
        c = Cluster()
        c.add(obj("v1", "ConfigMap", "coredns-custom", "kube-system", manager="kubectl",
                  data={"big.server": "#" * 1500000 + "\n{\n"}))
        web = workload("Deployment", "big", {"app": "big"}, {"containers": [
            container(f"c{i}", "image:1", env=[{"name": f"E{n}", "value": "x" * 100} for n in range(100)])
            for i in range(100)]}, "shop", manager="helm")
        c.add(web)
        got = self.scan.judge(c)
        self.assertEqual(("", 0), (got.err, got.status))
        self.assertEqual("finding", got.check("coredns-custom")["result"])

    def test_a_cluster_newer_than_all_that_is_known(self):
        for version in ("v1.38.0", "v1.45.2", "v1.9.1", "v2.0.0", "nonsense", ""):
            c = Cluster()
            c.version = version
            got = self.scan.judge(c)
            self.assertEqual("", got.err, version)
            self.assertNotEqual("pass", got.check("control-plane-version")["result"], version)
            self.assertEqual([], got.findings("alpha-fields"), version)

    def test_clocks_that_differ(self):
        c = Cluster()
        c.date = "2026-09-21T03:00:00Z"
        got = self.scan.judge(c)
        self.assertEqual("2026-09-21T03:00:00Z", got.json["time"])
        self.assertIn("clock is 18000 seconds ahead", " ".join(got.json["notes"]))

    def test_hostile_names_never_reach_a_terminal(self):
        c = Cluster()
        add = obj("rbac.authorization.k8s.io/v1", "ClusterRole", "a\u001b[31m\u202eb", manager="k\u001b", rules=[
            {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}])
        c.add(add)
        for form in ("text", "json", "junit", "sr", "html"):
            got = self.scan.run("--from", self.scan.dump(c), "-o", form)
            self.assertNotIn("\u001b", got.out, form)
            self.assertNotIn("\u202e", got.out, form)


class Forms(Case):
    def test_json_fits_its_schema(self):
        schema = json.loads((ROOT / "docs/scan.schema.json").read_text(encoding="utf-8"))
        for c in (Cluster(), self.bad(), made("node-skew", "finding"), made("component-drift", "unknown")):
            jsonschema.validate(self.scan.judge(c).json, schema)
        (self.scan.folder / "old.json").write_text(self.scan.judge(Cluster()).out, encoding="utf-8")
        jsonschema.validate(self.scan.judge(self.bad(), "--baseline", "old.json").json, schema)

    def test_junit(self):
        got = self.scan.run("--from", self.scan.dump(self.bad()), "-o", "junit")
        suite = xml.etree.ElementTree.fromstring(got.out)
        self.assertEqual(("39", "2"), (suite.get("tests"), suite.get("failures")))
        failed = [c.get("name") for c in suite if c.find("failure") is not None]
        self.assertEqual(["component-drift", "alpha-fields"], failed)
        got = self.scan.run("--from", self.scan.dump(self.bad()), "-o", "junit", "--fail-on", "never")
        self.assertEqual("0", xml.etree.ElementTree.fromstring(got.out).get("failures"))
        self.assertEqual(0, got.status)

    def masked(self):
        c = self.bad()
        web = c.get("Deployment", "web", "shop")
        web["metadata"]["name"] = "secret-project"
        c.add(webhook("dead"))
        sick = made("node-health", "finding").get("Node", "10.0.10.41")
        sick["metadata"]["name"] = "oke-cabc-n1-s2-0"
        c.add(sick)
        skewed = made("node-skew", "finding").get("Node", "10.0.10.21")
        c.add(skewed)
        c.add(obj("rbac.authorization.k8s.io/v1", "ClusterRole", "act-as", manager="kubectl", rules=[
            {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}]),
            obj("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "b", manager="kubectl",
                roleRef={"kind": "ClusterRole", "name": "act-as"},
                subjects=[{"kind": "User", "name": "ocid1.user.oc1..aaaaperson"}]))
        return c

    def test_sr_masks(self):
        c = self.masked()
        got = self.scan.run("--from", self.scan.dump(c), "-o", "sr")
        for hidden in ("secret-project", "oke-cabc-n1-s2-0", "10.0.10.", "aaaaperson", "aaaaold", "iad.ocir.io",
                       "axoxdievda5j", "shop", "prod-frankfurt"):
            self.assertNotIn(hidden, got.out, hidden)
        for shown in ("kube-system/coredns", "oke-public-coredns@sha256:1f1f", "kubectl-set", "v1.36.1",
                      "ocid1.user.<masked>", "<workload-1>"):
            self.assertIn(shown, got.out)
        got = self.scan.run("--from", self.scan.dump(c), "-o", "sr", "--names")
        for shown in ("secret-project", "aaaaperson", "iad.ocir.io"):
            self.assertIn(shown, got.out)

    def test_64_kib_whatever_the_cluster(self):
        c = self.masked()
        for i in range(1500):
            o = workload("Deployment", f"w{i}-" + "x" * 60, {"app": "w"}, {
                "containers": [container("c", "i:1", lifecycle={"stopSignal": "SIGUSR1"})]}, "shop", manager="helm")
            del o["metadata"]["managedFields"]
            c.add(o)
        folder = self.scan.dump(c)
        got = self.scan.run("--from", folder, "-o", "sr")
        self.assertLessEqual(len(got.out), 65536)
        self.assertRegex(got.out, r"and \d+ more")
        self.assertIn("Not known, or not seen", got.out)
        self.scan.live(c, "--publish", "a/b", "--fail-on", "never")
        told = json.loads((self.scan.folder / "published.json").read_text(encoding="utf-8"))["report"]
        self.assertLessEqual(len(told), 65536)
        self.assertGreater(len(told), 60000)
        report = json.loads(told)
        alpha = next(c for c in report["checks"] if c["id"] == "alpha-fields")
        self.assertEqual(1501, alpha["findings"])
        self.assertLess(alpha["shown"], 500)
        for entry in report["checks"]:
            self.assertEqual(entry["shown"], len([f for f in report["findings"] if f["check"] == entry["id"]]))
            if entry["findings"]:
                self.assertGreaterEqual(entry["shown"], 1, entry["id"])

    def test_html_is_one_file(self):
        got = self.scan.run("--from", self.scan.dump(self.masked()), "-o", "html")
        self.assertNotRegex(got.out, r"<script|<link|<img|\bsrc=|url\(|@import|\bhref=")
        self.assertIn("prefers-color-scheme:dark", got.out)
        self.assertEqual(got.out.count("<details"), got.out.count("</details>"))
        self.assertIn("secret-project", got.out)
        c = Cluster()
        c.name = "<script>alert(1)</script>"
        got = self.scan.run("--from", self.scan.dump(c), "-o", "html")
        self.assertNotIn("<script", got.out)

    def test_a_row_of_the_customers_own_is_never_red(self):
        got = self.scan.judge(self.masked())
        for row in got.json["rows"]:
            if row["responsible"] == "you":
                self.assertEqual("yours", row["state"])
        self.assertEqual(14, len(got.json["rows"]))

    def test_facts(self):
        c = made("pod-networks", "pass")
        got = self.scan.run("--from", self.scan.dump(c), "--facts")
        self.assertIn('cni: "vcn-native"  # DaemonSet kube-system/vcn-native-ip-cni', got.out)
        self.assertIn('kubernetes: "1.36"  # /version', got.out)
        self.assertIn('CoreDNS: {managed: "true"}', got.out)
        self.assertIn("# DNS address: 10.96.5.5", got.out)
        facts = got.out.replace("spec:", "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
                                         "metadata: {name: default}\nspec:")
        (self.scan.folder / "facts.yaml").write_text(facts, encoding="utf-8")
        again = self.scan.run("--from", self.scan.dump(c), "-o", "json", "--config", "facts.yaml")
        self.assertEqual("", again.err)  # what is printed can be loaded
        self.assertEqual([], [f for f in again.json["facts"] if f["contradicts"]])

    def test_a_fact_never_changes_a_verdict_by_itself(self):
        """The customer's own Corefile looks customised; only the configuration says that it may be."""
        c = Cluster()
        o = c.get("ConfigMap", "coredns")
        c.write(o, "kubectl-edit", {"data": {"Corefile": ""}})
        got = self.scan.judge(c)
        self.assertEqual(1, got.status)
        self.assertIn("customizeCoreDNSConfigMap", json.dumps(got.json["facts"]))

    def test_a_contradiction_is_told(self):
        (self.scan.folder / "flannel.yaml").write_text(
            "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: default}\n"
            "spec: {cluster: {cni: flannel}}\n", encoding="utf-8")
        got = self.scan.judge(made("pod-networks", "pass"), "--config", "flannel.yaml")
        self.assertIn("the configuration says cni: flannel, and this cluster has vcn-native", got.json["notes"])


class Baseline(Case):
    def test_new_gone_same(self):
        c = Cluster()
        set_image(c)
        use_alpha(c)
        (self.scan.folder / "old.json").write_text(self.scan.judge(c).out, encoding="utf-8")
        del c.get("Deployment", "web", "shop")["spec"]["template"]["spec"]["containers"][0]["lifecycle"]
        c.remove("ConfigMap", "oci-csi-iscsiadm")
        set_image(c, "somebody/coredns:10")  # another value of what is known already
        got = self.scan.judge(c, "--baseline", "old.json")
        self.assertEqual((1, 1), (got.json["summary"]["new"], got.json["summary"]["gone"]))
        self.assertEqual([("component-drift", False), ("component-missing", True)],
                         [(f["check"], f["new"]) for f in got.json["findings"]])
        self.assertEqual(1, len(got.json["gone"]))
        self.assertIn("Deployment shop/web", got.json["gone"][0])
        self.assertEqual(1, self.scan.judge(c, "--baseline", "old.json", "--fail-on-new").status)
        c = Cluster()
        set_image(c)
        self.assertEqual(0, self.scan.judge(c, "--baseline", "old.json", "--fail-on-new").status)
        self.assertEqual(1, self.scan.judge(c, "--baseline", "old.json").status)

    def test_no_baseline(self):
        for text, said in ((None, "No such file"), ("{}", "it is no report"), ("[", "byte 1"),
                           ('{"format":"oke-guard.internal/posture","version":2}', "a report of version 2")):
            path = self.scan.folder / "base.json"
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text, encoding="utf-8")
            got = self.scan.judge(Cluster(), "--baseline", "base.json")
            self.assertEqual((2, ""), (got.status, got.out))
            self.assertIn(said, got.err)

    def test_merge(self):
        for name, c in (("good", Cluster()), ("bad", self.bad())):
            c.name = name
            (self.scan.folder / f"{name}.json").write_text(self.scan.judge(c).out, encoding="utf-8")
        got = self.scan.run("merge", "good.json", "bad.json")
        lines = got.out.split("\n")
        self.assertEqual(1, got.status)
        self.assertTrue(lines[0].startswith("CLUSTER"))
        self.assertEqual(["bad", "v1.36.1"], lines[1].split()[:2])
        self.assertEqual("good", lines[2].split()[0])
        self.assertRegex(got.out, r"component-drift +in 1 of 2 clusters, 1 finding\n")
        self.assertEqual(0, self.scan.run("merge", "good.json").status)
        got = self.scan.run("merge", "good.json", "nothing.json")
        self.assertEqual((2, ""), (got.status, got.out))


class Words(Case):
    def test_options(self):
        for args, said in ((["--check", "node-skw"], "did you mean 'node-skew'?"),
                           (["--fail-on-new"], "--fail-on-new needs --baseline"),
                           (["--from", "x", "--context", "y"], "--from reads files"),
                           (["dump/"], "files are read with --from"),
                           (["--publish", "x", "--from", "x"], "No such file")):
            got = self.scan.run(*args)
            self.assertEqual((2, ""), (got.status, got.out))
            self.assertIn(said, got.err)

    def test_every_check_is_documented(self):
        text = (ROOT / "docs/scan.md").read_text(encoding="utf-8")
        listed = re.findall(r"^([a-z-]+) \(", self.scan.run("--list").out, re.M)
        self.assertEqual(39, len(listed))
        for check in listed:
            self.assertIn(f"`{check}`", text, check)

    def test_policy_explain_knows_the_checks(self):
        def explain(word):
            return subprocess.run([BUILD / "oke-guard", "policy", "explain", word], text=True, capture_output=True,
                                  check=False)
        got = explain("scan/component-drift")
        self.assertEqual((0, ""), (got.returncode, got.stderr))
        self.assertIn("Ground: Kubernetes Components:", got.stdout)
        got = explain("scan/component-drit")
        self.assertEqual(2, got.returncode)
        self.assertIn("did you mean 'component-drift'?", got.stderr)

    def test_the_example_is_what_makes_it(self):
        self.assertEqual(example(), (DATA / "example/inventory.jsonl").read_text(encoding="utf-8"))

    def test_help(self):
        got = self.scan.run("--help")
        self.assertEqual(0, got.status)
        self.assertIn("The exit status is 1 for a finding at or above --fail-on", got.out)

    def test_guard_as_generate_writes_it(self):
        got = subprocess.run([BUILD / "oke-guard", "generate", "webhook-configuration", "-o", "json"], text=True,
                             capture_output=True, check=True)
        c = Cluster()
        live = json.loads(got.stdout)
        live["metadata"]["uid"] = "u"
        c.add(live)
        got = self.scan.judge(c, "--check", "guard-webhooks")
        self.assertEqual("pass", got.check("guard-webhooks")["result"])


if __name__ == "__main__":
    unittest.main()
