/* SPDX-License-Identifier: Apache-2.0
 * check_csr.c - the names in certificate requests, and requests that are none.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "policy/judge/csr.h"
#include "tests/unit/suite.h"

/* openssl req -new ... -subj /O=system:nodes/CN=system:node:x | base64 -w0 */
static const char node[] =
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIcE1JR1JBZ0VBTUM4eEZUQVRCZ05WQkFvTURI"
	"TjVjM1JsYlRwdWIyUmxjekVXTUJRR0ExVUVBd3dOYzNsegpkR1Z0T201dlpHVTZlREJaTUJNR0J5cUdTTTQ5QWdF"
	"R0NDcUdTTTQ5QXdFSEEwSUFCTW0yWEpoOG9CNXUzQUZZCmVjSW55TDFCeXBGYzVqRXBQRFd4UlphY1BFRXJTdCs5"
	"N3JVOThEcER2dkQwVWozV0VBV251WHZZYWhkUlJuYksKMmp4YUpTcWdBREFLQmdncWhrak9QUVFEQWdOSEFEQkVB"
	"aUJWV2NHM25rV0cyanlocWpWMW05djhWdFM3RllJTgo0bHZlTXpDWFpRVVB4Z0lnS0VXa0VRK3JFNU91M1Q3dmQ0"
	"TW4ycVVlMk9QekVscVl1SXcxeDZtaVZKdz0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";

static void note_name(void *ctx, bool group, struct str name)
{
	char *out = ctx;
	size_t n = strlen(out);

	snprintf(out + n, 256 - n, "%s=%.*s;", group ? "O" : "CN", STR_ARG(name));
}

static void expect_names(struct str request, const char *want)
{
	char got[256] = "";
	struct arena arena;

	arena_init(&arena, 1u << 20);
	csr_names(request, &arena, note_name, got);
	ck_assert_str_eq(got, want);
	arena_done(&arena);
}

START_TEST(names_are_found)
{
	expect_names(str_of(node), "O=system:nodes;CN=system:node:x;");
}
END_TEST

START_TEST(what_is_no_request_names_nobody)
{
	expect_names(STR(""), "");
	expect_names(STR("bm90IGEgcmVxdWVzdA=="), "");
	expect_names(STR("????"), "");
	expect_names(STR("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"), "");
}
END_TEST

/* ---- all that Go's encoding/pem and asn1 read, with which the API server does ---- */

#define BEGIN "-----BEGIN CERTIFICATE REQUEST-----\n"
#define END   "-----END CERTIFICATE REQUEST-----\n"
/* openssl req -new -subj /O=system:nodes/CN=system:node:x, with string_mask utf8only and
 * MASK:0x800. */
#define UTF8_1 "MIHpMIGRAgEAMC8xFTATBgNVBAoMDHN5c3RlbTpub2RlczEWMBQGA1UEAwwNc3lz"
#define UTF8_2                                                                                     \
	"dGVtOm5vZGU6eDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOpcMiNC8/hPclVI"                         \
	"nkLLpdE81hHRh316jlV2YUufi8nKV+1rtHgC3LwP4mkdfl0PgCYtp0Dv/GlboYLB"                         \
	"zHgp0oGgADAKBggqhkjOPQQDAgNHADBEAiAbMCk3AP7p3CQrCd5HWkp3n9F3vvAi"                         \
	"gn8nFufRKpWPVQIgWTcuZEkarnZ4KTwCgcEcE/h0DtbkVQQWFF94tLhNN/0="
#define WIDE                                                                                       \
	"MIIBAjCBqgIBADBIMSEwHwYDVQQKHhgAcwB5AHMAdABlAG0AOgBuAG8AZABlAHMx"                         \
	"IzAhBgNVBAMeGgBzAHkAcwB0AGUAbQA6AG4AbwBkAGUAOgB4MFkwEwYHKoZIzj0C"                         \
	"AQYIKoZIzj0DAQcDQgAE6lwyI0Lz+E9yVUieQsul0TzWEdGHfXqOVXZhS5+LycpX"                         \
	"7Wu0eALcvA/iaR1+XQ+AJi2nQO/8aVuhgsHMeCnSgaAAMAoGCCqGSM49BAMCA0cA"                         \
	"MEQCIDCqyoHekz3DiqTF9K02GrWfWeV2TLVR4dMfkK3PtOvtAiBPbvJMbd+XtXin"                         \
	"miJkiLZVxzC2poURBKqtRnLhFHYaGw=="
#define NODE "O=system:nodes;CN=system:node:x;"

static const struct csr_case {
	const char *why, *pem, *want;
} requests[] = {
	{ "as everybody writes it", BEGIN UTF8_1 "\n" UTF8_2 "\n" END, NODE },
	{ "spaces, tabs and CRLF", BEGIN UTF8_1 "\t\r\n \t" UTF8_2 "\r\n" END, NODE },
	{ "a header", BEGIN "Proc-Type: 4\n\n" UTF8_1 "\n" UTF8_2 "\n" END, NODE },
	{ "headers without an empty line", BEGIN "A: b\nMII:\n" UTF8_1 UTF8_2 "\n" END, NODE },
	{ "words before it", "a request\nof ours:\n" BEGIN UTF8_1 UTF8_2 "\n" END, NODE },
	{ "a mark within a line, which is none", "x" BEGIN "MIIB\n" BEGIN UTF8_1 UTF8_2 "\n" END,
	  NODE },
	{ "a block that is broken, and one that is not",
	  BEGIN "MII?\n" END BEGIN UTF8_1 UTF8_2 "\n" END, NODE },
	{ "names in UTF-16", BEGIN WIDE "\n" END, NODE },
	{ "no end", BEGIN UTF8_1 UTF8_2, NODE },
	{ "no begin", UTF8_1 UTF8_2 "\n" END, "" },
	{ "half of it", BEGIN UTF8_1 "\n" END, "" },
};

START_TEST(what_go_reads_is_read)
{
	const struct csr_case *c = &requests[_i];
	struct arena arena;
	char got[256] = "";

	arena_init(&arena, 1u << 20);
	csr_names(base64_encode(str_of(c->pem), &arena), &arena, note_name, got);
	ck_assert_msg(!strcmp(got, c->want), "%s: '%s'", c->why, got);
	arena_done(&arena);
}
END_TEST

/* Cut anywhere, and with any one byte changed: read within its bounds, whatever it then says. */
START_TEST(broken_requests_are_read_within_bounds)
{
	size_t n = sizeof node - 1;

	for (size_t i = 0; i < n; i++) {
		char *copy = malloc(n), got[256];
		struct arena arena;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, node, n);
		arena_init(&arena, 1u << 20);
		*got = '\0';
		csr_names((struct str){ copy, i }, &arena, note_name, got);
		*got = '\0';
		copy[i] = copy[i] == 'z' ? '/' : 'z';
		csr_names((struct str){ copy, n }, &arena, note_name, got);
		arena_done(&arena);
		free(copy);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csr");
	TCase *tc = tcase_create("csr");

	tcase_add_test(tc, names_are_found);
	tcase_add_test(tc, what_is_no_request_names_nobody);
	tcase_add_loop_test(tc, what_go_reads_is_read, 0, sizeof requests / sizeof *requests);
	tcase_add_test(tc, broken_requests_are_read_within_bounds);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
