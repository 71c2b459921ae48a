#!/bin/sh
# Downloads models from the Hugging Face hub, a mirror of it, or ModelScope: from each model, the files of one revision
# that match the filters. Files are downloaded in parallel, resumed after an interruption and verified. A file that
# another version already has is not downloaded again. loader.sh and directory.sh describe what all loaders share. This
# loader also needs curl.




















here=${0%/*}
# shellcheck source=loader.sh
. "$here/loader.sh"
# shellcheck source=directory.sh
. "$here/directory.sh"
# shellcheck source=http.sh
. "$here/http.sh"
# shellcheck source=files.sh
. "$here/files.sh"
# shellcheck source=hub.sh
. "$here/hub.sh"

: "${HUB:=huggingface}" "${ENDPOINT:=}" "${PLAIN_HTTP:=false}" "${CONCURRENCY:=4}"
: "${TOKEN_FILE:=/opt/credentials/token}" "${CA_DIR:=/opt/ca}"
# The hub's storage sends at most 50 GB in one response (MAX_HTTP_DOWNLOAD_SIZE of huggingface_hub).
: "${PIECE:=40000000000}"

case $HUB in
  huggingface) : "${ENDPOINT:=https://huggingface.co}" ; home=https://huggingface.co trunk=main ;;
  modelscope) : "${ENDPOINT:=https://www.modelscope.cn}" ; home=https://www.modelscope.cn/models trunk=master ;;
  *) die 64 "HUB must be huggingface or modelscope, not '$HUB'" ;;
esac
ENDPOINT=${ENDPOINT%/}

prepare() {
  check_settings https://hf-mirror.com
  if [ -e "$TOKEN_FILE" ] && ! [ -s "$TOKEN_FILE" ]; then
    die 64 "the token is empty; put a token into the Secret huggingface.existingSecret, under huggingface.tokenKey"
  fi
}


split() {
  repository=${1%%@*} revision=$trunk
  case $1 in *@*) revision=${1#*@} ;; esac
  case $repository in
    */*/* | *[!A-Za-z0-9._/-]* | /* | */) ;;
    */*) if [ -n "$revision" ]; then return; fi ;;
  esac
  die 64 "'$1' is not a model of a hub; use organisation/name, or organisation/name@revision"
}

pinned() {
  split "$1"
  case $revision in *[!0-9a-f]*) return 1 ;; esac
  [ "${#revision}" -eq 40 ] && identity=$revision
}

resolve() {
  split "$1"
  case $HUB in
    huggingface)
      encode "$revision" && ask "$ENDPOINT/api/models/$repository/revision/$encoded" || return
      identity=$(awk -F '\t' '$1 == "sha" { print $2; exit }' "$scratch/answer") || lost || return
      case $identity in '' | *[!0-9a-f]*) strange "does not return the commit" ;; esac ;;
    modelscope)   # returns the last commit of each file, but no commit of the revision
      list "$revision" && identify || return
      identity=$listed ;;
  esac
}

fetch() {
  split "$1"
  dir=$4 work=$5
  case $HUB in
    huggingface) list "$2" || return ;;
    modelscope)
      list "$revision" && identify || return
      if [ "$2" != "$revision" ] && [ "$2" != "$listed" ]; then
        message="$revision changed during the download"
        return 1
      fi ;;
  esac
  choose "$1" "$3"
  plan "$1" || return
  bring_files
}

bring_models
