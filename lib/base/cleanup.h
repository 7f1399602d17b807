/* SPDX-License-Identifier: Apache-2.0
 * cleanup.h - release at the end of the scope.
 *
 * "scoped(fn) T x = ...;" calls fn(&x) when the scope is left by any way;
 * "return TAKE(x);" hands x to the caller instead.
 */
#ifndef LIB_BASE_CLEANUP_H
#define LIB_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define scoped(fn) __attribute__((cleanup(fn)))
#define TAKE(p)                                                                                    \
	(__extension__({                                                                           \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	}))

static inline void free_end(void *p)
{
	free(*(void **)p);
}

static inline void file_end(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void fd_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
