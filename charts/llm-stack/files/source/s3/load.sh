#!/bin/sh
# Downloads models from an S3-compatible object store: from each, the files below BUCKET/FOLDER that match the filters.
# Files are downloaded in parallel, resumed after an interruption and verified. loader.sh and directory.sh describe what
# all loaders share. This loader also needs curl 7.84 or newer.



















here=${0%/*}
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
  signed=yes
  secret_in "$KEY_DIR/id"
  quote "$secret"
  user=$quoted
  secret_in "$KEY_DIR/secret"
  hide "$secret"
  quote "$secret"
  # The second header is the hash of an empty body, which a store requires and not every curl sends.
  printf '%s = "%s"\n' user "$user:$quoted" \
    aws-sigv4 "aws:amz:$REGION:s3" \
    header 'x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  if [ -e "$KEY_DIR/token" ]; then
    secret_in "$KEY_DIR/token"
    hide "$secret"
    quote "$secret"
    printf 'header = "x-amz-security-token: %s"\n' "$quoted"
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
    encode "$prefix" || return
    query="list-type=2&prefix=$encoded"
    encode "$next" || return
    request --max-time 300 --output "$scratch/json" "$base?${next:+continuation-token=$encoded&}$query" || return
    FROM=$((page * 1000000)) read_with xml.awk "$scratch/json" "$scratch/answer" || {
      check_scratch
      message="the answer of $ENDPOINT is not a list of an S3-compatible store, or is incomplete"
      return 1
    }
    # Some stores and proxies send an error after they have begun the answer with HTTP 200.
    grep -q "^Error$tab" "$scratch/answer"
    case $? in
      0)
        read_error || lost || return
        message="the store answers: $said"
        return 1 ;;
      1) ;;
      *) lost || return ;;
    esac
    cat "$scratch/answer" >>"$scratch/listed" || full "$scratch"
    { next=$(value NextContinuationToken) && truncated=$(value IsTruncated); } || lost || return
    page=$((page + 1))
    # A part of a list must not be taken for all of it, so only a clear answer ends the list.
    case $next,$truncated in
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
    why=$(sed -n '/^!/{s///p;q;}' "$scratch/unsorted") && [ -n "$why" ] || lost || return
    die 70 "$ENDPOINT $(beginning "$why"); remove or rename it in $reference"
  }
  while IFS=$tab read -r size sum path; do
    case $sum in
      tag-*)
        tag=${sum#tag-} hashed=$(printf '%s\t%s' "$path" "$sum" | sha256sum) || lost || return
        sum=tag-$(printf '%.40s' "$hashed")
        printf '%s\t%s\n' "$sum" "$tag" >>"$scratch/tags" || full "$scratch" ;;
    esac
    printf '%s\t%s\t%s\n' "$size" "$sum" "$path" || full "$scratch"
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
  list && identify || return
  identity=$listed
}

fetch() {
  split "$1"
  dir=$4 work=$5
  list && identify || return
  if [ "$2" != "$listed" ]; then message="its files changed during the download"; return 1; fi
  choose "$1" "$3"
  plan "$1" || return
  bring_files
}

address() { encode "$prefix$1" / && url=$base/$encoded; }


request_file() {
  address "$1" || return
  case $2 in
    tag-*) tag=$(SUM=$2 awk -F '\t' '$1 == ENVIRON["SUM"] { print $2 }' "$tags") || lost || return ;;
    *) tag=${2#*-} ;;
  esac
  shift 2
  request --header "If-Match: \"$tag\"" "$@" "$url"
}



about() {
  status=''
  { first=$(path_of "$1") && address "$first"; } || lost || return
  case $1,${2:-1} in
    *,whole) ;;
    parts-*,*) url="$url?partNumber=${2:-1}" ;;
  esac
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
  COUNT=${2##*-} PART=$part awk 'BEGIN { for (i = 0; i < ENVIRON["COUNT"]; i++) print ENVIRON["PART"] }' >"$scratch/parts" ||
    full "$scratch"
}

is_size() { case $1 in '' | 0* | *[!0-9]* | ????????????????*) return 1 ;; esac }



measured() {
  rest=$1 each=0
  : >"$scratch/parts" || full "$scratch"
  count measuring
  while [ "$each" -lt "${2##*-}" ]; do
    each=$((each + 1))
    if passed measuring $((STALL + each)); then
      message="the store takes too long to name the sizes of its parts"
      return 2
    fi
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
      sum_of md5sum "$3" || return 2
      if [ "$sum" = "${2#*-}" ]; then return; fi
      about "$2" || return 2
      if [ -z "$sealed" ]; then return 1; fi ;;
    parts-*)
      about "$2" || return 2
      if [ -z "$sealed" ]; then
        # Most programs upload parts of one size. Only if that is not so, every part is asked for.
        if divided "$1" "$2"; then
          summed_by_parts "$2" "$3"
          known=$?
          if [ "$known" -ne 1 ]; then return "$known"; fi
        fi
        measured "$1" "$2"
        case $? in
          0) message=$corrupt; summed_by_parts "$2" "$3"; return ;;
          2) return 2 ;;
        esac
      fi ;;
  esac
  # Its ETag is not a checksum. Its size must not come from the list alone, which can be wrong.
  if [ "$3" != "$work/$2" ] || ! grep -qxF -e "$2" "$begun"; then
    message="it cannot be verified, so the download starts again"
    return 1
  fi
  about "$2" whole || return 2
  if [ "$part" = "$1" ]; then return; fi
  message="the store lists $1 bytes, but does not say that the object has as many"
  return 1
}



summed_by_parts() {
  rm -f "$scratch/unknown"
  run_child md5_of_parts "$2" >"$scratch/sum"
  if [ "$ended" -ne 0 ] || [ -e "$scratch/unknown" ]; then lost || return 2; fi
  read -r found _ <"$scratch/sum" && [ "$found-${1##*-}" = "${1#*-}" ]
}


md5_of_parts() {
  while read -r bytes <&3; do
    { one_part "$bytes" || : >"$scratch/unknown"; } | md5sum >"$scratch/md5" && octal=$(awk '
      BEGIN { digits = "0123456789abcdef" }
      {
        for (i = 1; i < 32; i += 2)
          printf "\\0%03o", (index(digits, substr($0, i, 1)) - 1) * 16 + index(digits, substr($0, i + 1, 1)) - 1
      }' "$scratch/md5") || : >"$scratch/unknown"
    printf %b "$octal"
  done <"$1" 3<"$scratch/parts" | md5sum
}


one_part() {
  if [ "$1" -ge 1048576 ]; then dd bs=1048576 count=$(($1 / 1048576)) 2>/dev/null || return; fi
  if [ $(($1 % 1048576)) -gt 0 ]; then dd bs=$(($1 % 1048576)) count=1 2>/dev/null; fi
}

judge() {
  case $status in
    200 | 206) return 0 ;;
    429 | 503) pause_as_requested ;;
  esac
  : >"$scratch/answer"
  if [ -s "$scratch/json" ]; then FROM=0 read_with xml.awk "$scratch/json" "$scratch/answer" || : >"$scratch/answer"; fi
  read_error || lost || return
  case $status,$reason in
    408,* | 412,* | 416,* | 429,* | 5??,* | 400,RequestTimeout | 404,NoSuchKey) ;;
    404,) if [ -e "$scratch/json" ]; then refused; fi ;;   # else a file, which was removed
    *) refused ;;
  esac
  message="the store answers: $said"
  return 1
}


read_error() {
  { reason=$(value Code) && region=$(value Region) && said=$(value Message) && reason=$(beginning "$reason") &&
    what=$(beginning "${what:-$region}") && said=$(beginning "$said"); } || return
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
