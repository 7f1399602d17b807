/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/published.h"

#include <string.h>

#include "agent/api/kube.h"
#include "lib/base/chars.h"
#include "lib/base/printable.h"
#include "lib/base/time.h"

#define FORMAT    "oke-guard.internal/posture"
#define EVENT_MAX 4096

static const char *const results[PUBLISHED_RESULTS_N] = {
	[PUBLISHED_PASS] = "pass",
	[PUBLISHED_FINDING] = "finding",
	[PUBLISHED_NOT_CHECKABLE] = "not-checkable",
	[PUBLISHED_UNKNOWN] = "unknown",
	[PUBLISHED_NOT_APPLICABLE] = "not-applicable",
};

static const char *const tiers[PUBLISHED_TIERS_N] = {
	[PUBLISHED_UNSUPPORTED] = "unsupported",
	[PUBLISHED_BEST_EFFORT] = "best-effort",
	[PUBLISHED_SUPPORTED] = "supported",
};

/* In the report's summary. */
static const char *const counts[PUBLISHED_TIERS_N] = {
	[PUBLISHED_UNSUPPORTED] = "unsupported",
	[PUBLISHED_BEST_EFFORT] = "bestEffort",
	[PUBLISHED_SUPPORTED] = "advice",
};

static const struct published_reason {
	const char *check, *reason;
} reasons[] = {
	{ "component-drift", "OracleComponentChanged" },
	{ "component-image", "OracleComponentImage" },
	{ "component-missing", "OracleComponentMissing" },
	{ "pods-differ", "OracleComponentPodDiffers" },
};

const char *published_result_name(enum published_result r)
{
	return results[r];
}

const char *published_tier_name(enum published_tier t)
{
	return tiers[t];
}

/* ---- reading ---- */

int published_find(struct str configmap, struct arena *arena, struct str *out, struct err *err)
{
	const struct json *root = json_parse(configmap, NULL, arena, err);

	*out = (struct str){ NULL, 0 };
	if (!root)
		return err_in(err, "the ConfigMap of the posture");
	if (!str_is(json_str(json_get(root, STR("kind"))), "ConfigMap"))
		return err_set(err, ERR_SYNTAX, "the answer is no ConfigMap");
	*out = json_str(json_get(json_get(root, STR("data")), STR(PUBLISHED_KEY)));
	return 0;
}

static void published_read_checks(const struct json *list, struct published *out)
{
	const struct json *c = list && list->type == JSON_ARRAY ? list->child : NULL;

	for (; c && out->checks_n < PUBLISHED_CHECKS; c = c->next) {
		struct str id = json_str(json_get(c, STR("id"))),
			   result = json_str(json_get(c, STR("result")));
		struct published_check *to = &out->checks[out->checks_n];

		if (!id.n || id.n >= PUBLISHED_ID || !chars_all(id, char_is_lower, "-"))
			continue;
		for (int r = 0; r < PUBLISHED_RESULTS_N; r++)
			if (str_is(result, results[r])) {
				memcpy(to->id, id.s, id.n);
				to->id[id.n] = '\0';
				to->result = (enum published_result)r;
				out->checks_n++;
			}
	}
}

/* Two series of the same labels are an error for Prometheus: of a check's results the first counts.
 */
static bool is_told_before(const struct published *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(r->checks[k].id, r->checks[i].id))
			return true;
	return false;
}

static void published_drop_repeated(struct published *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->checks_n; i++)
		if (!is_told_before(r, i))
			r->checks[kept++] = r->checks[i];
	r->checks_n = kept;
}

/* "cni: configured vcn-native, seen flannel" */
static void published_read_facts(const struct json *list, struct arena *arena,
				 struct published *out)
{
	const struct json *f = list && list->type == JSON_ARRAY ? list->child : NULL;

	for (; f && out->facts_n < PUBLISHED_FACTS; f = f->next) {
		const struct json *contradicts = json_get(f, STR("contradicts"));
		struct str name = printable_cut(json_str(json_get(f, STR("name"))), 60, arena),
			   said = printable_cut(json_str(json_get(f, STR("configured"))), 50,
						arena),
			   seen = printable_cut(json_str(json_get(f, STR("value"))), 50, arena);

		if (!contradicts || contradicts->type != JSON_TRUE)
			continue;
		snprintf(out->facts[out->facts_n++], PUBLISHED_FACT,
			 "%.*s: configured %.*s, the cluster has %.*s", STR_ARG(name),
			 STR_ARG(said), STR_ARG(seen));
	}
}

static unsigned long long published_count(const struct json *summary, const char *key)
{
	struct str digits = json_str(json_get(summary, str_of(key)));
	unsigned long long n = 0;

	for (size_t i = 0; i < digits.n && i < 9 && char_is_digit(digits.s[i]); i++)
		n = n * 10 + (unsigned)(digits.s[i] - '0');
	return n;
}

int published_read(struct str text, struct arena *arena, struct published *out,
		   const struct json **findings, struct err *err)
{
	const struct json *root, *whole;

	*out = (struct published){ .time = 0 };
	*findings = NULL;
	if (text.n > PUBLISHED_MAX)
		return err_set(err, ERR_LIMIT, "the posture has more than %u KiB",
			       PUBLISHED_MAX >> 10);
	if (!(root = json_parse(text, NULL, arena, err)))
		return err_in(err, "the posture");
	if (!str_is(json_str(json_get(root, STR("format"))), FORMAT) ||
	    !str_is(json_str(json_get(root, STR("version"))), "1"))
		return err_set(err, ERR_SYNTAX,
			       "the posture is not of a format that this agent knows (%s, version "
			       "1)",
			       FORMAT);
	if (!time_parse(json_str(json_get(root, STR("time"))), &out->time))
		return err_set(err, ERR_SYNTAX, "the posture has no time");
	whole = json_get(root, STR("whole"));
	out->whole = whole && whole->type == JSON_TRUE;
	for (int t = 0; t < PUBLISHED_TIERS_N; t++)
		out->findings[t] = published_count(json_get(root, STR("summary")), counts[t]);
	published_read_checks(json_get(root, STR("checks")), out);
	published_drop_repeated(out);
	published_read_facts(json_get(root, STR("facts")), arena, out);
	*findings = json_get(root, STR("findings"));
	return 0;
}

/* ---- Events ---- */

static bool is_object_name(struct str s)
{
	return s.n && s.n <= 253 && chars_all(s, char_is_lower, "-.:");
}

/* "16 hex digits" */
static bool is_finding_key(struct str s)
{
	return s.n == 16 && chars_all(s, char_is_hex, "");
}

static const char *published_reason_of(struct str check)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (str_is(check, reasons[i].check))
			return reasons[i].reason;
	return NULL;
}

static bool is_true(const struct json *j)
{
	return j && j->type == JSON_TRUE;
}

bool published_event_of(const struct json *f, struct arena *arena, struct published_event *out)
{
	const struct json *object = json_get(f, STR("object")), *fresh = json_get(f, STR("new"));

	*out = (struct published_event){
		.key = json_str(json_get(f, STR("key"))),
		.reason = published_reason_of(json_str(json_get(f, STR("check")))),
		.api_version = json_str(json_get(object, STR("apiVersion"))),
		.kind = json_str(json_get(object, STR("kind"))),
		.namespace = json_str(json_get(object, STR("namespace"))),
		.name = json_str(json_get(object, STR("name"))),
		.uid = json_str(json_get(object, STR("uid"))),
		.text = printable_cut(json_str(json_get(f, STR("text"))), PUBLISHED_EVENT_TEXT,
				      arena),
	};
	if (is_true(json_get(f, STR("accepted"))) || (fresh && fresh->type == JSON_FALSE))
		return false;
	return out->reason && out->text.n && is_finding_key(out->key) &&
	       is_object_name(out->name) && out->kind.n && out->kind.n <= 63 &&
	       chars_all(out->kind, char_is_alnum, "") && out->api_version.n <= 253 &&
	       chars_all(out->api_version, char_is_alnum, "-./") && out->uid.n <= 128 &&
	       chars_all(out->uid, char_is_alnum, "-") &&
	       (!out->namespace.n || str_is(out->namespace, PUBLISHED_NAMESPACE));
}

void published_event_name(const struct published_event *e, int64_t now, char out[PUBLISHED_NAME])
{
	char date[TIME_TEXT];

	time_print(now, date);
	snprintf(out, PUBLISHED_NAME, "oke-guard-%.16s-%.4s%.2s%.2s", e->key.s, date, date + 5,
		 date + 8);
}

static void published_put(struct text *t, const char *before, struct str value)
{
	if (!value.n)
		return;
	text_puts(t, before);
	json_quote(value, t);
}

/*
 * With eventTime, and what goes with it: without, the API server takes an Event on an object of no
 * namespace in namespace default alone (pkg/apis/core/validation/events.go).
 */
struct str published_event_print(const struct published_event *e, int64_t now, struct arena *arena)
{
	char name[PUBLISHED_NAME], date[TIME_TEXT];
	struct text t;

	published_event_name(e, now, name);
	time_print(now, date);
	text_init(&t, arena, EVENT_MAX);
	text_printf(&t,
		    "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"%s\","
		    "\"namespace\":\"" PUBLISHED_NAMESPACE "\"},\"involvedObject\":{",
		    name);
	published_put(&t, "\"kind\":", e->kind);
	published_put(&t, ",\"name\":", e->name);
	published_put(&t, ",\"apiVersion\":", e->api_version);
	published_put(&t, ",\"namespace\":", e->namespace);
	published_put(&t, ",\"uid\":", e->uid);
	text_printf(&t,
		    "},\"type\":\"Warning\",\"reason\":\"%s\",\"action\":\"Scan\","
		    "\"source\":{\"component\":\"oke-guard-agent\"},"
		    "\"reportingComponent\":\"oke-guard-agent\","
		    "\"reportingInstance\":\"oke-guard-agent\",\"eventTime\":\"%.19s.000000Z\","
		    "\"count\":1,\"firstTimestamp\":\"%s\",\"lastTimestamp\":\"%s\"",
		    e->reason, date, date, date);
	published_put(&t, ",\"message\":", e->text);
	text_puts(&t, "}");
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}
