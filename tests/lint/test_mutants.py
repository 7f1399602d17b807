# SPDX-License-Identifier: Apache-2.0
"""tools/mutants: what it changes and what it leaves, and which changes it takes for equivalent."""
import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "mutants"


def load():
    loader = importlib.machinery.SourceFileLoader("mutants", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", loader))
    loader.exec_module(module)
    return module


mutants = load()

# A line of C, and all that may become of it.
LINES = [
    ("return -1;", ["return 0;"]),
    ("return 0;", ["return -1;"]),
    ("return NULL;", []),
    ("return true;", ["return false;"]),
    ("return a == b;", ["return !(a == b);", "return a != b;"]),
    ("if (!a)", ["if (a)"]),
    ("if (a)", ["if (!(a))"]),
    ("if (!a && b)", ["if (!(!a && b))", "if (a && b)", "if (!a || b)"]),
    ("x = a < b;", ["x = a <= b;"]),
    ("x = a - 1;", ["x = a + 1;", "x = a - 0;"]),
    ("x = -1;", ["x = -0;"]),
    ("x = 41u;", ["x = 42u;"]),
    ("x = a << 2;", ["x = a >> 2;", "x = a << 3;"]),
    ("x |= 4;", ["x &= 4;", "x |= 5;"]),
    ("n++;", ["n--;"]),
    ("f(&x, *y);", []),
    ("char buf[64];", []),
    ("static const char *const names[3] = { a };", []),
    ("x = buf[3];", ["x = buf[4];"]),
    ("#define LIMIT 4", []),
    ("/* a < b, 1 + 1 */ x = y; // a == b", []),
    ('puts("1 < 2 && 0");', []),
    ("c = '0';", []),
    ("while (a >= b)", ["while (!(a >= b))", "while (a > b)"]),
]


class Changes(unittest.TestCase):
    def of(self, line):
        return [mutants.Mutant("x.c", line, *change).lines()[1] for change in mutants.single_changes(line)]

    def test_what_is_changed_and_what_is_left(self):
        for line, want in LINES:
            with self.subTest(line=line):
                self.assertEqual(sorted(self.of(line)), sorted(want))

    def test_one_place_at_a_time(self):
        text = "a = 1;\nb = a == 1;\n"
        for change in mutants.single_changes(text):
            after = mutants.Mutant("x.c", text, *change).mutated()
            same = [x == y for x, y in zip(text.splitlines(), after.splitlines())]
            self.assertEqual(same.count(False), 1, after)

    def test_places_are_told_by_line(self):
        text = "a;\n\nif (a)\n"
        self.assertEqual([mutants.Mutant("x.c", text, *c).line for c in mutants.single_changes(text)], [3])


class Equivalents(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "equivalent"
            path.write_text(text, encoding="utf-8")
            return mutants.Equivalents(path)

    def test_a_change_any_change_and_another_file(self):
        known = self.read("# a comment\na.c\n  - n = 1;\n  + n = 0;\n  why it is set again\n  - m = 1;\n  + *\n  why nobody reads it\n")
        self.assertIn(mutants.Mutant("a.c", "\tn = 1;", 5, 1, "0"), known)
        self.assertIn(mutants.Mutant("a.c", "m = 1;", 4, 1, "7"), known)
        self.assertNotIn(mutants.Mutant("a.c", "n = 1;", 4, 1, "7"), known)
        self.assertNotIn(mutants.Mutant("b.c", "n = 1;", 4, 1, "0"), known)

    def test_an_entry_needs_a_reason(self):
        for text in ("a.c\n  - n = 1;\n  why because\n", "  - n = 1;\n  + n = 0;\n  why\n"):
            with self.assertRaises(SystemExit):
                self.read(text)

    def test_the_list_in_the_tree_is_of_places_that_are_there(self):
        for file, before, _ in mutants.Equivalents(TOOL.parent / "mutants.equivalent").known:
            lines = [" ".join(line.split()) for line in (TOOL.parents[1] / file).read_text(encoding="utf-8").splitlines()]
            self.assertIn(before, lines, file)


class Order(unittest.TestCase):
    def test_names_in_braces_and_folders_that_stand_once(self):
        self.assertEqual(mutants.Tests.unfolded("a/{b,c}.c"), ["a/b.c", "a/c.c"])
        found = mutants.Tests.tests_in(TOOL.parents[1], "`tests/lint/test_layers.py`, `test_mutants.py`, `gone.py`")
        self.assertEqual(found, ["tests/lint/test_layers.py", "tests/lint/test_mutants.py"])

    def test_a_seed_draws_the_same_again(self):
        class Args:
            files, seed, changed_first = ["lib/json"], 5, False

        first = [str(m) for m in mutants.drawn(Args)[0][:20]]
        self.assertEqual(first, [str(m) for m in mutants.drawn(Args)[0][:20]])
        Args.seed = 6
        self.assertNotEqual(first, [str(m) for m in mutants.drawn(Args)[0][:20]])


if __name__ == "__main__":
    unittest.main()
