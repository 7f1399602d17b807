# SPDX-License-Identifier: Apache-2.0
"""What the guard adds to a customer's write in a namespace of his own, as the API server measures it, beside a
webhook in Go that allows everything and beside the rule "the spec has not changed" as a ValidatingAdmissionPolicy.

One run, writes in turn, the same Deployment in one namespace for each. The guard's own configuration is away
meanwhile, since it would judge all of them: its entries for customers' namespaces stand there for one namespace,
and once more without their matchConditions. It prints; it judges no time, but how many entries are called.
"""
import base64
import copy
import os
import statistics
import subprocess
import time
import unittest

import archive
import guard
import kube
import prove_replay
import world
from api import Connection
from cluster import FOLDER, HERE, until
from objects import namespace

TURNS = 400
BARE = "oke-guard without matchConditions"
PLACES = {"nobody": "latency-none", "oke-guard": "latency-guard", BARE: "latency-bare", "Go webhook": "latency-go",
          "CEL policy": "latency-cel"}
GO = "allow.latency.example.com"


def build_webhook():
    """Its image, on all nodes."""
    program, image = FOLDER / "allow", FOLDER / "allow.tar"
    settings = {**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    subprocess.run(["go", "build", "-ldflags=-s -w", "-o", program, "main.go"], check=True, cwd=HERE / "latency",
                   env=settings)
    archive.write(image, "localhost/allow:1", program)
    for node in [v for k, v in world.NODES.items() if k != "control plane"]:
        node.run("ctr", "-n", "k8s.io", "images", "import", image)


def selected(place):
    return {"matchLabels": {"kubernetes.io/metadata.name": place}}


RULES = [{"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"], "operations": ["UPDATE"]}]


def go_webhook(folder):
    """Two replicas behind a Service, as the guard is."""
    labels = {"app": "allow"}
    meta = {"name": "allow", "namespace": PLACES["Go webhook"]}
    files = {n: base64.b64encode((folder / n).read_bytes()).decode() for n in ("tls.crt", "tls.key", "ca.crt")}
    pod = {"containers": [{"name": "allow", "image": "localhost/allow:1", "imagePullPolicy": "Never",
                           "volumeMounts": [{"name": "certs", "mountPath": "/certs"}]}],
           "volumes": [{"name": "certs", "secret": {"secretName": "allow"}}]}
    service = {"name": "allow", "namespace": meta["namespace"], "path": "/validate"}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {k: files[k] for k in ("tls.crt", "tls.key")}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta,
         "spec": {"selector": labels, "ports": [{"port": 443, "targetPort": 8443}]}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
         "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                  "template": {"metadata": {"labels": labels}, "spec": pod}}},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
         "metadata": {"name": "latency"},
         "webhooks": [{"name": GO, "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Ignore",
                       "timeoutSeconds": 2, "rules": RULES, "namespaceSelector": selected(meta["namespace"]),
                       "clientConfig": {"service": service, "caBundle": files["ca.crt"]}}]}]


def cel_policy():
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "latency"}}
    return [{**kind, "kind": "ValidatingAdmissionPolicy", "spec": {
                "failurePolicy": "Fail", "matchConstraints": {"resourceRules": RULES},
                "validations": [{"expression": "object.spec == oldObject.spec", "message": "the spec has changed"}]}},
            {**kind, "kind": "ValidatingAdmissionPolicyBinding", "spec": {
                "policyName": "latency", "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": selected(PLACES["CEL policy"])}}}]


def guard_entries(live, who):
    """Those of the guard that are for customers' namespaces, for one namespace alone."""
    hooks = [{**w, "name": w["name"].replace(kube.OURS, suffix(who)), "namespaceSelector": selected(PLACES[who])}
             for w in live if "In" not in operators(w)]
    if who == BARE:  # without conditions what has no namespace would be sent for everybody
        hooks = [{**w, "matchConditions": []} for w in hooks if w["name"].startswith("support-elsewhere.")]
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": PLACES[who]}, "webhooks": hooks}


def suffix(who):
    """Of the names of those entries."""
    return f".{PLACES[who]}{kube.OURS}"


def operators(entry):
    return [e["operator"] for e in entry["namespaceSelector"].get("matchExpressions", [])]


def measured(ending):
    """(seconds, calls) so far, of webhooks whose names end so. There is no such measure of what admits by CEL alone."""
    page = kube.metrics_page()
    return [sum(v for labels, v in kube.samples(f"apiserver_admission_webhook_admission_duration_seconds{part}", page)
                if labels["name"].endswith(ending)) for part in ("_sum", "_count")]


def called():
    """{entry of the guard: how often}."""
    found = {}
    for labels, v in kube.ours("apiserver_admission_webhook_admission_duration_seconds_count"):
        found[labels["name"]] = found.get(labels["name"], 0) + v
    return found


class Latency(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build_webhook()
        folder = guard.certificates(service="allow", place=PLACES["Go webhook"])
        kube.apply([namespace(p) for p in PLACES.values()])
        coredns = next(o for o in world.recorded() if o["kind"] == "Deployment" and o["metadata"]["name"] == "coredns")
        kube.apply([cls.idle(coredns, p) for p in PLACES.values()])
        kube.apply([*go_webhook(folder), *cel_policy()])
        kube.rolled_out(PLACES["Go webhook"], "deployment/allow")
        live = kube.read("validatingwebhookconfigurations", guard.RELEASE)["webhooks"]
        prove_replay.off()
        kube.apply([guard_entries(live, "oke-guard"), guard_entries(live, BARE)])

    @staticmethod
    def idle(deployment, place):
        """The same spec, but that nothing runs."""
        o = copy.deepcopy(deployment)
        o["metadata"]["namespace"], o["spec"]["replicas"] = place, 0
        return o

    @classmethod
    def tearDownClass(cls):
        kube.get("delete", "validatingwebhookconfiguration", "latency", PLACES["oke-guard"], PLACES[BARE])
        kube.get("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", "latency")
        kube.get("delete", "namespace", *PLACES.values(), "--wait=false")
        prove_replay.on()

    def write(self, writer, place, turn):
        """Seconds of a write that changes a label: the specs are compared, and equal."""
        patch = {"metadata": {"labels": {"turn": str(turn)}}}
        start = time.perf_counter()
        status, body = writer.send("PATCH", f"/apis/apps/v1/namespaces/{place}/deployments/coredns?dryRun=All", patch)
        took = time.perf_counter() - start
        self.assertEqual(status, 200, body)
        return took

    def refused(self):
        """Does the CEL policy refuse a changed spec yet?"""
        patch = {"spec": {"paused": True}}
        return Connection().send("PATCH", f"/apis/apps/v1/namespaces/{PLACES['CEL policy']}/deployments/coredns"
                                 "?dryRun=All", patch)[0] == 422

    def asked(self):
        """Are all webhooks called yet?"""
        for place in PLACES.values():
            self.write(Connection(), place, "before")
        return all(measured(e)[1] for e in (suffix("oke-guard"), suffix(BARE), GO))

    def test_all_in_turn(self):
        until(self.refused, "the CEL policy is in force")
        until(self.asked, "the webhooks are called")
        sources = {"a call of oke-guard": suffix("oke-guard"), "a call of the Go webhook": GO}
        before, entries = {k: measured(source) for k, source in sources.items()}, called()
        took = self.write_in_turn()
        idle = took.pop("nobody")
        print(f"\n  a write that nobody judges takes {1000 * idle:.2f} ms")
        for what, source in sources.items():
            seconds, times = (now - then for now, then in zip(measured(source), before[what]))
            self.assertGreaterEqual(times, TURNS)
            print(f"  {what}: {1000 * seconds / times:.2f} ms, as the API server measured {times:.0f} of them")
        self.assertEqual({k for k, v in called().items() if v - entries.get(k, 0) >= TURNS},
                         {"support-elsewhere" + suffix(who) for who in ("oke-guard", BARE)}, "a write meets one entry")
        added = {k: v - idle for k, v in took.items()}
        print("  added to the whole write: " + ", ".join(
            f"{k} {1000 * v:+.2f} ms ({v / added['Go webhook']:.2f})" for k, v in added.items()), end=" ... ", flush=True)

    def write_in_turn(self):
        """{who judges: median seconds of a customer's write}."""
        took = {k: [] for k in PLACES}
        writers = {k: Connection("customer") for k in PLACES}
        for turn in range(TURNS):
            for who, place in PLACES.items():
                took[who].append(self.write(writers[who], place, turn))
        return {k: statistics.median(v) for k, v in took.items()}
