/* SPDX-License-Identifier: Apache-2.0
 * faulty.h - certificates of any make, faulty ones too, which certs/issue.c does not make.
 */
#ifndef TESTS_UNIT_CERTS_FAULTY_H
#define TESTS_UNIT_CERTS_FAULTY_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "oke/certs.h"

#define NOW  ((int64_t)1795000000) /* 2026-11-18 */
#define DAY  86400
#define YEAR (365 * DAY)

enum faulty_key {
	KEY_P256,
	KEY_P384,
	KEY_P521,
	KEY_K1,
	KEY_RSA2048,
	KEY_RSA1024,
	KEY_ED25519,
	KEY_EXPLICIT
};

struct recipe {
	const char *cn;
	const char *san; /* OpenSSL's form: "DNS:a,IP:127.0.0.1"; NULL: none */
	const char *eku; /* "serverAuth"; NULL: none */
	const char *ku;  /* "digitalSignature"; NULL: none */
	enum faulty_key key;
	bool ca, sha1, nul_in_name;
	int64_t from, to; /* 0, 0: around NOW */
};

struct made {
	X509 *x;
	EVP_PKEY *key;
};

static inline EVP_PKEY *made_key(enum faulty_key kind)
{
	static const char *const curves[] = { [KEY_P256] = "P-256",
					      [KEY_P384] = "P-384",
					      [KEY_P521] = "P-521",
					      [KEY_K1] = "secp256k1",
					      [KEY_EXPLICIT] = "P-256" };
	EVP_PKEY *key;

	if (kind == KEY_ED25519)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (kind == KEY_RSA1024 || kind == KEY_RSA2048)
		return EVP_RSA_gen(kind == KEY_RSA1024 ? 1024u : 2048u);
	key = EVP_EC_gen(curves[kind]);
	if (kind == KEY_EXPLICIT)
		ck_assert(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
							 OSSL_PKEY_EC_ENCODING_EXPLICIT));
	return key;
}

static inline void made_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	if (!value)
		return;
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ck_assert_msg(e && X509_add_ext(x, e, -1), "extension %s", value);
	X509_EXTENSION_free(e);
}

/* "guard.example" NUL ".evil": a reader that stops at the NUL takes it for the former. */
static inline void made_nul_name(X509 *x)
{
	static const unsigned char raw[] = "guard.example\0.evil";
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	ck_assert(ASN1_STRING_set(text, raw, sizeof raw - 1));
	GENERAL_NAME_set0_value(name, GEN_DNS, text);
	ck_assert(sk_GENERAL_NAME_push(names, name));
	ck_assert(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0) == 1);
	GENERAL_NAMES_free(names);
}

static inline void made_body(X509 *x, const struct recipe *r, const struct made *issuer)
{
	const unsigned char *cn = (const unsigned char *)r->cn;
	X509_NAME *subject = X509_get_subject_name(x);
	static long serial = 1;

	ck_assert(X509_set_version(x, X509_VERSION_3));
	ck_assert(ASN1_INTEGER_set(X509_get_serialNumber(x), serial++));
	ck_assert(ASN1_TIME_set(X509_getm_notBefore(x), r->from ? r->from : NOW - DAY) != NULL);
	ck_assert(ASN1_TIME_set(X509_getm_notAfter(x), r->to ? r->to : NOW + YEAR) != NULL);
	ck_assert(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, cn, -1, -1, 0));
	ck_assert(X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer->x) : subject));
}

/* issuer NULL: signed by itself. */
static inline struct made made_new(const struct recipe *r, const struct made *issuer)
{
	struct made m = { X509_new(), made_key(r->key) };
	EVP_PKEY *signer = issuer ? issuer->key : m.key;
	X509 *from = issuer ? issuer->x : m.x;
	const EVP_MD *md = r->sha1 ? EVP_sha1() : EVP_sha256();

	ck_assert(m.x && m.key && X509_set_pubkey(m.x, m.key));
	made_body(m.x, r, issuer);
	if (r->ca)
		made_extension(m.x, from, NID_basic_constraints, "critical,CA:TRUE");
	made_extension(m.x, from, NID_subject_key_identifier, "hash");
	made_extension(m.x, from, NID_subject_alt_name, r->san);
	made_extension(m.x, from, NID_ext_key_usage, r->eku);
	made_extension(m.x, from, NID_key_usage, r->ku);
	if (r->nul_in_name)
		made_nul_name(m.x);
	ck_assert(X509_sign(m.x, signer, EVP_PKEY_is_a(signer, "ED25519") ? NULL : md) > 0);
	return m;
}

static inline void made_done(struct made *m)
{
	X509_free(m->x);
	EVP_PKEY_free(m->key);
	*m = (struct made){ 0 };
}

/* Text that grows: PEM after PEM. */
struct pem {
	BIO *out;
};

static inline struct pem pem_new(void)
{
	return (struct pem){ BIO_new(BIO_s_mem()) };
}

static inline void pem_cert(struct pem *p, const struct made *m)
{
	ck_assert(PEM_write_bio_X509(p->out, m->x));
}

static inline void pem_key(struct pem *p, const struct made *m)
{
	ck_assert(PEM_write_bio_PKCS8PrivateKey(p->out, m->key, NULL, NULL, 0, NULL, NULL));
}

static inline struct str pem_str(const struct pem *p)
{
	char *s;
	long n = BIO_get_mem_data(p->out, &s);

	return (struct str){ n ? s : "", (size_t)n };
}

static inline void pem_done(struct pem *p)
{
	BIO_free_all(p->out);
	p->out = NULL;
}

/* No eight characters in a row of the key's text may stand in a message. */
static inline void no_key_in(const char *message, struct str key)
{
	const char *body = memchr(key.s, '\n', key.n);
	char piece[9] = "";

	for (size_t i = body ? (size_t)(body - key.s) : 0; i + 40 < key.n; i++) {
		memcpy(piece, key.s + i, 8);
		ck_assert_msg(!strstr(message, piece), "a piece of the key in: %s", message);
	}
}

#endif
