/* SPDX-License-Identifier: Apache-2.0
 * check_plugin.c - exec plug-ins as processes: what they are told, what they may take and print,
 * and that nothing of them is left.
 */
#include "agent/kubeconfig/plugin.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/unit/suite.h"

#define V1           "client.authentication.k8s.io/v1"
#define BETA         "client.authentication.k8s.io/v1beta1"
#define GOOD(status) "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":" status "}"

static char folder[64], program[96];
static struct arena arena;
static struct kubeconfig config;
static struct str words[4];

static void setup(void)
{
	strcpy(folder, "/tmp/oke-guard-test-XXXXXX");
	ck_assert(mkdtemp(folder) != NULL);
	snprintf(program, sizeof program, "%s/plugin", folder);
	arena_init(&arena, 8u << 20);
	config = (struct kubeconfig){
		.server = STR("https://10.0.0.1:6443"),
		.plugin = { .command = program, .api_version = V1, .mode = PLUGIN_NEVER }
	};
}

static void teardown(void)
{
	char command[128];

	kubeconfig_wipe(&arena);
	snprintf(command, sizeof command, "/bin/rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void write_script(const char *text)
{
	FILE *f = fopen(program, "w");

	ck_assert(f != NULL);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	ck_assert_int_eq(chmod(program, 0700), 0);
}

static int run(long timeout, struct plugin_answer *out, struct err *err)
{
	struct plugin_call call = { .kubeconfig = &config, .stop = -1, .timeout = timeout };

	*err = (struct err){ .kind = ERR_NONE };
	return plugin_run(&call, &arena, out, err);
}

START_TEST(it_gives_a_token)
{
	struct plugin_answer a;
	struct err err;

	write_script("cat; echo '" GOOD("{\"token\":\"t\",\"expirationTimestamp\":"
					"\"2026-11-29T23:00:00.123Z\"}") "'");
	ck_assert_msg(run(20000, &a, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(a.token.s, "t");
	ck_assert_int_eq(a.expires, 1795993200);
}
END_TEST

/* What it is told: arguments as they are, the environment with the file's on top, no stdin. */
START_TEST(it_is_told)
{
	struct plugin_answer a;
	struct err err;

	words[0] = STR("two words");
	words[1] = STR("$HOME;`id`");
	config.plugin.args = (struct strings){ words, 2 };
	config.plugin.names = (struct strings){ (struct str[]){ STR("WHO"), STR("PATH") }, 2 };
	config.plugin.values =
		(struct strings){ (struct str[]){ STR("me"), STR("/bin:/usr/bin") }, 2 };
	config.plugin.wants_cluster = true;
	config.tls_name = STR("api.example");
	setenv("WHO", "someone else", 1);
	setenv("MORE", "kept", 1);
	write_script(
		"[ \"$1\" = 'two words' ] && [ \"$2\" = '$HOME;`id`' ] && [ $# = 2 ] &&\n"
		"[ \"$WHO$MORE$PATH\" = mekept/bin:/usr/bin ] && [ -z \"$(cat)\" ] &&\n"
		"[ \"$KUBERNETES_EXEC_INFO\" = '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
		"\",\"spec\":{\"interactive\":false,\"cluster\":{\"server\":"
		"\"https://10.0.0.1:6443\",\"tls-server-name\":\"api.example\",\"config\":null}}}' "
		"] ||\n{ echo \"$KUBERNETES_EXEC_INFO\" >&2; exit 3; }\n"
		"echo '" GOOD("{\"token\":\"t\"}") "'");
	ck_assert_msg(run(20000, &a, &err) == 0, "%s", err.msg);
}
END_TEST

static const struct failure_case {
	const char *why, *script, *said;
	long timeout;
} failures[] = {
	{ "it fails", "echo 'not logged in\x1b[31m' >&2; exit 7",
	  "failed (exit status 7): not logged in\\x1b[31m", 20000 },
	{ "it dies", "kill -9 $$", "signal 9", 20000 },
	{ "it hangs", "sleep 100 & sleep 100", "did not end within 1 s", 300 },
	{ "it ignores SIGTERM", "trap '' TERM; while :; do sleep 1; done", "did not end", 300 },
	{ "it prints 10 MB", "head -c 10000000 /dev/zero", "more than 64 KiB", 20000 },
	{ "it talks without end", "while :; do echo 'x x x x x x' >&2; done", "did not end", 300 },
	{ "it prints nothing", ":", "printed nothing", 20000 },
	{ "it prints no JSON", "echo secret-token", "no JSON", 20000 },
	{ "another kind", "echo '{\"kind\":\"Pod\"}'", "no ExecCredential", 20000 },
	{ "another version",
	  "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" BETA "\",\"status\":{}}'",
	  "the kubeconfig asks for " V1, 20000 },
	{ "no status", "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\"}'",
	  "has no status", 20000 },
	{ "an empty status", "echo '" GOOD("{}") "'", "neither a token nor", 20000 },
	{ "half a pair", "echo '" GOOD("{\"clientKeyData\":\"k\",\"token\":\"t\"}") "'", "not both",
	  20000 },
	{ "a date that is none",
	  "echo '" GOOD("{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}") "'", "no date",
	  20000 },
};

/* Somebody whom it started has its pipes still: what came is what it said, to the last byte. */
START_TEST(a_child_of_its_may_live_on)
{
	struct plugin_answer a;
	struct err err;
	static const char want[] = "failed (exit status 7): not logged in";

	write_script("echo '" GOOD("{\"token\":\"t\"}") "'; sleep 3 &");
	ck_assert_msg(run(20000, &a, &err) == 0, "%s", err.msg);
	write_script("sleep 3 & echo 'not logged in' >&2; exit 7");
	ck_assert_int_eq(run(20000, &a, &err), -1);
	ck_assert_msg(strlen(err.msg) > sizeof want &&
			      !strcmp(err.msg + strlen(err.msg) - sizeof want + 1, want),
		      "%s", err.msg);
}
END_TEST

START_TEST(it_fails)
{
	const struct failure_case *c = &failures[_i];
	long long before = clock_ms();
	struct plugin_answer a;
	struct err err;

	write_script(c->script);
	ck_assert_msg(run(c->timeout, &a, &err) == -1, "%s: accepted", c->why);
	ck_assert_msg(strstr(err.msg, c->said) && strstr(err.msg, "/plugin'"), "%s: %s", c->why,
		      err.msg);
	ck_assert_msg(!strstr(err.msg, "secret-token"), "%s", err.msg);
	ck_assert_msg(clock_ms() - before < 15000, "%s: %lld ms", c->why, clock_ms() - before);
}
END_TEST

START_TEST(its_children_end_too)
{
	struct plugin_answer a;
	struct err err;
	char pid[32] = "", path[96];
	pid_t child;
	FILE *f;

	snprintf(path, sizeof path, "%s/pid", folder);
	config.plugin.names = (struct strings){ (struct str[]){ STR("FILE") }, 1 };
	config.plugin.values = (struct strings){ (struct str[]){ str_of(path) }, 1 };
	write_script("sleep 100 & echo $! > $FILE.new; mv $FILE.new $FILE; wait");
	ck_assert_int_eq(run(2000, &a, &err), -1);
	f = fopen(path, "r");
	ck_assert(f && fgets(pid, sizeof pid, f));
	fclose(f);
	child = (pid_t)strtol(pid, NULL, 10);
	for (int i = 0; i < 100 && kill(child, 0) == 0; i++)
		usleep(20000); /* until somebody has waited for it: it may stay a zombie */
	snprintf(path, sizeof path, "/proc/%d/wchan", child);
	f = kill(child, 0) == 0 ? fopen(path, "r") : NULL;
	if (f) {
		char state[64] = "";

		ck_assert(fgets(state, sizeof state, f) == NULL || !strstr(state, "nanosleep"));
		fclose(f);
	}
}
END_TEST

START_TEST(it_is_not_there)
{
	struct plugin_answer a;
	struct err err;

	config.plugin.command = "oke-guard-no-such-program";
	config.plugin.hint = "Install it from the shop";
	ck_assert_int_eq(run(1000, &a, &err), -1);
	ck_assert_msg(strstr(err.msg, "in no folder of PATH. Install it from the shop"), "%s",
		      err.msg);
	config.plugin.command = program;
	ck_assert_int_eq(run(1000, &a, &err), -1);
	ck_assert_msg(strstr(err.msg, "No such file"), "%s", err.msg);
}
END_TEST

START_TEST(it_is_not_looked_for_here)
{
	struct plugin_answer a;
	struct err err;

	write_script("echo '" GOOD("{\"token\":\"t\"}") "'");
	ck_assert_int_eq(chdir(folder), 0);
	config.plugin.command = "plugin";
	setenv("PATH", ":.::relative", 1);
	ck_assert_int_eq(run(1000, &a, &err), -1);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(it_stops_when_told)
{
	struct plugin_answer a;
	struct err err;
	int ends[2];
	struct plugin_call call = { .kubeconfig = &config, .timeout = 20000 };

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	call.stop = ends[0];
	write_script("sleep 100");
	ck_assert_int_eq(plugin_run(&call, &arena, &a, &err), -1);
	ck_assert(strstr(err.msg, "stopped") != NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plugin");
	TCase *tc = tcase_create("plugin");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_gives_a_token);
	tcase_add_test(tc, it_is_told);
	tcase_add_test(tc, a_child_of_its_may_live_on);
	tcase_add_loop_test(tc, it_fails, 0, sizeof failures / sizeof *failures);
	tcase_add_test(tc, its_children_end_too);
	tcase_add_test(tc, it_is_not_there);
	tcase_add_test(tc, it_is_not_looked_for_here);
	tcase_add_test(tc, it_stops_when_told);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
