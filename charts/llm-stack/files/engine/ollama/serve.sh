#!/bin/sh
# Starts the server, and creates the models of the Modelfiles from models in its store.








set -u
: "${OLLAMA_MODELS:?}" "${OLLAMA_HOST:=}" "${FILES:=/opt/files}" "${PAUSE:=2}"

main() {
  create_all &
  exec ollama serve
}

create_all() {
  # The server listens on every address, but a client needs one address.
  OLLAMA_HOST=$(printf '%s\n' "$OLLAMA_HOST" | sed 's/0\.0\.0\.0/127.0.0.1/')
  export OLLAMA_HOST
  until ollama list >/dev/null 2>&1; do sleep "$PAUSE"; done
  for file in "$FILES"/modelfile-*; do
    until create "$file"; do sleep "$PAUSE"; done
  done
}

create() {
  name=$(sed -n '1s/^# //p' "$1")
  base=$(ollama show --modelfile "$(sed -n '2s/^FROM //p' "$1")" 2>&1) || { say "$name" "$base"; return 1; }
  made_of=$({ cat "$1"; printf '%s\n' "$base"; } | sha256sum)
  marks=$OLLAMA_MODELS/.modelfiles
  mark=$marks/$(printf '%s' "$name" | tr : @)   # some file shares allow no colon
  if [ "$(marked)" = "$made_of" ] && ollama show "$name" >/dev/null 2>&1; then return; fi
  said=$(ollama create "$name" --file "$1" 2>&1 </dev/null) || { say "$name" "$said"; return 1; }
  printf 'serve: %s: created\n' "$name"
  record || printf 'serve: %s cannot be written, so %s is created again at each start; remove what is there\n' "$mark" "$name"
}


marked() { if [ -f "$mark" ] && ! [ -L "$mark" ] && ! [ -L "$marks" ]; then head -c 1000 "$mark"; fi; }


record() {
  if [ -L "$marks" ]; then return 1; fi
  if [ -e "$marks" ] && ! [ -d "$marks" ] && ! [ -f "$marks" ]; then rm -f "$marks"; fi
  mkdir -p "$marks" 2>/dev/null && fresh=$(mktemp "$marks/.new.XXXXXX") || return
  if printf '%s\n' "$made_of" >"$fresh" && chmod 644 "$fresh" && mv -fT "$fresh" "$mark"; then return; fi
  rm -f "$fresh"
  return 1
}


say() {
  why=$(printf '%s\n' "$2" | sed -n 's/.*Error: //p' | tail -n 1)
  if [ "$1$why" != "${logged:-}" ]; then printf 'serve: %s: not created: %s\n' "$1" "${why:-$2}"; fi
  logged=$1$why
}

main
