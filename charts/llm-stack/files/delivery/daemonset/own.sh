#!/bin/sh
# Changes the owner of the models' folder to OWNER (uid:gid), the user that the loader runs as. This script runs as
# root.
set -eu

: "${TARGET:?}" "${OWNER:?}"

if [ "$(stat -c %u:%g "$TARGET")" != "$OWNER" ]; then
  echo "changing the owner of $TARGET to $OWNER"
  chown -hR "$OWNER" "$TARGET"   # -h: change links themselves, never what they point to
fi
chmod u+rwx,go+rx "$TARGET"
