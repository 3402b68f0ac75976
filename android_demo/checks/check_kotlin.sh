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
