#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pictures of docs/pictures: each NAME.txt drawn as NAME.svg.

    tools/docs/pictures.py            draw them
    tools/docs/pictures.py --check    say which are not what their text says (make lint)

A text has one thing a line; places and sizes are in pixels:

    size WIDTH HEIGHT
    title "WORDS"                     for those who do not see it
    area X Y WIDTH HEIGHT STYLE "WORDS"
    box ID X Y WIDTH HEIGHT STYLE "FIRST LINE|small second line|..."
    arrow ID:SIDE[+OFF] ID:SIDE[+OFF] ["WORDS|second line"] [STYLE] [dashed] [below] [shift=DX,DY]
    text X Y STYLE "WORDS|second line"

SIDE is left, right, top or bottom, OFF pixels from its middle. STYLE: plain, oracle, yours, guard,
yes, no, maybe. Colours follow the reader's system, light or dark. No font is measured: a line that does not fit in its
box by a careful count is an error.
"""
import pathlib
import shlex
import sys
from html import escape

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"
STYLES = ("plain", "oracle", "yours", "guard", "yes", "no", "maybe")
FIRST, SMALL = 14, 11.5  # pixels of letters
WIDTH = 0.56, 0.60  # of a letter in the mean, as a part of its height: plain, bold; measured with DejaVu Sans, a wide face

CSS = """
text { font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328 }
.first { font-size: 14px; font-weight: 600 } .small { font-size: 11.5px } .heading { font-size: 12.5px; font-weight: 600; fill: #59636e }
rect { fill: #ffffff; stroke: #8c959f; stroke-width: 1.3 } .area { fill: #f6f8fa; stroke: #d1d9e0 }
.line { stroke: #59636e; stroke-width: 1.5; fill: none } .head { fill: #59636e; stroke: none } .dashed { stroke-dasharray: 5 4 }
.oracle { fill: #fdece9; stroke: #c74634 } .yours { fill: #e8f1fd; stroke: #2f6fbf } .guard { fill: #e6f5ea; stroke: #1f883d; stroke-width: 2 }
.yes { fill: #e6f5ea; stroke: #1f883d } .no { fill: #ffebe9; stroke: #cf222e } .maybe { fill: #fff8c5; stroke: #9a6700 }
.page { fill: #ffffff; stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .heading { fill: #9198a1 } rect { fill: #161b22; stroke: #6e7681 } .area { fill: #10151c; stroke: #30363d }
.line { stroke: #9198a1 } .head { fill: #9198a1 } .page { fill: #0d1117; stroke: none }
.oracle { fill: #3c1a15; stroke: #e8745f } .yours { fill: #12263f; stroke: #5b9bea } .guard { fill: #12301c; stroke: #3fb950 }
.yes { fill: #12301c; stroke: #3fb950 } .no { fill: #3d1315; stroke: #f85149 } .maybe { fill: #33290d; stroke: #d29922 }
}
"""


class Fault(Exception):
    pass


def number(value):
    return f"{value:.1f}".rstrip("0").rstrip(".")


class Picture:
    def __init__(self):
        self.size = None
        self.title = ""
        self.boxes = {}
        self.back, self.front = [], []

    def words(self, x, y, lines, style, anchor="middle"):
        """Lines below each other, the first one with its base at y."""
        for i, line in enumerate(lines):
            kind = style if i == 0 else "small"
            self.front.append(f'<text class="{kind}" x="{number(x)}" y="{number(y + 16 * i)}" text-anchor="{anchor}">{escape(line)}</text>')

    def draw_size(self, width, height):
        self.size = (int(width), int(height))

    def draw_title(self, *words):
        self.title = " ".join(words)

    def rect(self, x, y, w, h, style, into):
        if style.split()[-1] not in STYLES:
            raise Fault(f"no style {style}")
        into.append(f'<rect class="{style}" x="{x}" y="{y}" width="{w}" height="{h}" rx="7"/>')

    def draw_area(self, x, y, w, h, style, words):
        x, y, w, h = (int(v) for v in (x, y, w, h))
        self.rect(x, y, w, h, "area" if style == "plain" else f"area {style}", self.back) if style != "plain" else \
            self.back.append(f'<rect class="area" x="{x}" y="{y}" width="{w}" height="{h}" rx="9"/>')
        self.words(x + 12, y + 20, [words], "heading", "start")

    def draw_box(self, name, x, y, w, h, style, words):
        x, y, w, h = (int(v) for v in (x, y, w, h))
        lines = words.split("|")
        for i, line in enumerate(lines):
            if len(line) * (SMALL * WIDTH[0] if i else FIRST * WIDTH[1]) > w - 6:
                raise Fault(f"{line!r} does not fit into {w} pixels")
        if 16 * len(lines) > h:
            raise Fault(f"{len(lines)} lines do not fit into {h} pixels")
        self.boxes[name] = (x, y, w, h)
        self.rect(x, y, w, h, style, self.back)
        self.words(x + w / 2, y + h / 2 - 8 * (len(lines) - 1) + 4.5, lines, "first")

    def place(self, end):
        name, _, side = end.partition(":")
        side, _, off = side.partition("+")
        if name not in self.boxes:
            raise Fault(f"no box {name}")
        x, y, w, h = self.boxes[name]
        off = int(off or 0)
        places = {"left": (x, y + h / 2 + off, -1, 0), "right": (x + w, y + h / 2 + off, 1, 0),
                  "top": (x + w / 2 + off, y, 0, -1), "bottom": (x + w / 2 + off, y + h, 0, 1)}
        if side not in places:
            raise Fault(f"no side {side}")
        return places[side]

    def head(self, x, y, dx, dy):
        """An arrow's head, its point at (x, y), coming from the direction (dx, dy)."""
        a, b = (x + 9 * dx + 4.5 * dy, y + 9 * dy + 4.5 * dx), (x + 9 * dx - 4.5 * dy, y + 9 * dy - 4.5 * dx)
        points = " ".join(f"{number(p)},{number(q)}" for p, q in ((x, y), a, b))
        self.back.append(f'<polygon class="head" points="{points}"/>')

    def draw_arrow(self, begin, end, *options):
        x0, y0, dx0, dy0 = self.place(begin)
        x1, y1, dx1, dy1 = self.place(end)
        kind = "line dashed" if "dashed" in options else "line"
        tip = (x1 + 7 * dx1, y1 + 7 * dy1)
        if x0 == x1 or y0 == y1:
            path = f"M{number(x0)} {number(y0)} L{number(tip[0])} {number(tip[1])}"
        elif dx0:  # leaves sideways: across half of the way
            mid = (x0 + x1) / 2 if dx1 else x1
            path = f"M{number(x0)} {number(y0)} H{number(mid)} V{number(tip[1] if dy1 else y1)}" + (f" H{number(tip[0])}" if dx1 else "")
        else:
            mid = (y0 + y1) / 2 if dy1 else y1
            path = f"M{number(x0)} {number(y0)} V{number(mid)} H{number(tip[0] if dx1 else x1)}" + (f" V{number(tip[1])}" if dy1 else "")
        self.back.append(f'<path class="{kind}" d="{path}"/>')
        self.head(x1, y1, dx1, dy1)
        shift = next((o[6:].split(",") for o in options if o.startswith("shift=")), (0, 0))
        words = [o for o in options if o not in ("dashed", "below") and not o.startswith("shift=")]
        if words:
            lines = words[0].split("|")
            y = (y0 + y1) / 2 + (15 if "below" in options else -6 - 14 * (len(lines) - 1))
            for i, line in enumerate(lines):
                self.words((x0 + x1) / 2 + int(shift[0]), y + 14 * i + int(shift[1]), [line], "small")

    def draw_text(self, x, y, style, words):
        anchor = "start"
        for i, line in enumerate(words.split("|")):
            self.words(int(x), int(y) + 16 * i, [line], "heading" if style == "heading" else "small", anchor)

    def svg(self):
        w, h = self.size
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img">\n'
                f"<title>{escape(self.title)}</title>\n<style>{CSS}</style>\n<rect class=\"page\" width=\"{w}\" height=\"{h}\"/>\n"
                + "\n".join(self.back + self.front) + "\n</svg>\n")


def draw(path):
    picture = Picture()
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            words = shlex.split(line, comments=True)
            if words:
                getattr(picture, f"draw_{words[0]}")(*words[1:])
        except (Fault, TypeError, ValueError, AttributeError) as fault:
            raise Fault(f"{path.relative_to(ROOT)}:{n}: {fault}") from fault
    if not picture.size or not picture.title:
        raise Fault(f"{path.relative_to(ROOT)}: size and title are needed")
    return picture.svg()


def main():
    stale = []
    texts = sorted(FOLDER.glob("*.txt"))
    for path in texts:
        try:
            wanted = draw(path)
        except Fault as fault:
            print(fault)
            return 1
        drawn = path.with_suffix(".svg")
        if "--check" not in sys.argv:
            drawn.write_text(wanted, encoding="utf-8")
        elif not drawn.exists() or drawn.read_text(encoding="utf-8") != wanted:
            stale.append(f"{drawn.relative_to(ROOT)} is not what {path.name} says: make docs draws it again")
    stale += [f"{p.relative_to(ROOT)} has no text" for p in FOLDER.glob("*.svg") if p.with_suffix(".txt") not in texts]
    print("\n".join(stale), end="\n" if stale else "")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
