#!/usr/bin/env bash
# The Swift self-test is passed by right models and by no wrong one: digits, one with
# columns of unlike size, and two of the corpus.
source "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
find_swift swift_mutants
scratch

BUNDLES=("$DEMO")
add_columns_bundle swift_mutants
add_corpus_bundles swift_mutants
step swift_mutants "they cannot be generated" \
  "$PYTHON" "$DEMO/checks/mutants.py" "$SCRATCH/package" "${BUNDLES[@]}"
step swift_mutants "they do not run" in_swift_with "$SCRATCH/package" \
  swift run --scratch-path /build/mutants "${LINKER[@]}" RunMutants
cp "$LOG" "$SCRATCH/told"
step swift_mutants "right and wrong are not told apart" \
  "$PYTHON" "$REPOSITORY/checks/judge_mutants.py" "$SCRATCH/told"
passed swift_mutants "$(tail -n 1 "$LOG")"
