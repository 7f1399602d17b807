# SPDX-License-Identifier: Apache-2.0
"""What the system may do to the server: no descriptors, no memory, another time, half a connection.

It gives up what it must, says so in its metrics, and recovers by itself.
"""
import datetime
import os
import pathlib
import resource
import socket
import struct
import subprocess
import tempfile
import time
import unittest

from harness import (Answer, Case, MIB, PATIENCE, SANITIZED, Server, coredns_json, is_cut, post, review_json, send)

REVIEW = review_json()
DAY = 86400
SHED = 'oke_guard_requests_shed_total{reason="%s"}'


def half_close(s):
    """The client has said all it will say; TLS' own good-bye is not part of it."""
    with socket.socket(fileno=os.dup(s.fileno())) as raw:
        raw.shutdown(socket.SHUT_WR)


class Limits(Case):
    def limit(self, server, what, value):
        """Change a limit of the running server; how to give it back."""
        before = resource.prlimit(server.pid, what)
        resource.prlimit(server.pid, what, (value, before[1]))
        return lambda: resource.prlimit(server.pid, what, before)

    def size(self, server):
        """What it may write to, once it is at rest: a worker's first allocation maps much for a moment."""
        sizes = [0, 1]
        while len(set(sizes[-5:])) > 1:
            server.review(REVIEW)
            time.sleep(0.1)
            sizes.append(server.memory("VmData"))
        return sizes[-1]

    def used(self, server):
        return len(os.listdir(f"/proc/{server.pid}/fd"))

    def test_no_descriptors(self):
        """Whoever is connected is served, the others are closed at once; nothing spins."""
        with Server("--threads=2") as server:
            kept = [server.tls() for _ in range(8)]
            give_back = self.limit(server, resource.RLIMIT_NOFILE, self.used(server))
            waiting = [server.tcp() for _ in range(20)]  # the system accepts them, the server cannot
            for s in waiting:
                self.assertTrue(is_cut(s, 5))
            before = server.cpu()
            for s in kept:
                send(s, post(REVIEW))
                self.assertEqual(Answer(s).status, 200)
            time.sleep(1)
            if not SANITIZED:
                self.assertLess(server.cpu() - before, 0.5, "it spins")
            give_back()
            self.wait_until(lambda: server.metric(SHED % "descriptors") >= 1, "it says so")
            for s in waiting + kept:
                s.close()
            self.assertEqual(server.review(REVIEW).status, 200)
            self.assertEqual(server.page("/readyz").status, 200)
            self.wait_until(lambda: server.metric("oke_guard_connections") == 0, "left behind")

    def test_the_last_descriptor(self):
        """No connection gets it: who took it and kept silent would keep all others waiting."""
        with Server("--threads=2") as server:
            give_back = self.limit(server, resource.RLIMIT_NOFILE, self.used(server) + 1)
            waiting = [server.tcp() for _ in range(20)]
            for s in waiting:
                self.assertTrue(is_cut(s, 5))
                s.close()
            give_back()
            self.wait_until(lambda: server.metric(SHED % "descriptors") >= 1, "it says so")
            self.assertEqual(server.review(REVIEW).status, 200)

    def test_few_descriptors_from_the_start(self):
        """It takes fewer connections then: the limit is never met, the longest idle goes."""
        with Server(files=128) as server:
            flood = [server.tcp() for _ in range(200)]
            self.assertEqual(server.review(REVIEW).status, 200)
            self.assertEqual(server.page("/healthz").status, 200)
            self.assertLess(server.metric("process_open_fds"), 128)
            self.assertGreater(server.metric(SHED % "connections"), 0)
            for s in flood:
                s.close()

    def test_no_memory(self):
        """Large bodies find none and are judged by their envelope; small ones are served."""
        if SANITIZED:
            return  # a sanitizer's own memory is not to be limited
        with Server("--threads=2") as server:
            give_back = self.limit(server, resource.RLIMIT_DATA, self.size(server) + MIB)
            body = coredns_json(size=4 * MIB)
            answers = [server.review(body) for _ in range(6)]
            self.assertLessEqual({a.status for a in answers}, {0, 200, 429, 503})
            judged = [a.json["response"] for a in answers if a.status == 200]
            self.assertEqual({r["allowed"] for r in judged}, {False})
            self.assertTrue(any("guard/" in r["auditAnnotations"]["policy"] for r in judged), judged)
            self.assertEqual([server.review(REVIEW).status for _ in range(50)], [200] * 50)
            self.assertGreater(server.metric('oke_guard_errors_total{reason="too_large"}') +
                               server.metric('oke_guard_errors_total{reason="unreadable"}'), 0)
            self.assertEqual(server.page("/readyz").status, 200)
            give_back()
            self.assertEqual(server.review(body).status, 200)
            self.wait_until(lambda: server.metric("oke_guard_body_bytes") == 0, "bodies are held")

    def test_hardly_any_memory(self):
        """So little that not even connections are to be had: no answer, no crash, and it comes back."""
        if SANITIZED:
            return
        with Server("--threads=2") as server:
            give_back = self.limit(server, resource.RLIMIT_DATA, self.size(server))
            for body in [coredns_json(size=MIB), REVIEW] * 20:
                try:
                    self.assertIn(server.review(body).status, {0, 200, 429, 503})
                except OSError:
                    pass  # not even a handshake
            give_back()
            self.assertEqual(server.review(REVIEW).status, 200)
            self.assertEqual(server.review(coredns_json(size=MIB)).status, 200)


class Clock(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-clock-")
        self.addCleanup(folder.cleanup)
        self.offset = pathlib.Path(folder.name) / "offset"
        self.library = pathlib.Path(folder.name) / "clock.so"
        self.turn(0)
        subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", self.library,
                        pathlib.Path(__file__).with_name("clock.c")], check=True)

    def turn(self, seconds):
        with open(self.offset, "r+b" if self.offset.exists() else "w+b") as f:
            f.write(struct.pack("=q", seconds))

    def test_it_jumps(self):
        """Durations are not taken from it: nobody is cut, nobody stays for ever."""
        if SANITIZED:
            return  # a preloaded library would come before the sanitizer's
        with Server(env={"LD_PRELOAD": str(self.library), "CLOCK_OFFSET": str(self.offset)}) as server:
            idle, body, slow = server.tls(), server.tls(), server.tls()
            raw = post(REVIEW)
            for jump in (DAY, -DAY, 0):
                send(body, raw[:-20])
                self.wait_until(lambda: server.metric("oke_guard_body_bytes") > 0, "no body came")
                self.turn(jump)
                time.sleep(1.5)  # more than a tick
                send(body, raw[-20:])
                self.assertEqual(Answer(body).status, 200)
                send(idle, raw)
                self.assertEqual(Answer(idle).status, 200)
                self.assertLess(server.page("/statusz").json["uptimeSeconds"], PATIENCE)
                self.assertEqual(server.page("/readyz").status, 200)
            self.turn(DAY)
            server.review(coredns_json())
            line = server.wait_for_log(lambda line: line.get("msg") == "finding")
            logged = datetime.datetime.fromisoformat(line["ts"])
            ahead = logged - datetime.datetime.now(datetime.timezone.utc)
            self.assertGreater(ahead.total_seconds(), DAY / 2, "the clock was really turned")
            self.turn(-DAY)  # a deadline that is reckoned by it would be a day away
            send(slow, b"POST /validate HTTP/1.1\r\nHost: h\r\nX: ")
            self.turn(-2 * DAY)
            self.assertTrue(is_cut(slow, 15))
            self.assertLess(server.metric("oke_guard_review_seconds_sum"), 5)
            idle.close()
            body.close()


class Halves(Case):
    def test_half_closed(self):
        """Whoever has asked and closed his side gets his answer; whoever has not asked ends."""
        with Server() as server:
            whole, part, nothing, early = server.tls(), server.tls(), server.tls(), server.tcp()
            raw = post(REVIEW)
            send(whole, raw)
            send(part, raw[:-20])
            for s in (whole, part, nothing, early):
                half_close(s)
            self.assertIn(Answer(whole).status, (200, 0))
            for s in (part, nothing, early):
                self.assertTrue(is_cut(s, 5))
            self.wait_until(lambda: server.metric("oke_guard_connections") == 0, "left behind")
            self.assertEqual(server.metric("oke_guard_body_bytes"), 0)
            with server.tcp(server.health_port) as s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
                s.shutdown(socket.SHUT_WR)
                self.assertEqual(Answer(s).status, 200)
            for s in (whole, part, nothing, early):
                s.close()

    def test_reset(self):
        """Connections that are reset at any moment leave nothing behind."""
        raw = post(coredns_json(size=MIB // 4))
        with Server() as server:
            before = server.metric("process_open_fds")
            for sent in (0, 1, 20, 200, 5000, len(raw) - 1, len(raw)):
                for tls in (True, False):
                    s = server.tls() if tls else server.tcp()
                    send(s, raw[:sent])
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.close()
            self.wait_until(lambda: server.metric("oke_guard_connections") == 0, "left behind")
            self.wait_until(lambda: server.metric("process_open_fds") == before, "descriptors")
            self.assertEqual(server.metric("oke_guard_body_bytes"), 0)
            self.assertEqual(server.review(REVIEW).status, 200)


if __name__ == "__main__":
    unittest.main()
