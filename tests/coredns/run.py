#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What stops a real CoreDNS, and what oke-guard says of it: a table, tried with both.

Each case is the data of a ConfigMap coredns-custom. CoreDNS starts with it, as a pod would, in a
network of its own; `oke-guard review` judges the ConfigMap. Whatever stops CoreDNS must be warned
about; what is warned about must stop it, be a key that it does not read, or have unpaired braces. usage: run.py COREDNS
"""
import json
import os
import re
import select
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, os.environ.get("BUILD", "build"), "oke-guard")

# OKE's Corefile, less the plugin kubernetes, which needs a cluster.
COREFILE = """.:53 {
    errors
    health {
      lameduck 1s
    }
    ready
    prometheus :9153
    forward . 127.0.0.1:5454
    cache 30
    loop
    reload
    loadbalance
    import custom/*.override
}
import custom/*.server
"""

CORP = "corp.example:53 {\n  forward . 10.0.0.2\n}\n"
# ignored: it runs, and does not read the key; unsure: it starts or not, with another meaning than written
RUNS, STOPS, IGNORED, UNSURE = "runs", "stops", "ignored", "unsure"
CASES = (
    ("a server block", RUNS, {"corp.server": CORP}),
    ("two zones in a block", RUNS, {"a.server": "a.example:53 b.example:53 {\n  forward . 10.0.0.2\n}\n"}),
    ("keys behind a comma", RUNS, {"a.server": "a.example:53,\nb.example:53 {\n  forward . 10.0.0.2\n}\n"}),
    ("the brace in the next line", RUNS, {"a.server": "a.example:53\n{\n  log\n}\n"}),
    ("comments and quotes", RUNS, {"a.server": "# corp { \na.example:53 { # }\n  log \"a.example\"\n}\n"}),
    ("a port of its own", RUNS, {"a.server": ".:1053 {\n  forward . 10.0.0.2\n}\n"}),
    ("a zone alone", RUNS, {"a.server": "x"}),
    ("bound to an address", RUNS, {"a.server": "a.example:53 {\n  log\n}\n", "b.server": "b.example:53 {\n  log\n}\n"}),
    ("log in .override", RUNS, {"a.override": "log\n"}),
    ("hosts in .override", RUNS, {"a.override": "hosts {\n  10.0.0.9 a.example\n  fallthrough\n}\n"}),
    ("rewrite, twice", RUNS, {"a.override": "rewrite name a.example b.example\nrewrite name c.example d.example\n"}),
    ("template in .override", RUNS, {"a.override": "template IN A a.example {\n  rcode NXDOMAIN\n}\n"}),
    ("health a second time", RUNS, {"a.override": "health\n"}),
    ("reload a second time", RUNS, {"a.override": "reload 10s\n"}),
    ("loadbalance a second time", RUNS, {"a.override": "loadbalance\n"}),
    ("forward of a zone", RUNS, {"a.override": "forward corp.example 10.0.0.2\n"}),
    ("forward a second time", RUNS, {"a.override": "forward . 10.0.0.2\n"}),
    ("nothing", RUNS, {"a.override": "", "b.server": ""}),
    ("another ending", IGNORED, {"custom.conf": CORP}),
    ("no ending", IGNORED, {"Corefile": CORP}),
    ("the ending in capitals", IGNORED, {"a.SERVER": CORP}),
    ("a server block in .override", STOPS, {"a.override": CORP}),
    ("the root block in .override", STOPS, {"a.override": ".:53 {\n  log\n}\n"}),
    ("cache in .override", STOPS, {"a.override": "cache 60\n"}),
    ("errors in .override", STOPS, {"a.override": "errors\n"}),
    ("ready in .override", STOPS, {"a.override": "ready\n"}),
    ("prometheus in .override", STOPS, {"a.override": "prometheus :9154\n"}),
    ("loop in .override", STOPS, {"a.override": "loop\n"}),
    ("behind something that is fine", STOPS, {"a.override": "log\ncache 60\n"}),
    ("hosts twice, in two keys", STOPS, {"a.override": "hosts {\n  fallthrough\n}\n", "b.override": "hosts\n"}),
    ("no plugin", STOPS, {"a.override": "foward . 10.0.0.2\n"}),
    ("no plugin in a block", STOPS, {"a.server": "a.example:53 {\n  foward . 10.0.0.2\n}\n"}),
    ("a brace too few in .override", STOPS, {"a.override": "hosts {\n  fallthrough\n", "b.server": CORP}),
    ("the same, where luck helps", UNSURE, {"a.override": "hosts {\n  fallthrough\n"}),
    ("a brace too many in .override", UNSURE, {"a.override": "log\n}\n"}),
    ("a brace too many, and a block", UNSURE, {"a.override": "log\n}\n", "b.server": CORP}),
    ("a brace too many in .server", UNSURE, {"a.server": CORP + "}\n"}),
    ("the default block again", STOPS, {"a.server": ".:53 {\n  forward . 10.0.0.2\n}\n"}),
    ("the default block without a port", STOPS, {"a.server": ". {\n  log\n}\n"}),
    ("with a scheme", STOPS, {"a.server": "dns://. {\n  log\n}\n"}),
    ("a zone twice", STOPS, {"a.server": CORP + CORP}),
    ("a zone in two keys", STOPS, {"a.server": CORP, "b.server": "corp.example {\n  log\n}\n"}),
    ("with and without its dot", STOPS, {"a.server": CORP, "b.server": "corp.example.:53 {\n  log\n}\n"}),
    ("cache twice in a block", STOPS, {"a.server": "a.example:53 {\n  cache 1\n  log\n  cache 2\n}\n"}),
    ("a brace too few", STOPS, {"a.server": "corp.example:53 {\n  forward . 10.0.0.2\n"}),
    ("a block in one line", STOPS, {"a.server": "a.example:53 { errors }"}),
    ("a directive without a block", STOPS, {"a.server": "forward . 10.0.0.2\n"}),
)


def starts(coredns, data):
    """Does CoreDNS come up with it? Its last words, where it does not."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/custom")
        for key, text in data.items():
            with open(f"{folder}/custom/{key}", "w", encoding="utf-8") as f:
                f.write(text)
        with open(f"{folder}/Corefile", "w", encoding="utf-8") as f:
            f.write(COREFILE)
        p = subprocess.Popen(["unshare", "-rn", coredns, "-conf", "Corefile"], cwd=folder,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = b""
        while b"CoreDNS-" not in said:
            if not select.select([p.stdout], [], [], 60)[0]:
                break
            more = os.read(p.stdout.fileno(), 4096)
            if not more:
                break
            said += more
        up = b"CoreDNS-" in said and p.poll() is None
        p.kill()
        p.wait()
        return up, said.decode(errors="replace").strip().splitlines()[-1:]


def warned(data):
    kind = {"group": "", "version": "v1", "kind": "ConfigMap"}
    resource = {"group": "", "version": "v1", "resource": "configmaps"}
    made = {"apiVersion": "v1", "kind": "ConfigMap", "data": data,
            "metadata": {"name": "coredns-custom", "namespace": "kube-system"}}
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "kind": kind, "requestKind": kind, "resource": resource,
        "requestResource": resource, "namespace": "kube-system", "name": "coredns-custom",
        "userInfo": {"username": "ocid1.user.oc1..x"}, "object": made, "oldObject": None}}
    r = subprocess.run([PROGRAM, "review", "-o", "json", "-"], input=json.dumps(review), text=True,
                       capture_output=True, check=False)
    response = json.loads(r.stdout)["response"]
    if not response["allowed"]:
        raise AssertionError(f"denied: {r.stdout}")
    return response.get("warnings", [])


def main():
    failed = 0
    for name, want, data in CASES:
        up, words = starts(sys.argv[1], data)
        says = warned(data)
        right = (up == (want != STOPS) or want == UNSURE) and bool(says) == (want != RUNS)
        failed += not right
        if not right:
            print(f"{name}: should be {want}; CoreDNS {'runs' if up else 'stops'} {words}; oke-guard: {says[:1]}")
    told = [w for _, want, data in CASES if want != RUNS for w in warned(data)[:1]]
    assert all(re.match(r"ConfigMap kube-system/coredns-custom: key ", w) for w in told), told
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
