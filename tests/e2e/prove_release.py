# SPDX-License-Identifier: Apache-2.0
"""A release in a network without a way out: the bundle's own script fills a registry, nodes pull from it,
Helm installs from it, and the guard refuses.
"""
import re
import subprocess
import tarfile
import time
import unittest

import guard
import kube
from cluster import FOLDER, PATIENCE, ROOT, Part, until
from guard import must
from node import REGISTRY

RELEASE = ROOT / "build/release"
CONFIG = """\
version: 0.1
http: {{addr: "{address}"}}
storage: {{filesystem: {{rootdirectory: "{folder}/registry"}}}}
"""


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if kube.read("-n", guard.PLACE, "deployments")["items"]:
            guard.uninstall()
        (FOLDER / "registry.yml").write_text(CONFIG.format(address=REGISTRY, folder=FOLDER), encoding="utf-8")
        cls.registry = Part("registry", "docker-registry", "serve", FOLDER / "registry.yml")
        until(lambda: "listening on" in (FOLDER / "logs/registry.log").read_text(encoding="utf-8"), "the registry listens")

    @classmethod
    def tearDownClass(cls):
        guard.uninstall()
        kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        cls.registry.end()

    def pushed(self):
        """What verify.sh says: the last lines are a command for Helm."""
        version = re.search(r'"(.+)"', (ROOT / "lib/base/version.h").read_text(encoding="utf-8"))[1]
        name = f"oke-guard-{version}-airgap"
        with tarfile.open(RELEASE / f"{name}.tar") as bundle:
            bundle.extractall(FOLDER)
        return must(subprocess.run([FOLDER / name / "verify.sh", "--plain-http", f"{REGISTRY}/mirror"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   check=False, timeout=PATIENCE))

    def test_from_a_registry_to_a_denial(self):
        said = self.pushed()
        # The printed command, but for the mode.
        chart = re.search(r"(oci://\S+) --version (\S+)( --plain-http)", said)
        values = re.search(r"--set (image\.registry=\S+)", said)[1]
        digest = re.search(r"image\.digest=(sha256:[0-9a-f]{64})", values)[1]
        guard.install(*values.split(","), chart=chart[1],
                      options=("--create-namespace", f"--version={chart[2]}", "--plain-http"))
        start = time.monotonic()
        kube.wait_guarded()
        took = time.monotonic() - start
        print(f"  from helm install's end to a denial: {took:.1f} s", flush=True)
        self.assertLessEqual(took, 30)
        for pod in guard.servers():
            state = pod["status"]["containerStatuses"][0]
            self.assertEqual(pod["spec"]["containers"][0]["image"], f"{REGISTRY}/mirror/oke-guard@{digest}")
            self.assertEqual(state["imageID"], f"{REGISTRY}/mirror/oke-guard@{digest}")
