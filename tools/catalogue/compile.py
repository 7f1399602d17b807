#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the table of alpha features: facts of policy/catalogue to C, on standard output.

Called by make; the layout is described in policy/catalogue/catalogue.h.
"""
import os
import sys

import yaml

FACTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../policy/catalogue")
FIRST = 24
NONE = 0xffff
STAGES = {"alpha": 1, "beta": 2, "ga": 3, "deprecated": 4}
EFFECTS = {"": 0, "unknown": 0, "dropped": 1, "rejected": 2, "ignored": 3, "kept": 4, "config": 5, "accepted": 6}
WHERE = {"object": 0, "status": 0, "options": 1, "config": 2}
KEY_TYPES = {"annotation": 1, "label": 2, "taint": 4, "resource name": 8}
# Members of a JSON schema that hold schemas themselves: one, a list, a map of them.
SCHEMA_ONE, SCHEMA_LIST = ("additionalItems", "additionalProperties", "items", "not"), ("allOf", "anyOf", "oneOf")
SCHEMA_MAP = ("definitions", "dependencies", "patternProperties", "properties")


def facts(name):
    with open(os.path.join(FACTS, name), encoding="utf-8") as f:
        return yaml.load(f, Loader=yaml.CSafeLoader)


def table(name):
    with open(os.path.join(FACTS, name), encoding="utf-8") as f:
        lines = [line.rstrip("\n") for line in f]
    head = [line for line in lines if line.startswith("#")][-1].lstrip("# ").split("\t")
    if name == "fields.tsv" or name == "values.tsv":
        head[0] = "group"
    return [dict(zip(head, line.split("\t"))) for line in lines if not line.startswith("#")]


def minor(version):
    return int(str(version).split(".")[1])


def mask(text):
    """'1.24-1.26,1.29' to bits; bit 0 is 1.24."""
    bits = 0
    for part in filter(None, str(text).split(",")):
        lo, _, hi = part.partition("-")
        for m in range(minor(lo), minor(hi or lo) + 1):
            bits |= 1 << (m - FIRST) if m >= FIRST else 0
    return bits


def minors(bits):
    return [m + FIRST for m in range(32) if bits >> m & 1]


class Texts:
    def __init__(self):
        self.at, self.size = {"": 0}, 1

    def __call__(self, text):
        text = "" if text is None else str(text)
        if text not in self.at:
            self.at[text] = self.size
            self.size += len(text.encode()) + 1
        return self.at[text]


class Gates:
    def __init__(self, texts):
        doc = facts("gates.yaml")
        self.rows, self.stages, self.index, self.history = [], [], {}, {}
        for kubeadm, part in ((0, "gates"), (1, "kubeadm")):
            for name in sorted(doc[part]):
                g = doc[part][name]
                first = len(self.stages)
                for word in g["stages"]:
                    version, stage, *rest = word.split()
                    on = 1 if "on" in rest else 0 if "off" in rest else 2
                    self.stages.append((minor(version), STAGES[stage], on, int("locked" in rest)))
                self.history[kubeadm, name] = self.stages[first:]
                self.index[kubeadm, name] = len(self.rows)
                gone = minor(g["gone"]) if "gone" in g else 255
                self.rows.append((texts(name), texts(", ".join(g.get("components", []))),
                                  texts(", ".join(g.get("requires", []))), first, g.get("kep", 0),
                                  len(g["stages"]), minor(g["from"]), gone, kubeadm))

    def stage(self, name, m):
        """(stage, on) of a component's gate in a minor."""
        row = self.rows[self.index[0, name]]
        last = None
        if row[6] <= m < row[7]:
            for s in self.history[0, name]:
                if s[0] <= m:
                    last = s
        return (last[1], last[2]) if last else (0, 0)


class Trie:
    """Nodes of one kind while they are built: dicts of edges, a list of leaves."""

    def __init__(self):
        self.edges, self.leaves, self.item, self.is_map = {}, [], None, False

    def add(self, path, leaf):
        node = self
        for step in steps(path):
            if step in ("[*]", "{*}"):
                node.item = node.item or Trie()
                node.is_map = step == "{*}"
                node = node.item
            else:
                node = node.edges.setdefault(step, Trie())
        node.leaves.append(leaf)


def steps(path):
    out = []
    for part in path.split("."):
        while part.endswith("[*]") or part.endswith("{*}"):
            out.append(part[-3:]) if part == part[-3:] else None
            if part == part[-3:]:
                part = ""
                break
            name, tail = part[:-3], part[-3:]
            out.append(name)
            out.append(tail)
            part = ""
        if part:
            out.append(part)
    return out


class Nodes:
    """Equal subtrees once."""

    def __init__(self, texts):
        self.texts, self.rows, self.edges, self.leaves, self.seen = texts, [], [], [], {}

    def place(self, trie):
        edges = tuple((name, self.place(child)) for name, child in sorted(trie.edges.items()))
        item = self.place(trie.item) if trie.item else NONE
        key = (edges, tuple(trie.leaves), item, trie.is_map)
        if key not in self.seen:
            self.seen[key] = self.add(edges, trie.leaves, item, trie.is_map)
        return self.seen[key]

    def add(self, edges, leaves, item, is_map):
        live = 0
        for leaf in leaves:
            live |= leaf[6] | leaf[7] | leaf[8]
        for n in [node for _, node in edges] + ([item] if item != NONE else []):
            live |= self.rows[n][0]
        self.rows.append([live, len(self.edges), len(self.leaves), item, len(edges), len(leaves), int(is_map)])
        self.edges += [(self.texts(name), len(name), node) for name, node in edges]
        self.leaves += leaves
        return len(self.rows) - 1

    def schema(self, node):
        """A JSON schema holds schemas: let the node lead back to itself."""
        row = self.rows[node]
        live, own = row[0], self.edges[row[1]:row[1] + row[4]]
        lists = self.again(live, node, False)
        maps = self.again(live, node, True)
        own += [(self.texts(n), len(n), node) for n in SCHEMA_ONE]
        own += [(self.texts(n), len(n), lists) for n in SCHEMA_LIST]
        own += [(self.texts(n), len(n), maps) for n in SCHEMA_MAP]
        names = {at: text for text, at in self.texts.at.items()}
        own.sort(key=lambda e: names[e[0]])
        row[1], row[4] = len(self.edges), len(own)
        self.edges += own

    def names(self, row):
        """The bits of catalogue_name_bit."""
        names = {at: text for text, at in self.texts.at.items()}
        bits = 0
        for at, _, _ in self.edges[row[1]:row[1] + row[4]]:
            n = names[at]
            bits |= 1 << ((ord(n[0]) * 5 + ord(n[-1]) * 11 + len(n)) % 64)
        return bits

    def again(self, live, node, is_map):
        self.rows.append([live, 0, 0, node, 0, 0, int(is_map)])
        return len(self.rows) - 1

    def find(self, node, path):
        names = {at: text for text, at in self.texts.at.items()}
        for step in steps(path):
            row = self.rows[node]
            if step in ("[*]", "{*}"):
                node = row[3]
            else:
                node = next(e[2] for e in self.edges[row[1]:row[1] + row[4]] if names[e[0]] == step)
        return node


def stage_masks(gates, names, bits):
    """Minors in which one of the gates is alpha; else one beta and off; else deprecated."""
    alpha = beta_off = deprecated = 0
    for m in minors(bits):
        found = [gates.stage(n, m) for n in names]
        if any(s == STAGES["alpha"] for s, _ in found):
            alpha |= 1 << (m - FIRST)
        elif any(s == STAGES["beta"] and on == 0 for s, on in found):
            beta_off |= 1 << (m - FIRST)
        elif any(s == STAGES["deprecated"] for s, _ in found):
            deprecated |= 1 << (m - FIRST)
    return alpha, beta_off, deprecated


def leaf(texts, gates, row, names, value):
    bits = mask(row["minors"])
    alpha, beta_off, deprecated = stage_masks(gates, names, bits)
    stated = mask(row["alpha_in"])
    # Options of the kubelet's policies carry their own stage beside their gate's.
    alpha, beta_off, deprecated = stated, beta_off & ~stated, deprecated & ~stated
    index = [gates.index[0, n] for n in names]
    return (*(index + [NONE])[:2], len(index), EFFECTS[row["gate_off"]], EFFECTS[row["gate_on"]],
            bits, alpha, beta_off, deprecated, texts(value))


def build_kinds(texts, gates, nodes):
    tries = {}

    def trie(row, where):
        key = (row["group"], row["kind"], row["version"])
        return tries.setdefault(key, (Trie(), where))[0]

    for row in table("fields.tsv"):
        trie(row, WHERE[row["where"]]).add(row["path"], leaf(texts, gates, row, row["gates"].split(","), ""))
    for row in table("values.tsv"):
        where = WHERE["config" if row["gate_off"] == "config" else "object"]
        trie(row, where).add(row["path"], leaf(texts, gates, row, [row["gate"]], row["value"]))
    kinds = []
    for (group, kind, version), (t, where) in sorted(tries.items()):
        root = nodes.place(t)
        if kind == "CustomResourceDefinition":
            nodes.schema(nodes.find(root, "spec.versions[*].schema.openAPIV3Schema"))
        kinds.append((texts(group), texts(version), texts(kind), root, where))
    return kinds, tries


# Names that nearly every object holds tell nothing.
COMMON = set("""spec template metadata containers status volumes kind type name namespace image resources
    restartPolicy securityContext affinity livenessProbe readinessProbe httpGet protocol operator tolerations
    volumeMounts ports items configMap secret requests limits conditions replicas selector strategy readOnly
    message reason lastTransitionTime terminationGracePeriodSeconds timeoutSeconds topologySpreadConstraints
    rollingUpdate nodeName observedGeneration mountPath serviceAccountName""".split())
NEED_WORDS = 6
# Names that many objects hold in other places than a gated one: where they stand tells more.
ELSEWHERE = {"protocol", "operator", "mode", "user", "image", "restartPolicy", "action", "type"}
# Names that rules.c asks for beside the tries; enum catalogue_rule_word.
RULE_WORDS = ("hostUsers", "hostNetwork", "dnsConfig", "searches")


def tail(name):
    """What a name is told by: its last sixteen bytes; shorter names than four are not."""
    return name[-16:] if len(name) >= 4 else None


class Words:
    """Tails of names, and spots, each with a number below 512; the tails by their last four bytes."""

    def __init__(self):
        self.ids, self.spots, self.insides = {}, {}, {}

    def number(self):
        return len(self.ids) + len(self.spots)

    def __call__(self, name):
        if tail(name) not in self.ids:
            self.ids[tail(name)] = self.number()
        return self.ids[tail(name)]

    def spot(self, parent, name, value):
        """A member of that name, and value, somewhere in the value of `parent`."""
        key = (self(parent), self(name), value)
        self.insides.setdefault(key[0], len(self.insides))
        if key not in self.spots:
            self.spots[key] = self.number()
        return self.spots[key]

    def ends(self):
        """The tails that end in the same four bytes, those of eight bytes first."""
        groups = {}
        for t in sorted(self.ids, key=lambda t: (-len(t), self.ids[t])):
            groups.setdefault(t[-4:], []).append(t)
        return groups

    def place(self):
        """A factor by which the last four bytes of no two tails meet, and where each leads."""
        ends = {int.from_bytes(e.encode(), "little"): e for e in self.ends()}
        factor = 0x9e3779b9
        while True:
            factor = (factor * 1664525 + 1013904223) & 0xffffffff | 1
            slots = {(e * factor & 0xffffffff) >> 22: e for e in ends}
            if len(slots) == len(ends):
                return factor, [slots.get(i, 0) for i in range(1024)], ends


def needs_of(versions, words, texts):
    """{(words, is it in the status): minors} of all versions of a kind, without what others imply."""
    def paths(trie, names):
        for x in trie.leaves:
            yield names, x[9], x[6] | x[7] | x[8]
        for name, child in trie.edges.items():
            yield from paths(child, [*names, name])
        if trie.item:
            yield from paths(trie.item, names)

    all_of = {}
    for trie in versions:
        for names, value, live in paths(trie, []):
            told = sorted({n for n in names if n not in COMMON and tail(n)}, key=lambda n: (-len(n), n))[:NEED_WORDS - 1]
            need = {words(n) for n in told}
            if live and len(names) > 1 and names[-1] in ELSEWHERE and tail(names[-2]):
                need.add(words.spot(names[-2], names[-1], value))
            key = (frozenset(need), names[:1] == ["status"])
            all_of[key] = all_of.get(key, 0) | live
    rows = []
    for (told, status), live in sorted(all_of.items(), key=lambda x: (len(x[0][0]), sorted(x[0][0]), x[0][1])):
        for few, where, covered in rows:
            if few <= told and where == status:
                live &= ~covered
        if live:
            rows.append((told, status, live))
    return rows


def build_needs(tries, kinds, words, texts):
    """The rows of all kinds, and for each kind its first and how many."""
    rows, of = [], {}
    for name in RULE_WORDS:
        words(name)
    for group, kind, _ in sorted(tries):
        if (group, kind) not in of:
            own = needs_of([t for (g, k, _), (t, _) in sorted(tries.items()) if (g, k) == (group, kind)], words, texts)
            of[group, kind] = (len(rows), len(own))
            rows += own
    return rows, [(*row, *of[group, kind]) for row, (group, kind, _) in zip(kinds, sorted(tries))]


def replacement(r):
    if not r or "kind" not in r:
        return ""
    return f"{r['group']}/{r['version']} {r['kind']}".lstrip("/")


def build_apis(texts, gates, doc):
    rows = []
    for k in doc["kinds"]:
        then = next(iter(k.get("gate_from", {}).items()), None)
        stable = k.get("stable_replacement")
        rows.append((texts(k["group"]), texts(k["version"]), texts(k["kind"]), texts(k["resource"]), mask(k["served_in"]),
                     texts(replacement(stable)), texts(k.get("note", "")),
                     gates.index[0, k["gate"]] if "gate" in k else NONE,
                     gates.index[0, then[1]] if then else NONE, minor(then[0]) if then else 255,
                     minor(stable["from"]) if stable else 0))
    return rows


def build_lifecycles(texts, doc):
    def at(r, key):
        return minor(r[key]) if r.get(key) else 255
    rows = sorted(doc["lifecycle"], key=lambda r: (r["group"], r["kind"], r["version"]))
    return [(texts(r["group"]), texts(r["version"]), texts(r["kind"]), texts(replacement(r.get("replacement"))),
             at(r, "introduced"), at(r, "deprecated"), at(r, "removed")) for r in rows]


def alpha_key(k):
    """Does the key, by its status, switch something alpha of Kubernetes' own?"""
    if k["status"] == "alpha":
        return True
    host = k["key"].split("/")[0]
    return k["status"] == "active" and "stage" not in k and \
        (host == "alpha.kubernetes.io" or host.endswith(".alpha.kubernetes.io"))


def build_keys(texts, newest):
    rows = []
    for k in facts("keys.yaml"):
        bits = 0
        if alpha_key(k):
            last = minor(k["gone_by"]) - 1 if "gone_by" in k else newest
            bits = mask(k["in_code"]) if "gone_by" in k and "in_code" in k else mask(f"1.{FIRST}-1.{last}")
        used = k["used_on"] if " " not in k["used_on"] else ""
        rows.append((texts(k["key"]), texts(used), texts(k.get("gate", "")), texts(k.get("use_instead", "")),
                     bits, KEY_TYPES[k["type"]], int(k.get("prefix", False))))
    return sorted(rows, key=lambda row: row[4] == 0)


def own_groups(tries, doc):
    """Groups with kinds that are served; those of configuration files are not."""
    config = {c["group"] for c in doc["config"]}
    groups = {k["group"] for k in doc["kinds"]} | {r["group"] for r in doc["lifecycle"]}
    groups |= {g for (g, _, _), (_, where) in tries.items() if where == WHERE["object"]}
    return sorted(g for g in groups - config if g)


def emit(kind, name, rows):
    print(f"const {kind} {name}[] = {{")
    for r in rows:
        print(f"\t{{ {', '.join(map(str, r))} }},")
    print("};")


def emit_texts(texts):
    # One block is longer than what ISO C promises for a literal; gcc and clang take it.
    print('#pragma GCC diagnostic ignored "-Woverlength-strings"')
    print("const char catalogue_texts[] =")
    for text in sorted(texts.at, key=texts.at.get):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        if not escaped.isascii() or not escaped.isprintable():
            sys.exit(f"not plain text: {text!r}")
        print(f'\t"{escaped}\\0"')
    print("\t;")


def masked(text):
    """Up to eight bytes as a word that ends in them, and which of its bits count."""
    shift = 64 - 8 * len(text)
    return f"0x{int.from_bytes(text.encode(), 'little') << shift:x}u", f"0x{((1 << 64) - 1 << shift) % (1 << 64):x}u"


def emit_words(words):
    factor, slots, ends = words.place()
    groups, rows, first = words.ends(), [], {}
    spots = sorted(words.spots.items(), key=lambda x: (x[0][1], x[1]))
    for end, tails in groups.items():
        first[end] = len(rows)
        for t in tails:
            mine = [i for i, ((_, name, _), _) in enumerate(spots) if name == words.ids[t]]
            rows.append((*masked(t[-8:]), *masked(t[:-8]), words.ids[t], words.insides.get(words.ids[t], NONE),
                         mine[0] if mine else 0, len(mine), int(t == tails[-1])))
    if len(words.insides) > 24:
        sys.exit("more names with spots than CATALOGUE_INSIDES")
    before = {end: sum({1 << (int.from_bytes(t[-8:-4].encode(), "little") * factor % (1 << 32) >> 26) for t in tails})
              if all(len(t) >= 8 for t in tails) else (1 << 64) - 1 for end, tails in groups.items()}
    emit("struct catalogue_word", "catalogue_words", rows)
    emit("struct catalogue_spot", "catalogue_spots",
         [(value, number, words.insides[parent]) for (parent, _, value), number in spots])
    print(f"const uint32_t catalogue_word_factor = 0x{factor:x}u;")
    print(f"const uint32_t catalogue_word_ends[1024] = {{ {', '.join(f'0x{e:x}u' for e in slots)} }};")
    print(f"const uint64_t catalogue_word_before[1024] = {{ {', '.join(f'0x{before[ends[e]]:x}u' if e else '0' for e in slots)} }};")
    print(f"const uint16_t catalogue_word_first[1024] = {{ {', '.join(str(first[ends[e]]) if e else '0' for e in slots)} }};")


def main():
    texts = Texts()
    gates, nodes = Gates(texts), Nodes(texts)
    doc = facts("apis.yaml")
    known = sorted((minor(m), r) for m, r in facts("releases.yaml").items())
    newest, newest_read = known[-1]
    released = max(m for m, r in known if not r.get("preliminary"))
    kinds, tries = build_kinds(texts, gates, nodes)
    apis, cycles = build_apis(texts, gates, doc), build_lifecycles(texts, doc)
    words = Words()
    needs, kinds = build_needs(tries, kinds, words, texts)
    if words.number() > 512:
        sys.exit("more words than notes have bits")
    keys = build_keys(texts, newest)
    groups = [texts(g) for g in own_groups(tries, doc)]
    if max(len(nodes.rows), len(nodes.edges), len(nodes.leaves), len(gates.stages)) >= NONE:
        sys.exit("the table outgrew its 16-bit indices")
    leaves = [(f"{{ {x[0]}, {x[1]} }}", x[2], x[3], x[4], x[9], *x[5:9]) for x in nodes.leaves]
    rows = [(f"0x{nodes.names(r):x}", *r) for r in nodes.rows]
    print("/* Made by tools/catalogue/compile.py of the facts beside it. */")
    print('#include "policy/catalogue/catalogue.h"\n')
    print(f"const unsigned catalogue_minor_max = {newest};")
    print(f"const unsigned catalogue_minor_released = {released};")
    print(f'const char catalogue_preliminary[] = "{newest_read["read"] if newest > released else ""}";')
    emit_texts(texts)
    emit("struct catalogue_stage", "catalogue_stages", gates.stages)
    emit("struct catalogue_gate", "catalogue_gates", gates.rows)
    emit("struct catalogue_leaf", "catalogue_leaves", leaves)
    emit("struct catalogue_edge", "catalogue_edges", nodes.edges)
    emit("struct catalogue_node", "catalogue_nodes", rows)
    emit("struct catalogue_kind", "catalogue_kinds", kinds)
    emit("struct catalogue_need", "catalogue_needs",
         [(f"0x{live:x}", f"{{ {', '.join(map(str, sorted(told))) or 0} }}", len(told), int(status)) for told, status, live in needs])
    emit_words(words)
    print(f"const uint16_t catalogue_rule_words[] = {{ {', '.join(str(words(name)) for name in RULE_WORDS)} }};")
    emit("struct catalogue_api", "catalogue_apis", apis)
    emit("struct catalogue_lifecycle", "catalogue_lifecycles", cycles)
    emit("struct catalogue_key", "catalogue_keys", keys)
    print(f"const uint32_t catalogue_groups[] = {{ {', '.join(map(str, groups))} }};")
    for name, count in (("gates", len(gates.rows)), ("leaves", len(leaves)), ("nodes", len(rows)),
                        ("kinds", len(kinds)), ("apis", len(apis)), ("lifecycles", len(cycles)),
                        ("keys", len(keys)), ("groups", len(groups))):
        print(f"const size_t catalogue_{name}_n = {count};")


if __name__ == "__main__":
    main()
