/*
 * review_encode.c - the answer to an AdmissionReview: a verdict to bytes.
 */
#include "webhook/review.h"

#include <cjson/cJSON.h>

#include "oke/cleanup.h"

#define CAUSES_MAX 64 /* of one denial: eight findings of eight fields */

static void json_end(cJSON **j)
{
	cJSON_Delete(*j);
}

/* cJSON wants NUL behind a string; the arena may be used up when a denial is written. */
static bool add(cJSON *object, const char *key, struct str value)
{
	scoped(free_end) char *z = malloc(value.n + 1);

	if (!z)
		return false;
	if (value.n)
		memcpy(z, value.s, value.n);
	z[value.n] = '\0';
	return cJSON_AddStringToObject(object, key, z);
}

/* One cause a changed field, for programs: kubectl shows none of them. */
static bool add_cause(cJSON *causes, const struct finding_change *change)
{
	cJSON *cause = cJSON_CreateObject();
	struct text words;
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1024);
	text_init(&words, &arena, 512);
	text_str(&words, change->from);
	text_puts(&words, " -> ");
	text_str(&words, change->to);
	if (!cJSON_AddItemToArray(causes, cause)) {
		cJSON_Delete(cause);
		return false;
	}
	return add(cause, "reason", STR("FieldValueForbidden")) &&
	       add(cause, "message", text_get(&words)) && add(cause, "field", change->path);
}

static bool add_causes(cJSON *status, const struct verdict *v)
{
	cJSON *details, *causes = NULL;
	size_t n = 0;

	for (size_t i = 0; i < v->findings_n && v->findings[i].action == ACTION_DENY; i++)
		for (size_t k = 0; k < v->findings[i].changes_n && n < CAUSES_MAX; k++, n++) {
			if (!causes && (!(details = cJSON_AddObjectToObject(status, "details")) ||
					!(causes = cJSON_AddArrayToObject(details, "causes"))))
				return false;
			if (!add_cause(causes, &v->findings[i].changes[k]))
				return false;
		}
	return true;
}

static bool add_status(cJSON *response, const struct verdict *v, struct arena *arena)
{
	cJSON *status = cJSON_AddObjectToObject(response, "status");

	/* Both: kubectl prints the reason, the API server answers with the code. */
	return status && cJSON_AddNumberToObject(status, "code", 403) &&
	       add(status, "reason", STR("Forbidden")) &&
	       add(status, "message", verdict_message(v, arena)) && add_causes(status, v);
}

static bool add_warnings(cJSON *response, const struct verdict *v, struct arena *arena)
{
	struct str lines[WARNINGS_MAX];
	size_t n = verdict_warnings(v, arena, lines);
	cJSON *list = n ? cJSON_AddArrayToObject(response, "warnings") : NULL;

	if (n && !list)
		return false;
	for (size_t i = 0; i < n; i++) {
		char line[WARNING_MAX + 1] = "";
		cJSON *item;

		memcpy(line, lines[i].s, lines[i].n);
		if (!(item = cJSON_CreateString(line)) || !cJSON_AddItemToArray(list, item)) {
			cJSON_Delete(item);
			return false;
		}
	}
	return true;
}

static bool add_annotations(cJSON *response, const struct verdict *v, struct arena *arena)
{
	struct annotation all[ANNOTATIONS_MAX];
	size_t n = verdict_annotations(v, arena, all);
	cJSON *object = n ? cJSON_AddObjectToObject(response, "auditAnnotations") : NULL;

	if (n && !object)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!add(object, all[i].key, all[i].value))
			return false;
	return true;
}

static bool add_response(cJSON *root, const struct review *review, const struct verdict *v,
			 struct arena *arena)
{
	cJSON *response = cJSON_AddObjectToObject(root, "response");
	bool denied = v->action == ACTION_DENY;

	return response && add(response, "uid", review->request.uid) &&
	       cJSON_AddBoolToObject(response, "allowed", !denied) &&
	       (!denied || add_status(response, v, arena)) && add_warnings(response, v, arena) &&
	       add_annotations(response, v, arena);
}

/* The text and a newline behind it. */
static char *print_line(const cJSON *root, size_t *len)
{
	char *text = cJSON_PrintBuffered(root, 1024, false), *line;
	size_t n = text ? strlen(text) : 0;

	if (!text || !(line = realloc(text, n + 2))) {
		free(text);
		return NULL;
	}
	memcpy(line + n, "\n", 2);
	*len = n + 1;
	return line;
}

char *review_encode(const struct review *review, const struct verdict *verdict, struct arena *arena,
		    size_t *len, struct err *err)
{
	static const char *const versions[] = { "admission.k8s.io/v1", "admission.k8s.io/v1beta1" };
	scoped(json_end) cJSON *root = cJSON_CreateObject();
	char *line = NULL;

	if (root && cJSON_AddStringToObject(root, "apiVersion", versions[review->version]) &&
	    cJSON_AddStringToObject(root, "kind", "AdmissionReview") &&
	    add_response(root, review, verdict, arena))
		line = print_line(root, len);
	if (!line)
		err_nomem(err);
	return line;
}
