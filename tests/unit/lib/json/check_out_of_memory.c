/* SPDX-License-Identifier: Apache-2.0
 * check_out_of_memory.c - one allocation of the reader after the other fails: a value is read whole
 * or not at all, and a repeated key is never overlooked.
 */
#include "tests/unit/failing.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

#define KEYS 40 /* more than are left in the order in which they came */

/* Keys from the last to the first; repeat: one of them twice. */
static struct str object_of(char *text, size_t room, bool repeat)
{
	size_t n = 0;

	for (unsigned i = KEYS; i > 0; i--)
		n += (size_t)snprintf(text + n, room - n, "%s\"k%02u\":[%u]", n ? "," : "{", i, i);
	n += (size_t)snprintf(text + n, room - n, "%s}", repeat ? ",\"k07\":7" : "");
	return (struct str){ text, n };
}

/* Are all there, and found by their keys? */
static bool is_whole(const struct json *j)
{
	char key[8];

	for (unsigned i = 1; i <= KEYS; i++) {
		snprintf(key, sizeof key, "k%02u", i);
		if (!json_get(j, str_of(key)))
			return false;
	}
	return j->len == KEYS;
}

START_TEST(whole_or_not_at_all)
{
	bool repeat = _i;
	char text[1024];
	struct str input = object_of(text, sizeof text, repeat);
	size_t failures = 0;

	for (struct failing f = { 0 }; failing_next(&f);) {
		struct err err = { .kind = ERR_NONE };
		struct json *j;
		struct arena arena;
		bool sound;

		arena_init(&arena, 1u << 20);
		failing_begin(&f);
		j = json_parse(input, NULL, &arena, &err);
		failing_end(&f);
		sound = j ? !f.failed && !repeat && is_whole(j)
			  : err.kind == (f.failed ? ERR_NOMEM : ERR_SYNTAX) ||
					(f.failed && err.kind == ERR_LIMIT);
		failures += f.failed;
		arena_done(&arena);
		ck_assert_msg(sound, WHERE "%s", AT(&f), err.msg);
	}
	ck_assert_uint_ge(failures, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json, out of memory");
	TCase *tc = tcase_create("reader");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, whole_or_not_at_all, 0, 2);
	return run_suite(suite);
}
