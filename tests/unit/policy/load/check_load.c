/* SPDX-License-Identifier: Apache-2.0
 * check_load.c - files to the model: what the configuration keeps of its defaults,
 * folders as Kubernetes mounts them, limits, and memory that runs out at every step.
 */
#include "policy/load/documents.h"

#include <sys/stat.h>

#include "oke/policy_print.h"
#include "tests/unit/judged.h"
#include "tests/unit/suite.h"

/* A text in a file of its own, under a name that is deleted at once. */
static char *judge_text(const char *text)
{
	char path[] = "/tmp/check_load.XXXXXX", *said;
	int fd = mkstemp(path);
	char *stripped, *at;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	said = judge_file(path, false);
	unlink(path);
	while ((at = strstr(said, path))) { /* leave line and column */
		stripped = at + strlen(path);
		memmove(at, stripped, strlen(stripped) + 1);
	}
	return said;
}

/* ---- the configuration ---- */

struct loaded {
	struct arena arena;
	struct model model;
	char path[32];
};

static void load_config_text(struct loaded *l, const char *spec)
{
	struct policy_source src = { .config = l->path, .no_builtin = true };
	struct policy_report report;
	struct judged_said said;
	char *text;
	FILE *f;

	strcpy(l->path, "/tmp/check_load.XXXXXX");
	f = fdopen(mkstemp(l->path), "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f,
		"apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: x}\n"
		"spec: %s\n",
		spec);
	fclose(f);
	arena_init(&l->arena, MEMORY);
	said_start(&said, &report);
	model_load(&src, &l->arena, &l->model, &report);
	text = said_end(&said);
	unlink(l->path);
	ck_assert_msg(!*text, "%s", text);
	free(text);
}

static size_t patterns(const struct name_pattern *p)
{
	size_t n = 0;

	for (; p; p = p->next)
		n++;
	return n;
}

START_TEST(defaults)
{
	struct arena arena;
	struct config c;

	arena_init(&arena, MEMORY);
	ck_assert_int_eq(config_defaults(&arena, &c), 0);
	ck_assert_int_eq(c.mode, MODE_ENFORCE);
	ck_assert_int_eq(c.tiers[TIER_SUPPORTED], ACTION_ALLOW);
	ck_assert_int_eq(c.tiers[TIER_BEST_EFFORT], ACTION_WARN);
	ck_assert_int_eq(c.tiers[TIER_UNSUPPORTED], ACTION_DENY);
	ck_assert_int_eq(c.on_error, ACTION_ALLOW);
	ck_assert_int_eq(c.unknown_cap, ACTION_WARN);
	ck_assert_uint_eq(c.exception_max_days, 90);
	ck_assert_uint_eq(patterns(c.customer.users), 4);
	ck_assert(c.customer.users->prefix && str_is(c.customer.users->text, "ocid1.user."));
	ck_assert_uint_eq(c.customer_except_namespaces.n, 1);
	ck_assert(str_is(c.customer.accounts->next->namespace, "kube-system"));
	ck_assert(str_is(c.customer.accounts->next->name, "kubeconfig-sa"));
	ck_assert(str_is(c.self_namespace, "oke-guard"));
	ck_assert(!c.facts && !c.overrides && !c.exempt.users && !c.origin.file);
	arena_done(&arena);
}
END_TEST

START_TEST(a_key_replaces_its_own_default_alone)
{
	struct loaded l;
	const struct config *c = &l.model.config;

	load_config_text(
		&l,
		"{tiers: {unsupported: audit}, identities: {customer: {users: [], "
		"serviceAccounts: {names: [kube-system/ci]}}, sets: {npn-writers: {}, "
		"mine: {users: [me]}}}, cluster: {addons: {Istio: {discovery.EnvVariables: x}}}}");
	ck_assert_int_eq(c->tiers[TIER_UNSUPPORTED], ACTION_AUDIT);
	ck_assert_int_eq(c->tiers[TIER_BEST_EFFORT], ACTION_WARN);
	ck_assert_ptr_null(c->customer.users);
	ck_assert_uint_eq(c->customer_except_namespaces.n, 1); /* or kube-system were customers */
	ck_assert(str_is(c->customer.accounts->name, "ci") && !c->customer.accounts->next);
	ck_assert(str_is(c->sets->name, "dns-autoscaler") && c->sets->members.accounts);
	ck_assert(str_is(c->sets->next->name, "npn-writers") && !c->sets->next->members.accounts);
	ck_assert(str_is(c->sets->next->next->next->next->name, "mine"));
	ck_assert(str_is(c->facts->name, "addons.Istio.discovery.EnvVariables") &&
		  str_is(c->facts->value, "x"));
	ck_assert_ptr_null(c->facts->next);
	arena_done(&l.arena);
}
END_TEST

START_TEST(self_is_replaced_whatever_the_order)
{
	const char *paths[] = { "tests/data/policies/good/policy.yaml",
				"tests/data/policies/good/config.yaml" };
	const struct policy_source src = { .paths = paths, .paths_n = 2, .no_builtin = true };
	struct arena arena;
	struct model model;
	const struct object_ref *o;
	char *said;

	arena_init(&arena, MEMORY);
	said = judge_source(&src, &arena, &model);
	ck_assert_msg(!*said, "%s", said);
	o = model.policies->objects->next;
	ck_assert(str_is(o->namespace, "guard") && str_is(o->name_prefix, "og-"));
	free(said);
	arena_done(&arena);
}
END_TEST

START_TEST(a_policy_is_read_whole)
{
	const char *path = "tests/data/policies/good/policy.yaml";
	const struct policy_source src = { .paths = &path, .paths_n = 1, .no_builtin = true };
	struct arena arena;
	struct model model;
	const struct rule *r;
	char *said;

	arena_init(&arena, MEMORY);
	said = judge_source(&src, &arena, &model);
	ck_assert_msg(!*said, "%s", said);
	free(said);
	ck_assert_uint_eq(model.policies_n, 1);
	ck_assert_uint_eq(model.rules_n, 9);
	ck_assert(str_is(model.policies->addon->arguments->object, "coredns"));
	ck_assert_ptr_null(model.policies->addon->arguments->next->object.s);
	r = model.policies->rules;
	ck_assert(str_is(r->name, "autoscaler") && r->operations == OP_UPDATE);
	ck_assert(r->subresources.n == 1 && str_is(r->subresources.v[0], "scale"));
	r = r->next->next->next;
	ck_assert(str_is(r->name, "conditions"));
	ck_assert_uint_eq(r->operations, OP_CREATE | OP_UPDATE | OP_DELETE);
	ck_assert(r->subresources.n == 1 && !r->subresources.v[0].n);
	ck_assert(r->when->kind == WHEN_IN && r->when->in.n == 2);
	ck_assert_uint_eq(r->when->next->specials, SPECIAL_EXEMPT_ACCOUNT | SPECIAL_SET_ACCOUNT);
	ck_assert(r->when->next->in.n == 1 && str_is(r->when->next->in.v[0], "other"));
	ck_assert_int_eq(r->when->next->next->kind, WHEN_EXISTS);
	ck_assert_int_eq(r->when->next->next->next->kind, WHEN_ABSENT);
	ck_assert(r->has_action && r->action == ACTION_AUDIT && r->tier == TIER_BEST_EFFORT);
	ck_assert(str_is(r->cluster->next->fact, "addons.CoreDNS.managed"));
	ck_assert_ptr_eq(r->policy, model.policies);
	arena_done(&arena);
}
END_TEST

START_TEST(an_exception_is_read_whole)
{
	const char *path = "tests/data/policies/good/exception.yaml";
	const struct policy_source src = { .paths = &path, .paths_n = 1 };
	struct arena arena;
	struct model model;
	const struct exception *e;
	char *said;

	arena_init(&arena, MEMORY);
	said = judge_source(&src, &arena, &model);
	ck_assert_msg(!*said, "%s", said);
	free(said);
	ck_assert_uint_eq(model.exceptions_n, 2);
	e = model.exceptions;
	ck_assert(str_is(e->rules->next->policy, "coredns") &&
		  str_is(e->rules->next->rule, "scale"));
	ck_assert(str_is(e->identities.accounts->namespace, "ci"));
	ck_assert(str_is(e->ticket, "SR 3-1234567890") && e->action == ACTION_AUDIT);
	ck_assert_int_eq(e->expires, 4951670400);
	ck_assert_int_eq(e->expires - e->not_before, 7 * 86400 + 3600);
	ck_assert_int_eq(e->next->action, ACTION_WARN);
	arena_done(&arena);
}
END_TEST

/* ---- folders ---- */

static void put(const char *folder, const char *name, const char *policy)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f,
		"apiVersion: oke-guard.internal/v1\nkind: SupportPolicy\nmetadata: {name: %s}\n"
		"spec:\n  title: x\n  objects: [{group: apps, resource: deployments}]\n"
		"  rules: [{name: a, operations: [DELETE], tier: supported}]\n",
		policy);
	fclose(f);
}

/* As Kubernetes mounts a ConfigMap: files in a hidden folder, names linked through ..data. */
START_TEST(a_mounted_folder)
{
	char folder[] = "/tmp/check_load.XXXXXX", data[64], path[128];
	const char *paths = folder;
	const struct policy_source src = { .paths = &paths, .paths_n = 1, .no_builtin = true };
	struct arena arena;
	struct model model;
	size_t told = 0;
	char *said;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(data, sizeof data, "%s/..2026_11_22", folder);
	ck_assert_int_eq(mkdir(data, 0700), 0);
	put(data, "b.yaml", "second");
	put(data, "a.yml", "first");
	snprintf(path, sizeof path, "%s/..data", folder);
	ck_assert_int_eq(symlink("..2026_11_22", path), 0);
	snprintf(path, sizeof path, "%s/a.yml", folder);
	ck_assert_int_eq(symlink("..data/a.yml", path), 0);
	snprintf(path, sizeof path, "%s/b.yaml", folder);
	ck_assert_int_eq(symlink("..data/b.yaml", path), 0);
	put(folder, ".hidden.yaml", "hidden");
	put(folder, "README.txt", "text");
	put(folder, "c.json", "third");
	snprintf(path, sizeof path, "%s/d.yaml", folder);
	ck_assert_int_eq(mkdir(path, 0700), 0); /* a folder is not descended, a pipe not awaited */
	snprintf(path, sizeof path, "%s/e.yaml", folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	arena_init(&arena, MEMORY);
	said = judge_source(&src, &arena, &model);
	for (const char *at = said; *at; at = strchr(at, '\n') + 1, told++)
		ck_assert_msg(!strncmp(at, "warning: ", 9) && strstr(at, " is not read: "), "%s",
			      said);
	/* Of d.yaml, e.yaml, .hidden.yaml and README.txt; not of ..data. */
	ck_assert_msg(told == 4 && !strstr(said, "..data"), "%s", said);
	free(said);
	ck_assert_uint_eq(model.policies_n, 3);
	ck_assert(str_is(model.policies->name, "first"));
	ck_assert(str_is(model.policies->next->name, "second"));
	ck_assert(str_is(model.policies->next->next->name, "third"));
	arena_done(&arena);
	snprintf(path, sizeof path, "rm -r %s", folder);
	ck_assert_int_eq(system(path), 0);
}
END_TEST

START_TEST(the_configuration_may_stand_in_the_folder)
{
	const char *path = "tests/data/policies/good";
	const struct policy_source src = { .paths = &path,
					   .paths_n = 1,
					   .config = "tests/data/policies/good/config.yaml" };
	struct arena arena;
	struct model model;
	char *said;

	arena_init(&arena, MEMORY);
	said = judge_source(&src, &arena, &model);
	/* the other configuration there is one too many, the one that was named is not */
	ck_assert_ptr_nonnull(strstr(said, "config-least.yaml:1:1: a second GuardConfig"));
	ck_assert_ptr_null(strstr(said, "/config.yaml:1:1: a second"));
	free(said);
	arena_done(&arena);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	char *said = judge_file("tests/data/policies/none.yaml", false);
	const struct policy_source src = { .config = "tests/data/policies/good/policy.yaml",
					   .no_builtin = true };
	struct arena arena;
	struct model model;

	ck_assert_str_eq(said, "tests/data/policies/none.yaml: cannot be read: No such file or "
			       "directory\n");
	free(said);
	arena_init(&arena, MEMORY);
	said = judge_source(&src, &arena, &model);
	ck_assert_ptr_nonnull(strstr(said, "policy.yaml: holds no GuardConfig: write one"));
	free(said);
	arena_done(&arena);
}
END_TEST

/* A report that nobody hears still counts. */
START_TEST(messages_that_nobody_hears)
{
	const char *path = "tests/data/policies/bad/labels.yaml";
	const struct policy_source src = { .paths = &path, .paths_n = 1, .no_builtin = true };
	struct policy_report report = { 0 };

	ck_assert_ptr_null(policy_set_new(&src, &report));
	ck_assert_uint_eq(report.errors, 5);
	ck_assert_uint_eq(report.warnings, 0);
}
END_TEST

/* ---- limits ---- */

START_TEST(errors_of_a_file_are_bounded)
{
	char *text = NULL, *said;
	size_t n = 0, lines = 0;
	FILE *f = open_memstream(&text, &n);

	fprintf(f, "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: "
		   "x}\nspec:\n");
	for (int i = 0; i < 150; i++)
		fprintf(f, "  key%d: x\n", i);
	fclose(f);
	said = judge_text(text);
	for (const char *p = said; (p = strchr(p, '\n')); p++)
		lines++;
	ck_assert_uint_eq(lines, 101);
	ck_assert_ptr_nonnull(strstr(said, ": ... and 50 more errors\n"));
	free(said);
	free(text);
}
END_TEST

static char *repeated(const char *head, const char *piece, size_t times)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	fputs(head, f);
	while (times--)
		fputs(piece, f);
	fclose(f);
	return text;
}

START_TEST(files_are_bounded)
{
	char *large = repeated("# ", "0123456789abcdef", 65536);
	char *nested = repeated("apiVersion: ", "[", 40);
	char *strings =
		repeated("apiVersion: oke-guard.internal/v1\nkind: SupportPolicy\n"
			 "metadata: {name: x}\nspec:\n  title: x\n  rules: [{name: a, "
			 "operations: [DELETE], tier: supported}]\n  objects:\n  - group: \"\"\n"
			 "    resource: pods\n    names: [a",
			 ",a", 1000);
	char *closed = repeated(strings, "]\n", 1), *said;

	said = judge_text(large);
	ck_assert_ptr_nonnull(strstr(said, "larger than 1048576 bytes: split it"));
	free(said);
	said = judge_text(nested);
	ck_assert_ptr_nonnull(strstr(said, "stand more than 32 deep"));
	free(said);
	said = judge_text(closed);
	ck_assert_ptr_nonnull(strstr(said, "\"names\" must hold 1 to 1000 texts"));
	free(said);
	free(large);
	free(nested);
	free(strings);
	free(closed);
}
END_TEST

START_TEST(messages_are_fit_for_a_terminal)
{
	char *said = judge_text("apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
				"metadata: {name: \"\\e[31m\\n\\u202ex\"}\nspec: {}\n");

	ck_assert_str_eq(said,
			 ":3:18: \"name\" must be lower-case letters, digits and \"-\", as in "
			 "coredns; it is \"\\x1b[31m\\x0a\\xe2\\x80\\xaex\"\n");
	free(said);
}
END_TEST

/* Every size of memory either suffices or is one clean failure. */
static void runs_out(const char *path)
{
	const struct policy_source src = { .paths = &path, .paths_n = 1, .no_builtin = true };
	size_t failures = 0;
	bool done = false;

	for (size_t memory = 0; !done; memory += 16) {
		struct policy_report report;
		struct arena arena;
		struct model model;
		struct judged_said said;
		char *text;

		ck_assert_uint_lt(memory, MEMORY);
		arena_init(&arena, memory);
		said_start(&said, &report);
		done = model_load(&src, &arena, &model, &report) == 0;
		text = said_end(&said);
		ck_assert_msg(done ? !*text : strstr(text, "out of memory while") != NULL, "%s: %s",
			      path, text);
		free(text);
		arena_done(&arena);
		failures += !done;
	}
	ck_assert_uint_gt(failures, 50);
}

START_TEST(memory_runs_out_anywhere)
{
	each_file("tests/data/policies/good", runs_out);
}
END_TEST

/* ---- schemas ---- */

START_TEST(each_kind_has_its_schema)
{
	static const char *const kinds[][2] = {
		{ "SupportPolicy", "\"const\": \"SupportPolicy\"" },
		{ "GuardConfig", "\"const\": \"GuardConfig\"" },
		{ "SupportException", "\"const\": \"SupportException\"" },
	};

	for (size_t i = 0; i < 3; i++) {
		struct str schema = policy_schema(str_of(kinds[i][0]));

		ck_assert_str_eq(policy_schema_kind(i), kinds[i][0]);
		ck_assert_msg(schema.s &&
				      memmem(schema.s, schema.n, kinds[i][1], strlen(kinds[i][1])),
			      "%s", kinds[i][0]);
	}
	ck_assert_ptr_null(policy_schema_kind(3));
	ck_assert_ptr_null(policy_schema(STR("Support")).s);
	ck_assert_ptr_null(policy_schema(STR("SupportPolicies")).s);
	ck_assert_ptr_null(policy_schema(STR("")).s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("load");
	TCase *tc = tcase_create("load");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, a_key_replaces_its_own_default_alone);
	tcase_add_test(tc, self_is_replaced_whatever_the_order);
	tcase_add_test(tc, a_policy_is_read_whole);
	tcase_add_test(tc, an_exception_is_read_whole);
	tcase_add_test(tc, a_mounted_folder);
	tcase_add_test(tc, the_configuration_may_stand_in_the_folder);
	tcase_add_test(tc, files_that_cannot_be_read);
	tcase_add_test(tc, messages_that_nobody_hears);
	tcase_add_test(tc, errors_of_a_file_are_bounded);
	tcase_add_test(tc, files_are_bounded);
	tcase_add_test(tc, messages_are_fit_for_a_terminal);
	tcase_add_test(tc, memory_runs_out_anywhere);
	tcase_add_test(tc, each_kind_has_its_schema);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
