# SPDX-License-Identifier: Apache-2.0
"""A real cluster in network namespaces of its own: a control plane beside the tests, and nodes that
come and go (node.py). run.sh made the namespace in which all of this happens.

Tokens and addresses are of nobody's cluster: nothing outside of this namespace can be reached, nor
reaches in.
"""
import os
import pathlib
import re
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDER = pathlib.Path(os.environ["E2E_FOLDER"])  # state; run.sh removes it
LOGS = FOLDER / "logs"
BIN = pathlib.Path(os.environ["KUBERNETES_BIN"])
HELM = pathlib.Path(os.environ["HELM_BIN"]) / "helm"
PATIENCE = 120  # seconds; nothing here waits so long unless it is broken

API = "10.0.10.1"  # the control plane; nodes have the same network, as OKE's do
SERVER = f"https://{API}:6443"
SERVICES = "10.96.0.0/16"
BRIDGE = "oke0"
TOKENS = {
    "admin": ("admin", "system:masters"),
    "controllers": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
}

AUDIT = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: LEVEL, verbs: [create, update, patch, delete, deletecollection]}]
"""


def until(condition, what, patience=PATIENCE):
    """Poll; the condition's first true value."""
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not in {patience} s: {what}")
        time.sleep(0.1)
    return value


def run(*command, **options):
    """Run a command that must succeed; what it printed."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, stdin=options.pop("stdin", subprocess.DEVNULL), **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(str(c) for c in command)}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


class Part:
    """A program in the background, with a log of its own, in a process group of its own."""

    def __init__(self, name, *command):
        self.name = name
        with open(LOGS / f"{name}.log", "ab") as log:
            self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True, cwd=FOLDER)

    def alive(self):
        return self.process.poll() is None

    def end(self, number=signal.SIGTERM):
        """By its process group: nsenter and unshare stand before the program itself."""
        if self.alive():
            os.killpg(self.process.pid, number)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


def token(who):
    return f"token-of-{who}"


def kubeconfig(who):
    """The file with which `who` talks to the API server."""
    file = FOLDER / f"{who}.kubeconfig"
    file.write_text(f"""\
apiVersion: v1
kind: Config
current-context: e2e
contexts: [{{name: e2e, context: {{cluster: e2e, user: e2e}}}}]
clusters: [{{name: e2e, cluster: {{server: "{SERVER}", certificate-authority: {FOLDER}/certs/apiserver.crt}}}}]
users: [{{name: e2e, user: {{token: {token(who)}}}}}]
""", encoding="utf-8")
    return file


class ControlPlane:
    """etcd, API server, controller manager and scheduler, on no node, as in a managed cluster."""

    def __init__(self, nodes=()):
        self.parts = {}
        self.tokens = {**TOKENS, **{f"node-{n}": (f"system:node:{n}", "system:nodes") for n in nodes}}

    def start(self, controllers=True):
        self.write_files()
        self.start_etcd()
        self.start_apiserver()
        self.wait_ready()
        if controllers:
            self.start_controllers()

    def start_controllers(self):
        self.begin("controllers", BIN / "kube-controller-manager", f"--kubeconfig={kubeconfig('controllers')}",
                   "--leader-elect=false", "--use-service-account-credentials=true",
                   "--service-account-private-key-file=sa.key", "--root-ca-file=certs/apiserver.crt",
                   "--node-monitor-period=2s", "--node-monitor-grace-period=20s", "--terminated-pod-gc-threshold=20")
        self.begin("scheduler", BIN / "kube-scheduler", f"--kubeconfig={kubeconfig('scheduler')}",
                   "--leader-elect=false")

    def begin(self, name, *command):
        self.parts[name] = Part(name, *command)

    def write_files(self):
        run("openssl", "genrsa", "-out", FOLDER / "sa.key", "2048")
        run("openssl", "rsa", "-in", FOLDER / "sa.key", "-pubout", "-out", FOLDER / "sa.pub")
        lines = [f'{token(who)},{user},{who},"{groups}"\n' for who, (user, groups) in self.tokens.items()]
        (FOLDER / "tokens.csv").write_text("".join(lines), encoding="utf-8")
        self.write_audit("Metadata")
        kubeconfig("admin")

    @staticmethod
    def write_audit(level):
        (FOLDER / "audit.yaml").write_text(AUDIT.replace("LEVEL", level), encoding="utf-8")

    def audit(self, level):
        """From now on at this level; the API server reads it at its start."""
        self.write_audit(level)
        self.parts.pop("apiserver").end()
        self.start_apiserver()
        self.wait_ready()

    def start_etcd(self):
        self.begin("etcd", "etcd", "--data-dir", "etcd", "--unsafe-no-fsync")

    def start_apiserver(self, env=None, flags=()):
        """Services of webhooks are resolved to pods: no kube-proxy runs beside a managed API server."""
        settings = ["env", *(f"{k}={v}" for k, v in (env or {}).items())]
        self.begin("apiserver", *settings, BIN / "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379",
                   "--secure-port=6443", f"--advertise-address={API}", "--cert-dir=certs",
                   "--token-auth-file=tokens.csv", "--authorization-mode=Node,RBAC",
                   "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
                   "--enable-aggregator-routing=true", "--kubelet-preferred-address-types=InternalIP",
                   "--service-account-issuer=https://kubernetes.default.svc",
                   "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key",
                   f"--service-cluster-ip-range={SERVICES}",
                   "--audit-policy-file=audit.yaml", f"--audit-log-path={LOGS}/audit.log", *flags)

    def wait_ready(self):
        def ready():
            if not self.parts["apiserver"].alive():
                raise AssertionError(f"the API server has ended; see {LOGS}/apiserver.log")
            return (FOLDER / "certs/apiserver.crt").exists() and self.raw("/readyz")

        until(ready, "the API server is ready")

    def raw(self, path):
        done = subprocess.run([BIN / "kubectl", "--kubeconfig", FOLDER / "admin.kubeconfig", "--request-timeout=5s",
                               "get", "--raw", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return done.stdout if done.returncode == 0 else None

    def stop(self):
        for name in ("scheduler", "controllers", "apiserver", "etcd"):
            if name in self.parts:
                self.parts.pop(name).end()


def make_network():
    """The one network of all nodes, at whose first address the control plane is."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "address", "add", f"{API}/24", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")


def memory_of(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)[1]) / 1024
