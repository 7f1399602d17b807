# SPDX-License-Identifier: Apache-2.0
"""`oke-guard check` beside kubeconform: time, CPU and memory for the same manifests.

Both read YAML and judge every object without a network: kubeconform holds each against the JSON Schema of its kind,
check judges it by the policies. They answer different questions; what is compared is what a pipeline waits for.

    make bench-manifests             ten thousand objects of eight kinds, one file
    OBJECTS=1000 make bench-manifests
"""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/chart"))
import openapi  # noqa: E402

GUARD = ROOT / os.environ.get("BUILD", "build") / "oke-guard"
OBJECTS = int(os.environ.get("OBJECTS", "10000"))
VERSION = "1.36.1"
# Of the chart's own golden rendering, whatever both know: no custom resources, no webhook configuration.
KINDS = {"Deployment", "Service", "ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding", "PodDisruptionBudget"}


def manifests():
    golden = (ROOT / "tests/chart/golden/default.yaml").read_text(encoding="utf-8")
    pool = [d for d in yaml.safe_load_all(golden) if d and d["kind"] in KINDS]
    for i in range(OBJECTS):
        one = pool[i % len(pool)]
        yield {**one, "metadata": {**one["metadata"], "name": f"{one['metadata']['name']}-{i}", "namespace": "shop"}}


def measured(command):
    """(seconds, seconds of CPU, MiB at most, last line), the fastest of three runs."""
    best = None
    for _ in range(3):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        peak = ("import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(code)")
        done = subprocess.run([sys.executable, "-c", peak, *command], capture_output=True, text=True, check=False)
        took, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(f"{command[0]}: status {done.returncode}\n{(done.stdout + done.stderr)[-2000:]}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found = (cpu, took, int(done.stderr.split()[-1]) / 1024, (done.stdout.strip() or done.stderr.strip()).splitlines()[-1])
        best = found if best is None or found < best else best
    return best


def main():
    schemas = openapi.write(VERSION, os.environ["SCHEMAS"])
    where = f"{schemas}/{{{{.ResourceKind}}}}-{{{{.Group}}}}-{{{{.ResourceAPIVersion}}}}.json"
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump_all(manifests(), file)
        file.flush()
        size = os.path.getsize(file.name) / 1e6
        print(f"{OBJECTS} objects, {size:.1f} MB of YAML")
        for name, command in (
                ("oke-guard check", [str(GUARD), "check", "--kubernetes", "1.36", file.name]),
                ("kubeconform", [os.environ["KUBECONFORM"], "-strict", "-summary", "-schema-location", where, file.name])):
            cpu, took, mib, last = measured(command)
            print(f"{name:16} {took:6.2f} s   {cpu:6.2f} s of CPU   {size / cpu:5.1f} MB a second of CPU   {mib:5.0f} MiB   ({last})")


if __name__ == "__main__":
    main()
