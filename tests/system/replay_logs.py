# SPDX-License-Identifier: Apache-2.0
"""Audit events for tests: as a kube-apiserver writes them, few members, one object at a time."""
import copy
import datetime
import json

CUSTOMER = {"username": "ocid1.user.oc1..aaaaaaaaexamplecustomer", "groups": ["system:authenticated"]}
ADMIN = {"username": "system:apiserver", "groups": ["system:masters", "system:authenticated"]}
START = datetime.datetime(2026, 11, 22, 10, tzinfo=datetime.timezone.utc)


def moment(seconds):
    return (START + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def line(event):
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


def resource_of(kind):
    return {"Deployment": ("apps", "deployments"), "ConfigMap": ("", "configmaps"), "Secret": ("", "secrets")}[kind]


def event(audit_id, verb, result, at, user=None, request=None, code=200, resource=None, subresource="", name=None,
          namespace="kube-system", level="RequestResponse", uri="/"):
    """One event. result: the responseObject, or None for a Status."""
    metadata = (result or {}).get("metadata") or {}
    group, plural = resource_of(result["kind"]) if result and not resource else \
        ("" if resource in ("pods", "configmaps", "secrets") else "apps", resource)
    reference = {"resource": plural, "namespace": namespace, "name": metadata.get("name", "") if name is None else name,
                 "apiGroup": group, "apiVersion": "v1", "subresource": subresource}
    out = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": level, "auditID": audit_id,
           "stage": "ResponseComplete", "requestURI": uri, "verb": verb, "user": user or CUSTOMER,
           "objectRef": {k: v for k, v in reference.items() if v}, "responseStatus": {"metadata": {}, "code": code},
           "requestReceivedTimestamp": moment(at), "stageTimestamp": moment(at),
           "annotations": {"authorization.k8s.io/decision": "allow"}}
    if level != "Metadata" and request is not None:
        out["requestObject"] = request
    if level == "RequestResponse":
        out["responseObject"] = copy.deepcopy(result) if result else \
            {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return out


def deployment(version, generation, managed=True):
    """CoreDNS' as a cluster has it, shortened."""
    out = {"kind": "Deployment", "apiVersion": "apps/v1",
           "metadata": {"name": "coredns", "namespace": "kube-system", "uid": "d", "resourceVersion": str(version),
                        "generation": generation, "labels": {"k8s-app": "kube-dns"}},
           "spec": {"replicas": 3, "selector": {"matchLabels": {"k8s-app": "kube-dns"}}, "template": {
               "metadata": {"labels": {"k8s-app": "kube-dns"}},
               "spec": {"containers": [{"name": "coredns", "image": "coredns:1"}]}}}}
    if managed:
        out["metadata"]["managedFields"] = [{"manager": "oke", "operation": "Apply", "apiVersion": "apps/v1",
                                             "time": moment(-1000)[:19] + "Z", "fieldsType": "FieldsV1"}]
    return out


def configmap(name, data, version):
    return {"kind": "ConfigMap", "apiVersion": "v1", "data": data,
            "metadata": {"name": name, "namespace": "kube-system", "uid": name, "resourceVersion": str(version),
                         "managedFields": [{"manager": "oke", "operation": "Update", "apiVersion": "v1",
                                            "time": moment(-1000)[:19] + "Z", "fieldsType": "FieldsV1"}]}}


def patched(before, version, manager, when, replicas=None, generation=None, data=None):
    """What the object is after somebody's write."""
    out = copy.deepcopy(before)
    metadata = out["metadata"]
    metadata["resourceVersion"] = str(version)
    if "generation" in metadata:
        metadata["generation"] = generation or metadata["generation"] + 1
    if replicas is not None:
        out["spec"]["replicas"] = replicas
    if data is not None:
        out["data"] = data
    if manager:
        metadata["managedFields"] = [m for m in metadata["managedFields"] if m["manager"] != manager] + [
            {"manager": manager, "operation": "Update", "apiVersion": out["apiVersion"], "time": when[:19] + "Z",
             "fieldsType": "FieldsV1"}]
    return out


VERBS = {"CREATE": "create", "UPDATE": "update", "DELETE": "delete", "CONNECT": "create"}


def from_review(number, review, level, one_object):
    """The events that a reviewed request leaves: before an UPDATE one that shows the old object."""
    request = review["review"]["request"]
    operation = request["operation"]
    new, old = request.get("object"), request.get("oldObject")
    uid = "one" if one_object else f"u{number}"
    name = request.get("name") or ((new or old or {}).get("metadata") or {}).get("name", "")
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    sent, result = new, status

    for thing, version in ((old, 2 * number + 1), (new, 2 * number + 2)):
        if thing and operation in ("CREATE", "UPDATE"):
            thing.setdefault("metadata", {}).update({"uid": uid, "resourceVersion": str(version)})
    if operation == "UPDATE":
        sent, result = {"metadata": {"resourceVersion": str(2 * number + 1)}}, new
        if level == "Request":
            sent = {**new, "metadata": {**new["metadata"], "resourceVersion": str(2 * number + 1)}}
    elif operation == "CREATE" and request.get("subResource") not in ("eviction", "binding"):
        result = new
    elif operation == "DELETE":
        sent = request.get("options")

    def told(audit_id, verb, user, code, subresource, at, body, answer):
        reference = {"resource": request["resource"]["resource"], "apiGroup": request["resource"].get("group", ""),
                     "apiVersion": request["resource"]["version"], "namespace": request.get("namespace", ""),
                     "name": name, "subresource": subresource}
        out = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": level, "auditID": audit_id,
               "stage": "ResponseComplete", "requestURI": "/?dryRun=All" if request.get("dryRun") else "/",
               "verb": verb, "user": user, "objectRef": {k: v for k, v in reference.items() if v},
               "responseStatus": {"code": code}, "requestReceivedTimestamp": moment(at), "stageTimestamp": moment(at)}
        if level != "Metadata" and body is not None:
            out["requestObject"] = body
        if level == "RequestResponse":
            out["responseObject"] = answer
        return out

    if operation == "UPDATE" and request.get("subResource") != "scale":
        yield {**told("before " + review["id"], "update", ADMIN, 200, "", 2 * number, None, old), "requestURI": "/"}
    yield told(review["id"], VERBS[operation], request["userInfo"],
               {"CONNECT": 101, "CREATE": 201}.get(operation, 200), request.get("subResource", ""), 2 * number + 1, sent,
               result)


def from_reviews(reviews, level, one_object=False):
    return [e for number, review in enumerate(reviews) for e in from_review(number, review, level, one_object)]
