# SPDX-License-Identifier: Apache-2.0
"""`make e2e-more`: charts that people install beside the guard, by Helm, as a customer. No image of theirs can be pulled:
what counts is what the API server answers. Each answer is printed.
"""
import re
import unittest

import foreign
import guard
import kube
from cluster import until

AS = [f"--kube-as-user={kube.WHO['customer'].user}", *(f"--kube-as-group={g}" for g in kube.WHO["customer"].groups)]
RULE = re.compile(r"\[([a-z-]+/[a-z-]+)\]")
SYSTEM = ["--namespace", "kube-system"]
MANAGED = "--set-string=config.cluster.addons.KubernetesMetricsServer.managed=true"


class Charts(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        """As somebody about whom the guard is not asked, whatever is left."""
        for release in ("metrics-server", "descheduler", "cilium"):
            guard.helm("uninstall", release, *SYSTEM, f"--kube-as-user={kube.WHO['exempt'].user}",
                       "--kube-as-group=system:masters")

    def helm(self, verb, name, *options):
        """(whether it went well, the rules that are named in what Helm printed)"""
        chart = [] if verb == "uninstall" else [str(foreign.folder(name) / name)]
        done = guard.helm(verb, name, *chart, *SYSTEM, *AS, *options)
        found = set(RULE.findall(done.stdout))
        said = ", ".join(sorted(found)) or "not a word of the guard"
        print(f"\n  helm {verb} {name}: exit {done.returncode}, {said}", flush=True)
        if done.returncode:
            print(re.sub("^", "    ", done.stdout, flags=re.MULTILINE), flush=True)
        return done.returncode == 0, found

    def refused_to_the_customer(self, *arguments):
        done = kube.kubectl(*arguments, "--dry-run=server", who="customer")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return set(RULE.findall(done.stdout))

    def test_1_a_metrics_server_of_ones_own(self):
        """Nobody said that the add-on is there: it is the customer's, changes are warned about."""
        self.assertEqual(self.helm("install", "metrics-server"), (True, set()))
        self.assertEqual(self.helm("upgrade", "metrics-server", "--set=replicas=0"), (True, {"metrics-server/changed"}))
        self.assertEqual(self.helm("uninstall", "metrics-server"), (True, {"metrics-server/removed"}))

    def test_2_a_metrics_server_where_the_add_on_is(self):
        guard.upgrade(options=[MANAGED])
        create = kube.system("create", "deployment", "metrics-server", "--image=localhost/pause:1", "--dry-run=server")
        told = until(lambda: RULE.findall(kube.kubectl(*create, who="customer").stdout), "the fact is in force")
        self.assertEqual(told, ["metrics-server/managed-created"])
        self.assertEqual(self.helm("install", "metrics-server"), (True, {"metrics-server/managed-created"}))
        self.assertEqual(self.helm("upgrade", "metrics-server", "--set=replicas=0"), (False, {"metrics-server/managed-spec"}))
        # Helm keeps to itself why the Deployment stays; what it removed before was told.
        self.assertEqual(self.helm("uninstall", "metrics-server"), (False, {"metrics-server/removed"}))
        kube.read(*kube.system("deployment", "metrics-server"))
        refused = self.refused_to_the_customer(*kube.system("delete", "deployment", "metrics-server"))
        self.assertEqual(refused, {"metrics-server/managed-removed"})
        guard.upgrade()

    def test_3_descheduler(self):
        for verb in ("install", "upgrade", "uninstall"):
            self.assertEqual(self.helm(verb, "descheduler"), (True, set()))

    def test_4_cilium(self):
        for verb in ("install", "upgrade"):
            self.assertEqual(self.helm(verb, "cilium"), (True, set()))

    def test_5_what_the_pages_of_Cilium_say_next(self):
        """Where it is to replace kube-proxy, they have it deleted; here it is Oracle's."""
        refused = self.refused_to_the_customer(*kube.system("delete", "daemonset", "kube-proxy"))
        self.assertEqual(refused, {"kube-proxy/removed"})
        self.assertEqual(self.helm("uninstall", "cilium"), (True, set()))
