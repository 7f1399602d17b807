/* SPDX-License-Identifier: Apache-2.0
 * issue.c - a CA of its own for each serving certificate.
 *
 * The CA signs one certificate and its key is gone with the call, unless it is asked for: what
 * nobody has, nobody can steal, and renewing is the same path as beginning. Profiles follow RFC
 * 5280 and what Go's TLS client (API servers, FIPS builds among them) demands.
 */
#include "oke/certs.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "certs/x509.h"
#include "lib/base/time.h"

#define SERIAL_BITS 128
#define CN_MAX      64  /* RFC 5280, ub-common-name */
#define DNS_MAX     253 /* RFC 1035, as text without the last dot */
#define LABEL_MAX   63

static const struct {
	const char *curve;
	const EVP_MD *(*digest)(void);
} algorithms[] = {
	[CERTS_P256] = { "P-256", EVP_sha256 },
	[CERTS_P384] = { "P-384", EVP_sha384 },
};

/* ---- names ---- */

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

static bool is_dns_name(const char *name)
{
	size_t label = 0;

	if (!strncmp(name, "*.", 2))
		name += 2;
	if (strlen(name) > DNS_MAX)
		return false;
	for (const char *p = name;; p++) {
		if (*p == '.' || !*p) {
			if (!label || p[-1] == '-')
				return false;
			label = 0;
			if (!*p)
				return true;
		} else if (!is_label_char(*p) || ++label > LABEL_MAX || (label == 1 && *p == '-')) {
			return false;
		}
	}
}

static size_t issue_address_bytes(const char *name, unsigned char raw[sizeof(struct in6_addr)])
{
	if (inet_pton(AF_INET, name, raw) == 1)
		return 4;
	return inet_pton(AF_INET6, name, raw) == 1 ? 16 : 0;
}

static void issue_names_end(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

/* Takes value. */
static int issue_name_push(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();

	if (!name || !value) {
		ASN1_STRING_free(value);
		GENERAL_NAME_free(name);
		return -1;
	}
	GENERAL_NAME_set0_value(name, type, value);
	if (sk_GENERAL_NAME_push(names, name))
		return 0;
	GENERAL_NAME_free(name);
	return -1;
}

static int issue_name_add(GENERAL_NAMES *names, const char *name, struct err *err)
{
	unsigned char raw[sizeof(struct in6_addr)];
	size_t n = issue_address_bytes(name, raw);
	bool address = n > 0;
	const void *bytes = address ? (const void *)raw : (const void *)name;
	ASN1_STRING *value;

	if (!address)
		n = strlen(name);
	value = ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	if (value && !ASN1_STRING_set(value, bytes, (int)n)) {
		ASN1_STRING_free(value);
		value = NULL;
	}
	if (issue_name_push(names, address ? GEN_IPADD : GEN_DNS, value) < 0)
		return err_nomem(err);
	return 0;
}

static bool given_before(const struct certs_order *order, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (!strcmp(order->names[k], order->names[i]))
			return true;
	}
	return false;
}

static int issue_names_set(X509 *x, const struct certs_order *order, struct err *err)
{
	scoped(issue_names_end) GENERAL_NAMES *names = GENERAL_NAMES_new();

	if (!names)
		return err_nomem(err);
	for (size_t i = 0; i < order->names_n; i++) {
		if (!given_before(order, i) && issue_name_add(names, order->names[i], err) < 0)
			return -1;
	}
	if (X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) != 1)
		return x509_error(err, ERR_NOMEM, "names");
	return 0;
}

/* ---- one certificate ---- */

struct extension {
	int nid;
	const char *value;
};

static const struct extension ca_profile[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" }, /* its own: needs the line above */
};

static const struct extension server_profile[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, "serverAuth" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
};

static int issue_profile_set(X509 *x, X509 *issuer, const struct extension *profile, size_t n,
			     struct err *err)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	for (size_t i = 0; i < n; i++) {
		X509_EXTENSION *e =
			X509V3_EXT_conf_nid(NULL, &ctx, profile[i].nid, profile[i].value);
		int added = e && X509_add_ext(x, e, -1);

		X509_EXTENSION_free(e);
		if (!added)
			return x509_error(err, ERR_NOMEM, OBJ_nid2sn(profile[i].nid));
	}
	return 0;
}

static bool issue_serial_set(X509 *x)
{
	BIGNUM *n = BN_new();
	bool set = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
		   BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));

	BN_free(n);
	return set;
}

static bool issue_dates_set(X509 *x, const struct certs_order *order)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(order->now - CERTS_BACKDATE)) &&
	       ASN1_TIME_set(X509_getm_notAfter(x),
			     (time_t)(order->now + (int64_t)order->days * 86400));
}

/* All but extensions and signature. issuer NULL: itself. */
static X509 *issue_body_new(const struct certs_order *order, EVP_PKEY *key, const char *cn,
			    const X509 *issuer, struct err *err)
{
	scoped(x509_end) X509 *x = X509_new();
	X509_NAME *subject = x ? X509_get_subject_name(x) : NULL;

	if (!x || !X509_set_version(x, X509_VERSION_3) || !issue_serial_set(x) ||
	    !issue_dates_set(x, order) || !X509_set_pubkey(x, key) ||
	    !X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
					(const unsigned char *)cn, -1, -1, 0) ||
	    !X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : subject)) {
		x509_error(err, ERR_NOMEM, "a new certificate");
		return NULL;
	}
	return TAKE(x);
}

static int issue_sign(X509 *x, EVP_PKEY *key, const struct certs_order *order, struct err *err)
{
	if (!X509_sign(x, key, algorithms[order->algorithm].digest()))
		return x509_error(err, ERR_NOMEM, "signing");
	return 0;
}

/* Dated: during a renewal a bundle holds two, which people must tell apart. */
static X509 *issue_ca_new(const struct certs_order *order, EVP_PKEY *key, struct err *err)
{
	scoped(x509_end) X509 *x = NULL;
	char cn[CN_MAX], date[TIME_TEXT];

	time_print(order->now, date);
	snprintf(cn, sizeof cn, "oke-guard CA %s", date);
	if (!(x = issue_body_new(order, key, cn, NULL, err)) ||
	    issue_profile_set(x, x, ca_profile, sizeof ca_profile / sizeof *ca_profile, err) < 0 ||
	    issue_sign(x, key, order, err) < 0)
		return NULL;
	return TAKE(x);
}

static X509 *issue_server_new(const struct certs_order *order, EVP_PKEY *key, X509 *ca,
			      EVP_PKEY *ca_key, struct err *err)
{
	scoped(x509_end) X509 *x = NULL;
	const char *cn = strlen(order->names[0]) <= CN_MAX ? order->names[0] : "oke-guard";

	if (!(x = issue_body_new(order, key, cn, ca, err)) ||
	    issue_profile_set(x, ca, server_profile, sizeof server_profile / sizeof *server_profile,
			      err) < 0 ||
	    issue_names_set(x, order, err) < 0 || issue_sign(x, ca_key, order, err) < 0)
		return NULL;
	return TAKE(x);
}

/* ---- texts ---- */

/* The BIO overwrites its memory when it is freed. */
static char *issue_bio_text(BIO *out)
{
	char *s, *copy;
	long n = BIO_get_mem_data(out, &s);

	if (n <= 0 || !(copy = malloc((size_t)n + 1)))
		return NULL;
	memcpy(copy, s, (size_t)n); /* no NUL stands behind it */
	copy[n] = '\0';
	return copy;
}

static char *issue_cert_text(X509 *x)
{
	scoped(bio_end) BIO *out = BIO_new(BIO_s_mem());

	return out && PEM_write_bio_X509(out, x) ? issue_bio_text(out) : NULL;
}

static char *issue_key_text(EVP_PKEY *key)
{
	scoped(bio_end) BIO *out = BIO_new(BIO_s_mem());

	return out && PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL)
		       ? issue_bio_text(out)
		       : NULL;
}

static void issue_key_text_done(char *s)
{
	if (s)
		OPENSSL_cleanse(s, strlen(s));
	free(s);
}

void certs_issued_done(struct certs_issued *issued)
{
	issue_key_text_done(issued->key);
	issue_key_text_done(issued->ca_key);
	free(issued->cert);
	free(issued->ca);
	*issued = (struct certs_issued){ 0 };
}

/* ---- the whole ---- */

static int issue_order_validate(const struct certs_order *order, struct err *err)
{
	unsigned char raw[sizeof(struct in6_addr)];

	if (!order->names_n)
		return err_set(err, ERR_USAGE, "no name to serve");
	if (order->names_n > CERTS_NAMES_MAX)
		return err_set(err, ERR_USAGE, "more than %d names", CERTS_NAMES_MAX);
	if (order->days < 1 || order->days > CERTS_DAYS_MAX)
		return err_set(err, ERR_USAGE, "days: 1 to %d", CERTS_DAYS_MAX);
	for (size_t i = 0; i < order->names_n; i++) {
		if (!issue_address_bytes(order->names[i], raw) && !is_dns_name(order->names[i]))
			return err_set(err, ERR_USAGE,
				       "name \"%.100s\" is neither a DNS name nor an IP address",
				       order->names[i]);
	}
	return 0;
}

/* OpenSSL does not always say that it ran out of memory: what was made is read, and must fit. */
static int issue_read_again(const struct certs_order *order, const struct certs_issued *made,
			    struct err *err)
{
	const struct keypair_want want = { .now = order->now, .ca = str_of(made->ca) };
	struct keypair *kp = keypair_parse(str_of(made->cert), str_of(made->key), err);
	int sound = kp ? keypair_check(kp, &want, err) : -1;

	keypair_unref(kp);
	return sound;
}

int certs_issue(const struct certs_order *order, struct certs_issued *out, struct err *err)
{
	scoped(pkey_end) EVP_PKEY *ca_key = NULL, *key = NULL;
	scoped(x509_end) X509 *ca = NULL, *cert = NULL;
	scoped(certs_issued_done) struct certs_issued issued = { 0 };

	if (issue_order_validate(order, err) < 0)
		return -1;
	ca_key = EVP_EC_gen(algorithms[order->algorithm].curve);
	key = EVP_EC_gen(algorithms[order->algorithm].curve);
	if (!ca_key || !key)
		return x509_error(err, ERR_NOMEM, "making a key");
	if (!(ca = issue_ca_new(order, ca_key, err)) ||
	    !(cert = issue_server_new(order, key, ca, ca_key, err)))
		return -1;
	issued.cert = issue_cert_text(cert);
	issued.key = issue_key_text(key);
	issued.ca = issue_cert_text(ca);
	issued.ca_key = order->keep_ca_key ? issue_key_text(ca_key) : NULL;
	if (!issued.cert || !issued.key || !issued.ca || (order->keep_ca_key && !issued.ca_key))
		return x509_error(err, ERR_NOMEM, "writing PEM");
	if (issue_read_again(order, &issued, err) < 0)
		return err_in(err, "the new certificate");
	*out = issued;
	issued = (struct certs_issued){ 0 };
	return 0;
}
