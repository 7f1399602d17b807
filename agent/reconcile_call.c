/* SPDX-License-Identifier: Apache-2.0
 * reconcile_call.c - calls of a round: counted, and the answers kept for as long as the turn.
 */
#include "agent/reconcile_pass.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int reconcile_call(struct reconcile_pass *t, enum kube_method method, const char *path,
		   struct str body, struct str *out, enum kube_result *result)
{
	struct kube_request request = { .method = method, .path = path, .body = body };
	struct kube_answer *a = malloc(sizeof *a);
	int status;

	*result = KUBE_CONNECTION;
	if (out)
		*out = (struct str){ NULL, 0 };
	if (!a)
		return err_nomem(t->err);
	status = kube_call(t->r->kube, &request, a, t->err);
	atomic_fetch_add(&t->r->status->calls[a->result], 1);
	*result = a->result;
	t->r->stopped |= a->result == KUBE_STOPPED;
	t->r->retry_after = a->retry_after;
	t->now = a->date ? a->date : time(NULL);
	if (status == 0 && out) {
		*out = str_copy(&t->arena, kube_answer_text(a));
		status = out->s ? 0 : err_nomem(t->err);
	}
	kube_answer_done(a);
	free(a);
	return status;
}

int reconcile_unreadable(struct reconcile_pass *t)
{
	atomic_fetch_add(&t->r->status->calls[KUBE_UNREADABLE], 1);
	return -1;
}

const char *reconcile_path_of(char path[KUBE_URL_MAX], const struct reconcile *r,
			      const char *resource, const char *name)
{
	snprintf(path, KUBE_URL_MAX, "/api/v1/namespaces/%s/%s/%s", r->namespace, resource, name);
	return path;
}

/* ---- reading ---- */

int reconcile_read_config(struct reconcile_pass *t)
{
	char path[KUBE_URL_MAX];
	enum kube_result result;

	snprintf(path, sizeof path, RECONCILE_GROUP "%s", t->r->configuration);
	t->configuration = (struct configuration){ 0 };
	t->live = (struct str){ NULL, 0 };
	if (reconcile_call(t, KUBE_GET, path, (struct str){ NULL, 0 }, &t->live, &result) < 0) {
		t->there = false;
		return result == KUBE_MISSING ? 0 : -1;
	}
	t->there = true;
	if (objects_configuration_read(t->live, &t->arena, &t->configuration, t->err) < 0)
		return reconcile_unreadable(t);
	return 0;
}

int reconcile_read_secret(struct reconcile_pass *t, const char *name, struct store *out,
			  struct str *version)
{
	char path[KUBE_URL_MAX];
	enum kube_result result;
	struct str body;

	if (reconcile_call(t, KUBE_GET, reconcile_path_of(path, t->r, "secrets", name),
			   (struct str){ NULL, 0 }, &body, &result) < 0) {
		if (result == KUBE_MISSING)
			err_set(t->err, ERR_IO, "there is no Secret %s in namespace %s; %s", name,
				t->r->namespace,
				name == t->r->secret
					? "the chart makes it, empty: helm upgrade"
					: "cert-manager makes it, unless its Certificate says "
					  "why not: kubectl describe certificate");
		return -1;
	}
	if (objects_secret_read(body, &t->arena, out, version, t->err) < 0)
		return reconcile_unreadable(t);
	return 0;
}
