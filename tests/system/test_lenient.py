# SPDX-License-Identifier: Apache-2.0
"""A server that starts serves what is sound; what is not is left out, loudly, and --strict ends instead."""
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from harness import Case, SANITIZED, Server, coredns_json, review_json

NOW = time.time()


def stamp(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW + days * 86400))


def document(kind, name, spec):
    return f"apiVersion: oke-guard.internal/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}\n"


def config(spec):
    return document("GuardConfig", "default", spec)


def policy(name, sentence, more=""):
    return document("SupportPolicy", name, f"""  title: {name}
{more}  objects: [{{group: "", resource: pods, namespace: shop, names: [{name}]}}]
  rules: [{{name: created, operations: [CREATE], tier: unsupported, message: "{sentence}"}}]""")


def exception(expires=1):
    lines = {"rules": "[coredns-configmap/corefile]",
             "objects": '[{group: "", resource: configmaps, namespace: kube-system, names: [coredns]}]',
             "identities": "{users: [ocid1.user.oc1..aaaa]}", "ticket": "SR 1", "approvedBy": "me", "reason": "a test",
             "notBefore": f'"{stamp(-1)}"'}
    if expires is not None:
        lines["expires"] = f'"{stamp(expires)}"'

    return document("SupportException", "e1", "\n".join(f"  {k}: {v}" for k, v in lines.items()))


class Lenient(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="oke-guard-lenient-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name, "policies")
        self.folder.mkdir()
        self.config = pathlib.Path(folder.name, "guard.yaml")

    def options(self, guard=None, **files):
        for name, text in files.items():
            (self.folder / f"{name}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        if guard is None:
            return [f"--policy={self.folder}"]
        self.config.write_text(guard)
        return [f"--policy={self.folder}", f"--config={self.config}"]

    def serve(self, *options, **more):
        return Server(*options, **more)

    def decision(self, server, review=None):
        response = server.review(review or coredns_json()).json["response"]
        if not response["allowed"]:
            return "deny"
        return "warn" if response.get("warnings") else "allow"

    def shop(self, server, name):
        return server.review(review_json(name=name)).json["response"]

    def left_out(self, server, n=1):
        """What /statusz lists; said everywhere else, too."""
        left = server.page("/statusz").json["leftOut"]
        self.assertEqual(len(left), n, left)
        self.assertEqual(server.metric("oke_guard_left_out"), n)
        self.assertEqual(server.metric("oke_guard_policies_stale"), 1)
        ready = server.page("/readyz?verbose")
        self.assertEqual(ready.status, 200)
        self.assertIn(f"; {n} unsound part{' is' if n == 1 else 's are'} left out "
                      f"(/statusz lists {'it' if n == 1 else 'them'}): ", ready.text)
        told = [line for line in server.lines if line.get("msg") == "left out"]
        self.assertEqual([line["error"] for line in told], [entry["why"] for entry in left])
        server.wait_for_log(lambda line: line.get("msg") == "what is unsound in the files is left out")
        return left

    def check(self, options, what, line, decision="deny", why=None):
        with self.serve(*options) as server:
            (left,) = self.left_out(server)
            self.assertIn(what, left["what"])
            self.assertEqual(left.get("line"), line, left)
            self.assertIn(left["file"], (str(self.config), *map(str, self.folder.iterdir())))
            if why:
                self.assertIn(why, left["why"])
            self.assertEqual(self.decision(server), decision)
        done = subprocess.run([*server.command, "--strict"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2, "serve --strict ends as it always did")
        self.assertIn("oke-guard serve: " + left["why"].split(" ")[0], done.stderr)

    # ---- one unit each ----

    def test_an_exception_without_its_end_permits_nothing(self):
        self.check(self.options(e=exception(None)), 'SupportException "e1"', 5, why='needs "expires"')

    def test_an_exception_that_ends_before_it_begins(self):
        self.check(self.options(e=exception(-2)), 'SupportException "e1"', 3)

    def test_an_override_of_a_rule_that_is_not_there(self):
        self.check(self.options(config("  mode: enforce\n  overrides: [{rule: coredns/nosuch, action: warn, reason: x}]")),
                   "the override of coredns/nosuch", 6)

    def test_an_override_that_is_no_override(self):
        self.check(self.options(config("  overrides:\n  - {rule: coredns, action: warn, reason: x}\n"
                                       "  - {rule: alpha/fields, action: deny}")), "GuardConfig", 6)

    def test_a_fact(self):
        self.check(self.options(config("  cluster: {addons: {KubernetesMetricsServer: {managed: \"True\"}}}")),
                   "GuardConfig", 5, why='must be "true" or "false"')

    def test_an_unknown_key(self):
        self.check(self.options(config("  mode: enforce\n  overides: []")), "GuardConfig", 6, why="did you mean")

    def test_fail_closed_of_nothing(self):
        self.check(self.options(config("  failClosed: [coredns/nosuch]")), "failClosed of coredns/nosuch", 5)

    def test_a_document_that_is_no_yaml(self):
        """Those before and behind it are in force."""
        text = policy("before", "before it") + "---\nkind: SupportPolicy\n  spec: [\n---\n" + policy("behind", "behind it")
        options = self.options(p=text)
        self.check(options, "SupportPolicy", 10)
        with self.serve(*options) as server:
            for name in ("before", "behind"):
                self.assertIn(name + " it", self.shop(server, name)["status"]["message"])

    def test_a_file_with_a_byte_order_mark(self):
        self.check(self.options(p=b"\xef\xbb\xbf" + policy("own", "x").encode()), "SupportPolicy", 1, why="(BOM)")

    def test_a_policy_of_another_version(self):
        self.check(self.options(p=policy("own", "x").replace("/v1", "/v9")), 'SupportPolicy "own"', 1)

    def test_a_policy_with_a_name_twice(self):
        self.check(self.options(a=policy("own", "first"), b=policy("own", "second")), 'SupportPolicy "own"', 3)

    def test_a_rule_that_never_fits_takes_its_policy_along(self):
        text = policy("own", "x").replace("tier:", "identities: [nosuch], tier:")
        self.check(self.options(p=text), 'SupportPolicy "own"', 3, why=":7:11: rule")

    def test_a_folder_that_is_not_there(self):
        with self.serve(f"--policy={self.folder}/nosuch") as server:
            (left,) = self.left_out(server)
            self.assertEqual((left["what"], left["file"]), ("a file", f"{self.folder}/nosuch"))
            self.assertEqual(self.decision(server), "deny")

    # ---- what is left out never makes the rest deny more ----

    def test_a_mode_that_cannot_be_read_is_audit(self):
        for spec in ("  mode: enforec", "  mode: [enforce]", "  mod: warn", "  modes: enforce"):
            with self.subTest(spec):
                self.check(self.options(config(spec)), "GuardConfig", 5, "allow")

    def test_a_configuration_that_cannot_be_read_is_audit(self):
        for text, line in ((config("  mode: [").replace("spec:", "spec: {"), None), ("kind: GuardConfig\n", None),
                           (config("  mode: enforce").replace("spec:", "sepc:"), None), ("", None), (None, None)):
            with self.subTest(text):
                options = self.options(text or "")
                if text is None:
                    self.config.unlink()
                with self.serve(*options) as server:
                    self.assertGreaterEqual(len(server.page("/statusz").json["leftOut"]), 1)
                    self.assertEqual(server.page("/statusz").json["mode"], "audit")
                    self.assertEqual(self.decision(server), "allow")

    def test_who_is_exempt_cannot_be_read(self):
        self.check(self.options(config("  identities: {exempt: {usrs: [\"ocid1.user.*\"]}}")), "GuardConfig", 5, "warn")

    def test_the_rest_of_the_configuration_stays(self):
        """Mode, identities and guardAdmins that can be read, whatever is wrong beside them."""
        options = self.options(config(
            "  mode: warn\n  overrides: [{rule: nosuch/x, action: deny}]\n  identities:\n"
            "    exempt: {users: [\"acme:robot\"]}\n"
            "    sets: {guardAdmins: {groups: [platform-team, system:authenticated]}}\n"))
        with self.serve(*options) as server:
            left = self.left_out(server, 2)
            self.assertIn("means everybody", left[0]["why"])
            self.assertEqual(server.page("/statusz").json["mode"], "warn")
            self.assertEqual(self.decision(server), "warn")
            robot = coredns_json().replace(b"ocid1.user.oc1..aaaa", b"acme:robot")
            self.assertEqual(self.decision(server, robot), "allow")

    def test_a_built_in_policy_whose_replacement_is_unsound_warns_at_most(self):
        body = """  title: mine
  replaces: coredns-configmap
  {}objects: [{{group: "", resource: configmaps, namespace: kube-system, names: [coredns]}}]
  rules: [{{name: any, operations: [UPDATE], tier: supported}}]"""
        allowed = config("  mode: enforce\n  replaceable: [coredns-configmap]")
        for text, guard in ((body.format(""), allowed),
                            (body.format("reason: a test\n  ").replace("tier: supported", "tier: suported"), allowed),
                            (body.format("reason: a test\n  ").replace("objects: [", "objects: ]"), allowed),
                            (body.format("reason: a test\n  "), config("  mode: enforce"))):
            with self.subTest(text):
                with self.serve(*self.options(guard, p=document("SupportPolicy", "mine", text))) as server:
                    self.left_out(server)
                    self.assertEqual(self.decision(server), "warn")
                    self.assertEqual(server.page("/statusz").json["replaced"], [])
        with self.serve(*self.options(allowed, p=document("SupportPolicy", "mine",
                                                          body.format("reason: a test\n  ")))) as server:
            self.assertEqual(self.decision(server), "allow")
            (replaced,) = server.page("/statusz").json["replaced"]
            self.assertEqual((replaced["policy"], replaced["replaces"], replaced["reason"]),
                             ("mine", "coredns-configmap", "a test"))
            self.assertEqual(server.metric("oke_guard_replaced_policies"), 1)
            self.assertEqual(server.metric("oke_guard_left_out"), 0)

    def test_what_needs_what_is_left_out_goes_too(self):
        options = self.options(config("  overrides: [{rule: own/created, action: audit}]"),
                               p=policy("own", "x").replace("tier:", "teir:"))
        with self.serve(*options) as server:
            left = self.left_out(server, 2)
            self.assertEqual([entry["what"] for entry in left], ['SupportPolicy "own"', "the override of own/created"])
            self.assertEqual(self.decision(server), "deny")

    # ---- while it serves ----

    def test_a_change_that_is_mended_in_time_leaves_nothing_out(self):
        with self.serve(*self.options(p=policy("own", "first"))) as server:
            (self.folder / "p.yaml").write_text(policy("own", "x").replace("title", "titel"))
            self.wait_until(lambda: server.metric("oke_guard_policies_stale") == 1, "not seen")
            self.assertEqual(server.metric("oke_guard_left_out"), 0)
            self.assertIn("first", self.shop(server, "own")["status"]["message"])
            (self.folder / "p.yaml").write_text(policy("own", "second"))
            self.wait_until(lambda: server.metric("oke_guard_policies_stale") == 0, "not mended")
            self.assertIn("second", self.shop(server, "own")["status"]["message"])

    def test_after_two_minutes_what_is_sound_is_in_force(self):
        """The monotonic clock is turned, so that nobody waits for them; not where a sanitizer has to be the first library."""
        if SANITIZED:
            return
        clock = self.folder.parent / "clock"
        clock.write_text("0")
        source, library = self.folder.parent / "clock.c", self.folder.parent / "clock.so"
        source.write_text(CLOCK)
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", library, source], check=True)
        options = self.options(config("  mode: enforce"), a=policy("own", "first"))
        with self.serve(*options, env={"LD_PRELOAD": str(library), "CLOCK": str(clock)}) as server:
            (self.folder / "a.yaml").write_text(policy("own", "second"))
            (self.folder / "b.yaml").write_text(exception(None))
            self.wait_until(lambda: server.metric("oke_guard_policies_stale") == 1, "not seen")
            clock.write_text("100")
            time.sleep(2.5)
            self.assertIn("first", self.shop(server, "own")["status"]["message"], "not before two minutes are over")
            clock.write_text("125")
            self.wait_until(lambda: server.metric("oke_guard_left_out") == 1, "nothing is left out")
            self.assertIn("second", self.shop(server, "own")["status"]["message"])
            self.left_out(server)
            (self.folder / "b.yaml").write_text(exception())
            self.wait_until(lambda: server.metric("oke_guard_policies_stale") == 0, "not mended")
            self.assertEqual(self.decision(server), "warn", "the exception is in force")


CLOCK = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The clocks that nobody sets, later by as many seconds as the file $CLOCK says. */
int clock_gettime(clockid_t clock, struct timespec *t)
{
	int status = (int)syscall(SYS_clock_gettime, clock, t), fd;
	char text[16] = "";

	if ((clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME) || (fd = open(getenv("CLOCK"), O_RDONLY | O_CLOEXEC)) < 0)
		return status;
	if (read(fd, text, sizeof text - 1) > 0)
		t->tv_sec += atol(text);
	close(fd);
	return status;
}
"""


if __name__ == "__main__":
    unittest.main()
