/* SPDX-License-Identifier: Apache-2.0
 * scan.c - a scan from its beginning to its end: which checks are asked, and the outcome of each.
 */
#include "posture/scan.h"

#include <stdlib.h>

/* ---- the beginning ---- */

/* What components need besides the lists: the ConfigMaps of the policies. */
static void name_configmaps(struct posture *p)
{
	static const char *const names[] = { "coredns", "coredns-custom", "kube-proxy" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		named_add(p, SRC_CONFIGMAPS, "kube-system", str_of(names[i]),
			  (struct str){ NULL, 0 });
	components_name(p);
}

static int choose_checks(struct posture *p, struct err *err)
{
	const struct posture_options *o = &p->options;

	for (size_t i = 0; i < CHECKS_N; i++)
		p->asked[i] = !o->checks_n;
	for (size_t i = 0; i < o->checks_n; i++) {
		size_t n = 0;

		while (n < CHECKS_N && strcmp(posture_check_at(n)->id, o->checks[i]) != 0)
			n++;
		if (n == CHECKS_N)
			return err_set(err, ERR_USAGE, "there is no check '%.60s'", o->checks[i]);
		p->asked[n] = true;
	}
	return 0;
}

struct posture *posture_new(const struct posture_options *o, struct err *err)
{
	struct posture *p = calloc(1, sizeof *p);

	if (!p) {
		err_record(err, ERR_NOMEM, "out of memory");
		return NULL;
	}
	p->options = *o;
	p->set = o->set;
	p->now = o->now;
	p->source = -1;
	p->named_last = &p->named;
	p->cluster = STR("");
	arena_init(&p->arena, POSTURE_KEPT_MAX);
	if (choose_checks(p, err) < 0) {
		posture_free(p);
		return NULL;
	}
	name_configmaps(p);
	return p;
}

void posture_free(struct posture *p)
{
	if (!p)
		return;
	arena_done(&p->arena);
	free(p);
}

/* ---- the end ---- */

static void not_applicable_kinds(struct posture *p)
{
	static const struct {
		enum check_id id;
		int source[3];
		const char *why;
	} kinds[] = {
		{ CHECK_BUDGETS, { SRC_BUDGETS, -1, -1 }, "there are no disruption budgets" },
		{ CHECK_AUTOSCALERS,
		  { SRC_HPAS, SRC_VPAS, SRC_SCALEDOBJECTS },
		  "there are no autoscalers" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t items = 0;

		for (size_t s = 0; s < 3; s++)
			if (kinds[i].source[s] >= 0)
				items += p->sources[kinds[i].source[s]].items;
		if (!items && sources_lack(p, check_needs(kinds[i].id)) < 0)
			outcome_not_applicable(p, kinds[i].id, kinds[i].why);
	}
}

static void tell_clock(struct posture *p)
{
	if (p->server_now && (p->skew > 300 || p->skew < -300))
		note(p,
		     "the API server's clock is %lld seconds %s of this machine's; the API "
		     "server's counts",
		     (long long)(p->skew < 0 ? -p->skew : p->skew),
		     p->skew > 0 ? "ahead" : "behind");
}

static int results_fill(struct posture *p, struct posture_results *out, struct err *err)
{
	out->checks = arena_calloc(&p->arena, CHECKS_N, sizeof *out->checks);
	if (!out->checks)
		return err_set(err, ERR_LIMIT, "more than %u MiB would have to be kept",
			       POSTURE_KEPT_MAX >> 20);
	for (int id = 0; id < CHECKS_N; id++) {
		struct posture_outcome *o = &p->outcomes[id];

		if (!scan_asks(p, (enum check_id)id))
			continue;
		outcome_conclude(p, (enum check_id)id);
		out->checks[out->checks_n++] = *o;
		out->results[o->result]++;
		for (int tier = 0; tier < 3; tier++)
			out->tiers[tier] += o->counted[tier];
		out->accepted += o->findings - o->counted[0] - o->counted[1] - o->counted[2];
	}
	return 0;
}

int posture_finish(struct posture *p, struct posture_results *out, struct err *err)
{
	if (p->streamed && !p->trailer)
		posture_cut(p, "the stream ends in the middle");
	scan_judge_server(p);
	scan_judge_drift(p);
	scan_judge_access(p);
	scan_judge_components(p);
	scan_judge_pods(p);
	scan_judge_dns(p);
	scan_judge_nodes(p);
	scan_judge_admission(p);
	scan_judge_exceptions(p);
	scan_judge_facts(p);
	not_applicable_kinds(p);
	tell_clock(p);
	if (p->full)
		posture_cut(p, "what must be kept of this cluster is more than fits");
	*out = (struct posture_results){ .now = p->now,
					 .cluster = p->cluster,
					 .kubernetes = p->git_version,
					 .requests = p->requests,
					 .items = p->items,
					 .bytes = p->bytes,
					 .milliseconds = p->milliseconds,
					 .installer = p->installer };
	if (results_fill(p, out, err) < 0)
		return -1;
	out->cut = p->cut;
	out->whole = !p->cut.n;
	out->facts = p->facts;
	out->facts_n = p->facts_n;
	out->notes = p->notes.v;
	out->notes_n = p->notes.n;
	out->rules = p->missing_rules.v;
	out->rules_n = p->missing_rules.n;
	return 0;
}
