/* SPDX-License-Identifier: Apache-2.0
 * scan.c - what reader and skimmer share: escapes, and how far two texts are the same.
 */
#include "lib/json/scan.h"

#define CHUNK 256

size_t scan_common(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	while (n - i >= CHUNK && !memcmp(a + i, b + i, CHUNK))
		i += CHUNK;
	for (; n - i >= SCAN_WIDTH; i += SCAN_WIDTH) {
		uint64_t marks = scan_differ(a + i, b + i);

		if (marks)
			return i + scan_first(marks);
	}
	while (i < n && a[i] == b[i])
		i++;
	return i;
}

size_t scan_common_before(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	while (n - i >= CHUNK && !memcmp(a - i - CHUNK, b - i - CHUNK, CHUNK))
		i += CHUNK;
	while (n - i >= SCAN_WIDTH && !scan_differ(a - i - SCAN_WIDTH, b - i - SCAN_WIDTH))
		i += SCAN_WIDTH;
	return i;
}

static int scan_hex4(const char *p, const char *end, uint32_t *out)
{
	uint32_t v = 0;

	if (end - p < 4)
		return -1;
	for (const char *stop = p + 4; p < stop; p++) {
		unsigned c = (unsigned char)*p, letter = c | 0x20;

		if (c - '0' < 10)
			v = v << 4 | (c - '0');
		else if (letter - 'a' < 6)
			v = v << 4 | (letter - 'a' + 10);
		else
			return -1;
	}
	*out = v;
	return 0;
}

size_t scan_escape(const char *p, const char *end, uint32_t *cp)
{
	static const char escapes[][2] = { { '"', '"' },  { '\\', '\\' }, { '/', '/' },
					   { 'n', '\n' }, { 't', '\t' },  { 'r', '\r' },
					   { 'b', '\b' }, { 'f', '\f' } };
	uint32_t low;

	if (end - p < 2)
		return 0;
	for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
		if (p[1] == escapes[i][0])
			return *cp = (unsigned char)escapes[i][1], 2;
	}
	if (p[1] != 'u' || scan_hex4(p + 2, end, cp) < 0 || (*cp >= 0xdc00 && *cp < 0xe000))
		return 0;
	if (*cp < 0xd800 || *cp >= 0xe000)
		return 6;
	if (end - p < 12 || p[6] != '\\' || p[7] != 'u' || scan_hex4(p + 8, end, &low) < 0 ||
	    low < 0xdc00 || low >= 0xe000)
		return 0;
	*cp = 0x10000 + ((*cp - 0xd800) << 10 | (low - 0xdc00));
	return 12;
}
