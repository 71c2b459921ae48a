#!/bin/sh
# Brings ModelKits (KitOps) from an OCI registry into folders of TARGET. loader.sh and directory.sh beside this file say
# what all loaders share; what is said of kit was seen with kit 1.7, and read in the source of 1.16.
#
# Environment, beside that of directory.sh
#   LOGIN_DIR     a mounted Secret: .dockerconfigjson, or a user's name and password under USERNAME_KEY and PASSWORD_KEY
#   REGISTRY      the registry that this name and password are for
#   PLAIN_HTTP    true: the registry speaks http
#   CONCURRENCY   how many layers of a ModelKit are fetched at a time
#   KEEP_LAYERS   true: the layers stay beside what was unpacked, so that another version fetches only those that changed
#   COSIGN_KEY    a public key; or COSIGN_IDENTITY and COSIGN_ISSUER: whose signature a ModelKit must bear to be fetched
#   COSIGN_TLOG   false: signatures that stand in no transparency log
#
# Why it does not leave all to `kit unpack`: that does not check what comes over the wire, writes files under their final
# names, and is content with a filter that matches nothing. `kit pull` checks what it fetches and resumes, but believes
# any file in its store with a blob's name; a partial file that is corrupt fails every later pull; two pulls cannot share
# a store; and a store whose index was cut short is refused. So each model has a store of its own, which is put right
# before every pull.
# shellcheck source-path=SCRIPTDIR/../../../loader/files source=loader.sh
. "$(dirname "$0")/loader.sh"
# shellcheck source-path=SCRIPTDIR/../../../loader/files source=directory.sh
. "$(dirname "$0")/directory.sh"

: "${LOGIN_DIR:=}" "${REGISTRY:=}" "${USERNAME_KEY:=username}" "${PASSWORD_KEY:=password}"
: "${PLAIN_HTTP:=false}" "${CONCURRENCY:=5}" "${KEEP_LAYERS:=true}"
: "${COSIGN_KEY:=}" "${COSIGN_IDENTITY:=}" "${COSIGN_ISSUER:=}" "${COSIGN_TLOG:=true}"

plain='' store=''
if [ "$PLAIN_HTTP" = true ]; then plain=--plain-http; fi

prepare() {
  command -v kit >/dev/null || die 70 "there is no kit in this image; set images.modelkit to one that has it"
  if asks_for_signature && ! command -v cosign >/dev/null; then
    die 70 "there is no cosign in this image; set images.modelkitCosign to one that has both kit and cosign"
  fi
}

pinned() {
  case $1 in *@sha256:*) identity=${1#*@} ;; *) return 1 ;; esac
}

resolve() {
  run_kit "$scratch" inspect --remote "$1" || return
  identity=$(digest_said)
  [ -n "$identity" ] || { message="kit inspect names no digest: $(last_words)"; return 1; }
}

# digest_said: the digest of what kit has inspected.
digest_said() { sed -n 's/^  "digest": "\(sha256:[0-9a-f]*\)".*/\1/p' "$scratch/output"; }

fetch() {
  filters=$3 unpacked=$4 work=$5
  exact=$(repository_of "$1")@$2
  store=$work/kit storage=$work/kit/storage blobs=$work/kit/storage/blobs/sha256
  mkdir -p "$blobs" "$storage/ingest" 2>/dev/null || { check_writable "$work"; full "$TARGET"; }
  verify_signature "$exact" || return
  run_kit "$scratch" inspect --remote "$exact" || return
  plan
  put_right
  fetch_parents || return
  pass_over
  say "$reference: fetching $(human "$expected")"
  pull "$exact" || return
  rm -rf "$unpacked" && mkdir "$unpacked"
  set -f   # a filter is a word, never a pattern
  set -- "$exact"
  for filter in $filters; do set -- "$@" "--filter=$filter"; done
  set +f
  say "$reference: unpacking"
  run_kit "$unpacked" unpack -d "$unpacked" "$@" || return
  chmod -R u+rwX,a+rX "$unpacked"   # whoever packed them may have kept them to himself
  remove_stubs
  if [ "$KEEP_LAYERS" != true ] || [ -s "$scratch/builds-on" ]; then rm -rf "$store"; fi
}

# pull REFERENCE
pull() {
  run_kit "$work" pull --concurrency "$CONCURRENCY" "$1" && return
  case $message in
    *'hash does not match'*) if [ -s "$scratch/builds-on" ]; then rm -rf "$storage/ingest"; fi ;;
  esac
  return 1
}

# fetch_parents: the ModelKits that this one builds on, whole, and signed where that is asked for. kit brings them with
# it, but looks for them elsewhere when it unpacks, and then takes them from the registry as they come.
fetch_parents() {
  parent=$(cat "$scratch/builds-on")
  while [ -n "$parent" ]; do
    say "$reference: it builds on $parent; fetching that"
    wanted=$expected expected=0
    pull "$parent" && run_kit "$scratch" inspect "$parent" || return
    expected=$wanted
    signed=$(repository_of "$parent")@$(digest_said)
    parent=$(sed -n '/^    "model": {/,/^    }/s/^      "path": "\(.*[:@].*\)",\{0,1\}$/\1/p' "$scratch/output")
    verify_signature "$signed" || return
  done
}

# repository_of REFERENCE: without its tag and digest; a colon before a slash is a port's.
repository_of() {
  name=${1%%@*}
  case ${name##*/} in *:*) name=${name%:*} ;; esac
  printf '%s\n' "$name"
}

# --- What is in a ModelKit ------------------------------------------------------------------------------------------

# plan: of what `kit inspect` printed ($scratch/output), $scratch/wanted gets the blobs that the filters ask for with
# their sizes, $scratch/others those that only the manifest names, and $expected is the sum. kit prints Go's indented
# JSON, in which depth says what a line belongs to. A filter matches as kit's own does: a section of the Kitfile, and
# then, if it goes on, an entry's name or path.
plan() {
  awk -v filters="$filters" -v out="$scratch" '
    function value(line) {
      sub(/^[^:]*: "?/, "", line)
      sub(/"?,?$/, "", line)
      gsub(/\\u0026/, "\\&", line); gsub(/\\u003c/, "<", line); gsub(/\\u003e/, ">", line); gsub(/\\"/, "\"", line)
      return line
    }
    function among(item, list,    part, i) {
      for (i = split(list, part, ","); i; i--) if (part[i] == item) return 1
    }
    function entry(section, depth,    name, path, digest, f, colon, types, names) {
      name = is[depth, "name"]; path = is[depth, "path"]; digest = is[depth, "digest"]
      delete is[depth, "name"]; delete is[depth, "path"]; delete is[depth, "digest"]
      if (name path digest == "") return
      if (section == "model" && path ~ /[:@]/) print path >(out "/builds-on")
      has = has ", " section (name path == "" ? "" : ":" (name == "" ? path : name))
      if (!count) asked[digest] = 1
      for (f = 1; f <= count; f++) {
        colon = index(filter[f], ":")
        types = colon ? substr(filter[f], 1, colon - 1) : filter[f]
        names = colon ? substr(filter[f], colon + 1) : ""
        if (!among(tolower(section), types)) continue
        if (colon && !(name != "" && among(name, names)) && !(path != "" && among(path, names))) continue
        hit[f] = 1
        asked[digest] = 1
      }
      known[digest] = 1
    }
    BEGIN {
      count = split(filters, filter, " ")
      printf "" >(out "/wanted"); printf "" >(out "/others"); printf "" >(out "/builds-on"); printf "" >(out "/missed")
    }
    /^  "/ { split($0, part, "\""); top = part[2]; section = "" }
    top == "kitfile" {
      match($0, /^ */)
      depth = RLENGTH
      if (depth == 4 && /"/) { split($0, part, "\""); section = part[2]; below = ""; split("", is) }
      if (depth == 6 && /"/) { split($0, part, "\""); below = part[2] }
      if (/^ *"(name|path|digest)": "/) { split($0, part, "\""); is[depth, part[2]] = value($0) }
      if (section == "model" && depth == 4 && /^ *[}]/) { entry("model", 6); seen = 1 }
      if (section == "model" && below == "parts" && depth == 8 && /^ *[}]/) entry("model", 10)
      if (section !~ /^(model|package)$/ && depth == 6 && /^ *[}]/) { entry(section, 8); seen = 1 }
    }
    top == "manifest" && /^ *"digest": "sha256:/ { blob = value($0); sub(/^sha256:/, "", blob) }
    top == "manifest" && /^ *"size": [0-9]/ && blob != "" {
      size = value($0) + 0
      # What the Kitfile does not say, of old ModelKits and of its own, is fetched.
      if (known["sha256:" blob] && !asked["sha256:" blob]) print blob, size >(out "/others")
      else print blob, size >(out "/wanted")
      blob = ""
    }
    END {
      for (f = 1; f <= count; f++) if (seen && !hit[f] && !among("kitfile", filter[f])) print filter[f] >(out "/missed")
      print substr(has, 3) >(out "/has")
    }' "$scratch/output"
  if [ -s "$scratch/missed" ]; then
    die 66 "$reference: nothing in it is '$(head -n 1 "$scratch/missed")'; correct the filter, or the reference: its" \
      "Kitfile has $(cat "$scratch/has")"
  fi
  expected=$(awk '{ n += $2 } END { printf "%.0f", n }' "$scratch/wanted")
}

# --- kit's store ----------------------------------------------------------------------------------------------------
# storage/blobs/sha256/<hex> are blobs, storage/ingest/<hex> partial ones that the next pull goes on with. The indexes
# beside them say nothing that a pull does not write anew.

# put_right: leaves whole blobs and sound partial files of this ModelKit. Others go, for the room, unless it builds on
# another ModelKit, whose they may be.
put_right() {
  find "$storage" -maxdepth 1 -type f -exec rm -f {} +
  find "$blobs" "$storage/ingest" -type f >"$scratch/stored"
  if [ -s "$scratch/stored" ]; then say "$reference: checking the $(human "$(bytes_in "$storage")") that are here"; fi
  while read -r path <&3; do
    size=$(awk -v blob="${path##*/}" '$1 == blob { print $2; exit }' "$scratch/wanted")
    have=$(stat -c %s "$path")
    case $path:$size in
      */ingest/*:) if [ -s "$scratch/builds-on" ]; then continue; fi ;;
      *:) if [ -s "$scratch/builds-on" ] && sound "$path"; then continue; fi ;;
      */ingest/*:*)
        if [ "$have" -lt "$size" ]; then continue; fi
        if [ "$have" -eq "$size" ] && sound "$path"; then mv -f "$path" "$blobs/"; continue; fi ;;
      *) if [ "$have" -eq "$size" ] && sound "$path"; then continue; fi
        say "$reference: ${path##*/} is corrupt; removing it" ;;
    esac
    rm -f "$path"
  done 3<"$scratch/stored"
}

# sound BLOB: whether it is what its name says.
sound() {
  run_child sha256sum "$1" >"$scratch/sum" 2>/dev/null && read -r sum _ <"$scratch/sum" && [ "$sum" = "${1##*/}" ]
}

# pass_over: a pull takes every layer, but none that is there. So there is something in place of those that no filter
# asks for; should kit read one after all, it fails, since no archive looks like that.
pass_over() {
  while read -r blob _ <&3; do
    if ! [ -e "$blobs/$blob" ]; then echo "not fetched" >"$blobs/$blob" || full "$TARGET"; fi
  done 3<"$scratch/others"
}

remove_stubs() { while read -r blob _ <&3; do rm -f "$blobs/$blob"; done 3<"$scratch/others"; }

# missing_bytes: what a pull still has to bring, and after it, what is still packed.
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

# run_kit DIR COMMAND…: fails with $message set; ends the script where another attempt cannot help.
run_kit() {
  into=$1
  shift
  export KITOPS_HOME="${store:-$scratch/kit}"
  # Else every command asks the internet whether there is a newer kit.
  { mkdir -p "$KITOPS_HOME" && touch "$KITOPS_HOME/disable-update-notifications"; } 2>/dev/null || full "$TARGET"
  log_in
  message='' who=kit
  # shellcheck disable=SC2086 # nothing, or a flag
  run_watched "$into" kit "$@" $plain && return
  : "${message:=$(last_words)}"
  stop_if_definite
  return 1
}

# last_words: kit's own errors without their mark, else whatever it said last, on one line. Whatever fails in a question,
# kit calls it a reference that was not found.
last_words() {
  sed -n '/^\[ERROR\] / {
    s///
    s/^Error resolving modelkit: //
    s/^reference [^ ]* not found in repository: //
    p
  }' "$scratch/output" >"$scratch/words"
  if ! [ -s "$scratch/words" ]; then tail -n 2 "$scratch/output" >"$scratch/words"; fi
  tr -s '\n ' ' ' <"$scratch/words" | sed 's/ $//' | cut -c 1-400
}

# log_in: what was mounted becomes a docker configuration of this process's own, which kit and cosign read. `kit login`
# would write the password into the store, which lies with the models.
log_in() {
  export DOCKER_CONFIG="$scratch/docker"
  [ -d "$DOCKER_CONFIG" ] || (umask 077 && mkdir "$DOCKER_CONFIG") || full "${TMPDIR:-/tmp}"
  if [ -z "$LOGIN_DIR" ]; then return; fi
  if [ -r "$LOGIN_DIR/.dockerconfigjson" ]; then
    (umask 077 && cp "$LOGIN_DIR/.dockerconfigjson" "$DOCKER_CONFIG/config.json")
  elif [ -r "$LOGIN_DIR/$USERNAME_KEY" ] && [ -r "$LOGIN_DIR/$PASSWORD_KEY" ]; then
    auth=$(printf '%s:%s' "$(cat "$LOGIN_DIR/$USERNAME_KEY")" "$(cat "$LOGIN_DIR/$PASSWORD_KEY")" | base64 | tr -d '\n')
    case $REGISTRY in
      docker.io | index.docker.io | registry-1.docker.io) host=https://index.docker.io/v1/ ;;
      *) host=$REGISTRY ;;
    esac
    (umask 077 && printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$host" "$auth" >"$DOCKER_CONFIG/config.json")
  else
    die 65 "the Secret modelkit.existingSecret has neither .dockerconfigjson nor $USERNAME_KEY and $PASSWORD_KEY; give it" \
      "those keys, or name others with modelkit.usernameKey and modelkit.passwordKey"
  fi || full "${TMPDIR:-/tmp}"
}

asks_for_signature() { [ -n "$COSIGN_KEY$COSIGN_IDENTITY" ]; }

# verify_signature REFERENCE
verify_signature() {
  asks_for_signature || return 0
  signed=$1
  if [ -n "$COSIGN_KEY" ]; then set -- --key "$COSIGN_KEY" "$1"
  else set -- --certificate-identity "$COSIGN_IDENTITY" --certificate-oidc-issuer "$COSIGN_ISSUER" "$1"; fi
  if [ "$COSIGN_TLOG" != true ]; then set -- --private-infrastructure "$@"; fi
  if [ -n "$plain" ]; then set -- --allow-http-registry "$@"; fi
  log_in
  message='' who=cosign into=$scratch
  if run_watched "$scratch" cosign verify "$@"; then say "$signed: its signature is good"; return 0; fi
  : "${message:=$(sed -n 's/^Error: //p' "$scratch/output" | tail -n 1)}"
  : "${message:=$(last_words)}"
  case $message in
    *'no signatures found'* | *'no matching signatures'* | *'none of the expected identities'* | *'invalid signature'*)
      die 65 "$signed: it bears no signature that modelkit.cosign asks for; sign it, or correct the key or identity" \
        "(cosign: $message)" ;;
    *'loading public key'*)
      die 64 "the Secret modelkit.cosign.existingSecret has no public key under modelkit.cosign.key (cosign: $message)" ;;
    *'TUF remote'* | *Rekor*)
      spares="modelkit.cosign.transparencyLog: false"
      if [ -z "$COSIGN_KEY" ]; then spares="only a signature by a key"; fi
      message="sigstore cannot be asked, which $spares spares: $message" ;;
  esac
  stop_if_definite
  return 1
}

stop_if_definite() {
  case $message in
    *'no space left'* | *'quota exceeded'*) full "$TARGET" "$(missing_bytes 2>/dev/null)" ;;
    *'permission denied'* | *'read-only file system'*) check_writable "$TARGET" "${work:-$TARGET}" "${unpacked:-$TARGET}" ;;
    *'Could not find modelkit'* | *': not found'* | *'manifest unknown'* | *'name unknown'*)
      die 66 "no such ModelKit: $reference; look for its name and tag in the registry ($who: $message)" ;;
    *'does not refer to a model'* | *'not a modelkit'* | *'not a ModelKit'* | *'not an image manifest'*)
      die 66 "$reference is there, but is no ModelKit; correct the reference ($who: $message)" ;;
    *'credential not found'*)
      die 65 "$reference: its registry wants credentials; set modelkit.registry, and modelkit.existingSecret to a Secret" \
        "that has them ($who: $message)" ;;
    *'status code 40'[13]* | *UNAUTHORIZED:* | *DENIED:* | *'resolve credential'* | *'decode config file'*)
      die 65 "$reference: its registry refuses the credentials given; correct the Secret modelkit.existingSecret, or let" \
        "its user read there ($who: $message)" ;;
    *'TLS handshake'* | *'HTTP response to HTTPS client'*)
      die 65 "$reference: its registry speaks plain http; set modelkit.plainHttp: true if that is meant to be so ($who:" \
        "$message)" ;;
    *x509:*)
      die 65 "$reference: nobody vouches for its registry's certificate; set modelkit.caSecret or modelkit.caConfigMap" \
        "($who: $message)" ;;
    *'status code 400'*)
      die 65 "$reference: its registry does not understand the question; set modelkit.plainHttp: false if it speaks https" \
        "($who: $message)" ;;
    *'Invalid arguments'*) die 64 "$reference: kit does not take that: $message" ;;
  esac
}

bring_models
