# shellcheck shell=sh
# Functions for sources whose models are folders of files. Each version is downloaded to a separate folder and verified
# there. One rename then makes it the current version. This file is sourced after loader.sh, never run.






























: "${PARALLEL:=1}" "${PRUNE:=false}" "${RETRIES:=5}" "${STALL:=300}"
: "${BACKOFF:=5}" "${PROGRESS:=10}" "${TICK:=1}"   # seconds
: "${LEAST:=1000}"   # bytes a second; a slower fetch counts as stalled

workers='' job='' identity='' message='' terms='' expected=0 most='' most_files=''
tab=$(printf '\t')

bring_models() {
  case $MODE in once | refresh | watch) ;; *) die 64 "MODE must be once, refresh or watch, not '$MODE'" ;; esac
  check_list
  begin
  [ -d "$TARGET" ] || die 77 "$TARGET is not a directory; mount the models' volume there"
  # shellcheck disable=SC2154 # check_list sets hash
  if [ "$MODE" = once ] && ready_has "$hash" && all_here; then summary "already there"; exit 0; fi
  if [ "$MODE" = watch ]; then keep_looking all_here; fi
  look
}


look() {
  check_writable "$TARGET"
  take_lock
  own_dir "$TARGET/.versions"
  take_work
  provide_all
  code=$?
  if [ "$code" -eq 0 ]; then
    all_here || die 70 "the models in $TARGET changed after the download, or a process of the loader was killed; if that" \
      "happens again, raise the memory limit of the loader, and check what else writes to the volume"
    summary "all there"
    { mark_sync && mark_ready "$hash"; } || full "$TARGET"
  fi
  release_lock
  return "$code"
}


provide_all() {
  failed=0
  if command -v prepare >/dev/null; then run_child prepare || return; fi
  rm -rf "$scratch/rows"
  { mkdir "$scratch/rows" && models >"$scratch/list"; } || full "$scratch"
  while IFS=$tab read -r folder reference filters <&3; do
    reap "$PARALLEL"
    provide "$folder" "$reference" "${filters:-}" 3<&- &
    workers="$workers $!"
  done 3<"$scratch/list"
  reap 1
  record 2>/dev/null || [ "$failed" -ne 0 ] || full "$TARGET"   # one sentence is enough
  return "$failed"
}


reap() {
  while :; do
    still='' some=0
    for pid in $workers; do
      if alive "$pid"; then still="$still $pid" some=$((some + 1)); continue; fi
      wait "$pid"
      code=$?
      if [ "$failed" -eq 0 ]; then failed=$code; fi
    done
    workers=$still
    [ "$some" -ge "$1" ] || return 0
    pause "$TICK"
  done
}

stop_work() {
  # shellcheck disable=SC2086 # they are several
  end $workers
  workers=''
}

# --- One model, in a separate process -------------------------------------------------------------------------------

provide() {
  trap - EXIT
  # shellcheck disable=SC2154 # loader.sh sets child
  trap 'trap "" HUP INT TERM; end $job $child; exit 143' HUP INT TERM
  GRACE=$((GRACE - GRACE / 3))   # it ends its own processes before it is killed itself
  workers='' folder=$1 reference=$2 filters=$3
  # shellcheck disable=SC2154 # loader.sh sets killed
  key=$(key_of "$1") || die 70 "$killed"
  rows=$scratch/rows scratch=$scratch/of.$key
  mkdir -p "$scratch" || full "$scratch"
  if [ "$MODE" = once ] && settled "$folder" "$reference" "$filters"; then exit 0; fi
  pinned "$reference" || again resolve "$reference" || exit
  version=$(version_of "$identity" "$filters") || die 70 "$killed"
  versions=$TARGET/.versions/$key
  own_dir "$versions"
  if ! whole "$versions/$version"; then
    again fetch_whole || exit
    finish_version
  fi
  swap
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$folder" "$reference" "$identity" "$(size_of_version "$versions/$version")" \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$filters" >"$rows/$key" || full "$scratch"
  exit 0
}


again() {
  # shellcheck disable=SC2154 # loader.sh sets mine
  attempts=0 best=$(bytes_in "$mine/$key")
  until "$@"; do
    check_scratch
    attempts=$((attempts + 1)) reached=$(bytes_in "$mine/$key")
    if [ "$reached" -gt $((best + 1000000)) ]; then best=$reached attempts=1; fi
    [ "$attempts" -lt "$RETRIES" ] || die 69 "$reference: gave up after $attempts attempts without new data: $message"
    delay=$BACKOFF
    for _ in $(seq 2 "$attempts"); do if [ "$delay" -lt 60 ]; then delay=$((delay * 2)); fi; done
    say "$reference: attempt $attempts failed: $message; next attempt in $delay s"
    pause "$delay"
  done
}


fetch_whole() {
  part=$mine/$key/$version.part
  own_dir "$part" "$mine/$key/work"
  only_files "$part" "$mine/$key/work"
  rm -f "$scratch/listing"
  fetch "$reference" "$identity" "$filters" "$part" "$mine/$key/work" && as_listed
}


as_listed() {
  list_files "$part" "$scratch/files.here" || lost || return
  odd=$(sed -n '/^- [.]\//{s///p;q;}' "$scratch/files.here") || lost || return
  [ -z "$odd" ] || die 66 "$reference: $odd is a link or a device, not a file; remove it from the model"
  [ -s "$scratch/files.here" ] || die 66 "$reference: no file was downloaded${filters:+ for the filter $filters}; correct the" \
    "filter or the reference"
  [ -s "$scratch/listing" ] || die 70 "$reference: the source lists no file of the model"
  awk '
    NR == FNR {
      tab = index($0, "\t"); size = substr($0, 1, tab - 1); path = substr($0, tab + 1)
      wanted[path] = size
      if (size == "-") loose = 1
      next
    }
    {
      path = substr($0, length($1) + 4)   # "size ./path"
      if (path in wanted && (wanted[path] == "-" || wanted[path] == $1)) { seen[path]; next }
      found = "." in wanted
      seen["."]
      while (sub("/[^/]*$", "", path)) if (path in wanted && wanted[path] == "-") { found = 1; seen[path] }
      if (!found && !loose) print substr($0, length($1) + 4)
    }
    END { for (path in wanted) if (!(path in seen)) print path }' "$scratch/listing" "$scratch/files.here" >"$scratch/odd" || lost || return
  while IFS= read -r path; do
    if [ -d "$part/$path" ] && ! grep -q '^[0-9]' "$scratch/listing"; then continue; fi   # an empty folder
    message="$path is missing or not as listed"
    return 1
  done <"$scratch/odd"
}



finish_version() {
  say "$reference: writing it to the disk"
  unkilled persist "$part" || full "$TARGET"
  check_lock
  if whole "$versions/$version"; then return; fi   # by a loader that took over the lock, and has released it
  { publish ".versions/$key/$version.files" <"$scratch/files.here" && rm -rf "${versions:?}/$version" &&
    mv -T "$part" "$versions/$version" && persist "$versions"; } || { check_writable "$versions"; full "$TARGET"; }
}


swap() {
  link=$TARGET/$folder before=''
  if [ -L "$link" ]; then before=$(readlink "$link") || die 70 "$killed"; fi
  to=$(target_of "$folder" "$version") || die 70 "$killed"
  case $folder in */*) own_dir "${link%/*}" ;; esac
  if [ "$before" = "$to" ]; then return; fi
  if [ -e "$link" ] && ! [ -L "$link" ]; then
    die 64 "$link exists and was not created by a loader, so $reference cannot be put there; remove it, or set model.path" \
      "to another folder"
  fi
  check_lock
  new=$(mktemp -u "$TARGET/.new.XXXXXX") || full "$TARGET"
  why=$(LC_ALL=C ln -s "$to" "$new" 2>&1) || {
    not_killed $?
    case $why in
      *[Nn]'ot supported'* | *permitted* | *[Ii]nvalid* | *implemented*)
        die 77 "$TARGET does not accept a symbolic link; use storage that supports symbolic links ($(reason_in "$why"))" ;;
    esac
    full "$TARGET"
  }
  mv -fT "$new" "$link" || { rm -f "$new"; check_writable "${link%/*}"; full "$TARGET"; }
  say "$reference: $folder is now $identity ($(human "$(size_of_version "$versions/$version")"))"
  for old in "$versions"/*; do
    case ${old##*/} in "$version" | "$version.files" | "${before##*/}" | "${before##*/}.files") continue ;; esac
    rm -rf "$old"
  done
}

key_of() { printf '%s' "$1" | tr / =; }


version_of() {
  hashed=$(printf '%s %s%s' "$1" "$2" "${terms:+ $terms}" | sha256sum) && printf '%.16s\n' "$hashed"
}


target_of() {
  above=$(printf '%s' "$1" | sed -e 's,[^/]*/,../,g' -e 's,[^/]*$,,') && named=$(key_of "$1") &&
    printf '%s.versions/%s/%s\n' "$above" "$named" "$2"
}



list_files() {
  (cd "$1" && find . -type f -exec stat -c '%s %n' {} + -o ! -type d -exec stat -c '- %n' {} +) >"$2.unsorted" &&
    LC_ALL=C sort "$2.unsorted" >"$2"
}


whole() {
  real "$1" && [ -d "$1" ] && plain "$1.files" && list_files "$1" "$scratch/whole" 2>/dev/null &&
    cmp -s "$scratch/whole" "$1.files"
}

size_of_version() { awk '{ n += $1 } END { printf "%.0f", n }' "$1.files"; }


bytes_in() {
  bytes=$(find "$@" -type f -exec stat -c %s {} + 2>/dev/null | awk '{ n += $1 } END { printf "%.0f", n }') || bytes=0
  printf '%s' "${bytes:-0}"
}





run_watched() {
  into=$1
  shift
  "$@" >"$scratch/output" 2>&1 </dev/null &
  job=$! seen=-1
  count since
  count logged
  while pause "$TICK" && alive "$job"; do
    came=$(bytes_in "$into")
    if exceeds "$came" || too_many "$into"; then
      end "$job"
      job=''
      return 1
    fi
    if [ "$came" -lt "$seen" ]; then seen=$came; fi
    if [ "$seen" -lt 0 ] || [ $((came - seen)) -gt $((LEAST * STALL)) ]; then seen=$came; count since; fi
    if passed since "$STALL"; then
      end "$job"
      job='' message="no progress for $STALL seconds"
      if [ "$came" -gt "$seen" ]; then message="less than $LEAST bytes a second for $STALL seconds"; fi
      return 1
    fi
    if [ "$(stat -c %s "$scratch/output")" -gt 50000000 ]; then
      end "$job"
      : >"$scratch/output"
      job='' message="$1 printed more than 50 MB"
      return 1
    fi
    if passed logged "$PROGRESS"; then count logged; say "$reference: $(progress_of "$came")"; fi
  done
  wait "$job"
  code=$?
  job=''
  if [ -n "$most" ] && { exceeds "$(bytes_in "$into")" || too_many "$into"; }; then return 1; fi
  return "$code"
}

exceeds() {
  if [ -z "$most" ] || [ "$1" -lt "$most" ]; then return 1; fi
  message="there are more than $(human "$most")"
}


too_many() {
  if [ -z "$most_files" ] || [ "$(find "$1" 2>/dev/null | head -n $((most_files + 2)) | wc -l)" -le $((most_files + 1)) ]; then
    return 1
  fi
  message="there are more than $most_files files"
}

progress_of() {
  if [ "$expected" -gt 0 ]; then echo "$(($1 / (expected / 100 + 1)))% of $(human "$expected")"
  else echo "$(human "$1") so far"; fi
}

# --- The index of all models ----------------------------------------------------------------------------------------


read_rows() {
  read_file .models >"$scratch/.models" &&
    awk -F '\t' 'NF > 4 && $1 !~ "^[./]|/[.]|//|/$" && $1 != ""' "$scratch/.models" >"$scratch/known.rows"
}



settled() {
  read_rows && is=$(FOLDER=$1 REFERENCE=$2 FILTERS=$3 awk -F '\t' '
    $1 == ENVIRON["FOLDER"] && $2 == ENVIRON["REFERENCE"] && $6 == ENVIRON["FILTERS"] { print $3; exit }' \
    "$scratch/known.rows") && [ -n "$is" ] || return
  is=$(version_of "$is" "$3") || return
  case $1 in */*) real "$TARGET/${1%/*}" || return ;; esac
  [ "$(readlink "$TARGET/$1")" = "$(target_of "$1" "$is")" ] && whole "$TARGET/.versions/$(key_of "$1")/$is"
}

all_here() {
  models >"$scratch/wanted" || return
  while IFS=$tab read -r folder reference filters <&3; do
    settled "$folder" "$reference" "${filters:-}" || return
  done 3<"$scratch/wanted"
}


record() {
  prune && read_rows || return
  : >"$scratch/new.rows" || return
  for row in "$scratch/rows"/*; do
    if [ -e "$row" ]; then cat "$row" >>"$scratch/new.rows" || return; fi
  done
  # A row whose identity did not change keeps its download time.
  { echo && cat "$scratch/known.rows"; } >"$scratch/old.rows" && awk -F '\t' '
    $0 == "" { old = 1; next }
    !old { new[$1] = $0; what[$1] = $2 FS $3 FS $4 FS $6; next }
    $1 in new { if (what[$1] == $2 FS $3 FS $4 FS $6) new[$1] = $0; next }
    { print }
    END { for (folder in new) print new[folder] }' "$scratch/new.rows" "$scratch/old.rows" >"$scratch/unsorted" &&
    LC_ALL=C sort "$scratch/unsorted" >"$scratch/index" && cut -f 1,3 "$scratch/index" >"$scratch/identities" &&
    publish .models <"$scratch/index" && mark_digest "$scratch/identities"
}


prune() {
  if [ "$PRUNE" != true ]; then return 0; fi
  read_rows && cut -f 1 "$scratch/list" >"$scratch/folders" && awk -F '\t' 'NR == FNR { wanted[$1]; next } !($1 in wanted) { print $1 }' \
    "$scratch/folders" "$scratch/known.rows" >"$scratch/unwanted" || return
  if ! [ -s "$scratch/unwanted" ]; then return 0; fi
  # Lists with more models are no longer valid. This list is, if it was before.
  if ready_has "$hash"; then printf '%s\n' "$hash"; fi | publish .ready || return
  while read -r folder; do
    key=$(key_of "$folder") || return
    say "$folder is no longer requested: removing it"
    rm -rf "$TARGET/.versions/$key" "${mine:?}/$key"
    case $folder in */*) real "$TARGET/${folder%/*}" || continue ;; esac
    rm -f "$TARGET/$folder"
    rmdir "$TARGET/${folder%/*}" 2>/dev/null
  done <"$scratch/unwanted"
  awk -F '\t' 'NR == FNR { wanted[$1]; next } $1 in wanted' "$scratch/folders" "$scratch/known.rows" >"$scratch/wanted.rows" &&
    publish .models <"$scratch/wanted.rows"
}

summary() {
  while IFS=$tab read -r folder reference _ <&3; do
    say "$1: $reference in $folder, $(FOLDER=$folder awk -F '\t' '$1 == ENVIRON["FOLDER"] { print $3, $4 }' "$scratch/known.rows" |
      while read -r what size; do echo "$what ($(human "$size"))"; done)"
  done 3<"$scratch/wanted"
}
