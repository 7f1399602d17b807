#!/usr/bin/python3
"""Write made.jsonl and matrix.jsonl, in the format of the recorded reviews (README.md).

made.jsonl: single cases that no recorded review shows, made by changing recorded ones.
matrix.jsonl: every managed object by operation, and other people's software that looks alike;
the user is left empty, tests/unit/webhook/check_matrix.c fills in each of its identities.

What is expected stands here in a table of its own; it is not read from the policies.
"""
import copy
import hashlib
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
ADMIN = {"username": "ocid1.user.oc1..aaaaaaaaexampleclusteradmin00000000000000000000000000000000",
         "groups": ["ocid1.group.oc1..aaaaaaaaexampleplatformadmins", "system:authenticated"]}


def account(namespace, name):
    return {"username": f"system:serviceaccount:{namespace}:{name}",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}",
                       "system:authenticated"]}


def text(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def uid_of(what):
    h = hashlib.sha256(what.encode()).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}"


def recorded():
    lines = {}
    with open(os.path.join(HERE, "reviews.jsonl"), encoding="utf-8") as f:
        for line in f:
            meta, review = line.rstrip("\n").split(', "review": ', 1)
            lines[json.loads(meta + "}")["id"]] = review[:-1]
    return lines


RECORDED = recorded()


def request_of(identity):
    return json.loads(RECORDED[identity])["request"]


def review(request):
    return text({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
                 "request": request})


def line(identity, what, category, action, component, changed, body, also=(), **more):
    expect = {"action": action, "component": component, "changed": changed}
    if also:
        expect["also_ok"] = list(also)
    expect.update(more)
    return json.dumps({"id": identity, "what": what, "category": category, "expect": expect})[:-1] \
        + ', "review": ' + body + "}\n"


# ---------------------------------------------------------------- single cases
MADE = []


def made(identity, what, category, action, component=None, changed=(), request=None, body=None,
         also=()):
    if request is not None:
        request["uid"] = uid_of(identity)
        body = review(request)
    MADE.append(line(identity, what, category, action, component, list(changed), body, also))


def update(base, edit, user=ADMIN, subresource=None):
    """The recorded update of `base`, with the old object changed by `edit` instead."""
    r = request_of(base)
    r["userInfo"] = user
    r["object"] = copy.deepcopy(r["oldObject"])
    edit(r["object"])
    if subresource:
        r["subResource"] = r["requestSubResource"] = subresource
    return r


def create(group, version, kind, resource, namespace, name, spec, user=ADMIN, **metadata):
    gvk = {"group": group, "version": version, "kind": kind}
    gvr = {"group": group, "version": version, "resource": resource}
    obj = {"kind": kind, "apiVersion": (group + "/" if group else "") + version,
           "metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **metadata}}
    obj.update(spec)
    r = {"uid": uid_of(text(obj)), "kind": gvk, "resource": gvr, "requestKind": gvk,
         "requestResource": gvr, "name": name, "namespace": namespace, "operation": "CREATE",
         "userInfo": user, "object": obj, "oldObject": None, "dryRun": False,
         "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}}
    if not namespace:
        del r["namespace"]
    return r


def template(account_name, labels=None, image="registry.example.com/app:1"):
    spec = {"containers": [{"name": "app", "image": image}]}
    if account_name:
        spec.update(serviceAccountName=account_name, serviceAccount=account_name)
    return {"metadata": {"labels": labels or {"app": "app"}}, "spec": spec}


def set_spec(key, value):
    return lambda o: o["spec"].__setitem__(key, value)


def make_status_and_metadata():
    made("status-finalizer-kube-proxy", "A finalizer added through the status of kube-proxy",
         "status", "warn", "kube-proxy", ["metadata.finalizers"],
         update("kube-proxy-annotate-metadata",
                lambda o: o["metadata"].__setitem__("finalizers", ["example.com/hold"]),
                subresource="status"))
    made("service-proxy-name-kube-dns", "kube-proxy is told to skip Service kube-dns", "routing",
         "deny", "kube-dns-service", ["metadata.labels[service.kubernetes.io/service-proxy-name]"],
         update("kube-dns-service-annotate",
                lambda o: o["metadata"].setdefault("labels", {}).__setitem__(
                    "service.kubernetes.io/service-proxy-name", "none")))
    made("managed-fields-only", "Only managedFields differ", "no-op", "allow", request=update(
        "kube-proxy-annotate-metadata",
        lambda o: o["metadata"].__setitem__("managedFields", [
            {"manager": "argocd", "operation": "Apply", "apiVersion": "apps/v1"}])))
    made("gitops-reapply", "Argo CD applies kube-proxy as it is", "no-op", "allow", request=update(
        "kube-proxy-annotate-metadata", lambda o: None,
        account("argocd", "argocd-application-controller")))
    made("spec-under-deletion", "A spec edited while the object is being deleted", "finalizer",
         "deny", "kube-proxy", ["spec.minReadySeconds"], deleting(
             lambda o: o["spec"].__setitem__("minReadySeconds", 9)))
    made("finalizer-removed-under-deletion", "The last finalizer taken off a deleted object",
         "finalizer", "allow", request=deleting(lambda o: o["metadata"].pop("finalizers")))
    made("role-ref-csi", "Another role behind csi-oci-binding", "rbac", "deny",
         "csi-clusterrolebinding", ["roleRef.name"], update(
             "csi-crb-set-subject-kubectl", lambda o: o["roleRef"].__setitem__("name", "view")))
    made("binding-autoupdate-csi", "autoupdate on csi-oci-binding", "rbac", "deny",
         "csi-clusterrolebinding",
         ["metadata.annotations[rbac.authorization.kubernetes.io/autoupdate]"], update(
             "csi-crb-set-subject-kubectl",
             lambda o: o["metadata"].setdefault("annotations", {}).__setitem__(
                 "rbac.authorization.kubernetes.io/autoupdate", "false")))


def deleting(edit):
    r = request_of("kube-proxy-annotate-metadata")
    r["userInfo"] = ADMIN
    r["oldObject"]["metadata"].update(deletionTimestamp="2026-11-22T15:00:00Z",
                                      finalizers=["example.com/hold"])
    r["object"] = copy.deepcopy(r["oldObject"])
    edit(r["object"])
    return r


def make_versions_and_names():
    old = {"group": "extensions", "version": "v1beta1"}
    r = request_of("coredns-set-image")
    r.update(requestKind={**old, "kind": "Deployment"},
             requestResource={**old, "resource": "deployments"}, uid=uid_of("v1"))
    made("other-version-converted", "Sent in another API group, converted for the webhook",
         "api-version", "deny", "coredns", ["spec.template.spec.containers"], r)
    r = request_of("coredns-set-image")
    r.update(kind={**old, "kind": "Deployment"}, resource={**old, "resource": "deployments"})
    made("other-version-asked", "The request names apps/v1, the webhook got another group",
         "api-version", "deny", "coredns", ["spec.template.spec.containers"], r)
    r = request_of("coredns-set-image")
    r["object"]["metadata"]["name"] = r["oldObject"]["metadata"]["name"] = "unrelated"
    made("other-name-in-object", "The object calls itself something else than the request does",
         "hostile-string", "deny", "coredns", ["spec.template.spec.containers"], r)


def make_json():
    scale = RECORDED["coredns-patch-replicas"]
    made("escaped-key", "A changed key written with an escape", "hostile-string", "deny", "coredns",
         ["spec.replicas"], body=scale.replace('"replicas"', '"\\u0072eplicas"', 1))
    r = request_of("coredns-patch-replicas")
    r["object"] = copy.deepcopy(r["oldObject"])
    same = review(r)
    made("escaped-key-same", "The same object, one key written with an escape", "no-op", "allow",
         body=same.replace('"replicas"', '"\\u0072eplicas"', 1))
    made("repeated-key", "A repeated key in the new object", "hostile-string", "deny",
         body=scale.replace('"spec":{', '"spec":{"replicas":3,', 1))
    made("repeated-key-unconcerned", "A repeated key in an object that nobody guards",
         "hostile-string", "allow",
         body=RECORDED["configmap-4kb"].replace('"data":{', '"data":{},"data":{', 1))
    made("key-by-case", "Of two keys that differ by case the managed one changes", "hostile-string",
         "deny", "coredns-configmap", ["data.Corefile"], by_case("Corefile"))
    made("key-by-case-added", "A key is added that differs by case only", "hostile-string",
         "deny", "coredns-configmap", ["data.corefile"], by_case("corefile"))


def by_case(key):
    r = request_of("corefile-patch-forward")
    old = r["oldObject"]["data"]
    if key == "Corefile":
        old["corefile"] = old["Corefile"]
    r["object"] = copy.deepcopy(r["oldObject"])
    r["object"]["data"][key] = ".:53 {\n  forward . 192.0.2.1\n}\n"
    return r


def make_restarts():
    for base, name in (("coredns-rollout-restart", "deployment"),
                       ("kube-proxy-rollout-restart", "daemonset")):
        for key in ("kubectl.kubernetes.io/restartedAt", "cattle.io/timestamp",
                    "reloader.stakater.com/last-reloaded-from"):
            r = request_of(base)
            for o in ("object", "oldObject"):
                r[o]["spec"]["template"]["metadata"].pop("annotations", None)
            r["object"]["spec"]["template"]["metadata"]["annotations"] = {key: "2026-11-22"}
            made(f"first-restart-{name}-{key.split('.')[0]}",
                 f"Restart of a {name} whose template had no annotation ({key})", "rollout",
                 "allow", request=r)


KINDS = (("apps", "v1", "DaemonSet", "daemonsets"), ("apps", "v1", "StatefulSet", "statefulsets"),
         ("apps", "v1", "ReplicaSet", "replicasets"), ("batch", "v1", "Job", "jobs"),
         ("", "v1", "ReplicationController", "replicationcontrollers"))


def make_accounts():
    trusted = "generic-garbage-collector"
    for group, version, kind, resource in KINDS:
        made(f"account-{kind.lower()}", f"{kind} with a controller's account", "identity", "deny",
             "identities", request=create(group, version, kind, resource, "kube-system", "probe",
                                          {"spec": {"template": template(trusted)}}))
    made("account-cronjob", "CronJob with a controller's account", "identity", "deny", "identities",
         request=create("batch", "v1", "CronJob", "cronjobs", "kube-system", "probe", {"spec": {
             "schedule": "0 * * * *", "jobTemplate": {"spec": {"template": template(trusted)}}}}))
    made("account-podtemplate", "PodTemplate with a controller's account", "identity", "deny",
         "identities", request=create("", "v1", "PodTemplate", "podtemplates", "kube-system",
                                      "probe", {"template": template(trusted)}))
    made("account-of-set", "Pod with the account that may scale CoreDNS", "identity", "deny",
         "identities", request=create("", "v1", "Pod", "pods", "kube-system", "probe",
                                      template("kube-dns-autoscaler")))
    made("account-of-driver", "DaemonSet of the customer with the storage driver's account",
         "identity", "deny", "identities", request=create(
             "apps", "v1", "DaemonSet", "daemonsets", "kube-system", "storage-probe",
             {"spec": {"template": template("csi-oci-node-sa")}}))
    made("repair-csi-node", "Argo CD puts csi-oci-node back", "create", "warn", "csi-node",
         request=create("apps", "v1", "DaemonSet", "daemonsets", "kube-system", "csi-oci-node",
                        {"spec": {"template": template("csi-oci-node-sa")}},
                        account("argocd", "argocd-application-controller")))
    made("csi-controller-install", "The controller of Oracle's own CSI manifests", "create", "warn",
         "identities", request=create("apps", "v1", "Deployment", "deployments", "kube-system",
                                      "csi-oci-controller",
                                      {"spec": {"template": template("csi-oci-node-sa")}}))
    made("karpenter-install", "Karpenter's chart with its own account", "create", "allow",
         request=create("apps", "v1", "Deployment", "deployments", "karpenter", "karpenter",
                        {"spec": {"template": template("karpenter")}}))
    made("autoscaler-install", "The documented stand-alone Cluster Autoscaler", "create", "allow",
         request=create("apps", "v1", "Deployment", "deployments", "kube-system",
                        "cluster-autoscaler", {"spec": {"template": template("cluster-autoscaler")}}))
    for name, namespace, action in (("kube-dns-autoscaler", "kube-system", "deny"),
                                    ("karpenter", "karpenter", "allow")):
        r = request_of("design-token-daemon-set-controller")
        r.update(name=name, namespace=namespace, userInfo=ADMIN)
        r["object"]["metadata"] = {"name": name, "namespace": namespace}
        made(f"token-of-set-{namespace}", f"Token of {namespace}/{name}", "identity", action,
             "identities" if action == "deny" else None, request=r)
    r = request_of("design-token-secret-namespace-controller")
    r.update(operation="UPDATE", oldObject=copy.deepcopy(r["object"]), userInfo=ADMIN)
    r["oldObject"]["metadata"]["annotations"]["kubernetes.io/service-account.name"] = "oke-admin"
    made("token-secret-moved", "A token Secret pointed at a controller's account", "identity",
         "deny", "identities", ["metadata.annotations[kubernetes.io/service-account.name]"], r)
    r = request_of("design-token-secret-namespace-controller")
    r.update(operation="UPDATE", oldObject=copy.deepcopy(r["object"]), userInfo=ADMIN)
    r["object"]["metadata"]["labels"] = {"team": "a"}
    made("token-secret-labelled", "A label on such a Secret", "identity", "allow", request=r)


def make_surroundings():
    made("keda-coredns", "KEDA told to scale CoreDNS", "create", "warn", None, request=create(
        "keda.sh", "v1alpha1", "ScaledObject", "scaledobjects", "kube-system", "dns",
        {"spec": {"scaleTargetRef": {"name": "coredns"}}}))
    made("keda-statefulset", "KEDA told to scale a StatefulSet of the name", "look-alike", "allow",
         request=create("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects", "kube-system", "dns",
                        {"spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "coredns"}}}))
    made("vpa-advice", "A VerticalPodAutoscaler that only recommends", "create", "allow",
         request=create("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler",
                        "verticalpodautoscalers", "kube-system", "goldilocks-coredns",
                        {"spec": {"targetRef": {"kind": "Deployment", "name": "coredns"},
                                  "updatePolicy": {"updateMode": "Off"}}}))
    for name, selector, action in (("own", {"matchLabels": {"app": "gatekeeper"}}, "allow"),
                                   ("dns", {"matchLabels": {"k8s-app": "kube-dns"}}, "warn"),
                                   ("all", {}, "warn")):
        made(f"network-policy-{name}", f"NetworkPolicy in kube-system, selector {name}", "create",
             action, request=create("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies",
                                    "kube-system", name,
                                    {"spec": {"podSelector": selector, "policyTypes": ["Ingress"]}}))
        made(f"disruption-budget-{name}", f"Disruption budget in kube-system, selector {name}",
             "create", action, request=create("policy", "v1", "PodDisruptionBudget",
                                              "poddisruptionbudgets", "kube-system", name,
                                              {"spec": {"selector": selector, "maxUnavailable": 0}}))


def make_scales():
    r = request_of("coredns-scale-zero")
    del r["object"]["spec"]
    made("scale-without-spec", "A Scale to 0 that leaves spec out as well", "scale", "deny",
         "coredns", ["spec.replicas"], r)


def make_halves():
    for member in ("object", "oldObject"):
        r = request_of("coredns-set-image")
        r[member] = None
        made(f"update-without-{member}", f"An update whose {member} is null", "hostile-string",
             "deny", "coredns", [], r)


def make_self():
    """The guard's own objects; tests/unit/webhook/check_facts.c judges them with guardAdmins set too."""
    base = create("apps", "v1", "Deployment", "deployments", "oke-guard", "oke-guard",
                  {"spec": {"replicas": 2, "template": template("oke-guard")}})
    base["operation"] = "DELETE"
    base["oldObject"], base["object"] = base["object"], None
    made("self-removed", "The guard itself is deleted", "delete", "allow", "self",
         request=copy.deepcopy(base))
    base["userInfo"] = account("oke-guard", "oke-guard-hook")
    made("self-removed-by-hook", "The guard is deleted by its own chart", "delete", "allow", "self",
         request=base)


# ---------------------------------------------------------------- the matrix
A, W, D = "allow", "warn", "deny"
#           spec scale restart annotate owner delete create
MANAGED = dict(spec=D, scale=D, restart=A, annotate=W, owner=D, delete=D, create=W)
WARNED = dict(spec=W, scale=W, restart=A, annotate=W, owner=W, delete=W, create=A)
NOTED = dict(spec=A, scale=A, restart=A, annotate=A, owner=A, delete=W, create=A)
OTHERS = dict(spec=A, scale=A, restart=A, annotate=A, owner=A, delete=A, create=A)
RBAC, KS = "rbac.authorization.k8s.io", "kube-system"
DEP = ("apps", "v1", "Deployment", "deployments")
DS = ("apps", "v1", "DaemonSet", "daemonsets")
STS = ("apps", "v1", "StatefulSet", "statefulsets")
CM, SVC = ("", "v1", "ConfigMap", "configmaps"), ("", "v1", "Service", "services")
SA, SEC = ("", "v1", "ServiceAccount", "serviceaccounts"), ("", "v1", "Secret", "secrets")
CR = (RBAC, "v1", "ClusterRole", "clusterroles")
CRB = (RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings")
ROLE = (RBAC, "v1", "Role", "roles")
CRD = ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions")
CSI = ("storage.k8s.io", "v1", "CSIDriver", "csidrivers")
SC = ("storage.k8s.io", "v1", "StorageClass", "storageclasses")
NPN = ("oci.oraclecloud.com", "v1beta1", "NativePodNetwork", "nativepodnetworks")
API = ("apiregistration.k8s.io", "v1", "APIService", "apiservices")

COMPONENTS = (
    ("kube-proxy", DS, KS, "kube-proxy", MANAGED),
    ("kube-proxy-configmap", CM, KS, "kube-proxy", dict(WARNED, create=W)),
    ("flannel", DS, KS, "kube-flannel-ds", dict(MANAGED, delete=W)),
    ("flannel-configmap", CM, KS, "kube-flannel-cfg", MANAGED),
    ("vcn-native-cni", DS, KS, "vcn-native-ip-cni", dict(MANAGED, restart=W)),
    ("vcn-native-cni", CR, None, "vcn-native-ip-cni", MANAGED),
    ("npn-crd", CRD, None, "nativepodnetworks.oci.oraclecloud.com", MANAGED),
    ("npn-object", NPN, None, "anuwcljtexampleinstance0", dict(WARNED, create=W)),
    ("csi-node", DS, KS, "csi-oci-node", MANAGED),
    ("csi-node-sa", SA, KS, "csi-oci-node-sa", dict(MANAGED, spec=W)),
    ("csi-clusterrole", CR, None, "csi-oci", MANAGED),
    ("csi-clusterrolebinding", CRB, None, "csi-oci-binding", MANAGED),
    ("csi-iscsi-configmap", CM, KS, "oci-csi-iscsiadm", MANAGED),
    ("csi-fss-configmap", CM, KS, "oci-fss-csi", MANAGED),
    ("csidriver-bv", CSI, None, "blockvolume.csi.oraclecloud.com", dict(MANAGED, spec=W)),
    ("csidriver-fss", CSI, None, "fss.csi.oraclecloud.com", MANAGED),
    ("csidriver-lustre", CSI, None, "lustre.csi.oraclecloud.com", MANAGED),
    ("sc-oci-bv", SC, None, "oci-bv", dict(WARNED, annotate=A, create=W)),
    ("sc-oci-bv-encrypted", SC, None, "oci-bv-encrypted", dict(WARNED, annotate=A, create=W)),
    ("sc-oci-legacy", SC, None, "oci", dict(WARNED, annotate=A, owner=A, delete=A)),
    ("snapshot-crds", CRD, None, "volumesnapshots.snapshot.storage.k8s.io",
     dict(OTHERS, owner=W, delete=W)),
    ("coredns", DEP, KS, "coredns", MANAGED),
    ("coredns", CR, None, "system:coredns", WARNED),
    ("coredns-configmap", CM, KS, "coredns", MANAGED),
    ("coredns-custom", CM, KS, "coredns-custom", dict(OTHERS, spec=W, create=W)),  # a key that CoreDNS ignores
    ("kube-dns-service", SVC, KS, "kube-dns", MANAGED),
    ("dns-autoscaler", DEP, KS, "kube-dns-autoscaler", MANAGED),
    ("dns-autoscaler-configmap", CM, KS, "kube-dns-autoscaler", WARNED),
    ("proxymux-client", DS, KS, "proxymux-client", MANAGED),
    ("node-problem-detector", DS, KS, "oke-node-problem-detector", dict(WARNED, create=W)),
    ("observability-agent", DS, KS, "oke-dataplane-observability-agent", MANAGED),
    ("kubernetes-dashboard", DEP, KS, "kubernetes-dashboard", dict(WARNED, delete=A)),
    ("tiller", DEP, KS, "tiller-deploy", dict(WARNED, delete=A)),
    ("cluster-autoscaler", DEP, KS, "cluster-autoscaler", WARNED),
    ("metrics-server", DEP, KS, "metrics-server", WARNED),
    ("metrics-server", API, None, "v1beta1.metrics.k8s.io", WARNED),
    ("cert-manager", DEP, "cert-manager", "cert-manager-webhook", NOTED),
    ("istio", DEP, "istio-system", "istiod", NOTED),
    ("native-ingress-controller", DEP, "native-ingress-controller-system",
     "oci-native-ingress-controller", WARNED),
    ("weblogic-operator", DEP, "weblogic", "weblogic-operator", NOTED),
    ("nvidia-gpu-plugin", DS, KS, "nvidia-gpu-device-plugin", dict(MANAGED, delete=W)),
    ("system", CM, KS, "extension-apiserver-authentication", dict(MANAGED, create=A)),
    ("system", SVC, "default", "kubernetes", dict(MANAGED, create=A)),
)

LABELS = {"kube-proxy": {"k8s-app": "kube-proxy"}, "coredns": {"k8s-app": "kube-dns"},
          "csi-oci-node": {"app": "csi-oci-node", "role": "csi-oci"},
          "vcn-native-ip-cni": {"app": "vcn-native-ip-cni"}}
ACCOUNTS = {"csi-oci-node": "csi-oci-node-sa", "kube-dns-autoscaler": "kube-dns-autoscaler",
            "cluster-autoscaler": "cluster-autoscaler", "coredns": "coredns",
            "kube-proxy": "kube-proxy", "vcn-native-ip-cni": "vcn-native-ip-cni"}

# Other people's software beside OKE's, and OKE's names where they mean something else.
LOOKALIKES = (
    (DS, KS, "calico-node", "calico-node"), (DEP, KS, "calico-kube-controllers", "calico"),
    (DEP, KS, "calico-typha", "calico-node"), (CM, KS, "calico-config", None),
    (SA, KS, "calico-node", None), (CR, None, "calico-node", None), (DS, KS, "canal", "canal"),
    (DS, KS, "cilium", "cilium"), (DEP, KS, "cilium-operator", "cilium-operator"),
    (CM, KS, "cilium-config", None), (CM, KS, "cilium-chaining-config", None),
    (SEC, KS, "cilium-ca", None), (SVC, KS, "hubble-peer", None),
    (DS, KS, "kube-multus-ds", "multus"), (SA, KS, "multus", None),
    (DS, KS, "node-local-dns", "node-local-dns"), (CM, KS, "node-local-dns", None),
    (SVC, KS, "kube-dns-upstream", None), (SA, KS, "metrics-server", None),
    (CR, None, "system:metrics-server", None), (ROLE, KS, "metrics-server-auth-reader", None),
    (DEP, KS, "gatekeeper-controller-manager", "gatekeeper-admin"),
    (DS, KS, "csi-oci-custom-node", "csi-oci-custom-sa"), (SA, KS, "csi-oci-custom-sa", None),
    (CR, None, "csi-oci-custom", None), (CSI, None, "custom.blockvolume.csi.oraclecloud.com", None),
    (SC, None, "oci-high", None), (DS, KS, "nvidia-device-plugin-daemonset", None),
    (DS, "gpu-operator", "nvidia-dcgm-exporter", "nvidia-dcgm-exporter"),
    (DEP, "gpu-operator", "gpu-operator", "gpu-operator"), (CM, KS, "nvidia-device-plugin-config", None),
    (DEP, "ingress-nginx", "ingress-nginx-controller", "ingress-nginx"),
    (SVC, KS, "ingress-nginx-controller", None), (DEP, KS, "traefik", "traefik"),
    (SA, "cert-manager", "cert-manager", None), (CM, "istio-system", "istio", None),
    (DEP, "argocd", "argocd-server", "argocd-server"), (STS, "argocd", "argocd-application-controller",
                                                        "argocd-application-controller"),
    (DS, "monitoring", "prometheus-node-exporter", "node-exporter"),
    (SVC, KS, "prometheus-kube-prometheus-coredns", None),
    (SVC, KS, "prometheus-kube-prometheus-kube-proxy", None),
    (SVC, KS, "kubelet", None), (CRD, None, "prometheuses.monitoring.coreos.com", None),
    (DEP, "karpenter", "karpenter", "karpenter"), (CR, None, "karpenter", None),
    (DEP, KS, "coredns-2", "coredns-2"), (STS, KS, "coredns", "dns"), (DS, KS, "coredns", "dns"),
    (DEP, KS, "kube-proxy", "own"), (DEP, "shop", "coredns", "coredns"),
    (DS, "shop", "kube-proxy", "daemon-set-controller"), (CM, "shop", "coredns", None),
    (SVC, "shop", "kube-dns", None), (SVC, KS, "kube-dns-metrics", None),
    (SA, "shop", "csi-oci-node-sa", None), (CM, KS, "cluster-autoscaler-status", None),
    (CM, KS, "cluster-autoscaler-priority-expander", None), (CM, KS, "my-settings", None),
    (SEC, KS, "sh.helm.release.v1.metrics.v1", None), (DS, KS, "oci-hpc-oke-utils", None),
    (DS, KS, "authorized-ssh-keys", None), (SVC, "shop", "kubernetes", None),
    (("deep.example.com", "v1", "Deployment", "deployments"), KS, "coredns", None),
    (("vendor.example.com", "v1", "DaemonSet", "daemonsets"), KS, "kube-proxy", None),
)


def body_of(kind, name, account_name):
    """The smallest object of the kind that has something to change."""
    if kind in ("Deployment", "DaemonSet", "StatefulSet"):
        spec = {"selector": {"matchLabels": LABELS.get(name, {"app": name})},
                "template": template(account_name, LABELS.get(name, {"app": name}))}
        if kind != "DaemonSet":
            spec["replicas"] = 3
        return {"spec": spec}
    return copy.deepcopy({
        "ConfigMap": {"data": {"Corefile": "." + name}},
        "Secret": {"type": "Opaque", "data": {"a": "Yg=="}},
        "ServiceAccount": {},
        "Service": {"spec": {"selector": {"app": name}, "ports": [{"name": "p", "port": 53}]}},
        "ClusterRole": {"rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]},
        "Role": {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
        "ClusterRoleBinding": {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
                               "subjects": [{"kind": "ServiceAccount", "namespace": KS, "name": name}]},
        "CustomResourceDefinition": {"spec": {"group": "g", "names": {"plural": "p"}}},
        "CSIDriver": {"spec": {"attachRequired": True, "podInfoOnMount": False}},
        "StorageClass": {"provisioner": name, "allowVolumeExpansion": True},
        "NativePodNetwork": {"spec": {"id": name, "maxPodCount": 31}},
        "APIService": {"spec": {"group": "metrics.k8s.io", "version": "v1beta1"}},
    }[kind])


def change_content(kind, o):
    """Change the content; returns the changed path."""
    if kind in ("Deployment", "DaemonSet", "StatefulSet"):
        o["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/app:2"
        return "spec.template.spec.containers[name=app].image"
    if kind in ("ConfigMap", "Secret"):
        o["data"]["more"] = "Yg=="
        return "data.more"
    if kind == "ServiceAccount":
        o["imagePullSecrets"] = [{"name": "x"}]
        return "imagePullSecrets"
    if kind in ("ClusterRole", "Role"):
        o["rules"][0]["verbs"] = ["get", "list"]
        return "rules"
    if kind == "ClusterRoleBinding":
        o["subjects"][0]["name"] = "other"
        return "subjects"
    if kind == "StorageClass":
        o["allowVolumeExpansion"] = False
        return "allowVolumeExpansion"
    o["spec"]["extra"] = "x"
    return "spec.extra"


MATRIX = []


def matrix(component, what, op, request, action, changed=(), **more):
    request["uid"] = uid_of(f"{component}/{what}/{op}")
    request.pop("userInfo")
    MATRIX.append(line(f"{component}/{what}/{op}", f"{op} of {what}", op, action, component,
                       list(changed), review({**request, "userInfo": {}}), **more))


def object_matrix(component, kind, namespace, name, expect, account_name=None):
    group, version, kind_name, _ = kind
    what = f"{kind_name} {namespace + '/' if namespace else ''}{name}"
    base = create(*kind, namespace, name, body_of(kind_name, name, account_name))
    old = base["object"]
    old["metadata"].update(uid=uid_of(what), resourceVersion="7")
    writers = {"except": {"npn-writer": A}} if component == "npn-object" else {}

    def changed(op, edit, subresource=None):
        r = copy.deepcopy(base)
        r.update(operation="UPDATE", oldObject=copy.deepcopy(old), object=copy.deepcopy(old))
        if subresource:
            r["subResource"] = r["requestSubResource"] = subresource
        path = edit(r["object"])
        matrix(component, what, op, r, expect[op.split("-")[0]], [path], **writers)

    def set_metadata(key, value, path):
        def edit(o):
            o["metadata"][key] = value
            return path
        return edit

    changed("spec", lambda o: change_content(kind_name, o))
    changed("annotate", set_metadata("annotations", {"example.com/a": "b"},
                                     "metadata.annotations[example.com/a]"))
    owner = set_metadata("ownerReferences", [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone",
                                              "uid": uid_of("gone")}], "metadata.ownerReferences")
    changed("owner", owner)
    if "template" in old.get("spec", {}) and group == "apps":
        changed("owner-by-status", owner, "status")
        if kind_name in ("Deployment", "DaemonSet"):
            def restart(o):
                o["spec"]["template"]["metadata"]["annotations"] = {
                    "kubectl.kubernetes.io/restartedAt": "2026-11-22T15:00:00Z"}
                return "spec.template.metadata.annotations"
            changed("restart", restart)
        if kind_name == "Deployment":
            scale_matrix(component, what, base, expect["scale"])
    r = copy.deepcopy(base)
    r.update(operation="UPDATE", oldObject=copy.deepcopy(old), object=copy.deepcopy(old))
    r["object"]["metadata"]["managedFields"] = [{"manager": "x", "operation": "Apply"}]
    matrix(component, what, "no-op", r, A)
    for op in ("delete", "deletecollection"):
        r = copy.deepcopy(base)
        r.update(operation="DELETE", object=None, oldObject=copy.deepcopy(old))
        if op == "deletecollection":
            del r["name"]
        matrix(component, what, op, r, expect["delete"], **writers)
    matrix(component, what, "create", copy.deepcopy(base), expect["create"], **writers)


def scale_matrix(component, what, base, action):
    r = copy.deepcopy(base)
    scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    r.update(operation="UPDATE", kind=scale, requestKind=scale, subResource="scale",
             requestSubResource="scale")
    for o, n in (("oldObject", 3), ("object", 5)):
        r[o] = {"kind": "Scale", "apiVersion": "autoscaling/v1",
                "metadata": {k: base["object"]["metadata"][k] for k in ("name", "namespace")},
                "spec": {"replicas": n}, "status": {"replicas": 3}}
    more = {"except": {"dns-autoscaler": A}} if what == "Deployment kube-system/coredns" else {}
    matrix(component, what, "scale", r, action, ["spec.replicas"], **more)


def make():
    """Both files: name to lines."""
    make_status_and_metadata()
    make_versions_and_names()
    make_json()
    make_restarts()
    make_accounts()
    make_surroundings()
    make_scales()
    make_halves()
    make_self()
    for component, kind, namespace, name, expect in COMPONENTS:
        object_matrix(component, kind, namespace, name, expect, ACCOUNTS.get(name))
    for kind, namespace, name, account_name in LOOKALIKES:
        expect = dict(OTHERS)
        # Whoever's pods carry CoreDNS's label, Service kube-dns sends them queries.
        if namespace == KS and LABELS.get(name) == {"k8s-app": "kube-dns"} and kind[0] == "apps" \
                and kind[2] in ("DaemonSet", "StatefulSet"):
            expect["create"] = W
        object_matrix("look-alike", kind, namespace, name, expect, account_name)
    return {"made.jsonl": MADE, "matrix.jsonl": MATRIX}


if __name__ == "__main__":
    for file_name, file_lines in make().items():
        with open(os.path.join(HERE, file_name), "w", encoding="utf-8") as f:
            f.writelines(file_lines)
