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

#define CAUSES_MAX  64           /* of one denial: eight findings of eight fields */
#define CHANGE_MAX  512          /* bytes of the words for a changed field */
#define ANSWER_MAX  (256u << 10) /* with all limits used up it is 90 KiB, escapes included */
#define ANSWER_MOST 4000         /* what nearly every answer has room in */

/* One cause a changed field, for programs: kubectl shows none of them. */
static void review_encode_cause(struct text *out, const struct finding_change *change)
{
	struct text words;

	text_init(&words, out->arena, CHANGE_MAX);
	text_str(&words, change->from);
	text_puts(&words, " -> ");
	text_str(&words, change->to);
	text_puts(out, "{\"reason\":\"FieldValueForbidden\",\"message\":");
	json_quote(text_get(&words), out);
	text_puts(out, ",\"field\":");
	json_quote(change->path, out);
	text_puts(out, "}");
}

static void review_encode_causes(struct text *out, const struct verdict *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->findings_n && v->findings[i].action == ACTION_DENY; i++)
		for (size_t k = 0; k < v->findings[i].changes_n && n < CAUSES_MAX; k++) {
			text_puts(out, n++ ? "," : ",\"details\":{\"causes\":[");
			review_encode_cause(out, &v->findings[i].changes[k]);
		}
	if (n)
		text_puts(out, "]}");
}

static void review_encode_status(struct text *out, const struct verdict *v, struct arena *arena)
{
	/* Both: kubectl prints the reason, the API server answers with the code. */
	text_puts(out, ",\"status\":{\"code\":403,\"reason\":\"Forbidden\",\"message\":");
	json_quote(verdict_message(v, arena), out);
	review_encode_causes(out, v);
	text_puts(out, "}");
}

static void review_encode_warnings(struct text *out, const struct verdict *v, struct arena *arena)
{
	struct str lines[WARNINGS_MAX];
	size_t n = verdict_warnings(v, arena, lines);

	for (size_t i = 0; i < n; i++) {
		text_puts(out, i ? "," : ",\"warnings\":[");
		json_quote(lines[i], out);
	}
	if (n)
		text_puts(out, "]");
}

static void review_encode_annotations(struct text *out, const struct verdict *v,
				      struct arena *arena)
{
	struct annotation all[ANNOTATIONS_MAX];
	size_t n = verdict_annotations(v, arena, all);

	for (size_t i = 0; i < n; i++) {
		text_puts(out, i ? ",\"" : ",\"auditAnnotations\":{\"");
		text_puts(out, all[i].key);
		text_puts(out, "\":");
		json_quote(all[i].value, out);
	}
	if (n)
		text_puts(out, "}");
}

static void review_encode_response(struct text *out, const struct review *review,
				   const struct verdict *v, struct arena *arena)
{
	text_puts(out, ",\"response\":{\"uid\":");
	json_quote(review->request.uid, out);
	if (v->action == ACTION_DENY) {
		text_puts(out, ",\"allowed\":false");
		review_encode_status(out, v, arena);
	} else {
		text_puts(out, ",\"allowed\":true");
	}
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
	text_fits(&out, ANSWER_MOST);
	text_puts(&out, begins[review->version]);
	review_encode_response(&out, review, verdict, arena);
	text_puts(&out, "}\n");
	return review_encode_keep(&out, len, err);
}
