/* SPDX-License-Identifier: Apache-2.0
 * kube.h - one call to the Kubernetes API server.
 *
 * TLS 1.2 or later, checked against one CA file; no redirects, no cookies, no netrc, and no proxies
 * but the one that is given (inside the cluster there is none, whatever the environment says). A
 * token file is read again for each call, since mounted ones rotate. Everything is bounded:
 * time, bytes, headers; an answer that is taken as it arrives is bounded by who takes it. A
 * call ends at once when the stop descriptor becomes readable. Calls are not repeated here: who
 * calls knows what a repetition would mean.
 */
#ifndef AGENT_KUBE_H
#define AGENT_KUBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

#define KUBE_ANSWER_MAX   (4u << 20)  /* bytes of an answer; etcd's objects have at most 1.5 MiB */
#define KUBE_TOKEN_MAX    (16u << 10) /* bytes of a bearer token */
#define KUBE_WARNINGS_MAX 4096        /* bytes of all Warning headers; further ones are dropped */
#define KUBE_STATUS_MAX   (64u << 10) /* ... of a refusal, where answers are taken as they arrive */
#define KUBE_URL_MAX      8192
#define KUBE_CONNECT_MS   5000
#define KUBE_RETRY_MAX    300 /* seconds of Retry-After that are believed */

/* All texts stay the caller's, for as long as there is a client. What is NULL is not used. */
struct kube_config {
	const char *server;               /* "https://10.96.0.1:443" */
	const char *ca_file;              /* PEM; NULL: the system's */
	const char *token_file;           /* a bearer token */
	const char *authorization;        /* without a token file: "Authorization: Bearer TOKEN" */
	const char *cert_file, *key_file; /* PEM: the client's own */
	const char *const *headers;       /* further ones: "Impersonate-User: NAME", up to NULL */
	const char *tls_name;         /* the name in the server's certificate, not the address's */
	const char *proxy, *no_proxy; /* a URL; names and networks that it is not used for */
	bool insecure;                /* the server's certificate is not checked */
	long timeout;                 /* seconds, of a whole call */
	int stop;                     /* readable: give up; -1: never */
};

struct kube;

struct kube *kube_new(const struct kube_config *config, struct err *err);
void kube_free(struct kube *k); /* NULL is fine */

enum kube_method { KUBE_GET, KUBE_PATCH, KUBE_DELETE, KUBE_CREATE }; /* PATCH: a JSON merge patch */

struct kube_request {
	enum kube_method method;
	const char *path;   /* "/api/v1/namespaces/oke-guard/secrets/oke-guard-tls" */
	struct str body;    /* JSON; {NULL, 0}: none */
	const char *accept; /* NULL: "application/json" */
	/* The bytes of a 2xx answer as they arrive, not kept; false ends the call. NULL: kept. */
	bool (*take)(void *ctx, const char *bytes, size_t n);
	void *ctx;
};

/* What came of a call, as far as the caller must tell them apart. */
enum kube_result {
	KUBE_OK,           /* 2xx */
	KUBE_CONNECTION,   /* no answer: not reached, not trusted, cut, too late, too large */
	KUBE_STOPPED,      /* no answer: the stop descriptor */
	KUBE_UNAUTHORIZED, /* 401: the token; or there is none */
	KUBE_FORBIDDEN,    /* 403: rights, or an admission webhook */
	KUBE_MISSING,      /* 404 */
	KUBE_CONFLICT,     /* 409: the object has changed since it was read */
	KUBE_THROTTLED,    /* 429 */
	KUBE_SERVER,       /* 5xx */
	KUBE_REFUSED,      /* any other status */
	KUBE_UNREADABLE,   /* 2xx, but not what was asked for: the caller's judgement */
	KUBE_RESULTS_N
};
const char *kube_result_name(enum kube_result r); /* "connection": for metrics */

struct kube_answer {
	enum kube_result result;
	long status; /* HTTP; 0: none */
	char *body;  /* a NUL stands behind it; NULL: none */
	size_t len;
	char warnings[KUBE_WARNINGS_MAX]; /* values of Warning headers, a line each */
	long retry_after;                 /* seconds; 0: not said */
	int64_t date;                     /* the API server's clock; 0: not said */
};

/*
 * 0: the object answered (KUBE_OK). -1: err says what came of it, with the method, the path and the
 * API server's own words. out is always filled; end it with kube_answer_done.
 */
int kube_call(struct kube *k, const struct kube_request *request, struct kube_answer *out,
	      struct err *err);
void kube_answer_done(struct kube_answer *a); /* overwrites the body: it may hold a key */

/* Its body; empty, and no null pointer, where there is none. Good until kube_answer_done. */
static inline struct str kube_answer_text(const struct kube_answer *a)
{
	return (struct str){ a->body ? a->body : "", a->len };
}

#define KUBE_PAGE_S 5 /* seconds of a page */

/*
 * The same of a page that a pod serves without TLS: "http://10.0.0.5:9443/statusz". No token is
 * sent, no proxy is used.
 */
int kube_page(struct kube *k, const char *url, struct kube_answer *out, struct err *err);

/* May it stand in a path: a DNS name in lower case, as Kubernetes' objects have? */
bool kube_name_ok(const char *name);

#endif
