# shellcheck shell=sh
# Readies the volumes of Open WebUI, in its own image. Any POSIX shell, coreutils and findutils.
#
# The volume for its data hides what the image carries in the same place: small models that index documents and
# understand speech, without which it asks Hugging Face. They are copied to the volume, file by file; what lies there
# stays. A file that cannot be copied is reported and stops nothing: chats need none of them. Pods that share the volume
# may do so at once, each under a name of its own.
#
# Environment
#   DATA        where the volume is mounted here
#   STATIC_DIR  where it keeps its icons and styles, which it renews at its start
# Exit codes: 0 ready, 77 DATA cannot be written
set -u
: "${APP:=/app/backend}" "${DATA:=/data}" "${STATIC_DIR:=/tmp/static}"

say() { printf '%s\n' "prepare: $*"; }

# What Open WebUI writes to; a claim that another user filled may hold them already.
for at in "$DATA" "$DATA/webui.db" "$DATA/uploads" "$DATA/cache" "$DATA/vector_db"; do
  if [ -e "$at" ] && [ ! -w "$at" ]; then
    say "$at cannot be written by user $(id -u), groups $(id -G); change its owner, or name it under openWebui.podSecurityContext"
    exit 77
  fi
done

mkdir -p "$STATIC_DIR"
cp -R "$APP/open_webui/static/." "$STATIC_DIR" || say "the image's static files are left out"

cd "$APP/data" 2>/dev/null || exit 0
staged=$DATA/.preparing-$(uname -n)
# What a pod left that was ended here; no copy takes an hour.
find "$DATA" -maxdepth 1 -name '.preparing*' -mmin +60 -exec rm -f {} +
find . \( -type f -o -type l \) -path './cache/*' | while IFS= read -r file; do
  if [ -e "$DATA/$file" ] || [ -L "$DATA/$file" ]; then continue; fi
  # A copy that is cut short must not pass for the file.
  if rm -f "$staged" && mkdir -p "$DATA/${file%/*}" && cp -P "$file" "$staged" && mv "$staged" "$DATA/$file"; then
    say "brought ${file#./}"
  else
    say "${file#./} is left out"
  fi
done
rm -f "$staged"
exit 0
