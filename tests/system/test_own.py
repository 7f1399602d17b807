# SPDX-License-Identifier: Apache-2.0
"""What configures the guard is judged when it is written: refused is what no version could read, told what this one leaves out."""
import base64
import json
import subprocess
import tempfile
import unittest

from harness import BINARY, PATIENCE, run

ME = "ocid1.user.oc1..aaaa"
EXCEPTION = """apiVersion: oke-guard.internal/v1
kind: SupportException
metadata: {name: e1}
spec:
  rules: [coredns/scale]
  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [coredns]}]
  identities: {users: [ocid1.user.oc1..aaaa]}
  ticket: SR 1
  approvedBy: platform-team
  reason: a test
  notBefore: "2026-11-23T00:00:00Z"
  expires: "2026-11-30T00:00:00Z"
"""
CONFIG = """apiVersion: oke-guard.internal/v1
kind: GuardConfig
metadata: {name: default}
spec:
  mode: enforce
"""
POLICY = """apiVersion: oke-guard.internal/v1
kind: SupportPolicy
metadata: {name: our-dns}
spec:
  title: our DNS
  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [our-dns]}]
  rules: [{name: removed, operations: [DELETE], tier: unsupported}]
"""


def version():
    return run("--version")[1].split()[1]


def config_map(name, data, labels=None, binary=None):
    found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "oke-guard"}, "data": data}
    if labels:
        found["metadata"]["labels"] = labels
    if binary:
        found["binaryData"] = {k: base64.b64encode(v).decode() for k, v in binary.items()}
    return found


def write(new, old=None, user=ME, config=None):
    """What the guard answers to the write: (allowed, all that it says)."""
    meta = new["metadata"]
    request = {"uid": "u", "operation": "UPDATE" if old else "CREATE", "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
               "resource": {"group": "", "version": "v1", "resource": "configmaps"}, "namespace": meta["namespace"],
               "name": meta["name"], "userInfo": {"username": user}, "object": new, "oldObject": old}
    body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(config or CONFIG)
        file.flush()
        done = subprocess.run([BINARY, "review", "-o", "json", "--config", file.name, "-"], input=body, capture_output=True,
                              text=True, timeout=PATIENCE, check=False)
    response = json.loads(done.stdout)["response"]
    return response["allowed"], response.get("status", {}).get("message", "") + "\n".join(response.get("warnings", []))


class Own(unittest.TestCase):
    maxDiff = None

    def refused(self, word, new, **how):
        allowed, text = write(new, **how)
        self.assertFalse(allowed, text)
        self.assertIn("[self-documents/broken]", text)
        self.assertIn(word, text)

    def told(self, word, new, **how):
        allowed, text = write(new, **how)
        self.assertTrue(allowed, text)
        self.assertIn("[self-documents/doubtful]", text)
        self.assertIn(word, text)

    def quiet(self, new, **how):
        allowed, text = write(new, **how)
        self.assertTrue(allowed, text)
        self.assertNotIn("self-documents", text)

    def extra(self, text, **more):
        return config_map("oke-guard-extra", {"week.yaml": text}, **more)

    def guard(self, text, **more):
        return config_map("oke-guard-config", {"guard.yaml": text}, **more)

    def test_what_is_sound_passes_without_a_word(self):
        for new in (self.extra(EXCEPTION), self.extra(POLICY + "---\n" + EXCEPTION), self.guard(CONFIG),
                    config_map("oke-guard-policies", {}), config_map("oke-guard-policies", {"a.yaml": "", "b.yaml": POLICY}),
                    config_map("oke-guard-extra", {"README.md": "# words", "w.json": ""}),
                    config_map("oke-guard-facts", {"kubernetes": "1.36"}), config_map("oke-guard-extra", None)):
            with self.subTest(new=new["metadata"]["name"]):
                self.quiet(new)

    def test_what_no_version_can_read_is_refused_with_its_place(self):
        without = "".join(line for line in EXCEPTION.splitlines(True) if "expires" not in line)
        self.refused('week.yaml:5:3: the spec of a SupportException needs "expires"', self.extra(without))
        self.refused("week.yaml:5:3", self.extra(EXCEPTION.replace("expires:", "expire:")))
        self.refused("expires before it begins", self.extra(EXCEPTION.replace("11-30", "11-20")))
        self.refused('"expires" must be a time', self.extra(EXCEPTION.replace('"2026-11-30T00:00:00Z"', '"30 November"')))
        self.refused('"ticket" must be a text', self.extra(EXCEPTION.replace("SR 1", "[SR, 1]")))
        self.refused('"reason" has no value', self.extra(EXCEPTION.replace("a test", "")))
        self.refused("begins in line 5", self.extra(EXCEPTION.replace("  rules: [", "  rules: [[")))
        self.refused("week.yaml:3", self.extra(EXCEPTION.replace("metadata: {name: e1}", "\tmetadata: {name: e1}")))
        self.refused("stands twice", self.extra(EXCEPTION + '  expires: "2036-11-30T00:00:00Z"\n'))
        self.refused('"kind" is missing', self.extra(EXCEPTION.replace("kind:", "kinds:")))
        self.refused('"apiVersion" is missing', self.extra(EXCEPTION.replace("apiVersion:", "apiversion:")))
        self.refused('needs "rules"', self.extra(POLICY.replace("  rules:", "  rule:")))
        self.refused('"overrides" must be a list', self.guard(CONFIG + "  overrides: {rule: coredns/scale, action: allow}\n"))
        self.refused('needs "action"', self.guard(CONFIG + "  overrides: [{rule: coredns/scale}]\n"))
        self.refused('"maxDays" must be a whole number', self.guard(CONFIG + "  exceptions: {maxDays: many}\n"))
        self.refused('needs "spec"', self.guard(CONFIG.split("spec:")[0]))
        self.refused("guard.yaml is missing", config_map("oke-guard-config", {"guard.yml": CONFIG}))
        self.refused("holds no GuardConfig", self.guard("# nothing\n"))
        self.refused("holds no GuardConfig", self.guard(POLICY))

    def test_the_second_document_and_the_second_file_are_read_too(self):
        self.refused("b.yaml:15:3", config_map("oke-guard-extra", {"a.yaml": EXCEPTION, "b.yaml": POLICY.replace("our-dns", "x")
                                                                   + "# one\n# two\n---\n"
                                                                   + EXCEPTION.replace("expires:", "expire:")}))
        self.refused("bytes.yaml:5:3", config_map("oke-guard-extra", {}, binary={
            "bytes.yaml": EXCEPTION.replace("expires:", "expire:").encode()}))

    def test_what_another_version_may_know_is_told(self):
        self.told('unknown key "until" in the spec of a SupportException', self.extra(EXCEPTION + "  until: now\n"))
        self.told("unknown kind", self.extra(EXCEPTION.replace("SupportException", "SupportWindow")))
        self.told("apiVersion", self.extra(EXCEPTION.replace("internal/v1", "internal/v2").replace("expires", "ends")))
        self.told('"strict" is not known for "mode"', self.guard(CONFIG.replace("enforce", "strict")))
        self.told("UTF-16", config_map("oke-guard-extra", {}, binary={"week.yaml": EXCEPTION.encode("utf-16")}))
        self.told("its name does not end in .yaml", config_map("oke-guard-extra", {"week": EXCEPTION}))
        self.quiet(config_map("oke-guard-extra", {"notes": "call the DNS team first"}))
        self.told("guard.yaml and versions.yaml are", config_map("oke-guard-config", {"guard.yaml": CONFIG, "extra.yaml": POLICY}))

    def test_what_depends_on_another_object_is_told(self):
        self.told('policy "coredns" has no rule "scael": did you mean "coredns/scale"?',
                  self.extra(EXCEPTION.replace("coredns/scale", "coredns/scael")))
        self.told('there is no policy "corends"', self.guard(CONFIG + "  overrides: [{rule: corends/scale, action: deny}]\n"))
        self.told("needs a \"reason\"", self.guard(CONFIG + "  overrides: [{rule: coredns/scale, action: allow}]\n"))
        self.told("lasts longer than 90 days", self.extra(EXCEPTION.replace('"2026-11-30', '"2027-11-30')))
        self.told("may not be replaced", self.extra(POLICY + "  replaces: coredns\n  reason: ours\n"))
        self.told("is built in", self.extra(POLICY.replace("name: our-dns", "name: coredns", 1)))
        self.told("is loaded already", self.extra(POLICY + "---\n" + POLICY))
        self.told("a GuardConfig is read from guard.yaml", self.extra(CONFIG))
        self.told("failClosed cannot take", self.guard(CONFIG + "  failClosed: [self/guarded]\n"))
        self.quiet(self.extra(POLICY + "---\n" + EXCEPTION.replace("coredns/scale", "our-dns/removed")
                              .replace("[coredns]", "[our-dns]")))

    def test_an_old_name_of_a_rule_is_told_and_counts(self):
        self.told("is part of", self.guard(CONFIG + "  overrides: [{rule: surroundings/network-policy-of-all, action: warn, "
                                           "reason: ours}]\n"))

    def test_what_helm_writes_for_another_version_is_never_refused(self):
        broken = CONFIG + "  overrides: {new: shape}\n"
        for other in ("0.0.9", "0.2.0", "1.0.0-rc.1"):
            label = {"app.kubernetes.io/version": other}
            self.told('"overrides" must be a list', self.guard(broken, labels=label))
            self.told("guard.yaml is missing", config_map("oke-guard-config", {"guard2.yaml": CONFIG}, labels=label))
        self.refused('"overrides" must be a list', self.guard(broken, labels={"app.kubernetes.io/version": version()}))

    def test_what_stood_there_before_is_nobodys_mistake_now(self):
        bad = EXCEPTION.replace("expires:", "expire:")
        old = config_map("oke-guard-extra", {"old.yaml": bad})
        self.quiet(config_map("oke-guard-extra", {"old.yaml": bad}, labels={"team": "dns"}), old=old)
        self.told("old.yaml:5:3", config_map("oke-guard-extra", {"old.yaml": bad, "new.yaml": EXCEPTION}), old=old)
        self.refused("new.yaml:5:3", config_map("oke-guard-extra", {"old.yaml": bad, "new.yaml": bad}), old=old)
        self.quiet(config_map("oke-guard-extra", {}), old=old)
        bare = config_map("oke-guard-config", {"other": "1"})
        self.quiet(config_map("oke-guard-config", {"other": "2"}), old=bare)
        self.refused("guard.yaml is missing", bare, old=self.guard(CONFIG))
        self.told("holds no GuardConfig", config_map("oke-guard-config", {"guard.yaml": "# no", "o": "1"}), old=self.guard("# no"))
        self.quiet(config_map("oke-guard-extra", {"old.yaml": EXCEPTION}), old=old)

    def test_the_mode_and_who_writes_cap_it(self):
        bad = self.extra(EXCEPTION.replace("expires:", "expire:"))
        for mode, words in (("warn", "[self-documents/broken]"), ("audit", "")):
            allowed, text = write(bad, config=CONFIG.replace("enforce", mode))
            self.assertTrue(allowed)
            self.assertIn(words, text)
            self.assertEqual(bool(words), bool(text), text)
        allowed, text = write(bad, user="somebody")
        self.assertTrue(allowed)
        self.assertIn("[self-documents/broken]", text)
        self.assertEqual(write(bad, user="system:kube-controller-manager"), (True, ""))

    def test_other_config_maps_are_let_alone_but_for_a_label(self):
        bad = {"week.yaml": EXCEPTION.replace("expires:", "expire:")}
        self.quiet(config_map("oke-guard-probe", bad))
        self.quiet(config_map("ours", bad))
        self.refused("week.yaml:5:3", config_map("ours", bad, labels={"oke-guard.internal/documents": "true"}))
        elsewhere = config_map("oke-guard-extra", bad)
        elsewhere["metadata"]["namespace"] = "shop"
        self.assertEqual(write(elsewhere), (True, ""))

    def test_many_nodes_and_many_names_end_soon(self):
        exceptions = "---\n".join(EXCEPTION.replace("name: e1", f"name: e{i}") for i in range(1500))
        allowed, _ = write(self.extra(exceptions))
        self.assertTrue(allowed)
        self.told("too much to be judged here", self.extra("[" + "a," * 400000 + "]"))


if __name__ == "__main__":
    unittest.main()
