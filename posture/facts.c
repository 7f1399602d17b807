/* SPDX-License-Identifier: Apache-2.0
 * facts.c - facts, proposed and never used, and the state of exceptions.
 */
#include "posture/components.h"

#define FACTS_MAX 64
#define WEEK      (7 * 86400)

/* ---- facts: proposed, never used ---- */

void fact_add(struct posture *p, const struct posture_fact *f)
{
	struct posture_fact *to;

	if (!p->facts && !(p->facts = arena_calloc(&p->arena, FACTS_MAX, sizeof *p->facts))) {
		p->full = true;
		return;
	}
	/* Of an add-on's two workloads the first tells it. */
	for (size_t i = 0; i < p->facts_n; i++)
		if (str_eq(p->facts[i].name, f->name) && !f->comment && !p->facts[i].comment &&
		    str_eq(p->facts[i].value, f->value))
			return;
	if (p->facts_n == FACTS_MAX)
		return;
	to = &p->facts[p->facts_n++];
	*to = *f;
	to->contradicts = to->configured.n && !f->comment && !str_eq(to->configured, to->value);
}

static void fact_cni(struct posture *p)
{
	struct posture_fact f = { .name = STR("cni"), .configured = fact_of(p, "cni") };

	for (size_t i = 0; i < COMPONENTS_N; i++) {
		const struct component *c = &components[i];
		char evidence[128];

		if (!c->cni || !kept_find(&p->objects, c->kind, c->namespace, str_of(c->name)))
			continue;
		snprintf(evidence, sizeof evidence, "%s %s/%s", c->kind, c->namespace, c->name);
		f.value = str_of(c->cni);
		f.evidence = keep_str(p, str_of(evidence));
		fact_add(p, &f);
	}
	if (!f.value.n && p->networks.n && p->sources[SRC_DAEMONSETS].got == GOT_WHOLE) {
		f.value = STR("custom");
		f.evidence = STR("another CNI runs, and neither of OKE's");
		fact_add(p, &f);
	}
}

static void fact_version(struct posture *p)
{
	struct posture_fact f = { .name = STR("kubernetes"),
				  .configured = fact_of(p, "kubernetes"),
				  .evidence = STR("/version") };
	char minor[16];

	if (!p->minor)
		return;
	snprintf(minor, sizeof minor, "1.%u", p->minor);
	f.value = keep_str(p, str_of(minor));
	if (str_is(f.configured, "auto"))
		f.configured = STR("");
	fact_add(p, &f);
}

static void fact_dns(struct posture *p)
{
	const struct kept *k = kept_find(&p->objects, "Service", "kube-system", STR("kube-dns"));
	struct posture_fact f = { .name = STR("DNS address"),
				  .evidence = STR("Service kube-system/kube-dns"),
				  .comment = true };
	scoped(arena_end) struct arena arena = { .blocks = NULL };

	if (!k)
		return;
	arena_init(&arena, 1u << 24);
	f.value = keep_str(
		p,
		printable_cut(json_str(json_get(json_get(kept_parse(k, false, &arena), STR("spec")),
						STR("clusterIP"))),
			      64, &arena));
	fact_add(p, &f);
}

void scan_judge_facts(struct posture *p)
{
	fact_version(p);
	fact_cni(p);
	fact_dns(p);
	for (size_t i = 0; i < p->facts_n; i++)
		if (p->facts[i].contradicts)
			note(p, "the configuration says %.*s: %.*s, and this cluster has %.*s",
			     STR_ARG(p->facts[i].name), STR_ARG(p->facts[i].configured),
			     STR_ARG(p->facts[i].value));
}

/* ---- exceptions ---- */

void scan_judge_exceptions(struct posture *p)
{
	struct exception_info e;
	size_t n = 0;

	for (; policy_set_exception_at(p->set, n, p->now, &e); n++) {
		struct posture_finding f = { .tier = TIER_SUPPORTED,
					     .api_version = STR("oke-guard.internal/v1"),
					     .kind = STR("SupportException"),
					     .name = e.name,
					     .path = STR("spec.expires"),
					     .evidence = "object",
					     .time = e.expires };
		char when[TIME_TEXT], text[300];

		time_print(e.expires, when);
		if (e.state == EXCEPTION_EXPIRED)
			snprintf(text, sizeof text, "ended %s and is still listed (%.*s)", when,
				 STR_ARG(e.ticket));
		else if (e.state == EXCEPTION_ACTIVE && e.expires - p->now <= WEEK)
			snprintf(text, sizeof text, "ends %s (%.*s)", when, STR_ARG(e.ticket));
		else
			continue;
		f.text = str_of(text);
		found_add(p, CHECK_EXCEPTIONS, &f);
	}
	if (!n)
		outcome_not_applicable(p, CHECK_EXCEPTIONS, "no exception is loaded");
}
