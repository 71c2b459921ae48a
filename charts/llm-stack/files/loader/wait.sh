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
rows=''

main() {
  if [ -z "$EXPECT" ]; then check_list; EXPECT=$(list_hash) rows=$(models); fi
  [ -d "$TARGET" ] || die 77 "$TARGET is not a directory; mount the models' volume there"
  case $1 in
    '') ;;
    now) here || die 1 "the models are not there yet: $(doing)"; return ;;
    *) die 64 "wait.sh knows now, and no argument at all; not '$1'" ;;
  esac
  begin
  told=0
  until here; do
    if [ $(($(now) - told)) -ge "$SAY_EVERY" ]; then told=$(now); say "waiting for the models: $(doing)"; fi
    pause "$POLL"
  done
  say "the models are there"
}

# here: whether the list is marked as brought, and folders of directory.sh have what it says. After the way there and back
# (an upgrade and its rollback) the mark is that of the first time, while a folder still holds what came between.
here() {
  ready_has "$EXPECT" || return
  if [ -z "$rows" ] || ! [ -e "$(dirname "$0")/directory.sh" ]; then return 0; fi
  printf '%s\n' "$rows" | awk -F '\t' -v index_of="$TARGET/.models" '
    BEGIN { while ((getline <index_of) > 0) lies[$1 FS $2 FS $6] = 1 }
    !(($1 FS $2 FS $3) in lies) { missing = 1 }
    END { exit missing }'
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
