#!/bin/sh
# Brings models from ollama's library, or a registry like it, into TARGET, which is ollama's own store (OLLAMA_MODELS):
# manifests/<host>/<namespace>/<name>/<tag> names blobs/sha256-<hex>. loader.sh beside this file says what all loaders
# share. Models that lie here and were not asked for stay, unless PRUNE is true.
#
# A model that is here already, and may mean something else by now, is pulled into .next/, a store with manifests of its
# own and the same blobs; its manifest takes the place of the one before by a rename. ollama would write that one anew at
# each pull, and whoever reads it at that moment finds it empty. A server loads the new one at the next question.
#
# Environment, beside that of loader.sh
#   INSECURE  true: a registry that speaks plain http, or whose certificate nobody vouches for
#   RETRIES   pulls in a row that may fail without bringing anything new
#   STALL     seconds after which a pull that brings nothing is ended and taken up again
#   PRUNE     true: models that the list does not ask for are removed
# In TARGET, beside what loader.sh says
#   .models      columns: name, tag, the manifest's digest, bytes
#   .superseded  blobs that the last change has left behind; they go at the next
#
# Why it does not believe `ollama pull`: its exit code is 0 when the server dies beneath it, it takes any file with a
# blob's name for the blob, and a server that is killed can leave partial files that no later pull gets past.
# shellcheck source-path=SCRIPTDIR/../../../loader/files source=loader.sh
. "$(dirname "$0")/loader.sh"

: "${INSECURE:=false}" "${RETRIES:=5}" "${STALL:=300}" "${PRUNE:=false}"
: "${BACKOFF:=5}" "${PROGRESS:=10}" "${TICK:=1}" "${PORT:=11435}"   # seconds, and the first port to try

server='' puller='' hasher='' asker='' message='' worst=0
blobs=$TARGET/blobs
root=$TARGET   # the store whose manifests are meant, the next one while a model is renewed

main() {
  case $MODE in once | refresh | watch) ;; *) die 64 "MODE is once, refresh or watch, not '$MODE'" ;; esac
  check_list
  begin
  if [ "$MODE" = watch ]; then keep_looking all settled; fi
  hash=$(list_hash)
  if [ "$MODE" = once ] && ready_has "$hash" && all settled; then summary "already there"; exit 0; fi
  check_writable "$TARGET"
  for part in "$blobs" "$TARGET/manifests"; do if [ -d "$part" ]; then check_writable "$part"; fi; done
  find_home
  take_lock
  if [ "$MODE" = once ]; then all bring; else all renew; fi
  stop_work
  { forget && prune && awk -F '\t' '{ print $1 ":" $2 "\t" $3 }' "$TARGET/.models" | mark_digest; } || full "$TARGET"
  [ "$worst" -eq 0 ] || exit "$worst"
  { mark_sync && mark_ready "$hash"; } || full "$TARGET"
  summary "all there"
}

# all COMMAND: whether COMMAND does for every reference asked for.
all() {
  models | cut -f 2 >"$scratch/references"
  while read -r reference <&3; do "$1" "$reference" || return; done 3<"$scratch/references"
}

summary() {
  models | cut -f 2 | while read -r reference; do say "$1: $reference ($(human "$(bytes_of "$reference")"))"; done
}

# The server writes a key into HOME, and is fatally unhappy without.
find_home() {
  if [ -n "${HOME:-}" ] && mkdir -p "$HOME/.ollama" 2>/dev/null; then
    if [ -r "$HOME/.ollama/id_ed25519" ] || [ -w "$HOME/.ollama" ]; then return; fi
  fi
  export HOME="$scratch/home"
  mkdir -p "$HOME"
}

# --- What lies in the store -----------------------------------------------------------------------------------------

# place REFERENCE -> host/namespace/name/tag, with ollama's own defaults.
place() {
  name=${1#*://} tag=latest
  case ${name##*/} in *:*) tag=${name##*:} name=${name%:*} ;; esac
  case $name in
    */*/*) ;;
    */*) name=registry.ollama.ai/$name ;;
    *) name=registry.ollama.ai/library/$name ;;
  esac
  printf '%s/%s\n' "$name" "$tag"
}

# layers REFERENCE -> "sha256-<hex> <bytes>" of each blob; fails where the manifest is absent or was cut short.
layers() {
  awk '
    { text = text $0 }
    END {
      rest = text
      opened = gsub(/[[{]/, "", rest)
      if (!opened || opened != gsub(/[]}]/, "", rest)) exit 1
      count = split(text, part, /[{},]/)
      for (i = 1; i <= count; i++) {
        if (part[i] ~ /"digest" *:/) {
          digest = part[i]
          gsub(/.*: *"|" *\]*$/, "", digest)
          sub(/:/, "-", digest)
          got++
        }
        if (part[i] ~ /"size" *:/) { size = part[i]; gsub(/[^0-9]/, "", size); got++ }
        if (got < 2) continue
        if (digest != "") print digest, size
        got = 0
        some = 1
      }
      exit got || !some
    }' "$root/manifests/$(place "$1")" 2>/dev/null
}

bytes_of() { layers "$1" | awk '{ n += $2 } END { printf "%.0f", n }'; }

size_of() { stat -L -c %s "$blobs/$1" 2>/dev/null; }

# whole REFERENCE: whether every blob is there with its size. Costs no reading of the blobs.
whole() {
  layers "$1" >"$scratch/layers" || return
  while read -r digest size; do
    [ "$(size_of "$digest")" = "$size" ] || return
  done <"$scratch/layers"
}

# A verified model's line in .models: name, tag, the manifest's digest, bytes.
index_line() {
  at=$(place "$1")
  digest=$(sha256sum <"$TARGET/manifests/$at") || return
  printf '%s\t%s\tsha256:%s\t%s\n' "${at%/*}" "${at##*/}" "${digest%% *}" "$(bytes_of "$1")"
}

settled() { whole "$1" && grep -qxF "$(index_line "$1")" "$TARGET/.models" 2>/dev/null; }

record() {
  line=$(index_line "$1") || return
  name_and_tag=$(printf '%s' "$line" | cut -f 1,2)
  { grep -vF "$name_and_tag	" "$TARGET/.models" 2>/dev/null; printf '%s\n' "$line"; } |
    LC_ALL=C sort | publish .models || full "$TARGET"
}

# verified REFERENCE: whether every blob is what its name says. One that is not is removed: ollama would keep it.
verified() {
  say "$1: verifying $(human "$(bytes_of "$1")")"
  layers "$1" >"$scratch/layers"
  sound=0
  while read -r digest size <&3; do
    hash_blob "$1" "$digest" "$size"
    if read -r sha256 _ <"$scratch/sum" && [ "sha256-$sha256" = "$digest" ]; then
      run_child sync "$blobs/$digest" 2>/dev/null || :   # what is recorded as there must outlive the machine
    else
      say "$1: $digest is corrupt; removing it"
      rm -f "$blobs/$digest"
      sound=1
    fi
  done 3<"$scratch/layers"
  return "$sound"
}

# hash_blob REFERENCE BLOB BYTES: its sha256 into $scratch/sum, with words on how far it is where that takes long.
hash_blob() {
  sha256sum <"$blobs/$2" >"$scratch/sum" &
  hasher=$! told=$(now)
  while [ "$3" -gt 100000000 ] && pause "$TICK" && alive "$hasher"; do
    [ $(($(now) - told)) -ge "$PROGRESS" ] || continue
    told=$(now)
    at=$(sed -n 's/^pos:[^0-9]*//p' "/proc/$hasher/fdinfo/0" 2>/dev/null)
    say "$1: verifying, $((${at:-0} / ($3 / 100)))% of $(human "$3")"
  done
  wait "$hasher"
  hasher=
}

# held: bytes that need not be brought again, finished blobs and what is noted down of partial ones.
held() {
  {
    find "$blobs" -type f -name 'sha256-*' ! -name '*-partial*' -exec stat -c %s {} +
    find "$blobs" -type f -name '*-partial-*' -exec sed -n 's/.*"Completed":\([0-9]*\).*/\1/p' {} +
  } 2>/dev/null | awk '{ n += $1 } END { printf "%.0f", n }'
}

# missing_bytes: what the partial blobs still lack, by the disk blocks that they do not have yet.
missing_bytes() {
  stat -c '%s %b %B' "$blobs"/*-partial 2>/dev/null |
    awk '$1 > $2 * $3 { n += $1 - $2 * $3 } END { if (n) printf "%.0f", n }'
}

# --- What nobody needs any more --------------------------------------------------------------------------------------

# used: the blobs that any manifest names, one a line.
used() { find "$TARGET/manifests" -type f -exec cat {} + | grep -o 'sha256:[0-9a-f]*' | tr : - | sort -u; }

# forget: blobs that a change left behind go at the next one, when no server has them in memory any more.
forget() {
  [ -s "$scratch/superseded" ] || return 0
  used >"$scratch/used"
  grep -vxF -f "$scratch/used" "$TARGET/.superseded" 2>/dev/null | while read -r blob; do rm -f "$blobs/$blob"; done
  sort -u "$scratch/superseded" | grep -vxF -f "$scratch/used" | publish .superseded
}

# prune: models that the list does not ask for, and blobs that no manifest names, where that is asked for.
prune() {
  [ "$PRUNE" = true ] || return 0
  models | cut -f 2 | while read -r reference; do place "$reference"; done >"$scratch/places"
  (cd "$TARGET/manifests" && find . -type f) | sed 's,^[.]/,,' | grep -vxF -f "$scratch/places" >"$scratch/unwanted"
  while read -r at; do
    say "${at%/*}:${at##*/} is not asked for any more: removing it"
    rm -f "$TARGET/manifests/$at"
  done <"$scratch/unwanted"
  { used; cat "$TARGET/.superseded" 2>/dev/null; } >"$scratch/used"
  (cd "$blobs" && find . -type f -name 'sha256-*') | sed 's,^[.]/,,' | grep -vxF -f "$scratch/used" |
    while read -r blob; do rm -f "$blobs/$blob"; done
  awk -F '\t' 'NR == FNR { wanted[$0] = 1; next } ($1 "/" $2) in wanted' "$scratch/places" "$TARGET/.models" |
    publish .models || return
  # Lists that asked for more hold no longer; this one does, if it did before.
  if [ -s "$scratch/unwanted" ]; then if ready_has "$hash"; then printf '%s\n' "$hash"; fi | publish .ready; fi
}

# --- What a kill can leave behind -----------------------------------------------------------------------------------
# ollama cuts a blob into parts of one size. sha256-<hex>-partial has the whole's length from the start, and beside it
# -partial-<n> says {"N":1,"Offset":…,"Size":…,"Completed":…} for each part. They are made first, rewritten in place,
# and removed one by one at the end, each a moment at which a kill leaves a set that is not whole: every later pull
# then ends with EOF, or believes the blob to be shorter. Only while no server runs.

mend() {
  for part in "$blobs"/sha256-*-partial-*; do
    if [ -e "$part" ] && ! [ -s "${part%-*}" ]; then rm -f "$part"; fi   # nothing was brought yet
  done
  for data in "$blobs"/sha256-*-partial; do
    if [ -s "$data" ]; then mend_blob "$data"; else rm -f "$data"; fi
  done
}

mend_blob() {
  set -- "$1" "$1"-*
  [ -e "$2" ] || set -- "$1"
  states=$(part_states "$@") || full "$TARGET" "$(missing_bytes)"
  case $states in
    gone) mv -f "$1" "${1%-partial}"; rm -f "$1"-* ;;
    lost) rm -f "$@" ;;
  esac
}

# part_states DATA PART…: rewrites the parts that cannot be read as not begun. Prints `gone` where all are done and
# some were removed already, `lost` where none can be read.
part_states() {
  data=$1
  shift
  awk -v data="$data" -v total="$(stat -c %s "$data")" -v files="$#" '
    /^[{]"N":[0-9]+,"Offset":[0-9]+,"Size":[0-9]+,"Completed":[0-9]+[}]$/ {
      split($0, v, /[^0-9]+/)
      n = v[2] + 0
      seen[n] = 1
      valid++
      if (v[4] == v[5]) done++
      if (n) chunk = v[3] / n
      else if (!chunk) chunk = v[4] + 0
    }
    END {
      if (valid == files && valid == done && (!valid || chunk * valid < total)) { print "gone"; exit }
      if (!chunk) { print "lost"; exit }
      for (n = 0; n * chunk < total; n++) {
        if (n in seen) continue
        size = total - n * chunk
        if (size > chunk) size = chunk
        printf "{\"N\":%d,\"Offset\":%.0f,\"Size\":%.0f,\"Completed\":0}\n", n, n * chunk, size > (data "-" n)
      }
    }' "$@" </dev/null
}

# --- ollama ---------------------------------------------------------------------------------------------------------

start_server() {
  if alive "$server"; then return; fi
  command -v ollama >/dev/null || die 70 "there is no ollama in this image; set images.ollama to one that has it"
  mend
  export OLLAMA_MODELS="$root" OLLAMA_NOPRUNE=1
  for port in "$PORT" $((PORT + 1)) $((PORT + 2)) $((PORT + 3)); do
    export OLLAMA_HOST="127.0.0.1:$port"
    ollama serve >"$scratch/serve" 2>&1 </dev/null &
    server=$!
    if server_answers; then return; fi
    grep -q 'address already in use' "$scratch/serve" || break
  done
  die 70 "ollama serve does not start: $(last_words)"
}

# A server listens before it has looked for its GPUs, and answers after: nobody may wait for one answer for ever.
server_answers() {
  deadline=$(($(now) + 120))
  while pause "$TICK" && alive "$server" && [ "$(now)" -lt "$deadline" ]; do
    if alive "$asker"; then continue; fi
    if [ -n "$asker" ] && wait "$asker"; then asker=; return; fi
    ollama list >/dev/null 2>&1 </dev/null &
    asker=$!
  done
  asker=
  return 1
}

# last_words: the end of the server's log on one line, its errors where it has any, without stamps.
last_words() {
  grep -v '^\[GIN\]' "$scratch/serve" >"$scratch/words"
  grep -i 'error\|fatal\|panic' "$scratch/words" >"$scratch/errors" || cp "$scratch/words" "$scratch/errors"
  tail -n 2 "$scratch/errors" | sed 's/^time=[^ ]* level=[A-Z]* source=[^ ]* //' | cut -c 1-300 | one_line
}

one_line() { tr -s '\n ' ' ' | sed -e 's/^Error: //' -e 's/ $//'; }

# stop_work: the client first, so that the server can note down how far it came.
stop_work() {
  for pid in $hasher $asker; do kill "$pid" 2>/dev/null; done
  if alive "$puller"; then kill "$puller" 2>/dev/null; sleep 0.5; fi
  if alive "$server"; then
    kill "$server" 2>/dev/null
    for _ in $(seq 20); do alive "$server" && sleep 0.05; done
    if alive "$server"; then kill -9 "$server" 2>/dev/null; fi
  fi
  for pid in $puller $server $hasher $asker; do wait "$pid" 2>/dev/null; done
  puller='' server='' hasher='' asker=''
}

# bring REFERENCE: ends when it is there, verified and recorded, or ends the script.
bring() {
  if settled "$1"; then return; fi
  get "$1"
  record "$1"
}

# renew REFERENCE: the same, and what is there is what it means by now. Where that fails, what is there stays, the other
# models have their turn, and $worst keeps the code.
renew() {
  if ! settled "$1"; then bring "$1"; return; fi
  stop_work
  at=$(place "$1") next=$TARGET/.next
  rm -rf "$next"
  { mkdir -p "$next/manifests" && ln -s ../blobs "$next/blobs"; } || full "$TARGET"
  run_child get_next "$1" || { if [ "$worst" -eq 0 ]; then worst=$ended; fi; return 0; }
  if ! cmp -s "$next/manifests/$at" "$TARGET/manifests/$at"; then
    layers "$1" | cut -d ' ' -f 1 >>"$scratch/superseded"
    mv -f "$next/manifests/$at" "$TARGET/manifests/$at" || full "$TARGET"
    record "$1"
    say "$1: has changed"
  fi
  rm -rf "$next"
}

# get_next REFERENCE: gets it in the next store, in a process of its own.
get_next() {
  trap 'status=$?; trap "" HUP INT TERM; stop_work; exit "$status"' EXIT
  trap 'exit 143' HUP INT TERM
  server='' child='' root=$TARGET/.next
  get "$1"
}

# same REFERENCE: whether the next store has what this one has, where it was verified.
same() { [ "$root" != "$TARGET" ] && cmp -s "$root/manifests/$(place "$1")" "$TARGET/manifests/$(place "$1")"; }

# get REFERENCE: until it is whole and verified in the store that is meant.
get() {
  doubt='' failed=0 best=$(held)
  until [ -z "$doubt" ] && { same "$1" || { whole "$1" && verified "$1"; }; }; do
    if [ "$failed" -gt 0 ]; then back_off "$1"; fi
    failed=$((failed + 1))
    message="ollama said success, but the model is not whole"
    remove_cut "$1"
    pull "$1" && doubt='' || doubt=1
    reached=$(held)
    # A bad line brings a large model in many pieces. Bounded all the same: no byte counts twice.
    if [ "$reached" -gt $((best + 1000000)) ]; then best=$reached failed=1; fi
  done
}

back_off() {
  [ "$failed" -lt "$RETRIES" ] || die 69 "$1: gave up after $failed attempts that brought nothing new: $message"
  delay=$BACKOFF
  for _ in $(seq 2 "$failed"); do if [ "$delay" -lt 60 ]; then delay=$((delay * 2)); fi; done
  say "$1: attempt $failed failed: $message; again in $delay s"
  pause "$delay"
}

# remove_cut REFERENCE: what a kill or a full disk cut short, which ollama would take for whole.
remove_cut() {
  layers "$1" >"$scratch/layers" || { rm -f "$root/manifests/$(place "$1")"; return 0; }
  while read -r digest size; do
    have=$(size_of "$digest") || continue
    [ "$have" != "$size" ] || continue
    say "$1: $digest has $have bytes instead of $size; removing it"
    rm -f "$blobs/$digest"
  done <"$scratch/layers"
}

# pull REFERENCE: fails with $message set; ends the script where another attempt cannot help.
pull() {
  start_server
  set -- "$1" --insecure
  [ "$INSECURE" = true ] || set -- "$1"
  say "$1: pulling"
  cp /dev/null "$scratch/pull"
  ollama pull "$@" >>"$scratch/pull" 2>&1 </dev/null &
  puller=$!
  watch_pull "$1" || return
  wait "$puller"
  code=$?
  puller=
  pause 0.05   # a server that died beneath its client is gone by now
  if ! alive "$server"; then
    wait "$server"   # its exit code, 137 where the kernel had no memory left
    message="the server ended with code $?: $(last_words)" server=
    return 1
  fi
  if [ "$code" -ne 0 ]; then
    message=$(cleaned <"$scratch/pull" | sed -n '/^Error/,$p' | one_line)
    : "${message:=ollama pull ended with code $code}"
    stop_if_definite "$1"
    stop_work
    return 1
  fi
  run_child ollama show "$1" >/dev/null 2>"$scratch/show" || { message=$(one_line <"$scratch/show"); return 1; }
}

# watch_pull REFERENCE: until the pull ends; fails where it stands still. What is seen is the progress that ollama
# draws and the partial files; its own hashing changes neither, and takes minutes for a large model.
watch_pull() {
  seen='' since=$(now) told=$(now)
  while pause "$TICK" && alive "$puller"; do
    state=$(progress)
    mark="$state $(stat -c '%n %s %b %y' "$blobs"/*-partial* 2>/dev/null)"
    case $state in verifying*) seen= ;; esac
    if [ "$mark" != "$seen" ]; then seen=$mark since=$(now); fi
    if [ $(($(now) - since)) -ge "$STALL" ]; then
      message="nothing came for $STALL seconds"
      stop_work
      return 1
    fi
    if [ $(($(now) - told)) -ge "$PROGRESS" ]; then told=$(now); say "$1: $state"; fi
    if [ "$(stat -c %s "$scratch/pull")" -gt 1000000 ]; then cp /dev/null "$scratch/pull"; fi
  done
}

# cleaned: what ollama draws for a terminal, as plain lines.
cleaned() { tr '\033' '\n' | LC_ALL=C tr -cd '\n -~' | sed -e 's/^\[[0-9;?]*[A-Za-z]//' -e '/^ *$/d'; }

# progress: `43% of 4.7 GB, 58 MB/s, 46s left`, or what ollama says it is doing.
progress() {
  tail -c 4000 "$scratch/pull" | cleaned | tail -n 1 | sed \
    -e 's|^pulling .* \([0-9]*%\) *[0-9.]* [KMGT]*B/ *\([0-9.]* [KMGT]*B\)|\1 of \2|' \
    -e 's|\(of [0-9.]* [KMGT]*B\)  *\([0-9.]* [KMGT]*B/s\)  *\([^ ]*\).*|\1, \2, \3 left|' -e 's/  */ /g; s/ $//'
}

stop_if_definite() {
  case $message in
    *'no space left'* | *'quota exceeded'*) full "$TARGET" "$(missing_bytes)" ;;
    *'file does not exist'* | *'manifest unknown'* | *'not found'*)
      die 66 "no such model: $1; look for its name and tag in the registry (ollama: $message)" ;;
    *'HTTP response to HTTPS client'* | *'insecure protocol'* | *'tls: first record'* | *x509:*)
      die 65 "$1: its registry speaks plain http, or nobody vouches for its certificate; set ollamaSource.insecure:" \
        "true if that is meant to be so (ollama: $message)" ;;
    *'manifest: 40'[0135]:* | *'manifest: 412:'* | *unauthorized* | *'invalid model name'* | *'no Location header'*)
      die 65 "$1: refused, and would be again (ollama: $message)" ;;
  esac
}

main
