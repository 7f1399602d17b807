# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping, TLS, the certificate's reload, the log."""
import http.client
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from harness import (Answer, BINARY, Case, PATIENCE, Server, certificates, client_context, coredns_json, is_cut, issue,
                     post, review_json, run, send)

REVIEW = review_json()


class Caller(threading.Thread):
    """An API server's worker: a kept connection, a new one only when the last was closed."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.calls, self.failed, self.closed, self.over = 0, [], 0, threading.Event()

    def run(self):
        connection = None
        while not self.over.is_set():
            try:
                connection = connection or http.client.HTTPSConnection(
                    "127.0.0.1", self.server.port, context=self.server.context, timeout=PATIENCE)
                connection.request("POST", "/validate", REVIEW, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                self.calls += 1
                if answer.status != 200:
                    self.failed.append(answer.status)
                if answer.will_close:
                    self.closed += 1
                    connection = None
            except Exception as e:
                self.failed.append(repr(e))
                connection = None
        if connection:
            connection.close()


class Stop(Case):
    def test_no_call_fails(self):
        """SIGTERM under load: callers go on until they have heard of it, then leave."""
        with Server("--grace=2") as server:
            callers = [Caller(server) for _ in range(8)]
            for caller in callers:
                caller.start()
            time.sleep(0.5)
            self.assertEqual(server.page("/readyz").status, 200)
            server.signal(signal.SIGTERM)
            server.wait_for_log(lambda line: line.get("msg") == "stopping")
            not_ready = server.page("/readyz")
            self.assertEqual((not_ready.status, server.page("/healthz").status), (503, 200))
            self.assertIn("stopping", not_ready.text)
            time.sleep(1)  # so long the endpoints take to reach the API servers
            for caller in callers:
                caller.over.set()
            for caller in callers:
                caller.join(PATIENCE)
            self.assertEqual(server.wait(), 0)
        self.assertEqual([f for caller in callers for f in caller.failed], [])
        for caller in callers:
            self.assertGreater(caller.calls, 5)
            self.assertGreater(caller.closed, 0, "answers carry Connection: close")

    def test_idle_connections_do_not_hold_it(self):
        with Server("--grace=0") as server:
            idle = server.tls()
            send(idle, post(REVIEW))
            self.assertEqual(Answer(idle).status, 200)
            begun = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - begun, 5)
            self.assertTrue(is_cut(idle, 1))
            idle.close()

    def test_request_under_way_is_answered(self):
        with Server("--grace=0") as server:
            with server.tls() as s:
                raw = post(REVIEW)
                send(s, raw[:-20])
                self.wait_until(lambda: server.metric("oke_guard_body_bytes") > 0, "no body came")
                server.signal()
                server.wait_for_log(lambda line: line.get("msg") == "stopping")
                time.sleep(0.2)
                send(s, raw[-20:])
                answer = Answer(s)
                self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
            self.assertEqual(server.wait(), 0)

    def test_second_signal_ends_at_once(self):
        for first, second in [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT)]:
            with Server("--grace=600") as server:
                server.signal(first)
                server.wait_for_log(lambda line: line.get("msg") == "stopping")
                self.assertIsNone(server.process.poll())
                server.signal(second)
                self.assertEqual(server.wait(), 0)


class Faults(Case):
    """What keeps it from starting: one line that names it, and 2."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="oke-guard-test-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def check(self, wanted, *options, cert=None, key=None, env=None):
        cert, key = cert or certificates() / "tls.crt", key or certificates() / "tls.key"
        status, out, err = run("serve", "--listen=127.0.0.1:0", "--health-listen=127.0.0.1:0",
                               f"--tls-cert={cert}", f"--tls-key={key}", *options, env=env)
        self.assertEqual((status, out), (2, ""), err)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertRegex(err, wanted)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            where = "127.0.0.1:%d" % taken.getsockname()[1]
            self.check(where + ".*in use", "--listen=" + where)
            self.check(where + ".*in use", "--health-listen=" + where)

    def test_address(self):
        for wrong in ["here:1", "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:x", "[::1:5", "", "1.2.3:5"]:
            self.check("address|IP", "--listen=" + wrong)
        self.check("203.0.113.7", "--listen=203.0.113.7:0")  # not ours

    def test_certificate(self):
        other = self.folder / "other"
        issue(other)
        self.check("nowhere.crt", cert=self.folder / "nowhere.crt")
        self.check("nowhere.key", key=self.folder / "nowhere.key")
        self.check("fit|belong", key=other / "tls.key")
        self.check("empty.pem", cert=self.file("empty.pem", ""))
        self.check("text.pem", key=self.file("text.pem", "hello\n"))
        status, _, said = run("serve", f"--tls-cert={certificates() / 'tls.crt'}")
        self.assertEqual(status, 2)
        self.assertIn("go together", said)
        expired = self.folder / "expired"
        expired.mkdir()
        for command in ["req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=h -keyout k -out r",
                        "x509 -req -in r -signkey k -days 0 -out c"]:
            subprocess.run(["openssl", *command.split()], cwd=expired, check=True, stderr=subprocess.DEVNULL)
        time.sleep(1.1)  # newer OpenSSL makes none that ends before it begins
        self.check("expired", cert=expired / "c", key=expired / "k")

    def test_policy(self):
        broken = self.file("broken.yaml", "apiVersion: oke-guard.internal/v1\nkind: SupportPolicie\n")
        self.check(r"broken\.yaml:2:", "--strict", f"--policy={broken}")
        self.check("nowhere", "--strict", f"--policy={self.folder / 'nowhere'}")
        self.check("nowhere.yaml", "--strict", f"--config={self.folder / 'nowhere.yaml'}")

    def test_usage(self):
        self.check("--listen", "--lisen=:1")
        self.check("--threads", "--threads=0")
        self.check("OKE_GUARD_GRACE", env={"OKE_GUARD_GRACE": "soon"})
        self.check("operand", "now")


class Options(Case):
    def test_environment(self):
        with Server("--log-level=info", env={"OKE_GUARD_THREADS": "3", "OKE_GUARD_TLS_MIN": "1.2"}) as s:
            start = s.wait_for_log(lambda line: line.get("msg") == "serving")
            self.assertEqual((start["threads"], start["tlsMin"]), (3, "1.2"))

    def test_one_thread_and_many(self):
        for threads in [1, 16]:
            with Server(f"--threads={threads}") as server:
                self.assertEqual(server.review(REVIEW).status, 200)

    def test_every_address(self):
        command = [BINARY, "serve", "--listen=:0", "--health-listen=[::1]:0", "--grace=0"]
        with Server() as server:
            server.stop()
            server = Server()
            server.command = command
            with server:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                for host in ["127.0.0.1", "::1"]:
                    with socket.create_connection((host, server.port), PATIENCE) as raw:
                        with context.wrap_socket(raw) as s:
                            send(s, post(REVIEW))
                            self.assertEqual(Answer(s).status, 200)
                server.wait_for_log(lambda line: "--tls-cert" in line.get("msg", ""))


class Tls(Case):
    def context(self, **members):
        context = client_context()
        for name, value in members.items():
            setattr(context, name, value)
        return context

    def test_versions(self):
        old = self.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        with Server() as server:
            with server.tls() as s:
                self.assertEqual(s.version(), "TLSv1.3")
            with self.assertRaises((ssl.SSLError, ConnectionResetError)):
                server.tls(old)
        with Server("--tls-min=1.2") as server:
            with server.tls(old) as s:
                self.assertEqual(s.version(), "TLSv1.2")
                self.assertIn("GCM", s.cipher()[0])
                send(s, post(REVIEW))
                self.assertEqual(Answer(s).status, 200)
            with server.tls() as s:
                self.assertEqual(s.version(), "TLSv1.3")

    def test_no_h2(self):
        context = client_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with Server() as server:
            with server.tls(context) as s:
                self.assertEqual(s.selected_alpn_protocol(), "http/1.1")
                send(s, post(REVIEW))
                self.assertEqual(Answer(s).status, 200)

    def handshake(self, server, *options):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-msg", "-CAfile",
                               server.ca, *options], input=b"", capture_output=True, timeout=PATIENCE)
        return done.stdout.decode(errors="replace")

    def test_groups(self):
        """X25519 comes first, without a second round; a FIPS client's groups and ciphers will do."""
        with Server("--tls-min=1.2") as server:
            for options, group in [((), "X25519"), (("-groups", "X25519:P-256"), "X25519"),
                                   (("-groups", "P-256"), "P-256"), (("-groups", "P-384"), "P-384")]:
                said = self.handshake(server, *options)
                self.assertIn("Verify return code: 0", said)
                self.assertIn(group.replace("P-256", "prime256v1").replace("P-384", "secp384r1")
                              if group != "X25519" else group, said)
                self.assertEqual(said.count(", ClientHello"), 1, "a HelloRetryRequest")
            for cipher in ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]:
                self.assertIn(cipher, self.handshake(server, "-ciphersuites", cipher, "-groups", "P-256"))
            said = self.handshake(server, "-tls1_2", "-cipher", "ECDHE+AESGCM", "-groups", "P-256")
            self.assertRegex(said, "Extended master secret: yes")


class Reload(Case):
    def certificate(self, server):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with server.tls(context) as s:
            return s.getpeercert(binary_form=True)

    def test_new_certificate(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            issue(folder)
            with Server(folder=folder) as server:
                with server.tls() as kept:
                    first = self.certificate(server)
                    issue(folder)
                    self.wait_until(lambda: self.certificate(server) != first, "not taken up", 10)
                    send(kept, post(REVIEW))
                    self.assertEqual(Answer(kept).status, 200, "old connections are not disturbed")
                second = self.certificate(server)
                (folder / "tls.key").write_text("broken\n")
                error = server.wait_for_log(lambda line: "cannot be reloaded" in line.get("msg", ""))
                self.assertIn("tls.key", error["error"])
                self.assertEqual(self.certificate(server), second, "the last good one stays")
                self.assertIn("cannot be used", server.page("/readyz?verbose").text)
                self.assertEqual(server.page("/readyz").status, 200)
                for result, n in [("ok", 1), ("error", 1)]:
                    self.assertGreaterEqual(
                        server.metric(f'oke_guard_certificate_reload_total{{result="{result}"}}'), n)

    def test_changes_under_load(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            issue(folder)
            with Server(folder=folder) as server:
                server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                server.context.check_hostname, server.context.verify_mode = False, ssl.CERT_NONE
                over, failed = threading.Event(), []

                def connect():
                    while not over.is_set():
                        if server.review(REVIEW).status != 200:
                            failed.append(1)

                threads = [threading.Thread(target=connect) for _ in range(4)]
                for thread in threads:
                    thread.start()
                for _ in range(3):
                    issue(folder)
                    time.sleep(1.1)
                over.set()
                for thread in threads:
                    thread.join(PATIENCE)
                self.assertEqual(failed, [])


class Log(Case):
    def test_finding(self):
        with Server() as server:
            answer = server.review(coredns_json("uid-of-the-finding"))
            self.assertIs(answer.json["response"]["allowed"], False)
            line = server.wait_for_log(lambda line: line.get("msg") == "finding")
            self.assertRegex(line["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            for key, value in [("level", "info"), ("uid", "uid-of-the-finding"),
                               ("user", "ocid1.user.oc1..aaaa"), ("operation", "UPDATE"),
                               ("resource", "configmaps"), ("namespace", "kube-system"),
                               ("name", "coredns"), ("action", "deny"),
                               ("decision", "deny"), ("mode", "enforce"), ("dryRun", False)]:
                self.assertEqual(line[key], value, key)
            self.assertRegex(line["policy"], "^coredns")
            self.assertIn("data.Corefile", line["paths"])
            self.assertGreater(server.metric(
                'oke_guard_reviews_total{operation="UPDATE",decision="deny",dry_run="false"}'), 0)

    def test_allowed_is_silent(self):
        with Server() as server:
            server.review(REVIEW)
            server.stop()
            self.assertNotIn("u-1", server.log_text())
        with Server("--log-level=debug") as server:
            server.review(REVIEW)
            line = server.wait_for_log(lambda line: line.get("msg") == "allowed")
            self.assertEqual(line["uid"], "u-1")

    def test_hostile_names(self):
        """Nothing in a name can end a line or speak to a terminal."""
        user = 'x"},\n{"level":"error"\x1b[2J\u202e\u00e9\ufffd'
        with Server("--log-level=debug") as server:
            server.review(review_json(userInfo={"username": user}))
            line = server.wait_for_log(lambda line: line.get("msg") == "allowed")
            self.assertEqual(line["user"], user)
            server.stop()
            self.assertTrue(all("text" not in line for line in server.lines), server.log_text())

    def test_rate(self):
        """A flood of lines is cut, and how many is said."""
        with Server() as server:
            with server.tls() as s:
                for _ in range(1000):
                    send(s, post(b"{"))
                    self.assertEqual(Answer(s).status, 400)
            line = server.wait_for_log(lambda line: "left out" in line.get("msg", ""))
            self.assertGreater(line["count"], 0)
            told = sum(line.get("status") == 400 for line in server.lines)
            self.assertGreater(told, 100)

    def test_trace(self):
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        with Server("--log-level=debug") as server:
            server.ask(post(REVIEW, "traceparent: " + trace))
            line = server.wait_for_log(lambda line: line.get("msg") == "allowed")
            self.assertEqual(line["traceparent"], trace)


if __name__ == "__main__":
    unittest.main()
