# SPDX-License-Identifier: Apache-2.0
"""For each check a cluster for each result that it can have. A case is what was done to a clean one."""
from cluster import (ADMISSION, INSTALLER, RBAC, Cluster, container, entry, node, obj, oke, pods, revision,
                     slice_of, template, workload)

FORBIDDEN = (403, "forbidden", 'deployments.apps is forbidden: User "auditor" cannot list resource')
CASES = {}  # (check, result) -> function of a Cluster


def case(check, result):
    def keep(change):
        assert (check, result) not in CASES, (check, result)
        CASES[check, result] = change
        return change
    return keep


def container_fields(name, inner):
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {f'k:{{"name":"{name}"}}': inner}}}}}


def denied(*paths):
    def change(c):
        for path in paths:
            c.status[path] = FORBIDDEN
    return change


def leave(c):
    """A clean cluster."""


APPS = "/apis/apps/v1/deployments"
SETS = "/apis/apps/v1/daemonsets"
NODES = "/api/v1/nodes"
CONFIG = "/api/v1/namespaces/kube-system/configmaps/"
SYSTEM = "/api/v1/namespaces/kube-system/"


def set_image(c, image="somebody/coredns:9"):
    o = c.get("Deployment", "coredns")
    o["spec"]["template"]["spec"]["containers"][0]["image"] = image
    c.write(o, "kubectl-set", container_fields("coredns", {"f:image": {}}))
    c.revise(o)
    return o


def use_vcn_native(c):
    flannel = c.get("DaemonSet", "kube-flannel-ds")
    c.objects = [o for o in c.objects if not (
        o["kind"] in ("Pod", "ControllerRevision") and
        o["metadata"].get("ownerReferences", [{}])[0].get("name") == "kube-flannel-ds")]
    c.objects.remove(flannel)
    cni = workload("DaemonSet", "vcn-native-ip-cni", {"app": "vcn-native-ip-cni"}, {
        "containers": [container("install-cni-ips", oke("vcn-native-ip-cni-plugin"))]})
    cni["spec"]["updateStrategy"] = {"type": "OnDelete"}
    c.add(cni, revision(cni, 1), *pods(cni, 1))
    c.groups["oci.oraclecloud.com"] = ["v1beta1"]
    for n in ("10.0.10.11", "10.0.10.12", "10.0.10.13"):
        c.add(obj("oci.oraclecloud.com/v1beta1", "NativePodNetwork", n))
    for kind, name in (("ValidatingAdmissionPolicy", "npn-pod-deletion-deny-policy"),
                       ("ValidatingAdmissionPolicyBinding", "npn-pod-deletion-deny-policy-binding")):
        c.add(obj(f"{ADMISSION}/v1", kind, name, spec={}))


# ---- what nobody sees from inside ----
for check in ("kubelet", "guard-uptime", "custom-images", "control-plane-logs", "backups"):
    CASES[check, "not-checkable"] = leave

# ---- components ----
for check in ("component-drift", "component-image", "component-missing", "pods-differ", "component-configuration",
              "cni-conflict", "dns-endpoints", "component-health", "addon-origin", "addon-versions",
              "surroundings", "mutating-webhooks", "trusted-accounts", "node-labels", "admission-webhooks",
              "impersonation", "control-plane-ready", "control-plane-version", "alpha-fields", "alpha-apis",
              "feature-gates", "removed-apis", "node-skew", "node-pool-mixed", "node-image-age", "node-health",
              "observability-addons"):
    CASES[check, "pass"] = leave
CASES["component-drift", "finding"] = set_image


@case("component-drift", "unknown")
def _(c):
    c.status["/apis/apps/v1/namespaces/kube-system/replicasets"] = FORBIDDEN


@case("component-image", "finding")
def _(c):
    """Before anything that the cluster remembers: the image alone tells it."""
    o = c.get("DaemonSet", "kube-proxy")
    for at in [o, *c.revisions(o)]:
        t = at["spec"]["template"] if "spec" in at else at["data"]["spec"]["template"]
        t["spec"]["containers"][0]["image"] = "registry.example/kube-proxy:v1.36.1"


CASES["component-image", "unknown"] = denied(SETS)


@case("component-missing", "finding")
def _(c):
    c.remove("ConfigMap", "oci-csi-iscsiadm")
    c.remove("DaemonSet", "kube-proxy")


CASES["component-missing", "unknown"] = denied(APPS)


@case("pods-differ", "finding")
def _(c):
    pod = [o for o in c.objects if o["kind"] == "Pod" and o["metadata"]["name"].startswith("kube-proxy")]
    pod[0]["spec"]["containers"][0]["image"] = "registry.example/kube-proxy:debug"
    pod[1]["spec"]["containers"].append(container("istio-proxy", "istio/proxyv2:1.29"))
    dns = next(o for o in c.objects if o["kind"] == "Pod" and o["metadata"]["name"].startswith("coredns"))
    dns["spec"]["ephemeralContainers"] = [container("debugger-x", "busybox")]


@case("pods-differ", "unknown")
def _(c):
    rev = c.revisions(c.get("DaemonSet", "kube-proxy"))[0]
    c.objects.remove(rev)


@case("component-configuration", "finding")
def _(c):
    c.config = {"addons": {"CoreDNS": {"customizeCoreDNSConfigMap": "true"}}}


CASES["component-configuration", "unknown"] = denied(CONFIG + "coredns")


@case("cni-conflict", "finding")
def _(c):
    c.add(workload("DaemonSet", "calico-node", {"k8s-app": "calico-node"}, {
        "containers": [container("calico-node", "docker.io/calico/node:v3.32.0")]}, manager="kubectl"))


CASES["cni-conflict", "unknown"] = denied(SETS)


@case("coredns-custom", "pass")
def _(c):
    c.add(obj("v1", "ConfigMap", "coredns-custom", "kube-system", manager="kubectl", data={
        "corp.server": "corp.example:53 {\n    errors\n    cache 30\n    forward . 10.1.2.3\n}\n",
        "log.override": "log\nhosts {\n    10.1.1.1 db.example\n    fallthrough\n}\n"}))


@case("coredns-custom", "finding")
def _(c):
    c.add(obj("v1", "ConfigMap", "coredns-custom", "kube-system", manager="kubectl", data={
        "a.override": "cache 60\ncorp.example {\n    forward . 10.1.2.3\n}\n",
        "b.server": "corp.example:53 {\n    forward . 10.1.2.3\n}\nCorp.example. {\n    log\n}\n",
        "c.server": ".:53 {\n    log\n",
        "notes.txt": "read by nobody"}))


CASES["coredns-custom", "unknown"] = denied(CONFIG + "coredns-custom")
CASES["coredns-custom", "not-applicable"] = leave


@case("dns-endpoints", "finding")
def _(c):
    c.add(slice_of("kube-dns", ["kube-proxy-h1-0"]))


CASES["dns-endpoints", "unknown"] = denied(SYSTEM + "pods")


@case("dns-endpoints", "not-applicable")
def _(c):
    c.remove("EndpointSlice", "kube-dns-abc")


CASES["cni-guard", "pass"] = use_vcn_native


@case("cni-guard", "finding")
def _(c):
    use_vcn_native(c)
    c.remove("ValidatingAdmissionPolicyBinding", "npn-pod-deletion-deny-policy-binding")


@case("cni-guard", "unknown")
def _(c):
    use_vcn_native(c)
    c.status[f"/apis/{ADMISSION}/v1/validatingadmissionpolicies"] = FORBIDDEN


CASES["cni-guard", "not-applicable"] = leave


@case("component-health", "finding")
def _(c):
    o = c.get("Deployment", "coredns")
    o["status"] = {"replicas": 2, "readyReplicas": 0, "conditions": [
        {"type": "Available", "status": "False", "lastTransitionTime": "2026-09-20T20:00:00Z"}]}


CASES["component-health", "unknown"] = denied(APPS)


@case("addon-origin", "finding")
def _(c):
    c.config = {"addons": {"KubernetesMetricsServer": {"managed": "true"}}}
    c.add(workload("Deployment", "metrics-server", {"k8s-app": "metrics-server"}, {
        "containers": [container("metrics-server", "registry.k8s.io/metrics-server:v0.8")]}, manager="helm"))


CASES["addon-origin", "unknown"] = denied(APPS)


@case("addon-versions", "finding")
def _(c):
    o = c.get("DaemonSet", "kube-proxy")
    for at in (o["spec"], c.revisions(o)[0]["data"]["spec"]):
        at["template"]["spec"]["containers"][0]["image"] = oke("kube-proxy", "v1.32.1-oke.1")


@case("addon-versions", "unknown")
def _(c):
    o = c.get("DaemonSet", "kube-proxy")
    for at in (o["spec"], c.revisions(o)[0]["data"]["spec"]):
        at["template"]["spec"]["containers"][0]["image"] = oke("kube-proxy")


@case("addon-versions", "not-applicable")
def _(c):
    c.remove("DaemonSet", "kube-proxy")


def add_hpa(c, name="dns", target="coredns", namespace="kube-system"):
    c.add(obj("autoscaling/v2", "HorizontalPodAutoscaler", name, namespace, manager="kubectl-create", spec={
        "maxReplicas": 9, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}}))


@case("autoscalers", "pass")
def _(c):
    add_hpa(c, "web", "web", "shop")


CASES["autoscalers", "finding"] = add_hpa
CASES["autoscalers", "unknown"] = denied("/apis/autoscaling/v2/horizontalpodautoscalers")
CASES["autoscalers", "not-applicable"] = leave


@case("surroundings", "finding")
def _(c):
    c.add(obj("v1", "ResourceQuota", "small", "kube-system", manager="helm", spec={"hard": {"pods": "10"}}))
    c.get("Namespace", "kube-system")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"


CASES["surroundings", "unknown"] = denied(SYSTEM + "resourcequotas")


def webhook(name, kind="Validating", policy="Fail", selector=None, resources=("*",), service=("shop", "hook"),
            **more):
    return obj(f"{ADMISSION}/v1", f"{kind}WebhookConfiguration", name, manager="helm", webhooks=[{
        "name": f"{name}.example.com", "failurePolicy": policy, "timeoutSeconds": 5,
        "clientConfig": {"service": {"namespace": service[0], "name": service[1]}},
        "namespaceSelector": selector or {}, "objectSelector": {}, **more,
        "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": list(resources), "operations": ["*"],
                   "scope": "*"}]}])


@case("mutating-webhooks", "finding")
def _(c):
    c.add(webhook("inject", "Mutating", "Ignore", resources=["pods"]), slice_of("hook", ["hook-0"], "shop"))


CASES["mutating-webhooks", "unknown"] = denied(f"/apis/{ADMISSION}/v1/mutatingwebhookconfigurations")


@case("trusted-accounts", "finding")
def _(c):
    c.add(workload("Deployment", "borrow", {"app": "borrow"}, {
        "serviceAccountName": "csi-oci-node-sa", "containers": [container("a", "a:1")]}, manager="kubectl"))
    c.add({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone", "namespace": "kube-system", "labels": {}},
           "spec": {"serviceAccountName": "deployment-controller", "containers": [container("a", "a:1")]},
           "status": {"phase": "Running"}})


CASES["trusted-accounts", "unknown"] = denied(SYSTEM + "pods")


CASES["pod-networks", "pass"] = use_vcn_native


@case("pod-networks", "finding")
def _(c):
    use_vcn_native(c)
    c.remove("NativePodNetwork", "10.0.10.12")
    c.add(obj("oci.oraclecloud.com/v1beta1", "NativePodNetwork", "10.0.10.99"))


@case("pod-networks", "unknown")
def _(c):
    use_vcn_native(c)
    c.status["/apis/oci.oraclecloud.com/v1beta1/nativepodnetworks"] = FORBIDDEN


CASES["pod-networks", "not-applicable"] = leave


@case("node-labels", "finding")
def _(c):
    del c.get("Node", "10.0.10.12")["metadata"]["labels"]["node.info.ds_proxymux_client"]


CASES["node-labels", "unknown"] = denied(NODES)

# ---- the control plane ----


@case("admission-webhooks", "finding")
def _(c):
    c.add(webhook("dead"), webhook("alive", service=("shop", "other")), slice_of("other", ["o-0"], "shop"),
          webhook("slow", policy="Ignore", timeoutSeconds=30))


CASES["admission-webhooks", "unknown"] = denied(f"/apis/{ADMISSION}/v1/validatingwebhookconfigurations")


@case("impersonation", "finding")
def _(c):
    c.add(obj(f"{RBAC}/v1", "ClusterRole", "act-as", manager="kubectl", rules=[
        {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]}]),
        obj(f"{RBAC}/v1", "ClusterRoleBinding", "act-as", manager="kubectl",
            roleRef={"kind": "ClusterRole", "name": "act-as"},
            subjects=[{"kind": "ServiceAccount", "namespace": "ci", "name": "deployer"}]))


CASES["impersonation", "unknown"] = denied(f"/apis/{RBAC}/v1/clusterroles")


@case("control-plane-ready", "finding")
def _(c):
    c.readyz = "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"


CASES["control-plane-ready", "unknown"] = denied("/readyz?verbose")


def guard_webhook(c, rules=None):
    c.guard = rules


@case("guard-webhooks", "finding")
def _(c):
    c.add(obj(f"{ADMISSION}/v1", "ValidatingWebhookConfiguration", "oke-guard", manager="oke-guard-agent", webhooks=[
        {"name": "support.oke-guard.internal", "failurePolicy": "Ignore", "timeoutSeconds": 2,
         "clientConfig": {"service": {"namespace": "oke-guard", "name": "oke-guard", "path": "/validate/support"}},
         "rules": []}]))


CASES["guard-webhooks", "unknown"] = denied(f"/apis/{ADMISSION}/v1/validatingwebhookconfigurations")
CASES["guard-webhooks", "not-applicable"] = leave


def exception(expires):
    def change(c):
        c.exception = expires
    return change


CASES["exceptions", "pass"] = exception("2026-10-30T00:00:00Z")
CASES["exceptions", "finding"] = exception("2026-09-18T00:00:00Z")
CASES["exceptions", "not-applicable"] = leave

# ---- version ----


@case("control-plane-version", "finding")
def _(c):
    c.version = "v1.33.1"


@case("control-plane-version", "unknown")
def _(c):
    c.version = "v1.39.1"
    c.date = "2026-11-29T22:00:00Z"


def use_alpha(c):
    web = c.get("Deployment", "web", "shop")
    web["spec"]["template"]["spec"]["containers"][0]["lifecycle"] = {"stopSignal": "SIGUSR1"}


CASES["alpha-fields", "finding"] = use_alpha
CASES["alpha-fields", "unknown"] = denied("/apis/batch/v1/jobs")


@case("alpha-apis", "finding")
def _(c):
    c.groups["scheduling.k8s.io"] = ["v1", "v1alpha1"]
    c.groups["widgets.example.com"] = ["v1alpha1"]


CASES["alpha-apis", "unknown"] = denied("/apis")


@case("feature-gates", "finding")
def _(c):
    c.add(workload("DaemonSet", "my-scheduler", {"app": "s"}, {"containers": [container(
        "kube-scheduler", "registry.k8s.io/kube-scheduler:v1.36.1",
        command=["kube-scheduler", "--feature-gates=GenericWorkload=true"])]}, manager="kubectl"))


CASES["feature-gates", "unknown"] = denied(SETS)


@case("removed-apis", "finding")
def _(c):
    c.version = "v1.31.1"
    c.add(obj("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "mine"))
    add_hpa(c, "web", "web", "shop")
    hpa = c.get("HorizontalPodAutoscaler", "web", "shop")
    hpa["metadata"]["managedFields"] = [entry("old-tool", {"spec": {"maxReplicas": 9}}, "2026-09-01T00:00:00Z",
                                              version="autoscaling/v2beta2")]
    c.version = "v1.25.1"


CASES["removed-apis", "unknown"] = denied(APPS)


def budget(c, expected=2, **spec):
    c.add(obj("policy/v1", "PodDisruptionBudget", "web", "shop", manager="helm",
              spec={"selector": {"matchLabels": {"app": "web"}}, **spec},
              status={"expectedPods": expected, "disruptionsAllowed": 0}))


@case("disruption-budgets", "pass")
def _(c):
    budget(c, maxUnavailable=1)


@case("disruption-budgets", "finding")
def _(c):
    budget(c, minAvailable=2)


CASES["disruption-budgets", "unknown"] = denied("/apis/policy/v1/poddisruptionbudgets")
CASES["disruption-budgets", "not-applicable"] = leave

# ---- nodes ----


@case("node-skew", "finding")
def _(c):
    c.add(node("10.0.10.21", "v1.32.1", "ocid1.nodepool.oc1.iad.aaaaold"),
          node("10.0.10.22", "v1.33.1", "ocid1.nodepool.oc1.iad.aaaaedge"),
          node("10.0.10.23", "v1.37.2", "ocid1.nodepool.oc1.iad.aaaanew"))


@case("node-pool-mixed", "finding")
def _(c):
    c.add(node("10.0.10.14", "v1.35.2"))


@case("node-image-age", "finding")
def _(c):
    c.add(node("10.0.10.31", os_image="Oracle Linux Server 7.9", pool="ocid1.nodepool.oc1.iad.aaaaseven"),
          node("10.0.10.32", created="2025-12-01T00:00:00Z", pool="ocid1.nodepool.oc1.iad.aaaaaged"))


@case("node-health", "finding")
def _(c):
    c.add(node("10.0.10.41", ready="Unknown", since="2026-09-20T21:00:00Z"))


for check in ("node-skew", "node-pool-mixed", "node-image-age", "node-health", "observability-addons"):
    CASES[check, "unknown"] = denied(NODES)
for check in ("node-skew", "node-pool-mixed", "node-image-age", "node-health", "node-labels"):
    @case(check, "not-applicable")
    def _(c):
        c.objects = [o for o in c.objects if o["kind"] != "Node"]


@case("observability-addons", "finding")
def _(c):
    c.config = {"addons": {"NodeProblemDetector": {"managed": "true"}}}
    c.remove("DaemonSet", "oke-node-problem-detector")


@case("observability-addons", "not-applicable")
def _(c):
    c.remove("DaemonSet", "oke-node-problem-detector")
    c.remove("DaemonSet", "oke-dataplane-observability-agent")


def made(check, result):
    c = Cluster()
    c.config = c.exception = None
    CASES[check, result](c)
    return c


__all__ = ["CASES", "INSTALLER", "made", "template", "use_vcn_native"]
