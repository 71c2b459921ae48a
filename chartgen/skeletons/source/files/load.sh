#!/bin/sh
# Downloads models as tar archives from a web server into folders below TARGET. docs/loaders.md has the contract.
#
# Environment, in addition to that of loader.sh
#   URL  the folder with the archives
#
# shellcheck disable=SC2034,SC2154 # the sourced files read and set the other names
# shellcheck source-path=SCRIPTDIR/../../loader/files source=/dev/null
. "$(dirname "$0")/loader.sh"
# shellcheck source-path=SCRIPTDIR/../../loader/files source=/dev/null
. "$(dirname "$0")/directory.sh"

# archive REFERENCE: the URL of its archive. REFERENCE is NAME:TAG, or NAME.
archive() {
  printf '%s/%s.tar' "$URL" "$(printf %s "$1" | tr : -)"
}

# pinned REFERENCE: sets $identity where the reference alone decides it. A tag can move.
pinned() {
  return 1
}

# resolve REFERENCE: sets $identity, what the reference means now.
resolve() {
  run_watched "$scratch" curl -fsSL "$(archive "$1").sha256" || { message="$(archive "$1").sha256: no answer"; return 1; }
  identity=sha256:$(cut -d ' ' -f 1 "$scratch/output")
}

# fetch REFERENCE IDENTITY FILTERS DIR WORK: the files, complete and verified, in DIR, and their list in $scratch/listing:
# size, tab, path. WORK survives restarts.
fetch() {
  run_watched "$5" curl -fsSL -C - -o "$5/archive" "$(archive "$1")" || { message="the download stopped"; return 1; }
  if ! printf '%s  %s\n' "${2#sha256:}" "$5/archive" | sha256sum -c - >/dev/null 2>&1; then
    rm -f "$5/archive"
    message="the archive does not match its SHA-256 sum"
    return 1
  fi
  tar -tvf "$5/archive" | sed -n 's/^-[^ ]* *[^ ]* *\([0-9]*\) [^ ]* [^ ]* /\1\t/p' >"$scratch/listing"
  run_watched "$4" tar -xf "$5/archive" -C "$4" || die 66 "$1: the archive is not a tar file"
}

bring_models
