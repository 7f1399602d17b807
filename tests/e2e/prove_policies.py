# SPDX-License-Identifier: Apache-2.0
"""A policy that is added while all runs fires: the server reads it, and the agent has the API server
ask about what it names. Nobody touches Helm. Whatever is asked for, the API server takes it.
"""
import json
import subprocess
import unittest

import guard
import kube
from cluster import FOLDER, until

LEDGER = {"apiVersion": "oke-guard.internal/v1", "kind": "SupportPolicy", "metadata": {"name": "ledger"},
          "spec": {"title": "our ledger", "docs": "https://wiki.example.com/ledger",
                   "objects": [{"group": "policy", "resource": "poddisruptionbudgets", "namespace": "shop", "names": ["ledger"]}],
                   "rules": [{"name": "kept", "operations": ["CREATE"], "tier": "unsupported",
                              "message": "$object belongs to the ledger team"}]}}
# Of a kind that no entry sends there but for alpha keys.
CREATE = ["-n", "shop", "create", "poddisruptionbudget", "ledger", "--selector=app=ledger", "--min-available=1",
          "--dry-run=server"]


def asked_about(place):
    """Resources that the API server asks the guard about in that namespace, and not in all."""
    entries = kube.read("validatingwebhookconfigurations", guard.RELEASE)["webhooks"]
    chosen = [e for e in entries for m in e.get("namespaceSelector", {}).get("matchExpressions", [])
              if m["operator"] == "In" and place in m["values"]]
    return {r for e in chosen for rule in e["rules"] for r in rule["resources"]}


class AtRunTime(unittest.TestCase):
    def create(self):
        return kube.kubectl(*CREATE, who="customer")

    def test_1_without_the_policy_it_is_nobodys_business(self):
        self.assertEqual(self.create().returncode, 0)
        self.assertNotIn("poddisruptionbudgets", asked_about("shop"))

    def test_2_the_policy_fires_without_helm(self):
        text = json.dumps(LEDGER)
        before = kube.failures()
        kube.get("-n", guard.PLACE, "create", "configmap", f"{guard.RELEASE}-extra", f"--from-literal=ledger.yaml={text}")
        done = until(lambda: (d := self.create()).returncode != 0 and d, "the new policy fires")
        self.assertIn("PodDisruptionBudget shop/ledger belongs to the ledger team [ledger/kept]", done.stdout)
        until(lambda: all(self.create().returncode != 0 for _ in range(10)), "both replicas know it")
        self.assertIn("poddisruptionbudgets", asked_about("shop"))
        self.assertEqual(kube.failures(), before)

    def test_3_and_is_gone_when_its_configmap_is(self):
        kube.get("-n", guard.PLACE, "delete", "configmap", f"{guard.RELEASE}-extra")
        until(lambda: all(self.create().returncode == 0 for _ in range(10)), "the policy is gone")


class Generated(unittest.TestCase):
    def generate(self, version):
        config = FOLDER / "generate.json"
        spec = {"cluster": {"kubernetes": version}, "failClosed": ["coredns/*"]}
        config.write_text(json.dumps({"apiVersion": "oke-guard.internal/v1", "kind": "GuardConfig",
                                      "metadata": {"name": "other"}, "spec": spec}))
        return subprocess.run([guard.BINARY, "generate", "webhook-configuration", "--name=other", f"--config={config}"],
                              stdout=subprocess.PIPE, text=True, check=True).stdout

    def test_the_api_server_takes_the_entries_for_every_version(self):
        for version in ["auto", *(f"1.{minor}" for minor in range(24, 38))]:
            with self.subTest(version=version):
                kube.get("create", "--dry-run=server", "-f", "-", stdin=self.generate(version))
