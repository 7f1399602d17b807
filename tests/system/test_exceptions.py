# SPDX-License-Identifier: Apache-2.0
"""Exceptions while serving: in force and over by the clock alone, and every use on record."""
import json
import pathlib
import tempfile
import time
import unittest

from harness import Case, Server, coredns_json, run

ME = "ocid1.user.oc1..aaaa"


def when(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def exception(name, begins, ends, action="warn"):
    return json.dumps({
        "apiVersion": "oke-guard.internal/v1", "kind": "SupportException", "metadata": {"name": name},
        "spec": {"rules": ["coredns-configmap/corefile"],
                 "objects": [{"group": "", "resource": "configmaps", "namespace": "kube-system",
                              "names": ["coredns"]}],
                 "identities": {"users": [ME]}, "ticket": "SR 3-" + name, "approvedBy": "platform-team",
                 "reason": "a test", "notBefore": when(begins), "expires": when(ends), "action": action}})


class Exceptions(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-exceptions-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, *exceptions):
        (self.folder / "exceptions.yaml").write_text("\n---\n".join(exceptions))

    def test_begins_and_ends_without_a_reload(self):
        begins = int(time.time()) + 3
        ends = begins + 3
        self.write(exception("short", begins, ends))
        with Server(f"--policy={self.folder}") as server:
            seen = []
            while time.time() < ends + 1:
                before = time.time()
                response = server.review(coredns_json()).json["response"]
                after = time.time()
                seen.append((before, after, response))
                time.sleep(0.02)
            self.assertEqual(server.metric('oke_guard_policy_reload_total{result="ok"}'), 0)
        for before, after, response in seen:
            inside = begins <= before and after < ends
            if inside or after < begins or before >= ends:  # not over one of the moments
                self.assertEqual(response["allowed"], inside, f"{before} to {after}, from {begins} until {ends}")
        self.assertEqual({response["allowed"] for _, _, response in seen}, {True, False})
        last = seen[-1][2]["status"]["message"]
        self.assertIn(f"Exception short expired {when(ends)}; ask platform-team", last)

    def test_uses_are_on_record(self):
        now = int(time.time())
        self.write(exception("now", now - 60, now + 600), exception("over", now - 600, now - 60),
                   exception("later", now + 600, now + 1200))
        with Server(f"--policy={self.folder}") as server:
            for _ in range(3):
                response = server.review(coredns_json()).json["response"]
            self.assertTrue(response["allowed"])
            self.assertIn("[coredns-configmap/corefile]", response["warnings"][0])
            self.assertEqual(response["auditAnnotations"]["exception"], "now")
            self.assertEqual(response["auditAnnotations"]["ticket"], "SR 3-now")
            line = server.wait_for_log(lambda line: line.get("msg") == "finding")
            self.assertEqual((line["exception"], line["ticket"], line["user"], line["action"], line["uid"]),
                             ("now", "SR 3-now", ME, "warn", "u-2"))
            self.assertEqual(server.metric('oke_guard_exception_uses_total{exception="now"}'), 3)
            self.assertNotIn('exception="over"', server.page("/metrics").text)
            for state in ["pending", "active", "expired"]:
                self.assertEqual(server.metric(f'oke_guard_exceptions{{state="{state}"}}'), 1)
            listed = {e["name"]: e for e in server.page("/statusz").json["exceptions"]}
            self.assertEqual({name: e["state"] for name, e in listed.items()},
                             {"now": "active", "over": "expired", "later": "pending"})
            self.assertEqual(listed["now"], {"name": "now", "state": "active", "action": "warn",
                                             "notBefore": when(now - 60), "expires": when(now + 600),
                                             "ticket": "SR 3-now", "approvedBy": "platform-team"})

    def test_one_is_taken_up_and_withdrawn(self):
        now = int(time.time())
        with Server(f"--policy={self.folder}") as server:
            allowed = lambda: server.review(coredns_json()).json["response"]["allowed"]  # noqa: E731
            self.assertFalse(allowed())
            self.write(exception("new", now - 60, now + 600, "audit"))
            self.wait_until(allowed, "not taken up", 5)
            self.write("")
            self.wait_until(lambda: not allowed(), "not withdrawn", 5)
            self.wait_until(lambda: 'exception="new"' not in server.page("/metrics").text, "still counted")
            self.assertEqual(server.page("/statusz").json["exceptions"], [])

    def test_one_without_an_end_is_refused(self):
        now = int(time.time())
        spec = json.loads(exception("endless", now, now + 60))
        del spec["spec"]["expires"]
        self.write(json.dumps(spec))
        status, _, said = run("serve", "--strict", f"--policy={self.folder}")
        self.assertEqual(status, 2)
        self.assertIn('"expires"', said)

    def test_review_judges_at_a_time(self):
        begins = int(time.time()) + 86400
        self.write(exception("then", begins, begins + 60))
        review = self.folder / "review.txt"
        review.write_bytes(coredns_json())
        for now, status in [(begins - 1, 1), (begins, 0), (begins + 59, 0), (begins + 60, 1)]:
            got, said, _ = run("review", f"--policy={self.folder}", f"--now={when(now)}", str(review))
            self.assertEqual(got, status, said)
        self.assertEqual(run("policy", "lint", f"--now={when(begins + 59)}", str(self.folder / "exceptions.yaml"))[0], 0)
        status, said, _ = run("policy", "lint", f"--now={when(begins + 60)}", str(self.folder / "exceptions.yaml"))
        self.assertEqual(status, 1)
        self.assertIn(f'exception "then" has expired at {when(begins + 60)}: remove it', said)

    def test_check_judges_at_a_time(self):
        """Of a manifest, for whoever is named."""
        begins = int(time.time()) + 86400
        self.write(json.dumps({
            "apiVersion": "oke-guard.internal/v1", "kind": "SupportPolicy", "metadata": {"name": "own"},
            "spec": {"title": "a test", "objects": [{"group": "", "resource": "pods", "namespace": "shop",
                                                     "names": ["guarded"]}],
                     "rules": [{"name": "made", "operations": ["CREATE"], "tier": "unsupported"}]}}),
            exception("then", begins, begins + 60).replace("coredns-configmap/corefile", "own/made")
            .replace('"configmaps"', '"pods"').replace("kube-system", "shop").replace('"coredns"', '"guarded"')
            .replace('"users"', '"serviceAccounts"').replace(ME, "ci/deployer"))
        manifest = self.folder / "manifest.txt"
        manifest.write_text('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "guarded", '
                            '"namespace": "shop"}, "spec": {"containers": []}}')
        me = ["--as=system:serviceaccount:ci:deployer", "--as-group=system:serviceaccounts:ci"]
        for who, now, status in [(me, begins - 1, 1), (me, begins, 0), (me, begins + 59, 0), (me, begins + 60, 1),
                                 (me[:1], begins, 1), ([], begins, 1)]:
            got, said, wrong = run("check", f"--policy={self.folder}", f"--now={when(now)}", *who, str(manifest))
            self.assertEqual(got, status, f"{who} {now - begins}: {said}{wrong}")
        self.assertEqual(run("check", "--now=2026-02-30T00:00:00Z", str(manifest))[0], 2)


if __name__ == "__main__":
    unittest.main()
