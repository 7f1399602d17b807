/* SPDX-License-Identifier: Apache-2.0
 * keypair.c - a certificate chain with its key: read once, never changed.
 *
 * Whether the key fits is found out by using it: a signature made with the key
 * must verify with the certificate. Comparing public halves, as OpenSSL's own check
 * does, believes the public half that a key file claims to have.
 */
#include "oke/certs.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "certs/file.h"
#include "certs/pair.h"
#include "certs/x509.h"

#define FACTS_MAX  (4u << 20) /* bytes of a pair's facts */
#define READ_TRIES 5          /* files that change while they are read are read again */

/* ---- does the key fit? ---- */

static const unsigned char proof[] = "a text that oke-guard signs to try a key";

static bool keypair_key_signs(EVP_PKEY *key, unsigned char *sig, size_t *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool done = ctx && EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
		    EVP_DigestSign(ctx, sig, n, proof, sizeof proof) == 1;

	EVP_MD_CTX_free(ctx);
	return done;
}

static bool keypair_key_verifies(EVP_PKEY *key, const unsigned char *sig, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool done = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
		    EVP_DigestVerify(ctx, sig, n, proof, sizeof proof) == 1;

	EVP_MD_CTX_free(ctx);
	return done;
}

static bool keypair_key_fits(EVP_PKEY *key, X509 *leaf)
{
	EVP_PKEY *public = X509_get0_pubkey(leaf);
	unsigned char sig[2048]; /* RSA of 16384 bits, the most that OpenSSL verifies */
	size_t n = sizeof sig;
	int size = EVP_PKEY_get_size(key);

	/* Without memory OpenSSL 3.5 calls it signed, and n is no length. */
	return EVP_PKEY_eq(key, public) == 1 && size > 0 && (size_t)size <= sizeof sig &&
	       keypair_key_signs(key, sig, &n) && n <= sizeof sig &&
	       keypair_key_verifies(public, sig, n);
}

/* ---- parsing ---- */

/* OpenSSL asks for a passphrase only when the key is encrypted. */
static int keypair_no_passphrase(char *buf, int size, int writing, void *asked)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static EVP_PKEY *keypair_key_parse(struct str pem, struct err *err)
{
	scoped(bio_end) BIO *in = NULL;
	bool encrypted = false;
	EVP_PKEY *key;

	if (!pem.n || pem.n > CERTS_FILE_MAX) {
		err_set(err, ERR_SYNTAX, "holds no private key");
		return NULL;
	}
	if (!(in = BIO_new_mem_buf(pem.s, (int)pem.n))) {
		err_nomem(err);
		return NULL;
	}
	key = PEM_read_bio_PrivateKey(in, NULL, keypair_no_passphrase, &encrypted);
	if (x509_ran_out() && !key)
		err_nomem(err);
	else if (!key)
		err_set(err, ERR_SYNTAX,
			encrypted ? "the private key is encrypted; it must be plain (protect "
				    "the file instead)"
				  : "holds no private key that can be read "
				    "(PEM, PKCS #8, RSA or EC)");
	return key;
}

static void keypair_free(struct shared *o)
{
	struct keypair *kp = keypair_of(o);

	secret_done(&kp->cert);
	secret_done(&kp->key);
	arena_done(&kp->facts);
	free(kp);
}

static struct keypair *keypair_new(struct err *err)
{
	struct keypair *kp = calloc(1, sizeof *kp);

	if (!kp) {
		err_nomem(err);
		return NULL;
	}
	shared_init(&kp->shared, keypair_free);
	arena_init(&kp->facts, FACTS_MAX);
	return kp;
}

static void keypair_end(struct keypair **kp)
{
	keypair_unref(*kp);
}

static int keypair_take_key(struct keypair *kp, struct err *err)
{
	scoped(x509_list_end) STACK_OF(X509) *list = NULL;
	scoped(pkey_end) EVP_PKEY *key = keypair_key_parse(keypair_key_pem(kp), err);

	if (!key || !(list = x509_list_read(keypair_cert_pem(kp), err)))
		return -1;
	ERR_clear_error();
	kp->key_fits = keypair_key_fits(key, sk_X509_value(list, 0));
	return x509_ran_out() && !kp->key_fits ? err_nomem(err) : 0;
}

/* Takes both texts, whatever comes of it. cert_name and key_name stand in messages. */
static struct keypair *keypair_parse_secrets(struct secret *cert, struct secret *key,
					     const char *cert_name, const char *key_name,
					     struct err *err)
{
	scoped(keypair_end) struct keypair *kp = keypair_new(err);

	if (!kp) {
		secret_done(cert);
		secret_done(key);
		return NULL;
	}
	kp->cert = *cert;
	kp->key = *key;
	*cert = *key = (struct secret){ NULL, 0 };
	if (certificates_parse(keypair_cert_pem(kp), &kp->facts, &kp->chain, &kp->chain_n, err) <
	    0) {
		err_in(err, cert_name);
		return NULL;
	}
	if (keypair_take_key(kp, err) < 0) {
		err_in(err, key_name);
		return NULL;
	}
	return TAKE(kp);
}

struct keypair *keypair_parse(struct str cert_pem, struct str key_pem, struct err *err)
{
	struct secret cert = { NULL, 0 }, key = { NULL, 0 };

	if (secret_copy(cert_pem, &cert, err) < 0 || secret_copy(key_pem, &key, err) < 0) {
		secret_done(&cert);
		return NULL;
	}
	return keypair_parse_secrets(&cert, &key, "certificate", "key", err);
}

/* ---- reading ---- */

/*
 * Two files are opened one after the other; between the two a new pair may have
 * come (a Secret's "..data" link is swapped at one moment, but not between our
 * two looks). If the certificate is still the same after the key was read, both
 * are of one moment.
 */
static int keypair_read_once(const char *cert_file, const char *key_file, struct secret *cert,
			     struct secret *key, bool *changed, struct err *err)
{
	scoped(secret_done) struct secret c = { NULL, 0 }, k = { NULL, 0 }, again = { NULL, 0 };

	if (file_read(cert_file, &c, err) < 0 || file_read(key_file, &k, err) < 0 ||
	    file_read(cert_file, &again, err) < 0)
		return -1;
	*changed = !str_eq((struct str){ c.s, c.n }, (struct str){ again.s, again.n });
	*cert = c;
	*key = k;
	c = k = (struct secret){ NULL, 0 };
	return 0;
}

struct keypair *keypair_read(const char *cert_file, const char *key_file, struct err *err)
{
	struct secret cert = { NULL, 0 }, key = { NULL, 0 };
	bool changed = true;

	/* A file may also be gone for a moment: opened through a link that was replaced just then.
	 */
	for (int i = 0; changed && i < READ_TRIES; i++) {
		secret_done(&cert);
		secret_done(&key);
		keypair_read_once(cert_file, key_file, &cert, &key, &changed, err);
	}
	return cert.s ? keypair_parse_secrets(&cert, &key, cert_file, key_file, err) : NULL;
}

/* ---- what it holds ---- */

void keypair_ref(struct keypair *kp)
{
	atomic_fetch_add_explicit(&kp->shared.refs, 1, memory_order_relaxed);
}

void keypair_unref(struct keypair *kp)
{
	shared_unref(keypair_shared(kp));
}

struct shared *keypair_shared(struct keypair *kp)
{
	return (struct shared *)kp;
}

struct keypair *keypair_of(struct shared *o)
{
	return (struct keypair *)o;
}

struct str keypair_cert_pem(const struct keypair *kp)
{
	return (struct str){ kp->cert.s, kp->cert.n };
}

struct str keypair_key_pem(const struct keypair *kp)
{
	return (struct str){ kp->key.s, kp->key.n };
}

size_t keypair_chain(const struct keypair *kp, const struct certificate **out)
{
	*out = kp->chain;
	return kp->chain_n;
}

const struct certificate *keypair_leaf(const struct keypair *kp)
{
	return &kp->chain[0];
}

int64_t keypair_not_before(const struct keypair *kp)
{
	int64_t t = kp->chain[0].not_before;

	for (size_t i = 1; i < kp->chain_n; i++)
		t = kp->chain[i].not_before > t ? kp->chain[i].not_before : t;
	return t;
}

int64_t keypair_not_after(const struct keypair *kp)
{
	int64_t t = kp->chain[0].not_after;

	for (size_t i = 1; i < kp->chain_n; i++)
		t = kp->chain[i].not_after < t ? kp->chain[i].not_after : t;
	return t;
}
