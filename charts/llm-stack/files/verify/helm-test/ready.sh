#!/bin/sh
# Checks that a server that does not chat is ready. If the server has no path for that, checks that it listens.





. "${0%/*}/ask.sh"

: "${SERVER_URL:?}" "${PATHS:=}"

main() {
  if [ -z "$PATHS" ]; then listens; fi
  for path in $PATHS; do ready "$path"; done
}

ready() {
  say "requesting $SERVER_URL$1"
  ask "$SERVER_URL$1"
  # The same rule as for Kubernetes' HTTP probes.
  case $status in
    2?? | 3??) say "the server is ready" ;;
    *) die 1 "$url: the server is not ready: HTTP $status: $(excerpt)" ;;
  esac
}


listens() {
  say "checking that $SERVER_URL listens"
  until [ "$(connections)" -gt 0 ]; do
    [ "$(now)" -lt "$deadline" ] ||
      die 2 "$SERVER_URL: no connection within $TIMEOUT seconds; check the server's log (kubectl logs)"
    sleep "$PAUSE"
  done
  say "the server listens"
}

connections() {
  curl --silent --noproxy '*' --connect-timeout 10 --max-time 10 --output "$scratch/answer" \
    --write-out '%{num_connects}' "$SERVER_URL" 2>"$scratch/error"
}

main
