#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`oke-guard generate webhook-configuration`: what it prints is what an API server takes, YAML and
JSON are the same, and the chart's entries are those of the built-in policies."""
import base64
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
GUARD = ROOT / os.environ.get("BUILD", "build") / "oke-guard"
CHART = ROOT / "charts/oke-guard/files/webhooks.yaml"

# What the API server checks of names (apimachinery's validation).
LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
ENTRY = re.compile(rf"{LABEL}(\.{LABEL}){{2,}}")
CONDITION = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")


def generate(*arguments, status=0, **env):
    run = subprocess.run([GUARD, "generate", "webhook-configuration", *arguments], text=True,
                         capture_output=True, timeout=60, check=False, cwd=ROOT,
                         env={**os.environ, **env})
    assert run.returncode == status, (arguments, run.returncode, run.stderr)
    return run.stdout if status == 0 else run.stderr


class Output(unittest.TestCase):
    def test_yaml_and_json_are_the_same(self):
        self.assertEqual(yaml.safe_load(generate()), json.loads(generate("-o", "json")))
        self.assertEqual(yaml.safe_load(generate("--list"))["webhooks"],
                         json.loads(generate("--list", "-o", "json")))
        self.assertEqual(yaml.safe_load(generate("--list"))["webhooks"],
                         yaml.safe_load(generate())["webhooks"])

    def test_an_api_server_takes_it(self):
        made = yaml.safe_load(generate())
        self.assertEqual(made["apiVersion"], "admissionregistration.k8s.io/v1")
        self.assertEqual(made["kind"], "ValidatingWebhookConfiguration")
        names = [w["name"] for w in made["webhooks"]]
        self.assertEqual(len(names), len(set(names)))
        for w in made["webhooks"]:
            self.assertTrue(ENTRY.fullmatch(w["name"]) and len(w["name"]) <= 253, w["name"])
            self.assertTrue(w["rules"], w["name"])
            conditions = [c["name"] for c in w["matchConditions"]]
            self.assertEqual(len(conditions), len(set(conditions)))
            self.assertLessEqual(len(conditions), 64)
            for c in w["matchConditions"]:
                self.assertTrue(CONDITION.fullmatch(c["name"]) and len(c["name"]) <= 63)
                self.assertLess(len(c["expression"]), 100_000)
                self.assertEqual(c["expression"].count("("), c["expression"].count(")"))
            for r in w["rules"]:
                self.assertNotIn("*/*", r["resources"])
                for key in ("apiGroups", "apiVersions", "operations", "resources"):
                    self.assertEqual(len(r[key]), len(set(r[key])))
                    self.assertTrue(r[key])
            self.assertEqual(
                {k: w[k] for k in ("failurePolicy", "timeoutSeconds", "sideEffects", "matchPolicy",
                                   "admissionReviewVersions")},
                {"failurePolicy": "Ignore", "timeoutSeconds": 2, "sideEffects": "None",
                 "matchPolicy": "Equivalent", "admissionReviewVersions": ["v1"]})

    def test_where_it_is_sent(self):
        with tempfile.NamedTemporaryFile("w", suffix=".crt") as ca:
            pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
            ca.write(pem)
            ca.flush()
            made = yaml.safe_load(generate("--name", "guard", "--service", "a/b", "--port", "8443",
                                           "--ca-bundle", ca.name))
        self.assertEqual(made["metadata"], {"name": "guard"})
        for w in made["webhooks"]:
            client = w["clientConfig"]
            self.assertEqual(client["service"]["namespace"], "a")
            self.assertEqual(client["service"]["name"], "b")
            self.assertEqual(client["service"]["port"], 8443)
            self.assertEqual(base64.b64decode(client["caBundle"]).decode(), pem)
            path = {"alpha": "/validate/alpha", "alpha-keys": "/validate/alpha",
                    "support-endpoints": "/validate/support"}.get(w["name"].split(".")[0], "/validate")
            self.assertEqual(client["service"]["path"], path)
        for w in yaml.safe_load(generate())["webhooks"]:
            self.assertNotIn("caBundle", w["clientConfig"])

    def test_the_chart_has_the_built_in_policies(self):
        made = generate("--list")
        if os.environ.get("ACCEPT"):
            CHART.parent.mkdir(parents=True, exist_ok=True)
            CHART.write_text("# The entries for the built-in policies: made by `make webhooks`.\n" + made)
        self.assertEqual(yaml.safe_load(CHART.read_text()), yaml.safe_load(made),
                         "charts/oke-guard/files/webhooks.yaml is not what the policies need: "
                         "run `make webhooks`")


class Wrong(unittest.TestCase):
    def test_messages(self):
        missing = tempfile.gettempdir() + "/there-is-none.crt"
        for arguments, words in [
                (("--service", "guard"), "NAMESPACE/NAME"),
                (("--service", "a/b/c"), "NAMESPACE/NAME"),
                (("--service", "/b"), "NAMESPACE/NAME"),
                (("--ca-bundle", missing), "cannot be read"),
                (("--ca-bundle", "README.md"), "no certificate"),
                (("--port", "0"), "--port"),
                (("-o", "text"), "--output"),
                (("policies",), "one word too many"),
                (("--polic", "."), "--policy")]:
            with self.subTest(arguments=arguments):
                if words == "--policy":
                    generate(*arguments)  # a prefix will do
                else:
                    self.assertIn(words, generate(*arguments, status=2))

    def test_words(self):
        for words, said in [(["webhook-config"], "did you mean 'webhook-configuration'?"),
                            ([], "name a command: webhook-configuration"), (["vap"], "there is no command 'vap'")]:
            run = subprocess.run([GUARD, "generate", *words], capture_output=True, text=True,
                                 timeout=60, check=False)
            self.assertEqual(run.returncode, 2)
            self.assertIn(said, run.stderr)
        for words in (["--help"], ["webhook-configuration", "--help"]):
            run = subprocess.run([GUARD, "generate", *words], capture_output=True, text=True,
                                 timeout=60, check=True)
            self.assertIn("Usage: oke-guard generate ", run.stdout)


if __name__ == "__main__":
    unittest.main()
