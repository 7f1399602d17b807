# SPDX-License-Identifier: Apache-2.0
"""Whatever controllers and kubelets do, in whatever namespace, nothing of it is refused."""
import unittest

import kube
from cluster import until
from kube import get, pods, system

SYSTEM = ("system:apiserver", "system:kube-", "system:node:", "system:serviceaccount:kube-system:")


class Controllers(unittest.TestCase):
    def setUp(self):
        self.before = kube.rejections()

    def tearDown(self):
        self.assertEqual(kube.rejections(), self.before)

    def test_1_scale_a_deployment_up_and_down(self):
        for replicas in (5, 2):
            get("-n", "shop", "scale", "deployment", "web", f"--replicas={replicas}")
            until(lambda n=replicas: len(pods("shop", "app=web")) == n, f"{replicas} pods")

    def test_2_put_a_deleted_pod_of_kube_proxy_back(self):
        def of_proxy():
            return pods("kube-system", "k8s-app=kube-proxy")

        old = until(of_proxy, "a pod of kube-proxy")
        get(*system("delete", "--ignore-not-found", *old))
        until(lambda: len(now := of_proxy()) == len(old) and not set(now) & set(old), "new pods of kube-proxy")

    def test_3_roll_coredns_out_after_a_restart(self):
        get(*system("rollout", "restart", "deployment/coredns"))
        kube.rolled_out("kube-system", "deployment/coredns")

    def test_4_collect_what_a_deleted_deployment_leaves(self):
        get("-n", "shop", "delete", "deployment", "web")
        until(lambda: not get("-n", "shop", "get", "replicasets,pods", "--selector=app=web", "--output=name"),
              "nothing left")

    def test_5_empty_a_deleted_namespace(self):
        get("create", "namespace", "short-lived")
        get("-n", "short-lived", "create", "deployment", "web", "--image=localhost/pause:1")
        get("delete", "namespace", "short-lived", "--wait=false")
        until(lambda: "short-lived" not in get("get", "namespaces", "--output=name"), "namespace gone")

    def test_6_kubelets_keep_their_nodes_and_leases(self):
        def renewed():
            return [lease["spec"]["renewTime"] for lease in kube.read("-n", "kube-node-lease", "leases")["items"]]

        old = renewed()
        until(lambda: not set(old) & set(renewed()), "each lease is renewed")
        self.assertEqual({c["status"] for n in kube.read("nodes")["items"] for c in n["status"]["conditions"]
                          if c["type"] == "Ready"}, {"True"})

    def test_7_nobody_of_the_system_was_refused(self):
        refused = [e for e in kube.events() if kube.notes(e).get("decision") == "deny"]
        self.assertEqual(len(refused), kube.rejections())
        self.assertEqual([e for e in refused if kube.actor(e).startswith(SYSTEM)], [])
