#!/bin/sh
# Tells a running server that its models changed. A sidecar that starts before the server, remembers what lies there then,
# and looks again and again; any POSIX shell, and curl.
#
# Environment
#   TARGET    the directory in which models lie. Its .digest has a line for each folder and what it is, which is written after
#             that has changed; .updated begins with a hash of all, for a store that has no folders
#   MODELS_FILE  the server's own: a line for each, tab-separated, that begins with its folder. Where other ones are asked for,
#             by an upgrade, this pod is about to be replaced anyway, and tells nobody
#   WAY       http: the engine is asked to load them again; rollout: Kubernetes is asked for new pods
#   STATE     a directory that outlives this container, not its pod, and that no other has: what the server knows of is
#             remembered there
#   EVERY     seconds between two looks
#   PATIENCE  seconds that one answer may take
# http
#   SERVER    the engine's URL
#   REQUESTS  a file: a line for each request, tab-separated: folder, method, path, body. Where a folder is named, and not
#             -, it is made when that model changed
#   PREPARE   a command that is run with the folder before such a request, where one is needed
#   HEADER    a file that holds a header for all requests, where one is needed
# rollout
#   WORKLOAD  what makes the pods, as the API has it: deployments/NAME
#   MADE_FOR  the annotation that this pod was made with, empty where nobody has asked for new pods yet
#   ACCESS    a directory with token, ca.crt and namespace, as Kubernetes projects them
set -u

: "${TARGET:=}" "${MODELS_FILE:=}" "${WAY:=}" "${STATE:=/tmp/reload}" "${EVERY:=5}" "${PATIENCE:=600}"
: "${SERVER:=}" "${REQUESTS:=}" "${PREPARE:=}" "${HEADER:=}" "${WORKLOAD:=}" "${MADE_FOR:=}" "${ACCESS:=/opt/access}"
: "${BACKOFF:=2}" "${LONGEST:=60}"   # seconds after the first failure, and at most

child=''
tab=$(printf '\t')

main() {
  case $WAY in http | rollout) ;; *) die "WAY is http or rollout, not '$WAY'" ;; esac
  trap 'exit 143' HUP INT TERM
  trap 'if [ -n "$child" ]; then kill "$child" 2>/dev/null; fi' EXIT
  umask 077
  mkdir -p "$STATE" || die "uid $(id -u) cannot write to $STATE; mount an emptyDir there"
  if ! [ -e "$STATE/known" ]; then
    asked_for >"$STATE/list"
    take_note
    remember
  fi
  delay=$BACKOFF
  while :; do
    take_note
    if cmp -s "$STATE/seen" "$STATE/known" || [ "$(asked_for)" != "$(cat "$STATE/list")" ]; then
      wait_for "$EVERY"
    elif "$WAY"; then
      remember
      delay=$BACKOFF
    else
      say "again in $delay s"
      wait_for "$delay"
      if [ "$delay" -lt "$LONGEST" ]; then delay=$((delay * 2)); fi
    fi
  done
}

say() { printf '%s\n' "$*"; }

die() { printf '%s\n' "$*" >&2; exit 64; }

# run COMMAND…: in the background, because a shell answers a signal only between commands and in `wait`.
run() {
  "$@" &
  child=$!
  wait "$child"
  code=$?
  child=''
  return "$code"
}

wait_for() { run sleep "$1"; }

asked_for() { cat "$MODELS_FILE" 2>/dev/null; }

# take_note: what lies there now of the server's own models; others may have theirs in the same place.
take_note() {
  awk -F '\t' 'FNR == NR { own[$1]; next } $1 in own' "$STATE/list" "$TARGET/.digest" >"$STATE/seen" 2>/dev/null
  if ! [ -s "$STATE/seen" ]; then cut -d ' ' -f 1 "$TARGET/.updated" >"$STATE/seen" 2>/dev/null; fi
}

# remember: from now on the server knows of what was seen.
remember() { cp "$STATE/seen" "$STATE/known.new" && mv "$STATE/known.new" "$STATE/known"; }

# changed FOLDER
changed() { [ "$(of "$1" seen)" != "$(of "$1" known)" ]; }

of() { awk -F '\t' -v folder="$1" '$1 == folder' "$STATE/$2"; }

# http: every request that concerns what changed, in order; fails at the first that is not taken.
http() {
  say "the models changed"
  while IFS=$tab read -r folder method path body <&3; do
    [ -n "$folder" ] || continue
    if [ "$folder" != - ]; then
      changed "$folder" || continue
      prepared "$folder" || return
    fi
    printf '%s' "$body" >"$STATE/body"
    ask "$method $path" -X "$method" -H 'Content-Type: application/json' ${HEADER:+-H "@$HEADER"} \
      --data-binary "@$STATE/body" "$SERVER$path" || return
  done 3<"$REQUESTS"
}

prepared() {
  # shellcheck disable=SC2086 # a command of several words
  [ -z "$PREPARE" ] || run $PREPARE "$1" >"$STATE/error" 2>&1 || { say "$1: $(tr -s '\n' ' ' <"$STATE/error")"; return 1; }
}

# rollout: another annotation makes other pods. Every pod of the workload asks for the same, which makes them once. Where
# each has models of its own, on its claim or its node, one can be made for a version that has not come to it yet, and start
# with the one before: what it then asks for has to be something new, so the annotation that it was made with counts, too.
rollout() {
  say "the models changed"
  next=$({ printf '%s\n' "$MADE_FOR"; cat "$STATE/seen"; } | sha256sum | cut -c 1-16)
  printf '{"spec":{"template":{"metadata":{"annotations":{"reload/models":"%s"}}}}}' "$next" >"$STATE/body"
  # Not among the arguments, which others may read.
  printf 'Authorization: Bearer %s\n' "$(cat "$ACCESS/token")" >"$STATE/header"
  case ${KUBERNETES_SERVICE_HOST:-} in *:*) host="[$KUBERNETES_SERVICE_HOST]" ;; *) host=${KUBERNETES_SERVICE_HOST:-} ;; esac
  url="https://$host:${KUBERNETES_SERVICE_PORT:-443}/apis/apps/v1/namespaces/$(cat "$ACCESS/namespace")/$WORKLOAD"
  ask "new pods for $WORKLOAD" -X PATCH -H "@$STATE/header" -H 'Content-Type: application/merge-patch+json' \
    --cacert "$ACCESS/ca.crt" --data-binary "@$STATE/body" "$url?fieldManager=reload"
}

# ask WHAT ARGUMENT…: whether curl, given these, is answered by a 2xx; says what came of WHAT.
ask() {
  what=$1
  shift
  run curl -sS --max-time "$PATIENCE" -o "$STATE/answer" -w '%{http_code}' "$@" >"$STATE/code" 2>"$STATE/error" </dev/null
  case $?.$(cat "$STATE/code") in
    0.2??) say "$what: done" ;;
    0.*)
      say "$what: refused with $(cat "$STATE/code"): $(tr -s '\n\r\t ' ' ' <"$STATE/answer" | cut -c 1-300)"
      return 1 ;;
    *)
      say "$what: $(tr -s '\n' ' ' <"$STATE/error")"
      return 1 ;;
  esac
}

main
