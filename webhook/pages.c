#include "webhook/pages.h"

#include <string.h>

const struct refusal *pages_admit(const struct page *pages, size_t n, const struct head *head)
{
	const char *paths[PAGES_MAX];
	size_t i = 0;

	for (; i < n && i < PAGES_MAX; i++)
		paths[i] = pages[i].path;
	return intake_page(head, paths, i);
}

void pages_answer(const struct page *pages, size_t n, void *ctx, const struct head *head,
		  struct reply *out)
{
	out->status = 200;
	out->type = "text/plain; charset=utf-8";
	for (size_t i = 0; i < n; i++)
		if (!strcmp(head->path, pages[i].path))
			pages[i].write(ctx, head, out);
}

void page_alive(void *ctx, const struct head *head, struct reply *out)
{
	(void)ctx;
	(void)head;
	out->body = strdup("ok\n");
	out->len = 3;
}
