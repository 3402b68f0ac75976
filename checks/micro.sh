#!/usr/bin/env bash
# Does a C bundle compute under TFLite Micro what the host computed with LiteRT?
#
#   checks/micro.sh [BUNDLE]    a folder with contract.json and, somewhere in it, the files it names
#                               [default: the bundle in android_demo/digits]
#
# The bundle's C is compiled, and its self-test replays the golden samples in TFLite Micro's own
# interpreter, loaded from the bundle's array. Prints one line, with the arena that each variant
# takes. It takes a C compiler: CC [default: cc].
# shellcheck source=../android_demo/checks/toolchain.sh
source "$(dirname "${BASH_SOURCE[0]}")/../android_demo/checks/toolchain.sh"
CC="${CC:-cc}"
command -v "$CC" >/dev/null || skipped micro "there is no compiler $CC"
here="$REPOSITORY/checks/c"

# TFLite Micro has nightly builds only, of which old ones go: so no version is asked for.
make_micro() {
  "$PYTHON" -m pip --version >/dev/null 2>&1 || "$PYTHON" -m ensurepip
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --target "$1" tflite-micro
}
name="tflite-micro-$("$PYTHON" -c 'import sys; print("py%d%d" % sys.version_info[:2])')"
micro="$(toolchain "$name" make_micro)" || skipped micro "tflite-micro: $(reason "$name")"

bundle="${1:-}"
if [ -z "$bundle" ]; then
  found="$(find "$DEMO/digits" -name contract.json | sort | head -n 1)"
  [ -n "$found" ] || failed micro "$DEMO/digits holds no contract.json"
  bundle="$(dirname "$found")"
fi
scratch
named="$("$PYTHON" "$here/generate.py" "$bundle" "$SCRATCH/bundle" 2>"$SCRATCH/log")" ||
  failed micro "the C bundle cannot be generated" "$SCRATCH/log"
"$CC" -std=c99 -O2 -Wall -Wextra -Werror -fPIC -shared "$SCRATCH"/bundle/*.c -lm \
  -o "$SCRATCH/bundle.so" >"$SCRATCH/log" 2>&1 ||
  failed micro "the C bundle does not compile" "$SCRATCH/log"
# shellcheck disable=SC2086  # the prefix and the variants are words
PYTHONPATH="$micro" "$PYTHON" "$here/micro.py" "$SCRATCH/bundle.so" $named \
  >"$SCRATCH/results" 2>"$SCRATCH/log" || {
  cat "$SCRATCH/results" >>"$SCRATCH/log"
  failed micro "the self-test does not pass under TFLite Micro" "$SCRATCH/log"
}
what="$(awk '
  $1 == "version" { version = $2; next }
  { printf "%s%s: arena %d bytes, worst difference %s of %s allowed over %d samples",
      (NR > 2 ? "; " : ""), $1, $2, $3, $4, $5 }
  END { printf " (tflite-micro %s)", version }' "$SCRATCH/results")"
passed micro "$what"
