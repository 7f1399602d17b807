# SPDX-License-Identifier: Apache-2.0
"""`oke-guard replay`: recorded audit logs, logs made of recorded reviews, and what is wrong with logs."""
import base64
import collections
import copy
import fcntl
import gzip
import io
import json
import os
import pathlib
import pty
import random
import re
import select
import subprocess
import tempfile
import termios
import time
import unittest
import zlib

import jsonschema

from harness import BINARY, ROOT, SANITIZED, Case
from replay_logs import ADMIN, CUSTOMER, configmap, deployment, event, from_reviews, line, moment, patched

DATA = ROOT / "tests/data/replay"
REVIEWS = ROOT / "tests/data/reviews/reviews.jsonl"
ORDER = ["allow", "audit", "warn", "deny"]
SECRET = "hunter2-very-secret"


def replay(*arguments, text=None, env=None):
    done = subprocess.run([BINARY, "replay", *map(str, arguments)], input=text, capture_output=True, timeout=300,
                          check=False, env=env)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Logs(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-replay-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, *events):
        path = self.folder / name
        path.write_bytes(b"".join(e if isinstance(e, bytes) else line(e) for e in events))
        return path

    def judged(self, *arguments, text=None):
        code, out, err = replay("-o", "events", *arguments, text=text)
        self.assertIn(code, (0, 1), err)
        return [json.loads(one) for one in out.splitlines()]

    def grades(self, *events):
        """(grade, action) of each event by its auditID."""
        rows = self.judged(self.write("log.jsonl", *events))
        return {r["auditID"]: (r["verdict"]["grade"], r["verdict"].get("action")) for r in rows}

    def report(self, *arguments, code=None):
        merge = [a for a in arguments if a == "merge"]
        got, out, err = replay(*merge, "-o", "json", *(a for a in arguments if a != "merge"))
        self.assertTrue(out, err)
        if code is not None:
            self.assertEqual(got, code, err)
        return json.loads(out)


class Recorded(Logs):
    """The verdict of a review is known; of its audit event it must come out again, or as a bound."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reviews = [json.loads(one) for one in REVIEWS.read_text().splitlines()]
        answers = subprocess.run([BINARY, "review", "-o", "json", REVIEWS], capture_output=True, text=True, timeout=300,
                                 check=False).stdout.splitlines()
        cls.want = {}
        for review, answer in zip(cls.reviews, answers):
            response = json.loads(answer)["response"]
            said = (response.get("auditAnnotations") or {}).get("decision", "allow")
            cls.want[review["id"]] = said if response["allowed"] else "deny"

    def compare(self, level, least_exact):
        log = self.write("log.jsonl", *from_reviews(copy.deepcopy(self.reviews), level))
        grades = collections.Counter()
        seen = set()
        for row in self.judged(log):
            name = row["auditID"]
            if name.startswith("before "):
                continue
            seen.add(name)
            grade, action = row["verdict"]["grade"], row["verdict"]["action"]
            grades[grade] += 1
            if grade == "exact":
                self.assertEqual(action, self.want[name], name)
            else:
                self.assertGreaterEqual(ORDER.index(action), ORDER.index(self.want[name]), name)
        self.assertGreaterEqual(grades["exact"], least_exact, grades)
        return {name for name, want in self.want.items() if want != "allow"} - seen

    def test_everything_is_shown_at_RequestResponse(self):
        self.assertEqual(self.compare("RequestResponse", 440), set())

    def test_names_alone_at_Metadata(self):
        missed = self.compare("Metadata", 110)
        # Uses of alpha features in objects that no component's policy names: they are counted.
        self.assertEqual({self.want[name] for name in missed}, {"warn"})
        report = self.report(self.folder / "log.jsonl")
        self.assertGreaterEqual(report["input"]["counts"]["featuresUnseen"], len(missed))

    def test_requests_without_results(self):
        self.compare("Request", 110)

    def test_recorded_reviews_are_judged_as_they_are(self):
        names = {r["review"]["request"]["uid"]: r["id"] for r in self.reviews}
        rows = {names[r["auditID"]]: r for r in self.judged(REVIEWS)}
        for name, row in rows.items():
            if row["verdict"]["grade"] == "exact":
                self.assertEqual(row["verdict"]["action"], self.want[name], name)
            else:
                self.assertEqual(row["resource"], "secrets", name)
        self.assertEqual({name for name, want in self.want.items() if want != "allow"} - set(rows), set())

    def test_audit_logs_of_a_real_api_server(self):
        code, text, _ = replay(DATA / "audit-requestresponse.jsonl", DATA / "audit-metadata.jsonl")
        self.assertEqual(code, 1)
        self.assertIn("exact ", text)
        for said in ("coredns/scale", "dns-autoscaler/removed", "csi-node/removed"):
            self.assertIn(said, text)
        report = self.report(DATA)
        self.assertEqual(report["input"]["counts"]["events"], 173)
        self.assertEqual(report["input"]["counts"]["badJson"], 0)


class Grades(Logs):
    def test_a_patch_is_exact_where_managers_prove_what_was_before(self):
        before = deployment(version=10, generation=3)
        after = patched(before, 11, "kubectl-patch", moment(60), replicas=0)
        got = self.grades(event("seed", "update", before, at=0, user=ADMIN),
                          event("write", "patch", after, at=60, request={"spec": {"replicas": 0}},
                                uri="/?fieldManager=kubectl-patch"))
        self.assertEqual(got["write"], ("exact", "deny"))

    def test_an_unseen_write_between_is_no_proof(self):
        """Of a ConfigMap: another manager wrote, and the log does not show it."""
        before = configmap("coredns", {"Corefile": "a"}, version=10)
        between = patched(before, 11, "kubectl-edit", moment(30), data={"Corefile": "b"})
        after = patched(between, 12, "kubectl-patch", moment(60), data={"Corefile": "b", "x": "y"})
        seed = event("seed", "update", before, at=0, user=ADMIN)
        write = event("write", "patch", after, at=60, request={"data": {"x": "y"}})
        self.assertEqual(self.grades(seed, write)["write"][0], "at most")
        shown = event("between", "patch", between, at=30, request={"data": {"Corefile": "b"}})
        self.assertEqual(self.grades(seed, shown, write)["write"][0], "exact")

    def test_generation_counts_no_labels(self):
        before = deployment(version=10, generation=3, managed=False)
        after = copy.deepcopy(before)
        after["metadata"].update({"resourceVersion": "12", "labels": {"k8s-app": "other"}})
        seed = event("seed", "update", before, at=0, user=ADMIN)
        got = self.grades(seed, event("write", "patch", after, at=60,
                                      request={"metadata": {"labels": {"k8s-app": "other"}}}))
        self.assertEqual(got["write"][0], "at most")
        got = self.grades(seed, event("write", "update", after, at=60,
                                      request={"metadata": {"resourceVersion": "10"}}))
        self.assertEqual(got["write"], ("exact", "warn"))

    def test_a_generation_further_than_one_is_no_proof(self):
        before = deployment(version=10, generation=3, managed=False)
        after = patched(before, 14, None, moment(60), replicas=0, generation=5)
        got = self.grades(event("seed", "update", before, at=0, user=ADMIN),
                          event("write", "patch", after, at=60, request={"spec": {"replicas": 0}}))
        self.assertEqual(got["write"], ("at most", "deny"))

    def test_what_a_patch_does_not_touch_it_did_not_change(self):
        """Generation is one higher, but by a write that the log does not show."""
        before = deployment(version=10, generation=3, managed=False)
        after = patched(before, 14, None, moment(60), replicas=0, generation=4)
        after["metadata"]["annotations"] = {"a": "b"}
        got = self.grades(event("seed", "update", before, at=0, user=ADMIN),
                          event("write", "patch", after, at=60, request={"metadata": {"annotations": {"a": "b"}}}))
        self.assertNotEqual(got["write"][1], "deny")

    def test_scales(self):
        before = deployment(version=10, generation=3)
        scale = {"kind": "Scale", "apiVersion": "autoscaling/v1", "spec": {}, "status": {"replicas": 3},
                 "metadata": {"name": "coredns", "namespace": "kube-system", "resourceVersion": "11",
                              "uid": before["metadata"]["uid"]}}
        write = event("write", "patch", scale, at=60, resource="deployments", subresource="scale",
                      request={"spec": {"replicas": 0}})
        seed = event("seed", "update", before, at=0, user=ADMIN)
        self.assertEqual(self.grades(seed, write)["write"], ("exact", "deny"))
        self.assertEqual(self.grades(write)["write"], ("at most", "deny"))
        # Its own write is folded in: the next change of the object is seen against it.
        after = patched(before, 12, "kubectl-patch", moment(90), replicas=0, generation=5)
        after["spec"]["minReadySeconds"] = 7
        later = event("later", "patch", after, at=90, request={"spec": {"minReadySeconds": 7}})
        self.assertEqual(self.grades(seed, write, later)["later"][0], "exact")

    def test_dry_runs_and_refused_writes_do_not_change_the_object(self):
        before = deployment(version=10, generation=3)
        after = patched(before, 10, "kubectl-patch", moment(30), replicas=0)
        real = patched(before, 11, "kubectl-patch", moment(60), replicas=5)
        dry = event("dry", "patch", after, at=30, request={"spec": {"replicas": 0}},
                    uri="/?dryRun=All&fieldManager=kubectl-patch")
        refused = event("refused", "patch", {"kind": "Status", "apiVersion": "v1", "code": 409}, at=40, code=409,
                        resource="deployments", name="coredns", request={"spec": {"replicas": 1}})
        log = self.write("log.jsonl", event("seed", "update", before, at=0, user=ADMIN), dry, refused,
                         event("real", "patch", real, at=60, request={"spec": {"replicas": 5}}))
        rows = {r["auditID"]: r for r in self.judged(log)}
        self.assertEqual([rows[i]["outcome"] for i in ("dry", "refused", "real")], ["dry run", "refused", "stored"])
        self.assertEqual(rows["real"]["verdict"]["grade"], "exact")
        self.assertEqual(rows["real"]["verdict"]["action"], "deny")
        # Neither makes the exit status 1.
        code, _, _ = replay(self.write("other.jsonl", dry, refused))
        self.assertEqual(code, 0)

    def test_only_exact_verdicts_make_the_exit_status(self):
        certain = event("a", "delete", None, at=0, resource="deployments", name="coredns", level="Metadata")
        unsure = event("b", "patch", None, at=0, resource="deployments", name="coredns", level="Metadata")
        self.assertEqual(replay(self.write("a", certain))[0], 1)
        self.assertEqual(replay(self.write("b", unsure))[0], 0)
        self.assertEqual(self.grades(unsure)["b"], ("name only", "deny"))

    def test_truncated_events_count_as_metadata(self):
        write = event("write", "create", configmap("coredns", {"Corefile": "x"}, version=3), at=0, code=201)
        write["annotations"]["audit.k8s.io/truncated"] = "true"
        del write["responseObject"]
        report = self.report(self.write("log", write))
        self.assertEqual(report["input"]["counts"]["truncated"], 1)
        self.assertEqual(report["input"]["counts"]["levelMetadata"], 1)

    def test_a_server_side_apply_that_creates_is_a_create(self):
        created = configmap("coredns", {"Corefile": "x"}, version=3)
        rows = self.judged(self.write("log", event("write", "patch", created, at=0, code=201, request=created)))
        self.assertEqual(rows[0]["verdict"]["grade"], "exact")

    def test_a_deletecollection_names_what_it_deleted_or_may_be_any(self):
        pods = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [
            {"metadata": {"name": n, "namespace": "kube-system", "uid": n, "labels": {"k8s-app": "kube-dns"}}}
            for n in ("coredns-1", "coredns-2")]}
        rows = self.judged(self.write("log", event("all", "deletecollection", pods, at=0, resource="pods", name="")))
        self.assertEqual({r["name"] for r in rows}, {"coredns-1", "coredns-2"})
        self.assertEqual({r["verdict"]["grade"] for r in rows}, {"exact"})
        bare = event("all", "deletecollection", None, at=0, resource="deployments", name="", level="Metadata")
        self.assertEqual(self.grades(bare)["all"], ("name only", "deny"))

    def test_connections_are_writes_whatever_the_verb(self):
        for verb in ("get", "create"):
            log = self.write("log", event("exec", verb, None, at=0, resource="pods", subresource="exec", name="coredns-1",
                                          code=101))
            self.assertEqual(self.report(log)["input"]["counts"]["writes"], 1, verb)

    def test_other_stages_are_told_once(self):
        write = event("a", "delete", None, at=0, resource="deployments", name="coredns")
        begun = {**write, "stage": "RequestReceived"}
        report = self.report(self.write("log", begun, write))
        self.assertEqual(sum(e["count"] for e in report["events"]), 1)
        self.assertEqual(report["input"]["counts"]["otherStages"], 1)

    def test_exceptions_count_at_the_time_of_the_event(self):
        exception = self.folder / "exception.yaml"
        exception.write_text("""apiVersion: oke-guard.internal/v1
kind: SupportException
metadata: {name: november}
spec:
  rules: [coredns/removed]
  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [coredns]}]
  identities: {users: ["%s"]}
  ticket: CHG-1
  approvedBy: ops@example.com
  reason: a test
  notBefore: "2026-11-22T10:00:00Z"
  expires: "2026-11-22T10:01:00Z"
  action: warn
""" % CUSTOMER["username"])
        log = self.write("log", *(event(str(at), "delete", None, at=at, resource="deployments", name="coredns")
                                  for at in (-1, 0, 59, 60)))
        got = {r["auditID"]: r["verdict"]["action"] for r in self.judged("--policy", exception, log)}
        self.assertEqual(got, {"-1": "deny", "0": "warn", "59": "warn", "60": "deny"})

    def test_the_impersonated_user_acted(self):
        write = event("a", "delete", None, at=0, resource="deployments", name="coredns", user=ADMIN)
        write["impersonatedUser"] = CUSTOMER
        self.assertEqual(self.judged(self.write("log", write))[0]["user"], CUSTOMER["username"])


class Compared(Logs):
    def test_what_the_guard_said_then(self):
        said = event("said", "delete", None, at=0, resource="deployments", name="coredns")
        said["annotations"]["support.oke-guard.internal/decision"] = "warn"
        refused = event("refused", "delete", None, at=5, resource="daemonsets", name="kube-proxy", code=403)
        refused["responseStatus"]["message"] = 'admission webhook "support.oke-guard.internal" denied the request: no'
        report = self.report(self.write("log", said, refused))
        self.assertIn({"before": "warn", "grade": "exact", "action": "deny", "count": 1}, report["then"])
        self.assertIn({"before": "deny", "grade": "exact", "action": "deny", "count": 1}, report["then"])
        self.assertEqual([r["before"] for r in report["otherThanThen"]["rows"]], ["warn"])

    def test_windows_in_which_the_guard_was_not_reached(self):
        def missed(name, at, **more):
            write = event(name, "delete", None, at=at, resource="deployments", name="coredns", **more)
            write["annotations"]["failed-open.validating.webhook.admission.k8s.io/round_0_index_1"] = \
                "support.oke-guard.internal"
            return write
        other = event("other", "delete", None, at=1000, resource="deployments", name="coredns")
        other["annotations"]["failed-open.validating.webhook.admission.k8s.io/round_0_index_0"] = "some.example.com"
        # Also what no policy concerns: it was written without the guard.
        elsewhere = missed("c", 45, namespace="team-a")
        report = self.report(self.write("log", missed("a", 0), missed("b", 50), elsewhere, missed("d", 400), other))
        windows = [(g["first"], g["last"], g["writes"], g["exact"]["deny"]) for g in report["gaps"]]
        self.assertEqual(windows, [(moment(0)[:19] + "Z", moment(50)[:19] + "Z", 3, 2),
                                   (moment(400)[:19] + "Z", moment(400)[:19] + "Z", 1, 1)])
        self.assertEqual(len(report["gapWrites"]), 4)
        self.assertIn("The guard was not reached", replay(self.folder / "log")[1])

    def test_a_baseline(self):
        config = self.folder / "warn.yaml"
        config.write_text("apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: default}\n"
                          "spec: {mode: warn}\n")
        report = self.report("--baseline-config", config, DATA / "audit-requestresponse.jsonl")
        self.assertIn({"before": "warn", "grade": "exact", "action": "deny", "count": 4}, report["baseline"])
        self.assertTrue(report["otherThanBaseline"]["rows"])
        text = replay("--baseline-config", config, DATA / "audit-requestresponse.jsonl")[1]
        self.assertIn("warn -> deny", text)

    def test_learn_names_the_identities(self):
        code, text, err = replay("--learn", DATA / "audit-metadata.jsonl")
        self.assertEqual(code, 1, err)
        self.assertIn('- "oke-addon-manager-placeholder"  # ', text)
        path = self.folder / "learned.yaml"
        path.write_text(text)
        done = subprocess.run([BINARY, "policy", "lint", path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_guards_own_log(self):
        said = {"ts": "2026-11-22T10:00:00.123Z", "level": "info", "msg": "finding", "uid": "u1",
                "user": CUSTOMER["username"], "operation": "UPDATE", "group": "apps", "resource": "deployments",
                "namespace": "kube-system", "name": "coredns", "policy": "coredns", "rule": "spec",
                "action": "deny", "decision": "deny", "mode": "enforce", "identity": "customer"}
        rows = self.judged(self.write("log", said, {**said, "rule": "scale"}))
        self.assertEqual([(r["verdict"]["grade"], r["then"]) for r in rows], [("name only", "deny")])


class Formats(Logs):
    def setUp(self):
        super().setUp()
        self.events = [json.loads(one) for one in (DATA / "audit-requestresponse.jsonl").read_text().splitlines()]
        self.plain = (DATA / "audit-requestresponse.jsonl").read_bytes()
        self.want = self.told(self.judged(DATA / "audit-requestresponse.jsonl"))

    @staticmethod
    def told(rows):
        return sorted((r["auditID"], r["verdict"]["grade"], r["verdict"].get("action")) for r in rows)

    def same(self, data, *arguments):
        path = self.folder / "log"
        path.write_bytes(data)
        self.assertEqual(self.told(self.judged(*arguments, path)), self.want)

    def test_packed(self):
        half = len(self.plain) // 2
        self.same(gzip.compress(self.plain))
        self.same(gzip.compress(self.plain[:half]) + gzip.compress(self.plain[half:]) + b"\0" * 512)
        pack = ["zstd", "-q", "-c"]
        if subprocess.run(["which", "zstd"], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            parts = [subprocess.run(pack, input=p, capture_output=True, check=True).stdout
                     for p in (self.plain[:half], self.plain[half:])]
            self.same(b"".join(parts))

    def test_standard_input(self):
        self.assertEqual(self.told(self.judged("-", text=gzip.compress(self.plain))), self.want)

    def test_lists(self):
        whole = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": self.events}
        self.same(json.dumps(whole).encode())
        self.same(json.dumps(whole, indent=2).encode())
        self.same(json.dumps(self.events, indent=1).encode())
        self.same(b"[\n" + b",\n".join(json.dumps(e).encode() for e in self.events) + b"\n]\n")

    def test_envelopes(self):
        for wrap in (lambda e: {"insertId": "x", "jsonPayload": e},
                     lambda e: {"log": json.dumps(e) + "\n", "stream": "stdout"},
                     lambda e: {"streams": [{"values": [["1", json.dumps(e)]]}]},
                     lambda e: {"datetime": 1, "logContent": {"data": {"message": json.dumps(e)}, "id": "y"}},
                     lambda e: {"a": {"b": [{"c": {"d": e}}]}}):
            self.same(b"".join(line(wrap(e)) for e in self.events))
        self.same(b"".join(b"2026-11-22T10:00:00Z stdout F " + line(e) for e in self.events))

    def test_a_string_is_opened_once(self):
        twice = [{"log": json.dumps({"log": json.dumps(e)})} for e in self.events[:3]]
        report = self.report(self.write("log", *twice))
        self.assertEqual((report["input"]["counts"]["events"], report["input"]["counts"]["noEvent"]), (0, 3))

    def test_a_map_tells_where_fields_are(self):
        path = self.folder / "map.yaml"
        path.write_text("""apiVersion: oke-guard.internal/v1
kind: ReplayMap
spec:
  fields:
    verb: data.request.action
    user: data.identity.name
    groups: data.identity.groups
    resource: data.request.what
    apiGroup: data.request.group
    namespace: data.request.ns
    name: data.request.name
    time: time
    code: data.status
""")
        odd = {"time": moment(0), "data": {"identity": {"name": CUSTOMER["username"], "groups": ["system:authenticated"]},
                                           "status": 200, "request": {"action": "DELETE", "what": "deployments",
                                                                      "group": "apps", "ns": "kube-system",
                                                                      "name": "coredns"}}}
        log = self.write("odd", odd)
        self.assertEqual(self.judged(log), [])
        rows = self.judged("--map", path, log)
        self.assertEqual([(r["verb"], r["name"], r["verdict"]["action"]) for r in rows], [("delete", "coredns", "deny")])
        shown = replay("--show-input", "--map", path, log)[1]
        self.assertIn("where the map says", shown)
        self.assertRegex(shown, r"name +coredns")
        keys = replay("--show-input", log)[1]
        self.assertIn("data.request.action  (text)", keys)
        self.assertNotIn("DELETE", keys)

    def test_a_map_reads_the_object_from_the_path(self):
        lines = []
        for number, (method, path) in enumerate((
                ("DELETE", "/apis/apps/v1/namespaces/kube-system/deployments/coredns?x=y"),
                ("PATCH", "/apis/apps/v1/namespaces/kube-system/deployments/coredns/scale"),
                ("DELETE", "/apis/apps/v1/namespaces/kube-system/deployments"),
                ("DELETE", "/api/v1/namespaces/kube-system"), ("DELETE", "/healthz"), ("GET", "/api/v1/nodes"))):
            lines.append({"datetime": 0, "logContent": {"time": moment(number), "data": {
                "identity": {"principalName": "someone"}, "request": {"action": method, "path": path},
                "response": {"status": "200"}}}})
        rows = self.judged("--map", ROOT / "docs/replay-map-oci.yaml", self.write("oci", *lines))
        self.assertEqual(sorted((r["verb"], r["resource"], r.get("subresource", ""), r.get("name", "")) for r in rows), [
            ("delete", "deployments", "", "coredns"), ("delete", "namespaces", "", "kube-system"),
            ("deletecollection", "deployments", "", ""), ("patch", "deployments", "scale", "coredns")])

    def test_maps_that_are_wrong_name_the_line(self):
        path = self.folder / "map.yaml"
        for text, said in (("kind: ReplayMap\nspec:\n  fields:\n    verbs: a\n", "map.yaml:4: the fields are"),
                           ("kind: Other\nspec: {}\n", "map.yaml:1: must be of kind ReplayMap"),
                           ("kind: ReplayMap\nspec: {fields: {verb: 'a['}}\n", "map.yaml:2: column"),
                           ("kind: ReplayMap\nspec: {fields: {verb: a}}\n", "tells neither"), ("", "map.yaml:1")):
            path.write_text(text)
            code, _, err = replay("--map", path, DATA / "audit-metadata.jsonl")
            self.assertEqual(code, 2, text)
            self.assertIn(said, err)

    def test_show_input(self):
        code, text, _ = replay("--show-input", DATA / "audit-requestresponse.jsonl")
        self.assertEqual(code, 0)
        self.assertRegex(text, r"verb +patch")
        self.assertRegex(text, r"level +RequestResponse")

    def test_the_report_fits_its_schema(self):
        schema = json.loads((ROOT / "docs/replay.schema.json").read_text())
        validator = jsonschema.Draft202012Validator(schema)
        validator.check_schema(schema)
        for arguments in ([DATA], ["--baseline-config", self.write("c.yaml", b"apiVersion: oke-guard.internal/v1\n"
                                                                   b"kind: GuardConfig\nmetadata: {name: default}\n"
                                                                   b"spec: {mode: audit}\n"), DATA]):
            report = self.report(*arguments)
            validator.validate(report)
        report["unknown"] = 1
        self.assertFalse(validator.is_valid(report))

    def test_csv_and_html_hold_no_formula_and_no_markup(self):
        write = event("a", "delete", None, at=0, resource="deployments", name="coredns",
                      user={"username": "=HYPERLINK(\"x\")<script>", "groups": ["system:authenticated"]})
        log = self.write("log", write)
        rows = replay("-o", "csv", log)[1]
        self.assertIn('"\'=HYPERLINK(""x"")<script>"', rows)
        page = replay("-o", "html", log)[1]
        self.assertNotIn("<script", page)
        self.assertIn("&lt;script&gt;", page)
        self.assertNotIn("http:", page)
        self.assertIn("<svg", page)


class BadInput(Logs):
    def counts(self, data, *arguments):
        path = self.folder / "log"
        path.write_bytes(data)
        code, out, err = replay("-o", "json", *arguments, path)
        report = json.loads(out) if out else {"input": {"counts": {}, "problems": []}}
        return code, report["input"], err

    def setUp(self):
        super().setUp()
        self.good = line(event("a", "delete", None, at=0, resource="deployments", name="coredns"))

    def test_each_is_told_with_its_line_and_the_rest_is_read(self):
        other = json.loads(self.good)
        other["apiVersion"] = "audit.k8s.io/v1beta1"
        nobody = json.loads(self.good)
        del nobody["user"]
        for name, bad, kind in (("cut", self.good[:200] + b"\n", "badJson"), ("text", b"no json\n", "badJson"),
                                ("nul", b"\0" * 300 + b"\n", "nul"), ("other", line(other), "otherVersions"),
                                ("long", b'{"a":"' + b"x" * (9 << 20) + b'"}\n', "tooLong"),
                                ("nobody", line(nobody), "badEvents"),
                                ("glued", self.good.strip() + self.good, "badJson"),
                                ("open", b'{"a": [\n', "badJson")):
            with self.subTest(name):
                code, told, err = self.counts(self.good + bad + self.good.replace(b'"a"', b'"b"'))
                self.assertEqual(told["counts"][kind], 1, told)
                self.assertEqual(told["counts"]["events"] - (name == "nobody"), 2)
                self.assertEqual([p["line"] for p in told["problems"]], [2])
                self.assertEqual(code, 1, err)
                code, _, err = self.counts(self.good + bad + self.good, "--strict")
                self.assertEqual(code, 2)
                self.assertRegex(err, r"log:2: .*\(--strict\)")

    def test_crlf_is_no_problem(self):
        code, told, _ = self.counts(self.good.replace(b"\n", b"\r\n") * 2, "--strict")
        self.assertEqual((code, told["counts"]["crlf"], told["counts"]["events"]), (1, 2, 2))

    def test_no_newline_at_the_end(self):
        self.assertEqual(self.counts(self.good.strip(), "--strict")[1]["counts"]["events"], 1)

    def test_a_cut_gzip(self):
        events = [event(str(i), "delete", None, at=i, resource="deployments", name=f"coredns-{random.random()}")
                  for i in range(2000)]
        packed = gzip.compress(b"".join(map(line, events)))
        code, told, _ = self.counts(packed[:len(packed) // 2])
        self.assertEqual(code, 2)
        self.assertGreater(told["counts"]["events"], 500)
        self.assertEqual(told["counts"]["badFiles"], 1)
        self.assertRegex(told["problems"][-1]["text"] + told["problems"][0]["text"], r"byte \d+ of the file")
        damaged = bytearray(packed)
        damaged[len(packed) // 2] ^= 0xff
        self.assertEqual(self.counts(bytes(damaged))[0], 2)

    def test_clock_steps(self):
        lines = [event(str(i), "delete", None, at=at, resource="deployments", name="coredns")
                 for i, at in enumerate((0, 100, 99, 20, 30))]
        told = self.counts(b"".join(map(line, lines)))[1]
        self.assertEqual(told["counts"]["clockSteps"], 1)
        self.assertEqual([(p["line"], p["text"]) for p in told["problems"]], [(4, "the time goes back by 79 s")])

    def test_a_file_that_is_not_there(self):
        code, _, err = replay(self.folder / "nowhere")
        self.assertEqual(code, 2)
        self.assertIn("nowhere: No such file", err)

    def test_no_secret_comes_out(self):
        secret = {"kind": "Secret", "apiVersion": "v1", "type": "kubernetes.io/service-account-token",
                  "metadata": {"name": "x-token", "namespace": "kube-system", "uid": "s", "resourceVersion": "5",
                               "annotations": {"kubernetes.io/service-account.name": "coredns"}},
                  "data": {"token": base64.b64encode(SECRET.encode()).decode()}, "stringData": {"p": SECRET}}
        pod = deployment(version=9, generation=1)
        pod["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": SECRET}]
        review = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
            "uid": "r", "kind": {"group": "", "version": "v1", "kind": "Secret"}, "operation": "CREATE",
            "resource": {"group": "", "version": "v1", "resource": "secrets"}, "name": "x-token",
            "namespace": "kube-system", "userInfo": CUSTOMER, "object": secret}}
        log = self.write("log", event("a", "create", secret, at=0, code=201, request=secret),
                         event("b", "update", pod, at=9, request=pod), review,
                         b'{"token": "' + SECRET.encode() + b'", \n', b'"' + SECRET.encode() + b'\n')
        partial = self.folder / "partial"
        shown = [replay("-o", form, log)[1] for form in ("text", "json", "csv", "html", "events")]
        shown.append(replay("--show-input", log)[1])
        shown.append("".join(replay("--strict", log)[1:]))
        replay("--partial", partial, self.write("secrets", event("a", "create", secret, at=0, code=201, request=secret),
                                                review))
        shown.append(partial.read_text())
        for one in shown:
            self.assertTrue(one)
            self.assertNotIn(SECRET, one)
            self.assertNotIn(secret["data"]["token"], one)

    def test_no_token_comes_out(self):
        """Of TokenRequests and Secrets, asked for and answered, whole and cut, in whatever envelope."""
        part = [base64.urlsafe_b64encode(p).decode().rstrip("=") for p in
                (b'{"alg":"RS256"}', b'{"sub":"system:serviceaccount:kube-system:coredns"}', b"signature-of-a-token")]
        token = ".".join(part)
        asked = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": {"name": "coredns", "namespace":
                 "kube-system"}, "spec": {"audiences": ["api"], "expirationSeconds": 3600}}
        given = {**asked, "status": {"token": token, "expirationTimestamp": "2026-11-22T11:00:00Z"}}
        secret = {"kind": "Secret", "apiVersion": "v1", "type": "kubernetes.io/service-account-token",
                  "metadata": {"name": "t", "namespace": "kube-system", "uid": "s", "resourceVersion": "5",
                               "annotations": {"kubernetes.io/service-account.name": "coredns"}},
                  "data": {"token": base64.b64encode(token.encode()).decode()}}
        made = event("t", "create", given, at=0, code=201, request=asked, resource="serviceaccounts", subresource="token",
                     name="coredns")
        made["objectRef"]["apiGroup"] = ""
        stored = event("s", "create", secret, at=1, code=201, request=secret)
        changed = event("u", "patch", {**secret, "metadata": {**secret["metadata"], "resourceVersion": "6"}}, at=2,
                        request={"data": secret["data"], "stringData": {"token": token}})
        read = event("r", "get", secret, at=3)
        broken = line(made).replace(b'"stage"', b'"stage" "x"')
        wrapped = json.dumps({"logEvents": [{"message": json.dumps(made)}, {"message": json.dumps(stored)}]}).encode() + b"\n"
        nested = json.dumps({"data": {"payload": made}, "token": token}).encode() + b"\n"
        whole = self.write("log", made, stored, changed, read, broken, wrapped, nested, line(made)[:-40] + b"\n",
                           b'{"token":"' + token.encode() + b'"}\n', token.encode() + b"\n")
        partial = self.folder / "p.partial"
        shown = [replay("-o", form, whole) for form in ("text", "json", "csv", "html", "events")]
        self.assertIn("identities/token", shown[0][1])
        self.assertIn("identities/token-secret", shown[0][1])
        shown += [replay("--show-input", whole), replay("--strict", whole), replay("--learn", whole),
                  replay("--baseline", ROOT / "policy/builtin", whole), replay("--partial", partial, whole),
                  replay("merge", "-o", "json", partial), replay("merge", "-o", "events", partial)]
        for _, out, err in shown:
            for value in (token, *part[1:], secret["data"]["token"], secret["data"]["token"][:40]):
                self.assertNotIn(value, out + err)
        for value in (token, *part[1:], secret["data"]["token"]):
            self.assertNotIn(value, partial.read_text())


class Partials(Logs):
    """Any split of the files, in any order, gives the same report."""

    def setUp(self):
        super().setUp()
        reviews = [json.loads(one) for one in REVIEWS.read_text().splitlines()]
        random.seed(7)
        for review in reviews:  # the same few objects, so that chains cross the parts
            review["id"] += f" {random.random()}"
        self.lines = [line(e) for e in from_reviews(reviews[:200], "RequestResponse", one_object=True)]
        self.lines += [DATA.joinpath(n).read_bytes() for n in ("audit-requestresponse.jsonl", "audit-metadata.jsonl")]
        self.lines = b"".join(self.lines).splitlines(keepends=True)

    def stripped(self, report):
        report["input"]["counts"]["files"] = report["input"]["counts"]["clockSteps"] = 0
        report["input"]["problems"] = []
        return report

    def test_any_split_in_any_order_gives_the_same_report(self):
        whole = self.folder / "whole"
        whole.write_bytes(b"".join(self.lines))
        want = self.stripped(self.report(whole))
        events = replay("-o", "events", whole)[1]
        self.assertGreater(len(events.splitlines()), 300)
        for trial in range(2 if SANITIZED else 8):
            random.seed(trial)
            lines = self.lines[:]
            random.shuffle(lines)
            parts = [[] for _ in range(random.randint(2, 9))]
            for one in lines:
                random.choice(parts).append(one)
            partials, names = [], []
            for i, part in enumerate(parts):
                names.append(self.folder / f"{trial}-{i}.log")
                names[-1].write_bytes(b"".join(part))
                partials.append(self.folder / f"{trial}-{i}.partial")
                self.assertEqual(replay("--partial", partials[-1], names[-1])[0], 0)
            random.shuffle(partials)
            self.assertEqual(self.stripped(self.report(*names)), want, trial)
            self.assertEqual(self.stripped(self.report("merge", *partials)), {**want}, trial)
            self.assertEqual(replay("merge", "-o", "events", *partials)[1], events, trial)

    def test_an_event_that_stands_in_two_files_counts_once(self):
        one, two = self.write("1", *self.lines), self.write("2", *self.lines)
        report, both = self.report(one), self.report(one, two)
        self.assertEqual(both["events"], report["events"])
        self.assertEqual(both["input"]["duplicates"], sum(e["count"] for e in report["events"]))

    def test_a_partial_grows_with_guarded_writes_only(self):
        # Behind the last one, at its time: a clock that goes back is told, with the name of the file.
        reads = [{**json.loads(self.lines[-1]), "verb": "get", "auditID": str(i)} for i in range(500)]
        few, many = self.folder / "few", self.folder / "many"
        replay("--partial", few, self.write("1", *self.lines))
        replay("--partial", many, self.write("2", *self.lines, *reads))
        self.assertLess(abs(few.stat().st_size - many.stat().st_size), 100)

    def test_shares_are_all_files_once(self):
        logs = self.folder / "logs" / "deep"
        logs.mkdir(parents=True)
        for i, one in enumerate(self.lines[:40]):
            (logs / f"{i}.log").write_bytes(one)
        counts = [self.report("--share", f"{i}/3", self.folder / "logs")["input"]["counts"]["files"] for i in range(3)]
        self.assertEqual(sum(counts), 40)
        self.assertTrue(all(counts))

    def test_what_is_no_partial_result_is_refused(self):
        whole = self.folder / "whole.partial"
        replay("--partial", whole, self.write("1", *self.lines))
        text = whole.read_bytes()
        for name, data, said in (("cut", text[:text.rindex(b'{"kind":"ReplayPartial"')], "not written to its end"),
                                 ("empty", b"", "not written to its end"),
                                 ("more", text + b"{}\n", "more stands behind"),
                                 ("less", text[text.index(b"\n") + 1:], "do not fit"),
                                 ("log", self.lines[0], "not written to its end"),
                                 ("junk", b"junk\n" + text, "no event")):
            with self.subTest(name):
                bad = self.folder / name
                bad.write_bytes(data)
                code, _, err = replay("merge", bad)
                self.assertEqual(code, 2)
                self.assertIn(said, err)
        extra = self.folder / "extra.yaml"
        extra.write_text("""apiVersion: oke-guard.internal/v1
kind: SupportPolicy
metadata: {name: mine}
spec:
  title: mine
  area: Mine
  docs: https://example.com/
  objects: [{group: "", resource: configmaps, namespace: team-a}]
  rules: [{name: any, operations: [DELETE], tier: unsupported}]
""")
        code, _, err = replay("merge", "--policy", extra, whole)
        self.assertEqual(code, 2)
        self.assertIn("other objects", err)

    def test_nothing_half_written(self):
        code, _, err = replay("--partial", self.folder / "no" / "such", self.write("1", *self.lines))
        self.assertEqual(code, 2)
        self.assertIn("No such file", err)
        out = self.folder / "out.partial"
        replay("--strict", "--partial", out, self.write("2", b"junk\n"))
        self.assertEqual(list(self.folder.glob("out.partial*")), [])


class Limits(Logs):
    def test_memory_does_not_grow_with_the_log(self):
        if SANITIZED:  # whose memory says nothing
            return
        one = (DATA / "audit-requestresponse.jsonl").read_bytes() + (DATA / "audit-metadata.jsonl").read_bytes()
        path = self.folder / "log.gz"
        peaks = []
        for times in (30, 60):
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            with path.open("wb") as f:
                for i in range(times):
                    f.write(packer.compress(one.replace(b'"auditID":"', b'"auditID":"%d-' % i)))
                f.write(packer.flush())
            done = subprocess.run(["/usr/bin/time", "-f", "%M", BINARY, "replay", "--threads=1", path],
                                  capture_output=True, text=True, timeout=300, check=False) \
                if pathlib.Path("/usr/bin/time").exists() else None
            if not done:
                self.skipTest("no time(1)")
            peaks.append(int(done.stderr.split()[-1]))
        self.assertLess(peaks[1], 80 << 10)
        self.assertLess(peaks[1] - peaks[0], 4 << 10, peaks)


class Terminal(Logs):
    """Progress and Ctrl-C on a terminal: a pty whose other side types and reads."""

    def begin(self, *arguments):
        """A run that waits for more of its standard input, with a file of 1 MB still before it."""
        self.screen, self.typed = b"", []
        log = self.write("log", *[line(event("b", "delete", None, at=0, resource="deployments", name="coredns"))] * 1600)
        mine, its = pty.openpty()
        self.addCleanup(os.close, mine)
        run = subprocess.Popen([BINARY, "replay", "--threads=1", *map(str, arguments), "-", log], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=its, start_new_session=True,
                               env={**os.environ, "TERM": "xterm"}, preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0))
        os.close(its)
        for pipe in (run.stdout, run.stdin):
            self.addCleanup(pipe.close)
        self.addCleanup(run.kill)
        one = line(event("a", "delete", None, at=0, resource="deployments", name="coredns"))
        run.stdin.write(one * 10 + one[:100])  # the last is half a line
        run.stdin.flush()
        return mine, run

    def shows(self, mine, what, seconds=30):
        """Read the screen until it says so."""
        end = time.monotonic() + seconds
        while not re.search(what, self.screen):
            ready, _, _ = select.select([mine], [], [], max(0, end - time.monotonic()))
            self.assertTrue(ready, self.screen)
            self.screen += os.read(mine, 1 << 16)

    def rest(self, mine):
        """What is still to be read of the screen, after its program has ended."""
        try:
            while piece := os.read(mine, 1 << 16):
                self.screen += piece
        except OSError:  # EIO: nobody holds the other side
            pass
        return self.screen

    def test_progress_rate_and_time_left(self):
        mine, run = self.begin("-o", "json")
        self.shows(mine, rb"\r\x1b\[K0\.0 MB of 1\.\d MB \(\d %\), \d+ MB/s, \d+ s left")
        run.stdin.close()
        report = json.loads(run.stdout.read())
        self.assertEqual((run.wait(30), report["input"]["interrupted"]), (1, False))
        self.assertTrue(self.rest(mine).endswith(b"\r\x1b[K"), self.screen)  # nothing is left of it

    def test_no_progress_when_nobody_wants_it(self):
        mine, run = self.begin("--quiet", "-o", "json")
        time.sleep(1)
        run.stdin.close()
        run.stdout.read()
        self.assertEqual((run.wait(30), self.rest(mine)), (1, b""))

    def test_ctrl_c_ends_with_what_was_read(self):
        """Though nothing more comes: the run waits for its standard input when the key is pressed."""
        for form, mark in (("json", b'"interrupted":true'), ("text", b"PARTIAL"), ("html", b"<b>Partial:</b>")):
            with self.subTest(form):
                mine, run = self.begin("-o", form)
                self.shows(mine, rb"s left")
                os.write(mine, b"\x03")
                out = run.stdout.read()
                self.assertEqual(run.wait(30), 2, out)
                self.assertIn(mark, out)
                if form == "json":
                    counts = json.loads(out)["input"]["counts"]
                    self.assertEqual((counts["events"], counts["badJson"]), (10, 0))

    def test_ctrl_c_leaves_a_partial_result_that_says_so(self):
        partial = self.folder / "partial"
        mine, run = self.begin("--partial", partial)
        self.shows(mine, rb"s left")
        os.write(mine, b"\x03")
        run.stdout.read()
        self.assertEqual(run.wait(30), 2)
        report = self.report("merge", partial)
        self.assertTrue(report["input"]["interrupted"])
        self.assertEqual(report["input"]["counts"]["events"], 10)


if __name__ == "__main__":
    unittest.main()
