/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/kube.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "agent/kubeconfig/server.h"
#include "lib/base/cleanup.h"
#include "lib/base/files.h"
#include "lib/base/version.h"
#include "lib/json/json.h"

#define POLL_MS      1000
#define FIRST_ROOM   8192
#define WORDS_MAX    300 /* bytes of the API server's words that are passed on */
#define STATUS_ARENA (KUBE_ANSWER_MAX * 4)
#define HEADER_TOKEN "Authorization: Bearer "

struct kube {
	struct kube_config config;
	struct server_address address;
	struct curl_slist *connect; /* where to connect instead of the URL's host; NULL: there */
	CURLM *multi;               /* keeps connections between calls */
};

/* One call under way. */
struct kube_transfer {
	const struct kube_request *request;
	CURL *easy;
	struct kube_answer *out;
	size_t room;
	bool too_large, refused; /* refused: by who takes the answer */
	bool plain;              /* without TLS */
	char error[CURL_ERROR_SIZE];
};

static const char *const methods[] = {
	[KUBE_GET] = "GET",
	[KUBE_PATCH] = "PATCH",
	[KUBE_DELETE] = "DELETE",
	[KUBE_CREATE] = "POST",
};

static const char *const result_names[KUBE_RESULTS_N] = {
	[KUBE_OK] = "ok",
	[KUBE_CONNECTION] = "connection",
	[KUBE_STOPPED] = "stopped",
	[KUBE_UNAUTHORIZED] = "unauthorized",
	[KUBE_FORBIDDEN] = "forbidden",
	[KUBE_MISSING] = "missing",
	[KUBE_CONFLICT] = "conflict",
	[KUBE_THROTTLED] = "throttled",
	[KUBE_SERVER] = "server",
	[KUBE_REFUSED] = "refused",
	[KUBE_UNREADABLE] = "unreadable",
};

const char *kube_result_name(enum kube_result r)
{
	return result_names[r];
}

bool kube_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n && n <= 253 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == n &&
	       name[0] != '.' && name[0] != '-' && name[n - 1] != '.' && name[n - 1] != '-';
}

struct kube *kube_new(const struct kube_config *config, struct err *err)
{
	struct server_address address;
	struct kube *k = NULL;

	if (server_address_read(config->server, config->tls_name, &address, err) < 0)
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && (k = calloc(1, sizeof *k))) {
		k->config = *config;
		k->address = address;
		if (*address.connect)
			k->connect = curl_slist_append(NULL, address.connect);
		if ((k->multi = curl_multi_init()) && !*address.connect == !k->connect)
			return k;
	}
	kube_free(k);
	err_nomem(err);
	return NULL;
}

void kube_free(struct kube *k)
{
	if (!k)
		return;
	curl_multi_cleanup(k->multi);
	curl_slist_free_all(k->connect);
	free(k);
	curl_global_cleanup();
}

void kube_answer_done(struct kube_answer *a)
{
	if (a->body)
		explicit_bzero(a->body, a->len);
	free(a->body);
	a->body = NULL;
	a->len = 0;
}

/* ---- the token ---- */

/* "Authorization: Bearer TOKEN" into out. A token is one line of visible ASCII (RFC 6750). */
static int kube_read_token(const char *file, char out[KUBE_TOKEN_MAX], struct err *err)
{
	const size_t prefix = sizeof HEADER_TOKEN - 1;
	scoped(fd_end) int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : file_read_up_to(fd, out + prefix, KUBE_TOKEN_MAX - prefix);
	size_t n = prefix;

	if (got < 0)
		return err_set(err, ERR_IO, "the token file %.200s cannot be read: %s", file,
			       strerror(errno));
	memcpy(out, HEADER_TOKEN, prefix);
	n += (size_t)got;
	while (n > prefix && strchr("\r\n ", out[n - 1]))
		n--;
	for (size_t i = prefix; i < n; i++)
		if (out[i] <= ' ' || out[i] > '~')
			n = prefix;
	if (n == prefix || n == KUBE_TOKEN_MAX)
		return err_set(err, ERR_SYNTAX, "the file %.200s holds no bearer token", file);
	out[n] = '\0';
	return 0;
}

/* ---- what libcurl hands over ---- */

/* Grows by copying: realloc could leave a key behind. */
static bool kube_body_grow(struct kube_transfer *c, size_t need)
{
	struct kube_answer *a = c->out;
	size_t room = c->room ? c->room : FIRST_ROOM;
	char *p;

	while (room < need)
		room *= 2;
	if (!(p = malloc(room)))
		return false;
	if (a->body) {
		memcpy(p, a->body, a->len);
		explicit_bzero(a->body, a->len);
		free(a->body);
	}
	a->body = p;
	c->room = room;
	return true;
}

/* 2xx: what was asked for, not a refusal. */
static bool kube_is_wanted(const struct kube_transfer *c)
{
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static size_t kube_take_body(char *data, size_t size, size_t n, void *ctx)
{
	struct kube_transfer *c = ctx;
	struct kube_answer *a = c->out;

	(void)size; /* always 1 */
	if (c->request->take && kube_is_wanted(c)) {
		c->refused = !c->request->take(c->request->ctx, data, n);
		return c->refused ? 0 : n;
	}
	if (n > (c->request->take ? KUBE_STATUS_MAX : KUBE_ANSWER_MAX) - a->len) {
		c->too_large = true;
		return 0;
	}
	if (a->len + n + 1 > c->room && !kube_body_grow(c, a->len + n + 1))
		return 0;
	memcpy(a->body + a->len, data, n);
	a->len += n;
	a->body[a->len] = '\0';
	return n;
}

/* The value of the header line if it is one of that name ("retry-after:"). */
static bool kube_header_is(struct str line, const char *name, struct str *value)
{
	size_t n = strlen(name);

	if (line.n < n || strncasecmp(line.s, name, n) != 0)
		return false;
	*value = str_from(line, n);
	while (value->n && strchr(" \t", value->s[0]))
		*value = str_from(*value, 1);
	while (value->n && strchr(" \t\r\n", value->s[value->n - 1]))
		value->n--;
	return true;
}

static void kube_add_warning(struct kube_answer *a, struct str value)
{
	size_t used = strlen(a->warnings);

	if (value.n + 2 > sizeof a->warnings - used || memchr(value.s, '\0', value.n))
		return;
	memcpy(a->warnings + used, value.s, value.n);
	a->warnings[used + value.n] = '\n';
	a->warnings[used + value.n + 1] = '\0';
}

/* Seconds; the other form, a date, counts as not said. */
static long kube_parse_seconds(struct str value)
{
	long seconds = 0;

	for (size_t i = 0; i < value.n; i++) {
		if (value.s[i] < '0' || value.s[i] > '9')
			return 0;
		if (seconds < KUBE_RETRY_MAX)
			seconds = seconds * 10 + (value.s[i] - '0');
	}
	return seconds > KUBE_RETRY_MAX ? KUBE_RETRY_MAX : seconds;
}

/* 0: it is no date. */
static int64_t kube_parse_date(struct str value)
{
	char z[64];
	time_t t;

	if (value.n >= sizeof z)
		return 0;
	memcpy(z, value.s, value.n);
	z[value.n] = '\0';
	t = curl_getdate(z, NULL);
	return t > 0 ? t : 0;
}

static size_t kube_take_header(char *data, size_t size, size_t n, void *ctx)
{
	const struct kube_transfer *c = ctx;
	struct str line = { data, n }, value;

	(void)size; /* always 1 */
	if (kube_header_is(line, "warning:", &value))
		kube_add_warning(c->out, value);
	else if (kube_header_is(line, "retry-after:", &value))
		c->out->retry_after = kube_parse_seconds(value);
	else if (kube_header_is(line, "date:", &value))
		c->out->date = kube_parse_date(value);
	return n;
}

/* ---- a call ---- */

static bool kube_set_trust(CURL *easy, const struct kube_config *config)
{
	long check = !config->insecure;

	if (curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, check) ||
	    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, check ? 2L : 0L))
		return false;
	if (config->ca_file && (curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file) ||
				curl_easy_setopt(easy, CURLOPT_CAPATH, NULL)))
		return false;
	return !config->cert_file || !(curl_easy_setopt(easy, CURLOPT_SSLCERT, config->cert_file) ||
				       curl_easy_setopt(easy, CURLOPT_SSLKEY, config->key_file));
}

static bool kube_set_how(CURL *easy, const struct kube_config *config, struct kube_transfer *c)
{
	return !(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, c->plain ? "http" : "https") |
		 curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) |
		 curl_easy_setopt(easy, CURLOPT_PROXY, config->proxy ? config->proxy : "") |
		 curl_easy_setopt(easy, CURLOPT_NOPROXY, config->no_proxy ? config->no_proxy : "") |
		 curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) |
		 curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) |
		 curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) |
		 curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)KUBE_CONNECT_MS) |
		 curl_easy_setopt(easy, CURLOPT_TIMEOUT, config->timeout) |
		 curl_easy_setopt(easy, CURLOPT_USERAGENT, "oke-guard-agent/" OKE_GUARD_VERSION) |
		 curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, kube_take_body) |
		 curl_easy_setopt(easy, CURLOPT_WRITEDATA, c) |
		 curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, kube_take_header) |
		 curl_easy_setopt(easy, CURLOPT_HEADERDATA, c) |
		 curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->error));
}

static bool kube_set_what(CURL *easy, const struct kube_request *r, const char *url,
			  struct curl_slist *headers)
{
	return !(curl_easy_setopt(easy, CURLOPT_URL, url) |
		 curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) |
		 (r->body.s ? curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body.s) : 0) |
		 (r->body.s ? curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
					       (curl_off_t)r->body.n)
			    : 0) |
		 curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, methods[r->method]));
}

static bool kube_add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = line && *line ? curl_slist_append(*list, line) : *list;

	if (!longer)
		return !line || !*line;
	*list = longer;
	return true;
}

/* Begins with the credentials, if there are any; NULL: no memory. */
static struct curl_slist *kube_headers_of(const struct kube *k, const struct kube_request *r,
					  const char *authorization)
{
	struct curl_slist *list = NULL;
	char accept[160];
	bool good;

	snprintf(accept, sizeof accept, "Accept: %s", r->accept ? r->accept : "application/json");
	good = kube_add_header(&list, authorization) && kube_add_header(&list, accept) &&
	       kube_add_header(&list, "Expect:") && kube_add_header(&list, k->address.host) &&
	       kube_add_header(&list, r->method == KUBE_PATCH
					      ? "Content-Type: application/merge-patch+json"
					      : "Content-Type: application/json");
	for (const char *const *h = k->config.headers; good && h && *h; h++)
		good = kube_add_header(&list, *h);
	if (good)
		return list;
	curl_slist_free_all(list);
	return NULL;
}

/* CURLE_ABORTED_BY_CALLBACK: the stop descriptor. */
static CURLcode kube_wait_for_it(const struct kube *k)
{
	struct curl_waitfd stop = { .fd = k->config.stop, .events = CURL_WAIT_POLLIN };
	unsigned fds = k->config.stop >= 0;
	const CURLMsg *done;
	int running = 1, left;

	while (running) {
		if (curl_multi_perform(k->multi, &running) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (running && curl_multi_poll(k->multi, &stop, fds, POLL_MS, NULL) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (stop.revents)
			return CURLE_ABORTED_BY_CALLBACK;
	}
	done = curl_multi_info_read(k->multi, &left);
	return done ? done->data.result : CURLE_OUT_OF_MEMORY;
}

static CURLcode kube_perform(struct kube *k, CURL *easy)
{
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (curl_multi_add_handle(k->multi, easy) == CURLM_OK) {
		code = kube_wait_for_it(k);
		curl_multi_remove_handle(k->multi, easy);
	}
	return code;
}

static CURLcode kube_exchange(struct kube *k, const struct kube_request *r, const char *url,
			      const char *token, struct kube_transfer *c)
{
	struct curl_slist *headers = kube_headers_of(k, r, token);
	CURL *easy = c->easy = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (headers && easy && kube_set_how(easy, &k->config, c) &&
	    kube_set_trust(easy, &k->config) && kube_set_what(easy, r, url, headers) &&
	    (!k->connect || !curl_easy_setopt(easy, CURLOPT_CONNECT_TO, k->connect)))
		code = kube_perform(k, easy);
	if (easy && (code == CURLE_OK || c->refused))
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &c->out->status);
	curl_easy_cleanup(easy);
	if (headers)
		explicit_bzero(headers->data, strlen(headers->data));
	curl_slist_free_all(headers);
	return code;
}

/* ---- what came of it ---- */

static enum kube_result kube_result_of(long status)
{
	static const struct kube_status_row {
		long status;
		enum kube_result result;
	} rows[] = {
		{ 401, KUBE_UNAUTHORIZED }, { 403, KUBE_FORBIDDEN }, { 404, KUBE_MISSING },
		{ 409, KUBE_CONFLICT },     { 429, KUBE_THROTTLED },
	};

	if (status >= 200 && status < 300)
		return KUBE_OK;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (status == rows[i].status)
			return rows[i].result;
	return status >= 500 && status < 600 ? KUBE_SERVER : KUBE_REFUSED;
}

static int kube_fail_unanswered(const struct kube *k, const struct kube_request *r, CURLcode code,
				const struct kube_transfer *c, struct err *err)
{
	const char *why = *c->error ? c->error : curl_easy_strerror(code);

	/* libcurl's words for it say neither which certificates nor what to do. */
	if (code == CURLE_SSL_CACERT_BADFILE && !k->config.ca_file)
		why = "this system has no certificates to check the server's by: install "
		      "ca-certificates, or give the cluster a certificate-authority";
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return err_set(err, ERR_IO, "%s %.200s: stopped", methods[r->method], r->path);
	if (c->too_large)
		return err_set(err, ERR_LIMIT, "%s %.200s: the answer has more than %u bytes",
			       methods[r->method], r->path,
			       r->take ? KUBE_STATUS_MAX : KUBE_ANSWER_MAX);
	if (c->refused)
		return err_set(err, ERR_LIMIT, "%s %.200s: the answer was not taken to its end",
			       methods[r->method], r->path);
	return err_set(err, ERR_IO, "%s %.150s: no answer from %.100s: %.200s", methods[r->method],
		       r->path, k->config.server, why);
}

/* The message of the API server's Status, or nothing. */
static int kube_fail_answered(const struct kube_request *r, const struct kube_answer *a,
			      struct err *err)
{
	scoped(arena_end) struct arena arena;
	struct err unread;
	struct str text = { NULL, 0 };
	const struct json *j = NULL;

	arena_init(&arena, STATUS_ARENA);
	if (a->body)
		j = json_parse((struct str){ a->body, a->len }, NULL, &arena, &unread);
	text = json_str(json_get(j, STR("message")));
	if (text.n > WORDS_MAX)
		text.n = WORDS_MAX;
	return err_set(err, ERR_IO, "%s %.150s: HTTP %ld%s%.*s", methods[r->method], r->path,
		       a->status, text.n ? ": " : "", STR_ARG(text));
}

int kube_call(struct kube *k, const struct kube_request *r, struct kube_answer *out,
	      struct err *err)
{
	struct kube_transfer c = { .out = out, .request = r };
	char token[KUBE_TOKEN_MAX] = "", url[KUBE_URL_MAX];
	CURLcode code;

	*out = (struct kube_answer){ .result = KUBE_UNAUTHORIZED };
	if (k->config.token_file && kube_read_token(k->config.token_file, token, err) < 0)
		return -1;
	if (snprintf(url, sizeof url, "%s%s", k->address.base, r->path) >= (int)sizeof url)
		return err_set(err, ERR_LIMIT, "%.200s: the path is too long", r->path);
	code = kube_exchange(k, r, url, k->config.token_file ? token : k->config.authorization, &c);
	explicit_bzero(token, sizeof token);
	if (code != CURLE_OK) {
		out->result = code == CURLE_ABORTED_BY_CALLBACK ? KUBE_STOPPED : KUBE_CONNECTION;
		return kube_fail_unanswered(k, r, code, &c, err);
	}
	out->result = kube_result_of(out->status);
	return out->result == KUBE_OK ? 0 : kube_fail_answered(r, out, err);
}

int kube_page(struct kube *k, const char *url, struct kube_answer *out, struct err *err)
{
	const struct kube_request r = { .method = KUBE_GET, .path = url };
	struct kube_transfer c = { .out = out, .request = &r, .plain = true };
	struct kube page = {
		.config = { .server = url, .stop = k->config.stop, .timeout = KUBE_PAGE_S },
		.multi = k->multi
	};
	CURLcode code;

	*out = (struct kube_answer){ .result = KUBE_CONNECTION };
	code = kube_exchange(&page, &r, url, NULL, &c);
	if (code != CURLE_OK) {
		if (code == CURLE_ABORTED_BY_CALLBACK)
			out->result = KUBE_STOPPED;
		if (c.too_large)
			return err_set(err, ERR_LIMIT, "the answer has more than %u bytes",
				       KUBE_ANSWER_MAX);
		return err_set(err, ERR_IO, "%s", *c.error ? c.error : curl_easy_strerror(code));
	}
	out->result = kube_result_of(out->status);
	return out->result == KUBE_OK ? 0 : kube_fail_answered(&r, out, err);
}
