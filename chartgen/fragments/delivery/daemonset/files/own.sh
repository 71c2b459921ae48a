#!/bin/sh
# Gives the folder of the models to the user who brings them, OWNER (uid:gid). It runs as root, and does nothing else.
set -eu

: "${TARGET:?}" "${OWNER:?}"

if [ "$(stat -c %u:%g "$TARGET")" != "$OWNER" ]; then
  echo "giving $TARGET to $OWNER"
  chown -hR "$OWNER" "$TARGET"   # -h: a link that lies there leads nowhere else
fi
chmod u+rwx,go+rx "$TARGET"
