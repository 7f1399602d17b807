{{- /*
A hook has an account and rights of its own, which live as long as the hook does and have its
name. These are called with a dict: context, name, events; verbs on ConfigMap F-probe (with it comes
get of the Service's Endpoints) and on the ValidatingWebhookConfiguration, each of which may be left out.
*/}}
{{- define "oke-guard.hookMeta" -}}
{{- $annotations := dict "helm.sh/hook" .hook.events "helm.sh/hook-weight" (default "-10" .weight)
      "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded,hook-failed" }}
{{- with .logs }}{{ $_ := set $annotations "helm.sh/hook-output-log-policy" . }}{{ end }}
{{- if .pod -}}
name: {{ .hook.name }}
namespace: {{ .hook.context.Release.Namespace }}
{{ include "oke-guard.podMetadata" (dict "context" .hook.context "component" "hook" "annotations" $annotations) }}
{{- else }}
{{- include "oke-guard.metadata" (dict "context" .hook.context "name" .hook.name "component" "hook" "cluster" .cluster "annotations" $annotations) }}
{{- end }}
{{- end }}

{{- define "oke-guard.hookAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "oke-guard.hookMeta" (dict "hook" .) | nindent 2 }}
automountServiceAccountToken: false
{{- if .context.Values.rbac.create }}
{{- $f := include "oke-guard.fullname" .context }}
{{- with .probe }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  {{- include "oke-guard.hookMeta" (dict "hook" $) | nindent 2 }}
rules:
  - {apiGroups: [""], resources: [configmaps], resourceNames: [{{ $f }}-probe], verbs: [{{ . }}]}
  - {apiGroups: [""], resources: [endpoints], resourceNames: [{{ $f }}], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  {{- include "oke-guard.hookMeta" (dict "hook" $) | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ $.name }}}
subjects:
  - {kind: ServiceAccount, name: {{ $.name }}, namespace: {{ $.context.Release.Namespace }}}
{{- end }}
{{- with .webhooks }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  {{- include "oke-guard.hookMeta" (dict "hook" $ "cluster" true) | nindent 2 }}
rules:
  - apiGroups: [admissionregistration.k8s.io]
    resources: [validatingwebhookconfigurations]
    resourceNames: [{{ $f }}]
    verbs: [{{ . }}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  {{- include "oke-guard.hookMeta" (dict "hook" $ "cluster" true) | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ $.name }}}
subjects:
  - {kind: ServiceAccount, name: {{ $.name }}, namespace: {{ $.context.Release.Namespace }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "oke-guard.hookPod" -}}
serviceAccountName: {{ .name }}
automountServiceAccountToken: true
restartPolicy: Never
{{- with .context }}
{{ include "oke-guard.pod" . }}
affinity:
  nodeAffinity:
    {{- include "oke-guard.nodeAffinity" . | nindent 4 }}
  # Where the image is already.
  podAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "oke-guard.selector" . | nindent 14 }}
              app.kubernetes.io/component: server
{{- end }}
{{- end }}

{{- define "oke-guard.hookContainer" -}}
{{ include "oke-guard.container" . }}
command: [/usr/bin/oke-guard-agent]
resources:
  {{- toYaml .Values.agent.resources | nindent 2 }}
{{- end }}

{{- /*
In mode audit nothing shows: it only looks whether the API server knows where to ask. It reads the
files that the servers read, and asks each of them whether they are in force.
*/}}
{{- define "oke-guard.probeArgs" -}}
{{- $mode := default "enforce" .Values.config.mode -}}
- probe
- --namespace={{ .Release.Namespace }}
- --release={{ include "oke-guard.fullname" . }}
- --mode={{ $mode }}
- --health-port={{ .Values.ports.health }}
- --timeout={{ .Values.probe.timeout }}
{{ include "oke-guard.policyArgs" . }}
{{- end }}
