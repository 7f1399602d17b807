/* SPDX-License-Identifier: Apache-2.0
 * posture_sr.c - the block to paste into a service request: plain text of at most 64 KiB.
 *
 * What a support engineer asks for first: versions, components and their images, what was changed,
 * what could not be seen. Names that are nobody's business there are masked unless asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/report/posture.h"
#include "cli/report/posture_mask.h"
#include "lib/base/version.h"

#define SR_MAX (64u << 10)

struct sr {
	FILE *out;
	const struct posture_view *v;
	struct mask mask;
};

static void put(struct sr *s, const char *before, struct str text, const char *after)
{
	fputs(before, s->out);
	mask_print(s->out, &s->mask, text);
	fputs(after, s->out);
}

/* ---- what is masked ---- */

static bool is_systems(const struct posture_finding *f)
{
	return str_is(f->namespace, "kube-system") || !f->namespace.n;
}

static void name_masks(struct sr *s)
{
	for (size_t i = 0; i < s->v->r->checks_n; i++) {
		const struct posture_outcome *o = &s->v->r->checks[i];

		for (size_t n = 0; n < o->kept; n++) {
			const struct posture_finding *f = &o->v[n];

			if (f->example.n)
				mask_name(&s->mask, "node", f->example);
			if (str_is(f->kind, "Node"))
				mask_name(&s->mask, "node", f->name);
			if (is_systems(f))
				continue;
			mask_name(&s->mask, "workload", f->name);
			mask_name(&s->mask, "namespace", f->namespace);
		}
	}
	mask_name(&s->mask, "other", s->v->r->cluster);
}

/* ---- parts ---- */

static void put_head(struct sr *s)
{
	const struct posture_results *r = s->v->r;
	char when[POSTURE_TIME];

	posture_time(r->now, when);
	fprintf(s->out, "OKE cluster: state at %s (oke-guard %s)\n", when, OKE_GUARD_VERSION);
	put(s, "Kubernetes: ", r->kubernetes, "\n");
	put(s, "Components installed by field manager: ",
	    r->installer.n ? r->installer : STR("(not told)"), "\n");
	fprintf(s->out, "Findings: %zu unsupported, %zu best-effort, %zu inside the boundary\n",
		r->tiers[TIER_UNSUPPORTED], r->tiers[TIER_BEST_EFFORT], r->tiers[TIER_SUPPORTED]);
	if (!r->whole)
		put(s, "The scan is not whole: ", r->cut, "\n");
	if (!s->mask.off)
		fputs("Names of nodes, users, registries and workloads are masked.\n", s->out);
}

static void put_facts(struct sr *s)
{
	fputs("\nFacts\n", s->out);
	for (size_t i = 0; i < s->v->r->facts_n; i++) {
		const struct posture_fact *f = &s->v->r->facts[i];

		put(s, "  ", f->name, ": ");
		put(s, "", f->value, "");
		put(s, " (", f->evidence, ")\n");
	}
}

static void put_finding(struct sr *s, const struct posture_finding *f)
{
	char when[POSTURE_TIME];

	fprintf(s->out, "  [%s%s] ", f->accepted ? "accepted, " : "", posture_tier_words(f->tier));
	put(s, "", f->kind, " ");
	put(s, "", f->namespace, f->namespace.n ? "/" : "");
	put(s, "", f->name, "");
	put(s, f->path.n ? ": " : "", f->path, "\n");
	put(s, "    ", f->text, "\n");
	if (f->from.n)
		put(s, "    was: ", f->from, "\n");
	if (f->to.n)
		put(s, "    is:  ", f->to, "\n");
	posture_time(f->time, when);
	if (f->tool.n)
		put(s, "    by:  ", f->tool, "");
	if (f->tool.n)
		fprintf(s->out, "%s%s\n", *when ? ", last write " : "", when);
	if (f->exception.n)
		put(s, "    accepted by ", f->exception, "\n");
}

static bool has_room(struct sr *s, const struct posture_finding *f)
{
	char *text = NULL;
	size_t n = 0;
	struct sr trial = *s;

	if (!(trial.out = open_memstream(&text, &n)))
		return false;
	put_finding(&trial, f);
	fclose(trial.out);
	free(text);
	return (size_t)ftell(s->out) + n + 4096 < SR_MAX; /* what comes behind needs some too */
}

/* The first of each check, then the second of each: examples share the room. */
static void put_findings(struct sr *s)
{
	size_t left = 0, shown = 0;
	bool more = true;

	fputs("\nFindings\n", s->out);
	for (size_t round = 0; more; round++) {
		more = false;
		for (size_t i = 0; i < s->v->r->checks_n; i++) {
			const struct posture_outcome *o = &s->v->r->checks[i];

			if (round >= o->kept || !has_room(s, &o->v[round]))
				continue;
			put_finding(s, &o->v[round]);
			shown++;
			more = true;
		}
	}
	for (size_t i = 0; i < s->v->r->checks_n; i++)
		left += s->v->r->checks[i].findings;
	if (left > shown)
		fprintf(s->out, "  and %zu more\n", left - shown);
	if (!left)
		fputs("  none\n", s->out);
}

static void put_unknown(struct sr *s)
{
	fputs("\nNot known, or not seen from inside the cluster\n", s->out);
	for (size_t i = 0; i < s->v->r->checks_n; i++) {
		const struct posture_outcome *o = &s->v->r->checks[i];

		if (o->result != POSTURE_UNKNOWN && o->result != POSTURE_NOT_CHECKABLE)
			continue;
		put(s, "  ", str_of(o->check->id), ": ");
		put(s, "", o->reason, "\n");
	}
}

static void put_notes(struct sr *s)
{
	for (size_t i = 0; i < s->v->r->notes_n && ftell(s->out) < (long)SR_MAX - 1024; i++)
		put(s, i ? "  " : "\nBesides\n  ", s->v->r->notes[i], "\n");
}

void posture_print_sr(FILE *out, const struct posture_view *v)
{
	struct sr s = { .v = v, .mask = { .off = v->unmasked } };
	char *text = NULL;
	size_t n = 0;

	s.mask.v = calloc(MASK_NAMES_MAX, sizeof *s.mask.v);
	s.mask.room = s.mask.v ? MASK_NAMES_MAX : 0;
	if ((s.out = open_memstream(&text, &n))) {
		name_masks(&s);
		put_head(&s);
		put_facts(&s);
		put_findings(&s);
		put_unknown(&s);
		put_notes(&s);
		fclose(s.out);
		fwrite(text, 1, n < SR_MAX ? n : SR_MAX, out);
	}
	free(text);
	free(s.mask.v);
}
