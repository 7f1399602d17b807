/* SPDX-License-Identifier: Apache-2.0
 * plain.c - strings that need no reader: as API servers write nearly all that is short.
 */
#include "lib/json/json.h"

#include "lib/json/scan.h"

static bool is_plain(const char *p, size_t n)
{
	return scan_text_end(p, p + n) == p + n;
}

bool json_plain(struct str raw, struct str *text)
{
	if (raw.n < 2 || raw.s[0] != '"' || raw.s[raw.n - 1] != '"' ||
	    !is_plain(raw.s + 1, raw.n - 2))
		return false;
	*text = (struct str){ raw.s + 1, raw.n - 2 };
	return true;
}

bool json_plain_members(struct str raw, const struct str *begins, size_t n, struct str *texts)
{
	for (size_t i = 0; i < n; i++) {
		const char *quote;

		if (!str_starts(raw, begins[i]))
			return false;
		raw = str_from(raw, begins[i].n);
		if (!(quote = raw.n ? memchr(raw.s, '"', raw.n) : NULL) ||
		    !is_plain(raw.s, (size_t)(quote - raw.s)))
			return false;
		texts[i] = (struct str){ raw.s, (size_t)(quote - raw.s) };
		raw = str_from(raw, texts[i].n + 1);
	}
	return str_is(raw, "}");
}
