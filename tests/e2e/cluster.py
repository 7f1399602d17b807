"""A real control plane with oke-guard registered in front of it, and the objects OKE brings.

The objects are those of the recorded reviews, so nothing is written down twice.
"""
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "system"))
from harness import Server, certificates  # noqa: E402

BIN = pathlib.Path(os.environ["BIN"])
WEBHOOK = "support.oke-guard.internal"
PATIENCE = 120  # seconds; nothing here waits so long unless it is broken

WHO = {
    "customer": ["--as=ocid1.user.oc1..aaaaaaaaexample", "--as-group=ocid1.group.oc1..aaaaaaaaadmins"],
    "argocd": ["--as=system:serviceaccount:argocd:argocd-application-controller",
               "--as-group=system:serviceaccounts", "--as-group=system:serviceaccounts:argocd",
               "--as-group=system:authenticated", "--as-group=ocid1.group.oc1..aaaaaaaaadmins"],
    "robot": ["--as=deploy-robot", "--as-group=ocid1.group.oc1..aaaaaaaaadmins"],
    "admin": [],
}

OKE = [
    ("ServiceAccount", "kube-system", "coredns"),
    ("ConfigMap", "kube-system", "coredns"),
    ("Service", "kube-system", "kube-dns"),
    ("Deployment", "kube-system", "coredns"),
    ("Deployment", "kube-system", "kube-dns-autoscaler"),
    ("ServiceAccount", "kube-system", "kube-dns-autoscaler"),
    ("ServiceAccount", "kube-system", "kube-proxy"),
    ("DaemonSet", "kube-system", "kube-proxy"),
    ("ServiceAccount", "kube-system", "flannel"),
    ("DaemonSet", "kube-system", "kube-flannel-ds"),
    ("ServiceAccount", "kube-system", "csi-oci-node-sa"),
    ("DaemonSet", "kube-system", "csi-oci-node"),
    ("ConfigMap", "kube-system", "oci-csi-iscsiadm"),
    ("ClusterRole", "", "csi-oci"),
    ("ClusterRoleBinding", "", "csi-oci-binding"),
    ("CSIDriver", "", "blockvolume.csi.oraclecloud.com"),
    ("CustomResourceDefinition", "", "nativepodnetworks.oci.oraclecloud.com"),
]

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "10.0.10.10", "labels": {
    "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": "10.0.10.10",
    "oci.oraclecloud.com/node.info.managed": "true"}}}

ADMINS = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
          "metadata": {"name": "platform-admins"},
          "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
          "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group",
                        "name": "ocid1.group.oc1..aaaaaaaaadmins"}]}


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def recorded(wanted):
    """The objects as the recorded reviews show them first, without what a server adds."""
    found = {}
    with open(ROOT / "tests/reviews/reviews.jsonl", encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)["review"]["request"]
            o = request.get("oldObject") or request.get("object") or {}
            meta = o.get("metadata", {})
            found.setdefault((o.get("kind"), meta.get("namespace", ""), meta.get("name")), o)
    return [plain(found[key]) for key in wanted]


def plain(o):
    keep = {k: v for k, v in o["metadata"].items() if k in ("name", "namespace", "labels", "annotations")}
    for added in ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"):
        keep.get("annotations", {}).pop(added, None)
    return {**{k: v for k, v in o.items() if k != "status"}, "metadata": keep}


def until(condition, what):
    """Poll; the condition's first true value."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not in {PATIENCE} s: {what}")
        time.sleep(0.1)
    return value


class Cluster:
    folder = guard = None

    def start(self):
        started = subprocess.run([HERE / "up.sh", "start"], check=True, stdout=subprocess.PIPE, text=True)
        self.folder = pathlib.Path(started.stdout.strip())

    def stop(self):
        try:
            if self.guard:
                self.guard.stop()
        finally:
            if self.folder:
                subprocess.run([HERE / "up.sh", "stop", self.folder], check=True)

    def kubectl(self, *arguments, who="admin", stdin=None):
        """The finished process; its output is what a person at a terminal sees."""
        return subprocess.run(
            [BIN / "kubectl", "--kubeconfig", self.folder / "admin.kubeconfig", "--request-timeout=60s",
             "--cache-dir", self.folder / "cache", *WHO[who], *arguments],
            input=stdin or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE * 2,
            env={"HOME": str(self.folder), "PATH": os.environ["PATH"]}, check=False)

    def get(self, *arguments):
        done = self.kubectl(*arguments)
        if done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}:\n{done.stdout}")
        return done.stdout

    def apply(self, objects):
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        done = self.kubectl("apply", "--server-side", "--field-manager=oke", "-f", "-", stdin=text)
        if done.returncode != 0:
            raise AssertionError(done.stdout)

    # ---- the guard ----

    def start_guard(self, port=0):
        self.guard = Server("--config=tests/reviews/config.yaml", f"--listen=127.0.0.1:{port}")
        self.guard.__enter__()

    def stop_guard(self):
        """The port it had, for the one that takes its place."""
        status = self.guard.stop()
        if status != 0:
            raise AssertionError(f"the guard ended with {status}:\n" + self.guard.log_text())
        return self.guard.port

    def register_guard(self):
        """All resources, as a policy may name any; and wait until the API server asks."""
        ca = base64.b64encode((certificates() / "ca.crt").read_bytes()).decode()
        self.apply([{
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "oke-guard"},
            "webhooks": [{
                "name": WEBHOOK, "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "failurePolicy": "Ignore", "timeoutSeconds": 2, "matchPolicy": "Equivalent",
                "clientConfig": {"url": f"https://127.0.0.1:{self.guard.port}/validate", "caBundle": ca},
                "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"],
                           "resources": ["*/*"], "scope": "*"}]}]}])
        self.wait_guarded()

    def wait_guarded(self):
        until(lambda: self.kubectl("-n", "kube-system", "delete", "deployment", "coredns", "--dry-run=server",
                                   who="customer").returncode != 0, "the guard is asked")

    # ---- what the API server says of it ----

    def metrics_page(self):
        return self.get("get", "--raw", "/metrics")

    def metrics(self, name, page=None):
        """{labels: value} of the samples of that name that belong to the guard."""
        lines = (page or self.metrics_page()).splitlines()
        found = (re.fullmatch(re.escape(name) + r"\{(.*)\} (\S+)", line) for line in lines)
        return {m[1]: float(m[2]) for m in found if m and f'name="{WEBHOOK}"' in m[1]}

    def rejections(self):
        return sum(self.metrics("apiserver_admission_webhook_rejection_count").values())

    def audit_size(self):
        return (self.folder / "audit.log").stat().st_size

    def audited(self, since, who):
        """Events of that user from a place in the audit log on."""
        user = WHO[who][0].split("=", 1)[1]
        with open(self.folder / "audit.log", "rb") as log:
            log.seek(since)
            events = [json.loads(line) for line in log.read().splitlines(keepends=True) if line.endswith(b"\n")]
        return [e for e in events if e.get("impersonatedUser", {}).get("username") == user]
