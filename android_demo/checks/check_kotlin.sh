#!/usr/bin/env bash
# The Kotlin core and the generated code, compiled and run on the JVM with the real LiteRT:
# preprocessing by the vectors of every language, arithmetic by NumPy's, models by golden samples.

. "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
kotlin_ready kotlin
litert_ready kotlin
scratch

# More models: int8 from end to end, so that quantizing inputs and outputs runs; two of each.
"$PYTHON" "$DEMO/checks/kotlin/cases.py" "$SCRATCH" >"$SCRATCH/cases.log" 2>&1 \
  || failed kotlin "the host's own results" "$SCRATCH/cases.log"

sources=(
  "$DEMO/core/src/main/kotlin"
  "$DEMO/digits/src/main/kotlin"
  "$DEMO/litert-desktop/src"
  "$SCRATCH/int8/digits_int8/src/main/kotlin"
  "$SCRATCH/twins/twins/src/main/kotlin"
)
mapfile -t files < <(find "${sources[@]}" -name '*.kt')

"$KOTLINC" -jdk-home "$JDK" -jvm-target 25 -Werror \
  -classpath "$KOTLIN_LIB/kotlin-test.jar" -d "$SCRATCH/classes" "${files[@]}" \
  >"$SCRATCH/compile.log" 2>&1 || failed kotlin "compiles" "$SCRATCH/compile.log"

"$JAVA" --enable-native-access=ALL-UNNAMED -Dlitert.library="$LITERT" \
  -classpath "$SCRATCH/classes:$KOTLIN_LIB/kotlin-stdlib.jar:$KOTLIN_LIB/kotlin-test.jar" MainKt \
  "$REPOSITORY/tests/bundle/vectors.txt" "$SCRATCH/drawn.txt" "$SCRATCH/cases.txt" \
  "$DEMO/digits/src/main/assets" "$SCRATCH/int8/digits_int8/src/main/assets" \
  "$SCRATCH/twins/twins/src/main/assets" \
  >"$SCRATCH/run.log" 2>&1 || failed kotlin "runs" "$SCRATCH/run.log"

# Eight groups, or the program ended early.
[ "$(grep -c '^PASS ' "$SCRATCH/run.log")" -eq 8 ] || failed kotlin "runs to its end" "$SCRATCH/run.log"
sed -n 's/^PASS \([a-z]*\): /ok kotlin_\1: /p' "$SCRATCH/run.log"

# Self-tests: the right models pass, wrong ones fail. Digits, and two of the corpus.
bundles=("$DEMO/digits")
missing=" (SKIPPED for kws and MobileNetV1: EDGEKIT_CORPUS is unset)"
if [ -n "${EDGEKIT_CORPUS:-}" ]; then
  corpus_bundles kotlin_mutants kws_dscnn imagenet_mobilenetv1_025
  bundles+=("$CORPUS_BUNDLES"/*/bundle)
  missing=""
fi
"$PYTHON" "$DEMO/checks/kotlin/mutants.py" "$SCRATCH/mutants" "${bundles[@]}" \
  >"$SCRATCH/mutants.log" 2>&1 || failed kotlin_mutants "they cannot be generated" "$SCRATCH/mutants.log"
mapfile -t files < <(find "$SCRATCH/mutants" "$DEMO/core/src/main/kotlin" \
  "$DEMO/litert-desktop/src/main" "$DEMO/litert-desktop/src/test/kotlin/android" -name '*.kt')
"$KOTLINC" -jdk-home "$JDK" -jvm-target 25 -d "$SCRATCH/mutant-classes" "${files[@]}" \
  >"$SCRATCH/mutants.log" 2>&1 || failed kotlin_mutants "compiles" "$SCRATCH/mutants.log"
"$JAVA" --enable-native-access=ALL-UNNAMED -Dlitert.library="$LITERT" \
  -classpath "$SCRATCH/mutant-classes:$KOTLIN_LIB/kotlin-stdlib.jar" MutantsKt "$SCRATCH/mutants" \
  >"$SCRATCH/run.log" 2>"$SCRATCH/mutants.log" || failed kotlin_mutants "runs" "$SCRATCH/mutants.log"
"$PYTHON" "$REPOSITORY/checks/judge_mutants.py" <"$SCRATCH/run.log" >"$SCRATCH/told" \
  2>"$SCRATCH/mutants.log" || failed kotlin_mutants "right or wrong" "$SCRATCH/mutants.log"
passed kotlin_mutants "$(cat "$SCRATCH/told")$missing"
