# SPDX-License-Identifier: Apache-2.0
"""The agent against an API server that fails in every way: it converges, and what is served is always trusted."""
import base64
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from cluster_stub import (CONFIGURATION, DAY, FACTS, PROBE, SECRET, SOURCE, Agent, Stub, command, connection, pems, status)
from harness import BINARY, PATIENCE, ROOT, SANITIZED, Case, Server, coredns_json, issue, run
from test_metrics import promtool

# With this step of the clock no wait is ever really waited: one look is more than the overlap after the other.
QUICK = 200
LOGS = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


def ready(agent):
    return agent.page("/readyz").status == 200


def first(stub, call, path):
    """Is it the first call about that object?"""
    return call["path"] == path and sum(c["path"] == path for c in stub.calls) == 1


def keys_of(stub):
    """What must stand in no log: lines of every key that ever was in the Secret."""
    for call in stub.writes(SECRET):
        for name, value in (json.loads(call["body"]).get("data") or {}).items():
            if name.endswith(".key") and value:
                yield value[40:80]
                yield from base64.b64decode(value).decode().splitlines()[1:-1]


class AgentCase(Case):
    def settle(self, stub, agent, other_than=None, seconds=PATIENCE):
        self.wait_until(lambda: stub.settled(other_than), "not settled:\n" + agent.log_text(), seconds)

    def assert_sound(self, stub, *agents):
        self.assertEqual([], stub.untrusted(), "served, but not trusted")
        for agent in agents:
            for secret in keys_of(stub):
                self.assertNotIn(secret, agent.log_text())


class Life(AgentCase):
    def test_a_policy_that_is_unsound_is_left_out(self):
        """A typo must not take the agent away, and with it the certificate."""
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "p.yaml").write_text("kind: SupportPolicy\n")
            with Stub() as stub, Agent(stub, f"--policy={folder}") as agent:
                agent.wait_for_log(lambda line: line.get("msg") == "left out")
                self.settle(stub, agent)
                self.assertIn("[-] policies: since ", agent.page("/readyz?verbose").text)
                self.wait_until(lambda: ready(agent), "not ready")

    def test_an_empty_cluster(self):
        with Stub() as stub, Agent(stub, "--facts=oke-guard-facts") as agent:
            self.settle(stub, agent)
            self.wait_until(lambda: ready(agent), "not ready")
            self.wait_until(lambda: stub.writes(FACTS), "no facts")
            self.assertEqual(stub.objects[FACTS]["data"], {"kubernetes": "1.36"})
            # First the pair, then who trusts it; nothing else is touched.
            self.assertEqual([c["path"] for c in stub.writes()], [FACTS, SECRET, CONFIGURATION])
            for path in (SECRET, CONFIGURATION):
                metadata = stub.objects[path]["metadata"]
                self.assertEqual(metadata["labels"], {"app": "oke-guard"})
                self.assertEqual(metadata["annotations"], {"meta.helm.sh/release-name": "oke-guard"})
            for webhook in stub.objects[CONFIGURATION]["webhooks"]:
                self.assertEqual(webhook["clientConfig"]["service"]["name"], "oke-guard")
                self.assertEqual(webhook["failurePolicy"], "Ignore")
            with tempfile.TemporaryDirectory() as folder:
                for name in ("tls.crt", "tls.key", "ca.crt"):
                    (pathlib.Path(folder) / name).write_text(stub.data(name))
                code, text, _ = run("certs", "check", "--dir", folder, "--service", "oke-guard", "--namespace",
                                    "oke-guard")
                self.assertEqual(code, 0, text)
            text = agent.page("/readyz?verbose").text
            self.assertIn("[+] configuration: as policies and certificates want it", text)
            self.assertIn("step steady", text)
            self.assertEqual(agent.metric("oke_guard_webhook_configuration_current"), 1)
            # What was generated and what is in force are the same thing.
            (pathlib.Path(stub.folder.name) / "ca.crt").write_text(stub.data("ca.crt"))
            code, text, error = run("generate", "webhook-configuration", "-o", "json", "--service",
                                    "oke-guard/oke-guard", "--ca-bundle", stub.folder.name + "/ca.crt")
            self.assertEqual((code, error), (0, ""))
            self.assertEqual([w["name"] for w in json.loads(text)["webhooks"]],
                             [w["name"] for w in stub.objects[CONFIGURATION]["webhooks"]])
            self.assert_sound(stub, agent)

    def test_a_version_that_the_configuration_names_is_not_the_clusters(self):
        """After an upgrade that nobody told it of: judged as it says, and told in the log, a page and a metric."""
        config = ("apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: guard}\n"
                  'spec: {mode: enforce, cluster: {kubernetes: "%s"}}\n')
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "config.yaml")
            file.write_text(config % "1.34")
            with Stub() as stub, Agent(stub, f"--config={file}", "--interval=1") as agent:
                line = agent.wait_for_log(lambda one: "is not the cluster's version" in one.get("msg", ""))
                self.assertEqual((line["level"], line["configured"], line["kubernetes"]), ("error", "1.34", "1.36"))
                self.settle(stub, agent)
                self.wait_until(lambda: ready(agent), "not ready")
                self.assertIn("[-] kubernetes: cluster.kubernetes of the configuration says 1.34, the API server 1.36",
                              agent.page("/readyz?verbose").text)
                self.assertEqual(agent.metric("oke_guard_agent_version_contradicted"), 1)
                for right in ("1.36", "auto"):
                    file.write_text(config % right)
                    self.wait_until(lambda: agent.metric("oke_guard_agent_version_contradicted") == 0, right)
                    self.assertIn("[+] kubernetes: ", agent.page("/readyz?verbose").text)
                    file.write_text(config % "1.35")
                    self.wait_until(lambda: agent.metric("oke_guard_agent_version_contradicted") == 1, "told no more")
                told = agent.log_text().count("is not the cluster's version")
                self.assertEqual(told, 3, "once a contradiction, not once a round")

    def test_a_renewal_waits(self):
        """A look every 50 seconds of the cluster's time: both CAs are trusted long before and after the change."""
        with Stub() as stub, Agent(stub) as agent:
            self.settle(stub, agent)
            first = stub.data("tls.crt")
            stub.offset += 250 * DAY
            stub.step = 50
            self.settle(stub, agent, other_than=first, seconds=3 * PATIENCE)
            self.assert_sound(stub, agent)
            begun, over = (next(t for t, b in stub.bundles if len(pems(b)) == 2),
                           stub.bundles[-1][0])
            swapped = stub.pairs[-1][0]
            self.assertGreaterEqual(swapped - begun, 120)
            self.assertGreaterEqual(over - swapped, 120)
            self.assertEqual([len(pems(b)) for _, b in stub.bundles], [1, 2, 1])
            for msg in ("the next certificate was issued; it is not served yet",
                        "the next CA was read back; waiting for the API servers",
                        "the next certificate is the current one now",
                        "the new certificate was read back; waiting for the replicas",
                        "the previous CA was dropped; the renewal is over"):
                agent.wait_for_log(lambda line, msg=msg: line.get("msg") == msg)

    def test_dead_for_years(self):
        """Nothing was renewed, the pair has expired: the next start puts it right."""
        with Stub() as stub:
            stub.step = QUICK
            with Agent(stub) as agent:
                self.settle(stub, agent)
            first = stub.data("tls.crt")
            stub.offset += 800 * DAY
            with Agent(stub) as agent:
                self.settle(stub, agent, other_than=first)
                agent.wait_for_log(lambda line: line.get("msg") == "the certificate in the Secret cannot be served")
                self.assert_sound(stub, agent)

    def test_the_secret_is_broken_by_hand(self):
        def empty(secret):
            secret["data"] = {}

        def cut(secret):
            secret["data"]["tls.crt"] = secret["data"]["tls.crt"][:400]

        def lose_ca(secret):
            del secret["data"]["ca.crt"]

        with Stub() as stub:
            stub.step = QUICK
            with Agent(stub) as agent:
                for change, other in ((empty, True), (cut, True), (lose_ca, False)):
                    self.settle(stub, agent)
                    before = stub.data("tls.crt")
                    stub.edit(SECRET, change)
                    self.settle(stub, agent, other_than=before if other else None)
                self.assertEqual(stub.data("tls.crt"), before, "what was good is kept")
                stub.pairs = [p for p in stub.pairs if len(pems(p[1][0])) == 1]
                self.assert_sound(stub, agent)

    def test_somebody_edits_the_configuration(self):
        def edit(configuration):
            configuration["webhooks"][0]["failurePolicy"] = "Fail"
            del configuration["webhooks"][1]

        def add(configuration):
            configuration["webhooks"][0]["clientConfig"]["caBundle"] = ""

        with Stub() as stub, Agent(stub) as agent:
            self.settle(stub, agent)
            want = stub.objects[CONFIGURATION]["webhooks"]
            for change, said in ((edit, "failurePolicy"), (add, "caBundle")):
                stub.edit(CONFIGURATION, change)
                self.wait_until(lambda: stub.objects[CONFIGURATION]["webhooks"] == want, "not put right")
                agent.wait_for_log(lambda line, said=said: said in line.get("difference", ""))

    def test_it_follows_the_policies(self):
        policy = """
apiVersion: oke-guard.internal/v1
kind: SupportPolicy
metadata: {name: our-dns}
spec:
  title: our DNS
  docs: https://wiki.example.com/dns
  objects: [{group: dns.example.com, resource: zones, namespace: dns, names: [main]}]
  rules: [{name: changed, operations: [UPDATE], tier: unsupported}]
"""
        with tempfile.TemporaryDirectory() as folder, Stub() as stub, \
                Agent(stub, "--interval=3600", f"--policy={folder}") as agent:
            self.settle(stub, agent)
            self.assertNotIn("zones", json.dumps(stub.objects[CONFIGURATION]))
            (pathlib.Path(folder) / "dns.yaml").write_text(policy)
            self.wait_until(lambda: "zones" in json.dumps(stub.objects[CONFIGURATION]), "the policy never arrives")
            (pathlib.Path(folder) / "dns.yaml").write_text("kind: nothing")
            self.wait_until(lambda: "[-] policies" in agent.page("/readyz?verbose").text, "nobody says it is broken")
            self.assertTrue(ready(agent), "the last good ones are in force")
            self.assertEqual(agent.metric("oke_guard_agent_policies_stale"), 1)

    def test_two_agents_at_once(self):
        with Stub() as stub:
            stub.step = 40
            with Agent(stub) as one, Agent(stub) as two:
                for _ in range(3):
                    self.settle(stub, one, seconds=3 * PATIENCE)
                    first = stub.data("tls.crt")
                    stub.offset += 250 * DAY
                    self.settle(stub, one, other_than=first, seconds=3 * PATIENCE)
                self.assert_sound(stub, one, two)


class Crash(AgentCase):
    """Killed at each of its requests, and at each write after it took effect; then another one comes."""

    def begin(self, stub, objects):
        stub.step = QUICK
        if objects:
            for path, value in objects.items():
                stub.put(path, value)
            stub.offset += 250 * DAY

    def undisturbed(self, objects):
        """What it asks, when nobody kills it; and what the cluster holds then."""
        with Stub() as stub:
            self.begin(stub, objects)
            first = stub.data("tls.crt")
            with Agent(stub) as agent:
                self.settle(stub, agent, other_than=first)
                self.wait_until(lambda: ready(agent), "not ready")
                calls = [call["method"] for call in stub.calls]
            while calls[-1] == "GET":
                calls.pop()
            return calls, stub.objects

    def crash(self, objects, when, applied):
        with Stub() as stub:
            self.begin(stub, objects)
            first, pid = stub.data("tls.crt"), []

            def kill(call):
                if len(stub.calls) != when:
                    return None
                if applied:
                    stub.answer(call)
                os.kill(pid.pop(), signal.SIGKILL)
                return lambda handler: handler.connection.close()

            stub.fault = kill
            agent = Agent(stub, wait=False)
            with stub.lock:  # no request is answered before we know whom to kill
                agent.__enter__()
                pid.append(agent.pid)
            self.assertTrue(agent.killed(), agent.log_text())
            with Agent(stub) as again:
                self.settle(stub, again, other_than=first)
                self.assert_sound(stub, again, agent)

    def crash_everywhere(self, objects, least):
        calls, after = self.undisturbed(objects)
        self.assertGreaterEqual(len(calls), least)
        for when, method in enumerate(calls, 1):
            for applied in (False, True) if method == "PATCH" else (False,):
                with self.subTest(when=when, method=method, applied=applied):
                    self.crash(objects, when, applied)
        return after

    def test_between_any_two_requests(self):
        """Of the first issue, and of a renewal."""
        first = self.crash_everywhere(None, 6)
        self.crash_everywhere(first, 20)


class Faults(AgentCase):
    def with_fault(self, fault, said, *options):
        """The fault for the first call; then all is well. The log says what it was."""
        with Stub() as stub:
            stub.fault = lambda call: fault if first(stub, call, CONFIGURATION) else None
            with Agent(stub, *options) as agent:
                line = agent.wait_for_log(
                    lambda line: line.get("msg") == "reconciling failed; will retry")
                self.assertRegex(line["error"], said)
                self.settle(stub, agent)
                agent.wait_for_log(lambda line: line.get("msg") == "reconciling works again")
                self.assert_sound(stub, agent)
                return agent.page("/metrics").text

    def test_answers(self):
        huge = json.dumps({"kind": "ValidatingWebhookConfiguration", "x": "y" * (5 << 20)}).encode()
        deep = b"[" * 100000
        other = json.dumps({"kind": "List", "metadata": {"resourceVersion": "1"}}).encode()
        odd = json.dumps({"kind": "ValidatingWebhookConfiguration", "metadata": {"resourceVersion": "1\n2"}}).encode()
        redirect = {"Location": "https://127.0.0.1:1/"}

        def hang(handler):
            time.sleep(3)
            handler.close_connection = True

        def truncated(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"kind\":")
            handler.close_connection = True

        def cut(handler):
            handler.connection.close()

        for name, fault, said, result in (
                ("500", status(500, "etcd is away"), "HTTP 500: etcd is away", "server"),
                ("503 of no JSON", (503, {}, b"<html>"), "HTTP 503", "server"),
                ("404 of a proxy", (410, {}, b""), "HTTP 410", "refused"),
                ("a redirect", (302, redirect, b""), "HTTP 302", "refused"),
                ("no JSON", (200, {}, b"<html>ok</html>"), "cannot be read", "unreadable"),
                ("nothing", (200, {}, b""), "cannot be read", "unreadable"),
                ("too deep", (200, {}, deep), "cannot be read", "unreadable"),
                ("another kind", (200, {}, other), "is no ValidatingWebhookConfiguration", "unreadable"),
                ("an odd version", (200, {}, odd), "has no resourceVersion", "unreadable"),
                ("too large", (200, {}, huge), "more than 4194304 bytes", "connection"),
                ("forbidden", status(403, "no rights"), "HTTP 403: no rights", "forbidden"),
                ("late", hang, "no answer from .*tim", "connection"),
                ("truncated", truncated, "no answer", "connection"),
                ("cut", cut, "no answer", "connection")):
            with self.subTest(name):
                metrics = self.with_fault(fault, said, "--request-timeout=1")
                count = re.search(rf'^oke_guard_agent_api_calls_total{{result="{result}"}} (\d+)$', metrics,
                                  re.MULTILINE)
                self.assertGreaterEqual(int(count[1]), 1)

    def test_conflicts(self):
        """Every write meets somebody who was faster, three times."""
        with Stub() as stub:
            seen = {}

            def conflict(call):
                if call["method"] == "GET" or not call["path"] in (SECRET, CONFIGURATION):
                    return None
                seen[call["path"]] = seen.get(call["path"], 0) + 1
                if seen[call["path"]] % 4:
                    stub.edit(call["path"], lambda o: o["metadata"]["labels"].update(n=str(seen[call["path"]])))
                return None

            stub.fault = conflict
            with Agent(stub) as agent:
                self.settle(stub, agent)
                self.assertEqual(agent.metric('oke_guard_agent_api_calls_total{result="conflict"}'), 6)
                self.assertEqual(agent.metric('oke_guard_agent_writes_total{object="secret"}'), 1)
                self.assertNotIn("reconciling failed", agent.log_text())

    def test_it_waits_as_long_as_it_is_told(self):
        with Stub() as stub:
            times = []

            def busy(call):
                if call["path"] != CONFIGURATION:
                    return None
                times.append(time.monotonic())
                return (429, {"Retry-After": "3"}, b"") if len(times) == 1 else None

            stub.fault = busy
            with Agent(stub) as agent:
                self.settle(stub, agent)
            self.assertGreaterEqual(times[1] - times[0], 3)

    def test_the_token_rotates(self):
        with Stub() as stub, Agent(stub) as agent:
            self.settle(stub, agent)
            stub.tokens = {"token-2"}
            agent.wait_for_log(lambda line: "HTTP 401" in line.get("error", ""))
            stub.token.write_text("token-2")
            agent.wait_for_log(lambda line: line.get("msg") == "reconciling works again")
            for bad, said in (("", "holds no bearer token"), ("a\nX-Header: b", "holds no bearer token")):
                stub.token.write_text(bad)
                agent.wait_for_log(lambda line, said=said: said in line.get("error", ""))
                stub.token.write_text("token-2")
            stub.token.unlink()
            agent.wait_for_log(lambda line: "cannot be read: No such file" in line.get("error", ""))
            self.assertNotIn("token-1", agent.log_text())
            self.assertNotIn("token-2", agent.log_text())

    def test_an_api_server_that_nobody_knows(self):
        """Its certificate is of another CA; nothing is sent to it."""
        with Stub() as stub, tempfile.TemporaryDirectory() as folder:
            issue(folder)
            with Agent(stub, f"--ca-file={folder}/ca.crt") as agent:
                agent.wait_for_log(lambda line: "no answer from" in line.get("error", ""))
            self.assertEqual(stub.calls, [])

    def test_proxies_are_not_asked(self):
        with Stub() as stub:
            agent = Agent(stub)
            agent.env.update(https_proxy="http://127.0.0.1:1", HTTPS_PROXY="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1")
            with agent:
                self.settle(stub, agent)

    def test_a_signal_ends_it_at_once(self):
        """In the middle of a call that never ends; with 0, and no complaint."""
        with Stub() as stub:
            stub.fault = lambda call: lambda handler: time.sleep(8)
            with Agent(stub) as agent:
                self.wait_until(lambda: stub.calls, "it asks nobody")
                begin = time.monotonic()
                self.assertEqual(agent.stop(), 0)
                self.assertLess(time.monotonic() - begin, 5 if SANITIZED else 1)
                self.assertNotIn("error", agent.log_text())

    def test_what_is_missing(self):
        with Stub() as stub:
            configuration = stub.objects.pop(CONFIGURATION)
            with Agent(stub) as agent:
                agent.wait_for_log(lambda line: "there is no ValidatingWebhookConfiguration oke-guard" in
                                   line.get("error", ""))
                self.assertTrue(stub.data("tls.key"), "replicas can start")
                self.assertFalse(ready(agent))
                stub.objects[CONFIGURATION] = configuration
                self.settle(stub, agent)
                with stub.lock:
                    del stub.objects[SECRET]
                agent.wait_for_log(lambda line: "there is no Secret oke-guard-tls" in line.get("error", ""))

    def test_the_secret_cannot_be_changed(self):
        with Stub() as stub:
            stub.objects[SECRET]["immutable"] = True
            with Agent(stub) as agent:
                agent.wait_for_log(lambda line: "immutable" in line.get("error", ""))
                self.assertEqual(stub.writes(), [])

    def test_without_rights_to_the_facts(self):
        with Stub() as stub:
            stub.fault = lambda call: status(403, "no facts for you") if call["path"] == FACTS else None
            with Agent(stub, "--facts=oke-guard-facts") as agent:
                agent.wait_for_log(lambda line: "no facts for you" in line.get("error", ""))
                self.settle(stub, agent)
                self.wait_until(lambda: ready(agent), "not ready for that")


class External(AgentCase):
    def test_it_reports_and_never_writes(self):
        with Stub() as stub, Agent(stub, "--certificates=external") as agent:
            line = agent.wait_for_log(lambda line: line.get("msg") == "the webhook configuration differs from the policies")
            self.assertEqual(line["level"], "warn")
            self.assertIn("missing", line["difference"])
            self.wait_until(lambda: ready(agent), "what somebody else must do is no fault of the agent")
            self.assertIn("[-] configuration:", agent.page("/readyz?verbose").text)
            _, generated, _ = run("generate", "webhook-configuration", "-o", "json", "--service", "oke-guard/oke-guard")
            webhooks = json.loads(generated)["webhooks"]
            stub.edit(CONFIGURATION, lambda o: o.update(webhooks=webhooks))
            agent.wait_for_log(lambda line: "caBundle is empty" in line.get("difference", ""))
            for webhook in webhooks:
                webhook["clientConfig"]["caBundle"] = "Y2E="
            stub.edit(CONFIGURATION, lambda o: o.update(webhooks=webhooks))
            agent.wait_for_log(lambda line: line.get("msg") == "the webhook configuration is as it should be")
            self.wait_until(lambda: agent.metric("oke_guard_webhook_configuration_current") == 1, "not current")
            said = agent.log_text().count("caBundle is empty")
            self.assertEqual(said, 1, "once for each change")
            self.assertEqual(stub.writes(), [])
            self.assertEqual({c["path"] for c in stub.calls}, {"/version", CONFIGURATION}, "no Secret is touched")


FAIL_CLOSED = """
apiVersion: oke-guard.internal/v1
kind: GuardConfig
metadata: {name: default}
spec: {failClosed: [coredns/*]}
"""


def lose_conditions(configuration):
    """As a client that is older than matchConditions writes what it read."""
    for webhook in configuration["webhooks"]:
        webhook.pop("matchConditions", None)


def refuse(configuration):
    for webhook in configuration["webhooks"]:
        webhook["failurePolicy"] = "Fail"


def add_entry(configuration):
    extra = json.loads(json.dumps(configuration["webhooks"][0]))
    extra.update(name="x.oke-guard.internal", failurePolicy="Fail")
    configuration["webhooks"].append(extra)


def widen(configuration):
    for webhook in configuration["webhooks"]:
        if webhook["failurePolicy"] == "Fail":
            webhook["namespaceSelector"] = {}


def could_lock(stub):
    return [w["name"] for w in stub.objects[CONFIGURATION]["webhooks"]
            if w["failurePolicy"] == "Fail" and not w.get("matchConditions")]


class Lockout(AgentCase):
    """An entry that refuses the control plane while no server answers: put right, counted, alarmed."""

    def setUp(self):
        self.config = tempfile.NamedTemporaryFile(suffix=".yaml")
        self.config.write(FAIL_CLOSED.encode())
        self.config.flush()
        self.addCleanup(self.config.close)
        self.options = (f"--config={self.config.name}",)

    def test_it_is_put_right_wherever_the_agent_writes(self):
        for mode in ("self", "cert-manager"):
            with self.subTest(mode), Stub() as stub:
                act_as_cert_manager(stub)
                with Agent(stub, f"--certificates={mode}", *self.options) as agent:
                    self.wait_until(lambda: ready(agent), "not ready")
                    want = stub.objects[CONFIGURATION]["webhooks"]
                    self.assertIn("Fail", {w["failurePolicy"] for w in want})
                    for n, change in enumerate((lose_conditions, refuse), 1):
                        stub.edit(CONFIGURATION, change)
                        self.wait_until(lambda: stub.objects[CONFIGURATION]["webhooks"] == want, "not put right")
                        self.wait_until(lambda n=n: agent.metric("oke_guard_agent_lockouts_prevented_total") == n,
                                        "not counted")
                    line = agent.wait_for_log(lambda line: line.get("msg") ==
                                              "the webhook configuration could lock the cluster; it is put right")
                    self.assertEqual(line["level"], "error")
                    self.wait_until(lambda: agent.metric("oke_guard_webhook_configuration_locking") == 0, "still")

    def test_who_takes_them_away_again_and_again(self):
        """Then no entry has failurePolicy Fail, rather than one that locks the cluster."""
        with Stub() as stub, Agent(stub, *self.options) as agent:
            self.settle(stub, agent)

            def drop(call):
                if call["path"] == CONFIGURATION and call["method"] == "GET":
                    stub.edit(CONFIGURATION, lose_conditions)

            stub.fault = drop
            self.wait_until(lambda: agent.metric("oke_guard_agent_fail_closed_suspended") == 1, "no end of it", 60)
            self.wait_until(lambda: not could_lock(stub), "it could still lock")
            agent.wait_for_log(lambda line: line.get("msg", "").startswith("something else takes matchConditions away"))
            stub.fault = None
            self.wait_until(lambda: "[-] lockout: failurePolicy Fail is suspended" in agent.page("/readyz").text, "not said")
            self.wait_until(lambda: {w["failurePolicy"] for w in stub.objects[CONFIGURATION]["webhooks"]} == {"Ignore"},
                            "still refuses")

    def test_where_it_only_looks_it_is_not_ready(self):
        _, generated, _ = run("generate", "webhook-configuration", "-o", "json", "--service", "oke-guard/oke-guard",
                              *self.options)
        whole = json.loads(generated)["webhooks"]
        for webhook in whole:
            webhook["clientConfig"]["caBundle"] = "Y2E="
        for change in (lose_conditions, refuse, add_entry, widen):
            with self.subTest(change.__name__), Stub() as stub:
                stub.edit(CONFIGURATION, lambda o: o.update(webhooks=whole))
                with Agent(stub, "--certificates=external", *self.options) as agent:
                    self.wait_until(lambda: ready(agent), "not ready")
                    self.assertEqual(agent.metric("oke_guard_webhook_configuration_locking"), 0)
                    stub.edit(CONFIGURATION, change)
                    self.wait_until(lambda: not ready(agent), "nobody sees it")
                    self.assertIn("[-] lockout:", agent.page("/readyz").text)
                    self.assertGreater(agent.metric("oke_guard_webhook_configuration_locking"), 0)
                    self.assertEqual(agent.metric("oke_guard_webhook_configuration_current"), 0)
                    line = agent.wait_for_log(lambda line: "could lock the cluster" in line.get("msg", ""))
                    self.assertEqual(line["level"], "error")
                    self.assertEqual(stub.writes(), [])
                    stub.edit(CONFIGURATION, lambda o: o.update(webhooks=whole))
                    self.wait_until(lambda: ready(agent), "not ready again")


def new_pair(service="oke-guard"):
    """Of a new CA, as a Secret's data."""
    with tempfile.TemporaryDirectory() as folder:
        code, _, error = run("certs", "issue", "--dir", folder, "--service", service, "--namespace", "oke-guard", "--force")
        assert code == 0, error
        return {n: base64.b64encode(pathlib.Path(folder, n).read_bytes()).decode() for n in ("tls.crt", "tls.key", "ca.crt")}


def act_as_cert_manager(stub, without=()):
    """Write its Secret, with a pair of a new CA; (certificate, CA) of that."""
    data = new_pair()
    with stub.lock:
        secret = stub.objects.get(SOURCE) or stub.empty(SOURCE, "Secret")
        stub.put(SOURCE, secret | {"data": {k: v for k, v in data.items() if k not in without}})
    return tuple(base64.b64decode(data[n]).decode() for n in ("tls.crt", "ca.crt"))


class CertManager(AgentCase):
    """cert-manager makes the pairs; servers show one when the API server has been told to trust its CA, and no sooner."""

    def agent(self, stub, *options):
        return Agent(stub, "--certificates=cert-manager", *options)

    def taken(self, stub, agent, pair):
        self.wait_until(lambda: stub.settled() and (stub.data("tls.crt"), stub.bundle()) == pair, "not taken", 3 * PATIENCE)

    @staticmethod
    def before_a_look(stub, change):
        """Between two looks, so that the agent sees all of it or nothing."""
        def fault(call):
            if call["path"] == CONFIGURATION and call["method"] == "GET":
                stub.fault = None
                change()

        stub.fault = fault

    def logged(self, agent, text):
        self.wait_until(lambda: text in agent.log_text(), f"not logged: {text}", 3 * PATIENCE)

    def test_a_new_CA_step_by_step(self):
        with Stub() as stub, self.agent(stub) as agent:
            self.logged(agent, "there is no Secret oke-guard-cert-manager")
            self.assertFalse(ready(agent))
            act_as_cert_manager(stub, without=("ca.crt",))
            self.logged(agent, "oke-guard-cert-manager holds no ca.crt")
            self.assertEqual(stub.writes(), [])
            first = act_as_cert_manager(stub)
            self.taken(stub, agent, first)
            self.wait_until(lambda: ready(agent), "not ready", 3 * PATIENCE)
            self.assertIn("cert-manager renews it, step steady", agent.page("/readyz?verbose").text)
            second = act_as_cert_manager(stub)
            self.wait_until(lambda: stub.bundle() == first[1] + second[1], "not both")
            self.logged(agent, '"step": "trusted"')
            self.assertEqual(stub.data("tls.crt"), first[0], "shown before the wait is over")
            stub.offset += 130
            self.wait_until(lambda: stub.data("tls.crt") == second[0], "not shown")
            self.assertEqual(stub.bundle(), first[1] + second[1], "servers may still show the old one")
            stub.step = QUICK
            self.taken(stub, agent, second)
            self.assertEqual(stub.writes(SOURCE), [])
            self.wait_until(lambda: agent.metric('oke_guard_agent_renewal_step{step="steady"}') == 1, "not told")
        self.assert_sound(stub, agent)

    def test_a_renewal_of_the_same_CA(self):
        """Who trusts the old certificate trusts the new one: nothing to wait for, and no entry is written."""
        with Stub() as stub:
            pair = act_as_cert_manager(stub)
            with self.agent(stub) as agent:
                self.taken(stub, agent, pair)
                written = len(stub.writes(CONFIGURATION))
                text = pair[0] + "\n"  # as good as any other
                stub.edit(SOURCE, lambda o: o["data"].update({"tls.crt": base64.b64encode(text.encode()).decode()}))
                self.taken(stub, agent, (text, pair[1]))
                self.assertEqual(len(stub.writes(CONFIGURATION)), written)
                self.logged(agent, '"step": "take"')
                self.assert_sound(stub, agent)

    def test_one_new_CA_after_the_other(self):
        """Faster than they can be taken, from two agents: whatever is shown is trusted, and the last one is shown in the end."""
        with Stub() as stub:
            pair = act_as_cert_manager(stub)
            with self.agent(stub) as one, self.agent(stub) as two:
                self.taken(stub, one, pair)
                stub.step = QUICK / 4
                for _ in range(8):
                    before = len(stub.calls)
                    pair = act_as_cert_manager(stub)
                    self.wait_until(lambda: len(stub.calls) > before + 12, "nobody looks")
                stub.step = QUICK
                self.taken(stub, two, pair)
            self.assertGreater(len(stub.pairs), 1)
            self.assert_sound(stub, one, two)

    def test_what_it_writes_may_be_of_no_use(self):
        """What is shown and trusted stays; the agent says what is wrong, and has the entries right all the same."""
        another = new_pair()
        for name, data, said in (("removed", None, "there is no Secret oke-guard-cert-manager"),
                                 ("empty", {}, "holds no ca.crt"),
                                 ("cut", another | {"tls.crt": another["tls.crt"][:400]}, "holds a pair that cannot be served"),
                                 ("another CA", another | {"ca.crt": new_pair()["ca.crt"]}, "holds a pair that cannot be served"),
                                 ("another key", another | {"tls.key": new_pair()["tls.key"]},
                                  "holds a pair that cannot be served"),
                                 ("another service", new_pair("other"), "does not hold the name oke-guard.oke-guard.svc")):
            with self.subTest(name), Stub() as stub:
                pair = act_as_cert_manager(stub)

                def spoil(stub=stub, data=data):
                    if data is None:
                        del stub.objects[SOURCE]
                    else:
                        stub.edit(SOURCE, lambda o: o.update(data=data))
                    stub.edit(CONFIGURATION, refuse)

                with self.agent(stub) as agent:
                    self.taken(stub, agent, pair)
                    self.wait_until(lambda: ready(agent), "not ready", 3 * PATIENCE)
                    self.before_a_look(stub, spoil)
                    self.logged(agent, said)
                    self.wait_until(lambda: {w["failurePolicy"] for w in stub.objects[CONFIGURATION]["webhooks"]} ==
                                    {"Ignore"}, "entries that refuse stay", 3 * PATIENCE)
                    self.taken(stub, agent, pair)
                    self.wait_until(lambda: "since then: " in agent.page("/readyz?verbose").text, "not said")
                    stub.step = QUICK
                    self.taken(stub, agent, act_as_cert_manager(stub))
                    self.assert_sound(stub, agent)

    def test_nothing_can_be_shown(self):
        """The Secret that servers mount was emptied, and there is no pair: they go on with the last one, which stays trusted."""
        with Stub() as stub:
            pair = act_as_cert_manager(stub)
            with self.agent(stub) as agent:
                self.taken(stub, agent, pair)

                def lose():
                    del stub.objects[SOURCE]
                    stub.edit(SECRET, lambda o: o.pop("data"))
                    stub.edit(CONFIGURATION, refuse)

                self.before_a_look(stub, lose)
                self.wait_until(lambda: {w["failurePolicy"] for w in stub.objects[CONFIGURATION]["webhooks"]} ==
                                {"Ignore"}, "entries that refuse stay", 3 * PATIENCE)
                self.assertEqual(stub.bundle(), pair[1])
                self.wait_until(lambda: "[-] certificate: step wait-pair" in agent.page("/readyz").text, "not said")
                stub.step = QUICK
                self.taken(stub, agent, act_as_cert_manager(stub))
                self.wait_until(lambda: ready(agent), "not ready again", 3 * PATIENCE)
                self.assert_sound(stub, agent)


class Rollout(AgentCase):
    PATH = "/apis/apps/v1/namespaces/oke-guard/deployments/oke-guard"

    def test_servers_that_do_not_come_up(self):
        with Stub() as stub:
            stub.objects[self.PATH] = {"kind": "Deployment", "metadata": {"name": "oke-guard", "resourceVersion": "1"},
                                       "status": {"replicas": 3, "unavailableReplicas": 1}}
            with Agent(stub, "--rollout=1") as agent:
                self.settle(stub, agent)
                line = agent.wait_for_log(lambda line: line.get("msg") == "servers do not come up")
                self.assertIn("imagePullSecrets", line["hint"])
                self.wait_until(lambda: agent.metric("oke_guard_agent_servers_unavailable") == 1, "not counted")
                self.assertIn("[-] rollout: 1 server is not up", agent.page("/readyz?verbose").text)
                self.assertTrue(ready(agent), "the old ones serve")
                del stub.objects[self.PATH]["status"]["unavailableReplicas"]
                agent.wait_for_log(lambda line: line.get("msg") == "all servers are up")

    def test_no_right_to_look(self):
        with Stub() as stub, Agent(stub, "--rollout=1") as agent:
            self.settle(stub, agent)
            self.wait_until(lambda: ready(agent), "not ready for that")


class Probe(AgentCase):
    ARGUMENTS = ("probe", "--namespace=oke-guard", "--release=oke-guard", "--timeout=0")
    DENIAL = ('admission webhook "support.oke-guard.internal" denied the request: ConfigMap oke-guard/oke-guard-probe '
              'exists\u202e to prove [self/probe]\n  data.state: guarded -> probed')

    def probe(self, answer, *options, webhooks=None):
        with Stub() as stub:
            if webhooks is not None:
                stub.edit(CONFIGURATION, lambda o: o.update(webhooks=webhooks))
            stub.fault = lambda call: answer if call["path"].startswith(PROBE) else None
            result = command(stub, *self.ARGUMENTS, *options)
            asked = [c for c in stub.calls if c["method"] != "GET"]
            self.assertEqual([c["path"].partition("&")[0] for c in asked], [PROBE + "?dryRun=All"])
            return result

    def test_denied(self):
        code, text, error = self.probe(status(403, self.DENIAL))
        self.assertEqual((code, error), (0, ""))
        self.assertIn("Proved:", text)
        self.assertIn("exists\\u202e to prove [self/probe]\n", text)

    def test_warned(self):
        code, text, _ = self.probe((200, {"Warning": '299 - "ConfigMap ... [self/probe]"'}, b"{}"))
        self.assertEqual(code, 0)
        self.assertIn("mode warn", text)

    def test_not_proved(self):
        whole = [{"name": "a", "clientConfig": {"caBundle": "Y2E="}}]
        for name, answer, webhooks, options, want, said in (
                ("no webhooks", (200, {}, b"{}"), None, (), 1, "has no webhooks"),
                ("no caBundle", (200, {}, b"{}"), [{"name": "a", "clientConfig": {}}], (), 1, "have no caBundle"),
                ("nobody answered", (200, {}, b"{}"), whole, (), 1, "security"),
                ("another warning", (200, {"Warning": '299 - "deprecated"'}, b"{}"), whole, (), 1, "security"),
                ("mode audit", (200, {}, b"{}"), whole, ("--mode=audit",), 0, "Not proved, and not refuted"),
                ("mode audit, no webhooks", (200, {}, b"{}"), None, ("--mode=audit",), 1, "has no webhooks"),
                ("no rights", status(403, 'configmaps "x" is forbidden: User "u" cannot patch'), whole, (), 1,
                 "cannot patch"),
                ("another webhook", status(403, 'admission webhook "x" denied the request: no'), whole, (), 1, "no"),
                ("failurePolicy Fail", status(500, 'failed calling webhook "support": connection refused'), whole, (), 1,
                 "failed calling webhook"),
                ("no ConfigMap", status(404, "not found"), whole, (), 1, "helm upgrade")):
            with self.subTest(name):
                code, text, error = self.probe(answer, *options, webhooks=webhooks)
                self.assertEqual(code, want, text + error)
                self.assertIn(said, text + error)

    def test_nobody_to_ask_is_said_at_once(self):
        with Stub() as stub:
            del stub.objects[CONFIGURATION]
            stub.fault = lambda call: (200, {}, b"{}") if call["path"].startswith(PROBE) else None
            began = time.monotonic()
            code, text, error = command(stub, *self.ARGUMENTS[:-1], "--timeout=180")
            self.assertLess(time.monotonic() - began, 10)
            self.assertEqual((code, text), (1, ""))
            self.assertEqual(error.count("There is no ValidatingWebhookConfiguration"), 1)

    def test_it_waits_for_the_guard(self):
        with Stub() as stub:
            stub.fault = lambda call: status(403, self.DENIAL) if len(stub.calls) > 1 else None
            code, text, _ = command(stub, *self.ARGUMENTS[:-1], "--timeout=20")
            self.assertEqual(code, 0, text)


class Servers(AgentCase):
    """The probe asks every server whether what is asked for is in force there."""

    ENDPOINTS = "/api/v1/namespaces/oke-guard/endpoints/oke-guard"
    EXCEPTION = ("apiVersion: oke-guard.internal/v1\nkind: SupportException\nmetadata: {name: e1}\nspec:\n"
                 "  rules: [coredns/scale]\n"
                 "  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [coredns]}]\n"
                 "  identities: {users: [me]}\n  ticket: SR 1\n  approvedBy: team\n  reason: a test\n"
                 '  notBefore: "2026-11-23T00:00:00Z"\n  expires: "2026-11-30T00:00:00Z"\n')

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-probe-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "extra").mkdir()
        self.write("spec: {mode: enforce}")

    def write(self, spec, **files):
        (self.folder / "guard.yaml").write_text("apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
                                                f"metadata: {{name: default}}\n{spec}\n")
        for name, text in files.items():
            (self.folder / "extra" / f"{name}.yaml").write_text(text)

    def files(self):
        return f"--config={self.folder}/guard.yaml", f"--policy={self.folder}/extra"

    def endpoints(self, *ips, unready=()):
        return {"kind": "Endpoints", "metadata": {"name": "oke-guard"}, "subsets": [
            {"addresses": [{"ip": ip, "targetRef": {"kind": "Pod", "name": f"oke-guard-{n}"}} for n, ip in enumerate(ips)],
             "notReadyAddresses": [{"ip": ip} for ip in unready], "ports": [{"name": "webhook", "port": 8443}]}]}

    def probe(self, port, *ips, unready=(), timeout=0, endpoints=None):
        with Stub() as stub:
            stub.objects[self.ENDPOINTS] = endpoints or self.endpoints(*ips, unready=unready)
            stub.fault = lambda call: status(403, Probe.DENIAL) if call["path"].startswith(PROBE) else None
            done = command(stub, *Probe.ARGUMENTS[:-1], f"--timeout={timeout}", f"--health-port={port}", *self.files())
            self.assertFalse([c for c in stub.calls if c["path"].startswith("/statusz")])
            return done

    def test_in_force_everywhere(self):
        self.write("spec: {mode: enforce}", week=self.EXCEPTION)
        with Server(*self.files()) as server:
            code, text, error = self.probe(server.health_port, "127.0.0.1")
        self.assertEqual((code, error), (0, ""))
        self.assertIn("In force at 1 of 1 servers", text)

    def test_a_typo_fails_with_file_and_line_before_a_server_has_it(self):
        for spec, week, line in (
                ("spec: {mode: enforce}", self.EXCEPTION.replace("  expires", "  expire"), "extra/week.yaml:5:3: "),
                ("spec: {overrides: [{rule: coredns/scael, action: deny}]}", self.EXCEPTION, "guard.yaml:4:"),
                ("spec: [", self.EXCEPTION, "guard.yaml:")):
            with self.subTest(spec):
                self.write(spec, week=week)
                code, text, error = self.probe(1, "127.0.0.1")
                self.assertEqual((code, text), (1, ""))
                self.assertIn(line, error)
                self.assertIn("not sound", error)

    def test_a_server_that_is_behind_is_waited_for_and_told(self):
        with Server(*self.files()) as server:
            port = server.health_port
            code, _, _ = self.probe(port, "127.0.0.1")
            self.assertEqual(code, 0)
            self.write("spec: {mode: enforce}", week=self.EXCEPTION)
            code, text, error = self.probe(port, "127.0.0.1", timeout=20)
            self.assertEqual(code, 0, text + error)
        with Server() as server:  # it has no such files
            code, text, error = self.probe(server.health_port, "127.0.0.1", timeout=3)
            self.assertEqual(code, 1, text + error)
            self.assertIn("oke-guard-0 (127.0.0.1): it has other files in force", error)

    def test_who_cannot_be_asked_proves_nothing(self):
        with Server(*self.files()) as server:
            code, text, error = self.probe(server.health_port, "127.0.0.1", unready=["127.0.0.2"])
        self.assertEqual((code, error), (0, ""))
        self.assertIn("In force at 1 of 2 servers", text)
        self.assertIn("127.0.0.2", text)
        code, text, error = self.probe(1, endpoints={"kind": "Status"})
        self.assertEqual(code, 0, error)
        self.assertIn("were not asked", text)

    def test_addresses_that_are_none_are_left_alone(self):
        for ip in ("127.0.0.1/x", "a b", "-1", "127.0.0.1@evil", "x" * 70, ""):
            with self.subTest(ip):
                code, text, _ = self.probe(1, ip)
                self.assertEqual(code, 0)
                self.assertIn("name no server", text)


def row(user="oke-addon-manager", name="coredns", **members):
    return {"user": user, "policy": "coredns", "rule": "scale", "kind": "Deployment", "namespace": "kube-system", "name": name,
            "class": "unknown", "count": 2, "first": "2026-11-22T00:00:00Z", "last": "2026-11-23T00:00:00Z", **members}


def document(*rows, left_out=0):
    return json.dumps({"mode": "warn", "learned": {"leftOut": left_out, "rows": rows}}).encode()


class Learned(AgentCase):
    """What all servers have learned, as one page."""

    def setUp(self):
        super().setUp()
        self.pages = {f"127.0.0.{n}": document(row()) for n in (2, 3, 4)}
        self.asked = []  # headers
        self.over = threading.Event()
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                case.asked.append(dict(self.headers))
                page = case.pages[self.server.server_address[0]]
                if page is None:  # it hangs
                    case.over.wait(PATIENCE)
                    return
                code, body = page if isinstance(page, tuple) else (200, page)
                self.send_response(code)
                if code == 302:
                    self.send_header("Location", "/other")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that goes away

        def listen():  # one port on all addresses: pods have the same
            found = []
            try:
                for ip in self.pages:
                    found.append(Listener((ip, found[0].server_address[1] if found else 0), Handler))
            except OSError:
                for one in found:
                    one.server_close()
                return False
            self.listeners = found
            return True

        self.wait_until(listen, "no port is free on three addresses")
        self.port = self.listeners[0].server_address[1]
        for one in self.listeners:
            threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()
            self.addCleanup(one.server_close)
            self.addCleanup(one.shutdown)
        self.addCleanup(self.over.set)  # before those, which wait for who hangs

    def stub(self, *ips, unready=()):
        stub = Stub()
        stub.objects[Servers.ENDPOINTS] = Servers.endpoints(self, *ips, unready=unready)
        return stub

    def agent(self, stub):
        return Agent(stub, f"--learned-port={self.port}")

    def learned(self, agent, true=lambda page: True):
        """The page, as soon as it is so."""
        found = []

        def look():
            answer = agent.page("/learned")
            found[:] = [json.loads(answer.text)] if answer.status == 200 else []
            return found and true(found[0])

        self.wait_until(look, "not on the page")
        return found[0]

    @staticmethod
    def all_heard(page):
        return not [s for s in page["servers"] if "error" in s]

    def show(self, text):
        done = subprocess.run([BINARY, "learn", "show", "-"], input=text, capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, done.stderr

    def test_all_servers_merged(self):
        self.pages["127.0.0.3"] = document(row(), row("other", "kube-dns", count=1), left_out=5)
        with self.stub("127.0.0.2", unready=["127.0.0.3"]) as stub, self.agent(stub) as agent:
            page = self.learned(agent, self.all_heard)
            self.assertTrue(agent.page("/learned").text.endswith("}\n"))
            self.assertEqual(page["servers"], [{"pod": "oke-guard-0", "address": "127.0.0.2"}, {"pod": "", "address": "127.0.0.3"}])
            self.assertEqual(page["learned"], {"leftOut": 5, "rows": [row(count=4), row("other", "kube-dns", count=1)]})
            self.wait_until(lambda: agent.metric("oke_guard_agent_servers_unheard") == 0, "counted")
            text, error = self.show(json.dumps(page))
            self.assertIn("2 rows from 1 document (2 of 2 servers); 5 events did not fit", text)
            self.assertEqual(error, "")
            # A real one's page is taken too, and what is asked again is not counted again.
            with Server() as server:
                server.review(coredns_json().replace(b"ocid1.user.oc1..aaaa", b"oke-addon-manager"))
                self.pages["127.0.0.2"] = server.page("/statusz").text.encode()
            self.pages["127.0.0.3"] = document()
            page = self.learned(agent, lambda page: [r["policy"] for r in page["learned"]["rows"]] == ["coredns-configmap"])
            (only,) = page["learned"]["rows"]
            self.assertEqual((only["user"], only["count"]), ("oke-addon-manager", 1))
            for headers in self.asked:
                self.assertNotIn("Authorization", headers)
                self.assertNotIn("token-1", json.dumps(headers))

    def test_one_that_cannot_be_asked_takes_nothing_away(self):
        self.pages["127.0.0.3"] = b"{}"
        with self.stub("127.0.0.2", "127.0.0.3", "127.0.0.4") as stub, self.agent(stub) as agent:
            for name, answer, why in (
                    ("hangs", None, "imed out"),
                    ("is down", (503, b"no"), "HTTP 503"),
                    ("sends elsewhere", (302, b""), "HTTP 302"),
                    ("is none", b"<html>", "byte 0"),
                    ("is cut", document(row())[:-20], "byte "),
                    ("has no such member", b"{}", 'no member "learned"'),
                    ("is deep", b"[" * 100000, "byte "),
                    ("is too large", b'{"a":"' + b"x" * (5 << 20), "more than 4194304 bytes"),
                    ("has a row that is none", document(row("never"), {"user": "x"}), "learned.rows[1]"),
                    ("has a name that obeys a terminal", document(row("\x1b[31m")), "learned.rows[0]"),
                    ("has a name that is too long", document(row("x" * 600)), "learned.rows[0]"),
                    ("has a count that is none", document(row(count=-1)), "count"),
                    ("has a key twice", document(row()).replace(b'"count"', b'"user": "x", "count"'), "user")):
                with self.subTest(name):
                    self.pages["127.0.0.3"] = answer
                    page = self.learned(agent, lambda page: why in page["servers"][1].get("error", "")
                                        and page["learned"]["rows"] == [row(count=4)])
                    self.assertEqual([s["address"] for s in page["servers"] if "error" in s], ["127.0.0.3"])
                    self.assertTrue(page["servers"][1]["error"].isascii())
                    self.wait_until(lambda: agent.metric("oke_guard_agent_servers_unheard") == 1, "not counted")
                    text, error = self.show(json.dumps(page))
                    self.assertIn("(2 of 3 servers)", text)
                    self.assertIn("oke-guard-1 (127.0.0.3)", error)
            self.wait_until(lambda: ready(agent), "it is ready all the same")
            self.pages["127.0.0.3"] = document(row())
            self.learned(agent, lambda page: page["learned"]["rows"] == [row(count=6)])
            self.wait_until(lambda: agent.metric("oke_guard_agent_servers_unheard") == 0, "still counted")
            told = [line["error"] for line in map(json.loads, agent.log_text().splitlines())
                    if line.get("msg") == "a server could not be asked what it has learned"]
            self.assertIn('127.0.0.3: there is no member "learned"', " ".join(told))

    def test_more_than_a_page_takes_is_counted(self):
        self.pages["127.0.0.2"] = document(*(row(f"{u:03}", f"{n:02}", count=1) for u in range(40) for n in range(40)))
        self.pages["127.0.0.3"] = document(*(row(f"x{u:03}" + "y" * 400, count=1) for u in range(800)))
        with self.stub("127.0.0.2", "127.0.0.3") as stub, self.agent(stub) as agent:
            page = self.learned(agent, self.all_heard)
            rows = page["learned"]["rows"]
            self.assertEqual(len(rows), 1024)
            self.assertEqual(len(rows) + page["learned"]["leftOut"], 1600 + 800)
            self.pages["127.0.0.2"] = document()
            page = self.learned(agent, lambda page: self.all_heard(page) and len(page["learned"]["rows"]) < 1024)
            size = sum(len(r[k]) for r in page["learned"]["rows"] for k in ("user", "policy", "rule", "kind", "namespace", "name"))
            self.assertGreater(size, 180 << 10)
            self.assertLessEqual(size, 192 << 10)
            self.assertEqual(len(page["learned"]["rows"]) + page["learned"]["leftOut"], 800)

    def test_nobody_knows_whom_to_ask(self):
        with self.stub("127.0.0.2") as stub:
            stub.fault = lambda call: status(403, "no\u202e rights") if call["path"] == Servers.ENDPOINTS else None
            with self.agent(stub) as agent:
                page = self.learned(agent)
                self.assertEqual(set(page), {"asked", "error"})
                self.assertIn("HTTP 403: no\\u202e rights", page["error"])
                self.assertNotIn("\noke_guard_agent_servers_unheard ", agent.page("/metrics").text)
                self.wait_until(lambda: ready(agent), "it is ready all the same")
                stub.fault = None
                self.learned(agent, lambda page: "learned" in page)
            self.assertNotIn("/statusz", {c["path"] for c in stub.calls})

    def test_it_ends_while_a_server_hangs(self):
        self.pages["127.0.0.2"] = None
        with self.stub("127.0.0.2") as stub, self.agent(stub) as agent:
            self.wait_until(lambda: self.asked, "not asked")
            agent.signal(signal.SIGTERM)
            self.assertEqual(agent.process.wait(PATIENCE), 0)

    def test_not_asked_for(self):
        with self.stub("127.0.0.2") as stub, Agent(stub) as agent:
            self.settle(stub, agent)
            answer = agent.page("/learned")
            self.assertEqual((answer.status, answer.text), (404, "start the agent with --learned-port PORT\n"))
            self.assertNotIn(Servers.ENDPOINTS, {c["path"] for c in stub.calls})
        self.assertEqual(self.asked, [])


class Remove(AgentCase):
    ARGUMENTS = ("remove", "--webhook-configuration=oke-guard")

    def test_removed_and_again(self):
        with Stub() as stub:
            code, text, _ = command(stub, *self.ARGUMENTS)
            self.assertEqual((code, CONFIGURATION in stub.objects), (0, False), text)
            code, text, _ = command(stub, *self.ARGUMENTS)
            self.assertEqual(code, 0)
            self.assertIn("is not there", text)

    def test_it_tries_again(self):
        with Stub() as stub:
            stub.fault = lambda call: status(500, "wait") if len(stub.calls) < 3 else None
            code, text, error = command(stub, *self.ARGUMENTS)
            self.assertEqual(code, 0, text + error)
            stub.fault = lambda call: status(403, "no rights")
            code, _, error = command(stub, *self.ARGUMENTS)
            self.assertEqual(code, 1)
            self.assertIn("no rights", error)
            stub.fault = lambda call: status(500, "never")
            self.assertEqual(command(stub, *self.ARGUMENTS, "--timeout=1")[0], 1)


class CommandLine(Case):
    def test_usage(self):
        where = ("--server=https://127.0.0.1:1",)
        for arguments, said in (
                ((), "name a command"),
                (("rin",), "did you mean 'run'?"),
                (("run",), "--namespace is missing"),
                (("run", "--namespace=../x", "--release=r", *where), "expects the name of an object"),
                (("run", "--namespace=a", "--release=r/..", *where), "expects the name of an object"),
                (("run", "--namespace=a", "--release=r", "--server=http://127.0.0.1"), "write https://HOST:PORT"),
                (("run", "--namespace=a", "--release=r", "--overlap=0", *where), "1 to 86400"),
                (("run", "--namespace=a", "--release=r", "x", *where), "takes no operand"),
                (("probe", "--namespace=a", *where), "--config-map is missing"),
                (("remove", *where), "--webhook-configuration is missing"),
                (("remove", "--webhook-configuration=x"), "where is the API server?")):
            with self.subTest(arguments):
                code, text, error = command(None, *arguments)
                self.assertEqual((code, text), (2, ""))
                self.assertIn(said, error)
        for name in ("run", "probe", "remove"):
            code, text, _ = command(None, name, "--help")
            self.assertEqual(code, 0)
            self.assertIn("Examples:", text)

    def test_a_pod_finds_its_api_server(self):
        for host in ("127.0.0.1", "::1"):
            os.environ.update(KUBERNETES_SERVICE_HOST=host, KUBERNETES_SERVICE_PORT="1")
            self.addCleanup(os.environ.pop, "KUBERNETES_SERVICE_HOST", None)
            self.addCleanup(os.environ.pop, "KUBERNETES_SERVICE_PORT", None)
            code, _, error = command(None, "remove", "--webhook-configuration=x", "--timeout=0", "--token-file=/dev/null")
            self.assertEqual(code, 1)
            self.assertIn("holds no bearer token", error)

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken, Stub() as stub:
            code, _, error = command(None, "run", "--namespace=a", "--release=b", *connection(stub),
                                     f"--health-listen=127.0.0.1:{taken.getsockname()[1]}")
            self.assertEqual(code, 2)
            self.assertIn("cannot listen", error)


class Documents(AgentCase):
    def test_the_log(self):
        source = "".join(path.read_text() for path in (ROOT / "agent").glob("**/*.c"))
        part = LOGS.split("## The agent's")[1]
        events = set(re.findall(r"log_begin\([^\"();]*\"([^\"]+)\"\)", source))
        events |= set(re.findall(r"\[ROTATE_\w+\] =\s*{ \"([^\"]+)\"", source)) - {"tls.crt"}
        events |= set(re.findall(r"log_differences\([^\";]*\"([^\"]+)\"\)", source))
        events |= set(re.findall(r"log_state\(p, a, \"([^\"]+)\"\)", source))
        self.assertEqual(events, set(re.findall(r"^\| `([^`]+)` \| (?:info|warn|error)", part, re.MULTILINE)))
        keys = set(re.findall(r"log_(?:str|text|number|bool)\(&l,\s*\"(\w+)\"", source))
        keys |= {"secret", "configuration"}
        self.assertEqual(keys, {name for row in re.findall(r"^\| ([^|]*`) \| (?:string|number)", part, re.MULTILINE)
                                for name in re.findall("`([^`]*)`", row)})

    def test_the_metrics(self):
        with Stub() as stub, Agent(stub) as agent:
            self.settle(stub, agent)
            text = agent.page("/metrics").text
        code, said = promtool("check", "metrics", text=text)
        self.assertEqual(code, 0, said)
        part = METRICS.split("## The agent's")[1]
        shown = {n for n in re.findall(r"^# TYPE (\w+)", text, re.MULTILINE) if not n.startswith("process_")}
        self.assertEqual(shown, set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)))


if __name__ == "__main__":
    unittest.main()
