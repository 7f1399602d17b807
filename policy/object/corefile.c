/* SPDX-License-Identifier: Apache-2.0
 * corefile.c - words and directives of a Corefile, and what an edit of one does.
 */
#include "policy/object/corefile.h"

/* ---- words ---- */

static bool corefile_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

/* To the next word, past white space and comments; notes whether a line began. */
static bool corefile_skip(struct corefile *f)
{
	const struct str t = f->text;

	f->first = f->at == 0;
	for (; f->at < t.n; f->at++) {
		if (t.s[f->at] == '#')
			while (f->at + 1 < t.n && t.s[f->at + 1] != '\n')
				f->at++;
		else if (!corefile_is_blank(t.s[f->at]))
			return true;
		f->first |= t.s[f->at] == '\n';
	}
	return false;
}

static void corefile_read_quoted(struct corefile *f)
{
	const struct str t = f->text;
	size_t start = ++f->at;

	for (; f->at < t.n && t.s[f->at] != '"'; f->at++)
		f->at += t.s[f->at] == '\\' && f->at + 1 < t.n && t.s[f->at + 1] == '"';
	f->word = (struct str){ t.s + start, f->at - start };
	f->at += f->at < t.n;
}

bool corefile_next(struct corefile *f)
{
	const struct str t = f->text;
	size_t start;

	if (f->held) {
		f->held = false;
		return true;
	}
	if (!corefile_skip(f))
		return false;
	start = f->at;
	if (t.s[start] == '"') {
		corefile_read_quoted(f);
		return true;
	}
	while (f->at < t.n && !corefile_is_blank(t.s[f->at]))
		f->at++;
	f->word = (struct str){ t.s + start, f->at - start };
	return true;
}

/* ---- directives ---- */

/* FNV-1a, a word at a time; the byte 0 ends each. */
static uint64_t corefile_mark(uint64_t mark, struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		mark = (mark ^ (unsigned char)word.s[i]) * 0x100000001b3;
	return mark * 0x100000001b3;
}

enum corefile_end corefile_read_directive(struct corefile *f, struct corefile_directive *out)
{
	size_t depth = 0, words = 0;

	*out = (struct corefile_directive){ .name = f->word, .argument = STR("") };
	out->mark = corefile_mark(0xcbf29ce484222325, f->word);
	while (corefile_next(f)) {
		if (str_is(f->word, "{")) {
			depth++;
		} else if (f->first && !depth) {
			f->held = true;
			break;
		} else if (str_is(f->word, "}") && !depth--) {
			return COREFILE_BRACE_STRAY;
		}
		if (!words++)
			out->argument = f->word;
		out->mark = corefile_mark(out->mark, f->word);
	}
	return depth ? COREFILE_BRACE_MISSING : COREFILE_ENDS;
}

/* ---- edits ---- */

/* One directive, and the server block that it is in. */
struct corefile_entry {
	struct corefile_directive d;
	uint64_t block; /* mark of the block's keys */
	bool root;      /* the block of the zone "." */
};

struct corefile_whole {
	struct corefile_entry v[COREFILE_DIRECTIVES];
	size_t n;
};

/* The keys of a server block, up to its brace; false at the end, or where there is none. */
static bool corefile_read_keys(struct corefile *f, struct corefile_entry *block)
{
	bool any = false;

	*block = (struct corefile_entry){ .block = 0xcbf29ce484222325 };
	for (; corefile_next(f) && !str_is(f->word, "{"); any = true) {
		block->root |= str_is(f->word, ".") || str_starts(f->word, STR(".:"));
		block->block = corefile_mark(block->block, f->word);
	}
	return any && str_is(f->word, "{");
}

static bool corefile_read_block(struct corefile *f, struct corefile_entry block,
				struct corefile_whole *out)
{
	while (corefile_next(f) && !str_is(f->word, "}")) {
		if (corefile_read_directive(f, &block.d) != COREFILE_ENDS ||
		    out->n == COREFILE_DIRECTIVES)
			return false;
		out->v[out->n++] = block;
	}
	return str_is(f->word, "}");
}

/* `import` between the blocks is taken for a block's key: OKE's Corefile ends with one. */
static bool corefile_read_whole(struct str text, struct corefile_whole *out)
{
	struct corefile f = { .text = text };
	struct corefile_entry block;

	out->n = 0;
	while (corefile_read_keys(&f, &block))
		if (!corefile_read_block(&f, block, out))
			return false;
	return out->n > 0;
}

static size_t corefile_count(const struct corefile_whole *all, const struct corefile_entry *like,
			     bool whole_block, bool exactly)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += all->v[i].block == like->block &&
		     (whole_block || str_eq(all->v[i].d.name, like->d.name)) &&
		     (!exactly || all->v[i].d.mark == like->d.mark);
	return n;
}

/* Directives that stand in the default block, and of which a second one stops CoreDNS or is idle.
 */
static bool corefile_is_single(struct str name)
{
	static const char *const single[] = { "errors",  "ready",      "kubernetes", "prometheus",
					      "cache",   "loop",       "health",     "reload",
					      "forward", "loadbalance" };

	for (size_t i = 0; i < sizeof single / sizeof *single; i++)
		if (str_is(name, single[i]))
			return true;
	return false;
}

/* A directive that the old Corefile does not have, word for word. */
static unsigned corefile_added(const struct corefile_whole *old, const struct corefile_entry *e)
{
	bool known = corefile_count(old, e, true, false) > 0;
	bool same_name = corefile_count(old, e, false, false) > 0;

	if (!known)
		return COREFILE_SERVER;
	if (str_is(e->d.name, "forward") && e->d.argument.n && !str_is(e->d.argument, "."))
		return COREFILE_SERVER; /* a zone of one's own */
	if (!e->root || (same_name && corefile_is_single(e->d.name)))
		return COREFILE_OWN;
	return COREFILE_OVERRIDE;
}

unsigned corefile_edits(struct str old, struct str new)
{
	struct corefile_whole before, after;
	unsigned edits = 0;

	if (!corefile_read_whole(old, &before) || !corefile_read_whole(new, &after))
		return 0;
	for (size_t i = 0; i < after.n; i++)
		if (!corefile_count(&before, &after.v[i], false, true))
			edits |= corefile_added(&before, &after.v[i]);
	for (size_t i = 0; i < before.n; i++) /* changed, or taken out */
		if (!corefile_count(&after, &before.v[i], false, true))
			edits |= COREFILE_OWN;
	/* Of a change, the new form is no addition. */
	return edits & COREFILE_OWN && before.n >= after.n ? COREFILE_OWN : edits;
}
