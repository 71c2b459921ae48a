#!/bin/sh
# Asks the UI for its page.
#
# Environment, beside that of ask.sh
#   PAGE_URL  where the UI listens
# shellcheck source-path=SCRIPTDIR source=ask.sh
. "$(dirname "$0")/ask.sh"

: "${PAGE_URL:?}"

say "asking $PAGE_URL for its page"
ask "$PAGE_URL" --location
[ "$status" = 200 ] || die 1 "$PAGE_URL: HTTP $status instead of a page: $(excerpt)"
grep -qi '<html' "$scratch/answer" || die 1 "$PAGE_URL: the answer is no page: $(excerpt)"
say "the page is there"
