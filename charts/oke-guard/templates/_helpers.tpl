{{- define "oke-guard.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- /* Room for the longest suffix, and for what a Deployment adds to the names of its pods. */}}
{{- define "oke-guard.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" }}
{{- else if contains (include "oke-guard.name" .) .Release.Name }}
{{- .Release.Name | trunc 45 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "oke-guard.name" .) | trunc 45 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "oke-guard.selector" -}}
app.kubernetes.io/name: {{ include "oke-guard.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "oke-guard.labels" -}}
{{ include "oke-guard.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: oke-guard
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /*
The metadata of an object. Called with a dict: context, name; component, labels, annotations where there are some;
namespace, where it is not the release's; cluster: true, where it has none; template: true, for what a CronJob makes.
The chart's own labels and annotations count before a user's.
*/}}
{{- define "oke-guard.metadata" -}}
{{- $v := .context.Values }}
{{- $own := include "oke-guard.labels" .context | fromYaml }}
{{- with .component }}{{ $_ := set $own "app.kubernetes.io/component" . }}{{ end }}
{{- if not .template -}}
name: {{ .name }}
{{- if not .cluster }}
namespace: {{ default .context.Release.Namespace .namespace }}
{{- end }}
{{ end -}}
labels:
  {{- mergeOverwrite (dict) $v.commonLabels (default dict .labels) $own | toYaml | nindent 2 }}
{{- with mergeOverwrite (dict) $v.commonAnnotations (default dict .annotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /*
The metadata of a pod: context, component. Nothing here changes with the chart's version, which alone rolls no pod.
*/}}
{{- define "oke-guard.podMetadata" -}}
{{- $v := .context.Values }}
{{- $own := include "oke-guard.selector" .context | fromYaml }}
{{- $_ := set $own "app.kubernetes.io/part-of" "oke-guard" }}
{{- $_ := set $own "app.kubernetes.io/component" .component -}}
labels:
  {{- mergeOverwrite (dict) $v.commonLabels $v.podLabels $own | toYaml | nindent 2 }}
{{- with mergeOverwrite (dict) $v.commonAnnotations $v.podAnnotations (default dict .annotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* REGISTRY/REPOSITORY. A repository whose first part is a host brings its registry along. */}}
{{- define "oke-guard.imageName" -}}
{{- $i := .Values.image }}
{{- $first := splitList "/" $i.repository | first }}
{{- if and (contains "/" $i.repository) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) }}
{{- if not (has $i.registry (list "" "localhost" $first)) }}
{{- fail (printf "image.repository %s already names a registry, and image.registry is %s: leave one of them out" $i.repository $i.registry) }}
{{- end }}
{{- $i.repository }}
{{- else if $i.registry }}
{{- printf "%s/%s" $i.registry $i.repository }}
{{- else }}
{{- fail (printf "image.repository %s names no registry, and image.registry is empty: OKE pulls full names alone" $i.repository) }}
{{- end }}
{{- end }}

{{- define "oke-guard.image" -}}
{{- $i := .Values.image }}
{{- if $i.digest }}
{{- printf "%s@%s" (include "oke-guard.imageName" .) $i.digest }}
{{- else }}
{{- printf "%s:%s" (include "oke-guard.imageName" .) (default .Chart.AppVersion $i.tag) }}
{{- end }}
{{- end }}

{{- define "oke-guard.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "oke-guard.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* Is there such a Secret of another maker than this release? */}}
{{- define "oke-guard.foreign" -}}
{{- $found := lookup "v1" "Secret" .context.Release.Namespace .name }}
{{- $by := dig "metadata" "annotations" "meta.helm.sh/release-name" "" ($found | default dict) }}
{{- if and $found (ne $by .context.Release.Name) }}yes{{ end }}
{{- end }}

{{- /*
What the servers show. In mode secret it is yours. Else the agent writes it, F-tls: its own pairs, or
(mode cert-manager) those of F-cert-manager, each once its CA is trusted. Where F-tls is there and
somebody else's (the mode was another one until now), it is F-self-tls, which then stays.
*/}}
{{- define "oke-guard.secret" -}}
{{- $f := include "oke-guard.fullname" . }}
{{- $own := printf "%s-tls" $f }}
{{- $other := printf "%s-self-tls" $f }}
{{- if eq .Values.certificates.mode "secret" }}
{{- default $own .Values.certificates.secret.name }}
{{- else if or (include "oke-guard.foreign" (dict "context" . "name" $own)) (lookup "v1" "Secret" .Release.Namespace $other) }}
{{- $other }}
{{- else }}
{{- $own }}
{{- end }}
{{- end }}

{{- /* What cert-manager writes. */}}
{{- define "oke-guard.source" -}}
{{- printf "%s-cert-manager" (include "oke-guard.fullname" .) }}
{{- end }}

{{- /* What pods of all parts have in common; under `spec`. */}}
{{- define "oke-guard.pod" -}}
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "oke-guard.container" -}}
image: {{ include "oke-guard.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
terminationMessagePolicy: FallbackToLogsOnError
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end }}

{{- /* Virtual nodes run no DaemonSets, so neither CNI nor kube-proxy as other nodes do. */}}
{{- define "oke-guard.nodeAffinity" -}}
{{- if hasKey .Values.affinity "nodeAffinity" }}
{{- toYaml .Values.affinity.nodeAffinity }}
{{- else -}}
requiredDuringSchedulingIgnoredDuringExecution:
  nodeSelectorTerms:
    - matchExpressions:
        - {key: kubernetes.io/os, operator: In, values: [linux]}
        - {key: node-role.kubernetes.io/virtual-node, operator: DoesNotExist}
        - {key: oci.oraclecloud.com/oke-is-virtual-node, operator: DoesNotExist}
{{- end }}
{{- end }}

{{- /* A user's policies: the same files for the server and for the agent. */}}
{{- define "oke-guard.policyArgs" -}}
- --config=/etc/oke-guard/config/guard.yaml
{{- if .Values.versions }}
- --versions=/etc/oke-guard/config/versions.yaml
{{- end }}
- --policy=/etc/oke-guard/policies
- --policy=/etc/oke-guard/extra
{{- range .Values.existingPolicyConfigMaps }}
- --policy=/etc/oke-guard/existing/{{ . }}
{{- end }}
{{- end }}

{{- define "oke-guard.policyMounts" -}}
- {name: config, mountPath: /etc/oke-guard/config, readOnly: true}
- {name: policies, mountPath: /etc/oke-guard/policies, readOnly: true}
- {name: extra, mountPath: /etc/oke-guard/extra, readOnly: true}
{{- range $i, $name := .Values.existingPolicyConfigMaps }}
- {name: existing-{{ $i }}, mountPath: /etc/oke-guard/existing/{{ $name }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "oke-guard.policyVolumes" -}}
{{- $f := include "oke-guard.fullname" . -}}
- name: config
  configMap: {name: {{ $f }}-config}
- name: policies
  configMap: {name: {{ $f }}-policies}
- name: extra # a user's own, made and changed without Helm
  configMap: {name: {{ $f }}-extra, optional: true}
{{- range $i, $name := .Values.existingPolicyConfigMaps }}
- name: existing-{{ $i }}
  configMap: {name: {{ $name }}}
{{- end }}
{{- end }}

{{- /*
The entries for the built-in policies, made for a release in namespace oke-guard: that namespace has
an entry of its own, named after it, and is left out elsewhere. A user's own entries are taken as
they are. In both the address and the CA are put in.
*/}}
{{- define "oke-guard.webhooks" -}}
{{- $namespace := .Release.Namespace }}
{{- $webhooks := .Values.webhookConfiguration.webhooks }}
{{- if not $webhooks }}
{{- $webhooks = (.Files.Get "files/webhooks.yaml" | fromYaml).webhooks }}
{{- range $w := $webhooks }}
{{- if eq $w.name "oke-guard.support.oke-guard.internal" }}
{{- $_ := set $w "name" (printf "%s.support.oke-guard.internal" $namespace) }}
{{- end }}
{{- range $e := ($w.namespaceSelector | default dict).matchExpressions }}
{{- if has "oke-guard" $e.values }}
{{- $_ := set $e "values" (append (without $e.values "oke-guard") $namespace | sortAlpha) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $w := $webhooks }}
{{- $service := dict "name" (include "oke-guard.fullname" $) "namespace" $namespace "port" 443 "path" $w.clientConfig.service.path }}
{{- $client := dict "service" $service }}
{{- if eq $.Values.certificates.mode "secret" }}
{{- $_ := set $client "caBundle" ($.Values.certificates.secret.caBundle | b64enc) }}
{{- end }}
{{- $_ := set $w "clientConfig" $client }}
{{- end }}
{{- toYaml $webhooks }}
{{- end }}

{{- /* What values.schema.json cannot say. Included by the server's Deployment. */}}
{{- define "oke-guard.validate" -}}
{{- $c := .Values.certificates }}
{{- if eq .Release.Namespace "kube-system" }}
{{- fail "kube-system is Oracle's namespace, where the guard refuses workloads with trusted accounts, its own included: install it with --namespace oke-guard --create-namespace" }}
{{- end }}
{{- if and (eq $c.mode "secret") (not $c.secret.caBundle) }}
{{- fail "certificates.mode secret needs the CA that the API server is to trust: --set-file certificates.secret.caBundle=ca.crt" }}
{{- end }}
{{- if and (eq $c.mode "self") (not .Values.agent.enabled) }}
{{- fail "certificates.mode self needs the agent, which makes the certificates: leave agent.enabled true, or choose another mode" }}
{{- end }}
{{- if and (eq $c.mode "cert-manager") (not .Values.agent.enabled) }}
{{- fail "certificates.mode cert-manager needs the agent, which has the API server trust cert-manager's CA: leave agent.enabled true, or choose mode secret" }}
{{- end }}
{{- if and (ne $c.mode "secret") .Values.webhookConfiguration.webhooks }}
{{- fail (printf "webhookConfiguration.webhooks counts in certificates.mode secret alone: in mode %s the agent writes the entries, from the policies" $c.mode) }}
{{- end }}
{{- if and (eq $c.mode "secret") (lookup "v1" "Secret" .Release.Namespace (include "oke-guard.secret" .)) (not (include "oke-guard.foreign" (dict "context" . "name" (include "oke-guard.secret" .)))) }}
{{- fail (printf "Secret %s belongs to this release, whose agent has written it until now, and which removes it: make one of another name, and give that as certificates.secret.name" (include "oke-guard.secret" .)) }}
{{- end }}
{{- if and (eq $c.mode "secret") (not .Values.webhookConfiguration.webhooks) }}
{{- if .Values.config.failClosed }}
{{- fail (printf "config.failClosed needs entries of its own, which in certificates.mode %s nobody writes: give those that `oke-guard generate webhook-configuration --config FILE --list` prints as webhookConfiguration.webhooks" $c.mode) }}
{{- end }}
{{- range $w := (.Files.Get "files/webhooks.yaml" | fromYaml).webhooks }}
{{- range $e := ($w.namespaceSelector | default dict).matchExpressions }}
{{- if and (ne $.Release.Namespace "oke-guard") (has $.Release.Namespace $e.values) }}
{{- fail (printf "namespace %s has entries of its own in the webhook configuration: install into another one (--namespace oke-guard), or leave certificates.mode self" $.Release.Namespace) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $_ := .Values.policies }}
{{- if hasKey $.Values.exceptions $name }}
{{- fail (printf "policies and exceptions both have a file %s: they share one folder, so give one of them another name" $name) }}
{{- end }}
{{- end }}
{{- include "oke-guard.validateFiles" (dict "key" "policies" "kind" "SupportPolicy" "files" .Values.policies) }}
{{- include "oke-guard.validateFiles" (dict "key" "exceptions" "kind" "SupportException" "files" .Values.exceptions) }}
{{- if eq (int .Values.ports.webhook) (int .Values.ports.health) }}
{{- fail "ports.webhook and ports.health must differ" }}
{{- end }}
{{- end }}

{{- /* Files that were given as texts: of these values.schema.json says no more than that they are texts. */}}
{{- define "oke-guard.validateFiles" -}}
{{- range $name, $content := .files }}
{{- if kindIs "string" $content }}
{{- $found := 0 }}
{{- range $part := regexSplit "(?m)^---[ \t]*(#.*)?$" $content -1 }}
{{- if regexMatch "(?m)^[^#\\s]" $part }}
{{- $found = add1 $found }}
{{- $doc := fromYaml $part }}
{{- if hasKey $doc "Error" }}
{{- fail (printf "%s: %s is no YAML: %s" $.key $name (get $doc "Error")) }}
{{- end }}
{{- if or (ne (toString (get $doc "apiVersion")) "oke-guard.internal/v1") (ne (toString (get $doc "kind")) $.kind) }}
{{- fail (printf "%s: %s, document %d, is no %s: it needs apiVersion: oke-guard.internal/v1, kind: %s, metadata and spec" $.key $name $found $.kind $.kind) }}
{{- end }}
{{- if not (and (kindIs "map" (get $doc "metadata")) (kindIs "map" (get $doc "spec"))) }}
{{- fail (printf "%s: %s, document %d, has no metadata or no spec" $.key $name $found) }}
{{- end }}
{{- end }}
{{- end }}
{{- if not $found }}
{{- fail (printf "%s: %s holds no document" $.key $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
