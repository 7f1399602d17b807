#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hold the tree against the table of its layers (tools/layers.mk).

    tools/layers.py [--build DIR] [--root DIR] [--draw | --names]

Complains, a line each and exit status 1, about:
  an include, or a symbol of the object files below DIR (build), that the table does not allow;
  a circle of files, by their symbols;
  a struct, union or enum tag, or an external name, that two files define;
  more than 20 .c in a folder;
  a .c without a test of its name and without a row in docs/source.md;
  a picture in docs/source.md that is not the table's (--draw prints the right one);
  too many function names that do not say where they belong (--names lists them).
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys

FILES_MAX = 20        # .c in a folder
ONE_WORD_MAX = 0.05   # share of static functions named by one word
SHARED_MAX = 0.04     # share of functions whose name another file uses too
PROGRAMS = ("cli", "agent")
INCLUDE = re.compile(r'^#\s*include\s+"([^"]+)"', re.M)
TAG = re.compile(r"^(?:static |const )*(?:typedef )?(struct|union|enum) (\w+)\s*\{", re.M)
# As this code is written: a definition begins in the first column, its body's brace does too.
FUNCTION = re.compile(r"^(?!else|if|for|while|switch|return|#|\}|typedef)([a-z_][\w \t*,()\n]*?)\b(\w+)\(([^;{}]*)\)\n\{", re.M)
PREDICATE = re.compile(r"^(is|has|can|may|are|does|was|holds|same|needs|wants|starts|ends)(_|$)")


def read_table(path):
    uses, doors, order = {}, {}, []
    for line in path.read_text(encoding="ascii").splitlines():
        if m := re.match(r"LAYERS \+= (\S+)$", line):
            order.append(m[1])
        elif m := re.match(r"(USES|DOORS)_(\S+) :=(.*)$", line):
            (uses if m[1] == "USES" else doors)[m[2]] = m[3].split()
    return order, uses, doors


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)


def table_rows(text):
    """The sources that first cells name: `lib/json/text.c`, or several as `lib/json/{text,keys}.c`."""
    rows = set()
    for cell in re.findall(r"^\| (`[^|]*`) \|", text, re.M):
        for folder, many, one in re.findall(r"`([\w/]+/)(?:\{([\w,]+)\}|(\w+))\.c`", cell):
            rows |= {f"{folder}{name}.c" for name in (many or one).split(",")}
    return rows


class Tree:
    def __init__(self, root, build):
        self.root, self.build = root, build
        self.order, self.uses, self.doors = read_table(root / "tools/layers.mk")
        self.files = {f"{folder}/{p.name}": p for folder in self.order
                      for p in sorted((root / folder).glob("*.[ch]"))}
        self.text = {name: p.read_text(encoding="utf-8") for name, p in self.files.items()}
        self.bad = []

    def complain(self, text):
        self.bad.append(text)

    def may(self, user, used):
        return used == user or used in self.uses.get(user, ()) or used in self.doors.get(user, ())

    # ---- the table itself: nobody uses what stands above him
    def check_table(self):
        place = {folder: i for i, folder in enumerate(self.order)}
        for folder in self.order:
            for used in self.uses.get(folder, []) + self.doors.get(folder, []):
                if used not in place:
                    self.complain(f"tools/layers.mk: {folder} uses {used}, which is no layer")
                elif place[used] > place[folder]:
                    self.complain(f"tools/layers.mk: {folder} stands before {used}, which it uses")

    # ---- includes
    def check_includes(self):
        for name, text in self.text.items():
            folder = name.rpartition("/")[0]
            for found in INCLUDE.finditer(text):
                target = found[1]
                line = text.count("\n", 0, found.start()) + 1
                used = target.rpartition("/")[0]
                if used == "oke":
                    if not self.doors.get(folder):
                        self.complain(f"{name}:{line}: {folder} uses no door, so not {target}")
                elif used not in self.order:
                    self.complain(f"{name}:{line}: {target} belongs to no layer")
                elif used != folder and used not in self.uses.get(folder, ()):
                    self.complain(f"{name}:{line}: {folder} may not include {target}")

    # ---- symbols
    def objects(self):
        for name in self.files:
            if name.endswith(".c"):
                yield name, self.build / (name[:-2] + ".o")

    def read_symbols(self):
        self.defined, self.wanted = {}, collections.defaultdict(set)
        for name, path in self.objects():
            if not path.exists():
                self.complain(f"{name} is not compiled: run make first")
                continue
            out = subprocess.run(["nm", "-g", "-P", path], capture_output=True, text=True, check=True).stdout
            for line in out.splitlines():
                symbol, kind = line.split()[:2]
                if kind in "TDBRVGSC":
                    if symbol in self.defined and not symbol == "main":
                        self.complain(f"{symbol} is defined in {self.defined[symbol]} and in {name}")
                    self.defined[symbol] = name
                elif kind in "Uw":
                    self.wanted[name].add(symbol)
        self.edges = {name: {self.defined[s] for s in symbols if s in self.defined} - {name}
                      for name, symbols in self.wanted.items()}

    def check_symbols(self):
        for name, symbols in self.wanted.items():
            folder = name.rpartition("/")[0]
            for s in sorted(symbols):
                home = self.defined.get(s)
                if home and not self.may(folder, home.rpartition("/")[0]):
                    self.complain(f"{name}: {folder} may not call {s} of {home}")

    def check_circles(self):
        index, low, stack, on, counter = {}, {}, [], set(), [0]

        def visit(v):
            index[v] = low[v] = counter[0]
            counter[0] += 1
            stack.append(v)
            on.add(v)
            for w in sorted(self.edges.get(v, ())):
                if w not in index:
                    visit(w)
                    low[v] = min(low[v], low[w])
                elif w in on:
                    low[v] = min(low[v], index[w])
            if low[v] == index[v]:
                circle = []
                while True:
                    w = stack.pop()
                    on.discard(w)
                    circle.append(w)
                    if w == v:
                        break
                if len(circle) > 1:
                    self.complain("a circle of files: " + ", ".join(sorted(circle)))

        sys.setrecursionlimit(10000)
        for name in self.edges:
            if name not in index:
                visit(name)

    # ---- names
    def check_tags(self):
        homes = collections.defaultdict(set)
        doors = {f"include/oke/{p.name}": p.read_text(encoding="utf-8")
                 for p in sorted((self.root / "include/oke").glob("*.h"))}
        for name, text in {**self.text, **doors}.items():
            for m in TAG.finditer(without_comments(text)):
                homes[m[2]].add(name)
        for tag, names in sorted(homes.items()):
            if len(names) > 1:
                self.complain(f"the tag {tag} is defined in {' and in '.join(sorted(names))}")

    def functions(self):
        for name, text in self.text.items():
            if name.endswith(".c"):
                for m in FUNCTION.finditer(without_comments(text)):
                    yield name, m[2], "static" in m[1].split()

    def name_lists(self):
        all_of = list(self.functions())
        homes = collections.Counter(function for _, function, _ in all_of)
        one_word = [(n, f) for n, f, static in all_of if static and "_" not in f and not PREDICATE.match(f)]
        shared = [(n, f) for n, f, _ in all_of if homes[f] > 1 and f != "main"]
        return all_of, one_word, shared

    def check_names(self):
        all_of, one_word, shared = self.name_lists()
        for what, found, most in (("static functions named by one word", one_word, ONE_WORD_MAX),
                                  ("functions that share their name", shared, SHARED_MAX)):
            if all_of and len(found) > most * len(all_of):
                self.complain(f"{what}: {len(found)} of {len(all_of)}, at most {most:.0%}; see --names")

    # ---- folders, tests, the page
    def check_sizes(self):
        for folder in self.order:
            n = sum(1 for name in self.files if name.rpartition("/")[0] == folder and name.endswith(".c"))
            if n > FILES_MAX:
                self.complain(f"{folder} has {n} .c files, at most {FILES_MAX}: it is two rooms")

    def check_tests(self):
        page = self.root / "docs/source.md"
        rows = table_rows(page.read_text(encoding="utf-8")) if page.exists() else set()
        for name in self.files:
            if not name.endswith(".c"):
                continue
            folder, _, base = name.rpartition("/")
            own = (self.root / "tests/unit" / folder / f"check_{base}").exists()
            if own and name in rows:
                self.complain(f"docs/source.md: {name} has a test of its name: its row can go")
            if not own and name not in rows:
                self.complain(f"{name} has no tests/unit/{folder}/check_{base} and no row in docs/source.md")
        for name in sorted(rows - set(self.files)):
            self.complain(f"docs/source.md: there is no {name}")

    def draw(self):
        """Mermaid: an arrow for each use that no other use implies."""
        below = {}
        for folder in self.order:
            direct = set(self.uses.get(folder, [])) | set(self.doors.get(folder, [])) - {folder}
            below[folder] = direct | {b for d in direct for b in below.get(d, ())}
        lines = ["```mermaid", "flowchart TD"]
        for folder in reversed(self.order):
            direct = set(self.uses.get(folder, [])) | set(self.doors.get(folder, [])) - {folder}
            for used in sorted(d for d in direct if not any(d in below[o] for o in direct - {d})):
                lines.append(f"    {folder.replace('/', '_')}[{folder}/] --> {used.replace('/', '_')}[{used}/]")
        return "\n".join(lines + ["```"])

    def check_picture(self):
        page = self.root / "docs/source.md"
        if page.exists() and self.draw() not in page.read_text(encoding="utf-8"):
            self.complain("docs/source.md: the picture is not that of tools/layers.mk: put in what tools/layers.py --draw prints")

    def check(self):
        self.check_table()
        self.check_includes()
        self.read_symbols()
        self.check_symbols()
        self.check_circles()
        self.check_tags()
        self.check_names()
        self.check_sizes()
        self.check_tests()
        self.check_picture()
        return self.bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[1])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--draw", action="store_true")
    parser.add_argument("--names", action="store_true")
    asked = parser.parse_args()
    tree = Tree(asked.root, asked.build)
    if asked.draw:
        print(tree.draw())
        return 0
    if asked.names:
        all_of, one_word, shared = tree.name_lists()
        for what, found in (("one word", one_word), ("shared", shared)):
            for name, function in found:
                print(f"{what}: {name}: {function}")
            print(f"{what}: {len(found)} of {len(all_of)}, {len(found) / max(1, len(all_of)):.1%}")
        return 0
    bad = tree.check()
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
