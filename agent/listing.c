/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listing.h"

#include <stdlib.h>
#include <string.h>

#include "agent/collect/seen.h"
#include "agent/collect/splitter.h"
#include "agent/kubeconfig/server.h"
#include "agent/api/wait.h"
#include "lib/base/chars.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"
#include "lib/base/time.h"
#include "lib/json/json.h"

#define SCRATCH   (4u << 20) /* of what is read and quoted beside the items */
#define TABLE     "application/json;as=Table;v=v1;g=meta.k8s.io"
#define TEXT_ONLY "text/plain, */*"

/* One request under way. */
struct listing_turn {
	struct listing *l;
	const struct collect_request *request;
	struct splitter *splitter; /* NULL: text */
	struct seen seen;
	struct arena scratch;
	uint64_t items, bytes;
	unsigned pages, resumed;
	long status;
	int64_t date;
	long long begun;
	bool renewed;                     /* the plug-in was asked again */
	char token[LISTING_CONTINUE + 1]; /* of the next page; "": there is none */
	const char *error;                /* NULL: whole */
	char message[LISTING_MESSAGE + 1];
	struct err taking; /* why the answer was not taken to its end */
	bool full;         /* ... because of a limit */
	char *text;
	size_t text_n;
};

/* ---- records ---- */

static void listing_put(struct listing_turn *t, const char *key, struct str json)
{
	FILE *out = t->l->out;

	fprintf(out, "{\"%s\":", key);
	fwrite(json.s ? json.s : "", 1, json.n, out);
	fputs("}\n", out);
}

static struct str listing_quoted(struct listing_turn *t, struct str s)
{
	struct text q;

	text_init(&q, &t->scratch, SCRATCH);
	json_quote(s, &q);
	return text_get(&q);
}

static bool listing_take_limit(struct listing_turn *t, const char *what)
{
	t->full = true;
	err_set(&t->taking, ERR_LIMIT, "%s", what);
	return false;
}

/* Where the object's metadata is: of a row, in its `object`. */
static struct str listing_uid(const struct listing_turn *t, struct str item)
{
	struct str object =
		t->request->method == COLLECT_TABLE ? json_skim(item, STR("object")) : item;
	struct str uid = json_skim(json_skim(object, STR("metadata")), STR("uid"));

	return uid.n > 2 && uid.s[0] == '"' ? (struct str){ uid.s + 1, uid.n - 2 }
					    : (struct str){ NULL, 0 };
}

static bool listing_take_item(void *ctx, struct str item)
{
	struct listing_turn *t = ctx;

	if (t->request->method != COLLECT_GET) {
		struct str uid = listing_uid(t, item);
		enum seen_result seen = uid.n ? seen_add(&t->seen, uid) : SEEN_NEW;

		if (seen == SEEN_BEFORE)
			return true;
		if (seen == SEEN_FULL || t->items == SEEN_MAX)
			return listing_take_limit(t, "the list has more than 200000 objects");
	}
	t->items++;
	listing_put(t, "item", item);
	return !ferror(t->l->out);
}

static bool listing_take_oversize(void *ctx, uint64_t bytes)
{
	struct listing_turn *t = ctx;

	if (t->items == SEEN_MAX)
		return listing_take_limit(t, "the list has more than 200000 objects");
	t->items++;
	fprintf(t->l->out, "{\"oversize\":{\"bytes\":%llu}}\n", (unsigned long long)bytes);
	return !ferror(t->l->out);
}

static bool listing_take_columns(void *ctx, struct str definitions)
{
	struct listing_turn *t = ctx;
	const struct json *list;
	struct text names;

	if (t->pages)
		return true;
	if (!(list = json_parse(definitions, NULL, &t->scratch, &t->taking)))
		return false;
	text_init(&names, &t->scratch, SPLITTER_COLS_MAX);
	text_puts(&names, "[");
	for (const struct json *c = list->type == JSON_ARRAY ? list->child : NULL; c; c = c->next) {
		text_puts(&names, c == list->child ? "" : ",");
		json_quote(json_str(json_get(c, STR("name"))), &names);
	}
	text_puts(&names, "]");
	listing_put(t, "columns", text_get(&names));
	return !ferror(t->l->out);
}

static bool listing_take_text(struct listing_turn *t, const char *bytes, size_t n)
{
	if (n > LISTING_TEXT - t->text_n)
		return listing_take_limit(t, "the text has more than 64 KiB");
	memcpy(t->text + t->text_n, bytes, n);
	t->text_n += n;
	return true;
}

/* The bytes of an answer that is well. */
static bool listing_take(void *ctx, const char *bytes, size_t n)
{
	struct listing_turn *t = ctx;

	t->bytes += n;
	if (t->bytes > LISTING_BYTES)
		return listing_take_limit(t, "the list has more than 4 GiB");
	if (!t->splitter)
		return listing_take_text(t, bytes, n);
	if (splitter_feed(t->splitter, bytes, n, &t->taking) == 0)
		return true;
	t->full |= t->taking.kind == ERR_LIMIT;
	return false;
}

/* ---- what came of it ---- */

static void listing_say(struct listing_turn *t, const char *error, struct str message)
{
	struct str shown = printable_cut(message, LISTING_MESSAGE, &t->scratch);

	t->error = error;
	snprintf(t->message, sizeof t->message, "%.*s", STR_ARG(shown));
}

static const char *listing_error_name(const struct listing_turn *t, enum kube_result r)
{
	if (t->full)
		return "limit";
	if (t->taking.kind != ERR_NONE)
		return "unreadable";
	if (r == KUBE_STOPPED)
		return "deadline";
	return r == KUBE_CONFLICT ? "refused" : kube_result_name(r);
}

/* The API server's Status, if the body is one. */
static const struct json *listing_status(struct listing_turn *t, const struct kube_answer *a)
{
	struct err unread;
	const struct json *j;

	if (!a->body)
		return NULL;
	j = json_parse((struct str){ a->body, a->len }, NULL, &t->scratch, &unread);
	return str_is(json_str(json_get(j, STR("kind"))), "Status") ? j : NULL;
}

/* A page token: true if there is one. */
static bool listing_set_token(struct listing_turn *t, struct str token)
{
	if (!token.n || token.n > LISTING_CONTINUE || memchr(token.s, '\0', token.n))
		return false;
	memcpy(t->token, token.s, token.n);
	t->token[token.n] = '\0';
	return true;
}

/* 410 with a token: go on there. */
static bool listing_resume(struct listing_turn *t, const struct json *status)
{
	const struct json *metadata = json_get(status, STR("metadata"));

	return t->resumed++ < LISTING_RESUMED &&
	       listing_set_token(t, json_str(json_get(metadata, STR("continue"))));
}

/* A refusal that is a text is what was asked for: /readyz says which check fails. */
static void listing_keep_text(struct listing_turn *t, const struct kube_answer *a)
{
	if (t->request->method != COLLECT_TEXT || !a->body)
		return;
	t->text_n = a->len < LISTING_TEXT ? a->len : LISTING_TEXT;
	memcpy(t->text, a->body, t->text_n);
}

/* 0: go on with the next page; -1: it is over. */
static int listing_judge_failure(struct listing_turn *t, const struct kube_answer *a,
				 const struct err *err)
{
	const struct json *status = listing_status(t, a);
	struct str words = json_str(json_get(status, STR("message")));

	t->bytes += a->len;
	if (a->status == 410) {
		if (*t->token && listing_resume(t, status))
			return 0;
		listing_say(t, "expired", words.n ? words : str_of(err->msg));
		return -1;
	}
	if (!status)
		listing_keep_text(t, a);
	listing_say(t, listing_error_name(t, a->result),
		    t->taking.kind != ERR_NONE ? str_of(t->taking.msg)
		    : words.n                  ? words
					       : str_of(err->msg));
	return -1;
}

/* ---- asking ---- */

static int listing_renew(struct listing_turn *t, struct err *err)
{
	t->renewed = true;
	return access_renew(t->l->access, err);
}

/* What it had of the answer before counts no more. */
static void listing_begin_answer(struct listing_turn *t)
{
	if (t->splitter)
		splitter_reset(t->splitter);
	t->text_n = 0;
	t->taking = (struct err){ .kind = ERR_NONE };
}

static bool listing_wait(struct listing_turn *t, unsigned tries, long retry_after)
{
	long seconds = retry_after ? retry_after : 1L << (tries - 1);

	return seconds <= LISTING_RETRY && !wait_sleep(t->l->signals, seconds * 1000);
}

static bool listing_may_renew(const struct listing_turn *t, const struct kube_answer *a)
{
	return a->result == KUBE_UNAUTHORIZED && a->status == 401 && !t->renewed &&
	       access_is_renewable(t->l->access);
}

static int listing_ask_once(struct listing_turn *t, const char *path, struct kube_answer *a,
			    struct err *err)
{
	struct kube_request request = {
		.method = KUBE_GET,
		.path = path,
		.accept = t->request->method == COLLECT_TABLE  ? TABLE
			  : t->request->method == COLLECT_TEXT ? TEXT_ONLY
							       : NULL,
		.take = listing_take,
		.ctx = t,
	};
	struct access *access = t->l->access;

	*a = (struct kube_answer){ .result = KUBE_UNAUTHORIZED };
	if (access_has_expired(access) && !access->rejected && listing_renew(t, err) < 0)
		return -1;
	if (!access->kube)
		return err_set(err, ERR_IO, "the exec plug-in '%.100s' gave no credentials",
			       access->kubeconfig.plugin.command);
	listing_begin_answer(t);
	return kube_call(access->kube, &request, a, err);
}

/* Until it is answered, or more tries are of no use. */
static int listing_ask(struct listing_turn *t, const char *path, struct kube_answer *a,
		       struct err *err)
{
	struct access *access = t->l->access;

	for (unsigned tries = 1;; tries++) {
		int status = listing_ask_once(t, path, a, err);
		bool renew = listing_may_renew(t, a);

		t->status = a->status;
		t->date = a->date ? a->date : t->date;
		t->l->stopped |= a->result == KUBE_STOPPED;
		if (status == 0)
			return 0;
		if (renew && listing_renew(t, err) < 0)
			return -1;
		if (!renew && a->result == KUBE_UNAUTHORIZED)
			access->rejected = true;
		if (!renew && ((a->result != KUBE_THROTTLED && a->result != KUBE_SERVER) ||
			       tries >= LISTING_TRIES || !listing_wait(t, tries, a->retry_after)))
			return -1;
		kube_answer_done(a);
	}
}

/* ---- pages ---- */

/* PATH?QUERY&limit=..&continue=.. */
static int listing_path(struct listing_turn *t, char out[KUBE_URL_MAX])
{
	bool query = strchr(t->request->path, '?');
	struct text url;

	text_init(&url, &t->scratch, KUBE_URL_MAX - SERVER_MAX * 2);
	text_puts(&url, t->request->path);
	if (t->request->method == COLLECT_TABLE) {
		text_puts(&url, query ? "&includeObject=Metadata" : "?includeObject=Metadata");
		query = true;
	}
	if (t->request->method == COLLECT_LIST || t->request->method == COLLECT_TABLE)
		text_printf(&url, "%climit=%d", query ? '&' : '?', LISTING_PAGE);
	if (*t->token)
		text_puts(&url, "&continue=");
	for (const char *p = t->token; *p; p++) {
		if (char_is_alnum(*p) || strchr("-_.~", *p))
			text_add(&url, p, 1);
		else
			text_printf(&url, "%%%02X", (unsigned char)*p);
	}
	if (url.full)
		return -1;
	snprintf(out, KUBE_URL_MAX, "%s", url.s);
	return 0;
}

/* 1: there is a next page; 0: there is none; -1: the answer is not what it should be. */
static int listing_next_page(struct listing_turn *t)
{
	struct err err = { .kind = ERR_NONE };
	struct str metadata;
	const struct json *j = NULL, *token;
	char before[LISTING_CONTINUE + 1];

	if (!t->splitter)
		return 0;
	if (splitter_finish(t->splitter, &err) < 0 ||
	    ((metadata = splitter_metadata(t->splitter)).n &&
	     !(j = json_parse(metadata, NULL, &t->scratch, &err)))) {
		listing_say(t, "unreadable", str_of(err.msg));
		return -1;
	}
	token = json_get(j, STR("continue"));
	memcpy(before, t->token, sizeof before);
	*t->token = '\0';
	if (t->request->method == COLLECT_GET || !json_str(token).n)
		return 0;
	if (listing_set_token(t, json_str(token)) && strcmp(before, t->token) != 0)
		return 1;
	listing_say(t, "unreadable", STR("the page token is too long, or the same as before"));
	return -1;
}

/* 1: and there is another one; 0: the last. -1: it is over. */
static int listing_read_page(struct listing_turn *t)
{
	struct kube_answer *a = calloc(1, sizeof *a);
	struct err err = { .kind = ERR_NONE };
	char path[KUBE_URL_MAX];
	int more;

	arena_done(&t->scratch);
	if (!a || listing_path(t, path) < 0) {
		free(a);
		listing_say(t, "limit", STR("no memory, or the page token is too long"));
		return -1;
	}
	if (listing_ask(t, path, a, &err) < 0) {
		more = listing_judge_failure(t, a, &err) < 0 ? -1 : 1;
		t->pages++;
	} else {
		t->pages++;
		more = listing_next_page(t);
	}
	kube_answer_done(a);
	free(a);
	return more;
}

static void listing_read_pages(struct listing_turn *t)
{
	int more;

	do
		more = listing_read_page(t);
	while (more > 0 && t->pages < LISTING_PAGES && !ferror(t->l->out));
	if (more > 0)
		listing_say(t, "limit", STR("the list has more than 8000 pages"));
}

/* ---- the answer ---- */

static void listing_put_done(struct listing_turn *t)
{
	FILE *out = t->l->out;
	char date[TIME_TEXT];
	struct str q = listing_quoted(t, str_of(t->request->path));

	fprintf(out,
		"{\"done\":%ld,\"path\":%.*s,\"items\":%llu,\"pages\":%u,\"bytes\":%llu,"
		"\"ms\":%lld",
		t->status, STR_ARG(q), (unsigned long long)t->items, t->pages,
		(unsigned long long)t->bytes, clock_ms() - t->begun);
	if (t->date) {
		time_print(t->date, date);
		fprintf(out, ",\"date\":\"%s\"", date);
	}
	if (t->error) {
		q = listing_quoted(t, str_of(t->message));
		fprintf(out, ",\"error\":\"%s\",\"message\":%.*s", t->error, STR_ARG(q));
	}
	fputs("}\n", out);
}

static int listing_prepare(struct listing_turn *t)
{
	static const struct splitter_ops ops = { .item = listing_take_item,
						 .oversize = listing_take_oversize,
						 .columns = listing_take_columns };
	static const enum splitter_shape shapes[] = { [COLLECT_GET] = SPLITTER_WHOLE,
						      [COLLECT_LIST] = SPLITTER_LIST,
						      [COLLECT_TABLE] = SPLITTER_TABLE };

	if (t->request->method == COLLECT_TEXT)
		return (t->text = malloc(LISTING_TEXT)) ? 0 : -1;
	t->splitter = splitter_new(shapes[t->request->method], &ops, t);
	return t->splitter ? 0 : -1;
}

static void listing_read(struct listing_turn *t)
{
	const char *refusal = collect_request_refusal(t->request->path);

	if (refusal)
		listing_say(t, "refused", str_of(refusal));
	else if (listing_prepare(t) < 0)
		listing_say(t, "limit", STR("out of memory"));
	else
		listing_read_pages(t);
	if (t->text_n && !t->full)
		listing_put(t, "text", listing_quoted(t, (struct str){ t->text, t->text_n }));
}

int listing_answer(struct listing *l, const struct collect_request *r, struct err *err)
{
	struct listing_turn *t = calloc(1, sizeof *t);

	if (!t)
		return err_nomem(err);
	*t = (struct listing_turn){ .l = l, .request = r, .begun = clock_ms() };
	seen_init(&t->seen);
	arena_init(&t->scratch, SCRATCH);
	fprintf(l->out, "{\"request\":\"%s\",\"path\":", collect_method_name(r->method));
	{
		struct str path = listing_quoted(t, str_of(r->path));

		fprintf(l->out, "%.*s}\n", STR_ARG(path));
	}
	listing_read(t);
	listing_put_done(t);
	l->requests++;
	seen_done(&t->seen);
	splitter_free(t->splitter);
	free(t->text);
	arena_done(&t->scratch);
	free(t);
	if (fflush(l->out) != 0 || ferror(l->out))
		return err_set(err, ERR_IO, "standard output cannot be written");
	return 0;
}
