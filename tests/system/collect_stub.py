# SPDX-License-Identifier: Apache-2.0
"""A cluster to be read: lists in pages, tables, faults on order, over the real TLS of cluster_stub.

`with Lister() as stub:` serves what is in stub.lists (path -> items). stub.kubeconfig(...) writes a file that
leads there. Standard library only.
"""
import base64
import json
import os
import pathlib
import subprocess
import urllib.parse

import harness
from cluster_stub import AGENT, Stub, status


def item(i, kind="Pod", size=0):
    return {"metadata": {"name": f"{kind.lower()}-{i}", "namespace": "shop",
                         "uid": f"00000000-0000-4000-8000-{i:012x}"},
            "data": {"filler": "x" * size, "tricky": '{"items":[1,2,{"metadata":{"continue":"no"}}],"\\\\":"\\""}'}}


class Lister(Stub):
    def __init__(self):
        super().__init__()
        self.lists, self.texts = {}, {}
        self.page = 0         # items of a page, where the server gives fewer than it is asked for
        self.generation = 1   # of page tokens: older ones have expired (410)
        self.insertions = {}  # generation -> items that the list has from then on, in front
        self.denied = set()   # paths

    def answer(self, call):
        path, _, query = call["path"].partition("?")
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if call["headers"].get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return status(401, "Unauthorized")
        if path in self.denied:
            return status(403, f'{path} is forbidden: User "someone" cannot list resource')
        if path in self.texts:
            code, text = self.texts[path]
            return code, {"Content-Type": "text/plain"}, text.encode()
        if path in self.lists:
            return self.answer_list(path, query, call)
        return super().answer(call)

    def answer_list(self, path, query, call):
        if query.get("resourceVersion") == "0":
            return status(500, "the whole list at once: nobody asks for that")
        items = self.insertions.get(self.generation, []) + self.lists[path]
        at = 0
        if "continue" in query:
            token = json.loads(base64.urlsafe_b64decode(query["continue"] + "=="))
            at = token["at"]
            if token["generation"] != self.generation:
                return 410, {}, json.dumps({
                    "kind": "Status", "code": 410, "reason": "Expired", "message": "the token is too old",
                    "metadata": {"continue": self.page_token(max(0, at - 3))}}).encode()
        limit = int(query.get("limit", "500"))
        end = at + (min(limit, self.page) if self.page else limit)
        metadata = {"resourceVersion": "17"}
        if end < len(items):
            metadata |= {"continue": self.page_token(end), "remainingItemCount": len(items) - end}
        if "as=Table" in call["headers"].get("Accept", ""):
            body = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                    "columnDefinitions": [{"name": "Name", "type": "string"}, {"name": "Status", "type": "string"}],
                    "rows": [{"cells": [x["metadata"]["name"], "Ready"],
                              "object": {"kind": "PartialObjectMetadata", "metadata": x["metadata"]}}
                             for x in items[at:end]]}
        else:
            body = {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items[at:end]}
        return 200, {}, json.dumps(body, indent=1 if query.get("pretty") else None).encode()

    def page_token(self, at):
        raw = json.dumps({"at": at, "generation": self.generation, "start": "kube-system/x"}).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def kubeconfig(self, name="config", user=None, cluster=None, context="test", **more):
        """A file in the stub's folder; user and cluster replace the usual entries' members."""
        path = pathlib.Path(self.folder.name) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        config = {"apiVersion": "v1", "kind": "Config", "preferences": {"colors": True}, "current-context": context,
                  "contexts": [{"name": "test", "context": {"cluster": "here", "user": "me", "namespace": "shop"}}],
                  "clusters": [{"name": "here", "cluster": cluster if cluster is not None else {
                      "server": self.url, "certificate-authority": str(harness.certificates() / "ca.crt")}}],
                  "users": [{"name": "me", "user": user if user is not None else {"token": "token-1"}}], **more}
        path.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        return path


def environment(**more):
    """One that leads nowhere by itself."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("KUBECONFIG", "HOME", "KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", "https_proxy", "NO_PROXY")}
    return {**env, **{k: str(v) for k, v in more.items()}}


def collect(*requests, options=(), env=None, timeout=harness.PATIENCE, raw=None):
    """All requests at once: (status, records, stderr)."""
    text = raw if raw is not None else "".join(json.dumps(r) + "\n" for r in requests)
    done = subprocess.run([AGENT, "collect", *map(str, options)], input=text.encode(), capture_output=True,
                          timeout=timeout, check=False, env=env or environment())
    return done.returncode, [json.loads(x) for x in done.stdout.split(b"\n") if x], done.stderr.decode()


def kinds(records):
    """The first keys, and how often each in a row: [("inventory", 1), ("request", 1), ("item", 20), ...]."""
    out = []
    for key in (next(iter(r)) for r in records):
        if out and out[-1][0] == key:
            out[-1] = (key, out[-1][1] + 1)
        else:
            out.append((key, 1))
    return out


def dones(records):
    return [r for r in records if "done" in r]
