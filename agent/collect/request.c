/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/request.h"

#include <string.h>

#include "lib/base/chars.h"
#include "lib/json/json.h"

#define SEGMENTS_MAX 16

static const char *const words[] = {
	[COLLECT_GET] = "get",
	[COLLECT_LIST] = "list",
	[COLLECT_TABLE] = "table",
	[COLLECT_TEXT] = "text",
};

const char *collect_method_name(enum collect_method m)
{
	return words[m];
}

int collect_request_read(struct str line, struct arena *arena, struct collect_request *out,
			 struct err *err)
{
	const struct json *root = json_parse(line, NULL, arena, err), *first;
	struct str path;

	if (!root)
		return err_in(err, "a request on standard input");
	first = root->type == JSON_OBJECT ? root->child : NULL;
	path = first && first->type == JSON_STRING ? json_str(first) : (struct str){ NULL, 0 };
	for (size_t i = 0; path.n && i < sizeof words / sizeof *words; i++)
		if (str_is(json_key(first), words[i])) {
			out->method = (enum collect_method)i;
			out->path = str_copy(arena, path).s;
			return out->path ? 0 : err_nomem(err);
		}
	return err_set(err, ERR_SYNTAX,
		       "a request on standard input must be {\"get\": \"/PATH\"}, or the same with "
		       "list, table or text");
}

/* ---- may it be sent? ---- */

struct collect_segments {
	struct str v[SEGMENTS_MAX];
	size_t n;
};

static bool segment_is(const struct collect_segments *s, size_t i, const char *word)
{
	return i < s->n && str_is(s->v[i], word);
}

/* False: it is no plain path. */
static bool collect_request_split(const char *path, struct collect_segments *out)
{
	out->n = 0;
	while (*path == '/') {
		struct str s = { path + 1, strcspn(path + 1, "/?") };

		if (out->n == SEGMENTS_MAX || !chars_all(s, char_is_alnum, "-._:@"))
			return false;
		if (!s.n || str_is(s, ".") || str_is(s, ".."))
			return false;
		out->v[out->n++] = s;
		path = s.s + s.n;
	}
	return out->n && (*path == '\0' || *path == '?');
}

/* /api/V/..., /apis/G/V/...: where what follows the version begins. 0: none of these. */
static size_t collect_after_version(const struct collect_segments *s)
{
	if (segment_is(s, 0, "api"))
		return 2;
	return segment_is(s, 0, "apis") ? 3 : 0;
}

/* Both of the ways to read /namespaces/NS/X: as a subresource of a namespace, and as a resource. */
static bool names_resource(const struct collect_segments *s, const char *resource)
{
	size_t i = collect_after_version(s);

	if (!i)
		return false;
	if (segment_is(s, i, "watch") || segment_is(s, i, "proxy"))
		i++;
	if (segment_is(s, i, "namespaces") && i + 2 < s->n)
		i += 2;
	return segment_is(s, i, resource);
}

/* Parameters that the agent, or nobody, sets. */
static bool has_parameter(const char *path, const char *name)
{
	size_t n = strlen(name);

	for (const char *q = strchr(path, '?'); q; q = strchr(q + 1, '&'))
		if (!strncmp(q + 1, name, n) && (q[n + 1] == '=' || q[n + 1] == '&' || !q[n + 1]))
			return true;
	return false;
}

/* Names of parameters are written as they are: else %77atch would be another one than watch. */
static bool is_plain_query(const char *path)
{
	const char *q = strchr(path, '?');

	if (q && !chars_all(str_of(q + 1), char_is_alnum, "-._~:@!$&'()*+,=/?%"))
		return false;
	for (; q; q = strchr(q + 1, '&'))
		if (!chars_all((struct str){ q + 1, strcspn(q + 1, "=&") }, char_is_alnum, "-_."))
			return false;
	return true;
}

const char *collect_request_refusal(const char *path)
{
	static const char *const parameters[] = { "resourceVersion", "resourceVersionMatch",
						  "watch", "limit", "continue" };
	struct collect_segments s;

	if (strlen(path) > COLLECT_PATH_MAX)
		return "the path is too long";
	if (!collect_request_split(path, &s) || !is_plain_query(path))
		return "it is no plain path of the API";
	if (names_resource(&s, "secrets"))
		return "Secrets are never asked for";
	for (size_t i = collect_after_version(&s); i && i < s.n; i++)
		if (str_is(s.v[i], "proxy") || str_is(s.v[i], "watch"))
			return "it does not lead to an object";
	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
		if (has_parameter(path, parameters[i]))
			return "the query holds a parameter that is the agent's to set";
	return NULL;
}
