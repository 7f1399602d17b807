"""The two other ways to certificates: a Secret made by hand, and one as cert-manager writes it.

cert-manager itself is an image that nothing here may pull: its two kinds are there, and what its
controllers would do with the chart's objects is done below.
"""
import base64
import concurrent.futures
import json
import unittest

import api
import guard
import kube
from cluster import until

SCALE = kube.system("scale", "deployment", "coredns", "--replicas=5", "--dry-run=server")


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
    """Issue what the chart's Certificate asks for, and inject the CA where the annotation asks for it."""
    wanted = until(serving_certificate, "a Certificate")
    host = f"{guard.RELEASE}.{guard.PLACE}.svc"
    if host not in wanted["spec"]["dnsNames"]:
        raise AssertionError(f"the Certificate does not name {host}: {wanted['spec']}")
    folder = guard.certificates()
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
              "metadata": {"name": wanted["spec"]["secretName"], "namespace": guard.PLACE},
              "data": encoded(folder, "tls.crt", "tls.key", "ca.crt")}
    kube.get("apply", "--server-side", "--field-manager=cert-manager", "-f", "-", stdin=json.dumps(secret))
    configuration = kube.read("validatingwebhookconfigurations", guard.RELEASE)
    source = configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
    if source != f"{guard.PLACE}/{wanted['metadata']['name']}":
        raise AssertionError(f"inject-ca-from names {source}")
    inject(encoded(folder, "ca.crt")["ca.crt"], configuration)


def inject(ca, configuration):
    patch = [{"op": "add", "path": f"/webhooks/{i}/clientConfig/caBundle", "value": ca}
             for i in range(len(configuration["webhooks"]))]
    kube.get("patch", "validatingwebhookconfiguration", guard.RELEASE, "--type=json", "-p", json.dumps(patch))


class Modes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Where these tests run by themselves, the guard is still there in its default mode."""
        if guard.helm("status", guard.RELEASE, "--namespace", guard.PLACE).returncode == 0:
            guard.uninstall()
            kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")

    def denies(self):
        kube.wait_guarded()
        done = kube.kubectl(*SCALE, who="customer")
        self.assertIn("[coredns/scale]", done.stdout)
        guard.must(guard.helm("test", guard.RELEASE, "--namespace", guard.PLACE))

    def leaves(self, before):
        """Nothing else is done here, so all has to be as it was, whatever its name."""
        guard.uninstall()
        kube.get("delete", "namespace", guard.PLACE, "--timeout=60s")
        self.assertEqual(api.inventory() ^ before, set())

    def test_1_a_secret_made_by_hand(self):
        before = api.inventory()
        folder = guard.certificates()
        kube.get("create", "namespace", guard.PLACE)
        kube.get("-n", guard.PLACE, "create", "secret", "tls", "made-by-hand", f"--cert={folder}/tls.crt",
                 f"--key={folder}/tls.key")
        guard.install("certificates.mode=secret", "certificates.secret.name=made-by-hand",
                      files=[f"certificates.secret.caBundle={folder}/ca.crt"])
        self.denies()
        self.leaves(before)

    def test_2_a_secret_as_cert_manager_writes_it(self):
        kinds = [kind_of_cert_manager(k) for k in ("Certificate", "Issuer")]
        kube.apply(kinds)
        for k in kinds:
            kube.get("wait", f"crd/{k['metadata']['name']}", "--for=condition=Established", "--timeout=30s")
        before = api.inventory()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            acted = pool.submit(act_as_cert_manager)
            guard.install("certificates.mode=cert-manager")
            acted.result()
        self.denies()
        self.leaves(before)
