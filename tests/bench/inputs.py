# SPDX-License-Identifier: Apache-2.0
"""What is sent: recorded reviews by name, and policies made in numbers."""
import json
import os
import sys

# What clusters write: updates by customers of objects of their own, as an API server sends them. Each is a
# recorded update of an object of the same kind, under names that no policy has.
ORDINARY = {
    "Deployment, 4 KB": ("bg-deployment-controller-update-deployment-status-ks-4", 0),
    "Deployment, 12 KB": ("id-federated-user", 0),
    "Deployment, 40 KB": ("id-federated-user", 40_000),
    "StatefulSet, 6 KB": ("bg-statefulset-controller-update-statefulset-status-ks", 0),
    "Pod, 14 KB": ("bg-node-update-pod-status-ks", 0),
    "Node, 15 KB": ("audited-node-label", 0),
}
UNCHANGED = "kube-proxy-replace"  # a guarded object, written as it is
CUSTOMER = {"username": "ocid1.user.oc1..aaaaaaaaexampledeveloper000000000000000000000000000000000000",
            "groups": ["system:authenticated"]}

# Size and kind, and the recorded review of it. All are sent by customers: an exempt
# identity would be let pass unread.
NOT_CONCERNED = {
    "DELETE, 4 KB": "lookalike-deployment-coredns-2-kube-system-delete",
    "DELETE, 12 KB": "csi-custom-copy-delete",
    "ConfigMap, 40 KB": "configmap-40kb",
    "ConfigMap, 250 KB": "configmap-250kb",
}
DENIED = {"4 KB": "kube-dns-service-selector", "12 KB": "kube-proxy-replace"}
GROWN = {"40 KB": 40_000, "250 KB": 250_000}  # the 12 KB one with more containers


def recorded(path):
    """Bodies by id, byte for byte as they were received."""
    bodies = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            start = line.index('"review": ') + len('"review": ')
            bodies[json.loads(line)["id"]] = line[start:line.rindex("}")].encode() + b"\n"
    return bodies


def written(review):
    return json.dumps(review, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def grow(body, size):
    """The same change of an object whose pods have more containers, which do not change."""
    review = json.loads(body)
    sides = [review["request"][k]["spec"]["template"]["spec"]["containers"]
             for k in ("object", "oldObject")]
    more = sides[1][0]
    step = 2 * (len(json.dumps(more, separators=(",", ":"))) + 5)
    for i in range((size - len(body)) // step):
        for side in sides:
            side.append({**more, "name": f"{more['name']}-{i}"})
    return written(review)


def ordinary(body, size):
    """A customer's update of an object of his: another image, or another label where there is no template."""
    text = body.decode()
    for ours, his in (("kube-system", "shop"), ("kube-dns", "web"), ("coredns", "storefront"),
                      ("CoreDNS", "Storefront"), ("alpha-off", "shop"), ("alpha-on", "shop"),
                      ("system-cluster-critical", "business-critical")):
        text = text.replace(ours, his)
    review = json.loads(text)
    request = review["request"]
    request.pop("subResource", None)
    request.pop("requestSubResource", None)
    request.update(operation="UPDATE", userInfo=CUSTOMER)
    old = request["oldObject"]
    new = request["object"] = json.loads(json.dumps(old))
    spec = new["spec"].get("template", {}).get("spec")
    if spec:
        spec["containers"][0]["image"] += "-2"
    else:
        new["metadata"].setdefault("labels", {})["example.com/team"] = "storefront"
    return grow(written(review), size) if size else written(review)


def unchanged(body):
    """A guarded object, sent as it is: both objects are the same to the byte.

    The API server takes back what would be new in managedFields alone. Of 320 recorded UPDATEs 30 are of this
    kind, and none differs in the times of managedFields alone.
    """
    review = json.loads(body)
    review["request"]["object"] = review["request"]["oldObject"]
    return written(review)


def unchanged_by_another(body):
    """The same, but that managedFields tell of another time, as they do of another manager: both are read."""
    review = json.loads(unchanged(body))
    new = review["request"]["object"] = json.loads(json.dumps(review["request"]["oldObject"]))
    new["metadata"]["managedFields"][-1]["time"] = "2026-11-30T10:00:00Z"
    return written(review)


def write(bodies, folder):
    """Files for the load program: {(name, "passed", "unchanged" or "denied"): path}."""
    chosen = {(name, "passed"): ordinary(bodies[of], size) for name, (of, size) in ORDINARY.items()}
    chosen |= {(size, "passed"): bodies[name] for size, name in NOT_CONCERNED.items()}
    chosen["12 KB", "unchanged"] = unchanged(bodies[UNCHANGED])
    chosen["managedFields alone, 12 KB", "passed"] = unchanged_by_another(bodies[UNCHANGED])
    chosen |= {(size, "denied"): bodies[name] for size, name in DENIED.items()}
    chosen |= {(size, "denied"): grow(bodies[DENIED["12 KB"]], n) for size, n in GROWN.items()}
    chosen["3 MiB", "denied"] = grow(bodies[DENIED["12 KB"]], 3 << 20)
    paths = {}
    for (name, kind), body in chosen.items():
        paths[name, kind] = os.path.join(folder, f"{name.replace(' ', '').replace(',', '-')}-{kind}.json")
        with open(paths[name, kind], "wb") as f:
            f.write(body)
    return paths


def policy(i):
    """Ten rules on ten named Deployments; some in kube-system, where the bench's requests are."""
    namespace = "kube-system" if i % 4 == 0 else f"team-{i}"
    names = ", ".join(f"service-{i}-{n}" for n in range(10))
    text = f"""apiVersion: oke-guard.internal/v1
kind: SupportPolicy
metadata: {{name: bench-{i}}}
spec:
  title: Bench {i}
  area: Kubernetes Data Plane
  docs: Tasks/contengconfiguringdnsserver.htm
  objects:
    - {{group: apps, resource: deployments, namespace: {namespace}, names: [{names}]}}
    - {{group: apps, resource: daemonsets, namespace: {namespace}, names: [{names}]}}
    - {{group: "", resource: configmaps, namespace: team-{i}, namePrefix: settings-}}
  rules:
"""
    for n in range(9):
        text += f"    - {{name: field-{n}, operations: [UPDATE], changed: [spec.field{n}], tier: unsupported}}\n"
    return text + "    - {name: removed, operations: [DELETE], tier: best-effort}\n"


def write_policies(folder, rules):
    """Policies of ten rules each, a hundred a file."""
    os.makedirs(folder, exist_ok=True)
    policies = [policy(i) for i in range(rules // 10)]
    for at in range(0, len(policies), 100):
        with open(os.path.join(folder, f"bench-{at}.yaml"), "w", encoding="ascii") as f:
            f.write("---\n".join(policies[at:at + 100]))
    return folder


if __name__ == "__main__":  # inputs.py REVIEWS FOLDER
    write(recorded(sys.argv[1]), sys.argv[2])
