/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/tell.h"

#include <string.h>

static struct report_place check_tell_place(const struct check_file *file, unsigned document,
					    unsigned line)
{
	bool input = !strcmp(file->path, "-");

	return (struct report_place){ .file = input ? "stdin" : file->path,
				      .file_shown = file->shown,
				      .document = document,
				      .line = line };
}

static void check_tell_count(struct check_tell *t, const struct report_finding *f)
{
	if (f->excuse) {
		t->summary.ignored += f->excuse == EXCUSE_MANIFEST;
		t->summary.known += f->excuse == EXCUSE_BASELINE;
		return;
	}
	if (f->change)
		t->summary.changes++;
	else
		t->summary.actions[f->action]++;
	t->counts = t->counts || f->action >= t->fail_on;
}

static void check_tell_object(struct check_tell *t, const struct check_file *file,
			      const struct check_item *item)
{
	struct report_object o = item->object;

	o.place = check_tell_place(file, o.place.document, o.place.line);
	report_object(t->report, &o);
	for (size_t i = 0; i < item->findings_n; i++) {
		struct report_finding f = item->findings[i];

		if (t->baseline && check_baseline_take(t->baseline, &o, &f) && !f.excuse)
			f.excuse = EXCUSE_BASELINE;
		check_tell_count(t, &f);
		report_finding(t->report, &o, &f);
	}
	report_object_end(t->report, &o);
	t->objects++;
	if (progress_is_due(&t->progress))
		progress_show(&t->progress, "%zu objects judged, now %s", t->objects,
			      o.place.file_shown);
}

static void check_tell_counts(struct report_summary *s, const struct check_counts *c)
{
	s->files += c->files;
	s->skipped += c->skipped;
	s->documents += c->documents;
	s->objects += c->objects;
	s->errors += c->errors;
}

static void check_tell_error(struct check_tell *t, const struct check_file *file,
			     const struct check_item *item)
{
	struct report_place place = check_tell_place(file, item->document, item->line);

	t->summary.errors++;
	report_error(t->report, &place, item->text);
}

bool check_tell_item(void *ctx, const struct check_file *file, const struct check_item *item)
{
	struct check_tell *t = ctx;

	progress_clear(&t->progress);
	switch (item->kind) {
	case CHECK_ITEM_OBJECT:
		check_tell_object(t, file, item);
		break;
	case CHECK_ITEM_ERROR:
		check_tell_error(t, file, item);
		break;
	case CHECK_ITEM_NOTE:
		fputs(item->text ? item->text : "", stderr);
		break;
	case CHECK_ITEM_COUNTS:
		break;
	}
	check_tell_counts(&t->summary, &item->counts);
	return !ferror(t->out);
}
