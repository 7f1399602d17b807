# SPDX-License-Identifier: Apache-2.0
"""Writers that never rest: guarded writes in dry runs, as fast as the API server answers them.

Nine in ten must be denied, so that a call that failed open shows as a write that passed; one in ten
is documented and must pass.
"""
import http.client
import threading
import time

from api import Connection
from cluster import PATIENCE
from kube import audit_size, events, failed_open, failures

COREDNS = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
RESTARTED = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}
PROXY = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
# What, where, the patch, the status of the answer.
DENIED = [
    ("scale", COREDNS + "/scale", {"spec": {"replicas": 7}}, 403),
    ("spec", PROXY, {"spec": {"template": {"spec": {"hostNetwork": False}}}}, 403),
    ("image", COREDNS, {"spec": {"template": {"spec": {"priorityClassName": "mine"}}}}, 403),
]
DOCUMENTED = ("restart", COREDNS, RESTARTED, 200)
WRITES = [*DENIED * 3, DOCUMENTED]


class Load:
    """`with Load() as load: ...`: at the end at least `least` writes were made, and each was judged."""

    def __init__(self, writers=3, least=1000):
        self.writers, self.least = writers, least
        self.sent, self.wrong = 0, []
        self.enough = threading.Event()
        self.lock = threading.Lock()

    def __enter__(self):
        self.before, self.since = failures(), audit_size()
        self.threads = [threading.Thread(target=self.write, daemon=True) for _ in range(self.writers)]
        self.start = time.monotonic()
        for t in self.threads:
            t.start()
        return self

    def write(self):
        connection, turn = Connection(), 0
        while not self.enough.is_set():
            what, path, patch, want = WRITES[turn % len(WRITES)]
            turn += 1
            try:
                status, body = connection.send("PATCH", path + "?dryRun=All", patch)
            except (OSError, http.client.HTTPException) as e:
                status, body, connection = 0, repr(e).encode(), Connection()
            with self.lock:
                self.sent += 1
                if status != want or (want == 403 and b"denied the request: Oracle manages" not in body):
                    self.wrong.append((round(time.monotonic() - self.start, 2), what, status, body[:300]))

    def __exit__(self, kind, value, trace):
        end = time.monotonic() + PATIENCE
        while kind is None and self.sent < self.least and time.monotonic() < end:
            time.sleep(0.05)
        self.enough.set()
        for t in self.threads:
            t.join(PATIENCE)
        self.seconds = time.monotonic() - self.start
        if kind is None:
            self.judge()

    def judge(self):
        """By the writers' own answers, the API server's metrics, and its audit log."""
        now = failures()
        told = [e["requestURI"] for e in events(self.since) if failed_open(e)]
        worse = {k: now[k] - self.before[k] for k in now if now[k] != self.before[k]}
        if self.sent < self.least or self.wrong or worse or told:
            raise AssertionError(f"{self.sent} writes in {self.seconds:.0f} s, {len(self.wrong)} with a wrong answer "
                                 f"{self.wrong[:3]}; the API server: {worse}; its audit log: {told[:3]}")

    def __str__(self):
        return f"{self.sent} guarded writes in {self.seconds:.0f} s, no failed call, none passed unjudged"
