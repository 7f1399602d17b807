/* SPDX-License-Identifier: Apache-2.0
 * agent.c - a live scan: oke-guard-agent beside this program does the asking.
 *
 * One request at a time: a line to its standard input, records from its standard output up to
 * `done`, then the next. The agent is found beside this program, else in an absolute folder of
 * PATH, never in the working directory. What it says on standard error goes to the user as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/scan/dump.h"
#include "cli/scan/input.h"
#include "lib/base/cleanup.h"
#include "lib/json/json.h"

#define AGENT    "oke-guard-agent"
#define ARGS_MAX (16 + 2 * OPTION_LIST_MAX)

/* ---- where it is ---- */

static bool beside(char *out, size_t room)
{
	ssize_t n = readlink("/proc/self/exe", out, room - 1);
	char *slash;

	if (n <= 0)
		return false;
	out[n] = '\0';
	if (!(slash = strrchr(out, '/')) || (size_t)(slash - out) + sizeof "/" AGENT > room)
		return false;
	memcpy(slash, "/" AGENT, sizeof "/" AGENT);
	return access(out, X_OK) == 0;
}

static bool in_path(char *out, size_t room)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");

		if (*path == '/' && n + sizeof "/" AGENT <= room) {
			memcpy(out, path, n);
			memcpy(out + n, "/" AGENT, sizeof "/" AGENT);
			if (access(out, X_OK) == 0)
				return true;
		}
		path += n + (path[n] == ':');
	}
	return false;
}

static int find_agent(char *out, size_t room, struct err *err)
{
	if (beside(out, room) || in_path(out, room))
		return 0;
	return err_set(err, ERR_IO,
		       AGENT " is neither beside oke-guard nor in PATH; a live scan needs it, and "
			     "--from judges files without it");
}

/* ---- the process ---- */

struct agent {
	pid_t pid;
	int in, out; /* ours: written, read */
	char *line;
	size_t n, room, at; /* bytes of `line` that are filled, its size, where the next begins */
	int64_t end;        /* by the monotonic clock, milliseconds; 0: none */
	bool ended;
};

static int64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void agent_close(struct agent *a)
{
	if (a->in >= 0)
		close(a->in);
	a->in = -1;
}

/* Its exit status; it is told to stop when it does not by itself. */
static int agent_wait(struct agent *a)
{
	int status = 0;

	agent_close(a);
	for (int i = 0; a->pid > 0; i++) {
		pid_t got = waitpid(a->pid, &status, WNOHANG);

		if (got == a->pid || (got < 0 && errno != EINTR))
			break;
		if (i == 100)
			kill(a->pid, SIGTERM);
		if (i == 300)
			kill(a->pid, SIGKILL);
		poll(NULL, 0, 10);
	}
	a->pid = 0;
	return status;
}

static void agent_end(struct agent *a)
{
	if (a->pid > 0) {
		kill(a->pid, SIGTERM);
		agent_wait(a);
	}
	agent_close(a);
	if (a->out >= 0)
		close(a->out);
	free(a->line);
}

static void run_child(const char *program, const char *const *args, int in, int out)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	execv(program, (char *const *)args);
	_exit(127);
}

static int agent_start(struct agent *a, const char *program, const char *const *args,
		       struct err *err)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0)
		return err_set(err, ERR_IO, "pipe: %s", strerror(errno));
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return err_set(err, ERR_IO, "pipe: %s", strerror(errno));
	}
	signal(SIGPIPE, SIG_IGN);
	a->pid = fork();
	if (!a->pid)
		run_child(program, args, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	a->in = in[1];
	a->out = out[0];
	return a->pid < 0 ? err_set(err, ERR_IO, "fork: %s", strerror(errno)) : 0;
}

/* ---- lines ---- */

static int make_room(struct agent *a, struct err *err)
{
	size_t room = a->room ? 2 * a->room : 1u << 16;
	char *grown;

	if (a->at) {
		memmove(a->line, a->line + a->at, a->n - a->at);
		a->n -= a->at;
		a->at = 0;
	}
	if (a->n < a->room)
		return 0;
	if (a->n > POSTURE_LINE_MAX)
		return err_set(err, ERR_LIMIT, AGENT " wrote a record of more than %u MiB",
			       POSTURE_ITEM_MAX >> 20);
	if (!(grown = realloc(a->line, room)))
		return err_nomem(err);
	a->line = grown;
	a->room = room;
	return 0;
}

/* 1: a line; 0: the end of its output, or of the time; -1: it cannot be read. */
static int next_record(struct agent *a, struct str *out, struct err *err)
{
	size_t looked = a->at;

	for (;;) {
		const char *end =
			a->n > looked ? memchr(a->line + looked, '\n', a->n - looked) : NULL;
		struct pollfd fd = { .fd = a->out, .events = POLLIN };
		int64_t left = a->end ? a->end - clock_now() : -1;
		ssize_t got;

		if (end) {
			*out = (struct str){ a->line + a->at, (size_t)(end - a->line) - a->at };
			a->at = (size_t)(end - a->line) + 1;
			return 1;
		}
		looked = a->n - a->at;
		if (make_room(a, err) < 0)
			return -1;
		if (a->end && (left <= 0 || poll(&fd, 1, (int)left) == 0)) {
			a->ended = true;
			return 0;
		}
		got = read(a->out, a->line + a->n, a->room - a->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		a->n += (size_t)got;
	}
}

static int ask(struct agent *a, const struct posture_request *q)
{
	char line[700];
	int n = snprintf(line, sizeof line, "{\"%s\":\"%s\"}\n", q->method, q->path);

	return n > 0 && n < (int)sizeof line && write(a->in, line, (size_t)n) == n ? 0 : -1;
}

/* ---- the scan ---- */

struct live {
	struct posture *p;
	struct agent agent;
	struct dump *dump;
	const struct scan_agent *asked;
	struct err *err;
	bool any;
};

static bool is_record(struct str line, const char *key)
{
	struct json_member first = { .next = NULL };

	return json_skim_next(line, &first) && json_skim_is(first.key, str_of(key));
}

static int take(struct live *l, struct str line)
{
	if (l->dump && dump_write(l->dump, line, l->err) < 0)
		return -1;
	l->any = true;
	return posture_record(l->p, line, l->err);
}

/* Records up to the one that begins with `last`. 1: it came; 0: the output ended before. */
static int take_until(struct live *l, const char *last)
{
	struct str line;
	int got;

	while ((got = next_record(&l->agent, &line, l->err)) > 0) {
		bool end = is_record(line, last);

		if (take(l, line) < 0)
			return -1;
		if (end)
			return 1;
	}
	return got;
}

static void say_progress(const struct live *l, const char *path)
{
	if (l->asked->progress)
		fprintf(stderr, "\r\033[Kreading %.100s", path);
}

/* 0: all was asked; 1: it ended early. */
static int ask_all(struct live *l)
{
	struct posture_request q;
	int got;

	while (posture_next(l->p, &q)) {
		say_progress(l, q.path);
		if (ask(&l->agent, &q) < 0)
			return 1;
		if ((got = take_until(l, "done")) <= 0)
			return got < 0 ? -1 : 1;
	}
	agent_close(&l->agent);
	got = take_until(l, "end");
	return got < 0 ? -1 : !got;
}

static int converse(struct live *l)
{
	int got = take_until(l, "inventory");
	int status;

	if (got > 0)
		got = ask_all(l);
	else if (!got)
		got = 1;
	if (l->asked->progress)
		fprintf(stderr, "\r\033[K");
	if (l->agent.ended)
		posture_cut(l->p, "the deadline was reached");
	else if (got > 0)
		posture_cut(l->p, AGENT " ended before it was done");
	if (l->agent.ended)
		kill(l->agent.pid, SIGTERM);
	status = agent_wait(&l->agent);
	if (got < 0)
		return -1;
	if (!l->any)
		return err_set(l->err, ERR_IO, AGENT " gave nothing (exit status %d)",
			       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}

static size_t fill_args(const struct scan_agent *a, char timeout[24], const char **args)
{
	size_t n = 0;

	args[n++] = AGENT;
	args[n++] = "collect";
	if (a->kubeconfig) {
		args[n++] = "--kubeconfig";
		args[n++] = a->kubeconfig;
	}
	if (a->context) {
		args[n++] = "--context";
		args[n++] = a->context;
	}
	if (a->as) {
		args[n++] = "--as";
		args[n++] = a->as;
	}
	for (size_t i = 0; i < a->as_groups.n; i++) {
		args[n++] = "--as-group";
		args[n++] = a->as_groups.v[i];
	}
	snprintf(timeout, 24, "%ld", a->request_timeout);
	args[n++] = "--request-timeout";
	args[n++] = timeout;
	args[n] = NULL;
	return n;
}

int scan_live(struct posture *p, const struct scan_agent *asked, struct err *err)
{
	scoped(agent_end) struct agent agent = { .in = -1, .out = -1 };
	struct live l = { .p = p, .asked = asked, .err = err };
	const char *args[ARGS_MAX];
	char program[4096], timeout[24];
	int status;

	if (find_agent(program, sizeof program, err) < 0)
		return -1;
	if (asked->dump && !(l.dump = dump_new(asked->dump, err)))
		return -1;
	fill_args(asked, timeout, args);
	if (asked->deadline)
		agent.end = clock_now() + 1000 * (int64_t)asked->deadline;
	status = agent_start(&agent, program, args, err);
	if (status == 0) {
		l.agent = agent;
		status = converse(&l);
		agent = l.agent;
	}
	/* A cut scan is kept too: what the API server said until then. */
	if (l.dump && dump_end(l.dump, status == 0, err) < 0)
		status = -1;
	return status;
}

/* ---- publish ---- */

static int write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t wrote = write(fd, s, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return -1;
		s += wrote;
		n -= (size_t)wrote;
	}
	return 0;
}

int scan_publish(const char *namespace, const char *name, const char *json, size_t n,
		 struct err *err)
{
	const char *const args[] = { AGENT,         "publish", "--namespace", namespace,
				     "--configmap", name,      NULL };
	scoped(agent_end) struct agent agent = { .in = -1, .out = -1 };
	char program[4096];
	int status;

	if (find_agent(program, sizeof program, err) < 0 ||
	    agent_start(&agent, program, args, err) < 0)
		return -1;
	status = write_all(agent.in, json, n);
	if (agent_wait(&agent) != 0 || status < 0)
		return err_set(err, ERR_IO, "the report was not written to ConfigMap %.60s/%.250s",
			       namespace, name);
	return 0;
}
