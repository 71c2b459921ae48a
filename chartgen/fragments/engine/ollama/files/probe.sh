#!/bin/sh
# probe.sh startup|ready [SECONDS]: whether this pod's ollama has the models that it is to serve.
# startup also loads the first one, once: a server that is up and a model that answers are two things.
# With SECONDS it goes on trying for so long.
#
# Environment
#   MODELS       references parted by blanks; or
#   MODELS_FILE  a line for each model, tab-separated: folder, reference
#   OLLAMA_HOST  as the server has it
# It stands alone: a server whose models nobody brings has no other script. ollama gives a load up when whoever asked
# goes away, so the probe's timeout must be as long as a load takes.
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
  [ -n "$MODELS" ] || refuse "no model is asked for" "set MODELS, or MODELS_FILE to a file that names one"
  OLLAMA_HOST=$(own_address)
  export OLLAMA_HOST
  for model in $MODELS; do
    answer=$(ollama show "$model" 2>&1 >/dev/null </dev/null) || refuse "$model is not there" "$answer"
  done
  case $1 in
    ready) ;;
    startup) for model in $MODELS; do load "$model"; break; done ;;
    *) refuse "probe.sh knows startup and ready" "not '$1'" ;;
  esac
}

# refuse WHAT WHY: one sentence, which Kubernetes shows among the pod's events. WHY may be drawn for a terminal.
refuse() {
  case $2 in *'could not connect'*) set -- "ollama does not answer on ${OLLAMA_HOST:-its usual port}" "$2" ;; esac
  why=$(printf '%s\n' "$2" | sed -n 's/.*Error: //p' | tail -n 1)
  printf '%s: %s\n' "$1" "${why:-$2}"
  exit 1
}

# own_address: a server listens on every address, a client needs one.
own_address() {
  case $OLLAMA_HOST in
    *0.0.0.0*) printf '%s\n' "$OLLAMA_HOST" | sed 's/0\.0\.0\.0/127.0.0.1/' ;;
    *'[::]'*) printf '%s\n' "$OLLAMA_HOST" | sed 's/\[::]/127.0.0.1/' ;;
    :*) printf '127.0.0.1%s\n' "$OLLAMA_HOST" ;;
    *) printf '%s\n' "$OLLAMA_HOST" ;;
  esac
}

# load MODEL: no prompt and an empty stdin load it and ask nothing. An empty argument would not do: ollama 0.5 joins it
# with stdin to a blank, and answers that at length. Models that only embed want a text, or cannot be loaded this way.
load() {
  answer=$(ollama run "$1" </dev/null 2>&1 >/dev/null) && return
  case $answer in
    *'require input text'*) answer=$(ollama run "$1" ready </dev/null 2>&1 >/dev/null) && return ;;
    *'does not support generate'* | *'require a prompt'*) return ;;
  esac
  refuse "$1 is there but does not load" "$answer"
}

main "${1:-}" "${2:-}"
