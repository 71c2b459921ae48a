# shellcheck shell=sh
# Prepares the volumes of Open WebUI. This script runs in Open WebUI's image and needs a POSIX shell, coreutils and
# findutils.










set -u
: "${APP:=/app/backend}" "${DATA:=/data}" "${STATIC_DIR:=/tmp/static}"

say() { printf '%s\n' "prepare: $*"; }

# The files that Open WebUI writes. An existing claim may contain them with another owner.
for at in "$DATA" "$DATA/webui.db" "$DATA/uploads" "$DATA/cache" "$DATA/vector_db"; do
  if [ -e "$at" ] && [ ! -w "$at" ]; then
    say "$at is not writable for uid $(id -u), groups $(id -G); change its owner, or set openWebui.podSecurityContext to its owner"
    exit 77
  fi
done

mkdir -p "$STATIC_DIR"
cp -R "$APP/open_webui/static/." "$STATIC_DIR" || say "the image's static files are not copied"

cd "$APP/data" 2>/dev/null || exit 0
staged=$DATA/.preparing-$(uname -n)
# Remove what a terminated pod left. No copy takes an hour.
find "$DATA" -maxdepth 1 -name '.preparing*' -mmin +60 -exec rm -f {} +
find . \( -type f -o -type l \) -path './cache/*' | while IFS= read -r file; do
  if [ -e "$DATA/$file" ] || [ -L "$DATA/$file" ]; then continue; fi
  # A partial copy must not get the file's name.
  if rm -f "$staged" && mkdir -p "$DATA/${file%/*}" && cp -P "$file" "$staged" && mv "$staged" "$DATA/$file"; then
    say "copied ${file#./}"
  else
    say "${file#./} is not copied"
  fi
done
rm -f "$staged"
exit 0
