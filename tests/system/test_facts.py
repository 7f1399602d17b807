# SPDX-License-Identifier: Apache-2.0
"""`serve --facts DIR`: where the configuration says auto, the version is what the agent learnt."""
import pathlib
import tempfile
import unittest

from harness import Case, Server, review_json
from test_reload import Mounted

# A field of the gate ContainerRestartRules: alpha in 1.34, beta since 1.35.
ALPHA = review_json(object={
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"containers": [{"name": "web", "image": "registry.example/web:1", "restartPolicy": "Never",
                             "restartPolicyRules": [{"action": "Restart", "exitCodes": {
                                 "operator": "In", "values": [42]}}]}]}})


def config(version):
    return ('apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: default}\n'
            f'spec: {{cluster: {{kubernetes: {version}}}}}\n')


class Facts(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-facts-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def warned(self, server):
        return "alpha in 1.34" in "".join(server.review(ALPHA).json["response"].get("warnings", []))

    def test_the_agent_tells_the_version(self):
        """As in the cluster: the ConfigMap is there and empty, is filled, changes with an upgrade."""
        facts = Mounted(self.folder / "facts", {})
        with Server(f"--facts={facts.folder}") as server:
            self.assertFalse(self.warned(server), "not known: the newest")
            facts.write({"kubernetes": "1.34"})
            self.wait_until(lambda: self.warned(server), "not taken up")
            facts.write({"kubernetes": "1.35\n"})
            self.wait_until(lambda: not self.warned(server), "not taken up")

    def test_what_is_configured_counts_more(self):
        facts = Mounted(self.folder / "facts", {"kubernetes": "1.34"})
        file = self.folder / "guard.yaml"
        file.write_text(config('"1.36"'))
        with Server(f"--facts={facts.folder}", f"--config={file}") as server:
            self.assertFalse(self.warned(server))
            file.write_text(config("auto"))
            self.wait_until(lambda: self.warned(server), "not taken up")

    def test_the_folder_need_not_be_there(self):
        with Server(f"--facts={self.folder / 'none'}") as server:
            self.assertFalse(self.warned(server))

    def test_what_is_no_version_is_told_and_left_out(self):
        for text in ("latest", "1.34.1", "", "x" * 1000):
            facts = self.folder / "facts"
            facts.mkdir(exist_ok=True)
            (facts / "kubernetes").write_text(text)
            with Server(f"--facts={facts}") as server:
                self.assertFalse(self.warned(server), text)
                said = server.wait_for_log(lambda line: "facts/kubernetes" in str(line))
                self.assertIn("no version", str(said), text)


if __name__ == "__main__":
    unittest.main()
