# SPDX-License-Identifier: Apache-2.0
"""Bad input, and input that is merely unusual: each gets its answer, and nobody else suffers."""
import json
import time
import unittest

from harness import Answer, Case, MIB, Server, post, receive, review_json, send

REVIEW = review_json()
LIMIT, MOST = 8 * MIB, 32 * MIB


def envelope(**members):
    whole = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
             "request": json.loads(REVIEW)["request"]}
    whole.update(members)
    return json.dumps(whole).encode()


def deep(n):
    return REVIEW.replace(b'"object": {', b'"object": {"deep": ' + b"[" * n + b"]" * n + b", ", 1)


def without(name):
    request = json.loads(REVIEW)["request"]
    del request[name]
    return envelope(request=request)


# What is sent, and the status that comes back. Each error is one line of JSON.
ROWS = [
    ("a review", post(REVIEW), 200),
    ("no query", post(REVIEW, path="/validate"), 200),
    ("the policies about components", post(REVIEW, path="/validate/support?timeout=2s"), 200),
    ("the policies about features", post(REVIEW, path="/validate/alpha"), 200),
    ("a parameter of the type", post(REVIEW, kind="application/json; charset=utf-8"), 200),
    ("a type in capitals", post(REVIEW, kind="Application/JSON"), 200),
    ("white space around", post(b"\n " + REVIEW + b" \n"), 200),
    ("v1beta1", post(envelope(apiVersion="admission.k8s.io/v1beta1")), 200),
    ("members nobody knows", post(envelope(extra=[1, 2])), 200),

    ("no JSON", post(b"hello"), 400),
    ("half a JSON", post(REVIEW[:-10]), 400),
    ("two values", post(REVIEW + b"{}"), 400),
    ("not an object", post(b"[]"), 400),
    ("null", post(b"null"), 400),
    ("no UTF-8", post(REVIEW.replace(b'"web"', b'"w\xff"')), 400),
    ("a byte order mark", post(b"\xef\xbb\xbf" + REVIEW), 400),
    ("nothing but NUL", post(b"\0" * 100), 400),
    ("an empty body", post(b""), 400),
    ("a null request", post(envelope(request=None)), 400),
    ("no request", post(b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}'), 400),
    ("a request that is a list", post(envelope(request=[])), 400),
    ("no uid", post(without("uid")), 400),
    ("an empty uid", post(review_json("")), 400),
    ("a uid that is a number", post(review_json(7)), 400),
    ("no operation", post(without("operation")), 400),
    ("an unknown operation", post(review_json(operation="PATCH")), 400),
    ("an unknown apiVersion", post(envelope(apiVersion="admission.k8s.io/v9")), 400),
    ("another kind", post(envelope(kind="ConversionReview")), 400),
    ("userInfo that is text", post(review_json(userInfo="root")), 400),
    ("deep nesting of the envelope", post(b'{"a":' * 5000 + b"1" + b"}" * 5000), 400),
    ("deep nesting, never closed", post(b"[" * MIB), 400),

    ("another type", post(REVIEW, kind="text/plain"), 415),
    ("a type that only begins so", post(REVIEW, kind="application/jsonx"), 415),
    ("no type", post(REVIEW, kind=None), 415),
    ("two types", post(REVIEW, "Content-Type: text/plain"), 415),
    ("compressed", post(REVIEW, "Content-Encoding: gzip"), 415),
    ("another path", post(REVIEW, path="/mutate"), 404),
    ("the root", post(REVIEW, path="/"), 404),
    ("a path below", post(REVIEW, path="/validate/"), 404),
    ("a part that nobody knows", post(REVIEW, path="/validate/beta"), 404),
    ("below a part", post(REVIEW, path="/validate/alpha/"), 404),
    ("a page of the other port", post(REVIEW, path="/metrics"), 404),
    ("a GET", post(b"", method="GET", length=False), 405),
    ("a PUT", post(REVIEW, method="PUT"), 405),
    ("a DELETE", post(b"", method="DELETE", length=False), 405),
    ("a method nobody knows", post(REVIEW, method="GUARD"), 405),
    ("no length", post(b"", length=False), 411),
    ("no length, with a body", post(REVIEW, length=False), 411),
    ("chunked", post(b"5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False), 411),
    ("an unknown encoding", post(REVIEW, "Transfer-Encoding: soup", length=False), 411),
    ("over the limit, not sent", post(b"", length=MOST + 1), 413),
    ("far over the limit", post(b"", length=10**15), 413),
    ("over the limit, asking first", post(b"", "Expect: 100-continue", length=MOST + 1), 413),
    ("more than is read, and no review", post(b" " * (LIMIT + 1)), 413),
    ("at the limit", post(b" " * (LIMIT - len(REVIEW)) + REVIEW), 200),

    ("two lengths", post(REVIEW, f"Content-Length: {len(REVIEW)}"), 400),
    ("two lengths that differ", post(REVIEW, "Content-Length: 3"), 400),
    ("a length and chunked", post(REVIEW, "Transfer-Encoding: chunked"), 400),
    ("two hosts", post(REVIEW, "Host: other"), 400),
    ("no host", post(REVIEW).replace(b"Host:", b"X-Host:"), 400),
    ("a name with a space", post(REVIEW, "X y: 1"), 400),
    ("a control character", post(REVIEW, "X: a\x01b"), 400),
]

# libmicrohttpd 1.0 refuses these itself, by 400 and in its own words, and ends the connection.
LIBRARY_MAY = {"no host", "a name with a space", "an unknown encoding"}

# Here the HTTP library answers before we are asked: a 4xx that is not JSON, or the end.
LIBRARY_ROWS = [
    ("a length that is no number", post(REVIEW, length="ten")),
    ("a negative length", post(REVIEW, length="-1")),
    ("a length beyond 64 bits", post(REVIEW, length="9" * 30)),
    ("a header without a colon", post(REVIEW, "hello")),
    ("a flood of headers", post(REVIEW, *[f"X-{i}: {'y' * 100}" for i in range(1000)])),
    ("one endless header", post(REVIEW, "X: " + "y" * 200000)),
    ("an endless path", post(REVIEW, path="/" + "x" * 200000)),
    ("no HTTP", b"hello\r\n\r\n"),
    ("a version nobody knows", post(REVIEW, version="HTTP/7.9")),
    ("bytes", bytes(range(256)) * 50),
]


class BadInput(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def check_error(self, answer):
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(answer.body.count(b"\n"), 1)
        self.assertTrue(answer.body.endswith(b"\n"))
        self.assertEqual(answer.json["code"], answer.status)

    def test_rows(self):
        for name, raw, status in ROWS:
            with self.subTest(name):
                answer = self.server.ask(raw)
                if name in LIBRARY_MAY and answer.headers.get("content-type") != "application/json":
                    self.assertEqual((answer.status, answer.headers["connection"].lower()), (400, "close"), answer.body)
                    continue
                self.assertEqual(answer.status, status, answer.body)
                if status == 200:
                    self.assertEqual(answer.json["response"], {"uid": "u-1", "allowed": True})
                else:
                    self.check_error(answer)
                if status == 405:
                    self.assertEqual(answer.headers["allow"], "POST")

    def test_library_rows(self):
        for name, raw in LIBRARY_ROWS:
            with self.subTest(name):
                answer = self.server.ask(raw)
                self.assertIn(answer.status, [0, 400, 413, 414, 431, 505], answer.body)
                self.assertEqual(self.server.review(REVIEW).status, 200)

    def test_flood_of_headers_is_431(self):
        answer = self.server.ask(LIBRARY_ROWS[4][1])
        self.assertIn(answer.status, [413, 431])

    def test_object_of_the_wrong_type(self):
        """Not guarded: never noticed. Guarded, and a customer's: refused. Both are answers."""
        for wrong in ["text", 7, [], True]:
            with self.subTest(repr(wrong)):
                answer = self.server.review(review_json(object=wrong))
                self.assertIn(answer.status, [200, 400])
                if answer.status == 200:
                    self.assertEqual(answer.json["response"]["uid"], "u-1")
                else:
                    self.check_error(answer)

    def test_deep_object(self):
        for n in [100, 1000, 100000]:
            with self.subTest(n):
                answer = self.server.review(deep(n))
                self.assertIn(answer.status, [200, 400])

    def test_refused_connection_lives_on(self):
        """The body of what is refused was read: the same connection serves the next request."""
        with self.server.tls() as s:
            for raw, status in [(post(REVIEW, path="/x"), 404), (post(REVIEW), 200),
                                (post(REVIEW, kind="text/plain"), 415), (post(b"{"), 400),
                                (post(REVIEW, method="PUT"), 405), (post(REVIEW), 200)]:
                send(s, raw)
                self.assertEqual(Answer(s).status, status)

    def test_unsound_length_ends_the_connection(self):
        """Nobody knows where the next request would begin."""
        for raw in [post(REVIEW, "Content-Length: 3"), post(REVIEW, length=False),
                    post(REVIEW, "Transfer-Encoding: chunked")]:
            with self.server.tls() as s:
                send(s, raw + post(REVIEW))
                answer = Answer(s)
                self.assertEqual(answer.headers["connection"].lower(), "close")
                self.assertEqual(answer.rest + receive(s), b"")

    def test_truncated_body(self):
        """Whoever goes away in the middle gets nothing, and leaves nothing behind."""
        for part in [0, 1, len(REVIEW) - 1]:
            with self.server.tls() as s:
                send(s, post(REVIEW[:part], length=len(REVIEW)))
        self.wait_until(lambda: self.server.metric("oke_guard_body_bytes") == 0, "a body is held")
        self.assertEqual(self.server.review(REVIEW).status, 200)

    def test_half_closed(self):
        """The whole request, then the end of sending: it is answered all the same."""
        with self.server.tcp() as raw:
            s = self.server.context.wrap_socket(raw, server_hostname="127.0.0.1")
            send(s, post(REVIEW, "Connection: close"))
            self.assertEqual(Answer(s).status, 200)
            s.close()

    def test_http_1_0(self):
        with self.server.tls() as s:
            send(s, post(REVIEW, version="HTTP/1.0"))
            answer = Answer(s)
            self.assertEqual(answer.status, 200)
            self.assertEqual(receive(s), b"", "HTTP/1.0 ends the connection")
        with self.server.tls() as s:
            for _ in range(2):
                send(s, post(REVIEW, "Connection: keep-alive", version="HTTP/1.0"))
                self.assertEqual(Answer(s).status, 200)
        no_host = post(REVIEW, version="HTTP/1.0").replace(b"Host:", b"X-Host:")
        self.assertEqual(self.server.ask(no_host).status, 200)

    def test_pipelining(self):
        uids = [f"uid-{i}" for i in range(20)]
        with self.server.tls() as s:
            send(s, b"".join(post(review_json(uid)) for uid in uids))
            buffered, got = b"", []
            for _ in uids:
                answer = Answer(s, buffered)
                got.append(answer.json["response"]["uid"])
                buffered = answer.rest
        self.assertEqual(got, uids)

    def test_expect_100(self):
        with self.server.tls() as s:
            send(s, post(b"", "Expect: 100-continue", length=len(REVIEW)))
            self.assertEqual(Answer(s).status, 100)
            send(s, REVIEW)
            self.assertEqual(Answer(s).status, 200)

    def test_byte_by_byte(self):
        with self.server.tls() as s:
            for byte in post(REVIEW[:40], length=len(REVIEW)):
                send(s, bytes([byte]))
            send(s, REVIEW[40:])
            self.assertEqual(Answer(s).status, 200)

    def test_plain_http_to_the_tls_port(self):
        with self.server.tcp() as s:
            send(s, post(REVIEW))
            self.assertEqual(Answer(s).status, 0)
        self.assertEqual(self.server.review(REVIEW).status, 200)

    def test_no_error_is_ever_a_redirect_or_an_allow(self):
        for name, raw, status in ROWS:
            if status != 200:
                with self.subTest(name):
                    self.assertNotIn(b"allowed", self.server.ask(raw).body)


class Pages(Case):
    def test_pages(self):
        with Server() as server:
            self.assertEqual(server.page("/healthz").text, "ok\n")
            self.assertEqual(server.page("/readyz").text, "ok\n")
            verbose = server.page("/readyz?verbose")
            self.assertEqual(verbose.status, 200)
            self.assertRegex(verbose.text, r"\[\+\] serving\n\[\+\] policies: \d+ policies, \d+ rules, loaded \S+Z\n"
                                           r"\[\+\] certificate: valid until \S+Z\n\[\+\] kubernetes: features are judged by .*\n\[\+\] workers\nok\n")
            status = server.page("/statusz").json
            self.assertEqual(status["mode"], "enforce")
            self.assertGreater(status["policies"], 0)
            self.assertIs(status["draining"], False)

    def test_other_requests(self):
        with Server() as server:
            for raw, status in [
                    (b"GET /validate HTTP/1.1\r\nHost: h\r\n\r\n", 404),
                    (b"POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 405),
                    (b"GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", 400)]:
                with server.tcp(server.health_port) as s:
                    send(s, raw)
                    self.assertEqual(Answer(s).status, status)
            with server.tcp(server.health_port) as s:
                send(s, b"HEAD /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
                self.assertEqual(Answer(s, head_only=True).status, 200)

    def test_metrics(self):
        with Server() as server:
            for raw in [post(REVIEW), post(REVIEW), post(b"{"), post(REVIEW, path="/x"),
                        post(b"", length=MOST + 1)]:
                server.ask(raw)
            for name, value in [
                    ('oke_guard_reviews_total{operation="CREATE",decision="allow",dry_run="false"}', 2),
                    ("oke_guard_review_seconds_count", 2),
                    ('oke_guard_review_seconds_bucket{le="+Inf"}', 2),
                    ('oke_guard_errors_total{reason="malformed"}', 1),
                    ('oke_guard_errors_total{reason="request"}', 1),
                    ('oke_guard_errors_total{reason="too_large"}', 1)]:
                self.assertEqual(server.metric(name), value, name)
            self.assertGreater(server.metric("oke_guard_certificate_expiry_seconds"), 0)
            self.assertGreater(server.metric("oke_guard_certificate_renewal_seconds"), 0)
            self.assertGreater(server.metric("oke_guard_policies_loaded"), 0)
            self.assertLess(abs(time.time() - server.metric("process_start_time_seconds")), 60)
            self.assertGreater(server.metric("process_resident_memory_bytes"), MIB)
            self.assertGreaterEqual(server.metric("process_threads"), 3)


if __name__ == "__main__":
    unittest.main()
