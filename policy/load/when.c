/* SPDX-License-Identifier: Apache-2.0
 * when.c - the conditions of a rule, and the paths that they and others name.
 */
#include "policy/load/parts.h"
#include "policy/model/specials.h"

/* ---- paths ---- */

static struct shared_path *shared_path_at(struct load_reader *r, struct str s)
{
	return r->shared ? &r->shared->paths[str_hash(0, s) % SHARED_PATHS] : NULL;
}

/* Many rules name the same path: it is read once. */
static bool read_path_again(struct load_reader *r, struct str s, struct path *out)
{
	const struct shared_path *known = shared_path_at(r, s);

	if (!known || !known->text.s || !str_eq(known->text, s))
		return false;
	*out = known->path;
	return true;
}

static void read_path_share(struct load_reader *r, struct str s, const struct path *path)
{
	struct shared_path *slot = shared_path_at(r, s);

	if (slot)
		*slot = (struct shared_path){ read_keep_str(r, s), *path };
}

static void read_path(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct path *path = out;
	char name[80];
	struct str s;
	struct err err;

	(void)arg;
	if (!read_text(r, n, &s) || read_path_again(r, s, path) ||
	    !read_fits_format(r, n, s, &format_path))
		return;
	if (path_parse(s, r->keep, path, &err) == 0) {
		read_path_share(r, s, path);
		return;
	}
	if (err.kind == ERR_SYNTAX)
		read_error(r, n, "%s is no path: %s, in %.*s", read_node_name(n, name), err.msg,
			   QUOTED(s));
	else
		r->nomem = true;
}

static bool is_special(const struct path *path)
{
	return path->n && path->steps[0].kind == STEP_KEY && path->steps[0].key.n &&
	       path->steps[0].key.s[0] == '$';
}

void read_object_path(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct path *path = out;

	read_path(r, n, path, arg);
	if (is_special(path))
		read_error(r, n, "\"%.*s\" is known in \"when\" alone: write a path of the object",
			   QUOTED(n->text));
}

static void read_when_path(struct load_reader *r, const struct yaml_node *n, void *out,
			   const void *arg)
{
	struct path *path = out;

	read_path(r, n, path, arg);
	if (is_special(path) && (path->n > 1 || !str_is(path->steps[0].key, "$name")))
		read_error(r, n, "\"%.*s\" is not known: write $name, or a path of the object",
			   QUOTED(n->text));
}

/* ---- when ---- */

/* Questions that stand where values do. */
static bool when_special(struct load_reader *r, const struct yaml_node *n, struct condition *c,
			 struct str s)
{
	const char *text;

	if (!s.n || s.s[0] != '$')
		return false;
	for (size_t i = 0; (text = special_text(i)); i++)
		if (str_is(s, text)) {
			c->specials |= 1u << i;
			return true;
		}
	read_error(r, n,
		   "\"%.*s\" is not known: write $exemptServiceAccounts, $setServiceAccounts, "
		   "$guardServiceAccounts, $exemptSubjects, $setSubjects, $guardSubjects, "
		   "$cluster.dnsIP or a value without $",
		   QUOTED(s));
	return true;
}

static void read_when_in(struct load_reader *r, const struct yaml_node *n, void *out,
			 const void *arg)
{
	struct condition *c = out;
	size_t kept = 0;

	c->kind = str_is(n->key->text, "in") ? WHEN_IN : WHEN_NOT_IN;
	read_strings(r, n, &c->in, arg);
	for (size_t i = 0; i < c->in.n; i++)
		if (!when_special(r, n, c, c->in.v[i]))
			c->in.v[kept++] = c->in.v[i];
	c->in.n = kept;
}

static void read_when_exists(struct load_reader *r, const struct yaml_node *n, void *out,
			     const void *arg)
{
	struct condition *c = out;
	bool exists = true;

	read_bool(r, n, &exists, arg);
	c->kind = exists ? WHEN_EXISTS : WHEN_ABSENT;
}

/* The one text of prefix, suffix, atLeast, atMost; arg is the kind. */
struct when_text {
	enum when_kind kind;
	const struct format *form;
};

static void read_when_text(struct load_reader *r, const struct yaml_node *n, void *out,
			   const void *arg)
{
	const struct when_text *text = arg;
	struct condition *c = out;
	struct str *s = read_keep(r, sizeof *s);

	c->kind = text->kind;
	if (!s)
		return;
	read_str(r, n, s, text->form);
	c->in = (struct strings){ s, 1 };
}

static const struct load_word selects[] = { { "managed", SELECTS_MANAGED },
					    { "self", SELECTS_SELF } };
static const struct load_words words_selects = WORDS(selects);

static void read_when_selects(struct load_reader *r, const struct yaml_node *n, void *out,
			      const void *arg)
{
	struct condition *c = out;
	int value = SELECTS_LABELS;

	c->kind = WHEN_SELECTS;
	if (n->kind == YAML_MAPPING)
		read_object_labels(r, n, &c->labels, NULL);
	else
		read_word(r, n, &value, arg);
	c->selects = (enum selects)value;
}

static void read_when_lost(struct load_reader *r, const struct yaml_node *n, void *out,
			   const void *arg)
{
	struct condition *c = out;
	bool lost = true;

	read_bool(r, n, &lost, arg);
	if (!lost)
		read_error(r, n, "\"lost\" is true, or is left out");
	c->kind = WHEN_LOST;
}

static const struct when_text when_prefix = { WHEN_PREFIX, &format_value };
static const struct when_text when_suffix = { WHEN_SUFFIX, &format_value };
static const struct when_text when_at_least = { WHEN_AT_LEAST, &form_quantity };
static const struct when_text when_at_most = { WHEN_AT_MOST, &form_quantity };

static const struct load_word dns_words[] = { { "unsound", WHEN_DNS_PROBLEM },
					      { "sound", WHEN_DNS_SOUND } };
static const struct load_words words_dns = WORDS(dns_words);

static void read_when_dns(struct load_reader *r, const struct yaml_node *n, void *out,
			  const void *arg)
{
	struct condition *c = out;
	int kind = WHEN_DNS_PROBLEM;

	read_word(r, n, &kind, arg);
	c->kind = (enum when_kind)kind;
}

static const struct load_word document_words[] = { { "broken", WHEN_BROKEN },
						   { "doubtful", WHEN_DOUBTFUL } };
static const struct load_words words_documents = WORDS(document_words);

static void read_when_documents(struct load_reader *r, const struct yaml_node *n, void *out,
				const void *arg)
{
	struct condition *c = out;
	int kind = WHEN_BROKEN;

	read_word(r, n, &kind, arg);
	c->kind = (enum when_kind)kind;
}

#define WHEN(member) offsetof(struct condition, member)
static const struct load_field when_table[] = {
	{ "path", read_when_path, WHEN(path), NULL, "the path of a value, as in spec.type" },
	{ "in", read_when_in, 0, &format_value, NULL },
	{ "notIn", read_when_in, 0, &format_value, NULL },
	{ "exists", read_when_exists, 0, NULL, NULL },
	{ "prefix", read_when_text, 0, &when_prefix, NULL },
	{ "suffix", read_when_text, 0, &when_suffix, NULL },
	{ "atLeast", read_when_text, 0, &when_at_least, NULL },
	{ "atMost", read_when_text, 0, &when_at_most, NULL },
	{ "selects", read_when_selects, 0, &words_selects, NULL },
	{ "lost", read_when_lost, 0, NULL, NULL },
	{ "coredns", read_when_dns, 0, &words_dns, NULL },
	{ "documents", read_when_documents, 0, &words_documents, NULL },
	{ "every", read_bool, WHEN(every), NULL, NULL },
	{ "old", read_bool, WHEN(of_old), NULL, NULL },
};
static const struct load_fields when_fields = FIELDS("a condition", when_table);

static bool is_test(struct str key)
{
	return !str_is(key, "path") && !str_is(key, "every") && !str_is(key, "old");
}

static void read_condition(struct load_reader *r, const struct yaml_node *n, void *out,
			   const void *arg)
{
	const struct condition *c = out;
	size_t tests = 0;

	(void)arg;
	read_fields(r, n, out, &when_fields);
	if (n->kind != YAML_MAPPING)
		return;
	for (const struct yaml_node *k = n->child; k; k = k->next)
		tests += is_test(k->key->text);
	if (tests != 1)
		read_error(r, n,
			   "a condition has one of \"in\", \"notIn\", \"exists\", \"prefix\", "
			   "\"suffix\", \"atLeast\", \"atMost\", \"selects\", \"lost\", %s",
			   tests ? "not several: write several conditions"
				 : "and this one has none");
	else if (c->kind == WHEN_LOST && c->of_old)
		read_error(r, n, "\"lost\" looks at both objects: leave \"old\" out");
}

const struct load_list when_list = { "[{path: spec.type, in: [LoadBalancer]}]",
				     sizeof(struct condition),
				     read_condition,
				     NULL,
				     false,
				     100 };
