# SPDX-License-Identifier: Apache-2.0
"""An OCI archive from nothing but bytes: no registry, no daemon, no root; same input, same bytes.

The archive is an image layout (image-spec 1.0) in a tar, as skopeo, podman, buildah, crane and
containerd read it; manifest.json besides is for `docker load`.
"""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

OCI = "application/vnd.oci.image."


def canonical(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def member(tar, name, data=None, link="", mode=0o755, mtime=0):
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.linkname = mode, mtime, link
    info.type = tarfile.SYMTYPE if link else tarfile.DIRTYPE if data is None else tarfile.REGTYPE
    info.size = 0 if link else len(data or b"")
    tar.addfile(info, None if link or data is None else io.BytesIO(data))


def layer(entries):
    """A tar of the entries (see contents.py), their folders first; all belongs to root."""
    raw = io.BytesIO()
    newest = max(e.mtime for e in entries)
    folders = set()
    for entry in entries:
        folder = os.path.dirname(entry.path)
        while folder != "/":
            folders.add(folder)
            folder = os.path.dirname(folder)
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder in sorted(folders):
            member(tar, folder[1:], mtime=newest)
        for e in entries:
            member(tar, e.path[1:], e.data, e.link, e.mode, e.mtime or newest)
    return raw.getvalue()


class Image:
    """Layers and their configuration, to be written as one archive."""

    def __init__(self, arch, created, config):
        self.blobs = {}
        self.layers = []
        self.config = {"architecture": arch, "os": "linux", "created": created, "config": config,
                       "rootfs": {"type": "layers", "diff_ids": []}, "history": []}

    def blob(self, data, kind):
        digest = digest_of(data)
        self.blobs["blobs/" + digest.replace(":", "/")] = data
        return {"mediaType": OCI + kind, "digest": digest, "size": len(data)}

    def add(self, entries, what):
        raw = layer(entries)
        self.layers.append(self.blob(gzip.compress(raw, 9, mtime=0), "layer.v1.tar+gzip"))
        self.config["rootfs"]["diff_ids"].append(digest_of(raw))
        self.config["history"].append({"created": self.config["created"], "created_by": what})

    def write(self, path, name, annotations):
        """Write the archive; the manifest's digest and all blobs' size."""
        config = self.blob(canonical(self.config), "config.v1+json")
        manifest = self.blob(canonical({"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                                        "config": config, "layers": self.layers, "annotations": annotations}),
                             "manifest.v1+json")
        platform = {"architecture": self.config["architecture"], "os": "linux"}
        # containerd and docker take the one name, skopeo and podman the other.
        names = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
        index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json",
                 "manifests": [{**manifest, "platform": platform, "annotations": names}]}
        docker = [{"Config": blob_path(config), "Layers": [blob_path(d) for d in self.layers], "RepoTags": [name]}]
        files = {**self.blobs, "index.json": canonical(index), "manifest.json": canonical(docker),
                 "oci-layout": canonical({"imageLayoutVersion": "1.0.0"})}
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for folder in ("blobs", "blobs/sha256"):
                member(tar, folder)
            for file in sorted(files):
                member(tar, file, files[file], mode=0o644)
        return manifest["digest"], sum(len(data) for data in self.blobs.values())


def blob_path(descriptor):
    return "blobs/" + descriptor["digest"].replace(":", "/")


def unpack(archive, folder):
    """The files of an image's layers, for who builds on them."""
    with tarfile.open(archive) as tar:
        for layer_path in json.load(tar.extractfile("manifest.json"))[0]["Layers"]:
            with tarfile.open(fileobj=io.BytesIO(gzip.decompress(tar.extractfile(layer_path).read()))) as files:
                files.extractall(folder)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] != "unpack":
        sys.exit("usage: oci.py unpack ARCHIVE FOLDER")
    unpack(*sys.argv[2:])
