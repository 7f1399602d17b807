/* SPDX-License-Identifier: Apache-2.0
 * cmd_check_object.c - one object of `oke-guard check`: the request that a customer would
 * make of it, the verdict, and each finding with the line it stands in.
 */
#include "cli/cmd_check.h"

#include <stdlib.h>
#include <string.h>

#include "cli/check/ignores.h"
#include "policy/model/resources.h"
#include "policy/model/set.h"
#include "policy/alpha/preflight.h"
#include "lib/base/cleanup.h"
#include "lib/base/nearest.h"
#include "lib/base/printable.h"

#define FILE_PROBLEMS_MAX 20 /* of one file that are told */
#define PROBLEM_MAX_SHOWN 400
#define NAME_MAX_SHOWN    253
#define PATH_MAX_SHOWN    400

/* With the last one of them: that there may be more. */
static void cmd_check_give_problem(struct check_reading *r, struct check_item item,
				   const char *text)
{
	scoped(arena_end) struct arena arena;
	struct text more;
	struct str words;

	arena_init(&arena, 1u << 16);
	words = printable_cut(str_of(text), PROBLEM_MAX_SHOWN, &arena);
	item.text = words.s ? words.s : "out of memory";
	check_job_give(r->job, &item);
	if (r->problems < FILE_PROBLEMS_MAX)
		return;
	text_init(&more, &arena, 1u << 15);
	text_printf(&more, "%s: error: there may be more\n", r->file->shown);
	item = (struct check_item){ .kind = CHECK_ITEM_NOTE, .text = text_get(&more).s };
	if (item.text)
		check_job_give(r->job, &item);
}

void cmd_check_tell(struct check_reading *r, unsigned document, unsigned line, const char *text)
{
	struct check_item item = { .kind = CHECK_ITEM_ERROR, .document = document, .line = line };

	if (++r->problems > FILE_PROBLEMS_MAX)
		r->counts.errors++;
	else
		cmd_check_give_problem(r, item, text);
}

static struct str cmd_check_path_words(const struct place *place, struct arena *arena)
{
	struct text t;

	if (!place)
		return STR("");
	text_init(&t, arena, 1u << 16);
	place_print(place, &t);
	return printable_middle(text_get(&t), PATH_MAX_SHOWN, arena);
}

static int cmd_check_by_line(const void *a, const void *b)
{
	const struct report_finding *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->action < y->action) - (x->action > y->action);
}

static void cmd_check_fill_finding(const struct finding *f, const struct manifest *m,
				   struct arena *arena, struct report_finding *out)
{
	*out = (struct report_finding){
		.line = manifest_line(m, f->place),
		.action = f->action,
		.tier = tier_name(f->tier),
		.policy = f->policy,
		.rule = f->rule,
		.path = cmd_check_path_words(f->place, arena),
		.gate = f->gate,
		.message = f->sentence,
		.remedy = f->remedy,
		.command = f->command,
		.why = f->why,
		.docs = f->docs,
	};
}

/* What the upgrade does to it: what goes breaks, what is announced to go is worth a warning. */
static enum action cmd_check_change_action(enum preflight_kind kind)
{
	static const enum action actions[PREFLIGHT_KINDS] = {
		[PREFLIGHT_REMOVED] = ACTION_DENY,  [PREFLIGHT_DEPRECATED] = ACTION_WARN,
		[PREFLIGHT_ALPHA] = ACTION_WARN,    [PREFLIGHT_ALPHA_FREE] = ACTION_ALLOW,
		[PREFLIGHT_ALLOWED] = ACTION_ALLOW,
	};

	return actions[kind];
}

static void cmd_check_fill_change(const struct preflight *p, const struct manifest *m,
				  struct report_finding *out)
{
	*out = (struct report_finding){
		.line = manifest_line(m, p->place),
		.action = cmd_check_change_action(p->kind),
		.change = preflight_name(p->kind),
		.path = p->path,
		.gate = p->gate,
		.message = p->message,
		.remedy = p->remedy,
	};
}

/* What the manifest says is to be ignored; a word about it when that is over. */
static void cmd_check_ignore(struct check_ignores *ignores, struct report_finding *f,
			     struct arena *arena)
{
	struct check_ignore *i = check_ignores_find(ignores, f);
	struct text t;

	if (!i)
		return;
	f->until = i->until;
	f->reason = i->reason;
	if (!i->over) {
		f->excuse = EXCUSE_MANIFEST;
		return;
	}
	text_init(&t, arena, 4096);
	text_printf(&t, "%.*s (ignored until %.*s, which is over: %.*s)", STR_ARG(f->message),
		    STR_ARG(i->until), STR_ARG(i->reason));
	f->message = text_get(&t);
}

static const struct policy *cmd_check_policy(const struct policy_set *set, struct nearest *near)
{
	const struct policy *p = set->model.policies;

	for (; p && !str_eq(p->name, near->word); p = p->next)
		nearest_try(near, p->name);
	return p;
}

/* Is there such a rule, or such a change of preflight? */
static bool cmd_check_rule_known(const struct policy *p, struct nearest *near)
{
	for (const struct rule *r = p ? p->rules : NULL; r; r = r->next) {
		if (str_eq(r->name, near->word))
			return true;
		nearest_try(near, r->name);
	}
	for (int k = 0; !p && k < PREFLIGHT_KINDS; k++) {
		struct str name = str_of(preflight_name((enum preflight_kind)k));

		if (str_eq(name, near->word))
			return true;
		nearest_try(near, name);
	}
	return false;
}

/* What is to be done about POLICY/RULE, where there is no such rule; nothing: there is. */
static struct str cmd_check_no_rule(const struct policy_set *set, struct str id, struct text *t)
{
	size_t n = (size_t)((const char *)memchr(id.s, '/', id.n) - id.s);
	struct str policy = { id.s, n }, rule = str_from(id, n + 1);
	bool preflight = str_is(policy, "preflight");
	const struct policy *p = NULL;
	struct nearest near;

	nearest_start(&near, policy);
	if (!preflight)
		p = cmd_check_policy(set, &near);
	if (!preflight && !p) {
		text_printf(t, ": no policy of that name is loaded%s%.*s",
			    near.best.s ? "; did you mean " : ", see --policy",
			    STR_ARG(near.best.s ? near.best : STR("")));
	} else {
		nearest_start(&near, rule);
		if (!cmd_check_rule_known(p, &near))
			text_printf(t, ": %.*s has no such rule%s%.*s", STR_ARG(policy),
				    near.best.s ? "; did you mean " : "",
				    STR_ARG(near.best.s ? near.best : STR("")));
	}
	return text_get(t);
}

/* A line that ignores nothing is left behind by a mended manifest, or misspelt. */
static struct str cmd_check_unused(const struct checking *c, const struct check_ignore *i,
				   struct arena *arena)
{
	struct text said, why;
	struct str none;

	text_init(&said, arena, 4096);
	text_init(&why, arena, 4096);
	none = cmd_check_no_rule(c->set, i->rule, &why);
	text_printf(&said, "%.*s", STR_ARG(printable_cut(i->rule, NAME_MAX_SHOWN, arena)));
	if (none.n)
		text_printf(&said, "%.*s", STR_ARG(none));
	else
		text_printf(&said, "%s%.*s, which is not found here; remove the line",
			    i->what.n ? " " : "",
			    STR_ARG(printable_middle(i->what, PATH_MAX_SHOWN, arena)));
	return text_get(&said);
}

static void cmd_check_tell_unused(struct check_reading *r, const struct check_ignores *ignores,
				  struct arena *arena)
{
	for (size_t i = 0; i < ignores->n; i++) {
		struct check_item note = { .kind = CHECK_ITEM_NOTE };
		struct text t;

		/* Without --to nobody looks for what an upgrade changes. */
		if (ignores->v[i].used ||
		    (!r->c->to && str_starts(ignores->v[i].rule, STR("preflight/"))))
			continue;
		text_init(&t, arena, 1u << 15);
		text_printf(&t,
			    "%s:%u: note: annotation " CHECK_IGNORE_ANNOTATION " ignores %.*s\n",
			    r->file->shown, ignores->line,
			    STR_ARG(cmd_check_unused(r->c, &ignores->v[i], arena)));
		note.text = text_get(&t).s;
		if (note.text)
			check_job_give(r->job, &note);
	}
}

/* What was found of an object. */
struct check_found {
	struct verdict verdict;
	struct preflight *changes;
	size_t changes_n;
	struct check_ignores ignores;
};

/* All that is to be said of the object, in the order of its lines. */
static int cmd_check_give(struct check_reading *r, const struct manifest *m,
			  const struct report_object *o, struct check_found *found,
			  struct arena *arena, struct err *err)
{
	const struct verdict *v = &found->verdict;
	size_t n = v->findings_n + found->changes_n;
	struct report_finding *all = arena_calloc(arena, n + 1, sizeof *all);
	const struct check_item item = {
		.kind = CHECK_ITEM_OBJECT, .object = *o, .findings = all, .findings_n = n
	};

	if (!all)
		return err_set(err, ERR_LIMIT, "no memory left for the object's findings");
	for (size_t i = 0; i < v->findings_n; i++)
		cmd_check_fill_finding(&v->findings[i], m, arena, &all[i]);
	for (size_t i = 0; i < found->changes_n; i++)
		cmd_check_fill_change(&found->changes[i], m, &all[v->findings_n + i]);
	qsort(all, n, sizeof *all, cmd_check_by_line);
	for (size_t i = 0; i < n; i++)
		cmd_check_ignore(&found->ignores, &all[i], arena);
	check_job_give(r->job, &item);
	cmd_check_tell_unused(r, &found->ignores, arena);
	return 0;
}

/* Of an annotation of the object that is being judged. */
static void cmd_check_on_annotation(void *ctx, unsigned line, const char *text)
{
	struct check_reading *r = ctx;

	cmd_check_tell(r, r->document, line, text);
}

static int cmd_check_request_of(const struct checking *c, const struct manifest_object *o,
				struct arena *arena, struct request *out)
{
	struct str resource = kind_resource(o->gvk.kind, arena);
	bool cluster = kind_cluster_scoped(o->gvk.group, o->gvk.kind);

	*out = (struct request){
		.operation = OP_CREATE,
		.kind = o->gvk,
		.request_kind = o->gvk,
		.resource = { o->gvk.group, o->gvk.version, resource },
		.name = o->name,
		.object = o->json,
		.user = c->user,
		.offline = true,
	};
	out->request_resource = out->resource;
	if (!cluster)
		out->namespace = o->namespace.n ? o->namespace : str_of(c->namespace);
	return resource.s ? 0 : -1;
}

/* "apps/v1" */
static struct str cmd_check_api_version(const struct gvk *gvk, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, 1024);
	text_str(&t, printable_cut(gvk->group, NAME_MAX_SHOWN, arena));
	text_puts(&t, gvk->group.n ? "/" : "");
	text_str(&t, printable_cut(gvk->version, NAME_MAX_SHOWN, arena));
	return text_get(&t);
}

int cmd_check_object(struct check_reading *r, const struct manifest *m,
		     const struct manifest_object *object, struct arena *arena, struct err *err)
{
	const struct checking *c = r->c;
	struct report_object o = { .place = { .document = object->document,
					      .line = object->line } };
	struct check_found found = { .changes_n = 0 };
	struct request req;

	if (cmd_check_request_of(c, object, arena, &req) < 0)
		return err_nomem(err);
	if (policy_judge(c->set, &req, c->now, arena, NULL, &found.verdict, err) < 0)
		return -1;
	if (c->to &&
	    preflight_find(c->minor, c->to, &req, arena, &found.changes, &found.changes_n, err) < 0)
		return -1;
	o.api_version = cmd_check_api_version(&object->gvk, arena);
	o.kind = printable_cut(object->gvk.kind, NAME_MAX_SHOWN, arena);
	o.namespace = printable_cut(req.namespace, NAME_MAX_SHOWN, arena);
	o.name = printable_cut(object->name, NAME_MAX_SHOWN, arena);
	check_ignores_read(m, object, c->now, arena, &found.ignores, cmd_check_on_annotation, r);
	return cmd_check_give(r, m, &o, &found, arena, err);
}
