# shellcheck shell=sh disable=SC2034,SC2154 # load.sh and what it sources set and read the other names
# The files of one version of a model: which to download, and where. Sourced by load.sh, which writes size, sum and path
# of each file to $scratch/all, sets CONCURRENCY, PIECE and $party, and defines
#   request_file PATH SUM ARGUMENT OF CURL…   request a file with curl
#   summed SIZE SUM PLACE              succeed if the file has that sum. Code 2: this cannot be found out now
#   resumable SUM SIZE                 succeed if a partial file of an earlier run is of use: its sum can be verified


identify() {
  listed=$(sha256sum <"$scratch/all") || lost || return
  listed=sha256:${listed%% *}
}


choose() {
  set -f
  only=''
  for filter in $2; do
    case $filter in
      '!'*) ;;
      *)
        only=yes
        some "$filter" || die 66 "$1: no file matches $filter; correct model.filter, in which * matches any text; the" \
          "model contains $(cut -f 3 "$scratch/all" | head -n 20 | tr '\n' ' ')$([ "$(grep -c '' "$scratch/all")" -le 20 ] || echo …)" ;;
    esac
  done
  while IFS=$tab read -r size sum path; do
    if wanted "$path" "$2"; then printf '%s\t%s\t%s\n' "$size" "$sum" "$path" || full "$scratch"; fi
  done <"$scratch/all" >"$scratch/files"
  set +f
  [ -s "$scratch/files" ] || die 66 "$1: the filter $2 excludes every file; correct model.filter"
  cut -f 1,3 "$scratch/files" >"$scratch/listing" || full "$scratch"
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


matches() {
  case $2 in */) set -- "$1" "$2*" ;; esac
  # shellcheck disable=SC2254 # it is a pattern
  case $1 in $2) return 0 ;; esac
  return 1
}




plan() {
  { sort -t "$tab" -k 2,2 -u "$scratch/files" >"$scratch/once" && sort -t "$tab" -k 1,1nr "$scratch/once" >"$scratch/blobs"; } ||
    lost || return
  sound=$scratch/sound begun=$scratch/begun   # this run: places of .part with a verified sum, sums of new downloads
  : >>"$begun" || full "$scratch"
  name_of "$dir"
  own=$name.sums
  { cut -f 2,3 "$scratch/files" >"$scratch/sums" && publish "${work#"$TARGET"/}/$own" <"$scratch/sums"; } || full "$TARGET"
  (cd "$dir" && find . -type f) | awk -F '\t' '
    NR == FNR { wanted["./" $3]; next }
    !($0 in wanted)' "$scratch/files" - | while IFS= read -r path; do rm -f "$dir/$path"; done
  find "$dir" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null
  for other in "${dir%/*}"/*.part; do
    if [ "$other" = "$dir" ] || ! [ -e "$other" ]; then continue; fi
    name_of "$other"
    if real "$other"; then only_files "$other"; take_over "$other"; fi
    rm -rf "$other" "$work/$name.sums"
  done
  cut -f 2 "$scratch/blobs" >"$scratch/of.blobs" || lost || return
  for path in "$work"/*; do
    name_of "$path"
    case ${path##*/} in
      "$own") ;;
      *.sums) [ -d "$versions/$name" ] || rm -f "$path" ;;
      *)
        grep -qxF -e "${path##*/}" "$scratch/of.blobs"
        if [ $? -eq 1 ]; then rm -rf "$path"; fi ;;
    esac
  done
  : >"$scratch/known" || full "$scratch"
  for sums in "$work"/*.sums; do
    name_of "$sums"
    PLACE=$versions/$name/ awk -F '\t' '
      NF == 2 && $2 !~ "^/|^[.][.]?(/|$)|/[.][.]?(/|$)" { print $1 "\t" ENVIRON["PLACE"] $2 }' "$sums" >>"$scratch/known" ||
      lost || return
  done
  expected=$(awk '{ n += $1 } END { printf "%.0f", n }' "$scratch/files") || lost || return
  missing=0 files=0
  while IFS=$tab read -r size sum path <&3; do
    if held "$sum" "$size" unverified; then continue; fi
    files=$((files + 1)) missing=$((missing + size - $(size_of "$work/$sum")))
  done 3<"$scratch/blobs"
  say "$1: downloading $files of $(grep -c '' "$scratch/blobs") files, $(human "$missing") of $(human "$expected")"
  free=$(free_bytes "$TARGET") || free=''
  if [ -n "$free" ] && [ "$missing" -gt "$free" ]; then full "$TARGET" "$missing"; fi
}


take_over() {
  plain "$work/$name.sums" || return 0
  while IFS=$tab read -r sum path <&3; do
    to=$(path_of "$sum") || continue
    to=$dir/$to
    case /$path/ in */../*) continue ;; esac
    if [ "$to" = "$dir/" ] || ! plain "$1/$path"; then continue; fi
    { mkdir -p "${to%/*}" && mv -fT "$1/$path" "$to"; } || full "$TARGET"
  done 3<"$work/$name.sums"
}



fate_of() { case $1 in */*.part/*) fate=move ;; esac }


name_of() {
  name=${1##*/}
  name=${name%.part}
  name=${name%.sums}
}

size_of() { stat -c %s "$1" 2>/dev/null || echo 0; }




held() {
  SUM=$1 DIR=$dir/ awk -F '\t' '
    NF == 3 && $2 == ENVIRON["SUM"] { print ENVIRON["DIR"] $3 }
    NF == 2 && $1 == ENVIRON["SUM"] { print $2 }' "$scratch/files" "$scratch/known" >"$scratch/places" || return
  while IFS= read -r place <&4; do
    if ! plain "$place" || ! real "$place" || [ "$(size_of "$place")" != "$2" ]; then continue; fi
    case $place,${3:-} in
      "$dir"/*,) grep -qxF "$place" "$sound" 2>/dev/null || verify "$2" "$1" "$place" || continue ;;
    esac
    return 0
  done 4<"$scratch/places"
  return 1
}

paths_of() { SUM=$1 awk -F '\t' '$2 == ENVIRON["SUM"] { print $3 }' "$scratch/files"; }


path_of() { SUM=$1 awk -F '\t' '$2 == ENVIRON["SUM"] { print $3; exit }' "$scratch/files"; }


bring_files() {
  connect
  claims=$scratch/claims helpers=''
  rm -rf "$claims" "$scratch"/of.*
  mkdir "$claims" || full "$scratch"
  number=0
  while [ "$number" -lt "$CONCURRENCY" ]; do
    number=$((number + 1))
    bring_some "$number" &
    helpers="$helpers $!"
  done
  job=$helpers worst=0   # a signal ends $job
  count logged
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
    if [ -n "$job" ] && passed logged "$PROGRESS"; then
      count logged
      came=$(bytes_in "$dir" "$work")
      say "$reference: $(progress_of "$came")$(if [ "$came" -ge "$expected" ]; then echo ', verifying'; fi)"
    fi
  done
  # shellcheck disable=SC2086 # they are several
  end $job
  job=''
  if refusal; then die "$code" "$text"; fi
  if [ "$worst" -eq 0 ]; then return; fi
  message=$(cat "$scratch"/of.*/failure 2>/dev/null | head -n 1)
  : "${message:=a process that downloads files ended with code $worst}"
  return 1
}


refusal() {
  cat "$scratch"/of.*/verdict >"$scratch/verdicts" 2>/dev/null
  read -r code text <"$scratch/verdicts"
}

bring_some() {
  trap 'trap "" HUP INT TERM; end $child; exit 143' HUP INT TERM
  GRACE=$((GRACE - GRACE / 3))
  job='' wanted=$scratch/blobs
  { mkdir "$scratch/of.$1" && cp "$scratch/files" "$scratch/known" "$scratch/of.$1"; } || full "$scratch"
  scratch=$scratch/of.$1
  verdict=$scratch/verdict
  while IFS=$tab read -r size sum path <&3; do
    if ! mkdir "$claims/$sum" 2>/dev/null; then
      if [ -d "$claims/$sum" ]; then continue; fi
      full "$claims"
    fi
    bring_file "$size" "$sum" "$path" || { printf '%s\n' "$path: $message" >"$scratch/failure"; exit 1; }
  done 3<"$wanted"
  exit 0
}


bring_file() {
  if ! held "$2" "$1"; then
    place=$dir/$3
    download "$@" && verify "$1" "$2" "$work/$2" || return
    { mkdir -p "${place%/*}" && mv -fT "$work/$2" "$place" && printf '%s\n' "$place" >>"$sound"; } || full "$TARGET"
  fi
  paths_of "$2" >"$scratch/names" || lost || return
  while IFS= read -r name; do
    to=$dir/$name
    if [ "$to" = "$place" ]; then continue; fi
    { mkdir -p "${to%/*}" && rm -f "$to"; } || full "$TARGET"
    # Not every volume supports hard links.
    ln "$place" "$to" 2>/dev/null || { unkilled cp "$place" "$work/$2" && mv -fT "$work/$2" "$to"; } || full "$TARGET" "$1"
  done <"$scratch/names"
}


download() {
  into=$TARGET file=$work/$2 most=$1
  if ! grep -qxF "$2" "$begun"; then
    if [ -e "$file" ]; then resumable "$2" "$1" || rm -f "$file"; fi
    if ! [ -e "$file" ]; then printf '%s\n' "$2" >>"$begun"; fi
  fi
  have=$(size_of "$file")
  if [ "$1" -eq 0 ]; then : >"$file"; fi
  while [ "$have" -lt "$1" ]; do
    last=$((have + PIECE - 1))
    if [ "$last" -ge "$1" ]; then last=$(($1 - 1)); fi
    request_file "$3" "$2" --fail --continue-at "$have" --header "Range: bytes=$have-$last" --output "$file" || {
      # There is less of it there than here, or more than listed.
      if [ "$status" = 416 ] || [ "$(size_of "$file")" -gt "$1" ]; then rm -f "$file"; fi
      return 1
    }
    if [ "$code" -eq 33 ]; then
      message="$party cannot resume the download, so it starts again"
      rm -f "$file"
      return 1
    fi
    before=$have have=$(size_of "$file")
    if [ "$have" -eq "$before" ]; then break; fi
  done
  if [ "$have" -eq "$1" ]; then return; fi
  rm -f "$file"
  message="$have bytes arrived instead of $1"
  return 1
}


verify() {
  message="the downloaded file is corrupt"
  summed "$@"
  case $? in
    0)
      case $3 in "$dir"/*) printf '%s\n' "$3" >>"$sound" ;; esac
      return 0 ;;
    1) rm -f "$3" ;;
  esac
  return 1
}
