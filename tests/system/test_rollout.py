# SPDX-License-Identifier: Apache-2.0
"""A roll-out: the running server is replaced again and again under load, and no call fails.

Two instances stand behind one address, as with a Service: a forwarder sends each new connection
to one that is ready, and learns late that one is not any more. ROLLOUT_CALLS and
ROLLOUT_REPLACEMENTS make it longer (10000 and 20 take about a minute).
"""
import asyncio
import contextlib
import http.client
import os
import random
import threading
import time
import unittest

from harness import Case, PATIENCE, Server, certificates, client_context, coredns_json, review_json

CALLS = int(os.environ.get("ROLLOUT_CALLS", "1500"))
REPLACEMENTS = int(os.environ.get("ROLLOUT_REPLACEMENTS", "4"))
CALLERS = 8
GRACE = 1
LATE = 0.3  # so long a Service goes on sending connections to a server that is not ready
REVIEWS = [(review_json(), True), (coredns_json(), False)]


class Forwarder(threading.Thread):
    """kube-proxy: whole connections, to any backend of the list."""

    def __init__(self):
        super().__init__(daemon=True)
        self.backends, self.port, self.up = [], 0, threading.Event()
        self.taken = {}

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self.forward, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.up.set()
        await self.over.wait()
        server.close()

    async def forward(self, reader, writer):
        port = random.choice(self.backends)
        self.taken[port] = self.taken.get(port, 0) + 1
        try:
            there = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self.copy(reader, there[1]), self.copy(there[0], writer))

    async def copy(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def __enter__(self):
        self.start()
        self.up.wait(PATIENCE)
        return self

    def __exit__(self, *unused):
        self.loop.call_soon_threadsafe(self.over.set)
        self.join(PATIENCE)


class Caller(threading.Thread):
    """An API server's worker: keeps its connection, never repeats a POST."""

    def __init__(self, port, pause):
        super().__init__(daemon=True)
        self.port, self.pause = port, pause
        self.context = client_context(certificates() / "ca.crt")
        self.calls, self.failed, self.connections, self.over = 0, [], 0, threading.Event()

    def call(self, connection, body, allowed):
        connection.request("POST", "/validate", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        verdict = answer.read()
        if answer.status != 200 or (b'"allowed":true' in verdict) != allowed:
            self.failed.append((answer.status, verdict[:200]))
        return not answer.will_close

    def run(self):
        connection = None
        while not self.over.is_set():
            try:
                if not connection:
                    connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context,
                                                             timeout=PATIENCE)
                    self.connections += 1
                if not self.call(connection, *random.choice(REVIEWS)):
                    connection.close()
                    connection = None
                self.calls += 1
            except Exception as e:
                self.failed.append(repr(e))
                connection = None
            time.sleep(self.pause * random.random())
        if connection:
            connection.close()


class RollOut(Case):
    def replace(self, forwarder, old):
        """A new one, ready, joins; the old one is told to go, and left out later."""
        new = Server(f"--grace={GRACE}").__enter__()
        try:
            self.assertEqual(new.page("/readyz").status, 200)
            forwarder.backends = [old.port, new.port]
            time.sleep(0.1)
            before = forwarder.taken.get(old.port, 0)
            old.signal()
            time.sleep(LATE)
            self.late += forwarder.taken.get(old.port, 0) - before
            forwarder.backends = [new.port]
            self.assertEqual(old.wait(), 0, old.log_text())
        except BaseException:
            new.stop()
            raise
        return new

    def test_no_call_fails(self):
        self.late = 0
        with Forwarder() as forwarder:
            server = Server(f"--grace={GRACE}").__enter__()
            forwarder.backends = [server.port]
            callers = [Caller(forwarder.port, 0.002 if i % 2 else 0.05) for i in range(CALLERS)]
            for caller in callers:
                caller.start()
            try:
                begun = time.monotonic()
                for _ in range(REPLACEMENTS):
                    server = self.replace(forwarder, server)
                while sum(c.calls for c in callers) < CALLS and time.monotonic() - begun < 20 * PATIENCE:
                    time.sleep(0.1)
            finally:
                for caller in callers:
                    caller.over.set()
                for caller in callers:
                    caller.join(PATIENCE)
                server.stop()
            print(f"{sum(c.calls for c in callers)} calls, {REPLACEMENTS} replacements, {self.late} connections to one "
                  f"that was stopping, {time.monotonic() - begun:.1f} s")
        self.assertEqual([f for caller in callers for f in caller.failed], [])
        self.assertGreaterEqual(sum(c.calls for c in callers), CALLS)
        self.assertGreater(self.late, 0, "a stopping server still takes connections")
        self.assertGreaterEqual(min(c.connections for c in callers), REPLACEMENTS)


if __name__ == "__main__":
    unittest.main()
