/* SPDX-License-Identifier: Apache-2.0
 * corefile_custom.c - what CoreDNS makes of ConfigMap coredns-custom.
 *
 * OKE's Corefile imports the keys *.override into its default block and the keys *.server behind
 * it. Told is only what certainly does nothing or stops CoreDNS: tests/coredns has the table, and
 * tries it with a real one.
 */
#include "policy/object/corefile.h"

#include <strings.h>

#define WORD_SHOWN 60 /* bytes of a key or word in a sentence */

struct corefile_zone {
	struct str scheme, zone, port;
};

struct corefile_report {
	void (*told)(void *ctx, const struct corefile_problem *p);
	void *ctx;
	size_t n;
	struct str key; /* of the ConfigMap */
	struct corefile_zone zones[COREFILE_ZONES];
	size_t zones_n;
};

/* ---- plugins ---- */

/* CoreDNS 1.12.4, plugin.cfg; and `import`, which is of the language. */
static const char *const plugins[] = {
	"root",     "metadata",    "geoip",       "cancel",   "tls",          "quic",
	"timeouts", "multisocket", "reload",      "nsid",     "bufsize",      "bind",
	"debug",    "trace",       "ready",       "health",   "pprof",        "prometheus",
	"errors",   "log",         "dnstap",      "local",    "dns64",        "acl",
	"any",      "chaos",       "loadbalance", "tsig",     "cache",        "rewrite",
	"header",   "dnssec",      "autopath",    "minimal",  "template",     "transfer",
	"hosts",    "route53",     "azure",       "clouddns", "k8s_external", "kubernetes",
	"file",     "auto",        "secondary",   "etcd",     "loop",         "forward",
	"grpc",     "erratic",     "whoami",      "on",       "sign",         "view",
	"import",
};

/* A second one in a block is an error ("this plugin can only be used once per Server Block"). */
static const char *const once[] = { "cache",      "errors", "ready", "prometheus", "loop",
				    "kubernetes", "hosts",  "grpc",  "tsig",       "dnssec",
				    "nsid",       "pprof",  "view" };
#define ONCE_DEFAULT 6 /* the first so many stand in OKE's default block */

static bool corefile_is_plugin(struct str name)
{
	for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
		if (str_is(name, plugins[i]))
			return true;
	return false;
}

/* A bit for each plugin of `once`. */
static unsigned corefile_once_bit(struct str name)
{
	for (unsigned i = 0; i < sizeof once / sizeof *once; i++)
		if (str_is(name, once[i]))
			return 1u << i;
	return 0;
}

/* ---- the report ---- */

static struct str corefile_shown(struct str s)
{
	return s.n > WORD_SHOWN ? (struct str){ s.s, WORD_SHOWN } : s;
}

static void corefile_tell(struct corefile_report *r, struct str word, const char *what)
{
	r->n++;
	r->told(r->ctx, &(struct corefile_problem){ .key = r->key, .word = word, .what = what });
}

static bool corefile_tell_end(struct corefile_report *r, enum corefile_end end)
{
	if (end == COREFILE_BRACE_MISSING)
		corefile_tell(r, STR(""),
			      "lacks a }: CoreDNS takes what stands behind it for a part of it");
	if (end == COREFILE_BRACE_STRAY)
		corefile_tell(r, STR("}"), "ends no block of this key, but what stands around it");
	return end != COREFILE_ENDS;
}

/* ---- *.override ---- */

/* "corp.example:53": no name of a plugin has such a character. */
static bool corefile_like_zone(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (word.s[i] == '.' || word.s[i] == ':' || word.s[i] == '/')
			return true;
	return false;
}

static void corefile_check_name(struct corefile_report *r, struct str name, bool override,
				unsigned *seen)
{
	unsigned bit = corefile_once_bit(name);

	if (override && corefile_like_zone(name))
		corefile_tell(
			r, name,
			"is a server block, which belongs in a key *.server: CoreDNS refuses it "
			"here");
	else if (!corefile_is_plugin(name))
		corefile_tell(r, name, "is no plugin of CoreDNS, which refuses it");
	else if (bit & *seen)
		corefile_tell(r, name,
			      override ? "may stand once in a block, and the default block has it"
				       : "may stand once in a block");
	*seen |= bit;
}

static void corefile_check_override(struct corefile_report *r, struct str text, unsigned *seen)
{
	struct corefile f = { .text = text };
	struct corefile_directive d;

	while (corefile_next(&f)) {
		if (str_is(f.word, "}")) {
			corefile_tell_end(r, COREFILE_BRACE_STRAY);
			return;
		}
		corefile_check_name(r, f.word, true, seen);
		if (corefile_tell_end(r, corefile_read_directive(&f, &d)))
			return;
	}
}

/* ---- *.server ---- */

static bool corefile_is_scheme(struct str s, size_t at)
{
	return at + 3 <= s.n && s.s[at] == ':' && s.s[at + 1] == '/' && s.s[at + 2] == '/';
}

/* False for what is compared otherwise (an IPv6 network). */
static bool corefile_zone_of(struct str key, struct corefile_zone *out)
{
	size_t at = 0, colons = 0, colon = 0;

	*out = (struct corefile_zone){ .scheme = STR("dns") };
	while (at < key.n && !corefile_is_scheme(key, at))
		at++;
	if (at < key.n) {
		out->scheme = (struct str){ key.s, at };
		key = str_from(key, at + 3);
	}
	for (size_t i = 0; i < key.n; i++)
		if (key.s[i] == ':') {
			colons++;
			colon = i;
		}
	out->port = colons                       ? str_from(key, colon + 1)
		    : str_is(out->scheme, "dns") ? STR("53")
						 : STR("");
	out->zone = colons ? (struct str){ key.s, colon } : key;
	if (out->zone.n && out->zone.s[out->zone.n - 1] == '.')
		out->zone.n--;
	return colons <= 1;
}

/* CoreDNS compares them in lower case. */
static bool corefile_same_zone(struct str a, struct str b)
{
	return a.n == b.n && !strncasecmp(a.s, b.s, a.n);
}

static bool corefile_zone_known(const struct corefile_report *r, const struct corefile_zone *z)
{
	for (size_t i = 0; i < r->zones_n; i++)
		if (corefile_same_zone(r->zones[i].zone, z->zone) &&
		    str_eq(r->zones[i].port, z->port) && str_eq(r->zones[i].scheme, z->scheme))
			return true;
	return false;
}

/* The keys of a server block; "," may end one. They count once the block proves to be plain. */
struct corefile_keys {
	struct corefile_zone v[COREFILE_ZONES];
	struct str word[COREFILE_ZONES];
	size_t n;
};

static void corefile_keys_add(struct corefile_keys *k, struct str word)
{
	if (word.n && word.s[word.n - 1] == ',')
		word.n--;
	if (!word.n || word.s[0] == '(' || k->n == COREFILE_ZONES)
		return;
	k->word[k->n] = word;
	k->n += corefile_zone_of(word, &k->v[k->n]);
}

/* Zones that another block serves on the same port; those bound to an address are left out. */
static void corefile_check_zones(struct corefile_report *r, const struct corefile_keys *k)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct corefile_zone *z = &k->v[i];

		if (corefile_zone_known(r, z))
			corefile_tell(r, k->word[i],
				      z->zone.n ? "is served by another block: CoreDNS refuses it"
						: "is the default block of the Corefile: CoreDNS "
						  "refuses a second one");
		else if (r->zones_n < COREFILE_ZONES)
			r->zones[r->zones_n++] = *z;
	}
}

/*
 * From the first key, the current token, to the brace; false: there is none, and what follows are
 * directives. Keys stand on one line, or go on behind a comma; the brace may begin the next line.
 */
static bool corefile_read_server_keys(struct corefile *f, struct corefile_keys *k)
{
	bool comma, more = !str_is(f->word, "{");

	k->n = 0;
	while (more) {
		comma = f->word.n && f->word.s[f->word.n - 1] == ',';
		corefile_keys_add(k, f->word);
		if (!corefile_next(f))
			return false;
		more = !str_is(f->word, "{") && (comma || !f->first);
	}
	f->held = !str_is(f->word, "{");
	return !f->held;
}

/* The directives of a server block, and its end; one without a brace lasts to the end. */
static void corefile_check_block(struct corefile_report *r, struct corefile *f, bool brace,
				 const struct corefile_keys *keys)
{
	struct corefile_directive d;
	bool bound = false, ended = false;
	unsigned seen = 0;

	while (!ended && corefile_next(f)) {
		if ((ended = str_is(f->word, "}")))
			break;
		bound |= str_is(f->word, "bind") || str_is(f->word, "view");
		corefile_check_name(r, f->word, false, &seen);
		ended = corefile_tell_end(r, corefile_read_directive(f, &d));
	}
	if (!ended && brace)
		corefile_tell_end(r, COREFILE_BRACE_MISSING);
	if (!bound)
		corefile_check_zones(r, keys);
}

static void corefile_check_server(struct corefile_report *r, struct str text)
{
	struct corefile f = { .text = text };
	struct corefile_keys keys;
	struct str first;
	bool brace;

	while (corefile_next(&f)) {
		first = f.word;
		if (str_is(first, "import")) {
			corefile_next(&f);
			continue;
		}
		if (str_is(first, "}")) {
			corefile_tell_end(r, COREFILE_BRACE_STRAY);
			continue;
		}
		brace = corefile_read_server_keys(&f, &keys);
		if (!brace && corefile_is_plugin(first))
			corefile_tell(r, first,
				      "is outside of a server block: CoreDNS takes it for the name "
				      "of a zone");
		corefile_check_block(r, &f, brace, &keys);
	}
}

/* ---- the ConfigMap ---- */

static bool corefile_ends_with(struct str s, const char *end)
{
	struct str e = str_of(end);

	return s.n >= e.n && str_eq(str_from(s, s.n - e.n), e);
}

static void corefile_tell_unread(struct corefile_report *r)
{
	r->n++;
	r->told(r->ctx, &(struct corefile_problem){
				.key = r->key,
				.what = "ends neither in .server nor in .override: CoreDNS does "
					"not read it",
				.unread = true });
}

size_t corefile_problems_each(const struct json *data,
			      void (*told)(void *ctx, const struct corefile_problem *p), void *ctx)
{
	struct corefile_report r = { .told = told, .ctx = ctx };
	unsigned seen = (1u << ONCE_DEFAULT) - 1; /* in the default block, by all *.override */

	if (!data || data->type != JSON_OBJECT)
		return 0;
	r.zones[r.zones_n++] =
		(struct corefile_zone){ .scheme = STR("dns"), .zone = STR(""), .port = STR("53") };
	for (const struct json *m = data->child; m; m = m->next) {
		r.key = json_key(m);
		if (corefile_ends_with(r.key, ".override"))
			corefile_check_override(&r, json_str(m), &seen);
		else if (corefile_ends_with(r.key, ".server"))
			corefile_check_server(&r, json_str(m));
		else
			corefile_tell_unread(&r);
	}
	return r.n;
}

void corefile_problem_print(const struct corefile_problem *p, struct text *out)
{
	text_str(out, corefile_shown(p->word));
	text_puts(out, p->word.n ? " " : "");
	text_puts(out, p->what);
}

/* "key a.override: word ..." */
static void corefile_take_first(void *ctx, const struct corefile_problem *p)
{
	struct text *first = ctx;

	if (!first || first->n)
		return;
	text_puts(first, "key ");
	text_str(first, corefile_shown(p->key));
	text_puts(first, p->word.n ? ": " : " ");
	corefile_problem_print(p, first);
}

size_t corefile_problems(const struct json *data, struct text *first)
{
	return corefile_problems_each(data, corefile_take_first, first);
}
