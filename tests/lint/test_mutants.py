# SPDX-License-Identifier: Apache-2.0
"""tools/mutants: what it changes and what it leaves, which changes it takes for equivalent, and a project of two functions that it judges."""
import importlib.machinery
import importlib.util
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
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
    ("if (fd < 0)", ["if (!(fd < 0))"]),
    ("if (n < 0)", ["if (!(n < 0))", "if (n <= 0)", "if (n < 1)"]),
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
        for text in ("a.c\n  - n = 1;\n  why because\n", "  - n = 1;\n  + n = 0;\n  why\n", "a.c\n  - n = 1;\n  + n = 0;\n",
                     "a.c\n  - n = 1;\n  + n = 0;\n  - m = 1;\n  + m = 0;\n  why nobody reads it\n"):
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


MAKEFILE = """
all: build/oke-guard build/oke-guard-agent
tests: build/tests/unit/lib/toy/check_toy
build/lib/toy.a: lib/toy/toy.c
	@mkdir -p build/lib/toy
	cc -O2 -c -o build/lib/toy/toy.o lib/toy/toy.c
	cc -O2 -c -o build/lib/toy/bare.o lib/toy/bare.c
	ar rcs build/lib/toy.a build/lib/toy/toy.o build/lib/toy/bare.o
build/tests/unit/lib/toy/check_toy: build/lib/toy.a
	@mkdir -p build/tests/unit/lib/toy
	cc -c -o build/tests/unit/lib/toy/check_toy.o tests/unit/lib/toy/check_toy.c
	cc -o $@ build/tests/unit/lib/toy/check_toy.o build/lib/toy.a
build/oke-guard build/oke-guard-agent: build/lib/toy.a
	cc -c -o build/main.o main.c
	cc -o $@ build/main.o build/lib/toy.a
"""
# The C test looks at toy_sum, and has a toy_bare of its own. The system test looks at toy_wait, which stands in a process of another session: it is
# told that process by its title.
PROJECT = {
    "Makefile": MAKEFILE,
    ".gitignore": "/build/\n",
    "main.c": "int toy_wait(int); int main(void) { return toy_wait(1); }\n",
    "tools/layers.mk": "USES_cli := lib/toy\n",
    "tools/mutants.equivalent": "",
    "docs/source.md": "| `lib/toy/toy.c` | `tests/system/test_toy.py` |\n",
    "lib/toy/toy.c": "int toy_sum(int a, int b)\n{\n\treturn a + b;\n}\n"
                     "int toy_wait(int n)\n{\n\tvolatile unsigned long left = n;\n\twhile (left)\n\t\tleft -= 1;\n\treturn 0;\n}\n"
                     "int toy_spare(int n)\n{\n\treturn n * 7;\n}\n",
    "lib/toy/bare.c": "int toy_bare(void)\n{\n\treturn 5;\n}\n",
    "tests/unit/lib/toy/check_toy.c": "int toy_sum(int, int); int toy_bare(void); int toy_bare(void) { return 3; }\n"
                                      "int main(void) { return toy_sum(2, 1) != toy_bare(); }\n",
    "tests/system/test_toy.py": "import subprocess, unittest\nclass Toy(unittest.TestCase):\n"
                                "    def test_ends(self):\n"
                                "        self.assertEqual(subprocess.run(['setsid', '--wait', 'build/oke-guard', 'TITLE']).returncode, 0)\n",
}


class Judged(unittest.TestCase):
    """The whole tool, in a project that it has for itself."""

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="mutants-toy-"))
        cls.title = cls.root.name
        for name, text in PROJECT.items():
            (cls.root / name).parent.mkdir(parents=True, exist_ok=True)
            (cls.root / name).write_text(text.replace("TITLE", cls.title), encoding="utf-8")
        cls.tool = cls.root / "tools" / "mutants"
        shutil.copy2(TOOL, cls.tool)
        subprocess.run(["git", "init", "-q"], cwd=cls.root, check=True)
        subprocess.run(["make", "-s", "all", "tests"], cwd=cls.root, env=mutants.environment(), check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def running(self):
        """Processes that have this project's title among their arguments."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if self.title.encode() in words:
                found.append(path.parent.name)
        return found

    def run_tool(self, *argv):
        done = subprocess.run([self.tool, *argv], cwd=self.root, capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(self.running(), [], "still running")
        return done

    def test_one_is_noticed(self):
        done = self.run_tool("lib/toy/toy.c:3", "-v")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("  - return a + b;\n  + return a - b;\n  noticed by tests/unit/lib/toy/check_toy.c\n", done.stdout)
        self.assertIn("2 of 2 mutants noticed, 100.0 %; 0 cut off", done.stdout)

    def test_one_is_missed(self):
        done = self.run_tool("lib/toy/toy.c:14")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("lib/toy/toy.c:14\n  - return n * 7;\n  + return n * 8;\n  NOBODY NOTICED\n", done.stdout)
        self.assertIn("0 of 2 mutants noticed", done.stdout)

    def test_so_many_may_be_missed(self):
        for number, status in (("2", 0), ("1", 1)):
            done = self.run_tool("--unit", "--at-most", number, "lib/toy/toy.c:14")
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            self.assertIn("0 of 2 mutants noticed", done.stdout)

    def test_a_test_with_a_function_of_its_own_is_no_judge_of_the_other(self):
        done = self.run_tool("--unit", "lib/toy/bare.c")
        self.assertIn("+ return 6;\n  NOBODY NOTICED\n", done.stdout, done.stderr)

    def test_near_is_what_a_c_test_is_named_for(self):
        done = self.run_tool("--near", "--at-most", "0", "-v", "lib/toy/bare.c", "lib/toy/toy.c:3")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("2 of 2 mutants noticed", done.stdout)
        self.assertNotIn("bare.c", done.stdout)

    def test_one_that_hangs_is_noticed_and_killed(self):
        text = TOOL.read_text(encoding="utf-8").replace("AT_LEAST, CPU_AT_LEAST = 10, 20", "AT_LEAST, CPU_AT_LEAST = 10, 1")
        (self.root / "tools" / "impatient").write_text(text, encoding="utf-8")
        (self.root / "tools" / "impatient").chmod(0o755)
        done = subprocess.run([self.root / "tools" / "impatient", "-v", "lib/toy/toy.c:9"], cwd=self.root,
                              capture_output=True, text=True, timeout=600, check=False)
        self.assertIn("  + left += 1;\n  noticed by tests/system/test_toy.py\n", done.stdout, done.stderr)
        self.assertEqual(self.running(), [])

    def test_the_time_of_a_mutant_and_of_a_run_ends_what_runs(self):
        for limit in ("--mutant-seconds", "--seconds"):
            done = self.run_tool(limit, "4", "--number", "1", "lib/toy/toy.c:9")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("  no time was left to say\n", done.stdout)
            self.assertIn("0 of 0 mutants noticed, 0.0 %; 1 cut off", done.stdout)

    def test_one_that_is_interrupted_leaves_nothing(self):
        with subprocess.Popen([self.tool, "lib/toy/toy.c:9"], cwd=self.root, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as tool:
            try:
                until = time.monotonic() + 120
                while not self.running() and time.monotonic() < until:
                    time.sleep(0.02)
                tool.terminate()
                self.assertIn("interrupted", tool.communicate(timeout=120)[1])
            finally:
                tool.kill()
        self.assertEqual(self.running(), [])


if __name__ == "__main__":
    unittest.main()
