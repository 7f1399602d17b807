/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "policy/replay/chain.h"

struct spill_entry {
	uint64_t object; /* hash of its names */
	int64_t time;
	uint64_t version; /* 0: the line tells none */
	uint64_t id;      /* hash of the auditID */
	uint64_t offset;
	uint32_t length, slot;
};

static int spill_failed(struct err *err)
{
	return err_set(err, ERR_IO, "the temporary file: %s; $TMPDIR names another folder for it",
		       strerror(errno));
}

/* ---- files without a name ---- */

static FILE *spill_file(struct err *err)
{
	const char *folder = getenv("TMPDIR");
	char name[4096];
	int fd;
	FILE *f;

	folder = folder && *folder ? folder : "/tmp";
	if (snprintf(name, sizeof name, "%s/oke-guard-replay-XXXXXX", folder) >= (int)sizeof name) {
		(void)err_set(err, ERR_IO, "$TMPDIR is longer than a path may be");
		return NULL;
	}
	if ((fd = mkostemp(name, O_CLOEXEC)) < 0) {
		(void)err_set(err, ERR_IO, "%.300s: %s; $TMPDIR names another folder", name,
			      strerror(errno));
		return NULL;
	}
	unlink(name);
	if (!(f = fdopen(fd, "w+"))) {
		close(fd);
		(void)err_nomem(err);
	}
	return f;
}

int spill_init(struct spill *s, struct err *err)
{
	*s = (struct spill){ .n = 0 };
	pthread_mutex_init(&s->lock, NULL);
	if ((s->lines = spill_file(err)) && (s->entries = spill_file(err)))
		return 0;
	spill_done(s);
	return -1;
}

void spill_done(struct spill *s)
{
	if (s->lines)
		fclose(s->lines);
	if (s->entries)
		fclose(s->entries);
	s->lines = s->entries = NULL;
	pthread_mutex_destroy(&s->lock);
}

/* ---- adding ---- */

static uint64_t object_hash(const struct event *e)
{
	uint64_t h = str_hash(1, e->resource.group);

	h = str_hash(h, e->resource.resource);
	h = str_hash(h, e->namespace);
	h = str_hash(h, e->name);
	/* Spread: the passes of spill_each split the range of all values. */
	h *= 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static uint64_t stored_version(const struct event *e)
{
	bool stored = e->code && e->code < 300 && !e->dry_run && !e->panic;

	return stored && event_has_result(e) ? object_version(e->response_object) : 0;
}

int spill_add(struct spill *s, const struct event *e, struct str line, struct err *err)
{
	struct spill_entry entry = { .length = (uint32_t)line.n };
	bool ok;

	if (line.n > UINT32_MAX / 2)
		return err_set(err, ERR_LIMIT, "an event is too large");
	if (e) {
		entry.object = object_hash(e);
		entry.time = e->received;
		entry.version = stored_version(e);
		entry.id = str_hash(2, e->audit_id);
	} else {
		entry.id = str_hash(2, line);
	}
	pthread_mutex_lock(&s->lock);
	entry.offset = s->bytes;
	ok = fwrite(line.s, 1, line.n, s->lines) == line.n &&
	     fwrite(&entry, sizeof entry, 1, s->entries) == 1;
	s->bytes += line.n;
	s->n++;
	pthread_mutex_unlock(&s->lock);
	return ok ? 0 : spill_failed(err);
}

/* ---- in order ---- */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_object_and_time(const void *a, const void *b)
{
	const struct spill_entry *x = a, *y = b;
	int order = compare_numbers(x->object, y->object);

	if (!order && x->time != y->time)
		order = x->time < y->time ? -1 : 1;
	order = order ? order : compare_numbers(x->id, y->id);
	return order ? order : compare_numbers(x->length, y->length);
}

static int by_version(const void *a, const void *b)
{
	const struct spill_entry *x = a, *y = b;
	int order = compare_numbers(x->version, y->version);

	return order ? order : by_object_and_time(a, b);
}

/*
 * Entries with a version trade places among themselves; those without one stay where their
 * time has put them.
 */
static int order_versions(struct spill_entry *v, size_t n, struct err *err)
{
	struct spill_entry *some = malloc((n ? n : 1) * sizeof *some);
	size_t kept = 0, next = 0;

	if (!some)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (v[i].version)
			some[kept++] = v[i];
	qsort(some, kept, sizeof *some, by_version);
	for (size_t i = 0; i < n; i++)
		if (v[i].version)
			v[i] = some[next++];
	free(some);
	return 0;
}

static int order_entries(struct spill_entry *v, size_t n, struct err *err)
{
	if (!n)
		return 0;
	qsort(v, n, sizeof *v, by_object_and_time);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && v[to].object == v[from].object; to++)
			;
		if (order_versions(v + from, to - from, err) < 0)
			return -1;
	}
	return 0;
}

struct spill_pass {
	struct spill_entry *v;
	size_t n, room;
};

static int pass_add(struct spill_pass *p, const struct spill_entry *e, struct err *err)
{
	struct spill_entry *grown;
	size_t room = p->room ? 2 * p->room : 1024;

	if (p->n == p->room) {
		if (!(grown = realloc(p->v, room * sizeof *grown)))
			return err_nomem(err);
		p->v = grown;
		p->room = room;
	}
	p->v[p->n++] = *e;
	return 0;
}

/* Those whose object lies in the range, both ends included. */
static int pass_load(struct spill *s, uint64_t low, uint64_t high, struct spill_pass *p,
		     struct err *err)
{
	struct spill_entry e;

	p->n = 0;
	rewind(s->entries);
	while (fread(&e, sizeof e, 1, s->entries) == 1)
		if (e.object >= low && e.object <= high && pass_add(p, &e, err) < 0)
			return -1;
	return ferror(s->entries) ? spill_failed(err) : 0;
}

static int read_at(int fd, char *buf, size_t n, uint64_t offset, struct err *err)
{
	while (n) {
		ssize_t got = pread(fd, buf, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? spill_failed(err)
				   : err_set(err, ERR_IO,
					     "the temporary file is shorter than "
					     "what was written to it");
		buf += got;
		n -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

static int pass_give(struct spill *s, const struct spill_pass *p, spill_fn *each, void *ctx,
		     struct err *err)
{
	scoped(free_end) char *buf = NULL;
	size_t room = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct spill_entry *e = &p->v[i];

		if (e->length > room) {
			free(buf);
			room = e->length + (64u << 10);
			if (!(buf = malloc(room)))
				return err_nomem(err);
		}
		if (read_at(fileno(s->lines), buf, e->length, e->offset, err) < 0 ||
		    each(ctx, (struct str){ buf, e->length }, err) < 0)
			return -1;
	}
	return 0;
}

int spill_each(struct spill *s, spill_fn *each, void *ctx, struct err *err)
{
	uint64_t passes = s->n / SPILL_ENTRIES + 1, step = UINT64_MAX / passes;
	struct spill_pass p = { .n = 0 };
	int status = fflush(s->lines) || fflush(s->entries) ? spill_failed(err) : 0;

	for (uint64_t i = 0; i < passes && status == 0; i++) {
		uint64_t low = i * step + (i > 0),
			 high = i + 1 == passes ? UINT64_MAX : (i + 1) * step;

		status = pass_load(s, low, high, &p, err);
		if (status == 0)
			status = order_entries(p.v, p.n, err);
		if (status == 0)
			status = pass_give(s, &p, each, ctx, err);
	}
	free(p.v);
	return status;
}
