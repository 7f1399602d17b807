/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/objects.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#define VERSION_MAX 64   /* bytes of a resourceVersion or a generation */
#define PRINT_ROOM  8192 /* of a patch, besides the texts of what changes */

void objects_wipe(struct arena *arena)
{
	for (struct arena_block *b = arena->blocks; b; b = b->next)
		explicit_bzero(b->data, b->used);
	arena_done(arena);
}

/* ---- reading ---- */

static const struct json *objects_parse(struct str body, const char *kind, struct arena *arena,
					struct err *err)
{
	const struct json *j = json_parse(body, NULL, arena, err);

	if (!j) {
		err_in(err, "the API server's answer cannot be read");
		return NULL;
	}
	if (kind && !str_is(json_str(json_get(j, STR("kind"))), kind)) {
		err_set(err, ERR_SYNTAX, "the API server's answer is no %s", kind);
		return NULL;
	}
	return j;
}

static const struct json *objects_child(const struct json *o, const char *key)
{
	return o && o->type == JSON_OBJECT ? json_get(o, str_of(key)) : NULL;
}

/* A text that we send again: short, and nothing odd in it. */
static bool objects_is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] <= ' ' || s.s[i] > '~' || s.s[i] == '"' || s.s[i] == '\\')
			return false;
	return s.n && s.n <= VERSION_MAX;
}

static int objects_resource_version(const struct json *object, struct arena *arena, struct str *out,
				    struct err *err)
{
	struct str v =
		json_str(objects_child(objects_child(object, "metadata"), "resourceVersion"));

	if (!objects_is_plain(v))
		return err_set(err, ERR_SYNTAX, "the API server's answer has no resourceVersion");
	*out = str_copy(arena, v);
	return out->s ? 0 : err_nomem(err);
}

/* ---- writing ---- */

static void objects_cjson_end(cJSON **j)
{
	cJSON_Delete(*j);
}

/* room: bytes of all texts in it. The arena is overwritten in the end; cJSON's own memory is not.
 */
static int objects_print(const cJSON *j, size_t room, struct arena *arena, struct str *out,
			 struct err *err)
{
	size_t n = room + PRINT_ROOM;
	char *p = arena_alloc(arena, n);

	if (!p || n > INT32_MAX || !cJSON_PrintPreallocated((cJSON *)j, p, (int)n, false))
		return err_nomem(err);
	*out = str_of(p);
	return 0;
}

/* A patch's beginning: {"metadata":{"resourceVersion":...}}; its metadata. */
static cJSON *objects_begin_patch(cJSON *root, struct str version)
{
	cJSON *metadata = cJSON_AddObjectToObject(root, "metadata");

	return cJSON_AddStringToObject(metadata, "resourceVersion", version.s) ? metadata : NULL;
}

/* ---- the Secret ---- */

static bool nobody_can_change(const struct json *secret)
{
	const struct json *immutable = objects_child(secret, "immutable");

	return immutable && immutable->type == JSON_TRUE;
}

int objects_secret_read(struct str body, struct arena *arena, struct store *out,
			struct str *version, struct err *err)
{
	const struct json *j = objects_parse(body, "Secret", arena, err), *data, *annotations;
	struct store s = { 0 };

	if (!j || objects_resource_version(j, arena, version, err) < 0)
		return -1;
	if (nobody_can_change(j))
		return err_set(err, ERR_SYNTAX,
			       "the Secret is immutable; delete it and run helm "
			       "upgrade, which makes it again");
	data = objects_child(j, "data");
	annotations = objects_child(objects_child(j, "metadata"), "annotations");
	for (int i = 0; i < PARTS_N; i++) {
		struct str text = json_str(objects_child(
			store_parts[i].annotation ? annotations : data, store_parts[i].name));

		s.part[i] =
			store_parts[i].annotation || !text.n ? text : base64_decode(text, arena);
	}
	if (arena->full) /* what there was no room for must not count as nothing */
		return err_nomem(err);
	*out = s;
	return 0;
}

/* cJSON refers to the text, and makes no copy of a key that nobody would overwrite. */
static cJSON *objects_value_of(const struct store_part_def *def, struct str text,
			       struct arena *arena, size_t *room)
{
	if (!text.n)
		return cJSON_CreateNull();
	text = def->annotation ? str_copy(arena, text) : base64_encode(text, arena);
	*room += text.n * 2; /* a quote or a backslash is escaped */
	return text.s ? cJSON_CreateStringReference(text.s) : NULL;
}

int objects_secret_patch(const struct store *before, const struct store *after, struct str version,
			 struct arena *arena, struct str *out, struct err *err)
{
	scoped(objects_cjson_end) cJSON *root = cJSON_CreateObject();
	cJSON *metadata = objects_begin_patch(root, version);
	cJSON *annotations = cJSON_AddObjectToObject(metadata, "annotations");
	cJSON *data = cJSON_AddObjectToObject(root, "data");
	size_t room = 0;

	for (int i = 0; i < PARTS_N; i++) {
		cJSON *value;

		if (str_eq(before->part[i], after->part[i]))
			continue;
		value = objects_value_of(&store_parts[i], after->part[i], arena, &room);
		if (!cJSON_AddItemToObject(store_parts[i].annotation ? annotations : data,
					   store_parts[i].name, value)) {
			cJSON_Delete(value);
			return err_nomem(err);
		}
	}
	return data ? objects_print(root, room, arena, out, err) : err_nomem(err);
}

/* ---- the ValidatingWebhookConfiguration ---- */

/* Adds a caBundle unless it is there already; what is no base64 is worth nothing. */
static void objects_add_bundle(struct text *all, struct str base64, struct arena *arena)
{
	struct str pem = base64_decode(base64, arena);

	if (!pem.n || (all->n && memmem(all->s, all->n, pem.s, pem.n)))
		return;
	text_str(all, pem);
	if (pem.s[pem.n - 1] != '\n')
		text_puts(all, "\n");
}

static int objects_read_state(const struct json *metadata, struct arena *arena, struct str *out,
			      struct err *err)
{
	struct str uid = json_str(objects_child(metadata, "uid")),
		   generation = json_str(objects_child(metadata, "generation"));
	struct text t;

	if (!objects_is_plain(uid) || !objects_is_plain(generation))
		return err_set(err, ERR_SYNTAX, "the API server's answer has no uid or generation");
	text_init(&t, arena, 2 * VERSION_MAX + 2);
	text_str(&t, uid);
	text_puts(&t, "/");
	text_str(&t, generation);
	*out = text_get(&t);
	return t.full ? err_nomem(err) : 0;
}

int objects_configuration_read(struct str body, struct arena *arena, struct configuration *out,
			       struct err *err)
{
	const struct json *j = objects_parse(body, "ValidatingWebhookConfiguration", arena, err),
			  *list;
	struct configuration c = { 0 };
	struct text all;

	if (!j || objects_resource_version(j, arena, &c.version, err) < 0 ||
	    objects_read_state(objects_child(j, "metadata"), arena, &c.state, err) < 0)
		return -1;
	text_init(&all, arena, OBJECT_BUNDLE_MAX);
	list = objects_child(j, "webhooks");
	for (const struct json *w = list && list->type == JSON_ARRAY ? list->child : NULL; w;
	     w = w->next) {
		struct str base64 =
			json_str(objects_child(objects_child(w, "clientConfig"), "caBundle"));

		c.entries++;
		c.untrusted += !base64.n;
		objects_add_bundle(&all, base64, arena);
	}
	if (arena->full) /* a bundle that there was no room for must not count as none */
		return err_nomem(err);
	c.bundle = text_get(&all);
	*out = c;
	return 0;
}

int objects_configuration_patch(struct str webhooks, struct str version, struct arena *arena,
				struct str *out, struct err *err)
{
	scoped(objects_cjson_end) cJSON *root = cJSON_CreateObject();

	if (!objects_begin_patch(root, version) ||
	    !cJSON_AddRawToObject(root, "webhooks", webhooks.s))
		return err_nomem(err);
	return objects_print(root, webhooks.n, arena, out, err);
}

/* ---- the servers' Deployment ---- */

int objects_unavailable_read(struct str body, struct arena *arena, long *out, struct err *err)
{
	const struct json *j = objects_parse(body, "Deployment", arena, err), *n;

	if (!j)
		return -1;
	n = objects_child(objects_child(j, "status"), "unavailableReplicas");
	*out = n && n->type == JSON_NUMBER && n->len < 8 ? strtol(n->text, NULL, 10) : 0;
	return 0;
}

/* ---- facts ---- */

/* The digits that it begins with: some providers write "36+". */
static struct str objects_version_number(struct str s)
{
	size_t n = 0;

	while (n < s.n && n < 4 && s.s[n] >= '0' && s.s[n] <= '9')
		n++;
	return (struct str){ s.s, n };
}

int objects_version_read(struct str body, struct arena *arena, struct str *out, struct err *err)
{
	const struct json *j = objects_parse(body, NULL, arena, err);
	struct str major = objects_version_number(json_str(objects_child(j, "major"))),
		   minor = objects_version_number(json_str(objects_child(j, "minor")));
	struct text t;

	if (!j)
		return -1;
	if (!major.n || !minor.n)
		return err_set(err, ERR_SYNTAX, "the API server does not tell its version");
	text_init(&t, arena, 16);
	text_str(&t, major);
	text_puts(&t, ".");
	text_str(&t, minor);
	*out = text_get(&t);
	return t.full ? err_nomem(err) : 0;
}

int objects_facts_read(struct str body, struct arena *arena, struct str *out, struct err *err)
{
	const struct json *j = objects_parse(body, "ConfigMap", arena, err);

	if (!j)
		return -1;
	*out = json_str(objects_child(objects_child(j, "data"), "kubernetes"));
	return 0;
}

int objects_facts_patch(struct str kubernetes, struct arena *arena, struct str *out,
			struct err *err)
{
	scoped(objects_cjson_end) cJSON *root = cJSON_CreateObject();
	cJSON *data = cJSON_AddObjectToObject(root, "data");

	if (!cJSON_AddStringToObject(data, "kubernetes", kubernetes.s))
		return err_nomem(err);
	return objects_print(root, kubernetes.n, arena, out, err);
}
