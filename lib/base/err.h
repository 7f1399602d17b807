/* SPDX-License-Identifier: Apache-2.0
 * err.h - one failure: its kind and its message.
 *
 * What can fail returns 0 or -1 (or NULL) and fills a struct err that lives on
 * the caller's stack. Who knows the cause writes it, callers add where it
 * happened, the outermost one logs it, once.
 */
#ifndef LIB_BASE_ERR_H
#define LIB_BASE_ERR_H

#include <stdarg.h>
#include <stdio.h>

enum err_kind {
	ERR_NONE,
	ERR_NOMEM,  /* the system gave no memory */
	ERR_LIMIT,  /* a limit that is written down was reached */
	ERR_SYNTAX, /* the input is not what it should be */
	ERR_IO,     /* a file, a socket, the system */
	ERR_USAGE,  /* the command line */
};

struct err {
	enum err_kind kind;
	char msg[512];
};

/*
 * err_set(struct err *, enum err_kind, const char *fmt, ...): record the cause. Always
 * -1, so that "return err_set(...)" reads well; a macro, so that compilers and
 * analysers see the -1 too, which a variadic function hides.
 */
#define err_set(...) (err_record(__VA_ARGS__), err_failed())

static inline int err_failed(void)
{
	return -1;
}

__attribute__((format(printf, 3, 4))) static inline void
err_record(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	va_end(ap);
}

static inline int err_nomem(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

/* Say where it happened: "a.yaml" before "unknown key". Always -1. */
static inline int err_in(struct err *e, const char *where)
{
	struct err cause = *e;

	return err_set(e, cause.kind, "%.200s: %.300s", where, cause.msg);
}

#endif
