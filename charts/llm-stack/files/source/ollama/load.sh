#!/bin/sh
# Downloads models from ollama's library, or from another registry for ollama, to TARGET. TARGET is ollama's store
# (OLLAMA_MODELS): manifests/<host>/<namespace>/<name>/<tag> names blobs/sha256-<hex>. loader.sh describes what all
# loaders share. Other models in the store stay, unless PRUNE is true.


















. "${0%/*}/loader.sh"

: "${INSECURE:=false}" "${RETRIES:=5}" "${STALL:=300}" "${PRUNE:=false}"
: "${BACKOFF:=5}" "${PROGRESS:=10}" "${TICK:=1}" "${PORT:=11435}"   # seconds, and the first port to try
: "${LEAST:=1000}"   # bytes a second; a slower pull counts as stalled

server='' puller='' hasher='' asker='' message='' worst=0
blobs=$TARGET/blobs
root=$TARGET   # the store whose manifests are used: TARGET, or .next while a model is checked for a newer version

main() {
  case $MODE in once | refresh | watch) ;; *) die 64 "MODE must be once, refresh or watch, not '$MODE'" ;; esac
  check_list
  begin
  check_place
  if [ "$MODE" = watch ]; then keep_looking all settled; fi
  if [ "$MODE" = once ] && ready_has "$hash" && all settled; then summary "already there"; exit 0; fi
  check_writable "$TARGET"
  for part in "$blobs" "$TARGET/manifests"; do if [ -d "$part" ]; then check_writable "$part"; fi; done
  find_home
  take_lock
  own_dir "$blobs" "$TARGET/manifests"
  only_files "$blobs" "$TARGET/manifests"
  take_work
  if [ -n "$inherited" ]; then renew_partials; fi
  if [ "$MODE" = once ]; then all provide; else all renew; fi
  stop_work
  { forget && prune && read_models &&
    awk -F '\t' '{ print $1 ":" $2 "\t" $3 }' "$scratch/known.rows" >"$scratch/identities" &&
    mark_digest "$scratch/identities"; } || full "$TARGET"
  [ "$worst" -eq 0 ] || exit "$worst"
  { mark_sync && mark_ready "$hash"; } || full "$TARGET"
  summary "all there"
}



check_place() {
  if [ -d "$TARGET/models/manifests" ] && ! [ -d "$TARGET/manifests" ]; then
    die 64 "the volume has a store of ollama in its folder models/, and none at its root; set modelCache.subPath to" \
      "models to use it, or remove the folder"
  fi
}


requested() { { models >"$scratch/list" && cut -f 2 "$scratch/list" >"$scratch/$1"; } || die 70 "$killed"; }


all() {
  requested references
  while read -r reference <&3; do "$1" "$reference" || return; done 3<"$scratch/references"
}

summary() {
  while read -r reference <&3; do say "$1: $reference ($(human "$(bytes_of "$reference")"))"; done 3<"$scratch/references"
}


find_home() {
  if [ -n "${HOME:-}" ] && mkdir -p "$HOME/.ollama" 2>/dev/null; then
    if [ -r "$HOME/.ollama/id_ed25519" ] || [ -w "$HOME/.ollama" ]; then return; fi
  fi
  export HOME="$scratch/home"
  mkdir -p "$HOME"
}

# --- The content of the store ---------------------------------------------------------------------------------------


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


layers() {
  plain "$root/manifests/$(place "$1")" && real "$root/manifests/$(place "$1")" || return
  head -c 10000000 "$root/manifests/$(place "$1")" | awk '
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
        if (digest !~ /^sha256-[0-9a-f]+$/ || length(digest) != 71) exit bad = 1
        print digest, size
        got = 0
        some = 1
      }
      exit bad || got || !some
    }'
}

bytes_of() { layers "$1" >"$scratch/sizes" && awk '{ n += $2 } END { printf "%.0f", n }' "$scratch/sizes"; }

size_of() { plain "$blobs/$1" && stat -c %s "$blobs/$1" 2>/dev/null; }


whole() {
  layers "$1" >"$scratch/layers" || return
  while read -r digest size; do
    [ "$(size_of "$digest")" = "$size" ] || return
  done <"$scratch/layers"
}


index_line() {
  at=$(place "$1")
  digest=$(sha256sum <"$TARGET/manifests/$at") && bytes=$(bytes_of "$1") || return
  printf '%s\t%s\tsha256:%s\t%s\n' "${at%/*}" "${at##*/}" "${digest%% *}" "$bytes"
}


read_models() { read_file .models >"$scratch/known.rows"; }

settled() {
  real "$blobs" && whole "$1" && line=$(index_line "$1") && read_models && grep -qxF -e "$line" "$scratch/known.rows"
}

record() {
  { line=$(index_line "$1") && read_models && LINE=$line awk -F '\t' '
      BEGIN { split(ENVIRON["LINE"], new, "\t") }
      $1 != new[1] || $2 != new[2]
      END { print ENVIRON["LINE"] }' "$scratch/known.rows" >"$scratch/unsorted" &&
    LC_ALL=C sort "$scratch/unsorted" >"$scratch/index" && publish .models <"$scratch/index"; } || full "$TARGET"
}



verified() {
  say "$1: verifying $(human "$(bytes_of "$1")")"
  layers "$1" >"$scratch/layers" || lost || return
  sound=0
  while read -r digest size <&3; do
    hash_blob "$1" "$digest" "$size" || return
    if read -r sha256 _ <"$scratch/sum" && [ "sha256-$sha256" = "$digest" ]; then
      unkilled persist "$blobs/$digest" || full "$TARGET"   # a recorded blob must survive a crash of the machine
    else
      say "$1: $digest is corrupt; removing it"
      rm -f "$blobs/$digest"
      sound=1
    fi
  done 3<"$scratch/layers"
  return "$sound"
}



hash_blob() {
  sha256sum <"$blobs/$2" >"$scratch/sum" 2>"$scratch/why" &
  hasher=$!
  count logged
  while [ "$3" -gt 100000000 ] && pause "$TICK" && alive "$hasher"; do
    passed logged "$PROGRESS" || continue
    count logged
    at=$(sed -n 's/^pos:[^0-9]*//p' "/proc/$hasher/fdinfo/0" 2>/dev/null)
    say "$1: verifying, $((${at:-0} / ($3 / 100)))% of $(human "$3")"
  done
  wait "$hasher"
  code=$? hasher=
  not_killed "$code"
  if [ "$code" -eq 0 ]; then return; fi
  check_scratch
  message="$blobs/$2 cannot be read: $(reason_in "$(head -n 1 "$scratch/why")")"
  return 1
}


held() {
  {
    find "$blobs" -type f -name 'sha256-*' ! -name '*-partial*' -exec stat -c %s {} +
    find "$blobs" -type f -name '*-partial-*' -exec sed -n 's/.*"Completed":\([0-9]*\).*/\1/p' {} +
  } 2>/dev/null | awk '{ n += $1 } END { printf "%.0f", n }'
}


missing_bytes() {
  stat -c '%s %b %B' "$blobs"/*-partial 2>/dev/null |
    awk '$1 > $2 * $3 { n += $1 - $2 * $3 } END { if (n) printf "%.0f", n }'
}

# --- Models and blobs that are no longer needed ----------------------------------------------------------------------


used() {
  { find "$TARGET/manifests" -type f -exec cat {} + >"$scratch/manifests" &&
    sed 's/sha256:/\
&/g' "$scratch/manifests" >"$scratch/named" &&
    sed -n 's/^sha256:\([0-9a-f]*\).*/sha256-\1/p' "$scratch/named" >"$scratch/used"; } || die 70 "$killed"
}


forget() {
  [ -s "$scratch/superseded" ] || return 0
  used
  [ -s "$scratch/used" ] || return 0   # the manifests cannot be read, so any blob can be in use
  read_file .superseded >"$scratch/forgotten" && unused "$scratch/forgotten" "$scratch/to.remove" || return
  while read -r blob <&3; do rm -f "$blobs/$blob"; done 3<"$scratch/to.remove"
  unused "$scratch/superseded" "$scratch/to.forget" && publish .superseded <"$scratch/to.forget"
}


unused() {
  awk 'NR == FNR { used[$0]; next } /^sha256-[0-9a-f]+$/ && length($0) == 71 && !($0 in used) { used[$0]; print }' \
    "$scratch/used" "$1" >"$2"
}



prune() {
  [ "$PRUNE" = true ] || return 0
  requested kept
  if [ -d "$TARGET/.modelfiles" ]; then
    { (cd "$TARGET/.modelfiles" && find . -type f ! -name '.*') >"$scratch/made" &&
      sed -e 's,^[.]/,,' -e 's,@,:,g' "$scratch/made" >>"$scratch/kept"; } || die 70 "$killed"
  fi
  while read -r reference; do place "$reference"; done <"$scratch/kept" >"$scratch/places" || full "$scratch"
  { (cd "$TARGET/manifests" && find . -type f) >"$scratch/present" && awk '
    NR == FNR { wanted["./" $0]; next }
    !($0 in wanted) { print substr($0, 3) }' "$scratch/places" "$scratch/present" >"$scratch/unwanted"; } || return
  while read -r at; do
    say "${at%/*}:${at##*/} is no longer requested: removing it"
    rm -f "$TARGET/manifests/$at"
  done <"$scratch/unwanted"
  used
  [ -s "$scratch/used" ] || return 0
  read_file .superseded >>"$scratch/used" && (cd "$blobs" && find . -type f -name 'sha256-*') >"$scratch/present" && awk '
    NR == FNR { used["./" $0]; next }
    !($0 in used)' "$scratch/used" "$scratch/present" >"$scratch/to.remove" || return
  while IFS= read -r blob <&3; do rm -f "$blobs/$blob"; done 3<"$scratch/to.remove"
  read_models && awk -F '\t' 'NR == FNR { wanted[$0]; next } ($1 "/" $2) in wanted' \
    "$scratch/places" "$scratch/known.rows" >"$scratch/index" && publish .models <"$scratch/index" || return
  # Lists with more models are no longer valid. This list is, if it was before.
  if [ -s "$scratch/unwanted" ]; then if ready_has "$hash"; then printf '%s\n' "$hash"; fi | publish .ready; fi
}

# --- Partial blobs after a kill --------------------------------------------------------------------------------------
# ollama downloads a blob in parts of equal size. sha256-<hex>-partial has the full length from the start, and for
# each part there is a file -partial-<n> with {"N":1,"Offset":…,"Size":…,"Completed":…}. ollama creates these files
# first, rewrites them in place, and removes them one by one at the end. A kill at any of these moments leaves an
# incomplete set: every later pull then fails with EOF, or takes the blob for shorter than it is. Call this only while
# no server runs.




renew_partials() {
  for old in "$blobs"/sha256-*-partial-* "$blobs"/sha256-*-partial; do
    if ! [ -e "$old" ]; then continue; fi
    if fresh=$(mktemp "$mine/XXXXXX" 2>/dev/null) && copy_of "$old" "$fresh" && chmod 644 "$fresh"; then
      mv -fT "$fresh" "$old" && continue
    fi
    rm -f "$fresh" "$old"   # it does not fit on the disk a second time, so it is downloaded again
  done
}

repair() {
  for part in "$blobs"/sha256-*-partial-*; do
    if [ -e "$part" ] && ! [ -s "${part%-*}" ]; then rm -f "$part"; fi   # nothing was downloaded yet
  done
  for data in "$blobs"/sha256-*-partial; do
    if [ -s "$data" ]; then repair_blob "$data"; else rm -f "$data"; fi
  done
}

repair_blob() {
  set -- "$1" "$1"-*
  [ -e "$2" ] || set -- "$1"
  states=$(part_states "$@") || full "$TARGET" "$(missing_bytes)"
  case $states in
    gone) mv -f "$1" "${1%-partial}"; rm -f "$1"-* ;;
    lost) rm -f "$@" ;;
  esac
}



part_states() {
  data=$1
  shift
  DATA=$data TOTAL=$(stat -c %s "$data") FILES=$# awk '
    BEGIN { data = ENVIRON["DATA"]; total = ENVIRON["TOTAL"] + 0; files = ENVIRON["FILES"] + 0 }
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
  command -v ollama >/dev/null || die 70 "this image does not contain ollama; set images.ollama to one that does"
  repair
  export OLLAMA_MODELS="$root" OLLAMA_NOPRUNE=1
  for port in "$PORT" $((PORT + 1)) $((PORT + 2)) $((PORT + 3)); do
    export OLLAMA_HOST="127.0.0.1:$port"
    : >"$scratch/serve"
    ollama serve >>"$scratch/serve" 2>&1 </dev/null &
    server=$!
    if server_answers; then return; fi
    grep -q 'address already in use' "$scratch/serve" || break
  done
  die 70 "ollama serve does not start: $(last_words)"
}


server_answers() {
  count began
  while pause "$TICK" && alive "$server" && ! passed began 120; do
    if alive "$asker"; then continue; fi
    if [ -n "$asker" ] && wait "$asker"; then asker=; return; fi
    ollama list >/dev/null 2>&1 </dev/null &
    asker=$!
  done
  end "$asker"
  asker=
  return 1
}


last_words() {
  grep -v '^\[GIN\]' "$scratch/serve" >"$scratch/words"
  grep -i 'error\|fatal\|panic' "$scratch/words" >"$scratch/errors" || cp "$scratch/words" "$scratch/errors"
  beginning "$(tail -n 2 "$scratch/errors" | sed 's/^time=[^ ]* level=[A-Z]* source=[^ ]* //' | cut -c 1-20000)" | one_line
}

one_line() { tr -s '\n ' ' ' | sed -e 's/^Error: //' -e 's/ $//'; }


stop_work() {
  for pid in $hasher $asker; do kill "$pid" 2>/dev/null; done
  if alive "$puller"; then kill "$puller" 2>/dev/null; sleep 0.5; fi
  end_soon "$server" "$puller" "$hasher" "$asker"
  puller='' server='' hasher='' asker=''
}


end_soon() {
  usual=$GRACE GRACE=1 lone=1
  end "$@"
  GRACE=$usual lone=''
}


provide() {
  if settled "$1"; then return; fi
  get "$1"
  record "$1"
}



renew() {
  failed=0
  if ! settled "$1"; then
    provide "$1"
    if [ "$failed" -gt 0 ]; then return; fi   # it was pulled now; else its version was there, and can be an old one
  fi
  stop_work
  at=$(place "$1") next=$TARGET/.next
  rm -rf "$next"
  own_dir "$next/manifests"
  ln -s ../blobs "$next/blobs" || full "$TARGET"
  run_child get_next "$1" || { if [ "$worst" -eq 0 ]; then worst=$ended; fi; return 0; }
  if ! cmp -s "$next/manifests/$at" "$TARGET/manifests/$at"; then
    layers "$1" | cut -d ' ' -f 1 >>"$scratch/superseded"
    mv -f "$next/manifests/$at" "$TARGET/manifests/$at" || full "$TARGET"
    record "$1"
    say "$1: has changed"
  fi
  rm -rf "$next"
}


get_next() {
  trap 'status=$?; trap "" HUP INT TERM; stop_work; exit "$status"' EXIT
  trap 'exit 143' HUP INT TERM
  server='' child='' root=$TARGET/.next
  get "$1"
}


same() { [ "$root" != "$TARGET" ] && cmp -s "$root/manifests/$(place "$1")" "$TARGET/manifests/$(place "$1")"; }


get() {
  doubt='' failed=0 best=$(held)
  until [ -z "$doubt" ] && { same "$1" || { whole "$1" && verified "$1"; }; }; do
    if [ "$failed" -gt 0 ]; then back_off "$1"; fi
    failed=$((failed + 1))
    message="ollama reports success, but the model is incomplete"
    remove_cut "$1"
    pull "$1" && doubt='' || doubt=1
    reached=$(held)
    # An unreliable network needs many attempts for a large model. They end, because no byte counts twice.
    if [ "$reached" -gt $((best + 1000000)) ]; then best=$reached failed=1; fi
  done
}

back_off() {
  check_scratch
  [ "$failed" -lt "$RETRIES" ] || die 69 "$1: gave up after $failed attempts without new data: $message"
  delay=$BACKOFF
  for _ in $(seq 2 "$failed"); do if [ "$delay" -lt 60 ]; then delay=$((delay * 2)); fi; done
  say "$1: attempt $failed failed: $message; next attempt in $delay s"
  pause "$delay"
}


remove_cut() {
  layers "$1" >"$scratch/layers" || { rm -f "$root/manifests/$(place "$1")"; return 0; }
  while read -r digest size; do
    have=$(size_of "$digest") || continue
    [ "$have" != "$size" ] || continue
    say "$1: $digest has $have bytes instead of $size; removing it"
    rm -f "$blobs/$digest"
  done <"$scratch/layers"
}


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
  pause 0.05   # by now, a server that died during the pull has exited
  if ! alive "$server"; then
    wait "$server"   # its exit code: 137 if the node was out of memory
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
  within "$STALL" ollama show "$1" >/dev/null 2>"$scratch/show" || { message=$(one_line <"$scratch/show"); return 1; }
}




watch_pull() {
  seen='' got=$(on_disk)
  count since
  count logged
  while pause "$TICK" && alive "$puller"; do
    state=$(progress) came=$(on_disk) allowed=$STALL
    mark=${state%%%*}
    case $state in verifying*) allowed=$((STALL + came / 5000000)) ;; esac
    if [ "$mark" != "$seen" ] || [ $((came - got)) -gt $((LEAST * STALL)) ]; then seen=$mark got=$came; count since; fi
    if passed since "$allowed"; then
      message="no progress for $allowed seconds"
      stop_work
      return 1
    fi
    if passed logged "$PROGRESS"; then count logged; say "$1: $state"; fi
    for log in "$scratch/pull" "$scratch/serve"; do
      if [ "$(stat -c %s "$log")" -gt 1000000 ]; then cp /dev/null "$log"; fi
    done
  done
}


on_disk() { stat -c '%b %B' "$blobs"/sha256-* 2>/dev/null | awk '{ n += $1 * $2 } END { printf "%.0f", n }'; }


cleaned() { tr '\033' '\n' | LC_ALL=C tr -cd '\n -~' | sed -e 's/^\[[0-9;?]*[A-Za-z]//' -e '/^ *$/d'; }


progress() {
  tail -c 4000 "$scratch/pull" | cleaned | tail -n 1 | sed \
    -e 's|^pulling .* \([0-9]*%\) *[0-9.]* [KMGT]*B/ *\([0-9.]* [KMGT]*B\)|\1 of \2|' \
    -e 's|\(of [0-9.]* [KMGT]*B\)  *\([0-9.]* [KMGT]*B/s\)  *\([^ ]*\).*|\1, \2, \3 left|' -e 's/  */ /g; s/ $//'
}

stop_if_definite() {
  case $message in
    *'no space left'* | *'quota exceeded'*) full "$TARGET" "$(missing_bytes)" ;;
    *'file does not exist'* | *'manifest unknown'* | *'not found'*)
      die 66 "$1 does not exist; check its name and tag in the registry (ollama: $message)" ;;
    *'HTTP response to HTTPS client'* | *'insecure protocol'* | *'tls: first record'* | *x509:*)
      die 65 "$1: the registry uses plain HTTP, or its certificate is not trusted; to allow that, set" \
        "ollamaSource.insecure: true (ollama: $message)" ;;
    *'manifest: 40'[0135]:* | *'manifest: 412:'* | *unauthorized* | *'invalid model name'* | *'no Location header'*)
      die 65 "$1: the registry refuses the request, and another attempt cannot help (ollama: $message)" ;;
  esac
}

main
