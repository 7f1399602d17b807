# SPDX-License-Identifier: Apache-2.0
"""The unit file: sound, hardened, its command line starts; and what the server tells systemd."""
import os
import pathlib
import re
import shlex
import socket
import subprocess
import tempfile
import unittest

from harness import BINARY, Case, PATIENCE, ROOT, SANITIZED, Server, certificates

UNIT = ROOT / "docs" / "systemd" / "oke-guard.service"


class Notify(Case):
    def listen(self, name):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.bind(name)
        s.settimeout(PATIENCE)
        return s

    def check(self, shown, s):
        with Server(env={"NOTIFY_SOCKET": shown}) as server:
            self.assertEqual(s.recv(256), b"READY=1")
            self.assertEqual(server.page("/readyz").status, 200, "ready is ready")
            server.signal()
            self.assertEqual(s.recv(256), b"STOPPING=1")

    def test_path(self):
        with tempfile.TemporaryDirectory() as folder:
            name = folder + "/notify"
            self.check(name, self.listen(name))

    def test_abstract(self):
        name = f"oke-guard-test-{os.getpid()}"
        self.check("@" + name, self.listen("\0" + name))

    def test_nobody_listens(self):
        """It serves all the same, and says so."""
        for name in ("/nonexistent/notify", "relative", "/" + "x" * 200):
            with Server(env={"NOTIFY_SOCKET": name}) as server:
                server.wait_for_log(lambda line: "service manager" in line.get("msg", ""))
                self.assertEqual(server.page("/readyz").status, 200)

    def test_not_ready_when_it_does_not_start(self):
        with tempfile.TemporaryDirectory() as folder:
            s = self.listen(folder + "/notify")
            done = subprocess.run([BINARY, "serve", "--listen=nowhere"], stderr=subprocess.PIPE, timeout=PATIENCE,
                                  env={**os.environ, "NOTIFY_SOCKET": folder + "/notify"}, check=False)
            self.assertEqual((done.returncode, done.stderr.count(b"\n")), (2, 1))
            s.setblocking(False)
            self.assertRaises(BlockingIOError, s.recv, 256)


class Unit(Case):
    def analyze(self, *arguments):
        done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_is_hardened(self):
        status, said = self.analyze("security", "--offline=true", "--threshold=20", "--no-pager", str(UNIT))
        self.assertEqual(status, 0, said)
        rated = re.search(r"exposure level for oke-guard.service: ([0-9.]+)", said).group(1)
        self.assertLessEqual(float(rated), 2.0)

    def test_is_sound(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / UNIT.name
            unit.write_text(UNIT.read_text().replace("/usr/local/bin/oke-guard", str(BINARY)))
            status, said = self.analyze("verify", "--man=no", str(unit))
            self.assertEqual((status, said), (0, ""))

    def test_its_command_starts(self):
        text = UNIT.read_text().replace("\\\n", " ")
        command = shlex.split(re.search(r"^ExecStart=(.*)$", text, re.MULTILINE).group(1))
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "policies").mkdir()
            (root / "oke-guard").mkdir()
            (root / "config.yaml").write_text("apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
                                              "metadata: {name: default}\nspec: {mode: warn}\n")
            options = [o.replace("%d", str(certificates())).replace("%S", folder).replace("/etc/oke-guard", folder)
                       for o in command[2:] if "listen=" not in o]
            self.assertEqual(command[:2], ["/usr/local/bin/oke-guard", "serve"])
            with Server(*options) as server:
                self.assertEqual(server.page("/statusz").json["mode"], "warn")

    def test_its_limits_suffice(self):
        """As many connections as without a limit of the unit's own."""
        files = int(re.search(r"^LimitNOFILE=(\d+)$", UNIT.read_text(), re.MULTILINE).group(1))
        tasks = int(re.search(r"^TasksMax=(\d+)$", UNIT.read_text(), re.MULTILINE).group(1))
        with Server("--threads=64", files=files) as server:
            self.assertGreater(server.metric("process_max_fds"), 2 * (1024 + 64) + 63)
            if not SANITIZED:
                self.assertLess(server.metric("process_threads"), tasks)


if __name__ == "__main__":
    unittest.main()
