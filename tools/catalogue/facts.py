# SPDX-License-Identifier: Apache-2.0
"""The facts of policy/catalogue as they are on disk: one fact a line, minors as ranges."""
import os

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CATALOGUE = os.path.join(ROOT, "policy", "catalogue")


def minor(version):
    return int(str(version).split(".")[1])


def minors(text):
    """'1.24-1.26,1.29' to {24, 25, 26, 29}."""
    out = set()
    for part in filter(None, str(text or "").split(",")):
        lo, _, hi = part.partition("-")
        out.update(range(minor(lo), minor(hi or lo) + 1))
    return out


def ranges(numbers):
    """{24, 25, 26, 29} to '1.24-1.26,1.29'."""
    out = []
    for n in sorted(numbers):
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ",".join(f"1.{a}" if a == b else f"1.{a}-1.{b}" for a, b in out)


def flow(value):
    return yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=True, sort_keys=False,
                     width=100000, allow_unicode=False).strip().removesuffix("\n...")


def load(name, folder=CATALOGUE):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return yaml.load(f, Loader=yaml.CSafeLoader)


def head_of(name, folder=CATALOGUE):
    """The comment lines that a file opens with."""
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        lines = f.read().splitlines()
    n = 0
    while n < len(lines) and lines[n].startswith("#"):
        n += 1
    return lines[:n]


def table(name, folder=CATALOGUE):
    """Rows of a TSV file as dicts; the last comment line before them names the columns."""
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        lines = f.read().splitlines()
    columns = head_of(name, folder)[-1].lstrip("# ").split("\t")
    if name != "matrix.tsv":
        columns[0] = "group"
        return columns, [dict(zip(columns, line.split("\t"))) for line in lines if not line.startswith("#")]
    n = len(head_of(name, folder))
    columns = lines[n].split("\t")
    return columns, [dict(zip(columns, line.split("\t"))) for line in lines[n + 1:]]


def write(name, lines, folder=CATALOGUE):
    """Whole, or not at all."""
    path = os.path.join(folder, name)
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write("".join(line + "\n" for line in lines))
        f.flush()
        os.fsync(f.fileno())
    os.replace(path + ".new", path)


def tsv(columns, rows):
    return ["\t".join(str(r.get(c) or "") for c in columns) for r in rows]
