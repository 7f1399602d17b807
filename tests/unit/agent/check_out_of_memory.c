/* SPDX-License-Identifier: Apache-2.0
 * check_out_of_memory.c - each allocation of the agent's round fails once: what is sound is not
 * replaced, nothing half-done is written, and the next round ends where it would have ended.
 *
 * The API server is two objects in memory, which take merge patches: kube_call is this file's.
 */
#include "tests/unit/failing.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "agent/reconcile.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "oke/certs.h"
#include "oke/policy.h"
#include "tests/unit/suite.h"

#define NOW    1795392000 /* 2026-11-23 */
#define MEMORY (16u << 20)

/* ---- an API server ---- */

enum { SECRET, CONFIGURATION, SOURCE, OBJECTS };

static cJSON *objects[OBJECTS];
static unsigned written[OBJECTS];
static int64_t server_now;

static void server_start(void)
{
	objects[SECRET] = cJSON_Parse("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{"
				      "\"name\":\"guard-tls\",\"resourceVersion\":\"1\"}}");
	objects[CONFIGURATION] = cJSON_Parse(
		"{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"
		"\"ValidatingWebhookConfiguration\",\"metadata\":{\"name\":\"guard\",\"uid\":\"u\","
		"\"generation\":1,\"resourceVersion\":\"1\"},\"webhooks\":[]}");
	objects[SOURCE] = cJSON_Parse("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{"
				      "\"name\":\"guard-made\",\"resourceVersion\":\"1\"}}");
	ck_assert(objects[SECRET] && objects[CONFIGURATION] && objects[SOURCE]);
	server_now = NOW;
}

static void server_stop(void)
{
	for (int i = 0; i < OBJECTS; i++)
		cJSON_Delete(objects[i]);
}

/* RFC 7396. */
static void server_merge(cJSON *into, const cJSON *patch)
{
	for (const cJSON *p = patch->child; p; p = p->next) {
		cJSON *have = cJSON_GetObjectItemCaseSensitive(into, p->string);

		if (cJSON_IsObject(p) && !cJSON_IsObject(have)) {
			cJSON_DeleteItemFromObjectCaseSensitive(into, p->string);
			have = cJSON_AddObjectToObject(into, p->string);
		}
		if (cJSON_IsObject(p)) {
			server_merge(have, p);
			continue;
		}
		cJSON_DeleteItemFromObjectCaseSensitive(into, p->string);
		if (!cJSON_IsNull(p))
			cJSON_AddItemToObject(into, p->string, cJSON_Duplicate(p, true));
	}
}

static void server_patch(int which, struct str body)
{
	cJSON *patch = cJSON_ParseWithLength(body.s, body.n);
	cJSON *metadata = cJSON_GetObjectItemCaseSensitive(objects[which], "metadata");
	char version[16];

	ck_assert_msg(patch != NULL, "a patch that is no JSON: %.*s", STR_ARG(body));
	server_merge(objects[which], patch);
	cJSON_Delete(patch);
	snprintf(version, sizeof version, "%u", ++written[which] + 1);
	cJSON_ReplaceItemInObjectCaseSensitive(metadata, "resourceVersion",
					       cJSON_CreateString(version));
	if (which == CONFIGURATION)
		cJSON_ReplaceItemInObjectCaseSensitive(metadata, "generation",
						       cJSON_CreateNumber(written[which] + 1));
}

/* It has memory enough: what may fail is the agent's. */
int kube_call(struct kube *k, const struct kube_request *request, struct kube_answer *out,
	      struct err *err)
{
	size_t left[2] = { failing_left[0], failing_left[1] };
	int which = strstr(request->path, "/secrets/guard-made") ? SOURCE
		    : strstr(request->path, "/secrets/")         ? SECRET
								 : CONFIGURATION;

	(void)k;
	(void)err;
	failing_left[0] = failing_left[1] = 0;
	memset(out, 0, sizeof *out);
	out->result = KUBE_OK;
	out->status = 200;
	out->date = server_now;
	if (!strcmp(request->path, "/version")) {
		out->body = strdup("{\"major\":\"1\",\"minor\":\"36\"}");
	} else {
		if (request->method == KUBE_PATCH)
			server_patch(which, request->body);
		out->body = cJSON_PrintUnformatted(objects[which]);
	}
	out->len = strlen(out->body);
	failing_left[0] = left[0];
	failing_left[1] = left[1];
	return 0;
}

void kube_answer_done(struct kube_answer *a)
{
	free(a->body);
	a->body = NULL;
}

/* ---- the agent ---- */

static const char *const names[] = { "guard.ns.svc" };
static struct policy_set *set;
static struct slot policies = SLOT_INIT;
static struct log quiet;
static struct status status = STATUS_INIT;

static bool foreign; /* another one makes the pairs */

static struct reconcile agent_new(void)
{
	return (struct reconcile){ .log = &quiet,
				   .status = &status,
				   .policies = &policies,
				   .namespace = "ns",
				   .service = "guard",
				   .secret = "guard-tls",
				   .configuration = "guard",
				   .source = "guard-made",
				   .self = !foreign,
				   .writes = true,
				   .overlap = 120,
				   .names = names,
				   .names_n = 1 };
}

static int round_of(struct reconcile *r)
{
	long wait;
	int done = reconcile_run(r, 60, &wait);

	return r->learnt ? reconcile_run(r, 60, &wait) : done;
}

/* One policy: what many of them cost is loading, which is looked at elsewhere. */
static const char mine[] =
	"apiVersion: oke-guard.internal/v1\n"
	"kind: SupportPolicy\n"
	"metadata: {name: mine}\n"
	"spec:\n"
	"  title: mine\n"
	"  area: Add-ons\n"
	"  docs: Tasks/contengconfiguringdnsserver.htm\n"
	"  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [mine]}]\n"
	"  rules: [{name: gone, operations: [DELETE], tier: unsupported, action: deny}]\n";

static void setup(void)
{
	char path[] = "/tmp/check-memory-XXXXXX";
	const char *paths[] = { path };
	const struct policy_source source = { .paths = paths, .paths_n = 1, .no_builtin = true };
	int file = mkstemp(path);

	ck_assert_int_eq(write(file, mine, sizeof mine - 1), (ssize_t)sizeof mine - 1);
	close(file);
	log_init(&quiet, open("/dev/null", O_WRONLY | O_CLOEXEC), "error");
	set = policy_set_new(&source, &(struct policy_report){ 0 });
	unlink(path);
	ck_assert_ptr_nonnull(set);
	slot_publish(&policies, policy_set_shared(set));
}

static void teardown(void)
{
	slot_publish(&policies, NULL);
	close(quiet.fd);
}

/* A part of the Secret, decoded; empty: it is not there. */
static struct str secret_part(struct arena *arena, const char *key)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(objects[SECRET], "data");
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, key));

	return text ? base64_decode(str_of(text), arena) : STR("");
}

/* What replicas serve is sound and of the CA beside it, and every entry trusts that CA. */
static void cluster_is_served(const struct failing *f)
{
	scoped(arena_end) struct arena arena;
	const cJSON *entries, *entry;
	struct err err = { .kind = ERR_NONE };
	struct keypair_want want = { .now = server_now, .names = names, .names_n = 1 };
	struct keypair *kp;

	arena_init(&arena, MEMORY);
	want.ca = secret_part(&arena, "ca.crt");
	kp = keypair_parse(secret_part(&arena, "tls.crt"), secret_part(&arena, "tls.key"), &err);
	ck_assert_msg(kp && keypair_check(kp, &want, &err) == 0, WHERE "%s", AT(f), err.msg);
	keypair_unref(kp);
	entries = cJSON_GetObjectItemCaseSensitive(objects[CONFIGURATION], "webhooks");
	ck_assert_msg(cJSON_GetArraySize(entries) > 0, WHERE "no entries", AT(f));
	cJSON_ArrayForEach(entry, entries)
	{
		const cJSON *client = cJSON_GetObjectItemCaseSensitive(entry, "clientConfig");
		const char *bundle =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(client, "caBundle"));
		struct str pem = bundle ? base64_decode(str_of(bundle), &arena) : STR("");

		ck_assert_msg(pem.n && memmem(pem.s, pem.n, want.ca.s, want.ca.n),
			      WHERE "an entry does not trust the CA", AT(f));
	}
}

/* From an empty Secret, then from what the failure left. */
START_TEST(the_first_round)
{
	size_t hurt = 0;

	for (struct failing f = { 0 }; failing_next(&f);) {
		struct reconcile r = agent_new();
		int first;

		server_start();
		failing_begin(&f);
		first = round_of(&r);
		failing_end(&f);
		hurt += first < 0;
		ck_assert_msg(first == 0 || f.failed, "%s", r.view.error);
		ck_assert_msg(first == 0 || *r.view.error, WHERE "failed without a word", AT(&f));
		r.facts_at = 0;
		ck_assert_msg(first == 0 || round_of(&r) == 0, WHERE "%s", AT(&f), r.view.error);
		cluster_is_served(&f);
		server_stop();
	}
	ck_assert_uint_gt(hurt, 10);
}
END_TEST

/* Nothing is due: whatever fails, the Secret and the configuration stay as they are. */
START_TEST(a_round_with_nothing_to_do)
{
	struct reconcile r = agent_new();
	unsigned before[OBJECTS];
	size_t hurt = 0;

	server_start();
	ck_assert_int_eq(round_of(&r), 0);
	for (int i = 0; i < 5; i++, server_now += 200)
		ck_assert_int_eq(round_of(&r), 0);
	memcpy(before, written, sizeof before);
	for (struct failing f = { 0 }; failing_next(&f);) {
		int done;

		r = agent_new();
		failing_begin(&f);
		done = round_of(&r);
		failing_end(&f);
		hurt += done < 0;
		ck_assert_msg(written[SECRET] == before[SECRET], WHERE "the Secret was written",
			      AT(&f));
		ck_assert_msg(written[CONFIGURATION] == before[CONFIGURATION],
			      WHERE "the configuration was written", AT(&f));
		ck_assert_msg(done == 0 || f.failed, "%s", r.view.error);
	}
	ck_assert_uint_gt(hurt, 10);
	server_stop();
}
END_TEST

/* ---- a renewal, in three rounds: issue and trust, swap, drop ---- */

#define RENEWAL_DUE (250 * 86400) /* after two thirds of ROTATE_DAYS */
#define RENEWAL_GAP 200           /* longer than the overlap */

enum { ROUND_TRUST, ROUND_SWAP, ROUND_DROP, ROUNDS };

static const char *const renewal_leaves[] = { "next.crt", "next.key", "next-ca.crt",
					      "previous-ca.crt" };

static void server_keep(cJSON *kept[OBJECTS])
{
	for (int i = 0; i < OBJECTS; i++)
		ck_assert_ptr_nonnull(kept[i] = cJSON_Duplicate(objects[i], true));
}

static void server_restore(cJSON *const kept[OBJECTS])
{
	server_stop();
	for (int i = 0; i < OBJECTS; i++)
		ck_assert_ptr_nonnull(objects[i] = cJSON_Duplicate(kept[i], true));
}

/* Of replicas that still serve the certificate of `before`. */
static void ca_is_trusted(const struct failing *f, struct str ca)
{
	scoped(arena_end) struct arena arena;
	const cJSON *entry;

	arena_init(&arena, MEMORY);
	cJSON_ArrayForEach(entry,
			   cJSON_GetObjectItemCaseSensitive(objects[CONFIGURATION], "webhooks"))
	{
		const cJSON *client = cJSON_GetObjectItemCaseSensitive(entry, "clientConfig");
		const char *bundle =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(client, "caBundle"));
		struct str pem = bundle ? base64_decode(str_of(bundle), &arena) : STR("");

		ck_assert_msg(pem.n && memmem(pem.s, pem.n, ca.s, ca.n),
			      WHERE "an entry does not trust what replicas may still serve", AT(f));
	}
}

/* Rounds in which nothing fails, until the renewal is over. */
static void renewal_ends(const struct failing *f, struct reconcile *r, int rounds)
{
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (int i = 0; i < rounds; i++, server_now += RENEWAL_GAP) {
		r->facts_at = 0;
		ck_assert_msg(round_of(r) == 0, WHERE "%s", AT(f), r->view.error);
	}
	cluster_is_served(f);
	for (size_t i = 0; i < sizeof renewal_leaves / sizeof *renewal_leaves; i++)
		ck_assert_msg(!secret_part(&arena, renewal_leaves[i]).n, WHERE "%s is left", AT(f),
			      renewal_leaves[i]);
}

/*
 * They are thousands, in each of three rounds: some are left out. With EACH=1 in the environment
 * none of our own is, which takes three minutes.
 */
static size_t renewal_leaves_out(const struct failing *f)
{
	if (f->libraries)
		return f->n / 5;
	return getenv("EACH") ? 0 : f->n / 12;
}

/*
 * A round of the renewal with each failure: what replicas serve, before it and after it, stays
 * trusted, no pair that was issued is thrown away, and the renewal ends.
 */
static void renewal_round(int round, cJSON *const kept[OBJECTS])
{
	static const char *const issued[ROUNDS] = { NULL, "next.crt", "tls.crt" };
	scoped(arena_end) struct arena arena;
	int64_t now = server_now;
	size_t hurt = 0;

	arena_init(&arena, MEMORY);
	for (struct failing f = { 0 }; failing_next(&f);) {
		struct reconcile r = agent_new();
		struct str served, pair;
		int done;

		f.n += renewal_leaves_out(&f);
		server_restore(kept);
		server_now = now;
		arena_done(&arena);
		served = secret_part(&arena, "ca.crt");
		pair = issued[round] ? secret_part(&arena, issued[round]) : STR("");
		failing_begin(&f);
		done = round_of(&r);
		failing_end(&f);
		hurt += done < 0;
		ck_assert_msg(done == 0 || (f.failed && *r.view.error), "%s", r.view.error);
		cluster_is_served(&f);
		ca_is_trusted(&f, served);
		if (done == 0 && f.failed) /* it was made good, or was of no matter */
			continue;
		server_now += done == 0 ? RENEWAL_GAP : 0;
		renewal_ends(&f, &r, ROUNDS - round - (done == 0));
		ck_assert_msg(!pair.n || str_eq(pair, secret_part(&arena, "tls.crt")),
			      WHERE "another pair was issued", AT(&f));
	}
	ck_assert_uint_gt(hurt, 10);
}

START_TEST(a_renewal)
{
	struct reconcile r = agent_new();
	cJSON *kept[OBJECTS];

	server_start();
	for (int i = 0; i < 4; i++, server_now += RENEWAL_GAP)
		ck_assert_int_eq(round_of(&r), 0);
	server_now += RENEWAL_DUE;
	for (int round = 0; round < _i; round++, server_now += RENEWAL_GAP)
		ck_assert_int_eq(round_of(&r), 0);
	server_keep(kept);
	renewal_round(_i, kept);
	for (int i = 0; i < OBJECTS; i++)
		cJSON_Delete(kept[i]);
	server_stop();
}
END_TEST

/* Another one's pair, of a new CA. */
static void source_write(void)
{
	scoped(arena_end) struct arena arena;
	const struct certs_order order = {
		.names = names, .names_n = 1, .days = 90, .now = server_now
	};
	struct certs_issued made;
	struct err err = { .kind = ERR_NONE };
	cJSON *data;

	arena_init(&arena, MEMORY);
	ck_assert_msg(certs_issue(&order, &made, &err) == 0, "%s", err.msg);
	cJSON_DeleteItemFromObjectCaseSensitive(objects[SOURCE], "data");
	data = cJSON_AddObjectToObject(objects[SOURCE], "data");
	cJSON_AddStringToObject(data, "tls.crt", base64_encode(str_of(made.cert), &arena).s);
	cJSON_AddStringToObject(data, "tls.key", base64_encode(str_of(made.key), &arena).s);
	cJSON_AddStringToObject(data, "ca.crt", base64_encode(str_of(made.ca), &arena).s);
	certs_issued_done(&made);
}

/* The rounds of a renewal in which its pair becomes the next one, and the one that is shown. */
START_TEST(a_pair_of_another)
{
	cJSON *kept[OBJECTS];
	struct reconcile r;

	foreign = true;
	server_start();
	source_write();
	r = agent_new();
	for (int i = 0; i < 4; i++, server_now += RENEWAL_GAP)
		ck_assert_int_eq(round_of(&r), 0);
	source_write();
	for (int round = 0; round < _i; round++, server_now += RENEWAL_GAP)
		ck_assert_int_eq(round_of(&r), 0);
	server_keep(kept);
	renewal_round(_i, kept);
	for (int i = 0; i < OBJECTS; i++)
		cJSON_Delete(kept[i]);
	server_stop();
	foreign = false;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out of memory");
	TCase *tc = tcase_create("agent");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, the_first_round);
	tcase_add_test(tc, a_round_with_nothing_to_do);
	tcase_add_loop_test(tc, a_renewal, 0, ROUNDS);
	tcase_add_loop_test(tc, a_pair_of_another, 0, ROUND_DROP);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
