# SPDX-License-Identifier: Apache-2.0
"""oke-guard-VERSION-linux-ARCH.tar.gz: programs with their libraries beside them, for any Linux with a new enough glibc.

The programs are linked to look into ../lib from where they are ($ORIGIN), and so do the libraries
that they load; glibc alone is the system's, and libgcc_s, which glibc opens by itself when a thread
ends. CEILING is the newest glibc that any of the files asks for.
"""
import re

import contents
import pack

CEILING = (2, 34)
# Of glibc, and what belongs to the system as glibc does.
SYSTEM = {"glibc", "gcc-12"}


def asked(path):
    """The newest glibc whose symbols an ELF file needs."""
    found = re.findall(r"Name: GLIBC_(\d+)\.(\d+)", contents.readelf(path, "-V"))
    return max(((int(a), int(b)) for a, b in found), default=(0, 0))


def assert_ceiling(paths):
    for path in paths:
        newest = asked(path)
        if newest > CEILING:
            raise contents.Missing(f"{path} needs glibc {newest[0]}.{newest[1]}; README and docs/release.md promise "
                                   f"{CEILING[0]}.{CEILING[1]}")


def assert_beside(program):
    """Linked to look beside itself, and for the libraries that its libraries need as well."""
    if not re.search(r"\(RPATH\).*\[\$ORIGIN/\.\./lib\]", contents.readelf(program, "-d")):
        raise contents.Missing(f"{program} does not look for libraries in $ORIGIN/../lib")


def libraries(packages, programs, arch):
    found = contents.libraries(packages, programs, arch)
    return [e for e in found if packages.index[e.owner]["source"] not in SYSTEM]


def build(version, arch, epoch, packages, programs, pages, sbom):
    theirs = libraries(packages, programs, arch)
    elves = [packages.root / packages.owners[e.path][1].lstrip("/") for e in theirs if not e.link]
    assert_ceiling([*programs, *elves])
    for program in programs:
        assert_beside(program)
    entries = [pack.file(f"/bin/{p.name}", p.read_bytes(), 0o755) for p in programs]
    entries.append(contents.Entry("/bin/kubectl-oke_guard", link="oke-guard"))
    entries += [contents.Entry("/lib/" + e.path.rsplit("/", 1)[1], data=e.data, link=e.link.rsplit("/", 1)[-1],
                               mode=0o644) for e in theirs]
    for e in contents.provenance(packages, theirs):
        if "/doc/" in e.path or "/common-licenses/" in e.path:
            entries.append(contents.Entry("/share/" + e.path.removeprefix("/usr/share/"), data=e.data, link=e.link))
    entries += [pack.file("/LICENSE", "LICENSE"), pack.file("/CHANGELOG.md", "CHANGELOG.md"),
                pack.file("/share/doc/oke-guard/image.spdx.json", sbom), *pages]
    unique = list({e.path: e for e in entries}.values())
    return pack.gz(pack.tar(pack.below(f"/oke-guard-{version}-linux-{arch}", unique), epoch))
