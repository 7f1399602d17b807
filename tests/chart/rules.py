# SPDX-License-Identifier: Apache-2.0
"""What must hold for every rendering: Pod Security, rights, images, tokens, names.

Each check takes the rendered objects and yields faults as text.
"""

# pod-security.kubernetes.io/enforce: restricted, as far as a container of ours could break it.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
VERBS = {"get", "patch", "delete"}


def named(o):
    return f"{o['kind']} {o['metadata']['name']}"


def pods(objects):
    """Each pod's spec with the name of what makes it."""
    for o in objects:
        if o["kind"] == "Pod":
            yield named(o), o["spec"]
        elif o["kind"] in ("Deployment", "Job"):
            yield named(o), o["spec"]["template"]["spec"]
        elif o["kind"] == "CronJob":
            yield named(o), o["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


def host_faults(spec):
    for key in ("hostNetwork", "hostPID", "hostIPC", "hostUsers"):
        if spec.get(key):
            yield f"{key} is set"
    for c in containers(spec):
        for p in c.get("ports", []):
            if p.get("hostPort"):
                yield f"{c['name']} has a host port"


def container_faults(c, pod_context):
    own = c.get("securityContext", {})
    if own.get("privileged"):
        yield f"{c['name']} is privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{c['name']} may gain privileges"
    if own.get("capabilities", {}).get("drop") != ["ALL"] or own.get("capabilities", {}).get("add"):
        yield f"{c['name']} keeps capabilities"
    if own.get("readOnlyRootFilesystem") is not True:
        yield f"{c['name']} may write to its root"
    context = {**pod_context, **own}
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        yield f"{c['name']} may run as root"
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{c['name']} has no seccomp profile"


def restricted(objects, host_network):
    for name, spec in pods(objects):
        faults = [f"a volume {k}" for v in spec.get("volumes", []) for k in v.keys() - {"name"} - VOLUMES]
        # The one thing that is given up, where it is asked for, and by the server alone.
        faults += [f for f in host_faults(spec)
                   if not (host_network and f == "hostNetwork is set" and spec["containers"][0]["name"] == "server")]
        for c in containers(spec):
            faults += container_faults(c, spec.get("securityContext", {}))
        yield from (f"{name}: {f}" for f in faults)


def is_of_scan(o):
    return o["metadata"]["labels"].get("app.kubernetes.io/component") == "scan"


def is_for_events(o):
    """The agent's Events, in Oracle's namespace."""
    return (o["metadata"]["name"].endswith("-agent-events") and o["metadata"].get("namespace") == "kube-system" and
            o.get("rules", []) in ([], [{"apiGroups": [""], "resources": ["events"], "verbs": ["create"]}]))


def scan_rights(o, rule):
    """A scan reads what cannot be named, and never Secrets; it writes one object."""
    if "secrets" in rule["resources"] or "*" in rule["apiGroups"] + rule["resources"] + rule["verbs"]:
        yield f"{named(o)}: {rule}"
    if rule["verbs"] not in (["list"], ["get"]) and not (rule["verbs"] == ["patch"] and
                                                         rule.get("resourceNames") and o["kind"] == "Role"):
        yield f"{named(o)}: {rule['verbs']}"


def rights(objects):
    """By name alone; nothing is created, listed or watched. The scan has rules of its own."""
    for o in objects:
        for rule in o.get("rules", []) if o["kind"] in ("Role", "ClusterRole") else []:
            if is_of_scan(o):
                yield from scan_rights(o, rule)
                continue
            if is_for_events(o):
                continue
            if not rule.get("resourceNames"):
                yield f"{named(o)}: a rule without resourceNames"
            if "*" in rule["apiGroups"] + rule["resources"] + rule["verbs"]:
                yield f"{named(o)}: a star"
            for verb in set(rule["verbs"]) - VERBS:
                yield f"{named(o)}: {verb}"


def roles_are_bound(objects):
    """To an account that the chart makes, and to no more than it."""
    accounts = {o["metadata"]["name"] for o in objects if o["kind"] == "ServiceAccount"}
    bound = set()
    for o in objects:
        if o["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            bound.add((o["roleRef"]["kind"], o["roleRef"]["name"], o["metadata"].get("namespace")))
            for s in o["subjects"]:
                if s["kind"] != "ServiceAccount" or s["name"] not in accounts:
                    yield f"{named(o)}: {s['kind']} {s['name']} is no account of this chart"
    for o in objects:
        if (o["kind"] in ("Role", "ClusterRole") and
                (o["kind"], o["metadata"]["name"], o["metadata"].get("namespace")) not in bound):
            yield f"{named(o)} is bound to nobody"


def tokens(objects):
    """The server has none; whoever has one runs as an account with rights."""
    for name, spec in pods(objects):
        server = spec["containers"][0]["name"] == "server"
        if spec.get("automountServiceAccountToken") is not (not server):
            yield f"{name}: automountServiceAccountToken is {spec.get('automountServiceAccountToken')}"
        if not server and spec.get("serviceAccountName", "default") == "default":
            yield f"{name} runs as the default account"
        if server and any("projected" in v for v in spec["volumes"]):
            yield f"{name} mounts a projected volume"


def images(objects):
    """Full names (OKE asks for them from 1.34.1 on), one for all pods, and limits of memory."""
    found = set()
    for name, spec in pods(objects):
        for c in containers(spec):
            found.add(c["image"])
            host = c["image"].split("/")[0]
            if "/" not in c["image"] or not ("." in host or ":" in host or host == "localhost"):
                yield f"{name}: {c['image']} is no full name"
            if not c.get("resources", {}).get("limits", {}).get("memory"):
                yield f"{name}: {c['name']} has no limit of memory"
    if len(found) > 1:
        yield f"several images: {sorted(found)}"


def availability(objects):
    """The server ends no sooner than it promises; a budget that never allows a drain is none."""
    servers = [o for o in objects if o["kind"] == "Deployment" and o["spec"]["template"]["spec"]["containers"][0]["name"] == "server"]
    spec = servers[0]["spec"]
    pod = spec["template"]["spec"]
    grace = next(int(a.split("=")[1]) for a in pod["containers"][0]["args"] if a.startswith("--grace="))
    if pod["terminationGracePeriodSeconds"] < grace + 45:
        yield f"terminationGracePeriodSeconds leaves {pod['terminationGracePeriodSeconds'] - grace} s after the grace time"
    rolling = spec["strategy"]["rollingUpdate"]
    if not pod.get("hostNetwork") and rolling != {"maxUnavailable": 0, "maxSurge": 1}:
        yield f"rollingUpdate {rolling}"
    budgets = [o for o in objects if o["kind"] == "PodDisruptionBudget"]
    if bool(budgets) != (spec["replicas"] > 1):
        yield f"{len(budgets)} budgets with {spec['replicas']} replicas"
    selector = spec["selector"]["matchLabels"]
    for o in objects:
        if o["kind"] == "Service" and o["spec"]["ports"][0]["name"] == "webhook" and o["spec"]["selector"] != selector:
            yield f"{named(o)} selects other pods than the Deployment"


def hooks_leave_nothing(objects):
    for o in objects:
        notes = o["metadata"].get("annotations") or {}
        if "helm.sh/hook" not in notes:
            continue
        if notes["helm.sh/hook-delete-policy"] != "before-hook-creation,hook-succeeded,hook-failed":
            yield f"{named(o)} stays behind"
        if o["kind"] == "Job" and not (o["spec"].get("activeDeadlineSeconds") and o["spec"].get("ttlSecondsAfterFinished")):
            yield f"{named(o)} may run for ever"


def filled_by_the_agent(objects):
    """What the agent writes must not be named, or an upgrade takes it away."""
    for o in objects:
        name = o["metadata"]["name"]
        if name.endswith(("-facts", "-posture")) and "data" in o:
            yield f"{named(o)} has data"
        if o["kind"] == "Secret" and ("data" in o or "stringData" in o):
            yield f"{named(o)} has data"


def own_names(objects, fullname, namespace):
    """All begin with the full name, so that policy self guards them, and none names another namespace."""
    for o in objects:
        if not o["metadata"]["name"].startswith(fullname) and o["kind"] != "ServiceAccount":
            yield f"{named(o)} does not begin with {fullname}"
        in_system = o["kind"] in ("Role", "RoleBinding") and (is_of_scan(o) or is_for_events(o))
        if o["metadata"].get("namespace", namespace) not in (namespace, "kube-system" if in_system else namespace):
            yield f"{named(o)} is in namespace {o['metadata']['namespace']}"


CLUSTER_SCOPED = {"ClusterRole", "ClusterRoleBinding", "ValidatingWebhookConfiguration"}


def metadata_of(objects):
    """(name, metadata) of each object, and of what a Deployment, Job or CronJob makes."""
    for o in objects:
        yield named(o), o["metadata"]
        template = o["spec"].get("template") if o["kind"] in ("Deployment", "Job") else None
        if o["kind"] == "CronJob":
            yield f"the Jobs of {named(o)}", o["spec"]["jobTemplate"]["metadata"]
            template = o["spec"]["jobTemplate"]["spec"]["template"]
        if template:
            yield f"the pods of {named(o)}", template["metadata"]


def says_its_namespace(objects):
    for o in objects:
        if (o["kind"] in CLUSTER_SCOPED) == ("namespace" in o["metadata"]):
            yield f"{named(o)}: metadata.namespace is {o['metadata'].get('namespace')}"


def common(objects, labels, annotations):
    """What a strict house demands of every object; the chart's own labels count before a user's."""
    for name, metadata in metadata_of(objects):
        for key, value in labels.items():
            have = metadata["labels"].get(key)
            if have != value and not (key.startswith("app.kubernetes.io/") and have):
                yield f"{name}: label {key} is {have}"
        for key, value in annotations.items():
            if (metadata.get("annotations") or {}).get(key) != value:
                yield f"{name} has no annotation {key}"


def faults(objects, fullname, namespace, host_network, values=None):
    yield from restricted(objects, host_network)
    for check in (rights, roles_are_bound, tokens, images, availability, hooks_leave_nothing, filled_by_the_agent,
                  says_its_namespace):
        yield from check(objects)
    values = values or {}
    yield from common(objects, values.get("commonLabels", {}), values.get("commonAnnotations", {}))
    yield from own_names(objects, fullname, namespace)
