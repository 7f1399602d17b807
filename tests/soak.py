#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mixed load for SECONDS (60): fails when the server's memory, descriptors or threads grow.

Kept and fresh connections, reviews of all sizes, bodies that are no review, half requests, resets,
connections without a hello, reloads of policies, reads of all pages. Between rounds the server is
left alone until no connection is open, and measured then: at rest there is nothing that may grow.
"""
import os
import pathlib
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "system"))
from harness import BINARY, BUILD, MIB, ROOT, Server, coredns_json, many_files, post, review_json, send  # noqa: E402

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 60
LOAD = ROOT / BUILD / "tests" / "bench" / "load"
ROUND = min(5.0, SECONDS / 12)
WARM = 3        # rounds until all caches, arenas and tables are there
GROWTH = MIB    # of resident memory, over the whole run: what malloc's fragments may come to
POLICY = """apiVersion: oke-guard.internal/v1
kind: SupportPolicy
metadata: {{name: soak}}
spec:
  title: {title}
  objects: [{{group: "", resource: configmaps, namespace: shop, names: [soak]}}]
  rules:
    - {{name: changed, operations: [UPDATE], tier: best-effort}}
"""


class Background(threading.Thread):
    """Does something again and again until it is over."""

    def __init__(self, work, over, pause):
        super().__init__(daemon=True)
        self.work, self.over, self.pause, self.times, self.failed = work, over, pause, 0, []

    def run(self):
        while not self.over.is_set():
            try:
                self.work()
                self.times += 1
            except OSError as e:
                self.failed.append(repr(e))
            self.over.wait(self.pause)


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def abuse(server):
    """One client that does not behave."""
    raw = post(coredns_json(size=MIB))
    kind = random.randrange(5)
    s = server.tcp() if kind < 2 else server.tls()
    if kind == 1:
        send(s, b"\x16\x03\x01\x02\x00\x01")
    elif kind == 2:
        send(s, raw[:random.randrange(len(raw))])
    elif kind == 3:
        send(s, post(b'{"kind":'))
    elif kind == 4:
        send(s, b"GET /%s HTTP/1.1\r\nHost: h\r\n\r\n" % (b"x" * random.randrange(3000)))
    if random.random() < 0.5:
        reset(s)
    else:
        s.close()


def review_of(folder, name, body):
    path = folder / name
    path.write_bytes(body)
    return str(path)


def load(server, folder, seconds):
    """Reviews of all sizes, on kept connections and on fresh ones."""
    unknown = coredns_json().replace(b"ocid1.user.oc1..aaaa", b"somebody-%d" % random.randrange(5000))
    small = [review_of(folder, "small", review_json()), review_of(folder, "denied", coredns_json()),
             review_of(folder, "unknown", unknown)]
    large = [review_of(folder, "large", coredns_json(size=2 * MIB))]
    common = ["--seconds", str(seconds), "--count", "100000000"]
    return [subprocess.Popen([LOAD, *common, *more, str(server.port), *bodies], stdout=subprocess.PIPE)
            for more, bodies in ((["--connections", "4"], small), (["--connections", "2", "--fresh"], small),
                                 (["--connections", "3", "--any"], large))]


def rest(server):
    """Nobody is connected: what does it hold?"""
    end = time.monotonic() + 30
    while server.metric("oke_guard_connections") or server.metric("oke_guard_body_bytes"):
        if time.monotonic() > end:
            raise SystemExit("soak: connections or bodies are left behind")
        time.sleep(0.1)
    time.sleep(1.5)  # memory is given back about every second
    return {"rss": server.memory(), "descriptors": len(os.listdir(f"/proc/{server.pid}/fd")),
            "threads": len(os.listdir(f"/proc/{server.pid}/task"))}


def one_round(server, folder, number):
    over = threading.Event()
    (folder / "policies" / "soak.yaml").write_text(POLICY.format(title=f"round {number}"))
    threads = [Background(lambda: abuse(server), over, 0.01),
               Background(lambda: [server.page(p) for p in ("/metrics", "/statusz", "/readyz?verbose")], over, 0.2)]
    clients = load(server, folder, ROUND)
    for thread in threads:
        thread.start()
    failed = [client.args for client in clients if client.wait(ROUND + 60)]
    over.set()
    for thread in threads:
        thread.join(30)
    if failed or any(len(t.failed) > 0.1 * (t.times + 10) for t in threads):
        raise SystemExit(f"soak: calls failed: {failed} {[t.failed[:3] for t in threads]}")


def judge(measured):
    first, last = measured[WARM - 1], measured[-1]
    # The least of the last three: a moment's fragment is no growth.
    grown = min(m["rss"] for m in measured[-3:]) - max(m["rss"] for m in measured[:WARM])
    print(f"soak: {first} -> {last}; grown by {grown / 1024:.0f} KiB", flush=True)
    if grown > GROWTH:
        return f"memory grows: {[m['rss'] // 1024 for m in measured]} KiB"
    for what in ("descriptors", "threads"):
        if last[what] > first[what]:
            return f"{what} grow: {[m[what] for m in measured]}"
    return None


def main():
    many_files()
    measured, begun = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="oke-guard-soak-") as name:
        folder = pathlib.Path(name)
        (folder / "policies").mkdir()
        (folder / "policies" / "soak.yaml").write_text(POLICY.format(title="round 0"))
        with Server(f"--policy={folder / 'policies'}", f"--learn-state={folder / 'learned.json'}") as server:
            while time.monotonic() - begun < SECONDS or len(measured) < 2 * WARM:
                one_round(server, folder, len(measured) + 1)
                measured.append(rest(server))
            reviews = sum(float(line.rsplit(" ", 1)[1]) for line in server.page("/metrics").text.splitlines()
                          if line.startswith("oke_guard_reviews_total"))
            reloads = server.metric('oke_guard_policy_reload_total{result="ok"}')
    problem = judge(measured)
    print(f"soak: {time.monotonic() - begun:.0f} s, {reviews:.0f} reviews, {reloads:.0f} reloads, {len(measured)} rounds")
    if not reviews or not reloads:
        problem = problem or "nothing happened"
    if problem:
        raise SystemExit("soak: " + problem)


if __name__ == "__main__":
    if not BINARY.exists() or not LOAD.exists():
        raise SystemExit("soak: build first: make all benches")
    main()
