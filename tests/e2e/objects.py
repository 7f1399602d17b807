# SPDX-License-Identifier: Apache-2.0
"""What OKE brings to a cluster, as the recorded reviews show it, and those who work in it."""
import json

from cluster import ROOT

# In this order, so that each finds what it refers to.
OKE = [
    ("ServiceAccount", "kube-system", "coredns"),
    ("ConfigMap", "kube-system", "coredns"),
    ("Service", "kube-system", "kube-dns"),
    ("Deployment", "kube-system", "coredns"),
    ("ServiceAccount", "kube-system", "kube-dns-autoscaler"),
    ("Deployment", "kube-system", "kube-dns-autoscaler"),
    ("ServiceAccount", "kube-system", "kube-proxy"),
    ("DaemonSet", "kube-system", "kube-proxy"),
    ("ServiceAccount", "kube-system", "flannel"),
    ("DaemonSet", "kube-system", "kube-flannel-ds"),
    ("ServiceAccount", "kube-system", "csi-oci-node-sa"),
    ("DaemonSet", "kube-system", "csi-oci-node"),
    ("ConfigMap", "kube-system", "oci-csi-iscsiadm"),
    ("ClusterRole", "", "csi-oci"),
    ("ClusterRoleBinding", "", "csi-oci-binding"),
    ("CSIDriver", "", "blockvolume.csi.oraclecloud.com"),
    ("CustomResourceDefinition", "", "nativepodnetworks.oci.oraclecloud.com"),
]
WORKLOADS = ["deployment/coredns", "deployment/kube-dns-autoscaler", "daemonset/kube-proxy",
             "daemonset/kube-flannel-ds", "daemonset/csi-oci-node"]


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def administrators(name, *subjects):
    """Bound to cluster-admin, as OKE does it for the users of IAM."""
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": list(subjects)}


PEOPLE = [
    namespace("shop"), namespace("argocd"), namespace("ci"),
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "deployer", "namespace": "ci"}},
    administrators("platform-admins", {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group",
                                       "name": "ocid1.group.oc1..aaaaaaaaadmins"}),
    administrators("pipelines", {"kind": "ServiceAccount", "name": "deployer", "namespace": "ci"}),
]


def recorded():
    """The objects of OKE as the recorded reviews show them first."""
    found = {}
    with open(ROOT / "tests/data/reviews/reviews.jsonl", encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)["review"]["request"]
            o = request.get("oldObject") or request.get("object") or {}
            meta = o.get("metadata", {})
            found.setdefault((o.get("kind"), meta.get("namespace", ""), meta.get("name")), o)
    return [runnable(plain(found[key])) for key in OKE]


def plain(o):
    """Without what a server adds."""
    keep = {k: v for k, v in o["metadata"].items() if k in ("name", "namespace", "labels", "annotations")}
    for added in ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"):
        keep.get("annotations", {}).pop(added, None)
    return {**{k: v for k, v in o.items() if k != "status"}, "metadata": keep}


def runnable(o):
    """With containers that only pause: nothing of the node is mounted, nothing is asked whether it is well."""
    if o["kind"] not in ("Deployment", "DaemonSet"):
        return o
    pod = o["spec"]["template"]["spec"]
    for key in ("volumes", "initContainers"):
        pod.pop(key, None)
    for container in pod["containers"]:
        for key in ("command", "args", "volumeMounts", "livenessProbe", "readinessProbe", "startupProbe", "ports"):
            container.pop(key, None)
    return o


def images(objects):
    """Names of the images that these objects run."""
    return sorted({c["image"] for o in objects if o["kind"] in ("Deployment", "DaemonSet")
                   for c in o["spec"]["template"]["spec"]["containers"]})
