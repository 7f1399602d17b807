/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char *const shed_names[METRICS_SHED_N] = {
	[METRICS_BUDGET] = "budget",
	[METRICS_SLOW_SENDER] = "slow_sender",
	[METRICS_HANDSHAKE] = "handshake",
	[METRICS_HEADER] = "header",
	[METRICS_BODY] = "body",
	[METRICS_ANSWER] = "answer",
	[METRICS_CONNECTIONS] = "connections",
	[METRICS_DESCRIPTORS] = "descriptors",
	[METRICS_BUSY] = "busy",
};

void metrics_add(atomic_ullong *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

uint64_t metrics_get(const atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_shed(struct metrics *m, enum metrics_shed reason)
{
	metrics_add(&m->shed[reason], 1);
}

void metrics_no_memory(struct metrics *m)
{
	metrics_add(&m->no_memory, 1);
}

void metrics_reload(struct metrics *m, enum metrics_reload what, bool ok)
{
	metrics_add(&m->reloads[what][ok], 1);
}

uint64_t metrics_reloads(const struct metrics *m, enum metrics_reload what, bool ok)
{
	return metrics_get(&m->reloads[what][ok]);
}

/* ---- the text ---- */

void metrics_head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_value(FILE *f, const char *name, const char *type, const char *help, double v)
{
	metrics_head(f, name, type, help);
	fprintf(f, "%s %.15g\n", name, v);
}

void metrics_print_label(FILE *f, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] == '"' || s.s[i] == '\\')
			fprintf(f, "\\%c", s.s[i]);
		else if (s.s[i] == '\n')
			fputs("\\n", f);
		else
			fputc(s.s[i], f);
}

void metrics_print_table(FILE *f, const char *name, const char *help, const char *label,
			 const char *const *names, const atomic_ullong *counts, size_t n)
{
	metrics_head(f, name, "counter", help);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, names[i],
			metrics_get(&counts[i]));
}

void metrics_print_shed(FILE *f, const struct metrics *m)
{
	metrics_print_table(f, "oke_guard_requests_shed_total",
			    "Requests and connections given up so that the rest is served.",
			    "reason", shed_names, m->shed, METRICS_SHED_N);
}

void metrics_print_reloads(FILE *f, const struct metrics *m)
{
	static const char *const results[] = { "error", "ok" };

	metrics_print_table(
		f, "oke_guard_policy_reload_total",
		"Changes of policies, exceptions and configuration that were taken up or not.",
		"result", results, m->reloads[METRICS_POLICIES], 2);
	metrics_print_table(f, "oke_guard_certificate_reload_total",
			    "Changes of the certificate's files that were taken up or not.",
			    "result", results, m->reloads[METRICS_CERTIFICATE], 2);
}

/* ---- the process ---- */

static size_t metrics_entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	if (!d)
		return 0;
	for (const struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The first line of a small file; empty when it cannot be read. */
static void metrics_first_line(const char *path, char *line, size_t room)
{
	FILE *f = fopen(path, "re");

	if (!f || !fgets(line, (int)room, f))
		*line = '\0';
	if (f)
		fclose(f);
}

/* The n-th number (from 0) of a line of words between single blanks; 0 where there is none. */
static double metrics_nth_number(const char *line, unsigned n)
{
	for (; n && line; n--)
		line = (line = strchr(line, ' ')) ? line + 1 : NULL;
	return line ? (double)strtoull(line, NULL, 10) : 0;
}

/* Seconds since the epoch at which the process began; the kernel counts ticks since boot. */
static double metrics_start_time(void)
{
	char line[1024];
	const char *behind_name;
	struct timespec up, now;
	double ticks;

	metrics_first_line("/proc/self/stat", line, sizeof line);
	behind_name = strrchr(line, ')');
	ticks = behind_name ? metrics_nth_number(behind_name, 20) : 0;
	clock_gettime(CLOCK_BOOTTIME, &up);
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)(now.tv_sec - up.tv_sec) + (double)(now.tv_nsec - up.tv_nsec) / 1e9 +
	       ticks / (double)sysconf(_SC_CLK_TCK);
}

void metrics_print_process(FILE *f)
{
	double page = (double)sysconf(_SC_PAGESIZE);
	struct rlimit files = { 0 };
	struct timespec cpu;
	char statm[256];

	metrics_first_line("/proc/self/statm", statm, sizeof statm);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	getrlimit(RLIMIT_NOFILE, &files);
	metrics_value(f, "process_cpu_seconds_total", "counter", "CPU time used, in seconds.",
		      (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
	metrics_value(f, "process_resident_memory_bytes", "gauge", "Resident memory.",
		      metrics_nth_number(statm, 1) * page);
	metrics_value(f, "process_virtual_memory_bytes", "gauge", "Virtual memory.",
		      metrics_nth_number(statm, 0) * page);
	metrics_value(f, "process_open_fds", "gauge", "Open file descriptors.",
		      (double)metrics_entries("/proc/self/fd"));
	metrics_value(f, "process_max_fds", "gauge", "File descriptors that may be open.",
		      (double)files.rlim_cur);
	metrics_value(f, "process_threads", "gauge", "Threads.",
		      (double)metrics_entries("/proc/self/task"));
	metrics_value(f, "process_start_time_seconds", "gauge",
		      "When the process began, in seconds since the epoch.", metrics_start_time());
}
