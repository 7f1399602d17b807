# SPDX-License-Identifier: Apache-2.0
"""Which versions of Kubernetes are known: the one table of the tests, read from the facts themselves.

A test that is about "the newest" asks here, so that a refresh of the facts changes no test.
"""
import pathlib

import yaml

CATALOGUE = pathlib.Path(__file__).resolve().parents[1] / "policy" / "catalogue"
RELEASES = yaml.load((CATALOGUE / "releases.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
MINORS = sorted(int(m.split(".")[1]) for m in RELEASES)
OLDEST_MINOR, NEWEST_MINOR = MINORS[0], MINORS[-1]
RELEASED_MINOR = max(m for m in MINORS if not RELEASES[f"1.{m}"].get("preliminary"))
OLDEST, NEWEST, RELEASED = f"1.{OLDEST_MINOR}", f"1.{NEWEST_MINOR}", f"1.{RELEASED_MINOR}"
UNKNOWN = f"1.{NEWEST_MINOR + 1}"
# "1.38.0-beta.0" while NEWEST is no release yet; else "".
PRELIMINARY = RELEASES[NEWEST]["read"] if NEWEST != RELEASED else ""
# A gate that is alpha in 1.36 and in all that is known since, and the Pod's container that uses it.
ALPHA_GATE = "ContainerStopSignals"
ALPHA_CONTAINER = {"lifecycle": {"stopSignal": "SIGTERM"}}
