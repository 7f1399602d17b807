# SPDX-License-Identifier: Apache-2.0
"""TLS as FIPS builds of Kubernetes want it: OKE's API servers are such builds since 1.35.2."""
import re
import subprocess
import unittest

import guard
import kube
import world
from cluster import BIN
from load import Load

# In the strict mode what FIPS 140-3 does not know ends in an error, SHA-1 in the API server of 1.34 too.
MODE = "on" if "-1.34." in BIN.name else "only"
# What Go's FIPS mode offers.
CURVES = "-groups", "P-256:P-384"
TLS13 = ("-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384")
TLS12 = ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")


def handshake(pod, *options):
    """What openssl says of a connection to that pod."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"{pod['status']['podIP']}:8443", *CURVES, *options],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=30, check=False)
    return done.stdout


class Fips(unittest.TestCase):
    def restart_apiserver(self, env=None):
        plane = world.control_plane()
        plane.parts["apiserver"].end()
        plane.start_apiserver(env)
        plane.wait_ready()
        kube.wait_guarded()

    def test_1_an_api_server_in_fips_mode_connects_and_judges(self):
        try:
            self.restart_apiserver({"GODEBUG": f"fips140={MODE}"})
            with Load(least=200) as load:
                pass
            print(f"GODEBUG=fips140={MODE}: {load} ... ", end="", flush=True)
        finally:
            self.restart_apiserver()

    def test_2_tls_1_3_with_their_suites_and_curves(self):
        for pod in guard.servers():
            self.assertRegex(handshake(pod, *TLS13), r"New, TLSv1\.3, Cipher is TLS_AES_")

    def test_3_tls_1_2_is_refused_by_default(self):
        for pod in guard.servers():
            self.assertRegex(handshake(pod, *TLS12), r"alert protocol version|Cipher is \(NONE\)")

    def test_4_tls_1_2_where_it_is_allowed_has_extended_master_secret(self):
        guard.upgrade("tlsMin=1.2")
        try:
            for pod in guard.servers():
                said = handshake(pod, *TLS12)
                self.assertRegex(said, r"New, TLSv1\.2, Cipher is ECDHE-ECDSA-AES")
                self.assertTrue(re.search(r"Extended master secret: yes", said), said)
        finally:
            guard.upgrade()
