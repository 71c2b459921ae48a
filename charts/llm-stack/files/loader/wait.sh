#!/bin/sh
# wait.sh [now]: wait until another pod or container has downloaded the requested models to TARGET. With `now`, only
# report whether the models are there, for a probe.





. "${0%/*}/loader.sh"

: "${LOGS:=$(cat "${0%/*}/logs" 2>/dev/null)}" "${EXPECT:=}"
rows=''

main() {
  if [ -z "$EXPECT" ]; then check_list; EXPECT=$hash rows=$requests; fi
  [ -d "$TARGET" ] || die 77 "$TARGET is not a directory; mount the models' volume there"
  case $1 in
    '') ;;
    now) here || die 1 "the models are not there yet: $(doing)"; return ;;
    *) die 64 "the argument must be now, or missing; not '$1'" ;;
  esac
  begin
  count logged "$SAY_EVERY"
  until here; do
    if passed logged "$SAY_EVERY"; then count logged; say "waiting for the models: $(doing)"; fi
    pause "$POLL"
  done
  say "the models are there"
}



here() {
  ready_has "$EXPECT" || return
  if [ -z "$rows" ] || ! [ -e "${0%/*}/directory.sh" ]; then return 0; fi
  { printf '%s\n\n' "$rows"; read_file .models; } | awk -F '\t' '
    $0 == "" { present = 1; next }
    !present { wanted[$1 FS $2 FS $3]; next }
    { delete wanted[$1 FS $2 FS $6] }
    END { for (row in wanted) exit 1 }'
}


doing() {
  last_message
  case $LOGS in
    '') ;;
    job/*) printf ' (kubectl logs %s shows its progress; if the Job has failed, delete it and upgrade)' "$LOGS" ;;
    *) printf ' (kubectl logs %s shows its progress)' "$LOGS" ;;
  esac
}

main "${1:-}"
