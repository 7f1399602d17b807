# SPDX-License-Identifier: Apache-2.0
"""End to end: people's commands with the real kubectl and Helm, a real API server, controllers and
nodes, and the guard in pods between them.

run.sh starts this in namespaces of its own. ACCEPT, E2E_ONLY and E2E_HOLD are told there.
"""
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import unittest

import prove_audit
import prove_cert_manager
import prove_certificates
import prove_charts
import prove_commands
import prove_controllers
import prove_envelope
import prove_gitops
import prove_install
import prove_latency
import prove_learn
import prove_modes
import prove_outage
import prove_own
import prove_policies
import prove_power
import prove_release
import prove_replay
import prove_rollouts
import prove_scan
import prove_strict
import prove_system
import prove_tls
import prove_ways_out
import world
from cluster import FOLDER, until

# In this order: prove_outage ends without the guard, and those after it install it again. prove_release is the last: once
# a kubelet has pulled an image, it takes the same one under another name for unproven, and wants to pull that too.
PROOFS = [prove_commands, prove_controllers, prove_learn, prove_audit, prove_policies, prove_own,
          prove_envelope, prove_system, prove_ways_out, prove_rollouts, prove_latency, prove_tls,
          prove_certificates, prove_replay, prove_scan, prove_outage, prove_install, prove_modes, prove_strict,
          prove_release]

# `make e2e-more`: slow, told rather than proved, or beside other people's software. prove_cert_manager ends without the guard.
MORE = [prove_power, prove_gitops, prove_charts, prove_cert_manager]


def suite():
    found = unittest.TestSuite()
    only = os.environ.get("E2E_ONLY", "")
    for module in MORE if os.environ.get("E2E_MORE") else PROOFS:
        for test in cases(unittest.defaultTestLoader.loadTestsFromModule(module)):
            if re.search(only, test.id()):
                found.addTest(test)
    return found


def cases(tests):
    for t in tests:
        if isinstance(t, unittest.TestSuite):
            yield from cases(t)
        else:
            yield t


def run_tests():
    """How many ran, how many of them failed."""
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite())
    return result.testsRun, len(result.failures) + len(result.errors)


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # unittest ends for no other exception
    start = time.monotonic()
    ran, failed = 1, 1
    try:
        world.set_up()
        print(f"cluster and guard are up after {time.monotonic() - start:.0f} s", flush=True)
        ran, failed = run_tests()
    except (AssertionError, OSError, subprocess.SubprocessError):
        traceback.print_exc(file=sys.stdout)
    if os.environ.get("E2E_HOLD"):
        print(f"holding {FOLDER} (touch {FOLDER}/go to end)", flush=True)
        until((FOLDER / "go").exists, "somebody says go", 3600)
    world.tear_down()
    print(f"{time.monotonic() - start:.0f} s")
    print(f"{max(ran - failed, 0)} passed, {failed} failed")
    return 0 if ran and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
