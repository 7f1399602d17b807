/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/replay/compact.h"

#include <time.h>

#include "lib/json/json.h"
#include "policy/replay/chain.h"

#define LINE_MAX_BYTES (20u << 20) /* a line of the log, and what is written around it */

/* ---- members ---- */

static void put_key(struct text *t, const char *key)
{
	text_puts(t, t->n > 1 && t->s[t->n - 1] != '{' ? ",\"" : "\"");
	text_puts(t, key);
	text_puts(t, "\":");
}

static void put_string(struct text *t, const char *key, struct str s)
{
	if (!s.n)
		return;
	put_key(t, key);
	json_quote(s, t);
}

/* A value as it stands in the log; line breaks in it are white space. */
static void put_raw(struct text *t, const char *key, struct str raw)
{
	if (!raw.n)
		return;
	put_key(t, key);
	while (raw.n) {
		size_t n = 0;

		while (n < raw.n && raw.s[n] != '\n' && raw.s[n] != '\r')
			n++;
		text_add(t, raw.s, n);
		n += n < raw.n;
		raw = str_from(raw, n);
	}
}

static void put_time(struct text *t, const char *key, int64_t us)
{
	char out[32];
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	size_t n;

	if (us == INT64_MIN || us < 0 || !gmtime_r(&seconds, &tm))
		return;
	n = strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, sizeof out - n, ".%06dZ", (int)(us % 1000000));
	put_string(t, key, str_of(out));
}

static void put_user(struct text *t, const struct user *u)
{
	put_key(t, "user");
	text_puts(t, "{");
	put_string(t, "username", u->name);
	if (u->groups_n) {
		put_key(t, "groups");
		for (size_t i = 0; i < u->groups_n; i++) {
			text_puts(t, i ? "," : "[");
			json_quote(u->groups[i], t);
		}
		text_puts(t, "]");
	}
	text_puts(t, "}");
}

static void put_ref(struct text *t, const struct event *e)
{
	put_key(t, "objectRef");
	text_puts(t, "{");
	put_string(t, "resource", e->resource.resource);
	put_string(t, "namespace", e->namespace);
	put_string(t, "name", e->name);
	put_string(t, "apiGroup", e->resource.group);
	put_string(t, "apiVersion", e->resource.version);
	put_string(t, "subresource", e->subresource);
	text_puts(t, "}");
}

static void put_uri(struct text *t, const struct event *e)
{
	put_key(t, "requestURI");
	text_puts(t, e->dry_run ? "\"/?dryRun=All" : "\"/?");
	if (e->manager.n && e->manager.n < 200) {
		struct text quoted;

		text_init(&quoted, t->arena, 2048);
		json_quote(e->manager, &quoted);
		text_puts(t, "&fieldManager=");
		if (!quoted.full)
			text_add(t, quoted.s + 1, quoted.n - 2);
	}
	text_puts(t, "\"");
}

static void put_annotations(struct text *t, const struct event *e)
{
	if (e->then == THEN_SILENT && !e->truncated && !e->from_log)
		return;
	put_key(t, "annotations");
	text_puts(t, "{");
	if (e->truncated)
		put_string(t, "audit.k8s.io/truncated", STR("true"));
	if (e->then == THEN_SAID)
		put_string(t, "support" EVENT_DOMAIN "/decision", str_of(action_name(e->said)));
	if (e->from_log)
		put_string(t, "support" EVENT_DOMAIN "/identity",
			   str_of(identity_class_name(e->told)));
	if (e->then == THEN_NOT_REACHED)
		put_string(t, "failed-open.validating.webhook.admission.k8s.io/round_0_index_0",
			   STR("support" EVENT_DOMAIN));
	text_puts(t, "}");
}

/* ---- what of the objects is kept ---- */

static bool holds_secrets(const struct event *e)
{
	return str_is(e->resource.resource, "secrets") && !e->resource.group.n;
}

/* The answer is a token; what was asked for is none. */
static bool answers_secrets(const struct event *e)
{
	return str_is(e->resource.resource, "serviceaccounts") && !e->resource.group.n &&
	       str_is(e->subresource, "token");
}

static enum event_level level_kept(const struct event *e)
{
	if (holds_secrets(e))
		return LEVEL_METADATA;
	return answers_secrets(e) && e->level > LEVEL_REQUEST ? LEVEL_REQUEST : e->level;
}

/* Only the version that the client wrote onto: the result tells the rest. */
static void put_version_asked(struct text *t, const struct event *e)
{
	struct str version = object_metadata(e->request_object, STR("resourceVersion"));

	if (!version.n)
		return;
	put_key(t, "requestObject");
	text_puts(t, "{\"metadata\":{");
	put_raw(t, "resourceVersion", version);
	text_puts(t, "}}");
}

static void put_objects(struct text *t, const struct event *e)
{
	if (holds_secrets(e))
		return;
	if (answers_secrets(e)) {
		put_raw(t, "requestObject", e->request_object);
		return;
	}
	if (e->verb == VERB_UPDATE && event_has_result(e))
		put_version_asked(t, e);
	else if (e->verb != VERB_CREATE || !event_has_result(e) || e->subresource.n)
		put_raw(t, "requestObject", e->request_object);
	if (event_has_result(e))
		put_raw(t, "responseObject", e->response_object);
}

static void put_event(struct text *t, const struct event *e)
{
	text_puts(t, "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\"");
	put_string(t, "level", str_of(event_level_name(level_kept(e))));
	put_string(t, "auditID", e->audit_id);
	put_string(t, "stage", e->panic ? STR("Panic") : STR("ResponseComplete"));
	put_uri(t, e);
	put_string(t, "verb", str_of(event_verb_name(e->verb)));
	put_user(t, &e->user);
	put_ref(t, e);
	put_key(t, "responseStatus");
	text_printf(t, "{\"code\":%u}", e->code);
	put_objects(t, e);
	put_time(t, "requestReceivedTimestamp", e->received);
	put_time(t, "stageTimestamp", e->done);
	put_annotations(t, e);
	text_puts(t, "}\n");
}

/* ---- deletecollection: what it deleted, one by one ---- */

static int compact_one(const struct event *e, struct arena *arena, compact_line_fn *line, void *ctx,
		       struct err *err)
{
	struct text t;

	text_init(&t, arena, LINE_MAX_BYTES);
	put_event(&t, e);
	if (t.full)
		return err_set(err, ERR_LIMIT, "the event's memory is used up");
	return line(ctx, e, text_get(&t), err);
}

static int compact_item(const struct event *e, struct str item, size_t number, struct arena *arena,
			compact_line_fn *line, void *ctx, struct err *err)
{
	struct event one = *e;
	struct err ignored;
	struct json *name = json_parse(object_metadata(item, STR("name")), NULL, arena, &ignored);
	char id[200], kind[200];
	struct str list = json_skim(e->response_object, STR("kind"));
	struct str version = json_skim(e->response_object, STR("apiVersion"));
	struct text whole;

	snprintf(id, sizeof id, "%.*s/%zu", (int)(e->audit_id.n < 100 ? e->audit_id.n : 100),
		 e->audit_id.s ? e->audit_id.s : "", number);
	one.verb = VERB_DELETE;
	one.audit_id = str_of(id);
	one.name = json_str(name);
	if (!json_skim(item, STR("kind")).n && list.n > 6 && list.n < 150 && item.n > 2) {
		/* "PodList" of items that do not say that they are Pods. */
		snprintf(kind, sizeof kind, "%.*s\"", (int)list.n - 5, list.s);
		text_init(&whole, arena, LINE_MAX_BYTES);
		text_puts(&whole, "{");
		put_raw(&whole, "kind", str_of(kind));
		put_raw(&whole, "apiVersion", version);
		text_puts(&whole, ",");
		text_str(&whole, str_from(item, 1));
		item = text_get(&whole);
	}
	one.response_object = item;
	return compact_one(&one, arena, line, ctx, err);
}

static const char *skip_blank(const char *p, const char *end)
{
	while (p < end && *p && strchr(" \t\r\n,", *p))
		p++;
	return p;
}

static int compact_items(const struct event *e, struct str items, struct arena *arena,
			 compact_line_fn *line, void *ctx, struct err *err)
{
	const char *end = items.s + items.n, *p = skip_blank(items.s + 1, end), *behind;

	for (size_t i = 0; p < end && *p == '{'; i++) {
		if (!(behind = json_skim_end(p, end)))
			break;
		if (compact_item(e, (struct str){ p, (size_t)(behind - p) }, i, arena, line, ctx,
				 err) < 0)
			return -1;
		p = skip_blank(behind, end);
	}
	return 0;
}

int event_compact(const struct event *e, struct arena *arena, compact_line_fn *line, void *ctx,
		  struct err *err)
{
	struct str items = { NULL, 0 };

	if (e->verb == VERB_DELETE_COLLECTION && event_has_result(e) && !holds_secrets(e))
		items = json_skim(e->response_object, STR("items"));
	if (items.n > 1 && items.s[0] == '[')
		return compact_items(e, items, arena, line, ctx, err);
	return compact_one(e, arena, line, ctx, err);
}
