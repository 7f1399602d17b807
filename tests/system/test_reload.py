# SPDX-License-Identifier: Apache-2.0
"""Policies, exceptions, configuration and certificate follow their files while requests come in.

OKE_GUARD_FULL=1 takes the large numbers: 100,000 requests, 1,000 reloads.
"""
import json
import os
import pathlib
import ssl
import tempfile
import threading
import time

from harness import (Answer, Case, MIB, PATIENCE, SANITIZED, Server, coredns_json, issue, post, review_json, send)

FULL = bool(os.environ.get("OKE_GUARD_FULL"))
REQUESTS = 100000 if FULL else 2000 if SANITIZED else 20000
RELOADS = 1000 if FULL else 20 if SANITIZED else 150
IN_FORCE = 2.0  # seconds from the change of a file
CLIENTS = 4

GUARDED = review_json(name="guarded")


def policy(message, name="own"):
    """Who creates the pod shop/guarded is told the message."""
    return json.dumps({
        "apiVersion": "oke-guard.internal/v1", "kind": "SupportPolicy", "metadata": {"name": name},
        "spec": {"title": "a test", "objects": [{"group": "", "resource": "pods", "namespace": "shop",
                                                 "names": ["guarded"]}],
                 "rules": [{"name": "created", "operations": ["CREATE"], "tier": "unsupported",
                            "message": message}]}})


def config(mode):
    return ('apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: default}\n'
            f'spec: {{mode: {mode}}}\n')


BROKEN = policy("x").replace('"title"', '"titel"')


class Mounted:
    """A folder as the kubelet mounts a ConfigMap or Secret: links through ..data, swapped by a rename."""

    def __init__(self, folder, files):
        self.folder, self.turn = pathlib.Path(folder), 0
        self.folder.mkdir(exist_ok=True)
        self.write(files)

    def write(self, files):
        """The next state; the last one's files are removed."""
        self.turn += 1
        next_folder, old = self.folder / f"..{self.turn}", self.folder / f"..{self.turn - 1}"
        next_folder.mkdir()
        for name, text in files.items():
            (next_folder / name).write_text(text)
        link = self.folder / "..data_tmp"
        link.symlink_to(next_folder.name)
        os.rename(link, self.folder / "..data")
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        for entry in self.folder.iterdir():
            if not entry.name.startswith("..") and entry.name not in files:
                entry.unlink()
        if old.exists():
            for file in old.iterdir():
                file.unlink()
            old.rmdir()


def replace(path, text):
    """As editors do."""
    new = path.with_name(".new")
    new.write_text(text)
    new.rename(path)


def no_check():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Client(threading.Thread):
    """Asks as fast as it can, on a connection that is renewed every 50 requests."""

    def __init__(self, server, bodies):
        super().__init__(daemon=True)
        self.server, self.bodies, self.over = server, bodies, threading.Event()
        self.good, self.failed = 0, []

    def run(self):
        context = no_check()
        while not self.over.is_set() and len(self.failed) < 10:
            try:
                with self.server.tls(context) as s:
                    for _ in range(50):
                        self.ask(s)
            except Exception as problem:  # whatever it is, it is a failed request
                self.failed.append(repr(problem))

    def ask(self, s):
        body, fits = self.bodies[self.good % len(self.bodies)]
        send(s, post(body))
        answer = Answer(s)
        if answer.status == 200 and fits(answer.json["response"]):
            self.good += 1
        else:
            self.failed.append(f"{answer.status} {answer.body[:500]}")


class Every(threading.Thread):
    """Calls something every so many seconds until it is stopped."""

    def __init__(self, seconds, what):
        super().__init__(daemon=True)
        self.seconds, self.what = seconds, what
        self.over, self.turns, self.problem = threading.Event(), 0, None

    def run(self):
        due = time.monotonic()
        try:
            while not self.over.is_set():
                self.what(self.turns)
                self.turns += 1
                due += self.seconds
                self.over.wait(max(0, due - time.monotonic()))
        except Exception as problem:
            self.problem = problem

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.over.set()
        self.join(PATIENCE)
        if self.problem:
            raise self.problem


class Reload(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-reload-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def message(self, server):
        response = server.review(GUARDED).json["response"]
        return "" if response["allowed"] else response["status"]["message"]

    def reloads(self, server, result):
        return server.metric(f'oke_guard_policy_reload_total{{result="{result}"}}')

    def change(self, what, do, true):
        """Seconds from the change of the file until it shows."""
        do()
        begun = time.monotonic()
        self.wait_until(true, what + " is not taken up")
        took = time.monotonic() - begun
        if not SANITIZED:
            self.assertLess(took, IN_FORCE, what)
        return what, took

    def test_in_force_soon(self):
        policies, elsewhere = self.folder / "policies", self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "linked.yaml").write_text(policy("linked 0", "linked"))
        policies.mkdir()
        (policies / "a.yaml").write_text(policy("first"))
        (policies / "linked.yaml").symlink_to("../elsewhere/linked.yaml")
        mounted = Mounted(self.folder / "mounted", {"b.yaml": policy("mounted 0", "mounted")})
        (self.folder / "guard.yaml").write_text(config("enforce"))
        with Server(f"--policy={policies}", f"--policy={mounted.folder}",
                    f"--config={self.folder / 'guard.yaml'}") as server:
            says = lambda text: lambda: text in self.message(server)  # noqa: E731
            took = [
                self.change("a file written anew", lambda: (policies / "a.yaml").write_text(policy("second")),
                            says("second")),
                self.change("a file replaced", lambda: replace(policies / "a.yaml", policy("third")), says("third")),
                self.change("a file that appears", lambda: (policies / "c.yaml").write_text(policy("more", "c")),
                            says("more")),
                self.change("a file removed", (policies / "c.yaml").unlink, lambda: not says("more")()),
                self.change("the swap of ..data", lambda: mounted.write({"b.yaml": policy("mounted 1", "mounted")}),
                            says("mounted 1")),
                self.change("the configuration", lambda: replace(self.folder / "guard.yaml", config("audit")),
                            lambda: self.message(server) == ""),
                self.change("the configuration, back", lambda: (self.folder / "guard.yaml").write_text(
                    config("enforce")), says("third")),
                # inotify does not watch there: it is seen by looking
                self.change("a file behind a link", lambda: (elsewhere / "linked.yaml").write_text(
                    policy("linked 1", "linked")), says("linked 1")),
            ]
            self.assertEqual(self.reloads(server, "error"), 0)
        for what, seconds in took:
            print(f"{what}: {seconds:.3f} s")

    def test_broken_keeps_the_last(self):
        file = self.folder / "a.yaml"
        file.write_text(policy("good"))
        with Server(f"--policy={self.folder}") as server:
            replace(file, BROKEN)
            said = server.wait_for_log(lambda line: "cannot be reloaded" in line.get("msg", ""))
            self.assertRegex(said["error"], r"/a\.yaml:1:\d+: ")
            self.assertEqual(said["errors"], 2)  # "titel" is unknown, "title" is missing
            each = [line["error"] for line in server.lines if line.get("msg") == "policy"]
            self.assertRegex("\n".join(each), r"/a\.yaml:1:\d+: .*titel")
            self.assertIn("good", self.message(server))
            self.assertEqual(self.reloads(server, "error"), 1)
            self.assertEqual(server.metric("oke_guard_policies_stale"), 1)
            ready = server.page("/readyz?verbose")
            self.assertEqual(ready.status, 200, "it serves")
            self.assertRegex(ready.text, r"the files hold others that cannot be used: .*/a\.yaml:1:\d+: ")
            status = server.page("/statusz").json["policyReload"]
            self.assertEqual((status["error"], status["filesBroken"]), (1, True))
            self.assertIn("/a.yaml:1:", status["firstError"])

            replace(file, policy("better"))
            self.wait_until(lambda: "better" in self.message(server), "not taken up")
            self.wait_until(lambda: self.reloads(server, "ok") == 1, "not counted")
            self.wait_until(lambda: server.metric("oke_guard_policies_stale") == 0, "still stale")
            self.assertNotIn("cannot be used", server.page("/readyz?verbose").text)
            self.assertFalse(server.page("/statusz").json["policyReload"]["filesBroken"])
            time.sleep(1.5)
            self.assertEqual((self.reloads(server, "ok"), self.reloads(server, "error")), (1, 1), "once a change")

    def test_what_is_the_same_is_not_reloaded(self):
        file = self.folder / "a.yaml"
        file.write_text(policy("good"))
        with Server(f"--policy={self.folder}") as server:
            replace(file, policy("good"))
            os.utime(file)
            (self.folder / "notes.txt").write_text("no policy")
            time.sleep(2.5)
            self.assertEqual((self.reloads(server, "ok"), self.reloads(server, "error")), (0, 0))

    def test_folder_comes_and_goes(self):
        policies, away = self.folder / "policies", self.folder / "away"
        policies.mkdir()
        (policies / "a.yaml").write_text(policy("first"))
        with Server(f"--policy={policies}") as server:
            policies.rename(away)
            said = server.wait_for_log(lambda line: "cannot be reloaded" in line.get("msg", ""))
            self.assertIn(str(policies), said["error"])
            self.assertIn("first", self.message(server))
            (away / "a.yaml").write_text(policy("second"))
            away.rename(policies)
            self.wait_until(lambda: "second" in self.message(server), "the folder that appears is not taken up")
            (policies / "a.yaml").write_text(policy("third"))
            self.wait_until(lambda: "third" in self.message(server), "the new folder is not watched")
            (policies / "a.yaml").unlink()
            self.wait_until(lambda: self.message(server) == "", "the file that was removed is in force")

    def test_counts_follow_the_policies(self):
        file = self.folder / "a.yaml"
        counted = 'oke_guard_findings_total{{policy="{}",rule="created",tier="unsupported",action="deny"}}'
        file.write_text(policy("first", "one"))
        with Server(f"--policy={self.folder}") as server:
            self.message(server)
            self.assertEqual(server.metric(counted.format("one")), 1)
            replace(file, policy("second", "two"))
            self.wait_until(lambda: "second" in self.message(server), "not taken up")
            self.assertGreaterEqual(server.metric(counted.format("two")), 1)
            self.wait_until(lambda: '"one"' not in server.page("/metrics").text, "the old policy is still counted")

    def test_memory_does_not_grow(self):
        file = self.folder / "a.yaml"
        file.write_text(policy("0"))
        with Server(f"--policy={self.folder}") as server:
            begun, first = time.monotonic(), None
            for turn in range(1, RELOADS + 1):
                replace(file, BROKEN if turn % 10 == 0 else policy(str(turn)))
                self.wait_until(lambda: self.reloads(server, "ok") + self.reloads(server, "error") == turn,
                                "not taken up")
                if turn == RELOADS // 10:
                    time.sleep(1.2)  # memory is given back
                    first = self.own(server), server.metric("process_open_fds")
            took = time.monotonic() - begun
            time.sleep(1.2)
            last = self.own(server), server.metric("process_open_fds")
            print(f"{RELOADS} reloads in {took:.1f} s; {first[0] / MIB:.2f} MiB after {RELOADS // 10} of them, "
                  f"{last[0] / MIB:.2f} MiB at the end")
            self.assertEqual(first[1], last[1], "descriptors")
            if not SANITIZED:
                self.assertLess(last[0] - first[0], MIB // 2)

    def own(self, server):
        """Memory besides code: what is read of the program's file comes and goes."""
        return server.memory("RssAnon")

    def test_no_request_fails(self):
        """A reload every 100 ms, some of them of broken files, and a certificate every second."""
        certificates = self.folder / "tls"
        certificates.mkdir()
        issue(certificates)
        mounted = Mounted(self.folder / "policies", {"a.yaml": policy("turn 0")})

        def swap(turn):
            mounted.write({"a.yaml": BROKEN if turn % 10 == 5 else policy(f"turn {turn}")})

        bodies = [
            (GUARDED, lambda r: not r["allowed"] and r["status"]["message"].startswith("turn ")),
            (coredns_json(), lambda r: not r["allowed"] and "coredns" in r["status"]["message"]),
            (review_json(), lambda r: r["allowed"]),
        ]
        with Server(f"--policy={mounted.folder}", folder=certificates) as server:
            clients = [Client(server, bodies) for _ in range(CLIENTS)]
            renewals = 'oke_guard_certificate_reload_total{result="ok"}'

            def enough():  # of everything that must not disturb the requests
                return any(client.failed for client in clients) or (
                    sum(client.good for client in clients) >= REQUESTS and server.metric(renewals) >= 2
                    and self.reloads(server, "ok") >= 5 and self.reloads(server, "error") >= 2)

            begun = time.monotonic()
            # A sanitizer reads slower: broken files must stay long enough to be met.
            with Every(0.5 if SANITIZED else 0.1, swap) as swaps, Every(1, lambda turn: issue(certificates)) as changes:
                for client in clients:
                    client.start()
                self.wait_until(enough, "requests and reloads", 600 if FULL else 6 * PATIENCE)
                for client in clients:
                    client.over.set()
                for client in clients:
                    client.join(PATIENCE)
            took = time.monotonic() - begun
            failed = [problem for client in clients for problem in client.failed]
            good = sum(client.good for client in clients)
            counts = self.reloads(server, "ok"), self.reloads(server, "error")
            renewed = server.metric(renewals)
            print(f"{good} good, {len(failed)} failed in {took:.1f} s; {swaps.turns} changes of policies: {counts[0]:.0f} "
                  f"reloads, {counts[1]:.0f} refused; {changes.turns} changes of the certificate: {renewed:.0f} "
                  f"reloads; RSS {server.memory() / MIB:.1f} MiB")
            self.assertEqual(failed[:3], [])
            self.assertGreaterEqual(good, REQUESTS)
            self.assertEqual(server.metric('oke_guard_certificate_reload_total{result="error"}'), 0)
            # Nothing is lost in the end: the last state of the files is in force.
            mounted.write({"a.yaml": policy("turn last")})
            server.context = no_check()
            self.wait_until(lambda: "turn last" in self.message(server), "the last change is not in force")
