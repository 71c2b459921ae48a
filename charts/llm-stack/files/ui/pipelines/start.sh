# shellcheck shell=sh
# Starts Pipelines in its image. Needs a POSIX shell and the image's bash, Python and start.sh.
#
# The image is built for root. For another user, the packages that pipelines require are installed in Python's user
# folder, and Python uses that folder only if it exists when Python starts. The image's start.sh would stay the
# container's first process and ignore SIGTERM. It therefore runs the setup only, and the server then replaces this
# script.
#
# Environment
#   PIPELINES_DIR   the folder of the pipelines
#   PYTHONUSERBASE  the folder for their packages
#   HOST PORT UVICORN_LOOP and the other variables of start.sh, as in the image
# Exit codes: 77 PIPELINES_DIR is not writable, otherwise the server's exit code
set -u
: "${APP:=/app}" "${PIPELINES_DIR:=/app/pipelines}"

if [ ! -w "$PIPELINES_DIR" ]; then
  printf '%s\n' "start: $PIPELINES_DIR is not writable for uid $(id -u), groups $(id -G); change its owner, or set pipelines.podSecurityContext to its owner"
  exit 77
fi
mkdir -p "$(python -m site --user-site)"

cd "$APP" || exit
bash start.sh --mode setup || exit
exec uvicorn main:app --host "${HOST:-0.0.0.0}" --port "${PORT:-9099}" --forwarded-allow-ips '*' --loop "${UVICORN_LOOP:-auto}"
