/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/ignores.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/printable.h"
#include "lib/base/time.h"
#include "lib/json/json.h"

#define DAY        (24 * 60 * 60)
#define DATE_N     10
#define REASON_MAX 400
#define FORM       "write POLICY/RULE until 2027-01-31: REASON"

struct check_ignores_reader {
	struct check_ignores *out;
	int64_t now;
	struct arena *arena;
	void (*problem)(void *ctx, unsigned line, const char *text);
	void *ctx;
};

static void check_ignores_complain(const struct check_ignores_reader *r, struct str line,
				   const char *what)
{
	char text[320];
	struct str shown = printable_cut(line, 80, r->arena);

	snprintf(text, sizeof text, "annotation " CHECK_IGNORE_ANNOTATION ": '%.*s': %s",
		 STR_ARG(shown), what);
	r->problem(r->ctx, r->out->line, text);
}

static struct str check_ignores_trim(struct str s)
{
	while (s.n && strchr(" \t\r", *s.s))
		s = str_from(s, 1);
	while (s.n && strchr(" \t\r", s.s[s.n - 1]))
		s.n--;
	return s;
}

/* Up to the next blank; `from` is what stands behind it. */
static struct str check_ignores_word(struct str *from)
{
	struct str word = { from->s, 0 };

	while (word.n < from->n && from->s[word.n] != ' ' && from->s[word.n] != '\t')
		word.n++;
	*from = check_ignores_trim(str_from(*from, word.n));
	return word;
}

/* "2027-01-31": until its last second. */
static bool check_ignores_date(struct str date, int64_t *end)
{
	char text[DATE_N + sizeof "T00:00:00Z"];

	if (date.n != DATE_N)
		return false;
	snprintf(text, sizeof text, "%.*sT00:00:00Z", DATE_N, date.s);
	if (!time_parse(str_of(text), end))
		return false;
	*end += DAY;
	return true;
}

/* What is wrong with the line; NULL: nothing. */
static const char *check_ignores_parse(const struct check_ignores_reader *r, struct str line,
				       struct check_ignore *out)
{
	struct str rest = line, word;
	int64_t end;

	out->rule = check_ignores_word(&rest);
	if (!out->rule.n || !memchr(out->rule.s, '/', out->rule.n))
		return "it names no rule; " FORM;
	word = check_ignores_word(&rest);
	if (!str_is(word, "until")) {
		out->what = word;
		word = check_ignores_word(&rest);
	}
	if (!str_is(word, "until"))
		return "it has no end; " FORM;
	out->until = (struct str){ rest.s, rest.n < DATE_N ? rest.n : DATE_N };
	if (!check_ignores_date(out->until, &end))
		return "its end is no date; " FORM;
	rest = check_ignores_trim(str_from(rest, DATE_N));
	if (!rest.n || *rest.s != ':' || !(out->reason = check_ignores_trim(str_from(rest, 1))).n)
		return "it gives no reason; " FORM;
	out->over = r->now >= end;
	out->reason = printable_cut(out->reason, REASON_MAX, r->arena);
	return NULL;
}

static void check_ignores_line(const struct check_ignores_reader *r, struct str line)
{
	struct check_ignore one = { .over = false };
	const char *wrong;

	line = check_ignores_trim(line);
	if (!line.n)
		return;
	if (r->out->n == CHECK_IGNORES_MAX) {
		check_ignores_complain(r, line, "there are more than 64 lines");
		return;
	}
	if ((wrong = check_ignores_parse(r, line, &one)))
		check_ignores_complain(r, line, wrong);
	else
		r->out->v[r->out->n++] = one;
}

static unsigned check_ignores_place(const struct manifest *m)
{
	static const struct step steps[] = {
		{ .kind = STEP_KEY, .key = { "metadata", 8 } },
		{ .kind = STEP_KEY, .key = { "annotations", 11 } },
		{ .kind = STEP_KEY,
		  .key = { CHECK_IGNORE_ANNOTATION, sizeof CHECK_IGNORE_ANNOTATION - 1 } },
	};
	const struct place metadata = { NULL, steps[0], 1 };
	const struct place annotations = { &metadata, steps[1], 2 };
	const struct place annotation = { &annotations, steps[2], 3 };

	return manifest_line(m, &annotation);
}

void check_ignores_read(const struct manifest *m, const struct manifest_object *o, int64_t now,
			struct arena *arena, struct check_ignores *out,
			void (*problem)(void *ctx, unsigned line, const char *text), void *ctx)
{
	const struct check_ignores_reader r = { out, now, arena, problem, ctx };
	struct str metadata = json_skim(o->json, STR("metadata"));
	const struct json *tree, *value;
	struct str rest;
	struct err err;

	out->n = 0;
	out->line = 0;
	if (!metadata.n || !memmem(metadata.s, metadata.n, CHECK_IGNORE_ANNOTATION,
				   sizeof CHECK_IGNORE_ANNOTATION - 1))
		return;
	tree = json_parse(metadata, NULL, arena, &err);
	value = json_get(json_get(tree, STR("annotations")), STR(CHECK_IGNORE_ANNOTATION));
	if (!value)
		return;
	out->line = check_ignores_place(m);
	if (value->type != JSON_STRING) {
		check_ignores_complain(&r, STR(""), "it is no text; " FORM);
		return;
	}
	for (rest = json_str(value); rest.n;) {
		const char *end = memchr(rest.s, '\n', rest.n);
		struct str line = { rest.s, end ? (size_t)(end - rest.s) : rest.n };

		check_ignores_line(&r, line);
		rest = str_from(rest, line.n + (end != NULL));
	}
}

static bool check_ignore_fits(const struct check_ignore *i, const struct report_finding *f)
{
	struct str policy = f->change ? STR("preflight") : f->policy;
	struct str rule = f->change ? str_of(f->change) : f->rule;

	return i->rule.n == policy.n + 1 + rule.n && !memcmp(i->rule.s, policy.s, policy.n) &&
	       i->rule.s[policy.n] == '/' && str_eq(str_from(i->rule, policy.n + 1), rule) &&
	       (!i->what.n || str_eq(i->what, f->gate) || str_eq(i->what, f->path));
}

struct check_ignore *check_ignores_find(struct check_ignores *all, const struct report_finding *f)
{
	struct check_ignore *found = NULL;

	for (size_t i = 0; i < all->n; i++) {
		if (!check_ignore_fits(&all->v[i], f))
			continue;
		all->v[i].used = true;
		if (!found || found->over)
			found = &all->v[i];
	}
	return found;
}
