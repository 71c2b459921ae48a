# shellcheck shell=sh
# Functions that all loaders share, and the scripts that wait for a loader. This file is sourced, never run. It needs a
# POSIX shell, coreutils, findutils, sed, awk and grep.


























set -u

: "${TARGET:=}" "${MODELS_FILE:=}" "${MODE:=once}" "${INTERVAL:=300}"
: "${LOCK_STALE:=90}"   # above a minute: a network file system can show another machine's touch that much later
: "${LOCK_BEAT:=10}" "${POLL:=2}" "${SAY_EVERY:=30}"   # seconds between signs of life, checks of a marker, log lines
: "${GRACE:=15}"   # seconds that a process has to end after SIGTERM. SIGKILL follows

me=$(uname -n)
me=${me:-unnamed}.$$.$(date +%s)
child='' beat='' locking='' holding='' scratch='' mine='' sure='' lone='' inherited=''
hidden=''   # credentials that must not appear in a log line, one per line
concealed='(a message that contains a credential is not shown)'
# The kernel kills single processes where memory is short, and a pipe has the exit code of its last process. What decides
# about a model is therefore the output of one command, and only if that command succeeded.
killed="a process of the loader was killed or failed; if that happens again, raise the memory limit of the loader"
verdict=''   # in one of several processes with one task: a file for the code and sentence of die, which the parent prints


say() {
  text=$*
  conceal
  printf '%s\n' "$text"
  if [ -n "$holding" ]; then printf '%s\n' "$text" | publish .doing unsynced 2>/dev/null || :; fi
}


die() {
  code=$1
  shift
  text=$*
  conceal
  if [ -n "$verdict" ]; then printf '%s %s\n' "$code" "$text" >"$verdict"; else printf '%s\n' "$text" >&2; fi
  exit "$code"
}


hide() {
  more=$(printf '%s\n' "$1" | HIDDEN=$hidden LC_ALL=C awk '
    BEGIN { n = split(ENVIRON["HIDDEN"], each, "\n"); for (i = 1; i <= n; i++) known[each[i]] }
    length($0) > 3 && !($0 in known) { known[$0]; printf "%s\n", $0 }' && echo .) || die 70 "$killed"
  hidden=$hidden${more%.}
}



hide_in() {
  case $1 in *@*) ;; *) return 0 ;; esac
  pair=${1#*://}
  pair=${pair%@*}
  { pieces=$(printf '%s\n' "${pair#*:}" | LC_ALL=C awk "$unescape"' {
    $0 = $0 "\n" unescape($0)
    gsub(/[@\/#?:\\[:space:]]/, "\n")
    print
  }') &&
    bare=$(printf '%s\n' "$pair" | LC_ALL=C awk "$unescape"' { printf "%s", unescape($0) }') &&
    sent=$(base64_of "$pair") && sent_bare=$(base64_of "$bare"); } || die 70 "$killed"
  hide "$pair
${pair#*:}
$pieces
$sent
$sent_bare"
}


base64_of() { lines=$(printf '%s' "$1" | base64) && printf '%s' "$lines" | tr -d '\n'; }



conceal() {
  if [ -z "$hidden" ]; then return 0; fi
  text=$(TEXT=$text HIDDEN=$hidden CONCEALED=$concealed CUT=${1:-} LC_ALL=C awk "$unescape"'
    function bare(text) { gsub(/[[:space:]\\]/, "", text); return text }
    BEGIN {
      text = ENVIRON["TEXT"]
      n = split(ENVIRON["HIDDEN"], credential, "\n")
      for (i = 1; i <= n; i++) {
        at = credential[i] == "" ? 0 : index(text, credential[i])
        if (at && ENVIRON["CUT"]) { text = substr(text, 1, at - 1); was_cut = 1 }
      }
      plain = unescape(text)
      for (i = 1; i <= n && !found; i++) {
        if (credential[i] == "") continue
        each = unescape(credential[i])
        found = index(text, credential[i]) || index(plain, each)
        if (length(credential[i]) > 7) found = found || index(bare(text), bare(credential[i])) || index(bare(plain), bare(each))
      }
      printf "%s", found ? ENVIRON["CONCEALED"] : text (was_cut ? ENVIRON["CONCEALED"] : "")
    }') || text=$concealed
}

# A function of awk: the text without %2F of URLs and \u002f of JSON.
# shellcheck disable=SC2016 # it is awk
unescape='function unescape(text,  out, code, n) {
  while (match(text, /%[0-9A-Fa-f][0-9A-Fa-f]|\\u00[0-7][0-9A-Fa-f]/)) {
    code = tolower(substr(text, RSTART + RLENGTH - 2, 2))
    n = 16 * (index("0123456789abcdef", substr(code, 1, 1)) - 1) + index("0123456789abcdef", substr(code, 2, 1)) - 1
    out = out substr(text, 1, RSTART - 1) (n ? sprintf("%c", n) : "")
    text = substr(text, RSTART + RLENGTH)
  }
  return out text
}'



beginning() {
  text=$1
  conceal cut
  printf '%s\n' "$text" | cut -c "1-${2:-300}"
}

for url in "${HTTP_PROXY:-}" "${http_proxy:-}" "${HTTPS_PROXY:-}" "${https_proxy:-}" "${ALL_PROXY:-}" "${all_proxy:-}" \
  "${ENDPOINT:-}"; do
  hide_in "$url"
done


run_child() {
  "$@" &
  child=$!
  wait "$child"
  ended=$?
  child=
  return "$ended"
}


lost() {
  check_scratch
  # shellcheck disable=SC2034 # the sources read it
  message=$killed
  return 1
}


unkilled() {
  run_child "$@"
  if [ "$ended" -eq 137 ]; then die 70 "$killed"; fi
  return "$ended"
}



sum_of() {
  run_child "$1" "$2" >"$scratch/sum" 2>"$scratch/why" || {
    not_killed "$ended"
    check_scratch
    # shellcheck disable=SC2034 # the sources read it
    message="$2 cannot be read: $(reason_in "$(head -n 1 "$scratch/why")")"
    return 1
  }
  read -r sum _ <"$scratch/sum" || lost || return
  sum=${sum#\\}   # of a name with a backslash
}


reason_in() { printf '%s\n' "${1##*: }"; }


within() {
  limit=$1 nap=0.01
  count within
  shift
  "$@" &
  child=$!
  while alive "$child"; do
    if passed within "$limit"; then
      end "$child"
      if ! alive "$child"; then break; fi
      ended=137 child=''   # the kernel holds it
      return "$ended"
    fi
    sleep "$nap"
    case $nap in 0.01) nap=0.05 ;; 0.05) nap=0.2 ;; esac
  done
  wait "$child"
  ended=$?
  child=
  return "$ended"
}



bounded() {
  ulimit -f $(($1 / 512 + 128)) 2>/dev/null || :
  shift
  exec "$@"
}

pause() { run_child sleep "$1" || :; }

alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }




end() {
  for process; do
    patience=$GRACE how=TERM
    count ending
    while alive "$process"; do
      kill -s "$how" "$process" 2>/dev/null
      sleep 0.05
      passed ending "$patience" || continue
      if [ "$how" = KILL ]; then rm -f "$sure"; break; fi   # the kernel holds it, as in a hanging file system
      how=KILL patience=3
      count ending
      [ -n "$lone" ] || rm -f "$sure"   # what it started may still run
    done
  done
}


now() {
  { read -r uptime _ </proc/uptime; } 2>/dev/null || uptime=$(date +%s)
  echo "${uptime%.*}"
}


count() { eval "$1=$(($(now) - ${2:-0}))"; }



passed() {
  clock=$(now)
  eval "counted=\$$1"
  if [ "$clock" -lt "$counted" ]; then
    eval "$1=$clock"
    counted=$clock
  fi
  [ $((clock - counted)) -ge "$2" ]
}


human() {
  BYTES=$1 awk 'BEGIN {
    n = ENVIRON["BYTES"] + 0
    split("B KB MB GB TB", unit, " ")
    for (i = 1; n >= 1000 && i < 5; i++) n /= 1000
    printf (i > 1 && n < 10 ? "%.1f %s" : "%.0f %s"), n, unit[i]
  }'
}



begin() {
  trap finish EXIT
  trap 'exit 143' HUP INT TERM
  # finish removes $scratch, so it is set to nothing but a folder that was made for this loader.
  made=$(LC_ALL=C mktemp -d "${TMPDIR:-/tmp}/loader.XXXXXX" 2>&1) || {
    not_killed $?
    case $made in *space* | *quota*) full "${TMPDIR:-/tmp}" '' ;; esac
    die 77 "uid $(id -u) cannot write to ${TMPDIR:-/tmp}; mount an emptyDir there"
  }
  scratch=$made
  sure=$scratch/sure
  : >"$sure" || full "$scratch"
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


models() { sed -e 's/[[:space:]]*$//' -e '/^[[:space:]]*#/d' -e '/^$/d' "$MODELS_FILE"; }


check_list() {
  [ -r "$MODELS_FILE" ] || die 64 "MODELS_FILE is not a readable file: '$MODELS_FILE'"
  requests=$(models) || die 70 "$killed"
  [ -n "$requests" ] || die 64 "$MODELS_FILE lists no model; add a line: folder, tab, reference"
  also=${MODELS_FILE%/*}/terms
  case $MODELS_FILE in */*) ;; *) also=terms ;; esac
  if [ -e "$also" ]; then also=$(cat "$also" && echo .) || die 70 "$killed"; else also=.; fi
  { sorted=$(printf '%s\n' "$requests" | LC_ALL=C sort -u) && hash=$(printf '%s\n%s' "$sorted" "${also%.}" | sha256sum); } ||
    die 70 "$killed"
  hash=${hash%% *}
}

ready_has() { read_file .ready | grep -qxF "$1"; }



mark_ready() {
  read_file .ready >"$scratch/ready" && HASH=$1 awk '
    length($0) == 64 && $0 !~ /[^0-9a-f]/ && $0 != ENVIRON["HASH"] && !($0 in seen) { seen[$0]; line[++n] = $0 }
    END { for (i = n > 99 ? n - 98 : 1; i <= n; i++) print line[i]; print ENVIRON["HASH"] }' "$scratch/ready" >"$scratch/valid" &&
    publish .ready <"$scratch/valid"
}


mark_digest() {
  read_file .digest >"$scratch/digest" || return
  if ! cmp -s "$1" "$scratch/digest"; then publish .digest <"$1" || return; fi
  changed=$(sha256sum <"$1") && before=$(read_file .updated) || return
  case $before in
    "${changed%% *} "*) ;;
    *) at=$(moment) && printf '%s %s\n' "${changed%% *}" "$at" | publish .updated ;;
  esac
}

mark_sync() { at=$(moment) && printf '%s\n' "$at" | publish .last_sync; }

moment() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# --- Files of a volume that others can write to ---------------------------------------------------------------------


plain() { [ -f "$1" ] && ! [ -L "$1" ]; }


read_file() { if plain "$TARGET/$1"; then head -c 10000000 "$TARGET/$1"; fi; }



publish() {
  still_mine || return
  if [ -d "$TARGET/$1" ] && ! [ -L "$TARGET/$1" ]; then rmdir "$TARGET/$1" 2>/dev/null || return; fi
  fresh=$(mktemp "$TARGET/.new.XXXXXX") || return
  { cat >"$fresh" && chmod 644 "$fresh" && { [ -n "${2:-}" ] || persist "$fresh"; } && mv -fT "$fresh" "$TARGET/$1"; } &&
    return
  rm -f "$fresh"
  return 1
}



persist() {
  if [ -d "$1" ]; then set -- -f "$1"; fi
  if sync "$@" 2>/dev/null; then return; fi
  if sync "$scratch" 2>/dev/null; then return 1; fi
  sync
}


real() {
  linked=$TARGET left=${1#"$TARGET"/}
  while [ -n "$left" ]; do
    linked=$linked/${left%%/*}
    if [ -L "$linked" ]; then return 1; fi
    case $left in */*) left=${left#*/} ;; *) left= ;; esac
  done
}



own_dir() {
  for each; do
    real "$each" || die 77 "$linked is a link, which the loader does not follow on a volume; remove it"
    if mkdir -p "$each" 2>/dev/null; then continue; fi
    while in_the_way "$each"; do
      if [ -f "$linked" ] || ! rm -f "$linked" 2>/dev/null; then
        die 77 "$linked is not a folder, and the loader needs one there; remove it"
      fi
    done
    mkdir -p "$each" 2>/dev/null || full "$each"
  done
}


in_the_way() {
  linked=$TARGET left=${1#"$TARGET"/}
  while [ -n "$left" ]; do
    linked=$linked/${left%%/*}
    if [ -e "$linked" ] && ! [ -d "$linked" ]; then return 0; fi
    case $left in */*) left=${left#*/} ;; *) left= ;; esac
  done
  return 1
}



check_markers() {
  for each in .ready .models .digest .updated .last_sync .doing .superseded; do
    if [ -L "$TARGET/$each" ] || ! [ -d "$TARGET/$each" ] || rmdir "$TARGET/$each" 2>/dev/null; then continue; fi
    die 77 "$TARGET/$each is a folder, and the loader needs to write a file there; remove it"
  done
}


only_files() { for each; do if [ -d "$each" ]; then find "$each" ! -type f ! -type d -exec rm -f {} +; fi; done; }


check_writable() {
  for each; do
    [ -d "$each" ] || die 77 "$each is not a directory; mount the models' volume there"
    why=$(LC_ALL=C mktemp "$each/.new.XXXXXX" 2>&1) && { rm -f "$why" || :; } && continue
    not_killed $?
    case $why in
      *[Rr]ead-only*)
        die 77 "$each is mounted read-only; mount it writable," \
          "or set model.delivery: none if another program provides the models" ;;
      *space* | *quota*) full "$each" '' ;;
      *[Pp]ermission* | *permitted*) ;;
      *) unusable "$each" "$why" ;;
    esac
    uid=$(id -u)
    [ "$uid" -ne 0 ] || die 77 "root cannot write to $each (owned by $(stat -c '%u:%g, mode %a' "$each")) because the" \
      "storage refuses root; set podSecurityContext.runAsUser to the uid that owns the directory"
    owner=$(stat -c %u "$each")
    case $owner in
      0 | "$uid") other='' ;;
      *) other=", or set podSecurityContext.runAsUser: $owner, its owner" ;;
    esac
    die 77 "uid $uid cannot write to $each (owned by $(stat -c '%u:%g, mode %a' "$each")); set" \
      "podSecurityContext.fsGroup: $uid; if the storage ignores fsGroup, make the directory writable for uid $uid on" \
      "the storage itself (chown -R $uid)$other"
  done
}


free_bytes() {
  df -Pk "$1" 2>/dev/null | awk '
    NR > 1 { for (i = NF; i > 3; i--) if ($i ~ /^[0-9]+%$/) { printf "%.0f", $(i - 1) * 1024; exit } }'
}


not_killed() { if [ "$1" -eq 137 ]; then die 70 "$killed"; fi; }

unusable() { die 74 "$1 does not accept a file: $(reason_in "$2"); check the volume, or the disk of the node"; }



check_disk() {
  check_writable "$1"
  why=$(LC_ALL=C mktemp "$1/.new.XXXXXX" 2>&1)
  code=$?
  if [ "$code" -eq 0 ]; then
    probe=$why
    why=$({ LC_ALL=C head -c 1000000 /dev/zero >"$probe"; } 2>&1)
    code=$?
    if [ "$code" -eq 0 ]; then persist "$probe" || why='an error of sync: writing failed' code=1; fi
    rm -f "$probe"
  fi
  case $code,$why in
    0,* | 137,*) die 70 "$killed" ;;
    *space* | *quota* | *[Tt]oo\ large*) ;;
    *) unusable "$1" "$why" ;;
  esac
}



full() {
  until [ -d "$1" ]; do
    above=${1%/*}
    if [ "$above" = "$1" ] || [ -z "$above" ]; then break; fi
    shift
    set -- "$above" "$@"
  done
  if [ -n "$holding" ]; then check_lock; check_markers; fi   # the cause can be one of them
  if [ $# -eq 1 ]; then check_disk "$1"; fi
  free=$(free_bytes "$1") inodes=$(df -Pi "$1" 2>/dev/null | awk 'NR > 1 { print $4; exit }')
  text="$1 is full: $(human "${free:-0}") free"
  if [ "$inodes" = 0 ]; then text="$1 is full: it has no free inodes"
  elif [ "${2:-0}" -gt "${free:-0}" ]; then text="$text, at least $(human "$(($2 - ${free:-0}))") missing"
  elif [ -n "${2:-}" ]; then text="$text, $(human "$2") needed, so a quota may be the cause"
  elif [ "${free:-0}" -gt 10000000 ]; then
    text="$1 does not accept a file although $(human "$free") is free; a quota may be the cause"
  fi
  case $1/ in
    "$TARGET"/*) die 74 "$text; increase the volume (modelCache.size), or remove unused models" ;;
    *) die 74 "$text; this is the scratch space of the pod, so free ephemeral storage on the node" ;;
  esac
}


check_scratch() {
  head -c 65536 /dev/zero 2>/dev/null >"$scratch/.room" || full "$scratch"
  rm -f "$scratch/.room"
}




keep_looking() {
  while :; do
    run_child env MODE=refresh sh "$0" || {
      code=$?
      check_list
      ready_has "$hash" && "$@" || exit "$code"
      say "the present models stay; next check in $INTERVAL s"
    }
    pause "$INTERVAL"
  done
}

# --- One loader at a time -------------------------------------------------------------------------------------------
# A dead pod must not hold the lock, and the clocks of two machines cannot be compared. The holder therefore touches the
# one file in .lock. A waiter that sees no change of it for LOCK_STALE seconds of its clock takes the lock over by
# renaming that file to its own name. Only one of several waiters can do this, and a holder that was suspended finds its
# file gone.

take_lock() {
  lock=$TARGET/.lock locking=1 seen=''
  count since
  count logged "$SAY_EVERY"
  until make_lock; do
    mark=$(look_at_lock)
    if [ "$mark" != "$seen" ]; then
      seen=$mark
      count since
    elif passed since $((LOCK_STALE + 1)); then
      break_lock "${mark%% *}" && break
      seen=
    fi
    tell_who_holds_it "${mark%% *}"
    pause "$POLL"
  done
  holding=1
  keep_lock $$ &
  beat=$!
  check_markers
  rm -rf "$TARGET"/.new.??????   # what a killed loader left
}



make_lock() {
  if [ -L "$lock" ] || { [ -e "$lock" ] && ! [ -d "$lock" ]; }; then
    die 77 "$lock is not a directory, so it cannot be a lock; remove it"
  fi
  why=$(LC_ALL=C mkdir "$lock" 2>&1) || {
    not_killed $?
    case $why in
      *exists*) return 1 ;;
      *space* | *quota*) full "$TARGET" '' ;;
    esac
    die 77 "the lock in $TARGET cannot be created: $why"
  }
  (set -C && : >"$lock/$me") 2>/dev/null && sole "$lock/$me" "$lock"/* && return
  rm -f "$lock/$me"
  return 1
}

sole() { [ $# -eq 2 ] && [ "$1" = "$2" ]; }



look_at_lock() {
  for path in "$lock"/*; do
    holder=${path##*/}
    case $holder in [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) holder='' ;; *) break ;; esac
  done
  if ! plain "$lock/$holder"; then holder=''; else head -c 1 "$lock/$holder" >/dev/null 2>&1; fi
  printf '%s %s\n' "$holder" "$(stat -c %y "$lock/$holder" 2>/dev/null)"
}



break_lock() {
  if [ "$1" = "$me" ]; then rm -f "$lock/$me"; return 1; fi   # what make_lock could not remove
  if [ -n "$1" ]; then
    mv "$lock/$1" "$lock/$me" 2>/dev/null || return
    say "$1 has shown no sign of life for $LOCK_STALE seconds: taking over its lock"
    return
  fi
  if ! rmdir "$lock" 2>/dev/null; then
    aside=$(mktemp -d "$TARGET/.new.XXXXXX") && mv -fT "$lock" "$aside" && rm -rf "$aside"
  fi
  return 1
}

tell_who_holds_it() {
  passed logged "$SAY_EVERY" || return 0
  count logged
  say "waiting for ${1:-another loader}, whose last message is: $(last_message)"
}


last_message() {
  words=$(read_file .doing | head -c 1000 | head -n 1 | LC_ALL=C tr -cd ' -~')
  printf '%s' "${words:-none yet}"
}


keep_lock() {
  nap='' noted=''
  trap 'kill $nap 2>/dev/null; exit' TERM
  while alive "$1"; do
    touch -c "$lock/$me" 2>/dev/null
    if ! [ -e "$lock/$me" ]; then
      [ -n "$noted" ] || echo "another loader has taken over the lock; stopping" >&2
      noted=1
      kill "$1" 2>/dev/null   # again at each beat, as in end
    fi
    sleep "$LOCK_BEAT" &
    nap=$!
    wait "$nap"
  done
}


still_mine() { [ -e "$lock/$me" ]; }

check_lock() { still_mine || die 143 "another loader has taken over the lock; stopping"; }

release_lock() {
  end "$beat"
  release_work
  if [ -n "$holding" ]; then rm -f "$TARGET/.doing" 2>/dev/null; fi
  if [ -n "$locking" ]; then rm -f "$lock/$me"; rmdir "$lock" 2>/dev/null; fi
  beat='' holding='' locking=''
}

# --- Unfinished files -----------------------------------------------------------------------------------------------
# A loader that is suspended loses its lock, and so does one whose shell was killed. Its programs can still have files
# open, and write to them when another loader has finished and published these files. Unfinished files are therefore in
# a folder of their loader, $mine. Another loader takes them over by renaming the folder, so that paths of the first one
# lead nowhere, and by copying each file that can still be open. Only a loader whose programs have all ended leaves its
# folder to the next one as it is, under the name .work/free.




take_work() {
  own_dir "$TARGET/.work"
  only_files "$TARGET/.work"
  { made=$(mktemp -d "$TARGET/.work/$me.XXXXXX") && chmod 755 "$made"; } 2>/dev/null || full "$TARGET"
  mine=$made
  if [ -d "$TARGET/.work/free" ]; then mv -fT "$TARGET/.work/free" "$mine" || full "$TARGET"; fi
  for other in "$TARGET/.work"/*; do
    if [ "$other" = "$mine" ] || ! [ -e "$other" ]; then continue; fi
    # shellcheck disable=SC2034 # a source reads it
    inherited=1
    inherit "$other"
  done
}



inherit() {
  rm -rf "$mine/.from"
  mv -fT "$1" "$mine/.from" || full "$TARGET"
  find "$mine/.from" -type f >"$scratch/inherited" || full "$scratch"
  while IFS= read -r path <&3; do
    case $path in "$mine/.from"/*) ;; *) continue ;; esac   # the end of a name with a line break
    rest=${path#"$mine/.from/"}
    while [ "$rest" != "${rest#.from/}" ]; do rest=${rest#.from/}; done   # it was taken over before, but not completely
    fate=drop
    case $rest in */work/* | */*.part/*) fate=copy; if command -v fate_of >/dev/null; then fate_of "$rest"; fi ;; esac
    to=$mine/$rest
    if [ "$fate" = drop ] || [ -e "$to" ] || ! mkdir -p "${to%/*}" 2>/dev/null; then continue; fi
    case $fate in
      move) mv -fT "$path" "$to" ;;
      copy) copy_of "$path" "$to" || rm -f "$to" ;;
    esac
    rm -f "$path"
  done 3<"$scratch/inherited"
  rm -rf "$mine/.from"
}


copy_of() {
  bytes=$(stat -c %s "$1") || return
  if [ "$bytes" -gt 1000000000 ]; then say "copying $(human "$bytes") that another loader has begun"; fi
  run_child cp --reflink=auto "$1" "$2" 2>/dev/null || run_child cp "$1" "$2" 2>/dev/null
}

release_work() {
  if [ -n "$mine" ] && [ -e "$sure" ] && still_mine; then
    rmdir "$mine" 2>/dev/null || mv -T "$mine" "$TARGET/.work/free" 2>/dev/null
    rmdir "$TARGET/.work" 2>/dev/null
  fi
  mine=''
}
