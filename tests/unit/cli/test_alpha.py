# SPDX-License-Identifier: Apache-2.0
"""oke-guard alpha says what policy/catalogue says, and how to ask it right."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
import known  # noqa: E402

PROGRAM = ROOT / os.environ.get("BUILD", "build") / "oke-guard"
FACTS = yaml.load(
    (ROOT / "policy" / "catalogue" / "gates.yaml").read_text(encoding="utf-8"),
    Loader=yaml.CSafeLoader,
)
OLDEST, NEWEST = known.OLDEST_MINOR, known.NEWEST_MINOR
STAGES = ("alpha", "beta", "ga", "deprecated")


def run(*words):
    return subprocess.run(
        [PROGRAM, "alpha", *words], capture_output=True, text=True, timeout=60, check=False
    )


def minor(version):
    return int(str(version).split(".")[1])


def stage_of(gate, at):
    """By the written history alone."""
    if at < minor(gate["from"]) or ("gone" in gate and at >= minor(gate["gone"])):
        return None
    past = [word.split()[1] for word in gate["stages"] if minor(word.split()[0]) <= at]
    return past[-1] if past else None


class Alpha(unittest.TestCase):
    def test_lists_equal_the_facts_in_every_version(self):
        for at in range(OLDEST, NEWEST + 1):
            for stage in STAGES:
                with self.subTest(version=f"1.{at}", stage=stage):
                    r = run("list", "--kubernetes", f"1.{at}", "--stage", stage, "-o", "json")
                    self.assertEqual(r.returncode, 0, r.stderr)
                    listed = {g["name"] for g in json.loads(r.stdout)["gates"]}
                    self.assertEqual(
                        listed,
                        {n for n, g in FACTS["gates"].items() if stage_of(g, at) == stage},
                    )

    def test_each_gate_is_explained(self):
        for name, gate in list(FACTS["gates"].items())[::9]:
            with self.subTest(gate=name):
                r = run("explain", name, "-o", "json")
                self.assertEqual(r.returncode, 0, r.stderr)
                told = next(g for g in json.loads(r.stdout)["gates"] if not g["kubeadm"])
                self.assertEqual(told["name"], name)
                self.assertEqual(
                    [(s["from"], s["stage"]) for s in told["stages"]],
                    [tuple(word.split()[:2]) for word in gate["stages"]],
                )
                self.assertEqual(told["components"], gate.get("components", []))

    def test_kind_shows_its_fields(self):
        r = run("list", "--kubernetes", "1.36", "--kind", "Deployment")
        self.assertIn("spec.template.spec.schedulingGroup", r.stdout)
        self.assertNotIn("hostUsers", r.stdout)
        r = run("list", "--kubernetes", "1.28", "--kind", "Deployment")
        self.assertIn("spec.template.spec.hostUsers", r.stdout)

    def test_field_stands_for_its_gates(self):
        for name in ("hostUsers", "spec.hostUsers"):
            r = run("explain", name, "--kubernetes", "1.28")
            self.assertIn("UserNamespacesSupport\n  In 1.28        alpha", r.stdout)
            self.assertIn("UserNamespacesStatelessPodsSupport", r.stdout)
        r = run("explain", "restartPolicyRules", "--kubernetes", "1.35")
        self.assertIn("In 1.35        beta, on by default", r.stdout)

    def test_newer_version_is_the_newest_with_a_warning(self):
        newest, newer = run("list", "--kubernetes", known.NEWEST), run("list", "--kubernetes", "1.99")
        self.assertEqual(newest.stdout, newer.stdout)
        self.assertIn(f"1.99 is newer than what is known; shown is {known.NEWEST}", newer.stderr)

    def test_the_default_is_the_newest_release(self):
        default = run("list")
        self.assertEqual((default.stdout, default.stderr), (run("list", "--kubernetes", known.RELEASED).stdout, ""))
        self.assertEqual(json.loads(run("list", "-o", "json").stdout)["kubernetes"], known.RELEASED)

    def test_a_pre_release_is_said_to_be_one(self):
        said = f"warning: {known.NEWEST} is known as of {known.PRELIMINARY} only\n" if known.PRELIMINARY else ""
        self.assertEqual(run("list", "--kubernetes", known.NEWEST).stderr, said)

    def test_mistakes_are_told(self):
        rows = (
            (("explain", "ContainerStopSignal"), "did you mean 'ContainerStopSignals'?"),
            (("explain", "hostUser"), "did you mean 'hostUsers'?"),
            (("explain",), "name one gate or field"),
            (("explain", "qqqqqqqqqqqqqqqq"), "oke-guard alpha list shows them"),
            (("list", "--kind", "Podd"), "did you mean 'Pod'?"),
            (("list", "--kubernetes", "latest"), "'latest' is no version; write 1.36"),
            (("list", "--stage", "alhpa"), "alpha"),
            (("list", "Pod"), "one word too many"),
            (("lits",), "did you mean 'list'?"),
        )
        for words, told in rows:
            with self.subTest(words=words):
                r = run(*words)
                self.assertEqual(r.returncode, 2)
                self.assertEqual(r.stdout, "")
                self.assertIn(told, r.stderr)
                self.assertEqual(len(r.stderr.splitlines()), 1)

    def test_help_teaches(self):
        for words in (("--help",), ("list", "--help"), ("explain", "--help")):
            r = run(*words)
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            self.assertIn("Usage: oke-guard alpha", r.stdout)


if __name__ == "__main__":
    unittest.main()
