#!/usr/bin/env bash
# Is what the host proves of a bundle true on arm64, the phones' processor?
#
#   check_arm64.sh [BUNDLE]    a folder with contract.json and, somewhere in it, the files it names
#                              [default: the bundle in android_demo/digits]
#
# Runs LiteRT's arm64 build under emulation on the golden samples, and on more that are drawn from
# them, then the self-test of the Python bundle made of the same files. Emulated time says nothing
# about a phone, and none is measured.
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
source "$REPOSITORY/checks/arm64/toolchain.sh"
here="$REPOSITORY/checks/arm64"
find_arm64 arm64
find_bundle arm64 "$@"
scratch

step arm64 "LiteRT does not run on emulated arm64" \
  arm64_python "$here/run_bundle.py" "$BUNDLE" "$SCRATCH/arm64"
machine="$(tail -n 1 "$LOG")"
if [ "$machine" != aarch64 ]; then failed arm64 "the emulated machine says it is $machine"; fi
step arm64 "LiteRT does not run on this host" \
  "$PYTHON" "$here/run_bundle.py" "$BUNDLE" "$SCRATCH/host"
"$PYTHON" "$here/compare.py" "$BUNDLE" "$SCRATCH/arm64" "$SCRATCH/host"

step arm64 "the Python bundle cannot be made" \
  "$PYTHON" "$here/python_bundle.py" "$BUNDLE" "$SCRATCH/python"
package="$(tail -n 1 "$LOG")"
step arm64 "the self-test fails on arm64" arm64_python -m "$package"
grep '^ok ' "$LOG" | sed 's/^ok /ok arm64: self-test of the Python bundle: /'
