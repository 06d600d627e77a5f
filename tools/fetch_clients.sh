#!/bin/sh
# Installs the real clients that tests/e2e drives into build/clients: the Claude Code binary, the official JS SDKs, and a
# venv with the official Python SDKs. Versions and checksums are pinned in tests/e2e/clients. A complete installation is
# left alone without touching the network. Needs: node, npm, python3 with venv (Debian: nodejs npm python3-venv).
#
#   tools/fetch_clients.sh [directory]      default build/clients, or DISTIQ_CLIENTS_DIR
set -eu

project=$(cd "$(dirname "$0")/.." && pwd)
pins=$project/tests/e2e/clients
target=${1:-${DISTIQ_CLIENTS_DIR:-$project/build/clients}}

fail() {
  echo "fetch_clients: $*" >&2
  exit 1
}

# Re-installs when a pin changes, or when an earlier run was killed half-way.
pins_sum=$(cat "$pins/package-lock.json" "$pins/requirements.txt" "$0" | sha256sum | cut -c1-16)
is_complete() { [ "$(cat "$target/complete" 2>/dev/null)" = "$pins_sum" ]; }

is_complete && exit 0
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "Claude Code is pinned for x86-64 Linux only; this is $(uname -sm)"
for tool in node npm python3 flock; do
  command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing (Debian packages: nodejs npm python3-venv util-linux)"
done
python3 -c 'import ensurepip, venv' 2>/dev/null || fail "python3 has no venv module (Debian package: python3-venv)"

mkdir -p "$target"
exec 9>"$target/lock"
flock 9
is_complete && exit 0
rm -rf "$target/js" "$target/python" "$target/complete"

echo "fetch_clients: installing Claude Code and the official SDKs into $target (about 400 MB, once)" >&2
mkdir "$target/js"
cp "$pins/package.json" "$pins/package-lock.json" "$target/js/"
# The lock file's checksums are enforced; install scripts of packages are not run.
(cd "$target/js" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >"$target/npm.log" 2>&1) ||
  fail "npm could not install the pinned clients; the last lines of $target/npm.log:
$(tail -n 5 "$target/npm.log")"

python3 -m venv "$target/python"
"$target/python/bin/pip" install --quiet --no-input --disable-pip-version-check \
  -r "$pins/requirements.txt" >"$target/pip.log" 2>&1 ||
  fail "pip could not install the pinned SDKs; the last lines of $target/pip.log:
$(tail -n 5 "$target/pip.log")"

claude=$target/js/node_modules/@anthropic-ai/claude-code-linux-x64/claude
[ -x "$claude" ] || fail "the Claude Code package holds no executable at $claude"
echo "$pins_sum" >"$target/complete"
