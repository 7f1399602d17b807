/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/tls.h"

#include <stdlib.h>
#include <string.h>

/*
 * kube-apiserver sends key shares for X25519 (or, in a FIPS build, P-256). GnuTLS would rather
 * have P-256 and ask again, which costs each handshake a round trip: X25519 stands first.
 */
#define GROUPS                                                                                     \
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"                              \
	"-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"                                \
	"-MAC-ALL:+AEAD:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1"

const char *tls_priorities(const char *lowest)
{
	if (!strcmp(lowest, "1.2"))
		return "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:" GROUPS;
	return "NORMAL:-VERS-ALL:+VERS-TLS1.3:" GROUPS;
}

static void tls_pair_free(struct shared *o)
{
	struct tls_pair *p = (struct tls_pair *)o;

	for (unsigned i = 0; i < p->chain_n; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	if (p->key)
		gnutls_privkey_deinit(p->key);
	free(p);
}

static gnutls_datum_t tls_datum(struct str pem)
{
	return (gnutls_datum_t){ (unsigned char *)pem.s, (unsigned)pem.n };
}

static int tls_pair_fill(struct tls_pair *p, const struct keypair *kp)
{
	gnutls_datum_t cert = tls_datum(keypair_cert_pem(kp)), key = tls_datum(keypair_key_pem(kp));
	unsigned n = CERTS_CHAIN_MAX;
	int e = gnutls_pcert_list_import_x509_raw(p->chain, &n, &cert, GNUTLS_X509_FMT_PEM, 0);

	if (e < 0)
		return e;
	p->chain_n = n;
	if ((e = gnutls_privkey_init(&p->key)) < 0) {
		p->key = NULL;
		return e;
	}
	return gnutls_privkey_import_x509_raw(p->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
}

struct tls_pair *tls_pair_new(const struct keypair *kp, struct err *err)
{
	struct tls_pair *p = calloc(1, sizeof *p);
	int e;

	if (!p) {
		err_nomem(err);
		return NULL;
	}
	shared_init(&p->shared, tls_pair_free);
	p->not_after = keypair_not_after(kp);
	p->renew = certs_renew_at(keypair_not_before(kp), p->not_after);
	if ((e = tls_pair_fill(p, kp)) < 0) {
		err_set(err, ERR_SYNTAX, "GnuTLS does not take the certificate or its key: %s",
			gnutls_strerror(e));
		shared_unref(&p->shared);
		return NULL;
	}
	return p;
}
