{{- /*
A hook has an account and rights of its own, which live as long as the hook does and have its
name. These three are called with a dict: context, name, events, and cluster ("Cluster" or "") and
rules of its role.
*/}}
{{- define "oke-guard.hookMeta" -}}
name: {{ .name }}
labels:
  {{- include "oke-guard.labels" .context | nindent 2 }}
  app.kubernetes.io/component: hook
annotations:
  helm.sh/hook: {{ .events }}
  helm.sh/hook-weight: "-10"
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end }}

{{- define "oke-guard.hookAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "oke-guard.hookMeta" . | nindent 2 }}
automountServiceAccountToken: false
{{- if .context.Values.rbac.create }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .cluster }}Role
metadata:
  {{- include "oke-guard.hookMeta" . | nindent 2 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .cluster }}RoleBinding
metadata:
  {{- include "oke-guard.hookMeta" . | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .cluster }}Role
  name: {{ .name }}
subjects:
  - {kind: ServiceAccount, name: {{ .name }}, namespace: {{ .context.Release.Namespace }}}
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

{{- define "oke-guard.probeRules" -}}
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [{{ include "oke-guard.fullname" . }}-probe]
  verbs: [get, patch]
{{- end }}

{{- define "oke-guard.probeArgs" -}}
- probe
- --namespace={{ .Release.Namespace }}
- --release={{ include "oke-guard.fullname" . }}
- --timeout={{ .Values.probe.timeout }}
{{- end }}
