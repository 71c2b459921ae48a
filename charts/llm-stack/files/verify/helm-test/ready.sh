#!/bin/sh
# Asks a server that does not chat whether it is ready; where it has no path for that, whether it listens.
#
# Environment, beside that of ask.sh
#   SERVER_URL  where the server listens, without a path
#   PATHS       what answers once its models can be asked, parted by blanks
# shellcheck source-path=SCRIPTDIR source=ask.sh
. "$(dirname "$0")/ask.sh"

: "${SERVER_URL:?}" "${PATHS:=}"

main() {
  if [ -z "$PATHS" ]; then listens; fi
  for path in $PATHS; do ready "$path"; done
}

ready() {
  say "asking $SERVER_URL$1"
  ask "$SERVER_URL$1"
  # As Kubernetes' own probes see it.
  case $status in
    2?? | 3??) say "it is ready" ;;
    *) die 1 "$url: HTTP $status, so it is not ready: $(excerpt)" ;;
  esac
}

# listens: whatever it speaks; a connection that comes about is all that can be told.
listens() {
  say "asking whether $SERVER_URL listens"
  until [ "$(connections)" -gt 0 ]; do
    [ "$(date +%s)" -lt "$deadline" ] ||
      die 2 "$SERVER_URL: nobody listens within $TIMEOUT seconds; see what the server says (kubectl logs)"
    sleep "$PAUSE"
  done
  say "it listens"
}

connections() {
  curl --silent --noproxy '*' --connect-timeout 10 --max-time 10 --output "$scratch/answer" \
    --write-out '%{num_connects}' "$SERVER_URL" 2>"$scratch/error"
}

main
