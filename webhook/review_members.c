/* SPDX-License-Identifier: Apache-2.0
 * review_members.c - the members of a review that are read: strings, kinds, who asks.
 *
 * As API servers write them they are plain, and taken as they stand; all else is for the strict
 * reader to tell, so that both ways give the same.
 */
#include "webhook/review_members.h"

#define UID_MAX 256

int review_refuse(const struct review_decoder *d, const char *where, const char *what)
{
	return err_set(d->err, ERR_SYNTAX, "%s: %s", where, what);
}

struct json *review_parse(const struct review_decoder *d, const char *where, struct str raw)
{
	struct json *j = json_parse(raw, NULL, d->arena, d->err);

	if (!j)
		err_in(d->err, where);
	return j;
}

static bool review_is_null(struct str raw)
{
	return str_is(raw, "null");
}

/* A string; null counts as absent. */
int review_read_string(struct review_decoder *d, const char *where, struct str raw, void *out)
{
	const struct json *j;

	if (json_plain(raw, out) || review_is_null(raw))
		return 0;
	if (raw.s[0] != '"')
		return review_refuse(d, where, "must be a string");
	if (!(j = review_parse(d, where, raw)))
		return -1;
	*(struct str *)out = json_str(j);
	return 0;
}

/* The string members of a small object, such as {"group","version","kind"}. */
#define FIELDS_N 3
struct review_field {
	const char *name;
	struct str *out;
};

/* In the way that API servers write it. */
static bool review_read_plain(struct str raw, const struct str begins[FIELDS_N],
			      const struct review_field fields[FIELDS_N])
{
	struct str texts[FIELDS_N];

	if (!json_plain_members(raw, begins, FIELDS_N, texts))
		return false;
	for (size_t i = 0; i < FIELDS_N; i++)
		*fields[i].out = texts[i];
	return true;
}

static int review_read_fields(struct review_decoder *d, const char *where, struct str raw,
			      const struct review_field fields[FIELDS_N])
{
	const struct json *object, *j;

	if (review_is_null(raw))
		return 0;
	if (raw.s[0] != '{')
		return review_refuse(d, where, "must be an object or null");
	if (!(object = review_parse(d, where, raw)))
		return -1;
	for (size_t i = 0; i < FIELDS_N; i++) {
		if (!(j = json_get(object, str_of(fields[i].name))) || j->type == JSON_NULL)
			continue;
		if (j->type != JSON_STRING)
			return err_set(d->err, ERR_SYNTAX, "%s.%s: must be a string", where,
				       fields[i].name);
		*fields[i].out = json_str(j);
	}
	return 0;
}

int review_read_kind(struct review_decoder *d, const char *where, struct str raw, void *out)
{
	static const struct str plain[] = { TEXT("{\"group\":\""), TEXT(",\"version\":\""),
					    TEXT(",\"kind\":\"") };
	struct gvk *k = out;
	const struct review_field fields[] = { { "group", &k->group },
					       { "version", &k->version },
					       { "kind", &k->kind } };

	if (k == &d->req->kind)
		d->kind = raw;
	else if (str_eq(raw, d->kind))
		return 0;
	return review_read_plain(raw, plain, fields) ? 0
						     : review_read_fields(d, where, raw, fields);
}

int review_read_resource(struct review_decoder *d, const char *where, struct str raw, void *out)
{
	static const struct str plain[] = { TEXT("{\"group\":\""), TEXT(",\"version\":\""),
					    TEXT(",\"resource\":\"") };
	struct gvr *r = out;
	const struct review_field fields[] = { { "group", &r->group },
					       { "version", &r->version },
					       { "resource", &r->resource } };

	if (r == &d->req->resource)
		d->resource = raw;
	else if (str_eq(raw, d->resource))
		return 0;
	return review_read_plain(raw, plain, fields) ? 0
						     : review_read_fields(d, where, raw, fields);
}

/* An object stays a range of bytes: most are never read. */
int review_read_range(struct review_decoder *d, const char *where, struct str raw, void *out)
{
	if (review_is_null(raw))
		return 0;
	if (raw.s[0] != '{')
		return review_refuse(d, where, "must be an object or null");
	*(struct str *)out = raw;
	return 0;
}

int review_read_uid(struct review_decoder *d, const char *where, struct str raw, void *out)
{
	struct str *uid = out;

	if (review_read_string(d, where, raw, uid) < 0)
		return -1;
	if (!uid->n || uid->n > UID_MAX)
		return review_refuse(d, where, "must be a string of 1 to 256 bytes");
	for (size_t i = 0; i < uid->n; i++)
		if ((unsigned char)uid->s[i] < 0x20 || uid->s[i] == 0x7f)
			return review_refuse(d, where, "must not hold control characters");
	return 0;
}

int review_read_operation(struct review_decoder *d, const char *where, struct str raw, void *out)
{
	static const enum operation all[] = { OP_CREATE, OP_UPDATE, OP_DELETE, OP_CONNECT };
	struct str name = { NULL, 0 };

	if (review_read_string(d, where, raw, &name) < 0)
		return -1;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (str_is(name, operation_name(all[i]))) {
			*(enum operation *)out = all[i];
			return 0;
		}
	return review_refuse(d, where, "must be CREATE, UPDATE, DELETE or CONNECT");
}

static int review_read_groups(struct review_decoder *d, const struct json *list, struct user *user)
{
	static const char wrong[] = "must be a list of strings";
	struct str *groups;
	size_t n = 0;

	if (!list || list->type == JSON_NULL)
		return 0;
	if (list->type != JSON_ARRAY)
		return review_refuse(d, "request.userInfo.groups", wrong);
	if (!list->child)
		return 0;
	if (!(groups = arena_calloc(d->arena, list->len, sizeof *groups)))
		return err_set(d->err, ERR_LIMIT, "no memory left for the user's groups");
	for (const struct json *j = list->child; j; j = j->next) {
		if (j->type != JSON_STRING)
			return review_refuse(d, "request.userInfo.groups", wrong);
		groups[n++] = json_str(j);
	}
	user->groups = groups;
	user->groups_n = n;
	return 0;
}

int review_read_user(struct review_decoder *d, const char *where, struct str raw, void *out)
{
	struct user *user = out;
	const struct json *info, *name;

	if (review_is_null(raw))
		return 0;
	if (raw.s[0] != '{')
		return review_refuse(d, where, "must be an object or null");
	if (!(info = review_parse(d, where, raw)))
		return -1;
	name = json_get(info, STR("username"));
	if (name && name->type != JSON_STRING && name->type != JSON_NULL)
		return review_refuse(d, "request.userInfo.username", "must be a string");
	user->name = json_str(name);
	return review_read_groups(d, json_get(info, STR("groups")), user);
}

int review_read_dry_run(struct review_decoder *d, const char *where, struct str raw, void *out)
{
	if (!str_is(raw, "true") && !str_is(raw, "false") && !review_is_null(raw))
		return review_refuse(d, where, "must be true, false or null");
	*(bool *)out = str_is(raw, "true");
	return 0;
}
