/* SPDX-License-Identifier: Apache-2.0
 * reconcile_facts.c - what the API server says of itself, to where the replicas read it; and how
 * the roll-out of those goes.
 */
#include "agent/reconcile_pass.h"

#include <string.h>

#include "lib/base/clock.h"
#include "oke/policy.h"

/* Once for each version that is not known, or not as a release. */
static void reconcile_say_version(const struct reconcile_pass *t)
{
	char text[POLICY_VERSION_TEXT];
	struct policy_version v;
	struct log_line l;

	policy_version_of(str_of(t->r->view.kubernetes), VERSION_FROM_SERVER, &v);
	if (!v.rough)
		return;
	policy_version_print(&v, text);
	log_begin(&l, t->r->log, LOG_WARN, "the cluster's version is not known as a release");
	log_text(&l, "kubernetes", t->r->view.kubernetes);
	log_text(&l, "warning", text);
	log_end(&l);
}

/* A version that was written into the configuration wins over the cluster's own: somebody must
 * look. */
void reconcile_check_version(struct reconcile *r, const struct policy_set *set)
{
	struct policy_version named, served;
	unsigned before = r->view.configured;
	char text[24];
	struct log_line l;

	policy_set_version(set, &named);
	policy_version_of(str_of(r->view.kubernetes), VERSION_FROM_SERVER, &served);
	r->view.configured = 0;
	if (named.from != VERSION_FROM_CONFIG || !served.told || named.told == served.told)
		return;
	r->view.configured = named.told;
	if (named.told == before)
		return;
	snprintf(text, sizeof text, "1.%u", named.told);
	log_begin(&l, r->log, LOG_ERROR,
		  "cluster.kubernetes of the configuration is not the cluster's version: say auto");
	log_text(&l, "configured", text);
	log_text(&l, "kubernetes", r->view.kubernetes);
	log_end(&l);
}

/* What the API server says of itself; policies and the entries of the configuration depend on it.
 */
static int reconcile_read_version(struct reconcile_pass *t, struct str *version)
{
	struct status_view *v = &t->r->view;
	enum kube_result result;
	struct str body;
	bool changed;

	if (reconcile_call(t, KUBE_GET, "/version", (struct str){ NULL, 0 }, &body, &result) < 0)
		return -1;
	if (objects_version_read(body, &t->arena, version, t->err) < 0)
		return reconcile_unreadable(t);
	/* What somebody else wrote was made without knowing it, for any version. */
	changed = strcmp(v->kubernetes, version->s) != 0;
	t->r->learnt = t->r->writes && changed;
	snprintf(v->kubernetes, sizeof v->kubernetes, "%s", version->s);
	if (changed && !t->r->learnt) /* else the policies are loaded again, which says it */
		reconcile_say_version(t);
	return 0;
}

/* To where the replicas read it. */
static int reconcile_publish_facts(struct reconcile_pass *t, struct str version)
{
	enum kube_result result;
	char path[KUBE_URL_MAX];
	struct str body, told;
	struct log_line l;

	reconcile_path_of(path, t->r, "configmaps", t->r->facts);
	if (reconcile_call(t, KUBE_GET, path, (struct str){ NULL, 0 }, &body, &result) < 0)
		return -1;
	if (objects_facts_read(body, &t->arena, &told, t->err) < 0)
		return reconcile_unreadable(t);
	if (str_eq(told, version))
		return 0;
	if (objects_facts_patch(version, &t->arena, &body, t->err) < 0 ||
	    reconcile_call(t, KUBE_PATCH, path, body, NULL, &result) < 0)
		return -1;
	log_begin(&l, t->r->log, LOG_INFO, "facts were written");
	log_text(&l, "kubernetes", version.s);
	log_end(&l);
	return 0;
}

/* Features are judged by the newest version that is known, then: no reason to stop the rest. */
void reconcile_facts_if_due(struct reconcile_pass *t)
{
	struct reconcile *r = t->r;
	struct str version;
	bool failed;
	struct log_line l;

	if (clock_ms() < r->facts_at)
		return;
	objects_wipe(&t->arena);
	failed = reconcile_read_version(t, &version) < 0 ||
		 (r->facts && reconcile_publish_facts(t, version) < 0);
	r->facts_at = clock_ms() + (failed ? FACTS_AGAIN_S : FACTS_EVERY_S) * 1000LL;
	if (failed && !r->facts_failed && !r->stopped) {
		log_begin(&l, r->log, LOG_WARN, "the version of Kubernetes could not be told");
		log_text(&l, "error", t->err->msg);
		log_end(&l);
	}
	r->facts_failed = failed;
}

static void reconcile_tell_rollout(struct reconcile_pass *t, long unavailable)
{
	struct reconcile *r = t->r;
	struct log_line l;

	if (!unavailable == !r->view.unavailable)
		return;
	if (!unavailable) {
		log_begin(&l, r->log, LOG_INFO, "all servers are up");
		log_text(&l, "deployment", r->service);
		log_end(&l);
		return;
	}
	log_begin(&l, r->log, LOG_WARN, "servers do not come up");
	log_text(&l, "deployment", r->service);
	log_number(&l, "count", unavailable);
	log_text(&l, "hint",
		 "most often the image cannot be pulled: kubectl describe pods, imagePullSecrets");
	log_end(&l);
}

void reconcile_look_at_rollout(struct reconcile_pass *t)
{
	struct reconcile *r = t->r;
	struct err *kept = t->err, err = { .kind = ERR_NONE };
	char path[KUBE_URL_MAX];
	enum kube_result result;
	long unavailable = 0;
	struct str body;

	if (!r->rollout)
		return;
	snprintf(path, sizeof path, "/apis/apps/v1/namespaces/%s/deployments/%s", r->namespace,
		 r->service);
	objects_wipe(&t->arena);
	t->err = &err; /* what cannot be seen is no failure of the round */
	if (reconcile_call(t, KUBE_GET, path, (struct str){ NULL, 0 }, &body, &result) == 0)
		objects_unavailable_read(body, &t->arena, &unavailable, &err);
	t->err = kept;
	if (!unavailable)
		r->unavailable_since = 0;
	else if (!r->unavailable_since)
		r->unavailable_since = clock_ms();
	if (unavailable && clock_ms() - r->unavailable_since < r->rollout * 1000LL)
		return;
	reconcile_tell_rollout(t, unavailable);
	r->view.unavailable = unavailable;
}
