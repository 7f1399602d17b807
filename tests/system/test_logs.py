# SPDX-License-Identifier: Apache-2.0
"""The log: each key and each event is documented, a line tells no value."""
import re
import unittest

from harness import Case, ROOT, Server, coredns_json, post, review_json

DOCUMENT = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
SECRET = "hunter2-very-secret"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def table(head):
    """The names in the first column of the table that begins so."""
    rows = DOCUMENT.split("\n" + head)[1].split("\n\n")[0]
    return {name for row in re.findall(r"^\| ([^|]*`) \|", rows, re.MULTILINE) for name in re.findall("`([^`]*)`", row)}


KEYS, EVENTS = table("| key |"), table("| `msg` | level |")


class Log(Case):
    def test_the_source_says_nothing_else(self):
        source = "".join(path.read_text() for folder in ("webhook", "lib/serve", "policy/follow", "cli")
                         for path in (ROOT / folder).glob("*.c"))
        keys = set(re.findall(r"log_(?:str|text|number|bool)\(\w*&?\w*, (?:\w+ \? )?\"(\w+)\"", source))
        keys |= set(re.findall(r"log_text\(&l, \w+ \? \"\w+\" : \"(\w+)\"", source))
        self.assertEqual(keys | {"ts", "cut"}, KEYS)
        events = re.findall(r"log_begin(?:_limited)?\([^\"();]*\"([^\"]+)\"\)", source)
        events += re.findall(r"log_review\([^\"();]*\"([^\"]+)\"", source) + re.findall(r"learn_keep_\w+\(k, \"([^\"]+)\"", source)
        events += re.findall(r"log_review\([^;]*\? \"[^\"]+\"\s*: \"([^\"]+)\"", source)
        events += re.findall(r"\.(?:subject|reloaded|failed) = \"([^\"]+)\"", source)
        self.assertEqual(set(events), EVENTS)

    def test_lines(self):
        review = coredns_json("uid-7").replace(b'"Corefile": "new"', b'"Corefile": "password=%s"' % SECRET.encode())
        self.assertIn(SECRET.encode(), review)
        with Server("--log-level=debug") as server:
            server.ask(post(review, "traceparent: " + TRACE))
            server.ask(post(review_json(), "traceparent: 00-" + "0" * 32 + "-b7ad6b7169203331-01"))
            server.review(b"{")
            finding = server.wait_for_log(lambda line: line.get("msg") == "finding")
            allowed = server.wait_for_log(lambda line: line.get("msg") == "allowed")
            server.wait_for_log(lambda line: line.get("msg") == "a request was no review")
        self.assertEqual((finding["uid"], finding["traceparent"], finding["decision"]), ("uid-7", TRACE, "deny"))
        self.assertNotIn("traceparent", allowed, "a trace of zeros is none")
        self.assertNotIn(SECRET, server.log_text())
        for line in server.lines[:-1]:
            self.assertLessEqual(set(line), KEYS, line)
            self.assertIn(line["msg"], EVENTS)
            self.assertRegex(line["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_level(self):
        """Of what a request causes: a denial is told at info, not at error."""
        with Server("--log-level=info") as server:
            server.review(review_json())
            server.review(coredns_json())
            server.wait_for_log(lambda line: line.get("msg") == "finding")
            self.assertNotIn("allowed", {line.get("msg") for line in server.lines})

    def test_what_is_suppressed_is_counted(self):
        with Server() as server:
            with server.tls() as s:
                s.sendall(post(b"{") * 1500)
                while server.metric("oke_guard_log_suppressed_total") == 0:
                    s.recv(65536)
            line = server.wait_for_log(lambda line: line.get("msg") == "log lines were left out")
            self.assertGreater(line["count"], 0)


if __name__ == "__main__":
    unittest.main()
