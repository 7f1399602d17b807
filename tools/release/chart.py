# SPDX-License-Identifier: Apache-2.0
"""The chart as `helm package` makes it, but the same bytes each time, and as the artifact that `helm push` makes."""
import fnmatch
import json
import os

import yaml

import oci
import pack

CHART = pack.ROOT / "charts/oke-guard"
MEDIA = "application/vnd.cncf.helm."


def ignored():
    lines = (CHART / ".helmignore").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def files():
    """Paths below the chart's folder, Chart.yaml first as Helm writes it, without what .helmignore names."""
    patterns, found = ignored(), []
    for folder, folders, names in os.walk(CHART):
        folders[:] = sorted(f for f in folders if not any(fnmatch.fnmatch(f, p) for p in patterns))
        found += [os.path.relpath(os.path.join(folder, n), CHART) for n in sorted(names)
                  if not any(fnmatch.fnmatch(n, p) for p in patterns)]
    return sorted(found, key=lambda name: (name != "Chart.yaml", name))


def package(epoch):
    """oke-guard-VERSION.tgz."""
    entries = [pack.file(f"/oke-guard/{name}", CHART / name) for name in files()]
    return pack.gz(pack.tar([*entries, pack.file("/oke-guard/LICENSE", "LICENSE")], epoch))


def metadata():
    return yaml.safe_load((CHART / "Chart.yaml").read_text())


def layout(tgz, created):
    """The chart in an OCI layout of its own, {name: bytes}; its digest."""
    meta = metadata()
    blobs = {}

    def blob(data, media):
        blobs["blobs/" + oci.digest_of(data).replace(":", "/")] = data
        return {"mediaType": media, "digest": oci.digest_of(data), "size": len(data)}

    notes = {"org.opencontainers.image." + key: value for key, value in
             (("title", meta["name"]), ("version", meta["version"]), ("description", meta["description"]),
              ("created", created), ("licenses", "Apache-2.0"))}
    manifest = {"schemaVersion": 2, "mediaType": oci.OCI + "manifest.v1+json",
                "config": blob(json.dumps(meta, sort_keys=True).encode(), MEDIA + "config.v1+json"),
                "layers": [blob(tgz, MEDIA + "chart.content.v1.tar+gzip")], "annotations": notes}
    entry = blob(oci.canonical(manifest), oci.OCI + "manifest.v1+json")
    return wrapped(blobs, entry, meta["version"]), entry["digest"]


def wrapped(blobs, entry, name):
    """The files of a layout whose one entry has that name."""
    index = {"schemaVersion": 2, "mediaType": oci.OCI + "index.v1+json",
             "manifests": [{**entry, "annotations": {"org.opencontainers.image.ref.name": name}}]}
    return {**blobs, "index.json": oci.canonical(index), "oci-layout": oci.canonical({"imageLayoutVersion": "1.0.0"})}
