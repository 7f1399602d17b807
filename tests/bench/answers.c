/* SPDX-License-Identifier: Apache-2.0
 * answers.c - what is answered to reviews and to what chance makes of them, as numbers to compare.
 *
 * usage: answers TIMES LIST REVIEWS... prints, for each review that was made, a number of its
 * answer, its status, whether all of it is JSON and whether it is denied. The same arguments
 * give the same reviews, whatever the program was built from: answers.sh runs it of two commits.
 * LIST holds names, one a line: those of gated fields and other words are put where names and
 * values stand. Each is judged as in one minor of Kubernetes, in turn. With --show N the review of
 * that number is printed instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "webhook/handler.h"

#define BODY_MAX   (1u << 20)
#define WORDS_MAX  2048
#define MINOR_LAST 38
#define MINORS     9
#define NOW        INT64_C(1800000000)

struct made {
	char text[BODY_MAX];
	size_t n;
};

static uint64_t state;
static char words[WORDS_MAX][96];
static size_t words_n;

static size_t chance(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state >> 11) % n;
}

static void answers_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	(void)error;
	fprintf(stderr, "answers: %s\n", text);
}

/* ---- what chance does ---- */

static void made_put(struct made *m, size_t at, size_t gone, const char *text, size_t n)
{
	if (at + gone > m->n || m->n - gone + n >= sizeof m->text)
		return;
	memmove(m->text + at + n, m->text + at + gone, m->n - at - gone);
	memcpy(m->text + at, text, n);
	m->n = m->n - gone + n;
}

/* A place in or behind the objects: chance finds it, then the byte from there on. */
static size_t made_find(const struct made *m, char c)
{
	const char *objects = memmem(m->text, m->n, "\"object\":", 9);
	size_t from = objects ? (size_t)(objects - m->text) : 0, at = from + chance(m->n - from);
	const char *found = memchr(m->text + at, c, m->n - at);

	return found ? (size_t)(found - m->text) : m->n;
}

static const char *any_word(void)
{
	return words[chance(words_n)];
}

/* The text of a string becomes another; often it is the name of a member. */
static void change_string(struct made *m)
{
	size_t at = made_find(m, '"') + 1;
	const char *end = at < m->n ? memchr(m->text + at, '"', m->n - at) : NULL;
	const char *word = any_word();

	if (end)
		made_put(m, at, (size_t)(end - m->text) - at, word, strlen(word));
}

static void change_member(struct made *m)
{
	static const char *const values[] = { "{}",        "[]",        "null",
					      "true",      "false",     "1",
					      "\"Gt\"",    "\"Never\"", "[{\"user\":1}]",
					      "{\"a\":{}}" };
	size_t at = made_find(m, '{') + 1;
	char text[256];
	bool managed = !chance(4), string = !chance(3);
	int n = snprintf(text, sizeof text, "\"%s%s\":%s%s%s", managed ? "f:" : "", any_word(),
			 string ? "\"" : "", string ? any_word() : values[chance(10)],
			 string ? "\"" : "");

	if (at < m->n && m->text[at] != '}')
		text[n++] = ',';
	if (at < m->n)
		made_put(m, at, 0, text, (size_t)n);
}

/*
 * Behind the object that begins at p, or NULL. Byte by byte and not as the library does it: what
 * is made must not hang on what is judged.
 */
static const char *made_end(const char *p, const char *end)
{
	bool inside = false, escape = false;
	size_t depth = 0;

	for (; p < end; p++) {
		if (*p == '"' && !escape)
			inside = !inside;
		else if (!inside && (*p == '{' || *p == '['))
			depth++;
		else if (!inside && depth && (*p == '}' || *p == ']') && !--depth)
			return p + 1;
		escape = *p == '\\' && !escape;
	}
	return NULL;
}

/* Two values change places with their commas: what stands in one list stands in another. */
static void change_copy(struct made *m)
{
	static char kept[4096];
	size_t from = made_find(m, '{'), to = made_find(m, '{');
	const char *end = from < m->n ? made_end(m->text + from, m->text + m->n) : NULL;
	const char *gone = to < m->n ? made_end(m->text + to, m->text + m->n) : NULL;
	size_t n = end ? (size_t)(end - m->text) - from : sizeof kept;

	if (n >= sizeof kept || !gone)
		return;
	memcpy(kept, m->text + from, n);
	made_put(m, to, (size_t)(gone - m->text) - to, kept, n);
}

static void change_operation(struct made *m)
{
	static const char *const names[] = { "UPDATE", "CREATE", "DELETE" };
	const char *at = memmem(m->text, m->n, "\"operation\":\"", 13);

	if (at)
		made_put(m, (size_t)(at - m->text) + 13, 6, names[chance(3)], 6);
}

/* A letter as an escape, or a byte as any other. */
static void change_byte(struct made *m)
{
	size_t at = made_find(m, '"') + 1 + chance(4);
	char text[8];

	if (at >= m->n)
		return;
	if (chance(3)) {
		snprintf(text, sizeof text, "\\u%04x", (unsigned char)m->text[at]);
		made_put(m, at, 1, text, 6);
	} else {
		m->text[at] = (char)chance(256);
	}
}

static void made_change(struct made *m)
{
	static void (*const changes[])(
		struct made *) = { change_string, change_member,    change_member, change_copy,
				   change_copy,   change_operation, change_byte };

	for (size_t n = 1 + chance(4); n; n--)
		changes[chance(sizeof changes / sizeof *changes)](m);
}

/* ---- judging ---- */

static uint64_t answers_number(const char *text, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return h;
}

static bool is_readable(struct str text)
{
	scoped(arena_end) struct arena arena;
	struct err ignored;

	arena_init(&arena, HANDLER_ARENA_MAX);
	return json_parse(text, NULL, &arena, &ignored) != NULL;
}

static void answers_judge(const struct policy_set *set, struct str body)
{
	scoped(arena_end) struct arena arena;
	struct answer a;

	arena_init(&arena, HANDLER_ARENA_MAX);
	handler_answer(set, POLICIES_ALL, body, NOW, &arena, NULL, &a);
	printf("%016" PRIx64 " %u %d %d\n", answers_number(a.body ? a.body : "", a.len), a.status,
	       is_readable(body), a.verdict.action == ACTION_DENY);
	answer_done(&a);
}

/* "review": {...} at the end of a line. */
static bool answers_review(const char *line, struct made *m)
{
	const char *at = strstr(line, "\"review\": "), *end = strrchr(line, '}');
	size_t n = at && end > at + 10 ? (size_t)(end - at) - 10 : 0;

	if (!n || n >= sizeof m->text)
		return false;
	memcpy(m->text, at + 10, n);
	m->n = n;
	return true;
}

struct answers {
	struct policy_set *sets[MINORS];
	size_t times, show, number;
};

static void answers_of(struct answers *a, const struct made *from)
{
	static struct made m;

	for (size_t i = 0; i < a->times; i++) {
		size_t number = ++a->number;

		m.n = from->n;
		memcpy(m.text, from->text, from->n);
		if (i >= MINORS)
			made_change(&m);
		if (!a->show)
			answers_judge(a->sets[i % MINORS], (struct str){ m.text, m.n });
		else if (a->show == number)
			printf("%.*s\n", (int)m.n, m.text);
	}
}

static void answers_file(struct answers *a, const char *path)
{
	static struct made m;
	scoped(file_end) FILE *f = fopen(path, "re");
	scoped(free_end) char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0)
		if (answers_review(line, &m))
			answers_of(a, &m);
}

static bool answers_words(const char *path)
{
	scoped(file_end) FILE *f = fopen(path, "re");

	while (f && words_n < WORDS_MAX && fgets(words[words_n], sizeof *words, f)) {
		words[words_n][strcspn(words[words_n], "\n")] = '\0';
		words_n++;
	}
	return words_n > 0;
}

int main(int argc, char **argv)
{
	struct policy_report report = { .message = answers_message };
	struct answers a = { .number = 0 };
	char version[MINORS][16];

	if (argc > 2 && !strcmp(argv[1], "--show")) {
		a.show = strtoul(argv[2], NULL, 10);
		argv += 2;
		argc -= 2;
	}
	if (argc < 4 || !answers_words(argv[2])) {
		fputs("usage: answers [--show N] TIMES LIST REVIEWS...\n", stderr);
		return 2;
	}
	state = UINT64_C(88172645463325252);
	a.times = strtoul(argv[1], NULL, 10);
	for (unsigned i = 0; i < MINORS; i++) {
		struct policy_source source = { .kubernetes = version[i] };

		snprintf(version[i], sizeof *version, "1.%u", MINOR_LAST - i);
		if (!(a.sets[i] = policy_set_new(&source, &report)))
			return 2;
	}
	for (int i = 3; i < argc; i++)
		answers_file(&a, argv[i]);
	for (unsigned i = 0; i < MINORS; i++)
		policy_set_unref(a.sets[i]);
	return 0;
}
