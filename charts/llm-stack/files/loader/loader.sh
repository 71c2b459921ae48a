# shellcheck shell=sh
# What the loaders share, and those who wait for them. Sourced, never run; any POSIX shell, no other programs than
# coreutils, findutils, sed, awk and grep.
#
# Environment
#   TARGET       the directory in which the models are to lie
#   MODELS_FILE  what must be there: a line for each model, tab-separated: folder, reference, filters.
#                Blank lines and lines that begin with # count for nothing, nor does the order of the lines
#   MODE         once: brings what is not there. refresh: also what a reference means by now. watch: refresh, for ever
#   INTERVAL     seconds from one look of watch to the next
#   LOCK_STALE   seconds after which a loader that gives no sign of life loses its lock
# Exit codes
#   0 complete and verified    64 the request is wrong       65 the registry refuses it    66 there is no such model
#   69 gave up after retries   70 the program itself fails   74 the disk is full           77 not writable
#   143 stopped by a signal
# In TARGET
#   .ready      hashes of lists whose models are all here, one a line; written last
#   .last_sync  when all that was asked for was last found to be here, as its references have it
#   .digest     a line for each model: its folder or name, and what it is
#   .updated    a hash of .digest, and when that changed: what a reader of changes looks at
#   .models     what lies here and has been verified, a line for each model; its columns are the source's own
#   .lock/      holds one file, named after the loader that is at work, which touches it
#   .doing      what that loader said last
set -u

: "${TARGET:=}" "${MODELS_FILE:=}" "${MODE:=once}" "${INTERVAL:=300}"
: "${LOCK_STALE:=90}"   # above a minute: a network file system may show another machine's touch that much later
: "${LOCK_BEAT:=10}" "${POLL:=2}" "${SAY_EVERY:=30}"   # seconds between signs of life, looks at a marker, words on it

me="$(uname -n).$$.$(date +%s)"
child='' beat='' locking='' holding='' scratch=''

# say TEXT: one line for the log; others who wait for this loader can read it too.
say() {
  printf '%s\n' "$*"
  if [ -n "$holding" ]; then printf '%s\n' "$*" 2>/dev/null >"$TARGET/.doing" || :; fi
}

# die CODE TEXT: one sentence that says what is wrong and what to do.
die() {
  code=$1
  shift
  printf '%s\n' "$*" >&2
  exit "$code"
}

# run_child COMMAND…: in the background, because a shell answers a signal only between commands and in `wait`.
run_child() {
  "$@" &
  child=$!
  wait "$child"
  ended=$?
  child=
  return "$ended"
}

pause() { run_child sleep "$1"; }

alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# end PID…: until they are gone, whatever they have to end themselves. More than once: a process that has only just been
# made loses a signal, and so does a bash that is about to read a $(…).
end() {
  for process; do
    while alive "$process"; do kill "$process" 2>/dev/null; sleep 0.05; done
  done
}

now() { date +%s; }

# human BYTES: as the tools print it, 4683073184 is 4.7 GB.
human() {
  awk -v n="$1" 'BEGIN {
    split("B KB MB GB TB", unit, " ")
    for (i = 1; n >= 1000 && i < 5; i++) n /= 1000
    printf (i > 1 && n < 10 ? "%.1f %s" : "%.0f %s"), n, unit[i]
  }'
}

# begin: answers signals and makes $scratch, a directory that is removed at the end.
# A loader redefines stop_work to end its own processes.
begin() {
  trap finish EXIT
  trap 'exit 143' HUP INT TERM
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/loader.XXXXXX" 2>/dev/null) ||
    die 77 "uid $(id -u) cannot write to ${TMPDIR:-/tmp}; mount an emptyDir there"
}

stop_work() { :; }

finish() {
  status=$?
  trap '' HUP INT TERM
  end "$child"
  stop_work
  release_lock
  if [ -n "$scratch" ]; then rm -rf "$scratch"; fi
  exit "$status"
}

# models: the list that was asked for, without what does not count.
models() { sed -e 's/[[:space:]]*$//' -e '/^[[:space:]]*#/d' -e '/^$/d' "$MODELS_FILE"; }

# list_hash: the identity of the list, as it stands in .ready.
list_hash() { models | LC_ALL=C sort -u | sha256sum | cut -d ' ' -f 1; }

check_list() {
  [ -r "$MODELS_FILE" ] || die 64 "MODELS_FILE names no file that can be read: '$MODELS_FILE'"
  [ -n "$(models)" ] || die 64 "$MODELS_FILE names no model; add a line: folder, tab, reference"
}

ready_has() { grep -qxF "$1" "$TARGET/.ready" 2>/dev/null; }

# mark_ready HASH: one claim can serve several lists, so the hash joins those that hold already. A source whose models
# replace each other empties .ready first.
mark_ready() { { cat "$TARGET/.ready" 2>/dev/null; printf '%s\n' "$1"; } | tail -n 100 | sort -u | publish .ready; }

# mark_digest: what comes on stdin is .digest; where that is something new, .updated says so.
mark_digest() {
  cat >"$scratch/digest" || return
  if ! cmp -s "$scratch/digest" "$TARGET/.digest"; then publish .digest <"$scratch/digest" || return; fi
  changed=$(sha256sum <"$scratch/digest" | cut -d ' ' -f 1)
  case $(cat "$TARGET/.updated" 2>/dev/null) in
    "$changed "*) ;;
    *) printf '%s %s\n' "$changed" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" | publish .updated ;;
  esac
}

mark_sync() { date -u +%Y-%m-%dT%H:%M:%SZ | publish .last_sync; }

# publish FILE: what comes on stdin is TARGET/FILE, whole or not at all. For the holder of the lock.
publish() {
  cat >"$TARGET/$1.new" || return
  sync "$TARGET/$1.new" 2>/dev/null || :   # not every sync takes a file
  mv -f "$TARGET/$1.new" "$TARGET/$1"
}

# check_writable DIR…: refuses, with one sentence, a directory in which this uid cannot make files.
check_writable() {
  for dir; do
    [ -d "$dir" ] || die 77 "$dir is not a directory; mount the models' volume there"
    why=$(LC_ALL=C touch "$dir/.probe.$me" 2>&1) && rm -f "$dir/.probe.$me" && continue
    case $why in
      *[Rr]ead-only*)
        die 77 "$dir is mounted read-only; mount it writable," \
          "or set model.delivery: none where its models are brought in another way" ;;
      *space* | *quota*) full "$dir" ;;
    esac
    uid=$(id -u)
    [ "$uid" -ne 0 ] || die 77 "root cannot write to $dir (owned by $(stat -c '%u:%g, mode %a' "$dir")); the storage" \
      "refuses it: set podSecurityContext.runAsUser to the uid that owns the directory"
    owner=$(stat -c %u "$dir")
    case $owner in
      0 | "$uid") other='' ;;
      *) other=", or set podSecurityContext.runAsUser: $owner, who owns it" ;;
    esac
    die 77 "uid $uid cannot write to $dir (owned by $(stat -c '%u:%g, mode %a' "$dir")); set" \
      "podSecurityContext.fsGroup: $uid; where that is set and the storage does not honour it, make the directory" \
      "writable for uid $uid on the storage itself (chown -R $uid)$other"
  done
}

# free_bytes DIR
free_bytes() {
  df -Pk "$1" 2>/dev/null | awk '
    NR > 1 { for (i = NF; i > 3; i--) if ($i ~ /^[0-9]+%$/) { printf "%.0f", $(i - 1) * 1024; exit } }'
}

# full DIR [BYTES]: ends because there is no room; BYTES is how many more are needed, where that is known.
full() {
  free=$(free_bytes "$1")
  text="$1 is full: $(human "${free:-0}") free"
  if [ "${2:-0}" -gt "${free:-0}" ]; then text="$text, at least $(human "$(($2 - ${free:-0}))") missing"
  elif [ -n "${2:-}" ]; then text="$text, $(human "$2") needed, so a quota may stand in the way"; fi
  die 74 "$text; give the volume more room (modelCache.size), or remove models that are not used"
}

# keep_looking COMMAND…: for MODE=watch. Runs this script with MODE=refresh, in a process of its own, every INTERVAL
# seconds. No failure ends it as long as the command says that what was asked for is here.
keep_looking() {
  while :; do
    run_child env MODE=refresh sh "$0" || {
      code=$?
      ready_has "$(list_hash)" && "$@" || exit "$code"
      say "what is here stays; the next look is in $INTERVAL s"
    }
    pause "$INTERVAL"
  done
}

# --- One loader at a time -------------------------------------------------------------------------------------------
# A dead pod must not hold the lock, and no two machines' clocks may be compared. So a holder touches the one file in
# .lock, and a waiter who has seen no change of it for LOCK_STALE seconds of his own clock takes over by renaming that
# file to his own name: of several waiters only one can, and a holder that was merely asleep finds its file gone.

take_lock() {
  lock=$TARGET/.lock locking=1 seen='' since=$(now) told=0
  until make_lock; do
    mark=$(look_at_lock)
    if [ "$mark" != "$seen" ]; then
      seen=$mark since=$(now)
    elif [ $(($(now) - since)) -gt "$LOCK_STALE" ]; then
      break_lock "${mark%% *}" && break
      seen=
    fi
    tell_who_holds_it "${mark%% *}"
    pause "$POLL"
  done
  holding=1
  keep_lock $$ &
  beat=$!
}

# The second look is for somebody who was slow between mkdir and touch, and whose empty lock was broken meanwhile.
make_lock() {
  if ! why=$(LC_ALL=C mkdir "$lock" 2>&1); then
    case $why in
      *exists*) return 1 ;;
      *space* | *quota*) full "$TARGET" ;;
    esac
    die 77 "no lock can be made in $TARGET: $why"
  fi
  touch "$lock/$me" 2>/dev/null && [ "$(ls "$lock")" = "$me" ] && return
  rm -f "$lock/$me"
  return 1
}

# Prints the holder and the time of its last sign of life. Reading the file makes a network file system ask for the
# real time instead of remembering one.
look_at_lock() {
  # shellcheck disable=SC2012 # the names are of our own making
  holder=$(ls "$lock" 2>/dev/null | head -n 1)
  cat "$lock/$holder" >/dev/null 2>&1
  printf '%s %s\n' "$holder" "$(stat -c %y "$lock/$holder" 2>/dev/null)"
}

# break_lock HOLDER: fails where somebody else was faster. A lock without a holder died while it was made.
break_lock() {
  if [ -z "$1" ]; then
    rmdir "$lock" 2>/dev/null
    return 1
  fi
  mv "$lock/$1" "$lock/$me" 2>/dev/null || return
  say "$1 has given no sign of life for $LOCK_STALE seconds: taking its lock over"
}

tell_who_holds_it() {
  [ $(($(now) - told)) -ge "$SAY_EVERY" ] || return 0
  told=$(now)
  say "waiting for ${1:-another loader}, which says: $(cat "$TARGET/.doing" 2>/dev/null || echo nothing yet)"
}

# keep_lock PID: in the background. Never makes the file anew: where it is gone, another loader has taken over.
keep_lock() {
  nap=''
  trap 'kill $nap 2>/dev/null; exit' TERM
  while alive "$1"; do
    touch -c "$lock/$me" 2>/dev/null
    if ! [ -e "$lock/$me" ]; then
      echo "another loader has taken the lock over; stopping" >&2
      kill "$1"
      break
    fi
    sleep "$LOCK_BEAT" &
    nap=$!
    wait "$nap"
  done
}

release_lock() {
  end "$beat"
  if [ -n "$holding" ]; then rm -f "$TARGET/.doing"; fi
  if [ -n "$locking" ]; then rm -f "$lock/$me"; rmdir "$lock" 2>/dev/null; fi
  beat='' holding='' locking=''
}
