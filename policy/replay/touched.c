/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/replay/touched.h"

#include "lib/json/json.h"

static void touched_add(struct touched *out, const struct touched_place *p)
{
	if (!p->n || out->n == TOUCHED_MAX)
		out->all = true;
	else
		out->v[out->n++] = *p;
}

/* ---- merge patches: objects in objects ---- */

/* What the API server sets or refuses whatever the patch says. */
static bool touched_is_fixed(const struct touched_place *p)
{
	static const char *const fixed[] = { "resourceVersion", "uid", "name", "namespace",
					     "managedFields" };

	if (p->n != 2 || !str_is(p->steps[0], "metadata"))
		return false;
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (str_is(p->steps[1], fixed[i]))
			return true;
	return false;
}

/* "$setElementOrder/containers" is about containers; "$patch" about where it stands. */
static bool touched_directive(struct str key, struct str *about)
{
	const char *slash;

	if (!key.n || key.s[0] != '$')
		return false;
	slash = memchr(key.s, '/', key.n);
	*about = slash ? str_from(key, (size_t)(slash + 1 - key.s)) : (struct str){ NULL, 0 };
	return true;
}

static bool has_directive(const struct json *o)
{
	struct str about;

	for (const struct json *m = o->child; m; m = m->next)
		if (touched_directive(json_key(m), &about) && !about.n)
			return true;
	return false;
}

static void touched_member(const struct json *m, struct touched_place at, struct touched *out);

/* NOLINTNEXTLINE(misc-no-recursion): TOUCHED_STEPS bounds it */
static void touched_members(const struct json *o, const struct touched_place *at,
			    struct touched *out)
{
	if (at->n && (at->n == TOUCHED_STEPS || !o->child || has_directive(o))) {
		touched_add(out, at);
		return;
	}
	if (has_directive(o))
		out->all = true;
	for (const struct json *m = o->child; m && !out->all; m = m->next)
		touched_member(m, *at, out);
}

/* NOLINTNEXTLINE(misc-no-recursion): TOUCHED_STEPS bounds it */
static void touched_member(const struct json *m, struct touched_place at, struct touched *out)
{
	struct str key = json_key(m), about;

	if (touched_directive(key, &about))
		key = about;
	at.steps[at.n++] = key;
	if (touched_is_fixed(&at))
		return;
	if (m->type == JSON_OBJECT)
		touched_members(m, &at, out);
	else
		touched_add(out, &at);
}

/* ---- JSON patches ---- */

/* "~1" is a slash, "~0" a tilde. */
static struct str pointer_step(struct str raw, struct arena *arena)
{
	struct text t;

	if (!raw.n || !memchr(raw.s, '~', raw.n))
		return raw;
	text_init(&t, arena, raw.n + 1);
	for (size_t i = 0; i < raw.n; i++) {
		bool escape = raw.s[i] == '~' && i + 1 < raw.n;

		text_add(&t, escape ? (raw.s[++i] == '1' ? "/" : "~") : raw.s + i, 1);
	}
	return text_get(&t);
}

static bool is_index(struct str s)
{
	if (str_is(s, "-"))
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return s.n > 0;
}

static void touched_pointer(struct str pointer, struct arena *arena, struct touched *out)
{
	struct touched_place at = { .n = 0 };

	while (pointer.n && pointer.s[0] == '/' && at.n < TOUCHED_STEPS) {
		struct str raw = str_from(pointer, 1);
		const char *slash = raw.n ? memchr(raw.s, '/', raw.n) : NULL;

		raw.n = slash ? (size_t)(slash - raw.s) : raw.n;
		if (is_index(raw))
			break;
		at.steps[at.n++] = pointer_step(raw, arena);
		pointer = str_from(pointer, raw.n + 1);
	}
	if (!touched_is_fixed(&at))
		touched_add(out, &at);
}

static void touched_operations(const struct json *list, struct arena *arena, struct touched *out)
{
	for (const struct json *op = list->child; op && !out->all; op = op->next) {
		struct str what = json_str(json_get(op, STR("op")));

		if (op->type != JSON_OBJECT)
			out->all = true;
		else if (!str_is(what, "test"))
			touched_pointer(json_str(json_get(op, STR("path"))), arena, out);
		if (str_is(what, "move"))
			touched_pointer(json_str(json_get(op, STR("from"))), arena, out);
	}
}

/* ---- the patch ---- */

void touched_by_patch(struct str patch, struct arena *arena, struct touched *out)
{
	struct err ignored;
	struct json *body = patch.n ? json_parse(patch, NULL, arena, &ignored) : NULL;

	out->n = 0;
	out->all = !body || (body->type != JSON_OBJECT && body->type != JSON_ARRAY);
	if (out->all)
		return;
	if (body->type == JSON_ARRAY)
		touched_operations(body, arena, out);
	else if (json_get(body, STR("kind")) && json_get(body, STR("apiVersion")))
		out->all = true;
	else
		touched_members(body, &(struct touched_place){ .n = 0 }, out);
}

static bool in_metadata(const struct touched_place *p)
{
	return str_is(p->steps[0], "metadata");
}

bool touches_metadata(const struct touched *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (in_metadata(&t->v[i]))
			return true;
	return t->all;
}

bool touches_content(const struct touched *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (!in_metadata(&t->v[i]) && !str_is(t->v[i].steps[0], "status"))
			return true;
	return t->all;
}

void touched_keep(struct touched *t, bool metadata)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++)
		if (in_metadata(&t->v[i]) == metadata)
			t->v[kept++] = t->v[i];
	t->n = kept;
}
