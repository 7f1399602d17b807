# SPDX-License-Identifier: Apache-2.0
"""Runs `oke-guard scan` on a cluster that a test made: live, by a stand-in for the agent, or from files."""
import json
import os
import pathlib
import pickle
import shutil
import subprocess
import tempfile

from cluster import Cluster

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DATA = ROOT / "tests/data/scan"
BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
if not BUILD.is_absolute():
    BUILD = ROOT / BUILD


K = "/api/v1/namespaces/kube-system"
APPS = "/apis/apps/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
# What a scan of a whole cluster asks for (test_scan.py holds it to that), in this order.
REQUESTS = [("get", "/version"), ("get", "/apis"), ("text", "/readyz?verbose"),
            ("list", f"{APPS}/deployments"), ("list", f"{APPS}/daemonsets"),
            ("list", f"{APPS}/namespaces/kube-system/replicasets"),
            ("list", f"{APPS}/namespaces/kube-system/controllerrevisions"), ("list", f"{APPS}/statefulsets"),
            ("list", "/apis/batch/v1/cronjobs"), ("list", "/apis/batch/v1/jobs"), ("list", f"{K}/pods"),
            ("table", "/api/v1/nodes"), ("list", "/api/v1/services"), ("list", f"{K}/serviceaccounts"),
            ("list", "/apis/discovery.k8s.io/v1/endpointslices"), ("list", f"{RBAC}/clusterroles"),
            ("list", f"{RBAC}/clusterrolebindings"), ("list", f"{RBAC}/roles"), ("list", f"{RBAC}/rolebindings"),
            ("list", "/apis/storage.k8s.io/v1/storageclasses"), ("list", "/apis/storage.k8s.io/v1/csidrivers"),
            ("list", f"{ADMISSION}/validatingwebhookconfigurations"),
            ("list", f"{ADMISSION}/mutatingwebhookconfigurations"),
            ("list", f"{ADMISSION}/validatingadmissionpolicies"),
            ("list", f"{ADMISSION}/validatingadmissionpolicybindings"),
            ("list", f"{ADMISSION}/mutatingadmissionpolicies"), ("list", "/apis/policy/v1/poddisruptionbudgets"),
            ("list", "/apis/autoscaling/v2/horizontalpodautoscalers"),
            ("list", "/apis/autoscaling.k8s.io/v1/namespaces/kube-system/verticalpodautoscalers"),
            ("list", "/apis/keda.sh/v1alpha1/namespaces/kube-system/scaledobjects"),
            ("list", f"{K}/resourcequotas"), ("list", f"{K}/limitranges"),
            ("list", "/apis/networking.k8s.io/v1/namespaces/kube-system/networkpolicies"), ("get", f"{K}"),
            ("list", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"), ("list", "/api/v1/persistentvolumes"),
            ("table", "/apis/oci.oraclecloud.com/v1beta1/nativepodnetworks"),
            *[("get", f"{K}/configmaps/{name}") for name in (
                "coredns", "coredns-custom", "kube-proxy", "kube-dns-autoscaler", "oci-csi-iscsiadm", "oci-fss-csi",
                "kube-flannel-cfg", "node-problem-detector-custom-check")]]


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def check(self, name):
        return next(c for c in self.json["checks"] if c["id"] == name)

    def findings(self, name=None):
        return [f for f in self.json["findings"] if name in (None, f["check"])]


class Scan:
    """A folder with the program, the stand-in beside it, and room for dumps."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="oke-guard-scan-"))
        shutil.copy(BUILD / "oke-guard", self.folder / "oke-guard")
        (self.folder / "oke-guard-agent").symlink_to(HERE / "agent.py")

    def close(self):
        shutil.rmtree(self.folder)

    def run(self, *args, env=None, stdin=None):
        got = subprocess.run([self.folder / "oke-guard", "scan", *map(str, args)], cwd=self.folder, text=True,
                             input=stdin, capture_output=True, timeout=60, check=False,
                             env={"PATH": os.environ["PATH"], **(env or {})})
        return Result(got.returncode, got.stdout, got.stderr)

    def live(self, cluster, *args, **env):
        with open(self.folder / "cluster.pickle", "wb") as f:
            pickle.dump(cluster, f)
        return self.run(*args, env={"SCAN_CLUSTER": str(self.folder / "cluster.pickle"),
                                    "SCAN_PUBLISHED": str(self.folder / "published.json"), **env})

    def dump(self, cluster, name="dump"):
        """What `--dump` keeps of it, written without the agent."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        nodes = [("get", "/api/v1/nodes/" + o["metadata"]["name"]) for o in cluster.objects if o["kind"] == "Node" and
                 o["status"]["conditions"][0]["status"] != "True"]
        with open(folder / "inventory.jsonl", "w", encoding="utf-8") as f:
            for record in cluster.records([*REQUESTS, *nodes]):
                f.write(json.dumps(record, separators=(",", ":")) + "\n")
        return folder

    def judge(self, cluster, *args):
        return self.run("--from", self.dump(cluster), "-o", "json", *args)

    def report(self, cluster, *args, **env):
        return self.live(cluster, "-o", "json", *args, **env)

    def from_lists(self, cluster, *args, managed=True, without=(), version=True):
        """As `kubectl get -o json` writes them: one List a kind, and `kubectl version`."""
        folder = self.folder / "lists"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        kinds = {}
        for o in cluster.objects:
            kinds.setdefault(o["kind"], []).append(o)
        for kind, items in kinds.items():
            if kind in without:
                continue
            items = json.loads(json.dumps(items))
            for o in items if not managed else []:
                o["metadata"].pop("managedFields", None)
            (folder / f"{kind.lower()}.json").write_text(
                json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8")
        if version:
            (folder / "version.json").write_text(json.dumps(
                {"clientVersion": {"gitVersion": "v1.30.0"}, "serverVersion": {"gitVersion": cluster.version}}),
                encoding="utf-8")
        return self.run("--from", folder, "--now", cluster.date, *args)


def cluster():
    return Cluster()
