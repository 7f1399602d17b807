# SPDX-License-Identifier: Apache-2.0
"""`make e2e-more`: the chart in mode cert-manager, with cert-manager itself: an old one, whose cainjector knows no
matchConditions, and the newest. It issues, the guard denies, a renewal and another CA lose no guarded write.

Its controllers and its cainjector are processes beside the tests, each with the token of its account; its webhook is
not there, so nothing is checked when its objects are written.
"""
import base64
import json
import re
import unittest

import foreign
import guard
import kube
from cluster import LOGS, Part, until
from load import Load
from objects import administrators, namespace
from prove_certificates import all_serve, bundles, leaf
from prove_modes import agent_metrics, configuration

PLACE = "cert-manager"
INJECTOR = f"system:serviceaccount:{PLACE}:cert-manager-cainjector"
SECRET, AUTHORITY = f"{guard.RELEASE}-cert-manager", f"{guard.RELEASE}-ca"
SCALE = kube.system("scale", "deployment", "coredns", "--replicas=5", "--dry-run=server")
MODE = "certificates.mode=cert-manager"
FILLED = ["config.identities.sets.guardAdmins.users={admin}", "config.failClosed={coredns/removed}"]
# cert-manager issues for an hour at least; so it renews twice a minute.
OFTEN = ["certificates.certManager.duration=1h", "certificates.certManager.renewBefore=59m30s"]


def account(name):
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": PLACE}},
            administrators(f"cert-manager-{name}", {"kind": "ServiceAccount", "name": name, "namespace": PLACE})]


def definitions(group):
    """As they are installed; in old versions they were templates, whose labels are left out."""
    for file in sorted((foreign.folder(group) / "crds").glob("*.yaml")):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        yield "".join(line for line in lines if "{{" not in line)


def data(secret):
    found = kube.kubectl("-n", guard.PLACE, "get", "secret", secret, "--output=json")
    parts = json.loads(found.stdout).get("data", {}) if found.returncode == 0 else {}
    return {k: base64.b64decode(v) for k, v in parts.items()}


def steady():
    """Secret, replicas and API server agree."""
    parts = data(SECRET)
    return {"tls.crt", "tls.key", "ca.crt"} <= set(parts) and all_serve(parts["tls.crt"]) and \
        {b.strip() for b in bundles()} == {parts["ca.crt"].strip()}


def writers():
    """Who wrote a caBundle, as the API server remembers it."""
    managed = kube.read("validatingwebhookconfigurations", guard.RELEASE, "--show-managed-fields")["metadata"]["managedFields"]
    return {m["manager"] for m in managed if "f:caBundle" in json.dumps(m["fieldsV1"])}


class Together:
    """In this order. What differs are the programs."""

    GROUP, FLAGS = "", ()

    @classmethod
    def setUpClass(cls):
        if guard.helm("status", guard.RELEASE, "--namespace", guard.PLACE).returncode == 0:
            guard.uninstall()
            kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        kube.apply([namespace(PLACE), *account("cert-manager"), *account("cert-manager-cainjector")])
        for text in definitions(cls.GROUP):
            kube.get("apply", "--server-side", "-f", "-", stdin=text)
        kube.get("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")
        cls.parts = [cls.begin(verb, name) for verb, name in
                     (("controller", "cert-manager"), ("cainjector", "cert-manager-cainjector"))]

    @classmethod
    def begin(cls, verb, name):
        return Part(f"{cls.GROUP}-{verb}", *cls.command(foreign.folder(cls.GROUP), verb),
                    f"--kubeconfig={foreign.kubeconfig(PLACE, name)}", *cls.FLAGS)

    @classmethod
    def tearDownClass(cls):
        guard.uninstall()
        kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        for part in cls.parts:
            part.end()
        for text in definitions(cls.GROUP):
            kube.get("delete", "-f", "-", stdin=text)
        kube.get("delete", "clusterrolebinding", "cert-manager-cert-manager", "cert-manager-cert-manager-cainjector")
        kube.get("delete", "namespace", PLACE, "--timeout=60s")

    def setUp(self):
        for part in self.parts:
            self.assertTrue(part.alive(), f"{part.name} has ended; see {LOGS}/{part.name}.log")

    def denies(self):
        kube.wait_guarded()
        self.assertIn("[coredns/scale]", kube.kubectl(*SCALE, who="customer").stdout)

    def test_1_it_issues_and_the_guard_denies(self):
        guard.install(MODE)
        self.denies()
        guard.must(guard.helm("test", guard.RELEASE, "--namespace", guard.PLACE))
        until(steady, "Secret, replicas and caBundle agree")

    def test_2_the_caBundle_is_the_work_of_the_agent_alone(self):
        self.assertNotIn("inject-ca", json.dumps(configuration()["metadata"].get("annotations", {})))
        self.assertEqual(len(writers()), 1, writers())
        self.assertIn("oke-guard-agent", "".join(writers()))

    def test_3_guardAdmins_keep_out_others_and_not_cert_manager(self):
        guard.upgrade(MODE, *FILLED)
        self.denies()
        drop = ["-n", guard.PLACE, "delete", "secret", SECRET]
        refused = until(lambda: (d := kube.kubectl(*drop, "--dry-run=server", who="customer")).returncode and d,
                        "strangers are refused")
        self.assertIn("[self/guarded]", refused.stdout)
        old = data(SECRET)["tls.crt"]
        with Load() as load:
            kube.get(*drop)
            until(lambda: leaf(data(SECRET).get("tls.crt", b"")) not in (b"", leaf(old)) and steady(), "it was issued again")
        print(f"{load} ... ", end="", flush=True)

    def test_4_renewals_by_its_own_clock_under_load(self):
        guard.upgrade(MODE, *FILLED, *OFTEN)
        seen = set()

        def two_more():
            seen.add(leaf(data(SECRET).get("tls.crt", b"")))
            return len(seen) > 2
        with Load() as load:
            until(two_more, "two renewals")
            until(steady, "Secret, replicas and caBundle agree")
        print(f"{load} ... ", end="", flush=True)

    def test_5_another_CA_under_load(self):
        """No server shows a certificate of it before the API server trusts it."""
        old = data(SECRET)["ca.crt"]
        with Load() as load:
            kube.get("-n", guard.PLACE, "delete", "secret", AUTHORITY)
            until(lambda: data(SECRET).get("ca.crt", old) != old, "a certificate by the new CA")
            until(steady, "Secret, replicas and caBundle agree")
        print(f"{load} ... ", end="", flush=True)
        self.denies()
        guard.upgrade(MODE, *FILLED)

    def test_6_a_cainjector_that_is_asked_all_the_same(self):
        """By hand: the chart does not. It writes when it finds something to write."""
        since, name = kube.audit_size(), ["validatingwebhookconfiguration", guard.RELEASE]
        kube.get("annotate", *name, f"cert-manager.io/inject-ca-from={guard.PLACE}/{guard.RELEASE}")

        def written():
            kube.kubectl("patch", *name, "--type=json", "-p", json.dumps(
                [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": ""}]))
            return [e for e in kube.events(since) if kube.actor(e) == INJECTOR and
                    e["objectRef"]["resource"] == "validatingwebhookconfigurations" and e["responseStatus"]["code"] == 200]
        until(written, "the cainjector writes")
        self.injected()
        kube.get("annotate", *name, "cert-manager.io/inject-ca-from-")
        self.denies()


class Newest(Together, unittest.TestCase):
    GROUP, FLAGS = "cert-manager", ()

    @staticmethod
    def command(folder, verb):
        return [folder / "cert-manager", f"--run={verb}"]

    def injected(self):
        """It knows matchConditions: nothing has to be put right."""
        self.assertTrue(all(e.get("matchConditions") for e in configuration()["webhooks"]))


class Old(Together, unittest.TestCase):
    GROUP, FLAGS = "cert-manager-old", ("--leader-elect=false",)

    @staticmethod
    def command(folder, verb):
        return [folder / verb]

    def injected(self):
        """It takes them away, the agent puts them back, until it lets no entry refuse any more."""
        def prevented():
            return int(re.search(r"^oke_guard_agent_lockouts_prevented_total (\d+)", agent_metrics(), re.MULTILINE)[1])
        until(lambda: prevented() > 0, "it is put right and counted")
