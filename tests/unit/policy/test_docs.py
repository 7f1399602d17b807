# SPDX-License-Identifier: Apache-2.0
"""docs/built-in-policies.md and policy/builtin name the same policies and files."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACK = sorted((ROOT / "policy" / "builtin").glob("*.yaml"))
PAGE = (ROOT / "docs" / "built-in-policies.md").read_text(encoding="utf-8")
COVERED = PAGE.split("### Objects of Kubernetes itself", maxsplit=1)[0]
GUARD = ROOT / os.environ.get("BUILD", "build") / "oke-guard"

# What the column of guarded objects calls them.
WORDS = {
    "Deployment": "deployments", "DaemonSet": "daemonsets", "ConfigMap": "configmaps", "Service": "services",
    "Endpoints": "endpoints", "EndpointSlice": "endpointslices", "account": "serviceaccounts",
    "ClusterRole": "clusterroles", "role": "clusterroles", "binding": "clusterrolebindings",
    "CRD": "customresourcedefinitions", "CSIDriver": "csidrivers", "StorageClass": "storageclasses",
    "StorageClasse": "storageclasses", "APIService": "apiservices", "Namespace": "namespaces",
    "Node": "nodes", "Secret": "secrets", "NativePodNetwork": "nativepodnetworks", "pod": "pods", "ReplicaSet": "replicasets",
    "ResourceQuota": "resourcequotas", "NetworkPolicie": "networkpolicies",
}
# All that facts can switch on.
FACTS = """apiVersion: oke-guard.internal/v1
kind: GuardConfig
metadata: {name: default}
spec:
  cluster:
    cni: CNI
    addons:
      KubernetesMetricsServer: {managed: "true"}
      CertManager: {managed: "true"}
      Istio: {managed: "true"}
      NativeIngressController: {managed: "true"}
      WeblogicKubernetesOperator: {managed: "true"}
      ClusterAutoscaler: {managed: "true"}
"""


def policies_of(path):
    with open(path, encoding="utf-8") as f:
        return {
            doc["metadata"]["name"]
            for doc in yaml.safe_load_all(f)
            if doc and doc["kind"] == "SupportPolicy"
        }


def rows():
    """(file, policies) of each row; a row without a file belongs to the one above it."""
    file = None
    for line in COVERED.splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if not line.startswith("|") or not any("`" in c for c in cells):
            continue
        named = [c for c in cells if re.fullmatch(r"`[a-z-]+\.yaml`", c)]
        at = 1
        if named:
            file = named[0].strip("`")
            at = cells.index(named[0])
        yield file, set(re.findall(r"`([a-z0-9-]+)`", cells[at + 1]))


def entries():
    """What the generated entries send, of either CNI: (resource, namespace or "" for any or none)."""
    sent = set()
    for cni in ("flannel", "vcn-native"):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(FACTS.replace("CNI", cni))
            f.flush()
            out = subprocess.run([GUARD, "generate", "webhook-configuration", "-o", "json", "--config", f.name],
                                 stdout=subprocess.PIPE, check=True, timeout=60).stdout
        for hook in json.loads(out)["webhooks"]:
            if "alpha" in hook["name"]:
                continue
            selector = (hook.get("namespaceSelector") or {}).get("matchExpressions") or [{}]
            named = selector[0].get("values", []) if selector[0].get("operator") == "In" else [""]
            sent |= {(r, n) for rule in hook["rules"] for r in rule["resources"] for n in named}
    return sent


def objects_of(policy):
    for path in PACK:
        for doc in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if doc["metadata"]["name"] == policy:
                yield from doc["spec"]["objects"]


def guarded():
    """(policies, resources that the row names) of each row of the components' table."""
    for line in COVERED.split("## Besides")[0].splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and "`" in cells[2]:
            words = re.findall(r"[A-Za-z]+", re.sub(r"`[^`]*`", "", cells[3]))
            yield (re.findall(r"`([a-z0-9-]+)`", cells[2]),
                   {WORDS[w] for w in (w if w in WORDS else w.removesuffix("s") for w in words) if w in WORDS})


class Docs(unittest.TestCase):
    def test_what_the_page_lists_is_sent(self):
        """Each kind of each row of the components' table is in a generated entry, in its namespace."""
        sent, rows_n, faults = entries(), 0, []
        for names, resources in guarded():
            if names == ["coredns-custom"]:  # the customer's: nothing is judged
                continue
            rows_n += 1
            faults += [] if resources else [f"{names}: no guarded object is named by its kind"]
            objects = [o for n in names for o in objects_of(n)]
            for resource in resources:
                where = {o.get("namespace", "") for o in objects
                         if o.get("resource") == resource or "pods" in o}
                faults += [] if where else [f"{names}: the page says {resource}, the policies do not"]
                faults += [f"{names}: {resource} of {namespace or 'any namespace'} is not sent"
                           for namespace in where if (resource, namespace) not in sent]
        self.assertEqual(faults, [])
        self.assertGreater(rows_n, 20)

    def test_every_policy_stands_under_its_file(self):
        written = {}
        for file, names in rows():
            written.setdefault(file, set()).update(names)
        self.assertEqual(written, {p.name: policies_of(p) for p in PACK})


if __name__ == "__main__":
    unittest.main()
