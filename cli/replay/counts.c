/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay/counts.h"

#include <stdlib.h>

#include "lib/json/json.h"

static const struct {
	const char *key, *words;
	bool fatal;
} counts[COUNTS] = {
	[COUNT_FILES] = { "files", "files", false },
	[COUNT_BYTES] = { "bytes", "bytes", false },
	[COUNT_LINES] = { "lines", "lines", false },
	[COUNT_EVENTS] = { "events", "events", false },
	[COUNT_UNFINISHED] = { "otherStages", "other stages of the same requests", false },
	[COUNT_READS] = { "reads", "reads", false },
	[COUNT_NO_OBJECT] = { "noObject", "not about an object", false },
	[COUNT_WRITES] = { "writes", "writes", false },
	[COUNT_METADATA] = { "levelMetadata", "at level Metadata", false },
	[COUNT_REQUEST] = { "levelRequest", "at level Request", false },
	[COUNT_RESPONSE] = { "levelRequestResponse", "at level RequestResponse", false },
	[COUNT_TRUNCATED] = { "truncated", "truncated", false },
	[COUNT_UNCONCERNED] = { "unconcerned", "of objects that no policy names", false },
	[COUNT_UNSEEN] = { "featuresUnseen", "whose use of features the level does not show",
			   false },
	[COUNT_KEPT] = { "judged", "judged", false },
	[COUNT_REVIEWS] = { "reviews", "AdmissionReviews", false },
	[COUNT_DECISIONS] = { "decisions", "lines of the guard's own log", false },
	[COUNT_BAD_JSON] = { "badJson", "lines that are no JSON, or are cut", true },
	[COUNT_BAD_EVENT] = { "badEvents", "events that cannot be read", true },
	[COUNT_FOREIGN] = { "otherVersions", "events of other versions than audit.k8s.io/v1",
			    true },
	[COUNT_NO_EVENT] = { "noEvent", "lines of JSON without an event", false },
	[COUNT_TOO_LONG] = { "tooLong", "lines longer than 8 MiB", true },
	[COUNT_NUL] = { "nul", "lines with NUL bytes", true },
	[COUNT_CRLF] = { "crlf", "lines that end with CR LF", false },
	[COUNT_STEPS] = { "clockSteps", "times that lie more than a minute before the line above",
			  false },
	[COUNT_BAD_FILE] = { "badFiles", "files that cannot be read to their end", true },
};

const char *replay_count_key(enum replay_count c)
{
	return counts[c].key;
}

const char *replay_count_words(enum replay_count c)
{
	return counts[c].words;
}

bool replay_count_is_fatal(enum replay_count c)
{
	return counts[c].fatal;
}

/* ---- problems, sorted by file and line ---- */

static int problem_compare(const struct replay_problem *a, const struct replay_problem *b)
{
	int order = strcmp(a->file, b->file);

	if (!order && a->line != b->line)
		order = a->line < b->line ? -1 : 1;
	return order ? order : strcmp(a->text, b->text);
}

static void problem_keep(struct replay_counts *c, const struct replay_problem *p)
{
	size_t at = c->problems_n;

	while (at && problem_compare(p, &c->problems[at - 1]) < 0)
		at--;
	if (at == PROBLEMS_MAX)
		return;
	if (c->problems_n == PROBLEMS_MAX)
		c->problems_n--;
	memmove(c->problems + at + 1, c->problems + at, (c->problems_n - at) * sizeof *p);
	c->problems[at] = *p;
	c->problems_n++;
}

void replay_problem_add(struct replay_counts *c, enum replay_count kind, const char *file,
			uint64_t line, const char *text)
{
	struct replay_problem p = { .line = line };

	snprintf(p.file, sizeof p.file, "%s", file);
	snprintf(p.text, sizeof p.text, "%s", text);
	c->n[kind]++;
	problem_keep(c, &p);
}

bool replay_counts_strict(const struct replay_counts *c)
{
	for (size_t i = COUNT_PROBLEMS; i < COUNTS; i++)
		if (counts[i].fatal && c->n[i])
			return true;
	return false;
}

/* ---- times: of one format, so their texts are in their order ---- */

void replay_counts_time(struct replay_counts *c, struct str raw)
{
	if (raw.n < 20 || raw.n >= sizeof c->first || raw.s[raw.n - 1] != 'Z')
		return;
	if (!c->first[0] || strncmp(raw.s, c->first, raw.n) < 0)
		snprintf(c->first, sizeof c->first, "%.*s", (int)raw.n, raw.s);
	if (!c->last[0] || strncmp(raw.s, c->last, raw.n) > 0)
		snprintf(c->last, sizeof c->last, "%.*s", (int)raw.n, raw.s);
}

void replay_counts_add(struct replay_counts *to, const struct replay_counts *from)
{
	for (size_t i = 0; i < COUNTS; i++)
		to->n[i] += from->n[i];
	replay_counts_time(to, str_of(from->first));
	replay_counts_time(to, str_of(from->last));
	for (size_t i = 0; i < from->problems_n; i++)
		problem_keep(to, &from->problems[i]);
	to->interrupted = to->interrupted || from->interrupted;
}

/* ---- as JSON ---- */

static void put_string(struct text *out, const char *key, const char *z)
{
	text_printf(out, "\"%s\":", key);
	json_quote(str_of(z), out);
}

void replay_counts_print(const struct replay_counts *c, struct text *out)
{
	text_puts(out, "\"counts\":{");
	for (size_t i = 0; i < COUNTS; i++)
		text_printf(out, "%s\"%s\":%llu", i ? "," : "", counts[i].key,
			    (unsigned long long)c->n[i]);
	text_puts(out, "},");
	put_string(out, "first", c->first);
	text_puts(out, ",");
	put_string(out, "last", c->last);
	text_printf(out, ",\"interrupted\":%s,\"problems\":[", c->interrupted ? "true" : "false");
	for (size_t i = 0; i < c->problems_n; i++) {
		text_puts(out, i ? ",{" : "{");
		put_string(out, "file", c->problems[i].file);
		text_printf(out, ",\"line\":%llu,", (unsigned long long)c->problems[i].line);
		put_string(out, "text", c->problems[i].text);
		text_puts(out, "}");
	}
	text_puts(out, "]");
}

static int read_number(const struct json *v, uint64_t *out)
{
	struct str s = json_str(v);

	*out = 0;
	if (!v || v->type != JSON_NUMBER || s.n > 18)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return -1;
		*out = 10 * *out + (uint64_t)(s.s[i] - '0');
	}
	return 0;
}

static int read_text(const struct json *v, char *out, size_t room)
{
	struct str s = json_str(v);

	if (!v || v->type != JSON_STRING || s.n >= room || (s.n && memchr(s.s, '\0', s.n)))
		return -1;
	snprintf(out, room, "%.*s", (int)s.n, s.s ? s.s : "");
	return 0;
}

static int read_problems(const struct json *list, struct replay_counts *out)
{
	if (!list || list->type != JSON_ARRAY)
		return -1;
	for (const struct json *i = list->child; i; i = i->next) {
		struct replay_problem p;

		if (read_text(json_get(i, STR("file")), p.file, sizeof p.file) < 0 ||
		    read_text(json_get(i, STR("text")), p.text, sizeof p.text) < 0 ||
		    read_number(json_get(i, STR("line")), &p.line) < 0)
			return -1;
		problem_keep(out, &p);
	}
	return 0;
}

int replay_counts_read(const struct json *root, struct replay_counts *out)
{
	const struct json *all = json_get(root, STR("counts"));
	const struct json *interrupted = json_get(root, STR("interrupted"));
	struct replay_counts c = { .problems_n = 0 };

	for (size_t i = 0; i < COUNTS; i++)
		if (read_number(json_get(all, str_of(counts[i].key)), &c.n[i]) < 0)
			return -1;
	if (read_text(json_get(root, STR("first")), c.first, sizeof c.first) < 0 ||
	    read_text(json_get(root, STR("last")), c.last, sizeof c.last) < 0 || !interrupted ||
	    read_problems(json_get(root, STR("problems")), &c) < 0)
		return -1;
	c.interrupted = interrupted->type == JSON_TRUE;
	*out = c;
	return 0;
}
