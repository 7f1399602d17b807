/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct str base64_encode(struct str bytes, struct arena *arena)
{
	size_t n = (bytes.n + 2) / 3 * 4;
	char *out = bytes.n > SIZE_MAX / 2 ? NULL : arena_alloc(arena, n + 1), *p = out;

	if (!out)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < bytes.n; i += 3) {
		const unsigned char *b = (const unsigned char *)bytes.s + i;
		size_t left = bytes.n - i;
		unsigned v = (unsigned)b[0] << 16 | (left > 1 ? (unsigned)b[1] << 8 : 0) |
			     (left > 2 ? b[2] : 0u);

		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = left > 1 ? digits[v >> 6 & 63] : '=';
		*p++ = left > 2 ? digits[v & 63] : '=';
	}
	*p = '\0';
	return (struct str){ out, n };
}

static int base64_value(char c)
{
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

struct str base64_decode(struct str text, struct arena *arena)
{
	char *out = arena_alloc(arena, text.n / 4 * 3 + 4);
	size_t n = 0, taken = 0, pads = 0;
	unsigned v = 0;

	if (!out)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < text.n; i++) {
		int d = base64_value(text.s[i]);

		if (text.s[i] == '\n' || text.s[i] == '\r')
			continue;
		pads += text.s[i] == '=';
		if (text.s[i] == '=' ? pads > 2 || taken % 4 < 2 : d < 0 || pads)
			return (struct str){ NULL, 0 };
		v = v << 6 | (d < 0 ? 0u : (unsigned)d);
		if (++taken % 4)
			continue;
		out[n++] = (char)(v >> 16 & 255);
		out[n++] = (char)(v >> 8 & 255);
		out[n++] = (char)(v & 255);
	}
	if (taken % 4)
		return (struct str){ NULL, 0 };
	n -= pads;
	out[n] = '\0';
	return (struct str){ out, n };
}
