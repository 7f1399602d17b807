/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/learned.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"
#include "lib/base/time.h"

#define WHY_MAX 300 /* bytes that are shown of why a server was not heard */

/* ---- the page ---- */

static void learned_cjson_end(cJSON **j)
{
	cJSON_Delete(*j);
}

/* What another one wrote, fit for a page and a terminal: ASCII that one can see. */
static bool learned_add_shown(cJSON *to, const char *key, const char *text)
{
	scoped(arena_end) struct arena arena;
	struct str s;
	char z[WHY_MAX + 1];

	arena_init(&arena, 8 * WHY_MAX);
	s = printable_cut(str_of(text), WHY_MAX, &arena);
	snprintf(z, sizeof z, "%.*s", STR_ARG(s));
	return cJSON_AddStringToObject(to, key, z);
}

static bool learned_add_server(cJSON *list, const char *pod, const char *ip, const char *error)
{
	cJSON *o = cJSON_CreateObject();

	if (!cJSON_AddItemToArray(list, o)) {
		cJSON_Delete(o);
		return false;
	}
	return cJSON_AddStringToObject(o, "pod", pod) &&
	       cJSON_AddStringToObject(o, "address", ip) &&
	       (!error || learned_add_shown(o, "error", error));
}

static bool learned_add_servers(cJSON *root, const struct servers *s)
{
	cJSON *list = cJSON_AddArrayToObject(root, "servers");
	char more[100];

	if (!list)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		const struct server_seen *v = &s->v[i];

		if (!learned_add_server(list, v->pod, v->ip,
					v->state == SERVER_UNHEARD ? v->why : NULL))
			return false;
	}
	snprintf(more, sizeof more, "there are %zu more servers; %d are asked", s->all - s->n,
		 SERVERS_MAX);
	return s->all == s->n || learned_add_server(list, "", "", more);
}

static bool learned_add_rows(cJSON *root, struct learn *rows)
{
	cJSON *learned = learn_json(rows);

	if (cJSON_AddItemToObject(root, "learned", learned))
		return true;
	cJSON_Delete(learned);
	return false;
}

char *learned_page(const struct servers *s, struct learn *rows, const char *why, int64_t now,
		   size_t *len)
{
	scoped(learned_cjson_end) cJSON *root = cJSON_CreateObject();
	char date[TIME_TEXT];

	time_print(now, date);
	if (!cJSON_AddStringToObject(root, "asked", date) ||
	    !(rows ? learned_add_servers(root, s) && learned_add_rows(root, rows)
		   : learned_add_shown(root, "error", why)))
		return NULL;
	return learn_print_line(root, len);
}

/* ---- the look ---- */

/* Its rows into the table, or why not. */
static void learned_ask(struct learned_look *l, struct server_seen *s, struct learn *rows,
			long long end)
{
	struct kube_answer *a = malloc(sizeof *a);
	struct err err = { .msg = "out of memory" };

	s->state = SERVER_UNHEARD;
	if (clock_ms() >= end) {
		snprintf(err.msg, sizeof err.msg, "not asked: the others took too long");
	} else if (a) {
		if (servers_page(l->kube, s, l->port, a, &err) == 0 &&
		    learn_read(rows, kube_answer_text(a), &err) == 0)
			s->state = SERVER_IN_FORCE;
		l->stopped |= a->result == KUBE_STOPPED;
		kube_answer_done(a);
	}
	free(a);
	if (s->state == SERVER_IN_FORCE)
		return;
	snprintf(s->why, SERVERS_WHY, "%s", err.msg);
	if (!*l->why)
		snprintf(l->why, LEARNED_WHY, "%s: %.400s", s->ip, err.msg);
	l->unheard++;
}

void learned_look(struct learned_look *l)
{
	long long end = clock_ms() + LEARNED_LOOK_MS;
	struct err err = { .kind = ERR_NONE };
	struct learn rows;

	learn_init(&rows, LEARNED_ROWS);
	rows.bytes_max = LEARNED_NAMES;
	*l->why = '\0';
	l->known = servers_list(l->kube, l->namespace, l->service, &l->servers, &err) == 0;
	l->stopped = l->servers.result == KUBE_STOPPED;
	l->unheard = l->servers.all - l->servers.n;
	if (!l->known)
		snprintf(l->why, LEARNED_WHY, "%s", err.msg);
	for (size_t i = 0; i < l->servers.n && !l->stopped; i++)
		learned_ask(l, &l->servers.v[i], &rows, end);
	l->page = l->stopped ? NULL
			     : learned_page(&l->servers, l->known ? &rows : NULL, l->why,
					    clock_seconds(), &l->len);
	learn_done(&rows);
}
