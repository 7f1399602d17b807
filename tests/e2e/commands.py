# SPDX-License-Identifier: Apache-2.0
"""What people type, in this order, and what is to come of it.

`then` is the decision and `rule` the finding's rule, as the audit log must name them; what kubectl
prints stands in golden/<name>.txt.
"""
import json
from collections import namedtuple

from kube import kubectl, system

Command = namedtuple("Command", "name then rule arguments who stdin", defaults=("customer", None))


def merge(*target, **patch):
    return ["patch", *target, "--type=merge", "-p", json.dumps(patch)]


def pod(name, account):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "kube-system"},
            "spec": {"serviceAccountName": account, "containers": [{"name": "sh", "image": "busybox"}]}}


CORE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns", "namespace": "kube-system"},
        "data": {"Corefile": ".:53 {\n    errors\n    forward . 10.1.2.3\n}\n"}}
MORE_MEMORY = {"apiVersion": "apps/v1", "kind": "Deployment",
               "metadata": {"name": "coredns", "namespace": "kube-system"},
               "spec": {"template": {"spec": {"containers": [
                   {"name": "coredns", "resources": {"limits": {"memory": "1Gi"}}}]}}}}
SAME_MEMORY = json.loads(json.dumps(MORE_MEMORY).replace("1Gi", "170Mi"))
LABELS = {"matchLabels": {"app": "mux"}}
PROXYMUX = {"apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": {"name": "proxymux-client", "namespace": "kube-system"},
            "spec": {"selector": LABELS, "template": {
                "metadata": {"labels": LABELS["matchLabels"]},
                "spec": {"containers": [{"name": "proxymux-client", "image": "localhost/pause:1"}]}}}}


def shop_deployment(**container):
    labels = {"app": "alpha"}
    pod_ = {"os": {"name": "linux"}, "containers": [{"name": "main", "image": "localhost/pause:1", **container}]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "alpha", "namespace": "shop"},
            "spec": {"replicas": 0, "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": pod_}}}


SIGNAL = shop_deployment(lifecycle={"stopSignal": "SIGUSR1"})
GATE = shop_deployment(image="example.com/kube-scheduler:1",
                       command=["kube-scheduler", "--feature-gates=ContainerStopSignals=true"])
CUT_OFF = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
           "metadata": {"name": "deny-all", "namespace": "kube-system"},
           "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}
TOKEN = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
         "metadata": {"name": "mine", "namespace": "kube-system",
                      "annotations": {"kubernetes.io/service-account.name": "deployment-controller"}}}
GONE = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "00000000-0000-0000-0000-000000000000"}]
FROM_FILE = ["-f", "-"]

COMMANDS = [Command(*row) for row in [
    # Out of support.
    ("scale", "deny", "coredns/scale", system("scale", "deployment", "coredns", "--replicas=5")),
    ("scale-to-zero", "deny", "coredns/scale", system("scale", "deployment", "coredns", "--replicas=0")),
    ("scale-dry-run", "deny", "coredns/scale",
     system("scale", "deployment", "coredns", "--replicas=5", "--dry-run=server")),
    ("set-image", "deny", "kube-proxy/spec",
     system("set", "image", "daemonset/kube-proxy", "kube-proxy=example.com/kube-proxy:2")),
    ("set-env-secret", "deny", "kube-proxy/spec",
     system("set", "env", "daemonset/kube-proxy", "API_TOKEN=hunter2")),
    ("set-resources", "deny", "kube-proxy/spec",
     system("set", "resources", "daemonset", "kube-proxy", "--limits=memory=1Gi")),
    ("delete", "deny", "coredns/removed", system("delete", "deployment", "coredns")),
    ("delete-all", "deny", "coredns/removed", system("delete", "deployments", "--all")),
    ("delete-collection", "deny", "coredns/removed",
     ["delete", "--raw", "/apis/apps/v1/namespaces/kube-system/deployments?fieldSelector=metadata.name%3Dcoredns"]),
    ("delete-service", "deny", "kube-dns-service/removed", system("delete", "service", "kube-dns")),
    ("patch", "deny", "csi-node/spec",
     system(*merge("daemonset", "csi-oci-node", spec={"template": {"spec": {"hostNetwork": False}}}))),
    ("replace", "deny", "coredns-configmap/corefile", ["replace", *FROM_FILE], "customer", CORE),
    ("apply", "deny", "coredns/spec", ["apply", *FROM_FILE], "customer", MORE_MEMORY),
    ("apply-server-side", "deny", "coredns/spec",
     ["apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", *FROM_FILE],
     "argocd", MORE_MEMORY),
    ("status-owner", "deny", "coredns/owner",
     system(*merge("deployment", "coredns", metadata={"ownerReferences": GONE}), "--subresource=status")),
    ("service-headless", "deny", "kube-dns-service/routing",
     system("label", "service", "kube-dns", "service.kubernetes.io/headless=")),
    ("crd", "deny", "npn-crd/spec",
     merge("crd", "nativepodnetworks.oci.oraclecloud.com", spec={"names": {"shortNames": ["mine"]}})),
    ("clusterrole", "deny", "csi-clusterrole/spec", merge("clusterrole", "csi-oci", rules=[])),
    ("token", "deny", "identities/token", system("create", "token", "deployment-controller")),
    ("token-secret", "deny", "identities/token-secret", ["create", *FROM_FILE], "customer", TOKEN),
    ("pod-as-controller", "deny", "identities/pod-created", ["create", *FROM_FILE], "customer",
     pod("mine", "deployment-controller")),
    ("node-lease", "deny", "system/node-lease-removed", ["delete", "namespace", "kube-node-lease"]),
    ("api-service", "deny", "system/changed",
     ["patch", "service", "kubernetes", "--type=json",
      "-p", '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 1}]']),
    ("ci-scale", "deny", "coredns/scale", system("scale", "deployment", "coredns", "--replicas=2"), "ci"),
    ("ci-apply", "deny", "coredns/spec", ["apply", "--server-side", "--force-conflicts", *FROM_FILE], "ci", MORE_MEMORY),
    ("ci-delete", "deny", "csi-node/removed", system("delete", "daemonset", "csi-oci-node"), "ci"),
    ("argocd-prune", "deny", "csi-clusterrolebinding/removed",
     ["delete", "clusterrolebinding", "csi-oci-binding"], "argocd"),
    ("delete-driver", "deny", "csidriver-bv/removed", ["delete", "csidriver", "blockvolume.csi.oraclecloud.com"]),
    # On the edge of it.
    ("label", "warn", "coredns/metadata", system("label", "deployment", "coredns", "team=dns")),
    ("label-removed", "warn", "kube-proxy/metadata", system("label", "daemonset", "kube-proxy", "k8s-app-")),
    ("annotate", "warn", "kube-proxy/metadata", system("annotate", "daemonset", "kube-proxy", "note=ours")),
    ("autoscale", "warn", "surroundings/horizontal-autoscaler",
     system("autoscale", "deployment", "coredns", "--min=3", "--max=9", "--cpu=80%")),
    ("quota", "warn", "surroundings/quota", system("create", "quota", "all", "--hard=pods=500")),
    ("network-policy", "warn", "surroundings/network-policy", ["create", *FROM_FILE], "customer", CUT_OFF),
    ("created-again", "warn", "proxymux-client/created", ["create", *FROM_FILE], "customer", PROXYMUX),
    ("unknown-identity", "warn", "coredns/scale",
     system("scale", "deployment", "coredns", "--replicas=4"), "robot"),
    # Alpha in all versions that these tests are for, so that the API server drops the field.
    ("alpha-field", "warn", "alpha/dropped", ["create", "--dry-run=server", *FROM_FILE], "customer", SIGNAL),
    ("alpha-gate", "warn", "alpha/gates", ["create", "--dry-run=server", *FROM_FILE], "ci", GATE),
    # A dry run, as the kubelet puts the label back by itself.
    ("node-label", "warn", "nodes/selected",
     ["label", "node", "10.0.10.10", "kubernetes.io/os-", "--dry-run=server"]),
    # Documented, or nobody's business but the customer's: not a word.
    ("pod-deleted", "allow", None, system("delete", "pod", "--selector=k8s-app=kube-proxy")),
    ("node-own-label", "allow", None, ["label", "node", "10.0.10.10", "team=a"]),
    ("node-cordon", "allow", None, ["cordon", "10.0.10.10"]),
    ("node-uncordon", "allow", None, ["uncordon", "10.0.10.10"]),
    ("node-taint", "allow", None, ["taint", "node", "10.0.10.10", "team=a:PreferNoSchedule"]),
    ("restart", "allow", None, system("rollout", "restart", "deployment", "coredns")),
    ("restart-daemonset", "allow", None, system("rollout", "restart", "daemonset", "kube-proxy")),
    ("own-corefile", "allow", None,
     system("create", "configmap", "coredns-custom", "--from-literal=my.server=example.com:53 {\n  errors\n}")),
    ("same-again", "allow", None,
     ["apply", "--server-side", "--field-manager=argocd-controller", *FROM_FILE], "argocd", SAME_MEMORY),
    ("own-deployment", "allow", None, ["-n", "shop", "create", "deployment", "web", "--image=localhost/pause:1"]),
    ("ci-deployment", "allow", None, ["-n", "shop", "create", "deployment", "api", "--image=localhost/pause:1"], "ci"),
    ("own-scale", "allow", None, ["-n", "shop", "scale", "deployment", "web", "--replicas=3"]),
]]


def take_marks_back():
    """What the commands put on a node: a taint that stays, soft as it is, has a say in where every later pod goes."""
    kubectl("label", "node", "10.0.10.10", "team-")
    kubectl("taint", "node", "10.0.10.10", "team-")
