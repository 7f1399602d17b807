/* SPDX-License-Identifier: Apache-2.0
 * cmd_certs.c - `oke-guard certs`: issue, check, show.
 *
 * The folder that `issue` writes is the one that `check --dir`, `show --dir` and
 * `serve` read; its files have the names that Kubernetes TLS Secrets use.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "cli/certs_show.h"
#include "cli/cmd.h"
#include "lib/base/nearest.h"
#include "lib/base/options.h"
#include "lib/base/time.h"

#define FILES_MEMORY_MAX (8u << 20) /* the CA's file and the names of one run */
#define NAMES_MAX        (OPTION_LIST_MAX + 4)
#define DAY              86400

static int cmd_certs_complain(const char *command, const struct err *err)
{
	program_complain("oke-guard certs %s: %s\n", command, err->msg);
	return EXIT_INPUT;
}

/* ---- what may be asked for, the same for all three ---- */

struct cmd_certs_options {
	const char *dir, *cert, *key, *ca, *service, *namespace, *algorithm, *format;
	struct option_list names;
	long days;
	bool keep_ca_key, force, if_due;
};

struct cmd_certs_names {
	const char *v[NAMES_MAX];
	size_t n;
};

static const char *cmd_certs_join(struct arena *arena, const char *a, const char *between,
				  const char *b)
{
	struct text t;

	text_init(&t, arena, 4096);
	text_puts(&t, a);
	text_puts(&t, between);
	text_puts(&t, b);
	return t.full ? NULL : t.s;
}

static int cmd_certs_names_add(struct cmd_certs_names *names, const char *name, struct err *err)
{
	if (!name)
		return err_set(err, ERR_USAGE, "--service or --namespace is too long");
	names->v[names->n++] = name;
	return 0;
}

/* The API server calls a service as <service>.<namespace>.svc. */
static int cmd_certs_names_of_service(const struct cmd_certs_options *a, struct arena *arena,
				      struct cmd_certs_names *names, struct err *err)
{
	static const char *const ends[] = { ".svc", ".svc.cluster.local", "" };
	const char *base;

	if (!a->service && !a->namespace)
		return 0;
	if (!a->service || !a->namespace)
		return err_set(err, ERR_USAGE, "--service and --namespace go together");
	base = cmd_certs_join(arena, a->service, ".", a->namespace);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		if (cmd_certs_names_add(
			    names, base ? cmd_certs_join(arena, base, ends[i], "") : NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int cmd_certs_names_of(const struct cmd_certs_options *a, struct arena *arena,
			      struct cmd_certs_names *names, struct err *err)
{
	*names = (struct cmd_certs_names){ .n = 0 };
	if (cmd_certs_names_of_service(a, arena, names, err) < 0)
		return -1;
	for (size_t i = 0; i < a->names.n; i++)
		names->v[names->n++] = a->names.v[i];
	return 0;
}

/* --dir stands for the three files in it; its ca.crt need not be there. */
static int cmd_certs_files_of(struct cmd_certs_options *a, struct arena *arena, struct err *err)
{
	if (a->dir && (a->cert || a->key || a->ca))
		return err_set(err, ERR_USAGE, "give --dir, or --cert, --key and --ca");
	if (!a->dir)
		return 0;
	a->cert = cmd_certs_join(arena, a->dir, "/", "tls.crt");
	a->key = cmd_certs_join(arena, a->dir, "/", "tls.key");
	a->ca = cmd_certs_join(arena, a->dir, "/", "ca.crt");
	if (!a->cert || !a->key || !a->ca)
		return err_set(err, ERR_USAGE, "--dir is too long");
	if (access(a->ca, F_OK) < 0)
		a->ca = NULL;
	return 0;
}

static void cmd_certs_print_validity(const char *indent, int64_t from, int64_t to, int64_t now)
{
	int64_t renew = certs_renew_at(from, to);
	char until[TIME_TEXT], due[TIME_TEXT];

	time_print(to, until);
	time_print(renew, due);
	printf("%sgood until %s (%lld days); renewal is due %s %s\n", indent, until,
	       (long long)((to - now + DAY / 2) / DAY), now >= renew ? "since" : "from", due);
}

/* ---- issue ---- */

enum cmd_certs_found { FOUND_NOTHING, FOUND_GOOD, FOUND_FAULTY, FOUND_UNREADABLE };

/* What is there already? *kp is the pair of FOUND_GOOD and FOUND_FAULTY. */
static enum cmd_certs_found cmd_certs_look_at(const struct cmd_certs_options *a, int64_t now,
					      struct keypair **kp, struct err *err)
{
	struct keypair_want want = { .now = now };

	if (access(a->cert, F_OK) < 0 && access(a->key, F_OK) < 0)
		return FOUND_NOTHING;
	if (!(*kp = keypair_read(a->cert, a->key, err)))
		return FOUND_UNREADABLE;
	return keypair_check(*kp, &want, err) < 0 ? FOUND_FAULTY : FOUND_GOOD;
}

static bool cmd_certs_is_due(const struct keypair *kp, const struct cmd_certs_names *names,
			     int64_t now)
{
	struct keypair_want want = { .now = now, .names = names->v, .names_n = names->n };
	struct err err;

	return certs_due(keypair_not_before(kp), keypair_not_after(kp), now) ||
	       keypair_check(kp, &want, &err) < 0;
}

static void cmd_certs_print_names(const struct certificate *c)
{
	for (size_t i = 0; i < c->names_n; i++)
		printf("%s%s", i ? ", " : "", c->names[i]);
	putchar('\n');
}

/* -1: go on and issue; else the exit status. */
static int cmd_certs_keep(const struct cmd_certs_options *a, const struct cmd_certs_names *names,
			  int64_t now)
{
	struct keypair *kp = NULL;
	struct err err;
	enum cmd_certs_found found = cmd_certs_look_at(a, now, &kp, &err);
	int status = -1;

	if (found == FOUND_UNREADABLE && !a->force) {
		program_complain("oke-guard certs issue: %s; --force replaces it\n", err.msg);
		status = EXIT_INPUT;
	} else if (found == FOUND_GOOD && a->if_due && !a->force &&
		   !cmd_certs_is_due(kp, names, now)) {
		printf("%s: kept, ", a->cert);
		cmd_certs_print_validity("", keypair_not_before(kp), keypair_not_after(kp), now);
		status = EXIT_CLEAN;
	} else if (found == FOUND_GOOD && !a->if_due && !a->force) {
		program_complain(
			"oke-guard certs issue: %s is good; --if-due renews it when it is time, "
			"--force now\n",
			a->cert);
		status = EXIT_INPUT;
	}
	keypair_unref(kp);
	return status;
}

static int cmd_certs_issue(const struct cmd_certs_options *a, const struct cmd_certs_names *names,
			   int64_t now, struct err *err)
{
	struct certs_order order = {
		.names = names->v,
		.names_n = names->n,
		.algorithm = !strcmp(a->algorithm, "p384") ? CERTS_P384 : CERTS_P256,
		.days = (unsigned)a->days,
		.now = now,
		.keep_ca_key = a->keep_ca_key,
	};
	struct certs_issued issued;
	struct keypair *kp = NULL;
	int r;

	if (certs_issue(&order, &issued, err) < 0)
		return -1;
	r = certs_write(a->dir, &issued, err);
	certs_issued_done(&issued);
	if (r < 0 || !(kp = keypair_read(a->cert, a->key, err)))
		return -1;
	printf("%s, tls.key and ca.crt%s are new, for ", a->cert,
	       a->keep_ca_key ? " (with ca.key)" : "");
	cmd_certs_print_names(keypair_leaf(kp));
	cmd_certs_print_validity("  ", keypair_not_before(kp), keypair_not_after(kp), now);
	keypair_unref(kp);
	return 0;
}

static int cmd_certs_run_issue(struct cmd_certs_options *a, struct arena *arena, struct err *err)
{
	struct cmd_certs_names names;
	int64_t now = time(NULL);
	int status;

	if (!a->dir)
		return err_set(err, ERR_USAGE, "--dir is missing: the folder to write to");
	if (cmd_certs_files_of(a, arena, err) < 0 || cmd_certs_names_of(a, arena, &names, err) < 0)
		return -1;
	if (!names.n)
		return err_set(err, ERR_USAGE,
			       "name what it serves: --service oke-guard --namespace oke-guard, "
			       "or --name localhost");
	if ((status = cmd_certs_keep(a, &names, now)) >= 0)
		return status;
	return cmd_certs_issue(a, &names, now, err) < 0 ? -1 : EXIT_CLEAN;
}

static int cmd_certs_issue_command(int argc, char **argv, struct cmd_certs_options *a,
				   struct arena *arena, struct err *err)
{
	const struct option_def defs[] = {
		{ "dir", 0, OPTION_STRING, &a->dir, "DIR", NULL, 0, 0, NULL,
		  "folder for tls.crt, tls.key and ca.crt; made if missing" },
		{ "name", 0, OPTION_LIST, &a->names, "NAME", NULL, 0, 0, NULL,
		  "a DNS name or IP address to serve; may be repeated" },
		{ "service", 0, OPTION_STRING, &a->service, "SVC", NULL, 0, 0, NULL,
		  "serve this service's names in the cluster; with --namespace" },
		{ "namespace", 0, OPTION_STRING, &a->namespace, "NS", NULL, 0, 0, NULL,
		  "the service's namespace" },
		{ "days", 0, OPTION_NUMBER, &a->days, "N", NULL, 1, CERTS_DAYS_MAX, NULL,
		  "validity of both certificates (365)" },
		{ "algorithm", 0, OPTION_CHOICE, &a->algorithm, NULL, NULL, 0, 0, "p256|p384",
		  "elliptic curve of the keys (p256)" },
		{ "keep-ca-key", 0, OPTION_FLAG, &a->keep_ca_key, NULL, NULL, 0, 0, NULL,
		  "write the CA's key as ca.key; else nobody ever has it" },
		{ "if-due", 0, OPTION_FLAG, &a->if_due, NULL, NULL, 0, 0, NULL,
		  "leave a good pair alone until two thirds of its life are over" },
		{ "force", 0, OPTION_FLAG, &a->force, NULL, NULL, 0, 0, NULL,
		  "replace what is there, whatever it is" },
	};
	static const struct command_help help = {
		"oke-guard certs issue --dir DIR [--name NAME]... [--service SVC --namespace NS]",
		"Makes a CA and a certificate for the webhook's server, signed "
		"by it. The CA's key\n"
		"is thrown away: each renewal brings a new CA. All files change at one moment.",
		"  oke-guard certs issue --dir certs --service oke-guard --namespace oke-guard\n"
		"  oke-guard certs issue --dir dev --name localhost --name 127.0.0.1 --if-due\n\n"
		"Exit status: 0 issued or kept, 2 wrong usage, or a good pair is there already.",
	};
	int rest, status;

	status = options_parse(&help, defs, sizeof defs / sizeof *defs, argc, argv, &rest);
	if (status >= 0)
		return status;
	if (rest < argc)
		return err_set(err, ERR_USAGE, "unexpected '%.60s'", argv[rest]);
	return cmd_certs_run_issue(a, arena, err);
}

/* ---- check ---- */

static int cmd_certs_print_faults(const char *file, const struct keypair_fault *faults, size_t n)
{
	printf("%s: %zu fault%s\n", file, n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n && i < KEYPAIR_FAULTS_MAX; i++)
		printf("  %s\n", faults[i].text);
	if (n > KEYPAIR_FAULTS_MAX)
		printf("  and %zu more\n", n - KEYPAIR_FAULTS_MAX);
	return EXIT_FINDINGS;
}

static int cmd_certs_check_pair(const struct cmd_certs_options *a, const struct keypair *kp,
				const struct keypair_want *want)
{
	struct keypair_fault faults[KEYPAIR_FAULTS_MAX];
	size_t n = keypair_faults(kp, want, faults);

	if (n)
		return cmd_certs_print_faults(a->cert, faults, n);
	printf("%s: good for ", a->cert);
	cmd_certs_print_names(keypair_leaf(kp));
	cmd_certs_print_validity("  ", keypair_not_before(kp), keypair_not_after(kp), want->now);
	if (!a->ca)
		printf("  whether clients trust it was not looked at: no CA was given\n");
	return EXIT_CLEAN;
}

static int cmd_certs_run_check(struct cmd_certs_options *a, struct arena *arena, struct err *err)
{
	struct keypair_want want = { .now = time(NULL) };
	struct keypair *kp;
	struct cmd_certs_names names;
	int status;

	if (cmd_certs_files_of(a, arena, err) < 0 || cmd_certs_names_of(a, arena, &names, err) < 0)
		return -1;
	if (!a->cert || !a->key)
		return err_set(err, ERR_USAGE, "what to check? --dir DIR, or --cert F --key F");
	if (a->ca && certs_file(a->ca, arena, &want.ca, err) < 0)
		return -1;
	if (!(kp = keypair_read(a->cert, a->key, err)))
		return -1;
	want.names = names.v;
	want.names_n = names.n;
	status = cmd_certs_check_pair(a, kp, &want);
	keypair_unref(kp);
	return status;
}

static int cmd_certs_check_command(int argc, char **argv, struct cmd_certs_options *a,
				   struct arena *arena, struct err *err)
{
	const struct option_def defs[] = {
		{ "dir", 0, OPTION_STRING, &a->dir, "DIR", NULL, 0, 0, NULL,
		  "folder with tls.crt, tls.key and, perhaps, ca.crt" },
		{ "cert", 0, OPTION_STRING, &a->cert, "FILE", NULL, 0, 0, NULL,
		  "the certificate chain, in place of --dir" },
		{ "key", 0, OPTION_STRING, &a->key, "FILE", NULL, 0, 0, NULL, "its key" },
		{ "ca", 0, OPTION_STRING, &a->ca, "FILE", NULL, 0, 0, NULL,
		  "the CA that clients trust (the webhook's caBundle)" },
		{ "name", 0, OPTION_LIST, &a->names, "NAME", NULL, 0, 0, NULL,
		  "a name that it must serve; may be repeated" },
		{ "service", 0, OPTION_STRING, &a->service, "SVC", NULL, 0, 0, NULL,
		  "it must serve this service's names; with --namespace" },
		{ "namespace", 0, OPTION_STRING, &a->namespace, "NS", NULL, 0, 0, NULL,
		  "the service's namespace" },
	};
	static const struct command_help help = {
		"oke-guard certs check {--dir DIR | --cert F --key F [--ca F]} [--name NAME]...",
		"Says in words what is wrong with a certificate and its key, and how long a good\n"
		"pair lasts: does the key fit, do dates and names hold, is the "
		"chain whole, are key\n"
		"and signature strong enough for API servers.",
		"  oke-guard certs check --dir certs --service oke-guard --namespace oke-guard\n"
		"  oke-guard certs check --cert tls.crt --key tls.key --name guard.example.com\n\n"
		"Exit status: 0 good, 1 faults, 2 wrong usage or a file that cannot be read.",
	};
	int rest, status;

	status = options_parse(&help, defs, sizeof defs / sizeof *defs, argc, argv, &rest);
	if (status >= 0)
		return status;
	if (rest < argc)
		return err_set(err, ERR_USAGE, "unexpected '%.60s'", argv[rest]);
	return cmd_certs_run_check(a, arena, err);
}

/* ---- show ---- */

static int cmd_certs_run_show(struct cmd_certs_options *a, struct arena *arena, struct err *err)
{
	const char *files[2];
	size_t n = 0;

	if (cmd_certs_files_of(a, arena, err) < 0)
		return -1;
	if (a->cert)
		files[n++] = a->cert;
	if (a->ca)
		files[n++] = a->ca;
	if (!n)
		return err_set(err, ERR_USAGE, "what to show? --dir DIR, --cert F or --ca F");
	return certs_show(files, n, !strcmp(a->format, "json"), time(NULL), err);
}

static int cmd_certs_show_command(int argc, char **argv, struct cmd_certs_options *a,
				  struct arena *arena, struct err *err)
{
	const struct option_def defs[] = {
		OPTION_ROW_OUTPUT(&a->format, "how (text)"),
		{ "dir", 0, OPTION_STRING, &a->dir, "DIR", NULL, 0, 0, NULL,
		  "folder with tls.crt and, perhaps, ca.crt" },
		{ "cert", 0, OPTION_STRING, &a->cert, "FILE", NULL, 0, 0, NULL,
		  "a certificate chain, in place of --dir" },
		{ "ca", 0, OPTION_STRING, &a->ca, "FILE", NULL, 0, 0, NULL, "a CA bundle" },
	};
	static const struct command_help help = {
		"oke-guard certs show [-o text|json] {--dir DIR | --cert F | --ca F}",
		"Shows what certificates hold. Judges nothing: see `oke-guard certs check`.",
		"  oke-guard certs show --dir certs\n"
		"  oke-guard certs show --cert tls.crt -o json\n\n"
		"Exit status: 0 shown, 2 wrong usage or a file that cannot be read.",
	};
	int rest, status;

	status = options_parse(&help, defs, sizeof defs / sizeof *defs, argc, argv, &rest);
	if (status >= 0)
		return status;
	if (rest < argc)
		return err_set(err, ERR_USAGE, "unexpected '%.60s'", argv[rest]);
	return cmd_certs_run_show(a, arena, err);
}

/* ---- the table ---- */

static int cmd_certs_run_action(int (*run)(int argc, char **argv, struct cmd_certs_options *a,
					   struct arena *arena, struct err *err),
				int argc, char **argv)
{
	struct cmd_certs_options asked = { .days = 365, .algorithm = "p256", .format = "text" };
	scoped(arena_end) struct arena arena;
	struct err err;
	int status;

	arena_init(&arena, FILES_MEMORY_MAX);
	if ((status = run(argc, argv, &asked, &arena, &err)) < 0)
		return cmd_certs_complain(argv[0], &err);
	return fflush(stdout) ? EXIT_INPUT : status;
}

static int cmd_certs_main_issue(int argc, char **argv)
{
	return cmd_certs_run_action(cmd_certs_issue_command, argc, argv);
}

static int cmd_certs_main_check(int argc, char **argv)
{
	return cmd_certs_run_action(cmd_certs_check_command, argc, argv);
}

static int cmd_certs_main_show(int argc, char **argv)
{
	return cmd_certs_run_action(cmd_certs_show_command, argc, argv);
}

static const struct command rows[] = {
	{ "issue", "make a CA and a serving certificate", cmd_certs_main_issue, NULL },
	{ "check", "what is wrong with a pair, and how long it is good", cmd_certs_main_check,
	  NULL },
	{ "show", "what certificates hold", cmd_certs_main_show, NULL },
};

const struct commands certs_commands = {
	.program = "oke-guard certs",
	.about = "Issues, checks and shows the certificates of the webhook.",
	.example = ": issue, check or show",
	.v = rows,
	.n = sizeof rows / sizeof *rows,
};
