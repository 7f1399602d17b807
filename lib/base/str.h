/* SPDX-License-Identifier: Apache-2.0
 * str.h - bytes with a length, and a builder of text in an arena.
 *
 * A struct str is a borrowed view: it owns nothing, need not end in NUL and may
 * hold any byte, NUL included (a Corefile may: comparing with strcmp would be a
 * bypass). {NULL, 0} is "absent", {"", 0} is "empty"; both compare as empty.
 */
#ifndef LIB_BASE_STR_H
#define LIB_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"

struct str {
	const char *s;
	size_t n;
};

/* In the initialiser of a static table. */
#define TEXT(lit)                                                                                  \
	{                                                                                          \
		"" lit, sizeof(lit) - 1                                                            \
	}
/* A literal as a struct str, also as a constant initialiser. */
#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
/* For printf's "%.*s". */
#define STR_ARG(x) ((int)((x).n > 4096 ? 4096 : (x).n)), ((x).s ? (x).s : "")
/* The same for a word that a message repeats: its beginning will do. */
#define QUOTED(x) ((int)((x).n > 60 ? 60 : (x).n)), ((x).s ? (x).s : "")

static inline struct str str_of(const char *z)
{
	return (struct str){ z, z ? strlen(z) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): no text has no bytes */
	return a.n == b.n && (!a.n || !memcmp(a.s, b.s, a.n));
}

static inline bool str_is(struct str a, const char *z)
{
	return str_eq(a, str_of(z));
}

static inline bool str_starts(struct str a, struct str prefix)
{
	return a.n >= prefix.n && (!prefix.n || !memcmp(a.s, prefix.s, prefix.n));
}

/* What stands behind the first n bytes; n must not exceed s.n. No text may have no address. */
static inline struct str str_from(struct str s, size_t n)
{
	return (struct str){ n ? s.s + n : s.s, s.n - n };
}

static inline int str_cmp(struct str a, struct str b)
{
	int order = a.n && b.n ? memcmp(a.s, b.s, a.n < b.n ? a.n : b.n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* A copy in the arena, with a NUL behind it; s is NULL when there is no room. */
static inline struct str str_copy(struct arena *a, struct str from)
{
	char *p = arena_alloc(a, from.n + 1);

	if (!p)
		return (struct str){ NULL, 0 };
	if (from.n)
		memcpy(p, from.s, from.n);
	p[from.n] = '\0';
	return (struct str){ p, from.n };
}

/*
 * FNV-1a. Only for tables whose keys we chose (policies); never for keys that a
 * client chooses, who could make them collide.
 */
static inline uint64_t str_hash(uint64_t seed, struct str s)
{
	uint64_t h = seed ^ 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.s[i]) * 1099511628211u;
	return h ^ (h >> 29);
}

/*
 * A text that grows in an arena up to a limit. Appending past the limit, or
 * when the arena is full, sets `full` and changes nothing more: check once, at
 * the end. Always ends in NUL.
 */
struct text {
	struct arena *arena;
	char *s;
	size_t n, room, limit;
	bool full;
};

static inline void text_init(struct text *t, struct arena *a, size_t limit)
{
	*t = (struct text){ .arena = a, .limit = limit };
}

/* Room for n bytes more than it has. Out of line: text_add stays short. */
__attribute__((noinline, unused)) static void text_grow(struct text *t, size_t n)
{
	size_t room = t->room ? t->room : 128;
	char *p;

	while (room <= t->n + n)
		room *= 2;
	if (!(p = arena_alloc(t->arena, room))) {
		t->full = true;
		return;
	}
	if (t->s)
		memcpy(p, t->s, t->n);
	t->s = p;
	t->room = room;
}

/* Is there room for n bytes and the NUL? Else it is full now. */
static inline bool text_fits(struct text *t, size_t n)
{
	if (n > t->limit - t->n)
		t->full = true;
	if (!t->full && (n >= t->room - t->n || !t->s))
		text_grow(t, n);
	return !t->full;
}

static inline void text_add(struct text *t, const char *s, size_t n)
{
	if (!text_fits(t, n))
		return;
	if (n)
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): no text has no bytes */
		memcpy(t->s + t->n, s, n);
	t->n += n;
	t->s[t->n] = '\0';
}

static inline void text_char(struct text *t, char c)
{
	text_add(t, &c, 1);
}

static inline void text_str(struct text *t, struct str s)
{
	text_add(t, s.s, s.n);
}

static inline void text_puts(struct text *t, const char *z)
{
	text_add(t, z, strlen(z));
}

__attribute__((format(printf, 2, 3))) static inline void text_printf(struct text *t,
								     const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof buf)
		t->full = true;
	else
		text_add(t, buf, (size_t)n);
}

static inline struct str text_get(const struct text *t)
{
	return (struct str){ t->s ? t->s : "", t->n };
}

#endif
