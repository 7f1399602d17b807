# SPDX-License-Identifier: Apache-2.0
"""`make e2e-more`: a node that loses power and comes back, clocks that are an hour off, and both servers killed at once.

What passes unjudged while servers are dead is counted and printed, not forbidden: with failurePolicy
Ignore that is the promise.
"""
import os
import signal
import subprocess
import time
import unittest

import guard
import kube
import world
from cluster import until
from load import Load

SCALE = kube.system("scale", "deployment", "coredns", "--replicas=5", "--dry-run=server")
TIMES = 3
LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime"


def denied():
    return kube.kubectl(*SCALE, who="customer").returncode != 0


def processes():
    """Of the servers, in the run's own process namespace: nobody else's are seen here."""
    found = subprocess.run(["pgrep", "-f", "^/usr/bin/oke-guard serve"], stdout=subprocess.PIPE, text=True, check=False)
    return [int(p) for p in found.stdout.split()]


class Unjudged(Load):
    """Counts what passed unjudged, and when."""

    def judge(self):
        passed = [t for t, what, status, _ in self.wrong if status == 200]
        self.passed, self.span = len(passed), max(passed) - min(passed) if passed else 0.0


class Power(unittest.TestCase):
    def test_1_a_node_loses_power_and_comes_back(self):
        node = world.NODES[world.SEATS[1]]
        node.vanish()
        time.sleep(5)
        node.start()
        world.wait_ready(world.SEATS[1])
        until(lambda: len(processes()) == 2, "both servers run")
        guard.ready()
        until(denied, "denials are back")
        for _ in range(20):
            self.assertTrue(denied())

    def test_2_both_servers_are_killed_at_once(self):
        for _ in range(TIMES):
            until(lambda: len(processes()) == 2, "both servers run")
            guard.ready()
            time.sleep(12)  # the kubelet forgives at once what did not happen just now
            with Unjudged(least=600) as load:
                time.sleep(1)
                for pid in processes():
                    os.kill(pid, signal.SIGKILL)
                start = time.monotonic()
                until(lambda: len(processes()) == 2, "both run again")
                again = time.monotonic() - start
                guard.ready()
                ready = time.monotonic() - start
            print(f"\n  {load.passed} of {load.sent} writes passed unjudged, within {load.span:.1f} s; both run again after "
                  f"{again:.1f} s, are ready after {ready:.1f} s", flush=True)
            self.assertLess(load.span, 30)

    def test_3_clocks_that_are_an_hour_off(self):
        """The servers an hour behind, the agent an hour ahead: certificates are issued and served, denials given."""
        def skew(prefix, hours):
            return [f"{prefix}Volumes[0].name=skew", f"{prefix}Volumes[0].hostPath.path={LIBRARY}",
                    f"{prefix}VolumeMounts[0].name=skew", f"{prefix}VolumeMounts[0].mountPath=/skew",
                    f"{prefix}Env[0].name=LD_PRELOAD", f"{prefix}Env[0].value=/skew/libfaketime.so.1",
                    f"{prefix}Env[1].name=FAKETIME", f"{prefix}Env[1].value={hours}h"]
        guard.upgrade(*skew("extra", "-1"), *skew("agent.extra", "+1"))
        kube.get("-n", guard.PLACE, "delete", "secret", f"{guard.RELEASE}-tls")
        guard.upgrade(*skew("extra", "-1"), *skew("agent.extra", "+1"), "podAnnotations.again=yes")
        kube.wait_guarded()
        for _ in range(10):
            self.assertTrue(denied())
        guard.upgrade()
