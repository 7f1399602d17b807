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

/* A word that is more than one: the name of a spot, or of what spots are inside of. */
static __attribute__((noinline)) void skim_place(struct skimming *s, const struct catalogue_word *w,
						 const char *quote)
{
	if (w->spots_n)
		skim_spots(s, w, quote);
	if (w->inside != CATALOGUE_NONE && quote >= s->insides[w->inside])
		s->insides[w->inside] = skim_value_end(s, quote);
}

static inline void skim_word(struct skimming *s, const struct catalogue_word *w, const char *quote)
{
	s->notes.words[w->number / 64] |= UINT64_C(1) << w->number % 64;
	if (w->spots_n || w->inside != CATALOGUE_NONE)
		skim_place(s, w, quote);
}

/* A name, up to `end`, that ends as the word does, and perhaps some behind it. */
static __attribute__((noinline)) void skim_words(struct skimming *s, const struct catalogue_word *w,
						 const char *end, const char *quote)
{
	uint64_t tail = scan_word(end - 8), before = scan_word(end - 16);

	for (;; w++) {
		if ((tail & w->tail_mask) == w->tail && (before & w->before_mask) == w->before)
			skim_word(s, w, quote);
		if (w->last)
			return;
	}
}

/*
 * A name, up to `end`, that ends in the last four bytes of a word; most that do are told apart by
 * the four before them.
 */
static inline void skim_ends(struct skimming *s, const char *end, const char *quote)
{
	uint32_t last = scan_half(end - 4);
	unsigned slot = last * catalogue_word_factor >> 22;

	if (catalogue_word_ends[slot] == last &&
	    catalogue_word_before[slot] >> (scan_half(end - 8) * catalogue_word_factor >> 26) & 1)
		skim_words(s, &catalogue_words[catalogue_word_first[slot]], end, quote);
}

/* In a text that is a string itself a name has backslashes before its quote. */
static __attribute__((noinline)) void skim_escaped_name(struct skimming *s, const char *quote)
{
	const char *end = quote;

	while (end[-1] == '\\' && end > s->begin)
		end--;
	skim_ends(s, end, quote);
}

/* A quote that may end a name. Most end none that is a word, which eight bytes tell. */
static inline void skim_name(struct skimming *s, const char *quote)
{
	if (quote[-1] == '\\')
		skim_escaped_name(s, quote);
	else
		skim_ends(s, quote, quote);
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

/*
 * Where in each block something stands that is to be looked at. The blocks are passed over many at
 * a time and then looked at, so that the processor keeps all that it compares them with at hand.
 */
#define SKIM_BATCH 32
struct skim_marks {
	uint64_t names, solidus, escapes, flags;
};
struct skim_batch {
	size_t n;
	struct skim_marks marks[SKIM_BATCH];
};

static inline __attribute__((always_inline)) void
skim_block(void *ctx, const char *p, const struct scan_shape *shape, bool wide)
{
	struct skim_batch *batch = ctx;
	struct scan_words words = wide ? scan_words_wide(p) : scan_words(p);
	uint64_t escapes = shape->slashes;

	if (escapes)
		escapes &= wide ? scan_bits_wide(p + 1, 'u') : scan_bits(p + 1, 'u');
	batch->marks[batch->n++] = (struct skim_marks){ shape->quotes & words.after, words.solidus,
							escapes, words.fe };
}

static void skim_rare(struct skimming *s, const char *p, struct skim_marks m)
{
	for (; m.solidus; m.solidus &= m.solidus - 1)
		skim_domain(s, p + scan_bit(m.solidus));
	for (; m.escapes; m.escapes &= m.escapes - 1)
		skim_escape(s, p + scan_bit(m.escapes));
	for (; m.flags; m.flags &= m.flags - 1)
		skim_flag(s, p + scan_bit(m.flags));
}

static inline __attribute__((always_inline)) void skim_marked(struct skimming *s, const char *p,
							      const struct skim_batch *batch)
{
	const struct skim_marks *stop = batch->marks + batch->n;

	for (const struct skim_marks *m = batch->marks; m < stop; m++) {
		for (uint64_t names = m->names; names; names &= names - 1)
			skim_name(s, p + scan_bit(names));
		if (m->solidus | m->escapes | m->flags)
			skim_rare(s, p, *m);
		p += SCAN_BLOCK;
	}
}

SCAN_WIDE static const char *skim_wide(struct skimming *s, const char **at, const char *end,
				       struct blocks *b, struct skim_batch *batch)
{
	const char *from = *at, *stop = blocks_skip(at, end, b, true, skim_block, batch);

	skim_marked(s, from, batch);
	return stop;
}

static const char *skim_narrow(struct skimming *s, const char **at, const char *end,
			       struct blocks *b, struct skim_batch *batch)
{
	const char *from = *at, *stop = blocks_skip(at, end, b, false, skim_block, batch);

	skim_marked(s, from, batch);
	return stop;
}

/* As blocks_skip. */
static const char *skim_blocks(struct skimming *s, const char **at, struct blocks *b)
{
	const ptrdiff_t room = SKIM_BATCH * SCAN_BLOCK + BLOCKS_BEHIND;
	UNZEROED struct skim_batch batch;
	const char *stop = NULL;
	bool wide = scan_has_wide();

	do {
		const char *end = s->end - *at > room ? *at + room : s->end;

		batch.n = 0;
		stop = wide ? skim_wide(s, at, end, b, &batch) : skim_narrow(s, at, end, b, &batch);
	} while (!stop && batch.n);
	return stop;
}

/*
 * p stands behind the opening brace; where it is closed, or NULL. The blocks are those of
 * json_skim_value, so that what is no JSON ends where it ends for that one: the last may have
 * too little behind it to be looked at as a block.
 */
static const char *skim_container(struct skimming *s, const char *p, struct blocks *b)
{
	const char *stop = skim_blocks(s, &p, b);

	if (stop)
		return stop;
	stop = blocks_pass_all(p, s->end, b);
	if (stop)
		skim_bytes(s, p, stop);
	return stop;
}

static bool need_is_met(const struct object_notes *notes, const struct catalogue_need *need)
{
	for (size_t i = 0; i < need->words_n; i++)
		if (!notes_hold(notes, need->words[i]))
			return false;
	return true;
}

bool notes_meet_need(const struct finder *f, const struct object_notes *notes,
		     const struct catalogue_kind *kind, bool status)
{
	for (size_t i = 0; i < kind->needs_n; i++) {
		const struct catalogue_need *need = &catalogue_needs[kind->needs + i];

		if (need->minors & f->bit && need->status == status && need_is_met(notes, need))
			return true;
	}
	return false;
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

static const char *skim_object(struct skimming *s, struct blocks *b)
{
	s->notes = (struct object_notes){ .made = true };
	for (size_t i = 0; i < CATALOGUE_INSIDES; i++)
		s->insides[i] = s->begin;
	return skim_container(s, s->begin + 1, b);
}

void skim_part(struct str object, struct object_notes *notes)
{
	UNZEROED struct skimming s;
	struct blocks b = { .depth = 1 };

	s.begin = object.s;
	s.end = object.s + object.n;
	if (!skim_object(&s, &b))
		s.notes.unsure = true;
	*notes = s.notes;
}

bool policy_skim_object(struct request *so_far, struct str input, struct json_member *m,
			struct json_track *track)
{
	UNZEROED struct skimming s;
	const char *p = m->value.s;
	struct blocks b;

	if (*p != '{' || p - input.s < SKIM_BEFORE || !is_worth_noting(so_far))
		return json_skim_tracked(input, m, track);
	s.begin = p;
	s.end = input.s + input.n;
	json_track_begin(track, p + 1, &b);
	p = skim_object(&s, &b);
	json_track_end(track, p, &b);
	if (!json_skim_to(m, p))
		return false;
	so_far->notes = s.notes;
	return true;
}
