/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/replay/review.h"
#include "lib/unpack/lines.h"
#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "policy/replay/compact.h"
#include "policy/replay/judge.h"

#define EVENT_ARENA (48u << 20) /* of a write: its compact form, and what is parsed of it */
#define STEP_BACK   60000000    /* microseconds */

/* A file on its way. */
struct scanning {
	struct replay_scan *s;
	const char *file;
	uint64_t line; /* where the record began */
	struct err *err;
	char done[40]; /* stageTimestamp of the event before, raw */
	/* JSON over several lines, until its brackets are closed: */
	char *record;
	size_t n, room, depth;
	uint64_t record_line;
};

static void scan_problem(struct scanning *c, enum replay_count kind, const char *text)
{
	replay_problem_add(&c->s->counts, kind, c->file, c->line, text);
}

/* ---- one event ---- */

/* Stages are logged as they end; a minute back is a step of the clock, or another log. */
static void scan_clock(struct scanning *c, struct str done)
{
	int64_t before, now;
	bool back = c->done[0] && done.n == strlen(c->done) && memcmp(done.s, c->done, done.n) < 0;
	struct str last = str_of(c->done);

	if (done.n < 4 || done.n >= sizeof c->done)
		return;
	if (back && event_time((struct str){ done.s + 1, done.n - 2 }, &now) &&
	    event_time((struct str){ last.s + 1, last.n - 2 }, &before) &&
	    before - now > STEP_BACK) {
		char text[120];

		snprintf(text, sizeof text, "the time goes back by %lld s",
			 (long long)((before - now) / 1000000));
		scan_problem(c, COUNT_STEPS, text);
	}
	memcpy(c->done, done.s, done.n);
	c->done[done.n] = '\0';
}

static int scan_line(void *ctx, const struct event *e, struct str line, struct err *err)
{
	struct scanning *c = ctx;

	c->s->counts.n[COUNT_KEPT]++;
	return c->s->keep(c->s->ctx, e, line, err);
}

static enum keep scan_keeps(const struct scanning *c, const struct event *e, struct arena *arena)
{
	enum keep keep = replay_keep(c->s->set, e, arena);

	if (keep != KEEP && c->s->baseline && replay_keep(c->s->baseline, e, arena) == KEEP)
		return KEEP;
	return keep;
}

static int scan_write(struct scanning *c, const struct event_head *head)
{
	uint64_t *n = c->s->counts.n;
	scoped(arena_end) struct arena arena;
	struct event e;
	struct err err = { .kind = ERR_NONE };
	enum keep keep;

	arena_init(&arena, EVENT_ARENA);
	n[COUNT_WRITES]++;
	if (event_read(head, &arena, &e, &err) < 0) {
		scan_problem(c, COUNT_BAD_EVENT, err.msg);
		return 0;
	}
	n[e.level == LEVEL_METADATA  ? COUNT_METADATA
	  : e.level == LEVEL_REQUEST ? COUNT_REQUEST
				     : COUNT_RESPONSE]++;
	n[COUNT_TRUNCATED] += e.truncated;
	keep = scan_keeps(c, &e, &arena);
	n[COUNT_UNCONCERNED] += keep != KEEP;
	n[COUNT_UNSEEN] += keep == KEEP_UNSEEN;
	if (keep != KEEP)
		return 0;
	if (event_compact(&e, &arena, scan_line, c, c->err) == 0)
		return 0;
	if (c->err->kind != ERR_LIMIT)
		return -1;
	scan_problem(c, COUNT_BAD_EVENT, c->err->msg);
	return 0;
}

static int scan_event(struct scanning *c, const struct event_head *head)
{
	uint64_t *n = c->s->counts.n;

	n[COUNT_EVENTS]++;
	if (head->received.n > 2)
		replay_counts_time(&c->s->counts,
				   (struct str){ head->received.s + 1, head->received.n - 2 });
	scan_clock(c, head->done);
	switch (event_use_of(head)) {
	case EVENT_WRITE:
		return scan_write(c, head);
	case EVENT_READ:
		n[COUNT_READS]++;
		break;
	case EVENT_UNFINISHED:
		n[COUNT_UNFINISHED]++;
		break;
	case EVENT_NO_OBJECT:
		n[COUNT_NO_OBJECT]++;
		break;
	}
	return 0;
}

/* ---- what else a line may hold ---- */

static int scan_foreign(struct scanning *c)
{
	scan_problem(c, COUNT_FOREIGN,
		     "an event of another version than audit.k8s.io/v1, which "
		     "API servers since 1.24 alone write");
	return 0;
}

static int scan_review(struct scanning *c, struct str review)
{
	struct replay_counts *counts = &c->s->counts;
	scoped(arena_end) struct arena arena;
	struct str line;
	struct err err = { .kind = ERR_NONE };

	arena_init(&arena, EVENT_ARENA);
	counts->n[COUNT_REVIEWS]++;
	switch (replay_review_keep(c->s->set, c->s->baseline, review, c->s->now, &arena, &line,
				   &err)) {
	case REVIEW_UNREADABLE:
		scan_problem(c, COUNT_BAD_EVENT, err.msg);
		return 0;
	case REVIEW_UNCONCERNED:
		counts->n[COUNT_UNCONCERNED]++;
		return 0;
	case REVIEW_KEEP:
		break;
	}
	counts->n[COUNT_KEPT]++;
	return c->s->keep(c->s->ctx, NULL, line, c->err);
}

/* A line of the guard's own log, as an event of level Metadata. */
static int scan_decision(struct scanning *c, struct str decision)
{
	scoped(arena_end) struct arena arena;
	struct event_head head;
	struct str event;

	arena_init(&arena, 1u << 20);
	c->s->counts.n[COUNT_DECISIONS]++;
	event = replay_decision_event(decision, &arena);
	if (!event.n || event_head_read(event, &head) != EVENT_WHOLE) {
		scan_problem(c, COUNT_BAD_EVENT, "a line of the guard's log that cannot be read");
		return 0;
	}
	return scan_write(c, &head);
}

static int scan_document(void *ctx, const struct document *d, struct err *err)
{
	struct scanning *c = ctx;

	(void)err;
	switch (d->kind) {
	case DOCUMENT_EVENT:
		return scan_event(c, &d->head);
	case DOCUMENT_FOREIGN:
		return scan_foreign(c);
	case DOCUMENT_REVIEW:
		return scan_review(c, d->text);
	case DOCUMENT_DECISION:
		break;
	}
	return scan_decision(c, d->text);
}

/* Through the map: 1 an event was found, 0 none. */
static int scan_mapped(struct scanning *c, struct str text, struct arena *arena)
{
	struct event_head head;
	struct str event = c->s->map ? replay_map_event(c->s->map, text, arena) : STR("");

	if (!event.n || event_head_read(event, &head) != EVENT_WHOLE)
		return 0;
	return scan_event(c, &head) < 0 ? -1 : 1;
}

static int scan_broken(struct scanning *c, struct str text)
{
	if (text.n && memchr(text.s, '\0', text.n))
		scan_problem(c, COUNT_NUL, "the line holds NUL bytes");
	else
		scan_problem(c, COUNT_BAD_JSON, "the line is no JSON object, or is cut");
	return 0;
}

/* A whole record that is no plain event. */
static int scan_record(struct scanning *c, struct str text)
{
	scoped(arena_end) struct arena arena;
	int got;

	arena_init(&arena, EVENT_ARENA);
	if ((got = scan_mapped(c, text, &arena)))
		return got < 0 ? -1 : 0;
	switch (document_find(text, &arena, scan_document, c, c->err)) {
	case DOCUMENTS_BROKEN:
		return scan_broken(c, text);
	case DOCUMENTS_NONE:
		scan_problem(c, COUNT_NO_EVENT,
			     "JSON, but no event is found in it; --show-input "
			     "shows how lines are read, --map tells where "
			     "fields are");
		return 0;
	case DOCUMENTS_STOPPED:
		return -1;
	case DOCUMENTS_SOME:
		break;
	}
	return 0;
}

/* ---- JSON over several lines ---- */

/* Brackets that stay open behind the text; a string that does is no JSON: SIZE_MAX. */
static size_t scan_open(struct str text, size_t depth)
{
	bool string = false;

	for (size_t i = 0; i < text.n; i++) {
		char b = text.s[i];

		if (string && b == '\\')
			i++;
		else if (b == '"')
			string = !string;
		else if (!string && (b == '{' || b == '['))
			depth++;
		else if (!string && (b == '}' || b == ']') && depth)
			depth--;
	}
	return string ? SIZE_MAX : depth;
}

static int scan_append(struct scanning *c, struct str text)
{
	size_t room = c->room ? c->room : 64u << 10;
	char *grown;

	while (room < c->n + text.n + 1)
		room *= 2;
	if (room > c->room) {
		if (!(grown = realloc(c->record, room)))
			return err_nomem(c->err);
		c->record = grown;
		c->room = room;
	}
	memcpy(c->record + c->n, text.s, text.n);
	c->n += text.n;
	c->record[c->n++] = ' ';
	return 0;
}

/* What was gathered never became whole. */
static void scan_drop(struct scanning *c)
{
	uint64_t line = c->line;

	if (!c->n)
		return;
	c->line = c->record_line;
	if (c->n > LINES_MAX)
		scan_problem(c, COUNT_TOO_LONG, "JSON over several lines, of more than 8 MiB");
	else
		scan_broken(c, (struct str){ c->record, c->n });
	c->line = line;
	c->n = c->depth = 0;
}

static struct str scan_trim(struct str s)
{
	while (s.n && s.s[s.n - 1] && strchr(" \t\r,", s.s[s.n - 1]))
		s.n--;
	while (s.n && (*s.s == ' ' || *s.s == '\t'))
		s = str_from(s, 1);
	return s;
}

/* More of a record that has begun. */
static int scan_gather(struct scanning *c, struct str text)
{
	uint64_t line = c->line;
	int status;

	c->depth = scan_open(text, c->depth);
	if (c->n <= LINES_MAX && scan_append(c, text) < 0)
		return -1;
	if (c->depth == SIZE_MAX || c->n > LINES_MAX) {
		if (c->depth == SIZE_MAX || !c->depth)
			scan_drop(c);
		return 0;
	}
	if (c->depth)
		return 0;
	c->line = c->record_line;
	status = scan_record(c, scan_trim((struct str){ c->record, c->n }));
	c->line = line;
	c->n = 0;
	return status;
}

static bool scan_begins(struct scanning *c, struct str text)
{
	size_t depth;

	if (!text.n || (text.s[0] != '{' && text.s[0] != '['))
		return false;
	depth = scan_open(text, 0);
	if (!depth || depth == SIZE_MAX)
		return false;
	c->record_line = c->line;
	return true;
}

/* No plain event: part of a list or of a record, an envelope, or nothing that we know. */
static int scan_other(struct scanning *c, struct str line, bool whole)
{
	struct str text = scan_trim(line);

	if (!text.n || (!c->n && (str_is(text, "[") || str_is(text, "]"))))
		return 0;
	if (c->n && line.s[0] == '{')
		scan_drop(c);
	if (c->n || (!whole && scan_begins(c, text)))
		return scan_gather(c, line);
	return scan_record(c, text);
}

/* ---- lines ---- */

static int scan_text(struct scanning *c, const struct input_line *line)
{
	struct event_head head;
	enum event_shape shape = EVENT_BROKEN;

	c->line = line->number;
	c->s->counts.n[COUNT_LINES]++;
	if (line->cr)
		c->s->counts.n[COUNT_CRLF]++;
	if (line->too_long) {
		scan_drop(c);
		scan_problem(c, COUNT_TOO_LONG, "the line is longer than 8 MiB");
		return 0;
	}
	if (line->text.n && line->text.s[0] == '{')
		shape = event_head_read(line->text, &head);
	if (shape == EVENT_WHOLE) {
		scan_drop(c);
		return scan_event(c, &head);
	}
	return scan_other(c, line->text, shape != EVENT_BROKEN);
}

/* What is half read by then is no line. */
static bool scan_stopped(struct scanning *c)
{
	if (!atomic_load_explicit(c->s->stop, memory_order_relaxed))
		return false;
	c->s->counts.interrupted = true;
	return true;
}

static int scan_lines(struct scanning *c, struct input_lines *lines)
{
	struct input_line line;
	struct err err = { .kind = ERR_NONE };
	int got;

	while ((got = lines_next(lines, &line, &err)) > 0) {
		if (scan_stopped(c))
			return 0;
		if (scan_text(c, &line) < 0)
			return -1;
		if (c->s->strict && replay_counts_strict(&c->s->counts))
			break;
	}
	scan_drop(c);
	if (got < 0 && err.kind == ERR_NOMEM)
		return err_nomem(c->err);
	c->line = 0;
	if (got < 0 && !scan_stopped(c))
		scan_problem(c, COUNT_BAD_FILE, err.msg);
	return 0;
}

static void unpack_end(struct unpack **u)
{
	unpack_free(*u);
}

int replay_scan_file(struct replay_scan *s, const char *name, int fd, struct err *err)
{
	struct unpack_options options = { s->large_windows, s->passed, s->stop };
	struct scanning c = { .s = s, .file = name, .err = err };
	struct input_lines lines;
	struct err why = { .kind = ERR_NONE };
	scoped(unpack_end) struct unpack *unpack = unpack_new(fd, &options, &why);
	int status;

	s->counts.n[COUNT_FILES]++;
	if (!unpack && scan_stopped(&c))
		return 0;
	if (!unpack) {
		scan_problem(&c, COUNT_BAD_FILE, why.msg);
		return why.kind == ERR_NOMEM ? err_nomem(err) : 0;
	}
	if (lines_init(&lines, unpack, err) < 0)
		return -1;
	status = scan_lines(&c, &lines);
	s->counts.n[COUNT_BYTES] += unpack_passed(unpack);
	lines_done(&lines);
	free(c.record);
	if (status == 0 && s->strict && replay_counts_strict(&s->counts))
		return err_set(err, ERR_SYNTAX,
			       "something in the files is wrong, and --strict is set");
	return status;
}
