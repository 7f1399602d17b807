/*
 * coredns.c - what is wrong with a key of ConfigMap coredns-custom, as CoreDNS reads it.
 *
 * Tried with CoreDNS 1.12.4: what stands here ends the next pod with status 1, while the running
 * one goes on with what it had. Directives may be repeated unless they are in `once`; a first word
 * that is no plugin's begins a server block.
 */
#include "posture/corefile/coredns.h"

static const char *const plugins[] = {
	"acl",      "any",     "auto",         "autopath",   "azure",       "bind",
	"bufsize",  "cache",   "cancel",       "chaos",      "clouddns",    "debug",
	"dns64",    "dnssec",  "dnstap",       "erratic",    "errors",      "etcd",
	"file",     "forward", "geoip",        "grpc",       "header",      "health",
	"hosts",    "import",  "k8s_external", "kubernetes", "loadbalance", "local",
	"log",      "loop",    "metadata",     "minimal",    "multisocket", "nomad",
	"nsid",     "pprof",   "prometheus",   "quic",       "ready",       "reload",
	"rewrite",  "root",    "route53",      "secondary",  "sign",        "template",
	"timeouts", "tls",     "trace",        "transfer",   "tsig",        "view",
	"whoami",
};
/* Those of OKE's own server block that may stand there once. */
static const char *const once[] = { "cache", "errors", "ready", "prometheus", "loop" };

static bool among(const char *const *list, size_t n, struct str word)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(word, list[i]))
			return true;
	return false;
}

/* A line without its comment, its first word, and what its braces do. */
struct corefile_line {
	struct str first, rest;
	bool opens, closes;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct str line_trim(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] == '#' && (!i || is_space(s.s[i - 1]))) {
			s.n = i;
			break;
		}
	while (s.n && is_space(s.s[0]))
		s = str_from(s, 1);
	while (s.n && is_space(s.s[s.n - 1]))
		s.n--;
	return s;
}

static bool line_next(struct str *text, struct corefile_line *out)
{
	const char *end;
	struct str line;

	if (!text->n)
		return false;
	end = memchr(text->s, '\n', text->n);
	line = (struct str){ text->s, end ? (size_t)(end - text->s) : text->n };
	*text = str_from(*text, end ? line.n + 1 : line.n);
	line = line_trim(line);
	*out = (struct corefile_line){ .opens = line.n && line.s[line.n - 1] == '{',
				       .closes = line.n && line.s[0] == '}' };
	out->first.s = line.s;
	while (out->first.n < line.n && !is_space(line.s[out->first.n]))
		out->first.n++;
	out->rest = str_from(line, out->first.n);
	return true;
}

/* "Example.com.", "dns://example.com:53" -> "example.com:53" */
static struct str zone_plain(struct str word, char out[300])
{
	size_t n = 0, colon;

	if (str_starts(word, STR("dns://")))
		word = str_from(word, 6);
	for (colon = word.n; colon && word.s[colon - 1] != ':' && word.s[colon - 1] != ']'; colon--)
		;
	if (colon && word.s[colon - 1] != ':')
		colon = 0;
	for (size_t i = 0; i < (colon ? colon - 1 : word.n) && n < 280; i++)
		out[n++] =
			(char)(word.s[i] >= 'A' && word.s[i] <= 'Z' ? word.s[i] + 32 : word.s[i]);
	if (n > 1 && out[n - 1] == '.')
		n--;
	n += (size_t)snprintf(out + n, 300 - n, ":%.*s",
			      colon ? (int)((word.n - colon) > 5 ? 5 : word.n - colon) : 2,
			      colon ? word.s + colon : "53");
	return (struct str){ out, n };
}

static void tell_fault(const struct coredns_report *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void tell_fault(const struct coredns_report *r, const char *fmt, ...)
{
	char line[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	r->fault(r->ctx, line);
}

void coredns_override(struct str text, const struct coredns_report *r)
{
	struct corefile_line l;
	int depth = 0;

	while (line_next(&text, &l)) {
		if (l.closes && --depth < 0) {
			tell_fault(r, "a } too many");
			return;
		}
		if (!depth && l.first.n && !l.closes) {
			if (among(once, sizeof once / sizeof *once, l.first))
				tell_fault(r,
					   "%.*s stands in OKE's server block already, and may "
					   "stand there once",
					   STR_ARG(l.first));
			else if (!among(plugins, sizeof plugins / sizeof *plugins, l.first))
				tell_fault(r, "%s '%.*s'",
					   l.opens ? "a server block belongs in a key that ends in "
						     ".server:"
						   : "there is no plugin",
					   (int)(l.first.n > 60 ? 60 : l.first.n), l.first.s);
		}
		depth += l.opens;
	}
	if (depth > 0)
		tell_fault(r, "a block without its }");
}

/* True: it was there already. */
static bool zones_add(struct coredns_zones *zones, struct str zone)
{
	for (size_t i = 0; i < zones->n; i++)
		if (str_is(zone, zones->v[i]))
			return true;
	if (zones->n < COREDNS_ZONES_MAX)
		snprintf(zones->v[zones->n++], sizeof *zones->v, "%.*s", (int)zone.n, zone.s);
	return false;
}

/* The names in front of a server block. */
static void server_zones(const struct corefile_line *l, struct coredns_zones *zones,
			 const struct coredns_report *r)
{
	struct str rest = l->rest, word = l->first;

	while (word.n && !str_is(word, "{")) {
		char plain[300];
		struct str zone;

		if (word.s[word.n - 1] == ',' || word.s[word.n - 1] == '{')
			word.n--;
		zone = zone_plain(word, plain);
		if (word.n && str_is(zone, ".:53"))
			tell_fault(r, ".:53 is OKE's own server block");
		else if (word.n && zones_add(zones, zone))
			tell_fault(r, "zone %.*s has a server block already", STR_ARG(zone));
		rest = line_trim(rest);
		word = (struct str){ rest.s, 0 };
		while (word.n < rest.n && !is_space(rest.s[word.n]))
			word.n++;
		rest = str_from(rest, word.n);
	}
}

void coredns_server(struct str text, struct coredns_zones *zones, const struct coredns_report *r)
{
	struct corefile_line l;
	int depth = 0;

	while (line_next(&text, &l)) {
		if (l.closes && --depth < 0) {
			tell_fault(r, "a } too many");
			return;
		}
		if (!depth && l.first.n && !l.closes && l.first.s[0] != '(' &&
		    !str_is(l.first, "import")) {
			if (among(plugins, sizeof plugins / sizeof *plugins, l.first))
				tell_fault(r,
					   "'%.*s' stands outside of a server block and is taken "
					   "for the name of a zone",
					   STR_ARG(l.first));
			else
				server_zones(&l, zones, r);
		}
		depth += l.opens;
	}
	if (depth > 0)
		tell_fault(r, "a block without its }");
}
