/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/replay/chain.h"

#include <stdlib.h>

#include "lib/json/json.h"
#include "policy/replay/touched.h"

#define SECOND     1000000 /* microseconds */
#define OBJECT_MAX (16u << 20)

void chain_init(struct chain *c)
{
	*c = (struct chain){ .text = NULL };
}

void chain_done(struct chain *c)
{
	free(c->text);
	chain_init(c);
}

void chain_forget(struct chain *c)
{
	c->n = 0;
}

static struct str chain_text(const struct chain *c)
{
	return (struct str){ c->n ? c->text : NULL, c->n };
}

/* ---- members of an object's text ---- */

struct str object_metadata(struct str object, struct str key)
{
	return json_skim(json_skim(object, STR("metadata")), key);
}

static uint64_t number_of(struct str raw)
{
	uint64_t n = 0;

	if (raw.n && raw.s[0] == '"')
		raw = (struct str){ raw.s + 1, raw.n - 2 };
	if (!raw.n || raw.n > 19)
		return 0;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.s[i] < '0' || raw.s[i] > '9')
			return 0;
		n = 10 * n + (uint64_t)(raw.s[i] - '0');
	}
	return n;
}

uint64_t object_version(struct str object)
{
	return number_of(object_metadata(object, STR("resourceVersion")));
}

bool event_has_result(const struct event *e)
{
	struct str kind = json_skim(e->response_object, STR("kind"));

	return kind.n && !str_is(kind, "\"Status\"");
}

/* ---- proofs ---- */

/* The version that the client said it writes onto; 0: none. */
static uint64_t version_asked(const struct event *e)
{
	return e->request_object.n && e->request_object.s[0] == '{'
		       ? object_version(e->request_object)
		       : 0;
}

static bool versions_chain(const struct chain *c, const struct event *e)
{
	uint64_t seen = object_version(chain_text(c));

	return seen && (version_asked(e) == seen || object_version(e->response_object) == seen);
}

static const struct json *managed_twin(const struct json *entry, const struct json *list)
{
	static const char *const keys[] = { "manager", "operation", "subresource", "time" };
	const size_t n = sizeof keys / sizeof *keys;

	for (const struct json *i = list->child; i; i = i->next) {
		size_t k = 0;

		while (k < n &&
		       json_equal(json_get(entry, str_of(keys[k])), json_get(i, str_of(keys[k]))))
			k++;
		if (k == n)
			return i;
	}
	return NULL;
}

/* Written by this event, as far as manager and time tell. */
static bool managed_by_event(const struct json *entry, const struct event *e)
{
	struct str manager = json_str(json_get(entry, STR("manager")));
	bool plain = e->manager.n && !memchr(e->manager.s, '%', e->manager.n) &&
		     !memchr(e->manager.s, '+', e->manager.n);
	int64_t at;

	if (plain && !str_eq(manager, e->manager))
		return false;
	return event_time(json_str(json_get(entry, STR("time"))), &at) &&
	       at >= e->received - SECOND && at <= e->done + SECOND;
}

#define MANAGED_MAX 64 /* entries; more are no proof */

static struct json *managed_read(struct str object, struct arena *arena)
{
	static const struct json_limits limits = { .depth = JSON_DEPTH_DEFAULT };
	struct str raw = object_metadata(object, STR("managedFields"));
	struct err ignored;
	struct json *list = raw.n ? json_parse(raw, &limits, arena, &ignored) : NULL;

	return list && list->type == JSON_ARRAY && list->len <= MANAGED_MAX ? list : NULL;
}

/* Did one manager alone write since, with this event? */
static bool managers_chain(const struct chain *c, const struct event *e, struct arena *arena)
{
	struct json *old = managed_read(chain_text(c), arena);
	struct json *new = old ? managed_read(e->response_object, arena) : NULL;
	const struct json *mine = NULL;

	if (!new)
		return false;
	for (const struct json *i = new->child; i; i = i->next) {
		if (managed_twin(i, old))
			continue;
		if (!managed_by_event(i, e) || (mine && !json_equal(json_get(mine, STR("manager")),
								    json_get(i, STR("manager")))))
			return false;
		mine = i;
	}
	return mine;
}

/* ---- the old object, put together ---- */

static void put_member(struct text *t, struct str key, struct str value)
{
	if (!value.n)
		return;
	text_puts(t, t->n > 1 ? ",\"" : "\"");
	text_str(t, key);
	text_puts(t, "\":");
	text_str(t, value);
}

/* All members but two. */
static void put_members(struct text *t, struct str object, const char *but, const char *nor)
{
	struct json_member m = { .next = NULL };

	while (json_skim_next(object, &m))
		if (!str_is(m.key, but) && !str_is(m.key, nor))
			put_member(t, m.key, m.value);
}

/* The new metadata with the managers of the old: whose fields were dropped is seen by them. */
static struct str metadata_unchanged(struct str old, struct str new, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, OBJECT_MAX);
	text_puts(&t, "{");
	put_members(&t, json_skim(new, STR("metadata")), "managedFields", "");
	put_member(&t, STR("managedFields"), object_metadata(old, STR("managedFields")));
	text_puts(&t, "}");
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

/* A write of an object does not change its status, nor one of its status the rest. */
static struct str old_object(struct str content, struct str metadata, struct str new,
			     struct arena *arena)
{
	struct text t;

	text_init(&t, arena, OBJECT_MAX);
	text_puts(&t, "{");
	put_members(&t, content, "metadata", "status");
	put_member(&t, STR("metadata"), metadata);
	put_member(&t, STR("status"), json_skim(new, STR("status")));
	text_puts(&t, "}");
	return t.full || !metadata.n ? (struct str){ NULL, 0 } : text_get(&t);
}

/* The API server allots ports and addresses to a Service only after the guard has seen it. */
static bool is_allotted(const struct event *e, struct str old)
{
	return str_is(e->resource.resource, "services") &&
	       !str_eq(json_skim(json_skim(old, STR("spec")), STR("type")),
		       json_skim(json_skim(e->response_object, STR("spec")), STR("type")));
}

enum part_proof { PART_UNKNOWN, PART_UNCHANGED, PART_AS_SEEN };

static enum part_proof content_proof(const struct chain *c, const struct event *e,
				     const struct touched *touched)
{
	uint64_t before = number_of(object_metadata(chain_text(c), STR("generation")));
	uint64_t after = number_of(object_metadata(e->response_object, STR("generation")));

	if (!touches_content(touched))
		return PART_UNCHANGED;
	if (!c->n || !before || !after)
		return PART_UNKNOWN;
	if (before == after)
		return PART_UNCHANGED;
	return after == before + 1 && !is_allotted(e, chain_text(c)) ? PART_AS_SEEN : PART_UNKNOWN;
}

void chain_before(const struct chain *c, const struct event *e, const struct touched *touched,
		  struct arena *arena, struct chain_old *out)
{
	struct str new = e->response_object, old = chain_text(c);
	struct chain same = *c;
	enum part_proof content;
	bool whole;

	if (!str_eq(object_metadata(old, STR("uid")), object_metadata(new, STR("uid"))))
		same.n = 0;
	whole = same.n && !is_allotted(e, old) &&
		(versions_chain(&same, e) || managers_chain(&same, e, arena));
	content = content_proof(&same, e, touched);
	if (whole && content == PART_UNKNOWN)
		content = PART_AS_SEEN;
	*out = (struct chain_old){ .content = content != PART_UNKNOWN,
				   .metadata = whole || !touches_metadata(touched) };
	out->text = old_object(content == PART_AS_SEEN ? old : new,
			       whole && touches_metadata(touched)
				       ? json_skim(old, STR("metadata"))
				       : metadata_unchanged(same.n ? old : new, new, arena),
			       new, arena);
}

/* ---- scales ---- */

static struct str replicas_of(struct str object)
{
	struct str n = json_skim(json_skim(object, STR("spec")), STR("replicas"));

	return n.n ? n : STR("0"); /* a Scale leaves a zero out */
}

/* The object with another number; the range that replicas_of found lies in its text. */
static struct str with_replicas(struct str object, struct str number, struct arena *arena)
{
	struct str spec = json_skim(object, STR("spec")), was = json_skim(spec, STR("replicas"));
	struct text t;
	size_t at;

	if (!spec.n || spec.s[0] != '{')
		return (struct str){ NULL, 0 };
	text_init(&t, arena, OBJECT_MAX);
	at = was.n ? (size_t)(was.s - object.s) : (size_t)(spec.s - object.s) + 1;
	text_add(&t, object.s, at);
	if (!was.n)
		text_puts(&t, "\"replicas\":");
	text_str(&t, number);
	if (!was.n && json_skim_next(spec, &(struct json_member){ .next = NULL }))
		text_puts(&t, ",");
	text_str(&t, str_from(object, at + was.n));
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

struct str chain_scale_before(const struct chain *c, const struct event *e, struct arena *arena,
			      bool *known)
{
	struct str old = chain_text(c), new = e->response_object, scale = new;

	*known = false;
	if (!c->n || !str_eq(object_metadata(old, STR("uid")), object_metadata(new, STR("uid"))))
		return (struct str){ NULL, 0 };
	*known = versions_chain(c, e) || !str_eq(replicas_of(old), replicas_of(new));
	if (!json_skim(new, STR("spec")).n) {
		struct text t;

		text_init(&t, arena, OBJECT_MAX);
		text_puts(&t, "{\"spec\":{}");
		text_puts(&t, new.n > 2 ? "," : "");
		text_str(&t, str_from(new, 1));
		scale = text_get(&t);
	}
	return with_replicas(scale, replicas_of(old), arena);
}

/* ---- the next state ---- */

static int chain_set(struct chain *c, struct str object, struct err *err)
{
	char *grown;

	c->n = 0;
	if (object.n > c->room) {
		if (!(grown = realloc(c->text, object.n)))
			return err_nomem(err);
		c->text = grown;
		c->room = object.n;
	}
	if (object.n)
		memcpy(c->text, object.s, object.n);
	c->n = object.n;
	return 0;
}

/* The number and the version are a Scale's; the content changed if the number did. */
static struct str fold_scale(const struct chain *c, const struct event *e, struct arena *arena)
{
	struct str old = chain_text(c),
		   new = with_replicas(old, replicas_of(e->response_object), arena);
	struct str generation = object_metadata(new, STR("generation"));
	struct str version = object_metadata(new, STR("resourceVersion"));
	bool changed = !str_eq(replicas_of(old), replicas_of(e->response_object));
	struct text metadata, all;
	char number[24];

	snprintf(number, sizeof number, "%llu",
		 (unsigned long long)number_of(generation) + changed);
	text_init(&metadata, arena, OBJECT_MAX);
	text_init(&all, arena, OBJECT_MAX);
	text_puts(&metadata, "{");
	put_members(&metadata, json_skim(new, STR("metadata")), "generation", "resourceVersion");
	put_member(&metadata, STR("generation"), str_of(number));
	put_member(&metadata, STR("resourceVersion"),
		   object_metadata(e->response_object, STR("resourceVersion")));
	text_puts(&metadata, "}");
	text_puts(&all, "{");
	put_members(&all, new, "metadata", "");
	put_member(&all, STR("metadata"), text_get(&metadata));
	text_puts(&all, "}");
	return all.full || !version.n || !generation.n ? (struct str){ NULL, 0 } : text_get(&all);
}

/* Subresources whose result is another kind, and that leave the object as it is. */
static bool leaves_object(const struct event *e)
{
	return str_is(e->subresource, "eviction") || str_is(e->subresource, "token") ||
	       e->verb == VERB_CONNECT;
}

int chain_fold(struct chain *c, const struct event *e, struct arena *arena, struct err *err)
{
	struct str none = { NULL, 0 };
	bool stored = e->code && e->code < 300 && !e->dry_run && !e->panic;

	if (!stored || leaves_object(e))
		return 0;
	if (str_is(e->subresource, "scale"))
		return chain_set(c, event_has_result(e) && c->n ? fold_scale(c, e, arena) : none,
				 err);
	return chain_set(c, event_has_result(e) ? e->response_object : none, err);
}
