/* SPDX-License-Identifier: Apache-2.0
 * x509.h - OpenSSL's objects, released at the end of the scope; private to this folder.
 */
#ifndef CERTS_X509_H
#define CERTS_X509_H

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "lib/base/cleanup.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static inline void bio_end(BIO **b)
{
	BIO_free_all(*b);
}

static inline void pkey_end(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static inline void x509_end(X509 **x)
{
	X509_free(*x);
}

static inline void x509_list_end(STACK_OF(X509) * *list)
{
	sk_X509_pop_free(*list, X509_free);
}

/*
 * All certificates of a PEM text, in order; other PEM blocks are passed over.
 * NULL with ERR_SYNTAX where there is none, or one that cannot be read.
 */
STACK_OF(X509) * x509_list_read(struct str pem, struct err *err);

/*
 * Did OpenSSL run out of memory since its queue was last emptied? Empties it. Many of its questions
 * are answered "no" then, which must not be taken for what a certificate says.
 */
bool x509_ran_out(void);

/* `kind`, or ERR_NOMEM where that was why, with OpenSSL's own reason behind `what`; empties its
 * queue. */
int x509_error(struct err *err, enum err_kind kind, const char *what);

#endif
