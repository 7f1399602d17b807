/* SPDX-License-Identifier: Apache-2.0
 * objects.h - the cluster's objects as bytes: answers read, patches written.
 *
 * Answers are read by the strict reader (oke/json.h) and are hostile: anything may stand
 * in them. Patches are JSON merge patches (RFC 7396) written by cJSON; they hold the
 * resourceVersion that was read, so that the API server refuses them when somebody
 * was faster, and only what is to change, so that nothing else is touched.
 */
#ifndef AGENT_OBJECTS_H
#define AGENT_OBJECTS_H

#include "agent/api/rotate.h"
#include "lib/json/json.h"

#define OBJECT_MEMORY     (48u << 20) /* of all that is read and written in one round */
#define OBJECT_BUNDLE_MAX (64u << 10) /* bytes of a caBundle in force that are looked at */

/* Secrets may be among it: overwrite all before it is freed. */
void objects_wipe(struct arena *arena);

/* ---- the Secret ---- */

/*
 * What is no base64 counts as nothing: it will be replaced. -1: not a Secret; or one that nobody
 * can change.
 */
int objects_secret_read(struct str body, struct arena *arena, struct store *out,
			struct str *version, struct err *err);
/* The patch that makes `before` to `after`. */
int objects_secret_patch(const struct store *before, const struct store *after, struct str version,
			 struct arena *arena, struct str *out, struct err *err);

/* ---- the ValidatingWebhookConfiguration ---- */

struct configuration {
	struct str version;        /* resourceVersion */
	struct str state;          /* "<uid>/<generation>" */
	struct str bundle;         /* each different caBundle, one behind the other */
	size_t entries, untrusted; /* webhooks, and how many have no caBundle */
};

int objects_configuration_read(struct str body, struct arena *arena, struct configuration *out,
			       struct err *err);
/* webhooks: a JSON array. */
int objects_configuration_patch(struct str webhooks, struct str version, struct arena *arena,
				struct str *out, struct err *err);

/* ---- the servers' Deployment ---- */

/* How many of its pods, old and new, are not available. */
int objects_unavailable_read(struct str body, struct arena *arena, long *out, struct err *err);

/* ---- facts ---- */

/* "1.36" of the answer to GET /version. */
int objects_version_read(struct str body, struct arena *arena, struct str *out, struct err *err);
/* The ConfigMap's key `kubernetes`; n is 0 where it has none. */
int objects_facts_read(struct str body, struct arena *arena, struct str *out, struct err *err);
int objects_facts_patch(struct str kubernetes, struct arena *arena, struct str *out,
			struct err *err);

#endif
