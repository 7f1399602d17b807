/* SPDX-License-Identifier: Apache-2.0
 * errors.c - what the parts of the strict reader say when it goes no further.
 */
#include "lib/json/reader.h"

int reader_fail(struct json_reader *r, const char *at, const char *problem)
{
	return err_set(r->err, ERR_SYNTAX, "byte %zu: %s", (size_t)(at - r->start),
		       at < r->end ? problem : "the JSON text ends too early");
}

void *reader_no_room(struct json_reader *r, size_t size)
{
	if (r->arena->limit - r->arena->total < size + _Alignof(max_align_t))
		err_set(r->err, ERR_LIMIT, "byte %zu: the JSON text needs more than %zu bytes",
			(size_t)(r->p - r->start), r->arena->limit);
	else
		err_nomem(r->err);
	return NULL;
}
