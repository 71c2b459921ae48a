# shellcheck shell=sh
# Functions that the tests share: repeat a request until the server answers or the time is over. This file is sourced,
# never run. It needs a POSIX shell, curl and the programs of busybox.





set -u

: "${TIMEOUT:=240}" "${PAUSE:=2}"


now() {
  { read -r uptime _ </proc/uptime; } 2>/dev/null || uptime=$(date +%s)
  echo "${uptime%.*}"
}

deadline=$(($(now) + TIMEOUT))
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 143' HUP INT TERM

say() { printf '%s\n' "$*"; }


die() {
  code=$1
  shift
  printf '%s\n' "$*" >&2
  exit "$code"
}



ask() {
  url=$1
  shift
  why="" logged=""
  while left=$((deadline - $(now))) && [ "$left" -gt 0 ]; do
    : >"$scratch/answer"
    status=$(curl --silent --show-error --noproxy '*' --connect-timeout 10 --max-time "$left" \
      --output "$scratch/answer" --write-out '%{http_code}' "$@" "$url" 2>"$scratch/error")
    case $?,$status in
      0,502 | 0,503 | 0,504) why="HTTP $status $(excerpt)" ;;
      0,*) return 0 ;;
      # curl's exit codes: no address, connection refused, timeout, no TLS, empty reply, cut before the first byte.
      [67],* | 28,* | 35,* | 52,000 | 56,000) why=$(sed 's/ after [0-9]* ms//' "$scratch/error") ;;
      *,000) die 1 "$url: the request failed: $(cat "$scratch/error")" ;;
      *) die 1 "$url: the connection broke during the answer: $(cat "$scratch/error")" ;;
    esac
    if [ "$why" != "$logged" ]; then say "$url: not ready yet: $why"; fi
    logged=$why
    sleep "$PAUSE"
  done
  die 2 "$url: no complete answer within $TIMEOUT seconds: ${why:-earlier requests used up the time}; check the" \
    "server's log (kubectl logs), or increase tests.timeoutSeconds"
}


excerpt() { tr -s '[:space:]' ' ' <"$scratch/answer" | cut -c 1-300; }
