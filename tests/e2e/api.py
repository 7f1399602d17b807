# SPDX-License-Identifier: Apache-2.0
"""The API server without kubectl: one connection, many requests; and all that a cluster holds."""
import http.client
import json
import ssl

from cluster import API, FOLDER, token
from kube import WHO

# Made and unmade all the time by the cluster itself.
RESTLESS = {"events", "pods", "replicasets", "controllerrevisions", "leases", "endpoints", "endpointslices",
            "ipaddresses", "nodes", "csinodes"}


class Connection:
    """One keep-alive connection to the API server, as one user."""

    def __init__(self, who="customer"):
        context = ssl.create_default_context(cafile=str(FOLDER / "certs/apiserver.crt"))
        self.http = http.client.HTTPSConnection(API, 6443, context=context, timeout=30)
        user, groups = WHO[who]
        self.headers = [("Authorization", f"Bearer {token('admin')}")]
        if groups is not None:
            self.headers += [("Impersonate-User", user), *(("Impersonate-Group", g) for g in groups)]

    def send(self, method, path, body=None, kind="application/merge-patch+json"):
        """(status, body) of the answer."""
        data = json.dumps(body).encode() if body is not None else b""
        about = [("Content-Type", kind), ("Content-Length", str(len(data)))] if data else []
        self.http.putrequest(method, path)
        for name, value in [*self.headers, *about]:
            self.http.putheader(name, value)
        self.http.endheaders(data)
        answer = self.http.getresponse()
        return answer.status, answer.read()

    def read(self, path):
        status, body = self.send("GET", path)
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {body[:300]}")
        return json.loads(body)


def resources(connection):
    """(name, path) of each kind of object that can be listed."""
    roots = ["/api/v1"] + ["/apis/" + g["preferredVersion"]["groupVersion"]
                           for g in connection.read("/apis")["groups"]]
    for root in roots:
        for r in connection.read(root)["resources"]:
            if "list" in r["verbs"] and "/" not in r["name"]:
                yield r["name"], f"{root}/{r['name']}"


def inventory():
    """(resource, namespace, name) of all objects, less those that come and go by themselves."""
    connection, found = Connection("admin"), set()
    for name, path in resources(connection):
        for item in connection.read(path)["items"]:
            place = item["metadata"].get("namespace", "")
            if name not in RESTLESS or place == "oke-guard":
                found.add((name, place, item["metadata"]["name"]))
    return found
