#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every `oci` command that oke-guard can print, taken by the real CLI's own parser.

The commands of the pack as they are written, those of README and docs, and those that are made for
a request: each policy of an add-on is asked about each argument's field and about an image, in
enhanced clusters where OKE runs the add-on. usage: commands.py PYTHON_WITH_OCI_CLI
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, os.environ.get("BUILD", "build"), "oke-guard")
KINDS = {"deployments": "Deployment", "daemonsets": "DaemonSet"}


def guard(*arguments, **more):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, **more).stdout


def policies():
    # `policy list` names them; the pack is what the program has, whatever the files say
    for path in sorted(glob.glob(os.path.join(ROOT, "policy/builtin/*.yaml"))):
        with open(path, encoding="utf-8") as f:
            for name in re.findall(r"^metadata: \{name: ([a-z0-9-]+)\}", f.read(), re.M):
                yield json.loads(guard("policy", "print", "-o", "json", name))


def of_pack():
    for policy in policies():
        for rule in policy["spec"]["rules"]:
            for remedy in [rule.get("remedy", {}), *rule.get("remedies", [])]:
                for line in [remedy.get("command"), *remedy.get("commands", [])]:
                    if line:
                        yield f"{policy['metadata']['name']}/{rule['name']}", line


def of_pages():
    for path in [os.path.join(ROOT, "README.md"), *sorted(glob.glob(os.path.join(ROOT, "docs/*.md")))]:
        with open(path, encoding="utf-8") as f:
            for line in f:
                found = re.match(r"^(?:Warning: )?\s*\$?\s*(oci ce .*[^\\\s])\s*$", line)
                if found:
                    yield os.path.relpath(path, ROOT), found.group(1)


# ---- what is made for a request ----

def put(at, path, value):
    """The object that has the value at spec.template.spec.containers[name=x].resources."""
    steps = [s for s in re.split(r"\.(?![^\[]*\])", path) if s]
    for i, step in enumerate(steps):
        key, _, item = step.partition("[")
        last = i + 1 == len(steps)
        if item:
            name = item.rstrip("]").partition("=")[2] or "c"
            at = at.setdefault(key, [{"name": name}])[0]
        elif last:
            at[key] = value
        else:
            at = at.setdefault(key, {})


def review(where, name, path, old, new):
    def thing(value):
        made = {"apiVersion": "apps/v1", "kind": KINDS[where["resource"]],
                "metadata": {"name": name, "namespace": where.get("namespace", "any")}}
        put(made, path, value)
        return made
    resource = {"group": "apps", "version": "v1", "resource": where["resource"]}
    kind = {"group": "apps", "version": "v1", "kind": KINDS[where["resource"]]}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "UPDATE", "kind": kind, "requestKind": kind, "resource": resource,
        "requestResource": resource, "namespace": where.get("namespace", "any"), "name": name,
        "userInfo": {"username": "ocid1.user.oc1..x", "groups": ["system:authenticated"]},
        "object": thing(new), "oldObject": thing(old), "dryRun": False, "options": None}}


def questions():
    for policy in policies():
        spec = policy["spec"]
        if "addon" not in spec:
            continue
        for where in spec["objects"]:
            for name in where.get("names", []) if where["resource"] in KINDS else []:
                for argument in spec["addon"].get("arguments", []):
                    if argument.get("object", name) != name:
                        continue
                    if argument["path"].endswith("replicas"):
                        yield argument["key"], review(where, name, argument["path"], 2, 4)
                        yield argument.get("lower", argument["key"]), review(where, name, argument["path"], 4, 2)
                    else:
                        yield argument["key"], review(where, name, argument["path"], {"a": "b"}, {"a": "it's"})
                yield "--version-parameterconflict", review(
                    where, name, "spec.template.spec.containers[name=c].image", "a:1", "a:2")


def of_requests():
    addons = sorted({p["spec"]["addon"]["name"] for p in policies() if "addon" in p["spec"]})
    config = {"apiVersion": "oke-guard.internal/v1", "kind": "GuardConfig", "metadata": {"name": "all"},
              "spec": {"cluster": {"clusterType": "enhanced", "ocid": "ocid1.cluster.oc1.iad.aaaa",
                                   "addons": {a: {"managed": "true"} for a in addons}}}}
    with tempfile.TemporaryDirectory() as folder:
        asked = list(questions())
        with open(f"{folder}/config.json", "w", encoding="utf-8") as f:
            json.dump(config, f)
        with open(f"{folder}/reviews.jsonl", "w", encoding="utf-8") as f:
            f.writelines(json.dumps(r) + "\n" for _, r in asked)
        answers = guard("review", "-o", "json", "--config", f"{folder}/config.json",
                        f"{folder}/reviews.jsonl").splitlines()
    assert len(answers) == len(asked), f"{len(answers)} answers to {len(asked)} reviews"
    for (key, asks), answer in zip(asked, answers):
        response = json.loads(answer)["response"]
        said = (response.get("status", {}).get("message", "") + "\n" + "\n".join(response.get("warnings", [])))
        lines = [line.strip() for line in said.splitlines() if line.strip().startswith("oci ")]
        place = f"{asks['request']['name']} {key}"
        if not response["allowed"] and key not in said and "own" not in said:
            yield place, f"(the denial does not name {key})"
        for line in lines:
            yield place, line


def main():
    found = [*of_pack(), *of_pages(), *of_requests()]
    found = [(place, line) for place, line in found if line.startswith(("oci ", "("))]
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([sys.argv[1], os.path.join(ROOT, "tests/oci/parse.py")], cwd=folder, text=True,
                             input="".join(line + "\n" for _, line in found), stdout=subprocess.PIPE, check=False)
    answers = run.stdout.split("\n")[:-1]
    failed = [(place, line, answer) for (place, line), answer in zip(found, answers) if answer]
    for place, line, answer in failed:
        print(f"{place}: {line}\n    {answer}")
    failures = len(failed) + abs(len(found) - len(answers)) + (run.returncode != 0)
    print(f"{len(found)} commands, {len(set(line for _, line in found))} of them different")
    print(f"{len(found) - len(failed)} passed, {failures} failed")
    return 1 if failures or len(found) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
