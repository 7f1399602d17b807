# SPDX-License-Identifier: Apache-2.0
"""What is too large to be read, what costs as much as can be, and a log that nobody reads: none lets anything pass.

A string of `<` is six times as long in what the API server sends to a webhook. DaemonSet kube-proxy is padded by
the API server's own identity, as somebody may have done before there was a guard; its pods stay as they are (OnDelete).
"""
import json
import os
import signal
import threading
import time
import unittest
import urllib.error
import urllib.request

import guard
import kube
import world
from api import Connection
from cluster import until

PATH = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
STRATEGIC = "application/strategic-merge-patch+json"
PAD = "<" * 1_430_000
TRIES = 10


def template(container, image=None, pad=None):
    """A change of the container: of its image, and of the variable that pads it (False: taken out)."""
    change = {"name": container}
    if image:
        change["image"] = image
    if pad is not None:
        change["env"] = [{"name": "PAD", "value": pad} if pad else {"name": "PAD", "$patch": "delete"}]
    return {"template": {"spec": {"containers": [change]}}}


class Envelope(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.before = kube.read("-n", "kube-system", "daemonset", "kube-proxy")
        cls.container = cls.before["spec"]["template"]["spec"]["containers"][0]["name"]

    def denied(self, method, path, body=None, kind=STRATEGIC, rule="guard/too-large"):
        status, answer = Connection("customer").send(method, path, body, kind)
        self.assertEqual(status, 403, answer[:400])
        message = json.loads(answer)["message"]
        self.assertIn(f"[{rule}]", message)
        return message

    def changed(self, image, pad):
        spec = template(self.container, image, pad)
        return {"spec": spec}

    def whole(self):
        """The object with another image and the padding, to be put or applied."""
        found = json.loads(json.dumps(self.before))
        found["metadata"] = {"name": "kube-proxy", "namespace": "kube-system"}
        found.pop("status", None)
        container = found["spec"]["template"]["spec"]["containers"][0]
        container["image"] = "evil.example/proxy:1"
        container.setdefault("env", []).append({"name": "PAD", "value": PAD})
        return found

    def test_1_a_padded_change_is_denied(self):
        change = self.changed("evil.example/proxy:1", PAD)
        message = self.denied("PATCH", PATH, change)
        self.assertIn("DaemonSet kube-system/kube-proxy cannot be judged: its review has ", message)
        self.denied("PATCH", PATH + "?dryRun=All", change)
        self.denied("PUT", PATH, self.whole(), "application/json")
        self.denied("PATCH", PATH + "?fieldManager=me&force=true", self.whole(), "application/apply-patch+yaml")
        now = kube.read("-n", "kube-system", "daemonset", "kube-proxy")
        self.assertEqual(now["spec"], self.before["spec"])

    def test_2_the_same_with_little_padding_says_what_changed(self):
        self.denied("PATCH", PATH, self.changed("evil.example/proxy:1", "<" * 1000), rule="kube-proxy/spec")

    def test_3_what_was_padded_before_stays_guarded(self):
        spec = template(self.container, pad=PAD)
        spec["updateStrategy"] = {"$retainKeys": ["type"], "type": "OnDelete"}
        status, answer = Connection("exempt").send("PATCH", PATH, {"spec": spec}, STRATEGIC)
        self.assertEqual(status, 200, answer[:400])
        self.denied("PATCH", PATH, self.changed(None, False))
        self.denied("PATCH", PATH, self.changed("evil.example/proxy:1", False))
        self.denied("PATCH", PATH + "/status", {"metadata": {"annotations": {"a": "b"}}})
        self.denied("DELETE", PATH + "?dryRun=All")
        self.denied("DELETE", PATH)
        self.denied("DELETE", PATH.rsplit("/", 1)[0] + "?dryRun=All&fieldSelector=metadata.name%3Dkube-proxy")

    def test_4_those_who_may_take_it_out(self):
        spec = template(self.container, pad=False)
        spec["updateStrategy"] = {"$patch": "replace", **self.before["spec"]["updateStrategy"]}
        status, answer = Connection("exempt").send("PATCH", PATH, {"spec": spec}, STRATEGIC)
        self.assertEqual(status, 200, answer[:400])
        now = kube.read("-n", "kube-system", "daemonset", "kube-proxy")
        self.assertEqual(now["spec"]["template"], self.before["spec"]["template"])

    def test_5_elsewhere_a_large_object_is_warned_about_at_most(self):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "large", "namespace": "default"},
               "spec": {"containers": [{"name": "c", "image": "localhost/pause:1",
                                        "env": [{"name": "PAD", "value": PAD}]}]}}
        status, answer = Connection("customer").send("POST", "/api/v1/namespaces/default/pods?dryRun=All", pod,
                                                     "application/json")
        self.assertEqual(status, 201, answer[:400])


class Stall(unittest.TestCase):
    """A Pod that once cost 12 s of CPU to judge, four at a time, by somebody who may create one anywhere."""

    def press(self, stop):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
               "spec": {"containers": [{
                   "name": "c", "image": "localhost/kube-proxy:1",
                   "args": [f"--feature-gates=$(N{i})" for i in range(20_000)],
                   "env": [{"name": f"V{i}", "value": ""} for i in range(20_000)]}]}}
        connection = Connection("customer")
        while not stop.is_set():
            try:
                connection.send("POST", "/api/v1/namespaces/default/pods?dryRun=All", pod, "application/json")
            except OSError:
                connection = Connection("customer")

    def test_denials_hold(self):
        stop, before = threading.Event(), kube.failures()
        threads = [threading.Thread(target=self.press, args=(stop,), daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        try:
            answers = [Connection("customer").send("DELETE", PATH + "?dryRun=All")[0] for _ in range(TRIES)]
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        self.assertEqual(answers, [403] * TRIES)
        self.assertEqual(kube.failures()["passed without an answer"], before["passed without an answer"])


def page(pod, path):
    """(status, text) of a page of a server."""
    try:
        with urllib.request.urlopen(f"http://{pod['status']['podIP']}:9443{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def lost(pod):
    """Lines that its queue had no room for."""
    text = page(pod, "/metrics")[1]
    return max(int(line.split()[1]) for line in text.splitlines() if line.startswith("oke_guard_log_lost_total "))


def signal_runtimes(number):
    """To containerd alone: what stands between a container and it is in a process group of its own."""
    for seat, node in world.NODES.items():
        if seat != "control plane":
            os.killpg(node.parts["containerd"].process.pid, number)


class Log(unittest.TestCase):
    """Both nodes' containerd, which reads what containers write, stands still for less than the 30 s after which a
    kubelet calls its node NotReady. A deletion of the DaemonSet in a dry run is a finding in the log each time."""

    def press(self, stop, answers):
        connection = Connection("customer")
        while not stop.is_set():
            answers.append(connection.send("DELETE", PATH + "?dryRun=All")[0])

    def test_a_reader_that_stalls_stops_nobody(self):
        servers, before = guard.servers(), kube.failures()
        lost_before = {p["metadata"]["name"]: lost(p) for p in servers}
        stop, answers = threading.Event(), []
        threads = [threading.Thread(target=self.press, args=(stop, answers), daemon=True) for _ in range(4)]
        signal_runtimes(signal.SIGSTOP)
        try:
            for thread in threads:
                thread.start()
            full = until(lambda: [p for p in servers if lost(p) > lost_before[p["metadata"]["name"]]],
                         "a queue is full", 20)
            at = len(answers)
            until(lambda: len(answers) > at + 100, "denials go on", 5)
            for pod in servers:
                self.assertEqual([page(pod, "/readyz")[0], page(pod, "/healthz")[0]], [200, 200])
        finally:
            signal_runtimes(signal.SIGCONT)
            stop.set()
            for thread in threads:
                thread.join(60)
        self.assertEqual(set(answers), {403})
        self.assertEqual(kube.failures(), before)
        told = full[0]["metadata"]["name"]
        until(lambda: "log lines were lost" in kube.get("-n", guard.PLACE, "logs", told), "the loss is told")
