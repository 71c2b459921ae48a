#!/bin/sh
# Asks a server for an answer, whole and then streamed; where its model cannot chat, for an embedding.
#
# Environment, beside that of ask.sh
#   SERVER_URL  where the server listens, without a path
#   MODEL       the model's name, as clients ask for it
#   API_KEY     what the server asks for, where it does
# shellcheck source-path=SCRIPTDIR source=ask.sh
. "$(dirname "$0")/ask.sh"

: "${SERVER_URL:?}" "${MODEL:?}" "${API_KEY:=}"

main() {
  # In a file, not among the arguments, which others may read.
  printf '%s' "${API_KEY:+Authorization: Bearer $API_KEY}" >"$scratch/key"
  model=$(printf '%s' "$MODEL" | sed -e 's/[\\"]/\\&/g' -e 's/.*/"&"/')
  say "asking $SERVER_URL for an answer of $MODEL"
  post /v1/chat/completions "$(question false)"
  if cannot_chat; then embed; else chat; fi
}

# question STREAM: short, and the same answer each time. A model that thinks may not get beyond its thoughts.
question() {
  printf '{"model":%s,"messages":[{"role":"user","content":"Say hello."}],"max_tokens":16,"temperature":0,"stream":%s}' \
    "$model" "$1"
}

# post PATH JSON: the answer also lies in $scratch/flat, without the blanks that JSON lets one put after a name.
post() {
  ask "$SERVER_URL$1" --header 'Content-Type: application/json' --header "@$scratch/key" --data "$2"
  sed 's/": */":/g' "$scratch/answer" >"$scratch/flat"
}

# As ollama says it, and vLLM; a vLLM that has only an embedding model does not know the path at all.
cannot_chat() {
  [ "$status" != 200 ] && grep -qi -e 'does not support chat' -e '"detail":"Not Found"' "$scratch/flat"
}

chat() {
  check_status
  check_model
  check_words
  say "it answered: $(excerpt)"
  post /v1/chat/completions "$(question true)"
  check_status
  events=$(grep -c '^data: *{' "$scratch/flat")
  [ "$events" -ge 2 ] || die 1 "$url: an answer that was to be streamed came in $events pieces: $(excerpt)"
  grep -q '^data: *\[DONE\]' "$scratch/flat" || die 1 "$url: the stream ended without [DONE]: $(tail -n 3 "$scratch/flat")"
  check_model
  check_words
  say "it answered in $events pieces"
}

embed() {
  say "$MODEL does not chat: asking for an embedding"
  post /v1/embeddings "{\"model\":$model,\"input\":\"hello\"}"
  check_status
  check_model
  grep -Eq '"embedding":\[ *-?[0-9]' "$scratch/flat" || die 1 "$url: there is no embedding in the answer: $(excerpt)"
  say "it answered with an embedding"
}

check_status() { [ "$status" = 200 ] || die 1 "$url: HTTP $status instead of an answer of $MODEL: $(excerpt)"; }

check_model() { grep -qF "\"model\":$model" "$scratch/flat" || die 1 "$url: the answer is not $MODEL's: $(excerpt)"; }

check_words() {
  grep -Eq '"(content|reasoning|reasoning_content)":"[^"]' "$scratch/flat" || die 1 "$url: the answer is empty: $(excerpt)"
}

main
