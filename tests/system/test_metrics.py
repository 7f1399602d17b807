# SPDX-License-Identifier: Apache-2.0
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
SERVER, AGENT = DOCUMENT.split("## The agent's")
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


def labels_of(name):
    """Of a metric that both programs have, in the columns of both; `le` where it is a histogram."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return set().union(*(table.get(n, ("", set()))[1] for table in (documented(SERVER), documented(AGENT)) for n in (name, base)))


def family(name, types):
    """The metric that a sample belongs to."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if types.get(base) == "histogram" else name


BOARD = json.loads((FILES / "dashboard.json").read_text(encoding="utf-8"))
PANELS = [p for p in BOARD["panels"] if p["type"] != "row"]
# Of what is documented, what no panel needs: what an alert or another panel says as well.
NO_PANEL = {"oke_guard_certificate_renewal_seconds", "oke_guard_rules_loaded", "oke_guard_policies_loaded_timestamp_seconds",
            "oke_guard_learned_left_out_total", "oke_guard_worker_busy_seconds", "oke_guard_log_suppressed_total",
            "oke_guard_agent_servers_unheard"}


def expressions():
    for name in ("alerts.yaml", "agent-alerts.yaml"):
        for group in yaml.safe_load((FILES / name).read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in BOARD["templating"]["list"]:
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


AGENT_SAMPLES = [
    ("oke_guard_webhook_configuration_current", "1"), ("oke_guard_agent_last_success_timestamp_seconds", "60"),
    ("oke_guard_webhook_configuration_locking", "0"), ("oke_guard_agent_lockouts_prevented_total", "0"),
    ("oke_guard_agent_fail_closed_suspended", "0"), ("oke_guard_agent_servers_unavailable", "0"),
    ("oke_guard_agent_version_contradicted", "0"), ("oke_guard_agent_policies_stale", "0"),
    ("oke_guard_agent_certificate_expiry_seconds", "3000000"),
    ('oke_guard_agent_renewal_step{step="steady"}', "1"), ('oke_guard_agent_api_calls_total{result="ok"}', "7"),
    ('oke_guard_agent_writes_total{object="secret"}', "1"), ('oke_guard_posture_check{id="versions",result="finding"}', "1"),
    ('oke_guard_posture_check{id="impersonation",result="unknown"}', "1"), ('oke_guard_posture_findings{tier="unsupported"}', "1"),
    ('oke_guard_posture_findings{tier="best-effort"}', "0"), ('oke_guard_posture_findings{tier="supported"}', "0"),
    ("oke_guard_posture_contradicted_facts", "0"), ("oke_guard_posture_timestamp_seconds", "60"),
]


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
            self.assertLessEqual(names, set(self.types) | set(documented(AGENT)), where)
            used |= names
            known = set().union(*(labels_of(name) for name in names)) | {"job", "le"}
            for label, values in re.findall(r'\b(\w+)!?=~?"([^"]*)"', expression):
                self.assertIn(label, known, where)
                if label in ("reason", "decision", "dry_run") and names <= set(self.types):
                    for value in values.split("|"):
                        self.assertIn(f'{label}="{value}"', self.text, where)
                elif label in ("tier", "result") and names <= set(documented(AGENT)):
                    for value in values.split("|"):
                        self.assertRegex(AGENT, rf"`{names.copy().pop()}` .*`{value}`", where)
            for labels in re.findall(r"\bby \(([^)]*)\)", expression):
                self.assertLessEqual(set(labels.split(", ")), known, where)
        self.assertGreater(len(used), 40)

    def test_each_metric_has_a_panel(self):
        """The agent's as well as the server's; process_* are everybody's."""
        shown = {family(n, self.types) for p in PANELS for t in p["targets"] for n in WORD.findall(t["expr"])}
        self.assertEqual({n for n in documented() if n.startswith("oke_guard_")} - shown, NO_PANEL)

    def test_legends_name_labels_that_are_left(self):
        for panel in PANELS:
            for target in panel["targets"]:
                grouped = re.findall(r"\bby \(([^)]*)\)", target["expr"])
                left = set(", ".join(grouped).split(", ")) if grouped else \
                    {"instance", "pod", "job"}.union(*(labels_of(n) for n in WORD.findall(target["expr"])))
                self.assertLessEqual(set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])), left, panel["title"])

    def test_panels_have_a_place_of_their_own(self):
        taken = {}
        for panel in BOARD["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
                self.assertNotIn(cell, taken, f"{panel['title']} and {taken.get(cell)}")
                taken[cell] = panel["title"]
        self.assertEqual(len({p["id"] for p in BOARD["panels"]}), len(BOARD["panels"]))

    def test_expressions_are_promql(self):
        """The dashboard's too: as recording rules they are parsed."""
        rules = [{"record": f"r{i}", "expr": expression.replace("$job", ".*")}
                 for i, (_, expression) in enumerate(expressions()) if not expression.startswith("label_values")]
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "rules.yaml"
        path.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
        status, said = promtool("check", "rules", str(path))
        self.assertEqual(status, 0, said)

    def test_every_panel_shows_something(self):
        """Each query is run over the samples that a server has given, and over such as an agent gives."""
        samples = [line.rsplit(" ", 1) for line in self.text.splitlines() if not line.startswith("#")] + AGENT_SAMPLES
        series = [{"series": re.sub(r"^(\w+)(?:\{(.*)\})?$", r'\1{job="oke-guard",instance="a",\2}', name),
                   "values": " ".join([value] * 30)} for name, value in samples]
        tests = [{"expr": f"count({e.replace('$job', '.*')}) >= bool 1", "eval_time": "20m",
                  "exp_samples": [{"labels": "{}", "value": 1}]} for p in PANELS for e in (t["expr"] for t in p["targets"])]
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "tests.yaml"
        path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [
            {"interval": "1m", "input_series": series, "promql_expr_test": tests}]}))
        status, said = promtool("test", "rules", str(path))
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
