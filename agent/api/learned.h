/* SPDX-License-Identifier: Apache-2.0
 * learned.h - what all servers have learned, merged into one page.
 *
 * {"asked":TIME,"servers":[{"pod":NAME,"address":IP}, ...],"learned":{...}}: a document for
 * `oke-guard learn show`. A server that could not be asked has an "error". Where nobody can tell
 * who they are there is {"asked":TIME,"error":WHY} instead. Nothing is kept from look to look: an
 * event is counted once, however often it is asked for, and goes with the server that remembers it.
 *
 * What a server answers is hostile: its rows are taken all or not at all, and only as a server
 * writes them. Bounded are the time of a look, bytes of an answer (kube.h), rows, and their names.
 */
#ifndef AGENT_API_LEARNED_H
#define AGENT_API_LEARNED_H

#include "agent/api/servers.h"
#include "policy/learn/learn.h"

#define LEARNED_LOOK_MS 20000        /* servers that are left over by then are not asked */
#define LEARNED_ROWS    LEARN_ROWS   /* as many as one server holds: they learn much the same */
#define LEARNED_NAMES   (192u << 10) /* bytes of the names in all rows */
#define LEARNED_WHY     512

struct learned_look {
	/* The caller's. */
	struct kube *kube;
	const char *namespace, *service;
	unsigned port; /* plain, of the servers */

	/* What came of it. */
	struct servers servers; /* result: of the call to the API server */
	bool known;             /* who they are */
	bool stopped;
	size_t unheard;
	char why[LEARNED_WHY]; /* why nobody could be asked, or the first was not heard; may be
				  empty */
	char *page;            /* the caller's to free; NULL: stopped, or no memory */
	size_t len;
};

/* Ask all, one after the other. What fails is in the page, and ends nothing. */
void learned_look(struct learned_look *l);

/* The page, malloc'd, with a newline at its end; rows NULL: there is why. NULL: no memory. */
char *learned_page(const struct servers *s, struct learn *rows, const char *why, int64_t now,
		   size_t *len);

#endif
