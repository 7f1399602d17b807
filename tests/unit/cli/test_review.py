# SPDX-License-Identifier: Apache-2.0
"""`oke-guard review` as a user runs it: answers, order, exit status, text, trace."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

PROGRAM = pathlib.Path(os.environ.get("BUILD", "build")) / "oke-guard"
RECORDED = pathlib.Path("tests/data/reviews/reviews.jsonl")
CONFIG = "tests/data/reviews/config.yaml"
GOLDEN = pathlib.Path("tests/data/golden")


def review(*args, stdin=b"", env=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OKE_GUARD_")}
    return subprocess.run([PROGRAM, "review", *args], input=stdin, capture_output=True, timeout=120,
                          check=False, env={**clean, **(env or {})})


def bodies():
    for line in RECORDED.read_bytes().splitlines():
        yield line[line.index(b', "review": ') + len(b', "review": '):-1]


class Gates(unittest.TestCase):
    """A gate inside a ConfigMap, however YAML spells that it is on: a review warns as check does."""

    def warnings(self, text):
        request = {"uid": "u", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
                   "resource": {"group": "", "version": "v1", "resource": "configmaps"}, "namespace": "x", "name": "kc",
                   "userInfo": {"username": "ocid1.user.oc1..a"}, "oldObject": None,
                   "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kc", "namespace": "x"},
                              "data": {"kubelet": text}}}
        body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            config.write("{apiVersion: oke-guard.internal/v1, kind: GuardConfig, metadata: {name: x}, "
                         'spec: {cluster: {kubernetes: "1.28"}}}')
            config.flush()
            done = review("-o", "json", "--config", config.name, "-", stdin=json.dumps(body).encode())
        return json.loads(done.stdout)["response"].get("warnings", [])

    def test_spellings_and_merge_keys(self):
        head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
        for on in ("true", "On", "ON", "Yes", "YES", "y", "Y"):
            gate = f"{{UserNamespacesSupport: {on}}}"
            for text in (f"{head}featureGates: {gate}\n", f"x: &g {gate}\n{head}featureGates:\n  <<: *g\n"):
                with self.subTest(text=text):
                    self.assertIn("UserNamespacesSupport", " ".join(self.warnings(text)))
        self.assertEqual(self.warnings(f"{head}featureGates: {{UserNamespacesSupport: Off}}\n"), [])

    def test_of_a_key_that_repeats_the_last_counts_as_it_does_for_kubelets(self):
        head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
        on, off = "{UserNamespacesSupport: true}", "{UserNamespacesSupport: false}"
        seen = [f"{head}featureGates: {off}\nfeatureGates: {on}\n", f"{head}featureGates: {off}\n'featureGates': {on}\n",
                f"{head}featureGates:\n  UserNamespacesSupport: false\n  UserNamespacesSupport: true\n",
                f"{head}apiVersion: v1\napiVersion: kubelet.config.k8s.io/v1beta1\nfeatureGates: {on}\n",
                f"{head}featureGates: {off}\nfeatureGates: {off}\nfeatureGates: {on}\n",
                f"a: &a {off}\nb: &b {on}\n{head}featureGates:\n  <<: *a\n  <<: *b\n",
                json.dumps({"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"})[:-1]
                + f', "featureGates": {{}}, "featureGates": {{"UserNamespacesSupport": true}}}}']
        for text in seen:
            with self.subTest(text=text):
                self.assertIn("UserNamespacesSupport", " ".join(self.warnings(text)))
        for text in (f"{head}featureGates: {on}\nfeatureGates: {off}\n",
                     f"a: &a {on}\nb: &b {off}\n{head}featureGates:\n  <<: *a\n  <<: *b\n"):
            with self.subTest(text=text):
                self.assertEqual(self.warnings(text), [])


class Json(unittest.TestCase):
    def test_recorded_reviews_are_answered_in_order(self):
        done = review("-o", "json", "--config", CONFIG, str(RECORDED))
        answers = [json.loads(a) for a in done.stdout.splitlines()]
        uids = [json.loads(b)["request"]["uid"] for b in bodies()]
        self.assertEqual([a["response"]["uid"] for a in answers], uids)
        self.assertEqual((done.returncode, done.stderr), (1, b""))

    def test_a_recording_and_its_bodies_get_the_same_bytes(self):
        raw = b"\n".join(bodies()) + b"\n"
        self.assertEqual(review("-o", "json", "-", stdin=raw).stdout,
                         review("-o", "json", str(RECORDED)).stdout)

    def test_indented_reviews_get_the_same_bytes(self):
        text = b"".join((GOLDEN / name / "review.json").read_bytes()
                        for name in ("scale", "restart", "image"))
        want = b"".join((GOLDEN / name / "want.json").read_bytes()
                        for name in ("scale", "restart", "image"))
        self.assertEqual(review("-o", "json", "-", stdin=text).stdout, want)

    def test_a_line_that_cannot_be_read_has_its_answer_in_its_place(self):
        good = next(bodies())
        lines = [good, b"hello", good[:-9], good, b'{"kind":"Pod"}', good]
        done = review("-o", "json", "-", stdin=b"\n".join(lines))
        answers = [json.loads(a) for a in done.stdout.splitlines()]
        self.assertEqual(["response" in a for a in answers], [True, False, False, True, False, True])
        self.assertEqual([a.get("code") for a in answers], [None, 400, 400, None, 400, None])
        self.assertEqual(done.returncode, 2)

    def test_a_body_over_the_servers_limit(self):
        done = review("-o", "json", "-", stdin=b'{"a":"' + b"x" * (9 << 20) + b'"}\n' + next(bodies()))
        answers = [json.loads(a) for a in done.stdout.splitlines()]
        self.assertEqual((answers[0]["code"], answers[0]["error"]),
                         (413, "the body is larger than 8 MiB, and does not begin as a review"))
        self.assertIn("response", answers[1])


class ExitStatus(unittest.TestCase):
    def status(self, *args, case, env=None):
        return review(*args, str(GOLDEN / case / "review.json"), env=env).returncode

    def test_allowed(self):
        self.assertEqual(self.status(case="restart"), 0)

    def test_denied(self):
        self.assertEqual(self.status(case="scale"), 1)

    def test_warned(self):
        self.assertEqual(self.status(case="finalizer"), 0)
        self.assertEqual(self.status("--fail-on", "warn", case="finalizer"), 1)
        self.assertEqual(self.status("--fail-on=deny", case="finalizer"), 0)

    def test_audited_never_counts(self):
        config = str(GOLDEN / "scale-mode-audit" / "config.yaml")
        self.assertEqual(self.status("--fail-on", "warn", "--config", config, case="scale"), 0)
        self.assertEqual(self.status("--fail-on", "warn", case="scale",
                                     env={"OKE_GUARD_CONFIG": config}), 0)

    def test_no_review(self):
        self.assertEqual(self.status(case="no-uid"), 2)

    def test_wrong_usage(self):
        for args in ([], ["--policy"], ["-o", "xml", "x"], ["--now", "yesterday", "x"], ["--nwo", "x"],
                     ["/nonexistent"], ["--policy", "/nonexistent", "x"], ["--config", "/nonexistent", "x"]):
            with self.subTest(args):
                done = review(*args)
                self.assertEqual(done.returncode, 2)
                self.assertTrue(done.stderr.startswith(b"oke-guard review: "), done.stderr)

    def test_an_unreadable_file_does_not_stop_the_next(self):
        done = review("-o", "json", "/nonexistent", str(GOLDEN / "scale" / "review.json"))
        self.assertEqual(done.stdout, (GOLDEN / "scale" / "want.json").read_bytes())
        self.assertEqual(done.returncode, 2)

    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "review", GOLDEN / "scale" / "review.json"], stdout=full,
                                  stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"cannot be written", done.stderr)


class Text(unittest.TestCase):
    def test_what_a_person_needs(self):
        path = GOLDEN / "scale" / "review.json"
        lines = review(str(path)).stdout.decode().splitlines()
        self.assertTrue(lines[0].startswith(f"{path}:1: deny  UPDATE deployments/scale kube-system/coredns"))
        self.assertTrue(lines[0].endswith(" (customer)"))
        self.assertEqual("".join(f"    {w}\n" for w in
                                 (GOLDEN / "scale" / "want.txt").read_text().splitlines()),
                         "".join(f"{line}\n" for line in lines[1:-1]))
        self.assertEqual(lines[-1],
                         "1 review: 1 denied, 0 warned, 0 audited, 0 allowed, 0 unreadable")

    def test_recorded_reviews_have_their_names(self):
        out = review("--config", CONFIG, str(RECORDED)).stdout.decode()
        for line in RECORDED.read_bytes().splitlines():
            name = json.loads(line)["id"]
            self.assertTrue(f"\n{name}: " in "\n" + out, name)

    def test_nothing_reaches_the_terminal_unescaped(self):
        case = json.loads((GOLDEN / "hostile-annotation" / "review.json").read_text())
        case["request"]["userInfo"]["username"] = "ocid1.user.\x1b[31m\u202e\n"
        case["request"]["name"] = "kube-proxy"
        wrapped = json.dumps({"id": "\x1b]0;x\x07\n", "review": case})
        for args in ([], ["--trace"]):
            done = review(*args, "-", stdin=wrapped.encode())
            for byte in done.stdout:
                self.assertTrue(byte == 10 or 32 <= byte < 127, done.stdout)

    def test_trace_tells_the_steps(self):
        path = str(GOLDEN / "scale" / "review.json")
        out = review("--trace", path).stdout.decode()
        for step in ("    1 identity customer", "    2 candidate coredns", "    5 coredns/scale", "    9 deny"):
            self.assertIn(step, out)
        done = review("--trace", "-o", "json", path)
        self.assertEqual(done.stdout, (GOLDEN / "scale" / "want.json").read_bytes())
        self.assertIn(b"    9 deny", done.stderr)

    def test_policies_of_ones_own(self):
        case = GOLDEN / "own-policy-secret"
        review_json = str(case / "review.json")
        self.assertEqual(review(review_json).returncode, 0)
        done = review("--policy", str(case / "policy.yaml"), review_json)
        self.assertIn(b"[registry/rotated]", done.stdout)
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "p.yaml").write_text("kind: SupportPolicy\n")
            done = review("--policy", folder, review_json)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"p.yaml:1", done.stderr)

    def test_help(self):
        done = review("--help")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for word in (b"--fail-on", b"--trace", b"Exit status", b"-o, --output"):
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
