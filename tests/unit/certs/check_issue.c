/* SPDX-License-Identifier: Apache-2.0
 * check_issue.c - what is issued, held against the profile; who may be named.
 */
#include "tests/unit/certs/faulty.h"
#include "tests/unit/suite.h"

static const char *const some_names[] = { "oke-guard.oke-guard.svc", "localhost", "127.0.0.1",
					  "fd00::1", "localhost" };

static const struct certs_order plain = {
	.names = some_names, .names_n = 5, .days = 365, .now = NOW
};

static X509 *cert_of(const char *pem)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(in, NULL, NULL, NULL);

	ck_assert_ptr_nonnull(x);
	BIO_free_all(in);
	return x;
}

static struct keypair *pair_of(const struct certs_issued *issued)
{
	struct err err;
	struct keypair *kp = keypair_parse(str_of(issued->cert), str_of(issued->key), &err);

	ck_assert_msg(kp != NULL, "%s", err.msg);
	return kp;
}

static void issue(const struct certs_order *order, struct certs_issued *out)
{
	struct err err;

	ck_assert_msg(certs_issue(order, out, &err) == 0, "%s", err.msg);
}

static const struct {
	enum certs_algorithm algorithm;
	const char *key, *signature;
} algorithms[] = {
	{ CERTS_P256, "EC P-256", "ecdsa-with-SHA256" },
	{ CERTS_P384, "EC P-384", "ecdsa-with-SHA384" },
};

START_TEST(pair_is_good)
{
	struct certs_order order = plain;
	struct certs_issued issued;
	struct keypair_want want = { .now = NOW, .names = some_names, .names_n = 5 };
	const struct certificate *leaf;
	struct keypair *kp;
	struct err err;

	order.algorithm = algorithms[_i].algorithm;
	issue(&order, &issued);
	kp = pair_of(&issued);
	want.ca = str_of(issued.ca);
	ck_assert_msg(keypair_check(kp, &want, &err) == 0, "%s", err.msg);
	leaf = keypair_leaf(kp);
	ck_assert_str_eq(leaf->key, algorithms[_i].key);
	ck_assert_str_eq(leaf->signature, algorithms[_i].signature);
	ck_assert_str_eq(leaf->subject, "CN=oke-guard.oke-guard.svc");
	ck_assert_uint_eq(leaf->names_n, 4); /* a name given twice stands there once */
	ck_assert_int_eq(leaf->not_before, NOW - 300);
	ck_assert_int_eq(leaf->not_after, NOW + 365 * DAY);
	ck_assert_ptr_null(issued.ca_key);
	keypair_unref(kp);
	certs_issued_done(&issued);
	ck_assert_ptr_null(issued.key);
}
END_TEST

START_TEST(profiles_hold)
{
	struct certs_issued issued;
	X509 *ca, *leaf;

	issue(&plain, &issued);
	ca = cert_of(issued.ca);
	leaf = cert_of(issued.cert);
	ck_assert_int_eq(X509_check_ca(ca), 1);
	ck_assert_int_eq(X509_get_pathlen(ca), 0);
	ck_assert_uint_eq(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	ck_assert_int_eq(X509_check_ca(leaf), 0);
	ck_assert(X509_get_extension_flags(leaf) & EXFLAG_BCONS);
	ck_assert_uint_eq(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
	ck_assert_uint_eq(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
	ck_assert_ptr_nonnull(X509_get0_subject_key_id(leaf));
	ck_assert_int_eq(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf),
					       X509_get0_subject_key_id(ca)),
			 0);
	ck_assert_int_eq(
		ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(ca), X509_get0_subject_key_id(ca)),
		0);
	ck_assert_int_eq(X509_NAME_cmp(X509_get_issuer_name(leaf), X509_get_subject_name(ca)), 0);
	X509_free(ca);
	X509_free(leaf);
	certs_issued_done(&issued);
}
END_TEST

/* Serials are positive, large, and never the same; so are keys. */
START_TEST(nothing_is_used_twice)
{
	struct certs_issued a, b;
	X509 *first, *second;
	size_t bits = 0;

	issue(&plain, &a);
	issue(&plain, &b);
	first = cert_of(a.cert);
	second = cert_of(b.cert);
	ck_assert_int_ne(
		ASN1_INTEGER_cmp(X509_get0_serialNumber(first), X509_get0_serialNumber(second)), 0);
	ck_assert(ASN1_STRING_type(X509_get0_serialNumber(first)) == V_ASN1_INTEGER);
	bits = 8 * (size_t)ASN1_STRING_length(X509_get0_serialNumber(first));
	ck_assert_uint_gt(bits, 64); /* the chance of a shorter one is 2^-64 */
	ck_assert_uint_le(bits, 128);
	ck_assert_str_ne(a.key, b.key);
	ck_assert_str_ne(a.ca, b.ca);
	X509_free(first);
	X509_free(second);
	certs_issued_done(&a);
	certs_issued_done(&b);
}
END_TEST

START_TEST(ca_key_is_kept_on_demand)
{
	struct certs_order order = plain;
	struct certs_issued issued;
	X509 *ca;
	BIO *in;
	EVP_PKEY *key;

	order.keep_ca_key = true;
	issue(&order, &issued);
	ca = cert_of(issued.ca);
	in = BIO_new_mem_buf(issued.ca_key, -1);
	key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	ck_assert_int_eq(X509_check_private_key(ca, key), 1);
	EVP_PKEY_free(key);
	BIO_free_all(in);
	X509_free(ca);
	certs_issued_done(&issued);
}
END_TEST

/* The key of one issue with the certificate of another: what a crash must never leave. */
START_TEST(pairs_do_not_mix)
{
	struct certs_issued a, b;
	struct keypair_want want = { .now = NOW };
	struct keypair *kp;
	struct err err;

	issue(&plain, &a);
	issue(&plain, &b);
	kp = keypair_parse(str_of(a.cert), str_of(b.key), &err);
	ck_assert_ptr_nonnull(kp);
	ck_assert_int_eq(keypair_check(kp, &want, &err), -1);
	ck_assert_msg(strstr(err.msg, "does not fit") != NULL, "%s", err.msg);
	keypair_unref(kp);
	kp = pair_of(&a);
	want.ca = str_of(b.ca);
	ck_assert_int_eq(keypair_check(kp, &want, &err), -1);
	keypair_unref(kp);
	certs_issued_done(&a);
	certs_issued_done(&b);
}
END_TEST

#define LABEL63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"
#define DNS253                                                                                     \
	LABEL63 "." LABEL63 "." LABEL63 "."                                                        \
		"b23456789-123456789-123456789-123456789-123456789-123456789-1"

static const struct name_case {
	const char *why, *name;
	bool want;
} names[] = {
	{ "a service", "oke-guard.oke-guard.svc", true },
	{ "one label", "localhost", true },
	{ "a star in front", "*.example.com", true },
	{ "an underscore, as some names have", "_x.example", true },
	{ "IPv4", "10.96.0.1", true },
	{ "IPv6", "2001:db8::1", true },
	{ "a label of 63", LABEL63, true },
	{ "a label of 64", LABEL63 "4", false },
	{ "a name of 253", DNS253, true },
	{ "a name of 254", DNS253 "2", false },
	{ "nothing", "", false },
	{ "a star alone", "*", false },
	{ "a star inside", "a.*.example", false },
	{ "a star as part of a label", "a*.example", false },
	{ "a dot at the end", "example.com.", false },
	{ "a dot in front", ".example.com", false },
	{ "two dots", "example..com", false },
	{ "a hyphen in front", "-a.example", false },
	{ "a hyphen at the end", "a-.example", false },
	{ "a space", "a b", false },
	{ "a newline", "a\nb", false },
	{ "a URL", "https://guard.example", false },
	{ "a port", "guard.example:443", false },
	{ "not ASCII", "gu\xc3\xa4rd.example", false },
};

START_TEST(name_is_checked)
{
	struct certs_order order = plain;
	struct certs_issued issued = { 0 };
	struct err err = { 0 };
	bool issued_it;

	order.names = &names[_i].name;
	order.names_n = 1;
	issued_it = certs_issue(&order, &issued, &err) == 0;
	ck_assert_msg(issued_it == names[_i].want, "%s: '%s': %s", names[_i].why, names[_i].name,
		      err.msg);
	if (!issued_it)
		ck_assert(err.kind == ERR_USAGE && strstr(err.msg, "neither a DNS name nor"));
	certs_issued_done(&issued);
}
END_TEST

static const struct issue_order_case {
	const char *why;
	size_t names_n;
	unsigned days;
	const char *text;
} orders[] = {
	{ "no name", 0, 365, "no name to serve" },
	{ "no day", 1, 0, "1 to 3650" },
	{ "more than ten years", 1, 3651, "1 to 3650" },
	{ "too many names", CERTS_NAMES_MAX + 1, 365, "more than 256 names" },
};

START_TEST(order_is_checked)
{
	static const char *many[CERTS_NAMES_MAX + 1];
	struct certs_order order = plain;
	struct certs_issued issued;
	struct err err;

	for (size_t i = 0; i <= CERTS_NAMES_MAX; i++)
		many[i] = "localhost";
	order.names = many;
	order.names_n = orders[_i].names_n;
	order.days = orders[_i].days;
	ck_assert_int_eq(certs_issue(&order, &issued, &err), -1);
	ck_assert_msg(strstr(err.msg, orders[_i].text) != NULL, "%s: %s", orders[_i].why, err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("issue");
	TCase *tc = tcase_create("issue");

	tcase_add_loop_test(tc, pair_is_good, 0, sizeof algorithms / sizeof *algorithms);
	tcase_add_test(tc, profiles_hold);
	tcase_add_test(tc, nothing_is_used_twice);
	tcase_add_test(tc, ca_key_is_kept_on_demand);
	tcase_add_test(tc, pairs_do_not_mix);
	tcase_add_loop_test(tc, name_is_checked, 0, sizeof names / sizeof *names);
	tcase_add_loop_test(tc, order_is_checked, 0, sizeof orders / sizeof *orders);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
