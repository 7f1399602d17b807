/* SPDX-License-Identifier: Apache-2.0
 * check_skim.c - what an object's bytes tell while they are passed over: uses that are no gated
 * field, names that are written otherwise than they read, and ordinary objects.
 * check_features_rows.c does the gated fields.
 */
#include "policy/alpha/features.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/json/scan.h"
#include "tests/unit/policy/alpha/noted.h"
#include "tests/unit/chance.h"
#include "tests/unit/suite.h"

#define ARENA_MAX (1u << 20)

/* What is no gated field, and what is written otherwise than it reads; each is found in a minor. */
static const struct {
	const char *kind, *group, *subresource, *object;
} others[] = {
	{ "Pod", "", "", "{\"spec\":{\"hostUsers\":false,\"hostNetwork\":true}}" },
	{ "Pod", "", "", "{\"spec\":{\"host\\u0055sers\":false}}" },
	{ "Pod", "", "", "{\"spec\":{\"\\u0068ostUsers\" : false}}" },
	{ "Pod", "", "", "{\"spec\" : {\"hostUsers\"\n: false}}" },
	{ "Pod", "", "", "{\"spec\":{\"dnsConfig\":{\"searches\":[\".\"]}}}" },
	{ "Pod", "", "",
	  "{\"spec\":{\"containers\":[{\"name\":\"c\",\"env\":[{\"name\":\"a b\"}]}]}}" },
	{ "Deployment", "apps", "",
	  "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":"
	  "\"registry.k8s.io/kube-proxy:v1\",\"command\":[\"kube-proxy\",\"--feature-gates="
	  "UserNamespacesSupport=true\"]}]}}}}" },
	{ "Deployment", "apps", "",
	  "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"env\":[{"
	  "\"name\":\"KUBE_FEATURE_WatchListClient\",\"value\":\"true\"}]}]}}}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"labels\":{\"applyset.kubernetes.io/part-of\":\"x\"}},\"spec\":{}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"labels\":{\"applyset.kubernetes.io\\/part-of\":\"x\"}},\"spec\":{}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
	  "\"{\\\"spec\\\" : {\\\"hostUsers\\\"\\n: false}}\"}},\"spec\":{}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
	  "\"{\\\"spec\\\":{\\\"hostUser\\\\u0073\\\":false}}\"}},\"spec\":{}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
	  "\"{\\\"spec\\\":{\\\"tolerations\\\":[{\\\"key\\\":\\\"]}\\\",\\\"operator\\\":"
	  "\\\"Gt\\\"}]}}\"}},\"spec\":{\"tolerations\":[{\"key\":\"]\",\"operator\":\"Exists\"}]}}" },
	{ "Pod", "", "",
	  "{\"spec\":{\"tolerations\":[{\"key\":\"}\",\"operator\":\"Exists\"},{\"key\":\"]\","
	  "\"operator\" :\"Gt\"}]}}" },
	{ "Pod", "", "",
	  "{\"spec\":{\"tolerations\":[{\"key\":\"a\",\"operator\":\"\\u0047t\"}]}}" },
};
#define OTHERS ((int)(sizeof others / sizeof *others))

START_TEST(other_uses_are_not_lost_by_their_bytes)
{
	bool found = false;

	for (unsigned m = CATALOGUE_MINOR_MIN; m <= catalogue_minor_max; m++) {
		scoped(arena_end) struct arena arena = { .limit = 32 * ARENA_MAX };
		struct request req = { .operation = OP_UPDATE,
				       .subresource = str_of(others[_i].subresource),
				       .object = str_of(others[_i].object) };

		req.kind = req.request_kind = (struct gvk){ str_of(others[_i].group), STR("v1"),
							    str_of(others[_i].kind) };
		found = noted(&req, m, &arena) || found;
	}
	ck_assert_msg(found, "nothing is found in %s", others[_i].object);
}
END_TEST

/* And those that hold the names, but not there, are not read. */
START_TEST(ordinary_objects_are_not_read)
{
	static const char pod[] =
		"{\"metadata\":{\"name\":\"p\",\"annotations\":{\"a.example/b\":\"alpha\"}},\"spec\":{"
		"\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"ports\":[{\"containerPort\":80,"
		"\"protocol\":\"TCP\"}],\"livenessProbe\":{\"httpGet\":{\"path\":\"/}\",\"port\":80}},"
		"\"resources\":{\"limits\":{\"cpu\":1}}}],\"restartPolicy\":\"Always\","
		"\"tolerations\":[{\"key\":\"a\",\"operator\":\"Exists\"}],\"volumes\":[{\"name\":\"v\","
		"\"emptyDir\":{}},{\"name\":\"w\",\"configMap\":{\"items\":[{\"key\":\"k\","
		"\"mode\":420}]}}]}}";

	for (unsigned m = 32; m <= catalogue_minor_max; m++) {
		scoped(arena_end) struct arena arena = { .limit = 32 * ARENA_MAX };
		struct request req = { .operation = OP_UPDATE,
				       .object = str_of(pod),
				       .old_object = str_of(pod) };

		req.kind = req.request_kind = (struct gvk){ STR(""), STR("v1"), STR("Pod") };
		note(&req, &arena, true);
		ck_assert_msg(!features_possible(m, &req), "1.%u: it would be read", m);
	}
}
END_TEST

/* ---- where a name stands, told in another way: by where the values end ---- */

struct model {
	const char *end, *input_end;
	const char *insides[CATALOGUE_INSIDES]; /* up to where the value of such a member reaches */
	uint64_t words[8];
};

static bool is_plain_name(const char *quote)
{
	return quote[1] == ':' && quote[-1] != '\\' && (unsigned char)quote[2] > ' ';
}

/* Or there are too few bytes behind it to tell. */
static bool model_has_value(const struct model *m, const char *quote, uint32_t value)
{
	const char *p = quote + 2, *text = catalogue_text(value);

	if (!value || !is_plain_name(quote) || (size_t)(m->input_end - quote) < strlen(text) + 4)
		return true;
	p += *p == '"';
	return *p == '\\' || !strncmp(p, text, strlen(text));
}

static void model_word(struct model *m, const struct catalogue_word *w, const char *quote)
{
	m->words[w->number / 64] |= UINT64_C(1) << w->number % 64;
	for (size_t i = w->spots; i < (size_t)w->spots + w->spots_n; i++) {
		const struct catalogue_spot *spot = &catalogue_spots[i];

		if (quote < m->insides[spot->inside] && model_has_value(m, quote, spot->value))
			m->words[spot->number / 64] |= UINT64_C(1) << spot->number % 64;
	}
	if (w->inside == CATALOGUE_NONE || quote < m->insides[w->inside])
		return;
	if (!is_plain_name(quote))
		m->insides[w->inside] = m->end;
	else if (quote[2] == '{' || quote[2] == '[')
		m->insides[w->inside] = json_skim_end(quote + 2, m->end);
}

static void model_name(struct model *m, const char *quote)
{
	const char *end = quote;
	uint64_t tail, before;

	while (end[-1] == '\\')
		end--;
	tail = scan_word(end - 8);
	before = scan_word(end - 16);
	for (size_t slot = 0; slot < 1024; slot++) {
		const struct catalogue_word *w = &catalogue_words[catalogue_word_first[slot]];

		for (bool last = !catalogue_word_ends[slot]; !last; last = w++->last)
			if ((tail & w->tail_mask) == w->tail &&
			    (before & w->before_mask) == w->before)
				model_word(m, w, quote);
	}
}

/* What is looked for wherever it stands. */
static bool holds_one_of(struct str s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t at = 0, len = strlen(words[i]); at + len <= s.n; at++)
			if (!memcmp(s.s + at, words[i], len))
				return true;
	return false;
}

static bool holds_domain(struct str s)
{
	static const char *const domains[] = { "alpha.kubernetes.io/", "alpha.kubernetes.io\\/",
					       "applyset.kubernetes.io/",
					       "applyset.kubernetes.io\\/" };

	return holds_one_of(s, domains, sizeof domains / sizeof *domains);
}

static bool holds_flag(struct str s)
{
	static const char *const flags[] = { "feature-gates", "feature_gates", "KUBE_FEATURE_" };

	return holds_one_of(s, flags, sizeof flags / sizeof *flags);
}

/* As `note` makes a body of it. */
static struct model model_of(struct str object, bool more)
{
	const char *end = object.s + object.n;
	struct model m = { .end = end, .input_end = end + (more ? 100 : 1) };

	for (size_t i = 0; i < CATALOGUE_INSIDES; i++)
		m.insides[i] = object.s;
	for (const char *p = object.s; p + 1 < m.end; p++)
		if (*p == '"' && memchr(": \n\\", p[1], 4))
			model_name(&m, p);
	return m;
}

static void made_name(uint64_t *state, struct text *t)
{
	static const char *const names[] = {
		"containers",
		"initContainers",
		"ephemeralContainers",
		"restartPolicy",
		"httpGet",
		"protocol",
		"tolerations",
		"operator",
		"emptyDir",
		"items",
		"mode",
		"volumes",
		"image",
		"restartPolicyRules",
		"action",
		"type",
		"f:containers",
		"f:restartPolicy",
		"seccompProfile",
		"user",
		"a-longer-name",
		"updateStrategy",
		"rules",
		"x",
	};

	text_printf(t, "\"%s\"%s", names[chance(state, sizeof names / sizeof *names)],
		    chance(state, 40)  ? ":"
		    : chance(state, 2) ? " :"
				       : "\n: ");
}

static void made_scalar(uint64_t *state, struct text *t)
{
	static const char *const scalars[] = {
		"1",
		"\"Always\"",
		"\"Gt\"",
		"\"}\"",
		"\"[{\"",
		"{}",
		"[]",
		"\"Lt\"",
		"\"a \\\"containers\\\": b\"",
		"\"\\\\\"",
		"\"registry.example/a-name-that-takes-more-than-half-a-block:1\"",
		"\"{\\\"emptyDir\\\":{\\\"mode\\\":1}}\"",
		"[[],{}]",
		"\"x.alpha.kubernetes.io/y\"",
		"\"applyset.kubernetes.io\\/z\"",
		"\"--feature-gates=A=true\"",
		"\"a feature_gates\"",
		"\"KUBE_FEATURE_A\"",
		"\"\\u0061\"",
		"\"feo/io/FE\\u003c\\/\"",
	};
	/* What changes what is said of all that follows seldom. */
	size_t n = sizeof scalars / sizeof *scalars;

	text_puts(t, scalars[chance(state, chance(state, 20) ? 8 : n)]);
}

/* A value with others in it; what is open is closed in the end. */
static void made_value(uint64_t *state, size_t size, struct text *t)
{
	char close[64];
	size_t depth = 0;

	for (bool first = true; t->n < size || depth; first = false) {
		bool more = t->n < size && (!depth || chance(state, 4));

		if (!more) {
			text_printf(t, "%c", close[--depth]);
			continue;
		}
		if (!first && !memchr("{[", t->s[t->n - 1], 2))
			text_puts(t, ",");
		if (!depth || close[depth - 1] == '}')
			made_name(state, t);
		if (depth == sizeof close || chance(state, 3)) {
			made_scalar(state, t);
			continue;
		}
		close[depth++] = chance(state, 2) ? '}' : ']';
		text_puts(t, close[depth - 1] == '}' ? "{" : "[");
	}
}

START_TEST(names_stand_where_they_are)
{
	static const char *const hidden = "\\u0061";
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)_i;

	for (int i = 0; i < 100; i++) {
		scoped(arena_end) struct arena arena = { .limit = 32 * ARENA_MAX };
		struct request req = { .operation = OP_CREATE };
		struct model model;
		struct text t;

		text_init(&t, &arena, 1 << 14);
		text_puts(&t, "{");
		made_value(&state, 1 + chance(&state, i % 8 ? 300 : 5000), &t);
		text_puts(&t, "}");
		ck_assert(!t.full);
		req.kind = req.request_kind = (struct gvk){ STR(""), STR("v1"), STR("Pod") };
		req.object = text_get(&t);
		for (int more = 0; more < 2; more++) {
			note(&req, &arena, more);
			model = model_of(req.object, more);
			ck_assert(req.notes.made);
			ck_assert_int_eq(req.notes.domain, holds_domain(req.object));
			ck_assert_int_eq(req.notes.flag, holds_flag(req.object));
			ck_assert_int_eq(req.notes.unsure, holds_one_of(req.object, &hidden, 1));
			ck_assert_msg(!memcmp(model.words, req.notes.words, sizeof model.words),
				      "%.*s", (int)(req.object.n < 1000 ? req.object.n : 1000),
				      req.object.s);
		}
	}
}
END_TEST

/* Each in another, as deep as there are bytes for. */
START_TEST(values_in_one_another)
{
	static const char *const names[] = { "containers", "tolerations", "volumes", "items" };
	scoped(arena_end) struct arena arena = { .limit = 32 * ARENA_MAX };
	struct request req = { .operation = OP_CREATE };
	struct model model;
	struct text t;

	text_init(&t, &arena, 1 << 18);
	text_puts(&t, "{\"a\":");
	for (size_t i = 0; i < 4000; i++)
		text_printf(&t, "{\"%s\":", names[i % 4]);
	text_puts(&t, "1");
	for (size_t i = 0; i < 4000; i++)
		text_puts(&t, i % 500 ? "}" : ",\"image\":1,\"restartPolicy\":\"Never\"}");
	text_puts(&t, "}");
	ck_assert(!t.full);
	req.kind = req.request_kind = (struct gvk){ STR(""), STR("v1"), STR("Pod") };
	req.object = text_get(&t);
	note(&req, &arena, true);
	model = model_of(req.object, true);
	ck_assert(!memcmp(model.words, req.notes.words, sizeof model.words));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("skim");
	TCase *tc = tcase_create("skim");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, other_uses_are_not_lost_by_their_bytes, 0, OTHERS);
	tcase_add_test(tc, ordinary_objects_are_not_read);
	tcase_add_loop_test(tc, names_stand_where_they_are, 0, 20);
	tcase_add_test(tc, values_in_one_another);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
