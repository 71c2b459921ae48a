#!/bin/sh
# probe.sh startup|ready [SECONDS]: succeeds if this pod's ollama has the models that it must serve.
# startup also loads the first model once, because a running server does not imply a working model.
# With SECONDS, the script repeats a failed check for that long.
#
# Environment
#   MODELS       references, separated by blanks; or
#   MODELS_FILE  one line per model, tab-separated: folder, reference
#   OLLAMA_HOST  the same value as the server's
# This script uses no other file, because a server without a loader has no other script. ollama cancels a load when its
# client disconnects, so the probe's timeout must be at least as long as a load takes.
set -u

: "${MODELS:=}" "${MODELS_FILE:=}" "${OLLAMA_HOST:=}" "${HOME:=/tmp}"
export HOME

main() {
  if [ -z "${2:-}" ]; then
    check "$1"
    return
  fi
  deadline=$(($(date +%s) + $2))
  until said=$(check "$1"); do
    if [ "$(date +%s)" -ge "$deadline" ]; then
      printf '%s\n' "$said"
      exit 1
    fi
    sleep "${PAUSE:-2}"
  done
}

check() {
  if [ -z "$MODELS" ]; then MODELS=$(sed -e '/^[[:space:]]*#/d' "$MODELS_FILE" | cut -f 2); fi
  [ -n "$MODELS" ] || refuse "no model is requested" "set MODELS, or set MODELS_FILE to a file that lists a model"
  OLLAMA_HOST=$(own_address)
  export OLLAMA_HOST
  for model in $MODELS; do
    answer=$(ollama show "$model" 2>&1 >/dev/null </dev/null) || refuse "$model is missing" "$answer"
  done
  case $1 in
    ready) ;;
    startup) for model in $MODELS; do load "$model"; break; done ;;
    *) refuse "the first argument must be startup or ready" "not '$1'" ;;
  esac
}

# refuse WHAT WHY: print one sentence, which Kubernetes shows in the pod's events. WHY may contain terminal codes.
refuse() {
  case $2 in *'could not connect'*) set -- "ollama does not answer on ${OLLAMA_HOST:-its usual port}" "$2" ;; esac
  why=$(printf '%s\n' "$2" | sed -n 's/.*Error: //p' | tail -n 1)
  printf '%s: %s\n' "$1" "${why:-$2}"
  exit 1
}

# own_address: the server listens on every address, but a client needs one address.
own_address() {
  case $OLLAMA_HOST in
    *0.0.0.0*) printf '%s\n' "$OLLAMA_HOST" | sed 's/0\.0\.0\.0/127.0.0.1/' ;;
    *'[::]'*) printf '%s\n' "$OLLAMA_HOST" | sed 's/\[::]/127.0.0.1/' ;;
    :*) printf '127.0.0.1%s\n' "$OLLAMA_HOST" ;;
    *) printf '%s\n' "$OLLAMA_HOST" ;;
  esac
}

# load MODEL: an empty stdin and no prompt load the model without generating text. An empty argument does not work:
# ollama 0.5 joins it with stdin into a blank prompt, and answers it. Embedding models need a text or cannot be loaded
# this way.
load() {
  answer=$(ollama run "$1" </dev/null 2>&1 >/dev/null) && return
  case $answer in
    *'require input text'*) answer=$(ollama run "$1" ready </dev/null 2>&1 >/dev/null) && return ;;
    *'does not support generate'* | *'require a prompt'*) return ;;
  esac
  refuse "$1 is present but does not load" "$answer"
}

main "${1:-}" "${2:-}"
