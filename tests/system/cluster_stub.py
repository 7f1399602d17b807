# SPDX-License-Identifier: Apache-2.0
"""An API server for the agent's tests: named objects over real TLS, optimistic locking, faults on order.

Standard library only. Its clock is its own (the Date header), so that months pass at once.
"""
import base64
import copy
import email.utils
import http.server
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import tempfile
import threading
import time

import harness

AGENT = harness.BINARY.with_name("oke-guard-agent")
CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/oke-guard"
SECRET = "/api/v1/namespaces/oke-guard/secrets/oke-guard-tls"
SOURCE = "/api/v1/namespaces/oke-guard/secrets/oke-guard-cert-manager"
FACTS = "/api/v1/namespaces/oke-guard/configmaps/oke-guard-facts"
PROBE = "/api/v1/namespaces/oke-guard/configmaps/oke-guard-probe"
DAY = 86400
LAG_API, LAG_POD = 30, 90  # seconds for which an older caBundle, or certificate, may still be in use
DEFAULTS = {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}, "timeoutSeconds": 10,
            "failurePolicy": "Fail"}


def merged(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = merged(target.get(key), value)
    return target


def status(code, message):
    return code, {}, json.dumps({"kind": "Status", "apiVersion": "v1", "code": code, "message": message}).encode()


class Stub:
    """`with Stub() as stub:`; what it holds is in stub.objects, what was asked in stub.calls."""

    def __init__(self):
        self.lock = threading.RLock()
        self.folder = tempfile.TemporaryDirectory(prefix="oke-guard-test-")
        self.token = pathlib.Path(self.folder.name) / "token"
        self.tokens = {"token-1"}
        self.token.write_text("token-1\n")
        self.offset = 0.0     # seconds that its clock is ahead
        self.step = 0.0       # ... and goes on with each look at the configuration
        self.version = 1
        self.kubernetes = 36  # the minor that it says it is
        self.calls = []
        self.fault = None     # fault(call) -> None, or (code, headers, body), or a function of the handler
        self.pairs, self.bundles = [], []  # (since, ...): what was ever served, and trusted
        self.client_ca = None  # a file: who has no certificate of it is not heard
        self.objects = {}
        for path, kind in ((CONFIGURATION, "ValidatingWebhookConfiguration"), (SECRET, "Secret"),
                           (FACTS, "ConfigMap"), (PROBE, "ConfigMap")):
            self.objects[path] = self.empty(path, kind)
        self.objects[PROBE]["data"] = {"state": "guarded"}

    @staticmethod
    def empty(path, kind):
        return {"kind": kind, "metadata": {
            "name": path.rsplit("/", 1)[1], "uid": f"uid-{kind}", "resourceVersion": "1", "generation": 1,
            "labels": {"app": "oke-guard"}, "annotations": {"meta.helm.sh/release-name": "oke-guard"}}}

    def __enter__(self):
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def handle_any(self):
                stub.handle(self)

            do_GET = do_PATCH = do_PUT = do_POST = do_DELETE = handle_any

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(stub.now(), usegmt=True)

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = harness.certificates()
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        if self.client_ca:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=True)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # agents that are killed leave broken connections
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def now(self):
        return time.time() + self.offset

    # ---- requests ----

    def handle(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length) if length else b""
        call = {"method": handler.command, "path": handler.path, "body": body, "headers": dict(handler.headers),
                "lines": list(handler.headers.items())}
        with self.lock:
            if handler.command == "GET" and handler.path == CONFIGURATION:
                self.offset += self.step
            self.calls.append(call)
            answer = self.fault(call) if self.fault else None
            if answer is None:
                answer = self.answer(call)
        if callable(answer):
            answer(handler)
            return
        code, headers, text = answer
        handler.send_response(code)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    def answer(self, call):
        """As an API server answers; what is to be stored is stored."""
        path, _, query = call["path"].partition("?")
        if call["headers"].get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return status(401, "Unauthorized")
        if path == "/version":
            return 200, {}, json.dumps({"major": "1", "minor": f"{self.kubernetes}+", "gitVersion": f"v1.{self.kubernetes}.1"}).encode()
        if path not in self.objects:
            return status(404, f"{path} not found")
        if call["method"] == "DELETE":
            del self.objects[path]
            return status(200, "")
        if call["method"] == "PATCH":
            if call["headers"]["Content-Type"] != "application/merge-patch+json":
                return status(415, "no merge patch")
            patch = json.loads(call["body"])
            wanted = patch.get("metadata", {}).get("resourceVersion")
            if wanted not in (None, self.objects[path]["metadata"]["resourceVersion"]):
                return status(409, "the object has been modified")
            if "dryRun=All" not in query:
                self.put(path, merged(self.objects[path], patch))
        return 200, {}, json.dumps(self.objects[path]).encode()

    def put(self, path, value):
        """Store it, as anybody may: fills in what an API server does, and remembers what is in force."""
        with self.lock:
            old, value = self.objects.get(path, {}), copy.deepcopy(value)
            self.version += 1
            value["metadata"]["resourceVersion"] = str(self.version)
            for webhook in value.get("webhooks") or []:
                for key, default in DEFAULTS.items():
                    webhook.setdefault(key, default)
                for rule in webhook.get("rules") or []:
                    rule.setdefault("scope", "*")
            if value.get("webhooks") != old.get("webhooks"):
                value["metadata"]["generation"] += 1
            self.objects[path] = value
            if path == SECRET:
                pair = (self.data("tls.crt"), self.data("tls.key"))
                if all(pair) and (not self.pairs or self.pairs[-1][1] != pair):
                    self.pairs.append((self.now(), pair))
            if path == CONFIGURATION and (not self.bundles or self.bundles[-1][1] != self.bundle()):
                self.bundles.append((self.now(), self.bundle()))

    def edit(self, path, change):
        with self.lock:
            value = copy.deepcopy(self.objects[path])
            change(value)
            self.put(path, value)

    # ---- looking at it ----

    def data(self, key):
        return base64.b64decode(self.objects[SECRET].get("data", {}).get(key, "")).decode()

    def bundle(self):
        """Of all entries, which must have the same."""
        bundles = {w["clientConfig"].get("caBundle", "") for w in self.objects[CONFIGURATION].get("webhooks") or []}
        if len(bundles) > 1:
            return "several"
        return base64.b64decode(bundles.pop()).decode() if bundles else ""

    def writes(self, path=None):
        with self.lock:
            return [c for c in self.calls if c["method"] != "GET" and path in (None, c["path"])]

    def settled(self, other_than=None):
        """Is there one whole pair, of which the configuration trusts the CA alone?"""
        with self.lock:
            data = set(self.objects[SECRET].get("data", {}))
            return (data == {"tls.crt", "tls.key", "ca.crt"} and self.data("tls.crt") != other_than and
                    len(pems(self.data("tls.crt"))) == 1 and self.bundle() == self.data("ca.crt"))

    def untrusted(self):
        """What a replica may have served while an API server trusted something else: nothing, one hopes."""
        bad = []
        for i, (since, pair) in enumerate(self.pairs):
            until = self.pairs[i + 1][0] + LAG_POD if i + 1 < len(self.pairs) else self.now()
            for j, (begin, bundle) in enumerate(self.bundles):
                end = self.bundles[j + 1][0] + LAG_API if j + 1 < len(self.bundles) else self.now()
                if begin < until and since < end and not verifies(pair[0], bundle):
                    bad.append((i, j))
        return bad


KNOWN = {}


def verifies(certificate, bundle):
    """Dates aside."""
    if (certificate, bundle) not in KNOWN:
        with tempfile.TemporaryDirectory() as folder:
            leaf, ca = pathlib.Path(folder) / "leaf", pathlib.Path(folder) / "ca"
            leaf.write_text(certificate)
            ca.write_text(bundle)
            done = subprocess.run(["openssl", "verify", "-no_check_time", "-CAfile", ca, leaf], check=False,
                                  capture_output=True)
            KNOWN[certificate, bundle] = done.returncode == 0
    return KNOWN[certificate, bundle]


class Agent(harness.Server):
    """`with Agent(stub, "--overlap=2") as agent:`; it must end with 0 on SIGTERM."""

    def __init__(self, stub, *options, wait=True):
        super().__init__()
        self.stub, self.started = stub, wait
        self.command = [str(AGENT), "run", "--namespace=oke-guard", "--release=oke-guard", "--interval=1",
                        "--health-listen=127.0.0.1:0", *connection(stub), *options]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, env=self.env)
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        if self.started:
            start = self.wait_for_log(lambda line: line.get("msg") == "looking after the cluster")
            self.health_port = int(start["health"].rsplit(":", 1)[1])
        return self

    def killed(self):
        """Wait until somebody has killed it."""
        self.process.wait(harness.PATIENCE)
        self.reader.join(harness.PATIENCE)
        self.process.stderr.close()
        return self.process.returncode == -signal.SIGKILL

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None or self.process.returncode != -signal.SIGKILL:
            super().__exit__(kind, value, trace)


def connection(stub):
    return [f"--server={stub.url}", f"--token-file={stub.token}", f"--ca-file={harness.certificates() / 'ca.crt'}"]


def command(stub, *arguments, timeout=harness.PATIENCE):
    """A command that ends by itself: (status, stdout, stderr)."""
    done = subprocess.run([AGENT, *arguments, *(connection(stub) if stub else [])], capture_output=True, text=True,
                          timeout=timeout, check=False, env=dict(os.environ))
    return done.returncode, done.stdout, done.stderr


def pems(text):
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.DOTALL)
