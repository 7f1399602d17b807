# SPDX-License-Identifier: Apache-2.0
"""What the server learns: shown in /statusz, kept over a restart, pasted into a GuardConfig."""
import json
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

from harness import BINARY, Case, Server, coredns_json, review_json, run

MANAGER = {"username": "oke-addon-manager", "groups": ["system:authenticated"]}
SECRET = "hunter2-very-secret"


def by(user, groups=("system:authenticated",), **members):
    """A change of CoreDNS' ConfigMap by somebody."""
    review = json.loads(coredns_json())
    review["request"].update({"userInfo": {"username": user, "groups": list(groups)}}, **members)
    return json.dumps(review).encode()


def show(*arguments, text=None):
    done = subprocess.run([BINARY, "learn", "show", *arguments], input=text, capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


class Learn(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-learn-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.state = self.folder / "state.json"

    def config(self, mode):
        path = self.folder / f"{mode}.yaml"
        path.write_text("apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
                        f"metadata: {{name: default}}\nspec: {{mode: {mode}}}\n")
        return f"--config={path}"

    def rows(self, server):
        return {(r["user"], r["policy"] + "/" + r["rule"]): r for r in server.page("/statusz").json["learned"]["rows"]}

    def lint(self, text):
        path = self.folder / "learned.yaml"
        path.write_text(text)
        return run("policy", "lint", str(path))

    def test_whom_it_remembers(self):
        with Server(self.config("enforce")) as server:
            for _ in range(3):
                self.assertTrue(server.review(by("oke-addon-manager")).json["response"]["allowed"])
            self.assertFalse(server.review(by("ocid1.user.oc1..aaaa")).json["response"]["allowed"])
            server.review(by("system:serviceaccount:kube-system:generic-garbage-collector",
                             ["system:serviceaccounts:kube-system"]))
            server.review(review_json())
            learned = server.page("/statusz").json["learned"]
            self.assertEqual(learned["leftOut"], 0)
            (row,) = learned["rows"]
            self.assertEqual([row[k] for k in ("user", "class", "policy", "kind", "namespace", "name", "count")],
                             ["oke-addon-manager", "unknown", "coredns-configmap", "ConfigMap", "kube-system", "coredns", 3])
            self.assertEqual(set(row), {"user", "class", "policy", "rule", "kind", "namespace", "name", "count",
                                        "first", "last"})
            self.assertEqual(server.metric("oke_guard_learned_rows"), 1)

    def test_everybody_while_nobody_is_denied(self):
        for mode in ("warn", "audit"):
            with Server(self.config(mode)) as server:
                server.review(by("ocid1.user.oc1..aaaa"))
                (row,) = self.rows(server).values()
                self.assertEqual((row["user"], row["class"]), ("ocid1.user.oc1..aaaa", "customer"))

    def test_no_value_is_remembered(self):
        review = by("oke-addon-manager").replace(b"Corefile", SECRET.encode())
        with Server(f"--learn-state={self.state}") as server:
            server.review(review)
            self.assertEqual(len(self.rows(server)), 1)
            self.assertNotIn(SECRET, server.page("/statusz").text)
        self.assertNotIn(SECRET, self.state.read_text())

    def test_survives_a_restart(self):
        option = f"--learn-state={self.state}"
        with Server(option) as server:
            server.review(by("oke-addon-manager"))
        with Server(option) as server:
            (row,) = self.rows(server).values()
            self.assertEqual(row["count"], 1)
            server.review(by("oke-addon-manager"))
            (row,) = self.rows(server).values()
            self.assertEqual(row["count"], 2)

    def test_only_regular_files_are_touched(self):
        """What somebody else needs stays: it is told, nothing is kept, and reviews are judged."""
        target, folder, fifo, device, link = (self.folder / n for n in ("target", "folder", "fifo", "device", "link"))
        target.write_text("not JSON")
        folder.mkdir()
        (folder / "tls.key").write_text("a key")
        os.mkfifo(fifo)
        link.symlink_to(target)
        dangling = self.folder / "dangling"
        dangling.symlink_to("/nonexistent")
        files = [folder, fifo, link, dangling]
        if os.geteuid() == 0:
            os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
            files.append(device)
        for file in files:
            before = os.lstat(file)
            with self.subTest(file.name), Server(self.config("audit"), f"--learn-state={file}") as server:
                server.wait_for_log(
                    lambda line: line.get("msg") == "--learn-state names no regular file; nothing is kept")
                self.assertEqual(server.review(by("oke-addon-manager")).status, 200)
            after = os.lstat(file)
            self.assertEqual((before.st_ino, before.st_mode, before.st_mtime), (after.st_ino, after.st_mode, after.st_mtime))
        self.assertEqual((folder / "tls.key").read_text(), "a key")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir() if p.suffix in (".new", ".broken")), [])

    def test_what_stands_beside_is_not_touched_either(self):
        """FILE.new and FILE.broken, where they are no files of ours; and a FILE that becomes something else."""
        self.state.write_text("not JSON")
        for suffix in (".new", ".broken"):
            os.mkfifo(str(self.state) + suffix)
        with Server(self.config("audit"), f"--learn-state={self.state}") as server:
            server.wait_for_log(lambda line: line.get("msg") == "the learned state cannot be set aside")
            server.review(by("oke-addon-manager"))
        self.assertEqual(self.state.read_text(), "not JSON")
        for suffix in (".new", ".broken"):
            self.assertTrue(stat.S_ISFIFO(os.lstat(str(self.state) + suffix).st_mode))
            os.unlink(str(self.state) + suffix)
        self.state.unlink()
        with Server(self.config("audit"), f"--learn-state={self.state}") as server:
            server.review(by("oke-addon-manager"))
            os.mkfifo(self.state)
        self.assertTrue(stat.S_ISFIFO(os.lstat(self.state).st_mode))

    def test_a_broken_state_is_set_aside(self):
        self.state.write_text('{"learned":{"leftOut":0,"rows":[{"user":"x"')
        with Server(f"--learn-state={self.state}") as server:
            line = server.wait_for_log(lambda line: "set aside" in line.get("msg", ""))
            self.assertIn("byte", line["error"])
            server.review(by("oke-addon-manager"))
        self.assertTrue((self.folder / "state.json.broken").exists())
        self.assertEqual(show(str(self.state))[0], 0)

    def test_what_is_shown_can_be_pasted(self):
        users = ["oke-addon-manager", 'quo"ted \\ name', "system:serviceaccount:kube-system:oke-addon",
                 "ocid1.user.oc1..aaaa", "system:serviceaccount:argocd:argocd-server", "system:masters",
                 "star*", "caf\u00e9\u202e: x #", "jo@example.com"]
        with Server(self.config("warn")) as server:
            for user in users:
                groups = ["system:serviceaccounts:" + user.split(":")[2]] if user.count(":") == 3 else []
                server.review(by(user, groups))
            self.assertTrue(server.page("/statusz").text.endswith("}\n"), "a document a line")
            status, text, _ = show("-", text=server.page("/statusz").text)
            self.assertEqual(status, 0)
            done = self.lint(text)
            self.assertEqual(done[0], 0, done)
            block = text[text.index("\nspec:"):]
            for user in ("oke-addon-manager", 'quo\\"ted \\\\ name', "kube-system/oke-addon"):
                self.assertIn(user, block)
            for user in ("ocid1.user", "argocd", "masters", "star", "caf", "jo@"):
                self.assertIn(user, text)
                self.assertNotIn(user, block)
            self.assertTrue(text.isascii())
            # And it works: whoever was pasted is exempt then, a customer still is denied.
            enforced = self.folder / "learned.yaml"
            with Server(f"--config={enforced}") as after:
                for user in users[:3]:
                    groups = ["system:serviceaccounts:kube-system"] if ":" in user else []
                    answer = after.review(by(user, groups)).json["response"]
                    self.assertNotIn("warnings", answer, user)
                self.assertFalse(after.review(by(users[3])).json["response"]["allowed"])
                self.assertEqual(self.rows(after), {})

    def test_several_are_merged(self):
        documents = []
        for _ in range(2):
            with Server() as server:
                server.review(by("oke-addon-manager"))
                documents.append(server.page("/statusz").text)
        status, text, _ = show("-", text=documents[0] + "\n" + json.dumps(json.loads(documents[1]), indent=1))
        self.assertEqual(status, 0)
        self.assertIn("1 rows from 2 documents", text)
        status, text, _ = show("-o", "json", "-", text="\n".join(documents))
        merged = json.loads(text)
        self.assertEqual(merged["learned"]["rows"][0]["count"], 2)
        self.assertEqual(merged["identities"], {"exempt": {"users": ["oke-addon-manager"], "serviceAccounts": []}})
        self.assertEqual(merged["notLightly"], [])
        again = show("-o", "json", "-", text=text)
        self.assertEqual(json.loads(again[1]), merged)

    def test_nothing_learned_is_sound_too(self):
        status, text, _ = show("-", text='{"learned":{"leftOut":0,"rows":[]}}')
        self.assertEqual((status, self.lint(text)[0]), (0, 0))

    def test_a_document_of_the_agents(self):
        rows = '"learned":{"leftOut":3,"rows":[]}'
        heard = '{"pod":"oke-guard-a","address":"10.0.0.4"}'
        status, text, error = show("-", text='{"asked":"2026-11-30T00:00:00Z","servers":[%s],%s}' % (heard, rows))
        self.assertEqual((status, error), (0, ""))
        self.assertIn("0 rows from 1 document (1 of 1 servers); 3 events did not fit", text)
        unheard = '{"pod":"oke-guard-b","address":"10.0.0.5","error":"Timeout \\u001b[31m"}'
        for output in ("text", "json"):
            status, text, error = show("-o", output, "-", text='{"servers":[%s,%s,7,{}],%s}' % (heard, unheard, rows))
            self.assertEqual(status, 0)
            self.assertEqual(error, "oke-guard learn show: server oke-guard-b (10.0.0.5): Timeout \\x1b[31m; what it has learned "
                                    "is missing\n")
        status, text, error = show("-", text='{"asked":"2026-11-30T00:00:00Z","error":"HTTP 403: no rights"}')
        self.assertEqual((status, text), (2, ""))
        self.assertIn("the agent could not ask the servers: HTTP 403: no rights", error)

    def test_usage(self):
        for arguments, text, says in [([], None, "name a file"), (["-"], "", "is empty"), (["-"], "{}", "learned"),
                                      (["/nonexistent"], None, "No such file"), ([str(self.folder)], None, "no regular")]:
            status, out, err = show(*arguments, text=text)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertIn(says, err)
            self.assertEqual(err.count("\n"), 1)
        self.assertIn("kubectl get --raw", run("learn", "show", "--help")[1])


if __name__ == "__main__":
    unittest.main()
