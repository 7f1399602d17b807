/* SPDX-License-Identifier: Apache-2.0
 * rules.c - gated rules: combinations of values, looser grammars, and changes
 * that are only allowed with a gate. policy/catalogue/rules.yaml lists them; two of
 * its rows refuse more when their gate is on, so no request can use them.
 */
#include "policy/alpha/finder.h"

unsigned gate_interest(const struct finder *f, const char *name)
{
	const struct catalogue_gate *g = catalogue_gate(str_of(name), false);

	return g ? catalogue_interest(g, f->minor) : 0;
}

static void rule_found(struct finder *f, const char *gate, const struct place *place,
		       const char *what)
{
	struct feature_use *use = use_add(f, USE_VALUE, gate_interest(f, gate), place);

	if (!use)
		return;
	use_gate(use, catalogue_gate(str_of(gate), false));
	use->what = str_of(what);
	use->off = EFFECT_REJECTED;
}

static bool is_type(const struct json *j, enum json_type type)
{
	return j && j->type == type;
}

static bool member_changed(const struct json *a, const struct json *b, const char *member)
{
	return !json_equal(json_get(a, str_of(member)), json_get(b, str_of(member)));
}

/* ---- pods ---- */

static bool host_namespaces(const struct json *spec)
{
	return is_type(json_get(spec, STR("hostUsers")), JSON_FALSE) &&
	       is_type(json_get(spec, STR("hostNetwork")), JSON_TRUE);
}

static void host_network(struct finder *f, const struct pod *pod)
{
	static const char gate[] = "UserNamespacesHostNetworkSupport";
	struct place place = place_key(pod->at, STR("hostUsers"));

	if (host_namespaces(pod->spec) && !host_namespaces(pod->old) && gate_interest(f, gate))
		rule_found(f, gate, &place, "hostUsers: false with hostNetwork: true");
}

/* [-._a-zA-Z][-._a-zA-Z0-9]*: what names of variables were before they were relaxed. */
static bool plain_env_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			      memchr("-._", c, 3) != NULL;

		if (!letter && (!i || c < '0' || c > '9'))
			return false;
	}
	return true;
}

static void env_names(struct finder *f, const struct json *container, const struct json *old,
		      const struct place *at)
{
	const struct json *env = json_get(container, STR("env"));
	const struct json *before = json_get(old, STR("env"));
	struct place list = place_key(at, STR("env"));
	struct beside old_env;
	size_t index = 0;

	beside_begin(&old_env, before);
	if (!is_type(env, JSON_ARRAY))
		return;
	for (const struct json *e = env->child; e; e = e->next, index++) {
		struct place place = place_item(&list, e, index);

		if (!plain_env_name(json_str(json_get(e, STR("name")))) &&
		    !beside_step(f, &old_env, &place.step, index))
			rule_found(f, "RelaxedEnvironmentVariableValidation", &place,
				   "a name outside [-._a-zA-Z][-._a-zA-Z0-9]*");
	}
}

typedef void container_rule(struct finder *f, const struct json *container, const struct json *old,
			    const struct place *at);

static void each_container(struct finder *f, const struct pod *pod, container_rule *rule)
{
	static const char *const lists[] = { "containers", "initContainers",
					     "ephemeralContainers" };

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct json *list = json_get(pod->spec, str_of(lists[i]));
		const struct json *before = json_get(pod->old, str_of(lists[i]));
		struct place at = place_key(pod->at, str_of(lists[i]));
		struct beside old;
		size_t index = 0;

		beside_begin(&old, before);
		if (!is_type(list, JSON_ARRAY))
			continue;
		for (const struct json *c = list->child; c && !f->full; c = c->next, index++) {
			struct place place = place_item(&at, c, index);

			rule(f, c, beside_step(f, &old, &place.step, index), &place);
		}
	}
}

#define SEARCHES_MAX       6   /* before ExpandedDNSConfig */
#define SEARCHES_BYTES_MAX 256 /* with the blanks between */

static void dns_searches(struct finder *f, const struct pod *pod)
{
	const struct json *config = json_get(pod->spec, STR("dnsConfig"));
	const struct json *searches = json_get(config, STR("searches"));
	struct place at = place_key(pod->at, STR("dnsConfig"));
	struct place place = place_key(&at, STR("searches"));
	size_t n = 0, bytes = 0;
	bool relaxed = false;

	if (!is_type(searches, JSON_ARRAY) ||
	    json_equal(searches, json_get(json_get(pod->old, STR("dnsConfig")), STR("searches"))))
		return;
	for (const struct json *s = searches->child; s; s = s->next, n++) {
		struct str domain = json_str(s);

		bytes += domain.n + (n > 0);
		relaxed |= str_is(domain, ".") || (domain.n && memchr(domain.s, '_', domain.n));
	}
	if (relaxed && gate_interest(f, "RelaxedDNSSearchValidation"))
		rule_found(f, "RelaxedDNSSearchValidation", &place,
			   "a single dot or an underscore in a search domain");
	if ((n > SEARCHES_MAX || bytes > SEARCHES_BYTES_MAX) &&
	    gate_interest(f, "ExpandedDNSConfig"))
		rule_found(f, "ExpandedDNSConfig", &place,
			   "more than 6 search domains or 256 characters");
}

/* ---- changes of a running pod's resources ---- */

static void container_resize(struct finder *f, const struct json *container, const struct json *old,
			     const struct place *at)
{
	struct place place = place_key(at, STR("resources"));

	if (old && member_changed(container, old, "resources"))
		rule_found(f, "InPlacePodVerticalScaling", &place, "a change of resources");
}

static void pod_resize(struct finder *f, const struct pod *pod)
{
	struct place place = place_key(pod->at, STR("resources"));

	if (member_changed(pod->spec, pod->old, "resources"))
		rule_found(f, "InPlacePodLevelResourcesVerticalScaling", &place,
			   "a change of resources");
}

static void volume_resize(struct finder *f, const struct pod *pod)
{
	const struct json *volumes = json_get(pod->spec, STR("volumes"));
	const struct json *before = json_get(pod->old, STR("volumes"));
	struct place list = place_key(pod->at, STR("volumes"));
	struct beside old_volumes;
	size_t index = 0;

	beside_begin(&old_volumes, before);
	if (!is_type(volumes, JSON_ARRAY))
		return;
	for (const struct json *v = volumes->child; v; v = v->next, index++) {
		struct place item = place_item(&list, v, index);
		struct place dir_at = place_key(&item, STR("emptyDir"));
		struct place place = place_key(&dir_at, STR("sizeLimit"));
		const struct json *dir = json_get(v, STR("emptyDir"));
		const struct json *old = beside_step(f, &old_volumes, &item.step, index);

		if (old && str_is(json_str(json_get(dir, STR("medium"))), "Memory") &&
		    member_changed(dir, json_get(old, STR("emptyDir")), "sizeLimit"))
			rule_found(f, "InPlacePodVerticalScalingMemoryBackedVolumes", &place,
				   "a change of sizeLimit");
	}
}

#define RESIZE_FROM 32 /* the subresource; before, an update of the pod itself did it */

static void resize_rules(struct finder *f, const struct subject *s, const struct pod *pod)
{
	bool resize = str_is(f->req->subresource, "resize");

	if (!str_is(s->gvk.kind, "Pod") ||
	    (!resize && (f->minor >= RESIZE_FROM || f->req->subresource.n)))
		return;
	if (gate_interest(f, "InPlacePodVerticalScaling"))
		each_container(f, pod, container_resize);
	if (gate_interest(f, "InPlacePodLevelResourcesVerticalScaling"))
		pod_resize(f, pod);
	if (gate_interest(f, "InPlacePodVerticalScalingMemoryBackedVolumes"))
		volume_resize(f, pod);
}

/* ---- jobs ---- */

static void job_resources(struct finder *f, const struct json *container, const struct json *old,
			  const struct place *at)
{
	struct place place = place_key(at, STR("resources"));

	if (old && member_changed(container, old, "resources"))
		rule_found(f, "MutablePodResourcesForSuspendedJobs", &place,
			   "a change of resources while suspended");
}

static void job_scheduling(struct finder *f, const struct pod *pod)
{
	static const char *const directives[] = { "affinity", "nodeSelector", "schedulingGates",
						  "tolerations" };

	for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
		struct place place = place_key(pod->at, str_of(directives[i]));

		if (member_changed(pod->spec, pod->old, directives[i]))
			rule_found(f, "MutableSchedulingDirectivesForSuspendedJobs", &place,
				   "a change while suspended after a start");
	}
}

static void job_rules(struct finder *f, const struct subject *s, const struct pod *pod)
{
	const struct json *spec = json_get(s->old, STR("spec"));
	bool started = json_get(json_get(s->old, STR("status")), STR("startTime")) != NULL;

	if (!str_is(s->gvk.kind, "Job") || !is_type(json_get(spec, STR("suspend")), JSON_TRUE))
		return;
	if (gate_interest(f, "MutablePodResourcesForSuspendedJobs"))
		each_container(f, pod, job_resources);
	if (started && gate_interest(f, "MutableSchedulingDirectivesForSuspendedJobs"))
		job_scheduling(f, pod);
}

/* ---- others ---- */

static void service_name(struct finder *f, const struct subject *s)
{
	static const char gate[] = "RelaxedServiceNameValidation";
	struct place at = place_key(s->at, STR("metadata")), place = place_key(&at, STR("name"));
	struct str name = json_str(json_get(json_get(s->object, STR("metadata")), STR("name")));

	if (!s->old && name.n && name.s[0] >= '0' && name.s[0] <= '9' && gate_interest(f, gate))
		rule_found(f, gate, &place, "a name that starts with a digit");
}

/* From nothing it may always be set. */
static void volume_affinity(struct finder *f, const struct subject *s)
{
	static const char gate[] = "MutablePVNodeAffinity";
	const struct json *spec = json_get(s->object, STR("spec"));
	const struct json *old = json_get(s->old, STR("spec"));
	struct place at = place_key(s->at, STR("spec"));
	struct place place = place_key(&at, STR("nodeAffinity"));

	if (json_get(old, STR("nodeAffinity")) && member_changed(spec, old, "nodeAffinity") &&
	    gate_interest(f, gate))
		rule_found(f, gate, &place, "a change of it");
}

void find_rules(struct finder *f, const struct subject *s)
{
	if (s->status)
		return;
	if (!s->gvk.group.n && str_is(s->gvk.kind, "Service"))
		service_name(f, s);
	if (!s->gvk.group.n && str_is(s->gvk.kind, "PersistentVolume"))
		volume_affinity(f, s);
	if (!s->pod.spec)
		return;
	host_network(f, &s->pod);
	dns_searches(f, &s->pod);
	if (gate_interest(f, "RelaxedEnvironmentVariableValidation"))
		each_container(f, &s->pod, env_names);
	if (s->pod.old) {
		resize_rules(f, s, &s->pod);
		job_rules(f, s, &s->pod);
	}
}

/* ---- before anything is read ---- */

static bool words_noted(const struct finder *f, enum catalogue_rule_word a,
			enum catalogue_rule_word b)
{
	return notes_hold(&f->req->notes, catalogue_rule_words[a]) &&
	       notes_hold(&f->req->notes, catalogue_rule_words[b]);
}

static bool any_interest(const struct finder *f, const char *const gates[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (gate_interest(f, gates[i]))
			return true;
	return false;
}

bool rules_possible(const struct finder *f)
{
	static const char *const resize[] = { "InPlacePodVerticalScaling",
					      "InPlacePodLevelResourcesVerticalScaling",
					      "InPlacePodVerticalScalingMemoryBackedVolumes" };
	static const char *const jobs[] = { "MutablePodResourcesForSuspendedJobs",
					    "MutableSchedulingDirectivesForSuspendedJobs" };
	const struct request *r = f->req;
	bool resizes =
		str_is(r->subresource, "resize") || (f->minor < RESIZE_FROM && !r->subresource.n);

	return words_noted(f, WORD_HOST_USERS, WORD_HOST_NETWORK) ||
	       words_noted(f, WORD_DNS_CONFIG, WORD_SEARCHES) ||
	       gate_interest(f, "RelaxedEnvironmentVariableValidation") ||
	       (resizes && str_is(r->kind.kind, "Pod") && any_interest(f, resize, 3)) ||
	       (str_is(r->kind.kind, "Job") && any_interest(f, jobs, 2));
}
