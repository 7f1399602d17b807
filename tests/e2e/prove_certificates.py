# SPDX-License-Identifier: Apache-2.0
"""A whole renewal in the mode in which the agent makes the certificates, under load."""
import base64
import json
import ssl
import unittest

import guard
import kube
from cluster import until
from load import Load

SECRET = f"{guard.RELEASE}-tls"
AGENT = f"deployment/{guard.RELEASE}-agent"


def data():
    """The Secret's parts."""
    found = kube.read("-n", guard.PLACE, "secret", SECRET).get("data", {})
    return {k: base64.b64decode(v) for k, v in found.items()}


def bundles():
    """What the API server trusts, an entry each."""
    entries = kube.read("validatingwebhookconfigurations", guard.RELEASE)["webhooks"]
    return [base64.b64decode(e["clientConfig"]["caBundle"]) for e in entries]


def served():
    """The certificate that each replica shows."""
    return [ssl.get_server_certificate((p["status"]["podIP"], 8443), timeout=10).encode() for p in guard.servers()]


def leaf(pem):
    return pem.split(b"-----END")[0].strip()


def all_serve(certificate):
    return all(leaf(c) == leaf(certificate) for c in served())


def steady():
    """One pair, one CA, and both sides agree on it."""
    parts = data()
    return set(parts) == {"tls.crt", "tls.key", "ca.crt"} and set(bundles()) == {parts["ca.crt"]} and \
        all_serve(parts["tls.crt"])


def scale_agent(replicas):
    kube.get("-n", guard.PLACE, "scale", AGENT, f"--replicas={replicas}")
    kube.rolled_out(guard.PLACE, AGENT)


def grow_old(days):
    """Have all as if the agent had last issued so many days ago."""
    scale_agent(0)
    until(lambda: not kube.pods(guard.PLACE, "app.kubernetes.io/component=agent"), "the agent has left")
    folder = guard.certificates(days_ago=days)
    parts = {n: base64.b64encode((folder / n).read_bytes()).decode() for n in ("tls.crt", "tls.key", "ca.crt")}
    entries = kube.read("validatingwebhookconfigurations", guard.RELEASE)["webhooks"]
    trust = [{"op": "replace", "path": f"/webhooks/{i}/clientConfig/caBundle", "value": parts["ca.crt"]}
             for i in range(len(entries))]
    kube.get("-n", guard.PLACE, "patch", "secret", SECRET, "--type=merge", "-p", json.dumps({"data": parts}))
    kube.get("patch", "validatingwebhookconfiguration", guard.RELEASE, "--type=json", "-p", json.dumps(trust))
    until(lambda: all_serve((folder / "tls.crt").read_bytes()), "both replicas serve the old pair")
    kube.wait_guarded()


class Renewal(unittest.TestCase):
    def test_1_the_agent_issued_what_is_served_and_trusted(self):
        until(steady, "Secret, replicas and caBundle agree")

    def test_2_a_whole_renewal_under_load(self):
        grow_old(300)
        old = data()["tls.crt"]
        with Load(least=1000) as load:
            scale_agent(1)
            until(lambda: leaf(data().get("tls.crt", b"")) != leaf(old) and steady(), "the renewal is over")
        print(f"renewal: {load} ... ", end="", flush=True)

    def test_3_the_serving_pods_hold_no_token(self):
        for pod in guard.servers():
            sources = [s for v in pod["spec"]["volumes"] for s in v.get("projected", {}).get("sources", [])]
            self.assertFalse([s for s in sources if "serviceAccountToken" in s])
            self.assertNotIn("-agent", pod["spec"].get("serviceAccountName", ""))
