#!/bin/sh
# Sends a chat request to a server, first for a complete answer, then for a streamed one. If the model cannot chat, the
# script requests an embedding, and if it cannot embed either, the scores of documents.







. "${0%/*}/ask.sh"

: "${SERVER_URL:?}" "${MODEL:?}" "${API_KEY:=}" "${EMBEDS:=false}"

main() {
  # In a file, because other processes can read arguments.
  printf '%s' "${API_KEY:+Authorization: Bearer $API_KEY}" >"$scratch/key"
  model=$(printf '%s' "$MODEL" | sed -e 's/[\\"]/\\&/g' -e 's/.*/"&"/')
  say "requesting an answer of $MODEL from $SERVER_URL"
  if [ "$EMBEDS" = true ]; then
    embed
  else
    post /v1/chat/completions "$(question false)"
    if cannot_chat; then embed; else chat; fi
  fi
}


question() {
  printf '{"model":%s,"messages":[{"role":"user","content":"Say hello."}],"max_tokens":16,"temperature":0,"stream":%s}' \
    "$model" "$1"
}


post() {
  ask "$SERVER_URL$1" --header 'Content-Type: application/json' --header "@$scratch/key" --data "$2"
  sed 's/": */":/g' "$scratch/answer" >"$scratch/flat"
}


cannot_chat() {
  [ "$status" != 200 ] && grep -qi -e 'does not support chat' -e '"detail":"Not Found"' "$scratch/flat"
}

chat() {
  check_status
  check_model
  check_words
  say "the answer is: $(excerpt)"
  post /v1/chat/completions "$(question true)"
  check_status
  events=$(grep -c '^data: *{' "$scratch/flat")
  [ "$events" -ge 2 ] || die 1 "$url: the streamed answer has $events chunks instead of at least 2: $(excerpt)"
  grep -q '^data: *\[DONE\]' "$scratch/flat" || die 1 "$url: the stream ended without [DONE]: $(tail -n 3 "$scratch/flat")"
  check_model
  check_words
  say "the streamed answer has $events chunks"
}

embed() {
  say "$MODEL does not chat: requesting an embedding"
  post /v1/embeddings "{\"model\":$model,\"input\":\"hello\"}"
  if [ "$status" = 404 ]; then
    rank
    return
  fi
  check_status
  check_model
  grep -Eq '"embedding":\[ *-?[0-9]' "$scratch/flat" || die 1 "$url: the answer contains no embedding: $(excerpt)"
  say "the answer is an embedding"
}


rank() {
  say "$MODEL does not embed: requesting scores"
  post /v1/rerank "{\"model\":$model,\"query\":\"hello\",\"documents\":[\"hello\",\"goodbye\"]}"
  check_status
  check_model
  grep -Eq '"relevance_score":[ -]*[0-9]' "$scratch/flat" || die 1 "$url: the answer contains no score: $(excerpt)"
  say "the answer is scores"
}

check_status() { [ "$status" = 200 ] || die 1 "$url: HTTP $status instead of an answer of $MODEL: $(excerpt)"; }

check_model() {
  grep -qF "\"model\":$model" "$scratch/flat" || die 1 "$url: the answer is from another model than $MODEL: $(excerpt)"
}

check_words() {
  grep -Eq '"(content|reasoning|reasoning_content)":"[^"]' "$scratch/flat" || die 1 "$url: the answer is empty: $(excerpt)"
}

main
