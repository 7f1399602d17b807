/* SPDX-License-Identifier: Apache-2.0
 * check_jobs.c - whatever the number of threads, the same is told in the same order, and little is
 * kept.
 */
#include "cli/check/jobs.h"

#include <check.h>
#include <sched.h>
#include <stdatomic.h>

#include "lib/base/cleanup.h"
#include "tests/unit/suite.h"

#define FILES 700

/* What a file holds is its number, and decides how much is found in it and how long that takes. */
struct told {
	char *text;
	size_t n, room, items, stop_after;
};

static atomic_uint reading, telling, most_reading;

static unsigned number_of(const struct check_file *file)
{
	return (unsigned)strtoul(file->path, NULL, 10);
}

/* Some have nothing, some a few, some far more than is kept. */
static unsigned items_of(unsigned number)
{
	return number % 97 == 5 ? 900 : number % 7;
}

static void read_file(const void *ctx, const struct check_file *file, struct check_job *job)
{
	unsigned number = number_of(file), n = items_of(number),
		 now = atomic_fetch_add(&reading, 1) + 1;
	unsigned most = atomic_load(&most_reading);

	ck_assert_ptr_null(ctx);
	while (now > most && !atomic_compare_exchange_weak(&most_reading, &most, now))
		;
	if (number % 11 == 3)
		check_job_wait(job);
	for (unsigned i = 0; i < n && !check_job_stopped(job); i++) {
		struct report_finding findings[2] = { { .line = i, .message = STR("first") },
						      { .line = i, .message = STR("second") } };
		struct check_item item = { .kind = CHECK_ITEM_OBJECT,
					   .object.name = str_of(file->shown),
					   .findings = findings,
					   .findings_n = i % 3 };

		if (number % 5 == 0)
			sched_yield();
		check_job_give(job, &item);
		memset(findings, 0, sizeof findings); /* what is kept is a copy */
	}
	atomic_fetch_sub(&reading, 1);
}

static bool tell_item(void *ctx, const struct check_file *file, const struct check_item *item)
{
	struct told *t = ctx;
	FILE *f = fmemopen(t->text + t->n, t->room - t->n, "w");

	ck_assert_uint_eq(atomic_fetch_add(&telling, 1), 0);
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%s %d %.*s", file->path, item->kind, STR_ARG(item->object.name));
	for (size_t i = 0; i < item->findings_n; i++)
		fprintf(f, " %u %.*s", item->findings[i].line, STR_ARG(item->findings[i].message));
	fprintf(f, "%s\n", item->text ? item->text : "");
	t->n += (size_t)ftell(f);
	fclose(f);
	atomic_fetch_sub(&telling, 1);
	return ++t->items != t->stop_after;
}

static void run(unsigned threads, struct told *t)
{
	const struct check_work work = { read_file, NULL, tell_item, t };
	const struct check_item note = { .kind = CHECK_ITEM_NOTE, .text = "a note" };
	struct check_jobs *jobs = check_jobs_new(&work, threads);
	char path[16], shown[32];

	ck_assert_ptr_nonnull(jobs);
	for (unsigned i = 0; i < FILES; i++) {
		const struct check_file file = { path, shown, false };

		snprintf(path, sizeof path, "%u", i);
		snprintf(shown, sizeof shown, "shown %u", i);
		ck_assert_int_eq(i % 13 == 4 ? check_jobs_add_told(jobs, &file, &note)
					     : check_jobs_add(jobs, &file),
				 0);
		memset(path, 'x', sizeof path - 1);
	}
	check_jobs_end(jobs);
}

static void told_init(struct told *t, size_t stop_after)
{
	*t = (struct told){ .room = 4u << 20, .stop_after = stop_after };
	ck_assert_ptr_nonnull(t->text = calloc(1, t->room));
}

START_TEST(the_same_is_told)
{
	const unsigned threads = (unsigned)_i;
	struct told one, many;

	told_init(&one, 0);
	told_init(&many, 0);
	atomic_store(&most_reading, 0); /* that of another test, where Check does not fork */
	run(1, &one);
	ck_assert_uint_eq(atomic_load(&most_reading), 1);
	ck_assert_uint_gt(one.items, FILES);
	run(threads, &many);
	ck_assert_uint_le(atomic_load(&most_reading), threads);
	ck_assert_uint_eq(one.items, many.items);
	ck_assert_uint_eq(one.n, many.n);
	ck_assert_mem_eq(one.text, many.text, one.n);
	free(one.text);
	free(many.text);
}
END_TEST

/* Nothing is told after the telling failed, and the end comes all the same. */
START_TEST(the_telling_fails)
{
	const unsigned threads = (unsigned)_i;
	struct told one, many;

	told_init(&one, 333);
	told_init(&many, 333);
	run(1, &one);
	run(threads, &many);
	ck_assert_uint_eq(one.items, 333);
	ck_assert_uint_eq(many.items, 333);
	ck_assert_mem_eq(one.text, many.text, one.n);
	free(one.text);
	free(many.text);
}
END_TEST

START_TEST(no_file)
{
	const struct check_work work = { read_file, NULL, tell_item, NULL };

	check_jobs_end(check_jobs_new(&work, 8));
	check_jobs_end(NULL);
}
END_TEST

/* A copy that finds no room is none, wherever the room ends; what is there of it is not looked at.
 */
START_TEST(a_copy_is_whole_or_none)
{
	struct report_finding f = { .tier = "unsupported",
				    .policy = STR("p"),
				    .rule = STR("r"),
				    .path = STR("spec"),
				    .gate = STR("G"),
				    .message = STR("no"),
				    .remedy = STR("remove it"),
				    .command = STR("run"),
				    .why = STR("w"),
				    .docs = STR("d"),
				    .until = STR("2027"),
				    .reason = STR("because") };
	const struct check_item item = { .kind = CHECK_ITEM_OBJECT,
					 .text = "t",
					 .object = { .kind = STR("Pod"), .name = STR("p") },
					 .findings = &f,
					 .findings_n = 1 };
	bool fits = false;

	for (size_t limit = 0; !fits; limit += 16) {
		scoped(arena_end) struct arena arena = { .limit = limit };
		const struct check_item *copy = check_item_copy(&item, &arena);

		ck_assert_uint_le(limit, 4096);
		if (!copy)
			continue;
		fits = true;
		ck_assert_str_eq(copy->text, "t");
		ck_assert(str_is(copy->object.name, "p") &&
			  copy->object.name.s != item.object.name.s);
		ck_assert(str_is(copy->findings[0].reason, "because"));
		ck_assert(copy->findings[0].reason.s != f.reason.s);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("jobs");
	TCase *c = tcase_create("in order");

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, the_same_is_told, 1, CHECK_JOBS_MAX + 1);
	tcase_add_loop_test(c, the_telling_fails, 1, CHECK_JOBS_MAX + 1);
	tcase_add_test(c, no_file);
	tcase_add_test(c, a_copy_is_whole_or_none);
	suite_add_tcase(s, c);
	return run_suite(s);
}
