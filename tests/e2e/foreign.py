# SPDX-License-Identifier: Apache-2.0
"""Other people's software, as build.sh keeps it: programs that run beside the tests as an account of the cluster, and
charts. run.sh had them built; in here there is no network.
"""
import functools
import pathlib

import kube
from cluster import FOLDER, HERE, SERVER, run


@functools.cache
def folder(group):
    """Of its programs and of what else was kept of its module."""
    return pathlib.Path(run(HERE / "build.sh", group).splitlines()[-1])


def kubeconfig(place, account):
    """The file with which a program is this ServiceAccount, by a token that the API server gave."""
    token = kube.get("-n", place, "create", "token", account, "--duration=2h").strip()
    file = FOLDER / f"{place}-{account}.kubeconfig"
    file.write_text(f"""\
apiVersion: v1
kind: Config
current-context: e2e
contexts: [{{name: e2e, context: {{cluster: e2e, user: e2e}}}}]
clusters: [{{name: e2e, cluster: {{server: "{SERVER}", certificate-authority: {FOLDER}/certs/apiserver.crt}}}}]
users: [{{name: e2e, user: {{token: {token}}}}}]
""", encoding="utf-8")
    return file
