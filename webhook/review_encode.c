/* SPDX-License-Identifier: Apache-2.0
 * review_encode.c - the answer to an AdmissionReview: a verdict to bytes.
 *
 * Written front to back: a tree of cJSON for it took a third of what a small denied review
 * takes (docs/performance.md). Each string of a verdict has its limit, and so has the answer.
 */
#include "webhook/review.h"

#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"

#define CAUSES_MAX 64           /* of one denial: eight findings of eight fields */
#define CHANGE_MAX 512          /* bytes of the words for a changed field */
#define ANSWER_MAX (256u << 10) /* with all limits used up it is 90 KiB, escapes included */

/* ---- JSON ---- */

/* What stands before a value: a comma unless it is the first, and the key of a member. */
static void review_encode_begin(struct text *out, const char *key)
{
	char last = out->n ? out->s[out->n - 1] : '{';

	if (last != '{' && last != '[')
		text_puts(out, ",");
	if (!key)
		return;
	text_puts(out, "\"");
	text_puts(out, key);
	text_puts(out, "\":");
}

static void review_encode_add(struct text *out, const char *key, struct str value)
{
	review_encode_begin(out, key);
	json_quote(value, out);
}

/* A number or a word, or the bracket that opens a container. */
static void review_encode_raw(struct text *out, const char *key, const char *value)
{
	review_encode_begin(out, key);
	text_puts(out, value);
}

/* ---- the answer ---- */

/* One cause a changed field, for programs: kubectl shows none of them. */
static void review_encode_cause(struct text *out, const struct finding_change *change)
{
	char words[CHANGE_MAX];
	int n = snprintf(words, sizeof words, "%.*s -> %.*s", STR_ARG(change->from),
			 STR_ARG(change->to));

	review_encode_raw(out, NULL, "{");
	review_encode_add(out, "reason", STR("FieldValueForbidden"));
	review_encode_add(out, "message",
			  (struct str){ words, n < CHANGE_MAX ? (size_t)n : CHANGE_MAX - 1 });
	review_encode_add(out, "field", change->path);
	text_puts(out, "}");
}

static void review_encode_causes(struct text *out, const struct verdict *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->findings_n && v->findings[i].action == ACTION_DENY; i++)
		for (size_t k = 0; k < v->findings[i].changes_n && n < CAUSES_MAX; k++) {
			if (!n++) {
				review_encode_raw(out, "details", "{");
				review_encode_raw(out, "causes", "[");
			}
			review_encode_cause(out, &v->findings[i].changes[k]);
		}
	if (n)
		text_puts(out, "]}");
}

static void review_encode_status(struct text *out, const struct verdict *v, struct arena *arena)
{
	review_encode_raw(out, "status", "{");
	/* Both: kubectl prints the reason, the API server answers with the code. */
	review_encode_raw(out, "code", "403");
	review_encode_add(out, "reason", STR("Forbidden"));
	review_encode_add(out, "message", verdict_message(v, arena));
	review_encode_causes(out, v);
	text_puts(out, "}");
}

static void review_encode_warnings(struct text *out, const struct verdict *v, struct arena *arena)
{
	struct str lines[WARNINGS_MAX];
	size_t n = verdict_warnings(v, arena, lines);

	if (!n)
		return;
	review_encode_raw(out, "warnings", "[");
	for (size_t i = 0; i < n; i++)
		review_encode_add(out, NULL, lines[i]);
	text_puts(out, "]");
}

static void review_encode_annotations(struct text *out, const struct verdict *v,
				      struct arena *arena)
{
	struct annotation all[ANNOTATIONS_MAX];
	size_t n = verdict_annotations(v, arena, all);

	if (!n)
		return;
	review_encode_raw(out, "auditAnnotations", "{");
	for (size_t i = 0; i < n; i++)
		review_encode_add(out, all[i].key, all[i].value);
	text_puts(out, "}");
}

static void review_encode_response(struct text *out, const struct review *review,
				   const struct verdict *v, struct arena *arena)
{
	bool denied = v->action == ACTION_DENY;

	review_encode_raw(out, "response", "{");
	review_encode_add(out, "uid", review->request.uid);
	review_encode_raw(out, "allowed", denied ? "false" : "true");
	if (denied)
		review_encode_status(out, v, arena);
	review_encode_warnings(out, v, arena);
	review_encode_annotations(out, v, arena);
	text_puts(out, "}");
}

/* The reply outlives the request's arena. */
static char *review_encode_keep(const struct text *t, size_t *len, struct err *err)
{
	char *line = t->full ? NULL : malloc(t->n + 1);

	if (!line) {
		err_nomem(err);
		return NULL;
	}
	memcpy(line, t->s, t->n + 1);
	*len = t->n;
	return line;
}

char *review_encode(const struct review *review, const struct verdict *verdict, struct arena *arena,
		    size_t *len, struct err *err)
{
	static const char *const begins[] = {
		"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"",
		"{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"kind\":\"AdmissionReview\"",
	};
	scoped(arena_end) struct arena words; /* the request's may be used up when it is denied */
	struct text out;

	arena_init(&words, 4 * ANSWER_MAX);
	text_init(&out, &words, ANSWER_MAX);
	text_puts(&out, begins[review->version]);
	review_encode_response(&out, review, verdict, arena);
	text_puts(&out, "}\n");
	return review_encode_keep(&out, len, err);
}
