/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/replay/map.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "policy/object/path.h"
#include "lib/yaml/yaml.h"

#define MAP_BYTES (256u << 10)

static const char *const map_fields[] = {
	"verb",      "user",  "groups",        "resource",       "apiGroup",    "apiVersion",
	"namespace", "name",  "subresource",   "time",           "code",        "requestURI",
	"auditID",   "level", "requestObject", "responseObject", "annotations",
};
#define MAP_FIELDS (sizeof map_fields / sizeof *map_fields)
enum map_field {
	MAP_VERB,
	MAP_USER,
	MAP_GROUPS,
	MAP_RESOURCE,
	MAP_GROUP,
	MAP_VERSION,
	MAP_NAMESPACE,
	MAP_NAME,
	MAP_SUBRESOURCE,
	MAP_TIME,
	MAP_CODE,
	MAP_URI,
	MAP_ID,
	MAP_LEVEL,
	MAP_REQUEST,
	MAP_RESPONSE,
	MAP_ANNOTATIONS,
};

struct replay_map {
	struct arena arena;
	struct path event, fields[MAP_FIELDS]; /* n is 0: not told */
};

/* ---- the file ---- */

struct map_reader {
	const char *file;
	struct replay_map *map;
	struct err *err;
};

static int map_fail(const struct map_reader *r, const struct yaml_node *at, const char *what,
		    struct str word)
{
	return err_set(r->err, ERR_SYNTAX, "%.200s:%u: %s%.*s", r->file, at ? at->line : 1, what,
		       (int)(word.n < 60 ? word.n : 60), word.s ? word.s : "");
}

static int map_path(const struct map_reader *r, const struct yaml_node *n, struct path *out)
{
	struct err why;

	if (n->kind != YAML_SCALAR)
		return map_fail(r, n, "must be a path, such as data.request.action", STR(""));
	if (path_parse(n->text, &r->map->arena, out, &why) < 0)
		return map_fail(r, n, "", str_of(why.msg));
	return 0;
}

static int map_read_field(const struct map_reader *r, const struct yaml_node *n)
{
	for (size_t i = 0; i < MAP_FIELDS; i++)
		if (str_is(n->key->text, map_fields[i]))
			return map_path(r, n, &r->map->fields[i]);
	return map_fail(r, n->key,
			"the fields are verb, user, groups, resource, apiGroup, apiVersion, "
			"namespace, name, subresource, time, code, requestURI, auditID, level, "
			"requestObject, responseObject and annotations; not ",
			n->key->text);
}

static int map_read_spec(const struct map_reader *r, const struct yaml_node *spec)
{
	if (spec->kind != YAML_MAPPING)
		return map_fail(r, spec, "spec must hold event or fields", STR(""));
	for (const struct yaml_node *n = spec->child; n; n = n->next) {
		if (str_is(n->key->text, "event")) {
			if (map_path(r, n, &r->map->event) < 0)
				return -1;
		} else if (str_is(n->key->text, "fields") && n->kind == YAML_MAPPING) {
			for (const struct yaml_node *f = n->child; f; f = f->next)
				if (map_read_field(r, f) < 0)
					return -1;
		} else {
			return map_fail(r, n->key, "spec holds event and fields; not ",
					n->key->text);
		}
	}
	return 0;
}

static int map_read_root(const struct map_reader *r, const struct yaml_node *root)
{
	const struct yaml_node *spec = NULL;
	bool kind = false;

	for (const struct yaml_node *n = root->kind == YAML_MAPPING ? root->child : NULL; n;
	     n = n->next) {
		if (str_is(n->key->text, "kind"))
			kind = n->kind == YAML_SCALAR && str_is(n->text, "ReplayMap");
		else if (str_is(n->key->text, "spec"))
			spec = n;
		else if (!str_is(n->key->text, "apiVersion") && !str_is(n->key->text, "metadata"))
			return map_fail(r, n->key, "no such key: ", n->key->text);
	}
	if (!kind || !spec)
		return map_fail(r, root, "must be of kind ReplayMap, with a spec", STR(""));
	if (map_read_spec(r, spec) < 0)
		return -1;
	if (r->map->event.n)
		return 0;
	if (!r->map->fields[MAP_VERB].n || !r->map->fields[MAP_USER].n ||
	    !r->map->fields[MAP_TIME].n ||
	    (!r->map->fields[MAP_RESOURCE].n && !r->map->fields[MAP_URI].n))
		return map_fail(r, spec,
				"tells neither event nor verb, user, time, and resource or "
				"requestURI",
				STR(""));
	return 0;
}

struct map_problem {
	const struct map_reader *r;
	bool any;
};

static void map_problem(void *ctx, struct yaml_place at, const char *text)
{
	struct map_problem *p = ctx;

	if (!p->any)
		(void)err_set(p->r->err, ERR_SYNTAX, "%.200s:%u: %.200s", p->r->file, at.line,
			      text);
	p->any = true;
}

static int map_parse(const struct map_reader *r, struct str text)
{
	struct map_problem problem = { .r = r };
	struct yaml_options options = { .plain = true,
					.depth = 8,
					.bytes = MAP_BYTES,
					.problem = map_problem,
					.ctx = &problem };
	struct yaml_input input = { .text = text };
	scoped(yaml_stream_end) struct yaml_stream *s = yaml_stream_new(&input, &options);
	struct yaml_node *root;
	int got = s ? yaml_stream_next(s, &r->map->arena, &root, r->err) : err_nomem(r->err);

	if (problem.any || (got < 0 && !s))
		return -1;
	if (got < 0) {
		struct err why = *r->err;

		return err_set(r->err, why.kind, "%.200s:%u: %.200s", r->file,
			       yaml_stream_at(s).line, why.msg);
	}
	if (!got)
		return map_fail(r, NULL, "is empty", STR(""));
	return map_read_root(r, root);
}

struct replay_map *replay_map_new(const char *file, struct err *err)
{
	struct replay_map *m = calloc(1, sizeof *m);
	struct map_reader r = { file, m, err };
	scoped(file_end) FILE *f = fopen(file, "re");
	char *text;
	size_t n;

	if (!m || !f) {
		(void)(m ? err_set(err, ERR_IO, "%.300s: %s", file, strerror(errno))
			 : err_nomem(err));
		free(m);
		return NULL;
	}
	arena_init(&m->arena, 8 * (size_t)MAP_BYTES);
	if (!(text = arena_alloc(&m->arena, MAP_BYTES)))
		(void)err_nomem(err);
	else if ((n = fread(text, 1, MAP_BYTES, f)) == MAP_BYTES)
		(void)err_set(err, ERR_LIMIT, "%.300s: is larger than 256 KiB", file);
	else if (map_parse(&r, (struct str){ text, n }) == 0)
		return m;
	replay_map_free(m);
	return NULL;
}

void replay_map_free(struct replay_map *m)
{
	if (m)
		arena_done(&m->arena);
	free(m);
}

/* ---- a line ---- */

static bool map_take(const struct json *value, void *ctx)
{
	*(const struct json **)ctx = value;
	return true;
}

static const struct json *map_at(const struct path *path, const struct json *root)
{
	const struct json *found = NULL;

	if (path->n)
		path_any(path, root, map_take, &found);
	return found && found->type != JSON_NULL ? found : NULL;
}

static void map_key(struct text *t, const char *key)
{
	text_printf(t, "%s\"%s\":", t->n && t->s[t->n - 1] != '{' ? "," : "", key);
}

/* A string or a number, as a string. */
static void map_text(struct text *t, const char *key, const struct json *v)
{
	struct str s = json_str(v);

	if (!s.n)
		return;
	map_key(t, key);
	json_quote(s, t);
}

/* An object, or a string that holds one. */
static void map_object(struct text *t, const char *key, const struct json *v)
{
	struct str s = json_str(v);

	if (!v || (v->type != JSON_OBJECT && !(v->type == JSON_STRING && s.n && s.s[0] == '{')))
		return;
	map_key(t, key);
	if (v->type == JSON_OBJECT)
		json_print(v, t);
	else
		text_str(t, s);
}

/* Groups: a list, or one text with commas. */
static void map_groups(struct text *t, const struct json *v)
{
	struct str s = json_str(v);

	if (v && v->type == JSON_ARRAY) {
		map_key(t, "groups");
		json_print(v, t);
	} else if (s.n) {
		map_key(t, "groups");
		for (const char *sep = "["; s.n; sep = ",") {
			const char *comma = memchr(s.s, ',', s.n);
			struct str one = { s.s, comma ? (size_t)(comma - s.s) : s.n };

			text_puts(t, sep);
			json_quote(one, t);
			s = str_from(s, one.n + (comma != NULL));
		}
		text_puts(t, "]");
	}
}

/* ---- the object, from its fields or from the path of the request ---- */

struct map_object {
	struct str resource, group, version, namespace, name, subresource;
};

/* The next word of a path, up to a slash or its query; absent at the end. */
static struct str path_word(struct str *path)
{
	struct str word;
	size_t n = 0;

	if (!path->n || path->s[0] != '/')
		return (struct str){ NULL, 0 };
	*path = str_from(*path, 1);
	while (n < path->n && path->s[n] != '/' && path->s[n] != '?')
		n++;
	word = (struct str){ path->s, n };
	*path = str_from(*path, n);
	return word;
}

/*
 * /api/VERSION/... or /apis/GROUP/VERSION/..., then [namespaces/NAMESPACE/]RESOURCE[/NAME
 * [/SUBRESOURCE]]. A Namespace's own path names it as its namespace, as the API server does.
 */
static void map_object_in(struct str path, struct map_object *out)
{
	struct str root = path_word(&path), word;

	if (str_is(root, "apis"))
		out->group = path_word(&path);
	else if (!str_is(root, "api"))
		return;
	out->version = path_word(&path);
	word = path_word(&path);
	if (str_is(word, "namespaces")) {
		struct str namespace = path_word(&path), next = path_word(&path);

		out->namespace = namespace;
		if (!next.n || str_is(next, "status") || str_is(next, "finalize")) {
			out->resource = word;
			out->name = namespace;
			out->subresource = next;
			return;
		}
		word = next;
	}
	out->resource = word;
	out->name = path_word(&path);
	out->subresource = path_word(&path);
}

static void map_object_of(const struct replay_map *m, const struct json *root,
			  struct map_object *out)
{
	*out = (struct map_object){ .resource = json_str(map_at(&m->fields[MAP_RESOURCE], root)) };
	if (!out->resource.n) {
		map_object_in(json_str(map_at(&m->fields[MAP_URI], root)), out);
		return;
	}
	out->group = json_str(map_at(&m->fields[MAP_GROUP], root));
	out->version = json_str(map_at(&m->fields[MAP_VERSION], root));
	out->namespace = json_str(map_at(&m->fields[MAP_NAMESPACE], root));
	out->name = json_str(map_at(&m->fields[MAP_NAME], root));
	out->subresource = json_str(map_at(&m->fields[MAP_SUBRESOURCE], root));
}

static void map_string(struct text *t, const char *key, struct str s)
{
	if (!s.n)
		return;
	map_key(t, key);
	json_quote(s, t);
}

static void map_ref(const struct map_object *o, struct text *t)
{
	map_key(t, "objectRef");
	text_puts(t, "{");
	map_string(t, "resource", o->resource);
	map_string(t, "apiGroup", o->group);
	map_string(t, "apiVersion", o->version);
	map_string(t, "namespace", o->namespace);
	map_string(t, "name", o->name);
	map_string(t, "subresource", o->subresource);
	text_puts(t, "}");
}

/* HTTP's words, where the log has those. */
static struct str map_verb(struct str verb, const struct map_object *o)
{
	static const char *const http[][2] = { { "POST", "create" },
					       { "PUT", "update" },
					       { "PATCH", "patch" },
					       { "DELETE", "delete" },
					       { "GET", "get" } };

	if (str_is(verb, "DELETE") && !o->name.n)
		return STR("deletecollection");
	for (size_t i = 0; i < sizeof http / sizeof *http; i++)
		if (str_is(verb, http[i][0]))
			return str_of(http[i][1]);
	return verb;
}

static void map_level(const struct replay_map *m, const struct json *root, struct text *t)
{
	const struct json *told = map_at(&m->fields[MAP_LEVEL], root);

	if (told)
		map_text(t, "level", told);
	else
		text_puts(t, map_at(&m->fields[MAP_RESPONSE], root)
				     ? ",\"level\":\"RequestResponse\""
			     : map_at(&m->fields[MAP_REQUEST], root) ? ",\"level\":\"Request\""
								     : ",\"level\":\"Metadata\"");
}

static void map_fields_print(const struct replay_map *m, const struct json *root,
			     const struct map_object *o, struct text *t)
{
	struct str code = json_str(map_at(&m->fields[MAP_CODE], root));

	text_puts(t, "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\"");
	map_level(m, root, t);
	text_puts(t, ",\"stage\":\"ResponseComplete\",\"verb\":");
	json_quote(map_verb(json_str(map_at(&m->fields[MAP_VERB], root)), o), t);
	map_text(t, "auditID", map_at(&m->fields[MAP_ID], root));
	map_text(t, "requestURI", map_at(&m->fields[MAP_URI], root));
	text_puts(t, ",\"user\":{");
	map_text(t, "username", map_at(&m->fields[MAP_USER], root));
	map_groups(t, map_at(&m->fields[MAP_GROUPS], root));
	text_puts(t, "}");
	map_ref(o, t);
	text_puts(t, ",\"responseStatus\":{\"code\":");
	text_str(t, code.n ? code : STR("200"));
	text_puts(t, "}");
	map_text(t, "requestReceivedTimestamp", map_at(&m->fields[MAP_TIME], root));
	map_text(t, "stageTimestamp", map_at(&m->fields[MAP_TIME], root));
	map_object(t, "annotations", map_at(&m->fields[MAP_ANNOTATIONS], root));
	map_object(t, "requestObject", map_at(&m->fields[MAP_REQUEST], root));
	map_object(t, "responseObject", map_at(&m->fields[MAP_RESPONSE], root));
	text_puts(t, "}");
}

static struct str map_whole_event(const struct json *v, struct arena *arena)
{
	struct text t;

	if (!v)
		return (struct str){ NULL, 0 };
	if (v->type == JSON_STRING)
		return json_str(v);
	text_init(&t, arena, 16u << 20);
	json_print(v, &t);
	return t.full || v->type != JSON_OBJECT ? (struct str){ NULL, 0 } : text_get(&t);
}

struct str replay_map_event(const struct replay_map *m, struct str line, struct arena *arena)
{
	struct err ignored;
	struct json *root = json_parse(line, NULL, arena, &ignored);
	struct map_object o;
	struct text t;

	if (!root || root->type != JSON_OBJECT)
		return (struct str){ NULL, 0 };
	if (m->event.n)
		return map_whole_event(map_at(&m->event, root), arena);
	map_object_of(m, root, &o);
	if (!map_at(&m->fields[MAP_VERB], root) || !o.resource.n)
		return (struct str){ NULL, 0 };
	text_init(&t, arena, 16u << 20);
	map_fields_print(m, root, &o, &t);
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}
