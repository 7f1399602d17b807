/* SPDX-License-Identifier: Apache-2.0
 * skim.c - what an object's bytes tell of alpha features while they are passed over.
 *
 * An object is passed over once in any case, to where it ends. On the way its bytes tell
 * which names of gated fields may be in it, as names of members, in managedFields ("f:name") or
 * in the text that kubectl apply keeps (\"name\"): all of them end in a quote with a colon behind
 * it, white space or backslashes between. Whatever hides a name or a word from this sets `unsure`.
 */
#include "policy/alpha/finder.h"
#include "lib/base/attributes.h"
#include "lib/json/blocks.h"

#define TAIL_MAX 16 /* bytes before a quote that are looked at */

struct skimming {
	struct object_notes notes;
	const char *begin, *end;                /* of all that may be read */
	const char *insides[CATALOGUE_INSIDES]; /* up to where the value of such a member reaches */
};

/* ---- what is written otherwise than it reads ---- */

/* <, > and &, as Go writes them, and two kinds of line end: no name has one. */
static bool is_harmless_escape(const char *hex)
{
	static const char harmless[][5] = { "003c", "003e", "0026", "2028", "2029" };

	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		if (!memcmp(hex, harmless[i], 4))
			return true;
	return false;
}

/* A backslash at p: does it begin an escape that may hide a letter? */
static void skim_escape(struct skimming *s, const char *p)
{
	if (s->end - p > 1 && p[1] == 'u' && (s->end - p < 6 || !is_harmless_escape(p + 2)))
		s->notes.unsure = true;
}

/* ---- names ---- */

/*
 * Where the value ends that stands behind the name whose quote is at `quote`; all that follows
 * where that is not plain, or where as many bytes as there are were looked at ahead already.
 */
static const char *skim_value_end(struct skimming *s, const char *quote)
{
	const char *value = quote + 2, *to;

	if (s->end - quote < 3 || quote[1] != ':' || quote[-1] == '\\' ||
	    (unsigned char)*value <= ' ' || s->notes.ahead > (size_t)(s->end - s->begin))
		return s->end;
	if (*value != '{' && *value != '[')
		return quote;
	to = json_skim_end(value, s->end);
	s->notes.ahead += (size_t)((to ? to : s->end) - value);
	return to ? to : s->end;
}

/* Does the name whose quote is at `quote` have the value? Yes, where that is not plain. */
static bool skim_has_value(const struct skimming *s, const char *quote, struct str value)
{
	const char *p = quote + 2;

	if ((size_t)(s->end - quote) < value.n + 4 || quote[1] != ':' || quote[-1] == '\\' ||
	    (unsigned char)*p <= ' ')
		return true;
	p += *p == '"';
	return *p == '\\' || !memcmp(p, value.s, value.n);
}

static void skim_spots(struct skimming *s, const struct catalogue_word *w, const char *quote)
{
	for (size_t i = 0; i < w->spots_n; i++) {
		const struct catalogue_spot *spot = &catalogue_spots[w->spots + i];

		if (quote < s->insides[spot->inside] &&
		    (!spot->value || skim_has_value(s, quote, str_of(catalogue_text(spot->value)))))
			s->notes.words[spot->number / 64] |= UINT64_C(1) << spot->number % 64;
	}
}

static void skim_word(struct skimming *s, const struct catalogue_word *w, const char *quote)
{
	s->notes.words[w->number / 64] |= UINT64_C(1) << w->number % 64;
	if (w->spots_n)
		skim_spots(s, w, quote);
	if (w->inside != CATALOGUE_NONE && quote >= s->insides[w->inside])
		s->insides[w->inside] = skim_value_end(s, quote);
}

/* A name, up to `end`, that ends as the word does, and perhaps some behind it. */
static void skim_words(struct skimming *s, const struct catalogue_word *w, const char *end,
		       const char *quote)
{
	uint64_t tail = scan_word(end - 8), before = scan_word(end - 16);

	for (;; w++) {
		if ((tail & w->tail_mask) == w->tail && (before & w->before_mask) == w->before)
			skim_word(s, w, quote);
		if (w->last)
			return;
	}
}

/* A quote that may end a name. Most end none that is a word, which eight bytes tell. */
static inline void skim_name(struct skimming *s, const char *quote)
{
	const char *end = quote;
	uint64_t tail;
	uint32_t last;
	unsigned slot;

	while (end[-1] == '\\' && end > s->begin)
		end--;
	tail = scan_word(end - 8);
	last = (uint32_t)(tail >> 32);
	slot = last * catalogue_word_factor >> 22;
	if (catalogue_word_ends[slot] == last &&
	    catalogue_word_before[slot] >> ((uint32_t)tail * catalogue_word_factor >> 26) & 1)
		skim_words(s, &catalogue_words[catalogue_word_first[slot]], end, quote);
}

/* ---- other words ---- */

static bool skim_stands(const struct skimming *s, const char *p, const char *word, size_t n)
{
	return p >= s->begin && (size_t)(s->end - p) >= n && !memcmp(p, word, n);
}

/* A slash, which may be escaped: of a domain that alpha keys have? */
static void skim_domain(struct skimming *s, const char *slash)
{
	static const char alpha[] = "alpha.kubernetes.io", set[] = "applyset.kubernetes.io";

	if (slash[-1] == '\\')
		slash--;
	if (slash[-1] == 'o' &&
	    (skim_stands(s, slash - (sizeof alpha - 1), alpha, sizeof alpha - 1) ||
	     skim_stands(s, slash - (sizeof set - 1), set, sizeof set - 1)))
		s->notes.domain = true;
}

/* "feature-gates" on a command line, or KUBE_FEATURE_ of a variable. */
static void skim_flag(struct skimming *s, const char *f)
{
	if (skim_stands(s, f, "feature-gates", 13) || skim_stands(s, f, "feature_gates", 13) ||
	    skim_stands(s, f - 5, "KUBE_FEATURE_", 13))
		s->notes.flag = true;
}

/* ---- block by block ---- */

/* A block that holds "fe" in either case. */
static void skim_flags(struct skimming *s, const char *p)
{
	uint64_t flags = (scan_bits(p, 'f') & scan_bits(p + 1, 'e')) |
			 (scan_bits(p, 'F') & scan_bits(p + 1, 'E'));

	for (; flags; flags &= flags - 1)
		skim_flag(s, p + __builtin_ctzll(flags));
}

static bool is_behind_name(char c)
{
	return c == ':' || c == '\\' || (unsigned char)c <= ' ';
}

/* Too few bytes for a block. */
static void skim_bytes(struct skimming *s, const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '"' && (s->end - p == 1 || is_behind_name(p[1])))
			skim_name(s, p);
		else if (*p == '\\')
			skim_escape(s, p);
		else if (*p == '/')
			skim_domain(s, p);
		else if ((*p | 0x20) == 'f')
			skim_flag(s, p);
	}
}

static inline __attribute__((always_inline)) void
skim_block(void *ctx, const char *p, const struct scan_shape *shape, bool wide)
{
	struct skimming *s = ctx;
	uint64_t slashes,
		names = shape->quotes & (wide ? scan_after_wide(p + 1) : scan_after(p + 1));

	for (; names; names &= names - 1)
		skim_name(s, p + __builtin_ctzll(names));
	for (slashes = wide ? scan_bits_wide(p, '/') : scan_bits(p, '/'); slashes;
	     slashes &= slashes - 1)
		skim_domain(s, p + __builtin_ctzll(slashes));
	if (wide ? scan_has_two_wide(p, 'f', 'e', 1) : scan_has_two(p, 'f', 'e', 1))
		skim_flags(s, p);
	if (!shape->slashes)
		return;
	names = shape->slashes & (wide ? scan_bits_wide(p + 1, 'u') : scan_bits(p + 1, 'u'));
	for (; names; names &= names - 1)
		skim_escape(s, p + __builtin_ctzll(names));
}

SCAN_WIDE static const char *skim_wide(const char **at, struct blocks *b, struct skimming *s)
{
	return blocks_skip(at, s->end, b, true, skim_block, s);
}

static const char *skim_narrow(const char **at, struct blocks *b, struct skimming *s)
{
	return blocks_skip(at, s->end, b, false, skim_block, s);
}

/*
 * p stands behind the opening brace; where it is closed, or NULL. The blocks are those of
 * json_skim_value, so that what is no JSON ends where it ends for that one: the last may have
 * too little behind it to be looked at as a block.
 */
static const char *skim_container(struct skimming *s, const char *p)
{
	struct blocks b = { .depth = 1 };
	const char *stop = scan_has_wide() ? skim_wide(&p, &b, s) : skim_narrow(&p, &b, s), *from;

	if (stop)
		return stop;
	from = p;
	stop = blocks_skip(&p, s->end, &b, false, NULL, NULL);
	if (!stop) {
		p = blocks_skip_bytes(p, s->end, &b);
		stop = b.depth ? NULL : p;
	}
	if (stop)
		skim_bytes(s, from, stop);
	return stop;
}

/*
 * Kinds of which the bytes can tell that no gated field is in them. To note it is worth less than
 * it costs of what is read for its own sake or let pass unread, mostly: nodes, and kube-system.
 */
static bool is_worth_noting(const struct request *r)
{
	if (str_is(r->namespace, "kube-system") ||
	    (!r->kind.group.n && str_is(r->kind.kind, "Node")))
		return false;
	return (r->operation == OP_CREATE || r->operation == OP_UPDATE) && r->kind.kind.n &&
	       catalogue_kind(r->kind.group, r->kind.version, r->kind.kind) != NULL;
}

bool policy_skim_object(struct request *so_far, struct str input, struct json_member *m)
{
	UNZEROED struct skimming s;
	const char *p = m->value.s;

	if (*p != '{' || p - input.s < TAIL_MAX || !is_worth_noting(so_far))
		return json_skim_value(input, m);
	s.begin = p;
	s.end = input.s + input.n;
	s.notes = (struct object_notes){ .made = true };
	for (size_t i = 0; i < CATALOGUE_INSIDES; i++)
		s.insides[i] = p;
	if (!(p = skim_container(&s, p + 1)))
		return false;
	m->value.n = (size_t)(p - m->value.s);
	m->next = p;
	so_far->notes = s.notes;
	return true;
}
