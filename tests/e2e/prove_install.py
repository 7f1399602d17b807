# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in the first ten minutes: an image that no node can pull, and a namespace that is deleted; then an
upgrade with everything configured, and back.
"""
import re
import time
import unittest

import api
import guard
import kube
import prove_learn
from cluster import ROOT, until

ABSENT = "image.tag=never-pushed"
SYMPTOMS = ROOT / "docs/troubleshooting.md"
AGENT = "app.kubernetes.io/component=agent"
SCALE = kube.system("scale", "deployment", "coredns", "--replicas=5", "--dry-run=server")
FILLED = [
    "config.overrides[0].rule=alpha/fields", "config.overrides[0].action=deny",
    "config.cluster.cni=flannel", "config.failClosed={coredns/removed}",
    "config.identities.sets.guardAdmins.users={admin}",
]


def helm(verb, *values, limit):
    return guard.helm(verb, guard.RELEASE, str(guard.CHART), "--namespace", guard.PLACE, f"--timeout={limit}",
                      *(f"--set={v}" for v in [*guard.VALUES, *values]))


def section(title):
    return SYMPTOMS.read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]


def commands(title):
    """The indented lines of a section."""
    return re.findall(r"^    (.*)$", section(title), re.MULTILINE)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Where these tests run by themselves, the guard is still there."""
        if guard.helm("status", guard.RELEASE, "--namespace", guard.PLACE).returncode == 0:
            guard.uninstall()
            kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        cls.before = api.inventory()

    def test_1_an_image_that_cannot_be_pulled(self):
        kube.get("create", "namespace", guard.PLACE)
        done = helm("install", ABSENT, limit="15s")
        self.assertNotEqual(done.returncode, 0)
        words = re.search(r"timed out waiting for the condition|context deadline exceeded|job \S+ failed: \w+", done.stdout)
        self.assertTrue(words, done.stdout)
        print(f"Helm says: {done.stdout.strip().splitlines()[-1]} ... ", end="", flush=True)
        self.assertIn(words[0], SYMPTOMS.read_text(encoding="utf-8"))

    def test_2_the_command_of_the_page_shows_it(self):
        command = commands("The image cannot be pulled")[0]
        done = until(lambda: (d := prove_learn.shell(command, "/")).returncode == 0 and d, "the kubelet's words")
        self.assertRegex(done.stdout, "Failed to pull|ErrImagePull|ImagePullBackOff")

    def test_3_a_plain_uninstall_takes_it_away(self):
        start = time.monotonic()
        guard.uninstall()
        self.assertLess(time.monotonic() - start, 60)
        kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        self.assertEqual(api.inventory() ^ self.before, set())

    def test_4_an_upgrade_to_such_an_image_is_told_by_the_agent(self):
        guard.install("grace=2")
        kube.wait_guarded()
        guard.upgrade("grace=2", "agent.extraArgs={--rollout=3}")
        agent = until(lambda: (p := kube.pods(guard.PLACE, AGENT)) and len(p) == 1 and p[0], "one agent")
        done = helm("upgrade", ABSENT, "agent.extraArgs={--rollout=3}", "grace=2", limit="10s")
        self.assertNotEqual(done.returncode, 0)
        said = until(lambda: "servers do not come up" in (t := kube.get("-n", guard.PLACE, "logs", agent)) and t,
                     "the agent says it", 40)
        self.assertIn("imagePullSecrets", said)
        self.assertNotEqual(kube.kubectl(*SCALE, who="customer").returncode, 0, "the old servers have gone")

    def test_5_everything_configured_an_upgrade_and_a_rollback(self):
        guard.upgrade("grace=2", *FILLED)
        revision = guard.must(guard.helm("history", guard.RELEASE, "--namespace", guard.PLACE)).splitlines()[-1].split()[0]
        guard.upgrade("grace=2", *FILLED, "config.mode=warn")
        until(lambda: kube.kubectl(*SCALE, who="customer").returncode == 0, "nothing is denied")
        guard.must(guard.helm("rollback", guard.RELEASE, revision, "--namespace", guard.PLACE, "--wait", "--timeout=60s"))
        kube.wait_guarded()
        config = kube.get("-n", guard.PLACE, "get", "configmap", f"{guard.RELEASE}-config", "--output=yaml")
        for word in ("alpha/fields", "cni: flannel", "coredns/removed", "guardAdmins", "mode: enforce"):
            self.assertIn(word, config)

    def test_6_the_namespace_is_deleted_while_guardAdmins_has_members(self):
        """The namespace's controller is not held up, and the way out that is printed leaves nothing."""
        kube.get("delete", "namespace", guard.PLACE, "--timeout=90s")
        done = kube.kubectl(*SCALE, who="customer")
        self.assertEqual(done.returncode, 0, done.stdout)
        for command in commands("The namespace was deleted"):
            done = prove_learn.shell(command, "/")
            self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(api.inventory() ^ self.before, set())
