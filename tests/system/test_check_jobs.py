# SPDX-License-Identifier: Apache-2.0
"""oke-guard check --jobs: files are judged at the same time, and the report is the same to the byte."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402

FORMS = ("json",) if harness.SANITIZED else ("text", "json", "sarif", "junit", "tap", "github", "gitlab")
JOBS = (("--jobs", "1"), ("--jobs", "2"), ("-j", "8"), ())
POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: {0}}}\nspec:\n  containers:\n" \
      "  - {{name: a, image: x, lifecycle: {{stopSignal: SIGUSR1}}}}\n"


def check(*argv, cwd=None, stdin=b"", status=None):
    run = subprocess.run([harness.BINARY, "check", "--kubernetes", "1.34", *argv], cwd=cwd, input=stdin, capture_output=True,
                         timeout=20 * harness.PATIENCE, check=False)
    if status is not None and run.returncode != status:
        raise AssertionError(f"{argv}: {run.returncode}: {run.stderr.decode()}")
    return run.returncode, run.stdout, run.stderr


def corpus(folder):
    """All manifests that the tests have, good and bad, and files with more in them than is kept before their turn."""
    for source in ("check", "policies"):
        shutil.copytree(harness.ROOT / "tests" / "data" / source, folder / source, symlinks=True)
    (folder / "check" / "errors" / "laughs.yaml").unlink()  # it takes ten times as long as all others
    for i in range(0, 300, 100):
        many = "---\n".join(POD.format(f"p{i}-{k}") for k in range(50 if harness.SANITIZED else 200))
        (folder / f"check-{i}.yaml").write_text(many)
        (folder / f"check-{i}-broken.yaml").write_text(many + "---\na: [\n")
        (folder / f"check-{i}-repeats.yaml").write_text("---\n".join("a: 1\na: 2\n" + POD.format(f"r{k}") for k in range(60)))
    for i in range(200):
        (folder / f"small-{i:03}.yaml").write_text(POD.format(f"s{i}") if i % 3 else "replicas: 2\n")
    (folder / "chart" / "templates").mkdir(parents=True)
    (folder / "chart" / "Chart.yaml").write_text("name: x\n")
    (folder / "chart" / "templates" / "a.yaml").write_text("{{ broken\n")
    (folder / "dangling.yaml").symlink_to("nowhere")


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.dir = pathlib.Path(cls.temporary.name)
        (cls.dir / "all").mkdir()
        corpus(cls.dir / "all")
        (cls.dir / "known.json").write_bytes(check("-o", "json", "--jobs", "1", "all/check", cwd=cls.dir)[1])

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def the_same(self, *argv, stdin=b""):
        first = check(*JOBS[0], *argv, cwd=self.dir, stdin=stdin)
        for jobs in JOBS[1:]:
            with self.subTest(argv=argv, jobs=jobs):
                # No long differences: a report has megabytes.
                status, out, err = check(*jobs, *argv, cwd=self.dir, stdin=stdin)
                self.assertEqual(status, first[0])
                self.assertEqual(err.decode().splitlines(), first[2].decode().splitlines())
                self.assertTrue(out == first[1], "the report is another one")
        return first

    def test_every_form_is_the_same(self):
        for form in FORMS:
            status, out, err = self.the_same("-o", form, "all")
            self.assertEqual(status, 2)
            self.assertGreater(len(out), 50_000 if not harness.SANITIZED else 10_000)
            self.assertIn(b"dangling.yaml: error: No such file or directory", err)
            self.assertIn(b"chart/templates: note: skipped", err)
            self.assertIn(b"there may be more", err)

    def test_what_an_upgrade_changes(self):
        self.the_same("--to", "1.37", "-o", "json", "all")

    def test_each_finding_of_the_baseline_is_taken_by_the_same(self):
        _, out, _ = self.the_same("--baseline", "known.json", "-o", "json", "all", "all/check")
        self.assertIn(b'"by":"baseline"', out)

    def test_exit_status(self):
        self.assertEqual(self.the_same("all/check/clean", "all/small-001.yaml")[0], 0)
        self.assertEqual(self.the_same("--fail-on", "warn", "all/small-001.yaml", "all/small-002.yaml")[0], 1)
        self.assertEqual(self.the_same("all/check/clean", "missing.yaml", "all/small-000.yaml")[0], 2)
        self.assertEqual(self.the_same("--skip-others", "all/small-000.yaml", "all/small-003.yaml")[0], 0)

    def test_a_stream_gives_its_bytes_to_who_names_it_first(self):
        text = "---\n".join(POD.format(f"p{i}") for i in range(500)).encode()
        for again in ("-", "/dev/stdin"):
            status, out, err = self.the_same("all/small-001.yaml", "-", again, "all/small-002.yaml", stdin=text)
            self.assertEqual((status, err.count(b"no Kubernetes object in it")), (2, 1))
            self.assertIn(b"502 objects in 4 files", out)

    def test_pipes_are_read_in_order(self):
        """One program writes both, the first one to its end before it opens the second."""
        pipes = [self.dir / "one.pipe", self.dir / "two.pipe"]
        for pipe in pipes:
            os.mkfifo(pipe)
        text = "---\n".join(POD.format(f"p{i}") for i in range(2000))

        def write():
            for pipe in pipes:
                with open(pipe, "w", encoding="utf-8") as out:
                    out.write(text)

        writer = threading.Thread(target=write)
        writer.start()
        _, out, _ = check("--jobs", "4", *map(str, pipes), status=0)
        writer.join()
        self.assertIn(b"4000 objects in 2 files", out)

    def test_an_output_that_is_full(self):
        for jobs in JOBS:
            with open("/dev/full", "wb") as full:
                run = subprocess.run([harness.BINARY, "check", "-o", "json", *jobs, self.dir / "all"], stdout=full,
                                     stderr=subprocess.PIPE, timeout=20 * harness.PATIENCE, check=False)
            self.assertEqual(run.returncode, 2)
            self.assertIn(b"cannot be written", run.stderr)

    def test_nobody_reads_the_report_any_more(self):
        for jobs in JOBS:
            child = subprocess.Popen([harness.BINARY, "check", "-o", "json", *jobs, self.dir / "all"],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            child.stdout.read(10)
            child.stdout.close()
            self.assertEqual(child.wait(timeout=20 * harness.PATIENCE), -signal.SIGPIPE)

    def test_an_interrupt_ends_it(self):
        def heed():  # whoever started the tests in the background may have them ignore it
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        for jobs in JOBS:
            child = subprocess.Popen([harness.BINARY, "check", "--kubernetes", "1.34", *jobs, "all/check/clean", "-", "all"], cwd=self.dir,
                                     stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=heed)
            child.stdin.write(POD.format("p").encode())
            child.stdin.flush()
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.wait(timeout=20 * harness.PATIENCE), -signal.SIGINT)
            child.stdin.close()

    def test_numbers_that_are_none(self):
        for number in ("0", "9", "-1", "x", ""):
            status, _, err = check("--jobs", number, "all", cwd=self.dir)
            self.assertEqual(status, 2)
            self.assertIn(b"--jobs", err)


if __name__ == "__main__":
    unittest.main()
