# SPDX-License-Identifier: Apache-2.0
"""Time and memory of `oke-guard replay` over a large synthetic log, plain, gzip and zstd.

The log is made of recorded events in random order, each with its own auditID, most of them reads as
in a real log. SIZE is that of the plain log: 500M, 10G. The files are removed at the end.
"""
import argparse
import gzip
import json
import os
import pathlib
import random
import resource
import shutil
import subprocess
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
DATA = ROOT / "tests/data/replay"
PIECE = 4 << 20


def events():
    """Lines that concern no policy, and lines that are writes of guarded objects."""
    plain, writes = [], []
    for name in ("audit-metadata.jsonl", "audit-requestresponse.jsonl"):
        for one in (DATA / name).read_text().splitlines():
            event = json.loads(one)
            writes.append(event)
            plain.append({**event, "verb": random.choice(["get", "list", "watch"])})
    return plain, writes


def piece(pool):
    """Some MB of events in random order, each with an auditID and times of its own."""
    out, size = [], 0
    while size < PIECE:
        at = f"2026-11-22T10:{len(out) // 60000 % 60:02}:{len(out) // 1000 % 60:02}.{len(out) % 1000:03}"
        event = {**random.choice(pool), "auditID": "00000000" + str(uuid.UUID(int=random.getrandbits(128)))[8:],
                 "requestReceivedTimestamp": f"{at}{random.randrange(1000):03}Z",
                 "stageTimestamp": f"{at}{random.randrange(1000):03}Z"}
        out.append(json.dumps(event, separators=(",", ":")) + "\n")
        size += len(out[-1])
    return "".join(out).encode()


def make(path, size, share):
    plain, writes = events()
    pool = plain if not share else plain * (share // 2) + writes
    pieces = [piece(pool) for _ in range(8)]
    written = number = 0
    with path.open("wb") as f:
        while written < size:
            data = pieces[number % 8].replace(b'"auditID":"00000000', b'"auditID":"%08x' % number)
            number += 1
            f.write(data)
            written += len(data)
    return written


ROUNDS = 3  # the least CPU of them: whatever else runs on the machine only adds to it


def measure(*arguments):
    least, out = None, ""
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 1):
            raise SystemExit(f"{arguments}: {done.stderr}")
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        least, out = min(least or seconds, seconds), done.stdout
    return least, out


def peak(*arguments):
    """KiB; by a process of its own, since ru_maxrss of children never falls."""
    program = ("import resource,subprocess,sys;"
               "subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL);"
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    return int(subprocess.run(["/usr/bin/python3", "-c", program, *map(str, arguments)], capture_output=True, text=True,
                              check=True).stdout)


def row(what, size, log, unpack=False):
    command = [BUILD / "oke-guard", "replay", "-q", "--threads=1", log]
    seconds, _ = measure(*command)
    line = f"{what:28} {size / 1e9:6.2f} GB  {seconds:7.2f} s CPU  {size / seconds / 1e9:5.2f} GB/s  " \
           f"{peak(*command) / 1024:6.1f} MiB"
    if unpack:
        alone, _ = measure(BUILD / "tests/bench/inflate", log)
        line += f"  {seconds / alone:4.2f} x unpacking alone ({alone:.2f} s)"
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("size", nargs="?", default="500M")
    parser.add_argument("--folder", help="where the logs are made; they take 1.5 times SIZE")
    asked = parser.parse_args()
    size = int(asked.size[:-1]) * {"M": 10 ** 6, "G": 10 ** 9}[asked.size[-1]]
    random.seed(1)
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="oke-guard-bench-") as folder:
        log = pathlib.Path(folder) / "audit.log"
        written = make(log, size, 0)
        row("plain, nothing concerned", written, log)
        packed = log.with_suffix(".gz")
        with log.open("rb") as f, gzip.open(packed, "wb", compresslevel=1) as out:
            shutil.copyfileobj(f, out, PIECE)
        row("gzip, nothing concerned", written, packed, unpack=True)
        packed.unlink()
        if shutil.which("zstd"):
            packed = log.with_suffix(".zst")
            subprocess.run(["zstd", "-q", log, "-o", packed], check=True)
            row("zstd, nothing concerned", written, packed, unpack=True)
            packed.unlink()
        log.unlink()
        written = make(log, size // 10, 40)
        row("plain, 2.5 % guarded writes", written, log)


if __name__ == "__main__":
    main()
