/* SPDX-License-Identifier: Apache-2.0
 * certificate.c - PEM in, facts out.
 *
 * What is read here is hostile: every count and text has a limit, and every text
 * that is kept is printable ASCII, so that it may stand in a message. A name that
 * holds any other byte (a NUL, say) has a "?" there, and so equals no wanted name.
 */
#include "oke/certs.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "certs/x509.h"

#define TEXT_MAX 256 /* of a subject, a name: what is longer is cut, and fits nothing */

bool x509_ran_out(void)
{
	unsigned long e;
	bool ran_out = false;

	while ((e = ERR_get_error()))
		ran_out |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	return ran_out;
}

int x509_error(struct err *err, enum err_kind kind, const char *what)
{
	unsigned long last = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(last);

	/*
	 * Without memory it does not always get as far as to say so, when something is made. What
	 * is read may be broken in ways that it says nothing of, too: a text without its end.
	 */
	if (x509_ran_out() || (!last && kind == ERR_NOMEM))
		return err_nomem(err);
	if (!last)
		return err_set(err, kind, "%.200s", what);
	return err_set(err, kind, "%.200s: %.200s", what, reason ? reason : "unknown cause");
}

/* ---- PEM ---- */

struct pem_block {
	char *name, *header;
	unsigned char *data;
	long len;
};

static void pem_block_done(struct pem_block *b)
{
	OPENSSL_free(b->name);
	OPENSSL_free(b->header);
	OPENSSL_clear_free(b->data, (size_t)b->len); /* it may be a key */
	*b = (struct pem_block){ 0 };
}

/* What GnuTLS takes for a certificate; OpenSSL's "TRUSTED CERTIFICATE" is not among it. */
static bool pem_block_is_certificate(const struct pem_block *b)
{
	return !strcmp(b->name, PEM_STRING_X509) || !strcmp(b->name, PEM_STRING_X509_OLD);
}

static int x509_list_add(STACK_OF(X509) * list, const struct pem_block *b, struct err *err)
{
	const unsigned char *p = b->data;
	scoped(x509_end) X509 *x = NULL;
	int n = sk_X509_num(list);

	if (!pem_block_is_certificate(b))
		return 0;
	if (n >= CERTS_CHAIN_MAX)
		return err_set(err, ERR_LIMIT, "more than %d certificates", CERTS_CHAIN_MAX);
	if (!(x = d2i_X509(NULL, &p, b->len)) || p != b->data + b->len ||
	    X509_get_extension_flags(x) & EXFLAG_INVALID || !X509_get0_pubkey(x)) {
		if (x509_ran_out())
			return err_nomem(err);
		return err_set(err, ERR_SYNTAX, "certificate %d cannot be read", n + 1);
	}
	if (!sk_X509_push(list, x))
		return err_nomem(err);
	x = NULL; /* the list's now */
	return 0;
}

STACK_OF(X509) * x509_list_read(struct str pem, struct err *err)
{
	scoped(x509_list_end) STACK_OF(X509) *list = sk_X509_new_null();
	scoped(bio_end) BIO *in = NULL;
	struct pem_block b = { 0 };
	int r = 0;

	if (pem.n > CERTS_FILE_MAX) {
		err_set(err, ERR_LIMIT, "larger than %u bytes", CERTS_FILE_MAX);
		return NULL;
	}
	if (!list || !(in = BIO_new_mem_buf(pem.n ? pem.s : "", (int)pem.n))) {
		err_nomem(err);
		return NULL;
	}
	ERR_clear_error(); /* makes this thread's queue, too: memory that runs out is told there */
	while (!r && PEM_read_bio(in, &b.name, &b.header, &b.data, &b.len)) {
		r = x509_list_add(list, &b, err);
		pem_block_done(&b);
	}
	if (r < 0)
		return NULL;
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		x509_error(err, ERR_SYNTAX, "broken PEM");
		return NULL;
	}
	ERR_clear_error();
	if (!sk_X509_num(list)) {
		err_set(err, ERR_SYNTAX, "holds no certificate (-----BEGIN CERTIFICATE-----)");
		return NULL;
	}
	return TAKE(list);
}

/* ---- facts; each returns NULL when the arena is full ---- */

/* Printable ASCII of a text; "?" for any other byte. */
static const char *certificate_printable(struct arena *arena, const void *raw, size_t n)
{
	const unsigned char *from = raw;
	size_t kept = n > TEXT_MAX ? TEXT_MAX : n;
	char *p = arena_alloc(arena, kept + sizeof "...");

	if (!p)
		return NULL;
	for (size_t i = 0; i < kept; i++)
		p[i] = from[i] > ' ' && from[i] < 0x7f ? (char)from[i] : '?';
	strcpy(p + kept, n > kept ? "..." : "");
	return p;
}

static const char *certificate_name_text(struct arena *arena, const X509_NAME *name)
{
	scoped(bio_end) BIO *out = BIO_new(BIO_s_mem());
	struct str copy;
	char *s;
	long n;

	/* RFC 2253 escapes what is not printable ASCII. */
	if (!out || X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) < 0)
		return NULL;
	n = BIO_get_mem_data(out, &s);
	if (n > TEXT_MAX)
		return certificate_printable(arena, s, (size_t)n);
	copy = str_copy(arena, (struct str){ s, n > 0 ? (size_t)n : 0 });
	return copy.s;
}

static const char *certificate_hex(struct arena *arena, const unsigned char *raw, size_t n,
				   const char *digits, const char *between)
{
	size_t step = 2 + strlen(between);
	char *p = arena_alloc(arena, n * step + 1);

	if (!p)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		p[i * step] = digits[raw[i] >> 4];
		p[i * step + 1] = digits[raw[i] & 15];
		memcpy(p + i * step + 2, between, step - 2);
	}
	p[n ? n * step - (step - 2) : 0] = '\0';
	return p;
}

static const char *certificate_serial_text(struct arena *arena, X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	int n = ASN1_STRING_length(serial);

	if (n > 64) /* RFC 5280 allows 20 */
		n = 64;
	return certificate_hex(arena, ASN1_STRING_get0_data(serial), n > 0 ? (size_t)n : 0,
			       "0123456789abcdef", "");
}

static const char *certificate_fingerprint_text(struct arena *arena, X509 *x)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!X509_digest(x, EVP_sha256(), md, &n))
		return NULL;
	return certificate_hex(arena, md, n, "0123456789ABCDEF", ":");
}

static bool certificate_time_of(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm))
		return false;
	*out = timegm(&tm);
	return true;
}

static const struct {
	const char *group, *shown;
} curves[] = {
	{ "prime256v1", "EC P-256" },
	{ "secp384r1", "EC P-384" },
	{ "secp521r1", "EC P-521" },
};

static void certificate_key_ec(const EVP_PKEY *key, char text[64], bool *weak)
{
	char group[48] = "of an unnamed curve", how[32] = "";

	/* A curve spelled out in numbers: Go and GnuTLS refuse it, whichever it is. */
	EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, how, sizeof how, NULL);
	if (!strcmp(how, OSSL_PKEY_EC_ENCODING_EXPLICIT)) {
		strcpy(text, "EC with explicit parameters");
		*weak = true;
		return;
	}
	EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
		if (!strcmp(group, curves[i].group)) {
			strcpy(text, curves[i].shown);
			return;
		}
	}
	snprintf(text, 64, "EC %s", group);
	*weak = true;
}

static const char *certificate_key_text(struct arena *arena, X509 *x, bool *weak)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	const char *type = EVP_PKEY_get0_type_name(key);
	char text[64];
	int bits = EVP_PKEY_get_bits(key);

	*weak = false;
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
		certificate_key_ec(key, text, weak);
	} else {
		int id = EVP_PKEY_get_base_id(key);
		bool rsa = id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS;

		snprintf(text, sizeof text, "%.40s %d", type ? type : "unknown", bits);
		*weak = !rsa || bits < 2048;
	}
	return str_copy(arena, str_of(text)).s;
}

static const char *certificate_signature_text(struct arena *arena, X509 *x, bool *weak)
{
	int md = NID_undef, nid = X509_get_signature_nid(x);
	const char *name = OBJ_nid2sn(nid);

	X509_get_signature_info(x, &md, NULL, NULL, NULL);
	*weak = md == NID_sha1 || md == NID_md5 || md == NID_md4 || md == NID_md2 ||
		md == NID_md5_sha1;
	return str_copy(arena, str_of(name ? name : "unknown")).s;
}

static const char *certificate_san_text(struct arena *arena, const GENERAL_NAME *name)
{
	char text[INET6_ADDRSTRLEN];
	const unsigned char *raw;
	int n, kind;
	const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &kind);

	raw = ASN1_STRING_get0_data(s);
	n = ASN1_STRING_length(s);
	if (kind == GEN_DNS)
		return certificate_printable(arena, raw, n > 0 ? (size_t)n : 0);
	if (!inet_ntop(n == 4 ? AF_INET : AF_INET6, raw, text, sizeof text))
		return NULL;
	return str_copy(arena, str_of(text)).s;
}

/* Mail addresses and URIs among the names are none that a server is asked for. */
static bool san_serves(const GENERAL_NAME *name)
{
	int kind;
	const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &kind);

	return kind == GEN_DNS ||
	       (kind == GEN_IPADD && (ASN1_STRING_length(s) == 4 || ASN1_STRING_length(s) == 16));
}

static int certificate_names_read(const GENERAL_NAMES *all, struct arena *arena,
				  struct certificate *out, struct err *err)
{
	int n = all ? sk_GENERAL_NAME_num(all) : 0;
	const char **names;

	if (n > CERTS_NAMES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d names", CERTS_NAMES_MAX);
	if (!(names = arena_calloc(arena, (size_t)n + 1, sizeof *names)))
		return err_nomem(err);
	out->names = names;
	for (int i = 0; i < n; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

		if (!san_serves(name))
			continue;
		if (!(names[out->names_n++] = certificate_san_text(arena, name)))
			return err_nomem(err);
	}
	return 0;
}

static int certificate_names_of(X509 *x, struct arena *arena, struct certificate *out,
				struct err *err)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	int r = certificate_names_read(all, arena, out, err);

	GENERAL_NAMES_free(all);
	return r;
}

/* Both are UINT32_MAX where the certificate says nothing. */
static bool may_serve(X509 *x)
{
	return X509_get_extended_key_usage(x) & (XKU_SSL_SERVER | XKU_ANYEKU) &&
	       X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE;
}

static bool issued_by(X509 *x, X509 *issuer)
{
	return X509_check_issued(issuer, x) == X509_V_OK &&
	       X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

static int certificate_facts_of(X509 *x, X509 *next, struct arena *arena, struct certificate *out,
				struct err *err)
{
	if (!certificate_time_of(X509_get0_notBefore(x), &out->not_before) ||
	    !certificate_time_of(X509_get0_notAfter(x), &out->not_after))
		return x509_error(err, ERR_SYNTAX, "a certificate's dates cannot be read");
	out->subject = certificate_name_text(arena, X509_get_subject_name(x));
	out->issuer = certificate_name_text(arena, X509_get_issuer_name(x));
	out->serial = certificate_serial_text(arena, x);
	out->fingerprint = certificate_fingerprint_text(arena, x);
	out->key = certificate_key_text(arena, x, &out->weak_key);
	out->signature = certificate_signature_text(arena, x, &out->weak_sign);
	if (!out->subject || !out->issuer || !out->serial || !out->fingerprint || !out->key ||
	    !out->signature)
		return err_nomem(err);
	out->ca = X509_check_ca(x) == 1;
	out->server = may_serve(x);
	out->self_signed = X509_self_signed(x, 1) == 1;
	out->by_next = next && issued_by(x, next);
	if (certificate_names_of(x, arena, out, err) < 0)
		return -1;
	return x509_ran_out() ? err_nomem(err) : 0;
}

int certificates_parse(struct str pem, struct arena *arena, struct certificate **out, size_t *n,
		       struct err *err)
{
	scoped(x509_list_end) STACK_OF(X509) *list = x509_list_read(pem, err);
	int count = list ? sk_X509_num(list) : 0;
	struct certificate *all;

	if (!list)
		return -1;
	if (!(all = arena_calloc(arena, (size_t)count, sizeof *all)))
		return err_nomem(err);
	for (int i = 0; i < count; i++) {
		X509 *next = i + 1 < count ? sk_X509_value(list, i + 1) : NULL;

		if (certificate_facts_of(sk_X509_value(list, i), next, arena, &all[i], err) < 0)
			return -1;
	}
	*out = all;
	*n = (size_t)count;
	return 0;
}
