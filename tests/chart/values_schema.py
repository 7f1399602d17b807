"""Keeps two documents equal to what they are made from.

values.schema.json says of `config` what the JSON Schema of a GuardConfig says of `spec`, less
`self`, which the chart sets. docs/chart.md says of each value what stands in values.yaml.
"""
import json
import re

CHART = "charts/oke-guard"
SCHEMA = f"{CHART}/values.schema.json"


def go_pattern(value):
    """Helm's patterns are Go's: \\x00 where JSON Schema says \\u0000."""
    return re.sub(r"\\u00([0-9a-f]{2})", r"\\x\1", value)


def adapt(node):
    if isinstance(node, list):
        return [adapt(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {}
    for key, value in node.items():
        if key == "$ref":
            value = value.replace("#/$defs/", "#/definitions/")
        elif key == "pattern" and isinstance(value, str):
            value = go_pattern(value)
        else:
            value = adapt(value)
        out[key] = value
    return out


def with_config(schema, guard_config):
    """The chart's schema, with all that it takes from the GuardConfig's."""
    config = adapt(guard_config["properties"]["spec"])
    del config["properties"]["self"]
    config["description"] = "The spec of the GuardConfig."
    out = json.loads(json.dumps(schema))
    out["properties"]["config"] = config
    out["definitions"] = adapt(guard_config["$defs"])
    return out


def load():
    with open(SCHEMA, encoding="utf-8") as f:
        text = f.read()
    with open("policy/schema/guardconfig.json", encoding="utf-8") as f:
        return text, json.loads(text), json.load(f)


def text_of(schema):
    return json.dumps(schema, indent=2) + "\n"


def schema_faults(accept):
    text, schema, guard_config = load()
    wanted = text_of(with_config(schema, guard_config))
    if accept and text != wanted:
        with open(SCHEMA, "w", encoding="utf-8") as f:
            f.write(wanted)
    elif text != wanted:
        yield f"{SCHEMA} differs from policy/schema/guardconfig.json: ACCEPT=1 make chart"
    yield from open_objects(schema["properties"], "")


def open_objects(properties, where):
    """An object of ours that takes unknown keys without being a map of something."""
    for key, node in properties.items():
        path = f"{where}{key}"
        if "properties" in node:
            if node.get("additionalProperties") is not False:
                yield f"{SCHEMA}: {path} takes unknown keys"
            yield from open_objects(node["properties"], f"{path}.")


# ---------------------------------------------------------------- docs/chart.md


def leaves(values, where=""):
    """Each value that stands in values.yaml, by its path; an empty map is a value."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{where}{key}.")
        else:
            yield f"{where}{key}", value


def documented(text):
    """The rows `| value | default | meaning |` of the page."""
    for row in re.findall(r"^\| `([A-Za-z.]+)` \| (.*?) \| (.*) \|$", text, re.M):
        yield row[0], row[1], row[2]


def shown(value):
    return f"`{json.dumps(value)}`" if value != "" else '`""`'


def documentation_faults(values, text, whole):
    """`whole`: maps of Kubernetes' own that the page shows in one row."""
    wanted = {}
    for path, value in leaves(values):
        top = next((w for w in whole if path == w or path.startswith(w + ".")), None)
        wanted[top or path] = None if top else shown(value)
    rows = {path: default for path, default, _ in documented(text)}
    for path, default in wanted.items():
        if path not in rows:
            yield f"docs/chart.md has no row for {path}"
        elif default is not None and rows[path] != default:
            yield f"docs/chart.md: the default of {path} is {default}, not {rows[path]}"
    for path in rows:
        if path not in wanted:
            yield f"docs/chart.md: {path} is no value"
