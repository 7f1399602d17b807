/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/answer/redact_command.h"

#include <string.h>

/* What a flag's value is taken for. */
enum means {
	MEANS_NOTHING,
	MEANS_PAIR,     /* a credential if it is USER:x or USER%x */
	MEANS_PASSWORD, /* one, unless it looks like a number, a path or a variable */
	MEANS_EXACTLY,  /* one, whatever it looks like: the program is known */
};

static bool is_one_of(struct str s, const char *const *list)
{
	for (; *list; list++)
		if (str_is(s, *list))
			return true;
	return false;
}

/* Flags that hold a user with the password, or the password, in more than one program. */
static enum means flag_means(struct str flag)
{
	static const char *const pairs[] = {
		"-u",         "-U",        "--user",       "--proxy-user",
		"--username", "--userpwd", "--basic-auth", "--credentials",
		NULL
	};
	static const char *const passwords[] = { "-p",           "-P",      "-pw",      "--pass",
						 "--pw",         "--pwd",   "-pass",    "-password",
						 "--passphrase", "-passin", "-passout", NULL };

	if (is_one_of(flag, pairs))
		return MEANS_PAIR;
	return is_one_of(flag, passwords) ? MEANS_PASSWORD : MEANS_NOTHING;
}

/* Flags of one program, the beginning of whose name this is. */
static const struct credential_flag {
	const char *name, *flag;
	enum means means;
	bool glued; /* the value may stand right behind the flag */
} programs[] = {
	{ "mysql", "-p", MEANS_EXACTLY, true },     { "mariadb", "-p", MEANS_EXACTLY, true },
	{ "sshpass", "-p", MEANS_EXACTLY, true },   { "mongo", "-p", MEANS_EXACTLY, true },
	{ "redis", "-a", MEANS_EXACTLY, false },    { "valkey", "-a", MEANS_EXACTLY, false },
	{ "ldap", "-w", MEANS_EXACTLY, true },      { "sqlcmd", "-P", MEANS_EXACTLY, true },
	{ "bcp", "-P", MEANS_EXACTLY, true },       { "smbclient", "-U", MEANS_PAIR, true },
	{ "curl", "-u", MEANS_PAIR, true },         { "curl", "-U", MEANS_PAIR, true },
	{ "rpcclient", "-U", MEANS_PAIR, true },    { "snmp", "-A", MEANS_EXACTLY, true },
	{ "snmp", "-X", MEANS_EXACTLY, true },      { "snmp", "-c", MEANS_EXACTLY, true },
	{ "ipmitool", "-P", MEANS_EXACTLY, true },  { "docker", "-p", MEANS_PASSWORD, false },
	{ "mosquitto", "-P", MEANS_EXACTLY, true }, { "zip", "-P", MEANS_EXACTLY, true },
	{ "unzip", "-P", MEANS_EXACTLY, true },     { "7z", "-p", MEANS_EXACTLY, true },
};
#define PROGRAMS_N (sizeof programs / sizeof *programs)

static bool is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return true;
}

/* A port, a path, a number with a unit or two of them with a sign between: no password is like
 * that. */
static bool is_plain_value(struct str s)
{
	return !s.n || is_digits(s) || memchr("/.-{([<|;&", s.s[0], 10) != NULL ||
	       memchr(s.s, '/', s.n) != NULL;
}

/* Filled in when it runs: the text holds no secret. */
static bool is_variable(struct str s)
{
	return s.n > 1 && s.s[0] == '$';
}

static bool is_pair(struct str s)
{
	size_t at = 0;

	while (at < s.n && s.s[at] != ':' && s.s[at] != '%')
		at++;
	/* 1000:1000 is a user and a group, a: has no password, a:$B takes it from elsewhere. */
	return at && at + 1 < s.n && !is_variable(str_from(s, at + 1)) &&
	       !(is_digits((struct str){ s.s, at }) && is_digits(str_from(s, at + 1)));
}

static bool is_credential(enum means means, struct str value)
{
	switch (means) {
	case MEANS_PAIR:
		return is_pair(value);
	case MEANS_PASSWORD:
		return value.n && !is_plain_value(value) && !is_variable(value);
	case MEANS_EXACTLY:
		return value.n && value.s[0] != '-' && !is_variable(value);
	case MEANS_NOTHING:
		break;
	}
	return false;
}

/* ---- a value that is glued to its flag ---- */

/* "-pX", "-uX:Y", in whatever program: a value of letters right behind the one letter. */
static bool is_glued(struct str word)
{
	struct str value = word.n > 2 ? str_from(word, 2) : (struct str){ NULL, 0 };

	if (word.n < 3 || word.s[0] != '-' || word.s[1] == '-')
		return false;
	if (word.s[1] == 'u' || word.s[1] == 'U')
		return is_pair(value);
	/* "-port=80" and "-port" are long flags of Go's programs: they say what they are. */
	return word.s[1] == 'p' && !memchr(value.s, '=', value.n) && !is_plain_value(value) &&
	       !is_variable(value) && !str_starts(value, STR("ort")) &&
	       !str_starts(value, STR("ath")) && !str_starts(value, STR("rofil")) &&
	       !str_starts(value, STR("lugin")) && !str_starts(value, STR("olicy")) &&
	       !str_starts(value, STR("rint"));
}

/* "--user=a:b", "--pass=x" */
static bool is_assigned(struct str word)
{
	const char *sign = word.n && word.s[0] == '-' ? memchr(word.s, '=', word.n) : NULL;
	size_t n = sign ? (size_t)(sign - word.s) : 0;

	return sign && is_credential(flag_means((struct str){ word.s, n }), str_from(word, n + 1));
}

bool redact_argument(struct str flag, struct str word)
{
	return is_glued(word) || is_assigned(word) ||
	       (flag.n && is_credential(flag_means(flag), word));
}

/* ---- a script ---- */

static bool ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '"' || c == '\'' || c == '`';
}

/* Another command begins behind it. */
static bool ends_command(struct str word)
{
	return word.n && strchr(";|&(){", word.s[word.n - 1]) != NULL;
}

static struct str base_name(struct str word)
{
	for (size_t i = word.n; i-- > 0;)
		if (word.s[i] == '/')
			return str_from(word, i + 1);
	return word;
}

struct script {
	struct str program, flag; /* of the command so far; the word before, if it is a flag */
};

static bool of_program(const struct script *s, struct str word)
{
	for (size_t i = 0; i < PROGRAMS_N; i++) {
		struct str flag = str_of(programs[i].flag);

		if (!str_starts(s->program, str_of(programs[i].name)))
			continue;
		if (str_eq(s->flag, flag) && is_credential(programs[i].means, word))
			return true;
		if (programs[i].glued && word.n > flag.n && str_starts(word, flag) &&
		    is_credential(programs[i].means, str_from(word, flag.n)))
			return true;
	}
	return false;
}

static bool script_word(struct script *s, struct str word)
{
	bool assignment = memchr(word.s, '=', word.n) != NULL;

	if (of_program(s, word) || redact_argument(s->flag, word))
		return true;
	if (!s->program.n && word.s[0] != '-' && !assignment)
		s->program = base_name(word);
	s->flag = word.s[0] == '-' ? word : (struct str){ NULL, 0 };
	if (ends_command(word) || str_is(word, "exec") || str_is(word, "sudo") ||
	    str_is(word, "then") || str_is(word, "do") || str_is(word, "else"))
		*s = (struct script){ { NULL, 0 }, { NULL, 0 } };
	return false;
}

bool redact_command(struct str t)
{
	struct script s = { { NULL, 0 }, { NULL, 0 } };
	size_t start = 0;

	if (!t.n || !memchr(t.s, '-', t.n))
		return false;
	for (size_t i = 0; i <= t.n; i++) {
		if (i < t.n && !ends_word(t.s[i]))
			continue;
		if (i > start && script_word(&s, (struct str){ t.s + start, i - start }))
			return true;
		if (i < t.n && t.s[i] == '\n')
			s = (struct script){ { NULL, 0 }, { NULL, 0 } };
		start = i + 1;
	}
	return false;
}
