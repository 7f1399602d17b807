/* SPDX-License-Identifier: Apache-2.0
 * scan.h - a cluster that is being looked at; private to this folder.
 *
 *   record -> stream.c -> item -> kinds.c -> a reader (read_*.c) -> inventory -> judge_*.c ->
 * results.c
 *
 * Readers keep what later judgement needs, in the scan's arena; judge_*.c run once, at the end.
 */
#ifndef POSTURE_SCAN_H
#define POSTURE_SCAN_H

#include "lib/base/cleanup.h"
#include "lib/base/printable.h"
#include "lib/json/json.h"
#include "lib/base/printable.h"
#include "lib/base/time.h"
#include "oke/posture.h"
#include "posture/catalogue/checks.h"
#include "posture/catalogue/sources.h"

struct posture;

/* ---- plan.c: what came of each question ---- */

enum source_got {
	GOT_NOTHING, /* never asked, not in the dump */
	GOT_WHOLE,
	GOT_SOME,    /* of plain lists: what there was, and nobody knows whether it was all */
	GOT_MISSING, /* 404: the API server does not have it */
	GOT_DENIED,  /* 403 */
	GOT_CUT,     /* broke off, or no answer */
};

struct source_state {
	enum source_got got;
	struct str why; /* GOT_DENIED, GOT_CUT: in words */
	size_t items;
	bool oversize; /* an object was too large to be looked at */
};

/* A single object that is asked for besides the lists. */
struct named {
	struct named *next;
	int source;
	const char *namespace;
	struct str name;
	enum source_got got;
	struct str why;
	bool asked, essential;
	struct str wanted_by; /* "DaemonSet kube-system/csi-oci-node", or absent */
};

void named_add(struct posture *p, int source, const char *namespace, struct str name,
	       struct str wanted_by);
struct named *named_find(const struct posture *p, int source, struct str name);

/* The first source of these that is not whole; -1: all are. */
int sources_lack(const struct posture *p, uint64_t wanted);
/* Why, with the missing line of the Role where that is it. */
struct str source_reason(struct posture *p, int source);

/* The cells of a table's row that are looked at. */
struct table_row {
	struct str status, version, os;
};

/* An object on its way through a reader; all of it ends with the call. */
struct item {
	struct gvk gvk;
	struct str namespace, name, uid, created_text;
	int64_t created; /* 0: not said */
	bool deleting, has_managers;
	const struct json *root; /* managedFields is left as text */
	struct str text;
	struct arena *arena;
	const struct table_row
		*row; /* of a table: root has metadata alone; NULL: the whole object */
};

/* An object that is kept whole: of a component, or one of its revisions. */
struct kept {
	struct kept *next;
	struct gvk gvk;
	struct str namespace, name, uid, text;
	int64_t created;
	bool has_managers;
};
struct kept_list {
	struct kept *first, **last;
	size_t n;
};

struct words { /* each text once */
	struct word **slots;
	size_t mask, n;
};
struct word {
	struct word *next;
	uint64_t hash;
	struct str text;
	size_t count;
};

struct node {
	struct node *next;
	struct str name;
	const struct word *version, *os, *kernel, *pool;
	int64_t created, since; /* since: of the Ready condition */
	bool ready, told_ready, cordoned, deleting, is_virtual, managed, byon;
	bool os_label, arch_label, proxymux, own_network, observing_off, npd_off, gpu;
};

struct system_pod { /* of kube-system */
	struct system_pod *next;
	struct str name;
	const struct word *owner, *revision; /* "ReplicaSet/coredns-5d7", "6f4d9" */
	const struct word *shape;            /* its containers and images */
	const struct word *account;
	const struct word *ephemeral; /* or NULL */
	bool dns;                     /* carries k8s-app=kube-dns */
};

struct binding { /* of a role that matters: at the end all are held against the roles */
	struct binding *next;
	struct str kind, namespace, name; /* of the binding */
	const struct word *role;          /* "ClusterRole/x", "Role/ns/x" */
	const struct word *subjects;      /* in words */
	bool system;                      /* all subjects are the system's own */
};

struct role {
	struct role *next;
	struct str kind, namespace, name;
	const struct word *id;
	struct str tool;
	unsigned powers; /* bits: see read_access.c */
	bool system;
};

struct found { /* a finding that a reader made, before it is known whether its check is asked */
	struct found *next;
	struct posture_finding f;
};
struct found_list {
	struct found *first, **last;
	size_t kept, all;
	size_t counted[3];
};

struct posture {
	struct posture_options options;
	const struct policy_set *set;
	struct arena arena;
	struct words words;
	bool asked[CHECKS_N];

	struct source_state sources[SOURCES_N];
	struct named *named, **named_last; /* single objects that were asked for */
	size_t plan;                       /* the next source */
	char path[512];                    /* of the request that was given last */

	/* The stream. */
	bool streamed, header, trailer, plain;
	int source; /* of the answer that is being read; -1: none, or of no concern */
	struct str request_path, cluster;
	struct gvk item_gvk;
	int columns[4]; /* of a table: NAME, STATUS, VERSION, OS-IMAGE ... */
	struct str cut;
	size_t requests, items;
	uint64_t bytes, milliseconds;
	int64_t server_now, skew; /* skew: the server's clock less ours */

	/* What was seen. */
	struct str git_version;
	unsigned minor;
	bool readyz_told, readyz_ok;
	struct str readyz_failed;
	struct kept_list objects, revisions, configs, webhooks, policies;
	struct node *nodes;
	size_t nodes_n;
	struct system_pod *pods;
	size_t pods_n;
	struct role *roles;
	struct binding *bindings;
	struct word_list {
		const struct word **v;
		size_t n, room;
	} npns, alpha_groups, groups, dns_targets, backed, networks;
	size_t nodes_asked;
	size_t workloads, budgets, autoscalers, surroundings, managed_seen, managed_bare;
	size_t endpoints, endpoints_strange;
	bool kube_system_seen;
	struct str kube_system_labels; /* JSON */
	struct found_list found[CHECKS_N];
	struct text_list {
		struct str *v;
		size_t n, room;
	} notes, missing_rules;

	/* While judging. */
	struct str installer;
	bool installer_human; /* its name is a tool's that customers use too */
	struct posture_outcome outcomes[CHECKS_N];
	struct posture_fact *facts;
	size_t facts_n;
	int64_t now;
	bool full; /* of memory: the scan is not whole */
};

/* ---- inventory.c ---- */
struct str keep_str(struct posture *p, struct str s); /* {NULL, 0}: full */
const struct word *word_of(struct posture *p, struct str s);
void word_list_add(struct posture *p, struct word_list *list, const struct word *w);
bool word_list_has(const struct word_list *list, struct str s);
void word_list_sort(struct word_list *list);
bool word_list_finds(const struct word_list *sorted, struct str s);
struct kept *keep_object(struct posture *p, struct kept_list *list, const struct item *i);
struct kept *kept_find(const struct kept_list *list, const char *kind, const char *namespace,
		       struct str name);
void text_list_add(struct posture *p, struct text_list *list, struct str s);
void note(struct posture *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool named_denied(const struct posture *p, int source);
bool scan_asks(const struct posture *p, enum check_id id);
/* Parse a kept object again, managedFields and all; NULL: memory. */
const struct json *kept_parse(const struct kept *k, bool managers, struct arena *arena);

/* ---- results.c ---- */
/* The texts of f are made printable and copied; key is computed. */
void found_add(struct posture *p, enum check_id id, const struct posture_finding *f);
/* A finding about an object; its words live in the arena. */
struct posture_finding found_of(const struct gvk *gvk, struct str namespace, struct str name,
				struct str uid, struct arena *arena, enum tier tier);
struct posture_finding found_at(const struct item *i, enum tier tier);
struct posture_finding found_kept(const struct kept *k, struct arena *arena, enum tier tier);
__attribute__((format(printf, 2, 3))) struct str words_of(struct arena *arena, const char *fmt,
							  ...);
/* What the policies say of it: tier, words, remedy, exception. */
void found_fill(const struct finding *f, struct arena *arena, struct posture_finding *out);
void outcome_conclude(struct posture *p, enum check_id id);
void outcome_unknown(struct posture *p, enum check_id id, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void outcome_not_applicable(struct posture *p, enum check_id id, const char *why);

/* ---- kinds.c ---- */
int kinds_read(struct posture *p, const struct gvk *gvk, struct str json, struct err *err);
int kinds_read_row(struct posture *p, const struct gvk *gvk, struct str json,
		   const struct table_row *row, struct err *err);
bool kinds_of_path(struct str path, struct gvk *out, struct str *namespace, struct str *name);

/* ---- the readers: -1 only for want of memory ---- */
int scan_read_workload(struct posture *p, const struct item *i, struct err *err);
int scan_read_plain(struct posture *p, const struct item *i, struct err *err);
int scan_read_autoscaler(struct posture *p, const struct item *i, struct err *err);
int scan_read_surrounding(struct posture *p, const struct item *i, struct err *err);
int scan_read_budget(struct posture *p, const struct item *i, struct err *err);
int scan_read_revision(struct posture *p, const struct item *i, struct err *err);
int scan_read_config(struct posture *p, const struct item *i, struct err *err);
int scan_read_pod(struct posture *p, const struct item *i, struct err *err);
int scan_read_slice(struct posture *p, const struct item *i, struct err *err);
int scan_read_node(struct posture *p, const struct item *i, struct err *err);
int scan_read_pod_network(struct posture *p, const struct item *i, struct err *err);
int scan_read_role(struct posture *p, const struct item *i, struct err *err);
int scan_read_binding(struct posture *p, const struct item *i, struct err *err);
int scan_read_webhooks(struct posture *p, const struct item *i, struct err *err);
int scan_read_admission_policy(struct posture *p, const struct item *i, struct err *err);
int scan_read_version(struct posture *p, const struct json *version); /* read_server.c */
int scan_read_apis(struct posture *p, const struct json *apis);
void scan_read_readyz(struct posture *p, struct str text);

/* ---- judge_*.c: once, at the end ---- */
void scan_judge_server(struct posture *p);
void scan_judge_components(struct posture *p);
void scan_judge_drift(struct posture *p);
void scan_judge_pods(struct posture *p);
void scan_judge_dns(struct posture *p);
void scan_judge_nodes(struct posture *p);
void scan_judge_access(struct posture *p);
void scan_judge_admission(struct posture *p);
void scan_judge_facts(struct posture *p);
void scan_judge_exceptions(struct posture *p);

/* ---- shared by readers and judges ---- */
void scan_read_networking(struct posture *p, const struct item *i); /* judge_dns.c */
struct str shape_of(const struct json *spec, struct arena *arena);
/* Who wrote it first: OKE's own objects are told by it (judge_components.c). */
struct str scan_first_manager(const struct item *i);
void fact_add(struct posture *p, const struct posture_fact *f);

/* ---- components.c ---- */
void components_name(struct posture *p);
/* Does a policy about OKE's components name it? */
bool component_named(const struct posture *p, const struct gvk *gvk, struct str namespace,
		     struct str name);

#endif
