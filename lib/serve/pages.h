/* SPDX-License-Identifier: Apache-2.0
 * pages.h - the pages of a plain port: a table of paths, and who writes each.
 */
#ifndef LIB_SERVE_PAGES_H
#define LIB_SERVE_PAGES_H

#include "lib/serve/server.h"

struct page {
	const char *path;
	/* status is 200 and type plain text, unless it sets them; body is the server's to free */
	void (*write)(void *ctx, const struct head *head, struct reply *out);
};

/* For server_ops. NULL: a GET or HEAD of one of the pages (n of them). */
const struct refusal *pages_admit(const struct page *pages, size_t n, const struct head *head);
void pages_answer(const struct page *pages, size_t n, void *ctx, const struct head *head,
		  struct reply *out);

/* A page: "ok", for as long as anybody answers at all. */
void page_alive(void *ctx, const struct head *head, struct reply *out);

#endif
