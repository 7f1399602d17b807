# SPDX-License-Identifier: Apache-2.0
"""The alerts on the agent's metrics: sound, tried, and about metrics that the agent has."""
import re
import subprocess
import unittest

from harness import ROOT

ALERTS = ROOT / "charts" / "oke-guard" / "files" / "agent-alerts.yaml"
TRIED = ROOT / "tests" / "chart" / "alerts" / "agent_alerts_test.yaml"


class AgentAlerts(unittest.TestCase):
    def promtool(self, *arguments):
        done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_they_fire_where_they_should(self):
        self.promtool("check", "rules", str(ALERTS))
        self.promtool("test", "rules", str(TRIED))
        for alert in re.findall(r"alert: (\w+)", ALERTS.read_text(encoding="utf-8")):
            self.assertIn(f"alertname: {alert}", TRIED.read_text(encoding="utf-8"))

    def test_the_agent_has_these_metrics(self):
        source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "agent").glob("**/*.c"))
        for name in re.findall(r"\boke_guard_[a-z_]+", ALERTS.read_text(encoding="utf-8")):
            self.assertIn(f'"{name}"', source)


if __name__ == "__main__":
    unittest.main()
