# shellcheck shell=sh disable=SC2034,SC2154 # load.sh and what it sources set and read the other names
# Requests with curl to the server of a source. Sourced by load.sh, which sets ENDPOINT, PLAIN_HTTP, CA_DIR and
#   block, image, party   the block of values with the source's settings, its entry of images, the name of its server
#   headers        three lines of curl's --write-out, which request reads as $what, $words and $patience
#   sign_in        prints lines of curl's configuration: the credentials
#   judge          interprets an answer by $status: succeeds, fails with $message set, or exits

settings=''
: "${LISTING:=20000000}"   # bytes: the largest response that lists files

# check_settings EXAMPLE: the endpoint is a URL, and there is a curl.
check_settings() {
  command -v curl >/dev/null || die 70 "this image does not contain curl; set images.$image to one that does"
  case $ENDPOINT,$PLAIN_HTTP in
    https://?*,* | http://?*,true) ;;
    http://*) die 64 "$ENDPOINT uses plain HTTP, which others on the network can read and change; to allow it, set" \
      "$block.plainHttp: true" ;;
    *) die 64 "$block.endpoint: '$ENDPOINT' is not a URL; use one such as $1" ;;
  esac
}

# read_with PROGRAM FILE OUTPUT: run an awk program on data of a server, with limits on its time and its output.
read_with() {
  within 120 bounded 100000000 env LC_ALL=C awk -f "$here/$1" "$2" >"$3" 2>/dev/null && return
  not_killed "$ended"
  return 1
}

# request ARGUMENT OF CURL…: fail with $message set if another attempt can help, and exit if none can. A file of more
# than $most bytes is refused.
request() {
  connect
  rm -f "$scratch/json"
  run_child bounded "$most" curl --config "$settings" "$@" >"$scratch/output" 2>"$scratch/error" </dev/null
  code=$? status='' where='' what='' words='' patience=''
  cut -c 1-20000 "$scratch/output" >"$scratch/seen" || lost || return
  { read -r status && read -r where && read -r what && read -r words && read -r patience; } <"$scratch/seen"
  case $code,$status in
    0,[0-9][0-9][0-9] | 22,[0-9][0-9][0-9] | 33,[0-9][0-9][0-9])
      judge
      return ;;
    0,* | 22,* | 33,*)
      lost
      return ;;
  esac
  case $code in
    137) lost ;;
    1) case $(curl_error) in
        *HTTP/0.9*) message="the answer of $ENDPOINT is not HTTP"; return 1 ;;
      esac
      die 65 "$ENDPOINT redirects to plain HTTP, which others on the network can read and change; to allow it, set" \
      "$block.plainHttp: true" ;;
    23 | 153)   # it cannot write, or is at its limit (128 and SIGXFSZ)
      if [ "$code" -eq 153 ] || [ "$(size_of "${file:-$scratch/json}")" -ge "$most" ]; then
        message="the answer is larger than $(human "$most")"
        return 1
      fi
      full "$into" '' ;;   # curl says that it could not write: it was not killed
    35) case $(curl_error) in
        *'wrong version number'* | *'packet length'* | *'record layer'*)
          die 65 "$ENDPOINT uses plain HTTP; use http:// in $block.endpoint and set $block.plainHttp: true" ;;
      esac
      message=$(curl_error)
      return 1 ;;
    60) die 65 "the certificate of $ENDPOINT, or of a server that it redirects to, is not trusted; set" \
      "$block.caConfigMap or $block.caSecret to the certificate of its authority ($(curl_error))" ;;
    *)
      message=$(curl_error)
      return 1 ;;
  esac
}

curl_error() { beginning "$(sed -e 's/^curl: ([0-9]*) //' "$scratch/error" | head -n 1 | cut -c 1-20000)"; }

# connect: create $settings, a configuration file for curl. It contains the credentials, because other processes can
# read arguments.
connect() {
  if [ -n "$settings" ]; then return; fi
  mask=$(umask)
  umask 077
  {
    printf '%s\n' silent show-error globoff 'connect-timeout = 30' "speed-limit = $LEAST" "speed-time = $STALL" \
      "write-out = \"%{http_code}\\n%{url_effective}\\n$headers\\n\""
    if [ "$PLAIN_HTTP" = true ]; then echo 'proto = "=http,https"'; else echo 'proto = "=https"'; fi
    sign_in
    if [ -d "$CA_DIR" ]; then
      own_certificates >"$scratch/ca.pem" || full "$scratch"
      printf 'cacert = "%s"\n' "$scratch/ca.pem"
    fi
  } >"$scratch/curl" || full "$scratch"
  umask "$mask"
  settings=$scratch/curl
}

# quote TEXT: set $quoted to it as it is between quotes in curl's configuration.
quote() { quoted=$(printf '%s\n' "$1" | sed 's/[\\"]/\\&/g') || die 70 "$killed"; }

# secret_in FILE: set $secret to its text without line breaks.
secret_in() { secret=$(tr -d '\r\n' <"$1") || die 70 "$killed"; }

# own_certificates: the given ones and those of the image, because a mirror can redirect to a public storage.
own_certificates() {
  for bundle in "$CA_DIR"/*; do if [ -f "$bundle" ] && [ -r "$bundle" ]; then cat "$bundle" || return; fi; done
  for bundle in "${CURL_CA_BUNDLE:-}" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem; do
    if ! [ -r "$bundle" ]; then continue; fi
    echo && cat "$bundle"
    return
  done
}

# pause_as_requested: Retry-After: 30, or RateLimit: "api";r=0;t=30.
pause_as_requested() {
  seconds=$(printf '%s\n' "$patience" | sed -n -e 's/^\([0-9]\{1,4\}\)$/\1/p' -e 's/.*;t=\([0-9]\{1,4\}\).*/\1/p')
  if [ "${seconds:-0}" -gt 0 ] && [ "$seconds" -le 600 ]; then
    say "$reference: $party requests a pause of $seconds s"
    pause "$seconds"
  fi
}

# encode TEXT [/]: set $encoded to it, percent-encoded for a URL with the exception of the given character.
encode() {
  encoded=$(TEXT=$1 KEEP=${2:-} LC_ALL=C awk 'BEGIN {
    for (i = 1; i < 256; i++) code[sprintf("%c", i)] = sprintf("%%%02X", i)
    text = ENVIRON["TEXT"]
    for (i = 1; i <= length(text); i++) {
      c = substr(text, i, 1)
      printf "%s", (c ~ /[A-Za-z0-9._~-]/ || c == ENVIRON["KEEP"] ? c : code[c])
    }
    print ""
  }') || lost
}
