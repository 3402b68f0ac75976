#!/usr/bin/env bash
# The Kotlin core and the generated code, compiled and run on the JVM with the real LiteRT:
# preprocessing by the vectors of every language, arithmetic by NumPy's, models by golden samples.

. "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
kotlin_ready kotlin
litert_ready kotlin
scratch

# A third file, of int8 from end to end, so that quantizing inputs and outputs runs too.
"$PYTHON" "$DEMO/checks/kotlin/cases.py" "$SCRATCH" >"$SCRATCH/cases.log" 2>&1 \
  || failed kotlin "the host's own results" "$SCRATCH/cases.log"

sources=(
  "$DEMO/core/src/main/kotlin"
  "$DEMO/litert-desktop/src"
  "$SCRATCH/int8/digits_int8/src/main/kotlin"
)
# Of the model's module all but what needs Android.
module() { find "$1" -name '*.kt' ! -name '*Android.kt' ! -name ModelFiles.kt; }
mapfile -t files < <(module "$DEMO/digits" && for place in "${sources[@]}"; do module "$place"; done)

"$KOTLINC" -jdk-home "$JDK" -jvm-target 25 -Werror -nowarn \
  -classpath "$KOTLIN_LIB/kotlin-test.jar" -d "$SCRATCH/classes" "${files[@]}" \
  >"$SCRATCH/compile.log" 2>&1 || failed kotlin "compiles" "$SCRATCH/compile.log"

"$JAVA" --enable-native-access=ALL-UNNAMED -Dlitert.library="$LITERT" \
  -classpath "$SCRATCH/classes:$KOTLIN_LIB/kotlin-stdlib.jar:$KOTLIN_LIB/kotlin-test.jar" MainKt \
  "$REPOSITORY/tests/bundle/vectors.txt" "$SCRATCH/cases.txt" \
  "$DEMO/digits/src/main/assets/edgekit/digits" \
  "$SCRATCH/int8/digits_int8/src/main/assets/edgekit/digits_int8" \
  >"$SCRATCH/run.log" 2>&1 || failed kotlin "runs" "$SCRATCH/run.log"

# Four groups, or the program ended early.
[ "$(grep -c '^PASS ' "$SCRATCH/run.log")" -eq 4 ] || failed kotlin "runs to its end" "$SCRATCH/run.log"
sed -n 's/^PASS \([a-z]*\): /ok kotlin \1: /p' "$SCRATCH/run.log"
