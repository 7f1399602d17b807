/* SPDX-License-Identifier: Apache-2.0
 * read_server.c - what the API server says of itself, and what follows from it.
 */
#include "posture/scan.h"

#include "policy/catalogue/versions.h"

int scan_read_version(struct posture *p, const struct json *version)
{
	const struct json *server = json_get(version, STR("serverVersion"));
	struct str text = json_str(json_get(server ? server : version, STR("gitVersion")));
	struct kube_version v;

	if (!text.n)
		return 0;
	p->git_version = keep_str(p, text.n > 64 ? (struct str){ text.s, 64 } : text);
	if (kube_version_parse(text, &v))
		p->minor = v.minor;
	if (p->plain)
		p->sources[SRC_VERSION].got = GOT_WHOLE;
	return 0;
}

/* "v1alpha1", "v2alpha1" */
static bool is_alpha(struct str version)
{
	for (size_t i = 0; i + 5 <= version.n; i++)
		if (!memcmp(version.s + i, "alpha", 5))
			return true;
	return false;
}

/* Kubernetes' own groups have no dot, or end in k8s.io; CRDs may be called v1alpha1 too. */
static bool is_builtin(struct str group)
{
	static const char *const own[] = {
		"admissionregistration.k8s.io",
		"apiextensions.k8s.io",
		"apiregistration.k8s.io",
		"authentication.k8s.io",
		"authorization.k8s.io",
		"certificates.k8s.io",
		"coordination.k8s.io",
		"discovery.k8s.io",
		"events.k8s.io",
		"flowcontrol.apiserver.k8s.io",
		"internal.apiserver.k8s.io",
		"networking.k8s.io",
		"node.k8s.io",
		"rbac.authorization.k8s.io",
		"resource.k8s.io",
		"scheduling.k8s.io",
		"storage.k8s.io",
		"storagemigration.k8s.io",
	};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (str_is(group, own[i]))
			return true;
	return !memchr(group.s ? group.s : "", '.', group.n);
}

static void read_group(struct posture *p, const struct json *group)
{
	struct str name = json_str(json_get(group, STR("name")));
	const struct json *versions = json_get(group, STR("versions"));

	if (!name.n)
		return;
	word_list_add(p, &p->groups, word_of(p, name));
	if (!is_builtin(name) || !versions || versions->type != JSON_ARRAY)
		return;
	for (const struct json *v = versions->child; v; v = v->next)
		if (is_alpha(json_str(json_get(v, STR("version")))))
			word_list_add(p, &p->alpha_groups,
				      word_of(p, json_str(json_get(v, STR("groupVersion")))));
}

int scan_read_apis(struct posture *p, const struct json *apis)
{
	const struct json *groups = json_get(apis, STR("groups"));

	if (p->plain)
		p->sources[SRC_APIS].got = GOT_WHOLE;
	if (!groups || groups->type != JSON_ARRAY)
		return 0;
	for (const struct json *g = groups->child; g; g = g->next)
		read_group(p, g);
	return 0;
}

/* "[+]ping ok\n[-]etcd failed: reason withheld\n... readyz check failed" */
void scan_read_readyz(struct posture *p, struct str text)
{
	p->readyz_told = true;
	p->readyz_ok = true;
	for (size_t i = 0; i + 3 < text.n; i++)
		if (!memcmp(text.s + i, "[-]", 3)) {
			size_t end = i + 3;

			while (end < text.n && text.s[end] != ' ' && text.s[end] != '\n')
				end++;
			if (p->readyz_ok)
				p->readyz_failed =
					keep_str(p, (struct str){ text.s + i + 3, end - i - 3 });
			p->readyz_ok = false;
		}
}

/* ---- at the end ---- */

static struct posture_finding of_server(struct posture *p, enum tier tier)
{
	return (struct posture_finding){ .tier = tier,
					 .kind = STR("Cluster"),
					 .name = STR("kubernetes"),
					 .to = p->git_version,
					 .evidence = "object" };
}

static void judge_version(struct posture *p)
{
	const struct versions *list = policy_set_versions(p->set);
	struct posture_finding f = of_server(p, TIER_UNSUPPORTED);
	char text[OKE_STATE_TEXT];
	struct kube_version v;
	struct oke_state state;

	if (!p->git_version.n) {
		if (sources_lack(p, SRC(VERSION)) < 0)
			outcome_unknown(p, CHECK_CONTROL_PLANE_VERSION,
					"the API server names no version");
		return;
	}
	if (!kube_version_parse(p->git_version, &v)) {
		outcome_unknown(p, CHECK_CONTROL_PLANE_VERSION, "'%.*s' is no version 1.x",
				STR_ARG(p->git_version));
		return;
	}
	state = versions_state(list, v, p->now);
	versions_state_print(list, v, &state, text);
	f.text = str_of(text);
	f.path = STR("version");
	f.remedy = STR("upgrade the control plane, then the node pools");
	f.command =
		STR("oci ce cluster update --cluster-id $CLUSTER --kubernetes-version $VERSION");
	switch (state.support) {
	case OKE_NOT_KNOWN:
		outcome_unknown(p, CHECK_CONTROL_PLANE_VERSION, "%s", text);
		return;
	case OKE_SUPPORTED:
		return;
	case OKE_ENDING:
		f.tier = TIER_SUPPORTED;
		break;
	default:
		break;
	}
	found_add(p, CHECK_CONTROL_PLANE_VERSION, &f);
}

static void judge_readyz(struct posture *p)
{
	struct posture_finding f = of_server(p, TIER_SUPPORTED);
	char text[200];

	if (!p->readyz_told) {
		if (p->plain)
			outcome_unknown(p, CHECK_READYZ, "/readyz?verbose is not in the dump");
		return;
	}
	if (p->readyz_ok)
		return;
	snprintf(text, sizeof text, "the API server says that it is not ready: %.*s failed",
		 STR_ARG(p->readyz_failed));
	f.text = str_of(text);
	f.path = STR("readyz");
	f.to = STR("");
	found_add(p, CHECK_READYZ, &f);
}

static void judge_alpha_apis(struct posture *p)
{
	for (size_t i = 0; i < p->alpha_groups.n; i++) {
		struct posture_finding f = of_server(p, TIER_SUPPORTED);
		char text[200];

		snprintf(text, sizeof text, "the API server serves %.*s, which is alpha",
			 STR_ARG(p->alpha_groups.v[i]->text));
		f.text = str_of(text);
		f.path = p->alpha_groups.v[i]->text;
		f.to = STR("");
		found_add(p, CHECK_ALPHA_APIS, &f);
	}
}

static void judge_backups(struct posture *p)
{
	static const char *const tools[][2] = { { "velero.io", "Velero" },
						{ "config.kio.kasten.io", "Kasten K10" },
						{ "triliovault.trilio.io", "TrilioVault" } };

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (word_list_has(&p->groups, str_of(tools[i][0])))
			note(p,
			     "%s is installed (API %s); whether its backups can be restored is "
			     "not seen from here",
			     tools[i][1], tools[i][0]);
}

void scan_judge_server(struct posture *p)
{
	judge_version(p);
	judge_readyz(p);
	judge_alpha_apis(p);
	judge_backups(p);
}
