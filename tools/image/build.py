#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the image of one architecture from the built programs and the unpacked packages.

    build.py ARCH FOLDER PROGRAM...

FOLDER holds ARCH/PROGRAM and sysroot-ARCH; it gets oke-guard-ARCH.tar (an OCI archive),
oke-guard-ARCH.spdx.json, and the programs' debug information in ARCH/debug. SOURCE_DATE_EPOCH and
REVISION stand for what git says about the last commit, where there is no git.
"""
import datetime
import os
import pathlib
import re
import subprocess
import sys

import contents
import oci
import spdx

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTS = {"8443/tcp": {}, "9443/tcp": {}}


def git(variable, *command):
    value = os.environ.get(variable)
    if value:
        return value
    done = subprocess.run(["git", "-C", str(ROOT), *command], text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"image: this is no git repository; set {variable}")
    return done.stdout.strip()


def version():
    return re.search(r'OKE_GUARD_VERSION "(.+)"', (ROOT / "lib/base/version.h").read_text())[1]


def time_text(epoch):
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def strip(program, arch, folder):
    """The program as it is shipped; what a debugger needs goes to FOLDER/ARCH/debug, found by build id."""
    tool = contents.TRIPLETS[arch] + "-objcopy"
    built, stripped = folder / arch / program, folder / arch / "stripped" / program
    debug = folder / arch / "debug" / f"{program}.debug"
    for path in (stripped, debug):
        path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([tool, "--only-keep-debug", built, debug], check=True)
    subprocess.run([tool, "--strip-all", built, stripped], check=True)
    return stripped


def labels(number, created):
    prefix = "org.opencontainers.image."
    return {prefix + "title": "oke-guard", prefix + "version": number, prefix + "created": created,
            prefix + "revision": git("REVISION", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"),
            prefix + "licenses": "Apache-2.0",
            prefix + "description": "Says, before a change lands, that it takes an OKE cluster out of support"}


def distro(packages):
    """As purls name it: debian-12."""
    release = (packages.root / "usr/lib/os-release").read_text()
    return "debian-" + re.search(r'^VERSION_ID="(\d+)"', release, re.M)[1]


def main(arch, folder, *programs):
    folder, number = pathlib.Path(folder), version()
    epoch = int(git("SOURCE_DATE_EPOCH", "log", "-1", "--format=%ct"))
    created = time_text(epoch)
    packages = contents.Packages(folder / f"sysroot-{arch}")
    stripped = [strip(program, arch, folder) for program in programs]
    ours = contents.own(stripped, epoch)
    theirs = contents.debian(packages, stripped, arch)
    sbom = spdx.document(number, arch, created, packages.index, distro(packages), ours + theirs)
    ours.append(contents.Entry(spdx.INSIDE, data=sbom, mtime=epoch))
    (folder / f"oke-guard-{arch}.spdx.json").write_bytes(sbom)

    says = labels(number, created)
    image = oci.Image(arch, created, {
        "User": f"{contents.USER}:{contents.USER}", "Entrypoint": ["/usr/bin/oke-guard"], "Cmd": ["--help"],
        "WorkingDir": "/", "Env": ["PATH=/usr/bin"], "ExposedPorts": PORTS, "StopSignal": "SIGTERM",
        "Labels": says})
    image.add(theirs, "Debian's libraries, licence files and package data")
    image.add(ours, "oke-guard")
    archive = folder / f"oke-guard-{arch}.tar"
    digest, packed = image.write(archive, f"localhost/oke-guard:{number}", says)
    unpacked = sum(len(e.data) for e in ours + theirs)
    print(f"  {archive}: localhost/oke-guard:{number}, {digest}")
    print(f"  {packed / 1e6:.1f} MB packed, {unpacked / 1e6:.1f} MB unpacked, "
          f"{len({e.owner for e in theirs})} packages, {len(ours + theirs)} files")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except contents.Missing as lack:
        sys.exit(f"image: {lack}")
