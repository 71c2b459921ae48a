#!/bin/sh
# Waits until a Job, which is another pod, has brought to TARGET what was asked for.
#
# Environment, beside that of loader.sh
#   JOB     the Job's name, for whoever reads the log; without it, what the file `job` beside this one says
#   EXPECT  the hash to wait for; without it, that of MODELS_FILE
# shellcheck source-path=SCRIPTDIR/../../../loader/files source=loader.sh
. "$(dirname "$0")/loader.sh"

: "${JOB:=$(cat "$(dirname "$0")/job" 2>/dev/null)}" "${EXPECT:=}"

main() {
  if [ -z "$EXPECT" ]; then check_list; EXPECT=$(list_hash); fi
  [ -d "$TARGET" ] || die 77 "$TARGET is not a directory; mount the models' volume there"
  begin
  told=0
  until ready_has "$EXPECT"; do
    if [ $(($(now) - told)) -ge "$SAY_EVERY" ]; then told=$(now); say "waiting for Job $JOB: $(doing)"; fi
    pause "$POLL"
  done
  say "the models are there"
}

# doing: the loader's last words where its claim shows them, and the command that always does.
doing() {
  words=$(cat "$TARGET/.doing" 2>/dev/null)
  printf '%s (kubectl logs job/%s shows its progress; where it has failed, delete it and upgrade)' "${words:-nothing yet}" "$JOB"
}

main
