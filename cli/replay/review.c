/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay/review.h"

#include "lib/json/json.h"
#include "policy/replay/compact.h"
#include "webhook/review.h"

#define LINE_BYTES (20u << 20)

/* ---- reviews ---- */

static enum event_verb verb_for(enum operation op)
{
	switch (op) {
	case OP_CREATE:
		return VERB_CREATE;
	case OP_UPDATE:
		return VERB_UPDATE;
	case OP_DELETE:
		return VERB_DELETE;
	case OP_CONNECT:
		break;
	}
	return VERB_CONNECT;
}

static void event_for(const struct request *req, int64_t now, struct event *out)
{
	*out = (struct event){ .level = LEVEL_METADATA,
			       .verb = verb_for(req->operation),
			       .dry_run = req->dry_run,
			       .code = 200,
			       .audit_id = req->uid,
			       .subresource = req->subresource,
			       .namespace = req->namespace,
			       .name = req->name,
			       .resource = req->resource,
			       .user = req->user,
			       .received = now * 1000000,
			       .done = now * 1000000 };
}

struct review_line {
	struct arena *arena;
	struct str *out;
};

static int review_line_take(void *ctx, const struct event *e, struct str line, struct err *err)
{
	struct review_line *r = ctx;

	(void)e;
	(void)err;
	*r->out = line;
	return 0;
}

/* One line, whatever it was; line breaks between values are white space. */
static int review_flatten(struct str review, struct arena *arena, struct str *out, struct err *err)
{
	char *p = arena_alloc(arena, review.n + 1);

	if (!p)
		return err_set(err, ERR_LIMIT, "the review is too large");
	for (size_t i = 0; i < review.n; i++)
		p[i] = review.s[i] == '\n' || review.s[i] == '\r' ? ' ' : review.s[i];
	p[review.n] = '\n';
	*out = (struct str){ p, review.n + 1 };
	return 0;
}

static bool review_concerns(const struct policy_set *set, const struct request *req,
			    struct arena *arena)
{
	struct verdict v;
	struct err err = { .kind = ERR_NONE };

	if (!set)
		return false;
	return policy_names(set, req, arena) ||
	       policy_judge(set, req, 0, arena, NULL, &v, &err) < 0 || v.findings_n;
}

enum review_use replay_review_keep(const struct policy_set *set, const struct policy_set *baseline,
				   struct str review, int64_t now, struct arena *arena,
				   struct str *line, struct err *err)
{
	struct review r;
	struct event e;
	struct review_line take = { arena, line };
	int status;

	if (review_decode(review, arena, &r, err) < 0)
		return REVIEW_UNREADABLE;
	if (!review_concerns(set, &r.request, arena) &&
	    !review_concerns(baseline, &r.request, arena))
		return REVIEW_UNCONCERNED;
	event_for(&r.request, now, &e);
	if (str_is(e.resource.resource, "secrets"))
		status = event_compact(&e, arena, review_line_take, &take, err);
	else
		status = review_flatten(review, arena, line, err);
	return status < 0 ? REVIEW_UNREADABLE : REVIEW_KEEP;
}

int replay_review_read(struct str line, int64_t now, struct arena *arena, struct request *request,
		       struct event *e, struct err *err)
{
	struct review r;

	if (review_decode(line, arena, &r, err) < 0)
		return -1;
	*request = r.request;
	event_for(request, now, e);
	return 0;
}

/* ---- lines of the guard's log ---- */

static void put_from(struct text *t, const char *key, struct str line, const char *from)
{
	struct str raw = json_skim(line, str_of(from));

	if (raw.n < 2 || raw.s[0] != '"')
		return;
	text_printf(t,
		    "%s\"%s\":", t->n && t->s[t->n - 1] != '{' && t->s[t->n - 1] != ',' ? "," : "",
		    key);
	text_str(t, raw);
}

static const char *verb_in(struct str line)
{
	struct str op = json_skim(line, STR("operation"));

	return str_is(op, "\"CREATE\"")   ? "create"
	       : str_is(op, "\"UPDATE\"") ? "update"
	       : str_is(op, "\"DELETE\"") ? "delete"
					  : "connect";
}

/* The log names no groups and no version; by the annotation the identity is told. */
struct str replay_decision_event(struct str line, struct arena *arena)
{
	bool dry = str_is(json_skim(line, STR("dryRun")), "true");
	struct text t;

	text_init(&t, arena, LINE_BYTES);
	text_puts(&t,
		  "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\"");
	put_from(&t, "auditID", line, "uid");
	text_printf(&t,
		    ",\"stage\":\"ResponseComplete\",\"requestURI\":\"/?%s\",\"verb\":\"%s\","
		    "\"user\":{",
		    dry ? "dryRun=All" : "", verb_in(line));
	put_from(&t, "username", line, "user");
	text_puts(&t, "},\"objectRef\":{");
	put_from(&t, "resource", line, "resource");
	put_from(&t, "apiGroup", line, "group");
	put_from(&t, "subresource", line, "subresource");
	put_from(&t, "namespace", line, "namespace");
	put_from(&t, "name", line, "name");
	text_puts(&t, "},\"responseStatus\":{\"code\":200},");
	put_from(&t, "requestReceivedTimestamp", line, "ts");
	t.n -= t.s[t.n - 1] == ',';
	text_puts(&t, ",\"annotations\":{");
	put_from(&t, "support" EVENT_DOMAIN "/decision", line, "decision");
	put_from(&t, "support" EVENT_DOMAIN "/identity", line, "identity");
	text_puts(&t, "}}");
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}
