/* SPDX-License-Identifier: Apache-2.0
 * check_message.c - the limits of DESIGN's section on the answer hold for any
 * findings, and what stands where.
 */
#include <check.h>

#include "lib/base/cleanup.h"
#include "oke/policy.h"
#include "tests/unit/suite.h"

static char wide[3000]; /* 'x' all over: a text as long as one likes */

static struct finding_change changes[FINDING_CHANGES];
static struct finding findings[FINDINGS_MAX];

static struct str long_text(size_t n)
{
	return (struct str){ wide, n };
}

/* Findings whose texts have the given lengths. */
static struct verdict verdict_of(enum action action, size_t n, size_t text, size_t path,
				 size_t value)
{
	memset(wide, 'x', sizeof wide);
	for (size_t i = 0; i < FINDING_CHANGES; i++)
		changes[i] = (struct finding_change){ long_text(path), long_text(value),
						      long_text(value) };
	for (size_t i = 0; i < FINDINGS_MAX; i++)
		findings[i] = (struct finding){ .policy = STR("coredns"),
						.rule = STR("spec"),
						.tier = TIER_UNSUPPORTED,
						.action = action,
						.sentence = long_text(text),
						.changes = changes,
						.changes_n = FINDING_CHANGES,
						.changes_all = 1000000,
						.remedy = long_text(text + i),
						.command = long_text(text + 2 * i),
						.docs = long_text(text / 4) };
	return (struct verdict){ .action = action,
				 .mode = MODE_ENFORCE,
				 .findings = findings,
				 .findings_n = n,
				 .findings_all = n * 10 };
}

static void message_is_printable(struct str s, bool newlines)
{
	for (size_t i = 0; i < s.n; i++)
		ck_assert_msg((s.s[i] >= 0x20 && s.s[i] < 0x7f) || (newlines && s.s[i] == '\n'),
			      "byte %zu is 0x%02x", i, (unsigned char)s.s[i]);
}

static const struct size_case {
	const char *why;
	size_t findings, text, path, value;
} sizes[] = {
	{ "one small finding", 1, 10, 10, 4 },
	{ "the longest texts of one finding", 1, 600, 120, 80 },
	{ "texts longer than any finding has", 1, 2900, 2900, 2900 },
	{ "eight findings", 8, 100, 40, 20 },
	{ "all that are kept", FINDINGS_MAX, 300, 120, 80 },
	{ "all that are kept, short", FINDINGS_MAX, 1, 1, 1 },
};
#define SIZES_N (sizeof sizes / sizeof *sizes)

START_TEST(message_keeps_its_limit)
{
	const struct size_case *c = &sizes[_i];
	struct verdict v = verdict_of(ACTION_DENY, c->findings, c->text, c->path, c->value);
	struct str message;
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	message = verdict_message(&v, &arena);
	ck_assert_msg(message.n > 0 && message.n <= MESSAGE_MAX, "%s: %zu bytes", c->why,
		      message.n);
	ck_assert_msg(memmem(message.s, message.n, "[coredns/spec]", 14), "%s: no id", c->why);
	ck_assert_msg(message.s[message.n - 1] != '\n', "%s: ends in a newline", c->why);
	message_is_printable(message, true);
}
END_TEST

START_TEST(warnings_keep_their_limits)
{
	const struct size_case *c = &sizes[_i];
	struct verdict v = verdict_of(ACTION_WARN, c->findings, c->text, c->path, c->value);
	struct str out[WARNINGS_MAX];
	size_t n, total = 0;
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	n = verdict_warnings(&v, &arena, out);
	ck_assert_msg(n > 0 && n <= WARNINGS_MAX, "%s: %zu lines", c->why, n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(out[i].n && out[i].n <= WARNING_MAX, "%s: %zu bytes", c->why,
			      out[i].n);
		message_is_printable(out[i], false);
		total += out[i].n;
	}
	ck_assert_msg(total <= WARNINGS_TOTAL, "%s: %zu bytes together", c->why, total);
}
END_TEST

START_TEST(annotations_keep_their_limits)
{
	const struct size_case *c = &sizes[_i];
	struct verdict v = verdict_of(ACTION_DENY, c->findings, c->text, c->path, c->value);
	struct annotation out[ANNOTATIONS_MAX];
	size_t n;
	scoped(arena_end) struct arena arena;

	for (size_t i = 0; i < FINDINGS_MAX; i++)
		findings[i].ticket = long_text(c->text + i);
	v.error = long_text(c->text);
	arena_init(&arena, 1u << 20);
	n = verdict_annotations(&v, &arena, out);
	ck_assert_uint_le(n, ANNOTATIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(out[i].value.n && out[i].value.n <= ANNOTATION_MAX, "%s: %s", c->why,
			      out[i].key);
		message_is_printable(out[i].value, false);
	}
}
END_TEST

/* A denial is a denial, also when there is no memory for its words. */
START_TEST(no_memory)
{
	struct verdict v = verdict_of(ACTION_DENY, 3, 100, 10, 10);
	struct str out[WARNINGS_MAX];
	struct annotation all[ANNOTATIONS_MAX];
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 0);
	ck_assert_uint_gt(verdict_message(&v, &arena).n, 0);
	v.action = ACTION_WARN;
	ck_assert_uint_le(verdict_warnings(&v, &arena, out), WARNINGS_MAX);
	ck_assert_uint_ge(verdict_annotations(&v, &arena, all), 1);
}
END_TEST

static struct finding_change replicas[] = { { { "spec.replicas", 13 }, { "3", 1 }, { "5", 1 } } };
static struct finding_change owner[] = {
	{ { "metadata.ownerReferences", 24 }, { "(none)", 6 }, { "[{}]", 4 } }
};

static const struct finding scale = {
	.policy = { "coredns", 7 },
	.rule = { "scale", 5 },
	.tier = TIER_UNSUPPORTED,
	.action = ACTION_DENY,
	.sentence = { "Oracle manages it", 17 },
	.changes = replicas,
	.changes_n = 1,
	.changes_all = 1,
	.remedy = { "set add-on argument minReplica", 30 },
	.command = { "oci ce cluster update-addon", 27 },
	.why = { "https://docs.oracle.com/dns", 27 },
};
static const struct finding orphan = {
	.policy = { "coredns", 7 },
	.rule = { "owner", 5 },
	.tier = TIER_BEST_EFFORT,
	.action = ACTION_WARN,
	.sentence = { "It has an owner", 15 },
	.changes = owner,
	.changes_n = 1,
	.changes_all = 3,
	.remedy = { "There is no supported way.", 26 },
	.why = { "https://docs.oracle.com/dns", 27 },
};

static struct str message_of(const struct finding *list, size_t n, size_t all, struct arena *arena)
{
	struct finding copy[2];
	struct verdict v = {
		.action = ACTION_DENY, .findings = copy, .findings_n = n, .findings_all = all
	};

	memcpy(copy, list, n * sizeof *copy);
	return verdict_message(&v, arena);
}

static void says(struct str got, const char *want)
{
	ck_assert_msg(str_is(got, want), "got:\n%.*s\nwant:\n%s", STR_ARG(got), want);
}

START_TEST(message_layout)
{
	const struct finding both[] = { scale, orphan };
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	says(message_of(both, 1, 1, &arena), "Oracle manages it [coredns/scale]\n"
					     "  spec.replicas: 3 -> 5\n"
					     "Instead: set add-on argument minReplica:\n"
					     "  oci ce cluster update-addon\n"
					     "Why: https://docs.oracle.com/dns");
	says(message_of(both, 2, 7, &arena),
	     "Oracle manages it [coredns/scale]\n"
	     "  spec.replicas: 3 -> 5\n"
	     "It has an owner [coredns/owner]\n"
	     "  metadata.ownerReferences: (none) -> [{}]\n"
	     "  ... and 2 more\n"
	     "... and 5 more findings\n"
	     "[coredns/scale] Instead: set add-on argument minReplica:\n"
	     "  oci ce cluster update-addon\n"
	     "[coredns/owner] There is no supported way.\n"
	     "Why: https://docs.oracle.com/dns");
}
END_TEST

START_TEST(at_most_eight_fields)
{
	struct verdict v = verdict_of(ACTION_DENY, 2, 20, 5, 5);
	struct str message;
	size_t lines = 0;
	scoped(arena_end) struct arena arena;

	v.findings_all = 2;
	arena_init(&arena, 1u << 20);
	message = verdict_message(&v, &arena);
	for (const char *p = message.s; (p = strstr(p, " -> ")); p++)
		lines++;
	ck_assert_uint_eq(lines, FINDING_CHANGES + 1); /* the second finding shows one, too */
	ck_assert_ptr_nonnull(strstr(message.s, "  ... and 999992 more\n"));
}
END_TEST

static size_t count_of(struct str message, const char *what)
{
	size_t n = 0;

	for (const char *p = message.s; (p = strstr(p, what)); p++)
		n++;
	return n;
}

/* However many fit: each finding that is told shows a field or their number, the rest is counted.
 */
START_TEST(what_is_left_out_is_counted)
{
	for (size_t text = 1; text < 1000; text += 7) {
		struct verdict v = verdict_of(ACTION_DENY, 8, text, 20, 20);
		scoped(arena_end) struct arena arena;
		struct str message;
		size_t heads;
		char more[64];

		for (size_t i = 0; i < 8; i++)
			findings[i].remedy = findings[i].command = STR("");
		arena_init(&arena, 1u << 20);
		message = verdict_message(&v, &arena);
		heads = count_of(message, " [coredns/spec]\n");
		snprintf(more, sizeof more, "\n... and %zu more findings\n", 80 - heads);
		ck_assert_msg(heads && count_of(message, " [coredns/spec]\n  ") == heads,
			      "%zu: %.*s", text, STR_ARG(message));
		ck_assert_msg(count_of(message, more) == 1, "%zu, %zu told: %.*s", text, heads,
			      STR_ARG(message));
	}
}
END_TEST

/* However long the remedies are, why and how of the first have their lines. */
START_TEST(links_have_their_room)
{
	struct finding list[8];
	struct verdict v = {
		.action = ACTION_DENY, .findings = list, .findings_n = 8, .findings_all = 8
	};

	memset(wide, 'x', sizeof wide);
	for (size_t n = 1; n < 600; n += 3) {
		scoped(arena_end) struct arena arena;
		struct str message;

		for (size_t i = 0; i < 8; i++) {
			list[i] = scale;
			list[i].remedy = long_text(n + i);
			list[i].command = list[i].why = list[i].docs = STR("");
		}
		list[0].why = STR("https://docs.oracle.com/why-it-is-so-and-not-otherwise");
		list[0].docs = STR("https://docs.oracle.com/how");
		arena_init(&arena, 1u << 20);
		message = verdict_message(&v, &arena);
		ck_assert_msg(count_of(message, "\nWhy: https://docs.oracle.com/why-it-is-so-") ==
				      1,
			      "%zu: %.*s", n, STR_ARG(message));
		ck_assert_msg(count_of(message, "\nHow: https://docs.oracle.com/how") == 1,
			      "%zu: %.*s", n, STR_ARG(message));
	}
}
END_TEST

START_TEST(at_most_eight_findings)
{
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	for (size_t n = 1; n <= 12; n++) {
		struct verdict v = verdict_of(ACTION_DENY, n, 1, 1, 1);
		struct str message;

		v.findings_all = n;
		message = verdict_message(&v, &arena);
		ck_assert_uint_eq(count_of(message, " [coredns/spec]\n"), n < 8 ? n : 8);
		ck_assert_uint_eq(count_of(message, " more findings\n"), n > 8);
	}
}
END_TEST

/* A warning is a line of 200 bytes: of several changes as many stand there as fit. */
START_TEST(a_warning_shows_as_many_fields_as_fit)
{
	struct finding_change many[FINDING_CHANGES];
	struct finding list[] = { scale };
	struct verdict v = {
		.action = ACTION_WARN, .findings = list, .findings_n = 1, .findings_all = 1
	};
	struct str out[WARNINGS_MAX];
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	for (size_t i = 0; i < FINDING_CHANGES; i++)
		many[i] = replicas[0];
	list[0].action = ACTION_WARN;
	list[0].changes = many;
	list[0].changes_all = list[0].changes_n = 2;
	verdict_warnings(&v, &arena, out);
	says(out[1], "spec.replicas: 3 -> 5; spec.replicas: 3 -> 5");
	list[0].changes_n = FINDING_CHANGES;
	list[0].changes_all = 20;
	verdict_warnings(&v, &arena, out);
	says(out[1], "spec.replicas: 3 -> 5; spec.replicas: 3 -> 5; spec.replicas: 3 -> 5; "
		     "spec.replicas: 3 -> 5; spec.replicas: 3 -> 5; spec.replicas: 3 -> 5; "
		     "spec.replicas: 3 -> 5; spec.replicas: 3 -> 5 (and 12 more)");
	many[1].from = long_text(180);
	verdict_warnings(&v, &arena, out);
	says(out[1], "spec.replicas: 3 -> 5 (and 19 more)");
	many[0].from = long_text(190);
	verdict_warnings(&v, &arena, out);
	says(out[1], "spec.replicas (and 19 more)");
}
END_TEST

/* Each finding has a line; where there are more, the last but the note counts them. */
START_TEST(as_many_lines_as_there_may_be)
{
	for (size_t n = 1; n <= WARNINGS_MAX + 2; n++)
		for (size_t note = 0; note < 2; note++) {
			struct verdict v = verdict_of(ACTION_WARN, n, 10, 1, 1);
			bool fits = n + note <= WARNINGS_MAX;
			size_t shown = fits ? n : WARNINGS_MAX - 1 - note, told = 0, lines;
			struct str out[WARNINGS_MAX];
			scoped(arena_end) struct arena arena;
			char more[64];

			arena_init(&arena, 1u << 20);
			v.findings_all = n;
			v.note = note ? STR("note") : STR("");
			lines = verdict_warnings(&v, &arena, out);
			for (size_t i = 0; i < lines; i++)
				told += count_of(out[i], " [coredns/spec]");
			ck_assert_msg(told == shown, "%zu findings, %zu note: %zu", n, note, told);
			ck_assert_uint_eq(lines, n < 2 ? lines : WARNINGS_MAX);
			snprintf(more, sizeof more, "... and %zu more findings", n - shown);
			if (note)
				says(out[lines - 1], "note");
			if (!fits)
				says(out[lines - 1 - note], more);
		}
}
END_TEST

/* A list of exactly the bytes that an annotation may have is whole. */
START_TEST(an_annotation_may_be_full)
{
	struct finding_change two[2] = { { .path = long_text(1000) } };
	struct finding f = { .tier = TIER_UNSUPPORTED, .action = ACTION_DENY, .changes = two };
	struct verdict v = {
		.action = ACTION_DENY, .findings = &f, .findings_n = 1, .findings_all = 1
	};
	struct annotation out[ANNOTATIONS_MAX];
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	verdict_of(ACTION_DENY, 0, 1, 1, 1);
	f.changes_n = 2;
	for (size_t more = 0; more < 2; more++) {
		size_t n;

		two[1].path = long_text(ANNOTATION_MAX - 1000 - 2 + more);
		n = verdict_annotations(&v, &arena, out);
		for (size_t i = 0; i < n; i++)
			if (!strcmp(out[i].key, "paths"))
				ck_assert_uint_eq(out[i].value.n, more ? 1000 : ANNOTATION_MAX);
	}
}
END_TEST

START_TEST(audit_findings_are_not_shown)
{
	struct finding list[] = { scale, orphan };
	struct verdict v = {
		.action = ACTION_WARN, .findings = list, .findings_n = 2, .findings_all = 2
	};
	struct str out[WARNINGS_MAX];
	struct annotation all[ANNOTATIONS_MAX];
	size_t n;
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	list[0].action = ACTION_WARN;
	list[1].action = ACTION_AUDIT;
	n = verdict_warnings(&v, &arena, out);
	ck_assert_uint_eq(n, 5);
	says(out[0], "Oracle manages it [coredns/scale]");
	says(out[1], "spec.replicas: 3 -> 5");
	says(out[2], "Instead: set add-on argument minReplica");
	says(out[3], "oci ce cluster update-addon");
	says(out[4], "Why: https://docs.oracle.com/dns");
	ck_assert_uint_eq(verdict_annotations(&v, &arena, all), 5);
	says(all[0].value, "warn");
	says(all[1].value, "coredns/scale, coredns/owner");
	says(all[2].value, "unsupported, best-effort");
	says(all[3].value, "spec.replicas, metadata.ownerReferences");
	says(all[4].value, "audit");
	v.action = ACTION_DENY;
	ck_assert_uint_eq(verdict_warnings(&v, &arena, out), 0);
}
END_TEST

START_TEST(nothing_to_say)
{
	struct verdict v = { .action = ACTION_ALLOW };
	struct str out[WARNINGS_MAX];
	struct annotation all[ANNOTATIONS_MAX];
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	ck_assert_uint_eq(verdict_warnings(&v, &arena, out), 0);
	ck_assert_uint_eq(verdict_annotations(&v, &arena, all), 0);
	v.error = STR("byte 3: no value");
	ck_assert_uint_eq(verdict_annotations(&v, &arena, all), 3);
	says(all[0].value, "allow");
	ck_assert_str_eq(all[2].key, "error");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("message");
	TCase *tc = tcase_create("message");

	tcase_add_loop_test(tc, message_keeps_its_limit, 0, SIZES_N);
	tcase_add_loop_test(tc, warnings_keep_their_limits, 0, SIZES_N);
	tcase_add_loop_test(tc, annotations_keep_their_limits, 0, SIZES_N);
	tcase_add_test(tc, no_memory);
	tcase_add_test(tc, message_layout);
	tcase_add_test(tc, at_most_eight_fields);
	tcase_add_test(tc, what_is_left_out_is_counted);
	tcase_add_test(tc, links_have_their_room);
	tcase_add_test(tc, at_most_eight_findings);
	tcase_add_test(tc, a_warning_shows_as_many_fields_as_fit);
	tcase_add_test(tc, as_many_lines_as_there_may_be);
	tcase_add_test(tc, an_annotation_may_be_full);
	tcase_add_test(tc, audit_findings_are_not_shown);
	tcase_add_test(tc, nothing_to_say);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
