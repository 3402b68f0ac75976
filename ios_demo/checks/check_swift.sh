#!/usr/bin/env bash
# The Swift package on Linux: built, tested against the real LiteRT library, its source linted.
#
# LiteRT's library is that of the ai-edge-litert package in edgekit's own environment; PYTHON says
# which Python that is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
toolchain=$here/toolchain.sh

status=0
reason=$("$toolchain" install) || status=$?
if [ "$status" = 3 ]; then # anything else is a failure
  echo "SKIPPED swift: $reason"
  exit 0
elif [ "$status" != 0 ]; then
  echo "FAILED swift: the toolchain cannot be made"
  exit 1
fi
EDGEKIT_LITERT_FOLDER=$("$here/litert_folder.sh")
export EDGEKIT_LITERT_FOLDER
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Runs a step whose output is shown only where it fails.
step() {
  if ! "$@" >"$log" 2>&1; then
    grep -E 'error|warning|Fatal' "$log" | cut -c 1-300 | head -n 40 || tail -n 20 "$log"
    echo "FAILED swift: ${*:2:5} ..."
    exit 1
  fi
}

linker=(-Xlinker -L/litert -Xlinker -rpath -Xlinker /litert)
package=(--package-path /source/ios_demo --scratch-path /build/demo "${linker[@]}")
step "$toolchain" run swift build --build-tests "${package[@]}" -Xswiftc -warnings-as-errors \
  -Xswiftc -strict-concurrency=complete
echo "ok swift: $("$toolchain" run swift --version 2>/dev/null | head -n 1) builds the package without a warning"

step "$toolchain" run swift test --skip-build "${package[@]}"
passed=$(grep -oE 'Executed [0-9]+ tests, with 0 failures' "$log" | tail -n 1)
[ -n "$passed" ] || { echo "FAILED swift: no test was run" && exit 1; }
grep -E '^vectors: ' "$log" | sed 's/^/ok swift: /'
grep -E '^golden: ' "$log" | sed 's/^/ok swift: /'
echo "ok swift: $passed"

step "$toolchain" run swift-format lint --strict --recursive \
  ios_demo/Package.swift ios_demo/Sources ios_demo/Tests ios_demo/checks/stubs
echo "ok swift: swift-format finds nothing in Package.swift, Sources, Tests and stubs"

# What needs a pod or Apple's SDK is checked against declarations of our own (checks/stubs).
step "$toolchain" run /source/ios_demo/checks/typecheck_engines.sh
echo "ok swift: TensorFlowLiteSwift's engine and CoreGraphics' pictures type-check in Swift 5 and 6"
echo "ok swift: Package.swift evaluates as on a Mac, with CLiteRT.xcframework and without"
