/* SPDX-License-Identifier: Apache-2.0
 * policy.h - what the programs may ask of the policies.
 *
 * A policy set is built once, from the built-in pack and from files, and never
 * changes afterwards: any number of threads may judge with it. Judging is pure:
 * request in, verdict out, the clock passed in.
 */
#ifndef OKE_POLICY_H
#define OKE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

/* ---- the request (admission.k8s.io/v1 AdmissionRequest) ---- */

enum operation { OP_CREATE = 1, OP_UPDATE = 2, OP_DELETE = 4, OP_CONNECT = 8 }; /* a bit each */

struct gvk {
	struct str group, version, kind;
};

struct gvr {
	struct str group, version, resource;
};

struct user {
	struct str name;
	const struct str *groups;
	size_t groups_n;
};

struct change_list;

/* Which policies are asked. Each is in one of the two parts. */
enum policies_part {
	POLICIES_ALL,
	POLICIES_SUPPORT, /* those that are not about features */
	POLICIES_ALPHA,   /* those whose rules have `features` */
};

/*
 * What the bytes of `object` hold, noted while they were passed over (policy_skim_object). What is
 * not noted is not there, however an object that is JSON is written.
 */
struct object_notes {
	bool made;         /* false: nothing is known */
	bool unsure;       /* an escape may hide anything */
	bool domain, flag; /* of alpha keys; "feature-gates" or KUBE_FEATURE_ */
	uint64_t words[8]; /* a bit for each word of the catalogue */
};

/* All of it is borrowed: it must outlive the verdict. Absent strings are {NULL, 0}. */
struct request {
	struct str uid;
	enum operation operation;
	struct gvk kind, request_kind;         /* request_*: as the client sent it; same as */
	struct gvr resource, request_resource; /* kind/resource where the review has none */
	struct str subresource, request_subresource;
	struct str namespace, name;
	struct user user;
	bool dry_run;
	struct str object, old_object, options; /* JSON text; {NULL, 0} for null */
	struct object_notes notes;
	/*
	 * No API server sent it: a manifest, judged as if a customer sent it. Each use of a
	 * feature is a finding of its own then, and all findings are listed.
	 */
	bool offline;
	/*
	 * Found as it is, whoever wrote it: judged as a matched customer's. No mode and no cap
	 * lowers the action, and exceptions count for any identity. Tiers and overrides hold.
	 */
	bool stored;
	/*
	 * UPDATE: these changes instead of the difference of the two objects
	 * (policy/object/diff.h): of a write that is over, the old object is not known, but what
	 * was written is. NULL: compare.
	 */
	const struct change_list *changes;
	unsigned minor; /* of Kubernetes, features are judged by; 0: the set's */
	enum policies_part part;
};

/* Is it an UPDATE of an object to what it was, to the byte? Whatever it says, nothing changed. */
static inline bool request_is_unchanged(const struct request *r)
{
	return r->operation == OP_UPDATE && r->object.n && !r->changes &&
	       str_eq(r->object, r->old_object);
}

/* ---- the verdict ---- */

enum tier { TIER_SUPPORTED, TIER_BEST_EFFORT, TIER_UNSUPPORTED };
enum action { ACTION_ALLOW, ACTION_AUDIT, ACTION_WARN, ACTION_DENY };
enum mode { MODE_AUDIT, MODE_WARN, MODE_ENFORCE };
enum identity_class { IDENTITY_UNKNOWN, IDENTITY_CUSTOMER, IDENTITY_EXEMPT };

const char *operation_name(enum operation op);          /* "UPDATE" */
const char *tier_name(enum tier t);                     /* "best-effort" */
const char *action_name(enum action a);                 /* "warn" */
const char *mode_name(enum mode m);                     /* "enforce" */
const char *identity_class_name(enum identity_class c); /* "customer" */

enum lowered_by { LOWERED_NOT, LOWERED_BY_IDENTITY, LOWERED_BY_MODE };

/* Texts of a finding are escaped, cut, ASCII: ready to be shown. */
struct finding_change {
	struct str path, from, to; /* from/to: "(none)" where absent */
};

struct place;

struct finding {
	struct str policy, rule; /* of the set: "coredns", "scale" */
	enum tier tier;
	enum action action;             /* after override, exception and caps */
	struct str sentence;            /* the first line, without the [policy/rule] */
	struct finding_change *changes; /* at most FINDING_CHANGES are listed */
	size_t changes_n, changes_all;  /* listed, and how many there were */
	struct str remedy;              /* what to do instead; may be empty */
	struct str command;             /* to paste, lines of it; may be empty */
	struct str why;                 /* URL of the page that makes it so; may be empty */
	struct str docs;                /* URL of the page that says how; may be empty, or `why` */
	struct str gate;                /* feature gate, of an alpha finding */
	const struct place
		*place; /* of the first change or use (policy/object/path.h); NULL: the object */
	struct str override; /* "policy/rule -> action" as configured, if one replaced the action */
	struct str replaces; /* "dns for coredns": its policy stands for a built-in one */
	struct str exception, ticket; /* of the exception in force, if any */
	int64_t exception_ends;
	enum lowered_by lowered; /* a denial to a warning, by what; an exception is not counted */
};

#define FINDING_CHANGES 8
#define FINDINGS_MAX    64 /* of one request; the rest are counted */

struct verdict {
	enum action action; /* the highest of all findings */
	enum mode mode;
	enum identity_class identity;
	bool concerned;                  /* a policy's objects fitted */
	struct finding *findings;        /* strongest first, then in order of the pack */
	size_t findings_n, findings_all; /* listed: at most FINDINGS_MAX, unless offline */
	struct str note;   /* what kept it from a denial, for a last warning; may be empty */
	struct str advice; /* for who asked, a denial's line; may be empty */
	struct str error;  /* the objects were not read, or could not be: why */
	struct str kind, namespace, name; /* of what the findings are about: "Deployment", ... */
};

/* ---- the answer's texts (DESIGN section 6); in the arena ---- */

#define MESSAGE_MAX    4096 /* bytes of a denial */
#define WARNINGS_MAX   8    /* a request */
#define WARNING_MAX    200  /* bytes each */
#define WARNINGS_TOTAL 1999 /* bytes together */
#define ANNOTATION_MAX 1024 /* bytes of each audit annotation's value */

struct str verdict_message(const struct verdict *v, struct arena *arena);
/* Up to WARNINGS_MAX lines into out; how many. */
size_t verdict_warnings(const struct verdict *v, struct arena *arena, struct str out[WARNINGS_MAX]);

struct annotation {
	const char *key; /* "decision", "policy", "tier", "paths", ... */
	struct str value;
};
#define ANNOTATIONS_MAX 12
size_t verdict_annotations(const struct verdict *v, struct arena *arena,
			   struct annotation out[ANNOTATIONS_MAX]);

/* ---- sets ---- */

struct policy_set;
struct shared;

/*
 * Where messages about policies go: called once for each; those of a file in order of
 * their places, those about all files together behind them.
 */
struct policy_report {
	void (*message)(void *ctx, bool error,
			const char *text); /* text: "file:line:col: ..."; false: a warning */
	void *ctx;
	size_t errors, warnings; /* counted by the loader */
	/* NULL, or room for a text: while it is empty the next error goes there as well. */
	char *why;
	size_t why_room;
};

struct policy_source {
	const char *const *paths; /* files or folders (*.yaml, *.yml, *.json; a folder is not
				     descended) of any kind */
	size_t paths_n;
	const char *config; /* file with the one GuardConfig, or NULL for the built-in defaults */
	const char *kubernetes; /* "1.36": instead of the configuration's; NULL: as configured */
	/* Folder of facts that were learnt, a file each; NULL: none. Its `kubernetes` stands where
	   the configuration says auto. It need not be there. */
	const char *facts;
	const char *learnt; /* "1.36": known without a file; it counts before it. NULL: not known */
	const char *versions; /* file with the KubernetesVersions; NULL: the built-in list */
	bool no_builtin;      /* tests: leave the built-in pack out */
	/*
	 * Serve what is sound: the smallest unsound unit is left out (an override, a fact, an item
	 * of a list, a document, a file), and told in policy_set_left_out_at. What cannot be read
	 * never makes the set deny more: without a mode that can be read it is audit, with lists
	 * of exempt identities or customers that cannot be read, and for a built-in policy whose
	 * replacement is unsound, warn at most.
	 */
	bool lenient;
};

/*
 * Marks the state of a source's files: other marks, other files. `identity` looks at names,
 * inodes, sizes and times, `contents` also reads (at most what the loader would). While a
 * file is fresh, another write may leave its times as they are: compare the contents.
 */
struct policy_mark {
	uint64_t identity, contents;
	bool fresh; /* a file was changed within the last POLICY_MARK_SETTLES seconds */
};
#define POLICY_MARK_SETTLES 2
/*
 * Of the set's files, but for learnt facts: the mark of names and contents. Equal marks: equal
 * files, also where another process has read them.
 */
uint64_t policy_set_files(const struct policy_set *set);
void policy_source_mark(const struct policy_source *src, bool contents, struct policy_mark *out);

/*
 * Build a set. NULL and messages in the report when anything is wrong: a set is
 * whole or not at all, unless the source is lenient; then NULL is for want of memory alone.
 * Files that change while they are read are read again: a set is of one state of all files.
 * src may be NULL: the built-in pack with the default
 * configuration. The set has one reference, the caller's.
 */
struct policy_set *policy_set_new(const struct policy_source *src, struct policy_report *report);
/* The built-in pack in mode audit: where nothing else can be had. */
struct policy_set *policy_set_bare(struct policy_report *report);
void policy_set_ref(struct policy_set *set);
void policy_set_unref(struct policy_set *set); /* NULL is fine */
/* For a slot (lib/base/slot.h): the set as a shared object, and back. */
struct shared *policy_set_shared(struct policy_set *set);
struct policy_set *policy_set_of(struct shared *shared);

size_t policy_set_policies(const struct policy_set *set); /* how many are loaded */
size_t policy_set_rules(const struct policy_set *set);
size_t policy_set_overrides(const struct policy_set *set);
enum mode policy_set_mode(const struct policy_set *set);
unsigned policy_set_minor(const struct policy_set *set); /* of Kubernetes, features are judged by */
unsigned policy_set_told(const struct policy_set *set);  /* the same; 0: nobody told the version */
bool policy_set_has_rule(const struct policy_set *set, struct str policy, struct str rule);
/*
 * Which version of Kubernetes features are judged by. Minors of 1.x.
 *
 * A cluster that is newer than all that is known is judged by the newest that is known, and
 * one that only a pre-release is known of by that: `rough`, so that no finding about a feature
 * is more than a warning.
 */
enum version_from {
	VERSION_FROM_DEFAULT, /* nobody told it: the newest release known */
	VERSION_FROM_CONFIG,  /* cluster.kubernetes */
	VERSION_FROM_OPTION,  /* policy_source.kubernetes */
	VERSION_FROM_FACTS,   /* policy_source.facts: the agent learnt it */
	VERSION_FROM_SERVER   /* policy_source.learnt */
};
struct policy_version {
	enum version_from from;
	unsigned told;                /* the cluster's; 0: nobody told it */
	unsigned judged;              /* what features are judged by */
	unsigned newest;              /* the newest that is known as a release */
	unsigned preliminary;         /* a newer one, known as of a pre-release; 0: none */
	struct str preliminary_as_of; /* "1.38.0-beta.0" */
	bool newer;                   /* told is newer than all that is known */
	bool rough;                   /* told is newer than the newest release known */
};
void policy_set_version(const struct policy_set *set, struct policy_version *out);
/* told: "1.36"; what is no version, or empty: nobody told it. */
void policy_version_of(struct str told, enum version_from from, struct policy_version *out);
const char *version_from_name(enum version_from from); /* "configuration" */
#define POLICY_VERSION_TEXT 256
/* A sentence without a full stop: "features are judged by 1.36 (...); the newest ...". */
void policy_version_print(const struct policy_version *v, char out[POLICY_VERSION_TEXT]);
/* What the list of OKE's versions says of the cluster's: "OKE's support for Kubernetes 1.33 ended
 * on ..."; false: nobody told the version. */
bool policy_set_support_print(const struct policy_set *set, int64_t now,
			      char out[POLICY_VERSION_TEXT]);
/* Warnings: a version that OKE no longer supports, or soon will not; one that is not known here. */
void policy_set_version_lint(const struct policy_set *set, int64_t now,
			     struct policy_report *report);

struct versions;
/* The list of OKE's versions that is in force (policy/catalogue/versions.h); lives with the set. */
const struct versions *policy_set_versions(const struct policy_set *set);

/* ---- what a lenient source left out ---- */

struct left_out_info {
	struct str what;  /* "SupportPolicy \"mine\"", "override", ... */
	struct str why;   /* the first message about it, FILE:LINE:COLUMN: ... */
	const char *file; /* NULL: no one file */
	unsigned line;    /* 0: all of the file */
};
/* The i-th. false: there are fewer. */
bool policy_set_left_out_at(const struct policy_set *set, size_t i, struct left_out_info *out);
size_t policy_set_left_out(const struct policy_set *set); /* how many */

/* ---- policies that stand for built-in ones ---- */

struct replaced_info {
	struct str policy, replaces, reason; /* of the set; the reason is any text */
	const char *file;
	unsigned line;
};
/* The i-th in the order of the files. false: there are fewer. */
bool policy_set_replaced_at(const struct policy_set *set, size_t i, struct replaced_info *out);
size_t policy_set_replaced(const struct policy_set *set); /* how many */

/* ---- files of policies that somebody writes ---- */

#define WRITTEN_FILES_MAX 1024

struct written_file {
	struct str name, text;
	bool as_before; /* it holds what it did: whoever writes now did not put it there */
};

/* Which files: one that lies in a folder of policies, or those of the configuration. */
enum written_kind { WRITTEN_POLICIES, WRITTEN_CONFIG };

struct written_object {
	enum written_kind kind;
	bool bare_before; /* WRITTEN_CONFIG: guard.yaml was missing before */
	const struct written_file *files;
	size_t n;
};

/* Texts: "week.yaml:3:5: ...", of the first in the first file; short-lived as the arena. */
struct written_faults {
	size_t broken, doubtful;
	struct str first_broken, first_doubtful;
};

/*
 * What is wrong with them? Broken: no version of oke-guard could read it (no YAML, another type, a
 * required key that is missing, an exception that ends before it begins, a configuration without
 * guard.yaml). Doubtful: all else that this version would leave out or warn of, for which it looks
 * at the files and at the set in force; and what is broken as before. Needs much memory of its own
 * for a while; -1: the arena has no room for the texts.
 */
int policy_written_faults(const struct policy_set *set, const struct written_object *object,
			  struct arena *arena, struct written_faults *out);

/* ---- exceptions ---- */

/* At a time: not yet, in force, over. */
enum exception_state { EXCEPTION_PENDING, EXCEPTION_ACTIVE, EXCEPTION_EXPIRED };
#define EXCEPTION_STATES 3
const char *exception_state_name(enum exception_state s); /* "active" */

struct exception_info {
	struct str name, ticket, approved_by, reason; /* of the set; any text */
	int64_t not_before, expires;                  /* in force: not_before <= now < expires */
	enum action action;
	enum exception_state state;
};

/* How many of each state there are. */
void policy_set_exceptions(const struct policy_set *set, int64_t now, size_t out[EXCEPTION_STATES]);
/* The i-th in the order of the files. false: there are fewer. */
bool policy_set_exception_at(const struct policy_set *set, size_t i, int64_t now,
			     struct exception_info *out);
bool policy_set_has_exception(const struct policy_set *set, struct str name);

/* Steps of the decision, in words, for `review --trace`. One call a line, without newline. */
struct trace {
	void (*line)(void *ctx, const char *text);
	void *ctx;
};

/*
 * Judge. now: seconds since the epoch (UTC). trace may be NULL. -1 with
 * ERR_LIMIT or ERR_NOMEM only when no verdict could be reached for want of
 * memory; an object that cannot be read leads to a verdict. The verdict lives in
 * the arena and points into set and request.
 */
int policy_judge(const struct policy_set *set, const struct request *req, int64_t now,
		 struct arena *arena, struct trace *trace, struct verdict *out, struct err *err);

/*
 * Does any policy concern the request? No object is read for it: false where policy_judge would
 * say "allow" at once. True also when the arena is too small to tell.
 */
bool policy_concerns(const struct policy_set *set, const struct request *req, struct arena *arena);

/*
 * Step over the member `object` of a request as json_skim_value does, and note in so_far what its
 * bytes tell of alpha features, where its kind and operation have been read before it: without
 * them nothing is noted, and the object is read where it may be of a kind with gated fields. What
 * is open in it is noted in track, unless that is NULL, as json_skim_tracked does.
 */
struct json_member;
struct json_track;
bool policy_skim_object(struct request *so_far, struct str input, struct json_member *m,
			struct json_track *track);

/* ---- reviews whose objects are not read ---- */

/* Why the objects of a review were not read, or not to their end. */
enum unread_why {
	UNREAD_LARGE,  /* the body is larger than `limit` */
	UNREAD_ROOM,   /* there was no room for it beside others, or another one was judged */
	UNREAD_BROKEN, /* it is no JSON, or repeats a key, or nests too deep */
	UNREAD_MEMORY, /* to judge it takes more memory than one review has */
	UNREAD_STEPS,  /* or more steps */
};

struct unread {
	enum unread_why why;
	size_t bytes, limit; /* of the body; limit of UNREAD_LARGE */
	struct str problem;  /* of UNREAD_BROKEN: what is wrong with it */
};

/*
 * Judge by the envelope: what is known of the objects is their names at most. With
 * failurePolicy Ignore the API server lets pass whatever gets no verdict, so this gives one: the
 * highest action that a rule of the policies concerned could reach for this identity and
 * operation, after override, exception and caps, as guard/too-large or guard/unreadable. What only
 * an object's content tells (its labels, the fields of a pod) counts as if it were so: up to a
 * denial in kube-system, up to a warning elsewhere, and for features up to a warning.
 * Nobody concerned: allow; `error` says that it was not read. object and old_object of the request
 * may end anywhere. The rest is as for policy_judge.
 */
int policy_judge_envelope(const struct policy_set *set, const struct request *req,
			  const struct unread *unread, int64_t now, struct arena *arena,
			  struct trace *trace, struct verdict *out, struct err *err);

#endif
