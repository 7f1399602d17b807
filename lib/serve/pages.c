/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/pages.h"

#include <string.h>

static const struct page *pages_find(const struct page *pages, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(path, pages[i].path))
			return &pages[i];
	return NULL;
}

const struct refusal *pages_admit(const struct page *pages, size_t n, const struct head *head)
{
	static const struct refusal nowhere = { 404, "there is no such page", NULL, NULL },
				    method = { 405, "send a GET", "Allow", "GET, HEAD" },
				    body = { 400, "a GET has no body", NULL, NULL };

	if (!pages_find(pages, n, head->path))
		return &nowhere;
	if (strcmp(head->method, "GET") != 0 && strcmp(head->method, "HEAD") != 0)
		return &method;
	return head->encoded || (head->lengths && head->length) ? &body : NULL;
}

void pages_answer(const struct page *pages, size_t n, void *ctx, const struct head *head,
		  struct reply *out)
{
	const struct page *page = pages_find(pages, n, head->path);

	out->status = 200;
	out->type = "text/plain; charset=utf-8";
	if (page)
		page->write(ctx, head, out);
}

void page_alive(void *ctx, const struct head *head, struct reply *out)
{
	(void)ctx;
	(void)head;
	out->body = strdup("ok\n");
	out->len = 3;
}
