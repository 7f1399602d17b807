#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for oke-guard-agent: answers the requests of a scan from a cluster that a test made."""
import json
import os
import pickle
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))


def main():
    with open(os.environ["SCAN_CLUSTER"], "rb") as f:
        cluster = pickle.load(f)
    if sys.argv[1] == "publish":
        with open(os.environ["SCAN_PUBLISHED"], "w", encoding="utf-8") as f:
            json.dump({"args": sys.argv[2:], "report": sys.stdin.read()}, f)
        return 0
    def say(record):
        print(json.dumps(record, separators=(",", ":")), flush=True)
    say(cluster.records([])[0])
    asked = 0
    time.sleep(float(os.environ.get("SCAN_SLEEPS", "0")))
    for line in sys.stdin:
        (method, path), = json.loads(line).items()
        for record in cluster.answer(method, path):
            say(record)
        asked += 1
        if asked == int(os.environ.get("SCAN_DIES_AFTER", "0")):
            return 1
    say({"end": asked, "cut": ""})
    return 0


if __name__ == "__main__":
    sys.exit(main())
