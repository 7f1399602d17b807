#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The objects that every cluster stands on, from the modules of Kubernetes itself.

    tools/system-names.py [VERSION...]        writes policy/builtin/system.yaml's list anew

Roles and bindings are those of the RBAC bootstrap policy (the module's own test data has them whole),
FlowSchemas and priority levels those of the API server's package flowcontrol/bootstrap, APIServices the
groups that kube-apiserver serves itself. The list is the union over the versions: an object that a newer
one does not make any more stands in older clusters all the same. Needs `go` and a Go module proxy.
"""
import io
import json
import os
import re
import subprocess
import sys
import zipfile

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
POLICY = os.path.join(ROOT, "policy/builtin/system.yaml")
BEGIN = "    # From the modules of Kubernetes {}, by tools/system-names.py; do not edit.\n"
END = "    # Up to here.\n"
VERSIONS = ["1.33.4", "1.34.4", "1.35.2", "1.36.1", "1.37.2"]
RBAC = "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata/"


def module(path, version):
    answer = subprocess.run(["go", "mod", "download", "-json", f"{path}@v{version}"], check=True,
                            stdout=subprocess.PIPE, env={**os.environ, "GOFLAGS": "-mod=mod"}, cwd="/")
    archive = zipfile.ZipFile(json.loads(answer.stdout)["Zip"])
    return archive, f"{path}@v{version}/"


def text(archive, prefix, name):
    return archive.read(prefix + name).decode()


def bootstrap(archive, prefix, found):
    names = [n for n in archive.namelist() if n.startswith(prefix + RBAC) and n.endswith(".yaml")]
    if len(names) < 6:
        sys.exit(f"{prefix}{RBAC} is not what it was: {names}")
    for name in names:
        for document in yaml.safe_load_all(io.StringIO(archive.read(name).decode())):
            for item in document["items"]:
                meta = item["metadata"]
                key = (item["kind"].lower() + "s", meta.get("namespace", ""))
                if meta["labels"].get("kubernetes.io/bootstrapping") != "rbac-defaults":
                    sys.exit(f"{name}: {meta['name']} has no bootstrapping label")
                found.setdefault(key, set()).add(meta["name"])


def flow_control(archive, prefix, found):
    source = text(archive, prefix, "pkg/apis/flowcontrol/bootstrap/default.go")
    for function, key in (("newFlowSchema", "flowschemas"),
                          ("newPriorityLevelConfiguration", "prioritylevelconfigurations")):
        for name in re.findall(r"= " + function + r"\(\s*([^,]+),", source):
            name = {"flowcontrol.PriorityLevelConfigurationNameExempt": '"exempt"',
                    "flowcontrol.PriorityLevelConfigurationNameCatchAll": '"catch-all"',
                    "flowcontrol.FlowSchemaNameExempt": '"exempt"',
                    "flowcontrol.FlowSchemaNameCatchAll": '"catch-all"'}.get(name, name)
            if not re.fullmatch(r'"[a-z-]+"', name):
                sys.exit(f"{prefix}: {function} names {name}")
            found.setdefault((key, ""), set()).add(name.strip('"'))


def api_services(archive, prefix, found):
    n = 0
    for name in ("cmd/kube-apiserver/app/aggregator.go", "pkg/controlplane/apiserver/aggregator.go"):
        for group, version in re.findall(r'\{Group: "([a-z0-9.]*)", Version: "([a-z0-9]+)"\}:',
                                         text(archive, prefix, name)):
            found.setdefault(("apiservices", ""), set()).add(f"{version}.{group}")
            n += 1
    if n < 30:
        sys.exit(f"{prefix}: only {n} groups were found")


GROUPS = {"flowschemas": "flowcontrol.apiserver.k8s.io",
          "prioritylevelconfigurations": "flowcontrol.apiserver.k8s.io",
          "apiservices": "apiregistration.k8s.io"}


def entry(resource, namespace, names):
    group = GROUPS.get(resource, "rbac.authorization.k8s.io")
    lines = [f"    - group: {group}", f"      resource: {resource}"]
    if namespace:
        lines.append(f"      namespace: {namespace}")
    if group == "rbac.authorization.k8s.io":
        lines.append("      labels: {kubernetes.io/bootstrapping: rbac-defaults}")
    lines.append("      names:")
    lines += [f'        - "{name}"' for name in sorted(names)]
    return "\n".join(lines) + "\n"


def main():
    versions = sys.argv[1:] or VERSIONS
    found = {}
    for version in versions:
        kubernetes = module("k8s.io/kubernetes", version)
        bootstrap(*kubernetes, found)
        api_services(*kubernetes, found)
        flow_control(*module("k8s.io/apiserver", "0" + version[1:]), found)
    with open(POLICY, encoding="utf-8") as f:
        whole = f.read()
    before, rest = whole.split("    # From the modules of Kubernetes", 1)
    after = rest.split(END, 1)[1]
    fresh = before + BEGIN.format(", ".join(versions)) + \
        "".join(entry(*key, names) for key, names in sorted(found.items())) + END + after
    with open(POLICY + ".new", "w", encoding="utf-8") as f:
        f.write(fresh)
    os.replace(POLICY + ".new", POLICY)
    for key, names in sorted(found.items()):
        print(f"{len(names):4} {'/'.join(k for k in key if k)}")


if __name__ == "__main__":
    main()
