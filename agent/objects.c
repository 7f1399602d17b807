#include "agent/objects.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#define VERSION_MAX 64   /* bytes of a resourceVersion or a generation */
#define PRINT_ROOM  8192 /* of a patch, besides the texts of what changes */

void object_wipe(struct arena *arena)
{
	for (struct arena_block *b = arena->blocks; b; b = b->next)
		explicit_bzero(b->data, b->used);
	arena_done(arena);
}

/* ---- reading ---- */

static const struct json *read_object(struct str body, const char *kind, struct arena *arena,
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

static const struct json *child(const struct json *o, const char *key)
{
	return o && o->type == JSON_OBJECT ? json_get(o, str_of(key)) : NULL;
}

/* A text that we send again: short, and nothing odd in it. */
static bool plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] <= ' ' || s.s[i] > '~' || s.s[i] == '"' || s.s[i] == '\\')
			return false;
	return s.n && s.n <= VERSION_MAX;
}

static int read_version(const struct json *object, struct arena *arena, struct str *out,
			struct err *err)
{
	struct str v = json_str(child(child(object, "metadata"), "resourceVersion"));

	if (!plain(v))
		return err_set(err, ERR_SYNTAX, "the API server's answer has no resourceVersion");
	*out = str_copy(arena, v);
	return out->s ? 0 : err_nomem(err);
}

/* ---- writing ---- */

static void json_end(cJSON **j)
{
	cJSON_Delete(*j);
}

/* room: bytes of all texts in it. The arena is overwritten in the end; cJSON's own memory is not.
 */
static int print(const cJSON *j, size_t room, struct arena *arena, struct str *out, struct err *err)
{
	size_t n = room + PRINT_ROOM;
	char *p = arena_alloc(arena, n);

	if (!p || n > INT32_MAX || !cJSON_PrintPreallocated((cJSON *)j, p, (int)n, false))
		return err_nomem(err);
	*out = str_of(p);
	return 0;
}

/* A patch's beginning: {"metadata":{"resourceVersion":...}}; its metadata. */
static cJSON *begin_patch(cJSON *root, struct str version)
{
	cJSON *metadata = cJSON_AddObjectToObject(root, "metadata");

	return cJSON_AddStringToObject(metadata, "resourceVersion", version.s) ? metadata : NULL;
}

/* ---- the Secret ---- */

static bool nobody_can_change(const struct json *secret)
{
	const struct json *immutable = child(secret, "immutable");

	return immutable && immutable->type == JSON_TRUE;
}

int secret_read(struct str body, struct arena *arena, struct store *out, struct str *version,
		struct err *err)
{
	const struct json *j = read_object(body, "Secret", arena, err), *data, *annotations;
	struct store s = { 0 };

	if (!j || read_version(j, arena, version, err) < 0)
		return -1;
	if (nobody_can_change(j))
		return err_set(
			err, ERR_SYNTAX,
			"the Secret is immutable; delete it and run helm upgrade, which makes "
			"it anew");
	data = child(j, "data");
	annotations = child(child(j, "metadata"), "annotations");
	for (int i = 0; i < PARTS_N; i++) {
		struct str text =
			json_str(child(parts[i].annotation ? annotations : data, parts[i].name));

		s.part[i] = parts[i].annotation || !text.n ? text : base64_decode(text, arena);
	}
	*out = s;
	return 0;
}

/* cJSON refers to the text, and makes no copy of a key that nobody would overwrite. */
static cJSON *value_of(const struct part_def *def, struct str text, struct arena *arena,
		       size_t *room)
{
	if (!text.n)
		return cJSON_CreateNull();
	text = def->annotation ? str_copy(arena, text) : base64_encode(text, arena);
	*room += text.n * 2; /* a quote or a backslash is escaped */
	return text.s ? cJSON_CreateStringReference(text.s) : NULL;
}

int secret_patch(const struct store *before, const struct store *after, struct str version,
		 struct arena *arena, struct str *out, struct err *err)
{
	scoped(json_end) cJSON *root = cJSON_CreateObject();
	cJSON *metadata = begin_patch(root, version);
	cJSON *annotations = cJSON_AddObjectToObject(metadata, "annotations");
	cJSON *data = cJSON_AddObjectToObject(root, "data");
	size_t room = 0;

	for (int i = 0; i < PARTS_N; i++) {
		cJSON *value;

		if (str_eq(before->part[i], after->part[i]))
			continue;
		value = value_of(&parts[i], after->part[i], arena, &room);
		if (!cJSON_AddItemToObject(parts[i].annotation ? annotations : data, parts[i].name,
					   value)) {
			cJSON_Delete(value);
			return err_nomem(err);
		}
	}
	return data ? print(root, room, arena, out, err) : err_nomem(err);
}

/* ---- the ValidatingWebhookConfiguration ---- */

/* Adds a caBundle unless it is there already; what is no base64 is worth nothing. */
static void add_bundle(struct text *all, struct str base64, struct arena *arena)
{
	struct str pem = base64_decode(base64, arena);

	if (!pem.n || (all->n && memmem(all->s, all->n, pem.s, pem.n)))
		return;
	text_str(all, pem);
	if (pem.s[pem.n - 1] != '\n')
		text_puts(all, "\n");
}

static int read_state(const struct json *metadata, struct arena *arena, struct str *out,
		      struct err *err)
{
	struct str uid = json_str(child(metadata, "uid")),
		   generation = json_str(child(metadata, "generation"));
	struct text t;

	if (!plain(uid) || !plain(generation))
		return err_set(err, ERR_SYNTAX, "the API server's answer has no uid or generation");
	text_init(&t, arena, 2 * VERSION_MAX + 2);
	text_str(&t, uid);
	text_puts(&t, "/");
	text_str(&t, generation);
	*out = text_get(&t);
	return t.full ? err_nomem(err) : 0;
}

int configuration_read(struct str body, struct arena *arena, struct configuration *out,
		       struct err *err)
{
	const struct json *j = read_object(body, "ValidatingWebhookConfiguration", arena, err),
			  *list;
	struct configuration c = { 0 };
	struct text all;

	if (!j || read_version(j, arena, &c.version, err) < 0 ||
	    read_state(child(j, "metadata"), arena, &c.state, err) < 0)
		return -1;
	text_init(&all, arena, OBJECT_BUNDLE_MAX);
	list = child(j, "webhooks");
	for (const struct json *w = list && list->type == JSON_ARRAY ? list->child : NULL; w;
	     w = w->next) {
		struct str base64 = json_str(child(child(w, "clientConfig"), "caBundle"));

		c.entries++;
		c.untrusted += !base64.n;
		add_bundle(&all, base64, arena);
	}
	c.bundle = text_get(&all);
	*out = c;
	return 0;
}

int configuration_patch(struct str webhooks, struct str version, struct arena *arena,
			struct str *out, struct err *err)
{
	scoped(json_end) cJSON *root = cJSON_CreateObject();

	if (!begin_patch(root, version) || !cJSON_AddRawToObject(root, "webhooks", webhooks.s))
		return err_nomem(err);
	return print(root, webhooks.n, arena, out, err);
}

/* ---- facts ---- */

/* The digits that it begins with: some providers write "36+". */
static struct str number_of(struct str s)
{
	size_t n = 0;

	while (n < s.n && n < 4 && s.s[n] >= '0' && s.s[n] <= '9')
		n++;
	return (struct str){ s.s, n };
}

int version_read(struct str body, struct arena *arena, struct str *out, struct err *err)
{
	const struct json *j = read_object(body, NULL, arena, err);
	struct str major = number_of(json_str(child(j, "major"))),
		   minor = number_of(json_str(child(j, "minor")));
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

int facts_read(struct str body, struct arena *arena, struct str *out, struct err *err)
{
	const struct json *j = read_object(body, "ConfigMap", arena, err);

	if (!j)
		return -1;
	*out = json_str(child(child(j, "data"), "kubernetes"));
	return 0;
}

int facts_patch(struct str kubernetes, struct arena *arena, struct str *out, struct err *err)
{
	scoped(json_end) cJSON *root = cJSON_CreateObject();
	cJSON *data = cJSON_AddObjectToObject(root, "data");

	if (!cJSON_AddStringToObject(data, "kubernetes", kubernetes.s))
		return err_nomem(err);
	return print(root, kubernetes.n, arena, out, err);
}
