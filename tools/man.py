#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Manual pages of programs, made of what `PROGRAM help -o json` says: one a command.

    tools/man.py FOLDER PROGRAM...

FOLDER/man1/PROGRAM.1 and FOLDER/man1/PROGRAM-COMMAND.1 are written. The date in them is that of
SOURCE_DATE_EPOCH, else of the last commit.
"""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap

SPECIAL = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
EXIT_STATUS = re.compile(r"^Exit status: *", re.MULTILINE)


def date():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        epoch = subprocess.run(["git", "log", "-1", "--format=%ct"], stdout=subprocess.PIPE, text=True, check=True,
                               cwd=pathlib.Path(__file__).parent).stdout
    return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%d")


def escaped(text):
    """For roff: what it would not print as it stands, and what would be a request."""
    return re.sub(r"(?m)^[.]", r"\\&.", "".join(SPECIAL.get(c, c) for c in text))


def filled(text):
    """Prose, in lines that are not too long for a source."""
    one = textwrap.fill(" ".join(escaped(text).split()), 79, break_on_hyphens=False, break_long_words=False)
    return re.sub(r"(?m)^([.])", r"\\&\1", one) + "\n"


def literal(text):
    """Lines as they stand."""
    return f".nf\n{escaped(text)}\n.fi\n"


def paragraphs(text):
    """Prose is filled; a block with a line that is set in stands as it is."""
    parts = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        parts.append(literal(block) if re.search(r"(?m)^ ", block) else filled(block))
    return ".PP\n".join(parts)


def option(o):
    head = f"\\fB\\-{o['letter']}\\fR, " if "letter" in o else ""
    head += f"\\fB{escaped('--' + o['name'])}\\fR"
    if "argument" in o:
        head += f" {escaped(o['argument'])}" if o.get("choice") else f" \\fI{escaped(o['argument'])}\\fR"
    return f".TP\n{head}\n{filled(o['help'])}"


def split_examples(text):
    """The examples, and the exit status that stands below them."""
    parts = EXIT_STATUS.split(text or "", maxsplit=1)
    return parts[0].strip("\n"), parts[1].strip() if len(parts) == 2 else ""


class Page:
    def __init__(self, program, page, when):
        self.program, self.page, self.when = program, page, when
        self.words = [program["program"], *page["command"].split()]
        self.name = "-".join(self.words)

    def others(self):
        """The page above, those beside and below it."""
        names = {n for n in (tuple(p["command"].split()) for p in self.program["commands"])}
        here = tuple(self.words[1:])
        near = [n for n in names if n != here and (n[: len(here)] == here or n == here[:-1] or (n[:-1] == here[:-1]))]
        return sorted("-".join([self.words[0], *n]) for n in near)

    def section(self, title, body):
        return f".SH {title}\n{body}" if body else ""

    def commands(self):
        here = self.page["command"]
        rows = [p for p in self.program["commands"] if p["command"].rpartition(" ")[0] == here and p["command"]]
        return "".join(f".TP\n\\fB{escaped(p['command'].rpartition(' ')[2])}\\fR\n{escaped(p['summary'])}\n" for p in rows)

    def options(self):
        rows = "".join(option(o) for o in self.page["options"]) + ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nprint a help text\n"
        return rows if self.page["command"] else rows + ".TP\n\\fB\\-\\-version\\fR\nprint the version\n"

    def environment(self):
        rows = [o for o in self.page["options"] if "environment" in o]
        return "".join(f".TP\n\\fB{escaped(o['environment'])}\\fR\nthe value of \\fB{escaped('--' + o['name'])}\\fR "
                       "when that is not given\n" for o in rows)

    def description(self):
        text = self.page.get("description") or self.page["summary"]
        return paragraphs(text)

    def usage(self):
        if "usage" in self.page:
            return literal(self.page["usage"].replace("\n       ", "\n"))
        return f"\\fB{escaped(' '.join(self.words))}\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n"

    def text(self):
        examples, status = split_examples(self.page.get("examples"))
        examples = re.sub(r"^Examples:\n", "", examples)
        summary = self.page["summary"].rstrip(".") if self.page["command"] else self.program["about"].rstrip(".")
        return "".join([
            f'.TH {escaped(self.name.upper())} 1 {self.when} "oke-guard {self.program["version"]}" "User Commands"\n',
            self.section("NAME", filled(f"{self.name} \\- {summary}").replace("\\e\\-", "\\-")),
            self.section("SYNOPSIS", self.usage()),
            self.section("DESCRIPTION", self.description()),
            self.section("COMMANDS", self.commands()),
            self.section("OPTIONS", self.options()),
            self.section("ENVIRONMENT", self.environment()),
            self.section("EXIT STATUS", paragraphs(status) if status else ""),
            self.section("EXAMPLES", paragraphs(examples) if examples else ""),
            self.section("SEE ALSO", ",\n".join(f"\\fB{escaped(n)}\\fR(1)" for n in self.others()) + "\n"),
        ])


def main(folder, *programs):
    to, when = pathlib.Path(folder) / "man1", date()
    to.mkdir(parents=True, exist_ok=True)
    for path in programs:
        said = subprocess.run([path, "help", "-o", "json"], stdout=subprocess.PIPE, check=True).stdout
        program = json.loads(said)
        for page in program["commands"]:
            one = Page(program, page, when)
            (to / f"{one.name}.1").write_text(one.text(), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
