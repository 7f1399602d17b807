/* SPDX-License-Identifier: Apache-2.0
 * from.c - a scan of files: dumps that `oke-guard scan --dump` wrote, and plain lists of
 * `kubectl get -o json|yaml`.
 *
 * A dump is told by its first key. JSON is stepped through item by item, so that a list of a large
 * cluster takes the memory of its largest object; YAML is read as manifests are.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/scan/input.h"
#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "policy/manifest/manifest.h"

#define FILES_MAX 4096
#define GIVE_BACK (4u << 20) /* bytes */
#define LISTS_MAX 8          /* Lists in Lists */

struct from {
	struct posture *p;
	struct err *err;
	const char *path;
	size_t objects, problems;
	bool versions_only; /* of plain files the version comes first */
};

struct mapped {
	char *s;
	size_t n;
};

static void mapped_end(struct mapped *m)
{
	if (m->s)
		munmap(m->s, m->n);
}

static int map_file(const char *path, struct mapped *out, struct err *err)
{
	scoped(fd_end) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "%.300s: it is no file", path);
	out->n = (size_t)st.st_size;
	if (!out->n)
		return err_set(err, ERR_SYNTAX, "%.300s: it is empty", path);
	out->s = mmap(NULL, out->n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (out->s == MAP_FAILED) {
		out->s = NULL;
		return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	}
	return 0;
}

/* ---- dumps ---- */

/* What has been read is given back, so that a dump takes the memory of its largest record. */
static void give_back(const char **from, const char *upto)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n = (size_t)(upto - *from) / page * page;

	if (n < GIVE_BACK)
		return;
	madvise((char *)*from, n,
		MADV_DONTNEED); /* a private mapping of a file: read again if need be */
	*from += n;
}

static int from_stream(struct from *f, struct str text)
{
	const char *held = text.s;
	size_t line = 1;

	for (; text.n; line++) {
		const char *end = memchr(text.s, '\n', text.n);
		struct str record = { text.s, end ? (size_t)(end - text.s) : text.n };
		struct err cause = { .kind = ERR_NONE };

		if (!end) { /* a record whose end is missing */
			posture_cut(f->p, "the dump ends in the middle of a record");
			return 0;
		}
		text = str_from(text, record.n + 1);
		if (record.n && posture_record(f->p, record, &cause) < 0)
			return err_set(f->err, cause.kind, "%.200s:%zu: %.280s", f->path, line,
				       cause.msg);
		f->objects++;
		give_back(&held, text.s);
	}
	return 0;
}

/* ---- JSON ---- */

static struct str text_of(struct str raw)
{
	return raw.n >= 2 && raw.s[0] == '"' ? (struct str){ raw.s + 1, raw.n - 2 }
					     : (struct str){ NULL, 0 };
}

static struct gvk gvk_of(struct str object, const struct gvk *given)
{
	struct str version = text_of(json_skim(object, STR("apiVersion")));
	struct str kind = text_of(json_skim(object, STR("kind")));
	const char *slash = version.n ? memchr(version.s, '/', version.n) : NULL;
	struct gvk gvk = *given;

	if (kind.n)
		gvk.kind = kind;
	if (!version.n)
		return gvk;
	gvk.group = slash ? (struct str){ version.s, (size_t)(slash - version.s) } : STR("");
	gvk.version = slash ? str_from(version, gvk.group.n + 1) : version;
	return gvk;
}

static bool is_list(const struct gvk *gvk)
{
	return gvk->kind.n >= 4 && !memcmp(gvk->kind.s + gvk->kind.n - 4, "List", 4) &&
	       !str_is(gvk->kind, "APIGroupList");
}

/* `kubectl version -o json`, or `kubectl get --raw /version`. */
static bool tells_version(struct str object)
{
	return json_skim(object, STR("serverVersion")).n || json_skim(object, STR("gitVersion")).n;
}

static int give(struct from *f, const struct gvk *gvk, struct str object)
{
	bool version = !gvk->kind.n;

	if (f->versions_only != version || (version && !tells_version(object)))
		return 0;
	f->objects++;
	return posture_object(f->p, gvk, object, f->err);
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t' || *at == ','))
		at++;
	return at;
}

static int from_value(struct from *f, struct str object, const struct gvk *given, unsigned depth);

/* NOLINTNEXTLINE(misc-no-recursion): from_value bounds the depth */
static int from_items(struct from *f, struct str items, struct gvk of, unsigned depth)
{
	const char *end = items.s + items.n, *at = items.n ? items.s + 1 : end;

	of.kind.n -= 4;
	if (!of.kind.n)
		of = (struct gvk){ .kind = STR("") };
	for (at = skip_space(at, end); at < end && *at != ']'; at = skip_space(at, end)) {
		const char *next = json_skim_end(at, end);

		if (!next || next == at)
			return err_set(f->err, ERR_SYNTAX,
				       "%.300s: byte %zu: it ends in the middle of a list", f->path,
				       (size_t)(at - items.s));
		if (from_value(f, (struct str){ at, (size_t)(next - at) }, &of, depth + 1) < 0)
			return -1;
		at = next;
	}
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): the depth of lists in lists is bounded below */
static int from_value(struct from *f, struct str object, const struct gvk *given, unsigned depth)
{
	struct gvk gvk = gvk_of(object, given);
	struct str items;

	if (!is_list(&gvk) || depth >= LISTS_MAX)
		return give(f, &gvk, object);
	items = json_skim(object, STR("items"));
	return items.n && items.s[0] == '[' ? from_items(f, items, gvk, depth) : 0;
}

static int from_json(struct from *f, struct str text)
{
	static const struct gvk none = { .kind = { "", 0 } };
	const char *at = text.s, *end = text.s + text.n;

	for (at = skip_space(at, end); at < end; at = skip_space(at, end)) {
		const char *next = json_skim_end(at, end);

		if (!next || next == at)
			return err_set(f->err, ERR_SYNTAX,
				       "%.300s: byte %zu: it is cut in the middle, or no JSON",
				       f->path, (size_t)(at - text.s));
		if (from_value(f, (struct str){ at, (size_t)(next - at) }, &none, 0) < 0)
			return -1;
		at = next;
	}
	return 0;
}

/* ---- YAML ---- */

struct from_bytes {
	struct str left;
};

static int read_bytes(void *ctx, char *buf, size_t room, size_t *got, struct err *err)
{
	struct from_bytes *b = ctx;

	(void)err;
	*got = b->left.n < room ? b->left.n : room;
	memcpy(buf, b->left.s, *got);
	b->left = str_from(b->left, *got);
	return 0;
}

static void on_problem(void *ctx, const struct manifest_problem *problem)
{
	struct from *f = ctx;

	if (!f->problems++)
		err_record(f->err, ERR_SYNTAX, "%.200s:%u: %.250s", f->path, problem->line,
			   problem->text);
}

static int from_yaml(struct from *f, struct str text)
{
	struct from_bytes bytes = { text };
	const struct yaml_input input = { .read = read_bytes, .ctx = &bytes };
	const struct manifest_options options = { .problem = on_problem, .ctx = f };
	scoped(manifest_end) struct manifest *m = manifest_new(&input, &options);
	struct manifest_object o;

	if (!m)
		return err_nomem(f->err);
	while (!f->versions_only && manifest_next(m, &o))
		if (give(f, &o.gvk, o.json) < 0)
			return -1;
	return f->problems ? -1 : 0;
}

/* ---- files and folders ---- */

static bool is_dump(struct str text)
{
	struct json_member first = { .next = NULL };
	const char *end = memchr(text.s, '\n', text.n);

	if (end)
		text.n = (size_t)(end - text.s);
	return json_skim_next(text, &first) && json_skim_is(first.key, STR("inventory"));
}

static int from_file(struct from *f, const char *path)
{
	scoped(mapped_end) struct mapped m = { NULL, 0 };
	struct str text;
	const char *first;

	f->path = path;
	if (map_file(path, &m, f->err) < 0)
		return -1;
	text = (struct str){ m.s, m.n };
	first = skip_space(m.s, m.s + m.n);
	if (is_dump(text))
		return f->versions_only ? 0 : from_stream(f, text);
	if (first < m.s + m.n && *first == '{')
		return from_json(f, text);
	return from_yaml(f, text);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_wanted(const char *name)
{
	static const char *const tails[] = { ".json", ".jsonl", ".yaml", ".yml" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		size_t tail = strlen(tails[i]);

		if (name[0] != '.' && n > tail && !strcmp(name + n - tail, tails[i]))
			return true;
	}
	return false;
}

struct names {
	char *v[FILES_MAX];
	size_t n;
};

static void names_end(struct names **names)
{
	for (size_t i = 0; *names && i < (*names)->n; i++)
		free((*names)->v[i]);
	free(*names);
}

static int names_read(const char *path, struct names *out, struct err *err)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	while ((e = readdir(d)) && out->n < FILES_MAX)
		if (is_wanted(e->d_name) &&
		    asprintf(&out->v[out->n], "%s/%s", path, e->d_name) >= 0)
			out->n++;
	closedir(d);
	qsort(out->v, out->n, sizeof *out->v, by_name);
	if (!out->n)
		return err_set(err, ERR_IO, "%.300s: no .json, .jsonl, .yaml or .yml file is in it",
			       path);
	return 0;
}

static int from_folder(struct from *f, const char *path)
{
	scoped(names_end) struct names *names = calloc(1, sizeof *names);

	if (!names)
		return err_nomem(f->err);
	if (names_read(path, names, f->err) < 0)
		return -1;
	for (size_t i = 0; i < names->n; i++)
		if (from_file(f, names->v[i]) < 0)
			return -1;
	return 0;
}

int scan_from(struct posture *p, const char *path, struct err *err)
{
	struct from f = { .p = p, .err = err, .path = path };
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	for (int pass = 0; pass < 2; pass++) {
		f.versions_only = !pass;
		if ((S_ISDIR(st.st_mode) ? from_folder(&f, path) : from_file(&f, path)) < 0)
			return -1;
	}
	if (!f.objects)
		return err_set(err, ERR_SYNTAX,
			       "%.300s: no dump of oke-guard and no Kubernetes object is in it",
			       path);
	return 0;
}
