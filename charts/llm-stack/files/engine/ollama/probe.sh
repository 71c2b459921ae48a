#!/bin/sh
# probe.sh startup|ready [SECONDS]: succeeds if this pod's ollama has the models that it must serve.
# startup also loads the first model once, because a running server does not imply a working model.
# With SECONDS, the script repeats a failed check for that long. It does not repeat the check after ollama loaded a model
# outside of the GPU, because ollama keeps a model where it is, and looks for GPUs at its start.









set -u

: "${MODELS:=}" "${MODELS_FILE:=}" "${OLLAMA_HOST:=}" "${HOME:=/tmp}" "${MIN_GPU_PERCENT:=0}" "${OLLAMA_KEEP_ALIVE:=}"
FINAL=2 # the exit code of a check that does not succeed if it is repeated
export HOME


now() {
  { read -r uptime _ </proc/uptime; } 2>/dev/null || uptime=$(date +%s)
  echo "${uptime%.*}"
}

main() {
  deadline=$(($(now) + ${2:-0}))
  while :; do
    said=$(check "$1")
    code=$?
    if [ "$code" -eq 0 ]; then return; fi
    if [ "$code" -eq "$FINAL" ] || [ "$(now)" -ge "$deadline" ]; then
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
    if ! [ -d "${OLLAMA_MODELS:=/models}/manifests" ] && [ -d "$OLLAMA_MODELS/models/manifests" ]; then
      refuse "$model is missing" "the volume has a store of ollama in its folder models/; set modelCache.subPath to models"
    fi
    answer=$(ollama show "$model" 2>&1 >/dev/null </dev/null) || refuse "$model is missing" "$answer"
  done
  case $1 in
    ready) on_gpu ;;
    startup)
      for model in $MODELS; do load "$model"; break; done
      on_gpu loaded
      ;;
    *) refuse "the first argument must be startup or ready" "not '$1'" ;;
  esac
}


refuse() {
  case $2 in *'could not connect'*) set -- "ollama does not answer on ${OLLAMA_HOST:-its usual port}" "$2" ;; esac
  why=$(printf '%s\n' "$2" | sed -n 's/.*Error: //p' | tail -n 1)
  printf '%s: %s\n' "$1" "${why:-$2}"
  exit 1
}


own_address() {
  case $OLLAMA_HOST in
    *0.0.0.0*) printf '%s\n' "$OLLAMA_HOST" | sed 's/0\.0\.0\.0/127.0.0.1/' ;;
    *'[::]'*) printf '%s\n' "$OLLAMA_HOST" | sed 's/\[::]/127.0.0.1/' ;;
    :*) printf '127.0.0.1%s\n' "$OLLAMA_HOST" ;;
    *) printf '%s\n' "$OLLAMA_HOST" ;;
  esac
}




load() {
  answer=$(ollama run "$1" </dev/null 2>&1 >/dev/null) && return
  case $answer in
    *'require input text'*) answer=$(ollama run "$1" ready </dev/null 2>&1 >/dev/null) && return ;;
    *'does not support generate'* | *'require a prompt'*) return ;;
  esac
  refuse "$1 is present but does not load" "$answer"
}




on_gpu() {
  [ "$MIN_GPU_PERCENT" -gt 0 ] || return 0
  running=$(ollama ps 2>&1 </dev/null) || refuse "the models in memory are not known" "$running"
  placed=$(printf '%s\n' "$running" | sed -n \
    -e 's,^\([^ ]*\) .*[ /]\([0-9][0-9]*\)% \(CPU/\)*GPU .*,\1 \2,p' \
    -e 's,^\([^ ]*\) .* [0-9][0-9]*% CPU .*,\1 0,p' \
    -e 's,^\([^ ]*\) .* Unknown .*,\1 100,p') || refuse "the models in memory are not known" "a process was killed"
  if [ -z "$placed" ] && [ -n "${1:-}" ]; then
    case $OLLAMA_KEEP_ALIVE in
      0 | 0[a-z]*) ;;
      *) refuse "$model was loaded, but ollama does not report where it is" "$running" ;;
    esac
  fi
  printf '%s\n' "$placed" | while read -r model percent; do
    [ -z "$model" ] || [ "$percent" -ge "$MIN_GPU_PERCENT" ] || elsewhere "$model" "$percent"
  done || exit
}


elsewhere() {
  if [ "$2" -eq 0 ]; then
    printf '%s is loaded, but not in GPU memory; check that the log of ollama lists the GPU, and that it has free memory' "$1"
  else
    printf 'only %s %% of %s is in GPU memory; use GPUs with more memory, or a smaller model.contextLength' "$2" "$1"
  fi
  printf ', or lower ollama.minGpuPercent from %s\n' "$MIN_GPU_PERCENT"
  exit "$FINAL"
}

main "${1:-}" "${2:-}"
