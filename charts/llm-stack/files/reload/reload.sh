#!/bin/sh
# Notifies a running server when its models change. This sidecar starts before the server, records the models that are
# present, and checks them periodically. It needs a POSIX shell and curl.





















set -u

: "${TARGET:=}" "${MODELS_FILE:=}" "${WAY:=}" "${STATE:=/tmp/reload}" "${EVERY:=5}" "${PATIENCE:=600}"
: "${SERVER:=}" "${REQUESTS:=}" "${PREPARE:=}" "${HEADER:=}" "${WORKLOAD:=}" "${MADE_FOR:=}" "${ACCESS:=/opt/access}"
: "${BACKOFF:=2}" "${LONGEST:=60}"   # seconds: the first pause after a failure, and the longest

child=''
tab=$(printf '\t')

main() {
  case $WAY in http | rollout) ;; *) die "WAY must be http or rollout, not '$WAY'" ;; esac
  trap 'exit 143' HUP INT TERM
  trap 'if [ -n "$child" ]; then kill "$child" 2>/dev/null; fi' EXIT
  umask 077
  mkdir -p "$STATE" || die "uid $(id -u) cannot write to $STATE; mount an emptyDir there"
  if ! [ -e "$STATE/known" ]; then
    { asked_for >"$STATE/list" && take_note && remember; } || { say "the models that the server loads cannot be noted"; exit 70; }
  fi
  delay=$BACKOFF
  while :; do
    if ! take_note || cmp -s "$STATE/seen" "$STATE/known" || [ "$(asked_for)" != "$(cat "$STATE/list")" ]; then
      wait_for "$EVERY"
    elif "$WAY"; then
      remember
      delay=$BACKOFF
    else
      say "next attempt in $delay s"
      wait_for "$delay"
      if [ "$delay" -lt "$LONGEST" ]; then delay=$((delay * 2)); fi
    fi
  done
}

say() { printf '%s\n' "$*"; }

die() { printf '%s\n' "$*" >&2; exit 64; }


run() {
  "$@" &
  child=$!
  wait "$child"
  code=$?
  child=''
  return "$code"
}

wait_for() { run sleep "$1"; }

asked_for() { if [ -r "$MODELS_FILE" ]; then cat "$MODELS_FILE"; fi; }


plain() { if [ -f "$TARGET/$1" ] && ! [ -L "$TARGET/$1" ]; then head -c 10000000 "$TARGET/$1"; fi; }



take_note() {
  plain .digest >"$STATE/all" && awk -F '\t' 'FNR == NR { own[$1]; next } $1 in own' "$STATE/list" "$STATE/all" >"$STATE/seen" ||
    return
  if [ -s "$STATE/seen" ]; then return; fi
  plain .updated >"$STATE/all" && awk '{ print $1 }' "$STATE/all" >"$STATE/seen"
}


remember() { cp "$STATE/seen" "$STATE/known.new" && mv "$STATE/known.new" "$STATE/known"; }


changed() { [ "$(of "$1" seen)" != "$(of "$1" known)" ]; }

of() { FOLDER=$1 awk -F '\t' '$1 == ENVIRON["FOLDER"]' "$STATE/$2"; }


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




rollout() {
  say "the models changed"
  next=$(printf '%s\n' "$MADE_FOR" | cat - "$STATE/seen") && next=$(printf '%s\n' "$next" | sha256sum) || return
  next=$(printf '%.16s' "$next")
  printf '{"spec":{"template":{"metadata":{"annotations":{"reload/models":"%s"}}}}}' "$next" >"$STATE/body"
  # Not in the arguments, because other processes can read them.
  printf 'Authorization: Bearer %s\n' "$(cat "$ACCESS/token")" >"$STATE/header"
  case ${KUBERNETES_SERVICE_HOST:-} in *:*) host="[$KUBERNETES_SERVICE_HOST]" ;; *) host=${KUBERNETES_SERVICE_HOST:-} ;; esac
  url="https://$host:${KUBERNETES_SERVICE_PORT:-443}/apis/apps/v1/namespaces/$(cat "$ACCESS/namespace")/$WORKLOAD"
  ask "a rollout of $WORKLOAD" -X PATCH -H "@$STATE/header" -H 'Content-Type: application/merge-patch+json' \
    --cacert "$ACCESS/ca.crt" --data-binary "@$STATE/body" "$url?fieldManager=reload"
}


ask() {
  what=$1
  shift
  run curl -sS --max-time "$PATIENCE" -o "$STATE/answer" -w '%{http_code}' "$@" >"$STATE/code" 2>"$STATE/error" </dev/null
  case $?.$(cat "$STATE/code") in
    0.2??) say "$what: done" ;;
    0.*)
      say "$what: refused with HTTP $(cat "$STATE/code"): $(tr -s '\n\r\t ' ' ' <"$STATE/answer" | cut -c 1-300)"
      return 1 ;;
    *)
      say "$what: $(tr -s '\n' ' ' <"$STATE/error")"
      return 1 ;;
  esac
}

main
