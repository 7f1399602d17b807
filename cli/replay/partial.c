/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/unpack/lines.h"
#include "oke/bound.h"
#include "lib/base/cleanup.h"
#include "lib/json/json.h"

#define TRAILER_MAX (1u << 20)
#define EVENT_ARENA (48u << 20)
#define VERSION     1

static int partial_failed(const char *name, struct err *err)
{
	return err_set(err, ERR_IO, "%.300s: %s", name, strerror(errno));
}

/* ---- writing ---- */

int partial_begin(struct partial *p, const char *name, struct err *err)
{
	size_t n = strlen(name) + 5;
	int fd;

	*p = (struct partial){ .name = name };
	pthread_mutex_init(&p->lock, NULL);
	if (!(p->beside = malloc(n)))
		return err_nomem(err);
	snprintf(p->beside, n, "%s.new", name);
	fd = open(p->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || !(p->f = fdopen(fd, "w"))) {
		(void)partial_failed(p->beside, err);
		if (fd >= 0)
			close(fd);
		partial_done(p);
		return -1;
	}
	return 0;
}

int partial_add(struct partial *p, struct str line, struct err *err)
{
	bool ok;

	pthread_mutex_lock(&p->lock);
	ok = fwrite(line.s, 1, line.n, p->f) == line.n;
	p->n++;
	pthread_mutex_unlock(&p->lock);
	return ok ? 0 : partial_failed(p->beside, err);
}

/* The sets of a part and of the merge must name the same objects, or events would be missing. */
static uint64_t partial_mark(const struct replay_run *run)
{
	uint64_t mark = policy_objects_mark(run->set);

	return run->baseline ? mark ^ policy_objects_mark(run->baseline) : mark;
}

static int sync_folder(const char *name)
{
	scoped(free_end) char *folder = strdup(name);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	scoped(fd_end) int fd = -1;

	if (!folder)
		return -1;
	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : fsync(fd);
}

int partial_end(struct partial *p, const struct replay_run *run, struct err *err)
{
	scoped(arena_end) struct arena arena;
	struct text t;
	bool ok;

	arena_init(&arena, 2 * TRAILER_MAX);
	text_init(&t, &arena, TRAILER_MAX);
	text_printf(&t,
		    "{\"kind\":\"ReplayPartial\",\"version\":%d,\"objects\":\"%016llx\","
		    "\"lines\":%llu,",
		    VERSION, (unsigned long long)partial_mark(run), (unsigned long long)p->n);
	replay_counts_print(&run->counts, &t);
	text_puts(&t, "}\n");
	if (t.full)
		return err_nomem(err);
	ok = fwrite(t.s, 1, t.n, p->f) == t.n && !fflush(p->f) && !fsync(fileno(p->f));
	ok = !fclose(TAKE(p->f)) && ok;
	if (!ok || rename(p->beside, p->name) < 0 || sync_folder(p->name) < 0)
		return partial_failed(p->name, err);
	free(TAKE(p->beside));
	return 0;
}

void partial_done(struct partial *p)
{
	if (p->f)
		fclose(p->f);
	if (p->beside)
		unlink(p->beside);
	free(p->beside);
	pthread_mutex_destroy(&p->lock);
	*p = (struct partial){ .name = NULL };
}

/* ---- reading ---- */

struct partial_reader {
	const char *name;
	struct replay_run *run;
	struct spill *spill;
	uint64_t lines;
	bool ended;
};

static int partial_bad(const struct partial_reader *r, uint64_t line, const char *what,
		       struct err *err)
{
	return err_set(err, ERR_SYNTAX, "%.200s:%llu: %s", r->name, (unsigned long long)line, what);
}

static int read_trailer(struct partial_reader *r, const struct input_line *line, struct err *err)
{
	scoped(arena_end) struct arena arena;
	struct replay_counts counts;
	char mark[20], lines[24];
	struct json *root;

	arena_init(&arena, TRAILER_MAX);
	if (!(root = json_parse(line->text, NULL, &arena, err)))
		return partial_bad(r, line->number, "the last line cannot be read", err);
	snprintf(mark, sizeof mark, "%016llx", (unsigned long long)partial_mark(r->run));
	snprintf(lines, sizeof lines, "%llu", (unsigned long long)r->lines);
	if (!str_is(json_str(json_get(root, STR("version"))), "1"))
		return partial_bad(r, line->number, "written by another version of oke-guard", err);
	if (!str_is(json_str(json_get(root, STR("objects"))), mark))
		return partial_bad(r, line->number,
				   "made with policies that name other objects; run --partial "
				   "again with the same --policy, --config and --baseline",
				   err);
	if (!str_is(json_str(json_get(root, STR("lines"))), lines) ||
	    replay_counts_read(root, &counts) < 0)
		return partial_bad(r, line->number, "the counts do not fit the lines", err);
	replay_counts_add(&r->run->counts, &counts);
	r->ended = true;
	return 0;
}

static int read_event(struct partial_reader *r, const struct input_line *line, struct err *err)
{
	scoped(arena_end) struct arena arena;
	struct event_head head;
	struct event e;
	/* The newline stands behind the text in the buffer; the spill wants it. */
	struct str whole = { line->text.s, line->text.n + 1 };
	enum event_shape shape = event_head_read(line->text, &head);

	arena_init(&arena, EVENT_ARENA);
	r->lines++;
	if (shape == EVENT_NONE && str_is(head.kind, "\"AdmissionReview\""))
		return spill_add(r->spill, NULL, whole, err);
	if (shape != EVENT_WHOLE || event_read(&head, &arena, &e, err) < 0)
		return partial_bad(r, line->number, "is no event of a partial result", err);
	return spill_add(r->spill, &e, whole, err);
}

static int partial_line(struct partial_reader *r, const struct input_line *line, struct err *err)
{
	if (line->too_long || line->unended || line->cr)
		return partial_bad(r, line->number, "is no line of a partial result", err);
	if (r->ended)
		return partial_bad(r, line->number, "more stands behind the last line", err);
	if (str_starts(line->text, STR("{\"kind\":\"ReplayPartial\",")))
		return read_trailer(r, line, err);
	return read_event(r, line, err);
}

static void unpack_end(struct unpack **u)
{
	unpack_free(*u);
}

int partial_read(const char *name, struct replay_run *run, struct spill *spill, struct err *err)
{
	struct partial_reader r = { .name = name, .run = run, .spill = spill };
	struct unpack_options options = { .large_windows = run->large_windows };
	scoped(fd_end) int fd = open(name, O_RDONLY | O_CLOEXEC);
	scoped(unpack_end) struct unpack *unpack = NULL;
	struct input_lines lines;
	struct input_line line;
	int got;

	if (fd < 0)
		return partial_failed(name, err);
	if (!(unpack = unpack_new(fd, &options, err)) || lines_init(&lines, unpack, err) < 0)
		return err_in(err, name);
	while ((got = lines_next(&lines, &line, err)) > 0)
		if (partial_line(&r, &line, err) < 0) {
			lines_done(&lines);
			return -1;
		}
	lines_done(&lines);
	if (got < 0)
		return err_in(err, name);
	if (!r.ended)
		return err_set(err, ERR_SYNTAX,
			       "%.300s: is no partial result, or was not written to its end: the "
			       "last line with the counts is missing",
			       name);
	return 0;
}
