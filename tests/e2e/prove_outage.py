# SPDX-License-Identifier: Apache-2.0
"""Every pod of the guard is dead, and one of the nodes it was on is gone: the cluster does not care.

At the end the release is uninstalled in that state, and nothing of it is left.
"""
import unittest

import api
import guard
import kube
import world
from cluster import until
from kube import get, system

FIRST, LOST, NEW = world.SEATS


def gone(node):
    """What the cloud's controller does about a machine that is no more; its pods would go in a minute."""
    get("delete", "node", node, "--wait=false")
    get("delete", "pods", "--all-namespaces", f"--field-selector=spec.nodeName={node}", "--force", "--grace-period=0")


class Outage(unittest.TestCase):
    def test_1_all_pods_are_scaled_away_and_a_node_is_lost(self):
        get("-n", guard.PLACE, "scale", "deployments", "--all", "--replicas=0")
        until(lambda: not kube.pods(guard.PLACE, "app.kubernetes.io/name=oke-guard"), "no pod is left")
        world.NODES.pop(LOST).vanish()
        gone(f"10.0.10.{LOST}")

    def test_2_what_was_denied_passes_and_leaves_a_trace(self):
        before, since = kube.failures(), kube.audit_size()
        done = kube.kubectl(*system("scale", "deployment", "coredns", "--replicas=2"), who="customer")
        self.assertEqual((done.returncode, done.stdout), (0, "deployment.apps/coredns scaled\n"))
        event = until(lambda: kube.audited(since, "customer"), "the event")[0]
        self.assertEqual(kube.failed_open(event), [kube.SUPPORT])
        self.assertGreater(kube.failures()["passed without an answer"], before["passed without an answer"])

    def test_3_a_new_node_joins(self):
        world.NODES[NEW] = world.start_node(NEW)
        until(lambda: f"10.0.10.{NEW}" in get("get", "nodes"), "the node is known")
        world.wait_ready(NEW)

    def test_4_components_of_kube_system_roll_out(self):
        for name in ("deployment/coredns", "daemonset/kube-proxy", "daemonset/csi-oci-node"):
            done = kube.kubectl(*system("rollout", "restart", name), who="customer")
            self.assertEqual(done.returncode, 0, done.stdout)
            kube.rolled_out("kube-system", name)

    def test_5_a_node_is_drained_and_comes_back(self):
        node = f"10.0.10.{FIRST}"
        done = kube.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force",
                            "--timeout=90s", who="customer")
        self.assertEqual(done.returncode, 0, done.stdout)
        get("uncordon", node)

    def test_6_a_namespace_is_emptied_and_deleted(self):
        get("create", "namespace", "leaving")
        get("-n", "leaving", "create", "deployment", "web", "--image=localhost/pause:1", "--replicas=2")
        kube.rolled_out("leaving", "deployment/web")
        get("delete", "namespace", "leaving", "--timeout=60s")

    def test_7_leases_are_renewed(self):
        def renewed():
            found = kube.read("-n", "kube-node-lease", "leases")["items"]
            return {x["metadata"]["name"]: x["spec"]["renewTime"] for x in found
                    if x["metadata"]["name"] != f"10.0.10.{LOST}"}

        old = renewed()
        self.assertEqual(len(old), 2)
        until(lambda: all(old[k] != v for k, v in renewed().items()), "each lease is renewed")

    def test_8_helm_uninstalls_it(self):
        out = guard.uninstall()
        self.assertIn("uninstalled", out)

    def test_9_and_nothing_of_it_is_left(self):
        get("delete", "namespace", guard.PLACE, "--timeout=60s")
        self.assertEqual(of_the_guard(), set())
        page = kube.kubectl(*system("scale", "deployment", "coredns", "--replicas=3"), who="customer")
        self.assertEqual(page.stdout, "deployment.apps/coredns scaled\n")


def of_the_guard():
    """Whatever is there now, was not before it came, and has its name or namespace."""
    new = api.inventory() - world.BEFORE
    return {o for o in new if guard.RELEASE in o[1] + "/" + o[2]}
