/* SPDX-License-Identifier: Apache-2.0
 * tls.h - a key pair as GnuTLS wants it, and how it shall speak TLS.
 */
#ifndef LIB_SERVE_TLS_H
#define LIB_SERVE_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "oke/certs.h"

/* Never changes once made; any number of handshakes may use it at a time. */
struct tls_pair {
	struct shared shared; /* first: a slot holds it */
	gnutls_pcert_st chain[CERTS_CHAIN_MAX];
	unsigned chain_n;
	gnutls_privkey_t key;
	int64_t not_after;
	int64_t renew; /* two thirds of its life: whoever renews it has done so by then */
};

struct tls_pair *tls_pair_new(const struct keypair *kp, struct err *err);

/* The priority string for a lowest version of "1.2" or "1.3". */
const char *tls_priorities(const char *lowest);

#endif
