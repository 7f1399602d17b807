# SPDX-License-Identifier: Apache-2.0
"""A typo never removes the guard: what no version could read is refused when it is written; what gets in all the same is
left out, the servers start and deny, and Helm, the probe and `helm test` say file and line.
"""
import unittest

import guard
import kube
from cluster import until

EXTRA = f"{guard.RELEASE}-extra"
HALF = """apiVersion: oke-guard.internal/v1
kind: SupportException
metadata: {name: half}
spec:
  rules: [coredns/scale]
  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [coredns]}]
  identities: {users: [ocid1.user.oc1..aaaaaaaaexample]}
  ticket: SR 1
  approvedBy: platform-team
  reason: a test
  notBefore: "2026-01-01T00:00:00Z"
"""
SCALE = kube.system("scale", "deployment", "coredns", "--replicas=5", "--dry-run=server")


def create(who):
    return kube.kubectl("-n", guard.PLACE, "create", "configmap", EXTRA, f"--from-literal=half.yaml={HALF}", who=who)


def upgrade(*values):
    return guard.helm("upgrade", guard.RELEASE, str(guard.CHART), "--namespace", guard.PLACE, "--timeout=90s",
                      "--reset-then-reuse-values", *(f"--set={v}" for v in values))


class Own(unittest.TestCase):
    def denied(self):
        done = kube.kubectl(*SCALE, who="customer")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("[coredns/scale]", done.stdout)

    def test_1_an_exception_without_its_end_is_refused(self):
        done = create("customer")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("[self-documents/broken]", done.stdout)
        self.assertIn("half.yaml", done.stdout)
        self.assertIn("expires", done.stdout)

    def test_2_an_override_of_a_rule_that_is_not_there_fails_the_upgrade(self):
        done = upgrade("config.overrides[0].rule=coredns/scal", "config.overrides[0].action=warn")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"guard\.yaml:\d+")
        self.assertIn("coredns/scal", done.stdout)
        self.denied()
        guard.upgrade()

    def test_3_what_got_in_is_left_out_and_the_servers_start(self):
        """As when the guard was switched off while somebody wrote it."""
        kube.get("delete", "validatingwebhookconfiguration", guard.RELEASE)
        until(lambda: kube.kubectl(*SCALE, who="customer").returncode == 0, "nobody asks the guard")
        self.assertEqual(create("customer").returncode, 0)
        kube.get("-n", guard.PLACE, "rollout", "restart", f"deployment/{guard.RELEASE}")
        guard.ready()
        done = upgrade()
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"half\.yaml:\d+")
        kube.wait_guarded()
        self.denied()

    def test_4_helm_test_says_where(self):
        done = guard.helm("test", guard.RELEASE, "--namespace", guard.PLACE, "--logs", "--timeout=90s")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"half\.yaml:\d+")

    def test_5_and_is_content_when_it_is_gone(self):
        kube.get("-n", guard.PLACE, "delete", "configmap", EXTRA)
        guard.upgrade()
        self.denied()
