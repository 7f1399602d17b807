/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/replay/event.h"

#include <stdlib.h>

#include "lib/json/json.h"
#include "lib/base/time.h"

#define GROUPS_MAX 1000

/* ---- the head ---- */

static const struct head_member {
	const char *key;
	size_t n, offset;
} head_members[] = {
#define MEMBER(key, field)                                                                         \
	{                                                                                          \
		key, sizeof(key) - 1, offsetof(struct event_head, field)                           \
	}
	MEMBER("kind", kind),
	MEMBER("apiVersion", version),
	MEMBER("level", level),
	MEMBER("auditID", audit_id),
	MEMBER("stage", stage),
	MEMBER("requestURI", uri),
	MEMBER("verb", verb),
	MEMBER("user", user),
	MEMBER("impersonatedUser", impersonated),
	MEMBER("objectRef", object_ref),
	MEMBER("responseStatus", status),
	MEMBER("requestObject", request_object),
	MEMBER("responseObject", response_object),
	MEMBER("requestReceivedTimestamp", received),
	MEMBER("stageTimestamp", done),
	MEMBER("annotations", annotations),
#undef MEMBER
};
#define HEAD_N (sizeof head_members / sizeof *head_members)

/* Members mostly stand in this order: the search begins behind the last one found. */
static void head_take(struct event_head *h, const struct json_member *m, size_t *next)
{
	for (size_t i = 0; i < HEAD_N; i++) {
		const struct head_member *k = &head_members[(*next + i) % HEAD_N];

		if (k->n != m->key.n || memcmp(k->key, m->key.s, k->n) != 0)
			continue;
		*(struct str *)((char *)h + k->offset) = m->value;
		*next = (*next + i + 1) % HEAD_N;
		return;
	}
}

enum event_shape event_head_read(struct str text, struct event_head *out)
{
	struct json_member m = { .next = NULL };
	size_t next = 0;

	*out = (struct event_head){ .kind = { NULL, 0 } };
	while (json_skim_next(text, &m))
		head_take(out, &m, &next);
	if (!m.whole)
		return EVENT_BROKEN;
	if (!str_is(out->kind, "\"Event\"") || !str_starts(out->version, STR("\"audit.k8s.io/")))
		return EVENT_NONE;
	return str_is(out->version, "\"audit.k8s.io/v1\"") ? EVENT_WHOLE : EVENT_FOREIGN;
}

static const struct {
	const char *raw, *name;
	enum event_verb verb;
} verbs[] = {
	{ "\"create\"", "create", VERB_CREATE },
	{ "\"update\"", "update", VERB_UPDATE },
	{ "\"patch\"", "patch", VERB_PATCH },
	{ "\"delete\"", "delete", VERB_DELETE },
	{ "\"deletecollection\"", "deletecollection", VERB_DELETE_COLLECTION },
	{ "\"connect\"", "connect", VERB_CONNECT },
};
#define VERBS_N (sizeof verbs / sizeof *verbs)

static bool verb_of(struct str raw, enum event_verb *out)
{
	for (size_t i = 0; i < VERBS_N; i++)
		if (str_is(raw, verbs[i].raw)) {
			*out = verbs[i].verb;
			return true;
		}
	return false;
}

/* Subresources that are connected to, whatever the HTTP method. */
static bool connects(struct str subresource)
{
	return str_is(subresource, "exec") || str_is(subresource, "attach") ||
	       str_is(subresource, "portforward") || str_is(subresource, "proxy");
}

static struct str bare(struct str raw)
{
	return raw.n >= 2 && raw.s[0] == '"' ? (struct str){ raw.s + 1, raw.n - 2 }
					     : (struct str){ NULL, 0 };
}

enum event_use event_use_of(const struct event_head *h)
{
	enum event_verb verb;
	bool panic = str_is(h->stage, "\"Panic\"");

	if (!panic && !str_is(h->stage, "\"ResponseComplete\""))
		return EVENT_UNFINISHED;
	if (!h->object_ref.n || h->object_ref.s[0] != '{')
		return verb_of(h->verb, &verb) ? EVENT_NO_OBJECT : EVENT_READ;
	if (verb_of(h->verb, &verb))
		return EVENT_WRITE;
	return memmem(h->object_ref.s, h->object_ref.n, "\"subresource\"", 13) &&
			       connects(bare(json_skim(h->object_ref, STR("subresource"))))
		       ? EVENT_WRITE
		       : EVENT_READ;
}

/* ---- times ---- */

bool event_time(struct str s, int64_t *microseconds)
{
	char whole[40];
	int64_t seconds, fraction = 0, unit = 100000;
	size_t at = 19, n = 19;

	if (s.n < 20 || s.n > 36)
		return false;
	memcpy(whole, s.s, 19);
	if (s.s[at] == '.')
		for (at++; at < s.n && s.s[at] >= '0' && s.s[at] <= '9'; at++, unit /= 10)
			fraction += unit * (s.s[at] - '0');
	memcpy(whole + n, s.s + at, s.n - at);
	n += s.n - at;
	if (!time_parse((struct str){ whole, n }, &seconds))
		return false;
	*microseconds = seconds * 1000000 + fraction;
	return true;
}

/* ---- one member after the other ---- */

struct event_reader {
	struct arena *arena;
	struct err *err;
};

static int event_fail(struct event_reader *r, const char *where, const char *what)
{
	return err_set(r->err, ERR_SYNTAX, "%s: %s", where, what);
}

static struct json *event_parse(struct event_reader *r, const char *where, struct str raw)
{
	struct json *got = json_parse(raw, NULL, r->arena, r->err);

	if (!got)
		err_in(r->err, where);
	return got;
}

/* A string, or absent. */
static int event_string(struct event_reader *r, const char *where, struct str raw, struct str *out)
{
	struct json *got;

	*out = (struct str){ NULL, 0 };
	if (!raw.n || str_is(raw, "null"))
		return 0;
	if (!(got = event_parse(r, where, raw)))
		return -1;
	if (got->type != JSON_STRING)
		return event_fail(r, where, "must be a string");
	*out = json_str(got);
	return 0;
}

static int event_member(struct event_reader *r, const char *where, const struct json *o,
			struct str key, struct str *out)
{
	const struct json *got = json_get(o, key);

	*out = (struct str){ NULL, 0 };
	if (!got || got->type == JSON_NULL)
		return 0;
	if (got->type != JSON_STRING)
		return event_fail(r, where, "must be a string");
	*out = json_str(got);
	return 0;
}

static int event_groups(struct event_reader *r, const struct json *list, struct user *out)
{
	struct str *v;

	if (!list || list->type == JSON_NULL)
		return 0;
	if (list->type != JSON_ARRAY || list->len > GROUPS_MAX)
		return event_fail(r, "user.groups", "must be a list of at most 1000 strings");
	if (!(v = arena_calloc(r->arena, list->len + 1, sizeof *v)))
		return err_set(r->err, ERR_LIMIT, "the event's memory is used up");
	for (const struct json *i = list->child; i; i = i->next) {
		if (i->type != JSON_STRING)
			return event_fail(r, "user.groups", "must be strings");
		v[out->groups_n++] = json_str(i);
	}
	out->groups = v;
	return 0;
}

/* The impersonated user, where there is one: it is whom admission was told. */
static int event_user(struct event_reader *r, const struct event_head *h, struct user *out)
{
	bool other = h->impersonated.n && h->impersonated.s[0] == '{';
	const char *where = other ? "impersonatedUser" : "user";
	struct str raw = other ? h->impersonated : h->user;
	struct json *user;

	*out = (struct user){ .groups = NULL };
	if (!raw.n)
		return event_fail(r, "user", "is missing");
	if (!(user = event_parse(r, where, raw)))
		return -1;
	if (event_member(r, "user.username", user, STR("username"), &out->name) < 0)
		return -1;
	if (!out->name.n)
		return event_fail(r, "user.username", "is missing");
	return event_groups(r, json_get(user, STR("groups")), out);
}

static int event_object(struct event_reader *r, struct str raw, struct event *out)
{
	struct json *ref = event_parse(r, "objectRef", raw);

	if (!ref)
		return -1;
	if (event_member(r, "objectRef.resource", ref, STR("resource"), &out->resource.resource) ||
	    event_member(r, "objectRef.apiGroup", ref, STR("apiGroup"), &out->resource.group) ||
	    event_member(r, "objectRef.apiVersion", ref, STR("apiVersion"),
			 &out->resource.version) ||
	    event_member(r, "objectRef.subresource", ref, STR("subresource"), &out->subresource) ||
	    event_member(r, "objectRef.namespace", ref, STR("namespace"), &out->namespace) ||
	    event_member(r, "objectRef.name", ref, STR("name"), &out->name))
		return -1;
	return out->resource.resource.n ? 0 : event_fail(r, "objectRef.resource", "is missing");
}

/* ---- the URI's query ---- */

static bool uri_has(struct str uri, struct str word, struct str *value)
{
	const char *at = uri.n ? memchr(uri.s, '?', uri.n) : NULL, *end, *stop;

	if (!at)
		return false;
	end = uri.s + uri.n;
	while (at && ++at < end) {
		stop = memchr(at, '&', (size_t)(end - at));
		*value = (struct str){ at, (size_t)((stop ? stop : end) - at) };
		if (str_starts(*value, word)) {
			*value = str_from(*value, word.n);
			return true;
		}
		at = stop;
	}
	return false;
}

static bool event_holds(struct str s, const char *word)
{
	return s.n && memmem(s.s, s.n, word, strlen(word));
}

/* In the URI, or (DELETE) in the options of the body, where the level shows them. */
static bool event_is_dry(const struct event *e)
{
	struct str value, options;

	if (uri_has(e->uri, STR("dryRun="), &value))
		return value.n > 0;
	if (e->verb != VERB_DELETE && e->verb != VERB_DELETE_COLLECTION)
		return false;
	options = json_skim(e->request_object, STR("dryRun"));
	return event_holds(options, "\"All\"");
}

/* ---- status and annotations ---- */

static int event_status(struct event_reader *r, struct str raw, struct event *out)
{
	struct str code = json_skim(raw, STR("code"));

	out->code = 0;
	for (size_t i = 0; i < code.n && i < 4; i++)
		if (code.s[i] >= '0' && code.s[i] <= '9')
			out->code = 10 * out->code + (unsigned)(code.s[i] - '0');
	return event_string(r, "responseStatus.message", json_skim(raw, STR("message")),
			    &out->status_message);
}

static bool names_guard(struct str s)
{
	return event_holds(s, EVENT_DOMAIN);
}

static void event_said(const struct json *value, struct event *out)
{
	for (enum action a = ACTION_ALLOW; a <= ACTION_DENY; a++)
		if (str_is(json_str(value), action_name(a))) {
			out->said = out->then == THEN_SAID && out->said > a ? out->said : a;
			out->then = THEN_SAID;
		}
}

static void event_told(const struct json *value, struct event *out)
{
	out->from_log = true;
	for (enum identity_class c = IDENTITY_UNKNOWN; c <= IDENTITY_EXEMPT; c++)
		if (str_is(json_str(value), identity_class_name(c)))
			out->told = c;
}

/*
 * "<webhook>/decision" is what the guard said; "failed-open.validating.webhook.admission.k8s.io/
 * round_0_index_N": "<webhook>" that it was not reached. Two webhooks of the guard may differ:
 * that one was not reached counts.
 */
static int event_annotations(struct event_reader *r, struct str raw, struct event *out)
{
	static const char failed[] = "failed-open.validating.webhook.admission.k8s.io/";
	struct json *all;
	bool missed = false;

	out->then = THEN_SILENT;
	if (!raw.n || !names_guard(raw))
		return 0;
	if (!(all = event_parse(r, "annotations", raw)))
		return -1;
	if (all->type != JSON_OBJECT)
		return 0;
	for (const struct json *a = all->child; a; a = a->next) {
		struct str key = json_key(a);

		if (str_starts(key, str_of(failed)))
			missed = missed || names_guard(json_str(a));
		else if (key.n > 9 && names_guard(key) &&
			 !memcmp(key.s + key.n - 9, "/decision", 9))
			event_said(a, out);
		else if (str_is(key, "support" EVENT_DOMAIN "/identity"))
			event_told(a, out);
	}
	if (missed)
		out->then = THEN_NOT_REACHED;
	return 0;
}

static bool event_is_truncated(struct str annotations)
{
	return event_holds(annotations, "\"audit.k8s.io/truncated\"");
}

/* ---- the event ---- */

const char *event_level_name(enum event_level level)
{
	static const char *const names[] = { "Metadata", "Request", "RequestResponse" };

	return names[level];
}

const char *event_verb_name(enum event_verb verb)
{
	for (size_t i = 0; i < VERBS_N; i++)
		if (verbs[i].verb == verb)
			return verbs[i].name;
	return "connect";
}

static int event_level(struct event_reader *r, struct str raw, enum event_level *out)
{
	for (enum event_level l = LEVEL_METADATA; l <= LEVEL_RESPONSE; l++)
		if (str_is(bare(raw), event_level_name(l))) {
			*out = l;
			return 0;
		}
	return event_fail(r, "level", "must be Metadata, Request or RequestResponse");
}

static struct str object_or_absent(struct str raw)
{
	return raw.n && raw.s[0] == '{' ? raw : (struct str){ NULL, 0 };
}

static int event_times(struct event_reader *r, const struct event_head *h, struct event *out)
{
	out->received = out->done = INT64_MIN;
	if (h->received.n && !event_time(bare(h->received), &out->received))
		return event_fail(r, "requestReceivedTimestamp", "must be a time of RFC 3339");
	if (h->done.n && !event_time(bare(h->done), &out->done))
		return event_fail(r, "stageTimestamp", "must be a time of RFC 3339");
	if (out->received == INT64_MIN)
		out->received = out->done;
	if (out->done == INT64_MIN)
		out->done = out->received;
	return 0;
}

/* What the audit backend cut off is gone, and says so: the event is worth its metadata. */
static void event_objects(const struct event_head *h, struct event *out)
{
	struct str manager;

	out->truncated = event_is_truncated(h->annotations);
	if (out->truncated)
		out->level = LEVEL_METADATA;
	if (out->level >= LEVEL_REQUEST)
		out->request_object = h->request_object.n && h->request_object.s[0] == '['
					      ? h->request_object
					      : object_or_absent(h->request_object);
	if (out->level == LEVEL_RESPONSE)
		out->response_object = object_or_absent(h->response_object);
	out->dry_run = event_is_dry(out);
	if (uri_has(out->uri, STR("fieldManager="), &manager))
		out->manager = manager;
}

int event_read(const struct event_head *h, struct arena *arena, struct event *out, struct err *err)
{
	struct event_reader r = { arena, err };
	struct event e = { .panic = str_is(h->stage, "\"Panic\"") };

	if (!verb_of(h->verb, &e.verb))
		e.verb = VERB_CONNECT;
	if (event_level(&r, h->level, &e.level) < 0 ||
	    event_string(&r, "auditID", h->audit_id, &e.audit_id) < 0 ||
	    event_string(&r, "requestURI", h->uri, &e.uri) < 0 || event_user(&r, h, &e.user) < 0 ||
	    event_object(&r, h->object_ref, &e) < 0 || event_status(&r, h->status, &e) < 0 ||
	    event_times(&r, h, &e) < 0 || event_annotations(&r, h->annotations, &e) < 0)
		return -1;
	if (connects(e.subresource))
		e.verb = VERB_CONNECT;
	event_objects(h, &e);
	e.refused_by_guard = e.code >= 300 && names_guard(e.status_message);
	if (e.refused_by_guard && e.then == THEN_SILENT) {
		e.then = THEN_SAID;
		e.said = ACTION_DENY;
	}
	*out = e;
	return 0;
}
