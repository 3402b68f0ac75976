#!/usr/bin/env bash
# Is what the host proves of a bundle true on arm64, the phones' processor?
#
#   check_arm64.sh [BUNDLE]    a folder with contract.json and, somewhere in it, the files it names
#                              [default: the bundle in android_demo/digits]
#
# Runs LiteRT's arm64 build under emulation on the golden samples, and on more that are drawn from
# them, then the self-test of the Python bundle made of the same files. Emulated time says nothing about a phone, and none is measured. PYTHON is
# the Python of edgekit's requirements; EDGEKIT_TOOLCHAINS the cache of toolchains.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly repository
readonly here=$repository/checks/arm64
PYTHON=${PYTHON:-$(ls "$repository/.venv/bin/python" 2>/dev/null || echo python3)}
export PYTHON

fail() {
  printf 'FAILED arm64: %s\n' "$1" >&2
  exit 1
}

bundle=${1:-}
if [ -z "$bundle" ]; then
  found=$(find "$repository/android_demo/digits" -name contract.json | sort | head -n 1)
  [ -n "$found" ] || fail "android_demo/digits holds no contract.json"
  bundle=$(dirname "$found")
fi

status=0
toolchain=$("$here/toolchain.sh" "$repository") || status=$?
if [ "$status" -eq 3 ]; then
  printf 'SKIPPED arm64: %s\n' "$toolchain"
  exit 0
fi
[ "$status" -eq 0 ] || fail "the toolchain cannot be made: $toolchain"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# emulated COMMAND..: the arm64 Python. The host's Python settings are not for it.
emulated() {
  env -i PATH=/usr/bin:/bin HOME="$scratch" PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH="$toolchain/site:$scratch/python" QEMU_CPU=cortex-a76 "$toolchain/qemu-aarch64" -L "$toolchain/root" \
    "$toolchain/root/usr/bin/python3.11" "$@"
}

machine=$(emulated "$here/run_bundle.py" "$bundle" "$scratch/arm64" 2>"$scratch/arm64.log") ||
  { tail -n 20 "$scratch/arm64.log" >&2 && fail "LiteRT did not run on emulated arm64"; }
[ "$machine" = aarch64 ] || fail "the emulated machine says it is $machine"
"$PYTHON" "$here/run_bundle.py" "$bundle" "$scratch/host" >/dev/null 2>"$scratch/host.log" ||
  { tail -n 20 "$scratch/host.log" >&2 && fail "LiteRT did not run on this host"; }
"$PYTHON" "$here/compare.py" "$bundle" "$scratch/arm64" "$scratch/host"

name=$(PYTHONPATH=$repository "$PYTHON" "$here/python_bundle.py" "$bundle" "$scratch/python") ||
  fail "the Python bundle cannot be made"
emulated -m "$name" >"$scratch/self-test" 2>"$scratch/arm64.log" ||
  { tail -n 20 "$scratch/self-test" "$scratch/arm64.log" >&2 && fail "the self-test on arm64"; }
sed 's/^ok /ok arm64: self-test of the Python bundle: /' "$scratch/self-test"
