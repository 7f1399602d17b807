#include "webhook/admit.h"

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

/* ---- the table ---- */

static bool admit_is_malformed(const struct head *h)
{
	return h->odd || h->hosts > 1 || (!h->hosts && strcmp(h->version, "HTTP/1.0") != 0);
}

static bool admit_has_two_lengths(const struct head *h)
{
	return h->lengths > 1 || (h->lengths && h->encoded);
}

static const char *const review_paths[] = {
	[POLICIES_ALL] = "/validate",
	[POLICIES_SUPPORT] = "/validate/support",
	[POLICIES_ALPHA] = "/validate/alpha",
};
#define REVIEW_PATHS (sizeof review_paths / sizeof *review_paths)

static size_t admit_review_path(const struct head *h)
{
	size_t i = 0;

	while (i < REVIEW_PATHS && strcmp(h->path, review_paths[i]) != 0)
		i++;
	return i;
}

enum policies_part admit_part(const struct head *h)
{
	size_t i = admit_review_path(h);

	return i < REVIEW_PATHS ? (enum policies_part)i : POLICIES_ALL;
}

static bool admit_is_elsewhere(const struct head *h)
{
	return admit_review_path(h) == REVIEW_PATHS;
}

static bool admit_is_no_post(const struct head *h)
{
	return strcmp(h->method, "POST") != 0;
}

static bool admit_has_no_length(const struct head *h)
{
	return !h->lengths; /* chunked or not */
}

static bool admit_has_no_number(const struct head *h)
{
	return h->length == UINT64_MAX;
}

static bool admit_is_too_large(const struct head *h)
{
	return h->length > BODY_MAX;
}

static bool admit_is_no_json(const struct head *h)
{
	return h->types != 1 || !h->json;
}

static bool admit_is_compressed(const struct head *h)
{
	return h->compressed;
}

static bool admit_is_empty(const struct head *h)
{
	return !h->length;
}

const struct refusal *admit_review(const struct head *h)
{
	static const struct {
		bool (*fails)(const struct head *h);
		struct refusal refusal;
	} checks[] = {
		{ admit_is_malformed, { 400, "a header of the request is malformed", NULL, NULL } },
		{ admit_has_two_lengths,
		  { 400, "the length of the body is given twice", NULL, NULL } },
		{ admit_is_elsewhere, { 404, "there is only /validate here", NULL, NULL } },
		{ admit_is_no_post, { 405, "send a POST", "Allow", "POST" } },
		{ admit_has_no_length, { 411, "send a Content-Length", NULL, NULL } },
		{ admit_has_no_number, { 400, "Content-Length is no number", NULL, NULL } },
		{ admit_is_too_large, { 413, "the body is larger than 8 MiB", NULL, NULL } },
		{ admit_is_no_json, { 415, "send Content-Type: application/json", NULL, NULL } },
		{ admit_is_compressed, { 415, "send the body uncompressed", NULL, NULL } },
		{ admit_is_empty, { 400, "the body is empty", NULL, NULL } },
	};

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (checks[i].fails(h))
			return &checks[i].refusal;
	return NULL;
}

bool head_sound(const struct head *h)
{
	bool bodyless = !strcmp(h->method, "GET") || !strcmp(h->method, "HEAD");

	return !h->odd && !h->encoded && !h->expects && h->lengths <= 1 &&
	       (h->lengths || bodyless) && h->length <= BODY_MAX;
}
