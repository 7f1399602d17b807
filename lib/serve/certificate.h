/* SPDX-License-Identifier: Apache-2.0
 * certificate.h - the serving certificate: read, put in force, and read again
 * when its files change (also by the swap of a Secret's ..data link).
 */
#ifndef LIB_SERVE_CERTIFICATE_H
#define LIB_SERVE_CERTIFICATE_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/files.h"
#include "lib/base/slot.h"

struct serving_cert {
	const char *cert_file, *key_file; /* NULL: one is made for this run */
	struct slot pairs;                /* of struct tls_pair */
	struct file_mark marks[2];
	atomic_llong not_after, renew; /* seconds since the epoch */
	atomic_bool broken;            /* the files hold something that was not taken */
};

/* The first pair. -1: what is wrong with which file. */
int serving_cert_start(struct serving_cert *c, const char *cert_file, const char *key_file,
		       struct err *err);
void serving_cert_done(struct serving_cert *c);

/*
 * Call about every second. 0: nothing changed; 1: a new pair is in force; -1 with err, once for
 * each change: the files hold no usable pair, the last one stays in force.
 */
int serving_cert_tick(struct serving_cert *c, struct err *err);
/* The next tick reads the files again, changed or not. */
void serving_cert_forget(struct serving_cert *c);

#endif
