/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/certificate.h"

#include <string.h>
#include <time.h>

#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "lib/serve/tls.h"

#define OWN_DAYS 30 /* a certificate that is made for one run */

static void serving_cert_keypair_end(struct keypair **kp)
{
	keypair_unref(*kp);
}

static void serving_cert_take_marks(const struct serving_cert *c, struct file_mark out[2])
{
	file_mark_take(c->cert_file, &out[0]);
	file_mark_take(c->key_file, &out[1]);
}

/* What cannot serve now. Other faults (a weak key, a name) are for `oke-guard certs check`. */
static int serving_cert_refuse_unfit(const struct keypair *kp, struct err *err)
{
	struct keypair_want want = { .now = time(NULL) };
	struct keypair_fault faults[KEYPAIR_FAULTS_MAX];
	size_t n = keypair_faults(kp, &want, faults);

	for (size_t i = 0; i < n && i < KEYPAIR_FAULTS_MAX; i++)
		if (faults[i].kind == FAULT_KEY || faults[i].kind == FAULT_EXPIRED)
			return err_set(err, ERR_SYNTAX, "%s", faults[i].text);
	return 0;
}

static int serving_cert_put_in_force(struct serving_cert *c, const struct keypair *kp,
				     struct err *err)
{
	struct tls_pair *pair;

	if (serving_cert_refuse_unfit(kp, err) < 0 || !(pair = tls_pair_new(kp, err)))
		return -1;
	atomic_store(&c->not_after, pair->not_after);
	atomic_store(&c->renew, pair->renew);
	slot_publish(&c->pairs, &pair->shared);
	return 0;
}

static int serving_cert_load_files(struct serving_cert *c, struct err *err)
{
	scoped(serving_cert_keypair_end) struct keypair *kp =
		keypair_read(c->cert_file, c->key_file, err);

	if (!kp)
		return -1;
	return serving_cert_put_in_force(c, kp, err) < 0 ? err_in(err, c->cert_file) : 0;
}

/* Nobody has to trust it: for trying out, where the client is told not to check. */
static int serving_cert_make_own(struct serving_cert *c, struct err *err)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "::1" };
	struct certs_order order = { .names = names,
				     .names_n = 3,
				     .algorithm = CERTS_P256,
				     .days = OWN_DAYS,
				     .now = time(NULL) };
	scoped(serving_cert_keypair_end) struct keypair *kp = NULL;
	struct certs_issued made;

	if (certs_issue(&order, &made, err) < 0)
		return -1;
	kp = keypair_parse(str_of(made.cert), str_of(made.key), err);
	certs_issued_done(&made);
	return kp ? serving_cert_put_in_force(c, kp, err) : -1;
}

int serving_cert_start(struct serving_cert *c, const char *cert_file, const char *key_file,
		       struct err *err)
{
	*c = (struct serving_cert){ .cert_file = cert_file,
				    .key_file = key_file,
				    .pairs = SLOT_INIT };
	if (!cert_file)
		return serving_cert_make_own(c, err);
	serving_cert_take_marks(c,
				c->marks); /* before reading: a change meanwhile is seen as one */
	return serving_cert_load_files(c, err);
}

void serving_cert_done(struct serving_cert *c)
{
	slot_publish(&c->pairs, NULL);
}

int serving_cert_tick(struct serving_cert *c, struct err *err)
{
	struct file_mark now[2];

	if (!c->cert_file)
		return 0;
	serving_cert_take_marks(c, now);
	if (file_mark_same(&now[0], &c->marks[0]) && file_mark_same(&now[1], &c->marks[1]))
		return 0;
	memcpy(c->marks, now, sizeof now);
	if (serving_cert_load_files(c, err) < 0) {
		atomic_store(&c->broken, true);
		return -1;
	}
	atomic_store(&c->broken, false);
	return 1;
}

void serving_cert_forget(struct serving_cert *c)
{
	memset(c->marks, 0xff, sizeof c->marks); /* no file has such a mark */
}
