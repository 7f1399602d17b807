# SPDX-License-Identifier: Apache-2.0
"""What every cluster stands on, and what runs or feeds a component: a customer who is cluster-admin is
refused or told, on the real API server; what repairs, and what is his own, passes.
"""
import json
import re
import time
import unittest

import chart
import guard
import kube
from cluster import FOLDER, until

DRY = "--dry-run=server"
AUTO = "rbac.authorization.kubernetes.io/autoupdate"
DEPLOYER = "system:controller:deployment-controller"
TTL = "system:controller:ttl-controller"  # without which no test fails
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def customer(*arguments, stdin=None):
    return kube.kubectl(*arguments, who="customer", stdin=stdin)


def rule_of(output):
    return re.findall(r"\[([a-z0-9-]+/[a-z0-9-]+)\]", output)


def granted(role):
    """What its rules allow, each verb by itself: reconcile writes them so."""
    return {(group, resource, verb) for rule in role["rules"] for group in rule["apiGroups"]
            for resource in rule["resources"] for verb in rule["verbs"]}


class Refused(unittest.TestCase):
    def refused(self, rule, *arguments, stdin=None):
        done = customer(*arguments, stdin=stdin)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(rule, rule_of(done.stdout), done.stdout)

    def test_system_priority_classes_by_deletecollection(self):
        before = kube.get("get", "priorityclasses", "--output=name")
        self.refused("system/priority-class-removed", "delete", "--raw", "/apis/scheduling.k8s.io/v1/priorityclasses")
        self.assertEqual(kube.get("get", "priorityclasses", "--output=name"), before)

    def test_default_roles_by_label_and_by_field(self):
        self.refused("system/control-plane-removed", "delete", "--raw",
                     f"{RBAC}/clusterroles?labelSelector=kubernetes.io/bootstrapping%3Drbac-defaults"
                     "&fieldSelector=metadata.name%3Dcluster-admin")
        self.refused("system/control-plane-removed", "delete", "--raw",
                     f"{RBAC}/clusterroles?fieldSelector=metadata.name%3D{DEPLOYER}")
        kube.get("get", "clusterrole", "cluster-admin", DEPLOYER)

    def test_rules_of_a_controller(self):
        self.refused("system/control-plane-rules", "patch", "clusterrole", DEPLOYER, "--type=merge", "-p", '{"rules":[]}')
        self.refused("system/control-plane-removed", "delete", "clusterrolebinding", DEPLOYER)
        self.refused("system/control-plane-subjects", "patch", "clusterrolebinding", DEPLOYER, "--type=merge",
                     "-p", '{"subjects":[]}')
        self.refused("system/control-plane-autoupdate", "annotate", "--overwrite", "clusterrole", DEPLOYER, f"{AUTO}=false")
        self.refused("system/control-plane-label", "label", "clusterrole", DEPLOYER, "kubernetes.io/bootstrapping-")

    def test_an_api_is_not_redirected(self):
        self.refused("system/api-changed", "patch", "apiservice", "v1.apps", "--type=merge", "-p",
                     '{"spec":{"service":{"namespace":"shop","name":"x"}}}', DRY)
        self.refused("system/api-removed", "delete", "apiservice", "v1.apps", DRY)

    def test_the_replicaset_of_coredns(self):
        name = kube.read(*kube.system("replicasets", "--selector=k8s-app=kube-dns"))["items"][0]["metadata"]["name"]
        self.refused("coredns/pod-image", *kube.system("set", "image", f"replicaset/{name}", "*=evil.example/dns:1"))

    def test_a_running_pod(self):
        pod = kube.pods("kube-system", "k8s-app=kube-proxy")[0]
        self.refused("kube-proxy/pod-image", *kube.system("set", "image", pod, "*=evil.example/proxy:1"))


class Told(unittest.TestCase):
    def told(self, rule, *arguments, stdin=None):
        done = customer(*arguments, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(rule, rule_of(done.stdout), done.stdout)

    def test_whoever_joins_dns(self):
        pod = {"metadata": {"labels": {"k8s-app": "kube-dns"}},
               "spec": {"containers": [{"name": "c", "image": "localhost/pause:1"}]}}
        meta = {"name": "own-dns", "namespace": "kube-system"}
        chosen = {"matchLabels": {"k8s-app": "kube-dns"}}
        job = {**pod, "spec": {**pod["spec"], "restartPolicy": "Never"}}
        for version, kind, spec in (("apps/v1", "Deployment", {"selector": chosen, "template": pod}),
                                    ("apps/v1", "DaemonSet", {"selector": chosen, "template": pod}),
                                    ("apps/v1", "StatefulSet", {"selector": chosen, "serviceName": "x", "template": pod}),
                                    ("apps/v1", "ReplicaSet", {"selector": chosen, "template": pod}),
                                    ("v1", "ReplicationController", {"selector": {"k8s-app": "kube-dns"}, "template": pod}),
                                    ("batch/v1", "Job", {"template": job}),
                                    ("batch/v1", "CronJob", {"schedule": "@daily", "jobTemplate": {"spec": {"template": job}}})):
            with self.subTest(kind):
                o = {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}
                self.told("pods/joins-dns", "create", "-f", "-", DRY, stdin=json.dumps(o))

    def test_a_slice_of_a_guarded_service(self):
        for place, service, rule in (("kube-system", "kube-dns", "kube-dns-service/endpoints"),
                                     ("default", "kubernetes", "system/endpoints")):
            o = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                 "metadata": {"name": "mine", "namespace": place, "labels": {"kubernetes.io/service-name": service}},
                 "endpoints": [{"addresses": ["10.1.2.3"]}]}
            self.told(rule, "create", "-f", "-", DRY, stdin=json.dumps(o))

    def test_flow_control(self):
        self.told("system/priority-level-starved", "patch", "prioritylevelconfiguration", "node-high", "--type=merge", "-p",
                  '{"spec":{"limited":{"nominalConcurrencyShares":0}}}', DRY)
        self.told("system/flow-control-removed", "delete", "flowschema", "system-nodes", DRY)

    def test_the_namespace_of_the_guard(self):
        self.told("self-surroundings/namespace", "delete", "namespace", guard.PLACE, DRY)

    def test_a_binding_for_a_trusted_account(self):
        self.told("identities/binding", "create", "clusterrolebinding", "x", "--clusterrole=view",
                  "--serviceaccount=kube-system:csi-oci-node-sa", DRY)


class Passes(unittest.TestCase):
    def silent(self, *arguments, stdin=None):
        done = customer(*arguments, stdin=stdin)
        self.assertEqual((done.returncode, rule_of(done.stdout)), (0, []), done.stdout)

    def test_a_role_of_ones_own(self):
        self.silent("create", "clusterrole", "ours", "--verb=get", "--resource=pods")
        self.silent("label", "clusterrole", "ours", "kubernetes.io/bootstrapping=rbac-defaults")
        self.silent("delete", "clusterrole", "ours")

    def test_a_slice_of_ones_own(self):
        o = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {"name": "mine", "namespace": "kube-system", "labels": {"kubernetes.io/service-name": "mine"}},
             "endpoints": []}
        self.silent("create", "-f", "-", DRY, stdin=json.dumps(o))

    def test_a_class_that_is_gone_comes_back(self):
        """The way out that docs/built-in-policies.md prints, by somebody about whom the guard is not asked first."""
        gone = kube.kubectl("delete", "--raw", "/apis/scheduling.k8s.io/v1/priorityclasses?fieldSelector="
                            "metadata.name%3Dsystem-node-critical", who="exempt")
        self.assertEqual(gone.returncode, 0, gone.stdout)
        self.silent("create", "priorityclass", "system-node-critical", "--value=2000001000")

    def test_a_role_that_is_to_be_left_alone_is_not(self):
        """The other line of docs/built-in-policies.md: annotate --overwrite, back to true."""
        self.broken("annotate", "--overwrite", "clusterrole", TTL, f"{AUTO}=false")
        self.silent("annotate", "clusterrole", TTL, f"{AUTO}=true", "--overwrite")

    def test_a_role_without_rules_is_filled(self):
        """The third way out there: a warning, and the role is what it was."""
        role = kube.read("clusterrole", TTL)
        self.broken("patch", "clusterrole", TTL, "--type=merge", "-p", '{"rules":[]}')
        whole = {k: role[k] for k in ("apiVersion", "kind", "rules")} | {"metadata": {"name": TTL}}
        done = customer("auth", "reconcile", "-f", "-", stdin=json.dumps(whole))
        self.assertEqual((done.returncode, rule_of(done.stdout)), (0, ["system/role-repaired"]), done.stdout)
        self.assertEqual(granted(kube.read("clusterrole", TTL)), granted(role))

    def broken(self, *arguments):
        """By somebody about whom the guard is not asked; put right afterwards, whatever the test comes to."""
        role = kube.read("clusterrole", TTL)
        back = json.dumps({"rules": role["rules"], "metadata": {"annotations": {AUTO: "true"}}})
        self.addCleanup(kube.kubectl, "patch", "clusterrole", TTL, "--type=merge", "-p", back, who="exempt")
        done = kube.kubectl(*arguments, who="exempt")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_controllers_writes_of_endpoints_are_not_sent(self):
        """A Service of a customer: its endpoints come and go, and nobody asks about them."""
        def asked():
            return sum(v for labels, v in kube.ours("apiserver_admission_webhook_admission_duration_seconds_count")
                       if labels["name"].startswith("support-endpoints"))
        before = asked()
        kube.get("-n", "shop", "create", "service", "clusterip", "prove", "--tcp=80")
        until(lambda: kube.read("-n", "shop", "endpointslices", "--selector=kubernetes.io/service-name=prove")["items"],
              "the slice is made")
        kube.get("-n", "shop", "delete", "service", "prove")
        self.assertEqual(asked(), before)


def counts():
    """{entry: how often the API server asked} since it started."""
    found = {}
    for labels, v in kube.ours("apiserver_admission_webhook_admission_duration_seconds_count"):
        found[labels["name"]] = found.get(labels["name"], 0) + v
    return found


def since(before):
    return {n: int(v - before.get(n, 0)) for n, v in counts().items() if v != before.get(n, 0)}


class Idle(unittest.TestCase):
    def test_what_an_idle_cluster_sends(self):
        """Reviews a second of each entry while nobody does anything: told, and none of support's."""
        before, start = counts(), time.monotonic()
        time.sleep(30)
        rates = {n: v / (time.monotonic() - start) for n, v in since(before).items()}
        print(f"idle, reviews a second: { {n: round(r, 2) for n, r in rates.items()} }", flush=True)
        self.assertLess(sum(r for n, r in rates.items() if n.startswith("support")), 1.0)


class LargeChart(unittest.TestCase):
    def test_what_an_install_sends(self):
        """By Helm, as a customer: a chart of a platform, with 200 objects of ordinary kinds that run nothing."""
        folder = chart.write(FOLDER / "large")
        who = kube.WHO["customer"]
        me = [f"--kube-as-user={who.user}", *(f"--kube-as-group={g}" for g in who.groups)]
        before = counts()
        guard.must(guard.helm("install", "large", folder, "--namespace=shop", *me))
        sent = since(before)
        print(f"install of a chart of {chart.OBJECTS} objects, reviews: {sent}", flush=True)
        before = counts()
        guard.must(guard.helm("uninstall", "large", "--namespace=shop", *me))
        print(f"its removal: {since(before)}", flush=True)
        # What could run alpha or grants something, each once; no Secret, account or route.
        self.assertLess(sum(sent.values()), chart.OBJECTS * 0.6)
