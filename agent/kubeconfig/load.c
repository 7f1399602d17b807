/* SPDX-License-Identifier: Apache-2.0
 * load.c - kubeconfig files from disk to JSON: which there are, and whether each is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/kubeconfig/kubeconfig.h"
#include "lib/base/cleanup.h"
#include "lib/base/files.h"
#include "lib/yaml/to_json.h"

#define DEPTH_MAX 64

static const char *const lists[] = { "clusters", "users", "contexts" };

void kubeconfig_wipe(struct arena *arena)
{
	for (struct arena_block *b = arena->blocks; b; b = b->next)
		explicit_bzero(b->data, b->used);
	arena_done(arena);
}

/* ---- bytes ---- */

/* 1: it is there; 0: it is not. */
static int load_read_bytes(const char *path, struct arena *arena, struct str *out, struct err *err)
{
	scoped(fd_end) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;
	char *p;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO, "%.300s is a folder, not a kubeconfig file", path);
	if (!(p = arena_alloc(arena, KUBECONFIG_BYTES_MAX + 1)))
		return err_nomem(err);
	if ((n = file_read_up_to(fd, p, KUBECONFIG_BYTES_MAX + 1)) < 0)
		return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	if (n > (ssize_t)KUBECONFIG_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%.300s has more than %u bytes", path,
			       KUBECONFIG_BYTES_MAX);
	*out = (struct str){ p, (size_t)n };
	return 1;
}

static int load_at_line(const char *path, unsigned line, struct err *err)
{
	struct err cause = *err;

	return err_set(err, cause.kind, "%.200s:%u: %.280s", path, line, cause.msg);
}

static int load_take_document(const char *path, struct yaml_stream *s, struct arena *arena,
			      const struct json **out, struct err *err)
{
	static const struct yaml_limits limits = { .bytes = KUBECONFIG_BYTES_MAX,
						   .visits = 1000000,
						   .depth = DEPTH_MAX };
	struct yaml_converter c = {
		.limits = &limits, .arena = arena, .visits = limits.visits, .err = err
	};
	struct yaml_node *root = NULL;
	const struct json *j;
	int got = yaml_stream_next(s, arena, &root, err);

	*out = NULL;
	if (got < 0)
		return load_at_line(path, yaml_stream_at(s).line, err);
	if (got == 0)
		return 0;
	if (!(j = yaml_node_to_nodes(&c, root)))
		return load_at_line(path, c.line, err);
	*out = j->type == JSON_NULL ? NULL : j;
	return 0;
}

/* A key that repeats: whose token would count? Nobody should have to know. */
struct load_problem {
	struct yaml_place at;
	char text[200];
};

static void load_note_problem(void *ctx, struct yaml_place at, const char *text)
{
	struct load_problem *p = ctx;

	if (!*p->text) {
		p->at = at;
		snprintf(p->text, sizeof p->text, "%.190s", text);
	}
}

static int load_parse(const char *path, struct str bytes, struct arena *arena,
		      const struct json **out, struct err *err)
{
	struct yaml_input input = { .text = bytes };
	struct load_problem problem = { .text = "" };
	struct yaml_options options = { .depth = DEPTH_MAX,
					.bytes = KUBECONFIG_BYTES_MAX,
					.problem = load_note_problem,
					.ctx = &problem };
	scoped(yaml_stream_end) struct yaml_stream *s = yaml_stream_new(&input, &options);

	if (!s)
		return err_nomem(err);
	if (load_take_document(path, s, arena, out, err) < 0)
		return -1;
	if (!*problem.text)
		return 0;
	err_set(err, ERR_SYNTAX, "%s", problem.text);
	return load_at_line(path, problem.at.line, err);
}

/* ---- is it a kubeconfig? ---- */

static int load_compare_names(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int load_check_names(const char *path, const char *list, struct str *names, size_t n,
			    struct err *err)
{
	qsort(names, n, sizeof *names, load_compare_names);
	for (size_t i = 1; i < n; i++)
		if (str_eq(names[i - 1], names[i]))
			return err_set(err, ERR_SYNTAX,
				       "%.200s: %s: the name '%.*s' stands there twice", path, list,
				       QUOTED(names[i]));
	return 0;
}

/* A list of objects that have a name, each its own. */
static int load_check_list(const char *path, const struct json *root, const char *list,
			   struct err *err)
{
	const struct json *j = json_get(root, str_of(list));
	scoped(free_end) struct str *names = NULL;
	size_t n = 0;

	if (!j || j->type == JSON_NULL)
		return 0;
	if (j->type != JSON_ARRAY || j->len > KUBECONFIG_ENTRIES)
		return err_set(err, ERR_SYNTAX, "%.200s: %s must be a list of at most %d entries",
			       path, list, KUBECONFIG_ENTRIES);
	if (!(names = calloc(j->len + 1u, sizeof *names)))
		return err_nomem(err);
	for (const struct json *e = j->child; e; e = e->next) {
		const struct json *name = json_get(e, STR("name"));

		if (e->type != JSON_OBJECT || (name && name->type != JSON_STRING))
			return err_set(err, ERR_SYNTAX,
				       "%.200s: %s[%zu] must be an entry whose name is a text",
				       path, list, n);
		names[n++] = json_str(name);
	}
	return load_check_names(path, list, names, n, err);
}

static int load_check_shape(const char *path, const struct json *root, struct err *err)
{
	struct str version = json_str(json_get(root, STR("apiVersion"))),
		   kind = json_str(json_get(root, STR("kind")));

	if (root->type != JSON_OBJECT)
		return err_set(err, ERR_SYNTAX, "%.200s is no kubeconfig file: it holds no mapping",
			       path);
	if ((version.n && !str_is(version, "v1")) || (kind.n && !str_is(kind, "Config")))
		return err_set(err, ERR_SYNTAX,
			       "%.200s is no kubeconfig file: it says kind %.*s, apiVersion %.*s "
			       "(a kubeconfig says Config, v1)",
			       path, QUOTED(kind), QUOTED(version));
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (load_check_list(path, root, lists[i], err) < 0)
			return -1;
	return 0;
}

/* ---- which files ---- */

static void load_note_name(struct kubeconfig_files *out, const char *path)
{
	size_t used = strlen(out->names);

	out->looked++;
	snprintf(out->names + used, sizeof out->names - used, "%s%.120s", used ? ", " : "", path);
}

/* 1: it was there; 0: it was not. */
static int load_file(const char *path, struct arena *arena, struct kubeconfig_files *out,
		     struct err *err)
{
	struct kubeconfig_file *f = &out->v[out->n];
	const char *slash = strrchr(path, '/');
	struct str bytes;
	int there = load_read_bytes(path, arena, &bytes, err);

	load_note_name(out, path);
	if (there <= 0)
		return there;
	*f = (struct kubeconfig_file){ .path = path };
	f->folder = slash ? (struct str){ path, (size_t)(slash - path) + 1 } : STR("./");
	if (load_parse(path, bytes, arena, &f->root, err) < 0 ||
	    (f->root && load_check_shape(path, f->root, err) < 0))
		return -1;
	out->n++;
	return 1;
}

static bool load_has(const struct kubeconfig_files *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++)
		if (!strcmp(files->v[i].path, path))
			return true;
	return false;
}

static int load_path_list(const char *list, struct arena *arena, struct kubeconfig_files *out,
			  struct err *err)
{
	for (size_t n; *list; list += n + (list[n] == ':')) {
		struct str path;

		n = strcspn(list, ":");
		if (!n)
			continue;
		if (!(path = str_copy(arena, (struct str){ list, n })).s)
			return err_nomem(err);
		if (load_has(out, path.s))
			continue;
		if (out->looked == KUBECONFIG_FILES_MAX)
			return err_set(err, ERR_LIMIT, "KUBECONFIG names more than %d files",
				       KUBECONFIG_FILES_MAX);
		if (load_file(path.s, arena, out, err) < 0)
			return -1;
	}
	return 0;
}

static int load_home_file(struct arena *arena, struct kubeconfig_files *out, struct err *err)
{
	const char *home = getenv("HOME");
	struct text path;

	if (!home || !*home)
		return 0;
	text_init(&path, arena, 4096);
	text_puts(&path, home);
	text_puts(&path, "/.kube/config");
	if (path.full)
		return err_nomem(err);
	return load_file(path.s, arena, out, err) < 0 ? -1 : 0;
}

int kubeconfig_load(const char *file, struct arena *arena, struct kubeconfig_files *out,
		    struct err *err)
{
	const char *list = getenv("KUBECONFIG");
	int there;

	*out = (struct kubeconfig_files){ 0 };
	if (!file)
		return list && *list ? load_path_list(list, arena, out, err)
				     : load_home_file(arena, out, err);
	there = load_file(file, arena, out, err);
	if (there == 0)
		return err_set(err, ERR_USAGE, "--kubeconfig %.300s: there is no such file", file);
	return there < 0 ? -1 : 0;
}
