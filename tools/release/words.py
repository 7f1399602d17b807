# SPDX-License-Identifier: Apache-2.0
"""Manual pages and completions, as the programs themselves write them from their tables of options.

The programs of this machine's architecture are asked (tools/share.sh), with their libraries beside
them: they need nothing that is installed.
"""
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile

import contents
import pack
import portable

ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}
SHARE = pack.ROOT / "tools/share.sh"


def native():
    return ARCHES[platform.machine()]


def beside(folder, programs, packages):
    """The programs in FOLDER/bin, their libraries in FOLDER/lib."""
    for part in ("bin", "lib"):
        (folder / part).mkdir()
    for program in programs:
        shutil.copy(program, folder / "bin")
    for e in portable.libraries(packages, programs, native()):
        at = folder / "lib" / os.path.basename(e.path)
        if e.link:
            at.symlink_to(os.path.basename(e.link))
        else:
            at.write_bytes(e.data)


def pages(programs, packages, epoch):
    """Entries below /share: man/man1/..., bash-completion/..., zsh/..., fish/..."""
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        beside(folder, programs, packages)
        done = subprocess.run([SHARE, folder / "share", *(p.name for p in programs)], text=True, capture_output=True,
                              check=False, env={**os.environ, "BUILD": str(folder / "bin"), "LC_ALL": "C",
                                                "SOURCE_DATE_EPOCH": str(epoch)})
        if done.returncode:
            raise contents.Missing(f"{SHARE.name} ended with {done.returncode}: {done.stderr}")
        found = sorted(p for p in (folder / "share").rglob("*") if p.is_file())
        return [pack.file("/" + str(p.relative_to(folder)), p.read_bytes()) for p in found]
