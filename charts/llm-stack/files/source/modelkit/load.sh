#!/bin/sh
# Downloads ModelKits (KitOps) from an OCI registry to folders of TARGET. loader.sh and directory.sh describe what all
# loaders share. The statements on kit are from kit 1.7, and from the source of 1.16.


















. "${0%/*}/loader.sh"
# shellcheck source-path=SCRIPTDIR/../../../loader/files source=directory.sh
. "${0%/*}/directory.sh"

: "${LOGIN_DIR:=}" "${REGISTRY:=}" "${USERNAME_KEY:=username}" "${PASSWORD_KEY:=password}"
: "${PLAIN_HTTP:=false}" "${CONCURRENCY:=5}" "${KEEP_LAYERS:=true}" "${EXPANSION:=10}" "${MOST_FILES:=100000}"
: "${SPARE:=100000000}"   # bytes that any ModelKit may have more, because text in small layers can be packed very well
: "${COSIGN_KEY:=}" "${COSIGN_IDENTITY:=}" "${COSIGN_ISSUER:=}" "${COSIGN_TLOG:=true}"

store='' plain_http=''
if [ "$PLAIN_HTTP" = true ]; then plain_http=--plain-http; fi

requires_signature() { [ -n "$COSIGN_KEY$COSIGN_IDENTITY" ]; }

# A version that was downloaded without this condition, or with another one, is another version.
if requires_signature; then
  terms=''
  if [ -r "$COSIGN_KEY" ]; then terms=$(cat "$COSIGN_KEY" && echo .) || die 70 "$killed"; fi
  terms=$(printf '%s%s\n' "${terms%.}" "$COSIGN_KEY $COSIGN_IDENTITY $COSIGN_ISSUER $COSIGN_TLOG" | sha256sum) ||
    die 70 "$killed"
  terms="signed $terms"
fi

prepare() {
  command -v kit >/dev/null || die 70 "this image does not contain kit; set images.modelkit to one that does"
  if requires_signature && ! command -v cosign >/dev/null; then
    die 70 "this image does not contain cosign; set images.modelkitCosign to one with both kit and cosign"
  fi
}

pinned() {
  case $1 in *@sha256:*) identity=${1#*@} ;; *) return 1 ;; esac
}

resolve() {
  run_kit "$scratch" inspect --remote "$1" || return
  identity=$(digest_said) || lost || return
  [ -n "$identity" ] || { message="kit inspect prints no digest: $(last_words)"; return 1; }
}


digest_said() { sed -n 's/^  "digest": "\(sha256:[0-9a-f]*\)".*/\1/p' "$scratch/output"; }

fetch() {
  filters=$3 unpacked=$4 work=$5
  exact=$(repository_of "$1")@$2
  store=$work/kit storage=$work/kit/storage blobs=$work/kit/storage/blobs/sha256
  own_dir "$blobs" "$storage/ingest"
  verify_signature "$exact" || return
  run_kit "$scratch" inspect --remote "$exact" || return
  said=$(digest_said) || lost || return
  [ "$said" = "$2" ] || { message="the registry returns another ModelKit than $2"; return 1; }
  plan
  put_right || return
  fetch_parents || return
  pass_over
  say "$reference: downloading $(human "$expected")"
  pull "$exact" || return
  check_layers || return
  { rm -rf "$unpacked" && mkdir "$unpacked"; } || full "$TARGET"
  set -f   # a filter is a word, not a pattern
  set -- "$exact"
  for filter in $filters; do set -- "$@" "--filter=$filter"; done
  set +f
  say "$reference: unpacking"
  # A compressed layer can contain a thousand times its size, and the volume is shared.
  { find "$blobs" -type f -exec stat -c %s {} + >"$scratch/sizes" &&
    packed=$(awk '{ n += $1 } END { printf "%.0f", n }' "$scratch/sizes"); } || lost || return
  most=$((packed * EXPANSION + SPARE)) most_files=$MOST_FILES
  run_kit "$unpacked" unpack -d "$unpacked" "$@" || { too_large; return 1; }
  most='' most_files=''
  # The packed files can be readable by their owner only. Not every volume has modes.
  chmod -R u+rwX,a+rX "$unpacked"
  not_killed $?
  remove_stubs
  if [ "$KEEP_LAYERS" != true ] || [ -s "$scratch/builds-on" ]; then rm -rf "$store"; fi
}


too_large() {
  if too_many "$unpacked"; then
    rm -rf "$unpacked"
    die 66 "$reference: it has more than $most_files files and directories, and the volume has only so many for all; if" \
      "that is intended, increase modelkit.maxFiles"
  fi
  if exceeds "$(bytes_in "$unpacked")"; then
    rm -rf "$unpacked"
    die 66 "$reference: it is larger than $(human "$most") when it is unpacked, which is more than $EXPANSION times its" \
      "layers ($(human "$packed")); if that is intended, increase modelkit.maxExpansion"
  fi
  most='' most_files=''
}



check_layers() {
  manifest=$blobs/${identity#sha256:}
  plain "$manifest" && sound "$manifest"
  case $? in
    0) ;;
    1) message="kit reports success, but the manifest is missing"; return 1 ;;
    *) return 1 ;;
  esac
  { grep -o 'sha256:[0-9a-f]*' "$manifest" >"$scratch/all" && sort -u "$scratch/all" >"$scratch/named"; } || lost || return
  sed 's/^\([0-9a-f]*\) .*/sha256:\1/' "$scratch/wanted" "$scratch/others" >"$scratch/all" || lost || return
  sort -u "$scratch/all" >"$scratch/planned" || lost || return
  cmp -s "$scratch/named" "$scratch/planned" || { message="the registry returns different manifests"; return 1; }
  while read -r blob size <&3; do
    if plain "$blobs/$blob" && [ "$(stat -c %s "$blobs/$blob")" = "$size" ]; then continue; fi
    message="kit reports success, but the layer $blob is missing or incomplete"
    return 1
  done 3<"$scratch/wanted"
}


pull() {
  run_kit "$work" pull --concurrency "$CONCURRENCY" "$1" && return
  case $message in
    *'hash does not match'*) if [ -s "$scratch/builds-on" ]; then rm -rf "$storage/ingest"; fi ;;
  esac
  return 1
}



fetch_parents() {
  parent=$(cat "$scratch/builds-on") || lost || return
  while [ -n "$parent" ]; do
    say "$reference: it refers to $parent; downloading that"
    wanted=$expected expected=0
    pull "$parent" && run_kit "$scratch" inspect "$parent" || return
    expected=$wanted
    said=$(digest_said) || lost || return
    signed=$(repository_of "$parent")@$said
    parent=$(sed -n '/^    "model": {/,/^    }/s/^      "path": "\(.*[:@].*\)",\{0,1\}$/\1/p' "$scratch/output") || lost || return
    verify_signature "$signed" || return
  done
}


repository_of() {
  name=${1%%@*}
  case ${name##*/} in *:*) name=${name%:*} ;; esac
  printf '%s\n' "$name"
}

# --- The content of a ModelKit --------------------------------------------------------------------------------------




plan() {
  FILTERS=$filters within 120 bounded 100000000 env OUT="$scratch" LC_ALL=C awk -f "${0%/*}/modelkit.awk" "$scratch/output" ||
    { not_killed "$ended"; die 70 "$reference: the output of kit inspect cannot be read"; }
  if [ -s "$scratch/missed" ]; then
    die 66 "$reference: nothing in it matches '$(head -n 1 "$scratch/missed")'; correct the filter or the reference. Its" \
      "Kitfile contains $(cut -c 1-1000 "$scratch/has")"
  fi
  expected=$(awk '{ n += $2 } END { printf "%.0f", n }' "$scratch/wanted") || die 70 "$killed"
}

# --- kit's store ----------------------------------------------------------------------------------------------------
# storage/blobs/sha256/<hex> are blobs, storage/ingest/<hex> partial ones that the next pull resumes. The index files
# next to them are written again by each pull.



put_right() {
  { find "$storage" -maxdepth 1 -type f -exec rm -f {} + && find "$blobs" "$storage/ingest" -type f >"$scratch/stored"; } ||
    lost || return
  if [ -s "$scratch/stored" ]; then say "$reference: verifying $(human "$(bytes_in "$storage")") from before"; fi
  while read -r path <&3; do
    { size=$(BLOB=${path##*/} awk '$1 == ENVIRON["BLOB"] { print $2; exit }' "$scratch/wanted") && have=$(stat -c %s "$path"); } ||
      lost || return
    case $path:$size in
      */ingest/*:) if [ -s "$scratch/builds-on" ]; then continue; fi ;;
      *:)
        if [ -s "$scratch/builds-on" ]; then
          sound "$path" && continue
          [ $? -eq 1 ] || return
        fi ;;
      */ingest/*:*)
        if [ "$have" -lt "$size" ]; then continue; fi
        if [ "$have" -eq "$size" ]; then
          sound "$path" && { mv -f "$path" "$blobs/" || full "$TARGET"; } && continue
          [ $? -eq 1 ] || return
        fi ;;
      *)
        if [ "$have" -eq "$size" ]; then
          sound "$path" && continue
          [ $? -eq 1 ] || return
        fi
        say "$reference: ${path##*/} is corrupt; removing it" ;;
    esac
    rm -f "$path"
  done 3<"$scratch/stored"
}



fate_of() {
  case $1 in
    */*.part/*) fate=drop ;;
    */work/kit/storage/ingest/*) ;;
    *) fate=move ;;
  esac
}


sound() {
  sum_of sha256sum "$1" || return 2
  [ "$sum" = "${1##*/}" ]
}



pass_over() {
  while read -r blob _ <&3; do
    if ! [ -e "$blobs/$blob" ]; then echo "not downloaded" >"$blobs/$blob" || full "$TARGET"; fi
  done 3<"$scratch/others"
}

remove_stubs() { while read -r blob _ <&3; do rm -f "$blobs/$blob"; done 3<"$scratch/others"; }


missing_bytes() {
  if [ "$into" = "${unpacked:-}" ]; then
    packed=$((expected - $(bytes_in "$unpacked")))
    if [ "$packed" -gt 0 ]; then echo "$packed"; fi
    return
  fi
  while read -r blob size <&3; do
    for path in "$blobs/$blob" "$storage/ingest/$blob"; do
      have=$(stat -c %s "$path" 2>/dev/null) && size=$((size - have))
    done
    echo "$size"
  done 3<"$scratch/wanted" | awk '$1 > 0 { n += $1 } END { printf "%.0f", n }'
}

# --- kit, cosign ----------------------------------------------------------------------------------------------------


run_kit() {
  into=$1
  shift
  export KITOPS_HOME="${store:-$scratch/kit}"
  # Without this file, every command checks for a newer version of kit on the internet.
  { mkdir -p "$KITOPS_HOME" && touch "$KITOPS_HOME/disable-update-notifications"; } 2>/dev/null || full "$TARGET"
  log_in
  message='' who=kit
  # shellcheck disable=SC2086 # nothing, or a flag
  set -- kit "$@" $plain_http
  if [ -n "$most" ]; then set -- bounded "$most" "$@"; fi
  run_watched "$into" "$@" && return
  : "${message:=$(last_words)}"
  stop_if_definite
  return 1
}



last_words() {
  sed -n '/^\[ERROR\] / {
    s///
    s/^Error resolving modelkit: //
    s/^reference [^ ]* not found in repository: //
    p
  }' "$scratch/output" >"$scratch/words"
  if ! [ -s "$scratch/words" ]; then tail -n 2 "$scratch/output" >"$scratch/words"; fi
  beginning "$(head -c 20000 "$scratch/words" | tr -s '\n ' ' ' | sed 's/ $//')" 400
}



log_in() {
  export DOCKER_CONFIG="$scratch/docker"
  [ -d "$DOCKER_CONFIG" ] || (umask 077 && mkdir "$DOCKER_CONFIG") || full "$scratch"
  if [ -z "$LOGIN_DIR" ]; then return; fi
  if [ -r "$LOGIN_DIR/.dockerconfigjson" ]; then
    hide_login "$LOGIN_DIR/.dockerconfigjson"
    (umask 077 && cp "$LOGIN_DIR/.dockerconfigjson" "$DOCKER_CONFIG/config.json")
  elif [ -r "$LOGIN_DIR/$USERNAME_KEY" ] && [ -r "$LOGIN_DIR/$PASSWORD_KEY" ]; then
    { secret=$(cat "$LOGIN_DIR/$PASSWORD_KEY") && user=$(cat "$LOGIN_DIR/$USERNAME_KEY") &&
      pair=$(base64_of "$user:$secret") && bare=$(printf '%s' "$secret" | tr -d '\r\n'); } || die 70 "$killed"
    hide "$bare
$pair"
    case $REGISTRY in
      docker.io | index.docker.io | registry-1.docker.io) host=https://index.docker.io/v1/ ;;
      *) host=$REGISTRY ;;
    esac
    (umask 077 && printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$host" "$pair" >"$DOCKER_CONFIG/config.json")
  else
    die 65 "the Secret modelkit.existingSecret has neither .dockerconfigjson nor $USERNAME_KEY and $PASSWORD_KEY; add" \
      "those keys, or set modelkit.usernameKey and modelkit.passwordKey to the keys that it has"
  fi || full "$scratch"
}


hide_login() {
  { strings_of "$1" auth >"$scratch/auths" && strings_of "$1" password >"$scratch/passwords" &&
    strings_of "$1" username >"$scratch/users" && others=$(strings_of "$1" 'password|identitytoken|registrytoken'); } ||
    die 70 "$killed"
  hide "$others"
  while IFS= read -r each <&3; do
    pair=$(printf '%s' "$each" | base64 -d 2>/dev/null) || not_killed $?
    hide "$each
$pair
${pair#*:}"
  done 3<"$scratch/auths"
  while IFS= read -r user <&3; do
    while IFS= read -r each <&4; do
      pair=$(base64_of "$user:$each") || die 70 "$killed"
      hide "$pair"
    done 4<"$scratch/passwords"
  done 3<"$scratch/users"
  rm -f "$scratch/auths" "$scratch/passwords" "$scratch/users"
}


strings_of() {
  KEYS=$2 LC_ALL=C awk "$unescape"'
    { text = text $0 }
    END {
      gsub(/\r/, "", text)
      form = "\"(" ENVIRON["KEYS"] ")\"[ \t]*:[ \t]*\"([^\"\\\\]|\\\\.)*\""
      while (match(tolower(text), form)) {
        value = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        sub(/^"[A-Za-z]*"[ \t]*:[ \t]*"/, "", value)
        sub(/"$/, "", value)
        value = unescape(value)
        gsub(/\\/, "", value)
        print value
      }
    }' "$1"
}


verify_signature() {
  requires_signature || return 0
  signed=$1
  if [ -n "$COSIGN_KEY" ]; then set -- --key "$COSIGN_KEY" "$1"
  else set -- --certificate-identity "$COSIGN_IDENTITY" --certificate-oidc-issuer "$COSIGN_ISSUER" "$1"; fi
  if [ "$COSIGN_TLOG" != true ]; then set -- --private-infrastructure "$@"; fi
  if [ -n "$plain_http" ]; then set -- --allow-http-registry "$@"; fi
  log_in
  message='' who=cosign into=$scratch
  if run_watched "$scratch" cosign verify "$@"; then say "$signed: its signature is valid"; return 0; fi
  : "${message:=$(sed -n 's/^Error: //p' "$scratch/output" | tail -n 1)}"
  : "${message:=$(last_words)}"
  case $message in
    *'no signatures found'* | *'no matching signatures'* | *'none of the expected identities'* | *'invalid signature'*)
      die 65 "$signed: it has no signature that modelkit.cosign requires; sign it, or correct the key or identity" \
        "(cosign: $message)" ;;
    *'loading public key'*)
      die 64 "the Secret modelkit.cosign.existingSecret has no public key under modelkit.cosign.key (cosign: $message)" ;;
    *'TUF remote'* | *Rekor*)
      way="set modelkit.cosign.transparencyLog: false to do without it"
      if [ -z "$COSIGN_KEY" ]; then way="a signature by a key can do without it"; fi
      message="sigstore's servers do not answer; $way: $message" ;;
  esac
  stop_if_definite
  return 1
}

stop_if_definite() {
  case $message in
    *'no space left'* | *'quota exceeded'*) full "$TARGET" "$(missing_bytes 2>/dev/null)" ;;
    *'permission denied'* | *'read-only file system'*) check_writable "$TARGET" "${work:-$TARGET}" "${unpacked:-$TARGET}" ;;
    *'Could not find modelkit'* | *': not found'* | *'manifest unknown'* | *'name unknown'*)
      die 66 "$reference does not exist; check its name and tag in the registry ($who: $message)" ;;
    *'does not refer to a model'* | *'not a modelkit'* | *'not a ModelKit'* | *'not an image manifest'*)
      die 66 "$reference exists, but is not a ModelKit; correct the reference ($who: $message)" ;;
    *'credential not found'*)
      die 65 "$reference: the registry requires credentials; set modelkit.registry, and set modelkit.existingSecret to a" \
        "Secret with the credentials ($who: $message)" ;;
    *'status code 40'[13]* | *UNAUTHORIZED:* | *DENIED:* | *'resolve credential'* | *'decode config file'*)
      die 65 "$reference: the registry refuses the credentials; correct the Secret modelkit.existingSecret, or allow its" \
        "user to read this repository ($who: $message)" ;;
    *'TLS handshake'* | *'HTTP response to HTTPS client'*)
      die 65 "$reference: the registry uses plain HTTP; to allow that, set modelkit.plainHttp: true ($who: $message)" ;;
    *x509:*)
      die 65 "$reference: the certificate of the registry is not trusted; set modelkit.caSecret or modelkit.caConfigMap to" \
        "the certificate of its authority ($who: $message)" ;;
    *'status code 400'*)
      die 65 "$reference: the registry refuses the request; if it uses HTTPS, set modelkit.plainHttp: false" \
        "($who: $message)" ;;
    *'Invalid arguments'*) die 64 "$reference: kit does not accept the reference or the filter: $message" ;;
  esac
}

bring_models
