# SPDX-License-Identifier: Apache-2.0
"""oke-guard as its users install it: the chart, by Helm, with the image that `make image` wrote."""
import os
import pathlib
import subprocess

from archive import ARCH
from cluster import FOLDER, HELM, PATIENCE, ROOT, until
from kube import get, pods, read, rolled_out

BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
BINARY = BUILD / "oke-guard"
IMAGE = ROOT / f"build/image/oke-guard-{ARCH}.tar"
CHART = ROOT / "charts/oke-guard"
PLACE = RELEASE = "oke-guard"
SERVERS = "app.kubernetes.io/component=server"
# Short where the default is for clusters that live for years.
VALUES = ["certificates.self.overlap=12", "agent.interval=5", "config.cluster.kubernetes=auto"]


def helm(*arguments):
    """The finished process."""
    settings = {"HOME": str(FOLDER), "PATH": "/usr/bin:/bin", "KUBECONFIG": str(FOLDER / "admin.kubeconfig")}
    return subprocess.run([HELM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=PATIENCE * 3, env=settings, check=False)


def must(done):
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(str(a) for a in done.args)}: exit {done.returncode}\n{done.stdout}"
                             f"\n{get('-n', PLACE, 'get', 'pods,events')}")
    return done.stdout


def install(*values, verb="install", files=(), options=("--create-namespace",), chart=CHART):
    """`helm install --wait`, or `upgrade`; values are those of --set, files those of --set-file, options Helm's own."""
    sets = [f"--set={v}" for v in [*VALUES, *values]]
    return must(helm(verb, RELEASE, str(chart), "--namespace", PLACE, "--wait",
                     f"--timeout={PATIENCE}s", *options, *sets, *(f"--set-file={f}" for f in files)))


def upgrade(*values, **options):
    return install(*values, verb="upgrade", **options)


def uninstall():
    out = must(helm("uninstall", RELEASE, "--namespace", PLACE, "--wait", f"--timeout={PATIENCE}s"))
    # Pods of this release that are still leaving would be endpoints of the next one's Service.
    until(lambda: not pods(PLACE, f"app.kubernetes.io/instance={RELEASE}"), "the guard's pods are gone")
    return out


def servers():
    """The pods that the API server can ask."""
    found = read("-n", PLACE, "pods", f"--selector={SERVERS}")["items"]
    return [p for p in found if "deletionTimestamp" not in p["metadata"]]


def names(found):
    return [p["metadata"]["name"] for p in found]


def ready():
    rolled_out(PLACE, f"deployment/{RELEASE}")


def certificates(days_ago=0, service=RELEASE, place=PLACE):
    """A folder with a fresh pair for the Service, or one that was issued some days ago."""
    folder = pathlib.Path(FOLDER, f"certificates-{len(list(FOLDER.glob('certificates-*')))}")
    then = ["faketime", "-f", f"-{days_ago}d"] if days_ago else []
    subprocess.run([*then, BINARY, "certs", "issue", "--dir", folder, "--service", service, "--namespace", place],
                   check=True, stdout=subprocess.DEVNULL)
    return folder
