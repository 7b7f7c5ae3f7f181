{{- define "huifang.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}

{{- define "huifang.labels" -}}
app.kubernetes.io/name: huifang
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* what selects the pods of one part: (dict "root" $ "part" "visits") */}}
{{- define "huifang.selector" -}}
app.kubernetes.io/name: huifang
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "huifang.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest }}{{ $image.repository }}@{{ $image.digest }}{{ else }}{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "huifang.bootstrap" -}}
{{- if .Values.kafka.enabled }}{{ include "huifang.name" . }}-kafka-kafka-bootstrap:9093{{ else }}{{ required "kafka.bootstrap names your Kafka when kafka.enabled is false" .Values.kafka.bootstrap }}{{ end }}
{{- end }}

{{- define "huifang.kafkaCa" -}}
{{- if .Values.kafka.enabled }}{{ include "huifang.name" . }}-kafka-cluster-ca-cert{{ else }}{{ required "kafka.caSecret.name is who signs your brokers' certificates" .Values.kafka.caSecret.name }}{{ end }}
{{- end }}

{{/* the Secrets with a service's DSN and with who signs its server's certificate: (dict "root" $ "part" "visits") */}}
{{- define "huifang.dsnSecret" -}}
{{- if .root.Values.postgres.enabled }}{{ include "huifang.name" .root }}-{{ .part }}-db-app{{ else }}{{ required "postgres.existingSecretPrefix names your Secrets when postgres.enabled is false" .root.Values.postgres.existingSecretPrefix }}{{ .part }}{{ end }}
{{- end }}
{{- define "huifang.dsnCa" -}}
{{- if .root.Values.postgres.enabled }}{{ include "huifang.name" .root }}-{{ .part }}-db-ca{{ else }}{{ include "huifang.dsnSecret" . }}{{ end }}
{{- end }}

{{- define "huifang.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "huifang.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* one replica's loss, of a node or of a zone, leaves the others: (dict "root" $ "part" "visits") */}}
{{- define "huifang.spread" -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "huifang.selector" $ | nindent 6 }}
{{- end }}
{{- end }}

{{/* what every process of ours is told: (dict "root" $ "part" "visits") */}}
{{- define "huifang.environment" -}}
{{- $values := .root.Values -}}
- {name: HUIFANG_POSTGRES_DSN_FILE, value: /etc/huifang/postgres/uri}
- {name: PGSSLMODE, value: verify-full}
- {name: PGSSLROOTCERT, value: /etc/huifang/postgres/ca.crt}
- {name: HUIFANG_KAFKA_BOOTSTRAP, value: {{ include "huifang.bootstrap" .root | quote }}}
- {name: HUIFANG_KAFKA_PROTOCOL, value: SASL_SSL}
- {name: HUIFANG_KAFKA_SASL_MECHANISM, value: SCRAM-SHA-512}
- {name: HUIFANG_KAFKA_USERNAME, value: {{ printf "huifang-%s" .part }}}
- {name: HUIFANG_KAFKA_PASSWORD_FILE, value: /etc/huifang/kafka/password}
- {name: HUIFANG_KAFKA_CA_FILE, value: /etc/huifang/kafka/ca.crt}
- {name: HUIFANG_DATA_KEY_FILE, value: /etc/huifang/secret/data.key}
- {name: HUIFANG_JWT_SECRET_FILE, value: /etc/huifang/secret/jwt.secret}
- {name: HUIFANG_FRONT_DOOR_KEY_FILE, value: /etc/huifang/secret/front-door.key}
- {name: HUIFANG_KEYS_FILE, value: /etc/huifang/secret/keys.json}
- {name: HUIFANG_HOSTS, value: {{ printf "localhost,127.0.0.1,%s" (required "host is the name that people call the platform by" $values.host) | quote }}}
- {name: HUIFANG_SITES, value: {{ dict "front" (printf "https://%s" $values.host) | toJson | quote }}}
{{- if eq .part "visits" }}
{{- if $values.files.bucket }}
- {name: HUIFANG_FILES, value: {{ $values.files.bucket | quote }}}
{{- end }}
{{- if $values.cti.url }}
- {name: HUIFANG_CTI, value: http}
- {name: HUIFANG_CTI_URL, value: {{ $values.cti.url | quote }}}
- {name: HUIFANG_CTI_KEY_FILE, value: /etc/huifang/secret/cti.key}
- {name: HUIFANG_CTI_WEBHOOK_SECRET_FILE, value: /etc/huifang/secret/cti-webhook.secret}
{{- end }}
{{- end }}
{{- if and (eq .part "gateway") $values.oidc.issuer }}
- {name: HUIFANG_OIDC_ISSUER, value: {{ $values.oidc.issuer | quote }}}
- {name: HUIFANG_OIDC_CLIENT_ID, value: {{ required "oidc.clientId is what the provider calls this platform" $values.oidc.clientId | quote }}}
{{- if $values.oidc.clientSecret }}
- {name: HUIFANG_OIDC_CLIENT_SECRET_FILE, value: /etc/huifang/secret/oidc-client.secret}
{{- end }}
- {name: HUIFANG_OIDC_SCOPES, value: {{ $values.oidc.scopes | quote }}}
- {name: HUIFANG_OIDC_TITLE, value: {{ $values.oidc.title | quote }}}
- {name: HUIFANG_OIDC_CLAIMS, value: {{ $values.oidc.claims | empty | ternary "" ($values.oidc.claims | toJson) | quote }}}
- {name: HUIFANG_OIDC_ROLES, value: {{ $values.oidc.roles | empty | ternary "" ($values.oidc.roles | toJson) | quote }}}
- {name: HUIFANG_OIDC_CODES, value: {{ $values.oidc.codes | empty | ternary "" ($values.oidc.codes | toJson) | quote }}}
{{- end }}
{{- if eq .part "notifications" }}
- {name: HUIFANG_SMS_ACCESS_SECRET_FILE, value: /etc/huifang/secret/sms-access.secret}
- {name: HUIFANG_SMS_CALLBACK_TOKEN_FILE, value: /etc/huifang/secret/sms-callback.token}
- {name: HUIFANG_SMTP_URL_FILE, value: /etc/huifang/secret/smtp.url}
{{- end }}
{{- range $name, $value := merge (deepCopy (index $values.services .part).settings) $values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "huifang.mounts" -}}
- {name: secret, mountPath: /etc/huifang/secret, readOnly: true}
- {name: postgres, mountPath: /etc/huifang/postgres, readOnly: true}
- {name: kafka, mountPath: /etc/huifang/kafka, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "huifang.volumes" -}}
- name: secret
  secret:
    secretName: {{ .root.Values.secret }}
    items:
      {{- range list "data.key" "jwt.secret" "front-door.key" "keys.json" }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
      {{- if and (eq .part "gateway") .root.Values.oidc.clientSecret }}
      - {key: oidc-client.secret, path: oidc-client.secret}
      {{- end }}
      {{- if and (eq .part "visits") .root.Values.cti.url }}
      {{- range list "cti.key" "cti-webhook.secret" }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
      {{- end }}
      {{- if eq .part "notifications" }}
      {{- range list "sms-access.secret" "sms-callback.token" "smtp.url" }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
      {{- end }}
- name: postgres
  projected:
    sources:
      - secret: {name: {{ include "huifang.dsnSecret" . }}, items: [{key: uri, path: uri}]}
      - secret: {name: {{ include "huifang.dsnCa" . }}, items: [{key: ca.crt, path: ca.crt}]}
- name: kafka
  projected:
    sources:
      - secret: {name: {{ printf "huifang-%s" .part }}, items: [{key: password, path: password}]}
      - secret: {name: {{ include "huifang.kafkaCa" .root }}, items: [{key: {{ if .root.Values.kafka.enabled }}ca.crt{{ else }}{{ .root.Values.kafka.caSecret.key }}{{ end }}, path: ca.crt}]}
- {name: tmp, emptyDir: {sizeLimit: 1Gi}}
{{- end }}
