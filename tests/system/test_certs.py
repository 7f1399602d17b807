# SPDX-License-Identifier: Apache-2.0
"""oke-guard certs: the real binary, held against OpenSSL's own program."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest

GUARD = os.path.join(os.environ.get("BUILD", "build"), "oke-guard")


def run(*argv, limit=None, restore_signals=True):
    """limit: the most bytes that a file may have; to write more kills with SIGXFSZ,
    or fails, when that signal stays ignored as it is in Python."""
    command = list(argv)
    if limit is not None:
        command = ["prlimit", f"--fsize={limit}", "--"] + command
    return subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        restore_signals=restore_signals,
    )


def guard(*argv, **options):
    return run(GUARD, "certs", *argv, **options)


class Certs(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as f:
            return f.read()

    def all_files(self):
        return {name: self.read(name) for name in ("tls.crt", "tls.key", "ca.crt")}

    def issue(self, *options):
        done = guard("issue", "--dir", self.dir, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def issue_local(self, *options):
        return self.issue("--name", "localhost", "--name", "127.0.0.1", *options)

    def check(self, status, *options):
        done = guard("check", *options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    # ---- issue

    def test_openssl_verifies_what_is_issued(self):
        for algorithm, size in (("p256", "256 bit"), ("p384", "384 bit")):
            self.issue_local("--algorithm", algorithm, "--force")
            done = run(
                "openssl", "verify", "-x509_strict", "-purpose", "sslserver",
                "-verify_hostname", "localhost", "-CAfile", self.path("ca.crt"),
                self.path("tls.crt"),
            )  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            text = run("openssl", "x509", "-noout", "-text", "-in", self.path("tls.crt")).stdout
            self.assertIn(size, text)

    def test_the_certificates_say_what_they_should(self):
        self.issue("--service", "oke-guard", "--namespace", "guard-ns", "--days", "30")
        text = run("openssl", "x509", "-noout", "-text", "-in", self.path("tls.crt")).stdout
        for line in (
            "DNS:oke-guard.guard-ns.svc, DNS:oke-guard.guard-ns.svc.cluster.local",
            "TLS Web Server Authentication",
            "CA:FALSE",
            "Digital Signature\n",
            "X509v3 Subject Key Identifier",
            "X509v3 Authority Key Identifier",
        ):
            self.assertIn(line, text)
        text = run("openssl", "x509", "-noout", "-text", "-in", self.path("ca.crt")).stdout
        for line in ("CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign\n"):
            self.assertIn(line, text)
        end = run("openssl", "x509", "-noout", "-checkend", str(29 * 86400), "-in",
                  self.path("tls.crt"))  # fmt: skip
        self.assertEqual(end.returncode, 0)
        end = run("openssl", "x509", "-noout", "-checkend", str(31 * 86400), "-in",
                  self.path("tls.crt"))  # fmt: skip
        self.assertEqual(end.returncode, 1)

    def test_modes_and_the_ca_key(self):
        self.issue_local()
        self.assertEqual(stat.S_IMODE(os.stat(self.path("tls.key")).st_mode), 0o600)
        self.assertFalse(os.path.exists(self.path("ca.key")))
        self.issue_local("--force", "--keep-ca-key")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("ca.key")).st_mode), 0o600)
        done = guard("issue", "--dir", self.dir, "--name", "localhost", "--force")
        self.assertEqual(done.returncode, 2)
        self.assertIn("ca.key is the key of a CA that was kept", done.stderr)

    def test_a_good_pair_is_left_alone(self):
        self.issue_local()
        before = self.all_files()
        done = guard("issue", "--dir", self.dir, "--name", "localhost")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--if-due renews it when it is time, --force now", done.stderr)
        self.assertIn("kept", self.issue_local("--if-due").stdout)
        self.assertEqual(self.all_files(), before)
        # A name that it does not hold makes it due; so does being forced.
        self.issue("--name", "guard.example", "--if-due")
        self.assertNotEqual(self.all_files(), before)
        before = self.all_files()
        self.issue("--name", "guard.example", "--force")
        self.assertNotEqual(self.all_files(), before)

    def test_what_cannot_be_read_is_not_replaced_unasked(self):
        self.issue_local()
        key = self.path("tls.key")
        os.unlink(key)
        for option in ("--if-due", None):
            done = guard("issue", "--dir", self.dir, "--name", "a", *([option] if option else []))
            self.assertEqual(done.returncode, 2)
            self.assertIn("--force replaces it", done.stderr)
        self.issue_local("--force")
        self.check(0, "--dir", self.dir)

    def test_the_old_pair_survives_a_failing_or_killed_issue(self):
        self.issue_local()
        before = self.all_files()
        failed = guard("issue", "--dir", self.dir, "--name", "localhost", "--force",
                       limit=100, restore_signals=False)  # fmt: skip
        self.assertEqual(failed.returncode, 2)
        self.assertIn("File too large", failed.stderr)
        self.assertEqual(self.all_files(), before)
        killed = guard("issue", "--dir", self.dir, "--name", "localhost", "--force", limit=100)
        self.assertEqual(killed.returncode, -signal.SIGXFSZ)
        self.assertEqual(self.all_files(), before)
        self.check(0, "--dir", self.dir, "--name", "localhost")
        self.issue_local("--force")
        self.assertEqual(len(os.listdir(self.dir)), 5)  # nothing of the killed one is left

    def test_wrong_usage(self):
        for argv, text in (
            (["issue"], "--dir is missing"),
            (["issue", "--dir", self.dir], "name what it serves"),
            (["issue", "--dir", self.dir, "--service", "a"], "--service and --namespace"),
            (["issue", "--dir", self.dir, "--name", "a b"], "neither a DNS name nor"),
            (["issue", "--dir", self.dir, "--name", "a", "--days", "0"], "1 to 3650"),
            (["issue", "--dir", self.dir, "--name", "a", "--algorithm", "rsa"], "p256|p384"),
            (["issue", "--dir", self.path("a/b"), "--name", "a"], "No such file"),
            (["issue", "--dir", self.dir, "--name", "a", "more"], "unexpected 'more'"),
            (["check"], "what to check?"),
            (["check", "--dir", self.dir, "--cert", "x"], "give --dir, or"),
            (["show"], "what to show?"),
            (["shwo"], "did you mean 'show'?"),
            ([], "name a command: issue, check or show"),
        ):
            done = guard(*argv)
            self.assertEqual(done.returncode, 2, argv)
            self.assertIn(text, done.stderr)
            self.assertEqual(done.stdout, "")
        self.assertEqual(os.listdir(self.dir), [])

    # ---- check

    def test_check_says_for_how_long(self):
        self.issue_local("--days", "90")
        text = self.check(0, "--dir", self.dir, "--name", "localhost")
        self.assertRegex(text, r"good until \d{4}-\d\d-\d\dT\S+Z \(90 days\); renewal is due from")

    def test_check_says_what_is_wrong(self):
        self.issue_local()
        other = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, other)
        done = guard("issue", "--dir", other, "--name", "other.example")
        self.assertEqual(done.returncode, 0)
        cert, key = self.path("tls.crt"), self.path("tls.key")
        other_key, other_ca = os.path.join(other, "tls.key"), os.path.join(other, "ca.crt")
        for status, argv, text in (
            (1, ["--cert", cert, "--key", other_key], "does not fit the certificate"),
            (1, ["--cert", cert, "--key", key, "--ca", other_ca], "does not lead to the given CA"),
            (1, ["--dir", self.dir, "--name", "x.example"], "does not hold the name x.example"),
            (2, ["--cert", cert, "--key", cert], "holds no private key"),
            (2, ["--cert", key, "--key", key], "holds no certificate"),
            (2, ["--cert", cert, "--key", self.path("none")], "none: No such file"),
            (2, ["--dir", self.path("none")], "No such file"),
        ):
            self.assertIn(text, self.check(status, *argv))

    def test_check_of_what_openssl_made(self):
        cert, key = self.path("c"), self.path("k")
        for options, status, text in (
            (["-newkey", "rsa:1024"], 1, "RSA 1024"),
            (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"], 0, "good for a.example"),
            (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha1"], 1, "SHA1"),
            (["-newkey", "rsa:2048", "-addext", "extendedKeyUsage=clientAuth"], 1, "serverAuth"),
        ):
            made = run("openssl", "req", "-x509", "-nodes", "-subj", "/CN=a", "-addext",
                       "subjectAltName=DNS:a.example", "-addext",
                       "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", cert,
                       *options)  # fmt: skip
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertIn(text, self.check(status, "--cert", cert, "--key", key))

    def test_no_key_is_printed(self):
        self.issue_local()
        body = "".join(self.read("tls.key").split("\n")[1:-2])
        printed = ""
        for argv in (
            ["check", "--dir", self.dir],
            ["show", "--dir", self.dir],
            ["show", "--dir", self.dir, "-o", "json"],
            ["check", "--cert", self.path("tls.key"), "--key", self.path("tls.crt")],
            ["check", "--cert", self.path("ca.crt"), "--key", self.path("tls.key")],
        ):
            done = guard(*argv)
            printed += done.stdout + done.stderr
        for i in range(40, len(body) - 12):  # before that stands what all keys have in common
            self.assertNotIn(body[i : i + 12], printed)

    # ---- show

    def test_show_as_text_and_as_json(self):
        self.issue_local()
        text = guard("show", "--dir", self.dir)
        self.assertEqual(text.returncode, 0)
        self.assertIn("names        localhost, 127.0.0.1", text.stdout)
        shown = json.loads(guard("show", "--dir", self.dir, "-o", "json").stdout)
        leaf = shown["files"][0]["certificates"][0]
        self.assertEqual(leaf["names"], ["localhost", "127.0.0.1"])
        self.assertEqual(leaf["key"], "EC P-256")
        self.assertEqual([f["certificates"][0]["ca"] for f in shown["files"]], [False, True])
        fingerprint = run("openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in",
                          self.path("tls.crt")).stdout  # fmt: skip
        self.assertTrue(re.search("=" + leaf["sha256"], fingerprint), fingerprint)
        serial = run("openssl", "x509", "-noout", "-serial", "-in", self.path("tls.crt")).stdout
        self.assertEqual(int(serial.split("=")[1], 16), int(leaf["serial"], 16))

    def test_help_shows_examples(self):
        for action in ("issue", "check", "show"):
            done = guard(action, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn(f"oke-guard certs {action} --", done.stdout)
            self.assertIn("Exit status:", done.stdout)


if __name__ == "__main__":
    unittest.main()
