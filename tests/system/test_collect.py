# SPDX-License-Identifier: Apache-2.0
"""`oke-guard-agent collect` and `publish` against an API server that behaves in every way, over real TLS."""
import base64
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import harness
from cluster_stub import AGENT, Agent, status
from collect_stub import Lister, collect, dones, environment, item, kinds
from harness import MIB, PATIENCE, SANITIZED, Case, run

PODS = "/api/v1/pods"
NODES = "/api/v1/nodes"
POSTURE = "/api/v1/namespaces/oke-guard/configmaps/oke-guard-posture"
EVENTS = "/api/v1/namespaces/kube-system/events"
SECRET_WORDS = ("token-1", "hunter2")


def done(records):
    found = dones(records)
    assert len(found) == 1, found
    return found[0]


def items(records):
    return [r["item"] for r in records if "item" in r]


def names(records):
    return [i["metadata"]["name"] for i in items(records)]


class Stream(Case):
    def test_every_method(self):
        with Lister() as stub:
            stub.lists = {PODS: [item(i) for i in range(30)], NODES: [item(i, "Node") for i in range(5)]}
            stub.page = 7
            stub.texts["/readyz"] = (200, "[+]ping ok\n\x1b[31mé\n")
            config = stub.kubeconfig()
            code, records, said = collect({"get": "/version"}, {"list": PODS + "?fieldSelector=a%3Db"}, {"table": NODES},
                                          {"text": "/readyz?verbose"}, options=["--kubeconfig", config])
            self.assertEqual((code, said), (0, ""))
            self.assertEqual(kinds(records), [
                ("inventory", 1), ("request", 1), ("item", 1), ("done", 1),
                ("request", 1), ("item", 30), ("done", 1),
                ("request", 1), ("columns", 1), ("item", 5), ("done", 1),
                ("request", 1), ("text", 1), ("done", 1), ("end", 1)])
            self.assertEqual((records[0]["inventory"], records[0]["cluster"], records[0]["user"]), (1, "test", "me"))
            self.assertEqual(records[-1], {"end": 4, "cut": ""})
            self.assertEqual(items(records)[1:31], stub.lists[PODS])
            self.assertEqual([r for r in records if "columns" in r], [{"columns": ["Name", "Status"]}])
            self.assertEqual(items(records)[31]["cells"], ["node-0", "Ready"])
            self.assertEqual([r["text"] for r in records if "text" in r], ["[+]ping ok\n\x1b[31mé\n"])
            got = dones(records)[1]
            self.assertEqual((got["done"], got["items"], got["pages"]), (200, 30, 5))
            self.assertLess(abs(time.time() - time.mktime(time.strptime(got["date"], "%Y-%m-%dT%H:%M:%SZ")) +
                                time.timezone), 60)
            paths = [c["path"] for c in stub.calls]
            self.assertEqual(paths[1], PODS + "?fieldSelector=a%3Db&limit=250")
            self.assertEqual(paths[6], NODES + "?includeObject=Metadata&limit=250")
            self.assertIn("as=Table;v=v1;g=meta.k8s.io", stub.calls[6]["headers"]["Accept"])
            self.assertFalse([p for p in paths if "resourceVersion" in p])
            self.assertTrue(all(c["method"] == "GET" for c in stub.calls))

    def test_in_lock_step(self):
        """The answer is there before the next request is written, and what comes of it decides the next."""
        with Lister() as stub:
            stub.lists[PODS] = [item(1)]
            process = subprocess.Popen([AGENT, "collect", "--kubeconfig", stub.kubeconfig()], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, env=environment())
            self.assertIn(b'{"inventory":1', process.stdout.readline())
            for _ in range(3):
                process.stdin.write(json.dumps({"list": PODS}).encode() + b"\n")
                process.stdin.flush()
                lines = []
                while not lines or not lines[-1].startswith(b'{"done"'):
                    lines.append(process.stdout.readline())
                self.assertEqual(len(lines), 3)
            process.stdin.close()
            self.assertEqual(process.stdout.readline(), b'{"end":3,"cut":""}\n')
            self.assertEqual(process.wait(PATIENCE), 0)
            process.stdout.close()

    def test_secrets_are_never_asked_for(self):
        with Lister() as stub:
            refused = ["/api/v1/secrets", "/api/v1/namespaces/a/secrets/b", "/api/v1/%73ecrets", "/api/v1//secrets",
                       "/apis/x.example/v1/secrets", "/api/v1/namespaces/a/services/b/proxy/c"]
            code, records, _ = collect(*({"list": p} for p in refused), options=["--kubeconfig", stub.kubeconfig()])
            self.assertEqual(code, 0)
            self.assertEqual([(d["done"], d["error"], d["path"]) for d in dones(records)],
                             [(0, "refused", p) for p in refused])
            self.assertEqual(stub.calls, [])

    def test_a_page_token_that_expired(self):
        """410 is resumed with the token that comes with it; what comes twice is passed over."""
        with Lister() as stub:
            stub.lists[PODS] = [item(i) for i in range(50)]
            stub.page = 10

            def expire(call):
                if len(stub.calls) == 3:
                    stub.generation = 2
                    stub.insertions[2] = [item(1000)]

            stub.fault = expire
            code, records, _ = collect({"list": PODS}, options=["--kubeconfig", stub.kubeconfig()])
            self.assertEqual(code, 0)
            self.assertEqual((done(records)["done"], done(records).get("error")), (200, None))
            self.assertEqual(sorted(names(records)), sorted(x["metadata"]["name"] for x in stub.lists[PODS]))

    def test_a_page_token_that_expired_for_good(self):
        with Lister() as stub:
            stub.lists[PODS] = [item(i) for i in range(50)]
            stub.page = 10

            def gone(call):
                return status(410, "too old") if "continue=" in call["path"] else None

            stub.fault = gone
            _, records, _ = collect({"list": PODS}, options=["--kubeconfig", stub.kubeconfig()])
            self.assertEqual((done(records)["done"], done(records)["error"], done(records)["items"]),
                             (410, "expired", 10))
            stub.calls.clear()
            # One that hands out tokens without end.
            stub.fault = lambda call: None if "continue=" not in call["path"] else (
                410, {}, json.dumps({"kind": "Status", "code": 410, "message": "again",
                                     "metadata": {"continue": f"again{len(stub.calls)}"}}).encode())
            _, records, _ = collect({"list": PODS}, options=["--kubeconfig", stub.kubeconfig()])
            self.assertEqual(done(records)["error"], "expired")
            self.assertLess(len(stub.calls), 30)

    def test_a_page_token_that_leads_in_a_circle(self):
        with Lister() as stub:
            stub.fault = lambda call: (200, {}, json.dumps(
                {"items": [item(1)], "metadata": {"continue": "same"}}).encode())
            _, records, _ = collect({"list": PODS}, options=["--kubeconfig", stub.kubeconfig()])
            self.assertEqual((done(records)["error"], done(records)["pages"]), ("unreadable", 2))

    def test_what_is_no_answer(self):
        big = json.dumps({"items": [item(1), item(2, size=5 * MIB), item(3)]}).encode()
        with Lister() as stub:
            config = stub.kubeconfig()
            for what, answer, error, count in (
                    ("HTML", (200, {}, b"<html>"), "unreadable", 0),
                    ("a single object", (200, {}, b'{"kind":"Pod"}'), "unreadable", 0),
                    ("cut", (200, {}, b'{"items":[{"a":1},{"b"'), "unreadable", 1),
                    ("nothing", (200, {}, b""), "unreadable", 0),
                    ("403", status(403, "pods is forbidden: User \"x\""), "forbidden", 0),
                    ("404", status(404, "no such"), "missing", 0),
                    ("409", status(409, "odd"), "refused", 0),
                    ("302", (302, {"Location": "https://evil.example/"}, b""), "refused", 0),
                    ("too much metadata", (200, {}, b'{"metadata":{"x":"' + b"x" * 70000 + b'"},"items":[]}'), "limit", 0),
                    ("too large an item", (200, {}, big), None, 3)):
                stub.fault = lambda call, answer=answer: answer
                code, records, _ = collect({"list": PODS}, options=["--kubeconfig", config])
                got = done(records)
                self.assertEqual((code, got.get("error"), got["items"], got["done"]),
                                 (0, error, count, answer[0]), what)
            self.assertEqual([r["oversize"]["bytes"] > 5 * MIB for r in records if "oversize" in r], [True])

    def test_a_text_that_is_bad_news(self):
        with Lister() as stub:
            stub.texts["/readyz"] = (500, "[-]etcd failed: reason withheld\n")
            _, records, _ = collect({"text": "/readyz?verbose"}, options=["--kubeconfig", stub.kubeconfig()])
            self.assertEqual([r["text"] for r in records if "text" in r], ["[-]etcd failed: reason withheld\n"])
            self.assertEqual((done(records)["done"], done(records)["error"]), (500, "server"))
            stub.texts["/readyz"] = (200, "x" * 70000)
            _, records, _ = collect({"text": "/readyz"}, options=["--kubeconfig", stub.kubeconfig()])
            self.assertEqual((kinds(records)[2][0], done(records)["error"]), ("done", "limit"))

    def test_busy_and_ill(self):
        """Three tries, Retry-After honoured; one that wants too much time is not waited for."""
        with Lister() as stub:
            stub.lists[PODS] = [item(1)]
            config = stub.kubeconfig()
            stub.fault = lambda call: (429, {"Retry-After": "1"}, b"") if len(stub.calls) < 3 else None
            _, records, _ = collect({"list": PODS}, options=["--kubeconfig", config])
            self.assertEqual((done(records)["done"], done(records)["items"]), (200, 1))
            self.assertGreaterEqual(done(records)["ms"], 2000)
            for code, headers, error, calls in ((429, {"Retry-After": "1"}, "throttled", 3), (503, {}, "server", 3),
                                                (429, {"Retry-After": "3000"}, "throttled", 1)):
                stub.calls.clear()
                stub.fault = lambda call, code=code, headers=headers: (code, headers, b"later")
                _, records, _ = collect({"list": PODS}, options=["--kubeconfig", config])
                self.assertEqual((done(records)["error"], len(stub.calls)), (error, calls))

    def test_it_dies_in_the_middle(self):
        def die(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000000")
            handler.end_headers()
            handler.wfile.write(b'{"items":[' + json.dumps(item(1)).encode() + b',{"metadata":')
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)

        with Lister() as stub:
            stub.fault = lambda call: die
            code, records, _ = collect({"list": PODS}, {"list": NODES}, options=["--kubeconfig", stub.kubeconfig()])
            self.assertEqual(code, 0)
            self.assertEqual([(d["error"], d["items"]) for d in dones(records)], [("connection", 1)] * 2)
            self.assertEqual(records[-1], {"end": 2, "cut": ""})
        # Nobody is there any more.
        code, records, _ = collect({"list": PODS}, options=["--kubeconfig", stub_config_without_server()])
        self.assertEqual((code, done(records)["done"], done(records)["error"]), (0, 0, "connection"))

    def test_it_is_slow(self):
        with Lister() as stub:
            stub.fault = lambda call: lambda handler: time.sleep(3)
            _, records, _ = collect({"list": PODS}, options=["--kubeconfig", stub.kubeconfig(), "--request-timeout=1"])
            self.assertEqual(done(records)["error"], "connection")
            self.assertLess(done(records)["ms"], 2900)

    def test_a_signal(self):
        with Lister() as stub:
            stub.fault = lambda call: lambda handler: time.sleep(2)
            process = subprocess.Popen([AGENT, "collect", "--kubeconfig", stub.kubeconfig()], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, env=environment())
            process.stdin.write(json.dumps({"list": PODS}).encode() + b"\n")
            process.stdin.flush()
            self.wait_until(lambda: stub.calls, "nothing was asked")
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=PATIENCE)
            records = [json.loads(x) for x in out.splitlines()]
            self.assertEqual((process.returncode, done(records)["error"], records[-1]),
                             (0, "deadline", {"end": 1, "cut": "signal"}))

    def test_requests_that_are_none(self):
        with Lister() as stub:
            for raw in ("GET /version\n", '{"put":"/version"}\n', "x" * 10000 + "\n", '{"get":"/version"}'):
                code, records, said = collect(options=["--kubeconfig", stub.kubeconfig()], raw=raw)
                self.assertEqual((code, kinds(records)), (2, [("inventory", 1)]), raw[:30])
                self.assertIn("oke-guard-agent collect: ", said)

    def test_memory(self):
        """Pages of 250 objects of 300 KB are never held whole. (The memory of a sanitizer says nothing.)"""
        if SANITIZED:
            return
        with Lister() as stub:
            stub.lists[PODS] = [item(i, size=300_000) for i in range(250)]
            process = subprocess.Popen([AGENT, "collect", "--kubeconfig", stub.kubeconfig()], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, env=environment())
            process.stdin.write(json.dumps({"list": PODS}).encode() + b"\n")
            process.stdin.flush()
            while not (line := process.stdout.readline()).startswith(b'{"done"'):
                pass
            peak = next(int(x.split()[1]) for x in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
                        if x.startswith("VmHWM"))
            process.stdin.close()
            process.stdout.read()
            process.stdout.close()
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertEqual(json.loads(line)["items"], 250)
            self.assertLess(peak, 24 * 1024, "KiB")


def stub_config_without_server():
    with Lister() as stub:
        text = stub.kubeconfig().read_text()
    folder = tempfile.mkdtemp(prefix="oke-guard-test-")
    path = pathlib.Path(folder) / "config"
    path.write_text(text)
    return path


class Reaching(Case):
    def collect_version(self, *options, **env):
        return collect({"get": "/version"}, options=options, env=environment(**env))

    def assert_reached(self, result, what=""):
        code, records, said = result
        self.assertEqual((code, said), (0, ""), what)
        self.assertEqual(done(records)["done"], 200, f"{what}: {records}")

    def assert_fails(self, result, *words):
        """Status 2, no record, one line that says what."""
        code, records, said = result
        self.assertEqual((code, records), (2, []), said)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertTrue(said.startswith("oke-guard-agent collect: "), said)
        for word in (*words,):
            self.assertIn(word, said)
        for word in SECRET_WORDS:
            self.assertNotIn(word, said)



class Kubeconfig(Reaching):
    def test_where_it_is(self):
        with Lister() as stub:
            config = stub.kubeconfig("home/.kube/config")
            home = config.parent.parent
            self.assert_reached(self.collect_version(HOME=home), "home")
            self.assert_reached(self.collect_version(KUBECONFIG=f"/no/such:{config}"), "a list")
            self.assert_fails(self.collect_version(KUBECONFIG="/no/such"), "there is no kubeconfig", "/no/such")
            self.assert_fails(self.collect_version(), "there is no kubeconfig")
            self.assert_fails(self.collect_version("--kubeconfig=/no/such"), "/no/such: there is no such file")
            self.assert_fails(self.collect_version("--context=other", HOME=home), "there is no context 'other'",
                              "there are: test")

    def test_in_a_pod(self):
        """Only what is mounted counts, and no proxy: it says what it lacks."""
        code, records, said = self.collect_version(KUBERNETES_SERVICE_HOST="127.0.0.1", KUBERNETES_SERVICE_PORT="1")
        self.assertEqual(code, 0, said)
        self.assertEqual(done(records)["error"], "unauthorized")
        self.assertIn("/var/run/secrets/kubernetes.io/serviceaccount/token", done(records)["message"])
        self.assertEqual(records[0]["cluster"], "in-cluster")

    def test_tokens(self):
        with Lister() as stub:
            (pathlib.Path(stub.folder.name) / "relative").write_text("token-1\n")
            for user in ({"tokenFile": "relative"}, {"tokenFile": str(stub.token), "token": "wrong"},
                         {"tokenFile": "missing", "token": "token-1"}):
                self.assert_reached(self.collect_version("--kubeconfig", stub.kubeconfig(user=user)), str(user))
            stub.tokens = {"Basic " + base64.b64encode(b"admin:hunter2").decode()}
            self.assert_reached(self.collect_version(
                "--kubeconfig", stub.kubeconfig(user={"username": "admin", "password": "hunter2"})))
            self.assert_fails(self.collect_version("--kubeconfig", stub.kubeconfig(
                user={"username": "admin", "password": "x" * 100000})), "the password has no room")
            code, records, said = self.collect_version("--kubeconfig", stub.kubeconfig(user={"token": "hunter2"}))
            self.assertEqual((code, done(records)["done"], done(records)["error"]), (0, 401, "unauthorized"))
            self.assertNotIn("hunter2", said + json.dumps(records))
            self.assert_fails(self.collect_version("--kubeconfig", stub.kubeconfig(user={"token": "hunter2\r\nX: y"})),
                              "no bearer token")

    def test_impersonation(self):
        with Lister() as stub:
            config = stub.kubeconfig(user={"token": "token-1", "as": "kube", "as-groups": ["g1", "g2"], "as-uid": "u",
                                           "as-user-extra": {"Scopes/x": ["a", "b"]}})
            self.assert_reached(self.collect_version("--kubeconfig", config))
            headers = stub.calls[-1]["headers"]
            self.assertEqual((headers["Impersonate-User"], headers["Impersonate-Uid"]), ("kube", "u"))
            for name, values in (("Impersonate-Group", ["g1", "g2"]), ("Impersonate-Extra-scopes%2fx", ["a", "b"])):
                self.assertEqual([v for n, v in stub.calls[-1]["lines"] if n.lower() == name.lower()], values)
            self.assert_reached(self.collect_version("--kubeconfig", config, "--as=jane doe", "--as-group=admins"))
            self.assertEqual((stub.calls[-1]["headers"]["Impersonate-User"],
                              stub.calls[-1]["headers"]["Impersonate-Group"]), ("jane doe", "admins"))
            self.assert_fails(self.collect_version("--kubeconfig", stub.kubeconfig(), "--as-group=x"), "needs --as")
            self.assert_fails(self.collect_version("--kubeconfig", config, "--as=a\nX: y"), "control character")

    def test_the_servers_certificate(self):
        with Lister() as stub:
            ca = harness.certificates() / "ca.crt"
            data = base64.b64encode(ca.read_bytes()).decode()
            (pathlib.Path(stub.folder.name) / "ca.pem").write_bytes(ca.read_bytes())
            port = stub.url.rsplit(":", 1)[1]
            for cluster in ({"server": stub.url, "certificate-authority-data": data},
                            {"server": stub.url + "/", "certificate-authority": "ca.pem"},
                            {"server": f"127.0.0.1:{port}", "certificate-authority-data": data}):
                self.assert_reached(self.collect_version("--kubeconfig", stub.kubeconfig(cluster=cluster)), str(cluster))
            named = {"server": stub.url, "certificate-authority-data": data, "tls-server-name": "localhost"}
            self.assert_reached(self.collect_version("--kubeconfig", stub.kubeconfig(cluster=named)))
            self.assertEqual(stub.calls[-1]["headers"]["Host"], f"127.0.0.1:{port}")
            named["tls-server-name"] = "other.example"
            code, records, _ = self.collect_version("--kubeconfig", stub.kubeconfig(cluster=named))
            self.assertEqual((code, done(records)["error"]), (0, "connection"))
            with tempfile.TemporaryDirectory() as other:
                harness.issue(other)
                for cluster in ({"server": stub.url},
                                {"server": stub.url, "certificate-authority": other + "/ca.crt"}):
                    _, records, _ = self.collect_version("--kubeconfig", stub.kubeconfig(cluster=cluster))
                    self.assertEqual(done(records)["error"], "connection")
                    self.assertIn("certificate", done(records)["message"])
            code, records, said = self.collect_version("--kubeconfig", stub.kubeconfig(
                cluster={"server": stub.url, "insecure-skip-tls-verify": True}))
            self.assertEqual((code, done(records)["done"]), (0, 200))
            self.assertIn("is trusted", said)
            self.assert_fails(self.collect_version("--kubeconfig", stub.kubeconfig(
                cluster={"server": "http://127.0.0.1:1"})), "https://")

    def test_a_proxy(self):
        with Lister() as stub, Proxy() as proxy, Proxy() as other:
            cluster = {"server": stub.url, "certificate-authority": str(harness.certificates() / "ca.crt"),
                       "proxy-url": f"http://user:hunter2@127.0.0.1:{proxy.port}"}
            self.assert_reached(self.collect_version("--kubeconfig", stub.kubeconfig(cluster=cluster),
                                                     HTTPS_PROXY=f"http://127.0.0.1:{other.port}", NO_PROXY="*"))
            self.assertEqual((len(proxy.heads), len(other.heads)), (1, 0))
            self.assertIn(b"CONNECT 127.0.0.1:", proxy.heads[0])
            self.assertNotIn(b"token-1", proxy.heads[0])
            # The environment's is not for this machine.
            self.assert_reached(self.collect_version("--kubeconfig", stub.kubeconfig(),
                                                     HTTPS_PROXY=f"http://127.0.0.1:{other.port}"))
            self.assertEqual(len(other.heads), 0)

    def test_client_certificates(self):
        with tempfile.TemporaryDirectory() as folder:
            pair = {"client-certificate": client_certificate(folder, "me.crt", 10),
                    "client-key": pathlib.Path(folder) / "me.key"}
            lister = Lister()
            lister.client_ca = folder + "/me.crt"
            with lister as stub:
                data = {k + "-data": base64.b64encode(p.read_bytes()).decode() for k, p in pair.items()}
                token = {"token": "token-1"}
                self.assert_reached(self.collect_version(
                    "--kubeconfig", stub.kubeconfig(user={**token, **{k: str(p) for k, p in pair.items()}})), "files")
                self.assert_reached(self.collect_version("--kubeconfig", stub.kubeconfig(user={**token, **data})), "data")
                _, records, _ = self.collect_version("--kubeconfig", stub.kubeconfig())
                self.assertEqual(done(records)["error"], "connection", "without a certificate")
                broken = {**token, **data, "client-key-data": base64.b64encode(b"hunter2").decode()}
                code, records, said = self.collect_version("--kubeconfig", stub.kubeconfig(user=broken))
                self.assertEqual((code, done(records)["error"]), (0, "connection"))
                self.assertNotIn("hunter2", said + json.dumps(records))
                missing = {**token, "client-certificate": "none.pem", "client-key": "none.pem"}
                self.assert_fails(self.collect_version("--kubeconfig", stub.kubeconfig(user=missing)),
                                  "client-certificate ", "none.pem: No such file")
                self.assert_fails(self.collect_version("--kubeconfig", stub.kubeconfig(user={
                    "client-certificate-data": base64.b64encode(
                        expired_certificate(folder, "old.crt").read_bytes()).decode(),
                    "client-key-data": data["client-key-data"]})), "client-certificate-data", "expired at 20")

    def test_no_key_is_left_anywhere(self):
        """Not in an argument, not in the environment, not in a file that has a name, not for a debugger."""
        with tempfile.TemporaryDirectory() as folder, Lister() as stub:
            harness.issue(folder)
            data = {f"client-{k}-data": base64.b64encode((pathlib.Path(folder) / f).read_bytes()).decode()
                    for k, f in (("certificate", "tls.crt"), ("key", "tls.key"))}
            stub.lists[PODS] = [item(1)]
            process = subprocess.Popen([AGENT, "collect", "--kubeconfig", stub.kubeconfig(user={
                "token": "token-1", **data})], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
            process.stdin.write(json.dumps({"list": PODS}).encode() + b"\n")
            process.stdin.flush()
            while not process.stdout.readline().startswith(b'{"done":200'):
                pass
            proc = pathlib.Path(f"/proc/{process.pid}")
            self.assertNotIn(b"token-1", (proc / "cmdline").read_bytes())
            if os.geteuid() == 0:
                self.assertNotIn(b"token-1", (proc / "environ").read_bytes())
                files = [os.readlink(p) for p in (proc / "fd").iterdir()]
                self.assertEqual(sum("memfd:" in f for f in files), 2, files)
            if not SANITIZED:
                # What may be dumped belongs to its user; what may not, to root.
                self.assertEqual((proc / "mem").stat().st_uid, 0)
            process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 0)


class Proxy:
    """Knows CONNECT, and remembers what it was told."""

    def __enter__(self):
        self.heads = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.close()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self.heads.append(head)
            host, port = head.split(b" ")[1].decode().rsplit(":", 1)
            upstream = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for a, b in ((client, upstream), (upstream, client)):
                threading.Thread(target=pump, args=(a, b), daemon=True).start()


def pump(a, b):
    try:
        while piece := a.recv(65536):
            b.sendall(piece)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def client_certificate(folder, name, days):
    """Its own CA; all have the key me.key."""
    key, out = pathlib.Path(folder) / "me.key", pathlib.Path(folder) / name
    if not key.exists():
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    openssl("req", "-x509", "-key", key, "-subj", "/CN=me", "-days", str(days), "-addext", "extendedKeyUsage=clientAuth",
            "-out", out)
    return out


def expired_certificate(folder, name):
    """With the key me.key. OpenSSL 3.5 takes no negative days; `ca` has taken both ends since ever."""
    folder, out = pathlib.Path(folder), pathlib.Path(folder) / name
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca = d\n[d]\ndefault_md = sha256\nrand_serial = yes\npolicy = p\n"
        f"database = {folder}/index\nnew_certs_dir = {folder}\n[p]\ncommonName = supplied\n", encoding="utf-8")
    (folder / "index").touch()
    openssl("req", "-new", "-key", folder / "me.key", "-subj", "/CN=me", "-out", folder / "me.csr")
    openssl("ca", "-batch", "-selfsign", "-notext", "-config", folder / "ca.cnf", "-keyfile", folder / "me.key",
            "-in", folder / "me.csr", "-startdate", "20240101000000Z", "-enddate", "20240102000000Z", "-out", out)
    return out


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


PLUGIN = """#!/bin/sh
echo "$$ $*" >> "{log}"
n=$(wc -l < "{log}")
{body}
"""


class ExecPlugin(Reaching):
    def plugin(self, stub, body, api="v1", **more):
        path = pathlib.Path(stub.folder.name) / "plugin"
        self.log = pathlib.Path(stub.folder.name) / "plugin.log"
        self.log.unlink(missing_ok=True)
        path.write_text(PLUGIN.format(log=self.log, body=body))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return stub.kubeconfig(user={"exec": {
            "apiVersion": "client.authentication.k8s.io/" + api, "command": "./plugin", "interactiveMode": "Never",
            "args": ["ce", "cluster", "generate-token"], **more}})

    def credential(self, token="$token", api="v1", expires=None):
        more = f', "expirationTimestamp": "{expires}"' if expires else ""
        return ('printf \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/%s","status":'
                '{"token":"%s"%s}}\'' % (api, token, more))

    def asked(self):
        return len(self.log.read_text().splitlines())

    def test_it_gives_the_token(self):
        with Lister() as stub:
            for api in ("v1", "v1beta1"):
                config = self.plugin(stub, self.credential("token-1", api), api)
                self.assert_reached(self.collect_version("--kubeconfig", config), api)
                self.assertEqual(self.log.read_text().split(" ", 1)[1], "ce cluster generate-token\n")

    def test_it_is_asked_again_once(self):
        """A token that was taken back while the scan ran."""
        with Lister() as stub:
            config = self.plugin(stub, self.credential('token-\'$n\''))
            stub.tokens = {"token-2"}
            code, records, _ = collect({"get": "/version"}, {"get": "/version"}, options=["--kubeconfig", config])
            self.assertEqual((code, [d["done"] for d in dones(records)], self.asked()), (0, [200, 200], 2))
            stub.tokens = {"none"}
            config = self.plugin(stub, self.credential('token-\'$n\''))
            code, records, _ = collect(*[{"get": "/version"}] * 5, options=["--kubeconfig", config])
            self.assertEqual([d["error"] for d in dones(records)], ["unauthorized"] * 5)
            self.assertEqual(self.asked(), 2)

    def test_a_token_that_expires(self):
        with Lister() as stub:
            soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
            body = (f'[ $n = 1 ] && {self.credential("token-1", expires=soon)} || ' +
                    self.credential("token-2", expires="2126-01-01T00:00:00Z"))
            config = self.plugin(stub, body)
            stub.tokens = {"token-1", "token-2"}
            process = subprocess.Popen([AGENT, "collect", "--kubeconfig", config], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, env=environment())
            for wait in (0, 3, 0):
                time.sleep(wait)
                process.stdin.write(b'{"get":"/version"}\n')
                process.stdin.flush()
                while not (line := process.stdout.readline()).startswith(b'{"done"'):
                    pass
                self.assertEqual(json.loads(line)["done"], 200)
            process.communicate(timeout=PATIENCE)
            self.assertEqual([c["headers"]["Authorization"] for c in stub.calls],
                             ["Bearer token-1", "Bearer token-2", "Bearer token-2"])
            self.assertEqual(self.asked(), 2)

    def test_it_fails(self):
        with Lister() as stub:
            for body, words in (
                    ("echo 'ConfigFileNotFound: no ~/.oci/config' >&2; exit 1",
                     ("failed (exit status 1)", "ConfigFileNotFound")),
                    ("head -c 10000000 /dev/zero", ("more than 64 KiB",)),
                    ("echo hunter2", ("no JSON",)),
                    (self.credential("hunter2", "v1beta1"), ("apiVersion",)),
                    (self.credential("hunter2", expires="2001-01-01T00:00:00Z"), ("expired", "clocks differ"))):
                self.assert_fails(self.collect_version("--kubeconfig", self.plugin(stub, body)), *words)
            self.assertEqual(stub.calls, [])
            self.assert_fails(self.collect_version("--kubeconfig", self.plugin(
                stub, ":", command="oke-guard-none", installHint="get it there")), "in no folder of PATH. get it there")
            self.assert_fails(self.collect_version("--kubeconfig", stub.kubeconfig(user={"auth-provider": {"name": "oidc"}})),
                              "auth-provider 'oidc' is not supported")

    def test_no_terminal(self):
        with Lister() as stub:
            config = self.plugin(stub, self.credential("token-1"), interactiveMode="Always")
            done_ = subprocess.run(["setsid", "--wait", AGENT, "collect", "--kubeconfig", config], input=b"",
                                   capture_output=True, timeout=PATIENCE, check=False, env=environment())
            self.assertEqual(done_.returncode, 2)
            self.assertIn(b"needs a terminal", done_.stderr)

    def test_a_terminal(self):
        """The plug-in asks there, at once or later, and reads the answer; the terminal is ours again afterwards."""
        for pause in ("", "sleep 0.3; "):
            with self.subTest(pause), Lister() as stub:
                config = self.plugin(stub, f"{pause}read answer; " + self.credential('token-\'"$answer"\''),
                                     interactiveMode="Always")
                stub.tokens = {"token-yes"}
                ours, theirs = os.openpty()
                os.write(ours, b"yes\nrest\n")
                after = f'{AGENT} collect --kubeconfig {config} < {stub.folder.name}/requests; read line < /dev/tty && echo "left: $line"'
                pathlib.Path(stub.folder.name, "requests").write_text('{"get":"/version"}\n')
                done_ = subprocess.run(["setsid", "--ctty", "--wait", "sh", "-c", after], stdin=theirs, capture_output=True,
                                       timeout=PATIENCE, check=False, env=environment())
                os.close(ours)
                os.close(theirs)
                self.assertEqual((stub.calls[-1]["headers"]["Authorization"], done_.stdout.splitlines()[-1]),
                                 ("Bearer token-yes", b"left: rest"), done_.stderr)


def report(*findings, **more):
    return {"format": "oke-guard.internal/posture", "version": 1, "time": "2026-11-29T23:01:09Z",
            "program": "oke-guard 0.0", "cluster": {"name": "c"}, "whole": True, "cut": "",
            "summary": {"unsupported": len(findings), "bestEffort": 1, "advice": 0},
            "checks": [{"id": "component-drift", "result": "finding"}, {"id": "kubelet", "result": "not-checkable"}],
            "findings": list(findings), **more}


def finding(i, **more):
    return {"key": f"{i:016x}", "check": "component-drift", "tier": "unsupported", "text": f"change {i}",
            "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "kube-system", "name": "coredns",
                       "uid": "u"}, "path": "spec", **more}


class Publish(Case):
    def publish(self, stub, text, *options):
        given = subprocess.run([AGENT, "publish", "--namespace=oke-guard", "--configmap=oke-guard-posture",
                                f"--server={stub.url}", f"--token-file={stub.token}",
                                f"--ca-file={harness.certificates() / 'ca.crt'}", *options], input=text.encode(),
                               capture_output=True, timeout=PATIENCE, check=False)
        return given.returncode, given.stdout.decode(), given.stderr.decode()

    def test_one_object_is_written(self):
        with Lister() as stub:
            stub.objects[POSTURE] = empty_posture()
            text = json.dumps(report(finding(1)), ensure_ascii=False) + "\n"
            self.assertEqual(self.publish(stub, text), (0, "", ""))
            self.assertEqual([(c["method"], c["path"]) for c in stub.calls], [("PATCH", POSTURE)])
            self.assertEqual(stub.objects[POSTURE]["data"], {"posture.json": text})
            self.assertEqual(stub.objects[POSTURE]["metadata"]["labels"], {"app": "oke-guard"})

    def test_it_is_not_written(self):
        with Lister() as stub:
            good = json.dumps(report())
            for text, words in (("", "standard input"), ("{}", "not of a format"), (good[:-5], "standard input"),
                                (good + " " * 65536, "more than 64 KiB")):
                code, _, said = self.publish(stub, text)
                self.assertEqual(code, 2)
                self.assertIn(words, said)
                self.assertEqual(stub.calls, [])
            code, _, said = self.publish(stub, good)
            self.assertEqual(code, 2)
            self.assertIn("there is no ConfigMap oke-guard-posture in namespace oke-guard", said)
            stub.fault = lambda call: status(403, "configmaps is forbidden")
            code, _, said = self.publish(stub, good)
            self.assertIn("forbidden", said)
            code, _, said = self.publish(stub, good, "--configmap=../../x")
            self.assertEqual(code, 2)


def empty_posture():
    return {"kind": "ConfigMap", "metadata": {"name": "oke-guard-posture", "uid": "p", "resourceVersion": "1",
                                              "generation": 1, "labels": {"app": "oke-guard"}}}


class Watch(Case):
    """The running agent and the published report."""

    def serve(self, stub, *findings, **more):
        stub.objects[POSTURE] = {**empty_posture(), "data": {"posture.json": json.dumps(report(*findings, **more))}}
        self.events = {}

        def events(call):
            if call["path"] != EVENTS:
                return None
            event = json.loads(call["body"])
            name = event["metadata"]["name"]
            if name in self.events:
                return status(409, "it exists")
            self.events[name] = event
            return 201, {}, call["body"]

        stub.fault = events

    def test_metrics_and_events(self):
        with Lister() as stub:
            self.serve(stub, finding(1), finding(2, new=False), finding(3, accepted=True),
                       facts=[{"name": "cni", "value": "flannel", "configured": "vcn-native", "contradicts": True}])
            with Agent(stub, "--posture=oke-guard-posture") as agent:
                self.wait_until(lambda: self.events, "no event:\n" + agent.log_text())
                self.wait_until(lambda: "\noke_guard_posture_timestamp_seconds " in agent.page("/metrics").text, "no metric")
                self.assertEqual(agent.metric('oke_guard_posture_check{id="component-drift",result="finding"}'), 1)
                self.assertEqual(agent.metric('oke_guard_posture_check{id="kubelet",result="not-checkable"}'), 1)
                self.assertEqual(agent.metric('oke_guard_posture_findings{tier="unsupported"}'), 3)
                self.assertEqual(agent.metric("oke_guard_posture_contradicted_facts"), 1)
                self.assertEqual(agent.metric("oke_guard_posture_timestamp_seconds"), 1795993269)
                self.assertEqual(agent.metric('oke_guard_agent_writes_total{object="event"}'), 1)
                line = agent.wait_for_log(
                    lambda x: x.get("msg") == "a fact in the configuration contradicts the cluster")
                self.assertEqual(line["fact"], "cni: configured vcn-native, the cluster has flannel")
            (event,) = self.events.values()
            self.assertEqual((event["involvedObject"]["name"], event["message"], event["type"]),
                             ("coredns", "change 1", "Warning"))
            # After a restart: not again.
            with Agent(stub, "--posture=oke-guard-posture") as agent:
                self.wait_until(lambda: sum(c["path"] == EVENTS for c in stub.calls) == 2, "it was not tried")
                self.assertEqual(agent.metric('oke_guard_agent_writes_total{object="event"}'), 0)
            self.assertEqual(len(self.events), 1)

    def test_twenty_an_hour(self):
        with Lister() as stub:
            self.serve(stub, *(finding(i) for i in range(60)))
            with Agent(stub, "--posture=oke-guard-posture") as agent:
                self.wait_until(lambda: sum(c["path"] == POSTURE for c in stub.calls) >= 2, agent.log_text())
                self.assertEqual(len(self.events), 20)

    def test_an_event_that_is_refused_keeps_no_other_back(self):
        with Lister() as stub:
            self.serve(stub, *(finding(i) for i in range(3)))
            take = stub.fault

            def refuse(call):
                if call["path"] == EVENTS and json.loads(call["body"])["message"] == "change 0":
                    return status(422, "it is invalid")
                return take(call)

            stub.fault = refuse
            with Agent(stub, "--posture=oke-guard-posture") as agent:
                self.wait_until(lambda: sum(c["path"] == POSTURE for c in stub.calls) >= 2, agent.log_text())
                self.assertEqual(sorted(e["message"] for e in self.events.values()), ["change 1", "change 2"])
                self.assertEqual(sum(c["path"] == EVENTS for c in stub.calls), 3)
                line = agent.wait_for_log(lambda x: x.get("msg") == "the posture could not be read or told")
                self.assertIn("it is invalid", line["error"])

    def test_whatever_stands_there(self):
        with Lister() as stub:
            self.serve(stub)
            for text in ("", "{", json.dumps({"format": "x"}), json.dumps(report())[:-1]):
                stub.objects[POSTURE]["data"] = {"posture.json": text}
                stub.calls.clear()
                with Agent(stub, "--posture=oke-guard-posture") as agent:
                    self.wait_until(lambda: any(c["path"] == POSTURE for c in stub.calls), "not read")
                    self.wait_until(lambda: agent.page("/readyz").status == 200, "it does not end the rest")
                    self.assertNotIn("oke_guard_posture_timestamp_seconds ", agent.page("/metrics").text.replace(
                        "TYPE oke_guard_posture_timestamp_seconds ", "").replace(
                        "HELP oke_guard_posture_timestamp_seconds ", ""))


if __name__ == "__main__":
    unittest.main()
