/* SPDX-License-Identifier: Apache-2.0
 * model.h - the structs of a policy; private to this folder.
 *
 * The loader fills them from YAML (load.c), validate.c checks them, set.c owns
 * them (one arena a set) and indexes the objects, eval.c reads them. Nothing
 * changes once a set is built. Linked lists keep the order of the files, which
 * is the order in which rules are tried.
 */
#ifndef POLICY_MODEL_MODEL_H
#define POLICY_MODEL_MODEL_H

#include "lib/base/strings.h"
#include "oke/policy.h"
#include "policy/object/path.h"

struct origin {           /* where something was written */
	const char *file; /* "builtin/coredns.yaml", or the path as given */
	unsigned line, column;
};

/* A fact and the values under which something applies: {cni: [flannel, custom]}. */
struct fact_test {
	struct fact_test *next;
	struct str fact; /* "cni", "clusterType", "kubernetes", "addons.CoreDNS.minReplica" */
	struct strings values;
};

/* Where the pod stands in an object of an entry with `pods: true` (model/templates.h). */
enum pod_view { POD_NONE, POD_ITSELF, POD_TEMPLATE, POD_BARE, POD_CRON, POD_VIEWS };

/* Which objects: each of group and resource may be "*" in a policy whose rules all have `features`.
 */
struct object_ref {
	struct object_ref *next;
	struct str group, resource;
	struct str namespace;   /* absent: cluster-scoped objects, and any namespace */
	struct strings names;   /* exact; empty: see prefix */
	struct str name_prefix; /* absent: any name */
	struct label {
		struct label *next;
		struct str key, value;
	} * labels; /* all equal, on the new or the old object (pods: on the pod or its template) */
	enum pod_view pods; /* POD_NONE: an ordinary entry */
	bool implied;       /* stands for one with `pods: true` before it */
	struct origin origin;
};

/*
 * Values of `in` that are no values but questions, as "$exemptServiceAccounts". Of an account: the
 * value is the name of a service account of the object's own namespace. Of a subject: the value is
 * an RBAC subject, or a certificate's request as the API carries it. The bits by number.
 */
enum when_special {
	SPECIAL_EXEMPT_ACCOUNT = 1 << 0, /* the account is exempt */
	SPECIAL_SET_ACCOUNT = 1 << 1,    /* a named set holds it */
	SPECIAL_GUARD_ACCOUNT = 1 << 2,  /* the guard's own, or one of guardAdmins */
	SPECIAL_EXEMPT_SUBJECT = 1 << 3,
	SPECIAL_SET_SUBJECT = 1 << 4,
	SPECIAL_GUARD_SUBJECT = 1 << 5,
	SPECIAL_DNS_IP = 1 << 6, /* the fact dnsIP: unset, the condition does not hold */
};
#define SPECIAL_ACCOUNTS (SPECIAL_EXEMPT_ACCOUNT | SPECIAL_SET_ACCOUNT | SPECIAL_GUARD_ACCOUNT)
#define SPECIALS         7

/* One condition on the object (DELETE: on the old one). */
struct condition {
	struct condition *next;
	struct path path;
	enum when_kind {
		WHEN_IN,
		WHEN_EXISTS,
		WHEN_ABSENT,
		WHEN_NOT_IN,
		WHEN_PREFIX,
		WHEN_SUFFIX,
		WHEN_AT_LEAST,
		WHEN_AT_MOST,
		WHEN_SELECTS,     /* the value is a label selector that takes one of `selects` */
		WHEN_LOST,        /* a value that the old object has there, the new one has not */
		WHEN_DNS_PROBLEM, /* data of coredns-custom: CoreDNS ignores some, or stops at it */
		WHEN_DNS_SOUND,   /* ... or does not */
		/* of a ConfigMap of files of policies: see policy_written_faults (oke/policy.h) */
		WHEN_BROKEN,
		WHEN_DOUBTFUL, /* and nothing is broken */
	} kind;
	bool every;        /* all values that the path names, not any */
	bool of_old;       /* of the old object */
	unsigned specials; /* WHEN_IN, WHEN_NOT_IN: bits of enum when_special */
	struct strings in; /* WHEN_IN, WHEN_NOT_IN; of prefix, suffix, atLeast, atMost one */
	enum selects { SELECTS_LABELS, SELECTS_MANAGED, SELECTS_SELF } selects;
	struct label *labels; /* SELECTS_LABELS: of a pod that has these alone */
};

enum changed_kind { CHANGED_PATH, CHANGED_METADATA, CHANGED_CONTENT };

struct changed {
	struct changed *next;
	enum changed_kind kind;
	struct path path; /* CHANGED_PATH */
	/* Of rules about pods: the same below each view, by enum pod_view; else NULL. */
	const struct path *views;
};

struct features {             /* section 5: uses of feature gates */
	unsigned stages;      /* bits: 1 alpha, 2 beta (off by default), 4 deprecated */
	unsigned uses;        /* bits by enum use_kind (features.h); 0: all */
	struct strings allow; /* gates that are fine */
};

struct remedy {
	struct str text;
	struct str command; /* lines to paste, a newline between them */
	/* What to say in a basic cluster, without a command; absent: see remedy.c. */
	struct str basic;
};

/* The remedy for one kind of edit of a Corefile. */
struct corefile_remedy {
	struct corefile_remedy *next;
	unsigned edits; /* bits of enum corefile_edit (policy/object/corefile.h) */
	struct remedy remedy;
};

struct rule {
	struct rule *next;
	struct str name;
	struct policy *policy;
	unsigned operations; /* bits of enum operation */
	enum tier tier;
	enum action action;  /* with the tier's: the lower */
	enum action unknown; /* the most that identities hear whom nobody named */
	bool has_action, has_unknown;
	bool pods;   /* computed by link.c: one of its objects makes pods */
	bool active; /* computed by build.c: its facts hold, and notIdentities has any */
	struct strings subresources; /* default: [""] */
	struct object_ref *objects;  /* NULL: all of the policy's */
	struct strings identities; /* named sets: the identity is in one of them; empty: anybody */
	struct strings
		not_identities; /* in none of them; a rule whose sets are all empty does not fit */
	struct fact_test *cluster; /* all hold; an unset fact does not */
	struct condition *when;    /* all hold */
	struct changed *changed;   /* NULL: any change */
	struct features *features; /* NULL: an ordinary rule */
	struct str message;        /* replaces the first line's sentence; "$object" is "Deployment
				      kube-system/coredns", "$problem" what WHEN_DNS_PROBLEM, WHEN_BROKEN
				      or  WHEN_DOUBTFUL found */
	struct remedy remedy;
	struct corefile_remedy *remedies; /* before `remedy`, by what was edited */
	struct str docs, why;             /* of the rule; absent: the policy's */
	struct origin origin;
	/* Computed by link.c, of rules about pods: what an UPDATE must change to make it so;
	 * CHANGED_PATH all. */
	struct changed *made_so;
	const struct override *override; /* computed by set.c: the one that is in force for it */
};

struct addon_argument {
	struct addon_argument *next;
	struct path path;
	struct str object; /* name; absent: any object of the policy */
	struct str key;
	struct str lower; /* the key for a smaller number, where `key` is but the least of it */
	struct str note;  /* what else it does, behind the remedy */
};

struct addon {
	struct str name;
	struct str basic; /* a sentence about its settings in basic clusters */
	struct addon_argument *arguments;
};

struct policy {
	struct policy *next;
	struct str name, title, area;
	struct str owner;     /* whose policy: "Oracle" of the pack's unless they say otherwise */
	struct str docs, why; /* how to do it, and why not so: below DOCS_BASE, or a whole URL */
	struct str replaces, reason; /* the built-in one that it stands for, and why */
	struct str stands_for;       /* "dns for coredns": for annotations; set where it replaces */
	struct fact_test *applies_to; /* none false; an unset fact applies */
	struct addon *addon;
	struct object_ref *objects;
	struct rule *rules;
	bool builtin;
	struct origin origin;
	const char *unsound;     /* why it cannot be in force; NULL: it can */
	struct policy *replaced; /* the built-in one that it stands for */
	/* Computed by build.c: */
	bool active;   /* appliesTo is not false */
	size_t number; /* 0, 1, ...: its place in the set */
};

#define OWNER_ORACLE "Oracle"
#define DOCS_BASE    "https://docs.oracle.com/en-us/iaas/Content/ContEng/"

/* ---- GuardConfig ---- */

struct name_pattern { /* of a user or group: exact, or a prefix with a trailing star */
	struct name_pattern *next;
	struct str text; /* without the star */
	bool prefix;
};

struct service_account {
	struct service_account *next;
	struct str namespace, name;
};

struct identity_list {
	struct name_pattern *users, *groups;
	struct service_account *accounts;
};

struct identity_set {
	struct identity_set *next;
	struct str name;
	struct identity_list members;
};

struct override {
	struct override *next;
	struct str policy, rule; /* rule "*": all of the policy */
	enum action action;
	struct str reason;
	struct origin origin;
	const char *unsound;
};

/* A built-in policy that others may stand for. */
struct replaceable {
	struct replaceable *next;
	struct str name;
	struct origin origin;
	const char *unsound;
};

struct fact {
	struct fact *next;
	struct str name, value; /* "cni": "flannel"; "addons.CoreDNS.minReplica": "5" */
	struct origin origin;
};

/* Where the configuration file gave a value; what is not listed is the default. */
struct config_place {
	struct config_place *next;
	struct str path; /* "spec.tiers.unsupported" */
	struct origin origin;
};

struct config {
	enum mode mode;
	bool warn_at_most;    /* who is a customer could not be read */
	enum action tiers[3]; /* by enum tier */
	enum action on_error; /* ACTION_ALLOW or ACTION_DENY */
	struct override *overrides;
	struct exception_rule *fail_closed; /* a dead guard refuses what they deny; rule "*": all */
	struct replaceable *replaceable;
	unsigned exception_max_days;
	struct fact *facts;
	struct str cluster_ocid;
	struct str self_namespace, self_release;
	struct service_account *self_tls, *self_extra; /* who writes the guard's objects by right */
	struct identity_list exempt;                   /* besides the built-in ones */
	struct identity_list
		customer; /* users, groups, and the accounts of kube-system that count */
	struct strings customer_except_namespaces;
	struct identity_set *sets;
	enum action unknown_cap;
	struct config_place *places;
	struct origin origin; /* file NULL: the built-in defaults */
};

/* ---- SupportException ---- */

struct exception_rule {
	struct exception_rule *next;
	struct str policy, rule; /* exact; in failClosed the rule may be "*" */
	struct origin origin;
	const char *unsound;
};

struct exception {
	struct exception *next;
	struct str name;
	struct exception_rule *rules;
	struct object_ref *objects;      /* with names, never with a prefix */
	struct identity_list identities; /* exact names, no prefix */
	struct str ticket, approved_by, reason;
	int64_t not_before, expires; /* seconds since the epoch (UTC): from <= now < expires */
	enum action action;          /* ACTION_WARN or ACTION_AUDIT */
	struct origin origin;
	const char *unsound;
};

/* ---- what could not be read, of a lenient source ---- */

struct left_out {
	struct left_out *next;
	struct str what, why;
	struct origin origin; /* file NULL: no one file */
};

/* A built-in policy whose replacement is unsound: warned at most. */
struct lowered {
	struct lowered *next;
	struct str name;
};

/* What load.c reads and set.c owns. */
struct model {
	struct policy *policies, **policies_last;
	size_t policies_n, rules_n;
	struct exception *exceptions, **exceptions_last;
	size_t exceptions_n;
	struct config config;
	const struct versions *versions; /* the list of OKE's versions */
	bool versions_read;              /* while a file of it is read: it had one */
	struct left_out *left_out, **left_out_last;
	size_t left_out_n;
	struct lowered *lowered;
};

#endif
