# SPDX-License-Identifier: Apache-2.0
"""Nobody waits for a reader of the log that stalls, and a worker that does not come back is told."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import cluster_stub
from harness import (Answer, Case, PATIENCE, SANITIZED, Server, client_context, coredns_json, post, review_json, send)


def free_ports(n):
    """Where nobody listens now: the log, which would tell what port 0 became, is not read here."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class StalledServer(Server):
    """Its log is read up to "serving" and then not any more, until resume is set."""

    def __init__(self, *options, **more):
        super().__init__(*options, **more)
        self.resume = threading.Event()

    def read_log(self):
        for raw in self.process.stderr:
            line = json.loads(raw)
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
            if line.get("msg") == "serving":
                self.resume.wait()
        with self.news:
            self.lines.append({"msg": "(end of log)"})
            self.news.notify_all()


class Log(Case):
    def flood(self, server, n):
        """n denials, a finding in the log each; the slowest answer in seconds."""
        slowest = 0
        with server.tls() as s:
            for i in range(n):
                begun = time.monotonic()
                send(s, post(coredns_json(f"u-{i}")))
                answer = Answer(s)
                slowest = max(slowest, time.monotonic() - begun)
                self.assertEqual(answer.json["response"]["status"]["code"], 403)
        return slowest

    def test_a_reader_that_stalls_stops_no_worker(self):
        """Far more than a pipe and the queue hold: 64 KiB and 256 KiB."""
        with StalledServer("--threads=2") as server:
            for _ in range(5 if not SANITIZED else 8):
                self.assertLess(self.flood(server, 200), 1 if not SANITIZED else 5)
                time.sleep(0.8)  # the rate lets 200 lines a second through
            self.assertEqual(server.page("/readyz").status, 200)
            self.assertEqual(server.page("/healthz").status, 200)
            lost = server.metric("oke_guard_log_lost_total")
            self.assertGreater(lost, 0)
            server.resume.set()
            told = server.wait_for_log(lambda line: line.get("msg", "").startswith("log lines were lost"))
            self.assertGreaterEqual(told["count"], lost)
            findings = [line for line in server.lines if line.get("msg") == "finding"]
            self.assertGreater(len(findings), 300, "what fitted is there")

    def test_the_end_waits_a_second_at_most(self):
        server = StalledServer("--threads=2")
        with server:
            self.flood(server, 200)
            time.sleep(1)
            self.flood(server, 200)
            begun = time.monotonic()
            server.signal()
            self.assertEqual(server.process.wait(PATIENCE), 0)
            self.assertLess(time.monotonic() - begun, 2.5 if not SANITIZED else PATIENCE)
            server.resume.set()

    def test_reload_and_new_connections_go_on(self):
        """The main thread logs too: deadlines and reloads are its work."""
        with StalledServer("--threads=1") as server:
            for _ in range(3):
                self.flood(server, 200)
                time.sleep(0.8)
            server.signal(signal.SIGHUP)
            self.wait_until(lambda: server.metric('oke_guard_policy_reload_total{result="ok"}') == 1, "no reload")
            self.assertEqual(server.review(review_json()).status, 200)
            server.resume.set()


WAITING = r"""
/* The first worker that asks for the time of day, as each does for a review, waits while the file $STALL is there. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *t)
{
	static pid_t first;
	pid_t none = 0, me = gettid();

	if (clock == CLOCK_REALTIME && me != getpid() && access(getenv("STALL"), F_OK) == 0 &&
	    (__atomic_compare_exchange_n(&first, &none, me, 0, 5, 5) || none == me))
		while (access(getenv("STALL"), F_OK) == 0)
			usleep(10000);
	return (int)syscall(SYS_clock_gettime, clock, t);
}
"""


class Worker(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-stall-")
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name, "stall")
        source, library = pathlib.Path(folder.name, "stall.c"), pathlib.Path(folder.name, "stall.so")
        source.write_text(WAITING)
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", library, source],
                       check=True)
        self.env = {"LD_PRELOAD": str(library), "STALL": str(self.file)}

    def test_a_worker_that_does_not_come_back(self):
        server = Server("--threads=2", env=self.env)
        with server, server.tls() as s:
            self.file.touch()
            send(s, post(review_json()))
            time.sleep(1)
            self.assertEqual(server.page("/readyz").status, 200, "a second is no stall")
            self.wait_until(lambda: server.page("/readyz").status == 503, "never unready", 8)
            self.assertIn("[-] workers: one has been at a request for 5 s", server.page("/readyz").text)
            self.assertGreaterEqual(server.metric("oke_guard_worker_busy_seconds"), 5)
            self.assertEqual(server.page("/healthz").status, 200, "a restart is not due yet")
            self.wait_until(lambda: server.page("/healthz").status == 503, "never dead", 30)
            self.file.unlink()
            self.assertEqual(Answer(s).status, 200)
            self.assertEqual(server.page("/readyz").status, 200)
            self.assertEqual(server.page("/healthz").status, 200)

    def test_the_end_does_not_wait_for_it_for_ever(self):
        """A second signal ends the wait for requests under way; the thread is left behind."""
        server = Server("--threads=2", env=self.env)
        server.__enter__()
        with server.tls() as s:
            self.file.touch()
            send(s, post(review_json()))
            time.sleep(5.5)
            server.signal()
            time.sleep(0.5)
            server.signal()
            self.assertEqual(server.wait(), 1)
        self.assertIn("a worker does not come back; it is left behind", {line.get("msg") for line in server.lines})


if SANITIZED:  # a sanitizer has to be the first library
    del Worker


class FullPipe(Case):
    """Standard error is full before the program begins, and nobody will ever read it."""

    def setUp(self):
        reading, self.writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, self.writing)
        os.set_blocking(self.writing, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(self.writing, b"x" * 4096)
        os.set_blocking(self.writing, True)

    def begin(self, command, env=None):
        process = subprocess.Popen(command, stderr=self.writing, env=env)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def end(self, process):
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertLess(time.monotonic() - begun, 3 if not SANITIZED else PATIENCE)

    def page(self, port, path):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
                return Answer(s).status
        except ConnectionRefusedError:
            return 0

    def test_the_server(self):
        server = Server("--log-level=debug")
        ports = free_ports(2)
        command = [option.replace("--listen=127.0.0.1:0", f"--listen=127.0.0.1:{ports[0]}").replace(
            "--health-listen=127.0.0.1:0", f"--health-listen=127.0.0.1:{ports[1]}") for option in server.command]
        process = self.begin(command)
        self.wait_until(lambda: self.page(ports[1], "/readyz") == 200, "not ready")
        server.port, server.context = ports[0], client_context()
        self.assertEqual(server.review(coredns_json()).json["response"]["status"]["code"], 403)
        self.end(process)

    def test_the_agent(self):
        with cluster_stub.Stub() as stub:
            agent = cluster_stub.Agent(stub)
            (port,) = free_ports(1)
            process = self.begin([option.replace("127.0.0.1:0", f"127.0.0.1:{port}") for option in agent.command])
            self.wait_until(stub.settled, "the certificate and the configuration are not there")
            self.wait_until(lambda: self.page(port, "/readyz") == 200, "not ready")
            self.end(process)


class Signals(Case):
    def test_hangup_reloads(self):
        with Server() as server:
            server.signal(signal.SIGHUP)
            server.wait_for_log(lambda line: line.get("msg") == "the certificate was reloaded")
            server.wait_for_log(lambda line: line.get("msg") == "the policies were reloaded")
            self.assertEqual(server.review(review_json()).status, 200)

    def test_user_signals_do_nothing(self):
        with Server() as server:
            for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGWINCH):
                server.signal(number)
                time.sleep(0.1)
                self.assertEqual(server.review(review_json()).status, 200, number)
            self.assertNotIn("stopping", {line.get("msg") for line in server.lines})

    def test_all_others_end_with_the_drain(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF,
                       signal.SIGIO, signal.SIGPWR, signal.SIGXCPU, signal.SIGSTKFLT, signal.SIGRTMIN,
                       signal.SIGRTMAX):
            with self.subTest(number), Server() as server, server.tls() as s:
                send(s, post(review_json())[:-50])
                time.sleep(0.1)
                server.signal(number)
                server.wait_for_log(lambda line: line.get("msg") == "stopping")
                send(s, post(review_json())[-50:])
                self.assertEqual(Answer(s).status, 200, "a request under way is answered")
                self.assertEqual(server.wait(), 0)


if __name__ == "__main__":
    unittest.main()
