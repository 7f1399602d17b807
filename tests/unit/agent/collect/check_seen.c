/* SPDX-License-Identifier: Apache-2.0
 * check_seen.c - objects that come twice are known by their uid, as many as there may be.
 */
#include "agent/collect/seen.h"

#include <check.h>
#include <stdio.h>

#include "tests/unit/suite.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static struct str uid_of(char buf[64], const char *form, unsigned i)
{
	int n = snprintf(buf, 64, form, i);

	return (struct str){ buf, (size_t)n };
}

static const char *const forms[] = { "00000000-0000-4000-8000-%012x",
				     "%08x-0000-4000-8000-000000000000", "uid-%u", "%036u" };

START_TEST(a_uid_is_new_once)
{
	struct seen s;
	char buf[64];

	seen_init(&s);
	for (unsigned i = 0; i < 5000; i++)
		ck_assert_int_eq(seen_add(&s, uid_of(buf, forms[_i], i)), SEEN_NEW);
	for (unsigned i = 0; i < 5000; i++)
		ck_assert_int_eq(seen_add(&s, uid_of(buf, forms[_i], i)), SEEN_BEFORE);
	seen_done(&s);
}
END_TEST

START_TEST(every_digit_tells)
{
	static const char base[] = "6c57c0d1-3e8c-4b0c-9d3e-8a4c0f8e1a2b";
	struct seen s;
	char other[sizeof base];

	seen_init(&s);
	ck_assert_int_eq(seen_add(&s, str_of(base)), SEEN_NEW);
	for (size_t i = 0; i < sizeof base - 1; i++) {
		memcpy(other, base, sizeof base);
		other[i] = base[i] == '7' || base[i] == '-' ? 'g' : '7';
		ck_assert_msg(seen_add(&s, str_of(other)) == SEEN_NEW, "%s", other);
		other[i] = 'x';
		ck_assert_msg(seen_add(&s, str_of(other)) == SEEN_NEW, "%s", other);
	}
	ck_assert_int_eq(seen_add(&s, str_of(base)), SEEN_BEFORE);
	seen_done(&s);
}
END_TEST

/* Nothing but zeros is a uid like others. */
START_TEST(zeros_are_a_uid)
{
	static const char zeros[] = "00000000-0000-0000-0000-000000000000";
	struct seen s;

	seen_init(&s);
	ck_assert_int_eq(seen_add(&s, str_of(zeros)), SEEN_NEW);
	ck_assert_int_eq(seen_add(&s, str_of(zeros)), SEEN_BEFORE);
	seen_done(&s);
}
END_TEST

START_TEST(their_number_is_bounded)
{
	struct seen s;
	char buf[64];

	seen_init(&s);
	for (unsigned i = 0; i < SEEN_MAX; i++)
		ck_assert_int_eq(seen_add(&s, uid_of(buf, forms[0], i)), SEEN_NEW);
	ck_assert_int_eq(seen_add(&s, uid_of(buf, forms[0], 7)), SEEN_BEFORE);
	ck_assert_int_eq(seen_add(&s, uid_of(buf, forms[0], SEEN_MAX)), SEEN_FULL);
	ck_assert_uint_le(s.room * sizeof *s.v, 8u << 20);
	seen_done(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("seen");
	TCase *tc = tcase_create("seen");

	tcase_add_loop_test(tc, a_uid_is_new_once, 0, sizeof forms / sizeof *forms);
	tcase_add_test(tc, every_digit_tells);
	tcase_add_test(tc, zeros_are_a_uid);
	tcase_add_test(tc, their_number_is_bounded);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
