/* SPDX-License-Identifier: Apache-2.0
 * nearest.c - the edit distance with swaps (optimal string alignment), bounded.
 */
#include "lib/base/nearest.h"

#include <ctype.h>
#include <strings.h>

static size_t nearest_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int nearest_folded(struct str s, size_t i)
{
	return tolower((unsigned char)s.s[i]);
}

static size_t nearest_distance(struct str a, struct str b)
{
	/* the last three rows of the table; row[i % 3][j]: from i bytes of a to j of b */
	size_t row[3][NEAREST_WORD_MAX + 1];

	for (size_t j = 0; j <= b.n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *now = row[i % 3], *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t change = nearest_folded(a, i - 1) != nearest_folded(b, j - 1);

			now[j] =
				nearest_min(up[j - 1] + change, nearest_min(up[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 &&
			    nearest_folded(a, i - 1) == nearest_folded(b, j - 2) &&
			    nearest_folded(a, i - 2) == nearest_folded(b, j - 1))
				now[j] = nearest_min(now[j], up2[j - 2] + 1);
		}
	}
	return row[a.n % 3][b.n];
}

static bool nearest_is_beginning(struct str word, struct str known)
{
	return word.n > 2 && word.n < known.n && !strncasecmp(word.s, known.s, word.n);
}

void nearest_start(struct nearest *n, struct str word)
{
	*n = (struct nearest){ .word = word, .distance = word.n < 3 ? 1 : 1 + word.n / 3 };
}

void nearest_try(struct nearest *n, struct str known)
{
	size_t d = 1;

	if (!known.n || known.n > NEAREST_WORD_MAX || !n->word.n || n->word.n > NEAREST_WORD_MAX)
		return;
	if (!nearest_is_beginning(n->word, known))
		d = nearest_distance(n->word, known);
	if (n->best.s ? d >= n->distance : d > n->distance || d >= known.n)
		return;
	n->best = known;
	n->distance = d;
}

const char *nearest_of(const char *word, const char *const *names, size_t n)
{
	struct nearest near;

	nearest_start(&near, str_of(word));
	for (size_t i = 0; i < n; i++)
		nearest_try(&near, str_of(names[i]));
	return near.best.s;
}
