# SPDX-License-Identifier: Apache-2.0
"""`make e2e-more`: Argo CD's engine, in its own agent, as the account of Argo CD, keeps what OKE manages in a Git
repository: it is refused, says why, and goes on with the rest.
"""
import copy
import json
import unittest

import foreign
import kube
from cluster import FOLDER, LOGS, Part, run, until
from objects import administrators, plain

# With a token: what it runs of kubectl's code forgets whom it was to impersonate.
PLACE, NAME = "argocd", "argocd-application-controller"
ACCOUNT = [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": PLACE}},
           administrators(NAME, {"kind": "ServiceAccount", "name": NAME, "namespace": PLACE})]
REPOSITORY = FOLDER / "gitops"
PORT = 9001  # the run's own network
OWN = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "by-git", "namespace": "shop"}, "data": {"n": "0"}}
MARK = "gitops-agent.argoproj.io/gc-mark"


def coredns():
    return kube.read(*kube.system("deployment", "coredns"))


def git(*arguments):
    run("git", "-C", REPOSITORY, "-c", "user.name=e2e", "-c", "user.email=e2e@example.com", *arguments)


def commit(**files):
    """The repository holds these objects and no others."""
    for file in REPOSITORY.glob("*.json"):
        file.unlink()
    for name, content in files.items():
        (REPOSITORY / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message=e2e")


class GitOps(unittest.TestCase):
    """In this order."""

    @classmethod
    def setUpClass(cls):
        kube.wait_guarded()
        kube.apply(ACCOUNT)
        cls.before = coredns()
        REPOSITORY.mkdir()
        git("init", "--quiet")
        cls.same, cls.changed = plain(cls.before), copy.deepcopy(plain(cls.before))
        cls.changed["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "1Gi"
        commit(coredns=cls.changed, own=OWN)
        cls.engine = Part("gitops-engine", foreign.folder("gitops-engine") / "agent", REPOSITORY, "--resync-seconds=2",
                          f"--port={PORT}", "--default-namespace=shop", f"--kubeconfig={foreign.kubeconfig(PLACE, NAME)}")

    @classmethod
    def tearDownClass(cls):
        cls.engine.end()
        kube.get("-n", "shop", "delete", "configmap", "by-git", "--ignore-not-found")
        kube.get("delete", "clusterrolebinding", NAME)
        kube.get(*kube.system("annotate", "deployment", "coredns", f"{MARK}-",
                              "kubectl.kubernetes.io/last-applied-configuration-"))

    def said(self, word, what):
        """In a line of the engine's that comes now."""
        log = LOGS / "gitops-engine.log"
        since = log.stat().st_size

        def found():
            self.assertTrue(self.engine.alive(), log.read_text(encoding="utf-8", errors="replace")[-2000:])
            with open(log, encoding="utf-8", errors="replace") as text:
                text.seek(since)
                return [line for line in text.read().splitlines() if word in line]
        return until(found, what)[0]

    def unchanged(self):
        self.assertEqual(coredns()["spec"], self.before["spec"])

    def test_1_a_change_is_refused_and_the_rest_is_synchronized(self):
        line = self.said("[coredns/spec]", "the refusal")
        self.assertIn("denied the request: Oracle manages Deployment kube-system/coredns", line)
        kube.get("-n", "shop", "get", "configmap", "by-git")
        self.unchanged()

    def test_2_it_tries_again_and_again_and_other_commits_go_through(self):
        own = {**OWN, "data": {"n": "1"}}
        commit(coredns=self.changed, own=own)
        until(lambda: kube.read("-n", "shop", "configmap", "by-git")["data"] == own["data"], "the next commit is there")
        self.said("[coredns/spec]", "the same refusal")
        self.unchanged()

    def test_3_what_is_as_it_was_is_adopted(self):
        """With a mark of the engine's, a change of metadata: a warning."""
        since = kube.audit_size()
        commit(coredns=self.same, own=OWN)
        until(lambda: MARK in coredns()["metadata"]["annotations"], "it is marked")
        self.unchanged()
        told = [kube.notes(e).get("decision") for e in kube.audited(since, "argocd") if e["verb"] == "patch" and
                e["objectRef"].get("name") == "coredns"]
        self.assertIn("warn", told)

    def test_4_what_leaves_the_repository_is_not_pruned(self):
        commit(own=OWN)
        line = self.said("[coredns/removed]", "the refusal")
        self.assertIn("denied the request: Oracle manages Deployment kube-system/coredns", line)
        self.unchanged()

    def test_5_its_own_objects_are_pruned(self):
        commit(coredns=self.same)
        until(lambda: kube.kubectl("-n", "shop", "get", "configmap", "by-git").returncode != 0, "it is gone")
