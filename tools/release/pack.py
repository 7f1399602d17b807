# SPDX-License-Identifier: Apache-2.0
"""Archives of which nothing but names, modes and contents decides the bytes.

Entries are those of tools/image/contents.py, with paths that begin with a slash.
"""
import dataclasses
import gzip
import io
import os
import pathlib
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/image"))

import oci  # noqa: E402  (tools/image)
from contents import Entry  # noqa: E402


def below(prefix, entries):
    """The same entries in a folder."""
    return [dataclasses.replace(e, path=prefix + e.path) for e in entries]


def file(path, source, mode=0o644):
    """An entry whose contents are those of a file of this tree, or the bytes themselves."""
    return Entry(path, data=source if isinstance(source, bytes) else (ROOT / source).read_bytes(), mode=mode)


def folders_of(entries):
    found = set()
    for e in entries:
        folder = os.path.dirname(e.path)
        while folder != "/":
            found.add(folder)
            folder = os.path.dirname(folder)
    return sorted(found)


def tar(entries, epoch, dot=""):
    """The bytes of a tar in which all is root's and of one time; DOT: "." before each name, as in a .deb."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for folder in ([""] if dot else []) + folders_of(entries):
            oci.member(archive, f".{folder}/" if dot else folder[1:], mtime=epoch)
        for e in sorted(entries, key=lambda one: one.path):
            info = tarfile.TarInfo(dot + e.path if dot else e.path[1:])
            info.mode, info.mtime, info.linkname = (0o777 if e.link else e.mode), epoch, e.link
            info.uname = info.gname = "root" if dot else ""
            info.type = tarfile.SYMTYPE if e.link else tarfile.REGTYPE
            info.size = 0 if e.link else len(e.data)
            archive.addfile(info, None if e.link else io.BytesIO(e.data))
    return out.getvalue()


def gz(data):
    return gzip.compress(data, 9, mtime=0)
