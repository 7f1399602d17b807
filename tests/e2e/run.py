"""End to end: people's commands with the real kubectl, a real API server, real controllers, and the
real oke-guard between them.

ACCEPT=1 writes what kubectl printed to golden/ instead of comparing it. BIN names the folder with
the Kubernetes programs, BUILD the one with oke-guard.
"""
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import unittest

from cluster import ADMINS, HERE, NODE, OKE, ROOT, WEBHOOK, Cluster, namespace, recorded, until
from commands import COMMANDS

ACCEPT = bool(os.environ.get("ACCEPT"))
GOLDEN = HERE / "golden"
WARNED = re.compile(r"^Warning: .*\[([a-z0-9-]+/[a-z0-9-]+)\]", re.MULTILINE)
CLUSTER = Cluster()


def set_up():
    CLUSTER.start()
    CLUSTER.apply([ADMINS, namespace("shop"), namespace("argocd"), *recorded(OKE)])
    CLUSTER.apply([NODE])
    until(pods_of_proxy, "the DaemonSet's pod")
    # Exempt accounts of controllers are made when a controller first runs.
    until(lambda: "deployment-controller" in CLUSTER.get("-n", "kube-system", "get", "serviceaccounts"),
          "the controllers' accounts")
    CLUSTER.start_guard()
    CLUSTER.register_guard()


def pods_of_proxy():
    return CLUSTER.get("-n", "kube-system", "get", "pods", "--selector=k8s-app=kube-proxy", "--output=name").split()


def normal(text):
    """What differs from run to run by nature."""
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>", text)
    text = re.sub(r"\b(kube-proxy)-[a-z0-9]{5}\b", r"\1-<id>", text)
    text = re.sub(r"(targetPort): \d{4,}", r"\1: <port>", text)
    return re.sub(r"\b127\.0\.0\.1:\d+\b", "<server>", text)


def transcript(command, done):
    shown = " ".join(f"'{a}'" if re.search(r"[\s\"{}\[\]?&]", a) else a for a in command.arguments)
    failed = f"(exit {done.returncode})\n" if done.returncode else ""
    return normal(f"{command.who}$ kubectl {shown}\n{done.stdout}{failed}")


def notes(event):
    """What oke-guard wrote into an event of the audit log."""
    mine = WEBHOOK + "/"
    return {k[len(mine):]: v for k, v in event.get("annotations", {}).items() if k.startswith(mine)}


class Commands(unittest.TestCase):
    maxDiff = None

    def run_command(self, command):
        since = CLUSTER.audit_size()
        stdin = json.dumps(command.stdin) if command.stdin else None
        done = CLUSTER.kubectl(*command.arguments, who=command.who, stdin=stdin)
        self.assertEqual(done.returncode != 0, command.then == "deny", done.stdout)
        # kubectl and the API server warn too; a finding's warning names its rule.
        self.assertEqual(WARNED.findall(done.stdout), [command.rule] if command.then == "warn" else [], done.stdout)
        self.assertNotIn("hunter2", done.stdout)
        self.compare(command.name, transcript(command, done))
        self.check_audit(command, since)

    def compare(self, name, text):
        file = GOLDEN / f"{name}.txt"
        if ACCEPT:
            file.write_text(text, encoding="utf-8")
        self.assertTrue(file.exists(), f"{file.name} is missing; ACCEPT=1 writes it:\n{text}")
        self.assertEqual(file.read_text(encoding="utf-8"), text)

    def check_audit(self, command, since):
        """The request stands in the audit log with what was decided, or without a word."""
        events = until(lambda: CLUSTER.audited(since, command.who), "the event in the audit log")
        judged = [n for n in map(notes, events) if n]
        if command.then == "allow":
            self.assertEqual(judged, [])
            return
        self.assertTrue(judged, events)
        self.assertEqual(judged[0]["decision"], command.then)
        self.assertIn(command.rule, judged[0]["policy"])
        self.assertIn("tier", judged[0])
        if events[0]["verb"] in ("patch", "update"):
            self.assertIn("paths", judged[0])
        self.assertNotIn("hunter2", json.dumps(events))


def add_commands():
    """One test a row, in the order of the table."""
    for number, command in enumerate(COMMANDS):
        def test(self, command=command):
            self.run_command(command)
        setattr(Commands, f"test_{number:02}_{command.name.replace('-', '_')}", test)


class Setting(unittest.TestCase):
    def test_the_readme_shows_what_kubectl_printed(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        golden = (GOLDEN / "set-env-secret.txt").read_text(encoding="utf-8")
        lines = golden.removeprefix("customer").removesuffix("(exit 1)\n").splitlines()
        self.assertIn("".join(f"    {line}\n" for line in lines), readme)
        self.assertIn(f" for {len(COMMANDS)} commands ", readme)

    def test_the_programs_carry_their_version(self):
        versions = json.loads(CLUSTER.get("version", "--output=json"))
        told = {versions[k]["gitVersion"] for k in ("clientVersion", "serverVersion")}
        self.assertEqual(len(told), 1)
        self.assertRegex(told.pop(), r"^v1\.[1-9][0-9]*\.[0-9]+$")

    def test_every_golden_file_has_its_command(self):
        self.assertEqual(sorted(f.stem for f in GOLDEN.glob("*.txt")), sorted(c.name for c in COMMANDS))


class Controllers(unittest.TestCase):
    """Whatever controllers do, in whatever namespace, nothing of it is refused."""

    def setUp(self):
        self.before = CLUSTER.rejections()

    def tearDown(self):
        self.assertEqual(CLUSTER.rejections(), self.before)

    def pods(self, place, label):
        return CLUSTER.get("-n", place, "get", "pods", f"--selector={label}", "--output=name").split()

    def test_1_scale_a_deployment_up_and_down(self):
        for replicas in (5, 2):
            CLUSTER.get("-n", "shop", "scale", "deployment", "web", f"--replicas={replicas}")
            until(lambda n=replicas: len(self.pods("shop", "app=web")) == n, f"{replicas} pods")

    def test_2_put_a_deleted_pod_of_kube_proxy_back(self):
        old = until(pods_of_proxy, "a pod of kube-proxy")
        CLUSTER.get("-n", "kube-system", "delete", "--ignore-not-found", *old)
        until(lambda: (now := pods_of_proxy()) and not set(now) & set(old), "another pod of kube-proxy")

    def test_3_roll_coredns_out_after_a_restart(self):
        def replicasets():
            return CLUSTER.get("-n", "kube-system", "get", "replicasets", "--selector=k8s-app=kube-dns",
                               "--output=name").split()
        self.assertGreater(len(until(lambda: len(replicasets()) > 1 and replicasets(), "two ReplicaSets")), 1)

    def test_4_collect_what_a_deleted_deployment_leaves(self):
        CLUSTER.get("-n", "shop", "delete", "deployment", "web")
        until(lambda: not CLUSTER.get("-n", "shop", "get", "replicasets,pods", "--output=name"), "nothing left")

    def test_5_empty_a_deleted_namespace(self):
        CLUSTER.get("create", "namespace", "short-lived")
        CLUSTER.get("-n", "short-lived", "create", "deployment", "web", "--image=example.com/web:1")
        CLUSTER.get("delete", "namespace", "short-lived", "--wait=false")
        until(lambda: "short-lived" not in CLUSTER.get("get", "namespaces", "--output=name"), "namespace gone")

    def test_6_nobody_of_the_system_was_refused(self):
        with open(CLUSTER.folder / "audit.log", encoding="utf-8") as log:
            events = [json.loads(line) for line in log if line.endswith("\n")]
        refused = [e for e in events if notes(e).get("decision") == "deny"]
        self.assertEqual(len(refused), CLUSTER.rejections())
        self.assertEqual([e for e in refused if "impersonatedUser" not in e], [])


class Outage(unittest.TestCase):
    SCALE = ["-n", "kube-system", "scale", "deployment", "coredns"]

    def test_1_a_guard_that_is_down_stops_nobody_and_leaves_a_trace(self):
        port = CLUSTER.stop_guard()
        since = CLUSTER.audit_size()
        done = CLUSTER.kubectl(*self.SCALE, "--replicas=5", who="customer")
        self.assertEqual((done.returncode, done.stdout), (0, "deployment.apps/coredns scaled\n"))
        done = CLUSTER.kubectl("-n", "kube-system", "set", "env", "daemonset/kube-proxy", "A=b", who="customer")
        self.assertEqual(done.returncode, 0, done.stdout)
        events = until(lambda: len(e := CLUSTER.audited(since, "customer")) == 2 and e, "two events")
        for event in events:
            self.assertIn(WEBHOOK, [v for k, v in event["annotations"].items() if k.startswith("failed-open.")])
        self.assertGreater(sum(CLUSTER.metrics("apiserver_admission_webhook_fail_open_count").values()), 1)
        CLUSTER.start_guard(port)

    def test_2_once_it_is_back_it_denies_again(self):
        CLUSTER.wait_guarded()
        done = CLUSTER.kubectl(*self.SCALE, "--replicas=3", who="customer")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("[coredns/scale]", done.stdout)


class Latency(unittest.TestCase):
    def test_the_api_server_has_measured_it(self):
        page = CLUSTER.metrics_page()  # one moment's, else the parts do not add up
        name = "apiserver_admission_webhook_admission_duration_seconds"
        count = sum(CLUSTER.metrics(name + "_count", page).values())
        total = sum(CLUSTER.metrics(name + "_sum", page).values())
        self.assertGreater(count, len(COMMANDS))
        quick = sum(v for k, v in CLUSTER.metrics(name + "_bucket", page).items() if 'le="0.025"' in k)
        print(f"{count:.0f} calls of the webhook as the API server measured them, TLS included: "
              f"{1000 * total / count:.2f} ms on average, {100 * quick / count:.1f} % within 25 ms", flush=True)


def run_tests():
    """How many ran, how many of them failed."""
    add_commands()
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite(map(load, [Commands, Setting, Controllers, Outage, Latency]))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    return result.testsRun, len(result.failures) + len(result.errors)


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # unittest ends for no other exception
    start = time.monotonic()
    ran, failed = 1, 1
    try:
        set_up()
        print(f"control plane and oke-guard are up after {time.monotonic() - start:.0f} s", flush=True)
        ran, failed = run_tests()
    except (AssertionError, OSError, subprocess.SubprocessError):
        traceback.print_exc(file=sys.stdout)
    finally:
        CLUSTER.stop()
    print(f"{time.monotonic() - start:.0f} s")
    print(f"{max(ran - failed, 0)} passed, {failed} failed")
    return 0 if ran and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
