/* SPDX-License-Identifier: Apache-2.0
 * check_learn.c - what is remembered and what is not, the bounds, the state file.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/learn/learn.h"
#include "webhook/learn_keep.h"
#include "tests/unit/suite.h"

#define NOW 1795305600 /* 2026-11-22T00:00:00Z */

#define FOLDER "/tmp/oke-guard-learn-XXXXXX"

static struct learn l;
static char folder[sizeof FOLDER]; /* of the test that runs */
static char state[64], broken[64], other[64], logged[64];

static void setup(void)
{
	learn_init(&l, LEARN_ROWS);
}

static void teardown(void)
{
	learn_done(&l);
}

/* One finding of one review. */
static void note(const char *user, const char *rule, const char *name, enum identity_class class,
		 enum mode mode, int64_t now)
{
	struct finding f = { .policy = STR("coredns"),
			     .rule = str_of(rule),
			     .tier = TIER_UNSUPPORTED,
			     .action = ACTION_WARN };
	struct request req = { .user.name = str_of(user) };
	struct verdict v = { .identity = class,
			     .mode = mode,
			     .findings = &f,
			     .findings_n = 1,
			     .kind = STR("Deployment"),
			     .namespace = STR("kube-system"),
			     .name = str_of(name) };

	learn_verdict(&l, &req, &v, now);
}

static void note_plain(const char *user, const char *rule, const char *name)
{
	note(user, rule, name, IDENTITY_UNKNOWN, MODE_ENFORCE, NOW);
}

static const struct kept_row {
	const char *name;
	enum identity_class class;
	enum mode mode;
	const char *gate;
	enum tier tier;
	enum action action;
	bool kept;
} kepts[] = {
	{ "unknown, enforce", IDENTITY_UNKNOWN, MODE_ENFORCE, "", TIER_UNSUPPORTED, ACTION_WARN,
	  true },
	{ "unknown, though nothing is said to them", IDENTITY_UNKNOWN, MODE_ENFORCE, "",
	  TIER_UNSUPPORTED, ACTION_ALLOW, true },
	{ "customers that are denied need no learning", IDENTITY_CUSTOMER, MODE_ENFORCE, "",
	  TIER_UNSUPPORTED, ACTION_DENY, false },
	{ "customers in mode warn", IDENTITY_CUSTOMER, MODE_WARN, "", TIER_UNSUPPORTED, ACTION_WARN,
	  true },
	{ "customers in mode audit", IDENTITY_CUSTOMER, MODE_AUDIT, "", TIER_BEST_EFFORT,
	  ACTION_AUDIT, true },
	{ "an alpha feature is no guarded object", IDENTITY_UNKNOWN, MODE_WARN, "PodLevelResources",
	  TIER_UNSUPPORTED, ACTION_WARN, false },
	{ "what is supported is no finding to learn", IDENTITY_UNKNOWN, MODE_WARN, "",
	  TIER_SUPPORTED, ACTION_ALLOW, false },
	{ "unless an override made it one", IDENTITY_UNKNOWN, MODE_WARN, "", TIER_SUPPORTED,
	  ACTION_WARN, true },
};

START_TEST(kept)
{
	const struct kept_row *r = &kepts[_i];
	struct finding f = { .policy = STR("p"),
			     .rule = STR("r"),
			     .tier = r->tier,
			     .action = r->action,
			     .gate = str_of(r->gate) };
	struct request req = { .user.name = STR("somebody") };
	struct verdict v = {
		.identity = r->class, .mode = r->mode, .findings = &f, .findings_n = 1
	};

	learn_verdict(&l, &req, &v, NOW);
	ck_assert_msg(l.n == r->kept, "%s", r->name);
	ck_assert_uint_eq(l.left_out, 0);
}
END_TEST

START_TEST(counts)
{
	size_t rows;
	uint64_t left_out;

	note("b", "scale", "coredns", IDENTITY_UNKNOWN, MODE_ENFORCE, NOW + 9);
	note("b", "scale", "coredns", IDENTITY_UNKNOWN, MODE_ENFORCE, NOW); /* a clock may jump */
	note("b", "scale", "coredns", IDENTITY_UNKNOWN, MODE_ENFORCE, NOW + 5);
	note_plain("a", "spec", "coredns");
	note_plain("b", "scale", "kube-dns");
	learn_size(&l, &rows, &left_out);
	ck_assert_uint_eq(rows, 3);
	ck_assert_uint_eq(left_out, 0);
	ck_assert_str_eq(l.rows[0]->part[LEARN_USER].s, "a");
	ck_assert_str_eq(l.rows[1]->part[LEARN_NAME].s, "coredns");
	ck_assert_uint_eq(l.rows[1]->count, 3);
	ck_assert_int_eq(l.rows[1]->first, NOW);
	ck_assert_int_eq(l.rows[1]->last, NOW + 9);
}
END_TEST

/* ---- bounds ---- */

START_TEST(rows_are_bounded)
{
	char user[32];

	for (int i = 0; i < LEARN_ROWS + 100; i++) {
		snprintf(user, sizeof user, "user-%d", i);
		note_plain(user, "scale", "coredns");
	}
	ck_assert_uint_eq(l.n, LEARN_ROWS);
	ck_assert_uint_eq(l.left_out, 100);
	note_plain("user-7", "scale", "coredns");
	ck_assert_uint_eq(l.left_out, 100); /* who is there already goes on being counted */
}
END_TEST

/* Whoever makes up names for objects does not push out the others. */
START_TEST(objects_are_bounded)
{
	char name[32];

	for (int i = 0; i < 2 * LEARN_ROWS; i++) {
		snprintf(name, sizeof name, "pod-%d", i);
		note_plain("noisy", "scale", name);
	}
	ck_assert_uint_eq(l.n, LEARN_ROWS / LEARN_SHARE);
	note_plain("noisy", "removed", "coredns"); /* rules before and behind are others */
	note_plain("noisy", "spec", "coredns");
	note_plain("quiet", "scale", "coredns");
	ck_assert_uint_eq(l.n, LEARN_ROWS / LEARN_SHARE + 3);
}
END_TEST

START_TEST(bytes_of_names_are_bounded)
{
	char name[8];

	l.bytes_max = 10 * strlen("xcorednsscaleDeploymentkube-system00");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "%02d", i);
		note_plain("x", "scale", name);
		note_plain("x", "scale", name); /* what is there already takes no more */
	}
	ck_assert_uint_eq(l.n, 10);
	ck_assert_uint_eq(l.bytes, l.bytes_max);
	ck_assert_uint_eq(l.left_out, 20);
}
END_TEST

START_TEST(odd_names_are_counted)
{
	static char user[502], name[255];

	memset(user, 'u', 501);
	memset(name, 'n', 254);
	note_plain(user, "scale", "coredns");
	note_plain("user", "scale", name);
	note_plain("two\nlines", "scale", "coredns");
	note_plain("", "scale", "coredns");
	ck_assert_uint_eq(l.n, 0);
	ck_assert_uint_eq(l.left_out, 4);
}
END_TEST

/* ---- documents ---- */

#define ROW(user, more)                                                                            \
	"{\"user\":\"" user "\",\"policy\":\"coredns\",\"rule\":\"scale\","                        \
	"\"kind\":\"Deployment\",\"namespace\":\"kube-system\",\"name\":\"coredns\"," more "}"
#define SOUND                                                                                      \
	"\"class\":\"unknown\",\"count\":3,\"first\":\"2026-11-22T00:00:00Z\","                    \
	"\"last\":\"2026-11-23T00:00:00Z\""
#define DOCUMENT(rows) "{\"learned\":{\"leftOut\":2,\"rows\":[" rows "]}}"

static int read_text(const char *text, struct err *err)
{
	return learn_read(&l, str_of(text), err);
}

START_TEST(there_and_back)
{
	struct learn again;
	struct err err;
	char *text, *twice;
	size_t len;

	note_plain("a \"quoted\" \\ name, \xc3\xa9", "scale", "coredns");
	note("ocid1.user.oc1..a", "spec", "coredns", IDENTITY_CUSTOMER, MODE_WARN, NOW + 3);
	note_plain("", "scale", "coredns");
	ck_assert(learn_changed(&l));
	text = learn_print(&l, &len);
	ck_assert(!learn_changed(&l));
	ck_assert_int_eq(text[len - 1], '\n');
	learn_init(&again, LEARN_ROWS);
	ck_assert_msg(learn_read(&again, (struct str){ text, len }, &err) == 0, "%s", err.msg);
	twice = learn_print(&again, &len);
	ck_assert_str_eq(text, twice);
	learn_done(&again);
	free(text);
	free(twice);
}
END_TEST

START_TEST(documents_add_up)
{
	struct err err;

	note_plain("x", "scale", "coredns");
	ck_assert_int_eq(read_text(DOCUMENT(ROW("x", SOUND) "," ROW("y", SOUND)), &err), 0);
	ck_assert_int_eq(
		read_text("{\"mode\":\"warn\",\"learned\":{\"leftOut\":1,\"rows\":[]}}", &err), 0);
	ck_assert_uint_eq(l.n, 2);
	ck_assert_uint_eq(l.left_out, 3);
	ck_assert_uint_eq(l.rows[0]->count, 4);
	ck_assert_int_eq(l.rows[0]->last, NOW + 86400);
}
END_TEST

/* At the end of what is exact as a JSON number a count stands still. */
START_TEST(counts_end)
{
	static const char full[] = "999999999999999";
	struct err err;
	char text[512];

	snprintf(text, sizeof text,
		 "{\"learned\":{\"leftOut\":%s,\"rows\":[" ROW(
			 "x", "\"class\":\"unknown\",\"count\":%s,\"first\":"
			      "\"2026-11-22T00:00:00Z\",\"last\":\"2026-11-23T00:00:00Z\"") "]}}",
		 full, full);
	note_plain("x", "scale", "coredns");
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(read_text(text, &err) == 0, "%s", err.msg);
		ck_assert_uint_eq(l.rows[0]->count, 999999999999999);
		ck_assert_uint_eq(l.left_out, 999999999999999);
	}
	note_plain("x", "scale", "coredns");
	ck_assert_uint_eq(l.rows[0]->count, 999999999999999);
}
END_TEST

static const struct bad_row {
	const char *name, *text, *says;
} bad[] = {
	{ "no JSON", "rows", "byte 0" },
	{ "a state cut short", "{\"learned\":{\"leftOut\":2,\"rows\":[", "byte" },
	{ "something else", "{\"rows\":[]}", "no member \"learned\"" },
	{ "a repeated key", "{\"learned\":{\"leftOut\":2,\"leftOut\":2,\"rows\":[]}}",
	  "duplicate" },
	{ "a further key", "{\"learned\":{\"leftOut\":2,\"rows\":[],\"x\":1}}", "must hold" },
	{ "a negative count", "{\"learned\":{\"leftOut\":-1,\"rows\":[]}}", "must hold" },
	{ "a row that is none", DOCUMENT("7"), "rows[0] has not the members" },
	{ "a wrong one behind a sound one", DOCUMENT(ROW("x", SOUND) ",{}"), "rows[1]" },
	{ "an empty name", DOCUMENT(ROW("", SOUND)), "rows[0]" },
	{ "a control character", DOCUMENT(ROW("a\\u0007", SOUND)), "rows[0]" },
	{ "a name that is a number",
	  DOCUMENT("{\"user\":7,\"policy\":\"coredns\",\"rule\":\"scale\",\"kind\":\"Deployment\","
		   "\"namespace\":\"kube-system\",\"name\":\"coredns\"," SOUND "}"),
	  "user must be a string" },
	{ "another key in a name's place",
	  DOCUMENT("{\"users\":\"x\",\"policy\":\"coredns\",\"rule\":\"scale\",\"kind\":"
		   "\"Deployment\",\"namespace\":\"kube-system\",\"name\":\"coredns\"," SOUND "}"),
	  "user must be a string" },
	{ "no class of ours",
	  DOCUMENT(ROW("x", "\"class\":\"exempt\",\"count\":3,\"first\":\"2026-11-22T00:00:00Z\","
			    "\"last\":\"2026-11-23T00:00:00Z\"")),
	  "class must be" },
	{ "no count",
	  DOCUMENT(ROW("x", "\"class\":\"unknown\",\"count\":0,\"first\":\"2026-11-22T00:00:00Z\","
			    "\"last\":\"2026-11-23T00:00:00Z\"")),
	  "count must be" },
	{ "a count that is not whole",
	  DOCUMENT(ROW("x", "\"class\":\"unknown\",\"count\":1e3,\"first\":\"2026-11-22T00:00:00Z\""
			    ",\"last\":\"2026-11-23T00:00:00Z\"")),
	  "count must be" },
	{ "a day that there is not",
	  DOCUMENT(ROW("x", "\"class\":\"unknown\",\"count\":1,\"first\":\"2026-02-30T00:00:00Z\","
			    "\"last\":\"2026-11-23T00:00:00Z\"")),
	  "dates" },
	{ "last before first",
	  DOCUMENT(ROW("x", "\"class\":\"unknown\",\"count\":1,\"first\":\"2026-11-24T00:00:00Z\","
			    "\"last\":\"2026-11-23T00:00:00Z\"")),
	  "dates" },
};

START_TEST(bad_documents)
{
	const struct bad_row *r = &bad[_i];
	struct err err = { .kind = ERR_NONE };

	ck_assert_msg(read_text(r->text, &err) < 0, "%s", r->name);
	ck_assert_msg(strstr(err.msg, r->says), "%s: %s", r->name, err.msg);
	ck_assert_msg(!l.n && !l.left_out, "%s: nothing is taken from it", r->name);
}
END_TEST

/* ---- the file ---- */

static void file_setup(void)
{
	setup();
	memcpy(folder, FOLDER, sizeof folder);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(state, sizeof state, "%s/state.json", folder);
	snprintf(broken, sizeof broken, "%s/state.json.broken", folder);
	snprintf(other, sizeof other, "%s/state.json.new", folder);
	snprintf(logged, sizeof logged, "%s/log", folder);
}

static void file_teardown(void)
{
	const char *files[] = { state, broken, other, logged };

	for (size_t i = 0; i < 4; i++)
		unlink(files[i]);
	rmdir(state);
	rmdir(folder);
	teardown();
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

/* How many lines were logged that hold this. */
static int lines_with(const char *words)
{
	FILE *f = fopen(logged, "r");
	char line[LOG_LINE_MAX];
	int n = 0;

	while (f && fgets(line, sizeof line, f))
		n += strstr(line, words) != NULL;
	if (f)
		fclose(f);
	return n;
}

static struct log open_log(void)
{
	struct log log;
	int fd = open(logged, O_WRONLY | O_CREAT | O_APPEND, 0600);

	ck_assert_int_ge(fd, 0);
	log_init(&log, fd, "info");
	return log;
}

START_TEST(file_survives)
{
	struct log log = open_log();
	struct learn_keeper k = { .learn = &l, .file = state, .log = &log };
	struct stat st;

	learn_keep_begin(&k);
	learn_keep_tick(&k, 1);
	ck_assert_int_lt(stat(state, &st), 0); /* nothing new: nothing is written */
	note_plain("x", "scale", "coredns");
	learn_keep_tick(&k, 2);
	ck_assert_int_lt(stat(state, &st), 0); /* not at each event */
	learn_keep_tick(&k, 1 + LEARN_SAVE_MS);
	ck_assert_int_eq(stat(state, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	note_plain("y", "scale", "coredns");
	learn_keep_end(&k);
	learn_done(&l);
	setup();
	learn_keep_begin(&k);
	ck_assert_uint_eq(l.n, 2);
	ck_assert(!learn_changed(&l));
	ck_assert_int_eq(lines_with("warn"), 0);
	close(log.fd);
}
END_TEST

START_TEST(file_broken)
{
	struct log log = open_log();
	struct learn_keeper k = { .learn = &l, .file = state, .log = &log };

	put_file(state, DOCUMENT(ROW("x", SOUND) ",{}"));
	learn_keep_begin(&k);
	ck_assert_uint_eq(l.n, 0);
	ck_assert_int_eq(lines_with("set aside"), 1);
	ck_assert_int_eq(access(broken, F_OK), 0);
	ck_assert_int_lt(access(state, F_OK), 0);
	note_plain("x", "scale", "coredns");
	learn_keep_end(&k);
	ck_assert_int_eq(access(state, F_OK), 0);
	close(log.fd);
}
END_TEST

START_TEST(file_too_large)
{
	struct log log = open_log();
	struct learn_keeper k = { .learn = &l, .file = state, .log = &log };

	put_file(state, "{}");
	ck_assert_int_eq(truncate(state, LEARN_FILE_MAX + 1), 0);
	learn_keep_begin(&k);
	ck_assert_int_eq(lines_with("larger than 4 MiB"), 1);
	ck_assert_int_eq(access(broken, F_OK), 0);
	close(log.fd);
}
END_TEST

/* A folder stands where the file should: said once, tried again, and it recovers. */
START_TEST(file_cannot_be_written)
{
	struct log log = open_log();
	struct learn_keeper k = { .learn = &l, .file = state, .log = &log };

	ck_assert_int_eq(mkdir(state, 0700), 0);
	note_plain("x", "scale", "coredns");
	learn_keep_tick(&k, 1);
	learn_keep_tick(&k, 1 + LEARN_SAVE_MS);
	ck_assert_int_eq(lines_with("cannot be written"), 1);
	ck_assert_int_eq(rmdir(state), 0);
	learn_keep_tick(&k, 1 + 2 * LEARN_SAVE_MS);
	ck_assert_int_eq(access(state, F_OK), 0);
	ck_assert_int_lt(access(other, F_OK), 0);
	close(log.fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("learn");
	TCase *table = tcase_create("table"), *files = tcase_create("files");

	tcase_add_checked_fixture(table, setup, teardown);
	tcase_add_loop_test(table, kept, 0, sizeof kepts / sizeof *kepts);
	tcase_add_test(table, counts);
	tcase_add_test(table, rows_are_bounded);
	tcase_add_test(table, bytes_of_names_are_bounded);
	tcase_add_test(table, objects_are_bounded);
	tcase_add_test(table, odd_names_are_counted);
	tcase_add_test(table, there_and_back);
	tcase_add_test(table, documents_add_up);
	tcase_add_test(table, counts_end);
	tcase_add_loop_test(table, bad_documents, 0, sizeof bad / sizeof *bad);
	suite_add_tcase(s, table);
	tcase_add_checked_fixture(files, file_setup, file_teardown);
	tcase_add_test(files, file_survives);
	tcase_add_test(files, file_broken);
	tcase_add_test(files, file_too_large);
	tcase_add_test(files, file_cannot_be_written);
	suite_add_tcase(s, files);
	return run_suite(s);
}
