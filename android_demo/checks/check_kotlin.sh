#!/usr/bin/env bash
# The Kotlin core and the generated code, compiled and run on the JVM with the real LiteRT:
# preprocessing by the vectors of every language, arithmetic by NumPy's, models by golden samples.
source "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
find_kotlin kotlin
find_litert kotlin
scratch

# More models: int8 from end to end, so that quantizing inputs and outputs runs; two of each.
step kotlin "the host's own results cannot be made" \
  "$PYTHON" "$DEMO/checks/kotlin/cases.py" "$SCRATCH"

sources=(
  "$DEMO/core/src/main/kotlin"
  "$DEMO/digits/src/main/kotlin"
  "$SHIM/test/kotlin/Main.kt"
  "$SHIM/test/kotlin/Vectors.kt"
  "$SCRATCH/int8/digits_int8/src/main/kotlin"
  "$SCRATCH/twins/twins/src/main/kotlin"
)
step kotlin "the shim does not compile" compile_shim "$SCRATCH/shim"
step kotlin "it does not compile" kotlinc_jvm -Werror \
  -classpath "$SCRATCH/shim:$KOTLIN_LIB/kotlin-test.jar" -d "$SCRATCH/classes" "${sources[@]}"

# What LiteRT does not have cannot be used: of each marked line the compiler says so, of no other.
step kotlin "uses of what LiteRT does not have are accepted" \
  "$PYTHON" "$DEMO/checks/kotlin/refused.py" "$DEMO/checks/kotlin/Refused.kt" \
  "$KOTLINC" -jdk-home "$JDK" -jvm-target 25 -classpath "$SCRATCH/shim" -d "$SCRATCH/refused"
passed kotlin_interface "$(tail -n 1 "$LOG")"

step kotlin "it computes something else" \
  java_litert "$SCRATCH/classes:$SCRATCH/shim" MainKt \
  "$REPOSITORY/tests/codegen/vectors.txt" "$SCRATCH/drawn.txt" "$SCRATCH/cases.txt" \
  "$DEMO/digits/src/main/assets" "$SCRATCH/int8/digits_int8/src/main/assets" \
  "$SCRATCH/twins/twins/src/main/assets"

# Eight groups, or the program ended early.
groups="$(grep -c '^PASS ' "$LOG")" || groups=0
if [ "$groups" -ne 8 ]; then failed kotlin "of 8 groups $groups passed" "$LOG"; fi
sed -n 's/^PASS \([a-z]*\): /ok kotlin_\1: /p' "$LOG"

# The self-test is passed by right models and by no wrong one: digits, one with
# columns of unlike size, and two of the corpus.
BUNDLES=("$DEMO/digits")
add_columns_bundle kotlin_mutants
add_corpus_bundles kotlin_mutants
step kotlin_mutants "they cannot be generated" \
  "$PYTHON" "$DEMO/checks/kotlin/mutants.py" "$SCRATCH/mutants" "${BUNDLES[@]}"
step kotlin_mutants "they do not compile" kotlinc_jvm -classpath "$SCRATCH/shim" \
  -d "$SCRATCH/mutant-classes" "$DEMO/core/src/main/kotlin" "$SCRATCH/mutants"
step kotlin_mutants "they do not run" \
  java_litert "$SCRATCH/mutant-classes:$SCRATCH/shim" MutantsKt "$SCRATCH/mutants"
cp "$LOG" "$SCRATCH/told"
step kotlin_mutants "right and wrong are not told apart" \
  "$PYTHON" "$REPOSITORY/checks/judge_mutants.py" "$SCRATCH/told"
passed kotlin_mutants "$(tail -n 1 "$LOG")"
