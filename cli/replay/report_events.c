/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay/report_events.h"

#include <time.h>

#include "lib/json/json.h"

static void event_put(struct text *t, const char *key, struct str s)
{
	if (!s.n)
		return;
	text_printf(t, "%s\"%s\":", t->n > 1 ? "," : "", key);
	json_quote(s, t);
}

static void event_put_time(struct text *t, int64_t us)
{
	char seconds[40];
	time_t whole = (time_t)(us / 1000000);
	struct tm tm;
	size_t n;

	if (us < 0 || !gmtime_r(&whole, &tm))
		return;
	n = strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(seconds + n, sizeof seconds - n, ".%06dZ", (int)(us % 1000000));
	event_put(t, "time", str_of(seconds));
}

static void event_put_rules(struct text *t, const struct verdict *v)
{
	for (size_t i = 0; i < v->findings_n; i++) {
		const struct finding *f = &v->findings[i];

		text_printf(t, "%s{", i ? "," : ",\"findings\":[");
		text_printf(t, "\"action\":\"%s\"", action_name(f->action));
		event_put(t, "policy", f->policy);
		event_put(t, "rule", f->rule);
		event_put(t, "exception", f->exception);
		text_puts(t, "}");
	}
	text_puts(t, v->findings_n ? "]" : "");
}

static void event_put_verdict(struct text *t, const char *key, const struct graded *g)
{
	text_printf(t, ",\"%s\":{\"grade\":\"%s\"", key, grade_name(g->grade));
	if (g->why)
		event_put(t, "why", str_of(g->why));
	else
		event_put(t, "action", str_of(action_name(g->verdict.action)));
	event_put(t, "identity", str_of(identity_class_name(g->verdict.identity)));
	event_put_rules(t, &g->verdict);
	text_puts(t, "}");
}

int replay_event_print(FILE *f, const struct event *e, const struct request *req,
		       const struct graded *now, const struct graded *baseline, struct arena *arena,
		       struct err *err)
{
	struct text t;

	text_init(&t, arena, 1u << 20);
	text_puts(&t, "{");
	event_put(&t, "auditID", e->audit_id);
	event_put_time(&t, e->received);
	event_put(&t, "verb", str_of(event_verb_name(e->verb)));
	event_put(&t, "user", e->user.name);
	event_put(&t, "apiGroup", e->resource.group);
	event_put(&t, "resource", e->resource.resource);
	event_put(&t, "subresource", e->subresource);
	event_put(&t, "namespace", e->namespace);
	event_put(&t, "name", req->name);
	event_put(&t, "level", str_of(event_level_name(e->level)));
	event_put(&t, "outcome", str_of(outcome_name(outcome_of(e))));
	event_put(&t, "then", str_of(before_name(before_of(e))));
	event_put_verdict(&t, "verdict", now);
	if (baseline)
		event_put_verdict(&t, "baseline", baseline);
	text_puts(&t, "}\n");
	if (t.full)
		return err_set(err, ERR_LIMIT, "an event's line is too long");
	fwrite(t.s, 1, t.n, f);
	return 0;
}
