/* SPDX-License-Identifier: Apache-2.0
 * check_pick.c - kubeconfig files as kubectl reads them: which entry counts, what is relative to
 * what, and what is refused, with the place.
 */
#include "agent/kubeconfig/kubeconfig.h"

#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static char folder[64];
static struct arena arena;

static void setup(void)
{
	strcpy(folder, "/tmp/oke-guard-test-XXXXXX");
	ck_assert(mkdtemp(folder) != NULL);
	arena_init(&arena, KUBECONFIG_MEMORY);
	unsetenv("KUBECONFIG");
	unsetenv("HOME");
}

static void teardown(void)
{
	char command[128];

	kubeconfig_wipe(&arena);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert(f != NULL);
	fputs(text, f);
	fclose(f);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static int pick(const char *file, const char *context, struct kubeconfig *out, struct err *err)
{
	static struct kubeconfig_files files;

	*err = (struct err){ .kind = ERR_NONE };
	return kubeconfig_load(file, &arena, &files, err) < 0
		       ? -1
		       : kubeconfig_pick(&files, context, &arena, out, err);
}

#define HEAD                                                                                        \
	"apiVersion: v1\nkind: Config\ncurrent-context: a\nunknown: {x: [1]}\n"                     \
	"contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: d}}]\n" \
	"clusters:\n- {name: c, cluster: {server: 'https://10.0.0.1:6443', later: true}}\n"         \
	"- {name: d, cluster: {server: 'https://d'}}\n"
#define USER(members) HEAD "users: [{name: u, user: {" members "}}]\n"
#define CLUSTER(members)                                                                           \
	"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"                       \
	"clusters: [{name: c, cluster: {" members "}}]\n"
#define EXEC(members) USER("exec: {" members "}")
#define V1            "apiVersion: client.authentication.k8s.io/v1"

static const struct refusal_case {
	const char *why, *text, *said;
} refusals[] = {
	{ "no mapping", "[1]", "no mapping" },
	{ "no YAML", "a: [\n", "/config:" },
	{ "another kind", "kind: Secret", "kind Secret" },
	{ "another version", "apiVersion: v2", "apiVersion v2" },
	{ "no context at all", "{}", "no context is the current one" },
	{ "a context that is not there", "current-context: z\n", "there is no context 'z'" },
	{ "its names are told", "contexts: [{name: one}, {name: two}]\n", "there are: one, two" },
	{ "a cluster that is not there",
	  "current-context: a\ncontexts: [{name: a, context: {cluster: z}}]",
	  "names 'z', which is not in clusters" },
	{ "a user that is not there", HEAD, "names 'u', which is not in users" },
	{ "a name twice", "users: [{name: u}, {name: u}]", "twice" },
	{ "a key twice", USER("token: a, token: b"), "token" },
	{ "a list that is none", "users: {u: {}}", "users must be a list" },
	{ "an entry that is none", "users: [{name: a}, b]", "users[1] must be an entry" },
	{ "a name that is no text", "contexts: [{name: 7}]", "contexts[0] must be an entry" },
	{ "no server", CLUSTER(""), "no server" },
	{ "both CAs",
	  CLUSTER("server: x, certificate-authority: a, "
		  "certificate-authority-data: YQ=="),
	  "leave one" },
	{ "a CA that is not to be looked at",
	  CLUSTER("server: x, certificate-authority: a, insecure-skip-tls-verify: true"),
	  "leave one" },
	{ "no base64", CLUSTER("server: x, certificate-authority-data: '!'"), "no base64" },
	{ "a proxy of another kind", CLUSTER("server: x, proxy-url: 'ftp://p'"), "proxy-url" },
	{ "a flag that is none", CLUSTER("server: x, insecure-skip-tls-verify: maybe"),
	  "true or false" },
	{ "a token that is a number", USER("token: 12"), "token must be a text" },
	{ "auth-provider", USER("auth-provider: {name: oidc}"), "auth-provider 'oidc'" },
	{ "a certificate without a key", USER("client-certificate: a"), "the key is missing" },
	{ "a key without a certificate", USER("client-key-data: YQ=="),
	  "the certificate is missing" },
	{ "both certificates",
	  USER("client-certificate: a, client-certificate-data: YQ==, client-key: b"),
	  "client-certificate-data are both" },
	{ "two ways", USER("token: a, username: b, password: c"), "leave one" },
	{ "groups of nobody", USER("as-groups: [a]"), "need `as`" },
	{ "no command", EXEC(V1 ", interactiveMode: Never"), "exec.command is missing" },
	{ "an old plug-in", EXEC("command: a, apiVersion: client.authentication.k8s.io/v1alpha1"),
	  "v1alpha1' is not known" },
	{ "no version", EXEC("command: a"), "is not known" },
	{ "v1 must say how it asks", EXEC("command: a, " V1), "interactiveMode must be given" },
	{ "another mode", EXEC("command: a, interactiveMode: Perhaps, " V1), "'Perhaps'" },
	{ "arguments that are none", EXEC("command: a, interactiveMode: Never, args: [1], " V1),
	  "args[0] must be a text" },
	{ "a variable without a name",
	  EXEC("command: a, interactiveMode: Never, env: [{value: x}], " V1), "exec.env[0]" },
};

START_TEST(it_is_refused)
{
	const struct refusal_case *c = &refusals[_i];
	struct kubeconfig k;
	struct err err;

	write_file("config", c->text);
	ck_assert_msg(pick(path_of("config"), NULL, &k, &err) == -1, "%s: accepted", c->why);
	ck_assert_msg(strstr(err.msg, c->said) && strstr(err.msg, "/config"), "%s: %s", c->why,
		      err.msg);
}
END_TEST

START_TEST(the_system_says_why)
{
	struct kubeconfig k;
	struct err err;

	ck_assert_int_eq(symlink("loop", path_of("loop")), 0);
	ck_assert_int_eq(pick(path_of("loop"), NULL, &k, &err), -1);
	ck_assert_msg(strstr(err.msg, "/loop: Too many levels of symbolic links"), "%s", err.msg);
	ck_assert_int_eq(pick(folder, NULL, &k, &err), -1);
	ck_assert_msg(strstr(err.msg, "is a folder"), "%s", err.msg);
}
END_TEST

START_TEST(a_secret_is_never_said)
{
	struct kubeconfig k;
	struct err err;

	write_file("config", USER("token: geheim, username: x, password: [geheim]"));
	ck_assert_int_eq(pick(path_of("config"), NULL, &k, &err), -1);
	ck_assert_msg(!strstr(err.msg, "geheim"), "%s", err.msg);
}
END_TEST

START_TEST(the_first_file_wins)
{
	struct kubeconfig k;
	struct err err;
	char list[400];

	write_file("one", USER("token: first"));
	write_file("two", "current-context: b\nusers: [{name: u, user: {token: second}}, "
			  "{name: v, user: {token: third}}]\n"
			  "contexts: [{name: m, context: {cluster: d, user: v}}]\n");
	snprintf(list, sizeof list, "%s/none::%s/one:%s/two:%s/one", folder, folder, folder,
		 folder);
	setenv("KUBECONFIG", list, 1);
	ck_assert_msg(pick(NULL, NULL, &k, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(k.context.s, "a");
	ck_assert_str_eq(k.token.s, "first");
	ck_assert_str_eq(k.server.s, "https://10.0.0.1:6443");
	/* A context of one file, a cluster of another. */
	ck_assert_int_eq(pick(NULL, "m", &k, &err), 0);
	ck_assert_str_eq(k.token.s, "third");
	ck_assert_str_eq(k.server.s, "https://d");
	/* A file that stands twice is one. */
	ck_assert_int_eq(pick(NULL, "z", &k, &err), -1);
	ck_assert_msg(strstr(err.msg, "there are: a, b, m") && !strstr(err.msg, "m, a"), "%s",
		      err.msg);
	/* One that is named counts alone. */
	ck_assert_int_eq(pick(path_of("two"), NULL, &k, &err), -1);
	ck_assert_int_eq(pick(path_of("none"), NULL, &k, &err), -1);
	ck_assert(strstr(err.msg, "no such file") != NULL);
}
END_TEST

START_TEST(home_counts_without_a_list)
{
	struct kubeconfig k;
	struct err err;
	char path[128];

	snprintf(path, sizeof path, "%s/.kube", folder);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	write_file(".kube/config", USER("token: home"));
	setenv("HOME", folder, 1);
	setenv("KUBECONFIG", "", 1);
	ck_assert_msg(pick(NULL, NULL, &k, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(k.token.s, "home");
}
END_TEST

/* `kubectl proxy` is one: whoever reaches it is let in. */
START_TEST(a_context_may_have_no_user)
{
	struct kubeconfig k;
	struct err err;

	write_file("config", CLUSTER("server: 'http://127.0.0.1:8001'"));
	ck_assert_msg(pick(path_of("config"), NULL, &k, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(k.server.s, "http://127.0.0.1:8001");
	ck_assert(!k.user.n && !k.token.n && !k.cert_file.n && !k.plugin.command);
}
END_TEST

START_TEST(paths_begin_at_the_file)
{
	struct kubeconfig k;
	struct err err;
	char want[128];

	write_file("config",
		   USER("client-certificate: sub/a.pem, client-key: /abs/b.pem, tokenFile: t, "
			"exec: {command: ./run.sh, interactiveMode: Never, " V1 "}"));
	ck_assert_msg(pick(path_of("config"), NULL, &k, &err) == 0, "%s", err.msg);
	snprintf(want, sizeof want, "%s/sub/a.pem", folder);
	ck_assert_str_eq(k.cert_file.s, want);
	ck_assert_str_eq(k.key_file.s, "/abs/b.pem");
	snprintf(want, sizeof want, "%s/t", folder);
	ck_assert_str_eq(k.token_file.s, want);
	snprintf(want, sizeof want, "%s/./run.sh", folder);
	ck_assert_str_eq(k.plugin.command, want);
}
END_TEST

static const char plugin[] =
	"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
	"clusters: [{name: c, cluster: {server: x, extensions: [{name: other, extension: 1}, {name: "
	"client.authentication.k8s.io/exec, extension: {audience: me}}]}}]\n"
	"users: [{name: u, user: {exec: {command: oci, args: [ce, cluster], env: [{name: A, "
	"value: b}], provideClusterInfo: true, installHint: get it, "
	"apiVersion: client.authentication.k8s.io/v1beta1}}}]\n";

START_TEST(a_plugin_is_read)
{
	struct kubeconfig k;
	struct err err;

	write_file("config", plugin);
	ck_assert_msg(pick(path_of("config"), NULL, &k, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(k.plugin.command, "oci");
	ck_assert_uint_eq(k.plugin.args.n, 2);
	ck_assert_str_eq(k.plugin.args.v[1].s, "cluster");
	ck_assert_str_eq(k.plugin.names.v[0].s, "A");
	ck_assert_str_eq(k.plugin.values.v[0].s, "b");
	ck_assert_str_eq(k.plugin.hint, "get it");
	ck_assert(k.plugin.wants_cluster && k.plugin.mode == PLUGIN_IF_AVAILABLE);
	ck_assert(str_is(json_str(json_get(k.plugin.config, STR("audience"))), "me"));
}
END_TEST

/* Whatever memory ends at: all of it is picked, or it is said that it cannot be. */
START_TEST(every_limit_of_memory)
{
	static struct kubeconfig_files files;
	struct err err = { .kind = ERR_NONE };
	size_t failed = 0;
	bool done = false;

	write_file("config", plugin);
	ck_assert_int_eq(kubeconfig_load(path_of("config"), &arena, &files, &err), 0);
	for (size_t limit = 0; !done; limit += 8) {
		struct kubeconfig k;
		struct arena small;

		arena_init(&small, limit);
		err = (struct err){ .kind = ERR_NONE };
		done = kubeconfig_pick(&files, NULL, &small, &k, &err) == 0;
		ck_assert_msg(done || err.kind != ERR_NONE, "%zu: nothing is said", limit);
		ck_assert_msg(done || err.kind != ERR_USAGE, "%zu: %s", limit, err.msg);
		ck_assert(!done ||
			  (str_is(k.server, "x") && k.plugin.command && k.plugin.args.n == 2 &&
			   k.plugin.hint && str_is(k.plugin.values.v[0], "b")));
		failed += !done;
		arena_done(&small);
		ck_assert_uint_lt(limit, 100000);
	}
	ck_assert_uint_gt(failed, 10);
}
END_TEST

START_TEST(an_empty_file_is_none)
{
	struct kubeconfig k;
	struct err err;
	char list[300];

	write_file("empty", "# nothing\n");
	write_file("one", USER("token: first"));
	snprintf(list, sizeof list, "%s/empty:%s/one", folder, folder);
	setenv("KUBECONFIG", list, 1);
	ck_assert_msg(pick(NULL, NULL, &k, &err) == 0, "%s", err.msg);
}
END_TEST

START_TEST(the_environments_proxy)
{
	const char *no;

	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("NO_PROXY");
	setenv("no_proxy", "10.0.0.0/8", 1);
	setenv("HTTP_PROXY", "http://other", 1);
	ck_assert(!kubeconfig_environment_proxy("https://a:6443", &no));
	setenv("https_proxy", "http://small", 1);
	ck_assert_str_eq(kubeconfig_environment_proxy("https://a:6443", &no), "http://small");
	ck_assert_str_eq(no, "10.0.0.0/8");
	setenv("HTTPS_PROXY", "http://large", 1);
	ck_assert_str_eq(kubeconfig_environment_proxy("https://a:6443", &no), "http://large");
	ck_assert(!kubeconfig_environment_proxy("https://127.0.0.1:6443", &no));
	ck_assert(!kubeconfig_environment_proxy("https://localhost/x", &no));
	ck_assert(!kubeconfig_environment_proxy("https://[::1]:6443", &no));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pick");
	TCase *tc = tcase_create("kubeconfig");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, it_is_refused, 0, sizeof refusals / sizeof *refusals);
	tcase_add_test(tc, the_system_says_why);
	tcase_add_test(tc, a_secret_is_never_said);
	tcase_add_test(tc, the_first_file_wins);
	tcase_add_test(tc, home_counts_without_a_list);
	tcase_add_test(tc, a_context_may_have_no_user);
	tcase_add_test(tc, paths_begin_at_the_file);
	tcase_add_test(tc, a_plugin_is_read);
	tcase_add_test(tc, every_limit_of_memory);
	tcase_add_test(tc, an_empty_file_is_none);
	tcase_add_test(tc, the_environments_proxy);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
