/* SPDX-License-Identifier: Apache-2.0
 * event.h - one event of Kubernetes' audit log (audit.k8s.io/v1 Event), as far as it tells
 * what a webhook would have been asked.
 *
 * Two steps: most lines are reads, and end after the first, which looks at ranges of bytes and
 * takes no memory. What a field means: kubernetes/staging/src/k8s.io/apiserver/pkg/apis/audit/v1
 * types.go; what stands there in truth was looked at in recorded logs of 1.36.
 */
#ifndef POLICY_REPLAY_EVENT_H
#define POLICY_REPLAY_EVENT_H

#include "oke/policy.h"

/* The members of an event, as bytes of the line; {NULL, 0}: absent. */
struct event_head {
	struct str kind, version, level, audit_id, stage, uri, verb, user, impersonated;
	struct str object_ref, status, request_object, response_object, received, done;
	struct str annotations;
};

enum event_shape {
	EVENT_NONE,    /* JSON, but no event */
	EVENT_WHOLE,   /* an event of audit.k8s.io/v1 */
	EVENT_FOREIGN, /* an event of another version */
	EVENT_BROKEN,  /* no JSON object, or more behind it */
};

enum event_shape event_head_read(struct str text, struct event_head *out);

/* Did it end, and could it have been asked about? */
enum event_use {
	EVENT_WRITE, /* creates, changes, deletes or connects */
	EVENT_READ,
	EVENT_UNFINISHED, /* another stage of the same request, which is told again at its end */
	EVENT_NO_OBJECT,  /* not about an object of the API */
};
enum event_use event_use_of(const struct event_head *h);

enum event_level { LEVEL_METADATA, LEVEL_REQUEST, LEVEL_RESPONSE };
const char *event_level_name(enum event_level level);

enum event_verb {
	VERB_CREATE,
	VERB_UPDATE,
	VERB_PATCH,
	VERB_DELETE,
	VERB_DELETE_COLLECTION,
	VERB_CONNECT
};
const char *event_verb_name(enum event_verb verb);

/* What the guard said then, by its annotations, or that it was not reached. */
enum event_then { THEN_SILENT, THEN_SAID, THEN_NOT_REACHED };

struct event {
	enum event_level level;
	enum event_verb verb;
	bool dry_run, truncated, panic;
	unsigned code; /* HTTP; 0: not told */
	struct str audit_id, uri, subresource, namespace, name;
	struct gvr resource;
	struct user user;       /* who acted: the impersonated one, if any */
	struct str manager;     /* fieldManager of the URI, raw; else absent */
	int64_t received, done; /* microseconds since the epoch; INT64_MIN: not told */
	struct str request_object, response_object; /* JSON, whole values; else absent */
	enum event_then then;
	enum action said; /* THEN_SAID */
	struct str status_message;
	bool refused_by_guard; /* the API server's message names our webhook */
	bool from_log; /* made of a line of the guard's own log, which names no groups ... */
	enum identity_class told; /* ... but says whom it took the user for */
};

/*
 * Fill in an event that event_use_of calls a write. Strings live in the text or the arena.
 * ERR_SYNTAX says which member is wrong: "user.username: must be a string". No value stands
 * in the message.
 */
int event_read(const struct event_head *h, struct arena *arena, struct event *out, struct err *err);

/* "2026-11-22T14:28:39.038250Z", any zone, up to nine digits; in microseconds. */
bool event_time(struct str s, int64_t *microseconds);

/* Webhooks whose name ends so are the guard's. */
#define EVENT_DOMAIN ".oke-guard.internal"

#endif
