# SPDX-License-Identifier: Apache-2.0
"""The three ways to certificates, and every change from one to another by upgrade: a Secret made by hand,
one as cert-manager writes it, and the agent's own.

cert-manager itself is an image that nothing here may pull: its two kinds are there, and what its
controller would do with the chart's Certificate is done below. What its cainjector does to a
configuration that asks for it, when it is older than matchConditions, is done too. With both themselves:
prove_cert_manager.py.
"""
import base64
import concurrent.futures
import json
import unittest

import api
import guard
import kube
from cluster import until
from load import Load
from prove_certificates import all_serve, bundles

SCALE = kube.system("scale", "deployment", "coredns", "--replicas=5", "--dry-run=server")
AGENT = "app.kubernetes.io/component=agent"
QUICK = "grace=2"  # of pods that are replaced while nobody writes; what is proved under load has the default


def kind_of_cert_manager(kind):
    plural = kind.lower() + "s"
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.cert-manager.io"},
            "spec": {"group": "cert-manager.io", "scope": "Namespaced",
                     "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                         "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def encoded(folder, *names):
    return {n: base64.b64encode((folder / n).read_bytes()).decode() for n in names}


def serving_certificate():
    """The Certificate of the chart from which the Secret of the Service comes."""
    found = kube.kubectl("-n", guard.PLACE, "get", "certificates.cert-manager.io", "--output=json")
    items = json.loads(found.stdout)["items"] if found.returncode == 0 else []
    return next((c for c in items if not c["spec"].get("isCA")), None)


def act_as_cert_manager():
    """Issue what the chart's Certificate asks for, by a new CA; the folder with it."""
    wanted = until(serving_certificate, "a Certificate")
    host = f"{guard.RELEASE}.{guard.PLACE}.svc"
    if host not in wanted["spec"]["dnsNames"]:
        raise AssertionError(f"the Certificate does not name {host}: {wanted['spec']}")
    folder = guard.certificates()
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
              "metadata": {"name": wanted["spec"]["secretName"], "namespace": guard.PLACE},
              "data": encoded(folder, "tls.crt", "tls.key", "ca.crt")}
    kube.get("apply", "--server-side", "--field-manager=cert-manager", "-f", "-", stdin=json.dumps(secret))
    return folder


def is_in_force(folder):
    """All servers show its certificate, and the API server trusts its CA and no other."""
    return all_serve((folder / "tls.crt").read_bytes()) and set(bundles()) == {(folder / "ca.crt").read_bytes()}


def own_pair_is_in_force():
    """The agent's, of one CA. F-tls is somebody else's since the first of these tests."""
    parts = kube.read("-n", guard.PLACE, "secret", f"{guard.RELEASE}-self-tls")["data"]
    return set(parts) == {"tls.crt", "tls.key", "ca.crt"} and all_serve(base64.b64decode(parts["tls.crt"])) and \
        set(bundles()) == {base64.b64decode(parts["ca.crt"])}


def configuration():
    return kube.read("validatingwebhookconfigurations", guard.RELEASE)


def agent_metrics():
    pod = kube.pods(guard.PLACE, AGENT)[0].removeprefix("pod/")
    return kube.get("get", "--raw", f"/api/v1/namespaces/{guard.PLACE}/pods/http:{pod}:9443/proxy/metrics")


class Modes(unittest.TestCase):
    """In this order: each direction once, seven installations in a row of one release."""

    @classmethod
    def setUpClass(cls):
        """Where these tests run by themselves, the guard is still there in its default mode."""
        if guard.helm("status", guard.RELEASE, "--namespace", guard.PLACE).returncode == 0:
            guard.uninstall()
            kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        kinds = [kind_of_cert_manager(k) for k in ("Certificate", "Issuer")]
        kube.apply(kinds)
        for k in kinds:
            kube.get("wait", f"crd/{k['metadata']['name']}", "--for=condition=Established", "--timeout=30s")
        cls.before = api.inventory()

    def denies(self):
        kube.wait_guarded()
        done = kube.kubectl(*SCALE, who="customer")
        self.assertIn("[coredns/scale]", done.stdout)
        guard.ready()

    def by_hand(self, name, verb):
        folder = guard.certificates()
        kube.get("-n", guard.PLACE, "create", "secret", "tls", name, f"--cert={folder}/tls.crt", f"--key={folder}/tls.key")
        return guard.install("certificates.mode=secret", f"certificates.secret.name={name}", QUICK, verb=verb,
                             files=[f"certificates.secret.caBundle={folder}/ca.crt"])

    @staticmethod
    def to_cert_manager():
        with concurrent.futures.ThreadPoolExecutor() as pool:
            acted = pool.submit(act_as_cert_manager)
            notes = guard.upgrade("certificates.mode=cert-manager", QUICK)
            return notes, acted.result()

    def test_1_a_secret_made_by_hand(self):
        kube.get("create", "namespace", guard.PLACE)
        self.by_hand(f"{guard.RELEASE}-tls", "install")
        self.denies()
        guard.must(guard.helm("test", guard.RELEASE, "--namespace", guard.PLACE))

    def test_2_from_secret_to_cert_manager(self):
        notes, _ = self.to_cert_manager()
        self.denies()
        self.assertIn(f"delete secret {guard.RELEASE}-tls", notes)
        self.assertNotIn("cert-manager.io/inject-ca-from", json.dumps(configuration()))

    def test_3_what_an_old_cainjector_does_is_put_right(self):
        """Entries that refuse, without their matchConditions: a dead guard would refuse the control plane."""
        guard.upgrade("certificates.mode=cert-manager", "config.failClosed={coredns/removed}")
        whole = until(lambda: (c := configuration()) and "Fail" in json.dumps(c["webhooks"]) and c, "an entry that refuses")
        lost = json.loads(json.dumps(whole))
        for entry in lost["webhooks"]:
            entry.pop("matchConditions")
        kube.get("replace", "-f", "-", stdin=json.dumps(lost))
        until(lambda: all(e.get("matchConditions") for e in configuration()["webhooks"]), "they are there again", 15)
        until(lambda: "oke_guard_agent_lockouts_prevented_total 1" in agent_metrics(), "it is counted", 15)

    def test_4_from_cert_manager_to_self(self):
        with Load(least=100) as load:
            guard.upgrade("certificates.mode=self", QUICK)
            until(own_pair_is_in_force, "the agent's own pair is in force")
        print(f"{load} ... ", end="", flush=True)
        self.denies()

    def test_5_from_self_to_secret(self):
        refused = guard.helm("upgrade", guard.RELEASE, str(guard.CHART), "--namespace", guard.PLACE, "--reuse-values",
                             "--set=certificates.mode=secret", f"--set=certificates.secret.name={guard.RELEASE}-self-tls",
                             f"--set-file=certificates.secret.caBundle={guard.certificates()}/ca.crt")
        self.assertIn("belongs to this release, whose agent has written it", refused.stdout)
        notes = self.by_hand("made-by-hand", "upgrade")
        self.denies()
        self.assertIn(f"delete secret {guard.RELEASE}-tls {guard.RELEASE}-cert-manager", notes)

    def test_6_from_secret_to_self(self):
        guard.upgrade("certificates.mode=self")
        self.denies()

    def test_7_from_self_to_cert_manager(self):
        """A new CA, in the middle of it, and another one while servers are replaced: each is trusted before it is shown."""
        with Load(least=100) as load:
            _, first = self.to_cert_manager()
            until(lambda: is_in_force(first), "the first one is in force")
            second = act_as_cert_manager()
            kube.get("-n", guard.PLACE, "rollout", "restart", f"deployment/{guard.RELEASE}")
            guard.ready()
            until(lambda: is_in_force(second), "the second one is in force")
        print(f"{load} ... ", end="", flush=True)
        self.denies()

    def test_8_from_cert_manager_to_secret(self):
        self.by_hand("made-again", "upgrade")
        self.denies()

    def test_9_nothing_is_left(self):
        """Nothing else is done here, so all has to be as it was, whatever its name."""
        guard.uninstall()
        kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        self.assertEqual(api.inventory() ^ self.before, set())
