# SPDX-License-Identifier: Apache-2.0
"""A crowd of connections that give nothing: whoever is served stays served, and new clients get in."""
import unittest

from crowd import measure
from harness import Case, SANITIZED, Server, many_files

SECONDS = 6
CROWD = 1500 if not SANITIZED else 300


class Crowd(Case):
    def check(self, kind, sources):
        many_files()
        with Server() as server:
            calls, failed, new, served, _ = measure(server, kind, SECONDS, CROWD, sources)
            self.assertEqual(failed, 0, f"of {calls} calls of a client that keeps its connections")
            self.assertGreater(new, 3)
            if not SANITIZED:
                self.assertGreaterEqual(served, new * 0.9, f"of {new} new clients")
                self.assertGreater(server.metric('oke_guard_requests_shed_total{reason="connections"}'), 0)
            self.wait_until(lambda: server.metric("oke_guard_connections") == 0, "left behind")

    def test_a_byte_of_a_body(self):
        self.check("body", 1)

    def test_a_body_that_was_refused(self):
        self.check("refused", 1)

    def test_a_crowd_that_was_served_once(self):
        self.check("served", 1)

    def test_from_many_addresses(self):
        self.check("body", 12)

    def test_served_once_from_many_addresses(self):
        self.check("served", 12)


if __name__ == "__main__":
    unittest.main()
