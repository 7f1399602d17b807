/* SPDX-License-Identifier: Apache-2.0
 * cmd_check_file.c - one file of `oke-guard check`, read object by object.
 */
#include "cli/cmd_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"

#define OBJECT_MEMORY_MAX (256u << 20) /* to judge one object */

static void cmd_check_on_problem(void *ctx, const struct manifest_problem *p)
{
	cmd_check_tell(ctx, p->document, p->line, p->text);
}

static int cmd_check_read_file(void *ctx, char *buf, size_t room, size_t *got, struct err *err)
{
	FILE *f = ctx;

	*got = fread(buf, 1, room, f);
	return ferror(f) ? err_set(err, ERR_IO, "%s", strerror(errno)) : 0;
}

static void cmd_check_objects(struct check_reading *r, struct manifest *m)
{
	scoped(arena_end) struct arena arena = { .limit = OBJECT_MEMORY_MAX };
	struct manifest_object o;

	for (; !check_job_stopped(r->job) && manifest_next(m, &o); r->counts.objects++) {
		struct err err = { .kind = ERR_NONE };

		arena_init_again(&arena, OBJECT_MEMORY_MAX);
		r->document = o.document;
		if (cmd_check_object(r, m, &o, &arena, &err) < 0)
			cmd_check_tell(r, o.document, o.line, err.msg);
	}
}

static void cmd_check_stream(struct check_reading *r, FILE *f, bool must_hold)
{
	const struct yaml_input input = { .read = cmd_check_read_file, .ctx = f };
	const struct manifest_options options = { .problem = cmd_check_on_problem, .ctx = r };
	scoped(manifest_end) struct manifest *m = manifest_new(&input, &options);

	if (!m) {
		cmd_check_tell(r, 0, 0, "out of memory");
		return;
	}
	cmd_check_objects(r, m);
	r->counts.documents = manifest_documents(m);
	if (r->counts.objects || r->problems) {
		r->counts.files++;
	} else if (must_hold) {
		r->counts.files++;
		cmd_check_tell(r, 0, 0,
			       "no Kubernetes object in it: a document needs apiVersion and kind");
	} else {
		r->counts.skipped++;
	}
}

/* What is no file on a disk may be named twice, and gives its bytes once: in order. */
static void cmd_check_wait_for_stream(struct check_reading *r, FILE *f)
{
	struct stat st;

	if (fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode))
		check_job_wait(r->job);
}

void cmd_check_file(const void *ctx, const struct check_file *file, struct check_job *job)
{
	struct check_reading r = { .c = ctx, .file = file, .job = job };
	struct check_item counts = { .kind = CHECK_ITEM_COUNTS };
	scoped(file_end) FILE *f = NULL;

	if (!strcmp(file->path, "-")) {
		check_job_wait(job);
		cmd_check_stream(&r, stdin, true);
	} else if ((f = fopen(file->path, "re"))) {
		cmd_check_wait_for_stream(&r, f);
		cmd_check_stream(&r, f, file->named && !r.c->skip_others);
	} else {
		cmd_check_tell(&r, 0, 0, strerror(errno));
	}
	counts.counts = r.counts;
	check_job_give(job, &counts);
}
