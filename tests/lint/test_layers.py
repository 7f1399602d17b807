# SPDX-License-Identifier: Apache-2.0
"""tools/layers.py: a tree that keeps the rules passes, and each rule, broken on purpose, is told."""
import pathlib
import subprocess
import tempfile
import textwrap
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "layers.py"
TABLE = """
LAYERS += low
USES_low :=
LAYERS += side
USES_side := low
LAYERS += high
USES_high := low
DOORS_high := side
"""
SOUND = {
    "include/oke/side.h": "int side_work(int x);\n",
    "low/one.h": "struct one {\n\tint x;\n};\nint one_make(int x);\n",
    "low/one.c": '#include "low/one.h"\n\nint one_make(int x)\n{\n\treturn x + 1;\n}\n',
    "side/work.c": '#include "low/one.h"\nint side_work(int x);\n\nint side_work(int x)\n{\n\treturn one_make(x);\n}\n',
    "high/top.h": "int top_run(void);\n",
    "high/top.c": '#include "high/top.h"\n#include "low/one.h"\n#include "oke/side.h"\n\nint top_run(void)\n{\n'
                  "\treturn one_make(1) + side_work(2);\n}\n",
    "tests/unit/low/check_one.c": "",
    "tests/unit/side/check_work.c": "",
}
ROWS = "| `high/top.c` | e2e |\n"


class Layers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("tools/layers.mk", TABLE)
        for name, text in SOUND.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run_tool(self, *argv):
        return subprocess.run([TOOL, "--root", self.root, "--build", self.root / "build", *argv],
                              capture_output=True, text=True, check=False)

    def lint(self, rows=ROWS, compiled=True):
        for source in self.root.glob("*/*.c") if compiled else []:
            out = self.root / "build" / source.relative_to(self.root).with_suffix(".o")
            out.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cc", "-I", self.root, "-I", self.root / "include", "-c", "-o", out, source], check=True)
        self.write("docs/source.md", rows + self.run_tool("--draw").stdout)
        done = self.run_tool()
        self.assertEqual(done.returncode != 0, done.stdout != "", done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def complains(self, text, **more):
        said = self.lint(**more)
        self.assertIn(text, said)
        self.assertEqual(said.count("\n"), 1, said)

    def test_a_sound_tree_passes(self):
        self.assertEqual(self.lint(), "")

    def test_an_include_that_goes_up(self):
        self.write("low/one.c", '#include "low/one.h"\n#include "high/top.h"\n' + SOUND["low/one.c"].split("\n", 1)[1])
        self.complains("low/one.c:2: low may not include high/top.h")

    def test_an_include_that_goes_sideways(self):
        self.write("side/own.h", "")
        self.write("high/top.c", '#include "side/own.h"\n' + SOUND["high/top.c"])
        self.complains("high/top.c:1: high may not include side/own.h")

    def test_a_door_that_a_floor_does_not_have(self):
        self.write("low/one.c", '#include "oke/side.h"\n' + SOUND["low/one.c"])
        self.complains("low/one.c:1: low uses no door, so not oke/side.h")

    def test_a_header_of_no_layer(self):
        self.write("low/one.c", '#include "docs/x.h"\n' + SOUND["low/one.c"])
        self.write("docs/x.h", "")
        self.complains("low/one.c:1: docs/x.h belongs to no layer")

    def test_a_symbol_that_goes_up(self):
        self.write("low/one.c", "int top_run(void);\n" + SOUND["low/one.c"].replace("x + 1", "x + top_run()"))
        said = self.lint()
        self.assertIn("low/one.c: low may not call top_run of high/top.c", said)
        self.assertIn("a circle of files: high/top.c, low/one.c", said)

    def test_a_circle_of_files(self):
        self.write("low/one.c", "int two_make(int x);\n" + SOUND["low/one.c"].replace("x + 1", "two_make(x)"))
        self.write("low/two.c", SOUND["low/one.c"].replace("int one_make(int x)\n", "int two_make(int x);\n\nint two_make(int x)\n")
                   .replace("x + 1", "one_make(x)"))
        self.complains("a circle of files: low/one.c, low/two.c", rows=ROWS + "| `low/two.c` | check_one |\n")

    def test_a_name_that_two_files_define(self):
        self.write("high/again.c", "int one_make(int x);\n\nint one_make(int x)\n{\n\treturn x;\n}\n")
        said = self.lint(rows=ROWS + "| `high/again.c` | nowhere |\n")
        self.assertIn("one_make is defined in low/one.c and in high/again.c", said)

    def test_a_tag_that_two_files_define(self):
        self.write("high/top.h", SOUND["high/top.h"] + "struct one {\n\tint y;\n};\n")
        self.write("high/top.c", SOUND["high/top.c"].replace('#include "low/one.h"\n', "int one_make(int x);\n"))
        self.complains("the tag one is defined in high/top.h and in low/one.h")

    def test_too_many_files_in_a_folder(self):
        rows = ROWS
        for i in range(20):
            self.write(f"side/x{i}.c", f"int side_x{i}(void);\n\nint side_x{i}(void)\n{{\n\treturn 0;\n}}\n")
            rows += f"| `side/x{i}.c` | check_work |\n"
        self.complains("side has 21 .c files", rows=rows)

    def test_names_that_say_nothing(self):
        self.write("side/work.c", SOUND["side/work.c"] + "\nstatic int twist(int x)\n{\n\treturn x;\n}\n\n"
                   "int side_twist(int x)\n{\n\treturn twist(x);\n}\n")
        self.complains("static functions named by one word: 1 of 5, at most 5%")

    def test_a_name_that_two_files_use(self):
        for name in ("side/work.c", "low/one.c"):
            self.write(name, SOUND[name] + f"\nstatic int tell_it(int x)\n{{\n\treturn x;\n}}\n\n"
                       f"int {name[:3]}_tell(int x)\n{{\n\treturn tell_it(x);\n}}\n")
        self.complains("functions that share their name: 2 of 7, at most 4%")

    def test_a_source_without_a_test(self):
        self.complains("high/top.c has no tests/unit/high/check_top.c and no row", rows="")

    def test_a_row_too_many(self):
        self.complains("low/one.c has a test of its name", rows=ROWS + "| `low/one.c` | check_one |\n")
        self.complains("there is no low/gone.c", rows=ROWS + "| `low/{gone}.c` `high/top.c` | check_one |\n")

    def test_a_picture_that_is_not_the_table(self):
        self.lint()
        page = self.root / "docs/source.md"
        page.write_text(page.read_text().replace("--> low", "--> lower"))
        self.assertIn("the picture is not that of tools/layers.mk", self.run_tool().stdout)

    def test_a_table_that_goes_up(self):
        self.write("tools/layers.mk", TABLE.replace("USES_low :=", "USES_low := high"))
        self.complains("tools/layers.mk: low stands before high, which it uses")

    def test_a_source_that_is_not_compiled(self):
        self.assertIn("low/one.c is not compiled: run make first", self.lint(compiled=False))


if __name__ == "__main__":
    unittest.main()
