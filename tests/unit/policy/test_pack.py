#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The built-in policies as text: they survive tools that read YAML 1.1, and say what they must."""
import glob
import importlib.util
import os
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
AREAS = {"Kubernetes Control Plane", "Kubernetes Data Plane", "Worker Nodes", "Cluster Networking",
         "Application Networking", "Kubernetes Version", "Application"}


BOOLEANS = {"exists", "every", "lost", "old", "pods"}


def documents():
    for path in sorted(glob.glob(os.path.join(ROOT, "policy/builtin/*.yaml"))):
        with open(path, encoding="utf-8") as f:
            for document in yaml.safe_load_all(f):
                yield os.path.basename(path), document


def not_text(value, where=""):
    """Keys and values that a YAML 1.1 reader (kubectl, Helm) takes for something but text."""
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                yield f"{where}: key {key!r}"
            yield from not_text(member, f"{where}.{key}")
    elif isinstance(value, list):
        for i, member in enumerate(value):
            yield from not_text(member, f"{where}[{i}]")
    elif not isinstance(value, str) and where.rpartition(".")[2] not in BOOLEANS:
        yield f"{where}: {value!r}"


class Pack(unittest.TestCase):
    def test_reads_the_same_as_yaml_1_1(self):
        for name, document in documents():
            self.assertEqual(list(not_text(document, name)), [])

    def test_policy_names_are_unique(self):
        names = [d["metadata"]["name"] for _, d in documents()]
        self.assertEqual(len(names), len(set(names)))

    def test_every_policy_names_page_and_area(self):
        for name, document in documents():
            spec = document["spec"]
            self.assertTrue(spec["docs"].endswith(".htm"), name)
            self.assertIn(spec["area"], AREAS, name)

    def test_a_denied_create_would_block_a_repair(self):
        for name, document in documents():
            for rule in document["spec"]["rules"]:
                if "notIdentities" in rule:  # those who repair are named, and may
                    continue
                if any("documents" in c for c in rule.get("when", [])):  # what is sound repairs, and passes
                    continue
                if "CREATE" in rule["operations"] and document["metadata"]["name"] != "identities":
                    self.assertTrue(rule["tier"] != "unsupported" or rule.get("action") in ("warn", "audit"),
                                    f"{name}: {rule['name']}")

    def test_commands_name_add_on_and_cluster(self):
        """A command names its add-on and cluster; $CLUSTER is the one variable the guard fills."""
        for name, document in documents():
            for rule in document["spec"]["rules"]:
                command = rule.get("remedy", {}).get("command", "")
                if command.startswith("oci ce cluster"):
                    self.assertIn("--cluster-id $CLUSTER", command, name)
                    self.assertIn("--addon-name ", command, name)


def made_by(script):
    spec = importlib.util.spec_from_file_location(script, os.path.join(ROOT, "tests/data/reviews", f"{script}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make()


class Reviews(unittest.TestCase):
    def test_siblings_are_what_siblings_py_makes(self):
        with open(os.path.join(ROOT, "tests/data/reviews/siblings.jsonl"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "".join(made_by("siblings")), "run tests/data/reviews/siblings.py")

    def test_made_files_are_what_make_py_makes(self):
        folder = os.path.join(ROOT, "tests/data/reviews")
        spec = importlib.util.spec_from_file_location("make", os.path.join(folder, "make.py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, lines in module.make().items():
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                self.assertEqual(f.read(), "".join(lines), f"{name}: run tests/data/reviews/make.py")


if __name__ == "__main__":
    unittest.main()
