/* SPDX-License-Identifier: Apache-2.0
 * fields.c - the readers that the tables name, and the notes of what is wrong.
 *
 * A message says what stands there, what may stand there, and what to write. The
 * texts quote at most 60 bytes of the file, so that a message stays a line.
 */
#include "policy/load/fields.h"

#include <stdarg.h>

#include "lib/yaml/plain.h"
#include "policy/load/documents.h"

/* ---- what is wrong ---- */

__attribute__((format(printf, 4, 0))) static void
read_note(struct load_reader *r, struct yaml_place at, bool warning, const char *fmt, va_list ap)
{
	struct complaint *c;

	if ((warning ? r->warnings_n++ : r->complaints_n++) >= READ_ERRORS_MAX)
		return;
	if (!(c = arena_alloc(r->scratch, sizeof *c))) {
		r->nomem = true;
		return;
	}
	vsnprintf(c->text, sizeof c->text, fmt, ap);
	c->at = at;
	c->warning = warning;
	c->next = r->complaints;
	r->complaints = c;
}

static bool place_before(struct yaml_place a, struct yaml_place b)
{
	return a.line < b.line || (a.line == b.line && a.column < b.column);
}

__attribute__((format(printf, 3, 0))) static void
read_note_fault(struct load_reader *r, struct yaml_place at, const char *fmt, va_list ap)
{
	struct plain_fault *f = r->faults;
	va_list again;

	if (f && (!f->n++ || place_before(at, f->at))) {
		va_copy(again, ap);
		vsnprintf(f->text, sizeof f->text, fmt, again);
		va_end(again);
		f->at = at;
	}
	read_note(r, at, false, fmt, ap);
}

void read_fault_at(struct load_reader *r, struct yaml_place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	read_note_fault(r, at, fmt, ap);
	va_end(ap);
}

void read_fault(struct load_reader *r, const struct yaml_node *n, const char *fmt, ...)
{
	va_list ap;

	if (n->kind == YAML_ALIAS)
		return;
	va_start(ap, fmt);
	read_note_fault(r, (struct yaml_place){ n->line, n->column }, fmt, ap);
	va_end(ap);
}

void read_error_at(struct load_reader *r, struct yaml_place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	read_note(r, at, false, fmt, ap);
	va_end(ap);
}

void read_error(struct load_reader *r, const struct yaml_node *n, const char *fmt, ...)
{
	va_list ap;

	if (n->kind == YAML_ALIAS)
		return;
	va_start(ap, fmt);
	read_note(r, (struct yaml_place){ n->line, n->column }, false, fmt, ap);
	va_end(ap);
}

void read_warning(struct load_reader *r, const struct yaml_node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	read_note(r, (struct yaml_place){ n->line, n->column }, true, fmt, ap);
	va_end(ap);
}

static int complaint_order(const void *a, const void *b)
{
	const struct complaint *x = *(struct complaint *const *)a;
	const struct complaint *y = *(struct complaint *const *)b;

	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	return (x->at.column > y->at.column) - (x->at.column < y->at.column);
}

void read_errors_flush(struct load_reader *r, struct policy_report *report)
{
	struct complaint *sorted[2 * READ_ERRORS_MAX];
	struct origin at = { .file = r->file };
	size_t n = 0;

	for (struct complaint *c = r->complaints; c; c = c->next)
		sorted[n++] = c;
	for (size_t i = 0; i < n / 2; i++) { /* noted first, told first at one place */
		struct complaint *c = sorted[i];

		sorted[i] = sorted[n - 1 - i];
		sorted[n - 1 - i] = c;
	}
	qsort(sorted, n, sizeof *sorted, complaint_order);
	for (size_t i = 0; i < n; i++) {
		at.line = sorted[i]->at.line;
		at.column = sorted[i]->at.column;
		report_message(report, !sorted[i]->warning, &at, "%s", sorted[i]->text);
	}
	at.line = 0;
	if (r->complaints_n > READ_ERRORS_MAX)
		report_message(report, true, &at, "... and %zu more errors",
			       r->complaints_n - READ_ERRORS_MAX);
	r->complaints = NULL;
	r->complaints_n = r->warnings_n = 0;
}

const char *read_node_name(const struct yaml_node *n, char buf[static 80])
{
	const struct yaml_node *key = n->key;

	if (!key || key->kind != YAML_SCALAR)
		return "this";
	snprintf(buf, 80, "\"%.*s\"", QUOTED(key->text));
	return buf;
}

struct origin read_origin(const struct load_reader *r, const struct yaml_node *n)
{
	return (struct origin){ r->file, n->line, n->column };
}

/* Tables are searched from their beginning: nearly all comparisons end at the first byte. */
static bool word_is(struct str s, const char *word)
{
	return (s.n ? s.s[0] : '\0') == word[0] && str_is(s, word);
}

const struct yaml_node *read_value_of(const struct yaml_node *n, const char *key)
{
	const struct yaml_node *c = n && n->kind == YAML_MAPPING ? n->child : NULL;

	while (c && !(c->key->kind == YAML_SCALAR && word_is(c->key->text, key)))
		c = c->next;
	return c;
}

struct origin read_origin_named(const struct load_reader *r, const struct yaml_node *root)
{
	const struct yaml_node *name = read_value_of(read_value_of(root, "metadata"), "name");

	return read_origin(r, name ? name : root);
}

void *read_keep(struct load_reader *r, size_t size)
{
	void *p = arena_zalloc(r->keep, size);

	r->nomem |= !p;
	return p;
}

struct str read_keep_str(struct load_reader *r, struct str s)
{
	struct str *slot = r->shared && s.n <= SHARED_TEXT_MAX
				   ? &r->shared->texts[str_hash(0, s) % SHARED_TEXTS]
				   : NULL;
	struct str copy;

	if (slot && slot->s && str_eq(*slot, s))
		return *slot;
	copy = str_copy(r->keep, s);
	r->nomem |= !copy.s;
	if (slot)
		*slot = copy;
	return copy;
}

/* ---- what kind of node ---- */

static const char *const kinds[] = { "a text", "a list", "a mapping", "an alias" };

static bool is_null_scalar(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && n->plain &&
	       str_is(STR("null"), plain_meaning(n->text) ? plain_meaning(n->text) : "");
}

static bool is_kind(struct load_reader *r, const struct yaml_node *n, enum yaml_kind kind,
		    const char *example)
{
	char name[80];

	if (n->kind == kind)
		return true;
	if (is_null_scalar(n))
		read_fault(r, n, "%s has no value: write %s (%s), or leave it out",
			   read_node_name(n, name), kinds[kind], example);
	else
		read_fault(r, n, "%s must be %s, not %s: write %s", read_node_name(n, name),
			   kinds[kind], kinds[n->kind], example);
	return false;
}

bool read_is_mapping(struct load_reader *r, const struct yaml_node *n)
{
	return is_kind(r, n, YAML_MAPPING, "key: value");
}

bool read_is_list(struct load_reader *r, const struct yaml_node *n, const char *example)
{
	return is_kind(r, n, YAML_SEQUENCE, example);
}

/* A scalar that every reader of YAML takes for a text. */
static bool is_text(struct load_reader *r, const struct yaml_node *n)
{
	const char *meaning = n->plain ? plain_meaning(n->text) : NULL, *name;
	char buf[80];

	if (!meaning)
		return true;
	name = read_node_name(n, buf);
	if (!n->text.n)
		read_fault(r, n, "%s has no value: write a text, or leave it out", name);
	else
		read_fault(r, n,
			   "%s must be a text, but without quotes this is "
			   "%s: quote it: \"%.*s\"",
			   name, meaning, QUOTED(n->text));
	return false;
}

bool read_text(struct load_reader *r, const struct yaml_node *n, struct str *out)
{
	char name[80];

	if (n->kind != YAML_SCALAR) {
		read_fault(r, n, "%s must be a text, not %s", read_node_name(n, name),
			   kinds[n->kind]);
		return false;
	}
	if (!is_text(r, n))
		return false;
	*out = n->text;
	return true;
}

bool read_key(struct load_reader *r, const struct yaml_node *value, struct str *out)
{
	if (value->key->kind != YAML_SCALAR || !is_text(r, value->key))
		return false;
	*out = value->key->text;
	return true;
}

bool read_fits_format(struct load_reader *r, const struct yaml_node *n, struct str s,
		      const struct format *form)
{
	char name[80];

	if (s.n > form->max) {
		read_error(r, n, "%s is %zu bytes long; at most %zu are allowed",
			   read_node_name(n, name), s.n, form->max);
		return false;
	}
	if (form->ok(s))
		return true;
	read_error(r, n, "%s must be %s; it is \"%.*s\"", read_node_name(n, name), form->want,
		   QUOTED(s));
	return false;
}

/* ---- scalars ---- */

void read_str(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct str s;

	if (read_text(r, n, &s) && read_fits_format(r, n, s, arg))
		*(struct str *)out = read_keep_str(r, s);
}

void read_bool(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	char name[80];

	(void)arg;
	if (n->kind == YAML_SCALAR && n->plain &&
	    (str_is(n->text, "true") || str_is(n->text, "false")))
		*(bool *)out = n->text.n == 4;
	else
		read_fault(r, n, "%s must be true or false, without quotes",
			   read_node_name(n, name));
}

#define NUMBER_WANTED "%s must be a whole number from %u to %u, without quotes"

void read_number(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	const struct load_range *range = arg;
	unsigned value = 0;
	char name[80];
	bool ok = n->kind == YAML_SCALAR && n->plain && n->text.n && n->text.n < 9 &&
		  (n->text.s[0] != '0' || n->text.n == 1);

	for (size_t i = 0; ok && i < n->text.n; i++) {
		ok = n->text.s[i] >= '0' && n->text.s[i] <= '9';
		value = value * 10 + (unsigned)(n->text.s[i] - '0');
	}
	if (ok && value >= range->min && value <= range->max)
		*(unsigned *)out = value;
	else if (ok)
		read_error(r, n, NUMBER_WANTED, read_node_name(n, name), range->min, range->max);
	else
		read_fault(r, n, NUMBER_WANTED, read_node_name(n, name), range->min, range->max);
}

/* "allow, audit or warn" */
static const char *words_list(const struct load_words *words, char buf[static 300])
{
	size_t at = 0;

	for (size_t i = 0; i < words->n && at < 250; i++) {
		const char *name = *words->v[i].name ? words->v[i].name : "\"\"";
		const char *before = !i ? "" : i + 1 == words->n ? " or " : ", ";

		at += (size_t)snprintf(buf + at, 300 - at, "%s%s", before, name);
	}
	return buf;
}

static void word_unknown(struct load_reader *r, const struct yaml_node *n, struct str s,
			 const struct load_words *words)
{
	char name[80], list[300], of[90] = "";
	struct nearest near;

	if (words->refused && str_is(s, words->refused)) {
		read_error(r, n, "%s cannot be \"%s\": %s", read_node_name(n, name), words->refused,
			   words->why);
		return;
	}
	nearest_start(&near, s);
	for (size_t i = 0; i < words->n; i++)
		nearest_try(&near, str_of(words->v[i].name));
	if (n->key)
		snprintf(of, sizeof of, " for %s", read_node_name(n, name));
	if (near.best.s)
		read_error(r, n, "\"%.*s\" is not known%s: did you mean \"%.*s\"?", QUOTED(s), of,
			   QUOTED(near.best));
	else
		read_error(r, n, "\"%.*s\" is not known%s: write %s", QUOTED(s), of,
			   words_list(words, list));
}

void read_word(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	const struct load_words *words = arg;
	struct str s;

	/* No word has another meaning without quotes, so `tier: yes` is just no word. */
	if ((n->kind != YAML_SCALAR || (n->plain && !n->text.n)) && !read_text(r, n, &s))
		return;
	for (size_t i = 0; i < words->n; i++)
		if (word_is(n->text, words->v[i].name)) {
			*(int *)out = words->v[i].value;
			return;
		}
	word_unknown(r, n, n->text, words);
}

/* ---- collections ---- */

void read_bits(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	unsigned *bits = out;
	char name[80];

	if (!read_is_list(r, n, "[...]"))
		return;
	if (!n->n)
		read_error(r, n, "%s must not be empty", read_node_name(n, name));
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		int bit = 0;

		read_word(r, c, &bit, arg);
		if (*bits & (unsigned)bit)
			read_error(r, c, "\"%.*s\" stands twice in this list", QUOTED(c->text));
		*bits |= (unsigned)bit;
	}
}

void read_strings(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct strings list = { NULL, 0 };
	char name[80];

	if (!read_is_list(r, n, "[...]"))
		return;
	if (!n->n || n->n > STRINGS_MAX) {
		read_error(r, n, "%s must hold 1 to %d texts", read_node_name(n, name),
			   STRINGS_MAX);
		return;
	}
	if (!(list.v = read_keep(r, n->n * sizeof *list.v)))
		return;
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		struct str s;

		if (!read_text(r, c, &s) || !read_fits_format(r, c, s, arg))
			continue;
		if (strings_hold(&list, s))
			read_error(r, c, "\"%.*s\" stands twice in this list", QUOTED(s));
		else
			list.v[list.n++] = read_keep_str(r, s);
	}
	*(struct strings *)out = list;
}

static bool any_text(struct str s)
{
	(void)s;
	return true;
}

void read_choices(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	static const struct format any = { any_text, STRINGS_MAX, "" };
	size_t before = r->complaints_n;
	int value;

	for (const struct yaml_node *c = n->kind == YAML_SEQUENCE ? n->child : NULL; c; c = c->next)
		read_word(r, c, &value, arg);
	if (r->complaints_n == before)
		read_strings(r, n, out, &any);
}

void read_list(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	const struct load_list *list = arg;
	void *first = NULL, *last = &first, *element;
	char name[80];

	if (!read_is_list(r, n, list->example))
		return;
	if (!n->n && !list->may_be_empty)
		read_error(r, n, "%s must not be empty: write %s", read_node_name(n, name),
			   list->example);
	if (list->max && n->n > list->max)
		read_error(r, n, "%s holds %u items; at most %zu are allowed",
			   read_node_name(n, name), n->n, list->max);
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		size_t before = r->complaints_n;

		if (!(element = read_keep(r, list->size)))
			return;
		list->item(r, c, element, list->arg);
		if (r->complaints_n > before)
			continue; /* what is wrong is no element: see policy_source.lenient */
		memcpy(last, &element, sizeof element); /* `next` is an element's first member */
		last = element;
	}
	memcpy(out, &first, sizeof first);
}

void read_ignored(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct str s;

	(void)out;
	(void)arg;
	if (!read_is_mapping(r, n))
		return;
	for (const struct yaml_node *c = n->child; c; c = c->next)
		if (read_key(r, c, &s))
			read_text(r, c, &s);
}

/* ---- mappings ---- */

static void field_unknown(struct load_reader *r, const struct yaml_node *entry,
			  const struct load_fields *fields)
{
	struct nearest near;
	char list[400];
	size_t at = 0;

	if (r->complaints_n >= READ_ERRORS_MAX) {
		r->complaints_n++; /* only counted: a file may hold a hundred thousand */
		return;
	}
	nearest_start(&near, entry->key->text);
	for (size_t i = 0; i < fields->n; i++)
		nearest_try(&near, str_of(fields->v[i].key));
	if (near.best.s) {
		read_error(r, entry->key, "unknown key \"%.*s\" in %s: did you mean \"%.*s\"?",
			   QUOTED(entry->key->text), fields->what, QUOTED(near.best));
		return;
	}
	for (size_t i = 0; i < fields->n && at < 300; i++)
		at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "",
				       fields->v[i].key);
	read_error(r, entry->key, "unknown key \"%.*s\" in %s, which has: %s",
		   QUOTED(entry->key->text), fields->what, list);
}

static const struct load_field *field_named(const struct load_fields *fields, struct str key)
{
	for (size_t i = 0; i < fields->n; i++)
		if (word_is(key, fields->v[i].key))
			return &fields->v[i];
	return NULL;
}

void read_fields(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	const struct load_fields *fields = arg;

	if (!read_is_mapping(r, n))
		return;
	for (const struct yaml_node *c = n->child; c && !r->nomem; c = c->next) {
		const struct load_field *f = field_named(fields, c->key->text);

		if (!f)
			field_unknown(r, c, fields);
		else
			f->read(r, c, (char *)out + f->offset, f->arg);
	}
	for (size_t i = 0; i < fields->n; i++)
		if (fields->v[i].required && !read_value_of(n, fields->v[i].key))
			read_fault(r, n, "%s needs \"%s\": %s", fields->what, fields->v[i].key,
				   fields->v[i].required);
}

void read_told(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	(void)r;
	(void)n;
	(void)out;
	(void)arg;
}
