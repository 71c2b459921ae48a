#!/bin/sh
# Downloads models from an S3-compatible object store: from each, the files below BUCKET/FOLDER that match the filters.
# Files are downloaded in parallel, resumed after an interruption and verified. loader.sh and directory.sh describe what
# all loaders share. This loader also needs curl 7.84 or newer.
#
# A reference is BUCKET/FOLDER, or BUCKET for all of it. Its identity is the hash of the list of its files, with sizes
# and ETags. Filters are those of files.sh.
#
# Environment, in addition to that of directory.sh
#   ENDPOINT     the URL of the store, https://…
#   REGION       the region that requests are signed for
#   ADDRESSING   path: ENDPOINT/BUCKET/KEY. host: BUCKET is a part of the host name
#   PLAIN_HTTP   true: allow plain HTTP
#   KEY_DIR      a directory with the files id and secret, an access key, and token, the session token of a temporary key;
#                optional: without it, requests are not signed
#   CA_DIR       certificates to trust in addition to those of the image
#   CONCURRENCY  the number of files of a model that are downloaded at the same time
#   PIECE        the number of bytes in one request
# A sum is md5-<hex>, an ETag, or parts-<hex>-<n>, the ETag of an object that was uploaded in n parts: the MD5 of the
# MD5s of its parts. Other ETags (tag-<hash>), and those of objects that are encrypted with a key of AWS KMS, are not
# checksums. Such a file is accepted by its size if this run downloaded all of it.
# shellcheck disable=SC2034 # the sourced files read the other names
# shellcheck source-path=SCRIPTDIR/../../../loader/files
here=$(dirname "$0")
# shellcheck source=loader.sh
. "$here/loader.sh"
# shellcheck source=directory.sh
. "$here/directory.sh"
# shellcheck source=http.sh
. "$here/http.sh"
# shellcheck source=files.sh
. "$here/files.sh"

: "${ENDPOINT:=}" "${REGION:=us-east-1}" "${ADDRESSING:=path}" "${PLAIN_HTTP:=false}" "${CONCURRENCY:=4}"
: "${KEY_DIR:=/opt/credentials}" "${CA_DIR:=/opt/ca}" "${PIECE:=40000000000}"
ENDPOINT=${ENDPOINT%/} signed=''
block=s3 image=curl party='the store'
headers='%header{x-amz-bucket-region}\n%header{content-length} %header{x-amz-server-side-encryption}\n%header{retry-after}'

prepare() {
  check_settings https://minio.example.com
  if [ -e "$KEY_DIR/id" ] && ! { [ -s "$KEY_DIR/id" ] && [ -s "$KEY_DIR/secret" ]; }; then
    die 64 "the access key is empty; put one into the Secret s3.existingSecret, under s3.idKey and s3.secretKey"
  fi
  if [ -e "$KEY_DIR/token" ] && ! [ -s "$KEY_DIR/token" ]; then
    die 64 "the session token is empty; put it into the Secret s3.existingSecret under s3.tokenKey, or remove s3.tokenKey"
  fi
}

sign_in() {
  if ! [ -e "$KEY_DIR/id" ]; then return; fi
  signed=yes secret=$(tr -d '\r\n' <"$KEY_DIR/secret")
  hide "$secret"
  # The second header is the hash of an empty body, which a store requires and not every curl sends.
  printf '%s = "%s"\n' user "$(tr -d '\r\n' <"$KEY_DIR/id" | quoted):$(printf '%s\n' "$secret" | quoted)" \
    aws-sigv4 "aws:amz:$REGION:s3" \
    header 'x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  if [ -e "$KEY_DIR/token" ]; then
    session=$(tr -d '\r\n' <"$KEY_DIR/token")
    hide "$session"
    printf 'header = "x-amz-security-token: %s"\n' "$(printf '%s\n' "$session" | quoted)"
  fi
}


split() {
  bucket=${1%%/*} prefix=''
  case $1 in */*) prefix=${1#*/}; prefix=${prefix%/}/ ;; esac
  case $bucket//$prefix in
    '//'* | .* | *[!A-Za-z0-9._-]*//* | *///* | *//*//* | *'/./'* | *'/../'*)
      die 64 "'$1' is not a folder of a bucket; use BUCKET/FOLDER" ;;
  esac
  case $ADDRESSING in
    host) base=${ENDPOINT%%://*}://$bucket.${ENDPOINT#*://} ;;
    *) base=$ENDPOINT/$bucket ;;
  esac
}


list() {
  into=$scratch most=$LISTING next='' page=0
  { : >"$scratch/listed" && : >"$scratch/tags"; } || full "$scratch"
  while :; do
    query="list-type=2&prefix=$(encoded "$prefix")"
    request --max-time 300 --output "$scratch/json" "$base?${next:+continuation-token=$(encoded "$next")&}$query" || return
    FROM=$((page * 1000000)) read_with xml.awk "$scratch/json" "$scratch/answer" || {
      check_scratch
      message="the answer of $ENDPOINT is not a list of an S3-compatible store, or is incomplete"
      return 1
    }
    # Some stores and proxies send an error after they have begun the answer with HTTP 200.
    if grep -q "^Error$tab" "$scratch/answer"; then
      read_error
      message="the store answers: $said"
      return 1
    fi
    cat "$scratch/answer" >>"$scratch/listed" || full "$scratch"
    next=$(value NextContinuationToken) page=$((page + 1))
    # A part of a list must not be taken for all of it, so only a clear answer ends the list.
    case $next,$(value IsTruncated) in
      ?*,*) ;;
      ,[Ff][Aa][Ll][Ss][Ee] | ,0) break ;;
      ,[Tt][Rr][Uu][Ee] | ,1) die 70 "$ENDPOINT sends a part of its list and no NextContinuationToken, so it does not" \
        "support ListObjectsV2; set s3.endpoint to a store that does" ;;
      *) die 70 "$ENDPOINT does not say whether its list is complete: IsTruncated is neither true nor false; set" \
        "s3.endpoint to a store that supports ListObjectsV2" ;;
    esac
    [ "$page" -lt 20 ] || die 64 "$reference contains more than 20 lists of files; use a folder with one model"
  done
  HUB=s3 PREFIX=$prefix read_with listing.awk "$scratch/listed" "$scratch/unsorted" || {
    check_scratch
    die 70 "$ENDPOINT $(beginning "$(sed -n 's/^!//p' "$scratch/unsorted" | head -n 1)"); remove or rename it in $reference"
  }
  while IFS=$tab read -r size sum path; do
    case $sum in
      tag-*)
        tag=${sum#tag-} sum=tag-$(printf '%s\t%s' "$path" "$sum" | sha256sum | cut -c 1-40)
        printf '%s\t%s\n' "$sum" "$tag" >>"$scratch/tags" ;;
    esac
    printf '%s\t%s\t%s\n' "$size" "$sum" "$path"
  done <"$scratch/unsorted" >"$scratch/summed" || full "$scratch"
  LC_ALL=C sort -k 3 "$scratch/summed" >"$scratch/all" || lost || return
  tags=$scratch/tags
  [ -s "$scratch/all" ] || die 66 "$reference contains no files; set model.name to BUCKET/FOLDER, and model.filter for one" \
    "file of the folder"
}

value() { NAME=$1 awk -F '\t' '$1 == ENVIRON["NAME"] { print substr($2, 1, 20000); exit }' "$scratch/answer"; }

pinned() { return 1; }

resolve() {
  split "$1"
  list || return
  identity=$(listed)
}

fetch() {
  split "$1"
  dir=$4 work=$5
  list || return
  if [ "$2" != "$(listed)" ]; then message="its files changed during the download"; return 1; fi
  choose "$1" "$3"
  plan "$1" || return
  bring_files
}

address() { url=$base/$(encoded "$prefix$1" /); }


request_file() {
  address "$1"
  case $2 in
    tag-*) tag=$(SUM=$2 awk -F '\t' '$1 == ENVIRON["SUM"] { print $2 }' "$tags") ;;
    *) tag=${2#*-} ;;
  esac
  shift 2
  request --header "If-Match: \"$tag\"" "$@" "$url"
}


about() {
  address "$(paths_of "$1" | head -n 1)"
  case $1 in parts-*) url="$url?partNumber=${2:-1}" ;; esac
  most_of_all=$most most=100000 part='' sealed=''
  request --max-time 60 --fail --head --output "$scratch/head" "$url"
  code=$? most=$most_of_all part=${words%% *}
  case ${words#* } in aws:*) sealed=yes ;; esac
  return "$code"
}


resumable() {
  case $1 in tag-*) return 1 ;; esac
  about "$1" || return 0
  [ -z "$sealed" ] && { divided "$2" "$1" || measured "$2" "$1"; }
}



divided() {
  case $2 in md5-*) return ;; esac
  is_size "$part" && [ $((($1 + part - 1) / part)) -eq "${2##*-}" ] || return
  seq "${2##*-}" | sed "s/.*/$part/" >"$scratch/parts" || full "$scratch"
}

is_size() { case $1 in '' | 0* | *[!0-9]* | ????????????????*) return 1 ;; esac }



measured() {
  rest=$1
  : >"$scratch/parts" || full "$scratch"
  for each in $(seq "${2##*-}"); do
    about "$2" "$each" || { [ "$status" = 416 ] && return 1; return 2; }
    if ! is_size "$part" || [ "$part" -gt "$rest" ]; then return 1; fi
    rest=$((rest - part))
    printf '%s\n' "$part" >>"$scratch/parts" || full "$scratch"
  done
  [ "$rest" -eq 0 ]
}

summed() {
  corrupt=$message
  case $2 in
    md5-*)
      unkilled md5sum "$3" >"$scratch/sum"
      read -r found _ <"$scratch/sum" && [ "${found#\\}" = "${2#*-}" ] && return
      about "$2" || return 2
      if [ -z "$sealed" ]; then return 1; fi ;;
    parts-*)
      about "$2" || return 2
      if [ -z "$sealed" ]; then
        # Most programs upload parts of one size. Only if that is not so, every part is asked for.
        if divided "$1" "$2" && summed_by_parts "$2" "$3"; then return; fi
        measured "$1" "$2"
        case $? in
          0) message=$corrupt; summed_by_parts "$2" "$3"; return ;;
          2) return 2 ;;
        esac
      fi ;;
  esac
  # Its ETag is not a checksum.
  message="it cannot be verified, so the download starts again"
  [ "$3" = "$work/$2" ] && grep -qxF "$2" "$begun"
}


summed_by_parts() {
  run_child md5_of_parts "$2" >"$scratch/sum"
  read -r found _ <"$scratch/sum" && [ "$found-${1##*-}" = "${1#*-}" ]
}


md5_of_parts() {
  while read -r bytes <&3; do
    printf %b "$(one_part "$bytes" | md5sum | cut -c 1-32 | sed 's/../& /g' | awk '
      BEGIN { digits = "0123456789abcdef" }
      { for (i = 1; i < 17; i++) printf "\\0%03o", (index(digits, substr($i, 1, 1)) - 1) * 16 + index(digits, substr($i, 2)) - 1 }')"
  done <"$1" 3<"$scratch/parts" | md5sum
}


one_part() {
  if [ "$1" -ge 1048576 ]; then dd bs=1048576 count=$(($1 / 1048576)) 2>/dev/null; fi
  if [ $(($1 % 1048576)) -gt 0 ]; then dd bs=$(($1 % 1048576)) count=1 2>/dev/null; fi
}

judge() {
  case $status in
    200 | 206) return 0 ;;
    429 | 503) pause_as_requested ;;
  esac
  : >"$scratch/answer"
  if [ -s "$scratch/json" ]; then FROM=0 read_with xml.awk "$scratch/json" "$scratch/answer" || : >"$scratch/answer"; fi
  read_error
  case $status,$reason in
    408,* | 412,* | 416,* | 429,* | 5??,* | 400,RequestTimeout | 404,NoSuchKey) ;;
    404,) if [ -e "$scratch/json" ]; then refused; fi ;;   # else a file, which was removed
    *) refused ;;
  esac
  message="the store answers: $said"
  return 1
}


read_error() {
  reason=$(beginning "$(value Code)") what=$(beginning "${what:-$(value Region)}") said=$(beginning "$(value Message)")
  said="HTTP $status${reason:+, $reason}${said:+: $said}"
}

refused() {
  case $reason,$status,$signed in
    NoSuchBucket,* | *,404,*) die 66 "the bucket $bucket does not exist at $ENDPOINT; correct model.name, which is" \
      "BUCKET/FOLDER, or s3.endpoint ($said)" ;;
    AuthorizationHeaderMalformed,* | IllegalLocation*,* | *,30?,*) die 64 "the bucket $bucket is in another region" \
      "or at another address${what:+, region $what}; set s3.region and s3.endpoint ($said)" ;;
    ExpiredToken,* | TokenRefreshRequired,*) die 65 "the session token has expired; write a new access key into the Secret" \
      "s3.existingSecret ($said)" ;;
    InvalidToken,*) die 65 "the store does not accept this session token; correct the Secret s3.existingSecret, its key" \
      "s3.tokenKey ($said)" ;;
    RequestTimeTooSkewed,*) die 65 "the clock of this node differs from the store's; set it ($said)" ;;
    InvalidAccessKeyId,* | SignatureDoesNotMatch,* | *,401,yes) die 65 "the store does not accept this access key; correct" \
      "the Secret s3.existingSecret, its keys s3.idKey and s3.secretKey, and s3.region ($said)" ;;
    *,403,yes) die 65 "this access key may not list or read $reference; allow s3:ListBucket and s3:GetObject ($said)" ;;
    *,40[13],) die 65 "$reference is not public; set s3.existingSecret to a Secret with an access key ($said)" ;;
    *) die 65 "$reference: the store refuses the request, and another attempt cannot help ($said)" ;;
  esac
}

bring_models
