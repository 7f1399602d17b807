/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/head.h"

#include <string.h>
#include <strings.h>

const struct refusal refusal_busy = { 429, "too much is in flight; ask again in a second",
				      "Retry-After", "1" };
const struct refusal refusal_memory = { 503, "out of memory; ask again in a second", "Retry-After",
					"1" };

/* RFC 9110, 5.6.2 */
static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("!#$%&'*+-.^_`|~", s.s[i]) &&
		    !((s.s[i] | 0x20) >= 'a' && (s.s[i] | 0x20) <= 'z') &&
		    !(s.s[i] >= '0' && s.s[i] <= '9'))
			return false;
	return s.n > 0 && !memchr(s.s, '\0', s.n);
}

/* No control characters but the tab: a NUL, a CR or a bare LF is no accident. */
static bool is_field_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] < 0x20 ? s.s[i] != '\t' : s.s[i] == 0x7f)
			return false;
	return true;
}

static bool head_same_name(struct str s, const char *name)
{
	return s.n == strlen(name) && !strncasecmp(s.s, name, s.n);
}

/* Digits only; a number of more than 18 is past any limit anyway. */
static uint64_t head_parse_length(struct str s)
{
	uint64_t n = 0;

	if (!s.n || s.n > 18)
		return UINT64_MAX;
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return UINT64_MAX;
		n = n * 10 + (uint64_t)(s.s[i] - '0');
	}
	return n;
}

static void head_take_length(struct head *h, struct str value)
{
	h->lengths++;
	h->length = head_parse_length(value);
}

static void head_take_host(struct head *h, struct str value)
{
	(void)value;
	h->hosts++;
}

static void head_take_encoding(struct head *h, struct str value)
{
	(void)value;
	h->encoded = true;
}

static void head_take_compression(struct head *h, struct str value)
{
	h->compressed = !head_same_name(value, "identity");
}

static void head_take_expect(struct head *h, struct str value)
{
	(void)value;
	h->expects = true;
}

static void head_take_type(struct head *h, struct str value)
{
	static const char json[] = "application/json";
	size_t n = sizeof json - 1;

	h->types++;
	h->json = value.n >= n && !strncasecmp(value.s, json, n) &&
		  (value.n == n || strchr("; \t", value.s[n]));
}

static void head_take_trace(struct head *h, struct str value)
{
	static const char form[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
	static const char zeros[] = "00000000000000000000000000000000";

	_Static_assert(sizeof form - 1 == TRACEPARENT_LEN, "W3C Trace Context, section 3.2");
	if (value.n != TRACEPARENT_LEN)
		return;
	for (size_t i = 0; i < value.n; i++)
		if (form[i] == '-' ? value.s[i] != '-'
				   : !value.s[i] || !strchr("0123456789abcdef", value.s[i]))
			return;
	/* Version ff is forbidden, and ids of zeros are none. */
	if (memcmp(value.s, "ff", 2) != 0 && memcmp(value.s + 3, zeros, 32) != 0 &&
	    memcmp(value.s + 36, zeros, 16) != 0)
		memcpy(h->traceparent, value.s, value.n);
}

void head_field(struct head *h, struct str name, struct str value)
{
	static const struct head_field_def {
		const char *name;
		void (*take)(struct head *h, struct str value);
	} fields[] = {
		{ "Content-Length", head_take_length },
		{ "Content-Type", head_take_type },
		{ "Transfer-Encoding", head_take_encoding },
		{ "Content-Encoding", head_take_compression },
		{ "Host", head_take_host },
		{ "Expect", head_take_expect },
		{ "traceparent", head_take_trace },
	};

	if (!is_token(name) || !is_field_value(value)) {
		h->odd = true;
		return;
	}
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (head_same_name(name, fields[i].name))
			fields[i].take(h, value);
}

bool head_is_malformed(const struct head *h)
{
	return h->odd || h->hosts > 1 || (!h->hosts && strcmp(h->version, "HTTP/1.0") != 0);
}

bool head_has_two_lengths(const struct head *h)
{
	return h->lengths > 1 || (h->lengths && h->encoded);
}

bool head_sound(const struct head *h)
{
	bool bodyless = !strcmp(h->method, "GET") || !strcmp(h->method, "HEAD");

	return !h->odd && !h->encoded && !h->expects && h->lengths <= 1 &&
	       (h->lengths || bodyless) && h->length <= BODY_MAX;
}
