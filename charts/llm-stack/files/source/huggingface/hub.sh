# shellcheck shell=sh disable=SC2034,SC2154 # load.sh and what it sources set and read the other names
# Requests to a hub. Sourced by load.sh.

settings='' token=''


list() {
  case $HUB in
    huggingface) ask "$ENDPOINT/api/models/$repository/revision/$(encoded "$1")?blobs=true" || return ;;
    modelscope)
      ask "$ENDPOINT/api/v1/models/$repository/repo/files?Revision=$(encoded "$1")&Recursive=True" || return ;;
  esac
  HUB=$HUB read_with listing.awk "$scratch/answer" "$scratch/unsorted" ||
    strange "$(sed -n 's/^!//p' "$scratch/unsorted" | head -n 1 | cut -c 1-300)"
  LC_ALL=C sort -k 3 "$scratch/unsorted" >"$scratch/all" || full "$scratch"
  [ -s "$scratch/all" ] || die 66 "$repository@$revision contains no files; check $home/$repository"
}


listed() { printf 'sha256:%s\n' "$(sha256sum <"$scratch/all" | cut -d ' ' -f 1)"; }


ask() {
  into=$scratch most=$LISTING
  request --max-time 300 --output "$scratch/json" "$1" || return
  if ! read_with json.awk "$scratch/json" "$scratch/answer"; then
    message="the answer of $ENDPOINT is not JSON, or is incomplete"
    return 1
  fi
  # ModelScope can report a missing model with HTTP 200.
  status=$(awk -F '\t' '$1 == "Code" { print $2; exit }' "$scratch/answer")
  case $status in '' | 200) return ;; esac
  words=$(words_in "$scratch/answer")
  said=$words status=404
  refused
}


read_with() { within 120 bounded 100000000 env LC_ALL=C awk -f "$here/$1" "$2" >"$3" 2>/dev/null; }

words_in() { awk -F '\t' '$1 == "error" || $1 == "Message" { print substr($2, 1, 300); exit }' "$1"; }

strange() {
  check_scratch
  die 70 "$ENDPOINT $*, so it is not a hub of the kind ${HUB}; correct huggingface.hub or huggingface.endpoint"
}



request() {
  connect
  rm -f "$scratch/json"
  run_child bounded "$most" curl --config "$settings" "$@" >"$scratch/output" 2>"$scratch/error" </dev/null
  code=$? status='' where='' what='' words='' patience=''
  cut -c 1-1000 "$scratch/output" >"$scratch/seen"
  { read -r status && read -r where && read -r what && read -r words && read -r patience; } <"$scratch/seen"
  case $code in
    0 | 22 | 33) judge ;;
    1) die 65 "$ENDPOINT redirects to plain HTTP, which others on the network can read and change; to allow it, set" \
      "huggingface.plainHttp: true" ;;
    23 | 153)   # it cannot write, or is at its limit (128 and SIGXFSZ)
      if [ "$code" -eq 153 ] || [ "$(size_of "${file:-$scratch/json}")" -ge "$most" ]; then
        message="the answer is larger than $(human "$most")"
        return 1
      fi
      full "$into" ;;
    35) case $(curl_error) in
        *'wrong version number'* | *'packet length'* | *'record layer'*)
          die 65 "$ENDPOINT uses plain HTTP; use http:// in huggingface.endpoint and set huggingface.plainHttp: true" ;;
      esac
      message=$(curl_error)
      return 1 ;;
    60) die 65 "the certificate of $ENDPOINT, or of a server that it redirects to, is not trusted; set" \
      "huggingface.caConfigMap or huggingface.caSecret to the certificate of its authority ($(curl_error))" ;;
    *)
      message=$(curl_error)
      return 1 ;;
  esac
}

curl_error() { sed -e 's/^curl: ([0-9]*) //' "$scratch/error" | head -n 1 | cut -c 1-300; }



connect() {
  if [ -n "$settings" ]; then return; fi
  mask=$(umask)
  umask 077
  if [ -s "$TOKEN_FILE" ]; then token=yes secret=$(tr -d '\r\n' <"$TOKEN_FILE"); fi
  {
    printf '%s\n' silent show-error location globoff 'max-redirs = 10' 'connect-timeout = 30' \
      "speed-limit = $LEAST" "speed-time = $STALL" \
      'write-out = "%{http_code}\n%{url_effective}\n%header{x-error-code}\n%header{x-error-message}\n%header{retry-after}%header{ratelimit}\n"'
    if [ "$PLAIN_HTTP" = true ]; then echo 'proto = "=http,https"'; else echo 'proto = "=https"'; fi
    if [ -n "$token" ]; then
      printf 'header = "Authorization: Bearer %s"\n' "$(printf '%s\n' "$secret" | quoted)"
      # Some paths of ModelScope accept only this form.
      if [ "$HUB" = modelscope ]; then printf 'header = "Cookie: m_session_id=%s"\n' "$(printf '%s\n' "$secret" | quoted)"; fi
    fi
    if [ -d "$CA_DIR" ]; then
      own_certificates >"$scratch/ca.pem"
      printf 'cacert = "%s"\n' "$scratch/ca.pem"
    fi
  } >"$scratch/curl" || full "$scratch"
  umask "$mask"
  settings=$scratch/curl
}

quoted() { sed 's/[\\"]/\\&/g'; }


own_certificates() {
  cat "$CA_DIR"/*
  for bundle in "${CURL_CA_BUNDLE:-}" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem; do
    if [ -r "$bundle" ]; then echo; cat "$bundle"; break; fi
  done
}


judge() {
  if [ -z "$words" ] && [ -s "$scratch/json" ]; then
    read_with json.awk "$scratch/json" "$scratch/answer"
    words=$(words_in "$scratch/answer")
  fi
  said="HTTP $status${words:+, $words}"
  case $status in
    200 | 206) return 0 ;;
    429) pause_as_requested ;;
    408 | 416 | 5??) ;;
    *)
      case $where,$what in
        "$ENDPOINT"/*,* | *,?*) refused ;;
        *) said="$said, from the storage of the hub" ;;   # a signed URL that has expired
      esac ;;
  esac
  message="the hub answers: $said"
  return 1
}


pause_as_requested() {
  seconds=$(printf '%s\n' "$patience" | sed -n -e 's/^\([0-9]\{1,4\}\)$/\1/p' -e 's/.*;t=\([0-9]\{1,4\}\).*/\1/p')
  if [ "${seconds:-0}" -gt 0 ] && [ "$seconds" -le 600 ]; then
    say "$repository: the hub requests a pause of $seconds s"
    pause "$seconds"
  fi
}

refused() {
  case $what,$status,$token in
    GatedRepo,*,yes) die 65 "$repository is gated, and the account of this token has no access; request access or accept" \
      "the licence at $home/$repository ($said)" ;;
    GatedRepo,*) die 65 "$repository is gated; accept its licence at $home/$repository, and set" \
      "huggingface.existingSecret to a Secret with a token of that account ($said)" ;;
    RevisionNotFound,*) die 66 "$repository has no revision $revision; find one at $home/$repository, and set" \
      "model.tag ($said)" ;;
    *,401,yes) die 65 "the hub does not accept this token; put a valid token into the Secret huggingface.existingSecret," \
      "under huggingface.tokenKey ($said)" ;;
    *,40[134],yes) die 66 "$repository@$revision does not exist, or the account of this token has no access; check" \
      "$home/$repository ($said)" ;;
    *,40[134],) die 66 "$repository@$revision does not exist, or is private; check $home/$repository, and for a private" \
      "model set huggingface.existingSecret to a Secret with a token ($said)" ;;
    *) die 65 "$repository: the hub refuses the request, and another attempt cannot help ($said)" ;;
  esac
}


encoded() {
  TEXT=$1 KEEP=${2:-} LC_ALL=C awk 'BEGIN {
    for (i = 1; i < 256; i++) code[sprintf("%c", i)] = sprintf("%%%02X", i)
    text = ENVIRON["TEXT"]
    for (i = 1; i <= length(text); i++) {
      c = substr(text, i, 1)
      printf "%s", (c ~ /[A-Za-z0-9._~-]/ || c == ENVIRON["KEEP"] ? c : code[c])
    }
    print ""
  }'
}
