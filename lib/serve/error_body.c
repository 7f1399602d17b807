/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/error_body.h"

#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/printable.h"
#include "lib/json/json.h"

#define ERROR_MAX 600 /* bytes of an error's text */

char *error_body(unsigned status, const char *message, size_t *len)
{
	scoped(arena_end) struct arena arena;
	struct text quoted;
	char *line = NULL;
	int n = -1;

	arena_init(&arena, 16 * ERROR_MAX);
	text_init(&quoted, &arena, 2 * ERROR_MAX + 2);
	json_quote(printable_cut(str_of(message), ERROR_MAX, &arena), &quoted);
	if (!quoted.full)
		n = asprintf(&line, "{\"code\":%u,\"error\":%.*s}\n", status,
			     STR_ARG(text_get(&quoted)));
	*len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? NULL : line;
}
