# shellcheck shell=sh
# What the tests share: asking until there is an answer, or no time left. Sourced, never run; any POSIX shell, no other
# programs than curl and what busybox has.
#
# Environment
#   TIMEOUT  seconds that all questions together may take
#   PAUSE    seconds between two attempts to reach a server that is not up yet
# Exit codes: 0 all is well, 1 what came is wrong, 2 it did not come in time
set -u

: "${TIMEOUT:=240}" "${PAUSE:=2}"

deadline=$(($(date +%s) + TIMEOUT))
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 143' HUP INT TERM

say() { printf '%s\n' "$*"; }

# die CODE TEXT: one sentence that says what is wrong.
die() {
  code=$1
  shift
  printf '%s\n' "$*" >&2
  exit "$code"
}

# ask URL [ARGUMENT OF CURL…]: the HTTP status in $status, the answer in $scratch/answer.
# Whoever is not up yet is asked again: nobody there, or a proxy with nobody behind it.
ask() {
  url=$1
  shift
  why="" told=""
  while left=$((deadline - $(date +%s))) && [ "$left" -gt 0 ]; do
    : >"$scratch/answer"
    status=$(curl --silent --show-error --noproxy '*' --connect-timeout 10 --max-time "$left" \
      --output "$scratch/answer" --write-out '%{http_code}' "$@" "$url" 2>"$scratch/error")
    case $?,$status in
      0,502 | 0,503 | 0,504) why="HTTP $status $(excerpt)" ;;
      0,*) return 0 ;;
      # curl's own codes: no address, nobody there, too late, no TLS, nothing came, cut before anything came.
      [67],* | 28,* | 35,* | 52,000 | 56,000) why=$(sed 's/ after [0-9]* ms//' "$scratch/error") ;;
      *,000) die 1 "$url: cannot be asked: $(cat "$scratch/error")" ;;
      *) die 1 "$url: the answer broke off: $(cat "$scratch/error")" ;;
    esac
    if [ "$why" != "$told" ]; then say "$url: not yet: $why"; fi
    told=$why
    sleep "$PAUSE"
  done
  die 2 "$url: no whole answer within $TIMEOUT seconds: ${why:-other questions took them}; see what the server says" \
    "(kubectl logs), or raise tests.timeoutSeconds"
}

# excerpt: the beginning of the answer, on one line.
excerpt() { tr -s '[:space:]' ' ' <"$scratch/answer" | cut -c 1-300; }
