/* SPDX-License-Identifier: Apache-2.0
 * checks.c - what is checked, as data: id, row of Oracle's responsibility matrix, what the page
 * says (in our words, with its section), how it is decided, and what to do.
 *
 * The page is "Support and Shared Responsibilities" (SUPPORT_PAGE), as of 2024-08-14.
 */
#include "posture/catalogue/checks.h"

#define BASE         "https://docs.oracle.com/en-us/iaas/Content/ContEng/"
#define SUPPORT_PAGE BASE "Concepts/contengsupportsharedresponsibilities.htm"
#define DNS_PAGE     BASE "Tasks/contengconfiguringdnsserver.htm"
#define UPGRADE_PAGE BASE "Concepts/contengaboutupgradingclusters.htm"
#define CNI_PAGE     BASE "Concepts/contengpodnetworking_topic-OCI_CNI_plugin.htm"
#define ADDON_PAGE   BASE "Tasks/contengconfiguringclusteraddons.htm"
#define WATCH_PAGE   BASE "Tasks/contengobservingworkernodeaddonhealth.htm"

#define CONTROL_PLANE "Kubernetes Control Plane"
#define DATA_PLANE    "Kubernetes Data Plane"
#define WORKERS       "Worker Nodes"
#define VERSION       "Kubernetes Version"
#define OBSERVABILITY "Cluster Observability"
#define BACKUPS       "Backups"

#define MODIFIED                                                                                   \
	"Kubernetes Components: who modifies or removes a component that Oracle manages has an "   \
	"unsupported cluster"

static const struct posture_check checks[CHECKS_N] = {
	[CHECK_KUBELET] = { .id = "kubelet",
			    .row = DATA_PLANE,
			    .title = "kubelets run with OKE's flags and configuration",
			    .basis = "Kubernetes Components: the kubelet is the first component "
				     "that Oracle "
				     "manages",
			    .evidence =
				    "Nothing: flags and configuration of a kubelet are on its node",
			    .remedy = "Replace a node whose kubelet was changed by hand; "
				      "--kubelet-extra-args in "
				      "cloud-init is the documented way",
			    .docs = BASE "Tasks/contengusingcustomcloudinitscripts.htm",
			    .tier = TIER_UNSUPPORTED,
			    .elsewhere = "on a node, /etc/kubernetes/kubelet-config.json and "
					 "`systemctl cat "
					 "kubelet`; with rights on nodes/proxy, `kubectl get --raw "
					 "/api/v1/nodes/NODE/proxy/configz`" },
	[CHECK_DRIFT] = { .id = "component-drift",
			  .row = DATA_PLANE,
			  .title = "components are as OKE installed them",
			  .basis = MODIFIED,
			  .evidence = "Revisions (ReplicaSets, ControllerRevisions) and the owners "
				      "of fields "
				      "(managedFields), judged step by step as the webhook judges "
				      "an UPDATE",
			  .remedy = "Put the value back, or set it by the add-on's argument",
			  .docs = ADDON_PAGE,
			  .tier = TIER_UNSUPPORTED },
	[CHECK_IMAGE] = { .id = "component-image",
			  .row = DATA_PLANE,
			  .title = "components run Oracle's images",
			  .basis = MODIFIED,
			  .evidence =
				  "The images of a component's pod template: Oracle's are called "
				  "*/oke-public-*, in any region and realm",
			  .remedy =
				  "Go back to OKE's image; another version is the add-on's version",
			  .docs = ADDON_PAGE,
			  .tier = TIER_UNSUPPORTED },
	[CHECK_MISSING] = { .id = "component-missing",
			    .row = DATA_PLANE,
			    .title = "essential components are there",
			    .basis = MODIFIED,
			    .evidence = "Each essential component by its name, exactly one CNI, "
					"and the "
					"ConfigMaps that their pods cannot start without",
			    .remedy = "Let OKE install the add-on again",
			    .docs = ADDON_PAGE,
			    .tier = TIER_UNSUPPORTED },
	[CHECK_PODS] = { .id = "pods-differ",
			 .row = DATA_PLANE,
			 .title = "running pods of components are what their templates say",
			 .basis = MODIFIED,
			 .evidence = "Containers and images of each pod against those of its own "
				     "revision: "
				     "patched in place, injected sidecars, ephemeral containers",
			 .remedy = "Delete the pod: its controller makes a new one",
			 .tier = TIER_UNSUPPORTED },
	[CHECK_CONFIGURATION] = { .id = "component-configuration",
				  .row = DATA_PLANE,
				  .title = "customised ConfigMaps are declared",
				  .basis = "Responsibility Matrix, Kubernetes Data Plane: a "
					   "deviation based on Oracle's "
					   "documentation has best-effort support",
				  .evidence = "ConfigMaps coredns and kube-proxy against the facts "
					      "of oke-guard's "
					      "configuration",
				  .remedy = "Write the fact into the configuration, or set the "
					    "add-on's argument",
				  .docs = DNS_PAGE,
				  .tier = TIER_SUPPORTED },
	[CHECK_NETWORKING] = { .id = "cni-conflict",
			       .row = DATA_PLANE,
			       .title = "one CNI, and OKE's kube-proxy",
			       .basis = "Kubernetes Components: the CNI plug-in and kube-proxy are "
					"components that "
					"Oracle manages",
			       .evidence = "DaemonSets that are known to be a CNI or a replacement "
					   "of kube-proxy, "
					   "by the names of their images",
			       .remedy = "Calico beside flannel is not supported: follow Oracle's "
					 "page, which "
					 "takes flannel away",
			       .docs = BASE "Tasks/contengsettingupcalico.htm",
			       .tier = TIER_UNSUPPORTED },
	[CHECK_COREDNS_CUSTOM] = { .id = "coredns-custom",
				   .row = DATA_PLANE,
				   .title = "coredns-custom lets the next CoreDNS pod start",
				   .basis = "Support Coverage: CoreDNS is covered; what is added "
					    "to it by ConfigMap "
					    "coredns-custom is documented and yours",
				   .evidence = "Its keys, read as CoreDNS reads them: a server "
					       "block or a second cache, "
					       "errors, ready, prometheus or loop in .override, "
					       ".:53 or a zone twice "
					       "in .server, a block without its end",
				   .remedy = "Mend the key before a pod restarts",
				   .docs = DNS_PAGE,
				   .tier = TIER_SUPPORTED },
	[CHECK_DNS_ENDPOINTS] = { .id = "dns-endpoints",
				  .row = DATA_PLANE,
				  .title = "cluster DNS leads to CoreDNS",
				  .basis = MODIFIED,
				  .evidence = "EndpointSlices of Service kube-dns: their targets "
					      "are pods labelled "
					      "k8s-app=kube-dns",
				  .remedy = "Remove slices that you made, and the label from pods "
					    "that are not "
					    "CoreDNS's",
				  .docs = DNS_PAGE,
				  .tier = TIER_UNSUPPORTED },
	[CHECK_CNI_GUARD] = { .id = "cni-guard",
			      .row = DATA_PLANE,
			      .title = "OKE's guard of VCN-native CNI pods is there",
			      .basis = MODIFIED,
			      .evidence = "ValidatingAdmissionPolicy npn-pod-deletion-deny-policy "
					  "and its binding, "
					  "where DaemonSet vcn-native-ip-cni updates OnDelete "
					  "(from 2.3.0)",
			      .remedy = "Apply both again: it is the last step of the documented "
					"update",
			      .docs = CNI_PAGE,
			      .tier = TIER_UNSUPPORTED },
	[CHECK_HEALTH] = { .id = "component-health",
			   .row = DATA_PLANE,
			   .title = "components run",
			   .basis = "Worker Nodes: you monitor the cluster and respond to alerts",
			   .evidence = "Ready pods of each component; younger than 10 minutes is "
				       "no finding",
			   .remedy = "Look at its pods and events first, then at the nodes",
			   .tier = TIER_SUPPORTED },
	[CHECK_ORIGIN] = { .id = "addon-origin",
			   .row = DATA_PLANE,
			   .title = "each add-on's origin is known",
			   .basis =
				   "Kubernetes Components: add-ons that OKE installed, or that its "
				   "documentation describes",
			   .evidence = "Images and field managers of everything that has an "
				       "add-on's name",
			   .remedy = "Say it in the configuration: addons.NAME.managed",
			   .docs = ADDON_PAGE,
			   .tier = TIER_SUPPORTED },
	[CHECK_ADDON_VERSIONS] = { .id = "addon-versions",
				   .row = DATA_PLANE,
				   .title = "kube-proxy and add-ons fit the control plane",
				   .basis = "Patching Security Issues: Oracle provides patched "
					    "images, you update to "
					    "them",
				   .evidence = "Version in the tag of kube-proxy's image; an image "
					       "that is given by "
					       "digest alone says none",
				   .remedy = "Update the add-on: oci ce cluster update-addon, or "
					     "automatic updates",
				   .docs = ADDON_PAGE,
				   .tier = TIER_UNSUPPORTED },
	[CHECK_AUTOSCALERS] = { .id = "autoscalers",
				.row = DATA_PLANE,
				.title = "no autoscaler of yours works on a component",
				.basis = MODIFIED,
				.evidence = "HorizontalPodAutoscalers, VerticalPodAutoscalers and "
					    "ScaledObjects in "
					    "kube-system, by the rules of the policies",
				.remedy = "Let the add-on scale it",
				.docs = DNS_PAGE,
				.tier = TIER_BEST_EFFORT },
	[CHECK_SURROUNDINGS] = { .id = "surroundings",
				 .row = DATA_PLANE,
				 .title = "nothing in kube-system stands in the components' way",
				 .basis = MODIFIED,
				 .evidence = "Quotas, limit ranges, network policies, disruption "
					     "budgets and the pod "
					     "security level of kube-system, and FlowSchemas, by "
					     "the rules of the "
					     "policies",
				 .remedy = "Leave kube-system out of it",
				 .tier = TIER_UNSUPPORTED },
	[CHECK_MUTATING] = { .id = "mutating-webhooks",
			     .row = DATA_PLANE,
			     .title = "nothing changes OKE's pods as they are made",
			     .basis = "Kubernetes Components, and Oracle's page about admission "
				      "controllers: what "
				      "changes requests in kube-system can make components "
				      "malfunction",
			     .evidence = "Mutating webhook configurations and mutating admission "
					 "policies that "
					 "match CREATE of pods in kube-system, by their selectors",
			     .remedy = "Leave kube-system out: namespaceSelector with "
				       "kubernetes.io/metadata.name NotIn [kube-system]",
			     .docs = BASE "Reference/contengadmissioncontrollers.htm",
			     .tier = TIER_BEST_EFFORT },
	[CHECK_TRUSTED_PODS] = { .id = "trusted-accounts",
				 .row = DATA_PLANE,
				 .title = "only components run as accounts that the guard trusts",
				 .basis = MODIFIED,
				 .evidence = "Service accounts of the pods of kube-system and of "
					     "what makes them",
				 .remedy = "Give it a service account of its own",
				 .tier = TIER_UNSUPPORTED },
	[CHECK_POD_NETWORKS] = { .id = "pod-networks",
				 .row = DATA_PLANE,
				 .title = "each node has its NativePodNetwork",
				 .basis = "Support Coverage: issues of networking are covered, "
					  "changes to its "
					  "components are not",
				 .evidence = "NativePodNetworks against nodes, by name, where "
					     "VCN-native networking "
					     "is used",
				 .remedy = "A node without one stays NotReady: replace the node by "
					   "its node pool; "
					   "one without a node is a rest that may be deleted",
				 .docs = BASE "known-issues/conteng-known-issues.htm",
				 .tier = TIER_SUPPORTED },
	[CHECK_NODE_LABELS] = { .id = "node-labels",
				.row = DATA_PLANE,
				.title = "nodes carry the labels that components select",
				.basis = MODIFIED,
				.evidence = "Labels kubernetes.io/os and kubernetes.io/arch of "
					    "nodes, and "
					    "node.info.ds_proxymux_client of managed ones where "
					    "proxymux-client is used",
				.remedy = "Put the label back",
				.tier = TIER_SUPPORTED },
	[CHECK_WEBHOOKS] = { .id = "admission-webhooks",
			     .row = CONTROL_PLANE,
			     .title = "no webhook can stop the system",
			     .basis = "Oracle's page about admission controllers: what rejects "
				      "requests in "
				      "kube-system can make control-plane components malfunction",
			     .evidence = "Webhook configurations that match objects of "
					 "kube-system, nodes, leases "
					 "or certificate requests, their failurePolicy, timeout "
					 "and backends",
			     .remedy = "failurePolicy Ignore, or leave kube-system out",
			     .docs = BASE "Reference/contengadmissioncontrollers.htm",
			     .tier = TIER_UNSUPPORTED },
	[CHECK_IMPERSONATION] = { .id = "impersonation",
				  .row = CONTROL_PLANE,
				  .title = "nobody can act as the system",
				  .basis = MODIFIED,
				  .evidence = "Roles that allow impersonate, escalate or bind, or "
					      "writing webhook "
					      "configurations, and whom they are bound to; the "
					      "system's own are left "
					      "out",
				  .remedy = "Take the verb out of the role, or the binding away",
				  .docs = BASE "Concepts/contengaboutaccesscontrol.htm",
				  .tier = TIER_BEST_EFFORT },
	[CHECK_READYZ] = { .id = "control-plane-ready",
			   .row = CONTROL_PLANE,
			   .title = "the API server says that it is ready",
			   .basis = "Oracle's Responsibilities for the Control Plane",
			   .evidence = "/readyz?verbose",
			   .remedy = "Open a service request: the control plane is Oracle's",
			   .tier = TIER_SUPPORTED },
	[CHECK_GUARD] = { .id = "guard-webhooks",
			  .row = CONTROL_PLANE,
			  .title = "the guard is asked for what its policies need",
			  .basis = "oke-guard's own: a webhook that is not asked guards nothing",
			  .evidence = "Its ValidatingWebhookConfiguration against the entries that "
				      "the loaded "
				      "policies need",
			  .remedy = "Apply what `oke-guard generate` writes, or let the agent keep "
				    "it",
			  .tier = TIER_SUPPORTED },
	[CHECK_EXCEPTIONS] = { .id = "exceptions",
			       .row = CONTROL_PLANE,
			       .title = "exceptions are in force or gone",
			       .basis = "oke-guard's own: an exception has a ticket and an end",
			       .evidence = "The loaded SupportExceptions: those that have expired, "
					   "or will within "
					   "7 days",
			       .remedy = "Remove it, or agree on a new end with who approved it",
			       .tier = TIER_SUPPORTED },
	[CHECK_GUARD_UPTIME] = { .id = "guard-uptime",
				 .row = CONTROL_PLANE,
				 .title = "the guard answered all the time",
				 .basis = "oke-guard's own: with failurePolicy Ignore what is not "
					  "answered passes",
				 .evidence = "Nothing in the cluster keeps it",
				 .remedy = "Judge the audit log of that time",
				 .tier = TIER_SUPPORTED,
				 .elsewhere = "your metrics "
					      "(apiserver_admission_webhook_fail_open_count, "
					      "oke_guard_reviews_total) and OCI Audit" },
	[CHECK_CONTROL_PLANE_VERSION] = { .id = "control-plane-version",
					  .row = VERSION,
					  .title =
						  "the Kubernetes version is one that OKE supports",
					  .basis = "Areas not covered: versions of Kubernetes "
						   "beyond those listed",
					  .evidence = "/version against OKE's list of versions "
						      "(`oke-guard versions`)",
					  .remedy =
						  "Upgrade the control plane, then the node pools",
					  .docs = BASE "Concepts/contengaboutk8sversions.htm",
					  .tier = TIER_UNSUPPORTED },
	[CHECK_ALPHA_FIELDS] = { .id = "alpha-fields",
				 .row = VERSION,
				 .title = "no object uses a feature that is alpha",
				 .basis = "Areas not covered: Kubernetes Alpha features",
				 .evidence = "Workloads, volumes and Services, judged as created, "
					     "by the catalogue of "
					     "gated fields of this version",
				 .remedy = "Take the field out, or wait for beta",
				 .tier = TIER_UNSUPPORTED },
	[CHECK_ALPHA_APIS] = { .id = "alpha-apis",
			       .row = VERSION,
			       .title = "the API server serves no alpha API of Kubernetes",
			       .basis = "Areas not covered: Kubernetes Alpha features",
			       .evidence =
				       "/apis: versions such as v1alpha1 of Kubernetes' own groups",
			       .remedy = "Served is not used: keep no objects of it",
			       .tier = TIER_SUPPORTED },
	[CHECK_FEATURE_GATES] = { .id = "feature-gates",
				  .row = VERSION,
				  .title = "no alpha feature gate is switched on by hand",
				  .basis = "Areas not covered: Kubernetes Alpha features",
				  .evidence = "Arguments and environment of containers that run "
					      "Kubernetes components",
				  .remedy = "Take the gate out of the arguments",
				  .tier = TIER_UNSUPPORTED },
	[CHECK_REMOVED_APIS] = { .id = "removed-apis",
				 .row = VERSION,
				 .title = "nobody writes by an API version that the next minor "
					  "does not have",
				 .basis = "Responsibility Matrix, Kubernetes Version: you apply "
					  "upgrades",
				 .evidence = "managedFields: the API version of each manager's "
					     "last write, against "
					     "what goes with the next minor",
				 .remedy = "Change the manifests of that tool before you upgrade",
				 .docs = UPGRADE_PAGE,
				 .tier = TIER_SUPPORTED },
	[CHECK_BUDGETS] = { .id = "disruption-budgets",
			    .row = VERSION,
			    .title = "no disruption budget stops a drain",
			    .basis = "Responsibility Matrix, Kubernetes Version: you re-deploy "
				     "worker nodes",
			    .evidence = "PodDisruptionBudgets that allow no disruption by what "
					"they say: "
					"maxUnavailable 0, or as many as there are",
			    .remedy = "Allow one, or run one more replica",
			    .docs = UPGRADE_PAGE,
			    .tier = TIER_SUPPORTED },
	[CHECK_NODE_SKEW] = { .id = "node-skew",
			      .row = WORKERS,
			      .title = "nodes are of a version that fits the control plane",
			      .basis = "Worker Nodes: you regularly upgrade worker nodes to "
				       "supported versions",
			      .evidence = "kubelet versions of nodes, by node pool",
			      .remedy = "Upgrade the node pool and replace its nodes",
			      .docs = UPGRADE_PAGE,
			      .tier = TIER_UNSUPPORTED },
	[CHECK_NODE_MIXED] = { .id = "node-pool-mixed",
			       .row = WORKERS,
			       .title = "nodes of a pool are of one version",
			       .basis = "Responsibility Matrix, Kubernetes Version: you re-deploy "
					"worker nodes "
					"within a node pool",
			       .evidence = "kubelet minors within a node pool; a pool whose "
					   "youngest node is less "
					   "than 7 days old is being rolled",
			       .remedy = "Replace the older nodes",
			       .docs = UPGRADE_PAGE,
			       .tier = TIER_SUPPORTED },
	[CHECK_NODE_AGE] = { .id = "node-image-age",
			     .row = WORKERS,
			     .title = "nodes' OS images are fresh",
			     .basis = "Worker Nodes: you regularly update the OS image",
			     .evidence = "Age of nodes, and Oracle Linux 7 on a version that "
					 "dropped it (1.35); "
					 "the image's own date is not in the API",
			     .remedy = "Give the node pool a newer image and replace its nodes",
			     .docs = BASE "Tasks/contengupgradingimageworkernode.htm",
			     .tier = TIER_UNSUPPORTED },
	[CHECK_NODE_HEALTH] = { .id = "node-health",
				.row = WORKERS,
				.title = "nodes are ready",
				.basis = "Responsibility Matrix, Worker Nodes: you monitor their "
					 "health and replace "
					 "unhealthy ones",
				.evidence = "Nodes that have not been Ready for more than 10 "
					    "minutes, by pool",
				.remedy = "Look at the node, or delete it from its node pool",
				.docs = WATCH_PAGE,
				.tier = TIER_SUPPORTED },
	[CHECK_CUSTOM_IMAGES] = { .id = "custom-images",
				  .row = WORKERS,
				  .title = "nodes run images that Oracle patches",
				  .basis = "Worker Nodes: Oracle provides no patches for custom "
					   "images",
				  .evidence = "Nothing: a node does not tell the OCID of its image",
				  .remedy = "Use a platform or OKE image",
				  .tier = TIER_BEST_EFFORT,
				  .elsewhere = "console, node pool, Image; or `oci compute "
					       "instance get --instance-id "
					       "$INSTANCE --query 'data.\"image-id\"'`",
				  .external = true },
	[CHECK_OBSERVABILITY] = { .id = "observability-addons",
				  .row = OBSERVABILITY,
				  .title = "Oracle can see the nodes' health",
				  .basis = "Responsibility Matrix, Cluster Observability: you "
					   "monitor nodes with the "
					   "features that Oracle provides",
				  .evidence = "DaemonSets oke-node-problem-detector and "
					      "oke-dataplane-observability-"
					      "agent, and the labels by which nodes opt out",
				  .remedy = "Switch the add-on on; off is a documented choice",
				  .docs = WATCH_PAGE,
				  .tier = TIER_SUPPORTED },
	[CHECK_CONTROL_PLANE_LOGS] = { .id = "control-plane-logs",
				       .row = OBSERVABILITY,
				       .title = "control-plane logs are switched on",
				       .basis = "Responsibility Matrix, Cluster Observability",
				       .evidence = "Nothing: they are a setting of OCI Logging",
				       .remedy = "Enable them before you need them",
				       .docs = BASE "Tasks/contengviewingservicelogs.htm",
				       .tier = TIER_SUPPORTED,
				       .elsewhere = "`oci logging log list --log-group-id "
						    "$LOG_GROUP --source-service "
						    "oke-k8s-cp-prod`",
				       .external = true },
	[CHECK_BACKUPS] = { .id = "backups",
			    .row = BACKUPS,
			    .title = "applications are backed up",
			    .basis = "Responsibility Matrix, Backups: you are responsible for "
				     "backups that the "
				     "application needs",
			    .evidence =
				    "Whether the API of a known backup tool is served, as a hint",
			    .remedy = "Oracle's etcd backups restore the cluster, not your data",
			    .tier = TIER_SUPPORTED,
			    .elsewhere = "your backup tool, and a restore that was tried",
			    .external = true },
};

const struct posture_check *posture_check_at(size_t i)
{
	return i < CHECKS_N ? &checks[i] : NULL;
}

const struct posture_check *posture_check_named(struct str id)
{
	for (size_t i = 0; i < CHECKS_N; i++)
		if (str_is(id, checks[i].id))
			return &checks[i];
	return NULL;
}

const char *posture_result_name(enum posture_result r)
{
	static const char *const names[POSTURE_RESULTS] = { "pass", "finding", "not-checkable",
							    "unknown", "not-applicable" };

	return names[r];
}
