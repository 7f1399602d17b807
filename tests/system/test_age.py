# SPDX-License-Identifier: Apache-2.0
"""What is known says its age: the version judged by, who told it, the newest known, and OKE's own list."""
import collections
import json
import pathlib
import sys
import tempfile
import unittest

from cluster_stub import Agent, Stub
from harness import ROOT, Case, Server, review_json
from harness import run as run_program

sys.path.insert(0, str(ROOT / "tests"))
import known  # noqa: E402

Done = collections.namedtuple("Done", "returncode stdout stderr")
CONFIG = ('apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: default}\n'
          'spec: {mode: enforce, cluster: {kubernetes: "%s"},\n'
          '  overrides: [{rule: alpha/fields, action: deny, reason: a test}]}\n')
LIST = ('apiVersion: oke-guard.internal/v1\nkind: KubernetesVersions\nasOf: "2026-11-01"\n'
        'source: https://example.com/versions\nversions:\n'
        '- {version: "1.36.1", available: "2026-07-07", end: "2027-07-01"}\n'
        '- {version: "1.35", end: "2026-10-01"}\n'
        '- {version: "1.34.2", end: "2026-12-24"}\n')


def run(*words):
    return Done(*run_program(*words))


def pod(**container):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"os": {"name": "linux"}, "containers": [{"name": "web", "image": "registry.example/web:1", **container}]}}


# An object that uses the field; and one that lost it on the way, as its last-applied-configuration shows.
USES = pod(**known.ALPHA_CONTAINER)
LOST = pod()
LOST["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(USES)}


class AgeCase(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-age-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def config(self, version):
        return f"--config={self.file('guard.yaml', CONFIG % version)}"


class Said(AgeCase):
    """In the log, /statusz, /metrics, /readyz?verbose."""

    def look(self, server):
        start = server.wait_for_log(lambda line: line.get("msg") == "serving")
        return start, server.page("/statusz").json["kubernetes"], server.page("/readyz?verbose").text

    def test_nobody_told_it(self):
        with Server() as server:
            start, status, ready = self.look(server)
            self.assertEqual((start["kubernetes"], start["kubernetesFrom"], start["kubernetesNewest"]),
                             (known.RELEASED, "default", known.RELEASED))
            self.assertEqual((status["judged"], status["from"], status["newestKnown"], status["clusterNewer"]),
                             (known.RELEASED, "default", known.RELEASED, False))
            self.assertNotIn("cluster", status)
            self.assertIn(f"[+] kubernetes: features are judged by {known.RELEASED}, the newest release known here: nobody "
                          "told the cluster's version", ready)
            text = server.page("/metrics").text
            self.assertIn(f'oke_guard_kubernetes_minor{{from="default"}} {known.RELEASED_MINOR}\n', text)
            self.assertIn(f"oke_guard_kubernetes_newest_minor {known.NEWEST_MINOR}\n", text)
            self.assertRegex(text, rf'oke_guard_build_info{{version="[0-9.]+",kubernetes_newest="{known.RELEASED}"}} 1\n')
            self.assertIn("\noke_guard_kubernetes_cluster_minor 0\n", text)

    def test_the_configuration_did(self):
        with Server(self.config("1.36")) as server:
            start, status, ready = self.look(server)
            self.assertEqual((start["kubernetes"], start["kubernetesFrom"]), ("1.36", "configuration"))
            self.assertEqual((status["judged"], status["cluster"], status["from"]), ("1.36", "1.36", "configuration"))
            self.assertIn("OKE", status["support"])
            self.assertIn("judged by 1.36 (cluster.kubernetes of the configuration says so)", ready)
            text = server.page("/metrics").text
            self.assertIn('oke_guard_kubernetes_minor{from="configuration"} 36\n', text)
            self.assertIn("oke_guard_kubernetes_cluster_minor 36\n", text)

    def test_the_agent_did(self):
        (self.folder / "facts").mkdir()
        self.file("facts/kubernetes", "1.35")
        with Server(f"--facts={self.folder / 'facts'}") as server:
            _, status, ready = self.look(server)
            self.assertEqual((status["judged"], status["from"]), ("1.35", "facts"))
            self.assertIn("the agent learnt it from the API server", ready)
            self.file("facts/kubernetes", "1.36")
            line = server.wait_for_log(lambda line: line.get("msg") == "the policies were reloaded")
            self.assertEqual((line["kubernetes"], line["kubernetesFrom"]), ("1.36", "facts"))

    def test_a_cluster_that_is_newer(self):
        with Server(self.config(known.UNKNOWN)) as server:
            start, status, ready = self.look(server)
            self.assertEqual((start["kubernetes"], start["kubernetesCluster"]), (known.NEWEST, known.UNKNOWN))
            self.assertEqual((status["judged"], status["cluster"], status["clusterNewer"]),
                             (known.NEWEST, known.UNKNOWN, True))
            told = f"the cluster is newer than what is known here: it has {known.UNKNOWN}"
            self.assertIn(told, ready)
            self.assertIn(told, str(server.wait_for_log(lambda line: line.get("msg") == "policy")))
            self.assertEqual(server.page("/readyz").status, 200)
            text = server.page("/metrics").text
            self.assertIn(f'oke_guard_kubernetes_minor{{from="configuration"}} {known.NEWEST_MINOR}\n', text)
            self.assertIn(f"oke_guard_kubernetes_cluster_minor {known.NEWEST_MINOR + 1}\n", text)


class Judged(AgeCase):
    """A version that is not known as a release denies nothing, and is told as what it is."""

    def answer(self, version, body):
        with Server(self.config(version)) as server:
            response = server.review(review_json(object=body)).json["response"]
        return response["allowed"], "\n".join(response.get("warnings", []) + [response.get("status", {}).get("message", "")])

    def test_a_release_denies(self):
        allowed, text = self.answer("1.36", USES)
        self.assertFalse(allowed)
        self.assertIn(f"{known.ALPHA_GATE}, alpha in 1.36", text)

    def test_a_newer_cluster_is_warned(self):
        allowed, text = self.answer(known.UNKNOWN, USES)
        self.assertTrue(allowed)
        self.assertIn(f"alpha in {known.NEWEST} ({known.UNKNOWN} is not known yet)", text)

    def test_so_is_one_that_only_a_pre_release_is_known_of(self):
        allowed, text = self.answer(known.NEWEST, USES)
        self.assertEqual(allowed, bool(known.PRELIMINARY))
        self.assertIn(f"alpha in {known.NEWEST}", text)
        self.assertEqual(f"(as of {known.PRELIMINARY})" in text, bool(known.PRELIMINARY))

    def test_what_was_dropped_is_not_claimed(self):
        self.assertIn("the API server dropped it", self.answer("1.36", LOST)[1])
        self.assertEqual(self.answer(known.UNKNOWN, LOST), (True, ""))

    def test_the_trace_says_why(self):
        review = self.file("review.json", review_json(object=USES).decode())
        done = run("review", "--trace", self.config(known.UNKNOWN), str(review))
        self.assertIn(f"8 deny is lowered to warn ({known.UNKNOWN} is not known as a release)", done.stdout)

    def test_check_says_it_too(self):
        manifest = self.file("pod.json", json.dumps(USES))
        done = run("check", "--kubernetes", known.UNKNOWN, str(manifest))
        self.assertIn(f"{known.UNKNOWN} is newer than what is known; it is treated as {known.NEWEST}", done.stderr)
        self.assertIn(f"alpha in {known.NEWEST}", done.stdout)


class Agents(AgeCase):
    def test_the_agent_says_it(self):
        for mode in ("self", "external"):
            with self.subTest(mode), Stub() as stub:
                stub.kubernetes = known.NEWEST_MINOR + 1
                with Agent(stub, f"--certificates={mode}") as agent:
                    told = f"the cluster is newer than what is known here: it has {known.UNKNOWN} (the API server says so)"
                    self.wait_until(lambda: told in agent.log_text(), "not logged")
                    self.wait_until(lambda: told in agent.page("/readyz?verbose").text, "not in /readyz")
                    text = agent.page("/metrics").text
                    self.assertIn(f'oke_guard_kubernetes_minor{{from="server"}} {known.NEWEST_MINOR}\n', text)
                    self.assertIn(f"oke_guard_kubernetes_cluster_minor {known.NEWEST_MINOR + 1}\n", text)
                    self.assertIn("oke_guard_build_info{", text)


class Versions(AgeCase):
    """OKE's versions as data."""

    def lint(self, version, *options, now="2026-11-10T00:00:00Z"):
        return run("policy", "lint", self.config(version), f"--now={now}", *options, str(self.folder / "guard.yaml"))

    def test_the_built_in_list(self):
        done = run("versions", "--now", "2026-09-06T00:00:00Z")
        self.assertEqual(done.returncode, 0)
        self.assertIn("OKE's Kubernetes versions as of 2026-09-05 (1 days old)", done.stdout)
        for row in (r"1\.36\.1 +2026-07-07 +30 days after 1\.39\.1 +supported", r"1\.34\.2 +2026-02-03 +2026-09-22 +ending",
                    r"1\.33 +- +2026-08-10 +past", r"1\.36\.0 +2026-05-20 +- +preview"):
            self.assertRegex(done.stdout, row)
        old = run("versions", "--now", "2026-11-29T00:00:00Z").stdout
        self.assertRegex(old, r"1\.36\.1 .* not-known")
        self.assertRegex(old, r"1\.34\.1 .* past")
        self.assertIn("Older than 60 days", old)

    def test_what_it_prints_it_takes(self):
        for form in ("yaml", "json"):
            text = run("versions", "-o", form).stdout
            if form == "yaml":
                again = run("versions", "-o", form, "--versions", str(self.file("v.yaml", text)))
                self.assertEqual((again.stdout, again.stderr), (text, ""))
            else:
                self.assertEqual(json.loads(text)["asOf"], "2026-09-05")

    def test_one_version(self):
        options = ("--versions", str(self.file("v.yaml", LIST)), "--now", "2026-11-10T00:00:00Z")
        for version, status, text in (("1.36.1", 0, "OKE supports Kubernetes 1.36.1 until 2027-07-01"),
                                      ("v1.35.4", 1, "OKE's support for Kubernetes 1.35.4 ended on 2026-10-01"),
                                      ("1.37", 1, "OKE does not offer Kubernetes 1.37")):
            done = run("versions", *options, version)
            self.assertEqual((done.returncode, done.stdout), (status, f"{text} (list as of 2026-11-01)\n"))
        self.assertEqual(run("versions", "latest").returncode, 2)

    def test_a_configuration_past_its_end_is_told(self):
        done = self.lint("1.32")
        self.assertRegex(done.stdout, r"guard\.yaml:4:\d+: OKE's support for Kubernetes 1\.32 ended on 2026-05-28 \(list as of "
                                      r"2026-09-05\): upgrade the cluster")
        self.assertEqual(done.returncode, 1)
        mine = f"--versions={self.file('v.yaml', LIST)}"
        self.assertIn("1.35 ended on 2026-10-01", self.lint("1.35", mine).stdout)
        self.assertIn("1.34 until 2026-12-24 (list as of 2026-11-01): plan the upgrade", self.lint("1.34", mine).stdout)
        self.assertEqual(self.lint("1.36", mine).returncode, 0)

    def test_past_stays_past_and_age_turns_the_rest(self):
        self.assertIn("1.32 ended", self.lint("1.32", now="2030-01-01T00:00:00Z").stdout)
        self.assertEqual(self.lint("1.36", now="2030-01-01T00:00:00Z").returncode, 0)

    def test_the_server_says_it_and_takes_a_newer_list(self):
        path = self.file("v.yaml", LIST)
        with Server(self.config("1.35"), f"--versions={path}") as server:
            self.assertIn("1.35 ended on 2026-10-01", str(server.wait_for_log(lambda line: line.get("msg") == "policy")))
            self.assertIn("1.35 ended on 2026-10-01", server.page("/statusz").json["kubernetes"]["support"])
            path.write_text(LIST.replace("2026-10-01", "2031-10-01"))
            self.wait_until(lambda: "1.35 until 2031-10-01" in server.page("/statusz").json["kubernetes"]["support"],
                            "not taken up")
            path.write_text("kind: Nothing\n")
            self.wait_until(lambda: server.metric("oke_guard_policies_stale") == 1, "not noticed")
            self.assertIn("1.35 until 2031-10-01", server.page("/statusz").json["kubernetes"]["support"])

    def test_mistakes_are_told_with_their_place(self):
        rows = ((LIST.replace("asOf: ", "asof: "), ':3:1: unknown key "asof" in KubernetesVersions: did you mean "asOf"?'),
                (LIST.replace('"2026-11-01"', '"2026-13-01"'), ':3:7: "asOf" must be a day as in "2026-09-05"'),
                (LIST.replace('"2026-11-01"', "2026-11-01"), "without quotes this is a date"),
                (LIST.replace('"1.35"', '"1.x"'), 'must be a version as in "1.36.1"; it is "1.x"'),
                (LIST.replace("https://example", "http://example"), '"source" must be a URL'),
                (LIST + '- {version: "1.36.1"}\n', ":9:3: this version stands twice"),
                (LIST + '- {version: "1.30", endDays: 30}\n', '"endAfter" and "endDays" belong together'),
                (LIST + '- {version: "1.30", end: "2026-01-01", endDays: 30, endAfter: "1.33"}\n', "not both"),
                (LIST + '- {version: "1.30", available: "2026-01-02", end: "2026-01-01"}\n', '"end" is before "available"'),
                (LIST.split("versions:")[0], 'KubernetesVersions needs "versions"'),
                (LIST + "---\n" + LIST, "a second KubernetesVersions"),
                (CONFIG % "1.36", '"GuardConfig" does not belong here'),
                ("", "holds no KubernetesVersions"))
        for text, said in rows:
            done = run("versions", "--versions", str(self.file("v.yaml", text)))
            self.assertEqual(done.returncode, 2, said)
            self.assertIn(said, done.stderr)
        self.assertEqual(run("versions", "--versions", str(self.folder / "none")).returncode, 2)
        done = run("policy", "lint", str(self.file("v.yaml", LIST)))
        self.assertIn("KubernetesVersions stands in a file of its own, which is named with --versions", done.stdout)


if __name__ == "__main__":
    unittest.main()
