#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas and the loader judge the same documents the same way.

The documents of tests/data/policies, and each good one with every value in turn replaced by
something else, with a key added, with a key left out. What the schema refuses the
loader must refuse. What the loader refuses the schema must refuse too, unless it is
of what a schema cannot say (MEANING).
"""
import copy
import glob
import json
import os
import re
import subprocess
import tempfile
import unittest

import jsonschema
import yaml

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../..")
PROGRAM = os.path.join(TOP, os.environ.get("BUILD", "build"), "oke-guard")
POLICIES = os.path.join(TOP, "tests/data/policies")

# Texts that another reader of YAML takes for something else; none may be a key or a word.
YAML_1_1 = re.compile(
    r"^(|~|null|y|yes|n|no|true|false|on|off|=|<<|[-+.]?[0-9][0-9_.:]*([eE][-+]?[0-9]+)?|0[xob].*"
    r"|[-+]?\.inf|\.nan)$", re.I)

# What the loader says of documents that a schema cannot refuse.
MEANING = re.compile(
    r"is no path|is true, or is left out|looks at both objects"
    r"|\$.* is known in \"when\"|a rule is named POLICY/RULE"
    # sets, rules and objects that exist; rules that can fit
    r"|which the configuration does not have|none of the policy's|never fits"
    r"|has the name of|\"\*\" as group or resource|with the name|there is no|has no rule"
    r"|which is not known|\$problem is what a condition|expires before|lasts longer|does nothing"
    # objects, add-ons, built-in policies that there are; who is meant by a pattern
    r"|there is no API group|the core group is written|there are no |no object of .* can be called"
    r"|OKE has no add-on|add-on .* has no argument|addons\..* must be"
    r"|\"replaces\" needs|may not be replaced|\"reason\" says why|no built-in policy"
    r"|means everybody|takes in a part of|is a part of the control plane"
    # a day that the month does not have
    r"|must be a time")


def run(*arguments):
    return subprocess.run([PROGRAM, "policy", *arguments], capture_output=True, text=True,
                          check=False)


def schemas():
    kinds = run("schema").stdout.split()
    return {kind: json.loads(run("schema", kind).stdout) for kind in kinds}


SCHEMAS = schemas()
VALIDATORS = {kind: jsonschema.Draft202012Validator(s) for kind, s in SCHEMAS.items()}


def schema_takes(document):
    """An editor picks the schema by the kind; no kind that is known is no document."""
    kind = document.get("kind") if isinstance(document, dict) else None
    return kind in VALIDATORS and VALIDATORS[kind].is_valid(document)


def loader_says(path, *options):
    r = run("lint", *options, path)
    if r.returncode not in (0, 1):
        raise AssertionError(f"status {r.returncode}: {r.stderr}")
    return r.stdout.splitlines()[:-1]


def builtin_of(path):
    with open(path, encoding="utf-8") as f:
        return [] if f.readline().startswith("# with the built-in") else ["--no-builtin"]


def files(folder):
    found = [p for p in sorted(glob.glob(f"{POLICIES}/{folder}/*")) if not p.endswith(".want")]
    assert len(found) > 1, folder
    return found


def load(path):
    with open(path, encoding="utf-8") as f:
        return [json.load(f)] if path.endswith(".json") else list(yaml.safe_load_all(f))


# ---- variants of a document

OTHERS = [None, True, 7, "", "a b", "x" * 2000, "\x1b", "$x", "*", "yes", [], ["a b"], ["x", "x"], {},
          {"strange": "x"}]


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, path + (key,))


def holder(document, path):
    for key in path[:-1]:
        document = document[key]
    return document


def variants(document):
    for path in places(document):
        if not path or path[0] in ("apiVersion", "kind"):
            continue
        for other in OTHERS:
            v = copy.deepcopy(document)
            if holder(v, path)[path[-1]] != other:
                holder(v, path)[path[-1]] = copy.deepcopy(other)
                yield f"{path} = {other!r:.40}", v
        v = copy.deepcopy(document)
        del holder(v, path)[path[-1]]
        yield f"{path} left out", v
        inner = holder(document, path)[path[-1]]
        if isinstance(inner, dict):
            v = copy.deepcopy(document)
            holder(v, path)[path[-1]]["strange key"] = "x"
            yield f"{path} with a strange key", v


class Documents(unittest.TestCase):
    def test_good(self):
        for path in files("good"):
            with self.subTest(path):
                self.assertEqual([], loader_says(path, *builtin_of(path)))
                for document in load(path):
                    kind = document["kind"]
                    self.assertEqual([], [e.message for e in VALIDATORS[kind].iter_errors(document)])

    def test_bad(self):
        """Each document of a file: the loader says something of its lines."""
        for path in files("bad"):
            with open(path, encoding="utf-8") as f:
                text = f.read()
            lines = [int(re.match(r".*?:(\d+):\d+: ", m).group(1))
                     for m in loader_says(path, *builtin_of(path))]
            first = 1
            for part in text.split("---\n"):
                last = first + part.count("\n")
                with self.subTest(path, line=first):
                    self.assertTrue(any(first <= line <= last for line in lines))
                    self.assertFalse(schema_takes(yaml.safe_load(part)))
                first = last + 1

    def test_bad_meaning(self):
        for path in files("bad-meaning"):
            with self.subTest(path):
                self.assertNotEqual([], loader_says(path, *builtin_of(path)))


class Variants(unittest.TestCase):
    maxDiff = None

    """Written as JSON, which the loader reads as YAML: quotes are as the value has them."""

    def judge(self, named):
        """All in one folder, in one run."""
        with tempfile.TemporaryDirectory() as folder:
            said = {}
            for i, (_, document) in enumerate(named):
                path = os.path.join(folder, f"{i:06}.json")
                said[path] = []
                with open(path, "w", encoding="utf-8") as f:
                    json.dump(document, f)
            broken = os.path.join(folder, "zzzzzz.json")
            with open(broken, "w", encoding="utf-8") as f:
                f.write("[")  # so that names that repeat are not looked at
            for line in loader_says(folder, "--no-builtin"):
                if not line.startswith(broken) and "a second GuardConfig" not in line:
                    if not line.startswith("warning: "):  # the document is taken all the same
                        said[line.split(":", 1)[0]].append(line)
            return list(said.values())

    def disagreements(self, path):
        for document in load(path):
            kind = document["kind"]
            named = list(variants(document))
            self.assertGreater(len(named), 10)
            for start in range(0, len(named), 1000):
                part = named[start:start + 1000]
                for (what, variant), said in zip(part, self.judge(part)):
                    errors = [s for s in said if not s.startswith("warning: ")]
                    takes = schema_takes(variant)
                    if not takes and not errors:
                        why = [e.message for e in VALIDATORS[kind].iter_errors(variant)]
                        yield f"{what}: the schema alone refuses: {why!s:.300}"
                    if takes and [e for e in errors if not MEANING.search(e)]:
                        yield f"{what}: the loader alone refuses: {errors}"

    def test_variants(self):
        for path in files("good"):
            with self.subTest(path):
                self.assertEqual([], list(self.disagreements(path)))


class Words(unittest.TestCase):
    """kubectl and Helm rewrite what YAML 1.1 reads as a boolean: `on:` becomes "true":."""

    def words(self, schema):
        if isinstance(schema, list):
            for s in schema:
                yield from self.words(s)
        elif isinstance(schema, dict):
            yield from schema.get("properties", {})
            yield from schema.get("enum", [])
            yield from [schema["const"]] if "const" in schema else []
            for key, s in schema.items():
                if key not in ("enum", "const", "required"):
                    yield from self.words(list(s.values()) if key in ("properties", "$defs") else s)

    def test_no_word_means_something_else(self):
        for kind, schema in SCHEMAS.items():
            words = set(self.words(schema)) - {""}  # no subresource; always in quotes
            self.assertGreater(len(words), 10)
            for word in words:
                with self.subTest(kind, word=word):
                    self.assertIs(type(word), str)
                    self.assertIsNone(YAML_1_1.match(word))
                    self.assertEqual(word, yaml.safe_load(word))

    def test_schemas_are_schemas(self):
        self.assertEqual({"SupportPolicy", "GuardConfig", "SupportException"}, set(SCHEMAS))
        for schema in SCHEMAS.values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_schemas_teach(self):
        def bare(schema, path=""):
            for key, s in schema.get("properties", {}).items():
                if "description" not in s and "$ref" not in s:
                    yield f"{path}.{key}"
                yield from bare(s, f"{path}.{key}")
            if isinstance(schema.get("items"), dict):
                yield from bare(schema["items"], path + "[]")
            for key, s in schema.get("$defs", {}).items():
                yield from bare(s, f"{path}#{key}")

        for kind, schema in SCHEMAS.items():
            self.assertEqual([], list(bare(schema)), kind)


if __name__ == "__main__":
    unittest.main()
