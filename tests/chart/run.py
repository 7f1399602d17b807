# SPDX-License-Identifier: Apache-2.0
"""The chart, rendered: `make chart`.

For each value set in tests/chart/values: helm lint --strict; what helm template prints against
tests/chart/golden; kubeconform with the schemas of four Kubernetes versions; Pod Security,
rights and names (rules.py); its GuardConfig and policies with `oke-guard policy lint`. Then values
that must be refused (tests/chart/bad, whose first line says how), the documents that must agree
(values_schema.py), and what kube-score says.

HELM, KUBECONFORM and KUBE_SCORE are the programs, SCHEMAS a folder that keeps what openapi.py makes, BUILD where
oke-guard is. ACCEPT=1 writes the golden files anew: read the difference before you commit it.
"""
import base64
import copy
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import yaml

import openapi
import rules
import values_schema

CHART = "charts/oke-guard"
HERE = pathlib.Path("tests/chart")
VERSIONS = ("1.34.4", "1.35.2", "1.36.1", "1.37.0")
NEWEST = VERSIONS[-1]
ACCEPT = bool(os.environ.get("ACCEPT"))
HELM = os.environ.get("HELM", "helm")
KUBECONFORM = os.environ.get("KUBECONFORM", "kubeconform")
KUBE_SCORE = os.environ.get("KUBE_SCORE", "kube-score")
GUARD = os.path.join(os.environ.get("BUILD", "build"), "oke-guard")

passed = failed = 0


def report(name, faults):
    global passed, failed
    faults = [str(f) for f in faults]
    passed, failed = passed + (not faults), failed + bool(faults)
    print(f"  {'FAIL' if faults else 'ok  '}  {name}")
    for fault in faults[:20]:
        print("        " + fault.replace("\n", "\n        "))


def run(*command, stdin=None):
    return subprocess.run([str(c) for c in command], input=stdin, check=False, capture_output=True, text=True)


def release(file):
    """The comment `# release: NAME --namespace NS`, or the recommended one."""
    found = re.search(r"^# release: (.*)$", file.read_text(encoding="utf-8"), re.M)
    name, *options = shlex.split(found[1] if found else "oke-guard --namespace oke-guard")
    return name, options


def template(file, version=NEWEST, *more):
    name, options = release(file)
    return run(HELM, "template", name, CHART, *options, "--values", file, "--kube-version", version, *more)


# ---------------------------------------------------------------- one value set


def lint_faults(file):
    lint = run(HELM, "lint", "--strict", CHART, *release(file)[1], "--values", file, "--kube-version", NEWEST)
    if lint.returncode:
        yield lint.stdout + lint.stderr


def notes_of(file):
    """What helm install prints at its end and helm template does not: rendered as a manifest."""
    name, options = release(file)
    with tempfile.TemporaryDirectory() as folder:
        chart = pathlib.Path(shutil.copytree(CHART, f"{folder}/oke-guard"))
        text = (chart / "templates/NOTES.txt").read_text(encoding="utf-8")
        (chart / "templates/_notes.tpl").write_text('{{ define "notes" }}' + text + "{{ end }}", encoding="utf-8")
        (chart / "templates/notes.yaml").write_text('notes: {{ include "notes" . | toJson }}', encoding="utf-8")
        out = run(HELM, "template", name, chart, *options, "--values", file, "--kube-version", NEWEST,
                  "--show-only", "templates/notes.yaml")
    return yaml.safe_load(out.stdout)["notes"] if out.returncode == 0 else out.stderr


def in_order(text):
    """Helm 3 and 4 order kinds that they do not know, and part documents, each its own way."""
    documents = (d.strip("\n") for d in re.split(r"^---\n", text, flags=re.M))
    return "".join(f"---\n{d}\n" for d in sorted(documents) if d)


def shortened(text):
    """The dashboard stands in the chart as it is: a golden file need not repeat it."""
    with open(f"{CHART}/files/dashboard.json", encoding="utf-8") as f:
        board = "".join(f"    {line}\n" for line in f.read().splitlines())
    return text.replace(board, "    (files/dashboard.json)\n")


def golden_faults(file, text):
    golden = HERE / "golden" / file.name
    if ACCEPT:
        golden.write_text(text, encoding="utf-8")
    if not golden.exists():
        yield f"{golden} is missing: ACCEPT=1 make chart"
        return
    diff = run("diff", "-u", "--label", str(golden), "--label", "helm template", golden, "-", stdin=text)
    if diff.returncode:
        yield diff.stdout + "ACCEPT=1 make chart writes it anew"


def conform_faults(text, schemas):
    file = "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json"
    result = run(KUBECONFORM, "-strict", "-summary", "-schema-location", f"{schemas}/{file}",
                 "-schema-location", f"{HERE}/kinds/{file}", stdin=text)
    objects = sum(1 for d in yaml.safe_load_all(text) if d)
    if result.returncode or f"Valid: {objects}, Invalid: 0, Errors: 0, Skipped: 0" not in result.stdout:
        yield result.stdout + result.stderr


def fullname_of(objects):
    return next(o["metadata"]["name"] for o in objects if o["kind"] == "ValidatingWebhookConfiguration")


def guard_faults(objects):
    """The rendered configuration and policies, as the server would read them."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("config", "policies"):
            pathlib.Path(folder, part).mkdir()
            for name, text in (find(objects, "ConfigMap", f"-{part}").get("data") or {}).items():
                pathlib.Path(folder, part, name).write_text(text, encoding="utf-8")
        lint = run(GUARD, "policy", "lint", "--config", f"{folder}/config/guard.yaml", f"{folder}/policies")
        if lint.returncode:
            yield (lint.stdout + lint.stderr).replace(folder + "/", "")


def entries_faults(objects, values, namespace):
    """In the mode in which the chart writes them: what the program would write for this release."""
    configuration = find(objects, "ValidatingWebhookConfiguration")
    if values.get("certificates", {}).get("mode", "self") != "secret":
        if "webhooks" in configuration:
            yield "entries that the agent writes"
        if any("inject-ca" in a for a in configuration["metadata"].get("annotations", {})):
            yield "asks cert-manager's cainjector, which may take matchConditions away"
        return
    if values.get("webhookConfiguration", {}).get("webhooks"):
        return
    name = configuration["metadata"]["name"]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(find(objects, "ConfigMap", "-config")["data"]["guard.yaml"])
        config.flush()
        wanted = run(GUARD, "generate", "webhook-configuration", "--config", config.name, "--name", name,
                     "--service", f"{namespace}/{name}")
    by_name = [{w["name"]: w for w in o["webhooks"]} for o in (yaml.safe_load(wanted.stdout), configuration)]
    for entry in sorted(by_name[0].keys() | by_name[1].keys()):
        pair = [b.get(entry) for b in by_name]
        if pair[0] != pair[1]:
            yield f"{entry}: the program {pair[0]}\nthe chart {pair[1]}"


def check_values(file, schemas):
    name = file.stem
    report(f"{name}: helm lint --strict", lint_faults(file))
    rendered = template(file)
    if rendered.returncode:
        report(f"{name}: helm template", [rendered.stderr])
        return
    text = rendered.stdout
    objects = [d for d in yaml.safe_load_all(text) if d]
    report(f"{name}: as in golden/", golden_faults(file, in_order(shortened(text)) + "---\n# NOTES.txt\n" + commented(notes_of(file))))
    for version in VERSIONS:
        report(f"{name}: kubeconform, Kubernetes {version}", conform_faults(text, schemas[version]))
    values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    namespace = release(file)[1][1]
    report(f"{name}: Pod Security, rights, names",
           rules.faults(objects, fullname_of(objects), namespace, values.get("hostNetwork", False), values))
    report(f"{name}: the entries that the API server gets", entries_faults(objects, values, namespace))
    report(f"{name}: oke-guard policy lint", guard_faults(objects))


def commented(text):
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


# ---------------------------------------------------------------- kube-score

STRICT = "## In a strict cluster"


def scored(file):
    """What kube-score has to say, of whichever container."""
    done = run(KUBE_SCORE, "score", "--kubernetes-version", "v1.32", "--output-format", "ci", "-", stdin=template(file).stdout)
    lines = done.stdout.splitlines()
    if not any(line.startswith("[OK]") for line in lines):
        raise ValueError(f"kube-score judged nothing: {done.stdout}{done.stderr}")
    return sorted({m[1] for line in lines if (m := re.match(r"\[(?:CRITICAL|WARNING)\] \S+ \S+: (?:\([^)]*\) )?(.*)", line))})


def score_faults():
    """The defaults: what it names is answered in docs/chart.md, and nothing else is. A strict house's values: nothing."""
    page = pathlib.Path("docs/chart.md").read_text(encoding="utf-8").split(STRICT)[1].split("\n## ")[0]
    answered = sorted(re.findall(r"^\| ([^|`]+) \| [^|]+ \| `", page, re.M))
    found = scored(HERE / "values/default.yaml")
    if found != answered:
        yield f"kube-score names {found}, docs/chart.md answers {answered}"
    if left := scored(HERE / "values/strict.yaml"):
        yield f"values/strict.yaml leaves {left}"
    if "".join(f"    {line}\n" for line in (HERE / "values/strict.yaml").read_text(encoding="utf-8").splitlines()[1:]) not in page:
        yield "docs/chart.md does not show tests/chart/values/strict.yaml"


# ---------------------------------------------------------------- refused values


def refused_faults(file):
    wanted = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    result = template(file)
    if result.returncode == 0:
        yield "taken"
    elif wanted not in result.stderr:
        yield f"no word of: {wanted}\n{result.stderr}"


# ---------------------------------------------------------------- the checks themselves


def find(objects, kind, ending=""):
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"].endswith(ending))


def server(objects):
    return next(s for n, s in rules.pods(objects) if s["containers"][0]["name"] == "server")


COMMON = {"commonLabels": {"team": "platform"}, "commonAnnotations": {"owner": "platform"}}
# What is broken in the default rendering with these, and what the rules must say of it.
BREAKS = (
    ("keeps capabilities", lambda o: server(o)["containers"][0]["securityContext"].pop("capabilities")),
    ("may run as root", lambda o: server(o)["securityContext"].update(runAsUser=0)),
    ("has no seccomp profile", lambda o: server(o)["securityContext"].pop("seccompProfile")),
    ("may write to its root", lambda o: server(o)["containers"][0]["securityContext"].pop("readOnlyRootFilesystem")),
    ("may gain privileges", lambda o: server(o)["containers"][0]["securityContext"].update(allowPrivilegeEscalation=True)),
    ("a volume hostPath", lambda o: server(o)["volumes"].append({"name": "x", "hostPath": {"path": "/"}})),
    ("hostNetwork is set", lambda o: server(o).update(hostNetwork=True)),
    ("a rule without resourceNames", lambda o: find(o, "Role", "-agent")["rules"][0].pop("resourceNames")),
    (": create", lambda o: find(o, "Role", "-agent")["rules"][0]["verbs"].append("create")),
    (": a star", lambda o: find(o, "ClusterRole", "-agent")["rules"][0].update(resources=["*"])),
    ("is bound to nobody", lambda o: o.remove(find(o, "RoleBinding", "-agent"))),
    ("is no account of this chart", lambda o: find(o, "RoleBinding", "-agent")["subjects"][0].update(name="other")),
    ("automountServiceAccountToken is None", lambda o: server(o).pop("automountServiceAccountToken")),
    ("mounts a projected volume", lambda o: server(o)["volumes"].append({"name": "x", "projected": {}})),
    ("is no full name", lambda o: server(o)["containers"][0].update(image="oke-guard:1")),
    ("several images", lambda o: server(o)["containers"][0].update(image="localhost/other:1")),
    ("has no limit of memory", lambda o: server(o)["containers"][0]["resources"].pop("limits")),
    ("terminationGracePeriodSeconds leaves", lambda o: server(o).update(terminationGracePeriodSeconds=30)),
    ("0 budgets with 2 replicas", lambda o: o.remove(find(o, "PodDisruptionBudget"))),
    ("selects other pods", lambda o: find(o, "Service", "oke-guard")["spec"]["selector"].pop("app.kubernetes.io/component")),
    ("stays behind", lambda o: find(o, "Job")["metadata"]["annotations"].update({"helm.sh/hook-delete-policy": "hook-succeeded"})),
    ("may run for ever", lambda o: find(o, "Job")["spec"].pop("activeDeadlineSeconds")),
    ("ConfigMap oke-guard-facts has data", lambda o: find(o, "ConfigMap", "-facts").update(data={})),
    ("Secret oke-guard-tls has data", lambda o: find(o, "Secret").update(data={})),
    ("metadata.namespace is None", lambda o: find(o, "Service")["metadata"].pop("namespace")),
    ("Deployment oke-guard-agent: label team is None", lambda o: find(o, "Deployment")["metadata"]["labels"].pop("team")),
    ("the pods of Deployment oke-guard-agent: label team is None",
     lambda o: find(o, "Deployment")["spec"]["template"]["metadata"]["labels"].pop("team")),
    ("has no annotation owner", lambda o: find(o, "PodDisruptionBudget")["metadata"].pop("annotations")),
    ("does not begin with oke-guard", lambda o: find(o, "Service")["metadata"].update(name="other")),
)


def unseen(objects):
    """Faults that the rules do not see."""
    for wanted, do in BREAKS:
        broken = copy.deepcopy(objects)
        do(broken)
        found = list(rules.faults(broken, "oke-guard", "oke-guard", False, COMMON))
        if not any(wanted in f for f in found):
            yield f"not seen: {wanted} (but {found})"


# ---------------------------------------------------------------- documents that agree

RESOURCES = {"Endpoints": "endpoints", "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
             "Secret": "secrets", "ConfigMap": "configmaps", "Deployment": "deployments"}


def documented_rights():
    """{who: {(resource, name): verbs}} of the table in docs/agent.md; F is the full name."""
    with open("docs/agent.md", encoding="utf-8") as f:
        text = f.read()
    rights, who = {}, ""
    for cell, kind, name, verbs in re.findall(r"^\| (.*?) ?\| (\w+) (F[\w-]*) \| ([a-z, ]+)", text, re.M):
        who = cell.replace("`", "") or who
        rights.setdefault(who, {})[(RESOURCES[kind], name)] = {v.strip() for v in verbs.split(",")}
    return rights


def rendered_rights(objects, account):
    f = fullname_of(objects)
    return {(rule["resources"][0], rule["resourceNames"][0].replace(f, "F", 1)): set(rule["verbs"])
            for o in objects if o["kind"] in ("Role", "ClusterRole") and o["metadata"]["name"] == f + account
            for rule in o["rules"]}


def rights_faults():
    documented = documented_rights()
    for who, values, account in (("run, --certificates self", "default", "-agent"),
                                 ("run, --certificates cert-manager", "cert-manager", "-agent"),
                                 ("run, --certificates external", "secret", "-agent"),
                                 ("probe", "default", "-probe"), ("probe", "default", "-test")):
        text = template(HERE / f"values/{values}.yaml", NEWEST, "--set=agent.enabled=true").stdout
        objects = [d for d in yaml.safe_load_all(text) if d]
        rendered = rendered_rights(objects, account)
        if account == "-agent":
            documented[who] = documented.get(who, {}) | documented["run, --rollout"] | documented["run, --learned-port"]
        if rendered != documented.get(who):
            yield f"{who}: docs/agent.md has {documented.get(who)}, F{account} has {rendered}"


def version_faults(chart):
    with open("lib/base/version.h", encoding="utf-8") as f:
        version = re.search(r'OKE_GUARD_VERSION "(.*)"', f.read())[1]
    for key in ("version", "appVersion"):
        if chart[key] != version:
            yield f"Chart.yaml: {key} is {chart[key]}, lib/base/version.h says {version}"


def chart_faults(chart):
    """The icon is the file's; an address that nobody has put there yet is not made up."""
    icon = pathlib.Path(CHART, "files/icon.svg").read_bytes()
    if chart["icon"] != "data:image/svg+xml;base64," + base64.b64encode(icon).decode():
        yield "Chart.yaml: icon is not files/icon.svg"
    for link in re.findall(r"https?://[^/\s\"]+", json.dumps({k: v for k, v in chart.items() if k != "icon"})):
        if link != "https://docs.oracle.com" and not (chart.get("home") and chart.get("sources")):
            yield f"Chart.yaml: {link}, without home and sources"


def table_faults():
    done = run(sys.executable, "tools/docs/chart.py", *([] if ACCEPT else ["--check"]))
    if done.returncode:
        yield done.stdout + done.stderr


def upgrade_faults():
    """A command that upgrades keeps the values that were given, and takes new defaults."""
    for page in ("README.md", f"{CHART}/README.md", f"{CHART}/templates/NOTES.txt", *map(str, pathlib.Path("docs").glob("*.md"))):
        text = re.sub(r"\\\n\s*", " ", pathlib.Path(page).read_text(encoding="utf-8"))
        for line in text.splitlines():
            if re.search(r"\bhelm\b[^|`]* upgrade ", line) and "--reset-then-reuse-values" not in line and "--install" not in line:
                yield f"{page}: {line.strip()}"


def main():
    os.makedirs(os.environ["SCHEMAS"], exist_ok=True)
    schemas = {v: openapi.write(v, os.environ["SCHEMAS"]) for v in VERSIONS}
    with open(f"{CHART}/Chart.yaml", encoding="utf-8") as f:
        chart = yaml.safe_load(f)
    report("Chart.yaml has the project's version", version_faults(chart))
    report("Chart.yaml has an icon and no made-up address", chart_faults(chart))
    report("values.schema.json agrees with the schemas of policies", values_schema.schema_faults(ACCEPT))
    report("README and docs/chart.md have every value", table_faults())
    report("one way to upgrade in NOTES, README and docs", upgrade_faults())
    report("the rights are those that docs/agent.md asks for", rights_faults())
    files = sorted((HERE / "values").glob("*.yaml"))
    for file in files:
        check_values(file, schemas)
    stale = {p.name for p in (HERE / "golden").iterdir()} - {p.name for p in files}
    report("no golden file without its values", sorted(stale))
    report("the rules see what is broken",
           unseen([d for d in yaml.safe_load_all(template(HERE / "values/default.yaml", NEWEST, "--set",
                                                          "commonLabels.team=platform,commonAnnotations.owner=platform").stdout) if d]))
    report("kube-score: answered, or nothing to say", score_faults())
    for file in sorted((HERE / "bad").glob("*.yaml")):
        report(f"refused: {file.stem}", refused_faults(file))
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
