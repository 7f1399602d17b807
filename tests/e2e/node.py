# SPDX-License-Identifier: Apache-2.0
"""A node: namespaces (node.sh), containerd with runc, kubelet and kube-proxy. It may join and vanish
at any time; all that it was is in its own folder and its own cgroups.
"""
import contextlib
import json
import os
import pathlib
import signal
import subprocess

from cluster import API, BIN, BRIDGE, FOLDER, HERE, LOGS, Part, kubeconfig, run, until

CNI = pathlib.Path("/usr/lib/cni")
RUN_NAME = FOLDER.name  # of the cgroups, which run.sh removes
REGISTRY = f"{API}:5000"  # where prove_release has one; the namespace's own, so the port is free

KUBELET = """\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
oomScoreAdj: 0
maxOpenFiles: 20000
resolvConf: {folder}/resolv.conf
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
authentication: {{anonymous: {{enabled: true}}, webhook: {{enabled: false}}}}
authorization: {{mode: AlwaysAllow}}
imageGCHighThresholdPercent: 100
evictionHard: {{memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}}
nodeLeaseDurationSeconds: 20
nodeStatusUpdateFrequency: 5s
syncFrequency: 5s
configMapAndSecretChangeDetectionStrategy: Watch
failSwapOn: false
podLogsDir: {logs}/{name}-pods
"""

PROXY = """\
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: 10.244.0.0/16
clientConnection: {{kubeconfig: {kubeconfig}}}
hostnameOverride: {name}
conntrack: {{maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
"""

# Without restrict_oom_score_adj no container starts where root lacks CAP_SYS_RESOURCE.
CONTAINERD = """\
version = 2
root = "{folder}/containerd"
state = "/run/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{folder}/registries"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""


def controllers():
    """Names of the cgroup controllers of this machine, as /sys/fs/cgroup has them."""
    with open("/proc/mounts", encoding="ascii") as mounts:
        rows = [line.split() for line in mounts]
    return [pathlib.Path(r[1]).name for r in rows if r[2] == "cgroup" and "name=" not in r[3]]


def make_cgroup(name):
    """The folder `name` in each hierarchy; a cpuset takes nobody in before it names processors."""
    for c in [*controllers(), "systemd"]:
        folder = pathlib.Path("/sys/fs/cgroup", c)
        for step in name.split("/"):
            folder = folder / step
            folder.mkdir(exist_ok=True)
            if c == "cpuset":
                for file in ("cpuset.cpus", "cpuset.mems"):
                    (folder / file).write_text((folder.parent / file).read_text(encoding="ascii"), encoding="ascii")


def remove_cgroup(name):
    """Whether nothing is left of it in any hierarchy."""
    folders = list(pathlib.Path("/sys/fs/cgroup").glob(f"*/{name}"))
    for folder in folders:
        for below, _, _ in os.walk(folder, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(below)
    return not any(f.exists() for f in folders)


class Node:
    """`seat` is the last number of its address and the third of its pods' subnet."""

    def __init__(self, seat, seats, images, paused=()):
        """images: archives; paused: further names of the pause image."""
        self.name = self.address = f"10.0.10.{seat}"
        self.seat, self.seats = seat, seats
        self.images, self.paused = images, paused
        self.folder = FOLDER / f"node-{seat}"
        self.parts = {}

    def start(self):
        """Everything up to a kubelet that runs; whether it is Ready is for the API server to say."""
        self.write_files()
        self.boot()
        self.begin("containerd", "containerd", "--config", self.folder / "containerd.toml")
        until(lambda: self.run_quietly("ctr", "version"), f"containerd of {self.name}")
        for image in self.images:
            self.run("ctr", "-n", "k8s.io", "images", "import", image)
        for name in self.paused:
            self.run("ctr", "-n", "k8s.io", "images", "tag", "--force", "localhost/pause:1", name)
        self.begin("kubelet", BIN / "kubelet", f"--config={self.folder}/kubelet.yaml", f"--node-ip={self.address}",
                   f"--kubeconfig={kubeconfig(f'node-{self.name}')}", f"--hostname-override={self.name}",
                   "--node-labels=oci.oraclecloud.com/node.info.managed=true")
        self.begin("proxy", BIN / "kube-proxy", f"--config={self.folder}/proxy.yaml")

    def write_files(self):
        (self.folder / "cni").mkdir(parents=True, exist_ok=True)
        values = {"folder": self.folder, "logs": LOGS, "name": self.name, "cni": CNI,
                  "kubeconfig": kubeconfig("proxy")}
        for file, text in (("kubelet.yaml", KUBELET), ("proxy.yaml", PROXY), ("containerd.toml", CONTAINERD)):
            (self.folder / file).write_text(text.format(**values), encoding="utf-8")
        host = self.folder / "registries" / REGISTRY
        host.mkdir(parents=True, exist_ok=True)
        (host / "hosts.toml").write_text(f'[host."http://{REGISTRY}"]\ncapabilities = ["pull", "resolve"]\n', encoding="ascii")
        (self.folder / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="ascii")
        bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True,
                  "ipam": {"type": "host-local", "ranges": [[{"subnet": pods_of(self.seat)}]],
                           "routes": [{"dst": "0.0.0.0/0"}]}}
        network = {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]}
        (self.folder / "cni/10-pods.conflist").write_text(json.dumps(network), encoding="ascii")
        (self.folder / "cni/99-loopback.conf").write_text(
            '{"cniVersion": "1.0.0", "name": "lo", "type": "loopback"}', encoding="ascii")

    def boot(self):
        # A machine that starts has none; over those of dead containers a kubelet spends minutes.
        until(lambda: remove_cgroup(f"{RUN_NAME}/{self.name}"), f"no cgroup is left of {self.name}")
        make_cgroup(f"{RUN_NAME}/{self.name}")
        routes = "\n".join(f"{pods_of(s)} 10.0.10.{s}" for s in self.seats if s != self.seat)
        settings = {"NAME": self.name, "ADDRESS": self.address, "ROUTES": routes, "PAUSE": FOLDER / "pause",
                    "CONTROLLERS": " ".join(controllers()), "CGROUP": f"{RUN_NAME}/{self.name}"}
        (self.folder / "env").write_text("".join(f"{k}='{v}'\n" for k, v in settings.items()), encoding="ascii")
        (self.folder / "up").unlink(missing_ok=True)
        self.begin_outside("init", HERE / "node.sh", "boot", self.folder)
        pid = until(self.init_pid, "process 1 of the node")
        (self.folder / "init").write_text(pid, encoding="ascii")
        device = f"veth{self.seat}"
        run("ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", pid)
        run("ip", "link", "set", device, "master", BRIDGE, "up")
        run("ip", "route", "replace", pods_of(self.seat), "via", self.address)
        until((self.folder / "up").exists, f"{self.name} is set up; see {LOGS}/{self.name}-init.log")

    def init_pid(self):
        """The child of unshare, which the child has become by then."""
        parent = self.parts["init"].process.pid
        found = subprocess.run(["pgrep", "-P", str(parent), "-f", "node.sh init"], stdout=subprocess.PIPE, text=True,
                               check=False)
        return found.stdout.strip()

    def begin_outside(self, name, *command):
        self.parts[name] = Part(f"{self.name}-{name}", *command)

    def begin(self, name, *command):
        self.begin_outside(name, HERE / "node.sh", "run", self.folder, *command)

    def run(self, *command):
        return run(HERE / "node.sh", "run", self.folder, *command)

    def run_quietly(self, *command):
        return subprocess.run([HERE / "node.sh", "run", self.folder, *command], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def vanish(self):
        """As a machine does whose power fails: process 1 goes, and the kernel ends all the rest."""
        os.kill(int((self.folder / "init").read_text(encoding="ascii")), signal.SIGKILL)
        for part in self.parts.values():
            part.end(signal.SIGKILL)
        self.parts.clear()


def pods_of(seat):
    return f"10.244.{seat}.0/24"
