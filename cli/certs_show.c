/* SPDX-License-Identifier: Apache-2.0
 * certs_show.c - certificates as text for people, and as JSON.
 */
#include "cli/certs_show.h"

#include <stdio.h>
#include <cjson/cJSON.h>

#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "lib/base/time.h"

#define SHOW_MEMORY_MAX (16u << 20) /* two files and their facts */
#define DAY             86400

/* ---- text ---- */

static void certs_show_line(const char *label, const char *value)
{
	printf("     %-12s %s\n", label, value);
}

static void certs_show_names(const struct certificate *c)
{
	printf("     %-12s ", "names");
	for (size_t i = 0; i < c->names_n; i++)
		printf("%s%s", i ? ", " : "", c->names[i]);
	printf(c->names_n ? "\n" : "(none)\n");
}

static void certs_show_dates(const struct certificate *c, int64_t now)
{
	char from[TIME_TEXT], to[TIME_TEXT];
	long long days = (c->not_after - now + DAY / 2) / DAY;

	time_print(c->not_before, from);
	time_print(c->not_after, to);
	printf("     %-12s %s to %s ", "valid", from, to);
	if (now < c->not_before)
		printf("(not yet)\n");
	else if (now > c->not_after)
		printf("(expired)\n");
	else
		printf("(%lld day%s left)\n", days, days == 1 ? "" : "s");
}

static void certs_show_certificate(const struct certificate *c, size_t i, int64_t now)
{
	printf("  %zu  %s%s\n", i + 1, c->subject, c->ca ? "  (CA)" : "");
	certs_show_line("issuer", c->self_signed ? "itself" : c->issuer);
	if (!c->ca || c->names_n)
		certs_show_names(c);
	certs_show_dates(c, now);
	certs_show_line("key", c->key);
	certs_show_line("signature", c->signature);
	certs_show_line("serial", c->serial);
	certs_show_line("SHA-256", c->fingerprint);
}

/* ---- JSON ---- */

static void certs_show_cjson_end(cJSON **j)
{
	cJSON_Delete(*j);
}

static bool certs_show_json_names(cJSON *o, const struct certificate *c)
{
	cJSON *names = cJSON_AddArrayToObject(o, "names");

	for (size_t i = 0; i < c->names_n; i++) {
		cJSON *name = cJSON_CreateString(c->names[i]);

		if (!cJSON_AddItemToArray(names, name)) {
			cJSON_Delete(name);
			return false;
		}
	}
	return names;
}

static bool certs_show_json_certificate(cJSON *list, const struct certificate *c)
{
	cJSON *o = cJSON_CreateObject();
	char from[TIME_TEXT], to[TIME_TEXT];

	time_print(c->not_before, from);
	time_print(c->not_after, to);
	if (!cJSON_AddItemToArray(list, o)) {
		cJSON_Delete(o);
		return false;
	}
	return cJSON_AddStringToObject(o, "subject", c->subject) &&
	       cJSON_AddStringToObject(o, "issuer", c->issuer) && certs_show_json_names(o, c) &&
	       cJSON_AddStringToObject(o, "notBefore", from) &&
	       cJSON_AddStringToObject(o, "notAfter", to) &&
	       cJSON_AddStringToObject(o, "key", c->key) &&
	       cJSON_AddStringToObject(o, "signature", c->signature) &&
	       cJSON_AddStringToObject(o, "serial", c->serial) &&
	       cJSON_AddStringToObject(o, "sha256", c->fingerprint) &&
	       cJSON_AddBoolToObject(o, "ca", c->ca) &&
	       cJSON_AddBoolToObject(o, "selfSigned", c->self_signed);
}

static bool certs_show_json_file(cJSON *files, const char *file, const struct certificate *all,
				 size_t n)
{
	cJSON *o = cJSON_CreateObject(), *list;

	if (!cJSON_AddItemToArray(files, o)) {
		cJSON_Delete(o);
		return false;
	}
	if (!cJSON_AddStringToObject(o, "file", file) ||
	    !(list = cJSON_AddArrayToObject(o, "certificates")))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!certs_show_json_certificate(list, &all[i]))
			return false;
	}
	return true;
}

/* ---- both ---- */

struct shown_file {
	const char *name;
	struct certificate *all;
	size_t n;
};

static int certs_show_json(const struct shown_file *files, size_t n, struct err *err)
{
	scoped(certs_show_cjson_end) cJSON *root = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(root, "files");
	scoped(free_end) char *text = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!certs_show_json_file(list, files[i].name, files[i].all, files[i].n))
			return err_nomem(err);
	}
	if (!(text = cJSON_Print(root)))
		return err_nomem(err);
	puts(text);
	return 0;
}

static int certs_show_text(const struct shown_file *files, size_t n, int64_t now)
{
	for (size_t i = 0; i < n; i++) {
		printf("%s\n", files[i].name);
		for (size_t k = 0; k < files[i].n; k++)
			certs_show_certificate(&files[i].all[k], k, now);
	}
	return 0;
}

int certs_show(const char *const *files, size_t n, bool json, int64_t now, struct err *err)
{
	scoped(arena_end) struct arena arena;
	struct shown_file *read;
	struct str pem;

	arena_init(&arena, SHOW_MEMORY_MAX);
	if (!(read = arena_calloc(&arena, n, sizeof *read)))
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		read[i].name = files[i];
		if (certs_file(files[i], &arena, &pem, err) < 0)
			return -1;
		if (certificates_parse(pem, &arena, &read[i].all, &read[i].n, err) < 0)
			return err_in(err, files[i]);
	}
	return json ? certs_show_json(read, n, err) : certs_show_text(read, n, now);
}
