/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/servers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/printable.h"
#include "lib/json/json.h"

#define SERVERS_ARENA (KUBE_ANSWER_MAX * 4)
#define SHOWN_PARTS   3 /* of what a server left out */

/* ---- who they are ---- */

/* An address goes into a URL: hexadecimal digits, dots, colons. */
static bool is_address(struct str s)
{
	if (!s.n || s.n >= SERVERS_IP)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdefABCDEF.:", s.s[i]) || !s.s[i])
			return false;
	return memchr(s.s, '.', s.n) || memchr(s.s, ':', s.n);
}

static bool servers_have(const struct servers *s, struct str ip)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_is(ip, s->v[i].ip))
			return true;
	return false;
}

static void servers_add(struct servers *s, const struct json *addresses)
{
	for (const struct json *a = addresses ? addresses->child : NULL; a; a = a->next) {
		struct str ip = json_str(json_get(a, STR("ip")));
		struct str pod = json_str(json_get(json_get(a, STR("targetRef")), STR("name")));

		if (!is_address(ip) || servers_have(s, ip))
			continue;
		if (s->all++ >= SERVERS_MAX)
			continue;
		snprintf(s->v[s->n].ip, SERVERS_IP, "%.*s", STR_ARG(ip));
		snprintf(s->v[s->n].pod, SERVERS_NAME, "%.*s", STR_ARG(pod));
		if (!kube_name_ok(s->v[s->n].pod))
			s->v[s->n].pod[0] = '\0';
		s->n++;
	}
}

int servers_read(struct str body, struct servers *out, struct err *err)
{
	scoped(arena_end) struct arena arena;
	const struct json *j, *subsets;

	*out = (struct servers){ .n = 0 };
	arena_init(&arena, SERVERS_ARENA);
	if (!(j = json_parse(body, NULL, &arena, err)))
		return -1;
	if (j->type != JSON_OBJECT || !json_get(j, STR("metadata")))
		return err_set(err, ERR_SYNTAX, "the answer is no Endpoints object");
	subsets = json_get(j, STR("subsets"));
	for (const struct json *s = subsets ? subsets->child : NULL; s; s = s->next) {
		servers_add(out, json_get(s, STR("addresses")));
		servers_add(out, json_get(s, STR("notReadyAddresses")));
	}
	return 0;
}

/* ---- what each says ---- */

/* "/etc/oke-guard/extra/week.yaml:5:3: ... ; and 2 more" */
static void servers_tell_left_out(const struct json *list, struct arena *arena,
				  char why[SERVERS_WHY])
{
	struct text t;
	size_t told = 0;

	text_init(&t, arena, SERVERS_WHY - 40);
	for (const struct json *l = list->child; l && told < SHOWN_PARTS; l = l->next, told++) {
		struct str what = json_str(json_get(l, STR("what")));
		struct str reason = json_str(json_get(l, STR("why")));

		text_puts(&t, told ? "; " : "");
		text_str(&t, printable_cut(what, 100, arena));
		text_puts(&t, ": ");
		text_str(&t, printable_cut(reason, SERVERS_WHY / SHOWN_PARTS - 120, arena));
	}
	if (list->len > told)
		text_printf(&t, "; and %u more", (unsigned)(list->len - told));
	snprintf(why, SERVERS_WHY, "%.*s", STR_ARG(text_get(&t)));
}

void servers_judge(struct str page, uint64_t files, struct server_seen *out)
{
	scoped(arena_end) struct arena arena;
	const struct json *j, *left_out;
	struct err err = { .kind = ERR_NONE };
	struct str has;
	char want[20];

	arena_init(&arena, SERVERS_ARENA);
	j = json_parse(page, NULL, &arena, &err);
	has = json_str(json_get(j, STR("policyFiles")));
	left_out = json_get(j, STR("leftOut"));
	snprintf(want, sizeof want, "%016" PRIx64, files);
	out->state = SERVER_IN_FORCE;
	*out->why = '\0';
	if (!has.n) {
		out->state = SERVER_UNHEARD;
		snprintf(out->why, SERVERS_WHY, "its page is not one of a server of this version");
	} else if (!str_is(has, want)) {
		out->state = SERVER_BEHIND;
		snprintf(out->why, SERVERS_WHY,
			 "it has other files in force than those that were asked for");
	} else if (left_out && left_out->type == JSON_ARRAY && left_out->len) {
		out->state = SERVER_LEFT_OUT;
		servers_tell_left_out(left_out, &arena, out->why);
	}
}

int servers_page(struct kube *k, const struct server_seen *s, unsigned port,
		 struct kube_answer *out, struct err *err)
{
	bool six = strchr(s->ip, ':');
	char url[SERVERS_IP + 40];

	snprintf(url, sizeof url, "http://%s%s%s:%u/statusz", six ? "[" : "", s->ip, six ? "]" : "",
		 port);
	return kube_page(k, url, out, err);
}

static void servers_ask_one(struct kube *k, const struct servers_asked *asked,
			    struct server_seen *s)
{
	struct kube_answer answer;
	struct err err = { .kind = ERR_NONE };

	if (servers_page(k, s, asked->port, &answer, &err) == 0) {
		servers_judge(kube_answer_text(&answer), asked->files, s);
	} else {
		s->state = SERVER_UNHEARD;
		snprintf(s->why, SERVERS_WHY, "%s", err.msg);
	}
	kube_answer_done(&answer);
}

int servers_list(struct kube *k, const char *namespace, const char *service, struct servers *out,
		 struct err *err)
{
	char path[KUBE_URL_MAX];
	struct kube_request request = { .method = KUBE_GET, .path = path };
	struct kube_answer answer;
	enum kube_result result;
	int status;

	snprintf(path, sizeof path, "/api/v1/namespaces/%s/endpoints/%s", namespace, service);
	status = kube_call(k, &request, &answer, err);
	result = answer.result;
	*out = (struct servers){ .n = 0 };
	if (status == 0 && (status = servers_read(kube_answer_text(&answer), out, err)) < 0)
		result = KUBE_UNREADABLE;
	out->result = result;
	kube_answer_done(&answer);
	return status;
}

int servers_ask(struct kube *k, const struct servers_asked *asked, struct servers *out,
		struct err *err)
{
	int status = servers_list(k, asked->namespace, asked->service, out, err);

	for (size_t i = 0; status == 0 && i < out->n; i++)
		servers_ask_one(k, asked, &out->v[i]);
	return status;
}

enum server_state servers_worst(const struct servers *s)
{
	static const enum server_state order[] = { SERVER_LEFT_OUT, SERVER_BEHIND, SERVER_UNHEARD };

	for (size_t o = 0; o < sizeof order / sizeof *order; o++)
		for (size_t i = 0; i < s->n; i++)
			if (s->v[i].state == order[o])
				return order[o];
	return SERVER_IN_FORCE;
}

void servers_print(const struct servers *s, enum server_state state, FILE *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct server_seen *v = &s->v[i];

		if (v->state == state)
			fprintf(out, "  %s%s%s%s: %s\n", v->pod, *v->pod ? " (" : "", v->ip,
				*v->pod ? ")" : "", *v->why ? v->why : "in force");
	}
}
