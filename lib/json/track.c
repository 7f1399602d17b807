/* SPDX-License-Identifier: Apache-2.0
 * track.c - past an object that is mostly a copy of another one.
 *
 * An UPDATE carries an object twice. What is open at a byte, which brackets and whether a string,
 * is told by the bytes from the opening brace up to it. So where as much is open in both objects,
 * and they go on with the same bytes, as much stays open, and where the one is closed so is the
 * other. To compare is less work than to look for brackets; only around what differs is that done.
 *
 * Where the two are alike again is guessed. What is open there is looked up and compared, so that
 * a wrong guess costs time and nothing else, and few are made: the work is linear in the bytes.
 *
 * Where the two stay apart, by a member more or less, they mostly end alike. Where the second may
 * end is looked for from the end of the input backwards; how far the two are the same before it, at
 * the same distance from their ends, then tells where it need not be passed over any more.
 */
#include "lib/json/json.h"

#include "lib/json/blocks.h"

#define LOOK_MAX   256 /* bytes behind a difference in which the end of the string is looked for */
#define MISSES_MAX 4   /* guesses that were followed by less than a block of the same bytes */
#define BEHIND_MAX 512 /* bytes behind the second: a few members of the request */

/* A place in the second text, and the one in the first where as much is open: a block of it. */
struct following {
	const struct json_track *track;
	size_t block;
	const char *p, *end;
	struct blocks s; /* what is open at p */
};

/* ---- the first ---- */

void json_track_begin(struct json_track *track, const char *p, struct blocks *s)
{
	*s = (struct blocks){ .depth = 1 };
	if (!track)
		return;
	track->begin = p;
	s->note = track->open;
	s->notes_end = track->open + JSON_TRACK_MAX;
}

void json_track_end(struct json_track *track, const char *end, const struct blocks *s)
{
	if (!track)
		return;
	track->end = end;
	track->n = end ? (size_t)(s->note - track->open) : 0;
}

bool json_skim_tracked(struct str input, struct json_member *m, struct json_track *track)
{
	const char *p = m->value.s, *stop;
	struct blocks s;

	if (track)
		track->n = 0;
	if (!track || p == input.s + input.n || *p != '{')
		return json_skim_value(input, m);
	json_track_begin(track, p + 1, &s);
	stop = blocks_pass_all(p + 1, input.s + input.n, &s);
	json_track_end(track, stop, &s);
	return json_skim_to(m, stop);
}

/* ---- the second ---- */

static const char *following_there(const struct following *f)
{
	return f->track->begin + SCAN_BLOCK * f->block;
}

/* The texts are alike for n bytes: to the last block in them of which is known what is open. */
static size_t following_step(struct following *f, size_t n)
{
	size_t more = n / SCAN_BLOCK, left = f->track->n - 1 - f->block;

	more = more < left ? more : left;
	f->block += more;
	f->p += more * SCAN_BLOCK;
	f->s = blocks_of(f->track->open[f->block]);
	return n - more * SCAN_BLOCK;
}

/* Up to n bytes, fewer than a block. */
static const char *following_pass_part(struct following *f, size_t n)
{
	uint64_t mask = (UINT64_C(1) << n) - 1, escaped = 0, strings, open, close;
	const char *p = f->p;
	struct scan_shape shape;

	f->p += n;
	if (f->end - p < SCAN_BLOCK) {
		p = blocks_skip_bytes(p, f->p, &f->s);
		return f->s.depth ? NULL : p;
	}
	shape = scan_shape(p);
	if (f->s.escape || shape.slashes & mask)
		escaped = blocks_escaped(shape.slashes & mask, &f->s.escape);
	strings = scan_parity(shape.quotes & mask & ~escaped) ^ f->s.inside;
	f->s.escape = escaped >> n & 1;
	f->s.inside = 0 - (strings >> 63);
	open = shape.open & mask & ~strings;
	close = shape.close & mask & ~strings;
	if (blocks_count_bits(close) >= f->s.depth &&
	    (p = blocks_last(p, open, close, f->s.depth, false)))
		return p;
	f->s.depth += blocks_count_bits(open) - blocks_count_bits(close);
	return NULL;
}

/* Up to `to`; where the object is closed before, or NULL. */
static const char *following_pass(struct following *f, const char *to)
{
	const char *stop = blocks_pass(&f->p, to, &f->s);

	return stop || f->p == to ? stop : following_pass_part(f, (size_t)(to - f->p));
}

/* A quote or a backslash, near; NULL: there is none. */
static const char *following_quote(const char *p, const char *end)
{
	const char *stop = end - p > LOOK_MAX ? p + LOOK_MAX : end;

	p = scan_to_quote(p, stop);
	return p < stop ? p : NULL;
}

/*
 * The texts differ at `at` bytes from here: mostly in the text of a string or in a number, so they
 * may be alike from the next quote on. Goes to the block of the first behind its quote. false: as
 * much is not open there, or *stop: where the second is closed.
 */
static bool following_guess(struct following *f, size_t at, const char **stop)
{
	const char *quote = following_quote(f->p + at, f->end);
	const char *there = following_quote(following_there(f) + at, f->track->end);
	size_t from, block, more;

	*stop = NULL;
	if (!quote || !there)
		return false;
	from = (size_t)(there - f->track->begin);
	block = (from + SCAN_BLOCK - 1) / SCAN_BLOCK;
	more = SCAN_BLOCK * block - from;
	if (block >= f->track->n || more > (size_t)(f->end - quote) ||
	    (*stop = following_pass(f, quote + more)))
		return false;
	f->block = block;
	return blocks_open(&f->s) == f->track->open[block];
}

/* Where the second may end: behind it too stands the block that is the first's last. NULL: nowhere.
 */
static const char *following_twin(const struct following *f)
{
	const char *end = f->track->end, *p = f->p;

	if (end - f->track->begin < SCAN_BLOCK || f->end - p < SCAN_BLOCK)
		return NULL;
	p += SCAN_BLOCK - 2;
	p = f->end - p > BEHIND_MAX ? f->end - BEHIND_MAX : p;
	for (; (p = scan_to_pair(p, f->end, end[-2], end[-1])); p++)
		if (!memcmp(p + 2 - SCAN_BLOCK, end - SCAN_BLOCK, SCAN_BLOCK))
			return p + 2;
	return NULL;
}

/*
 * The bytes before `twin` are those before the first's end, as far as they are the same: goes to
 * the first block of them. false: as much is not open there, or *stop: where the second is closed.
 */
static bool following_meet(struct following *f, const char *twin, const char **stop)
{
	const struct json_track *track = f->track;
	size_t before = (size_t)(track->end - track->begin), room = (size_t)(twin - f->p);
	size_t same = scan_common_before(track->end, twin, before < room ? before : room);
	size_t block = (before - same + SCAN_BLOCK - 1) / SCAN_BLOCK;

	if (block >= track->n || (*stop = following_pass(f, twin - (before - SCAN_BLOCK * block))))
		return false;
	return blocks_open(&f->s) == track->open[block];
}

/* They stayed apart; where the second is closed, or NULL. */
static const char *following_apart(struct following *f)
{
	const char *twin = following_twin(f), *stop = NULL;

	if (twin && following_meet(f, twin, &stop))
		return twin;
	return stop ? stop : blocks_pass_all(f->p, f->end, &f->s);
}

/* p stands behind the opening brace; where it is closed, or NULL. */
static const char *following_end(const struct json_track *track, const char *p, const char *end)
{
	struct following f = { track, 0, p, end, { .depth = 1 } };
	const char *stop = NULL;
	unsigned misses = 0;

	do {
		const char *there = following_there(&f);
		size_t left = (size_t)(track->end - there), room = (size_t)(end - f.p);
		size_t same = scan_common(there, f.p, left < room ? left : room);

		if (same == left)
			return f.p + same;
		misses += same < SCAN_BLOCK;
		same = following_step(&f, same);
		if (misses > MISSES_MAX || !following_guess(&f, same, &stop))
			break;
	} while (true);
	return stop ? stop : following_apart(&f);
}

bool json_skim_beside(struct str input, struct json_member *m, const struct json_track *track)
{
	const char *p = m->value.s, *end = input.s + input.n;

	if (!track->n || p == end || *p != '{')
		return json_skim_value(input, m);
	return json_skim_to(m, following_end(track, p + 1, end));
}
