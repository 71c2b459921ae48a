#!/bin/sh
# Requests the page of the UI.




. "${0%/*}/ask.sh"

: "${PAGE_URL:?}"

say "requesting the page at $PAGE_URL"
ask "$PAGE_URL" --location
[ "$status" = 200 ] || die 1 "$PAGE_URL: HTTP $status instead of a page: $(excerpt)"
grep -qi '<html' "$scratch/answer" || die 1 "$PAGE_URL: the answer is not an HTML page: $(excerpt)"
say "the UI returned its page"
