# SPDX-License-Identifier: Apache-2.0
"""The published Go modules of one release: which there is, where it lies, what its sources state."""
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import facts

STAGING = ("api", "apimachinery", "apiserver", "apiextensions-apiserver", "client-go", "component-base",
           "component-helpers", "controller-manager", "kube-aggregator", "cloud-provider", "kubelet", "kube-proxy", "kube-scheduler")
UNPACKED = os.path.join(facts.ROOT, os.environ.get("BUILD", "build"), "refresh", "modules")
ENVIRONMENT = {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def go(*args, cwd=None):
    done = subprocess.run(["go", *args], cwd=cwd, env={**os.environ, **ENVIRONMENT}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout, done.stderr


def order(version):
    """Releases after their pre-releases: 1.38.0 > 1.38.0-rc.1 > 1.38.0-beta.0."""
    m = re.fullmatch(r"v1\.(\d+)\.(\d+)(?:-([a-z]+)\.(\d+))?", version)
    if not m:
        return None
    minor, patch, pre, n = m.groups()
    return int(minor), int(patch), pre is None, pre or "", int(n or 0)


def published(wanted):
    """'1.38' or '1.38.0-beta.0' to the newest published version that fits, without its v; or None."""
    fits = [v for v in versions() if v[1:] == wanted or v.startswith(f"v{wanted}.")]
    return max(fits, key=order)[1:] if fits else None


@functools.lru_cache
def versions():
    status, out, err = go("list", "-m", "-versions", "k8s.io/kubernetes", cwd="/")
    if status:
        sys.exit(f"refresh: the versions of module k8s.io/kubernetes cannot be had: {err.strip()}\n"
                 "refresh: is a module proxy reachable (go env GOPROXY)?")
    return [v for v in out.split()[1:] if order(v)]


def newest(wanted):
    version = published(wanted)
    if not version:
        sys.exit(f"refresh: no version of Kubernetes {wanted} is published as a module; the newest are "
                 f"{', '.join(v[1:] for v in sorted(versions(), key=order)[-5:])}")
    return version


def fetch(version):
    """{module: folder} of a release; the staging modules carry 0.MINOR.PATCH."""
    staging = "v0." + version.split(".", 1)[1]
    wanted = {"kubernetes": f"k8s.io/kubernetes@v{version}"} | {m: f"k8s.io/{m}@{staging}" for m in STAGING}
    _, out, err = go("mod", "download", "-json", *wanted.values(), cwd="/")
    found, decoder, at = {}, json.JSONDecoder(), 0
    while at < len(out.rstrip()):
        row, at = decoder.raw_decode(out, at)
        at += len(out[at:]) - len(out[at:].lstrip())
        found[row["Path"].removeprefix("k8s.io/")] = folder_of(row)
    if set(found) != set(wanted):
        sys.exit(f"refresh: modules of Kubernetes {version} cannot be had: {err.strip() or sorted(set(wanted) - set(found))}")
    return found


def folder_of(row):
    """
    Where the sources lie. A module that asks for a newer Go than this one is fetched and checked all
    the same, only not unpacked: nothing here is built, so we do that.
    """
    if row.get("Dir"):
        return row["Dir"]
    if not row.get("Zip"):
        sys.exit(f"refresh: module {row['Path']}@{row['Version']} cannot be had: {row.get('Error', 'no reason is given')}")
    name = f"{row['Path']}@{row['Version']}"
    target = os.path.join(UNPACKED, name)
    if not os.path.isdir(target):
        unpack(row["Zip"], name, target)
    return target


def unpack(archive, name, target):
    """All or nothing. A module's archive holds files below MODULE@VERSION/ alone."""
    work = target + ".new"
    shutil.rmtree(work, ignore_errors=True)
    with zipfile.ZipFile(archive) as z:
        for entry in z.namelist():
            parts = entry.split("/")
            if not entry.startswith(name + "/") or ".." in parts or os.path.isabs(entry):
                sys.exit(f"refresh: {archive}: holds {entry!r}, which is not below {name}/")
        z.extractall(work)
    os.replace(os.path.join(work, name), target)
    shutil.rmtree(work)


def facts_of(modules):
    """What upstream/ prints of them."""
    status, out, err = go("run", ".", *(f"{m}={d}" for m, d in sorted(modules.items())),
                          cwd=os.path.join(facts.HERE, "upstream"))
    if status:
        sys.exit(f"refresh: tools/catalogue/upstream: {err.strip()}")
    return json.loads(out)


def text_of(modules):
    """All of the API types' and the internal keys' source, to look for keys in."""
    out = []
    for module, folder in (("api", ""), ("kubernetes", "pkg"), ("kubernetes", "plugin"), ("kubernetes", "cmd"),
                           ("apimachinery", ""), ("apiserver", ""), ("component-base", ""), ("component-helpers", ""),
                           ("client-go", ""), ("cloud-provider", "")):
        for dir_, dirs, names in os.walk(os.path.join(modules[module], folder)):
            dirs[:] = [d for d in dirs if d not in ("testdata", "vendor", "third_party")]
            for name in names:
                if name.endswith(".go") and not name.endswith("_test.go"):
                    with open(os.path.join(dir_, name), encoding="utf-8") as f:
                        out.append(f.read())
    return "\n".join(out)
