/* SPDX-License-Identifier: Apache-2.0
 * failing.h - one allocation fails, once, and all others are served.
 *
 *	for (struct failing f = { 0 }; failing_next(&f);) {
 *		failing_begin(&f);
 *		... what must bear it; no ck_assert here, which allocates
 *		failed = failing_end(&f);
 *	}
 *
 * First each of our own code's, in turn: the linker bends its malloc, calloc and realloc to these
 * (Makefile: FAILING), and arenas take a malloc a piece. Then, in builds without a sanitizer, which
 * has the names itself, the libraries' (OpenSSL, libyaml, cJSON): the first 25 in turn, then in
 * steps that grow by a twenty-fifth, since they are thousands.
 *
 * A program that includes it is named check_out_of_memory.c, and has one thread.
 */
#ifndef TESTS_UNIT_FAILING_H
#define TESTS_UNIT_FAILING_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/arena.h"

/* For messages: WHERE "..." with AT(f) first. */
#define WHERE "allocation %zu of %s: "
#define AT(f) (f)->n, (f)->libraries ? "a library" : "ours"

struct failing {
	size_t n; /* the one that fails, from 1 */
	bool libraries, failed;
};

static size_t failing_left[2]; /* of ours, of the libraries: up to the one that fails; 0: none */
static bool failing_failed;

static inline bool failing_now(bool libraries)
{
	if (!failing_left[libraries] || --failing_left[libraries])
		return false;
	errno = ENOMEM;
	return failing_failed = true;
}

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAILING_WRAPPED
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define FAILING_WRAPPED
#endif

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names, and glibc's */
#ifdef FAILING_WRAPPED
#define FAILING_SERVED(f) __real_##f
#else
#define FAILING_SERVED(f) __libc_##f
#endif

#define FAILING_CALLS(name, libraries)                                                             \
	void *name(malloc)(size_t n);                                                              \
	void *name(calloc)(size_t n, size_t size);                                                 \
	void *name(realloc)(void *p, size_t n);                                                    \
	void *name(malloc)(size_t n)                                                               \
	{                                                                                          \
		return failing_now(libraries) ? NULL : FAILING_SERVED(malloc)(n);                  \
	}                                                                                          \
	void *name(calloc)(size_t n, size_t size)                                                  \
	{                                                                                          \
		return failing_now(libraries) ? NULL : FAILING_SERVED(calloc)(n, size);            \
	}                                                                                          \
	void *name(realloc)(void *p, size_t n)                                                     \
	{                                                                                          \
		return failing_now(libraries) ? NULL : FAILING_SERVED(realloc)(p, n);              \
	}

void *FAILING_SERVED(malloc)(size_t n);
void *FAILING_SERVED(calloc)(size_t n, size_t size);
void *FAILING_SERVED(realloc)(void *p, size_t n);

#define FAILING_OURS(f)   __wrap_##f
#define FAILING_THEIRS(f) f
FAILING_CALLS(FAILING_OURS, false)
#ifndef FAILING_WRAPPED
FAILING_CALLS(FAILING_THEIRS, true)
#endif
/* NOLINTEND(bugprone-reserved-identifier) */

/* Is there another one to fail? Ends when nothing has failed. */
static inline bool failing_next(struct failing *f)
{
	if (!f->n || f->failed) {
		f->n += f->libraries ? 1 + f->n / 25 : 1;
		return true;
	}
#ifndef FAILING_WRAPPED
	if (!f->libraries) {
		*f = (struct failing){ .n = 1, .libraries = true };
		return true;
	}
#endif
	return false;
}

static inline void failing_begin(const struct failing *f)
{
	arena_block = 0;
	failing_failed = false;
	failing_left[f->libraries] = f->n;
}

/* Nothing fails any more. Did one? If not, there were fewer. */
static inline bool failing_end(struct failing *f)
{
	failing_left[0] = failing_left[1] = 0;
	return f->failed = failing_failed;
}

#endif
