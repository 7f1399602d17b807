# SPDX-License-Identifier: Apache-2.0
"""ci/, docs/ci.md and SARIF against schemas, the hooks in the real pre-commit. Run by run.sh."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
EXAMPLES = re.findall(r"(?ms)^```yaml\n# (\S+)\n(.*?)^```", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"))
BAD = ("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
       "spec: {containers: [{name: a, image: b, lifecycle: {stopSignal: SIGUSR1}}]}\n")

def run(*argv, cwd=ROOT, **env):
    return subprocess.run([str(a) for a in argv], cwd=cwd, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=300, check=False)


class Builtin(unittest.TestCase):
    def held(self, schema, path):
        done = run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", path)
        self.assertEqual(done.returncode, 0, done.stdout)

    def refused(self, schema, text):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(text)
            f.flush()
            self.assertNotEqual(run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", f.name).returncode, 0)

    def test_action(self):
        self.held("github-actions", ROOT / "ci" / "action.yml")
        self.refused("github-actions", (ROOT / "ci" / "action.yml").read_text().replace("using: composite", "using: compost"))

    def test_gitlab(self):
        """The schema does not look at hidden jobs: as one that is not."""
        self.held("gitlab-ci", ROOT / "ci" / "gitlab.yml")
        job = (ROOT / "ci" / "gitlab.yml").read_text().replace("\n.oke-guard-check:", "\noke-guard-check:")
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(job)
            f.flush()
            self.held("gitlab-ci", f.name)
        self.refused("gitlab-ci", job.replace("when: always", "when: allways"))

    def test_examples_of_the_page(self):
        schemas = {".github/workflows/": "github-workflows", ".gitlab-ci.yml": "gitlab-ci"}
        seen = set()
        for path, text in EXAMPLES:
            for beginning, schema in schemas.items():
                if not path.startswith(beginning):
                    continue
                seen.add(schema)
                with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
                    f.write(text)
                    f.flush()
                    self.held(schema, f.name)
        self.assertEqual(seen, set(schemas.values()))

    def test_examples_say_what_there_is(self):
        """Inputs of the action, parameters of the Task, variables of the script."""
        action = yaml.safe_load((ROOT / "ci" / "action.yml").read_text())["inputs"]
        task = {p["name"] for p in yaml.safe_load((ROOT / "ci" / "tekton.yaml").read_text())["spec"]["params"]}
        script = (ROOT / "ci" / "check.sh").read_text()
        used = set()
        for path, text in EXAMPLES:
            for word in re.findall(r"OKE_GUARD_[A-Z0-9_]+", text):
                self.assertIn(word, script)
            for document in yaml.safe_load_all(text):
                if path.startswith(".github/"):
                    for job in document["jobs"].values():
                        for step in job["steps"]:
                            if "/oke-guard/ci@" in step.get("uses", ""):
                                used.add("action")
                                self.assertLessEqual(set(step["with"]), set(action))
                if document.get("kind") == "TaskRun":
                    used.add("task")
                    self.assertLessEqual({p["name"] for p in document["spec"]["params"]}, task)
        self.assertEqual(used, {"action", "task"})


def strict(node):
    """A schema of Kubernetes that takes no key which it does not name, as the API server's Strict does."""
    if isinstance(node, list):
        return [strict(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {k: strict(v) for k, v in node.items()}
    if "properties" in node and "additionalProperties" not in node and not node.get("x-kubernetes-preserve-unknown-fields"):
        out["additionalProperties"] = False
    return out


class Against(unittest.TestCase):
    """Documents before a schema that lies in a file."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def write(self, name, document):
        path = self.dir / name
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return path

    def held(self, schema, *paths):
        done = run("check-jsonschema", "--schemafile", schema, *paths)
        self.assertEqual(done.returncode, 0, done.stdout)

    def refused(self, schema, document, word):
        done = run("check-jsonschema", "--schemafile", schema, self.write("refused.json", document))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(word, done.stdout)


class Tekton(Against):
    """The Task and a run of it, before the definitions that Tekton installs into a cluster."""

    def schema(self, kind):
        definition = yaml.safe_load(pathlib.Path(os.environ["TEKTON"], f"config/300-crds/300-{kind.lower()}.yaml").read_text())
        self.assertEqual((definition["spec"]["group"], definition["spec"]["names"]["kind"]), ("tekton.dev", kind))
        version, = (v for v in definition["spec"]["versions"] if v["name"] == "v1")
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"] |= {"apiVersion": {"const": "tekton.dev/v1"}, "kind": {"const": kind}}
        return self.write(f"{kind}.schema.json", schema | {"required": ["apiVersion", "kind", "metadata", "spec"]})

    def test_task(self):
        schema, text = self.schema("Task"), (ROOT / "ci" / "tekton.yaml").read_text()
        self.held(schema, ROOT / "ci" / "tekton.yaml")
        for right, wrong in (("workingDir:", "workingdir:"), ("runAsNonRoot: true", "runAsNonRoot: yess"), ("type: string", "typ: string"),
                             ("drop: [ALL]", "drop: ALL"), ("tekton.dev/v1", "tekton.dev/v1beta1")):
            self.assertIn(right, text)
            self.refused(schema, yaml.safe_load(text.replace(right, wrong)), "apiVersion" if "/" in wrong else wrong.split(":")[0])

    def test_what_the_task_refers_to(self):
        """No schema sees it: each parameter that is used is there, each that is there is used; so with workspaces."""
        text = (ROOT / "ci" / "tekton.yaml").read_text()
        spec = yaml.safe_load(text)["spec"]
        for param in spec["params"]:
            self.assertIsInstance(param["default"], str)
        for what in ("params", "workspaces"):
            self.assertEqual(set(re.findall(rf"\$\({what}\.([a-z0-9-]+)[.)]", text)), {p["name"] for p in spec[what]})

    def test_run(self):
        schema, example = self.schema("TaskRun"), dict(EXAMPLES)["taskrun.yaml"]
        self.held(schema, self.write("taskrun.yaml", example))
        self.refused(schema, yaml.safe_load(example.replace("taskRef:", "taskref:")), "taskref")


class Sarif(Against):
    """Reports before OASIS's schema of SARIF 2.1.0 with errata 01. That `check` writes them so, test_check.py tests."""

    def setUp(self):
        super().setUp()
        self.schema = pathlib.Path(os.environ["SARIF"])
        self.assertEqual(json.loads(self.schema.read_text(encoding="utf-8"))["id"],
                         "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")

    def test_reports(self):
        reports = sorted((ROOT / "tests/data/check").glob("*/want.sarif"))
        self.assertGreater(len(reports), 10)
        self.held(self.schema, *reports)

    def test_what_the_schema_refuses(self):
        report = json.loads((ROOT / "tests/data/check/ignored/want.sarif").read_text(encoding="utf-8"))
        result = next(r for r in report["runs"][0]["results"] if r.get("suppressions"))
        result["suppressions"][0]["kind"] = "inManifest"
        self.refused(self.schema, report, "inManifest")

    def test_a_report_of_now(self):
        """What cannot be read, names that are hostile, and a file in a folder with blanks."""
        folder = self.dir / "a folder"
        folder.mkdir()
        (folder / "bad%2f#.yaml").write_text(BAD.replace("name: p", 'name: "\\u202e\\u0000<b>"') + "---\n" + BAD + "---\na: [\n", encoding="utf-8")
        done = run(BUILD / "oke-guard", "check", "-o", "sarif", "a folder", cwd=self.dir)
        report = json.loads(done.stdout[done.stdout.index("{"):done.stdout.rindex("}") + 1])
        self.assertFalse(report["runs"][0]["invocations"][0]["executionSuccessful"])
        self.assertGreater(len(report["runs"][0]["results"]), 0)
        self.held(self.schema, self.write("now.sarif.json", report))


class PreCommit(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        at = pathlib.Path(folder.name)
        self.hooks, self.repo = at / "hooks", at / "repo"
        self.env = {"PRE_COMMIT_HOME": str(at / "cache"), "HOME": str(at), "PATH": f"{BUILD}:{os.environ['PATH']}",
                    "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
                    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com"}
        (self.hooks).mkdir()
        (self.hooks / ".pre-commit-hooks.yaml").write_bytes((ROOT / ".pre-commit-hooks.yaml").read_bytes())
        self.git(self.hooks, "init", "-q")
        self.git(self.hooks, "add", ".")
        self.git(self.hooks, "commit", "-qm", "hooks")
        rev = self.git(self.hooks, "rev-parse", "HEAD").strip()
        example = dict(EXAMPLES)[".pre-commit-config.yaml"]
        config = yaml.safe_load(example)
        config["repos"][0] |= {"repo": f"file://{self.hooks}", "rev": rev}
        self.repo.mkdir()
        self.git(self.repo, "init", "-q")
        (self.repo / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def git(self, at, *argv):
        done = run("git", "-c", "init.defaultBranch=main", *argv, cwd=at, **self.env)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def commit(self, **files):
        for name, text in files.items():
            path = self.repo / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git(self.repo, "add", "-A")
        done = run("git", "commit", "-m", "change", cwd=self.repo, **self.env)
        return done.returncode, done.stdout

    def test_hooks_stop_a_commit(self):
        installed = run("pre-commit", "install", cwd=self.repo, **self.env)
        self.assertEqual(installed.returncode, 0, installed.stdout)
        good = BAD.replace(", lifecycle: {stopSignal: SIGUSR1}", "")
        status, said = self.commit(app=good, values="replicas: 2\n", chart__templates__x="a: {{ .Values.b }}\n",
                                   policies__guard="apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: d}\nspec: {}\n")
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"oke-guard check\.+Passed")
        self.assertRegex(said, r"oke-guard policy lint\.+Passed")
        status, said = self.commit(app=BAD)
        self.assertEqual(status, 1, said)
        self.assertIn("app.yaml:4: warn [alpha/fields]", said)
        status, said = self.commit(app=good, policies__guard="apiVersion: oke-guard.internal/v1\nkind: GuardConfg\n")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"policies/guard\.yaml:\d+:\d+: ")

    def test_the_manifest_of_the_hooks(self):
        for what, name in (("manifest", ".pre-commit-hooks.yaml"), ("config", ".pre-commit-config.yaml")):
            path = ROOT / name if what == "manifest" else self.repo / name
            done = run("pre-commit", f"validate-{what}", path, **self.env)
            self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
