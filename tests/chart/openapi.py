# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas for kubeconform, made from the OpenAPI v3 documents inside k8s.io/kubernetes.

One file a kind, KIND-GROUP-VERSION.json, each whole in itself: what it refers to stands in its
`definitions`. Strict: what a schema does not name is refused, as the API server's
fieldValidation Strict does.
"""
import hashlib
import json
import os
import pathlib
import subprocess

REFERENCE = "#/components/schemas/"
# The API's own escape hatches: anything may stand in them.
OPEN = "x-kubernetes-preserve-unknown-fields"


def source(version):
    """The folder of the OpenAPI documents in the module, downloaded where it is missing."""
    env = dict(os.environ, GOFLAGS="-mod=mod", GOWORK="off", GOTOOLCHAIN="local")
    run = subprocess.run(["go", "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"],
                         env=env, check=False, capture_output=True, text=True)
    folder = json.loads(run.stdout or "{}").get("Dir")
    if not folder:
        raise SystemExit(f"Kubernetes {version} was not found among the Go modules:\n{run.stdout}{run.stderr}")
    return pathlib.Path(folder, "api/openapi-spec/v3")


def strict(node):
    """References to the file's own definitions; objects closed."""
    if isinstance(node, list):
        return [strict(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {k: strict(v) for k, v in node.items() if not k.startswith("x-kubernetes-") and k != "description"}
    if isinstance(node.get("$ref"), str):
        out["$ref"] = node["$ref"].replace(REFERENCE, "#/definitions/")
    if "properties" in node and "additionalProperties" not in node and not node.get(OPEN):
        out["additionalProperties"] = False
    return out


def references(node):
    if isinstance(node, list):
        for n in node:
            yield from references(n)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(REFERENCE)
        for v in node.values():
            yield from references(v)


def reachable(schemas, name):
    found, todo = set(), [name]
    while todo:
        n = todo.pop()
        if n not in found:
            found.add(n)
            todo += references(schemas[n])
    return found


def whole(schemas, name, kind):
    """The schema of one kind, closed in itself."""
    own = json.loads(json.dumps(schemas[name]))
    version = "/".join(filter(None, (kind["group"], kind["version"])))
    own["properties"]["apiVersion"] = {"const": version}
    own["properties"]["kind"] = {"const": kind["kind"]}
    own["required"] = sorted({"apiVersion", "kind", *own.get("required", [])})
    return {**strict(own), "definitions": {n: strict(schemas[n]) for n in sorted(reachable(schemas, name))}}


def kinds(document):
    """Each kind that a document has as an object of its own: what it takes by POST."""
    schemas = document["components"]["schemas"]
    posted = {r for path in document["paths"].values() for r in references(path.get("post", {}))}
    for name in sorted(posted & schemas.keys()):
        for kind in schemas[name].get("x-kubernetes-group-version-kind", []):
            if "properties" in schemas[name] and "metadata" in schemas[name]["properties"]:
                yield name, kind


def write(version, folder):
    """All schemas of a version below FOLDER; made once. The folder appears when it is whole."""
    made_by = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:12]
    folder = pathlib.Path(folder, f"schemas-{version}-{made_by}")
    if folder.is_dir():
        return folder
    work = pathlib.Path(f"{folder}.{os.getpid()}")
    work.mkdir(parents=True)
    for path in sorted(source(version).glob("api*__v*_openapi.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        schemas = document["components"]["schemas"]
        for name, kind in kinds(document):
            # The core group has no name; kubeconform puts the version there.
            file = f"{kind['kind']}-{kind['group'] or kind['version']}-{kind['version']}.json".lower()
            (work / file).write_text(json.dumps(whole(schemas, name, kind)), encoding="utf-8")
    try:
        work.rename(folder)
    except OSError: # another run was quicker
        subprocess.run(["rm", "-rf", str(work)], check=True)
    return folder
