{{- define "fragment.schedule.checks" -}}
{{- range $key, $schedule := include "fragment.slot.server.schedules" . | include "fragment.map" | mustFromJson }}
{{ include "fragment.schedule.faults" (list $key $schedule) }}
{{- end }}
{{- range $key, $zone := include "fragment.slot.server.timeZones" . | include "fragment.map" | mustFromJson }}
{{ include "fragment.schedule.zoneFaults" (list $ $key $zone) }}
{{- end }}
{{- end }}

{{- /* (list KEY SCHEDULE): what Kubernetes does not accept in the five fields of a schedule. */}}
{{- define "fragment.schedule.faults" -}}
{{- $key := first . }}
{{- $months := list "jan" "feb" "mar" "apr" "may" "jun" "jul" "aug" "sep" "oct" "nov" "dec" }}
{{- $days := list "sun" "mon" "tue" "wed" "thu" "fri" "sat" }}
{{- $known := list
  (dict "name" "minute" "least" 0 "most" 59 "words" list)
  (dict "name" "hour" "least" 0 "most" 23 "words" list)
  (dict "name" "day of the month" "least" 1 "most" 31 "words" list)
  (dict "name" "month" "least" 1 "most" 12 "words" $months)
  (dict "name" "day of the week" "least" 0 "most" 6 "words" $days) }}
{{- $fields := splitList " " (last .) }}
{{- range $n, $about := ternary $known list (eq (len $fields) 5) }}
{{- range $part := compact (splitList "," (index $fields $n)) }}
{{- $sound := regexMatch "^([*?]|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/0*[1-9][0-9]{0,8})?$" $part }}
{{- $last := $about.least }}
{{- range $end := splitList "/" $part | first | splitList "-" }}
{{- if not (has $end (list "*" "?")) }}
{{- $number := regexMatch "^[0-9]{1,9}$" $end | ternary ($end | float64 | int64) -1 }}
{{- range $place, $word := $about.words }}
{{- if eq $word (lower $end) }}
{{- $number = add $place $about.least }}
{{- end }}
{{- end }}
{{- $sound = and $sound (ge (int64 $number) (int64 $last)) (le (int64 $number) (int64 $about.most)) }}
{{- $last = $number }}
{{- end }}
{{- end }}
{{- if not $sound }}
{{ $key }}: {{ $part }} is not valid as the {{ $about.name }}; use numbers from {{ $about.least }} to {{ $about.most }}{{ if $about.words }}, names such as {{ last $about.words }}{{ end }}, ranges such as {{ $about.least }}-{{ add $about.least 4 }}, and steps such as */2
{{- end }}
{{- end }}
{{- end }}
{{- if and (eq (len $fields) 5) (has (last $fields) (list "*" "?")) }}
{{- /* The earliest day of the schedule, against the days of its months; steps are ignored. */}}
{{- $earliest := 31 }}
{{- range compact (splitList "," (index $fields 2)) }}
{{- $start := splitList "/" . | first | splitList "-" | first }}
{{- $earliest = min $earliest (regexMatch "^[0-9]{1,9}$" $start | ternary ($start | float64 | int64) 1) }}
{{- end }}
{{- $longest := 0 }}
{{- range compact (splitList "," (index $fields 3)) }}
{{- $month := lower . }}
{{- if has (trimPrefix "0" $month) (list "2" "feb") }}
{{- $longest = max $longest 29 }}
{{- else if has (trimPrefix "0" $month) (list "4" "6" "9" "11" "apr" "jun" "sep" "nov") }}
{{- $longest = max $longest 30 }}
{{- else }}
{{- $longest = 31 }}
{{- end }}
{{- end }}
{{- if and $longest (gt $earliest $longest) }}
{{ $key }}: {{ last . }} never runs, since no month in it has a day {{ $earliest }}; correct the day or the month
{{- end }}
{{- end }}
{{- end }}

{{- /*
(list CONTEXT KEY ZONE): a zone that Kubernetes does not know. One that is newer than the list is accepted if Helm knows it, and
the list has its continent: for any other, dateInZone prints UTC. Names of one machine, such as posix/UTC, have none.
*/}}
{{- define "fragment.schedule.zoneFaults" -}}
{{- $zone := last . }}
{{- if $zone }}
{{- $zones := include "fragment.read" (list (first .) "files/schedule/time-zones.yaml") | mustFromJson }}
{{- $parts := contains "/" $zone | ternary (splitn "/" 2 $zone) (dict "_0" "." "_1" $zone) }}
{{- $known := get $zones $parts._0 | splitList " " | has $parts._1 }}
{{- $newer := and (has $parts._0 (without (keys $zones) ".")) (ne (dateInZone "MST" 0 $zone) "UTC") }}
{{- if not (or $known $newer) }}
{{ index . 1 }}: {{ $zone }} is not a time zone; use a name of the IANA database such as Asia/Shanghai, or leave it empty for the time zone of the cluster
{{- end }}
{{- end }}
{{- end }}
