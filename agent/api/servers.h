/* SPDX-License-Identifier: Apache-2.0
 * servers.h - who the servers are, and is what was asked for in force at each of them?
 *
 * The Endpoints of the Service name the servers; each is asked for its page /statusz, on the plain
 * port, which tells what it has read and what it left out.
 */
#ifndef AGENT_API_SERVERS_H
#define AGENT_API_SERVERS_H

#include "agent/api/kube.h"

#define SERVERS_MAX  64  /* of a Service */
#define SERVERS_WHY  900 /* bytes about one */
#define SERVERS_IP   64
#define SERVERS_NAME 256

enum server_state {
	SERVER_IN_FORCE, /* it has read the same files, and left nothing out */
	SERVER_BEHIND,   /* other files: a kubelet takes up to two minutes to bring them */
	SERVER_LEFT_OUT, /* something is left out: why says what, with file and line */
	SERVER_UNHEARD,  /* it could not be asked: why */
};

struct server_seen {
	char ip[SERVERS_IP], pod[SERVERS_NAME]; /* pod may be empty */
	enum server_state state;
	char why[SERVERS_WHY];
};

struct servers {
	enum kube_result result; /* of the call that named them */
	struct server_seen v[SERVERS_MAX];
	size_t n, all; /* those beyond SERVERS_MAX are counted */
};

struct servers_asked {
	const char *namespace, *service;
	unsigned port;  /* plain */
	uint64_t files; /* policy_set_files of what was asked for */
};

/* The addresses of an Endpoints object, those of pods that are not ready too. -1: no such object.
 */
int servers_read(struct str body, struct servers *out, struct err *err);
/* What a page /statusz says; pure. */
void servers_judge(struct str page, uint64_t files, struct server_seen *out);

/* Who they are, by the Endpoints of the Service. -1: nobody knows; err says why. */
int servers_list(struct kube *k, const char *namespace, const char *service, struct servers *out,
		 struct err *err);
/* The page /statusz of one, on its plain port; as kube_page. */
int servers_page(struct kube *k, const struct server_seen *s, unsigned port,
		 struct kube_answer *out, struct err *err);

/* Ask all of them. -1: nobody knows who they are; err says why. */
int servers_ask(struct kube *k, const struct servers_asked *asked, struct servers *out,
		struct err *err);
/* The worst of all: SERVER_IN_FORCE, or the first state that a server is in of left out, behind,
 * unheard. */
enum server_state servers_worst(const struct servers *s);
/* Lines about all that are in the state. */
void servers_print(const struct servers *s, enum server_state state, FILE *out);

#endif
