#!/usr/bin/env bash
# Does the C of bundles compile, as C99 and as C++17, and compute what the host computes?
#
#   checks/c.sh
#
# Replays tests/codegen/vectors.txt, with sanitizers and with all optimizations, compares how values
# are stored and ranked with the Python bundle, and compiles what is generated of odd contracts.
# It takes a C and a C++ compiler: CC and CXX [default: cc and c++].
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
CC="${CC:-cc}" CXX="${CXX:-c++}"
needs c "$CC" "$CXX"
scratch
core="$REPOSITORY/edgekit/codegen/sources/c"
tests="$REPOSITORY/tests/codegen"
strict=(-Wall -Wextra -Werror -I"$core")

# replay WHAT COMPILER FLAG..: builds the vectors' program and runs it; sets CASES.
replay() {
  local what="$1"
  shift
  step c "$what does not compile" \
    "$@" "${strict[@]}" "$tests/c/programs/vectors.c" "$core"/*.c -lm -o "$SCRATCH/vectors"
  step c "the vectors come out otherwise as $what" "$SCRATCH/vectors" "$tests/vectors.txt"
  CASES="$(cut -d ' ' -f 2 "$LOG")"
}

replay "C99" "$CC" -std=c99 -Wpedantic -O0
replay "C99 at -O3" "$CC" -std=gnu99 -O3
replay "C++17" "$CXX" -x c++ -std=c++17 -O2
sanitizers=(-fsanitize=address,undefined)
if echo 'int main(void) { return 0; }' |
  "$CC" "${sanitizers[@]}" -x c - -o "$SCRATCH/empty" 2>/dev/null; then
  replay "C99 with sanitizers" "$CC" -std=c99 -g "${sanitizers[@]}" -fno-sanitize-recover=all
  passed c_sanitizers "no fault"
else
  printf 'SKIPPED c_sanitizers: %s has none\n' "$CC"
fi

step c "the core does not compile" "$CC" -std=c99 -O2 -fPIC -shared "${strict[@]}" "$core"/*.c -lm \
  -o "$SCRATCH/core.so"
step c "values are stored, read or ranked otherwise" \
  "$PYTHON" "$REPOSITORY/checks/c/values.py" "$SCRATCH/core.so"
values="$(tail -n 1 "$LOG")"

step c "odd contracts cannot be generated" \
  "$PYTHON" -m tests.codegen.c_contracts "$SCRATCH/odd"
contracts="$(tail -n 1 "$LOG")"
lines sources find "$SCRATCH/odd" -name '*.c' ! -name 'edgekit_*'
for file in "${sources[@]}"; do
  name="${file##*/}"
  step c "$name of an odd contract is no C99" \
    "$CC" -std=c99 -Wpedantic "${strict[@]}" -fsyntax-only "$file"
  step c "$name of an odd contract is no C++17" \
    "$CXX" -x c++ -std=c++17 "${strict[@]}" -fsyntax-only "$file"
done
passed c "$CASES of $CASES vectors bit by bit as C99 and C++17; $values values stored and read alike; \
$contracts odd contracts compile"

# The self-test is passed by right models and by no wrong one: digits, one with
# columns of unlike size, and two of the corpus.
BUNDLES=("$REPOSITORY/android_demo/digits")
add_columns_bundle c_mutants
add_corpus_bundles c_mutants
for bundle in "${BUNDLES[@]}"; do
  step c_mutants "the self-tests of $bundle do not run" \
    "$PYTHON" "$REPOSITORY/checks/c/mutants.py" "$bundle" "$SCRATCH/mutants"
  cat "$LOG" >>"$SCRATCH/told"
  rm -rf "$SCRATCH/mutants"
done
step c_mutants "right and wrong are not told apart" \
  "$PYTHON" "$REPOSITORY/checks/judge_mutants.py" "$SCRATCH/told"
passed c_mutants "$(tail -n 1 "$LOG")"
