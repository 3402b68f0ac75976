#!/usr/bin/env bash
# Does a C bundle compute under TFLite Micro what the host computed with LiteRT?
#
#   checks/micro.sh [BUNDLE]    a folder with contract.json and, somewhere in it, the files it names
#                               [default: the bundle in android_demo/digits]
#
# The bundle's C is compiled, and its self-test replays the golden samples in TFLite Micro's own
# interpreter, loaded from the bundle's array. Prints one line, with the arena that each variant
# takes. It takes a C compiler: CC [default: cc].
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
CC="${CC:-cc}"
needs micro "$CC"
here="$REPOSITORY/checks/c"

# TFLite Micro has nightly builds only, of which old ones go: so no version is asked for.
make_micro() {
  "$PYTHON" -m pip --version >/dev/null 2>&1 || "$PYTHON" -m ensurepip
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --target "$1" tflite-micro
}
version="$("$PYTHON" -c 'import sys; print("py%d%d" % sys.version_info[:2])')"
name="tflite-micro-$version"
MICRO="$(toolchain "$name" make_micro)" || skipped micro "tflite-micro: $(reason "$name")"
find_bundle micro "$@"
scratch

# generate: prints the prefix of the bundle's names and its variants.
generate() { "$PYTHON" "$here/generate.py" "$BUNDLE" "$SCRATCH/bundle" >"$SCRATCH/names"; }
step micro "the C bundle cannot be generated" generate
read -r -a names <"$SCRATCH/names"
step micro "the C bundle does not compile" \
  "$CC" -std=c99 -O2 -Wall -Wextra -Werror -fPIC -shared "$SCRATCH"/bundle/*.c -lm \
  -o "$SCRATCH/bundle.so"

run_micro() {
  PYTHONPATH="$MICRO" "$PYTHON" "$here/micro.py" "$SCRATCH/bundle.so" "${names[@]}" |
    tee "$SCRATCH/results"
}
step micro "the self-test does not pass under TFLite Micro" run_micro
what="$(awk '
  $1 == "version" { version = $2; next }
  { printf "%s%s: arena %d bytes, worst difference %s of %s allowed over %d samples",
      (NR > 2 ? "; " : ""), $1, $2, $3, $4, $5 }
  END { printf " (tflite-micro %s)", version }' "$SCRATCH/results")"
passed micro "$what"
