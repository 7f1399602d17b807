/* SPDX-License-Identifier: Apache-2.0
 * certs.h - what the programs may ask about certificates.
 *
 * A key pair (a PEM certificate chain, leaf first, with its PEM key) is read
 * once and never changes afterwards: any number of threads may use it, and a
 * slot may hold it. It keeps the two texts, for the TLS library, and the facts
 * that were read from them; no object of OpenSSL outlives the reading.
 *
 * The clock is passed in everywhere (seconds since the epoch, UTC). No message
 * holds a byte of a key; keys are overwritten before their memory is freed.
 */
#ifndef OKE_CERTS_H
#define OKE_CERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slot.h"
#include "lib/base/str.h"

#define CERTS_FILE_MAX  (1u << 20) /* bytes of one PEM file */
#define CERTS_CHAIN_MAX 16         /* certificates of one file */
#define CERTS_NAMES_MAX 256        /* names of one certificate */

/* ---- one certificate, as facts; texts are printable ASCII ---- */

struct certificate {
	const char *subject, *issuer; /* RFC 2253: "CN=oke-guard" */
	const char *serial;           /* hex, lower case */
	const char *fingerprint;      /* SHA-256: "AB:CD:..." */
	const char *key;              /* "EC P-256", "RSA 2048" */
	const char *signature;        /* "ecdsa-with-SHA256" */
	int64_t not_before, not_after;
	const char *const *names; /* subject alternative names: DNS names and addresses as text */
	size_t names_n;
	bool ca;                  /* basicConstraints CA:TRUE */
	bool server;              /* may be used by a TLS server (or says nothing on its use) */
	bool weak_key, weak_sign; /* too small a key or an odd kind; SHA-1 or MD5 */
	bool self_signed;         /* by its own key */
	bool by_next;             /* issued by the certificate that follows in the file */
};

/* All certificates of a PEM text, in order; they live in the arena. At least one, or -1. */
int certificates_parse(struct str pem, struct arena *arena, struct certificate **out, size_t *n,
		       struct err *err);

/* A file of at most CERTS_FILE_MAX bytes into the arena, with a NUL behind it. Not for keys. */
int certs_file(const char *path, struct arena *arena, struct str *out, struct err *err);

/* ---- a key pair ---- */

struct keypair;

/*
 * NULL with ERR_IO (a file cannot be read: which and why), ERR_LIMIT, or
 * ERR_SYNTAX: no certificate or no usable key in it. A pair that was read may
 * still be unfit: keypair_check. The two files may be replaced while they are
 * read: the pair is read again until both are of one moment.
 */
struct keypair *keypair_read(const char *cert_file, const char *key_file, struct err *err);
/* The same from memory; copies both texts. */
struct keypair *keypair_parse(struct str cert_pem, struct str key_pem, struct err *err);

void keypair_ref(struct keypair *kp);
void keypair_unref(struct keypair *kp); /* NULL is fine; the last one overwrites the key */
/* For a slot: struct shared is its first member. */
struct shared *keypair_shared(struct keypair *kp);
struct keypair *keypair_of(struct shared *o);

/* What is wrong with it, gravest first. */
enum keypair_fault_kind {
	FAULT_KEY,           /* the key does not fit the certificate */
	FAULT_EXPIRED,       /* a certificate of the chain has expired */
	FAULT_NOT_YET_VALID, /* ... is not valid yet */
	FAULT_NAME,          /* a wanted name is not among the certificate's names */
	FAULT_PURPOSE,       /* the certificate is not one for a TLS server */
	FAULT_CHAIN,         /* out of order, incomplete, or not of the given CA */
	FAULT_WEAK,          /* key or signature that API servers refuse */
	FAULT_MEMORY,        /* memory ran out: whether the chain leads to the CA is not known */
};

struct keypair_fault {
	enum keypair_fault_kind kind;
	char text[256]; /* one sentence: what is wrong and, where there is one, the way out */
};

#define KEYPAIR_FAULTS_MAX 16

struct keypair_want {
	int64_t now;
	const char *const *names; /* each must be served; may be empty */
	size_t names_n;
	struct str ca; /* PEM of the CA that clients trust; {NULL, 0}: not looked at */
};

/* How many faults there are; up to KEYPAIR_FAULTS_MAX are described. */
size_t keypair_faults(const struct keypair *kp, const struct keypair_want *want,
		      struct keypair_fault out[KEYPAIR_FAULTS_MAX]);
/* 0, or -1 with the gravest fault as ERR_SYNTAX. */
int keypair_check(const struct keypair *kp, const struct keypair_want *want, struct err *err);

/* The texts, for GnuTLS; a NUL stands behind each. Valid as long as the pair. */
struct str keypair_cert_pem(const struct keypair *kp);
struct str keypair_key_pem(const struct keypair *kp);

/* The chain as it is sent, leaf first. */
size_t keypair_chain(const struct keypair *kp, const struct certificate **out);
const struct certificate *keypair_leaf(const struct keypair *kp);
/* When the whole chain is valid: the last notBefore, the first notAfter. */
int64_t keypair_not_before(const struct keypair *kp);
int64_t keypair_not_after(const struct keypair *kp);

/* ---- issuing ---- */

enum certs_algorithm { CERTS_P256, CERTS_P384 };

#define CERTS_DAYS_MAX 3650
#define CERTS_BACKDATE 300 /* seconds: clocks of other machines may be behind ours */

struct certs_order {
	const char *const *names; /* DNS names and addresses; at least one, the first is shown */
	size_t names_n;
	enum certs_algorithm algorithm;
	unsigned days; /* 1..CERTS_DAYS_MAX, of both certificates */
	int64_t now;
	bool keep_ca_key; /* else it is gone when certs_issue returns */
};

struct certs_issued {
	char *cert;   /* tls.crt: the serving certificate */
	char *key;    /* tls.key: PKCS #8 */
	char *ca;     /* ca.crt: what clients trust */
	char *ca_key; /* ca.key, or NULL */
};

/* A new CA and a serving certificate of it. ERR_USAGE names a name that cannot be served. */
int certs_issue(const struct certs_order *order, struct certs_issued *out, struct err *err);
void certs_issued_done(struct certs_issued *issued); /* overwrites the keys */

/*
 * Put them into a folder (made if missing) as tls.crt, tls.key, ca.crt and, if kept, ca.key;
 * all are replaced at one moment: after a crash the folder holds the old files or the new.
 */
int certs_write(const char *dir, const struct certs_issued *issued, struct err *err);

/* ---- renewing ---- */

/* When two thirds of the life are over. */
int64_t certs_renew_at(int64_t not_before, int64_t not_after);
bool certs_due(int64_t not_before, int64_t not_after, int64_t now);

#endif
