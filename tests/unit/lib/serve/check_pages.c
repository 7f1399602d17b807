/* SPDX-License-Identifier: Apache-2.0
 * check_pages.c - which pages there are, and for whom.
 */
#include <check.h>

#include "lib/serve/pages.h"
#include "tests/unit/suite.h"

static const struct {
	const char *name, *method, *path, *length;
	unsigned status;
} pages[] = {
	{ "a page", "GET", "/metrics", NULL, 0 },
	{ "its head", "HEAD", "/metrics", NULL, 0 },
	{ "no body said", "GET", "/metrics", "0", 0 },
	{ "a body", "GET", "/metrics", "1", 400 },
	{ "another page", "GET", "/metric", NULL, 404 },
	{ "another method", "POST", "/metrics", NULL, 405 },
};

START_TEST(page)
{
	static const struct page served[] = { { "/healthz", page_alive },
					      { "/metrics", page_alive } };
	struct head h = { .method = pages[_i].method, .path = pages[_i].path };
	const struct refusal *got;

	if (pages[_i].length)
		head_field(&h, STR("Content-Length"), str_of(pages[_i].length));
	got = pages_admit(served, 2, &h);
	ck_assert_msg((got ? got->status : 0) == pages[_i].status, "%s", pages[_i].name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pages");
	TCase *t = tcase_create("pages");

	tcase_add_loop_test(t, page, 0, sizeof pages / sizeof *pages);
	suite_add_tcase(s, t);
	return run_suite(s);
}
