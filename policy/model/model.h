/*
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
	} * labels; /* all equal, on the new or the old object */
	struct origin origin;
};

/* One condition on the object (DELETE: on the old one). */
struct condition {
	struct condition *next;
	struct path path;
	enum {
		WHEN_IN,
		WHEN_EXISTS,
		WHEN_ABSENT,
		WHEN_DNS_PROBLEM, /* ConfigMap coredns-custom with what CoreDNS stops at or ignores
				   */
		WHEN_DNS_SOUND,   /* ... without */
	} kind;
	struct strings in; /* WHEN_IN; special values: see below */
	/*
	 * "$exemptServiceAccounts" and "$setServiceAccounts" among `in`: the value names a service
	 * account of the object's own namespace that is exempt, or that a named set holds.
	 */
	bool in_exempt_accounts, in_set_accounts;
};

enum changed_kind { CHANGED_PATH, CHANGED_METADATA, CHANGED_CONTENT };

struct changed {
	struct changed *next;
	enum changed_kind kind;
	struct path path; /* CHANGED_PATH */
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
	unsigned operations;         /* bits of enum operation */
	struct strings subresources; /* default: [""] */
	struct object_ref *objects;  /* NULL: all of the policy's */
	struct strings identities; /* named sets: the identity is in one of them; empty: anybody */
	struct strings
		not_identities; /* in none of them; a rule whose sets are all empty does not fit */
	struct fact_test *cluster; /* all hold; an unset fact does not */
	struct condition *when;    /* all hold */
	struct changed *changed;   /* NULL: any change */
	struct features *features; /* NULL: an ordinary rule */
	enum tier tier;
	bool has_action;
	enum action action; /* with the tier's: the lower */
	struct str message; /* replaces the first line's sentence; "$object" is "Deployment
			       kube-system/coredns", "$problem" what WHEN_DNS_PROBLEM found */
	struct remedy remedy;
	struct corefile_remedy *remedies; /* before `remedy`, by what was edited */
	struct str docs, why;             /* of the rule; absent: the policy's */
	struct origin origin;
	/* Computed by set.c: */
	bool active;                     /* its facts hold */
	const struct override *override; /* the one that is in force for it */
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
	struct str replaces;
	struct fact_test *applies_to; /* none false; an unset fact applies */
	struct addon *addon;
	struct object_ref *objects;
	struct rule *rules;
	bool builtin;
	struct origin origin;
	/* Computed by set.c: */
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
	enum action tiers[3]; /* by enum tier */
	enum action on_error; /* ACTION_ALLOW or ACTION_DENY */
	struct override *overrides;
	struct exception_rule *fail_closed; /* a dead guard refuses what they deny; rule "*": all */
	unsigned exception_max_days;
	struct fact *facts;
	struct str cluster_ocid;
	struct str self_namespace, self_release;
	struct identity_list exempt; /* besides the built-in ones */
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
};

/* What load.c reads and set.c owns. */
struct model {
	struct policy *policies, **policies_last;
	size_t policies_n, rules_n;
	struct exception *exceptions, **exceptions_last;
	size_t exceptions_n;
	struct config config;
};

#endif
