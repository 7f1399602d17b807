# SPDX-License-Identifier: Apache-2.0
"""oke-guard check in CI: what GitHub, GitLab and readers of TAP take; what is known already, what is ignored."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402

CASES = harness.ROOT / "tests" / "data" / "check"
POD = """apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop{annotations}}}
spec: {{containers: [{{name: app, image: a, lifecycle: {{stopSignal: SIGUSR1}}}}]}}
"""
GATE = "ContainerStopSignals"


def pod(name, ignore=None):
    return POD.format(name=name, annotations="" if ignore is None else
                      f", annotations: {{oke-guard.internal/check-ignore: {json.dumps(ignore)}}}")


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def check(self, *argv, status, **files):
        for name, text in files.items():
            (self.dir / f"{name}.yaml").write_text(text, encoding="utf-8")
        done = subprocess.run([harness.BINARY, "check", "--kubernetes", "1.34", "--now", "2026-11-30T12:00:00Z", *argv],
                              cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.said = done.stderr
        return done.stdout

    def config(self, action="deny"):
        (self.dir / "config").mkdir(exist_ok=True)
        (self.dir / "config" / "guard.yaml").write_text(
            "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: default}\n"
            f"spec: {{overrides: [{{rule: alpha/fields, action: {action}}}]}}\n", encoding="utf-8")
        return "--config", "config/guard.yaml"


class Sarif(Case):
    def results(self, *argv, **files):
        run = json.loads(self.check("-o", "sarif", *argv, **files))["runs"][0]
        return run, run["results"]

    def test_rules_say_what_github_asks_for(self):
        """shortDescription, fullDescription, help, within 1,024 characters; a level; at most 20 tags."""
        seen = set()
        for case in sorted(p.parent for p in CASES.glob("*/args")):
            for rule in json.loads((case / "want.sarif").read_text())["runs"][0]["tool"]["driver"]["rules"]:
                seen.add(rule["id"])
                with self.subTest(rule["id"], case=case.name):
                    for member in ("shortDescription", "fullDescription"):
                        self.assertTrue(0 < len(rule[member]["text"]) <= 1024)
                    self.assertGreater(len(rule["help"]["text"]), 60)
                    self.assertIn(rule["defaultConfiguration"]["level"], ("error", "warning", "note"))
                    self.assertIn(rule["properties"]["problem.severity"], ("error", "warning", "recommendation"))
                    self.assertLessEqual(len(rule["properties"]["tags"]), 10)
        self.assertTrue({"alpha/fields", "coredns/created", "preflight/removed"} <= seen, seen)

    def test_a_fingerprint_stays_while_lines_move(self):
        def prints(text):
            _, results = self.results("a.yaml", status=0, a=text)
            return {(r["properties"]["name"], r["properties"]["path"]): r["partialFingerprints"]["primaryLocationLineHash"]
                    for r in results}
        before = prints(pod("one") + "---\n" + pod("two"))
        after = prints("# a comment\n" + pod("new") + "---\n\n" + pod("two") + "---\n" + pod("one"))
        self.assertEqual(len(set(after.values())), 3)
        for key, value in before.items():
            self.assertRegex(value, "^[0-9a-f]{16}$")
            self.assertEqual(after[key], value)

    def test_github_takes_so_many(self):
        over = 40
        text = "---\n".join(pod(f"p{i}") for i in range(25000 + over))
        run, results = self.results("a.yaml", status=0, a=text)
        self.assertEqual(len(results), 25000)
        says = f"{over} findings are left out, of the lowest level: GitHub takes 25000 results"
        self.assertIn(f"note: {says}\n", self.said)
        self.assertEqual(says, run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"])

    def test_the_worst_come_first(self):
        log = json.loads((CASES / "preflight" / "want.sarif").read_text())
        levels = [r["level"] for r in log["runs"][0]["results"]]
        self.assertEqual(levels, sorted(levels, key=("error", "warning", "note").index))
        self.assertEqual(set(levels), {"error", "warning", "note"})

    def test_what_is_excused_is_suppressed(self):
        _, results = self.results("a.yaml", status=0, a=pod("one", "alpha/fields until 2026-12-01: soon"))
        self.assertEqual([r["suppressions"] for r in results], [[{"kind": "inSource", "justification": "soon"}]])


class Github(Case):
    def test_ten_of_each_are_annotations_and_a_line_says_so(self):
        text = "---\n".join(pod(f"p{i}") for i in range(13))
        out = self.check("-o", "github", *self.config("warn"), "a.yaml", status=0, a=text).splitlines()
        self.assertEqual(len([line for line in out if line.startswith("::warning file=a.yaml,line=")]), 10)
        self.assertEqual(len([line for line in out if line.startswith("warning: a.yaml:")]), 3)
        self.assertIn("0 errors, 3 warnings and 0 notices stand above without an annotation: GitHub takes 10 of each in a step", out)
        self.assertRegex(out[-1], "^13 objects in 1 file, ")
        few = self.check("-o", "github", "a.yaml", status=0, a=pod("one"))
        self.assertNotIn("without an annotation", few)

    def test_nothing_of_a_manifest_is_a_command(self):
        """Names and paths are hostile: they neither end a command nor begin one."""
        name = "x%0A::set-output name=a::b,file=/etc/passwd##[debug]y"
        manifests = "---\n".join(pod(json.dumps(f"{name}{i}\n::error::gotcha")) for i in range(12))
        out = self.check("-o", "github", "a,title=x:y.yaml", status=0, **{"a,title=x:y": manifests})
        for line in out.splitlines():
            self.assertTrue(re.match(r"::warning file=a%2Ctitle=x%3Ay\.yaml,line=\d+,title=alpha/fields::", line) or
                            re.match(r"(warning: |\d+ (objects|errors))", line), line)
            if line.startswith("::"):
                self.assertNotIn("%0A::", line)
            else:
                self.assertNotIn("##[", line)

    def test_what_cannot_be_read_is_an_error(self):
        out = self.check("-o", "github", "a.yaml", status=2, a="a: [\n")
        self.assertRegex(out, r"(?m)^::error file=a\.yaml,(line=\d+,)?title=oke-guard check::")


class Gitlab(Case):
    def test_every_issue_has_what_gitlab_reads(self):
        seen = set()
        for case in sorted(p.parent for p in CASES.glob("*/args")):
            issues = json.loads((case / "want.gitlab").read_text())
            for issue in issues:
                with self.subTest(case=case.name, issue=issue["check_name"]):
                    self.assertEqual(set(issue), {"description", "check_name", "fingerprint", "severity", "location"})
                    self.assertIn(issue["severity"], ("info", "minor", "major", "critical", "blocker"))
                    self.assertFalse(issue["location"]["path"].startswith("./"))
                    self.assertGreaterEqual(issue["location"]["lines"]["begin"], 1)
                    seen.add(issue["severity"])
        self.assertEqual(seen, {"info", "minor", "critical", "blocker"})

    def test_two_files_are_two_issues(self):
        issues = json.loads(self.check("-o", "gitlab", "./a.yaml", "b.yaml", status=0, a=pod("x"), b=pod("x")))
        self.assertEqual([i["location"]["path"] for i in issues], ["a.yaml", "b.yaml"])
        self.assertEqual(len({i["fingerprint"] for i in issues}), 2)


class Tap(Case):
    def test_a_reader_of_tap_agrees(self):
        """Perl's own: `prove`. It fails where check does."""
        for case in sorted(p.parent for p in CASES.glob("*/args")):
            with self.subTest(case=case.name):
                read = subprocess.run(["prove", "--exec", "cat", case / "want.tap"], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
                status = int((case / "want.status").read_text())
                self.assertEqual(read.returncode != 0, status != 0, read.stdout)
                self.assertNotIn("Parse errors", read.stdout)

    def test_what_stands_below_a_point_is_yaml(self):
        import yaml  # pylint: disable=import-outside-toplevel
        out = self.check("-o", "tap", "--fail-on", "warn", "a.yaml", status=1, a=pod("x") + "---\n" + pod("'# SKIP \\ y'"))
        blocks = re.findall(r"(?s)\n  ---\n(.*?)  \.\.\.\n", out)
        self.assertEqual(len(blocks), 2)
        for block in blocks:
            for finding in yaml.safe_load(block)["findings"]:
                self.assertEqual(finding["rule"], "alpha/fields")
        self.assertIn(r"shop/\# SKIP \\ y", out)


class Baseline(Case):
    def known(self, *argv, text):
        report = self.check("-o", "json", *argv, "a.yaml", status=0 if not argv else 1, a=text)
        (self.dir / "known").write_text(report, encoding="utf-8")
        return "--baseline", "known"

    def test_what_is_known_does_not_count_wherever_it_stands(self):
        deny = self.config()
        known = self.known(*deny, text=pod("one") + "---\n" + pod("two"))
        moved = "# moved\n" + pod("two") + "---\n" + pod("one")
        out = self.check(*deny, *known, "b.yaml", status=0, b=moved)
        self.assertIn("2 known to the baseline, 0 of it gone", out)
        self.assertNotIn("[alpha/fields]", out)
        out = self.check(*deny, *known, "b.yaml", status=1, b=moved + "---\n" + pod("three"))
        self.assertEqual(out.count("[alpha/fields]"), 1)

    def test_a_copy_is_new(self):
        deny = self.config()
        known = self.known(*deny, text=pod("one"))
        out = self.check(*deny, *known, "b.yaml", status=1, b=pod("one") + "---\n" + pod("one"))
        self.assertIn("1 denied", out)

    def test_what_was_a_warning_and_is_denied_is_new(self):
        known = self.known(text=pod("one"))
        self.check("--fail-on", "warn", *known, "a.yaml", status=0)
        self.check(*self.config(), *known, "a.yaml", status=1)

    def test_a_report_made_with_a_baseline_is_the_next(self):
        deny = self.config()
        known = self.known(*deny, text=pod("one"))
        (self.dir / "next").write_text(
            self.check("-o", "json", *deny, *known, "b.yaml", status=1, b=pod("one") + "---\n" + pod("two")), encoding="utf-8")
        self.assertIn("2 known", self.check(*deny, "--baseline", "next", "b.yaml", status=0))

    def test_what_is_no_report(self):
        (self.dir / "a.yaml").write_text(pod("one"), encoding="utf-8")
        for text, says in (("", "byte 0"), ("{", "byte 1"), ("[]", "no report of `oke-guard check -o json`"),
                           ('{"findings": []}', "no report of"), ('{"findings": {}, "summary": {"kubernetes": "1.36"}}', "no report")):
            (self.dir / "bad").write_text(text, encoding="utf-8")
            self.check("--baseline", "bad", "a.yaml", status=2)
            self.assertIn(says, self.said)
            self.assertIn("bad", self.said)
        self.check("--baseline", "missing", "a.yaml", status=2)
        self.assertIn("--baseline: missing: No such file or directory", self.said)

    def test_twice_the_report_takes_twice_the_work(self):
        import time  # pylint: disable=import-outside-toplevel
        (self.dir / "one.yaml").write_text(pod("one"), encoding="utf-8")

        def seconds(n):
            finding = {"policy": "alpha", "rule": "fields", "path": "x", "gate": "", "action": "deny",
                       "object": {"apiVersion": "v1", "kind": "Pod", "namespace": "a", "name": "same"}}
            (self.dir / "big").write_text(json.dumps({"findings": [finding] * n, "summary": {"kubernetes": "1.34"}}), encoding="utf-8")
            best = 1e9
            for _ in range(3):
                start = time.process_time() + sum(os.times()[2:4])
                self.check("--baseline", "big", "one.yaml", status=0)
                best = min(best, time.process_time() + sum(os.times()[2:4]) - start)
            return best

        if harness.SANITIZED:
            self.assertGreater(seconds(1000), 0)
            return
        small, large = seconds(50000), seconds(100000)
        self.assertLess(large, 3.5 * small + 0.2)


class Ignored(Case):
    def test_ends_at_the_end_of_its_day(self):
        deny = self.config()
        for now, status in (("2026-12-01T23:59:59Z", 0), ("2026-12-02T00:00:00Z", 1)):
            self.check("--now", now, *deny, "a.yaml", status=status, a=pod("x", "alpha/fields until 2026-12-01: soon"))

    def test_json_says_why(self):
        report = json.loads(self.check("-o", "json", "a.yaml", status=0, a=pod("x", f"alpha/fields {GATE} until 2026-12-01: it's \"soon\"")))
        self.assertEqual([f["excused"] for f in report["findings"]],
                         [{"by": "manifest", "until": "2026-12-01", "reason": 'it\'s "soon"'}])
        self.assertEqual((report["summary"]["warn"], report["summary"]["ignored"]), (0, 1))

    def test_the_webhook_does_not_look(self):
        """It is for reviews of code: in the cluster, exceptions are made by who may write them."""
        review = json.loads((harness.ROOT / "tests/data/reviews/example.json").read_text())
        review["request"]["object"]["metadata"].setdefault("annotations", {})["oke-guard.internal/check-ignore"] = "*"
        plain = subprocess.run([harness.BINARY, "review", "-o", "json", "tests/data/reviews/example.json"], cwd=harness.ROOT,
                               stdout=subprocess.PIPE, check=False, timeout=60)
        asked = subprocess.run([harness.BINARY, "review", "-o", "json", "-"], cwd=harness.ROOT, input=json.dumps(review).encode(),
                               stdout=subprocess.PIPE, check=False, timeout=60)
        self.assertEqual(json.loads(plain.stdout)["response"]["allowed"], json.loads(asked.stdout)["response"]["allowed"])
        self.assertFalse(json.loads(asked.stdout)["response"]["allowed"])

    def test_more_lines_than_there_are_rules(self):
        many = "\n".join(["alpha/fields until 2026-12-01: soon"] * 65)
        self.check("a.yaml", status=2, a=pod("x", many))
        self.assertIn("there are more than 64 lines", self.said)

    def test_a_line_that_ignores_nothing(self):
        """It is left behind, or misspelt: in its policy, its rule or its gate. All are told, none counts."""
        for line, words in (
                ("alpha/versions until 2027-01-31: x", "alpha/versions, which is not found here; remove the line"),
                ("alpha/fields HPAScaleToZero until 2027-01-31: x", "alpha/fields HPAScaleToZero, which is not found here; remove the line"),
                ("alpha/feilds until 2027-01-31: x", "alpha/feilds: alpha has no such rule; did you mean fields"),
                ("alpha/ until 2027-01-31: x", "alpha/: alpha has no such rule"),
                ("alhpa/fields until 2027-01-31: x", "alhpa/fields: no policy of that name is loaded; did you mean alpha"),
                ("acme-widgets/fields until 2027-01-31: x", "acme-widgets/fields: no policy of that name is loaded, see --policy"),
                ("preflight/remvoed until 2027-01-31: x", None),
                ("/ until 2027-01-31: x", "/: no policy of that name is loaded, see --policy")):
            with self.subTest(line):
                self.check("a.yaml", status=0, a=pod("one", line))
                expected = words and f"a.yaml:3: note: annotation oke-guard.internal/check-ignore ignores {words}\n"
                self.assertEqual(self.said, expected or "")
        self.check("--to", "1.36", "a.yaml", status=0, a=pod("one", "preflight/remvoed until 2027-01-31: x"))
        self.assertIn("ignores preflight/remvoed: preflight has no such rule; did you mean removed\n", self.said)
        self.check("--to", "1.36", "a.yaml", status=0, a=pod("one", "preflight/removed until 2027-01-31: x"))
        self.assertIn("ignores preflight/removed, which is not found here; remove the line\n", self.said)

    def test_not_a_text(self):
        self.check("a.yaml", status=2, a=pod("x").replace("namespace: shop", "namespace: shop, annotations: {oke-guard.internal/check-ignore: [a]}"))
        self.assertIn("it is no text", self.said)


class Others(Case):
    def test_a_list_of_files_that_somebody_else_makes(self):
        values = "replicas: 2\n"
        self.check("values.yaml", status=2, values=values)
        self.assertIn("no Kubernetes object in it", self.said)
        self.assertIn("1 skipped", self.check("--skip-others", "values.yaml", status=0, values=values))
        out = self.check("--skip-others", "--fail-on", "warn", "values.yaml", "a.yaml", status=1, a=pod("x"))
        self.assertIn("1 object in 1 file, Kubernetes 1.34: 0 denied, 1 warned; 1 skipped", out)
        # What cannot be read, or is not there, is an error as ever; so is an empty standard input.
        self.check("--skip-others", "b.yaml", status=2, b="a: [\n")
        self.check("--skip-others", "missing.yaml", status=2)
        self.check("--skip-others", "-", status=2)


if __name__ == "__main__":
    unittest.main()
