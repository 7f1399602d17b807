/* SPDX-License-Identifier: Apache-2.0
 * posture_mask.c - names taken out of texts, word by word.
 */
#include "cli/report/posture_mask.h"

#include <ctype.h>

static const char *const kinds[] = { "node", "workload", "namespace", "other" };

void mask_name(struct mask *m, const char *kind, struct str name)
{
	size_t k = 0;

	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].name, name))
			return;
	while (k < 3 && strcmp(kinds[k], kind) != 0)
		k++;
	if (m->n == m->room || !name.n)
		return;
	m->v[m->n].name = name;
	snprintf(m->v[m->n].word, sizeof m->v->word, "<%s-%zu>", kinds[k], ++m->numbers[k]);
	m->n++;
}

/* What names, OCIDs, addresses and images are made of. */
static bool is_part(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_' || c == ':';
}

static const struct mask_name *known(const struct mask *m, struct str word)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].name, word))
			return &m->v[i];
	return NULL;
}

/* "10.0.10.12", "10.0.10.12:443" */
static bool is_address(struct str word)
{
	size_t dots = 0, colons = 0, digits = 0, hex = 0;

	for (size_t i = 0; i < word.n; i++) {
		dots += word.s[i] == '.';
		colons += word.s[i] == ':';
		digits += isdigit((unsigned char)word.s[i]) != 0;
		hex += isxdigit((unsigned char)word.s[i]) != 0;
	}
	if (dots == 3 && digits >= 4 && digits + dots + colons == word.n)
		return true;
	return colons >= 3 && dots == 0 && hex + colons == word.n;
}

static struct str ocid_kind(struct str word)
{
	size_t dots = 0;

	for (size_t i = 0; i < word.n; i++)
		if (word.s[i] == '.' && ++dots == 2)
			return (struct str){ word.s, i };
	return word;
}

static void print_word(FILE *out, const struct mask *m, struct str word, bool registry)
{
	const struct mask_name *n = known(m, word);

	if (n)
		fputs(n->word, out);
	else if (registry)
		fputs("<registry>", out);
	else if (str_starts(word, STR("ocid1.")))
		fprintf(out, "%.*s.<masked>", STR_ARG(ocid_kind(word)));
	else if (is_address(word))
		fputs("<address>", out);
	else
		fprintf(out, "%.*s", STR_ARG(word));
}

/* Of "iad.ocir.io/tenancy/oke-public-coredns:1" the part in front of the last slash: a host with a
   dot comes first. A link is left as it is. */
static size_t registry_of(struct str text)
{
	size_t last = 0, first = 0;

	for (size_t i = 0;
	     i < text.n && (is_part(text.s[i]) || text.s[i] == '/' || text.s[i] == '@'); i++)
		if (text.s[i] == '/') {
			last = i;
			first = first ? first : i;
		}
	if (!last || !memchr(text.s, '.', first))
		return 0;
	return last;
}

static bool is_link(struct str text)
{
	return str_starts(text, STR("https://"));
}

void mask_print(FILE *out, const struct mask *m, struct str text)
{
	while (text.n) {
		struct str word = { text.s, 0 };
		size_t registry;

		if (m->off) {
			fprintf(out, "%.*s", (int)text.n, text.s);
			return;
		}
		if (is_link(text)) {
			while (word.n < text.n && !isspace((unsigned char)text.s[word.n]))
				word.n++;
			fprintf(out, "%.*s", (int)word.n, text.s);
			text = str_from(text, word.n);
			continue;
		}
		if (!is_part(*text.s)) {
			fputc(*text.s, out);
			text = str_from(text, 1);
			continue;
		}
		if ((registry = registry_of(text))) {
			fputs("<registry>", out);
			text = str_from(text, registry);
			continue;
		}
		while (word.n < text.n && is_part(text.s[word.n]))
			word.n++;
		print_word(out, m, word, false);
		text = str_from(text, word.n);
	}
}
