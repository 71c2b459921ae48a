#!/bin/sh
# repository.sh serve COMMAND…: makes Triton's repository of models, and becomes the command.
# repository.sh link FOLDER: leads Triton to what that folder is by now; the next load of its model reads that.
# Any POSIX shell, coreutils.
#
# The repository is a folder of links: models/NAME/VERSION leads to the version of a folder that was there when the link
# was made, and models/NAME/config.pbtxt is a copy. A loader swaps a folder as a whole, in one step, and keeps the version
# before; since a link here leads to one version, a load reads one whole version, whatever is swapped meanwhile.
#
# Whoever may load models can have any program run, since a load may carry files. So that takes a key: Triton knows it,
# for HTTP and gRPC, and the file `key` has it, as a header, for whoever shares this folder. It is another one after each
# start, and never leaves the pod.
#
# Environment
#   MODELS      where the models lie
#   REPOSITORY  a folder of the pod's own
#   LAYOUT      a line for each model, by tabs: folder below MODELS, name, version. Without a version, the folder holds
#               folders of its versions itself, or else is version 1
#   CONFIGS     holds NAME.pbtxt for the models that are described; the others may bring a config.pbtxt themselves
# Exit codes: 64 the request is wrong, 66 a folder is not there, 74 REPOSITORY cannot be written
set -u

: "${MODELS:?}" "${REPOSITORY:?}" "${LAYOUT:?}" "${CONFIGS:?}"

tab=$(printf '\t')

main() {
  case ${1:-} in
    serve)
      shift
      [ $# -gt 0 ] || die 64 "serve needs a command"
      serve "$@"
      ;;
    link)
      cut -f 1 "$LAYOUT" | grep -qxF -e "${2:-}" || die 64 "'${2:-}' is no folder of $LAYOUT"
      place "$2"
      ;;
    *) die 64 "it knows serve and link, not '${1:-}'" ;;
  esac
}

die() {
  code=$1
  shift
  printf 'repository: %s\n' "$*" >&2
  exit "$code"
}

full() { die 74 "$REPOSITORY cannot be written; it has to be a folder of the pod's own"; }

serve() {
  # What is left of the container that ran before goes.
  rm -rf "$REPOSITORY/models" || full
  place
  key=$(od -An -N 32 -t x1 /dev/urandom | tr -d ' \n')
  { (umask 077 && printf 'repository-key: %s\n' "$key" >"$REPOSITORY/.key") && mv -f "$REPOSITORY/.key" "$REPOSITORY/key"; } ||
    full
  guarded=model-repository,trace,logging:repository-key=$key
  exec "$@" "--http-restricted-api=$guarded" "--grpc-restricted-protocol=$guarded"
}

# place [FOLDER]: all of the models, or the one of that folder.
place() {
  while IFS=$tab read -r folder name version; do
    if [ -n "${1:-}" ] && [ "$1" != "$folder" ]; then continue; fi
    # The folder's own path, all links followed.
    from=$(cd "$MODELS/$folder" 2>/dev/null && pwd -P) ||
      die 66 "$MODELS/$folder is not there; bring the model there, or correct its path"
    place_one "$REPOSITORY/models/$name" || full
  done <"$LAYOUT"
}

place_one() {
  mkdir -p "$1" || return
  if [ -n "$version" ]; then
    lead "$from" "$1/$version" || return
  elif has_versions; then
    for part in "$from"/*; do lead "$part" "$1/${part##*/}" || return; done
    for old in "$1"/*; do
      if [ -L "$old" ] && ! [ -e "$from/${old##*/}" ]; then rm -f "$old" || return; fi
    done
  else
    lead "$from" "$1/1" || return
  fi
  if [ -e "$CONFIGS/$name.pbtxt" ]; then
    { cp "$CONFIGS/$name.pbtxt" "$REPOSITORY/.config" && mv -f "$REPOSITORY/.config" "$1/config.pbtxt"; } || return
  fi
  # Triton compares times alone, and reads again only what is newer: without this file it would keep a version that is
  # newer than the one it is now led to (core's model_repository_manager.cc, ModelTimestamp).
  touch "$1/changed"
}

has_versions() {
  for part in "$from"/*; do
    case ${part##*/} in *[!0-9]* | 0*) ;; *) if [ -d "$part" ]; then return 0; fi ;; esac
  done
  return 1
}

# lead TO LINK: in one step, whatever LINK led to before.
lead() { ln -sfn "$1" "$REPOSITORY/.link" && mv -fT "$REPOSITORY/.link" "$2"; }

main "$@"
