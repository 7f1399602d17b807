/* SPDX-License-Identifier: Apache-2.0
 * check_track.c - an object beside one that is much alike ends where it would end alone.
 */
#include "lib/json/json.h"

#include "tests/unit/parsed.h"
#include "tests/unit/chance.h"
#include "tests/unit/suite.h"

#define TEXT_MAX 4096

/* A body whose object begins at its first byte, in as many bytes as it has, for the sanitizers. */
struct body {
	char *s;
	size_t n;
};

static struct body body_of(const char *text, size_t n)
{
	struct body b = { malloc(n ? n : 1), n };

	ck_assert_ptr_nonnull(b.s);
	memcpy(b.s, text, n);
	return b;
}

static struct str body_text(struct body b)
{
	return (struct str){ b.s, b.n };
}

static struct json_member member_at(struct str input)
{
	return (struct json_member){ .value = input };
}

/* No JSON has a backslash outside a string: what ends where is not said then. */
static bool is_told(const char *text, size_t n)
{
	bool inside = false;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '"')
			inside = !inside;
		else if (text[i] == '\\' && !inside)
			return false;
		else if (text[i] == '\\')
			i++;
	}
	return true;
}

/*
 * The second beside the first ends as it does alone, and the first as if nothing were noted of it;
 * or, where that is not said, within its bytes.
 */
static void beside(const char *first, size_t first_n, const char *second, size_t second_n)
{
	struct body a = body_of(first, first_n), b = body_of(second, second_n);
	struct json_member ma = member_at(body_text(a)), alone_a = ma;
	struct json_member mb = member_at(body_text(b)), alone_b = mb;
	struct json_track *track = malloc(sizeof *track);
	bool told = is_told(first, first_n) && is_told(second, second_n), ends;

	ck_assert_ptr_nonnull(track);
	ends = json_skim_value(body_text(a), &alone_a);
	ck_assert(json_skim_tracked(body_text(a), &ma, track) == ends);
	ck_assert(!ends || ma.next == alone_a.next);
	ck_assert(ends || !track->n);
	ends = json_skim_beside(body_text(b), &mb, track);
	ck_assert(!ends || (mb.value.n <= second_n && mb.next == b.s + mb.value.n));
	ck_assert_msg(!told || json_skim_value(body_text(b), &alone_b) == ends, "%.*s beside %.*s",
		      (int)second_n, second, (int)first_n, first);
	ck_assert_msg(!told || !ends || mb.next == alone_b.next, "%.*s beside %.*s", (int)second_n,
		      second, (int)first_n, first);
	free(track);
	free(a.s);
	free(b.s);
}

/* ---- chosen ---- */

#define LONG   "\"text\":\"abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz abcdefghijklmnop\""
#define LONG_8 LONG LONG LONG LONG LONG LONG LONG LONG
#define AHEAD  "{" LONG "," LONG ",\"list\":[{\"a\":1},{\"b\":[2,3]}],"
#define BEHIND ",\"dryRun\":false,\"options\":{\"kind\":\"UpdateOptions\"}}}\n"
#define FAR    ",\"a\":[" LONG_8 LONG_8 "]}"
#define MORE   "\"u\":{\"w\":[1,2,{\"x\":3}]},"
#define TAIL   "," LONG ",\"more\":{\"x\":{\"y\":[1,2,{\"z\":\"}\"}]}}," LONG "," LONG "}"

static const struct beside_case {
	const char *name, *first, *second;
} besides[] = {
	{ "the same", AHEAD "\"v\":1" TAIL, AHEAD "\"v\":1" TAIL },
	{ "another number", AHEAD "\"v\":1" TAIL, AHEAD "\"v\":2" TAIL },
	{ "a longer number", AHEAD "\"v\":9" TAIL, AHEAD "\"v\":10" TAIL },
	{ "a longer string", AHEAD "\"v\":\"a\"" TAIL, AHEAD "\"v\":\"a-2\"" TAIL },
	{ "a shorter string", AHEAD "\"v\":\"a-2\"" TAIL, AHEAD "\"v\":\"a\"" TAIL },
	{ "a bracket in a string", AHEAD "\"v\":\"a\"" TAIL, AHEAD "\"v\":\"}\"" TAIL },
	{ "a quote with an escape", AHEAD "\"v\":\"a\"" TAIL, AHEAD "\"v\":\"a\\\"b\"" TAIL },
	{ "the end of an escape", AHEAD "\"v\":\"a\\\\\"" TAIL, AHEAD "\"v\":\"a\\\\\\\\\"" TAIL },
	{ "a string that goes on", AHEAD "\"v\":\"a\\\\\"" TAIL, AHEAD "\"v\":\"a\\\"" TAIL },
	{ "a member more", AHEAD "\"v\":1" TAIL, AHEAD "\"u\":{\"w\":[]},\"v\":1" TAIL },
	{ "a member less", AHEAD "\"u\":{\"w\":[]},\"v\":1" TAIL, AHEAD "\"v\":1" TAIL },
	{ "a member more, and the request behind", AHEAD "\"v\":1" TAIL,
	  AHEAD MORE "\"v\":1" TAIL BEHIND },
	{ "a member less, and the request behind", AHEAD MORE "\"v\":1" TAIL,
	  AHEAD "\"v\":1" TAIL BEHIND },
	{ "a member more, and much behind", AHEAD "\"v\":1" TAIL, AHEAD MORE "\"v\":1" TAIL FAR },
	{ "a member more, and the same end once more behind", AHEAD "\"v\":1" TAIL,
	  AHEAD MORE "\"v\":1" TAIL "," AHEAD "\"v\":1" TAIL },
	{ "a member more, and only an end of another one is alike", AHEAD "\"v\":1" TAIL,
	  AHEAD MORE "\"v\":1}," AHEAD "\"v\":1" TAIL },
	{ "members more and less", AHEAD "\"v\":1," MORE LONG TAIL,
	  AHEAD MORE "\"v\":1," LONG TAIL BEHIND },
	{ "a string less that is closed", AHEAD "\"u\":\"{\",\"v\":1" TAIL,
	  AHEAD "\"v\":1" TAIL BEHIND },
	{ "a string that takes in the end", AHEAD "\"v\":1" TAIL,
	  AHEAD MORE "\"v\":\"1" TAIL BEHIND },
	{ "deeper by a member that is not closed", AHEAD "\"v\":1" TAIL,
	  AHEAD MORE "\"w\":{\"v\":1" TAIL BEHIND },
	{ "deeper, and closed behind", AHEAD "\"v\":1" TAIL,
	  AHEAD MORE "\"w\":[{\"v\":1" TAIL "]}" BEHIND },
	{ "a short end that is alike", AHEAD "\"v\":1}", AHEAD MORE "\"v\":1}" BEHIND },
	{ "a short object, and the same end behind", "{\"v\":1}", "{" MORE "\"v\":1}" TAIL },
	{ "no more than an end", AHEAD "\"v\":1" TAIL, "{" MORE "\"v\":1" TAIL BEHIND },
	{ "deeper by a brace", AHEAD "\"v\":1" TAIL, AHEAD "\"v\":{" TAIL "}" },
	{ "closed before", AHEAD "\"v\":1" TAIL, AHEAD "\"v\":1}," LONG TAIL },
	{ "closed at once", AHEAD "\"v\":1" TAIL, "{}," TAIL },
	{ "as an end of the other", AHEAD "\"v\":1" TAIL, AHEAD },
	{ "short ones", "{\"a\":1}", "{\"a\":2}" },
	{ "no object", AHEAD "\"v\":1" TAIL, "[1,2]" },
	{ "beside no object", "null", AHEAD "\"v\":1" TAIL },
	{ "beside one that does not end", AHEAD, AHEAD "\"v\":1" TAIL },
	{ "nothing", AHEAD "\"v\":1" TAIL, "" },
};

START_TEST(beside_another)
{
	const struct beside_case *c = &besides[_i];
	size_t first = strlen(c->first), second = strlen(c->second);

	beside(c->first, first, c->second, second);
	for (size_t cut = 0; cut <= second; cut++)
		beside(c->first, first, c->second, cut);
}
END_TEST

/* ---- made by chance, always the same ---- */

/* What opens, closes and hides, and what is long enough to be alike. */
static const char *const pieces[] = {
	"{",
	"}",
	"[",
	"]",
	"\"",
	"\"\\\\\\\"\"",
	"\\",
	",",
	"\"k\":",
	"\"a\\\\\"",
	"\"f:name\":{}",
	"{\"",
	"1",
	"}}}",
	"\"}\"",
	LONG,
	LONG,
	"{\"k\":[{\"name\":\"a\",\"image\":\"registry.example/app:1\"}]}",
};

static size_t made_text(uint64_t *state, char *text, size_t room)
{
	size_t n = 0;

	text[n++] = '{';
	for (size_t i = chance(state, 60); i; i--) {
		const char *piece = pieces[chance(state, sizeof pieces / sizeof *pieces)];

		if (n + strlen(piece) < room) {
			memcpy(text + n, piece, strlen(piece));
			n += strlen(piece);
		}
	}
	return n;
}

/* Bytes are taken out, put in or written over, in a few places. */
static size_t made_copy(uint64_t *state, const char *from, size_t n, char *to)
{
	memcpy(to, from, n);
	for (size_t i = chance(state, 5); i && n > 1; i--) {
		const char *piece = pieces[chance(state, sizeof pieces / sizeof *pieces)];
		size_t at = 1 + chance(state, n - 1),
		       gone = chance(state, 3) ? chance(state, 20) : 0;
		size_t put = chance(state, 3) ? strlen(piece) : 0;

		gone = gone < n - at ? gone : n - at;
		memmove(to + at + put, to + at + gone, n - at - gone);
		memcpy(to + at, piece, put);
		n += put - gone;
	}
	return n;
}

/* What stands behind the second: nothing, members of a request, or an end of the first once more.
 */
static size_t made_behind(uint64_t *state, const char *from, size_t n, char *to)
{
	size_t kind = chance(state, 3), at = chance(state, n);

	if (kind == 1)
		memcpy(to, BEHIND, sizeof BEHIND - 1);
	else if (kind == 2)
		memcpy(to, from + at, n - at);
	return kind == 1 ? sizeof BEHIND - 1 : kind == 2 ? n - at : 0;
}

START_TEST(beside_by_chance)
{
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)_i;
	char first[TEXT_MAX], second[3 * TEXT_MAX];
	int told = 0;

	for (int i = 0; i < 4000; i++) {
		size_t n = made_text(&state, first, TEXT_MAX), copy_n;
		size_t depth = chance(&state, 12);

		while (depth-- && n < TEXT_MAX)
			first[n++] = '}';
		copy_n = made_copy(&state, first, n, second);
		copy_n += made_behind(&state, first, n, second + copy_n);
		beside(first, n, second, copy_n);
		told += is_told(first, n) && is_told(second, copy_n);
	}
	ck_assert_int_gt(told, 100);
}
END_TEST

/* ---- longer than what is tracked ---- */

START_TEST(beside_a_long_one)
{
	size_t room = 2u * 64 * JSON_TRACK_MAX, at[] = { room / 4, room / 2, room - 200 };
	char *first = malloc(room + 8), *second = malloc(room + 8);
	size_t n = 1;

	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(second);
	first[0] = '{';
	while (n < room - sizeof LONG) {
		memcpy(first + n, LONG ",", sizeof LONG);
		n += sizeof LONG;
	}
	memcpy(first + n, "\"a\":{}}}}", 9);
	n += 9;
	beside(first, n, first, n);
	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		memcpy(second, first, n);
		memmove(second + at[i] + 1, second + at[i], n - at[i] - 1);
		second[at[i]] = '!';
		beside(first, n, second, n);
		second[at[i]] = '"';
		beside(first, n, second, n);
	}
	free(first);
	free(second);
}
END_TEST

/* Without a note nothing is tracked, and what was noted before is forgotten. */
START_TEST(tracked_or_not)
{
	static struct json_track track;
	struct str object = STR(AHEAD "\"v\":1" TAIL), other = STR("[]");
	struct json_member m = member_at(object);

	ck_assert(json_skim_tracked(object, &m, NULL));
	ck_assert_uint_eq(m.value.n, object.n);
	m = member_at(object);
	ck_assert(json_skim_tracked(object, &m, &track));
	ck_assert_uint_eq(track.n, (object.n - 1) / 64);
	m = member_at(other);
	ck_assert(json_skim_tracked(other, &m, &track));
	ck_assert_uint_eq(track.n, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("track");
	TCase *tc = tcase_create("track");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, beside_another, 0, ROWS(besides));
	tcase_add_loop_test(tc, beside_by_chance, 0, 10);
	tcase_add_test(tc, beside_a_long_one);
	tcase_add_test(tc, tracked_or_not);
	return run_suite(suite);
}
