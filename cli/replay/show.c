/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay/show.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/replay/report.h"
#include "lib/unpack/lines.h"
#include "lib/base/program_name.h"
#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "policy/replay/document.h"

#define SHOW_ARENA (48u << 20)

/* ---- an event ---- */

static void show_field(const char *what, struct str s)
{
	if (!s.n)
		return;
	printf("    %-12s ", what);
	replay_put_shown(stdout, s, 120);
	putchar('\n');
}

static void show_event(const struct event_head *h, const char *where, struct arena *arena)
{
	static const char *const uses[] = { "a write", "a read", "another stage of a request",
					    "not about an object" };
	enum event_use use = event_use_of(h);
	struct event e;
	struct err err;
	char at[REPLAY_TIME];

	printf("  an event, at %s: %s\n", where, uses[use]);
	if (use != EVENT_WRITE)
		return;
	if (event_read(h, arena, &e, &err) < 0) {
		printf("    cannot be read: ");
		replay_put_shown(stdout, str_of(err.msg), 200);
		putchar('\n');
		return;
	}
	replay_time(e.received, at);
	show_field("time", str_of(at));
	show_field("level", str_of(event_level_name(e.level)));
	show_field("verb", str_of(event_verb_name(e.verb)));
	show_field("user", e.user.name);
	printf("    %-12s %zu\n", "groups", e.user.groups_n);
	show_field("apiGroup", e.resource.group);
	show_field("resource", e.resource.resource);
	show_field("subresource", e.subresource);
	show_field("namespace", e.namespace);
	show_field("name", e.name);
	printf("    %-12s %u%s\n", "code", e.code, e.dry_run ? ", a dry run" : "");
	printf("    %-12s %s, %s\n", "objects",
	       e.request_object.n ? "what was sent" : "not what was sent",
	       e.response_object.n ? "what was answered" : "not what was answered");
}

static int show_document(void *ctx, const struct document *d, struct err *err)
{
	struct arena *arena = ctx;

	(void)err;
	switch (d->kind) {
	case DOCUMENT_EVENT:
		show_event(&d->head, d->where, arena);
		break;
	case DOCUMENT_FOREIGN:
		printf("  an audit event of another version than audit.k8s.io/v1, at %s\n",
		       d->where);
		break;
	case DOCUMENT_REVIEW:
		printf("  an AdmissionReview, at %s\n", d->where);
		break;
	case DOCUMENT_DECISION:
		printf("  a line of the guard's own log, at %s\n", d->where);
		break;
	}
	return 0;
}

/* ---- JSON without an event: its keys, for the map ---- */

#define SHOW_KEYS 40

/* NOLINTNEXTLINE(misc-no-recursion): three levels */
static void show_keys(struct str object, const char *before, unsigned depth, unsigned *left)
{
	struct json_member m = { .next = NULL };

	while (*left && json_skim_next(object, &m)) {
		char path[300];

		snprintf(path, sizeof path, "%s%s%.*s", before, *before ? "." : "",
			 (int)(m.key.n < 60 ? m.key.n : 60), m.key.s);
		if (m.value.s[0] == '{' && depth < 3) {
			show_keys(m.value, path, depth + 1, left);
			continue;
		}
		--*left;
		printf("    ");
		replay_put_shown(stdout, str_of(path), 120);
		printf("  %s\n", m.value.s[0] == '"'   ? "(text)"
				 : m.value.s[0] == '{' ? "(object)"
				 : m.value.s[0] == '[' ? "(list)"
						       : "(number or word)");
	}
}

static void show_line(struct str text, const struct replay_map *map, struct arena *arena)
{
	struct str mapped = map ? replay_map_event(map, text, arena) : STR("");
	struct event_head head;
	struct err err;
	unsigned left = SHOW_KEYS;

	if (mapped.n && event_head_read(mapped, &head) == EVENT_WHOLE) {
		show_event(&head, "where the map says", arena);
		return;
	}
	switch (document_find(text, arena, show_document, arena, &err)) {
	case DOCUMENTS_NONE:
		printf("  JSON without an event; what a map could name:\n");
		show_keys(text, "", 0, &left);
		break;
	case DOCUMENTS_BROKEN:
		printf("  no JSON object, or one that goes on in the next line\n");
		break;
	case DOCUMENTS_SOME:
	case DOCUMENTS_STOPPED:
		break;
	}
}

/* ---- files ---- */

static void unpack_end(struct unpack **u)
{
	unpack_free(*u);
}

static int show_lines(const char *name, struct unpack *u, const struct replay_map *map,
		      struct err *err)
{
	struct input_lines lines;
	struct input_line line;
	int got = 0;

	if (lines_init(&lines, u, err) < 0)
		return -1;
	printf("%s (%s)\n", name, unpack_format(u));
	for (unsigned i = 0; i < SHOW_LINES && (got = lines_next(&lines, &line, err)) > 0; i++) {
		scoped(arena_end) struct arena arena;

		arena_init(&arena, SHOW_ARENA);
		printf("%llu:\n", (unsigned long long)line.number);
		if (line.too_long)
			printf("  longer than 8 MiB\n");
		else if (line.text.n)
			show_line(line.text, map, &arena);
	}
	lines_done(&lines);
	return got;
}

static int show_file(const char *name, const struct replay_map *map, bool large_windows,
		     struct err *err)
{
	struct unpack_options options = { .large_windows = large_windows };
	bool in = !strcmp(name, "-");
	scoped(fd_end) int opened = in ? -1 : open(name, O_RDONLY | O_CLOEXEC);
	int fd = in ? STDIN_FILENO : opened;
	scoped(unpack_end) struct unpack *u = NULL;

	if (fd < 0)
		return err_set(err, ERR_IO, "%s", strerror(errno));
	if (!(u = unpack_new(fd, &options, err)))
		return -1;
	return show_lines(name, u, map, err) < 0 ? -1 : 0;
}

int replay_show_input(const struct replay_files *files, const struct replay_map *map,
		      bool large_windows)
{
	int status = 0;

	for (size_t i = 0; i < files->n; i++) {
		struct err err;

		if (show_file(files->v[i], map, large_windows, &err) < 0) {
			program_complain("oke-guard replay: %.300s: %s\n", files->v[i], err.msg);
			status = -1;
		}
	}
	return fflush(stdout) || ferror(stdout) ? -1 : status;
}
