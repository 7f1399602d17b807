"""Metrics: sound for Prometheus, documented one by one; alerts and dashboard name none that is not there."""
import json
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import yaml
from harness import Case, ROOT, Server, coredns_json, post, review_json

DOCUMENT = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
SERVER = DOCUMENT.split("## The agent's")[0]
FILES = ROOT / "charts" / "oke-guard" / "files"
WORD = re.compile(r"\b(?:oke_guard|process)_[a-z_]+")


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def documented(document=DOCUMENT):
    """{name: (type, {labels})}"""
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \|([^|]*)\|", document, re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def family(name, types):
    """The metric that a sample belongs to."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if types.get(base) == "histogram" else name


def expressions():
    for group in yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    dashboard = json.loads((FILES / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]


def exception():
    """One that is in force now, for the user oc1..jo."""
    begin, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + hours * 3600)) for hours in (-1, 24))
    return f"""
apiVersion: oke-guard.internal/v1
kind: SupportException
metadata: {{name: corefile-test}}
spec:
  rules: [coredns-configmap/corefile]
  objects: [{{group: "", resource: configmaps, namespace: kube-system, names: [coredns]}}]
  identities: {{users: [ocid1.user.oc1..jo]}}
  ticket: SR 1
  approvedBy: platform-team
  reason: a test
  notBefore: "{begin}"
  expires: "{end}"
"""


class Metrics(Case):
    @classmethod
    def setUpClass(cls):
        """A server that has seen all there is to count."""
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (folder / "exception.yaml").write_text(exception())
        with Server(f"--policy={folder}") as server:
            server.review(review_json())
            server.review(coredns_json())
            server.review(coredns_json().replace(b"ocid1.user.oc1..aaaa", b"ocid1.user.oc1..jo"))
            server.ask(post(b"{"))
            cls.text = server.page("/metrics").text
        cls.types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", cls.text, re.MULTILINE))

    def samples(self):
        for line in self.text.splitlines():
            if not line.startswith("#"):
                name, labels = re.match(r"(\w+)(?:\{(.*)\})? \S+$", line).groups()
                yield family(name, self.types), set(re.findall(r'(\w+)="', labels or ""))

    def test_promtool_has_nothing_to_say(self):
        self.assertEqual(promtool("check", "metrics", text=self.text), (0, ""))

    def test_each_is_documented(self):
        table = documented(SERVER)
        self.assertEqual({name: kind for name, (kind, _) in table.items()}, self.types)
        labels = {}
        for name, found in self.samples():
            labels.setdefault(name, set()).update(found)
        self.assertEqual({name: found for name, (_, found) in table.items()}, labels)

    def test_the_source_names_no_other(self):
        source = "".join(path.read_text() for folder in ("webhook", "lib/serve", "policy/follow", "cli")
                         for path in (ROOT / folder).glob("*.c"))
        self.assertEqual(set(re.findall(r'"(oke_guard_[a-z_]*[a-z])"', source)),
                         {name for name in self.types if name.startswith("oke_guard_")})

    def test_alerts_and_dashboard_use_what_is_there(self):
        used = set()
        for where, expression in expressions():
            names = {family(name, self.types) for name in WORD.findall(expression)}
            self.assertTrue(names, where)
            self.assertLessEqual(names, set(self.types), where)
            used |= names
            for label, values in re.findall(r'\b(\w+)=~?"([^"]*)"', expression):
                known = set().union(*(documented()[name][1] for name in names)) | {"job"}
                self.assertIn(label, known, where)
                if label in ("reason", "decision", "dry_run"):
                    for value in values.split("|"):
                        self.assertIn(f'{label}="{value}"', self.text, where)
        self.assertGreater(len(used), 20)

    def test_expressions_are_promql(self):
        """The dashboard's too: as recording rules they are parsed."""
        rules = [{"record": f"r{i}", "expr": expression.replace("$job", ".*")}
                 for i, (_, expression) in enumerate(expressions()) if not expression.startswith("label_values")]
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "rules.yaml"
        path.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
        status, said = promtool("check", "rules", str(path))
        self.assertEqual(status, 0, said)

    def test_alerts(self):
        self.assertEqual(promtool("check", "rules", str(FILES / "alerts.yaml"))[0], 0)
        status, said = promtool("test", "rules", str(ROOT / "tests" / "chart" / "alerts" / "alerts_test.yaml"))
        self.assertEqual(status, 0, said)
        tried = (ROOT / "tests" / "chart" / "alerts" / "alerts_test.yaml").read_text()
        for alert in re.findall(r"alert: (\w+)", (FILES / "alerts.yaml").read_text()):
            self.assertRegex(tried, rf"alertname: {alert}\n", "each alert is seen to fire")


if __name__ == "__main__":
    unittest.main()
