/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/catalogue/addons.h"

#include <string.h>

/* Arguments that most add-ons have. */
static const char *const common[] = { "managed",
				      "affinity",
				      "nodeSelectors",
				      "numOfReplicas",
				      "rollingUpdate",
				      "tolerations",
				      "topologySpreadConstraints",
				      "priorityClassName" };
#define COMMON_N (sizeof common / sizeof *common)

/* Of a name that ends in a star whatever follows is taken: the page lists them by their beginning.
 */
struct addon_entry {
	const char *name;
	const char *const *keys; /* ends with NULL */
};

#define KEYS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct addon_entry addons[] = {
	{ "AmdGpuOperator",
	  KEYS("selector*", "devicePlugin*", "metricsExporter*", "testRunner*", "configManager*",
	       "draDriver*", "controllerManager*", "skipNodeFeatureDiscoveryDependencyCheck") },
	{ "AmdGpuPlugin", KEYS("amd-gpu-device-plugin.ContainerResources") },
	{ "CertManager", KEYS("cert-manager-controller.ContainerResources",
			      "cert-manager-cainjector.ContainerResources",
			      "cert-manager-webhook.ContainerResources") },
	{ "ClusterAutoscaler",
	  KEYS("authType", "nodes", "nodeGroupAutoDiscovery", "annotations",
	       "cluster-autoscaler.ContainerResources", "balanceSimilarNodeGroups",
	       "balancingIgnoreLabel", "cloudConfig", "expander", "expendablePodsPriorityCutoff",
	       "ignoreDaemonsetsUtilization", "maxEmptyBulkDelete", "maxFailingTime",
	       "maxGracefulTerminationSec", "maxInactivity", "maxNodeProvisionTime",
	       "maxNodesTotal", "maxTotalUnreadyPercentage", "newPodScaleUpDelay",
	       "okTotalUnreadyCount", "scaleDownCandidatesPoolMinCount",
	       "scaleDownCandidatesPoolRatio", "scaleDownDelayAfterAdd",
	       "scaleDownDelayAfterDelete", "scaleDownDelayAfterFailure", "scaleDownEnabled",
	       "scaleDownGpuUtilizationThreshold", "scaleDownNonEmptyCandidatesCount",
	       "scaleDownUnneededTime", "scaleDownUnreadyTime", "scaleDownUtilizationThreshold",
	       "scanInterval", "skipNodesWithLocalStorage", "skipNodesWithSystemPods",
	       "statusConfigMapName", "unremovableNodeRecheckTimeout", "writeStatusConfigmap") },
	{ "CoreDNS", KEYS("coreDnsContainerResources", "customizeCoreDNSConfigMap", "minReplica",
			  "nodesPerReplica") },
	{ "CsiDriverSmb", KEYS("controller.*", "node.*") },
	{ "Flannel", KEYS("kube-flannel.ContainerResources") },
	{ "Istio", KEYS("customizeConfigMap", "enableIngressGateway", "profile",
			"discovery.ContainerResources", "discovery.EnvVariables", "istiod.*",
			"istio-ingressgateway.*") },
	{ "KubeProxy", KEYS("customizeKubeProxyConfigMap", "kube-proxy.ContainerResources") },
	{ "KubernetesDashboard", KEYS("kubernetes-dashboard.ContainerResources") },
	{ "KubernetesMetricsServer",
	  KEYS("metrics-server.ContainerResources", "skipAddonDependenciesCheck") },
	{ "NativeIngressController",
	  KEYS("authType", "authSecretName", "certDeletionGracePeriodInDays", "compartmentId",
	       "controllerClass", "emitEvents", "leaseLockName", "leaseLockNamespace",
	       "loadBalancerSubnetId", "logVerbosity", "metricsBackend", "metricsPort",
	       "oci-native-ingress-controller.ContainerResources",
	       "useLbCompartmentForCertificates", "skipAddonDependenciesCheck") },
	{ "NodeFeatureDiscovery", KEYS("master.*", "worker.*", "gc.*") },
	{ "NodeProblemDetector", KEYS("enableKubernetesExporter") },
	{ "NvidiaGpuOperator", KEYS("disableNvidiaGpuPlugin", "cdi.*", "toolkit.*", "mig.*",
				    "migManager.*", "skipNodeFeatureDiscoveryDependencyCheck",
				    "dcgmExporter.*", "devicePlugin.*", "driver.*", "operator.*") },
	{ "NvidiaGpuPlugin", KEYS("deviceIdStrategy", "deviceListStrategy", "driverRoot",
				  "failOnInitError", "migStrategy", "passDeviceSpecs",
				  "useConfigFile", "nvidia-gpu-device-plugin.ContainerResources") },
	{ "NvidiaNetworkOperator",
	  KEYS("sriovNetworkOperator.*", "nicClusterPolicy.*", "operator.*") },
	{ "ObservabilityAgent", KEYS("priorityClassName") },
	{ "OciVcnIpNative", KEYS("install-cni-ips.ContainerResources") },
	{ "OracleDatabaseOperator", KEYS("manager.ContainerResources") },
	{ "Tiller", KEYS("tiller.ContainerResources") },
	{ "WeblogicKubernetesOperator", KEYS("weblogic-operator.ContainerResources",
					     "weblogic-operator-webhook.ContainerResources") },
};
#define ADDONS_N (sizeof addons / sizeof *addons)

/* "true" or "false", and a whole number. */
static const char *const booleans[] = {
	"managed",
	"customizeCoreDNSConfigMap",
	"customizeKubeProxyConfigMap",
	"customizeConfigMap",
	"enableIngressGateway",
	"skipAddonDependenciesCheck",
	"emitEvents",
	"enableKubernetesExporter",
	"failOnInitError",
	"passDeviceSpecs",
	"useConfigFile",
	"disableNvidiaGpuPlugin",
	"scaleDownEnabled",
	"balanceSimilarNodeGroups",
	"skipNodesWithLocalStorage",
	"skipNodesWithSystemPods",
	"useLbCompartmentForCertificates",
	"skipNodeFeatureDiscoveryDependencyCheck",
	NULL,
};
static const char *const numbers[] = { "minReplica",  "nodesPerReplica", "numOfReplicas",
				       "metricsPort", "logVerbosity",    NULL };

static bool is_listed(struct str key, const char *const *list)
{
	for (; *list; list++)
		if (str_is(key, *list))
			return true;
	return false;
}

const struct addon_entry *addon_entry_named(struct str name)
{
	for (size_t i = 0; i < ADDONS_N; i++)
		if (str_is(name, addons[i].name))
			return &addons[i];
	return NULL;
}

const char *addon_entry_name(size_t i)
{
	return i < ADDONS_N ? addons[i].name : NULL;
}

static bool key_fits(const char *known, struct str key)
{
	size_t n = strlen(known);

	if (n && known[n - 1] == '*')
		return key.n >= n - 1 && !memcmp(key.s, known, n - 1);
	return str_is(key, known);
}

bool addon_takes(const struct addon_entry *addon, struct str key)
{
	for (size_t i = 0; i < COMMON_N; i++)
		if (str_is(key, common[i]))
			return true;
	for (const char *const *k = addon->keys; *k; k++)
		if (key_fits(*k, key))
			return true;
	return false;
}

const char *addon_refuses(const struct addon_entry *addon, struct str key, struct str value)
{
	(void)addon;
	if (is_listed(key, booleans))
		return str_is(value, "true") || str_is(value, "false") ? NULL
								       : "\"true\" or \"false\"";
	if (!is_listed(key, numbers))
		return NULL;
	for (size_t i = 0; i < value.n; i++)
		if (value.s[i] < '0' || value.s[i] > '9')
			return "a whole number, as in \"3\"";
	return value.n ? NULL : "a whole number, as in \"3\"";
}

const char *addon_argument_name(const struct addon_entry *addon, size_t i)
{
	if (i < COMMON_N)
		return common[i];
	for (const char *const *k = addon->keys; *k; k++)
		if ((*k)[strlen(*k) - 1] != '*' && i-- == COMMON_N)
			return *k;
	return NULL;
}
