# SPDX-License-Identifier: Apache-2.0
"""`oke-guard policy`: what it prints, and how it ends."""
import json
import os
import subprocess
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(TOP, os.environ.get("BUILD", "build"), "oke-guard")


def run(*arguments, **environment):
    return subprocess.run([PROGRAM, "policy", *arguments], capture_output=True, text=True, cwd=TOP,
                          env={**os.environ, **environment}, check=False)


class Print(unittest.TestCase):
    def test_table(self):
        r = run("print")
        self.assertEqual((0, ""), (r.returncode, r.stderr))
        self.assertRegex(r.stdout, r"(?m)^POLICY +OBJECTS +RULES ")
        self.assertRegex(r.stdout, r"(?m)^coredns .* builtin/coredns\.yaml:\d+$")

    def test_table_as_json(self):
        policies = json.loads(run("print", "-o", "json").stdout)["policies"]
        coredns = [p for p in policies if p["name"] == "coredns"][0]
        self.assertTrue(coredns["builtin"] and coredns["applies"])
        self.assertEqual(coredns["rules"], sum(coredns["tiers"].values()))

    def test_further_policies(self):
        for r in (run("print", "--policy", "tests/data/policies/good/policy.yaml"),
                  run("print", OKE_GUARD_POLICY="tests/data/policies/good/policy.yaml")):
            self.assertIn("tests/data/policies/good/policy.yaml:5\n", r.stdout)

    def test_a_fact_leaves_a_policy_out(self):
        r = run("print", "--policy", "tests/data/policies/good/policy.yaml", "--config",
                "tests/data/policies/good/config.yaml")
        self.assertRegex(r.stdout, r"(?m)^dns .*:5 \(does not apply to this cluster\)$")

    def test_unknown_name(self):
        r = run("print", "corends")
        self.assertEqual((2, ""), (r.returncode, r.stdout))
        self.assertIn("did you mean 'coredns'?", r.stderr)

    def test_broken_policies(self):
        r = run("print", "--policy", "tests/data/policies/bad/head.yaml")
        self.assertEqual((2, ""), (r.returncode, r.stdout))
        self.assertIn("tests/data/policies/bad/head.yaml:1:13: apiVersion", r.stderr)

    def test_one_name(self):
        self.assertEqual(2, run("print", "a", "b").returncode)


class Explain(unittest.TestCase):
    def test_a_rule(self):
        r = run("explain", "coredns/scale")
        self.assertEqual(0, r.returncode)
        for part in ("coredns/scale - CoreDNS\n", "unsupported: ", "UPDATE of scale", "spec.replicas",
                     "minReplica", "https://docs.oracle.com/", "builtin/coredns.yaml:"):
            self.assertIn(part, r.stdout)
        self.assertEqual("coredns", json.loads(run("explain", "-o", "json",
                                                   "coredns/scale").stdout)["policy"])

    def test_one_rule_of_every_policy(self):
        for policy in json.loads(run("print", "-o", "json").stdout)["policies"]:
            whole = json.loads(run("print", "-o", "json", policy["name"]).stdout)
            name = whole["spec"]["rules"][-1]["name"]
            with self.subTest(policy["name"], rule=name):
                said = json.loads(run("explain", "-o", "json", f"{policy['name']}/{name}").stdout)
                self.assertTrue(said["tier"] and said["operations"] and said["objects"])

    def test_an_override_is_told(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write("apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: x}\n"
                    "spec:\n  overrides: [{rule: coredns/*, action: warn, reason: first week}]\n")
            f.flush()
            r = run("explain", "coredns/scale", "--config", f.name)
        self.assertIn(f"warn, by an override of {f.name}:5\n", r.stdout)

    def test_unknown(self):
        self.assertIn("did you mean 'scale'?", run("explain", "coredns/scal").stderr)
        self.assertIn("did you mean 'coredns'?", run("explain", "corends/scale").stderr)
        self.assertIn("it has pod-switched-off, ", run("explain", "coredns/qqqqqqqqq").stderr)
        for wrong in ([], ["coredns"], ["corends/scale"], ["a/b", "c/d"]):
            r = run("explain", *wrong)
            self.assertEqual((2, ""), (r.returncode, r.stdout))


class Lint(unittest.TestCase):
    def test_clean(self):
        r = run("lint", "tests/data/policies/good/policy.yaml", "tests/data/policies/good/features.yaml")
        self.assertEqual(0, r.returncode)
        self.assertRegex(r.stdout, r"^no error; loaded: \d+ policies, \d+ rules, 0 overrides\n$")

    def test_messages(self):
        r = run("lint", "tests/data/policies/bad/head.yaml", "tests/data/policies/bad/config.yaml")
        self.assertEqual(1, r.returncode)
        self.assertRegex(r.stdout, r"(?m)^tests/data/policies/bad/config.yaml:5:9: \"inforce\" is not known")
        self.assertRegex(r.stdout, r"\n\d+ errors, 0 warnings\n$")

    def test_an_exception_that_has_expired(self):
        with open(os.path.join(TOP, "tests/data/policies/good/exception.yaml"), encoding="utf-8") as f:
            text = f.read().replace("2126", "2006")
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(text)
            f.flush()
            r = run("lint", f.name)
        self.assertEqual(1, r.returncode)
        self.assertIn("\"dns-test-week-48\" has expired at 2006-11-30T00:00:00Z: remove it", r.stdout)

    def test_paths_that_cannot_be_read(self):
        for wrong in (["tests/data/policies/none"], [], ["--config", "none", "tests/data/policies/good"]):
            r = run("lint", *wrong)
            self.assertEqual((2, ""), (r.returncode, r.stdout))

    def test_the_pack_itself(self):
        """Read as anybody's files: nothing is warned about, and all that it names is sent."""
        told = run("lint", "--no-builtin", "policy/builtin").stdout.splitlines()
        self.assertEqual([], told[:-1])
        self.assertRegex(told[-1], "^no error; ")


class Command(unittest.TestCase):
    def test_help(self):
        for arguments in (["--help"], ["print", "--help"], ["lint", "--help"], ["explain", "--help"],
                          ["schema", "--help"]):
            r = run(*arguments)
            self.assertEqual((0, ""), (r.returncode, r.stderr))
            self.assertIn("Usage: oke-guard policy", r.stdout)

    def test_unknown(self):
        self.assertIn("did you mean 'lint'?", run("lnt").stderr)
        self.assertEqual(2, run().returncode)
        self.assertEqual(2, run("print", "--outptu", "json").returncode)
        r = run("schema", "SupportPolicies")
        self.assertEqual(2, r.returncode)
        self.assertIn("did you mean 'SupportPolicy'?", r.stderr)


if __name__ == "__main__":
    unittest.main()
