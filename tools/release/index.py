# SPDX-License-Identifier: Apache-2.0
"""One image for all architectures: an OCI layout whose entry is the index of the single images."""
import json
import tarfile

import chart
import oci


def blobs_of(archive):
    """The blobs of a single image, and its manifest's descriptor."""
    with tarfile.open(archive) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()}
    entry = json.loads(files["index.json"])["manifests"][0]
    del entry["annotations"]
    return {name: data for name, data in files.items() if name.startswith("blobs/")}, entry


def layout(archives, version, annotations):
    """{name: bytes} of the layout; the index's digest."""
    blobs, entries = {}, []
    for archive in archives:
        more, entry = blobs_of(archive)
        blobs.update(more)
        entries.append(entry)
    index = oci.canonical({"schemaVersion": 2, "mediaType": oci.OCI + "index.v1+json", "manifests": entries,
                           "annotations": annotations})
    digest = oci.digest_of(index)
    blobs["blobs/" + digest.replace(":", "/")] = index
    entry = {"mediaType": oci.OCI + "index.v1+json", "digest": digest, "size": len(index)}
    return chart.wrapped(blobs, entry, version), digest
