# SPDX-License-Identifier: Apache-2.0
"""Ways out that docs/built-in-policies.md tells of: a restore by Velero, the change from flannel to Calico, an
upgrade of OKE by an identity that nobody has listed. Those who do it are imitated; nothing of it is
refused by the real API server.
"""
import copy
import json
import re
import unittest

import kube
from objects import administrators, recorded

VELERO = "system:serviceaccount:velero:velero"
UPGRADER = "oke-upgrade"  # nobody's customer, nobody's exempt name
RULE = re.compile(r"^Warning: .*\[([a-z0-9-]+/[a-z0-9-]+)\]", re.MULTILINE)
DRY = "--dry-run=server"


def mine(kind, name, version="v1", **content):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "kube-system"}, **content}


def runs(kind, name, account):
    labels = {"k8s-app": name}
    pod = {"serviceAccountName": account, "containers": [{"name": name, "image": "localhost/pause:1"}]}
    return mine(kind, name, "apps/v1", spec={"selector": {"matchLabels": labels},
                                             "template": {"metadata": {"labels": labels}, "spec": pod}})


def address(o):
    return [f"--namespace={o['metadata'].get('namespace', '')}", o["kind"], o["metadata"]["name"]]


class WayOut(unittest.TestCase):
    def setUp(self):
        names = ("velero", VELERO, ["system:serviceaccounts", "system:serviceaccounts:velero"]), ("upgrader", UPGRADER, [])
        for who, user, groups in names:
            kube.WHO[who] = kube.Who(user, [*groups, "system:authenticated"])
            self.addCleanup(kube.WHO.pop, who)
            kube.apply([administrators(f"e2e-{who}", {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user})])
            self.addCleanup(kube.get, "delete", "clusterrolebinding", f"e2e-{who}")

    def passes(self, *arguments, who, stdin=None):
        """The rules that warn: whatever they say, it is done."""
        done = kube.kubectl(*arguments, who=who, stdin=json.dumps(stdin) if stdin else None)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("denied the request", done.stdout)
        return RULE.findall(done.stdout)

    def taken_away(self, *objects):
        """By somebody about whom the guard is not asked; OKE's own are put back in the end, as they were."""
        for o in objects:
            kube.kubectl("delete", "--ignore-not-found", *address(o), who="exempt")

    def put_back(self, *objects):
        self.taken_away(*objects)
        kube.apply(recorded())
        kube.rolled_out("kube-system", *(f"{o['kind'].lower()}/{o['metadata']['name']}" for o in objects
                                         if o["kind"] in ("Deployment", "DaemonSet")))


class Velero(WayOut):
    NAMES = {"kube-dns-autoscaler", "oci-csi-iscsiadm", "csi-oci-binding", "csi-oci", "blockvolume.csi.oraclecloud.com"}

    def test_what_is_missing_is_restored(self):
        lost = [o for o in recorded() if o["metadata"]["name"] in self.NAMES]
        self.assertEqual(len(lost), 6)
        self.addCleanup(self.put_back, *lost)
        self.taken_away(*lost)
        told = {}
        for o in lost:
            o = copy.deepcopy(o)
            o["metadata"].setdefault("labels", {}).update({"velero.io/backup-name": "nightly", "velero.io/restore-name": "r1"})
            told[f"{o['kind']} {o['metadata']['name']}"] = self.passes("create", "-f", "-", who="velero", stdin=o)
        print(f"restored by {VELERO}: {told}", flush=True)
        for what, rules in told.items():
            self.assertTrue(all(r.endswith("/created") for r in rules), (what, rules))


class Calico(WayOut):
    def test_as_oracles_page_has_it(self):
        """The add-on is disabled in OKE, which kubectl does not see; the DaemonSet is deleted by kubectl; Calico comes."""
        flannel = next(o for o in recorded() if o["metadata"]["name"] == "kube-flannel-ds")
        calico = [mine("ConfigMap", "calico-config", data={"calico_backend": "bird"}), mine("ServiceAccount", "calico-node"),
                  {**administrators("calico-node", {"kind": "ServiceAccount", "name": "calico-node", "namespace": "kube-system"})},
                  runs("DaemonSet", "calico-node", "calico-node"), runs("Deployment", "calico-kube-controllers", "calico-node")]
        self.addCleanup(self.put_back, flannel)
        self.addCleanup(self.taken_away, *calico)
        told = {"delete DaemonSet kube-flannel-ds": self.passes("delete", *address(flannel), who="customer")}
        for o in calico:
            told[f"create {o['kind']} {o['metadata']['name']}"] = self.passes("create", "-f", "-", who="customer", stdin=o)
        print(f"from flannel to Calico: {told}", flush=True)
        self.assertEqual(told.pop("delete DaemonSet kube-flannel-ds"), ["flannel/removed"])
        self.assertEqual({r for rules in told.values() for r in rules}, set())


class Upgrade(WayOut):
    """What an upgrade writes, as dry runs: the cluster keeps its own version."""

    def changed(self, o):
        o = copy.deepcopy(o)
        o["metadata"].setdefault("labels", {})["app.kubernetes.io/version"] = "v2"
        for container in o.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
            container["image"] = "iad.ocir.io/oracle/new@sha256:" + "0" * 64
            container["resources"] = {"requests": {"cpu": "51m"}}
        if o["kind"] == "ConfigMap":
            o["data"] = {"Corefile": ".:53 {\n    errors\n    forward . 169.254.169.254\n}\n"}
        if o["kind"] == "ClusterRole":
            o["rules"] = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]
        return o

    def test_nothing_of_it_is_refused(self):
        told = {}
        for o in recorded():
            what = f"{o['kind']} {o['metadata']['name']}"
            told[f"apply {what}"] = self.passes("apply", "--server-side", "--force-conflicts", DRY, "-f", "-", who="upgrader",
                                                stdin=self.changed(o))
            told[f"delete {what}"] = self.passes("delete", DRY, *address(o), who="upgrader")
        for what in (["node/10.0.10.10"], ["clusterrole/system:controller:deployment-controller"], ["apiservice/v1.apps"]):
            told[f"delete {what[0]}"] = self.passes("delete", DRY, *what, who="upgrader")
        print(f"by {UPGRADER}: {told}", flush=True)
        self.assertTrue(any(told.values()), "the guard was not asked")


class RoleAgain(WayOut):
    """A bootstrap role that somebody broke is repaired by prove_system; here by him whom nobody has listed."""

    def test_rules_are_put_back(self):
        name = "system:controller:ttl-controller"
        role = kube.read("clusterrole", name)
        back = json.dumps({"rules": role["rules"]})
        self.addCleanup(kube.kubectl, "patch", "clusterrole", name, "--type=merge", "-p", back, who="exempt")
        done = kube.kubectl("patch", "clusterrole", name, "--type=merge", "-p", '{"rules":[]}', who="exempt")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.passes("patch", "clusterrole", name, "--type=merge", "-p", back, who="upgrader")
        self.assertEqual(kube.read("clusterrole", name)["rules"], role["rules"])
