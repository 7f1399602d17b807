/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe.h"

#include <string.h>

enum probe_outcome probe_judge(const struct kube_answer *a)
{
	if (a->result == KUBE_OK)
		return strstr(a->warnings, PROBE_RULE) ? PROBE_WARNED : PROBE_PASSED;
	/* A denial for want of rights is a 403 too. */
	if (a->result == KUBE_FORBIDDEN && a->body && strstr(a->body, "admission webhook") &&
	    strstr(a->body, PROBE_RULE))
		return PROBE_DENIED;
	return PROBE_FAILED;
}

static void probe_explain_entries(const struct probe_sight *s, FILE *out)
{
	if (!s->there)
		fputs("There is no ValidatingWebhookConfiguration: the API server asks nobody.\n"
		      "  helm upgrade makes it again.\n",
		      out);
	else if (!s->entries)
		fputs("The ValidatingWebhookConfiguration has no webhooks: the API "
		      "server asks nobody.\n"
		      "  The agent writes them (certificates.mode self): look at "
		      "the log of its pod.\n",
		      out);
	else if (s->untrusted)
		fprintf(out,
			"%zu of %zu webhooks have no caBundle: the API server trusts no "
			"certificate, and lets\n"
			"every write pass.\n"
			"  Who makes the certificates writes it: the agent (mode self), "
			"cert-manager's\n"
			"  cainjector (mode cert-manager), or values (mode secret).\n",
			s->untrusted, s->entries);
}

void probe_explain(const struct probe_sight *s, FILE *out)
{
	bool asked = s->known && s->there && s->entries && !s->untrusted;

	if (s->known && !asked) {
		probe_explain_entries(s, out);
		return;
	}
	if (!strcmp(s->mode, "audit")) {
		fputs("In mode audit nobody is denied or warned, so this cannot prove more than "
		      "that the\n"
		      "write passes. The API server's audit log (annotation "
		      "support.oke-guard.internal/policy: self/probe)\n"
		      "and the metric oke_guard_findings_total{policy=\"self\",rule=\"probe\"} "
		      "show whether it was seen.\n",
		      out);
		return;
	}
	fprintf(out,
		"%s the write passed: either the API server could not\n"
		"reach the guard (failurePolicy Ignore lets everything pass then), or the guard "
		"is in mode audit.\n"
		"  - Are the server's pods ready, and does the Service have endpoints?\n"
		"  - May the control plane's nodes reach the pods? On OKE: ingress from the "
		"Kubernetes API\n"
		"    endpoint's subnet to the port of the pods (8443), in the workers' and the "
		"pods' network\n"
		"    security groups or security lists.\n"
		"  - The API server counts it: apiserver_admission_webhook_fail_open_count; its "
		"audit log has\n"
		"    the annotation failed-open.validating.webhook.admission.k8s.io.\n"
		"  - In mode audit say so: --mode audit.\n",
		s->known ? "The webhooks are there with their caBundle, and still"
			 : "The webhook configuration could not be read, and");
}
