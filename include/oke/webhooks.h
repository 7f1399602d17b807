/* SPDX-License-Identifier: Apache-2.0
 * webhooks.h - which requests the API server must send, so that each loaded policy fires.
 *
 * Computed from a policy set alone: entries of a ValidatingWebhookConfiguration, as few as
 * their namespace selectors need, and disjoint, so that a request meets one entry (entries.c has
 * the exceptions). No entry ever asks for leases, events or reviews of access, nor for endpoints
 * but those of guarded Services.
 *
 * All results live in the arena, and their texts in the set too: both must outlive them.
 */
#ifndef OKE_WEBHOOKS_H
#define OKE_WEBHOOKS_H

#include "lib/base/strings.h"
#include "oke/policy.h"

#define WEBHOOKS_TIMEOUT        2          /* seconds, of each entry */
#define WEBHOOKS_PORT           443        /* of the Service, where none is named */
#define WEBHOOKS_CONDITIONS_MAX 64         /* of one entry: the API server's limit */
#define WEBHOOKS_MINOR_MIN      30         /* of Kubernetes: matchConditions are v1 since 1.30 */
#define WEBHOOKS_TEXT_MAX       (4u << 20) /* bytes of a rendered configuration */

enum webhook_scope { SCOPE_ANY, SCOPE_NAMESPACED, SCOPE_CLUSTER };

const char *webhook_scope_name(enum webhook_scope scope); /* "*", "Namespaced", "Cluster" */

struct webhook_rule {
	struct strings groups, versions; /* versions: mostly ["*"] */
	struct strings resources;        /* "deployments", "deployments/scale"; sorted */
	unsigned operations;             /* bits of enum operation */
	enum webhook_scope scope;
};

struct webhook_condition { /* CEL: false leaves the request out */
	struct str name, expression;
};

/* matchPolicy Equivalent, sideEffects None and admissionReviewVersions [v1] hold for all. */
struct webhook {
	struct str name; /* "support.oke-guard.internal" */
	struct str path; /* "/validate", or of one part: "/validate/support" */
	bool fail;       /* failurePolicy Fail; else Ignore */
	/* By kubernetes.io/metadata.name: In these, or NotIn them; none: no selector. */
	struct strings namespaces;
	bool except_namespaces;
	struct webhook_rule *rules;
	size_t rules_n;
	struct webhook_condition *conditions;
	size_t conditions_n;
};

struct webhooks {
	struct webhook *v;
	size_t n;
};

/* The entries that the set needs; none when it concerns nothing. -1 with ERR_LIMIT. */
int webhooks_of(const struct policy_set *set, struct arena *arena, struct webhooks *out,
		struct err *err);

/* Where the API server is to send reviews. */
struct webhook_target {
	struct str configuration;      /* metadata.name */
	struct str namespace, service; /* of the Service */
	unsigned port;                 /* of the Service; 0: WEBHOOKS_PORT */
	struct str ca_bundle;          /* PEM; empty: none is written, and none is compared */
};

enum webhooks_format { WEBHOOKS_JSON, WEBHOOKS_YAML };

/* The whole ValidatingWebhookConfiguration, with a newline at the end; text.full: no room. */
void webhooks_print(const struct webhooks *webhooks, const struct webhook_target *target,
		    enum webhooks_format format, struct text *out);

/* Its `webhooks` alone. JSON: the array, for a patch; YAML: "webhooks:" and the list. */
void webhooks_print_list(const struct webhooks *webhooks, const struct webhook_target *target,
			 enum webhooks_format format, struct text *out);

enum webhooks_effect {
	WEBHOOKS_MORE,  /* more is asked than is needed: no harm */
	WEBHOOKS_BLIND, /* the live object leaves out what the wanted one sees */
	/*
	 * An entry with failurePolicy Fail takes what no wanted entry of that policy does: it lacks
	 * a matchCondition, a selector, or should not be there. While no server answers the API
	 * server refuses that, the control plane's own requests among it.
	 */
	WEBHOOKS_LOCKS
};

/* One call for each difference. */
struct webhooks_report {
	void (*difference)(void *ctx, enum webhooks_effect effect, const char *text);
	void *ctx;
	size_t differences, blind, locks; /* counted */
};

/*
 * Hold a live ValidatingWebhookConfiguration (JSON, as the API server shows it) against the
 * wanted entries, and say each difference in words ("support.oke-guard.internal: no rule
 * sends UPDATE of apps/deployments/scale"). Order, and what the API server fills in by itself,
 * are no difference; neither is an entry of another name whose service is not the target's.
 * -1 with ERR_SYNTAX when the object cannot be read.
 */
int webhooks_compare(const struct webhooks *wanted, const struct webhook_target *target,
		     struct str live, struct arena *arena, struct webhooks_report *report,
		     struct err *err);

#endif
