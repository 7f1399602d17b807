/* SPDX-License-Identifier: Apache-2.0
 * flags.c - gates that a command line, an environment or a map switches on.
 *
 * All the spellings that components take: --feature-gates=A=true,B=false, the value
 * as the next word, underscores for dashes, quotes that a shell (or nobody) takes
 * off, a component before the name (kube:A=true), $(NAME) from the environment; and
 * the same inside the script of a `sh -c`. The last word on a gate counts.
 */
#include "policy/alpha/finder.h"

int switches_take(struct finder *f, struct switches *now, struct switches *before)
{
	if (!f->switches && !(f->switches = arena_alloc(f->arena, 2 * catalogue_gates_n))) {
		f->full = true;
		return -1;
	}
	memset(f->switches, 0, 2 * catalogue_gates_n);
	now->state = f->switches;
	before->state = f->switches + catalogue_gates_n;
	return 0;
}

/* Blanks, and quotes that nobody took off. */
static struct str flag_trim(struct str s)
{
	static const char blank[] = " \t\r\n\"'";

	while (s.n && memchr(blank, s.s[0], sizeof blank - 1))
		s = str_from(s, 1);
	while (s.n && memchr(blank, s.s[s.n - 1], sizeof blank - 1))
		s.n--;
	return s;
}

/* Go's strconv.ParseBool: 1, 0, or -1 for what is neither. */
static int parse_bool(struct str s)
{
	static const char *const words[2][6] = { { "0", "f", "F", "false", "FALSE", "False" },
						 { "1", "t", "T", "true", "TRUE", "True" } };

	for (int on = 0; on < 2; on++)
		for (size_t i = 0; i < 6; i++)
			if (str_is(s, words[on][i]))
				return on;
	return -1;
}

struct switch_named {
	size_t gate; /* of the catalogue */
	bool on;
};

/* False: no known gate, or neither on nor off. */
static bool switch_read(struct str name, struct str value, bool kubeadm, struct switch_named *out)
{
	const char *colon;
	const struct catalogue_gate *gate;
	int on = parse_bool(flag_trim(value));

	name = flag_trim(name);
	if ((colon = name.n ? memchr(name.s, ':', name.n) : NULL))
		name = flag_trim(str_from(name, (size_t)(colon - name.s) + 1));
	if (on < 0 || !(gate = catalogue_gate(name, kubeadm)))
		return false;
	*out = (struct switch_named){ (size_t)(gate - catalogue_gates), on };
	return true;
}

static uint8_t switch_state(bool on, unsigned origin)
{
	return (uint8_t)((on ? SWITCH_ON : SWITCH_OFF) | origin * SWITCH_ORIGIN);
}

void switches_one(struct switches *s, struct str name, struct str value, bool kubeadm,
		  unsigned origin)
{
	struct switch_named named;

	if (switch_read(name, value, kubeadm, &named))
		s->state[named.gate] = switch_state(named.on, origin);
}

/* The last item of the list, which is cut off from it: false when there is none. */
static bool last_item(struct str *list, struct str *item)
{
	const char *comma = list->n ? memrchr(list->s, ',', list->n) : NULL;
	size_t before = comma ? (size_t)(comma - list->s) : 0;

	if (!list->n)
		return false;
	*item = str_from(*list, before + (comma != NULL));
	list->n = before;
	return true;
}

/* What the list says of gates of which nothing is said yet: from its end, where counts what is
 * last. */
static void switches_before(struct finder *f, struct switches *s, struct str list, bool kubeadm,
			    unsigned origin)
{
	struct str item;

	for (list = flag_trim(list);
	     last_item(&list, &item) && finder_step(f, arena_bytes(item.n));) {
		const char *equal = item.n ? memchr(item.s, '=', item.n) : NULL;
		struct switch_named named;

		if (equal &&
		    switch_read((struct str){ item.s, (size_t)(equal - item.s) },
				str_from(item, (size_t)(equal - item.s) + 1), kubeadm, &named) &&
		    !s->state[named.gate])
			s->state[named.gate] = switch_state(named.on, origin);
	}
}

void switches_list(struct switches *s, struct str list, bool kubeadm, unsigned origin)
{
	list = flag_trim(list);
	while (list.n) {
		const char *comma = memchr(list.s, ',', list.n);
		struct str item = { list.s, comma ? (size_t)(comma - list.s) : list.n };
		const char *equal = item.n ? memchr(item.s, '=', item.n) : NULL;

		if (equal) {
			size_t n = (size_t)(equal - item.s);

			switches_one(s, flag_trim((struct str){ item.s, n }), str_from(item, n + 1),
				     kubeadm, origin);
		}
		list = str_from(list, item.n + (comma != NULL));
	}
}

void switches_map(struct switches *s, const struct json *map, bool kubeadm, unsigned origin)
{
	if (!map || map->type != JSON_OBJECT)
		return;
	for (const struct json *m = map->child; m; m = m->next) {
		struct str value = m->type == JSON_TRUE    ? STR("true")
				   : m->type == JSON_FALSE ? STR("false")
							   : json_str(m);

		switches_one(s, json_key(m), value, kubeadm, origin);
	}
}

/* ---- names of programs and images ---- */

static const char *const components[] = {
	"kube-apiserver", "kube-controller-manager",  "kube-scheduler", "kube-proxy",
	"kubelet",        "cloud-controller-manager", "kubeadm",        "hyperkube",
};
#define COMPONENTS_N (sizeof components / sizeof *components)

static struct str basename_of(struct str path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.s[i - 1] == '/')
			return str_from(path, i);
	return path;
}

/* /var/lib/kubelet is a folder that storage drivers name; --root-dir=/x/kubelet is no command. */
static bool is_no_command(struct str word)
{
	static const char *const starts[] = { "-", "/var/", "/etc/", "/run/" };

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (str_starts(word, str_of(starts[i])))
			return true;
	return false;
}

bool switches_read_by_command(struct str word)
{
	struct str name = basename_of(word);

	if (is_no_command(word))
		return false;
	for (size_t i = 0; i < COMPONENTS_N; i++)
		if (str_is(name, components[i]))
			return true;
	return false;
}

static bool is_arch(struct str s)
{
	static const char *const archs[] = { "-amd64", "-arm64", "-arm", "-ppc64le", "-s390x" };

	for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
		if (str_is(s, archs[i]))
			return true;
	return !s.n;
}

/*
 * Images carry a prefix of who built them (oke-public-kube-proxy); the short names are
 * not looked for inside others: virtual-kubelet is no kubelet.
 */
static bool image_is(struct str name, const char *component)
{
	size_t n = strlen(component);
	bool prefixed = !strncmp(component, "kube-", 5) || !strncmp(component, "cloud-", 6);

	for (size_t i = 0; i + n <= name.n && (!i || prefixed); i++)
		if (!memcmp(name.s + i, component, n) && (!i || name.s[i - 1] == '-'))
			return is_arch(str_from(name, i + n));
	return false;
}

bool switches_read_by_image(struct str image)
{
	struct str name = basename_of(image);

	for (size_t i = 0; i < name.n; i++)
		if (name.s[i] == ':' || name.s[i] == '@')
			name.n = i;
	for (size_t i = 0; i < COMPONENTS_N; i++)
		if (image_is(name, components[i]))
			return true;
	return false;
}

/* ---- command lines ---- */

/* "--feature-gates", as kube components spell flags: dashes or underscores. */
static bool is_flag(struct str word, struct str *value)
{
	static const struct str flag = { "--feature-gates", 15 };

	if (word.n < flag.n)
		return false;
	for (size_t i = 0; i < flag.n; i++)
		if ((word.s[i] == '_' && i > 1 ? '-' : word.s[i]) != flag.s[i])
			return false;
	*value = str_from(word, flag.n);
	return !value->n || value->s[0] == '=';
}

/* A list that a command line holds, or names. */
struct gate_list {
	struct gate_list *before;
	struct str text;
	const struct json *variable; /* whose value it is, or NULL */
	unsigned origin;
	bool kubeadm;
};

/* "$(NAME)", "${NAME}" or "$NAME": the entry that the container's env has for it. */
static const struct json *variable_of(struct command_line *line, struct str value)
{
	struct str name = flag_trim(value);

	if (!line->env.in || !name.n || name.s[0] != '$')
		return NULL;
	name = str_from(name, 1);
	if (name.n > 1 && (name.s[0] == '(' || name.s[0] == '{')) {
		name = str_from(name, 1);
		if (name.s[name.n - 1] == ')' || name.s[name.n - 1] == '}')
			name.n--;
	}
	line->env.next = NULL; /* of entries of one name the first, whatever was asked before */
	return beside_named(line->f, &line->env, STR("name"), name, 0);
}

static void add_list(struct command_line *line, struct str text, unsigned origin)
{
	const struct json *variable = variable_of(line, text);
	struct gate_list *list = arena_alloc(line->f->arena, sizeof *list);

	if (!list) {
		line->f->full = true;
		return;
	}
	*list = (struct gate_list){ line->last, text, variable, origin, line->kubeadm };
	if (variable)
		list->text = json_str(json_get(variable, STR("value")));
	line->last = list;
}

/* A variable that is named a second time was said already, by what stands behind. */
void switches_said(struct switches *s, struct command_line *line)
{
	struct place_set said = { .n = 0 };
	struct finder *f = line->f;

	for (const struct gate_list *l = line->last; l && finder_step(f, 1); l = l->before)
		if (!l->variable || place_set_put(f, &said, l->variable))
			switches_before(f, s, l->text, l->kubeadm, l->origin);
}

static void one_word(struct command_line *line, struct str word, unsigned origin)
{
	struct str value;

	if (!finder_step(line->f, arena_bytes(word.n)))
		return;
	if (line->value_next) {
		line->value_next = false;
		add_list(line, word, origin);
		return;
	}
	if (is_flag(word, &value)) {
		if (value.n)
			add_list(line, str_from(value, 1), origin);
		else
			line->value_next = true;
		return;
	}
	line->component |= switches_read_by_command(word);
	line->kubeadm |= str_is(basename_of(word), "kubeadm");
}

static bool ends_word(char c)
{
	return memchr(" \t\r\n;&|()<>", c, 11) != NULL;
}

/* The next word of a script into buf, quotes and backslashes taken off; how far it went. */
static size_t script_word(struct str script, char *buf, size_t *n)
{
	char quote = 0;
	size_t i = 0;

	*n = 0;
	while (i < script.n && ends_word(script.s[i]))
		i++;
	for (; i < script.n; i++) {
		char c = script.s[i];

		if (!quote && ends_word(c) && !(c == '(' && i && script.s[i - 1] == '$'))
			break;
		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? 0 : c;
			continue;
		}
		if (c == '\\' && quote != '\'' && i + 1 < script.n) {
			if (script.s[++i] == '\n')
				continue; /* the line goes on */
			c = script.s[i];
		}
		buf[(*n)++] = c;
	}
	return i;
}

/* Each word has its own place behind the others, since lists are read when all words are known. */
static void script_words(struct command_line *line, struct str script, unsigned origin)
{
	char *buf = arena_alloc(line->f->arena, script.n + 1);
	size_t n;

	line->f->full = line->f->full || !buf;
	while (buf && script.n) {
		script = str_from(script, script_word(script, buf, &n));
		if (n)
			one_word(line, (struct str){ buf, n }, origin);
		buf += n;
	}
	line->value_next = false;
}

static bool is_script(struct str word)
{
	struct str value;

	if (is_flag(word, &value))
		return false; /* blanks after the commas of a list */
	for (size_t i = 0; i < word.n; i++)
		if (ends_word(word.s[i]))
			return true;
	return false;
}

void switches_words(struct command_line *line, const struct json *words, unsigned origin)
{
	if (!words || words->type != JSON_ARRAY)
		return;
	for (const struct json *w = words->child; w; w = w->next) {
		struct str word = json_str(w);

		if (!line->value_next && is_script(word))
			script_words(line, word, origin);
		else
			one_word(line, word, origin);
	}
}

/* ---- what is on now ---- */

/* The next gate that is named, from i on; most stand in long runs of zeros. */
static size_t next_named(const struct switches *s, size_t i)
{
	for (uint64_t eight; i + sizeof eight <= catalogue_gates_n; i += sizeof eight) {
		memcpy(&eight, s->state + i, sizeof eight);
		if (eight)
			break;
	}
	while (i < catalogue_gates_n && !s->state[i])
		i++;
	return i;
}

void switches_report(struct finder *f, const struct switches *now, const struct switches *old,
		     const struct place *const *places)
{
	for (size_t i = next_named(now, 0); i < catalogue_gates_n; i = next_named(now, i + 1)) {
		unsigned stage = 0;
		struct feature_use *use;

		if (!f->named &&
		    (!(now->state[i] & SWITCH_ON) || (old && old->state[i] & SWITCH_ON) ||
		     !(stage = catalogue_interest(&catalogue_gates[i], f->minor))))
			continue;
		use = use_add(f, USE_GATE, stage, places[now->state[i] / SWITCH_ORIGIN]);
		if (!use)
			continue;
		use_gate(use, &catalogue_gates[i]);
		use->what = use->gates[0];
	}
}
