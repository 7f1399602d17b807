# SPDX-License-Identifier: Apache-2.0
"""Two nodes, two replicas: whatever happens to the guard on purpose, no guarded write passes unjudged.

Each under a load of at least a thousand guarded writes; the judge is the API server (load.py).
"""
import unittest

import guard
import kube
import world
from cluster import until
from load import Load


def spread():
    """The nodes on which servers are ready."""
    return {p["spec"]["nodeName"] for p in guard.servers()}


def restart():
    kube.get("-n", guard.PLACE, "rollout", "restart", f"deployment/{guard.RELEASE}")
    guard.ready()
    settle()


def settle():
    """Until old pods are gone: what happens next should not lean on them."""
    until(lambda: len(kube.pods(guard.PLACE, guard.SERVERS)) == len(guard.servers()), "old pods are gone")


class Rollouts(unittest.TestCase):
    def setUp(self):
        settle()
        self.assertEqual(len(guard.servers()), 2)

    def during(self, what, action):
        with Load() as load:
            action()
        print(f"{what}: {load} ... ", end="", flush=True)

    def test_1_two_replicas_are_on_two_nodes(self):
        self.assertEqual(spread(), {n.name for k, n in world.NODES.items() if k != "control plane"})

    def test_2_a_rollout_restart(self):
        self.during("restart", restart)

    def test_3_a_helm_upgrade_that_replaces_the_pods(self):
        old = set(guard.names(guard.servers()))
        self.during("upgrade", lambda: (guard.upgrade("podAnnotations.changed=yes"), settle()))
        self.assertFalse(old & set(guard.names(guard.servers())))

    def test_4_a_pod_deleted(self):
        name = guard.names(guard.servers())[0]

        def delete():
            kube.get("-n", guard.PLACE, "delete", "pod", name)
            guard.ready()

        self.during("pod deleted", delete)

    def test_5_a_node_drained(self):
        node = world.NODES[world.SEATS[1]].name

        def drain():
            kube.get("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=90s")
            guard.ready()

        try:
            self.during("node drained", drain)
            self.assertNotIn(node, spread())
        finally:
            kube.get("uncordon", node)
        restart()  # back on both
