# SPDX-License-Identifier: Apache-2.0
"""`oke-guard scan` on a real API server: what OKE and its installer do is no finding, what people do
with kubectl is, each fault once, and nothing besides.

OKE's objects are made anew first, as earlier tests have written to them. Who changes them here is
somebody about whom the guard is not asked: the scan is for what was there before it.
"""
import copy
import datetime
import json
import subprocess
import time
import unittest
import urllib.request

import api
import guard
import kube
import world
from cluster import FOLDER, until
from commands import SAME_MEMORY, SIGNAL, merge
from kube import system
from objects import OKE, WORKLOADS, recorded

GATE = "--feature-gates=ContainerStopSignals=true"  # of SIGNAL; without it no alpha field is kept
INSTALLED = 60  # seconds in which whatever is written belongs to an object's installation
SCALE = "/apis/apps/v1/namespaces/kube-system/deployments/coredns/scale?fieldManager=cluster-proportional-autoscaler"
FAIL = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "left-over"},
        "webhooks": [{"name": "left-over.example.com", "failurePolicy": "Fail", "sideEffects": "None",
                      "admissionReviewVersions": ["v1"],
                      "clientConfig": {"service": {"namespace": "shop", "name": "nobody"}},
                      "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                      "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                                 "resources": ["secrets"]}]}]}
PLACE = FOLDER / "scan"


def of(objects, kind, name):
    return next(o for o in objects if (o["kind"], o["metadata"]["name"]) == (kind, name))


def pod_of(workload):
    return workload["spec"]["template"]["spec"]


def installed():
    """What OKE installs: its autoscaler runs, all images are its own, and a pod wants its ConfigMap."""
    objects = copy.deepcopy(recorded())
    of(objects, "Deployment", "kube-dns-autoscaler")["spec"]["replicas"] = 1
    pod = pod_of(of(objects, "DaemonSet", "csi-oci-node"))
    pod["containers"][0]["image"] = pod["containers"][1]["image"]
    pod["volumes"] = [{"name": "iscsiadm", "configMap": {"name": "oci-csi-iscsiadm"}}]
    del of(objects, "Deployment", "coredns")["spec"]["replicas"]  # the autoscaler's
    return objects


def upgraded():
    """Another image of Oracle's, of those that the nodes know, and another value."""
    objects = installed()
    flannel = pod_of(of(objects, "DaemonSet", "kube-flannel-ds"))["containers"][0]
    flannel["image"] = pod_of(of(objects, "DaemonSet", "kube-proxy"))["containers"][0]["image"]
    next(e for e in flannel["env"] if e["name"] == "EVENT_QUEUE_DEPTH")["value"] = "6000"
    return objects


def change(*arguments, stdin=None):
    """By somebody about whom the guard is not asked."""
    done = kube.kubectl(*arguments, who="exempt", stdin=json.dumps(stdin) if stdin else None)
    if done.returncode != 0:
        raise AssertionError(f"kubectl {' '.join(arguments)}:\n{done.stdout}")
    return done.stdout


def install(objects):
    change("apply", "--server-side", "--force-conflicts", "--field-manager=oke", "-f", "-",
           stdin={"apiVersion": "v1", "kind": "List", "items": objects})


def rolled_out():
    kube.rolled_out("kube-system", *WORKLOADS)


def remove(kind, place, name):
    change(*(["-n", place] if place else []), "delete", kind, name, "--ignore-not-found", "--timeout=60s")


def scale_as_autoscaler(replicas):
    body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": replicas},
            "metadata": {"name": "coredns", "namespace": "kube-system"}}
    status, answer = api.Connection("exempt").send("PUT", SCALE, body, "application/json")
    if status != 200:
        raise AssertionError(answer)


def restart_apiserver(*flags):
    plane = world.control_plane()
    plane.parts.pop("apiserver").end()
    plane.start_apiserver(flags=flags)
    plane.wait_ready()
    kube.wait_guarded()


def scan(*arguments, name=None):
    """(exit status, report); with a name it is kept for --baseline."""
    done = subprocess.run([guard.BINARY, "scan", "-o", "json", *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                          env={"HOME": str(FOLDER), "PATH": "/usr/bin:/bin",
                               "KUBECONFIG": str(FOLDER / "admin.kubeconfig")})
    if not done.stdout:
        raise AssertionError(f"scan: exit {done.returncode}\n{done.stderr}")
    if name:
        PLACE.mkdir(exist_ok=True)
        (PLACE / name).write_text(done.stdout, encoding="utf-8")
    return done.returncode, json.loads(done.stdout)


def short(finding):
    return finding["check"], f"{finding['object']['kind']}/{finding['object']['name']}"


def fresh(report):
    return sorted(short(f) for f in report["findings"] if f["new"])


def wait_installed():
    """Until what is written now is no part of the installation."""
    made = max(kube.read(*system(*name.split("/")))["metadata"]["creationTimestamp"] for name in WORKLOADS)
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(made.replace("Z", "+00:00"))
    time.sleep(max(0, INSTALLED + 2 - age.total_seconds()))


TEN = sorted([
    ("component-drift", "Deployment/coredns"), ("component-drift", "DaemonSet/kube-flannel-ds"),
    ("component-drift", "Deployment/kube-dns-autoscaler"), ("component-drift", "ConfigMap/coredns"),
    ("component-drift", "ClusterRole/csi-oci"), ("component-missing", "ConfigMap/oci-csi-iscsiadm"),
    ("autoscalers", "HorizontalPodAutoscaler/coredns"),
    ("admission-webhooks", "ValidatingWebhookConfiguration/left-over"),
    ("impersonation", "ClusterRole/stand-in"), ("alpha-fields", "Deployment/alpha")])

# What the rest was written with; a scale leaves no owner.
TOOLS = {"ConfigMap/coredns": "kubectl-patch", "ClusterRole/csi-oci": "kubectl-patch",
         "HorizontalPodAutoscaler/coredns": "kubectl-autoscale", "ClusterRole/stand-in": "kubectl-create",
         "ValidatingWebhookConfiguration/left-over": "kubectl-create", "Deployment/alpha": "kubectl-create",
         "Deployment/kube-dns-autoscaler": None}


def put_in_ten():
    owner = kube.read("csidriver", "blockvolume.csi.oraclecloud.com")
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
                 "uid": owner["metadata"]["uid"]}
    change(*system("set", "image", "deployment/coredns", "coredns=localhost/pause:1"))
    change(*system("set", "env", "daemonset/kube-flannel-ds", "EVENT_QUEUE_DEPTH=9"))
    change(*system("scale", "deployment", "kube-dns-autoscaler", "--replicas=0"))
    change(*system(*merge("configmap", "coredns", data={"Corefile": ".:53 {\n    forward . 10.1.2.3\n}\n"})))
    change(*merge("clusterrole", "csi-oci", metadata={"ownerReferences": [reference]}))
    change(*system("delete", "configmap", "oci-csi-iscsiadm"))
    change(*system("autoscale", "deployment", "coredns", "--min=2", "--max=9", "--cpu=80%"))
    change("create", "clusterrole", "stand-in", "--verb=impersonate", "--resource=users")
    change("create", "-f", "-", stdin=SIGNAL)
    change("create", "-f", "-", stdin=FAIL)


def take_out():
    """Whatever the tests below have made, and what the recorded objects do not say."""
    for kind, place, name in [("validatingwebhookconfiguration", "", "left-over"), ("hpa", "kube-system", "coredns"),
                              ("clusterrole", "", "stand-in"), ("deployment", "shop", "alpha"),
                              ("job", guard.PLACE, "scan-now")]:
        remove(kind, place, name)
    change(*merge("clusterrole", "csi-oci", metadata={"ownerReferences": None}))
    change(*system("annotate", "daemonset", "kube-proxy", "note-"))
    install(recorded())


def agent_page():
    pod = kube.read("-n", guard.PLACE, "pods", "--selector=app.kubernetes.io/component=agent",
                    "--field-selector=status.phase=Running")["items"][0]
    with urllib.request.urlopen(f"http://{pod['status']['podIP']}:9443/metrics", timeout=10) as answer:
        return answer.read().decode()


class Scan(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        restart_apiserver(GATE)
        for kind, place, name in reversed(OKE):
            remove(kind, place, name)
        install(installed())
        scale_as_autoscaler(2)
        guard.upgrade("scan.enabled=true", "agent.interval=1")
        rolled_out()

    @classmethod
    def tearDownClass(cls):
        take_out()
        rolled_out()
        guard.upgrade()
        restart_apiserver()

    def clean(self, report):
        self.assertTrue(report["whole"], report["cut"])
        self.assertEqual(report["missingRights"], [])
        self.assertEqual([f for f in report["findings"] if f["tier"] != "supported"], [])
        self.assertEqual(report["cluster"]["installer"], "oke")

    def test_1_a_clean_cluster_has_no_finding(self):
        status, report = scan(name="clean.json")
        self.clean(report)
        self.assertEqual(status, 0)

    def test_2_a_restart_an_upgrade_and_an_apply_of_the_same_are_none(self):
        for name in ("deployment/coredns", "daemonset/kube-proxy"):
            kube.get(*system("rollout", "restart", name))
        kube.get("apply", "--server-side", "--field-manager=argocd-controller", "-f", "-",
                 stdin=json.dumps(SAME_MEMORY))
        install(upgraded())
        rolled_out()
        wait_installed()
        kube.get(*system("rollout", "restart", "daemonset/csi-oci-node"))
        rolled_out()
        _, report = scan("--baseline", PLACE / "clean.json")
        self.clean(report)
        self.assertEqual((fresh(report), report["gone"]), ([], []))

    def test_3_ten_faults_are_ten_findings(self):
        put_in_ten()
        rolled_out()
        status, report = scan("--baseline", PLACE / "clean.json", name="ten.json")
        self.assertEqual(status, 1)
        self.assertEqual((fresh(report), report["gone"]), (TEN, []))
        self.assertEqual((report["summary"]["new"], report["missingRights"]), (10, []))
        found = {short(f)[1]: f for f in report["findings"]}
        image = found["Deployment/coredns"]
        before = pod_of(of(installed(), "Deployment", "coredns"))["containers"][0]["image"]
        self.assertTrue(f'"{before}"'.startswith(image["from"].removesuffix('..."')), image["from"])
        self.assertIn("/oke-public-coredns@sha256:", image["from"])
        self.assertEqual((image["to"], image["tool"]), ('"localhost/pause:1"', "kubectl-set"))
        depth = found["DaemonSet/kube-flannel-ds"]
        self.assertEqual((depth["from"], depth["to"], depth["tool"]), ('"6000"', '"9"', "kubectl-set"))
        for name, tool in TOOLS.items():
            self.assertEqual((found[name].get("tool"), found[name].get("from")), (tool, None), name)

    def test_4_the_live_report_is_that_of_its_dump(self):
        dump = PLACE / "dump"
        _, live = scan("--dump", dump)
        _, again = scan("--from", dump)
        self.assertEqual(again, live)

    def test_5_the_job_in_the_cluster_finds_the_same_with_its_own_rights(self):
        kube.get("-n", guard.PLACE, "create", "job", "scan-now", f"--from=cronjob/{guard.RELEASE}-scan")
        kube.get("-n", guard.PLACE, "wait", "job/scan-now", "--for=condition=Complete", "--timeout=60s")
        data = kube.read("-n", guard.PLACE, "configmap", f"{guard.RELEASE}-posture")["data"]
        type(self).published = json.loads(data["posture.json"])
        self.assertEqual(self.published["missingRights"], [])
        _, report = scan()
        self.assertEqual([f["key"] for f in self.published["findings"]], [f["key"] for f in report["findings"]])

    def test_6_the_agent_shows_it_and_an_event_is_on_each_object(self):
        number = self.published["summary"]["unsupported"]
        until(lambda: f'oke_guard_posture_findings{{tier="unsupported"}} {number}\n' in agent_page(), "the metric", 30)
        want = {f["object"]["uid"] for f in self.published["findings"] if f["check"] == "component-drift"}
        self.assertEqual(len(want), 5)

        def events():
            return [e for e in kube.read(*system("events"))["items"]
                    if e["source"].get("component") == "oke-guard-agent"]

        # The sixth is on a ConfigMap that is no more.
        until(lambda: len(events()) == 6, "six Events", 30)
        self.assertLessEqual(want, {e["involvedObject"].get("uid") for e in events()})
        page = kube.get("describe", "clusterrole", "csi-oci") + kube.get(*system("describe", "deployment", "coredns"))
        self.assertIn("OracleComponentChanged", page)
        self.assertIn("oke_guard_agent_writes_total{object=\"event\"} 6\n", agent_page())

    def test_7_the_next_scan_says_what_is_new_and_what_is_gone(self):
        remove("hpa", "kube-system", "coredns")
        remove("validatingwebhookconfiguration", "", "left-over")
        change(*system("annotate", "daemonset", "kube-proxy", "note=ours"))
        _, report = scan("--baseline", PLACE / "ten.json")
        self.assertEqual(fresh(report), [("component-drift", "DaemonSet/kube-proxy")])
        self.assertEqual((report["summary"]["new"], report["summary"]["gone"], len(report["gone"])), (1, 2, 2))
        self.assertEqual({g.split()[0] for g in report["gone"]},
                         {"HorizontalPodAutoscaler", "ValidatingWebhookConfiguration"})
