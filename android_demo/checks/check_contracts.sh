#!/usr/bin/env bash
# Kotlin of contracts with odd names, many inputs, all dtypes and kinds: one compilation of all.
source "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
find_kotlin contracts
scratch

step contracts "they cannot be generated" \
  "$PYTHON" -m tests.codegen.kotlin_contracts "$SCRATCH/source"
contracts="$(tail -n 1 "$LOG")"
step contracts "the shim does not compile" compile_shim "$SCRATCH/shim"
step contracts "they do not compile" kotlinc_jvm -nowarn -classpath "$SCRATCH/shim" \
  -d "$SCRATCH/classes" "$SCRATCH/source"
passed contracts "$contracts generate Kotlin that compiles"
