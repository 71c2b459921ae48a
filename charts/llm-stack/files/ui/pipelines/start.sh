# shellcheck shell=sh
# Starts Pipelines, in its own image: any POSIX shell, and the image's bash, Python and start.sh.
#
# The image is made for root. Another user's packages, which pipelines may ask for, go to Python's folder for the user,
# and Python looks there only if the folder is there when it starts. And the image's start.sh stays the container's first
# process, which hears no SIGTERM: it prepares here, and what it would run then, is run in place of this script.
#
# Environment
#   PIPELINES_DIR   where the pipelines lie
#   PYTHONUSERBASE  where their packages go
#   HOST PORT UVICORN_LOOP and all that start.sh reads, as in the image
# Exit codes: 77 PIPELINES_DIR cannot be written, else the server's own
set -u
: "${APP:=/app}" "${PIPELINES_DIR:=/app/pipelines}"

if [ ! -w "$PIPELINES_DIR" ]; then
  printf '%s\n' "start: $PIPELINES_DIR cannot be written by user $(id -u), groups $(id -G); change its owner, or name it under pipelines.podSecurityContext"
  exit 77
fi
mkdir -p "$(python -m site --user-site)"

cd "$APP" || exit
bash start.sh --mode setup || exit
exec uvicorn main:app --host "${HOST:-0.0.0.0}" --port "${PORT:-9099}" --forwarded-allow-ips '*' --loop "${UVICORN_LOOP:-auto}"
