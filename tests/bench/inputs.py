# SPDX-License-Identifier: Apache-2.0
"""What is sent: recorded reviews by name, and policies made in numbers."""
import json
import os

# Size and kind, and the recorded review of it. All are sent by customers: an exempt
# identity would be let pass unread.
NOT_CONCERNED = {
    "4 KB": "lookalike-deployment-coredns-2-kube-system-delete",
    "12 KB": "csi-custom-copy-delete",
    "40 KB": "configmap-40kb",
    "250 KB": "configmap-250kb",
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


def grow(body, size):
    """The same change of a DaemonSet whose pods have more containers, which do not change."""
    review = json.loads(body)
    sides = [review["request"][k]["spec"]["template"]["spec"]["containers"]
             for k in ("object", "oldObject")]
    more = sides[1][0]
    step = 2 * (len(json.dumps(more, separators=(",", ":"))) + 5)
    for i in range((size - len(body)) // step):
        for side in sides:
            side.append({**more, "name": f"{more['name']}-{i}"})
    return json.dumps(review, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def write(bodies, folder):
    """Files for the load program: {(size, concerned): path}."""
    chosen = {(size, False): bodies[name] for size, name in NOT_CONCERNED.items()}
    chosen |= {(size, True): bodies[name] for size, name in DENIED.items()}
    chosen |= {(size, True): grow(bodies[DENIED["12 KB"]], n) for size, n in GROWN.items()}
    chosen[("3 MiB", True)] = grow(bodies[DENIED["12 KB"]], 3 << 20)
    paths = {}
    for (size, concerned), body in chosen.items():
        name = f"{size.replace(' ', '')}-{'denied' if concerned else 'passed'}.json"
        paths[size, concerned] = os.path.join(folder, name)
        with open(paths[size, concerned], "wb") as f:
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
