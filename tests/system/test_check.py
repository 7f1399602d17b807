# SPDX-License-Identifier: Apache-2.0
"""oke-guard check: folders of manifests and what is said of them, in every form.

A folder of tests/data/check is a case: `args`, the manifests, `stdin` where it reads that, and
want.txt, want.json, want.sarif, want.xml, want.tap, want.github, want.gitlab, want.err with the exit status in want.status.
ACCEPT=1 writes what is wanted anew; look at the difference.
"""

import json
import os
import pathlib
import resource
import shlex
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

import jsonschema

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402

CASES = harness.ROOT / "tests" / "data" / "check"
FORMS = {"text": "want.txt", "json": "want.json", "sarif": "want.sarif", "junit": "want.xml",
         "tap": "want.tap", "github": "want.github", "gitlab": "want.gitlab"}
NAMES = sorted(p.parent.name for p in CASES.glob("*/args"))
SCHEMA = json.loads((harness.ROOT / "docs" / "check.schema.json").read_text())


def check(*argv, cwd=None, stdin=b""):
    return subprocess.run([harness.BINARY, "check", *argv], cwd=cwd, input=stdin, capture_output=True,
                          timeout=120, check=False)


def run_case(name, form):
    folder = CASES / name
    stdin = folder / "stdin"
    return check("-o", form, *shlex.split((folder / "args").read_text()), cwd=folder,
                 stdin=stdin.read_bytes() if stdin.exists() else b"")


class Golden(unittest.TestCase):
    maxDiff = None

    def held(self, path, got):
        if os.environ.get("ACCEPT"):
            path.write_text(got)
        self.assertEqual(path.read_text(), got, path)

    def test_cases(self):
        self.assertGreater(len(NAMES), 5)
        for name in NAMES:
            for form, want in FORMS.items():
                with self.subTest(case=name, form=form):
                    run = run_case(name, form)
                    self.held(CASES / name / want, run.stdout.decode("ascii"))
                    self.held(CASES / name / "want.status", f"{run.returncode}\n")
                    self.held(CASES / name / "want.err", run.stderr.decode("ascii"))

    def test_json_is_as_its_schema_says(self):
        seen = 0
        for name in NAMES:
            with self.subTest(case=name):
                report = json.loads(run_case(name, "json").stdout)
                jsonschema.validate(report, SCHEMA, jsonschema.Draft202012Validator)
                seen += len(report["findings"])
                for f in report["findings"]:
                    self.assertGreaterEqual(f["line"], 1)
        self.assertGreater(seen, 10)

    def test_the_schema_refuses(self):
        report = json.loads(run_case("alpha", "json").stdout)
        report["findings"][0]["surprise"] = 1
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate(report, SCHEMA, jsonschema.Draft202012Validator)

    def test_sarif(self):
        for name in NAMES:
            with self.subTest(case=name):
                log = json.loads(run_case(name, "sarif").stdout)
                self.assertEqual(log["version"], "2.1.0")
                run = log["runs"][0]
                rules = {r["id"] for r in run["tool"]["driver"]["rules"]}
                for r in run["results"]:
                    self.assertIn(r["ruleId"], rules)
                    self.assertIn(r["level"], ("error", "warning", "note"))
                    place = r["locations"][0]["physicalLocation"]
                    self.assertRegex(place["artifactLocation"]["uri"], r"^[A-Za-z0-9._~/%-]+$")
                    self.assertGreaterEqual(place["region"]["startLine"], 1)

    def test_junit_counts_what_it_holds(self):
        for name in NAMES:
            with self.subTest(case=name):
                run = run_case(name, "junit")
                suite = xml.etree.ElementTree.fromstring(run.stdout).find("testsuite")
                for tag, count in (("testcase", "tests"), ("failure", "failures"), ("error", "errors")):
                    self.assertEqual(len(list(suite.iter(tag))), int(suite.get(count)), tag)
                self.assertEqual(run.returncode == 2, int(suite.get("errors")) > 0)
                self.assertEqual(run.returncode == 1, int(suite.get("failures")) > 0 and run.returncode != 2)


class Bounds(unittest.TestCase):
    def test_a_long_stream_takes_little_memory(self):
        document = (CASES / "clean" / "app.yaml").read_text() + "# padding " * 800 + "\n"
        with tempfile.TemporaryFile() as out:
            child = subprocess.Popen([harness.BINARY, "check", "--kubernetes", "1.34", "-o", "json", "-"],
                                     stdin=subprocess.PIPE, stdout=out)
            self.addCleanup(child.kill)
            sent = 0
            while sent < 20 * harness.MIB:
                sent += child.stdin.write(f"---\n{document}".encode())
            child.stdin.flush()
            status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
            child.stdin.close()
            child.wait(timeout=harness.PATIENCE * 6)
            out.seek(0)
            report = json.load(out)
        self.assertEqual(child.returncode, 0)
        self.assertGreater(report["summary"]["objects"], 1000)
        self.assertEqual(report["summary"]["warn"], 2 * report["summary"]["objects"])
        if not harness.SANITIZED:
            peak = int(status.split("VmHWM:")[1].split()[0])
            self.assertLess(peak, 64 * 1024, "KiB")

    def test_a_billion_laughs_are_refused_at_once(self):
        start = time.monotonic()
        run = check(CASES / "errors" / "laughs.yaml")
        self.assertLess(time.monotonic() - start, harness.PATIENCE)
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"aliases", run.stderr)

    def test_twice_the_findings_take_twice_the_time(self):
        """The line of each is looked up; once, 8,000 took 19 s."""
        def seconds(n):
            pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n" + "".join(
                f"  - {{name: c{i}, image: x, lifecycle: {{stopSignal: SIGUSR1}}}}\n" for i in range(n))
            took = []
            for _ in range(3):
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                done = check("-", stdin=pod.encode())
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                took.append(after.ru_utime - before.ru_utime)
                self.assertIn(f"{n} warned".encode(), done.stdout[-200:])
            return min(took)

        self.assertLess(seconds(16_000), 2.5 * seconds(8_000) + 0.05)

    def test_a_document_that_never_ends(self):
        for head in (b"apiVersion: v1\nkind: X\na: [\n", b'{"a": [\n'):
            run = check("-", stdin=head + (b'"' + b"x" * 1000 + b'",\n') * (33 * harness.MIB // 1000))
            self.assertEqual(run.returncode, 2, head)
            self.assertIn(b"larger than", run.stderr)


class Usage(unittest.TestCase):
    def refused(self, *argv, stdin=b""):
        run = check(*argv, stdin=stdin)
        self.assertEqual(run.returncode, 2, run.stderr)
        return run.stderr.decode()

    def test_wrong_words(self):
        self.assertIn("name a file", self.refused())
        self.assertIn("is no version", self.refused("--kubernetes", "latest", "x.yaml"))
        self.assertIn("not later", self.refused("--kubernetes", "1.36", "--to", "1.35", "x.yaml"))
        self.assertIn("sarif", self.refused("-o", "csv", "x.yaml"))

    def test_nothing_to_check_is_an_error(self):
        self.assertIn("stdin: error: no Kubernetes object", self.refused("-"))
        self.assertIn("no Kubernetes object", self.refused("-", stdin=b"a: b\n"))
        with tempfile.TemporaryDirectory() as empty:
            self.assertIn("no file in it holds", self.refused(empty))
            (pathlib.Path(empty) / "values.yaml").write_text("a: b\n")
            self.assertIn("no file in it holds", self.refused(empty))

    def test_a_newer_version_is_the_newest_known(self):
        run = check("--kubernetes", "1.99", CASES / "clean" / "app.yaml")
        self.assertEqual(run.returncode, 0)
        self.assertIn(b"newer than what is known", run.stderr)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            run = subprocess.run([harness.BINARY, "check", CASES / "clean" / "app.yaml"], stdout=full,
                                 stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"cannot be written", run.stderr)

    def test_help_names_every_option(self):
        run = check("--help")
        self.assertEqual(run.returncode, 0)
        for word in (b"--kubernetes", b"--to", b"--fail-on", b"--namespace", b"helm template", b"Exit status"):
            self.assertIn(word, run.stdout)


if __name__ == "__main__":
    unittest.main()
