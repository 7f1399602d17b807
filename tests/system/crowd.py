#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A crowd that takes connections and gives nothing, and what others notice of it.

    crowd.py [--seconds N] [--connections N] [--sources N] [KIND...]    prints a line for each kind

The crowd: processes that hold as many connections as they can, from loopback addresses of their own, and open
a new one for each that is cut. The others, from 127.0.0.1: a client that keeps its connections and asks now and
then, as API servers do, and new clients, four a second, who want a verdict within two seconds.
"""
import argparse
import asyncio
import contextlib
import multiprocessing
import resource
import socket
import ssl
import time

from harness import Answer, Server, post, review_json

KINDS = {  # what each connection sends before it falls silent; None: not even a handshake
    "body": [post(b"{", length=1000)],
    "refused": [post(b"{", length=1000, kind="text/plain")],
    "header": [b"POST /validate HTTP/1.1\r\nHost: h\r\n"],
    "served": [post(review_json()), post(b"{", length=1000)],
    "idle": [post(review_json())],
    "silent": [b""],
    "hello": None,
}
PROCESSES = 3
PAUSE = 0.02  # seconds before one that was cut is opened again: the crowd shares its machine with the server
PATIENCE = 2.0


async def hold(address, port, pieces, context):
    """One place of the crowd, filled again and again."""
    while True:
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, TimeoutError):
            reader, writer = await asyncio.wait_for(asyncio.open_connection(
                "127.0.0.1", port, local_addr=(address, 0), ssl=context if pieces is not None else None), 10)
            try:
                for i, piece in enumerate(pieces or []):
                    writer.write(piece)
                    if i < len(pieces) - 1:
                        await reader.readuntil(b"\r\n\r\n")
                while await reader.read(4096):
                    pass
            finally:
                writer.transport.abort()
        await asyncio.sleep(PAUSE)


def member(addresses, port, n, kind):
    """A process of the crowd, until it is ended."""
    many = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, many), many))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def all_of_them():
        await asyncio.gather(*(hold(addresses[i % len(addresses)], port, KINDS[kind], context) for i in range(n)))

    asyncio.run(all_of_them())


class Kept:
    """A client that keeps connections, idle for a while each, and counts what goes wrong."""

    def __init__(self, server, n):
        self.server, self.asked, self.failed = server, 0, 0
        self.open = [server.tls() for _ in range(n)]
        for i in range(n):
            self.ask(i)

    def ask(self, i):
        """API servers do not ask again when a kept connection turns out to be cut."""
        self.asked += 1
        try:
            self.open[i].settimeout(PATIENCE)
            self.open[i].sendall(post(review_json()))
            good = Answer(self.open[i]).status == 200
        except OSError:
            good = False
        if not good:
            self.failed += 1
            self.open[i].close()
            with contextlib.suppress(OSError):
                self.open[i] = self.server.tls()


def is_served(server):
    """A new client: does it have its verdict in time?"""
    end = time.monotonic() + PATIENCE
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as tcp:
            with server.context.wrap_socket(tcp, server_hostname="127.0.0.1") as s:
                s.sendall(post(review_json()))
                return Answer(s).status == 200 and time.monotonic() < end
    except OSError:
        return False


def measure(server, kind, seconds, connections, sources):
    """(kept asked, kept failed, new asked, new served, most memory) under a crowd."""
    addresses = [f"127.0.1.{i + 1}" for i in range(sources)]
    kept = Kept(server, 5)
    crowd = [multiprocessing.Process(target=member, daemon=True,
                                     args=(addresses[i::PROCESSES] or addresses, server.port,
                                           connections // PROCESSES, kind))
             for i in range(PROCESSES)]
    for process in crowd:
        process.start()
    new = served = turn = 0
    begun = time.monotonic()
    try:
        # On a busy machine each takes longer: enough of them for a share to mean something.
        while time.monotonic() < begun + seconds or (new < 20 and time.monotonic() < begun + 10 * seconds):
            kept.ask(turn % len(kept.open))
            turn, new = turn + 1, new + 1
            served += is_served(server)
            time.sleep(0.25)
    finally:
        for process in crowd:
            process.terminate()
            process.join()
        for s in kept.open:
            s.close()
    return kept.asked, kept.failed, new, served, server.memory("VmHWM")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=1500)
    parser.add_argument("--sources", type=int, default=1, help="addresses that the crowd comes from")
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    asked = parser.parse_args()
    print(f"{asked.connections} connections of {asked.sources} address(es), {asked.seconds:.0f} s each")
    for kind in asked.kinds:
        with Server() as server:
            calls, failed, new, served, memory = measure(server, kind, asked.seconds, asked.connections, asked.sources)
            cut = server.metric('oke_guard_requests_shed_total{reason="connections"}')
        print(f"  {kind:8} kept: {failed:3} of {calls:3} calls failed   new: {served:3} of {new:3} served within "
              f"{PATIENCE:.0f} s   {cut:6.0f} cut   {memory / 2**20:.0f} MiB at most", flush=True)


if __name__ == "__main__":
    main()
