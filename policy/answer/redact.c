/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/answer/redact.h"

#include <strings.h>

#include "policy/answer/redact_command.h"
#include "lib/base/utf8.h"

#define DEPTH_MAX 16

/* Longer names and texts are not looked through: their values are not shown. */
#define NAME_MAX_READ 1024
#define TEXT_MAX_READ (64u << 10)

/* ---- names that say "credential" ---- */

#define WORDS_MAX 16 /* of a name that a user chose; the last ones, if there are more */

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter_or_digit(char c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Take the last word off: of "OCI_apiKey-2" these are 2, Key, api, OCI. Empty: there is none left.
 */
static struct str word_take(struct str *name)
{
	size_t end = name->n, start;

	while (end && !is_letter_or_digit(name->s[end - 1]))
		end--;
	for (start = end; start && is_letter_or_digit(name->s[start - 1]); start--)
		if (start < end && is_upper(name->s[start]) && !is_upper(name->s[start - 1]))
			break; /* a hump */
	name->n = start;
	return str_from((struct str){ name->s, end }, start);
}

/* w is not empty, z in small letters. */
static bool word_is(struct str w, const char *z)
{
	return (*w.s | 0x20) == *z && w.n == strlen(z) && !strncasecmp(w.s, z, w.n);
}

static bool word_in(struct str w, const char *const *list)
{
	for (; *list; list++)
		if (word_is(w, *list))
			return true;
	return false;
}

static bool name_contains(struct str name, const char *z)
{
	size_t n = strlen(z);

	for (size_t i = 0; n <= name.n && i <= name.n - n; i++)
		if (!strncasecmp(name.s + i, z, n))
			return true;
	return false;
}

/* "accesskey", "storagekey": written as one word. */
static bool word_ends_in_key(struct str w)
{
	return w.n > 3 && word_is(str_from(w, w.n - 3), "key");
}

/* The same of words that say it alone: "clientsecret", "dbpassword", "PGPASS". */
static bool word_ends_in_secret(struct str w)
{
	static const struct str tails[] = { TEXT("password"),   TEXT("passwords"),  TEXT("passwd"),
					    TEXT("passphrase"), TEXT("pass"),       TEXT("pwd"),
					    TEXT("token"),      TEXT("tokens"),     TEXT("secret"),
					    TEXT("credential"), TEXT("credentials") };
	char last = (char)(w.s[w.n - 1] | 0x20);

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		size_t n = tails[i].n;

		if (last == tails[i].s[n - 1] && w.n >= n &&
		    word_is(str_from(w, w.n - n), tails[i].s))
			return true;
	}
	return false;
}

/* A name that a user chose: of an env entry, an annotation, a key of a ConfigMap. */
static bool name_is_credential(struct str name)
{
	static const char *const anywhere[] = { "pass", "pwd",    "token",   "secret",
						"cred", "apikey", "private", "dockerc" };
	static const char *const words[] = { "key",    "keys",       "auth",      "authorization",
					     "pass",   "pwd",        "pw",        "pat",
					     "jwt",    "bearer",     "sas",       "dsn",
					     "cookie", "session",    "pem",       "cert",
					     "salt",   "connection", "signature", NULL };
	struct str w;

	/* The part before the slash is somebody's domain: rbac.authorization.kubernetes.io/ */
	if (name.n > NAME_MAX_READ)
		return true;
	for (size_t i = name.n; i-- > 0;)
		if (name.s[i] == '/') {
			name = str_from(name, i + 1);
			break;
		}
	for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; i++)
		if (name_contains(name, anywhere[i]))
			return true;
	for (size_t i = 0; i < WORDS_MAX && (w = word_take(&name)).n; i++)
		if (word_in(w, words) || word_ends_in_key(w))
			return true;
	return false;
}

/*
 * A field of an API: secretName, tokenRequests and secretKeyRef.key are none,
 * clientSecret and spec.password are.
 */
static bool field_is_credential(struct str name)
{
	static const char *const whole[] = { "apikey",     "accesskey", "secretkey",  "privatekey",
					     "sharedkey",  "masterkey", "accountkey", "storagekey",
					     "signingkey", "authkey",   NULL };
	static const char *const of_key[] = { "api",     "private",    "access", "secret",
					      "signing", "encryption", "client", NULL };
	struct str last, before;

	if (name.n > NAME_MAX_READ)
		return true;
	last = word_take(&name);
	if (!last.n)
		return false;
	if (word_is(last, "key") || word_is(last, "keys"))
		return (before = word_take(&name)).n && word_in(before, of_key);
	return word_ends_in_key(last) ? word_in(last, whole) : word_ends_in_secret(last);
}

/* Within something called `secret`, these say which and where, not what. */
static bool field_is_reference(struct str name)
{
	static const char *const last[] = { "name", "namespace", "key",     "path", "ref",
					    "mode", "kind",      "version", NULL };
	struct str w;

	return name.n <= NAME_MAX_READ && (w = word_take(&name)).n && word_in(w, last);
}

static bool holds_users_names(struct str key)
{
	/* The last ones: of volumes, storage classes and drivers. */
	static const struct str maps[] = {
		TEXT("annotations"),      TEXT("labels"),     TEXT("data"),
		TEXT("binaryData"),       TEXT("stringData"), TEXT("options"),
		TEXT("volumeAttributes"), TEXT("parameters"), TEXT("attributes"),
		TEXT("headers")
	};

	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
		if (str_eq(key, maps[i]))
			return true;
	return false;
}

/* The whole object stands in it once more. */
static bool is_last_applied(struct str key)
{
	return str_is(key, "kubectl.kubernetes.io/last-applied-configuration");
}

/* ---- places ---- */

/* "true" and "" under a name such as enforce-mountable-secrets give nothing away. */
static bool is_harmless(const struct json *j)
{
	struct str s = json_str(j);

	if (j->type == JSON_STRING)
		return !s.n || str_is(s, "true") || str_is(s, "false");
	return j->type != JSON_ARRAY && j->type != JSON_OBJECT;
}

static bool is_secret(const struct request *req)
{
	return (str_is(req->resource.resource, "secrets") && !req->resource.group.n) ||
	       (str_is(req->request_resource.resource, "secrets") &&
		!req->request_resource.group.n) ||
	       (str_is(req->kind.kind, "Secret") && !req->kind.group.n);
}

static bool is_key(const struct place *p, const char *key)
{
	return p && p->step.kind == STEP_KEY && str_is(p->step.key, key);
}

static bool pair_is_credential(const struct json *object);

/* The sides whose values could give something away. */
struct redact_sides {
	const struct json *objects[2];
	size_t n;
	bool whole; /* one is no object: of objects redact_print leaves out what it must */
};

/* Of a list that is compared by index the place does not tell whose value it is. */
static bool item_is_credential(const struct redact_sides *sides, const struct place *item)
{
	if (item->step.kind == STEP_ITEM)
		return name_is_credential(item->step.value);
	if (item->step.kind != STEP_INDEX)
		return false;
	for (size_t i = 0; i < sides->n; i++) {
		const struct json *pair = place_value(sides->objects[i], item);

		if (!pair || pair_is_credential(pair))
			return true;
	}
	return false;
}

static bool step_is_credential(const struct redact_sides *sides, const struct place *p,
			       const struct place *below)
{
	const struct step *s = &p->step;
	struct str up = p->up && p->up->step.kind == STEP_KEY ? p->up->step.key : STR("");

	if (is_key(below, "value") && item_is_credential(sides, p))
		return true;
	if (s->kind != STEP_KEY)
		return false;
	return is_last_applied(s->key) || (holds_users_names(up) && name_is_credential(s->key));
}

static bool place_is_reference(const struct place *place)
{
	return place->step.kind == STEP_KEY && field_is_reference(place->step.key);
}

static bool place_is_credential(const struct redact_sides *sides, const struct place *place)
{
	const struct place *below = NULL;

	for (const struct place *p = place; p; below = p, p = p->up) {
		if (step_is_credential(sides, p, below))
			return true;
		if (p->step.kind == STEP_KEY && field_is_credential(p->step.key) &&
		    (p == place ? sides->whole : !place_is_reference(place)))
			return true;
	}
	return false;
}

bool redact_place(const struct request *req, const struct place *place,
		  const struct redact_side both[2])
{
	struct redact_sides sides = { .n = 0 };
	const struct place *top = place;

	while (top && top->up)
		top = top->up;
	if (is_secret(req) && (!top || is_key(top, "data") || is_key(top, "stringData")))
		return both[0].value || both[1].value;
	for (size_t i = 0; i < 2; i++)
		if (both[i].value && !is_harmless(both[i].value)) {
			sides.objects[sides.n++] = both[i].object;
			sides.whole = sides.whole || both[i].value->type != JSON_OBJECT;
		}
	return top && sides.n && place_is_credential(&sides, place);
}

/* ---- text ---- */

static bool is_quote_or_blank(char c)
{
	return c == '"' || c == '\'' || c == ' ';
}

/* "password: x", "--token=x", "\"secret\" : \"x\"": is there a value behind the sign at i? */
static bool value_follows(struct str t, size_t i)
{
	for (i++; i < t.n && is_quote_or_blank(t.s[i]); i++)
		;
	return i < t.n && !memchr("\n,}", t.s[i], 3);
}

/* "--password x" within a script: the blank at i ends a flag, and its value follows. */
static bool ends_a_flag(struct str t, size_t i)
{
	size_t start = i;

	if (t.s[i] != ' ' || i + 1 == t.n || t.s[i + 1] == '-')
		return false;
	while (start && t.s[start - 1] != ' ')
		start--;
	return i - start > 2 && t.s[start] == '-';
}

static bool names_a_value(struct str t)
{
	static const char *const words[] = {
		"password",      "passwd",      "passphrase",  "pass",
		"pwd",           "token",       "secret",      "credential",
		"credentials",   "apikey",      "api-key",     "api_key",
		"access-key",    "access_key",  "accesskey",   "secret-key",
		"secret_key",    "secretkey",   "private-key", "private_key",
		"privatekey",    "account-key", "account_key", "accountkey",
		"authorization", "\"auth",      "_auth",       "sharedaccesssignature"
	};

	for (size_t i = 0; i < t.n; i++) {
		size_t end = i;

		if (t.s[i] != ':' && t.s[i] != '=' && !ends_a_flag(t, i))
			continue;
		if (!value_follows(t, i))
			continue;
		while (end && is_quote_or_blank(t.s[end - 1]))
			end--;
		for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
			size_t n = strlen(words[k]);

			if (n <= end && !strncasecmp(t.s + end - n, words[k], n))
				return true;
		}
	}
	return false;
}

/* scheme://user:password@host */
static bool holds_url_password(struct str t)
{
	const char *end = t.s + t.n, *p = t.s;

	while ((p = memmem(p, (size_t)(end - p), "://", 3))) {
		bool colon = false;

		for (p += 3; p < end && ' ' < *p && *p != '/' && *p != '"'; p++) {
			if (*p == '@' && colon)
				return true;
			colon = colon || *p == ':';
		}
	}
	return false;
}

bool redact_text(struct str key, struct str t)
{
	if (!t.n)
		return false;
	if (t.n > TEXT_MAX_READ)
		return true;
	if (holds_url_password(t))
		return true;
	/* The tag of an image called "...-token" looks like a value, and is none. */
	return !str_is(key, "image") &&
	       (memmem(t.s, t.n, "PRIVATE KEY", 11) || names_a_value(t) || redact_command(t));
}

/* ---- writing ---- */

struct printer {
	struct text *out;
	bool left_out;
};

static void left_out(struct printer *p, const char *instead)
{
	p->left_out = true;
	text_puts(p->out, instead);
}

static void redact_print_value(struct printer *p, const struct json *j, struct str key, bool secret,
			       unsigned depth);

static void redact_print_string(struct printer *p, struct str s, struct str key, bool secret)
{
	if (secret || redact_text(key, s)) {
		left_out(p, "\"" NOT_SHOWN "\"");
		return;
	}
	text_puts(p->out, "\"");
	json_escape(s, p->out);
	text_puts(p->out, "\"");
}

/* The value of {"name": "TOKEN", "value": ...}, also where the name is under "key". */
static bool pair_is_credential(const struct json *object)
{
	struct str name = json_str(json_get(object, STR("name")));

	if (!name.n)
		name = json_str(json_get(object, STR("key")));
	return name_is_credential(name);
}

/* NOLINTNEXTLINE(misc-no-recursion): print bounds the depth */
static void redact_print_object(struct printer *p, const struct json *o, struct str key,
				bool secret, unsigned depth)
{
	bool users = holds_users_names(key), pair = pair_is_credential(o);

	text_puts(p->out, "{");
	for (const struct json *m = o->child; m && !p->out->full; m = m->next) {
		struct str name = json_key(m);
		bool hide = users ? name_is_credential(name) || is_last_applied(name)
				  : field_is_credential(name) || (pair && str_is(name, "value"));

		text_puts(p->out, "\"");
		json_escape(name, p->out);
		text_puts(p->out, "\":");
		if (secret && !hide)
			hide = !field_is_reference(name);
		redact_print_value(p, m, name, hide, depth);
		if (m->next)
			text_puts(p->out, ",");
	}
	text_puts(p->out, "}");
}

/* In ["--token", "x"] the second is what the first names. */
static bool names_next(const struct json *j)
{
	struct str s = json_str(j);

	return s.n > 2 && s.s[0] == '-' && !memchr(s.s, '=', s.n) && field_is_credential(s);
}

/* NOLINTNEXTLINE(misc-no-recursion): print bounds the depth */
static void redact_print_array(struct printer *p, const struct json *a, struct str key, bool secret,
			       unsigned depth)
{
	struct str before = { NULL, 0 }; /* the flag, if it was one */
	bool next = false;

	text_puts(p->out, "[");
	for (const struct json *m = a->child; m && !p->out->full; m = m->next) {
		struct str word = json_str(m);

		next = next || (word.n && redact_argument(before, word));
		redact_print_value(p, m, key, secret || next, depth);
		next = names_next(m);
		before = word.n && word.s[0] == '-' ? word : (struct str){ NULL, 0 };
		if (m->next)
			text_puts(p->out, ",");
	}
	text_puts(p->out, "]");
}

/* Depth is bounded by DEPTH_MAX. NOLINTNEXTLINE(misc-no-recursion) */
static void redact_print_value(struct printer *p, const struct json *j, struct str key, bool secret,
			       unsigned depth)
{
	static const char *const words[] = { "null", "false", "true" };

	if (secret && is_harmless(j))
		secret = false;
	if ((j->type == JSON_ARRAY || j->type == JSON_OBJECT) && depth == DEPTH_MAX)
		left_out(p, "...");
	else if (j->type == JSON_OBJECT)
		redact_print_object(p, j, key, secret, depth + 1);
	else if (j->type == JSON_ARRAY)
		redact_print_array(p, j, key, secret, depth + 1);
	else if (j->type == JSON_STRING)
		redact_print_string(p, json_str(j), key, secret);
	else if (j->type == JSON_NUMBER)
		json_escape(json_str(j), p->out);
	else
		text_puts(p->out, words[j->type]);
}

bool redact_print(const struct json *value, struct str key, struct text *out)
{
	struct printer p = { .out = out };

	redact_print_value(&p, value, key, field_is_credential(key), 0);
	return p.left_out || out->full;
}
