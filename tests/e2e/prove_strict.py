# SPDX-License-Identifier: Apache-2.0
"""A strict house: the cluster's own ValidatingAdmissionPolicies and Pod Security demand labels, digests and limits of
every object, and the chart is installed, tested, upgraded and removed there, with the values that docs/chart.md shows.
"""
import json
import tarfile
import unittest

import api
import guard
import kube
import world
from cluster import ROOT, until

VALUES = ROOT / "tests/chart/values/strict.yaml"
GROUPS = ["", "apps", "batch", "policy", "networking.k8s.io", "rbac.authorization.k8s.io"]
# What belongs to the guard: its namespace, and what is named after it elsewhere. Not what Kubernetes puts into
# each namespace, and not Helm's own records.
OURS = ("(request.namespace == 'oke-guard' || request.name.startsWith('oke-guard')) && "
        "!(request.name in ['kube-root-ca.crt', 'default']) && !request.name.startsWith('sh.helm.release.')")
SPEC = ("object.kind == 'Pod' ? object.spec : object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec : "
        "object.spec.template.spec")
TEMPLATE = ("object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.metadata : "
            "object.kind in ['Deployment', 'ReplicaSet', 'Job'] ? object.spec.template.metadata : object.metadata")
LABELLED = ("has({0}.labels) && 'team' in {0}.labels && 'cost-center' in {0}.labels && "
            "has({0}.annotations) && 'example.com/contact' in {0}.annotations")


def policy(name, rules, variables, validations, condition=OURS):
    """A ValidatingAdmissionPolicy and its binding."""
    return [
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
         "metadata": {"name": f"house-{name}"},
         "spec": {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": rules},
                  "matchConditions": [{"name": "ours", "expression": condition}],
                  "variables": [{"name": k, "expression": v} for k, v in variables.items()],
                  "validations": [{"expression": e, "message": f"house-{name}"} for e in validations]}},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
         "metadata": {"name": f"house-{name}"},
         "spec": {"policyName": f"house-{name}", "validationActions": ["Deny"]}},
    ]


def writes(groups, resources):
    return [{"apiGroups": groups, "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": resources}]


PODS = writes(["", "apps", "batch"], ["pods", "deployments", "replicasets", "daemonsets", "jobs", "cronjobs"])
# Endpoints, their slices and events are written by controllers, for everybody.
OBJECTS = writes(GROUPS, ["pods", "services", "configmaps", "secrets", "serviceaccounts", "resourcequotas", "deployments",
                          "replicasets", "jobs", "cronjobs", "poddisruptionbudgets", "networkpolicies", "roles",
                          "rolebindings", "clusterroles", "clusterrolebindings"])
HOUSE = [
    *policy("labels", OBJECTS, {"template": TEMPLATE},
            [LABELLED.format("object.metadata"), LABELLED.format("variables.template")]),
    *policy("digests", PODS, {"spec": SPEC}, ["variables.spec.containers.all(c, c.image.contains('@sha256:'))"]),
    *policy("limits", PODS, {"spec": SPEC},
            ["variables.spec.containers.all(c, has(c.resources) && has(c.resources.limits) && has(c.resources.requests) && "
             "['cpu', 'memory', 'ephemeral-storage'].all(r, r in c.resources.limits && r in c.resources.requests))"]),
    *policy("namespaces", writes([""], ["namespaces"]), {},
            ["has(object.metadata.labels) && 'team' in object.metadata.labels && "
             "'pod-security.kubernetes.io/enforce' in object.metadata.labels && "
             "object.metadata.labels['pod-security.kubernetes.io/enforce'] == 'restricted'"],
            "request.name == 'oke-guard'"),
]
META = {"labels": {"team": "a", "cost-center": "1"}, "annotations": {"example.com/contact": "b"}}
SMALL = {k: {"cpu": "1", "memory": "8Mi", "ephemeral-storage": "8Mi"} for k in ("limits", "requests")}


def pod(name, digest="@sha256:" + "0" * 64, resources=None, metadata=None, context=None):
    context = context or {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
                          "seccompProfile": {"type": "RuntimeDefault"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": guard.PLACE, **(metadata or META)},
            "spec": {"containers": [{"name": "c", "image": "localhost/pause" + digest, "securityContext": context,
                                     "resources": SMALL if resources is None else resources}]}}


# What the house must refuse, or the proof proves nothing; by the word that says who refused it.
REFUSED = {
    "house-labels": [pod("bare", metadata={"labels": {"team": "a"}}),
                     {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bare", "namespace": guard.PLACE}},
                     {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "oke-guard-bare"}}],
    "house-digests": [pod("tagged", digest=":1")],
    "house-limits": [pod("unbounded", resources={})],
    "house-namespaces": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": guard.PLACE, "labels": {"team": "a"}}}],
    "violates PodSecurity": [pod("privileged", context={"privileged": True})],
}


def digest():
    with tarfile.open(guard.IMAGE) as archive:
        return json.load(archive.extractfile("index.json"))["manifests"][0]["digest"]


def known_by_digest():
    """Nodes pull nothing here: each learns the name with the digest, for the image that it has."""
    name = f"localhost/oke-guard@{digest()}"
    with tarfile.open(guard.IMAGE) as archive:
        index = json.load(archive.extractfile("index.json"))
    known = index["manifests"][0]["annotations"]["io.containerd.image.name"]
    for node in world.NODES.values():
        if node is not world.control_plane() and "containerd" in node.parts:
            node.run("ctr", "-n", "k8s.io", "images", "tag", "--force", known, name)


def try_to_make(thing):
    verb = "replace" if thing["kind"] == "Namespace" else "create"
    return kube.kubectl(verb, "--dry-run=server", "-f", "-", stdin=json.dumps(thing))


class Strict(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Where these tests run by themselves, the guard is still there."""
        if guard.helm("status", guard.RELEASE, "--namespace", guard.PLACE).returncode == 0:
            guard.uninstall()
            kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        known_by_digest()
        kube.apply(HOUSE)
        cls.before = api.inventory()
        kube.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": guard.PLACE, "labels": {
            "team": "platform", "pod-security.kubernetes.io/enforce": "restricted"}}}])

    @classmethod
    def tearDownClass(cls):
        for thing in HOUSE:
            kube.get("delete", thing["kind"], thing["metadata"]["name"])

    def install(self, verb="install", *more):
        guard.install("image.registry=localhost", "image.repository=oke-guard", f"image.digest={digest()}",
                      "image.pullPolicy=IfNotPresent", *more, verb=verb, options=[f"--values={VALUES}"])

    def refusals(self):
        """Events about objects that the house would not have."""
        found = kube.read("-n", guard.PLACE, "events")["items"]
        return [e["message"] for e in found if "house-" in e["message"] or "violates PodSecurity" in e["message"]]

    def test_1_the_house_refuses_what_is_not_as_it_wants(self):
        for who, things in REFUSED.items():
            for thing in things:
                until(lambda t=thing, w=who: w in try_to_make(t).stdout, f"{thing['metadata']['name']} is refused by {who}")
        self.assertIn("created (server dry run)", try_to_make(pod("good")).stdout)

    def test_2_the_chart_is_installed_and_guards(self):
        self.install()
        kube.wait_guarded()
        done = kube.kubectl(*kube.system("scale", "deployment", "coredns", "--replicas=5", "--dry-run=server"), who="customer")
        self.assertIn("[coredns/scale]", done.stdout)
        guard.must(guard.helm("test", guard.RELEASE, "--namespace", guard.PLACE))
        self.assertEqual(self.refusals(), [])

    def test_3_a_scan_runs(self):
        kube.get("-n", guard.PLACE, "create", "job", "--from=cronjob/oke-guard-scan", "now", "--dry-run=server")
        job = json.loads(kube.get("-n", guard.PLACE, "create", "job", "--from=cronjob/oke-guard-scan", "now",
                                  "--dry-run=client", "--output=json"))
        kube.apply([job])
        kube.get("-n", guard.PLACE, "wait", "job/now", "--for=condition=Complete", "--timeout=90s")
        self.assertIn("posture.json", kube.read("-n", guard.PLACE, "configmap", "oke-guard-posture")["data"])
        kube.get("-n", guard.PLACE, "delete", "job", "now")

    def test_4_it_is_upgraded_and_removed(self):
        self.install("upgrade", "config.mode=warn")
        self.assertEqual(self.refusals(), [])
        guard.uninstall()
        kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        self.assertEqual(api.inventory() ^ self.before, set())
