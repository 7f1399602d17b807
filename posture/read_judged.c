/* SPDX-License-Identifier: Apache-2.0
 * read_judged.c - objects that the policies judge one by one: features that are alpha, autoscalers
 * and surroundings of the components, disruption budgets.
 */
#include "posture/components.h"
#include "posture/history/owners.h"

#include "policy/object/diff.h"
#include "policy/object/path.h"
#include "policy/alpha/preflight.h"
#include "policy/model/set.h"

static void request_of_item(const struct item *i, enum operation op, enum policies_part part,
			    unsigned minor, struct request *out)
{
	int source = source_of_kind(i->gvk.group, i->gvk.kind);

	*out = (struct request){ .operation = op,
				 .kind = i->gvk,
				 .request_kind = i->gvk,
				 .resource = { i->gvk.group, i->gvk.version,
					       str_of(sources[source].resource) },
				 .namespace = i->namespace,
				 .name = i->name,
				 .object = i->text,
				 .stored = true,
				 .minor = minor,
				 .part = part };
	out->request_resource = out->resource;
}

static struct posture_finding finding_of(const struct item *i, const struct finding *f)
{
	struct posture_finding out = found_at(i, f->tier);

	found_fill(f, i->arena, &out);
	return out;
}

/* managedFields, which are left as text. */
static const struct json *managers_of_item(const struct item *i)
{
	struct str text =
		json_str(json_get(json_get(i->root, STR("metadata")), STR("managedFields")));
	struct err ignored;

	return text.n ? json_parse(text, NULL, i->arena, &ignored) : NULL;
}

struct str scan_first_manager(const struct item *i)
{
	const struct json *list = managers_of_item(i);
	struct str manager = STR(""), first = STR("");

	if (!list || list->type != JSON_ARRAY)
		return manager;
	for (const struct json *e = list->child; e; e = e->next) {
		struct str time = json_str(json_get(e, STR("time")));

		if (str_is(json_str(json_get(e, STR("subresource"))), "status"))
			continue; /* a controller's, in the same second */
		if (time.n && (!first.n || str_cmp(time, first) < 0)) {
			first = time;
			manager = json_str(json_get(e, STR("manager")));
		}
	}
	return manager;
}

/* Who alone has written it; empty: several have, or nobody is named. */
static struct str sole_manager(const struct item *i)
{
	struct owners owners;

	owners_read_list(managers_of_item(i), &owners);
	return owners_sole(&owners);
}

/* ---- features ---- */

static enum check_id features_check(const struct finding *f)
{
	return str_is(f->rule, "gates") ? CHECK_FEATURE_GATES : CHECK_ALPHA_FIELDS;
}

static int judge_alpha(struct posture *p, const struct item *i, struct err *err)
{
	struct request req;
	struct verdict v;

	request_of_item(i, OP_CREATE, POLICIES_ALPHA, p->minor, &req);
	if (policy_judge(p->set, &req, p->now, i->arena, NULL, &v, err) < 0)
		return err->kind == ERR_NOMEM ? -1 : 0;
	for (size_t n = 0; n < v.findings_n; n++) {
		struct posture_finding f = finding_of(i, &v.findings[n]);

		f.tool = sole_manager(i);
		found_add(p, features_check(&v.findings[n]), &f);
	}
	return 0;
}

/* With -n the features of other namespaces are nobody's question. */
static bool in_question(const struct posture *p, const struct item *i)
{
	return !p->options.namespace || !i->namespace.n ||
	       str_is(i->namespace, p->options.namespace);
}

/* ---- API versions that go ---- */

static void tell_removed(struct posture *p, const struct item *i, const struct json *entry,
			 const struct preflight *change)
{
	struct posture_finding f = found_at(i, TIER_SUPPORTED);
	struct str manager = json_str(json_get(entry, STR("manager")));
	struct str version = json_str(json_get(entry, STR("apiVersion")));

	f.path = words_of(i->arena, "managedFields[manager=%.*s]", STR_ARG(manager));
	f.tool = manager;
	f.evidence = "owner";
	if (!time_parse(json_str(json_get(entry, STR("time"))), &f.time))
		f.time = 0;
	f.text = words_of(i->arena, "last written as %.*s: %.*s",
			  STR_ARG(printable_cut(version, 80, i->arena)), STR_ARG(change->message));
	f.remedy = change->remedy;
	found_add(p, CHECK_REMOVED_APIS, &f);
}

static void read_writer(struct posture *p, const struct item *i, const struct json *entry)
{
	struct str version = json_str(json_get(entry, STR("apiVersion")));
	const char *slash = version.n ? memchr(version.s, '/', version.n) : NULL;
	struct item as = *i;
	struct preflight *changes;
	struct err ignored;
	struct request req;
	size_t n;

	if (!slash || !p->minor)
		return;
	as.gvk.group = (struct str){ version.s, (size_t)(slash - version.s) };
	as.gvk.version = str_from(version, as.gvk.group.n + 1);
	if (!str_eq(as.gvk.group, i->gvk.group))
		return;
	as.text = STR("{\"metadata\":{}}");
	request_of_item(i, OP_CREATE, POLICIES_ALL, 0, &req);
	req.kind = req.request_kind = as.gvk;
	req.resource.version = req.request_resource.version = as.gvk.version;
	req.object = as.text;
	req.offline = true;
	if (preflight_find(p->minor, p->minor + 1, &req, i->arena, &changes, &n, &ignored) < 0)
		return;
	for (size_t c = 0; c < n; c++)
		if (changes[c].kind == PREFLIGHT_REMOVED)
			tell_removed(p, i, entry, &changes[c]);
}

static void read_writers(struct posture *p, const struct item *i)
{
	const struct json *list = managers_of_item(i);

	if (!scan_asks(p, CHECK_REMOVED_APIS) || !list || list->type != JSON_ARRAY)
		return;
	for (const struct json *e = list->child; e; e = e->next)
		read_writer(p, i, e);
}

/* ---- by the rules of one policy, as if it were made now ---- */

static int judge_by(struct posture *p, const struct item *i, const char *policy, enum check_id id,
		    const struct request *req, struct str tool, struct err *err)
{
	struct verdict v;

	if (policy_judge(p->set, req, p->now, i->arena, NULL, &v, err) < 0)
		return err->kind == ERR_NOMEM ? -1 : 0;
	for (size_t n = 0; n < v.findings_n; n++) {
		struct posture_finding f;

		if (!str_is(v.findings[n].policy, policy))
			continue;
		f = finding_of(i, &v.findings[n]);
		f.path = STR("");
		f.tool = tool;
		found_add(p, id, &f);
	}
	return 0;
}

static int judge_created(struct posture *p, const struct item *i, const char *policy,
			 enum check_id id, struct err *err)
{
	struct request req;

	if (!scan_asks(p, id))
		return 0;
	request_of_item(i, OP_CREATE, POLICIES_SUPPORT, p->minor, &req);
	return judge_by(p, i, policy, id, &req, scan_first_manager(i), err);
}

/* ---- readers ---- */

static bool in_kube_system(const struct item *i)
{
	return str_is(i->namespace, "kube-system");
}

static void count_managers(struct posture *p, const struct item *i)
{
	p->managed_seen++;
	p->managed_bare += !i->has_managers;
}

int scan_read_plain(struct posture *p, const struct item *i, struct err *err)
{
	if (component_named(p, &i->gvk, i->namespace, i->name)) {
		count_managers(p, i);
		keep_object(p, &p->objects, i);
	}
	if (!in_question(p, i))
		return 0;
	read_writers(p, i);
	return judge_alpha(p, i, err);
}

/* ConfigMaps that its pods cannot start without. */
static void name_volumes(struct posture *p, const struct item *i)
{
	const struct json *volumes = json_get(pod_spec_of(i->root), STR("volumes"));
	struct str by =
		words_of(i->arena, "%.*s kube-system/%.*s", STR_ARG(i->gvk.kind), STR_ARG(i->name));

	if (!volumes || volumes->type != JSON_ARRAY)
		return;
	for (const struct json *v = volumes->child; v; v = v->next) {
		const struct json *map = json_get(v, STR("configMap"));
		const struct json *optional = json_get(map, STR("optional"));
		struct str name = json_str(json_get(map, STR("name")));

		if (name.n && name.n <= 253 && !(optional && optional->type == JSON_TRUE) &&
		    !memchr(name.s, '/', name.n))
			named_add(p, SRC_CONFIGMAPS, "kube-system", name, by);
	}
}

int scan_read_workload(struct posture *p, const struct item *i, struct err *err)
{
	const struct component *c = component_of(i->gvk.kind, i->namespace, i->name);

	p->workloads++;
	if (c || component_named(p, &i->gvk, i->namespace, i->name)) {
		count_managers(p, i);
		keep_object(p, &p->objects, i);
	}
	if (c && c->class != COMPONENT_ADDON)
		name_volumes(p, i);
	if (in_kube_system(i)) {
		scan_read_networking(p, i);
		if (judge_created(p, i, "identities", CHECK_TRUSTED_PODS, err) < 0)
			return -1;
	}
	if (!in_question(p, i))
		return 0;
	read_writers(p, i);
	return judge_alpha(p, i, err);
}

int scan_read_autoscaler(struct posture *p, const struct item *i, struct err *err)
{
	p->autoscalers++;
	if (in_kube_system(i) && judge_created(p, i, "surroundings", CHECK_AUTOSCALERS, err) < 0)
		return -1;
	if (!str_is(i->gvk.group, "autoscaling") || !in_question(p, i))
		return 0;
	read_writers(p, i);
	return judge_alpha(p, i, err);
}

/* The level that kube-system is held to: a change of its label, which is what the rule takes. */
static int judge_pod_security(struct posture *p, const struct item *i, struct err *err)
{
	static const struct place
		metadata = { NULL, { .kind = STEP_KEY, .key = { "metadata", 8 } }, 1 },
		labels = { &metadata, { .kind = STEP_KEY, .key = { "labels", 6 } }, 2 },
		enforce = { &labels,
			    { .kind = STEP_KEY,
			      .key = { "pod-security.kubernetes.io/enforce", 34 } },
			    3 };
	struct change change = { .place = &enforce, .to = place_value(i->root, &enforce) };
	const struct change_list changes = { &change, &change.next, 1 };
	struct request req;

	p->kube_system_seen = true;
	p->kube_system_labels =
		keep_str(p, json_skim(json_skim(i->text, STR("metadata")), STR("labels")));
	if (!change.to || !scan_asks(p, CHECK_SURROUNDINGS))
		return 0;
	request_of_item(i, OP_UPDATE, POLICIES_SUPPORT, p->minor, &req);
	req.old_object = i->text;
	req.changes = &changes;
	return judge_by(p, i, "surroundings", CHECK_SURROUNDINGS, &req, STR(""), err);
}

/* The API server makes some FlowSchemas and keeps them up to date; it deletes others that say so.
 */
static bool is_api_servers(const struct item *i)
{
	const struct json *annotations =
		json_get(json_get(i->root, STR("metadata")), STR("annotations"));

	return str_is(i->gvk.kind, "FlowSchema") &&
	       str_is(json_str(json_get(annotations, STR("apf.kubernetes.io/autoupdate-spec"))),
		      "true");
}

int scan_read_surrounding(struct posture *p, const struct item *i, struct err *err)
{
	bool namespace = str_is(i->gvk.kind, "Namespace");

	if (namespace)
		return str_is(i->name, "kube-system") ? judge_pod_security(p, i, err) : 0;
	if ((i->namespace.n && !in_kube_system(i)) || is_api_servers(i))
		return 0;
	p->surroundings++;
	return judge_created(p, i, "surroundings", CHECK_SURROUNDINGS, err);
}

/* ---- disruption budgets ---- */

static int64_t integer(const struct json *j, int64_t absent)
{
	struct str s = json_str(j);
	int64_t v = 0;

	if (!j || j->type != JSON_NUMBER || !s.n || s.n > 9)
		return absent;
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return absent;
		v = 10 * v + (s.s[i] - '0');
	}
	return v;
}

/* Why it never allows a disruption; NULL: it does, as far as can be told. */
static const char *budget_stops(const struct json *spec, int64_t expected)
{
	const struct json *most = json_get(spec, STR("maxUnavailable"));
	const struct json *least = json_get(spec, STR("minAvailable"));

	if (most && (integer(most, -1) == 0 || str_is(json_str(most), "0%")))
		return "maxUnavailable is 0";
	if (least && str_is(json_str(least), "100%"))
		return "minAvailable is 100%";
	if (least && expected > 0 && integer(least, -1) >= expected)
		return "minAvailable is as many as there are";
	return NULL;
}

int scan_read_budget(struct posture *p, const struct item *i, struct err *err)
{
	const struct json *status = json_get(i->root, STR("status"));
	int64_t expected = integer(json_get(status, STR("expectedPods")), -1);
	const char *why = budget_stops(json_get(i->root, STR("spec")), expected);

	p->budgets++;
	if (in_kube_system(i) && judge_created(p, i, "surroundings", CHECK_SURROUNDINGS, err) < 0)
		return -1;
	if (!in_question(p, i))
		return 0;
	read_writers(p, i);
	if (why && expected != 0) {
		struct posture_finding f = found_at(i, TIER_SUPPORTED);

		f.text = words_of(i->arena, "allows no disruption: %s%s", why,
				  expected == 1 ? " (one pod)" : "");
		found_add(p, CHECK_BUDGETS, &f);
	}
	return 0;
}
