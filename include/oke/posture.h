/* SPDX-License-Identifier: Apache-2.0
 * posture.h - a cluster as it is, against what Oracle supports.
 *
 * Pure: what the API server said goes in object by object (a stream of records, or the objects of
 * plain lists), one result for each check comes out. No socket, no file, the clock passed in. The
 * caller asks posture_next what to ask the API server for; a dump is the same records from a file,
 * so that a live scan and its dump cannot differ.
 *
 * An object is looked at once and not kept, but for the components that Oracle manages, their
 * revisions, and a line or two of what must be joined with others (nodes, pods, bindings).
 */
#ifndef OKE_POSTURE_H
#define OKE_POSTURE_H

#include "oke/policy.h"

#define POSTURE_STREAM       1                         /* version of the stream and of dumps */
#define POSTURE_ITEM_MAX     (4u << 20)                /* bytes of one object */
#define POSTURE_LINE_MAX     (POSTURE_ITEM_MAX + 4096) /* bytes of one record */
#define POSTURE_KEPT_MAX     (64u << 20)               /* bytes of all that is kept of a cluster */
#define POSTURE_FINDINGS_MAX 500 /* of one check that are kept; the rest are counted */
#define POSTURE_PATHS_MAX    40  /* of one object that are told one by one */

/* ---- the checks: data ---- */

enum posture_result {
	POSTURE_PASS,
	POSTURE_FINDING,
	POSTURE_NOT_CHECKABLE, /* not from inside the cluster: `reason` says who can, and where */
	POSTURE_UNKNOWN, /* it could be told, but not from what was there: `reason` says why */
	POSTURE_NOT_APPLICABLE, /* nothing of it is in this cluster */
};
#define POSTURE_RESULTS 5
const char *posture_result_name(enum posture_result r); /* "not-checkable" */

struct posture_check {
	const char *id;        /* "component-drift" */
	const char *row;       /* of the responsibility matrix */
	const char *title;     /* "components are as OKE installed them" */
	const char *basis;     /* what Oracle's page says, in our words, with its section */
	const char *evidence;  /* what is read, and how it is decided */
	const char *remedy;    /* what to do about a finding */
	const char *docs;      /* URL of the way; NULL: the page itself */
	enum tier tier;        /* the highest a finding of it has */
	const char *elsewhere; /* not checkable from here: who can, and where; else NULL */
	bool external;         /* one of the block "ask elsewhere" */
};
/* The i-th; NULL: there are fewer. */
const struct posture_check *posture_check_at(size_t i);
const struct posture_check *posture_check_named(struct str id); /* NULL: none */

/* The rows of the matrix, in the page's order; NULL at the end. */
struct posture_row {
	const char *name;
	const char *who; /* "Oracle", "shared", "you" */
};
const struct posture_row *posture_row_at(size_t i);

/* ---- a scan ---- */

struct posture_options {
	const struct policy_set *set;
	int64_t now;    /* seconds since the epoch; the API server's clock is used if it says one */
	bool now_fixed; /* `now` counts whatever the API server's clock says */
	const char *namespace; /* features and disruption budgets of this one alone; NULL: all */
	const char *const *checks; /* their ids; none: all */
	size_t checks_n;
	const char
		*installer; /* the field manager that installs OKE's components; NULL: inferred */
};

struct posture;
struct posture *posture_new(const struct posture_options *o, struct err *err);
void posture_free(struct posture *p); /* NULL is fine */
static inline void posture_end(struct posture **p)
{
	posture_free(*p);
}

/* What to ask the API server for next. After the `done` of the one before. */
struct posture_request {
	const char *method; /* "get", "list", "table", "text" */
	const char *path;   /* valid until the next call */
};
bool posture_next(struct posture *p, struct posture_request *out);

/* One record of a stream, without its newline. -1: it is none (ERR_SYNTAX), or memory is used up.
 */
int posture_record(struct posture *p, struct str line, struct err *err);

/* One object of a plain list (`kubectl get -o json`). */
int posture_object(struct posture *p, const struct gvk *gvk, struct str json, struct err *err);

/* The scan did not come to its end: why, in words. What was seen counts; the scan is not whole. */
void posture_cut(struct posture *p, const char *why);

/* ---- what came of it ---- */

struct posture_finding {
	const struct posture_check *check;
	enum tier tier; /* TIER_SUPPORTED: advice, inside the boundary */
	bool accepted;  /* an exception or override lowered it: told, never counted */
	bool fresh;     /* not in the baseline */
	uint64_t key;   /* check, object and path: the same in the next scan */
	struct str api_version, kind, namespace, name, uid; /* printable */
	struct str example;        /* a node's name that stands in the text; for masking */
	struct str path, from, to; /* from: only where a revision holds it */
	struct str tool;           /* the field manager; empty: not known */
	int64_t time;              /* 0: not known */
	const char *evidence;      /* "revision", "owner", "image", "absent", "object" */
	struct str rule;           /* "coredns/spec"; empty: no policy's */
	struct str text, remedy, command, docs, exception;
};

struct posture_outcome {
	const struct posture_check *check;
	enum posture_result result;
	enum tier tier;        /* of the highest finding that counts */
	size_t findings, kept; /* how many, and how many of them are listed */
	size_t counted[3];     /* by tier, without the accepted ones */
	struct str reason;     /* not-checkable, unknown, not-applicable; of a finding: what is not
				  whole */
	bool no_right;         /* unknown for lack of a right */
	struct posture_finding *v;
};

struct posture_fact {
	struct str name, value,
		evidence;      /* "cni", "vcn-native", "DaemonSet kube-system/vcn-native-ip-cni" */
	struct str configured; /* what the configuration says; empty: nothing */
	bool contradicts;
	bool comment; /* shown, but no fact that the configuration takes */
};

struct posture_results {
	int64_t now;
	struct str cluster;    /* name of the context; may be empty */
	struct str kubernetes; /* "v1.36.1"; may be empty */
	bool whole;
	struct str cut; /* why it is not whole */
	struct posture_outcome *checks;
	size_t checks_n;
	size_t results[POSTURE_RESULTS];
	size_t tiers[3], accepted; /* findings that count, by tier */
	struct posture_fact *facts;
	size_t facts_n;
	struct str *notes; /* sentences: what else was seen, and what could not be told apart */
	size_t notes_n;
	struct str *rules; /* missing lines of the Role, YAML; each once */
	size_t rules_n;
	struct str installer; /* the field manager that was taken for OKE's; may be empty */
	size_t requests, items;
	uint64_t bytes, milliseconds;
};

/* Judge what was collected. All of it lives as long as p. -1: memory. */
int posture_finish(struct posture *p, struct posture_results *out, struct err *err);

/* A finding's key from a report's text; 0: none. For baselines. */
uint64_t posture_key(struct str check, struct str kind, struct str namespace, struct str name,
		     struct str path);

#endif
