# SPDX-License-Identifier: Apache-2.0
"""What a scan of a large cluster takes: `oke-guard scan`, which runs `oke-guard-agent collect`, before a real
API server without controllers.

`make bench-scan` runs this by tests/e2e/run.sh, in namespaces of its own. BENCH_NODES is the number of nodes
(5,000); of Deployments, disruption budgets, autoscalers and Services there are two fifths as many each.
"""
import http.client
import json
import os
import pathlib
import queue
import ssl
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import kube  # noqa: E402
from cluster import API, FOLDER, ControlPlane, make_network, token  # noqa: E402
from objects import PEOPLE, recorded  # noqa: E402

BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
NODES = int(os.environ.get("BENCH_NODES", "5000"))
APPS = NODES * 2 // 5
PLACES = 50
WRITERS = 8
JOINED = {"deployments", "poddisruptionbudgets", "horizontalpodautoscalers", "services"}


def meta(kind, i):
    return {"name": f"{kind}-{i}", "namespace": f"team-{i % PLACES}", "labels": {"app": f"app-{i}", "team": str(i % PLACES)}}


def node(i):
    images = [{"names": [f"iad.ocir.io/team/image-{n}@sha256:{n:064x}", f"iad.ocir.io/team/image-{n}:v{i % 7}"],
               "sizeBytes": 50_000_000 + n} for n in range(25)]
    sizes = {"cpu": "8", "memory": "65536000Ki", "pods": "110", "ephemeral-storage": "37206272Ki"}
    conditions = [{"type": t, "status": s, "reason": "KubeletHasNoPressure", "message": "kubelet has no pressure",
                   "lastHeartbeatTime": "2026-09-20T21:59:00Z", "lastTransitionTime": "2026-09-01T00:00:00Z"}
                  for t, s in (("MemoryPressure", "False"), ("DiskPressure", "False"), ("PIDPressure", "False"), ("Ready", "True"))]
    name = f"10.1.{i // 250}.{i % 250}"
    return {"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {
                "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "node.info.managed": "true", "oci.oraclecloud.com/fault-domain": f"FAULT-DOMAIN-{i % 3 + 1}",
                "topology.kubernetes.io/zone": f"IAD-AD-{i % 3 + 1}"},
                "annotations": {"oci.oraclecloud.com/node-pool-id": f"ocid1.nodepool.oc1.iad.aaaapool{i % 20}"}},
            "spec": {"providerID": f"ocid1.instance.oc1.iad.aaaa{i}", "podCIDR": f"10.{244 + i // 60000}.0.0/25"},
            "status": {"capacity": sizes, "allocatable": sizes, "conditions": conditions, "images": images,
                       "addresses": [{"type": "InternalIP", "address": name}],
                       "nodeInfo": {"kubeletVersion": "v1.36.1", "kubeProxyVersion": "", "osImage": "Oracle Linux Server 8.10",
                                    "kernelVersion": "5.15.0", "containerRuntimeVersion": "cri-o://1.36.0", "architecture": "amd64",
                                    "machineID": f"{i:032x}", "systemUUID": f"{i:032x}", "bootID": f"{i:032x}",
                                    "operatingSystem": "linux"}}}


def deployment(i):
    labels = {"app": f"app-{i}"}
    containers = [{"name": n, "image": f"iad.ocir.io/team/{n}:v{i % 9}", "resources": {"requests": {"cpu": "100m"}},
                   "env": [{"name": f"SETTING_{k}", "value": "x" * 20} for k in range(10)]} for n in ("main", "proxy")]
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("app", i),
            "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}}}


def budget(i):
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta("app", i),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": f"app-{i}"}}}}


def autoscaler(i):
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta("app", i),
            "spec": {"minReplicas": 1, "maxReplicas": 9,
                     "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"app-{i}"}}}


def service(i):
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta("app", i),
            "spec": {"clusterIP": "None", "selector": {"app": f"app-{i}"}, "ports": [{"port": 80}]}}


def all_objects():
    """(path, object), the Namespaces first."""
    for i in range(PLACES):
        yield "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"team-{i}"}}
    for i in range(NODES):
        yield "/api/v1/nodes", node(i)
    for i in range(APPS):
        place = f"/namespaces/team-{i % PLACES}"
        yield f"/apis/apps/v1{place}/deployments", deployment(i)
        yield f"/apis/policy/v1{place}/poddisruptionbudgets", budget(i)
        yield f"/apis/autoscaling/v2{place}/horizontalpodautoscalers", autoscaler(i)
        yield f"/api/v1{place}/services", service(i)


def writer(work, wrong):
    trust = ssl.create_default_context(cafile=str(FOLDER / "certs/apiserver.crt"))
    trust.check_hostname = False
    server = http.client.HTTPSConnection(API, 6443, context=trust)
    head = {"Authorization": f"Bearer {token('admin')}", "Content-Type": "application/json"}
    while (job := work.get()) is not None:
        path, o = job
        server.request("POST", path, json.dumps(o), head)
        answer = server.getresponse()
        text = answer.read()
        if answer.status != 201:
            wrong.append(f"{path}: {answer.status} {text[:300]}")


def fill():
    """Objects written."""
    work, wrong, n = queue.Queue(200), [], 0
    writers = [threading.Thread(target=writer, args=(work, wrong), daemon=True) for _ in range(WRITERS)]
    for w in writers:
        w.start()
    for n, job in enumerate(all_objects(), 1):
        work.put(job)
        if n == PLACES:
            time.sleep(3)  # so that the Namespaces are there
    for _ in writers:
        work.put(None)
    for w in writers:
        w.join()
    if wrong:
        raise AssertionError(f"{len(wrong)} of {n} objects were refused; the first: {wrong[0]}")
    return n


def peak(pid):
    """Bytes, the most that was resident; 0 once it is gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def children(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []


def used(pid):
    """Seconds of processor time."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scan(dump=None):
    """(seconds, {program: (bytes at most, seconds of CPU)}, report)."""
    start = time.monotonic()
    report = FOLDER / "report.json"
    more = [f"--dump={dump}"] if dump else []
    with open(report, "wb") as out:
        run = subprocess.Popen([BUILD / "oke-guard", "scan", f"--kubeconfig={FOLDER}/admin.kubeconfig", "-o", "json", *more],
                               stdin=subprocess.DEVNULL, stdout=out, env={"HOME": str(FOLDER), "PATH": "/usr/bin:/bin"})
        most = {}
        while run.poll() is None:
            for name, pid in [("scan", run.pid), *(("collect", c) for c in children(run.pid))]:
                memory, cpu = most.get(name, (0, 0))
                most[name] = max(memory, peak(pid)), max(cpu, used(pid))
            time.sleep(0.005)
    taken = time.monotonic() - start
    if run.returncode not in (0, 1):
        raise AssertionError(f"scan: exit {run.returncode}\n{report.read_text(encoding='utf-8')[:2000]}")
    return taken, most, json.loads(report.read_text(encoding="utf-8"))


def asked(dump):
    """[(path, items, pages, bytes)] of each list, from what the dump keeps."""
    found = []
    with open(dump / "inventory.jsonl", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"done":'):
                done = json.loads(line)
                found.append((done["path"], done["items"], done["pages"], done["bytes"]))
    return found


def main():
    make_network()
    plane = ControlPlane()
    plane.start(controllers=False)
    failed = 1
    try:
        kube.apply([*PEOPLE, *recorded()])
        start = time.monotonic()
        written = fill()
        print(f"{written} objects written in {time.monotonic() - start:.0f} s", flush=True)
        failed = measure()
    finally:
        plane.stop()
    return failed


def measure():
    dump = FOLDER / "dump"
    scan(dump)  # not timed: it writes down what was said
    lists = asked(dump)
    joined = sum(items for path, items, _, _ in lists if path.rpartition("/")[2].partition("?")[0] in JOINED)
    limit = (24 << 20) + 200 * joined
    rounds = [scan() for _ in range(3)]
    seconds = sorted(r[0] for r in rounds)[1]
    print(f"{len(lists)} lists, {sum(l[2] for l in lists)} requests, {sum(l[1] for l in lists)} items, "
          f"{sum(l[3] for l in lists) / 1e6:.1f} MB, {seconds:.1f} s (median of 3)")
    for path, items, pages, size in sorted(lists, key=lambda l: -l[3])[:6]:
        print(f"    {path:60} {items:6} items {pages:4} pages {size / 1e6:7.1f} MB")
    total = 0
    for name in ("scan", "collect"):
        memory = max(r[1][name][0] for r in rounds)
        total += memory
        print(f"    {name:8} {memory / 2**20:5.1f} MiB at most, {min(r[1][name][1] for r in rounds):.2f} s of CPU")
    print(f"    both     {total / 2**20:5.1f} MiB; 24 MiB and 200 bytes for each of {joined} joined objects are {limit / 2**20:.1f} MiB")
    if total > limit:
        print("more than that: FAILED")
    return int(total > limit)


if __name__ == "__main__":
    sys.exit(main())
