# SPDX-License-Identifier: Apache-2.0
"""An OCI archive of one layer from one static program: no registry, no daemon, nothing pulled."""
import gzip
import hashlib
import io
import json
import platform
import tarfile

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
OCI = "application/vnd.oci.image."


def tar(files):
    """The bytes of a tar file that holds {name: (bytes, mode)}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, (data, mode) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def write(target, reference, program):
    """Write to target the image `reference`, whose entry point is the file `program`."""
    blobs = {}

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        blobs["blobs/sha256/" + digest] = (data, 0o644)
        return {"mediaType": OCI + kind, "digest": "sha256:" + digest, "size": len(data)}

    layer = tar({program.name: (program.read_bytes(), 0o755)})
    config = {"architecture": ARCH, "os": "linux", "config": {"Entrypoint": ["/" + program.name]},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
    manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                "config": blob(json.dumps(config).encode(), "config.v1+json"),
                "layers": [blob(gzip.compress(layer, 6, mtime=0), "layer.v1.tar+gzip")]}
    entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"io.containerd.image.name": reference}
    index = {"schemaVersion": 2, "manifests": [entry]}
    files = {"oci-layout": (b'{"imageLayoutVersion": "1.0.0"}', 0o644),
             "index.json": (json.dumps(index).encode(), 0o644), **blobs}
    target.write_bytes(tar(files))
