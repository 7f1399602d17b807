# SPDX-License-Identifier: Apache-2.0
"""kubectl as the people of a cluster, and what the API server says of the guard: metrics and audit log."""
import collections
import json
import re
import subprocess

from cluster import BIN, FOLDER, LOGS, PATIENCE, until

OURS = ".oke-guard.internal"  # names of the guard's entries end so
SUPPORT = "support" + OURS  # the one for what Oracle manages in kube-system

Who = collections.namedtuple("Who", "user groups")
WHO = {
    "customer": Who("ocid1.user.oc1..aaaaaaaaexample", ["ocid1.group.oc1..aaaaaaaaadmins"]),
    "argocd": Who("system:serviceaccount:argocd:argocd-application-controller",
                  ["system:serviceaccounts", "system:serviceaccounts:argocd", "system:authenticated",
                   "ocid1.group.oc1..aaaaaaaaadmins"]),
    "robot": Who("deploy-robot", ["ocid1.group.oc1..aaaaaaaaadmins"]),
    "ci": Who("system:serviceaccount:ci:deployer", None),  # with a token of its own, as a pipeline has
    "exempt": Who("system:apiserver", ["system:masters"]),  # about whom the guard is not asked
    "admin": Who("admin", None),
}
TOKENS = {}  # of those who are not impersonated


def identity(who):
    """The flags with which kubectl is `who`."""
    if who in TOKENS:
        return [f"--token={TOKENS[who]}"]
    user, groups = WHO[who]
    return [] if groups is None else [f"--as={user}", *(f"--as-group={g}" for g in groups)]


def kubectl(*arguments, who="admin", stdin=None):
    """The finished process; its output is what a person at a terminal sees."""
    return subprocess.run(
        [BIN / "kubectl", "--kubeconfig", FOLDER / "admin.kubeconfig", "--cache-dir", FOLDER / "cache",
         *identity(who), *arguments],
        input=stdin or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE * 2,
        env={"HOME": str(FOLDER), "PATH": "/usr/bin:/bin"}, check=False)


def get(*arguments, stdin=None):
    """The output of a command that must succeed."""
    done = kubectl(*arguments, stdin=stdin)
    if done.returncode != 0:
        raise AssertionError(f"kubectl {' '.join(arguments)}:\n{done.stdout}")
    return done.stdout


def read(*arguments):
    return json.loads(get("get", *arguments, "--output=json"))


def apply(objects):
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    get("apply", "--server-side", "--force-conflicts", "--field-manager=oke", "-f", "-", stdin=text)


def system(*arguments):
    return ["-n", "kube-system", *arguments]


def pods(place, label):
    return get("-n", place, "get", "pods", f"--selector={label}", "--output=name").split()


def rolled_out(place, *names):
    for name in names:
        get("-n", place, "rollout", "status", name, f"--timeout={PATIENCE}s")


def wait_guarded():
    """Until the API server asks the guard: a denial is one more time a denial."""
    until(lambda: kubectl(*system("delete", "deployment", "coredns", "--dry-run=server"),
                          who="customer").returncode != 0, "the guard is asked")


# ---------------------------------------------------------------- metrics

def metrics_page():
    return get("get", "--raw", "/metrics")


def samples(name, page=None):
    """[(labels, value)] of that name, labels as a dictionary."""
    found = []
    for line in (page or metrics_page()).splitlines():
        if m := re.fullmatch(re.escape(name) + r"\{(.*)\} (\S+)", line):
            found.append((dict(re.findall(r'(\w+)="([^"]*)"', m[1])), float(m[2])))
    return found


def ours(name, page=None):
    """Those samples that belong to the guard's entries."""
    return [(labels, v) for labels, v in samples(name, page) if labels["name"].endswith(OURS)]


def rejections(page=None):
    """Requests that the guard refused."""
    return sum(v for labels, v in ours("apiserver_admission_webhook_rejection_count", page)
               if labels["error_type"] == "no_error")


def failures(page=None):
    """{what: how often} of all that the API server holds against the guard."""
    page = page or metrics_page()
    open_ = sum(v for _, v in ours("apiserver_admission_webhook_fail_open_count", page))
    failed = sum(v for labels, v in ours("apiserver_admission_webhook_rejection_count", page)
                 if labels["error_type"] != "no_error")
    return {"passed without an answer": open_, "failed calls": failed}


# ---------------------------------------------------------------- the audit log

AUDIT_LOG = LOGS / "audit.log"


def audit_size():
    return AUDIT_LOG.stat().st_size


def events(since=0, end=None):
    """Events from a place in the audit log on, or up to another; one that is still being written is left out."""
    with open(AUDIT_LOG, "rb") as log:
        log.seek(since)
        lines = log.read(-1 if end is None else end - since).splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def actor(event):
    """Whom the API server asked the webhook about."""
    return event.get("impersonatedUser", event["user"])["username"]


def audited(since, who):
    return [e for e in events(since) if actor(e) == WHO[who].user]


def notes(event):
    """What the guard wrote into an event."""
    found = ((k.partition("/"), v) for k, v in event.get("annotations", {}).items())
    return {key: v for (entry, _, key), v in found if entry.endswith(OURS)}


def failed_open(event):
    """Did this request pass because the guard did not answer?"""
    return [v for k, v in event.get("annotations", {}).items()
            if k.startswith("failed-open.") and v.endswith(OURS)]
