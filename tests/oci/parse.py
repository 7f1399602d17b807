# SPDX-License-Identifier: Apache-2.0
"""Run by the Python that has oci-cli: does its own parser take each command of the standard input?

A command a line; what is wrong with it stands on the line that answers it, nothing where it is
right. Nothing is sent: the command's function is never called.
"""
import collections
import os
import re
import shlex
import sys

import click
from oci_cli import dynamic_loader
from oci_cli.cli_root import cli

EXAMPLES = {"$CLUSTER": "ocid1.cluster.oc1..x", "$NODE_POOL": "ocid1.nodepool.oc1..x",
            "$VIRTUAL_NODE_POOL": "ocid1.virtualnodepool.oc1..x", "$INSTANCE": "ocid1.instance.oc1..x",
            "$KUBERNETES": "v1.34.1", "$VERSION": "v1.12.2", "$SIZE": "3"}


def words(line):
    """The arguments as a shell makes them: variables set, the redirection taken away."""
    line = re.sub(r"\$[A-Z_]+", lambda m: EXAMPLES[m.group()], line)
    found = shlex.split(line)
    if ">" in found:
        at = found.index(">")
        open(found[at + 1], "w", encoding="utf-8").write('[{"key": "a", "value": "b"}]\n')
        found = found[:at]
    return found


def parse(arguments):
    """From group to group as click goes; each context reads its own options."""
    defaults = collections.defaultdict(dict, default_values_from_file={})
    context = cli.make_context("oci", list(arguments))
    context.obj = defaults  # what the program reads before it calls a command
    command = cli
    while isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]  # what click itself goes on with
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    if context.obj["missing_required_parameters"]:
        raise click.UsageError(f"lacks {context.obj['missing_required_parameters']}")
    for name, value in context.params.items():
        if isinstance(value, str) and value.startswith("file://"):
            if not os.path.exists(value[len("file://"):]):
                raise click.UsageError(f"{name}: no command before it writes {value}")


def main():
    dynamic_loader.load_service("ce")
    for line in sys.stdin:
        try:
            program, *arguments = words(line)
            assert program == "oci", program
            parse(arguments)
            print()
        except click.ClickException as e:
            print(e.format_message().replace("\n", " "))
        except click.exceptions.Exit as e:
            print(f"the program takes it for a question about itself, and ends with {e.exit_code}")


if __name__ == "__main__":
    main()
