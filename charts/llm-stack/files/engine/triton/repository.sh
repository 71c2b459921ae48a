#!/bin/sh
# repository.sh serve COMMAND…: create Triton's model repository, then replace this process with the command.
# repository.sh link FOLDER: point Triton to the current version of the folder. The next load of its model reads it.
# Needs a POSIX shell and coreutils.

















set -u

: "${MODELS:?}" "${REPOSITORY:?}" "${LAYOUT:?}" "${CONFIGS:?}"

tab=$(printf '\t')

main() {
  case ${1:-} in
    serve)
      shift
      [ $# -gt 0 ] || die 64 "serve: the command is missing"
      serve "$@"
      ;;
    link)
      cut -f 1 "$LAYOUT" | grep -qxF -e "${2:-}" || die 64 "'${2:-}' is not a folder in $LAYOUT"
      place "$2"
      ;;
    *) die 64 "the first argument must be serve or link, not '${1:-}'" ;;
  esac
}

die() {
  code=$1
  shift
  printf 'repository: %s\n' "$*" >&2
  exit "$code"
}

full() { die 74 "$REPOSITORY is not writable; mount an emptyDir there"; }

serve() {
  # Remove what a previous container left.
  rm -rf "$REPOSITORY/models" || full
  place
  key=$(od -An -N 32 -t x1 /dev/urandom | tr -d ' \n')
  [ "${#key}" -eq 64 ] || die 70 "no key could be created, because a process was killed; raise the memory limit"
  { (umask 077 && printf 'repository-key: %s\n' "$key" >"$REPOSITORY/.key") && mv -f "$REPOSITORY/.key" "$REPOSITORY/key"; } ||
    full
  guarded=model-repository,trace,logging:repository-key=$key
  exec "$@" "--http-restricted-api=$guarded" "--grpc-restricted-protocol=$guarded"
}


place() {
  while IFS=$tab read -r folder name version; do
    if [ -n "${1:-}" ] && [ "$1" != "$folder" ]; then continue; fi
    # The folder's path, with all links resolved.
    from=$(cd "$MODELS/$folder" 2>/dev/null && pwd -P) ||
      die 66 "$MODELS/$folder does not exist; put the model there, or correct its path"
    case $from/ in
      "$(cd "$MODELS" && pwd -P)"/*) ;;
      *) die 66 "$MODELS/$folder is a link to $from, which is not below $MODELS; put the model there, or correct its path" ;;
    esac
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
  # Triton compares modification times only, and loads a model again only if a file is newer. Without this file, Triton
  # would keep a version that is newer than the linked one (core's model_repository_manager.cc, ModelTimestamp).
  touch "$1/changed"
}

has_versions() {
  for part in "$from"/*; do
    case ${part##*/} in *[!0-9]* | 0*) ;; *) if [ -d "$part" ]; then return 0; fi ;; esac
  done
  return 1
}


lead() { ln -sfn "$1" "$REPOSITORY/.link" && mv -fT "$REPOSITORY/.link" "$2"; }

main "$@"
