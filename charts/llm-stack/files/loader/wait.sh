#!/bin/sh
# wait.sh [now]: waits until another pod or container has brought to TARGET what was asked for; with `now` it only says
# whether that is so, as a probe does.
#
# Environment, beside that of loader.sh
#   LOGS    what kubectl logs is given to see who brings it; without it, what the file `logs` beside this one says
#   EXPECT  the hash to wait for; without it, that of MODELS_FILE
# shellcheck source-path=SCRIPTDIR source=loader.sh
. "$(dirname "$0")/loader.sh"

: "${LOGS:=$(cat "$(dirname "$0")/logs" 2>/dev/null)}" "${EXPECT:=}"

main() {
  if [ -z "$EXPECT" ]; then check_list; EXPECT=$(list_hash); fi
  [ -d "$TARGET" ] || die 77 "$TARGET is not a directory; mount the models' volume there"
  case $1 in
    '') ;;
    now) ready_has "$EXPECT" || die 1 "the models are not there yet: $(doing)"; return ;;
    *) die 64 "wait.sh knows now, and no argument at all; not '$1'" ;;
  esac
  begin
  told=0
  until ready_has "$EXPECT"; do
    if [ $(($(now) - told)) -ge "$SAY_EVERY" ]; then told=$(now); say "waiting for the models: $(doing)"; fi
    pause "$POLL"
  done
  say "the models are there"
}

# doing: the loader's last words where its volume shows them, and the command that always does.
doing() {
  words=$(cat "$TARGET/.doing" 2>/dev/null)
  printf '%s' "${words:-nothing yet}"
  case $LOGS in
    '') ;;
    job/*) printf ' (kubectl logs %s shows its progress; where it has failed, delete it and upgrade)' "$LOGS" ;;
    *) printf ' (kubectl logs %s shows its progress)' "$LOGS" ;;
  esac
}

main "${1:-}"
