# SPDX-License-Identifier: Apache-2.0
"""Start the real binary on free ports, talk to it over real TLS, stop it by its process id.

Standard library only. BUILD names the build folder, SANITIZE is set for builds whose
memory and speed say nothing.
"""
import atexit
import contextlib
import functools
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
BINARY = (ROOT / BUILD / "oke-guard").resolve()
SANITIZED = bool(os.environ.get("SANITIZE"))
# A shared machine, or a sanitizer, makes everything later, but nothing wrong.
PATIENCE = 60 if SANITIZED else 20
MIB = 1 << 20


@functools.lru_cache(maxsize=None)
def certificates():
    """A folder with tls.crt, tls.key and ca.crt for 127.0.0.1, made once a run."""
    folder, maker = tempfile.mkdtemp(prefix="oke-guard-test-"), os.getpid()
    # Since Python 3.13 a child of multiprocessing runs at its end what was registered before the fork.
    atexit.register(lambda: os.getpid() == maker and shutil.rmtree(folder))
    issue(folder)
    return pathlib.Path(folder)


def issue(folder):
    subprocess.run([BINARY, "certs", "issue", "--force", "--dir", folder, "--name", "127.0.0.1", "--name",
                    "localhost"], check=True, stdout=subprocess.DEVNULL)


def client_context(ca=None):
    context = ssl.create_default_context(cafile=str(ca or certificates() / "ca.crt"))
    return context


class Server:
    """`with Server("--threads=2") as s:`; it must end with 0 (a leak report would change that)."""

    def __init__(self, *options, folder=None, env=None, files=None):
        folder = folder or certificates()
        self.ca = folder / "ca.crt"
        self.command = [str(BINARY), "serve", "--listen=127.0.0.1:0", "--health-listen=127.0.0.1:0",
                        f"--tls-cert={folder / 'tls.crt'}", f"--tls-key={folder / 'tls.key'}",
                        "--grace=0", *options]
        if files:  # how many descriptors it may have
            self.command = ["prlimit", f"--nofile={files}:{files}", "--", *self.command]
        self.env = {**os.environ, **(env or {})}
        self.lines = []
        self.news = threading.Condition()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, env=self.env)
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        start = self.wait_for_log(lambda line: line.get("msg") == "serving")
        self.port = int(start["listen"].rsplit(":", 1)[1])
        self.health_port = int(start["health"].rsplit(":", 1)[1])
        self.context = client_context(self.ca)
        return self

    def __exit__(self, kind, value, trace):
        status = self.stop()
        if kind is None and status != 0:
            raise AssertionError(f"the server ended with {status}:\n" + self.log_text())

    def read_log(self):
        for raw in self.process.stderr:
            text = raw.decode(errors="replace").rstrip("\n")
            try:
                line = json.loads(text)
            except ValueError:
                line = {"text": text}
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.lines.append({"msg": "(end of log)"})
            self.news.notify_all()

    def log_text(self):
        return "\n".join(line.get("text") or json.dumps(line) for line in self.lines)

    def wait_for_log(self, wanted):
        def found():
            return next((line for line in self.lines if wanted(line)), None)

        with self.news:
            self.news.wait_for(lambda: found() or self.lines[-1:] == [{"msg": "(end of log)"}], PATIENCE)
            if not found():
                raise AssertionError("no such line in the log:\n" + self.log_text())
            return found()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        return status

    def stop(self):
        if self.process.poll() is None:
            self.signal()
        return self.wait() if not self.process.stderr.closed else self.process.returncode

    # ---- talking to it ----

    def tcp(self, port=None, source=None):
        """From another address of the loopback, if one is named."""
        s = socket.create_connection(("127.0.0.1", port or self.port), timeout=PATIENCE,
                                     source_address=(source, 0) if source else None)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as Go's clients do
        return s

    def tls(self, context=None, source=None):
        return (context or self.context).wrap_socket(self.tcp(source=source), server_hostname="127.0.0.1")

    def ask(self, raw, context=None):
        """Send bytes on a connection of their own; the answer."""
        with self.tls(context) as s:
            send(s, raw)
            return Answer(s)

    def review(self, body):
        return self.ask(post(body))

    def page(self, path):
        with self.tcp(self.health_port) as s:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
            return Answer(s)

    def metric(self, name):
        """The value of one line of /metrics, labels included in the name."""
        for line in self.page("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError("no such metric: " + name)

    # ---- looking at it ----

    def memory(self, key="VmRSS"):
        """Bytes: VmRSS now, VmHWM the most there ever was."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(key)

    def cpu(self):
        """Seconds of CPU time used so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send(s, raw):
    """All of it, unless the server has heard enough."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
        s.sendall(raw)


class Answer:
    """One HTTP answer read from a socket; status 0 when the connection ends without one."""

    def __init__(self, s, buffered=b"", head_only=False):
        raw = buffered
        while b"\r\n\r\n" not in raw:
            piece = receive(s)
            if not piece:
                self.status, self.headers, self.body, self.rest = 0, {}, b"", raw
                return
            raw += piece
        head, raw = raw.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        self.version, status = lines[0].split(" ")[:2]
        self.status = int(status)
        self.headers = {k.lower(): v.strip() for k, v in (x.split(":", 1) for x in lines[1:])}
        length = 0 if head_only or self.status == 100 else int(self.headers["content-length"])
        while len(raw) < length:
            piece = receive(s)
            if not piece:
                raise AssertionError("the answer's body is cut short")
            raw += piece
        self.body, self.rest = raw[:length], raw[length:]

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


def receive(s):
    """b"" also for a connection that was reset."""
    try:
        return s.recv(65536)
    except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return b""


def is_cut(s, seconds):
    """Does the server end the connection within the time?"""
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
    except (TimeoutError, ssl.SSLWantReadError):
        return False
    except OSError:
        pass
    return True


def post(body, *headers, path="/validate?timeout=3s", method="POST", version="HTTP/1.1",
         kind="application/json", length=None):
    """The bytes of a request as kube-apiserver writes them, or nearly."""
    head = [f"{method} {path} {version}", "Host: oke-guard.oke-guard.svc:443",
            "User-Agent: kube-apiserver-admission", "Accept: application/json, */*"]
    if kind:
        head.append("Content-Type: " + kind)
    if length is not False:
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*head, *headers, "", ""]).encode("latin-1") + body


def review_json(uid="u-1", **members):
    """The creation of a pod that no policy guards, as bytes; members replace those of the request."""
    request = {
        "uid": uid,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "name": "web", "namespace": "shop", "operation": "CREATE",
        "userInfo": {"username": "ocid1.user.oc1..aaaa", "groups": ["system:authenticated"]},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
                   "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}},
        "oldObject": None, "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    }
    request.update(members)
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
                       "request": request}).encode() + b"\n"


def coredns_json(uid="u-2", size=0):
    """A customer changes CoreDNS' ConfigMap, which Oracle manages; of about `size` bytes."""
    def config(text):
        filler = "x" * max(0, size // 2 - 600)
        return {"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "coredns", "namespace": "kube-system"},
                "data": {"Corefile": text, "filler": filler}}

    return review_json(uid, kind={"group": "", "version": "v1", "kind": "ConfigMap"},
                       resource={"group": "", "version": "v1", "resource": "configmaps"},
                       requestKind={"group": "", "version": "v1", "kind": "ConfigMap"},
                       requestResource={"group": "", "version": "v1", "resource": "configmaps"},
                       name="coredns", namespace="kube-system", operation="UPDATE",
                       object=config("new"), oldObject=config("old"))


def many_files(n=4096):
    """Let this process hold as many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(n, hard), hard))


def run(*arguments, env=None):
    """The program to its end: (status, stdout, stderr)."""
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


class Case(unittest.TestCase):
    maxDiff = None

    def wait_until(self, true, what, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.02)
