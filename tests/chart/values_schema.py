# SPDX-License-Identifier: Apache-2.0
"""Keeps values.schema.json equal to what it is made from.

It says of `config` what the JSON Schema of a GuardConfig says of `spec`, less `self`, which the
chart sets; and of `policies` and `exceptions` what the schemas of their documents say.
"""
import json
import re

CHART = "charts/oke-guard"
SCHEMA = f"{CHART}/values.schema.json"
# A value that holds documents by file name, and the schema of each.
DOCUMENTS = {"policies": "supportpolicy", "exceptions": "supportexception"}


def go_pattern(value):
    """Helm's patterns are Go's: \\x00 where JSON Schema says \\u0000."""
    return re.sub(r"\\u00([0-9a-f]{2})", r"\\x\1", value)


def adapt(node, prefix=""):
    """The same in the words of draft 7; `prefix` keeps the definitions of several schemas apart."""
    if isinstance(node, list):
        return [adapt(n, prefix) for n in node]
    if not isinstance(node, dict):
        return node
    out = {}
    for key, value in node.items():
        if key == "$ref":
            value = value.replace("#/$defs/", f"#/definitions/{prefix}")
        elif key == "pattern" and isinstance(value, str):
            if "(?" in value:
                continue  # what Go's expressions cannot say; policy lint and the servers check it
            value = go_pattern(value)
        else:
            value = adapt(value, prefix)
        out[key] = value
    return out


def read(name):
    with open(f"policy/schema/{name}.json", encoding="utf-8") as f:
        return json.load(f)


def with_documents(out, value, name):
    """A value whose entries are texts, documents, or lists of them."""
    schema = read(name)
    document = {k: v for k, v in schema.items() if k not in ("$schema", "$id", "$defs")}
    out["definitions"][name] = adapt(document, f"{name}-")
    for key, definition in schema["$defs"].items():
        out["definitions"][f"{name}-{key}"] = adapt(definition, f"{name}-")
    reference = {"$ref": f"#/definitions/{name}"}
    out["properties"][value]["additionalProperties"] = {
        "type": ["string", "object", "array"], "if": {"type": "object"}, "then": reference, "items": reference, "minItems": 1}


def wanted_schema(schema):
    """The chart's schema, with all that it takes from those of the documents."""
    guard_config = read("guardconfig")
    config = adapt(guard_config["properties"]["spec"])
    del config["properties"]["self"]
    config["description"] = "the `spec` of the GuardConfig, without `self`: mode, tiers, onError, overrides, exceptions, cluster, identities"
    out = json.loads(json.dumps(schema))
    out["properties"]["config"] = config
    out["definitions"] = adapt(guard_config["$defs"])
    for value, name in DOCUMENTS.items():
        with_documents(out, value, name)
    return out


def text_of(schema):
    return json.dumps(schema, indent=2) + "\n"


def schema_faults(accept):
    with open(SCHEMA, encoding="utf-8") as f:
        text = f.read()
    schema = json.loads(text)
    wanted = text_of(wanted_schema(schema))
    if accept and text != wanted:
        with open(SCHEMA, "w", encoding="utf-8") as f:
            f.write(wanted)
    elif text != wanted:
        yield f"{SCHEMA} differs from policy/schema: ACCEPT=1 make chart"
    yield from open_objects(schema["properties"], "")


def open_objects(properties, where):
    """An object of ours that takes unknown keys without being a map of something."""
    for key, node in properties.items():
        path = f"{where}{key}"
        if "properties" in node:
            if node.get("additionalProperties") is not False:
                yield f"{SCHEMA}: {path} takes unknown keys"
            yield from open_objects(node["properties"], f"{path}.")
