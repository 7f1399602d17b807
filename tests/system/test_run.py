# SPDX-License-Identifier: Apache-2.0
"""make run: what it prints can be pasted, and Ctrl-C ends it."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MESSAGE = """\
Oracle manages Deployment kube-system/coredns; scaling it makes the cluster unsupported \
[coredns/scale]
  spec.replicas: 3 -> 0
"""


def free_port():
    """A port that nobody has. Somebody may take it before we do, hence two tries in start."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(port, health_port):
    return subprocess.Popen(
        [str(ROOT / "tools" / "run.sh")],
        cwd=ROOT,
        env=dict(os.environ, PORT=str(port), HEALTH_PORT=str(health_port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def command_of(process):
    for line in process.stdout:
        if line.startswith("  curl "):
            return line.strip()
    return None


def stop(process):
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


class Run(unittest.TestCase):
    def test_the_command_shows_the_denial_and_a_taken_port_is_said(self):
        for _ in range(2):
            port, health_port = free_port(), free_port()
            server = start(port, health_port)
            command = command_of(server)
            if command:
                break
            server.communicate()
        self.assertIsNotNone(command)
        try:
            shown = subprocess.run(
                ["sh", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=60,
                check=True,
            ).stdout  # fmt: skip
            self.assertTrue(shown.startswith(MESSAGE), shown)
            self.assertRegex(shown, r"\nWhy: https://docs\.oracle\.com/\S+\nHow: https://docs\.oracle\.com/\S+\n$")

            for ports, taken in (
                ((port, free_port()), port),
                ((free_port(), health_port), health_port),
            ):
                second = start(*ports)
                out, err = second.communicate(timeout=60)
                self.assertEqual(second.returncode, 2)
                self.assertEqual(err, f"Port {taken} is taken. Choose another: PORT=8543 make run\n")
                self.assertEqual(out, "")
        finally:
            status, _, err = stop(server)
        self.assertEqual(status, 0, err)
        self.assertIn('"msg":"stopped"', err)

    def test_a_port_that_is_none(self):
        _, err = start("no", 1).communicate(timeout=60)
        self.assertTrue(re.search("PORT='no' is no port number", err), err)


if __name__ == "__main__":
    unittest.main()
