#!/bin/sh
# Changes the owner of the models' folder to OWNER (uid:gid), the user that the loader runs as. This script runs as
# root, so it only takes a folder that is empty or that a loader has used: any other can belong to the node.
set -eu

: "${TARGET:?}" "${OWNER:?}"

used=''
for mark in .ready .models .digest .last_sync .doing .lock; do
  [ ! -e "$TARGET/$mark" ] || used=yes
done
if [ "$(stat -c %u:%g "$TARGET")" != "$OWNER" ]; then
  # Not in the condition, where a find that was killed would find nothing.
  others=$(find "$TARGET" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .work ! -name .versions) || {
    echo "the files in $TARGET cannot be listed" >&2
    exit 70
  }
  if [ -z "$used" ] && [ -n "$others" ]; then
    echo "$TARGET contains files that no loader made; set modelCache.hostPath to an empty folder, or change the owner of the folder to $OWNER on the node" >&2
    exit 77
  fi
  echo "changing the owner of $TARGET to $OWNER"
  chown -hR "$OWNER" "$TARGET"   # -h: change links themselves, never what they point to
fi
chmod u+rwx,go+rx "$TARGET"
