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

/* Where in a block something is to be looked at, and its brackets that stand in no string. */
struct skim_marks {
	uint64_t names, pairs, escapes;
	uint64_t open, close; /* of these, those that were not minded yet */
	ptrdiff_t least;      /* so many are open anywhere in the block, or more */
};

/*
 * The blocks are passed over many at a time and then looked at, so that the processor keeps all
 * that it compares them with at hand.
 */
#define SKIM_BATCH 32

struct skimming {
	struct object_notes notes;
	const char *begin, *end; /* of all that may be read */
	const char *block;       /* the bytes that are looked at, */
	struct skim_marks *m;    /* and what is in them */
	uint64_t insides;        /* a bit for each: a value of such a member is not closed yet, */
	struct skim_value *last; /* and the values, the innermost last; the first is none */
	struct skim_value {
		ptrdiff_t depth; /* brackets that are open around it */
		unsigned inside;
	} values[1 + CATALOGUE_INSIDES];
	struct skim_marks marks[SKIM_BATCH];
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

static bool skim_stands(const struct skimming *s, const char *p, const char *word, size_t n)
{
	return p >= s->begin && (size_t)(s->end - p) >= n && !memcmp(p, word, n);
}

/* A slash, which may be escaped, stands behind `end`: does a domain that alpha keys have? */
static void skim_domain(struct skimming *s, const char *end)
{
	static const char alpha[] = "alpha.kubernetes.io", set[] = "applyset.kubernetes.io";

	if (skim_stands(s, end - (sizeof alpha - 1), alpha, sizeof alpha - 1) ||
	    skim_stands(s, end - (sizeof set - 1), set, sizeof set - 1))
		s->notes.domain = true;
}

/* A backslash at p: does it begin an escape that may hide a letter? */
static void skim_escape(struct skimming *s, const char *p)
{
	if (s->end - p > 1 && p[1] == '/')
		skim_domain(s, p);
	if (s->end - p > 1 && p[1] == 'u' && (s->end - p < 6 || !is_harmless_escape(p + 2)))
		s->notes.unsure = true;
}

/* ---- names ---- */

/* How many are open behind the bits of `before`, of which all that is closed was minded. */
static ptrdiff_t skim_depth(const struct skim_marks *m, uint64_t before)
{
	return m->least +
	       (ptrdiff_t)(blocks_count_bits(m->close) + blocks_count_bits(m->open & before));
}

/* The values are closed around which as many are open, or more. */
static inline void skim_leave(struct skimming *s, ptrdiff_t depth)
{
	while (s->last->depth >= depth)
		s->insides &= ~(UINT64_C(1) << (s->last--)->inside);
}

/* What is closed at once, {} or [], need not be minded: no value of those is. */
static inline void skim_drop_empty(struct skim_marks *m, bool wide)
{
	uint64_t empty = m->close & m->open << 1;

	m->close ^= empty;
	m->open ^= empty >> 1;
	m->least += (ptrdiff_t)blocks_count(empty, wide);
}

/* What is closed in the bits of `before`, which are all those below some bit, is minded. */
static INLINE void skim_leave_bits(struct skimming *s, struct skim_marks *m, uint64_t before,
				   bool wide)
{
	ptrdiff_t depth;

	if (m->least > s->last->depth)
		return;
	skim_drop_empty(m, wide);
	if (m->least > s->last->depth)
		return;
	depth = m->least + (ptrdiff_t)blocks_count(m->close, wide);
	for (uint64_t close; (close = m->close & before); m->close &= m->close - 1) {
		uint64_t below = (close & (0 - close)) - 1;

		skim_leave(s, --depth + (ptrdiff_t)blocks_count(m->open & below, wide));
	}
}

static bool is_empty_or_scalar(const char *value)
{
	return (*value | 0x20) != '{' || (value[1] | 0x20) == '}';
}

/*
 * Behind the name whose quote is at `quote` stands a value that spots may be in; in all that
 * follows, where that is not plain.
 */
static void skim_enter(struct skimming *s, unsigned inside, const char *quote, uint64_t before)
{
	bool plain = s->end - quote > 3 && quote[1] == ':' && quote[-1] != '\\' &&
		     (unsigned char)quote[2] > ' ';

	if (plain && is_empty_or_scalar(quote + 2))
		return;
	s->insides |= UINT64_C(1) << inside;
	if (!plain)
		return;
	s->m->close &= ~before;
	*++s->last = (struct skim_value){ skim_depth(s->m, before), inside };
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

		if (s->insides >> spot->inside & 1 &&
		    (!spot->value || skim_has_value(s, quote, str_of(catalogue_text(spot->value)))))
			s->notes.words[spot->number / 64] |= UINT64_C(1) << spot->number % 64;
	}
}

/* A word that is more than one: the name of a spot, or of what spots are inside of. */
static void skim_place(struct skimming *s, const struct catalogue_word *w, const char *quote)
{
	uint64_t before = (UINT64_C(1) << (quote - s->block)) - 1;

	skim_leave_bits(s, s->m, before, false);
	if (w->spots_n)
		skim_spots(s, w, quote);
	if (w->inside != CATALOGUE_NONE && !(s->insides >> w->inside & 1))
		skim_enter(s, w->inside, quote, before);
}

/* The first word from w on as which a name ends that goes up to `end`; NULL: it ends as none. */
static inline const struct catalogue_word *skim_find_word(const struct catalogue_word *w,
							  const char *end)
{
	uint64_t tail = scan_word(end - 8), before = scan_word(end - 16);

	while ((tail & w->tail_mask) != w->tail || (before & w->before_mask) != w->before)
		if (w++->last)
			return NULL;
	return w;
}

/* The name is the word, and perhaps some behind it. */
static __attribute__((noinline)) void skim_word(struct skimming *s, const struct catalogue_word *w,
						const char *end, const char *quote)
{
	do {
		s->notes.words[w->number / 64] |= UINT64_C(1) << w->number % 64;
		if (w->spots_n || w->inside != CATALOGUE_NONE)
			skim_place(s, w, quote);
	} while (!w->last && (w = skim_find_word(w + 1, end)));
}

static __attribute__((noinline)) void skim_words(struct skimming *s, const struct catalogue_word *w,
						 const char *end, const char *quote)
{
	w = skim_find_word(w, end);
	if (w)
		skim_word(s, w, end, quote);
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

/* "feature-gates" on a command line, or KUBE_FEATURE_ of a variable. */
static void skim_flag(struct skimming *s, const char *f)
{
	if (skim_stands(s, f, "feature-gates", 13) || skim_stands(s, f, "feature_gates", 13) ||
	    skim_stands(s, f - 5, "KUBE_FEATURE_", 13))
		s->notes.flag = true;
}

/* ---- block by block ---- */

static INLINE void skim_block(void *ctx, const struct scan_shape *shape, ptrdiff_t least)
{
	struct skim_marks **next = ctx;

	*(*next)++ = (struct skim_marks){ .names = shape->quotes,
					  .escapes = shape->slashes,
					  .open = shape->open,
					  .close = shape->close,
					  .least = least };
}

/* Of the quotes those that may end a name, of the backslashes those that may begin an escape. */
static INLINE void skim_narrow_down(struct skim_marks *m, const struct skim_marks *stop,
				    const char *p, bool wide)
{
	for (; m < stop; m++, p += SCAN_BLOCK) {
		struct scan_words words = wide ? scan_words_wide(p) : scan_words(p);

		m->names &= words.after;
		m->pairs = words.pairs;
		if (m->escapes)
			m->escapes &= scan_bits(p + 1, 'u') | scan_bits(p + 1, '/');
	}
}

static void skim_pair(struct skimming *s, const char *p)
{
	if (*p == 'o')
		skim_domain(s, p + 1);
	else
		skim_flag(s, p);
}

static void skim_rare(struct skimming *s, const char *p, const struct skim_marks *m)
{
	for (uint64_t pairs = m->pairs; pairs; pairs &= pairs - 1)
		skim_pair(s, p + scan_bit(pairs));
	for (uint64_t escapes = m->escapes; escapes; escapes &= escapes - 1)
		skim_escape(s, p + scan_bit(escapes));
}

/* The blocks up to `stop`, which stand in the text from p on. */
static INLINE void skim_marked(struct skimming *s, const struct skim_marks *stop, const char *p,
			       bool wide)
{
	for (struct skim_marks *m = s->marks; m < stop; m++, p += SCAN_BLOCK) {
		s->block = p;
		s->m = m;
		for (uint64_t names = m->names; names; names &= names - 1)
			skim_name(s, p + scan_bit(names));
		skim_leave_bits(s, m, UINT64_MAX, wide);
		if (m->pairs | m->escapes)
			skim_rare(s, p, m);
	}
}

/* As blocks_skip; `text` holds what is at *at. */
static INLINE const char *skim_batch(struct skimming *s, const char **at, const char *end,
				     struct blocks *b, const char *text, bool wide)
{
	struct skim_marks *next = s->marks;
	const char *from = *at, *stop = blocks_skip(at, end, b, wide, skim_block, &next);

	skim_narrow_down(s->marks, next, from, wide);
	skim_marked(s, next, text, wide);
	return stop;
}

SCAN_WIDE static const char *skim_wide(struct skimming *s, const char **at, const char *end,
				       struct blocks *b, const char *text)
{
	return skim_batch(s, at, end, b, text, true);
}

static const char *skim_narrow(struct skimming *s, const char **at, const char *end,
			       struct blocks *b, const char *text)
{
	return skim_batch(s, at, end, b, text, false);
}

static const char *skim_blocks(struct skimming *s, const char **at, const char *end,
			       struct blocks *b, const char *text)
{
	return scan_has_wide() ? skim_wide(s, at, end, b, text) : skim_narrow(s, at, end, b, text);
}

/* Too few bytes for a block: a copy of them that has zeros behind it. */
static void skim_rest(struct skimming *s, const char *p, const char *end, struct blocks *b)
{
	char copy[2 * SCAN_BLOCK + BLOCKS_BEHIND] = { 0 };
	const char *at = copy;

	memcpy(copy, p, (size_t)(end - p));
	skim_blocks(s, &at, copy + sizeof copy, b, p);
}

/*
 * p stands behind the opening brace; where it is closed, or NULL. The blocks are those of
 * json_skim_value, so that what is no JSON ends where it ends for that one: the last may have
 * too little behind it to be looked at as a block.
 */
static const char *skim_container(struct skimming *s, const char *p, struct blocks *b)
{
	const ptrdiff_t room = SKIM_BATCH * SCAN_BLOCK + BLOCKS_BEHIND;
	const char *from, *stop;
	struct blocks rest;

	do {
		const char *end = s->end - p > room ? p + room : s->end;

		from = p;
		stop = skim_blocks(s, &p, end, b, p);
	} while (!stop && p > from);
	if (stop)
		return stop;
	rest = (struct blocks){ .depth = b->depth, .inside = b->inside, .escape = b->escape };
	stop = blocks_pass_all(p, s->end, b);
	if (stop)
		skim_rest(s, p, stop, &rest);
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
	s->insides = 0;
	s->last = s->values;
	s->values[0].depth = PTRDIFF_MIN;
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
