# SPDX-License-Identifier: Apache-2.0
"""oke-guard beside nginx and a webhook in Go: CPU, latency and memory, measured on this machine in one go.

All servers run all the time and are asked in turn, in several rounds; a figure is the
median over the rounds, so that what else the machine does falls on all. CPU is utime and
stime of the server's processes, not of the client.
"""
import argparse
import datetime
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time

import inputs
import servers

# DESIGN's goals, as multiples of nginx.
GOALS = {("Deployment, 4 KB", "passed"): 1.4, ("Deployment, 12 KB", "passed"): 1.4, ("Deployment, 40 KB", "passed"): 1.3,
         ("12 KB", "unchanged"): 1.5, ("12 KB", "denied"): 2.2, ("40 KB", "denied"): 1.9}
GOAL_FRESH, GOAL_RULES = 1.1, 1.05
GOAL_IDLE, GOAL_LOAD, GOAL_FLOOD, GOAL_READY = 8, 12, 48, 40
GOAL_MANY_IDLE, GOAL_MANY_READY = 14, 80  # with ten thousand rules

missed = []


def verdict(what, value, goal):
    """`goal 1.4`, and the missed ones are listed at the end."""
    if goal is None:
        return ""
    if value > goal:
        missed.append(f"{what}: {value:.2f}, goal {goal}")
    return f"goal {goal}" + (" MISSED" if value > goal else "")


class Bench:
    def __init__(self, options):
        self.options = options
        self.build = os.path.abspath(os.environ.get("BUILD", "build"))
        self.guard = f"{self.build}/oke-guard"
        self.work = f"{self.build}/bench"
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)
        servers.make_certificate(self.work)
        self.paths = inputs.write(inputs.recorded(options.reviews), self.work)
        self.check_inputs()
        self.go_client = servers.go_program(self.work, "goclient")

    def check_inputs(self):
        """Are the reviews what their names say, for the pack as it is now?"""
        for (name, kind), path in self.paths.items():
            line = subprocess.run([f"{self.build}/tests/bench/judge", "1", path],
                                  check=True, capture_output=True, text=True).stdout.strip()
            want = "deny concerned" if kind == "denied" else "allow concerned"
            if name in inputs.ORDINARY and not name.startswith("Node"):  # nodes have rules of their own
                want = "allow not-concerned"
            if line != want and not (kind == "passed" and line == "allow not-concerned"):
                raise SystemExit(f"the review of {name} in {path} should be '{want}', not '{line}'")

    def load(self, server, path, *args):
        return self.ask(server, [f"{self.build}/tests/bench/load", *args, str(server.port), path])

    def ask(self, server, argv):
        """Ask one server for a while: what the client saw, and the server's CPU."""
        before = server.cpu()
        run = subprocess.run(argv, capture_output=True, text=True, check=False)
        if not run.stdout.startswith("{") or (run.returncode and "--any" not in argv):
            raise SystemExit(f"load on {server.name} failed: {run.stdout}{run.stderr}")
        seen = json.loads(run.stdout)
        seen["cpu"] = (server.cpu() - before) / max(seen["good"], 1) * 1e6
        return seen

    def slice_by_go(self, server, path, _):
        return self.ask(server, [self.go_client, str(server.port), path, "4", str(self.options.seconds)])

    def slice(self, server, path, fresh=False):
        args = ["--connections", "4", "--count", "100000000",
                "--seconds", str(self.options.seconds)]
        return self.load(server, path, *args, *(["--fresh"] if fresh else []))

    def against(self, pairs, path, fresh=False, client=None):
        """Rounds of slices, in turn; for each server the medians, and of the ratio to the first."""
        client = client or self.slice
        rounds = [[client(s, path, fresh) for s in pairs] for _ in range(self.options.rounds)]
        medians = [{k: statistics.median(r[i][k] for r in rounds) for k in ("cpu", "p50", "p99")}
                   for i in range(len(pairs))]
        ratios = [statistics.median(r[i]["cpu"] / r[0]["cpu"] for r in rounds)
                  for i in range(len(pairs))]
        return medians, ratios

    def row(self, what, found, goal=None):
        (n, g, _), (_, ratio, go) = found
        print(f"{what:30}{n['cpu']:7.1f}{g['cpu']:7.1f}{ratio:7.2f}{go:7.2f}{g['p50']:8.0f}"
              f"{n['p50']:7.0f}{g['p99']:8.0f}{n['p99']:7.0f}  "
              f"{verdict(what, ratio, goal)}", flush=True)

    def beside_others(self):
        head = (f"{'review':30}{'nginx':>7}{'guard':>7}{'ratio':>7}{'Go':>7}"
                f"{'p50':>8}{'nginx':>7}{'p99':>8}{'nginx':>7}")
        print("\nCPU of the server for a request, and latency seen by 4 clients (microseconds); multiples of nginx\n")
        print(head)
        cases = [(*case, False) for case in self.paths if case[0] != "3 MiB"]
        cases += [("DELETE, 4 KB", "passed", True), ("4 KB", "denied", True)]
        with servers.nginx(self.work, self.options.threads) as other, \
                servers.byhand(self.work, self.options.threads) as by_hand, \
                servers.guard(self.guard, self.work, self.options.threads) as ours:
            for name, kind, fresh in cases:
                found = self.against([other, ours, by_hand], self.paths[name, kind], fresh)
                self.row(f"{name} {kind}{', new conn.' if fresh else ''}", found,
                         GOAL_FRESH if fresh else GOALS.get((name, kind)))
            print(f"\nThe same, asked by Go's HTTP client, as API servers ask\n\n{head}")
            for name, kind in GOALS:
                self.row(f"{name} {kind}",
                         self.against([other, ours, by_hand], self.paths[name, kind], client=self.slice_by_go))

    def rules(self):
        print("\nTen further rules against ten thousand (CPU for a request, microseconds)\n")
        few = inputs.write_policies(f"{self.work}/few", 10)
        many = inputs.write_policies(f"{self.work}/many", 10_000)
        threads = self.options.threads
        with servers.guard(self.guard, self.work, threads, few) as a, \
                servers.guard(self.guard, self.work, threads, many) as b:
            for name, kind in (("Deployment, 12 KB", "passed"), ("DELETE, 12 KB", "passed"), ("12 KB", "denied")):
                what = f"{name} {kind}"
                (x, y), (_, ratio) = self.against([a, b], self.paths[name, kind])
                print(f"{what:30}{x['cpu']:7.1f}{y['cpu']:7.1f}{ratio:7.3f}  "
                      f"{verdict('ten thousand rules, ' + what, ratio, GOAL_RULES)}", flush=True)
            many_idle = b.memory("VmRSS")
            print(f"memory at rest: {a.memory('VmRSS'):.1f} and {many_idle:.1f} MiB  "
                  f"{verdict('memory at rest, ten thousand rules', many_idle, GOAL_MANY_IDLE)}")

    def memory(self):
        print("\nMemory with the built-in pack (MiB, default threads)\n")
        with servers.guard(self.guard, self.work) as server:
            time.sleep(0.5)
            idle = server.memory("VmRSS")
            print(f"at rest                    {idle:6.1f}  {verdict('memory at rest', idle, GOAL_IDLE)}")
            seconds = str(self.options.seconds)
            for (name, _), path in self.paths.items():
                if name not in ("ConfigMap, 250 KB", "250 KB", "3 MiB"):
                    self.load(server, path, "--connections", "16", "--count", "100000000", "--seconds", seconds)
            peak = server.memory("VmHWM")
            print(f"most under load            {peak:6.1f}  {verdict('memory under load', peak, GOAL_LOAD)}"
                  "  (16 connections, 4 to 40 KB)")
            self.flood(server)

    def flood(self, server):
        """64 bodies of 3 MiB at once; small reviews are answered meanwhile and after."""
        good = shed = 0
        for _ in range(3):
            seen = self.load(server, self.paths["3 MiB", "denied"], "--connections", "64",
                             "--together", "--any")
            good, shed = good + seen["good"], shed + seen["shed"]
        peak = server.memory("VmHWM")
        print(f"most with 64 bodies 3 MiB  {peak:6.1f}  {verdict('memory with 64 bodies of 3 MiB', peak, GOAL_FLOOD)}"
              f"  (of 192: {good} judged, {shed} told to come again)")
        self.slice(server, self.paths["4 KB", "denied"])
        print(f"at rest afterwards         {server.memory('VmRSS'):6.1f}")

    def ready_once(self, policies=None):
        start = time.monotonic()
        with servers.guard(self.guard, self.work, policies=policies, wait=False) as server:
            while server.process.poll() is None and time.monotonic() - start < 20:
                try:
                    with socket.create_connection(("127.0.0.1", server.health), 1) as s:
                        s.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                        if s.recv(64).startswith(b"HTTP/1.1 200"):
                            return (time.monotonic() - start) * 1000
                except OSError:
                    pass
                time.sleep(0.0005)
        raise SystemExit("oke-guard did not become ready")

    def ready(self):
        print("\nFrom start to the first 200 of /readyz (milliseconds, median of 15)\n")
        plain = statistics.median(self.ready_once() for _ in range(15))
        print(f"built-in pack              {plain:6.1f}  {verdict('ready', plain, GOAL_READY)}")
        many = inputs.write_policies(f"{self.work}/many", 10_000)
        more = statistics.median(self.ready_once(many) for _ in range(5))
        print(f"and ten thousand rules     {more:6.1f}  (their loading: {more - plain:.1f})  "
              f"{verdict('ready, ten thousand rules', more, GOAL_MANY_READY)}")


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--reviews", default=f"{root}/tests/data/reviews/reviews.jsonl")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each slice")
    parser.add_argument("--threads", type=int, default=2, help="of both servers")
    parser.add_argument("--only", choices=["nginx", "rules", "memory", "ready"])
    options = parser.parse_args()
    bench = Bench(options)
    print(f"{datetime.date.today()}, {os.cpu_count()} cores, {platform.freedesktop_os_release()['PRETTY_NAME']}")
    parts = {"nginx": bench.beside_others, "rules": bench.rules, "memory": bench.memory,
             "ready": bench.ready}
    for name, part in parts.items():
        if options.only in (None, name):
            part()
    print("\nMissed:\n  " + "\n  ".join(missed) if missed else "\nAll goals are met.")


if __name__ == "__main__":
    sys.exit(main())
