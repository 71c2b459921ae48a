# shellcheck shell=sh disable=SC2034,SC2154 # load.sh and what it sources set and read the other names
# Requests to a hub. Sourced by load.sh.

token=''
block=huggingface image=huggingface party='the hub'
headers='%header{x-error-code}\n%header{x-error-message}\n%header{retry-after}%header{ratelimit}'

# list REVISION: write size, sum and path of each file to $scratch/all, tab-separated.
list() {
  encode "$1" || return
  case $HUB in
    huggingface) ask "$ENDPOINT/api/models/$repository/revision/$encoded?blobs=true" || return ;;
    modelscope)
      ask "$ENDPOINT/api/v1/models/$repository/repo/files?Revision=$encoded&Recursive=True" || return ;;
  esac
  HUB=$HUB read_with listing.awk "$scratch/answer" "$scratch/unsorted" || {
    why=$(sed -n '/^!/{s///p;q;}' "$scratch/unsorted") && [ -n "$why" ] || lost || return
    strange "$(beginning "$why")"
  }
  LC_ALL=C sort -k 3 "$scratch/unsorted" >"$scratch/all" || full "$scratch"
  [ -s "$scratch/all" ] || die 66 "$repository@$revision contains no files; check $home/$repository"
}

# ask URL: request JSON, and write its values to $scratch/answer, one per line.
ask() {
  into=$scratch most=$LISTING
  request --max-time 300 --output "$scratch/json" "$1" || return
  if ! read_with json.awk "$scratch/json" "$scratch/answer"; then
    message="the answer of $ENDPOINT is not JSON, or is incomplete"
    return 1
  fi
  # ModelScope can report a missing model with HTTP 200.
  status=$(awk -F '\t' '$1 == "Code" { print $2; exit }' "$scratch/answer") || lost || return
  case $status in '' | 200) return ;; esac
  said=$(beginning "$(words_in "$scratch/answer")") status=404
  refused
}

words_in() { awk -F '\t' '$1 == "error" || $1 == "Message" { print substr($2, 1, 20000); exit }' "$1"; }

strange() {
  check_scratch
  die 70 "$ENDPOINT $*, so it is not a hub of the kind ${HUB}; correct huggingface.hub or huggingface.endpoint"
}

# sign_in: curl sends the token only to the host, port and protocol of the given URL.
sign_in() {
  printf '%s\n' location 'max-redirs = 10'
  if ! [ -s "$TOKEN_FILE" ]; then return; fi
  token=yes
  secret_in "$TOKEN_FILE"
  hide "$secret"
  quote "$secret"
  printf 'header = "Authorization: Bearer %s"\n' "$quoted"
  # Some paths of ModelScope accept only this form.
  if [ "$HUB" = modelscope ]; then printf 'header = "Cookie: m_session_id=%s"\n' "$quoted"; fi
}

# request_file PATH SUM ARGUMENT OF CURL…: request a file.
request_file() {
  case $HUB in
    huggingface)
      encode "$1" / || return
      url=$ENDPOINT/$repository/resolve/$identity/$encoded ;;
    modelscope)
      encode "$revision" || return
      url="$ENDPOINT/api/v1/models/$repository/repo?Revision=$encoded"
      encode "$1" || return
      url="$url&FilePath=$encoded" ;;
  esac
  shift 2
  request "$@" "$url"
}

resumable() { :; }

# summed SIZE SUM PLACE
summed() {
  case $2 in
    sha256-*) sum_of sha256sum "$3" || return 2 ;;
    git-*)
      rm -f "$scratch/unknown"
      { printf 'blob %s\0' "$1" && cat "$3" || : >"$scratch/unknown"; } | sha1sum >"$scratch/sum" || : >"$scratch/unknown"
      if [ -e "$scratch/unknown" ]; then lost || return 2; fi
      read -r sum _ <"$scratch/sum" ;;
  esac
  [ "$sum" = "${2#*-}" ]
}

# judge: interpret the answer, by $status and the headers that huggingface_hub's hf_raise_for_status reads.
judge() {
  if [ -z "$words" ] && [ -s "$scratch/json" ]; then
    read_with json.awk "$scratch/json" "$scratch/answer"
    words=$(words_in "$scratch/answer") || lost || return
  fi
  words=$(beginning "$words")
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
