# SPDX-License-Identifier: Apache-2.0
"""What `oke-guard replay` makes of the API server's log: the verdicts that the live guard gives.

People type their commands while the guard is off: no entry, nobody is asked. Then they type the same
before the live guard. The log of the first run is judged, and held against what the second one said.
"""
import json
import pathlib
import shutil
import subprocess
import time
import unittest

import guard
import kube
import world
from cluster import FOLDER, until
from commands import COMMANDS, take_marks_back
from objects import WORKLOADS, recorded

ORDER = ["allow", "audit", "warn", "deny"]
# These would take the cluster itself away, with nobody to stop them; or want what is cleaned up.
LEFT_OUT = {"node-lease", "api-service", "delete-collection", "own-scale"}
LEAVINGS = [("shop", "deployment/web", "deployment/api"),
            ("kube-system", "hpa/coredns", "quota/all", "networkpolicy/deny-all", "daemonset/proxymux-client",
             "configmap/coredns-custom", "secret/mine", "pod/mine")]
PLACE = pathlib.Path(FOLDER, "replay")
SHARES = 3


def replay(*arguments):
    done = subprocess.run([guard.BINARY, "replay", *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return done.stdout


def judged(log, *arguments):
    return {row["auditID"]: row for row in map(json.loads, replay("-o", "events", *arguments, log).splitlines())}


def clean():
    for place, *names in LEAVINGS:
        kube.get("-n", place, "delete", "--ignore-not-found", "--wait=false", *names)
    # What is there already is not written again, and no event tells of it. Where it is not: no harm.
    kube.kubectl("-n", "kube-system", "annotate", "daemonset", "kube-proxy", "note-")
    take_marks_back()


def bare(event):
    """The event as level Metadata has it."""
    return {**{k: v for k, v in event.items() if k not in ("requestObject", "responseObject")}, "level": "Metadata"}


def write(name, events):
    PLACE.mkdir(exist_ok=True)
    file = PLACE / name
    file.write_text("".join(json.dumps(e) + "\n" for e in events), encoding="utf-8")
    return file


def off():
    """The API server asks nobody: no agent, and a configuration without entries."""
    kube.get("-n", guard.PLACE, "scale", "deployment", f"{guard.RELEASE}-agent", "--replicas=0")
    until(lambda: not kube.pods(guard.PLACE, "app.kubernetes.io/component=agent"), "no agent is left")
    kube.get("patch", "validatingwebhookconfiguration", guard.RELEASE, "--type=merge", "-p", '{"webhooks":[]}')
    until(lambda: kube.kubectl(*kube.system("delete", "deployment", "coredns", "--dry-run=server"),
                               who="customer").returncode == 0, "nobody is asked")


def on():
    kube.get("-n", guard.PLACE, "scale", "deployment", f"{guard.RELEASE}-agent", "--replicas=1")
    kube.wait_guarded()


def type_all():
    """[(command, its events)]; each finds the cluster as OKE made it."""
    typed, changed = [], True
    for command in COMMANDS:
        if command.name in LEFT_OUT:
            continue
        if changed:
            clean()
            kube.apply(recorded())
        before = kube.audit_size()
        done = kube.kubectl(*command.arguments, who=command.who,
                            stdin=json.dumps(command.stdin) if command.stdin else None)
        changed = done.returncode == 0
        typed.append((command, until(lambda b=before, w=command.who: kube.audited(b, w), command.name)))
    clean()
    kube.apply(recorded())
    return typed


def said(events):
    """What the live guard came to, as it stands in the log."""
    return max((n["decision"] for n in map(kube.notes, events) if n), key=ORDER.index, default="allow")


class Replay(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        world.control_plane().audit("RequestResponse")
        found = kube.read("-n", guard.PLACE, "configmaps")["items"]
        text = next(v for c in found for v in c.get("data", {}).values() if "kind: GuardConfig" in v)
        cls.config = write("config.yaml", [])
        cls.config.write_text(text, encoding="utf-8")

    @classmethod
    def tearDownClass(cls):
        world.control_plane().audit("Metadata")
        on()
        shutil.rmtree(PLACE)

    def test_1_people_type_and_nobody_is_asked(self):
        off()
        type(self).since = kube.audit_size()
        type(self).typed = type_all()
        type(self).end = kube.audit_size()
        self.assertEqual([e for e in kube.events(self.since) if kube.notes(e)], [])

    def test_2_they_type_it_again_before_the_guard(self):
        # What kubectl added in the first run no apply takes away.
        for o in reversed(recorded()):
            place = o["metadata"].get("namespace", "")
            kube.kubectl("delete", "--ignore-not-found", f"--namespace={place}", o["kind"], o["metadata"]["name"], who="exempt")
        kube.apply(recorded())
        kube.rolled_out("kube-system", *WORKLOADS)
        on()
        type(self).since_live = kube.audit_size()
        type(self).live = {command.name: said(events) for command, events in type_all()}
        self.assertEqual(self.live, {command.name: command.then for command, _ in self.typed})

    def test_3_the_verdicts_are_those_of_the_live_guard(self):
        log = write("full.log", self.events())
        rows = type(self).rows = judged(log, "--config", self.config)
        exact = 0
        for command, events in self.typed:
            found = [rows[e["auditID"]] for e in events if e["auditID"] in rows]
            if any(r["outcome"] == "refused" for r in found):
                continue
            most = max((ORDER.index(r["verdict"]["action"]) for r in found), default=0)
            if all(r["verdict"]["grade"] == "exact" for r in found):
                exact += 1
                self.assertEqual(ORDER[most], self.live[command.name], (command.name, found))
            else:
                self.assertGreaterEqual(most, ORDER.index(self.live[command.name]), (command.name, found))
        print(f"{exact} of {len(self.typed)} commands are exact", flush=True)
        self.assertGreaterEqual(exact, 25)

    def test_4_each_event_is_one_with_what_the_guard_wrote_into_it(self):
        events, compared = kube.events(self.since_live), 0
        rows = judged(write("live.log", events), "--config", self.config)
        for event in events:
            row = rows.get(event["auditID"])
            if not row or row["outcome"] == "refused" or row["verdict"]["grade"] == "not judgeable":
                continue
            told = bool(kube.notes(event))
            if row["verdict"]["grade"] == "exact":
                compared += 1
                self.assertEqual(row["verdict"]["action"] != "allow", told, (row, kube.notes(event)))
            else:
                self.assertGreaterEqual(row["verdict"]["action"] != "allow", told, (row, kube.notes(event)))
        print(f"{compared} events are exact", flush=True)
        self.assertGreaterEqual(compared, 50)

    def events(self):
        """Those of the run without the guard."""
        return kube.events(self.since, self.end)

    def test_5_at_level_Metadata_no_exact_verdict_is_wrong(self):
        rows = judged(write("bare.log", map(bare, self.events())), "--config", self.config)
        exact = 0
        for name, row in rows.items():
            full = self.rows.get(name)
            if not full or full["verdict"]["grade"] != "exact":
                continue
            if row["verdict"]["grade"] == "exact":
                exact += 1
                self.assertEqual(row["verdict"]["action"], full["verdict"]["action"], (row, full))
            else:
                self.assertGreaterEqual(ORDER.index(row["verdict"]["action"]),
                                        ORDER.index(full["verdict"]["action"]), (row, full))
        self.assertGreaterEqual(exact, 5)

    def test_6_a_job_over_shares_of_the_log_gives_the_same_report(self):
        logs, results = PLACE / "logs", PLACE / "results"
        logs.mkdir()
        results.mkdir()
        for folder in (PLACE, logs):
            folder.chmod(0o755)
        results.chmod(0o777)  # the image's user is nobody that the nodes know
        events = self.events()
        for part in range(7):
            with open(logs / f"audit-{part}.log", "w", encoding="utf-8") as f:
                f.writelines(json.dumps(e) + "\n" for e in events[part::7])
        server = guard.servers()[0]["spec"]["containers"][0]
        mounts = [{"name": n, "mountPath": f"/{n}"} for n in ("logs", "results")]
        index = {"fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}
        container = {"name": "replay", "image": server["image"], "volumeMounts": mounts,
                     "imagePullPolicy": server.get("imagePullPolicy", "IfNotPresent"),
                     "args": ["replay", f"--share=$(JOB_COMPLETION_INDEX)/{SHARES}",
                              "--partial=/results/$(JOB_COMPLETION_INDEX).partial", "/logs"],
                     "env": [{"name": "TMPDIR", "value": "/results"},
                             {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": index}}]}
        volumes = [{"name": f.name, "hostPath": {"path": str(f), "type": "Directory"}} for f in (logs, results)]
        kube.get("create", "-f", "-", stdin=json.dumps({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "replay", "namespace": "shop"},
            "spec": {"completionMode": "Indexed", "completions": SHARES, "parallelism": SHARES, "template": {"spec": {
                "restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container],
                "volumes": volumes}}}}))
        try:
            kube.get("-n", "shop", "wait", "job/replay", "--for=condition=Complete", "--timeout=120s")
        finally:
            print(kube.get("-n", "shop", "get", "pods", "--selector=job-name=replay"), flush=True)
            kube.get("-n", "shop", "delete", "job", "replay", "--wait=false")
        self.assertEqual(replay("merge", "-o", "events", results), replay("-o", "events", logs))

    def test_7_the_window_in_which_the_guard_was_dead(self):
        kube.get("-n", guard.PLACE, "scale", "deployments", "--all", "--replicas=0")
        until(lambda: not kube.pods(guard.PLACE, "app.kubernetes.io/name=oke-guard"), "no pod is left")
        since, end = kube.audit_size(), time.monotonic() + 60
        while time.monotonic() < end:
            kube.get(*kube.system("label", "deployment", "coredns", f"at=a{int(time.monotonic())}", "--overwrite"))
            done = kube.kubectl(*kube.system("scale", "deployment", "coredns", "--replicas=2"), who="customer")
            self.assertEqual(done.returncode, 0, done.stdout)
            kube.kubectl(*kube.system("scale", "deployment", "coredns", "--replicas=3"), who="customer")
            time.sleep(4)
        missed = [e for e in kube.events(since) if kube.failed_open(e)]
        report = json.loads(replay("-o", "json", "--config", self.config, write("gap.log", kube.events(since))))
        self.assertGreaterEqual(len(missed), 20)
        self.assertEqual(sum(g["writes"] for g in report["gaps"]), len(missed))
        self.assertEqual(len(report["gaps"]), 1)
        gap = report["gaps"][0]
        times = sorted(e["requestReceivedTimestamp"][:19] + "Z" for e in missed)
        self.assertEqual((gap["first"], gap["last"]), (times[0], times[-1]))
        self.assertGreater(gap["exact"]["deny"], 0)
        guard.upgrade()
        guard.ready()
        kube.apply(recorded())
