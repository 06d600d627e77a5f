#!/bin/sh
# Installs OpenTelemetry's own message types, with which tests/tracing reads what we send, into build/clients/otlp. The
# versions are pinned in tests/tracing/requirements.txt. A complete installation is left alone without touching the
# network. Apart from fetch_clients.sh, because this is small and that is 400 MB. Needs: python3 with venv.
#
#   tools/fetch_otlp_proto.sh [directory]      default build/clients, or DISTIQ_CLIENTS_DIR
set -eu

project=$(cd "$(dirname "$0")/.." && pwd)
pins=$project/tests/tracing/requirements.txt
target=${1:-${DISTIQ_CLIENTS_DIR:-$project/build/clients}}/otlp

fail() {
  echo "fetch_otlp_proto: $*" >&2
  exit 1
}

is_complete() { cmp -s "$pins" "$target/complete"; }

is_complete && exit 0
python3 -c 'import ensurepip, venv' 2>/dev/null || fail "python3 has no venv module (Debian package: python3-venv)"
mkdir -p "$target"
exec 9>"$target/lock"
flock 9
is_complete && exit 0
rm -rf "$target/python" "$target/complete"
python3 -m venv "$target/python"
"$target/python/bin/pip" install --quiet --no-input --disable-pip-version-check -r "$pins" >"$target/pip.log" 2>&1 ||
  fail "pip could not install opentelemetry-proto; the last lines of $target/pip.log:
$(tail -n 5 "$target/pip.log")"
cp "$pins" "$target/complete"
