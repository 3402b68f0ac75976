#!/usr/bin/env bash
# Kotlin of contracts with odd names, many inputs, all dtypes and kinds: one compilation of all.

. "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
kotlin_ready contracts
scratch

(cd "$REPOSITORY" && "$PYTHON" -m tests.bundle.kotlin_contracts "$SCRATCH/source") \
  >"$SCRATCH/made.log" 2>&1 || failed contracts "are generated" "$SCRATCH/made.log"

mapfile -t files < <(
  find "$SCRATCH/source" "$DEMO/litert-desktop/src/main" "$DEMO/litert-desktop/src/test/kotlin/android" \
    -name '*.kt'
)
"$KOTLINC" -jdk-home "$JDK" -jvm-target 25 -nowarn -d "$SCRATCH/classes" "${files[@]}" \
  >"$SCRATCH/compile.log" 2>&1 || failed contracts "compile" "$SCRATCH/compile.log"

passed contracts "$(tail -n 1 "$SCRATCH/made.log") generate Kotlin that compiles"
