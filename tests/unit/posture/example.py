#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/scan/example/inventory.jsonl, the dump that README.md judges: CoreDNS by kubectl set image."""
import json

from cases import set_image
from cluster import Cluster
from harness import DATA, REQUESTS


def text():
    c = Cluster()
    set_image(c)
    return "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in c.records(REQUESTS))


if __name__ == "__main__":
    path = DATA / "example/inventory.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text(), encoding="utf-8")
