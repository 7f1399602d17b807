/* SPDX-License-Identifier: Apache-2.0
 * options.h - one table for a subcommand's options: flag, environment name,
 * default, bounds, help. GNU-style long options; `--help` is made of the table.
 */
#ifndef LIB_BASE_OPTIONS_H
#define LIB_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"

enum option_type {
	OPTION_FLAG,   /* bool *value: no argument */
	OPTION_STRING, /* const char **value */
	OPTION_LIST,   /* struct option_list *value: may be given more than once */
	OPTION_NUMBER, /* long *value: min..max, both included */
	OPTION_CHOICE, /* const char **value: one of choices, "text|json" */
	OPTION_TIME,   /* int64_t *value: seconds since the epoch; as time_parse reads */
};

#define OPTION_LIST_MAX 64
struct option_list {
	const char *v[OPTION_LIST_MAX];
	size_t n;
};

struct option_def {
	const char *name; /* "listen" for --listen */
	char letter;      /* 'o' for -o; 0: none */
	enum option_type type;
	void *value;         /* holds the default before parsing */
	const char *arg;     /* "ADDR:PORT", for the help */
	const char *env;     /* "OKE_GUARD_LISTEN" or NULL; a flag on the command line wins */
	long min, max;       /* OPTION_NUMBER */
	const char *choices; /* OPTION_CHOICE */
	const char *help;    /* one sentence; the default stands in it */
};

/* Rows that more than one command has, so that they read alike everywhere. */
#define OPTION_ROW_POLICY(list)                                                                    \
	{                                                                                          \
		.name = "policy", .type = OPTION_LIST, .value = (list), .arg = "DIR",              \
		.env = "OKE_GUARD_POLICY",                                                         \
		.help = "a file or folder of further policies; may be given more than once"        \
	}
#define OPTION_ROW_CONFIG(file)                                                                    \
	{                                                                                          \
		.name = "config", .type = OPTION_STRING, .value = (file), .arg = "FILE",           \
		.env = "OKE_GUARD_CONFIG", .help = "the GuardConfig (the built-in one)"            \
	}
#define OPTION_ROW_VERSIONS(file)                                                                  \
	{                                                                                          \
		.name = "versions", .type = OPTION_STRING, .value = (file), .arg = "FILE",         \
		.env = "OKE_GUARD_VERSIONS",                                                       \
		.help = "a newer list of OKE's versions (the built-in one)"                        \
	}
#define OPTION_ROW_OUTPUT(format, text)                                                            \
	{                                                                                          \
		.name = "output", .letter = 'o', .type = OPTION_CHOICE, .value = (format),         \
		.choices = "text|json", .help = (text)                                             \
	}
#define OPTION_ROW_FAIL_ON(action)                                                                 \
	{                                                                                          \
		.name = "fail-on", .type = OPTION_CHOICE, .value = (action),                       \
		.choices = "warn|deny",                                                            \
		.help = "the lowest action that makes the exit status 1 (deny)"                    \
	}

struct command_help {
	const char *usage;    /* "oke-guard review [-o text|json] FILE...|-" */
	const char *summary;  /* what it does, in a line or two */
	const char *examples; /* lines to copy; exit codes */
};

/*
 * Parse argv (argv[0] is the subcommand's name); *rest is the index of the first
 * operand, operands are moved behind the options. Returns -1 to go on; else the
 * exit status: 0 after --help (on stdout), 2 after a usage error (one line on stderr that
 * names the option, the problem and the nearest valid option).
 */
int options_parse(const struct command_help *help, const struct option_def *defs, size_t n,
		  int argc, char **argv, int *rest);

/*
 * Run a command only as far as options_parse, which calls `told` with its table, once, and makes
 * it end. For help and completion, which are made of the same tables. Not for a program that has
 * threads already.
 */
void options_tell(int (*run)(int argc, char **argv), const char *name,
		  void (*told)(void *ctx, const struct command_help *help,
			       const struct option_def *defs, size_t n),
		  void *ctx);

/* The members of choices, one by one: false when there are no more. *at is `choices` first. */
bool options_next_choice(const char **at, struct str *choice);

/* Does the option take the name of a file or a folder? */
bool options_is_path(const struct option_def *d);

#endif
