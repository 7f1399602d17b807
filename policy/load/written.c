/* SPDX-License-Identifier: Apache-2.0
 * written.c - what is wrong with files of policies that somebody is about to write.
 *
 * Each is read as the loader reads it, into a model of its own that is thrown away. What the
 * documents need of others is looked for among themselves and in the set in force, which stays
 * untouched: what is added stands before it.
 */
#include <stdio.h>

#include "policy/load/aliases.h"
#include "policy/load/documents.h"
#include "policy/load/parts.h"
#include "policy/load/resolve.h"
#include "policy/load/source.h"
#include "policy/model/set.h"
#include "policy/validate/validate.h"

#define WRITTEN_MEMORY (16u << 20) /* of the nodes of a file, and of what was read of all */
#define WRITTEN_TEXT   900

#define CONFIG_FILE   "guard.yaml"
#define VERSIONS_FILE "versions.yaml"

struct writing {
	const struct policy_set *set;
	const struct written_object *object;
	struct model model;
	struct arena keep;
	size_t broken, doubtful;
	char first_broken[WRITTEN_TEXT], first_doubtful[WRITTEN_TEXT];
};

__attribute__((format(printf, 3, 4))) static void written_note(struct writing *w, bool broken,
							       const char *fmt, ...)
{
	char *first = broken ? w->first_broken : w->first_doubtful;
	va_list ap;

	if ((broken ? w->broken++ : w->doubtful++) > 0)
		return;
	va_start(ap, fmt);
	vsnprintf(first, WRITTEN_TEXT, fmt, ap);
	va_end(ap);
}

/* Errors and warnings alike: what is broken is noted by itself. */
static void written_note_doubt(void *ctx, bool error, const char *text)
{
	(void)error;
	written_note(ctx, false, "%s", text);
}

/* ---- one file ---- */

/* Exceptions that this file brought: whoever wrote them meant another time. */
static void written_check_times(struct writing *w, const struct written_file *file,
				struct exception *const *from)
{
	for (const struct exception *e = *from; e; e = e->next)
		if (e->expires && e->not_before && e->expires <= e->not_before)
			written_note(w, !file->as_before,
				     "%.*s:%u:%u: exception \"%.*s\" expires before it begins",
				     QUOTED(file->name), e->origin.line, e->origin.column,
				     QUOTED(e->name));
}

static void written_read_text(struct writing *w, const struct written_file *file,
			      struct load_reader *r)
{
	struct policy_report report = { .message = written_note_doubt, .ctx = w };
	struct plain_fault faults = { .n = 0 };
	struct exception **last = w->model.exceptions_last;

	r->faults = &faults;
	load_file_text(r, file->text);
	if (faults.n && !file->as_before)
		written_note(w, true, "%.*s:%u:%u: %s", QUOTED(file->name), faults.at.line,
			     faults.at.column, faults.text);
	else
		written_check_times(w, file, last);
	read_errors_flush(r, &report);
}

static void written_read(struct writing *w, const struct written_file *file)
{
	struct arena scratch;
	struct load_reader r = { .keep = &w->keep,
				 .scratch = &scratch,
				 .model = &w->model,
				 .versions = w->object->kind == WRITTEN_CONFIG &&
					     str_is(file->name, VERSIONS_FILE) };

	arena_init(&scratch, WRITTEN_MEMORY);
	r.file = read_keep_str(&r, file->name).s;
	w->model.versions_read = false;
	if (r.file)
		written_read_text(w, file, &r);
	if (r.nomem)
		written_note(w, false,
			     "%.*s: too much to be judged here: run oke-guard policy lint",
			     QUOTED(file->name));
	arena_done(&scratch);
}

/* Does a file that no server reads hold what was meant to be read? */
static bool is_meant(const struct written_file *file)
{
	static const char group[] = "oke-guard.internal/";

	return file->text.n && memmem(file->text.s, file->text.n, group, sizeof group - 1);
}

static bool written_is_read(struct writing *w, const struct written_file *file)
{
	char name[300];
	const char *why;

	if (w->object->kind == WRITTEN_CONFIG) {
		if (str_is(file->name, CONFIG_FILE) || str_is(file->name, VERSIONS_FILE))
			return true;
		if (is_meant(file))
			written_note(w, false,
				     "%.*s: is not read: " CONFIG_FILE " and " VERSIONS_FILE " are",
				     QUOTED(file->name));
		return false;
	}
	snprintf(name, sizeof name, "%.*s", STR_ARG(file->name));
	if (!*name || source_is_read(name))
		return *name;
	if (is_meant(file) && (why = source_unread_why(name)))
		written_note(w, false, "%.*s: %s", QUOTED(file->name), why);
	return false;
}

/* ---- all of them ---- */

static const struct written_file *written_file_named(const struct written_object *o,
						     const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (str_is(o->files[i].name, name))
			return &o->files[i];
	return NULL;
}

/* The configuration's own ConfigMap: without a configuration nobody is denied or warned. */
static void written_check_guard(struct writing *w)
{
	const struct written_file *guard = written_file_named(w->object, CONFIG_FILE);

	if (!guard && !w->object->bare_before)
		written_note(w, true,
			     CONFIG_FILE " is missing: without it nobody is denied or warned");
	else if (guard && !w->model.config.origin.file)
		written_note(w, !guard->as_before,
			     CONFIG_FILE ": holds no GuardConfig: without it nobody is denied or "
					 "warned");
}

static void written_check_config(struct writing *w)
{
	const struct origin *at = &w->model.config.origin;

	if (w->object->kind == WRITTEN_CONFIG)
		written_check_guard(w);
	else if (at->file)
		written_note(w, false,
			     "%s:%u:%u: a GuardConfig is read from " CONFIG_FILE " in the "
			     "configuration's ConfigMap alone; here it is left out",
			     at->file, at->line, at->column);
}

/* Names that exist, limits kept: with what is in force behind what is written. */
static void written_validate(struct writing *w)
{
	struct policy_report report = { .message = written_note_doubt, .ctx = w };
	struct model *m = &w->model;
	struct added added = { .policies = m->policies_n, .exceptions = m->exceptions_n };
	struct config own = m->config;

	added.config = w->object->kind == WRITTEN_CONFIG && own.origin.file;
	*m->policies_last = w->set->model.policies;
	if (!added.config) { /* of the set's nothing is written */
		m->config = w->set->model.config;
		m->config.overrides = NULL;
		m->config.fail_closed = NULL;
	}
	aliases_resolve(m, &report);
	if (!added.config)
		m->config = w->set->model.config;
	if (model_resolve_added(m, added.policies, &w->keep, &report) == 0)
		model_validate_added(m, &added, &report);
	*m->policies_last = NULL;
}

static void written_judge(struct writing *w)
{
	w->model.policies_last = &w->model.policies;
	w->model.exceptions_last = &w->model.exceptions;
	w->model.left_out_last = &w->model.left_out;
	if (config_defaults(&w->keep, &w->model.config) < 0)
		return;
	for (size_t i = 0; i < w->object->n; i++)
		if (written_is_read(w, &w->object->files[i]))
			written_read(w, &w->object->files[i]);
	written_check_config(w);
	if (!w->broken && !w->doubtful)
		written_validate(w);
}

int policy_written_faults(const struct policy_set *set, const struct written_object *object,
			  struct arena *arena, struct written_faults *out)
{
	struct writing *w = calloc(1, sizeof *w);

	*out = (struct written_faults){ 0 };
	if (!w)
		return -1;
	w->set = set;
	w->object = object;
	arena_init(&w->keep, WRITTEN_MEMORY);
	written_judge(w);
	arena_done(&w->keep);
	out->broken = w->broken;
	out->doubtful = w->doubtful;
	out->first_broken = str_copy(arena, str_of(w->first_broken));
	out->first_doubtful = str_copy(arena, str_of(w->first_doubtful));
	free(w);
	return out->first_broken.s && out->first_doubtful.s ? 0 : -1;
}
