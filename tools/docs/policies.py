#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule of policy/builtin, as the table at the end of docs/built-in-policies.md.

    tools/docs/policies.py            write the table
    tools/docs/policies.py --check    say whether it is the one that stands there (make lint)
"""
import pathlib
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "built-in-policies.md"
BEGIN = "<!-- Written by tools/docs/policies.py from policy/builtin. -->\n"
DEFAULT = {"supported": "allow", "best-effort": "warn", "unsupported": "deny"}
ORDER = ("allow", "audit", "warn", "deny")
MOST = 3  # of a list, before "and N more"


def listed(values):
    values = list(values)
    rest = len(values) - MOST
    return ", ".join(values[:MOST] + ([f"and {rest} more"] if rest > 0 else []))


def code(text):
    return "`" + str(text).replace("|", "\\|") + "`"


def object_words(entry):
    """A policy's or rule's object: kind, namespace, names."""
    what = "pods and what makes them" if entry.get("pods") else entry["resource"]
    what = "every resource" if what == "*" else what
    names = [code(n) for n in entry.get("names", [])]
    if "namePrefix" in entry:
        names.append(code(entry["namePrefix"] + "*"))
    names += [code(f"{k}={v}") for k, v in entry.get("labels", {}).items()]
    where = f" in {entry['namespace']}" if entry.get("namespace") else ""
    return what + (" " + listed(names) if names else "") + where


def objects_words(entries):
    return "; ".join(dict.fromkeys(object_words(e) for e in entries))


def writes(rule):
    parts = rule.get("subresources", [""])
    named = [p for p in parts if p]
    words = ", ".join(rule["operations"])
    if named:
        words += f" ({'also ' if '' in parts else ''}{', '.join(named)})"
    return words


def condition(when):
    return f"{code(when['path'])}" if "path" in when else "`" + next(iter(when)) + "`"


def narrowed(rule):
    """What beside the operation must hold, in the order in which the language lists it."""
    words = []
    if "objects" in rule:
        words.append(objects_words(rule["objects"]))
    words += [f"by {listed(rule[k])}" if k == "identities" else f"not by {listed(rule[k])}"
              for k in ("identities", "notIdentities") if k in rule]
    words += [f"{k} is {' or '.join(map(str, v))}" for k, v in rule.get("cluster", {}).items()]
    if "changed" in rule:
        words.append("changed: " + listed(code(c) for c in rule["changed"]))
    if "when" in rule:
        words.append("depends on " + listed(dict.fromkeys(condition(w) for w in rule["when"])))
    if "features" in rule:
        words.append("uses of gates: " + ", ".join(rule["features"].get("uses", ["any"])))
    return "; ".join(words)


def action(rule):
    default = DEFAULT[rule["tier"]]
    return min(default, rule.get("action", default), key=ORDER.index)


def policy_lines(doc):
    spec = doc["spec"]
    name = doc["metadata"]["name"]
    yield f"\n#### {name}\n\n{spec['title'][0].upper()}{spec['title'][1:]}: {objects_words(spec['objects'])}.\n"
    if "appliesTo" in spec:
        facts = (f"fact {code(k)} is set and is not {' or '.join(map(str, v))}" for k, v in spec["appliesTo"].items())
        yield f"\nApplies unless {' or '.join(facts)}.\n"
    yield "\n| rule | writes | only | tier | action |\n|---|---|---|---|---|\n"
    for rule in spec["rules"]:
        yield f"| `{name}/{rule['name']}` | {writes(rule)} | {narrowed(rule)} | {rule['tier']} | {action(rule)} |\n"


def table():
    policies = rules = 0
    out = []
    for path in sorted((ROOT / "policy" / "builtin").glob("*.yaml")):
        out.append(f"\n### {path.name}\n")
        for doc in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if not doc or doc["kind"] != "SupportPolicy":
                continue
            policies, rules = policies + 1, rules + len(doc["spec"]["rules"])
            out += policy_lines(doc)
    head = (f"{BEGIN}\n{rules} rules of {policies} policies. Of a policy the first rule that fits decides. The action is the one for customers, without\n"
            "overrides, exceptions and `mode`; a rule whose list is cut (\"and 3 more\") stands whole in its file.\n")
    return head + "".join(out)


def main():
    text = PAGE.read_text(encoding="utf-8")
    wanted = text.split(BEGIN)[0] + table()
    if "--check" not in sys.argv:
        PAGE.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        print(f"{PAGE.relative_to(ROOT)} is not what policy/builtin says: make docs writes it again")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
