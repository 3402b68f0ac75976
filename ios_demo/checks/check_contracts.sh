#!/usr/bin/env bash
# Bundles of odd contracts, in one Swift package: all of it compiles, and every string arrives.
source "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
find_swift contracts
scratch

step contracts "they cannot be generated" \
  "$PYTHON" "$REPOSITORY/tests/codegen/swift_contracts.py" "$SCRATCH/package"
drawn="$(tail -n 1 "$LOG")"

print_strings() {
  in_swift_with "$SCRATCH/package" swift run --package-path /source --scratch-path /build/contracts \
    "${LINKER[@]}" PrintStrings >"$SCRATCH/printed.txt"
}
step contracts "$drawn do not compile" print_strings
step contracts "strings of $drawn arrive otherwise" \
  diff "$SCRATCH/package/expected.txt" "$SCRATCH/printed.txt"
lines strings cat "$SCRATCH/printed.txt"
passed contracts "$drawn compile, ${#strings[@]} strings arrive as they are"
