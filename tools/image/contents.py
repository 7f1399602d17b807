# SPDX-License-Identifier: Apache-2.0
"""What goes into the image: programs, the libraries they need, and what says where these come from.

Nothing is run, so the architecture does not matter: needs are read from the ELF files. Libraries
that are opened at run time no file names; OPENED holds, for everything here that can open one,
what it opens and why that is shipped or not, and whoever is not in it stops the build.

The paths are those of a merged /usr: /lib and /lib64 are links, as on every Debian system.
"""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess

TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
LOADER_LINK = {"amd64": {"/lib64": "usr/lib64"}, "arm64": {}}
USER = 65532

# Soname: what it opens at run time. The server's own behaviour is in docs/image.md.
OPENED = {
    "libcrypto.so.3": "engines and providers that an openssl.cnf names; there is none",
    "libp11-kit.so.0": "PKCS#11 modules that /etc/pkcs11 or /usr/share/p11-kit names; there is none",
    "libsasl2.so.2": "mechanisms for LDAP, which libcurl may not use here",
    "libkrb5support.so.0": "Kerberos plug-ins that a krb5.conf names; there is none",
    "libc.so.6": "name services beyond files and dns, and character sets beyond UTF-8; neither is used",
}
# Functions for which glibc opens libgcc_s itself, and ends the program when it is not there.
WANTS_LIBGCC = {"pthread_exit", "pthread_cancel", "backtrace"}
OPENS = {"dlopen", "dlmopen"}

ETC = {
    "/etc/passwd": f"root:x:0:0:root:/:/nonexistent\noke-guard:x:{USER}:{USER}:oke-guard:/:/nonexistent\n",
    "/etc/group": f"root:x:0:\noke-guard:x:{USER}:\n",
    # glibc's default asks DNS first, also for names that the kubelet writes into /etc/hosts.
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


class Missing(Exception):
    """Something is needed that the packages do not bring."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file or link of the image. OWNER is the Debian package, or None for our own."""
    path: str
    data: bytes = b""
    link: str = ""
    mode: int = 0o644
    mtime: int = 0
    owner: str = None


def readelf(path, *options):
    # Any of them reads any architecture.
    tool = next(filter(shutil.which, ["readelf", *(t + "-readelf" for t in TRIPLETS.values())]))
    return subprocess.run([tool, "-W", *options, str(path)], check=True, text=True, capture_output=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", readelf(path, "-d"))


def interpreter(path):
    return re.search(r"program interpreter: (\S+)\]", readelf(path, "-l"))[1]


def imported(path):
    return set(re.findall(r" UND (\w+)@", readelf(path, "--dyn-syms")))


def merged(path):
    """The path under a merged /usr: /lib/x is /usr/lib/x."""
    return re.sub(r"^/(lib|lib64|bin|sbin)/", r"/usr/\1/", path)


class Packages:
    """The unpacked packages of tools/image/sysroot.py."""

    def __init__(self, folder):
        self.root = pathlib.Path(folder) / "root"
        self.index = {p["package"]: p for p in json.loads((self.root.parent / "index.json").read_text())}
        self.owners = {merged(f): (p["package"], f) for p in self.index.values() for f in p["files"]}

    def entry(self, path):
        """The package's file or link at a merged path."""
        if path not in self.owners:
            raise Missing(f"no package that was unpacked has {path}")
        owner, original = self.owners[path]
        source = self.root / original.lstrip("/")
        stat = source.lstat()
        if source.is_symlink():
            return Entry(path, link=os.readlink(source), mode=0o777, mtime=int(stat.st_mtime), owner=owner)
        return Entry(path, data=source.read_bytes(), mode=stat.st_mode & 0o755, mtime=int(stat.st_mtime),
                     owner=owner)

    def chain(self, path):
        """The entry at PATH, and as long as that is a link the one it leads to."""
        entries = [self.entry(path)]
        while entries[-1].link:
            at = entries[-1]
            target = os.path.normpath(os.path.join(os.path.dirname(at.path), merged(at.link)))
            if at.link.startswith("/"):
                entries[-1] = dataclasses.replace(at, link=os.path.relpath(target, os.path.dirname(at.path)))
            entries.append(self.entry(target))
        return entries

    def copyright(self, package):
        """Its licence file; its folder, or the file, may be a link into another package's."""
        doc = self.root / "usr/share/doc"
        source = (doc / package / "copyright").resolve()
        if doc.resolve() not in source.parents:
            raise Missing(f"the licence file of {package} is not in the packages")
        return Entry(f"/usr/share/doc/{package}/copyright", data=source.read_bytes(),
                     mtime=int(source.stat().st_mtime), owner=package)


def library(packages, soname, arch):
    for folder in ("", "/" + TRIPLETS[arch]):
        path = f"/usr/lib{folder}/{soname}"
        if path in packages.owners:
            return packages.chain(path)
    raise Missing(f"no package that was unpacked has {soname}")


def libraries(packages, programs, arch):
    """All that the programs need, and theirs; links included."""
    found, waiting = {}, [name for p in programs for name in needed(p)]
    while waiting:
        soname = waiting.pop()
        if soname in found:
            continue
        found[soname] = library(packages, soname, arch)
        file = packages.root / packages.owners[found[soname][-1].path][1].lstrip("/")
        uses = imported(file)
        if uses & OPENS and soname not in OPENED:
            raise Missing(f"{soname} opens libraries at run time: find out which, and add it to OPENED in {__file__}")
        waiting += needed(file) + (["libgcc_s.so.1"] if uses & WANTS_LIBGCC else [])
    return [entry for entries in found.values() for entry in entries]


def loader(packages, programs):
    """The program interpreter, with the links that lead to it."""
    return [entry for path in sorted({merged(interpreter(p)) for p in programs})
            for entry in packages.chain(path)]


def provenance(packages, entries):
    """Licence files, the texts they refer to, and what scanners read to know which package it is."""
    shipped = sorted({e.owner for e in entries})
    newest = max(e.mtime for e in entries)
    licences = [packages.copyright(name) for name in shipped]
    texts = sorted({t for e in licences for t in
                    re.findall(rb"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])", e.data)})
    common = [e for t in texts if f"/usr/share/common-licenses/{t.decode()}" in packages.owners
              for e in packages.chain(f"/usr/share/common-licenses/{t.decode()}")]
    status = [Entry(f"/var/lib/dpkg/status.d/{name}", owner=name, mtime=newest, data=packages.index[name]["control"]
                    .replace("\n", "\nStatus: install ok installed\n", 1).encode()) for name in shipped]
    return licences + common + status


def debian(packages, programs, arch):
    """All entries that come from Debian, sorted: the same as long as the packages are the same."""
    entries = loader(packages, programs) + libraries(packages, programs, arch)
    for path in ("/usr/lib/os-release", "/etc/os-release", "/etc/debian_version"):
        entries.append(packages.entry(path))
    entries += provenance(packages, entries)
    links = {"/lib": "usr/lib", **LOADER_LINK[arch]}
    entries += [Entry(path, link=to, mode=0o777, owner="base-files") for path, to in links.items()]
    return sorted({e.path: e for e in entries}.values(), key=lambda e: e.path)


def own(programs, epoch):
    """Programs and the few files of /etc."""
    entries = [Entry(f"/usr/bin/{p.name}", data=p.read_bytes(), mode=0o755, mtime=epoch) for p in programs]
    entries += [Entry(path, data=text.encode(), mtime=epoch) for path, text in ETC.items()]
    return sorted(entries, key=lambda e: e.path)
