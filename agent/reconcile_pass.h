/* SPDX-License-Identifier: Apache-2.0
 * reconcile_pass.h - one turn of the round: what has been read, and what may be done with it.
 *
 * A turn reads the configuration, then the Secrets, compares, and writes at most one object; then
 * the next turn reads again. All that it read lives in its arena, and is overwritten in the end.
 */
#ifndef AGENT_RECONCILE_PASS_H
#define AGENT_RECONCILE_PASS_H

#include "agent/api/objects.h"
#include "agent/reconcile.h"
#include "oke/webhooks.h"

#define RECONCILE_GROUP "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/"

struct reconcile_pass {
	struct reconcile *r;
	struct arena arena;
	bool there; /* the webhook configuration */
	struct configuration configuration;
	struct str live; /* its bytes */
	struct store store;
	struct str version;    /* of the Secret */
	struct store source;   /* another Secret, from which pairs are taken; empty: it has none */
	struct err source_err; /* it could not be read */
	int64_t now;           /* by the API server's clock */
	int64_t due;           /* by it: when the next step is; 0: none is */
	struct webhooks wanted;
	struct webhook_target target;
	uint64_t differences; /* a hash of their texts */
	struct err *err;
};

enum pass_end { PASS_AGAIN, PASS_WAIT, PASS_FAILED };

/* ---- reconcile_call.c ---- */

/* The answer's body into the arena. result is always set. */
int reconcile_call(struct reconcile_pass *t, enum kube_method method, const char *path,
		   struct str body, struct str *out, enum kube_result *result);
/* It answered, but with something else: counted as such. Always -1. */
int reconcile_unreadable(struct reconcile_pass *t);
const char *reconcile_path_of(char path[KUBE_URL_MAX], const struct reconcile *r,
			      const char *resource, const char *name);
int reconcile_read_config(struct reconcile_pass *t); /* a missing one is no failure */
/* A Secret of the release's namespace: r->secret or r->source. */
int reconcile_read_secret(struct reconcile_pass *t, const char *name, struct store *out,
			  struct str *version);

/* ---- reconcile_compare.c ---- */

/* How does the live configuration differ from what policies and bundle want? Into the view. */
int reconcile_compare(struct reconcile_pass *t, const struct policy_set *set, struct str bundle);
/* Once for each other set of differences. */
void reconcile_log_differences(struct reconcile_pass *t, enum log_level level, const char *msg);

/* ---- reconcile_write.c ---- */

int reconcile_write_config(struct reconcile_pass *t, enum kube_result *result);
int reconcile_write_secret(struct reconcile_pass *t, const struct in_force *f,
			   const struct rotate_order *order, const struct rotate_plan *plan,
			   enum kube_result *result);
void reconcile_log_step(struct reconcile_pass *t, const struct rotate_plan *plan);

/* ---- reconcile_modes.c: a turn ---- */

enum pass_end reconcile_turn(struct reconcile_pass *t, const struct policy_set *set);

/* ---- reconcile_facts.c ---- */

/* What the API server says it is, to the replicas; a failure stops nothing. */
void reconcile_facts_if_due(struct reconcile_pass *t);
/* Does the configuration name another version? Told once a contradiction. */
void reconcile_check_version(struct reconcile *r, const struct policy_set *set);
/* Servers that do not come up: an image that cannot be pulled, which they cannot tell themselves.
 */
void reconcile_look_at_rollout(struct reconcile_pass *t);

#endif
