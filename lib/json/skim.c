/* SPDX-License-Identifier: Apache-2.0
 * skim.c - find a member without reading the rest.
 *
 * The envelope of a review is small and its objects are large: most requests
 * concern no policy, so their objects are never parsed. What is skipped is
 * looked at for quotes and brackets alone; any bytes are safe here, and what is
 * used later is read by json_parse, which checks all of it.
 */
#include "lib/json/json.h"

#include "lib/json/blocks.h"
#include "lib/base/utf8.h"

/* Behind the closing quote of the string whose text begins at p; NULL: there is none. */
static const char *skip_string(const char *p, const char *end)
{
	for (;;) {
		p = scan_to_quote(p, end);
		if (end - p < 2)
			return p < end && *p == '"' ? end : NULL;
		if (*p == '"')
			return p + 1;
		p += 2;
	}
}

SCAN_WIDE static const char *blocks_pass_wide(const char **at, const char *end, struct blocks *s)
{
	return blocks_skip(at, end, s, true, NULL, NULL);
}

static const char *blocks_pass_narrow(const char **at, const char *end, struct blocks *s)
{
	return blocks_skip(at, end, s, false, NULL, NULL);
}

const char *blocks_pass(const char **at, const char *end, struct blocks *s)
{
	return scan_has_wide() ? blocks_pass_wide(at, end, s) : blocks_pass_narrow(at, end, s);
}

/*
 * p stands behind the opening bracket; where it is closed, or NULL. Brackets are counted, not
 * matched: json_parse does that.
 */
static const char *skip_container(const char *p, const char *end)
{
	struct blocks s = { .depth = 1 };

	return blocks_pass_all(p, end, &s);
}

static const char *skip_scalar(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && !strchr(",:]}[{\" \t\r\n", *p))
		p++;
	return p > from ? p : NULL;
}

/* {} or []: half of managedFields. */
static bool is_empty_container(const char *p, const char *end)
{
	return end - p > 1 && ((p[0] == '{' && p[1] == '}') || (p[0] == '[' && p[1] == ']'));
}

const char *json_skim_end(const char *p, const char *end)
{
	if (p == end)
		return NULL;
	if (*p == '"')
		return skip_string(p + 1, end);
	if (is_empty_container(p, end))
		return p + 2;
	return *p == '{' || *p == '[' ? skip_container(p + 1, end) : skip_scalar(p, end);
}

/* Past white space and then the byte c; NULL: another one is there. */
static inline const char *skim_past(const char *p, const char *end, char c)
{
	p = scan_space(p, end);
	return p < end && *p == c ? p + 1 : NULL;
}

/* Is the closing brace of the object next, and only white space behind it? */
static bool ends_here(const struct json_member *m, const char *start, const char *end)
{
	const char *p = m->next ? m->next : skim_past(start, end, '{');

	return p && (p = skim_past(p, end, '}')) && scan_space(p, end) == end;
}

bool json_skim_key(struct str input, struct json_member *m)
{
	const char *end, *key, *key_end, *value, *p;

	if (!input.n)
		return false;
	end = input.s + input.n;
	p = m->next ? skim_past(m->next, end, ',') : skim_past(input.s, end, '{');
	key = p ? skim_past(p, end, '"') : NULL;
	m->whole = !key && ends_here(m, input.s, end);
	if (!key || !(key_end = skip_string(key, end)) || !(value = skim_past(key_end, end, ':')))
		return false;
	value = scan_space(value, end);
	m->key = (struct str){ key, (size_t)(key_end - 1 - key) };
	m->value = (struct str){ value, (size_t)(end - value) };
	return value < end;
}

bool json_skim_to(struct json_member *m, const char *end)
{
	if (!end)
		return false;
	m->value.n = (size_t)(end - m->value.s);
	m->next = end;
	return true;
}

bool json_skim_value(struct str input, struct json_member *m)
{
	return json_skim_to(m, json_skim_end(m->value.s, input.s + input.n));
}

bool json_skim_next(struct str input, struct json_member *m)
{
	return json_skim_key(input, m) && json_skim_value(input, m);
}

bool json_skim_leave(struct json_member *m, const struct json_member *in)
{
	const char *end = m->value.s + m->value.n;
	const char *p = in->next ? in->next : skim_past(m->value.s, end, '{');

	if (!p || !(p = skim_past(p, end, '}')))
		return false;
	m->value.n = (size_t)(p - m->value.s);
	m->next = p;
	return true;
}

bool json_skim_is(struct str raw, struct str name)
{
	const char *p = raw.s, *end = raw.s + raw.n;
	uint32_t cp = 0;
	char utf8[4];

	if (raw.n < name.n) /* nothing is longer than it is with its escapes */
		return false;
	if (!raw.n || !memchr(raw.s, '\\', raw.n))
		return str_eq(raw, name);
	while (p < end) {
		size_t len = *p == '\\' ? scan_escape(p, end, &cp) : 1;
		struct str piece = { *p == '\\' ? utf8 : p, 1 };

		if (!len)
			return false;
		if (*p == '\\')
			piece.n = utf8_encode(cp, utf8);
		if (!str_starts(name, piece))
			return false;
		name = str_from(name, piece.n);
		p += len;
	}
	return !name.n;
}

struct str json_skim(struct str input, struct str key)
{
	for (struct json_member m = { .next = NULL }; json_skim_next(input, &m);) {
		if (json_skim_is(m.key, key))
			return m.value;
	}
	return (struct str){ NULL, 0 };
}
