/* SPDX-License-Identifier: Apache-2.0
 * judged_version.c - which version of Kubernetes features are judged by, who told it, and how much
 * is known of it: in numbers, in a sentence, and as warnings.
 */
#include <assert.h>

#include "policy/catalogue/catalogue.h"
#include "policy/catalogue/versions.h"
#include "policy/model/report.h"
#include "policy/model/set.h"

const char *version_from_name(enum version_from from)
{
	static const char *const names[] = {
		[VERSION_FROM_DEFAULT] = "default", [VERSION_FROM_CONFIG] = "configuration",
		[VERSION_FROM_OPTION] = "option",   [VERSION_FROM_FACTS] = "facts",
		[VERSION_FROM_SERVER] = "server",
	};

	assert((size_t)from < sizeof names / sizeof *names);
	return names[from];
}

void policy_version_of(struct str told, enum version_from from, struct policy_version *out)
{
	unsigned minor = catalogue_version(told);

	*out = (struct policy_version){ .from = minor ? from : VERSION_FROM_DEFAULT,
					.told = minor,
					.judged = minor ? catalogue_minor(minor)
							: catalogue_minor_released,
					.newest = catalogue_minor_released };
	if (catalogue_minor_max > catalogue_minor_released) {
		out->preliminary = catalogue_minor_max;
		out->preliminary_as_of = str_of(catalogue_preliminary);
	}
	out->newer = minor > catalogue_minor_max;
	out->rough = minor > catalogue_minor_released;
}

void policy_set_version(const struct policy_set *set, struct policy_version *out)
{
	const struct fact *f = config_fact(&set->model.config, STR("kubernetes"));

	policy_version_of(f ? f->value : (struct str){ NULL, 0 }, set->version_from, out);
}

/* ---- in words ---- */

static const char *version_teller(const struct policy_version *v)
{
	static const char *const texts[] = {
		[VERSION_FROM_CONFIG] = "cluster.kubernetes of the configuration says so",
		[VERSION_FROM_OPTION] = "--kubernetes says so",
		[VERSION_FROM_FACTS] = "the agent learnt it from the API server",
		[VERSION_FROM_SERVER] = "the API server says so",
	};

	return texts[v->from];
}

void policy_version_print(const struct policy_version *v, char out[POLICY_VERSION_TEXT])
{
	if (!v->told)
		snprintf(out, POLICY_VERSION_TEXT,
			 "features are judged by 1.%u, the newest release known here: nobody told "
			 "the cluster's version",
			 v->judged);
	else if (v->newer)
		snprintf(out, POLICY_VERSION_TEXT,
			 "the cluster is newer than what is known here: it has 1.%u (%s), features "
			 "are judged by 1.%u and warned about at most; install a newer oke-guard",
			 v->told, version_teller(v), v->judged);
	else if (v->rough)
		snprintf(out, POLICY_VERSION_TEXT,
			 "features are judged by 1.%u (%s), which is known as of %.*s only, and "
			 "warned about at most; the newest release known here is 1.%u",
			 v->judged, version_teller(v), STR_ARG(v->preliminary_as_of), v->newest);
	else if (v->told != v->judged)
		snprintf(out, POLICY_VERSION_TEXT,
			 "the cluster is older than what is known here: it has 1.%u (%s), features "
			 "are judged by 1.%u",
			 v->told, version_teller(v), v->judged);
	else
		snprintf(out, POLICY_VERSION_TEXT,
			 "features are judged by 1.%u (%s); the newest release known here is 1.%u",
			 v->judged, version_teller(v), v->newest);
}

/* ---- what OKE supports ---- */

_Static_assert(OKE_STATE_TEXT == POLICY_VERSION_TEXT, "one is printed into the other");

static bool version_support(const struct policy_set *set, int64_t now, struct oke_state *state,
			    char text[POLICY_VERSION_TEXT])
{
	struct kube_version version = { .patch = VERSION_ANY_PATCH };
	struct policy_version v;

	policy_set_version(set, &v);
	if (!v.told)
		return false;
	version.minor = v.told;
	*state = versions_state(set->model.versions, version, now);
	versions_state_print(set->model.versions, version, state, text);
	return true;
}

bool policy_set_support_print(const struct policy_set *set, int64_t now,
			      char out[POLICY_VERSION_TEXT])
{
	struct oke_state state;

	return version_support(set, now, &state, out);
}

/* Where cluster.kubernetes stands, if the configuration names it. */
static const struct origin *version_origin(const struct policy_set *set, struct origin *at)
{
	const struct fact *f = config_fact(&set->model.config, STR("kubernetes"));

	if (set->version_from != VERSION_FROM_CONFIG || !f)
		return NULL;
	*at = f->origin;
	return at;
}

void policy_set_version_lint(const struct policy_set *set, int64_t now,
			     struct policy_report *report)
{
	char text[POLICY_VERSION_TEXT];
	struct policy_version v;
	struct oke_state state;
	struct origin buf;
	const struct origin *at = version_origin(set, &buf);

	if (!version_support(set, now, &state, text))
		return;
	if (state.support == OKE_PAST)
		report_message(report, false, at, "%s: upgrade the cluster", text);
	else if (state.support == OKE_ENDING)
		report_message(report, false, at, "%s: plan the upgrade", text);
	else if (state.support == OKE_PREVIEW || state.support == OKE_UNLISTED)
		report_message(report, false, at, "%s", text);
	policy_set_version(set, &v);
	if (!v.rough)
		return;
	policy_version_print(&v, text);
	report_message(report, false, at, "%s", text);
}
