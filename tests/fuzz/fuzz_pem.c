/* SPDX-License-Identifier: Apache-2.0
 * fuzz_pem.c - any bytes as certificate, key and CA at once, as one file may hold all.
 *
 * What must hold: every text that is kept is short printable ASCII, counts are
 * within their limits, and two looks at the same pair say the same. The keys in the corpus
 * were made for it and are used nowhere.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "lib/base/time.h"

#define NOW       ((int64_t)1795000000)
#define FACTS_MAX (4u << 20)
#define TEXT_MAX  1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_be_plain(const char *s)
{
	must(s != NULL && strlen(s) <= TEXT_MAX);
	for (; *s; s++)
		must(*s >= ' ' && *s < 0x7f);
}

static void look_at(const struct certificate *c)
{
	char date[TIME_TEXT];

	must_be_plain(c->subject);
	must_be_plain(c->issuer);
	must_be_plain(c->serial);
	must_be_plain(c->fingerprint);
	must_be_plain(c->key);
	must_be_plain(c->signature);
	must(c->names_n <= CERTS_NAMES_MAX);
	for (size_t i = 0; i < c->names_n; i++)
		must_be_plain(c->names[i]);
	time_print(c->not_after, date);
	must_be_plain(date);
	certs_due(c->not_before, c->not_after, NOW);
}

static void look_at_faults(const struct keypair *kp, struct str ca)
{
	static const char *const names[] = { "guard.example", "127.0.0.1", "fd00::1" };
	struct keypair_want want = { .now = NOW, .names = names, .names_n = 3, .ca = ca };
	struct keypair_fault first[KEYPAIR_FAULTS_MAX], second[KEYPAIR_FAULTS_MAX];
	size_t n = keypair_faults(kp, &want, first);

	must(keypair_faults(kp, &want, second) == n);
	for (size_t i = 0; i < n && i < KEYPAIR_FAULTS_MAX; i++) {
		must_be_plain(first[i].text);
		must(first[i].kind == second[i].kind && !strcmp(first[i].text, second[i].text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	scoped(arena_end) struct arena arena;
	struct certificate *all;
	struct keypair *kp;
	struct err err;
	size_t n = 0;

	arena_init(&arena, FACTS_MAX);
	if (!certificates_parse(text, &arena, &all, &n, &err))
		must(n > 0 && n <= CERTS_CHAIN_MAX);
	for (size_t i = 0; i < n; i++)
		look_at(&all[i]);
	if (!(kp = keypair_parse(text, text, &err))) {
		must(err.kind == ERR_SYNTAX || err.kind == ERR_LIMIT);
		return 0;
	}
	look_at_faults(kp, text);
	keypair_unref(kp);
	return 0;
}
