/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"

#define BASELINE_MEMORY (512u << 20)
#define BASELINE_KEY    (64u << 10) /* bytes of one; a longer one is known to nobody */

/* Parts of a key stand behind each other, each ended by a NUL, which is in none of them. */
struct check_known {
	struct str key;
	enum action action;
	size_t taken; /* of the first with its key: how many of that key are */
};

struct check_baseline {
	struct arena arena;
	char *text;
	struct check_known *v; /* sorted by key, and by action from the highest */
	size_t n, left;
	size_t compared;
};

static struct str check_baseline_group(struct str api_version)
{
	const char *slash = api_version.n ? memchr(api_version.s, '/', api_version.n) : NULL;

	return (struct str){ api_version.s, slash ? (size_t)(slash - api_version.s) : 0 };
}

static struct str check_baseline_key(const struct report_object *o, const struct report_finding *f,
				     struct arena *arena)
{
	const struct str parts[] = { f->policy, f->rule,      check_baseline_group(o->api_version),
				     o->kind,   o->namespace, o->name,
				     f->path,   f->gate };
	struct text t;

	text_init(&t, arena, BASELINE_KEY);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		text_str(&t, parts[i]);
		text_add(&t, "", 1);
	}
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

/* ---- reading ---- */

static char *check_baseline_load(const char *path, size_t *n, struct err *err)
{
	scoped(file_end) FILE *f = fopen(path, "re");
	scoped(free_end) char *text = NULL;

	if (!f) {
		err_record(err, ERR_IO, "--baseline: %.300s: %s", path, strerror(errno));
		return NULL;
	}
	if (!(text = malloc(CHECK_BASELINE_MAX + 1))) {
		err_record(err, ERR_NOMEM, "out of memory");
		return NULL;
	}
	*n = fread(text, 1, CHECK_BASELINE_MAX + 1, f);
	if (ferror(f) || *n > CHECK_BASELINE_MAX) {
		err_record(err, ERR_LIMIT,
			   "--baseline: %.300s: it cannot be read, or is larger than %u MiB", path,
			   CHECK_BASELINE_MAX >> 20);
		return NULL;
	}
	return TAKE(text);
}

static struct str check_baseline_member(const struct json *o, const char *key)
{
	return json_str(json_get(o, str_of(key)));
}

static enum action check_baseline_action(struct str name)
{
	for (enum action a = ACTION_DENY; a > ACTION_ALLOW; a--)
		if (str_is(name, action_name(a)))
			return a;
	return ACTION_ALLOW;
}

static void check_baseline_add(struct check_baseline *b, const struct json *j)
{
	const struct json *object = json_get(j, STR("object"));
	const struct report_object o = { .api_version = check_baseline_member(object, "apiVersion"),
					 .kind = check_baseline_member(object, "kind"),
					 .namespace = check_baseline_member(object, "namespace"),
					 .name = check_baseline_member(object, "name") };
	const struct report_finding f = { .policy = check_baseline_member(j, "policy"),
					  .rule = check_baseline_member(j, "rule"),
					  .path = check_baseline_member(j, "path"),
					  .gate = check_baseline_member(j, "gate") };

	b->v[b->n++] = (struct check_known){
		.key = check_baseline_key(&o, &f, &b->arena),
		.action = check_baseline_action(check_baseline_member(j, "action")),
	};
}

static int check_baseline_by_key(const void *a, const void *b)
{
	const struct check_known *x = a, *y = b;
	int order = str_cmp(x->key, y->key);

	return order ? order : (x->action < y->action) - (x->action > y->action);
}

static int check_baseline_fill(struct check_baseline *b, const char *path, struct err *err)
{
	const struct json *root, *list, *summary;
	size_t n;

	if (!(b->text = check_baseline_load(path, &n, err)))
		return -1;
	if (!(root = json_parse((struct str){ b->text, n }, NULL, &b->arena, err)))
		return err_in(err, path);
	list = json_get(root, STR("findings"));
	summary = json_get(root, STR("summary"));
	if (!list || list->type != JSON_ARRAY || !summary || !json_get(summary, STR("kubernetes")))
		return err_set(err, ERR_SYNTAX,
			       "--baseline: %.300s: it is no report of `oke-guard check -o json`",
			       path);
	if (!(b->v = arena_calloc(&b->arena, list->len + 1, sizeof *b->v)))
		return err_nomem(err);
	for (const struct json *f = list->child; f; f = f->next)
		check_baseline_add(b, f);
	qsort(b->v, b->n, sizeof *b->v, check_baseline_by_key);
	b->left = b->n;
	return 0;
}

struct check_baseline *check_baseline_read(const char *path, struct err *err)
{
	struct check_baseline *b = calloc(1, sizeof *b);

	if (!b) {
		err_record(err, ERR_NOMEM, "out of memory");
		return NULL;
	}
	arena_init(&b->arena, BASELINE_MEMORY);
	if (check_baseline_fill(b, path, err) == 0)
		return b;
	check_baseline_free(b);
	return NULL;
}

void check_baseline_free(struct check_baseline *b)
{
	if (!b)
		return;
	arena_done(&b->arena);
	free(b->text);
	free(b);
}

/* ---- asking ---- */

/* The first with that key; NULL: there is none. */
static struct check_known *check_baseline_find(struct check_baseline *b, struct str key)
{
	size_t low = 0, high = b->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		b->compared++;
		if (str_cmp(b->v[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < b->n && str_eq(b->v[low].key, key) ? &b->v[low] : NULL;
}

/*
 * Of those with one key the highest action stands first, and is taken first. So the first that is
 * left either covers the action, or none does.
 */
static bool check_baseline_take_next(struct check_baseline *b, struct check_known *first,
				     enum action action)
{
	const struct check_known *next = first + first->taken;

	b->compared++;
	if (next == b->v + b->n || !str_eq(next->key, first->key) || next->action < action)
		return false;
	first->taken++;
	b->left--;
	return true;
}

bool check_baseline_take(struct check_baseline *b, const struct report_object *o,
			 const struct report_finding *f)
{
	scoped(arena_end) struct arena arena = { .limit = 4 * BASELINE_KEY };
	struct report_finding named = *f;
	struct check_known *first;
	struct str key;

	if (f->change) {
		named.policy = STR("preflight");
		named.rule = str_of(f->change);
	}
	key = check_baseline_key(o, &named, &arena);
	first = key.s ? check_baseline_find(b, key) : NULL;
	return first && check_baseline_take_next(b, first, f->action);
}

size_t check_baseline_left(const struct check_baseline *b)
{
	return b->left;
}

size_t check_baseline_compared(const struct check_baseline *b)
{
	return b->compared;
}
