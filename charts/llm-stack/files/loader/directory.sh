# shellcheck shell=sh
# What sources share whose models are folders of files: each version is made aside, whole and verified, and one rename
# puts it in its place. Sourced after loader.sh, never run.
#
# A source defines, and then calls bring_models, last of all:
#   pinned REFERENCE    sets $identity where the reference says by itself what it is for ever, else fails. No network
#   resolve REFERENCE   sets $identity to what the reference means now: a digest, a commit. Fails with $message set where
#                       another attempt may help, and ends with `die` where none can
#   fetch REFERENCE IDENTITY FILTERS DIR WORK
#                       leaves the files in DIR, whole and verified. DIR may hold what an interrupted fetch of the same
#                       IDENTITY left; WORK is the model's own for as long as it is asked for, for what the next fetch can
#                       use again. Fails and ends as resolve does
#   prepare             once before each look: logs in, checks its tools. May be left out
# All of them run in a process of their own for each model, in which $scratch is private. What they print goes to the log.
#
# Environment, beside that of loader.sh
#   PARALLEL   how many models are brought at a time
#   PRUNE      true: models that the list does not ask for are removed
#   RETRIES    attempts in a row that may fail without bringing anything new
#   STALL      seconds after which a fetch that brings nothing is ended and taken up again
# In TARGET, beside what loader.sh says. A key is a folder with = for its slashes
#   <folder>               a link to .versions/<key>/<version>. Whoever resolves it once reads one whole version, which
#                          stays until the second swap after
#   .versions/<key>/<version>.files   size and path of each file: what a version is held against before it is believed
#   .work/<key>/           the source's own
#   .models     columns: folder, reference, identity, bytes, when it came, filters

: "${PARALLEL:=1}" "${PRUNE:=false}" "${RETRIES:=5}" "${STALL:=300}"
: "${BACKOFF:=5}" "${PROGRESS:=10}" "${TICK:=1}"   # seconds

workers='' job='' identity='' message='' expected=0
tab=$(printf '\t')

bring_models() {
  case $MODE in once | refresh | watch) ;; *) die 64 "MODE is once, refresh or watch, not '$MODE'" ;; esac
  check_list
  begin
  hash=$(list_hash)
  [ -d "$TARGET" ] || die 77 "$TARGET is not a directory; mount the models' volume there"
  if [ "$MODE" = once ] && ready_has "$hash" && all_here; then summary "already there"; exit 0; fi
  if [ "$MODE" = watch ]; then keep_looking all_here; fi
  look
}

# look: brings whatever is missing; the code of the first model that failed.
look() {
  check_writable "$TARGET"
  take_lock
  brought
  code=$?
  if [ "$code" -eq 0 ]; then
    all_here || die 70 "what was brought is not what was asked for; remove $TARGET/.versions, and try again"
    summary "all there"
    { mark_sync && mark_ready "$hash"; } || full "$TARGET"
  fi
  release_lock
  return "$code"
}

# brought: whether every model was; what was is recorded in any case.
brought() {
  failed=0
  if command -v prepare >/dev/null; then run_child prepare || return; fi
  rm -rf "$scratch/rows"
  mkdir "$scratch/rows" || full "${TMPDIR:-/tmp}"
  models >"$scratch/list"
  while IFS=$tab read -r folder reference filters <&3; do
    reap "$PARALLEL"
    bring "$folder" "$reference" "${filters:-}" 3<&- &
    workers="$workers $!"
  done 3<"$scratch/list"
  reap 1
  record 2>/dev/null || [ "$failed" -ne 0 ] || full "$TARGET"   # one sentence is enough
  return "$failed"
}

# reap COUNT: waits until fewer than COUNT workers run; $failed keeps the first code that is not 0.
reap() {
  while :; do
    still='' some=0
    for pid in $workers; do
      if alive "$pid"; then still="$still $pid" some=$((some + 1)); continue; fi
      wait "$pid"
      code=$?
      if [ "$failed" -eq 0 ]; then failed=$code; fi
    done
    workers=$still
    [ "$some" -ge "$1" ] || return 0
    pause "$TICK"
  done
}

stop_work() {
  # shellcheck disable=SC2086 # they are several
  end $workers
  workers=''
}

# --- One model, in a process of its own -----------------------------------------------------------------------------

bring() {
  trap - EXIT
  # shellcheck disable=SC2154 # loader.sh sets child
  trap 'trap "" HUP INT TERM; end $job $child; exit 143' HUP INT TERM
  workers='' folder=$1 reference=$2 filters=$3 key=$(key_of "$1")
  rows=$scratch/rows scratch=$scratch/of.$key
  mkdir -p "$scratch" || full "${TMPDIR:-/tmp}"
  if [ "$MODE" = once ] && settled "$folder" "$reference" "$filters"; then exit 0; fi
  pinned "$reference" || again resolve "$reference" || exit
  version=$(printf '%s %s' "$identity" "$filters" | sha256sum | cut -c 1-16)
  versions=$TARGET/.versions/$key
  if ! whole "$versions/$version"; then
    mkdir -p "$versions/$version.part" "$TARGET/.work/$key" 2>/dev/null || check_writable "$TARGET" "$TARGET/.versions"
    again fetch "$reference" "$identity" "$filters" "$versions/$version.part" "$TARGET/.work/$key" || exit
    finish_version
  fi
  swap
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$folder" "$reference" "$identity" "$(size_of_version "$versions/$version")" \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$filters" >"$rows/$key" || full "${TMPDIR:-/tmp}"
  exit 0
}

# again COMMAND…: with growing pauses, until it succeeds or has failed RETRIES times without bringing anything new.
again() {
  attempts=0 best=$(bytes_in "$TARGET/.versions/$key" "$TARGET/.work/$key")
  until "$@"; do
    attempts=$((attempts + 1)) reached=$(bytes_in "$TARGET/.versions/$key" "$TARGET/.work/$key")
    if [ "$reached" -gt $((best + 1000000)) ]; then best=$reached attempts=1; fi
    [ "$attempts" -lt "$RETRIES" ] ||
      die 69 "$reference: gave up after $attempts attempts that brought nothing new: $message"
    delay=$BACKOFF
    for _ in $(seq 2 "$attempts"); do if [ "$delay" -lt 60 ]; then delay=$((delay * 2)); fi; done
    say "$reference: attempt $attempts failed: $message; again in $delay s"
    pause "$delay"
  done
}

# finish_version: what was fetched gets its name. Its files are written down first, so that no kill leaves a name
# without them.
finish_version() {
  list_files "$versions/$version.part" >"$scratch/files"
  [ -s "$scratch/files" ] || die 66 "$reference: nothing was brought${filters:+, since nothing in it is $filters}; correct" \
    "the filter, or the reference"
  run_child sync -f "$versions/$version.part" 2>/dev/null || :   # not every sync knows of file systems
  { cp "$scratch/files" "$versions/$version.files.new" && mv -f "$versions/$version.files.new" "$versions/$version.files" &&
    rm -rf "${versions:?}/$version" && mv "$versions/$version.part" "$versions/$version"; } || full "$TARGET"
}

# swap: the folder becomes a link to the version, in one rename, and the versions before the one that it was go.
swap() {
  link=$TARGET/$folder before=$(readlink "$link") up=$(printf '%s' "$folder" | sed -e 's,[^/]*/,../,g' -e 's,[^/]*$,,')
  to=$up.versions/$key/$version
  if [ "$before" = "$to" ]; then return; fi
  if [ -e "$link" ] && ! [ -L "$link" ]; then
    die 64 "$link was not made by a loader, and stands where $reference is to lie; remove it, or set model.path to" \
      "another folder"
  fi
  { mkdir -p "${link%/*}" && ln -sfn "$to" "${link%/*}/.$key.new" && mv -fT "${link%/*}/.$key.new" "$link"; } ||
    die 77 "no link can be made in ${link%/*}; the volume has to know symbolic links"
  say "$reference: $folder is now $identity ($(human "$(size_of_version "$versions/$version")"))"
  for old in "$versions"/*; do
    case ${old##*/} in "$version" | "$version.files" | "${before##*/}" | "${before##*/}.files") continue ;; esac
    rm -rf "$old"
  done
}

key_of() { printf '%s' "$1" | tr / =; }

# list_files DIR: "size path" of all that is in it but directories.
list_files() { (cd "$1" && find . ! -type d -exec stat -c '%s %n' {} + | LC_ALL=C sort); }

# whole VERSION: whether all its files are there with their sizes. Costs no reading of them.
whole() { [ -d "$1" ] && list_files "$1" 2>/dev/null | cmp -s - "$1.files"; }

size_of_version() { awk '{ n += $1 } END { printf "%.0f", n }' "$1.files"; }

# bytes_in DIR…: how much is there, for progress; what goes meanwhile is passed over.
bytes_in() { find "$@" -type f -exec stat -c %s {} + 2>/dev/null | awk '{ n += $1 } END { printf "%.0f", n }'; }

# run_watched DIR COMMAND…: a program that brings something into DIR. What it says goes to $scratch/output; the log gets
# what has come so far, of $expected bytes where that is known. Ends it where nothing comes for STALL seconds, with
# $message set. Its code otherwise.
run_watched() {
  into=$1
  shift
  "$@" >"$scratch/output" 2>&1 </dev/null &
  job=$! seen='' since=$(now) told=$(now)
  while pause "$TICK" && alive "$job"; do
    came=$(bytes_in "$into")
    if [ "$came" != "$seen" ]; then seen=$came since=$(now); fi
    if [ $(($(now) - since)) -ge "$STALL" ]; then
      kill "$job" 2>/dev/null
      wait "$job" 2>/dev/null
      job='' message="nothing came for $STALL seconds"
      return 1
    fi
    if [ $(($(now) - told)) -ge "$PROGRESS" ]; then told=$(now); say "$reference: $(progress_of "$came")"; fi
  done
  wait "$job"
  code=$?
  job=''
  return "$code"
}

progress_of() {
  if [ "$expected" -gt 0 ]; then echo "$(($1 / (expected / 100 + 1)))% of $(human "$expected")"
  else echo "$(human "$1") so far"; fi
}

# --- What is known of all models ------------------------------------------------------------------------------------

# settled FOLDER REFERENCE FILTERS: whether it is here as the index has it, and whole.
settled() {
  at=$(readlink "$TARGET/$1") && [ -n "$at" ] && whole "$TARGET/.versions/$(key_of "$1")/${at##*/}" &&
    awk -F '\t' -v folder="$1" -v reference="$2" -v filters="$3" '
      $1 == folder && $2 == reference && $6 == filters { found = 1 }
      END { exit !found }' "$TARGET/.models" 2>/dev/null
}

all_here() {
  models >"$scratch/wanted"
  while IFS=$tab read -r folder reference filters <&3; do
    settled "$folder" "$reference" "${filters:-}" || return
  done 3<"$scratch/wanted"
}

# record: the rows of what has come take the place of older ones; then what follows from the index.
record() {
  prune
  # A row whose identity did not change keeps the time at which it came.
  { cat "$scratch/rows"/* 2>/dev/null; echo; cat "$TARGET/.models" 2>/dev/null; } | awk -F '\t' '
    $0 == "" { old = 1; next }
    !old { new[$1] = $0; what[$1] = $2 FS $3 FS $4 FS $6; next }
    $1 in new { if (what[$1] == $2 FS $3 FS $4 FS $6) new[$1] = $0; next }
    { print }
    END { for (folder in new) print new[folder] }' | LC_ALL=C sort >"$scratch/index" || return
  publish .models <"$scratch/index" || return
  cut -f 1,3 "$scratch/index" | mark_digest
}

# prune: what the index has and the list does not, where that is asked for.
prune() {
  if [ "$PRUNE" != true ] || ! [ -e "$TARGET/.models" ]; then return 0; fi
  cut -f 1 "$scratch/list" >"$scratch/folders"
  cut -f 1 "$TARGET/.models" | grep -vxF -f "$scratch/folders" >"$scratch/unwanted" || return 0
  # Lists that asked for more hold no longer; this one does, if it did before.
  if ready_has "$hash"; then printf '%s\n' "$hash"; fi | publish .ready
  while read -r folder; do
    key=$(key_of "$folder")
    say "$folder is not asked for any more: removing it"
    rm -f "$TARGET/$folder"
    rm -rf "$TARGET/.versions/$key" "$TARGET/.work/$key"
    rmdir "$TARGET/${folder%/*}" 2>/dev/null
  done <"$scratch/unwanted"
  awk -F '\t' 'NR == FNR { wanted[$1] = 1; next } $1 in wanted' "$scratch/folders" "$TARGET/.models" | publish .models
}

summary() {
  while IFS=$tab read -r folder reference _ <&3; do
    say "$1: $reference in $folder, $(awk -F '\t' -v folder="$folder" '$1 == folder { print $3, $4 }' "$TARGET/.models" |
      while read -r what size; do echo "$what ($(human "$size"))"; done)"
  done 3<"$scratch/wanted"
}
