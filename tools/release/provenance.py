# SPDX-License-Identifier: Apache-2.0
"""Where a release comes from, as an in-toto statement with SLSA's provenance predicate (v1).

It says what was built, from which commit, with which Debian packages and compilers: what somebody
needs to build it again and compare. It has no times, and claims no level of SLSA's: who reads it
has the builder's word and the signature for it, until he has built it himself.
"""
import hashlib
import json
import subprocess
import urllib.parse
import zlib

import contents

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:oke-guard:make-release:1"
NOBODY = "urn:oke-guard:builder:unnamed"


def compiler(arch):
    tool = contents.TRIPLETS[arch] + "-gcc"
    return subprocess.run([tool, "--version"], check=True, text=True, capture_output=True).stdout.splitlines()[0]


def commit(revision):
    dirty = revision.endswith("-dirty")
    source = {"name": "oke-guard", "digest": {"gitCommit": revision.removesuffix("-dirty")}}
    return {**source, "annotations": {"changed": "files of the tree differ from the commit"}} if dirty else source


def package(p):
    version = urllib.parse.quote(p["version"], safe="")
    return {"uri": f"pkg:deb/debian/{p['package']}@{version}?arch={p['architecture']}", "digest": {"sha256": p["sha256"]}}


def dependencies(revision, sysroots):
    packages = {d["uri"]: d for packages in sysroots.values() for d in map(package, packages.index.values())}
    return [commit(revision), *(packages[uri] for uri in sorted(packages))]


def statement(version, revision, epoch, files, sysroots, builder):
    """FILES: {name: digest without its algorithm} of what the statement is about."""
    tools = {f"compiler-{arch}": compiler(arch) for arch in sysroots}
    return (json.dumps({
        "_type": STATEMENT, "predicateType": PREDICATE,
        "subject": [{"name": name, "digest": {"sha256": files[name]}} for name in sorted(files)],
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"goal": "release", "version": version},
                "internalParameters": {"SOURCE_DATE_EPOCH": epoch, "zlib": zlib.ZLIB_RUNTIME_VERSION, **tools},
                "resolvedDependencies": dependencies(revision, sysroots)},
            "runDetails": {"builder": {"id": builder or NOBODY}}}}, indent=1, sort_keys=True) + "\n").encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()
