# SPDX-License-Identifier: Apache-2.0
"""The careful first week: the loop of docs/operations.md, word for word, finds who is not known yet."""
import os
import re
import subprocess
import textwrap
import unittest

import guard
import kube
from cluster import BIN, FOLDER, ROOT, until

PAGE = ROOT / "docs/operations.md"


def printed(step):
    """The commands that stand below a numbered step of the page."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^{step}\. \*\*.*?\n\n((?:        [^\n]*\n)+)", text, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found[1])


def shell(commands, folder):
    settings = {"HOME": str(FOLDER), "PATH": f"{BIN}:{guard.BUILD}:/usr/bin:/bin",
                "KUBECONFIG": str(FOLDER / "admin.kubeconfig")}
    return subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=settings, text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


class Week(unittest.TestCase):
    def counted(self, folder):
        """How often the table says that the robot changed what it must not; by the commands of the page."""
        done = shell(printed(3), folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.learned = (folder / "learned.yaml").read_text(encoding="utf-8")
        rows = re.findall(rf"^# +(\d+)  .*  {re.escape(kube.WHO['robot'].user)}  coredns", self.learned, re.MULTILINE)
        return max(map(int, rows), default=0)

    def test_the_loop_as_it_is_printed(self):
        for n in range(6):  # more than one connection, so that more than one server hears of it
            done = kube.kubectl(*kube.system("annotate", "--overwrite", "deployment", "coredns", f"loop={n}"), who="robot")
            self.assertEqual(done.returncode, 0, done.stdout)
        folder = FOLDER / "week"
        os.makedirs(folder, exist_ok=True)
        self.assertEqual(printed(3).count("kubectl "), 1, "one command")
        n = len(guard.servers())
        until(lambda: self.counted(folder) >= 6, "the agent has asked all servers since")
        self.assertIn(f"from 1 document ({n} of {n} servers)", self.learned)
        done = shell("oke-guard policy lint learned.yaml", folder)  # as step 4 says
        self.assertEqual(done.returncode, 0, done.stdout)
        kube.kubectl(*kube.system("annotate", "deployment", "coredns", "loop-"), who="exempt")
        until(lambda: "loop" not in kube.read(*kube.system("deployment", "coredns"))["metadata"].get("annotations", {}),
              "the annotation is gone")
