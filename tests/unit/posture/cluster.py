# SPDX-License-Identifier: Apache-2.0
"""A cluster as OKE makes it, as the records of a scan: for tests to change and write down.

Objects are in the form that an API server stores, with the managedFields that it would have kept.
"""
import copy
import json

INSTALLER = "oke-installer"  # Oracle's own name is not public; a scan infers it
CREATED = "2026-03-01T10:00:00Z"
NOW = "2026-09-20T22:00:00Z"
REGISTRY = "iad.ocir.io/axoxdievda5j/oke-public-"

LIST_KEYS = {"containers": ["name"], "initContainers": ["name"], "env": ["name"], "volumes": ["name"],
             "volumeMounts": ["mountPath"], "ports": ["containerPort", "protocol"],
             "ownerReferences": ["uid"], "imagePullSecrets": ["name"]}


def fields(value, name=""):
    """fieldsV1 of a value: what a manager owns that wrote all of it."""
    if isinstance(value, dict) and value:
        return {f"f:{k}": fields(v, k) for k, v in value.items()}
    keys = LIST_KEYS.get(name)
    if isinstance(value, list) and value and keys and all(isinstance(v, dict) and keys[0] in v for v in value):
        out = {}
        for item in value:
            key = {k: item[k] for k in keys if k in item}
            out["k:" + json.dumps(key, separators=(",", ":"))] = {".": {}, **fields(item)}
        return out
    return {}


def owned(o):
    """The parts of an object that its writer owns."""
    meta = {k: v for k, v in o["metadata"].items() if k in ("labels", "annotations", "ownerReferences")}
    rest = {k: v for k, v in o.items() if k not in ("apiVersion", "kind", "metadata", "status")}
    return {**({"metadata": meta} if meta else {}), **rest}


def entry(manager, owns, time=None, subresource=None, version="apps/v1", operation="Update"):
    e = {"manager": manager, "operation": operation, "apiVersion": version, "fieldsType": "FieldsV1",
         "fieldsV1": owns if owns and next(iter(owns)).startswith("f:") else fields(owns)}
    if time:
        e["time"] = time
    if subresource:
        e["subresource"] = subresource
    return e


def obj(api, kind, name, namespace=None, labels=None, manager=INSTALLER, created=CREATED, **content):
    meta = {"name": name, "uid": f"uid-{kind}-{name}".lower(), "creationTimestamp": created,
            "resourceVersion": "1000"}
    if namespace:
        meta["namespace"] = namespace
    if labels:
        meta["labels"] = labels
    o = {"apiVersion": api, "kind": kind, "metadata": meta, **content}
    o["metadata"]["managedFields"] = [entry(manager, owned(o), created, version=api)]
    return o


def container(name, image, **more):
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", **more}


def oke(name, tag="sha256:" + "1f" * 32):
    return f"{REGISTRY}{name}{'@' if tag.startswith('sha256') else ':'}{tag}"


def template(labels, spec):
    return {"metadata": {"labels": dict(labels)}, "spec": {"restartPolicy": "Always", **spec}}


def workload(kind, name, labels, spec, namespace="kube-system", replicas=None, manager=INSTALLER, ready=3):
    content = {"selector": {"matchLabels": labels}, "template": template(labels, spec)}
    if kind == "Deployment":
        content = {"replicas": replicas or 1, "revisionHistoryLimit": 10, **content}
        status = {"replicas": replicas or 1, "readyReplicas": replicas or 1,
                  "conditions": [{"type": "Available", "status": "True", "lastTransitionTime": CREATED}]}
    else:
        content = {"updateStrategy": {"type": "RollingUpdate"}, **content}
        status = {"desiredNumberScheduled": ready, "numberReady": ready, "updatedNumberScheduled": ready}
    o = obj("apps/v1", kind, name, namespace, dict(labels), manager, spec=content, status=status)
    o["metadata"]["managedFields"].append(
        entry("kube-controller-manager", {"f:status": {"f:replicas": {}}}, NOW, "status"))
    if kind == "Deployment":
        o["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
        o["metadata"]["managedFields"].append(
            entry("kube-controller-manager",
                  {"f:metadata": {"f:annotations": {".": {}, "f:deployment.kubernetes.io/revision": {}}},
                   "f:status": {}}, NOW, "status"))
    return o


def owner(o):
    return [{"apiVersion": o["apiVersion"], "kind": o["kind"], "name": o["metadata"]["name"],
             "uid": o["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]


class Cluster:
    """Objects by the path of the request that shows them."""

    def __init__(self):
        self.version = "v1.36.1"
        self.readyz = "[+]ping ok\n[+]etcd ok\nreadyz check passed\n"
        self.groups = {"apps": ["v1"], "batch": ["v1"], "policy": ["v1"], "storage.k8s.io": ["v1"]}
        self.objects = []
        self.status = {}  # path -> (status, error, message) instead of an answer
        self.date = NOW
        self.name = "prod-frankfurt"
        self.cut = None  # number of lines to keep
        clean(self)

    # ---- changes ----
    def add(self, *objects):
        self.objects.extend(objects)
        return objects[0] if objects else None

    def get(self, kind, name, namespace="kube-system"):
        for o in self.objects:
            if o["kind"] == kind and o["metadata"]["name"] == name and \
                    o["metadata"].get("namespace", "") in (namespace, ""):
                return o
        raise KeyError(f"{kind} {name}")

    def remove(self, kind, name):
        self.objects.remove(self.get(kind, name))

    def write(self, o, manager, owns, time="2026-09-10T10:00:00Z", subresource=None, takes=True):
        """Another manager's write: it owns these places now, and nobody else does."""
        if takes:
            for e in o["metadata"]["managedFields"]:
                e["fieldsV1"] = without(e["fieldsV1"], fields_of(owns))
        o["metadata"]["managedFields"].append(
            entry(manager, fields_of(owns), time, subresource, o["apiVersion"]))

    def revise(self, o, created="2026-09-10T10:00:00Z"):
        """The controller's next revision of the template as it is now; pods are made of it."""
        rev = self.revisions(o)
        number = len(rev) + 1
        self.add(revision(o, number, created))
        if o["kind"] == "Deployment":
            o["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = str(number)
        self.objects = [p for p in self.objects if not (p["kind"] == "Pod" and belongs(p, o))]
        self.add(*pods(o, number))
        self.point_dns()

    def point_dns(self):
        """Service kube-dns leads to the pods that there are."""
        self.objects = [o for o in self.objects if o["kind"] != "EndpointSlice" or
                        o["metadata"]["name"] != "kube-dns-abc"]
        self.add(slice_of("kube-dns", [o["metadata"]["name"] for o in self.objects if o["kind"] == "Pod" and
                                       o["metadata"]["labels"].get("k8s-app") == "kube-dns"]))

    def revisions(self, o):
        return [r for r in self.objects if r["kind"] in ("ReplicaSet", "ControllerRevision") and
                r["metadata"]["ownerReferences"][0]["uid"] == o["metadata"]["uid"]]

    # ---- records ----
    def listed(self, path):
        """The answer for a path: items, or None for 404."""
        parts = path.split("?")[0].strip("/").split("/")
        group = parts[1] if parts[0] == "apis" else ""
        rest = parts[3:] if parts[0] == "apis" else parts[2:]
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        kinds = KINDS.get((group, rest[0]))
        if kinds is None or (group in OPTIONAL and group not in self.groups):
            return None
        found = [o for o in self.objects if o["kind"] == kinds and
                 (namespace is None or o["metadata"].get("namespace") == namespace)]
        if len(rest) > 1:
            found = [o for o in found if o["metadata"]["name"] == rest[1]]
            return found or None
        return found

    def answer(self, method, path):
        lines = [{"request": method, "path": path}]
        done = {"done": 200, "path": path, "items": 0, "pages": 1, "bytes": 0, "ms": 1, "date": self.date}
        if path in self.status:
            status, error, message = self.status[path]
            done.update({"done": status, "error": error, "message": message})
        elif path == "/version":
            lines.append({"item": {"major": "1", "gitVersion": self.version}})
        elif path == "/apis":
            lines.append({"item": {"kind": "APIGroupList", "groups": [
                {"name": g, "versions": [{"groupVersion": f"{g}/{v}", "version": v} for v in vs]}
                for g, vs in sorted(self.groups.items())]}})
        elif path.startswith("/readyz"):
            lines.append({"text": self.readyz})
        else:
            items = self.listed(path)
            if items is None:
                done.update({"done": 404, "error": "missing", "message": "not found"})
            elif method == "table":
                lines.append({"columns": ["Name", "Status", "Roles", "Age", "Version", "OS-Image"]})
                lines += [row(o) for o in items]
            else:
                lines += [{"item": o} for o in items]
        done["items"] = sum("item" in line for line in lines)
        done["bytes"] = sum(len(json.dumps(line)) for line in lines)
        return lines + [done]

    def records(self, requests):
        lines = [{"inventory": 1, "program": "test", "date": NOW, "cluster": self.name, "user": ""}]
        for method, path in requests:
            lines += self.answer(method, path)
        return lines + [{"end": len(requests), "cut": ""}]


def without(a, b):
    """Fields a, less fields b."""
    out = {}
    for k, v in a.items():
        if k not in b:
            out[k] = v
        elif v and b[k]:
            rest = without(v, b[k])
            if [r for r in rest if r != "."]:
                out[k] = rest
    return out


def fields_of(owns):
    return owns if owns and next(iter(owns))[:2] in ("f:", "k:") else fields(owns)


def belongs(pod, o):
    ref = pod["metadata"].get("ownerReferences", [{}])[0]
    name = o["metadata"]["name"]
    return ref.get("name") == name or ref.get("name", "").rsplit("-", 1)[0] == name


def revision(o, number, created=CREATED):
    name = o["metadata"]["name"]
    spec = copy.deepcopy(o["spec"]["template"])
    if o["kind"] == "Deployment":
        spec["metadata"]["labels"]["pod-template-hash"] = f"h{number}"
        return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {
            "name": f"{name}-h{number}", "namespace": "kube-system", "uid": f"uid-rs-{name}-{number}",
            "creationTimestamp": created, "ownerReferences": owner(o),
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "labels": {"pod-template-hash": f"h{number}"}}, "spec": {"template": spec}}
    return {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {
        "name": f"{name}-h{number}", "namespace": "kube-system", "uid": f"uid-cr-{name}-{number}",
        "creationTimestamp": created, "ownerReferences": owner(o),
        "labels": {"controller-revision-hash": f"h{number}"}},
        "revision": number, "data": {"spec": {"template": {"$patch": "replace", **spec}}}}


def pods(o, number, n=2):
    name = o["metadata"]["name"]
    labels = {**o["spec"]["template"]["metadata"]["labels"]}
    if o["kind"] == "DaemonSet":
        labels["controller-revision-hash"] = f"h{number}"
        refs = owner(o)
    else:
        labels["pod-template-hash"] = f"h{number}"
        refs = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-h{number}", "controller": True}]
    out = []
    for i in range(n):
        out.append({"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": f"{name}-h{number}-{i}", "namespace": "kube-system", "uid": f"uid-pod-{name}-{number}-{i}",
            "creationTimestamp": CREATED, "labels": labels, "ownerReferences": refs},
            "spec": copy.deepcopy(o["spec"]["template"]["spec"]), "status": {"phase": "Running"}})
    return out


def row(o):
    if o["kind"] != "Node":
        return {"item": {"cells": [o["metadata"]["name"], "", "", "1d", "", ""],
                         "object": {"metadata": o["metadata"]}}}
    ready = {c["type"]: c["status"] for c in o["status"]["conditions"]}.get("Ready") == "True"
    info = o["status"]["nodeInfo"]
    return {"item": {"cells": [o["metadata"]["name"], "Ready" if ready else "NotReady", "node", "9d",
                               info["kubeletVersion"], info["osImage"]],
                     "object": {"kind": "PartialObjectMetadata", "metadata": o["metadata"]}}}


def node(name, version="v1.36.1", pool="ocid1.nodepool.oc1.iad.aaaapool1", created="2026-09-01T00:00:00Z",
         os_image="Oracle Linux Server 8.10", ready="True", since="2026-09-01T00:05:00Z", labels=None):
    return {"apiVersion": "v1", "kind": "Node", "metadata": {
        "name": name, "uid": f"uid-node-{name}", "creationTimestamp": created,
        "labels": {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "hostname": name,
                   "oci.oraclecloud.com/node.info.managed": "true", "node.info.ds_proxymux_client": "true",
                   **(labels or {})},
        "annotations": {"oci.oraclecloud.com/node-pool-id": pool}},
        "spec": {}, "status": {"nodeInfo": {"kubeletVersion": version, "osImage": os_image,
                                            "kernelVersion": "5.15.0"},
                               "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since}]}}


def clean(c):
    """What OKE brings, untouched."""
    k = "kube-system"
    coredns = workload("Deployment", "coredns", {"k8s-app": "kube-dns"}, {
        "serviceAccountName": "coredns", "containers": [container(
            "coredns", oke("coredns"), args=["-conf", "/etc/coredns/Corefile"],
            env=[{"name": "GOGC", "value": "100"}],
            volumeMounts=[{"name": "config", "mountPath": "/etc/coredns"}])],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}]}, replicas=2)
    # Its autoscaler has scaled it: the replicas are its own by now.
    c.write(coredns, "cluster-proportional-autoscaler", {"spec": {"replicas": 2}}, None, "scale")
    autoscaler = workload("Deployment", "kube-dns-autoscaler", {"k8s-app": "kube-dns-autoscaler"}, {
        "serviceAccountName": "kube-dns-autoscaler",
        "containers": [container("autoscaler", oke("cluster-proportional-autoscaler"))]})
    proxy = workload("DaemonSet", "kube-proxy", {"k8s-app": "kube-proxy"}, {
        "serviceAccountName": "kube-proxy",
        "containers": [container("kube-proxy", oke("kube-proxy", "v1.36.1-oke.1"))]})
    flannel = workload("DaemonSet", "kube-flannel-ds", {"app": "flannel"}, {
        "serviceAccountName": "flannel", "containers": [container("kube-flannel", oke("flannel"))],
        "volumes": [{"name": "cfg", "configMap": {"name": "kube-flannel-cfg"}}]})
    csi = workload("DaemonSet", "csi-oci-node", {"app": "csi-oci-node"}, {
        "serviceAccountName": "csi-oci-node-sa",
        "containers": [container("oci-csi-node-driver", oke("cloud-provider-oci"))],
        "volumes": [{"name": "iscsi", "configMap": {"name": "oci-csi-iscsiadm"}}]})
    mux = workload("DaemonSet", "proxymux-client", {"app": "proxymux-client"}, {
        "containers": [container("proxymux", oke("proxymux-cli"))]})
    npd = workload("DaemonSet", "oke-node-problem-detector", {"app": "oke-node-problem-detector"}, {
        "containers": [container("npd", oke("oke-node-problem-detector"))]})
    agent = workload("DaemonSet", "oke-dataplane-observability-agent", {"app": "observability"}, {
        "containers": [container("agent", oke("oke-observability-agent"))]})
    for o in (coredns, autoscaler, proxy, flannel, csi, mux, npd, agent):
        c.add(o, revision(o, 1), *pods(o, 1))
    for name in ("coredns", "kube-dns-autoscaler", "kube-proxy", "flannel", "csi-oci-node-sa"):
        c.add(obj("v1", "ServiceAccount", name, k))
    c.add(obj("v1", "ConfigMap", "coredns", k, data={"Corefile": ".:53 {\n    errors\n    cache 30\n}\n"}),
          obj("v1", "ConfigMap", "kube-flannel-cfg", k, data={"net-conf.json": "{}"}),
          obj("v1", "ConfigMap", "oci-csi-iscsiadm", k, data={"iscsiadm": "#!/bin/bash"}),
          obj("v1", "ConfigMap", "oci-fss-csi", k, data={"mount": "#!/bin/bash"}),
          obj("v1", "Service", "kube-dns", k, {"k8s-app": "kube-dns"}, spec={
              "clusterIP": "10.96.5.5", "selector": {"k8s-app": "kube-dns"}, "ports": [{"port": 53}]}),
          obj("v1", "Namespace", k, labels={"kubernetes.io/metadata.name": k}),
          obj("rbac.authorization.k8s.io/v1", "ClusterRole", "csi-oci", rules=[
              {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]),
          obj("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "csi-oci-binding",
              roleRef={"kind": "ClusterRole", "name": "csi-oci"},
              subjects=[{"kind": "ServiceAccount", "namespace": k, "name": "csi-oci-node-sa"}]),
          obj("rbac.authorization.k8s.io/v1", "ClusterRole", "cluster-admin", manager="kube-apiserver",
              labels={"kubernetes.io/bootstrapping": "rbac-defaults"},
              rules=[{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]),
          obj("storage.k8s.io/v1", "CSIDriver", "blockvolume.csi.oraclecloud.com", spec={"attachRequired": True}),
          obj("storage.k8s.io/v1", "StorageClass", "oci-bv", provisioner="blockvolume.csi.oraclecloud.com"),
          slice_of("kube-dns", ["coredns-h1-0", "coredns-h1-1"]))
    # The API server's own FlowSchemas name the system's groups.
    c.add(obj("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "system-nodes",
              manager="api-priority-and-fairness-config-producer-v1", spec={
                  "rules": [{"subjects": [{"kind": "Group", "group": {"name": "system:nodes"}}]}]}))
    c.get("FlowSchema", "system-nodes")["metadata"]["annotations"] = {"apf.kubernetes.io/autoupdate-spec": "true"}
    # A role that OKE brings may have any power.
    c.add(obj("rbac.authorization.k8s.io/v1", "ClusterRole", "oke-addon-manager", rules=[
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]))
    c.add(node("10.0.10.11"), node("10.0.10.12"), node("10.0.10.13"))
    shop = workload("Deployment", "web", {"app": "web"}, {"containers": [container("web", "web:1")]}, "shop",
                    manager="helm")
    c.add(shop)


def slice_of(service, targets, namespace="kube-system", ready=True):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "metadata": {
        "name": f"{service}-abc", "namespace": namespace, "uid": f"uid-slice-{namespace}-{service}",
        "creationTimestamp": CREATED, "labels": {"kubernetes.io/service-name": service}},
        "endpoints": [{"addresses": ["10.244.0.5"], "conditions": {"ready": ready},
                       "targetRef": {"kind": "Pod", "name": t, "namespace": namespace}} for t in targets]}


RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
KINDS = {
    ("apps", "deployments"): "Deployment", ("apps", "daemonsets"): "DaemonSet",
    ("apps", "replicasets"): "ReplicaSet", ("apps", "controllerrevisions"): "ControllerRevision",
    ("apps", "statefulsets"): "StatefulSet", ("batch", "cronjobs"): "CronJob", ("batch", "jobs"): "Job",
    ("", "pods"): "Pod", ("", "nodes"): "Node", ("", "configmaps"): "ConfigMap", ("", "services"): "Service",
    ("", "serviceaccounts"): "ServiceAccount", ("discovery.k8s.io", "endpointslices"): "EndpointSlice",
    (RBAC, "clusterroles"): "ClusterRole", (RBAC, "clusterrolebindings"): "ClusterRoleBinding",
    (RBAC, "roles"): "Role", (RBAC, "rolebindings"): "RoleBinding",
    ("storage.k8s.io", "storageclasses"): "StorageClass", ("storage.k8s.io", "csidrivers"): "CSIDriver",
    (ADMISSION, "validatingwebhookconfigurations"): "ValidatingWebhookConfiguration",
    (ADMISSION, "mutatingwebhookconfigurations"): "MutatingWebhookConfiguration",
    (ADMISSION, "validatingadmissionpolicies"): "ValidatingAdmissionPolicy",
    (ADMISSION, "validatingadmissionpolicybindings"): "ValidatingAdmissionPolicyBinding",
    (ADMISSION, "mutatingadmissionpolicies"): "MutatingAdmissionPolicy",
    ("policy", "poddisruptionbudgets"): "PodDisruptionBudget",
    ("autoscaling", "horizontalpodautoscalers"): "HorizontalPodAutoscaler",
    ("autoscaling.k8s.io", "verticalpodautoscalers"): "VerticalPodAutoscaler",
    ("keda.sh", "scaledobjects"): "ScaledObject",
    ("", "resourcequotas"): "ResourceQuota", ("", "limitranges"): "LimitRange",
    ("networking.k8s.io", "networkpolicies"): "NetworkPolicy", ("", "namespaces"): "Namespace",
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): "FlowSchema", ("", "persistentvolumes"): "PersistentVolume",
    ("oci.oraclecloud.com", "nativepodnetworks"): "NativePodNetwork",
}
OPTIONAL = {"autoscaling.k8s.io", "keda.sh", "oci.oraclecloud.com"}
