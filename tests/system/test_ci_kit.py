# SPDX-License-Identifier: Apache-2.0
"""ci/: one script, run as each system would run it, with what the system would hand over.

ACCEPT=1 puts ci/check.sh into gitlab.yml and tekton.yaml.
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

import yaml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402

KIT = harness.ROOT / "ci"
SCRIPT = (KIT / "check.sh").read_text(encoding="utf-8")
BAD = ("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
       "spec: {containers: [{name: a, image: b, lifecycle: {stopSignal: SIGUSR1}}]}\n")
DENY = ("apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: default}\n"
        "spec: {overrides: [{rule: alpha/fields, action: deny}]}\n")


def embedded(name, indent, text):
    """The file with `text` where its script stands, after `|`."""
    page = (KIT / name).read_text(encoding="utf-8")
    block = "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in text.rstrip("\n").split("\n"))
    return re.sub(rf"(?m)(\|\n)(?: {{{indent}}}.*\n|\n)+", lambda m: m[1] + block, page, count=1)


class Kit(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        (self.dir / "manifests").mkdir()
        (self.dir / "manifests" / "pod.yaml").write_text(BAD, encoding="utf-8")
        (self.dir / "guard.yaml").write_text(DENY, encoding="utf-8")

    def run_as(self, command, typed=None, **env):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OKE_GUARD_", "GITHUB_"))}
        return subprocess.run(command, cwd=self.dir, env=clean | env, input=typed, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120, check=False)

    def script(self, status, shell="sh", **settings):
        env = {"PROGRAM": str(harness.BINARY), "KUBERNETES": "1.34", "PATHS": "manifests"} | settings
        done = self.run_as([shell, KIT / "check.sh"], **{f"OKE_GUARD_{k}": v for k, v in env.items()})
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout


class Script(Kit):
    def test_settings(self):
        for shell in ("dash", "bash"):
            with self.subTest(shell):
                self.assertIn("1 warned", self.script(0, shell))
                self.script(1, shell, FAIL_ON="warn")
                self.script(1, shell, CONFIG="guard.yaml")
                self.assertIn("1 denied", self.script(0, shell, CONFIG="guard.yaml", FAIL_ON="never"))
                self.assertIn("::warning file=manifests/pod.yaml", self.script(0, shell, OUTPUT="github"))
                self.assertIn("on the way to 1.37", self.script(0, shell, TO="1.37"))
                self.assertIn("Kubernetes 1.35", self.script(0, shell, KUBERNETES="1.35"))

    def test_empty_says_nothing(self):
        self.script(0, TO="", FAIL_ON="", BASELINE="", CONFIG="", POLICY="", OUTPUT="", REPORTS="", ARCHIVE="", SHA256="")
        self.assertIn("2 objects in 2 files", self.script(0, PATHS=""))

    def test_reports(self):
        self.script(1, CONFIG="guard.yaml", REPORTS="sarif=a.sarif\njunit=b c.xml\njson=known.json\ngitlab=q.json")
        self.assertEqual(json.loads((self.dir / "a.sarif").read_text())["version"], "2.1.0")
        self.assertIn("<testsuites>", (self.dir / "b c.xml").read_text())
        self.assertEqual(json.loads((self.dir / "q.json").read_text())[0]["check_name"], "alpha/fields")
        self.assertIn("1 known to the baseline", self.script(0, CONFIG="guard.yaml", BASELINE="known.json"))
        self.assertIn("write FORM=FILE", self.script(2, REPORTS="sarif"))
        self.assertIn("--output expects one of", self.script(2, REPORTS="xml=x"))
        self.assertFalse((self.dir / "x").exists())
        self.assertIn("no/such/folder/x cannot be written", self.script(2, REPORTS="sarif=no/such/folder/x"))

    def test_paths_are_paths(self):
        for name in ("with a blank.yaml", "-o.yaml", "$(touch hit).yaml", "*.yaml"):
            (self.dir / name).write_text(BAD, encoding="utf-8")
        said = self.script(0, PATHS="with a blank.yaml\n-o.yaml\n$(touch hit).yaml\n*.yaml")
        self.assertIn("4 objects in 4 files", said)
        self.assertFalse((self.dir / "hit").exists())

    def test_what_cannot_be_read_fails_even_when_nothing_else_does(self):
        (self.dir / "manifests" / "broken.yaml").write_text("a: [\n", encoding="utf-8")
        self.script(2, FAIL_ON="never", REPORTS="sarif=a.sarif")
        self.assertFalse(json.loads((self.dir / "a.sarif").read_text())["runs"][0]["invocations"][0]["executionSuccessful"])

    def test_there_is_no_program(self):
        self.assertIn("there is no program ./nothing; set OKE_GUARD_PROGRAM or OKE_GUARD_ARCHIVE", self.script(2, PROGRAM="./nothing"))

    def test_the_archive_is_the_one_that_was_meant(self):
        with tarfile.open(self.dir / "portable.tar.gz", "w:gz") as archive:
            archive.add(harness.BINARY, "oke-guard-1/oke-guard")
        digest = hashlib.sha256((self.dir / "portable.tar.gz").read_bytes()).hexdigest()
        given = {"PROGRAM": "./nothing", "ARCHIVE": "portable.tar.gz"}
        self.assertIn("1 warned", self.script(0, SHA256=digest, **given))
        self.assertIn("needs OKE_GUARD_SHA256", self.script(2, **given))
        self.assertIn(f"has checksum {digest}, not", self.script(2, SHA256="0" * 64, **given))
        self.assertIn("a file or an https URL", self.script(2, ARCHIVE="http://127.0.0.1/x", SHA256=digest))
        self.assertIn("cannot be read", self.script(2, ARCHIVE="nothing.tar.gz", SHA256=digest))
        with tarfile.open(self.dir / "empty.tar.gz", "w:gz") as archive:
            archive.add(self.dir / "guard.yaml", "oke-guard.yaml")
        digest = hashlib.sha256((self.dir / "empty.tar.gz").read_bytes()).hexdigest()
        self.assertIn("holds no program oke-guard", self.script(2, ARCHIVE="empty.tar.gz", SHA256=digest))

    def test_nothing_is_left_behind(self):
        (self.dir / "tmp").mkdir()
        clean = self.run_as(["sh", KIT / "check.sh"], TMPDIR=str(self.dir / "tmp"), OKE_GUARD_PROGRAM=str(harness.BINARY))
        self.assertIn(clean.returncode, (0, 1))
        self.assertEqual(list((self.dir / "tmp").iterdir()), [])


class Systems(Kit):
    def test_every_setting_is_handed_over(self):
        """A variable that the script reads is in its head, and an input of each system."""
        read = set(re.findall(r"\bOKE_GUARD_[A-Z0-9_]+", SCRIPT))
        told = set(re.findall(r"\bOKE_GUARD_[A-Z0-9_]+", SCRIPT.split("\nset -euf", 1)[0]))
        self.assertEqual(read, told)
        action = yaml.safe_load((KIT / "action.yml").read_text())
        task = yaml.safe_load((KIT / "tekton.yaml").read_text())["spec"]
        self.assertEqual(set(action["runs"]["steps"][0]["env"]), read)
        self.assertEqual({e["name"] for e in task["steps"][0]["env"]}, read)
        self.assertEqual(set(action["inputs"]), {p["name"] for p in task["params"]} - {"image"})

    def test_github(self):
        action = yaml.safe_load((KIT / "action.yml").read_text())
        step = action["runs"]["steps"][0]

        def run(status, **given):
            inputs = {k: str(v.get("default", "")) for k, v in action["inputs"].items()} | given
            env = {k: re.sub(r"\$\{\{ inputs\.([a-z0-9-]+) \}\}", lambda m: inputs[m[1]], v) for k, v in step["env"].items()}
            (self.dir / "output").write_text("", encoding="utf-8")
            done = self.run_as([step["shell"], "-e", "-c", step["run"]], GITHUB_ACTION_PATH=str(KIT),
                               GITHUB_OUTPUT=str(self.dir / "output"), **env)
            self.assertEqual(done.returncode, status, done.stdout)
            return done.stdout, (self.dir / "output").read_text()

        given = {"program": str(harness.BINARY), "kubernetes": "1.34", "config": "guard.yaml", "paths": "manifests"}
        said, output = run(1, **given)
        self.assertIn("::error file=manifests/pod.yaml,line=4,title=alpha/fields::", said)
        self.assertEqual(output, "status=1\n")
        self.assertEqual(run(0, **given | {"fail-on": "never"})[1], "status=1\n")
        run(0, **given | {"config": ""})
        hostile = "x'; touch hit; $(touch hit) `touch hit`"
        run(2, **given | {"paths": hostile})
        self.assertFalse((self.dir / "hit").exists())
        self.assertEqual(re.findall(r"\$\{\{", str(step["run"])), [])

    def test_gitlab(self):
        want = embedded("gitlab.yml", 6, SCRIPT.split("\n", 1)[1])
        if os.environ.get("ACCEPT"):
            (KIT / "gitlab.yml").write_text(want, encoding="utf-8")
        self.assertEqual((KIT / "gitlab.yml").read_text(encoding="utf-8"), want)
        job = yaml.safe_load(want)[".oke-guard-check"]
        self.assertEqual(job["script"], [SCRIPT.split("\n", 1)[1]])
        for shell in ("sh", "bash"):  # the runner hands the script over on standard input
            before = "set -eo pipefail\n" if shell == "bash" else "set -e\n"
            done = self.run_as([shell], before + job["script"][0], OKE_GUARD_PROGRAM=str(harness.BINARY),
                               OKE_GUARD_KUBERNETES="1.34", OKE_GUARD_PATHS="manifests", OKE_GUARD_CONFIG="guard.yaml",
                               **job["variables"])
            self.assertEqual(done.returncode, 1, done.stdout)
            report = self.dir / job["artifacts"]["reports"]["codequality"]
            self.assertEqual(json.loads(report.read_text())[0]["location"]["path"], "manifests/pod.yaml")

    def test_tekton(self):
        want = embedded("tekton.yaml", 8, SCRIPT)
        if os.environ.get("ACCEPT"):
            (KIT / "tekton.yaml").write_text(want, encoding="utf-8")
        self.assertEqual((KIT / "tekton.yaml").read_text(encoding="utf-8"), want)
        spec = yaml.safe_load(want)["spec"]
        step = spec["steps"][0]
        self.assertEqual(step["script"], SCRIPT)
        params = {p["name"]: p["default"] for p in spec["params"]}
        self.assertEqual(set(re.findall(r"\$\(params\.([a-z0-9-]+)\)", want)), set(params))
        # Tekton replaces what looks like its own in a script; nothing there does.
        self.assertNotRegex(step["script"], r"\$\((params|workspaces|context|steps|tasks|results)\b")
        params |= {"program": str(harness.BINARY), "paths": "manifests", "kubernetes": "1.34", "config": "guard.yaml"}
        env = {e["name"]: re.sub(r"\$\(params\.([a-z0-9-]+)\)", lambda m: params[m[1]], e["value"]) for e in step["env"]}
        (self.dir / "script").write_text(step["script"], encoding="utf-8")
        (self.dir / "script").chmod(0o755)
        done = self.run_as([self.dir / "script"], **env)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("1 denied", done.stdout)


if __name__ == "__main__":
    unittest.main()
