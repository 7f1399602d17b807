/* SPDX-License-Identifier: Apache-2.0
 * quantity.c - numbers, percentages and the suffixes of resource quantities.
 */
#include "policy/model/quantity.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static double scale_of(struct str suffix)
{
	static const struct {
		const char *suffix;
		double scale;
	} scales[] = {
		{ "", 1 },        { "%", 1 },       { "m", 1e-3 },    { "k", 1e3 },
		{ "M", 1e6 },     { "G", 1e9 },     { "T", 1e12 },    { "P", 1e15 },
		{ "E", 1e18 },    { "n", 1e-9 },    { "u", 1e-6 },    { "Ki", 1024. },
		{ "Mi", 0x1p20 }, { "Gi", 0x1p30 }, { "Ti", 0x1p40 }, { "Pi", 0x1p50 },
		{ "Ei", 0x1p60 },
	};

	for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
		if (str_is(suffix, scales[i].suffix))
			return scales[i].scale;
	return 0;
}

bool quantity_read(struct str s, double *out)
{
	double value = 0, digit = 1, scale;
	bool negative = s.n && s.s[0] == '-', point = false;
	size_t i = negative, digits = 0;

	for (; i < s.n && (is_digit(s.s[i]) || (s.s[i] == '.' && !point)); i++) {
		if (s.s[i] == '.') {
			point = true;
			continue;
		}
		value = point ? value + (s.s[i] - '0') * (digit /= 10)
			      : value * 10 + (s.s[i] - '0');
		digits++;
	}
	scale = digits ? scale_of(str_from(s, i)) : 0;
	*out = (negative ? -value : value) * scale;
	return scale > 0;
}
