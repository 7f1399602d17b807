#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the files of a release from both images' build folders.

    release.py IMAGES OUT PROGRAM...

IMAGES holds, for each architecture, what `make image` and `make portable` leave there. OUT gets the
files that docs/release.md lists, whole or not at all. RELEASE_KEY=FILE signs SHA256SUMS (PEM, P-256);
BUILDER=URI is who answers for the build, for the provenance.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pack
import chart
import index
import deb
import portable
import provenance
import words
import build
import contents

ARCHES = ("amd64", "arm64")
NAME = "oke-guard"


class Release:
    """What all parts are made of, and the files so far."""

    def __init__(self, images, programs):
        self.images, self.programs = pathlib.Path(images), programs
        self.version = build.version()
        self.epoch = int(build.git("SOURCE_DATE_EPOCH", "log", "-1", "--format=%ct"))
        self.created = build.time_text(self.epoch)
        self.labels = build.labels(self.version, self.created)
        self.revision = self.labels["org.opencontainers.image.revision"]
        self.sysroots = {arch: contents.Packages(self.images / f"sysroot-{arch}") for arch in ARCHES}
        self.files = {}

    def stripped(self, arch):
        return [self.images / arch / "stripped" / p for p in self.programs]

    def portable(self, arch):
        return [build.strip(f"portable/{p}", arch, self.images) for p in self.programs]

    def sbom(self, arch):
        return (self.images / f"{NAME}-{arch}.spdx.json").read_bytes()

    def add_image(self):
        archives = [self.images / f"{NAME}-{arch}.tar" for arch in ARCHES]
        self.image, self.image_digest = index.layout(archives, self.version, self.labels)
        self.files[f"{NAME}-{self.version}-image.tar"] = self.tar("", self.image)
        for arch in ARCHES:
            self.files[f"{NAME}-{self.version}-{arch}.spdx.json"] = self.sbom(arch)

    def add_chart(self):
        tgz = chart.package(self.epoch)
        self.chart, self.chart_digest = chart.layout(tgz, self.created)
        self.files[f"{NAME}-{self.version}.tgz"] = tgz

    def add_programs(self):
        pages = words.pages(self.portable(words.native()), self.sysroots[words.native()], self.epoch)
        for arch in ARCHES:
            packages = self.sysroots[arch]
            self.files[f"{NAME}_{self.version}_{arch}.deb"] = deb.build(
                self.version, arch, self.epoch, packages, self.stripped(arch), pages)
            self.files[f"{NAME}-{self.version}-linux-{arch}.tar.gz"] = portable.build(
                self.version, arch, self.epoch, packages, self.portable(arch), pages, self.sbom(arch))

    def add_bundle(self):
        """For networks without a way out: image and chart as skopeo takes them, and what checks and pushes them."""
        digests = f"version {self.version}\nimage {self.image_digest}\nchart {self.chart_digest}\n"
        files = {**{f"image/{name}": data for name, data in self.image.items()},
                 **{f"chart/{name}": data for name, data in self.chart.items()},
                 f"{NAME}-{self.version}.tgz": self.files[f"{NAME}-{self.version}.tgz"],
                 "LICENSE": (pack.ROOT / "LICENSE").read_bytes(), "digests": digests.encode(),
                 "verify.sh": (pack.ROOT / "tools/release/verify.sh").read_bytes()}
        files["SHA256SUMS"] = sums(files)
        self.files[f"{NAME}-{self.version}-airgap.tar"] = self.tar(f"/{NAME}-{self.version}-airgap", files)

    def add_provenance(self):
        about = {name: provenance.sha256(data) for name, data in self.files.items()}
        about[f"{NAME}:{self.version}"] = self.image_digest.removeprefix("sha256:")
        self.files[f"{NAME}-{self.version}.intoto.json"] = provenance.statement(
            self.version, self.revision, self.epoch, about, self.sysroots, os.environ.get("BUILDER"))

    def tar(self, prefix, files):
        entries = [pack.file(f"{prefix}/{name}", data, 0o755 if name.endswith(".sh") else 0o644)
                   for name, data in files.items()]
        return pack.tar(entries, self.epoch)


def sums(files):
    """As sha256sum writes and checks them."""
    return "".join(f"{provenance.sha256(files[name])}  {name}\n" for name in sorted(files)).encode()


def sign(folder, key):
    done = subprocess.run([pack.ROOT / "tools/release/sign.sh", os.path.abspath(key), folder], check=False)
    if done.returncode:
        sys.exit("release: not signed, nothing written")


def write(out, files, key):
    """All files, and only then the folder's name."""
    out = pathlib.Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as place:
        made = pathlib.Path(place) / "release"
        made.mkdir(mode=0o755)
        for name, data in files.items():
            (made / name).write_bytes(data)
        if key:
            sign(made, key)
        shutil.rmtree(out, ignore_errors=True)
        made.rename(out)


def main(images, out, *programs):
    release = Release(images, programs)
    release.add_image()
    release.add_chart()
    release.add_programs()
    release.add_bundle()
    release.add_provenance()
    release.files["SHA256SUMS"] = sums(release.files)
    key = os.environ.get("RELEASE_KEY")
    write(out, release.files, key)
    for name in sorted(release.files):
        print(f"  {len(release.files[name]) / 1e6:6.2f} MB  {out}/{name}")
    print(f"  image {release.image_digest}, chart {release.chart_digest}")
    print(f"  signed with {key}" if key else "  not signed: RELEASE_KEY=FILE names a private key")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except contents.Missing as lack:
        sys.exit(f"release: {lack}")
