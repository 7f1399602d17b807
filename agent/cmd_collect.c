/* SPDX-License-Identifier: Apache-2.0
 * cmd_collect.c - `oke-guard-agent collect`: what `oke-guard scan` asks for, read from the API
 * server and passed on, a record a line.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd.h"
#include "agent/listing.h"
#include "lib/base/signals.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/time.h"
#include "lib/base/version.h"
#include "lib/json/json.h"

#define OUT_BUFFER   (64u << 10)
#define LINE_MEMORY  (64u << 10)
#define COLLECT_WAIT 30 /* seconds of one call */

/* Lines of standard input. */
struct collect_input {
	char buf[COLLECT_LINE_MAX + 1];
	size_t n, at; /* filled; where the next line begins */
};

static void collect_put_header(const struct access *a, FILE *out)
{
	scoped(arena_end) struct arena arena;
	struct text name, as;
	char date[TIME_TEXT];

	arena_init(&arena, LINE_MEMORY);
	text_init(&name, &arena, LINE_MEMORY / 4);
	json_quote(str_of(a->name), &name);
	text_init(&as, &arena, LINE_MEMORY / 4);
	json_quote(a->kubeconfig.as.n ? a->kubeconfig.as : a->kubeconfig.user, &as);
	time_print(clock_seconds(), date);
	fprintf(out,
		"{\"inventory\":1,\"program\":\"oke-guard-agent " OKE_GUARD_VERSION
		"\",\"date\":\"%s\",\"cluster\":%s,\"user\":%s}\n",
		date, name.s, as.s);
	fflush(out);
}

/* 1: bytes came, or the end; 0: a signal. */
static int collect_wait(int signals)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return 0;
	return fds[1].revents ? 0 : 1;
}

static void collect_move_to_front(struct collect_input *in)
{
	memmove(in->buf, in->buf + in->at, in->n - in->at);
	in->n -= in->at;
	in->at = 0;
}

/* 1: a line, without its end; 0: the input has ended, or a signal has come; -1: err. */
static int collect_next_line(struct collect_input *in, struct listing *l, struct str *out,
			     struct err *err)
{
	for (;;) {
		char *end = memchr(in->buf + in->at, '\n', in->n - in->at);
		ssize_t got;

		if (end) {
			*out = (struct str){ in->buf + in->at, (size_t)(end - in->buf) - in->at };
			in->at = (size_t)(end - in->buf) + 1;
			return 1;
		}
		collect_move_to_front(in);
		if (in->n == sizeof in->buf)
			return err_set(err, ERR_LIMIT,
				       "a request on standard input has more than %d bytes",
				       COLLECT_LINE_MAX);
		if (!collect_wait(l->signals)) {
			l->stopped = true;
			return 0;
		}
		got = read(STDIN_FILENO, in->buf + in->n, sizeof in->buf - in->n);
		if (got == 0 || (got < 0 && errno != EINTR))
			return in->n ? err_set(err, ERR_SYNTAX,
					       "standard input ends in the middle of a request")
				     : 0;
		in->n += got > 0 ? (size_t)got : 0;
	}
}

static int collect_serve(struct listing *l, struct err *err)
{
	struct collect_input in = { .n = 0 };
	struct str line;
	int got;

	while (!l->stopped && (got = collect_next_line(&in, l, &line, err)) != 0) {
		scoped(arena_end) struct arena arena;
		struct collect_request request;

		arena_init(&arena, LINE_MEMORY);
		if (got < 0 || collect_request_read(line, &arena, &request, err) < 0 ||
		    listing_answer(l, &request, err) < 0)
			return -1;
	}
	fprintf(l->out, "{\"end\":%llu,\"cut\":\"%s\"}\n", l->requests, l->stopped ? "signal" : "");
	return fflush(l->out) ? err_set(err, ERR_IO, "standard output cannot be written") : 0;
}

static void collect_warn(const struct access *a)
{
	if (a->config.insecure)
		fprintf(stderr,
			"oke-guard-agent collect: the kubeconfig says insecure-skip-tls-verify: "
			"any server that answers at %s is trusted\n",
			a->config.server);
}

static int collect_run(const struct access_options *o, int signals, struct err *err)
{
	scoped(access_end) struct access access;
	struct listing l = { .access = &access, .out = stdout, .signals = signals };

	if (access_open(&access, o, signals, err) < 0)
		return -1;
	collect_warn(&access);
	setvbuf(stdout, NULL, _IOFBF, OUT_BUFFER);
	collect_put_header(&access, stdout);
	return collect_serve(&l, err);
}

static const struct command_help help = {
	.usage = "oke-guard-agent collect [--kubeconfig FILE] [--context NAME] [OPTION]...",
	.summary =
		"Reads from the API server what `oke-guard scan` asks for on standard input, and "
		"writes it to\n"
		"standard output, a JSON record a line. The kubeconfig is read as kubectl reads it; "
		"in a pod\n"
		"without one the service account's files count. It reads only, and never Secrets.",
	.examples =
		"Examples:\n"
		"  echo '{\"get\":\"/version\"}' | oke-guard-agent collect\n"
		"  echo '{\"list\":\"/apis/apps/v1/deployments\"}' | oke-guard-agent collect "
		"--context prod\n\n"
		"Exit status: 0 standard input ended, or SIGTERM; 2 no API server to ask (the line "
		"on standard error\n"
		"says why), or a request that cannot be read. What the API server refuses is in the "
		"records.",
};

int cmd_collect(int argc, char **argv)
{
	struct access_options o = { .timeout = COLLECT_WAIT };
	const struct option_def defs[] = {
		{ .name = "kubeconfig",
		  .type = OPTION_STRING,
		  .value = &o.kubeconfig,
		  .arg = "FILE",
		  .help = "the kubeconfig ($KUBECONFIG, a list of files; else ~/.kube/config)" },
		{ .name = "context",
		  .type = OPTION_STRING,
		  .value = &o.context,
		  .arg = "NAME",
		  .help = "the context (the current one)" },
		{ .name = "as",
		  .type = OPTION_STRING,
		  .value = &o.as,
		  .arg = "USER",
		  .help = "act as that user (yourself)" },
		{ .name = "as-group",
		  .type = OPTION_LIST,
		  .value = &o.as_groups,
		  .arg = "GROUP",
		  .help = "and as one of that group; may be given more than once" },
		{ .name = "request-timeout",
		  .type = OPTION_NUMBER,
		  .value = &o.timeout,
		  .arg = "SECONDS",
		  .min = 1,
		  .max = 3600,
		  .help = "how long one call may take (30)" },
	};
	scoped(fd_end) int signals = -1;
	struct err err;
	int status = cmd_options(&help, defs, sizeof defs / sizeof *defs, argc, argv);

	if (status >= 0)
		return status;
	if ((signals = signals_to_stop(&err)) < 0 || collect_run(&o, signals, &err) < 0)
		return cmd_complain("collect", AGENT_USAGE, &err);
	return AGENT_DONE;
}
