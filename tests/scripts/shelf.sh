#!/bin/sh
# The smallest source of folders: a reference is a folder of $SHELF, its identity the content of its file `identity`.
# $SHELF/log has one line per request; faults are files of $SHELF/faults.
# shellcheck disable=SC2016,SC2034,SC2154 # what the sourced files read and set; and a script within a script
# shellcheck source=/dev/null
. "${0%/*}/loader.sh"
# shellcheck source=/dev/null
. "${0%/*}/directory.sh"

: "${SHELF:=}"

fault() { [ -e "$SHELF/faults/$1" ]; }

prepare() { if fault login; then die 65 "the shelf refuses who asks"; fi; }

pinned() {
  case $1 in *@*) identity=${1#*@} ;; *) return 1 ;; esac
}

resolve() {
  echo "resolve $1" >>"$SHELF/log"
  if fault down; then message="the shelf is away"; return 1; fi
  [ -e "$SHELF/$1/identity" ] || die 66 "no such model: $1"
  read -r identity <"$SHELF/$1/identity"
}

# fetch REFERENCE IDENTITY FILTERS DIR WORK: file by file. Each gets its name once it is complete.
fetch() {
  from=$SHELF/${1%@*} dir=$4
  if fault down; then message="the shelf is away"; return 1; fi
  (cd "$from/files" && find . -type f) >"$scratch/names"
  while read -r name <&3; do
    case " ${3:-${name#./}} " in *" ${name#./} "*) ;; *) continue ;; esac
    printf '%s\t%s\n' "$(stat -c %s "$from/files/$name")" "${name#./}" >>"$scratch/listing"
    if cmp -s "$from/files/$name" "$dir/$name"; then continue; fi
    echo "fetch $1 ${name#./}" >>"$SHELF/log"
    mkdir -p "$dir/${name%/*}"
    run_watched "$dir" sh -c '
      sleep "${SLOW:-0}"
      if [ -e "$SHELF/faults/stall" ]; then exec sleep 60; fi
      cp "$1" "$2.new" && mv "$2.new" "$2"' copy "$from/files/$name" "$dir/$name" || return
    if fault cut; then rm "$SHELF/faults/cut"; message="it broke off"; return 1; fi
  done 3<"$scratch/names"
}

bring_models
