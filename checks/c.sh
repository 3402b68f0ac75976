#!/usr/bin/env bash
# Does the C of bundles compile, as C99 and as C++17, and compute what the host computes?
#
#   checks/c.sh
#
# Replays tests/bundle/vectors.txt, with sanitizers and with all optimizations, compares how values
# are stored and ranked with the Python bundle, and compiles what is generated of odd contracts.
# It takes a C and a C++ compiler: CC and CXX [default: cc and c++].
# shellcheck source=../android_demo/checks/toolchain.sh
source "$(dirname "${BASH_SOURCE[0]}")/../android_demo/checks/toolchain.sh"
CC="${CC:-cc}" CXX="${CXX:-c++}"
for compiler in "$CC" "$CXX"; do
  command -v "$compiler" >/dev/null || skipped c "there is no compiler $compiler"
done
scratch
core="$REPOSITORY/edgekit/bundle/sources/c"
tests="$REPOSITORY/tests/bundle"
strict=(-Wall -Wextra -Werror -I"$core")

# replay WHAT COMPILER FLAG..: builds the vectors' program and runs it; sets CASES.
replay() {
  local what="$1"
  shift
  "$@" "${strict[@]}" "$tests/c/vectors.c" "$core"/*.c -lm -o "$SCRATCH/vectors" \
    >"$SCRATCH/log" 2>&1 || failed c "$what does not compile" "$SCRATCH/log"
  "$SCRATCH/vectors" "$tests/vectors.txt" >"$SCRATCH/log" 2>&1 ||
    failed c "the vectors come out otherwise as $what" "$SCRATCH/log"
  CASES="$(cut -d ' ' -f 2 "$SCRATCH/log")"
}

replay "C99" "$CC" -std=c99 -Wpedantic -O0
replay "C99 at -O3" "$CC" -std=gnu99 -O3
replay "C++17" "$CXX" -x c++ -std=c++17 -O2
sanitized=""
if echo 'int main(void) { return 0; }' |
  "$CC" -fsanitize=address,undefined -x c - -o "$SCRATCH/empty" 2>/dev/null; then
  replay "C99 with sanitizers" "$CC" -std=c99 -g -fsanitize=address,undefined \
    -fno-sanitize-recover=all
  sanitized=", no fault by sanitizers"
fi

"$CC" -std=c99 -O2 -fPIC -shared "${strict[@]}" "$core"/*.c -lm -o "$SCRATCH/core.so" \
  >"$SCRATCH/log" 2>&1 || failed c "the core does not compile" "$SCRATCH/log"
"$PYTHON" "$REPOSITORY/checks/c/values.py" "$SCRATCH/core.so" >"$SCRATCH/values" 2>"$SCRATCH/log" ||
  failed c "values are stored, read or ranked otherwise" "$SCRATCH/log"

"$PYTHON" -m tests.bundle.c_contracts "$SCRATCH/odd" >"$SCRATCH/count" 2>"$SCRATCH/log" ||
  failed c "odd contracts cannot be generated" "$SCRATCH/log"
for folder in "$SCRATCH"/odd/*/; do
  for file in "$folder"*.c; do
    case "$file" in */edgekit_*) continue ;; esac
    "$CC" -std=c99 -Wpedantic "${strict[@]}" -fsyntax-only "$file" >"$SCRATCH/log" 2>&1 &&
      "$CXX" -x c++ -std=c++17 "${strict[@]}" -fsyntax-only "$file" >>"$SCRATCH/log" 2>&1 ||
      failed c "$(basename "$file") of an odd contract does not compile" "$SCRATCH/log"
  done
done

# The self-test is passed by the right model and by no wrong one: digits, and two of the corpus.
bundles=("$DEMO/digits")
missing=" (SKIPPED for kws and MobileNetV1: EDGEKIT_CORPUS is unset)"
if [ -n "${EDGEKIT_CORPUS:-}" ]; then
  corpus_bundles c kws_dscnn imagenet_mobilenetv1_025
  bundles+=("$CORPUS_BUNDLES"/*/bundle)
  missing=""
fi
for bundle in "${bundles[@]}"; do
  "$PYTHON" "$REPOSITORY/checks/c/mutants.py" "$bundle" "$SCRATCH/mutants" \
    >>"$SCRATCH/told" 2>"$SCRATCH/log" || failed c "the self-test of $bundle" "$SCRATCH/log"
  rm -rf "$SCRATCH/mutants"
done
mutants="$("$PYTHON" "$REPOSITORY/checks/judge_mutants.py" <"$SCRATCH/told" 2>"$SCRATCH/log")" ||
  failed c "self-tests of right and wrong models" "$SCRATCH/log"
passed c "$CASES of $CASES vectors bit by bit as C99 and C++17$sanitized; $(cat "$SCRATCH/values") \
values stored and read alike; $(cat "$SCRATCH/count") odd contracts compile; $mutants$missing"
