# SPDX-License-Identifier: Apache-2.0
"""A large chart, as a platform's is: objects of ordinary kinds that run nothing."""
import json

APPS = 12


def template():
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "main", "image": "localhost/pause:1"}]}}


def of(name):
    """The objects of one part of the platform."""
    chosen, pod = {"matchLabels": {"app": name}}, template()
    pod["metadata"]["labels"]["app"] = name
    job = {**pod, "spec": {**pod["spec"], "restartPolicy": "Never"}}
    rbac = "rbac.authorization.k8s.io"
    account = {"kind": "ServiceAccount", "name": name, "namespace": "shop"}
    port = [{"port": 80}]
    rule = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    return [
        ("v1", "ServiceAccount", {}),
        ("v1", "ConfigMap", {"data": {"settings": "a: 1\n" * 200}}),
        ("v1", "ConfigMap", {"data": {"dashboard": "x" * 4000}}),
        ("v1", "Secret", {"stringData": {"password": "none"}}),
        ("v1", "Service", {"spec": {"selector": {"app": name}, "ports": port}}),
        ("v1", "Service", {"spec": {"selector": {"app": name}, "ports": port, "clusterIP": "None"}}),
        ("v1", "PersistentVolumeClaim", {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none",
                                                  "resources": {"requests": {"storage": "1Gi"}}}}),
        ("apps/v1", "Deployment", {"spec": {"replicas": 0, "selector": chosen, "template": pod}}),
        ("apps/v1", "StatefulSet", {"spec": {"replicas": 0, "selector": chosen, "serviceName": name, "template": pod}}),
        ("batch/v1", "CronJob", {"spec": {"schedule": "@yearly", "suspend": True, "jobTemplate": {"spec": {"template": job}}}}),
        (f"{rbac}/v1", "Role", {"rules": rule}),
        (f"{rbac}/v1", "RoleBinding", {"roleRef": {"apiGroup": rbac, "kind": "Role", "name": name}, "subjects": [account]}),
        (f"{rbac}/v1", "ClusterRole", {"rules": rule}),
        (f"{rbac}/v1", "ClusterRoleBinding", {"roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name},
                                              "subjects": [account]}),
        ("networking.k8s.io/v1", "NetworkPolicy", {"spec": {"podSelector": chosen}}),
        ("networking.k8s.io/v1", "Ingress", {"spec": {"defaultBackend": {"service": {"name": name, "port": {"number": 80}}}}}),
        ("policy/v1", "PodDisruptionBudget", {"spec": {"selector": chosen, "maxUnavailable": 1}}),
    ]


def objects():
    made = []
    for app in range(APPS):
        seen = set()
        for version, kind, content in of(f"large-{app}"):
            name = f"large-{app}" + ("-more" if kind in seen else "")
            seen.add(kind)
            made.append({"apiVersion": version, "kind": kind, "metadata": {"name": name}, **content})
    return made


OBJECTS = len(objects())


def write(folder):
    """The chart; its folder."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: large\nversion: 1.0.0\n", encoding="utf-8")
    (folder / "templates/all.yaml").write_text("".join(f"---\n{json.dumps(o)}\n" for o in objects()), encoding="utf-8")
    return str(folder)
