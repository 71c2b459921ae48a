#!/bin/sh
# Brings models from the Hugging Face hub, a mirror of it, or ModelScope: of each, the files of one revision that its
# filters let through, side by side, resumed where they stopped, verified, and none that an earlier version has already.
# loader.sh and directory.sh beside this file say what all loaders share. Beside the shell it takes curl and awk.
#
# A reference is organisation/name@revision: a branch, a tag or a whole commit; without one, the hub's own branch. Filters
# are patterns as the hub's own programs have them, in which * stands for anything, slashes too: *.safetensors, onnx/ for
# all in a folder, and !original/* for what is left out.
#
# Environment, beside that of directory.sh
#   HUB          huggingface or modelscope: how it is asked
#   ENDPOINT     where, https://…; empty means that hub's own address
#   PLAIN_HTTP   true: plain http is believed
#   TOKEN_FILE   a file that holds the token; where it is absent, nobody's. ENDPOINT alone gets to see it
#   CA_DIR       certificates that are believed beside the image's own
#   CONCURRENCY  how many files of a model are brought at a time
#   PIECE        bytes asked for at a time
# In WORK
#   <sum>           a file, as far as it has come
#   <version>.sums  sum and path of each file of a version
# A sum is sha256-<hex> or, for what does not lie in LFS, git-<hex>, the name that git gives a blob.
# shellcheck source-path=SCRIPTDIR/../../../loader/files source=loader.sh
here=$(dirname "$0")
. "$here/loader.sh"
# shellcheck source=directory.sh
. "$here/directory.sh"

: "${HUB:=huggingface}" "${ENDPOINT:=}" "${PLAIN_HTTP:=false}" "${CONCURRENCY:=4}"
: "${TOKEN_FILE:=/opt/credentials/token}" "${CA_DIR:=/opt/ca}"
# What stands before the hub's storage sends no more than 50 GB in one answer (MAX_HTTP_DOWNLOAD_SIZE of huggingface_hub).
: "${PIECE:=40000000000}"

settings='' token=''

case $HUB in
  huggingface) : "${ENDPOINT:=https://huggingface.co}" ; home=https://huggingface.co trunk=main ;;
  modelscope) : "${ENDPOINT:=https://www.modelscope.cn}" ; home=https://www.modelscope.cn/models trunk=master ;;
  *) die 64 "HUB is huggingface or modelscope, not '$HUB'" ;;
esac
ENDPOINT=${ENDPOINT%/}

prepare() {
  command -v curl >/dev/null || die 70 "there is no curl in this image; set images.huggingface to one that has it"
  case $ENDPOINT,$PLAIN_HTTP in
    https://?*,* | http://?*,true) ;;
    http://*) die 64 "$ENDPOINT is plain http, which anybody on the way can read and change; set huggingface.plainHttp:" \
      "true if that is meant to be so" ;;
    *) die 64 "huggingface.endpoint is '$ENDPOINT', which is no address such as https://hf-mirror.com" ;;
  esac
  if [ -e "$TOKEN_FILE" ] && ! [ -s "$TOKEN_FILE" ]; then
    die 64 "the token is empty; put one into the Secret huggingface.existingSecret, under huggingface.tokenKey"
  fi
}

pinned() {
  part "$1"
  case $revision in *[!0-9a-f]*) return 1 ;; esac
  [ "${#revision}" -eq 40 ] && identity=$revision
}

resolve() {
  part "$1"
  case $HUB in
    huggingface)
      ask "$ENDPOINT/api/models/$repository/revision/$(encoded "$revision")" || return
      identity=$(awk -F '\t' '$1 == "sha" { print $2 }' "$scratch/answer")
      [ -n "$identity" ] || strange "names no commit" ;;
    modelscope)   # which names the last commit of each file, and none of them all
      list "$revision" || return
      identity=$(listed) ;;
  esac
}

# part REFERENCE: $repository and $revision.
part() {
  repository=${1%%@*} revision=$trunk
  case $1 in *@*) revision=${1#*@} ;; esac
  case $repository in
    */*/* | *[!A-Za-z0-9._/-]* | /* | */) ;;
    */*) if [ -n "$revision" ]; then return; fi ;;
  esac
  die 64 "'$1' is no model of a hub; write organisation/name, or organisation/name@revision"
}

fetch() {
  part "$1"
  dir=$4 work=$5
  case $HUB in
    huggingface) list "$2" || return ;;
    modelscope)
      list "$revision" || return
      if [ "$2" != "$revision" ] && [ "$2" != "$(listed)" ]; then
        message="$revision moved while it was brought"
        return 1
      fi ;;
  esac
  choose "$1" "$3"
  plan "$1"
  bring_files
}

# --- Asking ---------------------------------------------------------------------------------------------------------

# list REVISION: $scratch/all gets size, sum and path of each file of it, by tabs.
list() {
  case $HUB in
    huggingface)
      ask "$ENDPOINT/api/models/$repository/revision/$(encoded "$1")?blobs=true" || return
      set -- siblings rfilename size lfs/sha256 blobId ;;
    modelscope)
      ask "$ENDPOINT/api/v1/models/$repository/repo/files?Revision=$(encoded "$1")&Recursive=True" || return
      set -- Data/Files Path Size Sha256 '' ;;
  esac
  awk -F '\t' -v list="$1/" -v name="$2" -v bytes="$3" -v sha256="$4" -v git="$5" '
    index($1, list) != 1 { next }
    {
      item = substr($1, length(list) + 1)
      key = item
      sub(/^[0-9]+\//, "", key)
      item += 0
      if (item >= count) count = item + 1
    }
    key == name { path[item] = $2 }
    key == bytes { size[item] = $2 }
    key == sha256 && $2 ~ /^[0-9a-f]+$/ { sum[item] = "sha256-" $2 }
    key == git && !(item in sum) { sum[item] = "git-" $2 }
    key == "Type" && $2 == "tree" { folder[item] = 1 }
    END {
      for (item = 0; item < count; item++)
        if (!folder[item]) print (size[item] ~ /^[0-9]+$/ ? size[item] : "-"), (item in sum ? sum[item] : "-"), path[item]
    }' OFS='\t' "$scratch/answer" | LC_ALL=C sort -k 3 >"$scratch/all"
  [ -s "$scratch/all" ] || die 66 "$repository@$revision holds no file; look at $home/$repository"
  while IFS=$tab read -r size sum path; do
    case $size,$sum in -,* | *,-) strange "says neither how large nor what $path is, so it could not be verified" ;; esac
    case /$path/ in *//* | */../* | */./* | *\\*) strange "names a file that cannot be one: '$path'" ;; esac
  done <"$scratch/all"
}

# listed: the identity of what $scratch/all holds.
listed() { printf 'sha256:%s\n' "$(sha256sum <"$scratch/all" | cut -d ' ' -f 1)"; }

# ask URL: the values of its JSON, a line each, in $scratch/answer.
ask() {
  into=$scratch
  request --max-time 300 --output "$scratch/json" "$1" || return
  if ! read_json "$scratch/json" >"$scratch/answer"; then
    message="$ENDPOINT answered with something that is no JSON, or was cut"
    return 1
  fi
  # ModelScope may say that there is nothing with HTTP 200.
  status=$(awk -F '\t' '$1 == "Code" { print $2 }' "$scratch/answer")
  case $status in '' | 200) return ;; esac
  words=$(said_in "$scratch/answer")
  said=$words status=404
  refused
}

read_json() { LC_ALL=C awk -f "$here/json.awk" "$1"; }

said_in() { awk -F '\t' '$1 == "error" || $1 == "Message" { print $2; exit }' "$1"; }

strange() {
  die 70 "$ENDPOINT $*, which is not how ${HUB} answers; correct huggingface.hub or huggingface.endpoint"
}

# request ARGUMENT OF CURL…: fails with $message set where another attempt may help, and ends the process where none can.
request() {
  connect
  rm -f "$scratch/json"
  run_child curl --config "$settings" "$@" >"$scratch/seen" 2>"$scratch/error" </dev/null
  code=$? status='' where='' what='' words='' patience=''
  { read -r status && read -r where && read -r what && read -r words && read -r patience; } <"$scratch/seen"
  case $code in
    0 | 22 | 33) judge ;;
    1) die 65 "$ENDPOINT sends on to plain http, which anybody on the way can read and change; set" \
      "huggingface.plainHttp: true if that is meant to be so" ;;
    23) full "$into" ;;
    35) case $(curl_said) in
        *'wrong version number'* | *'packet length'* | *'record layer'*)
          die 65 "$ENDPOINT speaks plain http; write http:// in huggingface.endpoint and set huggingface.plainHttp: true" ;;
      esac
      message=$(curl_said)
      return 1 ;;
    60) die 65 "nobody vouches for the certificate of $ENDPOINT, or of where it sends on to; give the authority's by" \
      "huggingface.caConfigMap or huggingface.caSecret ($(curl_said))" ;;
    *)
      message=$(curl_said)
      return 1 ;;
  esac
}

curl_said() { sed -e 's/^curl: ([0-9]*) //' "$scratch/error" | head -n 1; }

# connect: $settings, a file for curl. The token stands in it, since arguments can be read by others; curl itself sends
# it to nobody but the host, port and protocol of the URL that it was given.
connect() {
  if [ -n "$settings" ]; then return; fi
  mask=$(umask)
  umask 077
  if [ -s "$TOKEN_FILE" ]; then token=yes; fi
  {
    printf '%s\n' silent show-error location globoff 'max-redirs = 10' 'connect-timeout = 30' \
      'speed-limit = 1' "speed-time = $STALL" \
      'write-out = "%{http_code}\n%{url_effective}\n%header{x-error-code}\n%header{x-error-message}\n%header{retry-after}%header{ratelimit}\n"'
    if [ "$PLAIN_HTTP" = true ]; then echo 'proto = "=http,https"'; else echo 'proto = "=https"'; fi
    if [ -n "$token" ]; then
      printf 'header = "Authorization: Bearer %s"\n' "$(tr -d '\r\n' <"$TOKEN_FILE" | quoted)"
      # What ModelScope wants where it does not look at the other.
      if [ "$HUB" = modelscope ]; then printf 'header = "Cookie: m_session_id=%s"\n' "$(tr -d '\r\n' <"$TOKEN_FILE" | quoted)"; fi
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

# own_certificates: the given ones and the image's, since a mirror may send on to a storage of everybody's.
own_certificates() {
  cat "$CA_DIR"/*
  for bundle in "${CURL_CA_BUNDLE:-}" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem; do
    if [ -r "$bundle" ]; then echo; cat "$bundle"; break; fi
  done
}

# judge: what the hub's answer means, by $status and what huggingface_hub's hf_raise_for_status knows of its headers.
judge() {
  if [ -z "$words" ] && [ -s "$scratch/json" ]; then
    read_json "$scratch/json" >"$scratch/answer" 2>/dev/null
    words=$(said_in "$scratch/answer")
  fi
  said="HTTP $status${words:+, $words}"
  case $status in
    200 | 206) return 0 ;;
    429) wait_as_told ;;
    408 | 416 | 5??) ;;
    *)
      case $where,$what in
        "$ENDPOINT"/*,* | *,?*) refused ;;
        *) said="$said, from the storage behind it" ;;   # a signed address that has grown old
      esac ;;
  esac
  message="the hub says: $said"
  return 1
}

# wait_as_told: Retry-After: 30, or RateLimit: "api";r=0;t=30.
wait_as_told() {
  seconds=$(printf '%s\n' "$patience" | sed -n -e 's/^\([0-9]*\)$/\1/p' -e 's/.*;t=\([0-9]*\).*/\1/p')
  if [ "${seconds:-0}" -gt 0 ] && [ "$seconds" -le 600 ]; then
    say "$repository: the hub asks for a pause of $seconds s"
    pause "$seconds"
  fi
}

refused() {
  case $what,$status,$token in
    GatedRepo,*,yes) die 65 "$repository is gated, and the account of this token is not let in; ask for it, or accept" \
      "its licence, at $home/$repository ($said)" ;;
    GatedRepo,*) die 65 "$repository is gated; accept its licence at $home/$repository, and name the Secret with a" \
      "token of that account in huggingface.existingSecret ($said)" ;;
    RevisionNotFound,*) die 66 "$repository has no revision $revision; look for it at $home/$repository, and set" \
      "model.tag ($said)" ;;
    *,401,yes) die 65 "the hub does not know this token; put a valid one into the Secret huggingface.existingSecret," \
      "under huggingface.tokenKey ($said)" ;;
    *,40[134],yes) die 66 "no such model, or revision: $repository@$revision, or none that the account of this token" \
      "may read; look for it at $home/$repository ($said)" ;;
    *,40[134],) die 66 "no such model, or revision: $repository@$revision; look for it at $home/$repository, and where" \
      "it is private, name the Secret with a token in huggingface.existingSecret ($said)" ;;
    *) die 65 "$repository: refused, and would be again ($said)" ;;
  esac
}

# encoded TEXT: as it stands in a URL, its slashes too unless KEEP is a slash.
encoded() {
  printf '%s\n' "$1" | LC_ALL=C awk -v keep="${2:-}" '
    BEGIN { for (i = 1; i < 256; i++) code[sprintf("%c", i)] = sprintf("%%%02X", i) }
    {
      for (i = 1; i <= length($0); i++) {
        c = substr($0, i, 1)
        text = text (c ~ /[A-Za-z0-9._~-]/ || c == keep ? c : code[c])
      }
      print text
    }'
}

# --- The files of one version ---------------------------------------------------------------------------------------

# choose REFERENCE FILTERS: $scratch/files gets what the filters let through.
choose() {
  set -f
  only=''
  for filter in $2; do
    case $filter in
      '!'*) ;;
      *)
        only=yes
        some "$filter" || die 66 "$1: no file in it is $filter; correct model.filter, in which * stands for anything; it" \
          "holds $(cut -f 3 "$scratch/all" | head -n 20 | tr '\n' ' ')$([ "$(grep -c '' "$scratch/all")" -le 20 ] || echo …)" ;;
    esac
  done
  while IFS=$tab read -r size sum path; do
    if wanted "$path" "$2"; then printf '%s\t%s\t%s\n' "$size" "$sum" "$path"; fi
  done <"$scratch/all" >"$scratch/files"
  set +f
  [ -s "$scratch/files" ] || die 66 "$1: the filter $2 leaves nothing of it; correct model.filter"
}

some() {
  while IFS=$tab read -r _ _ path; do if matches "$path" "$1"; then return; fi; done <"$scratch/all"
  return 1
}

wanted() {
  kept=${only:-no}
  for filter in $2; do
    case $filter in
      '!'*) if matches "$1" "${filter#?}"; then return 1; fi ;;
      *) if matches "$1" "$filter"; then kept=no; fi ;;
    esac
  done
  [ "$kept" = no ]
}

# matches PATH PATTERN
matches() {
  case $2 in */) set -- "$1" "$2*" ;; esac
  # shellcheck disable=SC2254 # it is a pattern
  case $1 in $2) return 0 ;; esac
  return 1
}

# plan REFERENCE: $scratch/blobs gets size, sum and one path of each content that is wanted, the largest first, and
# $scratch/known sum and place of what other versions hold. Removes what no longer counts, and sees to it that there is room.
plan() {
  sort -t "$tab" -k 2,2 -u "$scratch/files" | sort -t "$tab" -k 1,1nr >"$scratch/blobs"
  cut -f 2,3 "$scratch/files" >"$work/$(version_of "$dir").sums" || full "$TARGET"
  for part in "${dir%/*}"/*.part; do
    if [ "$part" = "$dir" ] || ! [ -d "$part" ]; then continue; fi
    take_over "$part"
    rm -rf "$part" "$work/$(version_of "$part").sums"
  done
  for path in "$work"/*; do
    case ${path##*/} in
      "$(version_of "$dir").sums") ;;
      *.sums) [ -d "${dir%/*}/$(version_of "$path")" ] || rm -f "$path" ;;
      *) cut -f 2 "$scratch/blobs" | grep -qxF "${path##*/}" || rm -f "$path" ;;
    esac
  done
  for sums in "$work"/*.sums; do
    if [ -e "$sums" ]; then
      awk -v at="${dir%/*}/$(version_of "$sums")/" '{ tab = index($0, "\t"); print substr($0, 1, tab) at substr($0, tab + 1) }' "$sums"
    fi
  done >"$scratch/known"
  expected=$(awk '{ n += $1 } END { printf "%.0f", n }' "$scratch/files")
  missing=0 files=0
  while IFS=$tab read -r size sum path <&3; do
    if held "$sum" "$size"; then continue; fi
    files=$((files + 1)) missing=$((missing + size - $(size_of "$work/$sum")))
  done 3<"$scratch/blobs"
  say "$1: $files of $(grep -c '' "$scratch/blobs") files are to be brought, $(human "$missing") of $(human "$expected")"
  free=$(free_bytes "$TARGET")
  if [ -n "$free" ] && [ "$missing" -gt "$free" ]; then full "$TARGET" "$missing"; fi
}

# take_over PART: the files of another version, which was never finished, that this one wants as well.
take_over() {
  if ! [ -e "$work/$(version_of "$1").sums" ]; then return; fi
  while IFS=$tab read -r sum path <&3; do
    to=$dir/$(paths_of "$sum" | head -n 1)
    if [ "$to" = "$dir/" ] || ! [ -e "$1/$path" ]; then continue; fi
    { mkdir -p "${to%/*}" && mv -f "$1/$path" "$to"; } || full "$TARGET"
  done 3<"$work/$(version_of "$1").sums"
}

version_of() { basename "$1" | sed 's/\.[a-z]*$//'; }

size_of() { stat -c %s "$1" 2>/dev/null || echo 0; }

# held SUM SIZE: $place, where a whole file with that sum lies already: under one of its names, or in another version.
held() {
  { paths_of "$1" | sed "s|^|$dir/|"; awk -F '\t' -v sum="$1" '$1 == sum { print $2 }' "$scratch/known"; } >"$scratch/places"
  while IFS= read -r place; do
    if [ "$(stat -c %s "$place" 2>/dev/null)" = "$2" ]; then return; fi
  done <"$scratch/places"
  return 1
}

paths_of() { awk -F '\t' -v sum="$1" '$2 == sum { print $3 }' "$scratch/files"; }

# bring_files: several processes go through the blobs, and each takes those that no other has taken.
bring_files() {
  connect
  claims=$scratch/claims helpers=''
  rm -rf "$claims" "$scratch"/of.*
  mkdir "$claims" || full "${TMPDIR:-/tmp}"
  for number in $(seq "$CONCURRENCY"); do
    bring_some "$number" &
    helpers="$helpers $!"
  done
  job=$helpers told=$(now) worst=0   # $job is what a signal ends
  while [ -n "$job" ]; do
    pause "$TICK"
    still=''
    for pid in $job; do
      if alive "$pid"; then still="$still $pid"; continue; fi
      wait "$pid"
      code=$?
      if [ "$code" -gt "$worst" ]; then worst=$code; fi
    done
    job=$still
    if refusal; then break; fi
    if [ -n "$job" ] && [ $(($(now) - told)) -ge "$PROGRESS" ]; then
      told=$(now) came=$(bytes_in "$dir" "$work")
      say "$reference: $(progress_of "$came")$(if [ "$came" -ge "$expected" ]; then echo ', verifying'; fi)"
    fi
  done
  # shellcheck disable=SC2086 # they are several
  end $job
  job=''
  if refusal; then die "$code" "$text"; fi
  if [ "$worst" -eq 0 ]; then return; fi
  message=$(cat "$scratch"/of.*/failure 2>/dev/null | head -n 1)
  : "${message:=a process that brought files ended with code $worst}"
  return 1
}

# refusal: whether one of them met what no other attempt can help; $code and $text of the first.
refusal() {
  cat "$scratch"/of.*/refusal >"$scratch/refusals" 2>/dev/null
  read -r code text <"$scratch/refusals"
}

bring_some() {
  trap 'trap "" HUP INT TERM; end $child; exit 143' HUP INT TERM
  job='' wanted=$scratch/blobs
  { mkdir "$scratch/of.$1" && cp "$scratch/files" "$scratch/known" "$scratch/of.$1"; } || full "${TMPDIR:-/tmp}"
  scratch=$scratch/of.$1
  # One of them says for all why there is no going on.
  die() { printf '%s\n' "$*" >"$scratch/refusal.new" && mv "$scratch/refusal.new" "$scratch/refusal"; exit 1; }
  while IFS=$tab read -r size sum path <&3; do
    mkdir "$claims/$sum" 2>/dev/null || continue
    bring_file "$size" "$sum" "$path" || { printf '%s\n' "$path: $message" >"$scratch/failure"; exit 1; }
  done 3<"$wanted"
  exit 0
}

# bring_file SIZE SUM PATH: under all names that the content has.
bring_file() {
  if ! held "$2" "$1"; then
    place=$dir/$3
    download "$@" && verify "$@" || return
    { mkdir -p "${place%/*}" && mv -f "$work/$2" "$place"; } || full "$TARGET"
  fi
  paths_of "$2" >"$scratch/names"
  while IFS= read -r name; do
    to=$dir/$name
    if [ "$(stat -c %s "$to" 2>/dev/null)" = "$1" ]; then continue; fi
    mkdir -p "${to%/*}" || full "$TARGET"
    # Not every volume knows hard links.
    ln -f "$place" "$to" 2>/dev/null || { run_child cp "$place" "$work/$2" && mv -f "$work/$2" "$to"; } || full "$TARGET" "$1"
  done <"$scratch/names"
}

# download SIZE SUM PATH: into WORK, from where it stopped.
download() {
  into=$TARGET file=$work/$2
  case $HUB in
    huggingface) url=$ENDPOINT/$repository/resolve/$identity/$(encoded "$3" /) ;;
    modelscope) url="$ENDPOINT/api/v1/models/$repository/repo?Revision=$(encoded "$revision")&FilePath=$(encoded "$3")" ;;
  esac
  have=$(size_of "$file")
  if [ "$1" -eq 0 ]; then : >"$file"; fi
  while [ "$have" -lt "$1" ]; do
    last=$((have + PIECE - 1))
    if [ "$last" -ge "$1" ]; then last=$(($1 - 1)); fi
    request --fail --continue-at "$have" --header "Range: bytes=$have-$last" --output "$file" "$url" || {
      if [ "$status" = 416 ]; then rm -f "$file"; fi   # there is less of it there than here
      return 1
    }
    if [ "$code" -eq 33 ]; then
      message="the hub cannot go on where it stopped, and begins anew"
      rm -f "$file"
      return 1
    fi
    before=$have have=$(size_of "$file")
    if [ "$have" -eq "$before" ]; then break; fi
  done
  if [ "$have" -eq "$1" ]; then return; fi
  rm -f "$file"
  message="$have bytes came instead of $1"
  return 1
}

# verify SIZE SUM PATH: a file that is not what its sum says is removed.
verify() {
  case $2 in
    sha256-*) run_child sha256sum "$work/$2" >"$scratch/sum" ;;
    git-*) { printf 'blob %s\0' "$1"; cat "$work/$2"; } | sha1sum >"$scratch/sum" ;;
  esac
  if read -r found _ <"$scratch/sum" && [ "$found" = "${2#*-}" ]; then return; fi
  rm -f "$work/$2"
  message="what came is corrupt"
  return 1
}

bring_models
