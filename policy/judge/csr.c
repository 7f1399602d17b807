/* SPDX-License-Identifier: Apache-2.0
 * csr.c - base64, PEM and as much of DER as the subject of a request takes (X.690, RFC 2986).
 */
#include "policy/judge/csr.h"

#include <string.h>

/* ---- base64 (RFC 4648), white space left out ---- */

static int base64_value(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* Up to the first byte that is neither base64 nor white space. */
static struct str base64_read(struct str text, struct arena *arena)
{
	unsigned char *out = arena_alloc(arena, text.n * 3 / 4 + 3);
	unsigned bits = 0, held = 0;
	size_t n = 0;

	if (!out)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < text.n; i++) {
		int v = base64_value(text.s[i]);

		if (v < 0 && text.s[i] && strchr(" \t\r\n", text.s[i]))
			continue;
		if (v < 0)
			break;
		held = held << 6 | (unsigned)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (unsigned char)(held >> bits);
		}
	}
	return (struct str){ (const char *)out, n };
}

/* ---- DER ---- */

enum { DER_OID = 0x06, DER_BMP = 0x1e, DER_SEQUENCE = 0x30, DER_SET = 0x31 };

struct der {
	unsigned char tag;
	struct str body;
};

static size_t der_byte(struct str s, size_t i)
{
	return (unsigned char)s.s[i];
}

/* Take one value off the front of s. */
static bool der_take(struct str *s, struct der *out)
{
	size_t head = 2, n;

	if (s->n < 2)
		return false;
	n = der_byte(*s, 1);
	if (n & 0x80) {
		size_t bytes = n & 0x7f;

		if (!bytes || bytes > 4 || s->n < 2 + bytes)
			return false;
		n = 0;
		for (size_t i = 0; i < bytes; i++)
			n = n << 8 | der_byte(*s, 2 + i);
		head += bytes;
	}
	if (n > s->n - head)
		return false;
	*out = (struct der){ (unsigned char)s->s[0], { s->s + head, n } };
	*s = str_from(*s, head + n);
	return true;
}

static bool der_take_of(struct str *s, unsigned char tag, struct str *body)
{
	struct der value;

	if (!der_take(s, &value) || value.tag != tag)
		return false;
	*body = value.body;
	return true;
}

/* ---- the subject ---- */

static const struct str common_name = { "\x55\x04\x03", 3 };  /* 2.5.4.3 */
static const struct str organisation = { "\x55\x04\x0a", 3 }; /* 2.5.4.10 */

typedef void csr_visit(void *ctx, bool group, struct str name);

/* A BMPString has two bytes a character. What the guard has names for is ASCII. */
static struct str csr_text(const struct der *value, struct arena *arena)
{
	size_t n = value->body.n / 2;
	char *out;

	if (value->tag != DER_BMP)
		return value->body;
	if (!(out = arena_alloc(arena, n + 1)))
		return STR("");
	for (size_t i = 0; i < n; i++)
		out[i] = der_byte(value->body, 2 * i) ? '?' : value->body.s[2 * i + 1];
	return (struct str){ out, n };
}

static void csr_attribute(struct str set, struct arena *arena, csr_visit *visit, void *ctx)
{
	struct str pair, oid;
	struct der value;

	while (der_take_of(&set, DER_SEQUENCE, &pair))
		if (der_take_of(&pair, DER_OID, &oid) && der_take(&pair, &value) &&
		    (str_eq(oid, common_name) || str_eq(oid, organisation)))
			visit(ctx, str_eq(oid, organisation), csr_text(&value, arena));
}

static void csr_subject(struct str der, struct arena *arena, csr_visit *visit, void *ctx)
{
	struct str whole, info, subject, set;
	struct der version;

	if (!der_take_of(&der, DER_SEQUENCE, &whole) || !der_take_of(&whole, DER_SEQUENCE, &info) ||
	    !der_take(&info, &version) || !der_take_of(&info, DER_SEQUENCE, &subject))
		return;
	while (der_take_of(&subject, DER_SET, &set))
		csr_attribute(set, arena, visit, ctx);
}

/* ---- PEM ---- */

/* What base64 stands between: BEGIN and END, and headers ("Proc-Type: 4"). */
static bool csr_is_mark(struct str line)
{
	return str_starts(line, STR("-----")) || (line.n && memchr(line.s, ':', line.n));
}

static struct str csr_line(struct str text)
{
	const char *end = memchr(text.s, '\n', text.n);

	return (struct str){ text.s, end ? (size_t)(end - text.s) + 1 : text.n };
}

/*
 * The API server reads with Go's encoding/pem: it passes over words before the request, over
 * broken blocks, and over headers. All that it could take for the request is looked at.
 */
void csr_names(struct str request, struct arena *arena,
	       void (*visit)(void *ctx, bool group, struct str name), void *ctx)
{
	static const char begin[] = "-----BEGIN CERTIFICATE REQUEST-----";
	struct str pem = base64_read(request, arena), body = { pem.s, 0 };

	if (!pem.n || !memmem(pem.s, pem.n, begin, sizeof begin - 1))
		return;
	while (pem.n) {
		struct str line = csr_line(pem);

		pem = str_from(pem, line.n);
		if (!csr_is_mark(line)) {
			body.n += line.n;
			continue;
		}
		csr_subject(base64_read(body, arena), arena, visit, ctx);
		body = (struct str){ pem.s, 0 };
	}
	csr_subject(base64_read(body, arena), arena, visit, ctx);
}
