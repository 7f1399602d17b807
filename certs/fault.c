/* SPDX-License-Identifier: Apache-2.0
 * fault.c - what is wrong with a key pair, in words.
 *
 * A table of looks, gravest first. All but the last work on the facts alone; the
 * last one asks OpenSSL whether the chain leads to the CA that clients trust.
 */
#include "oke/certs.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "certs/pair.h"
#include "certs/x509.h"
#include "lib/base/time.h"

#define CA_FACTS_MAX (1u << 20) /* bytes of the CA's facts */

struct faults {
	struct keypair_fault *out;
	size_t n;
};

__attribute__((format(printf, 3, 4))) static void
fault_add(struct faults *f, enum keypair_fault_kind kind, const char *fmt, ...)
{
	size_t i = f->n++;
	va_list ap;

	if (i >= KEYPAIR_FAULTS_MAX)
		return;
	f->out[i].kind = kind;
	va_start(ap, fmt);
	vsnprintf(f->out[i].text, sizeof f->out[i].text, fmt, ap);
	va_end(ap);
}

/* ---- names ---- */

/* As Go's TLS client compares: a star stands for exactly the first label. */
static bool dns_fits(const char *have, const char *want)
{
	const char *dot = strchr(want, '.');

	if (!strncmp(have, "*.", 2))
		return dot && dot > want && !strcasecmp(have + 1, dot);
	return !strcasecmp(have, want);
}

/* An address in the one form that inet_ntop gives it; false for a DNS name. */
static bool fault_address_text(const char *name, char out[INET6_ADDRSTRLEN])
{
	unsigned char raw[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, name, raw) == 1)
		return inet_ntop(AF_INET, raw, out, INET6_ADDRSTRLEN);
	return inet_pton(AF_INET6, name, raw) == 1 &&
	       inet_ntop(AF_INET6, raw, out, INET6_ADDRSTRLEN);
}

static bool is_served(const struct certificate *c, const char *want)
{
	char address[INET6_ADDRSTRLEN];
	bool is_address = fault_address_text(want, address);

	for (size_t i = 0; i < c->names_n; i++) {
		if (is_address ? !strcmp(c->names[i], address) : dns_fits(c->names[i], want))
			return true;
	}
	return false;
}

/* ---- the looks ---- */

static void fault_look_key(const struct keypair *kp, const struct keypair_want *want,
			   struct faults *f)
{
	(void)want;
	if (!kp->key_fits)
		fault_add(
			f, FAULT_KEY,
			"the key does not fit the certificate %.100s (SHA-256 %.11s...); take both "
			"files from the same issue",
			kp->chain[0].subject, kp->chain[0].fingerprint);
}

static void fault_dates_of(const char *what, const struct certificate *c, int64_t now,
			   struct faults *f)
{
	char date[TIME_TEXT];

	if (now > c->not_after) {
		time_print(c->not_after, date);
		fault_add(f, FAULT_EXPIRED, "%s %.100s expired on %s; issue a new one", what,
			  c->subject, date);
	}
	if (now < c->not_before) {
		time_print(c->not_before, date);
		fault_add(f, FAULT_NOT_YET_VALID,
			  "%s %.100s is not valid before %s; is this machine's clock right?", what,
			  c->subject, date);
	}
}

static void fault_look_dates(const struct keypair *kp, const struct keypair_want *want,
			     struct faults *f)
{
	for (size_t i = 0; i < kp->chain_n; i++)
		fault_dates_of("certificate", &kp->chain[i], want->now, f);
}

static void fault_look_names(const struct keypair *kp, const struct keypair_want *want,
			     struct faults *f)
{
	if (!kp->chain[0].names_n && !want->names_n)
		fault_add(f, FAULT_NAME,
			  "certificate %.100s has no subject alternative name; clients do not look "
			  "at the common name",
			  kp->chain[0].subject);
	for (size_t i = 0; i < want->names_n; i++) {
		if (!is_served(&kp->chain[0], want->names[i]))
			fault_add(f, FAULT_NAME, "certificate %.100s does not hold the name %.100s",
				  kp->chain[0].subject, want->names[i]);
	}
}

static void fault_look_purpose(const struct keypair *kp, const struct keypair_want *want,
			       struct faults *f)
{
	(void)want;
	if (!kp->chain[0].server)
		fault_add(
			f, FAULT_PURPOSE,
			"certificate %.100s may not be used by a server: it needs digitalSignature "
			"and serverAuth among its key usages",
			kp->chain[0].subject);
	if (kp->chain[0].ca)
		fault_add(f, FAULT_PURPOSE,
			  "certificate %.100s is a CA's; put the server's certificate first",
			  kp->chain[0].subject);
}

static void fault_look_order(const struct keypair *kp, const struct keypair_want *want,
			     struct faults *f)
{
	(void)want;
	for (size_t i = 0; i + 1 < kp->chain_n; i++) {
		if (!kp->chain[i].by_next)
			fault_add(
				f, FAULT_CHAIN,
				"certificate %zu of the file, %.90s, was not issued by the one that "
				"follows it; put the chain in order, server first",
				i + 1, kp->chain[i].subject);
	}
}

static void fault_weakness_of(const char *what, const struct certificate *c, bool anchor,
			      struct faults *f)
{
	if (c->weak_key)
		fault_add(f, FAULT_WEAK,
			  "%s %.100s has a key that API servers refuse (%s): use EC P-256, P-384, "
			  "P-521 or RSA of 2048 bits and more",
			  what, c->subject, c->key);
	if (c->weak_sign && !anchor)
		fault_add(f, FAULT_WEAK,
			  "%s %.100s is signed with %s, which API servers refuse: use SHA-256",
			  what, c->subject, c->signature);
}

static void fault_look_weak(const struct keypair *kp, const struct keypair_want *want,
			    struct faults *f)
{
	(void)want;
	/* Nobody verifies the signature of a root: it is trusted as it is. */
	for (size_t i = 0; i < kp->chain_n; i++)
		fault_weakness_of("certificate", &kp->chain[i], i && kp->chain[i].self_signed, f);
}

/* ---- the CA ---- */

static int fault_store_fill(X509_STORE *store, const STACK_OF(X509) * trusted)
{
	for (int i = 0; i < sk_X509_num(trusted); i++) {
		if (!X509_STORE_add_cert(store, sk_X509_value(trusted, i)))
			return -1;
	}
	/* Dates are looked at elsewhere; any certificate of the bundle is an anchor, as in Go. */
	return X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN) &&
			       X509_STORE_set_purpose(store, X509_PURPOSE_SSL_SERVER)
		       ? 0
		       : -1;
}

static int fault_anchor_of(X509_STORE_CTX *ctx, const STACK_OF(X509) * trusted)
{
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	const X509 *last = sk_X509_value(chain, sk_X509_num(chain) - 1);

	for (int i = 0; i < sk_X509_num(trusted); i++) {
		if (!X509_cmp(last, sk_X509_value(trusted, i)))
			return i;
	}
	return -1;
}

/* X509_V_OK and which of the trusted certificates the chain leads to, or why it does not. */
static int fault_chain_verify(STACK_OF(X509) * chain, const STACK_OF(X509) * trusted, int *anchor)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int why = X509_V_ERR_OUT_OF_MEM;

	if (store && ctx && !fault_store_fill(store, trusted) &&
	    X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain))
		why = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	*anchor = why == X509_V_OK ? fault_anchor_of(ctx, trusted) : -1;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return x509_ran_out() && why != X509_V_OK ? X509_V_ERR_OUT_OF_MEM : why;
}

static void fault_look_ca(const struct keypair *kp, const struct keypair_want *want,
			  struct faults *f)
{
	scoped(x509_list_end) STACK_OF(X509) *chain = NULL, *trusted = NULL;
	scoped(arena_end) struct arena arena;
	struct certificate *ca;
	struct err err;
	size_t n;
	int why, anchor;

	arena_init(&arena, CA_FACTS_MAX);
	if (!want->ca.s)
		return;
	if (certificates_parse(want->ca, &arena, &ca, &n, &err) < 0 ||
	    !(trusted = x509_list_read(want->ca, &err)) ||
	    !(chain = x509_list_read(keypair_cert_pem(kp), &err))) {
		fault_add(f, err.kind == ERR_NOMEM ? FAULT_MEMORY : FAULT_CHAIN, "the CA: %.200s",
			  err.msg);
		return;
	}
	why = fault_chain_verify(chain, trusted, &anchor);
	if (why == X509_V_ERR_OUT_OF_MEM)
		fault_add(f, FAULT_MEMORY, "the CA: %s", X509_verify_cert_error_string(why));
	else if (why != X509_V_OK)
		fault_add(
			f, FAULT_CHAIN,
			"the chain does not lead to the given CA (%.70s): its last certificate was "
			"issued by %.80s",
			X509_verify_cert_error_string(why), kp->chain[kp->chain_n - 1].issuer);
	/* A bundle may hold others, old ones too: only the one that is used counts. */
	if (anchor >= 0) {
		fault_dates_of("CA", &ca[anchor], want->now, f);
		fault_weakness_of("CA", &ca[anchor], true, f);
	}
}

static void (*const looks[])(const struct keypair *, const struct keypair_want *,
			     struct faults *) = {
	fault_look_key,   fault_look_dates, fault_look_names, fault_look_purpose,
	fault_look_order, fault_look_ca,    fault_look_weak,
};

size_t keypair_faults(const struct keypair *kp, const struct keypair_want *want,
		      struct keypair_fault out[KEYPAIR_FAULTS_MAX])
{
	struct faults f = { .out = out };

	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
		looks[i](kp, want, &f);
	return f.n;
}

int keypair_check(const struct keypair *kp, const struct keypair_want *want, struct err *err)
{
	struct keypair_fault faults[KEYPAIR_FAULTS_MAX];

	if (!keypair_faults(kp, want, faults))
		return 0;
	return err_set(err, ERR_SYNTAX, "%s", faults[0].text);
}
