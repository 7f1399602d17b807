#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Unpack Debian packages of any architecture, with all they depend on, into a folder of their own.

    sysroot.py ARCH FOLDER PACKAGE...

What the image is compiled against and made of never comes from this machine: not what happens to
be installed, not its architecture, and packages that cannot be installed side by side do not matter.
apt gets a state of its own in FOLDER/apt, with the Debian sources of this machine; no root is needed.

    FOLDER/root        the packages, unpacked
    FOLDER/index.json  which package, of which version, brought which file, and what it is to depend on it

Packages are looked for once a day, or with REFRESH=1. DEBS=FOLDER2 takes them from where
another run has put them, FOLDER2/sysroot-ARCH/apt, and needs no network.
"""
import concurrent.futures
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import time

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
A_DAY = 24 * 3600

APT_CONF = """\
Dir::State "{apt}"; Dir::State::status "{apt}/status"; Dir::Cache "{apt}";
Dir::Etc::sourcelist "{apt}/sources.list"; Dir::Etc::sourceparts "{apt}/none";
Dir::Etc::preferences "{apt}/none/preferences"; Dir::Etc::preferencesparts "{apt}/none";
APT::Architecture "{arch}"; APT::Architectures {{"{arch}";}}; APT::Sandbox::User "root";
APT::Install-Recommends "false"; Acquire::Languages "none"; Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
"""


def run(*command, env=None):
    done = subprocess.run(command, text=True, capture_output=True, env={**os.environ, "LC_ALL": "C", **(env or {})})
    if done.returncode:
        sys.exit(f"sysroot: {' '.join(command)} failed:\n{done.stderr}{done.stdout[-2000:]}")
    return done.stdout


def debian_sources(arch):
    """This machine's sources that are Debian's own, for another architecture."""
    ask = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages",
           "Origin: Debian"]
    lines = run(*ask)
    if not lines:  # a machine that never fetched its lists
        run(*([] if os.geteuid() == 0 else ["sudo"]), "apt-get", "update")
        lines = run(*ask)
    if not lines:
        sys.exit("sysroot: apt knows no source whose origin is Debian; see /etc/apt/sources.list.d")
    signed = f" signed-by={KEYRING}" if os.path.exists(KEYRING) else ""
    return "".join(f"deb [arch={arch}{signed}] {line}\n" for line in sorted(set(lines.splitlines())))


def prepare_apt(apt, arch):
    for sub in ("lists/partial", "archives/partial", "none"):
        (apt / sub).mkdir(parents=True, exist_ok=True)
    (apt / "status").write_text("")
    (apt / "sources.list").write_text(debian_sources(arch))
    (apt / "apt.conf").write_text(APT_CONF.format(apt=apt, arch=arch))


def fetch(apt, arch, names):
    """The archives' names, in order; downloads what is missing."""
    prepare_apt(apt, arch)
    env = {"APT_CONFIG": str(apt / "apt.conf")}
    run("apt-get", "-q", "update", env=env)
    run("apt-get", "-qy", "--download-only", "install", *names, env=env)
    plan = run("apt-get", "-qs", "install", *names, env=env)
    return sorted("{}_{}_{}.deb".format(name, version.replace(":", "%3a"), of) for name, version, of in
                  re.findall(r"^Inst (\S+) \((\S+) .*\[(\S+)\]\)", plan, re.M))


def fields_of(deb):
    text = run("dpkg-deb", "-f", str(deb))
    return text, dict(line.split(": ", 1) for line in text.splitlines() if re.match(r"[A-Z][\w-]*: ", line))


def control_file(deb, name):
    """One of the package's control files, as `symbols`; most packages have few of them."""
    tar = subprocess.run(["dpkg-deb", "--ctrl-tarfile", deb], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(tar)) as members:
        names = [member for member in members.getnames() if member.removeprefix("./") == name]
        return members.extractfile(names[0]).read().decode() if names else ""


def unpack(deb, root):
    """What the package is, and the files and links that it brings."""
    control, fields = fields_of(deb)
    files = []
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as tar:
        with tarfile.open(fileobj=tar.stdout, mode="r|") as members:
            files = [m.name[1:] for m in members if not m.isdir()]
    run("dpkg-deb", "-x", str(deb), str(root))
    source = re.match(r"(\S+)(?: \((\S+)\))?", fields.get("Source", fields["Package"]))
    return {"package": fields["Package"], "version": fields["Version"], "architecture": fields["Architecture"],
            "source": source[1], "source_version": source[2] or fields["Version"],
            "maintainer": fields["Maintainer"], "control": control, "files": sorted(files),
            "symbols": control_file(deb, "symbols"), "shlibs": control_file(deb, "shlibs"),
            "sha256": hashlib.sha256(pathlib.Path(deb).read_bytes()).hexdigest()}


def keep_inside(root):
    """Libraries' links for the linker that name a path from /: of this machine, or of none, and a static library then."""
    for link in root.rglob("*.so"):
        if link.is_symlink() and (to := os.readlink(link)).startswith("/"):
            link.unlink()
            link.symlink_to(os.path.relpath(root / to.lstrip("/"), link.parent))


def main(arch, folder, *names):
    folder = pathlib.Path(folder).resolve()
    debs = os.environ.get("DEBS")
    apt = pathlib.Path(debs).resolve() / f"sysroot-{arch}/apt" if debs else folder / "apt"
    stamp, wanted = folder / "packages", " ".join(sorted(names)) + "; symbols, shlibs, links\n"
    chosen = apt / "chosen.json"
    if not debs:
        fresh = stamp.exists() and stamp.read_text() == wanted and time.time() - stamp.stat().st_mtime < A_DAY
        if fresh and not os.environ.get("REFRESH"):
            return
        apt.mkdir(parents=True, exist_ok=True)
        chosen.write_text(json.dumps(fetch(apt, arch, names)))
    archives = [apt / "archives" / name for name in json.loads(chosen.read_text())]
    root = folder / "root"
    stamp.unlink(missing_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    # xz is what takes long. Debian's packages bring no file twice, so their order does not matter.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        index = list(pool.map(lambda deb: unpack(deb, root), archives))
    keep_inside(root)
    (folder / "index.json").write_text(json.dumps(index, indent=1))
    stamp.write_text(wanted)
    print(f"  {len(index)} Debian packages for {arch} in {os.path.relpath(root)}")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
