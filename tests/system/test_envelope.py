# SPDX-License-Identifier: Apache-2.0
"""What is not read is judged by its envelope: whatever is no verdict would pass, with failurePolicy Ignore."""
import json
import pathlib
import subprocess
import tempfile
import threading
import time
import unittest

from harness import Answer, BINARY, Case, MIB, PATIENCE, SANITIZED, Server, post, review_json, send

# What an API server makes of 1.43 MB of "<": six bytes each.
PAD = "\\u003c" * 1_430_000
CUSTOMER = "ocid1.user.oc1..aaaa"


def workload(image, pad="", kind="Deployment"):
    text = json.dumps({"apiVersion": "apps/v1", "kind": kind,
                       "metadata": {"name": "coredns", "namespace": "kube-system"},
                       "spec": {"template": {"spec": {"containers": [
                           {"name": "coredns", "image": image, "env": [{"name": "PAD", "value": "PADDING"}]}]}}}})
    return text.replace("PADDING", pad)


def padded(operation="UPDATE", new="", old="", user=CUSTOMER, **members):
    """A review of Deployment coredns, whose objects are padded; as an API server orders it."""
    resource = {"group": "apps", "version": "v1", "resource": "deployments"}
    kind = {"group": "apps", "version": "v1", "kind": "Deployment"}
    review = json.loads(review_json("u", kind=kind, resource=resource, requestKind=kind, requestResource=resource,
                                    name="coredns", namespace="kube-system", operation=operation,
                                    userInfo={"username": user, "groups": ["system:authenticated"]},
                                    object="NEW", oldObject="OLD"))
    review["request"].update(members)
    if members.get("name") == "":
        del review["request"]["name"]
    text = json.dumps(review)
    name = members.get("name") or "coredns"
    text = text.replace('"NEW"', "null" if operation == "DELETE" else workload("evil", new))
    return text.replace('"OLD"', "null" if operation == "CREATE" else workload("good", old)).replace(
        '"name": "coredns", "namespace"', f'"name": "{name}", "namespace"').encode()


HALF = PAD[:len(PAD) // 2 // 6 * 6]
REVIEWS = [
    ("padded", padded(new=PAD), "deny", "coredns/"),
    ("the padding is taken out", padded(old=PAD), "deny", "coredns/"),
    ("half in each", padded(new=HALF + HALF, old=HALF), "deny", "coredns/"),
    ("apply, of a field manager", padded(new=PAD, options={"kind": "PatchOptions", "apiVersion": "meta.k8s.io/v1",
                                                          "fieldManager": "kubectl"}), "deny", "coredns/"),
    ("removed", padded("DELETE", old=PAD), "deny", "coredns/removed"),
    ("removed with others: no name", padded("DELETE", old=PAD, name=""), "deny", "coredns/removed"),
    ("its status", padded(new=PAD, subResource="status", requestSubResource="status"), "deny", "coredns/"),
    ("its scale", padded(new=PAD, subResource="scale", requestSubResource="scale"), "deny", "coredns/"),
    ("a dry run", padded(new=PAD, dryRun=True), "deny", "coredns/"),
    ("of nobody known", padded(new=PAD, user="somebody"), "warn", None),
    ("of a controller", padded(new=PAD, user="system:kube-controller-manager"), "allow", None),
    ("another namespace", padded(new=PAD, namespace="shop"), "warn", "alpha/"),
    ("a Secret, which no policy concerns", padded("DELETE", old=PAD, name="s", namespace="shop",
                                                   resource={"group": "", "version": "v1", "resource": "secrets"},
                                                   requestResource={"group": "", "version": "v1", "resource": "secrets"},
                                                   kind={"group": "", "version": "v1", "kind": "Secret"},
                                                   requestKind={"group": "", "version": "v1", "kind": "Secret"}),
     "allow", None),
]


EXCEPTION = """\
apiVersion: oke-guard.internal/v1
kind: SupportException
metadata: {name: padded}
spec:
  rules: [guard/too-large, guard/unreadable]
  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [coredns]}]
  identities: {users: [%s]}
  ticket: SR 1
  approvedBy: platform
  reason: the padding is taken out
  notBefore: "%s"
  expires: "%s"
"""


def decision(response):
    if not response["allowed"]:
        return "deny"
    return "warn" if "warnings" in response else "allow"


class Envelope(Case):
    def check(self, name, response, want, rule):
        self.assertEqual(decision(response), want, f"{name}: {response}")
        if want == "deny":
            message = response["status"]["message"]
            self.assertIn("[guard/too-large]", message.splitlines()[0])
            self.assertIn("Deployment kube-system/coredns cannot be judged: its review has ", message)
            self.assertIn("the limit is 8.0 MiB", message)
            self.assertIn("Send it without its large values", message)
            self.assertEqual(response["status"]["code"], 403)
        if rule:
            self.assertIn(f"as {rule}", response["auditAnnotations"]["error"])

    def test_each_over_the_wire(self):
        with Server() as server:
            for name, body, want, rule in REVIEWS:
                with self.subTest(name):
                    self.assertGreater(len(body), 8 * MIB)
                    answer = server.ask(post(body))
                    self.assertEqual(answer.status, 200, answer.body)
                    self.check(name, json.loads(answer.body)["response"], want, rule)
            self.assertGreaterEqual(server.metric('oke_guard_errors_total{reason="too_large"}'), len(REVIEWS) - 2)
            self.assertGreater(server.metric('oke_guard_findings_total{policy="guard",rule="too-large",'
                                             'tier="unsupported",action="deny"}'), 5)
            if not SANITIZED:
                self.assertLess(server.memory("VmHWM"), 24 * MIB, "what is not read takes no memory")

    def test_the_parts(self):
        """/validate/support denies; /validate/alpha warns at most, of what it cannot see."""
        with Server() as server:
            for path, want in [("/validate", "deny"), ("/validate/support", "deny"), ("/validate/alpha", "warn")]:
                answer = server.ask(post(padded(new=PAD), path=path))
                self.assertEqual(decision(json.loads(answer.body)["response"]), want, path)

    def test_offline_the_same(self):
        bodies = [body for _, body, _, _ in REVIEWS]
        done = subprocess.run([BINARY, "review", "-o", "json", "-"], input=b"\n".join(bodies), check=False,
                              capture_output=True)
        with Server() as server:
            for (name, body, _, _), line in zip(REVIEWS, done.stdout.splitlines()):
                self.assertEqual(json.loads(server.ask(post(body)).body), json.loads(line), name)

    def test_the_way_out(self):
        """An object that was padded before anybody guarded it: an exception for the guard's own rules."""
        at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + t)) for t in (-60, 3600)]
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "exception.yaml").write_text(EXCEPTION % (CUSTOMER, *at), encoding="ascii")
            with Server("--policy=" + folder) as server:
                response = json.loads(server.ask(post(padded(old=PAD))).body)["response"]
                self.assertEqual(decision(response), "warn", response)
                self.assertEqual(response["auditAnnotations"]["exception"], "padded")
                response = json.loads(server.ask(post(padded(old=PAD, user=CUSTOMER + "b"))).body)["response"]
                self.assertEqual(decision(response), "deny", "another one's")

    def test_without_room(self):
        """Large bodies fill the budget: a guarded one is judged by its envelope, a small one is read."""
        with Server("--body-budget=12") as server:
            first = server.tls()
            with first:
                send(first, post(b" " * 7 * MIB, length=8 * MIB))
                self.wait_until(lambda: server.metric("oke_guard_body_bytes") == 7 * MIB, "7 MiB")
                large = padded(new="x" * 3 * MIB)
                answer = server.ask(post(large))
                self.assertEqual(answer.status, 200, answer.body)
                message = json.loads(answer.body)["response"]["status"]["message"]
                self.assertIn("there was no room for it [guard/too-large]", message)
                restart = padded(new="x", old="x").replace(b"evil", b"good")
                self.assertTrue(json.loads(server.ask(post(restart)).body)["response"]["allowed"])

    def test_large_ones_one_after_the_other(self):
        """One large body at a time is judged, and the next when it has been."""
        with Server() as server:
            for _ in range(3):
                message = json.loads(server.ask(post(padded(new="x" * MIB))).body)["response"]["status"]["message"]
                self.assertIn("[coredns/", message)
                self.assertNotIn("too-large", message)


class Stall(Case):
    def test_guarded_denials_hold(self):
        """Large dry runs in parallel, that once took seconds each: every denial beside them comes in time."""
        words = ",".join(f'"--feature-gates=$(N{i})"' for i in range(26_000))
        names = ",".join(f'{{"name":"V{i}"}}' for i in range(20_000))
        pod = ('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"shop"},"spec":{"containers":[{"name":'
               '"c","image":"kube-proxy","args":[%s],"env":[%s]}]}}' % (words, names))
        attack = review_json("a", object="POD", dryRun=True).replace(b'"POD"', pod.encode())
        denied, stop, slowest = 0, threading.Event(), 0.0
        with Server() as server:
            def press():
                while not stop.is_set():
                    server.ask(post(attack))

            threads = [threading.Thread(target=press, daemon=True) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(10):
                begun = time.monotonic()
                response = json.loads(server.ask(post(padded("DELETE"))).body)["response"]
                slowest = max(slowest, time.monotonic() - begun)
                denied += not response["allowed"]
                time.sleep(0.1)
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)
        self.assertEqual(denied, 10)
        if not SANITIZED:
            self.assertLess(slowest, 2, "an API server does not wait longer")


if __name__ == "__main__":
    unittest.main()
