# SPDX-License-Identifier: Apache-2.0
"""Drift, as a cluster remembers it: what somebody changed is told with old value and tool; what Oracle or nobody
changed is not."""
import copy
import time
import unittest

from cases import container_fields, set_image
from cluster import INSTALLER, Cluster, entry, fields, oke, pods, revision
from harness import Scan

IMAGE = container_fields("coredns", {"f:image": {}})


def env_fields(name):
    return container_fields("coredns", {"f:env": {f'k:{{"name":"{name}"}}': {".": {}, "f:name": {}, "f:value": {}}}})


def coredns(c):
    return c.get("Deployment", "coredns")


def containers(o):
    return o["spec"]["template"]["spec"]["containers"]


def add_env(c, name="DEBUG", tool="kubectl-set", time="2026-09-11T10:00:00Z"):
    o = coredns(c)
    containers(o)[0]["env"].append({"name": name, "value": "1"})
    c.write(o, tool, env_fields(name), time)
    c.revise(o, time)


def upgrade(c, digest="2e", time="2026-09-10T10:00:00Z"):
    """OKE brings another image and takes an env entry away."""
    o = coredns(c)
    containers(o)[0]["image"] = oke("coredns", "sha256:" + digest * 32)
    containers(o)[0]["env"] = [e for e in containers(o)[0]["env"] if e["name"] != "GOGC"]
    e = next(e for e in o["metadata"]["managedFields"] if e["manager"] == INSTALLER)
    e["time"] = time
    c.revise(o, time)


class Drift(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.scan = Scan()

    @classmethod
    def tearDownClass(cls):
        cls.scan.close()

    def drift(self, c):
        got = self.scan.judge(c)
        self.assertEqual("", got.err)
        return [(f["object"]["name"], f["path"].replace("spec.template.spec.containers[name=coredns]", "C"),
                 f.get("from"), f.get("tool"), f.get("time"), f["evidence"]) for f in got.json["findings"]]

    def nothing(self, c):
        self.assertEqual([], self.drift(c))

    def test_image(self):
        c = Cluster()
        set_image(c)
        (name, path, old, tool, time, evidence), = self.drift(c)
        self.assertEqual(("coredns", "C.image", "kubectl-set", "2026-09-10T10:00:00Z", "revision"),
                         (name, path, tool, time, evidence))
        self.assertIn("oke-public-coredns@sha256:1f1f", old)

    def test_two_writes_of_one_tool_each_have_their_old_value(self):
        c = Cluster()
        set_image(c)
        add_env(c)
        found = self.drift(c)
        self.assertEqual([("C.env[name=DEBUG]", "(none)"), ("C.image", found[1][2])],
                         [(path, old) for _, path, old, *_ in found])

    def test_a_change_in_two_steps_goes_back_to_oracles(self):
        c = Cluster()
        set_image(c, "somebody/coredns:9")
        o = set_image(c, "somebody/coredns:10")
        self.assertEqual(3, len(c.revisions(o)))
        (_, _, old, *_), = self.drift(c)
        self.assertIn("oke-public-coredns@sha256:1f1f", old)

    def test_upgrade_by_the_installer(self):
        c = Cluster()
        upgrade(c)
        self.nothing(c)
        upgrade(c, "3d", "2026-09-12T10:00:00Z")
        self.nothing(c)

    def test_image_after_an_upgrade_goes_back_to_the_upgrades(self):
        c = Cluster()
        upgrade(c)
        set_image(c)
        (_, _, old, *_), = self.drift(c)
        self.assertIn("@sha256:2e2e", old)

    def test_an_upgrade_of_nothing_but_what_a_tool_took_over_later(self):
        """Nothing of that step is the installer's any more: the time of his last write tells it."""
        for writer, old in ((INSTALLER, '"30"'), (None, '"20"')):  # None: the tool's own first step
            c = Cluster()
            o = coredns(c)
            gogc = next(e for e in containers(o)[0]["env"] if e["name"] == "GOGC")
            gogc["value"] = "20"
            c.revisions(o)[0]["spec"]["template"]["spec"]["containers"][0]["env"] = copy.deepcopy(containers(o)[0]["env"])
            gogc["value"] = "30"
            if writer:
                next(e for e in o["metadata"]["managedFields"] if e["manager"] == writer)["time"] = "2026-09-10T09:59:58Z"
            c.revise(o, "2026-09-10T10:00:00Z")
            gogc["value"] = "5"
            c.write(o, "kubectl-set", env_fields("GOGC"), "2026-09-12T10:00:00Z")
            c.revise(o, "2026-09-12T10:00:01Z")
            with self.subTest(old):
                (_, path, was, tool, *_), = self.drift(c)
                self.assertEqual((path, was, tool), ("C.env[name=GOGC].value", old, "kubectl-set"))

    def test_upgrade_after_a_change_keeps_the_change_told(self):
        c = Cluster()
        add_env(c, time="2026-09-05T10:00:00Z")
        upgrade(c)
        (_, path, old, tool, *_), = self.drift(c)
        self.assertEqual(("C.env[name=DEBUG]", "(none)", "kubectl-set"), (path, old, tool))

    def test_back_is_a_roll_out_only_where_it_takes_back_nothing_else(self):
        c = Cluster()
        add_env(c, time="2026-09-05T10:00:00Z")
        upgrade(c)
        f, = self.scan.judge(c).findings("component-drift")
        self.assertNotIn("rollout undo", f.get("command", ""))
        c = Cluster()
        add_env(c)
        f, = self.scan.judge(c).findings("component-drift")
        self.assertEqual("kubectl -n kube-system rollout undo deployment/coredns --to-revision=1", f["command"])

    def test_undone_by_rollout_undo(self):
        """The old ReplicaSet is numbered anew; kubectl-rollout owns a value that is Oracle's."""
        c = Cluster()
        o = coredns(c)
        first = c.revisions(o)[0]
        oracle = containers(o)[0]["image"]
        set_image(c)
        containers(o)[0]["image"] = oracle
        first["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3",
                                            "deployment.kubernetes.io/revision-history": "1"}
        c.write(o, "kubectl-rollout", IMAGE, "2026-09-12T10:00:00Z")
        c.objects = [p for p in c.objects if not (p["kind"] == "Pod" and p["metadata"]["name"].startswith("coredns"))]
        c.add(*pods(o, 1))
        self.nothing(c)

    def test_undone_by_hand_on_a_daemonset(self):
        c = Cluster()
        o = c.get("DaemonSet", "kube-proxy")
        oracle = containers(o)[0]["image"]
        containers(o)[0]["image"] = "registry.example/kube-proxy:1"
        c.write(o, "kubectl-set", container_fields("kube-proxy", {"f:image": {}}))
        c.revise(o)
        containers(o)[0]["image"] = oracle
        eldest = next(r for r in c.revisions(o) if r["revision"] == 1)
        eldest["revision"] = 3  # a ControllerRevision is numbered anew and keeps no history
        c.objects = [p for p in c.objects if not (p["kind"] == "Pod" and p["metadata"]["name"].startswith("kube-proxy"))]
        c.add(*pods(o, 1))
        self.nothing(c)

    def test_restart(self):
        c = Cluster()
        o = coredns(c)
        o["spec"]["template"]["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "2026-09-11"}
        c.write(o, "kubectl-rollout", {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {
            ".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}}}})
        c.revise(o)
        self.nothing(c)

    def test_apply_of_the_same_values_makes_a_co_owner(self):
        c = Cluster()
        o = coredns(c)
        mine = copy.deepcopy({"spec": {"template": o["spec"]["template"]}})
        o["metadata"]["managedFields"].append(
            entry("kubectl", fields(mine), "2026-09-11T10:00:00Z", operation="Apply"))
        self.nothing(c)

    def test_autoscaler_scaled_to_0(self):
        """Only that: what it wrote last stays, and is nobody's drift."""
        c = Cluster()
        o = c.get("Deployment", "kube-dns-autoscaler")
        o["spec"]["replicas"] = o["status"]["replicas"] = 0
        c.write(o, "kubectl", {"spec": {"replicas": 0}}, None, "scale")
        self.assertEqual([("kube-dns-autoscaler", "spec.replicas", None, "kubectl", None, "owner")], self.drift(c))
        o = coredns(c)
        o["spec"]["replicas"] = o["status"]["replicas"] = o["status"]["readyReplicas"] = 7
        c.write(o, "kubectl", {"spec": {"replicas": 7}}, None, "scale")
        self.assertEqual(["coredns", "kube-dns-autoscaler"], [name for name, *_ in self.drift(c)])

    def test_outside_of_the_template_the_old_value_is_nobodys_to_invent(self):
        c = Cluster()
        o = c.get("ConfigMap", "coredns")
        o["data"]["Corefile"] = ".:53 {\n}\n"
        c.write(o, "kubectl-edit", {"data": {"Corefile": ""}})
        self.assertEqual([("coredns", "data.Corefile", None, "kubectl-edit", "2026-09-10T10:00:00Z", "owner")],
                         self.drift(c))

    def test_owner_reference(self):
        c = Cluster()
        o = c.get("ServiceAccount", "coredns")
        o["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "u"}]
        c.write(o, "kubectl-patch", {"metadata": {"ownerReferences": o["metadata"]["ownerReferences"]}})
        (name, path, old, tool, *_), = self.drift(c)
        self.assertEqual(("coredns", "metadata.ownerReferences[uid=u]", None, "kubectl-patch"),
                         (name, path, old, tool))

    def test_owner_reference_of_an_account(self):
        """Made of nothing but its name, it has no managedFields; the API server keeps none afterwards."""
        c = Cluster()
        o = c.get("ServiceAccount", "coredns")
        o["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "u"}]
        o["metadata"].pop("managedFields")
        f, = self.scan.judge(c).json["findings"]
        self.assertEqual(("best-effort", "metadata.ownerReferences"), (f["tier"], f["path"]))
        self.assertNotIn("tool", f)

    def test_what_a_map_is_left_with(self):
        """Its maker keeps a bare leaf when an entry goes to another; that is no atomic value."""
        c = Cluster()
        o = c.get("ConfigMap", "coredns")
        c.write(o, "kubectl-edit", {"data": {"Corefile": ""}})
        o["metadata"]["managedFields"].insert(0, entry(INSTALLER, {"f:data": {}}, "2026-03-01T10:00:00Z"))
        self.assertEqual(["data.Corefile"], [path for _, path, *_ in self.drift(c)])

    def test_scaled_to_0(self):
        """A Scale to 0 leaves replicas out, so nobody owns it; that says enough."""
        c = Cluster()
        o = c.get("Deployment", "kube-dns-autoscaler")
        o["spec"]["replicas"] = o["status"]["replicas"] = 0
        for e in o["metadata"]["managedFields"]:
            e["fieldsV1"].get("f:spec", {}).pop("f:replicas", None)
        self.assertEqual([("kube-dns-autoscaler", "spec.replicas", None, None, None, "owner")], self.drift(c))

    def test_label(self):
        c = Cluster()
        o = coredns(c)
        o["metadata"]["labels"]["team"] = "dns"
        c.write(o, "kubectl-label", {"f:metadata": {"f:labels": {"f:team": {}}}})
        got = self.scan.judge(c)
        f, = got.json["findings"]
        self.assertEqual(("best-effort", "coredns/metadata"), (f["tier"], f["rule"]))
        self.assertEqual(0, got.status)
        self.assertEqual(1, self.scan.judge(c, "--fail-on", "best-effort").status)

    def test_while_it_is_being_installed_a_second_writer_is_oke(self):
        c = Cluster()
        o = c.get("ConfigMap", "coredns")
        c.write(o, "oke-configurer", {"data": {"Corefile": ""}}, "2026-03-01T10:00:40Z")
        self.nothing(c)

    def test_a_write_of_a_field_that_was_put_back_by_the_installer(self):
        """Self-healing gives ownership back, so no finding lingers."""
        c = Cluster()
        set_image(c)
        o = coredns(c)
        containers(o)[0]["image"] = oke("coredns")
        for e in o["metadata"]["managedFields"]:
            if e["manager"] == "kubectl-set":
                o["metadata"]["managedFields"].remove(e)
        o["metadata"]["managedFields"][0] = entry(INSTALLER, {"spec": o["spec"], "metadata": {"labels": {"a": "b"}}},
                                                  "2026-09-15T10:00:00Z")
        c.revise(o, "2026-09-15T10:00:00Z")
        self.nothing(c)

    def test_revisions_lost(self):
        """revisionHistoryLimit 0: the tool is known by the owner, the old value is not; and none is invented."""
        c = Cluster()
        o = set_image(c)
        c.objects = [r for r in c.objects if r["kind"] != "ReplicaSet"]
        c.add(revision(o, 2))
        (_, path, old, tool, _, evidence), = self.drift(c)
        self.assertEqual(("C.image", None, "kubectl-set", "owner"), (path, old, tool, evidence))

    def test_exception_is_told_and_does_not_count(self):
        c = Cluster()
        set_image(c)
        from test_checks import EXCEPTION  # the same exception, in force
        (self.scan.folder / "exception.yaml").write_text(EXCEPTION % "2026-10-20T00:00:00Z", encoding="utf-8")
        got = self.scan.judge(c, "--policy", "exception.yaml")
        f, = got.findings("component-drift")
        self.assertTrue(f["accepted"])
        self.assertIn("SR 3-1234567890", f["exception"])
        self.assertEqual((0, 0, 1), (got.status, got.json["summary"]["unsupported"], got.json["summary"]["accepted"]))
        (self.scan.folder / "exception.yaml").write_text(EXCEPTION % "2026-09-15T00:00:00Z", encoding="utf-8")
        got = self.scan.judge(c, "--policy", "exception.yaml")
        self.assertEqual(1, got.status)

    def test_mode_and_unknown_identities_lower_nothing(self):
        c = Cluster()
        set_image(c)
        (self.scan.folder / "audit.yaml").write_text(
            "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: default}\n"
            "spec: {mode: audit, identities: {unknown: audit}}\n", encoding="utf-8")
        self.assertEqual(1, self.scan.judge(c, "--config", "audit.yaml").status)

    def test_installer_with_a_name_that_people_use(self):
        c = Cluster()
        for o in c.objects:
            for e in o["metadata"].get("managedFields", []):
                if e["manager"] == INSTALLER:
                    e["manager"] = "kubectl-client-side-apply"
        got = self.scan.judge(c)
        self.assertEqual("unknown", got.check("component-drift")["result"])
        self.assertIn("cannot be told apart", got.check("component-drift")["reason"])
        self.assertEqual(0, got.json["summary"]["unsupported"])

    def test_work_is_bounded(self):
        """Whoever may write a ConfigMap decides how many of its fields he owns."""
        c = Cluster()
        o = c.get("ConfigMap", "coredns")
        keys = {f"k{i}": "" for i in range(30000)}
        o["data"].update(keys)
        c.write(o, "kubectl-edit", {"data": keys})
        began = time.monotonic()
        got = self.scan.judge(c)
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(40, len(got.findings("component-drift")))
        self.assertIn("further places have another owner", " ".join(got.json["notes"]))

    def test_a_customers_own_metrics_server_is_nobodys_drift(self):
        c = Cluster()
        from cluster import container, workload
        o = workload("Deployment", "metrics-server", {"k8s-app": "metrics-server"}, {
            "containers": [container("m", "registry.k8s.io/metrics-server:v0.8")]}, manager="helm")
        c.add(o)
        c.write(o, "kubectl-edit", {"f:spec": {"f:replicas": {}}})
        self.nothing(c)


if __name__ == "__main__":
    unittest.main()
