# SPDX-License-Identifier: Apache-2.0
"""ci/ and docs/ci.md against schemas, the hooks in the real pre-commit. Run by run.sh."""

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

# What Tekton's API (tekton.dev/v1) has of a Task, as far as ours uses it: a key that is not here is misspelt.
TASK = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "spec": {"description", "workspaces", "params", "steps", "results", "volumes", "stepTemplate", "sidecars"},
    "spec.workspaces": {"name", "description", "mountPath", "optional", "readOnly"},
    "spec.params": {"name", "type", "description", "default", "enum", "properties"},
    "spec.steps": {"name", "image", "workingDir", "securityContext", "env", "script", "command", "args", "timeout"},
    "spec.steps.securityContext": {"allowPrivilegeEscalation", "capabilities", "runAsNonRoot", "runAsUser", "seccompProfile"},
    "spec.steps.env": {"name", "value"},
}


def run(*argv, cwd=ROOT, **env):
    return subprocess.run([str(a) for a in argv], cwd=cwd, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=300, check=False)


class Schemas(unittest.TestCase):
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

    def test_tekton(self):
        def look(value, where):
            for one in value if isinstance(value, list) else [value]:
                if not isinstance(one, dict) or where not in TASK:
                    continue
                self.assertLessEqual(set(one), TASK[where], where)
                for key, below in one.items():
                    look(below, f"{where}.{key}".lstrip("."))
        task = yaml.safe_load((ROOT / "ci" / "tekton.yaml").read_text())
        look(task, "")
        self.assertEqual((task["apiVersion"], task["kind"]), ("tekton.dev/v1", "Task"))
        for param in task["spec"]["params"]:
            self.assertIsInstance(param["default"], str)

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
