/* SPDX-License-Identifier: Apache-2.0
 * baseline.c - new, gone, same: by check, object and path, never by values or times.
 */
#include "cli/scan/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "lib/base/printable.h"

#define REPORT_MEMORY (512u << 20)
#define GONE_LISTED   200

struct old {
	uint64_t key;
	struct str words;
	bool asked; /* its check was asked this time too, and it could have been found again */
	bool seen;
};

struct baseline {
	struct arena arena;
	char *text;
	struct old *v;
	size_t n;
	struct str gone[GONE_LISTED];
};

static char *read_file(const char *path, size_t *n, struct err *err)
{
	scoped(file_end) FILE *f = fopen(path, "re");
	char *text;

	if (!f) {
		err_record(err, ERR_IO, "%.300s: %s", path, strerror(errno));
		return NULL;
	}
	if (!(text = malloc(BASELINE_FILE_MAX + 1))) {
		err_record(err, ERR_NOMEM, "out of memory");
		return NULL;
	}
	*n = fread(text, 1, BASELINE_FILE_MAX + 1, f);
	if (ferror(f) || *n > BASELINE_FILE_MAX) {
		err_record(err, ERR_LIMIT, "%.300s: it cannot be read, or is larger than %u MiB",
			   path, BASELINE_FILE_MAX >> 20);
		free(text);
		return NULL;
	}
	return text;
}

static struct str member(const struct json *o, const char *key)
{
	return json_str(json_get(o, str_of(key)));
}

static void old_fill(struct baseline *b, const struct json *f, struct old *o)
{
	const struct json *object = json_get(f, STR("object"));
	struct str kind = member(object, "kind"), namespace = member(object, "namespace");
	struct str name = member(object, "name"), path = member(f, "path");
	struct text t;

	o->key = posture_key(member(f, "check"), kind, namespace, name, path);
	text_init(&t, &b->arena, 2048);
	text_printf(&t, "%.*s %.*s%s%.*s%s%.*s [%.*s]", STR_ARG(kind), STR_ARG(namespace),
		    namespace.n ? "/" : "", STR_ARG(name), path.n ? ": " : "", STR_ARG(path),
		    STR_ARG(member(f, "check")));
	o->words = printable_cut(text_get(&t), 500, &b->arena);
}

static int baseline_fill(struct baseline *b, const char *path, struct err *err)
{
	size_t n;
	const struct json *root, *list;

	if (!(b->text = read_file(path, &n, err)))
		return -1;
	if (!(root = json_parse((struct str){ b->text, n }, NULL, &b->arena, err)))
		return err_in(err, path);
	if (!str_is(member(root, "format"), "oke-guard.internal/posture"))
		return err_set(err, ERR_SYNTAX,
			       "%.300s: it is no report of `oke-guard scan -o json`", path);
	if (!str_is(member(root, "version"), "1"))
		return err_set(err, ERR_SYNTAX,
			       "%.200s: a report of version %.*s; this program knows version 1",
			       path,
			       STR_ARG(printable_cut(member(root, "version"), 20, &b->arena)));
	list = json_get(root, STR("findings"));
	if (!list || list->type != JSON_ARRAY)
		return err_set(err, ERR_SYNTAX, "%.300s: $.findings is no list", path);
	b->v = arena_calloc(&b->arena, list->len + 1, sizeof *b->v);
	if (!b->v)
		return err_nomem(err);
	for (const struct json *f = list->child; f; f = f->next) {
		old_fill(b, f, &b->v[b->n]);
		b->v[b->n++].asked = true;
	}
	return 0;
}

struct baseline *baseline_read(const char *path, struct err *err)
{
	struct baseline *b = calloc(1, sizeof *b);

	if (!b) {
		err_record(err, ERR_NOMEM, "out of memory");
		return NULL;
	}
	arena_init(&b->arena, REPORT_MEMORY);
	if (baseline_fill(b, path, err) == 0)
		return b;
	baseline_free(b);
	return NULL;
}

void baseline_free(struct baseline *b)
{
	if (!b)
		return;
	arena_done(&b->arena);
	free(b->text);
	free(b);
}

static int by_key(const void *a, const void *b)
{
	const struct old *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static void mark(struct baseline *b, struct posture_finding *f, struct posture_view *v)
{
	const struct old key = { .key = f->key };
	struct old *o = bsearch(&key, b->v, b->n, sizeof *b->v, by_key);

	f->fresh = !o;
	v->fresh += !o;
	if (o)
		o->seen = true;
}

void baseline_compare(struct baseline *b, struct posture_results *r, struct posture_view *v)
{
	qsort(b->v, b->n, sizeof *b->v, by_key);
	v->baseline = true;
	v->fresh = v->gone = v->gone_listed = 0;
	for (size_t i = 0; i < r->checks_n; i++)
		for (size_t n = 0; n < r->checks[i].kept; n++)
			mark(b, &r->checks[i].v[n], v);
	for (size_t i = 0; i < b->n; i++) {
		if (b->v[i].seen)
			continue;
		if (v->gone_listed < GONE_LISTED)
			b->gone[v->gone_listed++] = b->v[i].words;
		v->gone++;
	}
	v->gone_names = b->gone;
}
