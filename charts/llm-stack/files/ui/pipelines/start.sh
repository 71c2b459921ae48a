# shellcheck shell=sh
# Starts Pipelines in its image. Needs a POSIX shell and the image's bash, Python and start.sh.











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
