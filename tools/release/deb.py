# SPDX-License-Identifier: Apache-2.0
"""oke-guard_VERSION_ARCH.deb: programs, man pages, completions, and a systemd unit that is not enabled.

What it depends on is read from the programs and from what Debian's packages say of the symbols of
their libraries. Newer Debians have some of these under other names, and provide the old ones.
"""
import email.utils
import gzip
import hashlib
import re
import subprocess

import contents
import pack

DOC = "/usr/share/doc/oke-guard"
UNIT = "/lib/systemd/system/oke-guard.service"

CONTROL = """\
Package: oke-guard
Version: {version}
Architecture: {arch}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: {depends}
Suggests: bash-completion
Section: admin
Priority: optional
Description: tells what takes an OKE cluster out of Oracle's support
 Oracle supports an OKE (Oracle Kubernetes Engine) cluster inside a boundary:
 changing or removing a component that Oracle manages makes the cluster
 unsupported. oke-guard says so before the write lands, with the supported
 way to do it: as an admission webhook, in CI over manifests, over audit logs,
 and by a scan of a cluster or of a dump of it.
 .
 The package brings the programs and a systemd unit that is not enabled.
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: oke-guard

Files: *
Copyright: 2026, the contributors to oke-guard
License: Apache-2.0

License: Apache-2.0
 On Debian systems the text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
"""
# A service whose program is gone would not start again.
PRERM = """#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	deb-systemd-invoke stop oke-guard.service >/dev/null || true
fi
"""
POSTRM = """#!/bin/sh
set -e
if [ "$1" = purge ] && command -v deb-systemd-helper >/dev/null; then
	deb-systemd-helper purge oke-guard.service >/dev/null || true
fi
"""


def symbols(packages):
    """{soname: (package, {symbol@version: the package's first version that has it})}."""
    found = {}
    for package in packages.index.values():
        for line in package["symbols"].splitlines():
            if head := re.match(r"(\S+) (\S+) ", line) if line[0] not in " *|" else None:
                known = found.setdefault(head[1], (head[2], {}))[1]
            elif line[0] == " ":
                symbol, least = line.split()[:2]
                known[symbol] = least
    return found


def library_packages(packages):
    """{soname: what whoever needs it depends on}, where symbols are not listed."""
    lines = [line for p in packages.index.values() for line in p["shlibs"].splitlines() if not line.startswith("udeb:")]
    return {f"{name}.so.{number}": rest for name, number, rest in (line.split(" ", 2) for line in lines)}


def newer(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "gt", b], check=False).returncode == 0


def depends(packages, programs):
    """Each library's package, in the oldest version that has all that the programs use of it."""
    known, plain, needs, others = symbols(packages), library_packages(packages), {}, set()
    imported = {f"{name}@{version or 'Base'}" for p in programs for name, version in
                re.findall(r" UND (\w+)(?:@(\S+))?", contents.readelf(p, "--dyn-syms"))}
    for soname in sorted({name for p in programs for name in contents.needed(p)}):
        if soname not in known:
            if soname not in plain:
                raise contents.Missing(f"no package says what {soname} depends on")
            others.add(plain[soname].strip())
            continue
        package, first = known[soname]
        for symbol in imported & set(first):
            if package not in needs or newer(first[symbol], needs[package]):
                needs[package] = first[symbol]
    return ", ".join(sorted(others | {name if least == "0" else f"{name} (>= {least})" for name, least in needs.items()}))


def maintainer():
    return "oke-guard maintainers <maintainers@oke-guard.internal>"


# The name of the project's own, as its API groups have it; SECURITY.md says where reports go.
OVERRIDES = b"""\
# Nobody's mailbox: who makes packages for others puts in his own.
oke-guard: bogus-mail-host Maintainer maintainers@oke-guard.internal
oke-guard: bogus-mail-host-in-debian-changelog maintainers@oke-guard.internal *
"""


def changelog(version, epoch):
    """The one entry that Debian's tools want; CHANGELOG.md is beside it."""
    date = email.utils.formatdate(epoch)
    return (f"oke-guard ({version}) stable; urgency=medium\n\n  * Version {version}; CHANGELOG.md.gz has what is new.\n\n"
            f" -- {maintainer()}  {date}\n").encode()


def unit():
    text = (pack.ROOT / "docs/systemd/oke-guard.service").read_text()
    return text.replace("/usr/local/bin/", "/usr/bin/").encode()


def documents(version, epoch):
    def packed(path, data):
        return pack.file(f"{DOC}/{path}.gz", gzip.compress(data, 9, mtime=0))

    return [pack.file(f"{DOC}/copyright", COPYRIGHT.encode()), packed("changelog", changelog(version, epoch)),
            packed("CHANGELOG.md", (pack.ROOT / "CHANGELOG.md").read_bytes())]


def shared(pages):
    """Below /usr, manual pages packed; the plug-in's page is the program's."""
    for e in pages:
        if e.path.startswith("/share/man/"):
            yield pack.file(f"/usr{e.path}.gz", gzip.compress(e.data, 9, mtime=0))
        else:
            yield pack.file(f"/usr{e.path}", e.data)
    yield contents.Entry("/usr/share/man/man1/kubectl-oke_guard.1.gz", link="oke-guard.1.gz")


def ar(members, epoch):
    """The outermost archive: common ar, even sizes."""
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{epoch:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        out += data + b"\n" * (len(data) % 2)
    return out


def build(version, arch, epoch, packages, programs, pages):
    entries = [pack.file(f"/usr/bin/{p.name}", p.read_bytes(), 0o755) for p in programs]
    entries += [contents.Entry("/usr/bin/kubectl-oke_guard", link="oke-guard"), pack.file(UNIT, unit())]
    entries += [*documents(version, epoch), *shared(pages)]
    entries.append(pack.file("/usr/share/lintian/overrides/oke-guard", OVERRIDES))
    regular = sorted((e for e in entries if not e.link), key=lambda e: e.path)
    size = sum(-(-len(e.data) // 1024) for e in regular) + len(pack.folders_of(entries)) + 1
    control = CONTROL.format(version=version, arch=arch, maintainer=maintainer(), size=size,
                             depends=depends(packages, programs))
    sums = "".join(f"{hashlib.md5(e.data).hexdigest()}  {e.path[1:]}\n" for e in regular)
    about = [pack.file("/control", control.encode()), pack.file("/md5sums", sums.encode()),
             pack.file("/prerm", PRERM.encode(), 0o755), pack.file("/postrm", POSTRM.encode(), 0o755)]
    return ar([("debian-binary", b"2.0\n"), ("control.tar.gz", pack.gz(pack.tar(about, epoch, "."))),
               ("data.tar.gz", pack.gz(pack.tar(entries, epoch, ".")))], epoch)
