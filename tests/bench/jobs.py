# SPDX-License-Identifier: Apache-2.0
"""`oke-guard check --jobs` over a folder of manifests, beside libyaml's events alone for the same files.

The events are what any reader on libyaml pays; what check does beyond them is its own. Goals: CPU at most twice that of
the events; two jobs on two cores at most 0.55 of one job's time; memory at most 8 MiB and 8 MiB a job.

    make bench-jobs             two thousand files of twenty documents
    FILES=200 make bench-jobs
"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
FILES = int(os.environ.get("FILES", "2000"))
ROUNDS = 7

def write(folder):
    """Objects of our own chart, as it is rendered, each under a name of its own."""
    golden = (ROOT / "tests/chart/golden/default.yaml").read_text(encoding="utf-8")
    pool = [d for d in yaml.safe_load_all(golden) if d and "webhook" not in d["kind"].lower()]
    size = 0
    for i in range(FILES):
        text = yaml.safe_dump_all({**d, "metadata": {**d["metadata"], "name": f"{d['metadata']['name']}-{i}"}} for d in pool)
        size += (folder / f"{i:05}.yaml").write_text(text, encoding="utf-8")
    return size / 1e6, len(pool) * FILES


def measured(command):
    """(seconds, seconds of CPU, MiB at most)"""
    # By a small program: what a process's parent had in memory when it was forked counts for it.
    done = subprocess.run(["time", "-f", "%e %U %S %M", *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{command[0]}: status {done.returncode}\n{done.stderr[-2000:]}")
    took, user, system, kib = map(float, done.stderr.splitlines()[-1].split())
    return took, user + system, kib / 1024


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        size, objects = write(folder)
        check = [BUILD / "oke-guard", "check", "--kubernetes", "1.36"]
        runs = {"libyaml's events": [BUILD / "tests/bench/events", *sorted(folder.iterdir())]}
        for jobs in (1, 2, 8):
            runs[f"check --jobs {jobs}"] = [*check, "--jobs", str(jobs), folder]
        rounds = [{name: measured(command) for name, command in runs.items()} for _ in range(ROUNDS)]
    load = os.getloadavg()[0]
    print(f"{FILES} files, {objects} objects, {size:.1f} MB of YAML; {os.cpu_count()} cores, load {load:.1f}; medians of {ROUNDS} rounds, {time.strftime('%d %B %Y')}")
    for name in runs:
        took, cpu, mib = (statistics.median(r[name][k] for r in rounds) for k in range(3))
        ratio = statistics.median(r[name][1] / r["libyaml's events"][1] for r in rounds)
        faster = statistics.median(r[name][0] / r["check --jobs 1"][0] for r in rounds)
        print(f"{name:18} {took:6.2f} s ({faster:.2f} of one job's)   {cpu:6.2f} s of CPU ({ratio:.2f} of the events')   {mib:5.1f} MiB")


if __name__ == "__main__":
    main()
