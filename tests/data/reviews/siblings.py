#!/usr/bin/python3
"""Write siblings.jsonl: cases beside those of faults.jsonl, in its format, each kind with what must pass.

What is right stands here in a table of its own; it is not read from the policies.
"""
import copy
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
ADMIN = {"username": "ocid1.user.oc1..aaaaaaaaexampleadmin",
         "groups": ["ocid1.group.oc1..aaaaaaaaexampleadmins", "system:authenticated"]}
PLATFORM = {"username": "ocid1.user.oc1..aaaaaaaaexampleplatform", "groups": ["platform-team", "system:authenticated"]}
NOBODY = {"username": "oke-upgrader-placeholder", "groups": ["system:authenticated"]}
APISERVER = {"username": "system:apiserver", "groups": ["system:masters"]}
RBAC = "rbac.authorization.k8s.io"
BOOT = {"kubernetes.io/bootstrapping": "rbac-defaults"}
AUTO = "rbac.authorization.kubernetes.io/autoupdate"


def account(namespace, name):
    return {"username": f"system:serviceaccount:{namespace}:{name}",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]}


KINDS = {
    "pods": ("", "v1", "Pod"), "podtemplates": ("", "v1", "PodTemplate"), "services": ("", "v1", "Service"),
    "replicationcontrollers": ("", "v1", "ReplicationController"), "namespaces": ("", "v1", "Namespace"),
    "secrets": ("", "v1", "Secret"), "configmaps": ("", "v1", "ConfigMap"), "endpoints": ("", "v1", "Endpoints"),
    "serviceaccounts": ("", "v1", "ServiceAccount"), "resourcequotas": ("", "v1", "ResourceQuota"),
    "deployments": ("apps", "v1", "Deployment"), "daemonsets": ("apps", "v1", "DaemonSet"),
    "statefulsets": ("apps", "v1", "StatefulSet"), "replicasets": ("apps", "v1", "ReplicaSet"),
    "jobs": ("batch", "v1", "Job"), "cronjobs": ("batch", "v1", "CronJob"),
    "clusterroles": (RBAC, "v1", "ClusterRole"), "roles": (RBAC, "v1", "Role"),
    "clusterrolebindings": (RBAC, "v1", "ClusterRoleBinding"), "rolebindings": (RBAC, "v1", "RoleBinding"),
    "priorityclasses": ("scheduling.k8s.io", "v1", "PriorityClass"),
    "apiservices": ("apiregistration.k8s.io", "v1", "APIService"),
    "flowschemas": ("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema"),
    "prioritylevelconfigurations": ("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration"),
    "csinodes": ("storage.k8s.io", "v1", "CSINode"), "volumeattachments": ("storage.k8s.io", "v1", "VolumeAttachment"),
    "networkpolicies": ("networking.k8s.io", "v1", "NetworkPolicy"),
    "poddisruptionbudgets": ("policy", "v1", "PodDisruptionBudget"),
    "endpointslices": ("discovery.k8s.io", "v1", "EndpointSlice"),
    "customresourcedefinitions": ("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
    "certificatesigningrequests": ("certificates.k8s.io", "v1", "CertificateSigningRequest"),
    "horizontalpodautoscalers": ("autoscaling", "v2", "HorizontalPodAutoscaler"),
    "certificates": ("cert-manager.io", "v1", "Certificate"),
    "nodes": ("", "v1", "Node"),
    "globalnetworkpolicies": ("projectcalico.org", "v3", "GlobalNetworkPolicy"),
    "ciliumnetworkpolicies": ("cilium.io", "v2", "CiliumNetworkPolicy"),
    "ciliumclusterwidenetworkpolicies": ("cilium.io", "v2", "CiliumClusterwideNetworkPolicy"),
}
CALICO = [
    ("k8s-app == 'kube-dns'", "warn"), ("k8s-app=='kube-dns'", "warn"), ('k8s-app == "kube-dns"', "warn"),
    ("k8s-app == 'my-app'", "allow"), ("k8s-app != 'my-app'", "warn"), ("k8s-app in {'kube-dns', 'x'}", "warn"),
    ("k8s-app in {}", "allow"), ("k8s-app not in {}", "warn"), ("k8s-app in {'x'}", "allow"),
    ("k8s-app not in {'kube-dns', 'kube-dns-autoscaler'}", "allow"), ("k8s-app not in {'kube-dns'}", "warn"),
    ("has(k8s-app)", "warn"), ("!has(k8s-app)", "allow"), ("has(app)", "allow"), ("!has(app)", "warn"), ("!!has( app )", "allow"),
    ("!all()", "allow"), (" all( ) ", "warn"), ("  ", "warn"), ("global()", "allow"), ("!global()", "warn"),
    ("all() && k8s-app == 'x'", "allow"), ("k8s-app == 'x' || all()", "warn"),
    ("k8s-app == 'x' || k8s-app == 'kube-dns' && has(app)", "allow"),
    ("(k8s-app == 'x' || k8s-app == 'kube-dns') && !has(app)", "warn"),
    ("!(k8s-app == 'kube-dns' || k8s-app == 'kube-dns-autoscaler')", "allow"), ("!(((k8s-app == 'kube-dns')))", "warn"),
    ("k8s-app contains 'dns'", "warn"), ("k8s-app contains 'web'", "allow"), ("k8s-app starts with 'kube-'", "warn"),
    ("k8s-app ends with '-dns'", "warn"), ("k8s-app ends with '-web'", "allow"),
    ("pod-template-hash == '5d78c'", "warn"), ("pod-template-hash != '5d78c'", "warn"), ("!has(pod-template-hash)", "allow"),
    ("pod-template-hash == '5d78c' && mine == 'yes'", "allow"), ("pod-template-hash in {}", "allow"),
    ("projectcalico.org/namespace == 'kube-system'", "warn"), ("projectcalico.org/namespace == 'shop'", "allow"),
    ("projectcalico.org/orchestrator == 'k8s'", "warn"), ("k8s-app == 'kube-proxy'", "allow"),  # in the host's network
    # no such language: not decided, hence no finding
    ("k8s-app = 'kube-dns'", "allow"), ("all() all()", "allow"), ("(all()", "allow"), ("all())", "allow"), ("k8s-app", "allow"),
    ("k8s-app == 'kube-dns", "allow"), ("all() &&", "allow"), ("has()", "allow"), ("k8s-app is 'kube-dns'", "allow"),
    ("k8s-app in {'kube-dns'", "allow"),
]
CALICO_NAMESPACES = [
    ("projectcalico.org/name == 'kube-system'", "warn"), ("kubernetes.io/metadata.name in {'kube-system', 'shop'}", "warn"),
    ("projectcalico.org/name == 'shop'", "allow"), ("has(team)", "allow"), ("all()", "warn"), ("global()", "allow"),
    ("kubernetes.io/metadata.name not in {'shop'}", "warn"),
]
LINES = []


def add(identity, why, want, operation, resource, namespace, name, obj=None, old=None, user=None, config=None,
        subresource=None, nameless=False):
    group, version, kind = KINDS[resource]

    def whole(o):
        if o is None:
            return None
        o = copy.deepcopy(o)
        meta = {"name": name, **({"namespace": namespace} if namespace and resource != "namespaces" else {}),
                **o.pop("metadata", {})}
        return {"apiVersion": f"{group}/{version}" if group else version, "kind": kind, "metadata": meta, **o}

    request = {"uid": f"00000000-0000-4000-a000-{len(LINES):012}",
               "kind": {"group": group, "version": version, "kind": kind},
               "resource": {"group": group, "version": version, "resource": resource},
               **({"subResource": subresource} if subresource else {}),
               **({} if nameless else {"name": name}), **({"namespace": namespace} if namespace else {}),
               "operation": operation, "userInfo": user or ADMIN, "object": whole(obj), "oldObject": whole(old),
               "dryRun": False}
    review = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
    LINES.append(json.dumps({"id": identity, "want": want if isinstance(want, list) else [want],
                             "config": config, "why": why})[:-1] + ', "review": ' +
                 json.dumps(review, separators=(",", ":")) + "}\n")


def update(identity, why, want, resource, namespace, name, old, new, **more):
    add(identity, why, want, "UPDATE", resource, namespace, name, new, old, **more)


# ---------------------------------------------------------------- objects of Kubernetes itself
def role(rules=1, labels=BOOT, annotations=None):
    rule = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": [v]} for v in ("get", "list", "watch")]
    return {"metadata": {"labels": labels, "annotations": annotations or {AUTO: "true"}}, "rules": rule[:rules]}


def binding(*subjects, role_name="system:controller:deployment-controller", labels=BOOT):
    return {"metadata": {"labels": labels, "annotations": {AUTO: "true"}},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role_name},
            "subjects": [{"kind": "ServiceAccount", "namespace": "kube-system", "name": s} for s in subjects]}


def system():
    why = "objects of Kubernetes itself"
    dc = "system:controller:deployment-controller"
    for name in ("cluster-admin", dc, "system:node", "system:kube-scheduler", "system:node-bootstrapper"):
        add(f"system-role-removed-{name}", why, "deny", "DELETE", "clusterroles", None, name, None, role())
        add(f"system-role-collected-{name}", why, "deny", "DELETE", "clusterroles", None, name, None, role(),
            nameless=True)
    add("system-role-removed-unknown", why, "warn", "DELETE", "clusterroles", None, dc, None, role(), user=NOBODY)
    add("system-role-removed-apiserver", why, "allow", "DELETE", "clusterroles", None, dc, None, role(), user=APISERVER)
    add("system-role-removed-view", why, "warn", "DELETE", "clusterroles", None, "view", None, role())
    add("system-role-own", why, "allow", "DELETE", "clusterroles", None, "our-role", None, role(labels=BOOT))
    add("system-role-name-alone", why, "allow", "DELETE", "clusterroles", None, dc, None, role(labels={}))
    add("system-role-created", why, "allow", "CREATE", "clusterroles", None, dc, role())
    update("system-role-emptied", why, "deny", "clusterroles", None, dc, role(3), role(0))
    update("system-role-changed", why, "deny", "clusterroles", None, dc, role(2), role(3))
    update("system-role-repaired", why, "warn", "clusterroles", None, dc, role(0), role(3))
    update("system-role-changed-unknown", why, "warn", "clusterroles", None, dc, role(3), role(0), user=NOBODY)
    update("system-role-aggregated", why, "allow", "clusterroles", None, "admin", role(1), role(2),
           user=account("kube-system", "clusterrole-aggregation-controller"))
    update("system-autoupdate-off", why, "deny", "clusterroles", None, dc, role(), role(annotations={AUTO: "false"}))
    update("system-autoupdate-on", why, "allow", "clusterroles", None, dc, role(annotations={AUTO: "false"}), role())
    update("system-autoupdate-view", why, "warn", "clusterroles", None, "view", role(), role(annotations={AUTO: "false"}))
    update("system-label-off", why, "deny", "clusterroles", None, dc, role(), role(labels={}))
    gone = role()
    gone["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "x"}]
    update("system-owner", why, "deny", "clusterroles", None, dc, role(), gone)
    update("system-annotated", why, "allow", "clusterroles", None, dc, role(),
           role(annotations={AUTO: "true", "example.com/a": "b"}))
    add("system-binding-removed", why, "deny", "DELETE", "clusterrolebindings", None, dc, None, binding("deployment-controller"))
    update("system-subject-taken", why, "deny", "clusterrolebindings", None, dc, binding("deployment-controller"), binding())
    update("system-subject-replaced", why, "deny", "clusterrolebindings", None, dc, binding("deployment-controller"),
           binding("mine"))
    update("system-subject-added", why, "warn", "clusterrolebindings", None, dc, binding("deployment-controller"),
           binding("deployment-controller", "mine"))
    update("system-subject-added-in-front", why, "warn", "clusterrolebindings", None, dc,
           binding("deployment-controller"), binding("mine", "deployment-controller"))
    add("system-role-of-kube-system", why, "deny", "DELETE", "roles", "kube-system", "system:controller:token-cleaner",
        None, role())
    add("system-binding-of-leader", why, "warn", "DELETE", "rolebindings", "kube-system",
        "system::leader-locking-kube-scheduler", None, binding("x"))
    for name in ("system-node-critical", "system-cluster-critical"):
        add(f"system-class-{name}", why, "deny", "DELETE", "priorityclasses", None, name, None, {"value": 2000001000},
            nameless=True)
        add(f"system-class-{name}-created", why, "allow", "CREATE", "priorityclasses", None, name, {"value": 2000001000})
    add("system-class-own", why, "allow", "DELETE", "priorityclasses", None, "ours", None, {"value": 7})
    api = {"spec": {"group": "apps", "version": "v1", "groupPriorityMinimum": 17800, "versionPriority": 15}}
    away = {"spec": {**api["spec"], "service": {"namespace": "x", "name": "y"}}}
    update("system-api-redirected", why, "deny", "apiservices", None, "v1.apps", api, away)
    add("system-api-removed", why, "deny", "DELETE", "apiservices", None, "v1.apps", None, api)
    add("system-api-core", why, "deny", "DELETE", "apiservices", None, "v1.", None, api)
    add("system-api-own", why, "allow", "DELETE", "apiservices", None, "v1.example.com", None, away)
    add("system-api-created", why, "allow", "CREATE", "apiservices", None, "v1.apps", api)
    schema = {"spec": {"matchingPrecedence": 500, "priorityLevelConfiguration": {"name": "system"},
                       "rules": [{"subjects": [{"kind": "Group", "group": {"name": "system:nodes"}}]}]}}
    none = copy.deepcopy(schema)
    none["spec"]["rules"] = []
    update("system-flow-emptied", why, "warn", "flowschemas", None, "system-nodes", schema, none)
    add("system-flow-removed", why, "warn", "DELETE", "flowschemas", None, "system-nodes", None, schema)
    add("system-flow-own", why, "allow", "DELETE", "flowschemas", None, "ours", None, schema)
    for kind, subject in (("group", {"kind": "Group", "group": {"name": "*"}}),
                          ("account", {"kind": "ServiceAccount",
                                       "serviceAccount": {"namespace": "kube-system", "name": "*"}})):
        mine = copy.deepcopy(schema)
        mine["spec"]["rules"][0]["subjects"] = [subject]
        add(f"system-flow-{kind}", why, "warn", "CREATE", "flowschemas", None, "mine", mine)
    mine["spec"]["rules"][0]["subjects"] = [{"kind": "User", "user": {"name": "jane"}}]
    add("system-flow-jane", why, "allow", "CREATE", "flowschemas", None, "mine", mine)
    level = {"spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 30}}}
    starved = {"spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 0}}}
    more = {"spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 40}}}
    update("system-level-starved", why, "warn", "prioritylevelconfigurations", None, "node-high", level, starved)
    update("system-level-more", why, "allow", "prioritylevelconfigurations", None, "node-high", level, more)
    update("system-level-own", why, "allow", "prioritylevelconfigurations", None, "ours", level, starved)
    add("system-level-removed", why, "warn", "DELETE", "prioritylevelconfigurations", None, "system", None, level)
    for resource in ("csinodes", "volumeattachments"):
        add(f"system-{resource}", why, "warn", "DELETE", resource, None, "x", None, {"spec": {}})
        add(f"system-{resource}-unknown", why, "allow", "DELETE", resource, None, "x", None, {"spec": {}}, user=NOBODY)


# ---------------------------------------------------------------- pods and what makes them
def pod(labels=None, image="x", service_account="default", container="c"):
    return {"metadata": {"labels": labels or {}},
            "spec": {"serviceAccountName": service_account, "containers": [{"name": container, "image": image}]}}


def holds(resource, p):
    if resource == "pods":
        return copy.deepcopy(p)
    if resource == "podtemplates":
        return {"template": copy.deepcopy(p)}
    if resource == "cronjobs":
        return {"spec": {"jobTemplate": {"spec": {"template": copy.deepcopy(p)}}}}
    return {"spec": {"template": copy.deepcopy(p)}}


MAKERS = ("pods", "podtemplates", "replicationcontrollers", "deployments", "daemonsets", "statefulsets", "replicasets",
          "jobs", "cronjobs")
DNS = {"k8s-app": "kube-dns"}


def pods():
    why = "a rule about pods counts for every template, and for the UPDATE that makes it so"
    for resource in MAKERS:
        add(f"pods-joins-{resource}", why, "warn", "CREATE", resource, "kube-system", "mine", holds(resource, pod(DNS)))
        add(f"pods-other-{resource}", why, "allow", "CREATE", resource, "kube-system", "mine",
            holds(resource, pod({"k8s-app": "mine"})))
        add(f"pods-elsewhere-{resource}", why, "allow", "CREATE", resource, "shop", "mine", holds(resource, pod(DNS)))
        update(f"pods-joins-later-{resource}", why, "warn", resource, "kube-system", "mine",
               holds(resource, pod({"k8s-app": "mine"})), holds(resource, pod({"k8s-app": "kube-dns"})))
        if resource != "pods":
            add(f"pods-account-{resource}", why, "deny", "CREATE", resource, "kube-system", "mine",
                holds(resource, pod(service_account="node-controller")))
            update(f"pods-account-later-{resource}", why, "deny", resource, "kube-system", "mine",
                   holds(resource, pod()), holds(resource, pod(service_account="node-controller")))
            update(f"pods-account-other-{resource}", why, "deny", resource, "kube-system", "mine",
                   holds(resource, pod(service_account="csi-oci-node-sa")),
                   holds(resource, pod(service_account="node-controller")))
            update(f"pods-account-kept-{resource}", why, "allow", resource, "kube-system", "mine",
                   holds(resource, pod(service_account="node-controller")),
                   holds(resource, pod(service_account="node-controller", image="y")))
        # The label was there before: nothing is made so, and the object is somebody's own.
        if resource not in ("pods", "replicasets"):
            update(f"pods-joined-before-{resource}", why, "allow", resource, "kube-system", "mine",
                   holds(resource, pod(DNS)), holds(resource, pod(DNS, image="y")))
    rs = {"metadata": {"labels": {**DNS, "pod-template-hash": "5b8477bdd7"},
                       "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "coredns", "uid": "u"}]},
          "spec": {"replicas": 2, "template": pod({**DNS, "pod-template-hash": "5b8477bdd7"}, container="coredns")}}
    image = copy.deepcopy(rs)
    image["spec"]["template"]["spec"]["containers"][0]["image"] = "evil.example/any:1"
    bare = copy.deepcopy(rs)
    del bare["metadata"]["labels"]["k8s-app"]
    orphan = copy.deepcopy(rs)
    del orphan["metadata"]["ownerReferences"]
    update("pods-rs-image", why, "deny", "replicasets", "kube-system", "coredns-5b8477bdd7", rs, image)
    update("pods-rs-relabelled", why, "warn", "replicasets", "kube-system", "coredns-5b8477bdd7", rs, bare)
    update("pods-rs-orphaned", why, "allow", "replicasets", "kube-system", "coredns-5b8477bdd7", rs, orphan)
    update("pods-rs-image-controller", why, "allow", "replicasets", "kube-system", "coredns-5b8477bdd7", rs, image,
           user=account("kube-system", "deployment-controller"))
    for name, labels in (("coredns-5b8477bdd7-x", DNS), ("kube-dns-autoscaler-1-x", {"k8s-app": "kube-dns-autoscaler"}),
                         ("kube-proxy-x", {"k8s-app": "kube-proxy"}), ("csi-oci-node-x", {"app": "csi-oci-node"}),
                         ("vcn-native-ip-cni-x", {"app": "vcn-native-ip-cni"})):
        update(f"pods-image-{name}", why, "deny", "pods", "kube-system", name, pod(labels), pod(labels, image="evil"))
        update(f"pods-relabelled-{name}", why, "warn", "pods", "kube-system", name, pod(labels), pod({"a": "b"}))
        update(f"pods-image-unknown-{name}", why, "warn", "pods", "kube-system", name, pod(labels),
               pod(labels, image="evil"), user=NOBODY)
        add(f"pods-removed-{name}", why, "allow", "DELETE", "pods", "kube-system", name, None, pod(labels))
    update("pods-image-own-off", why, "allow", "pods", "kube-system", "coredns-1-x", pod(DNS), pod(DNS, image="y"),
           config="off.yaml")
    update("pods-image-own", why, "allow", "pods", "kube-system", "mine", pod({"app": "mine"}), pod({"app": "mine"}, image="y"))
    owned = pod({"app": "flannel"})
    owned["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "kube-flannel-ds", "uid": "u"}]
    other = copy.deepcopy(owned)
    other["spec"]["containers"][0]["image"] = "evil"
    update("pods-image-flannel", why, "deny", "pods", "kube-system", "kube-flannel-ds-x", owned, other)
    update("pods-image-flannel-like", why, "warn", "pods", "kube-system", "kube-flannel-ds-x", pod({"a": "b"}),
           pod({"a": "b"}, image="y"))


# ---------------------------------------------------------------- endpoints
def endpoints():
    why = "endpoints of guarded Services"
    def slice_of(name):
        return {"metadata": {"labels": {"kubernetes.io/service-name": name}}, "addressType": "IPv4", "endpoints": []}
    add("endpoints-dns", why, "warn", "UPDATE", "endpoints", "kube-system", "kube-dns", {"subsets": []},
        {"subsets": [{"addresses": [{"ip": "10.1.2.3"}]}]})
    add("endpoints-kubernetes", why, "warn", "UPDATE", "endpoints", "default", "kubernetes", {"subsets": []},
        {"subsets": [{"addresses": [{"ip": "10.1.2.3"}]}]})
    add("endpoints-own", why, "allow", "UPDATE", "endpoints", "kube-system", "mine", {"subsets": []},
        {"subsets": [{"addresses": [{"ip": "10.1.2.3"}]}]})
    add("endpoints-slice-relabelled", why, "warn", "UPDATE", "endpointslices", "kube-system", "kube-dns-x",
        slice_of("mine"), slice_of("kube-dns"))
    add("endpoints-slice-joins", why, "warn", "UPDATE", "endpointslices", "default", "x", slice_of("kubernetes"),
        slice_of("mine"))
    add("endpoints-slice-elsewhere", why, "allow", "CREATE", "endpointslices", "shop", "x", slice_of("kube-dns"))
    add("endpoints-slice-metrics", why, "allow", "CREATE", "endpointslices", "kube-system", "x", slice_of("metrics-server"))
    add("endpoints-slice-metrics-managed", why, "warn", "CREATE", "endpointslices", "kube-system", "x",
        slice_of("metrics-server"), config="mm.yaml")
    add("endpoints-slice-controller", why, "allow", "UPDATE", "endpointslices", "kube-system", "kube-dns-x",
        {**slice_of("kube-dns"), "endpoints": [{"addresses": ["10.1.2.3"]}]}, slice_of("kube-dns"),
        user=account("kube-system", "endpointslice-controller"))
    service = {"spec": {"externalIPs": ["10.96.5.5"], "ports": [{"port": 53}]}}
    add("endpoints-dns-ip", why, "warn", "CREATE", "services", "shop", "dns", service, config="dns-ip.yaml")
    add("endpoints-dns-ip-other", why, "allow", "CREATE", "services", "shop", "dns",
        {"spec": {"externalIPs": ["10.96.5.6"]}}, config="dns-ip.yaml")
    add("endpoints-dns-ip-unset", why, "allow", "CREATE", "services", "shop", "dns", service)


# ---------------------------------------------------------------- parents and surroundings
def parents():
    why = "what holds a guarded object, and what feeds the guard"
    managed = {"metadata": {"labels": {"oci.oraclecloud.com/node.info.managed": "true"}}}
    for what, new, old, want in (("removed", {"metadata": {"labels": {"team": "a"}}}, managed, "warn"),
                                 ("false", {"metadata": {"labels": {"oci.oraclecloud.com/node.info.managed": "false"}}}, managed,
                                  "warn"),
                                 ("back", managed, {}, "allow"),
                                 ("beside", {"metadata": {"labels": {**managed["metadata"]["labels"], "team": "a"}}}, managed, "allow")):
        add(f"parents-node-label-{what}", why, want, "UPDATE", "nodes", None, "10.0.10.2", new, old)
    crd = {"spec": {"group": "x"}}
    for name in ("cert-manager", "istio-system"):
        add(f"parents-namespace-{name}", why, "deny", "DELETE", "namespaces", name, name, None, {}, config="mm.yaml")
        add(f"parents-namespace-{name}-unset", why, "warn", "DELETE", "namespaces", name, name, None, {})
    for name in ("issuers.cert-manager.io", "orders.acme.cert-manager.io", "virtualservices.networking.istio.io"):
        add(f"parents-crd-{name}", why, "deny", "DELETE", "customresourcedefinitions", None, name, None, crd,
            config="mm.yaml", nameless=True)
        update(f"parents-crd-newer-{name}", why, "allow", "customresourcedefinitions", None, name, crd,
               {"spec": {"group": "x", "versions": []}}, config="mm.yaml")
        add(f"parents-crd-{name}-own", why, "allow", "DELETE", "customresourcedefinitions", None, name, None, crd,
            config="off.yaml")
    add("parents-namespace-unknown", why, "warn", "DELETE", "namespaces", "cert-manager", "cert-manager", None, {},
        config="mm.yaml", user=NOBODY)
    add("parents-namespace-own", why, "allow", "DELETE", "namespaces", "shop", "shop", None, {})
    add("parents-guard-namespace-unset", why, "warn", "DELETE", "namespaces", "oke-guard", "oke-guard", None, {})
    add("parents-guard-namespace-admin", why, ["warn", "allow"], "DELETE", "namespaces", "oke-guard", "oke-guard", None, {},
        config="ga.yaml", user=PLATFORM)
    label = {"metadata": {"labels": {"istio-injection": "enabled"}}}
    update("parents-guard-injection", why, "deny", "namespaces", "oke-guard", "oke-guard", {}, label, config="ga.yaml")
    update("parents-guard-injection-unset", why, "warn", "namespaces", "oke-guard", "oke-guard", {}, label)
    update("parents-guard-label", why, "allow", "namespaces", "oke-guard", "oke-guard", {},
           {"metadata": {"labels": {"team": "platform"}}}, config="ga.yaml")
    add("parents-guard-quota", why, "deny", "CREATE", "resourcequotas", "oke-guard", "q", {"spec": {"hard": {"pods": "0"}}},
        config="ga.yaml")
    add("parents-guard-quota-of-room", why, "warn", "CREATE", "resourcequotas", "oke-guard", "q",
        {"spec": {"hard": {"pods": "20"}}}, config="ga.yaml")
    add("parents-guard-certificate", why, "deny", "DELETE", "certificates", "oke-guard", "oke-guard", None, {"spec": {}},
        config="ga.yaml")
    add("parents-guard-netpol-let-in", why, "allow", "CREATE", "networkpolicies", "oke-guard", "in",
        {"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}}, config="ga.yaml")
    add("parents-guard-netpol-of-others", why, "allow", "CREATE", "networkpolicies", "oke-guard", "x",
        {"spec": {"podSelector": {"matchLabels": {"app": "mine"}}, "policyTypes": ["Ingress"]}}, config="ga.yaml")
    add("parents-guard-netpol-out", why, "warn", "CREATE", "networkpolicies", "oke-guard", "x",
        {"spec": {"podSelector": {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "Exists"}]},
                  "policyTypes": ["Egress"]}}, config="ga.yaml")


# ---------------------------------------------------------------- selectors
def selectors():
    why = "selectors are evaluated"
    def expression(key, operator, *values):
        return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}
    cases = (
        ("empty", {}, "warn"), ("null-labels", {"matchLabels": None}, "warn"), ("no-labels", {"matchLabels": {}}, "warn"),
        ("null", None, "warn"), ("in-dns", expression("k8s-app", "In", "a", "kube-dns"), "warn"),
        ("in-others", expression("k8s-app", "In", "a", "b"), "allow"),
        ("exists", expression("k8s-app", "Exists"), "warn"), ("exists-other", expression("mine", "Exists"), "allow"),
        ("absent", expression("k8s-app", "DoesNotExist"), "allow"),
        ("absent-other", expression("nosuch", "DoesNotExist"), "warn"),
        ("hash", {"matchLabels": {"pod-template-hash": "5b8477bdd7"}}, "warn"),
        ("hash-and-mine", {"matchLabels": {"pod-template-hash": "5b8477bdd7", "app": "mine"}}, "allow"),
        ("hash-absent", expression("pod-template-hash", "DoesNotExist"), "allow"),
        ("host-network", {"matchLabels": {"k8s-app": "kube-proxy"}}, "allow"),
        ("not-in", expression("k8s-app", "NotIn", "kube-dns", "kube-dns-autoscaler"), "allow"),
        ("not-in-one", expression("k8s-app", "NotIn", "kube-dns"), "warn"),
        ("label-and-expression", {"matchLabels": {"k8s-app": "kube-dns"}, **expression("k8s-app", "In", "mine")}, "allow"),
    )
    for name, selector, want in cases:
        add(f"selectors-np-{name}", why, want, "CREATE", "networkpolicies", "kube-system", "np",
            {"spec": {"podSelector": selector, "policyTypes": ["Ingress"]}})
        add(f"selectors-pdb-{name}", why, want, "CREATE", "poddisruptionbudgets", "kube-system", "p",
            {"spec": {"selector": selector, "minAvailable": 1}})
    for value, want in ((1, "allow"), ("1%", "allow"), ("50%", "allow"), (0, "warn"), ("0%", "warn"), ("00%", "warn")):
        add(f"selectors-pdb-unavailable-{value}", why, want, "CREATE", "poddisruptionbudgets", "kube-system", "p",
            {"spec": {"selector": {}, "maxUnavailable": value}})
    add("selectors-np-off", why, "allow", "CREATE", "networkpolicies", "kube-system", "np",
        {"spec": {"podSelector": {"matchLabels": DNS}, "policyTypes": ["Ingress"]}}, config="off.yaml")
    add("selectors-np-metrics", why, "allow", "CREATE", "networkpolicies", "kube-system", "np",
        {"spec": {"podSelector": {"matchLabels": {"k8s-app": "metrics-server"}}}})
    add("selectors-np-metrics-managed", why, "warn", "CREATE", "networkpolicies", "kube-system", "np",
        {"spec": {"podSelector": {"matchLabels": {"k8s-app": "metrics-server"}}}}, config="mm.yaml")
    add("selectors-calico-global", why, "warn", "CREATE", "globalnetworkpolicies", None, "deny", {"spec": {"selector": "all()"}})
    add("selectors-calico-none", why, "warn", "CREATE", "globalnetworkpolicies", None, "deny", {"spec": {"types": ["Ingress"]}})
    add("selectors-calico-elsewhere", why, "allow", "CREATE", "globalnetworkpolicies", None, "deny",
        {"spec": {"selector": "all()", "namespaceSelector": "kubernetes.io/metadata.name != 'kube-system'"}})
    add("selectors-calico-some", why, "allow", "CREATE", "globalnetworkpolicies", None, "x", {"spec": {"selector": "app == 'x'"}})
    # Calico's language, in both groups' kinds: what each text takes of CoreDNS and its autoscaler.
    for n, (text, want) in enumerate(CALICO):
        add(f"selectors-calico-{n:02}", why, want, "CREATE", "globalnetworkpolicies", None, "x", {"spec": {"selector": text}})
    for n, (text, want) in enumerate(CALICO_NAMESPACES):
        add(f"selectors-calico-namespace-{n:02}", why, want, "CREATE", "globalnetworkpolicies", None, "x",
            {"spec": {"selector": "all()", "namespaceSelector": text}})
    add("selectors-calico-metrics", why, "allow", "CREATE", "globalnetworkpolicies", None, "x",
        {"spec": {"selector": "k8s-app == 'metrics-server'"}})
    add("selectors-calico-metrics-managed", why, "warn", "CREATE", "globalnetworkpolicies", None, "x",
        {"spec": {"selector": "k8s-app == 'metrics-server'"}}, config="mm.yaml")
    add("selectors-calico-accounts", why, "allow", "CREATE", "globalnetworkpolicies", None, "x",
        {"spec": {"selector": "all()", "serviceAccountSelector": "team == 'x'"}})
    add("selectors-cilium", why, "warn", "CREATE", "ciliumnetworkpolicies", "kube-system", "x",
        {"spec": {"endpointSelector": {}, "ingress": [{}]}})
    add("selectors-cilium-wide", why, "warn", "CREATE", "ciliumclusterwidenetworkpolicies", None, "x",
        {"specs": [{"endpointSelector": {}}]})
    for namespace, want in (("kube-system", "warn"), ("shop", "allow")):
        add(f"selectors-cilium-wide-{namespace}", why, want, "CREATE", "ciliumclusterwidenetworkpolicies", None, "x",
            {"spec": {"endpointSelector": {"matchLabels": {"k8s:io.kubernetes.pod.namespace": namespace}}}})
    add("selectors-cilium-nodes", why, "allow", "CREATE", "ciliumclusterwidenetworkpolicies", None, "x",
        {"spec": {"nodeSelector": {}}})
    add("selectors-cilium-some", why, "allow", "CREATE", "ciliumnetworkpolicies", "kube-system", "x",
        {"spec": {"endpointSelector": {"matchLabels": {"app": "mine"}}}})


# ---------------------------------------------------------------- identity at the grant
# openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj ... | base64 -w0
CSR_NODE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIcE1JR1JBZ0VBTUM4eEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekVXTUJRR0ExVUVBd3dOYzNsegpkR1Z0T201dlpHVTZlREJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEEwSUFCTW0yWEpoOG9CNXUzQUZZCmVjSW55TDFCeXBGYzVqRXBQRFd4UlphY1BFRXJTdCs5N3JVOThEcER2dkQwVWozV0VBV251WHZZYWhkUlJuYksKMmp4YUpTcWdBREFLQmdncWhrak9QUVFEQWdOSEFEQkVBaUJWV2NHM25rV0cyanlocWpWMW05djhWdFM3RllJTgo0bHZlTXpDWFpRVVB4Z0lnS0VXa0VRK3JFNU91M1Q3dmQ0TW4ycVVlMk9QekVscVl1SXcxeDZtaVZKdz0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg=="
CSR_SCHEDULER = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIY01JR0NBZ0VBTUNBeEhqQWNCZ05WQkFNTUZYTjVjM1JsYlRwcmRXSmxMWE5qYUdWa2RXeGxjakJaTUJNRwpCeXFHU000OUFnRUdDQ3FHU000OUF3RUhBMElBQkVtV1FFMk5kdHB6TVNoVEF5bTc0YlhHM28xcmRBU1lodGhSCjQxT0xCV0xYVTdhZ1grclFPUWYzQldWVzQyVjhDOG5hbGNCZmNERzh6dGVpNmhWTWRnNmdBREFLQmdncWhrak8KUFFRREFnTkpBREJHQWlFQXJCdW0zOTdrQ3dRenJKL0VjZy9BSXdaM29UZUhBNk1uaitLa1ljQXJITmtDSVFEMgpQNy9pZ3h5M3FiTlFIMG5pejNHMHNrditaUHFXQTBzUDVPc080MjVZRHc9PQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"
CSR_JANE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIZE1JR0VBZ0VBTUNJeEVUQVBCZ05WQkFvTUNIQnNZWFJtYjNKdE1RMHdDd1lEVlFRRERBUnFZVzVsTUZrdwpFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRURGdXdqaWpOTXBzN3UxSHFRcG03azZqeXNCUCtOenQ2ClE0aHZxTnl6YTZvVkFrZGVpbGZIVFpKL2FVTnJxNE02emc4YmJoSGRNOGpsTC80UmZkendYcUFBTUFvR0NDcUcKU000OUJBTUNBMGdBTUVVQ0lDWjVxdElNMFhaYVVML1BjSTIrNEc3L1RwR0FFVzBWb0lGNGxpdXVOZmVUQWlFQQo0bUVtcHVLa2wybmtRU3ZydE1ibjh0MGN1Mm9nVlA4QWJPZmExaFNqM0xVPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"


def grants():
    why = "identity at the grant"
    def bound(kind, name, namespace=None):
        return {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"kind": kind, "name": name, **({"namespace": namespace} if namespace else {})}]}
    add("grants-account", why, "warn", "CREATE", "clusterrolebindings", None, "x",
        bound("ServiceAccount", "csi-oci-node-sa", "kube-system"))
    add("grants-account-by-user", why, "warn", "CREATE", "clusterrolebindings", None, "x",
        bound("User", "system:serviceaccount:kube-system:csi-oci-node-sa"))
    add("grants-scheduler", why, "warn", "CREATE", "clusterrolebindings", None, "x", bound("User", "system:kube-scheduler"))
    add("grants-set", why, "warn", "CREATE", "rolebindings", "shop", "x",
        bound("ServiceAccount", "kube-dns-autoscaler", "kube-system"))
    add("grants-set-elsewhere", why, "allow", "CREATE", "rolebindings", "shop", "x",
        bound("ServiceAccount", "kube-dns-autoscaler", "shop"))
    add("grants-later", why, "warn", "UPDATE", "clusterrolebindings", None, "x",
        bound("ServiceAccount", "csi-oci-node-sa", "kube-system"), bound("User", "jane"))
    add("grants-unknown", why, "allow", "CREATE", "clusterrolebindings", None, "x",
        bound("ServiceAccount", "csi-oci-node-sa", "kube-system"), user=NOBODY)
    add("grants-jane", why, "allow", "CREATE", "clusterrolebindings", None, "x", bound("User", "jane"))
    add("grants-karpenter", why, "allow", "CREATE", "clusterrolebindings", None, "karpenter",
        bound("ServiceAccount", "karpenter", "karpenter"))
    add("grants-kubeconfig-sa", why, "allow", "CREATE", "clusterrolebindings", None, "add-on-cluster-admin",
        bound("ServiceAccount", "kubeconfig-sa", "kube-system"))
    add("grants-csi", "created anew: its own policy says so, this one nothing", "warn", "CREATE", "clusterrolebindings", None, "csi-oci-binding",
        {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "csi-oci"},
         "subjects": [{"kind": "ServiceAccount", "name": "csi-oci-node-sa", "namespace": "kube-system"}]})
    add("grants-impersonate", why, "allow", "CREATE", "clusterroles", None, "x",
        {"rules": [{"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}]})
    add("grants-account-in-kube-system", why, "allow", "CREATE", "serviceaccounts", "kube-system", "oke-admin", {})
    for name, request, signer, condition, want in (
            ("node", CSR_NODE, "kube-apiserver-client", "Approved", "warn"),
            ("scheduler", CSR_SCHEDULER, "kube-apiserver-client", "Approved", "warn"),
            ("jane", CSR_JANE, "kube-apiserver-client", "Approved", "allow"),
            ("denied", CSR_NODE, "kube-apiserver-client", "Denied", "allow"),
            ("kubelet", CSR_NODE, "kubelet-serving", "Approved", "allow"),
            ("no-request", "bm90IGEgcmVxdWVzdA==", "kube-apiserver-client", "Approved", "allow")):
        old = {"spec": {"signerName": f"kubernetes.io/{signer}", "request": request, "usages": ["client auth"]}}
        update(f"grants-certificate-{name}", why, want, "certificatesigningrequests", None, "x", old,
               {**old, "status": {"conditions": [{"type": condition, "status": "True"}]}}, subresource="approval")


# ---------------------------------------------------------------- guardAdmins and writers
def guard():
    why = "guardAdmins is a promise, and who writes by right goes on"
    agent = {"spec": {"serviceAccountName": "oke-guard-agent", "containers": [{"name": "c", "image": "x"}]}}
    for resource in MAKERS:
        add(f"guard-runs-{resource}", why, "deny", "CREATE", resource, "oke-guard", "x", holds(resource, agent),
            config="ga-account.yaml")
        add(f"guard-runs-{resource}-admin", why, "allow", "CREATE", resource, "oke-guard", "x", holds(resource, agent),
            config="ga-account.yaml", user=PLATFORM)
        add(f"guard-runs-{resource}-member", why, "deny", "CREATE", resource, "argocd", "x",
            holds(resource, pod(service_account="argocd-application-controller")), config="ga-account.yaml")
        add(f"guard-runs-{resource}-other", why, "allow", "CREATE", resource, "argocd", "x", holds(resource, pod()),
            config="ga-account.yaml")
        member = pod(service_account="argocd-application-controller")
        if resource not in ("pods", "jobs"):
            update(f"guard-image-{resource}", why, "deny", resource, "argocd", "x", holds(resource, member),
                   holds(resource, {**member, "spec": {**member["spec"], "containers": [{"name": "c", "image": "evil"}]}}),
                   config="ga-account.yaml")
            again = copy.deepcopy(member)
            again["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "2026-11-29T00:00:00Z"}
            update(f"guard-restart-{resource}", why, "allow", resource, "argocd", "x", holds(resource, member),
                   holds(resource, again), config="ga-account.yaml")
    token = {"spec": {"audiences": None, "expirationSeconds": 3600}}
    for namespace, name, want in (("oke-guard", "oke-guard-agent", "deny"), ("oke-guard", "oke-guard", "deny"),
                                  ("argocd", "argocd-application-controller", "deny"), ("argocd", "default", "allow"),
                                  ("shop", "oke-guard-agent", "allow")):
        add(f"guard-token-{namespace}-{name}", why, want, "CREATE", "serviceaccounts", namespace, name, token,
            subresource="token", config="ga-account.yaml")
    add("guard-token-unset", why, "allow", "CREATE", "serviceaccounts", "oke-guard", "oke-guard-agent", token,
        subresource="token")
    add("guard-token-secret-member", why, "deny", "CREATE", "secrets", "argocd", "mine",
        {"metadata": {"annotations": {"kubernetes.io/service-account.name": "argocd-application-controller"}},
         "type": "kubernetes.io/service-account-token"}, config="ga-account.yaml")
    def bound(*subjects):
        return {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"kind": "ServiceAccount", "namespace": ns, "name": n} for ns, n in subjects]}
    add("guard-bound", why, "deny", "CREATE", "clusterrolebindings", None, "x", bound(("oke-guard", "oke-guard-agent")),
        config="ga-account.yaml")
    add("guard-bound-member", why, "deny", "CREATE", "rolebindings", "shop", "x",
        bound(("argocd", "argocd-application-controller")), config="ga-account.yaml")
    add("guard-unbound", why, "deny", "UPDATE", "clusterrolebindings", None, "x", bound(("shop", "mine")),
        bound(("oke-guard", "oke-guard-agent")), config="ga-account.yaml")
    add("guard-bound-other", why, "allow", "CREATE", "clusterrolebindings", None, "x", bound(("shop", "mine")),
        config="ga-account.yaml")
    deployment = {"spec": {"template": pod()}}
    for name in ("oke-guard-hook", "oke-guard-agent"):
        add(f"guard-deployment-by-{name}", why, "deny", "DELETE", "deployments", "oke-guard", "oke-guard", None, deployment,
            config="ga-account.yaml", user=account("oke-guard", name))
    # A whole renewal in mode cert-manager: next key, certificate, next key away; then of the CA.
    manager = account("cert-manager", "cert-manager")
    tls = {"type": "kubernetes.io/tls", "data": {"tls.crt": "YQ==", "tls.key": "YQ=="}}
    newer = {"type": "kubernetes.io/tls", "data": {"tls.crt": "Yg==", "tls.key": "Yg=="}}
    key = {"metadata": {"labels": {"cert-manager.io/next-private-key": "true"}}, "data": {"tls.key": "YQ=="}}
    for what, secret in (("oke-guard", "oke-guard-tls"), ("oke-guard-ca", "oke-guard-ca")):
        steps = dict(config="ga-cert-manager.yaml", user=manager)
        add(f"guard-renewal-{what}-1-next-key", why, "allow", "CREATE", "secrets", "oke-guard", f"{what}-x7x9k", key, **steps)
        update(f"guard-renewal-{what}-2-next-key", why, "allow", "secrets", "oke-guard", f"{what}-x7x9k", key,
               {**key, "data": {"tls.key": "Yg=="}}, **steps)
        update(f"guard-renewal-{what}-3-certificate", why, "allow", "secrets", "oke-guard", secret, tls, newer, **steps)
        add(f"guard-renewal-{what}-4-key-away", why, "allow", "DELETE", "secrets", "oke-guard", f"{what}-x7x9k", None, key, **steps)
        update(f"guard-renewal-{what}-not-others", why, "deny", "secrets", "oke-guard", secret, tls, newer,
               config="ga-cert-manager.yaml", user=account("cert-manager", "cert-manager-cainjector"))
        update(f"guard-renewal-{what}-not-elsewhere", why, "deny", "secrets", "oke-guard", secret, tls, newer,
               config="ga-cert-manager.yaml", user=account("shop", "cert-manager"))
    update("guard-renewal-no-more", why, "deny", "configmaps", "oke-guard", "oke-guard-config", {"data": {"a": "b"}},
           {"data": {"a": "c"}}, config="ga-cert-manager.yaml", user=manager)
    update("guard-renewal-no-other-secret", why, "deny", "secrets", "oke-guard", "oke-guard-other", tls, newer,
           config="ga-cert-manager.yaml", user=manager)
    argo = account("argocd", "argocd-application-controller")
    update("guard-extra", why, "allow", "configmaps", "oke-guard", "oke-guard-extra", {"data": {"a": "b"}},
           {"data": {"a": "c"}}, config="ga-extra.yaml", user=argo)
    add("guard-extra-created", why, "allow", "CREATE", "configmaps", "oke-guard", "oke-guard-extra", {"data": {"a": "b"}},
        config="ga-extra.yaml", user=argo)
    update("guard-extra-no-more", why, "deny", "configmaps", "oke-guard", "oke-guard-config", {"data": {"a": "b"}},
           {"data": {"a": "c"}}, config="ga-extra.yaml", user=argo)


# ---------------------------------------------------------------- switched off
def switched_off():
    why = "an add-on that is switched off is never denied, nor called Oracle's"
    role_of = {"rules": [{"apiGroups": [""], "resources": ["endpoints"], "verbs": ["list"]}]}
    account_of = {"metadata": {"annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}}
    add("off-account-secrets", why, "warn", "UPDATE", "serviceaccounts", "kube-system", "coredns", account_of, {},
        config="off.yaml")
    crd = {"spec": {"group": "oci.oraclecloud.com"}}
    add("off-npn-crd", why, "warn", "DELETE", "customresourcedefinitions", None, "nativepodnetworks.oci.oraclecloud.com",
        None, crd, config="off.yaml")
    add("off-role", why, "warn", "DELETE", "clusterroles", None, "system:coredns", None, role_of, config="off.yaml")
    add("off-companion", why, "warn", "DELETE", "serviceaccounts", "kube-system", "kube-proxy", None, {}, config="off.yaml")
    add("off-dns-service", why, "warn", "DELETE", "services", "kube-system", "kube-dns", None, {"spec": {}}, config="off.yaml")
    update("off-pod", why, "allow", "pods", "kube-system", "coredns-1-x", pod(DNS), pod({"a": "b"}), config="off.yaml")
    add("off-joins", why, "allow", "CREATE", "daemonsets", "kube-system", "own-dns", holds("daemonsets", pod(DNS)),
        config="off.yaml")
    add("off-autoscaler", why, "allow", "CREATE", "horizontalpodautoscalers", "kube-system", "x",
        {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "coredns"}}}, config="off.yaml")
    add("off-autoscaler-on", why, "warn", "CREATE", "horizontalpodautoscalers", "kube-system", "x",
        {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "coredns"}}})


def addon_surroundings():
    why = "what can stop an add-on that Oracle manages, in its own namespace: told, never refused"
    closed = {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}
    open_ = {"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}}
    of_ones_own = {"spec": {"podSelector": {"matchLabels": {"app": "own"}}, "policyTypes": ["Ingress"]}}
    for place in ("cert-manager", "istio-system"):
        def both(what, want, *rest, config="mm.yaml", place=place):
            add(f"parents-addon-{what}-{place}", why, want, "CREATE", rest[0], place, "x", rest[1], config=config)
            update_of = {**copy.deepcopy(rest[1]), "spec": {}}
            update(f"parents-addon-{what}-{place}-update", why, want, rest[0], place, "x", update_of, rest[1], config=config)
        both("quota", "warn", "resourcequotas", {"spec": {"hard": {"pods": "0"}}})
        both("quota-count", "warn", "resourcequotas", {"spec": {"hard": {"count/pods": "0"}}})
        both("quota-of-room", "allow", "resourcequotas", {"spec": {"hard": {"pods": "20"}}})
        both("quota-unset", "allow", "resourcequotas", {"spec": {"hard": {"pods": "0"}}}, config=None)
        both("quota-off", "allow", "resourcequotas", {"spec": {"hard": {"pods": "0"}}}, config="off.yaml")
        both("netpol", "warn", "networkpolicies", closed)
        both("netpol-open", "allow", "networkpolicies", open_)
        both("netpol-own", "allow", "networkpolicies", of_ones_own)
        both("netpol-unset", "allow", "networkpolicies", closed, config=None)
        add(f"parents-addon-quota-removed-{place}", why, "allow", "DELETE", "resourcequotas", place, "x", None,
            {"spec": {"hard": {"pods": "0"}}}, config="mm.yaml")
        add(f"parents-addon-netpol-removed-{place}", why, "allow", "DELETE", "networkpolicies", place, "x", None, closed,
            config="mm.yaml")


def make():
    for part in (system, pods, endpoints, parents, selectors, grants, guard, switched_off, addon_surroundings):
        part()
    return LINES


if __name__ == "__main__":
    with open(os.path.join(HERE, "siblings.jsonl"), "w", encoding="utf-8") as f:
        f.writelines(make())
