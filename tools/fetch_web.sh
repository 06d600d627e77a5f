#!/bin/sh
# Installs the dashboard's chart library (pinned in web/package-lock.json) into build/web. Needs npm; a complete
# installation is left alone without touching the network.
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
target=$project/build/web
# Tests of the page in a browser need more than the page itself.
dev=--omit=dev
[ "${1:-}" != --with-tests ] || dev=
sum=$(sha256sum <"$project/web/package-lock.json" | cut -c1-16)$dev
case $(cat "$target/complete" 2>/dev/null) in "$sum" | "${sum%--omit=dev}") exit 0 ;; esac
mkdir -p "$target"
cp "$project/web/package.json" "$project/web/package-lock.json" "$target/"
(cd "$target" && npm ci $dev --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1) || {
  echo "fetch_web: npm could not install the chart library; see $target/npm.log" >&2
  exit 1
}
echo "$sum" >"$target/complete"
