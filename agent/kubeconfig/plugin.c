/* SPDX-License-Identifier: Apache-2.0
 * plugin.c - an exec plug-in as a process: started, listened to, ended in time.
 */
#include "agent/kubeconfig/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"

#define LOOK_MS  50   /* how often it is looked whether the process has ended */
#define GRACE_MS 1000 /* between SIGTERM and SIGKILL */

/* The process. Pipes are ours; -1: closed. */
struct plugin_process {
	const struct plugin *plugin;
	pid_t pid;
	int out, words; /* its standard output and error */
	int terminal;   /* that it was given; -1: none */
	int status;     /* as waitpid tells it, once it has ended */
	bool ended;
	char *printed;
	size_t printed_n;
	char said[PLUGIN_WORDS_MAX]; /* the end of its standard error */
	size_t said_n;
};

static void plugin_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- where it is ---- */

/* In the absolute folders of PATH: never in the working directory. */
static const char *plugin_find(const char *name, char *out, size_t room)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return name;
	for (size_t n; path && *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (*path == '/' &&
		    snprintf(out, room, "%.*s/%s", (int)n, path, name) < (int)room &&
		    access(out, X_OK) == 0)
			return out;
	}
	return NULL;
}

static int plugin_fail_missing(const struct plugin *p, const char *why, struct err *err)
{
	return err_set(err, ERR_IO, "the exec plug-in '%.100s' cannot be run: %s%s%.200s",
		       p->command, why, p->hint ? ". " : "", p->hint ? p->hint : "");
}

/* ---- start ---- */

static int plugin_open_terminal(const struct plugin *p)
{
	return p->mode == PLUGIN_NEVER ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

static char **plugin_arguments(const struct plugin *p, struct arena *arena)
{
	char **v = arena_calloc(arena, p->args.n + 2, sizeof *v);

	if (!v)
		return NULL;
	v[0] = (char *)p->command;
	for (size_t i = 0; i < p->args.n; i++)
		v[i + 1] = (char *)p->args.v[i].s;
	return v;
}

/* At a terminal it may ask: then its standard error is the user's too. */
static int plugin_plan_files(posix_spawn_file_actions_t *files, const struct plugin_process *r,
			     int out, int words)
{
	int bad = posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);

	if (r->terminal >= 0)
		return bad | posix_spawn_file_actions_adddup2(files, r->terminal, STDIN_FILENO);
	return bad | posix_spawn_file_actions_adddup2(files, words, STDERR_FILENO) |
	       posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
}

/* A process group of its own, no signal blocked or ignored. */
static int plugin_plan_process(posix_spawnattr_t *how)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_setflags(how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSIGDEF) |
	       posix_spawnattr_setpgroup(how, 0) | posix_spawnattr_setsigmask(how, &none) |
	       posix_spawnattr_setsigdefault(how, &all);
}

static int plugin_spawn(struct plugin_process *r, const char *program, char **args, char **env,
			const int out[2], const int words[2])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	int bad = posix_spawn_file_actions_init(&files);

	if (bad)
		return bad;
	if (!(bad = posix_spawnattr_init(&how))) {
		bad = plugin_plan_files(&files, r, out[1], words[1]) | plugin_plan_process(&how);
		if (!bad)
			bad = posix_spawn(&r->pid, program, &files, &how, args, env);
		posix_spawnattr_destroy(&how);
	}
	posix_spawn_file_actions_destroy(&files);
	return bad;
}

/* Who gives it away from the background, or takes it back there, is not stopped for that. */
static void plugin_pass_terminal(const struct plugin_process *r, pid_t group)
{
	sigset_t quiet, before;

	if (r->terminal < 0)
		return;
	sigemptyset(&quiet);
	sigaddset(&quiet, SIGTTOU);
	sigprocmask(SIG_BLOCK, &quiet, &before);
	tcsetpgrp(r->terminal, group);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int plugin_start(struct plugin_process *r, const char *program, char **args, char **env,
			struct err *err)
{
	int out[2], words[2], bad;

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set(err, ERR_IO, "pipe: %s", strerror(errno));
	if (pipe2(words, O_CLOEXEC) < 0) {
		close(out[0]);
		close(out[1]);
		return err_set(err, ERR_IO, "pipe: %s", strerror(errno));
	}
	bad = plugin_spawn(r, program, args, env, out, words);
	close(out[1]);
	close(words[1]);
	r->out = out[0];
	r->words = words[0];
	if (bad)
		return plugin_fail_missing(r->plugin, strerror(bad), err);
	/* Not by posix_spawn: that can do it from glibc 2.35 on, and we promise 2.34. */
	plugin_pass_terminal(r, r->pid);
	fcntl(r->out, F_SETFL, O_NONBLOCK);
	fcntl(r->words, F_SETFL, O_NONBLOCK);
	return 0;
}

/* ---- listening ---- */

/* -1: it printed more than it may. */
static int plugin_take_output(struct plugin_process *r)
{
	size_t room = PLUGIN_OUTPUT_MAX + 1 - r->printed_n;
	ssize_t n = r->out >= 0 ? read(r->out, r->printed + r->printed_n, room) : 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		plugin_close(&r->out);
	r->printed_n += (size_t)n;
	return r->printed_n > PLUGIN_OUTPUT_MAX ? -1 : 0;
}

/* The end of what it says is kept. */
static void plugin_take_words(struct plugin_process *r)
{
	char buf[4096];
	ssize_t n = r->words >= 0 ? read(r->words, buf, sizeof buf) : 0;
	size_t got = n > 0 ? (size_t)n : 0, keep = sizeof r->said, drop;

	if (n == 0)
		plugin_close(&r->words);
	if (got > keep) {
		memmove(buf, buf + got - keep, keep);
		got = keep;
	}
	drop = r->said_n + got > keep ? r->said_n + got - keep : 0;
	memmove(r->said, r->said + drop, r->said_n - drop);
	memcpy(r->said + r->said_n - drop, buf, got);
	r->said_n += got - drop;
}

/* It may have asked the terminal before it was given to it: then it was stopped, and goes on. */
static bool plugin_has_ended(struct plugin_process *r)
{
	int status;

	if (r->ended || waitpid(r->pid, &status, WNOHANG | WUNTRACED) != r->pid)
		return r->ended;
	if (!WIFSTOPPED(status)) {
		r->status = status;
		r->ended = true;
	} else if (r->terminal >= 0 &&
		   (WSTOPSIG(status) == SIGTTIN || WSTOPSIG(status) == SIGTTOU)) {
		kill(-r->pid, SIGCONT);
	}
	return r->ended;
}

/* What it left in the pipes. */
static int plugin_drain(struct plugin_process *r)
{
	size_t before;

	do {
		before = r->printed_n;
		if (plugin_take_output(r) < 0)
			return -1;
	} while (r->printed_n != before);
	plugin_take_words(r);
	return 0;
}

enum plugin_end { PLUGIN_ENDED, PLUGIN_LATE, PLUGIN_LOUD, PLUGIN_STOPPED };

static enum plugin_end plugin_listen(struct plugin_process *r, const struct plugin_call *call)
{
	long long end = clock_ms() + call->timeout;

	for (;;) {
		struct pollfd fds[] = { { .fd = r->out, .events = POLLIN },
					{ .fd = r->words, .events = POLLIN },
					{ .fd = call->stop, .events = POLLIN } };

		poll(fds, 3, LOOK_MS);
		if (call->stop >= 0 && fds[2].revents)
			return PLUGIN_STOPPED;
		if (plugin_has_ended(r))
			return plugin_drain(r) < 0 ? PLUGIN_LOUD : PLUGIN_ENDED;
		if (fds[1].revents)
			plugin_take_words(r);
		if (fds[0].revents && plugin_take_output(r) < 0)
			return PLUGIN_LOUD;
		if (clock_ms() >= end)
			return PLUGIN_LATE;
	}
}

/* ---- the end ---- */

static void plugin_kill(struct plugin_process *r)
{
	long long end = clock_ms() + GRACE_MS;

	kill(-r->pid, SIGTERM);
	while (!plugin_has_ended(r) && clock_ms() < end)
		poll(NULL, 0, 10);
	kill(-r->pid, SIGKILL); /* the rest of its group, too */
	if (!r->ended)
		waitpid(r->pid, &r->status, 0);
	r->ended = true;
}

static void plugin_process_end(struct plugin_process *r)
{
	plugin_close(&r->out);
	plugin_close(&r->words);
	plugin_pass_terminal(r, getpgrp());
	plugin_close(&r->terminal);
}

static int plugin_fail_ended(const struct plugin_process *r, struct arena *arena, struct err *err)
{
	struct str said = { r->said, r->said_n };
	char how[40];

	while (said.n && strchr("\n\r ", said.s[said.n - 1]))
		said.n--;
	said = printable_cut(said, PLUGIN_WORDS_MAX, arena);
	snprintf(how, sizeof how, WIFSIGNALED(r->status) ? "signal %d" : "exit status %d",
		 WIFSIGNALED(r->status) ? WTERMSIG(r->status) : WEXITSTATUS(r->status));
	return err_set(err, ERR_IO, "the exec plug-in '%.60s' failed (%s)%s%.*s",
		       r->plugin->command, how, said.n ? ": " : "", (int)said.n,
		       said.s ? said.s : "");
}

static int plugin_judge(struct plugin_process *r, enum plugin_end how,
			const struct plugin_call *call, struct arena *arena,
			struct plugin_answer *out, struct err *err)
{
	const char *command = r->plugin->command;
	struct err cause;

	if (how == PLUGIN_LATE)
		return err_set(err, ERR_LIMIT,
			       "the exec plug-in '%.100s' did not end within %ld s, and was ended",
			       command, (call->timeout + 999) / 1000);
	if (how == PLUGIN_LOUD)
		return err_set(err, ERR_LIMIT,
			       "the exec plug-in '%.100s' printed more than %u KiB, and was ended",
			       command, PLUGIN_OUTPUT_MAX >> 10);
	if (how == PLUGIN_STOPPED)
		return err_set(err, ERR_IO, "stopped while the exec plug-in '%.100s' ran", command);
	if (r->status != 0)
		return plugin_fail_ended(r, arena, err);
	if (plugin_read((struct str){ r->printed, r->printed_n }, r->plugin, arena, out, &cause) <
	    0)
		return err_set(err, cause.kind, "the exec plug-in '%.100s': %.300s", command,
			       cause.msg);
	return 0;
}

static int plugin_prepare(struct plugin_process *r, const struct plugin_call *call,
			  struct arena *arena, char ***args, char ***env, struct err *err)
{
	struct str info;

	if (r->plugin->mode == PLUGIN_ALWAYS && r->terminal < 0)
		return err_set(err, ERR_IO,
			       "the exec plug-in '%.100s' needs a terminal (interactiveMode "
			       "Always), and there is none",
			       r->plugin->command);
	info = plugin_info(call, r->terminal >= 0, arena);
	if (!info.s || !(*env = plugin_environment(r->plugin, info, environ, arena)) ||
	    !(*args = plugin_arguments(r->plugin, arena)) ||
	    !(r->printed = arena_alloc(arena, PLUGIN_OUTPUT_MAX + 1)))
		return err_nomem(err);
	return 0;
}

int plugin_run(const struct plugin_call *call, struct arena *arena, struct plugin_answer *out,
	       struct err *err)
{
	const struct plugin *p = &call->kubeconfig->plugin;
	scoped(plugin_process_end) struct plugin_process r = {
		.plugin = p, .out = -1, .words = -1, .terminal = plugin_open_terminal(p)
	};
	char where[4096], **args, **env;
	const char *program = plugin_find(p->command, where, sizeof where);
	enum plugin_end how;

	if (!program)
		return plugin_fail_missing(p, "it is in no folder of PATH", err);
	if (plugin_prepare(&r, call, arena, &args, &env, err) < 0 ||
	    plugin_start(&r, program, args, env, err) < 0)
		return -1;
	how = plugin_listen(&r, call);
	if (how != PLUGIN_ENDED)
		plugin_kill(&r);
	return plugin_judge(&r, how, call, arena, out, err);
}
